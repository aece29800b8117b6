"""The Spaces of the lab from empty environments: ``python -m tests.space [--kind cpu …] [--python 3.12 …] [--shots F]``.

For each kind it writes the folder; a static one is served as it is. For the others, and for cpu with each Python of
`PYTHONS` that is on this machine, it makes a new environment (venv and pip alone), installs gradio as the Hub does and the
folder's requirements into it, starts the Space with SPACE_ID set, asks the endpoint of every view something from there,
and opens every view in Chromium until its laws hold; that for ZeroGPU with `spaces` at work, and a scheduler that grants
a card which is not there. It needs requirements-dev.txt, the network, and some minutes; 8 GB of
disk where the index of torch's CPU builds is out of reach, since PyPI's bring CUDA along.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from app import words
from app.deploy import space
from app.static import folder as static
from app.views import VIEWS
from tests.browser.visits import ADVICE, meter
from tests.in_chromium import chromium
from tests.server import files_of, free_port
from tests.zerogpu import scheduler

PYTHONS = ("3.11", "3.12", "3.13")
ZEROGPU = "3.12"  # that of its front matter
LARGE = "10 000"  # a cloud that asks for a card
HUB = "pydantic==2.12.5"  # which the Hub's image holds
SCREENS = {"1280": {"width": 1280, "height": 900}, "390": {"width": 390, "height": 844}}
CALLS = {
    "/plane": {"x": [0.5, 1.0], "y": [1.0, 0.0]},
    "/interpolate": {},
    "/spectrum": {},
    "/compose_styles": {"photo": "china", "weights": {"candy": 0.5}},
    "/generate": {"seeds": [3]},
    "/project": {},
    "/latent_pca": {"count": 50},
}
ASKED = """
import sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False)
for name, given in {calls!r}.items():
    answer = client.predict(**given, api_name=name)
    print(name, "answered", len(str(answer)), "characters")
"""


def interpreter(version: str) -> str | None:
    """A Python of that version: on the path, or one of pyenv's; None where there is none."""
    places = [
        shutil.which(f"python{version}"),
        *sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python")),
    ]
    for place in filter(None, places):
        told = subprocess.run(
            [place, "--version"], capture_output=True, text=True, check=False
        )  # a shim may lead nowhere
        if told.stdout.startswith(f"Python {version}."):
            return str(place)
    return None


def installed(python: str, folder: Path, place: Path) -> Path:
    """The Python of a new environment that holds what the Space asks for."""
    head = (folder / "README.md").read_text("utf-8").split("---\n")[1]
    version = next(line.partition(": ")[2] for line in head.splitlines() if line.startswith("sdk_version"))
    subprocess.run([python, "-m", "venv", str(place)], check=True)
    inside = place / "bin" / "python"
    asked = [f"gradio[oauth,mcp]=={version}", HUB, "-r", str(folder / "requirements.txt")]
    patience = ["--quiet", "--retries", "1"]  # an index out of reach is asked for each package
    subprocess.run([inside, "-m", "pip", "install", *patience, *asked], check=True)
    return inside


@contextmanager
def started(python: Path, folder: Path, port: int, log: Path, given: Mapping[str, str]) -> Iterator[str]:
    """The Space, ready to answer, with more in its environment: its address."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"SPACE_ID": "me/lab", "PYTHONUNBUFFERED": "1", **given}
    command = [python, "app/__main__.py", "--port", str(port)]
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    url, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + 300
    try:
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the Space did not start:\n{log.read_text()}") from None
                time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def opened(browser: Browser, url: str, views: Sequence[str], shots: Path | None, name: str) -> list[str]:
    """Every view until its laws hold, on a wide and on a narrow screen: what consoles and pages complain of."""
    problems: list[str] = []
    for width, screen in SCREENS.items():
        context = browser.new_context(viewport=screen)
        context.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        context.on("weberror", lambda error: problems.append(str(error.error)))
        for view in views:
            page = context.new_page()
            page.goto(f"{url}?view={view}")
            expect(meter(page, f"view={view}")).to_have_attribute("data-state", "holds")
            if shots:
                page.screenshot(path=shots / f"{name}-{view}-{width}.png")
            page.close()
        context.close()
    return [text for text in problems if not any(known in text for known in ADVICE)]


def leased(browser: Browser, url: str, asked: Counter[str]) -> list[str]:
    """On ZeroGPU, a cloud that is large: a card is granted, is not there, and the CPU does it with a sentence."""
    before = asked.copy()
    page = browser.new_page(viewport=SCREENS["1280"])
    page.goto(f"{url}?view=latent_pca")
    expect(meter(page, "view=latent_pca")).to_have_attribute("data-state", "holds")
    page.locator("#latent_pca-count label").filter(has_text=LARGE).click()
    expect(page.locator("#latent_pca-status")).to_contain_text(
        words.card_refused("…").partition("(")[0], timeout=600_000
    )
    print("a lease:", page.locator("#latent_pca-status").inner_text().replace("\n", " "))
    page.close()
    found = asked - before
    return [] if found["/schedule"] and found["/allow"] else [f"the scheduler was only asked {dict(found)}"]


def complaints(kind: str, python: str, place: Path, port: int, shots: Path | None) -> list[str]:
    """One Space, written, installed, started, asked and opened: what went wrong."""
    name = f"{kind}-{python}".rstrip("-")
    files = space.write(place / "space", kind)
    print(f"{name}: {len(files)} files", flush=True)
    with chromium() as browser:
        if kind == space.STATIC:
            with files_of(place / "space", port) as url:
                return opened(browser, url, static.VIEWS, shots, name)
        began = time.monotonic()
        inside = installed(interpreter(python), place / "space", place / "venv")
        print(f"{name}: installed in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        with scheduler() as (zerogpu, asked):
            more = zerogpu if kind == "zerogpu" else {}
            with started(inside, place / "space", port, place / "log", more) as url:
                print(f"{name}: started in {time.monotonic() - began:.0f} s", flush=True)
                subprocess.run([inside, "-c", ASKED.format(calls=CALLS), url], check=True)
                problems = opened(browser, url, [view.SLUG for view in VIEWS], shots, name)
                problems += leased(browser, url, asked) if more else []
        lines = (place / "log").read_text().splitlines()
        return problems + [line for line in lines if "Error" in line and "nvidia driver" not in line.lower()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.space", description=__doc__)
    parser.add_argument("--kind", nargs="+", choices=sorted(space.KINDS), default=sorted(space.KINDS))
    parser.add_argument("--python", nargs="+", choices=PYTHONS, help="for cpu (default: all that are here)")
    parser.add_argument("--shots", type=Path, help="folder for a picture of each view, wide and narrow")
    parser.add_argument("--port", type=int, default=None)
    given = parser.parse_args()
    here = given.python or [version for version in PYTHONS if interpreter(version)]
    print("Pythons:", *here, "; not here:", *sorted(set(PYTHONS) - {*here}), flush=True)
    pythons = {"cpu": here, "zerogpu": [ZEROGPU], space.STATIC: [""]}
    failed = []
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    for kind, python in [(name, version) for name in given.kind for version in pythons[name]]:
        with tempfile.TemporaryDirectory() as place:
            try:
                found = complaints(kind, python, Path(place), given.port or free_port(), given.shots)
            except (AssertionError, RuntimeError, subprocess.CalledProcessError) as error:
                found = [str(error)]
        print(
            f"{kind} {python}:",
            "every view holds" if not found else "\n  ".join(["failed", *found]),
            flush=True,
        )
        failed += [kind] if found else []
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
