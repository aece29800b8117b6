"""Figures: what is plotted is what an independent route computes, files are whole and not blank."""

import io
import os
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA

from linearizer_core import checkpoints, drawn, plots
from linearizer_core.__main__ import main
from linearizer_core.data.dataset import Dataset
from linearizer_core.measures.pixels import pixel_pca
from linearizer_core.methods.flow_matching import flow, integrate, last_time
from linearizer_core.models.generator import Generator
from linearizer_core.models.projector import Projector
from linearizer_core.networks import image_flow
from linearizer_core.operators import Diagonal
from linearizer_core.recipes import RECIPES, PhotoStyles
from tests.catalogue import MODELS, stirred

PICTURES = {name: make for name, make in MODELS.items() if "images, " in name and "matvec" not in name}


def _colour_generator(classes=2):
    g = stirred(image_flow((3, 4, 4), steps=[2], hidden=[8]))
    return Generator(g, Diagonal(torch.linspace(2, 0.1, 48)), torch.randn(classes, 48), torch.zeros(48))


def pixels(figure):
    content = io.BytesIO()
    figure.savefig(content, dpi=40)
    return np.asarray(Image.open(content).convert("RGB"))


def assert_drawn(figure):
    found = pixels(figure)
    assert found.std() > 5 and len(np.unique(found.reshape(-1, 3), axis=0)) > 5


def shades(row):
    """Pictures (B, C, H, W) as the bytes of colours that a screen shows, (B, H, W, 3)."""
    x = row.detach().clamp(0, 1).expand(-1, 3, -1, -1)
    return (x * 255).round().byte().permute(0, 2, 3, 1).numpy()


def shown(axes, count, side):
    """The first pictures of a row of `plots.pictures`, as bytes (count, side, side, 3)."""
    sheet, step = np.asarray(axes.images[0].get_array()), side + max(1, side // 16)
    return np.stack([sheet[:, i * step : i * step + side, :3] for i in range(count)])


# --- what it is drawn with ------------------------------------------------------------------------------------
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_show_their_pixels_clipped_and_apart(channels):
    x = 1.5 * torch.rand(3, channels, 16, 16) - 0.2
    figure = plots.pictures({"x": x, "one": x[0]}, columns=["a"])
    first, second = figure.axes
    assert (shown(first, 3, 16) == shades(x)).all() and (shown(second, 1, 16) == shades(x[:1])).all()
    assert np.asarray(first.images[0].get_array())[:, 16, 3].max() == 0  # nothing between two pictures
    assert first.get_xlim() == second.get_xlim()  # one scale
    assert_drawn(figure)


@pytest.mark.parametrize("shape", [(4, 4), (2, 2, 4, 4), (0, 1, 4, 4), (1, 1, 1, 4, 4)])
def test_what_is_no_picture_is_refused_by_name(shape):
    with pytest.raises(ValueError, match=r"film must be pictures of shape .* reshape them"):
        plots.pictures({"film": torch.zeros(shape)})


def test_a_scatter_has_every_class_in_its_colour_with_its_symbol():
    z, labels = torch.randn(30, 2), torch.arange(30) % 3
    figure = plots.scatter({"z": z, "twice": 2 * z}, labels, ["a", "b", "c"])
    for axes, points in zip(figure.axes, (z, 2 * z)):
        for kind, drawn_points in enumerate(axes.collections):
            np.testing.assert_array_equal(drawn_points.get_offsets(), points[labels == kind].numpy())
    looks = {tuple(c.get_facecolor()[0]) for c in figure.axes[0].collections}
    marks = {c.get_paths()[0].vertices.tobytes() for c in figure.axes[0].collections}
    assert len(looks) == len(marks) == 3
    assert_drawn(figure)
    many = plots.scatter({"z": z}, torch.arange(30))  # ages, say
    assert len(many.axes[0].collections) == 1 and len(many.axes) == 2  # with a scale


def test_a_part_of_a_figure_is_drawn_into():
    figure, (above, below) = plots.parts(2, 3)
    plots.pictures({"x": torch.rand(2, 1, 8, 8)}, above)
    plots.spectrum({"A": torch.rand(4)}, below)
    assert len(figure.axes) == 2
    assert_drawn(figure)


def test_drawing_leaves_the_settings_of_others_alone():
    before = matplotlib.rcParams.copy()
    plots.rendered(plots.spectrum({"A": torch.rand(4)}), "svg")
    assert before == matplotlib.rcParams.copy()


def test_the_same_figure_is_the_same_file():
    first, again = (plots.rendered(plots.spectrum({"A": torch.ones(40)}), "svg") for _ in range(2))
    assert first == again


# --- what is drawn of a model ---------------------------------------------------------------------------------
def points_of(model, count=40):
    return model.g_x.inverse(torch.randn(count, *model.g_x.out_shape)).detach()


@pytest.mark.parametrize("name", MODELS)
def test_the_spectrum_is_that_of_the_matrix(name):
    model = MODELS[name]()
    plot = drawn.spectrum_of(model)
    (line,) = plot.figure.axes[0].lines
    wanted = torch.linalg.svdvals(model.A.dense()).detach().numpy()
    got = line.get_ydata()
    np.testing.assert_allclose(got, wanted[: len(got)], atol=1e-9)
    assert np.abs(wanted[len(got) :]).max(initial=0) < 1e-9  # what is left out is 0


def test_a_generator_has_the_spectrum_of_b_from_its_steps_on_the_identity():
    model = _colour_generator()
    A, B = drawn.spectrum_of(model).figure.axes[0].lines
    z = integrate(flow(model.A_t), torch.eye(48), 100, "rk4", last_time(model.A_t, 100))
    np.testing.assert_allclose(B.get_ydata(), torch.linalg.svdvals(z).numpy(), rtol=1e-6)
    np.testing.assert_allclose(A.get_ydata(), np.linspace(2, 0.1, 48))


@pytest.mark.parametrize("name", [*PICTURES, "flow, dense"])
def test_a_map_shows_the_components_that_scikit_learn_finds(name):
    model = PICTURES.get(name, MODELS["flow, dense"])()
    x, labels = points_of(model), torch.arange(40) % 4
    plot = drawn.maps_of(model, x, labels)
    for axes, z in zip(plot.figure.axes, (model.g_x(x).detach(), x.flatten(1))):
        wanted = PCA(2, svd_solver="full").fit_transform(z.numpy())
        for kind, points in enumerate(axes.collections):
            np.testing.assert_allclose(
                np.abs(points.get_offsets()), np.abs(wanted[labels == kind]), atol=1e-6
            )
    assert_drawn(plot.figure)


def psnr(made, x):
    return -10 * np.log10(((made - x) ** 2).mean().item())


@pytest.mark.parametrize("name", [n for n in MODELS if "pictures" in n] + ["images, diagonal"])
def test_the_ranks_are_those_of_a_projection_by_hand(name):
    model = MODELS[name]()
    x = points_of(model, 30)
    train = (255 * torch.rand(50, *x.shape[1:])).byte()
    labels = torch.zeros(50).long()
    pca = pixel_pca(Dataset(train, labels, train, labels), 6)
    plot = drawn.ranks_of(model, x, pca)
    ours, theirs = plot.figure.axes[0].lines
    z = model.g_x(x)
    if isinstance(model, Projector):
        V = torch.linalg.eigh(model.A.dense()).eigenvectors[:, -model.rank :]
        full = model.g_x.inverse(z @ V @ V.mT)
        if model.rank in ours.get_xdata():
            assert ours.get_ydata()[-1] == pytest.approx(psnr(full, x))
    else:
        for k, value in zip(ours.get_xdata(), ours.get_ydata()):
            cut = z * (torch.arange(z.shape[1]) < int(k))
            assert value == pytest.approx(psnr(model.g_x.inverse(cut), x))
    reference = PCA(6, svd_solver="full").fit(train.flatten(1).numpy() / 255)
    for k, value in zip(theirs.get_xdata(), theirs.get_ydata()):
        V = reference.components_[: int(k)]
        centred = x.flatten(1).numpy() - reference.mean_
        assert value == pytest.approx(psnr(centred @ V.T @ V, centred), rel=1e-3)
    assert_drawn(plot.figure)


@pytest.mark.parametrize("name", [*PICTURES, "colour"])
def test_morphs_show_blends_of_latents_above_blends_of_pixels(name):
    model = _colour_generator() if name == "colour" else PICTURES[name]()
    x, y = points_of(model, 4).sigmoid().split(2)
    plot = drawn.morphs_of(model, x, y, frames=3)
    g = model.g_x
    for i in range(2):
        middle = g.inverse((g(x[i][None]) + g(y[i][None])) / 2)
        induced, plain = (shown(axes, 3, 4) for axes in plot.figure.axes[2 * i : 2 * i + 2])
        assert np.abs(induced[1].astype(int) - shades(middle)[0]).max() <= 1
        assert np.abs(plain[1].astype(int) - shades((x[i] + y[i])[None] / 2)[0]).max() <= 1
        assert np.abs(induced[0].astype(int) - shades(x[i][None])[0]).max() <= 1
    assert_drawn(plot.figure)


@pytest.mark.parametrize("classes", [1, 2])
def test_samples_are_what_n_steps_make_of_the_same_noise(classes):
    model, names = _colour_generator(classes), ["cat", "dog"]
    plot = drawn.samples_of(model, torch.Generator().manual_seed(3), names[:classes], each=4)
    count = classes if classes > 1 else 5
    noise = torch.randn(count, 4, 3, 4, 4, generator=torch.Generator().manual_seed(3))
    assert [axes.get_title("left") for axes in plot.figure.axes][:2] == (
        names if classes == 2 else ["1 to 4", "5 to 8"]
    )
    for c, axes in enumerate(plot.figure.axes):
        wanted = model.sample(noise[c], label=c if classes > 1 else None)
        assert np.abs(shown(axes, 4, 4).astype(int) - shades(wanted)).max() <= 1
    assert_drawn(plot.figure)


def test_a_projector_draws_points_that_it_leaves_alone():
    model = MODELS["projector of pictures, leading axes"]()
    rows, _ = drawn.drawn(model, torch.Generator().manual_seed(0), 4)
    for row in rows.values():
        torch.testing.assert_close(model(row), row)
    assert_drawn(drawn.samples_of(model, torch.Generator()).figure)


def test_a_sheet_of_styles_has_a_row_for_each_photo():
    model = PhotoStyles(depth=1, hidden=4, blocks=1).build().double()
    stirred(model, by=0.02)
    photos = torch.rand(2, 3, 64, 64)
    plot = drawn.styles_of(model, photos)
    assert [text.get_text() for text in plot.figure.axes[-1].get_xticklabels()] == ["photo", *model.names]
    for axes, photo in zip(plot.figure.axes, photos):
        wanted = torch.cat([photo[None], *(model[name](photo[None]) for name in model.names)])
        assert np.abs(shown(axes, 5, 64).astype(int) - shades(wanted)).max() <= 1
    assert_drawn(plot.figure)


def test_a_sheet_of_composed_styles_has_one_for_each_pair():
    model = stirred(PhotoStyles(depth=1, hidden=4, blocks=1).build().double(), by=0.02)
    photo = torch.rand(3, 64, 64)
    plot = drawn.composed_of(model, photo)
    for axes, first in zip(plot.figure.axes, model.names):
        once = model[first](photo[None])
        wanted = torch.cat([model[then](once) for then in model.names])
        assert np.abs(shown(axes, 4, 64).astype(int) - shades(wanted)).max() <= 1
    assert_drawn(plot.figure)


@pytest.mark.parametrize("name", ["plane, rotation", "plane, shear"])
def test_the_lines_of_the_bent_grid_are_straight_for_g(name):
    model = MODELS[name]()
    x, labels = 2 * torch.rand(60, 2) - 1, torch.arange(60) % 2
    left, right = drawn.plane_of(model, x, labels, ["a", "b"]).figure.axes
    bent, straight = ([np.stack(line.get_data(), 1) for line in axes.lines] for axes in (left, right))
    assert len(bent) == len(straight) == 2 * 21 + 2
    for x_line, z_line in zip(bent, straight):  # the last two are the points of both classes
        np.testing.assert_allclose(model.g_x(torch.tensor(x_line)).detach(), z_line, atol=1e-6)
    for z_line in straight[:-2]:
        assert np.ptp(z_line, axis=0).min() < 1e-9  # level or upright
    assert_drawn(left.figure)


# --- the command ----------------------------------------------------------------------------------------------
def test_every_recipe_names_figures_that_there_are():
    assert {name for recipe in RECIPES.values() for name in recipe.drawn} == drawn.DRAWN.keys()


def test_evaluate_writes_figures_and_captions(tmp_path, capsys):
    torch.set_default_dtype(torch.float32)
    folder = tmp_path / "new" / "figures"
    assert main(["evaluate", "plane-moons", "--device", "cpu", "--plots", str(folder)]) == 0
    names = {"spectrum.png", "spectrum.svg", "plane.png", "plane.svg", "captions.md"}
    assert {file.name for file in folder.iterdir()} == names
    for name in ("spectrum", "plane"):
        assert np.asarray(Image.open(folder / f"{name}.png").convert("RGB")).std() > 5
        assert "</svg>" in (folder / f"{name}.svg").read_text("utf-8")[-20:]
        assert f"![{name}]({name}.png)" in (folder / "captions.md").read_text("utf-8")
    out = capsys.readouterr().out
    assert all(f"wrote {folder / name}" in out for name in names) and "round trip" in out


def test_a_folder_that_cannot_be_written_is_one_sentence_before_anything_is_measured(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(checkpoints, "fetch", lambda name: pytest.fail("measured first"))
    place = tmp_path / "file"
    place.write_text("mine")
    assert main(["evaluate", "plane-moons", "--device", "cpu", "--plots", str(place)]) == 2
    error = capsys.readouterr().err
    assert "cannot be written into" in error and error.count("\n") == 1 and place.read_text() == "mine"


def test_no_other_command_loads_matplotlib(tmp_path):
    script = (
        "import sys\nfrom linearizer_core.__main__ import main\n"
        "assert main(['train', 'plane-identity', '--steps', '2', '--count', '40', '--device', 'cpu', '--out', 'run']) == 0\n"
        "assert main(['evaluate', 'run', '--device', 'cpu', '--json']) == 0\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import linearizer_core as lc\n"
        "lc.plots.spectrum\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    run = [sys.executable, "-c", script]
    root = checkpoints.ASSETS.parent
    environment = {**os.environ, "PYTHONPATH": str(root), "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr
