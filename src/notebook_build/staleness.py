"""Why a page would be made anew: its record compared with what lies on the disk, by content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notebook_build.config import Project
from notebook_build.fingerprint import (
    differences,
    execution_parts,
    expand,
    hash_file,
    rendering_parts,
)
from notebook_build.state import executed_path
from notebook_build.targets import Target

NEVER_BUILT = "never built"


@dataclass(frozen=True)
class Staleness:
    """Why a notebook would be executed, and why its page would be rendered; both may be empty."""

    execute: list[str]
    render: list[str]

    @property
    def reasons(self) -> list[str]:
        return self.execute + self.render


def staleness(project: Project, target: Target, record: dict[str, Any] | None) -> Staleness:
    """Compare the record with what lies on the disk now.

    Raises BuildError for a notebook that cannot run: a missing input, no parameters cell.
    """
    modules = record["execution"]["modules"] if record else ()
    now = execution_parts(project, target.notebook, target.parameters, modules)
    if record is None:
        return Staleness([NEVER_BUILT], [])
    execute = differences(record["execution"], now)
    execute += changed_files(project.root, record["outputs"], "output")
    execute += unknown_outputs(project, target, record)
    if hash_file(executed_path(project, target.name)) != record["executed"]:
        execute.append("the executed notebook is gone")
    render = differences(record["rendering"], rendering_parts(project, target.page))
    render += changed_files(project.reports, record["page"], "page file")
    return Staleness(execute, render)


def unknown_outputs(project: Project, target: Target, record: dict[str, Any]) -> list[str]:
    """Files that lie among the outputs and that the last run did not write."""
    if target.is_run:
        return []
    found = expand(project.root, target.notebook.outputs)
    return [
        f"output {path} is not of the last run" for path in found if path not in record["outputs"]
    ]


def changed_files(folder: Path, recorded: dict[str, str], kind: str) -> list[str]:
    reasons = []
    for path, before in recorded.items():
        now = hash_file(folder / path)
        if now != before:
            reasons.append(f"{kind} {path} {'is gone' if now is None else 'was changed'}")
    return reasons
