"""One g for photos of any size: against flows built at that size, NumPy's padding, and maps applied in a row."""

import numpy as np
import pytest
import torch

from linearizer_core.linearizer import Linearizer
from linearizer_core.models.photo import PhotoLinearizer, padded, photo_network
from linearizer_core.networks import ActNorm, Log, image_flow, photo_flow, resized
from linearizer_core.operators import CircularConvolution, Dense, Exponential, PerPosition
from tests.catalogue import stirred

close = torch.testing.assert_close
SMALL, MULTIPLE, CHANNELS = (2, 5, 1), 8, 192  # couplings, width, residual blocks
SIZES = {"the least": (8, 8), "wide": (16, 40), "tall": (32, 8)}
every_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


def flow(height=8, width=8):
    return photo_flow((3, height, width), *SMALL)


def built_at(g, height, width):
    """The flow that was built for this size, with the tensors of g."""
    other = flow(height, width)
    other.load_state_dict(g.state_dict())
    return other


def mixing(by=0.02):
    return PerPosition(Exponential(by * torch.randn(CHANNELS, CHANNELS)), (1, 1))


def positive():
    Q = torch.linalg.qr(torch.randn(CHANNELS, CHANNELS)).Q
    return PerPosition(Dense((Q * torch.linspace(0.5, 1.5, CHANNELS)) @ Q.mT), (1, 1))


def singular():
    Q = torch.linalg.qr(torch.randn(CHANNELS, CHANNELS)).Q
    return PerPosition(Dense(Q * (torch.arange(CHANNELS) % 5 > 0) @ Q.mT), (1, 1))


def photo_map(A=None, g=None):
    g = g or stirred(flow(), by=0.01)
    return PhotoLinearizer(g, A or mixing(), MULTIPLE)


@every_size
def test_a_resized_flow_is_the_one_built_at_that_size(size):
    g, x = stirred(flow(), by=0.02), torch.rand(2, 3, *size)
    other = resized(g, (3, *size))
    assert other.in_shape == (3, *size) and other.out_shape == (3 * size[0] * size[1],)
    close(other(x), built_at(g, *size)(x), rtol=0, atol=0)
    close(other.inverse(other(x)), x)


def test_a_resized_flow_shares_every_parameter():
    g = flow()
    other = resized(g, (3, 16, 24))
    assert list(map(id, other.parameters())) == list(map(id, g.parameters()))
    stirred(g, by=0.02)  # in place, after resizing
    x = torch.rand(1, 3, 16, 24)
    close(other(x), built_at(g, 16, 24)(x), rtol=0, atol=0)
    other(x).square().sum().backward()
    reached = [parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in g.parameters()]
    assert all(reached)


def test_a_resized_flow_keeps_its_mode_and_leaves_the_other_as_it_was():
    g = flow().eval()
    other = resized(g, (3, 16, 16))
    assert not any(module.training for module in [*other.modules(), *g.modules()])
    assert g.in_shape == (3, 8, 8) and g.networks[2].in_shape == (48, 2, 2)


@pytest.mark.parametrize(
    ("g", "shape", "message"),
    [
        (lambda: Log(3), (3, 8, 8), "Log has weights for one size only"),
        (
            lambda: image_flow((3, 8, 8), [1], [4]),
            (3, 16, 16),
            "InvertibleLinear has weights for one size only",
        ),
        (flow, (1, 8, 8), "takes pictures of 48 channels"),
        (flow, (3, 8, 12), "even height and width"),
        (lambda: ActNorm((3,)), (3, 8, 8), "takes pictures of 3 channels"),
        (lambda: ActNorm((3, 8, 8)), (3,), "takes pictures of 3 channels"),
    ],
)
def test_a_network_that_cannot_be_resized_says_so(g, shape, message):
    with pytest.raises(ValueError, match=message):
        resized(g(), shape)


def test_every_latent_knows_of_the_whole_photo():
    """Instance normalisation: one pixel in a far corner, beyond all that convolutions see, is felt everywhere."""
    g = resized(stirred(flow(), by=0.05), (3, 128, 128))
    x = torch.rand(1, 3, 128, 128)
    other = x.clone()
    other[..., -1, -1] += 0.5
    near = (g(x) - g(other)).unflatten(1, (CHANNELS, 16, 16))[..., :2, :2]
    assert near.abs().max() > 1e-9


@pytest.mark.parametrize("size", [(8, 8), (9, 15), (17, 8), (13, 31)])
def test_padding_is_numpys_reflection(size):
    x = torch.rand(2, 4, 3, *size)
    below, right = (-side % MULTIPLE for side in size)
    expected = np.pad(x.numpy(), [(0, 0)] * 3 + [(0, below), (0, right)], mode="reflect")
    close(padded(x, MULTIPLE), torch.from_numpy(expected), rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(3, 7, 30), (3, 30, 7), (16, 16), (16,), (), (3, 0, 16)])
def test_what_is_too_small_or_no_photo_is_refused_in_a_sentence(shape):
    for take in (lambda x: padded(x, MULTIPLE), photo_map()):
        with pytest.raises(ValueError, match=r"a photo must be \(\*, C, H, W\) of at least 8×8 pixels"):
            take(torch.zeros(shape))


def test_a_photo_smaller_than_its_g_is_refused_in_pixels():
    with pytest.raises(ValueError, match="at least 16×16 pixels, got 24×8; enlarge it"):
        PhotoLinearizer(flow(16, 16), PerPosition(Exponential(torch.zeros(192, 192)), (2, 2)), 8)(
            torch.zeros(3, 8, 24)
        )
    assert photo_network(flow(16, 16), 16, 24).in_shape == (3, 16, 24)


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"\(\*, 3, 16, 16\), got shape \(1, 16, 16\)"):
        photo_map()(torch.zeros(1, 16, 16))


@pytest.mark.parametrize("size", [(8, 8), (9, 9), (16, 8), (11, 27), (25, 10)])
def test_a_photo_of_any_size_is_continued_mapped_and_cut(size):
    f, x = photo_map(), torch.rand(2, 3, *size)
    below, right = (-side % MULTIPLE for side in size)
    whole = torch.from_numpy(np.pad(x.numpy(), [(0, 0)] * 2 + [(0, below), (0, right)], mode="reflect"))
    height, width = whole.shape[-2:]
    g = built_at(f.g_x, height, width)
    z = g(whole).unflatten(1, (CHANNELS, height // 8, width // 8))
    moved = torch.einsum("ij,bjhw->bihw", torch.linalg.matrix_exp(f.A.channels.generator), z)
    by_hand = g.inverse(moved.flatten(1))
    close(f.at(height, width)(whole), by_hand)
    close(f(x), by_hand[..., : size[0], : size[1]])


def test_any_batch_shape_is_the_photos_one_by_one():
    f, x = photo_map(), torch.rand(2, 2, 3, 9, 12)
    with torch.no_grad():
        one_by_one = torch.stack([torch.stack([f(photo) for photo in row]) for row in x])
        assert f(x[0, 0]).shape == (3, 9, 12)
        close(f(x), one_by_one)
        assert f(x[:, :0]).shape == (2, 0, 3, 9, 12)


OPERATORS = {"mixing": mixing, "positive": positive}
every_operator = pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)


@every_operator
@every_size
def test_at_multiples_the_algebra_is_exact(make, size):
    g, x = stirred(flow(), by=0.01), torch.rand(2, 3, *size)
    f, other = photo_map(make(), g), photo_map(mixing(), g)
    with torch.no_grad():
        close((other @ f)(x), other(f(x)), rtol=0, atol=1e-8)
        close((f**2)(x), f(f(x)), rtol=0, atol=1e-8)
        close((f**0.5)((f**0.5)(x)), f(x), rtol=0, atol=1e-8)
        close(f.pinv()(f(x)), x, rtol=0, atol=1e-8)
        close((f**-1)(f(x)), x, rtol=0, atol=1e-8)
        close(f.exp(0.1)(f.exp(-0.1)(x)), x, rtol=0, atol=1e-8)


def test_where_an_operator_forgets_the_pseudo_inverse_finds_what_is_left():
    f, x = photo_map(singular()), torch.rand(1, 3, 16, 24)
    with torch.no_grad():
        assert (f.pinv()(f(x)) - x).abs().max() > 1e-3
        close(f(f.pinv()(f(x))), f(x), rtol=0, atol=1e-8)
        close(f.pinv()(f(f.pinv()(x))), f.pinv()(x), rtol=0, atol=1e-8)


def test_a_blend_of_operators_is_the_blend_of_latents():
    g, x = stirred(flow(), by=0.01), torch.rand(1, 3, 16, 8)
    A, B = mixing(), positive()
    here = built_at(g, 16, 8)
    with torch.no_grad():
        latents = 0.3 * here(photo_map(A, g)(x)) + 0.7 * here(photo_map(B, g)(x))
        close(photo_map(0.3 * A + 0.7 * B, g)(x), here.inverse(latents), rtol=0, atol=1e-8)


def convolved():
    """A map by convolutions, on a g of 2×2 positions: with one position, a kernel of one would fill the whole grid."""
    kernels = 1 + 0.2 * torch.rand(CHANNELS, 1, 2)
    kernels[..., 1] += 1
    g = stirred(flow(16, 16), by=0.01)
    return PhotoLinearizer(g, CircularConvolution(kernels / 2, (2, 2)) @ mixing_on((2, 2)), MULTIPLE)


def mixing_on(grid):
    return PerPosition(mixing().channels, grid)


@pytest.mark.parametrize("size", [(16, 16), (24, 40)])
def test_convolutions_compose_and_transpose_at_any_size(size):
    f, (x, y) = convolved(), torch.rand(2, 1, 3, *size)
    g = built_at(f.g_x, *size)
    with torch.no_grad():
        close((f @ f.T)(x), f(f.T(x)), rtol=0, atol=1e-8)
        close((g(f(x)) * g(y)).sum(), (g(x) * g(f.T(y))).sum())
        z = g(x).unflatten(1, (CHANNELS, size[0] // 8, size[1] // 8))
        z = torch.einsum("ij,bjhw->bihw", torch.linalg.matrix_exp(f.A.first.channels.generator), z)
        left, middle = f.A.second.kernels.unbind(2)
        moved = left[..., None] * z.roll(-1, 3) + middle[..., None] * z
        close(f(x), g.inverse(moved.flatten(1)), rtol=0, atol=1e-8)


def test_the_power_of_a_convolution_is_taken_once_the_size_is_chosen():
    f, x = convolved(), torch.rand(1, 3, 24, 24)
    only = PhotoLinearizer(f.g_x, f.A.second, MULTIPLE)
    here = only.at(24, 24)
    with torch.no_grad():
        close(here.pinv()(only(x)), x, rtol=0, atol=1e-8)
        close((here**0.5)((here**0.5)(x)), only(x), rtol=0, atol=1e-8)
        with pytest.raises(ValueError, match="choose the size first, then take the power or the inverse"):
            only.pinv()(x)


@every_operator
def test_the_transpose_moves_to_the_other_side_of_the_inner_product(make):
    f = photo_map(make())
    x, y = torch.rand(2, 1, 3, 16, 24)
    g = built_at(f.g_x, 16, 24)
    with torch.no_grad():
        close((g(f(x)) * g(y)).sum(), (g(x) * g(f.T(y))).sum())


def test_the_algebra_stays_a_map_of_photos_and_at_one_size_it_is_a_linearizer():
    f = photo_map()
    for derived in (f @ f, f**0.3, f.pinv(), f.T, f.exp(0.1), f.truncated(CHANNELS)):
        assert type(derived) is PhotoLinearizer and derived.multiple == MULTIPLE
        assert derived(torch.rand(3, 9, 10)).shape == (3, 9, 10)
    here = f.at(16, 24)
    assert type(here) is Linearizer and here.g_x is here.g_y
    assert {id(p) for p in here.parameters()} == {id(p) for p in f.parameters()}


def test_an_operator_without_a_grid_is_refused_when_a_photo_comes():
    f = photo_map(Dense(torch.eye(CHANNELS)))
    with pytest.raises(ValueError, match="Dense is made for latents of one size only"):
        f(torch.rand(3, 16, 16))


def test_gradients_pass_a_photo_of_another_size():
    f, x = photo_map(mixing()), torch.rand(1, 3, 9, 12, requires_grad=True)
    f.A.channels.generator.requires_grad_()
    f(x).square().sum().backward()
    assert x.grad.isfinite().all() and (x.grad != 0).all()
    assert f.A.channels.generator.grad.abs().sum() > 0
    assert all(p.grad.isfinite().all() for p in f.g_x.parameters())
