"""A model that a visitor saved and brings back: a zip, or the two files that `linearizer_core` loads. It knows no view."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from app import words
from linearizer_core import checkpoints
from linearizer_core.data.dataset import UNREADABLE

NAMES = (checkpoints.CONFIG, checkpoints.WEIGHTS)
FILE_TYPES = [".zip", ".json", ".safetensors"]


def read(files: Iterable[tuple[str, bytes]], most: int) -> tuple[Any, Any]:
    """The recipe and the model in files given by name and content, of at most `most` bytes when unpacked.

    ValueError with a sentence for what is no model; whether it is one that a view can use is for the view to say.

    >>> folder = checkpoints.ASSETS / "plane-moons"
    >>> recipe, model = read([(name, (folder / name).read_bytes()) for name in NAMES], 10**6)
    >>> recipe.name, model.g_x.in_shape
    ('plane-moons', (2,))
    """
    found = _contents(files, most)
    if sum(map(len, found.values())) > most:
        raise ValueError(words.saved_too_large(most))
    if set(found) != set(NAMES):
        raise ValueError(words.SAVED_FILES)
    with tempfile.TemporaryDirectory() as place:
        for name, content in found.items():
            (Path(place) / name).write_bytes(content)
        try:
            return checkpoints.read_config(Path(place)).recipe, checkpoints.load(Path(place)).float()
        except checkpoints.CheckpointError as error:
            raise ValueError(words.saved_broken(str(error).replace(f"{place}/", ""))) from error


def zipped(recipe: Any, model: Any, training: dict[str, object]) -> bytes:
    """A zip of the model's two files, which `read` reads."""
    stream = io.BytesIO()
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        checkpoints.save(place, recipe, model, training=training)
        for name in NAMES:
            archive.write(Path(place) / name, name)
    return stream.getvalue()


def _contents(files: Iterable[tuple[str, bytes]], most: int) -> dict[str, bytes]:
    """What of `NAMES` is there; a browser that had such a file already calls the next one "config (1).json"."""
    found: dict[str, bytes] = {}
    for name, content in files:
        kind = PurePosixPath(name).suffix.lower()
        if kind == ".zip":
            found |= _unpacked(content, most)
        found |= {wanted: content for wanted in NAMES if kind == PurePosixPath(wanted).suffix}
    return found


def _unpacked(content: bytes, most: int) -> dict[str, bytes]:
    """The two files, wherever in the archive they lie, never more than may be read, whatever its head promises."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                name = PurePosixPath(entry.filename).name
                if name in NAMES and name not in found:
                    with archive.open(entry) as stream:
                        found[name] = stream.read(most + 1)
    except UNREADABLE as error:
        raise ValueError(words.SAVED_FILES) from error
    return found
