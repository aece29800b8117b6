"""Generate: N integrator steps beside the one matrix that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.generate import words

if TYPE_CHECKING:
    from app.listening import Lab, Opening

TITLE = words.TITLE
SLUG = "generate"


def build(lab: Lab) -> Opening:
    """Make the components in the view's tab, wire the listeners, say how the view opens."""
    from app.views.generate import (
        page,  # here, so that the view's computations run where Gradio is not installed
    )

    return page.build(lab)
