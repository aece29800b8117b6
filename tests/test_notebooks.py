"""The notebooks of assets/notebooks run from top to bottom in a clean process, and are kept as they ran."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.helpers import printed

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "assets" / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
NEEDED = {"your_own_flow": "zuko"}
WITH_THE_LAB = "your_own_pictures"  # which it opens, so a process without the app will not do
KEPT = "kept here: ['config.json', 'model.safetensors']"
MOST_BYTES = 800_000


def cells(notebook: Path) -> list[dict]:
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def program(notebook: Path) -> str:
    """The code of all cells; what is meant for the notebook alone begins with %."""
    code = ["".join(cell["source"]) for cell in cells(notebook) if cell["cell_type"] == "code"]
    return re.sub(r"^%.*$", "", "\n".join(code), flags=re.MULTILINE)


def test_the_three_notebooks_are_there():
    assert [notebook.stem for notebook in NOTEBOOKS] == [
        "the_paper_in_an_hour",
        "your_own_flow",
        "your_own_pictures",
    ]


@EACH
def test_a_notebook_runs_from_top_to_bottom(notebook, tmp_path):
    pytest.importorskip(NEEDED.get(notebook.stem, "torch"))
    if notebook.stem != WITH_THE_LAB:
        printed(program(notebook), tmp_path)
        return
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program(notebook)}"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["http://127.0.0.1", KEPT]


@EACH
def test_a_notebook_says_first_how_it_is_installed_from_wherever_the_repository_lies(notebook):
    first = "".join(cells(notebook)[0]["source"])
    (extra,) = re.findall(r"pip install '\.\[(\w+)\]'", first)
    assert f"%pip install 'linearizer-lab[{extra}] @ git+ADDRESS'" in first
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "linearizer-lab" and extra in project["optional-dependencies"]


def test_the_badge_names_no_repository_since_the_project_knows_none():
    """Colab's own page asks for one; a made-up address would lead nowhere."""
    links = re.findall(
        r"\(https://colab\.research\.google\.com/github/([^)]*)\)", (ROOT / "README.md").read_text("utf-8")
    )
    assert links == [""]


@EACH
def test_a_notebook_is_kept_as_it_ran(notebook):
    found = [cell for cell in cells(notebook) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in found] == list(range(1, len(found) + 1))
    outputs = [output for cell in found for output in cell["outputs"]]
    assert outputs and not any(output["output_type"] == "error" for output in outputs)
    text = notebook.read_text(encoding="utf-8")
    assert "stderr" not in text and "/work/" not in text and "/tmp/" not in text
    assert len(text) < MOST_BYTES
