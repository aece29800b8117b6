"""One measured number and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A row of `evaluate`: what was measured, the value, the mark to reach (empty for none), how it was measured."""

    name: str
    value: float
    mark: str = ""
    how: str = ""
