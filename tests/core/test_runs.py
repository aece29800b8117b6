"""Long runs: what would lose one is refused before the first step; what ends one is a sentence, and the rest is kept."""

import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from linearizer_core import checkpoints, files, states, training
from linearizer_core.__main__ import main
from linearizer_core.data.point_sets import generated
from linearizer_core.data.sets import Dataset
from linearizer_core.recipes import RECIPES, DigitsClassifier, Patches, PlaneMoons
from linearizer_core.states import STATE
from linearizer_core.training import MOST_LEFT_OUT, train

ROOT = Path(__file__).resolve().parents[2]
TINY = {"steps": 6, "batch": 16, "count": 40, "depth": 1, "hidden": 2, "smooth_batch": 4}
FLAGS = [word for name, value in TINY.items() for word in (f"--{name.replace('_', '-')}", str(value))]
COMMAND = ["train", "plane-moons", *FLAGS, "--device", "cpu"]


@pytest.fixture(autouse=True)
def float32():
    torch.set_default_dtype(torch.float32)


def moons(**changes):
    return PlaneMoons(**(TINY | changes))


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def refused(capsys, *arguments):
    """The sentence that a command ends in, on stderr alone and with exit code 2."""
    capsys.readouterr()
    assert main([str(word) for word in arguments]) == 2
    out, error = capsys.readouterr()
    assert error.startswith("error: ") and error.count("\n") == 1 and not out
    return error


# --- settings (faults 10, 23) ----------------------------------------------------------------------------------
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("name", RECIPES)
def test_settings_that_are_not_finite_are_refused(name, value):
    fields = [n for n, d in vars(RECIPES[name]()).items() if isinstance(d, float)]
    assert {"learning_rate", "gradient_clip"} <= set(fields)
    for field in fields:
        with pytest.raises(ValueError, match=field):
            RECIPES[name](**{field: value})


@pytest.mark.parametrize(
    "setting",
    [
        {"steps": 2.5},
        {"steps": "3"},
        {"batch": True},
        {"seed": -1},
        {"seed": 2**32},
        {"learning_rate": "1e-3"},
        {"mixed_precision": 1},
        {"stage_steps": 3},
        {"stage_steps": (1.5,)},
        {"stage_hidden": ("a",)},
    ],
    ids=str,
)
def test_settings_of_another_kind_are_refused(setting):
    with pytest.raises(ValueError, match=f"patches: {next(iter(setting))} must"):
        Patches(**setting)


def test_settings_of_numpy_are_plain_numbers():  # fault 23
    recipe = PlaneMoons(steps=np.int64(10), learning_rate=np.float32(0.5), seed=np.uint8(3))
    assert json.loads(json.dumps(recipe.arguments()))["steps"] == 10 and type(recipe.seed) is int
    assert Patches(stage_steps=[np.int64(1)], stage_hidden=[4]).stage_steps == (1,)


def test_the_command_of_fault_10_is_refused_before_the_first_step(tmp_path, capsys):
    words = refused(capsys, *COMMAND, "--gradient-clip", "inf", "--out", tmp_path / "run")
    assert "gradient_clip" in words and "finite" in words and not (tmp_path / "run").exists()
    assert "save_every" in refused(capsys, *COMMAND, "--save-every", "nan", "--out", tmp_path / "run")


def test_figures_that_are_not_finite_are_saved_as_null(tmp_path):  # fault 10
    figures = {"psnr": math.inf, "nll": math.nan, "of": [1.0, -math.inf], "rank": np.float32(2)}
    checkpoints.save(tmp_path, moons(), moons().build(), figures)
    assert checkpoints.read_config(tmp_path).figures == {
        "psnr": None,
        "nll": None,
        "of": [1.0, None],
        "rank": 2,
    }


# --- steps without a gradient (fault 11) -----------------------------------------------------------------------
class NeverFinite(PlaneMoons):
    def loss(self, *arguments):
        return {"loss": super().loss(*arguments)["loss"] * math.nan}


def test_training_stops_after_so_many_steps_without_a_finite_gradient(tmp_path):
    steps = []
    words = (
        rf"stopped at step {MOST_LEFT_OUT}: the last {MOST_LEFT_OUT} steps were left out.*lower learning_rate"
    )
    with pytest.raises(ValueError, match=words):
        train(
            NeverFinite(**(TINY | {"steps": 500})),
            generated("moons", 40),
            tmp_path,
            progress=lambda step, figures: steps.append(step),
        )
    assert steps == list(range(1, MOST_LEFT_OUT))


def test_a_rate_that_is_far_too_high_ends_in_a_sentence_and_the_log_is_json(tmp_path, capsys):
    rate = ["--steps", "400", "--evaluate-every", "1", "--learning-rate", "1e30"]
    assert main([*COMMAND, *rate, "--out", str(tmp_path)]) == 2
    words = capsys.readouterr().err.splitlines()[-1]
    assert words.startswith("error: plane-moons stopped at step") and "lower learning_rate" in words
    for line in (tmp_path / "log.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


# --- data (fault 4) --------------------------------------------------------------------------------------------
def test_training_refuses_data_without_some_class(tmp_path):
    x, c = torch.zeros(20, 1, 32, 32, dtype=torch.uint8), torch.arange(20) % 9
    with pytest.raises(ValueError, match=r"classes 0\.\.9, and class 9 has nothing to train on"):
        train(DigitsClassifier(steps=1), Dataset(x, c, x, c), tmp_path / "run")
    with pytest.raises(ValueError, match="a label is 10"):
        train(DigitsClassifier(steps=1), Dataset(x, torch.arange(20) % 11, x, c), tmp_path / "run")
    with pytest.raises(ValueError, match="one label each to train on, got 0"):
        train(DigitsClassifier(steps=1), Dataset(x[:0], c[:0], x, c), tmp_path / "run")
    points = torch.full((10, 2), math.nan), torch.arange(10) % 2
    with pytest.raises(ValueError, match="hold NaN"):
        train(moons(), Dataset(*points, *points), tmp_path / "run")


# --- folders (faults 12, 16, 28) -------------------------------------------------------------------------------
def test_a_second_run_into_the_same_folder_is_refused_and_overwrite_begins_anew(tmp_path, capsys):
    assert main([*COMMAND, "--out", str(tmp_path), "--seed", "1"]) == 0
    before = contents(tmp_path)
    assert "--resume" in (words := refused(capsys, *COMMAND, "--out", tmp_path)) and "--overwrite" in words
    assert contents(tmp_path) == before
    assert main([*COMMAND, "--out", str(tmp_path), "--overwrite"]) == 0
    assert checkpoints.read_config(tmp_path).recipe.seed == 0
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1
    assert "leave one out" in refused(capsys, *COMMAND, "--out", tmp_path, "--overwrite", "--resume")
    assert "leave one out" in refused(
        capsys, *COMMAND, "--out", tmp_path, "--resume", "--start-from", tmp_path
    )


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "log.jsonl", STATE])
def test_a_folder_with_any_file_of_a_run_is_not_written_into(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"holds a run already .{name}."):
        train(moons(), generated("moons", 40), tmp_path)
    assert contents(tmp_path) == {name: b"mine"}


def test_a_resumed_log_holds_each_step_once(tmp_path):
    recipe = moons(evaluate_every=2)

    def stop(step, figures):
        if step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, generated("moons", 40), tmp_path, progress=stop)
    with open(tmp_path / "log.jsonl", "a") as log:
        log.write('{"step": 6, "loss": 1.0}\n{"step": 4, "lo')  # what a kill leaves
    train(recipe, generated("moons", 40), tmp_path, resume=True)
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [2, 6]


def a_file(folder):
    (folder / "file").write_text("mine")
    return folder / "file"


PLACES = {
    "a file": a_file,
    "below a file": lambda folder: a_file(folder) / "run",
    "not writable": lambda folder: Path("/proc/run"),
    "too long": lambda folder: folder / ("x" * 300),
    "no home": lambda folder: "~nobody-of-that-name/run",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_place_that_cannot_be_written_is_refused_before_data_are_read(place, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(PlaneMoons, "dataset", lambda *arguments: pytest.fail("data were read"))
    assert "pass a" in refused(capsys, *COMMAND, "--out", place(tmp_path))


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "mps", ""])
@pytest.mark.parametrize("command", [COMMAND, ["evaluate", "plane-moons"], ["benchmark", "pca"]])
def test_a_device_that_is_not_there_is_one_sentence(command, device, capsys, tmp_path):
    command = [*command, "--out", tmp_path / "run"] if command is COMMAND else command
    assert "device must be one that this PyTorch has" in refused(capsys, *command, "--device", device)
    assert not (tmp_path / "run").exists()


def test_home_is_a_folder_of_mine(tmp_path, monkeypatch):  # fault 28
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    checkpoints.save("~/x", moons(), moons().build())
    assert (tmp_path / "x" / "config.json").is_file() and not (tmp_path / "~").exists()
    assert checkpoints.load("~/x").g_x.in_shape == (2,)
    assert main([*COMMAND, "--out", "~/run", "--start-from", "~/x"]) == 0
    assert (tmp_path / "run" / "model.safetensors").is_file() and not (tmp_path / "~").exists()


# --- states (fault 12) -----------------------------------------------------------------------------------------
def cut(state):
    state.write_bytes(state.read_bytes()[:-100])


def pointer(state):
    state.write_bytes(files.POINTER + b"v1\noid sha256:0\nsize 5\n")


def rewritten(change, metadata=True):
    def spoil(state):
        tensors = safetensors.torch.load_file(state)
        with safetensors.safe_open(state, "pt") as file:
            said = file.metadata()
        change(tensors, said)
        safetensors.torch.save_file(tensors, state, said if metadata else None)

    return spoil


STATES = {
    "empty": (lambda state: state.write_bytes(b""), "cut short"),
    "cut": (cut, "cut short"),
    "a pointer": (pointer, "git lfs pull"),
    "a model": (rewritten(lambda tensors, said: None, metadata=False), "was not written by train"),
    "no step": (rewritten(lambda tensors, said: said.update(step="many")), "was not written by train"),
    "other settings": (rewritten(lambda tensors, said: said.update(recipe="{}")), "other settings"),
    "a tensor less": (rewritten(lambda tensors, said: tensors.pop("model.means")), "it lacks model.means"),
    "a tensor more": (
        rewritten(lambda tensors, said: tensors.update(more=torch.ones(1))),
        "unknown here is more",
    ),
    "another shape": (
        rewritten(lambda tensors, said: tensors.update({"model.means": torch.ones(5)})),
        "of another shape is model.means",
    ),
    "nan": (
        rewritten(lambda tensors, said: tensors["model.means"].fill_(math.nan)),
        "model.means holds NaN",
    ),
    "moments": (
        rewritten(lambda tensors, said: tensors.update({"optimizer.0.exp_avg": torch.ones(77)})),
        "fits no parameter",
    ),
    "a parameter": (
        rewritten(lambda tensors, said: tensors.update({"optimizer.x": torch.ones(1)})),
        "fits no parameter",
    ),
}


@pytest.mark.parametrize(("spoil", "words"), STATES.values(), ids=STATES)
def test_a_state_that_cannot_be_resumed_is_one_sentence_and_stays(spoil, words, tmp_path, capsys):
    assert main([*COMMAND, "--out", str(tmp_path)]) == 0
    spoil(tmp_path / STATE)
    before = contents(tmp_path)
    assert words in refused(capsys, *COMMAND, "--out", tmp_path, "--resume")
    assert contents(tmp_path) == before


def test_nothing_to_resume_or_to_start_from_is_one_sentence(tmp_path, capsys):
    assert "no training state at" in refused(capsys, *COMMAND, "--out", tmp_path / "run", "--resume")
    for start in (tmp_path / "nowhere", a_file(tmp_path), tmp_path):
        refused(capsys, *COMMAND, "--out", tmp_path / "run", "--start-from", start)
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    words = refused(capsys, *COMMAND, "--out", tmp_path / "run", "--start-from", tmp_path)
    assert str(tmp_path / "model.safetensors") in words


# --- what comes from outside while it runs (fault 12) ----------------------------------------------------------
def full(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/file")


def test_a_full_disk_keeps_the_last_state_and_the_old_model(tmp_path, capsys, monkeypatch):
    assert main([*COMMAND, "--out", str(tmp_path), "--evaluate-every", "3"]) == 0
    before = contents(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(tmp_path, moons(seed=1), moons(seed=1).build())
    assert contents(tmp_path) == before
    words = refused(capsys, *COMMAND, "--out", tmp_path, "--evaluate-every", "3", "--resume")
    assert "No space left on device" in words and contents(tmp_path) == before


def test_a_log_on_a_full_disk_ends_after_the_state_is_saved(tmp_path, monkeypatch):
    recipe = moons(steps=5, evaluate_every=2)
    monkeypatch.setattr(training, "_evaluate", full)
    with pytest.raises(OSError, match="No space left"):
        train(recipe, generated("moons", 40), tmp_path)
    monkeypatch.undo()
    steps = []
    train(recipe, generated("moons", 40), tmp_path, resume=True, progress=lambda step, _: steps.append(step))
    assert steps == [3, 4, 5]


def test_half_a_pair_of_files_is_never_left(tmp_path, monkeypatch):
    files.write({tmp_path / "a": b"old", tmp_path / "b": b"old"})
    whole = Path.write_bytes
    monkeypatch.setattr(
        Path, "write_bytes", lambda file, content: (full if "b" in file.name else whole)(file, content)
    )
    with pytest.raises(OSError, match="No space left"):
        files.write({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert contents(tmp_path) == {"a": b"old", "b": b"old"}


def test_whoever_watches_and_raises_loses_nothing(tmp_path):
    recipe, steps = moons(), []

    def stop(step, model):
        if step == 4:
            raise RuntimeError("the browser is gone")
        return True

    whole = train(recipe, generated("moons", 40), tmp_path / "whole").state_dict()
    with pytest.raises(RuntimeError, match="gone"):
        train(recipe, generated("moons", 40), tmp_path / "cut", watch=stop)
    again = train(
        recipe,
        generated("moons", 40),
        tmp_path / "cut",
        resume=True,
        progress=lambda step, _: steps.append(step),
    )
    assert steps == [5, 6]
    assert all(torch.equal(tensor, whole[name]) for name, tensor in again.state_dict().items())


def command_line(*arguments, **environment):
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    return [sys.executable, "-m", "linearizer_core", *map(str, arguments)], variables


def test_ctrl_c_is_130_with_the_state_saved(tmp_path):
    command, environment = command_line(
        *COMMAND, "--steps", 100_000, "--evaluate-every", 100_000, "--out", tmp_path / "run"
    )
    run = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    began = ""
    while "loss=" not in began and run.poll() is None:
        began += run.stderr.read(1)
    run.send_signal(signal.SIGINT)
    error = run.communicate(timeout=120)[1]
    assert run.returncode == 130, error
    assert "Traceback" not in error and "interrupted at step" in error and "--resume" in error
    recipe = moons(steps=100_000, evaluate_every=100_000)
    trainee = states.Trainee(recipe.build(), recipe.companion())
    optimizer = training._optimizer(recipe, trainee)
    assert states.load_state(tmp_path / "run" / STATE, recipe, trainee, optimizer) > 0
    assert not list((tmp_path / "run").glob("*.part"))


def test_ctrl_c_elsewhere_is_130_too(monkeypatch, capsys):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "fetch", stop)
    assert main(["evaluate", "plane-moons"]) == 130
    assert capsys.readouterr().err == "error: interrupted.\n"


def test_a_folder_whose_name_is_no_utf_8_is_written_and_read(tmp_path):
    place = os.fsencode(tmp_path) + b"/caf\xe9"
    script = (
        "import sys; from linearizer_core.__main__ import main; place = sys.argv[1]\n"
        f"sys.exit(main([*{[*map(str, COMMAND)]!r}, '--out', place])"
        " or main(['evaluate', place, '--json', '--device', 'cpu']))"
    )
    command = [sys.executable, "-c", script, place]
    run = subprocess.run(command, env=command_line()[1], capture_output=True, cwd=tmp_path)
    assert run.returncode == 0 and b"Traceback" not in run.stderr, run.stderr
    assert json.loads(run.stdout[run.stdout.rindex(b"\n[") :])
    config = json.loads((Path(os.fsdecode(place)) / "config.json").read_text("utf-8"))
    assert "caf" in config["training"]["command"]


def test_a_full_stdout_is_one_sentence(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("only Linux has a device that is always full")
    command, environment = command_line("evaluate", "plane-identity", "--device", "cpu")
    with open("/dev/full", "w") as stdout:
        run = subprocess.run(command, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 2 and "No space left" in run.stderr and "Traceback" not in run.stderr


def test_a_run_takes_less_than_a_blink_to_refuse(tmp_path, capsys):
    (tmp_path / STATE).write_text("")
    began = time.monotonic()
    refused(capsys, *COMMAND, "--out", tmp_path)
    assert time.monotonic() - began < 5
