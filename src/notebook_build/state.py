"""The builder's records in `reports/.state`: one of each page, and the lock of a running build."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from notebook_build import BuildError
from notebook_build.config import Project

VERSION = 2


def record_path(project: Project, name: str) -> Path:
    return project.state / f"{name}.json"


def executed_path(project: Project, name: str) -> Path:
    """The notebook as it was executed for the page that stands."""
    return project.state / f"{name}.ipynb"


def read_record(project: Project, name: str) -> dict[str, Any] | None:
    """What was recorded of the last good page; None where there is none that we understand."""
    try:
        record = json.loads(record_path(project, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if record.get("version") == VERSION else None


def write_record(project: Project, name: str, record: dict[str, Any]) -> None:
    text = json.dumps({"version": VERSION, **record}, indent=1, ensure_ascii=False)
    write_whole(record_path(project, name), text)


def recorded_names(project: Project) -> list[str]:
    return sorted(path.stem for path in project.state.glob("*.json"))


def write_whole(path: Path, text: str | bytes) -> None:
    """Write a file whole or not at all; one that holds this content already is left alone."""
    content = text.encode() if isinstance(text, str) else text
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def only_build(project: Project) -> Iterator[None]:
    """Hold the build lock of this root; raises BuildError while another build holds it."""
    project.state.mkdir(parents=True, exist_ok=True)
    with (project.state / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise BuildError(
                f"another build runs here (process {file.read().strip() or 'unknown'}). "
                "Wait until it ends."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)
