"""Whether a picture is far from what a model's g knows, measured against test pictures that it never saw.

    python -m app.pictures.known --data DIR

writes assets/known.json anew, in about a minute, from DIR's mnist.npz and faces64.zip: for every model how many test
pictures were measured, and the two numbers of `linearizer_core.measures.familiar.remoteness` below which 99 in 100 of them
lie. A picture is far when it is beyond one of these.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from pathlib import Path

import torch

from app import models
from app.models.needs import DIGIT, FACE
from app.pictures import references
from linearizer_core import checkpoints
from linearizer_core.data import sets
from linearizer_core.data.dataset import as_input
from linearizer_core.data.face_photos import face_photos
from linearizer_core.data.images import evenly, fit_size
from linearizer_core.measures.familiar import remoteness

FILE = checkpoints.ASSETS / "known.json"
SHARE = 0.99
MOST = 1000  # test pictures of each model


@cache
def limits() -> dict[str, dict]:
    """What `FILE` says: by model its test pictures, their number, and the two limits."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def times(reference: str, name: str) -> float | None:
    """How many times as far out the picture is as 99 in 100 test pictures of that model; above 1 it is far.

    None for a model of somebody's own, of which no test pictures were measured.

    >>> times("digits:318", "digits") < 1 < times("other:0", "digits")
    True
    """
    if name not in limits():
        return None
    with models.one_core():
        found = remoteness(models.model(name), references.latents([reference], name))[0]
    return float((found / found.new_tensor(limits()[name]["beyond"])).amax())


def measured(name: str, images: torch.Tensor, what: str) -> dict:
    """The limits of one model, from its test pictures (N, C, H, W)."""
    f, x = models.model(name), as_input(fit_size(evenly(images, MOST), models.shape(name)[-1]))
    with models.one_core():
        found = torch.cat([remoteness(f, f.g_x(part)) for part in x.split(50)])
    beyond = found.quantile(SHARE, dim=0).tolist()
    return {"pictures": what, "count": len(x), "beyond": [round(limit, 3) for limit in beyond]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="where mnist.npz and faces64.zip are")
    place = parser.parse_args().data
    digits, faces = sets.mnist(place).test_images, face_photos(place / "faces64.zip").test_images
    known = {DIGIT: (digits, "MNIST test digits"), FACE: (faces, "test faces")}
    found = {name: measured(name, *known[models.ABILITIES[name].pictures]) for name in models.NAMES}
    FILE.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
