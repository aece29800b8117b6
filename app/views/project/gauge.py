"""A gauge: one number on a line from 0, and on it the stretch where such numbers usually lie."""

import plotly.graph_objects as go

from app.widgets.chart import charts, figure

LOOK = {"bgcolor": "var(--lab-soft)", "borderwidth": 0, "shape": "bullet"}
HEIGHT = 64  # pixels


def gauge(value: float, usual: tuple[float, float], label: str) -> dict:
    """The value of the chart; the line is three times as long as the usual stretch reaches, or as long as the number needs.

    >>> from app.widgets.chart import read
    >>> read(gauge(2.0, (1.0, 1.5), "distance"))["figures"][0]["data"][0]["gauge"]["axis"]["range"]
    [0, 4.5]
    """
    end = max(3 * usual[1], 1.05 * value, 1e-9)
    shown = go.Indicator(
        value=value,
        mode="gauge",
        gauge={
            **LOOK,
            "axis": {"range": [0, end], "tickcolor": "var(--lab-quiet)"},
            "bar": {"color": "var(--lab-induced)", "thickness": 0.35},
            "steps": [{"range": list(usual), "color": "var(--lab-good)"}],
        },
    )
    return charts([figure([shown], label, margin={"l": 10, "r": 10, "t": 14, "b": 24})], label)
