"""The programs of README.md run as they stand there, each in a process of its own."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = re.findall(
    r"(?ms)^#+ ([^\n]+)\n(?:(?!^#).)*?^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8")
)


def test_every_program_of_the_page_is_found():
    names = [name for name, _ in PROGRAMS]
    assert names == [
        "Use the package",
        "Put a model of your own into it",
        "Train an own model",
        "See it in the lab",
        "Bring your own flow",
    ]
    assert (ROOT / "README.md").read_text("utf-8").count("```python") == len(PROGRAMS)


@pytest.mark.parametrize("program", dict(PROGRAMS).values(), ids=dict(PROGRAMS))
def test_a_program_of_the_page_runs(program, tmp_path):
    if "zuko" in program:
        pytest.importorskip("zuko")
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_programs_of_the_page_and_the_package_are_sound_to_a_type_checker(tmp_path):
    """How stands in pyproject.toml; no module is excepted."""
    for name, program in PROGRAMS:
        (tmp_path / f"{name.replace(' ', '_').lower()}.py").write_text(program, "utf-8")
    run = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", ROOT / "linearizer_core"]
    done = subprocess.run(
        [*run, *tmp_path.glob("*.py")], cwd=ROOT, capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stdout


WRONG = """
import linearizer_core as lc
f = lc.load("digits")
f.truncated("eight")
lc.load("styles").blend(3)
f.no_such_method()
"""


def test_a_type_checker_sees_what_a_reader_mistypes(tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG, "utf-8")
    run = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", tmp_path / "wrong.py"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    found = re.findall(
        r"(?m)wrong\.py:(\d+): error", done.stdout
    )  # its cache knows the file from another folder
    assert found == ["4", "5", "6"], done.stdout


def test_the_reference_is_made_of_the_docstrings_by_the_command_of_the_page(tmp_path):
    (command,) = re.findall(r"(?m)^python -m pdoc .*$", (ROOT / "README.md").read_text("utf-8"))
    there = command.replace("python", shlex.quote(sys.executable), 1).replace(
        "reference", str(tmp_path / "reference")
    )
    run = ["bash", "-c", there]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0 and "warn" not in done.stderr.lower(), done.stderr
    pages = {page.stem for page in (tmp_path / "reference" / "linearizer_core").glob("*.html")}
    assert {"networks", "operators", "diagnostics", "training", "plots"} <= pages
    home = (tmp_path / "reference" / "linearizer_core.html").read_text("utf-8")
    assert "push_to_hub" in home and "MathJax" in home
