"""Two processes behind HAProxy: queued calls are answered, a killed process is replaced, an ending one answers first."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from app import __main__ as command
from app.serving import balancer, replicas, traffic
from tests.attack.lab import multipart
from tests.helpers import ROOT
from tests.server import free_port, start

HERE = balancer.program()
needs_haproxy = pytest.mark.skipif(HERE is None, reason=balancer.MISSING)
POINTS = [[0.5, 1.0], [1.0, 0.0], 1.0, 1.0, None, "moons"]


@dataclass
class Lab:
    url: str
    log: Path
    process: subprocess.Popen

    def members(self) -> dict[int, int]:
        """Number of each process of the lab to its id, the last one that was started."""
        found = re.findall(r"process (\d) of 2: (\d+)", self.log.read_text())
        return {int(number): int(process) for number, process in found}


class Visitor:
    """A browser's part: cookies are kept or not, one session; or one that forgets them."""

    def __init__(self, url: str, session: str, keeps_cookies: bool = True) -> None:
        self.url, self.session, self.jar = url, session, CookieJar()
        handlers = [urllib.request.HTTPCookieProcessor(self.jar)] if keeps_cookies else []
        self.opener = urllib.request.build_opener(*handlers)

    def fetch(self, path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with self.opener.open(request, timeout=60) as answer:
            return answer.read()

    def process(self) -> str:
        return next((cookie.value for cookie in self.jar if cookie.name == balancer.COOKIE), "")

    def ask(self) -> bool:
        """One queued call, asked in one request and answered in another; whether the answer came."""
        joined = {"data": POINTS, "session_hash": self.session}
        try:
            event = json.loads(self.fetch("gradio_api/call/plane", joined))["event_id"]
            said = self.fetch(f"gradio_api/call/plane/{event}").decode()
        except (OSError, http.client.HTTPException):
            return False
        return said.startswith("event: complete") and '"induced"' in said


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    log = tmp_path_factory.mktemp("replicas") / "lab.log"
    process, url = start(log, more=("--workers", "2"))
    found = Lab(url, log, process)
    try:
        until(lambda: {served_by(url) for _ in range(4)} == {"p1", "p2"})
        yield found
    finally:
        process.terminate()
        process.wait(timeout=60)


def served_by(url: str) -> str:
    visitor = Visitor(url, "health")
    visitor.fetch("lab-health")
    return visitor.process()


def until(holds, patience=240.0):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError("it never came")


# --- without HAProxy ------------------------------------------------------------------------------------------
def test_where_it_is_missing_one_sentence_says_so(monkeypatch, capsys):
    monkeypatch.setattr(balancer, "program", lambda: None)
    with pytest.raises(SystemExit) as ended:
        command.main(["--workers", "2"])
    assert ended.value.code == 2 and capsys.readouterr().err == f"python -m app: {balancer.MISSING}.\n"


@pytest.mark.parametrize("wanted", ["0", "-1", "two", "65", "1e9"])
def test_a_number_of_processes_that_is_none_is_refused(wanted, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--workers", wanted])
    assert ended.value.code == 2 and "--workers" in capsys.readouterr().err


def test_a_link_to_share_goes_with_one_process(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--workers", "2", "--share"])
    assert ended.value.code == 2 and "--share goes with one process" in capsys.readouterr().err


def test_all_that_says_nothing_of_the_place_goes_on_to_each_process(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(balancer, "program", lambda: "haproxy")
    monkeypatch.setattr(replicas, "serve", lambda *what: asked.append(what) or 0)
    with pytest.raises(SystemExit):
        command.main(["--workers", "3", "--host", "127.0.0.1", "--port", "7879", "--teachers", str(tmp_path)])
    assert asked == [("127.0.0.1", 7879, 3, ["--teachers", str(tmp_path)])]


def test_nothing_heavy_is_imported_by_the_one_who_watches():
    program = (
        "import sys, app.serving.replicas; sys.exit(bool({'torch', 'gradio', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_process_that_ends_waits_for_what_is_under_way_and_no_longer():
    counted = traffic.Traffic(under_way=1)
    assert not traffic.drained(counted, 0.0, 0.2)
    assert counted.draining
    counted.ended("/config")
    assert traffic.drained(counted, 0.0, 60.0)


@needs_haproxy
def test_what_no_process_can_start_with_ends_all_of_them_with_its_sentence():
    words = ["-m", "app", "--workers", "2", "--port", str(free_port()), "--lesson", "no/such/lesson.json"]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2 and "lesson.json" in done.stderr and "Traceback" not in done.stderr


# --- with it --------------------------------------------------------------------------------------------------
@needs_haproxy
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])
def test_haproxy_takes_the_configuration(host, tmp_path):
    file = balancer.written(tmp_path, host, 7860, [7001, 7002, 7003])
    done = subprocess.run([HERE, "-c", "-f", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "WARNING" not in done.stdout + done.stderr, done.stderr


@needs_haproxy
def test_queued_calls_are_answered_by_the_process_that_holds_the_visit(lab):
    visitors = [Visitor(lab.url, f"visit{number}") for number in range(12)]
    assert all([visitor.ask() for visitor in visitors])
    assert set(Counter(visitor.process() for visitor in visitors)) == {"p1", "p2"}
    assert all([visitor.ask() for visitor in visitors])  # and the next ones too


@needs_haproxy
def test_without_the_cookie_queued_calls_are_lost(lab):
    assert not all([Visitor(lab.url, f"forgets{number}", False).ask() for number in range(12)])


def on_each(url: str) -> dict[str, Visitor]:
    """A visitor of each process."""
    found = {}
    for number in range(12):
        visitor = Visitor(url, f"either{number}")
        visitor.fetch("")
        found[visitor.process()] = visitor
    assert set(found) == {"p1", "p2"}
    return found


@needs_haproxy
def test_rooms_and_uploads_of_one_process_are_those_of_the_other(lab):
    one, other = (on_each(lab.url)[name] for name in ("p1", "p2"))
    room = json.loads(one.fetch("lab-class/open", {"lesson": "tour"}))
    student = json.loads(other.fetch("lab-class/join", {"code": room["code"]}))
    guess = {"code": room["code"], "member": student["member"], "stop": "why", "guess": "3"}
    assert json.loads(other.fetch("lab-class/guess", guess)) == {"kept": True}
    counted = json.loads(one.fetch("lab-class/counts", {**room, "stop": "why"}))
    assert counted["bars"] == {"3": 1}
    body, kind = multipart([("digit.png", b"not a picture, and yet a file")])
    request = urllib.request.Request(f"{lab.url}gradio_api/upload", body, {"Content-Type": kind})
    with one.opener.open(request, timeout=60) as answer:
        (path,) = json.load(answer)
    assert other.fetch(f"gradio_api/file={path}") == b"not a picture, and yet a file"


@needs_haproxy
def test_visitors_of_a_killed_process_go_on_after_a_reload_and_it_is_started_again(lab):
    visitors = [Visitor(lab.url, f"stays{number}") for number in range(6)]
    assert all([visitor.ask() for visitor in visitors])
    struck = [visitor for visitor in visitors if visitor.process() == "p1"]
    assert struck and len(struck) < len(visitors)
    before = lab.members()
    os.kill(before[1], signal.SIGKILL)
    for visitor in visitors:
        assert b"Linearizer Lab" in visitor.fetch("")  # the reload
        assert visitor.ask()
    assert {visitor.process() for visitor in struck} == {"p2"}
    until(lambda: lab.members()[1] != before[1] and served_by(lab.url) == "p1")
    assert lab.members()[2] == before[2]


@needs_haproxy
def test_when_it_ends_what_is_under_way_is_answered_and_nothing_is_left(lab):
    """The last test of this file: the lab is gone after it."""
    visitor = Visitor(lab.url, "last")
    assert visitor.ask()
    members = lab.members()
    body = json.dumps({"data": POINTS}).encode()
    head = (
        f"POST /gradio_api/run/plane HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\n"
        f"Cookie: {balancer.COOKIE}={visitor.process()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(
        ("127.0.0.1", int(lab.url.rstrip("/").rpartition(":")[2])), timeout=60
    ) as slow:
        slow.sendall(head.encode() + body[:-1])  # under way: the last byte is to come
        time.sleep(0.5)
        lab.process.send_signal(signal.SIGTERM)
        until(lambda: "ending" in lab.log.read_text())
        slow.sendall(body[-1:])
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
    assert lab.process.wait(timeout=60) == 0
    for member in members.values():
        with pytest.raises(ProcessLookupError):
            os.kill(member, 0)
