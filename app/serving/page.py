"""The page that Gradio writes, with two things more, so that a browser is sooner done with it.

* Gradio 6.31 looks through all listeners for each of its components, twice, and through Svelte's proxies, which make every
  look many times slower: 0.6 of the 3 s that a slow phone takes to show the first view. Svelte leaves alone what is no plain
  array.
* The page asks for its scripts in waves, as each names the next. Named all at once in its head they come while it is read:
  half a second sooner where an answer takes a tenth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.routes import BUILD_PATH_LIB
from starlette.datastructures import MutableHeaders

from app.serving.packing import Answer, whole

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

BUILT = Path(str(BUILD_PATH_LIB))  # Gradio's scripts and styles, as Vite has built them
HEAD = b"<head>"
CONFIGURED = b"<script data-gradio-mode>"  # behind the configuration, before anything reads it
PLAIN = (
    b"<script>{ class Listeners extends Array {} const told = window.gradio_config; "
    b"told.dependencies = Listeners.from(told.dependencies); }</script>"
)
BLOCKS = "Blocks-"  # what shows a page; beside it there is one that asks for a password
FIRST = re.compile(rb'src="\./assets/([\w-]+\.js)"')
# Vite writes import(`./A.js`), __vite__mapDeps([0, 3]), and once in a script the files that the numbers mean.
IMPORT = re.compile(r"import\(`\./([\w-]+\.js)`\)[^`]*?__vite__mapDeps\(\[([\d,]*)\]\)")
FILES = re.compile(r"\.f=\[([^\]]*)\]")
COMPONENTS = re.compile(r"[{,](\w+):\{[^{}]*?component:\(\)=>\w+\(\(\)=>import\(`\./([\w-]+\.js)`\)")


class Page:
    """Middleware: a script in the page says that its listeners are none that change; links name what it will ask for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return await self.app(scope, receive, send)
        answer = await whole(self.app, scope, receive)
        body = answer.body.replace(CONFIGURED, PLAIN + CONFIGURED, 1)
        if first := FIRST.search(body):
            types = shown(scope["app"].get_blocks().config["components"])
            body = body.replace(HEAD, HEAD + links(needed(first[1].decode(), types)), 1)
        headers = MutableHeaders(raw=list(answer.headers))
        headers["Content-Length"] = str(len(body))
        await Answer(answer.status, tuple(headers.raw), body).send(send)


def links(names: Iterable[str]) -> bytes:
    """HTML by which a browser fetches scripts at once, and runs none.

    >>> links(["a.js"])
    b'<link rel="modulepreload" crossorigin href="./assets/a.js">'
    """
    return "".join(
        f'<link rel="modulepreload" crossorigin href="./assets/{name}">' for name in names
    ).encode()


def shown(components: Iterable[Mapping]) -> frozenset[str]:
    """The types of components that the page makes at first: hidden ones it makes when they are to be seen.

    >>> shown([{"type": "html", "props": {}}, {"type": "textbox", "props": {"visible": False}}])
    frozenset({'html'})
    """
    return frozenset(each["type"] for each in components if each["props"].get("visible") is not False)


@lru_cache(maxsize=4)
def needed(first: str, types: frozenset[str]) -> tuple[str, ...]:
    """The scripts that a page with components of these types asks for, in their order, from its first one on.

    That alone where Gradio is built in another way: the page then asks for them one wave after the other. Styles are left
    out: over HTTP/1.1, six at a time, they would only take the scripts' turns.
    """
    found = _imports(first)
    for script in list(found):  # the page, and what it is made of
        components = dict(COMPONENTS.findall(_text(script)))
        used = {components[each] for each in types & components.keys()}
        found |= {n: files for n, files in _imports(script).items() if n in used or n.startswith(BLOCKS)}
    names = [first, *(name for script, files in found.items() for name in (script, *files))]
    return tuple(dict.fromkeys(name for name in names if name.endswith(".js")))


def _imports(script: str) -> dict[str, list[str]]:
    """What a script may import later, each with the files that this needs."""
    text = _text(script)
    named = FILES.search(text)
    files = re.findall(r'"\./([^"]+)"', named[1]) if named else []
    return {name: [files[int(k)] for k in numbers.split(",") if k] for name, numbers in IMPORT.findall(text)}


def _text(script: str) -> str:
    return (BUILT / script).read_text(encoding="utf-8")
