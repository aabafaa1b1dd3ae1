"""Which results changed between two builds, and by how much: findings, and the tables written."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from notebook_build import FINDING, BuildError
from notebook_build.config import Project, read_project
from notebook_build.fingerprint import hash_file
from notebook_build.state import executed_path, record_path, recorded_names

NUMBERS = ("value", "lower", "upper")
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
}


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


def told_change(old: Any, new: Any) -> str:
    """
    >>> told_change(2.0, 2.5)
    '2 -> 2.5 (+0.5)'
    """
    if not (is_number(old) and is_number(new)):
        return f"{old} -> {new}"
    return f"{old:g} -> {new:g} ({new - old:+.4g})"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


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


def table_changes(path: str, before: Path, after: Path) -> list[str]:
    """What changed in one table, a line a column; of another kind of file only that it did."""
    read = READERS.get(before.suffix)
    if read is None:
        return [f"{path} changed"]
    try:
        old, new = read(before), read(after)
    except (ValueError, OSError) as error:
        return [f"{path} changed; it cannot be read: {error}"]
    lines = [*named("columns gone", old.columns.difference(new.columns))]
    lines += named("columns new", new.columns.difference(old.columns))
    shared = [column for column in new.columns if column in old.columns]
    aligned = align(old[shared], new[shared])
    if isinstance(aligned, str):
        lines.append(aligned)
    else:
        lines += rows_changed(len(old), len(new), len(aligned[0]))
        lines += [line for column in shared for line in column_changes(column, *aligned)]
    lines = lines or ["only its form changed: every value is the same"]
    return [f"{path} ({len(new)} rows)", *(f"    {line}" for line in lines)]


def named(kind: str, names: Iterable[str]) -> list[str]:
    names = list(names)
    return [f"{kind}: {', '.join(names)}"] if names else []


def align(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | str:
    """The rows that both hold, in one order and under one name each, or why there are none.

    Rows are told by the fewest first columns that name each row once in both tables; where no
    columns do, by their place, if both are equally long.
    """
    for count in range(1, len(new.columns) + 1):
        key = list(new.columns[:count])
        # A measured number is no name.
        if pd.api.types.is_float_dtype(new[key[-1]]):
            break
        if not (old.duplicated(key).any() or new.duplicated(key).any()):
            old, new = (
                table.set_index(table[key].astype(str).agg(" ".join, axis=1))
                for table in (old, new)
            )
            both = new.index[new.index.isin(old.index)]
            return old.loc[both], new.loc[both]
    if len(old) == len(new):
        names = [f"row {number}" for number in range(1, len(new) + 1)]
        return old.set_axis(names), new.set_axis(names)
    return (
        f"rows: {len(old)} -> {len(new)}; none is told from the others, so values are not compared"
    )


def rows_changed(old: int, new: int, both: int) -> list[str]:
    lines = [f"{old - both} rows gone"] if old > both else []
    return lines + ([f"{new - both} rows new"] if new > both else [])


def column_changes(column: str, old: pd.DataFrame, new: pd.DataFrame) -> Iterator[str]:
    """How many values changed and, of numbers, the largest change and where it is."""
    before, after = old[column], new[column]
    changed = ~(before.eq(after) | (before.isna() & after.isna()))
    changed = changed.fillna(True).astype(bool)
    if not changed.any():
        return
    told = f"{column}: {changed.sum()} of {len(after)} values changed"
    if pd.api.types.is_numeric_dtype(before) and pd.api.types.is_numeric_dtype(after):
        size = (after.astype(float) - before.astype(float)).abs()
        where = size[changed].fillna(math.inf).idxmax()
        kind = "most"
    else:
        where, kind = after.index[changed.to_numpy()][0], "first"
    yield f"{told}, {kind} at {where}: {told_change(plain(before[where]), plain(after[where]))}"


def plain(value: Any) -> Any:
    """A number of numpy's as Python's own."""
    return value.item() if hasattr(value, "item") else value
