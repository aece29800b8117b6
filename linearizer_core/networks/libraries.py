"""What each library of flows calls its two ways, its shapes and its log-determinant; none of them is imported.

A flow is known by the names of the packages that its classes come from, or by what it can do. Of each library there are
three small functions: the shapes, data to latents, latents to data.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import ComposeTransform, Transform, TransformedDistribution

Shape = tuple[int, ...]
Latents = Sequence[Tensor]
KINDS = (
    "a zuko flow, FrEIA SequenceINN or GraphINN, normflows NormalizingFlow or MultiscaleFlow, nflows Flow, a "
    "torch.distributions transform, a module with forward and inverse, or a pair of callables (forward, inverse)"
)


class Library(NamedTuple):
    """How flows of one library are read: their ways, and the shapes of a point and of its latents.

    `shapes(flow, shape, latent_shape, context)` reads what was not given from the flow; `encode(flow, x, context, log_det)`
    gives latents and, if asked, the log-determinant of each item or None; `decode(flow, latents, context)` gives points.

    >>> CALLABLES.encode((torch.exp, torch.log), torch.zeros(1, 1), None, False)
    ([tensor([[1.]])], None)
    """

    shapes: Callable[[Any, Shape | None, Shape | None, Tensor | None], tuple[Shape, list[Shape]]]
    encode: Callable[[Any, Tensor, Tensor | None, bool], tuple[Latents, Tensor | None]]
    decode: Callable[[Any, Latents, Tensor | None], Tensor]


def library_of(flow: Any) -> Library:
    """The rules for a flow, by the packages that its classes come from, or by what it can do; ValueError for others.

    >>> library_of(torch.distributions.ExpTransform()) is TRANSFORMS
    True
    """
    packages = {kind.__module__.split(".")[0] for kind in type(flow).__mro__}
    if isinstance(flow, nn.Module):
        if "zuko" in packages:
            return ZUKO
        if "FrEIA" in packages and (hasattr(flow, "shapes") or hasattr(flow, "global_out_shapes")):
            return FREIA
        if "normflows" in packages:
            return MULTISCALE if hasattr(flow, "merges") else NORMFLOWS
        if hasattr(flow, "_transform") and hasattr(flow, "_distribution"):
            return NFLOWS
    if isinstance(flow, Transform | TransformedDistribution) or (
        hasattr(flow, "base") and hasattr(flow, "transform")
    ):
        return TRANSFORMS
    pair = isinstance(flow, tuple | list) and len(flow) == 2 and all(map(callable, flow))
    if not pair and not (isinstance(flow, nn.Module) and callable(getattr(flow, "inverse", None))):
        raise ValueError(f"flow must be {KINDS}, got {type(flow).__name__}.")
    return CALLABLES


def _given(flow: Any, shape: Shape | None) -> Shape:
    if shape is None:
        raise ValueError(
            f"shape must be given for {type(flow).__name__}, which does not say of what shape its points are; call "
            "adapt(flow, shape=(n,)), without the batch."
        )
    return shape


def per_item(change: Tensor | float, items: Tensor) -> Tensor:
    """Log-determinants as one number per item, (B,): some libraries give one for all, or one per entry.

    >>> per_item(0.5, torch.zeros(2, 3)), per_item(torch.ones(2, 3), torch.zeros(2, 3))
    (tensor([0.5000, 0.5000]), tensor([3., 3.]))
    """
    change = torch.as_tensor(change, dtype=items.dtype, device=items.device)
    return (change.flatten(1).sum(1) if change.dim() > 1 else change) + items.new_zeros(len(items))


def fresh_layers(flow: Any) -> list[str]:
    """Names of the layers of a flow that take their first batch for their statistics, and have not seen one.

    >>> fresh_layers(nn.BatchNorm1d(2)), fresh_layers("no module")
    ([], [])
    """
    if not isinstance(flow, nn.Module):
        return []
    names = [
        name
        for name, layer in flow.named_modules()
        for done in (getattr(layer, "data_dep_init_done", None), getattr(layer, "initialized", None))
        if isinstance(done, Tensor) and not done.any() and (layer.training or done.dtype != torch.bool)
    ]
    return names + [
        name for name, layer in flow.named_modules() if getattr(layer, "init_on_next_batch", False)
    ]


def _shape_on_a_copy(
    decode: Callable, flow: nn.Module, latent_shapes: list[Shape], context: Tensor | None
) -> Shape:
    """The shape of g⁻¹(0): of a copy, as a first call may set statistics of its batch for good."""
    twin, like = copy.deepcopy(flow).eval(), next(flow.parameters(), torch.empty(0))
    with torch.no_grad():
        latents = [like.new_zeros(2, *shape) for shape in latent_shapes]
        return tuple(
            decode(twin, latents, None if context is None else context.expand(2, *context.shape)).shape[1:]
        )


# zuko: flow(context) is a distribution whose transform goes from data to latents
def _zuko_shapes(flow, shape, latent_shape, context):
    made = flow(context)
    if not hasattr(made, "transform") and not isinstance(made, Transform):
        raise ValueError(
            f"flow must be invertible, got zuko's {type(flow).__name__}, which has no transform."
        )
    shape = shape or (_given(flow, shape) if isinstance(made, Transform) else tuple(made.event_shape))
    return shape, [latent_shape or shape]


def _zuko_transform(flow, context):
    made = flow(context)
    return made if isinstance(made, Transform) else made.transform


def _zuko_encode(flow, x, context, log_det):
    transform = _zuko_transform(flow, context)
    z, change = transform.call_and_ladj(x) if log_det else (transform(x), None)
    return [z], change


def _zuko_decode(flow, latents, context):
    return _zuko_transform(flow, context).inv(latents[0])


ZUKO = Library(_zuko_shapes, _zuko_encode, _zuko_decode)


# FrEIA: flow(x, rev=False) goes from data to latents; a GraphINN may end in several
def _freia_shapes(flow, shape, latent_shape, context):
    if hasattr(flow, "shapes"):
        return flow.shapes[0], [flow.shapes[-1]]
    if len(flow.dims_in) != 1:
        raise ValueError(
            f"flow must have one input, got a GraphINN with {len(flow.dims_in)}; concatenate them."
        )
    return flow.dims_in[0], flow.global_out_shapes


def _freia_call(flow, given, context, **how):
    out, change = flow(given, c=None if context is None else [context], **how)
    return [out] if isinstance(out, Tensor) else list(out), change


def _freia_encode(flow, x, context, log_det):
    latents, change = _freia_call(flow, x, context, jac=log_det)
    return latents, change if log_det else None


def _freia_decode(flow, latents, context):
    given = latents[0] if len(latents) == 1 else latents
    return _freia_call(flow, given, context, rev=True, jac=False)[0][0]


FREIA = Library(_freia_shapes, _freia_encode, _freia_decode)


# normflows: every flow of a chain has forward and inverse, and its forward goes from latents to data
def _normflows_shapes(flow, shape, latent_shape, context):
    latent_shape = latent_shape or getattr(getattr(flow, "q0", None), "shape", None) or _given(flow, shape)
    return shape or _shape_on_a_copy(_normflows_decode, flow, [latent_shape], context), [latent_shape]


def _chained(flow) -> list[Any]:
    return list(flow.flows) if hasattr(flow, "q0") else [flow]


def _normflows_encode(flow, x, context, log_det):
    total = x.new_zeros(len(x))  # its own total is in torch's default dtype, whatever x is in
    for part in reversed(_chained(flow)):
        x, change = part.inverse(x) if context is None else part.inverse(x, context=context)
        total = total + per_item(change, x) if log_det else total
    return [x], total if log_det else None


def _normflows_decode(flow, latents, context):
    x = latents[0]
    for part in _chained(flow):
        x = (part(x) if context is None else part(x, context=context))[0]
    return x


NORMFLOWS = Library(_normflows_shapes, _normflows_encode, _normflows_decode)


def _multiscale_shapes(flow, shape, latent_shape, context):
    latent_shapes = [tuple(base.shape) for base in flow.q0]
    return shape or _shape_on_a_copy(_multiscale_decode, flow, latent_shapes, context), latent_shapes


def _multiscale_encode(flow, x, context, log_det):
    latents, change = flow.inverse_and_log_det(x)
    return latents, change if log_det else None


def _multiscale_decode(flow, latents, context):
    return flow.forward_and_log_det(latents)[0]


MULTISCALE = Library(_multiscale_shapes, _multiscale_encode, _multiscale_decode)


# nflows: the transform of a Flow goes from data to latents, and gives (z, log-determinant)
def _nflows_shapes(flow, shape, latent_shape, context):
    latent_shape = latent_shape or tuple(getattr(flow._distribution, "_shape", None) or _given(flow, shape))
    return shape or _shape_on_a_copy(_nflows_decode, flow, [latent_shape], context), [latent_shape]


def _nflows_parts(flow, context):
    embed = getattr(flow, "_embedding_net", None) or nn.Identity()
    return flow._transform, () if context is None else (embed(context),)


def _nflows_encode(flow, x, context, log_det):
    transform, conditions = _nflows_parts(flow, context)
    z, change = transform(x, *conditions)
    return [z], change if log_det else None


def _nflows_decode(flow, latents, context):
    transform, conditions = _nflows_parts(flow, context)
    return transform.inverse(latents[0], *conditions)[0]


NFLOWS = Library(_nflows_shapes, _nflows_encode, _nflows_decode)


# torch.distributions: a TransformedDistribution goes from latents to data, a Transform alone is taken as it is
def _transform_of(flow):
    if isinstance(flow, TransformedDistribution):
        return ComposeTransform(flow.transforms).inv
    return flow if isinstance(flow, Transform) else flow.transform


def _transform_shapes(flow, shape, latent_shape, context):
    transform = _transform_of(flow)
    if not transform.bijective:
        raise ValueError(f"flow must be invertible, got {transform}, which is not bijective.")
    if shape is None:
        shape = _given(flow, None) if isinstance(flow, Transform) else flow.batch_shape + flow.event_shape
    return shape, [latent_shape or transform.forward_shape(torch.Size(shape))]


def _transform_encode(flow, x, context, log_det):
    transform = _transform_of(flow)
    z = transform(x)
    return [z], transform.log_abs_det_jacobian(x, z) if log_det else None


def _transform_decode(flow, latents, context):
    return _transform_of(flow).inv(latents[0])


TRANSFORMS = Library(_transform_shapes, _transform_encode, _transform_decode)


# two callables, or a module with forward and inverse: x ↦ z or (z, log-determinant), and back
def _callable_shapes(flow, shape, latent_shape, context):
    shape = _given(flow, shape)
    return shape, [latent_shape or shape]


def _ways(flow) -> tuple[Callable, Callable]:
    return (flow, flow.inverse) if isinstance(flow, nn.Module) else tuple(flow)


def _called(way: Callable, given: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None]:
    out = way(given) if context is None else way(given, context)
    return (out[0], out[1]) if isinstance(out, tuple) else (out, None)


def _callable_encode(flow, x, context, log_det):
    z, change = _called(_ways(flow)[0], x, context)
    return [z], change if log_det else None


def _callable_decode(flow, latents, context):
    return _called(_ways(flow)[1], latents[0], context)[0]


CALLABLES = Library(_callable_shapes, _callable_encode, _callable_decode)
