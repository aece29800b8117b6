"""Recipes of projectors: each term of the loss, pictures spoilt and made up, PCA as a start, pixels at the end."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from linearizer_core.data.sets import Dataset
from linearizer_core.models.fitting import pixels_per_unit
from linearizer_core.models.projector import Projector
from linearizer_core.networks import image_flow
from linearizer_core.operators import Diagonal, Projection, RoundedDiagonal
from linearizer_core.recipes import DigitsProjector, SparseProjector
from linearizer_core.recipes.base import Batch
from linearizer_core.recipes.projectors import (
    MSE_WEIGHT,
    OUTSIDE_WEIGHT,
    Beside,
    anything,
    damaged,
    measure_spread,
)
from linearizer_core.training import train
from tests.catalogue import stirred

close = torch.testing.assert_close
SMALL = {"stage_steps": (1, 1), "stage_hidden": (4, 4)}
KINDS = {"digits": DigitsProjector, "sparse": SparseProjector}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


OPERATORS = {
    "axes": lambda n, rank: Projection(torch.eye(n, rank)),
    "basis": lambda n, rank: Projection(torch.randn(n, rank)),
    "diagonal": lambda n, rank: Diagonal(torch.arange(n) % 2 * torch.ones(n)),
    "rounded": lambda n, rank: RoundedDiagonal(0.9 - torch.arange(n) % 3 * 0.3),
}


def setting(side=8, rank=6, P=OPERATORS["axes"]):
    """A small model, what is trained beside it, and a batch: recipes ask nothing about sizes."""
    g = stirred(image_flow((1, side, side), [1, 1], [4, 4]), by=0.4 / side)
    model = Projector(g, P(side * side, rank))
    return model, Beside(side * side), torch.rand(10, 1, side, side), torch.arange(10)


def terms_of(recipe, model, companion, images, labels, done=0.0, seed=0):
    return recipe.loss(model, companion, Batch(images, labels, seeded(seed), done))


def reaches(term, parameters):
    """Whether a gradient that is not 0 comes from `term` to any of the parameters."""
    gradients = torch.autograd.grad(term, list(parameters), retain_graph=True, allow_unused=True)
    return any(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


@every_kind
def test_an_untrained_model_is_a_projector_of_the_rank_asked_for(kind):
    recipe = kind(**SMALL)
    model = recipe.build()
    assert type(model) is Projector
    assert model.rank == (model.A.shape[0] if kind is SparseProjector else recipe.rank)
    close(recipe.build()(torch.ones(1, *model.g_x.in_shape)), model(torch.ones(1, *model.g_x.in_shape)))
    assert recipe.companion().log_std.shape == model.g_x.out_shape
    assert all((layer.bound == recipe.bound) for layer in model.g_x.modules() if hasattr(layer, "bound"))


def test_the_loss_is_the_weighted_sum_of_its_terms_before_and_after_the_critic_comes():
    recipe = DigitsProjector(critic_weight=0.3, critic_from=0.4, nll_weight=0.2)
    model, companion, images, labels = setting(side=32)
    early = terms_of(recipe, model, companion, images, labels, done=0.39)
    assert set(early) == {"loss", "nll", "mse", "outside"}
    base = MSE_WEIGHT * early["mse"] + OUTSIDE_WEIGHT * early["outside"] + 0.2 * early["nll"]
    close(early["loss"], base)
    late = terms_of(recipe, model, companion, images, labels, done=0.4)
    assert set(late) == {"loss", "nll", "mse", "outside", "other", "critic"}
    close(late["loss"], base + 0.3 * late["other"] + late["critic"])
    assert set(terms_of(DigitsProjector(critic_weight=0), model, companion, images, labels, 1.0)) == {
        "loss",
        "mse",
        "outside",
    }


def test_the_critic_teaches_the_projector_and_learns_for_itself():
    recipe = DigitsProjector(critic_from=0.0)
    model, companion, images, labels = setting(side=32)
    terms = terms_of(recipe, model, companion, images, labels)
    assert reaches(terms["other"], model.g_x.parameters())
    assert not reaches(terms["other"], companion.critic.parameters())
    assert reaches(terms["critic"], companion.critic.parameters())
    assert not reaches(terms["critic"], model.g_x.parameters())


def test_the_likelihood_is_that_of_the_whole_pictures_under_one_gaussian():
    recipe = DigitsProjector(nll_weight=0.5, damaged_share=0.3, pixel_noise=0.0, critic_weight=0)
    model, companion, images, labels = setting(side=4, rank=3)
    with torch.no_grad():
        companion.log_std.copy_(0.3 * torch.randn(16))
    terms = terms_of(recipe, model, companion, images, labels)
    expected = []
    for x in images[3:]:  # the first 0.3 · 10 are spoilt
        J = torch.autograd.functional.jacobian(lambda y: model.g_x(y[None])[0], x).reshape(16, 16)
        normal = torch.distributions.Normal(0.0, companion.log_std.exp())
        expected.append(-(normal.log_prob(model.g_x(x[None])[0]).sum() + torch.linalg.slogdet(J)[1]) / 16)
    close(terms["nll"], torch.stack(expected).mean())
    assert reaches(terms["nll"], [companion.log_std]) and reaches(terms["nll"], model.g_x.parameters())


def test_reconstruction_asks_for_the_whole_picture_from_a_spoilt_one():
    """At full rank and with no damage nothing is lost; with damage exactly the damage is."""
    whole = DigitsProjector(damaged_share=0.0, largest_rank=10**9, rank_power=0.0, other_batch=5)
    model, companion, images, labels = setting()
    huge = dataclasses.replace(whole, rank_offset=10**9)  # ranks far above the 64 axes
    close(terms_of(huge, model, companion, images, labels)["mse"], torch.tensor(0.0), rtol=0, atol=1e-12)
    spoilt = dataclasses.replace(huge, damaged_share=1.0)
    wanted = (damaged(images, seeded()) - images).square().mean()
    close(terms_of(spoilt, model, companion, images, labels)["mse"], wanted)


def test_pixels_of_noise_count_by_how_far_they_lie_outside():
    recipe = DigitsProjector(other_batch=5, damaged_share=0.0, critic_weight=0)
    model, companion, images, labels = setting()

    class Lifted(nn.Module):  # shows every picture a constant away from [0, 1]
        g_x = model.g_x

        def __init__(self, level):
            super().__init__()
            self.level = level

        def forward(self, x):
            return torch.full_like(x, self.level)

    for level, beyond in ((0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (3.0, 2.0), (-0.5, 0.5)):
        outside = terms_of(recipe, Lifted(level), companion, images, labels)["outside"]
        close(outside, torch.tensor(beyond**2).log1p())


def test_the_gradient_of_the_sparse_recipe_reaches_lambda_straight_through():
    weights = nn.Parameter(torch.rand(64))
    recipe = SparseProjector(sparsity_weight=0.2, isometry_weight=0.3)
    model, companion, images, labels = setting(P=lambda n, rank: RoundedDiagonal(weights))
    terms = terms_of(recipe, model, companion, images, labels)
    assert set(terms) == {"loss", "mse", "sparsity", "isometry"}
    close(terms["loss"], MSE_WEIGHT * (terms["mse"] + 0.2 * terms["sparsity"] + 0.3 * terms["isometry"]))
    close(terms["sparsity"], weights.detach().gt(0.5).double().mean())
    close(torch.autograd.grad(terms["sparsity"], weights, retain_graph=True)[0], torch.full((64,), 1 / 64))
    ones = weights.detach().round().requires_grad_()  # 0s and 1s that train, without any rounding
    plain = (Projector(model.g_x, Diagonal(ones))(images) - images).square().mean()
    close(terms["mse"], plain)
    wanted = torch.autograd.grad(plain, ones)[0]
    close(torch.autograd.grad(terms["mse"], weights, retain_graph=True)[0], wanted)
    assert wanted.abs().sum() > 0 and reaches(terms["isometry"], model.g_x.parameters())


def test_lambda_is_trained_at_a_rate_of_its_own():
    recipe = SparseProjector(**SMALL, lambda_rate=0.123)
    model = recipe.build()
    rates = {id(p): share for share, group in recipe.learning_rates(model) for p in group}
    assert rates[id(model.A.weights)] == 0.123
    assert rates.keys() == {id(p) for p in model.parameters()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(9, 1, 32, 32), (5, 3, 16, 20), (1, 1, 8, 8), (0, 1, 8, 8)])
def test_damaged_pictures_have_the_shape_and_dtype_of_the_whole_ones(shape, dtype):
    x = torch.rand(shape, dtype=dtype)
    before = x.clone()
    y = damaged(x, seeded(1))
    assert y.shape == x.shape and y.dtype == dtype and torch.equal(x, before)
    assert torch.equal(y, damaged(x, seeded(1)))
    assert not len(x) or not torch.equal(y, damaged(x, seeded(2)))


def kind_of_damage(y):
    """Which of three ways a grey picture (1, H, W) of 0.5 was spoilt."""
    values = set(y.unique().tolist())
    if values == {0.0, 0.5, 1.0}:
        return "salt and pepper"
    return "square" if values == {0.0, 0.5} else "noise"


def test_damage_comes_in_three_kinds_each_with_strengths_of_its_own():
    ys = damaged(torch.full((300, 1, 32, 32), 0.5), seeded())
    kinds = np.array([kind_of_damage(y) for y in ys])
    hit = ys.ne(0.5).double().mean((1, 2, 3)).numpy()
    for kind in ("salt and pepper", "square", "noise"):
        assert 70 <= (kinds == kind).sum() <= 130  # a third of 300, four deviations wide
    salt, sides = hit[kinds == "salt and pepper"], np.sqrt(hit[kinds == "square"]) * 32
    assert 0.03 < salt.min() < 0.12 and 0.38 < salt.max() < 0.48
    assert 6 <= sides.min() <= 8 and 12 <= sides.max() <= 14.4
    std = ys[torch.from_numpy(kinds == "noise")].std((1, 2, 3))
    assert 0.08 < std.min() < 0.2 and 0.6 < std.max() < 0.75


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 8, 12)])
@pytest.mark.parametrize("count", [0, 1, 5, 12])
def test_anything_has_the_shape_and_dtype_of_the_pictures(shape, dtype, count):
    images = torch.rand(4, *shape, dtype=dtype)
    y = anything(images, count, seeded(1))
    assert y.shape == (count, *shape) and y.dtype == dtype and y.isfinite().all()
    assert torch.equal(y, anything(images, count, seeded(1)))
    assert not count or not torch.equal(y, anything(images, count, seeded(2)))


def test_anything_is_five_kinds_in_turn():
    images = torch.rand(6, 1, 32, 32)
    noise, wild, negative, plane, blotches = anything(images, 200, seeded(1)).unflatten(0, (40, 5)).unbind(1)
    assert noise.min() >= 0 and noise.max() <= 1
    close(noise.var((1, 2, 3)), torch.full((40,), 1 / 12), rtol=0.12, atol=0)
    std = wild.std((1, 2, 3))
    assert std.max() <= 3.1 and std.min() < 0.6 and std.max() > 2.4
    wilder = anything(images, 200, seeded(1), wildest=9.0).unflatten(0, (40, 5))[:, 1]
    close(wilder, 3 * wild, rtol=1e-12, atol=0)
    assert all((1 - x - images).abs().amax((1, 2, 3)).min() < 1e-12 for x in negative)
    close(plane.amax((1, 2, 3)), plane.amin((1, 2, 3)))
    assert plane.min() >= 0 and plane.max() <= 1 and plane.mean((1, 2, 3)).std() > 0.2
    steps = [x.diff(dim=3).abs().mean((1, 2, 3)) / x.std((1, 2, 3)) for x in (noise, blotches)]
    assert steps[1].max() < 0.3 * steps[0].min(), "blotches are smooth"
    assert blotches.min() > -0.5 and blotches.max() < 1.5


@pytest.mark.parametrize("kind", ["axes", "diagonal", "rounded"])
def test_finished_digits_are_the_same_map_in_units_of_pixels(kind):
    model, _, images, labels = setting(P=OPERATORS[kind])
    x = torch.cat([images, 10 * torch.randn(3, 1, 8, 8)])
    before, coarse, z = model(x), model.truncated(2)(x), model.g_x(images)
    DigitsProjector().finish(model, images, labels)
    close(model(x), before, rtol=0, atol=1e-8)
    close(model.truncated(2)(x), coarse, rtol=0, atol=1e-8)
    assert not model.training
    J = torch.stack(
        [
            torch.autograd.functional.jacobian(lambda w: model.g_x.inverse(w[None]).flatten(), latent)
            for latent in model.g_x(images[:8]).detach()
        ]
    )
    kept = model.A(torch.ones(64)) > 0.5
    close(J.square().sum(1).mean(0).sqrt()[kept], torch.ones(int(kept.sum())), rtol=0.02, atol=0)
    ratio = (model.g_x(images) / z)[:, kept]
    close(ratio, ratio[:1].expand_as(ratio), rtol=1e-6, atol=1e-9)  # axes that are kept are stretched alone
    assert (ratio > 0).all()
    close(model.total_std, model.g_x(images).std(0))
    again = pixels_per_unit(model.g_x, images)
    close(again[kept], torch.ones(int(kept.sum())), rtol=1e-6, atol=0)
    wanted, _ = torch.linalg.qr(z[:, ~kept] - z[:, ~kept].mean(0))
    dropped = model.g_x(images)[:, ~kept]
    centred = dropped - dropped.mean(0)
    close(
        wanted @ (wanted.mT @ centred), centred, rtol=1e-5, atol=1e-8
    )  # of the others' span, mixed among themselves
    with torch.no_grad():
        moved = (images - model(images)).square().sum().sqrt()
    close(model.distance_to_range(images).norm(), moved, rtol=1e-2, atol=0)  # it says how far the pixels move


@pytest.mark.parametrize("kind", OPERATORS)
def test_spread_is_mean_and_deviation_along_every_direction(kind):
    model, _, images, _ = setting(P=OPERATORS[kind])
    measure_spread(model, images)
    z = model.g_x(images).detach()
    close(model.total_std, z.std(0))
    directions = model.g_x(model.svd().outputs).detach()
    close(model.kept_mean, (z @ directions.mT).mean(0))
    close(model.kept_std, (z @ directions.mT).std(0))
    few, _, _, _ = setting(P=OPERATORS[kind])
    measure_spread(few, images, count=4)
    close(few.total_std, few.g_x(images[:4]).std(0))


def digits_like(count=120):
    generator = seeded(7)
    images = (255 * torch.rand(count, 1, 4, 4, generator=generator)).round()
    images = F.interpolate(images, (32, 32), mode="bilinear")
    images = (images + 4 * torch.randn(images.shape, generator=generator)).clamp(0, 255).byte()
    labels = torch.arange(count) % 10
    return Dataset(images, labels, images.clone(), labels.clone(), tuple("0123456789"))


@every_kind
def test_a_few_steps_of_training_leave_a_projector_with_figures_and_a_sheet(kind, tmp_path):
    torch.set_default_dtype(torch.float32)  # as training is
    ranks = {} if kind is SparseProjector else {"rank": 16, "largest_rank": 16}
    recipe = kind(**SMALL, **ranks, steps=3, batch=8, evaluate_every=3, mixed_precision=False)
    data, seen = digits_like(), []
    fresh = recipe.build().state_dict()
    model = train(recipe, data, tmp_path, progress=lambda step, figures: seen.append(figures))
    assert len(seen) == 3 and all(np.isfinite(list(figures.values())).all() for figures in seen)
    assert type(model) is Projector and not model.training
    assert any(not torch.equal(tensor, fresh[name]) for name, tensor in model.state_dict().items())
    figures = recipe.report(model, data)
    assert {"psnr_4", "psnr_16", "largest", "idempotence"} <= figures.keys()
    assert np.isfinite(list(figures.values())).all()
    assert (tmp_path / "sheet-000003.png").stat().st_size > 0
    sheet = recipe.sheet(model, data)
    assert sheet.shape[2:] == model.g_x.in_shape and sheet.isfinite().all()
    model = model.double()
    for x in (data.test_images[:2].double() / 255, torch.rand(2, *model.g_x.in_shape, dtype=torch.float64)):
        once = model(x)
        close(model(once), once, rtol=1e-7, atol=1e-7)
