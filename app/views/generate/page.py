"""Generate: N integrator steps from noise to a digit beside the one matrix that they are; and back to the noise."""

import gradio as gr
import torch

from app import links, models, pictures
from app import words as common
from app.listening import TICK, Lab, Opening
from app.panels import programs as snippets
from app.panels import proof
from app.panels.picker import first_page
from app.pictures import files
from app.views.generate import SLUG, words
from app.views.generate import compute as generation
from app.views.generate import shown as shows
from app.views.generate.compute import CLASSES, LARGEST_SEED, MOST_STEPS, Run
from app.views.generate.controls import ANY, run_controls, way_back
from app.views.generate.shown import LINE_FRAMES, page_of, rank, singular_values
from app.views.interpolate.standing import SECOND_PICTURE
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import Pictures
from linearizer_core import diagnostics
from linearizer_core.methods.flow_matching import METHODS

START = Run(100, "rk4")
QUICK = (
    1200  # evaluations of V(t) that a tick may wait for, some 30 ms; longer runs follow when the hand rests
)
WEIGHTS = (0.6, 0.4)
MOST_SEEDS = 16  # in one call of the endpoint


# --- handlers ----------------------------------------------------------------------------------------------
def asked(values: tuple) -> tuple[int, Run] | None:
    """Seed and run from the controls; None before the view opens and while the field for the seed is empty."""
    if None in values:
        return None
    seed, label, steps, method = values
    try:
        seed = generation.checked_seed(seed)
        return seed, generation.checked(None if label == ANY else label, steps, method)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def stage_value(*values: object, patient: bool = False) -> list:
    """The tick: grid, film, comparison, formula, spectrum of B, both inversions. Long runs are left to `rested`."""
    *controls, x1, x2, broken = values
    standing = asked(tuple(controls))
    if standing is None:
        return [gr.skip()] * 7
    _, run = standing
    if patient or run.evaluations <= QUICK:
        path, stage, grid = shows.compared(*standing, broken)
    else:
        path = gr.skip()
        stage, grid = shows.running(*standing, broken)
    formula = words.generate_formula(run.steps, run.method, run.label, broken)
    return [grid, path, stage, formula, shows.spectrum(run, broken), *shows.rows(x1, x2, run, broken)]


def rested(*values: object) -> list:
    """What waits for the hand to rest: film and comparison of a long run, the line between the two noises."""
    *controls, x1, x2, broken = values
    standing = asked(tuple(controls))
    if standing is None:
        return [gr.skip()] * 3
    path, stage, _ = shows.compared(
        *standing, broken
    )  # of short runs too: an answer for another run may be late
    return [path, stage, shows.line(x1, x2, standing[1])]


# --- laws, program, link -----------------------------------------------------------------------------------
def settled(broken: bool, *values: object) -> Settled:
    """The laws for what is on screen, the program for this view, the link to it."""
    *controls, x1, x2 = values
    standing = asked(tuple(controls))
    if standing is None:
        return Settled((), "", "")
    seed, run = standing
    label, steps, method = shows.run_words(run)
    link = links.encode(SLUG, s=seed, c=label, n=steps, m=method, x=[x1, x2])
    return Settled(measured(seed, run, x1, x2, broken), program(seed, run, x1, x2), link)


def measured(seed: int, run: Run, x1: str, x2: str, broken: bool) -> list[Law]:
    """N steps against one step: from this noise, from the noise of x₁ and x₂, from a blend of two noises."""
    f, gen, values = generation.one_step(run, broken), models.model(), singular_values(run.steps, run.method)
    found, full = rank(values), rank(values) == len(values)
    x0, other = generation.noise([seed]), generation.noise([seed + 1])
    with models.one_core():
        blend = f.domain.combine(WEIGHTS, torch.stack([x0, other]))
        wanted = pictures.tensor([x1, x2]) if full else f(torch.cat([x0, other]))
        ends = gen.sample(torch.cat([x0, blend, f.pinv()(wanted)]), run.steps, run.method, run.label)
        many, blended, back = ends.split([1, 1, 2])
        one, sums = f(x0), f.codomain.combine(WEIGHTS, torch.stack([f(x0), f(other)]))
    decibel = diagnostics.psnr(one, many)
    return [
        Law(
            common.LAW_ONE_STEP,
            words.one_step_formula(run.steps, run.method, decibel),
            diagnostics.relative_error(one, many),
        ),
        Law(
            words.LAW_INVERSION,
            words.inversion_formula(full, found, len(values)),
            diagnostics.relative_error(back, wanted),
        ),
        Law(
            common.LAW_LINEARITY,
            words.superposition_formula(*WEIGHTS),
            diagnostics.relative_error(blended, sums),
        ),
    ]


def program(seed: int, run: Run, x1: str, x2: str) -> str:
    """Python for this view: one step for all seeds, the path of the chosen one, spectrum, inversion, line."""
    seeds, how = page_of(seed), f"steps={run.steps}, method={run.method!r}, label={run.label}"
    body = f"""
seeds = range({seeds[0]}, {seeds[-1] + 1})
white = [torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
noise = torch.stack(white)
chosen = noise[{seed % shows.GRID}:{seed % shows.GRID + 1}]          # seed {seed}
f = model.collapse({how})     # x = g_data⁻¹(B g_noise(x₀))
with torch.no_grad():
    one = f(noise)                                       # one step
    path = model.path(chosen, {how}, frames={generation.FRAMES})[:, 0]
    difference = path[-1:] - f(chosen)                   # N steps − one step
    values = f.svd().values                              # the spectrum of B

    # And back: the noises of x₁ and x₂, what they make, and the straight line between them.
    x0 = f.pinv()(x)
    back = f(x0)
    line = lc.InducedSpace(f.g_x).line(x0[0], x0[1], torch.linspace(0, 1, {LINE_FRAMES}))
    digits = f(line)
"""
    return snippets.program(body, [x1, x2])


def from_link(query: dict[str, str], picture: str) -> tuple[list, list[str], str]:
    """Values of the controls, the two pictures, and a notice, for a link to this view."""
    label = int(query["c"]) if query.get("c") in map(str, range(CLASSES)) else ANY
    steps = links.numbers(query.get("n"), 1, MOST_STEPS) or [START.steps]
    seed = links.numbers(query.get("s"), 0, LARGEST_SEED) or [0]
    method = query.get("m") if query.get("m") in METHODS else START.method
    try:
        found, notice = [pictures.accept(reference) for reference in links.words(query.get("x"))[:2]], ""
    except files.BadPictureError:
        found, notice = [], common.BAD_LINK
    if len(found) < 2:
        found = [*found, picture, SECOND_PICTURE][:2]
    return [int(seed[0]), label, int(steps[0]), method], found, notice


# --- the endpoint ------------------------------------------------------------------------------------------
def generate(seeds: list[int], label: int | None = None, steps: int = 100, method: str = "rk4") -> dict:
    """Turn noise into digits twice: by N steps of the integrator, and by the one matrix B that they collapse to.

    Args:
        seeds: 1 to 16 whole numbers from 0 to 2147483647; each is one picture of white noise.
        label: the class, 0 to 9, or null for whatever comes.
        steps: N, a whole number from 1 to 1000.
        method: "euler", "midpoint" or "rk4".

    Returns:
        {"one_step": a 32×32 picture for each seed by x = g_data⁻¹(B g_noise(x₀)), "n_steps": the same by N steps,
        "path": up to 12 pictures on the way of the first seed, "times": their t, "largest_difference": between one
        step and N steps, "spectrum": singular values of B, "seconds": {"n_steps", "one_step"} for the first seed}
    """
    try:
        if not isinstance(seeds, list | tuple) or not 1 <= len(seeds) <= MOST_SEEDS:
            raise ValueError(
                words.wrong_seeds(len(seeds) if isinstance(seeds, list | tuple) else 0, MOST_SEEDS)
            )
        return answer(tuple(map(generation.checked_seed, seeds)), generation.checked(label, steps, method))
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def answer(seeds: tuple[int, ...], run: Run) -> dict:
    """What the endpoint returns for checked arguments, as plain lists."""
    walked, one = generation.walked(seeds[0], run), models.decode(generation.made(seeds, run))
    with models.one_core():
        ends = models.model().sample(generation.noise(seeds), run.steps, run.method, run.label)
    return {
        "one_step": one[:, 0].tolist(),
        "n_steps": ends[:, 0].tolist(),
        "path": models.decode(walked.latents)[:, 0].tolist(),
        "times": list(walked.times),
        "largest_difference": float((ends - one).abs().max()),
        "spectrum": list(singular_values(run.steps, run.method)),
        "seconds": {
            "n_steps": walked.seconds,
            "one_step": generation.one_step_seconds(seeds[0], run),
        },
    }


# --- the view ----------------------------------------------------------------------------------------------
def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.GENERATE_LEAD}</p>', apply_default_css=False)
    notice = gr.Markdown(visible=False, elem_classes="lab-notice", elem_id=f"{SLUG}-notice")
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                grid, controls = run_controls(SLUG, START.steps)
            program_half = proof.program(SLUG)
        with gr.Column(scale=6, min_width=320):
            path, stage, formula, spectrum = _stage()
            section = proof.Section(SLUG, *proof.meter(SLUG, words.BREAK_SIMPSON), *program_half)
    other, inverted, sources, strip = way_back(SLUG, lab)
    inputs = [*controls, lab.picture, other]
    changes = [component.change for component in inputs]
    shown = [grid, path, stage, formula, spectrum, *inverted]
    gr.on([*changes, section.broken.change], stage_value, [*inputs, section.broken], shown, **TICK)
    section.meter.settle(rested, [*inputs, section.broken], [path, stage, strip], **TICK)
    section.settles(changes, settled, inputs)
    gr.api(generate, api_name="generate", queue=False)

    def opened(query: dict[str, str], picture: str) -> list:
        values, chosen, text = from_link(query, picture)
        ticked = stage_value(*values, *chosen, False, patient=True)
        between = rested(*values, *chosen, False)[-1]
        return [gr.Markdown(text, visible=bool(text)), *values, *chosen, *ticked, between, first_page()]

    return Opening(opened, [notice, *inputs, *shown, strip, sources.pages[0]])


def _stage() -> tuple[gr.HTML, gr.HTML, gr.HTML, gr.HTML]:
    """The film, the comparison and the formula in one card, the spectrum of B in another."""
    with gr.Column(elem_classes="lab-card lab-first"):
        gr.HTML(f"<h3>{words.N_STEPS}</h3>", apply_default_css=False)
        with gr.Column(elem_classes="lab-frames"):
            path = Pictures(elem_id=f"{SLUG}-path", label=words.N_STEPS, columns=generation.FRAMES)
        stage = Pictures(elem_id=f"{SLUG}-stage", label=words.COMPARED, columns=4, hues=("", "", "induced"))
        formula = gr.HTML(elem_id=f"{SLUG}-formula", apply_default_css=False)
    with gr.Column(elem_classes="lab-card"):
        head = f"<h3>{words.B_SPECTRUM}</h3><p>{words.B_SPECTRUM_LEAD}</p>"
        gr.HTML(head, apply_default_css=False)
        return path, stage, formula, gr.HTML(elem_id=f"{SLUG}-spectrum", apply_default_css=False)
