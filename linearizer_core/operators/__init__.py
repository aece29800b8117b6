"""Linear operators A: a file per family, each type with its rules of every capability beside it."""

from ..algebra.base import Composed, LinearOperator, Scaled, Sum, Transposed, transpose
from .convolution import CircularConvolution, apply_transfer
from .dense import Dense, as_operator
from .diagonal import Diagonal, Identity, RoundedDiagonal
from .exponential import Exponential
from .grids import on_grid
from .identity_plus import IdentityPlusLowRank
from .low_rank import LowRank, recombined
from .per_position import FieldSpectrum, PerPosition
from .projection import Projection
from .timed import Stopped, TimedGaussian, TimedLowRank, TimedLowRankGaussian, TimedOperator

__all__ = [
    "CircularConvolution",
    "Composed",
    "Dense",
    "Diagonal",
    "Exponential",
    "FieldSpectrum",
    "Identity",
    "IdentityPlusLowRank",
    "LinearOperator",
    "LowRank",
    "PerPosition",
    "Projection",
    "RoundedDiagonal",
    "Scaled",
    "Stopped",
    "Sum",
    "TimedGaussian",
    "TimedLowRank",
    "TimedLowRankGaussian",
    "TimedOperator",
    "Transposed",
    "apply_transfer",
    "as_operator",
    "on_grid",
    "recombined",
    "transpose",
]
