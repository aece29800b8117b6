"""A picture as a setting: checked like everything else that comes from controls, links and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app import words
from app.kinds import Kind, Verbatim, beside
from app.pictures import photos, references


@dataclass(frozen=True)
class Picture(Kind):
    """The reference of a picture; of an address "data:image/…" what `taken` says, see `references.TAKEN`, and beside a
    setting `model` what that model takes.

    >>> Picture().checked(["digits:3"], "picture")
    Traceback (most recent call last):
    ValueError: No such picture; “digits:17”, “sample:7:42” or a “data:image/png;base64,…” address works.
    """

    taken: str = "digit"
    hint = str

    def take(self, value: object) -> str:
        return references.accept(value, self.taken)

    def read(self, text: str) -> str:
        return references.accept(text)

    def words(self, value: str) -> str:
        return value

    def __str__(self) -> str:
        known = {"digit": "showing one digit", "whole": "taken as it is", "face": "showing a face"}
        taken = known.get(self.taken, f"taken as {self.taken} pixels")
        return (
            "“digits:0” to “digits:1796” (scikit-learn), “sample:7:42” (a 7 made by the model digits, seed 42), “face:12” "
            "(drawn by the model faces), “other:0” and on (no digits at all), “mnist:0” and on where MNIST is installed, "
            f"or “data:image/png;base64,…” {taken}"
        )


@beside.register
def _(kind: Picture, others: Mapping[str, object]) -> Picture:
    return replace(kind, taken=references.taken_for(others.get("model"), kind.taken))


@dataclass(frozen=True)
class Photo(Verbatim):
    """The reference of a photo in colour and of any size, or an address "data:image/…" of one.

    >>> Photo().checked("nowhere", "photo")
    Traceback (most recent call last):
    ValueError: No such photo; “china”, “flower” or a “data:image/jpeg;base64,…” address works.
    """

    def take(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(words.UNKNOWN_PHOTO)
        return photos.accept(value)

    def __str__(self) -> str:
        return (
            "“china” or “flower” (scikit-learn), or “data:image/jpeg;base64,…” (PNG and WebP too), at least "
            f"{photos.LEAST}×{photos.LEAST} pixels"
        )
