"""Pictures of visitors: any upload or drawing to a digit in MNIST's style, and tensors to the browser.

A digit in MNIST's style is ink 255 on black 0, its ink box scaled to 20×20, centred by mass in 28×28, with a
border of 2: uint8 (32, 32). Whatever is wrong with a file becomes one `BadPictureError` with the sentence
that the visitor reads.
"""

import base64
import binascii
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from app import words
from app.pictures.encoding import SIDE

INK_BOX = 20  # MNIST scales the ink to fit this box
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_PIXELS = (
    40_000_000  # a phone's largest ordinary photo; beyond it a visitor's mistake or a decompression bomb
)
MAX_BYTES = 20 * 1024 * 1024
WORKING_SIDE = 512  # photos are shrunk to this before anything else is computed
PAPER_GRAIN = 0.2  # shades of paper below this part of the darkest ink count as paper
FAINTEST_INK = 0.08  # less contrast than this is a plain sheet
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
    image = ImageOps.exif_transpose(image)
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


def ink_of(grey: np.ndarray) -> np.ndarray:
    """Ink in [0, 1] on paper 0, from dark on bright or bright on dark; shades of the paper are removed."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    ink = np.clip(paper - grey if paper > 0.5 else grey - paper, 0, None)
    darkest = float(np.percentile(ink, 99.8))
    if darkest < FAINTEST_INK:
        raise BadPictureError(words.NO_INK)
    return np.clip((ink / darkest - PAPER_GRAIN) / (1 - PAPER_GRAIN), 0, 1)


def digit_from_ink(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) in [0, 1] in MNIST's frame: uint8 (32, 32). Raises `BadPictureError` without ink."""
    rows, columns = np.flatnonzero(ink.max(1) > 0.1), np.flatnonzero(ink.max(0) > 0.1)
    if not len(rows):
        raise BadPictureError(words.NO_INK)
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(INK_BOX * side / max(crop.shape))) for side in crop.shape)
    small = Image.fromarray(np.uint8(255 * crop)).resize((width, height), Image.Resampling.LANCZOS)
    return _centred(np.asarray(small))


def _centred(small: np.ndarray) -> np.ndarray:
    """The picture pasted so that its centre of mass is the centre of the frame, as far as it fits."""
    frame = np.zeros((SIDE, SIDE), np.uint8)
    mass = small.astype(np.float64) + 1e-9
    starts = []
    for axis, side in enumerate(small.shape):
        centre = (mass.sum(1 - axis) * (np.arange(side) + 0.5)).sum() / mass.sum()
        starts.append(int(np.clip(round(SIDE / 2 - centre), 0, SIDE - side)))
    (top, left), (height, width) = starts, small.shape
    frame[top : top + height, left : left + width] = small
    return frame


def digit_from_picture(source: str | Path | bytes) -> np.ndarray:
    """An upload, a photo or a drawing as a digit: uint8 (32, 32). Raises `BadPictureError`."""
    return digit_from_ink(ink_of(read_picture(source)))


def whole_picture(source: str | Path | bytes, side: int = SIDE) -> np.ndarray:
    """The middle square of an upload, as it is: uint8 (side, side), white 255. Raises `BadPictureError`."""
    return square_of(read_picture(source), side)


def square_of(grey: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The middle square of grey levels (H, W) in [0, 1], resized to uint8 (side, side).

    >>> square_of(np.ones((64, 80))).shape
    (32, 32)
    """
    picture = Image.fromarray(np.uint8(np.rint(255 * grey)))
    return np.asarray(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))


def digit_from_8x8(levels: np.ndarray) -> np.ndarray:
    """One of scikit-learn's 8×8 digits (0..16) drawn again with MNIST's stroke: uint8 (32, 32)."""
    small = Image.fromarray(np.pad(np.uint8(np.clip(levels, 0, 16) * 255 / 16), 1))
    large = small.resize((110, 100), Image.Resampling.BICUBIC)  # those digits are a tenth too narrow
    smooth = np.asarray(large.filter(ImageFilter.GaussianBlur(2)), dtype=np.float32) / 255
    return digit_from_ink(np.clip((smooth - 0.35) / 0.4, 0, 1))


def content_of_data_url(url: str) -> bytes:
    """The bytes of a "data:image/…;base64,…" address; raises `BadPictureError` for anything else."""
    head, _, body = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        raise BadPictureError(words.NOT_A_PICTURE)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise BadPictureError(words.NOT_A_PICTURE) from None
