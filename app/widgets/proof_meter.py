"""The proof meter: the measured error of each law on a logarithmic scale, green where it is rounding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from app import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


HOLDS = 1e-3  # relative error up to which float32 rounding through a deep g may be blamed


@dataclass(frozen=True)
class Law:
    """One law as measured on what is on screen: its name, its formula with the current numbers, its error."""

    name: str
    formula: str
    error: float


@dataclass(frozen=True)
class Settled:
    """A view at rest: its laws as measured, the program that reproduces it, the link that restores it.

    `stays` where something on screen cannot travel in the link, and the lab's own takes its place there.
    """

    laws: Sequence[Law]
    python: str
    link: str
    stays: bool = False


TEMPLATE = (
    '<div class="meter" role="group"><details><summary><span class="verdict" role="status"></span></summary>'
    '<div class="laws"></div></details></div>'
)


def ProofMeter(slug: str) -> gr.HTML:
    """A verdict in words, and under it, folded where there is little room, a bar for each law, from 1e-8 to 1.

    value: {"laws": [{"name", "formula", "error", "holds", "text"}], "verdict": str}
    event `settle`: 250 ms after the last `lab.touch(slug)` of the page (see `proof.Section.settles`)
    """
    name = {"elem_id": f"{slug}-meter", "label": words.METER}
    return widget("proof_meter", TEMPLATE, reading(()), **name, slug=slug, broken=words.METER_BROKEN)


def reading(laws: Sequence[Law]) -> dict:
    """The value of `ProofMeter` for measured laws; none yet means "measuring …"."""
    rows = [
        {
            **asdict(law),
            "error": _finite(law.error),
            "holds": law.error <= HOLDS,
            "text": words.number(law.error),
        }
        for law in laws
    ]
    if not rows:
        return {"laws": [], "verdict": words.METER_WAIT}
    broken = [law for law in rows if not law["holds"]]
    verdict = words.meter_broken(broken[0]["name"]) if broken else words.METER_HOLDS
    return {"laws": rows, "verdict": verdict}


def _finite(error: float) -> float:
    return error if math.isfinite(error) else 1e9  # JSON has no infinity
