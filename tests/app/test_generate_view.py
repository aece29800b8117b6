"""Generate without a browser: N steps and one step, laws, the way back, the program, the link, the endpoint."""

import math
import re

import gradio as gr
import numpy as np
import pytest
import torch

from app import links, models, pictures
from app.panels import proof
from app.views.generate import compute as generation
from app.views.generate import controls as run_controls
from app.views.generate import page as generate
from app.views.generate import shown as run_pictures
from app.views.generate.compute import Run
from app.widgets import proof_meter
from app.widgets.curve import curves
from app.widgets.proof_meter import Settled
from linearizer_core.diagnostics import one_step_psnr
from linearizer_core.methods.flow_matching import METHODS
from tests.helpers import computed, unpacked

PAIR = ("digits:318", "digits:913")
ANY = run_controls.ANY


@pytest.fixture(autouse=True)
def _float32():
    """The lab computes in float32; what conftest.py sets is put back there."""
    torch.set_default_dtype(torch.float32)


def stage(
    seed: int = 7, label: int = ANY, steps: int = 100, method: str = "rk4", broken: bool = False
) -> list:
    return generate.stage_value(seed, label, steps, method, *PAIR, broken)


def levels(x: torch.Tensor) -> np.ndarray:
    return (x.clamp(0, 1) * 255).numpy()


# --- handlers ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("label", [ANY, 0, 7])
def test_the_film_ends_where_the_core_ends_and_one_step_ends_there_too(label):
    grid, path, compared, *_ = stage(label=label, steps=40, method="midpoint")
    gen, x0, digit = models.model(), generation.noise([7]), None if label == ANY else label
    with torch.no_grad():
        expected = gen.path(x0, 40, "midpoint", digit, generation.FRAMES)
        one = gen.collapse(40, "midpoint", digit)(generation.noise(range(15)))
    np.testing.assert_allclose(unpacked(path), levels(expected[:, 0, 0]), atol=1)
    np.testing.assert_allclose(unpacked(grid), levels(one[:, 0]), atol=1)
    noise, many, once, _ = unpacked(compared)
    np.testing.assert_allclose(many, levels(expected[-1, 0, 0]), atol=1)
    np.testing.assert_allclose(once, many, atol=1)
    np.testing.assert_allclose(noise, levels(0.5 + x0[0, 0] / 6), atol=1)
    assert grid["selected"] == 7 and grid["ids"][7] == "7"


def test_the_stage_states_steps_times_and_the_amplification_of_the_difference():
    value = stage(steps=50, method="euler")[2]
    name, largest = value["captions"][3], value["notes"][3]
    power = int(re.search("× 10(.+)$", name)[1].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
    assert value["captions"][:3] == ["noise x₀", "50 Euler steps", "one step, B"]
    assert all(re.fullmatch(r"[\d.e+]+ m?s", note) for note in value["notes"][1:3])
    assert largest.startswith("at most") and 4 <= power <= 8
    assert 0.1 * 255 - 1 <= unpacked(value)[3].max() <= 255


@pytest.mark.parametrize("steps", [1, 2, 5, 100])
def test_the_film_shows_few_frames_evenly_spread(steps):
    notes = stage(steps=steps)[1]["notes"]
    assert len(notes) == min(generation.FRAMES, steps + 1)
    assert (notes[0], notes[-1]) == ("0", "1")


def test_a_thousand_steps_decode_twelve_pictures_not_a_thousand():
    walked = generation.walked(3, Run(1000, "rk4"))
    assert walked.latents.shape == (generation.FRAMES, 1024) and walked.times[-1] == 1
    path = generate.rested(3, ANY, 1000, "rk4", *PAIR, False)[0]
    assert path["pictures"]["count"] == generation.FRAMES


def test_a_long_run_shows_one_step_at_once_and_the_rest_when_the_hand_rests():
    values = (4, ANY, 1000, "rk4", *PAIR, False)
    grid, path, compared, *_ = generate.stage_value(*values)
    assert path == gr.skip() and compared["notes"][1] == "running …" and compared["ids"][-1] == "running"
    assert unpacked(compared)[2].max() > 128 and grid["pictures"]["count"] == 15
    late_path, late, _ = generate.rested(*values)
    assert late_path["ids"] == ["4,any,1000,rk4"] and late["ids"] == ["4", "any", "1000", "rk4"]
    np.testing.assert_allclose(unpacked(late)[1], unpacked(late)[2], atol=1)
    assert generate.stage_value(*values, patient=True)[2]["ids"] == late["ids"]
    assert generate.rested(4, ANY, 100, "rk4", *PAIR, False)[1]["ids"] == ["4", "any", "100", "rk4"]


def test_a_tick_encodes_no_picture_and_collapses_once():
    stage(8), stage(9)
    collapsed = generation.operator.cache_info().misses
    encoded = pictures._latent.cache_info().misses
    stage(10)
    assert generation.operator.cache_info().misses == collapsed
    assert pictures._latent.cache_info().misses == encoded


def test_every_method_and_class_shares_one_b():
    run = Run(20, "rk4")
    assert generation.one_step(run).A is generation.one_step(Run(20, "rk4", 3)).A
    core = models.model().collapse(20, "rk4").A.values
    torch.testing.assert_close(generation.operator(20, "rk4").values, core)


def test_the_spectrum_is_that_of_b():
    values = torch.tensor(run_pictures.singular_values(30, "euler"))
    torch.testing.assert_close(values, models.model().collapse(30, "euler").svd().values)
    html = stage(steps=30, method="euler")[4]
    assert html.count("<polyline") == 2 and f"σ₁ = {values[0]:.3g}" in html and "rank 1024 of 1024" in html
    assert "rank 0 of 1024" in stage(steps=1, method="euler")[4]  # one step of Euler forgets the noise


def test_a_curve_of_nothing_is_no_error():
    assert "<svg" in curves([([0.0, 0.0], "induced", False)], "nothing")
    assert "<svg" in curves([([1.0], "induced", False)], "one")


def test_the_formula_names_steps_integrator_and_class():
    formula = stage(steps=25, method="euler", label=7)[3]
    assert "∏ₖ₌₀" in formula and ">24<" in formula and "h V(tₖ)" in formula
    assert "ν₇" in formula and "h = 0.04" in formula
    assert "4V(tₖ+h/2)" in stage(broken=True)[3] and "K₄" in stage()[3]


# --- the way back ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_b_inverse_finds_the_noise_of_a_picture(method):
    run = Run(60, method)
    found = generation.inverted(PAIR, run)
    assert (found.back - found.pictures).abs().max() < 1e-3
    with torch.no_grad():
        expected = models.model().invert(pictures.tensor(PAIR), 60, method)
    torch.testing.assert_close(found.noise, expected, atol=1e-2, rtol=1e-3)
    for value in stage(steps=60, method=method)[5:]:
        x, _, back, _ = unpacked(value)
        np.testing.assert_allclose(back, x, atol=1)
        assert value["captions"][3].startswith("difference × 10") and value["notes"][3].startswith("at most")


def test_a_drawn_digit_is_inverted_too():
    drawn = pictures.reference_of(pictures.pixels("digits:5"))
    row = generate.stage_value(0, ANY, 50, "rk4", drawn, PAIR[1], False)[5]
    np.testing.assert_allclose(unpacked(row)[2], pictures.pixels("digits:5"), atol=1)


def test_the_line_between_two_noises_makes_digits_from_one_picture_to_the_other():
    value = run_pictures.line(*PAIR, Run(50, "rk4"))
    frames = unpacked(value["frames"]).reshape(2, run_pictures.LINE_FRAMES, 32, 32)
    for index, reference in ((0, PAIR[0]), (-1, PAIR[1])):
        np.testing.assert_allclose(frames[0, index], pictures.pixels(reference), atol=2)
    f = generation.one_step(Run(50, "rk4"))
    middle = generation.line(*PAIR, Run(50, "rk4"), 33)
    with torch.no_grad():
        made = f(middle.noise[16:17])
    np.testing.assert_allclose(frames[0, 16], levels(made[0, 0]), atol=1)
    steps = np.diff(value["travelled"]["induced"]["induced"])
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-2)  # a straight line, evenly walked


# --- laws, program, link -----------------------------------------------------------------------------------
@pytest.mark.parametrize("steps", [1, 2, 100, 1000])
@pytest.mark.parametrize("method", METHODS)
def test_one_step_is_n_steps_and_the_published_shortcut_is_not(method, steps):
    whole, broken = (generate.settled(flag, 5, ANY, steps, method, *PAIR).laws for flag in (False, True))
    assert [law.error <= proof_meter.HOLDS for law in whole] == [True] * 3, whole
    assert broken[0].error > 2 * proof_meter.HOLDS, broken
    assert proof.shown(Settled(broken, "", ""))[0]["verdict"].startswith("broken: one step")


def test_the_meter_names_decibels_and_what_a_singular_b_means():
    law, inversion, _ = generate.settled(False, 5, 3, 100, "rk4", *PAIR).laws
    decibel = one_step_psnr(models.model(), generation.noise([5]), 100, "rk4", 3)
    assert decibel > 90 and re.search(r"= 100 RK4 steps from x₀, \d\d+ dB$", law.formula)
    assert "end in x" in inversion.formula
    assert "rank 0 of 1024" in generate.settled(False, 5, ANY, 1, "euler", *PAIR).laws[1].formula


def test_the_broken_step_is_seen_on_the_stage():
    value = stage(steps=4, broken=True)[2]
    assert value["captions"][2:] == ["one step, wrong B", "difference"]
    assert np.abs(unpacked(value)[1].astype(int) - unpacked(value)[2]).max() > 60


def test_python_for_this_view_reproduces_the_arrays_in_a_clean_process(tmp_path):
    seed, run = 22, Run(30, "midpoint", 8)
    program = generate.settled(False, seed, run.label, run.steps, run.method, *PAIR).python
    out = computed(program, "one path difference values x0 back digits", tmp_path)
    grid, path, compared, _, _, *rows = stage(seed, run.label, run.steps, run.method)
    np.testing.assert_allclose(levels(torch.tensor(out["one"][:, 0])), unpacked(grid), atol=1)
    np.testing.assert_allclose(levels(torch.tensor(out["path"][:, 0])), unpacked(path), atol=1)
    assert np.abs(out["difference"]).max() < 1e-3 and unpacked(compared)[3].max() > 0
    np.testing.assert_allclose(out["values"], run_pictures.singular_values(30, "midpoint"), rtol=1e-4)
    for i, row in enumerate(rows):
        np.testing.assert_allclose(levels(torch.tensor(out["back"][i, 0])), unpacked(row)[2], atol=1)
    torch.testing.assert_close(
        torch.tensor(out["x0"]), generation.inverted(PAIR, run).noise, atol=1e-2, rtol=1e-3
    )
    frames = unpacked(run_pictures.line(*PAIR, run)["frames"])[: run_pictures.LINE_FRAMES]
    np.testing.assert_allclose(levels(torch.tensor(out["digits"][:, 0])), frames, atol=2)


def test_the_link_restores_everything():
    link = generate.settled(False, 22, 8, 30, "midpoint", *PAIR).link
    values, found, notice = generate.from_link(links.decode(link), "digits:0")
    assert (values, found, notice) == ([22, 8, 30, "midpoint"], list(PAIR), "")
    assert generate.from_link(links.decode(generate.settled(False, 0, ANY, 5, "euler", *PAIR).link), "")[
        0
    ] == [
        0,
        ANY,
        5,
        "euler",
    ]


def test_a_large_seed_survives_the_link():
    link = generate.settled(False, generation.LARGEST_SEED, ANY, 5, "euler", *PAIR).link
    assert generate.from_link(links.decode(link), "digits:0")[0][0] == generation.LARGEST_SEED


def test_a_broken_link_starts_with_the_views_own_settings():
    query = {"s": "nan", "c": "12", "n": "0", "m": "verlet", "x": "digits:99999,digits:1"}
    values, found, notice = generate.from_link(query, "digits:4")
    assert values == [0, ANY, 1, "rk4"] and found[0] == "digits:4" and "does not exist" in notice


def test_before_the_view_opens_nothing_is_computed():
    values = (None, ANY, 100, "rk4", *PAIR)
    assert generate.stage_value(*values, False) == [gr.skip()] * 7
    assert generate.rested(*values, False) == [gr.skip()] * 3
    assert generate.settled(False, *values).laws == ()


def test_the_grid_turns_pages_and_never_leaves_the_seeds():
    assert run_controls._next_page(3) == 15 and run_controls._next_page(None) == 15
    assert run_controls._next_page(generation.LARGEST_SEED) == 0
    assert 22 in run_pictures.page_of(22) and len(run_pictures.page_of(22)) == 15


# --- the endpoint ------------------------------------------------------------------------------------------
def test_the_endpoint_answers_with_plain_lists():
    found = generate.generate([3, 5], 4, 20, "rk4")
    with torch.no_grad():
        expected = models.model().sample(generation.noise([3, 5]), 20, "rk4", label=4)
    np.testing.assert_allclose(found["n_steps"], expected[:, 0], atol=1e-4)
    np.testing.assert_allclose(found["one_step"], expected[:, 0], atol=1e-3)
    assert np.shape(found["path"]) == (12, 32, 32) and len(found["times"]) == 12
    assert 0 <= found["largest_difference"] < 1e-3 and len(found["spectrum"]) == 1024
    assert found["seconds"]["n_steps"] > 0 and found["seconds"]["one_step"] > 0


BAD_CALLS = {
    "no step": ([0], None, 0, "rk4", "0 steps.*from 1 to 1000"),
    "a billion steps": ([0], None, 1e9, "rk4", "1000000000.0 steps.*from 1 to 1000"),
    "half a step": ([0], None, 0.5, "rk4", "from 1 to 1000"),
    "nan steps": ([0], None, math.nan, "rk4", "nan steps.*from 1 to 1000"),
    "infinite steps": ([0], None, math.inf, "rk4", "from 1 to 1000"),
    "a word of steps": ([0], None, "many", "rk4", "many steps"),
    "true steps": ([0], None, True, "rk4", "from 1 to 1000"),
    "class 10": ([0], 10, 5, "rk4", "no class 10.*0 to 9"),
    "class −1": ([0], -1, 5, "rk4", "no class -1"),
    "nan class": ([0], math.nan, 5, "rk4", "no class nan"),
    "unknown method": ([0], None, 5, "verlet", "no “verlet”.*euler, midpoint, rk4"),
    "no method": ([0], None, 5, None, "euler, midpoint, rk4"),
    "no seeds": ([], None, 5, "rk4", "0 seeds.*1 to 16"),
    "too many seeds": (list(range(17)), None, 5, "rk4", "17 seeds"),
    "a seed": (3, None, 5, "rk4", "1 to 16"),
    "negative seed": ([-1], None, 5, "rk4", "-1 is not a seed.*0 to 2147483647"),
    "large seed": ([2**31], None, 5, "rk4", "is not a seed"),
    "nan seed": ([math.nan], None, 5, "rk4", "nan is not a seed"),
    "a word": (["seven"], None, 5, "rk4", "seven is not a seed"),
}


@pytest.mark.parametrize(("seeds", "label", "steps", "method", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(seeds, label, steps, method, sentence):
    with pytest.raises(gr.Error, match=sentence) as caught:
        generate.generate(seeds, label, steps, method)
    assert caught.value.message.count(".") <= 3 and "\n" not in caught.value.message


@pytest.mark.parametrize(
    "values", [(0, 11, 5, "rk4"), (0, ANY, 1001, "rk4"), (-4, ANY, 5, "rk4"), (0, 0, 5, [])]
)
def test_bad_values_of_a_control_get_one_sentence(values):
    for handler in (generate.stage_value, generate.rested):
        with pytest.raises(gr.Error, match="works"):
            handler(*values, *PAIR, False)
