"""The training loop: resuming is exact, a kill loses nothing that was saved, wrong settings are refused."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from linearizer_core import states
from linearizer_core.data.sets import Dataset
from linearizer_core.recipes import Digits, DigitsClassifier
from linearizer_core.training import train, write_sheet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def float32():
    torch.set_default_dtype(torch.float32)  # training is a float32 affair; conftest restores the default


def blobs(count: int = 64) -> Dataset:
    """Ten kinds of bright squares, one place per class: a data set that can be learned in a few steps."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 10
    images = torch.randint(0, 60, (count, 1, 32, 32), generator=generator, dtype=torch.uint8)
    for image, label in zip(images, labels.tolist()):
        row, column = divmod(label, 4)
        image[0, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 250
    return Dataset(images, labels, images.clone(), labels.clone(), tuple("0123456789"))


class StopHereError(Exception):
    pass


def stopped_and_resumed(recipe, out):
    """The weights of a run that is stopped at its fourth step and then goes on."""

    def stop(step, figures):
        if step == 4:
            raise StopHereError

    with pytest.raises(StopHereError):
        train(recipe, blobs(), out, progress=stop, save_every=0)
    return train(recipe, blobs(), out, resume=True).state_dict()


def test_a_resumed_run_ends_with_the_weights_of_one_that_never_stopped(tmp_path):
    recipe = DigitsClassifier(steps=6, batch=16, evaluate_every=3)
    whole = train(recipe, blobs(), tmp_path / "whole").state_dict()

    resumed = stopped_and_resumed(recipe, tmp_path / "cut")
    for name, tensor in whole.items():
        torch.testing.assert_close(resumed[name], tensor, rtol=0, atol=0)


def test_the_average_of_the_weights_is_what_is_kept_and_a_run_goes_on_with_it(tmp_path):
    """w̄₁ = w₁, then w̄ ← 0.6 w̄ + 0.4 w; w is what it is without an average, and both survive a stop."""
    arguments = {"steps": 6, "batch": 16, "evaluate_every": 3}
    plain, averaged = DigitsClassifier(**arguments), DigitsClassifier(**arguments, average=0.6)
    seen = []

    def watch(step, model):
        seen.append({name: tensor.clone() for name, tensor in model.named_parameters()})
        return True

    train(plain, blobs(), tmp_path / "plain", watch=watch)
    expected = seen[0]
    for weights in seen[1:]:
        expected = {name: 0.6 * tensor + 0.4 * weights[name] for name, tensor in expected.items()}
    whole = train(averaged, blobs(), tmp_path / "whole")
    for name, tensor in whole.named_parameters():
        torch.testing.assert_close(tensor, expected[name])

    resumed = stopped_and_resumed(averaged, tmp_path / "cut")
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed[name], tensor, rtol=0, atol=0)

    starts = {}
    for recipe in (plain, averaged):  # another run begins where that one ended, with an average or without
        trainee = states.Trainee(recipe.build(), recipe.companion(), recipe.average)
        states.start_from(trainee, recipe, tmp_path / "whole")
        starts[recipe] = trainee.model.state_dict()
        for name, tensor in whole.state_dict().items():
            torch.testing.assert_close(starts[recipe][name], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("average", [-0.1, 1.0, float("nan")])
def test_an_average_that_never_moves_or_never_was_is_refused(average):
    with pytest.raises(ValueError, match="average"):
        DigitsClassifier(average=average)


def test_training_lowers_the_loss_and_logs_what_it_reached(tmp_path):
    losses = []
    recipe = DigitsClassifier(steps=40, batch=32, learning_rate=5e-3, evaluate_every=20)
    train(recipe, blobs(), tmp_path, progress=lambda step, figures: losses.append(figures["loss"]))
    assert losses[-1] < 0.5 * losses[0]
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2


def test_other_settings_cannot_resume_a_run(tmp_path):
    train(DigitsClassifier(steps=2, batch=16), blobs(), tmp_path)
    with pytest.raises(ValueError, match="other settings"):
        train(DigitsClassifier(steps=3, batch=16), blobs(), tmp_path, resume=True)
    with pytest.raises(ValueError, match="no training state"):
        train(DigitsClassifier(steps=3), blobs(), tmp_path / "empty", resume=True)


def test_a_step_without_a_finite_gradient_changes_nothing(tmp_path):
    data = blobs(16)

    class Broken(DigitsClassifier):
        def loss(self, *arguments):
            return {"loss": super().loss(*arguments)["loss"] * float("nan")}

    recipe, seen = Broken(steps=2, batch=16), []
    fresh = {name: tensor.clone() for name, tensor in recipe.build().state_dict().items()}

    def watch(step, model):
        seen.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return True

    with pytest.raises(ValueError, match="the last 2 steps were left out"):
        train(recipe, data, tmp_path, watch=watch)
    assert len(seen) == 1 and all(torch.equal(seen[0][name], fresh[name]) for name in fresh)


def test_the_digits_recipe_trains_and_finishes_as_an_invertible_generator(tmp_path):
    recipe = Digits(stage_steps=(1,), stage_hidden=(4,), steps=3, batch=32, evaluate_every=3, paper_updates=5)
    data = blobs(200)
    model = train(recipe, data, tmp_path)
    x = data.test_images[:8].float() / 255
    torch.testing.assert_close(model.g_x.inverse(model.g_x(x)), x, atol=1e-4, rtol=0)
    torch.testing.assert_close(model.means.mean(0), torch.zeros(1024), atol=1e-4, rtol=0)
    assert (model.A.values >= 0).all()
    assert (model.total_std[2:].diff() <= 1e-4 * model.total_std.max()).all()  # axes come in order
    paper = model.g_x.networks[0]  # trained last, and alone
    assert not torch.equal(paper(x), x) and not any(p.requires_grad for p in paper.parameters())
    assert (tmp_path / "sheet-000003.png").stat().st_size > 0


def test_kill_9_then_resume(tmp_path):
    data = blobs()
    names = ("train_images", "train_labels", "test_images", "test_labels")
    arrays = {n: t.numpy() for n, t in zip(names, data[:4])}
    arrays |= {n: a[:, 0, 2:30, 2:30] for n, a in arrays.items() if n.endswith("images")}
    np.savez(tmp_path / "mnist.npz", **arrays)
    command = [sys.executable, "-m", "linearizer_core", "train", "digits-classifier", "--steps", "120"]
    command += ["--batch", "16", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--save-every", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, cwd=tmp_path)
    state = tmp_path / "run" / "training.safetensors"
    deadline = time.monotonic() + 120
    while not state.exists() and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert run.returncode == -signal.SIGKILL, "the run ended before it could be killed"
    again = subprocess.run(
        [*command, "--resume", "--save-every", "60"],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "model.safetensors").exists() and (tmp_path / "run" / "config.json").exists()


def test_a_sheet_is_a_picture_with_one_cell_per_image(tmp_path):
    from PIL import Image

    write_sheet(torch.rand(2, 3, 1, 8, 8), tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").size == (27, 18)


def test_a_run_can_start_from_the_weights_of_another(tmp_path):
    first = train(DigitsClassifier(steps=3, batch=16), blobs(), tmp_path / "first")
    recipe = DigitsClassifier(steps=1, batch=16, learning_rate=1e-12)
    second = train(recipe, blobs(), tmp_path / "second", start_from=tmp_path / "first")
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor, rtol=0, atol=1e-6)
