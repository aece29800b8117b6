"""Pictures as bytes: tensors to and from uint8, PNG and JPEG, and what the widgets draw."""

import base64
import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE, FACE_SIDE = 32, 64  # pixels of a side: digits and other small pictures, faces


def png_bytes(pixels: np.ndarray, fast: bool = False) -> bytes:
    """A uint8 picture (H, W) or (H, W, 3) as a PNG file, as small as can be, or `fast` for a large one."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=not fast, compress_level=4)
    return stream.getvalue()


def png_address(pixels: np.ndarray, fast: bool = False) -> str:
    """The same as a "data:image/png;base64,…" address.

    >>> png_address(np.zeros((8, 8), np.uint8))[:22]
    'data:image/png;base64,'
    """
    return "data:image/png;base64," + base64.b64encode(png_bytes(pixels, fast)).decode("ascii")


def jpeg_bytes(pixels: np.ndarray, quality: int = 90) -> bytes:
    """A uint8 picture (H, W) or (H, W, 3) as a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling=0)
    return stream.getvalue()


def jpeg_address(pixels: np.ndarray, quality: int = 90) -> str:
    """A uint8 picture (H, W, 3) as a "data:image/jpeg;base64,…" address: a tenth of its bytes for a browser.

    >>> jpeg_address(np.zeros((8, 8, 3), np.uint8))[:23]
    'data:image/jpeg;base64,'
    """
    return "data:image/jpeg;base64," + base64.b64encode(jpeg_bytes(pixels, quality)).decode("ascii")


def to_tensor(pixels: np.ndarray) -> Tensor:
    """uint8 pictures (B, H, W) or (B, H, W, 3) as float32 (B, 1 or 3, H, W) in [0, 1], whatever the default dtype is.

    >>> to_tensor(np.zeros((2, 8, 8), np.uint8)).shape, to_tensor(np.zeros((2, 8, 8, 3), np.uint8)).shape
    (torch.Size([2, 1, 8, 8]), torch.Size([2, 3, 8, 8]))
    """
    found = torch.from_numpy(np.ascontiguousarray(pixels)).to(torch.float32).div(255)
    return found.unsqueeze(1) if found.dim() == 3 else found.permute(0, 3, 1, 2).contiguous()


def to_pixels(images: Tensor) -> np.ndarray:
    """Float pictures (B, C, H, W) as uint8 (B, H, W, C), values outside [0, 1] clipped."""
    return (
        images.detach().clamp(0, 1).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    )


def to_pictures(images: Tensor) -> np.ndarray:
    """Float pictures (B, C, H, W) as uint8, (B, H, W) of one channel and (B, H, W, 3) of three: as `to_tensor` takes them.

    >>> to_pictures(torch.zeros(2, 1, 8, 8)).shape
    (2, 8, 8)
    """
    found = to_pixels(images)
    return found[..., 0] if found.shape[-1] == 1 else found


def listed(images: Tensor) -> list:
    """Pictures (…, C, H, W) as an endpoint answers: nested lists, …×H×W of one channel, …×3×H×W of three.

    >>> listed(torch.zeros(1, 1, 2)), len(listed(torch.zeros(3, 1, 2)))
    ([[0.0, 0.0]], 3)
    """
    return (images.squeeze(-3) if images.shape[-3] == 1 else images).tolist()


def for_browser(images: Tensor) -> dict:
    """Pictures (B, C, H, W) as the value that the widgets draw: sizes and the bytes in base64.

    One channel is ink on the paper of the theme, three are colours.

    >>> for_browser(torch.zeros(2, 1, 2, 2))
    {'count': 2, 'height': 2, 'width': 2, 'channels': 1, 'bytes': 'AAAAAAAAAAA='}
    """
    pixels = to_pixels(images)
    count, height, width, channels = pixels.shape
    return {
        "count": count,
        "height": height,
        "width": width,
        "channels": channels,
        "bytes": base64.b64encode(pixels.tobytes()).decode("ascii"),
    }
