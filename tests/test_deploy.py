"""The container file names what is in this tree, and pins that fit; it is read here, not built."""

import json
import re
import shlex
from importlib import metadata
from pathlib import Path

import pytest

from app import __main__ as command

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "app" / "deploy"
FILE = (DEPLOY / "Containerfile").read_text("utf-8")
PINS = dict(line.split("==") for line in (DEPLOY / "pins.txt").read_text("utf-8").split())


def lines(word: str) -> list[str]:
    return re.findall(rf"(?m)^{word} (.+)$", FILE)


def test_every_requirement_is_pinned_within_its_bounds():
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        name, bounds = re.match(r"([\w.-]+)([^#]*)", line).groups()
        pinned = tuple(map(int, PINS[name.replace("_", "-").lower()].split(".")[:3]))
        for sign, bound in re.findall(r"(>=|<)([\d.]+)", bounds):
            wanted = tuple(map(int, bound.split(".")))
            assert (pinned >= wanted) if sign == ">=" else (pinned < wanted), line


def test_what_the_pinned_ones_need_is_pinned_too():
    """As far as they are installed here in the pinned version."""
    seen = 0
    for name, version in PINS.items():
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if found.version.partition("+")[0] == version:
            plain = [need for need in found.requires or [] if ";" not in need]
            names = {
                re.match(r"[\w.-]+", need).group().replace("_", "-").replace(".", "-").lower()
                for need in plain
            }
            assert names <= PINS.keys(), (name, names - PINS.keys())
            seen += 1
    if not seen:
        pytest.skip("none of the pinned versions is installed here")


def test_all_that_is_copied_is_here_and_all_that_runs_is_copied():
    copied = {source for line in lines("COPY") for source in line.split()[:-1]}
    assert {"app", "assets", "linearizer_core", "requirements.txt", "app/deploy/pins.txt"} <= copied
    assert all((ROOT / source).exists() for source in copied)


def test_what_it_starts_is_a_command_of_ours():
    (entry,), (given,) = lines("ENTRYPOINT"), lines("CMD")[-1:]
    words = [*json.loads(entry), *json.loads(given)]
    assert words[:3] == ["python", "-m", "app"]
    arguments = command.parse_arguments(words[3:])
    assert arguments.host == "0.0.0.0" and arguments.workers == 2
    assert str(arguments.port) in lines("EXPOSE")


def test_python_and_system_packages_are_named():
    (base,) = lines("FROM")
    assert re.search(r"python:3\.\d+-slim-\w+$", base)
    assert "haproxy" in shlex.split(lines("RUN")[0])
