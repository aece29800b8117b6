"""log |det dg/dx|, for training by likelihood only: a network that is never trained so never pays for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import torch
from torch import Tensor

from ..precision import narrow
from .base import Chain, Inverse, InvertibleNetwork, Log, size


def forward_and_log_det(g: InvertibleNetwork, x: Tensor) -> tuple[Tensor, Tensor]:
    r"""z = g(x) and log |det ∂g/∂x|, one number per item, as in log p(x) = log p(z) + log |det ∂g/∂x|.

    Shapes: x (*, *in_shape) to z (*, *out_shape) and (*), in nats. Each layer registers its `log_det_rule` beside its
    class; without one the whole Jacobian is built, which is right for every g and slow. ValueError for points of
    another shape.
    Source: Rezende and Mohamed, "Variational Inference with Normalizing Flows", arXiv:1505.05770.

    >>> forward_and_log_det(Log(2), torch.tensor([1.0, 2.0]))[1]     # -log 1 - log 2
    tensor(-0.6931)
    """
    batch = x.shape[: max(0, x.dim() - len(g.in_shape))]
    if tuple(x.shape[len(batch) :]) != tuple(g.in_shape):
        raise ValueError(
            f"forward_and_log_det of this {type(g).__name__} takes points of shape (*, "
            f"{', '.join(map(str, g.in_shape))}), got {tuple(x.shape)}."
        )
    z, log_det = log_det_rule(g, x if len(batch) == 1 else x.reshape(-1, *g.in_shape))
    return (z, log_det) if len(batch) == 1 else (z.reshape(*batch, *g.out_shape), log_det.reshape(batch))


@singledispatch
def log_det_rule(g: InvertibleNetwork, x: Tensor) -> tuple[Tensor, Tensor]:
    """What `forward_and_log_det` computes for one batch x (B, *in_shape); a type registers how it does that.

    >>> log_det_rule(Log(2), torch.tensor([[1.0, 2.0]]))[1]
    tensor([-0.6931])
    """
    n = size(g.in_shape)

    def single(item: Tensor) -> Tensor:
        return g(item[None].clone())[0].reshape(n)  # a copy, for a g that works in place

    try:
        jacobians = torch.func.vmap(torch.func.jacrev(single))(x)
    except RuntimeError:  # in-place operations and own autograd functions know no vmap
        jacobians = _one_by_one(single, x)
    return g(x.clone()), torch.linalg.slogdet(jacobians.reshape(len(x), n, n)).logabsdet


def _one_by_one(single: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    jacobian = torch.autograd.functional.jacobian
    rows = [jacobian(single, item, create_graph=torch.is_grad_enabled()) for item in x]
    return torch.stack(rows) if rows else x.new_zeros(0)


@log_det_rule.register
def _(g: Chain, x: Tensor) -> tuple[Tensor, Tensor]:
    y, total = g.carried(x), x.new_zeros(len(x))
    for network in g.networks:
        y, log_det = log_det_rule(network, y)
        total = total + log_det
    return narrow(y, x), narrow(total, x)


@log_det_rule.register
def _(g: Inverse, z: Tensor) -> tuple[Tensor, Tensor]:
    x = g(z)
    return x, -log_det_rule(g.network, x)[1]


@log_det_rule.register
def _(g: Log, x: Tensor) -> tuple[Tensor, Tensor]:
    z = g(x)
    return z, -z.flatten(1).sum(1)
