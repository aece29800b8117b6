"""The page: a header, one tab per view, and the settings the server is started with."""

import logging
import warnings
from collections.abc import Callable

import gradio as gr
from PIL import Image
from starlette.middleware import Middleware

from app import models, pictures, words
from app.lessons import languages, shelf
from app.lessons import routes as classes
from app.lessons import words as lesson_words
from app.lessons.card import Lesson
from app.lessons.dialog import Teach
from app.lessons.rooms import rooms
from app.listening import LIFE, QUIET, TICK, Component, Lab, Opening, leaving, listen
from app.panels import notice, own_model, picker, proof
from app.pictures import files
from app.serving import faults, limits, manifest, packing, page, sessions, status, streams, traffic
from app.settings import query_of
from app.theme import theme
from app.views import VIEWS, build, interpolate
from app.widgets import ASSETS, asset, page_head, served
from app.widgets.address import Address
from app.widgets.engine_note import EngineNote
from app.widgets.number_rule import NumberRule
from app.widgets.symbols import Symbols

LOG = logging.getLogger(__name__)
SESSIONS = 500  # visitors whose state is kept; Gradio's own default, 10 000, would take half a gigabyte
WAITING = 256  # events in the queue; on ZeroGPU Gradio would let one wait, all others be refused
READ_QUERY = "(search, ...rest) => [window.location.search, ...rest]"
START_TOUR = "() => { lab.lesson.start('tour'); }"
FLIP_THEME = "() => { lab.address.flipTheme(); }"


def build_app() -> gr.Blocks:
    """The lab as Gradio blocks, one tab per view; no picture model is loaded before somebody looks."""
    sessions.install()
    with gr.Blocks(title=words.TITLE, analytics_enabled=False, delete_cache=(600, 3600)) as demo:
        _header()
        lab = Lab(picture=gr.State(pictures.FIRST_PICTURE, time_to_live=LIFE))
        visit = {
            "search": gr.Textbox(visible=False),
            "arrived": gr.State(False, time_to_live=LIFE),
            "picture": lab.picture,
        }
        with gr.Tabs(elem_id="views") as tabs:
            for view in VIEWS:
                with gr.Tab(view.TITLE, id=view.SLUG, elem_id=f"tab-{view.SLUG}") as tab:
                    _open_once(tab, view.SLUG, build(view, lab), visit)
        own = own_model.panel(lab)
        Symbols()
        gr.HTML(f'<p class="lab-foot">{words.FOOT}</p>', apply_default_css=False)
        EngineNote("engine")
        NumberRule("number-rule")
        Lesson()
        Teach()
        asked = {"search": visit["search"]}
        known = {"tabs": tabs, "arrived": visit["arrived"], **own}
        listen(demo.load, arriver(lab), asked, known, js=READ_QUERY, **QUIET)
    return demo.queue(max_size=WAITING)


def _header() -> None:
    with gr.Row(elem_classes="lab-header"):
        title = f'<div class="lab-title"><h1>{words.TITLE}</h1><p>{words.TAGLINE}</p></div>'
        gr.HTML(title, apply_default_css=False, scale=8)
        look = {"size": "sm", "scale": 0, "elem_classes": "lab-button"}
        for name, text, width, script in (
            ("start-tour", lesson_words.TOUR, 70, START_TOUR),
            ("teach-class", lesson_words.TEACH, 70, "() => { lab.teach(); }"),
            ("flip-theme", words.FLIP_THEME, 120, FLIP_THEME),
        ):
            gr.Button(text, min_width=width, elem_id=name, **look).click(None, js=script)


def _slug_of(query: dict[str, str]) -> str:
    asked = query.get("view")
    first = interpolate.SLUG if models.leads_with_brought() else VIEWS[0].SLUG
    return asked if asked in {view.SLUG for view in VIEWS} else first


def arriver(lab: Lab) -> Callable[..., dict]:
    """The handler that chooses the tab which the link asks for, and shows in all views the model of one's own in it."""

    def arrive(search: str) -> dict:
        query = query_of(search)
        found = {"tabs": gr.Tabs(selected=_slug_of(query)), "arrived": True}
        return {**found, **own_model.remembered_in(lab, query.get("model", ""))}

    return arrive


def _open_once(tab: gr.Tab, slug: str, opening: Opening, visit: dict[str, Component]) -> None:
    """Fill the view when its tab is first chosen. Gradio tells of the first tab, too, when the page is there.

    One event a page: each value that a handler returns costs the browser a walk through all components.
    """
    opened = gr.State(False, time_to_live=LIFE)
    outputs = {"opened": opened, **opening.outputs}
    fill = opener(slug, opening)
    begin = leaving(f"lab.filling('{slug}')", READ_QUERY)
    filled = listen(tab.select, fill, {**visit, "opened": opened}, outputs, js=begin, **QUIET)
    filled.then(None, js=f"() => {{ lab.filled('{slug}', {[view.SLUG for view in VIEWS]}); }}")
    filled.then(None, js=proof.touch(slug))
    again, asked = Address(slug), {"search": visit["search"], "picture": visit["picture"]}
    # two steps back at once: the last address wins
    leaves = leaving(f"lab.address.restores('{slug}')", READ_QUERY)
    restored = listen(again.restore, restorer(slug, opening), asked, opening.outputs, js=leaves, **TICK)
    there = f"() => {{ lab.address.restored('{slug}'); ({proof.touch(slug)})(); }}"
    restored.then(None, js=there)


def restorer(slug: str, opening: Opening) -> Callable[..., dict]:
    """The handler that fills a view from the address again, whatever stands in it."""

    def fill(search: str, picture: str) -> dict:
        return _filled(slug, opening, query_of(search), picture)

    return fill


def opener(slug: str, opening: Opening) -> Callable[..., dict]:
    """The handler that fills a view once; asked again, or before the view that the link asks for, it changes nothing."""

    def fill(search: str, arrived: bool, picture: str, opened: bool) -> dict:
        query = query_of(search)
        asked = _slug_of(query) == slug
        if opened or not (asked or arrived):
            return {}
        return {"opened": True, **_filled(slug, opening, query if asked else {}, picture)}

    return fill


def _filled(slug: str, opening: Opening, query: dict[str, str], picture: str) -> dict:
    """What a view shows of a link and a picture.

    Neither leaves it blank: where they cannot be opened, the view opens with its own and says so.
    """
    try:
        found = dict(opening.fn(query, picture))
    except Exception:  # whatever it is: it goes to the log, and the visitor gets the view
        LOG.exception("The view %s could not open %.200r.", slug, query)
        said = {"notice": notice.saying(words.BAD_LINK)} if "notice" in opening.outputs else {}
        found = {**opening.fn({}, pictures.FIRST_PICTURE), **said}
    if found.get("picture") == picture:
        del found["picture"]  # it stands already, and the visitor may meanwhile have chosen another
    return found


def check_lessons() -> None:
    """Read the lessons that the server is started with, and make the rooms' folder. ValueError with a sentence."""
    shelf.own()
    rooms()


def warm_up() -> None:
    """Load the model, decode once, fill the gallery, so that the first visitor does not wait for it."""
    models.decode(pictures.latents(pictures.examples(models.NAMES[0]), models.NAMES[0]))
    for source in pictures.gallery():
        picker.page_value(source)


def launch_settings() -> dict:
    """What every start of the server shares, tests included; see Gradio's `Blocks.launch`."""
    faults.tell_for_gradio()
    status.log_events()
    status.tell("rooms", lambda: rooms().census())
    Image.MAX_IMAGE_PIXELS = files.MAX_PIXELS
    # Between one and two times the limit PIL only warns; `images` refuses such pictures with a sentence.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    return {
        "theme": theme(),
        "css": asset("css/lab.css"),
        "head": page_head(languages.tables(), "" if models.leads_with_brought() else VIEWS[0].SLUG),
        "favicon_path": ASSETS / "favicon.svg",
        "ssr_mode": False,
        "run_history": False,
        "show_error": False,
        "strict_cors": True,
        "enable_monitoring": False,
        "allowed_paths": [],
        "max_file_size": files.MAX_BYTES,
        "state_session_capacity": SESSIONS,
        "footer_links": ["api"],
        "app_kwargs": {
            "routes": [
                route for part in (served, classes, traffic, status, manifest) for route in part.routes()
            ],
            "middleware": [
                Middleware(each)
                for each in (traffic.Counting, limits.Limits, packing.Packing, page.Page, streams.Streams)
            ],
        },
    }
