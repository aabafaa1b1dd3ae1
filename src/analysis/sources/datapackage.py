"""Holds the raw tables to what `datapackage.json` says of them.

The tables are other people's figures: one that changes by accident would change every result
without a trace. So the descriptor carries the size and the sha256 of each, a build begins by
comparing them, and a change becomes part of the project only when someone accepts it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from analysis.paths import Paths, project_paths
from analysis.schemas import InputError
from analysis.sources.tables import raise_if_any, read_datapackage

#: Enough to tell two hashes apart in a message.
DIGITS_SHOWN = 12


def verify_raw(paths: Paths) -> None:
    """Check that data/raw holds the listed files, byte for byte, and no other table.

    Raises InputError (InputErrors for several): a listed file is missing, its bytes or sha256
    are not those recorded, or a CSV file is not listed.
    """
    resources = read_datapackage(paths)["resources"]
    problems = [_resource_problem(paths, resource) for resource in resources]
    listed = {resource["path"] for resource in resources}
    unlisted = [name for name in _tables_present(paths) if name not in listed]
    raise_if_any([p for p in problems if p] + [_unlisted_problem(name) for name in unlisted])


def accept_raw(paths: Paths) -> list[str]:
    """Record the present bytes and sha256 of every listed file; return the names that changed.

    To add a table, write its resource (name, path, title, description, schema) into
    `datapackage.json` without `bytes` and `hash`, then accept. The descriptor is replaced in one
    step, and not touched when nothing changed. Raises InputError for a listed file that is
    missing and for a CSV that is not listed.
    """
    descriptor = read_datapackage(paths)
    resources = descriptor["resources"]
    listed = {resource["path"] for resource in resources}
    raise_if_any(
        [_missing_problem(r["path"]) for r in resources if not (paths.raw / r["path"]).exists()]
        + [_unlisted_problem(name) for name in _tables_present(paths) if name not in listed]
    )
    accepted = [{**r, **_fingerprint(paths.raw / r["path"])} for r in resources]
    changed = [new["path"] for old, new in zip(resources, accepted, strict=True) if old != new]
    if changed:
        _replace_json(paths.datapackage, {**descriptor, "resources": accepted})
    return changed


def main(arguments: list[str] | None = None) -> None:
    """Verify data/raw, or with --accept record its present state."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--accept", action="store_true", help="record the present bytes and sha256 of each file"
    )
    accept = parser.parse_args(arguments).accept
    paths = project_paths()
    try:
        if accept:
            changed = accept_raw(paths)
            print("\n".join(f"accepted data/raw/{name}" for name in changed) or "no change")
        else:
            verify_raw(paths)
            print("data/raw is as datapackage.json records it")
    except InputError as error:
        parser.exit(1, f"{error}\n")


def _fingerprint(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    return {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}


def _tables_present(paths: Paths) -> list[str]:
    return sorted(file.name for file in paths.raw.glob("*.csv"))


def _resource_problem(paths: Paths, resource: dict[str, Any]) -> InputError | None:
    name = resource["path"]
    if not (paths.raw / name).exists():
        return _missing_problem(name)
    found = _fingerprint(paths.raw / name)
    expected = {key: resource.get(key) for key in found}
    if found == expected:
        return None
    return InputError(
        f"the file that datapackage.json records, {_short(expected)}",
        file=f"data/raw/{name}",
        found=_short(found),
        action=f"undo the change (`git checkout -- data/raw/{name}`) "
        "or accept it (`make accept-raw`)",
    )


def _short(fingerprint: dict[str, Any]) -> str:
    digest = (fingerprint["hash"] or "").removeprefix("sha256:")[:DIGITS_SHOWN]
    if not digest or fingerprint["bytes"] is None:
        return "not yet accepted"
    return f"sha256 {digest} of {fingerprint['bytes']} bytes"


def _missing_problem(name: str) -> InputError:
    return InputError(
        "the file that datapackage.json lists",
        file=f"data/raw/{name}",
        found="no such file",
        action=f"restore it (`git checkout -- data/raw/{name}`) or take its resource out of "
        "data/raw/datapackage.json",
    )


def _unlisted_problem(name: str) -> InputError:
    return InputError(
        "only tables that datapackage.json describes",
        file=f"data/raw/{name}",
        found="a table without a description",
        action="add a resource for it to data/raw/datapackage.json (name, path, title, "
        "description, schema) and run `make accept-raw`, or move the file elsewhere",
    )


def _replace_json(file: Path, content: dict[str, Any]) -> None:
    """Write `content` beside `file`, then rename: a reader sees the old file or the new one."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        # mkstemp makes the file private; the descriptor keeps the mode it had.
        temporary.chmod(file.stat().st_mode)
        temporary.replace(file)
    except BaseException:
        temporary.unlink()
        raise


if __name__ == "__main__":
    main()
