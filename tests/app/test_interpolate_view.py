"""Interpolate without a browser: the blend, the film, laws, the program, links old and new, the endpoint."""

import math

import gradio as gr
import numpy as np
import pytest
import torch

from app import models, pictures
from app.listening import Lab, of_standing
from app.pictures import SECOND_PICTURE, encoding
from app.settings import query_of
from app.views.interpolate import compute, mixer, page
from app.views.interpolate.standing import PLACES, Standing, equal
from app.views.interpolate.standing import opened as standing_of
from app.widgets import proof_meter
from tests.helpers import assert_figure, computed, unpacked

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "interpolate"

PAIR = ("digits:318", "digits:913")
FACES = ("face:17", "face:31")
of_both = pytest.mark.parametrize(("pair", "model"), [(PAIR, "digits"), (FACES, "faces")])


# --- links -------------------------------------------------------------------------------------------------
def opened(search: str, picture: str = "digits:1") -> tuple[Standing, bool]:
    return Standing.of_link(query_of(search), pictures=(picture, SECOND_PICTURE))


def test_a_link_gives_pictures_and_weights():
    standing, whole = opened("?view=interpolate&x=digits:3,digits:4,digits:5&w=1,0.5,-2")
    assert (standing.pictures, standing.weights) == (("digits:3", "digits:4", "digits:5"), (1, 0.5, -2))
    assert whole and opened(standing.link("interpolate")) == (standing, True)


def test_a_link_without_weights_or_with_too_few_gives_equal_ones():
    assert opened("?x=digits:3,digits:4,digits:5")[0].weights == equal(3)
    standing, whole = opened("?x=digits:3,digits:4,digits:5&w=1,0")
    assert standing.pictures[2] == "digits:5" and standing.weights == equal(3) and not whole


def test_without_a_link_the_current_picture_is_the_first():
    assert opened("") == (Standing(("digits:1", SECOND_PICTURE)), True)


def test_what_a_link_holds_is_brought_into_range_or_left_out():
    assert opened("?w=9,-9")[0].weights == (2, -2)
    standing, whole = opened("?x=digits:3,nothing:4&w=nan,1")
    assert standing == Standing(("digits:1", SECOND_PICTURE)) and not whole


def test_drawings_travel_in_links_and_a_link_that_cannot_be_read_back_is_not_given():  # fault 32
    drawn = pictures.reference_of(pictures.pixels("digits:0"))
    standing = Standing((drawn, "digits:3"), (0.25, -1.5))
    assert opened(standing.link("interpolate")) == (standing, True)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    large = Standing(tuple(pictures.reference_of(noise + i) for i in range(3)))
    assert large.link("interpolate") == ""


def levels(x: torch.Tensor) -> np.ndarray:
    """A picture (C, H, W) as the widgets draw it: (H, W) or (H, W, 3), 0 to 255."""
    return (x.clamp(0, 1) * 255).permute(1, 2, 0).squeeze(-1).numpy()


# --- the blend ---------------------------------------------------------------------------------------------
@of_both
def test_the_stage_shows_the_blend_of_the_space_and_of_the_pixels(pair, model):
    x, f = pictures.tensor(pair, model), models.model(model)
    value = compute.stage(Standing(pair, (0.3, 0.7), model))["stage"]
    shown = unpacked(value)
    with torch.no_grad():
        induced = f.domain.combine([0.3, 0.7], x)
    np.testing.assert_allclose(shown[0], levels(induced), atol=1)
    np.testing.assert_allclose(shown[1], levels(0.3 * x[0] + 0.7 * x[1]), atol=1)
    assert value["notes"] == ["g⁻¹( 0.30 g(x₁) + 0.70 g(x₂) )", "0.30 x₁ + 0.70 x₂"]


def test_weights_of_empty_places_do_not_count_nor_years_of_digits():
    tick = page.of_filled(compute.stage)
    found = tick(pictures=list(PAIR), weights=[0.3, 0.7, 9.0, 9.0], model="digits", years=20.0)
    assert found == compute.stage(Standing(PAIR, (0.3, 0.7)))
    assert tick(pictures=list(PAIR), weights=[0.3, 0.7, 0, 0], model=None, years=0.0) == {}  # not open yet


def test_years_are_added_as_a_vector_and_read_again():
    young, old = (Standing(FACES, (0.5, 0.5), "faces", years) for years in (0.0, 25.0))
    f, x = models.model("faces"), pictures.tensor(FACES, "faces")
    with torch.no_grad():
        expected = f.aged(f.domain.combine([0.5, 0.5], x)[None], 25.0)
        ages = f.age(torch.cat([f.domain.combine([0.5, 0.5], x)[None], expected]))
    found = compute.stage(old)["stage"]
    np.testing.assert_allclose(unpacked(found)[0], levels(expected[0]), atol=1)
    assert found["notes"][0].endswith("+ 25 g(older) )") and found["captions"][0].endswith(
        f"looks {ages[1]:.0f}"
    )
    assert compute.stage(young)["stage"]["captions"][0].endswith(f"looks {ages[0]:.0f}")
    torch.testing.assert_close(ages[1] - ages[0], torch.tensor(25.0), atol=1e-2, rtol=0)
    law = compute.settled(old, False).laws[3]
    assert (
        law.error < proof_meter.HOLDS
        and "+ 25" in law.formula
        and len(compute.settled(young, False).laws) == 3
    )
    assert compute.settled(old, True).laws[3].error > proof_meter.HOLDS
    assert opened(old.link("interpolate")) == (old, True)


def test_digits_do_not_age():
    with pytest.raises(ValueError, match="digits knows nothing of years; 0 works"):
        Standing(PAIR, (0.5, 0.5), "digits", 3.0)


def test_a_picture_of_another_kind_brings_its_model():
    with gr.Blocks():
        board = mixer.mixer(Lab(picture=gr.State("digits:318")), "toy", gr.Slider())
    face = board.put("face:5", list(PAIR), 1, "digits")
    assert (face["model"], face["current"], face["references"]) == ("faces", "face:5", ["face:5", "face:31"])
    digit = board.put("digits:3", list(FACES), 0, "faces")
    assert (digit["model"], digit["references"]) == ("digits", ["digits:3", "digits:913"])
    same = board.put("face:5", list(FACES), 1, "faces")
    assert same["references"] == ["face:17", "face:5"] and "model" not in same
    assert standing_of({}, "face:4")[0].model == "faces"


def test_a_tick_encodes_nothing(monkeypatch):
    compute.stage(Standing(PAIR))
    monkeypatch.setattr(models.model().g_x, "forward", None)  # would fail if it were called
    assert unpacked(compute.stage(Standing(PAIR, (0.1, 0.9)))["stage"]).shape == (2, 32, 32)


def test_a_weight_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"weights must be .* a number from −2 to 2"):
        of_standing(Standing, compute.stage)(pictures=PAIR, weights=[math.nan, 0.5])


@of_both
def test_the_film_runs_from_one_picture_to_the_other_on_straight_lines(pair, model):
    value = compute.film_between(*pair, model)
    count = models.frames(model)
    frames = unpacked(value["frames"]).astype(float)
    assert len(frames) == 2 * count
    for row in (frames[:count], frames[count:]):
        np.testing.assert_allclose(row[0], pictures.pixels(pair[0]), atol=2)
        np.testing.assert_allclose(row[-1], pictures.pixels(pair[1]), atol=2)
    ends = pictures.tensor(pair, model)[:, None]
    travelled, distance = value["travelled"], models.model(model).domain.distance(*ends)
    assert travelled["induced"]["induced"][-1] == pytest.approx(distance.item(), rel=1e-3)
    assert (
        travelled["pixel"]["induced"][-1] > travelled["induced"]["induced"][-1]
    )  # a detour in the other space
    assert travelled["induced"]["pixel"][-1] > travelled["pixel"]["pixel"][-1]


def test_laws_hold_and_break_when_the_sum_is_replaced():
    whole, broken = (compute.settled(Standing(PAIR, (0.4, 0.6)), flag) for flag in (False, True))
    assert [law.error <= proof_meter.HOLDS for law in whole.laws] == [True, True, True]
    assert max(law.error for law in broken.laws) > 0.1
    assert proof_meter.reading(broken.laws)["verdict"].startswith("broken")
    assert query_of(whole.link)["w"] == "0.4,0.6"


def test_python_for_this_view_reproduces_the_picture_in_a_clean_process(tmp_path):
    drawn = pictures.reference_of(pictures.pixels("digits:5"))
    chosen, weights = (*PAIR, drawn), (0.5, -0.25, 0.75)
    program = compute.settled(Standing(chosen, weights), False).python
    out = computed(program, "induced pixel film", tmp_path)
    assert_figure(tmp_path / "interpolate.png")
    induced, pixel, _ = compute.blends(Standing(chosen, weights))
    np.testing.assert_allclose(out["induced"], induced[0], atol=1e-4)
    np.testing.assert_allclose(out["pixel"], pixel[0], atol=1e-6)
    film = unpacked(compute.film_between(*chosen[:2], "digits")["frames"])[:33]
    np.testing.assert_allclose(np.clip(out["film"][:, 0], 0, 1) * 255, film, atol=1)


def test_python_for_faces_reproduces_the_picture_in_a_clean_process(tmp_path):
    uploaded = pictures.reference_of(pictures.pixels("face:5"))
    standing = Standing(("face:17", uploaded), (0.5, 0.5), "faces", -15.0)
    out = computed(compute.settled(standing, False).python, "induced pixel", tmp_path)
    induced, pixel, _ = compute.blends(standing)
    np.testing.assert_allclose(out["induced"], induced[0], atol=1e-4)
    np.testing.assert_allclose(out["pixel"], pixel[0], atol=1e-6)


BAD_CALLS = {
    "one picture": (["digits:3"], [1.0], "a list of 2 to 4 pictures"),
    "five pictures": (["digits:3"] * 5, [0.2] * 5, "a list of 2 to 4 pictures"),
    "no list": ("digits:3", [1.0], "a list of 2 to 4 pictures"),
    "too few weights": (PAIR, [1.0], "one weight"),
    "nan": (PAIR, [math.nan, 1.0], "a number from −2 to 2"),
    "a word": (PAIR, ["much", 1.0], "a number from −2 to 2"),
    "out of range": (PAIR, [3.0, 1.0], "from −2 to 2"),
    "unknown picture": (["digits:3", "cat:1"], [0.5, 0.5], "No such picture"),
    "a list as a picture": (["digits:3", ["digits:4"]], [0.5, 0.5], "No such picture"),
    "no picture": (["digits:3", "data:image/png;base64,AAAA"], [0.5, 0.5], "not a picture"),
    "unknown model": (PAIR, [0.5, 0.5], "model must be one of digits, faces", "cats"),
    "a model of other pictures": (PAIR, [0.5, 0.5], "model must be one of digits, faces", "styles"),
    "a model that does not age": (PAIR, [0.5, 0.5], "knows nothing of years", "digits", 4),
    "too many years": (FACES, [0.5, 0.5], "years must be a number from −40 to 40", "faces", 1000),
}


@pytest.mark.parametrize("call", BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(endpoint, call):
    chosen, weights, sentence, *others = call
    with pytest.raises(gr.Error, match=sentence):
        endpoint(chosen, weights, *others)


def test_the_endpoint_takes_a_photo_as_a_face_where_the_model_knows_faces(endpoint):
    photo = encoding.jpeg_address(np.random.default_rng(0).integers(0, 256, (80, 100, 3), dtype=np.uint8))
    found = endpoint([photo, "face:17"], [1.0, 0.0], "faces")
    assert np.shape(found["induced"]) == (3, 64, 64)
    np.testing.assert_allclose(found["induced"], found["pixel"], atol=1e-3)


def test_places_are_replaced_added_and_removed():
    pair = list(PAIR)
    assert mixer.replaced(pair, 1, "digits:0") == [PAIR[0], "digits:0"]
    four = mixer.added(mixer.added(pair, "digits"), "digits")
    assert len(set(four)) == 4 and mixer.added(four, "digits") == four
    assert mixer.removed(four, 0) == four[1:] and mixer.removed(pair, 0) == pair
    assert [sum(equal(count)) for count in (2, 3, 4)] == pytest.approx([1, 1, 1])
    assert PLACES == 4
    assert [place is None for place in mixer.places_value(pair, 0, "digits")] == [False, False, True, True]


# --- "break it" is seen, and what is said of the weights ---------------------------------------------------------
def test_broken_the_sum_of_pixels_stands_in_the_place_of_the_induced_one():
    whole, broken = (compute.stage(Standing(), b)["stage"] for b in (False, True))
    assert broken["hues"] == ["bad", "pixel", "bad"]
    instead, plain, gap = unpacked(broken)
    assert (instead == plain).all() and gap.max() > 25 and (unpacked(whole)[0] != instead).any()
    films = [compute.film_between(*Standing().pictures, "digits", b)["frames"] for b in (False, True)]
    assert films[0]["bytes"] != films[1]["bytes"]


def test_weights_that_do_not_add_up_to_one_get_a_sentence():
    assert compute.stage(Standing())["said"] == ""
    assert "1.30, not 1" in compute.stage(Standing(weights=(0.8, 0.5)))["said"]
