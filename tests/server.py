"""The lab in a process of its own, started by the command that people type, for tests over HTTP and in a browser."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Server:
    """The lab running in a process of its own."""

    url: str
    log: Path
    process: int

    def complaints(self) -> list[str]:
        """Lines of the log that tell of an error."""
        words = ("Traceback", "Error", "error", "Warning", "Exception")
        return [line for line in self.log.read_text().splitlines() if any(word in line for word in words)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(log: Path, patience: float = 300.0, more: tuple[str, ...] = ()) -> tuple[subprocess.Popen, str]:
    """`python -m app` on a free port of this machine, ready to answer; the caller stops the process."""
    port = free_port()
    command = [sys.executable, "-m", "app", "--port", str(port), *more]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    url, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + patience
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return process, url
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise RuntimeError(f"the lab did not start:\n{log.read_text()}")


@contextmanager
def running(*more: str) -> Iterator[Server]:
    """A lab of one's own, for as long as it is measured."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        process, url = start(log, more=more)
        try:
            yield Server(url, log, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=60)


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *told: object) -> None:
        """Says nothing: what fails is on the page's console."""


@contextmanager
def files_of(folder: Path, port: int = 0) -> Iterator[str]:
    """A folder as any web server has it: its address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Silent, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def shared(folder: Path) -> Iterator[Server]:
    """One lab for all processes that share the folder: the first starts it, the last stops it."""
    lock, log, book = FileLock(folder / "lab.lock"), folder / "lab.log", folder / "lab.json"
    with lock:
        if not book.exists():
            process, url = start(log)
            _write(book, url=url, process=process.pid, users=0)
        found = _count(book, +1)
    try:
        yield Server(found["url"], log, found["process"])
    finally:
        with lock:
            found = _count(book, -1)
            if found["users"] == 0:
                os.kill(found["process"], signal.SIGTERM)
                book.unlink()


def _write(book: Path, **values: object) -> dict:
    book.write_text(json.dumps(values))
    return values


def _count(book: Path, change: int) -> dict:
    found = json.loads(book.read_text())
    return _write(book, **found | {"users": found["users"] + change})
