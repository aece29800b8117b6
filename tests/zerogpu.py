"""Stand-ins for ZeroGPU: for `spaces`, whose decorated function runs in a forked worker that stays warm; for its scheduler.

What it is called with and returns is pickled. It refuses where the quota is used up, and tells of a worker that died.
`scheduler()` is what the real `spaces` asks: it grants a card that is not there, so the worker dies of it.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:  # the app asks for `spaces` when it is imported, so this comes first
    from app.accelerator import Place

_fork = multiprocessing.get_context("fork")
_worker: list[tuple[Any, Any]] = []  # the process and our end of its pipe
quota = 120.0  # seconds that the visitor has left
started = 0  # workers so far


class GpuError(Exception):
    """What `spaces` raises, as Gradio's Error has it: a title, and a text that is quoted."""

    def __init__(self, title: str, message: str) -> None:
        self.title, self.message = title, message

    def __str__(self) -> str:
        return repr(self.message)


class Spaces:
    """The module, as far as the lab uses it."""

    @staticmethod
    def GPU(duration: float) -> Callable[[Callable], Callable]:
        """The decorator: each call is a lease of so many seconds."""

        def of(fn: Callable) -> Callable:
            @functools.wraps(fn)
            def leased(*values: Any) -> Any:
                return _lease(fn, values, 1.5 * duration)

            return leased

        return of


def _lease(fn: Callable, values: tuple, seconds: float) -> Any:
    global quota
    if quota < seconds:
        raise GpuError("ZeroGPU quota exceeded", "You have exceeded your ZeroGPU runs limit. ")
    quota -= seconds
    if not _worker:
        _start(fn)
    _, pipe = _worker[0]
    try:
        pipe.send(values)
        well, found = pipe.recv()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        end()
        raise GpuError("ZeroGPU worker error", "GPU task aborted") from None
    if not well:
        raise found
    return found


def _start(fn: Callable) -> None:
    global started
    ours, theirs = _fork.Pipe()
    process = _fork.Process(target=_serve, args=(fn, ours, theirs))
    process.start()
    theirs.close()
    started += 1
    _worker.append((process, ours))


def _serve(fn: Callable, ours: Any, pipe: Any) -> None:
    ours.close()
    while True:
        try:
            values = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, fn(*values)))
        except Exception as error:
            pipe.send((False, error))


def end() -> None:
    """Ends the workers: they would outlive their parent and hold its pipes."""
    while _worker:
        process, pipe = _worker.pop()
        pipe.close()
        process.join(10)
        process.kill()
        process.join()


def doubled(place: Place, x: torch.Tensor) -> torch.Tensor:
    """Work in batches: twice x."""
    return torch.cat([2 * part.to(place.device) for part in x.split(place.batch)]).cpu()


def dying(place: Place, x: torch.Tensor) -> torch.Tensor:
    """Work at which its process dies."""
    os._exit(9)


GRANTED = {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "granted"}


@contextmanager
def scheduler() -> Iterator[tuple[dict[str, str], Counter[str]]]:
    """What a Space finds in its environment, and how often each address of the scheduler has been asked."""
    asked: Counter[str] = Counter()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked[path := self.path.partition("?")[0]] += 1
            content = json.dumps(GRANTED if path == "/schedule" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *told: object) -> None:
            """Says nothing: `asked` tells."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": address}, asked
    finally:
        server.shutdown()
        server.server_close()
