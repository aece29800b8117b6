"""Builds kernel.wasm from kernel.c: `pip install ziglang==0.17.1 && python assets/engine/build.py`.

The compiler is the C compiler inside of the `ziglang` wheel; the same version gives the same bytes on every machine.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "0.17.1"
COMMAND = (
    *("cc", "-target", "wasm32-freestanding", "-mcpu=generic+simd128", "-O3", "-nostdlib"),
    *(
        "-fno-builtin",
        "-Wl,--no-entry",
        "-Wl,--export=__heap_base",
        "-Wl,-z,stack-size=16384",
        "-Wl,--strip-all",
    ),
)


def build(to: Path) -> bytes:
    """Compiles the kernel into a file, and gives its bytes."""
    source = str(HERE / "kernel.c")
    subprocess.run([sys.executable, "-m", "ziglang", *COMMAND, "-o", str(to), source], check=True)
    return to.read_bytes()


if __name__ == "__main__":
    print(f"kernel.wasm: {len(build(HERE / 'kernel.wasm'))} bytes")
