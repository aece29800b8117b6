"""Packages that the core imports only where they are wanted, and how whoever lacks one gets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

EXTRAS = {
    "PIL": "train",
    "gradio": "app",
    "huggingface_hub": "hub",
    "matplotlib": "plots",
    "plotly": "app",
    "pooch": "train",
    "sklearn": "train",
    "tqdm": "train",
}
"""Module to the extra of pyproject.toml that brings it."""


def advice(error: ModuleNotFoundError) -> str:
    """One sentence for a package that is not installed.

    >>> advice(ModuleNotFoundError("No module named 'pooch'", name="pooch"))
    "pooch is not installed; pip install 'linearizer-lab[train]'."
    """
    package = (error.name or "a package").partition(".")[0]
    wanted = f"'linearizer-lab[{EXTRAS[package]}]'" if package in EXTRAS else package
    return f"{package} is not installed; pip install {wanted}."


@contextmanager
def wanted() -> Iterator[None]:
    """Around an import of such a package: one that is not installed ends in that sentence.

    >>> with wanted():
    ...     import sklearn.no_such_module
    Traceback (most recent call last):
    ModuleNotFoundError: sklearn is not installed; pip install 'linearizer-lab[train]'.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(advice(error), name=error.name) from error
