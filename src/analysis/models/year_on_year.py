"""Growth of a window of months against the same months a year before, with its interval.

The sums of both windows are known as bounds, not as numbers. Three vintages make three answers:
first releases over first releases; the year to date over first releases; and, as the customs
office divides, the year to date over the corrected base.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

MONTHS_A_YEAR = 12

Interval = tuple[float, float]


@dataclass(frozen=True)
class Growth:
    """Change of `flow` in the window (first and last month inside) against a year before.

    `percent` is the change between the middles of the bounds of both sums; `lower_percent` and
    `upper_percent` hold for every pair of sums inside their bounds, without a probability. Minus
    is a fall. `vintage` is that of the window, `base_vintage` that of the year before.
    """

    flow: str
    first: pd.Period
    last: pd.Period
    vintage: str
    base_vintage: str
    percent: float
    lower_percent: float
    upper_percent: float

    @property
    def interval(self) -> Interval:
        return self.lower_percent, self.upper_percent


def growth_interval(numerator: Interval, denominator: Interval) -> Interval:
    """All changes in per cent from a sum in `denominator` to one in `numerator`.

    Both are (lower, upper), ends inside, and vary independently, so the interval is the widest
    that the bounds allow. An upper end may be infinite. Raises ValueError for a negative sum, ends
    in the wrong order, or a denominator that can be zero.

    >>> growth_interval((75.0, 125.0), (100.0, 100.0))
    (-25.0, 25.0)
    """
    for name, (lower, upper) in {"numerator": numerator, "denominator": denominator}.items():
        if not 0 <= lower <= upper:
            raise ValueError(f"{name}: expected 0 <= lower <= upper, found {lower} and {upper}")
    if denominator[0] == 0 or math.isinf(numerator[0]):
        raise ValueError(f"no growth rate over {denominator}: the base can be zero")
    fall = 0.0 if math.isinf(denominator[1]) else numerator[0] / denominator[1]
    return 100 * (fall - 1), 100 * (numerator[1] / denominator[0] - 1)


def year_on_year(
    windows: pd.DataFrame,
    flow: str,
    first: str | pd.Period,
    last: str | pd.Period,
    *,
    vintage: str = "first_release",
    base_vintage: str = "first_release",
) -> Growth:
    """Growth of `flow` from `first` to `last` (both inside) against the same months a year before.

    `windows` has one row a window: `first`, `last` (Period[M]), `flow`, `vintage`
    (`first_release`, `year_to_date` or `corrected`), `lower_usd_mn`, `upper_usd_mn`. Raises
    KeyError for a window that is not among them.
    """
    start, end = pd.Period(first, "M"), pd.Period(last, "M")
    now = window_bounds(windows, flow, start, end, vintage)
    base = window_bounds(windows, flow, start - MONTHS_A_YEAR, end - MONTHS_A_YEAR, base_vintage)
    lower, upper = growth_interval(now, base)
    middle = 100 * (sum(now) / sum(base) - 1)
    return Growth(flow, start, end, vintage, base_vintage, middle, lower, upper)


def window_bounds(
    windows: pd.DataFrame, flow: str, first: str | pd.Period, last: str | pd.Period, vintage: str
) -> Interval:
    """Lower and upper bound, USD million, of the sum of `flow` over a window of `windows`.

    Raises KeyError when the window is not there, or more than once.
    """
    chosen = windows[
        (windows["first"] == pd.Period(first, "M"))
        & (windows["last"] == pd.Period(last, "M"))
        & (windows["flow"] == flow)
        & (windows["vintage"] == vintage)
    ]
    if len(chosen) != 1:
        raise KeyError(
            f"expected one row for {flow}, {first} to {last}, {vintage}; found {len(chosen)}: "
            "add the window to the pipeline's list of windows"
        )
    lower, upper = chosen[["lower_usd_mn", "upper_usd_mn"]].iloc[0]
    return float(lower), float(upper)


def calendar_years(windows: pd.DataFrame, years: Iterable[int]) -> pd.DataFrame:
    """The windows of `years` from January to December, with `year` and `middle_usd_mn` added.

    In the order of year, flow and vintage; a year that is not among the windows has no row.
    """
    whole = windows[
        (windows["first"].dt.month == 1)
        & (windows["last"] == windows["first"] + MONTHS_A_YEAR - 1)
        & windows["first"].dt.year.isin(list(years))
    ]
    middle = (whole["lower_usd_mn"] + whole["upper_usd_mn"]) / 2
    return (
        whole.assign(year=whole["first"].dt.year, middle_usd_mn=middle)
        .sort_values(["year", "flow", "vintage"])
        .reset_index(drop=True)
    )


def growth_table(growths: list[Growth]) -> pd.DataFrame:
    """One row a growth rate, in the order given; months as Period[M], rates in per cent."""
    return pd.DataFrame([growth.__dict__ for growth in growths])
