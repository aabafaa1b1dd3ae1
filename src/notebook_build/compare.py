"""Which results changed between two builds, and by how much: findings, and the tables written."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notebook_build import FINDING, BuildError
from notebook_build.config import Project, read_project
from notebook_build.fingerprint import hash_file
from notebook_build.state import executed_path, record_path, recorded_names
from notebook_build.table_changes import table_changes, told_change

NUMBERS = ("value", "lower", "upper")


@dataclass
class Compared:
    """Lines of what changed, and how many findings and tables came out the same."""

    lines: list[str]
    same_findings: int = 0
    same_tables: int = 0

    def __add__(self, other: Compared) -> Compared:
        return Compared(
            self.lines + other.lines,
            self.same_findings + other.same_findings,
            self.same_tables + other.same_tables,
        )


def compare(project: Project, base: str) -> str:
    """The changes from `base`, a commit or the folder of a built project, to what is built here.

    A commit is unpacked and built first, in `reports/.state/compare`, where it is kept.
    """
    if not base:
        raise BuildError("name what to compare with: `make compare BASE=` a commit or a folder.")
    require_built(project)
    if Path(base).is_dir():
        before = read_project(Path(base))
        require_built(before)
    else:
        before = built_commit(project, base)
    compared = compare_findings(before, project) + compare_tables(before, project)
    same = f"{compared.same_findings} findings and {compared.same_tables} tables are the same."
    if not compared.lines:
        return f"Nothing changed since {base}: {same}"
    return "\n".join([f"Changed since {base}:", *compared.lines, f"Besides, {same}"])


def require_built(project: Project) -> None:
    if not recorded_names(project):
        raise BuildError(f"nothing is built in {project.root}. Build it there first.")


def built_commit(project: Project, commit: str) -> Project:
    """The project as it was in a commit, built with the present environment by its own builder."""
    resolved = git(project.root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    if resolved is None:
        raise BuildError(f"BASE={commit!r} is neither a folder nor a commit of this repository.")
    oid = resolved.decode().strip()
    folder = project.state / "compare" / oid
    if not folder.exists():
        unpack(project.root, oid, folder)
    lock = hash_file(folder / project.lock)
    if lock != hash_file(project.root / project.lock):
        print(f"note: {project.lock} differs; both are built with what is installed now.")
    print(f"building {oid[:12]} ...", flush=True)
    # Its code comes before this one's; what names another root would lead it astray.
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_ROOT")}
    built = subprocess.run(
        [sys.executable, "-m", "notebook_build", "--root", str(folder)],
        env=kept | {"PYTHONPATH": str(folder / "src")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        told = (built.stdout + built.stderr).strip()
        raise BuildError(f"commit {oid[:12]} does not build. It printed:\n{told}")
    return read_project(folder)


def unpack(root: Path, oid: str, folder: Path) -> None:
    """The files of a commit, whole or not at all."""
    archive = git(root, "archive", "--format=tar", oid)
    if archive is None:
        raise BuildError(f"git cannot give the files of {oid}.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(Path(unfinished, "files"), filter="data")
        Path(unfinished, "files").rename(folder)


def git(root: Path, *arguments: str) -> bytes | None:
    """What git says, or None where it is missing or says no."""
    try:
        answer = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True)
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def compare_findings(before: Project, after: Project) -> Compared:
    old, new = findings(before), findings(after)
    compared = Compared([])
    for key in sorted(old.keys() | new.keys()):
        name = "finding {} of {}".format(*reversed(key))
        if key not in new:
            compared.lines.append(f"{name} is gone. It was: {old[key]['sentence']}")
        elif key not in old:
            compared.lines.append(f"{name} is new: {new[key]['sentence']}")
        elif lines := finding_changes(old[key], new[key]):
            compared.lines += [f"{name}", *lines]
        else:
            compared.same_findings += 1
    return compared


def findings(project: Project) -> dict[tuple[str, str], dict[str, Any]]:
    """What the notebooks handed over, by page and id; runs with other parameters are left out."""
    found = {}
    for name in recorded_names(project):
        if any_record(project, name).get("given"):
            continue
        notebook = json.loads(executed_path(project, name).read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            for output in cell.get("outputs", ()):
                if payload := output.get("data", {}).get(FINDING):
                    found[name, payload["id"]] = payload
    return found


def any_record(project: Project, name: str) -> dict[str, Any]:
    """A record as it lies there: that of a commit may be of an older version."""
    return json.loads(record_path(project, name).read_text(encoding="utf-8"))


def finding_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    lines = [
        f"    {part}: {told_change(old.get(part), new.get(part))} {new.get('unit') or ''}".rstrip()
        for part in NUMBERS
        if old.get(part) != new.get(part)
    ]
    if old["sentence"] != new["sentence"]:
        lines += [f"    - {old['sentence']}", f"    + {new['sentence']}"]
    return lines


def compare_tables(before: Project, after: Project) -> Compared:
    """The tables that default runs wrote; of a CSV and a Parquet of the same name, the CSV."""
    old, new = tables(before), tables(after)
    compared = Compared([])
    for path in sorted(old | new):
        if path not in new:
            compared.lines.append(f"{path} is gone")
        elif path not in old:
            compared.lines.append(f"{path} is new")
        elif hash_file(before.root / path) == hash_file(after.root / path):
            compared.same_tables += 1
        else:
            compared.lines += table_changes(path, before.root / path, after.root / path)
    return compared


def tables(project: Project) -> set[str]:
    records = [any_record(project, name) for name in recorded_names(project)]
    paths = {path for record in records if not record.get("given") for path in record["outputs"]}
    return {path for path in paths if not has_csv_twin(path, paths)}


def has_csv_twin(path: str, paths: set[str]) -> bool:
    return path.endswith(".parquet") and f"{path.removesuffix('.parquet')}.csv" in paths
