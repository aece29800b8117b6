"""Latent PCA without a browser: clouds, figures, marks, walks, laws, the program, the link, the endpoint."""

import base64
import io
import math
import threading
import zipfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from app import accelerator, hall, models, pictures
from app.hall import Running
from app.listening import of_standing
from app.pictures import encoding, labelled
from app.settings import query_of
from app.views.latent_pca import clouds, compute, density, page, scatter, shipped, shipping, walks, wanted
from app.views.latent_pca.marks import LEFT_OUT, Marks, numbers_of
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
from app.views.latent_pca.wanted import chosen, of_source
from app.widgets import proof_meter, served
from app.widgets.chart import read
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
    return clouds.cloud(of_source(source_for(model), COUNT), model)


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
    seen = clouds.cloud(of_source("sample", 13))
    together = seen.pixels.astype(int)
    alone = np.stack([pictures.pixels(reference) for reference in seen.references]).astype(int)
    assert np.abs(together - alone).max() <= 1  # rounding to a byte
    assert seen.labels.tolist() == [i % 10 for i in range(13)]


def test_visitors_who_ask_at_once_share_one_computation(monkeypatch):
    calls, asked = [], of_source("digits", 13)
    compute, started, release = clouds.computed, threading.Event(), threading.Event()

    def slow(*arguments):
        calls.append(arguments)
        started.set()
        release.wait(60)
        return compute(*arguments)

    monkeypatch.setattr(clouds, "computed", slow)
    threads = [threading.Thread(target=clouds.cloud, args=(asked,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait(60)
    assert clouds.ready(asked) is None  # a tick does not wait
    release.set()
    for thread in threads:
        thread.join(60)
    assert len(calls) == 1 and clouds.ready(asked) is clouds.cloud(asked)


def array(given: dict) -> np.ndarray:
    """The numbers of one of plotly's typed arrays."""
    return np.frombuffer(base64.b64decode(given["bdata"]), given["dtype"])


def drawn(figure: dict, dims: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """What a figure shows of each point: its coordinates and the trace that it is in, −1 for none."""
    points, trace_of = np.full((count, dims), np.nan, np.float32), np.full(count, -1)
    for k, trace in enumerate(figure["data"]):
        members = array(trace["customdata"])
        points[members] = np.stack([array(trace[axis]) for axis in "xyz"[:dims]], axis=1)
        trace_of[members] = k
    return points, trace_of


def test_the_scatter_gets_points_classes_and_thumbnails(seen):
    value = read(compute.scatter_value(seen, 3, seen.references[5]))
    linked = value["linked"]
    assert (linked["picked"], linked["count"], len(value["figures"])) == (5, COUNT, 2)
    for figure, side in zip(value["figures"], (seen.latent, seen.pixel)):
        points, trace_of = drawn(figure, 3, COUNT)
        np.testing.assert_allclose(points, side.coordinates[:, :3])
        names = [trace["name"] for trace in figure["data"]]
        assert [names[k] for k in trace_of] == [str(label) for label in seen.labels]
    sheet = np.asarray(Image.open(io.BytesIO(served.PICTURES.get(linked["sheets"][0]))))
    tile = linked["tile"]
    thumbnail = sheet[:tile, 5 * tile : 6 * tile]
    expected = Image.fromarray(seen.pixels[5]).resize((tile, tile), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(thumbnail, expected)
    assert read(compute.scatter_value(seen, 2, "digits:1700"))["linked"]["picked"] == -1


def test_classes_differ_by_symbol_as_well_as_colour(seen):
    for dims, least in ((2, 10), (3, 8)):  # plotly has eight symbols in three dimensions
        marks = [
            trace["marker"] for trace in read(compute.scatter_value(seen, dims, ""))["figures"][0]["data"]
        ]
        assert len({(mark["symbol"], mark["color"]) for mark in marks}) == 10
        assert len({mark["symbol"] for mark in marks}) == least


def test_a_cloud_with_a_point_too_few_is_refused(seen):
    panels = [scatter.Panel("", "", ("a", "b"), (1.0, 1.0), np.zeros((count, 2))) for count in (3, 4)]
    with pytest.raises(ValueError, match="as many points in every panel"):
        scatter.scatters(panels, [], scatter.Sheets((), 20, False), "")


def test_pictures_in_colour_are_sheets_and_points_as_well():
    colours = np.random.default_rng(0).integers(256, size=(70, 64, 64, 3), dtype=np.uint8)
    assert encoding.to_tensor(colours).shape == (70, 3, 64, 64)
    np.testing.assert_array_equal(encoding.to_pictures(encoding.to_tensor(colours)), colours)
    assert clouds._shaped(colours, (1, 32, 32)).shape == (70, 32, 32)
    found = scatter.sheets(colours)
    sheet = Image.open(io.BytesIO(served.PICTURES.get(found.addresses[0])))
    assert found.photos and sheet.mode == "RGB" and sheet.size == (scatter.SIDE * found.tile, 2 * found.tile)


def test_more_pictures_than_a_sheet_holds_come_on_several():
    count = scatter.SIDE**2 + 1
    found = scatter.sheets(np.zeros((count, 32, 32), np.uint8))
    sizes = [Image.open(io.BytesIO(served.PICTURES.get(address))).size for address in found.addresses]
    side = scatter.SIDE * found.tile
    assert sizes == [(side, side), (side, found.tile)]


# --- the cloud that ships ----------------------------------------------------------------------------------
def test_the_view_opens_at_once_with_a_cloud_that_ships():
    found = page.opened({}, "digits:3")
    value = read(found["scatter"])
    assert value["linked"]["count"] == shipped.COUNT == found["count"] and found["data"].value == "sample"
    assert "They ship with the lab" in found["status"] and value["linked"]["thumbnails"]
    assert shipped.FILE.stat().st_size < 700_000


def test_the_shipped_cloud_is_what_the_model_says_now():
    whole = clouds.cloud(of_source("sample", shipped.COUNT))
    assert whole.pixels is None
    x = whole.pictures(range(7, 27))
    with torch.no_grad():
        z = models.model().g_x(x)
    for side, points in ((whole.latent, z), (whole.pixel, x.flatten(1))):
        close = 2e-3 * float(side.coordinates.abs().max())
        torch.testing.assert_close(side.pca.transform(points), side.coordinates[7:27], atol=close, rtol=0)
        gram = side.pca.components @ side.pca.components.mT
        torch.testing.assert_close(gram, torch.eye(shipped.KEPT), atol=1e-5, rtol=0)
        share = side.pca.explained_variance / side.coordinates.var(0)
        torch.testing.assert_close(share, torch.ones(shipped.KEPT), atol=5e-3, rtol=0)
        assert len(side.ratios) == 50


def test_in_the_shipped_cloud_classes_are_apart_in_latents_and_mixed_in_pixels():
    found, whole = compute.points(Standing()), clouds.cloud(chosen(Standing()))
    sides = (whole.latent, whole.pixel)
    latent, pixel = (clouds.neighbour_accuracy(side.coordinates[:, :2], whole.labels) for side in sides)
    assert latent > 0.95 and pixel < 0.7
    assert (
        f"{latent:.0%} of the pictures" in found["verdict"]
        and f"{pixel:.0%} of them in pixels" in found["verdict"]
    )


def test_what_is_written_to_ship_is_read_again(tmp_path, seen, monkeypatch):
    monkeypatch.setattr(shipped, "COUNT", COUNT)
    sides = {"latent": seen.latent, "pixel": seen.pixel}
    sheet = shipping.png_of(seen.pixels)
    triples = {name: (side.pca, side.coordinates, side.ratios) for name, side in sides.items()}
    shipped.write(tmp_path / "a" / "cloud.safetensors", triples, sheet, 3.5)
    found = shipped.read(tmp_path / "a" / "cloud.safetensors")
    assert (found.sheet, found.seconds) == (sheet, 3.5)
    for name, side in sides.items():
        pca, coordinates, ratios = found.sides[name]
        assert torch.equal(pca.components, side.pca.components[:10]) and len(ratios) == len(side.ratios)
        torch.testing.assert_close(coordinates, side.coordinates[:, :10], atol=1e-2, rtol=1e-3)
        torch.testing.assert_close(pca.spread, side.spread[:10])


# --- large clouds ------------------------------------------------------------------------------------------
@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Pictures of which there are too many to wait for: 40 are."""
    monkeypatch.setattr(clouds, "AT_ONCE", 39)
    clouds._slots.clear()
    return of_source("digits", 40)


def test_a_large_cloud_is_made_in_the_hall_and_is_what_a_direct_pca_says(large):
    assert clouds.ready(large) is None  # no tick computes it
    news = list(clouds.steps(large, "digits", "a visitor"))
    found = news[-1]
    assert any(isinstance(item, Running) for item in news[:-1]) and clouds.ready(large) is found
    x = pictures.tensor(large.references)
    with torch.no_grad():
        z = models.model().g_x(x).double().numpy()
    expected = PCA(3, svd_solver="full").fit(z).transform(z)
    shown = found.latent.coordinates[:, :3].numpy()
    np.testing.assert_allclose(
        shown * np.sign((expected * shown).sum(0)), expected, atol=1e-3 * np.abs(expected).max()
    )


def test_latents_that_do_not_fit_are_encoded_again_at_each_pass(large, monkeypatch):
    kept = clouds.computed(large, "digits")
    monkeypatch.setattr(clouds, "MOST_LATENTS", 0)
    streamed = clouds.computed(large, "digits")
    torch.testing.assert_close(streamed.latent.coordinates, kept.latent.coordinates, atol=2e-2, rtol=1e-3)
    assert streamed.latent.pca.used == "covariance" != kept.latent.pca.used


def test_a_stopped_cloud_leaves_what_was_on_screen_and_can_be_asked_for_again(large, monkeypatch):
    worked = clouds._worked

    def stopping(place, made, g):
        hall.HALL.stop("a visitor")
        return worked(place, made, g)

    monkeypatch.setattr(clouds, "_worked", stopping)
    standing = Standing(data="digits", count=300)
    monkeypatch.setattr(compute, "chosen", lambda standing: large)
    last = list(compute.arriving(standing, "a visitor"))[-1]
    assert "Stopped" in last["status"] and "scatter" not in last and last["bar"] == ""
    monkeypatch.setattr(clouds, "_worked", worked)
    assert "scatter" in list(compute.arriving(standing, "a visitor"))[-1]


def test_a_card_is_asked_first_and_what_it_refuses_the_cpu_does_and_says_so(large, monkeypatch):
    asked = []

    def refusing(work, arguments, batch):
        asked.append(batch)
        raise RuntimeError("ZeroGPU quota exceeded")

    monkeypatch.setattr(accelerator, "door", lambda: refusing)
    found = list(clouds.steps(large, "digits", "a visitor"))[-1]
    assert asked == [accelerator.CARD_BATCHES[0]] and found.device == "cpu"
    assert "ZeroGPU quota exceeded" in compute.status(found) and "on cpu" in compute.status(found)


def test_a_cloud_made_on_a_card_names_it_and_is_the_same(large, monkeypatch):
    def lent(work, arguments, batch):
        return work(accelerator.Place(torch.device("cpu"), batch), *arguments), "Stand-in 9000"

    monkeypatch.setattr(accelerator, "door", lambda: lent)
    news = list(clouds.steps(large, "digits", "a visitor"))
    assert len(news) == 1 and "on Stand-in 9000" in compute.status(news[0])
    here = clouds.computed(large, "digits")
    torch.testing.assert_close(news[0].latent.coordinates, here.latent.coordinates, atol=1e-3, rtol=1e-4)


def test_a_source_that_has_not_so_many_pictures_gets_the_most_that_it_has():
    asked = {"digits": 1200, "mnist": 10_000, "face": 20_000, "sample": 60_000}
    assert {data: page.fitting(data, 60_000).get("count", 60_000) for data in asked} == asked
    assert page.fitting("digits", 300) == page.fitting("digits", None) == page.fitting(None, 300) == {}


def test_clouds_that_are_too_many_to_remember_go_oldest_first(monkeypatch):
    monkeypatch.setattr(clouds, "MOST_KEPT", 40)
    clouds._slots.clear()
    first, second = of_source("digits", 25), of_source("digits", 26)
    for each in (first, second):
        clouds._slot(each, "digits")
    assert [key[0] for key in clouds._slots] == [second]


# --- points that are taken ---------------------------------------------------------------------------------
def lasso(numbers: list[int]) -> str:
    return base64.b64encode(np.array(numbers, "<i4").tobytes()).decode()


def test_the_mean_of_taken_pictures_is_decoded_beside_that_of_their_pixels(seen):
    standing = Arguments("digits", COUNT, picture="digits:3", model=seen.model)
    numbers = [1, 4, 9]
    found = compute.taken(standing, numbers)
    x = seen.pictures(numbers)
    with torch.no_grad():
        g = models.model(seen.model).g_x
        induced = g.inverse(g(x).mean(0, keepdim=True))
    expected = encoding.to_pixels(torch.cat([induced, x.mean(0, keepdim=True)]))[..., 0]
    np.testing.assert_allclose(unpacked(found["means"]).astype(int), expected, atol=1)
    assert "3 pictures taken" in found["chosen_words"] and f"{seen.labels[1]}: 1" in found["chosen_words"]
    assert compute.taken(standing, [])["means"] is None


def test_the_mean_of_very_many_is_that_of_some_spread_evenly_and_says_so(seen, monkeypatch):
    monkeypatch.setattr(compute, "MEAN_OF", 5)
    said = compute.taken(Arguments("digits", COUNT, model=seen.model), range(20))["chosen_words"]
    assert "20 pictures taken" in said and "of 5 of them" in said


def test_taken_points_become_classes_or_are_left_out(seen):
    marks = Marks.on(seen, None).with_class([0, 1]).with_class([2]).without([3, 4])
    value = read(compute.scatter_value(seen, 2, "digits:3", marks))
    _, trace_of = drawn(value["figures"][0], 2, COUNT)
    names = [trace["name"] for trace in value["figures"][0]["data"]]
    assert [names[k] for k in trace_of[:3]] == ["class A", "class A", "class B"]
    assert list(trace_of[3:5]) == [-1, -1] and (trace_of[5:] >= 0).all()
    assert list(marks.labels(seen)[:5]) == [10, 10, 11, -1, -1]
    other = clouds.cloud(of_source("digits", 13))
    assert set(Marks.on(other, marks).array) == {0}  # marks are of one cloud
    assert marks.array[3] == LEFT_OUT
    for _ in range(4):
        marks = marks.with_class([7])
    with pytest.raises(ValueError, match="6 classes of your own"):
        for _ in range(2):
            marks = marks.with_class([7]).with_class([8])


def test_the_page_keeps_leaves_out_and_brings_back():
    standing = Standing(data="digits", count=300)
    kept = page.marked(standing, None, (1, 2, 3), how="keep")
    assert "class A" in kept["scatter"]["text"] and kept["numbers"] == ()
    gone = page.marked(standing, kept["marks"], tuple(range(100)), how="leave")
    assert "class A" not in gone["scatter"]["text"]
    back = page.marked(standing, gone["marks"], (), how="back")
    assert set(back["marks"].array) == {0}
    with pytest.raises(ValueError, match="draw around some points"):
        page.marked(standing, None, (), how="keep")


@pytest.mark.parametrize("sent", [None, 3, "no base64!", "AAA=", lasso([1])[:-3], {"a": 1}])
def test_what_is_no_lasso_gets_a_sentence(sent):
    with pytest.raises(ValueError, match="no points of the chart"):
        numbers_of(sent, 5)


def test_a_lasso_holds_points_of_the_cloud_only_and_each_once():
    assert numbers_of(lasso([4, 2, 2, -1, 5, 10**9]), 5) == [2, 4]


@BOTH
def test_the_nearest_pictures_are_nearest_on_the_chart(seen):
    standing = replace(controls(seen.model), picture=seen.references[6])
    for row, side in zip(compute.neighbours(standing)["neighbours"], (seen.latent, seen.pixel)):
        away = np.linalg.norm(side.coordinates[:, :2] - side.coordinates[6, :2], axis=1)
        assert row["ids"] == ["x", *map(str, away.argsort(kind="stable")[1 : compute.NEIGHBOURS + 1])]
    stranger = compute.neighbours(replace(controls("digits"), picture="other:2"))["neighbours"]
    assert len(stranger[0]["ids"]) == compute.NEIGHBOURS + 1  # any picture has a place among them


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
    shown = [read(value["scatter"]) for value in (before, now)]
    latent, pixel = zip(*([drawn(figure, 2, COUNT)[0] for figure in value["figures"]] for value in shown))
    assert not np.array_equal(*latent) and np.array_equal(*pixel)
    assert (
        shown[0]["linked"]["sheets"] == shown[1]["linked"]["sheets"] and before["variance"] != now["variance"]
    )
    ours, theirs = (compute.walk(controls(name)) for name in models.NAMES[:2])
    for value, other in ((ours["stage"], theirs["stage"]), (ours["strips"][0], theirs["strips"][0])):
        assert np.abs(unpacked(value)[0].astype(int) - unpacked(other)[0]).max() > 5
    np.testing.assert_array_equal(
        unpacked(ours["strips"][1]), unpacked(theirs["strips"][1])
    )  # pixels know no model


def test_faces_come_with_pictures_of_faces():
    found = page.switched("faces", "digits", "digits:318", 300, [])
    assert found["data"].value == "face" and pictures.pixels(found["picture"]).shape == (64, 64, 3)
    back = page.switched("digits", "face", found["picture"], 300, [])
    assert (back["data"].value, back["picture"]) == ("digits", "digits:318") and "count" not in back
    kept = page.switched("digits-projector", "sample", "digits:1", 300, [])
    assert (kept["data"].value, kept["picture"]) == ("sample", "digits:1") and "count" not in kept
    many = page.switched("digits-projector", "sample", "digits:1", 4000, [])
    assert many["count"] == 300  # nobody waits unasked
    together = clouds.cloud(of_source("face", 13), "faces")
    alone = np.stack([pictures.pixels(f"face:{i}") for i in range(13)]).astype(int)
    assert np.abs(together.pixels - alone).max() <= 1 and len({face.tobytes() for face in alone}) == 13


def test_uploaded_faces_stay_whole(tmp_path):
    files = []
    for i in range(LEAST):
        files.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(np.random.default_rng(i).integers(256, size=(80, 64), dtype=np.uint8)).save(files[-1])
    found = page.uploaded(files, "faces")["own"]
    assert [pictures.pixels(reference).shape for reference in found] == [(64, 64, 3)] * LEAST


def test_each_class_has_lines_around_its_densest_part_until_asked_for_unseen(seen):
    groups = [("many", np.arange(14)), ("few", np.arange(14, 20)), ("on a line", np.arange(20, 24).repeat(4))]
    points = seen.latent.coordinates[:, :3].numpy()
    flat = scatter.Panel("", "", ["c1", "c2"], [1, 1], points[:, :2])
    deep = scatter.Panel("", "", ["c1", "c2", "c3"], [1, 1, 1], points)
    lines = [t for t in scatter._scatter(flat, groups, "0").data if t.type == "contour"]
    assert [line.name for line in lines] == ["many", "on a line"] and not any(line.visible for line in lines)
    assert {trace.type for trace in scatter._scatter(deep, groups, "0").data} == {"scatter3d"}
    assert density.contours(np.ones((30, 2)), "a point", "#000") is None


def test_half_of_the_points_lie_within_the_line_of_one_half():
    points = np.random.default_rng(0).normal(size=(4000, 2)) * (3, 0.5) + (5, -1)
    x, y, inside = density.highest_density(points)
    column, row = (np.abs(grid - along[:, None]).argmin(1) for grid, along in zip((x, y), points.T))
    for share in (0.25, 0.5, 0.75):
        assert abs((inside[row, column] > 1 - share).mean() - share) < 0.04


# --- own pictures ------------------------------------------------------------------------------------------
def own_pictures(count: int, first: int = 20) -> tuple[str, ...]:
    return tuple(pictures.reference_of(pictures.pixels(f"digits:{i}")) for i in range(first, first + count))


def test_few_own_pictures_lie_among_others_and_change_nothing_of_them():
    standing = Standing(data="own", own=own_pictures(3), labels=("cat", "", "7"), model="digits")
    others, seen = clouds.cloud(of_source("sample", shipped.COUNT)), clouds.cloud(chosen(standing))
    assert len(seen.references) == shipped.COUNT + 3 and seen.references[-3:] == standing.own
    for side, before in ((seen.latent, others.latent), (seen.pixel, others.pixel)):
        assert torch.equal(side.coordinates[:-3], before.coordinates) and side.ratios == before.ratios
    x, g = pictures.tensor(standing.own), models.model("digits").g_x
    with torch.no_grad():
        expected = (g(x) - others.latent.pca.mean) @ others.latent.pca.components.mT
    torch.testing.assert_close(seen.latent.coordinates[-3:], expected, atol=1e-3, rtol=1e-3)
    found, before = compute.points(standing), compute.points(Standing())
    assert found["verdict"] == before["verdict"] and "3 pictures of yours" in found["status"]
    names = [trace["name"] for trace in read(found["scatter"])["figures"][0]["data"] if "customdata" in trace]
    assert names == [*"0123456789", "yours", "7 (yours)", "cat (yours)"]
    assert compute.scatter_value(seen, 3, standing.own[1]) and walks.shown(seen, standing)
    picked = page.picked(standing, gr.EventData(None, {"index": shipped.COUNT + 1}))
    assert picked["picture"] == standing.own[1]


def test_thumbnails_of_few_own_pictures_stand_behind_those_that_ship():
    others = clouds.cloud(of_source("sample", shipped.COUNT))
    seen = clouds.cloud(chosen(Standing(data="own", own=own_pictures(2))))
    sheet, before = (np.asarray(Image.open(io.BytesIO(cloud.sheet))) for cloud in (seen, others))
    assert np.array_equal(sheet[: len(before) - scatter.TILE], before[: len(before) - scatter.TILE])
    place = divmod(shipped.COUNT + 1, scatter.SIDE)
    tile = sheet.reshape(-1, scatter.TILE, scatter.SIDE, scatter.TILE)[place[0], :, place[1]]
    small = Image.fromarray(pictures.pixels(seen.references[-1])).resize(
        tile.shape, Image.Resampling.BILINEAR
    )
    assert np.array_equal(tile, small)


def test_another_set_of_few_does_not_inherit_the_marks_of_the_first():
    first, second = (
        clouds.cloud(chosen(Standing(data="own", own=own_pictures(2, first)))) for first in (20, 30)
    )
    kept = Marks.on(first, None).without([5])
    assert Marks.on(first, kept) == kept and Marks.on(second, kept) == Marks.on(second, None)
    between = replace(first, references=(*first.references[:5], "digits:7", *first.references[6:]))
    assert Marks.on(between, kept) == Marks.on(between, None)  # though the first and the last are the same


def test_other_labels_of_the_same_pictures_are_another_cloud(monkeypatch):
    heard, controls = [], defaultdict(MagicMock)
    monkeypatch.setattr(page, "listen", lambda when, *rest, **how: heard.append(when) or MagicMock())
    page._listen_to_cloud(controls, {}, {})
    for changes in heard[:2]:
        assert controls["labels"].change in changes and controls["own"].change in changes
    keys = {page._key(Standing(data="own", own=own_pictures(1), labels=(label,))) for label in "ab"}
    assert len(keys) == 2


@pytest.mark.parametrize("name", ["digits", "faces"])
def test_own_pictures_of_several_sizes_make_one_cloud(name):
    faces = tuple(pictures.reference_of(pictures.pixels(f"face:{i}")) for i in range(3))
    own = (*own_pictures(LEAST), *faces)
    seen = clouds.cloud(chosen(Standing(data="own", own=own, model=name)), name)
    expected = encoding.to_pictures(pictures.tensor(own, name))
    assert np.array_equal(seen.pixels, expected) and len(seen.latent.coordinates) == LEAST + 3


def test_python_for_few_own_pictures_places_them_among_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(wanted, "first_count", lambda source, model: COUNT)
    own = tuple(f"jpg:{pictures.reference_of(pictures.pixels(f'face:{i}'))[4:]}" for i in (3, 4))
    standing = Standing(
        data="own", own=own, labels=("me", ""), model="faces", picture="face:17", dimensions=3
    )
    seen = clouds.cloud(chosen(standing), "faces")
    out = computed(compute.settled(standing, False).python, "coordinates labels", tmp_path)
    assert_figure(tmp_path / "latent_pca.png")
    close = 1e-3 * float(seen.latent.coordinates.abs().max())
    np.testing.assert_allclose(out["coordinates"][:, :10], seen.latent.coordinates[:, :10], atol=close)
    assert out["labels"][-2:].tolist() == seen.labels[-2:].tolist() == [11, 10]


def packed(folder: Path, **contents: bytes) -> str:
    """A zip with these files, "__" in a name being a folder."""
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv").replace("_png", ".png"), content)
    return str(folder / "pictures.zip")


def png(i: int) -> bytes:
    return encoding.png_bytes(255 - pictures.pixels(f"digits:{i}"))


def test_folders_in_a_zip_are_labels_and_a_table_says_more(tmp_path):
    inside = {f"all__{'cats' if i % 2 else 'dogs'}__{i}_png": png(i) for i in range(12)}
    table = '\ufefffile;species\r\nall/dogs/0.png;wolf\r\n3.png;"a; tiger"\r\n'.encode()
    found = labelled.bring(
        [packed(tmp_path, **inside, all__labels_csv=table, all__bad_png=b"x", all___hidden_png=png(1))],
        "digit",
        300,
    )
    assert len(found.references) == 13 and found.refused == ("bad.png",)
    assert found.labels[:5] == ("wolf", "cats", "dogs", "a; tiger", "dogs")
    standing = Standing(data="own", own=found.references, labels=found.labels)
    seen = clouds.cloud(chosen(standing))
    assert seen.classes == ("a; tiger", "all", "cats", "dogs", "wolf") and seen.labels[3] == 0


def test_labels_of_a_table_beside_the_pictures(tmp_path):
    files = []
    for i in range(LEAST):
        files.append(str(tmp_path / f"{i}.png"))
        Path(files[-1]).write_bytes(png(i))
    table = tmp_path / "labels.csv"
    table.write_text(
        "class,name\n" + "".join(f"{pictures.label_of(f'digits:{i}')},{i}.png\n" for i in range(11))
    )
    found = page.uploaded([*files, str(table)], "digits")
    assert found["labels"] == (*(str(pictures.label_of(f"digits:{i}")) for i in range(11)), "")
    assert "with 10 labels" in found["notice"].value
    standing = Standing(data="own", own=found["own"], labels=found["labels"])
    assert clouds.cloud(chosen(standing)).labels.tolist() == [
        *(pictures.label_of(f"digits:{i}") for i in range(11)),
        -1,
    ]
    assert page.uploaded(files, "digits")["labels"] == ()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.zip", b"PK\x03\x04 cut off", "“a.zip” is no zip that can be read"),
        ("a.csv", b"one column\nonly\n", "“a.csv” is no table of labels"),
        ("a.csv", b"\xff\xfe\x00", "“a.csv” is no table of labels"),
        (
            "a.csv",
            b'0.png,"a\n1.png,b\n',
            "“a.csv” is no table of labels",
        ),  # one label with all other lines in it
        ("a.csv", b"a,b\n" * 1_250_001, "“a.csv” has more than 5 MB"),
    ],
)
def test_what_is_no_archive_and_no_table_gets_a_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        page.uploaded([str(tmp_path / name)], "digits")


def test_archives_that_would_fill_the_memory_and_too_many_labels_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(3):
            archive.writestr(f"{i}.png", bytes(70_000_000))
    with pytest.raises(ValueError, match="unpacks to more than 200 MB"):
        labelled.bring([str(tmp_path / "bomb.zip")], "digit", 300)
    many = {f"{i}__x_png": png(i % 30) for i in range(41)}
    with pytest.raises(ValueError, match="41 different labels"):
        labelled.bring([packed(tmp_path, **many)], "digit", 300)


def test_several_archives_share_the_room_of_one(tmp_path, monkeypatch):
    inside = packed(tmp_path, a_png=png(1), b_png=png(2))
    monkeypatch.setattr(labelled, "MOST_UNPACKED", 3 * len(png(1)))
    assert len(labelled.bring([inside], "digit", 300).references) == 2
    with pytest.raises(ValueError, match=r"^“pictures.zip” and those before it unpack to more than"):
        labelled.bring([inside] * 2, "digit", 300)


def test_an_entry_that_is_broken_is_named_however_it_is_packed(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", png(1))
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[60:100] = bytes(byte ^ 90 for byte in content[60:100])
    (tmp_path / "a.zip").write_bytes(content)
    assert labelled.bring([str(tmp_path / "a.zip")], "digit", 300).refused == ("a.png",)


def test_a_table_behind_more_pictures_than_are_taken_is_read(tmp_path):
    inside = {f"{i}_png": png(i % 10) for i in range(8)}
    table = b"number,file,label\n" + b"".join(f"{i},{i}.png,k{i % 2}\n".encode() for i in range(8))
    found = labelled.bring([packed(tmp_path, **inside, labels_csv=table)], "digit", 3)
    assert found.labels == ("k0", "k1", "k0") and found.refused == ()


def test_texts_beside_the_pictures_are_named_and_change_no_label(tmp_path):
    inside = {f"{'ab'[i % 2]}__{i}_png": png(i) for i in range(4)}
    texts = {"README.txt": b"Pictures of mine.", "notes.txt": b'one, "two', "other.csv": b"x,y\n1,2\n"}
    found = labelled.bring([packed(tmp_path, **inside, **texts)], "digit", 300)
    assert found.labels == ("a", "b", "a", "b") and set(found.refused) == set(texts)


def test_letters_of_windows_and_names_of_macos_are_read(tmp_path):
    table = "0.png;Bär\n1.png;Löwe \n".encode("cp1252")
    found = labelled.bring(
        [packed(tmp_path, **{"0_png": png(0), "1_png": png(1)}, a_csv=table)], "digit", 300
    )
    assert found.labels == ("Bär", "Löwe")
    file = Path(packed(tmp_path, **{"Bär__0_png": png(0)}, **{"Hund\\1.png": png(1)}))
    content = file.read_bytes()
    for head, place in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):  # macOS does not say that a name is UTF-8
        at = content.index(head) + place
        content = content[:at] + b"\0" + content[at + 1 :]
    file.write_bytes(content)
    assert labelled.bring([str(file)], "digit", 300).labels == ("Bär", "Hund")


def test_names_from_outside_are_text_wherever_they_are_shown(tmp_path):
    inside = {f"<img src=x>__{i}_png": png(i) for i in range(2)} | {f"..__{i}_png": png(i) for i in range(2)}
    found = labelled.bring([packed(tmp_path, **inside)], "digit", 300)
    assert found.labels == ("<img src=x>",) * 2 + ("",) * 2
    standing = Standing(data="own", own=found.references[:2], labels=found.labels[:2])
    compute.points(standing)
    said = compute.taken(standing, [4000, 4001])["chosen_words"]
    assert "&lt;img src=x&gt; (yours): 2" in said and "<img" not in said


def test_a_label_for_each_picture_or_none():
    with pytest.raises(ValueError, match="1 labels came for 2 pictures"):
        Standing(data="own", own=own_pictures(2), labels=("a",))


@BOTH
def test_explained_variance_of_both_spaces_stands_side_by_side_with_its_sums(seen):
    found = compute.shown(seen, controls(seen.model), None)
    bars, line, other_bars, _ = read(found["variance"])["figures"][0]["data"]
    for trace, side in ((bars, seen.latent), (other_bars, seen.pixel)):
        np.testing.assert_allclose(trace["y"], side.ratios)
        assert 0 < sum(trace["y"]) <= 1 + 1e-5 and f"{sum(trace['y']):.0%}" in found["sums"]
    np.testing.assert_allclose(line["y"], np.cumsum(bars["y"]))


def test_before_the_controls_are_filled_nothing_is_computed():
    empty = dict.fromkeys(Standing.declared()) | {"own": [], "picture": "digits:3"}
    assert list(page.computing(None, marks=None, sent="", **empty)) == [{}]
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
    seen = clouds.cloud(chosen(standing), "digits")
    np.testing.assert_allclose(out["pixel_coordinates"], seen.pixel.coordinates, atol=1e-3)


# --- links -------------------------------------------------------------------------------------------------
def opened(search: str, picture: str = "digits:0") -> dict:
    found = page.opened(query_of(search), picture)
    return {**found, "data": found["data"].value}


def test_a_link_of_old_restores_every_control():
    found = opened("?view=latent_pca&data=digits&n=300&d=3&c=4&t=0.5&start=picture&x=digits:9")
    asked = Standing("digits", 300, 3, 4, 0.5, PICTURE, "digits:9", "digits")
    expected = {name: value for name, value in asked.values().items() if name not in ("own", "labels")}
    assert {name: found[name] for name in expected} == expected
    assert not found["notice"].visible


def test_what_is_wrong_in_a_link_is_left_out():
    found = opened("?x=digits:x&n=7&t=nan&c=99", "digits:4")
    assert found["picture"] == "digits:4" and "does not exist" in found["notice"].value
    assert (found["count"], found["steps"], found["component"]) == (shipped.COUNT, 2.0, COMPONENTS)
    assert opened("?model=cats")["model"] == "digits"
    assert opened("?data=own")["data"] == "sample"  # uploads are on no other page


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
    seen = clouds.cloud(chosen(standing), "digits")
    value = read(compute.scatter_value(seen, 2, "digits:3"))
    points = [trace for trace in value["figures"][0]["data"] if "customdata" in trace]
    assert [trace["name"] for trace in points] == ["no label"]
    assert "accuracy" not in value["notes"][0] and compute.points(standing)["verdict"] == ""
    assert page.uploaded([str(tmp_path / "bad.png")], "digits").keys() == {"notice"}
    few = page.uploaded(files[:2], "digits")
    assert len(few["own"]) == 2 and "among others" in few["notice"].value
    with pytest.raises(ValueError, match="None of your own pictures"):
        Standing(data="own")


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
    seen = clouds.cloud(of_source("digits", COUNT), PROJECTOR)
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


# --- "break it" is seen -----------------------------------------------------------------------------------------
def test_broken_the_walk_leaves_the_straight_line_and_the_picture_is_another():
    seen, standing = clouds.cloud(wanted.chosen(CONTROLS), CONTROLS.model), CONTROLS
    whole, broken = (walks.stage_value(seen, standing, b) for b in (False, True))
    assert "at" not in whole and broken["hues"][0] == "bad" and broken["pictures"]["count"] == 3
    assert broken["pictures"]["bytes"] != whole["pictures"]["bytes"]
    path = torch.tensor(broken["at"][0]["path"])
    assert (path[:, 1:].abs().amax() > 0.5) and broken["at"][1] is None  # along c₁ the others would stay 0
