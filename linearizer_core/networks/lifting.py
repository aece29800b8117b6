"""Layers for pictures of many pixels: few leading axes that tell most, and all others moved by what these tell."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..op_list import OpList, applied, lowered
from ..precision import narrow, wide
from .base import InvertibleNetwork, size
from .conditioners import Conditioner, mlp_conditioner
from .coupling import REACH
from .folding import folded, frozen
from .log_det import log_det_rule

OPPONENTS = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (1.0, -2.0, 1.0))
"""Brightness, red against blue, green against both: nearly the principal axes of colours in photographs."""
FINENESS = (1.0, 2.0, 5.0)
"""How much later in the order of frequencies each of the three stands: there is less to say in colour than in light."""
INPUT_GAIN, OUTPUT_GAIN = 4.0, 0.1
"""Of a `PictureConditioner`: centred pictures deviate by about 0.25, what is finer than their leading axes by a tenth."""
LONGEST = 4096  # a side; its matrix takes 128 MB in float64


class CosineTransform(InvertibleNetwork):
    r"""Pictures (*, C, H, W) to frequencies (*, n), from coarse to fine: the orthonormal cosine transform of each colour.

    Nothing is learned and nothing stored. With three channels, colours are first turned to brightness and two opponents;
    the axes come by (1 + √(u² + v²)) times the colour's `FINENESS`. Source: Ahmed, Natarajan, Rao, "Discrete Cosine
    Transform", IEEE Trans. Computers 1974 (DCT-II). ValueError unless in_shape is (1 or 3, H, W), H, W ≤ 4096.

    >>> z = CosineTransform((3, 4, 4))(torch.ones(3, 4, 4))             # one colour: one number, √n times as large
    >>> z[0].round(decimals=3), z[1:].abs().max() < 1e-6
    (tensor(6.9280), tensor(True))
    """

    order: Tensor
    places: Tensor
    colours: Tensor
    vertical: Tensor
    horizontal: Tensor

    def __init__(self, in_shape: tuple[int, int, int]) -> None:
        super().__init__()
        if len(in_shape) != 3 or in_shape[0] not in (1, 3):
            raise ValueError(f"CosineTransform: in_shape must be (1 or 3, H, W), got {tuple(in_shape)}.")
        if max(in_shape[1:]) > LONGEST:
            raise ValueError(
                f"CosineTransform: a picture must have sides of at most {LONGEST}, got {tuple(in_shape)}; "
                "cut it into tiles."
            )
        self.in_shape, self.out_shape = tuple(in_shape), (size(in_shape),)
        channels, height, width = in_shape
        rows, columns = torch.arange(height)[:, None], torch.arange(width)
        frequency = 1 + wide(rows.square() + columns.square()).sqrt()
        fineness = wide(torch.tensor(FINENESS[:channels]))[:, None, None]
        order = (1e6 * fineness * frequency).round().flatten().argsort(stable=True)  # the same on any machine
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("places", order.argsort(), persistent=False)
        for name, matrix in self._matrices().items():
            self.register_buffer(name, matrix.to(torch.get_default_dtype()), persistent=False)

    def _matrices(self) -> dict[str, Tensor]:
        channels, height, width = self.in_shape
        colours = wide(torch.tensor(OPPONENTS if channels == 3 else ((1.0,),)))
        colours = colours / colours.norm(dim=1, keepdim=True)
        return {"colours": colours, "vertical": cosines(height), "horizontal": cosines(width)}

    def _apply(self, fn, recurse: bool = True) -> CosineTransform:
        """Matrices that are orthonormal to float32 rounding only would spoil a round trip in float64."""
        super()._apply(fn, recurse)
        for name, matrix in self._matrices().items():
            setattr(self, name, narrow(matrix, getattr(self, name)))
        return self

    def forward(self, x: Tensor) -> Tensor:
        y = self.vertical @ x @ self.horizontal.transpose(0, 1)
        return (self.colours @ y.flatten(-2)).flatten(-2).index_select(-1, self.order)

    def inverse(self, z: Tensor) -> Tensor:
        y = z.index_select(-1, self.places).unflatten(-1, (self.in_shape[0], -1))
        y = (self.colours.transpose(0, 1) @ y).unflatten(-1, self.in_shape[1:])  # .mT has no name in ONNX
        return self.vertical.transpose(0, 1) @ y @ self.horizontal


def cosines(n: int) -> Tensor:
    """The orthonormal matrix (n, n) of the cosine transform of n numbers, in float64: row u is its frequency u.

    >>> cosines(2)
    tensor([[ 0.7071,  0.7071],
            [ 0.7071, -0.7071]], dtype=torch.float64)
    """
    i = wide(torch.arange(n))
    u = i[:, None]
    matrix = torch.cos(math.pi * (2 * i + 1) * u / (2 * n)) * (2 / n) ** 0.5
    matrix[0] /= 2**0.5
    return matrix


class BlockReflector(InvertibleNetwork):
    r"""A learned rotation of the first m of n axes by r block reflections: z = Uᵀ x, U = I − Y T Yᵀ, (*, n) to (*, n).

    T⁻¹ = ½ YᵀY + S − Sᵀ makes U orthogonal for *every* Y (m, r) and S (r, r), so they train freely; costs O(m r), where a
    full rotation costs m². `set_` chooses them so that given directions become the leading axes. Fresh, it turns the sign
    of the first r axes. Source: Schreiber and Van Loan, "A storage-efficient WY representation for products of
    Householder transformations", SIAM J. Sci. Stat. Comput. 1989. ValueError unless 1 ≤ r ≤ m ≤ n.

    >>> g = BlockReflector(n=3, m=2, r=1)
    >>> g(torch.tensor([1.0, 2.0, 3.0])).detach()
    tensor([-1.,  2.,  3.])
    """

    def __init__(self, n: int, m: int, r: int) -> None:
        super().__init__()
        if not 1 <= r <= m <= n:
            raise ValueError(f"BlockReflector: expected 1 ≤ r ≤ m ≤ n, got r={r}, m={m}, n={n}.")
        self.in_shape = self.out_shape = (n,)
        self.m, self.r = m, r
        self.Y = nn.Parameter(torch.eye(m, r))
        self.S = nn.Parameter(torch.zeros(r, r))

    @torch.no_grad()
    def set_(self, directions: Tensor) -> None:
        """Makes axis i point along the i-th of orthonormal `directions` (m, r), or against it: signs are chosen here.

        >>> g = BlockReflector(2, 2, 1); g.set_(torch.tensor([[0.6], [0.8]]))
        >>> g(torch.tensor([0.6, 0.8])).detach().round().abs()
        tensor([1., 0.])
        """
        if directions.shape != self.Y.shape:
            raise ValueError(
                f"directions must be {tuple(self.Y.shape)}, orthonormal columns, got {tuple(directions.shape)}."
            )
        directions = wide(directions)
        Q = torch.linalg.qr(directions).Q
        Q = Q * (Q * directions).sum(0).sign()  # QR's own signs are arbitrary
        Q = Q * torch.where(Q.diagonal() > 0, -1.0, 1.0)  # far from I: then T is well conditioned
        top = Q[: Q.shape[1]]
        self.Y.copy_(narrow(torch.eye(*Q.shape).to(Q) - Q, self.Y))
        self.S.copy_(narrow((top - top.mT) / 4, self.S))

    def forward(self, x: Tensor) -> Tensor:
        return self._turned(x, self._core().mT)

    def inverse(self, z: Tensor) -> Tensor:
        return self._turned(z, self._core())

    def _core(self) -> Tensor:
        """T⁻¹, (r, r)."""
        return 0.5 * self.Y.mT @ self.Y + self.S - self.S.mT

    def _turned(self, x: Tensor, core: Tensor) -> Tensor:
        """x − Y core⁻¹ Yᵀ x on the first m axes."""
        head, rest = x.split([len(self.Y), x.shape[-1] - len(self.Y)], -1)
        along = (head @ self.Y).reshape(-1, self.Y.shape[1])
        moved = torch.linalg.solve(core, along.mT).mT.reshape(*head.shape[:-1], -1)
        return torch.cat([head - moved @ self.Y.mT, rest], -1)


class FoldedReflector(InvertibleNetwork):
    """A `BlockReflector` with T worked out: z = x − (x Y) K on the first m axes, K = T Yᵀ, and Tᵀ Yᵀ for the inverse.

    >>> g = BlockReflector(n=3, m=2, r=1)
    >>> FoldedReflector(g).inverse(torch.tensor([-1.0, 2.0, 3.0]))
    tensor([1., 2., 3.])
    """

    Y: Tensor
    along: Tensor
    back: Tensor

    def __init__(self, g: BlockReflector) -> None:
        super().__init__()
        self.in_shape = self.out_shape = g.in_shape
        Y, S = wide(g.Y.detach()), wide(g.S.detach())
        core = 0.5 * Y.mT @ Y + S - S.mT
        for name, matrix in (("along", core), ("back", core.mT)):
            self.register_buffer(name, narrow(torch.linalg.solve(matrix, Y.mT), g.Y))
        self.register_buffer("Y", g.Y.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return self._turned(x, self.along)

    def inverse(self, z: Tensor) -> Tensor:
        return self._turned(z, self.back)

    def _turned(self, x: Tensor, K: Tensor) -> Tensor:
        head, rest = x.split([len(self.Y), x.shape[-1] - len(self.Y)], -1)
        return torch.cat([head - (head @ self.Y) @ K, rest], -1)


@folded.register
def _(g: BlockReflector) -> FoldedReflector:
    return FoldedReflector(g)


class OnLeading(InvertibleNetwork):
    """A network of r axes on the first r of n; the others stay. (*, n) to (*, n). ValueError where r > n.

    >>> from linearizer_core.networks import Log
    >>> OnLeading(Log(1), 2)(torch.tensor([1.0, 5.0]))
    tensor([0., 5.])
    """

    def __init__(self, network: InvertibleNetwork, n: int) -> None:
        super().__init__()
        if network.in_shape != network.out_shape or len(network.in_shape) != 1 or network.in_shape[0] > n:
            raise ValueError(
                f"OnLeading: expected a network of at most {n} axes to as many, got {network.in_shape} to "
                f"{network.out_shape}."
            )
        self.network = network
        self.in_shape = self.out_shape = (n,)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.network(x[..., : self._r]), x[..., self._r :]], -1)

    def inverse(self, z: Tensor) -> Tensor:
        return torch.cat([self.network.inverse(z[..., : self._r]), z[..., self._r :]], -1)

    @property
    def _r(self) -> int:
        return self.network.in_shape[0]


class Lift(InvertibleNetwork):
    r"""(x₁, x₂, x₃) ↦ (x₁, (x₂ − t(x₁)) e^{−s(x₁)}, x₃): a coupling whose first `kept` axes say what the next ones hold.

    What is left of x₂ is what x₁ cannot tell, so with zeros there the inverse fills in t(x₁), the best guess: this is the
    prediction step of a lifting scheme. `conditioner` maps (*, kept) to t, (*, moved), or where `bound` > 0 to s and t,
    (*, 2 moved), with |s| < bound. (*, n) to (*, n). ValueError unless kept + moved ≤ n.
    Source: Sweldens, "The lifting scheme: a custom-design construction of biorthogonal wavelets", 1996.

    >>> g = Lift(3, kept=1, moved=1, conditioner=nn.Identity())
    >>> g(torch.tensor([1.0, 5.0, 7.0]))
    tensor([1., 4., 7.])
    """

    def __init__(self, n: int, kept: int, moved: int, conditioner: nn.Module, bound: float = 0.0) -> None:
        super().__init__()
        if kept < 1 or moved < 1 or kept + moved > n:
            raise ValueError(
                f"Lift: kept and moved must be at least 1 and together at most {n}, got {kept}, {moved}."
            )
        self.in_shape = self.out_shape = (n,)
        self.kept, self.moved, self.bound = kept, moved, bound
        self.conditioner = conditioner

    def forward(self, x: Tensor) -> Tensor:
        return _lifted(self, x)[0]

    def inverse(self, z: Tensor) -> Tensor:
        kept, moved, others = _parts(self, z)
        log_scale, shift = _log_scale_and_shift(self, kept)
        moved = moved if log_scale is None else moved * log_scale.exp()
        return torch.cat([kept, moved + shift, others], -1)


def _parts(g: Lift, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return x.split([g.kept, g.moved, x.shape[-1] - g.kept - g.moved], -1)


def _log_scale_and_shift(g: Lift, kept: Tensor) -> tuple[Tensor | None, Tensor]:
    out = g.conditioner(kept)
    if not g.bound:
        return None, out
    raw, shift = out.chunk(2, -1)
    return g.bound * torch.tanh(raw / g.bound), shift


def _lifted(g: Lift, x: Tensor) -> tuple[Tensor, Tensor | None]:
    kept, moved, others = _parts(g, x)
    log_scale, shift = _log_scale_and_shift(g, kept)
    moved = moved - shift
    moved = moved if log_scale is None else moved * (-log_scale).exp()
    return torch.cat([kept, moved, others], -1), log_scale


class Clipped(nn.Module):
    """A conditioner that sees its input within ± `REACH`, so that far from data it goes on as a constant.

    >>> Clipped(nn.Identity())(torch.tensor([-9.0, 1.0]))
    tensor([-6.,  1.])
    """

    def __init__(self, conditioner: nn.Module) -> None:
        super().__init__()
        self.conditioner = conditioner

    def forward(self, x: Tensor) -> Tensor:
        return self.conditioner(x.clamp(-REACH, REACH))


def vector_lift(n: int, kept: int, hidden: int, bound: float) -> Lift:
    """A lift of all axes but the `kept` first by an MLP on these, which ought to have variance 1. Fresh, the identity.

    >>> vector_lift(3, kept=1, hidden=4, bound=0.5)(torch.ones(3))
    tensor([1., 1., 1.], grad_fn=<CatBackward0>)
    """
    moved = n - kept
    return Lift(n, kept, moved, Clipped(mlp_conditioner(kept, 2 * moved, hidden)), bound)


class Refiner(nn.Module):
    """Pictures (B, C, H, W) to as many, at 1/`patch` of the resolution: a convolution, residual blocks, a last one at 0.

    `places` is learned at every position and feature: on aligned pictures, an eye is where eyes are.

    >>> Refiner((3, 8, 8), width=4, blocks=1, patch=4)(torch.rand(2, 3, 8, 8)).abs().max()
    tensor(0., grad_fn=<MaxBackward1>)
    """

    def __init__(self, in_shape: tuple[int, int, int], width: int, blocks: int, patch: int) -> None:
        super().__init__()
        channels, height, columns = in_shape[0] * patch**2, in_shape[1] // patch, in_shape[2] // patch
        self.in_shape, self.width, self.blocks, self.patch = tuple(in_shape), width, blocks, patch
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.places = nn.Parameter(torch.zeros(width, height, columns))
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2 * blocks))
        self.leave = nn.Conv2d(width, channels, 3, padding=1)
        for layer in (*self.convolutions[1::2], self.leave):  # each block starts as the identity
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        h = self.enter(F.pixel_unshuffle(x, self.patch)) + self.places
        for first, second in zip(self.convolutions[::2], self.convolutions[1::2]):
            h = h + second(F.silu(first(F.silu(h))))
        return F.pixel_shuffle(self.leave(F.silu(h)), self.patch)


class PictureConditioner(nn.Module):
    """The `kept` leading axes are shown as a picture, a network refines it, and the next `moved` axes of that are given.

    `to_axes` is what makes axes of pictures, linear and orthonormal; it is shared with the g that this is a part of, not
    copied. (*, kept) to (*, moved). Inside `mixed_precision` the network, and it alone, computes in bfloat16.

    >>> c = PictureConditioner(CosineTransform((3, 8, 8)), 2, 9, Refiner((3, 8, 8), width=4, blocks=1, patch=4))
    >>> c(torch.ones(5, 2)).shape
    torch.Size([5, 9])
    """

    def __init__(self, to_axes: InvertibleNetwork, kept: int, moved: int, network: nn.Module) -> None:
        super().__init__()
        self.to_axes, self.kept, self.moved = to_axes, kept, moved
        self.network = network if isinstance(network, Conditioner) else Conditioner(network)

    def forward(self, c: Tensor) -> Tensor:
        z = F.pad(c.reshape(-1, self.kept), (0, self.to_axes.out_shape[0] - self.kept))
        picture = self.network(INPUT_GAIN * self.to_axes.inverse(z))
        told = self.to_axes(OUTPUT_GAIN * picture)[..., self.kept : self.kept + self.moved]
        return told.reshape(*c.shape[:-1], self.moved)


class Rescale(InvertibleNetwork):
    """z = factors · x axis by axis, (*, n) to (*, n), with fixed `factors` (n,), none 0, in a buffer.

    >>> Rescale(torch.tensor([2.0, 4.0]))(torch.ones(2))
    tensor([2., 4.])
    """

    factors: Tensor

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.register_buffer("factors", factors.detach().clone())
        self.in_shape = self.out_shape = tuple(factors.shape)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factors

    def inverse(self, z: Tensor) -> Tensor:
        return z / self.factors


@folded.register
def _(g: OnLeading) -> OnLeading:
    return OnLeading(folded(g.network), g.in_shape[0])


@folded.register
def _(g: Lift) -> InvertibleNetwork:
    quick = frozen(copy.deepcopy(g))
    for part in list(quick.modules()):
        if isinstance(part, PictureConditioner):
            part.to_axes = folded(part.to_axes)
    return quick


@log_det_rule.register(CosineTransform)
@log_det_rule.register(BlockReflector)
def _(g: CosineTransform | BlockReflector, x: Tensor) -> tuple[Tensor, Tensor]:
    return g(x), x.new_zeros(len(x))  # orthonormal


@log_det_rule.register
def _(g: OnLeading, x: Tensor) -> tuple[Tensor, Tensor]:
    r = g.network.in_shape[0]
    z, log_det = log_det_rule(g.network, x[:, :r])
    return torch.cat([z, x[:, r:]], 1), log_det


@log_det_rule.register
def _(g: Lift, x: Tensor) -> tuple[Tensor, Tensor]:
    z, log_scale = _lifted(g, x)
    return z, x.new_zeros(len(x)) if log_scale is None else -log_scale.sum(1)


@log_det_rule.register
def _(g: Rescale, x: Tensor) -> tuple[Tensor, Tensor]:
    return g(x), g.factors.abs().log().sum().expand(len(x))


# --- as calls of kernels -----------------------------------------------------------------------------------
@lowered.register
def _(g: CosineTransform, ops: OpList, at: int, back: bool) -> int:
    channels, height, width = g.in_shape
    matrices = {name: matrix.mT if back else matrix for name, matrix in g._matrices().items()}
    if back:
        at = ops.gathered(at, g.places)
        at = ops.mixed(at, matrices["colours"], positions=height * width)
    at = ops.mixed(at, matrices["vertical"], positions=width, times=channels)
    at = ops.mixed(at, matrices["horizontal"], times=channels * height)
    if back:
        return at
    return ops.gathered(ops.mixed(at, matrices["colours"], positions=height * width), g.order)


@lowered.register
def _(g: FoldedReflector, ops: OpList, at: int, back: bool) -> int:
    with ops.borrowed():
        along = ops.mixed(at, g.Y.mT)
        away = ops.mixed(along, (g.back if back else g.along).mT)
        ops.call("add", at, away, len(g.Y), -1)
    return at


@lowered.register
def _(g: OnLeading, ops: OpList, at: int, back: bool) -> int:
    found = lowered(g.network, ops, at, back)
    if found != at:
        ops.call("copy", at, found, g.network.in_shape[0])
    return at


@lowered.register
def _(g: Lift, ops: OpList, at: int, back: bool) -> int:
    moved = at + g.kept
    with ops.borrowed():
        told, _ = applied(g.conditioner, ops, at, (g.kept,))
        if g.bound:
            ops.call("couple", moved, told, told + g.moved, g.moved, g.bound, 1 if back else -1)
        else:
            ops.call("add", moved, told, g.moved, 1 if back else -1)
    return at


@lowered.register
def _(g: Rescale, ops: OpList, at: int, back: bool) -> int:
    scale = 1 / wide(g.factors) if back else g.factors
    ops.call("affine", at, ops.weight(scale), ops.weight(torch.zeros_like(scale)), len(scale), 1)
    return at


@applied.register
def _(layer: Clipped, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    seen = ops.room(size(shape))
    ops.call("clamp", seen, at, size(shape), REACH)
    return applied(layer.conditioner, ops, seen, shape)


@applied.register
def _(layer: Refiner, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    places = wide(torch.arange(size(layer.in_shape))).reshape(1, *layer.in_shape)
    patches = F.pixel_unshuffle(places, layer.patch)
    h, inside = applied(layer.enter, ops, ops.gathered(at, patches.flatten()), tuple(patches.shape[1:]))
    count = size(inside)
    ops.call("plus", h, ops.weight(layer.places), count)
    for first, second in zip(layer.convolutions[::2], layer.convolutions[1::2]):
        with ops.borrowed():
            seen = ops.room(count)
            ops.call("copy", seen, h, count)
            ops.call("silu", seen, count)
            seen, _ = applied(first, ops, seen, inside)
            ops.call("silu", seen, count)
            seen, _ = applied(second, ops, seen, inside)
            ops.call("add", h, seen, count, 1)
    ops.call("silu", h, count)
    h, outside = applied(layer.leave, ops, h, inside)
    order = F.pixel_shuffle(wide(torch.arange(size(outside))).reshape(1, *outside), layer.patch)
    return ops.gathered(h, order.flatten()), layer.in_shape


@applied.register
def _(layer: PictureConditioner, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    n, picture = layer.to_axes.out_shape[0], layer.to_axes.in_shape
    shown = ops.room(n)
    ops.call("fill", shown, n, 0)
    ops.call("copy", shown, at, layer.kept)
    shown = lowered(layer.to_axes, ops, shown, True)
    ops.call("scale", shown, n, INPUT_GAIN)
    told, _ = applied(layer.network, ops, shown, picture)
    ops.call("scale", told, n, OUTPUT_GAIN)
    return lowered(layer.to_axes, ops, told, False) + layer.kept, (layer.moved,)
