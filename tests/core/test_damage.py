"""Damage to pictures: how many pixels are hit and where, the blur against SciPy's, the same seed the same damage."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from linearizer_core.data import damage

RANDOM = {
    "noise": lambda x, generator: damage.gaussian_noise(x, 0.3, generator),
    "noise, one amount each": lambda x, generator: damage.gaussian_noise(
        x, torch.linspace(0.1, 1, len(x)), generator
    ),
    "drowned": lambda x, generator: damage.drowned(x, 0.5, generator),
    "salt and pepper": lambda x, generator: damage.salt_and_pepper(x, 0.3, generator),
    "salt and pepper, one amount each": lambda x, generator: damage.salt_and_pepper(
        x, torch.linspace(0.1, 1, len(x)), generator
    ),
    "square": lambda x, generator: damage.square(x, 5, 0.0, generator),
    "square, one side each": lambda x, generator: damage.square(
        x, torch.arange(2, 2 + len(x)), 0.0, generator
    ),
}
ALL = {**RANDOM, "blur": lambda x, generator: damage.blur(x, 1.0)}
every_random = pytest.mark.parametrize("spoil", RANDOM.values(), ids=RANDOM)
every_damage = pytest.mark.parametrize("spoil", ALL.values(), ids=ALL)


def seeded(seed=5):  # another than that of the pictures
    return torch.Generator().manual_seed(seed)


@every_damage
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(4, 1, 16, 16), (3, 3, 12, 20), (1, 1, 8, 8), (0, 1, 8, 8)])
def test_shape_and_dtype_stay_and_the_original_is_left_alone(spoil, dtype, shape):
    x = torch.rand(shape, dtype=dtype)
    before = x.clone()
    y = spoil(x, seeded())
    assert y.shape == x.shape and y.dtype == dtype and y.isfinite().all()
    assert torch.equal(x, before)
    assert not len(x) or not torch.equal(x, y)


@every_random
def test_the_same_seed_is_the_same_damage_and_the_global_state_is_not_touched(spoil):
    x, state = torch.rand(4, 1, 16, 16), torch.get_rng_state()
    assert torch.equal(spoil(x, seeded(1)), spoil(x, seeded(1)))
    assert not torch.equal(spoil(x, seeded(1)), spoil(x, seeded(2)))
    assert torch.equal(torch.get_rng_state(), state)


@every_random
def test_every_picture_has_a_damage_of_its_own(spoil):
    x = torch.full((2, 1, 16, 16), 0.5)
    assert any(not torch.equal(*spoil(x, seeded(seed))) for seed in range(3))


def test_noise_has_the_deviation_asked_for_in_each_picture():
    x, std = torch.rand(3, 1, 100, 100), torch.tensor([0.0, 0.2, 0.7])
    noise = damage.gaussian_noise(x, std, seeded()) - x
    measured = noise.std((1, 2, 3))
    torch.testing.assert_close(measured, std, rtol=0.03, atol=1e-12)  # four deviations of 10 000 draws
    assert (noise.mean((1, 2, 3)).abs() <= 0.04 * std).all()
    torch.testing.assert_close(
        damage.gaussian_noise(x, 0.2, seeded())[1], damage.gaussian_noise(x, std, seeded())[1]
    )


def test_drowned_goes_in_a_straight_line_from_the_picture_to_uniform_noise():
    x = torch.rand(2, 1, 100, 100)
    assert torch.equal(damage.drowned(x, 0.0, seeded()), x)
    noise = damage.drowned(x, 1.0, seeded())
    torch.testing.assert_close(damage.drowned(x, 0.3, seeded()), 0.7 * x + 0.3 * noise)
    assert noise.min() >= 0 and noise.max() <= 1
    quarters = torch.histc(noise, 4, 0, 1) / noise.numel()
    torch.testing.assert_close(quarters, torch.full((4,), 0.25), rtol=0, atol=0.015)
    torch.testing.assert_close(damage.drowned(torch.zeros_like(x), 1.0, seeded()), noise)  # nothing of x left


def test_salt_and_pepper_hits_its_share_of_the_pixels_half_white_half_black():
    share = torch.tensor([0.0, 0.25, 0.6, 1.0])
    y = damage.salt_and_pepper(torch.full((4, 3, 100, 100), 0.5), share, seeded())
    assert torch.equal(y[:, :1].expand_as(y), y), "all channels of a pixel are hit together"
    assert set(y.unique().tolist()) == {0.0, 0.5, 1.0}
    hit = y[:, 0].ne(0.5).double().mean((1, 2))
    torch.testing.assert_close(hit, share, rtol=0, atol=0.02)
    assert hit[0] == 0 and hit[3] == 1
    torch.testing.assert_close(y[:, 0].eq(1).double().mean((1, 2)), share / 2, rtol=0, atol=0.02)


def box(hit):
    """Top, bottom, left and right of what is hit (H, W), the ends not included."""
    rows, columns = (hit.any(axis).nonzero().flatten() for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


@pytest.mark.parametrize("shape", [(32, 32), (20, 31)])
@pytest.mark.parametrize("side", [1, 2, 7, 13, 19, 20])
def test_a_square_is_whole_and_inside_the_frame(shape, side):
    hit = damage.square(torch.full((50, 2, *shape), 0.5), side, 1.0, seeded()).eq(1.0)
    assert torch.equal(hit[:, 0], hit[:, 1])
    assert (hit[:, 0].sum((1, 2)) == side**2).all()
    for picture in hit[:, 0]:
        top, bottom, left, right = box(picture)
        assert bottom - top == right - left == side
        for low, high, size in ((top, bottom, shape[0]), (left, right, shape[1])):
            if side <= size - 2 * (size // 6):  # it fits into the middle two thirds
                assert low >= size // 6 and high <= size - size // 6


def test_squares_come_to_every_place_they_may():
    hit = damage.square(torch.ones(2000, 1, 12, 12), 3, 0.0, seeded()).eq(0)[:, 0]
    assert {box(picture)[0] for picture in hit} == set(range(2, 8))
    assert {box(picture)[2] for picture in hit} == set(range(2, 8))


def test_squares_of_a_side_each_from_none_to_more_than_the_picture():
    sides = torch.tensor([0, 1, 5, 16, 40])
    hit = damage.square(torch.ones(5, 1, 16, 16), sides, 0.0, seeded()).eq(0)
    assert hit.sum((1, 2, 3)).tolist() == [0, 1, 25, 256, 256]


@pytest.mark.parametrize("std", [0.5, 1.0, 2.0])
def test_blur_is_the_gaussian_filter_of_scipy(std):
    x = torch.rand(2, 3, 14, 9)
    expected = [
        ndimage.gaussian_filter(p, std, mode="nearest", truncate=3.0) for p in x.flatten(0, 1).numpy()
    ]
    expected = torch.from_numpy(np.stack(expected)).reshape(x.shape)
    torch.testing.assert_close(damage.blur(x, std), expected, rtol=0, atol=1e-12)


def test_blur_spreads_a_dot_as_the_bell_curve_says_and_keeps_the_mean():
    x = torch.zeros(1, 1, 31, 31)
    x[0, 0, 15, 15] = 1
    y = damage.blur(x, 2.0)[0, 0]
    torch.testing.assert_close(y.sum(), torch.tensor(1.0))
    places = torch.arange(31.0) - 15
    torch.testing.assert_close((y.sum(0) * places**2).sum().sqrt(), torch.tensor(2.0), rtol=0.02, atol=0)
    torch.testing.assert_close(y[15, 16] / y[15, 15], torch.tensor(-1 / 8).exp())
    torch.testing.assert_close(y, y.mT)
    torch.testing.assert_close(y, y.flip(0))


@pytest.mark.parametrize("std", [0.0, -1.0])
def test_a_blur_of_no_width_changes_nothing(std):
    x = torch.rand(1, 1, 4, 4)
    assert torch.equal(damage.blur(x, std), x)


@pytest.mark.parametrize("std", [0.01, 0.7, 30.0])
def test_blur_leaves_a_plane_alone_and_stays_between_black_and_white(std):
    plane, x = torch.full((1, 2, 6, 6), 0.3), torch.rand(1, 2, 6, 6)
    torch.testing.assert_close(damage.blur(plane, std), plane)
    y = damage.blur(x, std)
    assert y.min() >= x.min() - 1e-12 and y.max() <= x.max() + 1e-12
