"""Drags that the browser's engine answers: what is dragged in each view, what was asked meanwhile, what both routes draw."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from playwright.sync_api import Page, Request

MOVES = 60
PIXELS = """id => [...document.querySelectorAll(`#${id} canvas`)].map(
  (canvas) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data])"""
TIMES = """() => { window.ticks = [];
  document.addEventListener('lab:engine', ({ detail }) => detail.where && window.ticks.push(detail)); }"""
# Of every page from its first script on: how many questions wait for their answer.
ASKING = """window.asking = 0;
  const real = window.fetch;
  window.fetch = (...given) => {
    window.asking += 1;
    return real(...given).finally(() => { window.asking -= 1; });
  };"""


@dataclass(frozen=True)
class Drag:
    """What is dragged in a view of a model."""

    view: str
    model: str
    handle: str

    @property
    def query(self) -> str:
        return f"?view={self.view}&model={self.model}"

    @property
    def stage(self) -> str:
        return f"{self.view}-stage"


HANDLES = {
    "interpolate": "#interpolate-t input[type=range]",
    "spectrum": "#spectrum-handles [data-part=power]",
    "project": "#project-rank input[type=range]",
    "generate": "#generate-power input[type=range]",
    "latent_pca": "#latent_pca-steps input[type=range]",
}
MODELS = {"project": ("digits-projector", "faces")}
DRAGS = [
    Drag(view, model, handle)
    for view, handle in HANDLES.items()
    for model in MODELS.get(view, ("digits", "faces"))
]


@dataclass
class Found:
    """Requests while the hand moved, those of the proof meter aside; milliseconds of its ticks; the same place twice."""

    requests: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    browser: list[list[int]] = field(default_factory=list)
    server: list[list[int]] = field(default_factory=list)

    def apart(self) -> int:
        """The largest difference of both routes, in levels of 255."""
        pairs = [(a, b) for a, b in zip(self.browser, self.server, strict=True)]
        return max(abs(x - y) for a, b in pairs for x, y in zip(a, b, strict=True))


def ready(page: Page, drag: Drag) -> None:
    """Wait until the engine has the model, the view its ingredients, and the laws are measured.

    The page's context runs `ASKING` first.
    """
    page.wait_for_function(
        "name => document.querySelector('#engine [role=status]')?.dataset.ready?.split(' ').includes(name)",
        arg=drag.model,
    )
    calm(page, drag.view)
    page.wait_for_function("slug => lab.engine.ready(slug)", arg=drag.view)


def settles(page: Page) -> set[int]:
    """The listeners that ask when the hand rests, and what follows: a busy machine may pause in the middle of a drag."""
    found = page.evaluate(
        "() => window.gradio_config.dependencies.map((d) => [d.id, d.targets, d.trigger_after])"
    )
    settling = {number for number, targets, _ in found if any(event == "settle" for _, event in targets)}
    return settling | {number for number, _, after in found if after in settling}


def dragged(page: Page, drag: Drag, moves: int = MOVES) -> Found:
    """Drag the handle of a page that is ready, let it rest, and then have the server answer for the same place."""
    found, resting = Found(), settles(page)

    def count(request: Request) -> None:
        body = request.post_data or ""
        number = json.loads(body).get("fn_index") if body.startswith("{") else None
        if number not in resting:
            found.requests.append(f"{request.method} {request.url} {body[:120]}")

    page.evaluate(TIMES)
    handle = page.locator(drag.handle)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.on("request", count)
    for i in range(moves):
        page.mouse.move(x - (i + 1) / moves * 0.3 * box["width"], y)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))")
    page.remove_listener("request", count)
    page.mouse.up()
    found.milliseconds = [
        tick["milliseconds"] for tick in page.evaluate("window.ticks") if tick["where"] == "browser"
    ]
    calm(page, drag.view)
    found.browser = page.evaluate(PIXELS, drag.stage)
    page.locator("#engine button").click()  # the other route, for the same place
    page.wait_for_function("() => document.querySelector('#engine [role=status]').dataset.where === 'server'")
    found.server = page.evaluate(PIXELS, drag.stage)
    page.locator("#engine button").click()
    return found


def calm(page: Page, view: str) -> None:
    """Wait until the laws are measured and nothing more is asked for."""
    page.wait_for_selector(f"#{view}-meter .meter:not(.stale)")
    page.wait_for_timeout(300)  # what a resting hand asks for
    page.wait_for_function("window.asking === 0")
    page.wait_for_selector(f"#{view}-meter .meter:not(.stale)")
