"""`lc.explore`: the lab on a model of one's own, from a notebook or a program."""

import urllib.error
import urllib.request

import pytest
import torch

import linearizer_core as lc
from app import models, notebook, shell
from app.models.needs import ANY
from linearizer_core.networks import Flatten
from linearizer_core.operators import Diagonal
from tests import own_models

pytestmark = pytest.mark.usefixtures("float32")


@pytest.fixture
def lab(request):
    """What the test opens is closed after it."""
    yield lambda *given, **how: lc.explore(*given, inline=False, **how)
    for opened in list(notebook._open):
        opened.close()


def images(count=30, shape=(1, 16, 16)):
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(3))


def test_a_network_alone_is_a_projector_onto_its_pictures(lab):
    g = own_models.flow((1, 16, 16))
    opened = lab(g, images())
    able = models.abilities("yours")
    assert (able.ranks, able.blends, able.generates) == (30, True, False)
    assert isinstance(models.model("yours"), lc.Projector) and models.available()[0] == "yours"
    assert "yours" in urllib.request.urlopen(opened.url, timeout=60).read().decode()
    assert shell._slug_of({}) == "interpolate"
    opened.close()
    assert models.available() == list(models.NAMES) and shell._slug_of({}) == "plane"
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(opened.url, timeout=5)


def test_a_linearizer_keeps_its_operator_and_projects_onto_pictures(lab):
    f = own_models.plain((3, 16, 16))
    before = {name: tensor.clone() for name, tensor in f.state_dict().items()}
    lab(f.double(), (255 * images(shape=(3, 16, 16))).to(torch.uint8), name="my f")
    held = models.brought_as("my f")
    assert torch.allclose(held.f.A.values, f.A.values.float()) and held.able.ranks == 30
    assert held.projecting_source == "lc.Projector.fitted(model.g_x, images, 30)"
    assert all(
        torch.equal(f.state_dict()[name].float(), before[name]) for name in before
    )  # nobody touched it


def test_without_pictures_there_is_no_order(lab):
    lab(own_models.flow((1, 16, 16)))
    assert models.abilities("yours").ranks == 0 and models.abilities("yours").blends


def test_a_flow_of_another_library_is_shown(lab):
    g = lc.adapt((lambda x: x**3 + x, _root), shape=(1, 8, 8))
    lab(g, images(shape=(1, 8, 8)))
    assert models.shape("yours") == (1, 8, 8)
    z = models.model("yours").g_x(images(2, (1, 8, 8)))
    assert torch.allclose(models.decode(z, "yours"), images(2, (1, 8, 8)), atol=1e-4)


def _root(z):
    """The real x with x³ + x = z."""
    return (torch.sinh(torch.asinh(z.double() * 1.5 * 3**0.5) / 3) * 2 / 3**0.5).to(z)


def test_a_second_lab_closes_the_first(lab):
    first = lab(own_models.flow((1, 8, 8)), images(shape=(1, 8, 8)))
    second = lab(own_models.flow((1, 12, 12)), images(shape=(1, 12, 12)))
    assert notebook._open == [second] and models.shape("yours") == (1, 12, 12)
    first.close()  # which it is: the second stays
    assert models.offers("yours", ANY)


@pytest.mark.parametrize(
    ("f", "given", "how", "sentence"),
    [
        ("cats", None, {}, "explore takes a Linearizer or an InvertibleNetwork, got str"),
        (Flatten((2,)), None, {}, "square pictures with 1 or 3 channels"),
        (Flatten((1, 8, 9)), None, {}, "square pictures with 1 or 3 channels"),
        (Flatten((1, 8, 8)), torch.rand(3, 1, 9, 9), {}, r"must be a tensor \(N, 1, 8, 8\)"),
        (Flatten((1, 8, 8)), torch.rand(1, 1, 8, 8), {}, "at least 2 pictures"),
        (Flatten((1, 8, 8)), "cats", {}, "got no tensor"),
        (Flatten((1, 8, 8)), torch.full((3, 1, 8, 8), torch.nan), {}, "not finite"),
        (Flatten((1, 8, 8)), None, {"name": "own-x"}, "name must be a text"),
        (Flatten((1, 8, 8)), None, {"name": "x" * 99}, "name must be a text"),
        (Flatten((1, 8, 8)), None, {"name": "digits"}, "A model called digits is here already"),
        (
            lc.Linearizer(g := Flatten((1, 8, 8)), Diagonal(torch.full((64,), torch.inf)), g),
            None,
            {},
            "NaN or infinity",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(f, given, how, sentence, lab):
    with pytest.raises(ValueError, match=sentence):
        lab(f, given, **how)
    assert models.available() == list(models.NAMES) and not models.leads_with_brought()
