"""The door to a device: a stand-in card that works, refuses, or runs out of memory; a stand-in scheduler of leases."""

import pickle

import pytest
import torch

from app import accelerator
from app.accelerator import Place


def doubled(place: Place, x: torch.Tensor) -> torch.Tensor:
    """Work in batches: twice x."""
    found = []
    for i in range(0, len(x), place.batch):
        with place.turn():
            found.append(2 * x[i : i + place.batch].to(place.device))
        place.tell(min(1.0, (i + place.batch) / len(x)))
    return torch.cat(found).cpu()


X = torch.arange(300.0)
REFUSAL = r"^No graphics card was to be had \(.+\), so the CPU did it\.$"


class Card:
    """A card that can hold `most` numbers at a time; the device is the CPU, as here there is no other."""

    def __init__(self, most: int = 10**9, error: Exception | None = None) -> None:
        self.most, self.error, self.tried = most, error, []

    def __call__(self, work, arguments, batch):
        self.tried.append(batch)
        if self.error:
            raise self.error
        if batch > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3 GiB")
        return work(Place(torch.device("cpu"), batch), *arguments), "Stand-in 9000"


def use(monkeypatch: pytest.MonkeyPatch, card: Card | None) -> Card | None:
    monkeypatch.setattr(accelerator, "door", lambda: card)
    return card


def test_a_card_does_the_work_and_its_name_and_time_are_told(monkeypatch):
    use(monkeypatch, Card())
    done = accelerator.on_card(doubled, X)
    assert torch.equal(done.value, 2 * X) and (done.device, done.note) == ("Stand-in 9000", "")
    assert done.seconds > 0


def test_where_memory_runs_out_smaller_batches_are_tried(monkeypatch):
    card = use(monkeypatch, Card(most=100))
    assert torch.equal(accelerator.on_card(doubled, X).value, 2 * X)
    assert card.tried == [1024, 256, 64]


def test_a_card_too_small_for_any_batch_is_refused_with_a_sentence(monkeypatch):
    card = use(monkeypatch, Card(most=1))
    with pytest.raises(accelerator.RefusedError, match="too little memory for this, so the CPU did it"):
        accelerator.on_card(doubled, X)
    assert card.tried == list(accelerator.CARD_BATCHES)


@pytest.mark.parametrize("text", ["ZeroGPU quota exceeded", "queue timeout", "worker error\nTraceback …", ""])
def test_whatever_a_scheduler_says_becomes_one_sentence_after_one_try(monkeypatch, text):
    card = use(monkeypatch, Card(error=RuntimeError(text)))
    with pytest.raises(accelerator.RefusedError, match=REFUSAL) as said:
        accelerator.on_card(doubled, X)
    assert len(card.tried) == 1 and "\n" not in str(said.value)


def test_without_a_card_there_is_nothing_to_explain(monkeypatch):
    use(monkeypatch, None)
    with pytest.raises(accelerator.RefusedError, match=r"^$"):
        accelerator.on_card(doubled, X)


def test_the_cpu_tells_how_far_it_is_and_ends_when_told():
    told = []
    done = accelerator.on_cpu(doubled, X, watch=lambda share: told.append(share) or True, note="why")
    assert torch.equal(done.value, 2 * X) and (done.device, done.note) == ("cpu", "why")
    assert told == sorted(told) and told[-1] == 1.0 and len(told) == 5
    with pytest.raises(accelerator.StoppedError):
        accelerator.on_cpu(doubled, X, watch=lambda share: share < 0.5)


def test_the_cpu_too_takes_smaller_batches_and_then_says_that_it_cannot(monkeypatch):
    def hungry(place: Place, most: int) -> int:
        if place.batch > most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return place.batch

    assert accelerator.on_cpu(hungry, 20).value == 16
    with pytest.raises(ValueError, match="too little memory for that many pictures"):
        accelerator.on_cpu(hungry, 1)
    with pytest.raises(RuntimeError, match="shapes"):  # a fault of ours is not hidden
        accelerator.on_cpu(lambda place: (_ for _ in ()).throw(RuntimeError("shapes differ")))


def test_a_lease_is_taken_on_a_space_only_and_gets_what_can_be_pickled(monkeypatch):
    def lease(work, arguments, batch):  # as on ZeroGPU: another process sees copies
        work, arguments = pickle.loads(pickle.dumps((work, arguments)))
        return work(Place(torch.device("cpu"), batch), *arguments), "Slice of a card"

    monkeypatch.setattr(accelerator, "_leased", lease)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # as torch says there, in every thread
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert accelerator.door() is accelerator._on_own_card
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert accelerator.door() is lease
    assert accelerator.on_card(doubled, X).device == "Slice of a card"
