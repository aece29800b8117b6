"""Under a path and TLS, as README.md says: a proxy of one's own takes both off, and all addresses fit."""

import json
import re
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator

import pytest

from app.serving import balancer
from tests.helpers import ROOT
from tests.server import free_port, running

HERE, OPENSSL = balancer.program(), shutil.which("openssl")
pytestmark = pytest.mark.skipif(not (HERE and OPENSSL), reason="HAProxy or openssl is missing")
ANYBODY = ssl._create_unverified_context()  # the certificate is our own
LINES = re.findall(r"`((?:bind|http-request) [^`]+)`", (ROOT / "README.md").read_text("utf-8"))


def ask(address: str, body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60, context=ANYBODY) as answer:
        return answer.read()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """https://…/lab/ of a lab behind HAProxy, which has the lines that README.md names."""
    place, port = tmp_path_factory.mktemp("proxy"), free_port()
    key, certificate, both = (place / name for name in ("key.pem", "cert.pem", "lab.pem"))
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    run = [OPENSSL, *made, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(run, check=True, capture_output=True)
    both.write_text(certificate.read_text() + key.read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ROOT_PATH", "/lab")
        with running() as lab:
            lines = [
                line.replace(":443", f"127.0.0.1:{port}").replace("lab.pem", str(both)) for line in LINES
            ]
            server = f"server lab {lab.url.removeprefix('http://').rstrip('/')}"
            times = [f"timeout {each} 60s" for each in ("connect", "client", "server")]
            listen = "\n    ".join(["listen lab", "mode http", *times, *lines, server])
            (place / "haproxy.cfg").write_text(f"{listen}\n")
            proxy = subprocess.Popen([HERE, "-f", str(place / "haproxy.cfg"), "-db"])
            try:
                found, deadline = f"https://127.0.0.1:{port}/lab/", time.monotonic() + 60
                while True:
                    try:
                        ask(found)
                        break
                    except OSError:
                        assert time.monotonic() < deadline
                        time.sleep(0.2)
                yield found
            finally:
                proxy.terminate()
                proxy.wait(30)


def test_the_page_says_where_it_is(address):
    assert len(LINES) == 3
    assert f'"root":"{address.rstrip("/")}"' in ask(address).decode()


def test_ticks_queued_calls_classes_and_icons_are_reached_there(address):
    points = [[0.5, 1.0], [1.0, 0.0], 1.0, 1.0, None, "moons"]
    assert b"induced" in ask(f"{address}gradio_api/run/plane", {"data": points})
    event = json.loads(ask(f"{address}gradio_api/call/plane", {"data": points}))["event_id"]
    assert ask(f"{address}gradio_api/call/plane/{event}").startswith(b"event: complete")
    assert len(json.loads(ask(f"{address}lab-class/open", {"lesson": "tour"}))["code"]) == 6
    assert ask(f"{address}pwa_icon/192")[1:4] == b"PNG"
