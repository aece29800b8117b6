"""Aligned photographs of faces in colour with their ages, from one zip file or a folder."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from .dataset import UNREADABLE, DataError, Dataset, existing

ARCHIVE = "faces64.zip"
NAME = re.compile(r"(?:^|/)(train|test)/(\d{1,3})_[^/]*\.jpe?g$", re.IGNORECASE)
MIDDLE_AGE, DECADES = 35.0, 20.0
"""Years: about the mean of the ages and their deviation, so that whoever learns ages begins where it should."""
WANTED = f"{ARCHIVE}, or a folder with train/AAA_NNNNN.jpg and test/AAA_NNNNN.jpg, AAA the age in years"


def face_photos(path: str | Path | None, size: int = 64) -> Dataset:
    """Faces 3×size×size; the label of each is the age in years. Training and test part are those of the files.

    `path`: faces64.zip, its folder, or the unpacked folder. There is no download: the pictures (UTKFace, for
    non-commercial research) are not ours to give. Raises `DataError`, naming a picture of another size or unreadable.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("train/007_00001.jpg", "test/061_00002.jpg"):
    ...         (Path(folder) / name).parent.mkdir()
    ...         Image.new("RGB", (64, 64)).save(Path(folder) / name)
    ...     faces = face_photos(folder)
    >>> faces.train_images.shape, faces.train_labels, faces.test_labels
    (torch.Size([1, 3, 64, 64]), tensor([7]), tensor([61]))
    """
    if path is None:
        raise DataError(f"photographs of faces are not downloaded: pass --data with the path of {WANTED}.")
    place = existing(path, WANTED)
    place = place / ARCHIVE if (place / ARCHIVE).is_file() else place
    if place.is_dir():
        files = {str(file.relative_to(place)): file for file in place.rglob("*")}
        return _dataset(place, list(files), lambda name: files[name].read_bytes(), size)
    try:
        with zipfile.ZipFile(place) as archive:
            return _dataset(place, archive.namelist(), archive.read, size)
    except DataError:
        raise
    except UNREADABLE as error:
        raise DataError(f"{place} cannot be read as a zip file ({error}); fetch it again.") from error


def _dataset(place: Path, names: list[str], read: Callable[[str], bytes], size: int) -> Dataset:
    parts: dict[str, list[tuple[str, int]]] = {"train": [], "test": []}
    for name in sorted(names):
        if match := NAME.search(name.replace("\\", "/")):
            parts[match[1].lower()].append((name, int(match[2])))
    missing = [part for part, found in parts.items() if not found]
    if missing:
        raise DataError(f"{place} holds no {missing[0]}/AAA_NNNNN.jpg; expected {WANTED}.")
    images = [torch.stack([_picture(place, name, read, size) for name, _ in part]) for part in parts.values()]
    ages = [torch.tensor([age for _, age in part]) for part in parts.values()]
    return Dataset(images[0], ages[0], images[1], ages[1])


def _picture(place: Path, name: str, read: Callable[[str], bytes], size: int) -> torch.Tensor:
    from PIL import Image  # whoever loads a model reads no picture

    try:
        with Image.open(io.BytesIO(read(name))) as opened:
            if opened.size != (size, size):
                raise ValueError(f"it is {opened.width}×{opened.height} pixels, not {size}×{size}")
            pixels = np.asarray(opened.convert("RGB"))
    except (*UNREADABLE, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        raise DataError(f"{place}: {name} cannot be used ({error}); replace it or take it out.") from error
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())
