"""Linear layers for pictures of many pixels: their frequencies, a learned rotation of the leading ones, a scale for each."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..op_list import OpList, lowered
from ..precision import narrow, wide
from .base import InvertibleNetwork, size
from .folding import folded
from .log_det import log_det_rule

OPPONENTS = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (1.0, -2.0, 1.0))
"""Brightness, red against blue, green against both: nearly the principal axes of colours in photographs."""
FINENESS = (1.0, 2.0, 5.0)
"""How much later in the order of frequencies each of the three stands: there is less to say in colour than in light."""
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


@log_det_rule.register(CosineTransform)
@log_det_rule.register(BlockReflector)
def _(g: CosineTransform | BlockReflector, x: Tensor) -> tuple[Tensor, Tensor]:
    return g(x), x.new_zeros(len(x))  # orthonormal


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
def _(g: Rescale, ops: OpList, at: int, back: bool) -> int:
    scale = 1 / wide(g.factors) if back else g.factors
    ops.call("affine", at, ops.weight(scale), ops.weight(torch.zeros_like(scale)), len(scale), 1)
    return at
