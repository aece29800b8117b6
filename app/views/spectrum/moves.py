"""Moves: what a visitor has done to the singular values of A, as a short list that travels in widgets and links.

    ["set", i, v]     σᵢ becomes v, counted from 0        link "s0:1.5"
    ["keep", k]       all but the first k become 0        link "k12"
    ["power", p]      every σ becomes σᵖ                  link "p0.5"

They apply in order. A power below 0 gives 0 where σ is less than 5 % of the largest, as a pseudo-inverse does; power 0
makes every value that is not zero equal to 1. No value exceeds `LARGEST`. The plot's script draws by the same rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from app.kinds import Kind, is_finite
from app.views.spectrum import words
from linearizer_core.algebra.singular import powered

LARGEST = 1000.0
POWERS = (-3.0, 3.0)
CUT, TINY = 0.05, 1e-6  # what counts as zero, as a part of the largest, for powers below 0 and for the others
MOST = 2000  # moves in a list: every value of the digits model once, and as many whole-curve moves

Move = tuple  # ("set", i, v), ("keep", k) or ("power", p)
NAMES = {"s": "set", "k": "keep", "p": "power"}  # first letter, as in a link: kind


# --- what comes from outside -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Moves(Kind):
    """A list of moves; how many singular values there are is for the model to say, see `check_range`.

    >>> Moves().take([["set", 2.0, 0.5]]), Moves().read("p0.5,s3:1.25,junk,k12")
    ((('set', 2, 0.5),), (('power', 0.5), ('set', 3, 1.25), ('keep', 12)))
    """

    hint = list

    def take(self, value: object) -> tuple[Move, ...]:
        if not isinstance(value, list | tuple) or len(value) > MOST:
            raise ValueError(words.NO_MOVES)
        return tuple(map(_move, value))

    def read(self, text: str) -> tuple[Move, ...]:
        """An edited or truncated link loses only the words that mean nothing."""
        return tuple(move for word in text.split(",")[:MOST] for move in _of_word(word))

    def words(self, value: Sequence[Move]) -> str:
        return ",".join(
            kind[0] + ":".join(f"{number:.12g}" for number in numbers) for kind, *numbers in value
        )

    def __str__(self) -> str:
        return (
            'applied in order, each ["set", i, v] (σᵢ becomes v in [0, 1000], i from 0), ["keep", k] (all but the first k '
            'become 0) or ["power", p] (every σ becomes σᵖ, p in [−3, 3]); [] leaves the spectrum as trained'
        )


def _move(value: object) -> Move:
    if not isinstance(value, list | tuple) or not value or value[0] not in NAMES.values():
        raise ValueError(words.NO_MOVES)
    kind, *numbers = value
    if len(numbers) != (2 if kind == "set" else 1) or not all(map(is_finite, numbers)):
        raise ValueError(words.NO_MOVES)
    if kind == "power":
        return (kind, *numbers)
    if numbers[0] != int(numbers[0]):
        raise ValueError(words.NO_MOVES)
    return (kind, int(numbers[0]), *numbers[1:])


def _of_word(word: str) -> list[Move]:
    try:
        return [_move([NAMES.get(word[:1]), *map(float, word[1:].split(":"))])]
    except ValueError:
        return []


def check_range(move: Move, count: int) -> None:
    """ValueError with a sentence where the move is none for `count` singular values."""
    kind, *numbers = move
    limits = {"set": [(0, count - 1), (0, LARGEST)], "keep": [(0, count)], "power": [POWERS]}[kind]
    for number, (low, high) in zip(numbers, limits):
        if not low <= number <= high:
            raise ValueError(words.move_out_of_range(kind, number, low, high))


def in_range(moves: Sequence[Move], count: int) -> tuple[Move, ...]:
    """Those of the moves that `count` singular values can make.

    >>> in_range([("keep", 500), ("power", 0.5)], 128)
    (('power', 0.5),)
    """
    return tuple(move for move in moves if _fits(move, count))


def _fits(move: Move, count: int) -> bool:
    try:
        check_range(move, count)
    except ValueError:
        return False
    return True


# --- what they do ------------------------------------------------------------------------------------------
def edited(values: Tensor, moves: Sequence[Move]) -> Tensor:
    """The singular values (n,) after the moves.

    >>> import torch
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
            values = powered(values, numbers[0], CUT if numbers[0] < 0 else TINY).clamp(max=LARGEST)
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
