"""Fixtures that the tests of views share: the lab's precision, and the endpoints of the lab built once."""

from collections.abc import Callable

import pytest
import torch

from app import shell


@pytest.fixture
def float32() -> None:
    """The lab computes in float32; what the outer conftest.py sets is put back there."""
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def endpoints() -> dict[str, Callable]:
    """The public endpoints by name, as Gradio calls them, arguments by position."""
    return {fn.api_name: fn.fn for fn in shell.build_app().fns.values() if fn.api_visibility == "public"}


@pytest.fixture(scope="module")
def endpoint(request: pytest.FixtureRequest, endpoints: dict[str, Callable]) -> Callable:
    """The one that the module names in ENDPOINT."""
    return endpoints[request.module.ENDPOINT]
