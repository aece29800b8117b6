"""`python -m app --workers N`: N processes of the lab behind HAProxy, watched.

A process that ended is started again. SIGTERM, or Ctrl-C, drains: each answers what is under way, then all end. Nothing
of torch or Gradio is imported here: the one who watches is small.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from app.serving import balancer
from app.serving.traffic import NOTICED, PATIENCE, REPLICA

START = Path(__file__).resolve().parents[1] / "__main__.py"
UPLOADS = (
    "GRADIO_TEMP_DIR"  # environment: the folder that all processes share, gone at the end unless it was given
)
LOOK = 0.2  # seconds between two looks at the processes
CALM = 5.0  # seconds that a process must have run to be started again at once; else so long is waited
DEATH_SIGNAL = 1  # Linux: PR_SET_PDEATHSIG


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on.

    >>> len(set(free_ports(3)))
    3
    """
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _end_with_parent() -> None:
    """On Linux a child is told to end when the one who watches is gone, however that ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGTERM)


def _start(command: list[str], **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        command, env={**os.environ, **environment}, start_new_session=True, preexec_fn=_end_with_parent
    )


@dataclass
class Replica:
    """One process of the lab, numbered from 1."""

    number: int
    of: int
    port: int
    arguments: list[str]
    uploads: str
    process: subprocess.Popen | None = None
    began: float = 0.0
    answered: bool = False

    def run(self) -> None:
        place = ["--host", "127.0.0.1", "--port", str(self.port)]
        command = [sys.executable, str(START), *place, *self.arguments]
        self.process = _start(command, **{UPLOADS: self.uploads, REPLICA: f"{self.number}/{self.of}"})
        self.began = time.monotonic()
        print(f"process {self.number} of {self.of}: {self.process.pid}, port {self.port}", flush=True)

    def look(self) -> None:
        """Start it again where it has ended. _RefusedError where it never answered: its own words stand in the log."""
        self.answered = self.answered or _listens(self.port)
        status = self.process.poll()
        if status is not None and not self.answered:
            raise _RefusedError(status)
        if status is not None and time.monotonic() - self.began > CALM:
            print(f"process {self.number} ended ({status}) and is started again", flush=True)
            self.run()


class _RefusedError(Exception):
    """A process cannot be started so; what it ended with."""


class _EndedError(Exception):
    """Somebody asked us to end."""


def _ask_to_end(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # `timeout` says it twice
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who presses Ctrl-C twice is in a hurry
    raise _EndedError


def serve(host: str, port: int, count: int, arguments: list[str]) -> int:
    """Serve until somebody asks to end; the exit status. `arguments` go on to each process."""
    program = balancer.program()
    with tempfile.TemporaryDirectory(prefix="linearizer-lab-") as folder:
        ports = free_ports(count)
        file = balancer.written(Path(folder), host, port, ports)
        uploads = os.environ.get(UPLOADS) or str(Path(folder) / "uploads")
        replicas = [Replica(number, count, at, arguments, uploads) for number, at in enumerate(ports, 1)]
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, _ask_to_end)
        front = _start([program, "-q", "-db", "-f", str(file)])
        try:
            for replica in replicas:
                replica.run()
            said = False
            while front.poll() is None:
                for replica in replicas:
                    replica.look()
                if not said and (said := any(replica.answered for replica in replicas)):
                    print(f"* Running on local URL:  http://{host}:{port}, {count} processes", flush=True)
                time.sleep(LOOK)
            print(f"HAProxy ended ({front.returncode}): its own words stand above", file=sys.stderr)
            return 1
        except _RefusedError as refused:
            return refused.args[0] if refused.args[0] > 0 else 1
        except _EndedError:
            print("ending: what is under way is answered", flush=True)
            return 0
        finally:
            _end([replica.process for replica in replicas if replica.process], NOTICED + PATIENCE)
            _end([front], 1.0)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(processes: list[subprocess.Popen], patience: float) -> None:
    """Ask them to end, and see that they do."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + patience
    for process in processes:
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
