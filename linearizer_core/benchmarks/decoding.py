"""Speed of a shipped model's g: as it trains, folded, and as an ONNX graph, all on one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .. import checkpoints
from ..exporting import onnx
from ..measuring import Row, in_turn, threads
from ..models.styles import Styles
from ..networks import InvertibleNetwork, folded

MARKS = {1: "≤ 20 ms", 64: "≤ 300 ms"}
"""For a batch of `digits`, on one thread."""


def decode(
    names: Sequence[str] = (), repeats: int = 5, device: str = "cpu", sizes: Sequence[int] = (1, 64)
) -> list[Row]:
    """Encoding and decoding with g folded against g as it trains, and against onnxruntime on the folded graph.

    All shipped models of pictures of one size, or those named; none where they do not ship. The error is that of the
    round trip in float32, of each contender's own g; of onnxruntime's how far it is from ours.

    >>> rows = decode(["plane-moons"], repeats=1, sizes=(1,))
    >>> [row.task for row in rows if row.against == "unfolded"]
    ['plane-moons: encode', 'plane-moons: decode']
    """
    shipped = [name for name in checkpoints.pretrained() if not names or name in names]
    rows = []
    with torch.no_grad(), threads(1):
        for name in shipped:
            model = checkpoints.load(name, device)
            if not isinstance(model, Styles) and (names or len(model.g_x.in_shape) == 3):
                g = model.g_x
                rows += [
                    row for size in sizes for row in _rows(name, g, _points(g, size, device), repeats, device)
                ]
    return rows


def _points(g: InvertibleNetwork, size: int, device: str) -> Tensor:
    """Points in [0, 1], from a generator of their own."""
    return torch.rand(size, *g.in_shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32).to(
        device
    )


def _rows(name: str, g: InvertibleNetwork, x: Tensor, repeats: int, device: str) -> list[Row]:
    quick, z = folded(g), g(x)
    lost = {network: float((network.inverse(network(x)) - x).abs().max()) for network in (quick, g)}
    graphs = _graphs(quick, x, z) if device == "cpu" else {}
    rows = []
    for task, given in (("encode", x), ("decode", z)):
        ways: dict[str, Callable[[], Any]] = {
            "folded": partial(_applied, quick, task, given),
            "unfolded": partial(_applied, g, task, given),
        }
        if task in graphs:
            ways["onnxruntime"] = partial(graphs[task], given)
        measured = in_turn(ways, repeats, device)
        seconds, ours = measured.pop("folded")
        mark = f", mark {MARKS[len(x)]}" if name == "digits" and len(x) in MARKS else ""
        for against, (other, result) in measured.items():
            mine, its = (lost[quick], lost[g]) if against == "unfolded" else (None, _off(result, ours))
            note, size = f"one thread{mark}", f"batch {len(x)}"
            rows.append(
                Row(f"{name}: {task}", size, seconds, against, other, other / seconds, mine, its, note)
            )
    return rows


def _applied(g: InvertibleNetwork, task: str, given: Tensor) -> Tensor:
    return g(given) if task == "encode" else g.inverse(given)


def _off(result: Tensor, ours: Tensor) -> float:
    return float((result - ours).abs().max() / ours.abs().max())


def _graphs(g: InvertibleNetwork, x: Tensor, z: Tensor) -> dict[str, Callable[[Tensor], Tensor]]:
    """g by onnxruntime, by task; a direction that torch cannot export is left out, and both without onnxruntime."""
    found: dict[str, Callable[[Tensor], Tensor]] = {}
    if onnx.can_run():
        for task, given in (("encode", x), ("decode", z)):
            with suppress(ValueError):
                found[task] = onnx.runner(onnx.graph(g, task, given))
    return found
