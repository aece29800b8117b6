"""Photos, by the short strings that views, links and the API name them with.

    china, flower     the two sample photos of scikit-learn, 640×427
    upload:1f3a…      a visitor's photo, kept in this server's memory by the hash of its pixels, the oldest dropped first

A photo is kept at most `MOST` pixels large, and shown while somebody drags at `PREVIEW`.
"""

import hashlib
import threading
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor

from app import words
from app.pictures import files

SAMPLES = {"china": "china.jpg", "flower": "flower.jpg"}
MOST = 2_000_000  # pixels of the largest picture that is painted, 1632×1224 for instance
PREVIEW = 256 * 256
LEAST = 64  # pixels of the shortest side
MULTIPLE = 8  # sides of a preview, so that the laws hold on it without a border
KEPT = 30  # visitors' photos in memory, 6 MB each at most

_uploads: OrderedDict[str, np.ndarray] = OrderedDict()
_door = threading.Lock()


def accept(photo: str | Path | bytes) -> str:
    """The reference of a photo that came from outside: a reference, a "data:image/…" address, a file or its content.

    Raises `files.BadPictureError`, whose text says what would work.
    """
    if isinstance(photo, str) and photo.startswith("data:"):
        photo = files.content_of_data_url(photo)
    elif isinstance(photo, str):
        pixels(photo)
        return photo
    found = files.read_photo(photo, MOST)
    if min(found.shape[:2]) < LEAST:
        raise files.BadPictureError(words.too_small(found.shape[1], found.shape[0], LEAST))
    found.setflags(write=False)
    reference = "upload:" + hashlib.sha256(found.tobytes() + str(found.shape).encode()).hexdigest()[:16]
    with _door:
        _uploads[reference] = found
        _uploads.move_to_end(reference)
        while len(_uploads) > KEPT:
            _uploads.popitem(last=False)
    return reference


def pixels(reference: str) -> np.ndarray:
    """The photo's bytes, uint8 (H, W, 3), read-only. Raises `files.BadPictureError`."""
    if not isinstance(reference, str):
        raise files.BadPictureError(words.UNKNOWN_PHOTO)
    if reference in SAMPLES:
        return _sample(reference)
    with _door:
        found = _uploads.get(reference)
    if found is None:
        gone = reference.startswith("upload:")
        raise files.BadPictureError(words.PHOTO_GONE if gone else words.UNKNOWN_PHOTO)
    return found


@lru_cache(maxsize=2)
def _sample(name: str) -> np.ndarray:
    found = np.asarray(load_sample_image(SAMPLES[name]))
    found.setflags(write=False)
    return found


def preview_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the preview of a photo: about `PREVIEW` pixels, each a multiple of 8, at least 64.

    >>> preview_size(427, 640)
    (208, 312)
    """
    scale = min(1.0, (PREVIEW / (height * width)) ** 0.5)
    sides = (max(LEAST, MULTIPLE * int(scale * side / MULTIPLE + 0.4)) for side in (height, width))
    return tuple(sides)


@lru_cache(maxsize=64)
def preview(reference: str) -> Tensor:
    """The photo at the size it is dragged at, float32 (1, 3, h, w) in [0, 1]."""
    found = pixels(reference)
    height, width = preview_size(*found.shape[:2])
    small = Image.fromarray(found).resize((width, height), Image.Resampling.LANCZOS)
    return _tensor(np.array(small))


def full(reference: str) -> Tensor:
    """The photo at its own size, float32 (1, 3, H, W) in [0, 1]."""
    return _tensor(pixels(reference))


def _tensor(found: np.ndarray) -> Tensor:
    return torch.from_numpy(found.copy()).permute(2, 0, 1)[None].to(torch.float32) / 255
