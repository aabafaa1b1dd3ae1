"""Which rows are used, which are set aside and why, and that the two make up all that was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from analysis.cleaning.trade_statements import FIRST_UNKNOWN

#: Rates of these bases can be written as an equation; of `unknown` ones nobody knows the divisor.
USABLE_RATE_BASES = ("corrected", "first_release", "kita", "kotra")
#: The 1718 Committee's figures follow no customs definition: `other` is their own, shared basis.
OWN_BASIS = ("petroleum_reported_deliveries",)
#: Columns of an observation in which a copy can contradict its original: lower end, upper end, and
#: the column of the unit that both must share.
COMPARED = (
    ("lower", "upper", "currency"),
    ("quantity_lower", "quantity_upper", "quantity_unit"),
    ("barrels_lower", "barrels_upper", None),
)
#: A month's growth rate speaks of the month a year before.
RATE_LAG_MONTHS = 12


class RowAccount(NamedTuple):
    """What became of every row read.

    `summary` has a line a table: `table`, `rows_read`, `rows_used`, `rows_set_aside`. `detail`
    has a line for each row set aside: `table`, `row_id`, `line`, `period` (months as YYYY-MM or
    YYYY-MM/YYYY-MM, empty where none was printed), `reason`.
    """

    summary: pd.DataFrame
    detail: pd.DataFrame


def usable_totals(observations: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The rows of the totals that enter a statement, and why the others do not.

    `observations` are all rows of the table, corrections applied. Set aside are, beside those of
    `usable_rows`: rows that end before `FIRST_UNKNOWN`, and rows without a value whose growth
    rate cannot be written as an equation. A rate that cannot be used leaves a row with a value in
    use. Returns the rows (index reset) and a series of reasons indexed by `row_id`.
    """
    late = _before_history(observations).fillna(_unusable_rates(observations))
    return _split(observations, _reasons(observations).fillna(late))


def usable_rows(observations: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The rows of any table that hold a usable figure, and why the others do not.

    `observations` are all rows of one table, corrections applied. Set aside are rows that hold no
    usable figure or were set aside by a correction, copies, and figures on another basis than the
    rest of their table. A copy that does not agree with its original says so in its reason.
    Returns the rows (index reset) and a series of reasons indexed by `row_id`.
    """
    return _split(observations, _reasons(observations))


def row_account(
    read: Mapping[str, pd.DataFrame],
    used: Mapping[str, Iterable[str]],
    set_aside: Mapping[str, str] | pd.Series,
) -> RowAccount:
    """The sum of rows for each table, and each row set aside with its reason.

    `read`: all observations by table; `used`: the `row_id` used, by table; `set_aside`: reason by
    `row_id`, all tables together.

    Raises ValueError, naming the rows: a row both used and set aside, or neither; a row used or
    set aside that was not read, or used twice; a reason that is empty.
    """
    reasons = dict(set_aside)
    _raise_unless_balanced(read, {name: list(rows) for name, rows in used.items()}, reasons)
    detail = [
        frame[frame["row_id"].isin(reasons)].pipe(_detail, reasons) for frame in read.values()
    ]
    summary = pd.DataFrame(
        {
            "table": list(read),
            "rows_read": [len(frame) for frame in read.values()],
            "rows_used": [len(list(used.get(name, ()))) for name in read],
            "rows_set_aside": [len(part) for part in detail],
        }
    )
    return RowAccount(summary, pd.concat(detail, ignore_index=True))


def _raise_unless_balanced(
    read: Mapping[str, pd.DataFrame], used: Mapping[str, list[str]], reasons: Mapping[str, str]
) -> None:
    problems = []
    known: set[str] = set()
    for name, frame in read.items():
        rows, taken = frame["row_id"], pd.Series(used.get(name, []), dtype="string")
        known |= set(rows)
        checks = {
            "both used and set aside": taken[taken.isin(reasons)],
            "used, but not read": taken[~taken.isin(rows)],
            "used twice": taken[taken.duplicated()],
            "neither used nor set aside": rows[~rows.isin(taken) & ~rows.isin(reasons)],
        }
        problems += [
            f"{name}: {len(wrong)} {'row is' if len(wrong) == 1 else 'rows are'} {what}, first "
            f"{wrong.iloc[0]}"
            for what, wrong in checks.items()
            if len(wrong)
        ]
    problems += [f"{name}: used, but no such table was read" for name in set(used) - set(read)]
    problems += [f"{row}: set aside, but not read" for row in sorted(set(reasons) - known)]
    problems += [
        f"{row}: set aside without a reason"
        for row, reason in reasons.items()
        if pd.isna(reason) or not reason.strip()
    ]
    if problems:
        raise ValueError(
            "rows read are not rows used and rows set aside:\n  " + "\n  ".join(problems)
        )


def _detail(rows: pd.DataFrame, reasons: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": rows["table"],
            "row_id": rows["row_id"],
            "line": rows["line"],
            "period": [_period(a, b) for a, b in zip(rows["first"], rows["last"], strict=True)],
            "reason": rows["row_id"].map(reasons),
        }
    )


def _period(first: pd.Period, last: pd.Period) -> str:
    if pd.isna(first) or pd.isna(last):
        return ""
    return str(first) if first == last else f"{first}/{last}"


def _split(observations: pd.DataFrame, reason: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    aside = reason.notna()
    reasons = pd.Series(
        reason[aside].to_numpy(),
        index=pd.Index(observations.loc[aside, "row_id"], name="row_id"),
        name="reason",
        dtype="string",
    )
    return observations[~aside].reset_index(drop=True), reasons


def _reasons(observations: pd.DataFrame) -> pd.Series:
    """Why each row is set aside, the first reason that holds; NA where none does."""
    reason = observations["set_aside"].fillna(_copies(observations))
    return reason.fillna(_other_basis(observations))


def _copies(observations: pd.DataFrame) -> pd.Series:
    originals = observations.set_index("row_id")
    reason = pd.Series(pd.NA, index=observations.index, dtype="string")
    for row in observations[observations["copy_of"].notna()].itertuples():
        original = originals.loc[row.copy_of]
        agrees = _agree(row._asdict(), original)
        verdict = "copy of" if agrees else "contradicts its original"
        reason[row.Index] = f"{verdict} {row.copy_of}" + ("" if agrees else _both(row, original))
    return reason


def _agree(copy: Mapping[str, object], original: pd.Series) -> bool:
    """Whether all figures that both hold in one unit overlap."""
    for lower, upper, unit in COMPARED:
        if lower not in original or pd.isna(copy[lower]) or pd.isna(original[lower]):
            continue
        if unit is not None and copy[unit] != original[unit]:
            continue
        if copy[lower] > original[upper] or copy[upper] < original[lower]:
            return False
    return True


def _both(copy: object, original: pd.Series) -> str:
    names = [n for n in ("printed", "quantity_printed", "barrels_printed") if n in original]
    ours = "; ".join(str(getattr(copy, n)) for n in names if pd.notna(getattr(copy, n)))
    theirs = "; ".join(str(original[n]) for n in names if pd.notna(original[n]))
    return f" (line {original['line']}): {ours} against {theirs}"


def _other_basis(observations: pd.DataFrame) -> pd.Series:
    other = (observations["basis"] == "other") & ~observations["table"].isin(OWN_BASIS)
    why = observations["comment"].mask(observations["comment"] == "", "no customs figure")
    return ("not commensurable: " + why).where(other, pd.NA)


def _before_history(observations: pd.DataFrame) -> pd.Series:
    early = observations["last"] < FIRST_UNKNOWN
    text = f"before {FIRST_UNKNOWN}, the first month that is estimated"
    return pd.Series(pd.NA, index=observations.index, dtype="string").mask(early, text)


def _unusable_rates(observations: pd.DataFrame) -> pd.Series:
    """Why a row without a value is of no use; NA for a row with a value or a usable rate."""
    bare = observations["value"].isna()
    reason = pd.Series(pd.NA, index=observations.index, dtype="string")
    base = observations["rate_base"].mask(observations["rate_base"] == "", "unknown")
    unknown = ~observations["rate_base"].isin(USABLE_RATE_BASES)
    early = observations["first"] < FIRST_UNKNOWN + RATE_LAG_MONTHS
    reason = reason.mask(
        bare & early, f"no value, and its growth rate is on months before {FIRST_UNKNOWN}"
    )
    reason = reason.mask(bare & unknown, "no value, and what its growth rate divides by is " + base)
    return reason.mask(bare & observations["yoy_lower"].isna(), "no value and no growth rate")
