"""Floats in, in float32 or float64 and outside any autocast: everywhere, or a sentence that says what to do."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import linearizer_core as lc
from linearizer_core import diagnostics, precision
from linearizer_core.linearizer import Linearizer
from linearizer_core.models.generator import Generator
from linearizer_core.networks import ActNorm, Chain, Flatten, vector_flow
from linearizer_core.operators import Dense, Diagonal, Identity, LinearOperator, LowRank, Projection
from linearizer_core.recipes import RECIPES
from linearizer_core.spaces import InducedSpace
from tests.catalogue import NETWORKS, OPERATORS, points, stirred

every_network = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
every_operator = pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)
HALVES = [torch.float16, torch.bfloat16]
NOT_FLOATS = [torch.uint8, torch.int64, torch.int32, torch.bool]


@pytest.fixture(scope="module", params=lc.pretrained())
def shipped(request):
    return lc.load(request.param)


def network(model):
    return getattr(model, "g_x", None) or model.g


DOORS = {  # every public way for a point into a model
    "f": lambda f, x: f(x),
    "f transposed": lambda f, x: f.T(x),
    "add": lambda f, x: f.domain.add(x, x),
    "subtract": lambda f, x: f.domain.subtract(x, x),
    "scale": lambda f, x: f.domain.scale(2.0, x),
    "negate": lambda f, x: f.domain.negate(x),
    "combine": lambda f, x: f.domain.combine([1.0, 2.0], [x, x]),
    "interpolate": lambda f, x: f.domain.interpolate(x, x, 0.5),
    "line": lambda f, x: f.domain.line(x, x, [0.5]),
    "geodesic": lambda f, x: f.domain.geodesic(x, x, 0.5),
    "inner": lambda f, x: f.domain.inner(x, x),
    "norm": lambda f, x: f.domain.norm(x),
    "distance": lambda f, x: f.domain.distance(x, x),
    "mean": lambda f, x: f.domain.mean(x),
    "project": lambda f, x: f.domain.project(x.float(), x),
    "gram_schmidt": lambda f, x: f.domain.gram_schmidt(x),
    "point": lambda f, x: f.domain(x),
    "g": lambda f, x: f.g_x(x),
    "g inverted": lambda f, x: f.g_x.inverse(x.flatten(1)),
    "A": lambda f, x: f.A(x.flatten(1)),
    "classify": lambda f, x: f.classify(x),
    "sample": lambda f, x: f.sample(x, 2),
    "path": lambda f, x: f.path(x, 2),
    "invert": lambda f, x: f.invert(x, 2),
    "one step": lambda f, x: f.collapse(2)(x),
    "PCA": lambda f, x: lc.LatentPCA(1).fit(f.g_x, x),
    "residual": lambda f, x: projector().residual(x.flatten(1)),
    "distance to the range": lambda f, x: projector().distance_to_range(x.flatten(1)),
}


def projector():
    return lc.Projector(Flatten((4,)), Diagonal(torch.tensor([1.0, 0.0, 1.0, 0.0])))


def generator():
    g = Chain(ActNorm((1, 2, 2)), Flatten((1, 2, 2)))
    return Generator(g, Diagonal(torch.ones(4)), torch.randn(3, 4), torch.zeros(4))


@pytest.mark.parametrize("dtype", NOT_FLOATS, ids=str)
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_what_is_no_float_is_refused_at_every_door(door, dtype):  # fault 1
    x = torch.full((3, 1, 2, 2), 200, dtype=torch.uint8).to(dtype)
    with pytest.raises(ValueError, match=r"must be floats, got torch\.\w+; use linearizer_core\.as_float"):
        door(generator(), x)


def test_bytes_are_refused_by_every_shipped_model(shipped):  # fault 1
    g = network(shipped)
    x = torch.full((1, *g.in_shape), 200, dtype=torch.uint8)
    f = shipped["candy"] if isinstance(shipped, lc.Styles) else shipped
    for call in (f, InducedSpace(g).norm, g):
        with pytest.raises(ValueError, match=r"use linearizer_core\.as_float"):
            call(x)
    assert f(lc.as_float(x)).shape == x.shape


@pytest.mark.parametrize("x", [[1.0], np.ones(4), None], ids=str)
def test_what_is_no_tensor_is_refused(x):
    for door in (generator(), generator().domain.norm, projector().draw, generator().sample):
        with pytest.raises(ValueError, match="must be a tensor of floats"):
            door(x)


@every_network
def test_half_precision_is_refused_by_name(make):  # fault 7
    for dtype in HALVES:
        g = make()
        x = points(g).to(dtype)
        for way in (g, lambda z, g=g: g.inverse(z.reshape(len(z), *g.out_shape))):
            with pytest.raises(ValueError, match=f"float32 and float64 only, got {dtype}; call .float"):
                way(x)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_shipped_models_in_half_precision_are_refused_by_name(shipped, dtype):  # faults 7 and 50
    g = network(shipped)
    x = torch.rand(1, *g.in_shape, dtype=dtype)
    f = shipped.to(dtype)["candy"] if isinstance(shipped, lc.Styles) else shipped.to(dtype)
    try:
        for call in (lambda: f(x), lambda: g(x), lambda: f.domain.norm(x), lambda: f.pinv(), lambda: f**0.5):
            with pytest.raises(ValueError, match=f"float32 and float64 only, got {dtype}"):
                call()
    finally:
        shipped.float()


@every_network
@pytest.mark.parametrize("cast", HALVES, ids=str)
def test_autocast_changes_nothing_in_a_network(make, cast):  # fault 7
    g = make().float()
    x = points(g.double()).float()
    g = g.float()
    z = g(x)
    with torch.autocast("cpu", cast):
        assert torch.equal(g(x), z) and torch.equal(g.inverse(z), g.inverse(z))
        inside = g.inverse(z)
        assert diagnostics.round_trip_error(g, x) < 1e-4
    assert torch.equal(inside, g.inverse(z))


def test_autocast_changes_nothing_in_a_shipped_model(shipped):  # faults 7 and 50
    x = torch.rand(2, *network(shipped).in_shape, dtype=torch.float32)
    f = shipped["candy"] if isinstance(shipped, lc.Styles) else shipped
    with torch.no_grad():
        expected = f(x), f.domain.norm(x), (f**2)(x)
        with torch.autocast("cpu"):
            inside = f(x), f.domain.norm(x), (f**2)(x)
    assert all(map(torch.equal, inside, expected))


FUNCTIONS = {
    "svd": lc.svd,
    "pinv": lc.pinv,
    "truncate": lambda A: lc.truncate(A, 1),
    "power": lambda A: lc.power(A, 0.5),
    "exp": lc.exp,
    "with_singular_values": lambda A: lc.with_singular_values(A, torch.ones(A.shape[0])),
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@every_function
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_the_algebra_refuses_half_precision_by_name(function, dtype):  # fault 50
    for A in (
        Dense(0.3 * torch.eye(8)),
        Diagonal(torch.ones(8)),
        LowRank(torch.ones(8, 1), torch.ones(8, 1)),
    ):
        with pytest.raises(ValueError, match=f"float32 and float64 only, got {dtype}"):
            function(A.to(dtype))


@every_function
def test_autocast_changes_nothing_in_the_algebra(function):  # fault 50
    A = Dense((0.3 * torch.eye(8) + 0.01).float())
    plain = function(A)
    with torch.autocast("cpu"):
        cast = function(A)
    left, right = (p[1] if isinstance(p, tuple) else p.dense() for p in (plain, cast))
    assert torch.equal(left, right)


@every_operator
def test_an_operator_answers_in_the_precision_of_the_vector(make):  # fault 21
    A = make().float()
    v = torch.randn(2, A.shape[1])
    assert A(v).dtype == torch.float64 and A(v.float()).dtype == torch.float32
    torch.testing.assert_close(A(v).float(), A(v.float()))
    assert A.T(torch.randn(A.shape[0])).dtype == torch.float64
    with torch.autocast("cpu"):
        torch.testing.assert_close(A(v.float()), A.matvec(v.float()) * 0 + A(v.float()), rtol=0, atol=0)


def test_float64_and_numpy_numbers_are_taken_in_the_precision_of_the_model():  # fault 21
    f, x = generator().float(), torch.rand(3, 1, 2, 2)
    X, y = f.domain, x.float()
    ts = np.linspace(0, 1, 3)
    assert f(x).dtype == f.sample(x, 3).dtype == torch.float32
    for made, expected in [
        (X.scale(np.float64(0.5), x), 0.5 * y),
        (X.scale(ts, y), torch.tensor(ts).float()[:, None, None, None] * y),
        (X.scale([0, 1, 2], y), torch.tensor([0.0, 1, 2]).float()[:, None, None, None] * y),
        (X.scale(torch.tensor(2), y), 2 * y),
        (X.interpolate(x, y, torch.tensor(ts)), y),
        (X.geodesic(x, y, ts[1]), y),
        (X.line(x[0], y[1], ts)[2], y[1]),
        (X.combine(ts, x), (torch.tensor(ts).float()[:, None, None, None] * y).sum(0)),
        ((np.float64(0.5) * X(x)).x, 0.5 * y),
        ((X(x) / torch.tensor(2.0)).x, 0.5 * y),
        (
            f.svd().input_point(np.int64(0), ts),
            torch.tensor(ts).float()[:, None, None, None] * f.svd().inputs[0],
        ),
        (f.svd().with_values(np.ones(4))(x), y),
        (f.exp(torch.tensor(0.0))(x), y),
    ]:
        assert made.dtype == torch.float32
        torch.testing.assert_close(made, expected)


@pytest.mark.parametrize("number", [None, "a", 1j, torch.tensor(True), np.array([1j])], ids=str)
def test_what_is_no_number_is_refused(number):  # fault 21
    X, x = generator().domain, torch.rand(3, 1, 2, 2)
    for call in (lambda: X.scale(number, x), lambda: X.interpolate(x, x, number), lambda: X(x) * number):
        with pytest.raises(ValueError, match=r"must be (a real number|real numbers)"):
            call()
    with pytest.raises(ValueError, match="one number per point"):
        X.scale([1.0, 2.0], x)


class Reverse(LinearOperator):
    """It writes `matvec` alone, and holds nothing."""

    shape = (4, 4)

    def matvec(self, v):
        return v.flip(-1)


R = torch.eye(4, dtype=torch.float64).flip(-1)
OF_REVERSE = {
    "itself": (lambda A: A, R),
    "transposed": (lambda A: A.T, R),
    "scaled": (lambda A: 0.1 * A, 0.1 * R),
    "pinv": (lc.pinv, R),
    "pinv of a tenth": (lambda A: lc.pinv(0.1 * A), 10 * R),
    "truncated": (lambda A: lc.truncate(A, 4), R),
    "cubed": (lambda A: lc.power(A, 3), R),
    "root of the square": (lambda A: lc.power(3 * A @ A, 0.5), 3**0.5 * R @ R),
    "exp": (lambda A: lc.exp(A, 0.3), torch.linalg.matrix_exp(0.3 * R)),
    "other values": (lambda A: lc.with_singular_values(A, [0.1] * 4), 0.1 * R),
    "sum": (lambda A: A + Identity(4), R + R @ R),
    "exp of the identity": (lambda A: A @ lc.exp(Identity(4), 0.3), R * math.exp(0.3)),
}


@pytest.mark.parametrize("default", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("function, expected", OF_REVERSE.values(), ids=OF_REVERSE)
def test_an_operator_that_holds_no_tensor_works_in_both_precisions(function, expected, default):  # fault 46
    torch.set_default_dtype(default)
    A = function(Reverse())
    for dtype, tolerance in ((torch.float64, 1e-13), (torch.float32, 1e-6)):
        v = torch.randn(5, 4, dtype=dtype)
        assert A(v).dtype == dtype
        torch.testing.assert_close(A(v), v @ expected.mT.to(dtype), rtol=tolerance, atol=tolerance)


def test_its_matrix_and_its_svd_are_in_the_precision_asked_for():  # fault 46
    torch.set_default_dtype(torch.float32)
    assert Reverse().dense().dtype == lc.svd(Reverse()).U.dtype == torch.float32
    assert Reverse().dense(torch.float64).dtype == Reverse().double().dense().dtype == torch.float64
    assert all(part.dtype == torch.float64 for part in lc.svd(Reverse().double()))
    assert lc.svd((2 * Reverse() @ Reverse()).double()).values.dtype == torch.float64
    g = vector_flow(4, 1, 4).double()
    f = Linearizer(g, Reverse(), g)
    assert f.svd().inputs.dtype == f.truncated(2).A.dense().dtype == torch.float64
    f = f.float()
    assert f.svd().inputs.dtype == f.truncated(2).A.dense().dtype == torch.float32


def test_an_operator_may_know_a_tensor_that_torch_does_not():
    M = torch.tensor([[2.0, 1.0], [0.0, 1.0]], dtype=torch.float32)

    class Hidden(LinearOperator):
        shape = (2, 2)

        def matvec(self, v):
            return v @ M.mT

    torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(lc.pinv(Hidden())(torch.ones(2)), torch.linalg.solve(M, torch.ones(2)))

    class Plain(Hidden):
        def __init__(self):
            super().__init__()
            self.M = M

        def matvec(self, v):
            return v @ self.M.mT

    assert Plain()(torch.ones(2, dtype=torch.float64)).dtype == torch.float64


SMALL = {
    "digits": {"stage_steps": (1,), "stage_hidden": (4,)},
    "digits-projector": {"stage_steps": (1,), "stage_hidden": (4,)},
    "plane-moons": {"depth": 2, "hidden": 4},
}


@pytest.mark.parametrize(("name", "size"), SMALL.items(), ids=SMALL)
def test_a_model_compiles_as_one_graph(name, size):  # fault 37
    torch.set_default_dtype(torch.float32)
    model = RECIPES[name](**size).build().eval()
    f = model.collapse(10) if isinstance(model, Generator) else model
    x = torch.rand(2, *f.g_x.in_shape, dtype=torch.float32)
    with torch.no_grad():
        compiled = torch.compile(f, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(x), f(x))
        with lc.networks.mixed_precision():
            torch.testing.assert_close(compiled(x), compiled(x), rtol=0, atol=0)


def test_float64_is_made_in_one_place_which_knows_the_devices_without_it():  # fault 38
    source = Path(lc.__file__).parent
    on_the_cpu = {  # what never is on another device: figures of evaluation, tables, time steps, waves, draws
        "precision.py", "checkpoints.py", "pca.py", "measures/styles.py", "measures/generation.py",
        "measures/projectors.py", "measures/plane.py", "data/point_sets.py", "operators/timed.py",
        "operators/convolution.py", "algebra/operation.py", "algebra/scaling.py", "algebra/krylov.py", "methods/factors.py",
        "diagnostics/check.py", "benchmarks/components.py", "benchmarks/low_rank.py", "benchmarks/operators.py",
    }  # fmt: skip
    for file in source.rglob("*.py"):
        name = file.relative_to(source).as_posix()
        code = re.sub(r'"""[\s\S]*?"""', "", file.read_text())
        if name not in on_the_cpu:
            assert not re.search(r"\.double\(\)|dtype=torch\.float64|to\(torch\.float64\)", code), name


def test_where_a_device_has_no_float64_the_cpu_does_the_work():  # fault 38
    class Elsewhere:
        device = torch.device("mps")

        def cpu(self):
            return torch.ones(2, dtype=torch.float32)

    made = precision.wide(Elsewhere())
    assert made.dtype == torch.float64 and made.device.type == "cpu"
    back = precision.narrow(made, torch.ones(1, dtype=torch.float32))
    assert back.dtype == torch.float32


def test_a_chain_that_carries_float64_loses_less_of_a_round_trip_and_keeps_its_dtype():
    torch.manual_seed(0)
    plain = stirred(vector_flow(8, steps=8, hidden=8).float(), by=0.3)
    wide = Chain(*plain.networks, carry_wide=True)
    x = 30 * torch.randn(200, 8, dtype=torch.float32)
    errors = [float((g.inverse(g(x)) - x).detach().abs().max()) for g in (plain, wide)]
    assert wide(x).dtype == wide.inverse(x).dtype == torch.float32
    assert errors[1] < errors[0]


def test_latents_are_not_rounded_between_networks_that_carry_float64():
    torch.manual_seed(0)
    g = Chain(*stirred(vector_flow(8, steps=8, hidden=8).float(), by=0.3).networks, carry_wide=True)
    seen = []

    class Looks(Identity):
        def matvec(self, v):
            seen.append(v.dtype)
            return v

    f = lc.Linearizer(g, Looks(8), g)
    x = torch.randn(5, 8, dtype=torch.float32)
    assert f(x).dtype == torch.float32 and seen == [torch.float64]
    torch.testing.assert_close(f(x), x, atol=2e-6, rtol=0)


def test_a_float32_operator_takes_all_of_a_float64_vector():
    v = torch.tensor([1 + 2**-40, 2 - 2**-45, 3.0], dtype=torch.float64)
    for A in (Diagonal(torch.tensor([1.0, 0.0, 2.0])), Projection(torch.eye(3, 2))):
        torch.testing.assert_close(A.float()(v), A.double()(v), rtol=0, atol=0)
