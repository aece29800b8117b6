"""Styles as operators: one shared g, one linear operator per style, and the algebra of styles that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..networks import InvertibleNetwork
from ..operators import Identity, LinearOperator, PerPosition
from .photo import PhotoLinearizer

PLAIN = "photo"
"""The name of the style that changes nothing: A = I."""


class Styles(nn.Module):
    r"""f_s = g⁻¹ A_s g for every style s: `styles["candy"]` is a Linearizer on photos (*, 3, H, W) in [0, 1] of any size.

    `operators` maps each name to an operator A_s (C, C) on the C channels of g's latent fields, the same at every position;
    "photo" is the style that leaves a photo as it is, by construction. As all styles share g, they form an algebra:
    `styles["candy"] @ styles["mosaic"]` paints mosaic, then candy, in one operator; `styles["candy"] ** 0.5` is half a
    style; `.pinv()` takes one off again; `blend` adds them up. ValueError where an operator does not fit g,
    or cannot have its name.
    Source: arXiv:2510.08570 (style transfer).

    >>> from linearizer_core.networks import photo_flow
    >>> from linearizer_core.operators import Exponential
    >>> g = photo_flow((3, 8, 8), steps=1, hidden=4, blocks=1)
    >>> styles = Styles(g, {"warm": Exponential(0.1 * torch.eye(192))})
    >>> styles.names, styles["warm"](torch.rand(1, 3, 9, 9)).shape
    (('warm',), torch.Size([1, 3, 9, 9]))
    """

    g: Any  # a chain that `photo_flow` makes
    operators: Any  # an nn.ModuleDict of LinearOperator, which torch has no type for

    def __init__(self, g: InvertibleNetwork, operators: Mapping[str, LinearOperator]) -> None:
        super().__init__()
        self.g = g
        self.channels, *self.grid = self.g.networks[-1].in_shape
        for name, A in operators.items():
            if name == PLAIN or not name or "." in name or hasattr(nn.ModuleDict(), name):
                raise ValueError(f"Styles: {name!r} cannot be the name of a style; choose another.")
            if tuple(A.shape) != (self.channels, self.channels):
                raise ValueError(
                    f"Styles: operator {name!r} must be ({self.channels}, {self.channels}), the channels of g's latents, "
                    f"got {tuple(A.shape)}."
                )
        self.operators = nn.ModuleDict(operators)

    @property
    def names(self) -> tuple[str, ...]:
        """The styles, without the plain photo."""
        return tuple(self.operators)

    @property
    def multiple(self) -> int:
        """Pixels of a position's side in the latent field."""
        return self.g.in_shape[1] // self.grid[0]

    def operator(self, name: str) -> LinearOperator:
        """A_s on the channels of one position, (C, C); the identity for "photo". ValueError for an unknown name.

        >>> from linearizer_core.networks import photo_flow
        >>> Styles(photo_flow((3, 8, 8), steps=1, hidden=4, blocks=1), {}).operator("photo")
        Identity(shape=(192, 192))
        """
        if name == PLAIN:
            return Identity(self.channels).to(self.g.networks[-2].bias)
        if name not in self.operators:
            known = ", ".join((*self.names, PLAIN))
            raise ValueError(f"style must be one of {known}, got {name!r}.")
        return self.operators[name]

    def linearizer(self, A: LinearOperator) -> PhotoLinearizer:
        """g⁻¹ A g for any operator A (C, C) on channels, such as one that was composed of the styles'.

        >>> from linearizer_core.networks import photo_flow
        >>> styles = Styles(photo_flow((3, 8, 8), steps=1, hidden=4, blocks=1), {})
        >>> round(styles.linearizer(Identity(192))(torch.ones(3, 8, 8)).mean().item(), 3)
        1.0
        """
        return PhotoLinearizer(self.g, PerPosition(A, tuple(self.grid)), self.multiple)

    def __getitem__(self, name: str) -> PhotoLinearizer:
        return self.linearizer(self.operator(name))

    def blend(self, weights: Mapping[str, float]) -> PhotoLinearizer:
        """g⁻¹ (Σ αₛ Aₛ) g, so f(x) = ⊕ₛ αₛ ⊙ fₛ(x). Weights that add up to 1 keep the brightness of latents.

        ValueError for no weights, an unknown style, or a weight that is not finite.
        """
        if not weights:
            raise ValueError('blend needs at least one weight, as in {"candy": 0.5, "photo": 0.5}; got none.')
        terms = []
        for name, weight in weights.items():
            if not torch.isfinite(torch.tensor(float(weight))):
                raise ValueError(f"the weight of {name} must be a finite number, got {weight}.")
            terms.append(float(weight) * self.operator(name))
        A = terms[0]
        for term in terms[1:]:
            A = A + term
        return self.linearizer(A)
