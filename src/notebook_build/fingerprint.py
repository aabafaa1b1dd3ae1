"""What a page depends on, as hashes of content, and what has changed between two of them.

Two stages: `execution` (the notebook, its parameters, inputs, loaded modules, the lock and the
Python) and `rendering` (the look of the page). A change of style alone executes nothing.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.notebook import Notebook

PACKAGE = Path(__file__).parent
#: The builder's own modules that can change the result of a run; all others change pages only.
EXECUTION_MODULES = ("execute.py", "kernel.py", "printed.py", "scrub.py")
#: What runs before or around the builder and leaves no trace in a page.
OUTSIDE_PAGES = (
    "__main__.py",
    "annotations.py",
    "build.py",
    "compare.py",
    "death.py",
    "environment.py",
    "index.py",
    "outputs.py",
    "parameters.py",
    "progress.py",
    "ranges.py",
    "staleness.py",
    "table_changes.py",
    "targets.py",
    "templates/index.html.j2",
)
WILDCARDS = "*?["
#: matplotlib reads its settings from the working directory first, whatever a run is told.
UNASKED_INPUT = "matplotlibrc"


def execution_parts(
    project: Project, notebook: Notebook, parameters: dict[str, Any], modules: Iterable[str]
) -> dict[str, Any]:
    """All that decides a run's results; `modules` are those that the last run loaded."""
    return {
        "notebook": notebook.content_hash,
        # As Python literals: a record knows no tuple.
        "parameters": {name: repr(value) for name, value in parameters.items()},
        "inputs": hash_files(project.root, input_files(project, notebook)),
        "modules": hash_files(project.root, modules),
        "lock": hash_file(project.root / project.lock),
        "python": platform.python_version(),
        "builder": builder_hash(EXECUTION_MODULES),
    }


def rendering_parts(project: Project, notebook: Notebook) -> dict[str, Any]:
    """All that decides a page's look beside the executed notebook."""
    return {
        "builder": builder_hash(page_modules()),
        "project": project.title,
        "title": notebook.title,
        "question": notebook.question,
        "corrections": hash_file(project.root / project.corrections),
        "citation": hash_file(project.root / project.citation),
    }


def input_files(project: Project, notebook: Notebook) -> list[str]:
    """The files that its declared inputs name now, relative to the root.

    Raises BuildError for a declared file that is missing; a pattern may match none.
    """
    missing = [
        pattern
        for pattern in notebook.inputs
        if not has_wildcard(pattern) and not (project.root / pattern).is_file()
    ]
    if missing:
        raise BuildError(f"{notebook.name}: declared input {missing[0]} does not exist.")
    return expand(project.root, [*notebook.inputs, UNASKED_INPUT])


def expand(root: Path, patterns: Iterable[str]) -> list[str]:
    """The files under the root that the patterns match, each once, sorted."""
    found = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    return sorted(path.relative_to(root).as_posix() for path in found)


def has_wildcard(pattern: str) -> bool:
    return any(sign in pattern for sign in WILDCARDS)


def hash_files(root: Path, paths: Iterable[str]) -> dict[str, str | None]:
    return {path: hash_file(root / path) for path in sorted(paths)}


def hash_file(path: Path) -> str | None:
    """The content's sha256, or None where there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, IsADirectoryError):
        return None


@cache
def builder_hash(modules: tuple[str, ...]) -> str:
    """Hash of the named files of this package."""
    parts = [f"{module} {hash_file(PACKAGE / module)}" for module in modules]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def page_modules() -> tuple[str, ...]:
    files = [*PACKAGE.glob("*.py"), *(PACKAGE / "templates").rglob("*.*")]
    names = {path.relative_to(PACKAGE).as_posix() for path in files}
    return tuple(sorted(names - set(OUTSIDE_PAGES) - set(EXECUTION_MODULES)))


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Why the new parts are not the old ones, one reason each, in words for a reader."""
    reasons = []
    for part, value in new.items():
        before = old.get(part)
        if before == value:
            continue
        if part in ("inputs", "modules"):
            reasons.extend(file_differences(part.removesuffix("s"), before or {}, value))
        else:
            reasons.append(f"{WORDS.get(part, part)} changed")
    return reasons


WORDS = {
    "notebook": "the notebook's cells",
    "parameters": "the parameters",
    "lock": "the lock",
    "python": "the version of Python",
    "builder": "the builder",
    "corrections": "the list of corrections",
    "citation": "how to cite the project",
}


def file_differences(kind: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    reasons = []
    for path in sorted(old.keys() | new.keys()):
        if new.get(path) is None:
            reasons.append(f"{kind} {path} is gone")
        elif path not in old:
            reasons.append(f"{kind} {path} is new")
        elif old[path] != new[path]:
            reasons.append(f"{kind} {path} changed")
    return reasons
