"""The command line: trains, evaluates and benchmarks; a mistake is one sentence and exit code 2."""

import json
import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch

from linearizer_core import checkpoints
from linearizer_core.__main__ import main
from tests.helpers import printed

ROOT = Path(__file__).resolve().parents[2]
PLANE = ["train", "plane-identity", "--steps", "2", "--count", "40", "--device", "cpu"]


@pytest.fixture(autouse=True)
def float32():
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def data(tmp_path):
    """A tiny file in the shape of MNIST: noise with a bright column whose place is the class."""
    random = np.random.default_rng(0)
    arrays = {}
    for part in ("train", "test"):
        labels = np.arange(80, dtype=np.uint8) % 10
        images = random.integers(0, 60, (80, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels):
            image[:, 2 * label : 2 * label + 3] = 250
        arrays |= {f"{part}_images": images, f"{part}_labels": labels}
    np.savez(tmp_path / "mnist.npz", **arrays)
    return tmp_path


def test_train_then_evaluate_the_folder_it_wrote(data, capsys):
    out = data / "run"
    command = ["train", "digits-classifier", "--steps", "30", "--batch", "20", "--device", "cpu"]
    assert main([*command, "--data", str(data), "--out", str(out)]) == 0
    config = json.loads((out / "config.json").read_text())
    assert config["arguments"]["steps"] == 30 and config["recipe"] == "digits-classifier"
    assert str(data) not in config["training"]["command"]
    capsys.readouterr()
    assert main(["evaluate", str(out), "--data", str(data), "--device", "cpu", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["name"] == "classifier accuracy" and 0 <= row["value"] <= 1


def test_tuples_and_switches_of_a_recipe_are_flags(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "digits", "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    assert "--stage-steps" in text and "--no-mixed-precision" in text and "--start-from" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "no-such-model"], "no-such-model"),
        (["train", "digits", "--data", "no-such-folder"], "no-such-folder"),
        (["train", "digits", "--steps", "0"], "steps must be above 0"),
        (["benchmark", "no-such-benchmark"], "no-such-benchmark"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, words, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and "Traceback" not in error


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "no-such-recipe"],
        ["train", "digits", "--steps", "many"],
        ["train", "digits", "--no-such-flag"],
        ["evaluate"],
        ["evaluate", "plane-moons", "--seed", "-1"],
        ["evaluate", "plane-moons", "--seed", str(10**30)],
        [],
    ],
)
def test_a_mistake_in_the_flags_is_one_sentence_too(arguments, capsys):  # fault 12
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.startswith("error: ") and error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["pca", "--repeats", "0"], ["pca", "--repeats", "-3"]])
def test_a_benchmark_needs_a_run(arguments, capsys):
    assert main(["benchmark", *arguments]) == 2
    assert "--repeats must be at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["plane-identity", "styles"])
def test_a_folder_of_a_shipped_name_is_not_mistaken_for_the_model(
    name, tmp_path, capsys, monkeypatch
):  # fault 6
    monkeypatch.chdir(tmp_path)
    assert main([*PLANE, "--out", name]) == 0
    for command in (["evaluate", name], [*PLANE, "--start-from", name, "--out", "other"]):
        capsys.readouterr()
        assert main(command) == 2
        error = capsys.readouterr().err
        assert f"'./{name}'" in error and str(checkpoints.ASSETS / name) in error
    assert main(["evaluate", f"./{name}", "--device", "cpu"]) == 0
    assert main([*PLANE, "--start-from", f"./{name}", "--out", "other"]) == 0


def test_a_run_can_start_from_a_shipped_name(tmp_path):
    assert main([*PLANE, "--start-from", "plane-identity", "--out", str(tmp_path)]) == 0


def test_evaluate_fetches_from_the_hub_or_says_why_not(tmp_path, capsys, monkeypatch):  # fault 53
    asked = []

    def snapshot_download(repo_id, **options):
        asked.append(repo_id)
        return str(checkpoints.ASSETS / "plane-identity")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert main(["evaluate", "owner/name", "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) and asked == ["owner/name"]

    def unreachable(repo_id, **options):
        raise OSError("no route to host\nand a long stack")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    assert main(["evaluate", "owner/name", "--device", "cpu"]) == 2
    error = capsys.readouterr().err
    assert "could not be fetched from the Hub (no route to host)" in error and error.count("\n") == 1


def test_only_base_names_land_in_the_command_of_a_config(tmp_path, monkeypatch):  # fault 36
    points = tmp_path / "points.csv"
    points.write_text("0.5;1,0;0\n-0.5;1,0;1\n" * 10)
    arguments = [*PLANE, f"--data={points}", "--out", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", ["linearizer_core", *arguments])
    assert main(arguments) == 0
    text = (tmp_path / "run" / "config.json").read_text("utf-8")
    assert str(tmp_path) not in text and "--data=points.csv --out run" in text


C_ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
}


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "the C locale's"])
def test_no_terminal_ends_a_command(encoding, tmp_path):  # fault 25
    script = f"""
import sys
from linearizer_core.__main__ import main
if {encoding!r} in ("cp1252", "ascii"):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding={encoding!r}, errors="strict")
codes = [main([*{PLANE!r}, "--out", "run"]), main(["evaluate", "run", "--device", "cpu"])]
try:
    main(["train", "plane-moons", "--help"])
except SystemExit as stop:
    codes.append(stop.code)
codes.append(main(["evaluate", "run", "--device", "cpu", "--json"]))
assert not any(codes)
"""
    if encoding in ("cp1252", "ascii"):
        out = printed(script, tmp_path)
    else:
        run = subprocess.run(
            [sys.executable, "-c", script], env=C_ENVIRONMENT, capture_output=True, cwd=tmp_path
        )
        assert run.returncode == 0, run.stderr
        out = run.stdout.decode("latin-1")
    assert "round trip" in out and json.loads(out[out.rindex("\n[") :])
    json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))


def test_a_card_is_written_and_copied_as_utf_8_in_any_locale(tmp_path):  # fault 25
    checkpoints.save(
        tmp_path / "m",
        checkpoints.read_config("plane-identity").recipe,
        checkpoints.load("plane-identity"),
        {"≤": 1.0},
    )
    script = """
import huggingface_hub, pathlib, sys
from linearizer_core import checkpoints
huggingface_hub.HfApi.create_repo = lambda self, repo_id, **o: huggingface_hub.RepoUrl("https://huggingface.co/" + repo_id)
def upload_folder(self, repo_id, folder_path, commit_message):
    text = (pathlib.Path(folder_path) / "README.md").read_bytes().decode("utf-8")
    return str("g_y\u207b\u00b9" in text or "\u2265" in text)
huggingface_hub.HfApi.upload_folder = upload_folder
answers = [checkpoints.push_to_hub("m", "me/m")]
pathlib.Path("m/README.md").write_bytes("\u2265".encode("utf-8"))
answers.append(checkpoints.push_to_hub("m", "me/m"))
sys.exit(answers != ["True", "True"])
"""
    (tmp_path / "push.py").write_text(script, encoding="utf-8")
    run = subprocess.run([sys.executable, "push.py"], env=C_ENVIRONMENT, capture_output=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
