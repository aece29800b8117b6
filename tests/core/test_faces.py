"""`faces`: leading axes, lifts that fill in the rest, ages, closed forms, and photographs read from a zip."""

import copy
import dataclasses
import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from linearizer_core import checkpoints
from linearizer_core.data.face_photos import face_photos
from linearizer_core.data.images import shifted
from linearizer_core.data.sets import DataError, Dataset
from linearizer_core.linearizer import Linearizer
from linearizer_core.measures.faces import ages, by_rank
from linearizer_core.methods.leading import age_by_least_squares, leading_frequencies, moments
from linearizer_core.models.aged import AgedGenerator
from linearizer_core.networks import Chain, Flatten, Log
from linearizer_core.networks.frequencies import BlockReflector, CosineTransform, Rescale, cosines
from linearizer_core.networks.lifting import Lift, OnLeading, PictureConditioner, Refiner
from linearizer_core.operators import Identity
from linearizer_core.pca import LatentPCA
from linearizer_core.recipes import RECIPES
from linearizer_core.recipes.base import Batch
from linearizer_core.recipes.faces import Faces
from linearizer_core.training import train
from tests.catalogue import SMALL_FACES, stirred

TINY = SMALL_FACES | {"batch": 8, "age_axes": 12}


def blobs(count, seed=0):
    """Colour pictures 3×64×64 of few causes, as bytes, and a number that two of the causes tell."""
    generator = torch.Generator().manual_seed(seed)
    causes = torch.randn(count, 6, generator=generator, dtype=torch.float32)
    shapes = torch.rand(6, 3, 4, 4, generator=torch.Generator().manual_seed(9), dtype=torch.float32)
    x = 0.5 + 0.06 * torch.einsum("bk,kchw->bchw", causes, shapes - 0.5)
    x = torch.nn.functional.interpolate(x, scale_factor=16, mode="bilinear")
    ages = (40 + 10 * causes[:, 0] - 5 * causes[:, 1]).round().long().clamp(1, 99)
    return (255 * x).round().clamp(0, 255).to(torch.uint8), ages


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    images, ages = blobs(80)
    data = Dataset(images[:60], ages[:60], images[60:], ages[60:])
    out = tmp_path_factory.mktemp("faces")
    recipe = Faces(steps=3, evaluate_every=3, **TINY)
    return recipe, train(recipe, data, out), data, out


@pytest.fixture(autouse=True)
def single_precision():
    torch.set_default_dtype(torch.float32)
    yield
    torch.set_default_dtype(torch.float64)


def test_the_cosine_transform_is_orthonormal_and_goes_from_coarse_to_fine():
    M = cosines(8)
    torch.testing.assert_close(M @ M.mT, torch.eye(8, dtype=torch.float64))
    g = CosineTransform((3, 8, 8)).double()
    x = torch.rand(2, 3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(g(x).square().sum(1), x.square().flatten(1).sum(1))
    smooth = torch.linspace(0, 1, 8, dtype=torch.float64).expand(3, 8, 8)
    energy = g(smooth).square()
    assert energy[:20].sum() > 0.99 * energy.sum()


def test_moving_to_float64_restores_orthonormality():
    g = CosineTransform((3, 16, 16)).double()
    x = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(g.inverse(g(x)), x, rtol=0, atol=1e-13)


@pytest.mark.parametrize("shape", [(2, 4, 4), (3, 4), (4,)])
def test_a_cosine_transform_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="CosineTransform: in_shape must be"):
        CosineTransform(shape)


@pytest.mark.parametrize(("n", "m", "r"), [(7, 5, 2), (6, 6, 3), (5, 5, 5)])
def test_a_block_reflector_is_orthogonal_whatever_its_parameters(n, m, r):
    g = stirred(BlockReflector(n, m, r).double(), by=0.5)
    U = g(torch.eye(n, dtype=torch.float64))
    torch.testing.assert_close(U @ U.mT, torch.eye(n, dtype=torch.float64))
    torch.testing.assert_close(U[m:, m:], torch.eye(n - m, dtype=torch.float64))


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_a_block_reflector_takes_given_directions_to_the_leading_axes(turn):
    Q = turn * torch.linalg.qr(torch.randn(9, 4, dtype=torch.float64)).Q
    g = BlockReflector(12, 9, 4).double()
    g.set_(Q)
    v = torch.randn(5, 12, dtype=torch.float64)
    torch.testing.assert_close(g(v)[:, :4].abs(), (v[:, :9] @ Q).abs())
    assert torch.linalg.cond(g._core()) < 100


def test_directions_along_the_axes_are_well_conditioned_too():
    g = BlockReflector(6, 5, 3).double()
    g.set_(torch.eye(5, 3, dtype=torch.float64))
    assert torch.linalg.cond(g._core()) < 10


def test_wrong_sizes_of_layers_are_refused():
    with pytest.raises(ValueError, match="1 ≤ r ≤ m ≤ n"):
        BlockReflector(4, 5, 2)
    with pytest.raises(ValueError, match="directions must be"):
        BlockReflector(4, 3, 2).set_(torch.eye(4, 2))
    with pytest.raises(ValueError, match="kept and moved"):
        Lift(4, 2, 3, torch.nn.Identity())
    with pytest.raises(ValueError, match="at most 2 axes"):
        OnLeading(Log(3), 2)


def test_zeros_behind_the_kept_axes_decode_to_what_these_tell():
    g = Lift(3, 1, 2, torch.nn.Linear(1, 2))
    x = g.inverse(torch.tensor([[2.0, 0.0, 0.0]]))
    torch.testing.assert_close(x[:, 1:], g.conditioner(torch.tensor([[2.0]])))


def test_leading_frequencies_are_the_principal_axes_of_pictures_and_their_mirror_images():
    x = torch.rand(40, 1, 4, 4)
    g = CosineTransform((1, 4, 4))
    mean, axes = leading_frequencies(g, x, 16, 3)
    z = g(torch.cat([x, x.flip(3)]))
    torch.testing.assert_close(mean, z.mean(0), atol=1e-5, rtol=0)
    pca = LatentPCA(3).fit_latents(z)
    torch.testing.assert_close((axes.mT @ pca.components.mT).abs(), torch.eye(3), atol=1e-3, rtol=0)


def test_moments_agree_with_the_whole_matrix_and_follow_the_scale():
    z = torch.randn(700, 5) @ torch.randn(5, 5)
    y = z @ torch.randn(5) + 3
    found = moments(Flatten((5,)), z, y, leading=2)
    torch.testing.assert_close(found.std, z.std(0, correction=0), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        found.leading.float(), torch.cov(z[:, :2].mT, correction=0), atol=1e-3, rtol=1e-3
    )
    slope = ((z - z.mean(0)) * (y - y.mean())[:, None]).mean(0) / y.var(correction=0)
    torch.testing.assert_close(found.with_label, slope, atol=1e-4, rtol=1e-4)
    factors = torch.tensor([2.0, 3.0, 1.0, 1.0, 5.0])
    again = moments(Flatten((5,)), z * factors, y, leading=2)
    moved = found.rescaled(factors)
    for name in ("mean", "std", "with_label", "leading"):
        torch.testing.assert_close(getattr(moved, name), getattr(again, name), atol=1e-3, rtol=1e-3)


def test_least_squares_reads_a_linear_number_exactly_and_a_ridge_shrinks_it():
    z = torch.randn(300, 4)
    y = z @ torch.tensor([1.0, -2.0, 0.0, 0.5]) + 30
    found = moments(Flatten((4,)), z, y)
    weights, offset = age_by_least_squares(found, 4, 0.0)
    torch.testing.assert_close(z @ weights + offset, y, atol=1e-2, rtol=0)
    shrunk, _ = age_by_least_squares(found, 4, 300.0)
    assert shrunk.norm() < 0.6 * weights.norm()


def test_years_are_added_in_the_induced_space_and_read_back():
    f = AgedGenerator(Log(2), Identity(2), torch.zeros(1, 2), torch.zeros(2))
    f.older.copy_(torch.tensor([0.1, 0.0]))
    f.age_weights.copy_(torch.tensor([10.0, 0.0]))
    f.age_offset.fill_(5.0)
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    torch.testing.assert_close(f.age(f.aged(x, 20.0)), f.age(x) + 20)
    older = f.domain.add(x, f.domain.scale(20.0, f.g_x.inverse(f.older)[None].expand(2, 2)))
    torch.testing.assert_close(f.aged(x, 20.0), older)
    torch.testing.assert_close(f.aged(x, torch.tensor([0.0, 20.0]))[0], x[0])
    torch.testing.assert_close(f.aged(x[0], 20), f.aged(x, [20])[0])


@pytest.mark.parametrize(
    ("years", "message"),
    [
        ([1.0, 2.0, 3.0], r"years must be finite.*one per point, \(2,\), got shape \(3,\)"),
        (float("nan"), "years must be finite.*got NaN or infinity"),
        ([1.0, float("inf")], "years must be finite.*got NaN or infinity"),
        ("old", "years must be a real number"),
    ],
)
def test_years_that_are_none_are_refused(years, message):
    f = AgedGenerator(Log(2), Identity(2), torch.zeros(1, 2), torch.zeros(2))
    with pytest.raises(ValueError, match=message):
        f.aged(torch.ones(2, 2), years)


def test_far_from_faces_the_guess_of_fine_axes_goes_on_as_a_constant():
    shape = (3, 8, 8)
    network = Refiner(shape, width=4, blocks=1, patch=4)
    torch.nn.init.normal_(network.leave.weight)
    told = PictureConditioner(CosineTransform(shape), 4, 9, network)
    near = 0.5 * torch.randn(5, 4)
    middle = CosineTransform(shape).inverse(torch.nn.functional.pad(near, (0, 188)))
    assert middle.abs().max() < 1.5
    expected = CosineTransform(shape)(0.1 * network(4 * middle))[:, 4:13]
    torch.testing.assert_close(told(near), expected)
    torch.testing.assert_close(told(1e4 * near), told(1e6 * near))


def test_training_keeps_the_pixels_of_wild_latents_in_sight(trained):
    recipe, model, _, _ = trained
    model = copy.deepcopy(model)
    generator = torch.Generator()
    calm = recipe._beyond_sight(model, 64, generator.manual_seed(0))
    model.log_std.data += 4  # latents as wild as no face's
    wild = recipe._beyond_sight(model, 64, generator.manual_seed(0))
    assert calm == 0 < wild
    wild.backward()
    lead = next(layer for layer in model.g_x.networks if isinstance(layer, OnLeading))
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in lead.parameters())
    assert model.log_std.grad is None, "faces alone say how far they deviate"


def test_ages_are_learned_from_moved_faces_and_terms_without_weight_are_not_worked_out(trained):
    recipe, model, data, _ = trained
    reading = recipe.companion()
    reading.line.weight.data.normal_(generator=torch.Generator().manual_seed(0))
    images, ages = data.train_images[:1].float() / 255, data.train_labels[:1]

    def losses(seed, **changed):
        generator = torch.Generator().manual_seed(seed)
        return dataclasses.replace(recipe, **changed).loss(
            model, reading, Batch(images, ages, generator, 0.0)
        )

    edged = np.pad(images[0].numpy(), ((0, 0), (2, 2), (2, 2)), mode="edge")
    moved = [edged[:, down : down + 64, right : right + 64] for down in range(5) for right in range(5)]
    moved = torch.as_tensor(np.stack([*moved, *(face[:, :, ::-1] for face in moved)]))
    units = (recipe._leading(model, moved)[0] - model.means[:, :8]) / model.log_std[:8].exp()
    expected = ((reading.line(units)[:, 0] - (ages - 35) / 20) ** 2).detach()
    found = torch.stack([losses(seed)["age"] for seed in range(12)]).detach()
    torch.testing.assert_close((found[:, None] - expected).abs().min(1).values, 0 * found, atol=1e-4, rtol=0)
    assert len(found.unique()) > 4
    assert losses(0, age_weight=0.0, calm_weight=0.0).keys() == {"loss", "mse", "nll"}


def test_a_year_in_training_is_seen_by_the_reader_of_pictures_and_teaches_g_alone(trained):
    recipe, model, data, _ = trained
    model, readers = copy.deepcopy(model), recipe.companion()
    readers.line.weight.data.normal_(generator=torch.Generator().manual_seed(0))
    x = data.train_images[:3].float() / 255
    loss = recipe._year_loss(model, readers, x, torch.Generator().manual_seed(5))
    loss.backward()
    assert readers.training and all(p.grad is None for p in readers.parameters())
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in model.g_x.parameters())

    draws = torch.Generator().manual_seed(5)
    means, std, weights = (
        part.detach() for part in (model.means[0, :8], model.log_std[:8].exp(), readers.line.weight[0])
    )
    z = torch.zeros(6, 12288)
    z[:3] = model.g_x(x).detach()
    z[3:, :8] = means + std * torch.randn(3, 8, generator=draws)
    before = torch.cat([x, model.g_x.inverse(z[3:]).detach().clamp(0, 1)])
    years = 60 * torch.rand(6, generator=draws) - 20
    z[:, :8] += years[:, None] / 20 * weights / (weights @ weights) * std
    after = shifted(model.g_x.inverse(z).detach(), 2, draws)
    judge = readers.picture.eval()

    def seen(pictures):
        grey = np.tensordot(pictures.numpy(), np.array([0.299, 0.587, 0.114]), ([1], [0]))[:, None]
        noisy = torch.as_tensor(grey).float() + 0.04 * torch.randn(grey.shape, generator=draws)
        return judge(noisy.repeat(1, 3, 1, 1)).detach()

    wanted = (seen(before) + years).clamp(1, 85)
    apart = (seen(after) - wanted).abs() / 20
    expected = torch.where(apart < 1, apart**2 / 2, apart - 0.5).mean()
    torch.testing.assert_close(loss.detach(), expected, atol=1e-4, rtol=1e-3)
    early, late = (
        recipe.loss(model, readers, Batch(x, data.train_labels[:3], torch.Generator().manual_seed(0), done))
        for done in (0.0, 0.5)
    )
    assert "year" not in early and "year" in late and "reader" in early


def test_composed_it_is_a_linearizer_like_any_other():
    f = AgedGenerator(Log(2), Identity(2), torch.zeros(1, 2), torch.zeros(2))
    assert type(f @ f) is type(f.T) is type(f.truncated(1)) is Linearizer


def test_an_untrained_g_truncates_as_pixel_pca_does():
    z = torch.zeros(60, 12288)
    z[:, :200] = torch.randn(60, 200) / torch.arange(1, 201)
    x = CosineTransform((3, 64, 64)).inverse(z)
    recipe = Faces(**TINY | {"frequencies": 200})
    model = recipe.build()
    recipe.prepare(model, x, torch.zeros(60, dtype=torch.long))
    pca = LatentPCA(4).fit(Flatten((3, 64, 64)), torch.cat([x, x.flip(3)]))
    centred = x.flatten(1) - pca.mean
    wanted = (pca.mean + centred @ pca.components.mT @ pca.components).reshape(x.shape)
    error = (recipe._truncated(model, x, 4) - wanted).abs().max()
    assert error < 1e-4


def test_a_short_training_gives_ordered_axes_and_a_generator(trained):
    recipe, model, data, _ = trained
    std = model.latent_std
    assert (
        model.means.shape == (1, 12288) and (std[:8].diff() <= 1e-6).all() and (std[8:].diff() <= 1e-6).all()
    )
    x = data.test_images[:4].float() / 255
    z = model.g_x(x)
    torch.testing.assert_close(model.g_x.inverse(z), x, atol=1e-4, rtol=0)
    torch.testing.assert_close(recipe._leading(model, x)[0], z[:, :8], atol=1e-4, rtol=1e-4)
    noise = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model.collapse(10)(noise), model.sample(noise, steps=10), atol=1e-4, rtol=0)
    assert model.sample(model.invert(x)).sub(x).abs().max() < 1e-2


def test_noise_of_0_becomes_the_mean_face_and_fine_axes_add_no_grain(trained):
    _, model, _, _ = trained
    middle = model.sample(torch.zeros(1, 3, 64, 64), label=0)
    torch.testing.assert_close(middle, model.prototype(0)[None], atol=0.01, rtol=0)
    assert (model.means[:, 8:] == 0).all()
    values = model.collapse().A.values
    assert values.min() > 2 * len(values) * torch.finfo(values.dtype).eps * values.max(), (
        "B⁺ cuts nothing off"
    )


def test_ages_are_read_from_the_latents_after_training(trained):
    _, model, data, _ = trained
    x, ages = data.test_images.float() / 255, data.test_labels.float()
    read = model.age(x)
    assert torch.corrcoef(torch.stack([read, ages]))[0, 1] > 0.9
    torch.testing.assert_close(model.age(model.aged(x, 10.0)), read + 10, atol=1e-2, rtol=0)
    z = model.g_x(data.train_images.float() / 255)
    unlikely = (model.older / z.std(0)).norm()  # of all steps that are read as a year this is the likeliest
    for _ in range(20):
        other = model.older + 0.3 * model.older.norm() * torch.randn_like(z[0]) * z.std(0) / z.std(0).norm()
        assert (other / (other @ model.age_weights) / z.std(0)).norm() > 0.98 * unlikely


def test_it_is_saved_loaded_and_resumed(trained, tmp_path):
    recipe, model, data, out = trained
    checkpoints.save(tmp_path, recipe, model)
    again = checkpoints.load(tmp_path)
    x = data.test_images[:2].float() / 255
    torch.testing.assert_close(again.g_x(x), model.g_x(x), rtol=0, atol=0)
    torch.testing.assert_close(again.age(x), model.age(x), rtol=0, atol=0)
    resumed = train(recipe, data, out, resume=True)
    torch.testing.assert_close(resumed.g_x(x), model.g_x(x), atol=1e-4, rtol=1e-4)


def test_figures_are_measured_on_faces_not_trained_on(trained):
    _, model, data, _ = trained
    x = data.test_images.float() / 255
    pca = LatentPCA(4).fit(Flatten((3, 64, 64)), data.train_images.float() / 255)
    rows = by_rank(model, pca, x)
    assert [row.name for row in rows] == ["rank 4, latent axes", "rank 4, pixel PCA"]
    assert 25 < rows[0].value < rows[1].value, "24 frequencies draw few causes well, pixels draw them better"
    figures = {figure.name: figure.value for figure in ages(model, data, pca, x, count=6)}
    assert figures["age, correlation, latents"] > 0.9
    assert figures["+30 years, least squares: median change in years"] > 5
    assert figures["+30 years, means by age: median change in years"] > 5


def test_all_of_it_fits_in_ten_megabytes():
    assert RECIPES["faces"] is Faces
    state = Faces().build().state_dict(keep_vars=True)
    unique = {id(t): t.numel() * t.element_size() for t in state.values()}
    assert sum(unique.values()) <= 10e6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 2000}, "1 ≤ rank ≤ frequencies"),
        ({"levels": (64,)}, "widths hold one number for each"),
        ({"levels": (64, 64)}, "levels must differ"),
        ({"levels": (64, 300)}, "levels must lie in 1..256, got 300"),
        ({"splits": (256,)}, "splits must lie in 1..255, got 256"),
        ({"patch": 5}, "patch must divide 64"),
        ({"hidden": 0}, "hidden must lie in 1..4096, got 0"),
        ({"widths": (64, 0)}, "widths must lie in 1..4096, got 0"),
        ({"whole_share": 1.5}, "whole_share must lie in 0..1, got 1.5"),
        ({"age_axes": 0}, "age_axes must lie in 1..12288, got 0"),
    ],
)
def test_impossible_settings_are_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=f"faces: .*{message}"):
        Faces(**settings)


def jpeg(size=64):
    file = io.BytesIO()
    Image.new("RGB", (size, size), (200, 10, 10)).save(file, "JPEG")
    return file.getvalue()


def zipped(folder, files):
    path = folder / "faces64.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_faces_are_read_from_a_zip_its_folder_or_unpacked(tmp_path):
    files = {"train/030_2.jpg": jpeg(), "train/004_1.jpg": jpeg(), "test/101_3.jpg": jpeg(), "read.me": b"x"}
    path = zipped(tmp_path, files)
    for place in (path, tmp_path):
        data = face_photos(place)
        assert data.train_images.shape == (2, 3, 64, 64) and data.train_images.dtype == torch.uint8
        assert (data.train_labels.tolist(), data.test_labels.tolist()) == ([4, 30], [101])
    red = data.test_images[0].float().mean((1, 2))
    assert red[0] > 180 and red[1] < 40
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    torch.testing.assert_close(face_photos(tmp_path / "unpacked").train_images, data.train_images)


def test_faces_have_their_ages_in_an_archive_whose_folders_end_in_backslashes(tmp_path):
    data = face_photos(zipped(tmp_path, {"train\\030_1.jpg": jpeg(), "test\\101_2.jpg": jpeg()}))
    assert (data.train_labels.tolist(), data.test_labels.tolist()) == ([30], [101])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train/030_1.jpg": jpeg()}, "holds no test/"),
        ({"train/030_1.jpg": jpeg(32), "test/1_2.jpg": jpeg()}, "030_1.jpg cannot be used .*32×32"),
        ({"train/030_1.jpg": b"no picture", "test/1_2.jpg": jpeg()}, "030_1.jpg cannot be used"),
    ],
)
def test_a_broken_archive_is_named_in_one_sentence(tmp_path, files, message):
    with pytest.raises(DataError, match=message):
        face_photos(zipped(tmp_path, files))


def test_no_path_a_wrong_path_and_no_zip_are_one_sentence_each(tmp_path):
    with pytest.raises(DataError, match="pass --data"):
        face_photos(None)
    with pytest.raises(DataError, match="does not exist"):
        face_photos(tmp_path / "nowhere.zip")
    (tmp_path / "faces64.zip").write_bytes(b"not a zip")
    with pytest.raises(DataError, match="cannot be read as a zip"):
        face_photos(tmp_path)


def test_a_chain_of_the_new_layers_is_exact_in_float64():
    g = Chain(CosineTransform((3, 4, 4)), BlockReflector(48, 20, 4), Rescale(torch.full((48,), 3.0))).double()
    x = torch.rand(3, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(g.inverse(g(x)), x, rtol=0, atol=1e-12)
