"""Plane: two dimensions, bent by hand. Everything moves in the browser; the server measures the laws when a hand rests."""

from collections.abc import Iterator

import gradio as gr
import torch
from torch import Tensor

import linearizer_core as lc
from app import links, models
from app import words as common
from app.listening import QUIET, Lab, Opening
from app.panels import programs as snippets
from app.panels import proof
from app.views.plane import SLUG, words
from app.views.plane import compute as planes
from app.views.plane import training as training_hall
from app.views.plane.canvas import Plane
from app.views.plane.compute import Standing
from app.views.plane.trainer import PlaneTrainer
from app.widgets.proof_meter import Law, Settled
from linearizer_core import diagnostics
from linearizer_core.models.generator import Generator
from linearizer_core.operators import Dense
from linearizer_core.recipes.plane import grid_of_view

NOISE = 500  # points on which one step is held against N


# --- laws, program, link -----------------------------------------------------------------------------------------
def settled(broken: bool, value: dict | None) -> Settled:
    """The laws for the points on screen, the program for this view, the link to it."""
    if value is None:
        return Settled((), "", "")
    standing = _refusing(planes.checked, value)
    if standing.plane == planes.TRAINED and training_hall.HALL.holds(standing.token):
        return Settled((), "", "")  # it still learns: the laws are measured when it has done
    model = _refusing(model_of, standing)
    with models.one_core():
        laws = list(_laws(standing, model, broken))
    return Settled(laws, program(standing), links.encode(SLUG, **planes.in_link(standing)))


def model_of(standing: Standing) -> Generator:
    """The plane that is looked at: shipped, or trained here. ValueError with a sentence where it is gone."""
    if standing.plane == planes.TRAINED:
        return training_hall.kept(standing.token)
    return planes.shipped(standing.plane)


def _refusing(fn, *arguments: object) -> object:
    """What fn returns; a ValueError becomes the sentence that the visitor sees."""
    try:
        return fn(*arguments)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def _laws(standing: Standing, model: Generator, broken: bool) -> Iterator[Law]:
    f, add = planes.linearizer(standing, model), torch.add if broken else None
    x, y = (torch.tensor([point], dtype=torch.float32) for point in (standing.x, standing.y))
    view = torch.cat([x, y, grid_of_view(21)])
    yield Law(common.LAW_ROUND_TRIP, "g⁻¹(g(x)) = x", diagnostics.round_trip_error(model.g_x, view))
    errors = diagnostics.axiom_errors(f.domain, x, y, -0.5 * y, standing.a, standing.b, add=add)
    worst = max(errors, key=errors.get)
    yield Law(common.LAW_SPACE, common.axiom_formula(worst), errors[worst])
    error = diagnostics.linearity_error(f, x, y, standing.a, standing.b, add=add)
    yield Law(common.LAW_LINEARITY, words.plane_linearity_formula(standing.a, standing.b), error)
    if standing.mode == "operator":
        yield Law(words.LAW_SVD, words.SVD_FORMULA, diagnostics.svd_error(f, x))
    elif standing.mode == "orbit":
        yield Law(words.LAW_POWER, words.POWER_FORMULA, diagnostics.iteration_error(f, x, 3))
    elif standing.mode == "project":
        errors = diagnostics.projection_errors(f.domain, x, y, y)
        yield Law(common.LAW_PROJECTION, words.PROJECTION_FORMULA, max(errors.values()))
    elif standing.mode == "flow":
        formula = words.plane_one_step_formula(standing.steps, standing.method)
        yield Law(common.LAW_ONE_STEP, formula, _one_step_error(standing, model))


def _one_step_error(standing: Standing, model: Generator) -> float:
    noise = torch.randn(NOISE, 2, generator=torch.Generator().manual_seed(0))
    one_step = model.collapse(standing.steps, standing.method, label=0)(noise)
    return diagnostics.relative_error(one_step, model.sample(noise, standing.steps, standing.method, label=0))


EXTRAS = {
    "add": "",
    "operator": """
    circle = torch.linspace(0, 2 * torch.pi, 97)
    circle = model.g_x.inverse(torch.stack([circle.cos(), circle.sin()], 1))     # the induced unit circle
    ellipse = f(circle)
    svd = f.svd()                                        # svd.values, and points svd.inputs, svd.outputs
""",
    "orbit": """
    orbit = torch.stack([(f**n)(x) for n in range(11)])  # x, f(x), f(f(x)), …
""",
    "project": """
    nearest = X.project(x, onto=y[None])                 # on the line of y
    distance = X.distance(x, nearest)
""",
    "flow": """
    noise = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))
    by_steps = model.sample(noise, steps={steps}, method="{method}", label=0)
    one_step = model.collapse(steps={steps}, method="{method}", label=0)(noise)
""",
}


def program(standing: Standing) -> str:
    """Python for this view: the induced and the ordinary sum, f of them, and what the mode shows besides."""
    trained = standing.plane == planes.TRAINED
    name = "my-plane" if trained else f"plane-{standing.plane}"
    where = "  # the folder with the two files that you saved" if trained else ""
    matrix = ", ".join(f"[{left:.9g}, {right:.9g}]" for left, right in standing.matrix().tolist())
    extra = EXTRAS[standing.mode].format(steps=standing.steps, method=standing.method)
    return f"""\
import torch

import linearizer_core as lc
from linearizer_core.operators import Dense

model = lc.load("{name}"){where}
x, y = {snippets.tensor_of(standing.x)}, {snippets.tensor_of(standing.y)}
a, b = {standing.a!r}, {standing.b!r}
A = Dense(torch.tensor([{matrix}]))
f = lc.Linearizer(model.g_x, A, model.g_x)               # f(x) = g⁻¹(A g(x))
X = f.domain
ordinary = a * x + b * y
with torch.no_grad():
    zero = X.zero()
    induced = X.combine([a, b], [x, y])                  # a ⊙ x ⊕ b ⊙ y
    image = f(induced)                                   # a ⊙ f(x) ⊕ b ⊙ f(y)
{extra.lstrip(chr(10))}"""


# --- the endpoint ------------------------------------------------------------------------------------------------
def plane(
    x: list[float],
    y: list[float],
    a: float = 1.0,
    b: float = 1.0,
    matrix: list[list[float]] | None = None,
    model: str = "moons",
) -> dict:
    """Add two points of the plane in the space that g induces, a ⊙ x ⊕ b ⊙ y, and map them by f(x) = g⁻¹(A g(x)).

    Args:
        x: two numbers from −3 to 3.
        y: two numbers from −3 to 3.
        a: a number from −2 to 2.
        b: a number from −2 to 2.
        matrix: A, two rows of two numbers with singular values up to 2.5; leave it out for the A that the model came with.
        model: "moons", "rings", "spiral", "checkerboard" or "identity", where ⊕ is +.

    Returns:
        {"induced": a ⊙ x ⊕ b ⊙ y, "ordinary": a x + b y, "zero": g⁻¹(0), "f_x", "f_y", "f_induced": f of these, "nearest":
        the point of the induced line of y that is nearest to x, each two numbers; "distance": from x to y in the induced
        metric, "singular_values": of A}
    """
    if model not in planes.available():
        raise gr.Error(common.no_such_choice(model, list(planes.available())), print_exception=False)
    value = {"plane": model, "x": x, "y": y, "a": a, "b": b}
    standing = _refusing(planes.checked, value)
    found = planes.shipped(model)
    A = found.A.dense() if matrix is None else _refusing(_matrix, matrix)
    return answer(standing, lc.Linearizer(found.g_x, Dense(A), found.g_y))


def _matrix(rows: object) -> Tensor:
    """A (2, 2) from outside; ValueError with a sentence."""
    limit = planes.LIMITS["s"]
    if not isinstance(rows, list | tuple) or len(rows) != 2:
        raise ValueError(words.no_matrix(limit))
    A = torch.tensor([planes.pair(row, limit, "a row of matrix") for row in rows])
    if torch.linalg.matrix_norm(A, 2) > limit + 1e-6:
        raise ValueError(words.no_matrix(limit))
    return A


@torch.no_grad()
def answer(standing: Standing, f: lc.Linearizer) -> dict:
    """What the endpoint returns for checked arguments, as plain lists."""
    x, y = torch.tensor(standing.x), torch.tensor(standing.y)
    X = f.domain
    induced = X.combine([standing.a, standing.b], [x, y])
    found = {
        "induced": induced,
        "ordinary": standing.a * x + standing.b * y,
        "zero": X.zero(),
        "f_x": f(x),
        "f_y": f(y),
        "f_induced": f(induced),
        "nearest": X.project(x, onto=y[None]),
        "distance": X.distance(x, y),
        "singular_values": f.svd().values,
    }
    return {name: value.tolist() for name, value in found.items()}


# --- the view ----------------------------------------------------------------------------------------------------
def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.PLANE_LEAD}</p>', apply_default_css=False)
    with gr.Column(elem_classes="lab-card"):
        first = Standing().as_value() | {"planes": planes.shipped_payload(), "idle": True}
        canvas = Plane(first, elem_id=f"{SLUG}-canvas")
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.TRAIN}</h3><p>{words.TRAIN_LEAD}</p>", apply_default_css=False)
            trainer = PlaneTrainer(elem_id=f"{SLUG}-trainer")
        with gr.Column(scale=6, min_width=320):
            section = proof.section(SLUG, words.BREAK_PLUS)
    trainer.train(_stream, None, trainer, **QUIET | {"queue": True, "concurrency_limit": None})
    trainer.stop(_stop, None, None, **QUIET)
    section.settles([canvas.change], settled, [canvas])
    gr.api(plane, api_name="plane", queue=False)

    def opened(query: dict[str, str], picture: str) -> list:
        linked = set(query) - {"view"}
        return [planes.of_link(query).as_value() | {"idle": False} if linked else gr.skip()]

    return Opening(opened, [canvas])


def _stream(event: gr.EventData) -> Iterator[dict]:
    yield from training_hall.stream(event)


def _stop(event: gr.EventData) -> None:
    training_hall.HALL.stop(getattr(event, "run", None))
