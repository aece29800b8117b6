"""A model on disk is its recipe's arguments (config.json) and its tensors (model.safetensors), never code.

Loading trusts nothing: names, types, shapes and numbers are checked, and a config that describes far more
than its file of tensors can fill is stopped before it allocates. Every refusal names the file and the field.
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, overload

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from . import configs, devices, extras, files, own
from .configs import CONFIG, WEIGHTS, CheckpointError, Config
from .models.aged import AgedGenerator
from .models.generator import Generator
from .models.projector import Projector
from .models.styles import Styles
from .randomness import seeded
from .recipes import Recipe
from .tensors import DTYPES, FLOATS, budget, finite, headers_of


def _assets() -> Path:
    """Where the shipped models lie: inside the package once it is installed, beside it in the repository."""
    package = Path(__file__).resolve().parent
    return package / "assets" if (package / "assets").is_dir() else package.parent / "assets"


ASSETS = _assets()
HELD = (CONFIG, WEIGHTS, "training.safetensors")
"""By any of these a folder is one that `save` or `train` wrote."""
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def pretrained() -> list[str]:
    """Names of the models that ship with this package.

    >>> all((ASSETS / name / "model.safetensors").is_file() for name in pretrained())
    True
    """
    return sorted(
        path.parent.name for path in ASSETS.glob(f"*/{CONFIG}") if (path.parent / WEIGHTS).is_file()
    )


def save(
    folder: str | Path,
    recipe: Recipe,
    model: nn.Module,
    figures: Mapping[str, object] | None = None,
    training: Mapping[str, object] | None = None,
) -> None:
    """Write config.json and model.safetensors to ``folder``; each replaced whole, so a kill leaves no half.

    ``figures`` (quality reached) and ``training`` (data, seconds, device) are JSON values for people to read.
    A network used twice is stored once. ValueError, before anything is written, for whatever `load` would refuse: a
    recipe that RECIPES does not hold, NaN, another precision than float32 or float64, a model that is not the recipe's.

    >>> from linearizer_core.recipes import DigitsClassifier
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(folder, DigitsClassifier(), DigitsClassifier().build(), figures={"test_accuracy": 0.1})
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['config.json', 'model.safetensors']
    """
    text = configs.write(Config(recipe, figures or {}, training or {}))
    tensors = {name: tensor.cpu().contiguous().clone() for name, tensor in _unique(model).items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(
                f"model: tensor {name} holds NaN or infinity, so nothing is saved; train with a lower rate."
            )
    _check_loadable(recipe, model, tensors)
    place = files.expanded(folder)
    files.check_writable(place)
    files.write({place / WEIGHTS: safetensors.torch.save(tensors), place / CONFIG: text.encode()})


def _check_loadable(recipe: Recipe, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Refuses a model that `load` could not give back: what it reads is what `recipe` builds, in one precision."""
    precisions = {tensor.dtype for tensor in tensors.values() if tensor.is_floating_point()}
    if len(precisions) > 1 or not precisions <= set(FLOATS.values()):
        found = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in precisions))
        raise ValueError(
            f"model: a saved model is all float32 or all float64, got {found}; call model.float() before."
        )
    wanted = _fresh(recipe)
    other = _difference(wanted, model)
    if other:
        raise ValueError(
            f"model is not what {recipe.name} builds: {other}; a model that was derived from a trained one "
            "cannot be saved as it, save the trained one and derive again after loading."
        )


def _fresh(recipe: Recipe) -> nn.Module:
    """The untrained model, drawn from no generator but its own."""
    with seeded(getattr(recipe, "seed", 0)):
        return recipe.build()


def _difference(wanted: nn.Module, model: nn.Module) -> str:
    """The first thing in which a model differs in build from the wanted one; empty where there is none."""
    pairs = dict(wanted.named_modules()), dict(model.named_modules())
    kinds, own = ({name: type(module).__name__ for name, module in modules.items()} for modules in pairs)
    for name in kinds | own:
        if kinds.get(name) != own.get(name):
            return f"{name or 'as a whole it'} is {own.get(name, 'missing')} instead of {kinds.get(name, 'absent')}"
    shapes, held = ({n: tuple(t.shape) for n, t in _unique(m).items()} for m in (wanted, model))
    for name in shapes | held:
        if shapes.get(name) != held.get(name):
            return f"{name} is {held.get(name, 'missing')} instead of {shapes.get(name, 'absent')}"
    return ""


def _unique(model: nn.Module) -> dict[str, Tensor]:
    """The state dict with each tensor once, under its first name: g_x and g_y may be one network."""
    named = model.state_dict(keep_vars=True)
    first: dict[int, str] = {}
    return {name: t.detach() for name, t in named.items() if first.setdefault(id(t), name) == name}


Planes = Literal["plane-moons", "plane-rings", "plane-spiral", "plane-checkerboard", "plane-identity"]


@overload
def load(name: Literal["digits"] | Planes, device: str | torch.device = "cpu") -> Generator: ...
@overload
def load(name: Literal["digits-projector"], device: str | torch.device = "cpu") -> Projector: ...
@overload
def load(name: Literal["faces"], device: str | torch.device = "cpu") -> AgedGenerator: ...
@overload
def load(name: Literal["styles"], device: str | torch.device = "cpu") -> Styles: ...
@overload
def load(name: str | Path, device: str | torch.device = "cpu") -> Any: ...
def load(name: str | Path, device: str | torch.device = "cpu") -> Any:
    """A model by its shipped name, a folder that `save` or a training wrote, or "owner/name" on the Hugging Face Hub.

    It comes in eval mode and frozen: gradients reach its inputs, not its parameters, until you call
    ``model.requires_grad_(True).train()``. The internet is asked only for an "owner/name" not found here.
    Raises `CheckpointError`, a ValueError, for everything that is wrong with the files.

    >>> load("digits").g_x.in_shape
    (1, 32, 32)
    """
    return from_pretrained(name, device=device)


def from_pretrained(
    name: str | Path,
    *,
    device: str | torch.device = "cpu",
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    token: str | bool | None = None,
) -> nn.Module:
    """`load` with the options of huggingface_hub's from_pretrained, which matter for Hub models only.

    >>> from_pretrained("digits", local_files_only=True).training
    False
    """
    target = devices.usable(device)
    folder = fetch(
        name,
        revision=revision,
        cache_dir=cache_dir,
        force_download=force_download,
        local_files_only=local_files_only,
        token=token,
    )
    return _read_model(folder).to(target)


def fetch(name: str | Path, **options: Any) -> Path:
    """The folder with the files of a shipped name, a folder, or "owner/name" on the Hub, which is asked if it must be.

    `options` are those of `from_pretrained`. Raises `CheckpointError`.

    >>> fetch("digits") == ASSETS / "digits"
    True
    """
    folder = _local(name)
    return _snapshot(str(name), **options) if folder is None else folder


def read_config(name: str | Path) -> Config:
    """The recipe, figures and training notes of whatever `load` takes. Raises `CheckpointError`.

    >>> read_config("digits").recipe.name
    'digits'
    """
    return configs.read(fetch(name) / CONFIG)


def push_to_hub(
    name: str | Path,
    repo_id: str,
    *,
    private: bool | None = None,
    token: str | None = None,
    commit_message: str = "Push model using linearizer_core.",
) -> str:
    """Upload a shipped model or a saved folder to ``repo_id``; returns the address of the commit.

    The folder is loaded first, so that nothing broken is published. Its README.md goes with it as the model
    card; where there is none, a short one is written. Log in with ``hf auth login``, or pass ``token``.

    >>> push_to_hub("no/such-folder", "me/digits")      # refused before the Hub is asked
    Traceback (most recent call last):
    linearizer_core.configs.CheckpointError: no/such-folder is no folder here; pass one of ...
    """
    folder = local_folder(name)
    _read_model(folder)
    with extras.wanted():  # not needed, and slow to import, for all who stay on their own machine
        from huggingface_hub import HfApi
    api = HfApi(token=token)
    repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    with tempfile.TemporaryDirectory() as staged:
        for file in (CONFIG, WEIGHTS):
            shutil.copy(folder / file, staged)
        card = Path(staged) / "README.md"
        if (folder / "README.md").is_file():
            shutil.copy(folder / "README.md", card)
        else:
            card.write_text(_card(repo_id, folder), encoding="utf-8")
        return str(api.upload_folder(repo_id=repo_id, folder_path=staged, commit_message=commit_message))


def _card(repo_id: str, folder: Path) -> str:
    about = configs.read(folder / CONFIG)
    rows = [[str(cell).replace("|", "\\|") for cell in figure] for figure in about.figures.items()]
    made = f", recipe `{about.recipe.name}`" if about.recipe else ""
    figures = "".join(f"| {name} | {value} |\n" for name, value in rows)
    return (
        "---\nlibrary_name: linearizer-lab\nlicense: mit\ntags:\n- linearizer\n---\n"
        f"# {repo_id}\n\nA Linearizer, f(x) = g_y⁻¹(A g_x(x)){made}.\n\n"
        f'```python\nimport linearizer_core as lc\nmodel = lc.load("{repo_id}")\n```\n\n'
        f"| figure | value |\n| --- | --- |\n{figures}"
    )


def local_folder(name: str | Path) -> Path:
    """The folder of a shipped name, or a folder; the Hub is not asked. Raises `CheckpointError`.

    >>> local_folder("digits") == ASSETS / "digits"
    True
    """
    folder = _local(name)
    if folder is None:
        raise CheckpointError(f"{name} is no folder here; pass one of {pretrained()} or a folder.")
    return folder


def _local(name: str | Path) -> Path | None:
    """The folder that a name means, or None for a Hub id without a folder of that name.

    A shipped name that is also a model's folder here means neither: CheckpointError says how to name each. A folder
    without a model in it, of pictures for instance, is not meant.
    """
    if not isinstance(name, str | Path):
        raise CheckpointError(f"a model is given by its name or folder, got {name!r}.")
    folder = files.expanded(name)
    if isinstance(name, str) and name in pretrained():
        shipped = ASSETS / name
        if any((folder / file).exists() for file in HELD) and folder.resolve() != shipped.resolve():
            raise CheckpointError(
                f"{name!r} is a shipped model and a folder here that holds a model too; "
                f"pass './{name}' for the folder or {str(shipped)!r} for the shipped one."
            )
        return shipped
    if folder.is_dir():
        return folder
    if isinstance(name, str) and HUB_ID.fullmatch(name):
        return None
    raise CheckpointError(
        f"{str(name)!r} is no shipped model ({', '.join(pretrained()) or 'none yet'}), no folder here "
        'and no "owner/name" on the Hugging Face Hub; pass one of these.'
    )


def _snapshot(repo_id: str, **options: Any) -> Path:
    with extras.wanted():
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(repo_id, allow_patterns=[CONFIG, WEIGHTS], **options))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise CheckpointError(
            f"{repo_id} is no folder here and could not be fetched from the Hub ({files.reason(error)}); "
            f"check its name and the network, or pass a folder with {CONFIG} and {WEIGHTS}."
        ) from error


def _read_model(folder: Path) -> nn.Module:
    """Build what config.json describes, check every tensor's header against it, then read the numbers."""
    file, config = folder / WEIGHTS, configs.read(folder / CONFIG)
    recipe = config.recipe
    if recipe is None:
        return own.read(folder, config.parts)
    try:
        with files.utf_8_name(file) as place, safe_open(place, framework="pt") as stored:
            headers = headers_of(stored)
            model = _build(folder, recipe, headers)
            for name, tensor in _unique(model).items():
                tensor.copy_(finite(file, name, stored.get_tensor(name)))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{file} is missing, cut short or no safetensors file ({files.reason(error, file)}); fetch it again."
        ) from error
    return model.eval().requires_grad_(False)


def _build(folder: Path, recipe: Recipe, headers: dict[str, tuple[str, tuple[int, ...]]]) -> nn.Module:
    """The recipe's untrained model, in the file's precision, once it is known to fit the file's headers."""
    stored = sum(math.prod(shape) for _, shape in headers.values())
    try:
        with budget(len(headers), stored):
            model = _fresh(recipe)
    except (ValueError, TypeError, ArithmeticError, RuntimeError, MemoryError) as error:
        raise CheckpointError(
            f"{folder / CONFIG}: field arguments describes no model that fits {WEIGHTS} ({files.reason(error)}); "
            "fetch both again."
        ) from error
    kinds = {FLOATS[kind] for kind, _ in headers.values() if kind in FLOATS}
    model = model.to(kinds.pop()) if len(kinds) == 1 else model
    _check_headers(folder / WEIGHTS, headers, _unique(model))
    return model


def _check_headers(
    file: Path, headers: dict[str, tuple[str, tuple[int, ...]]], wanted: dict[str, Tensor]
) -> None:
    for name in sorted(wanted.keys() ^ headers.keys()):
        fault = "is missing" if name in wanted else "is not part of this model"
        raise CheckpointError(f"{file}: tensor {name} {fault}; fetch the file that belongs to {CONFIG}.")
    for name, tensor in wanted.items():
        kind, shape = headers[name]
        if DTYPES.get(kind) != tensor.dtype or shape != tuple(tensor.shape):
            raise CheckpointError(
                f"{file}: tensor {name} must be {tensor.dtype} of shape {tuple(tensor.shape)}, "
                f"got {kind} of shape {shape}; fetch the file that belongs to {CONFIG}."
            )
