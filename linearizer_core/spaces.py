"""The vector spaces that invertible networks induce on their inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .algebra.base import reference
from .networks import InvertibleNetwork
from .operators import Projection


def encode(g: InvertibleNetwork, x: Tensor) -> Tensor:
    """z = g(x) for points of shape (*, *g.in_shape) with any batch shape *, also none: latents (*, n).

    ValueError where the last dimensions are not those of a point.

    >>> from linearizer_core.networks import Flatten
    >>> encode(Flatten((1, 2, 2)), torch.zeros(3, 5, 1, 2, 2)).shape
    torch.Size([3, 5, 4])
    """
    return _apply(g, x, g.in_shape, g.out_shape, f"x must be points of shape (*, {_listed(g.in_shape)})")


def decode(g: InvertibleNetwork, z: Tensor) -> Tensor:
    """x = g⁻¹(z) for latents (*, n) with any batch shape *, also none: points (*, *g.in_shape).

    >>> from linearizer_core.networks import Flatten
    >>> decode(Flatten((1, 2, 2)), torch.zeros(4)).shape
    torch.Size([1, 2, 2])
    """
    expected = f"z must be latents of shape (*, {_listed(g.out_shape)})"
    return _apply(g.inverse, z, g.out_shape, g.in_shape, expected)


def _apply(map_, x: Tensor, shape_in: Sequence[int], shape_out: Sequence[int], expected: str) -> Tensor:
    batch = x.shape[: max(0, x.dim() - len(shape_in))]
    if tuple(x.shape[len(batch) :]) != tuple(shape_in):
        raise ValueError(f"{expected}, got shape {tuple(x.shape)}; resize or reshape it first.")
    if 0 in batch:  # convolutions refuse an empty batch
        return x.new_zeros(*batch, *shape_out)
    if len(batch) == 1:
        return map_(x)
    return map_(x.reshape(math.prod(batch), *shape_in)).reshape(*batch, *shape_out)


def _listed(shape: Sequence[int]) -> str:
    return ", ".join(map(str, shape))


class InducedSpace:
    r"""The vector space that g pulls back onto its inputs: x ⊕ y = g⁻¹(g(x) + g(y)) and a ⊙ x = g⁻¹(a g(x)).

    Its inner product is ⟨x, y⟩ = g(x)ᵀ g(y). Points have shape (*, *g.in_shape), where * is any batch shape,
    also none; two arguments broadcast over it. `X(x)` is a point that adds and scales with + and *. Where g exists in
    several sizes, `fit` gives the g for points of the size of x, and all points of one operation are of one size. Source:
    Berman, Hallak, Shocher, "Who Said Neural Networks Aren't Linear?", arXiv:2510.08570, section 3.

    >>> from linearizer_core.networks import Log
    >>> X = InducedSpace(Log(1))                                 # adding logarithms is multiplying
    >>> X.add(torch.tensor([2.0]), torch.tensor([4.0]))
    tensor([8.])
    >>> (0.5 * X(torch.tensor([16.0])) + X(torch.tensor([2.0]))).x
    tensor([8.])
    """

    def __init__(
        self, g: InvertibleNetwork, fit: Callable[[Tensor], InvertibleNetwork] | None = None
    ) -> None:
        if len(g.out_shape) != 1:
            raise ValueError(
                f"g must end in a flat latent (n,), got out_shape={tuple(g.out_shape)}; "
                "append Flatten to the chain."
            )
        self.g = g
        self.fit = fit

    def at_size_of(self, x: Tensor) -> InvertibleNetwork:
        """g for points of the size of x: g itself, where it exists in one size only."""
        return self.g if self.fit is None else self.fit(x)

    def __call__(self, x: Tensor) -> Point:
        """x as a point that adds and scales with the signs + − * of Python."""
        g = self.at_size_of(x)
        return Point(self, encode(g, x), g)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """x ⊕ y = g⁻¹(g(x) + g(y))."""
        g = self.at_size_of(x)
        return decode(g, encode(g, x) + encode(g, y))

    def subtract(self, x: Tensor, y: Tensor) -> Tensor:
        """x ⊖ y = g⁻¹(g(x) − g(y))."""
        g = self.at_size_of(x)
        return decode(g, encode(g, x) - encode(g, y))

    def scale(self, a: float | Tensor, x: Tensor) -> Tensor:
        """a ⊙ x = g⁻¹(a g(x)); a is a number, or a tensor with one number per point, of x's batch shape."""
        g = self.at_size_of(x)
        return decode(g, _per_point(a) * encode(g, x))

    def negate(self, x: Tensor) -> Tensor:
        """⊖x = g⁻¹(−g(x)), so that x ⊕ (⊖x) is the zero of the space."""
        g = self.at_size_of(x)
        return decode(g, -encode(g, x))

    def combine(self, weights: Sequence[float] | Tensor, xs: Sequence[Tensor] | Tensor) -> Tensor:
        """⊕ᵢ wᵢ ⊙ xᵢ over the first dimension of xs (k, *, *in_shape), with k weights; any weights, any sum.

        Weights of shape (s, k) give s blends at once, (s, *, *in_shape). ValueError unless there are k
        weights.
        """
        xs = _stack(xs)
        g = self.at_size_of(xs)
        z = encode(g, xs)
        weights = torch.as_tensor(weights, dtype=z.dtype, device=z.device)
        if weights.dim() not in (1, 2) or weights.shape[-1] != len(z):
            raise ValueError(
                f"weights must have shape (k,) or (s, k) with k = {len(z)} points, got "
                f"{tuple(weights.shape)}."
            )
        return decode(g, torch.tensordot(weights, z, dims=1))

    def interpolate(self, x: Tensor, y: Tensor, t: float | Tensor) -> Tensor:
        """(1 − t) ⊙ x ⊕ t ⊙ y, the straight line of the space: x at t = 0, y at t = 1; t may lie outside."""
        g = self.at_size_of(x)
        zx, zy, t = encode(g, x), encode(g, y), _per_point(t)
        return decode(g, (1 - t) * zx + t * zy)

    def line(self, x: Tensor, y: Tensor, ts: Sequence[float] | Tensor) -> Tensor:
        """`interpolate` at each t of ts (s,), encoding x and y once: (s, *, *in_shape)."""
        g = self.at_size_of(x)
        zx, zy = torch.broadcast_tensors(encode(g, x), encode(g, y))
        return decode(g, zx + _along(ts, zx) * (zy - zx))

    def geodesic(self, x: Tensor, y: Tensor, t: float | Tensor) -> Tensor:
        r"""The great circle from x to y: the direction turns at constant speed, the length changes linearly.

        With θ the angle between them, g⁻¹(ℓ(t) (sin((1−t)θ) x̂ + sin(tθ) ŷ) / sin θ), ℓ(t) = (1−t)‖x‖ + t‖y‖.
        Latents of a flow lie near a sphere, which a straight line leaves. Where no great circle is singled
        out (parallel or opposite points, or a zero) this is the straight line. Source: Shoemake, SIGGRAPH
        1985 (slerp).
        """
        g = self.at_size_of(x)
        return decode(g, _great_circle(encode(g, x), encode(g, y), _per_point(t)))

    def inner(self, x: Tensor, y: Tensor) -> Tensor:
        """⟨x, y⟩ = g(x)ᵀ g(y), one number per point: shape *."""
        g = self.at_size_of(x)
        return (encode(g, x) * encode(g, y)).sum(-1)

    def norm(self, x: Tensor) -> Tensor:
        """‖x‖ = √⟨x, x⟩, shape *."""
        g = self.at_size_of(x)
        return torch.linalg.vector_norm(encode(g, x), dim=-1)

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """‖x ⊖ y‖ = ‖g(x) − g(y)‖, shape *."""
        g = self.at_size_of(x)
        return torch.linalg.vector_norm(encode(g, x) - encode(g, y), dim=-1)

    def zero(self) -> Tensor:
        """The zero of the space, g⁻¹(0): one point, of shape in_shape, in g's dtype and on its device."""
        return decode(self.g, reference(self.g).new_zeros(self.g.out_shape))

    def mean(self, xs: Sequence[Tensor] | Tensor) -> Tensor:
        """(1/k) ⊙ (x₁ ⊕ … ⊕ x_k) over the first dimension: the least sum of squared distances to them."""
        xs = _stack(xs)
        g = self.at_size_of(xs)
        return decode(g, encode(g, xs).mean(0))

    def project(self, x: Tensor, onto: Sequence[Tensor] | Tensor, rtol: float | None = None) -> Tensor:
        """The point nearest to x in the span of the k points `onto` (k, *in_shape), which may be dependent.

        Directions below `rtol` times the largest singular value do not count; None means √eps, as the round
        trip of a network leaves more noise in dependent points than rounding does.
        """
        g = self.at_size_of(x)
        basis = encode(g, _stack(onto))
        rtol = torch.finfo(basis.dtype).eps ** 0.5 if rtol is None else rtol
        return decode(g, Projection(basis.mT, rtol)(encode(g, x)))

    def gram_schmidt(self, xs: Sequence[Tensor] | Tensor, rtol: float | None = None) -> Tensor:
        """Orthonormal points (r, *in_shape), the leading ones of the same span as those of xs (k, *in_shape).

        A point that depends on those before it adds none, so r is the rank; the signs are those of xs. What
        is left of a point counts as 0 below `rtol` times the largest norm; None means √eps, as in `project`.
        """
        xs = _stack(xs)
        g = self.at_size_of(xs)
        z = encode(g, xs)
        cutoff = (torch.finfo(z.dtype).eps ** 0.5 if rtol is None else rtol) * z.norm(dim=1).max()
        basis = z[:0]
        for v in z:
            rest = v - (v @ basis.mT) @ basis
            rest = rest - (rest @ basis.mT) @ basis  # again, for what rounding left: "twice is enough"
            if rest.norm() > cutoff:
                basis = torch.cat([basis, (rest / rest.norm())[None]])
        return decode(g, basis)

    def __repr__(self) -> str:
        return f"InducedSpace(points {tuple(self.g.in_shape)}, dimension {self.g.out_shape[0]})"


class Point:
    """A point of an induced space with signs: p + q, p − q, −p, c * p, p / c, p == q; `.x` is its tensor.

    It carries its latent, so a long formula encodes each point once and decodes once. == asks whether the
    latents agree to rounding. ValueError when points of two different networks meet.

    >>> from linearizer_core.networks import Log
    >>> X = InducedSpace(Log(1))
    >>> a, b = X(torch.tensor([2.0])), X(torch.tensor([4.0]))
    >>> (2 * a - b / 2).x, 2 * a == b
    (tensor([2.]), True)
    """

    __hash__ = None

    def __init__(self, space: InducedSpace, z: Tensor, g: InvertibleNetwork | None = None) -> None:
        self.space, self.z, self.g = space, z, g or space.g

    @property
    def x(self) -> Tensor:
        """The point as the network's input, g⁻¹(z)."""
        return decode(self.g, self.z)

    def __add__(self, other: Point) -> Point:
        return Point(self.space, self.z + self._latent(other), self.g)

    def __sub__(self, other: Point) -> Point:
        return Point(self.space, self.z - self._latent(other), self.g)

    def __mul__(self, c: float | Tensor) -> Point:
        return Point(self.space, _per_point(c) * self.z, self.g)

    def __truediv__(self, c: float | Tensor) -> Point:
        return Point(self.space, self.z / _per_point(c), self.g)

    def __neg__(self) -> Point:
        return Point(self.space, -self.z, self.g)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Point):
            return NotImplemented
        tolerance = torch.finfo(self.z.dtype).eps ** 0.5 * max(1.0, self.z.abs().amax().item())
        return torch.allclose(self.z, self._latent(other), rtol=0.0, atol=tolerance)

    def _latent(self, other: Point) -> Tensor:
        if not isinstance(other, Point) or other.space.g is not self.space.g:
            raise ValueError("points of one space only: both must come from spaces of the same network g.")
        if other.g.in_shape != self.g.in_shape:
            raise ValueError(
                f"points of one size only, got {tuple(self.g.in_shape)} and {tuple(other.g.in_shape)}; resize one."
            )
        return other.z

    def __repr__(self) -> str:
        return f"Point({self.x})"


def _stack(xs: Sequence[Tensor] | Tensor) -> Tensor:
    return xs if isinstance(xs, Tensor) else torch.stack(list(xs))


def _per_point(a: float | Tensor) -> float | Tensor:
    """A number as it is, numbers per point (*) as (*, 1): ready to multiply latents (*, n)."""
    return a[..., None] if isinstance(a, Tensor) and a.dim() else a


def _along(ts: Sequence[float] | Tensor, z: Tensor) -> Tensor:
    ts = torch.as_tensor(ts, dtype=z.dtype, device=z.device)
    if ts.dim() != 1:
        raise ValueError(f"ts must be a sequence of numbers, shape (s,), got shape {tuple(ts.shape)}.")
    return ts.reshape(-1, *(1 for _ in z.shape))


def _great_circle(x: Tensor, y: Tensor, t: float | Tensor) -> Tensor:
    length_x, length_y = x.norm(dim=-1, keepdim=True), y.norm(dim=-1, keepdim=True)
    product = length_x * length_y
    cosine = (x * y).sum(-1, keepdim=True) / torch.where(product > 0, product, 1)
    angle = torch.arccos(cosine.clamp(-1, 1))
    sine = angle.sin()
    curved = (product > 0) & (
        sine > torch.finfo(x.dtype).eps ** 0.5
    )  # below, the circle is a line to rounding
    sine, angle = torch.where(curved, sine, 1), torch.where(curved, angle, 0)
    length = (1 - t) * length_x + t * length_y
    unit = [z / torch.where(size > 0, size, 1) for z, size in ((x, length_x), (y, length_y))]
    circle = length * (((1 - t) * angle).sin() * unit[0] + (t * angle).sin() * unit[1]) / sine
    return torch.where(curved, circle, (1 - t) * x + t * y)
