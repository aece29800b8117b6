"""Nearest neighbours: scikit-learn's against distances worked out one by one."""

import math

import pytest
import torch

from linearizer_core.algebra.singular import powered
from linearizer_core.measures.neighbours import neighbour_accuracy, neighbour_agreement
from linearizer_core.models.generator import Generator
from linearizer_core.networks import Flatten
from linearizer_core.operators import Identity
from linearizer_core.pca import LatentPCA

X, LABELS = torch.randn(60, 3, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 3


def by_hand(x, labels, k):
    right = 0
    for i in range(len(x)):
        distances = (x - x[i]).norm(dim=1)
        distances[i] = torch.inf
        votes = torch.bincount(labels[distances.argsort()[:k]], minlength=3)
        right += int(votes.argmax() == labels[i])
    return right / len(x)


@pytest.mark.parametrize("k", [1, 4, 5])
def test_agreement_leaves_the_point_itself_out(k):
    assert neighbour_agreement(X, LABELS, k) == pytest.approx(by_hand(X, LABELS, k))
    apart = X + 100 * LABELS[:, None]
    assert neighbour_agreement(apart, LABELS, k) == 1.0


def test_agreement_leaves_out_points_without_a_label_and_is_nan_for_too_few():
    some = torch.where(torch.arange(60) < 40, LABELS, -1)
    assert neighbour_agreement(X, some) == pytest.approx(by_hand(X[:40], LABELS[:40], 5))
    assert math.isnan(neighbour_agreement(X[:5], LABELS[:5])) and math.isnan(
        neighbour_agreement(X, 0 * LABELS - 1)
    )


def test_accuracy_asks_other_points():
    apart = X + 100 * LABELS[:, None]
    assert neighbour_accuracy(apart, LABELS, apart + 1, LABELS) == 1.0
    assert neighbour_accuracy(apart, LABELS, apart + 1, (LABELS + 1) % 3) == 0.0
    with pytest.raises(
        ValueError, match=r"neighbours must lie in 1..4, the number of points to look among, got 5"
    ):
        neighbour_accuracy(X[:4], LABELS[:4], X, LABELS)


def test_spread_along_a_direction_is_that_of_the_latents():
    f = Generator(Flatten((3,)), Identity(3), torch.randn(4, 3), 0.3 * torch.randn(3))
    V = torch.linalg.qr(torch.randn(3, 3)).Q
    covariance = V.mT @ torch.diag(f.total_std.square()) @ V
    torch.testing.assert_close(f.spread_along(V), covariance.diagonal().sqrt())
    pca = LatentPCA(2).fit_latents(X)
    torch.testing.assert_close(pca.spread, pca.transform(X).std(0))
    with pytest.raises((ValueError, AttributeError)):
        _ = LatentPCA(2).spread


def test_powers_of_singular_values_keep_zero_at_zero():
    values = torch.tensor([4.0, 1.0, 0.1, 0.0])
    torch.testing.assert_close(powered(values, -1.0, 0.05), torch.tensor([0.25, 1.0, 0.0, 0.0]))
    torch.testing.assert_close(powered(values, 0.0, 1e-6), torch.tensor([1.0, 1.0, 1.0, 0.0]))
    assert powered(torch.zeros(3), -1.0, 0.1).tolist() == [0.0, 0.0, 0.0] and powered(
        torch.zeros(0), 2.0, 0.1
    ).shape == (0,)
