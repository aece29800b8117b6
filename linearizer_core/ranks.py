"""Many processes that do one thing: sums over the ranks of torch.distributed. A process of its own is the one rank there is.

`torchrun --nproc-per-node 2 -m linearizer_core train …` starts them; in a program of one's own `with joined():` meets them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

T = TypeVar("T")
PATIENCE = timedelta(hours=2)  # that ranks wait for one that measures or writes


def count() -> int:
    """How many ranks there are; 1 where none have met.

    >>> count()
    1
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The number of this process among them.

    >>> rank()
    0
    """
    return dist.get_rank() if count() > 1 else 0


def is_first() -> bool:
    """Whether this is the rank that writes files and talks.

    >>> is_first()
    True
    """
    return rank() == 0


@contextmanager
def joined(device: str | torch.device = "cpu") -> Iterator[torch.device]:
    """Meets the other ranks that torchrun has started, and gives this rank's own device; alone, that which was asked for.

    >>> with joined("cpu") as device:
    ...     device, count()
    (device(type='cpu'), 1)
    """
    wanted = torch.device(device)
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or count() > 1:
        yield wanted
        return
    on_card = wanted.type == "cuda"
    if on_card and wanted.index is None:
        wanted = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if on_card:
        torch.cuda.set_device(wanted)
    dist.init_process_group("nccl" if on_card else "gloo", timeout=PATIENCE)
    try:
        yield wanted
    finally:
        dist.destroy_process_group()


def summed(*tensors: Tensor) -> None:
    """Adds up each tensor over all ranks, in its place.

    >>> a = torch.ones(2)
    >>> summed(a)
    >>> a
    tensor([1., 1.])
    """
    if count() > 1:
        for tensor in tensors:
            dist.all_reduce(tensor)


def from_first(tensor: Tensor) -> Tensor:
    """What the first rank has, in the place of what the others have.

    >>> from_first(torch.ones(1))
    tensor([1.])
    """
    if count() > 1:
        dist.broadcast(tensor, 0)
    return tensor


def led(job: Callable[[], T]) -> T:
    """What a job gives that the first rank alone does, as of files; its ValueError is raised at every rank.

    >>> led(lambda: 3)
    3
    """
    if count() == 1:
        return job()
    said: list[Any] = [None, None]
    if is_first():
        try:
            said[0] = job()
        except ValueError as error:
            said[1] = str(error)
    dist.broadcast_object_list(said, 0)
    if said[1] is not None:
        raise ValueError(said[1])
    return said[0]


def together(job: Callable[[], T]) -> T:
    """What the job gives at this rank; a ValueError at any rank is raised at every one, so that none waits for ever.

    >>> together(lambda: 3)
    3
    """
    if count() == 1:
        return job()
    found, said = None, None
    try:
        found = job()
    except ValueError as error:
        said = str(error)
    all_said: list[Any] = [None] * count()
    dist.all_gather_object(all_said, said)
    problems = [problem for problem in all_said if problem is not None]
    if problems:
        raise ValueError(problems[0])
    return found  # type: ignore[return-value]


def after_first(job: Callable[[], T]) -> T:
    """The job at the first rank, and then at the others, as where it fetches what they find in the cache.

    >>> after_first(lambda: 3)
    3
    """
    if count() == 1:
        return job()
    found = together(job) if is_first() else together(lambda: None)
    return together(lambda: found) if is_first() else together(job)  # type: ignore[return-value]
