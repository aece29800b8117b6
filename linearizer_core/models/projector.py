"""A Linearizer whose operator is a projection: applied twice it does what it does once, to whatever it is given."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import algebra
from ..inputs import whole_number
from ..linearizer import Linearizer, derived
from ..networks import InvertibleNetwork
from ..networks.base import check_network
from ..operators import Diagonal, LinearOperator, Projection, RoundedDiagonal
from ..pca import LatentPCA
from ..precision import in_precision_of
from ..spaces import decode, encode


class Projector(Linearizer):
    r"""f = g⁻¹ P g with P² = P = Pᵀ, so f(f(x)) = f(x) for *every* x: data, noise, a drawing.

    f(x) is the point of the range of f that is nearest to x in the induced distance, and x ⊖ f(x) is what f took away.
    Points (*, *g.in_shape) to the same. The directions that P keeps stand in order of importance, so `truncated(k)` is
    the coarser projector on the first k. Three buffers say where data lie in the latent space, None for 0 and 1:
    `total_std` (n,) their deviation along every axis, `kept_mean` and `kept_std` (r,) along the r directions uᵢ of P's SVD.
    ValueError unless P maps the latents of g to themselves and the buffers have these sizes.
    Source: arXiv:2510.08570 (idempotent networks).

    >>> from linearizer_core.networks import Log
    >>> from linearizer_core.operators import Projection
    >>> f = Projector(Log(2), Projection(torch.tensor([[1.0], [1.0]])))
    >>> f(torch.tensor([[1.0, 16.0]])).round()              # both entries become their geometric mean
    tensor([[4., 4.]])
    >>> f.rank
    1
    """

    total_std: Tensor
    kept_mean: Tensor
    kept_std: Tensor

    def __init__(
        self,
        g: InvertibleNetwork,
        P: LinearOperator,
        total_std: Tensor | None = None,
        kept_mean: Tensor | None = None,
        kept_std: Tensor | None = None,
    ) -> None:
        super().__init__(g, P, g)
        like = algebra.singular_values(P).detach()
        defaults = {
            "total_std": (total_std, like.new_ones(g.out_shape)),
            "kept_mean": (kept_mean, torch.zeros_like(like)),
            "kept_std": (kept_std, torch.ones_like(like)),
        }
        for name, (given, default) in defaults.items():
            if given is not None and given.shape != default.shape:
                raise ValueError(
                    f"Projector: {name} must have {len(default)} numbers, shape ({len(default)},), "
                    f"got {tuple(given.shape)}."
                )
            self.register_buffer(name, default if given is None else given)

    @staticmethod
    @torch.no_grad()
    def fitted(g: InvertibleNetwork, images: Tensor, k: int) -> Projector:
        r"""The Projector of a g that is there: P keeps the mean of the latents g(x) and their k − 1 principal components.

        So Σᵢ ‖x ⊖ f(x)‖² over the images is nearly the least that k axes can reach, and `truncated(j)` keeps the first j.
        Shapes: images (N, *g.in_shape). ValueError unless 2 ≤ k ≤ min(N, n), and for what `LatentPCA` refuses.

        >>> from linearizer_core.networks import Flatten
        >>> images = torch.tensor([[9.0, 1.0, 0.0], [9.0, -1.0, 0.0], [9.0, 3.0, 0.0]])
        >>> Projector.fitted(Flatten((3,)), images, 2)(torch.tensor([[1.0, 2.0, 3.0]])).round(decimals=4) + 0
        tensor([[1., 2., 0.]])
        """
        g_x = check_network("g", g)
        k = whole_number("k", k, 2, min(len(images), g_x.out_shape[0]))
        z = torch.cat([encode(g_x, part) for part in images.split(256)])
        pca = LatentPCA(k - 1).fit_latents(z)
        P = Projection(torch.cat([pca.mean[None], pca.components]).mT)
        along = z @ algebra.svd(P, k).U
        return Projector(g_x, P, z.std(0), along.mean(0), along.std(0))

    @property
    def rank(self) -> int:
        """How many directions f keeps."""
        return int((algebra.singular_values(self.A) > 0.5).sum())

    @torch.no_grad()
    def draw(self, noise: Tensor) -> Tensor:
        """g⁻¹(Σᵢ (meanᵢ + stdᵢ εᵢ) uᵢ): a point of the range as far out as data are; noise ε (B, rank) ~ N(0, 1).

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Projection
        >>> f = Projector(Flatten((2,)), Projection(torch.eye(2, 1)), kept_mean=torch.tensor([5.0]))
        >>> f.draw(torch.tensor([[2.0]]))
        tensor([[7., 0.]])
        """
        k = self.rank
        noise = in_precision_of(self, noise, "noise")
        if noise.dim() != 2 or noise.shape[1] != k:
            raise ValueError(f"noise must be (B, {k}), one number per direction, got {tuple(noise.shape)}.")
        along = self.kept_mean[:k] + self.kept_std[:k] * noise
        return decode(self.g_x, along @ algebra.svd(self.A, k).U.mT)

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


@derived.register
def _(f: Projector, g_x: InvertibleNetwork, A: LinearOperator, g_y: InvertibleNetwork) -> Linearizer:
    """The coarser projector where A keeps some leading directions of f and drops all others, as f.truncated(k) does."""
    if not isinstance(A, Projection | Diagonal | RoundedDiagonal):
        return Linearizer(g_x, A, g_y)
    values = algebra.singular_values(A)
    count, rank = len(values), int((values > 0.5).sum())
    kept = values == (torch.arange(count, device=values.device) < rank)
    coarse, whole = algebra.svd(A, rank).V, algebra.svd(f.A, rank).V
    rounding = torch.finfo(coarse.dtype).eps ** 0.5
    if not kept.all() or not torch.allclose(coarse, whole, atol=rounding):
        return Linearizer(g_x, A, g_y)
    return Projector(g_x, A, f.total_std, f.kept_mean[:count], f.kept_std[:count])
