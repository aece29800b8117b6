"""Start the lab: ``python -m app [--host H] [--port P] [--share]``.

A Hugging Face Space starts the same file as ``python app/__main__.py`` from the repository root.
"""

import argparse
import os
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
    parser.add_argument("--port", type=int, default=None, help="port (default: the first free one from 7860)")
    parser.add_argument("--share", action="store_true", help="also open a public gradio.live address")
    parser.add_argument("--teachers", help="folder of ONNX style networks, for “fit to this photo” in Styles")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    put_repository_on_path()
    if arguments.teachers:
        os.environ["LINEARIZER_TEACHERS"] = arguments.teachers
    import torch

    from app import shell

    torch.set_num_threads(1)
    threading.Thread(target=shell.warm_up, daemon=True).start()
    place = {"server_name": arguments.host, "server_port": arguments.port, "share": arguments.share}
    shell.build_app().launch(**place, **shell.launch_settings())


if __name__ == "__main__":
    main()
