"""Pictures: what visitors bring (`files`, `photos`), what they are called (`references`), how they travel (`encoding`).

The names that views use most stand here: `pictures.tensor(references)`, `pictures.latents(references, model)`.
"""

from app.pictures.references import (
    FIRST_PICTURE,
    SECOND_PICTURE,
    accept,
    examples,
    faces,
    fitting,
    gallery,
    label_of,
    latents,
    model_for,
    name_of,
    page,
    page_of,
    pixels,
    points,
    read,
    reference_of,
    shaped,
    start,
    taken_for,
    tensor,
)

__all__ = [
    "FIRST_PICTURE",
    "SECOND_PICTURE",
    "accept",
    "examples",
    "faces",
    "fitting",
    "gallery",
    "label_of",
    "latents",
    "model_for",
    "name_of",
    "page",
    "page_of",
    "pixels",
    "points",
    "read",
    "reference_of",
    "shaped",
    "start",
    "taken_for",
    "tensor",
]
