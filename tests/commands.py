"""What the commands that measure have in common."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence


def asked(
    parser: argparse.ArgumentParser, name: str, known: Iterable[str], first: Sequence[str] = ()
) -> None:
    """An argument that takes some of these names; `first` where none is given, or all."""
    names = list(known)

    def one(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"nothing is called {text}; there are {'; '.join(names)}")
        return text

    said = f"some of: {'; '.join(names)} (default: {'; '.join(first) or 'all'})"
    parser.add_argument(name, nargs="*", type=one, default=list(first or names), help=said)
