"""What goes packed, what is kept for all, and what is somebody's own."""

import gzip
import json

import brotli
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.serving import packing, page
from app.widgets.served import PLACE

LONG = "a page that says where it is seen " * 400
UNPACKED = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}


class Asked:
    """An app that counts how often it was asked, and answers with where it is seen."""

    def __init__(self) -> None:
        self.times = 0

    def answer(self, request: Request) -> Response:
        self.times += 1
        if request.url.path.endswith("missing.js"):
            return PlainTextResponse(LONG, status_code=404)
        return PlainTextResponse(f"{request.headers['host']} {LONG}")


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def client(asked: Asked) -> TestClient:
    app = Starlette(routes=[Route("/{rest:path}", asked.answer)], middleware=[Middleware(packing.Packing)])
    return TestClient(app, base_url="http://lab")


def raw(client: TestClient, address: str, encoding: str, **headers: str) -> tuple[bytes, str]:
    with client.stream("GET", address, headers={"accept-encoding": encoding, **headers}) as answer:
        return b"".join(answer.iter_raw()), answer.headers.get("content-encoding", "")


@pytest.mark.parametrize("path", ["/", "/assets/index-1a2b.js", "/static/look.css", f"/{PLACE}/1a2b.json"])
@pytest.mark.parametrize("encoding", UNPACKED)
def test_what_is_the_same_for_all_is_worked_out_once(client, asked, path, encoding):
    found = [raw(client, path, encoding) for _ in range(3)]
    assert asked.times == 1 and found[0] == found[1] == found[2]
    content, said = found[0]
    assert said == encoding and UNPACKED[encoding](content).decode() == f"lab {LONG}"
    assert not encoding or len(content) < len(LONG) / 10


def test_only_what_is_named_by_its_content_is_kept_by_browsers_for_ever(client):
    kept = {
        path: client.get(path).headers.get("cache-control") for path in ("/", "/static/a.js", "/assets/a.js")
    }
    assert kept["/"] is kept["/static/a.js"] is None and "immutable" in kept["/assets/a.js"]


@pytest.mark.parametrize("name", packing.ORIGIN)
def test_each_place_where_the_lab_is_seen_has_its_own_page(client, asked, name):
    assert client.get("/", headers={name: "one"}).text.startswith("one" if name == "host" else "lab")
    client.get("/", headers={name: "other"})
    assert asked.times == 2


@pytest.mark.parametrize(
    ("path", "headers"),
    {
        "a link to a session": ("/?deep_link=1", {}),
        "a visitor with a name": ("/", {"cookie": "access-token-1=x"}),
        "a part": ("/assets/a.js", {"range": "bytes=0-3"}),
        "one that is there already": ("/assets/a.js", {"if-none-match": "x"}),
        "a call": ("/gradio_api/info", {}),
        "a picture": ("/assets/a.png", {}),
        "what is not there": ("/assets/missing.js", {}),
    }.values(),
)
def test_what_is_somebodys_own_is_asked_for_each_time(client, asked, path, headers):
    for _ in range(2):
        client.get(path, headers=headers)
    assert asked.times == 2


def test_what_comes_packed_is_not_packed_again():
    content = gzip.compress(LONG.encode())

    def answered(request: Request) -> Response:
        return Response(content, headers={"Content-Encoding": "gzip"})

    app = Starlette(routes=[Route("/{rest:path}", answered)], middleware=[Middleware(packing.Packing)])
    assert raw(TestClient(app), "/assets/a.js", "br, gzip") == (content, "gzip")


def test_the_oldest_answer_goes(client, asked, monkeypatch):
    monkeypatch.setattr(packing, "MOST", 2 * len(LONG))
    for path in ("/assets/1.js", "/assets/2.js", "/assets/1.js", "/assets/2.js"):
        raw(client, path, "")
    assert asked.times == 4  # there is room for one
    raw(client, "/assets/2.js", "")
    assert asked.times == 4


def test_the_lab_sends_its_page_and_scripts_so():
    from app.shell import build_app, launch_settings

    demo = build_app()
    app, *_ = demo.launch(**launch_settings(), prevent_thread_lock=True, quiet=True)
    try:
        client = TestClient(app)
        first, second = (client.get("/", headers={"accept-encoding": "br"}) for _ in range(2))
        assert first.text == second.text and first.headers["content-encoding"] == "br"
        assert json.loads(first.text.split("window.gradio_config = ")[1].split(";</script>")[0])["components"]
        assert first.text.count(page.PLAIN.decode()) == 1 and len(first.text) == len(second.text)
        script = next(part for part in first.text.split('"') if part.startswith("./assets/index-"))
        packed = client.get(script[1:], headers={"accept-encoding": "br"})
        assert packed.headers["content-encoding"] == "br" and "immutable" in packed.headers["cache-control"]
    finally:
        demo.close()
