"""Start the lab: ``python -m app [--host H] [--port P] [--workers N] [--share] [--lesson FILE] [--rooms FOLDER]``.

A Hugging Face Space starts the same file as ``python app/__main__.py`` from the repository root; ``python -m app space
--kind cpu --out FOLDER`` writes one.
"""

import argparse
import os
import socket
import sys
import threading
from pathlib import Path

# Before numpy and torch are imported: thirty users with one BLAS thread each are fifty times faster than
# thirty users whose every small product wakes all cores.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# After every call Gradio would count all calls anew with pandas, 5 to 8 ms, for a page that the lab does not show.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))

ROOT = Path(__file__).resolve().parent.parent


def put_repository_on_path() -> None:
    """Let ``import app`` and ``import linearizer_core`` work when this file is run as a script."""
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; on a Space the server listens on all interfaces, elsewhere on this machine only."""
    parser = argparse.ArgumentParser(prog="python -m app", description="Linearizer Lab in the browser.")
    host = "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"
    parser.add_argument("--host", default=host, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=None, help="port (default: the first free one from 7860)"
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        default=1,
        help="processes behind HAProxy, one a core (default: %(default)s)",
    )
    parser.add_argument("--share", action="store_true", help="also open a public gradio.live address")
    parser.add_argument("--teachers", help="folder of ONNX style networks, for “fit to this photo” in Styles")
    parser.add_argument(
        "--lesson", action="append", default=[], help="a lesson of your own, JSON; may be repeated"
    )
    parser.add_argument("--rooms", help="folder in which classes are kept (default: the user's cache)")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="FOLDER or OWNER/NAME",
        help="a model of your own beside those that ship: what lc.save or a training wrote, or one on the Hub; repeatable",
    )
    parser.add_argument(
        "--hub",
        action="append",
        default=[],
        metavar="PATTERN",
        help="names on the Hub that visitors may ask for, owner/name or owner/*; none by default; repeatable",
    )
    parser.add_argument(
        "--status", action="store_true", help="answer at /status what the lab does, and log a line an event"
    )
    return parser.parse_args(argv)


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, got {port}")
    return port


def _workers(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 64:
        raise argparse.ArgumentTypeError(f"a number of processes is from 1 to 64, got {count}")
    return count


def refusal(host: str, port: int | None, teachers: str | None) -> str:
    """What speaks against starting here, in one sentence; "" for nothing.

    >>> refusal("127.0.0.1", None, None)
    ''
    """
    if teachers and not Path(teachers).is_dir():
        return f"--teachers {teachers} is no folder"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        wanted = f"--host {host}" + (f" --port {port}" if port else "")
        return f"{wanted} cannot be listened on ({error.strerror}); another port or host works, or none for a free one"
    return ""


def main(argv: list[str] | None = None) -> None:
    put_repository_on_path()
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["space"]:
        from app.deploy import space

        sys.exit(space.main(argv[1:]))
    if argv[:1] == ["static"]:
        from app import static

        sys.exit(static.main(argv[1:]))
    arguments = parse_arguments(argv)
    if problem := refusal(arguments.host, arguments.port, arguments.teachers):
        sys.exit(_said(problem))
    if arguments.teachers:
        os.environ["LINEARIZER_TEACHERS"] = arguments.teachers
    if arguments.rooms:
        os.environ["LINEARIZER_ROOMS"] = arguments.rooms
    os.environ["LINEARIZER_LESSONS"] = os.pathsep.join(arguments.lesson)
    if arguments.status:
        os.environ["LINEARIZER_STATUS"] = "1"
    if arguments.workers > 1:
        sys.exit(_replicas(arguments, argv))
    import torch

    from app import shell
    from app.models import own
    from app.serving import connections, traffic

    torch.set_num_threads(1)
    try:
        shell.check_lessons()
    except ValueError as error:
        sys.exit(_said(str(error).rstrip(".")))
    own.hub += arguments.hub
    for name in arguments.model:
        try:
            own.bring(name)
        except ValueError as error:
            sys.exit(_said(f"--model {name}: {str(error).rstrip('.')}"))
    place = {"server_name": arguments.host, "server_port": arguments.port, "share": arguments.share}
    demo = shell.build_app()
    quiet = traffic.REPLICA in os.environ  # who watches it has told the address
    try:
        demo.launch(**place, **shell.launch_settings(), prevent_thread_lock=True, quiet=quiet)
    except OSError as error:  # somebody took the port meanwhile, or there is none left
        sys.exit(_said(str(error)))
    threading.Thread(target=shell.warm_up, daemon=True).start()
    connections.bound(demo.server.config)
    traffic.end_politely()
    demo.block_thread()


def _replicas(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Several processes behind HAProxy; all that says nothing of the place goes on to each."""
    from app.serving import balancer, replicas

    if arguments.share:
        return _said("--share goes with one process, --workers with an address of your own")
    if balancer.program() is None:
        return _said(balancer.MISSING)
    place = argparse.ArgumentParser(add_help=False)
    for name in ("--host", "--port", "--workers"):
        place.add_argument(name)
    port = arguments.port or next(
        (p for p in range(7860, 7960) if not refusal(arguments.host, p, None)), 7860
    )
    return replicas.serve(arguments.host, port, arguments.workers, place.parse_known_args(argv)[1])


def _said(problem: str) -> int:
    print(f"python -m app: {problem}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
