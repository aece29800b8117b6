"""What the symbols of the formulas mean: a row of keys under every view, and a card for each, with a drawing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from app import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


@dataclass(frozen=True)
class Symbol:
    """A card: the key, other signs in formulas that mean it, a title, its equation, two sentences, where the paper is on it.

    `draws` is the drawing: SVG paths in a box of 120 × 60 by class, "line", "faint", "accent" or "other".
    """

    key: str
    signs: str
    title: str
    equation: str
    says: str
    section: str
    draws: tuple[tuple[str, str], ...]


SYMBOLS = (
    Symbol(
        "f",
        "f",
        *words.SYMBOL_F,
        (
            ("line", "M4 30 H20 M44 30 H52 M72 30 H80 M104 30 H116"),
            ("accent", "M20 18 H44 V42 H20 Z M80 18 H104 V42 H80 Z"),
            ("other", "M52 20 H72 V40 H52 Z"),
        ),
    ),
    Symbol(
        "g",
        "g",
        *words.SYMBOL_G,
        (
            ("accent", "M8 50 C24 46 20 22 44 16 M76 52 L104 10"),  # a bent line, and what g makes of it
            ("faint", "M8 30 C20 30 30 44 44 46 M76 22 L104 46"),
            ("line", "M52 30 H68 M63 26 L68 30 L63 34"),
        ),
    ),
    Symbol(
        "⊕",
        "⊕",
        *words.SYMBOL_ADD,
        (
            ("faint", "M12 52 C20 30 34 26 48 24 M12 52 C40 52 56 46 66 38"),
            ("line", "M48 24 C70 22 88 18 104 8 M66 38 C84 34 96 22 104 8"),
            ("accent", "M12 52 C40 44 74 34 104 8"),
        ),
    ),
    Symbol(
        "⊙",
        "⊙",
        *words.SYMBOL_SCALE,
        (
            ("faint", "M10 52 C40 50 84 36 112 6"),
            ("accent", "M10 52 C30 51 44 47 58 41"),
            ("other", "M58 41 C74 34 88 26 98 17"),
        ),
    ),
    Symbol(
        "A",
        "A",
        *words.SYMBOL_A,
        (
            ("line", "M30 8 H24 V52 H30 M90 8 H96 V52 H90"),
            ("accent", "M36 18 H48 M36 30 H48 M36 42 H48"),
            ("faint", "M54 18 H66 M54 30 H66 M54 42 H66 M72 18 H84 M72 30 H84 M72 42 H84"),
        ),
    ),
    Symbol(
        "σᵢ",
        "σ",
        *words.SYMBOL_SIGMA,
        (("accent", "M16 52 V8 M34 52 V20 M52 52 V32"), ("faint", "M70 52 V40 M88 52 V46 M106 52 V49")),
    ),
    Symbol(
        "⟨·,·⟩",
        "⟨⟩",
        *words.SYMBOL_INNER,
        (
            ("line", "M12 50 H108"),
            ("accent", "M12 50 L76 12"),
            ("faint", "M76 12 V50"),
            ("other", "M12 50 H76"),
        ),
    ),
    Symbol(
        "A⁺",
        "⁺",
        *words.SYMBOL_PINV,
        (
            ("accent", "M14 40 C40 14 80 14 104 34 M97 28 L104 34 L96 37"),
            ("other", "M104 46 C78 60 42 60 18 48 M26 47 L18 48 L23 54"),
        ),
    ),
)


def Symbols() -> gr.HTML:
    """A row of keys; one of them, or a sign in any formula of the page, opens its card."""
    template = (
        '<div class="symbols"><span></span><div class="keys" role="group"></div>'
        '<div class="card" popover="auto" role="dialog"><header><b></b><strong></strong></header>'
        '<svg viewBox="0 0 120 60" aria-hidden="true"></svg><p class="equation"></p><p class="says"></p>'
        '<p class="paper"><a target="_blank" rel="noopener"></a> <span></span></p></div></div>'
    )
    told = {"title": words.SYMBOLS, "paper": words.PAPER, "address": words.PAPER_ADDRESS}
    cards = [asdict(symbol) for symbol in SYMBOLS]
    return widget("symbols", template, elem_id="symbols", label=words.SYMBOLS, cards=cards, **told)
