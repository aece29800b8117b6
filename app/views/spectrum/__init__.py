"""Spectrum: the singular values of A in the visitor's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.spectrum import words

if TYPE_CHECKING:
    from app.listening import Lab, Opening

TITLE = words.TITLE
SLUG = "spectrum"


def build(lab: Lab) -> Opening:
    """Make the components in the view's tab, wire the listeners, say how the view opens."""
    from app.views.spectrum import (
        page,  # here, so that the view's computations run where Gradio is not installed
    )

    return page.build(lab)
