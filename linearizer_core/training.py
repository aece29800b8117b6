"""The only training loop: batches, schedule, checkpoints, periodic evaluation, sample sheets. It knows no model."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from . import devices, files, ranks
from .checkpoints import CONFIG, WEIGHTS
from .data.sets import Dataset, as_input
from .inputs import whole_number
from .networks import mixed_precision
from .randomness import seeded
from .recipes import Recipe
from .recipes.base import Batch
from .states import AFRESH, STATE, Trainee, load_state, save_state
from .states import start_from as begin_from

LOG, SHEET = "log.jsonl", re.compile(r"sheet-\d{6,}\.png")
UNMEASURED = "not_measured"
APART = 998_244_353
"""Between the seeds of two shards of a step: farther than any run is long."""
MOST_LEFT_OUT = 20
"""Steps in a row without a finite gradient after which training stops: Adam has walked off, and will not come back."""


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: Path | str,
    device: torch.device | str = "cpu",
    resume: bool = False,
    progress: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
    save_every: float = 45.0,
    start_from: Path | str | None = None,
    watch: Callable[[int, nn.Module], bool] = lambda step, model: True,
    overwrite: bool = False,
    shards: int | None = None,
) -> nn.Module:
    """Trains `recipe` on `dataset`, writing into the folder `out`, and returns the finished model in eval mode.

    Every random choice depends on (recipe.seed, step) alone, so a run resumed after a kill goes on with the same
    batches and the same noise as one that never stopped, whatever else draws random numbers meanwhile.
    `progress(step, figures)` is called after each step; the state is saved every `save_every` seconds, so a killed run
    loses less than a minute, and nothing is lost where `progress` or `watch` raises.
    `out` receives training.safetensors (weights, optimiser, step), log.jsonl (evaluations) and sheet-*.png. A folder that
    holds a run already is only taken to `resume` it, or to `overwrite` it.
    `start_from`, the folder of another run or of a saved model, gives the first weights, the companion's too where it has
    them, instead of `recipe.prepare`; what `recipe.afresh` names need not be there.
    With `recipe.average` what is measured, watched and returned is the average of the weights over the last steps.
    `watch(step, model)` sees the model after each step; with False from it training ends there, and is finished as usual.
    Each batch is cut into `shards`, one for each rank of `ranks.joined` unless said otherwise, whose gradients are averaged
    by DistributedDataParallel. Shard s of a step draws from (recipe.seed, step, s), so that with as many shards any number
    of ranks takes the same steps, to rounding; a run may be resumed by another number of them. The first rank alone writes,
    measures, and calls `progress` and `watch`; the model that it returns is finished.
    Raises ValueError, before the first step, for a device, folder, state or data that cannot be used, and when
    `MOST_LEFT_OUT` steps in a row (or all there are) had no finite gradient.

    >>> import tempfile
    >>> from linearizer_core.recipes import DigitsClassifier
    >>> x, c = torch.zeros(10, 1, 32, 32, dtype=torch.uint8), torch.arange(10)
    >>> with tempfile.TemporaryDirectory() as out:
    ...     model = train(DigitsClassifier(steps=1, batch=10), Dataset(x, c, x, c), Path(out))
    >>> model.training
    False
    """
    out, device = files.expanded(out), devices.usable(device)
    shards = _shards(recipe, dataset, shards)
    ranks.led(lambda: check_folder(out, resume, overwrite, start_from is not None))
    if not 0 <= save_every < math.inf:
        raise ValueError(f"save_every must be a number of seconds from 0 on, got {save_every}.")
    with seeded(recipe.seed):
        trainee = Trainee(recipe.build(), recipe.companion(), recipe.average).to(device).train()
    optimizer = _optimizer(recipe, trainee)
    step = 0
    if resume:
        step = load_state(out / STATE, recipe, trainee, optimizer)
    elif start_from is not None:
        begin_from(trainee, recipe, files.expanded(start_from))
    _check_data(recipe, dataset)
    images = dataset.train_images.to(device)  # as bytes: floats take four times the memory
    labels = dataset.train_labels.to(device)
    if not resume and start_from is None:
        recipe.prepare(trainee.model, as_input(images), labels)
    if (resume or overwrite) and ranks.is_first():
        _forget_after(out, step)
    objective = _Objective(recipe, trainee)
    stepper = (
        DistributedDataParallel(objective, find_unused_parameters=True) if ranks.count() > 1 else objective
    )
    saved, wanted, left_out = time.monotonic(), True, 0
    while step < recipe.steps and wanted:
        figures = _update(recipe, trainee, stepper, optimizer, images, labels, step, shards)
        step += 1
        left_out = 0 if math.isfinite(figures["gradient"]) else left_out + 1
        if left_out == min(MOST_LEFT_OUT, recipe.steps):
            raise ValueError(_hopeless(recipe, out, step, left_out))
        try:
            if ranks.is_first():
                progress(step, figures)
                wanted = watch(step, trainee.kept)
        except BaseException:  # also a Ctrl-C that waited for the end of the step: what was reached is kept
            save_state(out / STATE, recipe, trainee, optimizer, step)
            raise
        wanted = bool(ranks.from_first(torch.tensor(int(wanted), device=device)))
        evaluated = step % recipe.evaluate_every == 0 or step == recipe.steps
        if not ranks.is_first():
            continue
        if evaluated or not wanted or time.monotonic() - saved > save_every:
            save_state(out / STATE, recipe, trainee, optimizer, step)
            saved = time.monotonic()
        if evaluated:
            _evaluate(recipe, trainee.kept, dataset, out, step, figures)
    if ranks.is_first():
        recipe.finish(trainee.kept, as_input(images), labels)
    return trainee.kept.eval()


class _Objective(nn.Module):
    """The loss as a module of what is trained, as DistributedDataParallel wants it."""

    def __init__(self, recipe: Recipe, trainee: Trainee) -> None:
        super().__init__()
        self.recipe, self.model, self.companion = recipe, trainee.model, trainee.companion

    def forward(self, batch: Batch) -> Mapping[str, Tensor]:
        return self.recipe.loss(self.model, self.companion, batch)


def _shards(recipe: Recipe, dataset: Dataset, shards: int | None) -> int:
    """Into how many parts each batch is cut. ValueError unless every rank has as many, and every part an item."""
    count, batch = ranks.count(), min(recipe.batch, len(dataset.train_images))
    found = count if shards is None else whole_number("shards", shards, 1)
    if found % count or found > max(batch, 1):
        raise ValueError(
            f"shards must be a multiple of the {count} ranks and at most the {batch} items of a batch, got {found}."
        )
    return found


def check_folder(out: Path, resume: bool = False, overwrite: bool = False, starts_from: bool = False) -> None:
    """Refuses by ValueError a folder that a run cannot be written into, or that holds one which would be lost.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as out:
    ...     length = Path(out, LOG).write_text("{}")
    ...     check_folder(Path(out))
    Traceback (most recent call last):
    ValueError: ... holds a run already (log.jsonl): pass --resume to go on with it, --overwrite to begin anew, or ...
    """
    if resume and (overwrite or starts_from):
        other = "--overwrite" if overwrite else "--start-from"
        raise ValueError(
            f"--resume goes on with the run in {out}, so it cannot stand beside {other}; leave one out."
        )
    if resume and not (out / STATE).is_file():
        raise ValueError(f"no training state at {out / STATE}; {AFRESH}.")
    files.check_writable(out)
    held = [name for name in (STATE, LOG, WEIGHTS, CONFIG) if (out / name).exists()]
    if held and not resume and not overwrite:
        raise ValueError(
            f"{out} holds a run already ({held[0]}): pass --resume to go on with it, --overwrite to begin anew, "
            "or another folder by --out."
        )


def _check_data(recipe: Recipe, dataset: Dataset) -> None:
    items, labels = dataset.train_images, dataset.train_labels
    if len(items) == 0 or len(labels) != len(items):
        raise ValueError(
            f"{recipe.name} needs pictures or points with one label each to train on, "
            f"got {len(items)} and {len(labels)} labels; check the data."
        )
    if items.is_floating_point() and not torch.isfinite(items).all():
        raise ValueError(f"{recipe.name}: the data to train on hold NaN or infinity; take those items out.")
    found, wanted = set(labels.tolist()), set(range(recipe.classes))
    if recipe.classes and found != wanted:
        lacking = f"class {min(wanted - found)} has nothing to train on" if wanted - found else ""
        raise ValueError(
            f"{recipe.name} learns classes 0..{recipe.classes - 1}, and "
            f"{lacking or f'a label is {min(found - wanted)}'}; bring data of just these classes."
        )


def _optimizer(recipe: Recipe, trainee: Trainee) -> torch.optim.Optimizer:
    groups = [{"params": params, "share": share} for share, params in recipe.learning_rates(trainee.model)]
    # a critic plays against the model: less momentum, or the two chase each other in circles
    beside = {"params": list(trainee.companion.parameters()), "share": 1.0, "betas": (0.5, 0.99)}
    return recipe.optimizer([*groups, beside])


def _forget_after(out: Path, step: int) -> None:
    """Leaves in a run's folder what it wrote up to `step`: lines and sheets of later steps are those of another run."""
    if step == 0:
        (out / STATE).unlink(missing_ok=True)
    for sheet in out.glob("sheet-*.png"):
        if SHEET.fullmatch(sheet.name) and int(sheet.stem[6:]) > step:
            sheet.unlink()
    if (out / LOG).exists():
        lines = (out / LOG).read_text("utf-8", errors="replace").splitlines(keepends=True)
        files.write({out / LOG: "".join(line for line in lines if _step_of(line) <= step).encode()})


def _step_of(line: str) -> float:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):  # cut by a kill
        return math.inf


def _hopeless(recipe: Recipe, out: Path, step: int, left_out: int) -> str:
    kept = f"; the last state before is in {out}" if (out / STATE).exists() else ""
    return (
        f"{recipe.name} stopped at step {step}: the last {left_out} steps were left out, as their gradients were not "
        f"finite; lower learning_rate, now {recipe.learning_rate:g}, or gradient_clip{kept}."
    )


def _update(
    recipe: Recipe,
    trainee: Trainee,
    stepper: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    step: int,
    shards: int,
) -> dict[str, float]:
    """One step of gradient descent; a step whose gradient is not finite is left out."""
    for group in optimizer.param_groups:
        group["lr"] = group["share"] * recipe.learning_rate * schedule(step, recipe.steps)
    parts = batch_indices(len(images), recipe.batch, step, recipe.seed).tensor_split(shards)
    total, mine = sum(map(len, parts)), range(ranks.rank(), shards, ranks.count())
    found: dict[str, float] = {}
    optimizer.zero_grad(set_to_none=True)
    for shard in mine:
        part, share = parts[shard].to(images.device), len(parts[shard]) / total
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step + shard * APART)
        with _summing_up(stepper, shard == mine[-1]):
            with mixed_precision(recipe.mixed_precision):
                seen = recipe.augmented(as_input(images[part]), generator)
                terms = stepper(Batch(seen, labels[part], generator, done=step / recipe.steps))
            (ranks.count() * share * terms["loss"]).backward()  # ranks' gradients are averaged
        for name, value in terms.items():
            found[name] = found.get(name, 0.0) + share * float(value.detach())
    norm = nn.utils.clip_grad_norm_(trainee.parameters(), recipe.gradient_clip)
    if torch.isfinite(norm):
        optimizer.step()
        trainee.averaged()
    values = torch.tensor([found[name] for name in sorted(found)], dtype=torch.float32, device=images.device)
    ranks.summed(values)
    whole = dict(zip(sorted(found), values.tolist())) if ranks.count() > 1 else found
    return whole | {"gradient": float(norm)}


def _summing_up(stepper: nn.Module, last: bool) -> AbstractContextManager:
    """Inside it gradients stay at their rank, unless it is the last shard: then ranks exchange what they have gathered."""
    return nullcontext() if last or not isinstance(stepper, DistributedDataParallel) else stepper.no_sync()


def schedule(step: int, steps: int) -> float:
    """Share of the learning rate at `step`: a linear warm-up (200 steps, a tenth of a short run), then half a cosine.

    >>> schedule(0, 10_000), schedule(10_000, 10_000)
    (0.005, 0.0)
    """
    warm_up = min(200, 1 + steps // 10)
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps))


def batch_indices(count: int, batch: int, step: int, seed: int) -> Tensor:
    """The items of batch `step`: each epoch is a permutation of its own, drawn from (seed, epoch); no state to save.

    >>> sorted(batch_indices(4, 2, 0, 0).tolist() + batch_indices(4, 2, 1, 0).tolist())
    [0, 1, 2, 3]
    """
    batch = min(batch, count)
    epoch, place = divmod(step, count // batch)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed * 7_919 + epoch))
    return order[place * batch : (place + 1) * batch]


def _evaluate(
    recipe: Recipe, model: nn.Module, dataset: Dataset, out: Path, step: int, figures: dict[str, float]
) -> None:
    model.eval()
    report = measured(recipe, model, dataset)
    with torch.no_grad():
        sheet = None if UNMEASURED in report else recipe.sheet(model, dataset)
    model.train()
    line = {"step": step, "time": round(time.time()), **figures, **report}
    with open(out / LOG, "a", encoding="utf-8") as log:
        log.write(files.to_json(rounded(line, 6)) + "\n")
    if sheet is not None:
        write_sheet(sheet, out / f"sheet-{step:06d}.png")


def measured(recipe: Recipe, model: nn.Module, dataset: Dataset) -> dict[str, float | str]:
    """`recipe.report`, or why there is none: of a model that has walked off LAPACK finds no figures, and a run goes on.

    >>> from linearizer_core.recipes import DigitsClassifier
    >>> x, c = torch.zeros(10, 1, 32, 32, dtype=torch.uint8), torch.arange(10)
    >>> measured(DigitsClassifier(), DigitsClassifier().build(), Dataset(x, c, x, c))
    {'test_accuracy': 0.1...}
    """
    try:
        return {**recipe.report(model, dataset)}
    except RuntimeError as error:
        return {UNMEASURED: files.reason(error)}


def rounded(figures: Mapping[str, object], digits: int) -> dict[str, object]:
    """The figures with so many significant digits, as an error of 4e-5 is one; whole numbers and words as they are.

    >>> rounded({"step": 3, "loss": 0.123456, "error": 4.321e-05}, 2)
    {'step': 3, 'loss': 0.12, 'error': 4.3e-05}
    """
    return {name: float(f"{v:.{digits}g}") if isinstance(v, float) else v for name, v in figures.items()}


def write_sheet(rows: Tensor, path: Path) -> None:
    """Images (R, C, channels, H, W) in [0, 1] as one PNG with R rows and C columns, one pixel apart.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_sheet(torch.zeros(2, 3, 1, 4, 4), Path(folder) / "sheet.png")
    ...     Image.open(Path(folder) / "sheet.png").size
    (15, 10)
    """
    from PIL import Image  # nobody else in training needs it

    cells = torch.nn.functional.pad(rows.detach().cpu().nan_to_num(0.5).clamp(0, 1), (0, 1, 0, 1), value=0.5)
    picture = cells.permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2).mul(255).round().byte().numpy()
    Image.fromarray(np.ascontiguousarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture)).save(
        path
    )
