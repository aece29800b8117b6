"""Handwriting in MNIST's frame: a digit found in a drawing or a photo, and scikit-learn's digits drawn again.

A digit in MNIST's frame is ink 255 on paper 0, its ink scaled to fit 20×20, its centre of mass in the middle of 28×28, with
a border of 2: uint8 (32, 32). Source of the frame: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to
document recognition", 1998.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage
from sklearn.datasets import load_digits

SIDE = 32
INK_BOX = 20  # MNIST scales the ink to fit this box
PAPER_GRAIN = 0.2  # shades of paper below this part of the darkest ink count as paper
FAINTEST_INK = 0.08  # less contrast than this is a plain sheet
WIDEST_STROKE = 0.3  # of the shorter side: what is wider is light and shadow on the paper
RULE = 0.9  # of a side: a stroke as long as this is a line printed on the paper
THICKEST_RULE = 7  # pixels
SMALLEST_RULED = 64  # pixels of a side: below it nobody photographs ruled paper
CLEAR = 0.4  # of the darkest ink: what is darker belongs to a stroke for sure
THINNEST_STROKE = 0.09  # of the digit's longer side; MNIST's strokes are 0.1 to 0.15
SPECK = 0.04  # of the ink of the largest stroke: what has less is dirt
NEAR = 0.6  # of the size of the largest stroke: what is farther away belongs to something else


def ink_of(grey: np.ndarray) -> np.ndarray:
    """Ink (H, W) in [0, 1] on paper 0, from grey levels in [0, 1], dark on bright or bright on dark.

    The paper is what remains where all strokes are closed, so shadows, lamps and folds are no ink; nor are ruled lines from
    one edge to the other. ValueError where there is nothing but paper.

    >>> page = np.linspace(0.5, 1, 60)[None].repeat(60, 0)          # a shadow from the left
    >>> page[20:40, 29:32] = 0.3
    >>> float(ink_of(page)[30, 30]), float(ink_of(page)[10, 30])
    (1.0, 0.0)
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    page = _evenly_lit(grey if np.median(border) > 0.5 else 1 - grey)  # from here on dark ink on bright paper
    width = max(3, round(WIDEST_STROKE * min(page.shape)))
    # Closing follows the peaks of noise, so it sees a calmer page; in a shadow ink and paper are darker by one factor.
    calm = ndimage.median_filter(page, 5) if min(page.shape) >= SMALLEST_RULED else page
    paper = ndimage.grey_closing(calm, size=(width, width), mode="nearest")
    ink = _without_rules(1 - page / np.maximum(paper, 0.05))
    darkest = float(ndimage.gaussian_filter(ink, 0.5).max())
    if darkest < FAINTEST_INK:
        raise ValueError("the picture is one plain shade; a digit dark on light or light on dark works.")
    clear = ink[ink > CLEAR * darkest]
    full = float(np.percentile(clear, 60)) if clear.size else darkest
    return np.clip((ink / full - PAPER_GRAIN) / (1 - PAPER_GRAIN), 0, 1)


def _evenly_lit(page: np.ndarray) -> np.ndarray:
    """Bright paper with light from one side as if it came from the front: closing alone sees its dark edge as ink."""
    rows, columns = np.indices(page.shape, dtype=np.float64)
    planes = np.stack([np.ones(page.size), rows.ravel(), columns.ravel()], 1)
    light = planes @ np.linalg.lstsq(planes, page.ravel(), rcond=None)[0]
    return page / np.maximum(light.reshape(page.shape), 0.05)


def _without_rules(ink: np.ndarray) -> np.ndarray:
    """The ink without printed lines from one edge of the paper to the other, also slanted by a degree or two."""
    for axis in (0, 1):
        ink = _without_rules_along(axis, ink)
    return ink


def _without_rules_along(axis: int, ink: np.ndarray) -> np.ndarray:
    if min(ink.shape) < SMALLEST_RULED:
        return ink
    long = tuple(round(side / 8) if i == axis else 1 for i, side in enumerate(ink.shape))
    slant, thick = (tuple(1 if i == axis else width for i in (0, 1)) for width in (3, THICKEST_RULE))
    fine = ink - ndimage.grey_opening(ink, size=thick)  # without what a marker drew
    whole = ndimage.grey_closing(
        ndimage.maximum_filter(fine, size=slant), size=long
    )  # across the pen's own strokes
    lines = ndimage.grey_opening(whole, size=long)
    names, _ = ndimage.label(lines > FAINTEST_INK, structure=np.ones((3, 3)))
    boxes = ndimage.find_objects(names)
    rules = [i + 1 for i, box in enumerate(boxes) if _is_rule(box, axis, ink.shape)]
    for rule in rules:
        printed = names == rule
        shade = np.median(lines[printed])
        ink = np.where(printed & (ink <= 1.5 * shade), 0, ink)  # a pen that crosses the line is darker
    return ink


def _is_rule(box: tuple[slice, ...], axis: int, shape: tuple[int, ...]) -> bool:
    """Whether a long thin thing goes from one edge of the paper to another; a slanted one may leave it at the corner."""
    if box[1 - axis].stop - box[1 - axis].start > shape[1 - axis] / 8:
        return False
    edges = [box[i].start <= 2 for i in (0, 1)] + [box[i].stop >= shape[i] - 2 for i in (0, 1)]
    return sum(edges) >= 2 or box[axis].stop - box[axis].start >= RULE * shape[axis]


def framed(ink: np.ndarray) -> np.ndarray:
    """All of the ink (H, W) in [0, 1] in MNIST's frame: uint8 (32, 32). ValueError without ink.

    >>> int(framed(np.pad(np.ones((40, 8)), 5))[6:26, 14:18].min())
    255
    """
    rows, columns = np.flatnonzero(ink.max(1) > 0.1), np.flatnonzero(ink.max(0) > 0.1)
    if not len(rows):
        raise ValueError("there is no ink in the picture; a digit dark on light or light on dark works.")
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(INK_BOX * side / max(crop.shape))) for side in crop.shape)
    small = Image.fromarray((255 * crop).astype(np.uint8)).resize((width, height), Image.Resampling.LANCZOS)
    return _centred(np.asarray(small))


def digit_of(grey: np.ndarray) -> np.ndarray:
    """The digit in grey levels (H, W) in [0, 1], however small or thin, in MNIST's frame: uint8 (32, 32).

    ValueError without one.

    >>> sheet = np.ones((200, 200)); sheet[90:110, 99:101] = 0      # a thin 1 on a tenth of the sheet
    >>> int(digit_of(sheet).max())
    255
    """
    ink = _main_strokes(ink_of(grey))
    return framed(_thickened(ink))


def _main_strokes(ink: np.ndarray) -> np.ndarray:
    """The largest connected stroke and what lies near it, cut out; specks and writing elsewhere are left behind."""
    names, count = ndimage.label(ink > CLEAR, structure=np.ones((3, 3)))
    if count == 0:
        return ink
    amounts = ndimage.sum_labels(ink, names, np.arange(1, count + 1))
    boxes = ndimage.find_objects(names)
    largest = int(amounts.argmax())
    reach = NEAR * max(part.stop - part.start for part in boxes[largest])
    kept = [i for i in range(count) if amounts[i] >= SPECK * amounts[largest]]
    kept = [i for i in kept if _gap(boxes[i], boxes[largest]) <= reach]
    edge = 2  # the soft rim of a stroke belongs to it
    top, left = (max(0, min(boxes[i][axis].start for i in kept) - edge) for axis in (0, 1))
    bottom, right = (max(boxes[i][axis].stop for i in kept) + edge for axis in (0, 1))
    mask = ndimage.binary_dilation(np.isin(names, [i + 1 for i in kept]), iterations=edge)
    return np.where(mask, ink, 0)[top:bottom, left:right]


def _gap(one: tuple[slice, ...], other: tuple[slice, ...]) -> float:
    """How far apart two boxes are, along the axis on which they are farther apart."""
    return max(max(a.start - b.stop, b.start - a.stop, 0) for a, b in zip(one, other))


def _thickened(ink: np.ndarray) -> np.ndarray:
    """Strokes widened to `THINNEST_STROKE`: a fine pen would fade to grey when the digit shrinks to 20 pixels."""
    inside = np.pad(ink > CLEAR, 1)
    depth = ndimage.distance_transform_edt(inside)[inside]
    if not depth.size:
        return ink
    stroke = 4 * float(depth.mean()) - 1  # the mean depth of a band of width w is (w + 1)/4
    radius = (THINNEST_STROKE * max(ink.shape) - stroke) / 2
    if radius < 0.5:
        return ink
    around = int(np.ceil(radius))
    rows, columns = np.mgrid[-around : around + 1, -around : around + 1]
    return ndimage.grey_dilation(np.pad(ink, around), footprint=rows**2 + columns**2 <= radius**2 + 0.5)


def _centred(small: np.ndarray) -> np.ndarray:
    """The picture pasted so that its centre of mass is the centre of the frame, as far as it fits."""
    frame = np.zeros((SIDE, SIDE), np.uint8)
    mass = small.astype(np.float64) + 1e-9
    starts = []
    for axis, side in enumerate(small.shape):
        centre = (mass.sum(1 - axis) * (np.arange(side) + 0.5)).sum() / mass.sum()
        starts.append(int(np.clip(round(SIDE / 2 - centre), 0, SIDE - side)))
    (top, left), (height, width) = starts, small.shape
    frame[top : top + height, left : left + width] = small
    return frame


def small_digits(indices: np.ndarray | list[int] | range) -> tuple[np.ndarray, np.ndarray]:
    """Some of scikit-learn's 1797 digits of 8×8 pixels, drawn again with MNIST's stroke: uint8 (k, 32, 32); their labels.

    >>> pictures, labels = small_digits(range(3))
    >>> pictures.shape, labels.tolist()
    ((3, 32, 32), [0, 1, 2])
    """
    found = load_digits()
    return np.stack([_redrawn(found.images[i]) for i in indices]), found.target[np.asarray(indices)]


def _redrawn(levels: np.ndarray) -> np.ndarray:
    small = Image.fromarray(np.pad(np.uint8(np.clip(levels, 0, 16) * 255 / 16), 1))
    large = small.resize((110, 100), Image.Resampling.BICUBIC)  # those digits are a tenth too narrow
    smooth = np.asarray(large.filter(ImageFilter.GaussianBlur(2)), dtype=np.float32) / 255
    return framed(np.clip((smooth - 0.35) / 0.4, 0, 1))
