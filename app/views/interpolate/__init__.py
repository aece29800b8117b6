"""Interpolate: two to four pictures, added as vectors of the induced space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.interpolate import words

if TYPE_CHECKING:
    from app.listening import Lab, Opening

TITLE = words.TITLE
SLUG = "interpolate"


def build(lab: Lab) -> Opening:
    """Make the components in the view's tab, wire the listeners, say how the view opens."""
    from app.views.interpolate import (
        page,  # here, so that the view's computations run where Gradio is not installed
    )

    return page.build(lab)
