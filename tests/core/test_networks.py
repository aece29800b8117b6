"""Laws of invertible networks, over all of them: fresh, trained, saved and loaded, in train and eval mode."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linearizer_core.diagnostics import round_trip_error
from linearizer_core.networks import (
    PLU,
    ActNorm,
    AffineCoupling,
    Chain,
    Flatten,
    InvertibleNetwork,
    Log,
    Permute,
    Squeeze,
    forward_and_log_det,
    image_flow,
    initialise,
    vector_flow,
)
from linearizer_core.spaces import decode, encode
from tests.catalogue import NETWORKS, points, stirred

every_network = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)


@every_network
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_round_trip(make, mode):
    g = getattr(make(), mode)()
    x, z = points(g), torch.randn(3, *g.out_shape)
    assert round_trip_error(g, x, z) < 1e-9
    assert g(x).shape == (3, *g.out_shape) and g.inverse(z).shape == (3, *g.in_shape)


@every_network
def test_modes_and_repeated_calls_agree(make):
    g = make()
    x = points(g)
    torch.testing.assert_close(g.train()(x), g.eval()(x), rtol=0, atol=0)
    torch.testing.assert_close(g(x), g(x), rtol=0, atol=0)
    torch.testing.assert_close(g(x)[1:2], g(x[1:2]))  # no item depends on its batch


@every_network
def test_saved_and_loaded_it_is_the_same_network(make):
    g = make()
    x = points(g)
    z, state = g(x), {name: value.clone() for name, value in g.state_dict().items()}
    torch.manual_seed(99)
    h = make()
    h.load_state_dict(state)
    torch.testing.assert_close(h(x), z, rtol=0, atol=0)
    assert round_trip_error(h, x) < 1e-9
    assert round_trip_error(h.eval(), x) < 1e-9


@every_network
def test_far_from_data_it_is_finite_and_invertible_in_float32(make):
    g = make().float()
    z = 5 * torch.randn(64, *g.out_shape, dtype=torch.float32)
    x = g.inverse(z)
    assert x.isfinite().all()
    error = (g(x) - z).flatten(1).norm(dim=1) / z.flatten(1).norm(dim=1)
    assert error.max() < 1e-3


@every_network
def test_log_det_is_that_of_the_jacobian(make):
    g = make()
    x, n = points(g), math.prod(g.in_shape)
    z, log_det = forward_and_log_det(g, x)
    torch.testing.assert_close(z, g(x))
    assert log_det.shape == (3,)
    for item, expected in zip(x, log_det):
        jacobian = torch.autograd.functional.jacobian(lambda v: g(v[None])[0], item).reshape(n, n)
        torch.testing.assert_close(torch.linalg.slogdet(jacobian).logabsdet, expected)


def test_log_det_without_a_rule_is_the_jacobian_too():
    class Cube(InvertibleNetwork):
        in_shape = out_shape = (2,)

        def forward(self, x):
            return x**3

        def inverse(self, z):
            return z.sign() * z.abs() ** (1 / 3)

    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    torch.testing.assert_close(forward_and_log_det(Cube(), x)[1], (3 * x**2).log().sum(1))


@every_network
def test_the_inverse_is_an_object_and_undone_it_is_the_network(make):
    g = make()
    x = points(g)
    assert g.inv.in_shape == g.out_shape and g.inv.out_shape == g.in_shape
    assert g.inv.inv is g or g.inv is g.network
    torch.testing.assert_close(g.inv(g(x)), x)
    assert list(map(id, g.inv.parameters())) == list(map(id, g.parameters()))
    assert round_trip_error(g.inv, g(x)) < 1e-9


@every_network
def test_a_chain_with_the_inverse_is_the_identity(make):
    g = make()
    x = points(g)
    torch.testing.assert_close(Chain(g, g.inv)(x), x)
    torch.testing.assert_close(Chain(g, g.inv, g)(x), g(x))


@every_network
def test_any_batch_shape_through_encode_and_decode(make):
    g = make()
    x = points(g, 4)
    grid = x.reshape(2, 2, *g.in_shape)
    torch.testing.assert_close(decode(g, encode(g, grid)), grid)
    torch.testing.assert_close(encode(g, x[0]), g(x)[0])
    assert encode(g, x[:0]).shape == (0, *g.out_shape)


@every_network
def test_gradients_pass_both_ways(make):
    g = make()
    x, z = points(g).requires_grad_(), torch.randn(3, *g.out_shape).requires_grad_()
    assert torch.autograd.grad(g(x).square().sum(), x)[0].isfinite().all()
    assert torch.autograd.grad(g.inverse(z).square().sum(), z)[0].isfinite().all()


@given(st.integers(2, 6), st.integers(1, 3), st.integers(1, 4), st.integers(0, 10**6))
def test_vector_flows_of_any_size(n, steps, batch, seed):
    torch.manual_seed(seed)
    g = stirred(vector_flow(n, steps, hidden=4))
    assert round_trip_error(g, torch.randn(batch, n)) < 1e-9


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(0, 10**6))
def test_image_flows_of_any_shape(channels, rows, columns, stages, seed):
    torch.manual_seed(seed)
    shape = (channels, rows * 2**stages, columns * 2**stages)
    g = stirred(image_flow(shape, steps=[1] * stages, hidden=[4] * stages), by=0.02)
    assert g.out_shape == (math.prod(shape),)
    assert round_trip_error(g, torch.rand(2, *shape)) < 1e-8


def test_a_chain_applies_the_first_network_first():
    g = Chain(Log(2), Permute.flip(2))
    torch.testing.assert_close(g(torch.tensor([[1.0, math.e]])), torch.tensor([[1.0, 0.0]]))


def test_fresh_flows_keep_what_they_are_given_bounded():
    g = image_flow((1, 8, 8), steps=[2, 2], hidden=[8, 8])
    x = torch.rand(4, 1, 8, 8)
    torch.testing.assert_close(g(x).flatten(1).norm(dim=1), x.flatten(1).norm(dim=1))  # rotations only


def test_initialise_standardises_every_channel_and_keeps_the_network_invertible():
    g = stirred(vector_flow(3, steps=3, hidden=8))
    x = 5 + 3 * torch.randn(500, 3)
    z = initialise(g, x)
    torch.testing.assert_close(z, g(x))
    first = g.networks[0](x)
    torch.testing.assert_close(first.mean(0), torch.zeros(3), rtol=0, atol=1e-9)
    torch.testing.assert_close(first.var(0, correction=0), torch.ones(3))
    assert round_trip_error(g, x) < 1e-9


def test_actnorm_has_no_flag_to_lose():
    g, x = ActNorm((3,)), torch.randn(10, 3)
    g.fit(x)
    h = ActNorm((3,))
    h.load_state_dict(g.state_dict())
    torch.testing.assert_close(h(x), g(x), rtol=0, atol=0)
    torch.testing.assert_close(h.train()(x), g(x), rtol=0, atol=0)
    constant = ActNorm((2,))
    constant.fit(torch.ones(5, 2))
    assert constant(torch.ones(1, 2)).isfinite().all()


def test_plu_is_the_matrix_it_was_given_and_solves_with_it():
    M, y = torch.randn(5, 5), torch.randn(5, 2)
    plu = PLU(M)
    torch.testing.assert_close(plu.matrix().detach(), M)
    torch.testing.assert_close(M @ plu.solve(y).detach(), y)


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Chain(), "at least one network"),
        (lambda: Chain(Log(2), Log(3)), r"network 0 \(Log\) ends in shape \(2,\)"),
        (lambda: Squeeze((1, 3, 4)), "even height and width"),
        (lambda: Permute(torch.tensor([0, 0])), "order must hold each of 0..1 once"),
        (lambda: AffineCoupling((1,), hidden=4), "at least 2 channels"),
        (lambda: AffineCoupling((2, 2), hidden=4), r"in_shape must be \(n,\) or \(C, H, W\)"),
        (lambda: PLU(torch.zeros(2, 2)), "singular"),
        (lambda: PLU(torch.full((2, 2), math.nan)), "NaN"),
        (lambda: image_flow((1, 4, 4), steps=[1], hidden=[4, 4]), "one number per stage"),
        (lambda: image_flow((1, 6, 6), steps=[1, 1], hidden=[4, 4]), "even height and width"),
    ],
)
def test_a_misfit_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_half_written_network_fails_when_built():
    class OneWay(InvertibleNetwork):
        in_shape = out_shape = (1,)

        def forward(self, x):
            return x

    with pytest.raises(TypeError, match="inverse"):
        OneWay()


def test_flatten_alone_leaves_the_ordinary_space():
    g, x = Flatten((1, 2, 2)), torch.randn(3, 1, 2, 2)
    torch.testing.assert_close(g.inverse(g(x) + g(x)), x + x)


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_repr_says_shapes_and_what_the_network_was_made_with(make):
    g = make()
    assert str(tuple(g.in_shape)) in g.extra_repr() and str(tuple(g.out_shape)) in repr(g)
    for name in ("hidden", "bound", "leading", "kept", "moved"):
        if name in vars(g):
            assert f"{name}={getattr(g, name)!r}" in g.extra_repr()


@every_network
def test_the_log_det_of_one_point_and_of_a_batch_of_batches_is_that_of_the_batch(make):
    g = make()
    x = points(g)
    z, log_det = forward_and_log_det(g, x)
    alone = forward_and_log_det(g, x[0])
    torch.testing.assert_close(alone, (z[0], log_det[0]))
    twice = forward_and_log_det(g, torch.stack([x, x]))
    torch.testing.assert_close(twice, (torch.stack([z, z]), torch.stack([log_det, log_det])))
    with pytest.raises(ValueError, match="takes points of shape"):
        forward_and_log_det(g, x[..., :-1])


@pytest.mark.parametrize(
    "make",
    [lambda n: Log(n), lambda n: Flatten((n, 3)), lambda n: ActNorm((n,)), lambda n: Squeeze((n, 2, 2))],
    ids=["Log", "Flatten", "ActNorm", "Squeeze"],
)
@pytest.mark.parametrize("n", [-1, 0, 1.5, "a"])
def test_a_shape_that_cannot_be_is_found_when_it_is_set(make, n):
    with pytest.raises(ValueError, match="each side must be a whole number of at least 1"):
        make(n)
