"""A model is loaded and used once, in a process of its own that may take neither long nor much memory.

`python -m app.models.trial FOLDER` writes one line of JSON:
{"refused": a sentence, or "" for none, "seconds": of each step}.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import linearizer_core as lc
from app import words
from app.models import own
from linearizer_core.algebra import singular_values

WORK = 60  # seconds of a processor, those of starting included
MEMORY = 6 * 2**30  # bytes that it may ask for
SLOWEST = {"encode": 1.0, "decode": 1.0, "svd": 15.0, "collapse": 10.0}
"""Seconds of a processor that a step may take here; a tick is one decode, the others come once."""
HANDLES = 1024  # axes up to which Spectrum takes all singular values
FEW = 64
STEPS = 1000  # of the longest run in Generate


def bound() -> None:
    """Ask the system for no more than this process may have, where it can be asked."""
    try:
        import resource
    except ImportError:  # Windows, where the time limit alone holds
        return
    for what, wanted in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, WORK)):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


@torch.inference_mode()
def tried(folder: Path) -> dict[str, Any]:
    """Loads the model, and measures what a view will ask of it."""
    f = own.checked(lc.load(folder)).float()
    x = torch.rand(1, *f.g_x.in_shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    n, taken = f.A.shape[0], {}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        began = time.process_time()
        found = step()
        taken[name] = time.process_time() - began
        if taken[name] > SLOWEST[name]:
            raise ValueError(words.too_slow(name, taken[name], SLOWEST[name]))
        return found

    f(x)  # the first call pays for torch's own start
    z = timed("encode", lambda: f.g_x(x))
    timed("decode", lambda: f.g_y.inverse(f.A(z)))
    timed("svd", lambda: (f.svd(None if n <= HANDLES else min(n, FEW)), singular_values(f.A)))
    if isinstance(f, lc.Generator):
        timed("collapse", lambda: f.collapse(STEPS, "rk4").pinv())
    return {"refused": "", "seconds": taken}


def main(folder: str) -> None:
    torch.set_num_threads(1)
    bound()
    try:
        found = tried(Path(folder))
    except (MemoryError, torch.OutOfMemoryError):
        found = {"refused": words.TRIAL_MEMORY}
    except ValueError as error:
        found = {"refused": str(error)}
    except (RuntimeError, RecursionError) as error:
        memory = "memory" in str(error).lower()
        found = {"refused": words.TRIAL_MEMORY if memory else words.TRIAL_BROKE}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
