"""Interpolate: two to four pictures, added as vectors of the induced space beside plain pixel averages."""

import gradio as gr
import torch

from app import captions, links, models, pictures, proof, snippets
from app.state import Lab, Opening
from app.widgets.pictures import Pictures, tiles
from linearizer_core import diagnostics

TITLE = captions.INTERPOLATE
SLUG = "interpolate"
LIMIT = 2.0  # weights lie in [−LIMIT, LIMIT]: a vector space has more than averages


def tick(references: list[str], *weights: float) -> dict:
    """The induced blend g⁻¹(Σ wᵢ g(xᵢ)) and the pixel blend Σ wᵢ xᵢ, as the stage shows them."""
    weights = torch.tensor(weights[: len(references)], dtype=torch.float32)
    with models.one_core(), torch.inference_mode():
        induced = models.model().g_y.inverse((weights @ pictures.latents(references))[None])
    pixel = torch.einsum("k,kchw->chw", weights, pictures.tensor(references))[None]
    return tiles(torch.cat([induced, pixel]), [captions.INDUCED, captions.PIXEL])


def settled(broken: bool, references: list[str], *weights: float) -> proof.Settled:
    """The law measured for what is on screen, the program that reproduces it, the link that restores it."""
    x, y = pictures.tensor(references[:2])[:, None]
    add = (lambda x, y: (x + y) / 2) if broken else None
    with models.one_core(), torch.inference_mode():
        error = diagnostics.linearity_error(models.model(), x, y, weights[0], weights[1], add=add)
    law = proof.Law("linearity", "f(a⊙x ⊕ b⊙y) = a⊙f(x) ⊕ b⊙f(y)", error)
    body = f"X = lc.InducedSpace(model.g_x)\ninduced = X.combine({snippets.tensor_of(weights)}, x)"
    return proof.Settled(
        [law], snippets.program(body, references), links.encode(SLUG, x=references, w=list(weights))
    )


def opened(query: dict[str, str], picture: str) -> list:
    references = links.words(query.get("x")) or [picture, "digits:8"]
    return [references, tiles(pictures.tensor(references)), tick(references, 0.5, 0.5)]


def build(lab: Lab) -> Opening:
    references = gr.State(["digits:3", "digits:8"])
    slots = Pictures(elem_id="interpolate-slots", label="Pictures", pick=True, size=110)
    with gr.Row():
        sliders = [
            gr.Slider(
                -LIMIT, LIMIT, 0.5, step=0.01, label=captions.weight(i), elem_id=f"interpolate-w{i + 1}"
            )
            for i in range(2)
        ]
    stage = Pictures(elem_id="interpolate-stage", label="Blend", size=240)
    section = proof.section(SLUG)
    moves = [slider.change for slider in sliders]
    gr.on(
        moves,
        tick,
        [references, *sliders],
        stage,
        trigger_mode="always_last",
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    section.settles([*moves, references.change], settled, [references, *sliders])
    return Opening(opened, [references, slots, stage])
