"""What Latent PCA can be set to: which pictures, which model's g, and where on a component the walk stands."""

from __future__ import annotations

from dataclasses import dataclass

from app import models, pictures
from app.kinds import Choice, Maybe, Number, Several, Text, Whole
from app.models.needs import BROUGHT, FACE, ONE_SPACE
from app.pictures import labelled
from app.pictures.kinds import Picture
from app.settings import Settings, setting
from app.views.latent_pca import shipped, words

LEAST = 12  # pictures that make axes
MOST = 2000  # in a cloud that is asked for by the API, which has nobody to stop it
MOST_OF = {"digits": 1797, "mnist": 10_000, FACE: 20_000}  # of sources that have fewer, or larger pictures
COUNTS = (300, 600, 1200, shipped.COUNT, 10_000, 20_000, 60_000)  # the buttons
COMPONENTS = 10  # to walk along
EXPLAINED = 50  # whose share of the variance is shown
DIMENSIONS = (2, 3)
FARTHEST = 4.0  # standard deviations
UPLOADS = 300  # pictures of one visitor
MEAN, PICTURE = "mean", "picture"
SAMPLES = "sample"
MODEL = "model"  # the pictures that a model of somebody's own was brought with
OWN = "own"  # the visitor's uploads, beside the sources of `pictures`


def sources() -> list[str]:
    """Where the pictures of a cloud may come from, beside uploads."""
    return [*pictures.gallery(), *([FACE] if "faces" in models.available() else [])]


def source_for(model: str) -> str:
    """The pictures that a model is first shown with.

    >>> source_for("digits")
    'digits'
    """
    own = models.brought_as(model)
    if own is not None and own.given:
        return MODEL
    # of one that ships it is known: while the page is made, no model is loaded
    in_colour = models.knows_faces(model) if own is None else models.shape(model)[0] == 3
    return FACE if in_colour and FACE in sources() else sources()[0]


def suits(data: str, model: str) -> bool:
    """Whether pictures of this source are shown with the model, or such as it is first shown with in their place.

    >>> suits("digits", "digits"), suits("face", "digits")
    (True, False)
    """
    if data == OWN:
        return True
    if MODEL in (data, source_for(model)) or models.abilities(model).pictures == BROUGHT:
        return data == source_for(model) or data != MODEL != source_for(model)
    return (data == FACE) == models.knows_faces(model)


def first_source(model: str) -> str:
    """The pictures that the page shows with a model at first: those that models draw, which are there in any number."""
    return source_for(model) if source_for(model) in (FACE, MODEL) else SAMPLES


def first_count(data: str, model: str) -> int:
    """How many at first: all that ship, of others so many that nobody waits."""
    return shipped.COUNT if (data, model) == (SAMPLES, models.NAMES[0]) else COUNTS[0]


def most_of(data: str) -> int:
    """The largest count on the buttons that a source has.

    >>> most_of("digits")
    1200
    """
    return max(count for count in COUNTS if count <= MOST_OF.get(data, COUNTS[-1]))


@dataclass(frozen=True)
class Arguments(Settings):
    """A cloud and a walk as the endpoint names them; without `data` the pictures are such as the model was trained on."""

    data: str = setting(
        Maybe(Choice(lambda: [*sources(), MODEL]), ""),
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
        models.Model(ONE_SPACE), models.NAMES[0], link="model", about="whose g induces the space", brief=True
    )

    def __post_init__(self) -> None:
        if not self.data:
            object.__setattr__(self, "data", source_for(self.model))
        if self.data == OWN and not self.own:
            raise ValueError(words.NO_PICTURES)
        if self.data == MODEL != source_for(self.model):
            raise ValueError(words.brought_none(models.title(self.model)))
        most = MOST_OF.get(self.data, COUNTS[-1])
        if self.count > most:
            raise ValueError(words.too_many(self.count, self.data, most))

    @property
    def origin(self) -> str | None:
        """The picture from which the walk starts, None for the mean."""
        return self.picture if self.start == PICTURE else None


@dataclass(frozen=True)
class Standing(Arguments):
    """What the page can be set to: counts by button, and the visitor's own pictures beside the sources.

    Without anything asked for it is the cloud that ships.
    """

    data: str = setting(Maybe(Choice(lambda: [*sources(), MODEL, OWN]), ""), None, link="data")
    count: int = setting(Maybe(Choice(COUNTS), ""), None, link="n")
    own: tuple[str, ...] = setting(Several(Picture(), 0, UPLOADS, "pictures"), ())
    labels: tuple[str, ...] = setting(Several(Text(labelled.LONGEST), 0, UPLOADS, "labels"), ())

    def __post_init__(self) -> None:
        if not self.data:
            object.__setattr__(self, "data", first_source(self.model))
        if self.count is None:
            object.__setattr__(self, "count", first_count(self.data, self.model))
        if len(self.labels) not in (0, len(self.own)):
            raise ValueError(words.labels_differ(len(self.labels), len(self.own)))
        super().__post_init__()
