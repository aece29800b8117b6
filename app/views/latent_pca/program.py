"""Python for Latent PCA: the same pictures, both PCAs, and the picture where the walk stands."""

from __future__ import annotations

import base64

from app import models
from app.models.needs import FACE
from app.models.remembering import remembered
from app.panels import programs
from app.pictures import encoding, references
from app.pictures.encoding import FACE_SIDE, SIDE
from app.views.latent_pca import clouds
from app.views.latent_pca.standing import MODEL, Arguments, first_source
from app.views.latent_pca.standing import OWN as OWN_PICTURES
from app.views.latent_pca.wanted import DIGITS, FIRST_SEED
from linearizer_core.data.images import LUMINANCE

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
}
OWN = """
sheet = "{sheet}"
{name} = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet))))                   # your pictures, one below the other
{name} = torch.tensor({name}.reshape({shape})).movedim(-1, 1) / 255
"""
PLACED = """
# Your own pictures get places on the axes of the others.
{own}images = torch.cat([images, yours])
labels = torch.cat([{known}, torch.tensor({labels})])
"""
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
    names = f", {_names(seen)}" if seen.classes != DIGITS else ""
    axes = f":{standing.dimensions}"
    body = f"""
# The pictures of the cloud.
{_source(seen, standing)}
# Principal components of the latents g(x) and of the pixels.
latent = lc.LatentPCA({len(seen.latent.ratios)}).fit(model.g_x, images, batch_size={clouds.BATCH})
pixel = lc.LatentPCA({len(seen.pixel.ratios)}).fit(Flatten(model.g_x.in_shape), images)
{_placed(seen) if seen.placed else ""}coordinates, pixel_coordinates = latent.transform(images), pixel.transform(images)

# The walk: component {standing.component}, so many standard deviations from the start.
steps = {standing.steps!r}
step = latent.explained_variance[{standing.component - 1}].sqrt() * latent.components[{standing.component - 1}]
with torch.no_grad():
    walk = model.g_x.inverse(({start} + steps * step)[None])

figure, (above, middle, below) = lc.plots.parts(4.5, 2, 2.5)
spaces = {{"latents g(x)": coordinates[:, {axes}], "pixels x": pixel_coordinates[:, {axes}]}}
lc.plots.scatter(spaces, labels{names}, into=above)
lc.plots.pictures({{"x, and where the walk stands": torch.cat([x, walk])}}, middle)
found = {{"latents": latent.explained_variance_ratio, "pixels": pixel.explained_variance_ratio}}
shares = {{name: (torch.arange(1, len(ratio) + 1), ratio) for name, ratio in found.items()}}
lc.plots.curves(shares, "component", "share of the variance", below)
figure.savefig("latent_pca.png")                # in a notebook, a line with `figure` alone shows it
"""
    head = "from linearizer_core.networks import Flatten\n"
    return programs.program(head + body, [standing.picture], seen.model)


def _source(seen: clouds.Cloud, standing: Arguments) -> str:
    """How the pictures come about that make the axes."""
    if standing.data in (OWN_PICTURES, MODEL) and not seen.placed:
        return _own(seen, "images") + f"labels = {_labels(seen)}\n" + SHADES
    data = first_source(seen.model) if seen.placed else standing.data
    numbers = {"count": len(seen.references) - seen.placed, "batch": clouds.BATCH, "seed": FIRST_SEED}
    text = SOURCES[data].format(**numbers, spread=references.FACE_SPREAD)
    channels, side, _ = models.shape(seen.model)
    drawn_channels, drawn_side = (3, FACE_SIDE) if data == FACE else (1, SIDE)
    if (channels, side) != (drawn_channels, drawn_side):
        text += SHADES + (GREY.format(luminance=LUMINANCE) if channels < drawn_channels else "")
        if side != drawn_side:
            text += RESIZED.format(side=side, mode="area" if side < drawn_side else "bilinear")
        text += COLOURS if channels > drawn_channels else ""
    return text.lstrip() + SHADES


def _placed(seen: clouds.Cloud) -> str:
    """How a visitor's few pictures join the others, whose axes are there by then."""
    known = (
        "labels"
        if (seen.labels[: -seen.placed] >= 0).any()
        else "torch.full((len(images) - len(yours),), -1)"
    )
    own = _own(seen, "yours").lstrip()
    return PLACED.format(own=own, known=known, labels=seen.labels[-seen.placed :].tolist()).lstrip() + "\n"


def _own(seen: clouds.Cloud, name: str) -> str:
    count, (channels, side, _) = seen.placed or len(seen.references), models.shape(seen.model)
    return OWN.format(name=name, sheet=_sheet(seen), shape=f"{count}, {side}, {side}, {channels}").lstrip()


def _labels(seen: clouds.Cloud) -> str:
    return f"torch.tensor({seen.labels.tolist()})" if (seen.labels >= 0).any() else "None"


def _names(seen: clouds.Cloud) -> str:
    return repr(list(seen.classes))


@remembered(4)
def _sheet(seen: clouds.Cloud) -> str:
    """The visitor's own pictures as one PNG file."""
    own = range(len(seen.references) - (seen.placed or len(seen.references)), len(seen.references))
    pixels = encoding.to_pictures(seen.pictures(own))
    png = encoding.png_bytes(pixels.reshape(-1, *pixels.shape[2:]))
    return base64.b64encode(png).decode("ascii")
