"""Curves: a few positive sequences on a logarithmic scale, as a picture in SVG; a finger's worth of code, no library."""

import math
from collections.abc import Sequence

from app import words

WIDTH, HEIGHT = 560, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 22
LINE = '<polyline fill="none" stroke="var(--lab-{hue})" stroke-width="{width}" {dashes} points="{points}"/>'
TEXT = '<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{text}</text>'
GRID = '<line x1="{x1:.0f}" x2="{x2:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>'
STYLE = "font-size:12px;fill:var(--lab-quiet);stroke:none;font-variant-numeric:tabular-nums"
SAMPLES = 160  # points of a line; more cannot be seen


def curves(lines: Sequence[tuple[Sequence[float], str, bool]], label: str) -> str:
    """SVG of sequences (values, hue, dashed), numbered from 1 on a logarithmic axis; zeros are left out.

    >>> curves([([4.0, 1.0, 0.0], "induced", False)], "spectrum").count("<polyline")
    1
    """
    found = [value for values, _, _ in lines for value in values if value > 0]
    low, high = _decades(found)
    count = max([len(values) for values, _, _ in lines], default=1)
    drawn = "".join(_line(*line, (low, high), count) for line in lines)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" style="width:100%;display:block">'
        f'<g stroke="var(--lab-line)">{_rules(low, high)}</g>'
        f'{drawn}<g style="{STYLE}">{_words(low, high, count)}</g></svg>'
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that enclose the values; at most six of them."""
    if not values:
        return -1, 1
    high = math.ceil(math.log10(max(values)))
    low = math.floor(math.log10(min(values)))
    return max(min(low, high - 1), high - 6), high


def _x(index: int, count: int) -> float:
    share = math.log(index + 1) / math.log(count) if count > 1 else 0
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(value: float, low: int, high: int) -> float:
    share = (math.log10(value) - low) / (high - low)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _line(values: Sequence[float], hue: str, dashed: bool, decades: tuple[int, int], count: int) -> str:
    shown = sorted({min(round(count ** (i / SAMPLES)), len(values)) - 1 for i in range(SAMPLES + 1)})
    points = [(i, values[i]) for i in shown if values[i] >= 10.0 ** decades[0]]
    text = " ".join(f"{_x(i, count):.1f},{_y(value, *decades):.1f}" for i, value in points)
    dashes = 'stroke-dasharray="5 5"' if dashed else ""
    return LINE.format(hue=hue, width=1.5 if dashed else 2.5, dashes=dashes, points=text)


def _rules(low: int, high: int) -> str:
    return "".join(
        GRID.format(x1=LEFT, x2=WIDTH - RIGHT, y=_y(10.0**power, low, high)) for power in range(low, high + 1)
    )


def _words(low: int, high: int, count: int) -> str:
    every = 1 if high - low <= 4 else 2
    marks = [
        TEXT.format(x=LEFT - 8, y=_y(10.0**power, low, high) + 4, anchor="end", text=f"{10.0**power:g}")
        for power in range(low, high + 1, every)
    ]
    numbers = [10**power for power in range(int(math.log10(count)) + 1)]
    if count > 1.5 * numbers[-1]:
        numbers.append(count)
    anchors = ["start", *["middle"] * (len(numbers) - 2), "end"][-len(numbers) :]
    marks += [
        TEXT.format(x=_x(number - 1, count), y=HEIGHT - 4, anchor=anchor, text=f"σ{words.subscript(number)}")
        for number, anchor in zip(numbers, anchors)
        if number == count or _x(number - 1, count) < WIDTH - RIGHT - 60
    ]
    return "".join(marks)
