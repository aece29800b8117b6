"""Data sets: every accepted form of a file gives the same tensors, every broken one a plain sentence."""

import gzip
import struct

import numpy as np
import pooch
import pytest
import requests
import torch
from PIL import Image
from scipy.io import savemat

from linearizer_core.data import images
from linearizer_core.data import sets as data
from linearizer_core.data.dataset import split
from linearizer_core.data.sets import DataError
from linearizer_core.recipes import Patches

IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in (6, 4)]
    labels = [rng.integers(0, 10, n, dtype=np.uint8) for n in (6, 4)]
    return {
        "train_images": pixels[0],
        "train_labels": labels[0],
        "test_images": pixels[1],
        "test_labels": labels[1],
    }


def idx_bytes(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_npz(folder, arrays):
    np.savez(folder / "mnist.npz", **arrays)
    return folder


def write_npz_file(folder, arrays):
    return write_npz(folder, arrays) / "mnist.npz"


def write_keras(folder, arrays):
    return write_npz(folder, dict(zip(data.KERAS_KEYS, arrays.values())))


def write_idx(folder, arrays):
    for name, array in zip(IDX_NAMES, arrays.values()):
        (folder / name).write_bytes(idx_bytes(array))
    return folder


def write_idx_gz(folder, arrays):
    for name, array in zip(IDX_NAMES, arrays.values()):
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    return folder


@pytest.mark.parametrize("write", [write_npz, write_npz_file, write_keras, write_idx, write_idx_gz])
def test_mnist_reads_every_form_of_its_files(tmp_path, arrays, write):
    got = data.mnist(write(tmp_path, arrays))
    assert got.train_images.dtype == torch.uint8 and got.train_images.shape == (6, 1, 28, 28)
    assert got.test_labels.dtype == torch.int64 and got.names == tuple("0123456789")
    for key, tensor in zip(arrays, got):
        assert np.array_equal(tensor.squeeze(1) if tensor.ndim == 4 else tensor, arrays[key])


def test_load_dataset_puts_a_black_border_around_digits(tmp_path, arrays):
    x = data.load_dataset("mnist", write_npz(tmp_path, arrays), size=32).train_images
    assert x.shape == (6, 1, 32, 32) and x[..., :2].sum() == 0
    assert np.array_equal(x[:, 0, 2:-2, 2:-2], arrays["train_images"])


def test_fit_size_shrinks_by_block_means_and_refuses_the_rest():
    ramp = torch.tensor([[0, 2], [4, 6]], dtype=torch.uint8).reshape(1, 1, 2, 2)
    assert data.fit_size(ramp, 1).item() == 3
    with pytest.raises(ValueError, match="size must exceed 2 by an even number or divide it, got 3"):
        data.fit_size(ramp, 3)
    with pytest.raises(ValueError, match="images must be square"):
        data.fit_size(torch.zeros(1, 1, 2, 4, dtype=torch.uint8), 8)
    with pytest.raises(ValueError, match="images must be uint8"):
        data.as_float(torch.zeros(3))


def break_key(folder, arrays):
    return write_npz(
        folder, {k: v for k, v in arrays.items() if k != "test_labels"}
    ), "no array 'test_labels'"


def break_shape(folder, arrays):
    return write_npz(
        folder, arrays | {"test_images": np.zeros((4, 28, 27), np.uint8)}
    ), "test images should be"


def break_type(folder, arrays):
    return write_npz(
        folder, arrays | {"train_images": arrays["train_images"] / 255}
    ), "should be whole numbers"


def break_label(folder, arrays):
    return write_npz(folder, arrays | {"train_labels": np.full(6, 10)}), r"should lie in 0\.\.9"


def break_count(folder, arrays):
    return write_npz(folder, arrays | {"train_labels": np.zeros(5, int)}), "train labels should be"


def break_empty(folder, arrays):
    (folder / "mnist.npz").write_bytes(b"")
    return folder, "not a whole .npz"


def break_truncated(folder, arrays):
    file = write_npz(folder, arrays) / "mnist.npz"
    file.write_bytes(file.read_bytes()[:-300])
    return folder, "not a whole .npz"


def break_pickle(folder, arrays):
    return write_npz(folder, arrays | {"train_labels": np.array([object()])}), "not a whole .npz"


def break_npy(folder, arrays):
    np.save(folder / "x.npy", arrays["train_images"])
    return folder / "x.npy", "not a whole .npz"


def break_idx_missing(folder, arrays):
    (write_idx(folder, arrays) / IDX_NAMES[3]).unlink()
    return folder, "lacks t10k-labels-idx1-ubyte.gz"


def break_idx_short(folder, arrays):
    (write_idx(folder, arrays) / IDX_NAMES[0]).write_bytes(idx_bytes(arrays["train_images"])[:-1])
    return folder, "train-images-idx3-ubyte is broken"


def break_idx_header(folder, arrays):
    (write_idx(folder, arrays) / IDX_NAMES[1]).write_bytes(b"\x00\x00\x08\x03" + b"\xff" * 12)
    return folder, "train-labels-idx1-ubyte is broken"


def break_gz(folder, arrays):
    (write_idx_gz(folder, arrays) / f"{IDX_NAMES[0]}.gz").write_bytes(gzip.compress(b"\x00" * 900)[:-9])
    return folder, "train-images-idx3-ubyte.gz is broken"


def break_path(folder, arrays):
    return folder / "nowhere", "does not exist; put mnist.npz or the four"


BROKEN = [value for name, value in list(globals().items()) if name.startswith("break_")]


@pytest.mark.parametrize("spoil", BROKEN)
def test_broken_mnist_gets_one_sentence_that_names_the_file(tmp_path, arrays, spoil):
    path, message = spoil(tmp_path, arrays)
    with pytest.raises(DataError, match=message) as caught:
        data.mnist(path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    return tmp_path


def no_network(*args, **kwargs):
    raise requests.exceptions.ConnectionError("unreachable")


@pytest.mark.parametrize(
    ("load", "file"), [(data.mnist, "train-images-idx3-ubyte.gz"), (data.olivetti, "olivettifaces.mat")]
)
def test_without_a_network_the_user_hears_where_to_put_what(cache, monkeypatch, load, file):
    monkeypatch.setattr(pooch, "retrieve", no_network)
    with pytest.raises(DataError, match=f"{file} could not be downloaded.*put it into .*, or pass --data"):
        load()


def test_a_download_with_a_wrong_checksum_is_never_used(cache, monkeypatch):
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", lambda self, url, out, pup: write_rubbish(out))
    with pytest.raises(DataError, match=r"\(wrong checksum, wrong checksum\)"):
        data.mnist()


def write_rubbish(out):
    with open(out, "wb") as stream:
        stream.write(b"not what was promised")


def test_downloaded_files_are_used_without_a_second_download(cache, monkeypatch, arrays):
    (cache / "linearizer-lab" / "mnist").mkdir(parents=True)
    write_idx_gz(cache / "linearizer-lab" / "mnist", arrays)
    monkeypatch.setattr(pooch, "retrieve", lambda url, sha256, fname, path: str(path / fname))
    assert data.mnist().train_images.shape == (6, 1, 28, 28)


def faces():
    return np.random.default_rng(1).integers(0, 256, (40, 64, 64), dtype=np.uint8)


def test_olivetti_tests_on_people_never_trained_on(tmp_path):
    np.savez(tmp_path / "olivetti.npz", images=faces(), labels=np.arange(40) // 10)
    got = data.olivetti(tmp_path, test_people=1, seed=3)
    assert got.train_images.shape == (30, 1, 64, 64) and got.test_images.shape == (10, 1, 64, 64)
    assert not set(got.train_labels.tolist()) & set(got.test_labels.tolist())
    assert torch.equal(got.test_labels, data.olivetti(tmp_path / "olivetti.npz", 1, seed=3).test_labels)
    with pytest.raises(ValueError, match="test_people must lie between 1 and 3, got 4"):
        data.olivetti(tmp_path, test_people=4)


def test_the_original_olivetti_file_is_turned_upright(cache, monkeypatch):
    """The original holds one column-major picture per column, as scikit-learn's reader documents."""
    folder = cache / "linearizer-lab" / "olivetti"
    folder.mkdir(parents=True)
    savemat(
        folder / "olivettifaces.mat", {"faces": faces().transpose(0, 2, 1).reshape(40, -1).T.astype(float)}
    )
    monkeypatch.setattr(pooch, "retrieve", lambda url, sha256, fname, path: str(path / fname))
    got = data.olivetti(test_people=1)
    assert np.array_equal(got.test_images.squeeze(1), faces()[int(got.test_labels[0]) * 10 :][:10])


def picture(file, size=(12, 8), mode="RGB", color="red", **options):
    file.parent.mkdir(exist_ok=True)
    Image.new(mode, size, color).save(file, **options)


def test_image_folder_labels_by_sub_folder_and_splits_by_seed(tmp_path):
    for i in range(4):
        picture(tmp_path / "cats" / f"{i}.png")
        picture(tmp_path / "dogs" / f"{i}.webp", color="blue", lossless=True)
    picture(tmp_path / "alone.jpeg", color="green", quality=95)
    (tmp_path / "notes.txt").write_text("not a picture")
    got = data.image_folder(tmp_path, 6, test_fraction=0.25, seed=1)
    assert got.train_images.shape == (7, 3, 6, 6) and got.test_images.shape == (2, 3, 6, 6)
    assert got.names == ("cats", "dogs") and sorted([*got.train_labels, *got.test_labels]) == [-1] + 4 * [
        0
    ] + 4 * [1]
    brightest = {0: 0, 1: 2, -1: 1}  # red cats, blue dogs, green alone
    for image, label in zip(got.train_images, got.train_labels):
        assert image.float().mean((1, 2)).argmax() == brightest[label.item()]
    again = data.load_dataset(tmp_path, size=6)
    assert torch.equal(again.train_images, data.image_folder(tmp_path, 6).train_images)
    assert sorted(got.test_labels.tolist()) == [0, 1]  # fault 4: of every class something to test on
    other = data.image_folder(tmp_path, 6, test_fraction=0.25, seed=2)
    assert not torch.equal(got.train_labels, other.train_labels)


def test_rotation_marks_transparency_and_16_bits_are_honoured(tmp_path):
    half = Image.new("RGB", (8, 8), "black")
    half.paste("white", (0, 0, 8, 4))  # white on top as stored; mark 6 turns the top to the right
    exif = Image.Exif()
    exif[0x0112] = 6
    half.save(tmp_path / "turned.png", exif=exif)
    pixels = data.read_image(tmp_path / "turned.png", 8)
    assert pixels[:, :, -1].min() > 200 and pixels[:, :, 0].max() < 50
    picture(tmp_path / "clear.png", mode="RGBA", color=(0, 0, 0, 0))
    assert data.read_image(tmp_path / "clear.png", 4).min() == 255
    Image.fromarray(np.full((8, 8), 128 * 256, np.uint16)).save(tmp_path / "deep.png")
    assert np.unique(data.read_image(tmp_path / "deep.png", 4, channels=1)) == [128]


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.png cannot be read as an image"):
        data.image_folder(tmp_path, 8)


def test_image_folder_refuses_bombs_and_empty_folders(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="holds no PNG, JPEG or WebP image"):
        data.load_dataset(tmp_path)
    with pytest.raises(ValueError, match="got channels=2"):
        data.image_folder(tmp_path, 8, channels=2)
    picture(tmp_path / "huge.png", size=(40, 40))
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)
    with pytest.raises(DataError, match="40×40 pixels are too many"):
        data.image_folder(tmp_path, 8)


# --- faults 13, 14, 26 -----------------------------------------------------------------------------------------
def odd_zip(folder, arrays):
    """An mnist.npz whose entries claim a method of compression that nobody knows."""
    file = write_npz(folder, arrays) / "mnist.npz"
    content = bytearray(file.read_bytes())
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.find(mark)
        while at >= 0:
            content[at + place : at + place + 2] = (97).to_bytes(2, "little")
            at = content.find(mark, at + 4)
    file.write_bytes(content)
    return folder


def locked_zip(folder, arrays):
    file = write_npz(folder, arrays) / "mnist.npz"
    content = bytearray(file.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1  # "encrypted"
            at = content.find(mark, at + 4)
    file.write_bytes(content)
    return folder


@pytest.mark.parametrize("write", [odd_zip, locked_zip])
def test_an_archive_of_an_odd_kind_is_a_data_error(tmp_path, arrays, write):  # fault 13
    with pytest.raises(DataError, match=r"mnist\.npz is not a whole \.npz file"):
        data.mnist(write(tmp_path, arrays))


@pytest.mark.parametrize("read", [data.mnist, data.olivetti, lambda path: data.image_folder(path, 8)])
def test_what_may_not_be_looked_into_is_a_data_error(tmp_path, monkeypatch, read):  # fault 13
    def forbidden(self, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(type(tmp_path), "stat", forbidden)
    with pytest.raises(DataError, match=r"cannot be looked into .Permission denied"):
        read(tmp_path / "locked")


@pytest.mark.parametrize("path", ["~nobody-of-that-name/x", "a\0b", "x" * 5000])
def test_what_is_no_path_at_all_is_a_data_error(path):
    with pytest.raises(DataError, match=r"cannot be looked into|does not exist"):
        data.mnist(path)


def exif_with_an_irregular_tag(orientation):
    """TIFF bytes of the orientation and of XResolution as SRATIONAL −1/3, which Pillow cannot write again."""
    entries = struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0) + struct.pack("<HHII", 0x11A, 10, 1, 38)
    return (
        b"Exif\0\0II*\0"
        + struct.pack("<IH", 8, 2)
        + entries
        + struct.pack("<I", 0)
        + struct.pack("<ii", -1, 3)
    )


CORNERS = {1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"}
"""Where what is stored at the top left is seen, by orientation (EXIF 2.3)."""


@pytest.mark.parametrize("orientation", CORNERS)
def test_every_orientation_turns_the_pixels_even_beside_irregular_tags(tmp_path, orientation):  # fault 14
    stored = Image.new("RGB", (48, 32), "black")
    stored.paste("white", (0, 0, 8, 8))
    stored.save(tmp_path / "turned.jpg", exif=exif_with_an_irregular_tag(orientation), quality=95)
    with Image.open(tmp_path / "turned.jpg") as picture:
        seen = images.upright(picture)
        assert seen.size == ((48, 32) if orientation < 5 else (32, 48))
        assert images.upright(seen).size == seen.size, "a picture that is upright stays so"
        pixels = np.asarray(seen.convert("L"))
    places = {"tl": pixels[:8, :8], "tr": pixels[:8, -8:], "bl": pixels[-8:, :8], "br": pixels[-8:, -8:]}
    assert {name for name, place in places.items() if place.mean() > 128} == {CORNERS[orientation]}
    assert data.read_image(tmp_path / "turned.jpg", 16).shape == (3, 16, 16)


@pytest.mark.parametrize(
    "notes", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_notes_that_cannot_be_read_leave_the_picture_as_it_is(notes):
    picture = Image.new("RGB", (4, 2))
    picture.info["exif"] = notes
    assert images.upright(picture).size == (4, 2)


def test_one_bad_file_of_many_is_named_and_left_out(tmp_path):  # fault 14
    for i in range(5):
        picture(tmp_path / f"{i}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    (tmp_path / "6.jpg").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.warns(UserWarning, match=r"left out .and 1 more.: .*3\.png cannot be read"):
        got = data.image_folder(tmp_path, 8)
    assert len(got.train_images) + len(got.test_images) == 4
    with pytest.raises(DataError, match="git lfs pull"):
        data.read_image(tmp_path / "6.jpg", 8)


def test_hidden_files_and_folders_are_left_out(tmp_path):  # fault 26
    for i in range(3):
        for place in ("cats", "dogs", "dogs/.ipynb_checkpoints", ".hidden", "__MACOSX", "cats/.thumbs"):
            (tmp_path / place).mkdir(exist_ok=True, parents=True)
            picture(tmp_path / place / f"{i}.png")
    picture(tmp_path / "cats" / "._0.png")
    got = data.image_folder(tmp_path, 8)
    assert got.names == ("cats", "dogs") and len(got.train_images) + len(got.test_images) == 6


@pytest.mark.parametrize("count", [1, 9])
def test_fewer_than_ten_photos_are_refused_by_number(tmp_path, count):  # fault 26
    for i in range(count):
        picture(tmp_path / f"{i}.png", size=(100, 100))
    with pytest.raises(DataError, match=f"needs 10 photos, .* holds {count}; add some"):
        Patches().dataset(str(tmp_path))
    picture(tmp_path / "more" / "1.png", size=(100, 100))
    for i in range(10):
        picture(tmp_path / "more" / f"{i}.png", size=(100, 100))
    assert len(Patches(patches_per_photo=2).dataset(str(tmp_path)).test_images) == 2


def test_a_split_keeps_its_shares_and_its_seed():  # fault 4
    labels = np.repeat([0, 1, 2], [50, 10, 2])
    train, test = split(labels, 0.2, seed=3)
    assert sorted([*train, *test]) == list(range(62)) and np.bincount(labels[test]).tolist() == [10, 2, 1]
    assert np.array_equal(split(labels, 0.2, seed=3)[1], test)
    assert not np.array_equal(split(labels, 0.2, seed=4)[1], test)
    assert len(split(np.zeros(9), 0.1)[1]) == 0 and len(split(np.zeros(9), 0.0)[1]) == 0
