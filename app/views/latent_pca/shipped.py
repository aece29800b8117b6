"""The cloud that ships: 4 000 digits that the model drew from noise, measured beforehand, so that the view opens at once.

assets/clouds/digits.safetensors holds numbers and thumbnails; `python -m app.views.latent_pca.shipping` writes it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from app.widgets import ASSETS
from linearizer_core.pca import LatentPCA

COUNT = 4000
FILE = ASSETS / "clouds" / "digits.safetensors"
SIDES = ("latent", "pixel")
KEPT = 10  # components with their coordinates; the explained variance is there for more
FITTED = ("mean", "components", "explained_variance")


@dataclass(frozen=True)
class Shipped:
    """By side: PCA, coordinates (N, 10), explained variance ratios; a PNG file with the thumbnails; the seconds it took."""

    sides: dict[str, tuple[LatentPCA, Tensor, tuple[float, ...]]]
    sheet: bytes
    seconds: float


@cache
def read(file: Path = FILE) -> Shipped:
    """What the file holds."""
    with safe_open(file, "pt") as opened:
        found = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (it is no mapping)
        seconds = float(opened.metadata()["seconds"])
    sides = {
        side: _side({name: found[f"{side}.{name}"] for name in (*FITTED, "ratios", "coordinates")})
        for side in SIDES
    }
    return Shipped(sides, found["sheet"].numpy().tobytes(), seconds)


def _side(numbers: dict[str, Tensor]) -> tuple[LatentPCA, Tensor, tuple[float, ...]]:
    pca = LatentPCA(KEPT)
    pca.g, pca.batch_size, pca.used = None, COUNT, "shipped"
    for name in FITTED:
        setattr(pca, name, numbers[name])
    pca.explained_variance_ratio = numbers["ratios"][:KEPT]
    pca.singular_values = (pca.explained_variance * (COUNT - 1)).sqrt()
    return pca, numbers["coordinates"].float(), tuple(numbers["ratios"].tolist())


def write(
    file: Path, sides: dict[str, tuple[LatentPCA, Tensor, tuple[float, ...]]], sheet: bytes, seconds: float
) -> None:
    """What `read` reads; coordinates to a thousandth, which nobody sees."""
    found = {"sheet": torch.frombuffer(bytearray(sheet), dtype=torch.uint8)}
    for side, (pca, coordinates, ratios) in sides.items():
        found |= {
            f"{side}.{name}": getattr(pca, name)[: KEPT if name != "mean" else None].clone()
            for name in FITTED
        }
        found[f"{side}.ratios"] = torch.tensor(ratios, dtype=torch.float32)
        found[f"{side}.coordinates"] = coordinates[:, :KEPT].to(torch.float16)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in found.items()}, file, {"seconds": f"{seconds:.1f}"}
    )
