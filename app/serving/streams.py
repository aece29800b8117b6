"""The stream of answers that a page opens while something of it waits in the queue.

Gradio's page opens one when a call has been taken in. Where that news comes late, the call may have been answered already
on the stream before it: then Gradio 6.31 would keep the new one open, with nothing to tell, until the page's next call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradio.server_messages import CloseStreamMessage
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from gradio.queueing import Queue
    from starlette.types import ASGIApp, Receive, Scope, Send

STREAM = "/gradio_api/queue/data"
CLOSED = f"data: {CloseStreamMessage().model_dump_json()}\n\n".encode()


class Streams:
    """Middleware: a stream that has nothing to tell, nor will have, says so and ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != STREAM:
            return await self.app(scope, receive, send)
        session = Request(scope).query_params.get("session_hash", "")
        if not all_told(scope["app"].get_blocks()._queue, session):
            return await self.app(scope, receive, send)
        answer = Response(CLOSED, media_type="text/event-stream", headers={"cache-control": "no-store"})
        await answer(scope, receive, send)


def all_told(queue: Queue, session: str) -> bool:
    """Whether a page that has called before waits for no answer any more."""
    messages = queue.pending_messages_per_session.get(session)
    return messages is not None and messages.empty() and not queue.pending_event_ids_session.get(session)
