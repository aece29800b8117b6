"""The judges of faces: small convolutional networks, trained apart from every generator."""

from __future__ import annotations

from torch import Tensor, nn

from ..data.face_photos import DECADES, MIDDLE_AGE
from ..networks.conditioners import Conditioner

KINDS = ("ghosts", "ages")
"""What a judge of faces can be asked: is this one photograph rather than the average of two, and how old is that face."""
FEATURES = 64
"""How many numbers each judge makes of a face before it answers."""


class FaceJudge(nn.Module):
    """Faces (B, 3, H, W) in [0, 1], trained at 64×64, to one number each, (B,); `features` gives 64 numbers.

    `kind` is one of KINDS: "ghosts" answers by the log-odds that this is one photograph and not the average of two,
    "ages" by the age in years. ValueError for another.

    >>> import torch
    >>> [FaceJudge(kind)(torch.zeros(2, 3, 64, 64)).shape for kind in KINDS]
    [torch.Size([2]), torch.Size([2])]
    """

    in_shape = (3, 64, 64)

    def __init__(self, kind: str = "ghosts") -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
        self.kind = kind
        layers: list[nn.Module] = [*_convolution(3, 16, 5, stride=2), *_convolution(16, 32, 3)]
        for channels, wider in ((32, 64), (64, 96), (96, 128)):
            layers += [nn.MaxPool2d(2, ceil_mode=True), *_convolution(channels, wider, 3)]
        last = (nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128 * 4 * 4, FEATURES), nn.ReLU())
        self.features = Conditioner(*layers, *last)
        self.head = nn.Linear(FEATURES, 1)

    def forward(self, x: Tensor) -> Tensor:
        told = self.head(self.features(x - 0.5))[:, 0]
        return MIDDLE_AGE + DECADES * told if self.kind == "ages" else told


def _convolution(channels: int, wider: int, side: int, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(channels, wider, side, stride=stride, padding=side // 2, bias=False)
    return convolution, nn.BatchNorm2d(wider), nn.ReLU()
