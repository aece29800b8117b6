"""The laws of induced spaces, Linearizers and projectors, each as the error of what is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..linearizer import Linearizer, LinearizerSVD
from ..networks import InvertibleNetwork
from ..spaces import InducedSpace, decode, encode

Map = Callable[[Tensor], Tensor]
Add = Callable[[Tensor, Tensor], Tensor]
Scale = Callable[[float, Tensor], Tensor]


def relative_error(left: Tensor, right: Tensor) -> float:
    """max |left − right| / max(|left|, |right|) over all entries; 0 where both are 0, NaN for a NaN.

    >>> relative_error(torch.tensor([4.0, 1.0]), torch.tensor([4.0, 2.0]))
    0.25
    """
    if left.shape != right.shape:
        raise ValueError(
            f"relative_error compares equal shapes, got {tuple(left.shape)} and {tuple(right.shape)}."
        )
    if not left.numel():
        return 0.0
    left, right = left.detach(), right.detach()
    return _ratio((left - right).abs().amax().item(), left.abs().amax().item(), right.abs().amax().item())


def _ratio(difference: float, *sizes: float) -> float:
    size = max(sizes)
    return difference / size if size > 0 else difference


def round_trip_error(g: InvertibleNetwork, x: Tensor, z: Tensor | None = None) -> float:
    """The worse of g⁻¹(g(x)) = x and g(g⁻¹(z)) = z, for points x and latents z (None: g(x)).

    >>> from linearizer_core.networks import Log
    >>> round_trip_error(Log(1), torch.tensor([1.0]))
    0.0
    """
    z = encode(g, x) if z is None else z
    errors = relative_error(decode(g, encode(g, x)), x), relative_error(encode(g, decode(g, z)), z)
    return math.nan if any(map(math.isnan, errors)) else max(errors)


def axiom_errors(
    X: InducedSpace,
    x: Tensor,
    y: Tensor,
    z: Tensor,
    a: float = 0.7,
    b: float = -1.3,
    add: Add | None = None,
    scale: Scale | None = None,
) -> dict[str, float]:
    """The eight axioms of a vector space at points x, y, z and numbers a, b: name of the axiom to error.

    `add` and `scale` replace ⊕ and ⊙ (None: those of X). Axioms that end in a fixed point (x itself, or the
    zero) are compared there. Source: any book of linear algebra, and arXiv:2510.08570.

    >>> from linearizer_core.networks import Log
    >>> errors = axiom_errors(InducedSpace(Log(1)), *torch.tensor([[2.0], [3.0], [5.0]]))
    >>> len(errors), max(errors.values()) < 1e-6
    (8, True)
    """
    x, y, z = torch.broadcast_tensors(x, y, z)
    zero = X.zero().expand_as(x)

    # Four steps, one call each: g takes as long for eight points at once as for three one by one.
    def sums(*pairs: tuple[Tensor, Tensor]) -> Tensor:
        left, right = map(torch.stack, zip(*pairs, strict=True))
        return (add or X.add)(left, right)

    def multiples(*terms: tuple[float, Tensor]) -> Sequence[Tensor]:
        if scale is not None:
            return [scale(number, point) for number, point in terms]
        numbers, points = zip(*terms, strict=True)
        batch = (1,) * (x.dim() - len(X.g.in_shape))
        return X.scale(zero.new_tensor(numbers).reshape(-1, *batch), torch.stack(points))

    xy, yz, yx, x0 = sums((x, y), (y, z), (y, x), (x, zero))
    ax, ay, bx, abx, sx, one, minus = multiples(
        (a, x), (a, y), (b, x), (a * b, x), (a + b, x), (1.0, x), (-1.0, x)
    )
    xy_z, x_yz, nought, ax_ay, ax_bx = sums((xy, z), (x, yz), (x, minus), (ax, ay), (ax, bx))
    a_bx, a_xy = multiples((a, bx), (a, xy))
    sides = {
        "associative": (xy_z, x_yz),
        "commutative": (xy, yx),
        "zero": (x0, x),
        "negative": (nought, zero),
        "scalars multiply": (a_bx, abx),
        "one": (one, x),
        "distributes over points": (a_xy, ax_ay),
        "distributes over scalars": (sx, ax_bx),
    }
    largest = max(point.detach().abs().amax().item() for point in (x, y, z, zero))
    return {name: _axiom_error(left, right, largest) for name, (left, right) in sides.items()}


def _axiom_error(left: Tensor, right: Tensor, largest: float) -> float:
    """Relative to the points given: x ⊕ (⊖x) may be a zero of entries near 0, whose own size says nothing."""
    difference = (left - right).detach().abs().amax().item()
    return _ratio(difference, left.detach().abs().amax().item(), right.detach().abs().amax().item(), largest)


def linearity_error(
    f: Linearizer,
    x: Tensor,
    y: Tensor,
    a: float = 0.7,
    b: float = -1.3,
    add: Add | None = None,
    scale: Scale | None = None,
    mapping: Map | None = None,
) -> float:
    """f(a⊙x ⊕ b⊙y) = a⊙f(x) ⊕ b⊙f(y), with ⊕ and ⊙ of f.domain on the left and of f.codomain on the right.

    `add` and `scale` replace both; `mapping` replaces f itself, for instance by f with a tanh in its latents.

    >>> from linearizer_core.networks import Log
    >>> from linearizer_core.operators import Diagonal
    >>> f = Linearizer(Log(1), Diagonal(torch.tensor([2.0])), Log(1))                            # x ↦ x²
    >>> x, y = torch.tensor([[2.0]]), torch.tensor([[3.0]])
    >>> linearity_error(f, x, y) < 1e-6, linearity_error(f, x, y, add=torch.add) > 0.1
    (True, True)
    """
    X, Y, mapping = f.domain, f.codomain, mapping or f
    left = mapping((add or X.add)((scale or X.scale)(a, x), (scale or X.scale)(b, y)))
    right = (add or Y.add)((scale or Y.scale)(a, mapping(x)), (scale or Y.scale)(b, mapping(y)))
    return relative_error(left, right)


def composition_error(f2: Linearizer, f1: Linearizer, x: Tensor, between: Map | None = None) -> float:
    """(f₂ @ f₁)(x), one Linearizer with operator A₂A₁, against f₂(f₁(x)).

    `between` is done to f₁(x) before f₂ sees it, rounding to bytes say: a law that is broken so shows it.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(Flatten((2,)), Identity(2), Flatten((2,)))
    >>> composition_error(Linearizer(f.g_y, Identity(2), f.g_x), f, torch.ones(1, 2))
    0.0
    """
    return relative_error((f2 @ f1)(x), f2((between or _same)(f1(x))))


def iteration_error(f: Linearizer, x: Tensor, n: int = 3) -> float:
    """f**n, one Linearizer with operator Aⁿ, against f applied n times, for an integer n ≥ 0.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Diagonal
    >>> g = Flatten((1,))
    >>> iteration_error(Linearizer(g, Diagonal(torch.tensor([2.0])), g), torch.ones(1, 1), n=5)
    0.0
    """
    return relative_error((f**n)(x), _repeat(f, x, n))


def root_error(f: Linearizer, x: Tensor, n: int = 2, between: Map | None = None) -> float:
    """f**(1/n) applied n times against f: f^½(f^½(x)) = f(x). ValueError where A has no real principal root.

    `between` is done to what each but the last makes, as in `composition_error`.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Diagonal
    >>> g = Flatten((1,))
    >>> root_error(Linearizer(g, Diagonal(torch.tensor([4.0])), g), torch.ones(1, 1))
    0.0
    """
    root = f ** (1 / n)
    return relative_error(_repeat(root, x, n, between), f(x))


def _repeat(f: Map, x: Tensor, n: int, between: Map | None = None) -> Tensor:
    for i in range(n):
        x = f((between or _same)(x) if i else x)
    return x


def _same(x: Tensor) -> Tensor:
    return x


def undoing_error(f: Linearizer, x: Tensor, between: Map | None = None) -> float:
    """f⁺(f(x)) = x, which holds where A loses nothing; `between` as in `composition_error`.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Diagonal
    >>> g = Flatten((2,))
    >>> undoing_error(Linearizer(g, Diagonal(torch.tensor([2.0, 4.0])), g), torch.ones(1, 2))
    0.0
    >>> undoing_error(Linearizer(g, Diagonal(torch.tensor([2.0, 0.0])), g), torch.ones(1, 2))
    1.0
    """
    return relative_error(f.pinv()((between or _same)(f(x))), x)


def blend_error(
    blend: Linearizer,
    fs: Sequence[Linearizer],
    weights: Sequence[float],
    x: Tensor,
    combine: Callable[[Sequence[float], Tensor], Tensor] | None = None,
) -> float:
    """(Σᵢ wᵢ fᵢ)(x) = ⊕ᵢ wᵢ ⊙ fᵢ(x): a `blend`, one Linearizer with operator Σᵢ wᵢ Aᵢ, against the blend of the results.

    `combine(weights, points)` replaces ⊕ and ⊙ of the codomain, by the pixel average say.

    >>> from linearizer_core.networks import Log
    >>> from linearizer_core.operators import Diagonal
    >>> g, x = Log(1), torch.tensor([[3.0]])
    >>> square, cube, mean = (Linearizer(g, Diagonal(torch.tensor([p])), g) for p in (2.0, 3.0, 2.5))
    >>> blend_error(mean, [square, cube], [0.5, 0.5], x) < 1e-6
    True
    """
    combine = combine or blend.codomain.combine
    return relative_error(blend(x), combine(weights, torch.stack([f(x) for f in fs])))


def exponential_error(f: Linearizer, x: Tensor, t: float = 1.0, terms: int = 40) -> float:
    """f.exp(t)(x) against its power series in the induced space, ⊕ₖ (tᵏ/k!) ⊙ fᵏ(x) with this many terms.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> g = Flatten((1,))
    >>> exponential_error(Linearizer(g, Identity(1), g), torch.ones(1, 1)) < 1e-6
    True
    """
    grown, X, total, term = f.exp(t), f.domain, x, x
    for k in range(1, terms):
        term = X.scale(t / k, f(term))
        total = X.add(total, term)
    return relative_error(grown(x), total)


def transpose_error(f: Linearizer, x: Tensor, y: Tensor, transposed: Map | None = None) -> float:
    """⟨f(x), y⟩ = ⟨x, fᵀ(y)⟩ in the induced inner products; `transposed` replaces fᵀ.

    Relative to the largest of ‖f(x)‖ ‖y‖, ‖x‖ ‖fᵀ(y)‖ and ‖x‖ ‖y‖.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Dense
    >>> f = Linearizer(Flatten((2,)), Dense(torch.tensor([[1.0, 2.0], [0.0, 1.0]])), Flatten((2,)))
    >>> x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
    >>> transpose_error(f, x, y), transpose_error(f, x, y, transposed=f) > 0.1
    (0.0, True)
    """
    X, Y, fx = f.domain, f.codomain, f(x)
    back = (transposed or f.T)(y)
    difference = (Y.inner(fx, y) - X.inner(x, back)).abs().amax().item()
    lengths = X.norm(x), Y.norm(y)
    sizes = Y.norm(fx) * lengths[1], lengths[0] * X.norm(back), lengths[0] * lengths[1]
    return _ratio(difference, *(size.amax().item() for size in sizes))


def svd_error(f: Linearizer, x: Tensor, svd: LinearizerSVD | None = None) -> float:
    """f(x) = ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ from the points of `f.svd()`, and these orthonormal: the worst of three.

    Pass `svd` to reuse points that are already decoded. The points are encoded again here, so this is a law
    of f.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Diagonal
    >>> g = Flatten((2,))
    >>> svd_error(Linearizer(g, Diagonal(torch.tensor([1.0, 2.0])), g), torch.ones(1, 2))
    0.0
    """
    svd = svd or f.svd()
    V, U = encode(f.g_x, svd.inputs), encode(f.g_y, svd.outputs)
    coefficients = svd.values * (encode(f.g_x, x).to(V.dtype) @ V.mT)
    errors = [relative_error(decode(f.g_y, coefficients @ U), f(x))]
    eye = torch.eye(len(svd.values), dtype=V.dtype, device=V.device)
    errors += [relative_error(V @ V.mT, eye), relative_error(U @ U.mT, eye)]
    return math.nan if any(map(math.isnan, errors)) else max(errors)


def penrose_errors(
    f: Linearizer, x: Tensor, y: Tensor, inverse: Linearizer | None = None
) -> dict[str, float]:
    """The four Penrose equations for f and f⁺ = f.pinv() as maps of points, at inputs x and outputs y.

    f f⁺ f = f, f⁺ f f⁺ = f⁺, and f f⁺ and f⁺ f equal to their own transposes, each of them as a composed
    Linearizer. `inverse` replaces f⁺. Source: Penrose, "A generalized inverse for matrices", 1955.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Diagonal
    >>> g = Flatten((2,))
    >>> f = Linearizer(g, Diagonal(torch.tensor([2.0, 0.0])), g)
    >>> max(penrose_errors(f, torch.ones(1, 2), torch.ones(1, 2)).values())
    0.0
    """
    back = inverse or f.pinv()
    onto, within = f @ back, back @ f
    return {
        "f f⁺ f = f": relative_error(f(back(f(x))), f(x)),
        "f⁺ f f⁺ = f⁺": relative_error(back(f(back(y))), back(y)),
        "(f f⁺)ᵀ = f f⁺": relative_error(onto.T(y), f(back(y))),
        "(f⁺ f)ᵀ = f⁺ f": relative_error(within.T(x), back(f(x))),
    }


def projection_errors(
    X: InducedSpace, x: Tensor, y: Tensor, onto: Sequence[Tensor] | Tensor, project: Map | None = None
) -> dict[str, float]:
    """P(P(x)) = P(x), ⟨P(x), y⟩ = ⟨x, P(y)⟩, and P(x) is the point of the span of `onto` nearest to x.

    The nearest point is the one whose rest x ⊖ P(x) is orthogonal to all of `onto`: measured as the largest
    cosine between them, weighted by how large the rest is beside x. `project` replaces x ↦ X.project(x,
    onto).

    >>> from linearizer_core.networks import Flatten
    >>> X, onto = InducedSpace(Flatten((2,))), torch.tensor([[1.0, 0.0]])
    >>> projection_errors(X, torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 1.0]]), onto)
    {'P P = P': 0.0, 'Pᵀ = P': 0.0, 'nearest': 0.0}
    """
    P = project or (lambda point: X.project(point, onto))
    px, py = P(x), P(y)
    symmetric = (X.inner(px, y) - X.inner(x, py)).abs().amax().item()
    basis = encode(X.g, onto if isinstance(onto, Tensor) else torch.stack(list(onto)))
    rest = encode(X.g, x) - encode(X.g, px)
    lengths = basis.norm(dim=-1)
    cosines = rest @ (basis / torch.where(lengths > 0, lengths, 1)[:, None]).mT
    return {
        "P P = P": relative_error(P(px), px),
        "Pᵀ = P": _ratio(symmetric, (X.norm(x) * X.norm(y)).amax().item()),
        "nearest": _ratio(cosines.detach().abs().amax().item(), X.norm(x).amax().item()),
    }


def idempotence_error(f: Map, x: Tensor) -> float:
    """f(f(x)) = f(x), for any f and any input, not only data.

    >>> idempotence_error(torch.relu, torch.tensor([-1.0, 2.0]))
    0.0
    """
    once = f(x)
    return relative_error(f(once), once)


def orthogonality_error(X: InducedSpace, x: Tensor, y: Tensor) -> float:
    """⟨x, y⟩ = 0: the largest |cosine| of the induced angle between points, 0 where one of them is a zero of the space.

    What a projector keeps and what it takes away are so: ⟨f(x), x ⊖ f(x)⟩ = 0.

    >>> from linearizer_core.networks import Flatten
    >>> X = InducedSpace(Flatten((2,)))
    >>> orthogonality_error(X, torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]])).__round__(6)
    0.6
    """
    lengths, floor = (X.norm(x), X.norm(y)), X.noise_floor()
    there = (lengths[0] > floor) & (lengths[1] > floor)
    cosines = X.inner(x, y).abs() / torch.where(there, lengths[0] * lengths[1], 1)
    return float(torch.where(there, cosines, 0).detach().amax())
