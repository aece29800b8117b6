"""Styles as operators on one g: each law against maps applied by hand, one position or one photo at a time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch

from linearizer_core import checkpoints
from linearizer_core.models.photo import PhotoLinearizer
from linearizer_core.models.styles import Styles
from linearizer_core.networks import photo_flow
from linearizer_core.operators import Dense, Exponential, Identity, LowRank
from linearizer_core.recipes import PhotoStyles
from tests.catalogue import stirred

ROOT = Path(__file__).resolve().parents[2]
close = torch.testing.assert_close
SIZES = {"square": (8, 8), "wide": (8, 40), "tall": (24, 16)}
every_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


@pytest.fixture
def styles():
    g = stirred(photo_flow((3, 8, 8), steps=2, hidden=5, blocks=1), by=0.02)
    operators = {name: Exponential(0.03 * torch.randn(192, 192)) for name in ("dots", "waves", "rain-y")}
    return Styles(g, operators).requires_grad_(False)


def by_hand(styles, matrix, x):
    """g⁻¹(M g(x)) with a g that was built for this size, one position after the other."""
    height, width = x.shape[-2:]
    g = photo_flow((3, height, width), steps=2, hidden=5, blocks=1)
    g.load_state_dict(styles.g.state_dict())
    z = g(x).reshape(len(x), 192, height // 8, width // 8).detach().numpy()
    moved = np.empty_like(z)
    for place in np.ndindex(z.shape[0], *z.shape[2:]):
        moved[place[0], :, place[1], place[2]] = matrix @ z[place[0], :, place[1], place[2]]
    return g.inverse(torch.from_numpy(moved).flatten(1)).detach()


def generator(styles, name):
    return styles.operators[name].generator.numpy()


def test_the_names_are_those_of_the_operators_and_the_photo_is_none_of_them(styles):
    assert styles.names == ("dots", "waves", "rain-y")
    assert styles.channels == 192 and styles.multiple == 8
    assert isinstance(styles.operator("photo"), Identity) and styles.operator("dots").shape == (192, 192)


@every_size
def test_a_style_moves_the_channels_of_every_position(styles, size):
    x = torch.rand(2, 3, *size)
    for name in styles.names:
        made = styles[name](x)
        close(made, by_hand(styles, scipy.linalg.expm(generator(styles, name)), x))
        assert (made - x).abs().max() > 1e-2


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (12, 10)])
def test_the_photo_itself_is_a_style_that_changes_nothing(styles, size):
    x = torch.rand(2, 3, *size)
    plain = styles["photo"]
    for f in (plain, plain**0.5, plain.pinv(), plain @ plain, styles.blend({"photo": 1.0})):
        close(f(x), x, rtol=0, atol=1e-10)


@every_size
def test_one_style_after_the_other_is_one_operator_and_the_order_matters(styles, size):
    x = torch.rand(1, 3, *size)
    dots, waves = styles["dots"], styles["waves"]
    both = dots @ waves
    assert isinstance(both, PhotoLinearizer)
    close(both(x), dots(waves(x)), rtol=0, atol=1e-8)
    close((both @ styles["rain-y"])(x), dots(waves(styles["rain-y"](x))), rtol=0, atol=1e-8)
    assert ((waves @ dots)(x) - both(x)).abs().max() > 1e-3


@every_size
def test_the_strengths_of_a_style_are_a_group_of_one_parameter(styles, size):
    f, x = styles["dots"], torch.rand(1, 3, *size)
    close((f**0.3)((f**0.7)(x)), f(x), rtol=0, atol=1e-8)
    close((f**1.5)((f**-0.5)(x)), f(x), rtol=0, atol=1e-8)
    close((f**0)(x), x, rtol=0, atol=1e-8)
    close((f**-1)(f(x)), x, rtol=0, atol=1e-8)
    close(f.pinv()(f(x)), x, rtol=0, atol=1e-8)
    half = by_hand(styles, scipy.linalg.expm(0.5 * generator(styles, "dots")), x)
    close((f**0.5)(x), half, rtol=0, atol=1e-8)


@every_size
def test_a_blend_is_the_induced_combination_of_the_styled_photos(styles, size):
    x, weights = torch.rand(2, 3, *size), {"dots": 0.5, "photo": 0.8, "waves": -0.3}
    blended = styles.blend(weights)
    space = styles["dots"].at(*size).domain
    parts = torch.stack([styles[name](x) for name in weights])
    close(blended(x), space.combine(list(weights.values()), parts), rtol=0, atol=1e-8)
    matrix = 0.8 * np.eye(192) + sum(
        weights[name] * scipy.linalg.expm(generator(styles, name)) for name in ("dots", "waves")
    )
    close(blended(x), by_hand(styles, matrix, x), rtol=0, atol=1e-8)


def test_a_blend_has_the_whole_algebra(styles):
    f, x = styles.blend({"dots": 0.5, "photo": 0.5}), torch.rand(1, 3, 16, 8)
    close((f**0.5)((f**0.5)(x)), f(x), rtol=0, atol=1e-8)
    close(f.pinv()(f(x)), x, rtol=0, atol=1e-8)
    close((f @ styles["waves"])(x), f(styles["waves"](x)), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "needs at least one weight"),
        ({"cubes": 1.0}, "style must be one of dots, waves, rain-y, photo, got 'cubes'"),
        ({"dots": float("nan")}, "the weight of dots must be a finite number, got nan"),
        ({"dots": 1.0, "photo": float("inf")}, "the weight of photo must be a finite number"),
    ],
)
def test_a_blend_of_nothing_or_of_the_unknown_is_refused(styles, weights, message):
    with pytest.raises(ValueError, match=message):
        styles.blend(weights)


def test_an_unknown_style_is_refused_with_the_ones_there_are(styles):
    with pytest.raises(ValueError, match="style must be one of dots, waves, rain-y, photo, got 'Dots'"):
        styles["Dots"]


@pytest.mark.parametrize(
    "A", [Identity(191), Dense(torch.zeros(192, 191)), LowRank(torch.zeros(48, 1), torch.zeros(48, 1))]
)
def test_an_operator_of_another_size_is_refused_by_name(A):
    with pytest.raises(
        ValueError, match=r"operator 'wide' must be \(192, 192\), the channels of g's latents"
    ):
        Styles(photo_flow((3, 8, 8), 1, 4, 1), {"wide": A})


@pytest.mark.parametrize("name", ["photo", "", "a.b", "half", "keys"])
def test_a_name_that_could_not_be_told_apart_or_stored_is_refused(name):
    with pytest.raises(ValueError, match="cannot be the name of a style"):
        Styles(photo_flow((3, 8, 8), 1, 4, 1), {name: Identity(192)})


def test_any_operator_on_channels_is_a_map_of_photos(styles):
    M, x = torch.eye(192) + 0.03 * torch.randn(192, 192), torch.rand(1, 3, 8, 16)
    close(styles.linearizer(Dense(M))(x), by_hand(styles, M.numpy(), x))


def test_saved_and_loaded_every_style_is_the_same(tmp_path):
    recipe = PhotoStyles(teacher=("dots=d.onnx", "rain-y=r.onnx"), depth=1, hidden=4, blocks=1)
    model = stirred(recipe.build(), by=0.02)
    checkpoints.save(tmp_path, recipe, model)
    loaded = checkpoints.load(tmp_path)
    x = torch.rand(2, 3, 65, 72)
    assert isinstance(loaded, Styles) and loaded.names == ("dots", "rain-y")
    assert checkpoints.read_config(tmp_path).recipe == recipe
    with torch.no_grad():
        for name in loaded.names:
            close(loaded[name](x), model[name](x), rtol=0, atol=0)


def test_a_saved_model_whose_config_names_a_style_that_cannot_be_is_refused(tmp_path):
    recipe = PhotoStyles(teacher=("dots=d.onnx",), depth=1, hidden=4, blocks=1)
    checkpoints.save(tmp_path, recipe, recipe.build())
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace("dots=d.onnx", "half=d.onnx"))
    with pytest.raises(checkpoints.CheckpointError, match="'half' cannot be the name of a style"):
        checkpoints.load(tmp_path)


def test_the_package_does_without_onnxruntime_until_a_teacher_is_asked_for():
    code = "import sys, linearizer_core.recipes, linearizer_core.measures, linearizer_core.__main__"
    code += "; sys.exit('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
