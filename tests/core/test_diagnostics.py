"""The meters react: each law's error is rounding for the real thing, and large for what breaks it."""

import math

import pytest
import torch

from linearizer_core import diagnostics
from linearizer_core.linearizer import Linearizer
from linearizer_core.networks import InvertibleNetwork
from linearizer_core.operators import Dense
from tests.catalogue import MODELS, PAIRS, points


@pytest.fixture
def f():
    return MODELS["flow, dense"]()


def squashed(f):
    """f with a tanh in its latents: not linear between the same spaces."""
    return lambda x: f.g_y.inverse(torch.tanh(f.A(f.g_x(x))))


def pixel_average(x, y):
    return (x + y) / 2


def test_relative_error_compares_to_the_larger_side():
    assert diagnostics.relative_error(torch.tensor([2.0]), torch.tensor([1.0])) == 0.5
    assert diagnostics.relative_error(torch.zeros(2), torch.zeros(2)) == 0.0
    assert diagnostics.relative_error(torch.zeros(0), torch.zeros(0)) == 0.0
    assert diagnostics.relative_error(1e-9 * torch.ones(2), torch.zeros(2)) == 1.0
    assert math.isnan(diagnostics.relative_error(torch.tensor([math.nan, 1.0]), torch.ones(2)))
    assert math.isnan(diagnostics.relative_error(torch.tensor([math.inf, 1.0]), torch.ones(2)))
    with pytest.raises(ValueError, match="equal shapes"):
        diagnostics.relative_error(torch.zeros(2), torch.zeros(3))


def test_linearity_reacts_to_both_switches(f):
    x, y = points(f.g_x), points(f.g_x)
    assert diagnostics.linearity_error(f, x, y) < 1e-9
    assert diagnostics.linearity_error(f, x, y, add=pixel_average) > 1e-3
    assert diagnostics.linearity_error(f, x, y, scale=lambda a, v: a * v) > 1e-3
    assert diagnostics.linearity_error(f, x, y, mapping=squashed(f)) > 1e-3


def test_axioms_react(f):
    x, y, z = (points(f.g_x) for _ in range(3))
    assert max(diagnostics.axiom_errors(f.domain, x, y, z).values()) < 1e-9
    broken = diagnostics.axiom_errors(f.domain, x, y, z, add=pixel_average)
    assert broken["associative"] > 1e-3 and broken["zero"] > 1e-3 and broken["commutative"] < 1e-9
    scaled_pixels = diagnostics.axiom_errors(f.domain, x, y, z, scale=lambda a, v: a * v)
    assert scaled_pixels["distributes over points"] > 1e-3 and scaled_pixels["one"] < 1e-9


def test_round_trip_reacts():
    class Careless(InvertibleNetwork):
        in_shape = out_shape = (2,)

        def forward(self, x):
            return 2 * x

        def inverse(self, z):
            return 0.4 * z

    assert diagnostics.round_trip_error(Careless(), torch.ones(1, 2)) > 0.1

    class Blind(Careless):
        def inverse(self, z):
            return z * math.nan

    assert math.isnan(diagnostics.round_trip_error(Blind(), torch.ones(1, 2)))


def test_transpose_reacts(f):
    x, y = points(f.g_x), points(f.g_y)
    assert diagnostics.transpose_error(f, x, y) < 1e-9
    assert diagnostics.transpose_error(f, x, y, transposed=f) > 1e-3


def test_svd_reacts(f):
    x = points(f.g_x)
    assert diagnostics.svd_error(f, x) < 1e-9
    other = Linearizer(f.g_x, Dense(torch.randn(4, 4)), f.g_y)
    assert diagnostics.svd_error(f, x, svd=other.svd()) > 1e-3


def test_penrose_reacts(f):
    x, y = points(f.g_x), points(f.g_y)
    assert max(diagnostics.penrose_errors(f, x, y).values()) < 1e-9
    assert diagnostics.penrose_errors(f, x, y, inverse=f.T)["f f⁺ f = f"] > 1e-3


def test_projection_reacts(f):
    X, x, y = f.domain, points(f.g_x), points(f.g_x)
    onto = points(f.g_x, 2)
    assert max(diagnostics.projection_errors(X, x, y, onto).values()) < 1e-9
    assert diagnostics.projection_errors(X, x, y, list(onto)) == diagnostics.projection_errors(X, x, y, onto)
    oblique = diagnostics.projection_errors(X, x, y, onto, project=lambda v: X.scale(0.5, X.project(v, onto)))
    assert oblique["P P = P"] > 1e-3 and oblique["nearest"] > 1e-3 and oblique["Pᵀ = P"] < 1e-9


def test_powers_and_composition_react(f):
    x = points(f.g_x)

    class Wrong(Linearizer):
        def __pow__(self, p):
            return self

        def __matmul__(self, first):
            return self

        def exp(self, t=1.0):
            return self

    wrong = Wrong(f.g_x, f.A, f.g_y)
    for error in (diagnostics.iteration_error, diagnostics.root_error, diagnostics.exponential_error):
        assert error(f, x) < 1e-8
        assert error(wrong, x) > 1e-3
    f2, f1 = PAIRS["dense"]()
    assert diagnostics.composition_error(f2, f1, points(f1.g_x)) < 1e-9
    assert diagnostics.composition_error(wrong, f, x) > 1e-3


def test_idempotence_reacts(f):
    P = MODELS["flow, projection"]()
    assert diagnostics.idempotence_error(P, points(P.g_x)) < 1e-9
    assert diagnostics.idempotence_error(f, points(f.g_x)) > 1e-3


def test_figures_are_plain_floats_and_leave_no_graph(f):
    x, y = points(f.g_x), points(f.g_y)
    figures = [
        diagnostics.linearity_error(f, x, y),
        diagnostics.transpose_error(f, x, y),
        diagnostics.svd_error(f, x),
        diagnostics.idempotence_error(f, x),
        diagnostics.round_trip_error(f.g_x, x),
        *diagnostics.axiom_errors(f.domain, x, y, x).values(),
        *diagnostics.penrose_errors(f, x, y).values(),
        *diagnostics.projection_errors(f.domain, x, y, points(f.g_x, 2)).values(),
    ]
    assert all(type(figure) is float for figure in figures)


def to_bytes(x):
    return x.mul(10).round() / 10


def positive(g):
    n = g.out_shape[0]
    Q = torch.linalg.qr(torch.randn(n, n)).Q
    return Linearizer(g, Dense((Q * torch.linspace(0.5, 1.5, n)) @ Q.mT), g)


def test_what_is_done_between_two_maps_breaks_composition_roots_and_undoing(f):
    f, x = positive(f.g_x), points(f.g_x)
    other = positive(f.g_x)
    assert (
        diagnostics.composition_error(other, f, x)
        < 1e-9
        < diagnostics.composition_error(other, f, x, to_bytes)
    )
    assert diagnostics.root_error(f, x) < 1e-9 < 1e-3 < diagnostics.root_error(f, x, between=to_bytes)
    assert diagnostics.root_error(f, x, 1, between=to_bytes) < 1e-9  # nothing lies between
    assert diagnostics.undoing_error(f, x) < 1e-9 < 1e-3 < diagnostics.undoing_error(f, x, to_bytes)
    assert diagnostics.undoing_error(f.truncated(1), x) > 1e-3


def test_a_blend_is_the_induced_one_and_not_that_of_pixels(f):
    one, two, x = positive(f.g_x), positive(f.g_x), points(f.g_x)
    blend = Linearizer(f.g_x, 0.3 * one.A + 0.7 * two.A, f.g_x)
    assert diagnostics.blend_error(blend, [one, two], [0.3, 0.7], x) < 1e-9
    assert diagnostics.blend_error(blend, [one, two], [0.5, 0.5], x) > 1e-3

    def of_pixels(weights, ys):
        return torch.tensordot(torch.tensor(weights), ys, dims=1)

    assert diagnostics.blend_error(blend, [one, two], [0.3, 0.7], x, combine=of_pixels) > 1e-3


def test_a_projector_takes_away_what_is_orthogonal_to_what_it_keeps():
    f = MODELS["projector of vectors, random basis"]()
    x = points(f.g_x)
    assert diagnostics.orthogonality_error(f.domain, f(x), f.residual(x)) < 1e-9
    assert diagnostics.orthogonality_error(f.domain, x, f.residual(x)) > 1e-2
    assert diagnostics.orthogonality_error(f.domain, x, f.domain.scale(-2.0, x)) == pytest.approx(1)
    assert diagnostics.orthogonality_error(f.domain, f.domain.scale(0.0, x), x) == 0.0  # a zero, to rounding


def test_a_straight_walk_is_measured_along_its_way(f):
    g, start, step = f.g_x, torch.randn(4), torch.randn(4)
    assert diagnostics.straightness_error(g, start, step, 2.5) < 1e-9
    origin, change = g.inverse(torch.stack([start, step]))
    assert diagnostics.straightness_error(g, start, step, 2.5, reached=origin + 2.5 * change) > 1e-3
    path = g.inverse(start + torch.linspace(0, 3, 7)[:, None] * step)
    torch.testing.assert_close(diagnostics.travelled(g(path)), torch.linspace(0, 3, 7) * step.norm())
    assert diagnostics.travelled(path[:1]).tolist() == [0.0]
