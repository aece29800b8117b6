"""Files as this package writes and reads them: whole or not at all, in UTF-8, and with a reason when it cannot be done."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a git-lfs pointer begins: the few lines that stand in for a large file until it is pulled."""

SLASH = re.compile(r"[/\\]")
OUTSIDE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]")


def expanded(path: str | Path) -> Path:
    """The path with ~ as the home folder. ValueError where there is no such home, or no path can be that.

    >>> expanded("~/x").name, expanded("runs/x").parts
    ('x', ('runs', 'x'))
    """
    try:
        place = Path(path).expanduser()
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"{path!r} is no path that can be used ({reason(error)}); pass a folder.") from error
    if "\0" in str(place):
        raise ValueError(f"{str(path)!r} is no path, as it holds a NUL character; pass a folder.")
    return place


def write(contents: Mapping[Path, bytes]) -> None:
    """Writes all of the files or none: each beside its place first, then renamed, so a kill or full disk leaves no half.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write({Path(folder, "a"): b"1", Path(folder, "b"): b"2"})
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['a', 'b']
    """
    parts = {file: file.with_name(file.name + ".part") for file in contents}
    try:
        for file, content in contents.items():
            parts[file].write_bytes(content)
        for file, part in parts.items():
            part.replace(file)
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise


def check_writable(folder: Path) -> None:
    """Makes the folder, and refuses one that cannot be written into, before hours are spent on what shall go there.

    >>> check_writable(Path(__file__))
    Traceback (most recent call last):
    ValueError: ... cannot be written into (File exists); pass another folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be written into ({reason(error)}); pass another folder."
        ) from error


@contextmanager
def utf_8_name(file: Path) -> Iterator[Path]:
    """The file under a name that is UTF-8, for libraries that take no other; a link where its own is none.

    >>> with utf_8_name(Path("a.safetensors")) as same:
    ...     same.name
    'a.safetensors'
    """
    try:
        str(file).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder) / "link"
            link.symlink_to(file.absolute())
            yield link
    else:
        yield file


def is_pointer(file: Path) -> bool:
    """Whether the file is a git-lfs pointer instead of what it stands for.

    >>> is_pointer(Path(__file__)), is_pointer(Path("nowhere"))
    (False, False)
    """
    try:
        with open(file, "rb") as stream:
            return stream.read(len(POINTER)) == POINTER
    except OSError:
        return False


def reason(error: BaseException, file: Path | None = None) -> str:
    """Why something failed, in one line of at most 200 characters: a library's stack and addresses are left out.

    >>> reason(ValueError("too short\\nat line 5"))
    'too short'
    """
    if file is not None and is_pointer(file):
        return "it is a git-lfs pointer; run git lfs pull"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def to_json(value: object, indent: int | None = None) -> str:
    """JSON in which NaN and infinity are null, as JSON has no word for them; numpy's and torch's numbers are numbers.

    >>> to_json({"psnr": float("inf"), "of": [1, float("nan")]})
    '{"psnr": null, "of": [1, null]}'
    """
    return json.dumps(_jsonable(value), ensure_ascii=False, allow_nan=False, indent=indent)


def _jsonable(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _jsonable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    if isinstance(value, str):  # a file name that is no UTF-8 must not stop what is written about it
        return value.encode("utf-8", "replace").decode("utf-8")
    if hasattr(value, "item") and not isinstance(value, int | float):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def public(word: str) -> str:
    """A word of a command or a setting without folders of this machine: the base name of a path that leads out of here.

    >>> public("/home/me/candy.onnx"), public("candy=~/nets/candy.onnx"), public("teachers/candy.onnx")
    ('candy.onnx', 'candy=candy.onnx', 'teachers/candy.onnx')
    """
    before, sign, path = ("", "", word) if _leads_out(word) else word.partition("=")
    return f"{before}{sign}{SLASH.split(path.rstrip('/'))[-1]}" if _leads_out(path) else word


def _leads_out(path: str) -> bool:
    return bool(OUTSIDE.match(path)) or ".." in SLASH.split(path)
