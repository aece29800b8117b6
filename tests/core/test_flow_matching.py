"""One step is N steps: collapse against loops, products of matrices and closed forms, in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linearizer_core import algebra
from linearizer_core.methods import flow_matching
from linearizer_core.methods.factors import main_part
from linearizer_core.methods.flow_matching import (
    METHODS,
    collapse,
    flow,
    flow_matching_loss,
    guesses,
    integrate,
    last_time,
    path,
    trajectory,
    velocity,
)
from linearizer_core.operators import (
    Dense,
    Diagonal,
    Identity,
    IdentityPlusLowRank,
    LowRank,
    Stopped,
    TimedGaussian,
    TimedLowRank,
    TimedLowRankGaussian,
    TimedOperator,
)


class Rotating(TimedOperator):
    """A family that only wrote `at`, on purpose: everything else is inherited, its collapse is the dense one."""

    shape = (4, 4)

    def __init__(self):
        super().__init__()
        self.register_buffer("M", 0.4 * torch.randn(4, 4))

    def at(self, t):
        return Dense(torch.matrix_exp(t * self.M))


class Learned(TimedOperator):
    """The paper's own recipe: U(t) and V(t) are what a network makes of t; c I besides, where it is given."""

    def __init__(self, n, r, c=None, hidden=8):
        super().__init__()
        self.r, self.c, self.shape = r, c, (n, n)
        self.net = torch.nn.Sequential(
            torch.nn.Linear(1, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 2 * n * r)
        )

    def at(self, t):
        U, V = self.net(torch.full((1,), float(t)).to(self.net[0].weight)).reshape(2, self.shape[0], self.r)
        return LowRank(U, V) if self.c is None else IdentityPlusLowRank(self.c, U, V)


def _orthonormal(n, q):
    return torch.linalg.qr(torch.randn(n, q))[0]


TIMED = {
    "gaussian": lambda: TimedGaussian(torch.rand(6) * 4),
    "gaussian with a dead axis": lambda: TimedGaussian(torch.tensor([0.0, 1.0, 9.0])),
    "low-rank gaussian": lambda: TimedLowRankGaussian(
        _orthonormal(9, 2), 5 * torch.rand(2), torch.tensor(0.3)
    ),
    "low rank": lambda: TimedLowRank(0.4 * torch.randn(2, 30, 2), 0.4 * torch.randn(2, 30, 2)),
    "low rank, constant": lambda: TimedLowRank(torch.randn(1, 7, 1), torch.randn(1, 7, 1)),
    "low rank of more factors than axes": lambda: TimedLowRank(
        0.3 * torch.randn(3, 5, 2), torch.randn(3, 5, 2)
    ),
    "low rank zero": lambda: TimedLowRank(torch.zeros(2, 20, 2), torch.randn(2, 20, 2)),
    "at only": Rotating,
    "network of t": lambda: Learned(30, 2),
    "network of t, as many factors as axes": lambda: Learned(5, 5),
    "identity plus network of t": lambda: Learned(20, 2, 0.3),
    "stopped low rank": lambda: Stopped(TimedLowRank(*0.4 * torch.randn(2, 2, 30, 2)), 0.9),
    "stopped network of t": lambda: Stopped(Learned(20, 2)),
    "stopped gaussian": lambda: Stopped(TimedGaussian(torch.rand(6) * 4), 0.8),
}


def velocity_matrix(A, t):
    """V(t) by its definition, or where that is 0/0 by a limit from below."""
    t = min(t, 1 - 1e-7)
    return (A(t).dense() - torch.eye(A.shape[0])) / (1 - t)


@pytest.mark.parametrize("make", TIMED.values(), ids=TIMED)
@pytest.mark.parametrize("t", [0.0, 0.3, 0.75, 1.0])
def test_the_velocity_is_the_guess_minus_where_one_is_over_the_time_left(make, t):
    A = make()
    if t == 1 and not A.reaches_one:
        with pytest.raises(ValueError, match="no velocity at t = 1"):
            velocity(A, t)
    elif not (t == 1 and isinstance(A, TimedGaussian) and (A.variances == 0).any()):
        torch.testing.assert_close(velocity(A, t).dense(), velocity_matrix(A, t), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", TIMED.values(), ids=TIMED)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("steps", [1, 2, 7, 40])
def test_one_step_equals_the_loop_on_vectors(make, method, steps):
    A, z = make(), torch.randn(3, make().shape[0])
    looped = integrate(flow(A), z, steps, method, last_time(A, steps))
    torch.testing.assert_close(collapse(A, steps, method)(z), looped, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("make", TIMED.values(), ids=TIMED)
def test_one_euler_step_equals_the_product_of_step_matrices(make):
    A, steps = make(), 12
    product = torch.eye(A.shape[0])
    for i in range(steps):
        product = (torch.eye(A.shape[0]) + velocity_matrix(A, i / steps) / steps) @ product
    torch.testing.assert_close(collapse(A, steps, "euler").dense(), product, rtol=1e-8, atol=1e-9)


def test_rk4_keeps_the_cross_terms_that_simpsons_rule_drops():
    A, h = Rotating(), 0.5
    eye = torch.eye(4)
    k1, k23, k4 = (velocity_matrix(A, t) for t in (0.0, h / 2, h))
    s2, s3 = eye + h / 2 * k1, eye + h / 2 * k23 @ (eye + h / 2 * k1)
    whole = eye + h / 6 * (k1 + 2 * k23 @ s2 + 2 * k23 @ s3 + k4 @ (eye + h * k23 @ s3))
    one = METHODS["rk4"](flow(A), 0.0, h, eye.clone()).mT
    torch.testing.assert_close(one, whole)
    simpson = eye + h / 6 * (k1 + 4 * k23 + k4)
    assert (one - simpson).abs().max() > 1e-4


@pytest.mark.parametrize("make", TIMED.values(), ids=TIMED)
def test_the_integrator_runs_on_operators_as_on_vectors(make):
    A = make()
    B = integrate(flow(A), Identity(A.shape[0]).double(), 3, "midpoint", last_time(A, 3))
    torch.testing.assert_close(B.dense(), collapse(A, 3, "midpoint").dense(), rtol=1e-8, atol=1e-9)


def test_many_small_steps_carry_white_noise_to_the_covariance():
    variances = torch.tensor([0.01, 0.5, 1.0, 20.0])
    B = collapse(TimedGaussian(variances), 2000, "rk4")
    torch.testing.assert_close(B.values, variances.sqrt(), rtol=1e-6, atol=0)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("rk4", 4)])
def test_the_error_falls_at_least_with_the_order_of_the_method(method, order):
    A, wanted = TimedGaussian(torch.tensor([2.0])), torch.tensor([2.0]).sqrt()
    errors = [float((collapse(A, n, method).values - wanted).abs()) for n in (40, 80)]
    assert errors[0] / errors[1] > 0.9 * 2**order


def test_the_closed_form_is_the_best_linear_guess():
    z1 = torch.randn(200_000, 2) * torch.tensor([0.5, 3.0])
    z0, A = torch.randn(200_000, 2), TimedGaussian(torch.tensor([0.25, 9.0]))
    for t in (0.2, 0.7):
        z = path(z0, z1, torch.full((len(z0),), t))
        fitted = (z * z1).mean(0) / (z * z).mean(0)
        torch.testing.assert_close(A(t).values, fitted, rtol=0.02, atol=0)
        worse = TimedGaussian(torch.tensor([1.0, 1.0]))
        assert flow_matching_loss(A, z0, z1, t) < flow_matching_loss(worse, z0, z1, t)


def test_collapse_stays_on_the_factors():
    A = TimedLowRank(torch.randn(3, 400, 2) / 20, torch.randn(3, 400, 2) / 20)
    B = collapse(A, 50, "euler")
    assert isinstance(B, LowRank) and B.U.shape[1] <= 12  # Euler's last step is the guess itself, of rank 2
    assert algebra.svd(B).values.gt(1e-9).sum() <= 2
    B = collapse(TimedLowRankGaussian(_orthonormal(300, 4), torch.rand(4) + 1, torch.tensor(0.5)), 50)
    assert isinstance(B, IdentityPlusLowRank) and B.U.shape == (300, 4)
    assert isinstance(collapse(TimedGaussian(torch.ones(5))), Diagonal)


@pytest.mark.parametrize("make", [TIMED["gaussian"], TIMED["low-rank gaussian"]])
def test_a_collapsed_flow_is_undone_by_its_pseudo_inverse(make):
    B = collapse(make(), 20, "rk4")
    z = torch.randn(5, B.shape[0])
    torch.testing.assert_close(algebra.pinv(B)(B(z)), z, rtol=1e-8, atol=1e-8)


def test_the_result_has_the_dtype_of_the_operator():
    assert collapse(TimedGaussian(torch.ones(3, dtype=torch.float32)), 5).values.dtype == torch.float32


@given(steps=st.integers(1, 60), end=st.floats(0.05, 1.0))
def test_a_trajectory_starts_at_0_ends_at_1_and_has_one_state_per_step(steps, end):
    if end == 1 or steps > 1:
        times = [t for t, _ in trajectory(lambda t, z: 0 * z, torch.zeros(()), steps, "euler", end)]
        assert times[0] == 0 and times[-1] == 1 and len(times) == steps + 1 and times == sorted(times)


@pytest.mark.parametrize("steps", [0, -1, 1.5, 10**9, float("nan"), float("inf"), True, "ten"])
def test_steps_that_are_no_count_are_refused(steps):
    with pytest.raises(ValueError, match="steps must be a whole number from 1 to 10000"):
        collapse(TimedGaussian(torch.ones(2)), steps)


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(ValueError, match="euler, midpoint, rk4, got 'heun'"):
        collapse(TimedGaussian(torch.ones(2)), 3, "heun")


@pytest.mark.parametrize("t", [-0.1, 1.1, float("nan")])
def test_a_time_outside_the_flow_is_refused(t):
    with pytest.raises(ValueError, match="t must lie in"):
        TimedGaussian(torch.ones(2))(t)


def test_gradients_reach_the_factors():
    A = TimedLowRank(torch.nn.Parameter(torch.randn(2, 6, 2)), torch.nn.Parameter(torch.randn(2, 6, 2)))
    flow_matching_loss(A, torch.randn(4, 6), torch.randn(4, 6), 0.4).backward()
    assert A.U.grad.abs().max() > 0 and A.V.grad.abs().max() > 0


@pytest.mark.parametrize(("method", "times"), [("euler", 1), ("midpoint", 2), ("rk4", 2)])
def test_any_function_of_time_stays_on_its_factors(method, times, monkeypatch):
    def never(A, steps, method):
        raise AssertionError("went dense")

    monkeypatch.setattr(flow_matching, "_image_of_identity", never)
    A, steps = Learned(400, 2), 6
    B = collapse(A, steps, method)
    assert isinstance(B, LowRank) and B.U.shape[1] == 2  # of the last guess
    B = collapse(Stopped(A), steps, method)
    assert isinstance(B, IdentityPlusLowRank) and 2 <= B.U.shape[1] <= 2 * (times * steps + 1)


class Rough(TimedOperator):
    """U(t) and V(t) that have nothing to do with those of another time."""

    shape = (90, 90)

    def at(self, t):
        generator = torch.Generator().manual_seed(round(1e6 * t))
        return LowRank(*torch.randn(2, 90, 2, generator=generator, dtype=torch.float64) / 9)


def test_factors_that_jump_with_time_are_exact_too():
    A, z = Rough(), torch.randn(3, 90)
    for steps in (5, 60):
        looped = integrate(flow(A), z, steps, "midpoint", last_time(A, steps))
        torch.testing.assert_close(collapse(A, steps, "midpoint")(z), looped, rtol=1e-9, atol=1e-9)


def test_a_large_middle_is_compressed_by_a_sketch_that_is_measured():
    S = torch.randn(400, 30) @ torch.randn(30, 380)
    U, s, Vh = main_part(S, 1e-10)
    assert len(s) == 30
    torch.testing.assert_close((U * s) @ Vh, S)
    full = torch.randn(300, 300)
    U, s, Vh = main_part(full, 1e-12)
    torch.testing.assert_close((U * s) @ Vh, full)


def gradients_of(B, leaves, weight):
    return torch.autograd.grad((B * weight).sum(), leaves, allow_unused=True)


@pytest.mark.parametrize("name", [name for name in TIMED if name not in ("at only", "low rank zero")])
@pytest.mark.parametrize("method", METHODS)
def test_gradients_pass_through_the_collapse_where_they_are_asked_for(name, method):
    A = TIMED[name]()
    for buffer in list(A.named_buffers()):
        owner = A.get_submodule(buffer[0].rpartition(".")[0])
        delattr(owner, buffer[0].rpartition(".")[2])
        owner.register_parameter(buffer[0].rpartition(".")[2], torch.nn.Parameter(buffer[1]))
    # a basis is orthonormal by definition: off those, the two routes are different functions
    leaves = [leaf for name, leaf in A.named_parameters() if name != "basis"]
    weight, n = torch.randn(A.shape), A.shape[0]
    B = collapse(A, 4, method, gradient=True)
    looped = integrate(flow(A), torch.eye(n), 4, method, last_time(A, 4)).mT
    torch.testing.assert_close(B.dense(), looped, rtol=1e-9, atol=1e-9)
    for ours, theirs in zip(gradients_of(B.dense(), leaves, weight), gradients_of(looped, leaves, weight)):
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-8)
    plain = collapse(A, 4, method)
    assert not any(t.requires_grad for t in (*plain.parameters(), *plain.buffers()))


@pytest.mark.parametrize(
    "make", [lambda: TimedLowRank(*torch.randn(2, 2, 40, 2) / 6), lambda: Learned(40, 2)]
)
def test_a_flow_that_stops_early_can_be_undone_and_one_that_jumps_cannot(make):
    A, z = make(), torch.randn(3, 40)
    jumping, stopped = collapse(A, 100), collapse(Stopped(A, 0.99), 100)
    assert isinstance(jumping, LowRank) and jumping.U.shape[1] <= 2
    torch.testing.assert_close(algebra.pinv(stopped)(stopped(z)), z, rtol=1e-6, atol=1e-6)
    assert (algebra.pinv(jumping)(jumping(z)) - z).abs().max() > 0.1
    before = next(z for t, z in trajectory(flow(A), z, 100, "rk4", 0.99) if t == 0.99)
    torch.testing.assert_close(stopped(z), before, rtol=1e-4, atol=1e-4)  # 100 steps there, 99 here


@pytest.mark.parametrize("make", TIMED.values(), ids=TIMED)
def test_each_item_is_guessed_at_its_own_time(make):
    A = make()
    z0, z1 = torch.randn(2, 4, A.shape[0])
    t = torch.tensor([0.0, 0.3, 0.3, 0.9])
    z = torch.stack([(1 - time) * a + time * b for time, a, b in zip(t, z0, z1)])
    expected = torch.stack([A(time).dense() @ item for time, item in zip(t.tolist(), z)])
    torch.testing.assert_close(guesses(A, z, t), expected)
    torch.testing.assert_close(flow_matching_loss(A, z0, z1, t), (expected - z1).square().mean())
    alike = flow_matching_loss(A, z0, z1, torch.full((4,), 0.3))
    torch.testing.assert_close(flow_matching_loss(A, z0, z1, 0.3), alike)


@pytest.mark.parametrize("stop", [0.0, 1.0, -1.0, 2.0])
def test_a_stop_outside_the_flow_is_refused(stop):
    with pytest.raises(ValueError, match="stop must lie above 0 and below 1"):
        Stopped(TimedGaussian(torch.ones(2)), stop)
