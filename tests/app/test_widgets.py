"""Every widget owns its script and its style, and the page's style stays out of it."""

import json
import re

import gradio as gr
import pytest

from app.lessons import languages
from app.shell import build_app, launch_settings
from app.widgets import ASSETS, SPOKEN, asset, page_head, script_of, widget, widget_scripts, widget_styles

NAMES = sorted(path.name for path in (ASSETS / "widgets").iterdir() if path.is_dir())
PAGE = asset("css/lab.css")
OUTSIDE = (
    ":not(.lab-widget *)"  # says of a rule for all sliders of the page that those of widgets are not meant
)


def selectors(sheet: str) -> list[str]:
    """The selectors of a style sheet, one by one, those within @media included.

    >>> selectors("/* .no */ .a, b > .c { color: red } @media (max-width: 9px) { .d { top: 0 } }")
    ['.a', 'b > .c', '.d']
    """
    bare = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    found = [before.strip() for before in re.findall(r"([^{};]+)\{", bare)]
    return [one.strip() for text in found if not text.startswith("@") for one in text.split(",")]


def classes(text: str) -> set[str]:
    return set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", text))


@pytest.fixture(scope="module")
def widgets() -> list[gr.HTML]:
    blocks = build_app().blocks.values()
    return [block for block in blocks if "lab-widget" in (getattr(block, "html_template", None) or "")]


@pytest.fixture(scope="module")
def inside(widgets: list[gr.HTML]) -> set[str]:
    """The classes that stand in a widget: by its template, by its script, by its own style."""
    templates = " ".join(block.html_template for block in widgets)
    named = {name for value in re.findall(r'class="([^"]*)"', templates) for name in value.split()}
    styled = {name for each in NAMES for name in classes(asset(f"widgets/{each}/{each}.css"))}
    shared = classes(asset("widgets/shared.css"))
    page = {name for name in styled if name.startswith("lab-") and name != "lab-widget"}
    return (named | styled | shared) - page - {"block", "html-container", "dark"}


def test_every_folder_of_a_widget_has_its_script_and_its_style():
    for name in NAMES:
        assert (ASSETS / "widgets" / name / f"{name}.js").is_file()
        assert (ASSETS / "widgets" / name / f"{name}.css").is_file()


def test_every_widget_is_in_the_page(widgets: list[gr.HTML]):
    assert {name[4:] for block in widgets for name in block.elem_classes if name.startswith("lab-")} == {
        *NAMES
    }


def test_no_rule_of_the_page_reaches_into_a_widget(inside: set[str]):
    """By class or by part; by an element's name: tests/browser/test_browser_widgets.py."""
    assert {"tile", "meter", "plot", "keys", "lab-widget"} <= inside
    for selector in selectors(PAGE):
        aimed = selector.replace(OUTSIDE, "")
        assert not classes(aimed) & inside, selector
        assert "data-" not in aimed, selector


def test_no_rule_for_a_size_of_the_page_names_what_is_outside_the_contents():
    """Within @media Gradio puts the contents' name before each selector, so one with the page's own matches nothing."""
    sized = re.findall(
        r"@media[^{]*\{((?:[^{}]*\{[^{}]*\})*[^{}]*)\}", re.sub(r"/\*.*?\*/", "", PAGE, flags=re.DOTALL)
    )
    found = [selector for sheet in sized for selector in selectors(sheet)]
    assert ".lab-header p" in found
    assert not [selector for selector in found if re.match(r"\.gradio-container|html|body|:root", selector)]


def test_no_look_is_said_twice():
    """What stands in the shared sheet for an element of a widget is not repeated, word for word, in its own."""
    shared = rules(asset("widgets/shared.css"))
    for name in NAMES:
        own = rules(asset(f"widgets/{name}/{name}.css"))
        twice = {
            selector: set(own[selector]) & set(shared[selector]) for selector in own.keys() & shared.keys()
        }
        assert not any(twice.values()), (name, twice)


def rules(sheet: str) -> dict[str, list[str]]:
    bare = re.sub(r"/\*.*?\*/|@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", sheet, flags=re.DOTALL)
    found = re.findall(r"([^{}]+)\{([^{}]*)\}", bare)
    return {
        one.strip(): [line.strip() for line in body.split(";") if line.strip()]
        for heads, body in found
        for one in heads.split(",")
    }


def test_a_widget_loads_its_files_in_their_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.widgets._made", {})
    made = widget("plane", "<p></p>", elem_id="x", label="x", scripts=("math", "state"), answer=42)
    assert made.js_on_load == 'lab.start("plane", {"answer": 42}, [], element, props, trigger, watch);'
    body = f"{asset('widgets/plane/math.js')}\n{asset('widgets/plane/state.js')}"
    assert f"lab.widgets.plane = (element, props, trigger, watch, own) => {{\n{body}\n}};" in widget_scripts()
    assert not made.css_template and made.head is None


def test_a_widget_knows_the_events_that_its_script_tells_of():
    with gr.Blocks():
        made = widget("pictures", "<p></p>", elem_id="x", label="x")
    assert callable(made.pick)
    assert not hasattr(made, "unheard_of")


def test_what_widgets_share_is_in_the_page_once(widgets: list[gr.HTML]):
    head = launch_settings()["head"]
    assert head == page_head(languages.tables(), "plane")
    for part in ("widgets/lab.js", "js/page.js", "widgets/shared.css"):
        assert head.count(asset(part)) == 1
    for name in NAMES:
        assert head.count(f":is(#none, .lab.lab-{name}) {{ {asset(f'widgets/{name}/{name}.css')} }}") == 1
    assert head.count(script_of("pictures")) == 1 and json.dumps(SPOKEN) in head
    assert not any(script_of("pictures") in block.js_on_load or block.css_template for block in widgets)


def test_every_slider_leaves_the_vertical_swipe_to_the_page():  # fault 35
    for sheet, selector in (
        (PAGE, f'.gradio-container input[type="range"]{OUTSIDE}'),
        (asset("widgets/shared.css"), 'input[type="range"]'),
    ):
        assert "touch-action: pan-y" in rules(sheet)[selector]


@pytest.mark.parametrize("name", NAMES)
def test_only_one_place_listens_to_pointers_of_a_drag(name: str):  # fault 34
    """`lab.hold` knows which finger holds; a widget that listens by itself must ask for the pointer's id."""
    for path in (ASSETS / "widgets" / name).glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert "pointermove" not in text or "pointerId" in text, path.name


def test_no_widget_dresses_the_page_that_is_called_like_it():
    """A lesson's class stands on the body while it is walked."""
    build_app()
    scopes = set(re.findall(r":is\(#none, ([^)]*)\) \{", widget_styles()))
    assert ".lab.lab-lesson" in scopes and all(scope.startswith(".lab.lab-") for scope in scopes)
