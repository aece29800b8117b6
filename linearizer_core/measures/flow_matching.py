"""What `evaluate` prints of a model trained by the paper's objective: samples, blends, exactness."""

from __future__ import annotations

import torch

from ..data.sets import Dataset, as_float
from ..models.generator import Generator
from .digits import morphs
from .figure import Figure
from .generation import exactness, quality
from .judge import digit_judge


@torch.no_grad()
def evaluate_flow_matching(
    model: Generator, dataset: Dataset, seed: int = 0, samples: int = 10_000
) -> list[Figure]:
    """Blends, samples and exactness on test digits. The model knows no classes: its labelled figures are those of none.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((1, 32, 32)), Identity(1024), torch.zeros(10, 1024), torch.zeros(1024))
    >>> x, c = torch.randint(256, (20, 1, 32, 32), dtype=torch.uint8), torch.arange(20) % 10
    >>> evaluate_flow_matching(model, Dataset(x[:9], c[:9], x[9:], c[9:]), samples=300)[0].name
    'sure midpoints, induced'
    """
    device, generator = model.means.device, torch.Generator().manual_seed(seed)
    judge = digit_judge(device)
    x = as_float(dataset.test_images).to(device)
    return [
        *morphs(model, judge, x, generator),
        *quality(model, judge, dataset, generator, samples),
        *exactness(model, x[:1000], generator),
    ]
