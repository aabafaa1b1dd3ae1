"""Alters each number that a notebook quotes, one at a time, and sees whether the notebook notices.

A notebook is run once, cell by cell, in this process; then each cell that checks is run again with
one printed figure changed.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NUMBER = re.compile(r"[-+−]?\d[\d,]*(\.\d+)?")
YEAR = re.compile(r"(19|20)\d\d")
#: Functions whose first or second argument is a sentence that takes its numbers from fields.
TEMPLATES = {"quote": 0, "prose": 0, "finding": 1}


def run_cells(path: Path) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Each code cell of the notebook after it ran: its source, its tags, and all names so far."""
    names: dict[str, Any] = {"display": lambda *shown, **more: None, "__name__": "__main__"}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        exec(compile(source, path.name, "exec"), names)
        yield source, cell["metadata"].get("tags", []), names


def altered(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the source with it) for each printed figure in a cell."""
    tree = ast.parse(source)
    figures = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and NUMBER.fullmatch(node.value)
        and not YEAR.fullmatch(node.value)
    ]
    for node in figures:
        printed = node.value
        node.value = another(printed)
        yield f"{printed} -> {node.value}", ast.unparse(tree)
        node.value = printed


def another(printed: str) -> str:
    """A figure half as large again and one more, in as many decimals: beyond any tolerance.

    >>> another("-54.7"), another("511,619"), another("0")
    ('-83.1', '767430', '1')
    """
    number = float(printed.replace(",", "").replace("−", "-"))
    decimals = len(printed.partition(".")[2])
    return f"{number * 1.5 + (1 if number >= 0 else -1):.{decimals}f}"


def templates(source: str) -> Iterator[str]:
    """The sentences of a cell that are filled in by `quote`, `prose` or `finding`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        place = TEMPLATES.get(node.func.id)
        if place is not None and len(node.args) > place:
            template = node.args[place]
            if isinstance(template, ast.Constant) and isinstance(template.value, str):
                yield template.value
