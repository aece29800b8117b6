"""All laws of one Linearizer, or of one g, at points of your own: a table with an error, a tolerance and a verdict each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..linearizer import Linearizer, fitted
from ..networks import InvertibleNetwork, log_det_rule
from ..networks.base import size
from ..networks.points import decode, encode
from ..operators import Identity
from ..precision import in_precision_of, narrow, precision_of
from ..spaces import InducedSpace
from . import laws

TOLERANCES = {torch.float32: 1e-3, torch.float64: 1e-8}
"""What a law may miss by, relative to the largest entry: far above rounding in a long chain, far below a mistake."""
MOST_AXES = {"singular value decomposition": 256, "log-determinant": 128}
"""A law whose cost grows with n² points or worse is measured up to this many latent axes."""


@dataclass(frozen=True)
class Law:
    """One row: the law, its measured error, the tolerance, and whether it holds; None, and why, where nothing was measured.

    >>> Law("linearity", 2e-7, 1e-3, True).why
    ''
    """

    law: str
    error: float | None
    tolerance: float
    ok: bool | None
    why: str = ""


@dataclass(frozen=True)
class Report:
    """What `check` returns: rows of laws. `ok` says whether every law that was measured holds; `str` is a table.

    >>> print(Report((Law("linearity", 2e-7, 1e-3, True), Law("power", None, 1e-3, None, "A is not square."))))
    law        error    tolerance  ok
    linearity  2.0e-07  1.0e-03    yes
    power      -        1.0e-03    -    A is not square.
    """

    rows: tuple[Law, ...]

    @property
    def ok(self) -> bool:
        return all(row.ok is not False for row in self.rows)

    @property
    def broken(self) -> tuple[Law, ...]:
        """The rows of the laws that do not hold."""
        return tuple(row for row in self.rows if row.ok is False)

    def __iter__(self) -> Iterator[Law]:
        return iter(self.rows)

    def __getitem__(self, law: str) -> Law:
        """The row of a law by its name; KeyError for one that is not there."""
        return {row.law: row for row in self.rows}[law]

    def __str__(self) -> str:
        cells = [("law", "error", "tolerance", "ok", "")]
        cells += [
            (row.law, _shown(row.error), _shown(row.tolerance), _VERDICTS[row.ok], row.why)
            for row in self.rows
        ]
        widths = [max(map(len, column)) for column in list(zip(*cells))[:4]] + [0]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


_VERDICTS = {True: "yes", False: "no", None: "-"}


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.1e}"


@torch.no_grad()
def check(f: Linearizer | InvertibleNetwork, x: Tensor, tolerance: float | None = None) -> Report:
    """The laws of a Linearizer f, or of the space that a g induces, measured at points x (B, *in_shape), B ≥ 1.

    Finds an inverse that does not undo its forward, layers that mix the items of a batch, an operator that is not linear, a
    transpose or an algebra that disagrees with it. Errors are those of `linearizer_core.diagnostics`, relative to the
    largest entry; `tolerance` None means 1e-3 in float32 and 1e-8 in float64. A law that cannot be measured, as a power of
    an operator that is not square, is a row that says why. The laws also use latents between and beyond those of x, as
    blends do. Nothing is printed: `print(check(f, x))` does. ValueError where x are no points of f.

    >>> from linearizer_core.networks import Log, adapt
    >>> check(Log(2), torch.tensor([[1.0, 2.0], [3.0, 0.5]])).ok
    True
    >>> g = adapt((lambda x: x.log(), lambda z: z.expm1()), shape=(2,))
    >>> print(check(g, torch.tensor([[1.0, 2.0], [3.0, 0.5]]))["round trip of g"].why)
    g.inverse does not undo g: mend it first, the other laws rest on it.
    """
    if isinstance(f, InvertibleNetwork):
        f, of_g = Linearizer(f, Identity(f.out_shape[0]), f), True
    elif isinstance(f, Linearizer):
        f, of_g = fitted(f, x), False
    else:
        raise ValueError(
            f"f must be a Linearizer or an InvertibleNetwork, got {type(f).__name__}; see adapt."
        )
    x = in_precision_of(f.g_x, x, "x")
    if tuple(x.shape[1:]) != tuple(f.g_x.in_shape) or not x.dim() or not len(x):
        raise ValueError(
            f"x must be points of shape (B, {', '.join(map(str, f.g_x.in_shape))}) with B ≥ 1, got {tuple(x.shape)}."
        )
    tolerance = TOLERANCES[x.dtype] if tolerance is None else float(tolerance)
    measures = _of_networks(f, x, of_g) | ({} if of_g else _of_operator(f, x))
    return Report(tuple(_measured(name, *measure, tolerance) for name, measure in measures.items()))


def decoded_noise(f: Linearizer | InvertibleNetwork, count: int = 8, seed: int = 0) -> Tensor:
    """Points x = g_x⁻¹(z) of latents z ~ N(0, I), (count, *in_shape), where no data are at hand to `check` f at.

    >>> from linearizer_core.networks import Log
    >>> decoded_noise(Log(2), count=3).shape
    torch.Size([3, 2])
    """
    g = f if isinstance(f, InvertibleNetwork) else f.g_x
    device = next((t.device for t in (*g.parameters(), *g.buffers())), None)
    z = torch.randn(count, *g.out_shape, generator=torch.Generator().manual_seed(seed))
    return decode(g, z.to(device, precision_of(g)))


Measure = tuple[Callable[[], float], str]


def _measured(law: str, measure: Callable[[], float], broken: str, tolerance: float) -> Law:
    """A ValueError says why a law cannot be asked for; any other that a foreign network raises breaks it."""
    try:
        error = measure()
    except ValueError as reason:
        return Law(law, None, tolerance, None, f"not measured: {reason}")
    except (RuntimeError, NotImplementedError, AssertionError) as reason:
        return Law(
            law, None, tolerance, False, f"raised {type(reason).__name__}: {str(reason).splitlines()[0]}"
        )
    ok = error <= tolerance
    return Law(law, error, tolerance, ok, "" if ok else broken)


def _of_networks(f: Linearizer, x: Tensor, of_g: bool) -> dict[str, Measure]:
    """The laws of g_x, and of g_y where that is another, at x and at the images of x."""
    sides: list[tuple[str, InducedSpace, Tensor | None]] = [
        ("g" if of_g or f.g_x is f.g_y else "g_x", f.domain, x)
    ]
    if f.g_x is not f.g_y:
        sides.append(("g_y", f.codomain, None))
    measures: dict[str, Measure] = {}
    for name, X, points in sides:
        measures |= _of_network(name, X, f(x) if points is None else points)
    return measures


def _of_network(name: str, X: InducedSpace, x: Tensor) -> dict[str, Measure]:
    g = X.g
    rounds = f"{name}.inverse does not undo {name}: mend it first, the other laws rest on it."
    alone = f"{name} of an item depends on its batch: put batch statistics in eval mode."
    change = f"{name}'s log-determinant is not that of its Jacobian: likelihoods are off by it."
    axioms = f"⊕ and ⊙ of the space of {name} are no vector space."
    return {
        f"round trip of {name}": (lambda: laws.round_trip_error(g, x, _beyond(g, x)), rounds),
        f"items of {name} are apart": (lambda: _apart_error(g, x), alone),
        f"log-determinant of {name}": (lambda: _log_det_error(g, x), change),
        f"eight axioms of {name}'s space": (lambda: _worst(laws.axiom_errors(X, *_three(g, x))), axioms),
        f"projection in {name}'s space": (
            lambda: _projection_error(X, x),
            f"projections in the space of {name} fail.",
        ),
    }


def _of_operator(f: Linearizer, x: Tensor) -> dict[str, Measure]:
    """The laws of A, and of f as a map of points."""
    x, other, third = _three(f.g_x, x)
    y = third if f.g_x is f.g_y else _outputs(f, other)
    rooted = "f^½ applied twice is not f: power(A, 0.5) disagrees with A."
    return {
        "A is linear": (
            lambda: _operator_error(f, x, other),
            "A(a u + b v) is not a A u + b A v: A is not linear.",
        ),
        "linearity": (lambda: laws.linearity_error(f, x, other), "f(a⊙x ⊕ b⊙y) is not a⊙f(x) ⊕ b⊙f(y)."),
        "transpose": (
            lambda: laws.transpose_error(f, x, y),
            "⟨f(x), y⟩ is not ⟨x, fᵀ(y)⟩: A.T is not A's transpose.",
        ),
        "pseudo-inverse": (lambda: _worst(laws.penrose_errors(f, x, y)), "f⁺ misses a Penrose equation."),
        "singular value decomposition": (
            lambda: _svd_error(f, x),
            "f is not the sum of its singular points.",
        ),
        "iteration, f³": (lambda: laws.iteration_error(f, x), "f³ is not f(f(f(x)))."),
        "root, f^½": (lambda: laws.root_error(f, x), rooted),
        "exponential": (lambda: _exponential_error(f, x), "exp(tA) is not its power series."),
    }


def _worst(errors: dict[str, float]) -> float:
    return math.nan if any(map(math.isnan, errors.values())) else max(errors.values())


def _draw(z: Tensor, count: int) -> Tensor:
    """`count` latents for each of z (B, n), always the same: each axis as large as in z, with signs and sizes drawn."""
    draw = torch.rand(2, count, *z.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return narrow(torch.where(draw[0] < 0.5, -1, 1) * (0.5 + draw[1]), z) * z


def _beyond(g: InvertibleNetwork, x: Tensor) -> Tensor:
    """Latents that the axioms come across: blends of those of x with others, with weights beyond 1."""
    z = encode(g, x)
    return torch.cat([z, 0.7 * z - 1.3 * _draw(z, 1)[0]])


def _three(g: InvertibleNetwork, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """x and two more points for each of x."""
    return x, *decode(g, _draw(encode(g, x), 2))


def _outputs(f: Linearizer, x: Tensor) -> Tensor:
    """Points of the codomain near those of f, and outside its range."""
    z = encode(f.g_y, f(x))
    size = 0.3 * z.square().mean().sqrt()
    noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return decode(f.g_y, z + torch.where(size > 1e-6, size, 1) * narrow(noise, z))


def _apart_error(g: InvertibleNetwork, x: Tensor) -> float:
    z = encode(g, x)
    return laws.relative_error(torch.cat([encode(g, item[None]) for item in x[:8]]), z[:8])


def _log_det_error(g: InvertibleNetwork, x: Tensor) -> float:
    """Absolute, in nats for each axis, against the Jacobian of a few items."""
    n, most = size(g.in_shape), MOST_AXES["log-determinant"]
    if n > most:
        raise ValueError(f"the Jacobian of {n} axes is too large to hold against; up to {most} it is.")
    if log_det_rule.dispatch(type(g)) is log_det_rule.dispatch(InvertibleNetwork):
        raise ValueError(f"{type(g).__name__} has no log-determinant of its own; the Jacobian's is taken.")
    some = x[:3]
    own, wanted = (rule(g, some)[1] for rule in (log_det_rule, log_det_rule.dispatch(InvertibleNetwork)))
    return (own - wanted).abs().max().item() / n


def _projection_error(X: InducedSpace, x: Tensor) -> float:
    x, y, others = _three(X.g, x)
    return _worst(laws.projection_errors(X, x, y, onto=others[: max(1, min(3, X.g.out_shape[0] - 1))]))


def _operator_error(f: Linearizer, x: Tensor, y: Tensor, a: float = 0.7, b: float = -1.3) -> float:
    u, v, A = encode(f.g_x, x), encode(f.g_x, y), f.A
    return laws.relative_error(A(a * u + b * v), a * A(u) + b * A(v))


def _svd_error(f: Linearizer, x: Tensor) -> float:
    n, most = max(f.A.shape), MOST_AXES["singular value decomposition"]
    if n > most:
        raise ValueError(
            f"{n} singular points are too many to decode; diagnostics.svd_error(f, x) does it all the same."
        )
    return laws.svd_error(f, x)


def _exponential_error(f: Linearizer, x: Tensor) -> float:
    """Up to a time after which 20 terms are enough: for a large A the series needs more than there are digits."""
    t = 1.0
    if f.g_x is f.g_y:
        v = torch.ones_like(encode(f.g_x, x)[0])
        for _ in range(3):
            v = f.A(v / v.norm().clamp(min=torch.finfo(v.dtype).tiny))
        t = 1.0 / max(1.0, float(v.norm()))
    return laws.exponential_error(f, x, t, terms=20)
