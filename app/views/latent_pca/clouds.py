"""Clouds: a set of pictures as points of the latent space and of pixel space, with the principal components of both."""

import copy
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from app import accelerator, hall, models, pictures
from app.accelerator import Place
from app.hall import Ended, Running, Waiting
from app.models.needs import FACE
from app.models.remembering import on_forgetting
from app.pictures import encoding, noise
from app.views.latent_pca import shipped
from app.views.latent_pca.scatter import extended
from app.views.latent_pca.standing import EXPLAINED, MODEL
from app.views.latent_pca.wanted import DIGITS, Wanted, of_source
from linearizer_core.linearizer import Linearizer
from linearizer_core.measures.neighbours import neighbour_agreement
from linearizer_core.networks import InvertibleNetwork
from linearizer_core.pca import LatentPCA

BATCH = 64
NOISE = (1, encoding.SIDE, encoding.SIDE)
AT_ONCE = (
    2000  # pictures that are computed while the visitor waits; more need a card, or the hall and patience
)
LONGEST = 1800.0  # seconds for a cloud in the hall
MOST_KEPT = 200_000  # points of all clouds that are remembered, some 1.5 kB each
MOST_LATENTS = 2**30  # bytes; above them a PCA encodes the pictures again at each pass


@dataclass(frozen=True)
class Side:
    """One of the two spaces: its components, every picture's coordinates (N, k), explained variance ratios, seconds."""

    pca: LatentPCA
    coordinates: Tensor
    ratios: tuple[float, ...]
    seconds: float = 0.0

    @property
    def spread(self) -> Tensor:
        """Standard deviation along each component, (k,)."""
        return self.pca.spread


@dataclass(
    frozen=True, eq=False
)  # the same cloud is the same object: what is computed from it can be remembered
class Cloud:
    """Pictures with their labels (the number of their class, −1 is none), seen in the latents of a model and in pixels.

    The last `placed` of them are a visitor's, which have coordinates on the axes of the others.
    `pixels` are bytes (N, S, S) or (N, S, S, 3) in the model's size; of a shipped cloud they are None and made anew when
    they are asked for, and `sheet` holds its thumbnails.
    """

    references: tuple[str, ...]
    model: str
    labels: np.ndarray
    latent: Side
    pixel: Side
    device: str
    seconds: float
    encoding: float = 0.0
    note: str = ""
    pixels: np.ndarray | None = None
    sheet: bytes | None = None
    classes: tuple[str, ...] = DIGITS
    placed: int = 0

    def pictures(self, numbers: Sequence[int]) -> Tensor:
        """Some of the pictures, (k, C, S, S)."""
        if self.pixels is not None:
            return encoding.to_tensor(self.pixels[list(numbers)])
        return pictures.tensor([self.references[i] for i in numbers], self.model)


# --- remembered --------------------------------------------------------------------------------------------
@dataclass
class _Slot:
    """A cloud, once it is there; the lock is held while a small one is computed."""

    lock: threading.Lock
    cloud: Cloud | None = None


_slots: OrderedDict[tuple, _Slot] = OrderedDict()
_door = threading.Lock()


@on_forgetting
def _drop(model: str) -> None:
    with _door:
        for key in [key for key in _slots if key[1] == model]:
            del _slots[key]


def _slot(wanted: Wanted, model: str) -> _Slot:
    """The place of a cloud; the oldest go where there are too many points."""
    with _door:
        slot = _slots.setdefault((wanted, model), _Slot(threading.Lock()))
        _slots.move_to_end((wanted, model))
        while len(_slots) > 1 and sum(len(key[0]) for key in _slots) > MOST_KEPT:
            _slots.popitem(last=False)
        return slot


def cloud(wanted: Wanted, model: str = "digits") -> Cloud:
    """The cloud of these pictures, computed once whoever asks, also when thirty ask at the same moment."""
    slot = _slot(wanted, model)
    with slot.lock:
        if slot.cloud is None:
            slot.cloud = _shipped(wanted, model) or _made(wanted, model)
    return slot.cloud


def _made(wanted: Wanted, model: str) -> Cloud:
    return among(cloud(wanted.others, model), wanted) if wanted.placed else computed(wanted, model)


def ready(wanted: Wanted, model: str = "digits") -> Cloud | None:
    """The cloud unless it would have to be waited for: a tick has better things to do."""
    slot = _slot(wanted, model)
    if slot.cloud is None and (slot.lock.locked() or not is_quick(wanted, model)):
        return None
    return cloud(wanted, model)


def is_quick(wanted: Wanted, model: str) -> bool:
    """Whether a visitor can wait for it."""
    return len(wanted.others) <= AT_ONCE or _shipped(wanted.others, model) is not None


def is_there(wanted: Wanted, model: str) -> bool:
    """Whether nobody has to wait for it."""
    return _slot(wanted, model).cloud is not None or _shipped(wanted, model) is not None


def steps(wanted: Wanted, model: str, token: str) -> Iterator[Waiting | Running | Cloud]:
    """The cloud, and before it what is going on: a small one at once, a large one on a card, or else in the hall.

    `Running.newest` is the share that is done. Nothing more comes after `hall.HALL.stop(token)`. ValueError with a sentence.
    """
    slot = _slot(wanted, model)
    if slot.cloud is None and not is_quick(wanted, model):
        note = ""
        try:
            slot.cloud = computed(wanted, model, on_card=True)
        except accelerator.RefusedError as refused:
            note = str(refused)
        if slot.cloud is None:
            yield from _in_the_hall(slot, wanted, model, note, token)
            if slot.cloud is None:
                return
    yield slot.cloud or cloud(wanted, model)


def _in_the_hall(
    slot: _Slot, wanted: Wanted, model: str, note: str, token: str
) -> Iterator[Waiting | Running]:
    def job(watch: hall.Watch) -> None:
        if slot.cloud is None:  # nobody before us in the line has made it
            slot.cloud = computed(wanted, model, watch=lambda share: watch(lambda: share), note=note)

    for news in hall.HALL.train(token, _until_stopped(job), LONGEST):
        if not isinstance(news, Ended):
            yield news


def _until_stopped(job: Callable[[hall.Watch], None]) -> hall.Job:
    def work(watch: hall.Watch) -> None:
        try:
            job(watch)
        except accelerator.StoppedError:
            return  # there is no cloud, and who stopped it knows why

    return work


# --- computed ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Made:
    """Pictures that are there, as bytes; or those that a model is to make of noise (N, …) with labels."""

    pixels: np.ndarray | None = None
    model: Linearizer | None = None
    noise: Tensor | None = None
    labels: Tensor | None = None


def computed(
    wanted: Wanted,
    model: str,
    on_card: bool = False,
    watch: accelerator.Watch | None = None,
    note: str = "",
) -> Cloud:
    """The cloud, computed now. RefusedError where it is to be done `on_card` and cannot."""
    if on_card and accelerator.door() is None:
        raise accelerator.RefusedError("")
    classes, labels = wanted.classes()
    made = _given(wanted.references, model, watch)
    work = made, models.model(model).g_x
    if on_card:
        done = accelerator.on_card(_worked, *work)
    else:
        done = accelerator.on_cpu(_worked, *work, note=note, **({"watch": watch} if watch else {}))
    pixels, latent, pixel, encoding = done.value
    took = done.seconds, encoding
    told = done.device, *took, done.note
    return Cloud(wanted.references, model, labels, latent, pixel, *told, pixels, classes=classes)


def among(others: Cloud, wanted: Wanted) -> Cloud:
    """A cloud with a visitor's pictures at its end: they get coordinates on its axes, and change nothing else of it."""
    own = wanted.references[-wanted.own :]
    sides = [
        replace(side, coordinates=torch.cat([side.coordinates, at]))
        for side, at in zip((others.latent, others.pixel), positions(others, own))
    ]
    classes, labels = wanted.classes()
    mine = encoding.to_pictures(pictures.tensor(own, others.model))
    seen = {"pixels": None if others.pixels is None else np.concatenate([others.pixels, mine])}
    if others.sheet is not None:
        seen["sheet"] = extended(others.sheet, len(others.references), mine)
    named = {"references": wanted.references, "labels": labels, "classes": classes, "placed": wanted.own}
    return replace(others, latent=sides[0], pixel=sides[1], **named, **seen)


def positions(seen: Cloud, references: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Any pictures as points of the cloud's latent and of its pixel space, (k, components) each."""
    z, flat = pictures.latents(references, seen.model), pictures.tensor(references, seen.model).flatten(1)
    return seen.latent.pca.transform(z), seen.pixel.pca.transform(flat)


def _given(wanted: Sequence[str], model: str, watch: accelerator.Watch | None) -> Made:
    """What there is to start from; faces are drawn here, in the one way in which they are drawn anywhere."""
    kinds = {reference.partition(":")[0] for reference in wanted}
    seeds = [int(reference.rpartition(":")[2]) for reference in wanted] if kinds <= {"sample", "face"} else []
    if kinds == {"sample"}:
        labels = torch.tensor([pictures.label_of(reference) for reference in wanted])
        return Made(model=models.model(), noise=noise.white(seeds, *NOISE), labels=labels)
    found = []
    for i in range(0, len(wanted), BATCH):
        part = slice(i, i + BATCH)
        if kinds == {FACE}:
            found.append(pictures.faces(seeds[part]))
        elif len(kinds) > 1 or kinds <= {"png", "jpg", MODEL}:  # of several sizes, maybe
            found.append(encoding.to_pictures(pictures.tensor(wanted[part], model)))
        else:
            found.append(np.stack([pictures.pixels(reference) for reference in wanted[part]]))
        if watch is not None and not watch(0.5 * i / len(wanted)):
            raise accelerator.StoppedError
    return Made(pixels=np.concatenate(found))


def _worked(place: Place, made: Made, g: InvertibleNetwork) -> tuple[np.ndarray, Side, Side, float]:
    """Pictures in the size that g takes, both sides, the seconds of encoding; done wherever the place is."""
    pixels = _shaped(made.pixels if made.pixels is not None else _samples(place, made), g.in_shape)
    x = encoding.to_tensor(pixels).to(place.device)
    latent, took = _latent_side(place, _moved(g, place), x)
    with place.turn():
        pixel = _side(x.flatten(1))
    place.tell(1.0)
    return pixels, latent, pixel, took


def _moved(network: torch.nn.Module, place: Place) -> torch.nn.Module:
    """The network on the device; the lab's own is never moved."""
    return network if place.device.type == "cpu" else copy.deepcopy(network).to(place.device)


def _samples(place: Place, made: Made) -> np.ndarray:
    f, found = _moved(made.model, place), []
    for i in range(0, len(made.noise), place.batch):
        part = slice(i, i + place.batch)
        with place.turn(), torch.no_grad():
            drawn = f.sample(made.noise[part].to(place.device), label=made.labels[part].to(place.device))
        found.append(encoding.to_pictures(drawn.cpu()))
        place.tell(0.45 * i / len(made.noise))
    return np.concatenate(found)


def _latent_side(place: Place, g: InvertibleNetwork, x: Tensor) -> tuple[Side, float]:
    """PCA of g(x), of latents that are kept where they fit, else encoded again at each pass; and the seconds of encoding."""
    told, began = _Told(g, place, len(x)), time.perf_counter()
    if len(x) * g.out_shape[0] * x.element_size() > MOST_LATENTS:
        pca = LatentPCA(_most(x), max_bytes=0).fit(told, x, batch_size=place.batch)
        return _here(pca, pca.transform(x), began), time.perf_counter() - began
    with torch.no_grad():
        z = torch.cat([told(part) for part in x.split(place.batch)])
    encoding = time.perf_counter() - began
    with place.turn():
        return _side(z), encoding


class _Told(InvertibleNetwork):
    """g, a batch at a time while it is our turn, telling how far it is after each."""

    def __init__(self, g: InvertibleNetwork, place: Place, count: int) -> None:
        super().__init__()
        self.g, self.in_shape, self.out_shape = g, g.in_shape, g.out_shape
        self._place, self._count, self._seen = place, count, 0

    def forward(self, x: Tensor) -> Tensor:
        with self._place.turn():
            z = self.g(x)
        self._seen += len(x)
        self._place.tell(0.5 + 0.45 * min(1.0, self._seen / self._count))
        return z

    def inverse(self, z: Tensor) -> Tensor:
        return self.g.inverse(z)


def _most(points: Tensor) -> int:
    return min(EXPLAINED, len(points) - 1, points[0].numel())


def _side(z: Tensor) -> Side:
    began = time.perf_counter()
    pca = LatentPCA(_most(z)).fit_latents(z)
    return _here(pca, pca.transform(z), began)


def _here(pca: LatentPCA, coordinates: Tensor, began: float) -> Side:
    """The side with all that it holds on the CPU, and without the network that it came from."""
    pca.g, ratios = None, tuple(pca.explained_variance_ratio.tolist())
    for name in ("mean", "components", "explained_variance", "explained_variance_ratio", "singular_values"):
        setattr(pca, name, getattr(pca, name).cpu())
    return Side(pca, coordinates.cpu(), ratios, time.perf_counter() - began)


# --- pictures as bytes -------------------------------------------------------------------------------------
def _shaped(pixels: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """In the size and the colours (C, S, S) that a model takes, and bytes again."""
    parts = (encoding.to_tensor(pixels[i : i + 1024]) for i in range(0, len(pixels), 1024))
    return np.concatenate([encoding.to_pictures(pictures.shaped(part, shape)) for part in parts])


# --- shipped -----------------------------------------------------------------------------------------------
@lru_cache(maxsize=4)
def _shipped(wanted: Wanted, model: str) -> Cloud | None:
    """The cloud that ships, if it is the one that is wanted: nobody has to wait for it."""
    if model != models.NAMES[0] or wanted != of_source("sample", shipped.COUNT):
        return None
    found = shipped.read()
    classes, labels = wanted.classes()
    sides = (Side(*found.sides[name]) for name in ("latent", "pixel"))
    seen = {"sheet": found.sheet, "classes": classes}
    return Cloud(wanted.references, model, labels, *sides, "cpu", found.seconds, **seen)


def neighbour_accuracy(coordinates: Tensor, labels: np.ndarray, neighbours: int = 5) -> float:
    """How often a picture's label is the commonest among its 5 nearest others, of the labelled ones; NaN where too few
    are.

    >>> neighbour_accuracy(torch.arange(12.0)[:, None] // 6, np.repeat([0, 1], 6))
    1.0
    """
    return neighbour_agreement(coordinates, torch.from_numpy(labels), neighbours)
