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
    """uint8 pictures (B, 32, 32) as float32 (B, 1, 32, 32) in [0, 1], whatever the default dtype is."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(torch.float32).div(255).unsqueeze(1)


def to_pixels(images: Tensor) -> np.ndarray:
    """Float pictures (B, C, H, W) as uint8 (B, H, W, C), values outside [0, 1] clipped."""
    return (
        images.detach().clamp(0, 1).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    )


def for_browser(images: Tensor) -> dict:
    """Pictures (B, C, H, W) as the value that the widgets draw: sizes and the bytes in base64.

    One channel is ink on the paper of the theme; faces get three, as no theme may turn them into negatives.

    >>> for_browser(torch.zeros(2, 1, 2, 2))
    {'count': 2, 'height': 2, 'width': 2, 'channels': 1, 'bytes': 'AAAAAAAAAAA='}
    """
    faces = images.shape[1] == 1 and images.shape[-1] == FACE_SIDE
    pixels = to_pixels(images.expand(-1, 3, -1, -1) if faces else images)
    count, height, width, channels = pixels.shape
    return {
        "count": count,
        "height": height,
        "width": width,
        "channels": channels,
        "bytes": base64.b64encode(pixels.tobytes()).decode("ascii"),
    }
