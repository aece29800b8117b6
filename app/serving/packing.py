"""Answers go packed; those that are the same for everybody are worked out and packed once, and kept.

The page takes Gradio 40 ms to write down and each of its seventy scripts 1.5 ms to read and to pack; a class that opens the
lab at once would wait for all of it thirty times.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.widgets.served import FOR_EVER, PLACE

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL = 10_000  # bytes of an answer that goes as it is, where it would be packed each time
TINY = 1_000  # and where it is packed once
QUALITY = 7  # of brotli: beyond it Plotly's script takes seconds
MOST = 2**26  # bytes of answers that are kept
NAMED_BY_CONTENT = ("/assets/", f"/{PLACE}/")  # places where another content has another name
TEXTS = (".js", ".css", ".json", ".svg")
ORIGIN = (
    "host",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-gradio-server",
)  # Gradio writes it into the page
PARTIAL = ("range", "if-none-match", "if-modified-since")


@dataclass(frozen=True)
class Answer:
    """An answer to all who ask for the same: its status, its headers, its body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": self.body})


class Packing:
    """Middleware: packs by brotli where the browser takes it (over https, and on this machine), else by gzip.

    Brotli is a third smaller and no slower. Streams are left to gzip, which leaves them alone, and so are answers to a hand:
    a tick is small, and packing it would take longer than sending it.
    """

    def __init__(self, app: ASGIApp) -> None:
        from starlette.middleware.gzip import GZipMiddleware

        self.plain, self.packed = app, GZipMiddleware(app, minimum_size=SMALL, compresslevel=6)
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._door = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self.plain(scope, receive, send)
        key = _same_for_all(scope)
        if key is not None:
            answer = self._remembered(key)
            if answer is None:
                answer = await self._keep(key, await whole(self.plain, scope, receive))
            return await answer.send(send)
        is_file = "." in scope["path"].rpartition("/")[2]  # what has an ending is packed by Gradio
        await (self.plain if is_file else self.packed)(scope, receive, send)

    def _remembered(self, key: Hashable) -> Answer | None:
        with self._door:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    async def _keep(self, key: tuple, answer: Answer) -> Answer:
        """The answer packed; kept if it is what was asked for, and the oldest gone where there are too many."""
        if answer.status != 200:
            return answer
        path, encoding, *_ = key
        packed = await asyncio.to_thread(_packed, answer, encoding, path.startswith(NAMED_BY_CONTENT))
        with self._door:
            self._kept[key] = packed
            while sum(len(kept.body) for kept in self._kept.values()) > MOST:
                self._kept.popitem(last=False)
        return packed


def _same_for_all(scope: Scope) -> tuple | None:
    """What tells an answer from others that everybody gets: its path, how it goes packed, where the visitor sees the lab.

    None for what is somebody's own, or a part.
    """
    from starlette.datastructures import Headers

    path, headers = scope["path"], Headers(scope=scope)
    if any(name in headers for name in PARTIAL):
        return None
    if path.startswith((*NAMED_BY_CONTENT, "/static/")) and path.endswith(TEXTS):
        return path, _encoding(headers)
    own = b"deep_link" in scope["query_string"] or "access-token" in headers.get("cookie", "")
    if path != "/" or own:
        return None
    origin = tuple(headers.get(name) for name in ORIGIN)
    return path, _encoding(headers), scope["scheme"], scope.get("root_path"), *origin


def _encoding(headers: Headers) -> str:
    """ "br", "gzip" or "": the first of these that the browser takes."""
    taken = [part.partition(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")]
    return next((one for one in ("br", "gzip") if one in taken), "")


async def whole(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """What an app answers, all of it."""
    start: Message = {}
    parts: list[bytes] = []

    async def gathered(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, gathered)
    return Answer(start["status"], tuple(start["headers"]), b"".join(parts))


def _packed(answer: Answer, encoding: str, named_by_content: bool) -> Answer:
    """The answer as it goes over the wire."""
    import brotli
    from starlette.datastructures import MutableHeaders

    headers, body = MutableHeaders(raw=list(answer.headers)), answer.body
    if encoding and len(body) >= TINY and "content-encoding" not in headers:
        body = (
            brotli.compress(body, mode=brotli.MODE_TEXT, quality=QUALITY)
            if encoding == "br"
            else gzip.compress(body, 6, mtime=0)
        )
        headers["Content-Encoding"], headers["Content-Length"] = encoding, str(len(body))
    headers.add_vary_header("Accept-Encoding")
    if named_by_content:
        headers.update(FOR_EVER)
    return Answer(answer.status, tuple(headers.raw), body)
