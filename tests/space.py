"""A Space of the lab from an empty environment: ``python -m tests.space --kind cpu|zerogpu [--port P]``.

Writes its folder, installs gradio as the Hub does and the folder's requirements into a new environment, starts it with
SPACE_ID set, and asks the endpoint of every view something. It needs the network and some minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path

from app import space
from tests.server import free_port

HUB = "pydantic==2.12.5"  # which the Hub's image holds
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


def installed(folder: Path, place: Path) -> Path:
    """The Python of a new environment that holds what the Space asks for."""
    head = (folder / "README.md").read_text("utf-8").split("---\n")[1]
    version = next(line.partition(": ")[2] for line in head.splitlines() if line.startswith("sdk_version"))
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    asked = [f"gradio[oauth,mcp]=={version}", HUB, "-r", str(folder / "requirements.txt")]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *asked], check=True)
    return python


def started(python: Path, folder: Path, port: int, log: Path) -> subprocess.Popen:
    """The Space, ready to answer."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"SPACE_ID": "me/lab", "PYTHONUNBUFFERED": "1"}
    command = [python, "app/__main__.py", "--port", str(port)]
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            return process
        except OSError:
            time.sleep(0.5)
    process.kill()
    raise RuntimeError(f"the Space did not start:\n{log.read_text()}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.space", description=__doc__)
    parser.add_argument("--kind", choices=sorted(space.KINDS.keys() - {space.STATIC}), required=True)
    parser.add_argument("--port", type=int, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place, port = Path(name), given.port or free_port()
        print(len(space.write(place / "space", given.kind)), "files")
        python = installed(place / "space", place / "venv")
        process = started(python, place / "space", port, place / "log")
        try:
            program = ASKED.format(calls=CALLS)
            done = subprocess.run([python, "-c", program, f"http://127.0.0.1:{port}/"], check=False)
        finally:
            process.terminate()
            process.wait(30)
        print((place / "log").read_text())
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
