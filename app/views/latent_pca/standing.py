"""What Latent PCA can be set to: which pictures, which model's g, and where on a component the walk stands."""

from __future__ import annotations

from dataclasses import dataclass

from app import models, pictures
from app.kinds import Choice, Maybe, Number, Several, Whole
from app.pictures.kinds import Picture
from app.settings import Settings, setting
from app.views.latent_pca import words

LEAST, MOST = 12, 2000  # pictures in a cloud
MOST_OF = {"digits": 1797}  # of sources that have fewer
COUNTS = (300, 600, 1200)  # the buttons
COMPONENTS = 10
DIMENSIONS = (2, 3)
FARTHEST = 4.0  # standard deviations
UPLOADS = 300  # pictures of one visitor
MEAN, PICTURE = "mean", "picture"
OWN = "own"  # the visitor's uploads, beside the sources of `pictures`


def sources() -> list[str]:
    """Where the pictures of a cloud may come from, beside uploads."""
    return [*pictures.gallery(), *(["face"] if "faces" in models.available() else [])]


def source_for(model: str) -> str:
    """The pictures that a model is first shown with.

    >>> source_for("digits")
    'digits'
    """
    return models.FACE if models.knows_faces(model) else sources()[0]


@dataclass(frozen=True)
class Arguments(Settings):
    """A cloud and a walk as the endpoint names them; without `data` the pictures are such as the model was trained on."""

    data: str = setting(
        Maybe(Choice(sources), ""),
        None,
        link="data",
        about="where the pictures come from (of the model's own kind)",
    )
    count: int = setting(Whole(LEAST, MOST), COUNTS[0], link="n", about="how many pictures")
    dimensions: int = setting(Choice(DIMENSIONS), 2, link="d", about="of the coordinates")
    component: int = setting(Whole(1, COMPONENTS), 1, link="c", about="the one to walk along")
    steps: float = setting(Number(-FARTHEST, FARTHEST), 2.0, link="t", about="standard deviations to walk")
    start: str = setting(Choice((MEAN, PICTURE)), MEAN, link="start", about="where the walk starts")
    picture: str = setting(Picture(), pictures.FIRST_PICTURE, link="x", about="the current picture")
    model: str = setting(
        Choice(models.available), models.NAMES[0], link="model", about="whose g induces the space", brief=True
    )

    def __post_init__(self) -> None:
        if not self.data:
            object.__setattr__(self, "data", source_for(self.model))
        if self.data == OWN and len(self.own) < LEAST:
            raise ValueError(words.too_few(len(self.own), LEAST))
        most = MOST_OF.get(self.data, MOST)
        if self.count > most:
            raise ValueError(words.too_many(self.count, self.data, most))

    @property
    def origin(self) -> str | None:
        """The picture from which the walk starts, None for the mean."""
        return self.picture if self.start == PICTURE else None


@dataclass(frozen=True)
class Standing(Arguments):
    """What the page can be set to: counts by button, and the visitor's own pictures beside the sources."""

    data: str = setting(Maybe(Choice(lambda: [*sources(), OWN]), ""), None, link="data")
    count: int = setting(Choice(COUNTS), COUNTS[0], link="n")
    own: tuple[str, ...] = setting(Several(Picture(), 0, UPLOADS, "pictures"), ())
