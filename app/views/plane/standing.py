"""What Plane can be set to: a plane, two points, two coefficients, A by its SVD, and what is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from app.kinds import Choice, Maybe, Number, Several, Shared, Subset, Text, Whole
from app.settings import Settings, setting
from app.views.plane import words
from app.views.plane.network import NAMES, available
from linearizer_core.data.point_sets import VIEW

TRAINED = "trained"
MODES = ("add", "operator", "orbit", "project", "flow")
METHODS = ("euler", "rk4")
SHOWN = ("grid", "data", "vectors", "circles")
WEIGHT, STRONGEST, TURN = (
    2.0,
    2.5,
    180.0,
)  # limits of the coefficients, of singular values, of angles in degrees
POWERS, MOST_STEPS = (-3.0, 10.0), 100

POINT = Several(Number(-VIEW, VIEW), 2, 2, "numbers")
SIGMAS = Several(Number(-STRONGEST, STRONGEST), 2, 2, "numbers")
ROWS = Several(SIGMAS, 2, 2, "rows")
COEFFICIENT = Number(-WEIGHT, WEIGHT)
PLANE = Choice(lambda: (*available(), TRAINED))


def ships(plane: str) -> bool:
    """Whether it is one of the planes that everybody has."""
    return plane != TRAINED


@dataclass(frozen=True)
class Standing(Settings):
    """Where everything stands. A plane that was trained here is known to this server by its token."""

    plane: str = setting(Shared(PLANE, ships, NAMES[0]), NAMES[0], link="m")
    mode: str = setting(Choice(MODES), MODES[0], link="see")
    x: tuple[float, float] = setting(POINT, (-1.85, 0.75), link="x")
    y: tuple[float, float] = setting(POINT, (0.4, 0.55), link="y")
    a: float = setting(COEFFICIENT, 0.5, link="w")
    b: float = setting(COEFFICIENT, 0.5, link="w")
    s: tuple[float, float] = setting(SIGMAS, (1.2, 0.8), link="s")
    u: float = setting(Number(-TURN, TURN), 30.0, link="t")
    v: float = setting(Number(-TURN, TURN), 0.0, link="t")
    p: float = setting(Number(*POWERS), 1.0, link="p")
    steps: int = setting(Whole(1, MOST_STEPS), 20, link="n")
    method: str = setting(Choice(METHODS), METHODS[0], link="by")
    show: tuple[str, ...] = setting(Subset(SHOWN), ("grid", "data"), link="show")
    token: str = setting(Text(40), "")

    def matrix(self) -> Tensor:
        """A = U diag(s) Vᵀ, (2, 2), in float64."""
        U, V = (_rotation(angle) for angle in (self.u, self.v))
        return U @ torch.diag(torch.tensor(self.s, dtype=torch.float64)) @ V.mT


def _rotation(degrees: float) -> Tensor:
    angle = torch.tensor(math.radians(degrees), dtype=torch.float64)
    return torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])


@dataclass(frozen=True)
class Arguments(Settings):
    """What the endpoint takes. ValueError where A has singular values above `STRONGEST`."""

    x: tuple[float, float] = setting(POINT)
    y: tuple[float, float] = setting(POINT)
    a: float = setting(COEFFICIENT, 1.0)
    b: float = setting(COEFFICIENT, 1.0)
    matrix: tuple | None = setting(
        Maybe(ROWS, ""),
        None,
        about=f"A, with singular values up to {STRONGEST:g}; leave it out for the A that the model came with",
    )
    model: str = setting(Choice(available), NAMES[0], about="with “identity” ⊕ is +")

    def __post_init__(self) -> None:
        if self.matrix and torch.linalg.matrix_norm(torch.tensor(self.matrix), 2) > STRONGEST + 1e-6:
            raise ValueError(words.too_strong(STRONGEST))
