"""Random numbers of one's own: whoever builds or trains a model here leaves everybody else's generator alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

INITIALISERS = {
    function
    for function in vars(nn.init).values()
    if inspect.isfunction(function) and "generator" in inspect.signature(function).parameters
}
METHODS = (
    "uniform_",
    "normal_",
    "random_",
    "bernoulli",
    "bernoulli_",
    "exponential_",
    "log_normal_",
    "cauchy_",
)
DRAWS = {*INITIALISERS, *(getattr(Tensor, name) for name in (*METHODS, "geometric_", "multinomial"))}
DRAWS |= {torch.rand, torch.randn, torch.randint, torch.randperm}
DRAWS |= {torch.normal, torch.bernoulli, torch.multinomial, torch.poisson}
"""All that fills tensors with random numbers when a network is built: each takes a `generator`, none needs one."""


class seeded(TorchFunctionMode):  # noqa: N801 (used like torch.no_grad)
    """Inside `with seeded(seed):` what this thread draws comes from generators of its own, one per device.

    What is drawn is what `torch.manual_seed(seed)` would have given, but torch's global generators are neither read nor
    moved: they belong to the caller, and to every other thread. It reaches initialisers that are handed no generator, as
    those of `nn.Linear` are.

    >>> state = torch.get_rng_state()
    >>> with seeded(3):
    ...     one = torch.nn.Linear(2, 2).weight
    >>> with seeded(3):
    ...     same = torch.nn.Linear(2, 2).weight
    >>> torch.equal(one, same), torch.equal(state, torch.get_rng_state())
    (True, True)
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.generators: dict[torch.device, torch.Generator] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func in DRAWS and kwargs.get("generator") is None:
            device = _device((*args, *kwargs.values()), kwargs.get("device"))
            if device.type != "meta":  # a shape without numbers: nothing is drawn
                kwargs["generator"] = self._of(device)
        return func(*args, **kwargs)

    def _of(self, device: torch.device) -> torch.Generator:
        if device not in self.generators:
            self.generators[device] = torch.Generator(device).manual_seed(self.seed)
        return self.generators[device]


def _device(values: tuple[Any, ...], wanted: Any) -> torch.device:
    """Where numbers are drawn: on the device of the tensor that they fill, or where a new one is asked for."""
    filled = next((value.device for value in values if isinstance(value, Tensor)), None)
    return torch.device(wanted or filled or torch.get_default_device())
