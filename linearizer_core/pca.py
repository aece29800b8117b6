"""Principal components of the latents g(x), on the device of the data, exact wherever that is affordable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from . import ranks
from .inputs import whole_number
from .networks import InvertibleNetwork
from .networks.base import check_network
from .precision import PRECISIONS, WITHOUT_FLOAT64, check_floats, check_precision, precision_of

SOLVERS = ("auto", "svd", "covariance", "randomized")
BLOCK = 2**22
"""Numbers in a block of rows: 16 MB of float32, enough for its product to be worth a sum over n × n numbers."""
TOLERANCES = {torch.float32: (1e-5, 16), torch.float64: (1e-9, 40)}
"""Of "randomized": the largest residual of a component as a share of its variance, and how many times the k + 5 directions
that are wanted may be looked at to reach it."""
NARROW = 24
"""Columns of a block of latents that are held: narrow blocks need fewer products, but more passes, than wide ones."""
PART = 2**19
"""Numbers of a block that a CPU multiplies twice: 2 MB of float32, which a core's own cache still holds the second time."""
LEAST_ROWS = 256
"""Fewer rows than these cost more to add to a sum over n × w numbers than to multiply."""


class LatentPCA:
    r"""The directions of largest variance of z = g(x): z ≈ mean + Σᵢ cᵢ componentsᵢ, orthonormal latents.

    After `fit` with k components, for N samples with n latent axes: `mean` (n,); `components` (k, n), the
    largest entry of each positive; `explained_variance` (k,) with divisor N - 1; `explained_variance_ratio`
    (k,); `singular_values` (k,) of the centred latents; the name of the solver that was `used`; how many `passes` over
    the data it took.

    `solver` "auto" decides by size:

    - "svd", exact, of the centred matrix: while N·n·min(N, n) ≤ 2·10⁹, so for few samples or few axes;
    - "covariance", exact, n × n: while n ≤ max(512, 32 k), or 4096 where the latents do not fit in memory.
      One pass over blocks of rows, products in the data's precision, sums over blocks in float64; of the matrix only the
      k largest eigenpairs are computed;
    - "randomized", nothing n × n, for all else: block Krylov from a seeded start, passes over the data until
      the residual of every component is below 10⁻⁵ of its variance (10⁻⁹ for float64), up to a limit.

    `shared`, the samples are those of all ranks of `ranks.joined`: each brings its own part, only sums of n, n × n or n × w
    numbers travel, and every rank gets the same components.
    Latents above `max_bytes` are not kept: each pass then encodes the images again, batch by batch. Constant
    or non-finite data, and more components than samples or axes, raise ValueError.
    Source: Halko, Martinsson, Tropp, arXiv:0909.4061; Musco and Musco, arXiv:1504.05477 (block Krylov); Zhou, Saad,
    "A Chebyshev-Davidson algorithm for large symmetric eigenproblems", 2007 (the filter for large matrices).

    >>> from linearizer_core.networks import Flatten
    >>> images = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]).reshape(4, 1, 1, 2)
    >>> pca = LatentPCA(1).fit(Flatten((1, 1, 2)), images)
    >>> pca.components, pca.explained_variance_ratio
    (tensor([[1., 0.]]), tensor([0.9000]))
    """

    g: InvertibleNetwork | None

    def __init__(
        self,
        n_components: int,
        solver: str = "auto",
        seed: int = 0,
        max_bytes: int = 2**30,
        shared: bool = False,
    ) -> None:
        if solver not in SOLVERS or (shared and solver == "svd"):
            others = ' without "svd", which needs all rows in one place,' * shared
            raise ValueError(f"solver must be one of {SOLVERS}{others} got {solver!r}.")
        self.shared = shared
        self.n_components, self.solver = whole_number("n_components", n_components, 1), solver
        self.seed, self.max_bytes = whole_number("seed", seed, 0), whole_number("max_bytes", max_bytes, 0)

    @torch.no_grad()
    def fit(self, g: InvertibleNetwork, images: Tensor, batch_size: int = 256) -> LatentPCA:
        """The components of g(images); images (N, *g.in_shape). With g = Flatten(shape) it is pixel PCA."""
        batch_size = whole_number("batch_size", batch_size, 1)
        check_network("g", g)
        self._check("images", images, tuple(g.in_shape))
        self.g, self.batch_size = g, batch_size
        n = g.out_shape[0]
        if len(images) * n * images.element_size() <= self.max_bytes:
            return self._fit(_Rows.of(_stack(self._encoded(images), len(images)), self.shared), fits=True)
        return self._fit(_Rows(lambda: self._encoded(images), len(images), n, shared=self.shared), fits=False)

    @torch.no_grad()
    def fit_latents(self, latents: Tensor) -> LatentPCA:
        """The components of latents (N, n) that are there already; `transform` then takes latents as well."""
        if check_floats("latents", latents).ndim != 2:
            raise ValueError(f"latents must have shape (N, n), got {tuple(latents.shape)}; flatten them.")
        self._check("latents", latents, tuple(latents.shape[1:]))
        self.g, self.batch_size = None, len(latents)
        return self._fit(_Rows.of(_at_least_float32(latents), self.shared), fits=True)

    @torch.no_grad()
    def transform(self, images: Tensor) -> Tensor:
        """Coordinates (B, k) of images (B, *g.in_shape): cᵢ = ⟨g(x) - mean, componentsᵢ⟩."""
        self._check_fitted()
        _check_points("images", images, self._point_shape(), least=0)
        if not len(images):  # convolutions refuse an empty batch
            return self.mean.new_empty(0, self.n_components)
        return torch.cat([(z.to(self.mean) - self.mean) @ self.components.mT for z in self._encoded(images)])

    @torch.no_grad()
    def inverse_transform(self, coordinates: Tensor) -> Tensor:
        """The images (B, *g.in_shape) at coordinates (B, k): g⁻¹(mean + Σᵢ cᵢ componentsᵢ)."""
        self._check_fitted()
        if check_floats("coordinates", coordinates).ndim != 2 or coordinates.shape[1] != self.n_components:
            shape = tuple(coordinates.shape)
            raise ValueError(
                f"coordinates must have shape (B, {self.n_components}), got {shape}; reshape them."
            )
        latents = self.mean + coordinates.to(self.mean) @ self.components
        if self.g is None or not len(latents):
            return latents if self.g is None else latents.new_empty(0, *self.g.in_shape)
        return torch.cat(list(_apply(self.g.inv, latents, self.batch_size)))

    def __repr__(self) -> str:
        state = f"{self.used}, dimension {len(self.mean)}" if hasattr(self, "mean") else "not fitted"
        return f"LatentPCA({self.n_components} components, {state})"

    @property
    def spread(self) -> Tensor:
        """Standard deviation along each component, √explained_variance, (k,)."""
        self._check_fitted()
        return self.explained_variance.sqrt()

    @property
    def device(self) -> torch.device:
        """Where the components lie: the device of g, or of the data where g has no parameters."""
        self._check_fitted()
        return self.mean.device

    def _check(self, name: str, points: Tensor, shape: tuple[int, ...]) -> None:
        """What one rank is to refuse all do, or the others would wait for it."""
        if self.shared:
            ranks.together(lambda: _check_points(name, points, shape))
        else:
            _check_points(name, points, shape)

    def _fit(self, rows: _Rows, fits: bool) -> LatentPCA:
        k, count, n = self.n_components, rows.count, rows.n
        if k > min(count, n):
            raise ValueError(
                f"n_components must be at most {min(count, n)} for {count} samples with {n} axes, got {k}; "
                "ask for fewer or bring more samples."
            )
        self.used = _choose(count, n, k, fits and not self.shared) if self.solver == "auto" else self.solver
        solve = {"svd": _by_svd, "covariance": _by_covariance, "randomized": _by_krylov}[self.used]
        mean, scatter, total, vectors = solve(rows, k, self.seed)
        self.passes = rows.passes
        flip = vectors.gather(0, vectors.abs().argmax(0, keepdim=True)).sign()
        self.mean, self.components = mean.to(rows.dtype), (vectors * flip).mT.to(rows.dtype).contiguous()
        scatter = scatter.clamp(min=0)
        self.singular_values = scatter.sqrt().to(rows.dtype)
        self.explained_variance = (scatter / (count - 1)).to(rows.dtype)
        self.explained_variance_ratio = (scatter / total).to(rows.dtype)
        return self

    def _encoded(self, images: Tensor) -> Iterator[Tensor]:
        if self.g is None:
            return iter(images.split(self.batch_size))
        return _apply(self.g, images, self.batch_size)

    def _point_shape(self) -> tuple[int, ...]:
        return tuple(self.mean.shape if self.g is None else self.g.in_shape)

    def _check_fitted(self) -> None:
        if not hasattr(self, "mean"):
            raise ValueError(
                "this LatentPCA is not fitted yet; call fit(g, images) or fit_latents(latents) first."
            )


class _Rows:
    """Samples as blocks of rows (b, n), as often as asked for: `blocks()` is a fresh iterator."""

    def __init__(
        self,
        blocks: Callable[[], Iterator[Tensor]],
        count: int,
        n: int,
        held: bool = False,
        shared: bool = False,
    ) -> None:
        self.blocks, self.n, self.held, self.shared, self.passes = blocks, n, held, shared, 0
        first = next(blocks())
        self.count = int(self.over_ranks(torch.tensor(count, device=first.device)))
        self.start = ranks.from_first(first.mean(0)) if shared else first.mean(0)
        self.dtype, self.device = first.dtype, first.device
        # float64 where the device has it: sums over many blocks lose nothing, and cost nothing
        self.wide = torch.float32 if self.device.type in WITHOUT_FLOAT64 else torch.float64

    @staticmethod
    def of(matrix: Tensor, shared: bool = False) -> _Rows:
        blocks = matrix.split(max(1, BLOCK // matrix.shape[1]))
        count, size = matrix.shape
        return _Rows(lambda: iter(blocks), count, size, held=True, shared=shared)

    def over_ranks(self, tensor: Tensor) -> Tensor:
        """The tensor, which is a sum over this rank's rows, as the sum over the rows of all."""
        if self.shared:
            ranks.summed(tensor)
        return tensor

    def centred(self, centre: Tensor, fine: bool = False) -> Iterator[Tensor]:
        """The blocks minus a centre, each valid until the next: one buffer, for fresh memory is slow.

        `fine` blocks stay in the cache of a core while they are used a few times.
        """
        self.passes += 1
        fine = fine and self.device.type == "cpu"
        most = max(LEAST_ROWS, PART // self.n) if fine else max(1, BLOCK // self.n)
        buffer = torch.empty(0, self.n, dtype=self.dtype, device=self.device)
        for block in (part for whole in self.blocks() for part in whole.split(most)):
            if len(block) > len(buffer):
                buffer = torch.empty_like(block, memory_format=torch.contiguous_format)
            yield torch.sub(block, centre, out=buffer[: len(block)])

    def moments(self, product: Callable[[Tensor], Tensor], fine: bool = False) -> tuple[Tensor, Tensor]:
        """mean (n,), and Σ product(block of z - mean) for a product quadratic in z, (n, n) or (n,)."""
        total = torch.zeros(self.n, dtype=self.wide, device=self.device)
        squares = torch.zeros_like(product(total[None]))
        for block in self.centred(self.start, fine):  # near the mean, so the correction below cancels nothing
            total += block.sum(0)
            squares += product(block)
        self.over_ranks(total)
        self.over_ranks(squares)
        shift = total / self.count
        mean = self.start.to(self.wide) + shift
        if not torch.isfinite(mean).all():
            raise ValueError(
                "the latents hold NaN or infinity; leave out the images for which g(x) is not finite."
            )
        return mean, squares - self.count * product(shift[None])


def _choose(count: int, n: int, k: int, fits: bool) -> str:
    if fits and count * n * min(count, n) <= 2e9:
        return "svd"
    if n <= max(512, 32 * k) or (n <= 4096 and not fits):
        return "covariance"
    return "randomized"


def _by_svd(rows: _Rows, k: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    mean, squares = rows.moments(lambda block: block.square().sum(0), fine=True)
    total = _checked_total(squares.sum(), mean, rows)
    matrix = _stack(rows.centred(mean.to(rows.dtype)), rows.count)
    _, values, vectors = torch.linalg.svd(matrix, full_matrices=False)
    return mean, values[:k].to(rows.wide).square(), total, vectors[:k].mT


def _by_covariance(rows: _Rows, k: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    mean, scatter = rows.moments(_gram)
    total = _checked_total(scatter.trace(), mean, rows)
    values, vectors = largest_pairs(scatter, k, seed)
    return mean, values, total, vectors


def largest_pairs(C: Tensor, k: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """The k largest eigenvalues, descending, and their vectors (n, k), of a symmetric C (n, n) ≥ 0, on its device.

    >>> largest_pairs(torch.diag(torch.tensor([1.0, 3.0, 2.0])), 2)[0]
    tensor([3., 2.])
    """
    n = len(C)
    if 16 * k <= n and n >= (2048 if C.device.type == "cpu" else 1024):
        found = _filtered(C, k, seed)
        if found is not None:
            return found
    if (
        C.device.type == "cpu"
    ):  # LAPACK finds k pairs in a fraction of the time of all, but torch has no name for it
        import scipy.linalg  # here, as whoever loads a model and asks for no PCA need not wait for it

        some = scipy.linalg.eigh(C.numpy(), subset_by_index=[n - k, n - 1])
        values, vectors = map(torch.from_numpy, some)
    else:
        values, vectors = (pairs[..., -k:] for pairs in torch.linalg.eigh(C))
    return values.flip(0), vectors.flip(1)


def _filtered(
    C: Tensor, k: int, seed: int, degree: int = 10, rounds: int = 40, tolerance: float = 1e-11
) -> tuple[Tensor, Tensor] | None:
    """`largest_pairs` by products with narrow matrices alone: a Chebyshev polynomial of C that is small below the span.

    None where the residuals of some pair stay above `tolerance` of the largest eigenvalue, as for a flat spectrum.
    """
    basis = _start(len(C), _wide(k), seed, C)
    tolerance = max(tolerance, 20 * torch.finfo(C.dtype).eps)
    for _ in range(rounds):
        image = C @ basis
        small = basis.mT @ image
        values, vectors, residual = _ritz(basis, image, small, k)
        if (residual <= tolerance * values[0]).all():
            return values, vectors
        least = torch.linalg.eigvalsh(small)[0]
        half = 0.45 * torch.maximum(
            least, 0.01 * values[0]
        )  # the filter is at most 1 on [0, 2 half], and grows above
        before, basis = basis, image / half - basis
        for _ in range(degree - 1):
            before, basis = basis, 2 * (C @ basis / half - basis) - before
        basis = torch.linalg.qr(basis).Q
    return None


def _wide(k: int) -> int:
    """A few more than the k that are wanted; multiples of 8 keep products fast."""
    return -(-(k + 5) // 8) * 8


def _start(n: int, width: int, seed: int, like: Tensor) -> Tensor:
    """Orthonormal columns of noise (n, width), or (n, n) where that is less."""
    draw = torch.randn(n, min(n, width), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.linalg.qr(draw.to(like)).Q


def _by_krylov(rows: _Rows, k: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    mean, squares = rows.moments(lambda block: block.square().sum(0), fine=True)
    total = _checked_total(squares.sum(), mean, rows)
    centre = mean.to(rows.dtype)

    def scatter_times(q: Tensor) -> Tensor:
        wide = q.mT.to(rows.dtype).contiguous()  # (w, n): both products then run along the rows as they lie
        result = torch.zeros(wide.shape, dtype=rows.wide, device=rows.device)
        for block in rows.centred(centre, fine=True):
            result += (wide @ block.mT) @ block
        return rows.over_ranks(result).mT

    tolerance, passes = TOLERANCES[rows.dtype]
    values, vectors = _krylov(scatter_times, rows, k, seed, tolerance, passes)
    return mean, values, total, vectors


def _krylov(
    times: Callable[[Tensor], Tensor], rows: _Rows, k: int, seed: int, tolerance: float, passes: int
) -> tuple[Tensor, Tensor]:
    """The k largest eigenpairs of a symmetric map C, from the span of Q, CQ, C²Q, …"""
    width = min(_wide(k), NARROW) if rows.held else _wide(k)
    basis = _start(rows.n, width, seed, torch.empty(0, dtype=rows.wide, device=rows.device))
    width, image = basis.shape[1], times(basis)
    small = basis.mT @ image
    while basis.shape[1] < passes * _wide(k):
        if basis.shape[1] >= k:
            values, vectors, residual = _ritz(basis, image, small, k)
            noise = 20 * torch.finfo(rows.dtype).eps * values[0]  # what rounding in the products leaves
            if (residual <= tolerance * values.abs() + noise).all():
                return values, vectors
        fresh = image[:, -width:][:, : rows.n - basis.shape[1]]
        if fresh.shape[1] == 0:
            break
        for _ in range(2):  # twice is enough (Kahan, Parlett)
            fresh = torch.linalg.qr(fresh - basis @ (basis.mT @ fresh)).Q
        beyond, before = times(fresh), basis.shape[1]
        basis, image = torch.cat([basis, fresh], 1), torch.cat([image, beyond], 1)
        side = basis.mT @ beyond  # all that is new of basisᵀ image, which is symmetric
        small = torch.cat([torch.cat([small, side[:before].mT]), side], 1)
    return _ritz(basis, image, small, k)[:2]


def _ritz(basis: Tensor, image: Tensor, small: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Best eigenpairs within a basis (n, w), given its image C·basis and basisᵀ C basis; their residuals ‖C v - λ v‖."""
    values, mix = torch.linalg.eigh((small + small.mT) / 2)
    values, mix = values[-k:].flip(0), mix[:, -k:].flip(1)
    vectors = basis @ mix
    return values, vectors, torch.linalg.vector_norm(image @ mix - vectors * values, dim=0)


def _gram(block: Tensor) -> Tensor:
    """blockᵀ block. On a CPU NumPy's product is taken, which sees the symmetry and does half of the work."""
    if block.device.type != "cpu":
        return block.mT @ block
    rows = block.numpy()
    with np.errstate(over="ignore", invalid="ignore"):  # _checked_total reports it
        return torch.from_numpy(rows.T @ rows)


def _checked_total(total: Tensor, mean: Tensor, rows: _Rows) -> Tensor:
    """The total scatter Σ‖z - mean‖², unless it is nothing but rounding."""
    if not torch.isfinite(total):
        raise ValueError(f"the latents are too large to square in {rows.dtype}; scale them or pass float64.")
    rounding = torch.finfo(rows.dtype).eps * mean.abs().amax()
    if total <= rows.count * rows.n * rounding.square():
        raise ValueError(
            f"all {rows.count} samples are the same, so no direction has variance; bring other images."
        )
    return total


def _check_points(name: str, points: Tensor, shape: tuple[int, ...], least: int = 2) -> None:
    check_floats(name, points)
    if tuple(points.shape[1:]) != shape or points.ndim != len(shape) + 1:
        wanted = ", ".join(map(str, ("N", *shape)))
        raise ValueError(
            f"{name} must have shape ({wanted}), got {tuple(points.shape)}; reshape or resize them."
        )
    if len(points) < least:
        raise ValueError(
            f"{name} must be at least {least} to have a variance, got {len(points)}; bring more."
        )


def _apply(network: InvertibleNetwork, points: Tensor, batch_size: int) -> Iterator[Tensor]:
    """The network over batches, on the network's own device and in its precision where it has any."""
    dtype = precision_of(network)
    check_precision(type(network).__name__, dtype or torch.float32)
    like = next(network.parameters(), next(network.buffers(), points))
    for batch in points.split(batch_size):
        yield network(_at_least_float32(batch).to(like.device, dtype))


def _at_least_float32(latents: Tensor) -> Tensor:
    return latents if latents.dtype in PRECISIONS else latents.float()


def _stack(blocks: Iterator[Tensor], count: int) -> Tensor:
    """Blocks of rows below each other, copied one by one, so that they never lie in memory twice."""
    first = next(blocks)
    matrix = first.new_empty(count, first.shape[1])
    matrix[: len(first)], row = first, len(first)
    for block in blocks:
        matrix[row : row + len(block)] = block
        row += len(block)
    return matrix
