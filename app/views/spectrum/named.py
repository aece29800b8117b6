"""Directions with a name, of the models that have some: to the mean of a class, and what years do to a face.

None is drawn by hand: a class is a mean of the model's latents, `older` is what its training measured of ages.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app import models
from app.models.remembering import remembered
from app.views.spectrum.standing import OLDER, names, trained

YEARS = 20.0  # how many are one `older`
STRONGEST = 8  # directions of A in which we ask how much of a named one lies
ALONG = (-2.0, -1.0, 0.0, 1.0, 2.0)  # multiples at which one is shown


@remembered(32)
def direction(model: str, name: str) -> Tensor:
    """d, (n,), in latents: from the mean of all classes to that of one; or twenty years.

    >>> direction("digits", "7").shape
    torch.Size([1024])
    """
    f = models.model(model)
    if name not in names(model):
        raise ValueError(f"{model} has no direction {name!r}.")
    if name == OLDER:
        return YEARS * f.older
    means = f.prototypes.detach()
    return means[int(name)] - means.mean(0)


def source(name: str) -> str:
    """The direction as Python on `model`.

    >>> source("7")
    'model.prototypes[7] - model.prototypes.mean(0)'
    """
    return (
        f"{YEARS!r} * model.older"
        if name == OLDER
        else f"model.prototypes[{name}] - model.prototypes.mean(0)"
    )


@remembered(32)
def row(model: str, name: str) -> Tensor:
    """c ⊙ d for c in `ALONG`, (5, C, S, S)."""
    with models.one_core():
        return models.model(model).g_x.inverse(torch.tensor(ALONG)[:, None] * direction(model, name))


@remembered(32)
def passed(model: str, name: str) -> tuple[float, float]:
    """Which share of ‖d‖² lies in the strongest directions vᵢ of A, and how much of ‖d‖ the trained f passes on."""
    d, V = direction(model, name), trained(model).factors.V[:, :STRONGEST]
    with torch.inference_mode():
        strong, gain = (d @ V).square().sum() / d.square().sum(), models.model(model).A(d).norm() / d.norm()
    return float(strong), float(gain)
