"""An op list run by torch, call by call: what a browser will answer, to measure it beside the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..linearizer import Linearizer
from ..models.generator import Generator
from ..models.projector import Projector
from ..precision import precision_of
from .web import PROGRAMS, WebModel, web

HALF_MARK = 0.5 / 255
"""float16 is taken where no pixel that is decoded with it is off by more than half of one of its 256 levels."""
PROBES = 64


class Replay:
    """The programs of a `WebModel`, in float32, each called with a batch (b, takes): (b, gives).

    >>> from linearizer_core import Linearizer
    >>> from linearizer_core.exporting import web
    >>> from linearizer_core.networks import vector_flow
    >>> from linearizer_core.operators import Identity
    >>> g = vector_flow(2, steps=2, hidden=4)
    >>> run, x = Replay(web(Linearizer(g, Identity(2), g))), torch.tensor([[1.0, 2.0]])
    >>> torch.allclose(run("decode", run("encode", x)), x, atol=1e-5)
    True
    """

    def __init__(self, model: WebModel) -> None:
        manifest, cut = model.manifest, 4 * model.manifest["indices"]
        self.programs: dict[str, dict[str, Any]] = manifest["programs"]
        numbers = np.frombuffer(model.weights[cut:], "<f2" if manifest["type"] == "float16" else "<f4")
        self._indices = torch.from_numpy(np.frombuffer(model.weights[:cut], "<i4").astype(np.int64))
        self._weights = torch.from_numpy(numbers.astype(np.float32))

    @torch.no_grad()
    def __call__(self, name: str, given: Tensor) -> Tensor:
        program = self.programs[name]
        work = torch.zeros(len(given), program["size"], dtype=torch.float32)
        work[:, program["from"] : program["from"] + program["takes"]] = given
        for kernel, *numbers in program["calls"]:
            getattr(self, f"_{kernel}")(work, *numbers)
        return work[:, program["to"] : program["to"] + program["gives"]].clone()

    def _constants(self, at: int, *shape: int) -> Tensor:
        return self._weights[at : at + int(np.prod(shape))].reshape(shape)

    def _mix(
        self, work: Tensor, to: int, at: int, W: int, b: int, outs: int, ins: int, positions: int, times: int
    ) -> None:
        x = work[:, at : at + times * ins * positions].reshape(-1, times, ins, positions)
        y = self._constants(W, outs, ins) @ x + self._constants(b, outs, 1)
        work[:, to : to + times * outs * positions] = y.flatten(1)

    def _conv3(
        self,
        work: Tensor,
        to: int,
        at: int,
        _: int,
        W: int,
        b: int,
        outs: int,
        ins: int,
        height: int,
        width: int,
    ) -> None:
        x = work[:, at : at + ins * height * width].reshape(-1, ins, height, width)
        y = F.conv2d(x, self._constants(W, outs, ins, 3, 3), self._constants(b, outs), padding=1)
        work[:, to : to + outs * height * width] = y.flatten(1)

    def _silu(self, work: Tensor, at: int, count: int) -> None:
        work[:, at : at + count] = F.silu(work[:, at : at + count])

    def _clamp(self, work: Tensor, to: int, at: int, count: int, bound: float) -> None:
        work[:, to : to + count] = work[:, at : at + count].clamp(-bound, bound)

    def _couple(self, work: Tensor, at: int, raw: int, t: int, count: int, bound: float, way: int) -> None:
        s = bound * torch.tanh(work[:, raw : raw + count] / bound)
        y, shift = work[:, at : at + count], work[:, t : t + count]
        work[:, at : at + count] = y * s.exp() + shift if way > 0 else (y - shift) * (-s).exp()

    def _add(self, work: Tensor, to: int, at: int, count: int, factor: float) -> None:
        work[:, to : to + count] += factor * work[:, at : at + count]

    def _plus(self, work: Tensor, to: int, at: int, count: int) -> None:
        work[:, to : to + count] += self._constants(at, count)

    def _affine(self, work: Tensor, at: int, scale: int, shift: int, channels: int, positions: int) -> None:
        x = work[:, at : at + channels * positions].reshape(-1, channels, positions)
        y = x * self._constants(scale, channels, 1) + self._constants(shift, channels, 1)
        work[:, at : at + channels * positions] = y.flatten(1)

    def _scale(self, work: Tensor, at: int, count: int, by: float) -> None:
        work[:, at : at + count] *= by

    def _gather(self, work: Tensor, to: int, at: int, index: int, count: int) -> None:
        work[:, to : to + count] = work[:, at + self._indices[index : index + count]]

    def _copy(self, work: Tensor, to: int, at: int, count: int) -> None:
        work[:, to : to + count] = work[:, at : at + count].clone()

    def _fill(self, work: Tensor, at: int, count: int, value: float) -> None:
        work[:, at : at + count] = value


def smallest(
    f: Linearizer, programs: Sequence[str] = PROGRAMS
) -> tuple[WebModel, dict[str, dict[str, float]]]:
    """f as an op list, with weights in float16 where these decode within `HALF_MARK`; and what `errors_of` says of both.

    >>> from linearizer_core.networks import vector_flow
    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(g := vector_flow(2, steps=1, hidden=4), Identity(2), g)
    >>> found, errors = smallest(f)
    >>> found.manifest["type"], list(errors)
    ('float16', ['float32', 'float16'])
    """
    whole, half = web(f, False, programs), web(f, True, programs)
    errors = {"float32": errors_of(f, Replay(whole)), "float16": errors_of(f, Replay(half))}
    return (half if errors["float16"]["decode"] <= HALF_MARK else whole), errors


def errors_of(f: Linearizer, run: Replay) -> dict[str, float]:
    """By program: the largest difference of decoded points, and of latents as a part of the largest latent.

    On noise within [0, 1], and on what the model draws where it can.

    >>> from linearizer_core.networks import vector_flow
    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(g := vector_flow(2, steps=1, hidden=4), Identity(2), g)
    >>> [error < 1e-5 for error in errors_of(f, Replay(web(f))).values()]
    [True, True]
    """
    z = probes(f)
    with torch.no_grad():
        x = f.g_y.inverse(z)
        found = {"decode": far(run("decode", z), x.flatten(1))}
        if "encode" in run.programs and f.g_x.in_shape == f.g_y.in_shape:
            found["encode"] = far(run("encode", x.flatten(1)), f.g_x(x)) / float(z.abs().max())
    return found


def probes(f: Linearizer, count: int = PROBES) -> Tensor:
    """Latents (count, n): half of noise within [0, 1], half of what f draws, or makes of noise. Always the same ones.

    >>> from linearizer_core.networks import vector_flow
    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(g := vector_flow(2, steps=1, hidden=4), Identity(2), g)
    >>> probes(f, 6).shape
    torch.Size([6, 2])
    """
    dice = torch.Generator().manual_seed(0)
    dtype = precision_of(f.g_y) or torch.get_default_dtype()
    with torch.no_grad():
        noise = torch.rand(count - count // 2, *f.g_y.in_shape, generator=dice, dtype=dtype)
        white = torch.randn(count // 2, *f.g_y.in_shape, generator=dice, dtype=dtype)
        if isinstance(f, Generator):
            drawn = f.sample(white)
        elif isinstance(f, Projector):
            drawn = f.draw(torch.randn(count // 2, f.rank, generator=dice, dtype=dtype))
        else:
            drawn = f(white)
        return torch.cat([f.g_y(noise), f.g_y(drawn)])


def far(found: Tensor, expected: Tensor) -> float:
    """The largest difference of two tensors.

    >>> far(torch.zeros(2), torch.tensor([0.0, -3.0]))
    3.0
    """
    return float((found - expected).abs().max())
