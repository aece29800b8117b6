"""Latent PCA: pictures as points of the space g induces, beside pixel space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.latent_pca import words

if TYPE_CHECKING:
    from app.listening import Lab, Opening

TITLE = words.TITLE
SLUG = "latent_pca"


def build(lab: Lab) -> Opening:
    """Make the components in the view's tab, wire the listeners, say how the view opens."""
    from app.views.latent_pca import (
        page,  # here, so that the view's computations run where Gradio is not installed
    )

    return page.build(lab)
