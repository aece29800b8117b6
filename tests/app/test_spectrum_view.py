"""Spectrum without a browser: moves, what is shown, laws, the program, links old and new, the endpoint."""

import math
import re

import gradio as gr
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import linearizer_core as lc
from app import models, pictures
from app.models import shelf
from app.pictures import encoding
from app.settings import query_of
from app.views.spectrum import compute, moves, named, page
from app.views.spectrum.handles import rounded
from app.views.spectrum.moves import Moves
from app.views.spectrum.standing import Given, Standing, names, opened, trained
from app.widgets import proof_meter
from linearizer_core.operators import Diagonal
from tests.helpers import assert_figure, computed, unpacked

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "spectrum"

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


def state(changes: list, selected: int = 3, name: str = "digits") -> dict:
    """What the plot sends."""
    return {"model": name, "moves": changes, "selected": selected, "show": 16, "log": False}


def standing(changes: list, selected: int = 3, name: str = "digits") -> Standing:
    return Standing.of_value(state(changes, selected, name), "the plot", picture=PICTURE)


# --- moves -------------------------------------------------------------------------------------------------
def test_moves_apply_in_order():
    values = torch.tensor([4.0, 1.0, 0.25, 0.0])
    assert moves.edited(values, [("keep", 1), ("set", 2, 9.0)]).tolist() == [4.0, 0.0, 9.0, 0.0]
    assert moves.edited(values, [("set", 2, 9.0), ("keep", 1)]).tolist() == [4.0, 0.0, 0.0, 0.0]
    assert moves.edited(values, [("power", 0.5)]).tolist() == [2.0, 1.0, 0.5, 0.0]
    assert moves.edited(values, [("power", 0)]).tolist() == [1.0, 1.0, 1.0, 0.0]
    assert moves.edited(values, [("power", -1)]).tolist() == [0.25, 1.0, 4.0, 0.0]
    assert values.tolist() == [4.0, 1.0, 0.25, 0.0]


def test_whole_numbers_may_come_as_floats():
    assert Moves().take([["set", 2.0, 1], ["keep", 3.0]]) == (("set", 2, 1), ("keep", 3))


def test_inverting_leaves_out_what_a_pseudo_inverse_leaves_out():
    values = torch.tensor([1.0, 0.06, 0.05, 0.01])
    inverted = moves.edited(values, [("power", -1)])
    by_core = lc.pinv(Diagonal(values), rtol=moves.CUT).values
    torch.testing.assert_close(inverted, by_core)
    assert torch.isfinite(moves.edited(torch.zeros(3), [("power", -1)])).all()


@given(st.lists(ONE_MOVE, max_size=8))
def test_moves_survive_a_link_and_run_as_python(found):
    checked = Moves().take(found)
    assert moves.in_range(checked, COUNT) == checked
    restored = Moves().read(Moves().words(checked))
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
    "ten megabytes": ("x" * 10_000_000, "A move is"),
    "ten megabytes of a word": ([["x" * 10_000_000, 1]], "A move is"),
    "an object": ({"set": 1}, "A move is"),
    "nothing": (None, "A move is"),
    "an empty move": ([[]], "A move is"),
    "a list for a kind": ([[["set"], 0, 1]], "A move is"),
    "a list for a number": ([["set", [0], 1]], "A move is"),
    "true": ([["keep", True]], "A move is"),
    "huge": ([["keep", 10**400]], "from 0 to 12"),
}


@pytest.mark.parametrize(("found", "sentence"), BAD_MOVES.values(), ids=BAD_MOVES)
def test_moves_that_mean_nothing_get_one_sentence(found, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        for move in Moves().checked(found, "moves"):
            moves.check_range(move, COUNT)
    assert len(str(caught.value)) < 300


def test_a_damaged_link_loses_only_the_damaged_moves():
    found = moves.in_range(Moves().read("s1:2,sx,p,k99,q3,,s1,k1:2,k0.5,pnan,p0.5"), COUNT)
    assert found == (("set", 1, 2.0), ("power", 0.5))


# --- what is shown -----------------------------------------------------------------------------------------
@BOTH
def test_without_moves_nothing_changes(name):
    found = compute.stage(standing([], name=name))
    x, before, now = unpacked(found["stage"])
    np.testing.assert_allclose(x, encoding.to_pictures(pictures.tensor([PICTURE], name))[0])
    np.testing.assert_allclose(before, now, atol=1)
    assert found["stage"]["ids"] == [PICTURE, "trained", "now"]
    assert "u₄" in found["formula"]


@BOTH
def test_the_stage_shows_f_with_the_edited_singular_values(name):
    found = compute.stage(standing(CHANGES, name=name))
    f, x = models.model(name), pictures.tensor([PICTURE], name)
    values = moves.edited(lc.singular_values(f.A), [tuple(move) for move in CHANGES])
    with torch.no_grad():
        expected = encoding.to_pictures(f.with_singular_values(values)(x))[0].astype(int)
    np.testing.assert_allclose(unpacked(found["stage"])[2], expected, atol=1)
    assert found["stage"]["ids"][2] == "now,s3:0.2,p0.5,s0:1.5,k40"
    assert "40 terms" in found["formula"] and f"{math.sqrt(0.2):.3g}" in found["formula"]


def test_of_a_projector_keep_is_the_rank():
    f, x = models.model(PROJECTOR), pictures.tensor([PICTURE])
    found = compute.stage(standing([["keep", 5]], 0, PROJECTOR))
    with torch.no_grad():
        expected = f.truncated(5)(x)[0, 0].clamp(0, 1) * 255
    np.testing.assert_allclose(unpacked(found["stage"])[2], expected, atol=1)
    assert "5 terms" in found["formula"]


def test_what_is_remembered_of_one_model_is_never_shown_of_the_other():
    ours, theirs = (compute.stage(standing([], name=name)) for name in models.NAMES[:2])
    assert np.abs(unpacked(ours["stage"])[1].astype(int) - unpacked(theirs["stage"])[1]).max() > 5
    assert "1024 terms" in ours["formula"]
    assert f"{models.model(PROJECTOR).rank} terms" in theirs["formula"]
    rows = [compute.rows(standing([], 5, name))["v"] for name in models.NAMES[:2]]
    assert np.abs(unpacked(rows[0]).astype(int) - unpacked(rows[1])).max() > 5


def test_another_model_starts_as_it_was_trained_in_the_plot_as_it_was_set():
    found = page.switched(PROJECTOR, PICTURE, {**state(CHANGES, 900), "show": 64, "log": True})
    started = found["handles"]
    assert found["picture"] == PICTURE
    assert started == compute.plot(opened({"model": PROJECTOR, "n": "64", "log": "1"}, PICTURE)[0])
    assert (started["moves"], started["selected"]) == ((), 0) and set(started["base"]) == {1.0}
    assert "picture" not in started
    assert found["v"]["ids"][0] == "v1" and found["u"] is None
    assert len(page.switched("digits", PICTURE, None)["handles"]["base"]) == 1024
    with pytest.raises(ValueError, match="one of digits"):
        page.switched("no-such", PICTURE, state([]))


def test_a_model_of_faces_is_shown_with_a_face_and_one_of_digits_with_a_digit():
    face = page.switched("faces", PICTURE, state([]))["picture"]
    assert face.startswith("face:") and pictures.pixels(face).shape == (64, 64, 3)
    assert page.switched("digits", face, state([]))["picture"].startswith("digits:")
    assert pictures.tensor([face]).shape == (1, 1, 32, 32)  # where it is looked at with digits all the same


def test_the_models_to_choose_from_are_those_that_are_here(monkeypatch, request, endpoint):
    assert models.available() == list(models.NAMES)
    request.addfinalizer(shelf._shipped.cache_clear)
    monkeypatch.setattr(lc, "pretrained", lambda: ["digits", "patches"])
    shelf._shipped.cache_clear()
    assert models.available() == ["digits"]
    assert opened({"model": PROJECTOR}, PICTURE)[0].model == "digits"
    with pytest.raises(gr.Error, match="That model is not on this server"):
        endpoint(PICTURE, [], 0, PROJECTOR)


@BOTH
def test_a_tick_encodes_nothing(name, monkeypatch):
    compute.stage(standing([], name=name))
    monkeypatch.setattr(models.model(name).g_x, "forward", None)  # would fail if it were called
    compute.stage(standing([["set", 1, 0.3]], name=name))


def test_the_model_itself_is_never_changed():
    before = models.model().A.values.clone()
    compute.stage(standing(CHANGES))
    assert torch.equal(models.model().A.values, before)


@BOTH
def test_directions_are_orthonormal_points_walked_along(name):
    shown = compute.rows(standing([], 5, name))
    assert shown["u"] is None  # these models have a symmetric A: a second row would be the first again
    rows = [unpacked(shown["v"])]
    f = models.model(name)
    svd, c = f.svd(6), compute.spread(5, name) * 3
    with torch.no_grad():
        expected = encoding.to_pictures(f.domain.scale(c, svd.input_point(5))[None])[0].astype(int)
    assert [row.shape for row in rows] == [(5, *expected.shape)]
    np.testing.assert_allclose(rows[0][-1], expected, atol=2)


BAD_PLOTS = [
    ({"moves": "no"}, "A move is"),
    ({"selected": 10**6}, "from 0 to 1023"),
    ({"selected": -1}, "from 0 to 1023"),
    ({"selected": 1.5}, "selected must be a whole number"),
    ({"selected": None}, "selected must be a whole number"),
    ({"moves": [["set", 0, math.nan]]}, "finite numbers"),
    ({"model": "cats"}, "model must be one of digits"),
    ({"model": ["digits"]}, "model must be one of digits"),
    ({"model": None}, "model must be one of digits"),
    ({"model": PROJECTOR, "selected": 128}, "There are 128 singular values"),
    ({"model": PROJECTOR, "moves": [["set", 128, 1]]}, "from 0 to 127"),
    ({"model": PROJECTOR, "moves": [["keep", 129]]}, "from 0 to 128"),
    ({"show": 17}, "show must be one of 8, 16"),
    ({"log": "yes"}, "log must be true or false"),
]


@pytest.mark.parametrize(("bad", "sentence"), BAD_PLOTS)
def test_a_plot_that_is_none_of_ours_gets_one_sentence(bad, sentence):  # fault 31
    with pytest.raises(ValueError, match=sentence):
        page.of_handles(compute.stage)(PICTURE, {"model": "digits", **bad})


@pytest.mark.parametrize("strange", ["text", [1], 3, math.nan, True])
def test_a_plot_that_is_no_object_gets_one_sentence(strange):  # fault 31
    for handler in (page.of_handles(compute.stage), lambda *values: page.switched("digits", *values)):
        with pytest.raises(ValueError, match="must be an object with some of model"):
            handler(PICTURE, strange)


@pytest.mark.parametrize("event", [None, object(), type("Event", (), {"model": [], "index": {}})()])
def test_an_event_that_says_nothing_gets_one_sentence(event):  # fault 31
    with pytest.raises(ValueError, match="model must be one of"):
        page.picked(event)


def test_before_the_view_opens_nothing_is_computed():
    assert page.of_handles(compute.stage)(PICTURE, None) == {}
    assert page.of_handles(compute.settled)(PICTURE, None, broken=False) == {}


# --- laws and program --------------------------------------------------------------------------------------
def test_laws_hold_for_any_spectrum_and_break_when_a_is_not_linear():
    for changes in ([], CHANGES, [["power", -1]], [["keep", 0]]):
        laws = compute.settled(standing(changes), False).laws
        assert [law.error <= proof_meter.HOLDS for law in laws] == [True] * 3, (changes, laws)
    broken = compute.settled(standing([], 0), True).laws
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
    whole, broken = (compute.settled(standing([], 0, PROJECTOR), flag).laws for flag in (False, True))
    for law, other in zip(whole, broken):
        assert law.error < other.error / 10, (law, other)


@BOTH
def test_python_for_this_view_reproduces_the_pictures_with_the_core_alone(name, tmp_path):  # fault 42
    found = standing(CHANGES, name=name)
    out = computed(compute.program(found), "before now v u", tmp_path)
    assert_figure(tmp_path / "spectrum.png")
    np.testing.assert_allclose(out["before"], compute.before(found.given), atol=1e-4)
    np.testing.assert_allclose(out["now"], compute.after(found), atol=1e-4)
    for letter, row in zip("vu", compute.directions(3, name)):
        np.testing.assert_allclose(out[letter], row, atol=1e-4)


def test_the_proof_meter_shows_numbers_of_the_selected_value():
    laws = compute.settled(standing([["set", 3, 0.25]]), False).laws
    formulas = " ".join(law["formula"] for law in proof_meter.reading(laws)["laws"])
    assert "u₄" in formulas and "0.25" in formulas and re.search(r"f\(0\.60⊙x₁ ⊕ 0\.40⊙x₂\)", formulas)


# --- links -------------------------------------------------------------------------------------------------
OLD_LINKS = {  # as they were written before settings declared them
    "?view=spectrum&x=digits:318&m=&i=1&log=0": {},
    "?view=spectrum&x=digits:393&m=s2:0.3,p0.5,k20&i=3&log=1&n=32": dict(
        picture="digits:393",
        moves=(("set", 2, 0.3), ("power", 0.5), ("keep", 20)),
        selected=2,
        log=True,
        show=32,
    ),
    "?view=spectrum&model=digits-projector&x=digits:8&m=k5&i=2&log=0&n=0": dict(
        model=PROJECTOR, picture="digits:8", moves=(("keep", 5),), selected=1, show=0
    ),
    "?view=spectrum&model=faces&x=face:12&m=p-1,s0:1.5&i=64&log=1": dict(
        model="faces", picture="face:12", moves=(("power", -1), ("set", 0, 1.5)), selected=63, log=True
    ),
}


@pytest.mark.parametrize("link", OLD_LINKS)
def test_links_of_old_still_open_and_are_still_written(link):
    wanted = Standing(**OLD_LINKS[link])
    assert opened(query_of(link), "digits:0") == (wanted, True)
    assert wanted.link("spectrum") == link


@BOTH
def test_the_link_restores_model_picture_moves_and_selection(name):
    wanted = Standing.of_value({**state(CHANGES, name=name), "log": True}, "the plot", picture=PICTURE)
    link = compute.settled(wanted, False).link
    found, whole = opened(query_of(link), "digits:0")
    assert found == wanted and whole and ("model=" in link) == (name != "digits")
    assert compute.plot(found)["base"] == rounded(trained(name).values.tolist())


def test_a_link_is_checked_against_the_values_of_its_own_model():
    query = {"m": "k500,s200:1,k7", "i": "300"}
    for name, kept, selected in (
        ("digits", (("keep", 500), ("set", 200, 1), ("keep", 7)), 299),
        (PROJECTOR, (("keep", 7),), 127),
    ):
        found = opened({**query, "model": name}, PICTURE)[0]
        assert (found.model, found.moves, found.selected) == (name, kept, selected)
    assert opened({**query, "model": "cats"}, PICTURE)[0].model == "digits"
    assert opened({"i": "1e400"}, PICTURE)[0].selected == len(trained("digits").values) - 1
    assert opened({"i": "-3"}, PICTURE)[0].selected == 0


def test_a_broken_link_starts_with_the_current_picture():
    query = {"x": "digits:99999", "m": "k0.5,s,", "i": "nan", "n": "17", "log": "x"}
    found, whole = opened(query, "digits:4")
    assert found == Standing(picture="digits:4") and not whole
    assert "does not exist" in page.opened(query, "digits:4")["notice"].value
    assert page.opened({}, "digits:4")["notice"].visible is False


def test_without_a_picture_in_the_link_one_that_fits_the_model_is_shown():
    assert opened({"model": "faces"}, "digits:4")[0].picture.startswith("face:")
    assert opened({"model": "faces", "x": "digits:4"}, "digits:5")[0].picture == "digits:4"


# --- the endpoint ------------------------------------------------------------------------------------------
def test_the_endpoint_answers_with_plain_lists(endpoint):
    found = endpoint(PICTURE, CHANGES, 2)
    assert np.shape(found["now"]) == np.shape(found["before"]) == (32, 32)
    assert np.shape(found["input_direction"]) == np.shape(found["output_direction"]) == (5, 32, 32)
    assert found["values"][:1] == [1.5] and not any(found["values"][40:])


def test_the_endpoint_answers_for_the_model_that_is_named(endpoint):
    found = endpoint(PICTURE, [["keep", 9.0]], 0.0, PROJECTOR)
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
    "no such model": (PICTURE, [], 0, "cats", "model must be one of digits"),
    "no model": (PICTURE, [], 0, None, "model must be one of digits"),
    "no such value of this model": (PICTURE, [], 128, PROJECTOR, "from 0 to 127"),
}


@pytest.mark.parametrize("call", BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(endpoint, call):
    *arguments, sentence = call
    with pytest.raises(gr.Error, match=sentence):
        endpoint(*arguments)


# --- noise on x, and "break it" in the picture -------------------------------------------------------------------
@BOTH
def test_f_takes_out_the_noise_that_lies_on_x_in_latents(name):
    picture = PICTURE if name != "faces" else "face:7"
    clean, noisy = (compute.latent(Given(picture, name, a)) for a in (0.0, 0.3))
    A = models.model(name).A
    assert (A(noisy) - A(clean)).norm() < 0.5 * (noisy - clean).norm()
    assert torch.equal(noisy, compute.latent(Given(picture, name, 0.3)))


def test_the_view_opens_with_noise_and_a_link_with_what_it_says():
    assert opened({}, PICTURE)[0].noise > 0 == opened({"x": PICTURE}, PICTURE)[0].noise
    found = opened({"x": PICTURE, "z": "0.55"}, PICTURE)[0]
    assert found.noise == 0.55 and "z=0.55" in found.link("spectrum")


def test_broken_the_picture_is_that_of_clipped_latents_beside_its_difference():
    whole, broken = (compute.stage(standing([]), b)["stage"] for b in (False, True))
    assert broken["hues"] == ["", "", "bad", "bad"] and broken["pictures"]["count"] == 4
    gap = np.abs(unpacked(whole)[2].astype(int) - unpacked(broken)[2])
    assert gap.max() > 100 and unpacked(broken)[3].max() > 25


# --- directions with a name ------------------------------------------------------------------------------------
def test_the_names_are_those_that_the_model_learned():
    assert names("digits") == tuple("0123456789") and names("faces") == ("older",)
    assert names("digits-projector") == ()
    f = models.model("digits")
    total = sum(named.direction("digits", name) for name in names("digits"))
    torch.testing.assert_close(total, torch.zeros_like(total), atol=1e-4, rtol=0)  # away from their mean
    torch.testing.assert_close(
        named.direction("digits", "7") - named.direction("digits", "3"), f.prototypes[7] - f.prototypes[3]
    )


def test_a_class_that_is_added_changes_the_class_and_years_the_age():
    """x ⊕ d in latents is g(x) + d: half of the digits become a 7, and a face is read twenty years older."""
    f, pictures_of_3 = models.model("digits"), ["digits:318", "digits:913", "digits:1319", "digits:770"]
    found = [compute.seen(Given(picture, "digits", named="7", far=2.0)) for picture in pictures_of_3]
    assert (f.classify(torch.cat(found)) == 7).all()
    face, aged = (
        models.model("faces"),
        [compute.seen(Given("face:7", "faces", named="older", far=c)) for c in (0, 1)],
    )
    assert float(face.age(aged[1]) - face.age(aged[0])) == pytest.approx(named.YEARS, abs=0.5)


def test_what_is_shown_of_a_direction_is_what_the_core_says():
    shown = compute.named_row(Standing(named="7"))
    f, d = models.model("digits"), named.direction("digits", "7")
    V = f.svd().factors.V[:, : named.STRONGEST]
    share, gain = float((d @ V).square().sum() / d.square().sum()), float(f.A(d).norm() / d.norm())
    assert f"{share:.0%}" in shown["named_words"] and f"{gain:.2f}" in shown["named_words"]
    assert shown["named_row"]["pictures"]["count"] == len(named.ALONG)
    assert shown["named_row"]["notes"] == ["−2", "−1", "0", "+1", "+2"]
    assert compute.named_row(Standing()) == {"named_row": None, "named_words": ""}
    plain, sevened = (compute.stage(Standing(named=name, far=1.0)) for name in (None, "7"))
    assert sevened["stage"]["captions"][0] == "x ⊕ 1 ⊙ “7”" and plain["stage"]["captions"][0] == "x"
    assert sevened["stage"]["pictures"] != plain["stage"]["pictures"]


@pytest.mark.parametrize("name", ["digits", "faces"])
def test_a_direction_travels_in_the_link_and_in_the_program(name, tmp_path):
    direction = names(name)[-1]
    found = Standing.checked(
        model=name, picture="face:7" if name == "faces" else PICTURE, named=direction, far=-0.5, noise=0.3
    )
    assert f"d={direction},-0.5" in found.link("spectrum")
    assert opened(query_of(found.link("spectrum")), PICTURE) == (found, True)
    out = computed(compute.program(found), "x before now", tmp_path)
    np.testing.assert_allclose(out["x"], compute.seen(found.given), atol=1e-4)
    np.testing.assert_allclose(out["now"], compute.after(found), atol=1e-4)


def test_a_direction_that_the_model_has_not_is_left_out_or_refused():
    found, _ = opened({"model": "faces", "d": "7,1"}, "face:7")
    assert found.named is None and found.given.far == 0
    assert opened({"d": "cat,1"}, PICTURE)[1] is False
    with pytest.raises(ValueError, match="There is no such direction with a name; those of faces are older"):
        Standing.checked(model="faces", picture="face:7", named="7")
    with pytest.raises(ValueError, match="far must be a number from −2 to 2"):
        Standing.checked(named="7", far=3.0)
    assert Standing(named="7", far=1.0).switched("faces").named is None
    told = page.of_handles(lambda standing: standing)  # half of the answer to another model is on screen
    handles = compute.plot(Standing.checked(model="digits-projector"))
    assert told(PICTURE, handles, 0.3, "7", 1.0).given == Given(PICTURE, "digits-projector", 0.3)
    with pytest.raises(ValueError):
        told(PICTURE, handles, 0.3, "cat", 1.0)
    controls = page.named_controls(Standing.checked(model="digits-projector"))
    assert not controls["named_card"].visible and page.named_controls(Standing())["named_card"].visible
