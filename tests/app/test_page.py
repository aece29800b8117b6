"""What is put into the page that Gradio writes, and that nothing else is touched."""

from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.serving import page
from app.serving.page import CONFIGURED, PLAIN, Page, links, needed

WRITTEN = b"<head><script>window.gradio_config = {};</script>" + CONFIGURED + b"</script></head>"
FIRST = b'<script type="module" src="./assets/index-A.js"></script>'
BUILT = {
    "index-A.js": 'm.f=["./Index-B.js","./core-C.js","./a.css"]; v(()=>import(`./Index-B.js`),__vite__mapDeps([0,1,2]),u);'
    "v(()=>import(`./core-C.js`),__vite__mapDeps([1]),u)",
    "Index-B.js": 'm.f=["./Blocks-D.js","./Login-E.js","./src-F.js"]; await import(`./Blocks-D.js`);return{default:e}},'
    "__vite__mapDeps([0,2]),u); import(`./Login-E.js`),__vite__mapDeps([1]),u)",
    "core-C.js": 'm.f=["./Index-G.js","./b.css","./Index-H.js"]; V={html:{example:()=>v(()=>import(`./Example-I.js`),'
    "__vite__mapDeps([1]),u),component:()=>v(()=>import(`./Index-G.js`),__vite__mapDeps([0,1]),u)},"
    "plot:{component:()=>v(()=>import(`./Index-H.js`),__vite__mapDeps([2]),u)}}",
}


@pytest.fixture
def client(tmp_path, monkeypatch) -> TestClient:
    for name, text in BUILT.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(page, "BUILT", tmp_path)
    needed.cache_clear()
    config = {"components": [{"type": "html", "props": {}}, {"type": "plot", "props": {"visible": False}}]}

    def answered(request: Request) -> HTMLResponse:
        content = WRITTEN if "plain" in request.query_params else WRITTEN + FIRST
        return HTMLResponse(content, headers={"x-own": "kept"})

    app = Starlette(routes=[Route("/{rest:path}", answered)], middleware=[Middleware(Page)])
    app.get_blocks = lambda: SimpleNamespace(config=config)
    yield TestClient(app)
    needed.cache_clear()


def test_the_script_stands_between_the_configuration_and_who_reads_it(client):
    answer = client.get("/?plain")
    before, after = answer.content.split(PLAIN)
    assert before.endswith(b"gradio_config = {};</script>") and after.startswith(CONFIGURED)
    assert before + after == WRITTEN
    assert answer.headers["content-length"] == str(len(answer.content)) and answer.headers["x-own"] == "kept"


def test_the_scripts_that_the_page_will_ask_for_are_named_in_its_head_and_no_others(client):
    names = [f"{name}.js" for name in ("index-A", "Index-B", "core-C", "Blocks-D", "src-F", "Index-G")]
    assert client.get("/").content.startswith(b"<head>" + links(names) + b"<script>")


def test_where_gradio_is_built_in_another_way_the_first_alone_is_named(client, tmp_path):
    (tmp_path / "index-A.js").write_text("import('./other.js')")
    assert client.get("/").content.startswith(b"<head>" + links(["index-A.js"]) + b"<script>")


def test_other_answers_stay_as_they_are(client):
    assert client.get("/theme.css").content == WRITTEN + FIRST
    assert client.head("/").headers["content-length"] == str(len(WRITTEN + FIRST))
