"""A Linearizer for photographs of any size: one g without a size of its own, bound to each photo as it comes."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ..linearizer import Linearizer, derived, fitted
from ..networks import InvertibleNetwork, resized
from ..operators import LinearOperator, on_grid
from ..precision import check_floats


class PhotoLinearizer(Linearizer):
    r"""f = g⁻¹ A g on photos (*, C, H, W) of any size from that of `g.in_shape` on; `at(H, W)` is f for one size.

    g must be one that `resized` knows, and A one that `on_grid` knows, on fields of one position per `multiple`² pixels.
    A photo whose sides are no multiples is continued by reflection, and what was added is cut off from f(x): so
    f₂(f₁(x)) = (f₂ f₁)(x) is exact where the sides are multiples, and on the continued photo elsewhere. The algebra (`@`,
    `**`, `.pinv()`, `.T`, …) gives a PhotoLinearizer again, and `.domain` adds photos of any one size. Singular values,
    and how many of them to keep, are counted at the size of g, as `.svd()` has them; a photo with p times as many positions
    has p times as many of each. ValueError for a photo that is too small.

    >>> import torch
    >>> from linearizer_core.networks import photo_flow
    >>> from linearizer_core.operators import Dense, PerPosition
    >>> g = photo_flow((3, 8, 8), steps=1, hidden=4, blocks=1)
    >>> f = PhotoLinearizer(g, PerPosition(Dense(2 * torch.eye(192)), (1, 1)), multiple=8)
    >>> f(torch.rand(1, 3, 13, 30)).shape
    torch.Size([1, 3, 13, 30])
    """

    def __init__(self, g: InvertibleNetwork, A: LinearOperator, multiple: int) -> None:
        super().__init__(g, A, g)
        self.multiple = multiple

    def at(self, height: int, width: int) -> Linearizer:
        """f for photos of height × width, which must be multiples of `multiple`; all parameters are f's own."""
        g, grid = photo_network(self.g_x, height, width), (height // self.multiple, width // self.multiple)
        own = (height, width) == tuple(self.g_x.in_shape[1:])
        return Linearizer(g, self.A if own else on_grid(self.A, grid), g)


@derived.register
def _(
    f: PhotoLinearizer, g_x: InvertibleNetwork, A: LinearOperator, g_y: InvertibleNetwork
) -> PhotoLinearizer:
    return PhotoLinearizer(g_x, A, f.multiple)


@fitted.register
def _(f: PhotoLinearizer, x: Tensor) -> Linearizer:
    height, width = photo_size(x, f.multiple)
    whole = f.at(height + -height % f.multiple, width + -width % f.multiple)
    g = Continued(whole.g_x, height, width, f.multiple)
    return Linearizer(g, whole.A, g)


class Continued(InvertibleNetwork):
    """g for photos of height × width, continued by reflection up to the size that g takes: g⁻¹(g(x)) = x.

    g(g⁻¹(z)) = z too where nothing is continued; else latents may hold more than a photo of this size can show.

    >>> from linearizer_core.networks import photo_flow
    >>> Continued(photo_flow((3, 8, 16), steps=1, hidden=4, blocks=1), 8, 9, multiple=8).in_shape
    (3, 8, 9)
    """

    def __init__(self, g: InvertibleNetwork, height: int, width: int, multiple: int) -> None:
        super().__init__()
        self.g, self.multiple = g, multiple
        self.in_shape, self.out_shape = (g.in_shape[0], height, width), g.out_shape

    def forward(self, x: Tensor) -> Tensor:
        return self.g(padded(x, self.multiple))

    def inverse(self, z: Tensor) -> Tensor:
        return self.g.inverse(z)[..., : self.in_shape[1], : self.in_shape[2]]


def photo_size(x: Tensor, multiple: int) -> tuple[int, int]:
    """(H, W) of photos x (*, C, H, W). ValueError for what is no photo or has a side shorter than `multiple`.

    >>> import torch
    >>> photo_size(torch.zeros(3, 13, 16), 8)
    (13, 16)
    """
    if check_floats("x", x).dim() < 3 or min(x.shape[-2:]) < multiple:
        raise ValueError(
            f"a photo must be (*, C, H, W) of at least {multiple}×{multiple} pixels, got {tuple(x.shape)}."
        )
    return x.shape[-2], x.shape[-1]


def photo_network(g: InvertibleNetwork, height: int, width: int) -> InvertibleNetwork:
    """g for photos of height × width. ValueError where one side is shorter than g was built for.

    >>> from linearizer_core.networks import photo_flow
    >>> photo_network(photo_flow((3, 8, 8), steps=1, hidden=4, blocks=1), 16, 24).out_shape
    (1152,)
    """
    channels, *least = g.in_shape
    if height < least[0] or width < least[1]:
        raise ValueError(
            f"a photo must be at least {least[1]}×{least[0]} pixels, got {width}×{height}; enlarge it first."
        )
    return resized(g, (channels, height, width))


def padded(x: Tensor, multiple: int) -> Tensor:
    """Photos (*, C, H, W), continued by reflection to the right and below until both sides are multiples.

    >>> import torch
    >>> padded(torch.zeros(3, 13, 16), 8).shape
    torch.Size([3, 16, 16])
    """
    height, width = photo_size(x, multiple)
    below, right = -height % multiple, -width % multiple
    flat = F.pad(x.reshape(-1, *x.shape[-3:]), (0, right, 0, below), mode="reflect")
    return flat.reshape(*x.shape[:-2], height + below, width + right)
