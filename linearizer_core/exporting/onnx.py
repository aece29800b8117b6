"""Both directions of a network g as ONNX graphs."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from ..networks import Chain, InvertibleNetwork

WAYS = ("encode", "decode")


class _Way(nn.Module):
    """One direction of g, as an exporter takes it."""

    def __init__(self, g: InvertibleNetwork, task: str) -> None:
        super().__init__()
        self.g, self.task = g, task

    def forward(self, given: Tensor) -> Tensor:
        return self.g(given) if self.task == "encode" else self.g.inverse(given)


@torch.no_grad()
def graph(g: InvertibleNetwork, task: str, given: Tensor) -> bytes:
    """g, or with task "decode" its inverse, as the bytes of an ONNX file in float32; its input is called "given".

    `given` is a batch of points or latents, which torch follows through g; a graph takes batches of any size. Fold g
    first. ValueError where torch has no way to write a layer of g; ImportError without the package onnx.

    >>> from linearizer_core.networks import Flatten
    >>> x = torch.ones(1, 2)
    >>> not can_run() or len(graph(Flatten((2,)), "encode", x)) > 0
    True
    """
    g = copy.deepcopy(g)
    for chain in (part for part in g.modules() if isinstance(part, Chain)):
        chain.carry_wide = False  # onnxruntime has no convolutions in float64
    written = io.BytesIO()
    names = {"input_names": ["given"], "output_names": ["found"]}
    sizes = {"given": {0: "batch"}, "found": {0: "batch"}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an exporter that torch will replace
            torch.onnx.export(_Way(g, task), (given,), written, dynamo=False, dynamic_axes=sizes, **names)  # type: ignore[arg-type]
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"torch cannot write {task} of this network as ONNX: {reason}") from error
    return written.getvalue()


def can_run() -> bool:
    """Whether onnx and onnxruntime are installed.

    >>> can_run() in (True, False)
    True
    """
    return find_spec("onnxruntime") is not None and find_spec("onnx") is not None


def runner(content: bytes) -> Callable[[Tensor], Tensor]:
    """A graph of one input run by onnxruntime, on one thread of the CPU. ImportError without onnxruntime.

    >>> from linearizer_core.networks import Flatten
    >>> x = torch.ones(1, 2)
    >>> not can_run() or runner(graph(Flatten((2,)), "encode", x))(x).tolist() == [[1.0, 1.0]]
    True
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(given: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"given": given.numpy()})[0])

    return run
