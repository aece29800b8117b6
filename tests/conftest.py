"""Every test runs in float64 from the same seed and leaves torch as it found it; workers share the machine by files.

A worker computes on one core, as the lab does: more threads than cores only wait for each other. One worker more than
cores computes while others wait for a browser. Files go whole to a worker, so that what a file prepares is prepared
once, and the long ones go first. `-n0` runs all in one process.
"""

import os
import sys

# Before numpy and torch are imported; processes of tests inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import torch

from tests.server import Server, shared

# What is compiled is kept, wherever it runs: dozens of processes read it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
torch.set_num_threads(1)
hypothesis.settings.register_profile("lab", deadline=None, max_examples=20, derandomize=True)
hypothesis.settings.load_profile("lab")

HERE = Path(__file__).parent
LONGEST_FIRST = ("browser", "app", "core")
MOST_WORKERS = 4  # each holds torch and gradio


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than cores; none for a single file, which would not be split."""
    paths = {Path(argument.partition("::")[0]) for argument in config.args}
    if len(paths) == 1 and paths.pop().is_file():
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(1 + cores, MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders in the order of their length; the order within a folder stays."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(HERE).parts[0] if HERE in item.path.parents else ""
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def _float64_and_seed() -> Iterator[None]:
    dtype, state = torch.get_default_dtype(), torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(dtype)
    torch.set_rng_state(state)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one lab of this run, in a process of its own; all workers ask it."""
    base = tmp_path_factory.getbasetemp()
    with shared(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) as found:
        yield found
