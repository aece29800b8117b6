"""The operations page, `/status`: what this process is, what it does, what it holds. `python -m app --status` turns it on.

Parts of the lab that hold something worth a line say it by `tell`, as rooms do: name and a function without arguments.
Nothing of it tells who visits: no addresses, no pictures.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import gradio
import torch

import linearizer_core as lc
from app import accelerator, models
from app.serving import limits
from app.serving.traffic import EVENTS, REPLICA, TRAFFIC

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

WANTED = "LINEARIZER_STATUS"  # environment: set where the page is wanted
PAGE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>Linearizer Lab: status</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem .75rem; border-bottom: 1px solid #8885 }}
th {{ font-weight: 600; width: 12rem }}
</style><h1>Linearizer Lab</h1><table>{rows}</table>"""

_others: dict[str, Callable[[], object]] = {}


def tell(name: str, found: Callable[[], object]) -> None:
    """A line of the page: its name, and what is asked each time: a number, a text, or a list or a dict of them."""
    _others[name] = found


def wanted() -> bool:
    """Whether the page is on."""
    return os.environ.get(WANTED) == "1"


def megabytes() -> float | None:
    """Of memory that this process holds now; None where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def found() -> dict[str, object]:
    """Everything by name.

    >>> tell("answer", lambda: 42)
    >>> found()["answer"], found()["device"]
    (42, 'cpu')
    """
    told = {
        "version": lc.__version__,
        "python": f"{platform.python_version()}, torch {torch.__version__}, gradio {gradio.__version__}",
        "process": os.environ.get(REPLICA, "1/1"),
        "up": f"{time.monotonic() - TRAFFIC.started:.0f} s",
        "device": _device(),
        "models": list(models.available()),
        "models in memory": [
            *models.loaded(),
            *(f"{len(brought)} brought" for brought in [models.brought()] if brought),
        ],
        "ticks a second": round(TRAFFIC.ticks_a_second(), 2),
        "calls": TRAFFIC.calls,
        "under way": TRAFFIC.under_way,
        "memory, MB": megabytes(),
        "uploads, MB": round(limits.UPLOADS.total / limits.MIB, 1),
    }
    return told | {name: _asked(ask) for name, ask in _others.items()}


def _asked(ask: Callable[[], object]) -> object:
    """What is told, or the sentence why not."""
    try:
        return ask()
    except (ValueError, OSError) as error:
        return str(error)


def _device() -> str:
    if accelerator.door() is None:
        return "cpu"
    return torch.cuda.get_device_name() if not os.environ.get("SPACES_ZERO_GPU") else "ZeroGPU"


def page(told: dict[str, object]) -> str:
    """The same as a page that renews itself.

    >>> "<td>a, b &lt;" in page({"names": ["a", "b <"]})
    True
    """
    return PAGE.format(
        rows="".join(f"<tr><th>{escape(n)}</th><td>{escape(_said(v))}</td></tr>" for n, v in told.items())
    )


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "unknown" if value is None else str(value)


def answer(request: Request) -> Response:
    """The page; JSON for who asks for that."""
    from starlette.responses import HTMLResponse, Response

    told = found()
    if "application/json" in request.headers.get("accept", ""):
        return Response(
            json.dumps(told), media_type="application/json", headers={"Cache-Control": "no-store"}
        )
    return HTMLResponse(page(told), headers={"Cache-Control": "no-store"})


def routes() -> list[Route]:
    """`/status`, and `/status/2` for the second of several processes, which HAProxy sends there; none where it is off."""
    from starlette.routing import Route

    return [Route("/status", answer), Route("/status/{number:int}", answer)] if wanted() else []


def log_events() -> None:
    """One line an event on standard error, where the page is on."""
    if wanted():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        EVENTS.addHandler(handler)
        EVENTS.setLevel(logging.INFO)
        EVENTS.propagate = False
