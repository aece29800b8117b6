"""A fitted model as one file to keep, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.models import saved
from app.views.styles import words
from app.views.styles.studio import shipped
from app.widgets import served
from linearizer_core.models.styles import Styles
from linearizer_core.recipes.styles import PhotoStyles

MOST = 20_000_000  # bytes of both files; the shipped ones have 6 MB


def packed(recipe: PhotoStyles, model: Styles, training: dict[str, object]) -> str:
    """The address of a zip of the model, which the page can fetch while it is one of the last ten or so."""
    return served.KEPT.put(saved.zipped(recipe, model, training), "zip")


def read(chosen: Sequence[str]) -> Styles:
    """The model in a zip, or in the two files of one. ValueError with a sentence for what is no model of these styles."""
    _, model = saved.read(((Path(file).name, _head(Path(file))) for file in chosen), MOST)
    ours = shipped().model
    if not isinstance(model, Styles) or model.names != ours.names or model.channels != ours.channels:
        raise ValueError(words.load_other(ours.names))
    return model


def _head(file: Path) -> bytes:
    """The content, of a file that is too large enough to tell so."""
    with file.open("rb") as stream:
        return stream.read(MOST + 1)
