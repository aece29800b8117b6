"""Models of one's own on disk: everything in the catalogue comes back bit for bit, and nothing tampered with comes back."""

import json
import subprocess
import sys

import pytest
import safetensors.torch
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core import registered, structure
from linearizer_core.checkpoints import CheckpointError, read_config
from linearizer_core.linearizer import Linearizer
from linearizer_core.networks import (
    AffineCoupling,
    Chain,
    Flatten,
    InvertibleLinear,
    InvertibleNetwork,
    Log,
    vector_flow,
)
from linearizer_core.operators import Dense, Diagonal, Identity, LinearOperator, LowRank
from tests.catalogue import MODELS, NETWORKS, OPERATORS, Circulant, Cumulative, points, stirred

SUBJECTS = {
    **{f"network: {name}": make for name, make in NETWORKS.items()},
    **{f"operator: {name}": make for name, make in OPERATORS.items()},
    **{f"model: {name}": make for name, make in MODELS.items()},
}


@pytest.fixture(autouse=True)
def circulants(monkeypatch):
    """The catalogue's own class, which wrote `matvec` alone, is registered as a user would."""
    monkeypatch.setattr(registered, "REGISTERED", dict(registered.REGISTERED))
    monkeypatch.setattr(structure, "REGISTERED", registered.REGISTERED)
    lc.register(Circulant)
    lc.register(Cumulative)


def same(model, other):
    """Whether two modules are of the same build and hold the same numbers, and share the same ones."""
    was, found = model.state_dict(keep_vars=True), other.state_dict(keep_vars=True)
    alike = [type(part) for part in model.modules()] == [type(part) for part in other.modules()]
    equal = was.keys() == found.keys() and all(torch.equal(was[name], found[name]) for name in was)
    kinds = [type(t) for t in was.values()] == [type(t) for t in found.values()]
    return alike and equal and kinds and sharing(was) == sharing(found)


def sharing(state):
    """For each tensor the place of the first that is the same object."""
    ids = [id(tensor) for tensor in state.values()]
    return [ids.index(one) for one in ids]


@pytest.mark.parametrize("make", SUBJECTS.values(), ids=SUBJECTS)
def test_what_is_saved_is_loaded_bit_for_bit(make, tmp_path):
    model = make()
    lc.save(tmp_path, model)
    again = lc.load(tmp_path)
    assert same(model, again) and not again.training and not any(p.requires_grad for p in again.parameters())
    model.eval().requires_grad_(False)  # kernels that keep no gradients round otherwise
    if isinstance(model, LinearOperator):
        v = torch.randn(3, model.shape[1])
        assert torch.equal(model(v), again(v))
    elif isinstance(model, InvertibleNetwork):
        x = points(model)
        assert torch.equal(model(x), again(x)) and torch.equal(
            model.inverse(model(x)), again.inverse(again(x))
        )
    else:
        x = points(model.g_x)
        assert torch.equal(model(x), again(x)) and (again.g_x is again.g_y) == (model.g_x is model.g_y)


DERIVED = {
    "square root": lambda f: f**0.5,
    "truncated": lambda f: f.truncated(2),
    "pseudo-inverse": lambda f: f.pinv(),
    "transpose": lambda f: f.T,
    "composed": lambda f: f @ f,
    "other singular values": lambda f: f.with_singular_values([3.0, 2.0, 1.0, 0.0]),
    "flow": lambda f: f.exp(0.5),
}


@pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)
def test_what_the_algebra_makes_of_a_model_is_saved_as_well(derive, tmp_path):
    g = stirred(vector_flow(4, 2, 8))
    f = derive(Linearizer(g, Dense(torch.diag(torch.tensor([4.0, 3.0, 2.0, 1.0]))), g))
    lc.save(tmp_path, f, figures={"psnr": 31.5})
    again = lc.load(tmp_path)
    x = points(g)
    assert same(f, again) and torch.equal(f(x), again(x)) and again.g_x is again.g_y
    assert read_config(tmp_path).figures == {"psnr": 31.5} and read_config(tmp_path).recipe is None


def test_a_shipped_model_and_what_is_derived_of_it_need_no_recipe(tmp_path):
    f = lc.load("plane-moons")
    lc.save(tmp_path / "whole", f)
    lc.save(tmp_path / "half", f**0.5)
    whole, half, x = lc.load(tmp_path / "whole"), lc.load(tmp_path / "half"), torch.randn(5, 2)
    assert type(whole) is type(f) and same(f, whole) and torch.equal(whole.sample(x), f.sample(x))
    assert torch.equal(half(x), (f**0.5)(x))


FRESH = """
import sys, torch
sys.path.insert(0, {root!r})
import linearizer_core as lc
stored = torch.load({folder!r} + "/points.pt", weights_only=True)
for name, (x, y) in stored.items():
    print(torch.equal(lc.load({folder!r} + "/" + name)(x), y))
"""


def test_a_fresh_process_computes_the_same_bits(tmp_path):
    torch.set_default_dtype(torch.float32)
    made = {
        "images": MODELS["images, identity plus"](),
        "faces": NETWORKS["network of faces"](),
        "sum": OPERATORS["sum of unlike"](),
    }
    stored = {}
    for name, model in made.items():
        x = (
            torch.rand(2, model.shape[1])
            if name == "sum"
            else torch.rand(2, *getattr(model, "g_x", model).in_shape)
        )
        lc.save(tmp_path / name, model)
        stored[name] = (x, model(x).detach())
    torch.save(stored, tmp_path / "points.pt")
    root = lc.__file__.rsplit("/", 2)[0]
    run = [sys.executable, "-c", FRESH.format(root=root, folder=str(tmp_path))]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=200)
    assert done.stdout.split() == ["True"] * 3, done.stderr


def test_what_is_shared_is_stored_once_and_shared_again(tmp_path):
    U = nn.Parameter(torch.randn(4, 2))
    g = Chain(InvertibleLinear(4), InvertibleLinear(4))
    g.networks[1].bias = g.networks[0].bias  # tied by hand, inside parts that know nothing of it
    lc.save(tmp_path, Linearizer(g, LowRank(U, U), g))
    again = lc.load(tmp_path)
    assert again.A.U is again.A.V and again.g_x.networks[1].bias is again.g_x.networks[0].bias
    assert (
        len(safetensors.torch.load_file(tmp_path / "model.safetensors")) == 8
    )  # 2 (packed, rows, sign), a bias, a factor


def test_a_loaded_model_trains_on(tmp_path):
    g = stirred(vector_flow(2, 2, 4))
    lc.save(tmp_path, Linearizer(g, Dense(nn.Parameter(torch.eye(2))), g))
    f = lc.load(tmp_path).requires_grad_(True).train()
    f(torch.randn(3, 2)).square().sum().backward()
    assert len(list(f.parameters())) > 10 and all(p.grad is not None for p in f.parameters())


# --- classes of one's own -------------------------------------------------------------------------------------------
class Doubled(InvertibleNetwork):
    def __init__(self, in_shape: tuple[int, ...], by: float = 2.0) -> None:
        super().__init__()
        self.in_shape = self.out_shape = tuple(in_shape)
        self.by = by

    def forward(self, x):
        return self.by * x

    def inverse(self, z):
        return z / self.by


class Forgetful(Doubled):
    def __init__(self, n: int, seed: int) -> None:
        super().__init__((n,), by=seed + 1.0)


def test_a_class_of_ones_own_takes_part_once_it_is_registered(tmp_path):
    f = Linearizer(Chain(Doubled((3,), by=4.0), Log(3)), Identity(3), Log(3))
    with pytest.raises(
        ValueError, match=r"^Doubled is not registered, .*; put @linearizer_core.register above the class"
    ):
        lc.save(tmp_path, f)
    assert not (tmp_path / "config.json").exists()
    assert lc.register(Doubled) is Doubled
    lc.save(tmp_path, f)
    assert lc.load(tmp_path).g_x.networks[0].by == 4.0
    del registered.REGISTERED["Doubled"]
    with pytest.raises(
        CheckpointError,
        match=r"config.json: field model.parts .*\[0\].class .* got 'Doubled'; import the file",
    ):
        lc.load(tmp_path)


def test_a_class_that_forgets_an_argument_is_named(tmp_path):
    lc.register(Forgetful)
    with pytest.raises(ValueError, match=r"^Forgetful does not keep its argument seed, .*; set self.seed.$"):
        lc.save(tmp_path, Forgetful(3, seed=1))


def test_a_name_is_given_once():
    other = type("Dense", (nn.Module,), {})
    with pytest.raises(
        ValueError, match=r"Dense is the name of linearizer_core.operators.dense.Dense already"
    ):
        lc.register(other)
    with pytest.raises(ValueError, match="register takes a class of modules, got 'Mine'"):
        lc.register("Mine")


def test_a_network_in_a_coupling_may_come_from_anywhere(tmp_path):
    g = stirred(
        AffineCoupling(
            (4,),
            5,
            1.0,
            lambda a, b, hidden: nn.Sequential(nn.Linear(a, hidden), nn.Tanh(), nn.Linear(hidden, b)),
        )
    )
    lc.save(tmp_path, Chain(g, Flatten((4,))))
    x = torch.randn(2, 4)
    assert torch.equal(lc.load(tmp_path)(x), g.eval().requires_grad_(False)(x))


# --- distrust -----------------------------------------------------------------------------------------------------------
def saved(folder):
    g = stirred(vector_flow(3, 1, 4))
    lc.save(folder, Linearizer(g, Dense(torch.randn(3, 3)), g))
    return json.loads((folder / "config.json").read_text()), safetensors.torch.load_file(
        folder / "model.safetensors"
    )


def last(config, **arguments):
    config["model"]["parts"][-2]["arguments"] |= arguments  # those of Dense


def stack(parts, height, times):
    """Chains of the first part, each of `times` times the one before it."""
    below = 0
    for _ in range(height):
        parts.append({"class": "Chain", "arguments": {"networks": [{"part": below}] * times}})
        below = len(parts) - 1


TAMPERED = {
    "an unknown class": (
        lambda c, t: c["model"]["parts"][0].update({"class": "os.system"}),
        r"\[0\].class must be a registered",
    ),
    "a class by its path": (
        lambda c, t: c["model"]["parts"][0].update({"class": "torch.nn.Linear"}),
        r"\[0\].class must be",
    ),
    "an argument too many": (lambda c, t: last(c, command="ls"), r"arguments.command is none of Dense"),
    "an argument of another type": (
        lambda c, t: last(c, matrix=[[1.0]]),
        r"arguments.matrix is not what Dense takes",
    ),
    "an argument too few": (
        lambda c, t: c["model"]["parts"][0].update(arguments={}),
        r"\[0\].arguments is refused by ActNorm",
    ),
    "a part that comes later": (
        lambda c, t: last(c, matrix={"part": 99}),
        r"must name a part before this one",
    ),
    "a part of itself": (
        lambda c, t: c["model"]["parts"][-1]["arguments"].update(A={"part": -1}),
        r"must name a part before",
    ),
    "a network for an operator": (
        lambda c, t: c["model"]["parts"][-1]["arguments"].update(A={"part": 0}),
        r"A is not what Linearizer",
    ),
    "an unknown tensor": (
        lambda c, t: last(c, matrix={"tensor": "x"}),
        r"must name a part before this one, or a stored tensor",
    ),
    "no parts": (lambda c, t: c["model"].update(parts=[]), r"it must be a list of parts"),
    "a part that is a word": (
        lambda c, t: c["model"]["parts"].insert(0, "Dense"),
        r"\[0\] must have a class and arguments",
    ),
    "no model": (
        lambda c, t: c.update(model=3),
        r"field model must be an object with a precision, parts and orders, got 3",
    ),
    "another precision": (
        lambda c, t: c["model"].update(precision="int8"),
        r"field model must be an object with a precision",
    ),
    "an order of no dimensions": (
        lambda c, t: c["model"].update(orders={"0.bias": [1]}),
        r"field model.orders.0.bias must be the dim",
    ),
    "an order of no tensor": (
        lambda c, t: c["model"].update(orders={"x": [0]}),
        r"field model.orders.x must be the dimensions",
    ),
    "no orders": (lambda c, t: c["model"].update(orders=3), r"field model.orders. must be the dimensions"),
    "another version": (lambda c, t: c.update(version=7), r"field version must be 1, got 7"),
    "a sharing of nothing": (
        lambda c, t: c["model"]["parts"][0].update(shared={"bias": "nowhere"}),
        r"tensor nowhere is missing",
    ),
    "a missing tensor": (lambda c, t: t.pop("0.bias"), r"tensor 0.bias is missing"),
    "a foreign tensor": (lambda c, t: t.update(extra=torch.ones(1)), r"no part has the tensor extra"),
    "a wrong shape": (
        lambda c, t: t.update({"0.bias": torch.ones(7)}),
        r"tensor 0.bias must be torch.float64 of shape \(3,\), got .* \(7,\)",
    ),
    "whole numbers": (
        lambda c, t: t.update({"0.bias": torch.ones(3, dtype=torch.int64)}),
        r"0.bias must be torch.float64 .* got torch.int64",
    ),
    "half precision": (
        lambda c, t: t.update({"0.bias": torch.ones(3).half()}),
        r"model.safetensors: tensor 0.bias is of type F16",
    ),
    "NaN": (
        lambda c, t: t["0.bias"].fill_(torch.nan),
        r"model.safetensors: tensor 0.bias holds NaN or infinity",
    ),
    "a size beyond all memory": (
        lambda c, t: c["model"]["parts"].insert(0, {"class": "InvertibleLinear", "arguments": {"n": 10**6}}),
        r"\[0\].arguments is refused by InvertibleLinear \(it would take many times the memory",
    ),
    "a size beyond all numbers": (
        lambda c, t: c["model"]["parts"].insert(0, {"class": "InvertibleLinear", "arguments": {"n": 10**30}}),
        r"\[0\].arguments is refused by InvertibleLinear",
    ),
    "blocks without end": (
        lambda c, t: c["model"]["parts"].insert(
            0,
            {
                "class": "AdaptiveResidual",
                "arguments": {"channels_in": 1, "channels_out": 1, "hidden": 1, "blocks": 10**9},
            },
        ),
        r"\[0\].arguments is refused by AdaptiveResidual \(it would take many times",
    ),
    "what is shared, doubled at each step": (
        lambda c, t: stack(c["model"]["parts"], 40, 2),
        r"holds \d+ parts, \d+ deep, where what is shared counts each time",
    ),
    "a nest of parts": (lambda c, t: stack(c["model"]["parts"], 300, 1), r"holds 151 parts, 151 deep"),
    "a picture beyond all memory": (
        lambda c, t: c["model"]["parts"].insert(
            0, {"class": "CosineTransform", "arguments": {"in_shape": [1, 1, 10**5]}}
        ),
        r"\[0\].arguments is refused by CosineTransform \(.*sides of at most 4096",
    ),
    "a layer beyond all memory": (
        lambda c, t: c["model"]["parts"].insert(
            0, {"class": "torch.Linear", "arguments": {"in_features": 10**6, "out_features": 10**6}}
        ),
        r"\[0\].arguments is refused by Linear",
    ),
}


@pytest.mark.parametrize(("tamper", "sentence"), TAMPERED.values(), ids=TAMPERED)
def test_a_file_that_was_tampered_with_is_refused_by_one_sentence(tamper, sentence, tmp_path):
    config, tensors = saved(tmp_path)
    tamper(config, tensors)
    (tmp_path / "config.json").write_text(json.dumps(config))
    safetensors.torch.save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=sentence) as caught:
        lc.load(tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_number_beyond_all_numbers_is_refused(tmp_path):
    config, _ = saved(tmp_path)
    text = json.dumps(config | {"training": {"loss": 5}}).replace('"loss": 5', '"loss": 1e999')
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config.json is .* \(1e999 is not a number in JSON\)"):
        lc.load(tmp_path)


def test_a_model_that_lies_too_deep_to_be_called_is_not_saved(tmp_path):
    for height in (200, 2000):
        g = Log(2)
        for _ in range(height):
            g = Chain(g)
        with pytest.raises(ValueError, match="deep"):
            lc.save(tmp_path / "m", g)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("length", [0, 7, 200])
def test_a_file_that_was_cut_short_is_refused(length, tmp_path):
    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(
        CheckpointError, match=r"model.safetensors is missing, cut short or no safetensors file"
    ):
        lc.load(tmp_path)


def test_a_nest_of_lists_without_end_is_refused(tmp_path):
    config, _ = saved(tmp_path)
    config["model"]["parts"][0]["arguments"] = {"in_shape": "NEST"}
    text = json.dumps(config).replace('"NEST"', "[" * 900 + "]" * 900)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        lc.load(tmp_path)


UNSAVED = {
    "NaN": (
        lambda: Diagonal(torch.tensor([1.0, torch.nan])),
        "tensor 0.values holds NaN or infinity, so nothing is saved",
    ),
    "half precision": (
        lambda: Diagonal(torch.ones(2, dtype=torch.bfloat16)),
        "is torch.bfloat16, which is not saved",
    ),
    "a module of another house": (lambda: nn.LSTM(2, 2), "LSTM is not registered"),
}


@pytest.mark.parametrize(("make", "sentence"), UNSAVED.values(), ids=UNSAVED)
def test_what_could_not_be_loaded_is_not_saved(make, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        lc.save(tmp_path / "m", make())
    assert not (tmp_path / "m").exists()


def test_a_class_that_keeps_other_than_it_was_given_is_not_saved(tmp_path):
    @lc.register
    class Grown(InvertibleLinear):
        def __init__(self, n: int) -> None:
            super().__init__(n)
            self.n = n + 1

    with pytest.raises(ValueError, match=r"tensor 0.* must be"):
        lc.save(tmp_path, Grown(3))
