"""The page: a header, one tab per view, and the settings the server is started with."""

import logging
import warnings
from collections.abc import Callable

import gradio as gr
from PIL import Image

from app import models, pictures, words
from app.listening import LIFE, QUIET, Lab, Opening, listen
from app.panels import notice, picker, proof
from app.pictures import files
from app.settings import query_of
from app.theme import theme
from app.views import VIEWS
from app.widgets import ASSETS, asset, page_head

LOG = logging.getLogger(__name__)
SESSIONS = 500  # visitors whose state is kept; Gradio's own default, 10 000, would take half a gigabyte
READ_QUERY = "(search, ...rest) => [window.location.search, ...rest]"
FLIP_THEME = "() => { document.body.classList.toggle('dark'); }"


def build_app() -> gr.Blocks:
    """The lab as Gradio blocks, one tab per view; no picture model is loaded before somebody looks."""
    with gr.Blocks(title=words.TITLE, analytics_enabled=False, delete_cache=(600, 3600)) as demo:
        _header()
        lab = Lab(picture=gr.State(pictures.FIRST_PICTURE, time_to_live=LIFE))
        search = gr.Textbox(visible=False)
        with gr.Tabs(elem_id="views") as tabs:
            for view in VIEWS:
                with gr.Tab(view.TITLE, id=view.SLUG, elem_id=f"tab-{view.SLUG}") as tab:
                    _open_once(demo, tab, view.SLUG, view.build(lab), lab, search)
        gr.HTML(f'<p class="lab-foot">{words.FOOT}</p>', apply_default_css=False)
        demo.load(_asked_tab, search, tabs, js=READ_QUERY, **QUIET)
    return demo


def _header() -> None:
    with gr.Row(elem_classes="lab-header"):
        gr.HTML(f"<h1>{words.TITLE}</h1><p>{words.TAGLINE}</p>", apply_default_css=False, scale=8)
        flip = gr.Button(
            words.FLIP_THEME,
            size="sm",
            scale=0,
            min_width=120,
            elem_id="flip-theme",
            elem_classes="lab-button",
        )
        flip.click(None, js=FLIP_THEME)


def _slug_of(query: dict[str, str]) -> str:
    asked = query.get("view")
    return asked if asked in {view.SLUG for view in VIEWS} else VIEWS[0].SLUG


def _asked_tab(search: str) -> dict:
    return gr.Tabs(selected=_slug_of(query_of(search)))


def _open_once(
    demo: gr.Blocks, tab: gr.Tab, slug: str, opening: Opening, lab: Lab, search: gr.Textbox
) -> None:
    """Fill the view when the page loads, if the link asks for it, else when its tab is first chosen."""
    opened = gr.State(False, time_to_live=LIFE)
    inputs = {"search": search, "opened": opened, "picture": lab.picture}
    for event, at_load in ((demo.load, True), (tab.select, False)):
        fn = opener(slug, opening, at_load)
        filled = listen(event, fn, inputs, {"opened": opened, **opening.outputs}, js=READ_QUERY, **QUIET)
        filled.then(None, js=proof.touch(slug))


def opener(slug: str, opening: Opening, at_load: bool) -> Callable[..., dict]:
    """The handler that fills a view once; asked again, or at load for another view, it changes nothing.

    No link and no picture leaves a view blank: where they cannot be opened, the view opens with its own and says so.
    """

    def fill(search: str, opened: bool, picture: str) -> dict:
        query = query_of(search)
        asked = _slug_of(query) == slug
        if opened or (at_load and not asked):
            return {}
        try:
            return {"opened": True, **opening.fn(query if asked else {}, picture)}
        except Exception:  # whatever it is: it goes to the log, and the visitor gets the view
            LOG.exception("The view %s could not open %.200r.", slug, query)
            said = {"notice": notice.saying(words.BAD_LINK)} if "notice" in opening.outputs else {}
            return {"opened": True, **opening.fn({}, pictures.FIRST_PICTURE), **said}

    return fill


def warm_up() -> None:
    """Load the model and fill the gallery, so that the first visitor does not wait for it."""
    models.model()
    for source in pictures.gallery():
        picker.page_value(source)


def launch_settings() -> dict:
    """What every start of the server shares, tests included; see Gradio's `Blocks.launch`."""
    Image.MAX_IMAGE_PIXELS = files.MAX_PIXELS
    # Between one and two times the limit PIL only warns; `images` refuses such pictures with a sentence.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    return {
        "theme": theme(),
        "css": asset("css/lab.css"),
        "head": page_head(),
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
    }
