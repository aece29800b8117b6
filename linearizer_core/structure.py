"""What a model is built of, as JSON: the classes of its parts and the arguments of their constructors, and its tensors.

A part is an object {"class": name, "arguments": {...}}, where an argument is a number, a word, true, false, null, a list
of arguments, {"part": i} for a part before this one, {"parts": {name: i}}, or {"tensor": name}. What two parts share
they share again. Only classes that are registered are built, and by their own constructors, which check what they are
given; so nothing in a file runs, and a part that does not fit is refused by the sentence of its class.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .registered import REGISTERED, attribute, fits, many, name_of, parameters

Part = dict[str, Any]
MOST_MODULES, MOST_DEPTH = 100_000, 150  # of a model; a call of one that lies deeper ends Python's stack


def describe(model: nn.Module) -> tuple[list[Part], dict[str, Tensor]]:
    """The parts of a model, each before those that hold it, and its tensors by name, each once.

    ValueError for a part of a class that is not registered, or one that does not keep an argument of its constructor.

    >>> from linearizer_core import operators
    >>> parts, tensors = describe(operators.Dense(torch.eye(2)) @ operators.Identity(2))
    >>> [part["class"] for part in parts], list(tensors)
    (['Dense', 'Identity', 'Composed'], ['0.matrix'])
    """
    found = _Description()
    try:
        found.part(model)
    except RecursionError as error:
        raise ValueError(f"model: its parts lie too deep, at most {MOST_DEPTH} can be kept.") from error
    return found.parts, found.tensors


class _Description:
    """Parts and tensors as they are met; both are known by their identity, so what is shared is written once."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.tensors: dict[str, Tensor] = {}
        self.numbers: dict[int, int] = {}
        self.names: dict[int, str] = {}

    def part(self, module: nn.Module) -> int:
        if id(module) not in self.numbers:
            name = name_of(module)
            held = {key: attribute(module, key) for key in parameters(type(module))}  # type: ignore[arg-type]  # classes have a hash
            for inner in _modules_in(list(held.values())):
                self.part(inner)
            own, number = _own(module, list(_modules_in(list(held.values())))), len(self.parts)
            self.numbers[id(module)] = number
            ties = {key: self._tensor(tensor, f"{number}.{key}") for key, tensor in own.items()}
            ties = {key: first for key, first in ties.items() if first != f"{number}.{key}"}
            where = f"{type(module).__name__}: argument"
            arguments = {
                key: self._written(f"{where} {key}", value, f"{number}.{key}") for key, value in held.items()
            }
            self.parts.append({"class": name, "arguments": arguments} | ({"shared": ties} if ties else {}))
        return self.numbers[id(module)]

    def _tensor(self, tensor: Tensor, name: str) -> str:
        if id(tensor) not in self.names:
            self.names[id(tensor)], self.tensors[name] = name, tensor
        return self.names[id(tensor)]

    def _written(self, where: str, value: object, name: str) -> object:
        """An argument as JSON."""
        match value:
            case nn.ModuleDict():
                return {"parts": {key: self.numbers[id(inner)] for key, inner in value.items()}}
            case nn.ModuleList():
                return [{"part": self.numbers[id(inner)]} for inner in value]
            case nn.Module():
                return {"part": self.numbers[id(value)]}
            case Tensor():
                trains = {"trains": True} if isinstance(value, nn.Parameter) else {}
                return {"tensor": self._tensor(value, name)} | trains
            case list() | tuple():
                return [self._written(where, inner, f"{name}.{i}") for i, inner in enumerate(value)]
            case None | bool() | int() | str():
                return value
            case float() if math.isfinite(value):
                return value
        raise ValueError(
            f"{where} is {value!r}, which cannot be saved; keep a number, a word, a tensor or a module."
        )


def build(parts: object, tensors: Mapping[str, Tensor], precision: torch.dtype | None = None) -> nn.Module:
    """The model that `describe` described; `precision` is that of what is no stored tensor.

    ValueError, naming the part and the argument, for whatever it could not have written, and for tensors that are
    missing, left over, or of another shape than their part has.

    >>> from linearizer_core import operators
    >>> A = operators.LowRank(torch.ones(3, 1), torch.ones(2, 1))
    >>> build(*describe(A)).dense().equal(A.dense())
    True
    >>> build([{"class": "os.system", "arguments": {"command": "ls"}}], {})
    Traceback (most recent call last):
    ValueError: [0].class must be a registered class, got 'os.system'; import the file that defines it ...
    """
    if not isinstance(parts, list) or not parts:
        raise ValueError(f"it must be a list of parts, got {parts!r:.80}")
    built: list[nn.Module] = []
    used: set[str] = set()
    tensors, extents = dict(tensors), dict[int, _Extent]()
    for number, part in enumerate(parts):
        building = _Building(number, part, built, tensors, used)
        built.append(building.module(precision))
        extents[id(built[-1])] = _extent(number, [extents[id(inner)] for inner in building.inner])
    unused = sorted(tensors.keys() - used)
    if unused:
        raise ValueError(f"no part has the tensor {unused[0]}")
    return built[-1]


class _Extent(NamedTuple):
    """How many modules a part is where what is shared counts each time, and how deep they lie."""

    modules: int
    depth: int


def _extent(number: int, inner: list[_Extent]) -> _Extent:
    """That of a part that holds these. ValueError for one that no call would come to the end of."""
    modules = 1 + sum(one.modules for one in inner)
    depth = 1 + max((one.depth for one in inner), default=0)
    if modules > MOST_MODULES or depth > MOST_DEPTH:
        raise ValueError(
            f"[{number}] holds {modules} parts, {depth} deep, where what is shared counts each time; at most "
            f"{MOST_MODULES} parts {MOST_DEPTH} deep are kept"
        )
    return _Extent(modules, depth)


class _Building:
    """One part on its way from JSON to a module."""

    def __init__(
        self, number: int, part: object, built: list[nn.Module], tensors: dict[str, Tensor], used: set[str]
    ) -> None:
        if not isinstance(part, dict) or not {"class", "arguments"} <= part.keys() <= {
            "class",
            "arguments",
            "shared",
        }:
            raise ValueError(f"[{number}] must have a class and arguments, got {part!r:.80}")
        self.number, self.part, self.built, self.tensors, self.used = number, part, built, tensors, used
        self.inner: list[nn.Module] = []

    def module(self, precision: torch.dtype | None) -> nn.Module:
        kind, given, shared = self.part["class"], self.part["arguments"], self.part.get("shared", {})
        if not isinstance(kind, str) or kind not in REGISTERED:
            raise ValueError(
                f"[{self.number}].class must be a registered class, got {kind!r:.80}; import the file that defines it "
                "and registers it by linearizer_core.register"
            )
        if not isinstance(given, dict) or not isinstance(shared, dict):
            raise ValueError(f"[{self.number}].arguments and .shared must be objects, got {given!r:.80}")
        module = self._called(REGISTERED[kind], given)
        module = module if precision is None else module.to(precision)
        for key, own in _own(module, self.inner).items():
            self._put(module, key, own, shared.get(key, f"{self.number}.{key}"))
        return module

    def _called(self, kind: type[nn.Module], given: Mapping[str, object]) -> nn.Module:
        known, several = parameters(kind), ()  # type: ignore[arg-type]  # classes have a hash
        for name in given.keys() - known.keys():
            raise ValueError(
                f"[{self.number}].arguments.{name} is none of {kind.__name__}, which has {sorted(known)}"
            )
        values = {
            name: self._read(f"[{self.number}].arguments.{name}", value) for name, value in given.items()
        }
        for name, value in values.items():
            if not fits(value, known[name]):
                raise ValueError(
                    f"[{self.number}].arguments.{name} is not what {kind.__name__} takes, got {given[name]!r:.80}"
                )
        if many(kind) in values:
            several = tuple(typing.cast(tuple, values.pop(many(kind))))
        try:
            return kind(*several, **values)
        except (
            ValueError,
            TypeError,
            RuntimeError,
            ArithmeticError,
            MemoryError,
            IndexError,
            AttributeError,
        ) as error:
            first = (str(error) or type(error).__name__).splitlines()[0][:200]
            raise ValueError(
                f"[{self.number}].arguments is refused by {kind.__name__} ({first.rstrip('.')})"
            ) from error

    def _read(self, where: str, value: object) -> object:
        match value:
            case {"part": int(i), **rest} if (
                not rest and not isinstance(i, bool) and 0 <= i < len(self.built)
            ):
                self.inner.append(self.built[i])
                return self.built[i]
            case {"parts": dict(inner), **rest} if not rest:
                return {key: self._read(f"{where}.{key}", {"part": i}) for key, i in inner.items()}
            case {"tensor": str(name), **rest} if rest in ({}, {"trains": True}) and name in self.tensors:
                return self._stored(name, bool(rest))
            case dict():
                raise ValueError(
                    f"{where} must name a part before this one, or a stored tensor, got {value!r:.80}"
                )
            case list():
                return tuple(self._read(f"{where}[{i}]", inner) for i, inner in enumerate(value))
        return value

    def _put(self, module: nn.Module, key: str, own: Tensor, name: object) -> None:
        """Gives a part its stored tensor instead of the fresh one, the same object wherever it is shared."""
        if not isinstance(name, str) or name not in self.tensors:
            raise ValueError(f"tensor {name} is missing")
        stored = self.tensors[name]
        if stored.shape != own.shape or stored.is_floating_point() != own.is_floating_point():
            wanted = f"{own.dtype} of shape {tuple(own.shape)}"
            raise ValueError(
                f"tensor {name} must be {wanted}, got {stored.dtype} of shape {tuple(stored.shape)}"
            )
        owner, leaf = module.get_submodule(key.rpartition(".")[0]), key.rpartition(".")[2]
        kept: dict[str, Any] = owner._parameters if leaf in owner._parameters else owner._buffers
        kept[leaf] = self._stored(name, isinstance(own, nn.Parameter))

    def _stored(self, name: str, trains: bool) -> Tensor:
        tensor = self.tensors[name]
        if trains and tensor.is_floating_point() and not isinstance(tensor, nn.Parameter):
            tensor = self.tensors[name] = nn.Parameter(tensor)
        self.used.add(name)
        return tensor


def _modules_in(value: object) -> Iterator[nn.Module]:
    if isinstance(value, nn.ModuleList | list | tuple):
        for inner in value:
            yield from _modules_in(inner)
    elif isinstance(value, nn.ModuleDict):
        yield from value.values()
    elif isinstance(value, nn.Module):
        yield value


def _own(module: nn.Module, parts: list[nn.Module]) -> dict[str, Tensor]:
    """The stored tensors of a module but those of parts of its own, into which nothing here descends."""
    apart = {id(part) for part in parts}
    found: dict[str, Tensor] = {}
    todo = [("", module)]
    while todo:
        prefix, inner = todo.pop(0)
        inner._save_to_state_dict(found, prefix, keep_vars=True)
        children = [
            (f"{prefix}{name}.", child) for name, child in inner._modules.items() if child is not None
        ]
        todo = [(name, child) for name, child in children if id(child) not in apart] + todo
    return found
