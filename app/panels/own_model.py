"""Where a visitor brings a model: two files, or a name on the Hub where the server allows it; and what became of it."""

from collections.abc import Callable, Sequence

import gradio as gr

from app import models, words
from app.listening import CHOICE, LIFE, Lab, Named, listen
from app.models import own
from app.panels.chooser import with_own

MOST_NAMES = 20


def panel(lab: Lab) -> Named:
    """Make it where the caller stands, after the views; its outputs are what a link with such a model changes too."""
    names = gr.State([], time_to_live=LIFE)
    outputs = {"own": names, "choosers": [buttons for buttons, _, _ in lab.choosers]}
    with gr.Accordion(words.OWN_MODEL, open=False, elem_id="own-model", elem_classes="lab-fold"):
        lead = f"{words.OWN_MODEL_LEAD} {words.OWN_MODEL_ELSEWHERE}"
        gr.HTML(f'<p class="lab-quiet">{lead}</p>', apply_default_css=False)
        key = {"size": "sm", "scale": 0, "elem_classes": "lab-button", "min_width": 160}
        with gr.Row(elem_classes="lab-toolbar"):
            types = {"file_count": "multiple", "file_types": [".json", ".safetensors"]}
            files = gr.UploadButton(words.OWN_MODEL_FILES, elem_id="own-model-files", **types, **key)
            name = gr.Textbox(label=words.OWN_MODEL_HUB, visible=bool(own.hub), elem_id="own-model-name")
        said = gr.Markdown("", elem_id="own-model-said", elem_classes="lab-notice", visible=False)
    shown = {**outputs, "said": said}
    how = {**CHOICE, "show_progress": "full", "concurrency_limit": 4}
    listen(files.upload, _bringer(lab, own.upload), {"given": files, "own": names}, shown, **how)
    listen(name.submit, _bringer(lab, own.from_hub), {"given": name, "own": names}, shown, **how)
    return outputs


def _bringer(lab: Lab, bring: Callable[..., str]) -> Callable[..., dict]:
    def brought(given: object, own: Sequence[str]) -> dict:
        try:
            name = bring(given or [])
        except ValueError as error:
            return {"said": gr.Markdown(str(error), visible=True)}
        names = [*own, name][-MOST_NAMES:]
        return {**_known(lab, names), "said": gr.Markdown(_told(lab, name), visible=True)}

    return brought


def _known(lab: Lab, names: Sequence[str]) -> dict:
    """The visitor's models among the buttons of all views."""
    here = [name for name in names if name in models.brought()]
    return {"own": list(names), "choosers": [with_own(need, here) for _, _, need in lab.choosers]}


def remembered_in(lab: Lab, name: str) -> dict:
    """What a link with a visitor's own model brings back; nothing where it has none."""
    return _known(lab, [name]) if name in models.brought() and name.startswith(models.PRIVATE) else {}


def _told(lab: Lab, name: str) -> str:
    """What the model is, which views offer it, and why others do not."""
    shape = "×".join(map(str, models.shape(name)))
    offered = [view for _, view, need in lab.choosers if models.offers(name, need)]
    others = {view: need.takes for _, view, need in lab.choosers if view not in offered}
    return f"{words.admitted(models.title(name), shape, offered, others)} {words.OWN_MODEL_ELSEWHERE}"
