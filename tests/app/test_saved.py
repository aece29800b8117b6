"""A model that somebody brings back: an archive that is damaged is a sentence."""

import io
import zipfile

import pytest

from app import words
from app.models import saved


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_archive_is_one_sentence(packing):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        archive.writestr("config.json", "{} " * 5000)
    content = bytearray(stream.getvalue())
    start = content.index(b"config.json") + len("config.json")
    content[start : start + 12] = b"\xff" * 12
    with pytest.raises(ValueError) as refused:
        saved.read([("mine.zip", bytes(content))], 10**6)
    assert str(refused.value) == words.SAVED_FILES
