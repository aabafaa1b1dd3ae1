"""Prices that move the value of this trade: coal through its own unit value, oil as Brent."""

from __future__ import annotations

import numpy as np
import pandas as pd


def unit_values(
    observations: pd.DataFrame, product: str, *, flow: str = "import", unit: str = "t"
) -> pd.DataFrame:
    """USD per tonne of `product` in each period for which value and quantity are both printed.

    `observations` as `schemas.COMMODITY_OBSERVATIONS`; usable rows in USD and in `unit`, customs
    figures before Korean ones. Value and quantity may stand in two rows of one period and basis.
    Of several figures the narrowest counts. Gives `first`, `last`, `basis`, `lower`, `middle`,
    `upper` (the quotients of the printed values and of the interval ends), one row a period.
    """
    own = observations[
        (observations["product"] == product)
        & (observations["flow"] == flow)
        & observations["set_aside"].isna()
        & observations["basis"].isin(["customs", "kita"])
    ]
    value = _narrowest(own[own["value"].notna() & own["currency"].eq("USD")], "value", "")
    amount = _narrowest(
        own[own["quantity"].gt(0) & own["quantity_unit"].eq(unit)], "quantity", "quantity_"
    )
    pairs = value.join(amount, how="inner").reset_index()
    table = pairs[["first", "last", "basis"]].assign(
        lower=1e6 * pairs["lower"] / pairs["quantity_upper"],
        middle=1e6 * pairs["value"] / pairs["quantity"],
        upper=1e6 * pairs["upper"] / pairs["quantity_lower"],
    )
    return (
        table.sort_values(["first", "last", "basis"])
        .drop_duplicates(["first", "last"])
        .reset_index(drop=True)
    )


def _narrowest(rows: pd.DataFrame, name: str, prefix: str) -> pd.DataFrame:
    """Of the figures of one period and basis the one with the narrowest interval."""
    lower, upper = f"{prefix}lower", f"{prefix}upper"
    ranked = rows.assign(width=rows[upper] - rows[lower]).sort_values(["width", "row_id"])
    keys = ["first", "last", "basis"]
    return ranked.drop_duplicates(keys).set_index(keys)[[name, lower, upper]]


def monthly_price(values: pd.DataFrame, months: pd.PeriodIndex) -> pd.Series:
    """A price for every month, on straight lines between the middles of the periods of `values`.

    Before the first and after the last period the nearest holds. Where periods are far apart the
    line is a guess and no measurement: a control built on it is a rough one. Of periods with the
    same middle the shorter counts.
    """
    middle = [
        (first.ordinal + last.ordinal) / 2
        for first, last in zip(values["first"], values["last"], strict=True)
    ]
    length = [
        last.ordinal - first.ordinal
        for first, last in zip(values["first"], values["last"], strict=True)
    ]
    points = (
        values.assign(at=middle, length=length).sort_values(["at", "length"]).drop_duplicates("at")
    )
    return pd.Series(
        np.interp(months.asi8, points["at"], points["middle"]), index=months, name="price"
    )
