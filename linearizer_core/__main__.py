"""The command line: `python -m linearizer_core train | evaluate | benchmark`."""

from __future__ import annotations

import argparse
import dataclasses
import platform
import sys
import time
from pathlib import Path

import torch
from tqdm import tqdm

from . import benchmark, checkpoints
from .data.sets import DataError
from .measures import EVALUATIONS, reporting
from .recipes import RECIPES, Recipe
from .training import train


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; a mistake in its arguments or files is one sentence on stderr and exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (ValueError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m linearizer_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | benchmark")
    training = commands.add_parser("train", help="train a model by its recipe")
    recipes = training.add_subparsers(required=True, metavar="NAME", title="models")
    for name, recipe in RECIPES.items():
        _add_recipe(recipes.add_parser(name, help=(recipe.__doc__ or "").split("\n")[0]), recipe)
    evaluation = commands.add_parser("evaluate", help="quality and law figures of a model")
    evaluation.add_argument("name", help="a shipped model, a folder, or owner/name on the Hub")
    evaluation.add_argument(
        "--data", help="where the test data lies (default: download, checksummed and cached)"
    )
    evaluation.add_argument("--seed", type=int, default=0, help="of the random pairs and noise (default 0)")
    evaluation.add_argument("--device", default=_device(), help="default: cuda where there is one")
    evaluation.add_argument("--json", action="store_true", help="print JSON instead of a table")
    evaluation.set_defaults(command=_evaluate)
    benchmark.add_arguments(commands.add_parser("benchmark", help="speed, both contenders in one run"))
    return parser


def _add_recipe(parser: argparse.ArgumentParser, recipe: type[Recipe]) -> None:
    """The flags of `train NAME`: where and how to run, and one flag per field of the recipe."""
    parser.add_argument(
        "--data", help="where the training data lies (default: download, checksummed and cached)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs") / recipe.name, help="default: runs/NAME")
    parser.add_argument("--device", default=_device(), help="default: cuda where there is one")
    parser.add_argument("--resume", action="store_true", help="go on from the last state in --out")
    parser.add_argument(
        "--start-from", type=Path, help="folder of another run or model whose weights to begin with"
    )
    parser.add_argument(
        "--save-every", type=float, default=45.0, help="seconds between saved states (default 45)"
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


def _type_of(default: object) -> dict[str, object]:
    """How argparse reads a field with this default."""
    if isinstance(default, bool):
        return {"action": argparse.BooleanOptionalAction}
    if isinstance(default, tuple):
        return {"type": type(default[0]) if default else str, "nargs": "+"}
    return {"type": type(default)}


def _train(options: argparse.Namespace) -> None:
    names = [field.name for field in dataclasses.fields(options.recipe)]
    values = {name: getattr(options, name) for name in names}
    recipe = options.recipe(**{n: tuple(v) if isinstance(v, list) else v for n, v in values.items()})
    dataset = recipe.dataset(options.data)
    started = time.monotonic()
    with tqdm(total=recipe.steps, unit="step") as bar:

        def progress(step: int, figures: dict[str, float]) -> None:
            bar.update(step - bar.n)
            bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()}, refresh=False)

        model = train(
            recipe,
            dataset,
            options.out,
            options.device,
            resume=options.resume,
            progress=progress,
            save_every=options.save_every,
            start_from=options.start_from,
        )
    figures = recipe.report(model, dataset)
    training = {
        "command": " ".join(["python -m linearizer_core", *_shown(sys.argv[1:])]),
        "data": f"{len(dataset.train_images)} training {'points' if dataset.train_images.dim() == 2 else 'images'}",
        "seconds": round(time.monotonic() - started),
        "device": options.device,
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    checkpoints.save(options.out, recipe, model.cpu(), {k: round(v, 4) for k, v in figures.items()}, training)
    tqdm.write(f"wrote {options.out / checkpoints.WEIGHTS} and {options.out / checkpoints.CONFIG}")


def _shown(arguments: list[str]) -> list[str]:
    """The command without folders of this machine, fit for a config that ships."""
    return [
        Path(word).name if Path(word).is_absolute() or word.startswith("..") else word for word in arguments
    ]


def _evaluate(options: argparse.Namespace) -> None:
    model = checkpoints.load(options.name, options.device)
    recipe = checkpoints.read_config(options.name).recipe
    dataset = recipe.evaluation_dataset(options.data)
    rows = EVALUATIONS[recipe.name](model, dataset, options.seed)
    if options.json:
        print(reporting.format_json(rows))
    else:
        print(reporting.format_table(rows))


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    sys.exit(main())
