"""The lab on one model, from a notebook or a program: what `linearizer_core.explore` opens."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import gradio as gr
from torch import Tensor

import linearizer_core as lc
from app import models, shell, words
from app.models import own
from linearizer_core.networks import InvertibleNetwork
from linearizer_core.operators import Identity

LONGEST_NAME = 40
HEIGHT = 900  # pixels, in a notebook


@dataclass(frozen=True)
class Opened:
    """A lab that is open: where, and how it is closed."""

    url: str
    demo: gr.Blocks
    name: str

    def close(self) -> None:
        """Stop serving, and let go of the model."""
        if self not in _open:
            return
        _open.remove(self)
        self.demo.close(verbose=False)
        models.drop(self.name)
        models.lead_with_brought(False)


_open: list[Opened] = []


def opened(
    f: lc.Linearizer | InvertibleNetwork,
    images: Tensor | None = None,
    name: str = words.YOURS,
    port: int | None = None,
    share: bool = False,
    inline: bool | None = None,
    height: int = HEIGHT,
) -> Opened:
    """The lab on f, see `linearizer_core.explore`."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or name.startswith(models.PRIVATE):
        raise ValueError(words.bad_name(LONGEST_NAME))
    source = "f  # as lc.explore was given it"
    if isinstance(f, InvertibleNetwork):
        f, source = _of_network(f, images)
    found = own.made(f, name, source, images)
    for former in list(_open):
        former.close()
    models.put(name, found)
    models.lead_with_brought(True)
    place = {"server_port": port, "share": share, "inline": inline, "height": height}
    how = {**shell.launch_settings(), "prevent_thread_lock": True, "quiet": True}
    try:
        demo = shell.build_app()
        _, local, public = demo.launch(**place, **how)
    except Exception as error:  # whatever it is, the name is free again
        models.drop(name)
        models.lead_with_brought(False)
        if isinstance(error, OSError):
            raise ValueError(words.cannot_listen(str(error))) from error
        raise
    _open.append(Opened(public or local, demo, name))
    return _open[-1]


def _of_network(g: InvertibleNetwork, images: Tensor | None) -> tuple[lc.Linearizer, str]:
    """f of a g alone: the Projector onto its images' principal axes, or the identity where there are none."""
    if images is None:
        return lc.Linearizer(g, Identity(g.out_shape[0]), g), "lc.Linearizer(g, torch.eye(g.out_shape[0]), g)"
    g = copy.deepcopy(g).cpu().float().eval()
    x = own.given(own.checked(lc.Linearizer(g, Identity(g.out_shape[0]), g)), images)
    k = min(own.RANKS, len(x), g.out_shape[0])
    return lc.Projector.fitted(g, x, k), f"lc.Projector.fitted(g, images, {k})"
