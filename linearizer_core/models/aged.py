"""A generator of faces that also knows what years do: reading an age, and adding years, are linear in its latents."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..inputs import as_numbers
from ..networks import InvertibleNetwork
from ..operators import LinearOperator, TimedOperator
from ..spaces import decode, encode
from .generator import Generator


class AgedGenerator(Generator):
    r"""A `Generator` of one class with the direction of a year: x ⊕ a ⊙ older is x, a years older.

    Three buffers: `older` (n,) is the latent of one year, `age_weights` (n,) and `age_offset` () read an age,
    age(x) = ⟨w, g(x)⟩ + b. A fresh one knows nothing of age: all are 0.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = AgedGenerator(Flatten((1, 1, 2)), Identity(2), torch.zeros(1, 2), torch.zeros(2))
    >>> f.older[0], f.age_weights[0] = 0.5, 2.0
    >>> f.age(f.aged(torch.zeros(1, 1, 1, 2), 30.0))
    tensor([30.])
    """

    older: Tensor
    age_weights: Tensor
    age_offset: Tensor

    def __init__(
        self,
        g: InvertibleNetwork,
        A: LinearOperator,
        means: Tensor,
        log_std: Tensor,
        A_t: TimedOperator | None = None,
    ) -> None:
        super().__init__(g, A, means, log_std, A_t)
        n = g.out_shape[0]
        self.register_buffer("older", torch.zeros(n))
        self.register_buffer("age_weights", torch.zeros(n))
        self.register_buffer("age_offset", torch.zeros(()))

    @torch.no_grad()
    def age(self, x: Tensor) -> Tensor:
        """The age in years that a linear reading of the latents gives to points x (B, *g.in_shape): (B,)."""
        return encode(self.g_x, x) @ self.age_weights + self.age_offset

    @torch.no_grad()
    def aged(self, x: Tensor, years: float | Sequence[float] | Tensor) -> Tensor:
        """x ⊕ years ⊙ older: points x (B, *g.in_shape) after `years`, a number or one each (B,); < 0 rejuvenates.

        ValueError for years that are not finite or of another shape.
        """
        years, z = as_numbers("years", years, self.older), encode(self.g_x, x)
        if years.shape not in {(), (1,), z.shape[:-1]} or not years.isfinite().all():
            raise ValueError(
                f"years must be finite, one number or one per point, {tuple(z.shape[:-1])}, got {_told(years)}."
            )
        return decode(self.g_y, z + years[..., None] * self.older)


def _told(years: Tensor) -> str:
    return f"shape {tuple(years.shape)}" if years.isfinite().all() else "NaN or infinity"
