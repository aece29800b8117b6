"""The subjects of the tests: name -> factory. A new class adds a line here and is tested by every law."""

import torch
from torch import nn

from linearizer_core.algebra.iterated import IteratedExponential, IteratedInverse, IteratedPower
from linearizer_core.linearizer import Linearizer
from linearizer_core.models.projector import Projector
from linearizer_core.networks import (
    ActNorm,
    AdditiveCoupling,
    AffineCoupling,
    Chain,
    Flatten,
    InvertibleConv1x1,
    InvertibleLinear,
    Log,
    MixtureTransport,
    Permute,
    Squeeze,
    Translate,
    adaptive_conditioner,
    given,
    image_flow,
    photo_flow,
    plane_flow,
    resized,
    vector_flow,
)
from linearizer_core.networks.frequencies import BlockReflector, CosineTransform, Rescale
from linearizer_core.networks.lifting import Lift, OnLeading, PictureConditioner, Refiner, vector_lift
from linearizer_core.operators import (
    CircularConvolution,
    Dense,
    Diagonal,
    Exponential,
    FieldSpectrum,
    Identity,
    IdentityPlusLowRank,
    LinearOperator,
    LowRank,
    PerPosition,
    Projection,
    RoundedDiagonal,
)
from linearizer_core.recipes.faces import faces_network

SMALL_FACES = {
    "frequencies": 24,
    "rank": 8,
    "levels": (4, 8),
    "widths": (4, 4),
    "blocks": 1,
    "splits": (4, 2),
    "hidden": 4,
}
"""Arguments of the colour faces' recipe for networks as small as they come."""


def stirred(network: nn.Module, by: float = 0.1) -> nn.Module:
    """The network as training might leave it: fresh couplings are the identity, and would test little."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return network


NETWORKS = {
    "log": lambda: Log(3),
    "flatten": lambda: Flatten((2, 2, 3)),
    "squeeze": lambda: Squeeze((2, 4, 6)),
    "permute": lambda: Permute(torch.tensor([2, 0, 1])),
    "flip": lambda: Permute.flip(4),
    "actnorm on vectors": lambda: stirred(ActNorm((3,))),
    "actnorm on images": lambda: stirred(ActNorm((2, 3, 3))),
    "translate": lambda: Translate(torch.randn(3)),
    "transport to a mixture": lambda: MixtureTransport(2 * torch.randn(4, 5), leading=2),
    "transport of one axis": lambda: MixtureTransport(torch.tensor([[-3.0], [0.0], [4.0]]), leading=1),
    "linear": lambda: stirred(InvertibleLinear(5)),
    "conv 1x1": lambda: stirred(InvertibleConv1x1((3, 2, 2))),
    "affine on vectors": lambda: stirred(AffineCoupling((5,), hidden=8)),
    "affine on images": lambda: stirred(AffineCoupling((3, 4, 4), hidden=8)),
    "additive on vectors": lambda: stirred(AdditiveCoupling((5,), hidden=8)),
    "additive on images": lambda: stirred(AdditiveCoupling((3, 4, 4), hidden=8)),
    "inverse": lambda: stirred(AffineCoupling((4,), hidden=8)).inv,
    "chain of one": lambda: Chain(Log(2)),
    "chain with an inverse": lambda: Chain(stirred(InvertibleLinear(3)), stirred(InvertibleLinear(3)).inv),
    "inverse of a chain": lambda: Chain(stirred(InvertibleLinear(4)), stirred(vector_flow(4, 2, 8))).inv,
    "fresh vector flow": lambda: vector_flow(3, steps=3, hidden=8),
    "vector flow": lambda: stirred(vector_flow(3, steps=3, hidden=8)),
    "vector flow under a condition": lambda: given(stirred(vector_flow(3, 2, 8, context=2)), torch.randn(2)),
    "image flow under a condition": lambda: given(
        stirred(image_flow((1, 4, 4), (1,), (8,), context=2)), torch.randn(2)
    ),
    "fresh plane flow": lambda: plane_flow(depth=3, hidden=8),
    "plane flow": lambda: stirred(plane_flow(depth=4, hidden=8, bound=1.0)),
    "fresh image flow": lambda: image_flow((1, 4, 4), steps=[2, 1], hidden=[8, 8]),
    "image flow": lambda: stirred(image_flow((1, 4, 4), steps=[2, 1], hidden=[8, 8])),
    "affine with an adaptive conditioner": lambda: stirred(
        AffineCoupling((4, 3, 3), 6, 1.0, adaptive_conditioner)
    ),
    "photo flow": lambda: stirred(photo_flow((3, 8, 8), steps=2, hidden=6, blocks=1), by=0.02),
    "photo flow of another size": lambda: resized(
        stirred(photo_flow((3, 8, 8), 1, 6, 1), by=0.02), (3, 16, 8)
    ),
    "colour image flow": lambda: stirred(image_flow((3, 4, 4), steps=[2], hidden=[8])),
    "cosine transform": lambda: CosineTransform((3, 4, 4)),
    "cosine transform of grey pictures": lambda: CosineTransform((1, 4, 6)),
    "fresh block reflector": lambda: BlockReflector(6, 5, 2),
    "block reflector": lambda: stirred(BlockReflector(7, 5, 2)),
    "on leading axes": lambda: OnLeading(stirred(vector_flow(3, 2, 8)), 5),
    "lift": lambda: stirred(vector_lift(5, 2, 8, bound=0.7)),
    "lift of axes in the middle": lambda: Lift(6, 2, 3, nn.Linear(2, 3)),
    "lift by a picture": lambda: stirred(
        Lift(48, 3, 45, PictureConditioner(CosineTransform((3, 4, 4)), 3, 45, Refiner((3, 4, 4), 4, 1, 2)))
    ),
    "rescale": lambda: Rescale(torch.tensor([2.0, -0.5])),
    "network of faces": lambda: stirred(
        faces_network((3, 4, 4), 20, 6, (2, 6), (4, 4), 1, 2, (3, 1), 8, 0.7), by=0.05
    ),
}


class Circulant(LinearOperator):
    """An operator that only wrote `matvec`, on purpose: everything else about it is inherited."""

    def __init__(self, kernel):
        super().__init__()
        self.kernel = nn.Parameter(torch.as_tensor(kernel))
        self.shape = (6, 6)

    def matvec(self, v):
        return sum(k * v.roll(i, -1) for i, k in enumerate(self.kernel))


class Cumulative(LinearOperator):
    """An operator that wrote `rmatvec` too: running sums, and those from the end."""

    shape = (4, 4)

    def matvec(self, v):
        return v.cumsum(-1)

    def rmatvec(self, v):
        return v.flip(-1).cumsum(-1).flip(-1)


def _rotation(angle):
    c, s = torch.cos(torch.tensor(angle)), torch.sin(torch.tensor(angle))
    return torch.stack([torch.stack([c, -s]), torch.stack([s, c])])


def _symmetric(*eigenvalues):
    Q = torch.linalg.qr(torch.randn(len(eigenvalues), len(eigenvalues)))[0]
    return (Q * torch.tensor(eigenvalues)) @ Q.mT


def _orthonormal(n, k):
    return torch.linalg.qr(torch.randn(n, k)).Q


def _peak(kernels):
    """Kernels with a strong middle, so that no eigenvalue comes near the negative axis."""
    kernels[:, 1, 1] += 3
    return kernels


def _dependent(n):
    """Two columns, then their sum: rank 2."""
    U = torch.randn(n, 2)
    return torch.cat([U, U.sum(1, keepdim=True)], 1)


def _unit(n):
    return nn.functional.normalize(torch.randn(n, 1), dim=0)


def _reflection(n):
    u = _unit(n)
    return IdentityPlusLowRank(1.0, -2 * u, u)


def _singular_plus(n):
    u = _unit(n)
    return IdentityPlusLowRank(1.0, -u, u)  # I − u uᵀ


OPERATORS = {
    "dense square": lambda: Dense(torch.randn(4, 4)),
    "dense tall": lambda: Dense(torch.randn(5, 3)),
    "dense wide": lambda: Dense(torch.randn(2, 5)),
    "dense 1 by 1": lambda: Dense(torch.tensor([[-2.0]])),
    "dense positive": lambda: Dense(_symmetric(3.0, 2.0, 1.0, 0.5)),
    "dense with equal eigenvalues": lambda: Dense(_symmetric(2.0, 2.0, 2.0, 0.5)),
    "dense indefinite": lambda: Dense(_symmetric(3.0, -2.0, 1.0)),
    "dense singular": lambda: Dense(_symmetric(3.0, 1.0, 0.0, 0.0)),
    "dense singular tall": lambda: Dense(torch.randn(5, 2) @ torch.randn(2, 3)),
    "dense oblique": lambda: Dense(torch.tensor([[1.0, 2.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.0, 0.0]])),
    "dense zero": lambda: Dense(torch.zeros(3, 2)),
    "dense zero square": lambda: Dense(torch.zeros(3, 3)),
    "dense ill-conditioned": lambda: Dense(_symmetric(1.0, 1e-3, 1e-8)),
    "dense huge": lambda: Dense(1e12 * torch.randn(3, 3)),
    "dense tiny": lambda: Dense(1e-12 * torch.randn(3, 3)),
    "rotation": lambda: Dense(_rotation(1.0)),
    "shear": lambda: Dense(torch.tensor([[1.0, 1.0], [0.0, 1.0]])),
    "nilpotent": lambda: Dense(torch.tensor([[0.0, 1.0], [0.0, 0.0]])),
    "dense trained": lambda: Dense(nn.Parameter(torch.randn(3, 3))),
    "exponential": lambda: Exponential(0.5 * torch.randn(4, 4)),
    "exponential of zero": lambda: Exponential(torch.zeros(3, 3)),
    "channels": lambda: PerPosition(Dense(torch.randn(2, 2)), (2, 3)),
    "channels tall": lambda: PerPosition(Dense(torch.randn(3, 2)), (1, 3)),
    "channels of low rank": lambda: PerPosition(LowRank(torch.randn(3, 1), torch.randn(3, 1)), (2, 2)),
    "channels, exponential": lambda: PerPosition(Exponential(0.5 * torch.randn(3, 3)), (2, 2)),
    "channels composed": lambda: (
        PerPosition(Dense(torch.randn(2, 2)), (2, 3)) @ PerPosition(Exponential(torch.randn(2, 2)), (2, 3))
    ),
    "channels blended": lambda: (
        0.3 * PerPosition(Dense(torch.randn(2, 2)), (2, 3)) + 0.7 * PerPosition(Identity(2), (2, 3))
    ),
    "field spectrum": lambda: FieldSpectrum(_orthonormal(3, 2), torch.randn(2, 1, 2), _orthonormal(2, 2)),
    "field spectrum, singular": lambda: FieldSpectrum(
        _orthonormal(2, 2), torch.tensor([[[1.0, -2.0]], [[0.0, 0.5]]]), _orthonormal(2, 2)
    ),
    "convolution": lambda: CircularConvolution(torch.randn(2, 3, 3), (3, 4)),
    "convolution with a positive spectrum": lambda: CircularConvolution(
        _peak(0.2 * torch.randn(2, 3, 3)), (4, 5)
    ),
    "convolution by a full kernel": lambda: CircularConvolution(torch.randn(1, 4, 3), (4, 3)),
    "blur": lambda: CircularConvolution(torch.full((1, 1, 2), 0.5), (2, 4)),
    "convolution of channels": lambda: (
        CircularConvolution(torch.randn(2, 3, 3), (3, 3)) @ PerPosition(Dense(torch.randn(2, 2)), (3, 3))
    ),
    "convolutions composed and added": lambda: (
        2
        * CircularConvolution(torch.randn(1, 3, 3), (3, 4))
        @ CircularConvolution(torch.randn(1, 3, 3), (3, 4))
        + CircularConvolution(torch.randn(1, 1, 3), (3, 4)).T
    ),
    "diagonal": lambda: Diagonal(torch.tensor([0.5, 3.0, 2.0])),
    "diagonal singular": lambda: Diagonal(torch.tensor([2.0, 0.0, 1.0, 0.0])),
    "diagonal signed": lambda: Diagonal(torch.tensor([2.0, -3.0, -1.0])),
    "diagonal zero": lambda: Diagonal(torch.zeros(3)),
    "diagonal ill-conditioned": lambda: Diagonal(torch.tensor([1.0, 1e-9, 1e-20])),
    "rounded diagonal": lambda: RoundedDiagonal(torch.tensor([0.2, 0.9, 0.49, 0.51])),
    "rounded diagonal beyond 0 and 1": lambda: RoundedDiagonal(torch.tensor([1.7, -0.6, 0.3, -40.0, 6.0])),
    "rounded diagonal of zeros": lambda: RoundedDiagonal(torch.tensor([0.1, 0.2, -3.0])),
    "rounded diagonal of ones": lambda: RoundedDiagonal(torch.tensor([0.8, 1.2, 0.7])),
    "rounded diagonal trained": lambda: RoundedDiagonal(nn.Parameter(torch.rand(6))),
    "identity": lambda: Identity(3),
    "low rank": lambda: LowRank(torch.randn(5, 2), torch.randn(5, 2)),
    "low rank tall": lambda: LowRank(torch.randn(6, 2), torch.randn(4, 2)),
    "low rank wide": lambda: LowRank(torch.randn(3, 2), torch.randn(6, 2)),
    "low rank positive": lambda: (lambda U: LowRank(U, U))(torch.randn(6, 2)),
    "low rank of dependent factors": lambda: LowRank(_dependent(5), torch.randn(5, 3)),
    "low rank positive, dependent": lambda: (lambda U: LowRank(U, U))(_dependent(7)),
    "low rank nilpotent": lambda: LowRank(torch.eye(4)[:, :1], torch.eye(4)[:, 1:2]),
    "low rank zero": lambda: LowRank(torch.zeros(4, 2), torch.randn(4, 2)),
    "low rank of no factors": lambda: LowRank(torch.randn(4, 0), torch.randn(3, 0)),
    "low rank of no factors, square": lambda: LowRank(torch.randn(3, 0), torch.randn(3, 0)),
    "low rank of more factors than axes": lambda: LowRank(torch.randn(3, 5), torch.randn(3, 5)),
    "low rank ill-conditioned": lambda: LowRank(
        torch.randn(5, 2) * torch.tensor([1.0, 1e-7]), torch.randn(5, 2)
    ),
    "identity plus low rank": lambda: IdentityPlusLowRank(2.0, 0.3 * torch.randn(7, 2), torch.randn(7, 2)),
    "identity plus symmetric": lambda: (lambda U: IdentityPlusLowRank(1.5, U, U))(torch.randn(7, 2)),
    "identity plus dependent": lambda: IdentityPlusLowRank(1.0, _dependent(9), 0.2 * _dependent(9)),
    "identity plus zero": lambda: IdentityPlusLowRank(3.0, torch.zeros(6, 2), torch.randn(6, 2)),
    "identity plus no factors": lambda: IdentityPlusLowRank(3.0, torch.zeros(4, 0), torch.zeros(4, 0)),
    "identity plus low rank, small n": lambda: IdentityPlusLowRank(2.0, torch.randn(3, 2), torch.randn(3, 2)),
    "identity plus shear": lambda: IdentityPlusLowRank(2.0, torch.eye(5)[:, :1], torch.eye(5)[:, 1:2]),
    "identity plus low rank, c = 0": lambda: IdentityPlusLowRank(0.0, torch.randn(7, 2), torch.randn(7, 2)),
    "identity plus low rank, c < 0": lambda: IdentityPlusLowRank(-1.0, torch.randn(7, 2), torch.randn(7, 2)),
    "identity minus a direction": lambda: _singular_plus(6),
    "reflection": lambda: _reflection(6),
    "identity plus low rank, tiny c": lambda: IdentityPlusLowRank(1e-8, torch.randn(7, 2), torch.randn(7, 2)),
    "projection": lambda: Projection(torch.randn(5, 2)),
    "projection on dependent columns": lambda: Projection(_dependent(5)),
    "projection on nothing": lambda: Projection(torch.zeros(4, 2)),
    "projection on everything": lambda: Projection(torch.randn(3, 4)),
    "projection trained": lambda: Projection(nn.Parameter(torch.randn(5, 2))),
    "composed dense": lambda: Dense(torch.randn(4, 3)) @ Dense(torch.randn(3, 5)),
    "composed thin": lambda: Dense(torch.randn(5, 2)) @ Dense(torch.randn(2, 5)),
    "composed diagonal": lambda: Diagonal(torch.randn(3)) @ Diagonal(torch.tensor([1.0, 0.0, 2.0])),
    "composed low rank": lambda: Dense(torch.randn(4, 6)) @ LowRank(torch.randn(6, 2), torch.randn(5, 2)),
    "composed projection": lambda: Projection(torch.randn(5, 2)) @ Dense(torch.randn(5, 5)),
    "composed steps": lambda: (
        IdentityPlusLowRank(1.0, 0.2 * torch.randn(9, 2), torch.randn(9, 2))
        @ IdentityPlusLowRank(1.1, 0.2 * torch.randn(9, 1), torch.randn(9, 1))
    ),
    "composed with identity": lambda: Identity(3) @ Dense(torch.randn(3, 3)) @ Identity(3),
    "sum of dense": lambda: Dense(torch.randn(4, 3)) + Dense(torch.randn(4, 3)),
    "sum of low rank": lambda: (
        LowRank(torch.randn(7, 2), torch.randn(7, 2)) + LowRank(torch.randn(7, 1), torch.randn(7, 1))
    ),
    "difference of equals": lambda: (lambda A: A - A)(LowRank(torch.randn(6, 2), torch.randn(6, 2))),
    "identity plus projection": lambda: 0.5 * Identity(6) + Projection(torch.randn(6, 2)),
    "sum of diagonals": lambda: 2 * Identity(3) + Diagonal(torch.tensor([1.0, 0.0, 5.0])),
    "sum of unlike": lambda: Diagonal(torch.randn(4)) + LowRank(torch.randn(4, 1), torch.randn(4, 1)),
    "scaled": lambda: 2.5 * Dense(_symmetric(3.0, 2.0, 1.0)),
    "scaled negative": lambda: -0.5 * LowRank(torch.randn(5, 2), torch.randn(5, 2)),
    "scaled by zero": lambda: 0.0 * Dense(torch.randn(3, 3)),
    "scaled projection": lambda: -3.0 * Projection(torch.randn(5, 2)),
    "scaled trained": lambda: nn.Parameter(torch.tensor(1.5)) * Diagonal(torch.tensor([1.0, 2.0])),
    "transposed dense": lambda: Dense(torch.randn(4, 3)).T,
    "transposed low rank": lambda: LowRank(torch.randn(6, 2), torch.randn(4, 2)).T,
    "transposed plus": lambda: IdentityPlusLowRank(2.0, 0.3 * torch.randn(7, 2), torch.randn(7, 2)).T,
    "transposed composed": lambda: (Dense(torch.randn(4, 3)) @ Diagonal(torch.randn(3))).T,
    "matvec only": lambda: Circulant([3.0, 1.0, 0.5]),
    "matvec only, transposed": lambda: Circulant([3.0, 1.0, 0.5]).T,
    "matvec only, singular": lambda: Circulant([1.0, -1.0]),
    "matvec and rmatvec": lambda: Cumulative(),
    "matvec and rmatvec, transposed": lambda: Cumulative().T,
    "iterated inverse": lambda: IteratedInverse(Circulant([3.0, 1.0, 0.5])),
    "iterated inverse, singular": lambda: IteratedInverse(Circulant([1.0, -1.0])),
    "iterated power": lambda: IteratedPower(Circulant([3.0, 1.0, 0.5]), 2),
    "iterated exponential": lambda: IteratedExponential(Circulant([0.5, 0.1]), 0.7),
}


def _flow(n):
    return stirred(vector_flow(n, steps=3, hidden=8))


def _picture_flow():
    return stirred(image_flow((1, 4, 4), steps=[2, 1], hidden=[8, 8]))


def _on_one(g, A):
    return Linearizer(g, A, g)


PROJECTORS = {
    "flat, random basis": lambda: Projector(Flatten((1, 2, 2)), Projection(torch.randn(4, 2))),
    "vectors, random basis": lambda: Projector(_flow(6), Projection(torch.randn(6, 3))),
    "vectors, dependent basis": lambda: Projector(_flow(5), Projection(_dependent(5))),
    "vectors, trained basis": lambda: Projector(_flow(5), Projection(nn.Parameter(torch.randn(5, 3)))),
    "vectors, diagonal of 0 and 1": lambda: Projector(
        _flow(5), Diagonal(torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0]))
    ),
    "vectors, nothing kept": lambda: Projector(_flow(3), Diagonal(torch.zeros(3))),
    "vectors, everything kept": lambda: Projector(_flow(3), Projection(torch.randn(3, 3))),
    "pictures, leading axes": lambda: Projector(_picture_flow(), Projection(torch.eye(16, 5))),
    "pictures, rounded diagonal": lambda: Projector(
        _picture_flow(), RoundedDiagonal(nn.Parameter(3 * torch.rand(16) - 1))
    ),
}

MODELS = {
    "powers of positive numbers": lambda: _on_one(Log(3), Diagonal(torch.tensor([2.0, 0.5, 1.0]))),
    "flat": lambda: _on_one(Flatten((1, 2, 2)), Dense(_symmetric(3.0, 2.0, 1.0, 0.5))),
    "flow, dense": lambda: _on_one(_flow(4), Dense(1.5 * torch.eye(4) + 0.2 * torch.randn(4, 4))),
    "flow, singular": lambda: _on_one(_flow(4), Dense(_symmetric(1.5, 1.0, 0.0, 0.0))),
    "flow, zero": lambda: _on_one(_flow(3), Diagonal(torch.zeros(3))),
    "flow, projection": lambda: _on_one(_flow(5), Projection(torch.randn(5, 2))),
    "flow to flow, tall": lambda: Linearizer(_flow(3), Dense(torch.randn(5, 3)), _flow(5)),
    "flow to flow, wide": lambda: Linearizer(_flow(5), Dense(torch.randn(3, 5)), _flow(3)),
    "plane, rotation": lambda: _on_one(stirred(plane_flow(4, 8)), Dense(_rotation(1.0))),
    "plane, shear": lambda: _on_one(stirred(plane_flow(4, 8)), Dense(torch.tensor([[1.0, 1.0], [0.0, 1.0]]))),
    "images, diagonal": lambda: _on_one(_picture_flow(), Diagonal(torch.linspace(1, 0, 16))),
    "images, low rank": lambda: _on_one(
        _picture_flow(), LowRank(0.5 * torch.randn(16, 3), 0.5 * torch.randn(16, 3))
    ),
    "images, identity plus": lambda: _on_one(
        _picture_flow(), IdentityPlusLowRank(1.0, 0.1 * torch.randn(16, 2), torch.randn(16, 2))
    ),
    "images to vectors": lambda: Linearizer(_picture_flow(), Dense(torch.randn(3, 16)), _flow(3)),
    "images, matvec only": lambda: Linearizer(_flow(6), Circulant([1.0, 0.3]), _flow(6)),
    **{f"projector of {name}": make for name, make in PROJECTORS.items()},
}


def _pair(middle, A2, A1):
    """f₂ and f₁ that share the network in the middle."""
    return Linearizer(middle, A2, _flow(A2.shape[0])), Linearizer(_flow(A1.shape[1]), A1, middle)


PAIRS = {
    "dense": lambda: _pair(_flow(4), Dense(torch.randn(3, 4)), Dense(torch.randn(4, 2))),
    "low rank after diagonal": lambda: _pair(
        _flow(4), LowRank(torch.randn(5, 2), torch.randn(4, 2)), Diagonal(torch.randn(4))
    ),
    "through images": lambda: _pair(_picture_flow(), Dense(torch.randn(3, 16)), Dense(torch.randn(16, 2))),
    "singular": lambda: _pair(
        _flow(3), Diagonal(torch.tensor([1.0, 0.0, 2.0])), Projection(torch.randn(3, 1))
    ),
}


def points(g, count=3):
    """Random points of the space of g: decoded from the latents, so that they are valid for every g."""
    return g.inverse(torch.randn(count, *g.out_shape)).detach()
