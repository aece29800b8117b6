"""The operator A as an abstraction, and linear algebra on it: one function per capability.

Each function accepts any `LinearOperator`. A rule per type, which stands with the type in `operators`, stays on the
factors. Products, sums and new types go through `structured`: to the cheapest basic type that they equal, and where there
is none to the dense matrix, which is always right. Gradients flow to the operands' parameters.
"""

from .base import transpose
from .functions import exp, power
from .inverse import pinv
from .simplify import simplify
from .singular import SVD, check_values, singular_values, svd, truncate, with_singular_values

__all__ = [
    "SVD",
    "check_values",
    "exp",
    "pinv",
    "power",
    "simplify",
    "singular_values",
    "svd",
    "transpose",
    "truncate",
    "with_singular_values",
]
