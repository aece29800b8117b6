"""The judge of generated digits: a classifier that is trained apart from every generator."""

from __future__ import annotations

from torch import Tensor, nn


class DigitClassifier(nn.Module):
    """A small convolutional classifier: images (B, 1, 32, 32) in [0, 1] to 10 logits; `features` gives 128 numbers.

    >>> import torch
    >>> DigitClassifier()(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 4 * 4, 128),
            nn.ReLU(),
        )
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))
