"""Which code and tables the committed validation speaks of.

The long simulations are run by hand (`make validate`) and their results committed. They stand
under a key of all that decides them; a test fails when the key is old.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from pathlib import Path

from analysis.paths import Paths

PACKAGE = Path(__file__).parent
#: Shapes and places decide no number: a new schema makes no simulation old.
BESIDE_THE_POINT = {"analysis", "analysis.paths", "analysis.schemas"}
#: What turns the printed totals into usable observations.
READING = (
    "analysis.cleaning.accounting",
    "analysis.cleaning.corrections",
    "analysis.sources.exchange_rates",
    "analysis.sources.observations",
)
TOTALS_TABLES = ("gacc_totals.csv", "row_labels.csv", "corrections.yml")


#: What turns the raw tables into estimates, and what it reads beside the totals.
EFFECTS = ("analysis.models.specifications", "analysis.rebuilt", *READING)
EFFECTS_TABLES = (
    *TOTALS_TABLES,
    "brent_monthly.csv",
    "gacc_commodities.csv",
    "sanctions_treatments.csv",
)

#: The breaks of the smooth path come from the treatments; no good and no price is asked.
CHOICES_TABLES = (*TOTALS_TABLES, "sanctions_treatments.csv")


@dataclass(frozen=True)
class Part:
    """One part of the validation: the modules it starts from, and the raw tables it reads.

    Every module of `analysis` that those import, directly or not, belongs to the part.
    """

    modules: tuple[str, ...]
    tables: tuple[str, ...]


PARTS = {
    "simulation": Part(("analysis.cleaning.simulation", *READING), TOTALS_TABLES),
    "coverage": Part(("analysis.models.coverage",), ()),
    "designs": Part(
        ("analysis.models.design_scores", "analysis.sources.sanctions_map"),
        ("sanctions_hs_map.csv",),
    ),
    "withheld": Part(("analysis.cleaning.withheld", *READING), TOTALS_TABLES),
    "permutation": Part(EFFECTS, EFFECTS_TABLES),
    "sources": Part(EFFECTS, EFFECTS_TABLES),
    "choices": Part(("analysis.choices",), CHOICES_TABLES),
    "easing": Part(("analysis.models.stability_simulation",), ()),
}


def validation_key(paths: Paths, part: str) -> str:
    """sha256 of all that decides a part: its modules, what they import, and its raw tables."""
    files = [source_file(name) for name in sorted(imported_modules(PARTS[part].modules))]
    files += [paths.raw / table for table in PARTS[part].tables]
    content = hashlib.sha256()
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()


def imported_modules(names: tuple[str, ...]) -> set[str]:
    """`names` and every module of `analysis` that they import, directly or not."""
    found: set[str] = set()
    due = list(names)
    while due:
        name = due.pop()
        if name in found or name in BESIDE_THE_POINT:
            continue
        found.add(name)
        for node in ast.walk(ast.parse(source_file(name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                candidates = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                candidates = [f"{node.module}.{alias.name}" for alias in node.names]
                candidates.append(node.module)
            else:
                continue
            due += [
                name for name in candidates if name.startswith("analysis.") and _is_module(name)
            ]
    return found


def source_file(name: str) -> Path:
    """Where the module `name` of this package lies."""
    return PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")


def _is_module(name: str) -> bool:
    return source_file(name).is_file()
