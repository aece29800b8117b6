"""What people type where a number, a label, a whole number, a list of points, a network or an operator belongs."""

import numpy as np
import pytest
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core.inputs import as_index, whole_number
from linearizer_core.linearizer import Linearizer
from linearizer_core.methods.flow_matching import collapse
from linearizer_core.methods.likelihood import class_nll
from linearizer_core.models.generator import Generator
from linearizer_core.models.photo import PhotoLinearizer
from linearizer_core.networks import (
    ActNorm,
    AffineCoupling,
    Chain,
    Flatten,
    InvertibleNetwork,
    Log,
    Squeeze,
    forward_and_log_det,
    photo_flow,
)
from linearizer_core.operators import (
    Dense,
    Diagonal,
    Identity,
    IdentityPlusLowRank,
    PerPosition,
    TimedGaussian,
    TimedLowRank,
    TimedLowRankGaussian,
    TimedOperator,
)
from linearizer_core.spaces import InducedSpace
from tests.catalogue import NETWORKS, points

WHOLE_NUMBERS = [int, np.int8, np.uint8, np.int32, np.int64, np.uint64, float, np.float32, torch.tensor]
INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16]
WHOLE = {name: make for name, make in NETWORKS.items() if len(make().out_shape) == 1}
every_space = pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)


@pytest.fixture
def model():
    g = Chain(Squeeze((1, 4, 4)), ActNorm((4, 2, 2)), AffineCoupling((4, 2, 2), hidden=8), Flatten((4, 2, 2)))
    return Generator(g, Diagonal(torch.rand(16)), torch.randn(3, 16), torch.zeros(16))


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_labels_of_any_integer_type_are_the_same_labels(model, dtype):  # fault 2
    noise, labels = torch.randn(4, 1, 4, 4), torch.tensor([2, 0, 2, 1])
    assert torch.equal(model.sample(noise, 5, label=labels.to(dtype)), model.sample(noise, 5, label=labels))
    assert torch.equal(model.sample(noise, 5, label=labels.numpy()), model.sample(noise, 5, label=labels))
    assert torch.equal(model.prototype(labels.to(dtype)), model.prototype(labels.tolist()))
    z = torch.randn(4, 16)
    plain = class_nll(z, torch.zeros(4), model.means, model.log_std, labels)
    assert torch.equal(class_nll(z, torch.zeros(4), model.means, model.log_std, labels.to(dtype)), plain)


def test_ten_sevens_are_ten_sevens():  # fault 2
    digits = lc.load("digits")
    noise = torch.randn(10, 1, 32, 32, dtype=torch.float32, generator=torch.Generator().manual_seed(0))
    drawn = digits.sample(noise, 10, label=torch.full((10,), 7, dtype=torch.uint8))
    assert digits.classify(drawn).tolist() == [7] * 10


@pytest.mark.parametrize(
    "label",
    [
        True,
        torch.ones(4, dtype=torch.bool),
        np.array([True] * 4),
        3,
        -1,
        1.5,
        "2",
        [0, 1, 2, 3],
        torch.tensor(2j),
    ],
    ids=str,
)
def test_labels_that_are_none_are_refused(model, label):  # fault 2
    for call in (
        lambda: model.sample(torch.randn(4, 1, 4, 4), 5, label=label),
        lambda: model.prototype(label),
    ):
        with pytest.raises(ValueError, match=r"label must be a whole number in 0\.\.2"):
            call()


def test_a_label_for_every_item_or_one_for_all(model):  # fault 2
    noise = torch.randn(4, 1, 4, 4)
    for labels in (torch.tensor([1, 2]), torch.zeros(4, 4, dtype=torch.long)):
        with pytest.raises(ValueError, match=r"one per item of noise, \(4,\)"):
            model.sample(noise, 5, label=labels)
    with pytest.raises(ValueError, match="needs one label, got 2"):
        model.collapse(5, label=torch.tensor([1, 2]))
    assert torch.equal(
        model.sample(noise, 5, label=np.int64(1)), model.sample(noise, 5, label=torch.tensor([1]))
    )


def test_an_index_is_whole():  # fault 2
    assert as_index(torch.tensor([1], dtype=torch.uint8)).dtype == torch.int64
    for labels in (torch.tensor([True]), torch.tensor([1.0])):
        with pytest.raises(ValueError, match="labels must be whole numbers"):
            as_index(labels)


@pytest.mark.parametrize("kind", WHOLE_NUMBERS, ids=lambda kind: kind.__name__)
def test_whole_numbers_of_any_kind(model, kind):  # fault 23
    three, noise = kind(3), torch.randn(2, 1, 4, 4)
    assert whole_number("k", three, 0) == 3 or kind is torch.tensor
    assert torch.equal(model.sample(noise, three), model.sample(noise, 3))
    assert model.path(noise, three, frames=kind(2)).shape[0] == 2
    torch.testing.assert_close(model.collapse(three)(noise), model.collapse(3)(noise))
    assert len(model.svd(three).values) == 3
    torch.testing.assert_close(model.truncated(three).A.dense(), model.truncated(3).A.dense())
    assert Identity(three).shape == (3, 3)
    images = torch.rand(8, 1, 4, 4)
    fitted = lc.LatentPCA(three, solver="randomized", seed=three, max_bytes=kind(100)).fit(
        model.g_x, images, kind(4)
    )
    plain = lc.LatentPCA(3, solver="randomized", seed=3, max_bytes=100).fit(model.g_x, images, 4)
    assert fitted.n_components == 3 and torch.equal(fitted.components, plain.components)
    assert torch.equal(model.svd().input_point(kind(1)), model.svd().input_point(1))
    torch.testing.assert_close((model ** kind(2)).A.dense(), (model**2).A.dense())


@pytest.mark.parametrize(
    "value", [True, np.True_, 2.5, None, "3", float("nan"), float("inf"), [3], -1], ids=str
)
def test_what_is_no_whole_number_is_refused(model, value):  # fault 23
    noise = torch.randn(2, 1, 4, 4)
    for call in (
        lambda: model.sample(noise, value),
        lambda: model.collapse(value),
        lambda: model.truncated(value),
        lambda: model.truncated(value) if value is None else model.svd(value),
        lambda: lc.LatentPCA(value),
        lambda: lc.LatentPCA(1, seed=value),
        lambda: model.path(noise, 3, frames=value),
        lambda: Identity(value),
    ):
        with pytest.raises(ValueError, match="must be a whole number"):
            call()


def test_empty_batches_give_empty_results(model):  # fault 24
    none, shape = torch.zeros(0, 1, 4, 4), (0, 1, 4, 4)
    for label in (None, 2, torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.uint8), []):
        assert model.sample(none, 3, label=label).shape == shape
        assert model.path(none, 3, label=label, frames=2).shape == (2, *shape)
    assert model.classify(none).tolist() == []
    assert model.prototype([]).shape == model.prototype(torch.zeros(0, dtype=torch.long)).shape == shape
    assert model.invert(none, 3).shape == model.collapse(3)(none).shape == model(none).shape == shape
    X = model.domain
    assert X.gram_schmidt(none).shape == X.add(none, none).shape == X(none).x.shape == shape
    assert X.norm(none).shape == (0,) and X.line(none, none, [0.0, 1.0]).shape == (2, *shape)
    assert X.project(none, none).shape == shape
    x = torch.rand(2, 1, 4, 4)
    torch.testing.assert_close(X.project(x, none), X.zero().expand_as(x))
    pca = lc.LatentPCA(2).fit(model.g_x, torch.rand(5, 1, 4, 4))
    assert pca.transform(none).shape == (0, 2) and pca.inverse_transform(torch.zeros(0, 2)).shape == shape
    projector = lc.Projector(model.g_x, Diagonal(torch.ones(16)))
    assert projector.draw(torch.zeros(0, 16)).shape == projector.residual(none).shape == shape
    assert projector.distance_to_range(none).shape == (0,)
    f = PhotoLinearizer(photo_flow((3, 8, 8), 1, 4, 1), PerPosition(Dense(torch.eye(192)), (1, 1)), 8)
    assert f(torch.zeros(0, 3, 8, 13)).shape == (0, 3, 8, 13)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda X, p: X.gram_schmidt(p[None]), r"shape \(k, 2\), got shape \(1, 3, 2\)"),
        (lambda X, p: X.gram_schmidt(p[0]), r"shape \(k, 2\), got shape \(2,\)"),
        (lambda X, p: X.gram_schmidt([]), "at least one"),
        (lambda X, p: X.project(p, p[None]), r"shape \(k, 2\)"),
        (lambda X, p: X.project(p, p[0]), r"shape \(k, 2\)"),
        (lambda X, p: X.project(p, []), "at least one"),
        (lambda X, p: X.mean([]), "at least one"),
        (lambda X, p: X.mean(p[:0]), "at least one"),
        (lambda X, p: X.mean(p[0]), "several points"),
        (lambda X, p: X.combine([], []), "at least one"),
        (lambda X, p: X.combine([], p[:0]), "at least one"),
        (lambda X, p: X.combine([1.0, 2.0], p[0]), "several points"),
        (lambda X, p: X.combine([1.0, 2.0], [p, p[0]]), "equal shapes"),
        (lambda X, p: X.mean([p, 2.0]), "must be a tensor of floats"),
        (lambda X, p: X.gram_schmidt(p * torch.nan), "NaN or infinity"),
        (lambda X, p: X.project(p, p * torch.inf), "NaN or infinity"),
    ],
)
def test_lists_of_points_that_are_none_are_refused(call, message):  # fault 54
    with pytest.raises(ValueError, match=message):
        call(InducedSpace(Flatten((2,))), torch.rand(3, 2))


NO_NETWORKS = [nn.Linear(3, 3), Dense(torch.eye(3)), torch.eye(3), None]


@pytest.mark.parametrize("thing", NO_NETWORKS, ids=lambda thing: type(thing).__name__)
def test_what_is_no_network_is_refused(thing):  # fault 47
    g, A = Flatten((3,)), Identity(3)
    for build, name in (
        (lambda: Linearizer(thing, A, g), "g_x"),
        (lambda: Linearizer(g, A, thing), "g_y"),
        (lambda: InducedSpace(thing), "g"),
        (lambda: lc.LatentPCA(1).fit(thing, torch.rand(3, 3)), "g"),
    ):
        with pytest.raises(
            ValueError, match=f"{name} must be an InvertibleNetwork, got {type(thing).__name__}"
        ):
            build()
    with pytest.raises(ValueError, match="g_x must be an InvertibleNetwork"):
        lc.Projector(thing, A)
    with pytest.raises(ValueError, match="append Flatten"):
        Linearizer(Squeeze((1, 2, 2)), A, g)


def test_a_matrix_and_a_linear_layer_are_operators():  # fault 47
    g, x, M = Flatten((3,)), torch.rand(2, 3), torch.randn(3, 3)
    torch.testing.assert_close(Linearizer(g, M, g)(x), x @ M.mT)
    torch.testing.assert_close(Linearizer(g, M.numpy(), g)(x), x @ M.mT)
    layer = nn.Linear(3, 3, bias=False)
    f = Linearizer(g, layer, g)
    torch.testing.assert_close(f(x), layer(x))
    assert f.A.matrix is layer.weight, "it trains"
    torch.testing.assert_close(lc.pinv(M).dense(), torch.linalg.pinv(M))
    assert isinstance(lc.svd(layer).values, torch.Tensor)


@pytest.mark.parametrize(
    "thing", [nn.Linear(3, 3), nn.ReLU(), torch.ones(3), torch.eye(3, dtype=torch.long), "A", None], ids=str
)
def test_what_is_no_operator_is_refused(thing):  # fault 47
    g = Flatten((3,))
    for call in (
        lambda: Linearizer(g, thing, g),
        lambda: lc.pinv(thing),
        lambda: lc.svd(thing),
        lambda: lc.exp(thing),
    ):
        with pytest.raises(ValueError, match=r"must be|must be linear"):
            call()


@pytest.mark.parametrize("p", [float("nan"), float("inf"), "2", None, 1j], ids=str)
def test_powers_and_times_are_finite_numbers(p):
    for call in (lambda: lc.power(Identity(2), p), lambda: lc.exp(Identity(2), p)):
        with pytest.raises(ValueError, match="must be a finite number"):
            call()


def test_what_is_shown_has_values_and_no_address():  # fault 49
    f = Linearizer(Flatten((1, 1, 2)), Diagonal(torch.tensor([3.0, 1.0])), Log(2))
    assert repr(f.svd()) == "LinearizerSVD(2 values [3, 1], inputs (1, 1, 2), outputs (2,))"
    assert "…" in repr(Linearizer(Log(9), Identity(9), Log(9)).svd())
    assert repr(f.svd().factors) == "SVD(2 values [3, 1], U (2, 2), V (2, 2))"
    assert repr(2.5 * Identity(3)).startswith("Scaled(\n  shape=(3, 3), c=2.5\n")
    factors = torch.ones(5, 2)
    assert (
        repr(IdentityPlusLowRank(0.5, factors, factors))
        == "IdentityPlusLowRank(shape=(5, 5), scale=0.5, U (5, 2), V (5, 2))"
    )
    assert repr(Diagonal(torch.ones(3))) == "Diagonal(shape=(3, 3))"
    pca = lc.LatentPCA(1)
    assert repr(pca) == "LatentPCA(1 components, not fitted)"
    assert "dimension 2" in repr(pca.fit_latents(torch.rand(4, 2)))
    for thing in (f, f.domain, f.A, pca, f.svd(), f.domain(torch.rand(1, 1, 2))):
        assert " at 0x" not in repr(thing)


class Own(TimedOperator):
    """It holds its tensor as a plain attribute."""

    shape = (2, 2)

    def __init__(self, values):
        super().__init__()
        self.values = values

    def at(self, t):
        return Diagonal((1 + t) * self.values)


FLOWS = {
    "Gaussian": lambda w: TimedGaussian(w * torch.tensor([1.0, 4.0])),
    "low-rank Gaussian": lambda w: TimedLowRankGaussian(
        torch.eye(3)[:, :1], w * torch.ones(1), w * torch.tensor(2.0)
    ),
    "low rank": lambda w: TimedLowRank(w * torch.ones(2, 3, 1), w * torch.ones(2, 3, 1)),
    "own": lambda w: Own(w * torch.ones(2)),
}


@pytest.mark.parametrize("make", FLOWS.values(), ids=FLOWS)
def test_a_flow_of_computed_tensors_collapses_without_gradients(make):  # fault 30
    w = torch.ones((), requires_grad=True)
    B = collapse(make(w), 10)
    torch.testing.assert_close(B.dense(), collapse(make(torch.ones(())), 10).dense())
    assert not B.dense().requires_grad
    trained = make(w)
    collapse(trained, 3)
    assert any(
        t.requires_grad for t in (*trained.buffers(), *vars(trained).values()) if isinstance(t, torch.Tensor)
    ), "the flow itself keeps what it had"


class InPlace(InvertibleNetwork):
    in_shape = out_shape = (2,)

    def forward(self, x):
        x = x * 1
        x[..., 0] = x[..., 0] * 3
        x += x.detach().clone() * 0
        return x

    def inverse(self, z):
        return z / torch.tensor([3.0, 1.0])


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, G):
        return 3 * ctx.saved_tensors[0] ** 2 * G


class OfOwnFunction(InvertibleNetwork):
    in_shape = out_shape = (2,)

    def forward(self, x):
        return Cube.apply(x)

    def inverse(self, z):
        return z.sign() * z.abs() ** (1 / 3)


class OnItsInput(InPlace):
    def forward(self, x):
        return x.mul_(2.0)


@pytest.mark.parametrize(
    "g, expected",
    [
        (InPlace(), lambda x: torch.full((len(x),), 3.0).log()),
        (OfOwnFunction(), lambda x: (3 * x**2).log().sum(1)),
        (OnItsInput(), lambda x: torch.full((len(x),), 4.0).log()),
    ],
    ids=["in place", "own function", "on its input"],
)
def test_log_det_of_networks_that_vmap_cannot_map(g, expected):  # fault 51
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    kept = x.clone()
    torch.testing.assert_close(forward_and_log_det(g, x)[1], expected(x))
    assert torch.equal(x, kept)
    with torch.no_grad():
        torch.testing.assert_close(forward_and_log_det(g, x)[1], expected(x))
    if isinstance(g, OfOwnFunction):
        leaf = x.clone().requires_grad_()
        forward_and_log_det(g, leaf)[1].sum().backward()
        torch.testing.assert_close(leaf.grad, 2 / x)


@every_space
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_span_of_zeros_is_the_zero(make, dtype):  # fault 45
    g = make()
    p = points(g).to(dtype)
    X = InducedSpace(g.to(dtype))
    nothing = X.subtract(p, p)
    for zeros in (X.zero().to(dtype)[None], nothing, nothing[:1], torch.stack([X.zero().to(dtype)] * 5)):
        assert len(X.gram_schmidt(zeros)) == 0
        torch.testing.assert_close(X.project(p, zeros), X.zero().to(dtype).expand_as(p))
        assert len(X.gram_schmidt(torch.cat([zeros, p[:1], zeros]))) == 1


@every_space
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_rank_of_points_that_are_nearly_dependent(make, dtype):  # fault 45
    g = make().to(dtype)
    if g.out_shape[0] < 2:
        return
    X, eps = InducedSpace(g), torch.finfo(dtype).eps
    p, q = g.inverse(torch.eye(2, g.out_shape[0]).to(dtype)).detach()
    for distance, rank in ((eps**0.5 * 30, 2), (eps**0.5 / 30, 1)):
        near = X.add(p, X.scale(distance, q))
        assert len(X.gram_schmidt(torch.stack([p, near]))) == rank
        back = X.project(q, torch.stack([p, near]))
        size = X.norm(back).item()
        assert (size > 0.9) == (rank == 2), f"projected to length {size}"


def test_small_points_count_where_g_rounds_nothing():  # fault 45
    X = InducedSpace(Flatten((2,)))
    assert X.noise_floor() == 0
    assert len(X.gram_schmidt(1e-200 * torch.eye(2))) == 2
    x = torch.rand(3, 2)
    torch.testing.assert_close(X.project(x, 1e-200 * torch.eye(2)), x)
