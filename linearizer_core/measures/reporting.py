"""Rows of figures as a plain table or as JSON, for the commands `evaluate` and `benchmark`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from .. import files


def format_table(rows: Sequence[Any]) -> str:
    """Dataclass rows of one type as aligned columns under their field names; empty columns are left out.

    >>> @dataclasses.dataclass
    ... class Row:
    ...     name: str
    ...     seconds: float
    ...     note: str = ""
    >>> print(format_table([Row("one", 0.0123456), Row("sixty-four", 12.0)]))
    name        seconds
    ----------  -------
    one          0.0123
    sixty-four    12.00
    """
    if not rows:
        return ""
    names = [field.name for field in dataclasses.fields(rows[0])]
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    shown = {name: [_cell(v) for v in column] for name, column in columns.items() if any(map(_says, column))}
    right = {name for name in shown if any(isinstance(value, int | float) for value in columns[name])}
    lines = [[name.replace("_", " ") for name in shown], *zip(*shown.values())]
    widths = [max(len(line[i]) for line in lines) for i in range(len(shown))]
    lines.insert(1, ["-" * width for width in widths])
    sides = [str.rjust if name in right else str.ljust for name in shown]
    return "\n".join(
        "  ".join(side(cell, width) for side, cell, width in zip(sides, line, widths)).rstrip()
        for line in lines
    )


def format_json(
    rows: Sequence[Any], about: Mapping[str, object] | None = None, encoding: str = "utf-8"
) -> str:
    """The rows as a JSON array of objects; with `about`, an object of its entries and "rows". NaN and infinity are null.

    Letters that `encoding`, that of the terminal say, does not know are written as JSON's escapes.

    >>> format_json([], {"machine": "a laptop"})
    '{"machine": "a laptop", "rows": []}'
    """
    plain = [dataclasses.asdict(row) for row in rows]
    content, indent = plain if about is None else {**about, "rows": plain}, 2 if rows else None
    text = files.to_json(content, indent)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=indent)
    return text


def _says(value: object) -> bool:
    return value is not None and value != ""


def _cell(value: object) -> str:
    """Numbers with three digits that count, or four from 10 up; nothing for None."""
    if isinstance(value, bool) or not isinstance(value, float):
        return "" if value is None else str(value)
    if not math.isfinite(value) or value == 0:
        return str(value)
    digits = max(0, (3 if abs(value) >= 10 else 2) - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}" if 1e-3 <= abs(value) < 1e5 else f"{value:.2e}"
