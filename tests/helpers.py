"""What the tests of views share: the root, the pictures of a widget's value, a program run in a clean process.

A program is run by a fork of a process that has imported `linearizer_core` and nothing else of this repository, so that
twenty programs wait for torch once. Every fork has a namespace, a folder and a default dtype of its own.
"""

import base64
import functools
import importlib
import json
import os
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


def unpacked(value: dict) -> np.ndarray:
    """The pictures of a widget's value as bytes, (B, H, W) of one channel, (B, H, W, 3) of colours."""
    packed = value.get("pictures", value)
    content = np.frombuffer(base64.b64decode(packed["bytes"]), np.uint8)
    shape = packed["count"], packed["height"], packed["width"], packed.get("channels", 1)
    return content.reshape(shape).squeeze(-1) if shape[3] == 1 else content.reshape(shape)


def computed(program: str, names: str, folder: Path) -> dict[str, np.ndarray]:
    """The named variables that the program leaves behind, run in this folder by a clean process."""
    saved = ", ".join(f"{name}={name}" for name in names.split())
    printed(f"{program}\nimport numpy\nnumpy.savez('out.npz', {saved})\n", folder)
    return dict(np.load(folder / "out.npz"))


def printed(program: str, folder: Path) -> str:
    """What the program prints, run in this folder by a clean process in which a warning is an error."""
    parent = _parent()
    parent.stdin.write(json.dumps([program, str(folder)]) + "\n")
    parent.stdin.flush()
    code = json.loads(parent.stdout.readline())
    assert code == 0, (folder / "stderr.txt").read_text(errors="replace")
    return (folder / "stdout.txt").read_text(errors="replace")


def assert_figure(file: Path) -> None:
    """A figure was written here, and something is drawn in it."""
    pixels = np.asarray(Image.open(file).convert("RGB"))
    assert pixels.std() > 5 and len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20, f"{file} is blank"


@functools.cache
def _parent() -> subprocess.Popen:
    """Python with the core imported; it ends with us, when its input ends."""
    command = [sys.executable, "-W", "error", "-m", "tests.helpers"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


def _serve() -> None:
    importlib.import_module("linearizer_core")
    assert not {"app", "gradio"} & set(sys.modules)
    sys.modules.update(app=None, gradio=None)  # a program needs the core alone: importing these fails
    for line in sys.stdin:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            child = os.fork()  # 3.12 warns where a library keeps threads
        if child == 0:
            os._exit(_executed(*json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _executed(program: str, folder: str) -> int:
    """The exit status of the program, as Python would give it; what it says lies in two files of the folder."""
    os.chdir(folder)
    for name in ("stdout", "stderr"):
        os.dup2(os.open(f"{name}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), getattr(sys, name).fileno())
    try:
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
        status = 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    _serve()
