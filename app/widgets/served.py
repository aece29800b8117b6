"""Files that the page fetches when it needs them: scripts, sheets of thumbnails. No other host is asked.

An address tells the content, so a browser may keep what it got for ever. Scripts stay; of the rest the newest are kept.
"""

from __future__ import annotations

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

PLACE = "lab-files"
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
LASTING = Shelf(most=2**26)  # a few scripts and op lists, so none ever goes
MODELS = Shelf(most=2**27)  # weights of the engine; few, so none ever goes
BROUGHT = Shelf(most=2**28)  # weights of models that were brought: 20 MB each at most
KEPT = Shelf(most=2**26)  # models of visitors, to be saved: the last ten or so


@cache
def plotly_script() -> str:
    """The address of the script that comes with the installed plotly, the one that its figures are made for."""
    return LASTING.put(
        Path(plotly.__file__).with_name("package_data").joinpath("plotly.min.js").read_bytes(), "js"
    )


def answer(request: Request) -> Response:
    """The file at an address."""
    from starlette.responses import Response

    address = f"{PLACE}/{request.path_params['name']}"
    kind = KINDS.get(address.rpartition(".")[2])
    found = (shelf.get(address) for shelf in (LASTING, PICTURES, MODELS, BROUGHT, KEPT))
    content = next((content for content in found if content is not None), None)
    if content is None:
        return Response(status_code=404)
    return Response(content, media_type=kind, headers=FOR_EVER)


def routes() -> list[Route]:
    """What the server answers beside Gradio's own."""
    from starlette.routing import Route

    return [Route(f"/{PLACE}/{{name}}", answer, methods=["GET", "HEAD"])]
