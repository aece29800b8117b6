"""Between two sets of weights of one recipe: those that a run began with, and those that it reached."""

from __future__ import annotations

import copy

import torch
from torch import nn

from . import checkpoints, files
from .recipes import Recipe


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


def average(start: str, reached: str, share: float, out: str) -> None:
    """Writes the average of two saved models of one recipe into the folder `out`, with what it was made of.

    ValueError, beside those of `averaged`, for a recipe that fits parts of its model to the data when training ends: an
    average would leave these behind.

    >>> average("plane-moons", "plane-moons", 0.5, "nowhere")
    Traceback (most recent call last):
    ValueError: plane-moons has no recipe whose training ends without a fit to the data, so that an average would ...
    """
    config = checkpoints.read_config(reached)
    recipe = config.recipe
    if recipe is None or type(recipe).finish is not Recipe.finish:
        raise ValueError(
            f"{reached} has no recipe whose training ends without a fit to the data, so that an average would not fit; "
            "train it instead."
        )
    made = averaged(checkpoints.load(start), checkpoints.load(reached), share)
    training = {**config.training, "averaged": f"{share} of it, the rest of {files.public(start)}"}
    checkpoints.save(out, recipe, made, {}, training)
