"""What a data set is: items to train on and to test on, with their labels; and the one error of all that reads them."""

import binascii
import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from .. import files
from ..inputs import as_float

UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,  # a zip under a password; NotImplementedError, of an odd method of compression, is one too
    struct.error,
    binascii.Error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
"""What files of others make the readers of this world raise."""


class SizedPairs(Protocol):
    """What has a length and gives the i-th pair (picture or point, label): a torch.utils.data.Dataset, a list.

    >>> pairs: SizedPairs = [(torch.zeros(2), 0), (torch.ones(2), 1)]
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class DataError(ValueError):
    """Data that is not there or cannot be read; its message is one sentence that says what to do.

    >>> existing("no-such-folder", "mnist.npz")
    Traceback (most recent call last):
    linearizer_core.data.dataset.DataError: no-such-folder does not exist; put mnist.npz there or pass the path ...
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


def as_input(items: Tensor) -> Tensor:
    """What a network is fed: images as floats in [0, 1]; points of the plane are floats already and stay as they are.

    >>> as_input(torch.tensor([51], dtype=torch.uint8)), as_input(torch.tensor([[-2.5, 1.0]]))
    (tensor([0.2000]), tensor([[-2.5000,  1.0000]]))
    """
    return items if items.is_floating_point() else as_float(items)


def existing(path: str | Path, wanted: str) -> Path:
    """The path where somebody says that data lie, ~ being their home. Raises `DataError`.

    >>> existing("no-such-folder", "pictures")
    Traceback (most recent call last):
    linearizer_core.data.dataset.DataError: no-such-folder does not exist; put pictures there or pass the path where it lies.
    """
    try:
        place = files.expanded(path)
        place.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(
            f"{place} does not exist; put {wanted} there or pass the path where it lies."
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be looked into ({files.reason(error)}); make it readable or pass another path."
        ) from error
    return place


def dataset_of(images: Sequence[np.ndarray], labels: Sequence[np.ndarray], names: tuple[str, ...]) -> Dataset:
    """The `Dataset` of (train, test) arrays: images (N, H, W) or (N, C, H, W), labels (N,).

    >>> x, y = np.zeros((2, 8, 8)), np.array([0, 1])
    >>> dataset_of((x, x), (y, y), ("a", "b")).test_images.shape
    torch.Size([2, 1, 8, 8])
    """
    x = [torch.from_numpy(part.astype(np.uint8)) for part in images]
    x = [part.unsqueeze(1) if part.ndim == 3 else part for part in x]
    y = [torch.from_numpy(part.astype(np.int64)) for part in labels]
    return Dataset(x[0], y[0], x[1], y[1], names)


def gathered(
    pairs: SizedPairs, test_pairs: SizedPairs | None = None, fraction: float = 0.1, seed: int = 0
) -> Dataset:
    """The `Dataset` of pairs (picture or point, label), as any torch.utils.data.Dataset of a known length has them.

    Pictures are tensors (C, H, W), uint8 or floats in [0, 1], points are floats (n,), labels whole numbers; all are kept in
    memory. Without `test_pairs`, a `fraction` of every label is set apart to test on. `DataError`, naming the item, for
    one that is no such pair or of another shape than the first.

    >>> data = gathered([(torch.rand(1, 4, 4), i % 2) for i in range(20)])
    >>> data.train_images.shape, data.test_labels.tolist()
    (torch.Size([18, 1, 4, 4]), [0, 1])
    """
    items, labels = _gathered("train", pairs)
    if test_pairs is None:
        training, testing = map(torch.from_numpy, split(labels.numpy(), fraction, seed))
        return Dataset(items[training], labels[training], items[testing], labels[testing])
    test_items, test_labels = _gathered("test", test_pairs)
    if test_items.shape[1:] != items.shape[1:] or test_items.dtype != items.dtype:
        raise DataError(
            f"items to test on are {test_items.dtype} {tuple(test_items.shape[1:])}, those to train on {items.dtype} "
            f"{tuple(items.shape[1:])}; bring them alike."
        )
    return Dataset(items, labels, test_items, test_labels)


def _gathered(part: str, pairs: SizedPairs) -> tuple[Tensor, Tensor]:
    items: list[Tensor] = []
    labels: list[int] = []
    for i in range(len(pairs)):
        try:
            item, label = pairs[i]
            item, label = torch.as_tensor(item), int(label)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DataError(
                f"{part} item {i} is no pair (tensor, label) ({files.reason(error)}); mend it."
            ) from error
        like = items[0] if items else item
        if item.shape != like.shape or item.dtype != like.dtype:
            raise DataError(
                f"{part} item {i} is {item.dtype} {tuple(item.shape)}, the first one {like.dtype} {tuple(like.shape)}; "
                "bring all alike."
            )
        items.append(item)
        labels.append(label)
    if not items:
        raise DataError(f"there is nothing to {part} on; bring at least one pair (tensor, label).")
    return torch.stack(items), torch.tensor(labels)


def split(labels: np.ndarray, fraction: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Indices to train on and to test on, shuffled: of every label the same `fraction` is for testing.

    Of several labels each has at least one item in both parts, as far as it has two; none is without one to train on.

    >>> train, test = split(np.array([0, 0, 0, 0, 0, 1, 1]), 0.2)
    >>> len(train), sorted(np.array([0, 0, 0, 0, 0, 1, 1])[test].tolist())
    (5, [0, 1])
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    kinds = np.unique(labels)
    testing = np.zeros(len(labels), bool)
    for kind in kinds:
        members = order[labels[order] == kind]
        least = min(len(kinds) > 1 and fraction > 0, len(members) - 1)
        count = max(least, int(fraction * len(members)))
        testing[members[len(members) - count :]] = True
    return order[~testing[order]], order[testing[order]]
