"""Project without a browser: spoiling, handlers, laws, the program, the link, the endpoint, pictures taken as they are."""

import base64
import io
import re

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from app import links, models, pictures
from app.pictures import files
from app.views.project import compute as projecting
from app.views.project import inputs as spoiling
from app.views.project import page as project
from app.views.project.gauge import gauge
from app.views.project.inputs import MODEL, USUAL, Input
from app.widgets import proof_meter
from tests.helpers import computed, unpacked

X = Input("digits:318", "salt", 0.3)
CONTROLS = (X.picture, X.kind, X.amount, X.seed, 32)
GRID = [entry.text for entry in project.GRID]


@pytest.fixture(autouse=True)
def _float32():
    """The lab computes in float32; what conftest.py sets is put back there."""
    torch.set_default_dtype(torch.float32)


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
    assert spoiling.parsed(entry.text) == entry
    names = {"x": pictures.tensor(["digits:770"]), "torch": torch}
    exec("from linearizer_core.data import damage\n" + spoiling.source(entry), names)
    torch.testing.assert_close(names["x"], spoiling.tensor([entry]))
    changed = not torch.equal(spoiling.tensor([entry]), pictures.tensor(["digits:770"]))
    assert changed == (kind != spoiling.WHOLE)


def test_the_same_seed_is_the_same_noise_and_another_one_is_not():
    first, again, other = (spoiling.tensor([Input("digits:770", "noise", 1.0, seed)]) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_picture_of_anything_is_taken_as_it_is_and_a_digit_is_not():
    stripes = np.tile(np.uint8([[0, 255]]), (32, 16))
    whole = pictures.pixels(pictures.accept(address(stripes), whole=True))
    assert np.array_equal(whole, stripes)
    assert not np.array_equal(pictures.pixels(pictures.accept(address(stripes))), stripes)


def test_the_page_of_other_things_holds_no_digit_twice():
    found = [pictures.pixels(f"other:{i}").tobytes() for i in range(len(pictures.others()))]
    assert len(found) >= 18 and len(set(found)) == len(found)
    with pytest.raises(files.BadPictureError):
        pictures.pixels(f"other:{len(found)}")


# --- handlers ----------------------------------------------------------------------------------------------
def test_the_stage_shows_what_the_core_computes():
    painter, stage, formula, distance = project.stage_value(*CONTROLS, False)
    f, x = models.model(MODEL).truncated(32), spoiling.tensor([X])
    with torch.no_grad():
        expected = torch.cat([x, f(x), f(f(x)), f.residual(x), (x - f(x)).abs()])
        away = float(f.distance_to_range(x))
    np.testing.assert_allclose(unpacked(stage)[:5], levels(expected), atol=1)
    np.testing.assert_array_equal(unpacked(painter), unpacked(stage)[:1])
    assert "P₃₂" in formula and f"{away:.3g}" in distance


def test_a_higher_rank_is_nearer_and_keeps_more():
    away = [float(projecting.projected([X], rank).away) for rank in (4, 16, 64, projecting.largest_rank())]
    assert away == sorted(away, reverse=True) and away[0] > away[-1]


def test_broken_the_second_time_changes_the_picture_and_whole_it_does_not():
    for broken in (False, True):
        found = projecting.projected([X], 32, broken)
        moved = float((found.twice - found.once).abs().max())
        assert moved > 1e-2 if broken else moved < 1e-3


def test_the_grid_answers_for_all_inputs_at_once():
    rows = project.grid_value(GRID, 16, False)
    f, x = models.model(MODEL).truncated(16), spoiling.tensor(project.GRID)
    with torch.no_grad():
        once = f(x)
    for row, expected in zip(rows, (x, once, f(once).detach())):
        np.testing.assert_allclose(unpacked(row), levels(expected), atol=1)
    assert len(rows[1]["notes"]) == len(GRID)


def test_nothing_is_computed_before_the_view_opens():
    assert project.stage_value("digits:318", None, None, None, None, False)[0] == gr.skip()
    assert project.settled(False, "digits:318", None, None, None, None, GRID).laws == ()


def test_a_rank_tick_encodes_nothing_that_was_encoded():
    project.stage_value(*CONTROLS, False)
    before = spoiling._latent.cache_info().misses
    project.stage_value(*CONTROLS[:-1], 17, False)
    assert spoiling._latent.cache_info().misses == before


# --- laws, program, link -----------------------------------------------------------------------------------
def test_the_laws_hold_and_break():
    holds = project.settled(False, *CONTROLS, GRID).laws
    assert all(law.error < proof_meter.HOLDS for law in holds)
    idempotent, adjoint, orthogonal = project.settled(True, *CONTROLS, GRID).laws
    assert idempotent.error > 1e-2 and orthogonal.error > 1e-2
    assert adjoint.error < proof_meter.HOLDS, "half of a projection is still symmetric"


def test_the_program_reproduces_the_screen(tmp_path):
    program = project.settled(False, *CONTROLS, GRID).python
    made = computed(program, "once twice removed distance", tmp_path)
    found = projecting.projected([X], 32)
    for name in ("once", "twice", "removed"):
        np.testing.assert_allclose(made[name], getattr(found, name).numpy(), atol=1e-3)
    np.testing.assert_allclose(made["distance"], found.away.numpy(), rtol=1e-4)


def test_a_link_restores_the_view_and_a_broken_one_opens_it():
    link = project.settled(False, *CONTROLS, GRID).link
    assert project.from_link(links.decode(link), "digits:1")[:2] == (X, 32)
    entry, rank, notice = project.from_link(
        {"x": "digits:99999", "how": "melt", "a": "7", "s": "-4", "k": "900"}, "digits:1"
    )
    assert (entry.picture, entry.kind, entry.amount, entry.seed) == ("digits:1", "salt", 1.0, 0)
    assert rank == projecting.largest_rank() and notice


def test_the_view_opens_with_values_for_all_its_outputs():
    with gr.Blocks():
        from app.state import Lab

        opening = project.build(Lab(picture=gr.State("digits:318")))
    assert len(opening.fn({}, "digits:318")) == len(opening.outputs)


def test_the_gauge_holds_the_number_however_far_it_lies():
    for value in (0.0, 1.0, 1e6):
        places = [
            float(found) for found in re.findall(r"(?:left:|calc\()([\d.]+)%", gauge(value, (1.0, 2.0), "d"))
        ]
        assert all(0 <= place <= 100 for place in places)


# --- the endpoint ------------------------------------------------------------------------------------------
def test_the_endpoint_answers_with_plain_numbers():
    found = project.project("digits:318", 32, "salt", 0.3, 0)
    assert np.shape(found["once"]) == (32, 32) and found["largest_difference"] < 1e-3
    assert found["distance"] == pytest.approx(float(projecting.projected([X], 32).away), rel=1e-5)
    assert found["usual_distances"][0] < found["usual_distances"][1]


BAD_CALLS = {
    "rank 0": (("digits:318", 0), "from 1 to"),
    "half a rank": (("digits:318", 2.5), "from 1 to"),
    "rank NaN": (("digits:318", float("nan")), "from 1 to"),
    "unknown kind": (("digits:318", 8, "melt"), "“melt”"),
    "amount": (("digits:318", 8, "salt", 1.5), "from 0 to 1"),
    "amount NaN": (("digits:318", 8, "salt", float("nan")), "from 0 to 1"),
    "seed": (("digits:318", 8, "salt", 0.5, -1), "from 0 to 9999"),
    "picture": (("digits:9999", 8), "No such picture"),
    "no picture": ((None, 8), "No such picture"),
    "no image": (("data:image/png;base64,AAAA", 8), "picture"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_input_gets_one_sentence(arguments, sentence):
    with pytest.raises(gr.Error, match=sentence) as raised:
        project.project(*arguments)
    assert "\n" not in str(raised.value)
