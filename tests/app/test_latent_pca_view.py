"""Latent PCA without a browser: clouds, walks, laws, the program, the link, the endpoint."""

import base64
import io
import math
import threading
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from app import models, pictures
from app.listening import of_standing
from app.settings import query_of
from app.views.latent_pca import clouds, compute, page, scatter, walks
from app.views.latent_pca.standing import (
    COMPONENTS,
    COUNTS,
    LEAST,
    MEAN,
    PICTURE,
    Arguments,
    Standing,
    source_for,
)
from app.widgets import proof_meter
from tests.helpers import assert_figure, computed, unpacked

pytestmark = pytest.mark.usefixtures("float32")
ENDPOINT = "latent_pca"

COUNT = 24
PROJECTOR = "digits-projector"
BOTH = pytest.mark.parametrize("seen", models.NAMES, indirect=True, scope="module")
CONTROLS = Arguments("digits", COUNT, 2, 2, -1.5, PICTURE, "digits:318", "digits")


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest) -> clouds.Cloud:
    """The cloud of the default model, or by `BOTH` of each."""
    torch.set_default_dtype(torch.float32)
    model = getattr(request, "param", "digits")
    return clouds.cloud(clouds.references(source_for(model), COUNT), model)


def controls(name: str) -> Arguments:
    picture = pictures.fitting(CONTROLS.picture, name)
    return replace(CONTROLS, model=name, data=source_for(name), picture=picture)


def walk(component: int, steps: float, picture: str | None = None) -> Arguments:
    """A walk along a component, counted from 1, from the mean or from a picture."""
    start = {"start": MEAN} if picture is None else {"start": PICTURE, "picture": picture}
    return Arguments(component=component, steps=steps, **start)


# --- clouds ------------------------------------------------------------------------------------------------
@BOTH
def test_coordinates_are_those_of_another_pca(seen):
    x = pictures.tensor(seen.references, seen.model)
    with torch.no_grad():
        z = models.model(seen.model).g_x(x)
    for side, points in ((seen.latent, z), (seen.pixel, x.flatten(1))):
        other = PCA(3, svd_solver="full").fit(points.double().numpy())
        expected = other.transform(points.double().numpy())
        found = side.coordinates[:, :3].numpy()
        signs = np.sign((expected * found).sum(0))
        np.testing.assert_allclose(found * signs, expected, atol=1e-3 * np.abs(expected).max())
        np.testing.assert_allclose(
            side.pca.explained_variance_ratio[:3], other.explained_variance_ratio_, rtol=1e-3
        )


def test_neighbours_are_counted_as_by_leaving_one_out(seen):
    rng = np.random.default_rng(0)
    labels = np.repeat([3, 7], 30)
    points = torch.from_numpy(rng.normal(size=(60, 2)) + labels[:, None] * 0.3)
    expected = cross_val_score(KNeighborsClassifier(5), points.numpy(), labels, cv=LeaveOneOut()).mean()
    assert clouds.neighbour_accuracy(points, labels) == pytest.approx(expected)
    some = np.where(np.arange(60) < 55, labels, -1)
    assert clouds.neighbour_accuracy(points, some) == pytest.approx(
        clouds.neighbour_accuracy(points[:55], labels[:55])
    )
    assert math.isnan(clouds.neighbour_accuracy(points, np.full(60, -1)))


def test_samples_made_together_are_those_that_references_name():
    chosen = clouds.references("sample", 13)
    together = clouds._pixels(chosen).astype(int)
    alone = np.stack([pictures.pixels(reference) for reference in chosen]).astype(int)
    assert np.abs(together - alone).max() <= 1  # rounding to a byte
    assert [pictures.label_of(reference) for reference in chosen] == [i % 10 for i in range(13)]


def test_visitors_who_ask_at_once_share_one_computation(monkeypatch):
    calls, chosen = [], clouds.references("digits", 13)
    compute, started, release = clouds._computed, threading.Event(), threading.Event()

    def slow(*arguments):
        calls.append(arguments)
        started.set()
        release.wait(60)
        return compute(*arguments)

    monkeypatch.setattr(clouds, "_computed", slow)
    threads = [threading.Thread(target=clouds.cloud, args=(chosen,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait(60)
    assert clouds.ready(chosen) is None  # a tick does not wait
    release.set()
    for thread in threads:
        thread.join(60)
    assert len(calls) == 1 and clouds.ready(chosen) is clouds.cloud(chosen)


def test_the_scatter_gets_points_labels_and_thumbnails(seen):
    value = compute.scatter_value(seen, 3, seen.references[5])
    assert (value["dims"], value["picked"], len(value["panels"])) == (3, 5, 2)
    points = np.frombuffer(base64.b64decode(value["panels"][0]["points"]), "<f4").reshape(-1, 3)
    np.testing.assert_allclose(points, seen.latent.coordinates[:, :3])
    assert list(base64.b64decode(value["labels"])) == seen.labels.tolist()
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(value["sprite"].partition(",")[2]))))
    tile, row = value["tile"], 5 // value["columns"]
    column = 5 % value["columns"]
    thumbnail = sheet[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
    expected = Image.fromarray(seen.pixels[5]).resize((tile, tile), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(thumbnail, expected)
    assert compute.scatter_value(seen, 2, "digits:1700")["picked"] == -1


def test_a_cloud_with_a_point_too_few_is_refused(seen):
    panel = {"title": "", "note": "", "axes": ["a", "b"], "spread": [1, 1], "points": np.zeros((3, 2))}
    with pytest.raises(ValueError, match="as many labels and points as pictures"):
        scatter.cloud(seen.pixels, seen.labels, ["0"], [panel])


# --- walks -------------------------------------------------------------------------------------------------
@BOTH
def test_a_walk_of_no_steps_stays_where_it_starts(seen):
    picture = seen.references[3]
    reached = walks.walked(seen, walk(1, 0.0, picture), [0.0])
    for image in reached:
        torch.testing.assert_close(image, pictures.tensor([picture], seen.model), atol=4e-3, rtol=0)
    with torch.no_grad():
        middle = models.model(seen.model).g_x.inverse(seen.latent.pca.mean[None])
    torch.testing.assert_close(walks.walked(seen, walk(1, 0.0), [0.0])[0], middle, atol=1e-4, rtol=0)


@BOTH
def test_a_walk_changes_the_coordinate_of_its_component_only(seen):
    along = walk(2, 1.5)
    induced, pixel = walks.walked(seen, along, [1.5])
    with torch.no_grad():
        moved = (
            seen.latent.pca.transform(models.model(seen.model).g_x(induced))[0],
            seen.pixel.pca.transform(pixel.flatten(1))[0],
        )
    for side, coordinates in zip((seen.latent, seen.pixel), moved):
        expected = torch.zeros_like(coordinates)
        expected[1] = 1.5 * side.spread[1]
        torch.testing.assert_close(coordinates, expected, atol=1e-3, rtol=1e-3)


@BOTH
def test_the_tick_shows_both_walks_and_their_strips(seen):
    found = walks.shown(seen, walk(3, -1.0, "digits:318"))
    stage, strips = found["stage"], found["strips"]
    shape = seen.pixels.shape[1:]
    assert unpacked(stage).shape == (2, *shape)
    assert stage["notes"][0].startswith("g⁻¹(g(x) − 1.00 · ") and "c₃" in stage["notes"][1]
    for index, strip in enumerate(strips):
        assert unpacked(strip).shape == (len(walks.STRIP), *shape)
        np.testing.assert_allclose(unpacked(strip)[2].astype(int), unpacked(stage)[index], atol=1)  # −1


# --- laws, program, link -----------------------------------------------------------------------------------
def test_laws_hold_and_break_when_pixels_take_over():
    assert [law.error <= proof_meter.HOLDS for law in compute.settled(CONTROLS, False).laws] == [True] * 3
    broken = compute.settled(CONTROLS, True).laws
    assert broken[0].error > 0.01 and broken[2].error > 0.01


@pytest.fixture
def only_the_projector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for any other model fails: a law of the wrong model may hold as well."""
    ask = models.model

    def asked(name: str = "digits"):
        assert name == PROJECTOR
        return ask(name)

    monkeypatch.setattr(models, "model", asked)


def test_laws_are_those_of_the_chosen_model(only_the_projector):
    whole, broken = (compute.settled(controls(PROJECTOR), flag).laws for flag in (False, True))
    assert whole[0].error < broken[0].error / 10 and whole[2].error < broken[2].error / 10
    assert whole[1].error < 0.01


def test_another_model_is_another_cloud_of_the_same_pictures():
    before, now = (compute.points(controls(name)) for name in models.NAMES[:2])
    assert before["status"] != now["status"]  # what the walk listens to is another text
    assert "by digits-projector" in now["status"]
    latent, pixel = zip(*(value["scatter"]["panels"] for value in (before, now)))
    assert latent[0]["points"] != latent[1]["points"] and latent[0]["axes"] != latent[1]["axes"]
    assert pixel[0]["points"] == pixel[1]["points"]
    assert before["scatter"]["sprite"] == now["scatter"]["sprite"] and before["variance"] != now["variance"]
    ours, theirs = (compute.walk(controls(name)) for name in models.NAMES[:2])
    for value, other in ((ours["stage"], theirs["stage"]), (ours["strips"][0], theirs["strips"][0])):
        assert np.abs(unpacked(value)[0].astype(int) - unpacked(other)[0]).max() > 5
    np.testing.assert_array_equal(
        unpacked(ours["strips"][1]), unpacked(theirs["strips"][1])
    )  # pixels know no model


def test_faces_come_with_pictures_of_faces():
    found = page.switched("faces", "digits", "digits:318")
    assert found["data"] == "face" and pictures.pixels(found["picture"]).shape == (64, 64, 3)
    assert page.switched("digits", "face", found["picture"]) == {"data": "digits", "picture": "digits:318"}
    assert page.switched("digits-projector", "sample", "digits:1") == {"picture": "digits:1"}
    together = clouds.cloud(clouds.references("face", 13), "faces")
    alone = np.stack([pictures.pixels(f"face:{i}") for i in range(13)]).astype(int)
    assert np.abs(together.pixels - alone).max() <= 1 and len({face.tobytes() for face in alone}) == 13


def test_uploaded_faces_stay_whole(tmp_path):
    files = []
    for i in range(LEAST):
        files.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(np.random.default_rng(i).integers(256, size=(80, 64), dtype=np.uint8)).save(files[-1])
    found = page.uploaded(files, "faces")["own"]
    assert [pictures.pixels(reference).shape for reference in found] == [(64, 64, 3)] * LEAST


@BOTH
def test_explained_variance_of_both_spaces_stands_side_by_side(seen):
    html = compute.variance_value(seen)
    for side, name in ((seen.latent, "latents"), (seen.pixel, "pixels")):
        ratios = side.pca.explained_variance_ratio
        assert 0 < float(ratios.sum()) <= 1 + 1e-5 and f"{name} {float(ratios.sum()):.0%}" in html


def test_before_the_controls_are_filled_nothing_is_computed():
    empty = dict.fromkeys(Standing.declared()) | {"own": [], "picture": "digits:3"}
    assert page.computing(**empty) == {}
    for fn in (compute.walk, compute.settled):
        others = {"broken": False} if fn is compute.settled else {}
        assert of_standing(Standing, fn)(**empty, **others) == {}


@BOTH
def test_python_for_this_view_reproduces_the_arrays_in_a_clean_process(tmp_path, seen):
    program = compute.settled(controls(seen.model), False).python
    out = computed(program, "coordinates pixel_coordinates walk", tmp_path)
    assert_figure(tmp_path / "latent_pca.png")
    for name, side in (("coordinates", seen.latent), ("pixel_coordinates", seen.pixel)):
        close = 1e-3 * max(
            1.0, float(side.coordinates.abs().max())
        )  # drawn faces may differ by a shade of grey
        np.testing.assert_allclose(out[name], side.coordinates, atol=close)
    expected = walks.walked(seen, controls(seen.model), [-1.5])[0]
    np.testing.assert_allclose(out["walk"], expected, atol=2e-3)


def test_python_for_this_view_carries_a_visitors_own_pictures(tmp_path):
    own = tuple(pictures.reference_of(pictures.pixels(f"digits:{i}")) for i in range(20, 33))
    standing = Standing(data="own", own=own, picture="digits:318")
    compute.points(standing)
    program = compute.settled(standing, False).python
    assert "app" not in program.replace("mapping", "")
    out = computed(program, "pixel_coordinates", tmp_path)
    assert_figure(tmp_path / "latent_pca.png")
    seen = clouds.cloud(own, "digits")
    np.testing.assert_allclose(out["pixel_coordinates"], seen.pixel.coordinates, atol=1e-3)


# --- links -------------------------------------------------------------------------------------------------
def opened(search: str, picture: str = "digits:0") -> dict:
    return page.opened(query_of(search), picture)


def test_a_link_of_old_restores_every_control():
    found = opened("?view=latent_pca&data=digits&n=300&d=3&c=4&t=0.5&start=picture&x=digits:9")
    wanted = Standing("digits", 300, 3, 4, 0.5, PICTURE, "digits:9", "digits")
    assert {name: found[name] for name in wanted.values() if name != "own"} == {
        name: value for name, value in wanted.values().items() if name != "own"
    }
    assert not found["notice"].visible


def test_what_is_wrong_in_a_link_is_left_out():
    found = opened("?x=digits:x&n=7&t=nan&c=99", "digits:4")
    assert found["picture"] == "digits:4" and "does not exist" in found["notice"].value
    assert (found["count"], found["steps"], found["component"]) == (COUNTS[0], 2.0, COMPONENTS)
    assert opened("?model=cats")["model"] == "digits"
    assert opened("?data=own")["data"] == "digits"  # uploads are on no other page


def test_a_link_to_faces_opens_with_faces():
    found = opened("?view=latent_pca&model=faces", "digits:3")
    assert (found["model"], found["data"]) == ("faces", "face") and found["picture"].startswith("face:")


@pytest.mark.parametrize("name", models.NAMES)
def test_the_settled_link_is_the_one_that_is_read(name):
    standing = replace(controls(name), count=COUNTS[0])
    link = standing.link("latent_pca")
    assert Standing.of_link(query_of(link)) == (Standing(**standing.values()), True)
    assert ("model=" in link) == (name != "digits")


# --- uploads and the endpoint ------------------------------------------------------------------------------
def test_own_pictures_make_a_cloud_and_what_is_no_picture_is_named(tmp_path):  # fault 14
    files = []
    for i in range(LEAST):
        files.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(255 - pictures.pixels(f"digits:{i}")).save(files[-1])
    (tmp_path / "bad.png").write_bytes(b"no picture")
    found = page.uploaded([*files[:5], str(tmp_path / "bad.png"), *files[5:]], "digits")
    assert "12 of your pictures are in" in found["notice"].value and "“bad.png”" in found["notice"].value
    assert len(found["own"]) == LEAST
    standing = Standing(data="own", own=tuple(found["own"]))
    seen = clouds.cloud(clouds.chosen(standing), "digits")
    assert compute.scatter_value(seen, 2, "digits:3")["names"] == ["no label"]
    assert "accuracy" not in compute.scatter_value(seen, 2, "digits:3")["panels"][0]["note"]
    assert page.uploaded(files[:2], "digits").keys() == {"notice"}
    with pytest.raises(ValueError, match="at least 12"):
        Standing(data="own", own=tuple(found["own"][:3]))


def test_the_endpoint_answers_with_plain_lists(endpoint, seen):
    found = endpoint("digits", COUNT, 3, 1, 2.0, "mean", "digits:3", "digits")
    assert found["labels"] == seen.labels.tolist() and found["device"] == "cpu"
    for name in ("latent", "pixel"):
        assert np.shape(found[name]["coordinates"]) == (COUNT, 3)
        assert np.shape(found[name]["walk"]) == (32, 32)
        assert 0 <= found[name]["neighbour_accuracy"] <= 1
        assert len(found[name]["explained_variance_ratio"]) == COMPONENTS


def test_the_endpoint_answers_for_the_model_that_is_named(endpoint):
    call = ("digits", COUNT, 2, 1, 2.0, "mean", "digits:3")
    found = endpoint(*call, PROJECTOR)
    seen = clouds.cloud(clouds.references("digits", COUNT), PROJECTOR)
    np.testing.assert_allclose(found["latent"]["coordinates"], seen.latent.coordinates[:, :2], atol=1e-4)
    pca = seen.latent.pca
    with torch.no_grad():
        point = pca.mean + 2 * pca.explained_variance[0].sqrt() * pca.components[0]
        expected = models.model(PROJECTOR).g_x.inverse(point[None])[0, 0]
    np.testing.assert_allclose(found["latent"]["walk"], expected, atol=1e-3)
    assert found["pixel"]["walk"] == endpoint(*call, "digits")["pixel"]["walk"]


GOOD = ("digits", COUNT, 2, 1, 1.0, "mean", "digits:3", "digits")
BAD_CALLS = {
    "no such data": (0, "cats", "one of digits"),
    "nan pictures": (1, math.nan, "from 12 to 2000"),
    "more than there are": (1, 1900, "of “digits” there are 1797"),
    "too many pictures": (1, 10**9, "from 12 to 2000"),
    "four dimensions": (2, 4, "one of 2, 3"),
    "no such component": (3, 11, "from 1 to 10"),
    "half a component": (3, 1.5, "whole number"),
    "nan steps": (4, math.nan, "from −4 to 4"),
    "too far": (4, 5.0, "from −4 to 4"),
    "no such start": (5, "there", "one of mean, picture"),
    "unknown picture": (6, "cat:1", "No such picture"),
    "no such model": (7, "cats", "one of digits"),
}


@pytest.mark.parametrize(("index", "value", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(endpoint, index, value, sentence):
    call = [*GOOD[:index], value, *GOOD[index + 1 :]]
    with pytest.raises(gr.Error, match=sentence):
        endpoint(*call)
