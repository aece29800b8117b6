"""What recipes report of a model in training and `evaluate` of a finished one; a file per family, which knows no recipe."""

from .figure import Figure

__all__ = ["Figure"]
