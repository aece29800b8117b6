"""What lessons ask of the server, beside Gradio's own events: plain requests that a page can send at any time.

A class of 30 that asks every two seconds through Gradio would carry a queue, a session and all values of its components
with it; here a request is a line of JSON. Each is checked by the same settings as an endpoint, and refused in a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.lessons import classroom, sheet, shelf, words
from app.lessons.files import Word
from app.lessons.rooms import BusyError, rooms
from app.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

PLACE = "lab-class"
SHORT = "lab-go"
SHEET = "lab-sheet"
MOST_BYTES = 2**19  # of a request: a lesson, or a drawing
Answer = Callable[[Any], Mapping[str, Any]]


def asked(name: str, arguments: type[Settings], answer: Answer) -> Route:
    """POST /lab-class/`name`: `answer(arguments)` for a JSON object of checked arguments; 400 and a sentence for others,
    503 where the same may be asked again."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def reply(request: Request) -> Response:
        try:
            content = await _body(request)
            found = await run_in_threadpool(lambda: answer(_arguments(arguments, content)))
        except ValueError as error:
            status = 503 if isinstance(error, BusyError) else 400
            return JSONResponse({"error": str(error)}, status_code=status, headers=NOT_KEPT)
        return JSONResponse(found, headers=NOT_KEPT)

    return Route(f"/{PLACE}/{name}", reply, methods=["POST"])


NOT_KEPT = {"Cache-Control": "no-store"}


async def _body(request: Request) -> bytes:
    """The request's content. ValueError for what no page of ours sends: a form of another site, too many bytes."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ValueError(words.NOT_JSON)
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            raise ValueError(words.too_many_bytes(MOST_BYTES))
    return bytes(found)


def _arguments(arguments: type[Settings], content: bytes) -> Settings:
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError(words.NOT_JSON) from None
    if not isinstance(given, Mapping) or not set(given) <= set(arguments.declared()):
        raise ValueError(words.arguments(arguments.declared()))
    try:
        return arguments.checked(**given)
    except TypeError:  # one without a default is not there
        raise ValueError(words.arguments(arguments.declared())) from None


ASKED: Mapping[str, tuple[type[Settings], Answer]] = {
    "lesson": (shelf.Wanted, shelf.told),
    "bring": (shelf.Brought, shelf.bring),
    "open": (classroom.Opened, classroom.opened),
    "join": (classroom.Joined, classroom.joined),
    "guess": (classroom.Guessed, classroom.guessed),
    "draw": (classroom.Drawn, classroom.drawn),
    "follow": (classroom.Member, classroom.followed),
    "lead": (classroom.Led, classroom.led),
    "counts": (classroom.Counted, classroom.counted),
    "wall": (classroom.Taught, classroom.wall),
    "erase": (classroom.Erased, classroom.erased),
    "mean": (classroom.Taught, classroom.mean),
    "close": (classroom.Taught, classroom.closed),
    "shorten": (classroom.Shortened, classroom.shortened),
    "code": (classroom.Coded, classroom.coded),
}
"""What a page may ask: its arguments, and what answers."""


def _short(request: Request) -> Response:
    """A short address leads to the long one, on this server alone."""
    from starlette.responses import PlainTextResponse, RedirectResponse

    try:
        query = rooms().query_of(request.path_params["name"])
    except BusyError as error:
        return PlainTextResponse(str(error), status_code=503, headers=NOT_KEPT)
    return RedirectResponse(f"../{query or ''}", status_code=307, headers=NOT_KEPT)


def _sheet(request: Request) -> Response:
    """A worksheet; a lesson that is not here is a sentence."""
    from starlette.responses import HTMLResponse, PlainTextResponse

    try:
        read, _ = sheet.Asked.of_link(
            request.query_params, name=Word(40).checked(request.path_params["name"], "name")
        )
        return HTMLResponse(sheet.page(read), headers=NOT_KEPT)
    except ValueError as error:
        return PlainTextResponse(str(error), status_code=404, headers=NOT_KEPT)


def routes() -> list[Route]:
    """All of them."""
    from starlette.routing import Route

    posted = [asked(name, *pair) for name, pair in ASKED.items()]
    return [*posted, Route(f"/{SHORT}/{{name}}", _short), Route(f"/{SHEET}/{{name}}", _sheet)]
