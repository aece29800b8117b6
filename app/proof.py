"""Under every view: the proof meter, the switch that breaks the law, Python for this view, the link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr

from app import captions
from app.widgets.link import Link
from app.widgets.proof_meter import Law, ProofMeter, reading


@dataclass(frozen=True)
class Settled:
    """A view at rest: its laws as measured, the program that reproduces it, the link that restores it."""

    laws: Sequence[Law]
    python: str
    link: str


@dataclass(frozen=True)
class Section:
    """The components made by `section`."""

    slug: str
    broken: gr.Checkbox
    meter: gr.HTML
    python: gr.Code
    link: gr.HTML

    def settles(
        self,
        triggers: Sequence[Callable],
        fn: Callable[..., Settled],
        inputs: Sequence[gr.components.Component],
    ) -> None:
        """Call `fn(broken, *inputs)` 250 ms after the last of `triggers`, and show what it returns.

        The triggers only run a line of script in the browser: a drag costs the server its ticks and one
        measurement at the end.
        """
        gr.on([*triggers, self.broken.change], None, js=touch(self.slug))
        self.meter.settle(
            lambda *values: shown(fn(*values)),
            [self.broken, *inputs],
            [self.meter, self.python, self.link],
            trigger_mode="always_last",
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )


def touch(slug: str) -> str:
    """The script that tells a view's proof meter that something on screen has changed."""
    return f"() => {{ document.dispatchEvent(new CustomEvent('lab:touch', {{ detail: '{slug}' }})); }}"


def shown(settled: Settled) -> tuple[dict, str, str]:
    """A `Settled` as the values of the meter, the snippet and the link."""
    return reading(settled.laws), settled.python, settled.link


def section(slug: str, break_label: str = captions.BREAK_ADD) -> Section:
    """Make everything where the caller stands, inside the view's tab; or make the halves in two places."""
    return Section(slug, *meter(slug, break_label), *program(slug))


def meter(slug: str, break_label: str = captions.BREAK_ADD) -> tuple[gr.Checkbox, gr.HTML]:
    """The proof meter and its switch: the first half of a `Section`."""
    with gr.Column(elem_classes="lab-card"):
        with gr.Row(elem_classes="lab-proof-head"):
            gr.HTML(f"<h3>{captions.METER}</h3>", apply_default_css=False)
            look = {"elem_id": f"{slug}-break", "elem_classes": "lab-switch", "container": False}
            broken = gr.Checkbox(False, label=break_label, **look)
        return broken, ProofMeter(slug)


def program(slug: str) -> tuple[gr.Code, gr.HTML]:
    """Python for this view and the link to it: the second half of a `Section`."""
    with gr.Accordion(captions.PYTHON, open=False, elem_id=f"{slug}-python-fold", elem_classes="lab-fold"):
        python = gr.Code("", language="python", interactive=False, elem_id=f"{slug}-python", show_label=False)
    return python, Link(slug)
