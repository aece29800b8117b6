"""Spectrum without a browser: moves, handlers, laws, the program, the link, the endpoint."""

import math
import re

import gradio as gr
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import linearizer_core as lc
from app import links, models, pictures
from app.panels import proof
from app.pictures import encoding
from app.views.spectrum import moves
from app.views.spectrum import page as spectrum
from app.views.spectrum.handles import rounded
from app.widgets import proof_meter
from linearizer_core.operators import Diagonal
from tests.helpers import computed, unpacked

PICTURE = "digits:318"
PROJECTOR = "digits-projector"
BOTH = pytest.mark.parametrize("name", models.NAMES)
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


def state(changes: list, selected: int = 3, name: str = "digits") -> dict:
    return {"model": name, "moves": changes, "selected": selected, "show": 16, "log": False}


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
@BOTH
def test_without_moves_nothing_changes(name):
    value, formula = spectrum.stage_value(PICTURE, state([], name=name))
    x, before, now = unpacked(value)
    np.testing.assert_allclose(x, encoding.to_pixels(pictures.tensor([PICTURE], name))[0, ..., 0])
    np.testing.assert_allclose(before, now, atol=1)
    assert value["ids"] == [PICTURE, "trained", "now"]
    assert "u₄" in formula


@BOTH
def test_the_stage_shows_f_with_the_edited_singular_values(name):
    value, formula = spectrum.stage_value(PICTURE, state(CHANGES, name=name))
    f, x = models.model(name), pictures.tensor([PICTURE], name)
    values = moves.edited(f.svd().values, [tuple(move) for move in CHANGES])
    with torch.no_grad():
        expected = f.with_singular_values(values)(x)[0, 0].clamp(0, 1) * 255
    np.testing.assert_allclose(unpacked(value)[2], expected, atol=1)
    assert value["ids"][2] == "now,s3:0.2,p0.5,s0:1.5,k40"
    assert "40 terms" in formula and f"{math.sqrt(0.2):.3g}" in formula


def test_of_a_projector_keep_is_the_rank():
    f, x = models.model(PROJECTOR), pictures.tensor([PICTURE])
    value, formula = spectrum.stage_value(PICTURE, state([["keep", 5]], 0, PROJECTOR))
    with torch.no_grad():
        expected = f.truncated(5)(x)[0, 0].clamp(0, 1) * 255
    np.testing.assert_allclose(unpacked(value)[2], expected, atol=1)
    assert "5 terms" in formula


def test_what_is_remembered_of_one_model_is_never_shown_of_the_other():
    shown = [spectrum.stage_value(PICTURE, state([], name=name)) for name in models.NAMES[:2]]
    (ours, formula), (theirs, other_formula) = shown
    assert np.abs(unpacked(ours)[1].astype(int) - unpacked(theirs)[1]).max() > 5
    assert "1024 terms" in formula and f"{models.model(PROJECTOR).rank} terms" in other_formula
    rows = [spectrum.directions_value(state([], 5, name))[0] for name in models.NAMES[:2]]
    assert np.abs(unpacked(rows[0]).astype(int) - unpacked(rows[1])).max() > 5


def test_another_model_starts_as_it_was_trained_in_the_plot_as_it_was_set():
    picture, started, *rows = spectrum.switched(
        PROJECTOR, {**state(CHANGES, 900), "show": 64, "log": True}, PICTURE
    )
    assert picture == PICTURE
    assert started == spectrum.from_link({"model": PROJECTOR, "n": "64", "log": "1"}, PICTURE)[1]
    assert (started["moves"], started["selected"]) == ([], 0) and set(started["base"]) == {1.0}
    assert [value["ids"][0] for value in rows] == ["v1", "u1"]
    assert len(spectrum.switched("digits", state([], name=PROJECTOR), PICTURE)[1]["base"]) == 1024
    with pytest.raises(gr.Error, match="one of digits"):
        spectrum.switched("no-such", state([]), PICTURE)


def test_a_model_of_faces_is_shown_with_a_face_and_one_of_digits_with_a_digit():
    face = spectrum.switched("faces", state([]), PICTURE)[0]
    assert face.startswith("face:") and pictures.pixels(face).shape == (64, 64)
    assert spectrum.switched("digits", state([]), face)[0].startswith("digits:")
    assert pictures.tensor([face]).shape == (1, 1, 32, 32)  # where it is looked at with digits all the same


def test_the_models_to_choose_from_are_those_that_are_here(monkeypatch, request):
    assert models.available() == list(models.NAMES)
    request.addfinalizer(models._here.cache_clear)
    monkeypatch.setattr(lc, "pretrained", lambda: ["digits", "patches"])
    models._here.cache_clear()
    assert models.available() == ["digits"]
    assert spectrum.from_link({"model": PROJECTOR}, PICTURE)[1]["model"] == "digits"
    with pytest.raises(gr.Error, match="no “digits-projector”; one of digits works"):
        spectrum.spectrum(PICTURE, [], 0, PROJECTOR)


@BOTH
def test_a_tick_encodes_nothing(name, monkeypatch):
    spectrum.stage_value(PICTURE, state([], name=name))
    monkeypatch.setattr(models.model(name).g_x, "forward", None)  # would fail if it were called
    spectrum.stage_value(PICTURE, state([["set", 1, 0.3]], name=name))


def test_the_model_itself_is_never_changed():
    before = models.model().A.values.clone()
    spectrum.stage_value(PICTURE, state(CHANGES))
    assert torch.equal(models.model().A.values, before)


@BOTH
def test_directions_are_orthonormal_points_walked_along(name):
    rows = [unpacked(value) for value in spectrum.directions_value(state([], 5, name))]
    svd, f = models.model(name).svd(), models.model(name)
    c = spectrum.spread(5, name) * 3
    with torch.no_grad():
        expected = f.domain.scale(c, svd.input_point(5))[0].clamp(0, 1) * 255
    assert [row.shape for row in rows] == [(5, *f.g_x.in_shape[1:])] * 2
    np.testing.assert_allclose(rows[0][-1], expected, atol=2)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"moves": "no"}, "A move is"),
        ({"selected": 10**6}, "from 0 to 1023"),
        ({"selected": 1.5}, "from 0 to 1023"),
        ({"moves": [["set", 0, math.nan]]}, "finite numbers"),
        ({"model": "cats"}, "There is no “cats”; one of digits"),
        ({"model": ["digits"]}, "one of digits"),
        ({"model": None}, "one of digits"),
        ({"model": PROJECTOR, "selected": 128}, "There are 128 singular values"),
        ({"model": PROJECTOR, "moves": [["set", 128, 1]]}, "from 0 to 127"),
        ({"model": PROJECTOR, "moves": [["keep", 129]]}, "from 0 to 128"),
    ],
)
def test_a_widget_value_that_is_none_of_ours_gets_one_sentence(bad, sentence):
    with pytest.raises(gr.Error, match=sentence):
        spectrum.stage_value(PICTURE, {"model": "digits", **bad})


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


@pytest.fixture
def only_the_projector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for any other model fails: a law of the wrong model may hold as well."""
    ask = models.model

    def asked(name: str = "digits"):
        assert name == PROJECTOR
        return ask(name)

    monkeypatch.setattr(models, "model", asked)


def test_laws_are_those_of_the_chosen_model(only_the_projector):
    whole, broken = (spectrum.settled(flag, PICTURE, state([], 0, PROJECTOR)).laws for flag in (False, True))
    for law, other in zip(whole, broken):
        assert law.error < other.error / 10, (law, other)


@BOTH
def test_python_for_this_view_reproduces_the_pictures_in_a_clean_process(name, tmp_path):
    program = spectrum.settled(False, PICTURE, state(CHANGES, name=name)).python
    out = computed(program, "before now v u", tmp_path)
    changes = moves.checked(CHANGES, len(spectrum.trained(name).values))
    np.testing.assert_allclose(out["before"], spectrum.before(PICTURE, name), atol=1e-4)
    np.testing.assert_allclose(out["now"], spectrum.after(PICTURE, changes, name), atol=1e-4)
    for letter, row in zip("vu", spectrum.directions(3, name)):
        np.testing.assert_allclose(out[letter], row, atol=1e-4)


@BOTH
def test_the_link_restores_model_picture_moves_and_selection(name):
    link = spectrum.settled(False, PICTURE, {**state(CHANGES, name=name), "log": True}).link
    picture, found, notice = spectrum.from_link(links.decode(link), "digits:0")
    assert (picture, notice) == (PICTURE, "")
    assert found["moves"] == CHANGES and found["selected"] == 3 and found["show"] == 16 and found["log"]
    assert found["base"] == rounded(models.model(name).svd().values.tolist())
    assert found["model"] == name and ("model=" in link) == (name != "digits")


def test_a_link_is_checked_against_the_values_of_its_own_model():
    query = {"m": "k500,s200:1,k7", "i": "300"}
    for name, kept, selected in (
        ("digits", [["keep", 500], ["set", 200, 1], ["keep", 7]], 299),
        (PROJECTOR, [["keep", 7]], 127),
    ):
        found = spectrum.from_link({**query, "model": name}, PICTURE)[1]
        assert (found["model"], found["moves"], found["selected"]) == (name, kept, selected)
    assert spectrum.from_link({**query, "model": "cats"}, PICTURE)[1]["model"] == "digits"


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


def test_the_endpoint_answers_for_the_model_that_is_named():
    found = spectrum.spectrum(PICTURE, [["keep", 9]], 0, PROJECTOR)
    assert found["values"] == [1.0] * 9 + [0.0] * (models.model(PROJECTOR).rank - 9)
    with torch.no_grad():
        expected = models.model(PROJECTOR).truncated(9)(pictures.tensor([PICTURE]))[0, 0]
    np.testing.assert_allclose(found["now"], expected, atol=1e-4)


BAD_CALLS = {
    "nan": (PICTURE, [["set", 0, math.nan]], 0, "finite numbers"),
    "no such value": (PICTURE, [], 1024, "from 0 to 1023"),
    "a half": (PICTURE, [], 0.5, "whole number"),
    "unknown picture": ("cat:1", [], 0, "No such picture"),
    "no picture": ("data:image/png;base64,AAAA", [], 0, "not a picture"),
    "no such model": (PICTURE, [], 0, "cats", "There is no “cats”; one of digits"),
    "no model": (PICTURE, [], 0, None, "one of digits"),
    "no such value of this model": (PICTURE, [], 128, PROJECTOR, "from 0 to 127"),
}


@pytest.mark.parametrize("call", BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(call):
    *arguments, sentence = call
    with pytest.raises(gr.Error, match=sentence):
        spectrum.spectrum(*arguments)


def test_the_proof_meter_shows_numbers_of_the_selected_value():
    settled = spectrum.settled(False, PICTURE, state([["set", 3, 0.25]]))
    formulas = " ".join(law["formula"] for law in proof.shown(settled)[0]["laws"])
    assert "u₄" in formulas and "0.25" in formulas and re.search(r"f\(0\.60⊙x₁ ⊕ 0\.40⊙x₂\)", formulas)
