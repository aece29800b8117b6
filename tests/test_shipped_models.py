"""The laws hold for every model that ships, in float64, on its own samples; and each can be rebuilt by its recipe."""

import pytest
import torch

import linearizer_core as lc
from linearizer_core import checkpoints, diagnostics
from linearizer_core.generator import Generator
from linearizer_core.methods.flow_matching import METHODS
from linearizer_core.recipes import RECIPES

# float64 leaves 1e-12 for well-behaved g; trained networks stretch some directions a thousandfold
TOLERANCE = 1e-6


@pytest.fixture(scope="module", params=lc.pretrained())
def model(request):
    return lc.load(request.param).double()


@pytest.fixture
def points(model):
    """Four points of the model's space: its own samples."""
    assert isinstance(model, Generator)
    return model.sample(torch.randn(4, *model.g_y.in_shape), label=torch.tensor([0, 3, 7, 8]))


def test_round_trip_near_and_far_from_data(model, points):
    assert diagnostics.round_trip_error(model.g_x, points) < TOLERANCE
    far = model.g_x.inverse(5 * model.total_std * torch.randn(4, *model.g_x.out_shape))
    assert torch.isfinite(far).all()
    assert diagnostics.round_trip_error(model.g_x, far) < TOLERANCE


@pytest.mark.parametrize("method", METHODS)
def test_one_step_is_all_steps_and_is_undone(model, points, method):
    noise = torch.randn(2, *model.g_y.in_shape)
    assert diagnostics.one_step_psnr(model, noise, 20, method) > 160
    again = model.sample(model.invert(points, 20, method), 20, method)
    assert diagnostics.relative_error(again, points) < TOLERANCE


def test_far_latents_survive_float32(model):
    model32 = model.float()
    z = 5 * model32.total_std * torch.randn(8, *model32.g_x.out_shape, dtype=torch.float32)
    back = model32.g_x(model32.g_x.inverse(z))
    model.double()
    assert diagnostics.relative_error(back, z) < 1e-3


def test_vector_space_and_linearity(model, points):
    x, y, z = points[:1], points[1:2], points[2:3]
    assert max(diagnostics.axiom_errors(model.domain, x, y, z, 0.7, -0.4).values()) < TOLERANCE
    assert diagnostics.linearity_error(model, x, y, 0.7, -0.4) < TOLERANCE


def test_the_pixel_average_breaks_linearity(model, points):
    """The meter reacts: what the lab's "break it" switch does must be seen."""
    broken = diagnostics.linearity_error(model, points[:2], points[2:], 0.7, -0.4, add=torch.add)
    assert broken > 1e-3


def test_iteration_roots_and_exponential(model, points):
    assert diagnostics.iteration_error(model, points, 3) < TOLERANCE
    assert diagnostics.root_error(model, points) < TOLERANCE
    assert diagnostics.composition_error(model, model, points) < TOLERANCE


def test_transpose_svd_and_pseudo_inverse(model, points):
    assert diagnostics.transpose_error(model, points[:2], points[2:]) < TOLERANCE
    coarse = model.truncated(16)  # all 1024 points would take minutes
    assert diagnostics.svd_error(coarse, points[:2], coarse.svd(16)) < TOLERANCE
    assert max(diagnostics.penrose_errors(model, points[:2], points[2:]).values()) < TOLERANCE
    assert max(diagnostics.penrose_errors(coarse, points[:2], points[2:]).values()) < TOLERANCE


def test_projection_onto_prototypes(model, points):
    onto = torch.stack([model.prototype(c) for c in range(3)])
    errors = diagnostics.projection_errors(model.domain, points[:2], points[2:], onto)
    assert max(errors.values()) < TOLERANCE


@pytest.mark.parametrize("name", lc.pretrained())
def test_the_config_holds_the_recipe_and_the_command_that_made_it(name):
    config = checkpoints.read_config(name)
    assert type(config.recipe) is RECIPES[config.recipe.name]
    assert "linearizer_core train" in str(config.training["command"])
    assert config.figures, "the figures reached stand in the config"
    assert sum(f.stat().st_size <= 10e6 for f in (checkpoints.ASSETS / name).glob("*.safetensors")) == 1
