"""Texture statistics, lattices, structural similarity: against loops, periodic pictures, and phases shuffled."""

import itertools
import math

import numpy as np
import pytest
import torch

from linearizer_core.diagnostics import flat_contrast, grid_power, ssim
from linearizer_core.methods.texture import (
    OPPONENT,
    SIDE,
    FilterBank,
    cut,
    gabor_filters,
    lattice,
    texture_distance,
)

close = torch.testing.assert_close


def between(bank, x, y):
    return texture_distance(bank(x), bank(y))


def lines(side=128, period=16):
    """A photo of thin dark lines, slanted: what a power spectrum alone cannot tell from noise."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (0.9 - 0.8 * ((x + y) % period < 2).double()).expand(1, 3, side, side)


def phases_shuffled(x, seed=0):
    """A picture of the same mean and the same power spectrum: the phases are those of noise."""
    noise = torch.rand(x.shape[-2:], generator=torch.Generator().manual_seed(seed))
    phase = torch.fft.fft2(noise).sgn()
    phase[0, 0] = 1
    return torch.fft.ifft2(torch.fft.fft2(x) * phase).real


@pytest.mark.parametrize("orientations", [1, 3, 4])
def test_filters_have_mean_0_norm_1_and_even_and_odd_ones_do_not_overlap(orientations):
    filters = gabor_filters(orientations)
    assert filters.shape == (2 * orientations, SIDE, SIDE)
    close(filters.sum((1, 2)), torch.zeros(2 * orientations), rtol=0, atol=1e-12)
    close(filters.square().sum((1, 2)), torch.ones(2 * orientations))
    even, odd = filters[0::2], filters[1::2]
    close(even, even.flip(1, 2))
    close(odd, -odd.flip(1, 2))


def test_a_filter_answers_to_stripes_along_it_and_a_turned_one_does_not():
    filters = gabor_filters(2)
    axis = torch.arange(SIDE) - SIDE // 2
    stripes = torch.cos(3 * math.pi * axis / SIDE).expand(SIDE, SIDE)  # change from left to right
    answers = (filters * stripes).sum((1, 2)).abs()
    assert answers[0] > 20 * answers[1:].max()
    close((filters * stripes.mT).sum((1, 2)).abs()[2], answers[0])


def test_the_opponent_colours_are_lightness_and_two_that_grey_does_not_excite():
    colours = torch.tensor(OPPONENT)
    close(colours.sum(1), torch.tensor([1.0, 0.0, 0.0]))
    assert torch.linalg.matrix_rank(colours) == 3


def test_statistics_are_gram_matrices_of_the_rectified_answers():
    bank, x = FilterBank(orientations=1, scales=2), torch.rand(2, 3, 16, 24)
    filters = gabor_filters(1).numpy()
    pictures = np.einsum("oc,bchw->bohw", np.array(OPPONENT), x.numpy())
    for gram in bank(x):
        height, width = pictures.shape[2] - SIDE + 1, pictures.shape[3] - SIDE + 1
        answers = np.zeros((2, 12, height, width))
        for b, o, f, i, j in itertools.product(range(2), range(3), range(2), range(height), range(width)):
            r = (filters[f] * pictures[b, o, i : i + SIDE, j : j + SIDE]).sum()
            answers[b, 2 * o + f, i, j], answers[b, 6 + 2 * o + f, i, j] = max(r, 0), max(-r, 0)
        expected = np.einsum("bkij,blij->bkl", answers, answers) / (height * width)
        close(gram.double(), torch.from_numpy(expected), rtol=1e-5, atol=1e-7)  # Gram matrices are float32
        pictures = sum(pictures[..., i::2, j::2] for i in range(2) for j in range(2)) / 4


@pytest.mark.parametrize("shift", [(0, 2), (4, 0), (2, -4)])
def test_statistics_do_not_see_where_a_periodic_texture_begins(shift):
    """Exactly so where every filter is at each place of the period equally often: 60 − 6 is a multiple of 6 pixels, and
    at half the size 30 − 6 one of 3. What is left is the rounding of float32."""
    x = torch.rand(1, 3, 6, 6).repeat(1, 1, 10, 10)
    assert between(FilterBank(scales=2), x.roll(shift, (2, 3)), x) < 1e-5
    assert (x.roll(shift, (2, 3)) - x).abs().max() > 0.1


def test_statistics_tell_lines_from_noise_of_the_same_mean_and_power_spectrum():
    bank, x = FilterBank(), lines()
    noise = phases_shuffled(x)
    close(torch.fft.fft2(noise).abs(), torch.fft.fft2(x).abs(), rtol=0, atol=1e-9)
    moved = between(bank, x.roll((5, 3), (2, 3)), x)
    assert between(bank, noise, x) > 0.15 and moved < 0.01


def test_statistics_tell_stripes_by_their_direction_width_colour_and_contrast():
    bank, x = FilterBank(), lines()
    tinted = x * torch.tensor([1.0, 0.5, 0.2])[:, None, None]
    for other in (x.flip(3), lines(period=8), tinted, 0.5 + 0.5 * (x - 0.5), x.mean().expand_as(x)):
        assert between(bank, other, x) > 0.3
    assert between(bank, x + 0.05, x) < 1e-4  # brightness alone is no texture


def test_the_distance_is_0_for_equal_textures_and_is_taken_picture_by_picture():
    bank, x, y = FilterBank(scales=2), torch.rand(3, 3, 32, 32), torch.rand(3, 3, 32, 32)
    assert (between(bank, x, x) == 0).all()
    one_by_one = torch.cat([between(bank, a[None], b[None]) for a, b in zip(x, y)])
    close(between(bank, x, y), one_by_one)
    grams, others = [torch.randn(2, 4, 4)] * 2, [torch.randn(2, 4, 4), torch.randn(2, 4, 4)]
    expected = [
        np.mean([np.linalg.norm((a - b)[i]) / np.linalg.norm(b[i]) for a, b in zip(grams, others)])
        for i in range(2)
    ]
    close(texture_distance(grams, others), torch.tensor(expected))
    with pytest.raises(ValueError, match="zip"):
        texture_distance(grams, others[:1])


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_flat_pictures_have_no_texture_and_no_distance(level):
    bank, flat = FilterBank(), torch.full((1, 3, 64, 64), level)
    assert between(bank, flat, flat) == 0
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    between(bank, x, flat).sum().backward()
    assert x.grad.isfinite().all() and x.grad.abs().sum() > 0


def test_gradients_make_a_picture_like_another():
    bank, wanted = FilterBank(scales=1), lines(32)
    x = phases_shuffled(wanted).requires_grad_()
    before = between(bank, x, wanted)
    (slope,) = torch.autograd.grad(before.sum(), x)
    assert between(bank, x - 1e-2 * slope / slope.norm(), wanted) < before


@pytest.mark.parametrize(("scales", "least"), [(1, 7), (3, 28), (4, 56)])
def test_pictures_too_small_for_the_coarsest_scale_are_refused(scales, least):
    bank = FilterBank(scales=scales)
    assert len(bank(torch.rand(1, 3, least, least))) == scales
    with pytest.raises(ValueError, match=f"{scales} scales needs pictures of at least {least}×{least}"):
        bank(torch.rand(1, 3, least - 1, 64))


def test_tiles_have_statistics_of_their_own_and_their_mean_is_that_of_the_picture():
    bank, x = FilterBank(scales=2), torch.rand(2, 3, 38, 38)  # 32 answers each way, and 13 at half the size
    fine, _ = bank(x, tiles=2)
    close(fine.unflatten(0, (2, 4)).mean(1), bank(x)[0])
    for k, (top, left) in enumerate(itertools.product((0, 16), (0, 16))):
        corner = x[..., top : top + 22, left : left + 22]
        close(fine.unflatten(0, (2, 4))[:, k], bank(corner)[0])
    with pytest.raises(ValueError, match="at least 14×14"):
        FilterBank(scales=2)(x[..., :13, :13])
    with pytest.raises(ValueError, match="at least 20×20"):
        FilterBank(scales=2)(x[..., :19, :19], tiles=4)


def test_a_flat_tile_weighs_as_much_as_any_other():
    """Noise of a hundredth beside noise of 1: half the contrast in either is the same distance tile by tile, and over
    the whole picture that of the quiet tile is nothing."""
    bank, noise = FilterBank(scales=2), torch.randn(1, 3, 64, 64)
    loud = (torch.arange(64) >= 32) * torch.ones(64)
    x, y, z = (noise * (a * loud + b * (1 - loud)) for a, b in ((1, 0.01), (0.5, 0.01), (1, 0.005)))
    assert between(bank, z, x) < 1e-3 < 0.5 < between(bank, y, x)
    inner = [texture_distance(bank(other, 4), bank(x, 4)) for other in (y, z)]  # away from where the two meet
    close(inner[0][[3, 7, 11, 15]], inner[1][[0, 4, 8, 12]], rtol=0.02, atol=0)


def test_parts_of_a_field_lie_row_by_row_and_a_rest_is_left_out():
    x = torch.rand(2, 3, 11, 14)
    parts = cut(x, 2).unflatten(0, (2, 2, 2))
    for row, column in itertools.product(range(2), range(2)):
        close(parts[:, row, column], x[..., 5 * row : 5 * row + 5, 7 * column : 7 * column + 7])
    assert cut(x, 1) is x


def test_contrast_on_flat_patches_is_a_median_over_the_patches_that_are_flat_in_the_photo():
    x, made, wanted = (torch.rand(2, 3, 64, 96) for _ in range(3))
    x[0], x[1, :, :32, 32:64] = 0.5, 0.2
    ratios = []
    for b, i, j in itertools.product(range(2), range(2), range(3)):
        part = slice(32 * i, 32 * i + 32), slice(32 * j, 32 * j + 32)
        own, ours, theirs = (p[b].numpy().mean(0)[part].std(ddof=1) for p in (x, made, wanted))
        if own < 0.03:
            ratios.append(ours / theirs)
    assert len(ratios) == 7
    assert abs(flat_contrast(x, made, wanted) - np.median(ratios)) < 1e-6
    assert math.isnan(flat_contrast(wanted, made, wanted))


def test_the_power_of_a_grid_is_that_of_three_lines_over_the_median_about_them():
    x = torch.rand(2, 3, 32, 48)
    lines, surroundings = 0.0, 0.0
    for picture in x.numpy().mean(1):
        window = np.outer(*(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in (32, 48)))
        power = np.abs(np.fft.fft2((picture - picture.mean()) * window)) ** 2
        power += (window**2).sum() / (12 * 255**2)
        for i, j in ((8, 0), (0, 12), (8, 12)):
            around = [power[(i + a) % 32, (j + b) % 48] for a in range(-3, 4) for b in range(-3, 4)]
            lines, surroundings = lines + power[i, j], surroundings + np.median(around)
    assert abs(grid_power(x) / (lines / surroundings) - 1) < 1e-3


def test_a_grid_is_told_from_other_patterns():
    x, along = torch.rand(4, 3, 128, 128), torch.arange(128)
    plain = grid_power(x)
    assert plain < 5
    assert grid_power(x + 0.1 * (along % 4 == 0)) > 40 * plain
    assert grid_power(x + 0.1 * (along[:, None] % 4 == 1)) > 40 * plain
    for other in (along % 5 == 0, along % 2 == 0, along < 60):
        assert grid_power(x + 0.1 * other) < 2 * plain
    assert grid_power(torch.full((1, 3, 64, 64), 0.5)) == 1  # nothing but the rounding of bytes


def lattice_by_loops(error, period, window):
    side, total, count = period * window, 0.0, 0
    for b, c in itertools.product(range(error.shape[0]), range(error.shape[1])):
        for top, left in itertools.product(range(0, error.shape[2], side), range(0, error.shape[3], side)):
            part = error[b, c, top : top + side, left : left + side].numpy()
            places = range(0, side, period)
            pattern = np.mean([part[i : i + period, j : j + period] for i in places for j in places], axis=0)
            total, count = total + ((pattern - pattern.mean()) ** 2).mean(), count + 1
    return total / count


@pytest.mark.parametrize(("period", "window"), [(8, 4), (4, 4), (4, 2)])
def test_a_lattice_is_what_repeats_within_windows(period, window):
    error = torch.randn(2, 3, 32, 64)
    close(lattice(error, period, window).item(), lattice_by_loops(error, period, window))


def test_a_lattice_finds_a_pattern_bound_to_its_blocks_and_no_other():
    pattern = torch.randn(1, 3, 8, 8)
    bound = pattern.repeat(1, 1, 8, 8)
    close(lattice(bound, 8), (pattern - pattern.mean((2, 3), keepdim=True)).square().mean())
    spread = torch.randn(1, 3, 64, 64)
    assert lattice(spread, 8) < 0.1 * lattice(bound, 8)  # noise averages out over 16 blocks
    along = torch.arange(64.0)
    for other in (
        torch.ones(64),
        torch.cos(2 * math.pi * along / 32),
        torch.cos(2 * math.pi * 3 * along / 32),
    ):
        assert (
            lattice(other.expand(1, 1, 64, 64), 8) < 1e-12
        )  # whole periods in each window, none of the block's
    assert lattice(torch.cos(2 * math.pi * along / 8).expand(1, 1, 64, 64), 8) > 0.4


def ssim_by_loops(x, y):
    axis = np.arange(11) - 5
    weights = np.exp(-(axis**2) / 4.5)
    window = np.outer(weights, weights) / weights.sum() ** 2
    values = []
    for b, c in itertools.product(range(x.shape[0]), range(x.shape[1])):
        for i, j in itertools.product(range(x.shape[2] - 10), range(x.shape[3] - 10)):
            p, q = (v[b, c, i : i + 11, j : j + 11].numpy() for v in (x, y))
            mean_p, mean_q = (window * p).sum(), (window * q).sum()
            spread_p, spread_q = (window * (p - mean_p) ** 2).sum(), (window * (q - mean_q) ** 2).sum()
            both = (window * (p - mean_p) * (q - mean_q)).sum()
            values.append(
                (2 * mean_p * mean_q + 1e-4)
                * (2 * both + 9e-4)
                / ((mean_p**2 + mean_q**2 + 1e-4) * (spread_p + spread_q + 9e-4))
            )
    return np.mean(values)


def test_structural_similarity_is_the_mean_over_all_windows():
    x = torch.rand(2, 3, 13, 14)
    for y in (torch.rand(2, 3, 13, 14), 1 - x, 0.5 * x + 0.2, x + 0.05 * torch.randn_like(x)):
        close(ssim(x, y), ssim_by_loops(x, y))
        close(ssim(x, y), ssim(y, x))
    close(ssim(x, x), 1.0)
