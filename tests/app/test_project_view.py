"""Project without a browser: spoiling, what is shown, laws, the program, links, the endpoint, pictures taken as they are."""

import base64
import io
import math
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from app import models, pictures
from app.listening import Lab, of_standing
from app.pictures import files, references
from app.pictures.difference import difference
from app.settings import query_of
from app.views.project import compute, page, spoiling
from app.views.project.gauge import gauge
from app.views.project.standing import GRID, MODEL, USUAL, WHOLE, Input, Standing, largest_rank
from app.widgets import proof_meter
from app.widgets.chart import read
from tests.helpers import computed, unpacked

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "project"

X = Standing("digits:318", "salt", 0.3)
ENTRIES = [entry.text for entry in GRID]


def levels(x: torch.Tensor) -> np.ndarray:
    return (x.clamp(0, 1) * 255).numpy()[:, 0]


def address(pixels: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


# --- what goes in ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", USUAL)
def test_every_kind_of_damage_survives_its_text_and_runs_as_python(kind):
    entry = Input("digits:770", kind, USUAL[kind], seed=3)
    assert Input.of_text(entry.text) == entry
    names = {"x": pictures.tensor(["digits:770"]), "torch": torch}
    exec("from linearizer_core.data import damage\n" + spoiling.source(entry), names)
    torch.testing.assert_close(names["x"], spoiling.tensor([entry]))
    changed = not torch.equal(spoiling.tensor([entry]), pictures.tensor(["digits:770"]))
    assert changed == (kind != WHOLE)


def test_the_same_seed_is_the_same_noise_and_another_one_is_not():
    first, again, other = (spoiling.tensor([Input("digits:770", "noise", 1.0, seed)]) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_picture_of_anything_is_taken_as_it_is_and_a_digit_is_not():
    stripes = np.tile(np.uint8([[0, 255]]), (32, 16))
    whole = pictures.pixels(pictures.accept(address(stripes), whole=True))
    assert np.array_equal(whole, stripes)
    assert not np.array_equal(pictures.pixels(pictures.accept(address(stripes))), stripes)


def test_the_page_of_other_things_holds_no_digit_twice():
    found = [pictures.pixels(f"other:{i}").tobytes() for i in range(len(references.others()))]
    assert len(found) >= 18 and len(set(found)) == len(found)
    with pytest.raises(files.BadPictureError):
        pictures.pixels(f"other:{len(found)}")


@pytest.mark.parametrize(
    "text", ["", "salt", "salt;x;0;digits:3", "melt;0.3;0;digits:3", "salt;nan;0;digits:3", 3, []]
)
def test_a_text_that_is_no_input_gets_one_sentence(text):
    with pytest.raises(ValueError):
        Input.of_text(text)


# --- what is shown -----------------------------------------------------------------------------------------
def test_the_stage_shows_what_the_core_computes():
    shown = compute.stage(X, False)
    f, x = models.model(MODEL).truncated(32), spoiling.tensor([X.input])
    with torch.no_grad():
        expected = torch.cat([x, f(x), f(f(x)), f.residual(x), (x - f(x)).abs()])
        away = float(f.distance_to_range(x))
    np.testing.assert_allclose(unpacked(shown["stage"])[:5], levels(expected), atol=1)
    np.testing.assert_array_equal(unpacked(shown["painter"]), unpacked(shown["stage"])[:1])
    assert "P₃₂" in shown["formula"] and f"{away:.3g}" in shown["distance"]


def test_a_difference_is_amplified_until_it_is_seen():
    x = torch.zeros(1, 1, 2, 2)
    shown, caption, note = difference(x, x + 3e-6)
    torch.testing.assert_close(shown, x + 0.3)
    assert caption == "difference × 10⁵" and note == "at most 3.0·10⁻⁶"
    assert difference(x, x)[1:] == ("difference", "equal to the last bit")


def test_a_higher_rank_is_nearer_and_keeps_more():
    away = [float(compute.projected([X.input], rank).away) for rank in (4, 16, 64, largest_rank())]
    assert away == sorted(away, reverse=True) and away[0] > away[-1]


def test_broken_the_second_time_changes_the_picture_and_whole_it_does_not():
    for broken in (False, True):
        found = compute.projected([X.input], 32, broken)
        moved = float((found.twice - found.once).abs().max())
        assert moved > 1e-2 if broken else moved < 1e-3


def test_the_grid_answers_for_all_inputs_at_once():
    rows = compute.grid(replace(X, rank=16), ENTRIES, False)["rows"]
    f, x = models.model(MODEL).truncated(16), spoiling.tensor(GRID)
    with torch.no_grad():
        once = f(x)
    for row, expected in zip(rows, (x, once, f(once).detach())):
        np.testing.assert_allclose(unpacked(row), levels(expected), atol=1)
    assert len(rows[1]["notes"]) == len(GRID)


def test_nothing_is_computed_before_the_view_opens():
    empty = {"picture": "digits:318", "kind": None, "amount": None, "seed": None, "rank": None}
    for fn, more in ((compute.stage, {}), (compute.grid, {"entries": ENTRIES}), (compute.settled, {})):
        assert of_standing(Standing, fn)(**empty, **more, broken=False) == {}


def test_a_rank_tick_encodes_nothing_that_was_encoded():
    compute.stage(X, False)
    before = spoiling._latent.cache_info().misses
    compute.stage(replace(X, rank=17), False)
    assert spoiling._latent.cache_info().misses == before


# --- what the visitor does ---------------------------------------------------------------------------------
def test_the_dice_turn_to_the_next_seed_and_never_leave_the_seeds():
    assert [page.thrown(seed)["seed"] for seed in (None, 0, 41, 9999)] == [1, 1, 42, 0]


def test_a_kind_of_damage_starts_with_its_usual_amount():
    assert {kind: page.usual(kind)["amount"] for kind in USUAL} == USUAL
    for strange in (None, "melt", [], {}, math.nan):
        with pytest.raises(ValueError, match="kind must be one of none, noise"):
            page.usual(strange)


def test_a_click_on_the_grid_looks_closely_and_a_strange_one_does_nothing():
    event = type("Event", (), {"index": 1})()
    assert page.picked(ENTRIES, event) == GRID[1].values()
    for index in (None, "1", [], {}, -1, 6, 1.5):
        assert page.picked(ENTRIES, type("Event", (), {"index": index})()) == {}
    assert page.picked(ENTRIES, None) == {}


@pytest.mark.parametrize("event", [None, object(), type("Event", (), {"picture": ["x"]})()])
def test_a_painting_that_did_not_arrive_gets_one_sentence(event):  # fault 31
    with pytest.raises(files.BadPictureError, match="No such picture"):
        page.painted(event)


@pytest.mark.parametrize(
    ("rank", "kind", "amount"),
    [(128, "salt", 0.1), (128, "salt", 0.3), (128, "gaussian", 0.5), (32, "salt", 0.3), (16, "salt", 0.3)],
)
def test_a_spoilt_digit_is_farther_from_the_range_than_a_whole_one(rank, kind, amount):
    digits = pictures.gallery()["digits"][:200]
    whole = compute.projected([Input(name) for name in digits], rank).away
    spoilt = compute.projected([Input(name, kind, amount) for name in digits], rank).away
    assert spoilt.median() > whole.median()
    if rank == 128:
        assert (spoilt > whole).float().mean() > 0.95


# --- laws and program --------------------------------------------------------------------------------------
def test_the_laws_hold_and_break():
    holds = compute.settled(X, ENTRIES, False).laws
    assert all(law.error < proof_meter.HOLDS for law in holds)
    idempotent, adjoint, orthogonal = compute.settled(X, ENTRIES, True).laws
    assert idempotent.error > 1e-2 and orthogonal.error > 1e-2
    assert adjoint.error < proof_meter.HOLDS, "half of a projection is still symmetric"


def test_the_program_reproduces_the_screen_with_the_core_alone(tmp_path):  # fault 42
    made = computed(compute.program(X), "once twice removed distance", tmp_path)
    found = compute.projected([X.input], 32)
    for name in ("once", "twice", "removed"):
        np.testing.assert_allclose(made[name], getattr(found, name).numpy(), atol=1e-3)
    np.testing.assert_allclose(made["distance"], found.away.numpy(), rtol=1e-4)


def test_the_rank_that_controls_know_is_that_of_the_model():
    assert largest_rank() == models.model(MODEL).rank


# --- links -------------------------------------------------------------------------------------------------
OLD_LINKS = {  # as they were written before settings declared them
    "?view=project&x=digits:318&how=salt&a=0.3&s=0&k=32": Standing(),
    "?view=project&x=other:2&how=hole&a=0.5&s=7&k=64": Standing("other:2", "hole", 0.5, 7, 64),
    "?view=project&x=sample:7:42&how=none&a=0&s=9999&k=1": Standing("sample:7:42", WHOLE, 0.0, 9999, 1),
    "?view=project&x=face:3&how=negative&a=1&s=0&k=128": Standing("face:3", "negative", 1.0, 0, 128),
}


@pytest.mark.parametrize("link", OLD_LINKS)
def test_links_of_old_still_open_and_are_still_written(link):
    assert Standing.of_link(query_of(link), picture="digits:1") == (OLD_LINKS[link], True)
    assert OLD_LINKS[link].link("project") == link


def test_a_link_restores_the_view_and_a_broken_one_opens_it():
    link = compute.settled(X, ENTRIES, False).link
    assert Standing.of_link(query_of(link), picture="digits:1") == (X, True)
    query = {"x": "digits:99999", "how": "melt", "a": "7", "s": "-4", "k": "900"}
    found, whole = Standing.of_link(query, picture="digits:1")
    assert found == Standing("digits:1", "salt", 1.0, 0, largest_rank()) and not whole
    assert "does not exist" in page.opened(query, "digits:1")["notice"].value


def test_a_link_without_an_amount_spoils_as_usual():
    assert Standing.of_link({"how": "hole"})[0].amount == USUAL["hole"]
    assert Standing.of_link({"how": "hole", "a": "nan"}) == (Standing(kind="hole", amount=0.3), False)


def test_the_view_opens_with_values_for_all_its_outputs():
    with gr.Blocks():
        opening = page.build(Lab(picture=gr.State("digits:318")))
    assert opening.fn({}, "digits:318").keys() == opening.outputs.keys()


def test_the_gauge_holds_the_number_however_far_it_lies():
    for value in (0.0, 1.0, 1e6):
        (shown,) = read(gauge(value, (1.0, 2.0), "d"))["figures"][0]["data"]
        low, high = shown["gauge"]["axis"]["range"]
        assert shown["value"] == value and low == 0 and max(value, 2.0) <= high <= max(6.0, 1.1 * value)
        assert shown["gauge"]["steps"][0]["range"] == [1.0, 2.0]


# --- the endpoint ------------------------------------------------------------------------------------------
def test_the_endpoint_answers_with_plain_numbers(endpoint):
    found = endpoint("digits:318", 32.0, "salt", 0.3, 0)
    assert np.shape(found["once"]) == (32, 32) and found["largest_difference"] < 1e-3
    assert found["distance"] == pytest.approx(float(compute.projected([X.input], 32).away), rel=1e-5)
    assert found["usual_distances"][0] < found["usual_distances"][1]


BAD_CALLS = {
    "rank 0": (("digits:318", 0), "rank must be a whole number from 1 to"),
    "half a rank": (("digits:318", 2.5), "from 1 to"),
    "rank NaN": (("digits:318", math.nan), "from 1 to"),
    "unknown kind": (("digits:318", 8, "melt"), "kind must be one of none, noise.*'melt'"),
    "amount": (("digits:318", 8, "salt", 1.5), "amount must be a number from 0 to 1"),
    "amount NaN": (("digits:318", 8, "salt", math.nan), "from 0 to 1"),
    "seed": (("digits:318", 8, "salt", 0.5, -1), "seed must be a whole number from 0 to 9999"),
    "picture": (("digits:9999", 8), "No such picture"),
    "no picture": ((None, 8), "No such picture"),
    "no image": (("data:image/png;base64,AAAA", 8), "picture"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_input_gets_one_sentence(endpoint, arguments, sentence):
    with pytest.raises(gr.Error, match=sentence) as raised:
        endpoint(*arguments)
    assert "\n" not in str(raised.value)
