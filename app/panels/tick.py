"""A tick where the finger is: the browser answers a drag where it can, and else the server does, by the same handler.

    ticks(SLUG, stage, moves=[slider.change], changes=[picture.change], fn=tick, inputs=…, outputs=…, ingredients=…)

`moves` are what a hand drags. The page's engine answers them from `ingredients`, which it asks for once the server has
answered a change of something else; `lab.ticks[SLUG]` in assets/engine/ticks.js says how. Where there is no engine, or
not yet, a move asks the server. The last position wins on both routes, see assets/engine/engine.js.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import gradio as gr

from app.listening import TICK, Named, listen
from app.widgets import widget


def ticks(
    slug: str,
    stage: gr.HTML,
    moves: Sequence[Callable],
    changes: Sequence[Callable],
    fn: Callable[..., Mapping],
    inputs: Named,
    outputs: Named,
    ingredients: Callable[..., Mapping],
) -> gr.HTML:
    """Answer `moves` in the browser, where that is possible, and `changes` on the server. Returns the view's relay.

    `stage` is the `Pictures` that the engine draws on; `fn` answers on the server, with values for `outputs`;
    `ingredients`, called with the same inputs, says what the engine needs until the next change.
    """
    relay = widget("relay", "", elem_id=f"{slug}-relay", label="", slug=slug, stage=stage.elem_id)
    seen = {name: found for name, found in inputs.items() if not isinstance(found, gr.State)}
    gr.on(list(moves), None, [c for found in seen.values() for c in _several(found)], js=_script(slug, seen))
    gr.on(list(changes), None, js=f"() => {{ lab.engine.stale({json.dumps(slug)}); return []; }}")
    listen([*changes, relay.input], fn, inputs, outputs, **TICK)
    listen(
        relay.submit,
        lambda **values: {"relay": ingredients(**values) or None},
        inputs,
        {"relay": relay},
        **TICK,
    )
    return relay


def _script(slug: str, inputs: Named) -> str:
    """JavaScript that tells the engine where the controls stand, by name."""
    at, names = 0, []
    for name, found in inputs.items():
        count = len(_several(found))
        names.append(
            f"{name}: values.slice({at}, {at + count})"
            if isinstance(found, list | tuple)
            else f"{name}: values[{at}]"
        )
        at += count
    return f"(...values) => {{ lab.engine.tick({json.dumps(slug)}, {{ {', '.join(names)} }}); return []; }}"


def _several(found: object) -> list:
    return list(found) if isinstance(found, list | tuple) else [found]
