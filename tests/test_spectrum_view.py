"""Spectrum without a browser: moves, handlers, laws, the program, the link, the endpoint."""

import base64
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import linearizer_core as lc
from app import links, models, moves, pictures, proof
from app.views import spectrum
from app.widgets import proof_meter
from app.widgets.spectrum_handles import rounded
from linearizer_core.operators import Diagonal

ROOT = Path(__file__).resolve().parent.parent
PICTURE = "digits:318"
CHANGES = [["set", 3, 0.2], ["power", 0.5], ["set", 0, 1.5], ["keep", 40]]
COUNT = 12
ONE_MOVE = st.one_of(
    st.tuples(st.just("set"), st.integers(0, COUNT - 1), st.floats(0, 1000)),
    st.tuples(st.just("keep"), st.integers(0, COUNT)),
    st.tuples(st.just("power"), st.floats(-3, 3)),
)


@pytest.fixture(autouse=True)
def _float32():
    """The lab computes in float32; what conftest.py sets is put back there."""
    torch.set_default_dtype(torch.float32)


def state(changes: list, selected: int = 3) -> dict:
    return {"moves": changes, "selected": selected, "show": 16, "log": False}


def unpacked(value: dict) -> np.ndarray:
    packed = value["pictures"]
    content = np.frombuffer(base64.b64decode(packed["bytes"]), np.uint8)
    return content.reshape(packed["count"], packed["height"], packed["width"])


# --- moves -------------------------------------------------------------------------------------------------
def test_moves_apply_in_order():
    values = torch.tensor([4.0, 1.0, 0.25, 0.0])
    assert moves.edited(values, [("keep", 1), ("set", 2, 9.0)]).tolist() == [4.0, 0.0, 9.0, 0.0]
    assert moves.edited(values, [("set", 2, 9.0), ("keep", 1)]).tolist() == [4.0, 0.0, 0.0, 0.0]
    assert moves.edited(values, [("power", 0.5)]).tolist() == [2.0, 1.0, 0.5, 0.0]
    assert moves.edited(values, [("power", 0)]).tolist() == [1.0, 1.0, 1.0, 0.0]
    assert moves.edited(values, [("power", -1)]).tolist() == [0.25, 1.0, 4.0, 0.0]
    assert values.tolist() == [4.0, 1.0, 0.25, 0.0]


def test_inverting_leaves_out_what_a_pseudo_inverse_leaves_out():
    values = torch.tensor([1.0, 0.06, 0.05, 0.01])
    inverted = moves.edited(values, [("power", -1)])
    by_core = lc.pinv(Diagonal(values), rtol=moves.CUT).values
    torch.testing.assert_close(inverted, by_core)
    assert torch.isfinite(moves.edited(torch.zeros(3), [("power", -1)])).all()


@given(st.lists(ONE_MOVE, max_size=8))
def test_moves_survive_a_link_and_run_as_python(found):
    checked = moves.checked(found, COUNT)
    restored = moves.decode(links.words(",".join(moves.encode(checked))), COUNT)
    values = torch.linspace(2, 0, COUNT)
    torch.testing.assert_close(moves.edited(values, restored), moves.edited(values, checked))
    names = {"torch": torch, "values": values.clone()}
    exec(moves.source(checked), names)
    assert torch.equal(names["values"], moves.edited(values, checked))


BAD_MOVES = {
    "no list": ("all", "A move is"),
    "a word": ([["rotate", 1]], "A move is"),
    "nan": ([["set", 0, math.nan]], "finite"),
    "infinite": ([["power", math.inf]], "finite"),
    "too few numbers": ([["set", 0]], "A move is"),
    "half an index": ([["set", 0.5, 1]], "A move is"),
    "no such value": ([["set", COUNT, 1]], "from 0 to 11"),
    "negative": ([["set", 0, -1]], "from 0 to 1000"),
    "power": ([["power", 9]], "from -3 to 3"),
    "too many": ([["keep", 1]] * 2001, "at most 2000"),
}


@pytest.mark.parametrize(("found", "sentence"), BAD_MOVES.values(), ids=BAD_MOVES)
def test_moves_that_mean_nothing_get_one_sentence(found, sentence):
    with pytest.raises(ValueError, match=sentence):
        moves.checked(found, COUNT)


def test_a_damaged_link_loses_only_the_damaged_moves():
    assert moves.decode(["s1:2", "sx", "p", "k99", "q3", "p0.5"], COUNT) == [("set", 1, 2.0), ("power", 0.5)]


# --- handlers ----------------------------------------------------------------------------------------------
def test_without_moves_nothing_changes():
    value, formula = spectrum.stage_value(PICTURE, state([]))
    x, before, now = unpacked(value)
    np.testing.assert_allclose(x, pictures.pixels(PICTURE))
    np.testing.assert_allclose(before, now, atol=1)
    assert value["ids"] == [PICTURE, "trained", "now"]
    assert "u₄" in formula


def test_the_stage_shows_f_with_the_edited_singular_values():
    value, formula = spectrum.stage_value(PICTURE, state(CHANGES))
    f, x = models.model(), pictures.tensor([PICTURE])
    values = moves.edited(f.svd().values, [tuple(move) for move in CHANGES])
    with torch.no_grad():
        expected = f.with_singular_values(values)(x)[0, 0].clamp(0, 1) * 255
    np.testing.assert_allclose(unpacked(value)[2], expected, atol=1)
    assert value["ids"][2] == "now,s3:0.2,p0.5,s0:1.5,k40"
    assert "40 terms" in formula and f"{math.sqrt(0.2):.3g}" in formula


def test_a_tick_encodes_nothing(monkeypatch):
    spectrum.stage_value(PICTURE, state([]))
    monkeypatch.setattr(models.model().g_x, "forward", None)  # would fail if it were called
    spectrum.stage_value(PICTURE, state([["set", 1, 0.3]]))


def test_the_model_itself_is_never_changed():
    before = models.model().A.values.clone()
    spectrum.stage_value(PICTURE, state(CHANGES))
    assert torch.equal(models.model().A.values, before)


def test_directions_are_orthonormal_points_walked_along():
    rows = [unpacked(value) for value in spectrum.directions_value(state([], 5))]
    svd, f = models.model().svd(), models.model()
    c = spectrum.spread(5) * 3
    with torch.no_grad():
        expected = f.domain.scale(c, svd.input_point(5))[0].clamp(0, 1) * 255
    assert [row.shape for row in rows] == [(5, 32, 32)] * 2
    np.testing.assert_allclose(rows[0][-1], expected, atol=2)


@pytest.mark.parametrize(
    "bad", [{"moves": "no"}, {"selected": 10**6}, {"selected": 1.5}, {"moves": [["set", 0, math.nan]]}]
)
def test_a_widget_value_that_is_none_of_ours_gets_one_sentence(bad):
    with pytest.raises(gr.Error, match="works"):
        spectrum.stage_value(PICTURE, bad)


def test_before_the_view_opens_nothing_is_computed():
    assert all(value == gr.skip() for value in spectrum.stage_value(PICTURE, None))
    assert spectrum.settled(False, PICTURE, None).laws == ()


# --- laws, program, link -----------------------------------------------------------------------------------
def test_laws_hold_for_any_spectrum_and_break_when_a_is_not_linear():
    for changes in ([], CHANGES, [["power", -1]], [["keep", 0]]):
        laws = spectrum.settled(False, PICTURE, state(changes)).laws
        assert [law.error <= proof_meter.HOLDS for law in laws] == [True] * 3, (changes, laws)
    broken = spectrum.settled(True, PICTURE, state([], 0)).laws
    assert all(law.error > 0.01 for law in broken), broken


def test_python_for_this_view_reproduces_the_pictures_in_a_clean_process(tmp_path):
    program = spectrum.settled(False, PICTURE, state(CHANGES)).python
    program += f"np.savez({str(tmp_path / 'out.npz')!r}, before=before, now=now, v=v, u=u)\n"
    command = [sys.executable, "-W", "error", "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = np.load(tmp_path / "out.npz")
    changes = moves.checked(CHANGES, 1024)
    np.testing.assert_allclose(out["before"], spectrum.before(PICTURE), atol=1e-4)
    np.testing.assert_allclose(out["now"], spectrum.after(PICTURE, changes), atol=1e-4)
    for name, row in zip("vu", spectrum.directions(3)):
        np.testing.assert_allclose(out[name], row, atol=1e-4)


def test_the_link_restores_picture_moves_and_selection():
    link = spectrum.settled(False, PICTURE, {**state(CHANGES), "log": True}).link
    picture, found, notice = spectrum.from_link(links.decode(link), "digits:0")
    assert (picture, notice) == (PICTURE, "")
    assert found["moves"] == CHANGES and found["selected"] == 3 and found["show"] == 16 and found["log"]
    assert found["base"] == rounded(models.model().svd().values.tolist())


def test_a_broken_link_starts_with_the_current_picture():
    query = {"x": "digits:99999", "m": "k0.5,s,", "i": "nan", "n": "17", "log": "x"}
    picture, found, notice = spectrum.from_link(query, "digits:4")
    assert picture == "digits:4" and "does not exist" in notice
    assert (found["moves"], found["selected"], found["show"], found["log"]) == ([], 0, None, False)


# --- the endpoint ------------------------------------------------------------------------------------------
def test_the_endpoint_answers_with_plain_lists():
    found = spectrum.spectrum(PICTURE, CHANGES, 2)
    assert np.shape(found["now"]) == np.shape(found["before"]) == (32, 32)
    assert np.shape(found["input_direction"]) == np.shape(found["output_direction"]) == (5, 32, 32)
    assert found["values"][:1] == [1.5] and not any(found["values"][40:])


BAD_CALLS = {
    "nan": (PICTURE, [["set", 0, math.nan]], 0, "finite numbers"),
    "no such value": (PICTURE, [], 1024, "from 0 to 1023"),
    "a half": (PICTURE, [], 0.5, "whole number"),
    "unknown picture": ("cat:1", [], 0, "No such picture"),
    "no picture": ("data:image/png;base64,AAAA", [], 0, "not a picture"),
}


@pytest.mark.parametrize(("picture", "changes", "selected", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(picture, changes, selected, sentence):
    with pytest.raises(gr.Error, match=sentence):
        spectrum.spectrum(picture, changes, selected)


def test_the_proof_meter_shows_numbers_of_the_selected_value():
    settled = spectrum.settled(False, PICTURE, state([["set", 3, 0.25]]))
    formulas = " ".join(law["formula"] for law in proof.shown(settled)[0]["laws"])
    assert "u₄" in formulas and "0.25" in formulas and re.search(r"f\(0\.60⊙x₁ ⊕ 0\.40⊙x₂\)", formulas)
