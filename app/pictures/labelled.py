"""Many pictures of a visitor with their labels: files chosen together, a table of labels among them, folders as a zip.

A label is what a table says of the file, else the name of the folder that it lies in. Nothing is ever unpacked to the disk.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from app import words
from app.pictures import files
from app.pictures.references import read

TABLES, ARCHIVES = (".csv", ".tsv", ".txt"), (".zip",)
FILE_TYPES = ["image", ".csv", ".zip"]
"""What an upload button for such pictures takes."""
HEADS = {"label", "labels", "class", "category", "target"}
MOST_LABELS = 40
LONGEST = 40  # characters of a label
MOST_UNPACKED = 200_000_000  # bytes of one archive
BROKEN = (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error)
"""What zipfile raises for entries that are cut off, encrypted, or packed in a way of their own."""


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


def bring(chosen: Sequence[str], taken: str, most: int) -> Brought:
    """The first `most` pictures among the files, taken as `references.TAKEN` says; what is no picture is named.

    BadPictureError for an archive or a table that cannot be read, and for more labels than can be told apart.
    """
    items = [item for file in chosen for item in _items(Path(file), most)]
    said: dict[str, str] = {}
    for item in items:
        if item.path.suffix.lower() in TABLES:
            said |= _table(item)
    shown = [item for item in items if item.path.suffix.lower() not in TABLES]
    found, labels, refused = [], [], []
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


def _items(file: Path, most: int) -> Iterator[_Item]:
    if file.suffix.lower() not in ARCHIVES:
        yield _Item(PurePosixPath(file.name), file)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            inside = [entry for entry in archive.infolist() if _is_wanted(entry)]
            if sum(entry.file_size for entry in inside[: most + 1]) > MOST_UNPACKED:
                raise files.BadPictureError(words.archive_too_large(file.name, MOST_UNPACKED))
            for entry in inside[: most + len(TABLES)]:
                yield _Item(PurePosixPath(entry.filename), _content(archive, entry))
    except files.BadPictureError:
        raise
    except BROKEN as error:
        raise files.BadPictureError(words.bad_archive(file.name)) from error


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    """No folder, and none of the hidden files that systems put beside pictures."""
    parts = PurePosixPath(entry.filename).parts
    hidden = (part for part in parts if part.startswith((".", "__MACOSX")) and part not in (".", ".."))
    return not entry.is_dir() and not any(hidden)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of an entry, never more than it may have, whatever its head promises; none of one that is broken."""
    try:
        with archive.open(entry) as opened:
            return opened.read(files.MAX_BYTES + 1)
    except BROKEN:
        return b""  # which is no picture, so the visitor reads its name among those left out


def _table(item: _Item) -> dict[str, str]:
    """What a table says of each file: by the column that is called label or so, else by its second."""
    try:
        content = item.content if isinstance(item.content, bytes) else item.content.read_bytes()
        text = _decoded(content)
        head = text.partition("\n")[0]
        delimiter = max(";\t,", key=head.count)
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if len(row) > 1]
    except (OSError, csv.Error, UnicodeError) as error:
        raise files.BadPictureError(words.bad_table(item.path.name)) from error
    if not rows:
        raise files.BadPictureError(words.bad_table(item.path.name))
    names = [cell.strip().lower() for cell in rows[0]]
    column = next((i for i, name in enumerate(names) if name in HEADS), 1)
    key = 0 if column else 1
    return {_key(row[key]): row[column] for row in rows if len(row) > max(key, column)}


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig", "replace")


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))


def _labels(items: Sequence[_Item], said: dict[str, str]) -> list[str]:
    """A label for each; where all lie in one folder its name says nothing."""
    folders = {item.path.parent.name for item in items}
    found = []
    for item in items:
        folder = item.path.parent.name if len(folders) > 1 else ""
        found.append(_tidy(said.get(_key(str(item.path)), said.get(_key(item.path.name), folder))))
    return found


def _tidy(label: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in label)
    return " ".join(printable.split())[:LONGEST].strip(".")
