"""The noise of a seed: the same white picture wherever a link, a view or the API names that seed."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

LARGEST_SEED = 2**31 - 1


@lru_cache(maxsize=1024)
def _white(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, dtype=torch.float32, generator=torch.Generator().manual_seed(seed))


def white(seeds: Sequence[int], *shape: int) -> Tensor:
    """Standard Gaussian noise, float32 (k, *shape), each of a generator with that seed.

    >>> torch.equal(white([3, 4], 1, 32, 32)[1:], white([4], 1, 32, 32))
    True
    """
    return torch.stack([_white(seed, shape) for seed in seeds])
