"""Models of somebody's own: looked at, tried, and held for the lab beside those that ship. Trusted as little as any file.

A file or a name on the Hub is loaded first by a process of its own, `trial`, which may take neither long nor much
memory; only a model whose ticks are quick comes into the server. What one visitor brings, others do not see.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import linearizer_core as lc
from app import models, pictures, words
from app.models.needs import BROUGHT, Abilities
from app.models.shelf import Brought
from app.pictures import encoding
from linearizer_core import checkpoints
from linearizer_core.configs import CONFIG, WEIGHTS
from linearizer_core.models.aged import AgedGenerator
from linearizer_core.models.styles import Styles
from linearizer_core.operators.diagonal import Axiswise

MOST_NUMBERS = 25_000_000  # parameters and buffers
MOST_BYTES = 2**27  # of a file from the Hub; the server bounds uploads itself
MOST_BROUGHT = 4  # by visitors, at a time
IDLE = 600.0  # seconds after which a visitor's model may make room
LONGEST = 300.0  # seconds of a trial, waiting for a busy machine included; `trial` bounds its work
ENDED_BY_LIMIT = (9, 24)  # SIGKILL, SIGXCPU
PATIENCE = 60.0  # seconds in the line before it
RANKS = 256  # axes that a model is projected onto, at most
DRAWN = 30  # pictures that a model draws for its gallery
MOST_GIVEN = 600  # pictures that a model is brought with
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")

_one_trial = threading.Lock()
_arriving = threading.Lock()
hub: list[str] = []
"""Names on the Hub that visitors may ask for, "owner/name" or "owner/*"; none unless the server was told so."""


# --- what the lab can show ---------------------------------------------------------------------------------
def checked(f: object) -> lc.Linearizer:
    """The model itself, if it is one of pictures that the lab can show. ValueError with a sentence."""
    if isinstance(f, Styles | lc.PhotoLinearizer):
        raise ValueError(words.PHOTOS)
    if not isinstance(f, lc.Linearizer):
        raise ValueError(words.no_linearizer(type(f).__name__))
    shape = tuple(f.g_x.in_shape)
    square = len(shape) == 3 and shape[0] in (1, 3) and shape[1] == shape[2] and shape[1] in pictures.SIDES
    if not square:
        raise ValueError(words.wrong_points(shape))
    if tuple(f.g_y.in_shape) != shape:
        raise ValueError(words.other_points(shape, tuple(f.g_y.in_shape)))
    numbers = sum(tensor.numel() for tensor in f.state_dict().values())
    if numbers > MOST_NUMBERS:
        raise ValueError(words.too_large(numbers, MOST_NUMBERS))
    return f


def abilities_of(f: lc.Linearizer, projects: lc.Linearizer | None) -> Abilities:
    """What the model can do, by what it is."""
    draws = isinstance(f, lc.Generator)
    classes = len(f.means) if draws and len(f.means) > 1 else 0
    one_space = f.g_x is f.g_y
    return Abilities(
        BROUGHT,
        generates=draws,
        classes=classes,
        ranks=_ranks(projects),
        ages=isinstance(f, AgedGenerator) and bool(f.age_weights.any()),
        blends=one_space,
        one_space=one_space,
    )


def _ranks(f: lc.Linearizer | None) -> int:
    if isinstance(f, lc.Projector):
        return f.rank
    ordered = isinstance(f, lc.Generator) and isinstance(f.A, Axiswise) and bool((f.A.values >= 0).all())
    return min(f.A.shape[0], RANKS) if ordered else 0


@torch.no_grad()
def made(
    f: lc.Linearizer, title: str, source: str, images: Tensor | None = None, public: bool = True
) -> Brought:
    """A model as the lab holds it: a frozen copy in float32 on the CPU, folded where that computes the same.

    With `images` (N, C, S, S) in its shape it projects onto their principal axes, if it has no order of its own, and they
    are its gallery; else it draws one, if it can. ValueError with a sentence.
    """
    f = _quick(checked(f))
    came = None if images is None else given(f, images)
    projects = f if _ranks(f) else None
    projecting = "model"
    if projects is None and came is not None and f.g_x is f.g_y:
        k = min(RANKS, len(came), f.g_x.out_shape[0])
        projects = lc.Projector.fitted(f.g_x, came, k) if k >= 2 else None
        projecting = f"lc.Projector.fitted(model.g_x, images, {k})"
    seen = came if came is not None else _drawn(f)
    return Brought(
        f,
        abilities_of(f, projects),
        title,
        source,
        std=_std(f, came),
        projects=projects,
        projecting_source=projecting,
        gallery=None if seen is None else encoding.to_pictures(seen),
        given=came is not None,
        public=public,
    )


def _quick(f: lc.Linearizer) -> lc.Linearizer:
    """A frozen copy, folded unless that fails or changes what it computes."""
    plain = copy.deepcopy(f).cpu().float().eval().requires_grad_(False)
    x = torch.rand(2, *plain.g_x.in_shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    wanted = plain(x)
    if not wanted.isfinite().all():
        raise ValueError(words.NOT_FINITE_MODEL)
    try:
        quick = lc.folded(plain)
        same = torch.allclose(quick(x), wanted, rtol=1e-3, atol=1e-3)
    except (ValueError, RuntimeError, TypeError, AttributeError, NotImplementedError):
        return plain  # a network of another library, which cannot be taken apart
    return quick if same else plain


def given(f: lc.Linearizer, images: Tensor) -> Tensor:
    """The first of the pictures, as they come back from bytes. ValueError for another shape and for NaN."""
    shape = tuple(f.g_x.in_shape)
    if not isinstance(images, Tensor) or tuple(images.shape[1:]) != shape or len(images) < 2:
        found = tuple(getattr(images, "shape", ()))
        raise ValueError(words.wrong_images(shape, found))
    images = images[:MOST_GIVEN].detach().cpu()
    x = lc.as_float(images) if images.dtype == torch.uint8 else images.float()
    if not x.isfinite().all():
        raise ValueError(words.NOT_FINITE)
    return encoding.to_tensor(encoding.to_pictures(x))


def _drawn(f: lc.Linearizer) -> Tensor | None:
    dice = torch.Generator().manual_seed(0)
    if isinstance(f, lc.Generator):
        return f.sample(torch.randn(DRAWN, *f.g_x.in_shape, generator=dice, dtype=torch.float32), steps=20)
    if isinstance(f, lc.Projector):
        return f.draw(torch.randn(DRAWN, f.rank, generator=dice, dtype=torch.float32))
    return None


def _std(f: lc.Linearizer, images: Tensor | None) -> Tensor:
    """Standard deviation of the latents: as the model says, else of the pictures given, else of those in the gallery."""
    if isinstance(f, lc.Generator | lc.Projector) and images is None:
        return f.total_std
    if images is None:
        page = pictures.page("face" if f.g_x.in_shape[0] == 3 and "faces" in models.available() else "digits")
        seen = encoding.to_tensor(np.stack([pictures.pixels(reference) for reference in page]))
        images = pictures.shaped(seen, tuple(f.g_x.in_shape))
    return torch.cat([f.g_x(part) for part in images.split(64)]).std(0)


# --- files and names ---------------------------------------------------------------------------------------
def of_folder(folder: Path, title: str, source: str, public: bool) -> Brought:
    """The model that lies in a folder, tried first in a process of its own. ValueError with a sentence."""
    _try(folder)
    with models.one_core():
        return made(lc.load(folder), title, source, public=public)


def _try(folder: Path) -> None:
    """ValueError for a model that cannot be loaded, or whose ticks would be slow."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", f"{__package__}.trial", str(folder)]
    if not _one_trial.acquire(timeout=PATIENCE):
        raise ValueError(words.TRIALS_BUSY)
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
        )
        if -done.returncode in ENDED_BY_LIMIT:
            raise ValueError(words.trial_too_long())
        said = json.loads(done.stdout.splitlines()[-1])["refused"]
    except subprocess.TimeoutExpired:
        raise ValueError(words.trial_too_long()) from None
    except (IndexError, json.JSONDecodeError, KeyError, TypeError):
        raise ValueError(words.TRIAL_BROKE) from None
    finally:
        _one_trial.release()
    if said:
        raise ValueError(said)


def bring(name: str) -> str:
    """Take in a model for all visitors, by a folder or by "owner/name" on the Hub; the name that it has here.

    ValueError with a sentence.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        title = re.sub(r"[^\w.-]+", "-", folder.resolve().name).strip("-") or "model"
        found = of_folder(folder, title, f"lc.load({title!r})", public=True)
    elif HUB_NAME.fullmatch(name):
        found, title = _of_hub(name, public=True), name
    else:
        raise ValueError(words.no_such_model(name))
    models.put(title, found)
    return title


def upload(files: object) -> str:
    """Take in a visitor's two files; the name that the visitor alone knows. ValueError with a sentence."""
    if not isinstance(files, list) or not all(isinstance(file, str | Path) for file in files):
        raise ValueError(words.TWO_FILES)
    config = [Path(file) for file in files if str(file).lower().endswith(".json")]
    weights = [Path(file) for file in files if str(file).lower().endswith(".safetensors")]
    if len(files) != 2 or len(config) != 1 or len(weights) != 1:
        raise ValueError(words.TWO_FILES)
    with tempfile.TemporaryDirectory() as place, _room():
        for file, name in ((config[0], CONFIG), (weights[0], WEIGHTS)):
            (Path(place) / name).write_bytes(file.read_bytes())
        try:
            found = of_folder(
                Path(place), words.YOURS, 'lc.load("FOLDER")  # with your two files', public=False
            )
        except ValueError as error:  # says nothing of where the server keeps files
            raise ValueError(
                str(error).replace(f"{place}{os.sep}", "").replace(place, "the folder")
            ) from None
        return _keep(found)


def from_hub(name: object) -> str:
    """Take in what a visitor asks for by its name on the Hub, if the server allows it. ValueError with a sentence."""
    if not isinstance(name, str) or not HUB_NAME.fullmatch(name.strip()):
        raise ValueError(words.NO_HUB_NAME)
    name = name.strip()
    if not any(fnmatch.fnmatchcase(name, pattern) for pattern in hub):
        raise ValueError(words.hub_not_allowed(hub))
    with _room():
        return _keep(_of_hub(name, public=False))


def _of_hub(name: str, public: bool) -> Brought:
    from huggingface_hub import HfApi  # slow to import, and not needed for all who bring nothing
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api = HfApi()
        revision = api.model_info(name, revision="main", timeout=15).sha
        held = {
            file.path: file.size
            for file in api.list_repo_tree(name, revision=revision)
            if hasattr(file, "size")
        }
    except (OSError, ValueError, HfHubHTTPError):
        raise ValueError(words.hub_unreachable(name)) from None
    if not {CONFIG, WEIGHTS} <= held.keys():
        raise ValueError(words.hub_holds_none(name, CONFIG, WEIGHTS))
    if max(held[CONFIG], held[WEIGHTS]) > MOST_BYTES:
        raise ValueError(words.too_many_bytes(max(held[CONFIG], held[WEIGHTS]), MOST_BYTES))
    folder = checkpoints.fetch(name, revision=revision)
    return of_folder(folder, name, f"lc.from_pretrained({name!r}, revision={revision!r})", public)


# --- room --------------------------------------------------------------------------------------------------
@contextmanager
def _room() -> Iterator[None]:
    """Room for one visitor's model more: one that nobody has asked for lately goes. ValueError where there is none."""
    if not _arriving.acquire(timeout=PATIENCE):
        raise ValueError(words.TRIALS_BUSY)
    try:
        private = [name for name, found in models.brought().items() if not found.public]
        if len(private) >= MOST_BROUGHT:
            oldest = max(private, key=models.idle)
            if models.idle(oldest) < IDLE:
                raise ValueError(words.no_room(MOST_BROUGHT))
            models.drop(oldest)
        yield
    finally:
        _arriving.release()


def _keep(found: Brought) -> str:
    name = models.PRIVATE + secrets.token_urlsafe(16)
    models.put(name, found)
    return name
