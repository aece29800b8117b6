"""The one training hall: who may train now, who waits, who has gone; and results kept by token. It knows no view.

A view brings a job, a function of `watch`, and shows what comes of it:

    def job(watch: Watch) -> Model:
        model = train(recipe, dataset, folder, watch=lambda step, model: watch(lambda: picture_of(step, model)))
        KEPT.put(token, model)
        return model

    for news in hall.HALL.train(token, job, longest=90.0):    # Waiting(2), Waiting(1), Running(picture), …, Ended(model)

A job has a thread of its own. It leaves its newest picture where the visitor's generator finds it, so a slow connection
never slows it; whoever closes the page stops asking, and after `PATIENCE` seconds loses the place. A place is free again
when the thread has really ended, not when somebody asked it to.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from app import words

LOG = logging.getLogger(__name__)
T = TypeVar("T")

AT_ONCE = max(
    1, (os.cpu_count() or 1) // 2
)  # trainings of all views side by side; half of the cores is for the others
LINE = 12  # people who may wait
PATIENCE = 6.0  # seconds without a sign of the visitor after which the place is free
EVERY = 0.15  # seconds between two pictures of a training
BEAT = 1.0  # seconds after which a visitor is asked for a sign of life even where nothing is new

Watch = Callable[[Callable[[], Any]], bool]
"""`watch(picture)`: to be called after each step; False says that the training is to end here. `picture()` makes what the
visitor sees of it, and is called at most once in `EVERY` seconds."""
Job = Callable[[Watch], Any]


# --- what a visitor gets to know -----------------------------------------------------------------------------
@dataclass(frozen=True)
class Waiting:
    """In the line; so many trainings must end before this one begins."""

    before: int


@dataclass(frozen=True)
class Running:
    """It trains; `newest` is the picture it made last, None before the first, the same again where nothing is new."""

    newest: Any = None


@dataclass(frozen=True)
class Ended:
    """It is over: by itself or by the clock, or `stopped` by the visitor; a training that never `began` has no result."""

    result: Any = None
    stopped: bool = False
    began: bool = True


# --- results -------------------------------------------------------------------------------------------------
class Kept(Generic[T]):
    """Results by token, in memory; with more than `most` of them the oldest is dropped.

    >>> kept = Kept(most=1)
    >>> kept.put("a", 1); kept.put("b", 2); kept.get("a"), kept.get("b")
    (None, 2)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._results: OrderedDict[str, T] = OrderedDict()
        self._door = threading.Lock()

    def put(self, token: str, result: T) -> None:
        with self._door:
            self._results.pop(token, None)
            self._results[token] = result
            while len(self._results) > self.most:
                self._results.popitem(last=False)

    def get(self, token: object) -> T | None:
        """What was kept under the token; None where nothing was or no longer is."""
        with self._door:
            return self._results.get(token) if isinstance(token, str) else None


# --- places --------------------------------------------------------------------------------------------------
@dataclass(eq=False)
class Ticket:
    """A visitor in the hall: when there last was a sign of life, whether the training is to end, and its newest picture."""

    seen: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    running: bool = False
    newest: Any = None

    @property
    def stale(self) -> bool:
        """Whether the visitor has gone."""
        return time.monotonic() - self.seen > PATIENCE


class Hall:
    """`at_once` tickets train, up to `line` others wait in the order in which they came.

    >>> hall = Hall(at_once=1, line=1)
    >>> first, second = hall.enter("a"), hall.enter("b")
    >>> hall.place(first), hall.place(second)
    (0, 1)
    >>> hall.leave("a"); hall.place(second)
    0
    """

    def __init__(self, at_once: int = AT_ONCE, line: int = LINE) -> None:
        self.at_once, self.line = at_once, line
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()
        self._door = threading.Lock()

    def enter(self, token: str) -> Ticket:
        """A ticket at the end of the line; ValueError with a sentence where the line is full or the token is in it."""
        with self._door:
            self._clear()
            if token in self._tickets:
                raise ValueError(words.HALL_TWICE)
            if len(self._tickets) >= self.at_once + self.line:
                raise ValueError(words.HALL_FULL)
            self._tickets[token] = ticket = Ticket()
        return ticket

    def place(self, ticket: Ticket) -> int:
        """How many trainings must end before this one begins, 0 where it may run; also a sign of the visitor's life.

        Who comes back after the place was lost is stopped, and need not wait for that.
        """
        with self._door:
            ticket.seen = time.monotonic()
            self._clear()
            tickets = list(self._tickets.values())
            return max(0, tickets.index(ticket) + 1 - self.at_once) if ticket in tickets else 0

    def holds(self, token: object) -> bool:
        """Whether this training waits or runs."""
        with self._door:
            return isinstance(token, str) and token in self._tickets

    def leave(self, token: str) -> None:
        """Frees the place, if it is still taken."""
        with self._door:
            self._tickets.pop(token, None)

    def stop(self, token: object) -> None:
        """Ends the training with this token, if there is one; in the line it gives up its place at once."""
        with self._door:
            if isinstance(token, str) and token in self._tickets:
                self._end(token)

    def _clear(self) -> None:
        for token in [token for token, ticket in self._tickets.items() if ticket.stale]:
            self._end(token)

    def _end(self, token: str) -> None:
        self._tickets[token].stop.set()
        if not self._tickets[token].running:  # a thread frees its place itself, when it is done
            del self._tickets[token]

    # --- training ----------------------------------------------------------------------------------------------
    def train(self, token: str, job: Job, longest: float) -> Iterator[Waiting | Running | Ended]:
        """Wait, run `job` for at most `longest` seconds, tell what happens at least once a `BEAT`.

        ValueError with a sentence for a full hall, and where the job raises one; what else it raises goes to the log.
        """
        ticket = self.enter(token)
        try:
            for before in self._line(ticket):
                yield Waiting(before)
            done: list[Any] = []
            thread = threading.Thread(target=self._run, args=(token, ticket, job, longest, done), daemon=True)
            if not self._starts(ticket, thread):
                yield Ended(stopped=True, began=False)
                return
            for newest in self._pictures(ticket, thread):
                yield Running(newest)
            stopped = ticket.stop.is_set()
        finally:  # also where the visitor's page is closed
            ticket.stop.set()
            if not ticket.running:
                self.leave(token)
        yield Ended(_result(done), stopped)

    def _line(self, ticket: Ticket) -> Iterator[int]:
        """The place in the line, when it changes and once a beat, until it is 0 or the training is not wanted any more."""
        told, at = 0, 0.0
        while (before := self.place(ticket)) and not ticket.stop.is_set():
            if before != told or time.monotonic() - at > BEAT:
                told, at = before, time.monotonic()
                yield before
            ticket.stop.wait(EVERY)

    def _starts(self, ticket: Ticket, thread: threading.Thread) -> bool:
        """Starts the thread, which has the place from now on; False for a ticket that has been stopped."""
        with self._door:
            if not ticket.stop.is_set():
                thread.start()
                ticket.running = True
            return ticket.running

    def _run(self, token: str, ticket: Ticket, job: Job, longest: float, done: list[Any]) -> None:
        """The thread: `done` gets the result or the exception, and the place is free."""
        began, shown = time.monotonic(), 0.0

        def watch(picture: Callable[[], Any]) -> bool:
            nonlocal shown
            now = time.monotonic()
            if now - shown > EVERY:
                shown, ticket.newest = now, picture()
            if ticket.stale:
                ticket.stop.set()
            return not ticket.stop.is_set() and now - began < longest

        try:
            done.append(job(watch))
        except Exception as error:  # raised again where the visitor waits
            done.append(error)
        finally:
            self.leave(token)

    def _pictures(self, ticket: Ticket, thread: threading.Thread) -> Iterator[Any]:
        """The newest picture, when there is one and once a beat, as long as the thread lives."""
        told, at = None, time.monotonic()
        yield told
        while thread.is_alive():
            thread.join(EVERY)
            self.place(ticket)  # a sign of life
            if ticket.newest is not told or time.monotonic() - at > BEAT:
                told, at = ticket.newest, time.monotonic()
                yield told


def _result(done: list[Any]) -> Any:
    """What the thread left; ValueError with a sentence for what went wrong in it."""
    (found,) = done
    if isinstance(found, Exception) and not isinstance(found, ValueError):
        LOG.error("A training broke off.", exc_info=found)
        raise ValueError(words.HALL_BROKE) from found
    if isinstance(found, Exception):
        raise found
    return found


HALL = Hall()
