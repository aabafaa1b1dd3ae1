"""The same observations with one choice changed: a month left out, two pooled, another currency."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from analysis.models.trade_observations import TradeObservations, WindowError

JANUARY, FEBRUARY = 1, 2


def without_month(observations: TradeObservations, month: pd.Period) -> TradeObservations:
    """Without every figure that is of `month` alone; sums that hold it stay.

    Raises WindowError when there is no such figure.
    """
    figures = observations.figures
    own = (figures["first"] == month) & (figures["last"] == month)
    if not own.any():
        raise WindowError(
            f"{observations.flow}, {observations.vintage}: expected a figure of {month} alone to "
            "leave out, found none"
        )
    return replace(observations, figures=figures[~own].reset_index(drop=True))


def pooled_january_february(observations: TradeObservations) -> TradeObservations:
    """January and February as one sum in the figures, and as two halves of it in the draws.

    The holiday falls in either month; nothing of it is left in their sum. Where one of the two is
    known alone and the other not, neither is used; rates of a single one are left out.
    """
    figures = observations.figures
    of_one = figures["first"] == figures["last"]
    number = pd.PeriodIndex(figures["first"], freq="M").month
    single = of_one & number.isin([JANUARY, FEBRUARY])
    sums = figures[single & (figures["kind"] == "sum")]
    years = pd.PeriodIndex(sums["first"], freq="M").year
    pooled = [
        {
            "kind": "sum",
            "first": pd.Period(year=year, month=JANUARY, freq="M"),
            "last": pd.Period(year=year, month=FEBRUARY, freq="M"),
            "lower": pair["lower"].sum(),
            "upper": pair["upper"].sum(),
        }
        for year, pair in sums.groupby(years)
        if len(pair) == 2
    ]
    rest = figures[~single]
    both = pd.concat([rest, pd.DataFrame(pooled, columns=figures.columns)], ignore_index=True)
    both = both.drop_duplicates(["kind", "first", "last"])
    draws = observations.draws.copy()
    for month in draws.columns[draws.columns.month == JANUARY]:
        if month + 1 in draws.columns:
            half = (draws[month] + draws[month + 1]) / 2
            draws[month], draws[month + 1] = half, half
    return replace(
        observations, figures=both.sort_values(["first", "last"], ignore_index=True), draws=draws
    )


def in_yuan(observations: TradeObservations, rates: pd.DataFrame) -> TradeObservations:
    """All money in CNY million at the customs' rates.

    `rates` has one row a month (index Period[M]) and `lower` and `upper`, yuan per dollar: draws
    take the middle, and the interval of a sum is as wide as the rates of its months allow. Raises
    WindowError for a month without a rate.
    """
    missing = observations.draws.columns.difference(rates.index)
    if len(missing):
        raise WindowError(f"yuan: expected a rate for every month, found none for {missing[0]}")
    figures = observations.figures
    low = [_inside(rates["lower"], row).min() for row in figures.itertuples()]
    high = [_inside(rates["upper"], row).max() for row in figures.itertuples()]
    money = figures["kind"] == "sum"
    before = [
        (_inside(rates["lower"], row, 12).min(), _inside(rates["upper"], row, 12).max())
        if row.kind == "rate"
        else (1.0, 1.0)
        for row in figures.itertuples()
    ]
    slow, fast = (pd.Series(values, index=figures.index) for values in (low, high))
    old = pd.DataFrame(before, index=figures.index, columns=["low", "high"])
    lower = figures["lower"].where(~money, figures["lower"] * slow)
    upper = figures["upper"].where(~money, figures["upper"] * fast)
    lower = lower.where(money, (1 + figures["lower"]) * slow / old["high"] - 1)
    upper = upper.where(money, (1 + figures["upper"]) * fast / old["low"] - 1)
    middle = rates[["lower", "upper"]].mean(axis=1).reindex(observations.draws.columns)
    return replace(
        observations,
        figures=figures.assign(lower=lower, upper=upper),
        draws=observations.draws * middle.to_numpy(),
    )


def _inside(rates: pd.Series, row, back: int = 0) -> pd.Series:
    return rates.loc[row.first - back : row.last - back]
