"""A tick where the finger is: the browser answers a drag where it can, and else the server does, by the same handler.

    ticks(SLUG, stage, moves=[slider.change], changes=[picture.change], fn=tick, inputs=…, outputs=…, ingredients=…)

`moves` are what a hand drags. The page's engine answers them from `ingredients`, which it asks for once the server has
answered a change of something else; `lab.ticks[SLUG]` in assets/engine/ticks.js says how. Where there is no engine, or
not yet, a move asks the server. The last position wins on both routes, see assets/engine/engine.js.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from app.listening import TICK, Named, apart, flat, listen
from app.widgets import widget

_turns = itertools.count(1)


def ticks(
    slug: str,
    stage: gr.HTML,
    moves: Sequence[Callable],
    changes: Sequence[Callable],
    fn: Callable[..., Mapping],
    inputs: Named,
    outputs: Named,
    ingredients: Callable[..., Mapping],
    script: str = "",
    rests: Callable | None = None,
    rested: Callable[..., Mapping] | None = None,
) -> gr.HTML:
    """Answer `moves` in the browser, where that is possible, and `changes` on the server. Returns the view's relay.

    `stage` is the `Pictures` that the engine draws on; `fn` answers on the server, with values for `outputs`;
    `ingredients`, called with the same inputs, says what the engine needs until the next change.
    `script` is JavaScript that is called with the inputs on either route, see `listening.by_name`.
    Where a browser can compute only a part of what is seen, `rested`, or else `fn`, answers when the hand `rests`.
    """
    relay = widget("relay", "", elem_id=f"{slug}-relay", label="", slug=slug, stage=stage.elem_id)
    gr.on(list(moves), None, flat(inputs), js=_told("moved", slug, inputs, script))
    gr.on(list(changes), None, flat(inputs), js=_told("stale", slug, inputs))
    (name,) = [name for name, found in outputs.items() if found is stage]

    listen([*changes, relay.input], _drawn(fn, name), inputs, outputs, js=script or None, **TICK)
    if rests is not None:
        listen(apart(rests), _drawn(rested or fn, name), inputs, outputs, **TICK)

    def fetched(turn: object, **values: Any) -> Mapping:
        return {"relay": {**ingredients(**values), "turn": turn if type(turn) is int else None}}

    # The page says at which of its turns it asks: what was asked before a change and comes after it is of no use.
    turned = f"(...values) => [...values.slice(0, -1), lab.engine.turn({json.dumps(slug)})]"
    listen(relay.submit, fetched, {**inputs, "turn": relay}, {"relay": relay}, js=turned, **TICK)
    return relay


def _drawn(fn: Callable[..., Mapping], name: str) -> Callable[..., Mapping]:
    """`fn`, whose value of that name differs each time: the page draws only what does, and the engine drew since."""

    @functools.wraps(fn)
    def answer(**values: Any) -> Mapping:
        found = fn(**values)
        return {**found, name: {**found[name], "turn": next(_turns)}} if name in found else found

    return answer


def _told(event: str, slug: str, inputs: Named, also: str = "") -> str:
    """JavaScript that tells the engine where the controls stand, by name; what only the server knows is null."""
    at, names = 0, []
    for name, found in inputs.items():
        many = isinstance(found, list | tuple)
        names.append(f"{name}: values.slice({at}, {at + len(found)})" if many else f"{name}: values[{at}]")
        at += len(found) if many else 1
    told = f"lab.engine.{event}({json.dumps(slug)}, {{ {', '.join(names)} }})"
    return f"(...values) => {{ {f'({also})(...values); ' if also else ''}{told}; return []; }}"
