"""The words of the app for a page without a server: what is said with numbers in it, as templates with named holes.

Each is made by the app's own function, called with numbers that occur nowhere else in the text; so nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app import words
from app.views.generate import words as generate
from app.views.interpolate import mixer
from app.views.interpolate import words as interpolate
from app.views.latent_pca import words as latent_pca
from app.views.plane import words as plane
from app.views.project import words as project
from app.views.spectrum import words as spectrum
from app.widgets.proof_meter import HOLDS
from linearizer_core.methods.flow_matching import METHODS

__all__ = ["holed", "said"]


def holed(fn: Callable[..., str], *given: Any, **holes: str) -> str:
    """`fn(*given)` with holes in the places of some of its words.

    >>> holed(lambda a, b: f"{a:.2f} x + {b:.2f} y", 0.11, 0.22, a="0.11", b="0.22")
    '{a} x + {b} y'
    """
    text = fn(*given)
    for name, mark in holes.items():
        if mark not in text:
            raise ValueError(f"{fn.__name__} says nothing of {mark}: {text}")
        text = text.replace(mark, f"{{{name}}}")
    return text


def said() -> dict[str, Any]:
    """By view, and what all views say."""
    return {
        "lab": _lab(),
        "interpolate": _interpolate(),
        "spectrum": _spectrum(),
        "project": _project(),
        "generate": _generate(),
        "latent_pca": _latent_pca(),
        "plane": _plane(),
    }


def _lab() -> dict[str, Any]:
    return {
        "holds": words.METER_HOLDS,
        "broken": holed(words.meter_broken, "LAW", law="LAW"),
        "wait": words.METER_WAIT,
        "not_finite": words.NOT_A_NUMBER,
        "limit": HOLDS,
        "round_trip": words.LAW_ROUND_TRIP,
        "space": words.LAW_SPACE,
        "linearity": words.LAW_LINEARITY,
        "projection": words.LAW_PROJECTION,
        "one_step": words.LAW_ONE_STEP,
        "axioms": holed(words.axiom_formula, "WORST", worst="WORST"),
        "linear": holed(words.linearity_formula, 0.11, 0.22, a="0.11", b="0.22"),
        "difference": words.difference(1),
        "amplified": holed(words.difference, 1000.0, times="10³"),
        "at_most": holed(words.largest_difference, "NUMBER", number="NUMBER"),
        "identical": words.IDENTICAL,
        "input": words.INPUT,
    }


def _interpolate() -> dict[str, Any]:
    return {
        "induced": interpolate.INDUCED,
        "pixel": interpolate.PIXEL,
        "average": interpolate.AVERAGE,
        "year": interpolate.LAW_YEARS,
        "years": holed(interpolate.years_formula, 11.0, years="11"),
        "beyond": holed(interpolate.sum_note, [5.55], total="5.55"),
        "short": holed(interpolate.sum_note, [0.55], total="0.55"),
        "buttons": [interpolate.ADD_PICTURE, interpolate.REMOVE_PICTURE, interpolate.EQUAL_WEIGHTS],
        "spares": {"digits": mixer.SPARES["digit"], "faces": mixer.SPARES["face"]},
    }


def _spectrum() -> dict[str, Any]:
    return {
        "noisy": holed(spectrum.input_name, 0.11, noise="0.11"),
        "before": spectrum.BEFORE,
        "now": spectrum.NOW,
        "still": spectrum.STILL,
        "moved": spectrum.MOVED,
        "clipped": spectrum.CLIPPED,
        "svd": spectrum.LAW_SVD,
        "pair": spectrum.LAW_PAIR,
        "svd_formula": holed(spectrum.svd_formula, 77, terms="77"),
        "pair_formula": holed(spectrum.pair_formula, 9, 0.11, 0.222, i="₉", c="0.11", sigma="0.222"),
        "formula": holed(spectrum.formula, 9, 0.222, 0.11, 77, i="₉", sigma="0.222", along="0.11", rank="77"),
    }


def _project() -> dict[str, Any]:
    return {
        "once": project.ONCE,
        "buttons": [project.OTHER_DICE, project.KEEP_IN_GRID],
        "twice": project.TWICE,
        "taken": project.TAKEN,
        "changed": project.PIXELS_CHANGED,
        "ladder": project.LADDER,
        "again": holed(project.again_note, "NOTE", note="NOTE"),
        "formula": holed(project.formula, 9, False, k="₉"),
        "formula_broken": holed(project.formula, 9, True, k="₉"),
        "distance": {
            kind: holed(
                project.distance_words,
                kind,
                0.44,
                0.55,
                0.66,
                777,
                11.1,
                22.0,
                33.0,
                away="11.1",
                low="22",
                high="33",
                eye="0.44",
                eye_low="0.55",
                eye_high="0.66",
                step="777",
            )
            for kind in project.UNITS
        },
        "laws": [project.LAW_IDEMPOTENT, project.LAW_SELF_ADJOINT, project.LAW_ORTHOGONAL],
        "idempotent": holed(project.idempotent_formula, 77, count="77"),
        "self_adjoint": project.SELF_ADJOINT_FORMULA,
        "orthogonal": project.ORTHOGONAL_FORMULA,
    }


def _generate() -> dict[str, Any]:
    methods = tuple(METHODS)
    return {
        "noise": generate.NOISE,
        "others": generate.OTHER_SEEDS,
        "one": generate.ONE_STEP,
        "one_broken": generate.BROKEN_STEP,
        "steps": {name: holed(generate.n_steps, 77, name, n="77") for name in methods},
        "step": {name: generate.n_steps(1, name) for name in methods},
        "seed": holed(generate.seed_note, 77, seed="77"),
        "sd": holed(generate.noise_note, 0.11, sd="0.11"),
        "its_noise": generate.X_NOISE,
        "back": generate.X_BACK,
        "law_inversion": generate.LAW_INVERSION,
        "one_step": holed(
            generate.one_step_formula, 77, "rk4", 11.0, steps=generate.n_steps(77, "rk4"), decibel="11 dB"
        ),
        "inversion": generate.inversion_formula(True, 1, 1),
        "inversion_part": holed(generate.inversion_formula, False, 77, 88, rank="77", size="88"),
        "superposition": holed(generate.superposition_formula, 0.11, 0.22, a="0.11", b="0.22"),
        "spectrum": holed(
            generate.spectrum_words,
            11.1,
            0.22,
            77,
            99,
            first="11.1",
            last="0.22",
            rank="77",
            n="₉₉",
            size="99",
        ),
        "formulas": {
            f"{name} {label} {int(broken)}": holed(
                generate.formula,
                77,
                name,
                9 if label == "class" else None,
                broken,
                last="76",
                h="0.013",
                **({"c": "₉"} if label == "class" else {}),
            )
            for name in methods
            for label in ("any", "class")
            for broken in (False, True)
        },
        "formulas_one": {
            f"{name} {label} {int(broken)}": holed(
                generate.formula,
                1,
                name,
                9 if label == "class" else None,
                broken,
                **({"c": "₉"} if label == "class" else {}),
            )
            for name in methods
            for label in ("any", "class")
            for broken in (False, True)
        },
    }


def _latent_pca() -> dict[str, Any]:
    return {
        "titles": [latent_pca.LATENT_SIDE, latent_pca.PIXEL_SIDE],
        "strayed": latent_pca.STRAYED,
        "orthonormal": latent_pca.LAW_ORTHONORMAL,
        "orthonormal_formula": latent_pca.ORTHONORMAL_FORMULA,
        "walk": latent_pca.LAW_WALK,
        "projection_formula": holed(latent_pca.projection_formula, "WORST", worst="WORST"),
        "walk_formula": holed(latent_pca.straight_formula, 9, 0.11, component="₉", steps="0.11"),
    }


def _plane() -> dict[str, Any]:
    return {
        "linear": holed(plane.linearity_formula, 0.11, 0.22, a="0.11", b="0.22"),
        "svd": [plane.LAW_SVD, plane.SVD_FORMULA],
        "power": [plane.LAW_POWER, plane.POWER_FORMULA],
        "projection": plane.PROJECTION_FORMULA,
        "one_step": {name: holed(plane.one_step_formula, 77, name, n="77") for name in ("euler", "rk4")},
    }
