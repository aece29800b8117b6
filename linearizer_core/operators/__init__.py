"""Linear operators A."""

from .base import Composed, LinearOperator, Scaled, Sum, Transposed, transpose
from .dense import Dense
from .diagonal import Diagonal, Identity
from .low_rank import IdentityPlusLowRank, LowRank
from .projection import Projection

__all__ = [
    "Composed",
    "Dense",
    "Diagonal",
    "Identity",
    "IdentityPlusLowRank",
    "LinearOperator",
    "LowRank",
    "Projection",
    "Scaled",
    "Sum",
    "Transposed",
    "transpose",
]
