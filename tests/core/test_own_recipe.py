"""A recipe of one's own: `build` and `loss` are enough, every hook is heard, data come from anywhere."""

import json

import pytest
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core.data import gathered
from linearizer_core.data.dataset import DataError
from linearizer_core.networks import forward_and_log_det, vector_flow
from linearizer_core.operators import Identity
from linearizer_core.recipes import Recipe
from linearizer_core.states import STATE
from linearizer_core.training import LOG, train


class Whitened(Recipe):
    name = "whitened"

    def build(self):
        g = vector_flow(2, steps=2, hidden=8)
        return lc.Linearizer(g, Identity(2), g)

    def loss(self, model, companion, batch):
        z, log_det = forward_and_log_det(model.g_x, batch.images)
        return {"loss": (z.square().sum(1) / 2 - log_det).mean()}


class Descended(Whitened):
    """With an optimiser and an augmentation of its own."""

    def optimizer(self, groups):
        return torch.optim.SGD(groups, lr=self.learning_rate, momentum=0.9)

    def augmented(self, images, generator):
        seen.append(generator.initial_seed())
        return -images


seen = []


def bent(count=200):
    x = torch.randn(count, generator=torch.Generator().manual_seed(0))
    return [(torch.stack([v, v * v]), i % 2) for i, v in enumerate(x)]


def lines(out):
    return [json.loads(line) for line in (out / LOG).read_text().splitlines()]


def test_two_methods_are_a_recipe_and_its_loss_is_measured_on_what_it_did_not_see(tmp_path):
    data = gathered(bent())
    model = train(Whitened(steps=60, evaluate_every=30, learning_rate=3e-3), data, tmp_path)
    first, last = lines(tmp_path)
    assert last["test_loss"] < first["test_loss"] < Whitened().report(Whitened().build(), data)["test_loss"]
    assert last["test_loss"] == pytest.approx(Whitened().report(model, data)["test_loss"], abs=1e-4)
    lc.save(tmp_path, model)
    x = data.test_images
    assert torch.equal(lc.load(tmp_path)(x), model.requires_grad_(False)(x))


def test_an_optimiser_and_an_augmentation_of_ones_own_are_heard_and_resumed(tmp_path):
    seen.clear()
    whole = train(Descended(steps=12, learning_rate=1e-3), gathered(bent()), tmp_path / "whole")
    assert len(set(seen)) == len(seen) == 12  # a generator of its own for every step
    halted = train(
        Descended(steps=12, learning_rate=1e-3),
        gathered(bent()),
        tmp_path / "halted",
        watch=lambda step, model: step < 5,
    )
    assert not torch.equal(halted.g_x(torch.ones(1, 2)), whole.g_x(torch.ones(1, 2)))
    resumed = train(
        Descended(steps=12, learning_rate=1e-3), gathered(bent()), tmp_path / "halted", resume=True
    )
    assert (tmp_path / "halted" / STATE).is_file()
    torch.testing.assert_close(resumed.state_dict(), whole.state_dict())


def test_a_recipe_without_data_says_so_and_evaluates_with_them():
    with pytest.raises(ValueError, match=r"^whitened brings no data of its own; give a Dataset"):
        Whitened().dataset(None)

    class WithData(Whitened):
        def dataset(self, path):
            return gathered(bent())

    (figure,) = WithData().evaluate(WithData().build(), None)
    assert figure.name == "test_loss" and figure.value > 0


def test_a_loss_that_a_companion_has_a_say_in_is_not_reported_without_it():
    class Judged(Whitened):
        def companion(self):
            return nn.Linear(2, 1)

    assert Judged().report(Judged().build(), gathered(bent())) == {}


# --- data ---------------------------------------------------------------------------------------------------------------
class Squares(torch.utils.data.Dataset):
    def __len__(self):
        return 30

    def __getitem__(self, i):
        return torch.full((1, 4, 4), i, dtype=torch.uint8), i // 10


def test_a_dataset_of_torch_is_gathered_and_a_tenth_of_every_label_set_apart():
    data = gathered(Squares())
    assert data.train_images.shape == (27, 1, 4, 4) and data.train_images.dtype == torch.uint8
    assert sorted(data.test_labels.tolist()) == [0, 1, 2]
    for images, labels in ((data.train_images, data.train_labels), (data.test_images, data.test_labels)):
        assert torch.equal(images[:, 0, 0, 0] // 10, labels)
    both = torch.cat([data.train_images, data.test_images])[:, 0, 0, 0]
    assert sorted(both.tolist()) == list(range(30))
    apart = gathered(Squares(), [(torch.zeros(1, 4, 4, dtype=torch.uint8), 2)])
    assert len(apart.train_images) == 30 and apart.test_labels.tolist() == [2]


BAD = {
    "nothing": (lambda: gathered([]), "^there is nothing to train on"),
    "no pairs": (lambda: gathered([torch.ones(3)]), r"^train item 0 is no pair \(tensor, label\)"),
    "a word for a label": (lambda: gathered([(torch.ones(2), "cat")]), "^train item 0 is no pair"),
    "another shape": (
        lambda: gathered([(torch.ones(2), 0), (torch.ones(3), 0)]),
        r"^train item 1 is torch.float64 \(3,\), the first one torch.float64 \(2,\)",
    ),
    "another test": (
        lambda: gathered([(torch.ones(2), 0)], [(torch.ones(3), 0)]),
        r"^items to test on are torch.float64 \(3,\), those to train on torch.float64 \(2,\)",
    ),
}


@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD)
def test_what_is_no_pair_is_named(make, sentence):
    with pytest.raises(DataError, match=sentence):
        make()
