"""What the project says of itself in `pyproject.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notebook_build import BuildError


@dataclass(frozen=True)
class Project:
    """The settings of one root: `[tool.notebook_build]`, each with a default."""

    root: Path
    title: str = "Notebooks"
    question: str = ""
    order: tuple[str, ...] = ()
    notebooks: str = "notebooks"
    lock: str = "requirements.lock"
    libraries: tuple[str, ...] = ()
    corrections: str = ""
    citation: str = "CITATION.cff"
    status: tuple[dict[str, str], ...] = ()
    #: Budgets: how long one cell, and one notebook, may take before it is stopped.
    cell_seconds: float = 900
    notebook_seconds: float = 1800

    @property
    def notebook_folder(self) -> Path:
        return self.root / self.notebooks

    @property
    def source(self) -> Path:
        """The code that notebooks import; which of it each loaded is recorded."""
        return self.root / "src"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def state(self) -> Path:
        """The builder's own records. All else in `reports` is for readers."""
        return self.reports / ".state"

    def page(self, name: str) -> Path:
        return self.reports / f"{name}.html"


def read_project(root: Path) -> Project:
    """Read `pyproject.toml` under `root`; a root without one has the defaults."""
    root = root.resolve()
    path = root / "pyproject.toml"
    if not path.exists():
        return Project(root)
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    settings = content.get("tool", {}).get("notebook_build", {})
    return Project(
        root,
        title=settings.get("title", Project.title),
        question=settings.get("question", Project.question),
        order=tuple(settings.get("order", ())),
        notebooks=settings.get("notebooks", Project.notebooks),
        lock=settings.get("lock", Project.lock),
        corrections=settings.get("corrections", Project.corrections),
        citation=settings.get("citation", Project.citation),
        status=tuple(settings.get("status", ())),
        libraries=tuple(map(distribution, content.get("project", {}).get("dependencies", ()))),
        cell_seconds=seconds(settings, "cell_seconds", "pyproject.toml", Project.cell_seconds),
        notebook_seconds=seconds(
            settings, "notebook_seconds", "pyproject.toml", Project.notebook_seconds
        ),
    )


def seconds(settings: dict[str, Any], name: str, where: str, default: float) -> float:
    """A budget among the settings, or the default; raises BuildError unless it is above 0."""
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise BuildError(f"{where}: {name} is {value!r}, not a number of seconds above 0.")
    return value


def distribution(requirement: str) -> str:
    """The name in a requirement.

    >>> distribution("pandas>=3")
    'pandas'
    """
    return re.match(r"[\w.-]+", requirement).group()
