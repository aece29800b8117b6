"""The vector spaces that invertible networks induce on their inputs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .algebra.base import reference
from .inputs import as_numbers
from .networks import InvertibleNetwork
from .networks.base import check_network
from .networks.points import decode, encode
from .operators import Projection
from .precision import check_floats

NOISE = 16
"""How many times the rounding of a zero's round trip a latent may be and still count as 0; at most 2 were measured over
all networks that ship."""


def _at_its_size(method: Callable) -> Callable:
    """The method of `InducedSpace`, carried out in the space of the size of its points: x, or the first of xs."""
    signature = inspect.signature(method)
    name = next(name for name in signature.parameters if name in ("x", "xs"))

    @functools.wraps(method)
    def at_its_size(self: InducedSpace, *args, **kwargs):
        if self.fit is None:
            return method(self, *args, **kwargs)
        given = signature.bind(self, *args, **kwargs)
        points = given.arguments[name]
        if name == "xs" and not isinstance(points, Tensor):
            points = given.arguments[name] = list(points)
            points = points[0] if points else self.zero()
        given.arguments["self"] = self.at_size_of(points)
        return method(*given.args, **given.kwargs)

    return at_its_size


class InducedSpace:
    r"""The vector space that g pulls back onto its inputs: x ⊕ y = g⁻¹(g(x) + g(y)) and a ⊙ x = g⁻¹(a g(x)).

    Its inner product is ⟨x, y⟩ = g(x)ᵀ g(y). Points have shape (*, *g.in_shape), where * is any batch shape,
    also none; two arguments broadcast over it. `X(x)` is a point that adds and scales with + and *. Where g exists in
    several sizes, `fit` gives the g for points of the size of x, and all points of one operation are of one size. Source:
    Berman, Hallak, Shocher, "Who Said Neural Networks Aren't Linear?", arXiv:2510.08570.

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
        self.g = self.family = check_network("g", g)
        self.fit = fit

    def at_size_of(self, x: Tensor) -> InducedSpace:
        """The space of points of the size of x: the space itself, where g exists in one size only."""
        g = self.g if self.fit is None else self.fit(check_floats("x", x))
        if g is self.g:
            return self
        space = InducedSpace(g)
        space.family = self.family
        return space

    @_at_its_size
    def __call__(self, x: Tensor) -> Point:
        """x as a point that adds and scales with the signs + − * of Python."""
        return Point(self, encode(self.g, x))

    @_at_its_size
    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """x ⊕ y = g⁻¹(g(x) + g(y))."""
        return decode(self.g, encode(self.g, x) + encode(self.g, y))

    @_at_its_size
    def subtract(self, x: Tensor, y: Tensor) -> Tensor:
        """x ⊖ y = g⁻¹(g(x) − g(y))."""
        return decode(self.g, encode(self.g, x) - encode(self.g, y))

    @_at_its_size
    def scale(self, a: float | Tensor, x: Tensor) -> Tensor:
        """a ⊙ x = g⁻¹(a g(x)); a is a number, or a tensor with one number per point, of x's batch shape."""
        z = encode(self.g, x)
        return decode(self.g, _per_point("a", a, z) * z)

    @_at_its_size
    def negate(self, x: Tensor) -> Tensor:
        """⊖x = g⁻¹(−g(x)), so that x ⊕ (⊖x) is the zero of the space."""
        return decode(self.g, -encode(self.g, x))

    @_at_its_size
    def combine(self, weights: Sequence[float] | Tensor, xs: Sequence[Tensor] | Tensor) -> Tensor:
        """⊕ᵢ wᵢ ⊙ xᵢ over the first dimension of xs (k, *, *in_shape), with k weights; any weights, any sum.

        Weights of shape (s, k) give s blends at once, (s, *, *in_shape). ValueError unless there are k
        weights, k ≥ 1.
        """
        z = encode(self.g, self._some(xs))
        weights = as_numbers("weights", weights, z)
        if weights.dim() not in (1, 2) or weights.shape[-1] != len(z):
            raise ValueError(
                f"weights must have shape (k,) or (s, k) with k = {len(z)} points, got "
                f"{tuple(weights.shape)}."
            )
        return decode(self.g, torch.tensordot(weights, z, dims=1))

    @_at_its_size
    def interpolate(self, x: Tensor, y: Tensor, t: float | Tensor) -> Tensor:
        """(1 − t) ⊙ x ⊕ t ⊙ y, the straight line of the space: x at t = 0, y at t = 1; t may lie outside."""
        zx, zy = encode(self.g, x), encode(self.g, y)
        t = _per_point("t", t, zx)
        return decode(self.g, (1 - t) * zx + t * zy)

    @_at_its_size
    def line(self, x: Tensor, y: Tensor, ts: Sequence[float] | Tensor) -> Tensor:
        """`interpolate` at each t of ts (s,), encoding x and y once: (s, *, *in_shape)."""
        zx, zy = torch.broadcast_tensors(encode(self.g, x), encode(self.g, y))
        return decode(self.g, zx + _along(ts, zx) * (zy - zx))

    @_at_its_size
    def geodesic(self, x: Tensor, y: Tensor, t: float | Tensor) -> Tensor:
        r"""The great circle from x to y: the direction turns at constant speed, the length changes linearly.

        With θ the angle between them, g⁻¹(ℓ(t) (sin((1−t)θ) x̂ + sin(tθ) ŷ) / sin θ), ℓ(t) = (1−t)‖x‖ + t‖y‖.
        Latents of a flow lie near a sphere, which a straight line leaves. Where no great circle is singled
        out (parallel or opposite points, or a zero) this is the straight line. Source: Shoemake, SIGGRAPH
        1985 (slerp).
        """
        zx, zy = encode(self.g, x), encode(self.g, y)
        return decode(self.g, _great_circle(zx, zy, _per_point("t", t, zx)))

    @_at_its_size
    def inner(self, x: Tensor, y: Tensor) -> Tensor:
        """⟨x, y⟩ = g(x)ᵀ g(y), one number per point: shape *."""
        return (encode(self.g, x) * encode(self.g, y)).sum(-1)

    @_at_its_size
    def norm(self, x: Tensor) -> Tensor:
        """‖x‖ = √⟨x, x⟩, shape *."""
        return torch.linalg.vector_norm(encode(self.g, x), dim=-1)

    @_at_its_size
    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """‖x ⊖ y‖ = ‖g(x) − g(y)‖, shape *."""
        return torch.linalg.vector_norm(encode(self.g, x) - encode(self.g, y), dim=-1)

    def zero(self) -> Tensor:
        """The zero of the space, g⁻¹(0): one point, of shape in_shape, in g's dtype and on its device."""
        return decode(self.g, reference(self.g).new_zeros(self.g.out_shape))

    @_at_its_size
    def mean(self, xs: Sequence[Tensor] | Tensor) -> Tensor:
        """(1/k) ⊙ (x₁ ⊕ … ⊕ x_k) over the first dimension: the least sum of squared distances to them. k ≥ 1."""
        return decode(self.g, encode(self.g, self._some(xs)).mean(0))

    @_at_its_size
    def project(self, x: Tensor, onto: Sequence[Tensor] | Tensor, rtol: float | None = None) -> Tensor:
        """The point nearest to x in the span of the k points `onto` (k, *in_shape), which may be dependent.

        Directions whose singular value is at most `rtol` times the largest do not count; None means √eps, as the
        round trip of a network leaves more noise in dependent points than rounding does. Nor do those up to
        `noise_floor`: the span of the zero alone is the zero.
        """
        basis = encode(self.g, self._list(onto))
        rtol = torch.finfo(basis.dtype).eps ** 0.5 if rtol is None else rtol
        size = basis.detach().abs().amax().item() if basis.numel() else 0.0
        basis = basis / (size or 1.0)  # divided by it, no square overflows or vanishes
        largest = basis.detach().norm().item()  # of all entries: at most √k times the largest singular value
        floor = len(basis) ** 0.5 * self.noise_floor().item() / (size * largest or 1.0)
        return decode(self.g, Projection(basis.mT, max(rtol, floor))(encode(self.g, x)))

    @_at_its_size
    def gram_schmidt(self, xs: Sequence[Tensor] | Tensor, rtol: float | None = None) -> Tensor:
        """Orthonormal points (r, *in_shape), the leading ones of the same span as those of xs (k, *in_shape).

        A point that depends on those before it adds none, so r is the rank; the signs are those of xs. What
        is left of a point counts as 0 up to `rtol` times the largest norm (None means √eps, as in `project`), and up to
        `noise_floor`: zeros, such as p ⊖ p, have rank 0.
        """
        z = encode(self.g, self._list(xs))
        if not torch.isfinite(z).all():
            raise ValueError("xs must be points with finite latents, got NaN or infinity; leave those out.")
        if not z.any():
            return decode(self.g, z[:0])
        rtol = torch.finfo(z.dtype).eps ** 0.5 if rtol is None else rtol
        size = z.detach().abs().amax()  # divided by it, no square overflows or vanishes
        z = z / size
        cutoff = torch.maximum(rtol * z.detach().norm(dim=1).max(), self.noise_floor() / size)
        basis = z[:0]
        for v in z:
            rest = v - (v @ basis.mT) @ basis
            rest = rest - (rest @ basis.mT) @ basis  # again, for what rounding left: "twice is enough"
            if rest.norm() > cutoff:
                basis = torch.cat([basis, (rest / rest.norm())[None]])
        return decode(self.g, basis)

    @torch.no_grad()
    def noise_floor(self) -> Tensor:
        """The length below which a latent is rounding: `NOISE` times what a zero has after its round trip; a number.

        That is the largest of ‖g(x₀)‖ and of ‖g(x₀ (1 ± 2 eps))‖, for x₀ = g⁻¹(0) as it is rounded. 0 where g rounds
        nothing, as `Flatten` does.
        """
        x, eps = self.zero(), torch.finfo(reference(self.g).dtype).eps
        around = torch.stack([x, x * (1 + 2 * eps), x * (1 - 2 * eps)])
        return NOISE * encode(self.g, around).norm(dim=1).max()

    def _list(self, xs: Sequence[Tensor] | Tensor) -> Tensor:
        """Points as one tensor (k, *in_shape)."""
        points = _stack(xs)
        if points.dim() != len(self.g.in_shape) + 1:
            listed = ", ".join(map(str, self.g.in_shape))
            raise ValueError(
                f"a list of points must have shape (k, {listed}), got shape {tuple(points.shape)}."
            )
        return points

    def _some(self, xs: Sequence[Tensor] | Tensor) -> Tensor:
        points = _stack(xs)
        if points.dim() == len(self.g.in_shape):
            raise ValueError(
                f"xs must be several points, (k, *, *in_shape), got one of shape {tuple(points.shape)}."
            )
        if points.dim() and not len(points):
            raise ValueError("xs must hold at least one point, got none.")
        return points

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

    __hash__ = None  # type: ignore[assignment]  # as Python has it for what only == compares

    def __init__(self, space: InducedSpace, z: Tensor) -> None:
        self.space, self.z = space, z

    @property
    def x(self) -> Tensor:
        """The point as the network's input, g⁻¹(z)."""
        return decode(self.space.g, self.z)

    def __add__(self, other: Point) -> Point:
        return Point(self.space, self.z + self._latent(other))

    def __sub__(self, other: Point) -> Point:
        return Point(self.space, self.z - self._latent(other))

    def __mul__(self, c: float | Tensor) -> Point:
        return Point(self.space, _per_point("c", c, self.z) * self.z)

    def __truediv__(self, c: float | Tensor) -> Point:
        return Point(self.space, self.z / _per_point("c", c, self.z))

    def __neg__(self) -> Point:
        return Point(self.space, -self.z)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Point):
            return NotImplemented
        tolerance = torch.finfo(self.z.dtype).eps ** 0.5 * max(1.0, self.z.abs().amax().item())
        return torch.allclose(self.z, self._latent(other), rtol=0.0, atol=tolerance)

    def _latent(self, other: Point) -> Tensor:
        if not isinstance(other, Point) or other.space.family is not self.space.family:
            raise ValueError("points of one space only: both must come from spaces of the same network g.")
        mine, its = self.space.g.in_shape, other.space.g.in_shape
        if mine != its:
            raise ValueError(f"points of one size only, got {tuple(mine)} and {tuple(its)}; resize one.")
        return other.z

    def __repr__(self) -> str:
        return f"Point({self.x})"


def _stack(xs: Sequence[Tensor] | Tensor) -> Tensor:
    if isinstance(xs, Tensor):
        return xs
    points = list(xs)
    if not points:
        raise ValueError("a list of points must hold at least one, got none.")
    if len({tuple(check_floats("each point", x).shape) for x in points}) > 1:
        raise ValueError(f"the points of a list need equal shapes, got {[tuple(x.shape) for x in points]}.")
    return torch.stack(points)


def _per_point(name: str, a: float | Sequence[float] | Tensor, z: Tensor) -> Tensor:
    """A number, or numbers per point (*) as (*, 1): in the precision of latents z (*, n), ready to multiply them."""
    numbers = as_numbers(name, a, z)
    if not numbers.dim():
        return numbers
    if any(s != b and 1 not in (s, b) for s, b in zip(reversed(numbers.shape), reversed(z.shape[:-1]))):
        raise ValueError(
            f"{name} must be a number, or one number per point, {tuple(z.shape[:-1])}, got shape {tuple(numbers.shape)}."
        )
    return numbers[..., None]


def _along(ts: Sequence[float] | Tensor, z: Tensor) -> Tensor:
    ts = as_numbers("ts", ts, z)
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
