"""Files that the page fetches when it needs them: scripts, sheets of thumbnails. No other host is asked.

An address tells the content, so a browser may keep what it got for ever. Scripts stay; of the rest the newest are kept.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import plotly

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send

PLACE = "lab-files"
SMALL = 10_000  # bytes of a page that goes as it is
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
KINDS = {
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "bin": "application/octet-stream",
    "png": "image/png",
    "jpg": "image/jpeg",
    "zip": "application/zip",
}


@dataclass(frozen=True)
class Shelf:
    """Contents by name, in memory; above `most` bytes the oldest go.

    >>> shelf = Shelf(most=3)
    >>> first, second = shelf.put(b"ab", "png"), shelf.put(b"cd", "png")
    >>> shelf.get(first), shelf.get(second)
    (None, b'cd')
    """

    most: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "_contents", OrderedDict())
        object.__setattr__(self, "_door", threading.Lock())

    def put(self, content: bytes, kind: str) -> str:
        """The address of the content, relative to the page."""
        address = f"{PLACE}/{hashlib.sha256(content).hexdigest()[:20]}.{kind}"
        with self._door:
            self._contents.pop(address, None)
            self._contents[address] = content
            while sum(map(len, self._contents.values())) > self.most:
                self._contents.popitem(last=False)
        return address

    def get(self, address: str) -> bytes | None:
        """What lies there; None where it never did or does no longer."""
        with self._door:
            return self._contents.get(address)


PICTURES = Shelf(most=2**27)
LASTING = Shelf(most=2**26)  # a few scripts and op lists, so none ever goes; they go packed
MODELS = Shelf(most=2**27)  # weights of the engine; few, so none ever goes
BROUGHT = Shelf(most=2**28)  # weights of models that were brought: 20 MB each at most
KEPT = Shelf(most=2**26)  # models of visitors, to be saved: the last ten or so


@cache
def plotly_script() -> str:
    """The address of the script that comes with the installed plotly, the one that its figures are made for."""
    return LASTING.put(
        Path(plotly.__file__).with_name("package_data").joinpath("plotly.min.js").read_bytes(), "js"
    )


@cache
def _packed(address: str) -> bytes:
    return gzip.compress(LASTING.get(address), 6)


def answer(request: Request) -> Response:
    """The file at an address; a script goes packed where the browser takes that."""
    from starlette.responses import Response

    address = f"{PLACE}/{request.path_params['name']}"
    kind = KINDS.get(address.rpartition(".")[2])
    if LASTING.get(address) is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers = {**FOR_EVER, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(_packed(address), media_type=kind, headers=headers)
    found = (shelf.get(address) for shelf in (LASTING, PICTURES, MODELS, BROUGHT, KEPT))
    content = next((content for content in found if content is not None), None)
    if content is None:
        return Response(status_code=404)
    return Response(content, media_type=kind, headers=FOR_EVER)


class Packing:
    """Sends the page packed; what has a name with an ending packs itself, or is packed by Gradio.

    Brotli, where the browser takes it (over https, and on this machine), is a third smaller than gzip and no slower: it
    sees that widgets of one kind say the same far apart. Streams are left to gzip, which leaves them alone, and so are
    answers to a hand: a tick is small, and packing it would take longer than sending it.
    """

    def __init__(self, app: ASGIApp) -> None:
        from starlette.middleware.gzip import GZipMiddleware

        self.plain, self.packed = app, GZipMiddleware(app, minimum_size=SMALL, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or "." in scope["path"].rpartition("/")[2]:
            await self.plain(scope, receive, send)
        elif "/gradio_api/" not in scope["path"] and _takes_brotli(scope):
            await _brotli(self.plain)(scope, receive, send)
        else:
            await self.packed(scope, receive, send)


def _takes_brotli(scope: Scope) -> bool:
    from starlette.datastructures import Headers

    return "br" in Headers(scope=scope).get("accept-encoding", "").replace(" ", "").split(",")


def _brotli(app: ASGIApp) -> ASGIApp:
    """The app, its one next answer packed by brotli."""
    from gradio.brotli_middleware import BrotliResponder, Mode

    return BrotliResponder(app, quality=5, mode=Mode.text, lgwin=22, lgblock=0, minimum_size=SMALL)


def routes() -> list[Route]:
    """What the server answers beside Gradio's own."""
    from starlette.routing import Route

    return [Route(f"/{PLACE}/{{name}}", answer, methods=["GET", "HEAD"])]
