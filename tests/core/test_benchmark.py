"""Benchmarks at toy sizes: rows with sane numbers, and tables and JSON of them. No time is asserted."""

import argparse
import dataclasses
import json
import math
import subprocess
import sys

import pytest
import torch

from linearizer_core import benchmarks, checkpoints, measuring
from linearizer_core.benchmarks import Row, components, decoding, flows, low_rank, operators
from linearizer_core.exporting import onnx
from linearizer_core.measures import reporting


def test_pca_rows_hold_all_contenders_and_small_errors():
    rows = components.pca(cases=[(400, 24, (2, 5))], repeats=1, scale=1.0)
    others = ["torch.pca_lowrank", "scikit-learn covariance_eigh"]
    assert [row.against for row in rows] == [*others, "ARPACK", *others]
    for row in rows:
        assert row.seconds > 0 and row.ratio == pytest.approx(row.seconds_against / row.seconds)
        assert row.error < 1e-2 and row.error_against < (1 if "lowrank" in row.against else 1e-2)
        assert "floor" in row.note and row.size == "400×24"


def test_the_scale_multiplies_samples_alone():
    (row, *_) = components.pca(cases=[(400, 24, (2,))], repeats=1, scale=0.25)
    assert row.size == "100×24"


def test_latents_of_the_benchmark_have_the_spectrum_that_they_promise():
    z = components._latents(200_000, 6).double()
    values = torch.linalg.eigvalsh(torch.cov(z.mT)).flip(0)
    torch.testing.assert_close(values, 64 / torch.arange(1, 7).double(), rtol=0.02, atol=0)
    torch.testing.assert_close(z.mean(0), torch.full((6,), 0.5).double(), rtol=0, atol=0.1)


def test_the_floor_is_the_larger_of_what_reading_and_multiplying_take():
    rates = components.Rates(copied=100.0, multiplied=10.0)
    assert rates.floor(50.0, 1.0) == (0.5, "bytes") and rates.floor(50.0, 9.0) == (0.9, "operations")
    measured = components.Rates.measured(side=64)
    assert measured.copied > 1e6 and measured.multiplied > 1e6


def test_algebra_rows_agree_with_the_dense_matrix():
    rows = low_rank.low_rank(n=96, rank=2, dense=32, repeats=1)
    assert len(rows) == 5 and all(row.error < 1e-4 for row in rows)
    assert rows[1].note.startswith("dense at n = 32, times (n/32)^3")


def test_rows_of_large_operators_hold_both_errors_and_name_who_is_missing(monkeypatch):
    rows = operators.operators(sizes=(1100,), plus=((200, 3),), learned=(60,), steps=4, repeats=1)
    names = ["SciPy svds", "SciPy lsqr", "SciPy expm_multiply", ""]
    assert [row.against for row in rows[:8]] == 2 * names and len(rows) == 10
    assert all(row.error < 1e-10 for row in rows[:4]) and all(row.error < 1e-2 for row in rows[4:9])
    assert all(row.ratio == pytest.approx(row.seconds_against / row.seconds) for row in rows if row.against)
    assert rows[9].error < 1e-10 and rows[9].against == "asking A(t) alone"
    monkeypatch.setattr(operators, "find_spec", lambda name: None)
    (row,) = operators.operators(sizes=(), plus=((200, 3),), learned=(), repeats=1)
    assert row.against == "" and row.note == "linear_operator is not installed: skipped" and row.error < 1e-5


def test_decode_measures_folded_beside_unfolded_on_one_thread_and_restores_the_threads(monkeypatch):
    before = torch.get_num_threads()
    rows = decoding.decode(["digits"], repeats=1, sizes=(1,))
    assert torch.get_num_threads() == before
    found = {(row.task, row.against): row for row in rows}
    assert {against for _, against in found} == {"unfolded", "onnxruntime"} and len(rows) == 4
    for task in ("digits: encode", "digits: decode"):
        row, graph = found[task, "unfolded"], found[task, "onnxruntime"]
        assert "mark ≤ 20 ms" in row.note and row.error < 1e-4 and row.error_against < 1e-4
        assert graph.error_against < 1e-3
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    assert {row.against for row in decoding.decode(["plane-moons"], repeats=1, sizes=(2,))} == {"unfolded"}


def test_decode_without_the_model_has_no_rows(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "ASSETS", tmp_path)
    assert decoding.decode(repeats=1) == []


def test_contenders_take_turns_and_the_median_counts():
    calls = []
    measured = measuring.in_turn({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=3)
    assert "".join(calls) == "abababab" and set(measured) == {"a", "b"}


def test_the_angle_of_spans_sees_a_small_turn_and_no_mere_change_of_basis():
    exact, c, s = torch.eye(3)[:2], math.cos(0.01), math.sin(0.01)
    turned = torch.tensor([[1.0, 0, 0], [0, -c, s]])
    assert components.subspace_angle(turned, exact) == pytest.approx(0.01)
    assert components.subspace_angle(torch.tensor([[c, -s, 0], [s, c, 0]]), exact) < 1e-7


PEAK = """
import torch
from linearizer_core.measuring import peak_megabytes
print(peak_megabytes(lambda: torch.ones(8_000_000, dtype=torch.float64).sum()), peak_megabytes(lambda: None))
"""


def test_peak_memory_sees_an_allocation_and_its_absence():
    """In a process of its own: threads that other tests left behind would free and take memory meanwhile."""
    run = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    held, nothing = run.stdout.split()
    assert held == "None" or 50 < float(held) < 200
    assert nothing == "None" or float(nothing) < 20


@pytest.fixture
def parser(monkeypatch):
    row = Row("task", "n = 3", 0.0123456, "other", 1.5, 121.5, 1e-7, float("nan"))
    monkeypatch.setattr(benchmarks, "BENCHMARKS", {"toy": lambda repeats, device: [row] * repeats})
    parser = argparse.ArgumentParser()
    benchmarks.add_arguments(parser)
    return parser


def test_the_command_prints_machine_and_table(parser, capsys):
    options = parser.parse_args(["toy", "--repeats", "2"])
    options.command(options)
    printed = capsys.readouterr().out
    assert "threads: " in printed and printed.count("n = 3  ") == 2 and "0.0123" in printed


def test_the_command_prints_json(parser, capsys):
    options = parser.parse_args(["--json", "--repeats", "1"])
    options.command(options)
    content = json.loads(capsys.readouterr().out)
    assert content["torch"] == torch.__version__
    assert content["rows"][0]["ratio"] == 121.5 and content["rows"][0]["error_against"] is None


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "1e9"])
def test_a_scale_that_leaves_nothing_is_refused(parser, scale):
    options = parser.parse_args(["toy", "--scale", scale])
    with pytest.raises(ValueError, match="--scale must lie in"):
        options.command(options)


def test_an_unknown_benchmark_is_named(parser):
    options = parser.parse_args(["sorting"])
    with pytest.raises(ValueError, match="benchmark must be among toy, peers, got 'sorting'"):
        options.command(options)


@dataclasses.dataclass
class Line:
    name: str
    value: float | None = None
    count: int = 0
    mark: str = ""


def test_tables_align_and_leave_out_what_says_nothing():
    table = reporting.format_table(
        [Line("a", 12345.678, 3), Line("longer", 0.00012, 40), Line("none", None, 5)]
    )
    assert table.splitlines() == [
        "name       value  count",
        "------  --------  -----",
        "a          12346      3",
        "longer  1.20e-04     40",
        "none                  5",
    ]
    assert reporting.format_table([]) == ""


def test_json_of_rows_is_valid_even_with_nan():
    assert json.loads(reporting.format_json([Line("a", float("inf"))])) == [
        {"name": "a", "value": None, "count": 0, "mark": ""}
    ]


def test_flows_are_measured_beside_their_peers_and_who_is_missing_is_named(monkeypatch):
    rows = flows.flows(n=6, layers=2, hidden=8, batch=5, repeats=1)
    assert {row.against for row in rows} | {""} == {"zuko", "FrEIA", "normflows", ""} and len(rows) == 6
    assert all(row.error < 1e-4 and (not row.against or row.error_against < 1e-3) for row in rows)
    monkeypatch.setattr(flows, "find_spec", lambda name: None)
    missing = flows.flows(n=6, layers=2, hidden=8, batch=5, repeats=1)
    assert [row.note for row in missing][::2] == [
        f"{name} is not installed: skipped" for name in ("zuko", "FrEIA", "normflows")
    ]


def test_peers_are_the_benchmarks_that_have_some(monkeypatch):
    called = []
    for name in benchmarks.BENCHMARKS:
        monkeypatch.setitem(benchmarks.BENCHMARKS, name, lambda name=name, **given: called.append(name) or [])
    assert benchmarks.run(["peers"]) == [] and called == ["flows", "operators", "pca", "collapse"]
