"""Linear operators A."""

from .base import Composed, LinearOperator, Scaled, Sum, Transposed, transpose
from .dense import Dense
from .diagonal import Diagonal, Identity, RoundedDiagonal
from .low_rank import IdentityPlusLowRank, LowRank
from .projection import Projection
from .timed import TimedGaussian, TimedLowRank, TimedLowRankGaussian, TimedOperator

__all__ = [
    "Composed",
    "Dense",
    "Diagonal",
    "Identity",
    "IdentityPlusLowRank",
    "LinearOperator",
    "LowRank",
    "Projection",
    "RoundedDiagonal",
    "Scaled",
    "Sum",
    "TimedGaussian",
    "TimedLowRank",
    "TimedLowRankGaussian",
    "TimedOperator",
    "Transposed",
    "transpose",
]
