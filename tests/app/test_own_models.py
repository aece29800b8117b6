"""Models of somebody's own: what each view makes of them, who sees them, what is refused and how."""

import importlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import gradio as gr
import pytest
import safetensors.torch
import torch

import linearizer_core as lc
from app import models, pictures, shell, words
from app.listening import Lab
from app.models import batching, own, remembering
from app.models.needs import ANY
from app.panels import own_model
from app.pictures import references
from app.views import generate, interpolate, latent_pca, project, spectrum
from linearizer_core import checkpoints
from linearizer_core.networks import Flatten
from linearizer_core.operators import Diagonal, Identity
from tests import own_models
from tests.hub import COMMIT, hub
from tests.server import ROOT

pytestmark = pytest.mark.usefixtures("float32")
TAKEN = {  # what is brought, and the views that offer it
    "grey": {"interpolate", "spectrum", "generate", "project", "latent_pca"},
    "colour": {"interpolate", "spectrum", "latent_pca"},
    "given": {"interpolate", "spectrum", "project", "latent_pca"},
    "two spaces": {"spectrum"},
}
VIEWS = {view.SLUG: view for view in (interpolate, spectrum, generate, project, latent_pca)}


@pytest.fixture(scope="module")
def brought():
    """Four models for all visitors; they go when the tests of this file are through."""
    torch.set_default_dtype(torch.float32)
    pictures_given = torch.rand(40, 3, 48, 48, generator=torch.Generator().manual_seed(2))
    found = {
        "grey": own.made(own_models.generator(), "grey", "lc.load('grey')"),
        "colour": own.made(own_models.plain(), "colour", "lc.load('colour')"),
        "given": own.made(own_models.plain(), "given", "f", pictures_given),
        "two spaces": own.made(own_models.two_spaces(), "two spaces", "lc.load('two')"),
    }
    for name, one in found.items():
        models.put(name, one)
    yield found
    for name in found:
        models.drop(name)


@pytest.fixture
def clean():
    """No model of a visitor is left behind."""
    yield
    for name, found in models.brought().items():
        if not found.public:
            models.drop(name)


def opened(view, **query):
    page = importlib.import_module(f"{view.__name__}.page")
    with gr.Blocks():
        return page.build(Lab(gr.State(""))).fn({"view": view.SLUG, **query}, "digits:318")


def chosen(found):
    return found["model"] if isinstance(found["model"], str) else found["model"].value


def standing(slug, name):
    module = importlib.import_module(f"{VIEWS[slug].__name__}.standing")
    return module, module.Standing.checked(model=name)


# --- in every view -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("slug", VIEWS)
def test_a_view_opens_with_it_or_says_why_it_does_not(slug, name, brought):
    found = opened(VIEWS[slug], model=name)
    if slug in TAKEN[name]:
        assert chosen(found) == name and found["notice"].value == ""
    else:
        assert chosen(found) != name
        assert found["notice"].value.startswith(f"{name} is not offered here: this view takes ")


LAWS = [(slug, name) for name, slugs in TAKEN.items() for slug in sorted(slugs)]


@pytest.mark.parametrize(("slug", "name"), LAWS, ids=["-".join(pair) for pair in LAWS])
def test_the_laws_hold_and_its_pictures_have_its_shape(slug, name, brought):
    module, asked = standing(slug, name)
    compute = importlib.import_module(f"{VIEWS[slug].__name__}.compute")
    more = [[entry.text for entry in module.grid_of(name)]] if slug == "project" else []
    if slug == "latent_pca":
        compute.points(asked)
    settled = compute.settled(asked, *more, False)
    assert settled.laws and all(law.error < 1e-4 for law in settled.laws), settled.laws
    compile(settled.python, slug, "exec")
    channels, side, _ = models.shape(name)
    stage = compute.stage(asked, False)["stage"] if slug != "latent_pca" else compute.walk(asked)["stage"]
    shown = stage["pictures"]
    assert (shown["channels"], shown["height"], shown["width"]) == (channels, side, side)
    broken = compute.settled(asked, *more, True)
    assert any(law.error > 1e-3 for law in broken.laws)


@pytest.mark.parametrize("slug", ["interpolate", "spectrum", "generate", "project", "latent_pca"])
def test_every_endpoint_takes_it_or_says_why_not(slug, brought, endpoints):
    for name, slugs in TAKEN.items():
        extra = {"seeds": [1], "steps": 3} if slug == "generate" else {}
        extra |= {"count": 20} if slug == "latent_pca" else {}
        if slug in slugs:
            assert json.dumps(endpoints[slug](model=name, **extra), allow_nan=False)
        else:
            with pytest.raises(gr.Error, match=f"{name} is not offered here: this view takes "):
                endpoints[slug](model=name, **extra)


def test_its_classes_and_ranks_are_those_of_the_model(brought, endpoints):
    assert (models.abilities("grey").classes, models.abilities("given").ranks) == (3, 40)
    with pytest.raises(gr.Error, match="grey knows the classes 0 to 2"):
        endpoints["generate"](seeds=[1], label=7, model="grey")
    with pytest.raises(gr.Error, match="given has 40 in order"):
        endpoints["project"](rank=41, model="given")


def test_any_picture_goes_in_and_its_own_come_first(brought):
    assert pictures.tensor(["digits:3", "face:5", "other:2"], "colour").shape == (3, 3, 48, 48)
    assert pictures.examples("given") == ("model:given:0", "model:given:1")
    assert torch.equal(pictures.tensor(["model:given:3"], "given")[0], torch.as_tensor(
        brought["given"].gallery[3]).permute(2, 0, 1) / 255)  # fmt: skip
    assert pictures.examples("colour") == ("face:0", "face:1")
    assert pictures.fitting("model:grey:1", "digits") == pictures.FIRST_PICTURE
    for bad in ("model:grey:30", "model:nobody:1", "model:grey:x", "model:", "model:colour:0"):
        with pytest.raises(ValueError, match=r"No such picture|not on this server"):
            references.pixels(bad)


@pytest.mark.parametrize(("name", "shape"), [("grey", (28, 28)), ("colour", (48, 48, 3))])
def test_an_upload_is_taken_in_the_shape_of_the_model(name, shape, brought):
    photo = ROOT / "assets" / "screenshot.png"
    reference = references.read(photo, references.taken_for(name, "whole"))
    assert references.pixels(reference).shape == shape and len(reference) <= references.LONGEST


def test_large_grey_pictures_are_kept_short():
    noise = torch.randint(0, 256, (128, 128), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    reference = references.reference_of(noise.numpy())
    assert len(reference) <= references.LONGEST and references.pixels(reference).shape == (128, 128)


def test_a_cloud_is_of_the_pictures_that_came_with_it(brought):
    from app.views.latent_pca.standing import Arguments, Standing
    from app.views.latent_pca.wanted import chosen as wanted

    asked = Standing.checked(model="given")
    assert asked.data == "model" and wanted(asked).references[:2] == ("model:given:0", "model:given:1")
    with pytest.raises(ValueError, match="colour came without pictures of its own"):
        Arguments.checked(model="colour", data="model")


# --- one visitor and another ----------------------------------------------------------------------------------
def private(name="own-" + "x" * 22, f=None):
    found = own.made(f or own_models.plain((1, 16, 16)), "yours", "lc.load('FOLDER')", public=False)
    models.put(name, found)
    return name


def test_what_one_visitor_brings_no_other_is_shown(clean, endpoints):
    name = private()
    assert name not in models.available() and models.offers(name, ANY)
    assert chosen(opened(spectrum, model=name)) == name  # who knows the name
    for view in VIEWS.values():
        found = opened(view)
        assert chosen(found) != name and name not in str(found)
    with pytest.raises(gr.Error) as said:
        endpoints["spectrum"](model="cats")
    assert name not in said.value.message and "yours" not in said.value.message
    config = json.dumps(shell.build_app().config, default=str)
    assert name not in config and '"yours"' not in config


def test_what_was_computed_with_it_goes_with_it(clean):
    name = private()
    from app.views.interpolate import compute
    from app.views.latent_pca import clouds

    _, asked = standing("interpolate", name)
    compute.stage(asked)
    compute.settled(asked, False)
    _, cloudy = standing("latent_pca", name)
    importlib.import_module("app.views.latent_pca.compute").points(replace(cloudy, count=300))
    assert any(key[1] == name for key in clouds._slots)
    assert batching._decoder.cache_info().currsize > 0
    models.drop(name)
    assert not any(key[1] == name for key in clouds._slots)
    for module in (compute, references, models):
        for fn in vars(module).values():
            kept = getattr(fn, "__closure__", None) if hasattr(fn, "cache_info") else None
            assert not kept or name not in "".join(repr(cell.cell_contents) for cell in kept if isinstance(
                cell.cell_contents, dict))  # fmt: skip
    with pytest.raises(ValueError, match="not on this server, or not any more"):
        models.model(name)
    assert opened(spectrum, model=name)["notice"].value == words.MODEL_GONE


def test_results_are_remembered_and_the_oldest_go():
    calls = []

    @remembering.remembered(2)
    def doubled(name, model="a"):
        calls.append(name)
        return 2 * name

    assert [doubled("x"), doubled("y"), doubled("x"), doubled("z"), doubled("y")] == [
        "xx",
        "yy",
        "xx",
        "zz",
        "yy",
    ]
    assert calls == ["x", "y", "z", "y"]
    doubled("q", model="gone")
    remembering.forget("gone")
    assert doubled.cache_info().currsize == 1


def test_there_is_room_for_a_few_and_an_idle_one_makes_room(clean, monkeypatch):
    names = [private(f"own-{i:022}") for i in range(own.MOST_BROUGHT)]
    with pytest.raises(ValueError, match="4 models of visitors are being looked at"), own._room():
        pass
    assert all(models.offers(name, ANY) for name in names)
    monkeypatch.setattr(own, "IDLE", 0.0)
    models.model(names[0])  # so the second is the one that was not asked for longest
    monkeypatch.setattr(own, "PATIENCE", 0.01)
    with own._room():
        with pytest.raises(ValueError, match="Other models are being tried just now"), own._room():
            pass
        assert not models.offers(names[1], ANY) and models.offers(names[0], ANY)


# --- files ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def files(tmp_path_factory):
    torch.set_default_dtype(torch.float32)
    return own_models.saved(tmp_path_factory.mktemp("mine"), own_models.generator((1, 12, 12)))


def test_two_files_come_in_through_a_trial(files, clean):
    name = own.upload([str(files / "config.json"), str(files / "model.safetensors")])
    assert name.startswith(models.PRIVATE) and len(name) > 20
    assert models.shape(name) == (1, 12, 12) and models.abilities(name).generates
    lab = Lab(gr.State(""))
    assert "1×12×12" in own_model._told(lab, name)


def broken(kind, files, folder):
    """A pair of files of which one is wrong."""
    for file in ("config.json", "model.safetensors"):
        shutil.copy(files / file, folder / file)
    config, weights = folder / "config.json", folder / "model.safetensors"
    if kind == "cut short":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif kind == "empty":
        weights.write_bytes(b"")
    elif kind == "a pickle":
        torch.save({"a": torch.ones(2)}, weights)
    elif kind == "not a number":
        tensors = safetensors.torch.load_file(weights)
        next(t for t in tensors.values() if t.is_floating_point()).reshape(-1)[0] = torch.nan
        safetensors.torch.save_file(tensors, weights)
    elif kind == "no JSON":
        config.write_text("{" * 1000)
    elif kind == "deep JSON":
        config.write_text("[" * 200_000)
    elif kind == "another class":
        config.write_text(config.read_text().replace("Generator", "os.system"))
    elif kind == "no pictures":
        lc.save(folder, lc.Linearizer(Flatten((2,)), Identity(2), Flatten((2,))))
    elif kind == "oblong":
        lc.save(folder, lc.Linearizer(Flatten((1, 8, 9)), Identity(72), Flatten((1, 8, 9))))
    elif kind == "too large a side":
        lc.save(folder, lc.Linearizer(Flatten((1, 256, 256)), Identity(65536), Flatten((1, 256, 256))))
    elif kind == "no Linearizer":
        lc.save(folder, Flatten((1, 8, 8)))
    elif kind == "a classifier":
        for file in (config, weights):
            shutil.copy(ROOT / "assets" / "digits" / "classifier" / file.name, file)
    elif kind == "infinite":
        values = torch.full((64,), 1e38)
        g = Flatten((1, 8, 8))
        lc.save(
            folder,
            lc.Linearizer(g, Diagonal(values) @ Diagonal(values) @ lc.load(files).A.__class__(values), g),
        )
    return [str(config), str(weights)]


KINDS = [
    *(
        "cut short",
        "empty",
        "a pickle",
        "not a number",
        "no JSON",
        "deep JSON",
        "another class",
        "no pictures",
    ),
    *("oblong", "too large a side", "no Linearizer", "a classifier", "infinite"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_broken_foreign_or_hostile_get_one_sentence(kind, files, tmp_path, clean, monkeypatch):
    monkeypatch.setattr(own, "_try", tried_here)
    with pytest.raises(ValueError, match=r"(?s)^\S.{10,500}[.]$") as said:
        own.upload(broken(kind, files, tmp_path))
    assert "\n" not in str(said.value) and "/tmp" not in str(said.value)
    assert not [found for found in models.brought().values() if not found.public]


def tried_here(folder):
    """A trial in this process, without its limits: what is said is the same."""
    from app.models import trial

    trial.tried(folder)


@pytest.mark.parametrize(
    "given",
    [None, [], "cats", 7, {}, [1, 2], ["a.json"], ["a.json", "b.json"], ["a.json", "b.safetensors", "c.json"],
     ["../../etc/passwd", "x.exe"]],
)  # fmt: skip
def test_other_than_two_files_get_a_sentence(given):
    with pytest.raises(ValueError, match="Choose two files together"):
        own.upload(given)


SLOW = """
import time, json
from pathlib import Path
{body}
"""


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("time.sleep(60)", "took too long"), ("raise SystemExit(3)", "broke off"), ("print('cats')", "broke off"),
     ("print(json.dumps({'refused': 'It is small.'}))", "It is small")],
)  # fmt: skip
def test_a_trial_that_hangs_or_dies_is_one_sentence(body, sentence, tmp_path, monkeypatch):
    (tmp_path / "stand_in").mkdir()
    (tmp_path / "stand_in" / "__init__.py").touch()
    (tmp_path / "stand_in" / "trial.py").write_text(SLOW.format(body=body))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(own, "__package__", "stand_in")
    monkeypatch.setattr(own, "LONGEST", 5.0)
    with pytest.raises(ValueError, match=sentence):
        own._try(tmp_path)
    assert not own._one_trial.locked()


def test_a_slow_model_is_refused_and_a_hungry_one_too(files, monkeypatch):
    from app.models import trial

    monkeypatch.setitem(trial.SLOWEST, "decode", 0.0)
    with pytest.raises(
        ValueError, match=r"too slow for the lab: decode took .* s here, and at most 0 s work"
    ):
        trial.tried(files)
    program = "from app.models import trial; trial.MEMORY = 2**20; trial.main('assets/digits')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    # where the machine lets it say so; else it dies, which the lab takes for a model that breaks
    assert done.stdout or done.returncode
    assert not done.stdout or json.loads(done.stdout)["refused"] in (words.TRIAL_MEMORY, words.TRIAL_BROKE)


# --- the Hub, and the command line ------------------------------------------------------------------------------
def test_the_hub_is_asked_for_what_is_allowed_and_nothing_else(files, clean, monkeypatch):
    monkeypatch.setattr(own, "_try", tried_here)
    for name in (
        "me/mine",
        "me",
        "../mine",
        "me/mine/more",
        "",
        None,
        7,
        "a" * 10_000,
        "me/..",
        "http://x/y",
    ):
        with pytest.raises(ValueError, match=r"takes no name from the Hub|has a name such as owner/name"):
            own.from_hub(name)
    monkeypatch.setattr(own, "hub", ["me/*"])
    with pytest.raises(ValueError, match=r"takes me/\* from the Hub"):
        own.from_hub("you/yours")
    asked = []
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: Api(files, asked))
    monkeypatch.setattr(checkpoints, "_snapshot", lambda name, **how: asked.append(how["revision"]) or files)
    name = own.from_hub(" me/mine ")
    assert asked == ["me/mine main", COMMIT] and models.title(name) == "me/mine"
    assert models.source(name) == f"lc.from_pretrained('me/mine', revision='{COMMIT}')"
    monkeypatch.setattr(own, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="MB work"):
        own.from_hub("me/mine")


class Api:
    """What is asked of the Hub before anything is fetched."""

    def __init__(self, folder, asked):
        self.folder, self.asked = folder, asked

    def model_info(self, name, revision, timeout):
        self.asked.append(f"{name} {revision}")
        return type("Info", (), {"sha": COMMIT})

    def list_repo_tree(self, name, revision):
        return [type("File", (), {"path": f.name, "size": f.stat().st_size}) for f in self.folder.iterdir()]


def test_the_stand_in_for_the_hub_answers_the_real_client(monkeypatch):
    from huggingface_hub import HfApi

    with hub() as server:
        server.repos["me/mine"] = {"config.json": b"{}", "model.safetensors": b"1234"}
        monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi(endpoint=server.address))
        monkeypatch.setattr(
            checkpoints, "fetch", lambda name, revision: (_ for _ in ()).throw(ValueError(revision))
        )
        with pytest.raises(ValueError, match=COMMIT):
            own._of_hub("me/mine", public=False)
        with pytest.raises(ValueError, match="me/none could not be found on the Hub"):
            own._of_hub("me/none", public=False)


def test_a_folder_of_the_command_line_is_there_for_all(files, monkeypatch):
    monkeypatch.setattr(own, "_try", tried_here)
    name = own.bring(str(files))
    try:
        assert name in models.available() and name == files.name
        with pytest.raises(ValueError, match=f"A model called {name} is here already"):
            own.bring(str(files))
    finally:
        models.drop(name)


@pytest.mark.parametrize(
    "name", ["nosuch", "a b/c", "assets/styles", "assets/plane-moons", "README.md", "~nobody/x"]
)
def test_a_model_that_cannot_be_shown_is_one_sentence(name, monkeypatch):
    monkeypatch.setattr(own, "_try", tried_here)
    with pytest.raises(ValueError, match=r"^\S.{10,300}[.]$"):
        own.bring(name)


@pytest.mark.parametrize(
    ("name", "view", "sentence"),
    [("assets/plane-moons", "Plane", "points of shape 2"), ("assets/styles", "Styles", "photos of any size")],
)
def test_a_model_for_a_view_that_takes_none_is_told_where_it_goes(name, view, sentence, monkeypatch):
    monkeypatch.setattr(own, "_try", tried_here)
    with pytest.raises(
        ValueError, match=rf"takes {sentence}; .*, and {view} loads a \w+ that was trained there[.]$"
    ):
        own.bring(name)


def test_views_that_take_no_model_say_why_where_one_is_brought(clean, brought, endpoints):
    with gr.Blocks() as page:
        own_model.panel(Lab(gr.State("")))
    shown = " ".join(str(block.value) for block in page.blocks.values() if isinstance(block, gr.HTML))
    for said in (shown, own_model._told(Lab(gr.State("")), "grey")):
        assert (
            "Plane takes none, since it draws points" in said and "Styles takes none, since it paints" in said
        )


def test_and_on_the_command_line_exit_2():
    name = "assets/plane-moons"
    done = subprocess.run(
        [sys.executable, "-m", "app", "--model", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"python -m app: --model {name}: ") and done.stderr.count("\n") == 1
