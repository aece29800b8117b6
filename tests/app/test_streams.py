"""The stream of answers in Gradio itself: who waits hears them, and who has heard them all is not kept."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator

import gradio as gr
import pytest
from starlette.middleware import Middleware

from app.serving.streams import CLOSED, Streams, all_told

# Gradio's, as it counts calls with pandas.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PATIENCE = 20  # seconds; Gradio would keep an idle stream for good


async def slow(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


@pytest.fixture(scope="module")
def page() -> Iterator[gr.Blocks]:
    with gr.Blocks() as demo:
        number = gr.Number()
        number.submit(slow, number, number, concurrency_limit=None)
    how = {"prevent_thread_lock": True, "quiet": True, "ssr_mode": False, "enable_monitoring": False}
    demo.queue().launch(**how, app_kwargs={"middleware": [Middleware(Streams)]})
    yield demo
    demo.close()


def called(page: gr.Blocks, session: str, seconds: float) -> None:
    body = json.dumps({"data": [seconds], "fn_index": 0, "session_hash": session}).encode()
    asked = urllib.request.Request(f"{page.local_url}gradio_api/queue/join", body)
    asked.add_header("Content-Type", "application/json")
    urllib.request.urlopen(asked, timeout=PATIENCE).close()


def stream(page: gr.Blocks, session: str):
    address = f"{page.local_url}gradio_api/queue/data?session_hash={session}"
    return urllib.request.urlopen(address, timeout=PATIENCE)


def answers(told: bytes) -> list[float]:
    messages = [json.loads(line.removeprefix("data: ")) for line in told.decode().split("\n\n") if line]
    return [m["output"]["data"][0] for m in messages if m["msg"] == "process_completed"]


def test_a_stream_tells_all_that_its_page_waits_for_and_ends(page):
    called(page, "one", 0.4)
    called(page, "one", 0.1)
    with stream(page, "one") as open_one:
        told = open_one.read()
    assert answers(told) == [0.1, 0.4] and told.endswith(CLOSED)


def test_a_stream_of_who_has_heard_all_ends_at_once(page):
    called(page, "two", 0.1)
    for heard in ([0.1], []):
        with stream(page, "two") as open_one:
            told = open_one.read()
        assert answers(told) == heard and told.endswith(CLOSED)
    called(page, "two", 0.2)
    with stream(page, "two") as open_one:
        assert answers(open_one.read()) == [0.2]


def test_who_has_never_called_waits_for_what_gradio_says(page):
    assert not all_told(page._queue, "nobody")
