"""Clouds: a set of pictures as points of the latent space and of pixel space, with the principal components of both."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from app import models, pictures
from app.pictures import encoding, noise
from app.views.latent_pca.standing import COMPONENTS, OWN, Arguments
from linearizer_core.measures.neighbours import neighbour_agreement
from linearizer_core.networks import Flatten
from linearizer_core.pca import LatentPCA
from linearizer_core.spaces import encode

BATCH = 64
NOISE = (1, encoding.SIDE, encoding.SIDE)
FIRST_SEED = 1000  # samples of a cloud are not those of the gallery


@dataclass(frozen=True)
class Side:
    """One of the two spaces: its components, every picture's coordinates (N, k), the seconds it took."""

    pca: LatentPCA
    coordinates: Tensor
    seconds: float

    @property
    def spread(self) -> Tensor:
        """Standard deviation along each component, (k,)."""
        return self.pca.spread


@dataclass(
    frozen=True, eq=False
)  # the same cloud is the same object: what is computed from it can be remembered
class Cloud:
    """Pictures with their labels (−1 is none), seen in the latents of a model and in pixels."""

    references: tuple[str, ...]
    model: str
    pixels: np.ndarray
    labels: np.ndarray
    latent: Side
    pixel: Side
    encoding: float
    device: str


def references(source: str, count: int) -> tuple[str, ...]:
    """The first `count` pictures of a source; samples of all digits in turn, by the default model for any model's cloud.

    >>> references("sample", 12)[:2]
    ('sample:0:1000', 'sample:1:1000')
    """
    if source == "sample":
        return tuple(f"sample:{i % 10}:{FIRST_SEED + i // 10}" for i in range(count))
    return tuple(f"{source}:{i}" for i in range(count))


@dataclass
class _Slot:
    """A cloud, once it is there; the lock is held while it is computed."""

    lock: threading.Lock
    cloud: Cloud | None = None


@lru_cache(maxsize=12)
def _slot(chosen: tuple[str, ...], model: str) -> _Slot:
    return _Slot(threading.Lock())


def cloud(chosen: tuple[str, ...], model: str = "digits") -> Cloud:
    """The cloud of these pictures, computed once whoever asks, also when thirty ask at the same moment."""
    slot = _slot(chosen, model)
    with slot.lock:
        if slot.cloud is None:
            slot.cloud = _computed(chosen, model)
    return slot.cloud


def ready(chosen: tuple[str, ...], model: str = "digits") -> Cloud | None:
    """The cloud unless somebody is computing it right now: a tick has better things to do than to wait."""
    slot = _slot(chosen, model)
    return None if slot.cloud is None and slot.lock.locked() else cloud(chosen, model)


def _computed(chosen: tuple[str, ...], model: str) -> Cloud:
    labels = np.array([pictures.label_of(reference) for reference in chosen])
    shown = encoding.to_pictures(pictures.shaped(_tensor(chosen), models.shape(model)))
    x = encoding.to_tensor(shown)
    started = time.perf_counter()
    z = torch.cat([_encoded(part, model) for part in x.split(BATCH)])
    seconds = time.perf_counter() - started
    latent, pixel = _side(z), _side(encode(Flatten(tuple(x.shape[1:])), x))
    return Cloud(chosen, model, shown, labels, latent, pixel, seconds, str(latent.pca.device))


def _encoded(x: Tensor, model: str) -> Tensor:
    with models.one_core():  # a batch at a time, so that other visitors' ticks get in between
        return encode(models.model(model).g_x, x)


def _side(z: Tensor) -> Side:
    with models.one_core():
        started = time.perf_counter()
        pca = LatentPCA(min(COMPONENTS, len(z) - 1)).fit_latents(z)
        coordinates = pca.transform(z)
        return Side(pca, coordinates, time.perf_counter() - started)


def _tensor(chosen: Sequence[str]) -> Tensor:
    return encoding.to_tensor(_pixels(chosen))


def _pixels(chosen: Sequence[str]) -> np.ndarray:
    """uint8 (N, 32, 32), or (N, 64, 64, 3) for faces; what a model makes is made batch by batch."""
    kinds = {reference.partition(":")[0] for reference in chosen}
    if kinds not in ({"sample"}, {"face"}):
        return np.stack([pictures.pixels(reference) for reference in chosen])
    made = _samples if kinds == {"sample"} else _faces
    return np.concatenate([made(chosen[i : i + BATCH]) for i in range(0, len(chosen), BATCH)])


def _faces(chosen: Sequence[str]) -> np.ndarray:
    return pictures.faces([int(reference.rpartition(":")[2]) for reference in chosen])


def _samples(chosen: Sequence[str]) -> np.ndarray:
    white = noise.white([int(reference.rpartition(":")[2]) for reference in chosen], *NOISE)
    labels = torch.tensor([pictures.label_of(reference) for reference in chosen])
    with models.one_core():
        return encoding.to_pixels(models.model().sample(white, label=labels))[..., 0]


def neighbour_accuracy(coordinates: Tensor, labels: np.ndarray, neighbours: int = 5) -> float:
    """How often a picture's label is the commonest among its 5 nearest others, of the labelled ones; NaN where too few
    are.

    >>> neighbour_accuracy(torch.arange(12.0)[:, None] // 6, np.repeat([0, 1], 6))
    1.0
    """
    return neighbour_agreement(coordinates, torch.from_numpy(labels), neighbours)


def chosen(standing: Arguments) -> tuple[str, ...]:
    """References of the pictures that are asked for."""
    return standing.own if standing.data == OWN else references(standing.data, standing.count)
