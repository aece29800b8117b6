"""A Linearizer whose operator is a projection: applied twice it does what it does once, to whatever it is given."""

from __future__ import annotations

import torch
from torch import Tensor

from . import algebra
from .linearizer import Linearizer
from .networks import InvertibleNetwork
from .operators import LinearOperator
from .spaces import decode, encode


class Projector(Linearizer):
    r"""f = g⁻¹ P g with P² = P = Pᵀ, so f(f(x)) = f(x) for *every* x: data, noise, a drawing.

    f(x) is the point of the range of f that is nearest to x in the induced distance, and x ⊖ f(x) is what f took away.
    Points (*, *g.in_shape) to the same. The directions that P keeps stand in order of importance, so `truncated(k)` is
    the coarser projector on the first k. ValueError unless P maps the latents of g to themselves.
    Source: arXiv:2510.08570, section 5 (idempotent networks).

    >>> from linearizer_core.networks import Log
    >>> from linearizer_core.operators import Projection
    >>> f = Projector(Log(2), Projection(torch.tensor([[1.0], [1.0]])))
    >>> f(torch.tensor([[1.0, 16.0]]))                      # both entries become their geometric mean
    tensor([[4., 4.]])
    >>> f.rank
    1
    """

    def __init__(self, g: InvertibleNetwork, P: LinearOperator) -> None:
        super().__init__(g, P, g)

    @property
    def rank(self) -> int:
        """How many directions f keeps."""
        return int((algebra.svd(self.A).values > 0.5).sum())

    def truncated(self, k: int) -> Projector:
        """The projector on the k most important directions. ValueError unless k is an integer ≥ 0."""
        return Projector(self.g_x, algebra.truncate(self.A, k))

    def residual(self, x: Tensor) -> Tensor:
        """x ⊖ f(x) = g⁻¹((I − P) g(x)): what f takes away, as a point of the space, (*, *g.in_shape)."""
        z = encode(self.g_x, x)
        return decode(self.g_x, z - self.A(z))

    def distance_to_range(self, x: Tensor) -> Tensor:
        """‖x ⊖ f(x)‖ = ‖g(x) − P g(x)‖, the induced distance from x to the nearest point that f leaves alone; shape *.

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Diagonal
        >>> f = Projector(Flatten((2,)), Diagonal(torch.tensor([1.0, 0.0])))
        >>> f.distance_to_range(torch.tensor([[3.0, 4.0], [3.0, 0.0]]))
        tensor([4., 0.])
        """
        z = encode(self.g_x, x)
        return torch.linalg.vector_norm(z - self.A(z), dim=-1)
