"""The command line: trains, evaluates and benchmarks; a mistake is one sentence and exit code 2."""

import json

import numpy as np
import pytest
import torch

from linearizer_core.__main__ import main


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
