"""The judges of generated digits: classifiers of three architectures, trained apart from every generator."""

from __future__ import annotations

from torch import Tensor, nn

FEATURES = 128
"""How many numbers each judge makes of a picture before it says which digit it is."""


class DigitClassifier(nn.Module):
    """A small classifier: images (B, 1, 32, 32) in [0, 1] to 10 logits; `features` gives 128 numbers.

    `kind` is its architecture, one of KINDS: "convolutions" with pooling, "residual" blocks under a mean over all
    positions, or a "mixer" of 4×4 patches that overlap nowhere. ValueError for another.

    >>> import torch
    >>> [DigitClassifier(kind)(torch.zeros(2, 1, 32, 32)).shape for kind in KINDS]
    [torch.Size([2, 10]), torch.Size([2, 10]), torch.Size([2, 10])]
    """

    def __init__(self, kind: str = "convolutions") -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
        self.features = KINDS[kind]()
        self.head = nn.Linear(FEATURES, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class Residual(nn.Module):
    """h + layers(h): what stands around the blocks of two of the judges.

    >>> import torch
    >>> Residual(nn.Identity())(torch.ones(1))
    tensor([2.])
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.layers(h)


class AcrossPatches(nn.Module):
    """An MLP over the patches of (B, patches, channels), the same for every channel.

    >>> import torch
    >>> AcrossPatches(4, 8)(torch.zeros(2, 4, 3)).shape
    torch.Size([2, 4, 3])
    """

    def __init__(self, patches: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(patches, hidden), nn.GELU(), nn.Linear(hidden, patches))

    def forward(self, h: Tensor) -> Tensor:
        return self.layers(h.mT).mT


class Transposed(nn.Module):
    """(B, channels, patches) to (B, patches, channels).

    >>> import torch
    >>> Transposed()(torch.zeros(1, 2, 3)).shape
    torch.Size([1, 3, 2])
    """

    def forward(self, h: Tensor) -> Tensor:
        return h.mT


class Mean(nn.Module):
    """The mean over the dimension `dim` of a batch, which goes.

    >>> import torch
    >>> Mean(1)(torch.ones(2, 3, 4)).shape
    torch.Size([2, 4])
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, h: Tensor) -> Tensor:
        return h.mean(self.dim)


def _convolutions() -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels, wider in ((1, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(channels, wider, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 4 * 4, FEATURES), nn.ReLU())


def _residual() -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels, wider in ((1, 16), (16, 32), (32, 48)):
        layers += [nn.Conv2d(channels, wider, 3, stride=2, padding=1), nn.BatchNorm2d(wider), nn.SiLU()]
        inside = (nn.Conv2d(wider, wider, 3, padding=1), nn.BatchNorm2d(wider), nn.SiLU())
        layers.append(Residual(*inside, nn.Conv2d(wider, wider, 3, padding=1)))
    return nn.Sequential(*layers, nn.Flatten(2), Mean(2), nn.Linear(48, FEATURES), nn.SiLU())


def _mixer(patch: int = 4, channels: int = 48, blocks: int = 3) -> nn.Sequential:
    """Source: Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", arXiv:2105.01601."""
    patches = (32 // patch) ** 2
    layers: list[nn.Module] = [nn.Conv2d(1, channels, patch, stride=patch), nn.Flatten(2), Transposed()]
    for _ in range(blocks):
        layers.append(Residual(nn.LayerNorm(channels), AcrossPatches(patches, 64)))
        per_patch = (nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))
        layers.append(Residual(nn.LayerNorm(channels), *per_patch))
    last = (nn.LayerNorm(channels), Mean(1), nn.Linear(channels, FEATURES), nn.GELU())
    return nn.Sequential(*layers, *last)


KINDS = {"convolutions": _convolutions, "residual": _residual, "mixer": _mixer}
