"""In every view: beside the stage the proof meter and the switch that breaks the law; Python for this view, the link."""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import gradio as gr

from app import words
from app.listening import TICK, Named, leaving, listen
from app.widgets.link import Link, address
from app.widgets.proof_meter import ProofMeter, Settled, reading

_turns = itertools.count(1)


@dataclass(frozen=True)
class Section:
    """The components made by `meter` and `program`, which stand in two places."""

    slug: str
    broken: gr.Checkbox
    meter: gr.HTML
    python: gr.Markdown
    link: gr.HTML

    def settles(
        self, triggers: Sequence[Callable], fn: Callable[..., Settled | Mapping], inputs: Named
    ) -> None:
        """Call `fn(broken=…, **inputs)` 250 ms after the last of `triggers`, and show what it returns.

        The triggers only run a line of script in the browser: a drag costs the server its ticks and one
        measurement at the end.
        """
        gr.on([*triggers, self.broken.change], None, js=touch(self.slug))
        shown = {"meter": self.meter, "python": self.python, "link": self.link}
        measured = functools.wraps(fn)(lambda **values: _values(fn(**values)))
        leaves = leaving(f"lab.address.measures('{self.slug}')")
        listen(self.meter.settle, measured, {"broken": self.broken, **inputs}, shown, js=leaves, **TICK)


def _values(settled: Settled | Mapping) -> dict:
    """A `Settled` by name; "measuring …" for what a view that is not filled yet returns."""
    if not isinstance(settled, Settled):
        return {"meter": reading(()), "python": "", "link": address("")}
    link = address(settled.link, "" if settled.link else words.NO_LINK, words.STAYS if settled.stays else "")
    turn = {"turn": next(_turns)}  # the page is told only of what differs from what it shows
    meter = reading(settled.laws) | turn
    return {"meter": meter, "python": highlighted(settled.python), "link": link | turn}


def touch(slug: str) -> str:
    """The script that tells a view's proof meter that something on screen has changed."""
    return f"() => {{ document.dispatchEvent(new CustomEvent('lab:touch', {{ detail: '{slug}' }})); }}"


def meter(slug: str, break_label: str = words.BREAK_ADD) -> tuple[gr.Checkbox, gr.HTML]:
    """The proof meter and its switch, for the card of the stage: the first half of a `Section`."""
    with gr.Column(elem_classes="lab-proof"):
        look = {"elem_id": f"{slug}-break", "elem_classes": "lab-switch", "container": False}
        return gr.Checkbox(False, label=break_label, **look), ProofMeter(slug)


def highlighted(python: str) -> str:
    """A program as Markdown, which Gradio colours by classes that keep their names; those of its editor have none.

    >>> highlighted("f = lc.load(name)")
    '```python\\nf = lc.load(name)\\n```'
    """
    return f"```python\n{python}\n```"


def program(slug: str) -> tuple[gr.Markdown, gr.HTML]:
    """Python for this view and the link to it: the second half of a `Section`."""
    with gr.Accordion(words.PYTHON, open=False, elem_id=f"{slug}-python-fold", elem_classes="lab-fold"):
        python = gr.Markdown("", latex_delimiters=[], elem_id=f"{slug}-python", elem_classes="lab-program")
    return python, Link(slug)
