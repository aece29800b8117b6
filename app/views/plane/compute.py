"""Planes: what the browser needs of a 2-D model, and a checked account of what a visitor has set."""

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, singledispatch

import numpy as np
import torch
from torch import Tensor

import linearizer_core as lc
from app import links
from app import words as common
from app.views.plane import words
from linearizer_core.data.point_sets import VIEW, draw_points
from linearizer_core.models.generator import Generator
from linearizer_core.networks import (
    AffineCoupling,
    Chain,
    Flatten,
    InvertibleLinear,
    InvertibleNetwork,
    Permute,
)
from linearizer_core.networks.coupling import REACH
from linearizer_core.operators import Dense

NAMES = ("moons", "rings", "spiral", "checkerboard", "identity")
TRAINED = "trained"
MODES = ("add", "operator", "orbit", "project", "flow")
METHODS = ("euler", "rk4")
SHOWN = ("grid", "data", "vectors", "circles")
POINTS = 1000  # of the data set, drawn with a seed that no training used
LIMITS = {"a": 2.0, "b": 2.0, "s": 2.5, "angle": 180.0}
POWERS, MOST_STEPS = (-3.0, 10.0), 100


# --- the network as numbers ----------------------------------------------------------------------------------
@singledispatch
def layers(network: InvertibleNetwork) -> list[dict]:
    """What assets/widgets/plane/math.js needs to compute the network; TypeError for a layer that it does not know."""
    raise TypeError(f"no plane is made of {type(network).__name__}.")


@layers.register
def _(network: Chain) -> list[dict]:
    return [layer for part in network.networks for layer in layers(part)]


@layers.register
def _(network: Flatten) -> list[dict]:
    return []  # of vectors: the identity


@layers.register
def _(network: Permute) -> list[dict]:
    return [_affine(torch.eye(2)[network.order], torch.zeros(2))]


@layers.register
def _(network: InvertibleLinear) -> list[dict]:
    lower, upper = network.weight.factors()
    return [_affine((lower @ upper)[network.weight.rows], network.bias)]


@layers.register
def _(network: AffineCoupling) -> list[dict]:
    parameters = [p.detach().cpu().float().numpy().ravel() for p in network.conditioner.parameters()]
    hidden = network.conditioner.layers[0].out_features
    return [{"hidden": hidden, "bound": network.bound, "reach": REACH, "weights": np.concatenate(parameters)}]


def _affine(matrix: Tensor, shift: Tensor) -> dict:
    matrix = matrix.detach().double()
    inverse = torch.linalg.inv(matrix)
    return {"matrix": matrix.tolist(), "shift": shift.detach().double().tolist(), "inverse": inverse.tolist()}


def packed(array: np.ndarray | Tensor, dtype: str = "<f4") -> str:
    """The array's bytes as base64, row by row."""
    return base64.b64encode(np.ascontiguousarray(np.asarray(array), dtype=dtype).tobytes()).decode("ascii")


def network_payload(model: Generator) -> dict:
    """A model for the browser: g layer by layer, A, the flow. The weights are those of torch, to the last bit."""
    found, weights, at = layers(model.g_x), [], 0
    for layer in found:
        numbers = layer.pop("weights", None)
        if numbers is not None:
            layer["at"], at = at, at + len(numbers)
            weights.append(numbers)
    return {
        "layers": found,
        "numbers": packed(np.concatenate(weights) if weights else np.zeros(0)),
        "A": model.A.dense().detach().double().tolist(),
        "variances": model.A_t.variances.detach().double().tolist(),
        "noise_means": model.noise_means.detach().double().tolist(),
    }


def points_payload(points: Tensor, labels: Tensor) -> dict:
    """A cloud of points with their labels."""
    return {"points": packed(points), "labels": packed(labels, "u1")}


@lru_cache(maxsize=1)
def shipped_payload() -> dict[str, dict]:
    """Every plane that ships, with a thousand points of its data set: the value of the first page."""
    found = {}
    for name in available():
        cloud = draw_points(set_of(name), POINTS, seed=2)
        found[name] = network_payload(shipped(name)) | points_payload(*cloud)
    return found


def set_of(name: str) -> str:
    """The data set that a plane was trained on."""
    return "moons" if name == "identity" else name


@lru_cache(maxsize=1)
def available() -> tuple[str, ...]:
    """Those of `NAMES` that are here."""
    shipped = lc.pretrained()
    return tuple(name for name in NAMES if f"plane-{name}" in shipped)


@lru_cache(maxsize=len(NAMES))
def shipped(name: str) -> Generator:
    """The shipped plane of that name, frozen."""
    return lc.load(f"plane-{name}", device="cpu")


# --- what is set -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """Where everything stands: the plane, two points, two coefficients, A by its SVD, and what is looked at."""

    plane: str = NAMES[0]
    mode: str = MODES[0]
    x: tuple[float, float] = (-1.85, 0.75)
    y: tuple[float, float] = (0.4, 0.55)
    a: float = 0.5
    b: float = 0.5
    s: tuple[float, float] = (1.2, 0.8)
    u: float = 30.0
    v: float = 0.0
    p: float = 1.0
    steps: int = 20
    method: str = METHODS[0]
    show: tuple[str, ...] = ("grid", "data")
    token: str = ""  # of the training that made the plane, where it was made here

    def matrix(self) -> Tensor:
        """A = U diag(s) Vᵀ, (2, 2), in float64."""
        U, V = (_rotation(angle) for angle in (self.u, self.v))
        return U @ torch.diag(torch.tensor(self.s, dtype=torch.float64)) @ V.mT

    def as_value(self) -> dict:
        """What the widget reads and sends back."""
        return asdict(self)


def _rotation(degrees: float) -> Tensor:
    angle = torch.tensor(math.radians(degrees), dtype=torch.float64)
    return torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])


def checked(value: object) -> Standing:
    """A `Standing` from what a browser sent; ValueError with a sentence."""
    if not isinstance(value, Mapping):
        raise ValueError(words.PLANE_UNKNOWN)
    start = Standing()
    given = {name: value.get(name, getattr(start, name)) for name in asdict(start)}
    for name, among in (("plane", (*available(), TRAINED)), ("mode", MODES), ("method", METHODS)):
        if given[name] not in among:
            raise ValueError(common.no_such_choice(given[name], list(among)))
    for name in ("x", "y"):
        given[name] = pair(given[name], VIEW, name)
    given["s"] = pair(given["s"], LIMITS["s"], "s")
    for name, low, high in (
        ("a", -LIMITS["a"], LIMITS["a"]),
        ("b", -LIMITS["b"], LIMITS["b"]),
        ("u", -LIMITS["angle"], LIMITS["angle"]),
        ("v", -LIMITS["angle"], LIMITS["angle"]),
        ("p", *POWERS),
        ("steps", 1, MOST_STEPS),
    ):
        given[name] = number(given[name], low, high, name)
    given["token"] = given["token"] if isinstance(given["token"], str) else ""
    show = given["show"] if isinstance(given["show"], list | tuple) else ()
    given["show"] = tuple(name for name in SHOWN if name in show)
    return Standing(**given | {"steps": int(given["steps"])})


def number(value: object, low: float, high: float, name: str) -> float:
    """A finite number in [low, high]; ValueError with a sentence."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(words.plane_out_of_range(name, value, low, high))
    return float(value)


def pair(value: object, limit: float, name: str) -> tuple[float, float]:
    """Two finite numbers within ±limit; ValueError with a sentence."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(words.plane_no_pair(name, limit))
    first, second = (number(one, -limit, limit, name) for one in value)
    return first, second


# --- links -------------------------------------------------------------------------------------------------------
def in_link(standing: Standing) -> dict[str, object]:
    """What a link says; a plane trained here lives in one page only, so its link names the default."""
    known = standing.plane in available()
    return {
        "m": standing.plane if known else NAMES[0],
        "see": standing.mode,
        "x": [round(value, 4) for value in standing.x],
        "y": [round(value, 4) for value in standing.y],
        "w": [standing.a, standing.b],
        "s": [round(value, 4) for value in standing.s],
        "t": [round(standing.u, 3), round(standing.v, 3)],
        "p": standing.p,
        "n": standing.steps,
        "by": standing.method,
        "show": list(standing.show),
    }


def of_link(query: Mapping[str, str]) -> Standing:
    """The standing that a link asks for; what is wrong in it is left out."""
    start = Standing()
    standing = replace(start, plane=(available() or NAMES)[0])
    pairs = {"x": (VIEW, ("x",)), "y": (VIEW, ("y",)), "s": (LIMITS["s"], ("s",))}
    for key, (limit, (name,)) in pairs.items():
        found = links.numbers(query.get(key), -limit, limit)
        if len(found) == 2:
            standing = replace(standing, **{name: (found[0], found[1])})
    for key, limit, names in (("w", LIMITS["a"], ("a", "b")), ("t", LIMITS["angle"], ("u", "v"))):
        found = links.numbers(query.get(key), -limit, limit)
        if len(found) == 2:
            standing = replace(standing, **dict(zip(names, found)))
    for key, name, low, high in (("p", "p", *POWERS), ("n", "steps", 1, MOST_STEPS)):
        for found in links.numbers(query.get(key), low, high)[:1]:
            standing = replace(standing, **{name: type(getattr(start, name))(found)})
    for key, name, among in (("m", "plane", available()), ("see", "mode", MODES), ("by", "method", METHODS)):
        if query.get(key) in among:
            standing = replace(standing, **{name: query[key]})
    if "show" in query:
        shown = links.words(query["show"])
        standing = replace(standing, show=tuple(name for name in SHOWN if name in shown))
    return standing


def linearizer(standing: Standing, model: Generator) -> lc.Linearizer:
    """f = g⁻¹ A g with the A that the visitor has set."""
    return lc.Linearizer(model.g_x, Dense(standing.matrix().float()), model.g_y)
