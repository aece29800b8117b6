"""The lab as a Space: what its folder holds, that it starts from there, how it is pushed; the scheduler of ZeroGPU."""

import json
import os
import re
import subprocess
import sys
import textwrap
import time
import tomllib
import urllib.request

import gradio as gr
import pytest

from app import shell
from app.deploy import space
from app.static import folder as folder_of_static
from tests.server import ROOT, free_port

KINDS = sorted(space.KINDS.keys() - {space.STATIC})  # those that run Python


@pytest.fixture(scope="module", params=KINDS)
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "space"
    return request.param, folder, space.write(folder, request.param)


def head_of(folder):
    """The front matter, key to value."""
    _, head, body = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    pairs = [line.partition(": ") for line in head.splitlines() if not line.startswith((" ", "-"))]
    return {key.rstrip(":"): value.strip('"') for key, _, value in pairs}, body


def test_it_holds_all_that_is_needed_and_no_large_file(written):
    kind, folder, names = written
    assert {
        "app/__main__.py",
        "linearizer_core/__init__.py",
        "assets/faces/model.safetensors",
        "LICENSE",
    } <= set(names)
    assert max(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 10_000_000
    assert not [name for name in names if "__pycache__" in name or name.endswith(".ipynb") or "/." in name]
    head, body = head_of(folder)
    assert (head["sdk"], head["app_file"], head["license"]) == ("gradio", "app/__main__.py", "mit")
    assert head["suggested_hardware"] == {"cpu": "cpu-basic", "zerogpu": "zero-a10g"}[kind]
    assert head["python_version"] == {"cpu": "3.12", "zerogpu": "3.12.12"}[kind]
    assert "arxiv.org/abs/2510.08570" in body and "non-commercial" in body


def test_a_static_one_says_so_and_holds_the_page(monkeypatch, tmp_path):
    page = {
        "index.html": b"<!doctype html>",
        "lab.js": b"//",
    }  # tests/browser/test_browser_static.py builds the real one
    monkeypatch.setattr(folder_of_static, "contents", lambda: page)
    names = space.write(tmp_path / "space", space.STATIC)
    assert set(names) == {"README.md", *page}
    head, body = head_of(tmp_path / "space")
    assert (head["sdk"], head["app_file"]) == ("static", "index.html")
    assert not {"sdk_version", "python_version", "suggested_hardware"} & head.keys()
    assert "nothing is sent" in body and "non-commercial" in body


def test_its_pins_are_of_what_the_project_takes(written):
    kind, folder, _ = written
    lines = (folder / "requirements.txt").read_text("utf-8").split("\n")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    least, below = re.search(r"torch>=([\d.]+),<([\d.]+)", str(project["dependencies"])).groups()
    (pinned,) = re.findall(r"torch==([\d.]+)", "\n".join(lines))
    as_numbers = lambda text: tuple(map(int, text.split(".")))  # noqa: E731
    assert as_numbers(least) <= as_numbers(pinned) < as_numbers(below)
    assert not [line for line in lines if line.startswith("gradio")]  # the front matter says which
    assert any(line.startswith("spaces") for line in lines) == (kind == "zerogpu")
    assert any("whl/cpu" in line for line in lines) == (kind == "cpu")


def test_it_starts_from_its_folder_as_a_space_does(tmp_path):
    folder, port = tmp_path / "space", free_port()
    space.write(folder, "cpu")
    environment = {**os.environ, "SPACE_ID": "me/lab", "PYTHONPATH": "", "PYTHONUNBUFFERED": "1"}
    log = (tmp_path / "log").open("w")
    command = [sys.executable, "app/__main__.py", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        url, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + 300
        while True:
            try:
                page = urllib.request.urlopen(url, timeout=5).read().decode()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.3)
        assert "Linearizer Lab" in page
        info = json.loads(urllib.request.urlopen(f"{url}gradio_api/info", timeout=60).read())
        assert {"/interpolate", "/latent_pca"} <= info["named_endpoints"].keys()
        assert "Traceback" not in (tmp_path / "log").read_text()
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--kind", "cpu", "--out", "{full}"], "is there and not empty"),
        (["--kind", "cpu", "--out", "{file}"], "is there and not empty"),
        (["--kind", "cpu", "--out", "{file}/below"], "cannot be written"),
        (["--kind", "cpu", "--out", "{new}", "--push", "../x"], "is no owner/name"),
        (["--kind", "gpu", "--out", "{new}"], "invalid choice"),
        (["--kind", "cpu"], "required: --out"),
    ],
)
def test_what_cannot_be_written_is_one_sentence_and_exit_2(argv, sentence, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    places = {"full": tmp_path, "file": tmp_path / "file", "new": tmp_path / "new"}
    try:
        status = space.main([argument.format(**places) for argument in argv])
    except SystemExit as ended:
        status = ended.code
    assert status == 2 and sentence in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_it_is_pushed_as_a_space_or_says_why_not(monkeypatch, tmp_path, capsys):
    calls = []

    class Api:
        def create_repo(self, name, **how):
            calls.append(("create", name, how["repo_type"], how["space_sdk"]))

        def upload_folder(self, **how):
            calls.append(("upload", how["repo_id"], how["repo_type"], str(how["folder_path"])))
            if how["repo_id"] == "me/closed":
                raise OSError("401 Unauthorized\nmore")

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    command = ["--kind", "zerogpu", "--out", str(tmp_path / "a"), "--push"]
    assert space.main([*command, "me/lab"]) == 0
    assert calls == [
        ("create", "me/lab", "space", "gradio"),
        ("upload", "me/lab", "space", str(tmp_path / "a")),
    ]
    assert "https://huggingface.co/spaces/me/lab" in capsys.readouterr().out
    command[3] = str(tmp_path / "b")
    assert space.main([*command, "me/closed"]) == 2
    assert "could not be pushed (401 Unauthorized); log in" in capsys.readouterr().err


# --- ZeroGPU ----------------------------------------------------------------------------------------------------
ZEROGPU = """
import os, sys
sys.path.insert(0, {root!r})
os.environ["SPACES_ZERO_GPU"] = "true"
from tests import zerogpu
sys.modules["spaces"] = zerogpu.Spaces
import torch
torch.set_num_threads(1)
torch.cuda.is_available = lambda: True            # as torch says there, in every thread
torch.cuda.get_device_name = lambda *_: "a slice"
from app import accelerator
accelerator.CARD = torch.device("cpu")            # of which there is one here
from tests.zerogpu import doubled, dying
x = torch.arange(300.0)

def asked(work=doubled):
    try:
        done = accelerator.on_card(work, x)
        return done.device, bool(torch.equal(done.value, 2 * x))
    except accelerator.RefusedError as refused:
        done = accelerator.on_cpu(doubled, x, note=str(refused))
        return done.device, bool(torch.equal(done.value, 2 * x)), done.note

{body}
zerogpu.end()
import multiprocessing
print("children", len(multiprocessing.active_children()))
"""
BODIES = {
    "first and warm": (
        "print(asked()); print(asked()); print(zerogpu.started)",
        ["('a slice', True)"] * 2 + ["1"],
    ),
    "refused by quota": (
        "zerogpu.quota = 0; print(asked())",
        ["('cpu', True, 'No graphics card was to be had (ZeroGPU quota exceeded), so the CPU did it.')"],
    ),
    "a worker that dies": (
        "print(asked(dying)); print(asked()); print(zerogpu.started)",
        [
            "('cpu', True, 'No graphics card was to be had (ZeroGPU worker error), so the CPU did it.')",
            "('a slice', True)",
            "2",
        ],
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_lease_of_zerogpu(name, tmp_path):
    body, lines = BODIES[name]
    program = textwrap.dedent(ZEROGPU).format(root=str(ROOT), body=body)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [*lines, "children 0"]


def test_on_zerogpu_a_class_waits_in_the_queue(monkeypatch):
    """Gradio's own queue would hold one event there."""
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    demo = shell.build_app()
    assert demo._queue.max_size == shell.WAITING >= 100
    assert gr.Blocks().queue()._queue.max_size == 1  # what the line above is for
