"""Project: anything put on the digit manifold by f with f(f(x)) = f(x)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.project import words

if TYPE_CHECKING:
    from app.listening import Lab, Opening

TITLE = words.TITLE
SLUG = "project"


def build(lab: Lab) -> Opening:
    """Make the components in the view's tab, wire the listeners, say how the view opens."""
    from app.views.project import (
        page,  # here, so that the view's computations run where Gradio is not installed
    )

    return page.build(lab)
