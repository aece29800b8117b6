"""Python for this view: what every program carries, whatever its pictures are."""

import numpy as np
import pytest
import torch

from app.panels import programs
from tests.helpers import assert_figure, computed

DRAWN = 'figure = lc.plots.pictures({"x": x})\nfigure.savefig("x.png")'


@pytest.mark.parametrize("channels", [1, 3])
def test_a_program_carries_its_pictures_to_the_last_shade_and_draws_them(channels, monkeypatch, tmp_path):
    x = (255 * torch.rand(2, channels, 8, 6)).round() / 255
    monkeypatch.setattr(programs.pictures, "tensor", lambda references, model: x)
    out = computed(programs.program(DRAWN, ["one", "another"]), "x", tmp_path)
    np.testing.assert_allclose(out["x"], x, atol=1e-7)
    assert_figure(tmp_path / "x.png")
