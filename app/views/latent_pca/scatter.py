"""Figures of a cloud: the same pictures as points of both spaces, and how much of the variance each component explains.

The pictures travel as sheets of thumbnails, which the page fetches when it shows one; a click sends back a number.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from app.pictures import encoding
from app.views.latent_pca import density, words
from app.widgets import served
from app.widgets.chart import AXIS, LAYOUT, charts, figure

COLOURS = (
    "#4e79a7",
    "#f28e2b",
    "#e15759",
    "#56b4c4",
    "#59a14f",
    "#d4a600",
    "#b07aa1",
    "#ff7fa7",
    "#9c755f",
    "#8a8f98",
)
FLAT_SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "cross",
    "x",
    "triangle-up",
    "triangle-down",
    "star",
    "pentagon",
    "hexagon",
)
DEEP_SYMBOLS = (  # all that plotly has in three dimensions
    "circle",
    "square",
    "diamond",
    "cross",
    "x",
    "circle-open",
    "square-open",
    "diamond-open",
)
TILE = 20  # pixels of a thumbnail of a digit
PHOTO_TILE = 32
MANY = 5000  # points that can be large
CROWD = 200  # points in which a few are lost
FEW = 11  # of a class that nobody would find among many, unless they are larger and ringed
SIDE = 64  # thumbnails along a side of a sheet


@dataclass(frozen=True)
class Panel:
    """One space: its title, what is said beside it, the axes' names, the spread along each, points (N, 2) or (N, 3)."""

    title: str
    note: str
    axes: Sequence[str]
    spread: Sequence[float]
    points: np.ndarray


@dataclass(frozen=True)
class Sheets:
    """Addresses of sheets of square thumbnails, `SIDE` × `SIDE` of them in each, and what they look like."""

    addresses: tuple[str, ...]
    tile: int
    photos: bool


def sheets(pixels: np.ndarray) -> Sheets:
    """Pictures (N, H, W) or (N, H, W, 3), uint8, as sheets that the page can fetch; photographs as JPEG."""
    photos = pixels.ndim == 4 or pixels.shape[1] > encoding.SIDE
    tile = PHOTO_TILE if photos else TILE
    found = [sheet(pixels[i : i + SIDE**2], tile) for i in range(0, len(pixels), SIDE**2)]
    kind, packed = ("jpg", encoding.jpeg_bytes) if photos else ("png", encoding.png_bytes)
    return Sheets(tuple(served.PICTURES.put(packed(each), kind) for each in found), tile, photos)


def sheet(pixels: np.ndarray, tile: int = TILE) -> np.ndarray:
    """At most `SIDE`² pictures as one picture of square thumbnails, `SIDE` in a row, as many rows as are needed."""
    rows = max(1, math.ceil(len(pixels) / SIDE))
    found = np.zeros((rows, tile, SIDE, tile, *pixels.shape[3:]), np.uint8)
    _fill(found, pixels)
    return found.reshape(rows * tile, SIDE * tile, *pixels.shape[3:])


def _fill(sheet: np.ndarray, pixels: np.ndarray, first: int = 0) -> None:
    """Puts the pictures, as thumbnails, into the places of a sheet (rows, tile, SIDE, tile, …) from `first` on."""
    side = sheet.shape[1]
    for i, picture in enumerate(pixels, first):
        small = Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR)
        sheet[i // SIDE, :, i % SIDE] = small


def extended(png: bytes, count: int, pixels: np.ndarray, tile: int = TILE) -> bytes:
    """A sheet of `count` thumbnails, a PNG file, with these pictures behind them."""
    held = np.asarray(Image.open(io.BytesIO(png)))
    rows = math.ceil((count + len(pixels)) / SIDE)
    found = np.zeros((rows, tile, SIDE, tile), np.uint8)
    found[: len(held) // tile] = held.reshape(-1, tile, SIDE, tile)
    _fill(found, pixels, count)
    return encoding.png_bytes(found.reshape(rows * tile, SIDE * tile))


def scatters(
    panels: Sequence[Panel],
    groups: Sequence[tuple[str, np.ndarray]],
    pictures: Sheets,
    revision: str,
    picked: int = -1,
) -> dict:
    """The value of the linked charts. `groups` are names with the numbers of their points; a point in none is not shown.

    ValueError where the counts or the dimensions differ.
    """
    dims = {len(panel.axes) for panel in panels} | {np.shape(panel.points)[1] for panel in panels}
    counts = {len(panel.points) for panel in panels}
    if len(counts) != 1 or len(dims) != 1 or not dims <= {2, 3}:
        raise ValueError(
            "scatters needs as many points in every panel, in 2-D or 3-D; "
            f"got counts {sorted(counts)} and dimensions {sorted(dims)}."
        )
    (count,) = counts
    linked = {
        "count": count,
        "picked": picked,
        "thumbnails": bool(pictures.addresses),
        "spread": [list(panel.spread) for panel in panels],
        "sheets": list(pictures.addresses),
        "tile": pictures.tile,
        "columns": SIDE,
        "rows": SIDE,
        "photos": pictures.photos,
    }
    figures = [_scatter(panel, groups, f"{revision} {number}") for number, panel in enumerate(panels)]
    titles, notes = ([getattr(panel, name) for panel in panels] for name in ("title", "note"))
    return charts(figures, words.FILE, titles, notes, linked)


def _scatter(panel: Panel, groups: Sequence[tuple[str, np.ndarray]], revision: str) -> go.Figure:
    """Points of a class after the other; on a plane also the lines of their densities, in the same order."""
    deep = len(panel.axes) == 3
    points = np.ascontiguousarray(panel.points, dtype=np.float32)
    traces, lines = [], []
    for k, (name, members) in enumerate(groups):
        few = len(members) <= FEW and len(points) >= CROWD
        own = {**_sign(k, deep), "size": _size(len(points), deep)}
        if few:
            own |= {"color": "var(--lab-text)", "size": 12}
        along = {axis: points[members, d] for d, axis in enumerate("xyz"[: len(panel.axes)])}
        look = {"mode": "markers", "marker": own, "name": name, "hoverinfo": "none", "showlegend": False}
        look["meta"] = {"few": few}
        numbers = np.asarray(members, np.int32)
        traces.append((go.Scatter3d if deep else go.Scattergl)(customdata=numbers, **along, **look))
        lines.append(None if deep else density.contours(points[members], name, own["color"]))
    drawn = [*traces, *filter(None, lines)]
    return figure(drawn, revision, **(_deep(panel) if deep else _flat(panel)))


def _sign(k: int, deep: bool) -> dict[str, str]:
    """Colour and symbol of the k-th class; a hundred differ in one of them."""
    symbols = DEEP_SYMBOLS if deep else FLAT_SYMBOLS
    place = k + k // len(COLOURS)
    return {"color": COLOURS[k % len(COLOURS)], "symbol": symbols[place % len(symbols)]}


def _size(count: int, deep: bool) -> float:
    if count > MANY:
        return 2 if deep else 3
    return 3.5 if deep else 7


def _flat(panel: Panel) -> dict:
    x, y = ({**AXIS, "title": {"text": axis, "standoff": 6}} for axis in panel.axes)
    look = {"dragmode": "pan", "hovermode": "closest", "hoverdistance": 16, "clickmode": "event"}
    look["modebar"] = {
        **LAYOUT["modebar"],
        "orientation": "v",
    }  # beside the cloud: height is scarce, width is not
    look["margin"] = {**LAYOUT["margin"], "t": 8, "r": 36}
    return {"xaxis": x, "yaxis": {**y, "scaleanchor": "x", "scaleratio": 1}, **look}


def _deep(panel: Panel) -> dict:
    look = {"gridcolor": "var(--lab-line)", "zerolinecolor": "var(--lab-quiet)", "showbackground": False}
    axes = {f"{axis}axis": {**look, "title": {"text": name}} for axis, name in zip("xyz", panel.axes)}
    scene = {
        **axes,
        "aspectmode": "data",
        "dragmode": "turntable",
        "camera": {"eye": {"x": 1.2, "y": 1.2, "z": 0.8}},
    }
    return {"scene": scene, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}}


def variance(latent: Sequence[float], pixel: Sequence[float], revision: str) -> dict:
    """The value of the chart of explained variance: a pair of bars for each component, and the sums so far as lines."""
    traces = []
    for name, hue, ratios in ((words.LATENTS, "induced", latent), (words.PIXELS, "pixel", pixel)):
        colour, numbers = f"var(--lab-{hue})", list(range(1, len(ratios) + 1))
        said = {"x": numbers, "name": name, "hovertemplate": "c%{x}: %{y:.1%}"}
        traces.append(go.Bar(y=list(ratios), marker={"color": colour}, **said))
        total = np.cumsum(ratios).tolist()
        so_far = {**said, "name": words.so_far(name), "hovertemplate": "c1–c%{x}: %{y:.1%}"}
        traces.append(go.Scatter(y=total, mode="lines", line={"color": colour, "width": 2}, **so_far))
    axes = {
        "xaxis": {**AXIS, "title": {"text": words.COMPONENT}},
        "yaxis": {**AXIS, "tickformat": ".0%", "range": [0, 1]},
    }
    legend = {**LAYOUT["legend"], "x": 1, "y": 0.5, "xanchor": "right", "yanchor": "middle"}
    look = {"barmode": "group", "bargap": 0.2, "hovermode": "x unified", "legend": legend}
    return charts([figure(traces, revision, **axes, **look)], words.VARIANCE)
