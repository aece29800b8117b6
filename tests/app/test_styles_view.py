"""Styles without a browser: photos of all kinds, operators, handlers, laws, the program, links, the endpoint, a fit."""

import base64
import dataclasses
import gc
import io
import math
import threading
import weakref
import zipfile
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from app import hall, models
from app import words as common
from app.listening import of_standing
from app.pictures import encoding, files, photos
from app.settings import query_of
from app.views.styles import archive, compute, fitting, page, studio, words
from app.views.styles.standing import MODEL, Arguments, Mix, Standing, names
from app.views.styles.studio import Studio, shipped
from app.widgets import served
from linearizer_core import checkpoints
from linearizer_core.models.photo import padded
from tests.helpers import assert_figure, printed

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "compose_styles"

NAMES = names()


def standing(**changed: object) -> Standing:
    """The controls as the view opens, some of them changed; a style's name stands for its weight."""
    start = Standing()
    given = {name: changed.pop(name) for name in NAMES if name in changed}
    weights = tuple(given.get(name, w) for name, w in zip(NAMES, start.weights))
    return dataclasses.replace(start, weights=weights, **changed)


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
    model, found = models.model("styles"), shipped()
    A, B = (model.operator(name).dense() for name in NAMES[:2])
    blend = found.operator(Mix((0.25, 0.5, *[0.0] * (len(NAMES) - 2))))
    torch.testing.assert_close(
        blend.matrix, 0.25 * A + 0.5 * B + 0.25 * torch.eye(len(A)), atol=1e-5, rtol=1e-4
    )
    ordered = found.operator(Mix((0.0,) * len(NAMES), NAMES[:2]))
    torch.testing.assert_close(ordered.matrix, B @ A, atol=1e-4, rtol=1e-3)
    half = found.operator(Mix((1.0, *[0.0] * (len(NAMES) - 1)), strength=0.5)).matrix
    torch.testing.assert_close(half @ half, A, atol=1e-4, rtol=1e-3)
    undone = found.operator(Mix((1.0, *[0.0] * (len(NAMES) - 1)), undo=NAMES[0])).matrix
    torch.testing.assert_close(undone, torch.eye(len(A)), atol=1e-3, rtol=0)


def test_weights_above_one_share_it():
    mix = Standing(weights=(1.0,) * len(NAMES)).mix
    assert mix.weights == tuple(round(1 / len(NAMES), 6) for _ in NAMES)
    assert mix.plain == pytest.approx(0, abs=1e-5)


def test_the_tick_is_the_core_s_painting():
    shown = compute.stage(standing(), MODEL)
    x = photos.preview("china")
    with torch.no_grad():
        y = models.model("styles")[NAMES[1]](x)
    wanted = opened(encoding.jpeg_address(encoding.to_pixels(y)[0])).astype(int)
    assert np.abs(opened(shown["stage"]["after"]) - wanted).mean() < 0.5
    assert shown["other"] is None and shown["stage"]["state"].startswith("china 0,1")
    assert words.PAINTED_SHIPPED in shown["model"]


def test_in_order_both_orders_are_shown_and_they_differ():
    shown = compute.stage(standing(mode="order"), MODEL)
    first, second = shown["stage"], shown["other"]
    assert first["after"] != second["after"] and first["state"] != second["state"]
    assert "mosaic>candy" in first["state"] and "candy>mosaic" in second["state"]


def test_taking_off_what_was_put_on_gives_the_photo_back():
    shown = compute.stage(standing(undo=NAMES[1]), MODEL)["stage"]
    assert np.abs(opened(shown["after"]).astype(int) - opened(shown["before"])).mean() < 2


def test_full_size_is_the_whole_photo_and_tells_how_far_it_is():
    reference = photos.accept(file_of(gradient(101, 75)))
    steps = [values["full"] for values in compute.full(standing(photo=reference), MODEL)]
    shares = [step["share"] for step in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 20
    with torch.no_grad():
        y = models.model("styles")[NAMES[1]](photos.full(reference))
    assert np.abs(opened(steps[-1]["address"]).astype(int) - encoding.to_pixels(y)[0]).max() <= 1
    assert padded(photos.full(reference), 8).shape[-2:] == (80, 104)


def test_nothing_is_computed_before_the_view_opens():
    empty = {name: None for name in Standing.declared()} | {"weights": [None] * len(NAMES), "key": MODEL}
    for fn in (compute.stage, compute.full):
        assert of_standing(Standing, fn)(**empty) == {}
    assert of_standing(Standing, compute.settled)(broken=False, **empty) == {}


def test_a_photo_is_encoded_once():
    compute.stage(standing(), MODEL)
    before = shipped().latent.cache_info().misses
    compute.stage(standing(strength=0.7), MODEL)
    assert shipped().latent.cache_info().misses == before


def test_the_laws_hold_and_break():
    whole, broken = (compute.settled(standing(), flag, MODEL).laws for flag in (False, True))
    assert [law.name for law in whole] == ["composition", "half a style", "undo", "blend"]
    assert all(law.error < 1e-3 for law in whole) and all(law.error > 1e-2 for law in broken)


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
    asked = standing(photo="flower", **changed)
    code = compute.settled(asked, False, MODEL).python
    assert (
        "import app" not in code and "from app" not in code
    )  # fault 42: the core alone, and something is printed
    part = photos.pixels("flower")[100:260, 200:392]  # four times the whole photo would take a minute
    code = code.replace(
        'load_sample_image("flower.jpg")', 'load_sample_image("flower.jpg")[100:260, 200:392]'
    )
    code += "\nprint(y.double().sum().item())"
    said, total = printed(code, tmp_path).splitlines()
    assert_figure(tmp_path / "styles.png")
    assert said.startswith("painted: (1, 3, 160, 192)")
    reference = photos.accept(encoding.png_bytes(part))
    *_, last = compute.paint_full(shipped(), reference, asked.mix)
    assert float(total) == pytest.approx(float(last.picture.double().sum()), rel=1e-3)


# --- links -------------------------------------------------------------------------------------------------
def of_link(search: str) -> tuple[Standing, bool]:
    return Standing.of_link(query_of(search))


OLD_LINKS = {  # as the lab wrote them before
    "?view=styles&x=china&how=blend&w=0,1,0,0&o=mosaic,candy&s=1": {},
    "?view=styles&x=flower&how=order&w=0,0,1,0&o=udnie,mosaic&s=0.5&u=udnie": {
        "photo": "flower",
        "mode": "order",
        "weights": (0.0, 0.0, 1.0, 0.0),
        "first": "udnie",
        "second": "mosaic",
        "strength": 0.5,
        "undo": "udnie",
    },
    "?view=styles&x=flower&w=0.25,1,0,0": {"photo": "flower", "weights": (0.25, 1.0, 0.0, 0.0)},
    "?view=styles&s=9&w=0,7,0,-1": {"strength": 1.5},
}


@pytest.mark.parametrize(("search", "changed"), OLD_LINKS.items())
def test_links_of_old_open(search, changed):
    assert of_link(search) == (dataclasses.replace(Standing(), **changed), True)


def test_a_link_restores_the_view_and_a_broken_one_opens_it():
    asked = standing(photo="flower", mode="order", mosaic=0.25, strength=0.5, undo="udnie")
    assert of_link(compute.settled(asked, False, MODEL).link) == (asked, True)
    search = "?view=styles&x=upload:00&how=x&w=1,2&o=a,b&s=nan&u=x"
    assert of_link(search) == (Standing(), False)
    filled = page.opened(query_of(search), "digits:0")
    assert filled["notice"].value == words.BAD_LINK and filled["photo"] == "china" and filled["undo"] == ""
    assert page.opened({"s": "nan"}, "digits:0")["notice"].value == common.BAD_LINK
    assert not page.opened({"view": "styles"}, "digits:0")["notice"].value


def test_an_upload_stays_on_this_server():
    reference = photos.accept(file_of(gradient(90, 70)))
    link = standing(photo=reference).link("styles")
    assert query_of(link)["x"] == "china"
    assert of_link(f"?view=styles&x={reference}") == (Standing(), False)


# --- the endpoint ------------------------------------------------------------------------------------------
def test_the_endpoint_answers_with_a_picture_of_any_photo(endpoint):
    address = "data:image/png;base64," + base64.b64encode(file_of(gradient(70, 66))).decode()
    found = endpoint(address, {"candy": 0.5}, full=True)
    assert (found["width"], found["height"]) == (70, 66) == opened(found["picture"]).shape[1::-1]
    assert len(found["singular_values"]) == 192
    assert found["singular_values"][0] >= found["singular_values"][-1] > 0
    assert endpoint("china", order=["mosaic", "udnie"], undo="udnie")["width"] == 312
    assert endpoint("china", {"candy": 1}, [], 1, "", False)["height"] == 208


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("nowhere", {"candy": 1.0}), "No such photo"),
        (("china",), "Weights must be numbers"),
        (("china", {}), "Weights must be numbers"),
        (("china", {"cubism": 1.0}), "weights must be an object with some of mosaic"),
        (("china", {"candy": float("nan")}), "weights must be .* a number from 0 to 1"),
        (("china", {"candy": 1.0}, None, 9.0), "strength must be a number"),
        (("china", None, ["candy"]), "order must be a list of two styles"),
        (("china", None, ["candy", "cubism"]), "order must be"),
        (("china", {"candy": 1.0}, None, 1.0, "cubism"), "undo must be one of mosaic"),
        (("china", {"candy": 1.0}, None, 1.0, "", 1), "full must be true or false"),
    ],
)
def test_bad_input_gets_one_sentence(endpoint, arguments, sentence):
    with pytest.raises(gr.Error, match=sentence):
        endpoint(*arguments)


STRANGE = [[], {}, None, math.nan, "text", 12.5, True, "x" * 10_000_000, [[1]], {"a": 1}]
ALLOWED = {"weights": [None, {}], "order": [None, []], "undo": [None], "full": [True]}


@pytest.mark.parametrize("name", [*Arguments.declared()])
@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: str(value)[:12])
def test_whatever_comes_for_an_argument_gets_a_sentence(endpoint, name, strange):  # fault 31
    if any(strange is allowed or strange == allowed for allowed in ALLOWED.get(name, [])):
        return
    with pytest.raises(gr.Error) as caught:
        endpoint(**{"photo": "china", "weights": {"candy": 1.0}} | {name: strange})
    said = caught.value.message
    assert said.startswith((f"{name} must be", "No such photo")) and said.endswith(".") and len(said) < 400
    assert not caught.value.print_exception


def test_private_handlers_take_whatever_a_stranger_sends():  # fault 31
    for strange in (None, SimpleNamespace(), SimpleNamespace(id=["china"]), SimpleNamespace(id="cat")):
        assert page.picked(strange) == {}
    assert page.picked(SimpleNamespace(id="flower"))["photo"] == "flower"
    for strange in (None, "", [], {}, 7, True, "/etc/hostname", "upload:1"):
        answer = page.arrived(SimpleNamespace(picture=strange))
        assert answer.keys() == {"intake"} and answer["intake"]["notice"] == common.NO_FILE
    assert (
        page.arrived(SimpleNamespace(picture="data:text/plain,x"))["intake"]["notice"] == common.NOT_A_PICTURE
    )
    assert page.halt(SimpleNamespace()) == {} and page.halves(["order"])["blend"].visible
    for strange in STRANGE:
        with pytest.raises(ValueError):
            of_standing(Standing, compute.stage)(photo="china", weights=strange or 7, key=MODEL)


# --- fit to this photo -------------------------------------------------------------------------------------
def test_without_teachers_the_view_says_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.delenv("LINEARIZER_TEACHERS", raising=False)
    assert not fitting.possible()
    monkeypatch.setenv("LINEARIZER_TEACHERS", str(tmp_path))
    assert not fitting.possible()
    (said,) = fitting.stream("china", "visitor", 1.0)
    assert said["fit"]["text"].startswith("Fitting needs the painters")


@pytest.fixture
def teachers(monkeypatch, tmp_path):
    """Teachers that turn a photo into its negative, and a hall of the test's own."""
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
    monkeypatch.setattr(hall, "HALL", hall.Hall(at_once=1, line=2))
    monkeypatch.setattr(hall, "EVERY", 0.02)
    assert fitting.possible()
    return hall.HALL


def test_a_fit_learns_the_photo_and_can_be_stopped(teachers, monkeypatch):
    """A few steps come nearer to the negative, and the shipped model stays as it was."""
    photo = photos.accept(file_of(gradient(80, 80)))
    before = models.model("styles").operator(NAMES[0]).generator.clone()
    monkeypatch.setattr(fitting, "STEPS", 16)
    first, *steps, last = fitting.stream(photo, "me", 300.0)
    assert first["fit"]["text"] == words.FIT_BEGINS and any(
        "fitting," in step["fit"]["text"] for step in steps
    )
    assert last["fit"]["text"] == words.FIT_DONE and not teachers.holds("me")
    fitted, x = studio.in_use(last["key"]), photos.preview(photo)
    with torch.no_grad():
        errors = [(m[NAMES[0]](x) - (1 - x)).square().mean() for m in (models.model("styles"), fitted.model)]
    assert errors[1] < 0.7 * errors[0]
    assert torch.equal(models.model("styles").operator(NAMES[0]).generator, before)
    shown = compute.stage(standing(photo=photo), last["key"])
    assert shown["stage"]["state"].endswith("fitted") and words.PAINTED_FITTED in shown["model"]
    assert words.PROGRAM_SHIPPED in compute.settled(standing(photo=photo), False, last["key"]).python
    monkeypatch.setattr(fitting, "STEPS", 5000)
    for values in fitting.stream(photo, "me", 300.0):
        if "fitting," in values["fit"]["text"]:
            teachers.stop("me")
    assert values["fit"]["text"] == words.FIT_STOPPED and values["key"] != last["key"]
    first_chip = words.fitted_chip(photo)
    assert studio.chips("me")[1:] == [(first_chip, last["key"]), (f"{first_chip} 2", values["key"])]
    assert studio.chips("somebody else") == [(words.SHIPPED, MODEL)]


def test_a_fit_shows_where_it_starts_while_the_teachers_paint(teachers, monkeypatch):
    painted = threading.Event()

    def slow(photo, watch):
        painted.wait(60)
        raise ValueError("painted")

    monkeypatch.setattr(fitting, "_train", slow)
    told = fitting.stream("china", "me", 300.0)
    seen = next(values for values in told if "film" in values)
    assert seen["fit"] == {"text": words.FIT_BEGINS} and seen["film"]["notes"] == [words.film_note(0)]
    painted.set()
    assert [values["fit"]["text"] for values in told][-1] == "painted"


def test_a_fit_is_seen_every_ten_seconds(teachers, monkeypatch):
    """The first picture, and the newest; each with its second, painted by what the visitor had set."""
    monkeypatch.setattr(fitting, "EVERY", 0.01)
    monkeypatch.setattr(fitting, "STEPS", 12)
    photo = photos.accept(file_of(gradient(80, 80)))
    films = [values["film"] for values in fitting.stream(photo, "me", 300.0) if "film" in values]
    counts = [film["pictures"]["count"] for film in films]
    assert counts[-1] == fitting.MOST_SHOWN and counts == sorted(counts)
    assert films[0]["notes"][0] == films[-1]["notes"][0] and len(films[-1]["notes"]) == counts[-1]
    assert (
        films[0]["pictures"]["bytes"]
        not in films[-1]["pictures"]["bytes"][-len(films[0]["pictures"]["bytes"]) :]
    )
    film = fitting.Film("china", Standing().mix)
    monkeypatch.setattr(fitting, "EVERY", 10.0)
    for seconds in (60.0, 69.5, 70.5, 79.5, 91.0, 99.5, 100.0):  # the teachers painted for a minute
        film.look(seconds, models.model("styles"))
    assert [seconds for seconds, _ in film.pictures] == [0.0, 10.5, 31.0, 40.0]


def test_a_fitted_model_is_saved_as_one_file_and_comes_back(monkeypatch, tmp_path):
    """What was saved paints the same again, on another page too; the package loads it as well."""
    recipe = checkpoints.read_config("styles").recipe
    made = copy_of_the_shipped()
    with torch.no_grad():
        made.model.operator(NAMES[0]).generator.mul_(0.5)
    address = archive.packed(recipe, made.model, {"command": "fitted in the lab"})
    content = served.KEPT.get(address)
    file = tmp_path / "styles-fitted.zip"
    file.write_bytes(content)
    with zipfile.ZipFile(file) as stored:
        assert sorted(stored.namelist()) == ["config.json", "model.safetensors"]
        stored.extractall(tmp_path / "two")
    x = photos.preview("china")
    with torch.no_grad():
        wanted = made.model[NAMES[0]](x)
    pair = [tmp_path / "two" / name for name in ("config.json", "model.safetensors")]
    renamed = pair[0].rename(tmp_path / "two" / "config (1).json")
    for chosen in ([file], [renamed, pair[1]]):
        back = fitting.loaded(list(map(str, chosen)), "another page")
        assert back["fit"]["text"] == words.LOADED
        with torch.no_grad():
            torch.testing.assert_close(studio.in_use(back["key"]).model[NAMES[0]](x), wanted)
    names = [name for name, _ in studio.chips("another page")]
    assert names == [words.SHIPPED, words.LOADED_CHIP, f"{words.LOADED_CHIP} 2"]


def test_what_is_no_fitted_model_is_refused_in_a_sentence(tmp_path, monkeypatch):
    def zipped(name: str, **contents: bytes) -> str:
        with zipfile.ZipFile(tmp_path / name, "w") as stored:
            for inside, content in contents.items():
                stored.writestr(inside.replace("_", "."), content)
        return str(tmp_path / name)

    ours = checkpoints.ASSETS / "styles"
    config, weights = (ours / name for name in ("config.json", "model.safetensors"))
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 and then nothing")
    moons = checkpoints.ASSETS / "plane-moons"
    wrong = {
        common.SAVED_FILES: [
            [],
            [str(config)],
            [str(tmp_path / "no.zip")],
            [zipped("half.zip", config_json=b"{}")],
        ],
        "This is no model that can be read:": [
            [
                zipped(
                    "cut.zip", config_json=config.read_bytes(), model_safetensors=weights.read_bytes()[:9000]
                )
            ],
            [zipped("odd.zip", config_json=b"[1, 2", model_safetensors=b"")],
        ],
        "This is a model, but not of the styles": [
            [str(moons / "config.json"), str(moons / "model.safetensors")]
        ],
    }
    for sentence, cases in wrong.items():
        for chosen in cases:
            said = page.loaded(SimpleNamespace(session_hash="me"), chosen)["fit"]["text"]
            assert said.startswith(sentence) and "/tmp" not in said and said.endswith((".", "again."))
    monkeypatch.setattr(archive, "MOST", 1000)
    assert page.loaded(SimpleNamespace(), [str(config), str(weights)])["fit"][
        "text"
    ] == common.saved_too_large(1000)
    assert studio.chips(page.place_of(SimpleNamespace(session_hash="me"))) == [(words.SHIPPED, MODEL)]


def test_a_fit_waits_in_the_line_of_all_trainings_and_can_leave_it(teachers):  # faults 17, 19
    teachers.enter("a plane of somebody")
    stream = fitting.stream("china", "me", 300.0)
    assert next(stream)["fit"] == {"text": common.hall_waiting(1), "waiting": 1}
    teachers.stop("me")
    assert list(stream) == [{"fit": {"text": words.FIT_LEFT}}] and not teachers.holds("me")


def test_a_photo_that_is_gone_or_none_gets_a_sentence(teachers):
    for strange in (None, "upload:0123456789abcdef", ["china"], {}):
        (said,) = fitting.stream(strange, "me", 300.0)
        assert said["fit"]["text"] in (common.UNKNOWN_PHOTO, common.PHOTO_GONE)


def copy_of_the_shipped() -> Studio:
    """A model of its own, as a fit leaves it."""
    import copy

    return Studio(copy.deepcopy(models.model("styles")), fitted=True, remembered=4)


def test_a_fit_that_is_gone_is_said_and_the_shipped_model_is_named(monkeypatch):  # fault 8
    monkeypatch.setattr(studio, "FITTED", hall.Kept(1))
    studio.FITTED.put("mine", copy_of_the_shipped())
    mine = compute.stage(standing(), "mine")
    assert mine["stage"]["state"].endswith("fitted") and words.NOT_READY not in mine["model"]
    studio.FITTED.put("another", copy_of_the_shipped())  # of somebody else; mine is the oldest
    shown = compute.stage(standing(), "mine")
    assert (
        shown["stage"] == compute.stage(standing(), MODEL)["stage"]
    )  # the shipped model's, and its state says so
    assert words.NOT_READY in shown["model"] and words.PAINTED_FITTED not in shown["model"]
    assert words.PROGRAM_SHIPPED not in compute.settled(standing(), False, "mine").python
    first, *_, last = compute.full(standing(), "mine")  # also where nothing moved in between
    assert words.NOT_READY in first["model"] and not last["full"]["state"].endswith("fitted")


def test_what_was_remembered_of_a_fit_goes_with_it(monkeypatch):  # fault 18
    monkeypatch.setattr(studio, "FITTED", hall.Kept(1))
    made = copy_of_the_shipped()
    model, remembered = weakref.ref(made.model), weakref.ref(made.latent)
    studio.FITTED.put("mine", made)
    del made
    compute.stage(standing(strength=0.5), "mine")
    compute.settled(standing(), False, "mine")
    assert model() is not None
    studio.FITTED.put("another", copy_of_the_shipped())
    gc.collect()
    assert model() is None and remembered() is None


# --- "break it" is seen -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "how", [{}, {"weights": (0.5, 0.5, 0, 0)}, {"mode": "order", "first": "mosaic", "second": "candy"}]
)
def test_broken_the_painting_goes_by_pixels_and_how_it_parts_is_shown(how):
    standing = Standing.checked(**how)
    whole, broken = (compute.stage(standing, "styles", b) for b in (False, True))
    assert (
        broken["stage"]["state"].endswith(" broken") and broken["stage"]["after"] != whole["stage"]["after"]
    )
    assert broken["other"]["left"] == "f(x)" and "at most" in broken["other"]["right"]
