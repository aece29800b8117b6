"""One step is N steps: collapse against loops, products of matrices and closed forms, in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linearizer_core import algebra
from linearizer_core.methods.flow_matching import (
    METHODS,
    collapse,
    flow,
    flow_matching_loss,
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
