"""`petroleum_illicit_estimates.csv` as intervals in calls, barrels or tonnes.

A row that gives no number (`many times over`, `likely`) keeps the reason in `set_aside`. Which
counts enter a model, and which repeat another, `models.tanker_counts` decides.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources.calendar import parse_leading_date
from analysis.sources.labels import row_ids
from analysis.sources.tables import (
    Place,
    parse_column,
    parse_unit,
    printed_interval,
    raise_if_any,
    read_table,
    table_file,
)

TABLE = "petroleum_illicit_estimates"

#: What a printed unit counts. `calls`: a tanker's arrival with a cargo; `vessels`: ships, however
#: often they came; `transfers`: from ship to ship at sea, which may be several for one call.
MEASURES = {
    "port calls": "calls",
    "deliveries": "calls",
    "shipments": "calls",
    "visits": "calls",
    "transfers": "transfers",
    "tankers": "vessels",
    "tankers (at least)": "vessels",
    "vessels": "vessels",
    "barrels": "bbl",
    "barrels (nearly)": "bbl",
    "barrels (about)": "bbl",
    "barrels (may be back to)": "bbl",
    "barrels (could amount to)": "bbl",
    "barrels/year": "bbl",
    "b/d (about)": "bbl_per_day",
    "t": "t",
    "t (some)": "t",
    "tonnes": "t",
    "times": "times",
    "cap": "times",
    "percent": "percent",
}
#: The share of a tanker's capacity that the scenario of a volume fills.
LADEN_SHARES = {
    "one-third laden": 1 / 3,
    "60% laden": 0.60,
    "about 90% laden": 0.90,
    "90% laden": 0.90,
    "loading about 90% of capacity": 0.90,
    "fully laden": 1.00,
}
#: Values that are words; each was read, and says no number.
WORDS = ("many times over", "several times", "likely", "yes", "yes (possible)")


def illicit_estimates(paths: Paths) -> pd.DataFrame:
    """Every row: `row_id`, `line` of the file, `first_day`, `last_day`, `estimator`, `route`,
    `metric`, `measure`.

    `value` is the printed number, `lower` and `upper` the ends of what its digits allow (upper
    infinite and no value behind a `>` or "over"), in the unit that `measure` names; `laden_share`
    that of the scenario, missing where none is stated; `scenario`, `kind`, `note`,
    `source_publisher`, `set_aside`.

    Raises InputError, or InputErrors with all of them: an unknown unit, a value that is neither a
    number nor one of `WORDS`, a negative number, a date out of order.
    """
    return type_estimates(read_table(paths, TABLE))


def type_estimates(table: pd.DataFrame) -> pd.DataFrame:
    """`illicit_estimates` of a table that `read_table` gave."""
    file = table_file(TABLE)
    value, errors = parse_column(table, "value", _value, file=file)
    errors += parse_column(table, "unit", _unit, file=file)[1]
    days = {}
    for name, column in (("first_day", "period_start"), ("last_day", "period_end")):
        parsed, wrong = parse_column(table, column, _day, file=file)
        errors += wrong
        days[name] = pd.to_datetime(list(parsed))
    errors += [
        Place(file, int(line), "period_end").error(
            "a day after period_start", found=str(last.date()), action="swap the dates"
        )
        for line, first, last in zip(table.index, days["first_day"], days["last_day"], strict=True)
        if last < first
    ]
    raise_if_any(sorted(errors, key=lambda error: error.row or 0))
    ends = [found or (np.nan, np.nan, np.nan) for found in value]
    measure = table["unit"].map(MEASURES).astype("string")
    typed = table.assign(
        row_id=row_ids(table, TABLE),
        line=table.index,
        **days,
        measure=measure.where(table["value"].notna(), pd.NA),
        value=[middle for middle, _, _ in ends],
        lower=[low for _, low, _ in ends],
        upper=[high for _, _, high in ends],
        laden_share=table["scenario"].map(LADEN_SHARES).astype(float),
    )
    no_number = typed["lower"].isna()
    reason = ("no number: " + table["metric"] + " " + table["value"].fillna("")).str.strip()
    names = (
        "row_id line first_day last_day estimator route metric measure value lower upper "
        "laden_share scenario kind note source_publisher set_aside"
    ).split()
    typed["set_aside"] = reason.where(no_number, pd.NA).astype("string")
    return typed[names].reset_index(drop=True)


def _unit(text: str, at: Place) -> str:
    return parse_unit(text, (*MEASURES, "cap"), at)


def _day(text: str, at: Place) -> pd.Timestamp | None:
    """The day that begins the cell; a year alone is its first day."""
    if re.fullmatch(r"\d{4}", text):
        return pd.Timestamp(int(text), 1, 1)
    return parse_leading_date(text, at)[0]


def _value(text: str, at: Place) -> tuple[float, float, float] | None:
    """A printed value and its ends; None for words.

    >>> _value(">500000", Place("a value"))
    (nan, 500000.0, inf)
    >>> _value("600000-1600000", Place("a value"))
    (nan, 600000.0, 1600000.0)
    """
    if text in WORDS:
        return None
    inside = re.fullmatch(r".*\(([\d,]+)\)", text)
    plain = (inside[1] if inside else text).replace(",", "")
    if re.fullmatch(r"\d+-\d+", plain):
        low, high = (float(part) for part in plain.split("-"))
        return np.nan, low, high
    above = re.fullmatch(r"(?:>|over )(\d+)", plain)
    if above:
        return np.nan, float(above[1]), np.inf
    found = printed_interval(plain, at=at)
    if found.value < 0:
        raise _negative(text, at)
    return float(found.value), float(found.lower), float(found.upper)


def _negative(text: str, at: Place) -> InputError:
    return at.error("no negative quantity", found=text, action="look at the source")
