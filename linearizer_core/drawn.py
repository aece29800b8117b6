"""Which figures a model gets, and what is plotted in them: `Recipe.drawn` names them, `plots` draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import torch
from torch import Tensor, nn

from . import algebra
from .data.dataset import Dataset, as_input
from .linearizer import Linearizer
from .measures import projectors
from .measures.pixels import by_pixel_pca, pixel_pca, psnr_by_rank
from .methods.nested import truncate_axes
from .models.generator import Generator
from .models.projector import Projector
from .models.styles import Styles
from .networks import Flatten
from .operators import LinearOperator
from .pca import LatentPCA
from .plots import Plot, curves, pictures, plane, scatter, spectrum
from .recipes.base import Recipe
from .spaces import InducedSpace, decode, encode

SHOWN, DECODED = 2000, 500
"""Test pictures of a map, and how many of them are made again from every rank."""
LICENCE = "It shows pictures of the data set: its licence says where they may be published."


@torch.no_grad()
def spectrum_of(model: Linearizer | Styles) -> Plot:
    """The singular values of A, of B where the model generates, of every style's operator.

    >>> from linearizer_core.operators import Diagonal
    >>> spectrum_of(Linearizer(Flatten((2,)), Diagonal(torch.tensor([3.0, 1.0])), Flatten((2,)))).caption
    'Singular values of A (2, from 3 to 1).'
    """
    values = {name: algebra.singular_values(A) for name, A in operators(model).items()}
    told = (
        f"{name} ({len(s)}, from {float(s.max()):.3g} to {float(s.min()):.3g})"
        for name, s in values.items()
        if len(s)
    )
    return Plot("spectrum", spectrum(values), f"Singular values of {'; of '.join(told)}.")


@singledispatch
def operators(model: Any) -> dict[str, LinearOperator]:
    """The operators of a model by name.

    >>> from linearizer_core.operators import Identity
    >>> operators(Linearizer(Flatten((2,)), Identity(2), Flatten((2,))))
    {'A': Identity(shape=(2, 2))}
    """
    return {"A": model.A}


@operators.register
def _(model: Generator) -> dict[str, LinearOperator]:
    return {"A": model.A, "B": model.collapse().A}


@operators.register
def _(model: Styles) -> dict[str, LinearOperator]:
    return {name: model.operator(name) for name in model.names}


@torch.no_grad()
def maps_of(model: Linearizer, x: Tensor, labels: Tensor | None = None, names: Sequence[str] = ()) -> Plot:
    """Pictures x (N, *in_shape) on the first two principal components of their latents, and of their pixels.

    >>> from linearizer_core.operators import Identity
    >>> maps_of(Linearizer(Flatten((1, 2, 2)), Identity(4), Flatten((1, 2, 2))), torch.rand(9, 1, 2, 2)).name
    'pca'
    """
    spaces = {"latents g(x)": model.g_x, "pixels x": Flatten(model.g_x.in_shape)}
    found = {name: LatentPCA(2).fit(g, x) for name, g in spaces.items()}
    shares = [f"{float(pca.explained_variance_ratio.sum()):.0%}" for pca in found.values()]
    titles = [f"{name}, 2 components: {share}" for name, share in zip(found, shares)]
    figure = scatter({title: pca.transform(x) for title, pca in zip(titles, found.values())}, labels, names)
    caption = f"Principal components of {len(x)} test pictures. The first two explain {shares[0]} of the variance of their "
    return Plot("pca", figure, caption + f"latents and {shares[1]} of the variance of their pixels.")


@torch.no_grad()
def ranks_of(model: Linearizer, x: Tensor, pca: LatentPCA) -> Plot:
    """PSNR of pictures x (N, C, H, W) made from their first k latent axes, and from their first k pixel components.

    >>> from linearizer_core.operators import Identity
    >>> x, g = torch.rand(20, 1, 4, 4), Flatten((1, 4, 4))
    >>> ranks_of(Linearizer(g, Identity(16), g), x, LatentPCA(4).fit(g, x)).figure.axes[0].lines[0].get_xdata().tolist()
    [1, 2, 4]
    """
    most = min(len(pca.components), model.rank if isinstance(model, Projector) else model.A.shape[0])
    ranks = [2**i for i in range(most.bit_length())]
    ours = psnr_by_rank(lambda part: coarser(model, part, ranks), x, ranks)
    pixels = psnr_by_rank(lambda part: ((k, by_pixel_pca(pca, part, k)) for k in ranks), x, ranks)
    over, last = torch.tensor(ranks), ranks[-1]
    figure = curves({"latent axes": (over, ours), "pixel PCA": (over, pixels)}, "rank k", "PSNR in dB")
    caption = f"{len(x)} test pictures made from their first k latent axes, and from k principal components of the training "
    told = f"pictures' pixels. At rank {last}: {float(ours[-1]):.2f} dB, pixels {float(pixels[-1]):.2f} dB."
    return Plot("ranks", figure, caption + told)


@singledispatch
def coarser(model: Linearizer, x: Tensor, ranks: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
    """k and the pictures x (B, C, H, W) from their first k axes, for each of the ranks; x is encoded once.

    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(Flatten((1, 1, 2)), Identity(2), Flatten((1, 1, 2)))
    >>> dict(coarser(f, torch.ones(1, 1, 1, 2), [1]))
    {1: tensor([[[[1., 0.]]]])}
    """
    z = encode(model.g_x, x)
    for k in ranks:
        yield k, decode(model.g_x, truncate_axes(z, torch.full((len(z),), k)))


@coarser.register
def _(model: Projector, x: Tensor, ranks: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
    return projectors.by_rank(model, x, ranks)


@torch.no_grad()
def morphs_of(model: Linearizer, x: Tensor, y: Tensor, frames: int = 9) -> Plot:
    """The straight lines from pictures x (P, C, H, W) to y in the space that g induces, each above the blends of pixels.

    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(Flatten((1, 2, 2)), Identity(4), Flatten((1, 2, 2)))
    >>> len(morphs_of(f, torch.rand(3, 1, 2, 2), torch.rand(3, 1, 2, 2)).figure.axes)
    6
    """
    ts = torch.linspace(0, 1, frames).to(x)
    rows = {}
    for i, (first, last) in enumerate(zip(x, y), 1):
        rows[f"pair {i}: (1 − t) ⊙ x ⊕ t ⊙ y"] = model.domain.line(first, last, ts)
        rows[f"pair {i}: (1 − t) x + t y, pixel by pixel"] = InducedSpace(Flatten(x.shape[1:])).line(
            first, last, ts
        )
    caption = f"{frames} points of the straight line between two test pictures, for {len(x)} pairs: in the space that g "
    return Plot("morphs", pictures(rows), caption + "induces, and below it pixel by pixel. " + LICENCE)


@torch.no_grad()
def samples_of(
    model: Linearizer, generator: torch.Generator, names: Sequence[str] = (), each: int = 10
) -> Plot:
    """What a model makes of noise, `each` pictures a row: of every class where there are several, else five rows.

    >>> from linearizer_core.operators import Projection
    >>> f = Projector(Flatten((1, 2, 2)), Projection(torch.eye(4, 2)))
    >>> samples_of(f, torch.Generator()).caption
    '50 points of the range of f, drawn from noise as far out as data are.'
    """
    rows, caption = drawn(model, generator, each, names)
    return Plot("samples", pictures(rows), f"{sum(map(len, rows.values()))} {caption}")


@singledispatch
def drawn(
    model: Linearizer, generator: torch.Generator, each: int, names: Sequence[str] = ()
) -> tuple[dict[str, Tensor], str]:
    """Rows of what a model makes of noise, and what they are. ValueError for a model that makes nothing of it.

    >>> from linearizer_core.operators import Identity
    >>> drawn(Linearizer(Flatten((2,)), Identity(2), Flatten((2,))), torch.Generator(), 3)
    Traceback (most recent call last):
    ValueError: a Linearizer draws no samples; a Generator and a Projector do.
    """
    raise ValueError(f"a {type(model).__name__} draws no samples; a Generator and a Projector do.")


@drawn.register
def _(
    model: Generator, generator: torch.Generator, each: int, names: Sequence[str] = ()
) -> tuple[dict[str, Tensor], str]:
    classes = len(model.means)
    count = classes if classes > 1 else 5
    noise = torch.randn(count, each, *model.g_y.in_shape, generator=generator).to(model.means)
    if classes == 1:
        found = decode(model.g_y, model.collapse().A(torch.stack([model.start(row) for row in noise])))
        return _numbered(found), "samples, each from its noise in one step, x = g⁻¹(B g_noise(x₀))."
    starts = torch.stack([model.start(row, c) for c, row in enumerate(noise)])
    found = decode(model.g_y, model.collapse().A(starts))
    titles = names if len(names) == classes else [f"class {c}" for c in range(classes)]
    return dict(
        zip(titles, found)
    ), "samples, each from its noise in one step, x = g⁻¹(B (x₀ + ν_c)); a class a row."


@drawn.register
def _(
    model: Projector, generator: torch.Generator, each: int, names: Sequence[str] = ()
) -> tuple[dict[str, Tensor], str]:
    noise = torch.randn(5, each, model.rank, generator=generator)
    found = torch.stack([model.draw(row.to(model.total_std)) for row in noise])
    return _numbered(found), "points of the range of f, drawn from noise as far out as data are."


def _numbered(rows: Tensor) -> dict[str, Tensor]:
    each = len(rows[0])
    return {f"{i * each + 1} to {(i + 1) * each}": row for i, row in enumerate(rows)}


@torch.no_grad()
def styles_of(model: Styles, photos: Tensor) -> Plot:
    """Photos (N, 3, H, W) in every style: a row each, the photo first.

    >>> from linearizer_core.recipes import PhotoStyles
    >>> model = PhotoStyles(teacher=("plain=x.onnx",), depth=1, hidden=4, blocks=1).build()
    >>> styles_of(model, torch.rand(2, 3, 64, 64)).caption.partition(". ")[0]
    '2 photos that were not trained on, as they are and in each of 1 styles'
    """
    rows = {
        f"photo {i}": torch.stack([x, *(model[name](x[None])[0] for name in model.names)])
        for i, x in enumerate(photos, 1)
    }
    figure = pictures(rows, columns=["photo", *model.names])
    caption = f"{len(photos)} photos that were not trained on, as they are and in each of {len(model.names)} styles. "
    return Plot("styles", figure, caption + LICENCE)


@torch.no_grad()
def composed_of(model: Styles, photo: Tensor) -> Plot:
    """One photo (3, H, W) in every pair of styles, A₂A₁: a row for each A₁, a column for each A₂.

    >>> from linearizer_core.recipes import PhotoStyles
    >>> model = PhotoStyles(teacher=("plain=x.onnx",), depth=1, hidden=4, blocks=1).build()
    >>> composed_of(model, torch.rand(3, 64, 64)).name
    'composed'
    """
    rows = {
        first: torch.stack([(model[then] @ model[first])(photo[None])[0] for then in model.names])
        for first in model.names
    }
    caption = "A photo that was not trained on in each pair of styles: first that of the row, then that of the column. "
    return Plot(
        "composed", pictures(rows, columns=[f"then {name}" for name in model.names]), caption + LICENCE
    )


def plane_of(model: Linearizer, x: Tensor, labels: Tensor, names: Sequence[str] = ()) -> Plot:
    """The grid that g bends, with points x (N, 2) by class.

    >>> from linearizer_core.operators import Identity
    >>> f = Linearizer(Flatten((2,)), Identity(2), Flatten((2,)))
    >>> plane_of(f, torch.rand(4, 2), torch.tensor([0, 0, 1, 1])).name
    'plane'
    """
    named = {c: names[c] if 0 <= c < len(names) else f"class {c}" for c in labels.unique().tolist()}
    figure = plane(model.g_x, {name: x[labels == c] for c, name in named.items()})
    caption = f"{len(x)} test points. Left the plane, with the lines that g straightens; right what g makes of both."
    return Plot("plane", figure, caption)


# --- which of them a recipe asks for --------------------------------------------------------------------------
@dataclass(frozen=True)
class Subject:
    """A trained model with its recipe, and where its data lie: what the figures that the recipe names are drawn of.

    >>> from linearizer_core.recipes import PlaneIdentity
    >>> subject = Subject(PlaneIdentity().build(), PlaneIdentity(count=40))
    >>> subject.x.shape
    torch.Size([10, 2])
    """

    model: Any  # an nn.Module of the kind that the figures of the recipe are of
    recipe: Recipe
    path: str | None = None
    seed: int = 0

    @cached_property
    def data(self) -> Dataset:
        """The data of the recipe, read at the first question."""
        return self.recipe.dataset(self.path)

    @cached_property
    def some(self) -> Tensor:
        """Which test pictures are drawn: all, or so many at random."""
        count = len(self.data.test_images)
        return torch.randperm(count, generator=self.generator)[:SHOWN]

    @property
    def generator(self) -> torch.Generator:
        """A fresh generator of the seed, so that no figure depends on another."""
        return torch.Generator().manual_seed(self.seed)

    @cached_property
    def x(self) -> Tensor:
        """The test pictures that are drawn, on the device of the model."""
        return as_input(self.data.test_images[self.some]).to(next(self.model.parameters()).device)

    @property
    def labels(self) -> Tensor:
        """The labels of x."""
        return self.data.test_labels[self.some]

    def photographs(self, count: int) -> Tensor:
        """So many of those that the recipe was not trained on, on the device of the model: of a recipe that has them."""
        recipe: Any = self.recipe
        return recipe.photographs(self.path)[:count].to(next(self.model.parameters()))


def _morphs(subject: Subject, pairs: int = 4) -> Plot:
    x, y = subject.x[: 2 * pairs].split(min(pairs, len(subject.x) // 2))[:2]
    return morphs_of(subject.model, x, y)


DRAWN: dict[str, Callable[[Subject], Plot]] = {
    "spectrum": lambda s: spectrum_of(s.model),
    "pca": lambda s: maps_of(s.model, s.x, s.labels, s.data.names),
    "ranks": lambda s: ranks_of(s.model, s.x[:DECODED], pixel_pca(s.data, 256, device=s.x.device)),
    "morphs": _morphs,
    "samples": lambda s: samples_of(s.model, s.generator, s.data.names),
    "styles": lambda s: styles_of(s.model, s.photographs(4)),
    "composed": lambda s: composed_of(s.model, s.photographs(1)[0]),
    "plane": lambda s: plane_of(s.model, s.x, s.labels, s.data.names),
}
"""What `Recipe.drawn` may name."""


def of(recipe: Recipe, model: nn.Module, path: str | None = None, seed: int = 0) -> Iterator[Plot]:
    """The figures of a trained model that its recipe names, on data that was not trained on, at `path` as for `evaluate`.

    >>> from linearizer_core.recipes import PlaneIdentity
    >>> [plot.name for plot in of(PlaneIdentity(count=40), PlaneIdentity().build())]
    ['spectrum', 'plane']
    """
    subject = Subject(model, recipe, path, seed)
    return (DRAWN[name](subject) for name in recipe.drawn)
