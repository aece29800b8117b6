"""The lab without a server: a folder for a static Space, for any web server, or for a stick in a classroom.

How. Two ways were weighed. A page of its own, composed of the app's widgets, is a second front end: each card, each
control and each sentence would be laid out twice. A host that renders the app's own layout is not: the config of
`shell.build_app()` is data (rows, tabs, sliders, widgets with template, style and script, listeners), 350 lines of
JavaScript draw it with the class names that assets/css/lab.css knows (assets/static/host.js, fields.js), and listeners
that are JavaScript run as they are. So a card that is added to a view, or a word that changes, is here at the next
build. What the server's handlers compute is written again in assets/static/views, on the browser's engine, from words
and openings that the app's own functions give when the folder is built (`said`, `recorded`); a button whose handler is
not there does not appear. Gradio's own page, frozen, would be a hundred files and more, and modules, which no browser
loads from a disk.

From a disk a page may run scripts and fetch nothing (Chromium, "file://"), so all that is large comes as scripts: `packing`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main", "write_static"]


def write_static(folder: Path) -> list[Path]:
    """Writes the lab without a server into the folder; the paths. Some twenty seconds."""
    from .folder import write  # here, so that a command line is read before torch is

    return write(folder)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m app static --out FOLDER [--zip FILE]``; the exit status."""
    from .folder import write_archive

    parser = argparse.ArgumentParser(prog="python -m app static", description="The lab without a server.")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where its files go")
    parser.add_argument(
        "--zip", type=Path, metavar="FILE", help="and an archive of them, for a classroom without network"
    )
    options = parser.parse_args(argv)
    written = write_static(options.out)
    total = sum(path.stat().st_size for path in written)
    print(f"wrote {len(written)} files into {options.out}, {total / 1e6:.2f} MB; open index.html")
    if options.zip:
        write_archive(written, options.zip)
        print(f"wrote {options.zip}, {options.zip.stat().st_size / 1e6:.2f} MB")
    return 0
