"""The judges of faces: what they learn from, what they cannot go by, and the figures that they give a model."""

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core import checkpoints
from linearizer_core.data.sets import Dataset
from linearizer_core.measures.face_judges import (
    asked,
    by_judges,
    evaluate_judge,
    ghosts,
    judged_ages,
    midpoints,
    samples,
)
from linearizer_core.measures.judge import face_judges
from linearizer_core.models.aged import AgedGenerator
from linearizer_core.models.face_judge import KINDS, FaceJudge
from linearizer_core.networks import Chain, Flatten, Log
from linearizer_core.operators import Diagonal, Identity
from linearizer_core.pca import LatentPCA
from linearizer_core.recipes import RECIPES, FacesJudge
from linearizer_core.recipes.base import Batch
from linearizer_core.spaces import decode
from linearizer_core.training import train

SHAPE = (3, 8, 8)


@pytest.fixture(autouse=True)
def single_precision():
    torch.set_default_dtype(torch.float32)
    yield
    torch.set_default_dtype(torch.float64)


class Told(nn.Module):
    """A judge that answers by a given function, and sees the pixels as its features."""

    def __init__(self, answer, kind="ages"):
        super().__init__()
        self.kind, self.answer = kind, answer
        self.weight = nn.Parameter(torch.ones(()))

    def features(self, x):
        return self.weight * x.flatten(1)[:, ::16]

    def forward(self, x):
        return self.weight * self.answer(x)


def brightness(x):
    return x.mean((1, 2, 3))


def pixels_model(shape=SHAPE):
    n = int(np.prod(shape))
    return AgedGenerator(Flatten(shape), Identity(n), torch.zeros(1, n), torch.zeros(n))


def as_bytes(x):
    return (255 * x).round().to(torch.uint8)


def patchy(count, seed=0):
    """Pictures 3×64×64 of 8×8 patches, each of a random colour."""
    x = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return nn.functional.interpolate(0.3 + 0.4 * x, scale_factor=8)


def test_half_of_a_batch_is_averages_and_they_are_the_ones_called_ghosts(monkeypatch):
    x, seen = patchy(20), []

    def answer(pictures):  # knows each photograph and its mirror image by heart
        seen.append(len(pictures))
        known = torch.cat([x, x.flip(3)]).flatten(1)
        return 100 * torch.where(torch.cdist(pictures.flatten(1), known).amin(1) < 1, 1.0, -1.0)

    monkeypatch.setattr(FacesJudge, "_disguised", lambda recipe, pictures, *others: pictures)
    batch = Batch(x, torch.zeros(20), torch.Generator().manual_seed(0), 0.0)
    assert FacesJudge().loss(Told(answer), None, batch)["loss"] < 1e-3
    assert FacesJudge().loss(Told(lambda p: -answer(p)), None, batch)["loss"] > 50
    assert seen == [20, 20]
    some = FacesJudge().loss(Told(lambda p: torch.full((len(p),), 100.0)), None, batch)["loss"]
    torch.testing.assert_close(some, torch.tensor(50.0))


CUES = {
    "contrast": lambda x: x.std((1, 2, 3)),
    "sharpness": lambda x: x.diff(dim=3).square().mean((1, 2, 3)),
    "distance from the mean face": lambda x: (x - x.mean(0)).square().mean((1, 2, 3)),
}


@pytest.mark.parametrize("cue", CUES.values(), ids=CUES)
def test_what_tells_averages_from_photographs_but_doubles_nothing_is_disguised(cue, monkeypatch):
    def told(a, b):  # how often a photograph has more of it than an average
        return float((a[:, None] > b[None]).float().mean())

    x, seen = patchy(600), []
    assert told(cue(x[:300]), cue(ghosts(x[300:]))) > 0.95
    model = Told(lambda pictures: seen.append(pictures) or torch.zeros(len(pictures)))
    FacesJudge().loss(model, None, Batch(x, torch.zeros(600), torch.Generator().manual_seed(0), 0.0))
    found = cue(seen[0])
    assert abs(told(found[:300], found[300:]) - 0.5) < 0.15
    assert found[:300].std() > 0.1 * found[:300].mean(), "photographs are disguised as much as averages"


def test_a_judge_of_ages_is_wrong_by_squared_units_of_twenty_years():
    batch = Batch(patchy(4), torch.tensor([0, 20, 40, 60]), torch.Generator(), 0.0)
    loss = FacesJudge(kind="ages").loss(Told(lambda x: 20.0 + 0 * brightness(x)), None, batch)["loss"]
    torch.testing.assert_close(loss, torch.tensor((1 + 0 + 1 + 4) / 4))


@pytest.mark.parametrize("kind", KINDS)
def test_it_trains_is_saved_and_loaded(kind, tmp_path):
    images, ages = as_bytes(patchy(24)), torch.arange(24)
    data = Dataset(images[:16], ages[:16], images[16:], ages[16:])
    recipe = FacesJudge(kind=kind, steps=2, batch=8, evaluate_every=2)
    model = train(recipe, data, tmp_path / "run")
    checkpoints.save(tmp_path / "saved", recipe, model)
    again = checkpoints.load(tmp_path / "saved")
    x = patchy(3)
    assert again.kind == kind and not again.training
    torch.testing.assert_close(again(x), model(x), rtol=0, atol=0)
    assert again.features(x).shape == (3, 64) and (again.features(x) >= 0).all()
    assert sum(p.numel() for p in model.state_dict().values()) <= 400_000


def test_impossible_settings_are_refused_at_once():
    with pytest.raises(ValueError, match="faces-judge: kind must be one of ghosts, ages, got 'noses'"):
        FacesJudge(kind="noses")
    with pytest.raises(ValueError, match=r"faces-judge: most_noise must lie in 0\.\.1, got 2\.0"):
        FacesJudge(most_noise=2.0)
    with pytest.raises(ValueError, match="kind must be one of ghosts, ages, got 'noses'"):
        FaceJudge("noses")


def test_a_judge_is_measured_on_test_faces_and_as_many_averages():
    x = torch.cat([torch.zeros(6, *SHAPE), torch.ones(2, *SHAPE)])
    data = Dataset(as_bytes(x), torch.zeros(8), as_bytes(x), torch.tensor([0, 0, 0, 0, 0, 0, 100, 90]))
    pure = Told(lambda p: torch.where((brightness(p) - 0.5).abs() > 0.4, 1.0, -1.0), "ghosts")
    both, real, averages = (figure.value for figure in evaluate_judge(pure, data))
    assert (
        real == 1 and averages in {2 / 8, 4 / 8} and both == (real + averages) / 2
    )  # black with white is grey
    error, correlation = (
        figure.value for figure in evaluate_judge(Told(lambda p: 100 * brightness(p)), data)
    )
    assert error == pytest.approx(10 / 8) and 0.99 < correlation < 1


def test_midpoints_are_those_of_the_model_and_stand_beside_faces_and_pixels():
    x = torch.tensor([0.1, 0.9]).repeat(20).reshape(40, 1, 1, 1).expand(40, *SHAPE)
    no_grey = Told(lambda p: torch.where((brightness(p) - 0.5).abs() < 0.1, -1.0, 1.0), "ghosts")
    g = Chain(Flatten(SHAPE), Log(192))  # its midpoints are geometric means: 0.3 between 0.1 and 0.9
    model = AgedGenerator(g, Identity(192), torch.zeros(1, 192), torch.zeros(192))
    rows = midpoints(model, no_grey, x, torch.Generator().manual_seed(0), pairs=30)
    assert [row.value for row in rows[:2]] == [1, 1] and 0 < rows[2].value < 1 and "30 pairs" in rows[0].how
    same = midpoints(pixels_model(), no_grey, x, torch.Generator().manual_seed(0), pairs=30)
    assert same[0].value == same[2].value == rows[2].value


def test_distances_of_samples_agree_with_a_direct_computation():
    train_faces, test_faces = torch.rand(60, *SHAPE) ** 2, torch.rand(50, *SHAPE)
    data = Dataset(as_bytes(train_faces), torch.zeros(60), as_bytes(test_faces), torch.zeros(50))
    x, wanted = data.train_images / 255, data.test_images / 255
    judge, pca = Told(brightness), LatentPCA(9).fit(Flatten(SHAPE), x)
    model = pixels_model()
    model.means.data.fill_(0.5)
    model.A = Diagonal(torch.linspace(1, 0, 192))
    rows = samples(model, judge, data, pca, torch.Generator().manual_seed(3), 60)
    generator = torch.Generator().manual_seed(3)
    drawn = model.sample(torch.randn(60, *SHAPE, generator=generator))
    axes = pca.components * pca.explained_variance.sqrt()[:, None]
    gaussian = pca.mean + torch.randn(60, 9, generator=generator) @ axes

    def distance(pictures):
        a, b = (p.clamp(0, 1).flatten(1)[:, ::16].double().detach().numpy() for p in (pictures, wanted))
        C, D = np.cov(a.T), np.cov(b.T)
        root = scipy.linalg.sqrtm(C @ D).real
        return np.square(a.mean(0) - b.mean(0)).sum() + np.trace(C + D - 2 * root)

    unit = distance(gaussian.reshape(-1, *SHAPE))
    assert rows[0].value == pytest.approx(distance(drawn) / unit, rel=1e-3)
    assert rows[1].value == pytest.approx(distance(model(wanted).detach()) / unit, abs=1e-3)
    assert rows[2].value == pytest.approx(distance(x) / unit, rel=1e-3)
    assert f"{unit:.3g}" in rows[0].how and "60 samples" in rows[0].how and "60 faces" in rows[2].how


@pytest.mark.parametrize(("year", "rises"), [(0.002, 1), (-0.002, 0), (0.0, 0)])
def test_years_are_judged_by_what_they_do_to_the_picture(year, rises):
    model, x = pixels_model(), 0.4 + 0.2 * torch.rand(30, *SHAPE)
    model.older.fill_(year)
    error, change, all_the_way = judged_ages(
        model, Told(lambda p: 100 * brightness(p)), x, 100 * brightness(x) + 7, 10
    )
    assert (error.value, change.value) == (
        pytest.approx(7, abs=1e-3),
        pytest.approx(3000 * year, abs=1e-3),
    )
    assert all_the_way.value == rises and "10 test faces" in change.how


def test_ages_are_judged_on_faces_from_the_whole_sorted_set():
    model, x = pixels_model(), torch.full((40, *SHAPE), 0.5)
    model.older.fill_(0.002)
    x[20:] = 2.0  # as white as can be, whatever is added
    rows = judged_ages(model, Told(brightness), x, torch.zeros(40), 8)
    assert rows[2].value == 0.5


def test_the_judges_that_ship_take_no_gradient_and_keep_their_weights():
    judges, model = face_judges(), pixels_model((3, 64, 64))
    before = {kind: {n: t.clone() for n, t in judge.state_dict().items()} for kind, judge in judges.items()}
    x = as_bytes(patchy(6))
    data = Dataset(x, torch.arange(6), x, torch.arange(6))
    pca = LatentPCA(3).fit(Flatten((3, 64, 64)), x / 255)
    generator = torch.Generator().manual_seed(0)
    fresh = {kind: FaceJudge(kind).eval() for kind in KINDS}
    by_judges(model, fresh, data, pca, generator, count=10)
    rows = by_judges(model, judges, data, pca, generator, count=10)
    assert all(p.grad is None for judge in fresh.values() for p in judge.parameters())
    assert not asked(fresh["ages"], patchy(2)).requires_grad
    assert not any(p.requires_grad for judge in judges.values() for p in judge.parameters())
    for kind, judge in judges.items():
        assert all(torch.equal(t, before[kind][n]) for n, t in judge.state_dict().items())
    assert [row.mark for row in rows if row.mark] == ["≥ 0.70", "≤ 0.35", "≥ 12", "≥ 0.85"]
    assert all(np.isfinite(row.value) for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_judge_that_ships_is_small_and_says_how_it_was_made(kind):
    folder = checkpoints.ASSETS / "faces" / f"judge-{kind}"
    config = checkpoints.read_config(folder)
    assert type(config.recipe) is RECIPES["faces-judge"] and config.recipe.kind == kind
    assert "linearizer_core train faces-judge" in config.training["command"] and config.figures
    assert (folder / checkpoints.WEIGHTS).stat().st_size <= 1.7e6 and (folder / "README.md").is_file()


def test_the_judge_of_ghosts_finds_them_in_faces_that_a_model_draws():
    model, judge = lc.load("faces"), face_judges()["ghosts"]
    noise = torch.randn(24, 64, generator=torch.Generator().manual_seed(0))
    z = model.means.repeat(24, 1)
    z[:, :64] += 0.8 * noise * model.latent_std[:64]  # finer axes stay 0: nothing in them is there twice
    faces = decode(model.g_y, z)
    assert asked(judge, ghosts(faces)).mean() < asked(judge, faces).mean()
