"""Rows of numbers from text files as people have them: from a program, by hand, out of a spreadsheet."""

from __future__ import annotations

import codecs
import csv
from pathlib import Path

from .. import files
from .dataset import DataError

MOST_BYTES = 20_000_000
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""How a text file says at its beginning what its letters are."""


def read_rows(file: str | Path, sizes: tuple[int, ...] = (2, 3)) -> list[tuple[int, list[float]]]:
    r"""(row number, its numbers) for every row that is not empty, all of one size among `sizes`. Raises `DataError`.

    Cells are parted by semicolons, tabs, commas or spaces, whichever fits most rows; where it is not the comma, or in
    quotes, a comma is a decimal point. A first row of headings is left out, and what follows a #.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     length = Path(folder, "a.txt").write_text('"x"\t"y"\n"0,5"\t-1e-2\n\n# a remark\n3\t4\n')
    ...     read_rows(Path(folder, "a.txt"))
    [(2, [0.5, -0.01]), (5, [3.0, 4.0])]
    """
    lines = [line.partition("#")[0].strip() for line in _text(file).splitlines()]
    said = [(number, line) for number, line in enumerate(lines, 1) if line.strip('; \t,"')]
    marks = [mark for mark in ";\t," if any(mark in line for _, line in said)]
    tables = [_table(file, said, delimiter) for delimiter in (*marks, None)]
    tables.sort(key=lambda rows: -sum(len(cells) in sizes for _, cells in rows))
    refusals = []
    for rows in tables:
        try:
            width = len(rows[0][1]) if rows and len(rows[0][1]) in sizes else None
            return [(number, _numbers(file, number, cells, sizes, width)) for number, cells in rows]
        except DataError as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _table(
    file: str | Path, said: list[tuple[int, str]], delimiter: str | None
) -> list[tuple[int, list[str]]]:
    """The rows cut into cells with this between them, None for spaces; without headings."""
    rows = [(number, _cells(file, number, line, delimiter)) for number, line in said]
    return rows[1:] if rows and all(_number(cell) is None for cell in rows[0][1]) else rows


def _text(file: str | Path) -> str:
    try:
        place = files.expanded(file)
        if place.stat().st_size > MOST_BYTES:
            raise ValueError(f"{place.stat().st_size} bytes are too many for it")
        content = place.read_bytes()
        if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
            raise ValueError("it is a workbook; save it as CSV")
        if files.is_pointer(place):
            raise ValueError("it is a git-lfs pointer; run git lfs pull")
        encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
        return content.decode(encoding, "strict" if encoding == "utf-16" else "replace")
    except (OSError, ValueError) as error:
        raise DataError(
            f"{file} is no list of points ({files.reason(error)}); one line a point, x, y, label."
        ) from error


def _cells(file: str | Path, number: int, line: str, delimiter: str | None) -> list[str]:
    try:
        row = line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"{file}, row {number} is no row of a table ({files.reason(error)}).") from error
    cells = [cell.strip(" \t\"'") for cell in row]
    while cells and not cells[-1]:  # spreadsheets pad their rows
        cells.pop()
    return cells


def _number(cell: str) -> float | None:
    text = cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell
    try:
        return float(text.replace("\u2212", "-"))  # the minus sign of typesetters
    except ValueError:
        return None


def _numbers(
    file: str | Path, number: int, cells: list[str], sizes: tuple[int, ...], width: int | None
) -> list[float]:
    if len(cells) not in sizes or width not in (None, len(cells)):
        wanted = width or " or ".join(map(str, sizes))
        raise DataError(
            f"{file}, row {number}: a row must hold {wanted} numbers, x, y and perhaps a label, got {len(cells)}."
        )
    values = []
    for cell in cells:
        value = _number(cell)
        if value is None:
            raise DataError(
                f"{file}, row {number}: {cell[:40]!r} is no number; correct it or take that row out."
            )
        values.append(value)
    return values
