"""Generate without a browser: N steps and one step, laws, the way back, the program, the link, the endpoint."""

import math
import re

import gradio as gr
import numpy as np
import pytest
import torch

from app import models, pictures
from app.listening import Lab, of_standing
from app.pictures import SECOND_PICTURE, references
from app.pictures.noise import LARGEST_SEED
from app.settings import query_of
from app.views.generate import compute, controls, page, runs, shown
from app.views.generate.standing import ANY, Run, Standing
from app.views.generate.standing import opened as standing_of
from app.widgets import proof_meter
from app.widgets.chart import curves, read
from linearizer_core.diagnostics import one_step_psnr
from linearizer_core.methods.flow_matching import METHODS
from tests.helpers import assert_figure, computed, unpacked

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "generate"

PAIR = ("digits:318", "digits:913")
FACES = ("face:17", "face:31")


def stage(broken: bool = False, **settings: object) -> dict:
    return compute.stage(Standing(**{"seed": 7, **settings}), broken)


def levels(x: torch.Tensor) -> np.ndarray:
    return (x.clamp(0, 1) * 255).numpy()


def colours(x: torch.Tensor) -> np.ndarray:
    """Faces (B, 3, H, W) as the widgets draw them."""
    return levels(x).transpose(0, 2, 3, 1)


# --- what is shown ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("label", [None, 0, 7])
def test_the_film_ends_where_the_core_ends_and_one_step_ends_there_too(label):
    found = stage(label=label, steps=40, method="midpoint")
    gen, x0, grid = models.model(), runs.noise([7], "digits"), found["grid"]
    with torch.no_grad():
        expected = gen.path(x0, 40, "midpoint", label, runs.FRAMES)
        one = gen.collapse(40, "midpoint", label)(runs.noise(range(15), "digits"))
    np.testing.assert_allclose(unpacked(found["path"]), levels(expected[:, 0, 0]), atol=1)
    np.testing.assert_allclose(unpacked(grid), levels(one[:, 0]), atol=1)
    noise, many, once, _ = unpacked(found["stage"])
    np.testing.assert_allclose(many, levels(expected[-1, 0, 0]), atol=1)
    np.testing.assert_allclose(once, many, atol=1)
    np.testing.assert_allclose(noise, levels(0.5 + x0[0, 0] / 6), atol=1)
    assert grid["selected"] == 7 and grid["ids"][7] == "7"


def test_noise_becomes_a_face_by_n_steps_and_by_one():
    found = compute.stage(Standing(seed=7, steps=20, pictures=FACES, model="faces"), False)
    gen, x0 = models.model("faces"), runs.noise([7], "faces")
    with torch.no_grad():
        expected = gen.path(x0, 20, "rk4", None, runs.FRAMES)[:, 0]
        one = gen.collapse(20)(runs.noise(range(15), "faces"))
    np.testing.assert_allclose(unpacked(found["path"]), colours(expected), atol=1)
    np.testing.assert_allclose(unpacked(found["grid"]), colours(one), atol=1)
    for row, name in zip(found["inverted"], FACES):
        x, _, back, _ = unpacked(row)
        np.testing.assert_allclose(back, x, atol=1)
        np.testing.assert_array_equal(x, pictures.pixels(name))
    assert "rank 12288 of 12288" in found["spectrum_words"]


def test_faces_have_no_classes():
    with pytest.raises(ValueError, match="faces knows no classes; leave the class out"):
        Standing(label=3, model="faces")


def test_another_model_brings_pictures_of_its_kind():
    found = controls.switched("faces")
    assert (found["first"], found["second"]) == FACES and not found["label"].visible
    assert controls.switched("digits")["label"].visible
    face = controls.filled("face:5", 1, "digits")
    assert (face["model"], face["first"], face["second"]) == ("faces", "face:17", "face:5")
    assert standing_of({}, "face:4") == (Standing(pictures=("face:4", "face:31"), model="faces"), True)


def test_the_stage_states_steps_times_and_the_amplification_of_the_difference():
    value = stage(steps=50, method="euler")["stage"]
    name, largest = value["captions"][3], value["notes"][3]
    power = int(re.search("× 10(.+)$", name)[1].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
    assert value["captions"][:3] == ["noise x₀", "50 Euler steps", "one step, B"]
    assert all(re.fullmatch(r"[\d.e+]+ m?s", note) for note in value["notes"][1:3])
    assert largest.startswith("at most") and 4 <= power <= 8
    assert 0.1 * 255 - 1 <= unpacked(value)[3].max() <= 255


@pytest.mark.parametrize("steps", [1, 2, 5, 100])
def test_the_film_shows_few_frames_evenly_spread(steps):
    notes = stage(steps=steps)["path"]["notes"]
    assert len(notes) == min(runs.FRAMES, steps + 1)
    assert (notes[0], notes[-1]) == ("0", "1")


def test_a_thousand_steps_decode_twelve_pictures_not_a_thousand():
    walked = runs.walked(3, Run(1000, "rk4"))
    assert walked.latents.shape == (runs.FRAMES, 1024) and walked.times[-1] == 1
    path = compute.rested(Standing(seed=3, steps=1000), False)["path"]
    assert path["pictures"]["count"] == runs.FRAMES


def test_a_long_run_shows_one_step_at_once_and_the_rest_when_the_hand_rests():
    standing = Standing(seed=4, steps=1000)
    found = compute.stage(standing, False)
    at_once = found["stage"]
    assert "path" not in found and at_once["notes"][1] == "running …" and at_once["ids"][-1] == "running"
    assert unpacked(at_once)[2].max() > 128 and found["grid"]["pictures"]["count"] == 15
    late = compute.rested(standing, False)
    assert late["path"]["ids"] == ["4,any,1000,rk4"] and late["stage"]["ids"] == ["4", "any", "1000", "rk4"]
    np.testing.assert_allclose(unpacked(late["stage"])[1], unpacked(late["stage"])[2], atol=1)
    assert compute.stage(standing, False, patient=True)["stage"]["ids"] == late["stage"]["ids"]
    short = compute.rested(Standing(seed=4), False)
    assert short["stage"]["ids"] == ["4", "any", "100", "rk4"]


def test_a_tick_encodes_no_picture_and_collapses_once():
    stage(seed=8), stage(seed=9)
    collapsed = runs.operator.cache_info().misses
    encoded = references._latent.cache_info().misses
    stage(seed=10)
    assert runs.operator.cache_info().misses == collapsed
    assert references._latent.cache_info().misses == encoded


def test_every_method_and_class_shares_one_b():
    run = Run(20, "rk4")
    assert runs.one_step(run).A is runs.one_step(Run(20, "rk4", 3)).A
    core = models.model().collapse(20, "rk4").A.values
    torch.testing.assert_close(runs.operator(20, "rk4", "digits").values, core)


def test_the_spectrum_is_that_of_b():
    values = torch.tensor(shown.singular_values(30, "euler", "digits"))
    torch.testing.assert_close(values, models.model().collapse(30, "euler").svd().values)
    found = stage(steps=30, method="euler")
    limit, now = read(found["spectrum"])["figures"][0]["data"]
    torch.testing.assert_close(torch.tensor(now["y"]), values[torch.tensor(now["x"]) - 1])
    assert (now["x"][0], now["x"][-1]) == (1, 1024) and now["y"][-1] < limit["y"][-1]
    assert (
        f"σ₁ = {values[0]:.3g}" in found["spectrum_words"] and "rank 1024 of 1024" in found["spectrum_words"]
    )
    nothing = stage(steps=1, method="euler")  # one step of Euler forgets the noise
    assert (
        "rank 0 of 1024" in nothing["spectrum_words"]
        and read(nothing["spectrum"])["figures"][0]["data"][1]["y"] == []
    )


def test_a_curve_of_nothing_is_no_error():
    for values, points in (([0.0, 0.0], 0), ([], 0), ([1.0], 1)):
        (figure,) = read(curves([(values, "one", "induced", False)], "one"))["figures"]
        assert len(figure["data"][0]["x"]) == points


def test_the_formula_names_steps_integrator_and_class():
    formula = stage(steps=25, method="euler", label=7)["formula"]
    assert "∏ₖ₌₀" in formula and ">24<" in formula and "h V(tₖ)" in formula
    assert "ν₇" in formula and "h = 0.04" in formula
    assert "4V(tₖ+h/2)" in stage(broken=True)["formula"] and "K₄" in stage()["formula"]


# --- the way back ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_b_inverse_finds_the_noise_of_a_picture(method):
    run = Run(60, method)
    found = runs.inverted(PAIR, run)
    assert (found.back - found.pictures).abs().max() < 1e-3
    with torch.no_grad():
        expected = models.model().invert(pictures.tensor(PAIR), 60, method)
    torch.testing.assert_close(found.noise, expected, atol=1e-2, rtol=1e-3)
    for value in stage(steps=60, method=method)["inverted"]:
        x, _, back, _ = unpacked(value)
        np.testing.assert_allclose(back, x, atol=1)
        assert value["captions"][3].startswith("difference × 10") and value["notes"][3].startswith("at most")


def test_a_drawn_digit_is_inverted_too():
    drawn = pictures.reference_of(pictures.pixels("digits:5"))
    row = stage(seed=0, steps=50, pictures=(drawn, PAIR[1]))["inverted"][0]
    np.testing.assert_allclose(unpacked(row)[2], pictures.pixels("digits:5"), atol=1)


def test_the_line_between_two_noises_makes_digits_from_one_picture_to_the_other():
    value = shown.line(*PAIR, Run(50, "rk4"))
    frames = unpacked(value["frames"]).reshape(2, 33, 32, 32)
    for index, reference in ((0, PAIR[0]), (-1, PAIR[1])):
        np.testing.assert_allclose(frames[0, index], pictures.pixels(reference), atol=2)
    f = runs.one_step(Run(50, "rk4"))
    middle = runs.line(*PAIR, Run(50, "rk4"), 33)
    with torch.no_grad():
        made = f(middle.noise[16:17])
    np.testing.assert_allclose(frames[0, 16], levels(made[0, 0]), atol=1)
    steps = np.diff(value["travelled"]["induced"]["induced"])
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-2)  # a straight line, evenly walked


# --- laws and program -----------------------------------------------------------------------------------
@pytest.mark.parametrize("steps", [1, 2, 100, 1000])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", ["digits", "faces"])
def test_one_step_is_n_steps_and_the_published_shortcut_is_not(method, steps, model):
    standing = Standing(seed=5, steps=steps, method=method, pictures=pictures.examples(model), model=model)
    whole, broken = (compute.settled(standing, flag).laws for flag in (False, True))
    assert [law.error <= proof_meter.HOLDS for law in whole] == [True] * 3, whole
    assert broken[0].error > proof_meter.HOLDS, broken
    assert proof_meter.reading(broken)["verdict"].startswith("broken: one step")


def test_the_meter_names_decibels_and_what_a_singular_b_means():
    law, inversion, _ = compute.settled(Standing(seed=5, label=3), False).laws
    decibel = one_step_psnr(models.model(), runs.noise([5], "digits"), 100, "rk4", 3)
    assert decibel > 90 and re.search(r"= 100 RK4 steps from x₀, \d\d+ dB$", law.formula)
    assert "end in x" in inversion.formula
    forgetful = Standing(seed=5, steps=1, method="euler")
    assert "rank 0 of 1024" in compute.settled(forgetful, False).laws[1].formula


def test_the_broken_step_is_seen_on_the_stage():
    value = stage(steps=4, broken=True)["stage"]
    assert value["captions"][2:] == ["one step, wrong B", "difference"]
    assert np.abs(unpacked(value)[1].astype(int) - unpacked(value)[2]).max() > 60


def test_python_for_this_view_reproduces_the_arrays_with_the_core_alone(tmp_path):  # fault 42
    standing = Standing(seed=22, label=8, steps=30, method="midpoint", pictures=PAIR)
    run = standing.run
    out = computed(compute.program(standing), "one path difference values x0 back between", tmp_path)
    assert_figure(tmp_path / "generate.png")
    found = compute.stage(standing, False)
    np.testing.assert_allclose(levels(torch.tensor(out["one"][:, 0])), unpacked(found["grid"]), atol=1)
    np.testing.assert_allclose(levels(torch.tensor(out["path"][:, 0])), unpacked(found["path"]), atol=1)
    assert np.abs(out["difference"]).max() < 1e-3 and unpacked(found["stage"])[3].max() > 0
    np.testing.assert_allclose(out["values"], shown.singular_values(30, "midpoint", "digits"), rtol=1e-4)
    for i, row in enumerate(found["inverted"]):
        np.testing.assert_allclose(levels(torch.tensor(out["back"][i, 0])), unpacked(row)[2], atol=1)
    torch.testing.assert_close(torch.tensor(out["x0"]), runs.inverted(PAIR, run).noise, atol=1e-2, rtol=1e-3)
    frames = unpacked(shown.line(*PAIR, run)["frames"])[:33]
    np.testing.assert_allclose(levels(torch.tensor(out["between"][:, 0])), frames, atol=2)


def test_python_for_faces_reproduces_the_arrays_with_the_core_alone(tmp_path):
    standing = Standing(seed=3, steps=10, pictures=FACES, model="faces")
    out = computed(compute.program(standing), "one back", tmp_path)
    found = compute.stage(standing, False)
    np.testing.assert_allclose(colours(torch.tensor(out["one"])), unpacked(found["grid"]), atol=1)
    for i, row in enumerate(found["inverted"]):
        np.testing.assert_allclose(colours(torch.tensor(out["back"]))[i], unpacked(row)[2], atol=1)


# --- links -------------------------------------------------------------------------------------------------
OLD_LINKS = {  # as they were written before settings declared them
    "?view=generate&s=0&c=any&n=100&m=rk4&x=digits:318,digits:913": Standing(),
    "?view=generate&s=22&c=8&n=17&m=midpoint&x=digits:393,digits:318": Standing(
        22, 8, 17, "midpoint", ("digits:393", "digits:318")
    ),
    "?view=generate&s=2147483647&c=0&n=1000&m=euler&x=sample::42,other:3": Standing(
        LARGEST_SEED, 0, 1000, "euler", ("sample::42", "other:3")
    ),
}


@pytest.mark.parametrize("link", OLD_LINKS)
def test_links_of_old_still_open_and_are_still_written(link):
    assert Standing.of_link(query_of(link), pictures=("digits:0", SECOND_PICTURE)) == (OLD_LINKS[link], True)
    assert OLD_LINKS[link].link("generate") == link


def test_the_link_restores_everything():
    for standing in (Standing(22, 8, 30, "midpoint", PAIR), Standing(0, None, 5, "euler", PAIR)):
        link = compute.settled(standing, False).link
        assert Standing.of_link(query_of(link)) == (standing, True)


def test_a_broken_link_starts_with_the_views_own_settings():
    query = {"s": "nan", "c": "12", "n": "0", "m": "verlet", "x": "digits:99999,digits:1"}
    found, whole = Standing.of_link(query, pictures=("digits:4", SECOND_PICTURE))
    assert found == Standing(steps=1, pictures=("digits:4", SECOND_PICTURE)) and not whole
    assert "does not exist" in page.opened(query, "digits:4")["notice"].value


def test_a_link_with_one_picture_gets_a_second_one_and_of_three_two_are_taken():
    assert Standing.of_link({"x": "digits:3"})[0].pictures == ("digits:3", SECOND_PICTURE)
    assert Standing.of_link({"x": "digits:3,digits:4,digits:5"})[0].pictures == ("digits:3", "digits:4")


def test_the_view_opens_with_values_for_all_its_outputs():
    with gr.Blocks():
        opening = page.build(Lab(picture=gr.State("digits:318")))
    found = opening.fn({"c": "any"}, "digits:318")
    assert (
        opening.outputs.keys() - found.keys() == {"sources", "own_page", "own_tab"}
        and found["label"].value == ANY
    )
    assert opening.outputs.keys() - opening.fn({"model": "faces"}, "digits:318").keys() == {"own_page"}
    assert opening.fn({"c": "0", "n": "4"}, "digits:318")["label"].value == 0


def test_before_the_view_opens_nothing_is_computed():
    empty = {"seed": None, "label": ANY, "steps": 100, "method": "rk4", "pictures": [*PAIR], "model": None}
    for fn in (compute.stage, compute.rested, compute.settled):
        assert of_standing(Standing, fn)(**empty, broken=False) == {}


# --- what the visitor does ---------------------------------------------------------------------------------
def test_the_grid_turns_pages_and_never_leaves_the_seeds():
    found = [controls.turned(seed)["seed"] for seed in (3, None, LARGEST_SEED)]
    assert found == [15, 15, 0]
    assert 22 in shown.page_of(22) and len(shown.page_of(22)) == 15


def test_a_click_on_the_grid_chooses_its_seed_and_a_strange_one_nothing():
    event = type("Event", (), {"id": "22"})()
    assert controls.picked(event) == {"seed": 22}
    for strange in (None, 22, [], {}, "", "-1", "2.5", "²", "9" * 5000):
        assert controls.picked(type("Event", (), {"id": strange})()) == {}
    assert controls.picked(None) == {}
    with pytest.raises(ValueError, match="seed must be a whole number from 0 to 2147483647"):
        controls.picked(type("Event", (), {"id": "9999999999"})())


def test_a_picture_fills_the_place_that_is_marked():
    assert controls.filled("digits:3", 0, "digits") == {"first": "digits:3"}
    assert controls.filled("digits:3", 1, "digits") == {"second": "digits:3"}


@pytest.mark.parametrize(
    "bad", [{"label": 100}, {"steps": 1001}, {"seed": -4}, {"method": []}, {"label": -1}]
)
def test_bad_values_of_a_control_get_one_sentence(bad):  # fault 31
    controls = {"seed": 0, "label": ANY, "steps": 5, "method": "rk4", "pictures": [*PAIR]}
    for fn in (compute.stage, compute.rested):
        with pytest.raises(ValueError, match=f"{next(iter(bad))} must be"):
            of_standing(Standing, fn)(**{**controls, **bad}, broken=False)


# --- the endpoint ------------------------------------------------------------------------------------------
def test_the_endpoint_answers_with_plain_lists(endpoint):
    found = endpoint([3, 5.0], 4.0, 20.0, "rk4")
    with torch.no_grad():
        expected = models.model().sample(runs.noise([3, 5], "digits"), 20, "rk4", label=4)
    np.testing.assert_allclose(found["n_steps"], expected[:, 0], atol=1e-4)
    np.testing.assert_allclose(found["one_step"], expected[:, 0], atol=1e-3)
    assert np.shape(found["path"]) == (12, 32, 32) and len(found["times"]) == 12
    assert 0 <= found["largest_difference"] < 1e-3 and len(found["spectrum"]) == 1024
    assert found["seconds"]["n_steps"] > 0 and found["seconds"]["one_step"] > 0


STEPS, CLASS = (
    "steps must be a whole number from 1 to 1000",
    "label must be a whole number from 0 to 99, or none for any",
)
METHOD, SEEDS = "method must be one of euler, midpoint, rk4", "seeds must be a list of 1 to 16 seeds"
SEED = "each a whole number from 0 to 2147483647"
BAD_CALLS = {
    "no step": ([0], None, 0, "rk4", STEPS),
    "a billion steps": ([0], None, 1e9, "rk4", STEPS),
    "half a step": ([0], None, 0.5, "rk4", STEPS),
    "nan steps": ([0], None, math.nan, "rk4", STEPS),
    "infinite steps": ([0], None, math.inf, "rk4", STEPS),
    "a word of steps": ([0], None, "many", "rk4", STEPS + ".*many"),
    "true steps": ([0], None, True, "rk4", STEPS),
    "class 10": ([0], 10, 5, "rk4", "digits knows the classes 0 to 9"),
    "class 100": ([0], 100, 5, "rk4", CLASS + ".*100"),
    "class −1": ([0], -1, 5, "rk4", CLASS),
    "nan class": ([0], math.nan, 5, "rk4", CLASS),
    "unknown method": ([0], None, 5, "verlet", METHOD + ".*verlet"),
    "no method": ([0], None, 5, None, METHOD),
    "no seeds": ([], None, 5, "rk4", SEEDS),
    "too many seeds": (list(range(17)), None, 5, "rk4", SEEDS),
    "a seed": (3, None, 5, "rk4", SEEDS),
    "negative seed": ([-1], None, 5, "rk4", SEED),
    "large seed": ([2**31], None, 5, "rk4", SEED),
    "nan seed": ([math.nan], None, 5, "rk4", SEED),
    "a word": (["seven"], None, 5, "rk4", SEED + ".*seven"),
    "a face with a class": ([0], 3, 5, "rk4", "faces knows no classes", "faces"),
    "no generator": ([0], None, 5, "rk4", "digits-projector is not offered here", "digits-projector"),
}


@pytest.mark.parametrize("call", BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(endpoint, call):
    seeds, label, steps, method, sentence, *model = call
    with pytest.raises(gr.Error, match=sentence) as caught:
        endpoint(seeds, label, steps, method, *model)
    assert len(caught.value.message) < 300 and "\n" not in caught.value.message
