"""Styles without a browser: photos of all kinds, operators, handlers, laws, the program, the link, the endpoint, a fit."""

import base64
import io
import threading

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from app import links, models
from app.pictures import encoding, files, photos
from app.views.styles import compute as styling
from app.views.styles import fitting, words
from app.views.styles import page as styles
from app.views.styles.compute import Mix
from linearizer_core.models.photo import padded
from tests.helpers import printed

CONTROLS, _ = styles.from_link({})
NAMES = styling.names()


@pytest.fixture(autouse=True)
def _float32():
    """The lab computes in float32; what conftest.py sets is put back there."""
    torch.set_default_dtype(torch.float32)


def controls(**changed: object) -> list:
    """The controls as the view opens, some of them changed."""
    names = ["photo", "key", "mode", *NAMES, "first", "second", "strength", "undo"]
    values = dict(zip(names, CONTROLS, strict=True))
    assert changed.keys() <= values.keys()
    return list((values | changed).values())


def file_of(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def opened(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def gradient(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.uint8(np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], -1)))


# --- photos ------------------------------------------------------------------------------------------------
def test_a_photo_keeps_its_pixels_and_the_same_photo_its_name():
    picture = gradient(120, 90)
    reference = photos.accept(file_of(picture))
    assert np.array_equal(photos.pixels(reference), np.asarray(picture))
    assert photos.accept(file_of(picture)) == reference != photos.accept(file_of(picture.transpose(0)))


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "I;16", "1"])
def test_other_kinds_of_files_become_colours(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    reference = photos.accept(
        file_of(
            gradient(80, 70).convert("L").convert(mode) if mode == "I;16" else gradient(80, 70).convert(mode),
            kind,
        )
    )
    assert photos.pixels(reference).shape == (70, 80, 3)


def test_what_is_transparent_becomes_white_and_what_lies_on_its_side_upright():
    clear = Image.new("RGBA", (70, 80), (255, 0, 0, 0))
    assert (photos.pixels(photos.accept(file_of(clear))) == 255).all()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = photos.accept(file_of(gradient(120, 90), "JPEG", exif=exif))
    assert photos.pixels(turned).shape == (120, 90, 3)


def test_a_large_photo_is_shrunk_and_a_wrong_one_refused_in_a_sentence():
    large = photos.pixels(photos.accept(file_of(gradient(3000, 2000), "JPEG")))
    assert (
        large.shape[0] * large.shape[1] <= photos.MOST and abs(large.shape[1] / large.shape[0] - 1.5) < 0.01
    )
    for content, sentence in (
        (file_of(Image.new("RGB", (1, 1))), "1×1 pixels"),
        (b"", "empty"),
        (b"no picture", "not a picture"),
        (file_of(Image.new("1", (9000, 9000))), "megapixels work"),
    ):
        with pytest.raises(files.BadPictureError, match=sentence):
            photos.accept(content)
    with pytest.raises(files.BadPictureError, match="no longer"):
        photos.pixels("upload:0123456789abcdef")
    with pytest.raises(files.BadPictureError, match="No such photo"):
        photos.pixels("/etc/passwd")


def test_the_oldest_uploads_make_room(monkeypatch):
    monkeypatch.setattr(photos, "KEPT", 2)
    first, *_, last = [photos.accept(file_of(gradient(64 + i, 64))) for i in range(4)]
    photos.pixels(last)
    with pytest.raises(files.BadPictureError):
        photos.pixels(first)


def test_a_preview_has_sides_that_the_laws_need():
    for name in photos.SAMPLES:
        _, _, height, width = photos.preview(name).shape
        assert height % 8 == width % 8 == 0 and height * width <= 1.1 * photos.PREVIEW


# --- what is computed --------------------------------------------------------------------------------------
def test_operators_are_what_the_formulas_say():
    model = models.model("styles")
    A, B = (model.operator(name).dense() for name in NAMES[:2])
    blend = styling.operator(model, Mix((0.25, 0.5, *[0.0] * (len(NAMES) - 2))))
    torch.testing.assert_close(
        blend.matrix, 0.25 * A + 0.5 * B + 0.25 * torch.eye(len(A)), atol=1e-5, rtol=1e-4
    )
    ordered = styling.operator(model, Mix((0.0,) * len(NAMES), NAMES[:2]))
    torch.testing.assert_close(ordered.matrix, B @ A, atol=1e-4, rtol=1e-3)
    half = styling.operator(model, Mix((1.0, *[0.0] * (len(NAMES) - 1)), strength=0.5)).matrix
    torch.testing.assert_close(half @ half, A, atol=1e-4, rtol=1e-3)
    undone = styling.operator(model, Mix((1.0, *[0.0] * (len(NAMES) - 1)), undo=NAMES[0])).matrix
    torch.testing.assert_close(undone, torch.eye(len(A)), atol=1e-3, rtol=0)


def test_weights_above_one_share_it():
    mix = styling.checked("blend", [1.0] * len(NAMES), NAMES[:2], 1.0, "")
    assert mix.weights == tuple(round(1 / len(NAMES), 6) for _ in NAMES) and mix.plain == pytest.approx(
        0, abs=1e-5
    )


def test_the_tick_is_the_core_s_painting():
    shown = styles.stage_value(*CONTROLS)
    x = photos.preview("china")
    (name,) = (n for n, w in zip(NAMES, CONTROLS[3:]) if w == 1)
    with torch.no_grad():
        y = models.model("styles")[name](x)
    wanted = opened(encoding.jpeg_address(encoding.to_pixels(y)[0])).astype(int)
    assert np.abs(opened(shown[0]["after"]) - wanted).mean() < 0.5
    assert shown[1] is None and shown[0]["state"].startswith("china 0,1")


def test_in_order_both_orders_are_shown_and_they_differ():
    first, second, *_ = styles.stage_value(*controls(mode="order"))
    assert first["after"] != second["after"] and first["state"] != second["state"]
    assert "mosaic>candy" in first["state"] and "candy>mosaic" in second["state"]


def test_taking_off_what_was_put_on_gives_the_photo_back():
    (_, name) = (None, NAMES[1])
    shown, *_ = styles.stage_value(*controls(undo=name))
    assert np.abs(opened(shown["after"]).astype(int) - opened(shown["before"])).mean() < 2


def test_full_size_is_the_whole_photo_and_tells_how_far_it_is():
    reference = photos.accept(file_of(gradient(101, 75)))
    steps = list(styles.full_value(*controls(photo=reference)))
    shares = [step["share"] for step in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 20
    with torch.no_grad():
        y = models.model("styles")[NAMES[1]](photos.full(reference))
    assert np.abs(opened(steps[-1]["address"]).astype(int) - encoding.to_pixels(y)[0]).max() <= 1
    assert padded(photos.full(reference), 8).shape[-2:] == (80, 104)


def test_nothing_is_computed_before_the_view_opens():
    empty = [None] * len(CONTROLS)
    assert all(value == gr.skip() for value in styles.stage_value(*empty))
    assert list(styles.full_value(*empty)) == [gr.skip()]
    assert styles.settled(False, *empty).link == ""


def test_a_photo_is_encoded_once():
    styles.stage_value(*CONTROLS)
    before = styling.preview_latent.cache_info().misses
    styles.stage_value(*controls(strength=0.7))
    assert styling.preview_latent.cache_info().misses == before


def test_the_laws_hold_and_break():
    whole, broken = (styles.settled(state, *CONTROLS).laws for state in (False, True))
    assert len(whole) == 4 and all(law.error < 1e-3 for law in whole)
    assert all(law.error > 1e-2 for law in broken)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"mode": "order", "strength": 0.5},
        {"mosaic": 0.3, "candy": 0.2, "strength": 1.2},
        {"mosaic": 0.3, "candy": 0.7, "undo": "mosaic"},
    ],
)
def test_the_program_reproduces_the_screen(changed, tmp_path):
    values = controls(photo="flower", **changed)
    code = styles.settled(False, *values).python + "y = y[..., :64, :64]; print(y.double().sum().item())"
    *_, last = styling.paint_full(models.model("styles"), "flower", styles.asked(values)[2])
    assert float(printed(code, tmp_path)) == pytest.approx(
        float(last.picture[:, :64, :64].double().sum()), rel=1e-3
    )


def test_a_link_restores_the_view_and_a_broken_one_opens_it():
    values = controls(photo="flower", mode="order", mosaic=0.25, strength=0.5, undo="udnie")
    link = styles.settled(False, *values).link
    assert styles.from_link(links.decode(link)) == (values, "")
    restored, notice = styles.from_link(
        {"x": "upload:00", "how": "?", "w": "1,2", "o": "a,b", "s": "nan", "u": "?"}
    )
    assert restored == CONTROLS and notice == words.BAD_LINK


def test_the_endpoint_answers_with_a_picture_of_any_photo():
    address = "data:image/png;base64," + base64.b64encode(file_of(gradient(70, 66))).decode()
    found = styles.compose_styles(address, {"candy": 0.5}, full=True)
    assert (found["width"], found["height"]) == (70, 66) == opened(found["picture"]).shape[1::-1]
    assert (
        len(found["singular_values"]) == 192
        and found["singular_values"][0] >= found["singular_values"][-1] > 0
    )
    assert styles.compose_styles("china", order=["mosaic", "udnie"], undo="udnie")["width"] == 312


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("nowhere", {"candy": 1.0}), "No such photo"),
        (("china",), "Weights must be numbers"),
        (("china", {"cubism": 1.0}), "Weights must be numbers"),
        (("china", {"candy": float("nan")}), "Weights must be numbers"),
        (("china", {"candy": 1.0}, None, 9.0), "strength must be a number"),
        (("china", None, ["candy"]), "No style"),
        (("china", {"candy": 1.0}, None, 1.0, "cubism"), "No style"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, sentence):
    with pytest.raises(gr.Error, match=sentence):
        styles.compose_styles(*arguments)


# --- fit to this photo -------------------------------------------------------------------------------------
def test_without_teachers_the_view_says_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.delenv("LINEARIZER_TEACHERS", raising=False)
    assert not fitting.possible()
    monkeypatch.setenv("LINEARIZER_TEACHERS", str(tmp_path))
    assert not fitting.possible()


def test_a_fit_learns_the_photo_and_can_be_stopped(monkeypatch, tmp_path):
    """Teachers that turn a photo into its negative: a few steps come nearer to it, and the shipped model stays as it was."""
    onnx = pytest.importorskip("onnx")
    shape = [1, 3, 64, 64]
    value = {"elem_type": onnx.TensorProto.FLOAT, "shape": shape}
    nodes = [onnx.helper.make_node("Sub", ["top", "x"], ["y"])]
    top = onnx.helper.make_tensor("top", onnx.TensorProto.FLOAT, [1], [255.0])
    ends = [[onnx.helper.make_tensor_value_info(name, **value)] for name in "xy"]
    graph = onnx.helper.make_graph(nodes, "negative", *ends, [top])
    network = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=10)
    for name in NAMES:
        onnx.save(network, tmp_path / f"{name}.onnx")
    monkeypatch.setenv("LINEARIZER_TEACHERS", str(tmp_path))
    assert fitting.possible()
    photo, stop = photos.accept(file_of(gradient(80, 80))), threading.Event()
    before = models.model("styles").operator(NAMES[0]).generator.clone()
    monkeypatch.setattr(fitting, "STEPS", 30)
    *steps, last = fitting.fit(photo, stop, seconds=300.0)
    assert last.key and [step.share for step in steps] == sorted(step.share for step in steps)
    fitted, x = fitting.model(last.key), photos.preview(photo)
    with torch.no_grad():
        errors = [(m[NAMES[0]](x) - (1 - x)).square().mean() for m in (models.model("styles"), fitted)]
    assert errors[1] < 0.7 * errors[0]
    assert torch.equal(models.model("styles").operator(NAMES[0]).generator, before)
    assert styles.stage_value(*controls(photo=photo, key=last.key))[0]["state"].endswith("fitted")
    stop = threading.Event()
    steps = []
    for step in fitting.fit(photo, stop, seconds=60.0):
        steps.append(step)
        stop.set()
    assert steps[-1].key and steps[-1].seconds < 60
    assert fitting.model("gone") is models.model("styles")
