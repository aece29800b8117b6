"""White noise becomes exactly the mixture, axis by axis, and comes back from far outside it."""

import pytest
import torch

from linearizer_core.networks import MixtureTransport, forward_and_log_det

MEANS = torch.tensor([[-4.0, 0.0], [4.0, 0.0], [0.0, 5.0]], dtype=torch.float64)


def test_the_density_that_it_makes_is_the_mixture():
    g = MixtureTransport(MEANS, leading=2)
    noise = 1.5 * torch.randn(500, 2)
    z, log_det = forward_and_log_det(g, noise)
    normal = torch.distributions.Normal(0.0, 1.0)
    made = normal.log_prob(noise).sum(1) - log_det
    components = normal.log_prob(z[:, None] - MEANS).sum(2)
    torch.testing.assert_close(made, components.logsumexp(1) - torch.tensor(3.0).log(), rtol=1e-9, atol=1e-9)


def test_classes_come_equally_often_and_carry_their_means_to_the_other_axes():
    means = torch.cat([3 * MEANS, torch.tensor([[1.0], [2.0], [3.0]])], 1)
    z = MixtureTransport(means, leading=2)(torch.randn(20_000, 3))
    nearest = torch.cdist(z[:, :2], means[:, :2]).argmin(1)
    for c in range(3):
        assert (nearest == c).double().mean() == pytest.approx(1 / 3, abs=0.02)
        torch.testing.assert_close(z[nearest == c].mean(0), means[c], rtol=0, atol=0.06)


@pytest.mark.parametrize("distance", [1.0, 30.0, 1000.0])
def test_it_is_inverted_far_from_every_component(distance):
    g = MixtureTransport(MEANS, leading=2)
    z = distance * torch.randn(50, 2)
    torch.testing.assert_close(g(g.inverse(z)), z, rtol=1e-9, atol=1e-9)
    noise = distance * torch.randn(50, 2)
    torch.testing.assert_close(g.inverse(g(noise)), noise, rtol=1e-6, atol=1e-6)


def test_one_component_is_a_translation():
    g, noise = MixtureTransport(torch.tensor([[1.0, 2.0, 3.0]]), leading=2), torch.randn(9, 3)
    torch.testing.assert_close(g(noise), noise + g.means[0])


@pytest.mark.parametrize("means", [torch.zeros(3), torch.zeros(2, 1)])
def test_means_that_do_not_fit_are_refused(means):
    with pytest.raises(ValueError, match="means must be"):
        MixtureTransport(means, leading=2)
