"""Laws of induced spaces and of points with signs, against the latents and against explicit formulas."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linearizer_core.diagnostics import axiom_errors, projection_errors
from linearizer_core.networks import Flatten, Log, Squeeze
from linearizer_core.spaces import InducedSpace, decode, encode
from tests.catalogue import NETWORKS, points

WHOLE = {name: make for name, make in NETWORKS.items() if len(make().out_shape) == 1}
every_space = pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)


def close(actual, expected, tolerance=1e-9):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@every_space
def test_the_eight_axioms(make):
    g = make()
    errors = axiom_errors(InducedSpace(g), *(points(g) for _ in range(3)))
    assert len(errors) == 8
    assert max(errors.values()) < 1e-9, errors


@every_space
def test_operations_are_those_of_the_latents(make):
    g = make()
    X, x, y = InducedSpace(g), points(g), points(g)
    u, v = g(x), g(y)
    close(g(X.add(x, y)), u + v)
    close(g(X.subtract(x, y)), u - v)
    close(g(X.negate(x)), -u)
    close(g(X.scale(0.3, x)), 0.3 * u)
    close(g(X.scale(torch.tensor([1.0, 2.0, 3.0]), x)), torch.tensor([[1.0], [2.0], [3.0]]) * u)
    close(g(X.interpolate(x, y, 0.25)), 0.75 * u + 0.25 * v)
    close(X.inner(x, y), torch.stack([a @ b for a, b in zip(u, v)]))
    close(X.norm(x), X.inner(x, x).sqrt())
    close(X.distance(x, y), X.norm(X.subtract(x, y)))
    close(encode(g, X.zero()), torch.zeros(g.out_shape))
    close(X.add(x, X.zero().expand_as(x)), x)


@every_space
def test_points_come_in_any_batch_shape(make):
    g = make()
    X, x = InducedSpace(g), points(g, 6)
    grid = x.reshape(2, 3, *g.in_shape)
    close(X.add(grid, grid), X.add(x, x).reshape(grid.shape))
    close(X.add(x[0], x[1]), X.add(x[:1], x[1:2])[0])
    assert X.add(x[:0], x[:0]).shape == (0, *g.in_shape)
    assert X.norm(x[0]).shape == () and X.norm(grid).shape == (2, 3)
    close(X.add(x, x[0]), X.add(x, x[:1].expand_as(x)))  # one point broadcasts


@every_space
def test_combine_and_mean_are_sums_of_scaled_points(make):
    g = make()
    X, xs = InducedSpace(g), points(g, 3)
    weights = torch.tensor([[0.5, 2.0, -1.0], [1.0, 0.0, 0.0]])
    step_by_step = X.add(X.add(X.scale(0.5, xs[0]), X.scale(2.0, xs[1])), X.scale(-1.0, xs[2]))
    close(X.combine([0.5, 2.0, -1.0], xs), step_by_step)
    close(X.combine(weights, list(xs)), torch.stack([step_by_step, xs[0]]))
    close(X.mean(xs), X.combine([1 / 3] * 3, xs))
    close(X.combine(weights[0], torch.stack([xs, xs, xs])), X.scale(1.5, xs))  # a batch of blends


@every_space
def test_line_and_geodesic_join_their_ends(make):
    g = make()
    X, x, y = InducedSpace(g), points(g), points(g)
    ts = [0.0, 0.25, 1.0, 1.5]
    line = X.line(x, y, ts)
    for t, on_the_line in zip(ts, line):
        close(on_the_line, X.interpolate(x, y, t))
    close(X.geodesic(x, y, 0.0), x)
    close(X.geodesic(x, y, 1.0), y)
    close(X.line(x[0], y[0], ts), line[:, 0])


def test_a_geodesic_turns_at_constant_speed_and_changes_length_linearly():
    X = InducedSpace(Flatten((2,)))
    x, y = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    for t in (0.1, 0.5, 0.8):
        angle, length = t * math.pi / 2, 2 + 2 * t
        close(X.geodesic(x, y, t), length * torch.tensor([math.cos(angle), math.sin(angle)]))
    pairs = torch.stack([x, x, x, torch.zeros(2)]), torch.stack([2 * x, -x, x, y])  # no circle is singled out
    close(X.geodesic(*pairs, 0.25), 0.75 * pairs[0] + 0.25 * pairs[1])
    close(X.geodesic(x, y, torch.tensor(0.5)), X.geodesic(x, y, 0.5))
    close(X.geodesic(pairs[0], pairs[1], torch.full((4,), 0.25)), X.geodesic(*pairs, 0.25))


@every_space
def test_projection_onto_a_span(make):
    g = make()
    X, x, y = InducedSpace(g), points(g), points(g)
    n = g.out_shape[0]
    onto = points(g, min(2, n))
    onto = torch.cat([onto, X.add(onto[:1], onto[-1:])])  # a dependent point more
    errors = projection_errors(X, x, y, onto)
    assert max(errors.values()) < 1e-8, errors
    px = X.project(x, onto)
    for _ in range(5):  # no other point of the span is nearer
        other = X.combine(torch.randn(len(onto)), list(onto))
        assert (X.distance(x, px) <= X.distance(x, other.expand_as(x)) + 1e-9).all()
    close(X.project(onto, onto), onto, tolerance=1e-7)
    close(X.project(x, onto[:-1]), px, tolerance=1e-7)  # the dependent point adds no direction
    close(X.project(x, list(onto)), px)


@every_space
def test_gram_schmidt_gives_orthonormal_points_of_the_same_spans(make):
    g = make()
    X, k = InducedSpace(g), min(3, g.out_shape[0])
    xs = points(g, k)
    e = X.gram_schmidt(xs)
    z = encode(g, e)
    close(z @ z.mT, torch.eye(k))
    for j in range(k):
        close(X.project(xs[j], e[: j + 1]), xs[j], tolerance=1e-7)
    assert (torch.stack([X.inner(e[j], xs[j]) for j in range(k)]) > 0).all()
    with_dependent = torch.cat([xs[:1], X.scale(2.0, xs[:1]), X.zero()[None], xs[1:]])
    close(X.gram_schmidt(with_dependent), e, tolerance=1e-7)


@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(1, 5), st.integers(0, 10**6))
def test_axioms_for_any_scalars(a, b, n, seed):
    torch.manual_seed(seed)
    x, y, z = torch.rand(3, 2, n) + 0.5
    assert max(axiom_errors(InducedSpace(Log(n)), x, y, z, a, b).values()) < 1e-9


def test_adding_logarithms_is_multiplying():
    X = InducedSpace(Log(2))
    x, y = torch.tensor([2.0, 3.0]), torch.tensor([5.0, 7.0])
    close(X.add(x, y), x * y)
    close(X.scale(2.0, x), x**2)
    close(X.zero(), torch.ones(2))
    close(X.mean([x, y]), (x * y).sqrt())


def test_points_with_signs():
    X = InducedSpace(Log(2))
    x, y = torch.tensor([2.0, 3.0]), torch.tensor([5.0, 7.0])
    a, b = X(x), X(y)
    close((0.5 * a + b * 2 - a / 4).x, x**0.25 * y**2)
    close((-a).x, 1 / x)
    assert a + b == b + a and 2 * a == a + a and a != b
    assert a != 1
    close((torch.tensor([1.0, 2.0]) * X(torch.stack([x, x]))).x, torch.stack([x, x**2]))
    with pytest.raises(ValueError, match="one space only"):
        a + InducedSpace(Log(2))(x)
    with pytest.raises(ValueError, match="one space only"):
        a + 1.0
    assert "Point" in repr(a) and "dimension 2" in repr(X)


def test_a_space_follows_the_dtype_of_its_network():
    g = NETWORKS["vector flow"]().float()
    assert InducedSpace(g).zero().dtype == torch.float32


def test_gradients_flow_through_the_operations():
    g = NETWORKS["vector flow"]()
    X, x, y = InducedSpace(g), points(g).requires_grad_(), points(g)
    total = X.geodesic(X.add(x, y), X.project(x, list(y[:2])), 0.3).sum() + X.gram_schmidt(x).sum()
    assert torch.autograd.grad(total, x)[0].isfinite().all()


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda X: X.add(torch.zeros(5), torch.zeros(5)),
            r"x must be points of shape \(\*, 1, 2, 2\), got shape \(5,\)",
        ),
        (lambda X: X.norm(torch.zeros(3, 1, 2, 3)), "x must be points"),
        (lambda X: X.combine([1.0], torch.zeros(2, 1, 2, 2)), "weights must have shape"),
        (lambda X: X.combine(torch.ones(1, 1, 2), torch.zeros(2, 1, 2, 2)), "weights must have shape"),
        (lambda X: X.line(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2), 0.5), "ts must be a sequence"),
        (lambda X: decode(X.g, torch.zeros(3)), r"z must be latents of shape \(\*, 4\)"),
        (lambda X: InducedSpace(Squeeze((1, 4, 4))), "append Flatten"),
    ],
)
def test_a_misfit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(InducedSpace(Flatten((1, 2, 2))))
