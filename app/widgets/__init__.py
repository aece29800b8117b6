"""The lab's own components: `gr.HTML` with a canvas, its script in assets/js, no build step.

A widget is a small class that names its script and describes its `value`. What keeps them quick and safe:

* the template is fixed; the script draws `props.value` once and again in `watch("value", draw)`;
* text from outside is set by `textContent`, never through a template;
* colours come from the CSS variables of assets/css/lab.css, so dark and light need no second script;
* what the visitor does is told by `trigger("name", data)`; a listener is then `widget.name(fn, …)`;
* `data-state` on the root element says what is drawn, for tests.
"""

from abc import ABCMeta
from functools import lru_cache
from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).resolve().parent.parent.parent / "assets"


@lru_cache(maxsize=32)
def asset(name: str) -> str:
    """The text of a file under assets/."""
    return (ASSETS / name).read_text(encoding="utf-8")


class _WithoutStubs(type(gr.HTML)):
    """Gradio's metaclass, less its habit of writing a .pyi file beside every source file it imports."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attributes: dict):
        return ABCMeta.__new__(mcs, name, bases, attributes)


class Widget(gr.HTML, metaclass=_WithoutStubs):
    """A component of our own. Subclasses set `SCRIPT` (a file in assets/js) and `TEMPLATE` (fixed HTML)."""

    SCRIPT: str
    TEMPLATE: str = ""

    def __init__(
        self, value: object = None, *, elem_id: str, label: str, visible: bool = True, **props: object
    ):
        super().__init__(
            value,
            label=label,
            html_template=f'<div class="lab-widget {self.SCRIPT}">{self.TEMPLATE}</div>',
            js_on_load=asset(f"js/{self.SCRIPT}.js"),
            head=f"<script>{asset('js/lab.js')}</script>",
            apply_default_css=False,
            elem_id=elem_id,
            elem_classes=["lab"],
            visible=visible,
            **props,
        )

    def get_block_name(self) -> str:
        return "html"
