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

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from . import configs
from .configs import CheckpointError, Config
from .recipes import Recipe

ASSETS = Path(__file__).resolve().parents[1] / "assets"
CONFIG, WEIGHTS = "config.json", "model.safetensors"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
FLOATS = {"F32": torch.float32, "F64": torch.float64}
DTYPES = {**FLOATS, "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8, "BOOL": torch.bool}
FACTORIES = {torch.empty, torch.zeros, torch.ones, torch.full, torch.eye, torch.arange, torch.linspace}
FACTORIES |= {torch.rand, torch.randn, torch.randint, torch.randperm}


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
    A network used twice is stored once. ValueError for a recipe that RECIPES does not hold, and for NaN.

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
    Path(folder).mkdir(parents=True, exist_ok=True)
    _replace(Path(folder) / WEIGHTS, safetensors.torch.save(tensors))
    _replace(Path(folder) / CONFIG, text.encode())


def _replace(file: Path, content: bytes) -> None:
    part = file.with_name(file.name + ".part")
    part.write_bytes(content)
    part.replace(file)


def _unique(model: nn.Module) -> dict[str, Tensor]:
    """The state dict with each tensor once, under its first name: g_x and g_y may be one network."""
    named = model.state_dict(keep_vars=True)
    first: dict[int, str] = {}
    return {name: t.detach() for name, t in named.items() if first.setdefault(id(t), name) == name}


def load(name: str | Path, device: str | torch.device = "cpu") -> nn.Module:
    """A model by its shipped name, a folder that `save` wrote, or "owner/name" on the Hugging Face Hub.

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
    target = _device(device)
    folder = _local(name)
    if folder is None:
        folder = _snapshot(
            str(name),
            revision=revision,
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
            token=token,
        )
    return _read_model(folder).to(target)


def read_config(name: str | Path) -> Config:
    """The recipe, figures and training notes of a shipped name or a folder. Raises `CheckpointError`.

    >>> read_config("digits").recipe.name
    'digits'
    """
    return configs.read(_local_folder(name) / CONFIG)


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
    from huggingface_hub import HfApi  # not needed, and slow to import, for all who stay on their own machine

    folder = _local_folder(name)
    _read_model(folder)
    api = HfApi(token=token)
    repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    with tempfile.TemporaryDirectory() as staged:
        for file in (CONFIG, WEIGHTS):
            shutil.copy(folder / file, staged)
        card = folder / "README.md"
        (Path(staged) / "README.md").write_text(
            card.read_text() if card.is_file() else _card(repo_id, folder)
        )
        return str(api.upload_folder(repo_id=repo_id, folder_path=staged, commit_message=commit_message))


def _card(repo_id: str, folder: Path) -> str:
    about = configs.read(folder / CONFIG)
    rows = [[str(cell).replace("|", "\\|") for cell in figure] for figure in about.figures.items()]
    figures = "".join(f"| {name} | {value} |\n" for name, value in rows)
    return (
        "---\nlibrary_name: linearizer-lab\nlicense: mit\ntags:\n- linearizer\n---\n"
        f"# {repo_id}\n\nA Linearizer, f(x) = g_y⁻¹(A g_x(x)), recipe `{about.recipe.name}`.\n\n"
        f'```python\nimport linearizer_core as lc\nmodel = lc.load("{repo_id}")\n```\n\n'
        f"| figure | value |\n| --- | --- |\n{figures}"
    )


def _local_folder(name: str | Path) -> Path:
    folder = _local(name)
    if folder is None:
        raise CheckpointError(f"{name} is no folder here; pass one of {pretrained()} or a folder.")
    return folder


def _local(name: str | Path) -> Path | None:
    """The folder that a name means, or None for a Hub id without a folder of that name."""
    if isinstance(name, str) and name in pretrained():
        return ASSETS / name
    if Path(name).is_dir():
        return Path(name)
    if isinstance(name, str) and HUB_ID.fullmatch(name):
        return None
    raise CheckpointError(
        f"{str(name)!r} is no shipped model ({', '.join(pretrained()) or 'none yet'}), no folder here "
        'and no "owner/name" on the Hugging Face Hub; pass one of these.'
    )


def _snapshot(repo_id: str, **options: object) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(repo_id, allow_patterns=[CONFIG, WEIGHTS], **options))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise CheckpointError(
            f"{repo_id} is no folder here and could not be fetched from the Hub ({_reason(error)}); "
            f"check its name and the network, or pass a folder with {CONFIG} and {WEIGHTS}."
        ) from error


def _read_model(folder: Path) -> nn.Module:
    """Build what config.json describes, check every tensor's header against it, then read the numbers."""
    file, recipe = folder / WEIGHTS, configs.read(folder / CONFIG).recipe
    try:
        with safe_open(file, framework="pt") as stored:
            headers = {name: stored.get_slice(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
            headers = {name: (h.get_dtype(), tuple(h.get_shape())) for name, h in headers.items()}
            model = _build(folder, recipe, headers)
            for name, tensor in _unique(model).items():
                tensor.copy_(_finite(file, name, stored.get_tensor(name)))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{file} is missing, cut short or no safetensors file ({_reason(error)}); fetch it again."
        ) from error
    return model.eval().requires_grad_(False)


def _build(folder: Path, recipe: Recipe, headers: dict[str, tuple[str, tuple[int, ...]]]) -> nn.Module:
    """The recipe's untrained model, in the file's precision, once it is known to fit the file's headers."""
    stored = sum(math.prod(shape) for _, shape in headers.values())
    try:
        with torch.random.fork_rng(devices=[]), _Budget(8 * stored + 1_000_000):
            model = recipe.build()
    except (ValueError, TypeError, ArithmeticError, RuntimeError, MemoryError) as error:
        raise CheckpointError(
            f"{folder / CONFIG}: field arguments describes no model that fits {WEIGHTS} ({_reason(error)}); "
            "fetch both again."
        ) from error
    kinds = {FLOATS[kind] for kind, _ in headers.values() if kind in FLOATS}
    model = model.to(kinds.pop()) if len(kinds) == 1 else model
    _check_headers(folder / WEIGHTS, headers, _unique(model))
    return model


class _Budget(TorchFunctionMode):
    """Refuses, before it is allocated, the tensor that takes a build past so many numbers in all."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.left = numbers

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in FACTORIES:
            self.left -= func(
                *args, **{**kwargs, "device": "meta"}
            ).numel()  # a meta tensor is a shape without memory
            if self.left < 0:
                raise ValueError("it would take many times the memory of the stored tensors")
        return func(*args, **kwargs)


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


def _finite(file: Path, name: str, tensor: Tensor) -> Tensor:
    if not torch.isfinite(tensor).all():
        raise CheckpointError(
            f"{file}: tensor {name} holds NaN or infinity; fetch the file again or train anew."
        )
    return tensor


def _device(device: str | torch.device) -> torch.device:
    try:
        target = torch.device(device)
        torch.empty(0, device=target)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f'device must be one that this PyTorch has, got {device!r} ({_reason(error)}); "cpu" works.'
        ) from error
    return target


def _reason(error: Exception) -> str:
    """The first line of a library's message, at most 200 characters: the rest is its own stack."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
