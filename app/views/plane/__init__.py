"""Plane: two dimensions, bent by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.plane import words

if TYPE_CHECKING:
    from app.listening import Lab, Opening

TITLE = words.TITLE
SLUG = "plane"


def build(lab: Lab) -> Opening:
    """Make the components in the view's tab, wire the listeners, say how the view opens."""
    from app.views.plane import (
        page,  # here, so that the view's computations run where Gradio is not installed
    )

    return page.build(lab)
