"""config.json, checked before anything is built: a recipe, and its arguments of the types it declares."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import files, recipes

CONFIG, WEIGHTS = "config.json", "model.safetensors"
VERSION = 1
MAX_BYTES = 1_000_000  # a config is a page of text; a larger file is not one


class CheckpointError(ValueError):
    """A checkpoint that cannot be found, read or trusted; names the file, the field and the fault.

    >>> read(Path("no-such-folder/config.json"))
    Traceback (most recent call last):
    linearizer_core.configs.CheckpointError: no-such-folder/config.json is missing or not readable JSON ...
    """


@dataclass(frozen=True)
class Config:
    """What config.json says: the recipe that builds the model, the figures it reached, how it was trained.

    A model that was saved without a recipe has its `parts` instead, as `linearizer_core.structure` describes them.

    >>> Config(recipes.DigitsClassifier(), {"test_accuracy": 0.99}, {"data": "MNIST"}).recipe.name
    'digits-classifier'
    """

    recipe: recipes.Recipe | None
    figures: Mapping[str, object]
    training: Mapping[str, object]
    parts: object = None


def write(config: Config) -> str:
    """The text of config.json. ValueError for a recipe not in RECIPES. Figures that are no numbers are null.

    Of files that the arguments name, only base names are written: a config is for others to read.

    >>> text = write(Config(recipes.DigitsClassifier(steps=5), {"test_accuracy": 0.99}, {}))
    >>> json.loads(text)["recipe"], json.loads(text)["arguments"]["steps"]
    ('digits-classifier', 5)
    """
    recipe = config.recipe
    if recipe is None:
        content = {"version": VERSION, "model": config.parts}
        return (
            files.to_json(content | {"figures": dict(config.figures), "training": dict(config.training)})
            + "\n"
        )
    if recipes.RECIPES.get(recipe.name) is not type(recipe):
        raise ValueError(
            f"recipe must be one of {sorted(recipes.RECIPES)}, got {recipe!r}; register it in RECIPES."
        )
    arguments = {name: _public(value) for name, value in dataclasses.asdict(recipe).items()}
    content = {"recipe": recipe.name, "version": VERSION, "arguments": arguments}
    content |= {"figures": dict(config.figures), "training": dict(config.training)}
    return files.to_json(content, indent=2) + "\n"


def _public(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_public, value))
    return files.public(value) if isinstance(value, str) else value


def read(file: Path) -> Config:
    """config.json as a checked `Config`. Raises `CheckpointError`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "config.json"
    ...     length = file.write_text(write(Config(recipes.DigitsClassifier(steps=5), {}, {})))
    ...     read(file).recipe.steps
    5
    """
    content = _object(file)
    name, version, own = content.get("recipe"), content.get("version"), "recipe" not in content
    if not (own and "model" in content) and not (isinstance(name, str) and name in recipes.RECIPES):
        raise _refusal(file, "recipe", f"one of {sorted(recipes.RECIPES)}", name)
    if version != VERSION or isinstance(version, bool):
        raise _refusal(file, "version", VERSION, version)
    arguments: Any = content.get("arguments")
    figures: Any = content.get("figures")
    training: Any = content.get("training")
    for field, value in (("arguments", arguments), ("figures", figures), ("training", training)):
        if not isinstance(value, dict) and not (own and field == "arguments"):
            raise _refusal(file, field, "an object", value)
    if own:
        return Config(None, figures, training, content["model"])
    return Config(_recipe(file, recipes.RECIPES[str(name)], arguments), figures, training)


def _object(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ValueError(f"{file.stat().st_size} bytes are too many for it")
        content = json.loads(file.read_text("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{file} is missing or not readable JSON ({files.reason(error, file)}); save or fetch the model again."
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(
            f"{file} must hold a JSON object, got {type(content).__name__}; save the model again."
        )
    return content


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number in JSON")


def _finite(text: str) -> float:
    return float(text) if math.isfinite(float(text)) else _no_constant(text)


def _recipe(file: Path, kind: type[recipes.Recipe], arguments: dict[str, Any]) -> recipes.Recipe:
    """The recipe with these arguments, each of its declared type.

    A field with a default may be absent, for which `kind.absent` or the default stands: a recipe that gains an option
    still loads its older checkpoints, and an option that shapes the model is caught by the shapes of the tensors.
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for other in arguments.keys() - fields.keys():
        raise _refusal(file, f"arguments.{other}", f"one of {sorted(fields)}", other)
    for name, field in fields.items():
        optional = field.default is not field.default_factory  # both are MISSING where there is no default
        if name not in arguments and not optional:
            raise _refusal(file, f"arguments.{name}", "given", "nothing")
    values = {name: _typed(file, f"arguments.{name}", v, hints[name]) for name, v in arguments.items()}
    try:
        given: dict[str, Any] = {**kind.absent, **values}
        return kind(**given)
    except ValueError as error:
        raise CheckpointError(f"{file}: field arguments is refused by the recipe: {error}") from error


def _typed(file: Path, field: str, value: Any, hint: Any) -> Any:
    """A JSON value as the Python value of the declared type: lists become tuples, 1 passes for 1.0."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _either(file, field, value, inner)
    if origin is tuple and isinstance(value, list):
        hints = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        if len(hints) == len(value):
            return tuple(_typed(file, f"{field}[{i}]", v, h) for i, (v, h) in enumerate(zip(value, hints)))
    elif hint is float and type(value) in (int, float) and abs(value) <= 1e300:
        return float(value)
    elif (origin is typing.Literal and value in inner) or (isinstance(hint, type) and type(value) is hint):
        return value
    elif hint in (None, type(None)) and value is None:
        return None
    raise _refusal(file, field, f"a value of type {getattr(hint, '__name__', hint)}", value)


def _either(file: Path, field: str, value: object, hints: tuple[object, ...]) -> object:
    refusals = []
    for hint in hints:
        try:
            return _typed(file, field, value, hint)
        except CheckpointError as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _refusal(file: Path, field: str, wanted: object, got: object) -> CheckpointError:
    shown = repr(got) if len(repr(got)) < 100 else f"{type(got).__name__} of {len(repr(got))} characters"
    return CheckpointError(
        f"{file}: field {field} must be {wanted}, got {shown}; save the model again with this version."
    )
