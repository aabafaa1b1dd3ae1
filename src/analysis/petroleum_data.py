"""From data/raw to what the petroleum models are given: the edge of notebook 04."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pandas as pd
from currency_converter import CurrencyConverter

from analysis.cleaning.accounting import usable_rows
from analysis.cleaning.corrections import apply_corrections, read_corrections
from analysis.cleaning.deliveries import (
    SUPPLIERS,
    CleanDeliveries,
    clean_deliveries,
    cumulative_bounds,
    supplier_bounds,
)
from analysis.models.cap import cap_periods
from analysis.paths import Paths
from analysis.publish import start_solver
from analysis.sources.conversion_factors import conversion_factors
from analysis.sources.exchange_rates import ecb_cross_rate, last_ecb_day
from analysis.sources.fuel_prices import fuel_prices
from analysis.sources.observations import (
    commodity_observations,
    delivery_observations,
    petroleum_observations,
)
from analysis.sources.petroleum_estimates import illicit_estimates
from analysis.sources.petroleum_rules import petroleum_rules


@dataclass(frozen=True, eq=False)
class PetroleumData:
    """The petroleum tables, typed and corrected.

    `rules`, `factors`, `estimates`, `prices` as their `sources` modules say; `reported` the usable
    rows of reported deliveries and `not_reported` why the others are not; `customs` and `goods`
    the usable customs rows of petroleum and of all goods; `cross_rates` yuan a dollar and dollars
    a euro on the days of the prices.
    """

    rules: pd.DataFrame
    factors: pd.DataFrame
    estimates: pd.DataFrame
    prices: pd.DataFrame
    reported: pd.DataFrame
    not_reported: pd.Series
    customs: pd.DataFrame
    not_customs: pd.Series
    goods: pd.DataFrame
    cross_rates: pd.DataFrame


def petroleum_data(paths: Paths) -> PetroleumData:
    """Read all petroleum tables. Raises InputError as their readers do."""
    corrections = read_corrections(paths)
    frames = {}
    for name, read in (
        ("reported", delivery_observations),
        ("customs", petroleum_observations),
        ("goods", commodity_observations),
    ):
        corrected, _ = apply_corrections(read(paths), corrections)
        frames[name], frames[f"not_{name}"] = usable_rows(corrected)
    prices = fuel_prices(paths)
    return PetroleumData(
        rules=petroleum_rules(paths),
        factors=conversion_factors(paths),
        estimates=illicit_estimates(paths),
        prices=prices,
        reported=frames["reported"],
        not_reported=frames["not_reported"],
        customs=frames["customs"],
        not_customs=frames["not_customs"],
        goods=frames["goods"],
        cross_rates=_cross_rates(prices),
    )


#: The page tells of tanker counts up to the year 2023 and carries a part-year to December, so the
#: earliest month that it can end with is the first of 2024.
EARLIEST_END = pd.Period("2024-01", "M")


def reading_end(data: PetroleumData, last_month: str) -> pd.Period:
    """The month with which reports are read to end, from the text of a parameter.

    Raises ValueError unless it is a month between `EARLIEST_END` and the newest month that a
    report speaks of, both inside, and not a December: a whole year leaves nothing to project.
    """
    newest = data.reported["last"].max()
    try:
        last = pd.Period(last_month, "M")
    except ValueError:
        last = None
    if last is None or not EARLIEST_END <= last <= newest or last.month == 12:
        raise ValueError(
            f"last_month: a month from {EARLIEST_END} to {newest}, the newest that was reported, "
            f"and not a December, since the page carries a part of a year to its end; "
            f'found {last_month!r}. Give another month, as in P="last_month={newest}"'
        )
    return last


def reconciled(data: PetroleumData, *, last: str | None = None) -> CleanDeliveries:
    """`clean_deliveries` of the usable rows, the solver's notice kept off the page."""
    start_solver()
    return clean_deliveries(data.reported, last=last)


def reported_by_period(
    clean: CleanDeliveries, rules: pd.DataFrame, last: pd.Period
) -> pd.DataFrame:
    """What each supplier reported in each cap period up to month `last`, with the cap.

    Columns `period_first`, `period_last`, those of `deliveries.supplier_bounds`, `cap_barrels`.
    A period that `last` cuts off keeps its whole length; its later months are open.
    """
    tables = []
    for cap in cap_periods(rules, last):
        first, end = cap.months[0], cap.months[-1]
        table = supplier_bounds(clean, first, min(end, last))
        beyond = max(0, (end - last).n)
        tables.append(
            table.assign(
                period_first=first,
                period_last=end,
                months=table["months"] + beyond,
                open_months=table["open_months"] + beyond,
                cap_barrels=cap.barrels,
            )
        )
    return pd.concat(tables, ignore_index=True)


def yearly_paths(
    clean: CleanDeliveries, years: range, last: pd.Period, suppliers: Sequence[str] = SUPPLIERS
) -> dict[int, pd.DataFrame]:
    """`deliveries.cumulative_bounds` of each calendar year, the last one up to `last`."""
    return {
        year: cumulative_bounds(
            clean,
            pd.Period(year=year, month=1, freq="M"),
            min(pd.Period(year=year, month=12, freq="M"), last),
            suppliers=suppliers,
        )
        for year in years
    }


def row_fates(
    data: PetroleumData, clean: CleanDeliveries, overlap: pd.DataFrame, dollars: pd.DataFrame
) -> pd.DataFrame:
    """Rows read, used and set aside, one row a petroleum table.

    `overlap` as from `tanker_counts.overlap_table`: an estimate is used where a count holds it.
    `dollars` as from `fuel_prices.dollar_prices`: a price without a near rate is not used. The
    customs rows are those that speak of one definition; each picture draws some of them.
    """
    counted = overlap["fate"].str.startswith(("count", "an upper end of count"))
    no_rate = dollars["set_aside"].notna().sum()
    rows = [
        ("petroleum_caps", len(data.rules), data.rules["set_aside"].isna().sum()),
        (
            "petroleum_conversion_factors",
            len(data.factors),
            data.factors["set_aside"].isna().sum(),
        ),
        ("petroleum_illicit_estimates", len(data.estimates), counted.sum()),
        ("petroleum_prices", len(data.prices), data.prices["set_aside"].isna().sum() - no_rate),
        (
            "petroleum_reported_deliveries",
            len(data.reported) + len(data.not_reported),
            len(clean.used),
        ),
        ("gacc_petroleum", len(data.customs) + len(data.not_customs), len(data.customs)),
    ]
    table = pd.DataFrame(rows, columns=["table", "rows_read", "rows_used"])
    return table.assign(rows_set_aside=table["rows_read"] - table["rows_used"])


def _cross_rates(prices: pd.DataFrame) -> pd.DataFrame:
    """Yuan a dollar and dollars a euro on the middle day of every price, by day."""
    middle = prices["first_day"] + (prices["last_day"] - prices["first_day"]) / 2
    days = sorted({day.normalize() for day in middle if day.date() <= last_ecb_day()})
    return pd.DataFrame(
        {
            "cny_per_usd": [ecb_cross_rate(day.date()) for day in days],
            "usd_per_eur": [_dollars_per_euro(day) for day in days],
        },
        index=pd.DatetimeIndex(days, name="day"),
    )


@cache
def _ecb() -> CurrencyConverter:
    return CurrencyConverter(fallback_on_missing_rate=True, fallback_on_wrong_date=False)


def _dollars_per_euro(day: pd.Timestamp) -> float:
    """The European Central Bank's reference rate; on a day without one, between its neighbours."""
    return float(_ecb().convert(1, "EUR", "USD", day.date()))
