"""Linearizers: f(x) = g_y⁻¹(A g_x(x)), exactly linear between the spaces that g_x and g_y induce (arXiv:2510.08570)."""

from importlib import import_module
from types import ModuleType

from .algebra import exp, pinv, power, singular_values, svd, truncate, with_singular_values
from .checkpoints import from_pretrained, load, pretrained, push_to_hub
from .diagnostics import check
from .exploring import explore
from .inputs import as_float
from .linearizer import Linearizer
from .models.generator import Generator
from .models.photo import PhotoLinearizer
from .models.projector import Projector
from .models.styles import Styles
from .networks import InvertibleNetwork, adapt, folded
from .operators import LinearOperator
from .own import save
from .pca import LatentPCA
from .registered import register
from .spaces import InducedSpace

__all__ = [
    "Generator",
    "InducedSpace",
    "InvertibleNetwork",
    "LatentPCA",
    "LinearOperator",
    "Linearizer",
    "PhotoLinearizer",
    "Projector",
    "Styles",
    "adapt",
    "as_float",
    "check",
    "exp",
    "explore",
    "folded",
    "from_pretrained",
    "load",
    "pinv",
    "power",
    "pretrained",
    "push_to_hub",
    "register",
    "save",
    "singular_values",
    "svd",
    "truncate",
    "with_singular_values",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    """`plots` at its first use: it imports matplotlib, for which nobody else shall wait."""
    if name == "plots":
        return import_module(".plots", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
