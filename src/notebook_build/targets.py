"""What a build makes: the page of a notebook, or beside it one of a run with other parameters."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.notebook import Notebook
from notebook_build.parameters import defaults_of, parse_overrides
from notebook_build.state import runs_of

#: Stands between a notebook's name and the parameters in the name of a run's page.
BETWEEN = "--"
UNSAFE = re.compile(r"[^A-Za-z0-9._]+")
LONGEST = 120


@dataclass(frozen=True)
class Target:
    """One page: its name, its notebook, and the parameters that were `given` for it."""

    name: str
    notebook: Notebook
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def is_run(self) -> bool:
        return bool(self.given)

    @property
    def page(self) -> Notebook:
        """The notebook under the name and title of this page."""
        if not self.given:
            return self.notebook
        title = f"{self.notebook.title} ({in_words(self.given)})"
        return replace(self.notebook, name=self.name, title=title)

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters, the given ones in place of the defaults."""
        return defaults_of(self.notebook.parameters) | self.given

    def kept_outputs(self, project: Project) -> Path:
        """Where the outputs of a run lie: those of the defaults keep their place."""
        return project.reports / "runs" / self.name


def defaults(notebooks: Iterable[Notebook]) -> dict[str, Target]:
    return {notebook.name: Target(notebook.name, notebook) for notebook in notebooks}


def run_target(notebook: Notebook, given: dict[str, str], taken: Iterable[str]) -> Target:
    """The run of a notebook with parameters given as text.

    Raises BuildError for a value that is unfit, and where none differs from its default.
    """
    values = parse_overrides(given, notebook.parameters, notebook.path.name)
    different = {
        name: value
        for name, value in sorted(values.items())
        if not same(value, notebook.parameters[name].default)
    }
    if not different:
        raise BuildError(
            f"no parameter differs from its default: that page is {notebook.name}.html. "
            f"{notebook.path.name} has: {', '.join(notebook.parameters) or 'no parameters'}."
        )
    name = f"{notebook.name}{BETWEEN}{as_name(different)}"
    if name in taken:
        raise BuildError(f"the page {name}.html belongs to a notebook of that name.")
    return Target(name, notebook, different)


def recorded_runs(project: Project, notebooks: dict[str, Notebook]) -> dict[str, Target]:
    """The runs with other parameters whose pages stand, in the order of their notebooks."""
    return {
        name: Target(name, notebook, read_literals(record["given"]))
        for notebook in notebooks.values()
        for name, record in runs_of(project, notebook.name).items()
    }


def literals(values: dict[str, Any]) -> dict[str, str]:
    """Parameters as they are recorded: as Python writes them, since JSON knows no tuple."""
    return {name: repr(value) for name, value in values.items()}


def read_literals(texts: dict[str, str]) -> dict[str, Any]:
    return {name: ast.literal_eval(text) for name, text in texts.items()}


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


def as_name(given: dict[str, Any]) -> str:
    """The parameters as part of a file's name; a hash makes it unique where signs were lost.

    >>> as_name({"flow": "import", "train_end": "2016-12"})
    'flow-import--train_end-2016-12'
    """
    parts = [f"{name}-{value}" for name, value in given.items()]
    slugs = [UNSAFE.sub("-", part).strip("-") for part in parts]
    name = BETWEEN.join(slugs)
    is_plain = all(isinstance(value, str | int | float) for value in given.values())
    if slugs == parts and is_plain and len(name) <= LONGEST and BETWEEN not in "".join(slugs):
        return name
    digest = hashlib.sha256(repr(given).encode()).hexdigest()[:8]
    return f"{name[:LONGEST]}{BETWEEN}{digest}"


def in_words(given: dict[str, Any]) -> str:
    """The parameters as a reader wrote them: flow = import, draws = 20."""
    return ", ".join(f"{name} = {value}" for name, value in given.items())
