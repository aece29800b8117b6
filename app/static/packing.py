"""Files as scripts: what a page may run, it may have, also where it was opened from a disk and may fetch nothing.

A script that a page names is run on any page; a file that it fetches is refused on "file://". So models, plotly and the
lab's values are strings in scripts. Base64 would make them a third larger; in UTF-16 a character holds 15 bits.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping

import numpy as np

FIRST = 0x3000  # the character that stands for 0: from here 2¹⁵ characters mean nothing to a script
KINDS = {np.dtype("<f4"): "f4", np.dtype("<i4"): "i4", np.dtype("u1"): "u1"}


def script(name: str, content: bytes) -> bytes:
    """A script that hands the content, packed, to `lab.carry` of assets/static/carry.js.

    >>> script("a", b"")[:2], script("a", b"").decode("utf-16")[:14]
    (b'\\xff\\xfe', 'lab.carry("a",')
    """
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    found = packed.compress(content) + packed.flush()
    text = f'lab.carry({json.dumps(name)}, {len(found)}, "{characters(found)}");\n'
    return b"\xff\xfe" + text.encode("utf-16-le")


def characters(content: bytes) -> str:
    """The bits of the content, 15 in a character.

    >>> [hex(ord(letter)) for letter in characters(bytes([255, 255]))]
    ['0xafff', '0x7000']
    """
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    bits = np.concatenate([bits, np.zeros(-len(bits) % 15, np.uint8)]).reshape(-1, 15)
    values = bits.astype(np.int64) @ (1 << np.arange(14, -1, -1))
    return (values + FIRST).astype("<u2").tobytes().decode("utf-16-le")


def sections(head: object, arrays: Mapping[str, np.ndarray]) -> bytes:
    """A head as JSON, and arrays of `KINDS`, each byte plane by byte plane, as gzip packs them best.

    >>> sections({}, {"x": np.zeros(2, np.float32)})[4:]
    b'{"head": {}, "sections": [["x", "f4", 2]]}\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'
    """
    listed = [[name, KINDS[array.dtype], array.size] for name, array in arrays.items()]
    said = json.dumps({"head": head, "sections": listed}, ensure_ascii=False).encode()
    planes = [
        np.frombuffer(array.tobytes(), np.uint8).reshape(-1, array.dtype.itemsize).T
        for array in arrays.values()
    ]
    return len(said).to_bytes(4, "little") + said + b"".join(plane.tobytes() for plane in planes)
