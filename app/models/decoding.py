"""The quickest g⁻¹ for pictures that a hand waits for: onnxruntime's, where it is installed and right, else torch's.

On one thread it takes a third of the time of the folded network for one picture and half of it for sixteen, and holds
no lock that the rest of the server waits for. Laws are measured by torch alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from linearizer_core.exporting import onnx
from linearizer_core.exporting.replay import HALF_MARK, far, probes
from linearizer_core.linearizer import Linearizer

LOG = logging.getLogger(__name__)
TRIED = 8  # latents, half of noise and half of samples


def decoder(f: Linearizer) -> Callable[[Tensor], Tensor]:
    """g_y⁻¹ of latents (b, n) on the CPU, in float32; f is folded. Within `HALF_MARK` of torch, or it is torch's.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> decoder(Linearizer(Flatten((1, 2)), Identity(2), Flatten((1, 2))))(torch.ones(1, 2))
    tensor([[[1., 1.]]])
    """
    if not onnx.can_run():
        return f.g_y.inverse
    with torch.inference_mode(False), torch.no_grad():
        z = probes(f, TRIED).float()
        try:
            run = onnx.runner(onnx.graph(f.g_y, "decode", z[:2]))
            off = far(run(z), f.g_y.inverse(z))
        except Exception:  # of torch's exporter or of onnxruntime, whatever it is: torch decodes as well
            LOG.exception("onnxruntime decodes no pictures here; torch does.")
            return f.g_y.inverse
    if off > HALF_MARK:
        LOG.warning("onnxruntime decodes pictures that are off by %.1e here; torch decodes.", off)
        return f.g_y.inverse
    return lambda z: run(z.float())
