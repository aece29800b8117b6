"""All that a hostile or broken client can send, against a lab of one's own on this machine: `python -m tests.attack`.

Starts the lab on loopback, lets a visitor drag meanwhile, and prints for each attack how it was answered. Every request
must be answered by a sentence or a status, a connection that says nothing must be hung up on; a visitor's ticks stay
right, with a p95 of at most three times that of quiet. Prints how the memory has grown, and what the log tells of.
"""

import argparse
import base64
import json
import multiprocessing
import re
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from app.serving import connections, limits, traffic
from tests.server import start

PATIENCE = 45.0  # seconds after which an answer does not come
AT_ONCE = 8  # attackers
FIRST, QUIET = 5, 10.0  # a visitor's ticks until the model is there, seconds of quiet before the attacks
MANY = 10**6
LEVEL = 2 / 255  # by which a picture may differ: it is decoded in company
SLOWER = 3.0  # a visitor's p95 under attack, over that of quiet
DRAWN = [
    ["digits:318", "digits:913"],
    [0.5, 0.5],
    "digits",
    0.0,
]  # what a visitor drags: a blend of two digits
NAMES = [
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/passwd",
    "C:\\CON",
    "a\0b.png",
    "x" * 5000 + ".png",
    "‮gnp.exe",
]
NAMES += [
    "",
    ".",
    "..",
    "~",
    "-rf",
    "$(id).png",
    "a\nb.png",
    "<img src=x onerror=alert(1)>.png",
    "%2e%2e%2f",
    "nul.png ",
]
STRANGE = [
    None,
    [],
    {},
    "cats",
    -1,
    10**30,
    1.5,
    True,
    float("nan"),
    float("inf"),
    [[[]]],
    {"path": "/etc/passwd"},
]
STRANGE += [
    {"path": "http://127.0.0.1:1/", "meta": {"_type": "gradio.FileData"}},
    {"__type__": "update"},
    "\0",
    "x" * 100_000,
]
TRAVERSALS = [
    f"{place}{way}etc/passwd"
    for place in (
        "/lab-files/",
        "/static/",
        "/assets/",
        "/svelte/",
        "/gradio_api/file=",
        "/custom_component/1/x/y/",
    )
    for way in (
        "../../../../../../",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/",
        "..%2f..%2f..%2f..%2f",
        "//",
        "....//....//",
        "%00/",
        "/",
    )
]
TRAVERSALS += [
    "/gradio_api/proxy=http://127.0.0.1:1/",
    "/gradio_api/file=http://127.0.0.1:1/",
    "/gradio_api/file=app/shell.py",
]
TRAVERSALS += [
    "/gradio_api/file=file:///etc/passwd",
    "/?deep_link=../../etc/passwd",
    "/pwa_icon/99999",
    "/monitoring/x",
    "/%ff%fe",
]


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


def plane(x: object, **others: object) -> bytes:
    """The body of a call of /plane."""
    return json.dumps({"data": [x, [1.0, 0.0], 1.0, 1.0, None, "moons"], **others}).encode()


# --- attacks -------------------------------------------------------------------------------------------------
Shot = Callable[[Lab], Answer]
RUN, JOIN, UPLOAD = "/gradio_api/run/plane", "/gradio_api/queue/join", traffic.UPLOAD


def slow_headers() -> Iterator[Shot]:
    head = b"GET / HTTP/1.1\r\nHost: lab\r\nX-Slow: " + b"a" * 200
    yield from (lambda lab: lab.send(head, pieces=0.2) for _ in range(AT_ONCE))


def slow_bodies() -> Iterator[Shot]:
    head = (
        f"POST {RUN} HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"
    )
    yield from (lambda lab: lab.send(head.encode()) for _ in range(AT_ONCE // 2))
    upload = f"POST {UPLOAD} HTTP/1.1\r\nHost: lab\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    upload += 'Content-Length: 5000\r\n\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx'
    yield from (lambda lab: lab.send(upload.encode()) for _ in range(AT_ONCE // 2))


def half_open() -> Iterator[Shot]:
    def silent(lab: Lab) -> Answer:
        lines = [lab.connect() for _ in range(50)]
        answers = [heard(line) for line in lines]
        for line in lines:
            line.close()
        return next((answer for answer in answers if answer.status < 0), answers[-1])

    yield from (silent for _ in range(4))


def large_bodies() -> Iterator[Shot]:
    for size in (20 * 2**20, 9 * 2**20):
        body = plane("x" * size)
        for path in (
            RUN,
            JOIN,
            "/gradio_api/call/plane",
            "/gradio_api/cancel",
            "/gradio_api/reset",
            "/gradio_api/component_server",
        ):
            yield lambda lab, path=path, body=body: lab.post(path, body)
    piece = b"100000\r\n" + b"1" * 2**20 + b"\r\n"
    head = f"POST {RUN} HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield lambda lab: lab.send(head.encode() + 20 * piece)
    for count, size in ((1, 21 * 2**20), (5, 15 * 2**20)):
        yield lambda lab, files=[("a.png", b"x" * size)] * count: lab.post(UPLOAD, *multipart(files))
    yield lambda lab: lab.post(UPLOAD, *multipart([("a.png", b"x")] * 1100))
    yield lambda lab: lab.post(RUN, b"{}", Content_Length="99999999999999999999")
    yield lambda lab: lab.post(RUN, b"{}", Content_Length="-1")
    yield lambda lab: lab.post(RUN, b"{}", X_Long="x" * 200_000)
    yield lambda lab: lab.get("/?" + "a" * 60_000)


def long_arrays() -> Iterator[Shot]:
    for value in ([0] * MANY, [[0, 0]] * (MANY // 4), {str(i): 0 for i in range(MANY // 10)}, ["a"] * MANY):
        body = plane(value)
        yield lambda lab, body=body: lab.post(RUN, body)
        yield lambda lab, body=body: lab.post(JOIN, body)
    body = json.dumps({"data": [0] * MANY}).encode()
    for name in ("interpolate", "spectrum", "generate", "project", "compose_styles", "latent_pca"):
        yield lambda lab, name=name: lab.post(f"/gradio_api/run/{name}", body)


def deep_json() -> Iterator[Shot]:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        for depth in (30, 100, 1000, 100_000):
            nested = b'{"data": [' + opening * depth + b"1" + closing * depth + b", 1, 1, 1, 1, 1]}"
            for path in (RUN, JOIN, "/gradio_api/cancel", "/gradio_api/call/v2/plane"):
                yield lambda lab, path=path, nested=nested: lab.post(path, nested)
    yield lambda lab: lab.post(RUN, b"[" * MANY)


def no_json() -> Iterator[Shot]:
    for body in (
        b"",
        b"{",
        b"null",
        b"[]",
        b"1",
        b'"x"',
        b"\xff\xfe",
        b"{}" * 9,
        b'{"data": 1}',
        b'{"data": {}}',
        b'{"data": null}',
    ):
        for path in (
            RUN,
            JOIN,
            "/gradio_api/call/plane",
            "/gradio_api/call/v2/plane",
            "/gradio_api/cancel",
            "/gradio_api/reset",
        ):
            yield lambda lab, path=path, body=body: lab.post(path, body)
        for kind in (
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=" + "b" * 9000,
            "a/b; charset=x",
        ):
            yield lambda lab, kind=kind, body=body: lab.post(UPLOAD, body, kind)
            yield lambda lab, kind=kind, body=body: lab.post("/gradio_api/component_server", body, kind)


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


def hostile_names() -> Iterator[Shot]:
    for name in NAMES:
        yield lambda lab, name=name: lab.post(UPLOAD, *multipart([(name, b"x")]))


def numbers_that_are_none() -> Iterator[Shot]:
    for text in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"1" * 5000):
        for name, count in (
            ("plane", 6),
            ("interpolate", 4),
            ("spectrum", 4),
            ("generate", 5),
            ("project", 6),
            ("latent_pca", 8),
        ):
            body = b'{"data": [' + b", ".join([text] * count) + b"]}"
            yield lambda lab, name=name, body=body: lab.post(f"/gradio_api/run/{name}", body)


def unknown_listeners() -> Iterator[Shot]:
    for number in (-1, 10**6, 10**30, "0", "x" * 10**5, [], {}, True, 1.5, None):
        for path in (RUN, JOIN, "/gradio_api/run/predict", "/gradio_api/run/nobody", "/gradio_api/api/%00"):
            body = plane([0, 0], fn_index=number, session_hash="attack")
            yield lambda lab, path=path, body=body: lab.post(path, body)
    for name in ("nobody", "%2e%2e", "plane/../plane", "x" * 5000):
        yield lambda lab, name=name: lab.post(f"/gradio_api/call/{name}", plane([0, 0]))
        yield lambda lab, name=name: lab.post(f"/gradio_api/call/v2/{name}", b"{}")
        yield lambda lab, name=name: lab.get(f"/gradio_api/call/{name}/x")


def wrong_sessions() -> Iterator[Shot]:
    for session in ("", "nobody", "../..", "x" * 10**5, "\0", 1, [], {}, True, -1):
        yield lambda lab, session=session: lab.post(RUN, plane([0, 0], session_hash=session))
        yield lambda lab, session=session: lab.post(
            "/gradio_api/cancel",
            json.dumps({"session_hash": session, "fn_index": 0, "event_id": "x"}).encode(),
        )
        yield lambda lab, session=session: lab.post(
            "/gradio_api/reset", json.dumps({"event_id": session}).encode()
        )
        body = json.dumps(
            {"session_hash": session, "component_id": 1, "fn_name": "__init__", "data": 1}
        ).encode()
        yield lambda lab, body=body: lab.post("/gradio_api/component_server", body)
    for path in (
        "queue/data?session_hash=nobody",
        "queue/data",
        "queue/data?session_hash=" + "x" * 9000,
        "call/plane/nobody",
    ):
        yield lambda lab, path=path: lab.get(f"/gradio_api/{path}")
    for path in (
        "stream/a/b/c/playlist.m3u8",
        "stream/a/1/1/x.ts",
        "upload_progress?upload_id=x",
        "heartbeat/",
    ):
        yield lambda lab, path=path: lab.get(f"/gradio_api/{path}")


def upgrades() -> Iterator[Shot]:
    key = base64.b64encode(b"0" * 16).decode()
    socketlike = (
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13"
    )
    for path in ("/", "/queue/join", "/gradio_api/queue/join", "/lab-files/x", "/ws"):
        for head in (
            socketlike,
            "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA",
            "Upgrade: x\r\nConnection: close",
        ):
            request = f"GET {path} HTTP/1.0\r\nHost: lab\r\n{head}\r\n\r\n"
            yield lambda lab, request=request: lab.send(request.encode())
    for line in (
        "PRI * HTTP/2.0",
        "TRACE / HTTP/1.0",
        "CONNECT a:1 HTTP/1.0",
        "GET http://a/ HTTP/1.0",
        "DELETE / HTTP/1.0",
        "OPTIONS * HTTP/1.0",
    ):
        yield lambda lab, line=line: lab.send(f"{line}\r\nHost: lab\r\n\r\n".encode())
    for junk in (
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"\0" * 100 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"x" * 10**6,
    ):
        yield lambda lab, junk=junk: lab.send(junk)


def traversals() -> Iterator[Shot]:
    def asked(lab: Lab, path: str) -> Answer:
        answer = lab.get(path)
        leaked = b"root:" in answer.said or b"def build_app" in answer.said
        return Answer(500, b"a file of the machine was given away") if leaked else answer

    for path in TRAVERSALS:
        yield lambda lab, path=path: asked(lab, path)


def every_listener() -> Iterator[Shot]:
    """Strange values for all that the page listens to, public or not."""

    def asked(lab: Lab, number: int, value: object) -> Answer:
        listener = lab.listeners[number]
        call = {"data": [value] * len(listener["inputs"]), "fn_index": number, "session_hash": "attack"}
        answer = lab.post("/gradio_api/run/predict", json.dumps(call | {"event_data": value}).encode())
        if not answer.good:
            answer.said += f" · listener {number} of {listener['targets']}, {str(value)[:40]}".encode()
        return answer

    for value in STRANGE:
        yield lambda lab, value=value: worst(asked(lab, number, value) for number in lab.listeners)


def worst(answers: Iterator[Answer]) -> Answer:
    """The first of them that is not good, else the last."""
    found = Answer(0)
    for found in answers:
        if not found.good:
            break
    return found


ATTACKS = {
    "slow headers": slow_headers,
    "slow bodies": slow_bodies,
    "half-open connections": half_open,
    "20 MB bodies": large_bodies,
    "10⁶-element arrays": long_arrays,
    "deep JSON": deep_json,
    "what is no JSON": no_json,
    "files with hostile names": hostile_names,
    "NaN and Infinity": numbers_that_are_none,
    "unknown fn_index": unknown_listeners,
    "wrong sessions": wrong_sessions,
    "upgrades, odd methods": upgrades,
    "path traversal": traversals,
    "strange values to all listeners": every_listener,
}
FEWER = {
    "strange values to all listeners": 2
}  # at once: some are right, and answered with real work, as visitors are
SILENT = {"half-open connections"}  # nothing was asked, nothing need be said


# --- a visitor meanwhile ---------------------------------------------------------------------------------------
@dataclass
class Bystander:
    """A visitor who drags: blends of digits, each answer compared with the one that quiet gave."""

    lab: Lab
    times: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    known: dict[int, np.ndarray] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def tick(self, step: int) -> None:
        weight = (step % 8) / 8
        call = {"data": [DRAWN[0], [weight, 1 - weight], *DRAWN[2:]]}
        began = time.perf_counter()
        answer = self.lab.post("/gradio_api/run/interpolate", json.dumps(call).encode())
        self.times.append(time.perf_counter() - began)
        try:
            came = np.array(json.loads(answer.said.partition(b"\r\n\r\n")[2])["data"][0]["induced"])
            wrong = np.abs(came - self.known.setdefault(step % 8, came)).max() > LEVEL
        except (ValueError, KeyError, TypeError):
            wrong = True
        if wrong:
            self.mistakes.append(f"tick {step}: {answer.status} {answer.said[:80]!r}")

    def drag(self) -> None:
        step = 0
        while not self.stop.is_set():
            self.tick(step := step + 1)
            time.sleep(0.1)


def meanwhile(visitor: Bystander, work: Callable[[], None]) -> Bystander:
    """The visitor, who dragged while the work was done."""
    visitor.stop.clear()
    thread = threading.Thread(target=visitor.drag)
    thread.start()
    try:
        work()
    finally:
        visitor.stop.set()
        thread.join()
    return visitor


def opened(url: str, process: int, log: Path) -> Lab:
    """The lab with what its page listens to."""
    with urllib.request.urlopen(f"{url}config", timeout=PATIENCE) as answer:
        config = json.load(answer)
    listeners = {
        each["id"]: each for each in config["dependencies"] if each["backend_fn"] and not each["queue"]
    }
    return Lab(url, process, log, listeners)


def attacked(lab: Lab, name: str, most: int | None = None) -> list[Answer]:
    """The answers to one attack, its first shots or all."""
    shots = list(ATTACKS[name]())
    step = 1 if most is None else max(len(shots) // most, 1)
    with ThreadPoolExecutor(FEWER.get(name, AT_ONCE)) as pool:
        return list(pool.map(lambda shot: shot(lab), shots[::step]))


def unanswered(name: str, answers: list[Answer]) -> list[Answer]:
    return [answer for answer in answers if not (answer.good or (name in SILENT and answer.status == 0))]


def faults(log: Path) -> Counter[str]:
    """The tracebacks of a log, by their last two lines."""
    found, lines = Counter(), log.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("Traceback"):
            end = next(
                (i for i in range(number + 1, len(lines)) if not lines[i].startswith(" ")), len(lines) - 1
            )
            places = [each.strip() for each in lines[number:end] if each.strip().startswith("File")]
            found[f"{places[-1] if places else ''}: {lines[end][:100]}"] += 1
    return found


def p95(times: list[float]) -> float:
    """In milliseconds."""
    return 1000 * sorted(times)[int(0.95 * (len(times) - 1))]


def _watch(lab: Lab, line: Connection) -> None:
    """In a process of its own, which waits for nobody here: drags until somebody speaks, then tells of every tick."""
    visitor, told, step = Bystander(lab), [], 0
    while not line.poll():
        visitor.tick(step := step + 1)
        if step == FIRST:
            line.send("here")
        told.append((time.monotonic(), visitor.times[-1]))
        time.sleep(0.1)
    line.send((told, visitor.mistakes))


def report(lab: Lab, names: list[str]) -> bool:
    """One line an attack, the visitor's ticks, the memory; whether all is as it should be."""
    ours, theirs = multiprocessing.Pipe()
    watcher = multiprocessing.get_context("spawn").Process(target=_watch, args=(lab, theirs), daemon=True)
    watcher.start()
    theirs.close()
    ours.recv()
    time.sleep(QUIET)
    rounds, good, began = [("quiet", time.monotonic() - QUIET, time.monotonic())], True, lab.megabytes()
    for name in names:
        before, start_of = lab.megabytes(), time.monotonic()
        answers = attacked(lab, name)
        rounds.append((name, start_of, time.monotonic()))
        bad, seconds = unanswered(name, answers), time.monotonic() - start_of
        statuses = sorted(Counter(answer.status for answer in answers).items())
        print(
            f"{name:32} {len(answers) - len(bad):4d} of {len(answers):4d} answered  {seconds:5.1f} s  "
            f"{lab.megabytes() - before:+6.1f} MB  ",
            ", ".join(f"{status}: {count}" for status, count in statuses),
            flush=True,
        )
        for answer in bad[:3]:
            print("   ", answer.status, answer.said[:60], "…", answer.said[-140:])
        good = good and not bad
    ours.send("enough")
    told, mistakes = ours.recv()
    quiet, *parts = ([took for at, took in told if first <= at <= last] for _, first, last in rounds)
    for (name, *_), part in zip(rounds[1:], parts):
        print(
            f"   a visitor's p95 during {name}: {p95(part):.0f} ms of {len(part)} ticks"
            if part
            else f"   {name}: too short"
        )
    during = [took for part in parts for took in part]
    ratio = p95(during) / p95(quiet)
    print(
        f"a visitor meanwhile: p95 {p95(during):.0f} ms, in quiet {p95(quiet):.0f} ms: {ratio:.1f} times "
        f"(at most {SLOWER:.0f}); wrong answers {len(mistakes)}; memory {began:.0f} MB, now {lab.megabytes():.0f} MB"
    )
    for fault, count in faults(lab.log).most_common():
        print(f"   in the log {count} times: {fault}")
    for mistake in mistakes[:3]:
        print("   ", mistake)
    return good and not mistakes and ratio <= SLOWER


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__.split("\n")[0])
    parser.add_argument("attacks", nargs="*", help=f"some of: {'; '.join(ATTACKS)} (default: all)")
    options = parser.parse_args(argv)
    if strangers := set(options.attacks) - ATTACKS.keys():
        parser.error(f"there is no attack {', '.join(sorted(strangers))}")
    print(
        f"limits: {connections.HEADER_SECONDS:.0f} s for headers, {limits.SILENCE:.0f} s between two pieces of a body"
    )
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        process, url = start(log)
        try:
            return 0 if report(opened(url, process.pid, log), options.attacks or list(ATTACKS)) else 1
        finally:
            process.terminate()
            process.wait(timeout=60)


if __name__ == "__main__":
    sys.exit(main())
