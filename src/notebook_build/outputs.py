"""The declared outputs of notebooks: none is lost to a run that fails, is killed, or is no default.

Before a run the outputs are copied aside, with a list of them. Whoever finds the list, this
build or the next after a kill, puts the outputs back as they were.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notebook_build.config import Project
from notebook_build.fingerprint import expand, hash_files
from notebook_build.state import write_whole
from notebook_build.targets import Target

PREFIX = "kept-"
LIST = "list.json"


@contextmanager
def outputs_kept(project: Project, target: Target) -> Iterator[None]:
    """Put the outputs back as they were when the run does not succeed, or is no default."""
    kept = project.state / f"{PREFIX}{target.name}"
    copy_aside(project, target, kept)
    try:
        yield
    except BaseException:
        put_back(project, kept)
        raise
    if target.is_run:
        put_back(project, kept)
    else:
        # Without its list the folder means nothing: from here on the new outputs stand.
        (kept / LIST).unlink()
        shutil.rmtree(kept)


def copy_aside(project: Project, target: Target, kept: Path) -> None:
    patterns = list(target.notebook.outputs)
    before = expand(project.root, patterns)
    shutil.rmtree(kept, ignore_errors=True)
    for path in before:
        copy = kept / "files" / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project.root / path, copy)
    # Written last: a list means that every copy is whole.
    content = json.dumps({"patterns": patterns, "files": before})
    write_whole(kept / LIST, content)


def put_back(project: Project, kept: Path) -> None:
    """Make the outputs what the list says they were; may be broken off and done again."""
    content = json.loads((kept / LIST).read_text(encoding="utf-8"))
    for path in expand(project.root, content["patterns"]):
        if path not in content["files"]:
            (project.root / path).unlink()
    for path in content["files"]:
        copy = kept / "files" / path
        if copy.exists():
            (project.root / path).parent.mkdir(parents=True, exist_ok=True)
            copy.replace(project.root / path)
    (kept / LIST).unlink()
    shutil.rmtree(kept)


def put_back_after_kill(project: Project) -> None:
    """Undo the runs that a killed build left half-way."""
    for kept in project.state.glob(f"{PREFIX}*"):
        if (kept / LIST).exists():
            put_back(project, kept)
        else:
            shutil.rmtree(kept)


def take_outputs(project: Project, target: Target) -> dict[str, str | None]:
    """Copy what a run with other parameters wrote to its own folder; the hashes, by path.

    The page of an earlier run with these parameters stands until its folder is complete.
    """
    folder = target.kept_outputs(project)
    unfinished = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for path in expand(project.root, target.notebook.outputs):
        copy = unfinished / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project.root / path, copy)
    shutil.rmtree(folder, ignore_errors=True)
    if not unfinished.exists():
        return {}
    unfinished.rename(folder)
    files = [path.relative_to(project.root) for path in folder.rglob("*") if path.is_file()]
    return hash_files(project.root, sorted(file.as_posix() for file in files))
