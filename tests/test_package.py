"""The package as others get it: what a wheel holds, what an import of it asks for, what it can do on its own."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from linearizer_core import checkpoints, extras

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MOST_BYTES = 10_000_000


def outside(program, folder, *options, path=""):
    """Runs a program in a process of its own, in an empty folder, with `path` before all else that it may import."""
    run = [sys.executable, *options, "-c", f"import sys; sys.path.insert(0, {str(path)!r})\n{program}"]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this repository, built without network."""
    out = tmp_path_factory.mktemp("wheel")
    run = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
    ]
    done = subprocess.run([*run, out, ROOT], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    (file,) = out.glob("*.whl")
    return file


def test_a_wheel_holds_the_package_its_models_and_the_app_under_a_name_of_its_own(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {item.filename: item.file_size for item in archive.infolist()}
    assert {name.split("/")[0] for name in held} == {
        "linearizer_core",
        "linearizer_lab",
        f"linearizer_lab-{PROJECT['version']}.dist-info",
    }
    modules = {str(file.relative_to(ROOT)) for file in (ROOT / "linearizer_core").rglob("*.py")}
    weights = {file.relative_to(ROOT) for file in checkpoints.ASSETS.rglob(checkpoints.WEIGHTS)}
    assert modules <= held.keys() and {f"linearizer_core/{file}" for file in weights} <= held.keys()
    assert "linearizer_core/assets/faces/README.md" in held  # its terms travel with the weights
    assert "linearizer_core/py.typed" in held and max(held.values()) <= MOST_BYTES
    app = {f"linearizer_lab/{file.relative_to(ROOT / 'app')}" for file in (ROOT / "app").rglob("*.py")}
    assert app <= held.keys() and "linearizer_core/assets/js/page.js" in held
    assert not [name for name in held if name.endswith((".jpg", ".png", ".ipynb"))]
    with zipfile.ZipFile(wheel) as archive:
        texts = [archive.read(name).decode() for name in app]
    assert not [
        line for text in texts for line in text.splitlines() if re.match(r"\s*(from|import) app\b", line)
    ]


ELSEWHERE = """
import linearizer_core as lc, torch
assert lc.__file__.startswith({path!r}), lc.__file__
assert len(lc.pretrained()) == {models}, lc.pretrained()
f = lc.load("plane-moons")
x = torch.tensor([[0.5, -0.25], [1.0, 1.0]])
print(float((f.domain.interpolate(x[:1], x[1:], 1.0) - x[1:]).abs().max()), lc.__version__)
try:
    import app
except ModuleNotFoundError:
    print("no app")
import linearizer_lab.shell, urllib.request
lab = lc.explore(lc.load("digits").g_x, torch.rand(20, 1, 32, 32))
print(urllib.request.urlopen(lab.url).status)
lab.close()
"""


def test_an_installed_package_works_from_an_empty_folder(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "empty").mkdir()
    program = ELSEWHERE.format(path=str(tmp_path / "site"), models=len(checkpoints.pretrained()))
    error, version, *rest = outside(program, tmp_path / "empty", "-P", path=tmp_path / "site").split()
    assert float(error) < 1e-5 and version == PROJECT["version"] and rest == ["no", "app", "200"]


# --- what an import asks for --------------------------------------------------------------------------------------
LATER = {
    "linearizer_core.data": "data are for who trains",
    "linearizer_core.measures": "figures are for who evaluates",
    "linearizer_core.training": "so is the loop",
    "linearizer_core.plots": "draws by matplotlib",
    "scipy": "a PCA of wide data asks for it",
    "onnxruntime": "runs the teachers of styles",
    **extras.EXTRAS,
}
IMPORTED = """
import torch
before = set(sys.modules)  # torch itself asks for some of them, tqdm for instance
import linearizer_core
print(*sys.modules.keys() - before)
"""


def test_an_import_asks_for_neither_a_recipe_nor_what_others_may_lack(tmp_path):
    modules = outside(IMPORTED, tmp_path, path=ROOT).split()
    assert "linearizer_core.linearizer" in modules
    assert not [
        name for name in modules if any(name == late or name.startswith(late + ".") for late in LATER)
    ]
    recipes = [name.rpartition(".")[2] for name in modules if name.startswith("linearizer_core.recipes.")]
    assert sorted(recipes) == ["base", "registry"]  # none of a model


FEW = """
for name in {lacking!r}:
    sys.modules[name] = None
import linearizer_core as lc
for name in lc.pretrained():
    lc.load(name)
    print(name)
"""


def test_every_shipped_model_loads_where_no_extra_is_installed(tmp_path):
    loaded = outside(FEW.format(lacking=[*extras.EXTRAS, "gradio", "plotly"]), tmp_path, path=ROOT).split()
    assert loaded == checkpoints.pretrained() and len(loaded) > 5


@pytest.mark.parametrize(
    ("command", "package"),
    [
        (["train", "plane-identity", "--steps", "1"], "tqdm"),
        (["evaluate", "plane-identity", "--plots", "drawn"], "matplotlib"),
        (["evaluate", "me/mine"], "huggingface_hub"),
    ],
    ids=["train", "plots", "hub"],
)
def test_a_command_that_lacks_its_extra_says_how_to_get_it(command, package, tmp_path):
    program = f"sys.modules[{package!r}] = None\nfrom linearizer_core.__main__ import main\nsys.exit(main({command!r}))"
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    wanted = f"error: {package} is not installed; pip install 'linearizer-lab[{extras.EXTRAS[package]}]'.\n"
    assert (done.returncode, done.stderr) == (2, wanted)


# --- what is required -----------------------------------------------------------------------------------------------
def resolved(*names):
    """The requirements of extras, and of those that they name."""
    found = set()
    for name in names:
        for requirement in PROJECT["optional-dependencies"][name]:
            inner = requirement.removeprefix("linearizer-lab[").removesuffix("]")
            found |= {requirement} if inner == requirement else resolved(*inner.split(","))
    return found


def lines(file):
    stripped = (line.split("#")[0].strip() for line in (ROOT / file).read_text("utf-8").splitlines())
    return {line for line in stripped if line}


def test_the_files_of_requirements_say_what_the_project_says():
    app = {*PROJECT["dependencies"], *resolved("app")}
    assert lines("requirements.txt") == app
    assert lines("requirements-dev.txt") == {"-r requirements.txt"} | (resolved("dev") - app)


def test_every_extra_that_a_sentence_names_brings_that_package():
    names = {"PIL": "pillow", "sklearn": "scikit-learn"}
    for package, extra in extras.EXTRAS.items():
        assert any(line.startswith(names.get(package, package)) for line in resolved(extra)), package
