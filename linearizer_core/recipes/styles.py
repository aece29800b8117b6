"""`styles`: four painters in one latent space, distilled from style networks; any photo, any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.dataset import DataError, Dataset
from ..data.images import photo_folder, read_image
from ..data.teachers import Teacher, parse_teachers
from ..diagnostics import flat_contrast, grid_power, psnr
from ..diagnostics.pictures import grid_lines
from ..files import expanded
from ..inputs import as_float
from ..measures.figure import Figure
from ..measures.styles import evaluate_styles
from ..methods.texture import FilterBank, cut, lattice, texture_distance
from ..models.photo import photo_network
from ..models.styles import Styles
from ..networks import initialise, photo_flow
from ..operators import Exponential
from ..randomness import seeded
from .base import Batch, Recipe

LEAST = 64
"""Pixels of the smallest side of a photo."""
MOST_OCTAVES = 5
"""Bands of contrast: the next would be means over 33 pixels, wider than the least window."""
SHORT_SIDE = 320
"""Pixels of the middle square of a photo that training cuts its views from."""


@dataclass(frozen=True, kw_only=True)
class PhotoStyles(Recipe):
    r"""`styles`: a shared fully convolutional g and A_s = exp(L_s) per style, so that f_s(x) is what teacher s makes of x.

    `teacher` gives a name and an ONNX file (relative to --data) for each style, `pixel_top` the largest pixel that they
    take. Each photo of the folder `photos` is seen in `views` squares of different place and size, painted by each teacher
    once; a step takes a random `crop` of `batch` of them and paints it in every style. The loss is |e| + 2 e² of the error
    e = f(x) − y, plus `texture_weight` times the distance of filter statistics from the share `texture_from` of training on,
    `local_weight` times the same distance for each `window` of pixels by itself (which gives a flat surface the weight of
    any other), `contrast_weight` times the error of the windows' contrast in `octaves` bands, `lattice_weight` times what
    repeats with the grid of the latent positions, and `grid_weight` times the logarithm by which the grids of 4 and of 8
    pixels have more power than the teacher's, window by window. The latents start with mean `offset`, which gives an
    operator something constant to say which style it is.

    With `composed` each view has one more target, what a random teacher makes of the picture of another: A₂A₁ learns it.

    `photo` fits the middle square of that one photo instead of the folder. With `operators_only` g stays as it is and only
    the operators of the teachers are learned: so a style is added to a trained g, whose other styles `kept` names.

    >>> PhotoStyles(depth=1, hidden=4, blocks=1).build().names
    ('mosaic', 'candy', 'rain-princess', 'udnie')
    """

    name: ClassVar[str] = "styles"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "styles", "composed")
    teacher: tuple[str, ...] = (
        "mosaic=style_teachers/mosaic.onnx",
        "candy=style_teachers/candy.onnx",
        "rain-princess=style_teachers/rain-princess.onnx",
        "udnie=style_teachers/udnie.onnx",
    )
    pixel_top: float = 255.0
    photos: str = "photos"
    photo: str = ""
    operators_only: bool = False
    kept: tuple[str, ...] = ()
    depth: int = 4
    hidden: int = 64
    blocks: int = 3
    bound: float = 1.0
    offset: float = 1.0
    steps: int = 4500
    batch: int = 1
    learning_rate: float = 1e-3
    evaluate_every: int = 500
    mixed_precision: bool = True
    views: int = 4
    crop: int = 256
    texture_weight: float = 0.3
    texture_from: float = 0.5
    local_weight: float = 0.0
    window: int = 32
    lattice_weight: float = 3.0
    contrast_weight: float = 0.0
    octaves: int = 1
    grid_weight: float = 0.0
    composed: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        twice = set(self.kept) & set(parse_teachers(self.teacher))
        if twice or (self.kept and not self.operators_only):
            raise ValueError(
                f"{self.name}: kept styles need operators_only and must not have a teacher, got kept={self.kept}."
            )
        grain = 32  # `lattice` looks at windows of 4 positions of 8 pixels
        if self.views < 1 or self.crop < LEAST or self.crop % grain:
            raise ValueError(
                f"{self.name}: views must be at least 1 and crop a multiple of {grain} from {LEAST} on, "
                f"got {self.views} and {self.crop}."
            )
        if self.window < grain or self.window % 4 or self.crop % self.window:
            raise ValueError(
                f"{self.name}: window must be a multiple of 4 from {grain} on that divides crop, got {self.window}."
            )
        if not 1 <= self.octaves <= MOST_OCTAVES:
            raise ValueError(f"{self.name}: octaves must be from 1 to {MOST_OCTAVES}, got {self.octaves}.")

    @property
    def learned(self) -> tuple[str, ...]:
        """The names of the styles that have a teacher."""
        return tuple(parse_teachers(self.teacher))

    def build(self) -> Styles:
        with seeded(self.seed):
            g = photo_flow((3, LEAST, LEAST), self.depth, self.hidden, self.blocks, self.bound)
        g.requires_grad_(not self.operators_only)
        channels = g.networks[-1].in_shape[0]
        names = (*self.kept, *self.learned)
        operators = {name: Exponential(nn.Parameter(torch.zeros(channels, channels))) for name in names}
        return Styles(g, operators)

    def companion(self) -> nn.Module:
        return nn.Identity()

    def dataset(self, path: str | None) -> Dataset:
        """Pictures (N, 3 + 3·styles, S, S): a view of a photo, then what each teacher made of it, then a pair of them."""
        photos, teachers = self._photos(path), self._teachers(path)
        generator = torch.Generator().manual_seed(self.seed)
        views = square_views(photos.train_images, self.views, teachers[0].side, generator)
        data = painted(photos._replace(train_images=views), teachers)
        return in_pairs(data, teachers, generator) if self.composed else data

    def evaluation_dataset(self, path: str | None) -> Dataset:
        """As `dataset`, with the middle squares of the photos only."""
        photos, teachers = self._photos(path), self._teachers(path)
        middle = square_views(photos.train_images, 1, teachers[0].side, torch.Generator())
        return painted(photos._replace(train_images=middle), teachers)

    def photographs(self, path: str | None) -> Tensor:
        """The middle squares of the photos that were not trained on, (N, 3, S, S) in [0, 1]; no teacher is asked."""
        return as_float(self._photos(path).test_images)

    def _photos(self, path: str | None) -> Dataset:
        folder = self._folder(path)
        if self.photo:
            beside = folder / self.photo  # where a config that names no folder of its own leads
            photo = expanded(self.photo)
            one = torch.tensor(read_image(photo if photo.is_file() else beside, SHORT_SIDE))[None]
            return Dataset(one, torch.zeros(1).long(), one, torch.zeros(1).long())
        return photo_folder(folder / self.photos, SHORT_SIDE)

    def _folder(self, path: str | None) -> Path:
        if path is None:
            raise DataError(
                f"{self.name} needs photos and teachers: pass --data with the folder that holds them."
            )
        return expanded(path)

    def _teachers(self, path: str | None) -> list[Teacher]:
        folder, files = self._folder(path), parse_teachers(self.teacher).values()
        return [Teacher(folder / expanded(file), self.pixel_top) for file in files]

    def for_one_photo(self) -> PhotoStyles:
        """The same model, to be fitted closely to one photo: no statistics, but every pixel where the teacher has it.

        >>> PhotoStyles().for_one_photo().texture_weight
        0.0
        """
        statistics: dict[str, Any] = {name: 0.0 for name in self.arguments() if name.endswith("_weight")}
        return replace(self, views=8, steps=400, learning_rate=1e-3, composed=False, **statistics)

    @property
    def afresh(self) -> tuple[str, ...]:
        """Where g stays as it is, the operators of the teachers are new."""
        return tuple(f"operators.{style}." for style in self.learned) if self.operators_only else ()

    def learning_rates(self, model: Styles) -> list[tuple[float, list[nn.Parameter]]]:
        learned = [p for name in self.learned for p in model.operators[name].parameters()]
        return [(1.0, learned if self.operators_only else list(model.parameters()))]

    def prepare(self, model: Styles, images: Tensor, labels: Tensor) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        some = torch.randperm(len(images), generator=generator)[:16].to(images.device)
        x = images[some, :3]
        initialise(photo_network(model.g, *x.shape[-2:]), x)
        last = model.g.networks[-2]
        with torch.no_grad():
            last.bias.add_(self.offset * (-last.log_scale).exp())

    def loss(self, model: Styles, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        images, labels, generator, done = batch
        pieces = random_crops(images, self.crop, generator)
        x, targets = pieces[:, :3], pieces[:, 3:].unflatten(1, (-1, 3)).transpose(0, 1).flatten(0, 1)
        pairs = labels if self.composed else None
        made = in_every_style(model, x, self.learned, pairs)
        error = made - targets
        terms = {
            "l1": error.abs().mean(),
            "mse": error.square().mean(),
            "lattice": lattice(error, model.multiple),
        }
        loss = terms["l1"] + 2 * terms["mse"] + self.lattice_weight * terms["lattice"]
        if self.grid_weight:
            tiles = max(1, made.shape[-1] // self.window)
            windows = cut(made, tiles), cut(targets, tiles)
            # both squeezes: held at 4 pixels alone, the pattern was seen to move to 8
            terms["grid"] = excess_grid(*windows) + excess_grid(*windows, period=8, around=1)
            loss = loss + self.grid_weight * terms["grid"]
        if self.contrast_weight:
            terms["contrast"] = contrast_error(made, targets, self.window, self.octaves)
            loss = loss + self.contrast_weight * terms["contrast"]
        if (self.texture_weight or self.local_weight) and done >= self.texture_from:
            terms |= self._texture(made, targets)
            loss = loss + self.texture_weight * terms["texture"]
            loss = loss + self.local_weight * terms.get("local", 0.0)
        return {"loss": loss, **terms}

    def _texture(self, made: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """The distance of filter statistics of whole pictures, and of their windows where these have a weight."""
        bank = FilterBank().to(made.device)
        tiles = max(1, made.shape[-1] // self.window) if self.local_weight else 1
        with torch.autocast(made.device.type, torch.bfloat16, enabled=self.mixed_precision):
            with torch.no_grad():
                wanted = bank(targets, tiles)
            grams = bank(made, tiles)
        whole = [[G.unflatten(0, (len(made), -1)).mean(1) for G in part] for part in (grams, wanted)]
        terms = {"texture": texture_distance(*whole).mean()}
        return terms | {"local": texture_distance(grams, wanted).mean()} if self.local_weight else terms

    @torch.no_grad()
    def report(self, model: Styles, dataset: Dataset) -> dict[str, float]:
        pictures = as_float(dataset.test_images[:12]).to(next(model.parameters()).device)
        bank, figures = FilterBank().to(pictures.device), {}
        made = torch.cat(
            [in_every_style(model, x[None], self.learned)[:, None] for x in pictures[:, :3]], 1
        ).clamp(0, 1)
        for name, ours, theirs in zip(self.learned, made, pictures[:, 3:].unflatten(1, (-1, 3)).unbind(1)):
            figures[f"psnr_{name}"] = psnr(ours, theirs)
            figures[f"texture_{name}"] = float(texture_distance(bank(ours), bank(theirs)).mean())
            figures[f"flat_{name}"] = flat_contrast(pictures[:, :3], ours, theirs)
            figures[f"grid_{name}"] = grid_power(ours) / grid_power(theirs)
        return figures

    @torch.no_grad()
    def sheet(self, model: Styles, dataset: Dataset) -> Tensor:
        """Six photos, two rows each: photo and the teachers' pictures, photo and ours."""
        pictures = as_float(dataset.test_images[:6]).to(next(model.parameters()).device)
        rows = []
        for picture in pictures:
            photo, *targets = picture.unflatten(0, (-1, 3))
            rows += [
                torch.stack([photo, *targets]),
                torch.stack([photo, *in_every_style(model, photo[None], self.learned)]),
            ]
        return torch.stack(rows)

    def evaluate(self, model: Styles, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_styles(model, self.evaluation_dataset(path), seed, self._teachers(path))


def in_every_style(model: Styles, x: Tensor, names: Sequence[str], pairs: Tensor | None = None) -> Tensor:
    """Photos x (B, 3, H, W), their sides multiples of the model's, in each style: (names · B, 3, H, W), style by style.

    `pairs` (B,) adds each photo in two styles, the (pair // names)-th first, then the (pair % names)-th.

    >>> model = PhotoStyles(depth=1, hidden=4, blocks=1).build()
    >>> in_every_style(model, torch.rand(2, 3, 64, 64), model.names).shape
    torch.Size([8, 3, 64, 64])
    """
    g = photo_network(model.g, *x.shape[-2:])
    z = g(x).unflatten(1, (model.channels, -1))
    operators = [model.operator(name).dense() for name in names]
    latents = [A @ z for A in operators]
    if pairs is not None:
        chosen = [operators[pair % len(names)] @ operators[pair // len(names)] for pair in pairs.tolist()]
        latents.append(torch.stack(chosen) @ z)
    return g.inverse(torch.cat(latents).flatten(1))  # one decode of all is faster than one each


def in_pairs(data: Dataset, teachers: list[Teacher], generator: torch.Generator) -> Dataset:
    """Each training picture with what a random teacher makes of a random one's behind it; the label is first · n + then.

    >>> x, c = torch.zeros(2, 6, 8, 8, dtype=torch.uint8), torch.zeros(2, dtype=torch.long)
    >>> made = in_pairs(Dataset(x, c, x, c), [lambda pictures: 255 - pictures], torch.Generator())
    >>> made.train_images[0].float().mean((1, 2)), made.train_labels
    (tensor([  0.,   0.,   0.,   0.,   0.,   0., 255., 255., 255.]), tensor([0, 0]))
    """
    count = len(teachers)
    pairs = torch.randint(count**2, (len(data.train_images),), generator=generator)
    once = data.train_images[:, 3:].unflatten(1, (-1, 3))
    twice = [teachers[pair % count](of[None, pair // count]) for of, pair in zip(once, pairs.tolist())]
    return data._replace(train_images=torch.cat([data.train_images, torch.cat(twice)], 1), train_labels=pairs)


def contrast_error(made: Tensor, wanted: Tensor, window: int, octaves: int = 1) -> Tensor:
    """|log σ − log σ'| of the grey of each window of pictures (B, 3, H, W), their mean; σ one level of a byte at least.

    Distances of textures are least for too little contrast where the strokes cannot be foretold; this one is not. With
    several `octaves` it is that of each band by itself, so that specks cannot pay for strokes that are missing.

    >>> x = torch.rand(2, 3, 64, 64)
    >>> round(float(contrast_error(0.5 * x, x, window=32)), 2)
    0.69
    """
    tiles = max(1, made.shape[-1] // window)
    errors = []
    for pair in zip(*(bands(x.mean(1, keepdim=True), octaves) for x in (made, wanted))):
        ours, theirs = ((cut(band, tiles).flatten(1).var(1) + 255**-2).log() for band in pair)
        errors.append((ours - theirs).abs().mean() / 2)
    return torch.stack(errors).mean()


def bands(x: Tensor, octaves: int) -> list[Tensor]:
    """Pictures (B, C, H, W) as a sum of `octaves` bands, finest first: differences of means over 3, 5, 9, … pixels.

    >>> x = torch.rand(1, 1, 16, 16)
    >>> len(bands(x, 3)), bool(torch.allclose(sum(bands(x, 3)), x))
    (3, True)
    """
    made = []
    for k in range(1, octaves):
        wide = 2**k + 1
        coarse = F.avg_pool2d(x, wide, stride=1, padding=wide // 2, count_include_pad=False)
        made.append(x - coarse)
        x = coarse
    return [*made, x]


def excess_grid(made: Tensor, wanted: Tensor, period: int = 4, around: int = 2) -> Tensor:
    """log of the power of a grid of `period` pixels over that in the pictures wanted, mean over its lines; 0 if below.

    >>> x = torch.rand(2, 3, 32, 32)
    >>> excess_grid(x, x + (torch.arange(32) % 4 == 0)), excess_grid(x + (torch.arange(32) % 4 == 0), x) > 1
    (tensor(0.), tensor(True))
    """
    every = [(i, j) for i in range(period) for j in range(period) if i or j]
    pairs = (grid_lines(x, every, period, around) for x in (made, wanted))
    ours, theirs = ((line / surroundings).log().mean(1) for line, surroundings in pairs)
    return (ours - theirs).relu().mean()


def square_views(photos: Tensor, views: int, side: int, generator: torch.Generator) -> Tensor:
    """Squares cut from uint8 photos (N, 3, S, S), resized to `side`: the whole, then random ones, half of them mirrored.

    (views · N, 3, side, side). A square is at least half of a photo wide.

    >>> square_views(torch.zeros(2, 3, 40, 40, dtype=torch.uint8), 3, 16, torch.Generator()).shape
    torch.Size([6, 3, 16, 16])
    """
    whole, made = photos.shape[-1], []
    for view in range(views):
        for photo in photos:
            size, top, left, mirror = whole, 0, 0, 0
            if view:
                size = int(torch.randint(whole // 2, whole + 1, (), generator=generator))
                top, left = torch.randint(whole - size + 1, (2,), generator=generator).tolist()
                mirror = int(torch.randint(2, (), generator=generator))
            piece = as_float(photo[None, :, top : top + size, left : left + size])
            piece = F.interpolate(piece, (side, side), mode="bicubic", antialias=True, align_corners=False)
            made.append((piece[0].flip(-1) if mirror else piece[0]).clamp(0, 1).mul(255).round().byte())
    return torch.stack(made)


def painted(photos: Dataset, teachers: list[Teacher]) -> Dataset:
    """Each photo (N, 3, S, S) of a data set with the teachers' pictures behind it, (N, 3 + 3·teachers, S, S).

    >>> x, c = torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.zeros(2, dtype=torch.long)
    >>> painted(Dataset(x, c, x, c), [lambda pictures: 255 - pictures]).train_images[0].float().mean((1, 2))
    tensor([  0.,   0.,   0., 255., 255., 255.])
    """

    def behind(pictures: Tensor) -> Tensor:
        return torch.cat([pictures, *(teacher(pictures) for teacher in teachers)], 1)

    test = photos.test_images
    if len(teachers) and test.shape[-1] != photos.train_images.shape[-1]:
        test = square_views(test, 1, photos.train_images.shape[-1], torch.Generator())
    train = behind(photos.train_images)
    return Dataset(
        train,
        torch.zeros(len(train), dtype=torch.long),
        behind(test),
        torch.zeros(len(test), dtype=torch.long),
    )


def random_crops(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """A random side × side piece of each image (B, C, H, W); the whole where it is not larger.

    >>> random_crops(torch.zeros(2, 3, 9, 9), 4, torch.Generator()).shape
    torch.Size([2, 3, 4, 4])
    """
    height, width = images.shape[-2:]
    side_y, side_x = min(side, height), min(side, width)
    tops = torch.randint(height - side_y + 1, (len(images),), generator=generator).tolist()
    lefts = torch.randint(width - side_x + 1, (len(images),), generator=generator).tolist()
    pieces = [image[:, y : y + side_y, x : x + side_x] for image, y, x in zip(images, tops, lefts)]
    return torch.stack(pieces)
