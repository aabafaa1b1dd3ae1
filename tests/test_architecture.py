"""Data walks through the rooms of `analysis` in one direction, and the builder knows none of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

#: What the modules of each room may import of `analysis`, beside their own room.
MAY_IMPORT = {
    "sources": {"paths", "schemas"},
    "cleaning": {"sources", "schemas"},
    "models": {"schemas"},
    "figures": {"models", "schemas"},
    "paths": set(),
    "schemas": set(),
}
READS = {
    "open",
    "read_bytes",
    "read_csv",
    "read_excel",
    "read_feather",
    "read_json",
    "read_parquet",
    "read_table",
    "read_text",
}
WORDS_OF_TRADE = re.compile(
    r"\b(trades?|traded|trading|sanctions?|sanctioned|korean?|dprk|china|chinese|gacc|customs|"
    r"comtrade|exports?|exported|imports of|petroleum|oil|barrels?|tonnes?|tariffs?|yuan)\b",
    re.IGNORECASE,
)


def modules_of(room: str) -> list[Path]:
    folder = SOURCE / "analysis" / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def imported(code: str, package: str) -> set[str]:
    """The modules that `code`, lying in `package`, imports, by their full dotted names."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level]
            module = ".".join([*(base if node.level else []), *filter(None, [node.module])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def foreign_rooms(code: str, package: str) -> set[str]:
    """The rooms of `analysis`, and the builder, that `code` imports from."""
    names = (name.split(".") for name in imported(code, package))
    return {
        parts[1] if parts[0] == "analysis" and len(parts) > 1 else parts[0]
        for parts in names
        if parts[0] in ("analysis", "notebook_build")
    }


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room):
    for path in modules_of(room):
        package = ".".join(path.relative_to(SOURCE).parent.parts)
        found = foreign_rooms(path.read_text(encoding="utf-8"), package)
        assert found <= MAY_IMPORT[room] | {room}, f"{path} imports {sorted(found)}"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from analysis.models.decline import fit", {"models"}),
        ("from analysis import paths", {"paths"}),
        ("import analysis.sources.tables as t", {"sources"}),
        ("from ..models import decline", {"models"}),
        ("from .rates import yuan", {"cleaning"}),
        ("def f():\n    import notebook_build.state", {"notebook_build"}),
        ("import pandas", set()),
    ],
)
def test_imports_of_every_form_are_seen(code, found):
    assert foreign_rooms(code, "analysis.cleaning") == found


def test_models_read_no_file():
    for path in modules_of("models"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert called not in READS, f"{path}:{node.lineno} calls {called}"


def test_the_builder_imports_nothing_of_the_analysis():
    for path in (SOURCE / "notebook_build").rglob("*.py"):
        names = imported(path.read_text(encoding="utf-8"), "notebook_build")
        assert not [name for name in names if name.split(".")[0] == "analysis"], path


def test_the_builder_holds_no_word_of_trade():
    files = [path for path in (SOURCE / "notebook_build").rglob("*.*") if path.suffix != ".pyc"]
    assert len(files) > 10
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found = WORDS_OF_TRADE.search(line)
            assert not found, f"{path}:{number} says {found.group()!r}"
