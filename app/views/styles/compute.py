"""What the Styles view computes: an operator from the controls, a tick, a painting at full size, the laws."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from app import models
from app.pictures import photos
from app.views.styles import words
from linearizer_core import algebra, checkpoints, diagnostics
from linearizer_core.algebra.simplify import structured
from linearizer_core.models.photo import padded, photo_network
from linearizer_core.models.styles import PLAIN, Styles
from linearizer_core.networks import InvertibleNetwork
from linearizer_core.operators import Dense, Identity, LinearOperator, PerPosition
from linearizer_core.spaces import decode, encode

MODEL = "styles"
STRONGEST = 1.5
LAW_SIDE = 128  # pixels of the square in the middle of the preview on which the laws are measured


def names() -> tuple[str, ...]:
    """The styles of the shipped model, known without loading it."""
    return checkpoints.read_config(MODEL).recipe.learned


@dataclass(frozen=True)
class Mix:
    """What the controls say: weights of the styles, or two of them in `order`; strength; a style to take off, or ""."""

    weights: tuple[float, ...]
    order: tuple[str, ...] = ()
    strength: float = 1.0
    undo: str = ""

    @property
    def plain(self) -> float:
        """The weight that the photo itself keeps."""
        return 1 - math.fsum(self.weights)

    @property
    def swapped(self) -> Mix:
        """The same two styles in the other order."""
        return Mix(self.weights, self.order[::-1], self.strength, self.undo)


def checked(mode: object, weights: Sequence, order: Sequence, strength: object, undo: object) -> Mix:
    """A mix from outside; ValueError with a sentence. Weights that add up to more than 1 are brought to 1."""
    known = names()
    if mode not in words.MODES:
        raise ValueError(words.BAD_MODE)
    if len(weights) != len(known) or not all(_number(w) and 0 <= w <= 1 for w in weights):
        raise ValueError(words.bad_weights(known))
    if not _number(strength) or not 0 <= strength <= STRONGEST:
        raise ValueError(words.bad_strength(STRONGEST))
    for name in (*order, *([undo] if undo else [])):
        if name not in known:
            raise ValueError(words.bad_style(name, known))
    total = max(1.0, math.fsum(weights))
    shares = tuple(round(float(w) / total, 6) for w in weights)
    return Mix(shares, tuple(order) if mode == words.ORDER else (), float(strength), undo or "")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


# --- operators ---------------------------------------------------------------------------------------------
@lru_cache(maxsize=256)
def matrix(model: Styles, name: str, p: float) -> Dense:
    """A_sᵖ (C, C)."""
    A = Identity(model.channels) if name == PLAIN else algebra.power(model.operator(name), p)
    return Dense(A.dense().to(torch.float32))


def operator(model: Styles, mix: Mix) -> Dense:
    """The operator on channels that the controls say: A⁺ of the style taken off, times the blend or the product."""
    if mix.order:
        first, second = (matrix(model, name, mix.strength) for name in mix.order)
        A: LinearOperator = second @ first
    else:
        terms = [w * matrix(model, name, mix.strength) for name, w in zip(model.names, mix.weights) if w]
        if mix.plain > 1e-6 or not terms:
            terms.append(mix.plain * matrix(model, PLAIN, 1.0))
        A = terms[0]
        for term in terms[1:]:
            A = A + term
    if mix.undo:
        A = matrix(model, mix.undo, -1.0) @ A
    return Dense(structured(A).dense())


@lru_cache(maxsize=64)
def spectrum(model: Styles, name: str) -> tuple[float, ...]:
    """Singular values of A_s."""
    return tuple(algebra.svd(matrix(model, name, 1.0)).values.tolist())


# --- painting ----------------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def preview_latent(model: Styles, photo: str) -> Tensor:
    """g of the preview, (1, n): a photo is encoded when first seen and never again."""
    x = photos.preview(photo)
    with models.one_core():
        return photo_network(model.g, *x.shape[-2:])(x)


def paint(model: Styles, photo: str, mixes: Sequence[Mix]) -> Tensor:
    """The tick: the preview in each mix, (len(mixes), 3, h, w); one decode for all."""
    x = photos.preview(photo)
    z = preview_latent(model, photo)
    g = photo_network(model.g, *x.shape[-2:])
    with models.one_core():
        grid = (x.shape[-2] // model.multiple, x.shape[-1] // model.multiple)
        return g.inverse(torch.cat([PerPosition(operator(model, mix), grid)(z) for mix in mixes]))


class Progress(NamedTuple):
    """How far a painting is, and the picture (3, H, W) at its end."""

    share: float
    picture: Tensor | None = None
    seconds: float = 0.0


def paint_full(model: Styles, photo: str, mix: Mix) -> Iterator[Progress]:
    """The photo at full size: one `Progress` per layer of g and g⁻¹; the work of one layer is too short to cancel."""
    started, x = time.monotonic(), photos.full(photo)
    whole = padded(x, model.multiple)
    g = photo_network(model.g, *whole.shape[-2:])
    layers = list(g.networks)
    z = whole
    for done, layer in enumerate(layers):
        with models.one_core():
            z = layer(z)
        yield Progress(0.5 * done / len(layers))
    grid = (whole.shape[-2] // model.multiple, whole.shape[-1] // model.multiple)
    with models.one_core():
        z = PerPosition(operator(model, mix), grid)(z)
    for done, layer in enumerate(reversed(layers)):
        with models.one_core():
            z = layer.inverse(z)
        yield Progress(0.5 + 0.5 * done / len(layers))
    yield Progress(1.0, z[0, :, : x.shape[-2], : x.shape[-1]], time.monotonic() - started)


# --- laws --------------------------------------------------------------------------------------------------
def law_styles(model: Styles, mix: Mix) -> tuple[str, str]:
    """The two styles that the laws are shown with: those in order, else the heaviest of the blend."""
    if mix.order:
        return mix.order[0], mix.order[1]
    heaviest = sorted(range(len(mix.weights)), key=lambda i: -mix.weights[i])
    return model.names[heaviest[0]], model.names[heaviest[1]]


def law_errors(model: Styles, photo: str, mix: Mix, broken: bool) -> list[float]:
    """Composition, half a style, undo, blend, on the middle of the preview; broken, by way of 8 bits and pixel averages."""
    x = photos.preview(photo)
    side = [min(LAW_SIDE, s) for s in x.shape[-2:]]
    top, left = ((s - part) // 2 for s, part in zip(x.shape[-2:], side))
    x = x[..., top : top + side[0], left : left + side[1]].contiguous()
    g = photo_network(model.g, *side)
    grid = (side[0] // model.multiple, side[1] // model.multiple)
    first, second = law_styles(model, mix)

    def f(A: LinearOperator, x: Tensor) -> Tensor:
        return decode(g, PerPosition(A, grid)(encode(g, x)))

    def between(y: Tensor) -> Tensor:
        return y.clamp(0, 1).mul(255).round() / 255 if broken else y

    A1, A2, half = (matrix(model, *which) for which in ((first, 1.0), (second, 1.0), (first, 0.5)))
    with models.one_core():
        y1, y2 = f(A1, x), f(A2, x)
        average = (y1 + y2) / 2 if broken else _middle(g, y1, y2)
        return [
            diagnostics.relative_error(f(A2, between(y1)), f(Dense(A2.matrix @ A1.matrix), x)),
            diagnostics.relative_error(f(half, between(f(half, x))), y1),
            diagnostics.relative_error(f(matrix(model, first, -1.0), between(y1)), x),
            diagnostics.relative_error(average, f(Dense((A1.matrix + A2.matrix) / 2), x)),
        ]


def _middle(g: InvertibleNetwork, x: Tensor, y: Tensor) -> Tensor:
    return decode(g, (encode(g, x) + encode(g, y)) / 2)
