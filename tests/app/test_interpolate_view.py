"""Interpolate without a browser: the blend, the film, laws, the program, links old and new, the endpoint."""

import math

import gradio as gr
import numpy as np
import pytest
import torch

from app import models, pictures
from app.listening import of_standing
from app.pictures import SECOND_PICTURE
from app.settings import query_of
from app.views.interpolate import compute, mixer, page
from app.views.interpolate.standing import PLACES, Standing, equal
from app.widgets import proof_meter
from tests.helpers import assert_figure, computed, unpacked

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "interpolate"

PAIR = ("digits:318", "digits:913")


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


# --- the blend ---------------------------------------------------------------------------------------------
def test_the_stage_shows_the_blend_of_the_space_and_of_the_pixels():
    x, f = pictures.tensor(PAIR), models.model()
    value = compute.stage(Standing(PAIR, (0.3, 0.7)))["stage"]
    shown = unpacked(value)
    with torch.no_grad():
        induced = f.domain.combine([0.3, 0.7], x)[0]
    np.testing.assert_allclose(shown[0], induced.clamp(0, 1) * 255, atol=1)
    np.testing.assert_allclose(shown[1], (0.3 * x[0] + 0.7 * x[1])[0] * 255, atol=1)
    assert value["notes"] == ["g⁻¹( 0.30 g(x₁) + 0.70 g(x₂) )", "0.30 x₁ + 0.70 x₂"]


def test_weights_of_empty_places_do_not_count():
    tick = page.of_filled(compute.stage)
    found = tick(pictures=list(PAIR), weights=[0.3, 0.7, 9.0, 9.0])
    assert found == compute.stage(Standing(PAIR, (0.3, 0.7)))


def test_a_tick_encodes_nothing(monkeypatch):
    compute.stage(Standing(PAIR))
    monkeypatch.setattr(models.model().g_x, "forward", None)  # would fail if it were called
    assert unpacked(compute.stage(Standing(PAIR, (0.1, 0.9)))["stage"]).shape == (2, 32, 32)


def test_a_weight_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"weights must be .* a number from −2 to 2"):
        of_standing(Standing, compute.stage)(pictures=PAIR, weights=[math.nan, 0.5])


def test_the_film_runs_from_one_picture_to_the_other_on_straight_lines():
    value = compute.film_between(*PAIR)
    frames = unpacked(value["frames"]).reshape(2, compute.FRAMES, 32, 32).astype(float)
    for row in frames:
        np.testing.assert_allclose(row[0], pictures.pixels(PAIR[0]), atol=2)
        np.testing.assert_allclose(row[-1], pictures.pixels(PAIR[1]), atol=2)
    travelled, distance = value["travelled"], models.model().domain.distance(*pictures.tensor(PAIR)[:, None])
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
    induced, pixel = compute.blends(chosen, weights)
    np.testing.assert_allclose(out["induced"], induced[0], atol=1e-4)
    np.testing.assert_allclose(out["pixel"], pixel[0], atol=1e-6)
    film = unpacked(compute.film_between(*chosen[:2])["frames"])[: compute.FRAMES]
    np.testing.assert_allclose(np.clip(out["film"][:, 0], 0, 1) * 255, film, atol=1)


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
}


@pytest.mark.parametrize(("chosen", "weights", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(endpoint, chosen, weights, sentence):
    with pytest.raises(gr.Error, match=sentence):
        endpoint(chosen, weights)


def test_places_are_replaced_added_and_removed():
    pair = list(PAIR)
    assert mixer.replaced(pair, 1, "digits:0") == [PAIR[0], "digits:0"]
    four = mixer.added(mixer.added(pair))
    assert len(set(four)) == 4 and mixer.added(four) == four
    assert mixer.removed(four, 0) == four[1:] and mixer.removed(pair, 0) == pair
    assert [sum(equal(count)) for count in (2, 3, 4)] == pytest.approx([1, 1, 1])
    assert PLACES == 4
    assert [place is None for place in mixer.places_value(pair, 0)] == [False, False, True, True]
