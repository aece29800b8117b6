"""What is put into the page that Gradio writes, and that nothing else is touched."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.serving.page import PLACE, PLAIN, Page

WRITTEN = b"<head><script>window.gradio_config = {};</script>" + PLACE + b"</script></head>"


@pytest.fixture(scope="module")
def client() -> TestClient:
    def answered(request: Request) -> HTMLResponse:
        return HTMLResponse(WRITTEN, headers={"x-own": "kept"})

    return TestClient(Starlette(routes=[Route("/{rest:path}", answered)], middleware=[Middleware(Page)]))


def test_the_script_stands_between_the_configuration_and_who_reads_it(client):
    answer = client.get("/")
    before, after = answer.content.split(PLAIN)
    assert before.endswith(b"gradio_config = {};</script>") and after.startswith(PLACE)
    assert before + after == WRITTEN
    assert answer.headers["content-length"] == str(len(answer.content)) and answer.headers["x-own"] == "kept"


def test_other_answers_stay_as_they_are(client):
    assert client.get("/theme.css").content == WRITTEN
    assert client.head("/").headers["content-length"] == str(len(WRITTEN))
