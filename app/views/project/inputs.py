"""What goes into the projector: a picture of the lab, whole or spoilt in one of a few ways, by as much as one likes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from app import models, pictures
from app import words as common
from app.pictures import files
from app.views.generate.compute import is_whole
from app.views.project import words
from linearizer_core.data import damage

MODEL = "digits-projector"
WHOLE = "none"
USUAL = {
    WHOLE: 0.0,
    "noise": 1.0,
    "gaussian": 0.5,
    "salt": 0.3,
    "hole": 0.3,
    "cover": 0.3,
    "blur": 0.4,
    "negative": 1.0,
}
"""The ways to spoil a picture, and the amount in [0, 1] that each starts with."""
BLUR = 6.0  # pixels of standard deviation at amount 1
LARGEST_SEED = 9999


@dataclass(frozen=True)
class Input:
    """The picture with this reference, spoilt by `kind`; the seed says which noise it is or where the hole lies."""

    picture: str
    kind: str = WHOLE
    amount: float = 0.0
    seed: int = 0

    @property
    def text(self) -> str:
        """The input as one word, for ids and states.

        >>> Input("digits:3", "salt", 0.3).text
        'salt;0.3;0;digits:3'
        """
        return f"{self.kind};{self.amount:g};{self.seed};{self.picture}"


def parsed(text: str) -> Input:
    """The input that `Input.text` wrote, checked. ValueError with a sentence.

    >>> parsed("salt;0.3;0;digits:3") == Input("digits:3", "salt", 0.3)
    True
    """
    kind, amount, seed, picture = (str(text).split(";", 3) + [""] * 4)[:4]
    try:
        return checked(picture, kind, float(amount), int(seed))
    except ValueError as error:
        raise ValueError(
            str(error) if isinstance(error, files.BadPictureError) else common.BAD_LINK
        ) from None


def checked(picture: object, kind: object, amount: object, seed: object) -> Input:
    """The input that somebody asks for; ValueError with a sentence that says what would work."""
    if kind not in USUAL:
        raise ValueError(common.no_such_choice(kind, list(USUAL)))
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= 1:
        raise ValueError(words.wrong_amount(amount))
    if not is_whole(seed) or not 0 <= seed <= LARGEST_SEED:
        raise ValueError(common.wrong_seed(seed, LARGEST_SEED))
    return Input(pictures.accept(picture, whole=True), str(kind), round(float(amount), 3), int(seed))


@lru_cache(maxsize=1024)
def _tensor(entry: Input) -> Tensor:
    x, a = pictures.tensor([entry.picture]), entry.amount
    generator = torch.Generator().manual_seed(entry.seed)
    match entry.kind:
        case "noise":
            return damage.drowned(x, a, generator)
        case "gaussian":
            return damage.gaussian_noise(x, a, generator)
        case "salt":
            return damage.salt_and_pepper(x, a, generator)
        case "hole" | "cover":
            return damage.square(x, round(a * files.SIDE), float(entry.kind == "cover"), generator)
        case "blur":
            return damage.blur(x, BLUR * a)
        case "negative":
            return (1 - a) * x + a * (1 - x)
    return x


def source(entry: Input) -> str:
    """The spoiling as a line of Python on a tensor `x`, the same arithmetic as `tensor`.

    >>> source(Input("digits:3", "salt", 0.3))
    'x = damage.salt_and_pepper(x, 0.3, torch.Generator().manual_seed(0))'
    """
    a, seeded = entry.amount, f"torch.Generator().manual_seed({entry.seed})"
    lines = {
        "noise": f"x = damage.drowned(x, {a!r}, {seeded})",
        "gaussian": f"x = damage.gaussian_noise(x, {a!r}, {seeded})",
        "salt": f"x = damage.salt_and_pepper(x, {a!r}, {seeded})",
        "hole": f"x = damage.square(x, {round(a * files.SIDE)}, 0.0, {seeded})",
        "cover": f"x = damage.square(x, {round(a * files.SIDE)}, 1.0, {seeded})",
        "blur": f"x = damage.blur(x, {BLUR * a!r})",
        "negative": f"x = (1 - {a!r}) * x + {a!r} * (1 - x)",
    }
    return lines.get(entry.kind, "# damage.salt_and_pepper(x, 0.3) would spoil it")


def tensor(inputs: Sequence[Input]) -> Tensor:
    """The inputs as float32 (k, 1, 32, 32); noise may leave [0, 1]."""
    return torch.cat([_tensor(entry) for entry in inputs])


@lru_cache(maxsize=2048)
def _latent(entry: Input) -> Tensor:
    with models.one_core():
        return models.model(MODEL).g_x(_tensor(entry))


def latents(inputs: Sequence[Input]) -> Tensor:
    """g(x) of the inputs, (k, n): each is encoded once, whatever the rank."""
    return torch.cat([_latent(entry) for entry in inputs])
