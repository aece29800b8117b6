"""The second of the two abstractions: a linear operator A, and what can be built from operators."""

from __future__ import annotations

import abc
import copy
import inspect
from collections.abc import Callable
from functools import singledispatch
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..precision import check_floats, in_precision_of, outside_autocast, precision_of, wide

Part = TypeVar("Part", bound=nn.Module)


class LinearOperator(nn.Module, abc.ABC):
    r"""A linear map of vectors in the last dimension: (*, n) to (*, m), with `shape == (m, n)`.

    A new operator sets `shape` and writes `matvec`, and `rmatvec` for Aᵀ v where it knows a faster way than automatic
    differentiation; calling it checks the size of the vectors first. Everything else (`@`, `+`, `-`, `c * A`, `.T`,
    `.dense()`, and all of `linearizer_core.algebra`) then works, by a dense or automatic route, and by iteration where a
    side is above 1 024; a rule registered for the type only makes it cheaper.
    Operators are real, in float32 or float64; A v comes in the precision of v, worked out in that of A. One that
    holds no numbers works in any, and follows `.double()` all the same. `A @ B` applies B first. Nothing is copied: a
    result holds its operands, so their parameters keep training.

    >>> class Shift(LinearOperator):                             # (v1, v2, v3) -> (0, v1, v2)
    ...     shape = (3, 3)
    ...     def matvec(self, v): return torch.cat([torch.zeros_like(v[..., :1]), v[..., :-1]], -1)
    >>> Shift()(torch.tensor([1.0, 2.0, 3.0]))
    tensor([0., 1., 2.])
    >>> (2 * Shift().T @ Shift()).dense()
    tensor([[2., 0., 0.],
            [0., 2., 0.],
            [0., 0., 0.]])
    """

    shape: tuple[int, int]
    __array_ufunc__ = None  # a NumPy number times A is c * A, not an array of objects
    _like: Tensor | None = None  # what an operator without numbers was last moved to

    @abc.abstractmethod
    def matvec(self, v: Tensor) -> Tensor: ...

    def forward(self, v: Tensor) -> Tensor:
        exact = in_precision_of(self, check_size(self, check_floats("v", v)), "v")
        with outside_autocast(v):
            out = self.matvec(exact).to(v.dtype)
            if (
                v.dtype == torch.float64 != exact.dtype
            ):  # what its own precision cannot hold goes in as a second part
                out = out + self.matvec((v - exact).to(exact.dtype))
            return out

    def dense(self, dtype: torch.dtype | None = None) -> Tensor:
        """The matrix (m, n) of this operator, in its own precision or in the one asked for."""
        return to_dense(self) if dtype is None else to_dense(settled(self, dtype)).to(dtype)

    @property
    def T(self) -> LinearOperator:
        """The transpose as an operator of its own; `A.T.T is A`."""
        return transpose(self)

    def __matmul__(self, first: LinearOperator) -> LinearOperator:
        return Composed(self, first) if isinstance(first, LinearOperator) else NotImplemented

    def __add__(self, other: LinearOperator) -> LinearOperator:
        return Sum(self, other) if isinstance(other, LinearOperator) else NotImplemented

    def __sub__(self, other: LinearOperator) -> LinearOperator:
        return Sum(self, -other) if isinstance(other, LinearOperator) else NotImplemented

    def __mul__(self, c: float | Tensor) -> LinearOperator:
        return NotImplemented if isinstance(c, LinearOperator) else Scaled(c, self)

    def __truediv__(self, c: float | Tensor) -> LinearOperator:
        return NotImplemented if isinstance(c, LinearOperator) else Scaled(1 / c, self)

    def __neg__(self) -> LinearOperator:
        return Scaled(-1.0, self)

    __rmul__ = __mul__

    def extra_repr(self) -> str:
        """The shape, the constants that the operator was made with, and the shapes of its factors."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        held = {**vars(self), **self._parameters, **self._buffers}
        told = [_told(name, held[name], self.shape) for name in names if name in held]
        return ", ".join([f"shape={tuple(self.shape)}", *filter(None, told)])

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> LinearOperator:
        """Remembers a dtype and a device also where there are no numbers to move."""
        before = reference(self).dtype
        super()._apply(fn, recurse)
        self._like = fn(torch.empty(0) if self._like is None else self._like)
        settle(self, before)
        return self


def _told(name: str, value: object, shape: tuple[int, int]) -> str:
    """`name=value` of a constant, `name (m, r)` of a tensor; nothing where it says no more than the operator's shape."""
    if isinstance(value, Tensor):
        sides = tuple(value.shape)
        said = f"{name} {sides}" if sides != tuple(shape)[: len(sides)] else ""
        return said if sides else f"{name}={value.item():.4g}"
    return f"{name}={value}" if isinstance(value, int | float | str | tuple) else ""


@singledispatch
def settle(A: LinearOperator, before: torch.dtype) -> None:
    """What is left to do once A was moved from the dtype `before`: nothing, where its type has no rule.

    >>> from linearizer_core.operators import Identity
    >>> settle(Identity(2), torch.float32)
    """


def check_size(A: LinearOperator, v: Tensor) -> Tensor:
    """v itself if A can take it, v of shape (*, n) with `A.shape == (m, n)`; ValueError otherwise.

    >>> from linearizer_core.operators import Identity
    >>> check_size(Identity(2), torch.zeros(5, 3))
    Traceback (most recent call last):
    ValueError: Identity takes vectors of size 2 in the last dimension, got shape (5, 3); apply g_x first.
    """
    if v.dim() == 0 or v.shape[-1] != A.shape[1]:
        raise ValueError(
            f"{type(A).__name__} takes vectors of size {A.shape[1]} in the last dimension, "
            f"got shape {tuple(v.shape)}; apply g_x first."
        )
    return v


def check_square(A: LinearOperator, what: str) -> None:
    """ValueError unless A maps a space into itself, as `what` (a power, an exponential) needs.

    >>> from linearizer_core.operators import Dense
    >>> check_square(Dense(torch.zeros(2, 3)), "power")
    Traceback (most recent call last):
    ValueError: power needs a square operator, got Dense of shape (2, 3).
    """
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"{what} needs a square operator, got {type(A).__name__} of shape {tuple(A.shape)}.")


def reference(A: nn.Module) -> Tensor:
    """The largest tensor that A holds: its dtype and device are A's. Without any, what A was moved to, or torch's default.

    >>> from linearizer_core.operators import Diagonal
    >>> reference(Diagonal(torch.ones(2, dtype=torch.float64))).dtype
    torch.float64
    """
    held = [t for t in (*A.parameters(), *A.buffers()) if t.is_floating_point() and t.dim()]
    if held:
        return max(held, key=Tensor.numel)
    moved = (getattr(part, "_like", None) for part in A.modules())
    return next((like for like in moved if like is not None), torch.empty(0))


def settled(A: LinearOperator, dtype: torch.dtype) -> LinearOperator:
    """A itself; where it holds no numbers, and was never moved, a shallow copy of it that counts as `dtype`.

    >>> from linearizer_core.operators import Identity
    >>> settled(Identity(1), torch.float64).dense()
    tensor([[1.]], dtype=torch.float64)
    """
    free = precision_of(A) is None and all(getattr(part, "_like", None) is None for part in A.modules())
    return _shallow_copy(A, torch.empty(0, dtype=dtype)) if free else A


def _shallow_copy(A: Part, like: Tensor) -> Part:
    twin = copy.copy(A)
    twin._modules = {
        name: None if part is None else _shallow_copy(part, like) for name, part in A._modules.items()
    }
    twin._like = like
    return twin


def eye_like(A: LinearOperator) -> Tensor:
    """The identity matrix (n, n) that A can be applied to, of its dtype and on its device.

    >>> from linearizer_core.operators import LowRank
    >>> eye_like(LowRank(torch.ones(3, 1), torch.ones(2, 1)))
    tensor([[1., 0.],
            [0., 1.]])
    """
    like = reference(A)
    return torch.eye(A.shape[1], dtype=like.dtype, device=like.device)


def keep(module: nn.Module, name: str, value: Tensor, dims: int) -> Tensor:
    """Gives `module` the tensor `value` as `name`: an nn.Parameter stays one, any other is a buffer.

    ValueError unless `value` is a real floating-point tensor with `dims` dimensions.

    >>> layer = nn.Module()
    >>> keep(layer, "values", torch.ones(2), dims=1)
    tensor([1., 1.])
    >>> list(layer.state_dict())
    ['values']
    """
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.dim() != dims:
        got = (
            f"{value.dtype} of shape {tuple(value.shape)}"
            if isinstance(value, Tensor)
            else type(value).__name__
        )
        raise ValueError(
            f"{type(module).__name__}: {name} must be a real floating-point tensor with {dims} dimension(s), "
            f"got {got}."
        )
    if isinstance(value, nn.Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)
    return value


class Composed(LinearOperator):
    """A B: `first` B, then `second` A. What `A @ B` makes. ValueError where the sizes do not fit.

    >>> from linearizer_core.operators import Diagonal
    >>> A, B = Diagonal(torch.tensor([2.0, 3.0])), Diagonal(torch.tensor([1.0, 10.0]))
    >>> (A @ B)(torch.ones(2))
    tensor([ 2., 30.])
    """

    def __init__(self, second: LinearOperator, first: LinearOperator) -> None:
        super().__init__()
        if second.shape[1] != first.shape[0]:
            raise ValueError(
                f"A @ B: A takes vectors of size {second.shape[1]}, B gives size {first.shape[0]} (shapes "
                f"{tuple(second.shape)} and {tuple(first.shape)}); B is applied first."
            )
        self.second, self.first = second, first
        self.shape = (second.shape[0], first.shape[1])

    def matvec(self, v: Tensor) -> Tensor:
        return self.second(self.first(v))


class Sum(LinearOperator):
    """A + B. What `A + B` and `A - B` make. ValueError where the shapes differ.

    >>> from linearizer_core.operators import Identity
    >>> (Identity(2) + Identity(2))(torch.ones(2))
    tensor([2., 2.])
    """

    def __init__(self, left: LinearOperator, right: LinearOperator) -> None:
        super().__init__()
        if tuple(left.shape) != tuple(right.shape):
            raise ValueError(f"A + B needs equal shapes, got {tuple(left.shape)} and {tuple(right.shape)}.")
        self.left, self.right = left, right
        self.shape = left.shape

    def matvec(self, v: Tensor) -> Tensor:
        return self.left(v) + self.right(v)


class Scaled(LinearOperator):
    """c A for a number or a 0-dimensional tensor c (a Parameter trains). `c * A`, `A / c` and `-A` make it.

    >>> from linearizer_core.operators import Identity
    >>> (-3 * Identity(2))(torch.ones(2))
    tensor([-3., -3.])
    """

    def __init__(self, c: float | Tensor, operator: LinearOperator) -> None:
        super().__init__()
        # where there are no other numbers, c alone says how exact the product is
        like = reference(operator) if precision_of(operator) else wide(reference(operator))
        self.c = keep(self, "c", c if isinstance(c, Tensor) else like.new_tensor(float(c)), dims=0)
        self.operator = operator
        self.shape = operator.shape

    def matvec(self, v: Tensor) -> Tensor:
        return self.c * self.operator(v)


class Transposed(LinearOperator):
    """Aᵀ, for any A, holding A itself. What `A.T` makes; `A.T.T is A`.

    >>> from linearizer_core.operators import Dense
    >>> Dense(torch.tensor([[1.0, 2.0]])).T(torch.tensor([1.0]))
    tensor([1., 2.])
    """

    def __init__(self, operator: LinearOperator) -> None:
        super().__init__()
        self.operator = operator
        self.shape = (operator.shape[1], operator.shape[0])

    def matvec(self, v: Tensor) -> Tensor:
        return transposed_matvec(self.operator, v)


@singledispatch
def transpose(A: LinearOperator) -> LinearOperator:
    """Aᵀ with ⟨A v, w⟩ = ⟨v, Aᵀ w⟩, (m, n) to (n, m), sharing A's tensors. Symmetric types return A itself.

    >>> from linearizer_core.operators import Dense
    >>> A = Dense(torch.tensor([[1.0, 2.0]]))
    >>> transpose(A).dense(), transpose(transpose(A)) is A
    (tensor([[1.],
            [2.]]), True)
    """
    return Transposed(A)


@transpose.register
def _(A: Transposed) -> LinearOperator:
    return A.operator


@singledispatch
def transposed_matvec(A: LinearOperator, v: Tensor) -> Tensor:
    """Aᵀ v for v (*, m): a rule per type, its `rmatvec` where it wrote one, else automatic differentiation.

    The derivative of v ↦ A v is A, so pulling v back through it (reverse mode) is Aᵀ v. Gradients flow
    through it.

    >>> from linearizer_core.operators import Dense
    >>> transposed_matvec(Dense(torch.tensor([[1.0, 2.0]])), torch.tensor([3.0]))
    tensor([3., 6.])
    """
    own: Callable[[Tensor], Tensor] | None = getattr(A, "rmatvec", None)
    if own is not None:
        return own(v)
    origin = v.new_zeros(*v.shape[:-1], A.shape[1])
    return torch.func.vjp(A.matvec, origin)[1](v)[0]


@transposed_matvec.register
def _(A: Composed, v: Tensor) -> Tensor:
    return A.first.T(A.second.T(v))


@transposed_matvec.register
def _(A: Sum, v: Tensor) -> Tensor:
    return A.left.T(v) + A.right.T(v)


@transposed_matvec.register
def _(A: Scaled, v: Tensor) -> Tensor:
    return A.c * A.operator.T(v)


@singledispatch
def to_dense(A: LinearOperator) -> Tensor:
    """The matrix (m, n) of A: its images of the unit vectors, or what a cheaper rule of its type says.

    >>> from linearizer_core.operators import Diagonal
    >>> to_dense(Diagonal(torch.tensor([1.0, 2.0])))
    tensor([[1., 0.],
            [0., 2.]])
    """
    return A(eye_like(A)).mT


@to_dense.register
def _(A: Transposed) -> Tensor:
    return A.operator.dense().mT


@to_dense.register
def _(A: Composed) -> Tensor:
    dtype = reference(A).dtype
    return A.second.dense(dtype) @ A.first.dense(dtype)
