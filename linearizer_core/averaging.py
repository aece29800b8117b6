"""Between two sets of weights of one recipe: those that a run began with, and those that it reached."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import nn

from . import checkpoints, files
from .data.sets import as_input
from .recipes import Recipe
from .states import STATE, Trainee, start_from


def averaged(start: nn.Module, reached: nn.Module, share: float) -> nn.Module:
    r"""A model with parameters (1 − s) w₀ + s w₁, for a share s in [0, 1] of what was learned on the way from w₀ to w₁.

    Fine-tuned for one thing, a model loses some of another; between both sets of weights it often keeps more of either
    than training to any point on the way (Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv:2109.01903).
    ValueError for another share, and where the models differ in more than their parameters.

    >>> a, b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(a.weight, 0.0), nn.init.constant_(b.weight, 4.0)
    >>> averaged(a, b, 0.25).weight.item()
    1.0
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie in 0..1, got {share}.")
    made = copy.deepcopy(reached)
    before, after = dict(start.named_parameters()), dict(made.named_parameters())
    fixed, kept = dict(start.named_buffers()), dict(made.named_buffers())
    for name in sorted(before.keys() ^ after.keys() | fixed.keys() ^ kept.keys()):
        raise ValueError(f"both models must be of one recipe; only one of them has {name}.")
    for name in [*after, *kept]:
        one, other = (before[name], after[name]) if name in after else (fixed[name], kept[name])
        if one.shape != other.shape or (name in kept and not torch.equal(one, other)):
            raise ValueError(
                f"both models must be of one start; they differ in {name}, which is not learned."
            )
    with torch.no_grad():
        for name, parameter in after.items():
            parameter.copy_(before[name].to(parameter).lerp(parameter, share))
    return made


def average(start: str, reached: str, share: float, out: str, data: str | None = None) -> None:
    """Writes the average of two saved models of one recipe into the folder `out`, with what it was made of.

    A recipe that fits parts of its model to the data when training ends does so anew, to those at `data`: averaged is what
    the training state of `reached` holds, which that fit has not touched, with what its run began with.
    ValueError, beside those of `averaged`, where such a state is not there.

    >>> average("plane-moons", "plane-moons", 0.5, "nowhere")
    Traceback (most recent call last):
    ValueError: ... holds no training.safetensors: plane-moons fits parts of its model to the data when training ends, ...
    """
    config = checkpoints.read_config(reached)
    recipe = config.recipe
    if recipe is None:
        raise ValueError(f"{reached} names no recipe, so nothing says what an average of it would be.")
    if type(recipe).finish is Recipe.finish:
        made = averaged(checkpoints.load(start), checkpoints.load(reached), share)
    else:
        began, ended = checkpoints.local_folder(start), checkpoints.local_folder(reached)
        if not (ended / STATE).is_file():
            raise ValueError(
                f"{reached} holds no {STATE}: {recipe.name} fits parts of its model to the data when training ends, and "
                "only before that weights can be averaged; give the folder of its run."
            )
        made = averaged(_unfinished(recipe, began), _unfinished(recipe, ended), share)
        dataset = recipe.dataset(data)
        recipe.finish(made, as_input(dataset.train_images), dataset.train_labels)
    training = {**config.training, "averaged": f"{share} of it, the rest of {files.public(start)}"}
    checkpoints.save(out, recipe, made, {}, training)


def _unfinished(recipe: Recipe, folder: Path) -> nn.Module:
    """The model as training left it there, or as a run began that had a saved one to start from."""
    trainee = Trainee(recipe.build(), recipe.companion())
    start_from(trainee, recipe, folder)
    return trainee.model
