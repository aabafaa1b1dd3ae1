"""The caps on petroleum as rules: what may be delivered under which rule on a given day.

Resolution 2375 allowed 500,000 barrels of refined products in October-December 2017 and 2,000,000
a year from 2018; resolution 2397 replaced the latter by 500,000 a year before it took effect, and
capped crude oil at 4,000,000 barrels or 525,000 tonnes in twelve months. All member states count
together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

REFINED, CRUDE = "refined petroleum products", "crude oil"
#: Shares of the cap at which the Committee's secretary notifies member states. No row of our
#: tables states them, so they are an assumption of every picture that shows them.
THRESHOLDS = (0.75, 0.90, 0.95)


@dataclass(frozen=True)
class Cap:
    """A ceiling for all deliveries from `first` to `last` (days, both inside).

    `barrels` and `tonnes` are missing where the rule does not state them.
    """

    rule_ids: tuple[str, ...]
    product: str
    barrels: float
    tonnes: float
    first: pd.Timestamp
    last: pd.Timestamp

    @property
    def months(self) -> pd.PeriodIndex:
        """The months from that of the first day to that of the last."""
        return pd.period_range(self.first, self.last, freq="M")


def cap_on(
    rules: pd.DataFrame,
    day: str | pd.Timestamp,
    product: str = REFINED,
    *,
    superseded: bool = False,
) -> Cap | None:
    """The cap under which a delivery of `day` falls; None before any.

    `rules` has one row a printed rule: `rule_id`, `role`, `product`, `lower_bbl`, `lower_t`,
    `first_day`, `last_day` (Timestamp, NaT where open), `recurrence`. Of the rules of role `cap`
    those count that cover the day: an `annual` one covers every later twelve months too; a
    `superseded` one covers none, unless `superseded` asks what it would have allowed. Rules in
    barrels and in tonnes over the same days are one cap.

    Raises ValueError when rules of different size cover the day.
    """
    date = pd.Timestamp(day)
    wanted = {"superseded"} if superseded else {"once", "annual"}
    caps = rules[
        (rules["role"] == "cap") & (rules["product"] == product) & rules["recurrence"].isin(wanted)
    ]
    periods = {}
    for rule in caps.itertuples():
        days = _days_around(rule, date)
        if days is not None:
            periods[rule.rule_id] = days
    if not periods:
        return None
    covering = caps[caps["rule_id"].isin(periods)]
    barrels, tonnes = (
        sorted(covering[unit].dropna().unique()) for unit in ("lower_bbl", "lower_t")
    )
    if len(set(periods.values())) > 1 or len(barrels) > 1 or len(tonnes) > 1:
        raise ValueError(f"rules of different size cover {date.date()}: {sorted(periods)}")
    first, last = next(iter(periods.values()))
    return Cap(
        tuple(periods),
        product,
        float(barrels[0]) if barrels else np.nan,
        float(tonnes[0]) if tonnes else np.nan,
        first,
        last,
    )


def require_cap(rules: pd.DataFrame, day: str | pd.Timestamp, product: str = REFINED) -> Cap:
    """`cap_on`, and ValueError where no rule covers the day: such a delivery has no share."""
    cap = cap_on(rules, day, product)
    if cap is None:
        raise ValueError(
            f"no rule caps {product} on {pd.Timestamp(day).date()}: leave the delivery out, or "
            "compare it with a baseline instead"
        )
    return cap


def _days_around(rule: tuple, date: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """First and last day of the rule's period that holds `date`; None where it has none."""
    first, last = rule.first_day, rule.last_day
    if date < first:
        return None
    if rule.recurrence == "annual":
        years = date.year - first.year
        if first + pd.DateOffset(years=years) > date:
            years -= 1
        begin = first + pd.DateOffset(years=years)
        return begin, begin + pd.DateOffset(years=1) - pd.Timedelta(days=1)
    return (first, last) if pd.notna(last) and date <= last else None


def cap_periods(rules: pd.DataFrame, last: str | pd.Period, product: str = REFINED) -> list[Cap]:
    """The caps in force one after another, from the first to the one that holds month `last`."""
    day = rules.loc[
        (rules["role"] == "cap")
        & (rules["product"] == product)
        & (rules["recurrence"] != "superseded"),
        "first_day",
    ].min()
    end, periods = pd.Period(last, "M").end_time.normalize(), []
    while day <= end and (cap := cap_on(rules, day, product)) is not None:
        periods.append(cap)
        day = cap.last + pd.Timedelta(days=1)
    return periods


def cut_against_baselines(
    rules: pd.DataFrame, cap: Cap, *, barrels_per_tonne: tuple[float, float]
) -> pd.DataFrame:
    """The cut that `cap` makes against every baseline of refined imports, in per cent of it.

    Baselines in tonnes are turned into barrels at the two rates given (lower, upper), so a cut
    against them has two ends; one of an "up to" has no lower baseline, and the cut no lower end.
    Columns `rule_id`, `instrument`, `source_publisher`, `lower_bbl`, `upper_bbl`, `lower_t`,
    `upper_t`, `lower_percent`, `upper_percent`, smallest baseline first. A negative cut is a cap
    above the baseline.
    """
    own = rules[(rules["role"] == "baseline") & rules["product"].str.contains("refined")].copy()
    low, high = barrels_per_tonne
    lower = own["lower_bbl"].fillna(own["lower_t"] * low)
    upper = own["upper_bbl"].fillna(own["upper_t"] * high)
    table = own.assign(
        lower_bbl=lower,
        upper_bbl=upper,
        lower_percent=100 * (1 - cap.barrels / lower),
        upper_percent=100 * (1 - cap.barrels / upper),
    )
    names = (
        "rule_id instrument source_publisher lower_bbl upper_bbl lower_t upper_t lower_percent "
        "upper_percent"
    ).split()
    return table.sort_values(["upper_bbl", "rule_id"])[names].reset_index(drop=True)
