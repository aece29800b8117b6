"""Connections that wait for nothing: who does not say what is wanted within seconds is told so, and hung up on.

Gradio starts uvicorn itself and passes no limits on; a running server reads them from its configuration at each new
connection, so they are set there.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.serving import words
from app.serving.traffic import REPLICA

if TYPE_CHECKING:
    import uvicorn

HEADER_SECONDS = 10.0  # until the headers of a request are here, from the first moment of the connection
HEADER_BYTES = 64 * 2**10
KEEP_SECONDS = (
    75  # between two requests of HAProxy, longer than it keeps a connection: it never asks a closed one
)
CONNECTIONS = 4_000  # at once; an open page holds one, and a few more while it loads


class PromptProtocol(H11Protocol):
    """HTTP/1.1 with an end to waiting: for the first request, and for each one that has begun."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._patience: asyncio.TimerHandle | None = None
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:  # headers have begun, or came in full and were answered
            if self._patience is None and self.conn.trailing_data[0]:
                self._wait()
        else:
            self._calm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._patience = self.loop.call_later(HEADER_SECONDS, self._hang_up)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _hang_up(self) -> None:
        self._patience = None
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return
        said = words.TOO_SLOW.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        headers.append((b"content-length", str(len(said)).encode()))
        response = h11.Response(status_code=408, headers=headers, reason=b"Request Timeout")
        for event in (response, h11.Data(data=said), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def bound(config: uvicorn.Config) -> None:
    """Set the limits of a server that Gradio has started."""
    config.http_protocol_class = PromptProtocol
    config.h11_max_incomplete_event_size = HEADER_BYTES
    if REPLICA in os.environ:
        config.timeout_keep_alive = KEEP_SECONDS
    config.limit_concurrency = CONNECTIONS
