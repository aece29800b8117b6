"""The engine and the page in headless Chromium: decoded pictures beside torch's, and what a page waits for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from playwright.sync_api import Browser, Page, Route, sync_playwright

import linearizer_core as lc
from app import engine
from app.widgets import served
from linearizer_core.exporting.replay import probes, smallest
from linearizer_core.exporting.web import MANIFEST, WEIGHTS
from tests.browser.visits import FLAGS, PATIENCE, launched

PLACE = "http://parity.test/"
PART = 50  # latents that are sent at once
COMPARED = """async (parts) => {
  const worker = new Worker("worker.js");
  let asked = 0;
  const question = (message) => new Promise((yes, no) => {
    const id = ++asked;
    const heard = ({ data }) => {
      if (data.id !== id || "progress" in data) return;
      worker.removeEventListener("message", heard);
      if (data.failed) no(new Error(data.failed)); else yes(data);
    };
    worker.addEventListener("message", heard);
    worker.postMessage({ id, ...message });
  });
  const floats = async (name) => new Float32Array(await (await fetch(name)).arrayBuffer());
  const here = (name) => new URL(name, location.href).href;
  const load = { name: "one", manifest: here("MANIFEST"), weights: here("WEIGHTS") };
  const { kind } = await question({ load });
  let error = 0;
  const times = [];
  for (let k = 0; k < parts; k++) {
    const [z, expected] = await Promise.all([floats(`${k}.in`), floats(`${k}.out`)]);
    const [count, size] = [PART, z.length / PART];
    for (let i = 0; i < count; i++) {
      const run = { name: "one", program: "decode", vectors: [z.slice(i * size, (i + 1) * size)] };
      const { results, milliseconds } = await question({ run });
      times.push(milliseconds);
      results[0].forEach((v, j) => { error = Math.max(error, Math.abs(v - expected[i * results[0].length + j])); });
    }
  }
  worker.terminate();
  times.sort((a, b) => a - b);
  return { kind, error, p50: times[times.length >> 1], p95: times[Math.floor(0.95 * (times.length - 1))] };
}"""


@contextmanager
def chromium(flags: Sequence[str] = FLAGS) -> Iterator[Browser]:
    """Headless Chromium, closed afterwards."""
    with sync_playwright() as api:
        browser = launched(api, flags)
        yield browser
        browser.close()


# --- parity --------------------------------------------------------------------------------------------------
def decoded(browser: Browser, name: str, count: int, kind: str) -> dict:
    """`count` latents of a shipped model, in whole `PART`s, through the worker: "error", "largest" latent, "p50", "p95" ms.

    `kind` is simd or plain; ValueError where the browser runs the other.
    """
    f = lc.load(name)
    model, _ = smallest(f, programs=["decode"])
    z = probes(f, count)
    with torch.no_grad():
        expected = torch.cat([f.g_y.inverse(part) for part in z.split(PART)]).flatten(1)
    worker = served.LASTING.get(engine.worker()) + (b"\nlab.kernel = null;" if kind == "plain" else b"")
    files = {"": b"<!doctype html>", "worker.js": worker, **model.files()}
    for k, (given, wanted) in enumerate(zip(z.split(PART), expected.split(PART), strict=True)):
        files[f"{k}.in"], files[f"{k}.out"] = (t.float().numpy().tobytes() for t in (given, wanted))

    def answer(route: Route) -> None:
        at = route.request.url.removeprefix(PLACE)
        route.fulfill(body=files[at], content_type="text/javascript" if at.endswith(".js") else "text/html")

    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.context.route(f"{PLACE}**", answer)
    page.goto(PLACE)
    script = COMPARED.replace("MANIFEST", MANIFEST).replace("WEIGHTS", WEIGHTS).replace("PART", str(PART))
    found = page.evaluate(script, count // PART)
    page.context.close()
    if found["kind"] != kind:
        raise ValueError(f"asked for {kind}, this Chromium runs {found['kind']}")
    return {**found, "largest": float(z.abs().max())}


# --- the page ------------------------------------------------------------------------------------------------
@dataclass
class Opened:
    """What came over the wire until the first view was there, the page alone and all, and how long it took."""

    seconds: float
    document: int
    bytes: int
    requests: int


def opened(page: Page, url: str, slower: int) -> Opened:
    """Opens a page whose processor is `slower` times slower, until its first view can be used."""
    wire, kinds = {}, {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    session.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["type"]}))
    session.on("Network.loadingFinished", lambda e: wire.update({e["requestId"]: e["encodedDataLength"]}))
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function("document.documentElement?.classList.contains('lab-open')")
    seconds = time.perf_counter() - began
    document = sum(size for number, size in wire.items() if kinds.get(number) == "Document")
    return Opened(seconds, document, sum(wire.values()), len(wire))


def first_views(browser: Browser, url: str, slower: int, again: bool, times: int = 3) -> Opened:
    """The median of some openings, of first visits or of second ones."""
    found = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        for _ in range(1 + again):
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            last = opened(page, url, slower)
            page.close()
        found.append(last)
        context.close()
    return Opened(
        *(statistics.median(values) for values in zip(*(vars(o).values() for o in found), strict=True))
    )
