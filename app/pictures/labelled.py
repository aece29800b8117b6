"""Many pictures of a visitor with their labels: files chosen together, a table of labels among them, folders as a zip.

A label is what a table says of the file, else the name of the folder that it lies in. Nothing is ever unpacked to the disk.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from app import words
from app.pictures import files
from app.pictures.references import read
from linearizer_core.data.dataset import UNREADABLE

TABLES, ARCHIVES = (".csv", ".tsv", ".txt"), (".zip",)
FILE_TYPES = ["image", ".csv", ".zip"]
"""What an upload button for such pictures takes."""
HEADS = {"label", "labels", "class", "category", "target"}
MOST_LABELS = 40
LONGEST = 40  # characters of a label
MOST_UNPACKED = 200_000_000  # bytes of all archives together
MOST_TABLES = 10  # of one archive
MOST_TABLE = 5_000_000  # bytes, some 100 000 lines
IS_UTF_8 = 0x800  # the bit of an entry that says how its name is written


@dataclass(frozen=True)
class Brought:
    """Pictures as references, their labels ("" for none), and the names of the files that could not be used."""

    references: tuple[str, ...]
    labels: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class _Item:
    """A file, on the disk or in an archive: its path there and its content."""

    path: PurePosixPath
    content: Path | bytes

    @property
    def keys(self) -> tuple[str, str]:
        """How a table may call it: by its whole path, or by its name."""
        return _key(str(self.path)), _key(self.path.name)


def bring(chosen: Sequence[str], taken: str, most: int) -> Brought:
    """The first `most` pictures among the files, taken as `references.TAKEN` says; what is no picture is named.

    So is a table that names none of them. BadPictureError for an archive or a table that cannot be read, for archives
    that would fill the memory, and for more labels than can be told apart.
    """
    items = _unpacked([Path(file) for file in chosen], most)
    tables = [item for item in items if item.path.suffix.lower() in TABLES]
    shown = [item for item in items if item.path.suffix.lower() not in TABLES]
    said, idle = _said(tables, {key for item in shown for key in item.keys})
    found, labels, refused = [], [], [*idle]
    for item, label in zip(shown, _labels(shown, said)):
        if len(found) == most:
            break
        try:
            found.append(read(item.content, taken))
            labels.append(label)
        except files.BadPictureError:
            refused.append(item.path.name)
    if len(set(labels)) > MOST_LABELS:
        raise files.BadPictureError(words.too_many_labels(len(set(labels)), MOST_LABELS))
    return Brought(tuple(found), tuple(labels), tuple(refused))


def _unpacked(chosen: Sequence[Path], most: int) -> list[_Item]:
    """The files, in the place of an archive what lies in it; all archives together may take `MOST_UNPACKED` bytes."""
    items, used = [], 0
    for file in chosen:
        if file.suffix.lower() not in ARCHIVES:
            items.append(_Item(PurePosixPath(file.name), file))
            continue
        inside = _inside(file, most, used)
        used += sum(len(item.content) for item in inside if isinstance(item.content, bytes))
        items += inside
    return items


def _inside(file: Path, most: int, used: int) -> list[_Item]:
    """The first pictures of an archive, and its tables, which may well come last."""
    try:
        with zipfile.ZipFile(file) as archive:
            wanted = _wanted(archive, most)
            if used + sum(entry.file_size for _, entry in wanted) > MOST_UNPACKED:
                raise files.BadPictureError(words.archive_too_large(file.name, MOST_UNPACKED, used > 0))
            return [_Item(path, _content(archive, entry)) for path, entry in wanted]
    except files.BadPictureError:
        raise
    except UNREADABLE as error:
        raise files.BadPictureError(words.bad_archive(file.name)) from error


def _wanted(archive: zipfile.ZipFile, most: int) -> list[tuple[PurePosixPath, zipfile.ZipInfo]]:
    tables: list[tuple[PurePosixPath, zipfile.ZipInfo]] = []
    others: list[tuple[PurePosixPath, zipfile.ZipInfo]] = []
    for entry in archive.infolist():  # a hundred thousand, so that a path is made of few
        name = _name(entry)
        kept, room = (tables, MOST_TABLES) if name.lower().endswith(TABLES) else (others, most)
        if len(kept) < room and not name.endswith("/") and not _is_hidden(PurePosixPath(name)):
            kept.append((PurePosixPath(name), entry))
    return tables + others


def _name(entry: zipfile.ZipInfo) -> str:
    """The name in an archive: macOS writes UTF-8 without saying so, and old Windows its own slashes."""
    name = entry.filename
    if not entry.flag_bits & IS_UTF_8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = entry.filename
    return name.replace("\\", "/")


def _is_hidden(path: PurePosixPath) -> bool:
    """Whether it is one of the files that systems put beside pictures."""
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in path.parts)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of an entry, never more than it may have, whatever its head promises; none of one that is broken."""
    try:
        with archive.open(entry) as opened:
            return opened.read(files.MAX_BYTES + 1)
    except UNREADABLE:
        return b""  # which is no picture, so the visitor reads its name among those left out


def _said(tables: Sequence[_Item], known: set[str]) -> tuple[dict[str, str], list[str]]:
    """What the tables say of the known pictures, and the names of those that say nothing of any."""
    said: dict[str, str] = {}
    idle = []
    for item in tables:
        found = _table(item, known)
        said |= found
        if not found:
            idle.append(item.path.name)
    return said, idle


def _table(item: _Item, known: set[str]) -> dict[str, str]:
    """What a table says of each known picture, by the column that is called label or so, else by its second.

    The column that holds the most names of pictures says which is meant.
    """
    rows = _rows(item)
    hits = Counter(i for row in rows for i, cell in enumerate(row) if _key(cell) in known)
    if not hits:
        return {}
    key = hits.most_common(1)[0][0]
    heads = [cell.strip().lower() for cell in rows[0]]
    column = next((i for i, head in enumerate(heads) if head in HEADS and i != key), 0 if key == 1 else 1)
    named = {_key(row[key]): row[column] for row in rows if len(row) > max(key, column)}
    return {name: label for name, label in named.items() if name in known}


def _rows(item: _Item) -> list[list[str]]:
    """The rows of a table that have several cells; none of a text that is no table, as a zip may hold one to be read."""
    try:
        content = item.content if isinstance(item.content, bytes) else item.content.read_bytes()
        if len(content) > MOST_TABLE:
            raise files.BadPictureError(words.table_too_large(item.path.name, MOST_TABLE))
        text = _decoded(content)
        head = text.partition("\n")[0]
        delimiter = max(";\t,", key=head.count)
        read_rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        rows = [row for row in read_rows if len(row) > 1]
    except (OSError, csv.Error, UnicodeError) as error:
        if item.path.suffix.lower() == ".txt":
            return []
        raise files.BadPictureError(words.bad_table(item.path.name)) from error
    if not rows and item.path.suffix.lower() != ".txt":
        raise files.BadPictureError(words.bad_table(item.path.name))
    return rows


def _decoded(content: bytes) -> str:
    """As what its first bytes say, as UTF-8, else in the letters of Windows, as older spreadsheets write it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeError:
        return content.decode("cp1252", "replace")


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))


def _labels(items: Sequence[_Item], said: dict[str, str]) -> list[str]:
    """A label for each; where all lie in one folder its name says nothing."""
    folders = {item.path.parent.name for item in items}
    found = []
    for item in items:
        folder = item.path.parent.name if len(folders) > 1 else ""
        whole, name = item.keys
        found.append(_tidy(said.get(whole, said.get(name, folder))))
    return found


def _tidy(label: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in label)
    return " ".join(printable.split())[:LONGEST].strip(". ")
