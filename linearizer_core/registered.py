"""The classes that a saved model may be built of, and what their constructors take."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from functools import cache
from typing import Any, TypeVar

from torch import nn

from . import networks, operators
from .algebra.base import Composed, Scaled, Sum, Transposed
from .algebra.iterated import IteratedExponential, IteratedInverse, IteratedPower
from .linearizer import Linearizer
from .models.aged import AgedGenerator
from .models.generator import Generator
from .models.photo import PhotoLinearizer
from .models.projector import Projector
from .models.styles import Styles
from .networks import frequencies, lifting
from .networks.folding import Folded

Kind = TypeVar("Kind", bound=type[nn.Module])

MODELS = (Linearizer, Projector, PhotoLinearizer, Generator, AgedGenerator, Styles)
BUILT = (Composed, Sum, Scaled, Transposed, IteratedInverse, IteratedPower, IteratedExponential)
FREQUENCIES = ("BlockReflector", "CosineTransform", "Rescale")
LIFTING = ("Clipped", "Lift", "OnLeading", "PictureConditioner", "Refiner")
LAYERS = (nn.Conv2d, nn.Flatten, nn.GELU, nn.Identity, nn.Linear, nn.ReLU, nn.Sequential, nn.SiLU, nn.Tanh)
"""Of PyTorch, for conditioners of one's own."""

REGISTERED: dict[str, type[nn.Module]] = {kind.__name__: kind for kind in (*MODELS, *BUILT)}
REGISTERED |= {f"torch.{kind.__name__}": kind for kind in LAYERS}
NAMED = (
    (networks, networks.__all__),
    (operators, operators.__all__),
    (frequencies, FREQUENCIES),
    (lifting, LIFTING),
)
for _package, _names in NAMED:
    _found = {name: getattr(_package, name) for name in _names}
    REGISTERED |= {
        name: kind
        for name, kind in _found.items()
        if inspect.isclass(kind) and issubclass(kind, nn.Module) and not inspect.isabstract(kind)
    }

OTHER_NAMES = {"g": "g_x", "P": "A"}
"""Arguments that are kept under another name than their own."""

PLACES = {"device", "dtype"}
"""Arguments that say where a layer of PyTorch lies, which its tensors say already."""


def register(kind: Kind) -> Kind:
    """Lets `save` and `load` know a class of your own, as @register above it; it is found by its name.

    Each argument of its constructor must be kept as an attribute of the same name, as scikit-learn has it: a number, a
    word, a tensor, a module, or a list of these. ValueError for a name that another class has.

    >>> @register
    ... class Twice(networks.InvertibleNetwork):
    ...     def __init__(self, in_shape):
    ...         super().__init__()
    ...         self.in_shape = self.out_shape = in_shape
    ...     def forward(self, x): return 2 * x
    ...     def inverse(self, z): return z / 2
    >>> name_of(Twice((3,))), attribute(Twice((3,)), "in_shape")
    ('Twice', (3,))
    """
    if not (inspect.isclass(kind) and issubclass(kind, nn.Module)):
        raise ValueError(f"register takes a class of modules, got {kind!r}; put it above the class.")
    other = REGISTERED.get(kind.__name__)
    if other is not None and (other.__module__, other.__qualname__) != (kind.__module__, kind.__qualname__):
        raise ValueError(
            f"{kind.__name__} is the name of {other.__module__}.{other.__qualname__} already; take another."
        )
    REGISTERED[kind.__name__] = kind
    return kind


def name_of(module: nn.Module) -> str:
    """The name that the class of a module is registered by. ValueError where it is not.

    >>> name_of(networks.Log(2)), name_of(nn.Linear(1, 1))
    ('Log', 'torch.Linear')
    """
    kind = type(module)
    for name in (kind.__name__, f"torch.{kind.__name__}"):
        if REGISTERED.get(name) is kind:
            return name
    if isinstance(module, Folded):
        raise ValueError("model is folded; save the one that it was folded from, and fold it after loading.")
    raise ValueError(
        f"{kind.__name__} is not registered, so it could not be loaded again; put @linearizer_core.register above the class."
    )


@cache
def parameters(kind: type[nn.Module]) -> dict[str, Any]:
    """The arguments of a constructor, each with its type; Any where none is written or it cannot be found.

    >>> parameters(networks.Log)
    {'n': <class 'int'>}
    """
    if kind.__init__ is nn.Module.__init__:
        return {}
    try:
        hints = typing.get_type_hints(kind.__init__)
    except (NameError, TypeError):
        hints = {}
    signature = inspect.signature(kind.__init__).parameters
    named = {name: p for name, p in signature.items() if name not in PLACES and p.kind is not p.VAR_KEYWORD}
    several = {
        name: types.GenericAlias(tuple, (hints.get(name, Any), ...))
        for name, p in named.items()
        if p.kind is p.VAR_POSITIONAL
    }
    return {name: several.get(name, hints.get(name, Any)) for name in list(named)[1:]}


def many(kind: type[nn.Module]) -> str:
    """The name of the argument *name of a constructor; empty where it has none.

    >>> many(networks.Chain), many(networks.Log)
    ('networks', '')
    """
    signature = inspect.signature(kind.__init__).parameters.values()
    return next((p.name for p in signature if p.kind is p.VAR_POSITIONAL), "")


def attribute(module: nn.Module, name: str) -> object:
    """What was given as the argument `name`, by what the module keeps under that name. ValueError where it keeps nothing.

    >>> attribute(networks.Log(2), "n"), attribute(nn.Linear(2, 3), "bias")
    (2, True)
    """
    if isinstance(module, nn.Sequential):
        return list(module)
    shape = getattr(module, "shape", None) or getattr(module, "in_shape", None)
    if name == "n" and not hasattr(module, "n") and shape:
        return shape[0]
    value = getattr(module, name, getattr(module, OTHER_NAMES.get(name, name), inspect.Parameter.empty))
    if value is inspect.Parameter.empty:
        raise ValueError(
            f"{type(module).__name__} does not keep its argument {name}, so it could not be loaded again; set self.{name}."
        )
    if name == "bias" and isinstance(module, LAYERS):
        return value is not None
    return list(value) if name == many(type(module)) and isinstance(value, nn.Sequential) else value


def fits(value: object, hint: Any) -> bool:
    """Whether a value is of a declared type, as far as that says something.

    >>> fits((1, 2), tuple[int, ...]), fits(True, int), fits(None, int | None)
    (True, False, True)
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, str | TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is tuple:
        inner = inner[:1] * len(value) if isinstance(value, tuple) and inner[-1:] == (Ellipsis,) else inner
        return isinstance(value, tuple) and len(value) == len(inner) and all(map(fits, value, inner))
    if origin is typing.Literal:
        return value in inner
    if origin is collections.abc.Callable:
        return False  # no file says what to call
    if origin is not None:
        return isinstance(value, origin)
    if hint in (int, float):
        return isinstance(value, int if hint is int else int | float) and not isinstance(value, bool)
    return value is None if hint in (None, type(None)) else isinstance(value, hint)
