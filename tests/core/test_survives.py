"""Every kind of model survives every method of the algebra, and a call of what came out; photos at every size (fault 20)."""

import pytest
import torch

import linearizer_core as lc
from linearizer_core.models.photo import Continued
from linearizer_core.networks import photo_flow
from linearizer_core.operators import (
    CircularConvolution,
    Dense,
    Diagonal,
    Exponential,
    Identity,
    PerPosition,
    Projection,
    RoundedDiagonal,
)
from tests.catalogue import points, stirred, vector_flow

close = torch.testing.assert_close
CHANNELS = 192


def flow(n=5):
    return stirred(vector_flow(n, steps=3, hidden=8))


def photo_g(side=8):
    return stirred(photo_flow((3, side, side), 2, 5, 1), by=0.01)


def orthogonal(n):
    return torch.linalg.qr(torch.randn(n, n)).Q


def positive(n):
    Q = orthogonal(n)
    return Dense((Q * torch.linspace(0.5, 1.5, n)) @ Q.mT)


def generator():
    return lc.Generator(flow(), positive(5), torch.randn(3, 5), 0.1 * torch.randn(5))


def styles():
    operators = {name: Exponential(0.02 * torch.randn(CHANNELS, CHANNELS)) for name in ("dots", "waves")}
    return lc.Styles(photo_g(), operators)


def photo(side=8):
    grid = (side // 8, side // 8)
    return lc.PhotoLinearizer(photo_g(side), PerPosition(positive(CHANNELS), grid), 8)


MODELS = {
    "Linearizer": lambda: (lambda g: lc.Linearizer(g, positive(5), g))(flow()),
    "Linearizer of the identity": lambda: (lambda g: lc.Linearizer(g, Identity(5), g))(flow()),
    "Generator": generator,
    "Projector": lambda: lc.Projector(flow(), Projection(torch.randn(5, 3))),
    "Projector on axes": lambda: lc.Projector(flow(), Diagonal(torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0]))),
    "Projector with a rounded diagonal": lambda: lc.Projector(flow(), RoundedDiagonal(torch.rand(5))),
    "PhotoLinearizer": photo,
    "PhotoLinearizer on four positions": lambda: photo(16),
    "a style": lambda: styles()["dots"],
    "the plain photo": lambda: styles()["photo"],
    "a blend": lambda: styles().blend({"dots": 0.3, "waves": 0.2, "photo": 0.5}),
}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
METHODS = {
    "f.T": lambda f: f.T,
    "f.T.T": lambda f: f.T.T,
    "f.pinv()": lambda f: f.pinv(),
    "f ** 3": lambda f: f**3,
    "f ** 0": lambda f: f**0,
    "f ** 0.5": lambda f: f**0.5,
    "f.exp(0.1)": lambda f: f.exp(0.1),
    "f @ f": lambda f: f @ f,
    "f @ f.T": lambda f: f @ f.T,
    "f.truncated(2)": lambda f: f.truncated(2),
    "f.truncated(0)": lambda f: f.truncated(0),
    "f.truncated(64)": lambda f: f.truncated(64),
    "f.truncated(2).pinv()": lambda f: f.truncated(2).pinv(),
    "f.truncated(64).T": lambda f: f.truncated(64).T,
    "doubled values": lambda f: f.with_singular_values(2 * f.svd().values),
    "other values": lambda f: f.with_singular_values(torch.linspace(1, 0.1, len(f.svd().values))),
    "other values, truncated": lambda f: f.with_singular_values(
        torch.linspace(0.1, 1, len(f.svd().values))
    ).truncated(3),
    "values of its svd": lambda f: f.svd().with_values(3 * f.svd().values),
    "values of two": lambda f: f.svd(2).with_values([3.0, 1.0]),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
SIZES = [(0, 0), (0, 9), (8, 0), (17, 30)]  # beyond the least


def inputs(f, count=2):
    """Points of the size of g, and for photos of other sizes too."""
    least = f.g_x.in_shape
    if not isinstance(f, lc.PhotoLinearizer):
        return [points(f.g_x, count)]
    return [torch.rand(count, 3, least[1] + more[0], least[2] + more[1]) for more in SIZES]


@every_model
@every_method
def test_what_the_algebra_makes_can_be_called(make, method):
    f = make().requires_grad_(False)
    h = method(f)
    assert isinstance(h, lc.Linearizer) and isinstance(h, lc.PhotoLinearizer) == isinstance(
        f, lc.PhotoLinearizer
    )
    for x in inputs(f):
        y = h(x)
        assert y.shape == x.shape and y.isfinite().all()


SPACE = {
    "add": lambda X, x, y: X.add(x, y),
    "subtract": lambda X, x, y: X.subtract(x, y),
    "scale": lambda X, x, y: X.scale(-0.5, x),
    "negate": lambda X, x, y: X.negate(x),
    "combine": lambda X, x, y: X.combine([0.3, 0.9], [x, y]),
    "interpolate": lambda X, x, y: X.interpolate(x, y, 0.3),
    "line": lambda X, x, y: X.line(x, y, [0.0, 0.4, 1.0]),
    "geodesic": lambda X, x, y: X.geodesic(x, y, 0.3),
    "inner": lambda X, x, y: X.inner(x, y),
    "norm": lambda X, x, y: X.norm(x),
    "distance": lambda X, x, y: X.distance(x, y),
    "mean": lambda X, x, y: X.mean([x, y]),
    "project": lambda X, x, y: X.project(x, onto=[y[0]]),
    "gram_schmidt": lambda X, x, y: X.gram_schmidt(torch.cat([x, y])),
    "signs": lambda X, x, y: (0.5 * X(x) - X(y) / 3).x,
}


@every_model
@pytest.mark.parametrize("operation", SPACE.values(), ids=SPACE)
def test_the_spaces_of_a_model_calculate_with_its_points(make, operation):
    f = make().requires_grad_(False)
    for x in inputs(f):
        y = x.flip(0)
        height, width = x.shape[-2:]
        for X in (f.domain, f.codomain):
            found = operation(X, x, y)
            assert found.isfinite().all()
            if isinstance(f, lc.PhotoLinearizer) and height % 8 == width % 8 == 0:
                close(found, operation(f.at(height, width).domain, x, y))


@every_model
def test_the_zero_of_every_space_is_a_point(make):
    f = make().requires_grad_(False)
    assert f.domain.zero().shape == f.g_x.in_shape and f.codomain.zero().isfinite().all()


ALIKE = ["f.T", "f.pinv()", "f ** 3", "f ** 0.5", "f.exp(0.1)", "f @ f", "f @ f.T"]


@pytest.mark.parametrize("method", [METHODS[name] for name in ALIKE], ids=ALIKE)
def test_the_algebra_of_photos_is_that_of_each_size(method):
    f = photo(16).requires_grad_(False)
    x = torch.rand(1, 3, 24, 16)
    close(method(f)(x), method(f.at(24, 16))(x), rtol=0, atol=1e-8)


def test_singular_values_keep_the_shape_of_their_spectrum_on_a_larger_photo():
    f = photo(16).requires_grad_(False)
    values = torch.rand(4 * CHANNELS)
    h = f.with_singular_values(values)
    close(torch.linalg.svdvals(h.at(16, 16).A.dense()), values.sort(descending=True).values)
    larger = torch.linalg.svdvals(h.at(16, 32).A.dense())
    close(larger, values.repeat_interleave(2).sort(descending=True).values)
    x = torch.rand(1, 3, 16, 16)
    close(h(x), f.at(16, 16).with_singular_values(values)(x))


@pytest.mark.parametrize(
    ("k", "size"), [(4, (16, 16)), (64, (24, 24)), (65, (16, 24)), (4 * CHANNELS, (24, 16))]
)
def test_how_many_values_stay_grows_with_the_photo(k, size):
    f = photo(16).requires_grad_(False)
    positions = size[0] * size[1] // 64
    here = f.truncated(k).at(*size).A
    assert torch.linalg.matrix_rank(here.dense()) == -(-k * positions // 4)
    if k % 4 == 0:
        x = torch.rand(1, 3, *size)
        close(f.truncated(k)(x), f.at(*size).truncated(k * positions // 4)(x), rtol=0, atol=1e-8)


def test_a_convolution_keeps_its_algebra_at_the_size_of_g():
    g = photo_g(16)
    f = lc.PhotoLinearizer(g, CircularConvolution(torch.rand(CHANNELS, 1, 1) + 0.5, (2, 2)), 8)
    x = torch.rand(1, 3, 16, 16)
    close(f.truncated(9)(x), f.at(16, 16).truncated(9)(x))
    with pytest.raises(ValueError, match="LowRank is made for latents of one size only"):
        f.truncated(9)(torch.rand(1, 3, 16, 24))


def test_points_of_photos_of_two_sizes_do_not_add():
    X = photo().domain
    with pytest.raises(ValueError, match=r"points of one size only, got \(3, 8, 16\) and \(3, 8, 8\)"):
        X(torch.rand(3, 8, 16)) + X(torch.rand(3, 8, 8))


def test_a_photo_that_is_continued_comes_back_as_it_was():
    g, x = Continued(photo_g(16), 11, 16, 8), torch.rand(2, 3, 11, 16)
    close(g.inverse(g(x)), x)


@pytest.mark.parametrize("name", ["Projector", "Projector on axes", "Projector with a rounded diagonal"])
def test_a_projector_stays_one_while_it_keeps_its_leading_directions(name):
    f = MODELS[name]()
    f.kept_mean.copy_(torch.arange(len(f.kept_mean)))
    for h in (f.T, f.pinv(), f**2):
        assert type(h) is lc.Projector and h.rank == f.rank
        close(h.kept_mean, f.kept_mean)
    coarse = f.truncated(2)
    assert type(coarse) is lc.Projector and coarse.rank == min(2, f.rank)
    close(coarse.kept_mean, f.kept_mean[: len(coarse.kept_mean)])
    others = torch.arange(float(len(f.svd().values)))
    for h in (f.exp(), f.with_singular_values(others), f @ f):
        assert type(h) is lc.Linearizer
