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

drawings, classes = small_digits(range({count}))
images, labels = torch.tensor(drawings)[:, None] / 255, torch.tensor(classes)
""",
    "mnist": """
from linearizer_core.data.sets import mnist

data = mnist()                                               # mnist(PATH) where it lies
images, labels = torch.nn.functional.pad(data.test_images[:{count}], (2, 2, 2, 2)) / 255, data.test_labels[:{count}]
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
noise = [torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(s)) for s in range({count})]
f = faces.collapse()
with torch.no_grad():
    images = torch.cat([f({spread} * part) for part in torch.stack(noise).split({batch})])
labels = None
""",
    "own": """
sheet = "{sheet}"
images = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet))))                   # your pictures, one below the other
images = torch.tensor(images.reshape({shape})).movedim(-1, 1) / 255
labels = None
""",
}
SHADES = (
    "images = (images.clamp(0, 1) * 255).round() / 255                  # as files and screens keep them\n"
)
GREY = "images = (images * torch.tensor({luminance})[:, None, None]).sum(1, keepdim=True)\n"
RESIZED = """images = torch.nn.functional.interpolate(images, ({side}, {side}), mode="{mode}")
"""
COLOURS = "images = images.expand(-1, 3, -1, -1)\n"


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

figure, (above, middle, below) = lc.plots.parts(4.5, 2, 2.5)
spaces = {{"latents g(x)": coordinates[:, :2], "pixels x": pixel_coordinates[:, :2]}}
lc.plots.scatter(spaces, labels, into=above)
lc.plots.pictures({{"x, and where the walk stands": torch.cat([x, walk])}}, middle)
found = {{"latents": latent.explained_variance_ratio, "pixels": pixel.explained_variance_ratio}}
shares = {{name: (torch.arange(1, len(ratio) + 1), ratio) for name, ratio in found.items()}}
lc.plots.curves(shares, "component", "share of the variance", below)
figure.savefig("latent_pca.png")                # in a notebook, a line with `figure` alone shows it
"""
    head = "from linearizer_core.networks import Flatten\n"
    return programs.program(head + body, [standing.picture], seen.model)


def _source(seen: clouds.Cloud, data: str) -> str:
    numbers = {"count": len(seen.references), "batch": clouds.BATCH, "seed": clouds.FIRST_SEED}
    (channels, side, _), count = models.shape(seen.model), len(seen.references)
    shape = f"{count}, {side}, {side}, {channels}"
    own = {"sheet": _sheet(seen), "shape": shape} if data == "own" else {}
    text = SOURCES[data].format(**numbers, **own, spread=references.FACE_SPREAD)
    if data != "own" and (data == models.FACE) != models.knows_faces(seen.model):
        text += SHADES + (GREY.format(luminance=references.LUMINANCE) if channels == 1 else "")
        text += RESIZED.format(side=side, mode="area" if channels == 1 else "bilinear")
        text += COLOURS if channels == 3 else ""
    return text.lstrip() + SHADES


@lru_cache(maxsize=4)
def _sheet(seen: clouds.Cloud) -> str:
    png = encoding.png_bytes(seen.pixels.reshape(-1, *seen.pixels.shape[2:]))
    return base64.b64encode(png).decode("ascii")
