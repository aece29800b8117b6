"""Linear operators A."""

from .base import Composed, LinearOperator, Scaled, Sum, Transposed, transpose
from .dense import Dense, as_operator
from .diagonal import Diagonal, Identity, RoundedDiagonal
from .exponential import Exponential
from .low_rank import IdentityPlusLowRank, LowRank
from .projection import Projection
from .spatial import CircularConvolution, PerPosition, apply_transfer, on_grid
from .timed import TimedGaussian, TimedLowRank, TimedLowRankGaussian, TimedOperator

__all__ = [
    "CircularConvolution",
    "Composed",
    "Dense",
    "Diagonal",
    "Exponential",
    "Identity",
    "IdentityPlusLowRank",
    "LinearOperator",
    "LowRank",
    "PerPosition",
    "Projection",
    "RoundedDiagonal",
    "Scaled",
    "Sum",
    "TimedGaussian",
    "TimedLowRank",
    "TimedLowRankGaussian",
    "TimedOperator",
    "Transposed",
    "apply_transfer",
    "as_operator",
    "on_grid",
    "transpose",
]
