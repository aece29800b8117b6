"""The rules of the house, read from the source: who imports whom, what is written once, what is required and used."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import linearizer_core

ROOT = Path(__file__).resolve().parents[1]
CORE, APP, TESTS = (sorted((ROOT / part).rglob("*.py")) for part in ("linearizer_core", "app", "tests"))


def named(paths):
    return {"ids": [str(path.relative_to(ROOT)) for path in paths]}


@cache
def parsed(path):
    return ast.parse(path.read_text("utf-8"))


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {module_name(path): path for path in (*CORE, *APP)}


def imported(path, nodes):
    """Absolute names of the modules that these import statements of a file ask for."""
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            inner = [f"{base}.{alias.name}" for alias in node.names]
            yield from (name for name in inner if name in NAMES)
            if not all(name in NAMES for name in inner):
                yield base


def imports(path):
    """What a file imports anywhere, inside functions too."""
    return set(imported(path, ast.walk(parsed(path))))


def imports_at_once(path):
    """What importing a file imports: statements inside functions and for type checkers only are left out."""
    tree, nodes = parsed(path), []
    pending = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
        elif isinstance(node, ast.If | ast.Try | ast.With):
            pending += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
        else:
            nodes.append(node)
    return set(imported(path, nodes))


def circle(graph):
    """A closed walk in a graph (name to names), or []."""
    done, walk = set(), []

    def visit(name):
        if name in walk:
            return [*walk[walk.index(name) :], name]
        if name in done:
            return []
        walk.append(name)
        found = next(filter(None, map(visit, sorted(graph.get(name, ())))), [])
        walk.pop()
        done.add(name)
        return found

    return next(filter(None, map(visit, sorted(graph))), [])


def part(name):
    """linearizer_core.algebra.inverse and linearizer_core.algebra are of the part algebra."""
    return name.split(".")[1] if "." in name else name


# --- who imports whom -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", CORE, **named(CORE))
def test_the_core_knows_neither_app_nor_gradio(path):
    assert not {name.split(".")[0] for name in imports(path)} & {"app", "gradio", "tests"}


def test_no_circle_in_the_imports_of_the_core():
    graph = {module_name(path): imports_at_once(path) & NAMES.keys() for path in CORE}
    assert len(graph) > 60 and circle(graph) == []


def test_no_circle_between_the_parts_of_the_core():
    graph = {}
    for path in CORE:
        mine = part(module_name(path))
        others = {part(name) for name in imports_at_once(path) if name.startswith("linearizer_core.")}
        graph.setdefault(mine, set()).update(others - {mine, "linearizer_core"})
    assert {"algebra", "operators", "models", "recipes", "measures"} <= graph.keys() and circle(graph) == []


def test_the_finder_of_circles_finds_one():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


FORBIDDEN = {  # a rule of the right part would stand in the left one, or a model would know how it was trained
    "models": {"recipes", "measures", "training", "checkpoints"},
    "measures": {"recipes", "training"},
    "networks": {"operators", "algebra", "models", "recipes", "linearizer"},
    "operators": {"networks", "models", "recipes", "linearizer"},
    "data": {"models", "recipes", "networks", "operators"},
    "methods": {"models", "recipes", "data"},
}


@pytest.mark.parametrize(("left", "right"), FORBIDDEN.items(), ids=FORBIDDEN)
def test_a_part_knows_nothing_of_what_is_built_from_it(left, right):
    for path in CORE:
        if part(module_name(path)) == left:
            known = {part(name) for name in imports(path) if name.startswith("linearizer_core.")}
            known -= {"checkpoints"} if left == "measures" else set()
            assert not known & right, f"{module_name(path)} imports {sorted(known & right)}"


def test_the_algebra_names_no_type_of_operator_but_the_matrix():
    """Rules stand beside the types; the dense fallback alone is asked for, when it is needed."""
    for path in CORE:
        if part(module_name(path)) == "algebra":
            known = {name for name in imports(path) if name.startswith("linearizer_core.operators")}
            assert known <= {"linearizer_core.operators.dense"}, path
            assert not {
                name for name in imports_at_once(path) if name.startswith("linearizer_core.operators")
            }


DRAWING = {"matplotlib"}  # of which the core has one module; another asks that one


def test_one_module_of_the_core_draws():
    drawing = [path.name for path in CORE if {name.split(".")[0] for name in imports(path)} & DRAWING]
    assert drawing == ["plots.py"]


# --- written once ---------------------------------------------------------------------------------------------
def assigned(tree):
    """The names that the top level of a module gives, as often as it gives them; rules of a type are all called _."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if "overload" not in map(
                ast.unparse, node.decorator_list
            ):  # one function, said for several types
                yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [n for target in targets for n in getattr(target, "elts", [target])]
            yield from (n.id for n in parts if isinstance(n, ast.Name))


@pytest.mark.parametrize("path", [*CORE, *APP, *TESTS], **named([*CORE, *APP, *TESTS]))
def test_no_name_is_given_twice_in_one_module(path):
    twice = [name for name, count in Counter(assigned(parsed(path))).items() if count > 1 and name != "_"]
    assert not twice, f"{path.relative_to(ROOT)} gives {twice} twice"


def test_the_finder_of_names_given_twice_finds_them():
    assert list(assigned(ast.parse("A = 1\nA.x = B[0] = 1\nB, A = 2, 3\ndef _(): ...\ndef B(): ..."))) == [
        "A",
        "B",
        "A",
        "_",
        "B",
    ]


# --- abstract or final ----------------------------------------------------------------------------------------
CONSTRUCTORS = {"__init__", "__post_init__"}  # every class is made in a way of its own
HOOKS = {  # of PyTorch, which leaves these open for its subclasses
    "forward": "nn.Module.forward only raises: abstract in all but name",
    "extra_repr": "nn.Module's own line in a repr, empty there",
    "_apply": "what .to() calls: an operator without numbers remembers where it was moved",
    "__setattr__": "what stores an attribute: a network checks its two shapes on the way",
    "setup_context": "of an autograd.Function, abstract in all but name",
    "backward": "of an autograd.Function, abstract in all but name",
    "__torch_function__": "what a TorchFunctionMode is for",
}


def classes():
    prefix = linearizer_core.__name__ + "."
    modules = [name for _, name, _ in pkgutil.walk_packages(linearizer_core.__path__, prefix)]
    found = {
        kind
        for name in modules
        if not name.endswith("__main__")
        for kind in vars(importlib.import_module(name)).values()
        if inspect.isclass(kind) and kind.__module__.startswith("linearizer_core")
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


SOURCES = {str(path) for path in (*CORE, *TESTS)}


def methods(kind):
    """Name to function of the methods and properties that are written in the body of a class."""
    for name, value in vars(kind).items():
        function = (
            getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)
        )
        if (
            inspect.isfunction(function) and function.__code__.co_filename in SOURCES
        ):  # written by no dataclass
            yield name, value


def overridden(kind):
    """The methods of a class that were concrete in one above it, each with that class."""
    for name, _ in methods(kind):
        above = next((base for base in kind.__mro__[1:] if name in vars(base)), object)
        was = vars(above).get(name)
        ours = above.__module__.startswith("linearizer_core") and hasattr(was, "__get__")  # no mere attribute
        open_to_all = name in CONSTRUCTORS or getattr(was, "__isabstractmethod__", False)
        open_to_all = open_to_all or getattr(was, "is_hook", False)  # a default, said to be one
        if not open_to_all and (ours or (above.__module__.startswith("torch") and name not in HOOKS)):
            yield name, above


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__qualname__)
def test_no_concrete_method_is_overridden(kind):
    assert not [f"{name} of {above.__qualname__}" for name, above in overridden(kind)]


def test_the_finder_of_overridden_methods_finds_them():
    from linearizer_core.linearizer import Linearizer
    from linearizer_core.operators import LinearOperator

    class Bad(Linearizer):
        def truncated(self, k): ...

        @property
        def domain(self): ...

        def forward(self, x): ...

    class Good(LinearOperator):
        def matvec(self, v): ...

    assert {name for name, _ in overridden(Bad)} == {"truncated", "domain", "forward"}
    assert not list(overridden(Good))


# --- required and used ----------------------------------------------------------------------------------------
IMPORT_NAMES = {
    "scikit-learn": "sklearn",
    "pillow": "PIL",
    "axe-playwright-python": "axe_playwright_python",
}
NOT_YET_IMPORTED = {  # requirement: why it is listed though nothing here imports it
    "onnx": "torch's exporter does",
}
NOT_REQUIRED = {  # import: why it is not listed in requirements.txt
    "linear_operator": "a contender of benchmark operators, skipped by name where it is not installed",
    "hatchling": "builds the wheel, and is there whenever one is built",
    "brotli": "what Gradio's server packs with: an answer that is kept is packed so once",
    "starlette": "what Gradio's server is made of: a route of ours is one of its",
    "uvicorn": "Gradio's server itself: a connection of ours has an end to waiting",
    "h11": "what uvicorn reads HTTP with",
    "FrEIA": "a contender of benchmark flows, skipped by name where it is not installed",
    "normflows": "a contender of benchmark flows, skipped by name where it is not installed",
    "zuko": "a contender of benchmark flows, skipped by name where it is not installed",
    "spaces": "lends a graphics card on a Space with ZeroGPU, where it is installed; nowhere else",
}
COMES_WITH = {  # import: the requirement that brings it
    "brotli": "gradio",
    "gradio_client": "gradio",
    "requests": "pooch",
    "starlette": "gradio",
    "uvicorn": "gradio",
}


def required(file):
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text("utf-8").splitlines()]
    names = [re.match(r"[\w.-]+", line).group() for line in lines if line and not line.startswith("-")]
    return {IMPORT_NAMES.get(name, name) for name in names}


def third_party(paths):
    known = sys.stdlib_module_names | {"linearizer_core", "app", "tests", "__future__"}
    return {name.split(".")[0] for path in paths for name in imports(path)} - known


def test_every_requirement_is_imported():
    unused = required("requirements.txt") - third_party([*CORE, *APP])
    assert unused == NOT_YET_IMPORTED.keys(), "imported by nothing, or imported by now and still on the list"


def test_every_import_is_required():
    assert third_party([*CORE, *APP]) - required("requirements.txt") == NOT_REQUIRED.keys()


def test_every_import_of_the_tests_is_required_for_development():
    wanted = required("requirements.txt") | required("requirements-dev.txt") | COMES_WITH.keys()
    assert third_party(TESTS) <= wanted


# --- tables ---------------------------------------------------------------------------------------------------
PAGES = sorted(path for path in [ROOT / "README.md", *ROOT.glob("assets/**/*.md")] if path.is_file())


def tables(text):
    """Each run of lines that begin with a bar, as (first line's number, cells of every line)."""
    rows, start = [], 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.lstrip().startswith("|"):
            start = start if rows else number
            rows.append(re.split(r"(?<!\\)\|", line.strip().strip("|")))
        elif rows:
            yield start, rows
            rows = []


@pytest.mark.parametrize("path", PAGES, **named(PAGES))
def test_every_file_that_a_page_links_is_there(path):
    prose = re.sub(r"(?s)```.*?```", "", path.read_text("utf-8"))
    links = re.findall(r"\]\(([^)#:]+)\)", prose)
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, **named(PAGES))
def test_every_row_of_a_table_has_the_cells_of_its_head(path):  # fault 41
    text = re.sub(
        r"```.*?```", lambda block: "\n" * block.group().count("\n"), path.read_text("utf-8"), flags=re.S
    )
    for start, rows in tables(text):
        assert len(rows) > 2, f"line {start}: a table without a row, or a row without its table"
        assert all(set(cell.strip()) <= set("-:") and "-" in cell for cell in rows[1]), (
            f"line {start}: no rule under the head"
        )
        wrong = [start + i for i, row in enumerate(rows) if len(row) != len(rows[0])]
        assert not wrong, f"lines {wrong} have other than {len(rows[0])} cells"


def test_the_finder_of_tables_counts_their_cells():
    ((start, rows),) = tables("text\n| a | b |\n| - | - |\n| 1 \\| 2 | 3 |\n")
    assert start == 2 and [len(row) for row in rows] == [2, 2, 2]


# --- the rooms of the app ---------------------------------------------------------------------------------------
VIEWS = sorted(path.parent.name for path in (ROOT / "app" / "views").glob("*/__init__.py"))
ROOMS = {
    "words",
    "kinds",
    "settings",
    "listening",
    "models",
    "hall",
    "accelerator",
    "engine",
    "pictures",
    "panels",
    "widgets",
    "views",
}
ARRIVING = {"app.models.own", "app.models.trial"}  # how models come in, which is nothing to a view
IN_VIEWS = [path for path in APP if "views" in path.relative_to(ROOT).parts and path.parent.name in VIEWS]
ON_PAGE = [path for path in IN_VIEWS if "gradio" in imports_at_once(path)]


@pytest.mark.parametrize("path", IN_VIEWS, **named(IN_VIEWS))
def test_a_view_knows_the_shared_rooms_and_no_other_view(path):
    own = f"app.views.{path.parent.name}"
    for name in imports(path):
        if name.startswith("app.") and not (name == own or name.startswith(own + ".")):
            assert name.split(".")[1] in ROOMS - {"views"}, f"{module_name(path)} imports {name}"
            assert name not in ARRIVING, f"{module_name(path)} imports {name}"


def test_no_circle_in_the_imports_of_the_app():
    graph = {module_name(path): imports_at_once(path) & NAMES.keys() for path in APP}
    assert len(graph) > 60 and circle(graph) == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_its_standing_its_words_and_a_page_that_alone_knows_gradio(view):
    files = {path.name for path in IN_VIEWS if path.parent.name == view}
    assert {"__init__.py", "standing.py", "compute.py", "page.py", "words.py"} <= files
    assert all(path.name != "compute.py" for path in ON_PAGE)


NO_GRADIO = """
import sys
sys.modules["gradio"] = None
import importlib
for name in {names!r}:
    importlib.import_module(name)
from app.views.interpolate import compute
from app.views.interpolate.standing import Standing
assert compute.stage(Standing())["stage"]["pictures"]["count"] == 2
"""


def test_what_views_compute_runs_where_gradio_is_not_installed():
    names = [module_name(path) for path in IN_VIEWS if path not in ON_PAGE]
    assert sum(name.endswith(".compute") for name in names) == len(VIEWS)
    run = [sys.executable, "-c", NO_GRADIO.format(names=names)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", APP, **named(APP))
def test_links_are_written_and_errors_are_shown_in_one_place(path):
    text, here = path.read_text("utf-8"), module_name(path)
    assert ("urlencode(" in text or "parse_qsl(" in text) == (here == "app.settings")
    assert ("gr.Error(" in text) == (here == "app.listening")


SAID = [path for path in APP if path.name == "words.py"]


@pytest.mark.parametrize("path", SAID, **named(SAID))
def test_every_sentence_is_said_somewhere(path):
    names = set(assigned(parsed(path)))
    others = "".join(other.read_text("utf-8") for other in APP if other != path)
    own = [
        node.id
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    ]
    imported_here = {
        alias.asname or alias.name
        for node in parsed(path).body
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }
    silent = {name for name in names - set(own) - imported_here if not re.search(rf"\b{name}\b", others)}
    assert not silent, f"nobody says {sorted(silent)}"
