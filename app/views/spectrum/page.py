"""Spectrum: the singular values of A in the visitor's hand; the picture answers while they move."""

from collections.abc import Sequence
from functools import lru_cache

import gradio as gr
import torch
from torch import Tensor

from app import links, models, pictures
from app import words as common
from app.listening import CHOICE, TICK, Lab, Opening
from app.panels import programs as snippets
from app.panels import proof
from app.panels.picker import first_page, picker
from app.pictures import files
from app.views.spectrum import SLUG, moves, words
from app.views.spectrum.handles import SpectrumHandles, rounded
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import Pictures, tiles
from linearizer_core import algebra, diagnostics
from linearizer_core.linearizer import Linearizer, LinearizerSVD
from linearizer_core.models.projector import Projector
from linearizer_core.operators import LinearOperator

WALK = (-3.0, -1.5, 0.0, 1.5, 3.0)  # standard deviations at which a direction is shown
SHOWN = (8, 16, 32, 64, 0)  # how many values the plot may show; 0 is all
OTHER_PICTURE = "digits:8"  # the second picture of the linearity law
WEIGHTS = (0.6, 0.4)
TERMS = 8  # of the sum ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ that the proof meter takes through points


# --- handlers ----------------------------------------------------------------------------------------------
@lru_cache(maxsize=8)
def trained(name: str) -> LinearizerSVD:
    """f(x) = ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ of the model of that name as it was trained."""
    with models.one_core():
        return models.model(name).svd()


def read(state: object) -> tuple[list[moves.Move], int, str]:
    """Moves, selected value and model from the widget; ValueError with a sentence where they are none of ours."""
    state = state if isinstance(state, dict) else {}
    name = models.checked(state.get("model"))
    count = len(trained(name).values)
    selected = state.get("selected", 0)
    if isinstance(selected, bool) or not isinstance(selected, int) or not 0 <= selected < count:
        raise ValueError(words.no_such_value(count))
    return moves.checked(state.get("moves", []), count), selected, name


def edited(changes: Sequence[moves.Move], name: str) -> Linearizer:
    """The model with its singular values as the visitor has set them; the model itself stays as it is."""
    return models.model(name).with_singular_values(moves.edited(trained(name).values, changes))


@lru_cache(maxsize=1024)
def before(picture: str, name: str) -> Tensor:
    """f(x) as trained, (1, 1, 32, 32)."""
    return models.decode(models.model(name).A(pictures.latents([picture], name)), name)


def after(picture: str, changes: Sequence[moves.Move], name: str) -> Tensor:
    """f(x) with the edited spectrum, (1, 1, 32, 32): one operator application, one g_y⁻¹."""
    with torch.inference_mode():
        return models.decode(edited(changes, name).A(pictures.latents([picture], name)), name)


def stage_value(picture: str, state: dict | None) -> list:
    """The tick: x, f(x) as trained and f(x) now, and the formula with the selected term in numbers."""
    if state is None:
        return [gr.skip()] * 2  # the view has not been opened yet
    try:
        changes, selected, name = read(state)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None
    shown = torch.cat(
        [pictures.tensor([picture], name), before(picture, name), after(picture, changes, name)]
    )
    titles = [common.INPUT, words.BEFORE, words.NOW]
    ids = [picture[:24], "trained", ",".join(["now", *moves.encode(changes)])]
    return [tiles(shown, titles, ids), words.spectrum_formula(*term(picture, changes, selected, name))]


def term(
    picture: str, changes: Sequence[moves.Move], selected: int, name: str
) -> tuple[int, float, float, int]:
    """What the formula names: i from 1, σᵢ now, ⟨x, vᵢ⟩, how many values are not zero."""
    values = moves.edited(trained(name).values, changes)
    along = float(pictures.latents([picture], name)[0] @ trained(name).factors.V[:, selected])
    return selected + 1, float(values[selected]), along, int((values > 0).sum())


@lru_cache(maxsize=256)
def directions(selected: int, name: str) -> tuple[Tensor, Tensor]:
    """c ⊙ vᵢ and c ⊙ uᵢ for c from −3 to 3 standard deviations of the data along vᵢ, each (5, 1, 32, 32)."""
    with models.one_core():
        svd, steps = trained(name), spread(selected, name) * torch.tensor(WALK, dtype=torch.float32)
        return svd.input_point(selected, steps), svd.output_point(selected, steps)


def spread(selected: int, name: str) -> float:
    """Standard deviation of the data along vᵢ, in the units of the latents."""
    f = models.model(name)
    if isinstance(f, Projector):
        return float(f.kept_std[selected])
    return float((trained(name).factors.V[:, selected] * f.total_std).norm())


def directions_value(state: dict | None) -> list[dict]:
    """Both rows of pictures for the selected value."""
    try:
        _, selected, name = read(state)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None
    notes = [common.deviations(c) for c in WALK]
    rows = zip("vu", directions(selected, name))
    return [tiles(row, notes=notes, ids=[f"{letter}{selected + 1}"] * len(WALK)) for letter, row in rows]


def start_of(name: str, **settings: object) -> dict:
    """The widget's value for a model, its values as trained where `settings` (moves, selected, show, log) say no more."""
    settings = {"moves": [], "selected": 0, "show": None, "log": False, **settings}
    return {"model": name, "base": rounded(trained(name).values.tolist()), **settings}


def switched(name: str, state: dict | None, picture: str) -> list:
    """Another model: a picture for it, its values as trained, drawn as the visitor has set the plot, both rows."""
    kept = {key: state[key] for key in ("show", "log") if key in state} if isinstance(state, dict) else {}
    try:
        started = start_of(models.checked(name), **kept)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None
    return [pictures.fitting(picture, name), started, *directions_value(started)]


# --- laws, program, link -----------------------------------------------------------------------------------
def settled(broken: bool, picture: str, state: dict | None) -> Settled:
    """The laws of f with the edited spectrum, the program for this view, the link to it."""
    if state is None:
        return Settled((), "", "")
    changes, selected, name = read(state)
    with models.one_core():
        laws = measured(picture, changes, selected, name, broken)
    source = program(picture, changes, selected, name)
    return Settled(laws, source, link(picture, changes, selected, name, state))


def measured(
    picture: str, changes: Sequence[moves.Move], selected: int, name: str, broken: bool
) -> list[Law]:
    """SVD of the first terms, one singular pair, linearity, for what is on screen."""
    svd, values = trained(name), moves.edited(trained(name).values, changes)
    U, _, V = svd.factors
    f, first = edited(changes, name), edited([*changes, ("keep", TERMS)], name)
    few = LinearizerSVD(first, algebra.SVD(U[:, :TERMS], values[:TERMS], V[:, :TERMS]))
    if broken:
        f, first = (clipped(h, models.model(name).total_std) for h in (f, first))
    x, y = pictures.tensor([picture, OTHER_PICTURE], name).unsqueeze(1)
    c, sigma = 2 * spread(selected, name), float(values[selected])
    pair = f(svd.input_point(selected, c)), svd.output_point(selected, c * sigma)
    return [
        Law(words.LAW_SVD, words.svd_formula(TERMS), diagnostics.svd_error(first, x, few)),
        Law(
            words.LAW_PAIR,
            words.pair_formula(selected + 1, c, sigma),
            diagnostics.relative_error(*pair),
        ),
        Law(
            common.LAW_LINEARITY,
            common.linearity_formula(*WEIGHTS),
            diagnostics.linearity_error(f, x, y, *WEIGHTS),
        ),
    ]


class Clipped(LinearOperator):
    """What the "break it" switch puts in the place of A: it clips the latents first, so it is not linear."""

    def __init__(self, A: LinearOperator, limit: Tensor) -> None:
        super().__init__()
        self.A, self.limit, self.shape = A, limit, A.shape

    def matvec(self, v: Tensor) -> Tensor:
        return self.A(v.clamp(-self.limit, self.limit))


def clipped(f: Linearizer, limit: Tensor) -> Linearizer:
    """f with its latents clipped before A, at `limit` (n,), one standard deviation of the data."""
    return Linearizer(f.g_x, Clipped(f.A, limit), f.g_y)


def program(picture: str, changes: Sequence[moves.Move], selected: int, name: str) -> str:
    """Python for this view: f(x) before and now, and the directions of the selected value."""
    steps = snippets.tensor_of([spread(selected, name) * c for c in WALK])
    body = f"""
svd = model.svd()                                # f(x) = ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ
values = svd.values.detach().clone()
{moves.source(changes) or "# values[0] = 1.5        drag a handle and its line stands here"}
f = model.with_singular_values(values)
with torch.no_grad():
    before, now = model(x), f(x)
    v = svd.input_point({selected}, {steps})     # c ⊙ v{common.subscript(selected + 1)}
    u = svd.output_point({selected}, {steps})    # c ⊙ u{common.subscript(selected + 1)}
"""
    return snippets.program(body, [picture], name)


def link(picture: str, changes: Sequence[moves.Move], selected: int, name: str, state: dict | None) -> str:
    """The query string that restores the view."""
    shown, log = (state or {}).get("show"), bool((state or {}).get("log"))
    extra = {"n": shown} if shown in SHOWN and shown is not None else {}
    settings = {"x": picture, "m": moves.encode(changes), "i": selected + 1, "log": int(log), **extra}
    return links.encode(SLUG, **models.in_link(name), **settings)


def from_link(query: dict[str, str], picture: str) -> tuple[str, dict, str]:
    """Picture, widget state and a notice for a link to this view; what is wrong in it is left out."""
    name, notice = models.of_link(query), ""
    count = len(trained(name).values)
    try:
        picture = pictures.accept(query["x"]) if "x" in query else pictures.fitting(picture, name)
    except files.BadPictureError:
        notice = common.BAD_LINK
    selected = int((links.numbers(query.get("i"), 1, count) or [1])[0]) - 1
    shown = query.get("n", "")
    settings = {
        "moves": [list(move) for move in moves.decode(links.words(query.get("m")), count)],
        "selected": selected,
        "show": int(shown) if shown in map(str, SHOWN) else None,
        "log": query.get("log") == "1",
    }
    return picture, start_of(name, **settings), notice


# --- the endpoint ------------------------------------------------------------------------------------------
def spectrum(picture: str, moves: list, selected: int, model: str = "digits") -> dict:
    """Change the singular values of A and see f(x): f(x) = ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ with other σᵢ.

    Args:
        picture: "digits:0" to "digits:1796" (scikit-learn), "sample:7:42" (a 7 made by the model digits, seed 42),
            "face:12" (drawn by the model faces), "mnist:0" and on where MNIST is installed, or "data:image/png;base64,…"
            showing one digit; it is resized to what the model takes.
        moves: applied in order, each ["set", i, v] (σᵢ becomes v in [0, 1000], i from 0), ["keep", k] (all but the first
            k become 0) or ["power", p] (every σ becomes σᵖ, p in [−3, 3]); [] leaves the spectrum as trained.
        selected: i from 0, the singular value whose directions are returned.
        model: "digits", or "digits-projector" or "faces", whose values are all 1, in order of importance: there k is the
            rank.

    Returns:
        {"values": all singular values, "before" and "now": 32×32 numbers (64×64 for faces), "input_direction" and
        "output_direction": five pictures each, from −3 to 3 standard deviations along vᵢ and uᵢ}
    """
    try:
        reference = pictures.accept(picture)
        return answer(reference, *read({"moves": moves, "selected": selected, "model": model}))
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def answer(picture: str, changes: Sequence[moves.Move], selected: int, name: str) -> dict:
    """What the endpoint returns for checked arguments, as plain lists."""
    rows = [row[:, 0].tolist() for row in directions(selected, name)]
    return {
        "values": moves.edited(trained(name).values, changes).tolist(),
        "before": before(picture, name)[0, 0].tolist(),
        "now": after(picture, changes, name)[0, 0].tolist(),
        "input_direction": rows[0],
        "output_direction": rows[1],
    }


# --- the view ----------------------------------------------------------------------------------------------
def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.SPECTRUM_LEAD}</p>', apply_default_css=False)
    notice = gr.Markdown(visible=False, elem_classes="lab-notice", elem_id=f"{SLUG}-notice")
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320), gr.Column(elem_classes="lab-card lab-second"):
            gr.HTML(f"<h3>{words.HANDLES}</h3><p>{words.HANDLES_LEAD}</p>", apply_default_css=False)
            choices = {"elem_id": f"{SLUG}-model", "elem_classes": "lab-keys"}
            model = gr.Radio(models.available(), label=common.MODEL, **choices)
            handles = SpectrumHandles(elem_id=f"{SLUG}-handles", label=words.HANDLES)
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                stage = Pictures(elem_id=f"{SLUG}-stage", label=words.NOW, columns=3)
                formula = gr.HTML(elem_id=f"{SLUG}-formula", apply_default_css=False)
            rows = _direction_rows()
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.SPECTRUM_PICKER}</h3>", apply_default_css=False)
            sources = picker(SLUG, more=("face",) if "faces" in models.available() else ())
            sources.chosen(lambda picture: [picture, gr.Markdown(visible=False)], [], [lab.picture, notice])
        with gr.Column(scale=5, min_width=320):
            section = proof.section(SLUG, words.BREAK_CLIP)
    changes = [handles.change, lab.picture.change]
    gr.on(changes, stage_value, [lab.picture, handles], [stage, formula], **TICK)
    handles.pick(_picked, None, rows, **TICK)
    model.input(switched, [model, handles, lab.picture], [lab.picture, handles, *rows], **CHOICE)
    section.settles(changes, settled, [lab.picture, handles])
    gr.api(spectrum, api_name="spectrum", queue=False)

    def opened(query: dict[str, str], picture: str) -> list:
        picture, state, text = from_link(query, picture)
        shown = [*stage_value(picture, state), *directions_value(state), first_page()]
        return [gr.Markdown(text, visible=bool(text)), picture, state["model"], state, *shown]

    return Opening(opened, [notice, lab.picture, model, handles, stage, formula, *rows, sources.pages[0]])


def _picked(event: gr.EventData) -> list[dict]:
    return directions_value({"model": event.model, "selected": event.index})


def _direction_rows() -> list[gr.HTML]:
    with gr.Column(elem_classes="lab-card"):
        gr.HTML(f"<h3>{words.DIRECTIONS}</h3><p>{words.DIRECTIONS_LEAD}</p>", apply_default_css=False)
        return [
            Pictures(elem_id=f"{SLUG}-{name}", label=label, columns=len(WALK))
            for name, label in (("inputs", words.INPUT_DIRECTION), ("outputs", words.OUTPUT_DIRECTION))
        ]
