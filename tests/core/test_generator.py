"""Prototypes and samples are points of the induced space; wrong input is refused in one sentence."""

import pytest
import torch

from linearizer_core.measures.generation import through_the_network
from linearizer_core.models.generator import Generator
from linearizer_core.networks import ActNorm, Chain, Flatten, Squeeze
from linearizer_core.networks.coupling import AffineCoupling
from linearizer_core.operators import Diagonal, TimedGaussian
from linearizer_core.spaces import InducedSpace


@pytest.fixture
def model() -> Generator:
    g = Chain(Squeeze((1, 4, 4)), ActNorm((4, 2, 2)), AffineCoupling((4, 2, 2), hidden=8), Flatten((4, 2, 2)))
    for parameter in g.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    means = torch.randn(3, 16)
    return Generator(g, Diagonal(torch.rand(16)), means - means.mean(0), 0.3 * torch.randn(16))


def test_a_labelled_sample_is_style_plus_prototype_in_the_induced_space(model):
    noise = torch.randn(5, 1, 4, 4)
    labels = torch.tensor([0, 1, 2, 0, 1])
    latents = model.latent_std * noise.flatten(1) + model.means[labels]
    torch.testing.assert_close(
        model.sample(noise, label=labels), model.g_y.inverse(latents), rtol=1e-5, atol=1e-5
    )
    space = InducedSpace(model.g_y)
    style = model.g_y.inverse(model.latent_std * noise.flatten(1))
    both = space.add(style, model.prototype(2).expand_as(style))
    torch.testing.assert_close(model.sample(noise, label=2), both, rtol=1e-5, atol=1e-5)


def test_samples_without_a_label_have_the_spread_of_all_classes(model):
    z = model.g_y(model.sample(torch.randn(20_000, 1, 4, 4)))
    mixture = model.latent_std * torch.randn(30_000, 16) + model.means.repeat(10_000, 1)
    torch.testing.assert_close(z.mean(0), mixture.mean(0), rtol=0, atol=0.05)
    torch.testing.assert_close(
        z.std(0)[:2], mixture.std(0)[:2], rtol=0.05, atol=0
    )  # exact on the leading axes
    assert (z.std(0)[2:] < 1.05 * mixture.std(0)[2:]).all()


@pytest.mark.parametrize("label", [None, 1])
@pytest.mark.parametrize("method", ["euler", "midpoint", "rk4"])
def test_one_step_is_all_steps_and_its_inverse_is_the_way_back(model, method, label):
    noise = torch.randn(4, 1, 4, 4)
    x = model.sample(noise, 20, method, label)
    torch.testing.assert_close(model.collapse(20, method, label)(noise), x)
    torch.testing.assert_close(model.invert(x, 20, method, label), noise)
    torch.testing.assert_close(through_the_network(model, noise, 20), model.sample(noise, 20, "euler"))


def test_a_path_starts_at_the_noise_and_ends_at_the_sample(model):
    noise = torch.randn(3, 1, 4, 4)
    frames = model.path(noise, 30, "rk4", 2, frames=7)
    assert frames.shape == (7, 3, 1, 4, 4)
    torch.testing.assert_close(frames[0], model.g_y.inverse(model.start(noise, 2)))
    torch.testing.assert_close(frames[-1], model.sample(noise, 30, "rk4", 2))
    assert model.path(noise, steps=2, frames=12).shape[0] == 3


def test_a_flow_of_another_size_is_refused(model):
    with pytest.raises(ValueError, match="A_t must be of shape"):
        Generator(model.g_x, model.A, model.means, model.log_std, TimedGaussian(torch.ones(3)))


def test_classify_picks_the_nearest_mean_in_deviations(model):
    assert model.classify(model.g_y.inverse(model.means)).tolist() == [0, 1, 2]
    distance = (model.g_x(model.prototype(1)[None]) - model.means).div(model.latent_std).norm(dim=1)
    assert distance.argmin() == 1


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_unknown_labels_are_refused(model, label):
    with pytest.raises(ValueError, match=r"label must be a whole number in 0\.\.2"):
        model.sample(torch.randn(1, 1, 4, 4), label=label)


@pytest.mark.parametrize("noise", [torch.zeros(2, 16), torch.full((1, 1, 4, 4), float("nan"))])
def test_noise_of_the_wrong_shape_or_not_finite_is_refused(model, noise):
    with pytest.raises(ValueError, match="noise must be finite with shape"):
        model.sample(noise)


def test_sizes_that_do_not_fit_are_refused(model):
    with pytest.raises(ValueError, match="16 latent axes"):
        Generator(model.g_x, model.A, torch.zeros(3, 4), torch.zeros(16))
