"""Speed against the alternatives: all contenders in turn in one run, with the errors of their results.

Nothing is asserted here. A row with a contender says how many times as fast ours is (`ratio`);
a row without one is held against a mark.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from .. import devices
from ..measures import reporting
from ..measuring import Row, machine
from . import components, decoding, flows, importing, low_rank, operators, scaling


def run(
    names: Sequence[str] = (), repeats: int = 5, device: str = "cpu", scale: float | None = None
) -> list[Row]:
    """The rows of the named benchmarks, of all without names; `scale` is that of `pca`. ValueError for an unknown name.

    >>> run(["sorting"])
    Traceback (most recent call last):
    ValueError: benchmark must be among pca, decode, algebra, operators, ..., peers, got 'sorting'.
    """
    names = [one for name in names for one in GROUPS.get(name, (name,))]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise ValueError(f"benchmark must be among {', '.join([*BENCHMARKS, *GROUPS])}, got {unknown[0]!r}.")
    rows: list[Row] = []
    for name in names or BENCHMARKS:
        extra = {"scale": scale} if name == "pca" and scale is not None else {}
        rows += BENCHMARKS[name](repeats=repeats, device=device, **extra)
    return rows


BENCHMARKS: dict[str, Callable[..., list[Row]]] = {
    "pca": components.pca,
    "decode": decoding.decode,
    "algebra": low_rank.low_rank,
    "operators": operators.operators,
    "collapse": low_rank.collapse,
    "flows": flows.flows,
    "import": importing.importing,
    "scale": scaling.scale,
}
GROUPS = {"peers": ("flows", "operators", "pca", "collapse")}
"""What is measured against other libraries and against a dense collapse, in one table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command `benchmark`.

    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["pca", "--repeats", "3"]).repeats
    3
    """
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join([*BENCHMARKS, *GROUPS])} (default: all)"
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="runs per contender, of which the median counts"
    )
    parser.add_argument(
        "--device",
        default="cpu",
        help="where ours and torch run; all others take the CPU",
    )
    parser.add_argument(
        "--scale", type=float, help="of pca's sample counts (default: 1 on a GPU, 0.25 on a CPU)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(command=_command)


def _command(options: argparse.Namespace) -> None:
    if options.repeats < 1:
        raise ValueError(f"--repeats must be at least 1, got {options.repeats}.")
    if options.scale is not None and not 0 < options.scale <= 100:
        raise ValueError(f"--scale must lie in 0..100, above 0, got {options.scale:g}.")
    devices.usable(options.device)
    about = machine(options.device)
    rows = run(options.names, options.repeats, options.device, options.scale)
    if options.json:
        print(reporting.format_json(rows, about, sys.stdout.encoding or "utf-8"))
    else:
        print(
            "  ".join(f"{name}: {value}" for name, value in about.items()),
            reporting.format_table(rows),
            sep="\n\n",
        )
