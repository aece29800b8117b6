"""`check`: every law of a sound f holds in the table, every kind of mistake is named, what cannot be measured says why."""

import pytest
import torch

import linearizer_core as lc
from linearizer_core.diagnostics import Law, Report
from linearizer_core.networks import Flatten, InvertibleNetwork, vector_flow
from linearizer_core.operators import Dense, LinearOperator
from tests.catalogue import MODELS, NETWORKS, points, stirred


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_every_law_of_every_model_holds(make):
    f = make()
    report = lc.check(f, points(f.g_x))
    assert report.ok and not report.broken, str(report)
    assert report["linearity"].error < report["linearity"].tolerance == 1e-8


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_every_network_passes_alone_from_one_point(make):
    g = make()
    if len(g.out_shape) == 1:
        report = lc.check(g, points(g, 1))
        assert report.ok, str(report)
        assert len(report.rows) == 5


class Bent(LinearOperator):
    shape = (3, 3)

    def matvec(self, v):
        return torch.tanh(v)


class Untransposed(LinearOperator):
    """Linear, and with a rule for a transpose that is not its own."""

    shape = (3, 3)

    def matvec(self, v):
        return v.cumsum(-1)


@lc.operators.transpose.register
def _(A: Untransposed) -> LinearOperator:
    return A


def named(f, x=None):
    report = lc.check(f, points(f.g_x) if x is None else x)
    assert not report.ok
    return {row.law: row.why for row in report.broken}


def test_an_operator_that_is_not_linear_is_named():
    g = stirred(vector_flow(3, 3, 8))
    broken = named(lc.Linearizer(g, Bent(), g))
    assert broken["A is linear"] == "A(a u + b v) is not a A u + b A v: A is not linear."
    assert broken["linearity"] == "f(a⊙x ⊕ b⊙y) is not a⊙f(x) ⊕ b⊙f(y)."
    assert "round trip of g" not in broken


def test_a_wrong_transpose_is_named():
    g = stirred(vector_flow(3, 3, 8))
    broken = named(lc.Linearizer(g, Untransposed(), g))
    assert broken["transpose"] == "⟨f(x), y⟩ is not ⟨x, fᵀ(y)⟩: A.T is not A's transpose."
    assert "A is linear" not in broken and "linearity" not in broken


class Halved(InvertibleNetwork):
    in_shape = out_shape = (3,)

    def forward(self, x):
        return x.sinh()

    def inverse(self, z):
        return z.asinh() / 2


def test_a_wrong_inverse_is_named_on_its_own_side():
    broken = named(lc.Linearizer(stirred(vector_flow(3, 3, 8)), Dense(torch.randn(3, 3)), Halved()))
    assert (
        broken["round trip of g_y"]
        == "g_y.inverse does not undo g_y: mend it first, the other laws rest on it."
    )
    assert "round trip of g_x" not in broken


class Raising(InvertibleNetwork):
    in_shape = out_shape = (3,)

    def forward(self, x):
        return 2 * x

    def inverse(self, z):
        raise NotImplementedError("no inverse was written")


def test_an_inverse_that_raises_breaks_its_laws_and_not_the_report():
    row = lc.check(Raising(), torch.randn(2, 3))["round trip of g"]
    assert (row.error, row.ok, row.why) == (None, False, "raised NotImplementedError: no inverse was written")


def test_what_cannot_be_measured_says_why_and_breaks_nothing():
    f = lc.Linearizer(Flatten((2,)), Dense(torch.randn(3, 2)), Flatten((3,)))
    report = lc.check(f, torch.randn(2, 2))
    row = report["iteration, f³"]
    assert report.ok and row.ok is None and row.error is None
    assert row.why.startswith("not measured: f ** p needs f.g_x and f.g_y to be the same network object")
    rotation = lc.Linearizer(Flatten((2,)), torch.diag(torch.tensor([1.0, -1.0])), f.g_x)
    negative = lc.check(lc.Linearizer(f.g_x, rotation.A, f.g_x), torch.randn(2, 2))["root, f^½"]
    assert negative.ok is None and "is complex (an eigenvalue is -1)" in negative.why


def test_large_spaces_are_checked_without_their_jacobian():
    report = lc.check(Flatten((3, 64, 64)), torch.rand(1, 3, 64, 64))
    assert report.ok
    assert report["log-determinant of g"].why.startswith(
        "not measured: the Jacobian of 12288 axes is too large"
    )


def test_the_tolerance_is_that_of_the_precision_or_the_one_given():
    g, x = Flatten((2,)), torch.rand(2, 2)
    assert {row.tolerance for row in lc.check(g, x.float())} == {1e-3}
    assert {row.tolerance for row in lc.check(g, x, tolerance=1e-5)} == {1e-5}


def test_it_prints_as_a_table_and_nothing_by_itself(capsys):
    report = lc.check(Halved(), torch.randn(2, 3))
    assert capsys.readouterr().out == ""
    lines = str(report).splitlines()
    assert lines[0].split() == ["law", "error", "tolerance", "ok"] and len(lines) == 1 + len(report.rows)
    assert lines[1].startswith("round trip of g") and " no   g.inverse does not undo g" in lines[1]
    assert str(Report((Law("a", None, 0.1, None, "b."),))).splitlines()[1] == "a    -      1.0e-01    -   b."


@pytest.mark.parametrize(
    ("f", "x", "sentence"),
    [
        (3, torch.zeros(1, 2), "f must be a Linearizer or an InvertibleNetwork, got int; see adapt."),
        (Flatten((2,)), torch.zeros(2), r"x must be points of shape \(B, 2\) with B ≥ 1, got \(2,\)."),
        (Flatten((2,)), torch.zeros(0, 2), r"x must be points of shape \(B, 2\) with B ≥ 1, got \(0, 2\)."),
        (Flatten((2,)), torch.zeros(1, 3), r"x must be points of shape \(B, 2\) with B ≥ 1, got \(1, 3\)"),
    ],
)
def test_what_is_no_f_or_no_points_is_refused(f, x, sentence):
    with pytest.raises(ValueError, match=sentence):
        lc.check(f, x)
