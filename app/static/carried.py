"""What the page needs to know of a model: its programs and weights, its operator, what it has learned besides."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app import models
from app.static.compact import Compact, compact
from app.static.packing import sections
from app.views.latent_pca import clouds, wanted
from app.views.latent_pca.standing import COMPONENTS, Arguments
from linearizer_core.algebra.singular import svd
from linearizer_core.models.generator import Generator

FIRST = {"digits": 18, "faces": 10}  # bits that did at the last search; whether they still do is measured


@cache
def compacted(name: str) -> Compact:
    """The shipped model of that name with as few bits as it can do with."""
    with models.one_core():
        return compact(models.model(name), first=FIRST.get(name, 0))


@torch.no_grad()
def model_file(name: str) -> bytes:
    """Sections for assets/static/models.js. ValueError for a model whose operator is not diagonal."""
    f, found = models.model(name), compacted(name)
    if not isinstance(f, Generator) or not hasattr(f.A, "values"):
        raise ValueError(
            f"{name} does not go without a server: its operator is no diagonal one of a generator."
        )
    order = (
        svd(f.A).V.argmax(0)
        if f.A.shape[0] <= 2048
        else f.A.values.abs().argsort(descending=True, stable=True)
    )
    facts: dict[str, Any] = {"classes": models.ABILITIES[name].classes, "ranks": models.ABILITIES[name].ranks}
    arrays = {
        "A": f.A.values,
        "std": f.total_std,
        "variances": f.A_t.variances,
        "noise_means": f.noise_means,
    }
    if models.ABILITIES[name].ages:
        arrays |= {"older": f.older, "age_weights": f.age_weights}
        facts["age_offset"] = float(f.age_offset)
    head = {
        "shape": list(models.shape(name)),
        "manifest": found.manifest,
        "rules": list(found.rules),
        "facts": facts,
    }
    numbers = {key: _floats(value) for key, value in arrays.items()}
    indices = np.frombuffer(found.indices, "<i4")
    return sections(
        head,
        {"indices": indices, "carried": found.carried, "order": order.numpy().astype("<i4"), **numbers},
    )


def _floats(values: Tensor) -> np.ndarray:
    return values.detach().float().numpy().astype("<f4").ravel()


@torch.no_grad()
def cloud_file() -> bytes:
    """The cloud that ships: for each side its mean, its components, the spread along them and every point's coordinates."""
    seen = clouds.cloud(wanted.chosen(Arguments()), models.NAMES[0])
    found: dict[str, np.ndarray] = {"labels": seen.labels.astype("<i4")}
    for side, space in (("latent", seen.latent), ("pixel", seen.pixel)):
        found[f"{side}_mean"] = _floats(space.pca.mean)
        found[f"{side}_components"] = _floats(space.pca.components[:COMPONENTS])
        found[f"{side}_spread"] = _floats(space.spread[:COMPONENTS])
        found[f"{side}_coordinates"] = _floats(space.coordinates[:, :3])
    return sections({"references": list(seen.references)}, found)
