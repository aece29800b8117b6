"""The laws hold for every model that ships, in float64, on its own pictures; and each can be rebuilt by its recipe."""

from itertools import pairwise
from typing import get_type_hints

import pytest
import torch
from sklearn.datasets import load_sample_image

import linearizer_core as lc
from linearizer_core import checkpoints, diagnostics
from linearizer_core.data.point_sets import grid_of_view
from linearizer_core.methods.flow_matching import METHODS
from linearizer_core.methods.smoothness import bending, corners, jacobians
from linearizer_core.models.generator import Generator
from linearizer_core.models.projector import Projector
from linearizer_core.models.styles import Styles
from linearizer_core.recipes import RECIPES, PlaneRecipe

# float64 leaves 1e-12 for well-behaved g; trained networks stretch some directions a thousandfold
TOLERANCE = 1e-6
KIND = {
    name: get_type_hints(checkpoints.read_config(name).recipe.build)["return"] for name in lc.pretrained()
}
GENERATORS, PROJECTORS, STYLES = (
    [name for name in KIND if issubclass(KIND[name], kind)] for kind in (Generator, Projector, Styles)
)
LINEARIZERS = [*GENERATORS, *PROJECTORS]
PLANES = [name for name in KIND if isinstance(checkpoints.read_config(name).recipe, PlaneRecipe)]
BENT = [name for name in PLANES if name != "plane-identity"]
every_generator = pytest.mark.parametrize("model", GENERATORS, indirect=True)
every_projector = pytest.mark.parametrize("model", PROJECTORS, indirect=True)
every_plane = pytest.mark.parametrize("model", PLANES, indirect=True)


@pytest.fixture(scope="module", params=LINEARIZERS)
def model(request):
    return lc.load(request.param).double()


@pytest.fixture(scope="module", params=STYLES)
def styles(request):
    return lc.load(request.param).double()


@pytest.fixture(scope="module")
def photo():
    """A corner of a sample photo of scikit-learn, its sides multiples of 8."""
    return torch.tensor(load_sample_image("china.jpg")[100:180, 200:296] / 255).permute(2, 0, 1)[None]


@pytest.fixture
def points(model):
    """Four points of the model's space: what it samples, or what it makes of noise."""
    if isinstance(model, Projector):
        return model(torch.rand(4, *model.g_x.in_shape))
    labels = torch.linspace(0, len(model.means) - 1, 4).long()
    return model.sample(torch.randn(4, *model.g_y.in_shape), label=labels)


def anything(model, points):
    """Pictures that no model was made for: noise of two kinds, negatives, planes."""
    noise = torch.randn(2, 4, *model.g_x.in_shape, dtype=points.dtype)
    plane = torch.tensor([-1.0, 0.0, 0.5, 1.0], dtype=points.dtype).reshape(
        -1, *(1 for _ in model.g_x.in_shape)
    )
    return torch.cat([torch.rand_like(points), 3 * noise[0], 1 - points, plane.expand_as(points)])


def test_every_model_that_ships_is_of_a_kind_that_is_tested_here():
    assert sorted(GENERATORS + PROJECTORS + STYLES) == lc.pretrained()
    assert GENERATORS and PROJECTORS and STYLES


def test_round_trip_near_and_far_from_data(model, points):
    assert diagnostics.round_trip_error(model.g_x, points) < TOLERANCE
    far = model.g_x.inverse(5 * model.total_std * torch.randn(4, *model.g_x.out_shape))
    assert torch.isfinite(far).all()
    assert diagnostics.round_trip_error(model.g_x, far) < TOLERANCE


@every_generator
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


@pytest.mark.parametrize("model", [name for name in LINEARIZERS if name != "plane-identity"], indirect=True)
def test_the_pixel_average_breaks_linearity(model, points):
    """The meter reacts: what the lab's "break it" switch does must be seen. Where g is the identity, ⊕ is + and stands."""
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


@every_generator
def test_projection_onto_prototypes(model, points):
    onto = torch.stack([model.prototype(c) for c in range(min(3, len(model.means)))])
    errors = diagnostics.projection_errors(model.domain, points[:2], points[2:], onto)
    assert max(errors.values()) < TOLERANCE


@every_projector
def test_applied_twice_it_does_what_it_does_once_to_anything(model, points):
    once = model(anything(model, points))
    assert once.isfinite().all()
    assert (model(once) - once).abs().max() <= 1e-9


@every_projector
def test_it_does_so_in_float32_too(model, points):
    once = model.float()(anything(model, points).float())
    twice = model(once)
    model.double()
    assert once.isfinite().all() and twice.isfinite().all()
    assert (twice - once).abs().max() <= 3e-4


@every_projector
def test_it_is_its_own_adjoint_pseudo_inverse_and_root(model, points):
    x = anything(model, points)[::3]
    z, Pz = model.g_x(x), model.g_x(model(x))
    assert diagnostics.relative_error(Pz @ z.mT, z @ Pz.mT) < TOLERANCE
    for same in (model.T, model.pinv(), model**2, model**0.5):
        assert diagnostics.relative_error(same(x), model(x)) < TOLERANCE


@every_projector
def test_what_is_taken_away_is_orthogonal_to_what_is_kept(model, points):
    x = anything(model, points)[::3]
    X, kept, rest = model.domain, model(x), model.residual(x)
    assert diagnostics.relative_error(X.add(kept, rest), x) < TOLERANCE
    lengths = X.norm(kept).square() + X.norm(rest).square()  # Pythagoras
    assert diagnostics.relative_error(lengths, X.norm(x).square()) < TOLERANCE
    assert diagnostics.relative_error(model.distance_to_range(x), X.norm(rest)) < TOLERANCE


@every_projector
def test_coarser_projectors_are_nested_and_fit_ever_better(model, points):
    x = anything(model, points)[::3]
    ranks = [0, 1, 4, 16, model.rank]
    coarse = [model.truncated(k) for k in ranks]
    assert [f.rank for f in coarse] == [min(k, model.rank) for k in ranks]
    for smaller, larger in pairwise(coarse):
        for both in (smaller(larger(x)), larger(smaller(x))):
            assert diagnostics.relative_error(both, smaller(x)) < TOLERANCE
    distances = torch.stack([f.distance_to_range(x) for f in coarse])
    assert (distances.diff(dim=0) <= 1e-9 * distances[:-1]).all()


@every_projector
def test_what_is_drawn_is_left_alone(model):
    x = model.draw(torch.randn(4, model.rank))
    assert x.isfinite().all() and (model(x) - x).abs().max() <= 1e-9


@every_plane
def test_a_plane_is_undone_over_the_whole_view_in_float32(model):
    view = grid_of_view(101).float()
    g = model.float().g_x
    error = (g.inverse(g(view)) - view).abs().max()
    model.double()
    assert error <= 1e-4


@every_plane
def test_a_plane_neither_folds_nor_tears_the_view(model):
    J = jacobians(model.g_x(corners(grid_of_view(61))))
    assert (torch.linalg.det(J) > 0).all() or (torch.linalg.det(J) < 0).all()
    assert bending(J).quantile(0.9) < 15


@pytest.mark.parametrize("name", BENT)
def test_a_line_parts_in_the_latent_plane_what_no_line_parts_in_the_input(name):
    model, recipe = lc.load(name).double(), checkpoints.read_config(name).recipe
    data = recipe.dataset(None)
    x, labels, train = data.test_images.double(), data.test_labels, data.train_images.double()
    across = 2 * labels - 1

    def accuracy(points, more):  # the best line by least squares, fitted to the training points
        design = torch.cat([points, torch.ones(len(points), 1)], 1)
        line = torch.linalg.lstsq(design, (2.0 * data.train_labels - 1)[:, None]).solution
        return float(
            (torch.cat([more, torch.ones(len(more), 1)], 1) @ line * across[:, None] > 0).double().mean()
        )

    assert accuracy(model.g_x(train), model.g_x(x)) >= 0.995
    if name != "plane-checkerboard":  # its halves are apart in the input too; what g does is close the ranks
        assert accuracy(train, x) < 0.95


@pytest.mark.parametrize("name", lc.pretrained())
def test_the_config_holds_the_recipe_and_the_command_that_made_it(name):
    config = checkpoints.read_config(name)
    assert type(config.recipe) is RECIPES[config.recipe.name]
    assert "linearizer_core train" in str(config.training["command"])
    assert config.figures, "the figures reached stand in the config"
    assert sum(f.stat().st_size <= 10e6 for f in (checkpoints.ASSETS / name).glob("*.safetensors")) == 1


def test_styles_follow_one_another_come_in_halves_and_come_off(styles, photo):
    for name, other in pairwise((*styles.names, styles.names[0])):
        f, h = styles[name], styles[other]
        assert diagnostics.relative_error((h @ f)(photo), h(f(photo))) < TOLERANCE
        assert diagnostics.relative_error((f**0.5)((f**0.5)(photo)), f(photo)) < TOLERANCE
        assert diagnostics.relative_error(f.pinv()(f(photo)), photo) < TOLERANCE


def test_a_blend_of_styles_is_the_induced_sum_of_their_paintings(styles, photo):
    weights = dict(zip((*styles.names, "photo"), (0.4, 0.3, 0.2, 0.3, -0.2)))
    space = styles["photo"].at(*photo.shape[-2:]).domain
    paintings = torch.stack([styles[name](photo) for name in weights])
    expected = space.combine(list(weights.values()), paintings)
    assert diagnostics.relative_error(styles.blend(weights)(photo), expected) < TOLERANCE


def test_styles_survive_photos_that_nobody_takes_and_any_size(styles):
    for x in (torch.zeros(1, 3, 64, 64), torch.rand(1, 3, 65, 71), 1.0 * (torch.rand(1, 3, 64, 99) > 0.5)):
        for name in styles.names:
            y = styles[name](x)
            assert y.shape == x.shape and y.isfinite().all()
            if x.shape[-1] % 8 == 0:  # beyond these the continuation is cut off, and with it the way back
                assert (styles[name].pinv()(y) - x).abs().max() < 1e-5


def test_styles_differ_and_the_photo_stays_itself(styles, photo):
    paintings = [styles[name](photo) for name in styles.names]
    for left, right in pairwise(paintings):
        assert (left - right).abs().mean() > 0.05
    assert (styles["photo"](photo) - photo).abs().max() < 1e-10
