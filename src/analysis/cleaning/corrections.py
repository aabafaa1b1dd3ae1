"""Applies the corrections of known misprints to observations, and logs what was done."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.schemas import InputError
from analysis.sources.corrections import ROW, Correction, corrected_text, read_corrections
from analysis.sources.observations import TYPED
from analysis.sources.tables import Place, raise_if_any, table_file

__all__ = ["LOG_COLUMNS", "Correction", "apply_corrections", "read_corrections"]

#: Columns of observations of which one at least makes a row usable.
FIGURES = ("value", "quantity", "barrels", "yoy_lower")
LOG_COLUMNS = (
    "id",
    "table",
    "row_id",
    "line",
    "action",
    "column",
    "before",
    "after",
    "reason",
    "evidence",
)


def apply_corrections(
    observations: pd.DataFrame, corrections: Sequence[Correction]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Observations of one table with the corrections of that table, and a log of what was done.

    A corrected row is typed anew from its corrected printed cells, so that its bounds are those
    of the corrected text. A row that keeps no figure, or is set aside as a whole, has the reason
    in `set_aside`. The log has `LOG_COLUMNS`, a line for each row corrected; `before` and `after`
    are printed texts.

    Raises InputError for observations of several tables, or without a row that is corrected.
    """
    table = _only_table(observations)
    due = [correction for correction in corrections if correction.table == table]
    log = _log(due)
    if log.empty:
        return observations.copy(), log
    _check_present(log, observations)
    retyped = TYPED[table](_corrected_cells(due))
    retyped["set_aside"] = _set_aside(retyped, due)
    kept = observations[~observations["row_id"].isin(retyped["row_id"])]
    corrected = pd.concat([kept, retyped]).sort_values("line", ignore_index=True)
    return corrected[observations.columns.tolist()], log


def _only_table(observations: pd.DataFrame) -> str:
    tables = observations["table"].unique().tolist()
    if len(tables) != 1:
        raise InputError(
            "observations of one table",
            file="observations",
            found=tables,
            action="apply the corrections table by table",
        )
    return tables[0]


def _check_present(log: pd.DataFrame, observations: pd.DataFrame) -> None:
    absent = log[~log["row_id"].isin(observations["row_id"])]
    raise_if_any(
        [
            Place(table_file(row.table), row.line).error(
                f"the row that correction {row.id!r} changes among the observations",
                found="no such row",
                action="apply corrections before any row is taken out",
            )
            for row in absent.itertuples()
        ]
    )


def _corrected_cells(corrections: Sequence[Correction]) -> pd.DataFrame:
    """The rows that some correction changes, their printed cells corrected, in file order."""
    rows = pd.concat([correction.rows for correction in corrections])
    rows = rows[~rows.index.duplicated()].sort_index()
    for correction in corrections:
        if correction.column != ROW:
            for line in correction.rows.index:
                printed = rows.loc[line, correction.column]
                rows.loc[line, correction.column] = corrected_text(correction, printed)
    return rows


def _set_aside(retyped: pd.DataFrame, corrections: Sequence[Correction]) -> pd.Series:
    """Why each corrected row is not used, NA where it is."""
    figures = [column for column in FIGURES if column in retyped]
    reason = retyped["set_aside"].where(retyped[figures].isna().all(axis=1), pd.NA)
    for correction in corrections:
        if correction.action != "set_aside":
            continue
        own = retyped["row_id"].isin(correction.rows["row_id"])
        empty = retyped[figures].isna().all(axis=1) | (correction.column == ROW)
        reason = reason.mask(own & empty, f"correction {correction.id}: {correction.reason}")
    return reason


def _log(corrections: Sequence[Correction]) -> pd.DataFrame:
    records = []
    for correction in corrections:
        for line, row in correction.rows.iterrows():
            whole = correction.column == ROW
            before = None if whole else row[correction.column]
            records.append(
                {
                    "id": correction.id,
                    "table": correction.table,
                    "row_id": row["row_id"],
                    "line": int(line),
                    "action": correction.action,
                    "column": correction.column,
                    "before": before,
                    "after": None if whole else corrected_text(correction, before),
                    "reason": correction.reason,
                    "evidence": correction.evidence,
                }
            )
    log = pd.DataFrame(records, columns=list(LOG_COLUMNS))
    return log.astype({name: "string" for name in LOG_COLUMNS if name != "line"})
