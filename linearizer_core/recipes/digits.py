"""`digits`: handwritten digits as a Linearizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.sets import Dataset, as_float, load_dataset
from ..devices import laid_out
from ..inputs import of_kind
from ..measures.digits import evaluate_digits
from ..measures.figure import Figure
from ..methods.critic import Critic, critic_loss, frozen, some_class_loss
from ..methods.likelihood import class_log_density, class_nll
from ..methods.nested import nested_reconstruction, random_ranks, truncate_axes
from ..models import fitting
from ..models.generator import Generator
from ..networks import Chain, InvertibleNetwork, forward_and_log_det, image_flow, initialise
from ..operators import Diagonal
from ..randomness import seeded
from .base import Batch, Recipe
from .paper import fit_paper, paper_flow

MOST_STAGES, MOST_STEPS, MOST_HIDDEN = 5, 100, 4096  # 32×32 pixels can be halved five times
SHAPE = (1, 32, 32)
PAPER_LIMITS = (
    ("paper_steps", 0, 100),
    ("paper_hidden", 1, 4096),
    ("paper_bound", 0, 10),
    ("paper_updates", 1, 10**6),
)
MADE_UP = 2000
"""Training pictures of which what g⁻¹ makes up is made, for its paper to be whitened."""
FLOW_IMAGES = 20_000
"""Training pictures on which the variances of A(t) are measured."""
DIGIT_MAP = ((-1, 6), (0, 0), (1, 2), (-1.5, 4), (-0.5, 5), (0.5, 3), (1.5, 1), (-1, 9), (0, 8), (1, 7))
"""(column, digit) of the ten digits on three rows of a hexagonal lattice, look-alikes side by side."""


def digit_map(spacing: float) -> Tensor:
    """Ten points of the plane, one per digit, each `spacing` from its neighbours; centred, (10, 2).

    >>> (digit_map(4.0)[0] - digit_map(4.0)[6]).norm()      # 0 and 6 are neighbours
    tensor(4.)
    """
    points = torch.empty(10, 2)
    for i, (column, digit) in enumerate(DIGIT_MAP):
        row = 1 if i < 3 else 0 if i < 7 else -1
        points[digit] = spacing * torch.tensor([column, row * 3**0.5 / 2])
    return points - points.mean(0)


def _ramp(first: float, last: float, share: float) -> float:
    """From `first` to `last` by equal factors; 0 stays 0."""
    return first * (last / first) ** share if first else 0.0


@dataclass(frozen=True, kw_only=True)
class Digits(Recipe):
    r"""`digits`: one g for handwritten digits, 1×32×32 → 1024 latent axes by importance; A is a Wiener filter.

    The objective is a mixture, in nats per axis. Likelihood, −log p(x | c) / n, with a latent mean per class. Nested
    truncation (`reconstruction_weight`), so that the first k axes say the most that k axes can. The class from the first
    two axes alone (`class_weight`), so that they are a map of the ten digits. And, once the share `critic_from` of the
    training is done, a critic (`blend_weight`, `sample_weight`; both 0 for none), for whom blends of two digits and
    samples must look like some digit. From then on two weights go by a constant factor a step from the value that
    bears their name to their `last_` one: blends come to count more, truncation less.

    Last, `paper_steps` couplings next to the pixels, the identity until then, are trained alone for `paper_updates` steps
    by what g⁻¹ makes up: `fit_paper` takes the grey speckle off the paper, of samples, blends, f(x) and truncations.

    `stage_steps[i]` Glow steps with couplings of width `stage_hidden[i]` make stage i. ValueError for other than 1 to 5
    stages, other than 1 to 100 steps, or a width outside 1 to 4096: a broken config stops here, before it allocates.

    >>> Digits(stage_steps=(1,), stage_hidden=(4,)).build().g_x.out_shape
    (1024,)
    """

    name: ClassVar[str] = "digits"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "pca", "ranks", "morphs", "samples")
    classes: ClassVar[int] = 10
    absent: ClassVar[Mapping[str, object]] = {"paper_steps": 0}
    stage_steps: tuple[int, ...] = (6, 8, 4)
    stage_hidden: tuple[int, ...] = (64, 64, 64)
    steps: int = 6500
    learning_rate: float = 1e-3
    evaluate_every: int = 500
    batch: int = 64
    mixed_precision: bool = True
    mixing_rate: float = 0.02
    pixel_noise: float = 0.05
    reconstruction_weight: float = 20.0
    last_reconstruction_weight: float = 5.0
    reconstruction_batch: int = 32
    largest_rank: int = 256
    class_weight: float = 0.05
    class_spacing: float = 4.5
    critic_from: float = 0.5
    blend_weight: float = 0.2
    last_blend_weight: float = 1.5
    sample_weight: float = 0.15
    blend_batch: int = 40
    sample_batch: int = 24
    wiener_noise: float = 0.5
    paper_steps: int = 4
    paper_hidden: int = 32
    paper_bound: float = 0.75
    paper_updates: int = 1600

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = len(self.stage_steps), len(self.stage_hidden)
        if counts[0] != counts[1] or not 1 <= counts[0] <= MOST_STAGES:
            raise ValueError(
                f"{self.name}: stage_steps and stage_hidden must hold one number each for 1 to {MOST_STAGES} stages, "
                f"got {counts[0]} and {counts[1]} numbers; give both the same number of stages."
            )
        for field, most in (("stage_steps", MOST_STEPS), ("stage_hidden", MOST_HIDDEN)):
            wrong = [value for value in getattr(self, field) if not 1 <= value <= most]
            if wrong:
                raise ValueError(
                    f"{self.name}: {field} must hold numbers from 1 to {most}, got {wrong[0]}; correct it."
                )
        for field, least, most in PAPER_LIMITS:
            if not least <= getattr(self, field) <= most:
                raise ValueError(
                    f"{self.name}: {field} must lie in {least}..{most}, got {getattr(self, field)}; correct it."
                )

    def build(self) -> Generator:
        with seeded(self.seed):
            g = image_flow(SHAPE, self.stage_steps, self.stage_hidden, carry_wide=True)
            if self.paper_steps:
                paper = paper_flow(SHAPE, self.paper_steps, self.paper_hidden, self.paper_bound)
                g = Chain(
                    paper.requires_grad_(False), *g.networks, carry_wide=True
                )  # its turn comes in `finish`
        n = g.out_shape[0]
        means = torch.zeros(10, n)
        means[:, :2] = digit_map(self.class_spacing)
        return Generator(g, Diagonal(torch.ones(n)), means, torch.zeros(n))

    def dataset(self, path: str | None) -> Dataset:
        return load_dataset("mnist", path, size=32)

    def learning_rates(self, model: Generator) -> list[tuple[float, list[nn.Parameter]]]:
        mixing = list(fitting.last_mixing(model.g_x).parameters())
        trained = [p for p in model.parameters() if p.requires_grad]
        others = [p for p in trained if all(p is not q for q in mixing)]
        return [(1.0, others), (self.mixing_rate, mixing)]

    def prepare(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        laid_out(model, torch.channels_last)
        generator = torch.Generator().manual_seed(self.seed)
        batch = torch.randperm(len(images), generator=generator)[:4096].to(images.device)
        x = images[batch] + self._noise(images[batch], generator)
        initialise(model.g_x, x)
        layout = digit_map(self.class_spacing).to(x)
        fitting.start_from_principal_axes(model.g_x, x, layout[labels[batch]])
        # on the first two axes, most of the variance 1 lies between the classes
        model.log_std.data[:2] = -0.5 * (1 + layout.square().mean()).log()

    def companion(self) -> nn.Module:
        with seeded(self.seed):
            return Critic(classes=10)

    def loss(self, model: Generator, critic: Critic, batch: Batch) -> dict[str, Tensor]:
        images, labels, generator, done = batch
        means, log_std = self._means_on_the_map(model), model.log_std
        noisy = images + self._noise(images, generator)
        z, log_det = forward_and_log_det(model.g_x, noisy)
        nll = class_nll(z, log_det, means, log_std, labels)
        some = min(self.reconstruction_batch, len(images))
        ranks = random_ranks(some, self.largest_rank, generator)
        mse = nested_reconstruction(model.g_x, images[:some], z[:some], ranks)
        guess = F.cross_entropy(class_log_density(z[:, :2], means[:, :2], log_std[:2]), labels)
        terms = {"nll": nll, "mse": mse, "class": guess}
        late = max(0.0, (done - self.critic_from) / (1 - self.critic_from)) if self.critic_from < 1 else 0.0
        loss = nll + _ramp(self.reconstruction_weight, self.last_reconstruction_weight, late) * mse
        loss = loss + self.class_weight * guess
        if done >= self.critic_from and (self.blend_weight or self.sample_weight):
            terms |= self._judged(model.g_x, critic, noisy, labels, z, means, log_std, generator)
            loss = loss + _ramp(self.blend_weight, self.last_blend_weight, late) * terms["blend"]
            loss = loss + self.sample_weight * terms["sample"]
            loss = loss + terms["critic"]  # reaches the critic alone
        return {"loss": loss, **terms}

    def _judged(
        self,
        g: InvertibleNetwork,
        critic: Critic,
        noisy: Tensor,
        labels: Tensor,
        z: Tensor,
        means: Tensor,
        log_std: Tensor,
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """What the critic says of blends of neighbours in the batch and of samples, and how the critic itself fares."""
        blended, sampled = min(self.blend_batch, len(z)), min(self.sample_batch, len(z))
        t = 0.2 + 0.6 * torch.rand(blended, 1, generator=generator).to(z)
        blends = (1 - t) * z[:blended] + t * z[:blended].roll(1, 0)
        style = torch.randn(sampled, z.shape[1], generator=generator).to(z)
        samples = means[labels[:sampled]] + log_std.exp() * style
        made_up = g.inverse(torch.cat([blends, samples]))
        blend_logits, sample_logits = frozen(critic, made_up, generator).split([blended, sampled])
        return {
            "blend": some_class_loss(blend_logits),
            "sample": F.cross_entropy(sample_logits, labels[:sampled]),
            "critic": critic_loss(critic, noisy, labels, made_up, generator),
        }

    def finish(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        laid_out(model, torch.contiguous_format).eval()
        self._fit(model, images, labels)
        if self.paper_steps:
            generator = torch.Generator().manual_seed(self.seed)
            made = self._made_up(model, images[:MADE_UP], generator)
            fit_paper(of_kind(Chain, model.g_x).networks[0], made, images, self.paper_updates, generator)
            fitting.fit_flow(model, images[:FLOW_IMAGES], labels[:FLOW_IMAGES])

    def _fit(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        """What is closed form: scale and order of the axes, A, A(t)."""
        generator = torch.Generator().manual_seed(self.seed)
        batch = torch.randperm(len(images), generator=generator)[:256].to(images.device)
        x = images[batch] + self._noise(images[batch], generator)
        fitting.measure_in_pixels(model, x, keep_first=2)
        fitting.centre_and_sort(model, keep_first=2)
        fitting.let_lead(model, first=2)
        fitting.fit_wiener(model, self.wiener_noise)
        fitting.fit_flow(model, images[:FLOW_IMAGES], labels[:FLOW_IMAGES])

    @torch.no_grad()
    def _made_up(self, model: Generator, images: Tensor, generator: torch.Generator) -> Tensor:
        """What g⁻¹ makes: as many samples, blends, f(x) and truncations as there are pictures, (4 B, 1, 32, 32)."""
        B, made = model.collapse().A, []
        for x in images.split(250):
            z, count = model.g_x(x), len(x)
            noise = torch.randn(x.shape, generator=generator).to(x)
            labels = torch.randint(len(model.means), (count,), generator=generator).to(x.device)
            asked = torch.rand(count, 1, generator=generator).to(z) < 0.5
            start = torch.where(asked, model.start(noise, labels), model.start(noise))
            t = torch.rand(count, 1, generator=generator).to(z)
            cut = truncate_axes(z, random_ranks(count, self.largest_rank, generator))
            latents = [B(start), (1 - t) * z + t * z.roll(1, 0), model.A(z), cut]
            made.append(model.g_y.inverse(torch.cat(latents)))
        return torch.cat(made)

    @torch.no_grad()
    def report(self, model: Generator, dataset: Dataset) -> dict[str, float]:
        x, c = as_float(dataset.test_images[:1000]), dataset.test_labels[:1000]
        device = model.means.device
        x, c = x.to(device), c.to(device)
        means, log_std = model.means, model.log_std
        z, log_det = forward_and_log_det(model.g_x, x + self._noise(x, torch.Generator().manual_seed(0)))
        guess = class_log_density(z[:, :2], means[:, :2], log_std[:2]).argmax(1)
        figures = {
            "test_nll": float(class_nll(z, log_det, means, log_std, c)),
            "test_class": float((guess == c).float().mean()),
        }
        for k in (2, 8, 32, 128):
            mse = nested_reconstruction(model.g_x, x, z, torch.full((len(x),), k))
            figures[f"psnr_{k}"] = float(-10 * mse.log10())
        return figures

    @torch.no_grad()
    def sheet(self, model: Generator, dataset: Dataset) -> Tensor:
        """Rows: test digits, their rank 2, 8 and 32 versions, midpoints of neighbours, then samples of 0 to 9."""
        g, means, log_std = model.g_x, model.means, model.log_std
        x = as_float(dataset.test_images[:20]).to(means.device)
        z = g(x)
        rows = [x] + [g.inverse(truncate_axes(z, torch.full((20,), k))) for k in (2, 8, 32)]
        rows += [g.inverse((1 - t) * z + t * z.roll(1, 0)) for t in (0.25, 0.5, 0.75)]
        generator = torch.Generator().manual_seed(0)
        for _ in range(4):
            noise = torch.randn(20, means.shape[1], generator=generator).to(means.device)
            rows.append(g.inverse(means.repeat(2, 1) + 0.8 * log_std.exp() * noise))
        return torch.stack(rows)

    def _means_on_the_map(self, model: Generator) -> Tensor:
        """The class means, on the first two axes held to the digit map, in units of the deviation."""
        layout = digit_map(self.class_spacing).to(model.means) * model.log_std[:2].exp()
        model.means.data[:, :2] = layout.detach()
        return torch.cat([layout, model.means[:, 2:]], 1)

    def _noise(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return self.pixel_noise * torch.randn(images.shape, generator=generator).to(images.device)

    def evaluate(self, model: Generator, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_digits(model, self.dataset(path), seed)
