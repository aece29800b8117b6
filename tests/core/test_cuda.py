"""Every network, operator and shipped model on a GPU: the laws hold there, and it computes what a CPU computes.

`python -m pytest -m cuda tests/core` is all that a machine with a card needs; neither gradio nor plotly is asked for.
Without a card all are skipped by name. `LINEARIZER_DEVICE=cpu` runs them on another device, to try what they ask.
"""

import copy
import math
import os

import pytest
import torch

import linearizer_core as lc
from linearizer_core import algebra, checkpoints, diagnostics, drawn, plots
from linearizer_core import pca as module
from linearizer_core.benchmarks import components
from linearizer_core.data.dataset import Dataset
from linearizer_core.measures.pixels import pixel_pca
from linearizer_core.methods.flow_matching import METHODS, collapse
from linearizer_core.models.generator import Generator
from linearizer_core.models.projector import Projector
from linearizer_core.models.styles import Styles
from linearizer_core.networks import forward_and_log_det, image_flow
from linearizer_core.operators import Diagonal, TimedGaussian, TimedLowRank, TimedLowRankGaussian
from linearizer_core.pca import LatentPCA
from tests.catalogue import MODELS, NETWORKS, OPERATORS, PROJECTORS, points, stirred

DEVICE = os.environ.get("LINEARIZER_DEVICE", "cuda")
pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(DEVICE == "cuda" and not torch.cuda.is_available(), reason="no CUDA device here"),
]
TOLERANCE = 1e-6  # float64: both devices round, and some catalogued maps stretch a thousandfold


def there(thing):
    """A copy on the device; the original stays."""
    return copy.deepcopy(thing).to(DEVICE)


def same(got, wanted, tolerance=TOLERANCE):
    assert got.device.type == torch.device(DEVICE).type, f"computed on {got.device}"
    assert got.dtype == wanted.dtype
    scale = max(1.0, float(wanted.detach().abs().amax())) if wanted.numel() else 1.0
    torch.testing.assert_close(got.detach().cpu(), wanted.detach(), rtol=0, atol=tolerance * scale)


# --- the catalogue, in float64 --------------------------------------------------------------------------------
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_network_does_there_what_it_does_here_and_is_undone(make):
    g = make()
    x, h = points(g), there(g)
    z, log_det = forward_and_log_det(g, x)
    on_card = x.to(DEVICE)
    same(h(on_card), z)
    same(forward_and_log_det(h, on_card)[1], log_det)
    same(h.inverse(h(on_card)), x)
    same(h.inv(h(on_card)), x)


@pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)
def test_an_operator_keeps_its_laws_there(make):
    A = make()
    B, v = there(A), torch.randn(3, A.shape[1])
    same(B(v.to(DEVICE)), A(v))
    same(B.dense(), A.dense())
    same(B.T.dense(), A.dense().mT)
    U, values, V = algebra.svd(B)
    same((U * values) @ V.mT, A.dense())
    M, P = B.dense().detach(), algebra.pinv(B).dense().detach()
    condition = max(10.0, float(M.norm() * P.norm()))
    torch.testing.assert_close(M @ P @ M, M, rtol=0, atol=1e-12 * condition * max(1.0, float(M.abs().amax())))
    same(algebra.truncate(B, 1).dense(), algebra.truncate(A, 1).dense())
    if A.shape[0] == A.shape[1] and float(M.abs().amax()) < 100:
        same(algebra.exp(B).dense(), torch.linalg.matrix_exp(A.dense()))
        same(algebra.power(B, 3).dense(), torch.linalg.matrix_power(A.dense(), 3))


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_model_keeps_its_laws_there(make):
    f = make()
    h, x = there(f), points(f.g_x, 6)
    on_card = x.to(DEVICE)
    same(h(on_card), f(x))
    a, b, c = on_card.split(2)
    assert max(diagnostics.axiom_errors(h.domain, a, b, c, 0.7, -0.4).values()) < TOLERANCE
    assert diagnostics.linearity_error(h, a, b, 0.7, -0.4) < TOLERANCE
    assert max(diagnostics.penrose_errors(h, a, h(b)).values()) < TOLERANCE
    same(h.pinv()(h(on_card)), f.pinv()(f(x)))
    same(h.truncated(1)(on_card), f.truncated(1)(x))


@pytest.mark.parametrize("make", PROJECTORS.values(), ids=PROJECTORS)
def test_a_projector_is_one_there(make):
    f = make()
    h, x = there(f), points(f.g_x).to(DEVICE)
    same(h(h(x)), f(x.cpu()))
    same(h.distance_to_range(x), f.distance_to_range(x.cpu()))
    noise = torch.randn(2, f.rank)
    same(h.draw(noise), f.draw(noise))


# --- generation -----------------------------------------------------------------------------------------------
def generator(shape=(3, 4, 4), classes=2):
    g = stirred(image_flow(shape, steps=[2], hidden=[8]))
    n = math.prod(shape)
    means = torch.randn(classes, n)
    return Generator(g, Diagonal(torch.linspace(2, 0.1, n)), means, torch.linspace(0, -2, n))


TIMED = {
    "Gaussian": lambda: TimedGaussian(torch.rand(12) + 0.1),
    "low rank": lambda: TimedLowRank(0.3 * torch.randn(3, 12, 2), 0.3 * torch.randn(3, 12, 2)),
    "Gaussian of low rank": lambda: TimedLowRankGaussian(
        torch.linalg.qr(torch.randn(12, 3)).Q, torch.rand(3) + 0.1, torch.tensor(0.5)
    ),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", TIMED)
def test_a_collapse_there_is_the_collapse_here(name, method):
    A = TIMED[name]()
    same(collapse(there(A), 10, method).dense(), collapse(A, 10, method).dense())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("label", [None, 1])
def test_one_step_is_all_steps_there_and_both_are_those_of_here(channels, label):
    f = generator((channels, 4, 4))
    h, noise = there(f), torch.randn(3, channels, 4, 4)
    on_card = noise.to(DEVICE)
    same(h.sample(on_card, 10, label=label), f.sample(noise, 10, label=label))
    same(h.collapse(10, label=label)(on_card), f.sample(noise, 10, label=label))
    same(h.sample(h.invert(on_card, 10, label=label), 10, label=label), noise)
    same(h.path(on_card, 10, label=label, frames=4), f.path(noise, 10, label=label, frames=4))


# --- principal components -------------------------------------------------------------------------------------
@pytest.mark.parametrize("solver", module.SOLVERS)
@pytest.mark.parametrize("mean", [0.5, 1000.0])
def test_components_there_are_those_of_here(solver, mean):
    z = components._latents(3000, 40) - 0.5 + mean
    here = torch.linalg.eigh(torch.cov(z.double().mT)).eigenvectors.flip(1).mT[:3]
    fitted = LatentPCA(3, solver).fit_latents(z.to(DEVICE))
    assert fitted.device.type == torch.device(DEVICE).type
    assert components.subspace_angle(fitted.components, here) < (1e-4 if mean < 1 else 1e-2)
    same(fitted.inverse_transform(fitted.transform(z.to(DEVICE))).mean(0), z.mean(0), tolerance=1e-4)


@pytest.mark.parametrize(("n", "k"), [(1024, 50), (1100, 3), (64, 20)])
def test_the_largest_pairs_there_are_those_of_a_whole_decomposition_here(n, k):
    Q = torch.linalg.qr(torch.randn(n, n)).Q
    C = (Q / torch.arange(1, n + 1)) @ Q.mT
    values, vectors = module.largest_pairs(C.to(DEVICE), k)
    same(values, torch.linalg.eigvalsh(C).flip(0)[:k], tolerance=1e-10)
    assert components.subspace_angle(vectors.mT, Q[:, :k].mT) < 1e-6


def test_latents_that_do_not_fit_are_streamed_through_the_network_there():
    f = generator()
    x = points(f.g_x, 300)
    whole, streamed = (
        LatentPCA(3, "covariance", max_bytes=most).fit(there(f.g_x), x, batch_size=64)
        for most in (2**30, 1000)
    )
    same(streamed.components, LatentPCA(3, "svd").fit(f.g_x, x).components)
    same(whole.components, streamed.components.cpu())


def test_the_benchmark_runs_there():
    rows = components.pca(cases=[(3000, 64, (3,))], repeats=1, device=DEVICE, scale=1.0)
    assert len(rows) == 3 and all(row.error < 1e-3 for row in rows)


# --- what ships -----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=lc.pretrained())
def shipped(request):
    """The model here in float64, and in float32 on the device."""
    return lc.load(request.param).double(), lc.load(request.param, device=DEVICE)


def what_it_knows(model):
    """Four points that the model makes of noise."""
    if isinstance(model, Projector):
        return model(torch.rand(4, *model.g_x.in_shape))
    return model.sample(torch.randn(4, *model.g_y.in_shape), 20)


@torch.no_grad()
def test_a_shipped_model_does_there_what_it_does_here(shipped):
    here, model = shipped
    if isinstance(model, Styles):
        x = torch.rand(1, 3, 64, 72)
        for name in model.names:
            same(model[name](x.float().to(DEVICE)).double(), here[name](x), tolerance=1e-3)
            f, photo = model[name], x.float().to(DEVICE)
            assert diagnostics.root_error(f, photo) < 1e-3
            assert diagnostics.relative_error(f.pinv()(f(photo)), photo) < 1e-3
        return
    x = what_it_knows(here)
    on_card = x.float().to(DEVICE)
    same(model.g_x.inverse(model.g_x(on_card)), x.float(), tolerance=1e-3)
    same(model(on_card).double(), here(x), tolerance=2e-3)
    assert diagnostics.linearity_error(model, on_card[:2], on_card[2:], 0.7, -0.4) < 1e-3
    if isinstance(model, Projector):
        once = model(on_card)
        assert (model(once) - once).abs().max() <= 1e-3
    if isinstance(model, Generator):
        noise = torch.randn(4, *model.g_y.in_shape)
        one = model.collapse(20)(noise.float().to(DEVICE))
        assert diagnostics.psnr(one, model.sample(noise.float().to(DEVICE), 20)) > 90
        same(one.double(), here.sample(noise, 20), tolerance=1e-2)


def test_figures_are_drawn_of_what_lies_there():
    f = there(generator())
    x, labels = points(generator().g_x, 40).to(DEVICE), torch.arange(40) % 2
    train = (255 * x.cpu().sigmoid()).byte()
    pca = pixel_pca(Dataset(train, labels, train, labels), 4, device=DEVICE)
    plane = there(MODELS["plane, shear"]())
    found = [
        drawn.spectrum_of(f),
        drawn.maps_of(f, x, labels),
        drawn.ranks_of(f, x, pca),
        drawn.morphs_of(f, x[:2], x[2:4]),
        drawn.samples_of(f, torch.Generator()),
        drawn.plane_of(plane, torch.rand(9, 2).to(DEVICE), torch.arange(9) % 3),
    ]
    assert all(len(plots.rendered(plot.figure, "png")) > 5000 for plot in found)


def test_a_saved_model_goes_there_and_back(tmp_path):
    model = lc.load("plane-moons", device=DEVICE)
    checkpoints.save(tmp_path, checkpoints.read_config("plane-moons").recipe, model, {})
    x = torch.rand(5, 2).float()
    same(lc.load(tmp_path, device=DEVICE)(x.to(DEVICE)), lc.load("plane-moons")(x), tolerance=1e-4)
