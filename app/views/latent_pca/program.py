"""Python for Latent PCA: the same pictures, both PCAs, and the picture where the walk stands."""

from __future__ import annotations

import base64
from functools import lru_cache

from app import models
from app.panels import programs
from app.pictures import encoding, references
from app.views.latent_pca import clouds
from app.views.latent_pca.standing import Arguments

SOURCES = {
    "digits": """
from linearizer_core.data.handwriting import small_digits

images = torch.tensor(small_digits(range({count}))[0])[:, None] / 255
""",
    "mnist": """
from linearizer_core.data.sets import mnist

images = torch.nn.functional.pad(mnist().test_images[:{count}], (2, 2, 2, 2)) / 255     # mnist(PATH) where it lies
""",
    "sample": """
digits = lc.load("digits")
labels = torch.arange({count}) % 10
seeds = [{seed} + i // 10 for i in range({count})]
noise = torch.stack([torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(s)) for s in seeds])
with torch.no_grad():
    images = torch.cat([digits.sample(*part) for part in zip(noise.split({batch}), labels.split({batch}))])
""",
    "face": """
faces = lc.load("faces")
noise = [torch.randn(faces.rank, generator=torch.Generator().manual_seed(s)) for s in range({count})]
with torch.no_grad():
    images = torch.cat([faces.draw({spread} * part) for part in torch.stack(noise).split({batch})])
""",
    "own": """
sheet = "{sheet}"
images = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet))))                   # your pictures, one below the other
images = torch.tensor(images.reshape({count}, 1, -1, images.shape[1])) / 255
""",
}
SHADES = (
    "images = (images.clamp(0, 1) * 255).round() / 255                  # as files and screens keep them\n"
)
RESIZED = """images = torch.nn.functional.interpolate(images, ({side}, {side}), mode="{mode}")
"""


def program(seen: clouds.Cloud, standing: Arguments) -> str:
    """A whole program; the pictures of a visitor travel in it, all others are made or read again."""
    start = "model.g_x(x)[0]" if standing.origin is not None else "latent.mean"
    body = f"""
# The pictures of the cloud.
{_source(seen, standing.data)}
# Principal components of the latents g(x) and of the pixels.
latent = lc.LatentPCA({len(seen.latent.ratios)}).fit(model.g_x, images, batch_size={clouds.BATCH})
pixel = lc.LatentPCA({len(seen.pixel.ratios)}).fit(Flatten(model.g_x.in_shape), images)
coordinates, pixel_coordinates = latent.transform(images), pixel.transform(images)

# The walk: component {standing.component}, so many standard deviations from the start.
steps = {standing.steps!r}
step = latent.explained_variance[{standing.component - 1}].sqrt() * latent.components[{standing.component - 1}]
with torch.no_grad():
    walk = model.g_x.inverse(({start} + steps * step)[None])
"""
    head = "from linearizer_core.networks import Flatten\n"
    return programs.program(head + body, [standing.picture], seen.model)


def _source(seen: clouds.Cloud, data: str) -> str:
    numbers = {"count": len(seen.references), "batch": clouds.BATCH, "seed": clouds.FIRST_SEED}
    text = SOURCES[data].format(
        **numbers, spread=references.FACE_SPREAD, sheet=_sheet(seen) if data == "own" else ""
    )
    side, own = models.side(seen.model), encoding.FACE_SIDE if data == "face" else encoding.SIDE
    if side != own and data != "own":
        text += SHADES + RESIZED.format(side=side, mode="area" if own > side else "bilinear")
    return text.lstrip() + SHADES


@lru_cache(maxsize=4)
def _sheet(seen: clouds.Cloud) -> str:
    png = encoding.png_bytes(seen.pixels.reshape(-1, seen.pixels.shape[-1]))
    return base64.b64encode(png).decode("ascii")
