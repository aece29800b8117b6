"""The training hall alone: places, line, stop, patience, the clock, failures, results by token."""

import gc
import logging
import threading
import time
import weakref

import pytest

from app import hall
from app.hall import Ended, Hall, Kept, Running, Waiting, Watch


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Pictures and signs of life come quickly."""
    monkeypatch.setattr(hall, "EVERY", 0.01)
    monkeypatch.setattr(hall, "BEAT", 0.05)


class Long:
    """A training that ends only when it is told to; it notes how many of its kind run at once."""

    def __init__(self) -> None:
        self.running, self.most, self.door = 0, 0, threading.Lock()

    def __call__(self, watch: Watch) -> str:
        with self.door:
            self.running += 1
            self.most = max(self.most, self.running)
        step = 0
        while watch(lambda step=step: step):
            step += 1
            time.sleep(0.002)
        with self.door:
            self.running -= 1
        return f"after {step}"


def in_thread(place: Hall, token: str, job: hall.Job, longest: float = 60.0) -> tuple[list, threading.Thread]:
    """A visitor in a thread of its own, and the news it has had so far."""
    news: list = []
    thread = threading.Thread(
        target=lambda: [news.append(n) for n in place.train(token, job, longest)], daemon=True
    )
    thread.start()
    return news, thread


def until(condition, patience: float = 30.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def test_a_job_runs_and_its_result_is_the_end():
    seen: list[int] = []

    def job(watch: Watch) -> int:
        step = 0
        while len(seen) < 3:  # as long as a busy machine needs to show three pictures
            assert watch(lambda step=step: step)
            time.sleep(0.005)
            step += 1
        return 42

    stream = Hall(1, 1).train("a", job, 60)
    assert next(stream) == Running(None)
    for news in stream:
        if isinstance(news, Running) and news.newest is not None:
            seen.append(news.newest)
    assert seen == sorted(seen) and news == Ended(42, stopped=False, began=True)


def test_all_views_together_take_half_of_the_cores():  # fault 19
    assert hall.HALL.at_once == hall.AT_ONCE >= 1
    place, job = Hall(at_once=2, line=9), Long()
    visitors = [in_thread(place, token, job) for token in "abcde"]
    until(
        lambda: job.running == 2 and sum(isinstance(news[-1], Waiting) for news, _ in visitors if news) == 3
    )
    for token in "abcde":
        place.stop(token)
    for _, thread in visitors:
        thread.join(30)
    assert job.most == 2 and job.running == 0


def test_a_place_is_free_when_the_training_has_ended_not_when_it_was_asked_to():  # fault 19
    place, slow, ended = Hall(1, 1), threading.Event(), []

    def job(watch: Watch) -> None:
        assert slow.wait(30)  # a step that takes long
        ended.append(watch(lambda: None))

    stream = place.train("a", job, 60)
    next(stream)
    place.stop("a")
    stream.close()
    second = place.enter("b")
    assert place.holds("a") and place.place(second) == 1
    slow.set()
    until(lambda: place.place(second) == 0)
    assert ended == [False]


def test_stop_while_waiting_leaves_the_line():  # fault 17
    place, job = Hall(1, 5), Long()
    first, thread = in_thread(place, "a", job)
    until(lambda: job.running == 1)
    second, waiting = in_thread(place, "b", job)
    until(lambda: place.holds("b"))
    third, last = in_thread(place, "c", job)
    until(lambda: third and third[-1] == Waiting(2))
    place.stop("b")
    assert not place.holds("b")
    waiting.join(30)
    assert second[-1] == Ended(None, stopped=True, began=False) and job.most == 1
    until(lambda: third[-1] == Waiting(1))
    place.stop("a")
    until(lambda: isinstance(third[-1], Running))
    place.stop("c")
    for one in (thread, last):
        one.join(30)
    assert job.most == 1 and first[-1].stopped and third[-1].stopped and third[-1].result


def test_stop_ends_a_training_with_what_it_has_and_strangers_stop_nothing():
    place, job = Hall(1, 1), Long()
    news, thread = in_thread(place, "a", job)
    until(lambda: news and news[-1].newest)
    for stranger in ("b", 7, None, ["a"], {}):
        place.stop(stranger)
    assert place.holds("a") and not place.holds(["a"])
    place.stop("a")
    thread.join(30)
    assert news[-1].stopped and news[-1].result.startswith("after") and not place.holds("a")


def test_the_clock_ends_a_training_too():
    *_, last = Hall(1, 1).train("a", Long(), longest=0.05)
    assert last.result.startswith("after") and not last.stopped


def test_a_full_line_and_a_token_twice_are_refused():
    place = Hall(1, 1)
    for token in "ab":
        place.enter(token)
    with pytest.raises(ValueError, match="Too many people"):
        next(place.train("c", Long(), 60))
    with pytest.raises(ValueError, match="already in the hall"):
        next(place.train("a", Long(), 60))
    assert place.holds("a") and place.holds("b")


def test_who_has_gone_loses_the_place_waiting_or_training(monkeypatch):
    place, job = Hall(1, 3), Long()
    training = place.train("a", job, 60)
    next(training)
    waiting = place.train("b", job, 60)
    assert next(waiting) == Waiting(1)
    monkeypatch.setattr(hall, "PATIENCE", 0.1)
    time.sleep(0.15)  # neither asks for news any more, and neither is told that its page was closed
    *_, last = place.train("c", job, longest=0.1)
    assert last.began and job.most == 1 and not place.holds("a") and not place.holds("b")
    assert list(waiting)[-1] == Ended(None, stopped=True, began=False)  # it may come back late
    assert list(training)[-1].stopped


def test_closing_the_page_ends_the_training_and_the_waiting():
    place, job = Hall(1, 3), Long()
    training, waiting = place.train("a", job, 60), place.train("b", job, 60)
    next(training), next(waiting)
    waiting.close()
    assert not place.holds("b")
    training.close()
    until(lambda: not place.holds("a") and job.running == 0)


def test_a_slow_visitor_never_slows_the_training():
    steps = []

    def job(watch: Watch) -> None:
        for step in range(200):
            watch(lambda step=step: steps.append(step) or step)
            time.sleep(0.001)
        return len(steps)

    stream = Hall(1, 1).train("a", job, 60)
    next(stream)
    time.sleep(1.0)  # nobody reads
    last = list(stream)
    assert last[-1].result > 5 and len(last) <= 3  # the newest picture, and the end


def test_signs_of_life_are_asked_for_where_nothing_is_new():
    place, go = Hall(1, 1), threading.Event()
    stream = place.train("a", lambda watch: go.wait(30), 60)
    assert [next(stream) for _ in range(4)] == [Running(None)] * 4
    waiting = place.train("b", lambda watch: 1, 60)
    assert [next(waiting) for _ in range(3)] == [Waiting(1)] * 3
    go.set()
    assert list(stream)[-1] == Ended(True) and list(waiting)[-1] == Ended(1)


def test_what_goes_wrong_is_one_sentence_and_frees_the_place(caplog):
    def refused(watch: Watch) -> None:
        raise ValueError("these points cannot be learned.")

    def broken(watch: Watch) -> None:
        raise RuntimeError("a mistake of ours")

    place = Hall(1, 1)
    with pytest.raises(ValueError, match="cannot be learned"):
        list(place.train("a", refused, 60))
    assert not caplog.records
    with caplog.at_level(logging.ERROR), pytest.raises(ValueError, match="broke off"):
        list(place.train("a", broken, 60))
    assert "a mistake of ours" in caplog.text and not place.holds("a")


def test_results_are_kept_by_token_and_the_oldest_are_let_go():
    kept: Kept[threading.Event] = Kept(most=2)
    first = threading.Event()
    gone = weakref.ref(first)
    kept.put("a", first)
    kept.put("b", threading.Event())
    kept.put("a", first)  # newer now
    kept.put("c", threading.Event())
    assert kept.get("b") is None and kept.get("a") is first
    kept.put("d", threading.Event())
    del first
    gc.collect()
    assert gone() is None and all(kept.get(strange) is None for strange in ("a", None, ["c"], {}, 7))
