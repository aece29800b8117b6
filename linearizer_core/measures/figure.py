"""One measured number and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A row of `evaluate`: what was measured, the value, the mark to reach (empty for none), how it was measured.

    >>> Figure("round trip", 2e-5, "≤ 1e-4").value
    2e-05
    """

    name: str
    value: float
    mark: str = ""
    how: str = ""
