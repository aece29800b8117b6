"""What one request may ask of the server; whatever is too much, or is no call at all, is answered with a sentence.

Every handler is public, whatever a page shows: what comes in is measured here before Gradio sees it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradio.utils import get_upload_folder
from starlette.formparsers import MultiPartException

from app.serving import faults, words
from app.serving.traffic import LISTENER

if TYPE_CHECKING:
    from gradio import Blocks
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIB = 2**20
CALL_BYTES = 8 * MIB  # of a call's JSON; a photo is uploaded as a file
UPLOAD_BYTES = 64 * MIB  # of all files of one upload
SILENCE = 10.0  # seconds between two pieces of a body
BODY_SECONDS = 120.0  # for all of it
VALUES = 100_000  # in the lists of a call
DEPTH = 32  # brackets in brackets of a call
KEPT_SECONDS = 4200.0  # that an upload lies on the disk: Gradio looks every 600 s for those older than 3600
SWEEP_SECONDS = 600.0  # between two looks for what failed uploads have left
VISITOR_BYTES = 512 * MIB  # of uploads that lie there, from one address
ALL_BYTES = 1024 * MIB  # from all
LONGEST_NAME = 128  # of a session or an event: Gradio's own have up to 32 letters
LONGEST_QUERY = 32_768  # a link that holds a drawing has a few thousand letters, one that is mistyped still opens its view
DIRECT = ("/gradio_api/run/", "/gradio_api/api/")
SENTENCE_BYTES = 2_000  # an error that is longer quotes what came
WORDLESS = b'{"error":null}'
TRIED = re.compile(r"^/gradio_api/(?:run|api|call)/(?P<name>[^/]+)/?$|^/gradio_api/queue/join$")
BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class TooMuchError(Exception):
    """What came cannot be taken: the status of the answer, and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class BadUploadError(MultiPartException, TooMuchError):
    """An upload that ends here: Gradio knows the first of its two kinds, removes what it has written, and says it."""

    def __init__(self, sentence: str) -> None:
        MultiPartException.__init__(self, sentence)


@dataclass
class Shelf:
    """How many bytes of uploads lie on the disk, from whom: no more than so many from one, and from all.

    >>> shelf = Shelf(one=10, all=15, seconds=60.0)
    >>> [shelf.takes("a", 8, now=0.0), shelf.takes("a", 8, now=1.0), shelf.takes("b", 8, now=2.0)]
    [True, False, False]
    >>> shelf.takes("a", 8, now=61.0)
    True
    """

    one: int = VISITOR_BYTES
    all: int = ALL_BYTES
    seconds: float = KEPT_SECONDS
    total: int = 0
    _lying: deque[tuple[float, str, int]] = field(default_factory=deque)
    _of: Counter[str] = field(default_factory=Counter)

    def takes(self, who: str, count: int, now: float | None = None) -> bool:
        """Whether so many bytes more find room; then they are counted."""
        now = time.monotonic() if now is None else now
        while self._lying and now - self._lying[0][0] > self.seconds:
            _, whose, size = self._lying.popleft()
            self._count(whose, -size)
        if self._of[who] + count > self.one or self.total + count > self.all:
            return False
        self._lying.append((now, who, count))
        self._count(who, count)
        return True

    def _count(self, who: str, change: int) -> None:
        self.total += change
        self._of[who] += change
        if self._of[who] <= 0:
            del self._of[who]


UPLOADS = Shelf()
_swept = -SWEEP_SECONDS


def sweep(folder: Path, older: float = KEPT_SECONDS, now: float | None = None) -> int:
    """Remove what uploads that failed half-way have left in Gradio's folder; how many files that were."""
    now, count = time.time() if now is None else now, 0
    for path in folder.glob("tmp*"):
        with suppress(OSError):  # another process of the lab sweeps too
            if path.is_file() and now - path.stat().st_mtime > older:
                path.unlink()
                count += 1
    return count


def _sweep_now_and_then() -> None:
    global _swept
    if (now := time.monotonic()) - _swept > SWEEP_SECONDS:
        _swept = now
        sweep(Path(get_upload_folder()))


class Limits:
    """Middleware: reads what a visitor sends, within limits of size and time, and hands on what can be a call."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1000})
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        answered = Answering(send, scope["path"].startswith(DIRECT))
        try:
            fits_address(scope)
            await self.app(scope, await self._taken(scope, receive), answered)
        except TooMuchError as error:
            await _answer(error, send)
        except (
            Exception
        ) as error:  # a fault of ours or of Gradio's: to the log, and the visitor gets a sentence
            faults.tell(error)
            if not answered.begun:  # else the connection ends here
                await _answer(TooMuchError(500, words.NOT_UNDERSTOOD), send)

    async def _taken(self, scope: Scope, receive: Receive) -> Receive:
        if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            return receive
        multipart = _header(scope, b"content-type").startswith(b"multipart/")
        most = UPLOAD_BYTES if multipart else CALL_BYTES
        announced = _header(scope, b"content-length")
        if announced.isdigit() and int(announced) > most:
            raise TooMuchError(413, words.too_many_bytes(most))
        if multipart:
            _sweep_now_and_then()
            return _counted(receive, most, _who(scope))
        body = await _whole(receive, most)
        fits(scope, body)
        return _again(body, receive)


class Answering:
    """Passes an answer on; where Gradio's is an error without a word, a sentence goes in its place."""

    def __init__(self, send: Send, direct: bool) -> None:
        self.send, self.direct, self.begun = send, direct, False
        self._failed = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self._failed = True, self.direct and message["status"] == 500
            self._start = message
        if not self._failed:
            return await self.send(message)
        if message["type"] == "http.response.body":  # Gradio's, of one piece
            said = message.get("body", b"")
            if said == WORDLESS or len(said) > SENTENCE_BYTES:
                return await _answer(TooMuchError(500, words.NOT_UNDERSTOOD), self.send)
            self._failed = False
            await self.send(self._start)
            await self.send(message)


def fits_address(scope: Scope) -> None:
    """TooMuchError where the address holds what no address of ours does."""
    if (
        b"\0" in scope.get("raw_path", b"")
        or "\0" in scope["path"]
        or len(scope["query_string"]) > LONGEST_QUERY
    ):
        raise TooMuchError(400, words.BAD_ADDRESS)


async def _piece(receive: Receive, until: float) -> Message:
    """The next piece of a body."""
    try:
        async with asyncio.timeout(min(SILENCE, until - time.monotonic())):
            return await receive()
    except TimeoutError:
        raise TooMuchError(408, words.TOO_SLOW) from None


async def _whole(receive: Receive, most: int) -> bytes:
    until, pieces, size = time.monotonic() + BODY_SECONDS, [], 0
    while True:
        message = await _piece(receive, until)
        if message["type"] == "http.disconnect":
            raise TooMuchError(400, words.CUT_OFF)
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            raise TooMuchError(413, words.too_many_bytes(most))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read by those who come after; then what else the visitor does."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> Message:
        return waiting.pop() if waiting else await receive()

    return read


def _counted(receive: Receive, most: int, who: str) -> Receive:
    """The pieces of an upload as they come, as long as they are within the limits."""
    until, size, more = time.monotonic() + BODY_SECONDS, 0, True

    async def read() -> Message:
        nonlocal size, more
        if not more:
            return await receive()
        try:
            message = await _piece(receive, until)
        except TooMuchError as error:
            raise BadUploadError(error.sentence) from None
        if message["type"] == "http.disconnect":
            raise BadUploadError(words.CUT_OFF)
        count = len(message.get("body", b""))
        size, more = size + count, message.get("more_body", False)
        if size > most:
            raise BadUploadError(words.too_many_bytes(most))
        if count and not UPLOADS.takes(who, count):
            raise BadUploadError(words.NO_ROOM)
        return message

    return read


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _who(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


# --- calls ---------------------------------------------------------------------------------------------------
def depth(body: bytes) -> int:
    """How deep brackets stand in brackets of a JSON text, outside of its strings; no more is counted than needed.

    >>> depth(b'{"data": [[1], "[[[["]}')
    3
    """
    if body.count(b"[") + body.count(b"{") <= DEPTH:
        return min(body.count(b"[") + body.count(b"{"), _deepest(body))
    return _deepest(body)


def _deepest(body: bytes) -> int:
    now = most = 0
    for found in BRACKETS.finditer(body):
        first = found.group()[:1]
        if first in b"[{":
            now += 1
            if now > most:
                most = now
                if most > DEPTH:
                    break
        elif first in b"]}":
            now -= 1
    return most


def fits(scope: Scope, body: bytes) -> None:
    """TooMuchError where a body is no call: no JSON, too deep, of no listener, with too few values."""
    if not scope["path"].startswith("/gradio_api/") or not body:
        return
    if body.count(b",") > VALUES:
        raise TooMuchError(413, words.too_many_values(VALUES))
    if depth(body) > DEPTH:
        raise TooMuchError(400, words.too_deep(DEPTH))
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        raise TooMuchError(400, words.NO_JSON) from None
    if not isinstance(call, dict):
        raise TooMuchError(400, words.NO_OBJECT)
    for name in ("session_hash", "event_id", "trigger_id", "fn_index", "component_id"):
        if isinstance(call.get(name), str) and len(call[name]) > LONGEST_NAME:
            raise TooMuchError(400, words.long_name(name))
    if tried := TRIED.match(scope["path"]):
        scope[LISTENER] = fits_listener(scope["app"].get_blocks(), tried["name"], call)


def fits_listener(blocks: Blocks, name: str | None, call: dict[str, Any]) -> int:
    """The number of who listens. TooMuchError where nobody does, or one who needs other values."""
    number, data = call.get("fn_index"), call.get("data")
    if number is None:
        found = next((fn for fn in blocks.fns.values() if fn.api_name == name and name), None)
    else:
        found = blocks.fns.get(number) if type(number) is int else None
    if found is None:
        raise TooMuchError(404, words.NO_LISTENER)
    if not isinstance(data, list):
        raise TooMuchError(400, words.NO_DATA)
    wanted = (len(found.inputs), sum(not block.skip_api for block in found.inputs))
    if len(data) not in wanted:
        raise TooMuchError(400, words.other_count(wanted[0], len(data)))
    return found._id


async def _answer(error: TooMuchError, send: Callable) -> None:
    content = json.dumps({"error": error.sentence, "detail": error.sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    headers.append((b"connection", b"close"))  # what is still to come of the body is not waited for
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
