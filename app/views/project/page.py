"""Project: noise, drawings, spoilt digits, any picture, put on the digit manifold by f with f(f(x)) = f(x)."""

from collections.abc import Sequence

import gradio as gr
import torch

from app import links, pictures
from app import words as common
from app.listening import CHOICE, LIFE, QUIET, TICK, Lab, Opening
from app.panels import programs as snippets
from app.panels import proof
from app.panels.picker import first_page, picker
from app.pictures import files
from app.views.generate import compute as generation
from app.views.project import SLUG, words
from app.views.project.compute import largest_rank, law_errors, projected, usual_distances
from app.views.project.gauge import gauge
from app.views.project.inputs import LARGEST_SEED, MODEL, USUAL, WHOLE, Input, checked, parsed, source
from app.views.project.painter import Painter
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import Pictures, tiles
from app.words import number

RANK = 32
RANKS = (2, 4, 8, 16, 32, 64, 128)  # the buttons under the slider
START = Input("digits:318", "salt", USUAL["salt"])
GRID = (  # what the grid starts with
    Input("digits:393", "noise", 1.0),
    Input("digits:913", "hole", 0.3),
    Input("digits:770", "salt", 0.3),
    Input("other:0"),
    Input("digits:1319", "blur", 0.4),
    Input("other:11"),
)


# --- handlers ----------------------------------------------------------------------------------------------
def asked(values: Sequence) -> tuple[Input, int] | None:
    """The input and the rank that the controls say; None before the view opens. gr.Error with a sentence."""
    picture, kind, amount, seed, rank = values
    if None in (kind, amount, seed, rank):
        return None
    try:
        return checked(picture, kind, amount, seed), checked_rank(rank)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def checked_rank(rank: object) -> int:
    """A rank from outside; ValueError with a sentence."""
    if not generation.is_whole(rank) or not 1 <= rank <= largest_rank():
        raise ValueError(words.wrong_rank(rank, largest_rank()))
    return int(rank)


def stage_value(*values: object) -> list:
    """The tick: x on the painter; f(x), f(f(x)) and their difference, what f took away; formula and distance."""
    *controls, broken = values
    standing = asked(controls)
    if standing is None:
        return [gr.skip()] * 4
    entry, rank = standing
    found = projected([entry], rank, broken)
    gap = (found.twice - found.once).abs()
    times = generation.amplification(gap)
    shown = [found.x, found.once, found.twice, found.removed, (found.x - found.once).abs(), times * gap]
    titles = [common.INPUT, words.ONCE, words.TWICE, words.TAKEN, words.PIXELS_CHANGED]
    titles.append(common.difference(times))
    notes = [*[""] * 5, common.largest_difference(number(float(gap.max())))]
    ids = [entry.text[:40], str(rank), *(["broken"] if broken else [])]
    away, usual = float(found.away), usual_distances(rank)
    distance = gauge(away, usual, words.MANIFOLD) + words.distance_words(away, *usual)
    return [
        tiles(found.x, ids=ids[:1]),
        tiles(torch.cat(shown), titles, ids, notes=notes),
        words.project_formula(rank, broken),
        distance,
    ]


def grid_value(entries: Sequence[str], rank: int | None, broken: bool) -> list:
    """The grid: x, f(x), f(f(x)) of several inputs at once."""
    if rank is None:
        return [gr.skip()] * 3
    found = projected([parsed(text) for text in entries], checked_rank(rank), broken)
    notes = [words.distance_note(float(away)) for away in found.away]
    rows = (found.x, ()), (found.once, notes), (found.twice, ())
    return [tiles(row, ids=[text[:40] for text in entries] + [str(rank)], notes=words) for row, words in rows]


# --- laws, program, link -----------------------------------------------------------------------------------
def settled(broken: bool, *values: object) -> Settled:
    """The laws for x and the grid, the program for this view, the link to it."""
    *controls, entries = values
    standing = asked(controls)
    if standing is None:
        return Settled((), "", "")
    entry, rank = standing
    errors = law_errors([entry, *map(parsed, entries)], rank, broken)
    laws = [
        Law(words.LAW_IDEMPOTENT, words.idempotent_formula(len(entries)), errors[0]),
        Law(words.LAW_SELF_ADJOINT, words.SELF_ADJOINT_FORMULA, errors[1]),
        Law(words.LAW_ORTHOGONAL, words.ORTHOGONAL_FORMULA, errors[2]),
    ]
    link = links.encode(SLUG, x=entry.picture, how=entry.kind, a=entry.amount, s=entry.seed, k=rank)
    return Settled(laws, program(entry, rank), link)


def program(entry: Input, rank: int) -> str:
    """Python for this view: f(x), f(f(x)), what was taken away, the distance."""
    body = f"""
from linearizer_core.data import damage

{source(entry)}
f = model.truncated({rank})                          # the {rank} most important axes
with torch.no_grad():
    once = f(x)
    twice = f(once)                                  # the same again
    removed = f.residual(x)                          # x ⊖ f(x)
    distance = f.distance_to_range(x)                # ‖x ⊖ f(x)‖
"""
    return snippets.program(body, [entry.picture], MODEL)


def from_link(query: dict[str, str], picture: str) -> tuple[Input, int, str]:
    """Input, rank and a notice for a link to this view; what is wrong in it is left out."""
    notice = ""
    try:
        picture = pictures.accept(query.get("x", picture))
    except files.BadPictureError:
        notice = common.BAD_LINK
    kind = query.get("how") if query.get("how") in USUAL else START.kind
    amount = (links.numbers(query.get("a"), 0, 1) or [USUAL[kind]])[0]
    seed = (links.numbers(query.get("s"), 0, LARGEST_SEED) or [START.seed])[0]
    rank = (links.numbers(query.get("k"), 1, largest_rank()) or [RANK])[0]
    return checked(picture, kind, amount, int(seed)), int(rank), notice


# --- the endpoint ------------------------------------------------------------------------------------------
def project(picture: str, rank: int = 32, kind: str = "none", amount: float = 0.3, seed: int = 0) -> dict:
    """Project any picture onto the digit manifold, f(x) = g⁻¹(P g(x)) with P² = P, and once more.

    Args:
        picture: "digits:0" to "digits:1796" (scikit-learn), "sample:7:42" (a generated 7, seed 42), "other:0" and on (no
            digits at all), "mnist:0" and on where MNIST is installed, or "data:image/png;base64,…", taken as it is.
        rank: how many axes f keeps, a whole number from 1 to 128.
        kind: how x is spoilt first: "none", "noise", "gaussian", "salt", "hole", "cover", "blur" or "negative".
        amount: by how much, from 0 to 1.
        seed: which noise, or where the hole lies; a whole number from 0 to 9999.

    Returns:
        {"x", "once": f(x), "twice": f(f(x)), "removed": x ⊖ f(x), each 32×32 numbers, "distance": from x to the range of f
        in the induced metric, "usual_distances": of which most digits are, "largest_difference": of f(f(x)) and f(x)}
    """
    try:
        entry, k = checked(picture, kind, amount, seed), checked_rank(rank)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None
    return answer(entry, k)


def answer(entry: Input, rank: int) -> dict:
    """What the endpoint returns for checked arguments, as plain lists."""
    found = projected([entry], rank)
    shown = {name: getattr(found, name)[0, 0].tolist() for name in ("x", "once", "twice", "removed")}
    return {
        **shown,
        "distance": float(found.away),
        "usual_distances": list(usual_distances(rank)),
        "largest_difference": float((found.twice - found.once).abs().max()),
    }


# --- the view ----------------------------------------------------------------------------------------------
def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.PROJECT_LEAD}</p>', apply_default_css=False)
    notice = gr.Markdown(visible=False, elem_classes="lab-notice", elem_id=f"{SLUG}-notice")
    entries = gr.State([entry.text for entry in GRID], time_to_live=LIFE)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                painter, spoiling, dice = _way_in()
                gr.HTML(f"<h3>{words.PROJECT_PICKER}</h3>", apply_default_css=False)
                sources = picker(SLUG, more=("other",), whole=True)
            program_half = proof.program(SLUG)
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                stage, formula, distance, rank = _stage()
            with gr.Column(elem_classes="lab-card"):
                rows, keep = _grid()
            section = proof.Section(SLUG, *proof.meter(SLUG, words.BREAK_HALF), *program_half)
    inputs = [lab.picture, *spoiling, rank]
    changes = [component.change for component in inputs]
    stage_shown = [painter, stage, formula, distance]
    gr.on([*changes, section.broken.change], stage_value, [*inputs, section.broken], stage_shown, **TICK)
    section.meter.settle(grid_value, [entries, rank, section.broken], rows, **TICK)
    section.settles([*changes, entries.change], settled, [*inputs, entries])
    _listen(lab, painter, spoiling, dice, sources)
    _listen_to_grid(lab, entries, spoiling, rows, keep)
    gr.api(project, api_name="project", queue=False)

    def opened(query: dict[str, str], picture: str) -> list:
        entry, k, text = from_link(query, picture)
        values = [entry.picture, entry.kind, entry.amount, entry.seed]
        ticked = [*stage_value(*values, k, False), *grid_value([e.text for e in GRID], k, False)]
        return [gr.Markdown(text, visible=bool(text)), *values, k, *ticked, first_page()]

    return Opening(opened, [notice, *inputs, *stage_shown, *rows, sources.pages[0]])


def _way_in() -> tuple[gr.HTML, list, gr.Button]:
    """The painter, and how x is spoilt: kind, amount, seed."""
    gr.HTML(f"<h3>{words.GOES_IN}</h3>", apply_default_css=False)
    painter = Painter(elem_id=f"{SLUG}-painter", label=words.GOES_IN)
    kinds = [(text, kind) for kind, text in words.SPOILINGS.items()]
    look = {"elem_id": f"{SLUG}-kind", "elem_classes": "lab-keys"}
    kind = gr.Radio(kinds, value=None, label=words.SPOIL, **look)
    with gr.Row(elem_classes="lab-amount"):
        name = {"label": words.AMOUNT, "elem_id": f"{SLUG}-amount", "elem_classes": "lab-field"}
        amount = gr.Slider(0, 1, None, step=0.01, min_width=180, **name)
        dice = gr.Button(words.OTHER_DICE, size="sm", elem_classes="lab-button", min_width=110, scale=0)
    return painter, [kind, amount, gr.State(None, time_to_live=LIFE)], dice


def _stage() -> tuple[gr.HTML, gr.HTML, gr.HTML, gr.Slider]:
    """x, f(x), f(f(x)) and what lies between them; the rank; the distance."""
    stage = Pictures(
        elem_id=f"{SLUG}-stage",
        label=words.PROJECTED,
        columns=3,
        hues=("", "induced", "induced", "induced", "pixel", "pixel"),
    )
    formula = gr.HTML(elem_id=f"{SLUG}-formula", apply_default_css=False)
    name = {"label": words.RANK, "elem_id": f"{SLUG}-rank", "elem_classes": "lab-field"}
    rank = gr.Slider(1, RANKS[-1], None, step=1, **name)
    with gr.Row(elem_classes="lab-buttons"):
        for k in RANKS:
            gr.Button(str(k), size="sm", min_width=36).click(None, None, rank, js=f"() => {k}")
    gr.HTML(f"<h3>{words.MANIFOLD}</h3>", apply_default_css=False)
    return stage, formula, gr.HTML(elem_id=f"{SLUG}-distance", apply_default_css=False), rank


def _grid() -> tuple[list[gr.HTML], gr.Button]:
    """Three rows of pictures, the upper one to pick from."""
    with gr.Row(elem_classes="lab-proof-head"):
        gr.HTML(f"<h3>{words.MANY}</h3><p>{words.MANY_LEAD}</p>", apply_default_css=False)
        keep = gr.Button(words.KEEP_IN_GRID, size="sm", elem_classes="lab-button", min_width=140, scale=0)
    with gr.Column(elem_classes="lab-frames"):
        rows = [
            Pictures(elem_id=f"{SLUG}-grid-{name}", label=label, columns=len(GRID), pick=name == "x")
            for name, label in (("x", common.INPUT), ("once", words.ONCE), ("twice", words.TWICE))
        ]
    return rows, keep


def _listen(lab: Lab, painter: gr.HTML, spoiling: list, dice: gr.Button, sources) -> None:
    """What is painted, chosen, drawn or uploaded goes in; a kind of damage starts with its usual amount."""
    kind, amount, seed = spoiling
    painter.painted(_painted, None, [lab.picture, kind], **CHOICE)
    kind.input(lambda kind: USUAL[kind], kind, amount, **QUIET)
    dice.click(lambda seed: (int(seed or 0) + 1) % (LARGEST_SEED + 1), seed, seed, **CHOICE)
    sources.chosen(lambda picture: [picture], [], [lab.picture])


def _painted(event: gr.EventData) -> list:
    return [pictures.accept(event.picture, whole=True), WHOLE]


def _listen_to_grid(lab: Lab, entries: gr.State, spoiling: list, rows: list, keep: gr.Button) -> None:
    """A click on the grid looks at that input closely; the button puts x in the place of the oldest."""

    def picked(texts: list[str], event: gr.EventData) -> list:
        if not isinstance(event.index, int) or not 0 <= event.index < len(texts):
            return [gr.skip()] * 4
        entry = parsed(texts[event.index])
        return [entry.picture, entry.kind, entry.amount, entry.seed]

    def kept(texts: list[str], picture: str, kind: str, amount: float, seed: int) -> list[str]:
        return [*texts[1:], checked(picture, kind, amount, seed).text]

    rows[0].pick(picked, entries, [lab.picture, *spoiling], **CHOICE)
    keep.click(kept, [entries, lab.picture, *spoiling], entries, **CHOICE)
