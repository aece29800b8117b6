"""A model as an op list and one file of numbers, as `assets/engine` takes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from .. import files
from ..algebra import singular_values
from ..linearizer import Linearizer
from ..networks import Chain, folded
from ..networks.base import size
from ..op_list import KERNELS, Constants, OpList, lowered, recombination

FORMAT = 1
MANIFEST, WEIGHTS = "model.json", "weights.bin"
PROGRAMS = ("decode", "encode", "recombine")
"""z ↦ g_y⁻¹(z); x ↦ g_x(x); c ↦ U c with the left singular vectors of A, where A has a rule for them."""


class WebModel(NamedTuple):
    """What `model.json` says, and the bytes of `weights.bin`: the indices as int32, then the weights, little-endian.

    The manifest holds "format", "shape" of a picture, how many "indices" and "weights", their "type" (float32 or float16),
    the "sha256" of the bytes, what each of the "kernels" takes, and "programs": for each its "size" of work memory, where
    its input and its result lie ("from", "takes", "to", "gives") and its "calls" in order; see `linearizer_core.op_list`.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> found = web(Linearizer(Flatten((1, 1, 2)), Identity(2), Flatten((1, 1, 2))))
    >>> sorted(found.files()), found.manifest["shape"], len(found.weights)
    (['model.json', 'weights.bin'], [1, 1, 2], 8)
    """

    manifest: dict[str, Any]
    weights: bytes

    def files(self) -> dict[str, bytes]:
        """The contents of both files, by name."""
        return {MANIFEST: json.dumps(self.manifest, ensure_ascii=False).encode(), WEIGHTS: self.weights}

    def write(self, folder: Path) -> list[Path]:
        """Writes both; the paths."""
        found = {folder / name: content for name, content in self.files().items()}
        files.write(found)
        return list(found)


def read(folder: Path) -> WebModel:
    """What `WebModel.write` wrote. ValueError where the weights are not those of the manifest.

    >>> import tempfile
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = web(Linearizer(Flatten((2,)), Identity(2), Flatten((2,))))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = model.write(Path(folder))
    ...     read(Path(folder)).weights == model.weights
    True
    """
    found = WebModel(json.loads((folder / MANIFEST).read_text("utf-8")), (folder / WEIGHTS).read_bytes())
    if hashlib.sha256(found.weights).hexdigest() != found.manifest["sha256"]:
        raise ValueError(
            f"{folder / WEIGHTS} is not the file that {MANIFEST} was written with; export again."
        )
    return found


@torch.no_grad()
def web(f: Linearizer, half: bool = False, programs: Sequence[str] = PROGRAMS) -> WebModel:
    """f as op lists: decoding by g_y, encoding by g_x, and its singular vectors, as far as there are rules for them.

    f is folded here, in float64 where it is so. `half` stores the weights as float16, which halves the file and costs
    three digits. ValueError for a network without a rule.

    >>> import torch
    >>> from linearizer_core.networks import vector_flow
    >>> from linearizer_core.operators import Identity
    >>> g = vector_flow(2, steps=1, hidden=4)
    >>> found = web(Linearizer(g, Identity(2), g), programs=["decode"])
    >>> [call[0] for call in found.manifest["programs"]["decode"]["calls"]]
    ['clamp', 'mix', 'silu', 'mix', 'silu', 'mix', 'couple', 'mix']
    """
    weights, indices = Constants(), Constants()
    made = {name: _program(f, name, OpList(weights, indices)) for name in programs}
    found = {name: program for name, program in made.items() if program is not None}
    content = indices.all().to(torch.int32).numpy().astype("<i4").tobytes()
    content += weights.all().float().numpy().astype("<f2" if half else "<f4").tobytes()
    manifest = {
        "format": FORMAT,
        "shape": list(f.g_y.in_shape),
        "indices": indices.count,
        "weights": weights.count,
        "type": "float16" if half else "float32",
        "sha256": hashlib.sha256(content).hexdigest(),
        "kernels": KERNELS,
        "programs": found,
    }
    return WebModel(manifest, content)


def _program(f: Linearizer, name: str, ops: OpList) -> dict[str, Any] | None:
    if name == "recombine":
        if recombination.dispatch(type(f.A)) is recombination.dispatch(object):
            return None
        takes, gives = len(singular_values(f.A)), f.A.shape[0]
        start = ops.room(takes)
        end = recombination(f.A, ops, start)
    else:
        back, g = name == "decode", f.g_y if name == "decode" else f.g_x
        takes, gives = (
            size(shape) for shape in ((g.out_shape, g.in_shape) if back else (g.in_shape, g.out_shape))
        )
        start = ops.room(takes)
        end = lowered(
            folded(g if isinstance(g, Chain) else Chain(g)), ops, start, back
        )  # neighbours fold in a chain
    places = {"size": ops.size, "from": start, "takes": takes, "to": end, "gives": gives}
    return {**places, "calls": ops.calls}
