"""Fuel prices in dollars, one series a collector, and how far sparse dates show a change.

A won price becomes dollars at the same collector's market rate of a nearby day, for the official
rate is no price; where that collector printed none, at another collector's, and the row says so.
Series are never spliced: they are collected in other places by other people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

FUELS = ("gasoline", "diesel")
#: Days between a price and the rate that turns it into dollars, at most. From 2016 to 2019 market
#: rates moved by some per cent in as many days; in 2021 and 2024 by far more, and prices without a
#: near rate stay in won.
NEAREST_RATE_DAYS = 45
#: Steps between observations from which the ordinary drift of a price is measured, at least.
FEWEST_STEPS = 3


def dollar_prices(prices: pd.DataFrame, cross_rates: pd.DataFrame) -> pd.DataFrame:
    """Every usable price per kilogram in dollars, with the ends that dates and rates leave.

    `prices` has one row a print: `line`, `item`, `collector`, `place`, `first_day`, `last_day`,
    `price`, `lower`, `upper`, `currency`, `set_aside`. `cross_rates` is indexed by day, with
    `cny_per_usd` and `usd_per_eur`. Gives for each usable fuel row `line`, `collector`, `item`,
    `place`, `day` (the middle of its days), `days_open`, `usd_per_kg`, `lower_usd`, `upper_usd`,
    `rate_from` (the collector of the rate, empty where none was needed) and `set_aside`, which
    says why a row has no dollars.
    """
    usable = prices[prices["set_aside"].isna()]
    rates = _won_rates(usable, cross_rates)
    rows = []
    for row in usable[usable["item"].isin(FUELS)].itertuples():
        day = _middle(row)
        rows.append(
            {
                "line": row.line,
                "collector": row.collector,
                "item": row.item,
                "place": row.place,
                "day": day,
                "days_open": (row.last_day - row.first_day).days,
                **_in_dollars(row, day, rates, cross_rates),
            }
        )
    return pd.DataFrame(rows).sort_values(["collector", "item", "day", "line"], ignore_index=True)


def _middle(row: tuple) -> pd.Timestamp:
    return (row.first_day + (row.last_day - row.first_day) / 2).normalize()


def _won_rates(usable: pd.DataFrame, cross_rates: pd.DataFrame) -> pd.DataFrame:
    """Won per dollar by collector and day; a yuan rate times the cross rate."""
    own = usable[
        usable["item"].isin(["exchange rate USD", "exchange rate CNY"])
        & (usable["lower"] > 0)
        & np.isfinite(usable["upper"])
        & ((usable["last_day"] - usable["first_day"]).dt.days <= NEAREST_RATE_DAYS)
    ]
    rows = []
    for row in own.itertuples():
        day = _middle(row)
        times = 1.0 if row.item.endswith("USD") else cross_rates.loc[day, "cny_per_usd"]
        rows.append({"collector": row.collector, "day": day, "won": row.price * times})
    return pd.DataFrame(rows, columns=["collector", "day", "won"])


def _in_dollars(
    row: tuple, day: pd.Timestamp, rates: pd.DataFrame, cross_rates: pd.DataFrame
) -> dict[str, object]:
    nothing = {"usd_per_kg": np.nan, "lower_usd": np.nan, "upper_usd": np.nan, "rate_from": ""}
    ends = {"usd_per_kg": row.price, "lower_usd": row.lower, "upper_usd": row.upper}
    if row.currency == "USD":
        return {**ends, "rate_from": "", "set_aside": None}
    if row.currency == "EUR":
        rate = cross_rates.loc[day, "usd_per_eur"]
        return {name: end * rate for name, end in ends.items()} | {
            "rate_from": "",
            "set_aside": None,
        }
    for collector in (row.collector, None):
        near = _nearest(rates, collector, day)
        if len(near):
            middle = float(np.exp(np.log(near["won"]).mean()))
            names = "; ".join(sorted(near["collector"].unique()))
            return {
                "usd_per_kg": row.price / middle,
                "lower_usd": row.lower / near["won"].max(),
                "upper_usd": row.upper / near["won"].min(),
                "rate_from": names,
                "set_aside": None,
            }
    why = f"no market rate within {NEAREST_RATE_DAYS} days: the price stays in won"
    return {**nothing, "set_aside": why}


def _nearest(rates: pd.DataFrame, collector: str | None, day: pd.Timestamp) -> pd.DataFrame:
    """The rates of the nearest day before and the nearest day after; of `day` itself alone."""
    own = rates if collector is None else rates[rates["collector"] == collector]
    gap = (own["day"] - day).dt.days
    near = own.assign(gap=gap)[gap.abs() <= NEAREST_RATE_DAYS]
    same = near[near["gap"] == 0]
    if len(same):
        return same
    before, after = near[near["gap"] < 0], near[near["gap"] > 0]
    return pd.concat(
        [before[before["gap"] == before["gap"].max()], after[after["gap"] == after["gap"].min()]]
    )


def price_series(dollars: pd.DataFrame) -> pd.DataFrame:
    """One price a collector, item and day: the mean over places, the widest of their ends.

    `dollars` as from `dollar_prices`. Gives `collector`, `item`, `day`, `usd_per_kg`,
    `lower_usd`, `upper_usd`, `places`. A print that is only a limit (`>27000`) stays out.
    """
    known = dollars[dollars["usd_per_kg"].notna() & np.isfinite(dollars["upper_usd"])]
    return (
        known.groupby(["collector", "item", "day"], sort=True)
        .agg(
            usd_per_kg=("usd_per_kg", "mean"),
            lower_usd=("lower_usd", "min"),
            upper_usd=("upper_usd", "max"),
            places=("place", "nunique"),
        )
        .reset_index()
    )


def change_around(
    series: pd.DataFrame, event: pd.Timestamp, *, level: float = 0.9, within_days: int = 90
) -> dict[str, object]:
    """Change of one series from the last print before `event` to the first from it on.

    `series`: `day` and `usd_per_kg` of one collector and item. The price is taken to wander
    between prints: the variance of its logarithm grows by as much a day as the other steps of the
    series show (those at most `within_days` long). `lower_percent` and `upper_percent` enclose
    the part of the change that such wandering does not explain, at `level`, by Student's t with
    one degree of freedom a step. `verdict`: `rise` or `fall` where that interval excludes zero,
    `no verdict` where it does not, and `not measured` where a print lacks on one side within
    `within_days`, or where fewer than `FEWEST_STEPS` steps are left to measure the wandering.
    """
    ordered = series.sort_values("day")
    before = ordered[ordered["day"] < event].tail(1)
    after = ordered[ordered["day"] >= event].head(1)
    result = {
        "before": before["day"].iloc[0] if len(before) else pd.NaT,
        "after": after["day"].iloc[0] if len(after) else pd.NaT,
        "change_percent": np.nan,
        "lower_percent": np.nan,
        "upper_percent": np.nan,
        "steps": 0,
        "verdict": "not measured",
    }
    if before.empty or after.empty:
        return result
    apart = (event - result["before"]).days, (result["after"] - event).days
    if max(apart) > within_days:
        return result
    change = float(np.log(after["usd_per_kg"].iloc[0] / before["usd_per_kg"].iloc[0]))
    steps = _steps(ordered, result["after"], within_days)
    result |= {"change_percent": 100 * np.expm1(change), "steps": len(steps)}
    if len(steps) < FEWEST_STEPS:
        return result
    daily = float(np.mean(steps["change"] ** 2 / steps["days"]))
    reach = stats.t.ppf((1 + level) / 2, len(steps)) * np.sqrt(daily * sum(apart))
    low, high = change - reach, change + reach
    verdict = "rise" if low > 0 else "fall" if high < 0 else "no verdict"
    return result | {
        "lower_percent": 100 * np.expm1(low),
        "upper_percent": 100 * np.expm1(high),
        "verdict": verdict,
    }


def _steps(ordered: pd.DataFrame, skip: pd.Timestamp, within_days: int) -> pd.DataFrame:
    """Changes of the logarithm between neighbouring prints, without the one that ends at `skip`."""
    steps = pd.DataFrame(
        {
            "day": ordered["day"],
            "days": ordered["day"].diff().dt.days,
            "change": np.log(ordered["usd_per_kg"]).diff(),
        }
    ).dropna()
    return steps[(steps["day"] != skip) & steps["days"].between(1, within_days)]


def changes_by_event(
    series: pd.DataFrame, events: Mapping[str, str], *, level: float = 0.9
) -> pd.DataFrame:
    """`change_around` for every collector and fuel around every event (name to day)."""
    rows = []
    for (collector, item), own in series.groupby(["collector", "item"], sort=True):
        for name, day in events.items():
            found = change_around(own, pd.Timestamp(day), level=level)
            rows.append({"event": name, "collector": collector, "item": item, **found})
    return pd.DataFrame(rows)


def level_by_period(series: pd.DataFrame, periods: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Mean price of each collector and fuel in named periods (name, first and last day, both in).

    Columns `period`, `collector`, `item`, `usd_per_kg`, `lowest`, `highest`, `days` (printed).
    """
    rows = []
    for name, first, last in periods:
        inside = series[series["day"].between(pd.Timestamp(first), pd.Timestamp(last))]
        for (collector, item), own in inside.groupby(["collector", "item"], sort=True):
            rows.append(
                {
                    "period": name,
                    "collector": collector,
                    "item": item,
                    "usd_per_kg": own["usd_per_kg"].mean(),
                    "lowest": own["lower_usd"].min(),
                    "highest": own["upper_usd"].max(),
                    "days": len(own),
                }
            )
    return pd.DataFrame(rows)
