"""All that a hostile or broken client sends, by attack; a shot is one request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from app.lessons import routes
from app.serving import traffic
from tests.attack.lab import Answer, Lab, heard, multipart

AT_ONCE = 8  # attackers
MANY = 10**6
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
        f"/{routes.SHORT}/",
        f"/{routes.SHEET}/",
        f"/{routes.PLACE}/",
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


def plane(x: object, **others: object) -> bytes:
    """The body of a call of /plane."""
    return json.dumps({"data": [x, [1.0, 0.0], 1.0, 1.0, None, "moons"], **others}).encode()


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


def classes() -> Iterator[Shot]:
    """Strange values for all that a lesson or a class asks, forged keys, and bodies that are none."""
    bodies = [b"[" * MANY, b'{"a":' * MANY, b"\xff" * 100, b"", b'{"code": "' + b"x" * 20 * MANY + b'"}']
    for name, (kind, _) in routes.ASKED.items():
        path, arguments = f"/{routes.PLACE}/{name}", kind.declared()
        for value in (*STRANGE, "\ud800", "' OR 1=1 --"):
            body = json.dumps(dict.fromkeys(arguments, value)).encode()
            yield lambda lab, path=path, body=body: lab.post(path, body)
        for body in bodies:
            yield lambda lab, path=path, body=body: lab.post(path, body)


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
    "lessons and classes": classes,
}
FEWER = {
    "strange values to all listeners": 2
}  # at once: some are right, and answered with real work, as visitors are
SILENT = {"half-open connections"}  # nothing was asked, nothing need be said


def attacked(lab: Lab, name: str, most: int | None = None) -> list[Answer]:
    """The answers to one attack, its first shots or all."""
    shots = list(ATTACKS[name]())
    step = 1 if most is None else max(len(shots) // most, 1)
    with ThreadPoolExecutor(FEWER.get(name, AT_ONCE)) as pool:
        return list(pool.map(lambda shot: shot(lab), shots[::step]))


def unanswered(name: str, answers: list[Answer]) -> list[Answer]:
    return [answer for answer in answers if not (answer.good or (name in SILENT and answer.status == 0))]
