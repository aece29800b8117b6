"""The lab under attack, in short: what is sent is answered, what is silent is hung up on, a visitor's ticks stay right."""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import linearizer_core
from app.lessons.rooms import Rooms
from app.serving import connections, faults, limits, status, traffic, words
from tests.attack.bystander import DRAWN, Bystander, meanwhile
from tests.attack.lab import Answer, Lab, heard, opened
from tests.attack.shots import ATTACKS, attacked, unanswered
from tests.server import free_port, start

SLOW = {"slow headers", "slow bodies", "half-open connections"}
FEW = 6  # shots of each attack; the command fires all


# --- the lab itself -------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """One of its own: the log of the shared one stays clean."""
    log = tmp_path_factory.mktemp("attacked") / "lab.log"
    process, url = start(log, more=("--status",))
    try:
        yield opened(url, process.pid, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.mark.parametrize("name", sorted(ATTACKS.keys() - SLOW))
def test_all_that_is_sent_is_answered_and_a_visitor_goes_on(name, lab):
    visitor, found = Bystander(lab), []
    meanwhile(visitor, lambda: found.extend(attacked(lab, name, FEW)))
    assert len(found) >= 6
    assert unanswered(name, found) == []
    visitor.tick(1)
    assert visitor.mistakes == []


def test_an_answer_without_a_word_is_found():
    for said in (b"Internal Server Error", b'{"error":null}', b"[]"):
        assert not Answer(500, b"HTTP/1.1 500 x\r\n\r\n" + said).good
    assert not Answer(0).good and not Answer(-1).good
    assert Answer(500, b'x\r\n\r\n{"error": "A whole sentence."}').good


# --- the operations page --------------------------------------------------------------------------------------
def test_the_page_is_off_unless_asked_for(monkeypatch):
    monkeypatch.delenv(status.WANTED, raising=False)
    assert status.routes() == []


def test_the_page_says_what_the_process_does(lab):
    call = json.dumps({"data": DRAWN}).encode()
    assert lab.post("/gradio_api/run/interpolate", call).status == 200
    asked = b"GET /status HTTP/1.1\r\nHost: lab\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    told = json.loads(lab.send(asked).said.partition(b"\r\n\r\n")[2])
    assert told["version"] == linearizer_core.__version__ and told["process"] == "1/1"
    assert told["calls"] >= 1 and told["ticks a second"] > 0 and told["under way"] >= 1
    assert "digits" in told["models in memory"] and told["memory, MB"] > 100
    page = lab.get("/status").said.decode()
    assert all(f"<th>{name}</th>" in page for name in told)


def test_the_log_has_a_line_an_event_and_nothing_of_what_was_sent(lab):
    secret = "data:image/png;base64,SECRET"
    body = json.dumps({"data": [secret, [], 0, "digits"], "session_hash": "SECRET"}).encode()
    lab.post("/gradio_api/run/spectrum", body)
    lab.post("/gradio_api/run/SECRET", body)
    for line in (r"run/spectrum \d+ \d{3} \d+ ms", r"run/\? 404 \d+ ms"):
        assert until(lambda line=line: re.search(rf"(?m)^\S+ \S+ {line}$", lab.log.read_text()))
    lines = lab.log.read_text()
    assert "SECRET" not in lines and "127.0.0.1:" not in lines.partition("\n* To create")[2]


def test_others_can_tell_something_there(monkeypatch):
    monkeypatch.setattr(status, "_others", {})
    status.tell("rooms", lambda: {"open": 2, "visitors": 31})
    assert "<th>rooms</th><td>open: 2, visitors: 31</td>" in status.page(status.found())


def test_rooms_and_their_members_are_counted(tmp_path):
    rooms = Rooms(tmp_path, most=9)
    assert rooms.census() == {"open": 0, "members": 0}
    codes = [rooms.open("first")["code"] for _ in range(2)]
    for _ in range(3):
        rooms.join(codes[0])
    assert rooms.census() == {"open": 2, "members": 3}


# --- uploads --------------------------------------------------------------------------------------------------
def test_files_of_an_upload_that_was_cut_off_are_removed(lab):
    folder = Path(gr.utils.get_upload_folder())
    before = set(folder.glob("tmp*"))
    head = f"POST {traffic.UPLOAD} HTTP/1.1\r\nHost: lab\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    body = '--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\ncut off'
    with lab.connect() as line:
        line.sendall(f"{head}Content-Length: 5000\r\n\r\n{body}".encode())
        assert until(lambda: set(folder.glob("tmp*")) - before)
        (made,) = set(folder.glob("tmp*")) - before
    assert until(lambda: not made.exists())


def until(holds, patience=60.0):
    """Whether it came to hold."""
    deadline = time.monotonic() + patience
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


def test_what_failed_uploads_have_left_is_swept_and_nothing_else(tmp_path):
    for name in ("tmpabc", "tmpnew", "other"):
        (tmp_path / name).write_text("x")
    (tmp_path / "tmp_folder").mkdir()
    for name in ("tmpabc", "other", "tmp_folder"):
        os.utime(tmp_path / name, (0, 0))
    assert limits.sweep(tmp_path) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"tmpnew", "other", "tmp_folder"}


# --- limits of time and size, with shorter ones ---------------------------------------------------------------
async def said(request):
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def small(monkeypatch) -> Iterator[Lab]:
    """A server with our limits and an answer of its own, in this process."""
    for module, name, value in (
        (connections, "HEADER_SECONDS", 0.3),
        (limits, "SILENCE", 0.3),
        (limits, "CALL_BYTES", 2_000),
    ):
        monkeypatch.setattr(module, name, value)
    app = Starlette(routes=[Route("/{path:path}", said, methods=["GET", "POST"])])
    config = uvicorn.Config(
        limits.Limits(app), host="127.0.0.1", port=free_port(), log_level="critical", lifespan="off"
    )
    config.load()
    connections.bound(config)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    try:
        yield Lab(f"http://127.0.0.1:{config.port}/", 0, Path())
    finally:
        running.should_exit = True
        thread.join()


def test_who_sends_headers_slowly_is_hung_up_on_and_told_so(small):
    for first in (b"", b"GET / HTTP/1.1\r\nHost: lab\r\nX: "):
        answer = small.send(first)
        assert answer.status == 408 and words.TOO_SLOW.encode() in answer.said


def test_a_second_request_of_a_connection_has_its_own_time(small):
    whole = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
    with small.connect() as line:
        for _ in range(3):
            line.sendall(whole)
            assert heard(line).status == 200
            time.sleep(0.2)
        line.sendall(whole[:20])
        assert heard(line).status == 408
        assert line.recv(1) == b""


def test_a_body_that_stops_and_one_that_is_too_large_are_refused(small):
    head = "POST /x HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\n"
    assert small.send(f"{head}Content-Length: 100\r\n\r\n{{".encode()).status == 408
    for more in (
        "Content-Length: 2001\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n7d1\r\n" + "x" * 2001 + "\r\n",
    ):
        answer = small.send((head + more).encode())
        assert answer.status == 413 and b"too large" in answer.said
    assert small.post("/x", b"x" * 2000).said.endswith(b"2000")


def test_uploads_of_one_and_of_all_have_an_end():
    shelf = limits.Shelf(one=100, all=250, seconds=10.0)
    assert all(shelf.takes("a", 10, now=0.0) for _ in range(10))
    assert not shelf.takes("a", 1, now=0.0)
    assert shelf.takes("b", 100, now=5.0) and not shelf.takes("c", 51, now=5.0)
    assert shelf.takes("c", 50, now=5.0) and shelf.total == 250
    assert shelf.takes("a", 100, now=11.0) and shelf.total == 250


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"data": []}', 0),
        (b'{"data": ["[[[[["]}', 0),
        (b"{" + b'"a":{' * 40 + b"}" * 41, 400),
        (b"[" * 40 + b"]" * 40, 400),
        (b'{"data": [' + b"0," * 100_001 + b"0]}", 413),
        (b"[]", 400),
        (b"{", 400),
        (b'{"session_hash": "' + b"x" * 200 + b'"}', 400),
    ],
)
def test_what_is_no_call_is_seen_before_gradio_reads_it(body, status):
    scope = {"path": "/gradio_api/cancel"}
    if status == 0:
        return limits.fits(scope, body)
    with pytest.raises(limits.TooMuchError) as refused:
        limits.fits(scope, body)
    assert refused.value.status == status and refused.value.sentence.endswith(".")


# --- the log --------------------------------------------------------------------------------------------------
def test_a_fault_is_told_in_full_once_and_what_came_is_not_quoted(caplog):
    def fail(value):
        raise KeyError(value)

    for value in ("x" * 100_000, "y"):
        try:
            fail(value)
        except KeyError as error:
            faults.tell(error)
    first, second = (record.getMessage() for record in caplog.records)
    assert "Traceback" in first and len(first) < 3_000
    assert "Traceback" not in second and "KeyError" in second and "\n" not in second


def test_of_a_visitors_mistake_nothing_is_quoted(caplog):
    with caplog.at_level(logging.INFO):
        faults.tell(gr.Error("Value: data:image/png;base64,AAAA is not in the list."))
    assert "AAAA" not in caplog.text and "refused" in caplog.text
