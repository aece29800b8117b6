"""Picture references: the short strings by which views, links, snippets and the API name a digit.

    digits:17        digit 17 of scikit-learn's load_digits, redrawn in MNIST's style
    sample:7:42      the 7 that the model makes of noise with seed 42 ("sample::42": whatever digit comes)
    mnist:250        test digit 250 of MNIST, where the data is there
    face:12          a face that the model `faces` draws from seed 12, 64×64 in colour
    other:4          something that is no digit: a piece of a photograph, stripes, noise, a negative
    model:NAME:3     a picture that a model of somebody's own was brought with, or has drawn
    png:iVBOR…       a drawing or an upload: its PNG file, grey and square, in URL-safe base64
    jpg:_9j_4…       an upload in colour, or a large grey one: its JPEG file, square

A reference always means the same bytes, so pixels and latents are remembered by it: a picture is encoded once, whoever
looks at it. Any picture goes into any model, in the size and the colours that it takes. "data:image/…" addresses and uploads
become references in `accept`.
"""

import base64
import io
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pooch
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images
from torch import Tensor
from torch.nn import functional as F

from app import models, words
from app.models.needs import BROUGHT, Need
from app.models.remembering import remembered
from app.pictures import encoding, files
from app.pictures.noise import LARGEST_SEED, white
from linearizer_core.data import handwriting
from linearizer_core.data import sets as data
from linearizer_core.data.images import grey
from linearizer_core.linearizer import Linearizer
from linearizer_core.spaces import InducedSpace, Point

FIRST_PICTURE = "digits:318"
SECOND_PICTURE = "digits:913"  # where a view wants two
FIRST_FACE, SECOND_FACE = "face:17", "face:31"
FACE_SPREAD = 0.8  # of the deviation of the noise: the rarest faces are left out
ON_A_PAGE = 30
PER_DIGIT = 3  # pictures of each digit in a page of the gallery
CLEAREST = (  # rows of the digits 0 to 9 among scikit-learn's 1797, chosen by eye
    (1342, 1329, 1232, 318, 770, 1319, 164, 393, 913, 361),
    (786, 1213, 1081, 1504, 966, 488, 212, 317, 768, 325),
    (1413, 1626, 278, 1332, 1011, 1021, 752, 472, 513, 635),
)
FACES = (  # seeds whose faces are clearest, chosen by eye
    *(0, 1, 2, 4, 6, 7, 9, 10, 12, 14),
    *(15, 16, 17, 18, 20, 21, 22, 23, 25, 27),
    *(29, 31, 32, 35, 36, 38, 39, 40, 43, 46),
)
LONGEST = 8_000  # characters of a reference; a 32×32 drawing needs about 700, a 64×64 photo about 4 000
QUALITIES = (92, 80, 60, 30, 5)  # of a photo's JPEG file: the best that is not longer than that
SIDES = range(4, 129)  # of a square picture that a reference holds
TAKEN = ("digit", "whole", "face", "1×28", "3×48")
"""How a picture from outside is taken: the digit in it, all of it in grey, its middle square in colour; or so many channels
of a middle square of this side, as a model of somebody's own takes it."""


def accept(picture: object, taken: str = "digit") -> str:
    """The reference of a picture that came from outside: itself a reference, or a "data:image/…" address.

    `taken` is one of `TAKEN`. Raises `files.BadPictureError`, whose text says what would work.
    """
    if isinstance(picture, str) and picture.startswith("data:"):
        return read(files.content_of_data_url(picture), taken)
    if not isinstance(picture, str):  # before the cache: a list cannot even be looked up
        raise files.BadPictureError(words.UNKNOWN_PICTURE)
    pixels(picture)
    return picture


def read(file: str | Path | bytes, taken: str) -> str:
    """The reference of a file (path or content), taken in one of the ways of `TAKEN`. Raises `files.BadPictureError`."""
    channels, _, side = taken.partition("×")
    match channels:
        case "face":
            return reference_of(files.face_picture(file, encoding.FACE_SIDE))
        case "whole":
            return reference_of(files.whole_picture(file))
        case "3":
            return reference_of(files.face_picture(file, int(side)))
        case "1":
            return reference_of(files.whole_picture(file, int(side)))
        case _:
            return reference_of(files.digit_from_picture(file))


def taken_for(model: object, otherwise: str = "digit") -> str:
    """How a picture is taken for a model: by one of faces in colour, by one of somebody's own in its shape, else as
    `otherwise` says.

    >>> taken_for("faces"), taken_for("digits"), taken_for(None, "whole")
    ('face', 'digit', 'whole')
    """
    if not isinstance(model, str) or not (model in models.NAMES or model in models.brought()):
        return otherwise
    if models.abilities(model).pictures == BROUGHT:
        channels, side, _ = models.shape(model)
        return f"{channels}×{side}"
    return "face" if models.knows_faces(model) else otherwise


@remembered(4096)
def pixels(reference: str) -> np.ndarray:
    """The picture's bytes, uint8 (S, S) or (S, S, 3), read-only. Raises `files.BadPictureError`."""
    if not isinstance(reference, str) or len(reference) > LONGEST:
        raise files.BadPictureError(words.UNKNOWN_PICTURE)
    source, _, rest = reference.partition(":")
    if source not in SOURCES:
        raise files.BadPictureError(words.UNKNOWN_PICTURE)
    try:
        found = SOURCES[source](rest)
    except files.BadPictureError:
        raise
    except (IndexError, *files.BROKEN) as error:
        raise files.BadPictureError(words.UNKNOWN_PICTURE) from error
    found.setflags(write=False)
    return found


def tensor(references: Sequence[str], name: str = "digits") -> Tensor:
    """The pictures as float32 (k, C, S, S) in [0, 1], in the size and the colours that the model takes."""
    return torch.cat([_shaped(reference, models.shape(name)) for reference in references])


@remembered(2048)
def _shaped(reference: str, shape: tuple[int, int, int]) -> Tensor:
    x = shaped(encoding.to_tensor(np.stack([pixels(reference)])), shape)
    return encoding.to_tensor(encoding.to_pictures(x))  # bytes again, so that a program can carry it


def shaped(x: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Pictures (k, C, S, S) in another shape (C, S, S): block means where they shrink, straight lines between pixels
    where they grow; colours become their luminance, grey stays grey.

    >>> shaped(torch.ones(2, 3, 64, 64), (1, 32, 32)).shape
    torch.Size([2, 1, 32, 32])
    """
    channels, side, _ = shape
    if x.shape[1] > channels:
        x = grey(x)
    if x.shape[-1] != side:
        x = F.interpolate(x, (side, side), mode="area" if x.shape[-1] > side else "bilinear")
    return x.expand(-1, channels, -1, -1)


@remembered(1024)  # one of a face takes 49 kB
def _latent(reference: str, name: str) -> Tensor:
    with models.one_core():
        return models.model(name).g_x(tensor([reference], name))[0]


def latents(references: Sequence[str], name: str = "digits") -> Tensor:
    """g(x) of the pictures, float32 (k, n): each is encoded when first asked for and never again."""
    return torch.stack([_latent(reference, name) for reference in references])


def points(references: Sequence[str], name: str = "digits") -> list[Point]:
    """The pictures as points of the model's space, ready for + and *, without encoding them again."""
    space = InducedSpace(models.model(name).g_x)
    return [Point(space, _latent(reference, name)) for reference in references]


def fitting(reference: str, name: str) -> str:
    """The picture itself where it is of the kind that the model was trained on, else one that is: a face, a digit.

    >>> fitting("face:3", "digits"), fitting("face:3", "faces")
    ('digits:318', 'face:3')
    """
    if models.abilities(name).pictures == BROUGHT:
        return reference
    if models.knows_faces(name):
        return reference if reference.startswith(("face:", "jpg:", "png:")) else FIRST_FACE
    return FIRST_PICTURE if reference.startswith(("face:", "jpg:", "model:")) else reference


def model_for(reference: str, name: str) -> str:
    """The model itself where the picture is of its kind, else the one that makes such pictures.

    >>> model_for("face:3", "digits"), model_for("png:", "faces")
    ('faces', 'faces')
    """
    others = [other for other in models.generators() if fitting(reference, other) == reference]
    return name if fitting(reference, name) == reference or not others else others[0]


def start(query: Mapping[str, str], picture: str, need: Need) -> tuple[str, str]:
    """Model, one that can do what is needed, and picture that a view opens with: those that a link asks for, else the
    current picture and the model that knows it.

    >>> from app.models.needs import GENERATES
    >>> start({"model": "faces"}, "digits:3", GENERATES), start({}, "face:5", GENERATES)
    (('faces', 'face:17'), ('faces', 'face:5'))
    """
    among = models.available(need)
    wanted = query.get("model") if query else model_for(picture, among[0])
    name = wanted if models.offers(wanted, need) else among[0]
    return name, standing_for(picture, name)


def standing_for(picture: str, name: str) -> str:
    """The current picture where the model knows such, else one that it knows: of somebody's own one that came with it.

    >>> standing_for("face:3", "digits")
    'digits:318'
    """
    came = page_of(name)
    kept = ("png:", "jpg:", came[0].rpartition(":")[0])
    if models.abilities(name).pictures == BROUGHT and not picture.startswith(kept):
        return came[0]
    return fitting(picture, name)


def examples(name: str) -> tuple[str, str]:
    """Two pictures of the kind that the model was trained on, for a view that opens with it.

    >>> examples("digits")
    ('digits:318', 'digits:913')
    """
    if models.abilities(name).pictures == BROUGHT:
        return page_of(name)[:2]
    return (FIRST_FACE, SECOND_FACE) if models.knows_faces(name) else (FIRST_PICTURE, SECOND_PICTURE)


@remembered(16)
def page_of(name: str) -> tuple[str, ...]:
    """A page of pictures of the model's kind: of one of somebody's own those that came with it, else such as have its
    colours.

    >>> page_of("faces")[:2]
    ('face:0', 'face:1')
    """
    own = models.brought_as(name)
    if own is not None and own.gallery is not None:
        return tuple(f"model:{name}:{i}" for i in range(min(len(own.gallery), ON_A_PAGE)))
    in_colour = models.shape(name)[0] == 3 and "faces" in models.available()
    return page("face" if in_colour else "digits")


def reference_of(picture: np.ndarray) -> str:
    """The reference of a visitor's own picture, uint8 (S, S) or (S, S, 3)."""
    if picture.ndim == 2:
        reference = "png:" + _safe(encoding.png_bytes(picture))
        if len(reference) <= LONGEST:
            return reference
    for quality in QUALITIES:
        reference = f"jpg:{_safe(encoding.jpeg_bytes(picture, quality))}"
        if len(reference) <= LONGEST:
            break
    return reference


def address_of(reference: str) -> str:
    """The file in a visitor's own picture, "png:…" or "jpg:…", as an address that a page shows.

    >>> address_of("png:iVBOR_w")
    'data:image/png;base64,iVBOR/w='
    """
    form, _, rest = reference.partition(":")
    content = base64.b64encode(_content(rest)).decode("ascii")
    return f"data:image/{FORMS[form]};base64,{content}"


FORMS = {"png": "png", "jpg": "jpeg"}


def _safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")


def _content(safe: str) -> bytes:
    return base64.b64decode(safe.encode("ascii") + b"=" * (-len(safe) % 4), altchars=b"-_", validate=True)


def name_of(reference: str) -> str:
    """What a caption calls the picture.

    >>> name_of("sample:7:42")
    'a 7 drawn by the model, seed 42'
    """
    source, _, rest = reference.partition(":")
    return words.picture_name(source, rest, label_of(reference))


def _from_digits(rest: str) -> np.ndarray:
    return handwriting.small_digits([_index(rest, 1797)])[0][0]


def _from_mnist(rest: str) -> np.ndarray:
    found = _mnist()
    if found is None:
        raise files.BadPictureError(words.NO_MNIST)
    return np.pad(found[0][_index(rest, len(found[0]))], 2)


def _from_face(rest: str) -> np.ndarray:
    if "faces" not in models.available():
        raise files.BadPictureError(words.UNKNOWN_PICTURE)
    return faces([_index(rest, LARGEST_SEED + 1)])[0]


def faces(seeds: Sequence[int]) -> np.ndarray:
    """What the model `faces` draws from these seeds in one step, uint8 (k, 64, 64, 3)."""
    noise = white(seeds, *models.shape("faces"))
    with models.one_core():
        return encoding.to_pixels(_draw_face()(FACE_SPREAD * noise))


@lru_cache(maxsize=1)
def _draw_face() -> Linearizer:
    return models.model("faces").collapse()


def _from_other(rest: str) -> np.ndarray:
    return others()[_index(rest, len(others()))].copy()


def _from_sample(rest: str) -> np.ndarray:
    label, _, seed = rest.partition(":")
    noise = white([_index(seed, LARGEST_SEED + 1)], 1, files.SIDE, files.SIDE)
    with torch.inference_mode():
        made = models.model().sample(noise, label=_index(label, 10) if label else None)
    return encoding.to_pixels(made)[0, ..., 0].copy()


def _from_model(rest: str) -> np.ndarray:
    name, _, number = rest.rpartition(":")
    own = models.brought().get(name)
    if own is None or own.gallery is None:
        raise files.BadPictureError(words.MODEL_GONE)
    return own.gallery[_index(number, len(own.gallery))].copy()


def _from_file(rest: str, form: str, modes: Sequence[str]) -> np.ndarray:
    with Image.open(io.BytesIO(_content(rest)), formats=(form,)) as picture:
        if picture.width != picture.height or picture.width not in SIDES or picture.mode not in modes:
            raise files.BadPictureError(words.UNKNOWN_PICTURE)
        return np.array(picture)  # decodes it: here a file that is cut off shows


SOURCES = {
    "digits": _from_digits,
    "sample": _from_sample,
    "mnist": _from_mnist,
    "face": _from_face,
    "other": _from_other,
    "model": _from_model,
    "png": lambda rest: _from_file(rest, "PNG", ["L"]),
    "jpg": lambda rest: _from_file(rest, "JPEG", ["RGB", "L"]),
}


def _index(text: str, count: int) -> int:
    index = int(text)
    if not 0 <= index < count:
        raise IndexError(text)
    return index


@lru_cache(maxsize=1)
def _digits():
    return load_digits()


@lru_cache(maxsize=1)
def _mnist() -> tuple[np.ndarray, np.ndarray] | None:
    """MNIST's test images and labels as bytes where they lie on this machine; never downloads."""
    for place in (os.environ.get("LINEARIZER_DATA"), Path(pooch.os_cache("linearizer-lab")) / "mnist"):
        try:
            if place:
                found = data.mnist(place)
                return found.test_images[:, 0].numpy(), found.test_labels.numpy()
        except data.DataError:
            continue  # not here: the next place, or a gallery without MNIST
    return None


@lru_cache(maxsize=1)
def gallery() -> dict[str, tuple[str, ...]]:
    """References by source, rows of the digits 0 to 9; MNIST only where it lies on this machine."""
    rows = range(PER_DIGIT)
    found = {
        "digits": tuple(f"digits:{index}" for row in CLEAREST for index in row),
        "sample": tuple(f"sample:{label}:{seed}" for seed in rows for label in range(10)),
    }
    if _mnist() is not None:
        of_digit = [np.flatnonzero(_mnist()[1] == label) for label in range(10)]
        found["mnist"] = tuple(f"mnist:{indices[row]}" for row in rows for indices in of_digit)
    return found


def page(source: str) -> tuple[str, ...]:
    """References of one page of the gallery, also of those that no digit is on."""
    if source == "face":
        return tuple(f"face:{seed}" for seed in FACES)
    return tuple(f"other:{i}" for i in range(len(others()))) if source == "other" else gallery()[source]


@lru_cache(maxsize=1)
def others() -> tuple[np.ndarray, ...]:
    """Pictures that are no digits, uint8 (32, 32): of scikit-learn's two photographs, patterns, noise, negatives."""
    places = ((0, 0, 427), (1, 100, 300), (0, 260, 160), (1, 0, 427), (0, 110, 130), (1, 250, 130))
    photos = load_sample_images().images
    pieces = [photos[i][:, left : left + side][:side] for i, left, side in places]
    found = [files.square_of(files.grey_from_array(piece)) for piece in pieces]
    rows, columns = np.mgrid[: files.SIDE, : files.SIDE]
    patterns = [
        columns // 4 % 2,
        (rows + columns) // 5 % 2,
        (rows // 4 + columns // 4) % 2,
        columns / 31,
        0 * rows + 0.5,
    ]
    noise = np.random.default_rng(0).random((2, files.SIDE, files.SIDE))
    found += [np.uint8(255 * pattern) for pattern in (*patterns, noise[0], noise[1] > 0.7)]
    return tuple(found + [255 - pixels(f"digits:{index}") for index in CLEAREST[0][:7]])


def label_of(reference: str) -> int:
    """The digit that a picture is known to show, −1 where nobody has said.

    >>> label_of("digits:3"), label_of("sample:7:42"), label_of("sample::42")
    (3, 7, -1)
    """
    source, _, rest = reference.partition(":")
    if source == "digits":
        return int(_digits().target[int(rest)])
    if source == "mnist" and _mnist() is not None:
        return int(_mnist()[1][int(rest)])
    return int(rest.partition(":")[0] or -1) if source == "sample" else -1
