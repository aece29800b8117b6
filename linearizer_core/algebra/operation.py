"""The door of every function of the algebra: what comes in is finite and in a precision that the laws hold in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, singledispatch, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

import torch
from torch import Tensor

from ..precision import check_precision, outside_autocast, precision_of
from .base import LinearOperator, Scaled, reference, settled
from .scaling import has_extremes, power_of_two, rescaled
from .simplify import Capability, OperatorLike, as_operator, simplify

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result", covariant=True)
Rule = TypeVar("Rule")


class Operation(Capability, Protocol[Arguments, Result]):
    """What `operation` makes of a function of an operator: one of a matrix too, to which a type adds its rule.

    >>> from linearizer_core.algebra import svd
    >>> known: Operation = svd
    >>> known(torch.eye(2), k=1).values
    tensor([1.])
    """

    def __call__(self, A: OperatorLike, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result: ...

    @overload
    def register(self, rule: Rule, /) -> Rule: ...
    @overload
    def register(self, kind: type, rule: Rule, /) -> Rule: ...


@overload
def operation(function: Callable[Concatenate[Any, Arguments], Result], /) -> Operation[Arguments, Result]: ...
@overload
def operation(
    *,
    read: Callable[..., tuple] | None = None,
    degree: Callable[..., float] | None = None,
    follows: bool = True,
) -> Callable[[Callable[Concatenate[Any, Arguments], Result]], Operation[Arguments, Result]]: ...
def operation(
    function: Callable | None = None,
    *,
    read: Callable[..., tuple] | None = None,
    degree: Callable[..., float] | None = None,
    follows: bool = True,
) -> Callable:
    """`singledispatch` on an operator, behind a door that is the same for all functions and all types.

    A plain matrix counts as `Dense`. ValueError for an operator in half precision, or one that holds NaN or infinity,
    and for a result that leaves the range of its precision. `read` checks the other arguments. `degree` says by which
    power of s the result grows where A does by s; then an operator of very large or small entries is brought near 1
    first, so that no square overflows. One without numbers is worked on in float64, as what comes out `follows` the
    vectors, else in torch's default.

    >>> from linearizer_core.operators import Dense, Diagonal
    >>> @operation
    ... def twice(A): return 2 * A
    >>> twice(torch.eye(2)).dense().diagonal()
    tensor([2., 2.])
    >>> twice(Diagonal(torch.tensor([torch.nan])))
    Traceback (most recent call last):
    ValueError: twice: Diagonal holds NaN or infinity; mend its entries first.
    """
    behind = partial(_behind_the_door, read=read, degree=degree, follows=follows)
    return behind if function is None else behind(function)


def _behind_the_door(
    function: Callable, read: Callable[..., tuple] | None, degree: Callable[..., float] | None, follows: bool
) -> Operation:
    rules, name = singledispatch(function), function.__name__

    @wraps(function)
    def door(A: LinearOperator, *args, **kwargs):
        A = _without_surprises(as_operator(A), name, follows)
        if 0 in A.shape:  # nothing to work on: no type knows more than a matrix does
            A = as_operator(reference(A).new_zeros(A.shape))
        if read is not None:
            args, kwargs = read(*args, **kwargs), {}
        with outside_autocast(next(_numbers(A), torch.empty(0))):
            if degree is None or not has_extremes(A):
                return _in_range(rules(A, *args, **kwargs), A, name)
            exponent, near_one = rescaled(A)
            factor = power_of_two(exponent * degree(*args, **kwargs), near_one, name)
            return _in_range(simplify(Scaled(factor, rules(near_one, *args, **kwargs))), A, name)

    door.__dict__.update(register=rules.register, dispatch=rules.dispatch, registry=rules.registry)
    return cast("Operation", door)  # a function has no attributes to a type checker


def _without_surprises(A: LinearOperator, name: str, follows: bool) -> LinearOperator:
    dtype = precision_of(A)
    if dtype is not None:
        check_precision(f"{name} of {type(A).__name__}", dtype)
    if not _finite(_numbers(A)):
        raise ValueError(f"{name}: {type(A).__name__} holds NaN or infinity; mend its entries first.")
    return _free(A) if dtype is None and follows else A


def _free(A: LinearOperator) -> LinearOperator:
    """A as one of float64 where it can be: its `matvec` may know of tensors that nobody else does."""
    fine = settled(A, torch.float64)
    if fine is not A:
        try:
            fine.matvec(torch.zeros(A.shape[1], dtype=torch.float64))
        except RuntimeError:
            return A
    return fine


def _numbers(A: LinearOperator) -> Iterator[Tensor]:
    return (t for t in (*A.parameters(), *A.buffers()) if t.is_floating_point())


def _finite(tensors: Iterator[Tensor]) -> bool:
    """NaN or infinity stays in a sum, which costs a tenth of looking at each number; a sum may also overflow by itself."""
    return all(bool(torch.isfinite(t.detach().sum())) or bool(torch.isfinite(t).all()) for t in tensors)


def _in_range(result, A: LinearOperator, name: str):
    made = _numbers(result) if isinstance(result, LinearOperator) else result
    if not _finite(made):
        raise ValueError(
            f"{name} of this {type(A).__name__} leaves the range of {precision_of(A) or torch.float64}: its numbers are too "
            "large, too small or too far apart; scale it, or use .double()."
        )
    return result
