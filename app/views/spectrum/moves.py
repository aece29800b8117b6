"""Moves: what a visitor has done to the singular values of A, as a short list that travels in widgets and links.

    ["set", i, v]     σᵢ becomes v, counted from 0        link "s0:1.5"
    ["keep", k]       all but the first k become 0        link "k12"
    ["power", p]      every σ becomes σᵖ                  link "p0.5"

They apply in order. A power below 0 gives 0 where σ is less than 5 % of the largest, as a pseudo-inverse does; power 0
makes every value that is not zero equal to 1. No value exceeds `LARGEST`. The plot's script draws by the same rules.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from app.views.spectrum import words

LARGEST = 1000.0
POWERS = (-3.0, 3.0)
CUT, TINY = 0.05, 1e-6  # what counts as zero, as a part of the largest, for powers below 0 and for the others
MOST = 2000  # moves in a list: every value of the digits model once, and as many whole-curve moves

Move = tuple  # ("set", i, v), ("keep", k) or ("power", p)


def checked(found: object, count: int) -> list[Move]:
    """Moves from outside for `count` singular values; ValueError with a sentence that says what would work."""
    if not isinstance(found, list | tuple) or len(found) > MOST:
        raise ValueError(words.NO_MOVES)
    return [_checked_one(move, count) for move in found]


def _checked_one(move: object, count: int) -> Move:
    if not isinstance(move, list | tuple) or not move or move[0] not in ("set", "keep", "power"):
        raise ValueError(words.NO_MOVES)
    kind, numbers = move[0], list(move[1:])
    if len(numbers) != (2 if kind == "set" else 1) or not all(map(_is_finite, numbers)):
        raise ValueError(words.NO_MOVES)
    limits = {"set": [(0, count - 1), (0, LARGEST)], "keep": [(0, count)], "power": [POWERS]}[kind]
    for number, (low, high) in zip(numbers, limits):
        if not low <= number <= high:
            raise ValueError(words.move_out_of_range(kind, number, low, high))
    if kind != "power":
        if numbers[0] != int(numbers[0]):
            raise ValueError(words.NO_MOVES)
        numbers[0] = int(numbers[0])
    return (kind, *numbers)


def _is_finite(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


def edited(values: Tensor, moves: Sequence[Move]) -> Tensor:
    """The singular values (n,) after the moves.

    >>> edited(torch.tensor([4.0, 1.0, 0.0]), [("power", 0.5), ("set", 1, 3.0), ("keep", 2)])
    tensor([2., 3., 0.])
    """
    values = values.clone()
    for kind, *numbers in moves:
        if kind == "set":
            values[numbers[0]] = numbers[1]
        elif kind == "keep":
            values[numbers[0] :] = 0
        else:
            cut = (CUT if numbers[0] < 0 else TINY) * values.max()
            values = torch.where(values > cut, values ** numbers[0], 0).clamp(max=LARGEST)
    return values


def source(moves: Sequence[Move]) -> str:
    """The moves as lines of Python on a tensor called `values`, the same arithmetic as `edited`.

    >>> print(source([("set", 1, 3.0), ("keep", 2)]))
    values[1] = 3.0
    values[2:] = 0
    """
    lines = []
    for kind, *numbers in moves:
        if kind == "set":
            lines.append(f"values[{numbers[0]}] = {numbers[1]!r}")
        elif kind == "keep":
            lines.append(f"values[{numbers[0]}:] = 0")
        else:
            cut = CUT if numbers[0] < 0 else TINY
            power = f"torch.where(values > {cut} * values.max(), values ** {numbers[0]!r}, 0)"
            lines.append(f"values = {power}.clamp(max={LARGEST:g})")
    return "\n".join(lines)


def encode(moves: Sequence[Move]) -> list[str]:
    """The moves as the words of a link.

    >>> encode([("power", 0.5), ("set", 3, 1.25), ("keep", 12)])
    ['p0.5', 's3:1.25', 'k12']
    """
    return [kind[0] + ":".join(f"{number:.12g}" for number in numbers) for kind, *numbers in moves]


def decode(words: Sequence[str], count: int) -> list[Move]:
    """The moves in a link; words that mean nothing here are left out."""
    found = []
    for word in words[:MOST]:
        kind = {"s": "set", "k": "keep", "p": "power"}.get(word[:1])
        try:
            found.append(_checked_one([kind, *(float(number) for number in word[1:].split(":"))], count))
        except ValueError:
            continue  # an edited or truncated link: the rest of it still works
    return found
