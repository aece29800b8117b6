"""The command line: `python -m linearizer_core train | evaluate | average | export | benchmark`."""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import platform
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import torch
from safetensors import SafetensorError
from torch import nn

from . import benchmarks, checkpoints, devices, diagnostics, extras, files, ranks
from .averaging import average
from .exporting import command
from .linearizer import Linearizer
from .measures import reporting
from .measures.figure import Figure
from .networks import InvertibleNetwork
from .recipes import RECIPES, Recipe
from .recipes.base import MOST_SEED
from .states import STATE
from .training import check_folder, measured, rounded, train

FAILURES = (ValueError, OSError, RuntimeError, MemoryError, ArithmeticError, SafetensorError, ImportError)
"""What ends a command by one sentence: arguments, files, devices, a full disk or memory. All else is a fault of ours."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; a mistake in its arguments or files is one sentence on stderr and exit code 2, Ctrl-C is 130."""
    for stream in (sys.stdout, sys.stderr):  # a terminal without ≤ or × must not end what took an hour
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")
    try:
        options = _parser().parse_args(arguments)
        options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        return _end(str(stop) or "interrupted.", 130)
    except BrokenPipeError:  # `… | head` has read enough; the interpreter's own last flush goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except FAILURES as error:
        return _end(_sentence(error), 2)
    return 0


def _end(sentence: str, code: int) -> int:
    print(f"error: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{files.reason(error)}; free some room, correct the path or its permissions."
    if isinstance(error, ModuleNotFoundError):
        return extras.advice(error)
    return str(error) if isinstance(error, ValueError) else files.reason(error)


class _Parser(argparse.ArgumentParser):
    """An argparse parser that ends a mistake by one sentence, without the forty lines of a recipe's usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m linearizer_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | average | export | benchmark")
    training = commands.add_parser("train", help="train a model by its recipe")
    recipes = training.add_subparsers(required=True, metavar="NAME", title="models")
    for name, recipe in RECIPES.items():
        _add_recipe(recipes.add_parser(name, help=(recipe.__doc__ or "").split("\n")[0]), recipe)
    evaluation = commands.add_parser("evaluate", help="quality and law figures of a model")
    evaluation.add_argument("name", help="a shipped model, a folder, or owner/name on the Hub")
    evaluation.add_argument(
        "--data", help="where the test data lies (default: download, checksummed and cached)"
    )
    evaluation.add_argument("--seed", type=_seed, default=0, help="of the random pairs and noise (default 0)")
    evaluation.add_argument("--device", default=_device(), help="default: cuda where there is one")
    evaluation.add_argument("--json", action="store_true", help="print JSON instead of a table")
    evaluation.add_argument(
        "--plots", type=Path, metavar="FOLDER", help="also draw, as PNG and SVG with captions"
    )
    evaluation.set_defaults(command=_evaluate)
    between = commands.add_parser(
        "average", help="weights between those that a run began with and those it reached"
    )
    between.add_argument("start", help="a shipped model or a folder")
    between.add_argument("reached", help="a folder of the same recipe")
    between.add_argument("--share", type=float, required=True, help="of what was learned, 0 to 1")
    between.add_argument("--out", required=True, help="folder of the average")
    between.add_argument("--data", help="as for train, where training ends with a fit to it")
    between.set_defaults(
        command=lambda given: average(given.start, given.reached, given.share, given.out, given.data)
    )
    command.add_arguments(commands.add_parser("export", help="an op list for a browser, or ONNX graphs"))
    benchmarks.add_arguments(commands.add_parser("benchmark", help="speed, both contenders in one run"))
    return parser


def _add_recipe(parser: argparse.ArgumentParser, recipe: type[Recipe]) -> None:
    """The flags of `train NAME`: where and how to run, and one flag per field of the recipe."""
    parser.add_argument(
        "--data", help="where the training data lies (default: download, checksummed and cached)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs") / recipe.name, help="default: runs/NAME")
    parser.add_argument("--device", default=_device(), help="default: cuda where there is one")
    parser.add_argument("--resume", action="store_true", help="go on from the last state in --out")
    parser.add_argument("--overwrite", action="store_true", help="begin anew in a folder that holds a run")
    parser.add_argument(
        "--start-from", help="shipped model, or folder of another run or model, whose weights to begin with"
    )
    parser.add_argument(
        "--save-every", type=float, default=45.0, help="seconds between saved states (default 45)"
    )
    parser.add_argument(
        "--shards",
        type=int,
        help="parts of a batch that draw their own noise, a multiple of torchrun's processes (default: as many)",
    )
    fields = parser.add_argument_group("recipe")
    for field in dataclasses.fields(recipe):
        fields.add_argument(
            f"--{field.name.replace('_', '-')}",
            **_type_of(field.default),
            default=field.default,
            help=f"default: {field.default}",
        )
    parser.set_defaults(command=_train, recipe=recipe)


def _type_of(default: object) -> dict[str, Any]:
    """How argparse reads a field with this default."""
    if isinstance(default, bool):
        return {"action": argparse.BooleanOptionalAction}
    if isinstance(default, tuple):
        return {"type": type(default[0]) if default else str, "nargs": "+"}
    return {"type": type(default)}


def _seed(text: str) -> int:
    if not (text.isdecimal() and int(text) < MOST_SEED):
        raise argparse.ArgumentTypeError(f"must be a whole number in 0..{MOST_SEED - 1}, got {text!r}")
    return int(text)


def _train(options: argparse.Namespace) -> None:
    with ranks.joined(devices.usable(options.device)) as device:  # those that torchrun has started
        _train_at(device, options)


def _train_at(device: torch.device, options: argparse.Namespace) -> None:
    names = [field.name for field in dataclasses.fields(options.recipe)]
    values = {name: getattr(options, name) for name in names}
    with extras.wanted():
        from tqdm import tqdm
    recipe = options.recipe(**{n: tuple(v) if isinstance(v, list) else v for n, v in values.items()})
    out, start = files.expanded(options.out), options.start_from
    # all that can be refused is refused before data are fetched
    ranks.led(lambda: check_folder(out, options.resume, options.overwrite, start is not None))
    start = None if start is None else checkpoints.local_folder(start)
    with _plain_warnings():
        dataset = ranks.after_first(lambda: recipe.dataset(options.data))
    started = time.monotonic()
    silent = not ranks.is_first()
    with (
        tqdm(total=recipe.steps, unit="step", delay=0.1, disable=silent) as bar,
        _ctrl_c_between_steps() as heed,
    ):

        def progress(step: int, figures: dict[str, float]) -> None:
            bar.update(step - bar.n)
            bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()}, refresh=False)
            heed()

        try:
            model = train(
                recipe,
                dataset,
                out,
                device,
                resume=options.resume,
                progress=progress,
                save_every=options.save_every,
                start_from=start,
                overwrite=options.overwrite,
                shards=options.shards,
            )
        except KeyboardInterrupt:
            kept = (
                f"the state is saved in {out}, and --resume goes on from it" if (out / STATE).exists() else ""
            )
            raise KeyboardInterrupt(
                f"interrupted at step {bar.n}; {kept or 'nothing was saved yet'}."
            ) from None
    if not ranks.is_first():
        return
    figures = measured(recipe, model, dataset)
    training = {
        "command": " ".join(["python -m linearizer_core", *map(files.public, sys.argv[1:])]),
        "data": f"{len(dataset.train_images)} training {'points' if dataset.train_images.dim() == 2 else 'images'}",
        "seconds": round(time.monotonic() - started),
        "device": options.device,
        **({"ranks": ranks.count()} if ranks.count() > 1 else {}),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    checkpoints.save(out, recipe, model.cpu(), rounded(figures, 6), training)
    print(f"wrote {out / checkpoints.WEIGHTS} and {out / checkpoints.CONFIG}")


@contextmanager
def _ctrl_c_between_steps() -> Iterator[Callable[[], None]]:
    """Inside it Ctrl-C waits until the function that is given is called, when a step is whole; a second one does not."""
    asked: list[int] = []

    def hear(number: int, frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    def heed() -> None:
        if asked:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # where Python hears no signals
        yield heed
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
        yield


def _evaluate(options: argparse.Namespace) -> None:
    devices.usable(options.device)
    if options.plots is not None:
        files.check_writable(files.expanded(options.plots))  # before minutes are spent on what shall go there
    folder = checkpoints.fetch(options.name)
    model, recipe = checkpoints.load(folder, options.device), checkpoints.read_config(folder).recipe
    if recipe is None:
        rows, written = _laws(model, options), []
    else:
        with _plain_warnings():
            rows = recipe.evaluate(model, options.data, options.seed)
            written = _drawn(recipe, model, options) if options.plots is not None else []
    if options.json:
        print(reporting.format_json(rows, encoding=sys.stdout.encoding or "utf-8"))
    else:
        print(reporting.format_table(rows))
        print(*(f"wrote {file}" for file in written), sep="\n", end="\n" if written else "")


def _laws(model: nn.Module, options: argparse.Namespace) -> list[Figure]:
    """What can be measured of a model that was saved without a recipe: its laws, at points that it decodes from noise."""
    for given in ("data", "plots"):
        if getattr(options, given) is not None:
            raise ValueError(
                f"{options.name} was saved without a recipe, which alone knows what to do with --{given}; leave it out to "
                "have its laws measured, or use linearizer_core.diagnostics."
            )
    if not isinstance(model, Linearizer | InvertibleNetwork):
        raise ValueError(
            f"{options.name} was saved without a recipe, and only of a network or a Linearizer the laws are known; it is "
            f"a {type(model).__name__}."
        )
    laws = diagnostics.check(model, diagnostics.decoded_noise(model, seed=options.seed))
    at = "at g⁻¹(z), z ~ N(0, I)"
    return [
        Figure(row.law, math.nan if row.error is None else row.error, f"≤ {row.tolerance:.0e}", row.why or at)
        for row in laws
    ]


def _drawn(recipe: Recipe, model: nn.Module, options: argparse.Namespace) -> list[Path]:
    from . import drawn, plots  # they import matplotlib, for which no other command shall wait

    found = list(drawn.of(recipe, model, options.data, options.seed))
    return plots.write(files.expanded(options.plots), found) if found else []


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    sys.exit(main())
