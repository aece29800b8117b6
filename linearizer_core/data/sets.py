"""Data sets as tensors: compact uint8 images (N, C, H, W), their labels, and a split that stays the same.

Nothing here shuffles behind your back: every random choice takes a seed. Files come from a path you give
or from a download, checksummed and cached. Arrays are read without pickle, so a data file cannot run code.
"""

import gzip
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .. import files
from ..inputs import as_float
from .dataset import UNREADABLE, DataError, Dataset, as_input, dataset_of, existing
from .images import MAX_PIXELS, cut_patches, fit_size, image_folder, read_image

__all__ = [
    "DataError",
    "Dataset",
    "as_float",
    "as_input",
    "cut_patches",
    "fit_size",
    "image_folder",
    "load_dataset",
    "mnist",
    "olivetti",
    "read_image",
]

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
    place = _download("mnist", MNIST_FILES, MNIST_MIRRORS, wanted) if path is None else existing(path, wanted)
    try:
        if place.is_dir() and (place / "mnist.npz").is_file():
            place = place / "mnist.npz"
        arrays = _mnist_idx(place) if place.is_dir() else _mnist_npz(place)
    except OSError as error:  # of a folder that may not be looked into
        raise DataError(
            f"{place} cannot be looked into ({files.reason(error)}); make it readable or pass another path."
        ) from error
    images, labels = arrays[0::2], arrays[1::2]
    for part, x, y in zip(("train", "test"), images, labels, strict=True):
        _check(place, f"{part} images", x, (None, 28, 28))
        _check(place, f"{part} labels", y, (len(x),), limit=10)
    return dataset_of(images, labels, names=tuple("0123456789"))


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
    images, labels = _fetch_olivetti() if path is None else _olivetti_npz(existing(path, "olivetti.npz"))
    people = len(np.unique(labels))
    if not 0 < test_people < people:
        raise ValueError(
            f"test_people must lie between 1 and {people - 1}, got {test_people}; 8 is the default."
        )
    chosen = np.random.default_rng(seed).permutation(np.unique(labels))[:test_people]
    test = np.isin(labels, chosen)
    names = tuple(f"person {i}" for i in range(labels.max() + 1))
    return dataset_of((images[~test], images[test]), (labels[~test], labels[test]), names)


def _download(name: str, wanted: dict[str, str], mirrors: Sequence[str], instead: str) -> Path:
    """The cache folder with all files in it, each from the first mirror that has it; whole ones are kept."""
    import pooch  # as scipy below, slow to import, and not needed by all who only load a model

    folder = Path(pooch.os_cache("linearizer-lab")) / name
    for file, sha256 in wanted.items():
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
        why = files.reason(error, Path(file))
        raise DataError(f"{file} is broken ({why}); delete it and get it again.") from error
    return np.frombuffer(content, np.uint8).reshape(shape)


def _fetch_olivetti() -> tuple[np.ndarray, np.ndarray]:
    """The file that scikit-learn's fetch_olivetti_faces reads, without its cache, which is a pickle."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    folder = _download("olivetti", OLIVETTI_FILES, OLIVETTI_MIRRORS, "olivetti.npz")
    file = folder / "olivettifaces.mat"
    try:
        faces = loadmat(file, variable_names=["faces"])["faces"]
    except (*UNREADABLE, TypeError, MatReadError) as error:
        raise DataError(f"{file} is broken ({files.reason(error)}); delete it and get it again.") from error
    images = faces.T.reshape(-1, 64, 64).transpose(0, 2, 1)
    return images.round().astype(np.uint8), np.arange(len(images)) // 10  # ten pictures in a row per person


def _olivetti_npz(place: Path) -> tuple[np.ndarray, np.ndarray]:
    file = existing(place / "olivetti.npz" if place.is_dir() else place, "olivetti.npz")
    arrays = _npz(file)
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
        why = files.reason(error, file)
        raise DataError(
            f"{file} is not a whole .npz file ({why}); get it again or pass another path."
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
