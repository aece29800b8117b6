"""A picture as a setting: checked like everything else that comes from controls, links and the API."""

from __future__ import annotations

from dataclasses import dataclass

from app.pictures import references
from app.settings import Kind


@dataclass(frozen=True)
class Picture(Kind):
    """The reference of a picture; of an address "data:image/…" the digit in it, or `whole` all of it as it is.

    >>> Picture().checked(["digits:3"], "picture")
    Traceback (most recent call last):
    ValueError: No such picture; “digits:17”, “sample:7:42” or a “data:image/png;base64,…” address works.
    """

    whole: bool = False
    hint = str

    def take(self, value: object) -> str:
        return references.accept(value, whole=self.whole)

    def read(self, text: str) -> str:
        return references.accept(text)

    def words(self, value: str) -> str:
        return value

    def __str__(self) -> str:
        taken = "taken as it is" if self.whole else "showing one digit"
        return (
            "“digits:0” to “digits:1796” (scikit-learn), “sample:7:42” (a 7 made by the model digits, seed 42), “face:12” "
            "(drawn by the model faces), “other:0” and on (no digits at all), “mnist:0” and on where MNIST is installed, "
            f"or “data:image/png;base64,…” {taken}"
        )
