"""What the Styles view computes: a tick, a painting at full size, the laws, the program, the endpoint's answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from app import models
from app.pictures import encoding, photos
from app.pictures.difference import difference
from app.views.styles import SLUG, words
from app.views.styles.compare import compared
from app.views.styles.full_size import finished
from app.views.styles.standing import MODEL, Arguments, Mix, Standing, names
from app.views.styles.studio import Studio, gone, in_use, shipped
from app.widgets.chart import curves
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import tiles
from linearizer_core import algebra, diagnostics
from linearizer_core.linearizer import Linearizer
from linearizer_core.models.photo import padded, photo_network
from linearizer_core.operators import LinearOperator, PerPosition

LAW_SIDE = 128  # pixels of the square in the middle of the preview on which the laws are measured


# --- painting ----------------------------------------------------------------------------------------------
def paint(studio: Studio, photo: str, mixes: Sequence[Mix]) -> Tensor:
    """The tick: the preview in each mix, (len(mixes), 3, h, w); one decode for all."""
    model, z = studio.model, studio.latent(photo)
    height, width = photos.preview(photo).shape[-2:]
    g, grid = photo_network(model.g, height, width), (height // model.multiple, width // model.multiple)
    with models.one_core():
        return g.inverse(torch.cat([PerPosition(studio.operator(mix), grid)(z) for mix in mixes]))


def paint_by_pixels(studio: Studio, photo: str, mix: Mix) -> Tensor:
    """What the "break it" switch paints, (1, 3, h, w): each style by itself, and then only pixels.

    A blend is their average; an order, or one style by halves, goes through the 8 bits of a screen in between.
    """
    parts = [(w, name) for name, w in zip(studio.model.names, mix.weights) if w and not mix.order]
    x = photos.preview(photo)
    if len(parts) + (mix.plain > 1e-6) > 1:
        paintings = [w * _painted(studio, x, [studio.matrix(name, mix.strength)]) for w, name in parts]
        found, steps = sum(paintings, mix.plain * x), []
    else:
        halves = [studio.matrix(name, mix.strength / 2) for _, name in parts for _ in range(2)]
        found, steps = x, [studio.matrix(name, mix.strength) for name in mix.order or ()] or halves
    undo = [studio.matrix(mix.undo, -1.0)] if mix.undo else []
    return _painted(studio, found, [*steps, *undo])


def _painted(studio: Studio, x: Tensor, steps: Sequence[LinearOperator]) -> Tensor:
    """x after one painting after the other, each of which is seen on a screen first."""
    model = studio.model
    height, width = x.shape[-2:]
    g, grid = photo_network(model.g, height, width), (height // model.multiple, width // model.multiple)
    with models.one_core():
        for A in steps:
            x = _shown(g.inverse(PerPosition(A, grid)(g(x))))
    return x


class Progress(NamedTuple):
    """How far a painting is, and the picture (3, H, W) at its end."""

    share: float
    picture: Tensor | None = None
    seconds: float = 0.0


def paint_full(studio: Studio, photo: str, mix: Mix) -> Iterator[Progress]:
    """The photo at full size: one `Progress` per layer of g and g⁻¹; the work of one layer is too short to cancel."""
    started, x, model = time.monotonic(), photos.full(photo), studio.model
    z = padded(x, model.multiple)
    grid = (z.shape[-2] // model.multiple, z.shape[-1] // model.multiple)
    layers = list(photo_network(model.g, *z.shape[-2:]).networks)
    for done, layer in enumerate(layers):
        with models.one_core():
            z = layer(z)
        yield Progress(0.5 * done / len(layers))
    with models.one_core():
        z = PerPosition(studio.operator(mix), grid)(z)
    for done, layer in enumerate(reversed(layers)):
        with models.one_core():
            z = layer.inverse(z)
        yield Progress(0.5 + 0.5 * done / len(layers))
    yield Progress(1.0, z[0, :, : x.shape[-2], : x.shape[-1]], time.monotonic() - started)


# --- what is shown -----------------------------------------------------------------------------------------
def stage(standing: Standing, key: str, broken: bool = False) -> dict:
    """The tick: photo and painting, the other order beside it, formula, the photo's own weight, spectrum, whose it is.

    Broken, what `paint_by_pixels` makes is on the stage, and beside it how that differs from the painting.
    """
    studio, mix, photo = in_use(key), standing.mix, standing.photo
    mixes = [mix, mix.swapped] if mix.order else [mix]
    before = encoding.to_pixels(photos.preview(photo))[0]
    painted = encoding.to_pixels(paint(studio, photo, mixes))
    shown = [
        compared(before, picture, state_of(photo, studio, m), described(m))
        for picture, m in zip(painted, mixes)
    ]
    if broken:
        shown = _parted(studio, photo, mix, before, painted[0])
    return {
        "stage": shown[0],
        "other": shown[1] if len(shown) > 1 else None,
        "formula": formula(mix),
        "rest": "" if mix.order else words.rest(mix.plain),
        "spectrum": spectra(studio, mix),
        "model": words.painted_by(studio.fitted, gone(key, studio), studio.archive),
    }


def _parted(studio: Studio, photo: str, mix: Mix, before: np.ndarray, painted: np.ndarray) -> list[dict]:
    """What pixels make of the mix, and how much that is from the painting, so amplified that it is seen."""
    wrong = paint_by_pixels(studio, photo, mix)
    state, made = f"{state_of(photo, studio, mix)} broken", encoding.to_pixels(wrong)[0]
    gap = difference(wrong, torch.tensor(painted).permute(2, 0, 1)[None] / 255)
    tags = {"left": words.AFTER, "right": f"{gap.caption}, {gap.note}"}
    return [
        compared(before, made, state, words.BY_PIXELS, right=words.BY_PIXELS),
        compared(painted, encoding.to_pixels(gap.shown)[0], state, gap.caption, **tags),
    ]


def state_of(photo: str, studio: Studio, mix: Mix) -> str:
    """What is on screen in a few characters, for tests."""
    how = ">".join(mix.order) if mix.order else ",".join(f"{weight:g}" for weight in mix.weights)
    own = " fitted" if studio.fitted else ""
    return f"{photo} {how} {mix.strength:g}{f' -{mix.undo}' if mix.undo else ''}{own}"


def described(mix: Mix) -> str:
    """What the picture shows, for those who do not see it."""
    return words.other_order(*mix.order) if mix.order else words.AFTER


def formula(mix: Mix) -> str:
    weights = dict(zip(names(), mix.weights))
    return words.formula(weights, round(mix.plain, 2), mix.order, mix.strength, mix.undo)


def spectra(studio: Studio, mix: Mix) -> dict:
    """Singular values of what is on screen, and of the four styles."""
    now = algebra.singular_values(studio.operator(mix)).tolist()
    others = [
        (studio.spectrum(name), words.STYLE_NAMES.get(name, name), "quiet", True)
        for name in studio.model.names
    ]
    return curves([*others, (now, words.ON_SCREEN, "induced", False)], words.SPECTRUM)


def full(standing: Standing, key: str) -> Iterator[dict]:
    """The painting at full size, layer by layer; where the fit has gone meanwhile, the preview is painted anew before."""
    photo, studio, mix = standing.photo, in_use(key), standing.mix
    if gone(key, studio):
        yield stage(standing, key)
    height, width = photos.pixels(photo).shape[:2]
    for progress in paint_full(studio, photo, mix):
        if progress.picture is None:
            yield {"full": {"share": progress.share, "words": words.painting(width, height)}}
        else:
            picture = encoding.to_pixels(progress.picture[None])[0]
            said, file = (
                words.full_words(width, height, progress.seconds),
                f"{photo.partition(':')[0]}-styled.png",
            )
            large = encoding.jpeg_address(photos.pixels(photo))
            yield {"full": finished(picture, said, file, state_of(photo, studio, mix), large)}


def sample_tiles() -> dict:
    """The two sample photos, small."""
    small = [photos.preview(name)[..., :208, :312] for name in photos.SAMPLES]
    captions = [words.SAMPLE_NAMES[name] for name in photos.SAMPLES]
    return tiles(torch.cat(small), captions, list(photos.SAMPLES))


# --- laws, program, link -----------------------------------------------------------------------------------
def settled(standing: Standing, broken: bool, key: str) -> Settled:
    """The laws on the middle of the photo, the program for this view, the link to it."""
    studio, mix = in_use(key), standing.mix
    pair = law_styles(mix)
    named = {
        words.LAW_COMPOSITION: words.composition_formula(*pair),
        words.LAW_ROOT: words.ROOT_FORMULA,
        words.LAW_UNDO: words.UNDO_FORMULA,
        words.LAW_BLEND: words.blend_formula(*pair),
    }
    errors = law_errors(studio, standing.photo, pair, broken)
    laws = [Law(name, text, error) for (name, text), error in zip(named.items(), errors)]
    stays = standing.stays or studio.fitted
    return Settled(laws, program(standing.photo, mix, studio.fitted), standing.link(SLUG), stays)


def law_styles(mix: Mix) -> tuple[str, str]:
    """The two styles that the laws are shown with: those in order, else the heaviest of the blend."""
    if mix.order:
        return mix.order[0], mix.order[1]
    heaviest = sorted(range(len(mix.weights)), key=lambda i: -mix.weights[i])
    return names()[heaviest[0]], names()[heaviest[min(1, len(heaviest) - 1)]]


def law_errors(studio: Studio, photo: str, pair: tuple[str, str], broken: bool) -> list[float]:
    """Composition, half a style, undo, blend, on the middle of the preview; broken, by way of 8 bits and pixel averages."""
    model, x = studio.model, _middle_of(photos.preview(photo))
    g = photo_network(model.g, *x.shape[-2:])
    grid = (x.shape[-2] // model.multiple, x.shape[-1] // model.multiple)
    A1, A2 = map(
        model.operator, pair
    )  # not their matrices: the root of exp(L) is exp(L/2), whatever its eigenvalues
    f1, f2, blend = (Linearizer(g, PerPosition(A, grid), g) for A in (A1, A2, 0.5 * A1 + 0.5 * A2))
    between, combine = (_shown, _average) if broken else (None, None)
    with models.one_core():
        return [
            diagnostics.composition_error(f2, f1, x, between),
            diagnostics.root_error(f1, x, between=between),
            diagnostics.undoing_error(f1, x, between),
            diagnostics.blend_error(blend, [f1, f2], [0.5, 0.5], x, combine),
        ]


def _shown(y: Tensor) -> Tensor:
    """What a screen keeps of a painting."""
    return y.clamp(0, 1).mul(255).round() / 255


def _average(weights: Sequence[float], paintings: Tensor) -> Tensor:
    """The sum of pixels that the "break it" switch puts in the place of ⊕."""
    return torch.tensordot(paintings.new_tensor(weights), paintings, dims=1)


def _middle_of(x: Tensor) -> Tensor:
    """The middle of a preview, at most `LAW_SIDE` a side."""
    height, width = (min(LAW_SIDE, side) for side in x.shape[-2:])
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width].contiguous()


def program(photo: str, mix: Mix, fitted: bool = False) -> str:
    """Python for this view: the photo, the operator, the painting."""
    if photo in photos.SAMPLES:
        opened = f'load_sample_image("{photos.SAMPLES[photo]}")'
        imports = "from sklearn.datasets import load_sample_image\n"
    else:
        opened, imports = 'np.asarray(Image.open("your_photo.jpg").convert("RGB"))', "from PIL import Image\n"
    undone = f'\nf = styles["{mix.undo}"].pinv() @ f              # take it off again' if mix.undo else ""
    note = f"  # {words.PROGRAM_SHIPPED}" if fitted else ""
    return (
        f"import numpy as np\nimport torch\n{imports}\nimport linearizer_core as lc\n\n"
        f'styles = lc.load("{MODEL}"){note}\n'
        f"photo = {opened}\n"
        "x = torch.tensor(np.array(photo)).permute(2, 0, 1)[None] / 255    # 1×3×H×W, any size from 64×64 on\n"
        f"{_made(mix)}{undone}\n"
        "with torch.no_grad():\n    y = f(x)\n"
        'print("painted:", tuple(y.shape), "mean", y.mean().item())\n\n'
        'figure = lc.plots.pictures({"before and after": torch.cat([x, y])})\n'
        'figure.savefig("styles.png")                                      # in a notebook, `figure` alone shows it\n'
    )


def _made(mix: Mix) -> str:
    """The line that puts f together."""
    power = "" if mix.strength == 1 else f" ** {mix.strength:g}"
    weights = {name: w for name, w in zip(names(), mix.weights) if w}
    if mix.order:
        first, second = (f'(styles["{name}"]{power})' for name in mix.order)
        return f"f = {second} @ {first}              # first the right one, then the left one"
    if power:
        parts = [
            f'{w:g} * lc.power(styles.operator("{name}"), {mix.strength:g})' for name, w in weights.items()
        ]
        parts.append(f'{mix.plain:.6g} * styles.operator("photo")')
        return f"f = styles.linearizer({' + '.join(parts)})"
    weights |= {"photo": round(mix.plain, 6)} if mix.plain > 1e-6 or not weights else {}
    return f"f = styles.blend({weights})"


# --- the endpoint ------------------------------------------------------------------------------------------
def answer(arguments: Arguments) -> dict:
    """Paint a photo by an operator made of styles: f(x) = g⁻¹(A g(x)).

    Returns:
        {"picture": a "data:image/png;base64,…" address, "width", "height", "singular_values": of A on the channels}
    """
    studio, mix = shipped(), arguments.mix
    if arguments.full:
        *_, last = paint_full(studio, arguments.photo, mix)
        picture = last.picture[None]
    else:
        picture = paint(studio, arguments.photo, [mix])
    found = encoding.to_pixels(picture)[0]
    return {
        "picture": finished(found, "", "", "")["address"],
        "width": found.shape[1],
        "height": found.shape[0],
        "singular_values": algebra.singular_values(studio.operator(mix)).tolist(),
    }
