"""Pictures from visitors: every ordinary kind of file becomes a digit, every bad one a plain sentence."""

import base64
import io
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

from app import pictures
from app.pictures import encoding, files, references


def seven(size=(200, 200), paper="white", ink="black", mode="RGB") -> Image.Image:
    """A 7 as people draw it; tall in a portrait picture, so that rotations show."""
    picture = Image.new(mode, size, paper)
    width, height = size
    corners = [(0.25 * width, 0.2 * height), (0.7 * width, 0.2 * height), (0.4 * width, 0.85 * height)]
    ImageDraw.Draw(picture).line(corners, fill=ink, width=max(2, width // 14), joint="curve")
    return picture


def file_of(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def near(picture: np.ndarray, other: np.ndarray) -> bool:
    return np.abs(picture.astype(float) - other.astype(float)).mean() < 6


PLAIN = files.digit_from_picture(file_of(seven()))


def rotated() -> bytes:
    """Stored lying on its side, with the EXIF note that says so, as phones do."""
    exif = Image.Exif()
    exif[274] = 6
    return file_of(seven().rotate(90), "JPEG", exif=exif, quality=95)


def deep() -> bytes:
    return file_of(Image.fromarray(np.asarray(seven().convert("L"), dtype=np.uint16) * 257))


def transparent() -> bytes:
    clear = seven(paper=(0, 0, 0, 0), ink=(0, 0, 0, 255), mode="RGBA")
    return file_of(clear)


def transparent_white_ink() -> bytes:
    return file_of(seven(paper=(0, 0, 0, 0), ink=(255, 255, 255, 255), mode="RGBA"))


def animated() -> bytes:
    frames = [seven(), seven(ink="grey")]
    return file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])


KINDS = {
    "jpeg": lambda: file_of(seven(), "JPEG", quality=90),
    "webp": lambda: file_of(seven(), "WEBP", quality=90),
    "bmp": lambda: file_of(seven(), "BMP"),
    "grey": lambda: file_of(seven().convert("L")),
    "one bit": lambda: file_of(seven().convert("1")),
    "palette": lambda: file_of(seven().convert("P")),
    "cmyk": lambda: file_of(seven().convert("CMYK"), "JPEG", quality=95),
    "light on dark": lambda: file_of(seven(paper="black", ink="white")),
    "blue on yellow": lambda: file_of(seven(paper="khaki", ink="navy")),
    "exif rotation": rotated,
    "16 bits": deep,
    "transparent": transparent,
    "transparent, white ink": transparent_white_ink,
    "animation": animated,
    "large": lambda: file_of(seven((3000, 3000)), "JPEG"),
    "small": lambda: file_of(seven((56, 56))),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_every_kind_of_file_shows_the_same_digit(make):
    picture = files.digit_from_picture(make())
    assert picture.shape == (32, 32) and picture.dtype == np.uint8
    assert near(picture, PLAIN)


def test_ink_fills_the_box_of_mnist_and_is_centred_by_mass():
    rows, columns = np.flatnonzero(PLAIN.max(1) > 60), np.flatnonzero(PLAIN.max(0) > 60)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    mass = PLAIN.astype(float)
    centre = (
        (mass.sum(1) @ (np.arange(32) + 0.5)) / mass.sum(),
        (mass.sum(0) @ (np.arange(32) + 0.5)) / mass.sum(),
    )
    assert abs(centre[0] - 16) <= 1 and abs(centre[1] - 16) <= 1


def bomb() -> bytes:
    """A PNG whose header promises 200 megapixels in a few hundred bytes."""
    data = bytearray(file_of(Image.new("L", (8, 8))))
    data[16:24] = (20_000).to_bytes(4, "big") + (10_000).to_bytes(4, "big")
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


BAD = {
    "no bytes": (lambda: b"", "empty"),
    "text": (lambda: b"I am a letter, not a picture.", "not a picture"),
    "cut off": (lambda: file_of(seven(), "JPEG")[:300], "not a picture"),
    "pdf": (lambda: b"%PDF-1.7 trust me", "not a picture"),
    "200 megapixels": (bomb, "megapixels work"),
    "blank": (lambda: file_of(Image.new("RGB", (90, 90), "white")), "one plain shade"),
    "too many bytes": (lambda: b"x" * (files.MAX_BYTES + 1), "MB work"),
}


@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_file_gets_one_sentence(make, sentence):
    with pytest.raises(files.BadPictureError, match=sentence) as caught:
        files.digit_from_picture(make())
    assert str(caught.value).endswith((".", "work.")) and "\n" not in str(caught.value)


def test_a_path_is_read_and_a_missing_one_is_refused(tmp_path):
    (tmp_path / "seven.png").write_bytes(file_of(seven()))
    assert near(files.digit_from_picture(tmp_path / "seven.png"), PLAIN)
    with pytest.raises(files.BadPictureError, match="No file arrived"):
        files.digit_from_picture(tmp_path / "eight.png")


ARRAYS = {
    "grey": np.linspace(0, 1, 12).reshape(3, 4),
    "one channel": np.linspace(0, 1, 12).reshape(3, 4, 1),
    "rgb bytes": np.arange(36, dtype=np.uint8).reshape(3, 4, 3),
    "rgba": np.linspace(0, 1, 48).reshape(3, 4, 4),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_arrays_with_one_three_or_four_channels_become_grey(array):
    grey = files.grey_from_array(array)
    assert grey.shape == (3, 4) and grey.min() >= 0 and grey.max() <= 1


BAD_ARRAYS = {
    "nan": (np.full((3, 4), np.nan), "not finite"),
    "two channels": (np.zeros((3, 4, 2)), "1, 3 or 4 channels"),
    "one dimension": (np.zeros(7), "height × width"),
    "nothing": (np.zeros((0, 4)), "height × width"),
    "words": (np.array([["a", "b"], ["c", "d"]]), "numbers"),
}


@pytest.mark.parametrize(("array", "sentence"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_bad_arrays_get_one_sentence(array, sentence):
    with pytest.raises(files.BadPictureError, match=sentence):
        files.grey_from_array(array)


def test_tensors_are_float32_whatever_the_default_is():
    assert torch.get_default_dtype() == torch.float64  # conftest.py says so
    assert encoding.to_tensor(PLAIN[None]).dtype == torch.float32


def test_bytes_survive_the_way_to_the_browser_and_back():
    back = encoding.to_pixels(encoding.to_tensor(PLAIN[None]))
    np.testing.assert_array_equal(back[0, ..., 0], PLAIN)


def test_a_drawing_is_a_reference_that_means_the_same_bytes():
    reference = pictures.reference_of(PLAIN)
    np.testing.assert_array_equal(pictures.pixels(reference), PLAIN)
    assert len(reference) < references.LONGEST and "," not in reference


@pytest.mark.parametrize(
    "reference", ["", "digits:", "digits:1797", "digits:-1", "digits:1e3", "png:****", "cat:3", None, 7]
)
def test_an_unknown_reference_gets_one_sentence(reference):
    with pytest.raises(files.BadPictureError, match="No such picture"):
        pictures.pixels(reference)


def test_a_data_address_becomes_a_reference():
    address = "data:image/png;base64," + base64.b64encode(file_of(seven())).decode()
    np.testing.assert_array_equal(pictures.pixels(pictures.accept(address)), PLAIN)
    for bad in ("data:text/plain;base64,AAAA", "data:image/png;base64,?", "data:image/png,AAAA"):
        with pytest.raises(files.BadPictureError):
            pictures.accept(bad)


def test_the_gallery_has_a_row_of_all_digits_and_needs_no_network():
    labels = load_digits().target
    found = [int(reference.partition(":")[2]) for reference in pictures.gallery()["digits"]]
    assert [labels[index] for index in found] == list(range(10)) * references.PER_DIGIT
