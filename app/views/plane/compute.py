"""What the Plane view computes: laws for the points on screen, the program, the endpoint's answer. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

import linearizer_core as lc
from app import hall, models
from app import words as common
from app.panels import programs
from app.views.plane import SLUG, training, words
from app.views.plane.network import shipped
from app.views.plane.standing import TRAINED, Arguments, Standing
from app.widgets.proof_meter import Law, Settled
from linearizer_core import diagnostics
from linearizer_core.models.generator import Generator
from linearizer_core.operators import Dense
from linearizer_core.recipes.plane import grid_of_view

NOISE = 500  # points on which one step is held against N


# --- laws --------------------------------------------------------------------------------------------------------
def settled(standing: Standing, broken: bool) -> Settled:
    """The laws for the points on screen, the program for this view, the link to it; none of a plane that still learns."""
    if standing.plane == TRAINED and hall.HALL.holds(standing.token):
        return Settled((), "", "")  # when it has learned, the page asks again
    with models.one_core():
        laws = list(_laws(standing, model_of(standing), broken))
    return Settled(laws, program(standing), standing.link(SLUG), standing.stays)


def model_of(standing: Standing) -> Generator:
    """The plane that is looked at: shipped, or trained here. ValueError with a sentence where it is gone."""
    return training.kept(standing.token) if standing.plane == TRAINED else shipped(standing.plane)


def linearizer(standing: Standing, model: Generator) -> lc.Linearizer:
    """f = g⁻¹ A g with the A that the visitor has set."""
    return lc.Linearizer(model.g_x, Dense(standing.matrix().float()), model.g_y)


def _laws(standing: Standing, model: Generator, broken: bool) -> Iterator[Law]:
    f, add = linearizer(standing, model), torch.add if broken else None
    x, y = (torch.tensor([point], dtype=torch.float32) for point in (standing.x, standing.y))
    view = torch.cat([x, y, grid_of_view(21)])
    yield Law(common.LAW_ROUND_TRIP, "g⁻¹(g(x)) = x", diagnostics.round_trip_error(model.g_x, view))
    errors = diagnostics.axiom_errors(f.domain, x, y, -0.5 * y, standing.a, standing.b, add=add)
    worst = max(errors, key=errors.get)
    yield Law(common.LAW_SPACE, common.axiom_formula(worst), errors[worst])
    error = diagnostics.linearity_error(f, x, y, standing.a, standing.b, add=add)
    yield Law(common.LAW_LINEARITY, words.linearity_formula(standing.a, standing.b), error)
    if standing.mode == "operator":
        yield Law(words.LAW_SVD, words.SVD_FORMULA, diagnostics.svd_error(f, x))
    elif standing.mode == "orbit":
        yield Law(words.LAW_POWER, words.POWER_FORMULA, diagnostics.iteration_error(f, x, 3))
    elif standing.mode == "project":
        errors = diagnostics.projection_errors(f.domain, x, y, y)
        yield Law(common.LAW_PROJECTION, words.PROJECTION_FORMULA, max(errors.values()))
    elif standing.mode == "flow":
        formula = words.one_step_formula(standing.steps, standing.method)
        yield Law(common.LAW_ONE_STEP, formula, _one_step_error(standing, model))


def _one_step_error(standing: Standing, model: Generator) -> float:
    noise = torch.randn(NOISE, 2, generator=torch.Generator().manual_seed(0))
    one_step = model.collapse(standing.steps, standing.method, label=0)(noise)
    return diagnostics.relative_error(one_step, model.sample(noise, standing.steps, standing.method, label=0))


# --- the program -------------------------------------------------------------------------------------------------
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
DRAWN = {  # what the mode adds to the points of the figure, and its lines
    "add": "points",
    "operator": 'points, {"unit circle": circle, "f of it": ellipse}',
    "orbit": 'points | {"x, f(x), f(f(x)), …": orbit}',
    "project": 'points | {"nearest to x on the line of y": nearest}',
    "flow": 'points | {"by steps": by_steps, "in one step": one_step}',
}
PRINTED = {
    "add": '"zero:", zero.tolist()',
    "operator": '"singular values:", svd.values.tolist()',
    "orbit": '"orbit:", orbit.tolist()',
    "project": '"nearest:", nearest.tolist(), "distance:", distance.item()',
    "flow": '"largest difference:", (by_steps - one_step).abs().max().item()',
}


def program(standing: Standing) -> str:
    """Python for this view: the induced and the ordinary sum, f of them, and what the mode shows besides."""
    trained = standing.plane == TRAINED
    name = "my-plane" if trained else f"plane-{standing.plane}"
    where = "  # the folder with the two files that you saved" if trained else ""
    matrix = ", ".join(f"[{left:.9g}, {right:.9g}]" for left, right in standing.matrix().tolist())
    extra = EXTRAS[standing.mode].format(steps=standing.steps, method=standing.method)
    return f"""\
import torch

import linearizer_core as lc
from linearizer_core.operators import Dense

model = lc.load("{name}"){where}
x, y = {programs.tensor_of(standing.x)}, {programs.tensor_of(standing.y)}
a, b = {standing.a!r}, {standing.b!r}
A = Dense(torch.tensor([{matrix}]))
f = lc.Linearizer(model.g_x, A, model.g_x)               # f(x) = g⁻¹(A g(x))
X = f.domain
ordinary = a * x + b * y
with torch.no_grad():
    zero = X.zero()
    induced = X.combine([a, b], [x, y])                  # a ⊙ x ⊕ b ⊙ y
    image = f(induced)                                   # a ⊙ f(x) ⊕ b ⊙ f(y)
{extra.lstrip(chr(10))}
print("induced:", induced.tolist(), "ordinary:", ordinary.tolist(), "image:", image.tolist())
print({PRINTED[standing.mode]})

points = {{"x": x, "y": y, "a ⊙ x ⊕ b ⊙ y": induced, "a x + b y": ordinary, "f(a ⊙ x ⊕ b ⊙ y)": image, "0": zero}}
figure = lc.plots.plane(model.g_x, {DRAWN[standing.mode]})
figure.savefig("plane.png")                              # in a notebook, a line with `figure` alone shows it
"""


# --- the endpoint ------------------------------------------------------------------------------------------------
@torch.no_grad()
def answer(arguments: Arguments) -> dict:
    """Add two points of the plane in the space that g induces, a ⊙ x ⊕ b ⊙ y, and map them by f(x) = g⁻¹(A g(x)).

    Returns:
        {"induced": a ⊙ x ⊕ b ⊙ y, "ordinary": a x + b y, "zero": g⁻¹(0), "f_x", "f_y", "f_induced": f of these, "nearest":
        the point of the induced line of y that is nearest to x, each two numbers; "distance": from x to y in the induced
        metric, "singular_values": of A}
    """
    model = shipped(arguments.model)
    x, y = (torch.tensor(point, dtype=torch.float32) for point in (arguments.x, arguments.y))
    f = lc.Linearizer(model.g_x, Dense(_matrix(arguments, model)), model.g_y)
    X = f.domain
    induced = X.combine([arguments.a, arguments.b], [x, y])
    found = {
        "induced": induced,
        "ordinary": arguments.a * x + arguments.b * y,
        "zero": X.zero(),
        "f_x": f(x),
        "f_y": f(y),
        "f_induced": f(induced),
        "nearest": X.project(x, onto=y[None]),
        "distance": X.distance(x, y),
        "singular_values": f.svd().values,
    }
    return {name: value.tolist() for name, value in found.items()}


def _matrix(arguments: Arguments, model: Generator) -> Tensor:
    """A (2, 2): the one given, or the one that the model came with."""
    return torch.tensor(arguments.matrix, dtype=torch.float32) if arguments.matrix else model.A.dense()
