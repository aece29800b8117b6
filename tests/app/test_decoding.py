"""Pictures that a hand waits for: onnxruntime's where it is right, torch's where it is not, or not there."""

import pytest
import torch

from app import models
from app.models import decoding
from app.models.decoding import decoder
from linearizer_core.exporting import onnx
from linearizer_core.exporting.replay import HALF_MARK, probes

NAMES = list(models.ABILITIES)


@pytest.fixture(autouse=True)
def in_float32():
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_any_number_are_those_of_torch(name):
    if not onnx.can_run():
        pytest.skip("onnxruntime is not installed")
    f = models.model(name)
    z = probes(f, 6).float()
    with models.one_core():  # where numbers come from a tick
        run = decoder(f)
        assert run != f.g_y.inverse
        for given in (z, z[:1], z.double(), z.mT.contiguous().mT):
            assert (run(given) - f.g_y.inverse(given.float())).abs().max() <= HALF_MARK


def test_torch_decodes_where_onnxruntime_is_missing_or_fails_or_is_wrong(monkeypatch, caplog):
    f = models.model("digits")

    def failing(content):
        raise RuntimeError("no kernel")

    monkeypatch.setattr(onnx, "runner", lambda content: lambda z: f.g_y.inverse(z) + 0.1)
    assert decoder(f) == f.g_y.inverse and "off by 1.0e-01" in caplog.text
    monkeypatch.setattr(onnx, "runner", failing)
    assert decoder(f) == f.g_y.inverse and "no kernel" in caplog.text
    monkeypatch.setattr(decoding.onnx, "can_run", lambda: False)
    assert decoder(f) == f.g_y.inverse
