"""The proof meter: the measured error of each law on a logarithmic scale, green where it is rounding."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import gradio as gr

from app import captions
from app.widgets import widget

HOLDS = 1e-3  # relative error up to which float32 rounding through a deep g may be blamed


@dataclass(frozen=True)
class Law:
    """One law as measured on what is on screen: its name, its formula with the current numbers, its error."""

    name: str
    formula: str
    error: float


TEMPLATE = (
    '<div class="meter" role="group"><p class="verdict" role="status"></p><div class="laws"></div></div>'
)


def ProofMeter(slug: str) -> gr.HTML:
    """A bar for each law, from 1e-8 to 1, and a verdict in words.

    value: {"laws": [{"name", "formula", "error", "holds", "text"}], "verdict": str}
    event `settle`: 250 ms after the last `lab.touch(slug)` of the page (see `proof.Section.settles`)
    """
    return widget(
        "proof_meter", TEMPLATE, reading(()), elem_id=f"{slug}-meter", label=captions.METER, slug=slug
    )


def reading(laws: Sequence[Law]) -> dict:
    """The value of `ProofMeter` for measured laws; none yet means "measuring …"."""
    rows = [
        {**asdict(law), "error": _finite(law.error), "holds": law.error <= HOLDS, "text": number(law.error)}
        for law in laws
    ]
    if not rows:
        return {"laws": [], "verdict": captions.METER_WAIT}
    broken = [law for law in rows if not law["holds"]]
    verdict = captions.meter_broken(broken[0]["name"]) if broken else captions.METER_HOLDS
    return {"laws": rows, "verdict": verdict}


def _finite(error: float) -> float:
    return error if math.isfinite(error) else 1e9  # JSON has no infinity


def number(error: float) -> str:
    """An error as people write it.

    >>> number(3.2e-7), number(0.0), number(0.31), number(float("nan"))
    ('3.2·10⁻⁷', '0', '0.31', 'not finite')
    """
    if not math.isfinite(error):
        return captions.NOT_A_NUMBER
    if error == 0 or error >= 0.01:
        return f"{error:.2g}" if error < 1000 else f"{error:.0f}"
    digits, power = f"{error:.1e}".split("e")
    return f"{digits}·10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
