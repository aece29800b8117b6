"""Projectors: f(f(x)) = f(x) for every x, the nearest point of the range, ordered directions; against dense matrices."""

import math

import pytest
import torch
from torch import nn

from linearizer_core import checkpoints
from linearizer_core.models.projector import Projector
from linearizer_core.networks import Flatten, vector_flow
from linearizer_core.operators import Dense, Diagonal, Projection, RoundedDiagonal
from linearizer_core.recipes import DigitsProjector, SparseProjector
from tests.catalogue import PROJECTORS, points, stirred

every_projector = pytest.mark.parametrize("make", PROJECTORS.values(), ids=PROJECTORS)


def close(actual, expected, tolerance=1e-9):
    """Equal to `tolerance` times the largest entry expected: points far from data have large ones."""
    size = max(1.0, expected.detach().abs().max().item()) if expected.numel() else 1.0
    torch.testing.assert_close(actual, expected, rtol=0.0, atol=tolerance * size)


def anywhere(f, count=3):
    """Data, uniform noise, noise a thousand times as large, and constants: (4 count, *in_shape)."""
    shape = (count, *f.g_x.in_shape)
    grey = torch.linspace(-1, 2, count).reshape(-1, *(1 for _ in f.g_x.in_shape)).expand(shape)
    return torch.cat([points(f.g_x, count), torch.rand(shape), 1000 * torch.randn(shape), grey])


def matrix(f):
    """P from its action on one unit vector after the other."""
    return torch.stack([f.A.matvec(e) for e in torch.eye(f.A.shape[1])], 1).detach()


@every_projector
def test_applied_twice_it_does_what_it_does_once_whatever_it_is_given(make):
    f = make()
    x = anywhere(f)
    once = f(x)
    close(f(once), once)
    close(once, f.g_x.inverse(f.g_x(x) @ matrix(f).mT))


@every_projector
def test_it_is_its_own_adjoint_and_pseudo_inverse_and_every_power_of_itself(make):
    f = make()
    x = anywhere(f)
    z, Pz = f.g_x(x), f.g_x(f(x))
    close(Pz @ z.mT, z @ Pz.mT)  # ⟨f(x), y⟩ = ⟨x, f(y)⟩ for all pairs
    for same in (f.T, f.pinv(), f**2, f**0.5, f**3, f @ f):
        close(same(x), f(x), 1e-7)


@every_projector
def test_its_singular_values_are_rank_ones_and_its_exponential_stretches_the_range(make):
    f = make()
    expected = torch.linalg.svdvals(matrix(f)).round()
    values = f.svd().values.detach()
    close(values, expected[: len(values)])
    assert expected[len(values) :].sum() == 0
    assert f.rank == int(expected.sum()) == torch.linalg.matrix_rank(matrix(f))
    x = points(f.g_x)
    close(f.exp(0.5)(x), f.domain.add(x, f.domain.scale(math.exp(0.5) - 1, f(x))))


@every_projector
def test_the_derivative_has_the_rank_of_f_and_keeps_what_lies_along_the_range(make):
    f = make()
    on_range = f(points(f.g_x, 1)[0])
    J = torch.autograd.functional.jacobian(f, on_range).reshape(f.A.shape)
    close(J @ J, J, 1e-8)
    assert torch.linalg.matrix_rank(J, rtol=1e-8) == f.rank


@every_projector
def test_f_of_x_is_the_nearest_point_of_the_range(make):
    f = make()
    x = anywhere(f)
    z, P = f.g_x(x), matrix(f)
    nearest = (z - (P @ torch.linalg.pinv(P) @ z.mT).mT).norm(dim=1)
    close(f.distance_to_range(x), nearest)
    close(f.distance_to_range(x), f.domain.distance(x, f(x)))
    beside = f(x) if f.rank else f.domain.zero().expand_as(x)
    for length in (1e-3, 1.0, 100.0):
        others = f.g_x.inverse(f.g_x(beside) + length * torch.randn(z.shape) @ P.mT)
        assert (f.domain.distance(x, others) >= nearest * (1 - 1e-9)).all()


@every_projector
def test_the_range_is_at_distance_0_and_nothing_else_is(make):
    f = make()
    x = anywhere(f)
    close(f.distance_to_range(f(x)) / (1 + f.g_x(x).norm(dim=1)), torch.zeros(len(x)))
    assert ((f.distance_to_range(x) > 1e-6) == (f.rank < f.A.shape[0])).all()


@every_projector
def test_a_point_is_its_projection_plus_an_orthogonal_residual(make):
    f = make()
    x = anywhere(f)
    kept, rest = f(x), f.residual(x)
    close(f.domain.add(kept, rest), x)
    close(rest, f.domain.subtract(x, kept))
    lengths = f.domain.norm(x)
    close(f.domain.inner(kept, rest) / lengths**2, torch.zeros(len(x)))
    close(f.domain.norm(kept) ** 2 + f.distance_to_range(x) ** 2, lengths**2)  # Pythagoras
    close(f.domain.norm(rest), f.distance_to_range(x))
    close(f(rest), f.domain.zero().expand_as(x))


@every_projector
def test_shapes_of_distance_and_residual_follow_any_batch(make):
    f = make()
    x = points(f.g_x, 6)
    square = x.reshape(2, 3, *f.g_x.in_shape)
    close(f.distance_to_range(square), f.distance_to_range(x).reshape(2, 3))
    close(f.residual(square).flatten(0, 1), f.residual(x))
    assert f.distance_to_range(x[0]).shape == () and f.residual(x[0]).shape == f.g_x.in_shape
    assert f.distance_to_range(x[:0]).shape == (0,)


@every_projector
def test_truncated_projectors_are_nested(make):
    f = make()
    x, sizes = anywhere(f, 2), range(f.rank + 2)
    coarse = [f.truncated(k) for k in sizes]
    for k in sizes:
        assert type(coarse[k]) is Projector and coarse[k].g_x is f.g_x and coarse[k].rank == min(k, f.rank)
        close(coarse[k](coarse[k](x)), coarse[k](x))
        for j in sizes:
            both = coarse[min(j, k)](x)
            close(coarse[j](coarse[k](x)), both)
            close(coarse[k].truncated(j)(x), both)  # a truncation can be truncated further
    close(coarse[-1](x), f(x))
    distances = torch.stack([h.distance_to_range(x) for h in coarse])
    assert (distances.diff(dim=0) <= 1e-9 * distances[0]).all()  # more directions never fit worse


@pytest.mark.parametrize("trained", [False, True])
def test_truncated_keeps_the_span_of_the_first_columns_of_the_basis(trained):
    basis = torch.randn(6, 4) * torch.tensor([1.0, 10.0, 0.1, 3.0])
    g = stirred(vector_flow(6, steps=3, hidden=8))
    f = Projector(g, Projection(nn.Parameter(basis.clone()) if trained else basis))
    for k in range(5):
        first = basis[:, :k]
        close(matrix(f.truncated(k)), first @ torch.linalg.pinv(first))


@pytest.mark.parametrize(
    "P", [Diagonal(torch.tensor([0.0, 1.0, 1.0, 0.0])), RoundedDiagonal(torch.tensor([0.3, 0.6, 0.9, -2.0]))]
)
def test_truncated_keeps_the_first_axes_of_a_diagonal(P):
    f = Projector(Flatten((4,)), P)
    x = torch.tensor([5.0, 6.0, 7.0, 8.0])
    kept = [[0.0, 0.0, 0.0, 0.0], [0.0, 6.0, 0.0, 0.0], [0.0, 6.0, 7.0, 0.0], [0.0, 6.0, 7.0, 0.0]]
    assert [f.truncated(k)(x).tolist() for k in range(4)] == kept


@pytest.mark.parametrize("k", [-1, 1.5, True])
def test_a_rank_that_is_no_count_is_refused(k):
    with pytest.raises(ValueError, match="k must be a whole number"):
        PROJECTORS["vectors, random basis"]().truncated(k)


@pytest.mark.parametrize("name, count", [("total_std", 4), ("kept_mean", 2), ("kept_std", 2)])
@pytest.mark.parametrize(
    "wrong", [torch.ones(3), torch.ones(4, 1), torch.ones(())], ids=["3", "4x1", "number"]
)
def test_a_buffer_of_the_wrong_size_is_one_sentence(name, count, wrong):
    with pytest.raises(ValueError) as error:
        Projector(Flatten((4,)), Projection(torch.eye(4, 2)), **{name: wrong})
    text = str(error.value)
    assert text.startswith(f"Projector: {name} must have {count} numbers, shape ({count},), got ")
    assert str(tuple(wrong.shape)) in text and text.count(". ") == 0 and "\n" not in text


def test_an_operator_of_the_wrong_size_is_refused():
    with pytest.raises(ValueError, match=r"must map g_x's latents"):
        Projector(Flatten((4,)), Dense(torch.eye(3)))


def test_draw_lies_on_the_range_where_data_lie():
    f = Projector(
        Flatten((4,)),
        Diagonal(torch.tensor([0.0, 1.0, 0.0, 1.0])),
        kept_mean=torch.tensor([5.0, 6.0, 9.0, 9.0]),
        kept_std=torch.tensor([2.0, 3.0, 9.0, 9.0]),
    )
    assert f.draw(torch.tensor([[0.0, 0.0], [1.0, -1.0]])).tolist() == [[0, 5, 0, 6], [0, 7, 0, 3]]
    assert f.truncated(1).draw(torch.tensor([[1.0]])).tolist() == [[0, 7, 0, 0]]


@every_projector
def test_what_is_drawn_stays_where_it_is_and_has_the_mean_and_deviation_asked_for(make):
    f = make()
    mean, std = torch.randn(len(f.kept_mean)), torch.rand(len(f.kept_std)) + 0.1
    f = Projector(f.g_x, f.A, f.total_std, mean, std)
    noise = torch.randn(5, f.rank)
    x = f.draw(noise)
    assert x.shape == (5, *f.g_x.in_shape) and not x.requires_grad
    close(f(x), x)
    directions = f.g_x(f.svd().outputs[: f.rank]) if f.rank else torch.zeros(0, f.A.shape[0])
    close(f.g_x(x) @ directions.mT, mean[: f.rank] + std[: f.rank] * noise)
    for wrong in (noise[0], torch.zeros(2, f.rank + 1)):
        with pytest.raises(ValueError, match=rf"noise must be \(B, {f.rank}\), one number per direction"):
            f.draw(wrong)


def test_gradients_reach_the_network_the_basis_and_the_input():
    f = PROJECTORS["vectors, trained basis"]()
    x = points(f.g_x).requires_grad_()
    (f(x).square().sum() + f.distance_to_range(x).sum() + f.residual(x).sum()).backward()
    for tensor in (x, f.A.basis, *f.g_x.parameters()):
        assert tensor.grad.isfinite().all() and tensor.grad.abs().sum() > 0


TINY = {
    "digits": DigitsProjector(stage_steps=(1,), stage_hidden=(4,), rank=6),
    "sparse": SparseProjector(stage_steps=(1,), stage_hidden=(4,)),
}


@pytest.mark.parametrize("recipe", TINY.values(), ids=TINY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saved_and_loaded_it_is_the_same_projector(tmp_path, recipe, dtype):
    torch.set_default_dtype(dtype)
    f = stirred(recipe.build(), by=0.01)
    for buffer in (f.total_std, f.kept_mean, f.kept_std):
        buffer.copy_(torch.rand_like(buffer))
    if isinstance(f.A, Projection):
        f.A.basis.copy_(torch.linalg.qr(torch.randn_like(f.A.basis)).Q)
    checkpoints.save(tmp_path, recipe, f)
    h = checkpoints.load(tmp_path)
    x = torch.rand(2, *f.g_x.in_shape)
    assert type(h) is Projector and h.rank == f.rank and h.g_x is h.g_y
    for again, before in ((h, f), (h.truncated(3), f.truncated(3))):
        torch.testing.assert_close(again(x), before(x), rtol=0, atol=0)
        for name in ("total_std", "kept_mean", "kept_std"):
            torch.testing.assert_close(getattr(again, name), getattr(before, name), rtol=0, atol=0)
    noise = torch.randn(2, f.rank)
    torch.testing.assert_close(h.draw(noise), f.draw(noise), rtol=0, atol=0)
    h = h.double()  # stored in float32 it is a projector to float64 rounding all the same
    x = torch.cat([x.double(), 3 * torch.randn(2, *f.g_x.in_shape, dtype=torch.float64)])
    close(h(h(x)), h(x))
