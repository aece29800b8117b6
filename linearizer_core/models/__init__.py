"""What ships: Linearizers with a job. A model knows its networks and operators, never a recipe or a data set."""

from .generator import Generator
from .photo import PhotoLinearizer
from .projector import Projector
from .styles import Styles

__all__ = ["Generator", "PhotoLinearizer", "Projector", "Styles"]
