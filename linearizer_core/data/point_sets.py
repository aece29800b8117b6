"""Points of the plane: four generated sets that a straight line does not fit, and your own from a file.

Each is a `Dataset` of float points (N, 2) and labels (N,), inside the square [−`VIEW`, `VIEW`]². Nothing is downloaded;
every random choice takes a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from .dataset import DataError, Dataset, split
from .tables import read_rows

VIEW = 3.0
"""Half the side of the square that a plane shows; the sets fill about three quarters of it."""
MOST_POINTS, MOST_CLASSES = 20_000, 6
GAP = math.radians(70)
"""By how much both rings are open. No continuous bijection of the plane takes what a closed ring encloses out of it, so
closed rings stay inseparable by a line whatever g is; open ones can be unbent."""


def moons(u: Tensor, side: Tensor, labels: Tensor) -> Tensor:
    """Two half circles that reach into each other; u and side in [0, 1] say where along and across the arc.

    >>> moons(torch.tensor([0.5]), torch.tensor([0.5]), torch.tensor([0]))
    tensor([[-0.7500,  1.1250]])
    """
    angle = math.pi * u
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    return 1.5 * (torch.where(labels[:, None] == 0, upper, lower) - torch.tensor([0.5, 0.25]).to(u))


def rings(u: Tensor, side: Tensor, labels: Tensor) -> Tensor:
    """Two rings about one centre, both open at the bottom by `GAP`.

    >>> rings(torch.tensor([0.5, 0.5]), torch.tensor([0.5, 0.5]), torch.tensor([0, 1])).abs().round(decimals=3)
    tensor([[0.0000, 2.2000],
            [0.0000, 1.0000]])
    """
    angle = -math.pi / 2 + GAP / 2 + (2 * math.pi - GAP) * u
    return _polar(torch.where(labels == 0, 2.2, 1.0).to(u), angle)


def spiral(u: Tensor, side: Tensor, labels: Tensor) -> Tensor:
    """Two arms, each three quarters round, from radius ½ to 2½.

    >>> spiral(torch.tensor([0.0]), torch.tensor([0.5]), torch.tensor([0]))
    tensor([[0.5000, 0.0000]])
    """
    return _polar(0.5 + 2 * u, 1.5 * math.pi * u + math.pi * labels.to(u))


def checkerboard(u: Tensor, side: Tensor, labels: Tensor) -> Tensor:
    """The eight black squares of a 4×4 board; label 0 is the upper half of each column.

    >>> checkerboard(torch.tensor([0.125, 0.375]), torch.tensor([0.5, 0.5]), torch.tensor([0, 0]))
    tensor([[-1.6500,  0.5500],
            [-0.5500,  1.6500]])
    """
    column = (4 * u).floor().clamp(max=3)
    row = 2 * (1 - labels) + column % 2
    return 1.1 * torch.stack([4 * u - 2, row + side - 2], 1)


def _polar(radius: Tensor, angle: Tensor) -> Tensor:
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


SETS: dict[str, tuple[Callable[[Tensor, Tensor, Tensor], Tensor], float, tuple[str, str]]] = {
    "moons": (moons, 0.1, ("upper moon", "lower moon")),
    "rings": (rings, 0.1, ("outer ring", "inner ring")),
    "spiral": (spiral, 0.09, ("one arm", "other arm")),
    "checkerboard": (checkerboard, 0.0, ("upper squares", "lower squares")),
}
"""Name to shape, deviation of the noise that is added, names of the two classes."""


def draw_points(name: str, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`count` points of a set (N, 2) and their labels (N,), the classes equally often. ValueError for an unknown name.

    >>> x, labels = draw_points("moons", 5)
    >>> x.shape, labels
    (torch.Size([5, 2]), tensor([0, 1, 0, 1, 0]))
    """
    if name not in SETS:
        raise ValueError(f"name must be one of {', '.join(SETS)}, got {name!r}.")
    shape, noise, _ = SETS[name]
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    u, side = torch.rand(2, count, generator=generator, dtype=torch.float32)
    x = shape(u, side, labels)
    return x + noise * torch.randn(x.shape, generator=generator, dtype=torch.float32), labels


def generated(name: str, count: int = 4000, seed: int = 0) -> Dataset:
    """A set to train on and, drawn with another seed, a quarter as many points to test on.

    >>> generated("rings", 100).test_images.shape
    torch.Size([25, 2])
    """
    train = draw_points(name, count, seed)
    test = draw_points(name, max(2, count // 4), seed + 1)
    return Dataset(*train, *test, names=SETS[name][2])


def own_points(x: Tensor, labels: Tensor, classes: int, seed: int = 0) -> Dataset:
    """Points of yours (N, 2) with labels 0..classes−1 (N,), of each class a fifth kept to test on, by `seed`.

    Raises `DataError` for points that cannot be learned, and for a class of fewer than two.

    >>> own_points(torch.zeros(20, 2), torch.arange(20) % 2, classes=2).train_images.shape
    torch.Size([16, 2])
    """
    return _checked(x, labels, classes, seed, "points", lambda i: f"point {i + 1}")


def _checked(
    x: Tensor, labels: Tensor, classes: int, seed: int, whole: str, name: Callable[[int], str]
) -> Dataset:
    """`own_points`, with words for all of the points and for point i."""
    if x.dim() != 2 or x.shape[1] != 2 or labels.shape != x.shape[:1]:
        raise DataError(
            f"{whole} must be (N, 2) with one label each, got {tuple(x.shape)} and {tuple(labels.shape)}."
        )
    if not 10 <= len(x) <= MOST_POINTS:
        raise DataError(f"{whole}: between 10 and {MOST_POINTS} points are needed, got {len(x)}.")
    outside = ~(x.abs() <= VIEW).all(1)  # NaN lies nowhere
    if outside.any():
        first = int(outside.int().argmax())
        raise DataError(
            f"{name(first)} is {_shown(x[first])}; points must be finite and within ±{VIEW:g}, the square that the "
            "plane shows: divide them by their largest, or take that one out."
        )
    stray = (labels < 0) | (labels >= classes)
    if stray.any():
        first, most = int(stray.int().argmax()), int(labels.max()) + 1
        remedy = f"set --classes to {most} or correct it" if most <= MOST_CLASSES else "correct it"
        raise DataError(
            f"{name(first)} has label {int(labels[first])}; labels must be 0..{classes - 1} for --classes {classes} "
            f"(at most {MOST_CLASSES}): {remedy}."
        )
    counts = labels.long().bincount(minlength=classes)
    if counts.min() < 2:
        few = int(counts.argmin())
        raise DataError(
            f"{whole}: each class needs two points, one to train and one to test on, and "
            f"class {few} has {('none', 'one')[int(counts[few])]}; bring more or set --classes lower."
        )
    train, test = (torch.from_numpy(part) for part in split(labels.numpy(), 0.2, seed))
    x, labels = x.float(), labels.long()
    names = tuple(f"class {c}" for c in range(classes))
    return Dataset(x[train], labels[train], x[test], labels[test], names=names)


def _shown(point: Tensor) -> str:
    return f"({', '.join(f'{value:g}' for value in point.tolist())})"


def read_points(file: str | Path, classes: int, seed: int = 0) -> Dataset:
    r"""`own_points` from a text file with one point a line, "x, y, label"; without labels they are 0. Raises `DataError`.

    Spreadsheets are understood: commas, semicolons, tabs or spaces between cells, quotes, a line of headings, a comma for
    the decimal point where it does not part cells, UTF-8 and UTF-16. What cannot be read is named by file and row.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     length = Path(folder, "points.csv").write_text("x;y;label\n" + "0,5;1,0;0\n" * 10)
    ...     read_points(Path(folder, "points.csv"), classes=1).train_images[0]
    tensor([0.5000, 1.0000])
    """
    rows = read_rows(file)
    if len(rows) > MOST_POINTS:
        raise DataError(f"{file} holds {len(rows)} points, and {MOST_POINTS} are the most; leave some out.")
    if not rows:
        raise DataError(
            f"{file} holds no points; between 10 and {MOST_POINTS} are needed, x, y, label on a line."
        )
    numbers = [number for number, _ in rows]
    values = torch.tensor([cells for _, cells in rows], dtype=torch.float64)
    labels = values[:, 2] if values.shape[1] == 3 else torch.zeros(len(rows))
    broken = (labels != labels.round()) | ~labels.isfinite()
    if broken.any():
        first = int(broken.int().argmax())
        raise DataError(
            f"{file}, row {numbers[first]}: labels must be whole numbers, got {float(labels[first]):g}."
        )
    labels = labels.clamp(-1, 1e6).long()
    return _checked(values[:, :2], labels, classes, seed, str(file), lambda i: f"{file}, row {numbers[i]}")


def grid_of_view(count: int) -> Tensor:
    """count × count points spread evenly over the view, its edges among them, (count², 2).

    >>> grid_of_view(2).tolist()
    [[-3.0, -3.0], [-3.0, 3.0], [3.0, -3.0], [3.0, 3.0]]
    """
    line = torch.linspace(-VIEW, VIEW, count)
    return torch.cartesian_prod(line, line)
