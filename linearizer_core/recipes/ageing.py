"""What learns to read ages beside a g of faces: a line on its latents, and a network that says whether years show."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.face_photos import DECADES, MIDDLE_AGE
from ..data.images import grey
from ..methods.critic import frozen
from ..models.face_judge import FaceJudge

AGES = (1.0, 85.0)
"""What ages a face can be given: of others there are hardly any to learn from."""
GRAIN = 0.04
"""Standard deviation of the noise through which faces are read: what changes few pixels a little is not to count."""
LEAST_SQUARE = 1e-3
"""Of the line's weights: one that has not begun to learn moves nothing far."""


class AgeReaders(nn.Module):
    r"""`line` reads an age from leading latents u (B, rank), in units of their deviation, `picture` from faces (B, 3, H, W).

    `picture` sees brightness alone, through noise: a colour at few pixels is the cheapest thing that g could answer with,
    and no age. Neither ships: what reads ages afterwards is found anew, and the judge of the figures is another network,
    trained apart.

    >>> AgeReaders(8).seen(torch.zeros(1, 3, 64, 64), torch.Generator()).shape
    torch.Size([1])
    """

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.line = nn.Linear(rank, 1)
        nn.init.zeros_(self.line.weight)
        nn.init.zeros_(self.line.bias)
        self.picture = FaceJudge("ages")

    def line_loss(self, u: Tensor, ages: Tensor) -> Tensor:
        """Mean squared error of what the line reads from u, ages (B,) in years; in units of `DECADES` years.

        >>> AgeReaders(2).line_loss(torch.zeros(1, 2), torch.tensor([55.0])).item()     # (55 − 35)² / 20²
        1.0
        """
        return F.mse_loss(self.line(u)[:, 0].float(), (ages - MIDDLE_AGE) / DECADES)

    def picture_loss(self, x: Tensor, ages: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error of what the network reads from faces x, in units of `DECADES` years."""
        return F.mse_loss(self.picture(brightness(x, generator)).float() / DECADES, ages / DECADES)

    def year(self) -> Tensor:
        """The least change of u that the line calls a year, w / wᵀw, (rank,): of all the likeliest; no gradient flows.

        >>> readers = AgeReaders(2)
        >>> readers.line.weight.data = torch.tensor([[0.5, 0.0]])
        >>> 20 * readers.year()
        tensor([2., 0.])
        """
        weights = self.line.weight[0].detach()
        return weights / weights.square().sum().clamp(min=LEAST_SQUARE) / DECADES

    def seen(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The ages that `picture` reads, (B,), as it stands: of pictures x that are made it learns nothing."""
        learning = self.picture.training
        try:
            return frozen(self.picture.eval(), brightness(x, generator)).float()
        finally:
            self.picture.train(learning)

    def years_loss(self, x: Tensor, older: Tensor, years: Tensor, generator: torch.Generator) -> Tensor:
        """How far faces `older` seem from x after `years` (B,), within `AGES`: smooth L1 in units of `DECADES` years."""
        with torch.no_grad():
            wanted = (self.seen(x, generator) + years).clamp(*AGES)
        return F.smooth_l1_loss(self.seen(older, generator) / DECADES, wanted / DECADES)


def brightness(x: Tensor, generator: torch.Generator) -> Tensor:
    """Faces x (B, 3, H, W) in grey, through noise of deviation `GRAIN`, as three equal channels.

    >>> x = torch.zeros(1, 3, 50, 50)
    >>> x[:, 1] = 1
    >>> seen = brightness(x, torch.Generator().manual_seed(0))
    >>> round(seen.mean().item(), 2), round(seen.std().item(), 2)
    (0.59, 0.04)
    """
    light = grey(x)
    noise = torch.randn(light.shape, generator=generator, dtype=torch.float32).to(light)
    return (light + GRAIN * noise).expand(-1, 3, -1, -1)
