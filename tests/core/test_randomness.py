"""Nobody's generator but its own is touched: not by building, loading, training, sampling or PCA, in any thread."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core.data.point_sets import generated
from linearizer_core.networks import Flatten
from linearizer_core.randomness import seeded
from linearizer_core.recipes import RECIPES, PlaneMoons
from linearizer_core.training import train
from tests.core.test_recipes import tiny


@pytest.fixture(autouse=True)
def float32():
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def untouched():
    """Whatever the test does, the state of torch's global generator is at its end what it was."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before)


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


DRAWN = {
    "rand": lambda: torch.rand(3),
    "randn": lambda: torch.randn(2, 2),
    "randint": lambda: torch.randint(2, 9, (4,)),
    "randperm": lambda: torch.randperm(9),
    "normal": lambda: torch.normal(torch.zeros(3), 1.0),
    "uniform_": lambda: torch.empty(3).uniform_(),
    "linear": lambda: nn.Linear(3, 4).weight,
    "convolution": lambda: nn.Conv2d(2, 3, 3).bias,
    "attention": lambda: nn.MultiheadAttention(4, 2).in_proj_weight,
    "embedding": lambda: nn.Embedding(3, 2).weight,
    "lstm": lambda: nn.LSTM(2, 3).weight_hh_l0,
    "orthogonal": lambda: nn.init.orthogonal_(torch.empty(4, 4)),
    "trunc_normal": lambda: nn.init.trunc_normal_(torch.empty(4)),
    "sparse": lambda: nn.init.sparse_(torch.empty(4, 4), 0.5),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_seeded_draws_what_a_global_seed_would_without_touching_the_global_generator(draw, untouched):
    with seeded(5):
        ours = draw().detach().clone()
    state = torch.get_rng_state()
    torch.manual_seed(5)
    theirs = draw().detach()
    torch.set_rng_state(state)
    assert torch.equal(ours, theirs)


def test_shapes_without_numbers_draw_nothing_and_a_given_generator_is_kept(untouched):
    with seeded(0):
        assert torch.rand(3, device="meta").device.type == "meta"
        given = torch.rand(3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(given, torch.rand(3, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_the_same_from_its_seed_and_touches_nothing(name, untouched):
    recipe = tiny(RECIPES[name])
    one = {**recipe.build().state_dict(), **recipe.companion().state_dict()}
    torch.rand(7, generator=torch.Generator())
    assert equal(one, {**recipe.build().state_dict(), **recipe.companion().state_dict()})


def test_loading_sampling_and_pca_touch_nothing(untouched):
    for name in ("plane-moons", "plane-identity"):
        model = lc.load(name)
    noise = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    model.sample(noise, steps=5)
    model.collapse(steps=5).svd()
    lc.LatentPCA(1).fit(Flatten((2,)), noise)
    RECIPES["plane-moons"](count=100).evaluate(model, None)


def test_loading_in_one_thread_repeats_nothing_that_another_draws():
    """The input of fault 3: 20 000 draws beside loads; a generator that is set back gives numbers twice."""
    done, drawn = threading.Event(), []

    def draw():
        while len(drawn) < 20_000 or not done.is_set():
            drawn.append(torch.rand(2, dtype=torch.float64))

    thread = threading.Thread(target=draw)
    thread.start()
    for _ in range(8):
        lc.load("plane-moons")
    done.set()
    thread.join()
    assert len(torch.stack(drawn).unique(dim=0)) == len(drawn)


def test_two_trainings_side_by_side_end_as_each_does_alone(tmp_path, untouched):
    data = generated("moons", 200)
    recipes = [PlaneMoons(steps=25, batch=32, depth=2, hidden=4, seed=seed) for seed in (1, 2)]

    def run(place, recipe):
        return train(recipe, data, tmp_path / place / str(recipe.seed)).state_dict()

    alone = [run("alone", recipe) for recipe in recipes]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(run, ["together"] * 2, recipes))
    assert all(map(equal, alone, together)) and not equal(*together)


def test_training_does_not_depend_on_what_others_draw_meanwhile(tmp_path):
    data, recipe = generated("moons", 200), PlaneMoons(steps=10, batch=32, depth=2, hidden=4)
    quiet = train(recipe, data, tmp_path / "quiet").state_dict()
    busy = train(recipe, data, tmp_path / "busy", progress=lambda step, figures: torch.rand(step))
    assert equal(quiet, busy.state_dict())


def test_the_source_seeds_forks_and_restores_no_global_generator():
    forbidden = re.compile(
        r"(?<!\.)torch\.(cuda\.)?(manual_seed\w*|seed|set_rng_state|random\.fork_rng)\(|np\.random\.seed"
    )
    for file in Path(lc.__file__).parent.rglob("*.py"):
        code = [
            line for line in file.read_text("utf-8").splitlines() if ">>>" not in line and "`" not in line
        ]
        assert not forbidden.search("\n".join(code)), file
