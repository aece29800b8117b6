"""The lab without a server: what is packed comes out as it was, models keep their laws, words are the app's."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
import torch

from app.static import packing
from app.static.compact import compact, grown, inverses, rounded
from app.static.folder import VIEWS
from app.static.said import holed, said
from app.widgets import ASSETS
from linearizer_core import Linearizer
from linearizer_core.exporting.replay import Replay, probes
from linearizer_core.exporting.web import WebModel
from linearizer_core.networks import vector_flow
from linearizer_core.operators import Identity
from tests.engine import node


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    g = vector_flow(6, steps=3, hidden=8)
    return Linearizer(g, Identity(6), g)


def test_a_model_of_few_bits_still_undoes_itself(small):
    """What is rounded is shared by both directions or undone exactly, so a round trip costs float32's rounding."""
    found = compact(small, mark=0.5)
    assert found.bits == 10 and len(found.carried) < len(found.weights)
    run = Replay(WebModel(found.manifest, found.indices + found.weights.tobytes()))
    x = run("decode", probes(small, 8))
    assert torch.allclose(run("decode", run("encode", x)), x, atol=1e-4)


def test_what_does_not_follow_from_the_rest_is_refused(small):
    found = compact(small, mark=0.5)
    wrong = found.weights.copy()
    wrong[found.rules[0]["to"][0]] += 10
    with pytest.raises(ValueError, match="not what follows"):
        grown(wrong, inverses(found.manifest))


def test_rounding_leaves_so_many_bits():
    values = rounded(np.float32([1 / 3, -2 / 3]), 10)
    assert np.abs(values - [1 / 3, -2 / 3]).max() < 2**-10 and not (values.view("<u4") & (2**14 - 1)).any()


SCRIPT = """
const fs = require("fs"), vm = require("vm");
globalThis.lab = {}; globalThis.window = globalThis; globalThis.document = {};
lab.ticks = {};
for (const name of ["carry", "grow", "flow", "transport"])
  vm.runInThisContext(fs.readFileSync(process.argv[2] + "/static/" + name + ".js", "utf8"));
vm.runInThisContext(fs.readFileSync(process.argv[3]).toString("utf16le").slice(1));
lab.carried("m").then((content) => {
  const { head, indices, carried } = lab.sections(content);
  const grown = new Float32Array(lab.grown({ ...head, indices, carried }), 4 * head.manifest.indices);
  const { there, back } = lab.transport.transport(Float32Array.from(head.means.flat()), 20);
  const noise = lab.flow.white(7, 20);
  const out = { grown: [...grown], noise: [...noise], there: [...there(noise)], back: [...back(there(noise))],
    rand: [...lab.flow.dice(3)(5)] };
  console.log(JSON.stringify(out));
});
"""


def test_the_page_unpacks_and_grows_as_python_does(small, tmp_path):
    """In Node: packing, rules, torch's noise, the way from noise to a mixture and back."""
    from linearizer_core.networks import MixtureTransport

    if node() is None:
        pytest.skip("no Node here")
    found, means = compact(small, mark=0.5), torch.randn(3, 20, dtype=torch.float32)
    head = {"manifest": found.manifest, "rules": list(found.rules), "means": means.tolist()}
    arrays = {"indices": np.frombuffer(found.indices, "<i4"), "carried": found.carried}
    (tmp_path / "m.js").write_bytes(packing.script("m", packing.sections(head, arrays)))
    (tmp_path / "run.cjs").write_text(SCRIPT, encoding="utf-8")
    run = [node(), str(tmp_path / "run.cjs"), str(ASSETS), str(tmp_path / "m.js")]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    out = {
        name: torch.tensor(values, dtype=torch.float32) for name, values in json.loads(done.stdout).items()
    }
    noise = torch.randn(20, generator=torch.Generator().manual_seed(7), dtype=torch.float32)
    mixture = MixtureTransport(means)
    assert torch.allclose(out["grown"], torch.from_numpy(found.weights), atol=1e-6)
    assert torch.allclose(out["noise"], noise, atol=1e-5)
    assert torch.allclose(out["there"], mixture(noise[None])[0], atol=1e-4)
    assert torch.allclose(out["back"], noise, atol=1e-4)
    assert torch.equal(
        out["rand"], torch.rand(5, generator=torch.Generator().manual_seed(3), dtype=torch.float32)
    )


def test_words_with_holes_are_those_of_the_app():
    assert holed(lambda n: f"{n} steps", 77, n="77") == "{n} steps"
    with pytest.raises(ValueError, match="says nothing of 8"):
        holed(lambda n: "one", 8, n="8")
    assert set(VIEWS) < set(said())
