"""Figures on paper: `evaluate NAME --plots FOLDER`, and the last line of every program of the lab.

The one module of the core that draws, and the only one that imports matplotlib; `linearizer_core.plots` is loaded at first
use. Figures are plain `matplotlib.figure.Figure`s: no window, no pyplot, nothing global. `figure.savefig(FILE)` writes one.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, overload

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure, FigureBase, SubFigure
from torch import Tensor, nn

from . import files
from .data.point_sets import VIEW, grid_of_view
from .networks import InvertibleNetwork
from .precision import wide
from .spaces import decode, encode

COLOURS = (
    "#4f52d3",
    "#b85f0e",
    "#14804a",
    "#c2407e",
    "#2b7fc4",
    "#8a6d1b",
    "#c4314b",
    "#0f7f8c",
    "#7a52a8",
    "#5b6475",
)
MARKERS = "osD^vP*X<>"
"""A class has a colour and a symbol, so that no figure depends on colours alone."""
WIDTH = 8.0  # inches of a figure
TITLE: dict[str, Any] = {"fontsize": 9, "loc": "left"}

Line = tuple[Tensor, Tensor]
Onto = TypeVar("Onto", bound=FigureBase)
"""What is drawn into: a part of a figure, or a whole one, which alone can be saved."""


# --- what is drawn with ---------------------------------------------------------------------------------------
def parts(*heights: float) -> tuple[Figure, list[SubFigure]]:
    """A figure in parts below each other, so many inches high, to draw `into`.

    >>> figure, (above, below) = parts(1, 2)
    >>> spectrum({"A": torch.ones(3)}, below) is below
    True
    """
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    return figure, list(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0])


@overload
def pictures(rows: Mapping[str, Tensor], into: None = None, columns: Sequence[str] = ()) -> Figure: ...
@overload
def pictures(rows: Mapping[str, Tensor], into: Onto, columns: Sequence[str] = ()) -> Onto: ...
def pictures(
    rows: Mapping[str, Tensor], into: FigureBase | None = None, columns: Sequence[str] = ()
) -> FigureBase:
    """Rows of pictures under their names, in one scale; `columns` name the pictures of the last row.

    Each row is (B, C, H, W), or one picture (C, H, W), with 1 or 3 channels in [0, 1]; what lies outside is clipped.
    ValueError for other shapes.

    >>> figure = pictures({"x": torch.rand(4, 1, 8, 8), "f(x)": torch.rand(3, 8, 8)})
    >>> [axes.get_title("left") for axes in figure.axes]
    ['x', 'f(x)']
    """
    sheets = {name: _sheet(name, row) for name, row in rows.items()}
    most = max(len(row) if row.dim() == 4 else 1 for row in rows.values())
    widths = {name: most * rows[name].shape[-1] + (most - 1) * _gap(rows[name]) for name in rows}
    shares = [sheet.shape[0] / widths[name] for name, sheet in sheets.items()]
    scale = min(WIDTH, most * max(1.3, max(row.shape[-1] for row in rows.values()) / 100))
    figure = into or _figure(height=sum(share * scale + 0.3 for share in shares), width=max(scale, 2.5))
    found = figure.subplots(len(sheets), 1, squeeze=False, height_ratios=[s * scale + 0.3 for s in shares])
    for axes, (name, sheet) in zip(found[:, 0], sheets.items()):
        axes.imshow(sheet, interpolation="nearest")
        axes.set(xlim=(-0.5, widths[name] - 0.5), anchor="W", xticks=[], yticks=[])
        axes.set_title(name, **TITLE)
        axes.spines[:].set_visible(False)
    if columns:
        side, gap = rows[name].shape[-1], _gap(rows[name])
        middles = [side / 2 + i * (side + gap) for i in range(len(columns))]
        found[-1, 0].set_xticks(middles, columns, fontsize=8)
        found[-1, 0].tick_params(length=0)
    return figure


def _gap(row: Tensor) -> int:
    return max(1, row.shape[-1] // 16)


def _sheet(name: str, row: Tensor) -> np.ndarray:
    """The pictures of a row beside each other as bytes (H, …, 4), transparent between them."""
    row = row.detach().cpu().float()
    row = row[None] if row.dim() == 3 else row
    if row.dim() != 4 or row.shape[1] not in (1, 3) or not len(row):
        raise ValueError(
            f"{name} must be pictures of shape (B, 1, H, W) or (B, 3, H, W), got {tuple(row.shape)}; reshape them."
        )
    colours = torch.cat([row.nan_to_num().clamp(0, 1).expand(-1, 3, -1, -1), torch.ones_like(row[:, :1])], 1)
    padded = nn.functional.pad(colours, (0, _gap(row)))
    return (padded.permute(2, 0, 3, 1).flatten(1, 2)[:, : -_gap(row)] * 255).round().byte().numpy()


@overload
def spectrum(values: Mapping[str, Tensor], into: None = None) -> Figure: ...
@overload
def spectrum(values: Mapping[str, Tensor], into: Onto) -> Onto: ...
def spectrum(values: Mapping[str, Tensor], into: FigureBase | None = None) -> FigureBase:
    """Singular values, a line for each name, against their place from 1 on; logarithmic where they span decades.

    >>> figure = spectrum({"A": torch.tensor([4.0, 2.0, 0.0])})
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [4.0, 2.0, 0.0]
    """
    lines = {name: (torch.arange(1, len(s) + 1), s) for name, s in values.items()}
    figure = curves(lines, "place i", "singular value σᵢ", into)
    everything = torch.cat([wide(s.detach().cpu()) for s in values.values()])
    if len(everything) and everything.min() > 0 and everything.max() > 30 * everything.min():
        figure.gca().set_yscale("log")
    return figure


@overload
def curves(lines: Mapping[str, Line], x: str, y: str, into: None = None) -> Figure: ...
@overload
def curves(lines: Mapping[str, Line], x: str, y: str, into: Onto) -> Onto: ...
def curves(lines: Mapping[str, Line], x: str, y: str, into: FigureBase | None = None) -> FigureBase:
    """Lines (N,) over (N,) by name, the axes named `x` and `y`; x is logarithmic where it spans decades.

    >>> figure = curves({"pixels": (torch.tensor([1, 64]), torch.tensor([10.0, 24.0]))}, "rank", "dB")
    >>> figure.axes[0].get_xscale()
    'log'
    """
    figure = into or _figure(height=3.2)
    axes = figure.subplots()
    for i, (name, line) in enumerate(lines.items()):
        over, along = (v.detach().cpu().numpy() for v in line)
        marker = MARKERS[i % len(MARKERS)] if len(over) <= 32 else None
        style: dict[str, Any] = {"marker": marker, "markersize": 4, "linewidth": 1.5}
        axes.plot(over, along, label=name, color=COLOURS[i % len(COLOURS)], **style)
    if max((len(over) and float(over.max()) for over, _ in lines.values()), default=0) > 30:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    places = max((over.tolist() for over, _ in lines.values()), key=len, default=[])
    if 0 < len(places) <= 12:
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.minorticks_off()
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    return figure


@overload
def scatter(
    spaces: Mapping[str, Tensor],
    labels: Tensor | None = None,
    names: Sequence[str] = (),
    into: None = None,
) -> Figure: ...
@overload
def scatter(
    spaces: Mapping[str, Tensor], labels: Tensor | None = None, names: Sequence[str] = (), *, into: Onto
) -> Onto: ...
@overload
def scatter(
    spaces: Mapping[str, Tensor], labels: Tensor | None, names: Sequence[str], into: Onto
) -> Onto: ...
def scatter(
    spaces: Mapping[str, Tensor],
    labels: Tensor | None = None,
    names: Sequence[str] = (),
    into: FigureBase | None = None,
) -> FigureBase:
    """The same points in several planes or spaces beside each other, (N, 2) or (N, 3) each, by title.

    Classes differ by colour and symbol. `labels` (N,) of more kinds than there are symbols, and without `names`, are taken
    for numbers and coloured along a scale; −1 is no label.

    >>> figure = scatter({"z": torch.rand(4, 2), "x": torch.rand(4, 2)}, torch.tensor([0, 1, 1, 0]), ["cat", "dog"])
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['cat', 'dog']
    """
    figure = into or _figure(height=WIDTH / max(2, len(spaces)))
    first = next(iter(spaces.values()))
    deep = {"projection": "3d"} if first.shape[1] == 3 else None
    found = figure.subplots(1, len(spaces), squeeze=False, subplot_kw=deep)[0]
    labels = torch.zeros(len(first)).long() if labels is None else labels.cpu()
    kinds = labels.unique().tolist()
    scaled = len(kinds) > len(MARKERS) and not names
    drawn = None
    for axes, (title, space) in zip(found, spaces.items()):
        points = space.detach().cpu().numpy()
        if scaled:
            drawn = axes.scatter(*points.T, c=labels.numpy(), s=12, cmap="viridis", rasterized=True)
        for kind in () if scaled else kinds:
            some, size = points[(labels == kind).numpy()], 12 if len(first) > 100 else 30
            style = {**_style(kind), "s": size, "linewidths": 0, "alpha": 0.75, "rasterized": True}
            axes.scatter(*some.T, label=_name(kind, names), **style)
        axes.set_title(title, **TITLE)
        axes.set_aspect("equal", "box" if deep else "datalim")
        axes.tick_params(labelsize=8)
    if drawn is not None:
        figure.colorbar(drawn, ax=list(found))
    elif len(kinds) > 1:
        figure.legend(
            *found[0].get_legend_handles_labels(), loc="outside right center", fontsize=8, markerscale=2
        )
    return figure


def _name(kind: int, names: Sequence[str]) -> str:
    return names[kind] if 0 <= kind < len(names) else "no label" if kind == -1 else str(kind)


def _style(kind: int) -> dict[str, str]:
    """A colour and a symbol; a hundred kinds differ in one of them."""
    symbol = kind + kind // len(MARKERS)
    return {"color": COLOURS[kind % len(COLOURS)], "marker": MARKERS[symbol % len(MARKERS)]}


@overload
def plane(
    g: InvertibleNetwork,
    points: Mapping[str, Tensor],
    lines: Mapping[str, Tensor] = {},
    into: None = None,
) -> Figure: ...
@overload
def plane(
    g: InvertibleNetwork, points: Mapping[str, Tensor], lines: Mapping[str, Tensor] = {}, *, into: Onto
) -> Onto: ...
@overload
def plane(
    g: InvertibleNetwork, points: Mapping[str, Tensor], lines: Mapping[str, Tensor], into: Onto
) -> Onto: ...
def plane(
    g: InvertibleNetwork,
    points: Mapping[str, Tensor],
    lines: Mapping[str, Tensor] = {},
    into: FigureBase | None = None,
) -> FigureBase:
    """The plane that g bends, beside the one it straightens: the same grid in both, and points (N, 2), (2,) by name.

    `lines` (N, 2) are joined in their order. All are points of the plane x; what is on the right is their latents g(x).

    >>> from linearizer_core.networks import Flatten
    >>> figure = plane(Flatten((2,)), {"x": torch.tensor([1.0, 2.0])}, {"line": torch.rand(5, 2)})
    >>> [axes.get_title("left") for axes in figure.axes]
    ['the plane x', 'the latent plane z = g(x)']
    """
    figure = into or _figure(height=WIDTH / 2 + 0.6)
    left, right = figure.subplots(1, 2)
    with torch.no_grad():
        grid = _grid(g)
        for straight, bent in zip(grid, decode(g, grid)):
            for axes, line in ((left, bent), (right, straight)):
                axes.plot(*_xy(line), color="#9ba5b8", linewidth=0.6, zorder=1)
        for i, (name, some) in enumerate({**points, **lines}.items()):
            some = some.reshape(-1, 2)
            few = name in lines or len(some) <= 20
            style = {"color": COLOURS[i % len(COLOURS)], "zorder": 2 + (few and name in points)}
            mark = "" if name in lines else MARKERS[i % len(MARKERS)]
            shown = {"marker": mark, "linestyle": "-" if name in lines else "", "markersize": 6 if few else 2}
            for axes, at in ((left, some), (right, encode(g, some))):
                axes.plot(*_xy(at), label=name, **shown, **style)
    left.set(xlim=(-VIEW, VIEW), ylim=(-VIEW, VIEW), aspect="equal")
    right.set_aspect("equal", "datalim")
    left.set_title("the plane x", **TITLE)
    right.set_title("the latent plane z = g(x)", **TITLE)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8)
    return figure


def _grid(g: InvertibleNetwork, lines: int = 21, steps: int = 200) -> Tensor:
    """Straight lines of the latent plane over all that the view maps to, (2·lines, steps, 2)."""
    like = next(g.parameters(), next(g.buffers(), torch.zeros(1)))
    z = encode(g, grid_of_view(41).to(like))
    (low, high) = z.amin(0), z.amax(0)
    across, along = (
        torch.linspace(0, 1, count).to(z)[:, None] * (high - low) + low for count in (lines, steps)
    )
    upright = torch.stack(torch.broadcast_tensors(across[:, None, 0], along[None, :, 1]), -1)
    level = torch.stack(torch.broadcast_tensors(along[None, :, 0], across[:, None, 1]), -1)
    return torch.cat([upright, level])


def _xy(points: Tensor) -> np.ndarray:
    return points.detach().cpu().numpy().T


def _figure(height: float, width: float = WIDTH) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


# --- files ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Plot:
    """A figure of a model, the name of its files, and the sentence below it.

    >>> Plot("spectrum", spectrum({"A": torch.ones(3)}), "Three ones.").caption
    'Three ones.'
    """

    name: str
    figure: Figure
    caption: str


def write(folder: Path, plots: Sequence[Plot]) -> list[Path]:
    """Each figure as NAME.png and NAME.svg, and captions.md, which a model card can take as it is; the files written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in write(Path(folder), [Plot("a", spectrum({"A": torch.ones(2)}), "Ones.")])]
    ['a.png', 'a.svg', 'captions.md']
    """
    files.check_writable(folder)
    contents = {
        folder / f"{plot.name}.{kind}": rendered(plot.figure, kind)
        for plot in plots
        for kind in ("png", "svg")
    }
    text = "\n".join(f"![{plot.name}]({plot.name}.png)\n\n{plot.caption}\n" for plot in plots)
    contents[folder / "captions.md"] = text.encode("utf-8")
    files.write(contents)
    return list(contents)


def rendered(figure: Figure, kind: str) -> bytes:
    """The figure as the bytes of a "png" or "svg" file, the same for the same figure.

    >>> rendered(spectrum({"A": torch.ones(2)}), "png")[1:4]
    b'PNG'
    """
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "linearizer"}):
        figure.savefig(content, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    return content.getvalue()
