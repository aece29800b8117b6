"""Write the cloud that ships: ``python -m app.views.latent_pca.shipping [FILE]``, half a minute on one core."""

import sys
from pathlib import Path

import numpy as np
import torch

from app import models
from app.pictures import encoding
from app.views.latent_pca import clouds, scatter, shipped
from app.views.latent_pca.wanted import of_source

SHADES = 16  # of a thumbnail; a third of the bytes of 256


def main(file: Path = shipped.FILE) -> None:
    torch.set_num_threads(1)
    found = clouds.computed(of_source("sample", shipped.COUNT), models.NAMES[0])
    sides = {
        name: (side.pca, side.coordinates, side.ratios)
        for name, side in zip(shipped.SIDES, (found.latent, found.pixel))
    }
    shipped.write(file, sides, png_of(found.pixels), found.seconds)


def png_of(pixels: np.ndarray) -> bytes:
    """The thumbnails in a few shades, as grey as the ones that are made while somebody waits."""
    step = 255 / (SHADES - 1)
    shades = np.round(scatter.sheet(pixels) / step).astype(np.uint8)
    return encoding.png_bytes(np.round(shades * step).astype(np.uint8))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
