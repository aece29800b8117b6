"""The only training loop: batches, schedule, checkpoints, periodic evaluation, sample sheets. It knows no model."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor, nn

from .data.sets import Dataset, as_input
from .networks import mixed_precision
from .recipes import Recipe

STATE = "training.safetensors"


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: Path,
    device: torch.device | str = "cpu",
    resume: bool = False,
    progress: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
    save_every: float = 45.0,
    start_from: Path | None = None,
    watch: Callable[[int, nn.Module], bool] = lambda step, model: True,
) -> nn.Module:
    """Trains `recipe` on `dataset`, writing into the folder `out`, and returns the finished model in eval mode.

    Every random choice depends on (recipe.seed, step) alone, so a run resumed after a kill goes on with the same
    batches and the same noise as one that never stopped. `progress(step, figures)` is called after each step;
    the state is saved every `save_every` seconds, so a killed run loses less than a minute.
    `out` receives training.safetensors (weights, optimiser, step), log.jsonl (evaluations) and sheet-*.png.
    `start_from`, the folder of another run or of a saved model, gives the first weights, the companion's too where it has
    them, instead of `recipe.prepare`; what `recipe.begins_afresh` names need not be there.
    `watch(step, model)` sees the model after each step; with False from it training ends there, and is finished as usual.
    Raises ValueError when `resume` finds no state, or one that another recipe wrote.

    >>> import tempfile
    >>> from linearizer_core.recipes import DigitsClassifier
    >>> x, c = torch.zeros(10, 1, 32, 32, dtype=torch.uint8), torch.arange(10)
    >>> with tempfile.TemporaryDirectory() as out:
    ...     model = train(DigitsClassifier(steps=1, batch=10), Dataset(x, c, x, c), Path(out))
    >>> model.training
    False
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    trainee = Trainee(recipe.build(), recipe.companion()).to(device).train()
    images = dataset.train_images.to(device)  # as bytes: floats take four times the memory
    labels = dataset.train_labels.to(device)
    groups = [{"params": params, "share": share} for share, params in recipe.learning_rates(trainee.model)]
    beside = {"params": list(trainee.companion.parameters()), "share": 1.0, "betas": (0.5, 0.99)}
    groups.append(
        beside
    )  # a critic plays against the model: less momentum, or the two chase each other in circles
    optimizer = torch.optim.Adam(groups, lr=recipe.learning_rate, betas=(0.9, 0.99))
    step = 0
    if resume:
        step = load_state(out / STATE, recipe, trainee, optimizer)
    elif start_from is not None:
        _start(trainee, recipe, start_from)
    else:
        recipe.prepare(trainee.model, as_input(images), labels)
    saved, wanted = time.monotonic(), True
    while step < recipe.steps and wanted:
        figures = _update(recipe, trainee, optimizer, images, labels, step)
        step += 1
        progress(step, figures)
        wanted = watch(step, trainee.model)
        if not wanted or step == recipe.steps or time.monotonic() - saved > save_every:
            save_state(out / STATE, recipe, trainee, optimizer, step)
            saved = time.monotonic()
        if step % recipe.evaluate_every == 0 or step == recipe.steps:
            _evaluate(recipe, trainee.model, dataset, out, step, figures)
    recipe.finish(trainee.model, as_input(images), labels)
    return trainee.model.eval()


class Trainee(nn.Module):
    """A model and the companion that is trained beside it.

    >>> sorted(Trainee(nn.Linear(1, 1), nn.Identity()).state_dict())
    ['model.bias', 'model.weight']
    """

    def __init__(self, model: nn.Module, companion: nn.Module) -> None:
        super().__init__()
        self.model, self.companion = model, companion


def _start(trainee: Trainee, recipe: Recipe, folder: Path) -> None:
    """The weights of another run's last state, or of a model that `checkpoints.save` wrote."""
    state, saved = folder / STATE, folder / "model.safetensors"
    if state.is_file() or not saved.is_file():
        weights = read_weights(state)
    else:
        weights = {f"model.{name}": tensor for name, tensor in safetensors.torch.load_file(saved).items()}
        own = trainee.state_dict(keep_vars=True)
        weights |= {name: tensor for name, tensor in own.items() if name.startswith("companion.")}
        first = {
            id(tensor): name for name, tensor in reversed(own.items())
        }  # a file holds shared tensors once
        shared = {name: first[id(tensor)] for name, tensor in own.items() if name not in weights}
        weights |= {name: weights[source] for name, source in shared.items() if source in weights}
    misshapen = [
        name
        for name, tensor in trainee.state_dict().items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    if misshapen:
        raise ValueError(
            f"{folder} holds another model: of another shape is {misshapen[0]}; "
            "pass the folder of a run with the same settings."
        )
    missing, unknown = trainee.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not recipe.begins_afresh(name.removeprefix("model."))]
    if missing or unknown:
        raise ValueError(
            f"{folder} holds another model: {'it lacks' if missing else 'unknown here is'} {(missing + unknown)[0]}; "
            "pass the folder of a run with the same settings."
        )


def _update(
    recipe: Recipe,
    trainee: Trainee,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    step: int,
) -> dict[str, float]:
    """One step of gradient descent; a step whose gradient is not finite is left out."""
    for group in optimizer.param_groups:
        group["lr"] = group["share"] * recipe.learning_rate * schedule(step, recipe.steps)
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    batch = batch_indices(len(images), recipe.batch, step, recipe.seed).to(images.device)
    with mixed_precision(recipe.mixed_precision):
        done = step / recipe.steps
        terms = recipe.loss(
            trainee.model, trainee.companion, as_input(images[batch]), labels[batch], generator, done
        )
    optimizer.zero_grad(set_to_none=True)
    terms["loss"].backward()
    norm = nn.utils.clip_grad_norm_(trainee.parameters(), recipe.gradient_clip)
    if torch.isfinite(norm):
        optimizer.step()
    return {name: float(value.detach()) for name, value in terms.items()} | {"gradient": float(norm)}


def schedule(step: int, steps: int) -> float:
    """Share of the learning rate at `step`: a linear warm-up (200 steps, a tenth of a short run), then half a cosine.

    >>> schedule(0, 10_000), schedule(10_000, 10_000)
    (0.005, 0.0)
    """
    warm_up = min(200, 1 + steps // 10)
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps))


def batch_indices(count: int, batch: int, step: int, seed: int) -> Tensor:
    """The items of batch `step`: each epoch is a permutation of its own, drawn from (seed, epoch); no state to save.

    >>> sorted(batch_indices(4, 2, 0, 0).tolist() + batch_indices(4, 2, 1, 0).tolist())
    [0, 1, 2, 3]
    """
    batch = min(batch, count)
    epoch, place = divmod(step, count // batch)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed * 7_919 + epoch))
    return order[place * batch : (place + 1) * batch]


def _evaluate(
    recipe: Recipe, model: nn.Module, dataset: Dataset, out: Path, step: int, figures: dict[str, float]
) -> None:
    model.eval()
    with torch.no_grad():
        report = recipe.report(model, dataset)
        sheet = recipe.sheet(model, dataset)
    model.train()
    line = {"step": step, "time": round(time.time()), **figures, **report}
    with open(out / "log.jsonl", "a") as log:
        log.write(json.dumps({k: v if isinstance(v, int) else round(v, 5) for k, v in line.items()}) + "\n")
    if sheet is not None:
        write_sheet(sheet, out / f"sheet-{step:06d}.png")


def write_sheet(rows: Tensor, path: Path) -> None:
    """Images (R, C, channels, H, W) in [0, 1] as one PNG with R rows and C columns, one pixel apart.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_sheet(torch.zeros(2, 3, 1, 4, 4), Path(folder) / "sheet.png")
    ...     Image.open(Path(folder) / "sheet.png").size
    (15, 10)
    """
    cells = torch.nn.functional.pad(rows.detach().cpu().clamp(0, 1), (0, 1, 0, 1), value=0.5)
    picture = cells.permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2).mul(255).round().byte().numpy()
    Image.fromarray(np.ascontiguousarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture)).save(
        path
    )


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
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(v) for name, v in moments.items()}
    metadata = {"step": str(step), "recipe": json.dumps(recipe.arguments())}
    temporary = path.with_suffix(".partial")
    unique = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    safetensors.torch.save_file(unique, temporary, metadata)
    os.replace(temporary, path)


def load_state(path: Path, recipe: Recipe, trainee: Trainee, optimizer: torch.optim.Optimizer) -> int:
    """Restores what `save_state` wrote, and returns the step. ValueError for no file, or one of another recipe.

    >>> load_state(Path("nowhere"), None, None, None)
    Traceback (most recent call last):
    ValueError: no training state at nowhere; leave out --resume and --start-from to start afresh.
    """
    tensors, metadata = _read_state(path)
    if json.loads(metadata["recipe"]) != json.loads(json.dumps(recipe.arguments())):
        raise ValueError(
            f"{path} was written by other settings, {metadata['recipe']}; pass the same ones to resume, "
            "or leave out --resume."
        )
    trainee.load_state_dict(_weights(tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, moment = name.split(".")
            state.setdefault(int(index), {})[moment] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return int(metadata["step"])


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights of model and companion in a training state, without the optimiser. ValueError for no file.

    >>> read_weights(Path("nowhere"))
    Traceback (most recent call last):
    ValueError: no training state at nowhere; leave out --resume and --start-from to start afresh.
    """
    return _weights(_read_state(path)[0])


def _weights(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("optimizer.")}


def _read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise ValueError(f"no training state at {path}; leave out --resume and --start-from to start afresh.")
    with safetensors.safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118 (not a dict)
