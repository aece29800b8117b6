"""How speed and memory are measured: contenders in turn, threads held fixed, peaks of memory, the machine's name."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Row:
    """One comparison: median seconds of ours and of another way, their ratio, and both errors.

    >>> Row("exp", "n = 100", seconds=0.5, against="dense", seconds_against=2.0, ratio=4.0).note
    ''
    """

    task: str
    size: str
    seconds: float
    against: str = ""
    seconds_against: float | None = None
    ratio: float | None = None
    error: float | None = None
    error_against: float | None = None
    note: str = ""


def machine(device: str = "cpu") -> dict[str, object]:
    """What the figures were measured on.

    >>> sorted(machine().keys() & {"cpu", "cores", "threads", "torch", "python"})
    ['cores', 'cpu', 'python', 'threads', 'torch']
    """
    about: dict[str, object] = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    about |= {"torch": torch.__version__, "python": platform.python_version(), "device": device}
    if device.startswith("cuda"):
        about["gpu"] = torch.cuda.get_device_name(device)
    if hasattr(os, "getloadavg"):  # above the number of cores, other work disturbs the figures
        about["load"] = round(os.getloadavg()[0], 1)
    return about


def in_turn(
    contenders: Mapping[str, Callable[[], Any]], repeats: int, device: str = "cpu", warm_up: bool = True
) -> dict[str, tuple]:
    """name: (median seconds, last result) after a warm-up; taking turns, so that all meet the same load.

    >>> measured = in_turn({"sum": lambda: 2 + 3, "product": lambda: 2 * 3}, repeats=3)
    >>> {name: result for name, (_, result) in measured.items()}
    {'sum': 5, 'product': 6}
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    results: dict[str, Any] = {name: work() for name, work in contenders.items() if warm_up}
    for _ in range(repeats):
        for name, work in contenders.items():
            _wait_for(device)
            start = time.perf_counter()
            results[name] = work()
            _wait_for(device)
            times[name].append(time.perf_counter() - start)
    return {name: (statistics.median(times[name]), results[name]) for name in contenders}


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Inside it torch computes on `count` threads.

    >>> with threads(1):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def peak_megabytes(work: Callable[[], object]) -> float | None:
    """Most memory the work held beyond what the process held before it; None where no Linux can tell.

    It is the process that is measured: garbage left over goes first, but another thread's memory counts as the work's.

    >>> held = peak_megabytes(lambda: torch.ones(8_000_000, dtype=torch.float64).sum())     # 64 MB for a moment
    >>> held is None or held >= 0
    True
    """
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not (status.exists() and os.access(reset, os.W_OK)):
        return None
    gc.collect()
    reset.write_text("5")  # sets the high-water mark back to the memory in use, unless a sandbox ignores it
    before = _kilobytes(status, "VmRSS")
    if _kilobytes(status, "VmHWM") > before + 1000:
        return None
    work()
    return max(0, _kilobytes(status, "VmHWM") - before) / 1e3


def _wait_for(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def _kilobytes(status: Path, field: str) -> int:
    return int(next(line for line in status.read_text().splitlines() if line.startswith(field)).split()[1])


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
