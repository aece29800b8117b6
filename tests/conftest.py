"""Every test runs in float64 from the same seed, and leaves torch as it found it."""

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("lab", deadline=None, max_examples=30, derandomize=True)
hypothesis.settings.load_profile("lab")


@pytest.fixture(autouse=True)
def _float64_and_seed():
    dtype, state = torch.get_default_dtype(), torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(dtype)
    torch.set_rng_state(state)
