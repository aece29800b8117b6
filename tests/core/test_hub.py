"""Publishing and fetching, against a stand-in for the Hub that speaks its HTTP: no network, no account."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import linearizer_core as lc
from linearizer_core import checkpoints
from linearizer_core.__main__ import main
from linearizer_core.networks import vector_flow
from linearizer_core.operators import Dense, Diagonal
from tests.catalogue import stirred
from tests.hub import hub

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server():
    with hub() as running:
        yield running


def beside(server, folder, *command):
    """A process of its own that takes the stand-in for the Hub; huggingface_hub reads this when it is imported."""
    away = {"HF_ENDPOINT": server.address, "HF_HOME": str(folder / "cache"), "HF_TOKEN": "hf_nobody"}
    away |= {
        "PYTHONPATH": str(ROOT),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    run = [sys.executable, *command]
    return subprocess.run(
        run, cwd=folder, env=os.environ | away, capture_output=True, text=True, check=False, timeout=300
    )


PUSHED = """
import sys, torch
import linearizer_core as lc
print(lc.push_to_hub(sys.argv[1], "me/mine"))
f = lc.load("me/mine")
x = torch.tensor([[0.5, -0.25, 1.0]])
print(torch.equal(f(x), lc.load(sys.argv[1])(x)), lc.load("me/mine").g_x.in_shape)
"""


def test_a_model_of_ones_own_goes_to_the_hub_and_comes_back(server, tmp_path):
    torch.set_default_dtype(torch.float32)
    g = stirred(vector_flow(3, 2, 8))
    lc.save(tmp_path / "m", lc.Linearizer(g, Diagonal(torch.tensor([2.0, 1.0, 0.5])), g), {"psnr": 31.5})
    done = beside(server, tmp_path, "-c", PUSHED, str(tmp_path / "m"))
    assert done.returncode == 0, done.stderr
    address, equal, *shape = done.stdout.split()
    assert address.startswith(f"{server.address}/me/mine/commit/") and equal == "True" and shape == ["(3,)"]
    assert sorted(server.repos["me/mine"]) == ["README.md", checkpoints.CONFIG, checkpoints.WEIGHTS]
    assert b"| psnr | 31.5 |" in server.repos["me/mine"]["README.md"]
    for name in (checkpoints.CONFIG, checkpoints.WEIGHTS):
        assert server.repos["me/mine"][name] == (tmp_path / "m" / name).read_bytes()
    fetched = [path for method, path in server.asked if method == "GET" and "/resolve/" in path]
    assert len(fetched) == 2  # each file once: the second load found them in the cache


def test_evaluate_takes_a_name_on_the_hub(server, tmp_path):
    files = (checkpoints.CONFIG, checkpoints.WEIGHTS)
    server.repos["me/plane"] = {f: (checkpoints.ASSETS / "plane-identity" / f).read_bytes() for f in files}
    done = beside(server, tmp_path, "-m", "linearizer_core", "evaluate", "me/plane", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) > 3


def test_what_the_hub_does_not_have_is_one_sentence(server, tmp_path):
    done = beside(server, tmp_path, "-m", "linearizer_core", "evaluate", "me/nothing")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: me/nothing is no folder here and could not be fetched from the Hub")
    assert done.stderr.count("\n") == 1


def test_a_broken_file_on_the_hub_is_one_sentence(server, tmp_path):
    config = (checkpoints.ASSETS / "plane-identity" / checkpoints.CONFIG).read_bytes()
    server.repos["me/plane"] = {checkpoints.CONFIG: config, checkpoints.WEIGHTS: b"no safetensors"}
    done = beside(server, tmp_path, "-m", "linearizer_core", "evaluate", "me/plane")
    assert (
        done.returncode == 2
        and "model.safetensors is missing, cut short or no safetensors file" in done.stderr
    )
    assert done.stderr.count("\n") == 1


def test_of_a_model_without_a_recipe_the_laws_are_evaluated(tmp_path, capsys):
    g = stirred(vector_flow(3, 2, 8))
    lc.save(tmp_path / "f", lc.Linearizer(g, Dense(torch.randn(3, 3)), g))
    assert main(["evaluate", str(tmp_path / "f"), "--device", "cpu", "--json", "--seed", "5"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert len(rows) > 8 and all(row["mark"] == "≤ 1e-08" for row in rows.values())
    f = lc.load(tmp_path / "f")
    z = torch.randn(8, 3, generator=torch.Generator().manual_seed(5))
    measured = {row.law: row.error for row in lc.check(f, f.g_x.inverse(z))}
    assert {name: row["value"] for name, row in rows.items()} == pytest.approx(measured, abs=1e-6)
    lc.save(tmp_path / "g", g)
    assert main(["evaluate", str(tmp_path / "g"), "--device", "cpu"]) == 0
    assert "round trip of g" in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--data", "--plots"])
def test_what_only_a_recipe_knows_is_one_sentence_for_a_model_without_one(tmp_path, capsys, flag):
    lc.save(tmp_path / "g", vector_flow(3, 2, 8))
    assert main(["evaluate", str(tmp_path / "g"), "--device", "cpu", flag, str(tmp_path / "there")]) == 2
    assert f"was saved without a recipe, which alone knows what to do with {flag}" in capsys.readouterr().err
