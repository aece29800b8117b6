"""The film strip: two rows of frames computed once, scrubbed in the browser without asking the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from app import words
from app.pictures import encoding
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


@dataclass(frozen=True)
class Path:
    """One row: its frames (N, C, H, W) and what was travelled up to each, in both distances, each (N,)."""

    frames: Tensor
    induced: Tensor
    pixel: Tensor


PATHS = (words.FILM_INDUCED, words.FILM_PIXEL)
TEMPLATE = """
<div class="film">
  <div class="now">
    <figure class="induced"><canvas role="img"></canvas><figcaption></figcaption></figure>
    <figure class="pixel"><canvas role="img"></canvas><figcaption></figcaption></figure>
    <div class="along"><p class="t"></p><table></table><button type="button"></button></div>
  </div>
  <div class="strip" role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="1">
    <canvas class="rows"></canvas><canvas class="chart"></canvas><i class="head"></i>
  </div>
  <p class="legend"><span class="induced"></span><span class="pixel"></span></p>
</div>
"""


def FilmStrip(
    *, elem_id: str, label: str = words.FILM, paths: tuple[str, str] = PATHS, use: str = ""
) -> gr.HTML:
    """Two paths travelled together; drag, arrow keys, Home and End move along them.

    value: see `film`; the browser keeps the position, `data-state` is the number of the frame shown
    event `use`: {"t": position in [0, 1]}, when the button `use` under the film is pressed ("": no button)
    `paths` names the two rows.
    """
    return widget(
        "film_strip",
        TEMPLATE,
        None,
        elem_id=elem_id,
        label=label,
        paths=list(paths),
        measures=[words.ALONG_INDUCED, words.ALONG_PIXEL],
        use=use,
    )


def film(induced: Path, pixel: Path) -> dict:
    """The value of `FilmStrip`: frames as bytes, distances travelled as short numbers."""
    return {
        "frames": encoding.for_browser(torch.cat([induced.frames, pixel.frames])),
        "travelled": {
            name: {"induced": _short(path.induced), "pixel": _short(path.pixel)}
            for name, path in (("induced", induced), ("pixel", pixel))
        },
    }


def _short(values: Tensor) -> list[float]:
    return [round(float(value), 4) for value in values]
