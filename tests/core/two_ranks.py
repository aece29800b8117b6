"""What test_ranks.py runs in two processes: `torchrun --nproc-per-node 2 two_ranks.py FOLDER`."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from linearizer_core import LatentPCA, Linearizer, ranks
from linearizer_core.data import gathered
from linearizer_core.networks import Flatten, vector_flow
from linearizer_core.operators import Identity
from linearizer_core.recipes import Recipe
from linearizer_core.training import train


class Noisy(Recipe):
    """Bends points to a Gaussian, with noise on them: so the draws of a shard matter."""

    name = "noisy"

    def build(self):
        g = vector_flow(2, steps=2, hidden=8)
        return Linearizer(g, Identity(2), g)

    def loss(self, model, companion, batch):
        noise = torch.randn(batch.images.shape, generator=batch.generator)
        z = model.g_x(batch.images + 0.1 * noise)
        return {"loss": (z - 0.5 * noise).square().sum(1).mean(), "far": z.norm(dim=1).mean()}


def points(count=60):
    x = torch.randn(count, 2, generator=torch.Generator().manual_seed(0))
    return gathered([(point, 0) for point in torch.stack([x[:, 0], x[:, 0] ** 2 + 0.1 * x[:, 1]], 1)])


def trained(folder, steps=6, resume=False, stop_after=None, average=0.9):
    """Six steps of two shards; the model and what `progress` was told."""
    told = []
    recipe = Noisy(steps=steps, batch=7, evaluate_every=100, average=average)
    watch = (lambda step, model: step < stop_after) if stop_after else (lambda step, model: True)
    how = {
        "progress": lambda step, figures: told.append(figures),
        "watch": watch,
        "shards": 2,
        "resume": resume,
    }
    return train(recipe, points(), folder, **how), told


def rows():
    """A matrix whose axes matter ever less, (500, 80)."""
    x = torch.randn(500, 80, generator=torch.Generator().manual_seed(1))
    return x * 0.9 ** torch.arange(80) + 3.0


def pca(x, shared):
    """Explained variances and components by two solvers, of latents and of a network's."""
    found = {}
    for solver in ("covariance", "randomized"):
        fitted = LatentPCA(5, solver, shared=shared).fit_latents(x)
        found[solver] = fitted.explained_variance, fitted.components, fitted.mean
    passed = LatentPCA(5, shared=shared, max_bytes=0).fit(
        Flatten((1, 8, 10)), x.reshape(-1, 1, 8, 10), batch_size=64
    )
    return {**found, "passes": (passed.explained_variance, passed.components, passed.mean)}


def refused(job):
    try:
        job()
    except ValueError as error:
        return str(error)
    return ""


def main(folder):
    torch.set_default_dtype(torch.float64)
    with ranks.joined():
        number = ranks.rank()
        model, told = trained(folder / "run")
        trained(folder / "stopped", stop_after=3)
        x = rows()
        said = {
            "weights": dict(model.state_dict()),
            "told": told,
            "pca": pca(x[number::2] if number else torch.cat([x[0::2]]), shared=True),
            "uneven": LatentPCA(3, shared=True)
            .fit_latents(x[:101] if number else x[101:])
            .explained_variance,
            "held": refused(lambda: trained(folder / "run")),
            "one is wrong": refused(lambda: LatentPCA(2, shared=True).fit_latents(x[:1] if number else x)),
            "shards": refused(lambda: train(Noisy(steps=1, batch=7), points(), folder / "odd", shards=3)),
            "later": ranks.after_first(lambda: number),
        }
        torch.save(said, folder / f"rank{number}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
