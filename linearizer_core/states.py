"""Training states on disk: weights, Adam's moments and the step, so that a run goes on, or another one begins there."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from . import files
from .checkpoints import WEIGHTS
from .recipes import Recipe

STATE = "training.safetensors"
AVERAGE = "average."
AFRESH = "leave out --resume and --start-from to start afresh"


class Trainee(nn.Module):
    """A model, the companion that is trained beside it and, with a `decay`, the average w̄ ← decay w̄ + (1 − decay) w of
    the model's weights, which is what is measured and kept.

    >>> sorted(Trainee(nn.Linear(1, 1), nn.Identity()).state_dict())
    ['model.bias', 'model.weight']
    >>> trainee = Trainee(nn.Linear(1, 1), nn.Identity(), decay=0.9)
    >>> trainee.kept is trainee.model
    False
    """

    def __init__(self, model: nn.Module, companion: nn.Module, decay: float = 0.0) -> None:
        super().__init__()
        self.model, self.companion = model, companion
        self.average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay)) if decay else None

    @property
    def kept(self) -> nn.Module:
        """The average where there is one, else the model itself."""
        return self.model if self.average is None else self.average.module

    def averaged(self) -> None:
        """Takes the model's weights into the average: the first time as they are, and its buffers always."""
        if self.average is not None:
            self.average.update_parameters(self.model)


def save_state(
    path: Path, recipe: Recipe, trainee: Trainee, optimizer: torch.optim.Optimizer, step: int
) -> None:
    """Weights, Adam's moments and the step in one file, replaced in one go so that a kill spoils nothing.

    >>> import tempfile
    >>> from linearizer_core.recipes import DigitsClassifier
    >>> recipe = DigitsClassifier()
    >>> trainee = Trainee(recipe.build(), recipe.companion())
    >>> optimizer = torch.optim.Adam(trainee.parameters())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_state(Path(folder) / STATE, recipe, trainee, optimizer, step=7)
    ...     load_state(Path(folder) / STATE, recipe, trainee, optimizer)
    7
    """
    tensors = dict(trainee.state_dict())
    for index, moments in optimizer.state_dict()["state"].items():
        held = {
            name: value for name, value in moments.items() if value is not None
        }  # not every optimiser has all
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in held.items()}
    metadata = {"step": str(step), "recipe": json.dumps(recipe.arguments())}
    unique = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    files.write({path: safetensors.torch.save(unique, metadata)})


def load_state(path: Path, recipe: Recipe, trainee: Trainee, optimizer: torch.optim.Optimizer) -> int:
    """Restores what `save_state` wrote, and returns the step. ValueError for no file, a cut one, or another recipe's.

    >>> load_state(Path("nowhere"), None, None, None)
    Traceback (most recent call last):
    ValueError: no training state at nowhere; leave out --resume and --start-from to start afresh.
    """
    tensors, metadata = _read(path)
    try:
        step, written_by = int(metadata["step"]), json.loads(metadata["recipe"])
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{path} was not written by train, as it says neither step nor recipe; {AFRESH}."
        ) from error
    if written_by != json.loads(json.dumps(recipe.arguments())):
        raise ValueError(
            f"{path} was written by other settings, {metadata['recipe']}; pass the same ones to resume, "
            "or leave out --resume."
        )
    moments = _moments(path, tensors, optimizer)
    _fill(trainee, path, _weights(tensors), recipe)
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return step


def start_from(trainee: Trainee, recipe: Recipe, folder: Path) -> None:
    """The weights of another run's last state, or of a model that `checkpoints.save` wrote. ValueError for neither.

    >>> from linearizer_core.recipes import DigitsClassifier
    >>> start_from(Trainee(nn.Identity(), nn.Identity()), DigitsClassifier(), Path("nowhere"))
    Traceback (most recent call last):
    ValueError: no training state at nowhere/training.safetensors; leave out --resume and --start-from ...
    """
    trainee = Trainee(trainee.model, trainee.companion)  # an average begins with the first step
    state, saved = folder / STATE, folder / WEIGHTS
    if state.is_file() or not saved.is_file():
        weights = _kept(read_weights(state))
    else:
        weights = {f"model.{name}": tensor for name, tensor in _read(saved)[0].items()}
        own = trainee.state_dict(keep_vars=True)
        weights |= {name: tensor for name, tensor in own.items() if name.startswith("companion.")}
        first = {
            id(tensor): name for name, tensor in reversed(own.items())
        }  # a file holds shared tensors once
        shared = {name: first[id(tensor)] for name, tensor in own.items() if name not in weights}
        weights |= {name: weights[source] for name, source in shared.items() if source in weights}
    _fill(trainee, folder, weights, recipe)


def _kept(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of a run that kept an average this is where another begins, as the model that it would have become."""
    average = AVERAGE + "module."
    kept = {name.replace(average, "model.", 1): t for name, t in weights.items() if name.startswith(average)}
    return {name: t for name, t in weights.items() if not name.startswith(AVERAGE)} | kept


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights of model and companion in a training state, without the optimiser. ValueError for no file.

    >>> read_weights(Path("nowhere"))
    Traceback (most recent call last):
    ValueError: no training state at nowhere; leave out --resume and --start-from to start afresh.
    """
    return _weights(_read(path)[0])


def _weights(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("optimizer.")}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise ValueError(f"no training state at {path}; {AFRESH}.")
    try:
        with files.utf_8_name(path) as place, safetensors.safe_open(place, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            metadata = file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise ValueError(
            f"{path} is cut short or no training state ({files.reason(error, path)}); {AFRESH}."
        ) from error
    unusable = [n for n, t in tensors.items() if t.is_floating_point() and not torch.isfinite(t).all()]
    if unusable:
        raise ValueError(f"{path}: tensor {unusable[0]} holds NaN or infinity; {AFRESH}.")
    return tensors, metadata


def _fill(trainee: Trainee, source: Path, weights: dict[str, Tensor], recipe: Recipe) -> None:
    """Puts weights into the trainee, all that it has but what `recipe.afresh` names. ValueError where they do not fit."""
    own = trainee.state_dict()
    misshapen = [
        name for name, tensor in own.items() if name in weights and weights[name].shape != tensor.shape
    ]
    if misshapen:
        raise ValueError(
            f"{source} holds another model: of another shape is {misshapen[0]}; "
            "pass the folder of a run with the same settings."
        )
    missing = [n for n in own if n not in weights and not n.removeprefix("model.").startswith(recipe.afresh)]
    unknown = [name for name in weights if name not in own]
    if missing or unknown:
        raise ValueError(
            f"{source} holds another model: {'it lacks' if missing else 'unknown here is'} {(missing + unknown)[0]}; "
            "pass the folder of a run with the same settings."
        )
    trainee.load_state_dict(weights, strict=False)


def _moments(
    path: Path, tensors: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> dict[int, dict[str, Tensor]]:
    """Adam's state by parameter, each moment of its parameter's shape."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        kind, *rest = name.split(".")
        if kind != "optimizer":
            continue
        known = len(rest) == 2 and rest[0].isdecimal() and int(rest[0]) < len(parameters)
        if not known or tensor.shape not in ((), parameters[int(rest[0])].shape):
            raise ValueError(f"{path} holds another model: {name} fits no parameter; {AFRESH}.")
        state.setdefault(int(rest[0]), {})[rest[1]] = tensor
    return state
