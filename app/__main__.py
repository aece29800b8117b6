"""Start the lab: ``python -m app [--host H] [--port P] [--share] [--lesson FILE] [--rooms FOLDER]``.

A Hugging Face Space starts the same file as ``python app/__main__.py`` from the repository root.
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
    parser.add_argument("--share", action="store_true", help="also open a public gradio.live address")
    parser.add_argument("--teachers", help="folder of ONNX style networks, for “fit to this photo” in Styles")
    parser.add_argument(
        "--lesson", action="append", default=[], help="a lesson of your own, JSON; may be repeated"
    )
    parser.add_argument("--rooms", help="folder in which classes are kept (default: the user's cache)")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, got {port}")
    return port


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
    arguments = parse_arguments(argv)
    put_repository_on_path()
    if problem := refusal(arguments.host, arguments.port, arguments.teachers):
        sys.exit(_said(problem))
    if arguments.teachers:
        os.environ["LINEARIZER_TEACHERS"] = arguments.teachers
    if arguments.rooms:
        os.environ["LINEARIZER_ROOMS"] = arguments.rooms
    os.environ["LINEARIZER_LESSONS"] = os.pathsep.join(arguments.lesson)
    import torch

    from app import shell

    torch.set_num_threads(1)
    try:
        shell.check_lessons()
    except ValueError as error:
        sys.exit(_said(str(error).rstrip(".")))
    place = {"server_name": arguments.host, "server_port": arguments.port, "share": arguments.share}
    demo = shell.build_app()
    try:
        demo.launch(**place, **shell.launch_settings(), prevent_thread_lock=True)
    except OSError as error:  # somebody took the port meanwhile, or there is none left
        sys.exit(_said(str(error)))
    threading.Thread(target=shell.warm_up, daemon=True).start()
    demo.block_thread()


def _said(problem: str) -> int:
    print(f"python -m app: {problem}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
