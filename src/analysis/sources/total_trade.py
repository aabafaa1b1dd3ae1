"""North Korea's trade with all partners by year, and China's share of it, as others add it up.

KOTRA adds mirror statistics of partners and an estimate for crude oil; KITA and China's customs
count otherwise. Every figure stands with its publisher, none is averaged.
"""

from __future__ import annotations

import re

import pandas as pd

from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources.tables import (
    Place,
    printed_interval,
    raise_if_any,
    read_table,
    table_file,
)

TABLE = "dprk_total_trade_annual"
#: Column to the amount's name. All are printed in USD billion.
AMOUNTS = {
    "dprk_exports_usd_bn": "exports",
    "dprk_imports_usd_bn": "imports",
    "total_usd_bn": "total",
    "china_total_usd_bn": "china_total",
    "dprk_exports_to_china_usd_bn": "exports_to_china",
    "dprk_imports_from_china_usd_bn": "imports_from_china",
    "crude_oil_estimate_included_usd_bn": "crude",
}
SHARE = "china_share_pct"
USD_MN_A_BN = 1_000
#: Words in place of an amount: no crude in the figures, or some of unknown size.
WORDS = ("none", "included, amount not printed")


def read_total_trade(paths: Paths) -> pd.DataFrame:
    """One row a printed amount: `line`, `year`, `series`, `amount`, `usd_mn` and its interval
    (`lower_usd_mn`, `upper_usd_mn`: rounded or cut off), `set_aside` (a reason, missing where the
    row is usable), `source_publisher`.

    Raises InputError as `read_table` does, and for a cell that is neither a number nor one of
    `WORDS`.
    """
    return _long(paths, list(AMOUNTS), USD_MN_A_BN).rename(
        columns={"value": "usd_mn", "lower": "lower_usd_mn", "upper": "upper_usd_mn"}
    )


def read_printed_shares(paths: Paths) -> pd.DataFrame:
    """China's share in total trade as printed: `line`, `year`, `series`, `percent`, `lower`,
    `upper`, `set_aside`, `source_publisher`; per cent."""
    shares = _long(paths, [SHARE], 1)
    return shares.rename(columns={"value": "percent"}).drop(columns="amount")


def _long(paths: Paths, columns: list[str], scale: int) -> pd.DataFrame:
    table = read_table(paths, TABLE)
    rows, errors = [], []
    for line, row in table.iterrows():
        for column in columns:
            text = row[column]
            if pd.isna(text) or text in WORDS:
                continue
            try:
                printed = printed_interval(text, scale, Place(table_file(TABLE), int(line), column))
            except InputError as error:
                errors.append(error)
                continue
            rows.append(
                {
                    "line": int(line),
                    "year": int(row["year"]),
                    "series": row["series"],
                    "amount": AMOUNTS.get(column, column),
                    "value": float(printed.value),
                    "lower": float(printed.lower),
                    "upper": float(printed.upper),
                    "set_aside": _reason(column, str(row["value_status"])),
                    "source_publisher": row["source_publisher"],
                }
            )
    raise_if_any(errors)
    return pd.DataFrame(rows).astype({"set_aside": "string"})


def _reason(column: str, status: str) -> str | None:
    """Why an amount is not used: derived by others, or called a misprint of its source."""
    if status.startswith("DERIVED") and column != SHARE:
        return "derived from growth rates, not printed"
    misprint = re.search(r"(\w+) figure is a misprint", status)
    if misprint and misprint[1] in column.split("_")[1]:
        return "a misprint in the source"
    return None
