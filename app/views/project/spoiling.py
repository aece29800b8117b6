"""A picture of the lab, whole or spoilt in one of a few ways: as a tensor, as a latent, as a line of Python."""

from collections.abc import Sequence

import torch
from torch import Tensor

from app import models, pictures
from app.models.remembering import remembered
from app.pictures.encoding import SIDE
from app.views.project.standing import Input
from linearizer_core.data import damage

BLUR = 6.0  # pixels of standard deviation at amount 1


@remembered(512)
def _tensor(entry: Input, model: str) -> Tensor:
    x, a = pictures.tensor([entry.picture], model), entry.amount
    scale = models.shape(model)[-1] / SIDE  # a blur or a hole of the same share of a larger picture
    generator = torch.Generator().manual_seed(entry.seed)
    match entry.kind:
        case "noise":
            return damage.drowned(x, a, generator)
        case "gaussian":
            return damage.gaussian_noise(x, a, generator)
        case "salt":
            return damage.salt_and_pepper(x, a, generator)
        case "hole" | "cover":
            return damage.square(x, round(a * SIDE * scale), float(entry.kind == "cover"), generator)
        case "blur":
            return damage.blur(x, BLUR * a * scale)
        case "negative":
            return (1 - a) * x + a * (1 - x)
    return x


def source(entry: Input, model: str) -> str:
    """The spoiling as a line of Python on a tensor `x`, the same arithmetic as `tensor`.

    >>> source(Input("digits:3", "salt", 0.3), "digits-projector")
    'x = damage.salt_and_pepper(x, 0.3, torch.Generator().manual_seed(0))'
    """
    scale = models.shape(model)[-1] / SIDE
    a, seeded = entry.amount, f"torch.Generator().manual_seed({entry.seed})"
    lines = {
        "noise": f"x = damage.drowned(x, {a!r}, {seeded})",
        "gaussian": f"x = damage.gaussian_noise(x, {a!r}, {seeded})",
        "salt": f"x = damage.salt_and_pepper(x, {a!r}, {seeded})",
        "hole": f"x = damage.square(x, {round(a * SIDE * scale)}, 0.0, {seeded})",
        "cover": f"x = damage.square(x, {round(a * SIDE * scale)}, 1.0, {seeded})",
        "blur": f"x = damage.blur(x, {BLUR * a * scale!r})",
        "negative": f"x = (1 - {a!r}) * x + {a!r} * (1 - x)",
    }
    return lines.get(entry.kind, "# damage.salt_and_pepper(x, 0.3) would spoil it")


def tensor(inputs: Sequence[Input], model: str) -> Tensor:
    """The inputs as float32 (k, C, S, S) in the shape that the model takes; noise may leave [0, 1]."""
    return torch.cat([_tensor(entry, model) for entry in inputs])


@remembered(512)
def _latent(entry: Input, model: str) -> Tensor:
    with models.one_core():
        return models.model(model).g_x(_tensor(entry, model))


def latents(inputs: Sequence[Input], model: str) -> Tensor:
    """g(x) of the inputs, (k, n): each is encoded once, whatever the rank."""
    return torch.cat([_latent(entry, model) for entry in inputs])
