"""The builder's records in `reports/.state`: one of each page, and the lock of a running build."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from notebook_build import BuildError
from notebook_build.config import Project

VERSION = 2
#: How long a build waits for the kernels of one that was killed to end.
ORPHAN_SECONDS = 30


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


def runs_of(project: Project, notebook: str) -> dict[str, dict[str, Any]]:
    """The records of a notebook's runs with other parameters, by the name of their page."""
    records = {name: read_record(project, name) for name in recorded_names(project)}
    return {
        name: record
        for name, record in records.items()
        if record and record["notebook"] == notebook and record["given"]
    }


def read_timings(project: Project) -> dict[str, dict[str, float]]:
    """How long each page took when it last ran: `wall` seconds, and its kernel's `processor`."""
    try:
        return json.loads(timings_path(project).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_timing(project: Project, name: str, wall: float, processor: float) -> None:
    timing = {"wall": round(wall, 2), "processor": round(processor, 2)}
    known = read_timings(project) | {name: timing}
    write_whole(timings_path(project), json.dumps(known, indent=1, sort_keys=True))


def timings_path(project: Project) -> Path:
    return project.state / "timings"


def write_whole(path: Path, text: str | bytes) -> None:
    """Write a file whole or not at all; one that holds this content already is left alone."""
    write_together({path: text})


def write_together(files: dict[Path, str | bytes]) -> None:
    """Write files that belong together: none takes its place before all are on the disk."""
    unfinished: dict[Path, Path] = {}
    try:
        for path, text in files.items():
            content = text.encode() if isinstance(text, str) else text
            if path.exists() and path.read_bytes() == content:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished[path] = path.with_name(f".{path.name}.{os.getpid()}.new")
            unfinished[path].write_bytes(content)
        for path, written in unfinished.items():
            written.replace(path)
    finally:
        for written in unfinished.values():
            written.unlink(missing_ok=True)


@contextmanager
def only_build(project: Project) -> Iterator[None]:
    """Hold the build lock of this root; raises BuildError while another build holds it."""
    project.state.mkdir(parents=True, exist_ok=True)
    with (project.state / "lock").open("a+", encoding="utf-8") as file:
        if not try_lock(file):
            file.seek(0)
            raise BuildError(
                f"another build runs here (process {file.read().strip() or 'unknown'}). "
                "Wait until it ends."
            )
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        wait_for_orphans(project)
        yield
        file.truncate(0)


@contextmanager
def at_work(project: Project) -> Iterator[int]:
    """Held by a process that may write for a build, and by its kernel; gives the descriptor.

    So that what a killed build left running writes nothing once the next has begun.
    """
    with (project.state / "workers").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield file.fileno()


def wait_for_orphans(project: Project) -> None:
    """Wait until what a killed build left running has ended; raises BuildError if it does not."""
    end = time.monotonic() + ORPHAN_SECONDS
    with (project.state / "workers").open("a") as file:
        while not try_lock(file):
            if time.monotonic() > end:
                raise BuildError(
                    "a kernel of an earlier build that was killed still runs. End it, then build."
                )
            time.sleep(0.05)


def try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
