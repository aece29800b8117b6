"""A model small enough to be carried in a page: fewer bits a weight, and nothing that follows from the rest.

Nearly half of what an exported model holds follows from the rest: a matrix of g⁻¹ is the inverse of one of g. The page works
these out when it opens the model (assets/static/grow.js), so both directions undo each other to float32's rounding, however
few bits the weights have left, and the round trip on the proof meter is that of the server.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from linearizer_core.exporting.replay import Replay, errors_of
from linearizer_core.exporting.web import WebModel, web
from linearizer_core.linearizer import Linearizer

WHOLE = 24  # bits of a float32's significand, the first of which is not written
BITS = (10, 12, 14, 16, 17, 18, 19, 20, 22, WHOLE)  # that are tried
LEVEL = 1 / 255  # of a pixel
Rule = dict[str, Any]


@dataclass(frozen=True)
class Compact:
    """A model as the page gets it; `rules` say in order how the page fills the places of weights that are left out.

    {"inverse": n, "of": [W, b], "to": [V, c]} is V = W⁻¹ and c = −V b, W (n, n); c is None where it is 0, as b.
    {"undo": [n, r], "of": [U, V], "to": T} is T = −U (I − V U)⁻¹, U (n, r), V (r, n), so that I − T V undoes I − U V.
    Letters are places among the weights. `error` is that of decoded pixels, `bits` those of most weights.
    """

    manifest: Rule
    indices: bytes
    weights: np.ndarray
    rules: Sequence[Rule]
    bits: int
    error: float

    @property
    def carried(self) -> np.ndarray:
        """The weights without those that follow from the rest."""
        kept = np.ones(len(self.weights), bool)
        for at, count in left_out(self.rules):
            kept[at : at + count] = False
        return self.weights[kept]


def compact(f: Linearizer, mark: float = LEVEL, first: int = 0) -> Compact:
    """f with the fewest bits of `BITS` with which no decoded pixel is off by more than `mark`; `first` are tried first.

    ValueError where a matrix of g⁻¹ is not the inverse of its matrix of g.
    """
    whole = web(f)
    cut = 4 * whole.manifest["indices"]
    weights = np.frombuffer(whole.weights[cut:], "<f4")
    rules = [*undoings(whole.manifest, weights), *inverses(whole.manifest)]
    least = least_bits(whole.manifest, len(weights))

    def tried(bits: int) -> tuple[np.ndarray, float]:
        left = grown(rounded(weights, np.maximum(least, bits)), rules)
        errors = errors_of(f, Replay(WebModel(whole.manifest, whole.weights[:cut] + left.tobytes())))
        return left, errors["decode"]

    if first and (found := tried(first))[1] <= mark:
        return Compact(whole.manifest, whole.weights[:cut], found[0], rules, first, found[1])
    bits = BITS[min(bisect_left(BITS, True, key=lambda bits: tried(bits)[1] <= mark), len(BITS) - 1)]
    left, error = tried(bits)
    return Compact(whole.manifest, whole.weights[:cut], left, rules, bits, error)


def rounded(weights: np.ndarray, bits: np.ndarray | int) -> np.ndarray:
    """float32 with so many bits of significand left, to the nearest.

    >>> rounded(np.array([1.0, 1 + 2**-12], np.float32), 10).tolist()
    [1.0, 1.0]
    """
    drop = (WHOLE - np.asarray(bits)).astype(np.uint64)
    half = (np.uint64(1) << drop) >> np.uint64(1)
    return ((weights.view("<u4") + half) >> drop << drop).astype("<u4").view("<f4")


def _calls(manifest: Rule, kernel: str, *programs: str) -> list[Sequence]:
    """The arguments of the calls of a kernel, in order."""
    names = programs or tuple(manifest["programs"])
    return [call[1:] for name in names for call in manifest["programs"][name]["calls"] if call[0] == kernel]


def least_bits(manifest: Rule, count: int) -> np.ndarray:
    """Bits that each weight needs at least: all, where one direction has it and the other undoes it by another one."""
    least = np.zeros(count, np.uint8)
    for _, _, W, b, n, ins, positions, times in _calls(manifest, "mix"):
        if n == ins and positions * times > 1:
            least[W : W + n * n] = least[b : b + n] = WHOLE
    for _, scales, shifts, n, _ in _calls(manifest, "affine"):
        least[scales : scales + n] = least[shifts : shifts + n] = WHOLE
    for _, at, n in _calls(manifest, "plus"):
        least[at : at + n] = WHOLE
    return least


def undoings(manifest: Rule, weights: np.ndarray) -> list[Rule]:
    """Pairs U₁, U₂ with the same V, x − U₁ V x there and x − U₂ V x back: how a product of reflections is exported."""
    found: dict[int, set[int]] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for name in manifest["programs"]:
        calls = manifest["programs"][name]["calls"]
        for (first, *inner), (second, *outer), (third, *added) in zip(calls, calls[1:], calls[2:]):
            if (first, second, third) == ("mix", "mix", "add") and added[3] == -1 and inner[0] == outer[1]:
                found.setdefault(inner[2], set()).add(outer[2])
                sizes[inner[2]] = (outer[4], inner[4])
    pairs = [(V, *sorted(Us)) for V, Us in found.items() if len(Us) == 2]
    return [{"undo": list(sizes[V]), "of": [U, V], "to": other} for V, U, other in pairs]


def inverses(manifest: Rule) -> list[Rule]:
    """The matrices that "encode" has alone, each with its inverse in "decode", which has them the other way round."""
    shared = {call[2] for call in _calls(manifest, "mix", "encode")}
    shared &= {call[2] for call in _calls(manifest, "mix", "decode")}
    there, back = (
        [call[2:5] for call in _calls(manifest, "mix", name) if call[2] not in shared and call[4] == call[5]]
        for name in ("encode", "decode")
    )
    if [n for *_, n in there] != [n for *_, n in back[::-1]]:
        raise ValueError("The matrices of g and of g⁻¹ do not go in pairs.")
    both = {call[3] for call in _calls(manifest, "mix", "encode")}  # zeros stand once for all that are alike
    return [
        {"inverse": n, "of": [W, b], "to": [V, None if c in both else c]}
        for (W, b, n), (V, c, _) in zip(there, back[::-1])
    ]


def left_out(rules: Sequence[Rule]) -> list[tuple[int, int]]:
    """Where weights need not be carried: (from, how many), in order."""
    found = []
    for rule in rules:
        if "undo" in rule:
            found.append((rule["to"], rule["undo"][0] * rule["undo"][1]))
        else:
            (V, c), n = rule["to"], rule["inverse"]
            found += [(V, n * n), *([] if c is None else [(c, n)])]
    return sorted(set(found))


def grown(weights: np.ndarray, rules: Sequence[Rule]) -> np.ndarray:
    """The weights with what follows from them worked out, as the page does. ValueError where that is something else."""
    filled = weights.copy()
    for rule in rules:
        if "undo" in rule:
            (n, r), (U, V), to = rule["undo"], rule["of"], rule["to"]
            u = weights[U : U + n * r].reshape(n, r).astype(float)
            v = weights[V : V + n * r].reshape(r, n).astype(float)
            found = {to: -u @ np.linalg.inv(np.eye(r) - v @ u)}
        else:
            n, (W, b), (V, c) = rule["inverse"], rule["of"], rule["to"]
            inverse = np.linalg.inv(weights[W : W + n * n].reshape(n, n).astype(float))
            found = {V: inverse} | ({} if c is None else {c: -inverse @ weights[b : b + n]})
        for at, values in found.items():
            before = weights[at : at + values.size]
            if np.abs(before - values.ravel()).max() > 0.1 * max(1.0, np.abs(before).max()):
                raise ValueError(f"The {values.size} weights at {at} are not what follows from the others.")
            filled[at : at + values.size] = values.ravel()
    return filled
