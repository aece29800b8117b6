"""Pictures of one's own: files and folders of them as uint8 tensors, upright, square, of one size."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from .. import files
from .dataset import UNREADABLE, DataError, Dataset, dataset_of, existing, split

if TYPE_CHECKING:
    from PIL import Image  # asked for when a picture is read: whoever loads a model reads none

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
LUMINANCE = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601, as PIL takes it
MAX_PIXELS = 100_000_000  # of one image file; beyond this it is a mistake or a decompression bomb
ORIENTATION = 0x0112
TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""What makes a picture upright, by the orientation that its camera noted (EXIF 2.3, tag 0x0112)."""


def image_folder(
    path: str | Path, size: int, channels: int = 3, test_fraction: float = 0.1, seed: int = 0
) -> Dataset:
    """Your own PNG, JPEG and WebP files, the middle square of each resized to size × size.

    The label is the sub-folder directly under ``path`` (-1 where there is none). Cameras' rotation marks are
    honoured, transparent parts become white, ``channels`` 1 gives grey. Hidden files and folders are left out, and so,
    with a warning that names it, is a file that cannot be read. Which files are for testing depends on their sorted names
    and ``seed`` only; of several labels each is in both parts, as `split` says. Raises `DataError` where nothing is left.

    >>> import tempfile
    >>> from PIL import Image
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
    root = existing(path, "a folder of PNG, JPEG or WebP images")
    images, groups = _read_all(root, size, channels)
    names = tuple(sorted({group for group in groups if group is not None}))
    labels = np.array([-1 if group is None else names.index(group) for group in groups])
    train, test = split(labels, test_fraction, seed)
    return dataset_of((images[train], images[test]), (labels[train], labels[test]), names)


def _read_all(root: Path, size: int, channels: int) -> tuple[np.ndarray, list[str | None]]:
    """The pictures under a folder that can be read, (N, channels, size, size), and the sub-folder of each."""
    images, groups, unread = [], [], []
    for file in _image_files(root):
        try:
            images.append(read_image(file, size, channels))
        except DataError as error:
            unread.append(error)
            continue
        parts = file.relative_to(root).parts
        groups.append(parts[0] if len(parts) > 1 else None)
    if not images and unread:
        raise unread[0]
    if not images:
        raise DataError(f"{root} holds no PNG, JPEG or WebP image; pass the folder that holds your pictures.")
    if unread:
        more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        warnings.warn(f"left out{more}: {unread[0]}", stacklevel=3)
    return np.stack(images), groups


def _image_files(root: Path) -> list[Path]:
    """Sorted, without what is hidden: editors and systems keep copies there (.ipynb_checkpoints, ._1.jpg, __MACOSX)."""
    try:
        found = sorted(file for file in root.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
        names = [file.relative_to(root).parts for file in found]
        shown = [not any(part.startswith((".", "__MACOSX")) for part in parts) for parts in names]
        return [file for file, seen in zip(found, shown) if seen and file.is_file()]
    except OSError as error:
        raise DataError(f"{root} cannot be looked into ({files.reason(error)}); make it readable.") from error


def photo_folder(path: str | Path, size: int, least: int = 10) -> Dataset:
    """`image_folder` for training on photos whatever their labels, a tenth kept to test on. `DataError` below `least`.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (40, 30)).save(f"{folder}/1.png")
    ...     photo_folder(folder, 16)
    Traceback (most recent call last):
    linearizer_core.data.dataset.DataError: training needs 10 photos, as a tenth of them is kept for testing, and ...
    """
    root = existing(path, "a folder of PNG, JPEG or WebP images")
    images, _ = _read_all(root, size, channels=3)
    if len(images) < least:
        raise DataError(
            f"training needs {least} photos, as a tenth of them is kept for testing, and {root} holds {len(images)}; "
            "add some."
        )
    labels = np.full(len(images), -1)
    train, test = split(labels, 0.1)
    return dataset_of((images[train], images[test]), (labels[train], labels[test]), ())


def read_image(file: str | Path, size: int, channels: int = 3) -> np.ndarray:
    """One image file as uint8 (channels, size, size): upright, middle square, resized. Raises `DataError`.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (40, 30), "white").save(f"{folder}/white.png")
    ...     read_image(f"{folder}/white.png", size=16, channels=1).shape
    (1, 16, 16)
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(
                    f"{opened.width}×{opened.height} pixels are too many, {MAX_PIXELS} are the limit"
                )
            opened.draft("RGB", (2 * size, 2 * size))  # a JPEG decodes small, with room for a clean resize
            image = _flat(upright(opened), "RGB" if channels == 3 else "L")
    except (*UNREADABLE, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        why = files.reason(error, Path(file))
        raise DataError(f"{file} cannot be read as an image ({why}); replace it or take it out.") from error
    pixels = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS))
    return pixels.reshape(size, size, channels).transpose(2, 0, 1)


def upright(image: Image.Image) -> Image.Image:
    """The picture turned as its camera noted in EXIF tag 0x0112, and without those notes; itself where there is none.

    Only this one tag is read and none is written, so irregular tags beside it (cameras and editors make them) do no harm.

    >>> from PIL import Image
    >>> exif = Image.Exif()
    >>> exif[ORIENTATION] = 6
    >>> picture = Image.new("RGB", (4, 2))
    >>> picture.info["exif"] = exif.tobytes()
    >>> upright(picture).size, "exif" in upright(picture).info
    ((2, 4), False)
    """
    turn = TURNS.get(_orientation(image))
    if turn is None:
        return image
    from PIL import Image

    turned = image.transpose(Image.Transpose[turn])
    for notes in (
        "exif",
        "Raw profile type exif",
        "xmp",
        "XML:com.adobe.xmp",
    ):  # whoever reads them would turn it again
        turned.info.pop(notes, None)
    return turned


def _orientation(image: Image.Image) -> int:
    try:
        noted = image.getexif().get(ORIENTATION, 1)
    except (*UNREADABLE, SyntaxError, TypeError, AttributeError, ZeroDivisionError):
        return 1  # notes that cannot be read say nothing
    return noted if isinstance(noted, int) else 1


def _flat(image: Image.Image, mode: str) -> Image.Image:
    """Transparency over white; 16 bits to 8 (Pillow's own conversion would clip them to white)."""
    from PIL import Image

    if image.mode.startswith("I"):
        return Image.fromarray(
            (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        ).convert(mode)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert(mode)


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


def evenly(images: Tensor, count: int) -> Tensor:
    """At most `count` of the pictures (N, …), from all over a data set that may be sorted.

    >>> evenly(torch.arange(10), 3)
    tensor([0, 3, 6])
    """
    return images[:: max(1, len(images) // count)][:count]


def grey(images: Tensor) -> Tensor:
    """How bright colour pictures (B, 3, H, W) are, (B, 1, H, W): the sum of their channels, weighted by `LUMINANCE`.

    >>> grey(torch.tensor([1.0, 0.0, 0.5]).reshape(1, 3, 1, 1))
    tensor([[[[0.3560]]]])
    """
    return (images * images.new_tensor(LUMINANCE)[:, None, None]).sum(1, keepdim=True)


def mirrored(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each of the pictures (B, C, H, W) or its mirror image, as a coin of the generator falls.

    >>> x = torch.arange(2.0).expand(100, 1, 1, 2)
    >>> 30 < mirrored(x, torch.Generator().manual_seed(0))[:, 0, 0, 0].sum() < 70
    tensor(True)
    """
    mirror = torch.rand(len(images), 1, 1, 1, generator=generator).to(images) < 0.5
    return torch.where(mirror, images.flip(3), images)


def shifted(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Pictures (B, C, H, W), each moved by up to `most` pixels both ways, at random; the edge goes on outwards.

    >>> shifted(torch.arange(3.0).expand(1, 1, 3, 3), 1, torch.Generator().manual_seed(0))[0, 0]
    tensor([[0., 0., 1.],
            [0., 0., 1.],
            [0., 0., 1.]])
    """
    count, _, height, width = images.shape
    down, right = torch.randint(0, 2 * most + 1, (2, count, 1), generator=generator).to(images.device)
    rows = (torch.arange(height, device=images.device) + down)[:, :, None]
    columns = (torch.arange(width, device=images.device) + right)[:, None, :]
    padded = pad(images, (most,) * 4, mode="replicate")
    each = torch.arange(count, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[each, rows, columns].permute(0, 3, 1, 2)
