"""The index of the pages, and `provenance.json` beside it; the only files that name the commit."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.contract import typographic
from notebook_build.downloads import remove_other_tables, table_files, table_links
from notebook_build.fingerprint import hash_file
from notebook_build.notebook import Notebook
from notebook_build.provenance import citation
from notebook_build.staleness import staleness
from notebook_build.state import read_record, write_together
from notebook_build.targets import Target, in_words, recorded_runs

TEMPLATES = Path(__file__).parent / "templates"
NOT_RECORDED = "not recorded"
#: What an archive of a commit says of it: git fills it in, as .gitattributes asks. In a checkout
#: a placeholder stands there.
STAMP = ".git_archival.txt"
#: The first findings of each page are its key findings.
FINDINGS_SHOWN = 3


def write_index(project: Project, notebooks: dict[str, Notebook]) -> None:
    """Write index, tables and `provenance.json` from the records of the pages that stand."""
    records = {name: read_record(project, name) for name in reading_order(project, notebooks)}
    built = {name: record for name, record in records.items() if record}
    commit = current_commit(project.root)
    html = template().render(
        project=project,
        cards=[card(notebooks[name], record) for name, record in built.items()],
        missing=[name for name in records if name not in built],
        downloads=[
            {"title": notebooks[name].title, "entries": entries}
            for name, record in built.items()
            if (entries := downloads(project, record))
        ],
        status=status(project),
        shown=FINDINGS_SHOWN,
        runs=runs(project, notebooks),
        commit=short(commit),
        citation=citation(project),
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
    )
    offered = tables(built) | {entry["table"] for entry in project.status}
    copies = table_files(project, offered - changed_since(project, built))
    pages = {
        "index.html": html,
        "provenance.json": provenance(commit, built),
        "exhibits.json": exhibits(built),
    }
    write_together(copies | {project.reports / name: text for name, text in pages.items()})
    kept = {project.reports / link for link in table_links(project, offered).values()}
    remove_other_tables(project, kept)


def changed_since(project: Project, records: dict[str, dict[str, Any]]) -> set[str]:
    """Tables that are no longer those that a standing page was made from.

    Their copies stay as they are, so that a page whose rebuilding failed keeps what it shows.
    """
    return {
        path
        for record in records.values()
        for path, digest in {**record["execution"]["inputs"], **record["outputs"]}.items()
        if hash_file(project.root / path) != digest
    }


def template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["typographic"] = typographic
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
        "figures": len(summary["figures"]),
        "picture": Markup(summary["picture"]),
    }


def tables(records: dict[str, dict[str, Any]]) -> set[str]:
    """Every file that a page reads or writes, relative to the root."""
    return {
        path
        for record in records.values()
        for path in (*record["execution"]["inputs"], *record["outputs"])
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
    """The data of a page's figures, and the tables that it wrote, as links from the index."""
    figures = [
        {"href": figure["csv"], "text": f"{figure['title']} (CSV)"}
        for figure in record["summary"]["figures"]
    ]
    links = table_links(project, record["outputs"])
    return figures + [{"href": link, "text": path} for path, link in links.items()]


def status(project: Project) -> list[dict[str, str]]:
    """What the project declares to be counted in its tables; one whose table is not built is left.

    An entry names `label` and `table`: CSV, or a JSON list of objects. With `column` and `value`
    it counts the rows that have this value, out of all; otherwise all rows. Raises BuildError for
    a column that the table lacks.
    """
    return [
        {
            "label": entry["label"],
            "count": count(entry, counted_rows(project.root / entry["table"])),
            "href": counted_link(project, entry["table"]),
        }
        for entry in project.status
        if (project.root / entry["table"]).is_file()
    ]


def counted_rows(file: Path) -> list[dict[str, Any]]:
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix == ".json":
        return json.loads(text)
    return list(csv.DictReader(io.StringIO(text)))


def counted_link(project: Project, table: str) -> str:
    """Where the index links to: what lies among the reports itself, else the copy of the table."""
    file = project.root / table
    if file.is_relative_to(project.reports):
        return file.relative_to(project.reports).as_posix()
    return table_links(project, [table]).get(table, "")


def count(entry: dict[str, str], rows: list[dict[str, Any]]) -> str:
    column = entry.get("column")
    if column is None:
        return str(len(rows))
    if rows and column not in rows[0]:
        raise BuildError(
            f"pyproject.toml: the status entry {entry['label']!r} counts column {column!r}, which "
            f"{entry['table']} lacks. It holds {', '.join(rows[0])}."
        )
    return f"{sum(row[column] == entry['value'] for row in rows)} of {len(rows)}"


def exhibits(records: dict[str, dict[str, Any]]) -> str:
    """Every figure, finding, table and computed passage by page, with what made it, as JSON."""
    shown = {name: record["summary"]["exhibits"] for name, record in records.items()}
    return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


def provenance(commit: str, records: dict[str, dict[str, Any]]) -> str:
    kept = ("execution", "libraries", "outputs", "executed", "rendering", "page")
    pages = {name: {part: record[part] for part in kept} for name, record in records.items()}
    return json.dumps({"commit": commit, "pages": pages}, indent=1, sort_keys=True) + "\n"


def current_commit(root: Path) -> str:
    """The commit checked out in `root`, marked where files differ; without git, the release's."""
    told = git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if told is None or Path(git(root, "rev-parse", "--show-toplevel") or "").resolve() != root:
        return released_commit(root)
    lines = told.splitlines()
    oid = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "")
    if not oid.isalnum():
        return NOT_RECORDED
    changed = any(not line.startswith("#") for line in lines)
    return oid + (" with changes not committed" if changed else "")


def short(commit: str) -> str:
    """The commit for a reader: the first of its digits, and all that is said of it."""
    return re.sub(r"\b([0-9a-f]{7})[0-9a-f]{9,}\b", r"\1", commit)


def released_commit(root: Path) -> str:
    """What the archive that `root` was unpacked from says of its commit; else NOT_RECORDED."""
    try:
        text = (root / STAMP).read_text(encoding="utf-8")
    except OSError:
        return NOT_RECORDED
    stamp = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    commit, release = stamp.get("node", ""), stamp.get("describe-name", "")
    if not commit.isalnum():
        return NOT_RECORDED
    return f"{commit} (release {release})" if release.isprintable() and release else commit


def git(root: Path, *arguments: str) -> str | None:
    """What git says, or None where it is missing or says no."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
