"""Pictures of visitors: any upload, photo or drawing, upright, as grey levels, as colours or as a digit in MNIST's frame.

Whatever is wrong with a file becomes one `BadPictureError` with the sentence that the visitor reads.
"""

import base64
import binascii
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from app import words
from app.pictures.encoding import SIDE
from linearizer_core.data import handwriting
from linearizer_core.data.images import upright

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_PIXELS = (
    40_000_000  # a phone's largest ordinary photo; beyond it a visitor's mistake or a decompression bomb
)
MAX_BYTES = 20 * 1024 * 1024
WORKING_SIDE = 512  # photos are shrunk to this before anything else is computed
BROKEN = (OSError, SyntaxError, ValueError, EOFError, MemoryError, struct.error, zlib.error, OverflowError)
"""What PIL, base64 and zlib raise on files that are broken or cut off."""


class BadPictureError(ValueError):
    """A picture that cannot be used; its text is one sentence that says what is wrong and what would work."""


def read_picture(source: str | Path | bytes) -> np.ndarray:
    """A file (path or content) as grey levels (H, W) in [0, 1], upright, at most 512 pixels a side.

    Turns EXIF rotation, CMYK, palettes, 16 bits and the first frame of an animation into grey; lays
    transparent pictures on the paper they contrast with. Raises `BadPictureError`.
    """
    return _read(source, _grey)


def read_photo(source: str | Path | bytes, most: int) -> np.ndarray:
    """A file (path or content) as colours, uint8 (H, W, 3), upright, shrunk to at most `most` pixels in all.

    Grey, CMYK, palettes and 16 bits become RGB, what is transparent becomes white. Raises `BadPictureError`.
    """
    return _read(source, lambda image: _colours(image, most))


def _read(source: str | Path | bytes, convert: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    data = _content(source)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadPictureError(words.too_many_pixels(image.width, image.height, MAX_PIXELS))
            return convert(image)
    except Image.DecompressionBombError:
        raise BadPictureError(words.too_many_pixels(None, None, MAX_PIXELS)) from None
    except BadPictureError:
        raise
    except BROKEN:
        raise BadPictureError(words.NOT_A_PICTURE) from None


def _content(source: str | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        path = Path(source)
        if not path.is_file():
            raise BadPictureError(words.NO_FILE)
        if path.stat().st_size > MAX_BYTES:
            raise BadPictureError(words.too_many_bytes(path.stat().st_size, MAX_BYTES))
        data = path.read_bytes()
    if not data:
        raise BadPictureError(words.EMPTY_FILE)
    if len(data) > MAX_BYTES:
        raise BadPictureError(words.too_many_bytes(len(data), MAX_BYTES))
    return data


def _grey(image: Image.Image) -> np.ndarray:
    image.draft(
        "L", (WORKING_SIDE, WORKING_SIDE)
    )  # JPEG decodes at an eighth of the size at an eighth of the cost
    image = _upright(image)
    if "A" in image.getbands() or "transparency" in image.info:
        image = _on_paper(image.convert("RGBA"))
    image = image.convert("L")
    image.thumbnail((WORKING_SIDE, WORKING_SIDE))
    return np.asarray(image, dtype=np.float32) / 255


def _colours(image: Image.Image, most: int) -> np.ndarray:
    shrink = min(1.0, (most / (image.width * image.height)) ** 0.5)
    image.draft("RGB", (round(2 * shrink * image.width), round(2 * shrink * image.height)))
    image = _upright(image)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    shrink = min(1.0, (most / (image.width * image.height)) ** 0.5)
    if shrink < 1:
        size = max(1, int(shrink * image.width)), max(1, int(shrink * image.height))
        image = image.resize(size, Image.Resampling.LANCZOS)
    return np.array(image)


def _upright(image: Image.Image) -> Image.Image:
    """The first frame, turned as the camera noted, 16 bits brought to 8."""
    image.seek(0)
    image = upright(image)
    if image.mode in ("I", "I;16", "I;16B", "I;16L"):
        deep = np.asarray(image, dtype=np.float32) / 65535
        image = Image.fromarray((255 * deep.clip(0, 1)).astype(np.uint8))
    return image


def _on_paper(image: Image.Image) -> Image.Image:
    """A transparent picture on white or black, whichever its visible part stands out from."""
    alpha = np.asarray(image.getchannel("A"), dtype=np.float32)
    levels = np.asarray(image.convert("L"), dtype=np.float32)
    bright = (levels * alpha).sum() > 127.5 * alpha.sum()
    paper = Image.new("RGBA", image.size, "black" if bright else "white")
    return Image.alpha_composite(paper, image)


def grey_from_array(array: np.ndarray) -> np.ndarray:
    """Floats in [0, 1] or bytes, (H, W) or (H, W, C) with C = 1, 3 or 4, as grey (H, W) in [0, 1].

    Raises `BadPictureError` for another shape, for values that are not finite, and for what is no number.
    """
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise BadPictureError(words.wrong_shape(array.shape))
    if array.dtype.kind not in "uif":
        raise BadPictureError(words.NOT_NUMBERS)
    levels = array[..., :3].astype(np.float32).mean(-1)
    if not np.isfinite(levels).all():
        raise BadPictureError(words.NOT_FINITE)
    return np.clip(levels / 255 if array.dtype == np.uint8 else levels, 0, 1)


def digit_from_picture(source: str | Path | bytes) -> np.ndarray:
    """An upload, a photo or a drawing as a digit: uint8 (32, 32). Raises `BadPictureError`."""
    grey = read_picture(source)
    try:
        return handwriting.digit_of(grey)
    except ValueError:
        raise BadPictureError(words.NO_INK) from None


def whole_picture(source: str | Path | bytes, side: int = SIDE) -> np.ndarray:
    """The middle square of an upload, as it is: uint8 (side, side), white 255. Raises `BadPictureError`."""
    return square_of(read_picture(source), side)


def face_picture(source: str | Path | bytes, side: int) -> np.ndarray:
    """The middle square of an upload in its colours: uint8 (side, side, 3). Raises `BadPictureError`."""
    photo = Image.fromarray(read_photo(source, WORKING_SIDE**2))
    return np.asarray(ImageOps.fit(photo, (side, side), Image.Resampling.LANCZOS))


def square_of(grey: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The middle square of grey levels (H, W) in [0, 1], resized to uint8 (side, side).

    >>> square_of(np.ones((64, 80))).shape
    (32, 32)
    """
    picture = Image.fromarray(np.uint8(np.rint(255 * grey)))
    return np.asarray(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))


def content_of_data_url(url: str) -> bytes:
    """The bytes of a "data:image/…;base64,…" address; raises `BadPictureError` for anything else."""
    head, _, body = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        raise BadPictureError(words.NOT_A_PICTURE)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise BadPictureError(words.NOT_A_PICTURE) from None
