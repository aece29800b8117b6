"""Planes: the point sets, the bending energy, the recipes and what `evaluate` says of them."""

import math

import numpy as np
import pytest
import torch

from linearizer_core.data.point_sets import (
    GAP,
    MOST_POINTS,
    SETS,
    VIEW,
    draw_points,
    generated,
    grid_of_view,
    own_points,
    read_points,
)
from linearizer_core.data.sets import DataError
from linearizer_core.measures.plane import (
    energy_distance,
    evaluate_plane,
    line_accuracy,
    share_near,
    slimness,
)
from linearizer_core.methods.smoothness import bending, corners, jacobians
from linearizer_core.networks import plane_flow
from linearizer_core.recipes import RECIPES, PlaneIdentity, PlaneMoons, PlanePoints, PlaneRecipe
from linearizer_core.training import train
from tests.catalogue import stirred


# --- points --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SETS)
def test_sets_are_balanced_lie_in_the_view_and_depend_on_the_seed_alone(name):
    x, labels = draw_points(name, 1000, seed=3)
    assert x.shape == (1000, 2) and x.dtype == torch.float32 and x.abs().max() < VIEW
    assert labels.bincount().tolist() == [500, 500]
    torch.manual_seed(99)
    assert torch.equal(draw_points(name, 1000, seed=3)[0], x)
    assert not torch.equal(draw_points(name, 1000, seed=4)[0], x)


@pytest.mark.parametrize("name", SETS)
def test_training_and_test_points_are_different_draws(name):
    data = generated(name, 400)
    both = [{tuple(point) for point in x.tolist()} for x in (data.train_images, data.test_images)]
    assert [len(points) for points in both] == [400, 100] and not both[0] & both[1]


def test_rings_are_open_where_they_say():
    x, labels = draw_points("rings", 4000)
    angle = torch.atan2(x[:, 0], -x[:, 1]).abs()  # from straight down
    assert (angle[labels == 0] > GAP / 2 - 0.3).all() and (angle < GAP / 2 - 0.4).sum() == 0
    torch.testing.assert_close(x[labels == 1].norm(dim=1).mean().item(), 1.0, atol=0.02, rtol=0)


def test_the_checkerboard_keeps_to_its_black_squares():
    x, labels = draw_points("checkerboard", 2000)
    column, row = (x.double() / 1.1 + 2).floor().long().mT
    assert ((column + row) % 2 == 0).all() and set(column.tolist()) == set(row.tolist()) == {0, 1, 2, 3}
    assert torch.equal(labels, (row < 2).long())


BAD_POINTS = {
    "three numbers": (torch.zeros(20, 3), torch.zeros(20), "must be \\(N, 2\\)"),
    "too few": (torch.zeros(9, 2), torch.zeros(9), "between 10 and"),
    "too many": (torch.zeros(MOST_POINTS + 1, 2), torch.zeros(MOST_POINTS + 1), "between 10 and"),
    "nan": (torch.full((20, 2), math.nan), torch.zeros(20), "finite and within"),
    "outside": (torch.full((20, 2), 3.5), torch.zeros(20), "finite and within"),
    "a label too high": (torch.zeros(20, 2), torch.full((20,), 2), "--classes"),
    "a class without points": (torch.zeros(20, 2), torch.zeros(20), "class 1 has none"),
}


@pytest.mark.parametrize(("x", "labels", "message"), BAD_POINTS.values(), ids=BAD_POINTS)
def test_points_that_cannot_be_learned_are_refused(x, labels, message):
    with pytest.raises(DataError, match=message):
        own_points(x, labels.long(), classes=2)


def test_own_points_are_read_with_and_without_labels(tmp_path):
    random = np.random.default_rng(0)
    rows = np.column_stack([random.uniform(-2, 2, (50, 2)), np.arange(50) % 3])
    np.savetxt(tmp_path / "points.csv", rows, delimiter=",")
    data = read_points(tmp_path / "points.csv", classes=3)
    read = torch.cat([data.train_images, data.test_images])
    assert sorted(read.tolist()) == sorted(torch.tensor(rows[:, :2]).float().tolist())
    assert data.test_labels.bincount().tolist() == [3, 3, 3]  # fault 4: a fifth of every class
    np.savetxt(tmp_path / "plain.csv", rows[:, :2], delimiter=",")
    assert read_points(tmp_path / "plain.csv", classes=1).train_labels.max() == 0


@pytest.mark.parametrize("text", ["", "a, b, c\n" * 12, "1, 2, 3, 4\n" * 12, "0.5, 1.0, 0.5\n" * 12])
def test_a_file_that_holds_no_points_is_refused_by_name(tmp_path, text):
    file = tmp_path / "points.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=r"points\.csv"):
        read_points(file, classes=2)
    with pytest.raises(DataError, match="no list of points"):
        read_points(tmp_path / "missing.csv", classes=2)


# --- bending -------------------------------------------------------------------------------------------------
def test_differences_agree_with_automatic_differentiation():
    g, x = stirred(plane_flow(4, 8)), torch.randn(7, 2)
    exact = torch.func.vmap(torch.func.jacrev(lambda item: g(item[None])[0]))(x)
    torch.testing.assert_close(jacobians(g(corners(x, 1e-6)), 1e-6), exact, atol=1e-5, rtol=1e-4)


def test_bending_is_the_energy_of_the_singular_values_and_0_for_rigid_motions():
    J = torch.randn(50, 2, 2) + 2 * torch.eye(2)
    s = torch.linalg.svdvals(J)
    energy = (s**2 + s**-2 - 2).sum(1)
    kept = s[:, 1] > 0.7  # where the thousandth that guards against folds is small
    torch.testing.assert_close(bending(J)[kept], energy[kept], rtol=0.02, atol=1e-2)
    rotations = torch.linalg.qr(torch.randn(20, 2, 2)).Q
    assert bending(rotations).abs().max() < 3e-3
    assert (bending(J) > -3e-3).all()
    assert torch.isfinite(bending(torch.zeros(1, 2, 2)))


# --- recipes -------------------------------------------------------------------------------------------------
def test_a_fresh_plane_is_the_straight_grid():
    x = grid_of_view(5)
    assert torch.equal(PlaneMoons().build().g_x(x), x)
    assert torch.equal(PlaneIdentity().build().g_x(x), x)


ABSURD = [
    ("depth", 41),
    ("depth", -1),
    ("hidden", 0),
    ("hidden", 257),
    ("classes", 0),
    ("classes", 7),
    ("bound", 0.0),
    ("smooth_weight", -1.0),
    ("smooth_batch", 0),
    ("wiener_noise", math.nan),
    ("count", 3),
]


@pytest.mark.parametrize(("field", "value"), ABSURD)
def test_absurd_planes_are_refused(field, value):
    with pytest.raises(ValueError, match=f"plane: {field} must lie in"):
        PlanePoints(**{field: value})


def test_own_points_need_a_file():
    with pytest.raises(DataError, match="--data"):
        PlanePoints().dataset(None)


def test_the_class_that_lies_highest_gets_the_highest_bar():
    model, recipe = PlanePoints(classes=3).build(), PlanePoints(classes=3)
    x = torch.tensor([[0.0, -2.0], [0.0, 2.0], [0.0, 0.0]])
    recipe.prepare(model, x, torch.arange(3))
    assert model.means[:, 1].argsort(descending=True).tolist() == [1, 2, 0]


@pytest.fixture
def quick(tmp_path):
    """Moons after a few dozen steps, as the training loop leaves them."""
    torch.set_default_dtype(torch.float32)
    recipe = PlaneMoons(steps=120, count=400, depth=4, hidden=8, evaluate_every=120)
    return recipe, recipe.dataset(None), tmp_path


def test_training_straightens_and_is_reproducible(quick):
    recipe, data, folder = quick
    losses = []
    model = train(recipe, data, folder / "one", progress=lambda step, figures: losses.append(figures["loss"]))
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5]) and not model.training
    again = train(recipe, data, folder / "two")
    assert all(torch.equal(p, q) for p, q in zip(model.state_dict().values(), again.state_dict().values()))


def test_what_finish_fits_agrees_with_other_routes(quick):
    recipe, data, folder = quick
    model = train(recipe, data, folder)
    z = model.g_x(data.train_images).detach().double()
    torch.testing.assert_close(model.means.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    centred = z - z.mean(0)
    noisy = centred.repeat(200, 1) + recipe.wiener_noise * torch.randn(200 * len(z), 2).double()
    best = torch.linalg.lstsq(noisy, centred.repeat(200, 1)).solution.mT  # regression is Wiener's filter
    torch.testing.assert_close(model.A.dense().double(), best, atol=0.02, rtol=0)
    within = torch.stack([z[data.train_labels == c].var(0, correction=0) for c in (0, 1)]).mean(0)
    torch.testing.assert_close(model.A_t.variances.double(), within, atol=1e-4, rtol=1e-4)


def test_whoever_watches_can_end_it_and_gets_a_finished_model(quick):
    recipe, data, folder = quick
    seen = []
    model = train(recipe, data, folder, watch=lambda step, model: seen.append(step) or step < 7)
    assert seen == list(range(1, 8)) and not model.training
    torch.testing.assert_close(model.means.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    resumed = train(
        recipe, data, folder, resume=True, watch=lambda step, model: seen.append(step) or step < 9
    )
    assert seen[7:] == [8, 9] and not resumed.training


# --- figures -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith("plane-")])
def test_every_plane_can_be_evaluated(name):
    torch.set_default_dtype(torch.float32)
    recipe = RECIPES[name](count=100, depth=1, hidden=4)
    assert isinstance(recipe, PlaneRecipe)
    figures = recipe.evaluate(recipe.build(), None, seed=1)
    assert figures[0].name == "best line, input" and len(figures) >= 15


def test_the_figures_of_the_identity_are_those_of_the_input():
    torch.set_default_dtype(torch.float32)
    recipe = PlaneIdentity(count=800)
    figures = {row.name: row.value for row in evaluate_plane(recipe.build(), recipe.dataset(None))}
    assert figures["best line, input"] == figures["best line, latent"] < 0.97
    assert figures["slimness, input"] == figures["slimness, latent"]
    assert figures["stretch, 99 %"] == pytest.approx(1, abs=1e-4)
    assert figures["round trip"] == 0 and figures["linearity"] < 1e-6
    assert figures["on the data, other test points"] > figures["on the data, one Gaussian"]


def test_the_measures_tell_lines_from_clouds_and_laws_apart():
    line = torch.stack([torch.arange(50.0), 2 * torch.arange(50.0)], 1)
    assert slimness(line, torch.zeros(50)) < 1e-6
    assert slimness(torch.randn(4000, 2), torch.zeros(4000)) > 0.9
    x, y = torch.randn(600, 2), torch.randn(600, 2)
    assert abs(energy_distance(x, y)) < 0.02 < energy_distance(x, y + 1)
    assert share_near(x, x) == 1.0 and share_near(x + 100, x) == 0.0
    labels = torch.arange(200) % 2
    apart = torch.randn(200, 2) + 10 * labels[:, None]
    assert line_accuracy(apart, labels, apart, labels) == 1.0
    assert line_accuracy(apart, 0 * labels, apart, 0 * labels) == 1.0
