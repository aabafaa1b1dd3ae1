"""What contestable choices do to the results, each changed alone.

A variant of the reading changes the intervals of the printed totals, or the table of exchange
rates, before they enter the reconciliation; all that follows is that of the pages. A variant of the
estimate changes the training window or the vintage of the series of the pages.
`bench/validate.py choices` runs them; a page of docs/ a choice says what comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.cleaning.accounting import usable_totals
from analysis.cleaning.conflicts import ROBUST_TOLERANCE, least_rejection
from analysis.cleaning.corrections import apply_corrections, read_corrections
from analysis.cleaning.spans import trade_spans
from analysis.cleaning.trade import (
    CleanTrade,
    clean_trade,
    currency_pairs,
    trade_draws,
    window_bounds,
)
from analysis.cleaning.trade_statements import FIRST_UNKNOWN, trade_system
from analysis.models.precision import closed_months, window
from analysis.models.specifications import Specification, estimate
from analysis.models.year_on_year import year_on_year
from analysis.paths import Paths
from analysis.sources.calendar import read_treatments, treatment_months
from analysis.sources.exchange_rates import (
    TESTED_LAST,
    customs_rate,
    ecb_cross_rate,
    implied_rates,
    rate_table,
)
from analysis.sources.observations import RATE_TOLERANCE, totals_observations
from analysis.sources.tables import LAST_DIGIT_SLIP, ROUNDING_UNITS, TRUNCATION_UNITS
from analysis.trade_data import ModelInputs, observations_of

#: Joint draws and their seed: fewer than a page's, enough for the ends of an interval.
DRAWS, SEED = 50, 20190101
#: The months of page 02's first sentence, and those of page 01's.
HEADLINE = ("2016-12", "2019-11")
CLOSED_IN = ("2016-01", "2019-12")
#: The yearly falls that the customs office printed, by the name of their columns.
FALLS = {
    "imports_2017": ("import", 2017),
    "imports_2018": ("import", 2018),
    "exports_2018": ("export", 2018),
    "trade_2018": ("total", 2018),
}
YEARS = (2016, 2017, 2018)


@dataclass(frozen=True)
class Rounding:
    """How far the truth may lie from a printed figure, in units of its last printed place.

    `nearer` and `farther`: towards zero and away from it; `slip`: either way, in figures of four
    digits or more; `rate`: a growth rate, either way.
    """

    nearer: float = float(ROUNDING_UNITS)
    farther: float = float(TRUNCATION_UNITS)
    slip: float = float(LAST_DIGIT_SLIP)
    rate: float = float(RATE_TOLERANCE)


@dataclass(frozen=True)
class Conversion:
    """Yuan per dollar to December 2021 without the pairs of figures printed in both currencies.

    The European Central Bank's cross rate, `tolerance` (a share) either way: of the day that the
    customs office uses (`day` is `customs`), or the mean of the month's own days (`month`).
    """

    day: str
    tolerance: float


@dataclass(frozen=True)
class Variant:
    """One choice of the reading in one value; None is as on the pages."""

    choice: str
    label: str
    rounding: Rounding | None = None
    conversion: Conversion | None = None


@dataclass(frozen=True)
class Estimate:
    """One choice of the estimate in one value: what it changes of the usual `Specification`."""

    choice: str
    label: str
    changes: Mapping[str, str] = field(default_factory=dict)


VARIANTS = (
    Variant("none", "as on the pages"),
    Variant("rounding rule", "rounded only", Rounding(0.5, 0.5, 0.0, 0.5)),
    Variant("rounding rule", "rounded or cut off", Rounding(slip=0.0)),
    Variant("rounding rule", "last digit two off", Rounding(slip=2.0)),
    Variant("rounding rule", "two units either way", Rounding(2.0, 2.0, 2.0, 2.0)),
    Variant("exchange rate", "cross rate alone, exactly", conversion=Conversion("customs", 0.0)),
    Variant("exchange rate", "cross rate alone, 0.3 %", conversion=Conversion("customs", 0.003)),
    Variant("exchange rate", "cross rate alone, 2 %", conversion=Conversion("customs", 0.02)),
    Variant("exchange rate", "cross rate alone, 4 %", conversion=Conversion("customs", 0.04)),
    Variant("exchange rate", "the month's own mean, 0.3 %", conversion=Conversion("month", 0.003)),
)


#: All evaluated over `specifications.EVALUATED`: behind the latest end of training.
ESTIMATES = (
    Estimate("training window", "as on the pages"),
    Estimate("training window", "to February 2016", {"train_end": "2016-02"}),
    Estimate("training window", "to October 2016", {"train_end": "2016-10"}),
    Estimate("training window", "to December 2016", {"train_end": "2016-12"}),
    Estimate("training window", "to January 2017", {"train_end": "2017-01"}),
    Estimate("training window", "from January 2013", {"first": "2013-01"}),
    Estimate("training window", "from January 2014", {"first": "2014-01"}),
    Estimate("vintage", "as on the pages"),
    Estimate("vintage", "first release", {"vintage": "first_release"}),
    Estimate("vintage", "corrected, in yuan", {"currency": "CNY"}),
)


def with_rounding(observations: pd.DataFrame, rule: Rounding) -> pd.DataFrame:
    """`observations` of the totals with the intervals that `rule` gives their printed figures.

    The unit of the last place is read off the interval itself, which reaches one unit away from
    zero; it reaches as far towards zero only where the digits suffice to show a slip. A printed
    zero reaches `farther` either way. What decides between equals in a contradiction, whether one
    slip of typing would mend a figure, counts in the width of the interval, so it is only rough
    where `farther` is not one.
    """
    value, lower, upper = (observations[name] for name in ("value", "lower", "upper"))
    positive, negative = value > 0, value < 0
    below, above = value - lower, upper - value
    unit = np.maximum(below, above)
    slips = (np.minimum(below, above) > 0.75 * unit) & (positive | negative)
    least = rule.slip * slips
    near, far = np.maximum(rule.nearer, least), np.maximum(rule.farther, least)
    rate = (observations["yoy_lower"] + observations["yoy_upper"]) / 2
    reach = rule.rate * (observations["yoy_upper"] - rate)
    return observations.assign(
        lower=value - unit * near.where(positive, far),
        upper=value + unit * near.where(negative, far),
        yoy_lower=rate - reach,
        yoy_upper=rate + reach,
    )


def converted(table: pd.DataFrame, how: Conversion) -> pd.DataFrame:
    """The rates of `table` with those to `TESTED_LAST` as `how` says.

    Later months keep theirs: the central rate was held away from the market then, which the pairs
    show and no other reading of the market's rate can.
    """
    of_month = {"customs": customs_rate, "month": month_mean}[how.day]
    varied = table["month"] <= TESTED_LAST
    rate = table.loc[varied, "month"].map(of_month).astype(float)
    early = pd.DataFrame(
        {
            "month": table.loc[varied, "month"],
            "cny_per_usd": rate,
            "lower": rate * (1 - how.tolerance),
            "upper": rate * (1 + how.tolerance),
            "source": f"European Central Bank, {how.day}, {100 * how.tolerance:g} % either way",
        }
    )
    return pd.concat([early, table[~varied]])


def month_mean(month: pd.Period) -> float:
    """Mean of the European Central Bank's cross rate over the month's weekdays."""
    days = pd.bdate_range(month.start_time, month.end_time.normalize())
    return float(np.mean([ecb_cross_rate(day.date()) for day in days]))


def score(paths: Paths, variant: Variant) -> dict[str, object]:
    """The results under one variant of the reading: a row of `bench/validation/choices.csv`.

    Beside `choice` and `label`: `rejected` and `revisions` (figures, and unannounced revisions);
    the falls of `FALLS` in per cent as the office divides, with `_lower` and `_upper`; `closed`
    and `closed_robust` of `months`, with bounds under 5 %; `effect_import` and `effect_export`
    over `HEADLINE`, per cent of the counterfactual, with their 90 % intervals.
    """
    totals, rates = evidence(paths, variant)
    clean = reconciled(paths, totals, rates, tolerance=ROBUST_TOLERANCE)
    kinds = clean.contradictions["kind"]
    inside = window(clean.monthly, *CLOSED_IN)
    first, last = HEADLINE
    return {
        "choice": variant.choice,
        "label": variant.label,
        "rejected": int((kinds != "revision").sum()),
        "revisions": int((kinds == "revision").sum()),
        **falls(clean),
        "months": len(inside),
        "closed": closed_months(inside).closed,
        "closed_robust": closed_months(inside, "robust").closed,
        **effects(
            inputs_of(clean, totals, rates), {"evaluated_first": first, "evaluated_last": last}
        ),
    }


def score_estimates(paths: Paths) -> list[dict[str, object]]:
    """The effects under each of `ESTIMATES`; columns as `score`, without those of the reading."""
    totals, rates = evidence(paths, VARIANTS[0])
    inputs = inputs_of(reconciled(paths, totals, rates), totals, rates)
    return [
        {"choice": one.choice, "label": one.label, **effects(inputs, one.changes)}
        for one in ESTIMATES
    ]


def evidence(paths: Paths, variant: Variant) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable totals and the exchange rates as `variant` reads them."""
    read, _ = apply_corrections(totals_observations(paths), read_corrections(paths))
    if variant.rounding is not None:
        read = with_rounding(read, variant.rounding)
    totals, _ = usable_totals(read)
    months = list(pd.period_range(FIRST_UNKNOWN, totals["last"].max(), freq="M"))
    rates = rate_table(months, implied_rates(currency_pairs(totals)))
    return totals, rates if variant.conversion is None else converted(rates, variant.conversion)


def reconciled(
    paths: Paths, totals: pd.DataFrame, rates: pd.DataFrame, *, tolerance: float | None = None
) -> CleanTrade:
    """The months that `totals` allow; robust bounds only with a `tolerance`."""
    system = trade_system(totals, rates.set_index("month"))
    rejection = least_rejection(system, tolerance=tolerance)
    return clean_trade(totals, rates, treatment_months(read_treatments(paths)), rejection=rejection)


def falls(clean: CleanTrade) -> dict[str, float]:
    """The changes of `FALLS`, per cent: the year to date over the corrected base."""
    windows = window_bounds(clean, [(f"{year}-01", f"{year}-12") for year in YEARS])
    months = {end: pd.PeriodIndex(windows[end], freq="M") for end in ("first", "last")}
    floor = windows[["lower_usd_mn", "upper_usd_mn"]].clip(lower=0.0)
    windows = windows.assign(**months, **floor)
    found = {}
    for name, (flow, year) in FALLS.items():
        growth = year_on_year(
            windows,
            flow,
            f"{year}-01",
            f"{year}-12",
            vintage="year_to_date",
            base_vintage="corrected",
        )
        found[name] = growth.percent
        found[f"{name}_lower"], found[f"{name}_upper"] = growth.interval
    return found


def inputs_of(clean: CleanTrade, totals: pd.DataFrame, rates: pd.DataFrame) -> ModelInputs:
    """What the structural engine is given; no prices, since no variant asks for them."""
    draws = trade_draws(clean, draws=DRAWS, seed=SEED)
    yuan = rates.set_index("month")[["lower", "upper"]]
    return ModelInputs(trade_spans(clean, totals), draws, pd.DataFrame(), yuan)


def effects(inputs: ModelInputs, changes: Mapping[str, str]) -> dict[str, float]:
    """The effects on imports and exports by the usual `Specification` with `changes`.

    Missing where the engine refuses the window: too few months to learn from.
    """
    found = {}
    for flow in ("import", "export"):
        asked = replace(Specification(flow), **changes)
        row = estimate(asked, observations_of(inputs, flow, asked.vintage, asked.currency))
        for end in ("", "_lower", "_upper"):
            found[f"effect_{flow}{end}"] = row[f"effect_percent{end}"]
    return found
