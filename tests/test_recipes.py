"""Recipes: their names, the settings they refuse, and the map on which the ten digits lie."""

import pytest
import torch

from linearizer_core.recipes import RECIPES, Digits, Recipe
from linearizer_core.recipes.digits import digit_map


def test_recipes_are_found_under_their_own_names():
    assert {"digits", "digits-classifier"} <= RECIPES.keys()
    for name, recipe in RECIPES.items():
        assert name == recipe.name == recipe().name and issubclass(recipe, Recipe)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("field", ["steps", "batch", "learning_rate", "gradient_clip", "evaluate_every"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_every_recipe_refuses_settings_that_are_not_above_0(recipe, field, value):
    with pytest.raises(ValueError, match=f"{recipe.name}: {field} must be above 0, got {value}"):
        recipe(**{field: value})


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
