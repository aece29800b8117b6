"""Invertible networks g."""

from .adapted import AdaptedFlow, adapt
from .base import Chain, Inverse, InvertibleNetwork, Log
from .conditional import Conditional, given
from .conditioners import (
    AdaptiveNorm,
    AdaptiveResidual,
    Conditioner,
    adaptive_conditioner,
    conv_conditioner,
    mixed_precision,
    mlp_conditioner,
)
from .coupling import AdditiveCoupling, AffineCoupling
from .elementwise import ActNorm, Translate, initialise
from .flows import image_flow, photo_flow, plane_flow, vector_flow
from .folding import folded
from .log_det import forward_and_log_det, log_det_rule
from .mixing import PLU, InvertibleConv1x1, InvertibleLinear
from .resizing import resized
from .shaping import Flatten, Permute, Squeeze
from .transport import MixtureTransport

__all__ = [
    "PLU",
    "ActNorm",
    "AdaptedFlow",
    "AdaptiveNorm",
    "AdaptiveResidual",
    "AdditiveCoupling",
    "AffineCoupling",
    "Chain",
    "Conditional",
    "Conditioner",
    "Flatten",
    "Inverse",
    "InvertibleConv1x1",
    "InvertibleLinear",
    "InvertibleNetwork",
    "Log",
    "MixtureTransport",
    "Permute",
    "Squeeze",
    "Translate",
    "adapt",
    "adaptive_conditioner",
    "conv_conditioner",
    "folded",
    "forward_and_log_det",
    "given",
    "image_flow",
    "initialise",
    "log_det_rule",
    "mixed_precision",
    "mlp_conditioner",
    "photo_flow",
    "plane_flow",
    "resized",
    "vector_flow",
]
