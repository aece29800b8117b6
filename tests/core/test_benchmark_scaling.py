"""`benchmark scale`: two processes beside one, and the cost model."""

import pytest

from linearizer_core.benchmarks import scaling


def test_two_processes_find_what_one_finds_and_a_model_follows():
    pca, step, many_pca, many_step = scaling.scale(samples=200, batch=4, repeats=1)
    assert pca.error < 1e-12 and step.error < 1e-5
    assert pca.seconds > 0 and pca.ratio == pytest.approx(pca.seconds_against / pca.seconds)
    assert "model" in many_pca.task and many_pca.against == "" and many_step.seconds > step.seconds_against
    assert "MB an all-reduce" in many_pca.note and "MB an all-reduce" in many_step.note


def test_the_model_is_that_of_a_ring():
    pca, step = scaling.cost(n=10, parameters=1000, seconds_a_picture=1e-9, seconds_a_step=0.0)
    assert step.seconds == pytest.approx(2 * 63 / 64 * 4000 / 1.25e9)
    assert pca.seconds == pytest.approx(1e9 / 64 * 1e-9 + 2 * 63 / 64 * 8 * 111 / 1.25e9)
