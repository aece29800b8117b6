"""Flows of other libraries as an `InvertibleNetwork`, each with its own log-determinant: a Jacobian may cost minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Transform, TransformedDistribution

from .base import InvertibleNetwork, size
from .libraries import Library, Shape, fresh_layers, library_of, per_item
from .log_det import log_det_rule


class AdaptedFlow(InvertibleNetwork):
    """A flow of another library as g: points (*, *in_shape) to flat latents (*, n). What `adapt` makes.

    `flow` is the object that was given; its parameters train, move and are saved with g.

    >>> g = adapt(torch.distributions.ExpTransform().inv, shape=(2,))
    >>> g(torch.ones(3, 2)).shape, isinstance(g.flow, Transform)
    (torch.Size([3, 2]), True)
    """

    context: Tensor | None

    def __init__(
        self,
        flow: Any,
        library: Library,
        in_shape: Shape,
        latent_shapes: Sequence[Shape],
        context: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.flow, self.library = flow, library
        self.held = nn.ModuleList(() if isinstance(flow, nn.Module) else _modules_in(flow))
        self.in_shape, self.latent_shapes = in_shape, tuple(latent_shapes)
        self.out_shape = (sum(map(size, self.latent_shapes)),)
        self.register_buffer("context", context)
        self.fresh = bool(fresh_layers(flow))
        if size(in_shape) != self.out_shape[0]:
            raise ValueError(
                f"flow must keep the number of axes, got points of shape {in_shape} with {size(in_shape)} and latents of "
                f"shape {self._listed()} with {self.out_shape[0]}; pass the shape of its points and its latent_shape."
            )

    def forward(self, x: Tensor) -> Tensor:
        return self.encoded(x, log_det=False)[0]

    def inverse(self, z: Tensor) -> Tensor:
        self._check_started()
        flat = z.reshape(-1, *self.out_shape).clone()  # some layers of FrEIA write into what they are given
        parts = flat.split([size(shape) for shape in self.latent_shapes], 1)
        latents = [part.reshape(-1, *shape) for part, shape in zip(parts, self.latent_shapes)]
        x = self.library.decode(self.flow, latents, self._context_of(flat))
        return x.reshape(*z.shape[:-1], *self.in_shape)

    def encoded(self, x: Tensor, log_det: bool) -> tuple[Tensor, Tensor | None]:
        """z, and the flow's own log |det ∂z/∂x| of each item where it is asked for and there is one, else None."""
        items = x.reshape(-1, *self.in_shape).clone()
        if len(items) < 2:
            self._check_started()
        latents, change = self.library.encode(self.flow, items, self._context_of(items), log_det)
        if [tuple(part.shape[1:]) for part in latents] != list(self.latent_shapes):
            got = ", ".join(str(tuple(part.shape[1:])) for part in latents)
            raise ValueError(
                f"flow must give latents of shape {self._listed()}, got {got}; pass it as adapt(flow, latent_shape=…)."
            )
        batch = x.shape[: x.dim() - len(self.in_shape)]
        z = torch.cat([part.flatten(1) for part in latents], 1).reshape(*batch, *self.out_shape)
        return z, None if change is None else per_item(change, items).reshape(batch)

    def _check_started(self) -> None:
        """Latents, or one point alone, would set the statistics of a fresh layer for good, and spoil it."""
        names = fresh_layers(self.flow) if self.fresh else []
        self.fresh = bool(names)
        if names:
            raise ValueError(
                f"flow has layers that start from their first batch, and saw none ({names[0]}, {len(names)} in all); call "
                "g(x) on a batch of data first."
            )

    def _context_of(self, items: Tensor) -> Tensor | None:
        return None if self.context is None else self.context.expand(len(items), *self.context.shape)

    def _listed(self) -> str:
        return ", ".join(map(str, self.latent_shapes))


@log_det_rule.register
def _(g: AdaptedFlow, x: Tensor) -> tuple[Tensor, Tensor]:
    z, change = g.encoded(x, log_det=True)
    return log_det_rule.dispatch(InvertibleNetwork)(g, x) if change is None else (z, change)


def adapt(
    flow: Any,
    shape: Sequence[int] | None = None,
    latent_shape: Sequence[int] | None = None,
    context: Tensor | None = None,
) -> InvertibleNetwork:
    """A flow of another library as an `InvertibleNetwork` g from data to flat latents, ready for spaces and Linearizers.

    Takes a zuko flow, a FrEIA SequenceINN or GraphINN, a normflows NormalizingFlow or MultiscaleFlow, an nflows Flow or
    Transform, a `torch.distributions` TransformedDistribution, all of which know which way data lies; and, read as data →
    latents, a Transform, a module with forward and inverse, or a pair of callables (forward, inverse). Where forward gives
    (z, log-determinant) that is kept; several latents become one flat vector.

    `shape` is that of a point without its batch, `latent_shape` that of the flow's own latents, each only needed where the
    flow does not say: None means so, and the same shape for latents of callables. `context` is the one condition, without a
    batch, under which a conditional flow is taken. g shares the flow's parameters; its dtype, device, train or eval mode
    are the flow's. A transform or a function that is no module keeps tensors of its own where they are.
    ValueError for other objects, and where a shape is missing or does not fit. Whether both ways undo each other:
    `linearizer_core.check(g, x)`.

    >>> g = adapt((lambda x: x.log(), lambda z: z.exp()), shape=(1,))
    >>> from linearizer_core import InducedSpace
    >>> InducedSpace(g).add(torch.tensor([2.0]), torch.tensor([4.0]))
    tensor([8.])
    >>> adapt(3)
    Traceback (most recent call last):
    ValueError: flow must be a zuko flow, FrEIA SequenceINN or GraphINN, normflows NormalizingFlow or MultiscaleFlow, ...
    """
    if isinstance(flow, InvertibleNetwork):
        return flow
    library = library_of(flow)
    shape, latent_shape = (
        None if given is None else tuple(map(int, given)) for given in (shape, latent_shape)
    )
    in_shape, latent_shapes = library.shapes(flow, shape, latent_shape, context)
    return AdaptedFlow(flow, library, tuple(in_shape), [tuple(some) for some in latent_shapes], context)


def _modules_in(thing: Any) -> Iterator[nn.Module]:
    """The modules behind callables, a bound method's own among them, and transforms; each of them once."""
    seen: dict[int, Any] = {}
    pending = [thing]
    while pending:
        thing = pending.pop(0)
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, MethodType):
            pending.append(thing.__self__)
        elif isinstance(thing, Transform | TransformedDistribution) and not isinstance(thing, nn.Module):
            pending += vars(thing).values()
        elif isinstance(thing, tuple | list):
            pending += thing
    return (thing for thing in seen.values() if isinstance(thing, nn.Module))
