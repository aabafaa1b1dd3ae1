"""Copies of the tables read and written, beside the pages, for those who open them in Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Iterable
from pathlib import Path

from notebook_build.config import Project
from notebook_build.contract import without_formulas

FOLDER = "tables"
#: Larger ones no spreadsheet opens with pleasure; they stay where they are, and are not linked.
LARGEST_BYTES = 5_000_000
#: Says to Excel that the text is UTF-8; without it, it garbles all but Latin letters.
ENCODING = "utf-8-sig"


def table_links(project: Project, paths: Iterable[str]) -> dict[str, str]:
    """For each CSV among the paths (relative to the root) that is offered, the link to its copy.

    What others published comes first: the tables under a folder `raw`.
    """
    ordered = sorted(paths, key=lambda path: ("raw" not in Path(path).parts, path))
    return {path: f"{FOLDER}/{path}" for path in ordered if is_offered(project.root / path)}


def is_offered(file: Path) -> bool:
    return file.suffix == ".csv" and file.is_file() and file.stat().st_size <= LARGEST_BYTES


def table_files(project: Project, paths: Iterable[str]) -> dict[Path, bytes]:
    """The copies of those tables, by where they go."""
    return {
        project.reports / link: for_spreadsheets((project.root / path).read_bytes())
        for path, link in table_links(project, paths).items()
    }


def remove_other_tables(project: Project, wanted: Container[Path]) -> None:
    """Remove the copies of tables that are no more, and what a killed build left of a copy."""
    for file in (project.reports / FOLDER).rglob("*"):
        if file.is_file() and file not in wanted:
            file.unlink()


def for_spreadsheets(table: bytes) -> bytes:
    """The table with the mark of its encoding, and text that no spreadsheet runs as a formula."""
    text = table.decode(ENCODING, errors="replace")
    return without_formulas(list(csv.reader(io.StringIO(text)))).encode(ENCODING)
