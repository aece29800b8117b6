"""Where a class lies densest: lines around a quarter, a half and three quarters of its points."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from scipy.ndimage import gaussian_filter

CELLS = 48  # along a side of the grid
LEAST = 12  # points that have a density
SHADES = 200  # a line's place to half a per cent
LEVELS = {"start": SHADES / 4, "end": 3 * SHADES / 4, "size": SHADES / 4}


def contours(points: np.ndarray, name: str, colour: str) -> go.Contour | None:
    """Lines in a class's colour, not shown at first; None for too few points, or points that do not fill an area."""
    if len(points) < LEAST or not np.ptp(points, axis=0).all():
        return None
    x, y, inside = highest_density(points)
    return go.Contour(
        x=x,
        y=y,
        z=np.round(SHADES * inside).astype(np.uint8),
        name=name,
        visible=False,
        showscale=False,
        showlegend=False,
        hoverinfo="skip",
        contours={"coloring": "none", **LEVELS},
        line={"color": colour, "width": 2},
    )


def highest_density(points: np.ndarray, cells: int = CELLS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (k,), y (k,), and z (k, k): the share of the points (N, 2) that lie where the density is at most that of the cell.

    So the line z = ½ encloses half of them in the smallest area (Hyndman 1996, highest density regions). The density is
    a histogram, smoothed by a Gaussian as wide as Scott's rule says, σ N^(−1/6).

    >>> x, y, z = highest_density(np.random.default_rng(0).normal(size=(5000, 2)))
    >>> radius = np.hypot(*np.meshgrid(x, y))
    >>> bool(1.05 < radius[z > 0.5].max() < 1.35)  # of a normal law √(2 ln 2) = 1.18
    True
    """
    width = points.std(0) * len(points) ** (-1 / 6)
    low, high = points.min(0) - 3 * width, points.max(0) + 3 * width
    counts, *edges = np.histogram2d(*points.T, bins=cells, range=list(zip(low, high)))
    density = gaussian_filter(counts, width * cells / (high - low), mode="constant").T
    order = np.argsort(density, axis=None)
    below = np.empty(density.size)
    below[order] = np.cumsum(density.ravel()[order]) / density.sum()
    x, y = ((edge[:-1] + edge[1:]) / 2 for edge in edges)
    return x, y, below.reshape(density.shape)
