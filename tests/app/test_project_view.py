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

import linearizer_core as lc
from app import models, pictures
from app.listening import Lab, of_standing
from app.models import needs
from app.pictures import files, references
from app.pictures.difference import difference
from app.settings import query_of
from app.views.project import compute, page, spoiling, words
from app.views.project.gauge import gauge
from app.views.project.standing import FIRST, USUAL, WHOLE, Input, Standing, grid_of
from app.widgets import proof_meter
from app.widgets.chart import read
from linearizer_core.models.aged import AgedGenerator
from tests.helpers import assert_figure, computed, unpacked

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "project"

X = Standing("digits:318", "salt", 0.3)
FACE = Standing("face:17", "salt", 0.3, model="faces")
GRID = grid_of(FIRST)
ENTRIES = [entry.text for entry in GRID]
both = pytest.mark.parametrize("standing", [X, FACE], ids=["digits", "faces"])


def levels(x: torch.Tensor) -> np.ndarray:
    """Pictures (B, C, H, W) as the widgets draw them: (B, H, W) or (B, H, W, 3), 0 to 255."""
    return (x.clamp(0, 1) * 255).permute(0, 2, 3, 1).squeeze(-1).numpy()


def projector(standing: Standing) -> lc.Projector:
    """f by the core alone."""
    f, k = lc.load(standing.model), standing.rank
    return f.truncated(k) if standing.model == FIRST else f.projector(k)


def address(pixels: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


# --- what goes in ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", USUAL)
@both
def test_every_kind_of_damage_survives_its_text_and_runs_as_python(kind, standing):
    entry, model = Input(standing.picture, kind, USUAL[kind], seed=3), standing.model
    assert Input.of_text(entry.text) == entry
    names = {"x": pictures.tensor([entry.picture], model), "torch": torch}
    exec("from linearizer_core.data import damage\n" + spoiling.source(entry, model), names)
    torch.testing.assert_close(names["x"], spoiling.tensor([entry], model))
    changed = not torch.equal(spoiling.tensor([entry], model), pictures.tensor([entry.picture], model))
    assert changed == (kind != WHOLE)


def test_the_same_seed_is_the_same_noise_and_another_one_is_not():
    first, again, other = (
        spoiling.tensor([Input("digits:770", "noise", 1.0, seed)], FIRST) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_picture_of_anything_is_taken_as_it_is_and_a_digit_is_not():
    stripes = np.tile(np.uint8([[0, 255]]), (32, 16))
    whole = pictures.pixels(pictures.accept(address(stripes), "whole"))
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
@both
def test_the_stage_shows_what_the_core_computes(standing):
    shown = compute.stage(standing, False)
    f, x = projector(standing), spoiling.tensor([standing.input], standing.model)
    with torch.no_grad():
        expected = torch.cat([x, f(x), f(f(x)), f.residual(x), (x - f(x)).abs()])
        away = float(f.distance_to_range(x))
    assert shown["stage"]["pictures"]["count"] == 3
    pictures_shown = np.concatenate([unpacked(shown[name]) for name in ("stage", "removed")])
    np.testing.assert_allclose(pictures_shown, levels(expected), atol=1)
    np.testing.assert_array_equal(unpacked(shown["painter"]), unpacked(shown["stage"])[:1])
    assert "P₃₂" in shown["formula"] and f"‖ = {away:.3g} " in shown["distance"]
    seen = float((x - expected[1]).square().mean().sqrt())
    assert f"changes pixels by {seen:.2f} " in shown["distance"]


@pytest.mark.parametrize("model", ["digits-projector", "faces"])
def test_one_of_the_two_distances_agrees_with_the_eye(model):
    """Whatever is spoilt so that one sees it lies outside what is usual for the eye; a whole picture inside."""
    first = pictures.examples(model)[0]
    low, high = compute.usual_by_eye(model, 32)
    seen = {}
    for kind in ("none", "noise", "gaussian", "salt", "hole", "cover", "negative"):
        found = compute.projected([Input(first, kind)], model, 32)
        seen[kind] = float(compute.by_eye(found.x, found.once))
    assert low < seen.pop("none") < high and min(seen.values()) > high
    f, x = projector(Standing(model=model, picture=first)), pictures.tensor(pictures.page_of(model), model)
    with torch.no_grad():
        wanted = (x - f(x)).square().mean((1, 2, 3)).sqrt().quantile(torch.tensor([0.05, 0.95]))
    torch.testing.assert_close(torch.tensor([low, high]), wanted, rtol=1e-3, atol=1e-4)
    assert words.step_of(300) == 256 and words.step_of(63) == 32 and words.step_of(1) == 1


def test_broken_f_of_f_is_another_picture_and_how_they_differ_is_shown():
    whole, broken = (compute.stage(X, b)["stage"] for b in (False, True))
    assert broken["hues"] == ["", "bad", "bad", "bad"] and "differs at most" in whole["notes"][2]
    once, twice, gap = unpacked(broken)[1:].astype(int)
    assert np.abs(twice - once).max() > 20 and gap.max() > 25
    assert np.abs(unpacked(whole)[2].astype(int) - unpacked(whole)[1]).max() <= 1


def test_another_picture_comes_whole():
    assert page.fresh("digits:3") == {"picture": "digits:3", "kind": "none", "amount": 0.0}


def test_a_difference_is_amplified_until_it_is_seen():
    x = torch.zeros(1, 1, 2, 2)
    shown, caption, note = difference(x, x + 3e-6)
    torch.testing.assert_close(shown, x + 0.3)
    assert caption == "difference × 10⁵" and note == "at most 3.0·10⁻⁶"
    assert difference(x, x)[1:] == ("difference", "equal to the last bit")


def test_a_higher_rank_is_nearer_and_keeps_more():
    away = [float(compute.projected([X.input], FIRST, rank).away) for rank in (4, 16, 64, 128)]
    assert away == sorted(away, reverse=True) and away[0] > away[-1]


@both
def test_broken_the_second_time_changes_the_picture_and_whole_it_does_not(standing):
    for broken in (False, True):
        found = compute.projected([standing.input], standing.model, 32, broken)
        moved = float((found.twice - found.once).abs().max())
        assert moved > 1e-2 if broken else moved < 1e-3


def test_the_grid_answers_for_all_inputs_at_once():
    rows = compute.grid(replace(X, rank=16), ENTRIES, False)["rows"]
    f, x = models.model(FIRST).truncated(16), spoiling.tensor(GRID, FIRST)
    with torch.no_grad():
        once = f(x)
    for row, expected in zip(rows, (x, once, f(once).detach())):
        np.testing.assert_allclose(unpacked(row), levels(expected), atol=1)
    assert len(rows[1]["notes"]) == len(GRID)


def test_nothing_is_computed_before_the_view_opens():
    empty = {"picture": "digits:318", "kind": None, "amount": None, "seed": None, "rank": None, "model": None}
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
        page.painted(FIRST, event)


def test_what_is_painted_on_a_face_keeps_its_colours():
    face = pictures.pixels("face:17")
    event = type("Event", (), {"picture": address(face)})()
    found = pictures.pixels(page.painted("faces", event)["picture"])
    assert (
        found.shape == (64, 64, 3) and np.abs(found.astype(int) - face).mean() < 4
    )  # a JPEG file is not exact


def test_another_model_brings_its_pictures_and_its_ranks():
    found = page.switched("faces", 128)
    assert found["picture"] == "face:17" and found["rank"].maximum == 256 and found["rank"].value == 128
    assert found["entries"] == [entry.text for entry in grid_of("faces")]
    back = page.switched(FIRST, 256)
    assert back["picture"] == "digits:318" and back["rank"].maximum == back["rank"].value == 128
    with pytest.raises(ValueError, match="digits is not offered here: this view takes latent axes in order"):
        page.switched("digits", 3)


@pytest.mark.parametrize(
    ("rank", "kind", "amount"),
    [(128, "salt", 0.1), (128, "salt", 0.3), (128, "gaussian", 0.5), (32, "salt", 0.3), (16, "salt", 0.3)],
)
def test_a_spoilt_digit_is_farther_from_the_range_than_a_whole_one(rank, kind, amount):
    digits = pictures.gallery()["digits"][:200]
    whole = compute.projected([Input(name) for name in digits], FIRST, rank).away
    spoilt = compute.projected([Input(name, kind, amount) for name in digits], FIRST, rank).away
    assert spoilt.median() > whole.median()
    if rank == 128:
        assert (spoilt > whole).float().mean() > 0.95


# --- laws and program --------------------------------------------------------------------------------------
@both
def test_the_laws_hold_and_break(standing):
    entries = [entry.text for entry in grid_of(standing.model)]
    holds = compute.settled(standing, entries, False).laws
    assert all(law.error < proof_meter.HOLDS for law in holds)
    idempotent, adjoint, orthogonal = compute.settled(standing, entries, True).laws
    assert idempotent.error > 1e-2 and orthogonal.error > 1e-2
    assert adjoint.error < proof_meter.HOLDS, "half of a projection is still symmetric"


@both
def test_the_program_reproduces_the_screen_with_the_core_alone(standing, tmp_path):  # fault 42
    made = computed(compute.program(standing), "once twice removed distance", tmp_path)
    assert_figure(tmp_path / "project.png")
    found = compute.projected([standing.input], standing.model, 32)
    for name in ("once", "twice", "removed"):
        np.testing.assert_allclose(made[name], getattr(found, name).numpy(), atol=1e-3)
    np.testing.assert_allclose(made["distance"], found.away.numpy(), rtol=1e-4)


def test_what_is_said_of_the_models_is_so():
    assert models.model(FIRST).rank == models.ABILITIES[FIRST].ranks
    for name, kind in models.ABILITIES.items():
        f = models.model(name)
        assert isinstance(f, lc.Generator) == kind.generates and isinstance(f, AgedGenerator) == kind.ages
        assert kind.classes == (len(f.means) if kind.generates and len(f.means) > 1 else 0)
        assert f.g_x.in_shape[0] == (3 if kind.pictures == needs.FACE else 1)


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
    assert found == Standing("digits:1", "salt", 1.0, 0, 128) and not whole
    assert "does not exist" in page.opened(query, "digits:1")["notice"].value


def test_a_link_without_an_amount_spoils_as_usual():
    assert Standing.of_link({"how": "hole"})[0].amount == USUAL["hole"]
    assert Standing.of_link({"how": "hole", "a": "nan"}) == (Standing(kind="hole", amount=0.3), False)


def test_the_view_opens_with_values_for_all_its_outputs():
    with gr.Blocks():
        opening = page.build(Lab(picture=gr.State("digits:318")))
    assert opening.outputs.keys() - opening.fn({"model": "faces"}, "digits:318").keys() == {"own_page"}
    found = opening.fn({}, "digits:318")
    assert (
        opening.outputs.keys() - found.keys() == {"sources", "own_page", "own_tab"}
        and found["model"] == FIRST
    )


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
    assert found["distance"] == pytest.approx(float(compute.projected([X.input], FIRST, 32).away), rel=1e-5)
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
    "too many axes": (("digits:318", 200), "200 axes were asked for; digits-projector has 128"),
    "no projector": (
        ("digits:318", 8, "salt", 0.5, 0, "digits"),
        "digits is not offered here: this view takes latent axes in order",
    ),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_input_gets_one_sentence(endpoint, arguments, sentence):
    with pytest.raises(gr.Error, match=sentence) as raised:
        endpoint(*arguments)
    assert "\n" not in str(raised.value)
