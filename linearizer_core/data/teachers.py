"""Style teachers: any ONNX network that turns a photo into a painted one. Needed for training only, as is onnxruntime."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .. import files
from .dataset import DataError


class Teacher:
    """A network 1×3×H×W to the same, with pixels in [0, `top`], as a map of uint8 pictures (N, 3, S, S) to uint8 pictures.

    `side` is the S that its file prescribes, 256 where it leaves the size open. Raises `DataError` for a file that is no
    such network or not for pictures of this size, and where onnxruntime is not installed.

    >>> Teacher("no-such-file.onnx")
    Traceback (most recent call last):
    linearizer_core.data.dataset.DataError: no-such-file.onnx does not exist; pass the path of an ONNX style network.
    """

    def __init__(self, file: str | Path, top: float = 255.0) -> None:
        try:
            import onnxruntime  # slow to import, and only who trains styles needs it
        except ImportError as error:
            raise DataError(
                "teachers need onnxruntime, which is not installed; pip install onnxruntime."
            ) from error
        if not os.path.isfile(file):
            raise DataError(f"{file} does not exist; pass the path of an ONNX style network.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others share these cores
        try:
            self.session = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
            (taken,), (given,) = self.session.get_inputs(), self.session.get_outputs()
            fits = all(len(end.shape) == 4 and end.shape[1] in (3, "C") for end in (taken, given))
        except Exception as error:  # onnxruntime raises types of its own that it does not export
            why = files.reason(error, Path(file)) if files.is_pointer(Path(file)) else _reason(error)
            raise DataError(f"{file} is no ONNX network that can be read ({why}).") from error
        if not fits:
            raise DataError(f"{file} must take and give 1×3×H×W, got {taken.shape} and {given.shape}.")
        self.file, self.name, self.top = file, taken.name, top
        self.side = taken.shape[2] if isinstance(taken.shape[2], int) else 256

    def __call__(self, pictures: Tensor) -> Tensor:
        painted = []
        for picture in pictures:
            x = picture[None].numpy().astype(np.float32) * (self.top / 255)
            size = "×".join(map(str, x.shape))
            try:
                (y,) = self.session.run(None, {self.name: x})
            except Exception as error:  # a file for pictures of another size, for instance
                raise DataError(f"{self.file} cannot paint {size} ({_reason(error)}).") from error
            if y.shape != x.shape:
                raise DataError(
                    f"{self.file} makes {'×'.join(map(str, y.shape))} of {size}; it must keep the size."
                )
            painted.append(torch.from_numpy((y[0] * (255 / self.top)).clip(0, 255).round().astype(np.uint8)))
        return torch.stack(painted)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def parse_teachers(given: tuple[str, ...]) -> dict[str, str]:
    """("candy=candy.onnx", …) to {"candy": "candy.onnx"}. ValueError for anything else, or a name twice.

    >>> parse_teachers(("candy=a/candy.onnx",))
    {'candy': 'a/candy.onnx'}
    """
    teachers: dict[str, str] = {}
    for item in given:
        name, sign, file = item.partition("=")
        if not (sign and file and name.replace("-", "").isalnum()) or name in teachers:
            raise ValueError(
                f'teacher must be name=path, each name once, as in "candy=candy.onnx"; got {item!r}.'
            )
        teachers[name] = file
    return teachers
