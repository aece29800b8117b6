"""What `import linearizer_core` takes."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

from ..measuring import Row, in_turn


def importing(repeats: int = 5, device: str = "cpu") -> list[Row]:
    """What `import linearizer_core` takes in a process of its own, beside `import torch`, which it holds.

    Compiled files are kept, also where the environment says not to: the first process of each writes them, uncounted.

    >>> [row.against for row in importing(repeats=1)]
    ['import torch']
    """
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    fresh = {
        module: partial(subprocess.run, [sys.executable, "-c", f"import {module}"], check=True, env=keeping)
        for module in ("linearizer_core", "torch")
    }
    (ours, _), (torchs, _) = in_turn(fresh, repeats).values()
    note = f"{ours / torchs:.2f} times import torch, mark ≤ 1.1"
    return [
        Row("import linearizer_core", "a process", ours, "import torch", torchs, torchs / ours, note=note)
    ]
