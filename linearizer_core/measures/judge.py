"""The judges of generated pictures and what they say: how sure one is, and how often it is right."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..models.face_judge import KINDS

SURE = 0.9
"""A classifier is sure of a picture when its largest probability exceeds this."""
BATCH = 250


def digit_judge(device: torch.device | str = "cpu") -> nn.Module:
    """The classifier that ships beside `digits`, trained apart from every generator.

    >>> digit_judge()(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 10])
    """
    from ..checkpoints import ASSETS, load  # which know the recipes, and these measure by this package

    return load(ASSETS / "digits" / "classifier", device)


def digit_judges(device: torch.device | str = "cpu") -> dict[str, nn.Module]:
    """Three judges of different architectures by name, each trained by another seed; no training has seen any of them.

    >>> [judge(torch.zeros(1, 1, 32, 32)).shape[1] for judge in digit_judges().values()]
    [10, 10, 10]
    """
    from ..checkpoints import ASSETS, load

    others = {kind: load(ASSETS / "digits" / f"judge-{kind}", device) for kind in ("residual", "mixer")}
    return {"convolutions": digit_judge(device), **others}


def face_judges(device: torch.device | str = "cpu") -> dict[str, nn.Module]:
    """The two judges that ship beside `faces` by what they are asked, "ghosts" and "ages", trained apart from it.

    >>> [judge(torch.zeros(1, 3, 64, 64)).shape for judge in face_judges().values()]
    [torch.Size([1]), torch.Size([1])]
    """
    from ..checkpoints import ASSETS, load

    return {kind: load(ASSETS / "faces" / f"judge-{kind}", device) for kind in KINDS}


def sureness(judge: nn.Module, x: Tensor) -> float:
    """Share of pictures x (B, 1, 32, 32) of whose class the judge is sure.

    >>> sureness(lambda x: torch.tensor([[9.0, 0.0], [0.0, 0.0]]), torch.zeros(2, 1, 32, 32))
    0.5
    """
    return float((judge(x.clamp(0, 1)).softmax(1).amax(1) > SURE).float().mean())


def accuracy(judge: Callable[[Tensor], Tensor], x: Tensor, labels: Tensor) -> float:
    """Share of pictures x (B, C, H, W) to which the judge gives the largest of its logits for their label (B,).

    >>> accuracy(lambda x: torch.tensor([[9.0, 0.0], [1.0, 0.0]]), torch.zeros(2, 1, 4, 4), torch.tensor([0, 1]))
    0.5
    """
    guess = torch.cat([judge(part).argmax(1) for part in x.split(BATCH)])
    return float((guess == labels.to(guess.device)).float().mean())
