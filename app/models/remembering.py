"""Results that are remembered, the oldest forgotten first; and all that a model had part in, when that model goes.

@remembered(256)
def encoded(reference: str, model: str) -> Tensor: ...

forget("own-Qm3x…")      # whatever was computed with this name, or with something that holds it, is gone
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

_forgetting: list[Callable[[str], None]] = []


class Seen(NamedTuple):
    """How often a result was there, how often not, and how many are kept."""

    hits: int
    misses: int
    currsize: int


def remembered(most: int) -> Callable[[Callable], Callable]:
    """A function whose last `most` results are kept, as `functools.lru_cache` does it; but `forget` finds them.

    >>> @remembered(2)
    ... def doubled(name): return 2 * name
    >>> doubled("a"), doubled("a"), doubled.cache_info()
    ('aa', 'aa', Seen(hits=1, misses=1, currsize=1))
    >>> forget("a"); doubled.cache_info().currsize
    0
    """

    def of(fn: Callable) -> Callable:
        kept: OrderedDict[Hashable, Any] = OrderedDict()
        door, counts = threading.Lock(), [0, 0]

        @functools.wraps(fn)
        def answer(*values: Any, **named: Any) -> Any:
            key = (values, *sorted(named.items()))
            with door:
                there = key in kept
                counts[not there] += 1
                if there:
                    kept.move_to_end(key)
                    return kept[key]
            found = fn(*values, **named)
            with door:
                kept[key] = found
                while len(kept) > most:
                    kept.popitem(last=False)
            return found

        def drop(name: str) -> None:
            with door:
                for key in [key for key in kept if _mentions(key, name)]:
                    del kept[key]

        def clear() -> None:
            with door:
                kept.clear()
                counts[:] = 0, 0

        answer.cache_info = lambda: Seen(*counts, len(kept))
        answer.cache_clear = clear
        on_forgetting(drop)
        return answer

    return of


def on_forgetting(drop: Callable[[str], None]) -> Callable[[str], None]:
    """Call `drop(name)` whenever a model goes."""
    _forgetting.append(drop)
    return drop


def forget(name: str) -> None:
    """Lets go of all that was computed with the model of this name."""
    for drop in _forgetting:
        drop(name)


def _mentions(value: object, name: str) -> bool:
    """Whether an argument is the name, a reference that holds it, or something that has one of these in a field."""
    if isinstance(value, str):
        return name in value
    if isinstance(value, Sequence):
        return any(_mentions(item, name) for item in value)
    return is_dataclass(value) and any(_mentions(getattr(value, each.name), name) for each in fields(value))
