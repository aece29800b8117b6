"""Weights between those that a run began with and those that it reached."""

import numpy as np
import pytest
import safetensors.torch
import torch

from linearizer_core import checkpoints
from linearizer_core.__main__ import main
from linearizer_core.averaging import averaged
from linearizer_core.recipes import PhotoStyles, PlaneMoons
from linearizer_core.training import train
from tests.catalogue import stirred

SMALL = PhotoStyles(teacher=("a=a.onnx", "b=b.onnx"), depth=1, hidden=4, blocks=1)


def pair():
    start, reached = SMALL.build(), SMALL.build()
    return start, stirred(reached)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_every_parameter_lies_between(share):
    start, reached = pair()
    made = dict(averaged(start, reached, share).named_parameters())
    ends = dict(start.named_parameters()), dict(reached.named_parameters())
    for name, parameter in made.items():
        torch.testing.assert_close(parameter, (1 - share) * ends[0][name] + share * ends[1][name])


def test_neither_of_both_is_touched():
    start, reached = pair()
    before = [parameter.clone() for model in (start, reached) for parameter in model.parameters()]
    averaged(start, reached, 0.5)
    after = [parameter for model in (start, reached) for parameter in model.parameters()]
    assert all(map(torch.equal, before, after))


def test_models_of_another_start_or_recipe_are_refused():
    start, reached = pair()
    with pytest.raises(ValueError, match=r"share must lie in 0\.\.1, got 1\.5"):
        averaged(start, reached, 1.5)
    with pytest.raises(ValueError, match="both models must be of one recipe; only one of them has"):
        averaged(start, PlaneMoons().build(), 0.5)
    other = PhotoStyles(seed=1, teacher=SMALL.teacher, depth=1, hidden=4, blocks=1).build()
    with pytest.raises(ValueError, match=r"of one start; they differ in .*rows"):
        averaged(start, other, 0.5)


def test_the_command_writes_a_model_that_says_what_it_is_made_of(tmp_path, capsys):
    start, reached = (model.float() for model in pair())
    for name, model in (("start", start), ("reached", reached)):
        checkpoints.save(tmp_path / name, SMALL, model, training={"command": name})
    given = ["average", str(tmp_path / "start"), str(tmp_path / "reached"), "--out", str(tmp_path / "made")]
    assert main([*given, "--share", "0.25"]) == 0
    made = checkpoints.load(tmp_path / "made")
    torch.testing.assert_close(made.state_dict(), averaged(start, reached, 0.25).state_dict())
    assert checkpoints.read_config(tmp_path / "made").training["averaged"] == "0.25 of it, the rest of start"
    assert main([*given, "--share", "2"]) == 2 and "share must lie in" in capsys.readouterr().err


def test_a_model_with_parts_that_were_fitted_is_refused(tmp_path, capsys):
    out = str(tmp_path / "made")
    assert main(["average", "plane-moons", "plane-moons", "--share", "0.5", "--out", out]) == 2
    assert "plane-moons holds no training.safetensors: plane-moons fits parts" in capsys.readouterr().err


def test_parts_that_are_fitted_to_the_data_are_fitted_to_the_average(tmp_path):
    torch.set_default_dtype(torch.float32)  # as training has it; conftest restores the default
    recipe = PlaneMoons(steps=3, batch=32, depth=2, hidden=4)
    data = recipe.dataset(None)
    train(recipe, data, tmp_path / "start")
    checkpoints.save(
        tmp_path / "reached", recipe, train(recipe, data, tmp_path / "reached", start_from=tmp_path / "start")
    )
    given = ["average", str(tmp_path / "start"), str(tmp_path / "reached"), "--out", str(tmp_path / "made")]
    assert main([*given, "--share", "0.25"]) == 0
    made = checkpoints.load(tmp_path / "made").double()

    held = [
        safetensors.torch.load_file(tmp_path / name / "training.safetensors") for name in ("start", "reached")
    ]
    apart = 0.0
    for name in (name for name in held[0] if "conditioner" in name and name.startswith("model.g_x.")):
        first, last = (state[name].double() for state in held)
        found = made.state_dict()[name.removeprefix("model.")]
        torch.testing.assert_close(found, 0.75 * first + 0.25 * last, atol=1e-6, rtol=1e-6)
        apart += float((first - last).abs().sum())
    assert apart > 0, "the second run has moved"
    z = made.g_x(data.train_images.double()).detach().numpy()
    covariance = np.cov(z.T, ddof=0)
    wiener = covariance @ np.linalg.inv(covariance + recipe.wiener_noise**2 * np.eye(2))
    np.testing.assert_allclose(made.A.matrix.detach().numpy(), wiener, atol=1e-5)
