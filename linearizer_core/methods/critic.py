"""A critic that learns beside g what digits look like, so that blends and samples are judged where likelihood is blind."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Critic(nn.Module):
    """Images (B, 1, 32, 32) to `classes` + 1 logits: one per class of real pictures, the last for made-up ones.

    It looks through noise of standard deviation `blur`, which keeps it from judging by invisible detail.
    Source: Salimans et al., "Improved Techniques for Training GANs", arXiv:1606.03498, section 5.

    >>> Critic(classes=10)(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 11])
    """

    def __init__(self, classes: int, width: int = 24, blur: float = 0.2) -> None:
        super().__init__()
        self.blur = blur
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(4 * width * 16, classes + 1),
        )

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        noise = torch.randn(x.shape, generator=generator).to(x)
        return self.layers(x + self.blur * noise)


def frozen(critic: nn.Module, *given: object) -> Tensor:
    """What a critic, or another network that learns beside g, says of `given`: gradients flow to these, none to it.

    >>> critic = Critic(classes=2)
    >>> frozen(critic, torch.zeros(1, 1, 32, 32)).requires_grad
    False
    """
    parameters = {name: parameter.detach() for name, parameter in critic.named_parameters()}
    return torch.func.functional_call(critic, parameters, given)


def some_class_loss(logits: Tensor) -> Tensor:
    r"""−log max_c p(c): small when the critic is sure of *some* class, and not that the picture is made up.

    Shapes: logits (B, K + 1), the last for made-up pictures; returns a scalar, mean over the batch.

    >>> some_class_loss(torch.tensor([[0.0, 0.0]]))     # log 2
    tensor(0.6931)
    """
    return -logits.log_softmax(1)[:, :-1].amax(1).mean()


def critic_loss(
    critic: nn.Module, real: Tensor, labels: Tensor, fake: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Cross-entropy of real pictures against their class and of made-up ones against the last; no gradient to `fake`.

    >>> x = torch.zeros(4, 1, 32, 32)
    >>> critic_loss(Critic(classes=10), x, torch.zeros(4, dtype=torch.long), x).shape
    torch.Size([])
    """
    logits = critic(torch.cat([real, fake.detach()]), generator)
    made_up = torch.full((len(fake),), logits.shape[1] - 1, device=labels.device)
    return F.cross_entropy(logits, torch.cat([labels, made_up]))
