"""g(x, c): under each condition an ordinary network with a space of its own, with one set of parameters for all."""

import pytest
import torch

import linearizer_core as lc
from linearizer_core.networks import (
    AffineCoupling,
    Chain,
    Conditional,
    Permute,
    forward_and_log_det,
    given,
    image_flow,
    plane_flow,
    vector_flow,
)
from linearizer_core.operators import Dense
from tests.catalogue import stirred

MAKE = {
    "vectors": lambda: stirred(vector_flow(4, 3, 8, context=2)),
    "pictures": lambda: stirred(image_flow((1, 4, 4), (2,), (8,), context=2)),
}
every = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


@every
def test_a_condition_for_each_item_is_that_of_each_item_alone(make):
    g, c = make(), torch.randn(3, 2)
    x = torch.randn(3, *g.in_shape)
    z, log_det = forward_and_log_det(given(g, c), x)
    for i in range(3):
        alone, change = forward_and_log_det(given(g, c[i]), x[i : i + 1])
        torch.testing.assert_close(alone[0], z[i])
        torch.testing.assert_close(change[0], log_det[i])
    torch.testing.assert_close(given(g, c).inverse(z), x)
    assert (given(g, c[0])(x) - given(g, c[1])(x)).abs().max() > 0.01  # the condition does matter


def test_a_coupling_under_a_condition_is_what_its_formula_says():
    g = AffineCoupling((3,), hidden=4, conditioner=vector_flow(3, 1, 4, context=2).networks[2].conditioner)
    stirred(g)
    x, c = torch.randn(5, 3), torch.randn(2)
    layers = g.conditioner.network
    raw, shift = layers(torch.cat([x[:, :1], c.expand(5, 2)], 1)).chunk(2, 1)
    expected = torch.cat([x[:, :1], x[:, 1:] * (2 * torch.tanh(raw / 2)).exp() + shift], 1)
    torch.testing.assert_close(given(g, c)(x), expected)


@every
def test_parameters_are_shared_and_gradients_reach_them_and_the_condition(make):
    g, c = make(), torch.randn(2, requires_grad=True)
    told = given(g, c)
    assert {id(p) for p in told.parameters()} == {id(p) for p in g.parameters()}
    assert all(
        module.c is None for module in g.modules() if isinstance(module, Conditional)
    )  # g is as it was
    told(torch.randn(2, *g.in_shape)).square().sum().backward()
    assert c.grad.abs().sum() > 0 and all(p.grad is not None for p in g.parameters())
    assert not given(g.eval(), c).training


def test_the_laws_hold_under_a_condition_and_the_model_is_saved(tmp_path):
    g = stirred(vector_flow(4, 3, 8, context=2))
    f = lc.Linearizer(given(g, torch.tensor([1.0, -1.0])), Dense(torch.randn(4, 4)), given(g, torch.zeros(2)))
    x = torch.randn(6, 4)
    assert lc.check(f, x).ok
    lc.save(tmp_path / "f", f)
    torch.testing.assert_close(lc.load(tmp_path / "f")(x), f(x))
    lc.save(tmp_path / "g", g)
    later = given(lc.load(tmp_path / "g"), torch.ones(2))
    torch.testing.assert_close(later(x), given(g, torch.ones(2))(x))
    torch.testing.assert_close(lc.folded(later)(x), later(x))
    torch.testing.assert_close(given(g.inv, torch.ones(2))(later(x)), x)


def test_what_cannot_be_is_one_sentence():
    g = vector_flow(4, 1, 8, context=2)
    with pytest.raises(ValueError, match=r"takes a condition of 2 numbers; call given\(g, c\)"):
        g(torch.ones(1, 4))
    for c in (torch.ones(3), torch.tensor(1.0), torch.ones(1, 1, 2)):
        with pytest.raises(ValueError, match="c must be a condition"):
            given(g, c)
    with pytest.raises(ValueError, match="a condition for each of 3 items"):
        given(g, torch.ones(3, 2))(torch.ones(2, 4))
    for other in (plane_flow(2, 4), Chain(Permute.flip(2))):
        with pytest.raises(ValueError, match="takes no condition"):
            given(other, torch.ones(2))
    with pytest.raises(ValueError, match="context must be a whole number of at least 1"):
        vector_flow(4, 1, 8, context=-1)
