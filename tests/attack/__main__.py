"""Attacks a lab of one's own on this machine: `python -m tests.attack [ATTACK …]`.

Starts the lab on loopback, lets a visitor drag meanwhile, and prints for each attack how it was answered. Every request
must be answered by a sentence or a status, a connection that says nothing must be hung up on; a visitor's ticks stay
right, with a p95 of at most three times that of quiet. Prints how the memory has grown, and what the log tells of.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from pathlib import Path

from app.serving import connections, limits
from tests.attack.bystander import watch
from tests.attack.lab import Lab, opened
from tests.attack.shots import ATTACKS, attacked, unanswered
from tests.commands import asked
from tests.server import running

QUIET = 10.0  # seconds before the attacks
SLOWER = 3.0  # a visitor's p95 under attack, over that of quiet


def faults(log: Path) -> Counter[str]:
    """The tracebacks of a log, by their last two lines."""
    found, lines = Counter(), log.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("Traceback"):
            end = next(
                (i for i in range(number + 1, len(lines)) if not lines[i].startswith(" ")), len(lines) - 1
            )
            places = [each.strip() for each in lines[number:end] if each.strip().startswith("File")]
            found[f"{places[-1] if places else ''}: {lines[end][:100]}"] += 1
    return found


def p95(times: list[float]) -> float:
    """In milliseconds."""
    return 1000 * sorted(times)[int(0.95 * (len(times) - 1))]


def report(lab: Lab, names: list[str]) -> bool:
    """One line an attack, the visitor's ticks, the memory; whether all is as it should be."""
    ours, theirs = multiprocessing.Pipe()
    watcher = multiprocessing.get_context("spawn").Process(target=watch, args=(lab, theirs), daemon=True)
    watcher.start()
    theirs.close()
    ours.recv()
    time.sleep(QUIET)
    rounds, good, began = [("quiet", time.monotonic() - QUIET, time.monotonic())], True, lab.megabytes()
    for name in names:
        before, start_of = lab.megabytes(), time.monotonic()
        answers = attacked(lab, name)
        rounds.append((name, start_of, time.monotonic()))
        bad, seconds = unanswered(name, answers), time.monotonic() - start_of
        statuses = sorted(Counter(answer.status for answer in answers).items())
        print(
            f"{name:32} {len(answers) - len(bad):4d} of {len(answers):4d} answered  {seconds:5.1f} s  "
            f"{lab.megabytes() - before:+6.1f} MB  ",
            ", ".join(f"{status}: {count}" for status, count in statuses),
            flush=True,
        )
        for answer in bad[:3]:
            print("   ", answer.status, answer.said[:60], "…", answer.said[-140:])
        good = good and not bad
    ours.send("enough")
    told, mistakes = ours.recv()
    quiet, *parts = ([took for at, took in told if first <= at <= last] for _, first, last in rounds)
    for (name, *_), part in zip(rounds[1:], parts):
        print(
            f"   a visitor's p95 during {name}: {p95(part):.0f} ms of {len(part)} ticks"
            if part
            else f"   {name}: too short"
        )
    during = [took for part in parts for took in part]
    ratio = p95(during) / p95(quiet)
    print(
        f"a visitor meanwhile: p95 {p95(during):.0f} ms, in quiet {p95(quiet):.0f} ms: {ratio:.1f} times "
        f"(at most {SLOWER:.0f}); wrong answers {len(mistakes)}; memory {began:.0f} MB, now {lab.megabytes():.0f} MB"
    )
    for fault, count in faults(lab.log).most_common():
        print(f"   in the log {count} times: {fault}")
    for mistake in mistakes[:3]:
        print("   ", mistake)
    return good and not mistakes and ratio <= SLOWER


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__.split("\n")[0])
    asked(parser, "attacks", ATTACKS)
    options = parser.parse_args(argv)
    print(
        f"limits: {connections.HEADER_SECONDS:.0f} s for headers, {limits.SILENCE:.0f} s between two pieces of a body"
    )
    with running() as lab:
        good = report(opened(lab.url, lab.process, lab.log), options.attacks)
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
