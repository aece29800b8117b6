"""The laws for f itself, over all models, with the operator's matrix as the independent route."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from linearizer_core import diagnostics
from linearizer_core.linearizer import Linearizer
from linearizer_core.networks import Flatten, Log
from linearizer_core.operators import Dense, Diagonal, Identity, LowRank
from tests.catalogue import MODELS, PAIRS, points

every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
ON_ONE = {name: make for name, make in MODELS.items() if (f := make()).g_x is f.g_y}
every_model_on_one_space = pytest.mark.parametrize("make", ON_ONE.values(), ids=ON_ONE)
every_pair = pytest.mark.parametrize("make", PAIRS.values(), ids=PAIRS)
TOLERANCE = 1e-9


def by_the_matrix(f, M, x, backwards=False):
    """g⁻¹ M g computed here, from the matrix alone."""
    g_x, g_y = (f.g_y, f.g_x) if backwards else (f.g_x, f.g_y)
    return g_y.inverse(g_x(x) @ M.mT)


def close(actual, expected, tolerance=1e-8):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@every_model
def test_f_is_its_definition(make):
    f = make()
    x = points(f.g_x)
    close(f(x), by_the_matrix(f, f.A.dense(), x))
    close(f(x[0]), f(x)[0])
    close(f(x.reshape(3, 1, *f.g_x.in_shape))[:, 0], f(x))
    assert f(x[:0]).shape == (0, *f.g_y.in_shape)


@every_model
def test_linearity(make):
    f = make()
    for a, b in [(0.7, -1.3), (0.0, 1.0), (2.0, 0.5)]:
        assert diagnostics.linearity_error(f, points(f.g_x), points(f.g_x), a, b) < TOLERANCE
    zero = f.domain.zero()
    close(f(zero), f.codomain.zero())


@every_model
def test_transpose(make):
    f = make()
    y = points(f.g_y)
    assert diagnostics.transpose_error(f, points(f.g_x), y) < TOLERANCE
    close(f.T(y), by_the_matrix(f, f.A.dense().mT, y, backwards=True))
    assert f.T.T.g_x is f.g_x and f.T.T.g_y is f.g_y
    x = points(f.g_x)
    close(f.T.T(x), f(x))


@every_model
def test_svd(make):
    f = make()
    svd = f.svd()
    assert diagnostics.svd_error(f, points(f.g_x), svd) < TOLERANCE
    close(svd.values, torch.linalg.svdvals(f.A.dense())[: len(svd.values)])
    for i in range(min(2, len(svd.values))):  # f(vᵢ) = σᵢ ⊙ uᵢ
        close(f(svd.inputs[i]), f.codomain.scale(svd.values[i], svd.outputs[i]))
        close(svd.input_point(i), svd.inputs[i])
        close(svd.output_point(i, 2.0), f.codomain.scale(2.0, svd.outputs[i]))
        walk = svd.input_point(i, torch.tensor([-1.0, 0.0, 3.0]))
        close(walk, torch.stack([f.domain.scale(c, svd.inputs[i]) for c in (-1.0, 0.0, 3.0)]))


@every_model
def test_pseudo_inverse(make):
    f = make()
    errors = diagnostics.penrose_errors(f, points(f.g_x), points(f.g_y))
    assert max(errors.values()) < 1e-8, errors
    y = points(f.g_y)
    close(f.pinv()(y), by_the_matrix(f, torch.linalg.pinv(f.A.dense()), y, backwards=True), 1e-7)


@every_model
def test_truncation_and_new_singular_values(make):
    f = make()
    x = points(f.g_x)
    U, values, Vh = torch.linalg.svd(f.A.dense(), full_matrices=False)
    for k in (0, 1, 2):
        if 0 < k < len(values) and values[k - 1] < values[k] + 1e-6:
            continue  # equal values at the cut: the nearest map is one of many
        close(f.truncated(k)(x), by_the_matrix(f, (U[:, :k] * values[:k]) @ Vh[:k], x))
    svd = f.svd()
    close(f.with_singular_values(svd.values)(x), f(x))
    new = torch.linspace(1.5, 0.5, len(svd.values))
    close(svd.with_values(new)(x), f.with_singular_values(new)(x))
    close(svd.with_values(new.tolist())(x), f.with_singular_values(new.tolist())(x))
    with pytest.raises(ValueError, match="singular values"):
        svd.with_values(torch.ones(len(new) + 1))


@every_pair
def test_composition(make):
    f2, f1 = make()
    x = points(f1.g_x)
    assert diagnostics.composition_error(f2, f1, x) < TOLERANCE
    composed = f2 @ f1
    close(composed(x), f2.g_y.inverse(f1.g_x(x) @ (f2.A.dense() @ f1.A.dense()).mT))
    assert composed.g_x is f1.g_x and composed.g_y is f2.g_y
    with pytest.raises(ValueError, match=r"f2 @ f1 needs f1\.g_y and f2\.g_x to be the same network object"):
        f1 @ f2
    assert diagnostics.composition_error(f1.T, f2.T, points(f2.g_y)) < TOLERANCE
    close((f2 @ f1).T(points(f2.g_y) * 0 + 1), f1.T(f2.T(points(f2.g_y) * 0 + 1)))


def test_equal_weights_are_not_the_same_network():
    f, h = (Linearizer(Flatten((2,)), Identity(2), Flatten((2,))) for _ in range(2))
    with pytest.raises(ValueError, match="Build both on one network"):
        f @ h
    with pytest.raises(TypeError):
        f @ torch.ones(2)


@every_model_on_one_space
@pytest.mark.parametrize("n", [0, 1, 3])
def test_iteration(make, n):
    f = make()
    x = points(f.g_x)
    assert diagnostics.iteration_error(f, x, n) < TOLERANCE
    close((f**n)(x), by_the_matrix(f, torch.linalg.matrix_power(f.A.dense(), n), x))


@every_model_on_one_space
def test_exponential(make):
    f = make()
    x = points(f.g_x)
    assert diagnostics.exponential_error(f, x, t=0.8) < 1e-7
    close(f.exp(-0.5)(x), by_the_matrix(f, torch.linalg.matrix_exp(-0.5 * f.A.dense()), x))


WITH_ROOTS = [name for name in ON_ONE if name not in ("images, low rank",)]


@pytest.mark.parametrize("name", WITH_ROOTS)
def test_roots(name):
    f = MODELS[name]()
    for n in (2, 3):
        assert diagnostics.root_error(f, points(f.g_x), n) < 1e-7


def test_powers_of_two_spaces_are_refused():
    f = MODELS["images, matvec only"]()
    for misuse in (lambda: f**2, lambda: f.exp()):
        with pytest.raises(ValueError, match=r"needs f\.g_x and f\.g_y to be the same network object"):
            misuse()


def test_idempotent_f():
    f = MODELS["flow, projection"]()
    for x in (points(f.g_x), torch.rand(4, *f.g_x.in_shape), 100 * torch.ones(1, *f.g_x.in_shape)):
        assert diagnostics.idempotence_error(f, x) < 1e-8


@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(0, 10**6))
def test_linearity_for_any_scalars(a, b, seed):
    torch.manual_seed(seed)
    f = MODELS["flow to flow, tall"]()
    assert diagnostics.linearity_error(f, points(f.g_x), points(f.g_x), a, b) < 1e-8


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 4), st.integers(0, 10**6))
def test_all_laws_at_any_size_and_rank(m, n, r, seed):
    torch.manual_seed(seed)
    f = Linearizer(Log(n), LowRank(torch.randn(m, r), torch.randn(n, r)), Log(m))
    x, y = torch.rand(2, n) + 0.5, torch.rand(2, m) + 0.5
    assert diagnostics.transpose_error(f, x, y) < TOLERANCE
    assert diagnostics.svd_error(f, x) < TOLERANCE
    condition = (f.A.dense().norm() * torch.linalg.pinv(f.A.dense()).norm()).item()
    if condition < 1e3:
        assert max(diagnostics.penrose_errors(f, x, y).values()) < 1e-8


def test_results_share_networks_and_keep_training():
    g, M = MODELS["flow, dense"]().g_x, nn.Parameter(torch.eye(4) + 0.1 * torch.randn(4, 4))
    f = Linearizer(g, Dense(M), g)
    x = points(g)
    for h in (
        f.T,
        f.pinv(),
        f**2,
        f**0.5,
        f.exp(0.1),
        f @ f,
        f.truncated(4),
        f.svd().with_values(torch.ones(4)),
    ):
        assert h.g_x is g and h.g_y is g
        gradients = torch.autograd.grad(h(x).square().sum(), [M, next(g.parameters())], allow_unused=True)
        assert all(gradient is None or gradient.isfinite().all() for gradient in gradients)
    before = f.T(x)
    with torch.no_grad():
        M.mul_(2.0)
    assert not torch.allclose(f.T(x), before)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Linearizer(Flatten((3,)), Identity(2), Flatten((2,))),
        lambda: Linearizer(Flatten((2,)), Dense(torch.zeros(3, 2)), Flatten((2,))),
    ],
)
def test_sizes_that_do_not_fit_are_refused(build):
    with pytest.raises(ValueError, match=r"A of shape .* must map g_x's latents"):
        build()


def test_points_of_the_wrong_shape_are_refused():
    f = Linearizer(Flatten((1, 2, 2)), Identity(4), Flatten((1, 2, 2)))
    with pytest.raises(ValueError, match=r"x must be points of shape \(\*, 1, 2, 2\)"):
        f(torch.zeros(3, 1, 4, 4))


def test_state_is_saved_and_restored():
    f = MODELS["images, diagonal"]()
    x, state = points(f.g_x), f.state_dict()
    expected = f(x)
    torch.manual_seed(5)
    h = MODELS["images, diagonal"]()
    h.load_state_dict(state)
    close(h(x), expected, 0.0)
    assert h.g_x is h.g_y


def test_the_largest_values_alone():
    f = Linearizer(Flatten((4,)), Diagonal(torch.tensor([1.0, 4.0, 2.0, 3.0])), Flatten((4,)))
    assert f.svd(2).values.tolist() == [4.0, 3.0] and f.svd(2).inputs.shape == (2, 4)
