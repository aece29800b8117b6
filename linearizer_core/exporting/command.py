"""`python -m linearizer_core export`: writes a model and prints how far what was written is from torch."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from .. import checkpoints, files
from ..linearizer import Linearizer
from ..networks import InvertibleNetwork, folded
from . import onnx
from .replay import PROBES, far, probes, smallest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes.

    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["digits", "--to", "web", "--out", "d"]).to
    'web'
    """
    parser.add_argument("name", help="a shipped model, a folder, or owner/name on the Hub")
    parser.add_argument(
        "--to", choices=("web", "onnx"), required=True, help="for assets/engine, or ONNX graphs"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> None:
    out = files.expanded(options.out)
    files.check_writable(out)
    f = checkpoints.load(options.name)
    if not isinstance(f, Linearizer):
        raise ValueError(
            f"{options.name} is a {type(f).__name__}; a Linearizer can be exported, so lc.save one of it first."
        )
    written = _web(f, out) if options.to == "web" else _onnx(f, out)
    print(*(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)" for path in written), sep="\n")


def _web(f: Linearizer, out: Path) -> list[Path]:
    found, errors = smallest(f)
    for kind, by_task in errors.items():
        _print_errors(f"{kind} against torch", by_task)
    print(f"weights are {found.manifest['type']}")
    return found.write(out)


def _onnx(f: Linearizer, out: Path) -> list[Path]:
    written: dict[Path, bytes] = {}
    errors: dict[str, float] = {}
    z = probes(f)
    for task, g in (("encode", f.g_x), ("decode", f.g_y)):
        with torch.no_grad():
            given = z if task == "decode" else g.inverse(z)
            expected = _way(g, task)(given)
        content = onnx.graph(folded(g), task, given[:2])
        written[out / f"{task}.onnx"] = content
        if onnx.can_run():
            off = far(onnx.runner(content)(given), expected)
            errors[task] = off if task == "decode" else off / float(z.abs().max())
    if errors:
        _print_errors("onnxruntime against torch", errors)
    else:
        print("onnxruntime is not installed, so the graphs were not tried; pip install onnxruntime.")
    files.write(written)
    return list(written)


def _way(g: InvertibleNetwork, task: str) -> Callable[[Tensor], Tensor]:
    return g if task == "encode" else g.inverse


def _print_errors(what: str, errors: Mapping[str, float]) -> None:
    units = {"decode": "largest difference of a point", "encode": "of a latent, part of the largest"}
    told = "; ".join(f"{task} {error:.1e} ({units[task]})" for task, error in errors.items())
    print(f"{what}, {PROBES} points of noise and samples: {told}")
