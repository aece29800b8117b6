"""How long the charts of Latent PCA take in a browser: `python -m tests.charts [--samples 20000] [--points 60000]`.

Starts the lab on this machine and drives it in headless Chromium: from the click on the view's tab until its cloud is seen
and until plotly has drawn it; the longest pause of the page while a hand moves a chart of many points; and how long a cloud
of new samples takes on the CPU, from the button until it is drawn.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time

from playwright.sync_api import Browser, Page

from tests.browser.visits import FLAGS
from tests.in_chromium import chromium
from tests.server import running

SCATTER = "#latent_pca-scatter [data-state]"
FRAME = "#latent_pca-scatter .frame"
PATIENCE = 1_800_000  # milliseconds
TASKS = """() => { window.pauses = [];
  new PerformanceObserver((list) => window.pauses.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: 'longtask', buffered: false }); }"""


def points(page: Page, count: int, name: str = "points") -> None:
    """Wait until the charts tell that they show so many points; "ahead": before plotly is there."""
    page.wait_for_function(
        "([s, n, name]) => JSON.parse(document.querySelector(s)?.dataset.state ?? '{}')[name] === n",
        arg=[SCATTER, count, name],
        timeout=PATIENCE,
        polling=20,
    )


def opening(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds from the click on the tab until thumbnails are seen, and until plotly has drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(url)
    page.wait_for_selector('.meter[data-state="holds"]', timeout=PATIENCE)
    page.wait_for_timeout(500)
    began = time.perf_counter()
    page.get_by_role("tab", name="Latent PCA").click()
    points(page, 4000, "ahead")
    seen = time.perf_counter() - began
    points(page, 4000)
    drawn = time.perf_counter() - began
    page.close()
    return seen, drawn


def made(page: Page, samples: int) -> float:
    """Seconds from the button until so many samples are made, encoded, projected and drawn."""
    began = time.perf_counter()
    page.locator("#latent_pca-count label").filter(has_text=f"{samples:,}".replace(",", " ")).click()
    points(page, samples)
    return time.perf_counter() - began


def panning(page: Page, moves: int = 30) -> tuple[float, float]:
    """The median and the longest of the page's pauses over 50 ms while a hand moves the chart; 0 where it never paused."""
    box = page.locator(FRAME).first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y, steps=2)
    page.wait_for_timeout(1000)
    page.evaluate(TASKS)
    for i in range(moves):
        page.mouse.move(x + 5 + 3 * i, y + i)
        page.wait_for_timeout(30)
    page.wait_for_timeout(500)
    page.mouse.up()
    pauses = page.evaluate("window.pauses")
    return (statistics.median(pauses), max(pauses)) if pauses else (0.0, 0.0)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.charts", description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=20_000, help="that are made and drawn (0: none)")
    parser.add_argument("--openings", type=int, default=5)
    parser.add_argument("--gpu", action="store_true", help="let Chromium draw in its GPU process")
    options = parser.parse_args(argv)
    flags = [flag for flag in FLAGS if not (options.gpu and flag == "--disable-gpu")]
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, loopback")
    with running() as lab, chromium(flags) as browser:
        times = [opening(browser, lab.url) for _ in range(options.openings + 1)][1:]
        for name, column in zip(("seen", "drawn by plotly"), zip(*times)):
            print(
                f"opening, cloud {name:<16} median {statistics.median(column):5.2f} s   worst {max(column):5.2f} s"
            )
        if options.samples:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{lab.url}?view=latent_pca")
            points(page, 4000)
            print(f"{options.samples} samples made and drawn {made(page, options.samples):7.1f} s")
            median, longest = panning(page)
            print(
                f"panning {options.samples} points: pauses, median {median:4.0f} ms, longest {longest:4.0f} ms"
            )
            print(json.dumps(json.loads(page.locator(SCATTER).first.get_attribute("data-state"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
