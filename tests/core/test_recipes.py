"""Recipes: their names, the settings they refuse, their losses, and the map on which the ten digits lie."""

import dataclasses

import pytest
import torch

from linearizer_core import algebra, recipes
from linearizer_core.models.styles import Styles
from linearizer_core.recipes import RECIPES, Digits, DigitsClassifier, Faces, PhotoStyles, Recipe
from linearizer_core.recipes.base import Batch
from linearizer_core.recipes.digits import digit_map
from tests.catalogue import SMALL_FACES, stirred
from tests.helpers import printed


def test_recipes_are_found_under_their_own_names():
    assert {"digits", "digits-classifier"} <= RECIPES.keys()
    for name, recipe in RECIPES.items():
        assert name == recipe.name == recipe().name and issubclass(recipe, Recipe)


def test_every_recipe_is_found_by_its_class_name_too():
    for place, name in RECIPES.classes().items():
        assert getattr(recipes, place) is RECIPES[name] and place in recipes.__all__
    assert issubclass(recipes.PlaneRecipe, Recipe)
    with pytest.raises(AttributeError, match="no attribute 'NoRecipe'"):
        recipes.NoRecipe  # noqa: B018


def test_a_recipe_of_your_own_is_registered_as_in_a_dictionary(monkeypatch):
    class Mine(Digits):
        name = "mine"

    count = len(RECIPES)
    monkeypatch.setitem(RECIPES, "mine", Mine)
    assert "mine" in RECIPES and RECIPES["mine"] is Mine and len(RECIPES) == count + 1
    monkeypatch.undo()
    assert "mine" not in RECIPES and len(RECIPES) == count
    with pytest.raises(KeyError):
        RECIPES["mine"]


HEAVY = {
    "torch._dynamo",
    "sympy",
    "onnx",
    "onnxruntime",
    "scipy",
    "pooch",
    "sklearn",
    "matplotlib",
    "plotly",
    "gradio",
    "huggingface_hub",
}
LOADED = {
    "plane-moons": {"plane"},
    "digits": {"digits", "paper"},
    "faces": {"faces", "ageing"},
    "styles": {"styles"},
}


@pytest.mark.parametrize(("name", "own"), LOADED.items(), ids=LOADED)
def test_a_loaded_model_brings_in_its_own_recipe_and_nothing_heavy(name, own, tmp_path):
    script = f"""
import sys, linearizer_core as lc
lc.pretrained(), lc.load({name!r})
recipes = {{name.rpartition(".")[2] for name in sys.modules if name.startswith("linearizer_core.recipes.")}}
assert recipes == {own | {"base", "registry"}}, recipes
heavy = {HEAVY} & {{name for name, module in sys.modules.items() if module}}
assert not heavy, heavy
"""
    printed(script, tmp_path)


def test_asking_which_recipes_there_are_imports_none(tmp_path):
    script = """
import sys
from linearizer_core.recipes import RECIPES, Recipe
assert "digits" in RECIPES and "nothing" not in RECIPES and len(list(RECIPES)) == len(RECIPES)
assert not {"linearizer_core.recipes.digits", "linearizer_core.recipes.styles"} & set(sys.modules)
"""
    printed(script, tmp_path)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("field", ["steps", "batch", "learning_rate", "gradient_clip", "evaluate_every"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_every_recipe_refuses_settings_that_are_not_above_0(recipe, field, value):
    with pytest.raises(ValueError, match=f"{recipe.name}: {field} must be above 0, got {value}"):
        recipe(**{field: value})


def tiny(recipe, **arguments):
    """The recipe with networks as small as they come."""
    small = {"stage_steps": (1, 1), "stage_hidden": (4, 4)}
    if recipe is PhotoStyles:
        small = {"depth": 1, "hidden": 4, "blocks": 1, "crop": 64}
    if recipe is Faces:
        small = SMALL_FACES
    fields = {field.name for field in dataclasses.fields(recipe)}
    return recipe(**{name: value for name, value in small.items() if name in fields} | arguments)


def losses(recipe, done, count=8, global_seed=0):
    """Model, companion and the terms of the loss of one batch of noise, at the share `done` of training."""
    torch.manual_seed(3)
    model, companion = stirred(recipe.build(), by=0.02), recipe.companion()
    shape = getattr(getattr(model, "g_x", model), "in_shape", (1, 32, 32))
    if isinstance(model, Styles):
        shape = (
            3 + 3 * len(model.names),
            *model.g.in_shape[1:],
        )  # a photo, then what each teacher made of it
    classes = len(model.means) if hasattr(model, "means") else 10
    images, labels = torch.rand(count, *shape), torch.arange(count) % classes
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(global_seed)
    return model, companion, recipe.loss(model, companion, Batch(images, labels, generator, done))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("done", [0.0, 0.9])
def test_every_loss_is_finite_terms_with_a_name_and_a_gradient_for_all_that_trains(recipe, done):
    recipe = tiny(recipe)
    model, companion, terms = losses(recipe, done)
    assert "loss" in terms and all(isinstance(name, str) for name in terms)
    assert all(term.dim() == 0 and term.isfinite() for term in terms.values())
    terms["loss"].backward()
    groups = recipe.learning_rates(model)
    assert all(share > 0 for share, _ in groups)
    trained = [parameter for _, parameters in groups for parameter in parameters]
    assert len({id(parameter) for parameter in trained}) == len(trained), "no parameter is in two groups"
    reached = [p for p in model.parameters() if p.grad is not None]
    assert {id(p) for p in reached} <= {id(p) for p in trained}
    assert all(p.grad.isfinite().all() for p in (*reached, *companion.parameters()) if p.grad is not None)
    for name, parameter in getattr(model, "g_x", model).named_parameters():
        if parameter.requires_grad:  # what waits for `finish` does not
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_loss_draws_from_its_generator_alone(recipe):
    first, again = (losses(tiny(recipe), 0.9, 4, seed)[2] for seed in (1, 2))
    assert {name: term.item() for name, term in first.items()} == {n: t.item() for n, t in again.items()}


STAGES = {
    "no stage": ((), (), "1 to 5 stages, got 0 and 0 numbers"),
    "six stages": ((1,) * 6, (4,) * 6, "1 to 5 stages, got 6 and 6 numbers"),
    "fewer widths": ((1, 1), (4,), "1 to 5 stages, got 2 and 1 numbers"),
    "fewer steps": ((1,), (4, 4), "1 to 5 stages, got 1 and 2 numbers"),
    "no step": ((1, 0), (4, 4), "stage_steps must hold numbers from 1 to 100, got 0"),
    "steps below 0": ((-3,), (4,), "stage_steps must hold numbers from 1 to 100, got -3"),
    "too many steps": ((1, 101), (4, 4), "stage_steps must hold numbers from 1 to 100, got 101"),
    "no width": ((1,), (0,), "stage_hidden must hold numbers from 1 to 4096, got 0"),
    "too wide": ((1,), (4097,), "stage_hidden must hold numbers from 1 to 4096, got 4097"),
}


@pytest.mark.parametrize(("steps", "hidden", "message"), STAGES.values(), ids=STAGES)
def test_absurd_stages_are_refused_at_once(steps, hidden, message):
    with pytest.raises(ValueError, match=f"digits: .*{message}"):
        Digits(stage_steps=steps, stage_hidden=hidden)


def test_stages_at_the_limits_are_accepted_and_the_other_checks_still_hold():
    assert Digits(stage_steps=(1, 100, 1, 1, 1), stage_hidden=(1, 4096, 1, 1, 1)).stage_hidden[1] == 4096
    with pytest.raises(ValueError, match="steps must be above 0"):
        Digits(stage_steps=(1,), stage_hidden=(4,), steps=0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("paper_steps", -1), ("paper_hidden", 0), ("paper_bound", 11.0), ("paper_updates", 0)],
)
def test_settings_of_the_paper_are_refused_outside_their_limits(field, value):
    with pytest.raises(ValueError, match=f"digits: {field} must lie in .*, got {value}"):
        Digits(**{field: value})


def test_untrained_paper_couplings_change_no_picture_and_take_no_gradient():
    plain, whole = (Digits(stage_steps=(1,), stage_hidden=(4,), paper_steps=steps) for steps in (0, 3))
    x = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(whole.build().g_x(x), plain.build().g_x(x))
    model = whole.build()
    trained = {id(p) for _, group in whole.learning_rates(model) for p in group}
    assert not trained & {id(p) for p in model.g_x.networks[0].parameters()}


def test_a_judge_of_an_unknown_kind_is_refused():
    with pytest.raises(
        ValueError, match=r"digits-classifier: kind must be one of convolutions, .*, got 'tree'"
    ):
        DigitsClassifier(kind="tree")


def test_five_stages_of_digits_can_be_built():
    g = Digits(stage_steps=(1,) * 5, stage_hidden=(1,) * 5).build().g_x
    assert (g.in_shape, g.out_shape) == ((1, 32, 32), (1024,))


@pytest.mark.parametrize("spacing", [1.0, 4.5])
def test_the_digit_map_is_ten_centred_points_at_their_spacing(spacing):
    points = digit_map(spacing)
    assert points.shape == (10, 2)
    torch.testing.assert_close(points.mean(0), torch.zeros(2))
    distances = torch.cdist(points, points).fill_diagonal_(torch.inf)
    torch.testing.assert_close(distances.amin(1), torch.full((10,), spacing))


def test_the_papers_recipe_can_stop_before_its_last_guess_and_then_be_undone():
    small = {"stage_steps": (1,), "stage_hidden": (4,), "degree": 1, "rank": 2}
    x, z = torch.rand(2, 1, 32, 32), torch.randn(2, 1024)
    for stop, error in ((1.0, 0.1), (0.99, 1e-6), (0.98, 1e-6)):
        recipe = RECIPES["digits-flow-matching"](
            **small, **({} if stop == 0.98 else {"stop": stop})
        )  # the default
        assert recipe.stop == stop
        model = recipe.build().double()
        B = model.collapse(20).A
        off = (algebra.pinv(B)(B(z)) - z).abs().max()
        assert off > error if stop == 1 else off < error
        loss = recipe.loss(model, recipe.companion(), Batch(x, None, torch.Generator().manual_seed(0), 0.5))
        loss["loss"].backward()
        assert all(p.grad.abs().sum() > 0 for p in model.A_t.parameters())
