"""Brent, a price that moves this trade and that the measures did not move."""

from __future__ import annotations

import pandas as pd

from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources.tables import (
    UNPLACED,
    Place,
    parse_column,
    parse_number,
    parse_period,
    raise_if_any,
    read_table,
    table_file,
)

TABLE = "brent_monthly"


def read_brent(paths: Paths) -> pd.Series:
    """Monthly mean of the Brent spot price f.o.b., USD a barrel, by month (Period[M]).

    Raises InputError as `read_table` does, for a period that is no month, for a price that is not
    above zero, and for a month that is missing between the first and the last.
    """
    file = table_file(TABLE)
    table = read_table(paths, TABLE)
    months, month_errors = parse_column(table, "month", _month, file=file)
    prices, price_errors = parse_column(table, "usd_per_barrel", _price, file=file)
    raise_if_any([*month_errors, *price_errors])
    brent = pd.Series(
        [float(price) for price in prices],
        index=pd.PeriodIndex(list(months), freq="M"),
        name="brent",
    ).sort_index()
    gaps = pd.period_range(brent.index[0], brent.index[-1], freq="M").difference(brent.index)
    if len(gaps):
        raise InputError(
            "a price for every month between the first and the last",
            file=file,
            column="month",
            found=f"no row for {gaps[0]}",
            action="add the month as its publisher prints it",
        )
    return brent.rename_axis("month")


def _month(text: str, at: Place = UNPLACED) -> pd.Period:
    period = parse_period(text, at)
    if period.kind != "month":
        raise at.error("a single month", found=text, action="write it as YYYY-MM")
    return period.first


def _price(text: str, at: Place = UNPLACED) -> float:
    price = float(parse_number(text, at))
    if price <= 0:
        raise at.error("a price above zero", found=text, action="write USD a barrel as printed")
    return price
