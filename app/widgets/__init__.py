"""The lab's own components: `gr.HTML` with a canvas, its script in assets/js, no build step.

A widget is a function, written like a class because it is used like Gradio's, that names its script and
says what its `value` and its events are. What keeps them quick and safe:

* the template is fixed; the script draws `props.value` once and again in `watch("value", draw)`;
* text from outside is set by `textContent`, never through a template;
* colours come from the CSS variables of assets/css/lab.css, so dark and light need no second script;
* what the visitor does is told by `trigger("name", data)`; a listener is then `widget.name(fn, …)`;
* `data-state` on the root element says what is drawn, for tests.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr


ASSETS = Path(__file__).resolve().parent.parent.parent / "assets"


@lru_cache(maxsize=32)
def asset(name: str) -> str:
    """The text of a file under assets/."""
    return (ASSETS / name).read_text(encoding="utf-8")


def widget(
    script: str,
    template: str,
    value: object = None,
    *,
    elem_id: str,
    label: str,
    visible: bool = True,
    css_template: str = "",
    before: Sequence[str] = (),
    **own: object,
) -> gr.HTML:
    """A component of our own: fixed HTML that the script assets/js/`script`.js brings to life.

    The script knows `element`, `props.value`, `props.label`, `trigger`, `watch`, the library `lab` and `own`, the constants
    given here; scripts named in `before` stand in front of it. A function and not a subclass of gr.HTML: Gradio writes a
    .pyi file beside the source of every subclass and rebuilds components by calling their class with arguments of its own.
    Constants are not passed as gr.HTML's props: Gradio 6.31 overwrites those when a handler returns gr.skip() for the
    component.
    """
    import gradio as gr  # here, so that what only makes values for widgets runs without it

    return gr.HTML(
        value,
        label=label,
        html_template=f'<div class="lab-widget {script}">{template}</div>',
        css_template=css_template,
        js_on_load="\n".join(
            [f"const own = {json.dumps(own)};", *(asset(f"js/{name}.js") for name in (*before, script))]
        ),
        head=f"<script>{asset('js/lab.js')}</script>",
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=["lab"],
        visible=visible,
    )
