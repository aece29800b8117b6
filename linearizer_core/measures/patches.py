"""What `evaluate patches` prints: one step against N steps, inversion and round trip where n is 3 072."""

from __future__ import annotations

import torch

from ..data.sets import Dataset, as_float
from ..models.generator import Generator
from .figure import Figure
from .generation import exactness, speed


@torch.no_grad()
def evaluate_patches(model: Generator, dataset: Dataset, seed: int = 0) -> list[Figure]:
    """Exactness, inversion and speed of a generator, on up to 200 test pictures of its size.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> x, c = torch.randint(256, (9, 3, 2, 2), dtype=torch.uint8), torch.zeros(9, dtype=torch.long)
    >>> evaluate_patches(model, Dataset(x, c, x, c))[0].name
    'round trip'
    """
    generator = torch.Generator().manual_seed(seed)
    x = as_float(dataset.test_images)[:: max(1, len(dataset.test_images) // 200)][:200].to(model.means.device)
    trip = max(float((model.g_x.inverse(model.g_x(part)) - part).abs().max()) for part in x.split(50))
    return [
        Figure("round trip", trip, "≤ 1e-4", f"largest error of a pixel, {len(x)} test pictures, float32"),
        *exactness(model, x, generator),
        *speed(model, generator, mark=""),
    ]
