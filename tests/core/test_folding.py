"""Folded networks: the same map in both directions, with nothing left to work out at a call."""

import pytest
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core.networks import (
    ActNorm,
    Chain,
    InvertibleConv1x1,
    InvertibleLinear,
    Squeeze,
    folded,
    forward_and_log_det,
    image_flow,
    resized,
)
from linearizer_core.networks.folding import Folded
from tests.catalogue import NETWORKS, points, stirred

EVERY = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)


@EVERY
def test_a_folded_network_is_the_same_map_in_both_directions(make):
    g = make()
    quick, x = folded(g), points(g)
    with torch.no_grad():
        z = g(x)
        torch.testing.assert_close(quick(x), z, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(quick.inverse(z), g.inverse(z), rtol=1e-9, atol=1e-9)


@EVERY
def test_its_log_determinant_is_that_of_the_network(make):
    g = make()
    x = points(g)
    expected, found = (forward_and_log_det(network, x)[1].detach() for network in (g, folded(g)))
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)


@EVERY
def test_nothing_in_it_trains_and_nothing_is_shared(make):
    g = make()
    quick, x = folded(g), points(g)
    before = quick(x).detach().clone()
    for parameter in g.parameters():
        parameter.data.add_(1.0)
    assert list(quick.parameters()) == [] and torch.equal(quick(x), before)


def test_neighbours_become_one_matrix_which_is_the_product_of_theirs():
    shape = (4, 3, 3)
    g = Chain(*(stirred(layer) for layer in (ActNorm(shape), InvertibleConv1x1(shape), ActNorm(shape))))
    (one,) = folded(g).networks
    ends = [exp.flatten() for exp in (g.networks[0].log_scale.exp(), g.networks[2].log_scale.exp())]
    expected = torch.diag(ends[1]) @ g.networks[1].weight.matrix() @ torch.diag(ends[0])
    assert isinstance(one, Folded)
    torch.testing.assert_close(one.W, expected.detach())
    torch.testing.assert_close(one.W @ one.W_inv, torch.eye(4))


def test_scales_alone_stay_scales_and_shapes_stay_apart():
    g = Chain(Squeeze((1, 4, 4)), ActNorm((4, 2, 2)), ActNorm((4, 2, 2)))
    assert [type(network) for network in folded(g).networks] == [Squeeze, ActNorm, ActNorm]


def test_a_chain_that_carries_float64_keeps_its_matrices_in_float64():
    torch.set_default_dtype(torch.float32)
    g = stirred(image_flow((1, 4, 4), [2], [8], carry_wide=True))
    quick, x = folded(g), torch.rand(3, 1, 4, 4)
    assert quick.carry_wide and {part.W.dtype for part in quick.networks if isinstance(part, Folded)} == {
        torch.float64
    }
    with torch.no_grad():
        torch.testing.assert_close(quick(x), g(x), rtol=1e-6, atol=1e-6)
        assert quick(x).dtype == torch.float32


def test_in_float32_a_round_trip_loses_no_more_than_before():
    torch.set_default_dtype(torch.float32)
    g = stirred(image_flow((1, 8, 8), [4, 4], [16, 16]))
    x = torch.rand(64, 1, 8, 8)
    with torch.no_grad():
        lost = [float((network.inverse(network(x)) - x).abs().max()) for network in (g, folded(g))]
    assert lost[1] < 3 * lost[0] + 1e-6


def test_a_singular_matrix_is_refused():
    with pytest.raises(ValueError, match="invertible matrix, got a singular one"):
        Folded((2,), torch.zeros(2, 2), torch.zeros(2), torch.float64)


def test_a_frozen_conditioner_still_answers_in_the_precision_of_its_input():
    quick = folded(stirred(Chain(InvertibleLinear(4), InvertibleLinear(4))))
    assert not quick.training and not any(
        isinstance(value, nn.Parameter) for value in quick.state_dict().values()
    )


@pytest.mark.parametrize("name", [name for name in lc.pretrained() if name != "styles"])
def test_a_shipped_model_folded_is_the_same_model(name):
    f = lc.load(name).double()
    quick = lc.folded(f)
    x = torch.rand(2, *f.g_x.in_shape)
    with torch.no_grad():
        torch.testing.assert_close(quick(x), f(x), rtol=1e-7, atol=1e-7)
        torch.testing.assert_close(
            quick.domain.add(x[:1], x[1:]), f.domain.add(x[:1], x[1:]), rtol=1e-7, atol=1e-7
        )
    assert (quick.g_x is quick.g_y) == (f.g_x is f.g_y) and quick.A is not f.A
    assert not any(parameter.requires_grad for parameter in quick.parameters())


def test_a_folded_network_of_photos_takes_any_size_as_well():
    g = lc.load("styles").double().g
    quick, x = resized(folded(g), (3, 72, 64)), torch.rand(1, 3, 72, 64)
    with torch.no_grad():
        z = resized(g, (3, 72, 64))(x)
        torch.testing.assert_close(quick(x), z, rtol=1e-8, atol=1e-8)
        torch.testing.assert_close(quick.inverse(z), x, rtol=1e-8, atol=1e-8)


def test_a_folded_network_is_not_saved_and_the_sentence_says_what_is(tmp_path):
    g = stirred(Chain(ActNorm((2,)), InvertibleLinear(2)))
    with pytest.raises(ValueError, match=r"^model is folded; save the one .* and fold it after loading\.$"):
        lc.save(tmp_path / "m", folded(g))
    assert not (tmp_path / "m").exists()


def test_what_is_no_network_cannot_be_folded():
    for thing in ("x", None, torch.ones(2)):
        with pytest.raises(ValueError, match="must be a network or a model built of some"):
            folded(thing)
