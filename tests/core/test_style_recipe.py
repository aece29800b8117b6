"""Teachers, views and crops of photos, the `styles` recipe and its evaluation, on tiny ONNX networks and photos."""

import dataclasses
import json
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from linearizer_core import checkpoints
from linearizer_core.__main__ import main
from linearizer_core.data.sets import DataError, Dataset, read_image
from linearizer_core.data.teachers import Teacher, parse_teachers
from linearizer_core.measures import styles as evaluation
from linearizer_core.measures.styles import apply_filter, best_filters, evaluate_styles
from linearizer_core.methods.texture import FilterBank, lattice, texture_distance
from linearizer_core.networks import photo_flow
from linearizer_core.recipes import DigitsClassifier, PhotoStyles
from linearizer_core.recipes.base import Batch
from linearizer_core.recipes.styles import (
    bands,
    contrast_error,
    excess_grid,
    in_every_style,
    painted,
    random_crops,
    square_views,
)
from linearizer_core.training import train
from tests.catalogue import stirred

close = torch.testing.assert_close
SMALL = {
    "depth": 1,
    "hidden": 4,
    "blocks": 1,
    "crop": 64,
    "views": 1,
    "batch": 2,
    "steps": 3,
    "texture_from": 0.3,
}
TEACHERS = ("inverted=teachers/inverted.onnx", "halved=teachers/halved.onnx")


@pytest.fixture(autouse=True)
def float32():
    torch.set_default_dtype(torch.float32)


def network(file, node, constants=(), shape=(1, 3, 64, 64), out=None, inputs=("x",), outputs=("y",)):
    """An ONNX file of one node that takes `x` and gives `y`."""
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, s) for name in names]
        for names, s in ((inputs, shape), (outputs, out or shape))
    ]
    graph = helper.make_graph([helper.make_node(*node)], "tiny", *ends, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, file)
    return file


def number(value, name="c"):
    return helper.make_tensor(name, TensorProto.FLOAT, (1,), [value])


def inverting(file, top=255.0, **options):
    return network(file, ("Sub", ["c", "x"], ["y"]), [number(top)], **options)


def halving(file, **options):
    return network(file, ("Mul", ["c", "x"], ["y"]), [number(0.5)], **options)


@pytest.fixture
def folder(tmp_path):
    """12 photos of soft colours, each another, and two teachers for 64×64."""
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for index in range(12):
        coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
        coarse.resize((96, 80), Image.Resampling.BICUBIC).save(tmp_path / "photos" / f"{index:02}.png")
    inverting(tmp_path / "teachers" / "inverted.onnx")
    halving(tmp_path / "teachers" / "halved.onnx")
    return tmp_path


def small(**changes):
    return PhotoStyles(**(SMALL | {"teacher": TEACHERS} | changes))


def pictures(count=4, styles=2, side=64):
    x = torch.randint(256, (count, 3, side, side), dtype=torch.uint8)
    return Dataset(
        torch.cat([x, *[255 - x, x // 2][:styles]], 1),
        torch.zeros(count).long(),
        torch.cat([x, *[255 - x, x // 2][:styles]], 1)[:2],
        torch.zeros(2).long(),
    )


# Teachers


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_a_teacher_takes_and_gives_bytes_in_the_range_of_its_network(tmp_path, top):
    teacher = Teacher(inverting(tmp_path / "t.onnx", top), top)
    x = torch.arange(256, dtype=torch.uint8).repeat(96).reshape(2, 3, 64, 64)
    assert teacher.side == 64 and torch.equal(teacher(x), 255 - x)


def test_what_a_teacher_paints_beyond_the_range_is_clipped_and_between_bytes_rounded(tmp_path):
    x = torch.arange(256, dtype=torch.uint8).repeat(48).reshape(1, 3, 64, 64)
    doubled = network(tmp_path / "2.onnx", ("Mul", ["c", "x"], ["y"]), [number(2.0)])
    assert torch.equal(Teacher(doubled)(x), (2 * x.long()).clamp(max=255).byte())
    below = network(tmp_path / "-.onnx", ("Sub", ["x", "c"], ["y"]), [number(99.0)])
    assert torch.equal(Teacher(below)(x), (x.long() - 99).clamp(min=0).byte())
    assert torch.equal(Teacher(halving(tmp_path / "h.onnx"))(x), (x.double() / 2).round().byte())


def test_a_teacher_of_open_size_takes_any_and_asks_for_256(tmp_path):
    teacher = Teacher(inverting(tmp_path / "t.onnx", shape=(1, 3, "H", "W")))
    x = torch.randint(256, (1, 3, 20, 31), dtype=torch.uint8)
    assert teacher.side == 256 and torch.equal(teacher(x), 255 - x)


REFUSED = {
    "no file": (lambda path: path, "does not exist; pass the path of an ONNX style network"),
    "no network": (lambda path: path.write_bytes(b"hello") and path, "is no ONNX network that can be read"),
    "an empty file": (lambda path: path.touch() or path, "is no ONNX network that can be read"),
    "grey": (
        lambda path: inverting(path, shape=(1, 1, 64, 64)),
        r"must take and give 1×3×H×W, got \[1, 1, 64",
    ),
    "a vector": (lambda path: inverting(path, shape=(1, 3)), "must take and give 1×3×H×W"),
    "labels": (
        lambda path: network(path, ("GlobalAveragePool", ["x"], ["y"]), out=(1, 1, 1, 1)),
        "must take and give 1×3×H×W",
    ),
    "two inputs": (
        lambda path: network(path, ("Add", ["x", "z"], ["y"]), inputs=("x", "z")),
        "is no ONNX network that can be read",
    ),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_file_is_refused_in_one_sentence(make, words, tmp_path):
    with pytest.raises(DataError, match=words) as refusal:
        Teacher(make(tmp_path / "wrong.onnx"))
    assert "wrong.onnx" in str(refusal.value) and "\n" not in str(refusal.value)


MISPAINTED = {
    "another size": (lambda path: inverting(path, shape=(1, 3, 32, 32)), r"cannot paint 1×3×64×64 \("),
    "no square": (lambda path: inverting(path, shape=(1, 3, 64, 96)), r"cannot paint 1×3×64×64 \("),
    "a smaller picture": (
        lambda path: network(path, ("GlobalAveragePool", ["x"], ["y"]), out=(1, 3, 1, 1)),
        "makes 1×3×1×1 of 1×3×64×64; it must keep the size",
    ),
}


@pytest.mark.parametrize(("make", "words"), MISPAINTED.values(), ids=MISPAINTED)
def test_a_teacher_for_other_pictures_is_refused_in_one_sentence(make, words, tmp_path):
    with pytest.raises(DataError, match=words) as refusal:
        Teacher(make(tmp_path / "wrong.onnx"))(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert "wrong.onnx" in str(refusal.value) and "\n" not in str(refusal.value)


def test_without_onnxruntime_teachers_say_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DataError, match="pip install onnxruntime"):
        Teacher(tmp_path / "t.onnx")


def test_teachers_are_names_and_files():
    assert parse_teachers(("a=x.onnx", "rain-princess=b/c=d.onnx")) == {
        "a": "x.onnx",
        "rain-princess": "b/c=d.onnx",
    }
    for wrong in (("a",), ("=x",), ("a=",), ("a b=x",), ("a.b=x",), ("a=x", "a=y")):
        with pytest.raises(ValueError, match="teacher must be name=path, each name once"):
            parse_teachers(wrong)


# Views and crops


def coordinates(count, side):
    """Photos whose pixels say where they are: red grows to the right, green downwards."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([x, y, torch.zeros_like(x)]).byte().expand(count, -1, -1, -1)


def test_the_first_view_of_each_photo_is_the_whole():
    photos = torch.randint(256, (3, 3, 40, 40), dtype=torch.uint8)
    views = square_views(photos, 2, 40, torch.Generator().manual_seed(0))
    assert torch.equal(views[:3], photos) and not torch.equal(views[3:], photos)
    grey = square_views(torch.full((2, 3, 90, 90), 77, dtype=torch.uint8), 3, 17, torch.Generator())
    assert (grey == 77).all() and grey.shape == (6, 3, 17, 17)


def test_the_other_views_are_squares_of_at_least_half_the_photo_some_of_them_mirrored():
    whole, side = 200, 50
    views = square_views(coordinates(60, whole), 2, side, torch.Generator().manual_seed(1))[60:].double()
    slope_x = (views[:, 0, :, -5] - views[:, 0, :, 5]).mean(1) / (side - 10)  # photo pixels per view pixel
    slope_y = (views[:, 1, -5] - views[:, 1, 5]).mean(1) / (side - 10)
    close(slope_x.abs(), slope_y, rtol=0, atol=0.06)
    assert slope_y.min() > 0.5 * whole / side - 0.06 and slope_y.max() < whole / side + 0.06
    assert slope_y.max() - slope_y.min() > 1.2
    assert 15 < (slope_x < 0).sum() < 45
    middles = views[:, :2].mean((2, 3))
    assert (middles - whole / 2).abs().max() < whole / 4 + 2 and (middles.std(0) > 8).all()


def test_views_depend_on_the_seed_alone():
    photos = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)
    draw = [square_views(photos, 3, 32, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(draw[0], draw[1]) and not torch.equal(draw[0], draw[2])


def test_crops_are_pieces_of_their_images_from_everywhere():
    images = coordinates(400, 9).float()
    pieces = random_crops(images, 6, torch.Generator().manual_seed(0))
    places = set()
    for piece in pieces:
        x, y = (int(v) for v in piece[:2, 0, 0])
        assert torch.equal(piece, images[0, :, y : y + 6, x : x + 6])
        places.add((x, y))
    assert places == {(x, y) for x in range(4) for y in range(4)}
    assert torch.equal(random_crops(images[:2], 10, torch.Generator()), images[:2])


def test_painted_puts_what_each_teacher_made_behind_the_photo_and_tests_at_the_same_size():
    x, labels = torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8), torch.zeros(3).long()
    larger = torch.full((2, 3, 64, 64), 100, dtype=torch.uint8)
    data = painted(Dataset(x, labels, larger, labels[:2]), [lambda p: 255 - p, lambda p: p // 2])
    assert torch.equal(data.train_images, torch.cat([x, 255 - x, x // 2], 1))
    expected = torch.tensor([100, 155, 50], dtype=torch.uint8).repeat_interleave(3)
    assert torch.equal(data.test_images, expected[:, None, None].expand(2, 9, 32, 32))
    assert len(data.train_labels) == 3 and len(data.test_labels) == 2


def test_in_every_style_is_each_style_after_the_other():
    model, x = stirred(small().build(), by=0.01).double(), torch.rand(2, 3, 64, 72).double()
    with torch.no_grad():
        expected = torch.cat([model[name](x) for name in ("halved", "inverted", "photo")])
        close(in_every_style(model, x, ("halved", "inverted", "photo")), expected)


# Data


def test_the_data_are_views_of_the_photos_and_what_the_teachers_made_of_them(folder):
    data = small(views=3).dataset(str(folder))
    assert data.train_images.shape == (33, 9, 64, 64) and data.test_images.shape == (1, 9, 64, 64)
    for images in data[0], data[2]:
        x, inverted, halved = images.split(3, 1)
        assert torch.equal(inverted, 255 - x)
        assert torch.equal(halved, (x.double() / 2).round().byte())
    again = small(views=3).dataset(str(folder))
    assert torch.equal(again.train_images, data.train_images)


def test_it_is_evaluated_on_the_middle_squares(folder):
    recipe = small(views=3)
    data, whole = recipe.dataset(str(folder)), recipe.evaluation_dataset(str(folder))
    assert torch.equal(whole.train_images, data.train_images[:11])  # the first view of each photo
    assert torch.equal(whole.test_images, data.test_images)
    middles = [Image.open(file).crop((8, 0, 88, 80)).resize((64, 64)) for file in folder.glob("photos/*")]
    middles = torch.stack([torch.from_numpy(np.array(m)).permute(2, 0, 1) for m in middles]).double()
    for picture in torch.cat([whole.train_images, whole.test_images])[:, :3].double():
        assert (middles - picture).abs().mean((1, 2, 3)).min() < 3  # resized twice, by other filters


def test_one_photo_can_be_fitted_instead_of_a_folder(folder):
    file = folder / "photos" / "03.png"
    data = small(photo=str(file), views=4).dataset(str(folder))
    assert data.train_images.shape == (4, 9, 64, 64) and data.test_images.shape == (1, 9, 64, 64)
    assert torch.equal(data.train_images[0], data.test_images[0])
    whole = torch.tensor(read_image(file, 64)).double()
    assert (data.test_images[0, :3].double() - whole).abs().mean() < 3
    with pytest.raises(DataError, match=r"none\.png cannot be read"):
        small(photo=str(folder / "none.png")).dataset(str(folder))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: None, "pass --data with the folder"),
        (lambda folder: str(folder / "photos"), "photos.photos does not exist"),
        (lambda folder: [f.unlink() for f in folder.glob("photos/1*")] and str(folder), None),
        (
            lambda folder: [f.unlink() for f in folder.glob("photos/0[3-9]*")] and str(folder),
            "needs 10 photos, .* holds 5; add some",
        ),
        (
            lambda folder: (folder / "teachers" / "halved.onnx").unlink() or str(folder),
            "halved.onnx does not",
        ),
        (
            lambda folder: halving(folder / "teachers" / "halved.onnx", shape=(1, 3, 96, 96)) and str(folder),
            r"halved.onnx cannot paint 1×3×64×64",
        ),
    ],
    ids=["no folder", "no photos", "10 photos", "5 photos", "no teacher", "teachers of two sizes"],
)
def test_data_that_do_not_suffice_are_refused_in_one_sentence(spoil, words, folder):
    path = spoil(folder)
    if words is None:
        assert len(small().dataset(path).test_images) == 1
        return
    with pytest.raises(DataError, match=words) as refusal:
        small().dataset(path)
    assert "\n" not in str(refusal.value)


# Recipe


def test_an_untrained_model_has_a_style_per_teacher_and_each_is_the_photo():
    model, x = small().build(), torch.rand(1, 3, 64, 64)
    assert model.names == ("inverted", "halved")
    for name in model.names:
        close(model[name](x), x, rtol=0, atol=1e-5)
    close(small().build().g(x), model.g(x), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kept": ("other",)}, "kept styles need operators_only"),
        ({"kept": ("halved",), "operators_only": True}, "must not have a teacher"),
        ({"views": 0}, "views must be at least 1"),
        ({"crop": 32}, "crop a multiple of 32 from 64 on, got 1 and 32"),
        ({"crop": 100}, "crop a multiple of 32"),
        ({"crop": 72}, "crop a multiple of 32"),
        ({"window": 16}, "window must be a multiple of 4 from 32 on that divides crop, got 16"),
        ({"window": 48}, "window must be a multiple of 4"),
        ({"teacher": ("halved",)}, "teacher must be name=path"),
        ({"steps": 0}, "steps must be above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        small(**changes)


def test_before_training_every_latent_channel_has_the_mean_offset_and_variance_1():
    recipe = small(offset=0.7)
    model, x = recipe.build(), torch.rand(5, 9, 64, 96)
    recipe.prepare(model, x, torch.zeros(5))
    g = photo_flow((3, 64, 96), 1, 4, 1, recipe.bound)
    g.load_state_dict(model.g.state_dict())
    z = g(x[:, :3]).unflatten(1, (192, -1)).transpose(0, 1).flatten(1)
    close(z.mean(1), torch.full((192,), 0.7), rtol=0, atol=1e-4)
    close(z.var(1, correction=0), torch.ones(192), rtol=1e-3, atol=0)


@pytest.mark.parametrize("done", [0.29, 0.3])
def test_the_loss_is_the_weighted_sum_of_its_terms_and_texture_comes_later(done):
    recipe = small(mixed_precision=False, texture_weight=0.7, lattice_weight=5.0)
    model, images = stirred(recipe.build(), by=0.01), torch.rand(2, 9, 64, 64)
    terms = recipe.loss(model, None, Batch(images, None, torch.Generator(), done))
    made = torch.cat([model[name](images[:, :3]) for name in ("inverted", "halved")])
    targets = torch.cat([images[:, 3:6], images[:, 6:]])
    expected = {
        "l1": (made - targets).abs().mean(),
        "mse": (made - targets).square().mean(),
        "lattice": lattice(made - targets, 8),
    }
    loss = expected["l1"] + 2 * expected["mse"] + 5 * expected["lattice"]
    if done >= 0.3:
        bank = FilterBank()
        expected["texture"] = texture_distance(bank(made), bank(targets)).mean()
        loss = loss + 0.7 * expected["texture"]
    assert set(terms) == {"loss", *expected}
    for name, value in (expected | {"loss": loss}).items():
        close(terms[name], value, rtol=1e-3, atol=1e-5)
    assert set(small(texture_weight=0.0).loss(model, None, Batch(images, None, torch.Generator(), 0.9))) == {
        "loss",
        "l1",
        "mse",
        "lattice",
    }


def test_windows_the_grid_and_pairs_have_terms_of_their_own_where_they_have_a_weight():
    weights = {"texture_weight": 0.7, "local_weight": 0.4, "contrast_weight": 0.3, "grid_weight": 0.2}
    recipe = small(mixed_precision=False, composed=True, texture_from=0.0, lattice_weight=0.0, **weights)
    model, images = stirred(recipe.build(), by=0.01), torch.rand(2, 12, 64, 64)
    terms = recipe.loss(model, None, Batch(images, torch.tensor([1, 2]), torch.Generator(), 0.0))
    styles, x = [model[name] for name in ("inverted", "halved")], images[:, :3]
    pairs = [(styles[1] @ styles[0])(x[:1]), (styles[0] @ styles[1])(x[1:])]  # 1 is 0 then 1, 2 is 1 then 0
    made = torch.cat([*(f(x) for f in styles), *pairs])
    targets = torch.cat(images[:, 3:].split(3, 1))
    bank = FilterBank()
    close(terms["l1"], (made - targets).abs().mean(), rtol=1e-3, atol=1e-5)
    close(terms["local"], texture_distance(bank(made, 2), bank(targets, 2)).mean(), rtol=1e-3, atol=1e-5)
    windows = [
        p.unfold(2, 32, 32).unfold(3, 32, 32).permute(0, 2, 3, 1, 4, 5).flatten(0, 2) for p in (made, targets)
    ]
    grids = excess_grid(*windows) + excess_grid(*windows, period=8, around=1)
    close(terms["grid"], grids, rtol=1e-2, atol=1e-3)
    expected = terms["l1"] + 2 * terms["mse"] + 0.7 * terms["texture"] + 0.4 * terms["local"]
    expected = expected + 0.3 * contrast_error(made, targets, 32) + 0.2 * terms["grid"]
    close(terms["loss"], expected, rtol=1e-3, atol=1e-4)


def test_a_pair_of_teachers_paints_one_after_the_other(folder):
    data = small(composed=True, views=3).dataset(str(folder))
    assert data.train_images.shape == (33, 12, 64, 64) and data.test_images.shape[1] == 9
    assert set(data.train_labels.tolist()) == {0, 1, 2, 3}
    teach = (lambda p: 255 - p, lambda p: (p.double() / 2).round().byte())
    for picture, pair in zip(data.train_images, data.train_labels.tolist()):
        assert torch.equal(picture[9:], teach[pair % 2](teach[pair // 2](picture[:3])))


def test_the_error_of_contrast_is_the_same_for_half_and_for_double_window_by_window():
    x = torch.rand(2, 3, 64, 64)
    close(contrast_error(x, x, 32), torch.tensor(0.0), rtol=0, atol=0)
    for factor in (0.5, 2.0):
        found = contrast_error(0.3 + factor * x, x, 32)  # brightness is no contrast
        assert abs(found - np.log(2)) < 0.01
    one = x.clone()
    one[0, :, :32, 32:] *= 0.25  # one window of eight
    assert abs(contrast_error(one, x, 32) - np.log(4) / 8) < 0.01
    flat = torch.full_like(x, 0.5).requires_grad_()
    contrast_error(flat, x, 32).backward()
    assert flat.grad.isfinite().all()


def test_specks_cannot_pay_for_strokes_once_contrast_is_told_apart_by_octaves():
    """As much σ in single pixels as the teacher has in stripes of 8: the same contrast in all, another one in each band."""
    stripes = (torch.arange(64) % 16 < 8).double().expand(1, 3, 64, 64)
    specks = stripes[..., torch.randperm(64)]
    specks = (specks - specks.mean()) / specks.std() * stripes.std() + 0.5
    assert contrast_error(specks, stripes, 64) < 0.01
    assert contrast_error(specks, stripes, 64, octaves=4) > 0.3
    whole = bands(stripes, 4)
    close(sum(whole), stripes, rtol=0, atol=1e-12)
    widths = [3, 5, 9]  # by hand, in the middle: each band is what a mean over so many pixels more takes away
    left = stripes[0, 0, 32].numpy()
    for band, width in zip(whole, widths):
        smooth = np.convolve(left, np.ones(width) / width, "same")
        close(band[0, 0, 32, 20:44], torch.from_numpy((left - smooth)[20:44]), rtol=0, atol=1e-12)
        left = smooth
    with pytest.raises(ValueError, match="octaves must be from 1 to 5, got 6"):
        small(octaves=6)


def test_the_grid_costs_nothing_where_the_teacher_has_more_of_it():
    plain = torch.rand(2, 3, 64, 64)
    bound = plain + 0.2 * (torch.arange(64) % 4 == 0)
    one, other = (excess_grid(bound[k : k + 1], plain[k : k + 1]) for k in range(2))
    assert one > 0.2 and other > 0.2 and excess_grid(plain, bound) == 0
    close(excess_grid(bound, plain), (one + other) / 2)
    mixed = excess_grid(torch.cat([bound[:1], plain[1:]]), torch.cat([plain[:1], bound[1:]]))
    close(mixed, one / 2)  # what one picture has too much, another does not make good


def snapshot(model):
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def test_three_steps_change_g_and_every_operator_and_are_reported(tmp_path):
    seen, models = [], []
    recipe = small(texture_from=0.5, evaluate_every=3, learning_rate=1e-2)
    model = train(
        recipe,
        pictures(),
        tmp_path,
        progress=lambda step, figures: seen.append(figures),
        watch=lambda step, model: models.append(snapshot(model)) or True,
    )
    assert ["texture" in figures for figures in seen] == [False, False, True]
    assert all({"loss", "l1", "mse", "lattice", "gradient"} <= figures.keys() for figures in seen)
    changed = {name for name, tensor in models[-1].items() if not torch.equal(tensor, models[0][name])}
    assert {"operators.inverted.generator", "operators.halved.generator"} <= changed
    assert {name.split(".")[2] for name in changed if name.startswith("g.")} == {"2", "3", "4", "6"}
    assert not model.training
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert {"psnr_inverted", "psnr_halved", "texture_inverted", "texture_halved"} <= line.keys()
    assert (tmp_path / "sheet-000003.png").stat().st_size > 0


def test_the_report_is_the_mean_likeness_to_each_teacher():
    recipe, data = small(), pictures()
    figures = recipe.report(recipe.build(), data)  # untrained, every style is the photo
    x, inverted, halved = (data.test_images.double() / 255).split(3, 1)
    for name, target in (("inverted", inverted), ("halved", halved)):
        assert abs(figures[f"psnr_{name}"] + 10 * (x - target).square().mean().log10()) < 1e-2
    assert recipe.sheet(recipe.build(), data).shape == (4, 3, 3, 64, 64)


def trained(tmp_path):
    """A run of two styles, and beside it the model that was saved from it."""
    recipe = small(learning_rate=1e-2)
    model = train(recipe, pictures(), tmp_path / "run")
    checkpoints.save(tmp_path / "saved", recipe, model)
    return recipe, snapshot(model)


@pytest.mark.parametrize("source", ["run", "saved"])
def test_a_style_is_added_by_its_operator_alone(tmp_path, source):
    _, before = trained(tmp_path)
    recipe = small(
        teacher=("new=new.onnx",), kept=("inverted", "halved"), operators_only=True, learning_rate=1e-2
    )
    model = train(recipe, pictures(styles=1), tmp_path / "added", start_from=tmp_path / source)
    after = snapshot(model)
    assert set(after) - set(before) == {"operators.new.generator"}
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor), f"{name} was changed"
    assert model.names == ("inverted", "halved", "new")
    assert after["operators.new.generator"].abs().max() > 1e-3
    checkpoints.save(tmp_path / "added", recipe, model)
    assert checkpoints.load(tmp_path / "added").names == model.names


def test_a_style_that_is_learned_again_begins_where_it_was(tmp_path):
    _, before = trained(tmp_path)
    recipe = small(learning_rate=1e-9, operators_only=True)
    after = snapshot(train(recipe, pictures(), tmp_path / "again", start_from=tmp_path / "saved"))
    for name, tensor in before.items():
        close(after[name], tensor, rtol=0, atol=1e-6)


def test_other_models_are_refused_as_a_start(tmp_path):
    trained(tmp_path)
    refusals = [
        (small(hidden=5), "of another shape is model.g.networks.4"),
        (small(teacher=("new=n.onnx",)), "holds another model: it lacks model.operators.new"),
        (small(teacher=("inverted=i.onnx",)), "unknown here is model.operators.halved"),
        (small(teacher=("new=n.onnx",), operators_only=True), "unknown here is model.operators"),
        (DigitsClassifier(steps=1), "holds another model: it lacks"),
    ]
    for recipe, words in refusals:
        for source in ("run", "saved"):
            with pytest.raises(ValueError, match=words) as refusal:
                train(recipe, pictures(), tmp_path / "new", start_from=tmp_path / source)
            assert "\n" not in str(refusal.value)
    with pytest.raises(ValueError, match="no training state at"):
        train(small(), pictures(), tmp_path / "new", start_from=tmp_path / "nowhere")


def test_training_that_is_watched_ends_when_told_and_is_finished(tmp_path):
    finished, steps = [], []

    class Noted(PhotoStyles):
        def finish(self, model, images, labels):
            super().finish(model, images, labels)
            finished.append(len(steps))

    recipe = Noted(**(SMALL | {"teacher": TEACHERS, "steps": 50}))
    watched = []

    def watch(step, model):
        watched.append((step, model.training))
        return step < 2

    model = train(recipe, pictures(), tmp_path, progress=lambda step, _: steps.append(step), watch=watch)
    assert steps == [1, 2] and watched == [(1, True), (2, True)] and finished == [2]
    assert not model.training and model["halved"](torch.rand(1, 3, 65, 70)).shape == (1, 3, 65, 70)
    train(recipe, pictures(), tmp_path, resume=True, progress=lambda step, _: steps.append(step), watch=watch)
    assert steps == [1, 2, 3]  # it goes on where it was ended


def test_a_run_that_is_resumed_ends_with_the_same_weights(tmp_path):
    recipe, data = small(texture_from=0.5), pictures()
    whole = snapshot(train(recipe, data, tmp_path / "whole"))
    train(recipe, data, tmp_path / "cut", watch=lambda step, model: False)
    resumed = snapshot(train(recipe, data, tmp_path / "cut", resume=True))
    for name, tensor in whole.items():
        close(resumed[name], tensor, rtol=0, atol=1e-6)


# Evaluation


def test_the_best_filters_find_the_filter_that_a_teacher_is():
    """Red takes green from the pixel above to the left, and so on, all inverted: one −1 and a constant per colour."""
    x = np.random.default_rng(0).integers(0, 256, (3, 3, 24, 20), dtype=np.uint8)
    around = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], mode="reflect")
    target = 255 - around[:, [1, 2, 0], :-2, :-2]
    images = torch.from_numpy(np.concatenate([x, target, x], 1))
    found, plain = best_filters(images, 3)
    expected = torch.zeros(28, 3)
    for colour in range(3):
        expected[9 * ((colour + 1) % 3), colour], expected[27, colour] = -1, 1
    close(found, expected, rtol=0, atol=1e-3)
    made = apply_filter(found, images[:, :3] / 255)
    assert torch.equal((255 * made).round().byte(), images[:, 3:6])
    kernel = torch.zeros(28, 3)
    kernel[[4, 13, 22], [0, 1, 2]] = 1
    close(plain, kernel, rtol=0, atol=1e-3)


def test_the_best_filters_are_least_squares_over_all_windows_of_all_pictures():
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (3, 6, 9, 10), dtype=np.uint8)
    rows, wanted = [], []
    for image in images / 255:
        around = np.pad(image[:3], [(0, 0), (2, 2), (2, 2)], mode="reflect")
        for y, x in np.ndindex(9, 10):
            rows.append(np.append(around[:, y : y + 5, x : x + 5].ravel(), 1))
            wanted.append(image[3:, y, x])
    expected = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    (weights,) = best_filters(torch.from_numpy(images), 5)
    made = apply_filter(weights, torch.from_numpy(images[:, :3]) / 255).double()
    residual = np.square(made.permute(0, 2, 3, 1).reshape(-1, 3).numpy() - wanted).mean()
    best = np.square(np.array(rows) @ expected - wanted).mean()
    assert best - 1e-9 < residual < 1.001 * best  # a touch of ridge, nothing more


def mean_psnr(x, y):
    return np.mean([-10 * np.log10(np.square(a - b).mean()) for a, b in zip(x, y)])


def test_evaluation_compares_each_style_with_its_teacher_and_with_the_filter(monkeypatch):
    monkeypatch.setattr(evaluation, "cost", lambda model, seed: [])
    recipe = small(kept=("kept",), operators_only=True)
    model, data = stirred(recipe.build(), by=0.003), pictures(count=12)
    painters = [lambda pictures: 255 - pictures, lambda pictures: pictures // 2]
    figures = {figure.name: figure for figure in evaluate_styles(model, data, teachers=painters)}
    x, *targets = (data.test_images.double() / 255).split(3, 1)
    gains = []
    for name, target in zip(("inverted", "halved"), targets):
        with torch.no_grad():
            ours = model[name](x.float()).clamp(0, 1).double()
        own = mean_psnr(ours.numpy(), target.numpy())
        assert abs(figures[f"PSNR, {name}"].value - own) < 1e-3
        filtered = float(figures[f"PSNR, {name}"].mark.split()[1])
        assert filtered > 40  # both teachers are filters, up to the rounding of bytes
        gains.append(own - filtered)
        assert figures[f"texture, {name}"].value > 1 and figures[f"SSIM, {name}"].value < 1
    assert "PSNR, kept" not in figures  # it has no teacher here
    psnr = []
    for first, seen in zip(("inverted", "halved"), targets):
        for then, painter in zip(("inverted", "halved"), painters):
            with torch.no_grad():
                ours = model[then](model[first](x.float())).clamp(0, 1)
            psnr.append(mean_psnr(ours.numpy(), (painter((255 * seen).round().byte()) / 255).numpy()))
    assert abs(figures["PSNR, A₂A₁, mean"].value - np.mean(psnr)) < 1e-2
    assert abs(figures["PSNR above a 9×9 filter, mean"].value - np.mean(gains)) < 0.01 and max(gains) < 0
    laws = [name for name in figures if "f" in name and "=" in name]
    assert len(laws) == 4 and all(figures[name].value < 1e-3 for name in laws)


def test_a_style_that_no_filter_can_be_beats_the_filter(monkeypatch):
    """A teacher that paints with the picture's own contrast: the model that made it must win by far."""
    monkeypatch.setattr(evaluation, "cost", lambda model, seed: [])
    model = stirred(small(teacher=("own=o.onnx",)).build(), by=0.02)
    x = torch.randint(256, (12, 3, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        made = model["own"](x / 255).clamp(0, 1).mul(255).round().byte()
    data = Dataset(
        *[torch.cat([x, made], 1)[part] for part in (slice(2, 12), slice(2, 12), slice(0, 2), slice(0, 2))]
    )
    figures = {figure.name: figure.value for figure in evaluate_styles(model, data)}
    assert figures["PSNR, own"] > 50 and figures["PSNR above a 9×9 filter, mean"] > 5
    assert figures["texture, own"] < 0.2 and figures["SSIM, own"] > 0.99


# Command line


def test_the_command_line_trains_adds_a_style_and_evaluates(folder, capsys):
    common = ["--data", str(folder), "--device", "cpu", "--steps", "2", "--batch", "2", "--views", "1"]
    common += ["--crop", "64", "--depth", "1", "--hidden", "4", "--blocks", "1", "--evaluate-every", "2"]
    first, second = folder / "first", folder / "second"
    assert main(["train", "styles", "--teacher", TEACHERS[0], "--out", str(first), *common]) == 0
    config = json.loads((first / "config.json").read_text())
    assert config["arguments"]["teacher"] == [TEACHERS[0]] and config["recipe"] == "styles"
    assert {"psnr_inverted", "texture_inverted"} <= config["figures"].keys()
    add = ["--teacher", TEACHERS[1], "--kept", "inverted", "--operators-only", "--start-from", str(first)]
    assert main(["train", "styles", *add, "--out", str(second), *common]) == 0
    model, former = checkpoints.load(second), checkpoints.load(first)
    assert model.names == ("inverted", "halved")
    x = torch.rand(1, 3, 70, 90)
    close(model["inverted"](x), former["inverted"](x), rtol=0, atol=0)
    capsys.readouterr()
    assert main(["evaluate", str(second), "--data", str(folder), "--device", "cpu", "--json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert {"PSNR, halved", "texture, mean", "1024×768 photo", "weights"} <= set(names)
    assert "PSNR, inverted" not in names
    wider = [*common, "--hidden", "8", "--out", str(folder / "third")]
    for wrong, words in [
        (["--teacher", "no-file"], "teacher must be name=path"),
        (["--teacher", "half=x.onnx"], "x.onnx does not exist"),
        (["--teacher", TEACHERS[0], "--start-from", str(first)], "holds another model"),
    ]:
        assert main(["train", "styles", *wrong, *wider]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: ") and words in error


def test_every_field_of_the_recipe_is_kept_in_a_config(tmp_path):
    recipe = small(kept=("a", "b"), operators_only=True, photo="p.png", texture_from=0.5, pixel_top=1.0)
    checkpoints.save(tmp_path, recipe, recipe.build())
    read = checkpoints.read_config(tmp_path).recipe
    assert dataclasses.asdict(read) == dataclasses.asdict(recipe)
