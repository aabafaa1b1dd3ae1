"""From the built pages to the ledger, and from the ledger to reports/claims.json: its edge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.ledger import Results, read_figures, read_results
from analysis.paths import Paths
from analysis.sources.tables import read_table


def ledger_inputs(paths: Paths) -> tuple[pd.DataFrame, Results, dict[str, list[str]]]:
    """The claims, the findings of all built pages by id, and the printed figures behind each.

    Raises FileNotFoundError where the applied corrections have not been built.
    """
    results = read_results(paths.reports / "findings")
    corrections = pd.read_csv(paths.processed / "corrections_applied.csv")
    figures = read_figures(results, corrections)
    return read_table(paths, "claims"), results, figures


def write_claims(paths: Paths, objects: Sequence[Mapping[str, Any]]) -> None:
    """Write reports/claims.json, whole or not at all."""
    paths.reports.mkdir(exist_ok=True)
    text = json.dumps(list(objects), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    unfinished = paths.reports / ".claims.json.new"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(paths.reports / "claims.json")
