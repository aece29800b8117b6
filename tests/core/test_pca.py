"""LatentPCA against scikit-learn and against float64 eigenvectors, over all solvers, shapes and scales."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from linearizer_core import pca as module
from linearizer_core.networks import Flatten, InvertibleNetwork
from linearizer_core.pca import LatentPCA

SOLVERS = ("svd", "covariance", "randomized")


def data(count, n, decay=0.8, mean=0.5, dtype=torch.float32, seed=0):
    """Latents with standard deviations decay^i along random axes, around a mean."""
    generator = torch.Generator().manual_seed(seed)
    axes = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64)).Q
    scales = decay ** torch.arange(n, dtype=torch.float64)
    z = torch.randn(count, n, generator=generator, dtype=torch.float64) * scales
    return (z @ axes.mT + mean).to(dtype)


def signed(components):
    """scikit-learn's components with our sign: the largest entry of each positive."""
    largest = np.abs(components).argmax(1)
    return components * np.sign(components[np.arange(len(components)), largest])[:, None]


def close(got, wanted, rtol=1e-3, atol=1e-4):
    np.testing.assert_allclose(np.asarray(got), np.asarray(wanted), rtol=rtol, atol=atol)


class Stretch(InvertibleNetwork):
    """g(x) = e^w x + b on flattened images: the smallest g with parameters, and no isometry."""

    def __init__(self, in_shape):
        super().__init__()
        n = int(np.prod(in_shape))
        self.in_shape, self.out_shape = in_shape, (n,)
        self.log_scale = torch.nn.Parameter(torch.linspace(0.0, 1.0, n, dtype=torch.float32))

    def forward(self, x):
        return x.flatten(1) * self.log_scale.exp() + 1

    def inverse(self, z):
        return ((z - 1) / self.log_scale.exp()).reshape(-1, *self.in_shape)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("reference", ["full", "randomized"])
@pytest.mark.parametrize(("count", "n"), [(300, 40), (30, 60), (50, 50)])
def test_components_are_those_of_scikit_learn(solver, reference, count, n):
    z = data(count, n)
    ours = LatentPCA(4, solver).fit_latents(z)
    theirs = PCA(4, svd_solver=reference, random_state=0).fit(z.numpy())
    close(ours.components, signed(theirs.components_))
    close(ours.mean, theirs.mean_)
    close(ours.explained_variance, theirs.explained_variance_)
    close(ours.explained_variance_ratio, theirs.explained_variance_ratio_)
    close(ours.singular_values, theirs.singular_values_)
    close(ours.transform(z).abs(), np.abs(theirs.transform(z.numpy())), atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(SOLVERS), st.integers(2, 40), st.integers(1, 30), st.integers(1, 8), st.integers(0, 9))
def test_the_laws_hold_for_every_shape(solver, count, n, k, seed):
    """Orthonormal rows, descending variances, and variances of the coordinates that are the eigenvalues."""
    k = min(k, count, n)
    z = data(count, n, dtype=torch.float64, seed=seed)
    fitted = LatentPCA(k, solver, seed=seed).fit_latents(z)
    close(fitted.components @ fitted.components.mT, torch.eye(k, dtype=z.dtype), atol=1e-9)
    close(fitted.transform(z).var(0), fitted.explained_variance, rtol=1e-7, atol=1e-12)
    assert (fitted.explained_variance.diff() <= 1e-12).all()
    assert fitted.explained_variance_ratio.sum() <= 1 + 1e-9
    largest = fitted.components.gather(1, fitted.components.abs().argmax(1, keepdim=True))
    assert (largest > 0).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_all_components_give_the_data_back(solver):
    z = data(60, 12, dtype=torch.float64)
    fitted = LatentPCA(12, solver).fit_latents(z)
    close(fitted.inverse_transform(fitted.transform(z)), z, rtol=1e-9, atol=1e-9)
    close(fitted.explained_variance_ratio.sum(), 1.0, rtol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_far_from_the_origin_keeps_its_components(solver):
    """A mean a thousand times the deviation: a product of raw latents would have no correct digit left."""
    z = data(4000, 30, mean=1000.0)
    exact = torch.linalg.eigh(torch.cov(z.double().mT)).eigenvectors[:, -3:].flip(1).mT
    close(LatentPCA(3, solver).fit_latents(z).components, signed(exact.numpy()), rtol=0, atol=1e-3)


def test_krylov_finds_close_pairs_that_scikit_learn_misses():
    """Standard deviations 1 % apart, where power iterations hardly separate anything."""
    z = data(2000, 300, decay=0.99, dtype=torch.float64)
    fitted = LatentPCA(5, "randomized").fit_latents(z)
    exact = torch.linalg.eigh(torch.cov(z.mT)).eigenvectors[:, -5:].flip(1).mT
    close(fitted.components, signed(exact.numpy()), rtol=0, atol=1e-2)


def test_the_solver_is_chosen_by_size():
    assert module._choose(400, 4096, 3, fits=True) == "svd"
    assert module._choose(60_000, 512, 3, fits=True) == "covariance"
    assert module._choose(60_000, 1024, 3, fits=True) == "randomized"
    assert module._choose(60_000, 1024, 50, fits=True) == "covariance"
    assert module._choose(60_000, 4096, 3, fits=False) == "covariance"
    assert module._choose(60_000, 12_288, 50, fits=True) == "randomized"
    assert module._choose(60_000, 12_288, 50, fits=False) == "randomized"
    assert LatentPCA(2).fit_latents(data(20, 5)).used == "svd"


def symmetric(values):
    n = len(values)
    Q = torch.linalg.qr(torch.randn(n, n)).Q
    return (Q * values) @ Q.mT


SPECTRA = {
    "steep": lambda n: 1 / torch.arange(1, n + 1),
    "geometric": lambda n: 0.9 ** torch.arange(n),
    "close pairs": lambda n: torch.cat([torch.tensor([5.0, 4.999, 4.0, 3.999]), torch.linspace(2, 0, n - 4)]),
    "a few not zero": lambda n: (torch.arange(n) < 6) * (10.0 - torch.arange(n)),
    "equal": lambda n: torch.cat([torch.full((8,), 3.0), torch.ones(n - 8)]),
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("k", [1, 4, 8])
def test_a_filter_finds_the_largest_pairs_that_lapack_finds(name, k):
    """What a GPU and large matrices take instead of a whole decomposition."""
    C = symmetric(SPECTRA[name](200))
    values, vectors = module._filtered(C, k, seed=0)
    wanted = torch.linalg.eigvalsh(C).flip(0)
    close(values, wanted[:k], rtol=1e-10, atol=1e-10)
    close(C @ vectors, vectors * values, rtol=0, atol=1e-9)
    close(vectors.mT @ vectors, torch.eye(k), rtol=0, atol=1e-10)


def test_a_spectrum_without_any_step_is_left_to_lapack():
    C = symmetric(torch.linspace(2, 1, 200))
    assert module._filtered(C, 8, seed=0, rounds=3) is None
    values, vectors = module.largest_pairs(C, 8)
    close(C @ vectors, vectors * values, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("n", "k", "filtered"), [(2048, 4, True), (2048, 200, False), (300, 4, False)])
def test_few_pairs_of_a_large_matrix_need_no_whole_decomposition(monkeypatch, n, k, filtered):
    used, found = [], (torch.ones(k), torch.eye(n, k))
    monkeypatch.setattr(module, "_filtered", lambda *_: used.append("filter") or found)
    monkeypatch.setattr(
        "scipy.linalg.eigh", lambda C, subset_by_index: used.append("lapack") or [x.numpy() for x in found]
    )
    module.largest_pairs(torch.eye(n), k)
    assert used == ["filter" if filtered else "lapack"]


def test_the_passes_over_the_data_are_counted():
    z, encoded = data(500, 24).reshape(500, 1, 4, 6), []
    g = Stretch((1, 4, 6))
    g.register_forward_pre_hook(lambda _, inputs: encoded.append(len(inputs[0])))
    for solver in ("covariance", "randomized"):
        encoded.clear()
        fitted = LatentPCA(3, solver, max_bytes=1000).fit(g, z, batch_size=100)
        assert sum(encoded) == 500 * fitted.passes + 100  # one batch says what the latents are like
        assert fitted.passes == 1 or solver == "randomized"


@pytest.mark.parametrize("solver", SOLVERS)
def test_blocks_and_passes_change_nothing(monkeypatch, solver):
    z = data(257, 20)
    whole = LatentPCA(3, solver).fit_latents(z).components
    monkeypatch.setattr(module, "BLOCK", 20 * 50)  # blocks of 50 rows, the last one of 7
    monkeypatch.setattr(module, "PART", 20 * 9)
    monkeypatch.setattr(module, "LEAST_ROWS", 1)
    close(LatentPCA(3, solver).fit_latents(z).components, whole)


@pytest.mark.parametrize("solver", ["covariance", "randomized", "auto"])
def test_latents_beyond_the_memory_limit_are_never_held(solver):
    images, g = data(500, 24).reshape(500, 1, 4, 6), Stretch((1, 4, 6))
    rows = []
    g.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
    streamed = LatentPCA(3, solver, max_bytes=1000).fit(g, images, batch_size=64)
    assert max(rows) == 64
    close(streamed.components, LatentPCA(3, "svd").fit(g, images).components)


def test_fit_works_on_the_latents_of_g_and_pixels_are_a_special_case():
    images, g = data(200, 24).reshape(200, 1, 4, 6), Stretch((1, 4, 6))
    with torch.no_grad():
        theirs = PCA(2, svd_solver="full").fit(g(images).numpy())
    fitted = LatentPCA(2).fit(g, images, batch_size=33)
    close(fitted.components, signed(theirs.components_))
    pixels = LatentPCA(2).fit(Flatten((1, 4, 6)), images)
    close(pixels.components, signed(PCA(2, svd_solver="full").fit(images.flatten(1).numpy()).components_))
    assert not fitted.components.requires_grad and fitted.device == images.device


def test_coordinates_turn_into_images_and_back():
    images, g = data(50, 24).reshape(50, 1, 4, 6), Stretch((1, 4, 6))
    fitted = LatentPCA(24).fit(g, images, batch_size=7)
    again = fitted.inverse_transform(fitted.transform(images))
    assert again.shape == images.shape
    close(again, images, atol=1e-3)
    assert fitted.transform(images[:0]).shape == (0, 24)


def test_half_precision_is_computed_in_float32():
    z = data(100, 10)
    fitted = LatentPCA(2).fit_latents(z.half())
    assert fitted.components.dtype == torch.float32
    close(fitted.components, LatentPCA(2).fit_latents(z).components, atol=1e-2)


DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_work_happens_where_the_data_lie(solver, device):
    z = data(500, 40)
    fitted = LatentPCA(3, solver).fit_latents(z.to(device))
    assert fitted.device.type == device == fitted.transform(z.to(device)).device.type
    close(fitted.components.cpu(), LatentPCA(3, solver).fit_latents(z).components)


NAN = torch.ones(5, 4).index_put((torch.tensor(2), torch.tensor(1)), torch.tensor(torch.nan))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    ("points", "k", "match"),
    [
        (torch.full((9, 4), 0.1, dtype=torch.float32), 2, "all 9 samples are the same"),
        (NAN, 2, "hold NaN or infinity"),
        (torch.full((9, 4), torch.inf), 2, "hold NaN or infinity"),
        (data(9, 4) * 1e30, 2, "too large to square in torch.float32"),
        (data(9, 4), 5, "n_components must be at most 4 for 9 samples with 4 axes, got 5"),
        (data(3, 9), 4, "n_components must be at most 3 for 3 samples"),
        (data(1, 4), 1, "latents must be at least 2 to have a variance, got 1"),
        (torch.ones(9, 4, dtype=torch.uint8), 1, "latents must be floats, got torch.uint8"),
        (torch.ones(9, 4, 1), 1, r"latents must have shape \(N, n\), got \(9, 4, 1\)"),
    ],
    ids=["constant", "nan", "inf", "huge", "k > n", "k > N", "one", "bytes", "shape"],
)
def test_data_without_components_are_refused(solver, points, k, match):
    with pytest.raises(ValueError, match=match):
        LatentPCA(k, solver).fit_latents(points)


def test_arguments_are_checked():
    for k in (0, -1, 2.5, True, "3"):
        with pytest.raises(ValueError, match="n_components must be a whole number of at least 1"):
            LatentPCA(k)
    with pytest.raises(ValueError, match="solver must be one of"):
        LatentPCA(2, "lobpcg")
    with pytest.raises(ValueError, match="not fitted yet"):
        LatentPCA(2).transform(torch.ones(3, 4))
    with pytest.raises(ValueError, match=r"images must have shape \(N, 1, 4, 6\), got \(5, 1, 6, 4\)"):
        LatentPCA(2).fit(Flatten((1, 4, 6)), torch.ones(5, 1, 6, 4))
    fitted = LatentPCA(2).fit_latents(data(9, 4))
    with pytest.raises(ValueError, match=r"coordinates must have shape \(B, 2\), got \(3, 4\)"):
        fitted.inverse_transform(torch.ones(3, 4))
    with pytest.raises(ValueError, match=r"images must have shape \(N, 4\)"):
        fitted.transform(torch.ones(3, 5))
