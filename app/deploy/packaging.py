"""What the wheel holds of the app: the same files as a package `linearizer_lab`, since many programs have an `app`.

Hatchling calls it while it builds a wheel (pyproject.toml). One tree serves both names: only statements that import
`app` are written anew.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "linearizer_lab"
IMPORT = re.compile(r"^(\s*(?:from|import)\s+)app(?=[.\s])", re.MULTILINE)


def renamed(source: str) -> str:
    """A file of the app as one of the package.

    >>> renamed("from app import words; from app.views import plane")
    'from linearizer_lab import words; from app.views import plane'
    """
    return IMPORT.sub(rf"\1{NAME}", source)


class Packaging(BuildHookInterface):
    """The hook: writes the package into a folder that lasts as long as the build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # there the repository itself is on the path
            return
        self.place = tempfile.TemporaryDirectory()
        app = Path(self.root) / "app"
        for file in sorted(app.rglob("*.py")):
            there = Path(self.place.name) / file.relative_to(app)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_text(renamed(file.read_text("utf-8")), "utf-8")
            build_data["force_include"][str(there)] = f"{NAME}/{file.relative_to(app).as_posix()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self.place.cleanup()
