"""The lab's own components: `gr.HTML` with a script and a style of its own in assets/widgets, no build step.

A widget is a function, written like a class because it is used like Gradio's, that names its folder in assets/widgets
and says what its `value` and its events are. What keeps them quick and safe:

* the template is fixed; the script draws `props.value` once and again in `watch("value", draw)`;
* text from outside is set by `textContent`, never through a template;
* its style is scoped: it stands in the page nested under the widget's class, so that no two kinds meet; what they look
  alike in is assets/widgets/shared.css, and nothing of the page's style, assets/css/lab.css, reaches in;
* colours come from the CSS variables of lab.css, so dark and light need no second script;
* what the visitor does is told by `trigger("name", data)`; a listener is then `widget.name(fn, …)`;
* `data-state` on the root element says what is drawn, for tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from app.widgets import served
from linearizer_core import checkpoints

if TYPE_CHECKING:
    import gradio as gr


# Nothing is seen before the view that is asked for has been filled: parts that come one by one push each other about.
OPENING = "html:not(.lab-open) gradio-app { visibility: hidden; }"
# What lies outside the app's contents, which a rule of lab.css in an @media never reaches, as Gradio keeps it inside: on a
# phone what is scrolled to stands below the stage that stays, and the page has a narrow margin.
POCKET = (
    "@media (max-width: 640px) { html { scroll-padding-top: 48vh; }"
    " .gradio-container > .main.app { padding: 4px 12px 12px !important; } }"
)
PAGE_SCRIPTS = (
    *("widgets/lab.js", "js/language.js", "js/page.js", "js/address.js", "js/slides.js", "js/path.js"),
    *("engine/ticks.js", "engine/engine.js"),
)
# Constants of widgets that are words, and so are said in the page's language.
SPOKEN = (
    *("words", "planes", "modes", "show", "panes", "steps", "handle", "again", "grow", "presets"),
    *("title", "taken", "at", "number", "whole", "broken"),
)
_made: dict[str, str] = {}  # the scripts of the kinds of widgets in the page, by their names
ASSETS = checkpoints.ASSETS  # beside the app in the repository, inside the core once both are installed


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """The text of a file under assets/."""
    return (ASSETS / name).read_text(encoding="utf-8")


def page_head(tables: Mapping[str, Mapping[str, str]], standing: str = "") -> str:
    """What stands in the page once, for Gradio's `head`: the library `lab`, the page's script, each kind of widget.

    `tables` says for each language but English what its sentences are, see `app.lessons.languages`. Of widgets those are
    there that were made before: fifty of a kind are one script and one style. `standing` is the view that an address which
    asks for nothing opens, if it stands in the page as it opens.
    """
    told = json.dumps(tables, ensure_ascii=False).replace("<", "\\u003c")
    scripts = f'<script type="application/json" id="lab-tables">{told}</script>'
    scripts += "".join(f"<script>{asset(name)}</script>" for name in PAGE_SCRIPTS)
    scripts += f"<script>lab.spoken = {json.dumps(SPOKEN)};\n{widget_scripts()}</script>"
    if standing:
        scripts += f"<script>lab.standing({json.dumps(standing)});</script>"
    page = f"{OPENING} {POCKET} {asset('css/lesson.css')}"
    return f"{scripts}<style>{page}</style><style>{widget_styles()}</style>"


def widget_scripts() -> str:
    """JavaScript that makes each kind of widget known as `lab.widgets.name`."""
    return "\n".join(
        f"lab.widgets.{name} = (element, props, trigger, watch, own) => {{\n{body}\n}};"
        for name, body in sorted(_made.items())
    )


def widget_styles() -> str:
    """What the kinds of widgets look like; the weight of an id, as none of Gradio's rules for a page has.

    Of a class alone it would be the page, too: `lab-lesson` stands on its body while a lesson is walked.
    """
    own = (
        f":is(#none, .lab.lab-{name}) {{ {asset(f'widgets/{name}/{name}.css')} }}" for name in sorted(_made)
    )
    return "\n".join([f".lab-widget {{ {asset('widgets/shared.css')} }}", *own])


def script_of(name: str, files: Sequence[str] = ()) -> str:
    """The script of a widget: its named files, one after the other; without names the one that is called like it."""
    return "\n".join(asset(f"widgets/{name}/{file}.js") for file in files or (name,))


def widget(
    name: str,
    template: str,
    value: object = None,
    *,
    elem_id: str,
    label: str,
    visible: bool = True,
    scripts: Sequence[str] = (),
    needs: str = "",
    **own: object,
) -> gr.HTML:
    """A component of our own: fixed HTML that assets/widgets/`name`/`name`.js brings to life, in the look of `name`.css.

    The script knows `element`, `props.value`, `props.label`, `trigger`, `watch`, the library `lab` and `own`, the constants
    given here; a long one is several files, named in `scripts` in their order. A function and not a subclass of gr.HTML:
    Gradio writes a .pyi file beside the source of every subclass and rebuilds components by calling their class with
    arguments of its own. Constants are not passed as gr.HTML's props: Gradio 6.31 overwrites those when a handler returns
    gr.skip() for the component.

    `needs` is the address of a script, see `served`: then the widget's own script is served as well, and is fetched when
    such a widget is first seen; `await own.arrive()` in it has the needed one run. The page carries neither.
    """
    import gradio as gr  # here, so that what only makes values for widgets runs without it

    script = script_of(name, scripts)
    events = json.dumps(
        sorted(set(re.findall(r'trigger\("(\w+)"', script)))
    )  # Gradio looks for their names here
    if needs:
        late = f"lab.late.{name} = (element, props, trigger, watch, own) => {{\n{script}\n}};"
        addresses = json.dumps([needs, served.LASTING.put(late.encode(), "js")])
        script = f"lab.lately('{name}', {addresses}, element, props, trigger, watch, own);"
    _made[name] = script
    return gr.HTML(
        value,
        label=label,
        html_template=f'<div class="lab-widget">{template}</div>',
        js_on_load=f'lab.start("{name}", {json.dumps(own)}, {events}, element, props, trigger, watch);',
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=["lab", f"lab-{name}"],
        visible=visible,
    )
