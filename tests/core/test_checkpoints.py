"""Checkpoints: what is saved comes back exactly; what is wrong is refused by file and field."""

import dataclasses
import json
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from linearizer_core import checkpoints, configs, recipes
from linearizer_core.checkpoints import CheckpointError
from linearizer_core.tensors import FACTORIES


class Pair(nn.Module):
    """One inner network under two names, a flag and a count: what a Linearizer's state has in small."""

    def __init__(self, width, scale):
        super().__init__()
        self.g_x = nn.Linear(3, width)
        self.g_y = self.g_x
        self.scale = nn.Parameter(torch.full((width,), scale))
        self.register_buffer("initialised", torch.tensor(False))
        self.register_buffer("order", torch.randperm(width))

    def forward(self, x):
        return self.g_x(x)[..., self.order] * self.scale


@dataclass(frozen=True, kw_only=True)
class Tiny:
    name: ClassVar[str] = "tiny"
    absent: ClassVar[dict[str, object]] = {}
    width: int
    scale: float = 1.0
    sizes: tuple[int, ...] = (1, 2)
    corner: tuple[float, str] = (0.5, "a")
    label: str | None = None
    kind: Literal["relu", "tanh"] = "relu"
    deep: bool = False

    def __post_init__(self):
        if self.scale <= 0:
            raise ValueError(f"scale must be above 0, got {self.scale}.")

    def build(self):
        return Pair(self.width, self.scale)


@dataclass(frozen=True, kw_only=True)
class Unregistered(Tiny):
    name: ClassVar[str] = "unregistered"


@pytest.fixture(autouse=True)
def registered(monkeypatch, tmp_path):
    monkeypatch.setitem(recipes.RECIPES, "tiny", Tiny)
    monkeypatch.setattr(checkpoints, "ASSETS", tmp_path / "assets")


@pytest.fixture
def model():
    model = Tiny(width=4, scale=2.0).build()
    with torch.no_grad():
        model.g_x.weight.normal_()
        model.initialised.fill_(True)
        model.order.copy_(torch.tensor([3, 1, 0, 2]))
    return model


@pytest.fixture
def folder(tmp_path, model):
    checkpoints.save(tmp_path / "m", Tiny(width=4, scale=2.0), model, {"psnr": 31.5}, {"data": "mnist"})
    return tmp_path / "m"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_saved_model_comes_back_bit_for_bit(tmp_path, model, dtype):
    checkpoints.save(tmp_path / "m", Tiny(width=4, scale=2.0), model.to(dtype))
    again = checkpoints.load(tmp_path / "m")
    assert again.g_x is again.g_y and not again.training
    for (name, old), (same, new) in zip(model.state_dict().items(), again.state_dict().items()):
        assert name == same and old.dtype == new.dtype and torch.equal(old, new)


def test_a_loaded_model_is_frozen_but_passes_gradients_to_its_input(folder):
    model, x = (
        checkpoints.load(folder),
        torch.ones(3, dtype=load_file(folder / "model.safetensors")["scale"].dtype),
    )
    assert not any(p.requires_grad for p in model.parameters())
    model(x.requires_grad_()).sum().backward()
    assert x.grad.abs().sum() > 0


def test_a_network_used_twice_is_stored_once(folder):
    assert sorted(load_file(folder / "model.safetensors")) == [
        "g_x.bias",
        "g_x.weight",
        "initialised",
        "order",
        "scale",
    ]


def test_loading_leaves_the_random_state_alone(folder):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    checkpoints.load(folder)
    assert torch.equal(torch.rand(1), expected)


def test_config_holds_recipe_figures_and_training(folder):
    config = checkpoints.read_config(folder)
    assert config == configs.Config(Tiny(width=4, scale=2.0), {"psnr": 31.5}, {"data": "mnist"})
    assert list(json.loads((folder / "config.json").read_text())) == [
        "recipe",
        "version",
        "arguments",
        "figures",
        "training",
    ]


OLDER = {  # what was added later, with the value that stands for the time before
    "paper_steps": recipes.Digits(stage_steps=(1,), stage_hidden=(4,), paper_steps=0),
    "stop": recipes.DigitsFlowMatching(stage_steps=(1,), stage_hidden=(4,), stop=1.0),
}


@pytest.mark.parametrize("field", OLDER)
def test_what_an_older_config_does_not_name_stands_for_what_it_was_then(tmp_path, field):
    recipe = OLDER[field]
    assert getattr(type(recipe)(), field) != getattr(recipe, field)
    checkpoints.save(tmp_path, recipe, recipe.build())
    content = json.loads((tmp_path / "config.json").read_text())
    given = content["arguments"]
    content["arguments"] = {name: v for name, v in given.items() if not name.startswith(field.split("_")[0])}
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert checkpoints.read_config(tmp_path).recipe == recipe
    assert checkpoints.load(tmp_path).g_x.in_shape == (1, 32, 32)


def test_pretrained_names_what_lies_in_assets_and_load_takes_these_names(tmp_path, model):
    assert checkpoints.pretrained() == []
    checkpoints.save(tmp_path / "assets" / "pair", Tiny(width=4), model)
    (tmp_path / "assets" / "css").mkdir()
    assert checkpoints.pretrained() == ["pair"]
    assert torch.equal(checkpoints.load("pair").scale, model.scale)


def test_save_refuses_nan_and_unknown_recipes_and_keeps_the_old_files(folder, model):
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(ValueError, match="recipe must be one of"):
        checkpoints.save(folder, Unregistered(width=4), model)
    model.scale.data[1] = torch.nan
    with pytest.raises(ValueError, match="tensor scale holds NaN"):
        checkpoints.save(folder, Tiny(width=4), model)
    assert before == {file.name: file.read_bytes() for file in folder.iterdir()}


def edit(folder, **changes):
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(content | changes))


def argument(name, value):
    def change(folder):
        edit(folder, arguments=dataclasses.asdict(Tiny(width=4, scale=2.0)) | {name: value})

    return change


def lost_argument(folder):
    edit(folder, arguments={"scale": 2.0})


def text(content):
    return lambda folder: (folder / "config.json").write_bytes(content)


BROKEN_CONFIGS = {
    "missing": (lambda folder: (folder / "config.json").unlink(), "missing or not readable JSON"),
    "empty": (text(b""), "missing or not readable JSON"),
    "half": (text(b'{"recipe": "ti'), "missing or not readable JSON"),
    "not utf-8": (text(b"\xff\xfe{}"), "missing or not readable JSON"),
    "pickle": (text(pickle.dumps({"recipe": "tiny"})), "missing or not readable JSON"),
    "huge": (text(b'{"recipe": "' + b"x" * configs.MAX_BYTES + b'"}'), "too many"),
    "deep": (text(b"[" * 100_000), "missing or not readable JSON"),
    "nan": (text(b'{"recipe": NaN}'), "NaN is not a number in JSON"),
    "list": (text(b"[]"), "must hold a JSON object, got list"),
    "no recipe": (text(b"{}"), "field recipe must be one of"),
    "unknown recipe": (lambda folder: edit(folder, recipe="os.system"), "field recipe must be one of"),
    "recipe type": (lambda folder: edit(folder, recipe=["tiny"]), "field recipe must be one of"),
    "version": (lambda folder: edit(folder, version=2), "field version must be 1, got 2"),
    "arguments": (lambda folder: edit(folder, arguments=[]), "field arguments must be an object"),
    "no arguments": (text(b'{"recipe": "tiny", "version": 1}'), "field arguments must be an object"),
    "figures": (lambda folder: edit(folder, figures="good"), "field figures must be an object"),
    "lost": (lost_argument, "field arguments.width must be given"),
    "unknown": (argument("command", "rm"), "field arguments.command must be one of"),
    "int": (argument("width", 4.0), "field arguments.width must be a value of type int, got 4.0"),
    "bool as int": (argument("width", True), "field arguments.width must be a value of type int, got True"),
    "float": (argument("scale", "2"), "field arguments.scale must be a value of type float, got '2'"),
    "tuple": (argument("sizes", 3), "field arguments.sizes must be"),
    "item": (argument("sizes", [1, None]), r"field arguments.sizes\[1\] must be a value of type int"),
    "length": (argument("corner", [0.5]), "field arguments.corner must be"),
    "union": (argument("label", 5), "field arguments.label must be a value of type str"),
    "choice": (argument("kind", "gelu"), "field arguments.kind must be"),
    "flag": (argument("deep", 1), "field arguments.deep must be a value of type bool, got 1"),
    "range": (argument("scale", -1), "field arguments is refused by the recipe: scale must be above 0"),
    "negative": (argument("width", -4), "field arguments describes no model"),
    "absurd": (argument("width", 10**11), "many times the memory of the stored tensors"),
    "beyond 64 bits": (argument("width", 10**30), "field arguments describes no model"),
    "other size": (
        argument("width", 5),
        r"tensor scale must be .* of shape \(5,\), got F.. of shape \(4,\)",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), BROKEN_CONFIGS.values(), ids=BROKEN_CONFIGS)
def test_a_broken_config_is_refused_by_file_and_field(folder, spoil, message):
    spoil(folder)
    with pytest.raises(CheckpointError, match=message) as caught:
        checkpoints.load(folder)
    assert str(folder) in str(caught.value) and len(str(caught.value)) < 600


MADE = {
    "numbers": (torch.zeros, (2, 3), {}),
    "a size": (torch.empty, ((2, 3),), {}),
    "a scalar": (torch.ones, ((),), {}),
    "by name": (torch.rand, (), {"size": (4, 5)}),
    "normal": (torch.randn, (torch.Size([2, 7]),), {"dtype": torch.float64}),
    "full": (torch.full, ((3, 2), 1.5), {}),
    "square": (torch.eye, (4,), {}),
    "oblong": (torch.eye, (4, 2), {}),
    "range": (torch.arange, (7,), {}),
    "from to": (torch.arange, (2, 9), {}),
    "in steps": (torch.arange, (0.0, 1.0, 0.3), {}),
    "line": (torch.linspace, (0, 1, 5), {}),
    "below": (torch.randint, (9, (2, 3)), {}),
    "between": (torch.randint, (1, 9), {"size": (2, 4)}),
    "shuffled": (torch.randperm, (6,), {}),
}


@pytest.mark.parametrize(("make", "args", "kwargs"), MADE.values(), ids=MADE)
def test_what_a_factory_would_make_is_counted_before_it_is_made(make, args, kwargs):
    assert FACTORIES[make](*args, **kwargs) == make(*args, **kwargs).numel()


def test_integers_pass_as_floats_and_none_as_an_optional(folder):
    argument("scale", 2)(folder)
    assert checkpoints.read_config(folder).recipe == Tiny(width=4, scale=2.0)
    argument("label", "seven")(folder)
    assert checkpoints.read_config(folder).recipe.label == "seven"


def test_a_field_that_the_recipe_gained_later_takes_its_default(folder):
    edit(folder, arguments={"width": 4})
    assert checkpoints.read_config(folder).recipe == Tiny(width=4)
    assert checkpoints.load(folder).scale.shape == (4,)


def tensors(change):
    def spoil(folder):
        file = folder / "model.safetensors"
        stored = load_file(file)
        change(stored)
        save_file(stored, file)

    return spoil


def raw(change):
    def spoil(folder):
        file = folder / "model.safetensors"
        file.write_bytes(change(file.read_bytes()))

    return spoil


def claim(shape):
    """A header that promises a tensor of that shape over four bytes of content."""
    header = json.dumps({"scale": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}}).encode()
    return lambda old: struct.pack("<Q", len(header)) + header + b"\x00" * 4


BROKEN_WEIGHTS = {
    "missing": (
        lambda folder: (folder / "model.safetensors").unlink(),
        "missing, cut short or no safetensors",
    ),
    "empty": (raw(lambda b: b""), "missing, cut short or no safetensors"),
    "truncated": (raw(lambda b: b[:-1]), "missing, cut short or no safetensors"),
    "half header": (raw(lambda b: b[:20]), "missing, cut short or no safetensors"),
    "long header": (raw(lambda b: b"\xff" * 8 + b[8:]), "missing, cut short or no safetensors"),
    "pickle": (raw(lambda b: pickle.dumps([1, 2, 3])), "missing, cut short or no safetensors"),
    "claims": (raw(claim([10**15])), "missing, cut short or no safetensors"),
    "lost tensor": (tensors(lambda t: t.pop("scale")), "tensor scale is missing"),
    "extra tensor": (
        tensors(lambda t: t.update(more=torch.ones(1))),
        "tensor more is not part of this model",
    ),
    "shape": (
        tensors(lambda t: t.update(scale=t["scale"][:3].clone())),
        r"tensor scale must be .* shape \(3,\)",
    ),
    "transposed": (
        tensors(lambda t: t.update({"g_x.weight": t["g_x.weight"].mT.contiguous()})),
        "tensor g_x.weight",
    ),
    "half": (tensors(lambda t: t.update(scale=t["scale"].half())), "tensor scale must be .*, got F16"),
    "flag": (
        tensors(lambda t: t.update(initialised=torch.tensor(1.0))),
        "tensor initialised must be torch.bool",
    ),
    "nan": (tensors(lambda t: t["scale"].__setitem__(2, torch.nan)), "tensor scale holds NaN or infinity"),
    "inf": (
        tensors(lambda t: t["g_x.bias"].__setitem__(0, -torch.inf)),
        "tensor g_x.bias holds NaN or infinity",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), BROKEN_WEIGHTS.values(), ids=BROKEN_WEIGHTS)
def test_broken_weights_are_refused_by_file_and_field(folder, spoil, message):
    spoil(folder)
    with pytest.raises(CheckpointError, match=message) as caught:
        checkpoints.load(folder)
    assert str(folder / "model.safetensors") in str(caught.value)


def test_names_that_mean_nothing_and_devices_that_are_not_there(folder):
    for name in ("nothing", "/nowhere/at/all", "../up/x", "a/b/c", Path("owner/name")):
        with pytest.raises(CheckpointError, match="is no shipped model"):
            checkpoints.load(name)
    for device in ("gpu", "cuda:99"):
        with pytest.raises(ValueError, match="device must be one that this PyTorch has"):
            checkpoints.load(folder, device=device)


def test_owner_and_name_are_fetched_from_the_hub_and_nothing_else_is(folder, monkeypatch):
    asked = []

    def snapshot_download(repo_id, **options):
        asked.append((repo_id, options))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    checkpoints.load(folder)
    assert asked == []
    model = checkpoints.from_pretrained("owner/pair", revision="v1", local_files_only=True)
    assert isinstance(model, Pair) and asked[0][0] == "owner/pair"
    assert asked[0][1]["allow_patterns"] == ["config.json", "model.safetensors"]
    assert asked[0][1]["revision"] == "v1" and asked[0][1]["local_files_only"]


def test_a_hub_out_of_reach_is_one_sentence(tmp_path):
    with pytest.raises(
        CheckpointError, match="owner/pair is no folder here and could not be fetched"
    ) as caught:
        checkpoints.from_pretrained("owner/pair", cache_dir=tmp_path, local_files_only=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("card", [None, "# My own card\n"])
def test_push_uploads_both_files_and_a_card(folder, monkeypatch, card):
    if card:
        (folder / "README.md").write_text(card)
    (folder / "private.txt").write_text("stays here")
    uploaded = {}

    def upload_folder(self, repo_id, folder_path, commit_message):
        uploaded.update({file.name: file.read_text(errors="replace") for file in Path(folder_path).iterdir()})
        return f"https://huggingface.co/{repo_id}/commit/1"

    def create_repo(self, repo_id, private, exist_ok):
        return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id}")

    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create_repo)
    assert checkpoints.push_to_hub(folder, "owner/pair") == "https://huggingface.co/owner/pair/commit/1"
    assert sorted(uploaded) == ["README.md", "config.json", "model.safetensors"]
    assert uploaded["README.md"] == card if card else "| psnr | 31.5 |" in uploaded["README.md"]


def test_push_refuses_a_broken_folder_before_it_asks_the_hub(folder, monkeypatch):
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="cut short"):
        checkpoints.push_to_hub(folder, "owner/pair")
    with pytest.raises(CheckpointError, match="owner/pair is no folder here"):
        checkpoints.push_to_hub("owner/pair", "owner/pair")


# --- which model is meant (fault 6) ----------------------------------------------------------------------------
@pytest.fixture
def shipped(tmp_path, model):
    """A shipped model "pair", and a folder that is the current one."""
    checkpoints.save(tmp_path / "assets" / "pair", Tiny(width=4), model)
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "training.safetensors"])
def test_a_folder_of_a_shipped_name_that_holds_a_model_must_be_named_as_one(
    shipped, file, model, monkeypatch
):
    monkeypatch.chdir(shipped)
    checkpoints.save("pair", Tiny(width=5), Tiny(width=5).build())
    for other in Path("pair").iterdir():
        other.rename(Path("pair", file)) if other.name == file else None
    uses = [
        lambda: checkpoints.load("pair"),
        lambda: checkpoints.read_config("pair"),
        lambda: checkpoints.local_folder("pair"),
        lambda: checkpoints.push_to_hub("pair", "owner/pair"),
    ]
    for use in uses:
        with pytest.raises(
            CheckpointError, match=r"'pair' is a shipped model and a folder here .*'\./pair'"
        ) as caught:
            use()
        assert str(checkpoints.ASSETS / "pair") in str(caught.value)
    assert checkpoints.load("./pair").scale.shape == checkpoints.load(Path("pair")).scale.shape == (5,)
    assert checkpoints.load(checkpoints.ASSETS / "pair").scale.shape == (4,)


def test_a_folder_of_a_shipped_name_without_a_model_is_not_meant(shipped, monkeypatch):
    monkeypatch.chdir(shipped)
    Path("pair").mkdir()
    Path("pair", "1.png").write_bytes(b"")
    assert checkpoints.load("pair").scale.shape == (4,)
    monkeypatch.chdir(checkpoints.ASSETS)  # the shipped one itself lies here under its name
    assert checkpoints.load("pair").scale.shape == (4,)


# --- what save writes, load reads (fault 22) -------------------------------------------------------------------
class Wider(Pair):
    """A class of its own with the very tensors of a Pair."""


def odd(change):
    model = Tiny(width=4).build()
    change(model)
    return model


NOT_SAVED = {
    "half": (lambda: Tiny(width=4).build().half(), "got float16; call model.float"),
    "bfloat16": (lambda: Tiny(width=4).build().bfloat16(), "got bfloat16"),
    "mixed": (lambda: odd(lambda model: model.g_x.float()), "got float32, float64"),
    "another size": (lambda: Tiny(width=5).build(), r"scale is \(5,\) instead of \(4,\)"),
    "another class": (lambda: Wider(4, 1.0), "as a whole it is Wider instead of Pair"),
    "another part": (lambda: odd(lambda model: setattr(model, "g_x", nn.Sequential())), "g_x is Sequential"),
    "a part more": (
        lambda: odd(lambda model: setattr(model, "more", nn.ReLU())),
        "more is ReLU instead of absent",
    ),
}


@pytest.mark.parametrize(("make", "words"), NOT_SAVED.values(), ids=NOT_SAVED)
def test_what_load_could_not_read_is_not_saved(tmp_path, make, words):
    with pytest.raises(ValueError, match=words):
        checkpoints.save(tmp_path / "m", Tiny(width=4), make())
    assert not (tmp_path / "m").exists()


def test_models_derived_from_a_shipped_one_are_not_saved_as_it(tmp_path, monkeypatch):
    monkeypatch.undo()
    recipe, f = checkpoints.read_config("plane-moons").recipe, checkpoints.load("plane-moons")
    checkpoints.save(tmp_path / "same", recipe, f)
    again = checkpoints.load(tmp_path / "same").state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in f.state_dict().items())
    for derived in (f.truncated(1), f**2, f.T, f.pinv(), f @ f, f.collapse(3)):
        with pytest.raises(ValueError, match="is not what plane-moons builds"):
            checkpoints.save(tmp_path / "derived", recipe, derived)


# --- files of others (faults 25, 28, 29, 36, 53) ---------------------------------------------------------------
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5000\n"


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_git_lfs_pointer_says_how_to_get_the_file(folder, file):
    (folder / file).write_bytes(POINTER)
    with pytest.raises(
        CheckpointError, match=f"{file} is missing, .*git-lfs pointer; run git lfs pull|{file} is"
    ):
        checkpoints.load(folder)
    with pytest.raises(CheckpointError, match="git-lfs pointer; run git lfs pull"):
        checkpoints.load(folder)


def test_only_base_names_of_files_land_in_a_config(tmp_path, monkeypatch):
    monkeypatch.undo()
    recipe = recipes.PhotoStyles(
        teacher=("a=/home/me/nets/a.onnx", "b=~/b.onnx", "c=style_teachers/c.onnx", "d=C:\\nets\\d.onnx"),
        photo="/home/me/holiday.jpg",
        photos="../others/photos",
    )
    arguments = json.loads(configs.write(configs.Config(recipe, {}, {})))["arguments"]
    assert arguments["teacher"] == ["a=a.onnx", "b=b.onnx", "c=style_teachers/c.onnx", "d=d.onnx"]
    assert (arguments["photo"], arguments["photos"]) == ("holiday.jpg", "photos")


def test_a_config_of_the_hub_is_fetched_as_the_model_is(folder, monkeypatch):  # fault 53
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda repo_id, **options: str(folder))
    assert checkpoints.read_config("owner/pair").recipe == Tiny(width=4, scale=2.0)
    with pytest.raises(CheckpointError, match="owner/pair is no folder here"):
        checkpoints.local_folder("owner/pair")


@pytest.mark.parametrize("name", [None, 5, b"pair", ["pair"], "a\0b", "~nobody-of-that-name/x"])
def test_what_is_no_name_at_all_is_refused(name):
    with pytest.raises(ValueError):
        checkpoints.load(name)
