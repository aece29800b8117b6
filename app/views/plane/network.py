"""Planes: the 2-D models that ship, and what a browser needs of one to compute it."""

import base64
from functools import lru_cache, singledispatch

import numpy as np
import torch
from torch import Tensor

import linearizer_core as lc
from linearizer_core import checkpoints
from linearizer_core.data.point_sets import draw_points
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

NAMES = ("moons", "rings", "spiral", "checkerboard", "identity")
POINTS = 1000  # of the data set, drawn with a seed that no training used


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
    return lc.load(checkpoints.ASSETS / f"plane-{name}", device="cpu")
