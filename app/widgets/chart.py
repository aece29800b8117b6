"""Charts: figures made in Python with plotly, drawn by plotly's own script, which is fetched when the first one is seen.

A colour is named by the page's variable, "var(--lab-induced)", so that dark and light need no second figure; zoom and camera
stay where the visitor left them as long as `revision` is the same. Every chart is saved as PNG, SVG and CSV by its mode bar.
Two things are drawn without plotly, which has nothing of the kind: Spectrum's handles and the canvas of the plane.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from app import words
from app.widgets import served, widget

if TYPE_CHECKING:
    import gradio as gr

SCRIPTS = ("state", "theme", "files", "places", "still", "pictures", "overlay", "panel", "hand", "chart")
TEMPLATE = """
<div data-part="stage" class="{stage}" style="min-height: {height}"></div>
<div data-part="tools" class="tools"{tools}>
  <span data-part="legend" class="legend" role="group"></span>
  <p data-part="told" class="told space" role="status"></p>
  <button type="button" data-part="thumbnails" aria-pressed="false" hidden></button>
  <button type="button" data-part="lines" aria-pressed="false" hidden></button>
  <button type="button" data-part="by-hand" aria-pressed="false" hidden></button>
</div>
"""
AXIS = {
    "gridcolor": "var(--lab-line)",
    "linecolor": "var(--lab-line)",
    "zerolinecolor": "var(--lab-quiet)",
    "automargin": True,
}
LAYOUT = {
    "template": "none",
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "size": 12, "color": "var(--lab-text)"},
    "hoverlabel": {"bgcolor": "var(--lab-card)", "bordercolor": "var(--lab-line)"},
    "margin": {"l": 44, "r": 10, "t": 30, "b": 36},
    "modebar": {
        "bgcolor": "rgba(0,0,0,0)",
        "color": "var(--lab-quiet)",
        "activecolor": "var(--lab-induced)",
        "orientation": "h",
    },
    "legend": {"bgcolor": "rgba(0,0,0,0)"},
}
MOST_SEEN = 160  # points of a line; more cannot be seen


def Chart(
    value: dict | None = None, *, elem_id: str, label: str, height: int = 260, beside: str = ""
) -> gr.HTML:
    """One chart, or several side by side whose points belong together.

    value: from `charts(...)`, or None for nothing yet; it only ever comes from the server
    event `pick`: {"index": i}, where the charts are linked and a point was clicked
    event `taken`: {"indices": int32 as base64}, the points in a lasso or a box, none where it was taken away
    The page's event "lab:walk" with {"id": elem_id, "component": j, "steps": t, "picked": bool} draws a cross in linked
    charts, t standard deviations along component j from the mean or from the picked point; no request is made.
    `beside` is the id of `Pictures` that are drawn beside the cross, one in each chart; where their value has "at", for each
    chart None or {"path": places, "cross": place}, the cross stands there, on a path that has left the straight line.
    """
    place = {"stage": "stage paired", "height": "0", "tools": ""}  # what comes later pushes nothing away
    if not beside:
        place = {"stage": "stage", "height": f"{height}px", "tools": " hidden"}
    return widget(
        "chart",
        TEMPLATE.format(**place),
        value,
        elem_id=elem_id,
        label=label,
        scripts=SCRIPTS,
        needs=served.plotly_script(),
        height=height,
        beside=beside,
        words=words.CHART,
    )


def charts(
    figures: Sequence[go.Figure],
    name: str,
    titles: Sequence[str] = (),
    notes: Sequence[str] = (),
    linked: Mapping[str, Any] | None = None,
) -> dict:
    """The value of `Chart`. `name` is that of the files that it saves.

    `linked` says that the charts show the same points, each trace's `customdata` being their numbers from 0 to `count`; a
    trace without is lines around the class of its name, shown when asked for, and one with `meta` {"few": True} is ringed:
    {"count", "picked": number or −1, "thumbnails": on or off, "spread": of each chart along each axis, "sheets": addresses
    of sheets of thumbnails, "tile": their pixels, "columns" and "rows" of a sheet, "photos": shown as they came}.

    The text is one string: what is an object in a value, Gradio's page walks through at every event.

    >>> read(charts([figure([], "empty")], "nothing"))["figures"][0]["layout"]["uirevision"]
    'empty'
    """
    value = {
        "name": name.lower().replace(" ", "-"),
        "figures": [found.to_dict() for found in figures],
        "titles": list(titles),
        "notes": list(notes),
        "linked": dict(linked) if linked is not None else None,
    }
    return {"text": json.dumps(value, ensure_ascii=False, separators=(",", ":"))}


def read(value: dict) -> dict:
    """What `charts` was given, with plotly's figures as plain dictionaries.

    >>> read(charts([], "nothing"))["name"]
    'nothing'
    """
    return json.loads(value["text"])


def figure(traces: Sequence, revision: str, **layout: Any) -> go.Figure:
    """A figure in the lab's look; `revision` is the same as long as zoom and camera are to stay."""
    return go.Figure(list(traces), {**LAYOUT, "uirevision": revision, **layout})


def curves(lines: Sequence[tuple[Sequence[float], str, str, bool]], name: str) -> dict:
    """Positive sequences (values, name, hue, dashed), numbered from 1, both axes logarithmic; zeros are left out.

    >>> chart = read(curves([([4.0, 1.0, 0.0], "now", "induced", False)], "spectrum"))
    >>> [len(trace["x"]) for trace in chart["figures"][0]["data"]]
    [2]
    """
    traces = [_line(*line) for line in lines]
    count = max([len(values) for values, *_ in lines], default=1)
    longest = float(np.log10(max(count, 2)))
    found = figure(
        traces,
        f"{name} {count}",
        xaxis={**AXIS, "type": "log", "title": {"text": "i"}, "range": [0, longest], "dtick": 1},
        yaxis={**AXIS, "type": "log", "title": {"text": "σᵢ"}, "exponentformat": "power", "dtick": 1},
        legend={**LAYOUT["legend"], "x": 0, "y": 0, "xanchor": "left", "yanchor": "bottom"},
        showlegend=len(lines) > 1,
    )
    return charts([found], name)


def _line(values: Sequence[float], name: str, hue: str, dashed: bool) -> go.Scatter:
    count = len(values)
    shown = (
        sorted({min(round(count ** (i / MOST_SEEN)), count) - 1 for i in range(MOST_SEEN + 1)})
        if count
        else []
    )
    kept = [i for i in shown if values[i] > 0]
    return go.Scatter(
        x=[i + 1 for i in kept],
        y=[float(values[i]) for i in kept],
        name=name,
        mode="lines" if len(kept) > 1 else "markers",
        line={
            "color": f"var(--lab-{hue})",
            "width": 1.5 if dashed else 2.5,
            "dash": "dash" if dashed else "solid",
        },
        marker={"color": f"var(--lab-{hue})"},
        hovertemplate="σ%{x} = %{y:.4g}",
    )
