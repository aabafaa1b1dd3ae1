"""The index of the pages, and `provenance.json` beside it; the only files that name the commit."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.notebook import Notebook
from notebook_build.staleness import staleness
from notebook_build.state import read_record, write_whole
from notebook_build.targets import Target, in_words, recorded_runs

TEMPLATES = Path(__file__).parent / "templates"
NOT_RECORDED = "not recorded"


def write_index(project: Project, notebooks: dict[str, Notebook]) -> None:
    """Write `index.html` and `provenance.json` from the records of the pages that stand."""
    records = {name: read_record(project, name) for name in reading_order(project, notebooks)}
    built = {name: record for name, record in records.items() if record}
    commit = current_commit(project.root)
    cards = [card(notebooks[name], record) for name, record in built.items()]
    missing = [name for name in records if name not in built]
    html = template().render(
        project=project,
        cards=cards,
        missing=missing,
        downloads=[entry for record in built.values() for entry in downloads(project, record)],
        runs=runs(project, notebooks),
        commit=commit,
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
    )
    write_whole(project.reports / "index.html", html)
    write_whole(project.reports / "provenance.json", provenance(commit, built))


def template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("index.html.j2")


def reading_order(project: Project, notebooks: dict[str, Notebook]) -> list[str]:
    """The configured order, then the others by name."""
    first = [name for name in project.order if name in notebooks]
    return first + sorted(set(notebooks) - set(first))


def card(notebook: Notebook, record: dict[str, Any]) -> dict[str, Any]:
    summary = record["summary"]
    return {
        "name": notebook.name,
        "title": notebook.title,
        "question": notebook.question,
        "findings": summary["findings"],
        "picture": Markup(summary["picture"]),
    }


def runs(project: Project, notebooks: dict[str, Notebook]) -> list[dict[str, Any]]:
    """The pages of runs with other parameters; `old` are those that would come out anew."""
    return [
        {
            "name": name,
            "title": run.notebook.title,
            "setting": in_words(run.given),
            "old": is_old(project, run),
        }
        for name, run in recorded_runs(project, notebooks).items()
    ]


def is_old(project: Project, run: Target) -> bool:
    try:
        return bool(staleness(project, run, read_record(project, run.name)).reasons)
    except BuildError:
        return True


def downloads(project: Project, record: dict[str, Any]) -> list[dict[str, str]]:
    """The tables that a notebook wrote, and the data of its figures, as links from the index."""
    tables = [
        {"href": os.path.relpath(project.root / path, project.reports), "text": path}
        for path in record["outputs"]
        if path.endswith(".csv")
    ]
    figures = [
        {"href": figure["csv"], "text": figure["title"]} for figure in record["summary"]["figures"]
    ]
    return tables + figures


def provenance(commit: str, records: dict[str, dict[str, Any]]) -> str:
    kept = ("execution", "libraries", "outputs", "executed", "rendering", "page")
    pages = {name: {part: record[part] for part in kept} for name, record in records.items()}
    return json.dumps({"commit": commit, "pages": pages}, indent=1, sort_keys=True) + "\n"


def current_commit(root: Path) -> str:
    """The commit checked out in `root`, marked where files differ; NOT_RECORDED without git."""
    status = git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None or Path(git(root, "rev-parse", "--show-toplevel") or "").resolve() != root:
        return NOT_RECORDED
    lines = status.splitlines()
    oid = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "")
    if not oid.isalnum():
        return NOT_RECORDED
    changed = any(not line.startswith("#") for line in lines)
    return oid + (" with changes not committed" if changed else "")


def git(root: Path, *arguments: str) -> str | None:
    """What git says, or None where it is missing or says no."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
