"""A digit is found whatever the photo: small, thin, in a shadow, on ruled paper, among specks."""

import functools

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from linearizer_core.data import handwriting

SIDE, INK, PAPER = 512, 40, 235
FIVE = ((0.9, 0), (0.2, 0), (0.15, 0.45), (0.5, 0.4), (0.85, 0.6), (0.8, 0.9), (0.45, 1), (0.1, 0.9))


def photo(share: float, pen: int) -> np.ndarray:
    """A 5, `share` of the photo tall, drawn with a pen of so many pixels; grey levels in [0, 1]."""
    image, size = Image.new("L", (SIDE, SIDE), PAPER), share * SIDE
    left, top = 0.6 * (SIDE - size), 0.4 * (SIDE - size)
    corners = [(left + size * x, top + size * y) for x, y in FIVE]
    ImageDraw.Draw(image).line(corners, fill=INK, width=pen, joint="curve")
    return np.asarray(image) / 255


def ruled(page: np.ndarray, degrees: float = 0.0) -> np.ndarray:
    lines = np.full((SIDE, SIDE), 255, np.uint8)
    for y in range(30, SIDE, 40):
        lines[y : y + 2] = 150
    turned = Image.fromarray(lines).rotate(degrees, fillcolor=255, resample=Image.Resampling.BILINEAR)
    return np.minimum(page, np.asarray(turned) / 255)


def shaded(page: np.ndarray) -> np.ndarray:
    return page * np.where(np.arange(SIDE) < SIDE // 2, 0.55, 1.0)


def noisy(page: np.ndarray) -> np.ndarray:
    return np.clip(page + np.random.default_rng(0).normal(0, 0.02, page.shape), 0, 1)


def specked(page: np.ndarray) -> np.ndarray:
    page = page.copy()
    page[20:23, 30:33] = page[480:484, 470:473] = 0.2
    return page


CONDITIONS = {
    "clean": lambda page: page,
    "noise": noisy,
    "hard shadow": shaded,
    "soft shadow with noise": lambda page: noisy(page * np.linspace(0.4, 1, SIDE)),
    "ruled": ruled,
    "ruled, slanted": lambda page: ruled(page, 0.7),
    "specks": specked,
    "chalk": lambda page: 1 - page,
}
SIZES = [(0.05, 3), (0.1, 2), (0.1, 10), (0.3, 2), (0.8, 2), (0.8, 10), (0.8, 40)]


@functools.cache
def plainly() -> np.ndarray:
    """The digit as a large clean page with a broad pen shows it."""
    return handwriting.digit_of(photo(0.8, 30))


HARD = [(0.05, 3), (0.1, 10), (0.3, 2), (0.8, 40)]
SEEN = [("clean", *size) for size in SIZES] + [
    (name, *size) for name in CONDITIONS for size in HARD if name != "clean"
]


@pytest.mark.parametrize(("name", "share", "pen"), SEEN)
def test_the_digit_is_found_cropped_and_in_full_ink(name, share, pen):  # fault 33
    found = handwriting.digit_of(CONDITIONS[name](photo(share, pen)))
    rows = np.flatnonzero(found.max(1) > 60)
    assert 16 <= rows[-1] - rows[0] + 1 <= 21  # as tall as MNIST's digits
    assert np.percentile(found[found > 100], 60) > 190  # strokes are ink, not grey
    soft = [ndimage.gaussian_filter(digit.astype(float), 1.5).ravel() for digit in (found, plainly())]
    assert np.corrcoef(*soft)[0, 1] > 0.8


@pytest.mark.parametrize(
    "grey", [np.ones((64, 64)), np.zeros((40, 90)), np.linspace(0.2, 1, 100)[None].repeat(100, 0)]
)
def test_paper_alone_is_refused(grey):
    with pytest.raises(ValueError, match="one plain shade"):
        handwriting.digit_of(grey)


def test_both_parts_of_a_digit_are_kept_and_writing_elsewhere_is_not():
    page = np.ones((200, 200))
    page[60:140, 80:90] = 0  # two strokes of one digit
    page[60:70, 96:130] = 0
    alone = handwriting.digit_of(page)
    page[185:195, 5:15] = 0
    np.testing.assert_array_equal(handwriting.digit_of(page), alone)
    assert alone[8:24].sum() > 0 and (alone > 128).any(0).sum() > 8


def test_a_digit_of_mnist_keeps_its_strokes():
    digit = handwriting.small_digits([3])[0][0]
    again = handwriting.digit_of(digit / 255)
    assert np.corrcoef(again.ravel().astype(float), digit.ravel().astype(float))[0, 1] > 0.97
