"""The lab as an app: its manifest and icons, as the server has them in the place of Gradio's."""

import io
import json
import urllib.error
import urllib.request

import pytest
from PIL import Image

from app.serving import manifest
from tests.server import Server


def test_each_icon_that_the_manifest_names_is_a_picture_of_its_size(server: Server):
    found = json.loads(urllib.request.urlopen(f"{server.url}manifest.json").read())
    assert {icon["purpose"] for icon in found["icons"]} == {"any", "maskable"} and found["start_url"] == "./"
    for icon in found["icons"]:
        answer = urllib.request.urlopen(f"{server.url}{icon['src']}")
        assert answer.headers["Content-Type"] == icon["type"] == "image/png"
        opened = Image.open(io.BytesIO(answer.read()))
        assert f"{opened.width}x{opened.height}" == icon["sizes"]
    assert urllib.request.urlopen(f"{server.url}pwa_icon").read() == manifest.icon("192")


@pytest.mark.parametrize("size", ["99999", "0", "-1", "x"])
def test_no_other_size_is_drawn(server: Server, size):
    """Gradio would draw ten billion pixels."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}pwa_icon/{size}")
    assert refused.value.code == 404


def test_a_phone_may_cut_the_maskable_icon_round():
    corners = [Image.open(io.BytesIO(manifest.icon(name))).getpixel((0, 0))[3] for name in manifest.NAMES]
    assert corners == [0, 0, 255]
