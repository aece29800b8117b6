"""Pictures in a row or a grid: the gallery, the slots, the stage, the directions of an operator."""

from collections.abc import Sequence

from torch import Tensor

from app import images
from app.widgets import Widget


class Pictures(Widget):
    """Captioned pictures; with `pick=True` each is a button and `.pick` tells which one was chosen.

    value: {"pictures": images.for_browser(…), "captions": [...], "ids": [...], "selected": index or -1}
    event `pick`: {"id": ids[i], "index": i}
    """

    SCRIPT = "pictures"
    TEMPLATE = '<div class="tiles" role="group"></div>'

    def __init__(
        self,
        value: dict | None = None,
        *,
        elem_id: str,
        label: str,
        pick: bool = False,
        size: int = 72,
        visible=True,
    ):
        super().__init__(value, elem_id=elem_id, label=label, visible=visible, pick=pick, size=size)


def tiles(images_: Tensor, captions: Sequence[str] = (), ids: Sequence[str] = (), selected: int = -1) -> dict:
    """The value of `Pictures` for pictures (B, C, H, W)."""
    return {
        "pictures": images.for_browser(images_),
        "captions": list(captions),
        "ids": list(ids),
        "selected": selected,
    }
