"""The laws that must hold, measured: one function per law, for tests, `evaluate` and proof meters.

Every figure is the largest absolute difference between the two sides, divided by the largest absolute entry
of either (`relative_error`): 0 is exact, 1e-7 is float32 rounding, 1e-15 float64 rounding. Arguments that
default to None can be replaced to see a law break: `add` by the pixel average, say, or f by something that is
not linear. `check` measures all that there are for one f.
"""

from .check import Law, Report, check, decoded_noise
from .laws import (
    axiom_errors,
    blend_error,
    composition_error,
    exponential_error,
    idempotence_error,
    iteration_error,
    linearity_error,
    orthogonality_error,
    penrose_errors,
    projection_errors,
    relative_error,
    root_error,
    round_trip_error,
    svd_error,
    transpose_error,
    undoing_error,
)
from .paths import straightness_error, travelled
from .pictures import flat_contrast, grid_power, one_step_psnr, psnr, ssim

__all__ = [
    "Law",
    "Report",
    "axiom_errors",
    "blend_error",
    "check",
    "composition_error",
    "decoded_noise",
    "exponential_error",
    "flat_contrast",
    "grid_power",
    "idempotence_error",
    "iteration_error",
    "linearity_error",
    "one_step_psnr",
    "orthogonality_error",
    "penrose_errors",
    "projection_errors",
    "psnr",
    "relative_error",
    "root_error",
    "round_trip_error",
    "ssim",
    "straightness_error",
    "svd_error",
    "transpose_error",
    "travelled",
    "undoing_error",
]
