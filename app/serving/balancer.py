"""HAProxy's configuration for several processes of the lab on this machine.

A cookie keeps a visitor with the process that holds the visitor's session; Gradio answers a queued call in a second
request, which another process knows nothing of. A process that has ended is left out, its visitors go to another.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from app.serving.traffic import HEALTH, PATIENCE

COOKIE = "LAB"
MISSING = "--workers needs HAProxy, which is not installed here (on Debian: apt-get install haproxy)"
SORRY = "The lab is starting, ending, or full: please try again in a few seconds.\n"
CONFIGURATION = """\
global
    maxconn 8192
    hard-stop-after {patience:.0f}s

defaults
    mode http
    option forwardfor
    option http-buffer-request
    option redispatch 1
    retries 3
    retry-on conn-failure empty-response
    timeout connect 5s
    timeout check 10s
    timeout queue 10s
    timeout http-request 20s
    timeout http-keep-alive 30s
    timeout client 300s
    timeout server 300s
    errorfile 503 "{sorry}"

frontend lab
    bind {address}
    default_backend processes

backend processes
    http-request disable-l7-retry unless METH_GET
    balance leastconn
    cookie {cookie} insert indirect nocache httponly
    option httpchk GET {health}
    http-check disable-on-404
{each}
    default-server check inter 1s fastinter 300ms fall 4 rise 1
{servers}
"""
# retry-on: a page that a dying process did not answer is asked of another; a call is not, it may have been half done.
# http-request and http-buffer-request: headers, and the beginning of what follows, must be here in 20 seconds; nobody holds
# a process by sending slowly. client, server: an open page says something every 15 seconds.


def program() -> str | None:
    """Where HAProxy is; Debian keeps it beside the programs of the administrator."""
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


def server(number: int, port: int) -> str:
    """One process, called by its number from 1 on.

    >>> server(1, 7861)
    '    server p1 127.0.0.1:7861 cookie p1'
    """
    return f"    server p{number} 127.0.0.1:{port} cookie p{number}"


def configuration(host: str, port: int, ports: Sequence[int], sorry: Path) -> str:
    """The whole file; `sorry` is the file with the answer where no process can be reached.

    >>> print(configuration("::1", 7860, [7861, 7862], Path("/tmp/503")).splitlines()[-1])
        server p2 127.0.0.1:7862 cookie p2
    """
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    each = "\n".join(
        f"    use-server p{number} if {{ path /status/{number} }}" for number, _ in enumerate(ports, 1)
    )
    servers = "\n".join(server(number, at) for number, at in enumerate(ports, 1))
    return CONFIGURATION.format(
        address=address,
        cookie=COOKIE,
        health=HEALTH,
        patience=PATIENCE,
        servers=servers,
        sorry=sorry,
        each=each,
    )


def written(folder: Path, host: str, port: int, ports: Sequence[int]) -> Path:
    """The configuration as a file in a folder, with the file that it names."""
    sorry, file = folder / "503.http", folder / "haproxy.cfg"
    head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n"
    body = f"Cache-Control: no-store\r\nConnection: close\r\n\r\n{SORRY}"
    sorry.write_bytes((head + body).encode())
    file.write_text(configuration(host, port, ports, sorry), "utf-8")
    return file
