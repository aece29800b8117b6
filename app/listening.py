"""How listeners are set: values by name in and out, and the one place where a ValueError becomes what the visitor reads.

A handler is a plain function of named values that returns named values:

    listen([rank.change], stage, {"picture": lab.picture, "rank": rank}, {"tiles": tiles, "formula": formula}, **TICK)

`stage(picture=…, rank=…)` returns {"tiles": …, "formula": …}; a name that it leaves out stays as it is on screen. A name may
stand for several components, then its value is a list. A handler that takes `event` gets what
the widget tells, by name, and one that takes `request` Gradio's own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields
from types import SimpleNamespace
from typing import Any

import gradio as gr

from app.kinds import Flag
from app.models.needs import Need
from app.settings import Settings

LIFE = (
    24 * 3600
)  # seconds for which an open page's gr.State is kept: longer than a lecture, shorter than forever
# How listeners are set. Gradio tells listeners of `state.change` only about queued events, and it serves
# queued ones one by one unless told otherwise.
QUIET = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
CHOICE = {**QUIET, "queue": True, "concurrency_limit": None}  # changes a gr.State that others listen to
TICK = {**QUIET, "trigger_mode": "always_last"}  # follows a drag: the last position wins, nothing flickers
# Of what must be heard at once, while an earlier answer is on its way.
BESIDE = {**QUIET, "trigger_mode": "multiple"}

Component = gr.blocks.Block
Named = Mapping[str, Component | Sequence[Component]]


@dataclass(frozen=True)
class Lab:
    """What the views share for one visitor: the current picture, as a reference (see `pictures`); the buttons that choose
    among models, each with the title of its view and what that needs of one.
    """

    picture: gr.State
    choosers: list[tuple[gr.Radio, str, Need]] = field(default_factory=list)


@dataclass(frozen=True)
class Opening:
    """How a view is first filled: `fn(query, picture)` returns values for some of `outputs`, by name.

    `query` holds the settings of a link to this view, {} without one, and `picture` is the current picture. A view with an
    output "notice" can say there what of a link could not be read.
    """

    fn: Callable[[dict[str, str], str], Mapping[str, Any]]
    outputs: Named


# --- values by name ----------------------------------------------------------------------------------------
def flat(named: Named) -> list[Component]:
    """The components in the order of their names."""
    return [component for found in named.values() for component in _several(found)]


def _several(found: object) -> list:
    return list(found) if isinstance(found, list | tuple) else [found]


def gathered(named: Named, values: Sequence) -> dict[str, Any]:
    """Values in the order of `flat`, by name."""
    found, rest = {}, iter(values)
    for name, components in named.items():
        many = isinstance(components, list | tuple)
        found[name] = [next(rest) for _ in components] if many else next(rest)
    return found


def spread(named: Named, values: Mapping[str, Any]) -> list:
    """Values by name in the order of `flat`; what is left out stays as it is on screen."""
    strangers = values.keys() - named.keys()
    if strangers:
        raise KeyError(f"nothing on screen is called {', '.join(sorted(strangers))}")
    found = []
    for name, components in named.items():
        count = len(_several(components))
        if name not in values:
            given = [gr.skip()] * count
        else:  # a single component may hold a list
            given = _several(values[name]) if isinstance(components, list | tuple) else [values[name]]
        if len(given) != count:
            raise KeyError(f"{name} has {count} components, {len(given)} values came")
        found += given
    return found


def listen(
    triggers: Callable | Iterable[Callable],
    fn: Callable[..., Mapping[str, Any] | Iterator[Mapping[str, Any]]],
    inputs: Named,
    outputs: Named,
    **how: Any,
) -> Any:
    """Call `fn` with values by name whenever one of `triggers` (such as `slider.change`) fires."""
    given = {"fn": _handler(fn, inputs, outputs), "inputs": flat(inputs), "outputs": flat(outputs), **how}
    return _set(triggers, **given)


def _set(triggers: Callable | Iterable[Callable], **given: Any) -> Any:
    """Gradio's listener; `gr.on` does not take the events of a widget of one's own, which are called."""
    return triggers(**given) if callable(triggers) else gr.on(list(triggers), **given)


def apart(triggers: Callable | Iterable[Callable]) -> Callable:
    """A trigger of its own that follows `triggers`, for a second listener of theirs that keeps the last position.

    Where a listener with "always_last" is told while it is busy, Gradio later tells the *event* again, to all who listen
    to it: two such listeners keep each other busy for ever. What follows another listener is told by itself.
    """
    return _set(triggers, fn=None, js="() => {}").then


def _handler(fn: Callable, inputs: Named, outputs: Named) -> Callable:
    def values_of(found: Mapping[str, Any] | None) -> Any:
        listed = spread(outputs, found or {})
        return listed[0] if len(listed) == 1 else listed or None  # Gradio takes no list for a single output

    def run(values: Sequence, **special: Any) -> Any:
        with refusing():
            found = fn(**gathered(inputs, values), **special)
        return values_of(found)

    def stream(values: Sequence, **special: Any) -> Iterator:
        with refusing():
            for found in fn(**gathered(inputs, values), **special):
                yield values_of(found)

    return _with_special(
        stream if inspect.isgeneratorfunction(inspect.unwrap(fn)) else run, inspect.signature(fn)
    )


def _with_special(run: Callable, signature: inspect.Signature) -> Callable:
    """`run` as Gradio wants to see it: it looks for annotated arguments, and whether it is a generator."""
    streams = inspect.isgeneratorfunction(run)
    if "event" in signature.parameters:

        def call(event: gr.EventData, *values: object) -> Any:
            return run(values, event=_told(event))

    elif "request" in signature.parameters:

        def call(request: gr.Request, *values: object) -> Any:
            return run(values, request=request)

    else:

        def call(*values: object) -> Any:
            return run(values)

    if not streams:
        return call

    @functools.wraps(call)
    def streamed(*values: object) -> Iterator:
        yield from call(*values)

    return streamed


def _told(event: gr.EventData) -> SimpleNamespace:
    """What a widget's event says, by name; nothing where somebody sends one that is no object."""
    said = getattr(event, "_data", None)  # Gradio's own look-up fails on whatever is no mapping
    return SimpleNamespace(**said) if isinstance(said, Mapping) else SimpleNamespace()


@contextmanager
def refusing() -> Iterator[None]:
    """Inside it a ValueError becomes the sentence that the visitor reads; nothing is logged."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def of_standing(standing: type[Settings], fn: Callable) -> Callable:
    """`fn(standing, **others)` as a handler of named controls; nothing happens while one of them is still empty.

    Those that are declared in `standing` are checked and make up the first argument, the others come by name. `broken`,
    the switch of the proof meter, is checked too.
    """
    own = standing.declared().keys()

    @functools.wraps(fn)
    def handler(**values: Any) -> Any:
        settings = {name: values.pop(name) for name in own & values.keys()}
        if any(None in _several(value) for value in settings.values()):
            return {}
        if "broken" in values:
            values["broken"] = Flag().checked(values["broken"], "broken")
        return fn(standing.checked(**settings), **values)

    return handler


def by_name(inputs: Named, script: str) -> str:
    """JavaScript for a listener's `js`: runs `script` with the inputs as constants of their names, and passes them on."""
    names = [
        name if len(_several(found)) == 1 else "" for name, found in inputs.items() for _ in _several(found)
    ]
    return f"(...values) => {{ const [{', '.join(names)}] = values; {script}; return values; }}"


def leaving(call: str, then: str = "(...given) => given") -> str:
    """A listener's script: `call` in the browser as its request leaves, which then carries what `then` makes of its values.

    >>> leaving("lab.filling('plane')")
    "(...given) => { lab.filling('plane'); return ((...given) => given)(...given); }"
    """
    return f"(...given) => {{ {call}; return ({then})(...given); }}"


# --- endpoints ---------------------------------------------------------------------------------------------
def endpoint(name: str, arguments: type[Settings], answer: Callable[[Any], dict], **how: Any) -> None:
    """The named endpoint `/name`: `answer(arguments)` for checked arguments, documented from their declarations.

    The first paragraph of `answer`'s docstring and what stands from "Returns:" on are the rest of the documentation.
    """

    def call(*values: object, **named: object) -> dict:
        with refusing():
            return answer(arguments.checked(**signature.bind(*values, **named).arguments))

    defaults = {
        f.name: inspect.Parameter.empty if f.default is MISSING else f.default for f in fields(arguments)
    }
    hints = {argument: declared.kind.hint for argument, declared in arguments.declared().items()}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [
            inspect.Parameter(a, kind, default=_listed(defaults[a]), annotation=hint)
            for a, hint in hints.items()
        ],
        return_annotation=dict,
    )
    call.__name__, call.__signature__ = name, signature
    call.__annotations__ = {**hints, "return": dict}
    summary, _, returns = inspect.cleandoc(answer.__doc__).partition("Returns:")
    listed = arguments.arguments().replace("\n", "\n    ")
    call.__doc__ = f"{summary.strip()}\n\nArgs:\n    {listed}\n\nReturns:{returns}"
    gr.api(call, api_name=name, **{"queue": False, **how})


def _listed(default: object) -> object:
    return list(default) if isinstance(default, tuple) else default
