"""The views, in the order shown; the shell is one loop over VIEWS.

A view's package says TITLE and SLUG, its `page` builds it. So what a view computes runs where Gradio is not installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from app.views import generate, interpolate, latent_pca, plane, project, spectrum, styles

if TYPE_CHECKING:
    from types import ModuleType

    from app.listening import Lab, Opening

VIEWS = (plane, interpolate, spectrum, styles, generate, project, latent_pca)


def build(view: ModuleType, lab: Lab) -> Opening:
    """Make the components in the view's tab, wire the listeners, say how the view opens."""
    return importlib.import_module(f"{view.__name__}.page").build(lab)
