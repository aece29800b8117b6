"""The plane: input, latent and output as three linked canvases; the network runs in the browser.

Not drawn by plotly, which drags no points and would be slower than the network that bends the grid at every frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import words as common
from app.views.plane import SLUG, TITLE, words
from app.views.plane.standing import METHODS, MOST_STEPS, POWERS, STRONGEST, TRAINED, TURN, WEIGHT
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


SCRIPTS = (
    "math",
    "state",
    "points",
    "draw",
    "still",
    "flow",
    "modes",
    "broken",
    "frame",
    "handles",
    "keys",
    "models",
    "plane",
)
PANES = ("input", "latent", "output")
PANE = '<div class="pane" data-pane="{name}"><canvas aria-hidden="true"></canvas></div>'
FIGURE = f"<figure>{PANE}<figcaption></figcaption></figure>"
TEMPLATE = f"""
<div class="bar apart">
  <div data-part="modes" class="keys" role="group" aria-label="{words.MODE}"></div>
  <div data-part="planes" class="keys" role="group" aria-label="{words.CHOICE}"></div>
</div>
<div class="stage">{"".join(FIGURE.format(name=name) for name in PANES)}</div>
<p data-part="steps" class="steps"></p>
<p data-part="words" class="words"></p>
<p data-part="formula" class="formula"></p>
<div class="bar">
  <div data-part="controls" class="keys controls" role="group" aria-label="{words.CONTROLS}"></div>
</div>
<div class="bar apart">
  <div data-part="show" class="keys" role="group" aria-label="{words.SHOW}"></div>
  <div data-part="presets" class="keys" role="group" aria-label="{words.MORE}"></div>
</div>
"""


def _slider(key: str, text: str, low: float, high: float, step: float, digits: int = 2) -> dict:
    return {"key": key, "text": text, "low": low, "high": high, "step": step, "digits": digits}


ANGLES = [
    _slider("u", words.ANGLES[0], -TURN, TURN, 1, 0),
    _slider("v", words.ANGLES[1], -TURN, TURN, 1, 0),
]
SIGMAS = [_slider("s1", "σ₁", 0, STRONGEST, 0.01), _slider("s2", "σ₂", -STRONGEST, STRONGEST, 0.01)]
CONTROLS = {
    "add": [_slider(name, name, -WEIGHT, WEIGHT, 0.05) for name in ("a", "b")],
    "operator": [*SIGMAS, *ANGLES],
    "orbit": [_slider("p", "n", *POWERS, 0.1, 1), *SIGMAS, *ANGLES[:1]],
    "project": [],
    "flow": [_slider("t", "t", 0, 1, 0.01), _slider("steps", "N", 1, MOST_STEPS, 1, 0)],
}
PRESETS: dict[str, dict | None] = {
    "identity": {"s": [1, 1], "u": 0, "v": 0},
    "rotation": {"s": [1, 1], "u": 30, "v": 0},
    "shear": {"s": [1.618034, 0.618034], "u": 31.7175, "v": 58.2825},  # [[1, 1], [0, 1]]
    "scaling": {"s": [1.3, 0.6], "u": 0, "v": 0},
    "reflection": {"s": [1, -1], "u": 0, "v": 0},
    "projection": {"s": [1, 0], "u": 0, "v": 0},
    "trained": None,  # the A that the model came with
}


def Plane(value: dict, *, elem_id: str) -> gr.HTML:
    """Three planes that move together, without a request, while anything is dragged.

    value: `Standing.values()`; from the server also "idle", whether the opening loop may run; and with the page
    "planes", the models (`network.shipped_payload()`), so that it draws without asking for anything
    event `change`: when a hand has come to rest
    The page's event "lab:plane" with {"plane": payload, "settled": bool} shows a model that is being trained.
    """
    return widget(
        "plane",
        TEMPLATE,
        value,
        elem_id=elem_id,
        label=TITLE,
        scripts=SCRIPTS,
        planes=words.NAMES,
        modes=words.MODES,
        show=words.SHOWN,
        panes=words.PANES,
        words=words.WORDS,
        formulas=words.FORMULAS,
        parting=words.PARTING,
        methods={name: common.INTEGRATORS[name] for name in METHODS},
        steps=words.STEPS,
        breaker=f"{SLUG}-break",
        handle=words.HANDLE,
        at=words.AT,
        again=words.AGAIN,
        grow=words.GROW,
        controls=CONTROLS,
        presets=words.PRESETS,
        values=PRESETS,
        trained=TRAINED,
    )
