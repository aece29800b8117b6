"""A Hugging Face Space of this repository as a folder: ``python -m app space --kind cpu|zerogpu|static --out FOLDER``.

The folder holds what a Space needs and no more: the app, the core, what ships, pinned requirements, or the lab without a
server, see `app.static`; and a README.md whose front matter is that of this repository's README with what the kind asks
for. `--push owner/name` uploads it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from app import words

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 10_000_000  # of a file; above them a Space wants Git LFS
TAKEN = ("app", "linearizer_core", "assets", "LICENSE")
LEFT_OUT = ("assets/notebooks", "assets/screenshot.png", "app/deploy/packaging.py")
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
STATIC = "static"
KINDS: Mapping[str, Mapping[str, str]] = {  # what differs in the front matter; "": not there
    "cpu": {"suggested_hardware": "cpu-basic"},
    "zerogpu": {"python_version": '"3.12.12"', "suggested_hardware": "zero-a10g"},
    STATIC: {"sdk": STATIC, "sdk_version": "", "python_version": "", "app_file": "index.html"},
}
PINS: Mapping[str, Mapping[str, str]] = {  # requirement: what a Space of this kind asks for in its place
    "cpu": {"torch": "--extra-index-url https://download.pytorch.org/whl/cpu\ntorch==2.13.0"},
    "zerogpu": {"torch": "torch==2.13.0\nspaces>=0.51,<1"},
}
PAGE = """
# Linearizer Lab

*Who said neural networks aren't linear?* Put a linear operator A between two invertible networks, f(x) = g_y⁻¹(A g_x(x)),
and f is exactly linear between the spaces that g_x and g_y induce. This is a lab to see that, after the paper
[“Who Said Neural Networks Aren't Linear?”]({paper}) by Berman, Hallak and Shocher.

The models are in `assets`, with a card each; `faces` is for non-commercial research. {about}
"""
ABOUT = {
    "cpu": "Everything runs on the CPU; drags are computed in your browser.",
    "zerogpu": "Large clouds in Latent PCA are encoded on a leased graphics card, or on the CPU where there is none.",
    STATIC: "They travel in the page's scripts here: everything runs in your browser, and nothing is sent.",
}


def front_matter(readme: str, kind: str) -> str:
    """The front matter of README.md with what the kind asks for, between its two rules.

    >>> front_matter("---\\ntitle: Lab\\nsdk: gradio\\n---\\ntext", "cpu").splitlines()
    ['---', 'title: Lab', 'sdk: gradio', 'suggested_hardware: cpu-basic', '---']
    """
    _, head, _ = readme.split("---\n", 2)
    lines = [line for line in head.splitlines() if line.partition(":")[0] not in KINDS[kind]]
    own = [f"{key}: {value}" for key, value in KINDS[kind].items() if value]
    return "\n".join(["---", *lines, *own, "---"])


def requirements(text: str, kind: str) -> str:
    """requirements.txt for a Space: without gradio, which the front matter pins, torch as the kind has it.

    >>> requirements("torch>=2.8\\ngradio>=6\\nnumpy>=1\\n", "zerogpu").split()
    ['torch==2.13.0', 'spaces>=0.51,<1', 'numpy>=1']
    """
    found = []
    for line in text.splitlines():
        name = re.split(r"[<>=\s\[]", line, maxsplit=1)[0]
        if name != "gradio":
            found.append(PINS[kind].get(name, line))
    return "\n".join(found) + "\n"


def contents(kind: str) -> Iterator[tuple[str, Path | str | bytes]]:
    """The files of the Space by their names: where they lie here, or what is written into them."""
    readme = (ROOT / "README.md").read_text("utf-8")
    yield "README.md", front_matter(readme, kind) + PAGE.format(paper=words.PAPER_ADDRESS, about=ABOUT[kind])
    if kind == STATIC:
        from app.static import folder  # here, as it brings torch and gradio

        yield from folder.contents().items()
        return
    for part in TAKEN:
        for file in sorted((ROOT / part).rglob("*")) if (ROOT / part).is_dir() else [ROOT / part]:
            name = file.relative_to(ROOT).as_posix()
            hidden = any(p.startswith(".") or p == "__pycache__" for p in file.relative_to(ROOT).parts)
            if file.is_file() and not hidden and not name.startswith(LEFT_OUT):
                yield name, file
    yield "requirements.txt", requirements((ROOT / "requirements.txt").read_text("utf-8"), kind)


def write(folder: Path, kind: str) -> list[str]:
    """Writes the Space into a folder that is empty or not there yet; the names of its files. ValueError with a sentence."""
    if not (ROOT / "requirements.txt").is_file():
        raise ValueError("a Space is made of a checkout of the repository, not of the installed package")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"--out {folder} is there and not empty; name a new folder")
    names = []
    try:
        for name, source in contents(kind):
            there = folder / name
            there.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(source, Path):
                shutil.copyfile(source, there)
            else:
                there.write_bytes(source.encode() if isinstance(source, str) else source)
            if there.stat().st_size > MOST_BYTES:
                raise ValueError(f"{name} is larger than {MOST_BYTES:,} bytes, which a Space does not take")
            names.append(name)
    except OSError as error:
        raise ValueError(f"--out {folder} cannot be written ({error.strerror})") from error
    return names


def push(folder: Path, name: str, kind: str) -> str:
    """Uploads the folder as the Space owner/name; its address. ValueError with a sentence."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api = HfApi()
        sdk = KINDS[kind].get("sdk", "gradio")
        api.create_repo(name, repo_type="space", space_sdk=sdk, exist_ok=True)
        api.upload_folder(
            repo_id=name, repo_type="space", folder_path=folder, commit_message=f"The lab, {kind}"
        )
    except (OSError, ValueError, HfHubHTTPError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise ValueError(f"{name} could not be pushed ({reason}); log in with hf auth login") from error
    return f"https://huggingface.co/spaces/{name}"


def main(argv: list[str]) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m app space", description="The lab as a Hugging Face Space."
    )
    parser.add_argument("--kind", choices=sorted(KINDS), required=True, help="what it runs on")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, new or empty")
    parser.add_argument("--push", metavar="OWNER/NAME", help="upload it as that Space, after hf auth login")
    arguments = parser.parse_args(argv)
    try:
        if arguments.push and not NAME.fullmatch(arguments.push):
            raise ValueError(f"--push {arguments.push} is no owner/name")
        names = write(arguments.out.expanduser(), arguments.kind)
        print(f"{arguments.out}: {len(names)} files")
        if arguments.push:
            print(push(arguments.out.expanduser(), arguments.push, arguments.kind))
    except ValueError as error:
        print(f"python -m app space: {error}.", file=sys.stderr)
        return 2
    return 0
