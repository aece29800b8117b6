"""Linear algebra on operators: one function per capability, a rule per type that stays on the factors.

Each function accepts any `LinearOperator`. Products, sums and new types go through
`operators.simplify.structured`: to the cheapest basic type that they equal, and where there is none to the
dense matrix, which is always right. To teach a function a new type, register a rule for it, as in
`@pinv.register`. Gradients flow to the operands' parameters.
"""

from ..operators import transpose
from .functions import exp, power
from .inverse import pinv
from .singular import SVD, check_values, recombined, svd, truncate, with_singular_values

__all__ = [
    "SVD",
    "check_values",
    "exp",
    "pinv",
    "power",
    "recombined",
    "svd",
    "transpose",
    "truncate",
    "with_singular_values",
]
