"""One operator out of many: products and sums of structured operators on as few factors as possible.

What a type knows of itself beside others stands with the type, as rules of `multiple`, `own_transpose`, `product`,
`product_after` and `total`; a rule answers NotImplemented where it knows nothing, as Python's own operators do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from .base import Composed, LinearOperator, Scaled, Sum, Transposed

OperatorLike = LinearOperator | Tensor | nn.Linear | np.ndarray
"""What `as_operator` reads: an operator, or a matrix (m, n) that stands for one."""


class Capability(Protocol):
    """A function of an operator with a rule per type, such as `svd`: made by `operation`, or by `singledispatch`.

    >>> from linearizer_core.operators import Identity
    >>> capability: Capability = own_transpose
    >>> capability.dispatch(Identity)(Identity(2)).shape
    (2, 2)
    """

    def dispatch(self, cls: type, /) -> Callable[..., Any]: ...


@singledispatch
def simplify(A: LinearOperator) -> LinearOperator:
    """The same operator in the cheapest form that its types allow, found on the factors.

    Products and sums of diagonal operators are one `Diagonal`; a product with a `LowRank` factor is one
    `LowRank`; products and sums of scaled identities plus low rank are one `IdentityPlusLowRank` while the
    ranks add up to less than n; what acts alike on the channels of every position, or convolves, stays that.
    Where no such rule holds the operator comes back as it is. Gradients flow to the operands.

    >>> import torch
    >>> from linearizer_core.operators import Identity, LowRank
    >>> u = torch.ones(1000, 1)
    >>> A = Identity(1000) + 0.5 * LowRank(u, u)
    >>> simplify(A @ A.T)
    IdentityPlusLowRank(shape=(1000, 1000), scale=1, U (1000, 2), V (1000, 2))
    """
    return A


@simplify.register
def _(A: Transposed) -> LinearOperator:
    return own_transpose(simplify(A.operator))


@simplify.register
def _(A: Scaled) -> LinearOperator:
    return multiple(simplify(A.operator), A.c)


@simplify.register
def _(A: Composed) -> LinearOperator:
    second, first = simplify(A.second), simplify(A.first)
    made = product(second, first)
    made = product_after(first, second) if made is NotImplemented else made
    return Composed(second, first) if made is NotImplemented else made


@simplify.register
def _(A: Sum) -> LinearOperator:
    left, right = simplify(A.left), simplify(A.right)
    made = total(left, right)
    made = total(right, left) if made is NotImplemented else made
    return Sum(left, right) if made is NotImplemented else made


def structured(A: LinearOperator, capability: Capability | None = None) -> LinearOperator:
    """`simplify(A)` where that is one operator, on whose type `capability` (None: any) has a rule; else A's matrix.

    The matrix is always right. A capability, such as `svd`, calls it for the types that it has no rule for.

    >>> import torch
    >>> from linearizer_core.operators import Diagonal, Identity
    >>> structured(Identity(2) + Diagonal(torch.tensor([1.0, 2.0]))).values
    tensor([2., 3.])
    """
    B = simplify(A)
    known = (capability is None or has_rule(B, capability)) and not isinstance(
        B, Composed | Sum | Scaled | Transposed
    )
    return B if known else as_matrix(B)


def has_rule(A: LinearOperator, capability: Capability) -> bool:
    """Whether a capability, such as `svd`, knows the type of A.

    >>> from linearizer_core.algebra import pinv
    >>> from linearizer_core.operators import Identity
    >>> has_rule(Identity(2), pinv), has_rule(Identity(2) + Identity(2), pinv)
    (True, False)
    """
    return capability.dispatch(type(A)) is not capability.dispatch(LinearOperator)


def as_matrix(A: LinearOperator) -> LinearOperator:
    """A as a `Dense`, on which every capability has a rule.

    >>> from linearizer_core.operators import Identity
    >>> as_matrix(Identity(2)).matrix
    tensor([[1., 0.],
            [0., 1.]])
    """
    from ..operators.dense import Dense  # whose rules register with what is written here

    return Dense(A.dense())


def as_operator(A: object) -> LinearOperator:
    """A itself, or a plain matrix (m, n) as a `Dense`: see `operators.as_operator`.

    >>> import torch
    >>> as_operator(torch.eye(2))
    Dense(shape=(2, 2))
    """
    if isinstance(A, LinearOperator):
        return A
    from ..operators.dense import as_operator as read

    return read(A)


@singledispatch
def multiple(A: LinearOperator, c: Tensor) -> LinearOperator:
    """c A for a 0-dimensional c: in A's own form where its type has a rule.

    >>> import torch
    >>> from linearizer_core.operators import Diagonal
    >>> multiple(Diagonal(torch.ones(2)), torch.tensor(3.0)).values
    tensor([3., 3.])
    """
    return Scaled(c, A)


@singledispatch
def own_transpose(A: LinearOperator) -> LinearOperator:
    """Aᵀ in A's own form where its type has a rule, else `A.T`.

    >>> import torch
    >>> from linearizer_core.operators import Dense
    >>> own_transpose(Dense(torch.tensor([[1.0, 2.0]])))
    Dense(shape=(2, 1))
    """
    return A.T


@singledispatch
def product(second: LinearOperator, first: LinearOperator) -> LinearOperator:
    """The operator `second` `first` as the type of `second` knows it; NotImplemented where it does not.

    >>> import torch
    >>> from linearizer_core.operators import Dense, Diagonal
    >>> A = Diagonal(torch.tensor([2.0, 3.0]))
    >>> product(A, A).values, product(A, Dense(torch.eye(2)))
    (tensor([4., 9.]), NotImplemented)
    """
    return NotImplemented


@singledispatch
def product_after(first: LinearOperator, second: LinearOperator) -> LinearOperator:
    """The operator `second` `first` as the type of `first` knows it, asked where `product` does not know.

    >>> import torch
    >>> from linearizer_core.operators import Dense, LowRank
    >>> u = torch.ones(2, 1)
    >>> product_after(LowRank(u, u), Dense(torch.eye(2)))
    LowRank(shape=(2, 2), U (2, 1), V (2, 1))
    """
    return NotImplemented


@singledispatch
def total(A: LinearOperator, B: LinearOperator) -> LinearOperator:
    """A + B as the type of A knows it, asked both ways round; NotImplemented where it does not.

    >>> import torch
    >>> from linearizer_core.operators import Diagonal
    >>> total(Diagonal(torch.ones(2)), Diagonal(torch.ones(2))).values
    tensor([2., 2.])
    """
    return NotImplemented
