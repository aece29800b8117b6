"""The programs of README.md run as they stand there, each in a process of its own."""

import re
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
    assert names == ["Use the package", "Put a model of your own into it", "Train an own model"]
    assert (ROOT / "README.md").read_text("utf-8").count("```python") == len(PROGRAMS)


@pytest.mark.parametrize("program", dict(PROGRAMS).values(), ids=dict(PROGRAMS))
def test_a_program_of_the_page_runs(program, tmp_path):
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
