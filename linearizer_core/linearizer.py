"""Linearizer: a network that is exactly linear between the spaces of its two invertible networks."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property, singledispatch

from torch import Tensor, nn

from . import algebra
from .algebra.base import settled
from .algebra.simplify import OperatorLike
from .algebra.singular import listed
from .inputs import as_numbers, whole_number
from .networks import InvertibleNetwork, folded
from .networks.base import check_network
from .networks.points import conjugate
from .operators import LinearOperator, as_operator, recombined
from .precision import precision_of
from .spaces import InducedSpace, decode


class Linearizer(nn.Module):
    r"""f(x) = g_y⁻¹(A g_x(x)): linear from the space that g_x induces to the space that g_y induces.

    Points (*, *g_x.in_shape) to (*, *g_y.in_shape), any batch shape *. What linear algebra does to A it does
    to f: each method returns a Linearizer on the same network objects, nothing is copied, so it trains and
    moves with f. A matrix (m, n), or an nn.Linear without bias, may stand for A. x is taken in the precision of g_x.
    ValueError unless A maps g_x's latents (n,) to g_y's (m,), and for points that are no floats.
    Source: Berman, Hallak, Shocher, "Who Said Neural Networks Aren't Linear?", arXiv:2510.08570.

    >>> import torch
    >>> from linearizer_core.networks import Log
    >>> from linearizer_core.operators import Diagonal
    >>> g = Log(2)
    >>> f = Linearizer(g, Diagonal(torch.tensor([2.0, 1.0])), g)                    # squares the first entry
    >>> f(torch.tensor([[3.0, 5.0]]))
    tensor([[9., 5.]])
    >>> (f**-1 @ f)(torch.tensor([[3.0, 5.0]]))
    tensor([[3., 5.]])
    """

    def __init__(self, g_x: InvertibleNetwork, A: OperatorLike, g_y: InvertibleNetwork) -> None:
        super().__init__()
        g_x, A, g_y = check_network("g_x", g_x), as_operator(A), check_network("g_y", g_y)
        if tuple(A.shape[1:]) != tuple(g_x.out_shape) or tuple(A.shape[:1]) != tuple(g_y.out_shape):
            raise ValueError(
                f"A of shape {tuple(A.shape)} must map g_x's latents {tuple(g_x.out_shape)} to g_y's "
                f"{tuple(g_y.out_shape)}: a shape (m, n) with (n,) = g_x.out_shape, (m,) = g_y.out_shape."
            )
        self.g_x, self.A, self.g_y = g_x, A, g_y

    def forward(self, x: Tensor) -> Tensor:
        f = fitted(self, x)
        return conjugate(f.g_x, f.A, f.g_y, x)

    @property
    def domain(self) -> InducedSpace:
        """The space that g_x induces on inputs."""
        return InducedSpace(self.g_x, lambda x: fitted(self, x).g_x)

    @property
    def codomain(self) -> InducedSpace:
        """The space that g_y induces on outputs."""
        return InducedSpace(self.g_y, lambda y: fitted(self, y).g_y)

    @property
    def _operator(self) -> LinearOperator:
        """A as the algebra takes it: one without numbers of its own is in the precision of g_x."""
        dtype = precision_of(self.g_x)
        return self.A if dtype is None else settled(self.A, dtype)

    @property
    def T(self) -> Linearizer:
        """fᵀ = g_x⁻¹ ∘ Aᵀ ∘ g_y, with ⟨f(x), y⟩ = ⟨x, fᵀ(y)⟩ in the induced inner products."""
        return derived(self, self.g_y, self.A.T, self.g_x)

    def pinv(self, rtol: float | None = None) -> Linearizer:
        """f⁺ = g_x⁻¹ ∘ A⁺ ∘ g_y: the four Penrose equations hold for f itself. rtol as in `algebra.pinv`."""
        return derived(self, self.g_y, algebra.pinv(self._operator, rtol), self.g_x)

    def svd(self, k: int | None = None) -> LinearizerSVD:
        """f(x) = ⊕ᵢ σᵢ ⟨x, vᵢ⟩ ⊙ uᵢ with points vᵢ, uᵢ; only the k largest σᵢ when k is given."""
        return LinearizerSVD(self, algebra.svd(self._operator, k))

    def with_singular_values(self, values: Tensor | Sequence[float]) -> Linearizer:
        """f with other singular values on the same points vᵢ, uᵢ, in the order of `.svd().values`."""
        return derived(self, self.g_x, algebra.with_singular_values(self._operator, values), self.g_y)

    def truncated(self, k: int) -> Linearizer:
        """f with only its k largest singular values: the nearest map of rank k."""
        return derived(self, self.g_x, algebra.truncate(self._operator, k), self.g_y)

    def exp(self, t: float | Tensor = 1.0) -> Linearizer:
        """g⁻¹ ∘ exp(tA) ∘ g, the flow of dx/dt = f(x) in the induced space. Needs g_x is g_y."""
        self._check_one_space("exp")
        return derived(self, self.g_x, algebra.exp(self._operator, t), self.g_y)

    def __pow__(self, p: float) -> Linearizer:
        """g⁻¹ ∘ Aᵖ ∘ g: f applied p times, for negative and real p too where A allows. Needs g_x is g_y."""
        self._check_one_space("f ** p")
        return derived(self, self.g_x, algebra.power(self._operator, p), self.g_y)

    def __matmul__(self, first: Linearizer) -> Linearizer:
        """f @ h: h, then f, as the Linearizer of A_f A_h. ValueError unless h.g_y is f.g_x."""
        if not isinstance(first, Linearizer):
            return NotImplemented
        if first.g_y is not self.g_x:
            raise ValueError(
                "f2 @ f1 needs f1.g_y and f2.g_x to be the same network object, so that the two cancel; got "
                f"two objects ({type(first.g_y).__name__} and {type(self.g_x).__name__}). Build both on "
                "one network, or call f2(f1(x)), which is not a Linearizer."
            )
        return derived(self, first.g_x, self.A @ first.A, self.g_y)

    def _check_one_space(self, what: str) -> None:
        if self.g_x is not self.g_y:
            raise ValueError(
                f"{what} needs f.g_x and f.g_y to be the same network object, so that f maps one space "
                "into itself; got two. Build f as Linearizer(g, A, g)."
            )


@singledispatch
def derived(f: Linearizer, g_x: InvertibleNetwork, A: LinearOperator, g_y: InvertibleNetwork) -> Linearizer:
    """What the algebra makes of f: a Linearizer on these networks, or what the rule of f's type keeps besides.

    >>> import torch
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(Flatten((2,)), Identity(2), Flatten((2,)))
    >>> derived(f, f.g_x, Identity(2), f.g_y)(torch.ones(2))
    tensor([1., 1.])
    """
    return Linearizer(g_x, A, g_y)


@singledispatch
def fitted(f: Linearizer, x: Tensor) -> Linearizer:
    """f for points of the size of x: f itself, or what the rule of a type says that takes points of any size.

    >>> import torch
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(Flatten((2,)), Identity(2), Flatten((2,)))
    >>> fitted(f, torch.ones(2)) is f
    True
    """
    return f


class LinearizerSVD:
    r"""The singular values of f and its singular *points*: f(x) = ⊕ᵢ σᵢ ⟨x, vᵢ⟩ ⊙ uᵢ. What `f.svd()` returns.

    `.values` (r,) are descending; `.inputs` (r, *in_shape) are the vᵢ, orthonormal in f.domain; `.outputs`
    the uᵢ, orthonormal in f.codomain. Points are decoded when first asked for, all at once, or one by one by
    `input_point`.

    >>> import torch
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Diagonal
    >>> g = Flatten((2,))
    >>> svd = Linearizer(g, Diagonal(torch.tensor([1.0, -3.0])), g).svd()
    >>> svd.values, svd.inputs[0], svd.outputs[0]
    (tensor([3., 1.]), tensor([0., 1.]), tensor([-0., -1.]))
    """

    def __init__(self, f: Linearizer, factors: algebra.SVD) -> None:
        self.f, self.factors = f, factors

    @property
    def values(self) -> Tensor:
        """σ₁ ≥ σ₂ ≥ … ≥ 0, shape (r,)."""
        return self.factors.values

    @cached_property
    def inputs(self) -> Tensor:
        """All vᵢ = g_x⁻¹(V eᵢ), (r, *g_x.in_shape)."""
        return decode(self.f.g_x, self.factors.V.mT)

    @cached_property
    def outputs(self) -> Tensor:
        """All uᵢ = g_y⁻¹(U eᵢ), (r, *g_y.in_shape)."""
        return decode(self.f.g_y, self.factors.U.mT)

    def input_point(self, i: int, scale: float | Tensor = 1.0) -> Tensor:
        """scale ⊙ vᵢ: one point, or for scales (s,) a walk along the direction, (s, *g_x.in_shape)."""
        return decode(self.f.g_x, _walk(self.factors.V, i, scale))

    def output_point(self, i: int, scale: float | Tensor = 1.0) -> Tensor:
        """scale ⊙ uᵢ: one point, or for scales (s,) a walk along the direction, (s, *g_y.in_shape)."""
        return decode(self.f.g_y, _walk(self.factors.U, i, scale))

    def with_values(self, values: Tensor | Sequence[float]) -> Linearizer:
        """f with these singular values (r,) instead, without decomposing A again: what a slider calls."""
        return derived(self.f, self.f.g_x, recombined(self.f.A, self.factors, values), self.f.g_y)

    def __repr__(self) -> str:
        inputs, outputs = tuple(self.f.g_x.in_shape), tuple(self.f.g_y.in_shape)
        return f"LinearizerSVD({listed(self.values)}, inputs {inputs}, outputs {outputs})"


def _walk(directions: Tensor, i: int, scale: float | Sequence[float] | Tensor) -> Tensor:
    count, numbers = directions.shape[1], as_numbers("scale", scale, directions)
    return numbers[..., None] * directions[:, whole_number("i", i, -count, count - 1)]


@folded.register
def _(f: Linearizer) -> Linearizer:
    """The same f, for inference alone: each of its networks is folded, the one that is both g_x and g_y once."""
    quick = copy.deepcopy(f).requires_grad_(False).eval()
    done: dict[InvertibleNetwork, InvertibleNetwork] = {}
    for name, part in quick._modules.items():
        if isinstance(part, InvertibleNetwork):
            done.setdefault(part, folded(part))
            setattr(quick, name, done[part])
    return quick
