"""The page that Gradio writes, so that a browser is sooner done with it.

Gradio 6.31 looks through all listeners for each of its components, twice, and through Svelte's proxies, which make every
look many times slower: 0.6 of the 3 s that a slow phone takes to show the first view. Svelte leaves alone what is no plain
array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.serving.packing import Answer, whole

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PLACE = b"<script data-gradio-mode>"  # behind the configuration, before anything reads it
PLAIN = (
    b"<script>{ class Listeners extends Array {} const told = window.gradio_config; "
    b"told.dependencies = Listeners.from(told.dependencies); }</script>"
)


class Page:
    """Middleware: a script in the page says that its listeners are none that change."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return await self.app(scope, receive, send)
        answer = await whole(self.app, scope, receive)
        body = answer.body.replace(PLACE, PLAIN + PLACE, 1)
        headers = [(name, value) for name, value in answer.headers if name != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await Answer(answer.status, tuple(headers), body).send(send)
