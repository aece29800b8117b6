"""The lab as an attacker meets it: bytes are sent, and what comes back is a status or nothing."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 45.0  # seconds after which an answer does not come


@dataclass
class Answer:
    """What came back: a status and the beginning of what was said; 0 where the connection was closed without a word."""

    status: int
    said: bytes = b""

    @property
    def good(self) -> bool:
        """Refused or answered; an error of the server's own must be one sentence."""
        if self.status < 500 or self.status in (501, 503, 505):
            return self.status > 0
        try:
            found = json.loads(self.said.partition(b"\r\n\r\n")[2])
        except ValueError:
            return False
        return isinstance(found, dict) and isinstance(found.get("error"), str) and len(found["error"]) > 10


@dataclass
class Lab:
    """The lab that is attacked."""

    url: str
    process: int
    log: Path
    listeners: dict[int, dict] = field(default_factory=dict)

    def connect(self) -> socket.socket:
        place = urlsplit(self.url)
        return socket.create_connection((place.hostname, place.port), timeout=PATIENCE)

    def send(self, content: bytes, pieces: float = 0.0) -> Answer:
        """The answer to these bytes; sent one by one with so many seconds between, where asked."""
        with self.connect() as line:
            try:
                for piece in (content,) if not pieces else (content[i : i + 1] for i in range(len(content))):
                    line.sendall(piece)
                    time.sleep(pieces)
            except OSError:  # answered and hung up on before all was sent
                pass
            return heard(line)

    def post(self, path: str, body: bytes, kind: str = "application/json", **headers: str) -> Answer:
        given = {
            "Host": "lab",
            "Content-Type": kind,
            "Content-Length": len(body),
            "Connection": "close",
            **headers,
        }
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
        return self.send(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)

    def get(self, path: str) -> Answer:
        return self.send(f"GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n".encode())

    def megabytes(self) -> float:
        """Of memory that it holds now."""
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def heard(line: socket.socket) -> Answer:
    """What comes back on a connection, until it is closed or enough is known."""
    said = b""
    try:
        while not complete(said) and (piece := line.recv(65_536)):
            said += piece
    except TimeoutError:
        return Answer(-1, said)
    except OSError:  # reset: what was still to be sent was thrown away
        pass
    status = said.split(b" ", 2)[1:2]
    return Answer(int(status[0]) if status and said.startswith(b"HTTP/") else 0, said)


def complete(said: bytes) -> bool:
    """Whether all of an answer is here, or enough of it."""
    head, found, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return len(said) > 2**20 or bool(found and length and len(body) >= int(length[1]))


def opened(url: str, process: int, log: Path) -> Lab:
    """The lab with what its page listens to."""
    with urllib.request.urlopen(f"{url}config", timeout=PATIENCE) as answer:
        config = json.load(answer)
    listeners = {
        each["id"]: each for each in config["dependencies"] if each["backend_fn"] and not each["queue"]
    }
    return Lab(url, process, log, listeners)


def multipart(files: list[tuple[str, bytes]]) -> tuple[bytes, str]:
    """The body of an upload, and what kind it is."""
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="'
        + name.encode()
        + b'"\r\n\r\n'
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join(parts) + b"--b--\r\n", "multipart/form-data; boundary=b"
