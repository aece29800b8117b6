"""Data sets as tensors: compact uint8 images (N, C, H, W), their labels, and a split that stays the same.

Nothing here shuffles behind your back: every random choice takes a seed. Files come from a path you give
or from a download, checksummed and cached. Arrays are read without pickle, so a data file cannot run code.
"""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch
import torch
from PIL import Image, ImageOps
from scipy.io import loadmat
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/{}",
    "https://storage.googleapis.com/cvdf-datasets/mnist/{}",
)
MNIST_FILES = {  # name: sha256
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
OLIVETTI_MIRRORS = ("https://ndownloader.figshare.com/files/5976027",)
OLIVETTI_FILES = {"olivettifaces.mat": "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794"}
MNIST_KEYS = ("train_images", "train_labels", "test_images", "test_labels")
KERAS_KEYS = ("x_train", "y_train", "x_test", "y_test")  # the other mnist.npz that people have on their disks
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
MAX_PIXELS = 100_000_000  # of one image file; beyond this it is a mistake or a decompression bomb
UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


class DataError(ValueError):
    """Data that is not there or cannot be read; its message is one sentence that says what to do.

    >>> mnist("no-such-folder")
    Traceback (most recent call last):
    linearizer_core.data.DataError: no-such-folder does not exist; put mnist.npz or the four ...
    """


class Dataset(NamedTuple):
    """Images uint8 (N, C, H, W), or float points of the plane (N, 2), and labels int64 (N,), to train and to test on.

    ``names[label]`` is the name of a class; label -1 means that an image has none. ``others`` are images of something
    else, of the same shape, to see what a model does far from its data. `as_float` turns a batch into floats in
    [0, 1]; keeping the whole set as bytes takes a quarter of the memory.

    >>> x, y = torch.zeros(5, 1, 8, 8, dtype=torch.uint8), torch.tensor([1, 0, 1, 1, 0])
    >>> data = Dataset(x[:4], y[:4], x[4:], y[4:], names=("cat", "dog"))
    >>> data.names[data.test_labels[0]]
    'cat'
    """

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    names: tuple[str, ...] = ()
    others: Tensor | None = None


def as_float(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Bytes 0..255 to floats in [0, 1], same shape.

    >>> as_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images must be uint8, got {images.dtype}; floats need no conversion.")
    return images.to(dtype) / 255


def as_input(items: Tensor) -> Tensor:
    """What a network is fed: images as floats in [0, 1]; points of the plane are floats already and stay as they are.

    >>> as_input(torch.tensor([51], dtype=torch.uint8)), as_input(torch.tensor([[-2.5, 1.0]]))
    (tensor([0.2000]), tensor([[-2.5000,  1.0000]]))
    """
    return items if items.is_floating_point() else as_float(items)


def fit_size(images: Tensor, size: int) -> Tensor:
    """Square uint8 images (N, C, S, S) brought to size × size: a black border around, or block means.

    >>> fit_size(torch.full((1, 1, 28, 28), 9, dtype=torch.uint8), 32).shape
    torch.Size([1, 1, 32, 32])
    """
    side = images.shape[-1]
    if images.ndim != 4 or images.shape[-2] != side:
        raise ValueError(
            f"images must be square, (N, C, S, S), got shape {tuple(images.shape)}; crop them first."
        )
    if size >= side and (size - side) % 2 == 0:
        return pad(images, [(size - side) // 2] * 4)
    if 0 < size < side and side % size == 0:
        return avg_pool2d(images.float(), side // size).round().to(torch.uint8)
    raise ValueError(
        f"size must exceed {side} by an even number or divide it, got {size}; try {side + 4} or {side // 2}."
    )


def load_dataset(name: str | Path, path: str | Path | None = None, size: int | None = None) -> Dataset:
    """A data set by name ("mnist", "olivetti") or an own folder of images, at a wanted size.

    ``path`` says where the named data lies (see `mnist`, `olivetti`); None downloads it. Any other ``name``
    is a folder of images, read by `image_folder`. ``size`` None means 28 for MNIST, 64 for all else.

    >>> import tempfile
    >>> x, y = np.zeros((3, 28, 28), np.uint8), np.arange(3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/mnist.npz", train_images=x, train_labels=y, test_images=x, test_labels=y)
    ...     load_dataset("mnist", folder, size=32).train_images.shape
    torch.Size([3, 1, 32, 32])
    """
    named: dict[str, Callable[[str | Path | None], Dataset]] = {"mnist": mnist, "olivetti": olivetti}
    if str(name) not in named:
        return image_folder(name, 64 if size is None else size)
    data = named[str(name)](path)
    if size is None:
        return data
    return data._replace(
        train_images=fit_size(data.train_images, size), test_images=fit_size(data.test_images, size)
    )


def mnist(path: str | Path | None = None) -> Dataset:
    """Handwritten digits, 1×28×28, white ink on black: 60 000 to train on, the rest of the file to test on.

    ``path``: an ``mnist.npz``, its folder, or a folder with the four original ``*-ubyte`` files (or ``.gz``);
    None downloads these (11 MB, once). Raises `DataError`. Source: LeCun, Cortes, Burges, "MNIST database".

    >>> import tempfile
    >>> x, y = np.zeros((3, 28, 28), np.uint8), np.arange(3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/mnist.npz", train_images=x, train_labels=y, test_images=x[:1], test_labels=y[:1])
    ...     mnist(folder).test_images.shape
    torch.Size([1, 1, 28, 28])
    """
    wanted = "mnist.npz or the four MNIST *-ubyte.gz files"
    place = (
        _download("mnist", MNIST_FILES, MNIST_MIRRORS, wanted) if path is None else _existing(path, wanted)
    )
    if place.is_dir() and (place / "mnist.npz").is_file():
        place = place / "mnist.npz"
    arrays = _mnist_idx(place) if place.is_dir() else _mnist_npz(place)
    images, labels = arrays[0::2], arrays[1::2]
    for part, x, y in zip(("train", "test"), images, labels, strict=True):
        _check(place, f"{part} images", x, (None, 28, 28))
        _check(place, f"{part} labels", y, (len(x),), limit=10)
    return _dataset(images, labels, names=tuple("0123456789"))


def olivetti(path: str | Path | None = None, test_people: int = 8, seed: int = 0) -> Dataset:
    """Faces of 40 people, 10 pictures each, 1×64×64. The test pictures show people that training never saw.

    ``path``: an ``olivetti.npz`` with ``images`` (N, 64, 64) uint8 and ``labels`` (N,), or its folder; None
    downloads the original (4 MB, once). Raises `DataError`. Source: AT&T Laboratories Cambridge, 1992-1994.

    >>> import tempfile
    >>> x, y = np.zeros((6, 64, 64), np.uint8), np.array([0, 0, 1, 1, 2, 2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/olivetti.npz", images=x, labels=y)
    ...     people = olivetti(folder, test_people=1)
    >>> len(people.train_images), len(people.test_labels.unique())
    (4, 1)
    """
    images, labels = _fetch_olivetti() if path is None else _olivetti_npz(_existing(path, "olivetti.npz"))
    people = len(np.unique(labels))
    if not 0 < test_people < people:
        raise ValueError(
            f"test_people must lie between 1 and {people - 1}, got {test_people}; 8 is the default."
        )
    chosen = np.random.default_rng(seed).permutation(np.unique(labels))[:test_people]
    test = np.isin(labels, chosen)
    names = tuple(f"person {i}" for i in range(labels.max() + 1))
    return _dataset((images[~test], images[test]), (labels[~test], labels[test]), names)


def image_folder(
    path: str | Path, size: int, channels: int = 3, test_fraction: float = 0.1, seed: int = 0
) -> Dataset:
    """Your own PNG, JPEG and WebP files, the middle square of each resized to size × size.

    The label is the sub-folder directly under ``path`` (-1 where there is none). Cameras' rotation marks are
    honoured, transparent parts become white, ``channels`` 1 gives grey. Which files are for testing depends
    on their sorted names and ``seed`` only. Raises `DataError` with the name of a file that cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         (Path(folder) / name).mkdir()
    ...         Image.new("RGB", (40, 30)).save(f"{folder}/{name}/1.png")
    ...     pets = image_folder(folder, size=16)
    >>> pets.train_images.shape, pets.names
    (torch.Size([2, 3, 16, 16]), ('cat', 'dog'))
    """
    if channels not in (1, 3) or size < 1 or not 0 <= test_fraction < 1:
        raise ValueError(
            "image_folder takes channels 1 or 3, size ≥ 1 and 0 ≤ test_fraction < 1, "
            f"got channels={channels}, size={size}, test_fraction={test_fraction}; correct that argument."
        )
    root = _existing(path, "a folder of PNG, JPEG or WebP images")
    files = sorted(f for f in root.rglob("*") if f.suffix.lower() in IMAGE_SUFFIXES and f.is_file())
    if not files:
        raise DataError(f"{root} holds no PNG, JPEG or WebP image; pass the folder that holds your pictures.")
    images = np.stack([read_image(file, size, channels) for file in files])
    groups = [parts[0] if len(parts := f.relative_to(root).parts) > 1 else None for f in files]
    names = tuple(sorted({group for group in groups if group is not None}))
    labels = np.array([-1 if group is None else names.index(group) for group in groups])
    order = np.random.default_rng(seed).permutation(len(files))
    train, test = np.split(order, [len(files) - int(test_fraction * len(files))])
    return _dataset((images[train], images[test]), (labels[train], labels[test]), names)


def cut_patches(images: Tensor, side: int, per_image: int, seed: int = 0) -> Tensor:
    """`per_image` random side × side pieces of every image (N, C, H, W): (N · per_image, C, side, side), same type.

    ValueError where an image is smaller than a patch.

    >>> cut_patches(torch.zeros(2, 3, 9, 9, dtype=torch.uint8), side=4, per_image=5).shape
    torch.Size([10, 3, 4, 4])
    """
    height, width = images.shape[2:]
    if side > min(height, width):
        raise ValueError(f"side must be at most {min(height, width)}, the size of the images, got {side}.")
    generator = torch.Generator().manual_seed(seed)
    tops = torch.randint(height - side + 1, (len(images), per_image), generator=generator).tolist()
    lefts = torch.randint(width - side + 1, (len(images), per_image), generator=generator).tolist()
    pieces = [
        image[:, top : top + side, left : left + side]
        for image, rows, columns in zip(images, tops, lefts)
        for top, left in zip(rows, columns)
    ]
    return torch.stack(pieces)


def read_image(file: str | Path, size: int, channels: int = 3) -> np.ndarray:
    """One image file as uint8 (channels, size, size): upright, middle square, resized. Raises `DataError`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (40, 30), "white").save(f"{folder}/white.png")
    ...     read_image(f"{folder}/white.png", size=16, channels=1).shape
    (1, 16, 16)
    """
    try:
        with Image.open(file) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(
                    f"{opened.width}×{opened.height} pixels are too many, {MAX_PIXELS} are the limit"
                )
            opened.draft(
                "RGB", (2 * size, 2 * size)
            )  # lets a JPEG decode small; keeps room for a clean resize
            image = _flat(ImageOps.exif_transpose(opened), "RGB" if channels == 3 else "L")
    except (*UNREADABLE, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{file} cannot be read as an image ({error}); replace it or take it out.") from error
    pixels = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS))
    return pixels.reshape(size, size, channels).transpose(2, 0, 1)


def _flat(image: Image.Image, mode: str) -> Image.Image:
    """Transparency over white; 16 bits to 8 (Pillow's own conversion would clip them to white)."""
    if image.mode.startswith("I"):
        return Image.fromarray(
            (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        ).convert(mode)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert(mode)


def _existing(path: str | Path, wanted: str) -> Path:
    place = Path(path).expanduser()
    if not place.exists():
        raise DataError(f"{place} does not exist; put {wanted} there or pass the path where it lies.")
    return place


def _download(name: str, files: dict[str, str], mirrors: Sequence[str], instead: str) -> Path:
    """The cache folder with all files in it, each from the first mirror that has it; whole ones are kept."""
    folder = Path(pooch.os_cache("linearizer-lab")) / name
    for file, sha256 in files.items():
        reasons = []
        for mirror in mirrors:
            try:
                pooch.retrieve(mirror.format(file), sha256, fname=file, path=folder)
                break
            except OSError as error:  # no network, a full disk
                reasons.append(type(error).__name__)
            except ValueError:
                reasons.append("wrong checksum")
        else:
            raise DataError(
                f"{file} could not be downloaded ({', '.join(reasons)}); put it into {folder}, "
                f"or pass --data with the path of {instead}."
            )
    return folder


def _mnist_npz(file: Path) -> list[np.ndarray]:
    arrays = _npz(file)
    keys = KERAS_KEYS if "x_train" in arrays else MNIST_KEYS
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise DataError(f"{file} has no array {missing[0]!r}; an mnist.npz holds {', '.join(MNIST_KEYS)}.")
    return [arrays[key] for key in keys]


def _mnist_idx(folder: Path) -> list[np.ndarray]:
    arrays = []
    for name in MNIST_FILES:
        found = [file for file in (folder / name, folder / name.removesuffix(".gz")) if file.is_file()]
        if not found:
            raise DataError(f"{folder} lacks {name}; put mnist.npz or the four MNIST *-ubyte.gz files there.")
        arrays.append(_read_idx(found[0]))
    return arrays


def _read_idx(file: str | Path) -> np.ndarray:
    """The bytes in a file of the original MNIST format, packed with gzip or not. Raises `DataError`."""
    try:
        with gzip.open(file) if Path(file).suffix == ".gz" else open(file, "rb") as stream:
            zero, kind, ndim = struct.unpack(">HBB", stream.read(4))
            shape = struct.unpack(f">{ndim}I", stream.read(4 * ndim))
            count = int(np.prod(shape, dtype=object))
            if (zero, kind) != (0, 8) or not 1 <= ndim <= 3 or count > MAX_PIXELS:
                raise ValueError("its header is not that of an IDX file of bytes")
            content = stream.read(count + 1)
            if len(content) != count:
                raise ValueError(f"it holds not the {count} bytes that its header promises")
    except UNREADABLE as error:
        raise DataError(f"{file} is broken ({error}); delete it and get it again.") from error
    return np.frombuffer(content, np.uint8).reshape(shape)


def _fetch_olivetti() -> tuple[np.ndarray, np.ndarray]:
    """The file that scikit-learn's fetch_olivetti_faces reads, without its cache, which is a pickle."""
    folder = _download("olivetti", OLIVETTI_FILES, OLIVETTI_MIRRORS, "olivetti.npz")
    faces = loadmat(folder / "olivettifaces.mat", variable_names=["faces"])["faces"]
    images = faces.T.reshape(-1, 64, 64).transpose(0, 2, 1)
    return images.round().astype(np.uint8), np.arange(len(images)) // 10  # ten pictures in a row per person


def _olivetti_npz(place: Path) -> tuple[np.ndarray, np.ndarray]:
    file = place / "olivetti.npz" if place.is_dir() else place
    arrays = _npz(_existing(file, "olivetti.npz"))
    missing = [key for key in ("images", "labels") if key not in arrays]
    if missing:
        raise DataError(f"{file} has no array {missing[0]!r}; an olivetti.npz holds images and labels.")
    images, labels = arrays["images"], arrays["labels"]
    _check(file, "images", images, (None, 64, 64))
    _check(file, "labels", labels, (len(images),), limit=len(images))
    return images, labels


def _npz(file: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (*UNREADABLE, AttributeError, TypeError) as error:  # a plain .npy has no .files and no `with`
        raise DataError(
            f"{file} is not a whole .npz file ({error}); get it again or pass another path."
        ) from error


def _check(file: Path, what: str, array: np.ndarray, shape: Sequence[int | None], limit: int = 256) -> None:
    """Refuse an array of the wrong shape, of other than whole numbers, or with one outside 0..limit-1."""
    wanted = "×".join("N" if s is None else str(s) for s in shape)
    fits = array.ndim == len(shape) and all(s in (None, n) for s, n in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in "iu" or array.size == 0:
        raise DataError(
            f"{file}: {what} should be whole numbers of shape {wanted}, got {array.dtype} {array.shape}; "
            "get the file again."
        )
    if array.min() < 0 or array.max() >= limit:
        raise DataError(
            f"{file}: {what} should lie in 0..{limit - 1}, got {array.min()}..{array.max()}; get it again."
        )


def _dataset(images: Sequence[np.ndarray], labels: Sequence[np.ndarray], names: tuple[str, ...]) -> Dataset:
    x = [torch.from_numpy(part.astype(np.uint8)) for part in images]
    x = [part.unsqueeze(1) if part.ndim == 3 else part for part in x]
    y = [torch.from_numpy(part.astype(np.int64)) for part in labels]
    return Dataset(x[0], y[0], x[1], y[1], names)
