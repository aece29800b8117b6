"""Two processes do what one does: training by torchrun, PCA of parts, refusals that leave no rank waiting."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from linearizer_core import LatentPCA
from tests.core import two_ranks

ROOT = Path(__file__).resolve().parents[2]


def torchrun(*command):
    """Two processes on this machine; what they print."""
    run = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        *map(str, command),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What each of two ranks found, and the folder in which they ran."""
    folder = tmp_path_factory.mktemp("ranks")
    torchrun(Path(two_ranks.__file__), folder)
    return [torch.load(folder / f"rank{i}.pt", weights_only=True) for i in range(2)], folder


def test_two_ranks_take_the_steps_that_one_process_takes(both, tmp_path):
    (first, second), folder = both
    model, told = two_ranks.trained(tmp_path / "alone")
    for name, tensor in model.state_dict().items():
        assert torch.allclose(first["weights"][name], tensor, rtol=0, atol=1e-12), name
        assert torch.equal(first["weights"][name], second["weights"][name]), name
    assert second["told"] == [] and len(first["told"]) == 6
    for ours, alone in zip(first["told"], told):
        assert ours.keys() == alone.keys() and all(abs(ours[k] - alone[k]) < 1e-5 for k in ours)
    log = (folder / "run" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [6]  # one rank writes


def test_a_run_of_two_ranks_goes_on_with_one(both, tmp_path):
    (first, _), folder = both
    model, told = two_ranks.trained(folder / "stopped", resume=True)
    assert len(told) == 3
    for name, tensor in model.state_dict().items():
        assert torch.allclose(first["weights"][name], tensor, rtol=0, atol=1e-10), name


def test_shards_draw_noise_of_their_own_and_one_is_as_before(tmp_path):
    recipe = two_ranks.Noisy(steps=2, batch=8)
    one, same, two = (
        two_ranks.train(recipe, two_ranks.points(), tmp_path / str(i), shards=s)
        for i, s in enumerate([1, None, 2])
    )
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, same.state_dict()[name])
    assert any(not torch.equal(tensor, two.state_dict()[name]) for name, tensor in one.state_dict().items())


def test_a_pca_of_parts_is_that_of_the_whole(both):
    (first, second), _ = both
    whole = two_ranks.pca(two_ranks.rows(), shared=False)
    for name, (variance, components, mean) in whole.items():
        ours, theirs = first["pca"][name], second["pca"][name]
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs)), name
        assert torch.allclose(ours[0], variance, rtol=1e-12, atol=0), name
        assert torch.allclose(ours[1], components, atol=1e-8 if name != "randomized" else 1e-5), name
        assert torch.allclose(ours[2], mean, rtol=1e-12), name
    alone = LatentPCA(3, "covariance").fit_latents(two_ranks.rows()).explained_variance
    assert torch.allclose(first["uneven"], alone, rtol=1e-12, atol=0)


def test_what_one_rank_refuses_all_refuse(both):
    for found in both[0]:
        assert "holds a run already" in found["held"]
        assert "must be at least 2 to have a variance" in found["one is wrong"]
        assert (
            found["shards"]
            == "shards must be a multiple of the 2 ranks and at most the 7 items of a batch, got 3."
        )
    assert [found["later"] for found in both[0]] == [0, 1]


def test_the_command_trains_on_two_ranks(tmp_path):
    out = tmp_path / "moons"
    said = torchrun(
        "-m", "linearizer_core", "train", "plane-moons", "--steps", 4, "--count", 200, "--out", out
    )
    assert said.count("wrote ") == 1
    training = json.loads((out / "config.json").read_text())["training"]
    assert training["ranks"] == 2 and (out / "model.safetensors").is_file()


@pytest.mark.parametrize("shards", [0, -1, 8, 2.5, "two", True])
def test_shards_that_cannot_be_are_one_sentence(shards, tmp_path):
    with pytest.raises(ValueError, match=r"shards must be"):
        two_ranks.train(two_ranks.Noisy(steps=1, batch=7), two_ranks.points(), tmp_path / "x", shards=shards)
    assert not (tmp_path / "x").exists()
    with pytest.raises(ValueError, match='without "svd", which needs all rows in one place'):
        LatentPCA(2, "svd", shared=True)
