"""Nested truncation, sparsity, isometry, scale in pixels: against loops, hand-made numbers and autograd."""

import math

import pytest
import torch

from linearizer_core.methods.idempotent import isometry, sparsity
from linearizer_core.methods.nested import nested_reconstruction, random_ranks, truncate_axes
from linearizer_core.models.fitting import measure_in_pixels, pixels_per_unit
from linearizer_core.models.generator import Generator
from linearizer_core.networks import Chain, Flatten, InvertibleLinear, Log, image_flow, vector_flow
from linearizer_core.operators import Identity
from tests.catalogue import stirred

close = torch.testing.assert_close


@pytest.mark.parametrize("offset", [0, 4, 30])
@pytest.mark.parametrize("largest", [1, 7, 160])
def test_ranks_are_log_uniform_beyond_the_offset(largest, offset):
    ranks = random_ranks(20_000, largest, torch.Generator().manual_seed(0), offset)
    assert ranks.dtype == torch.int64 and ranks.min() >= 1 and ranks.max() <= largest
    for m in {1, largest // 3, largest // 2, largest} - {0}:
        wanted = math.log((m + 1 + offset) / (1 + offset)) / math.log((largest + 1 + offset) / (1 + offset))
        assert abs((ranks <= m).double().mean().item() - wanted) < 0.015  # four deviations


def test_ranks_are_reproducible_and_an_offset_spares_the_smallest():
    draw = [random_ranks(1000, 100, torch.Generator().manual_seed(3), offset) for offset in (0, 0, 10)]
    assert torch.equal(draw[0], draw[1])
    assert (draw[2] >= draw[0]).all() and (draw[2] == 1).sum() < (draw[0] == 1).sum() / 3


@pytest.mark.parametrize("power", [0.0, 0.7, 2.0])
def test_nested_reconstruction_is_a_sum_over_the_first_axes(power):
    g = stirred(vector_flow(6, steps=2, hidden=8))
    x = torch.randn(5, 6)
    z, ranks = g(x), torch.tensor([1, 2, 3, 5, 6])
    total = 0.0
    for b, k in enumerate(ranks.tolist()):
        cut = sum((z[b] @ u) * u for u in torch.eye(6)[:k])
        total += k**power * ((g.inverse(cut[None])[0] - x[b]) ** 2).mean()
    close(nested_reconstruction(g, x, z, ranks, power), total / 5)
    close(truncate_axes(z, ranks)[4], z[4])


def test_sparsity_is_the_share_of_ones():
    assert [sparsity(torch.tensor(v)).item() for v in ([0.0] * 4, [1.0, 0, 0, 1], [1.0] * 3)] == [
        0.0,
        0.5,
        1.0,
    ]


def test_isometry_is_0_for_a_rotation_and_what_a_stretch_adds():
    x = torch.rand(3, 1, 2, 2)
    turn, shift = torch.linalg.qr(torch.randn(4, 4)).Q, torch.randn(4)
    z = x.flatten(1) @ turn + shift
    close(isometry(x, z, shift), torch.tensor(0.0), rtol=0, atol=1e-12)
    squares = x.flatten(1).square().sum(1)
    close(isometry(x, 3 * (z - shift) + shift, shift), (8 * squares / 4).mean())
    close(isometry(x, 0 * z + shift, shift), (squares / 4).mean())


def test_pixels_per_unit_of_a_matrix_are_the_lengths_of_the_columns_of_its_inverse():
    g = Chain(Flatten((1, 2, 3)), stirred(InvertibleLinear(6), by=0.3))
    columns = torch.linalg.inv(g.networks[1].weight.matrix()).detach()
    close(pixels_per_unit(g, torch.rand(20, 1, 2, 3)), columns.norm(dim=0))


def jacobians(g, x):
    """∂g⁻¹/∂z at the latents of each point, (B, pixels, axes), by automatic differentiation."""
    return torch.stack(
        [torch.autograd.functional.jacobian(lambda z: g.inverse(z[None]).flatten(), z) for z in g(x).detach()]
    )


def test_pixels_per_unit_of_a_flow_are_the_derivatives_at_its_points():
    g = stirred(image_flow((1, 4, 4), steps=[2, 1], hidden=[8, 8]))
    x = torch.rand(8, 1, 4, 4)
    expected = jacobians(g, x).square().sum(1).mean(0).sqrt()
    close(pixels_per_unit(g, x), expected, rtol=0.01, atol=0)


def test_an_axis_that_moves_no_pixel_stays_an_axis():
    g = Chain(InvertibleLinear(2))
    with torch.no_grad():
        g.networks[0].weight.set_(torch.diag(torch.tensor([1.0, 1e9])))
    close(pixels_per_unit(g, torch.randn(9, 2)), torch.tensor([1.0, 1e-6]))


def test_an_axis_on_which_the_pictures_do_not_differ_is_measured_too():
    g, x = Chain(InvertibleLinear(3)), torch.randn(9, 3)
    columns = torch.linalg.inv(g.networks[0].weight.matrix()).detach()
    x = g.inverse(g(x) * torch.tensor([1.0, 0.0, 1.0]))  # the second latent is the same for all
    close(pixels_per_unit(g, x), columns.norm(dim=0))


def test_pixels_per_unit_of_logarithms_are_the_points_themselves():
    """d eᶻ/dz = eᶻ."""
    x = torch.rand(8, 3) + 0.5
    close(pixels_per_unit(Log(3), x), x.square().mean(0).sqrt(), rtol=1e-3, atol=0)


def test_measured_in_pixels_a_unit_step_is_one_unit():
    g = stirred(image_flow((1, 4, 4), steps=[1, 1], hidden=[8, 8]))
    f, x = Generator(g, Identity(16), torch.zeros(1, 16), torch.zeros(16)), torch.rand(8, 1, 4, 4)
    common = pixels_per_unit(g, x)[:2].max()
    measure_in_pixels(f, x, keep_first=2)
    effect = jacobians(g, x).square().sum(1).mean(0).sqrt()
    close(effect[2:], torch.ones(14), rtol=0.01, atol=0)
    close(effect[:2].max(), torch.tensor(1.0), rtol=0.01, atol=0)
    close(f.log_std[:2].exp(), common.expand(2))
