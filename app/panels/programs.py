"""Python for this view: programs on `linearizer_core` alone that reproduce the arrays on screen, and draw them at the end.

The pictures travel inside the program as small PNG files, so it needs neither the app nor any data.
"""

import base64
from collections.abc import Sequence

from app import models, pictures
from app.pictures import encoding

HEAD = """\
import base64
import io

import numpy as np
import torch
from PIL import Image

import linearizer_core as lc

model = {model}
"""

PICTURES = """\
pngs = [  # the pictures on screen
{pngs}
]
files = [Image.open(io.BytesIO(base64.b64decode(png))) for png in pngs]
x = torch.tensor(np.stack([np.asarray(file) for file in files])){channels} / 255  # {shape}
"""
CHANNELS = {1: "[:, None]", 3: ".permute(0, 3, 1, 2)"}


def program(body: str, references: Sequence[str] = (), model: str = "digits") -> str:
    """A whole program: imports, `model`, the pictures as a tensor `x` in the model's size, then `body`."""
    parts = [HEAD.format(model=models.source(model))]
    if references:
        x = pictures.tensor(references, model)
        pngs = [base64.b64encode(encoding.png_bytes(p)).decode() for p in encoding.to_pictures(x)]
        parts.append(
            PICTURES.format(
                pngs="\n".join(f'    "{png}",' for png in pngs),
                channels=CHANNELS[x.shape[1]],
                shape="×".join(map(str, x.shape)),
            )
        )
    return "\n".join([*parts, body.strip() + "\n"])


def tensor_of(values: Sequence[float]) -> str:
    """Numbers as the source of a float32 tensor that is equal to the last bit.

    >>> tensor_of([0.5, 0.1])
    'torch.tensor([0.5, 0.1])'
    """
    return "torch.tensor([" + ", ".join(f"{value:.9g}" for value in values) + "])"
