"""What lifting a ban would bring back, and to whom: scenarios, not forecasts.

A scenario takes what a group of goods was worth a year before its ban, the speed at which recorded
trade came back after the border had been closed, and an assumption that no data holds: how much of
the old trade returns in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.models.ban_value import REMAINDER, Amount, amount_of
from analysis.models.reopening import Envelope, Return

#: Months after the lifting at which a scenario is read.
HORIZONS = (6, 12, 24)
MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Scenario:
    """Bans on `groups` lifted; `ceiling_usd_mn` a year holds what returns under a cap on value."""

    name: str
    groups: tuple[str, ...]
    gains: str
    ceiling_usd_mn: float | None = None


def lifting_scenarios(coal_cap_usd_mn: float) -> tuple[Scenario, ...]:
    """The liftings that were proposed or are compared with: coal freely, coal under the cap of
    resolution 2321 once more (`coal_cap_usd_mn` a year), seafood and textiles (the Chinese and
    Russian draft of 2019), and all bans on North Korea's exports."""
    miners = "North Korea's mines; China's steel makers"
    light = "North Korea's fishing and sewing firms; the Chinese firms that order from them"
    everything = ("coal", "textiles and garments", "ores", "seafood", REMAINDER)
    return (
        Scenario("lift coal", ("coal",), miners),
        Scenario("lift coal, old cap restored", ("coal",), miners, coal_cap_usd_mn),
        Scenario("lift seafood and textiles", ("seafood", "textiles and garments"), light),
        Scenario("lift all", everything, "all sellers of both kinds"),
    )


def outcomes(
    scenarios: Sequence[Scenario],
    values: pd.DataFrame,
    speed: Return | Envelope,
    *,
    together: Amount,
    eventual_return: float = 1.0,
    horizons: Sequence[int] = HORIZONS,
    level: float = 0.90,
) -> pd.DataFrame:
    """Each scenario at each horizon, one row each.

    `values` as from `ban_value.pre_ban_values`, `together` as from `ban_value.value_of_all`: what
    all its groups can be worth at once. `eventual_return` is the share of the old trade that
    returns in the end, an assumption. Gives `scenario`, `gains`, `months`, the share of the
    lost revenue a month that is back then (`returned`, per cent), and the revenue of all months
    until then (`revenue`, USD million), each with `_lower` and `_upper`. The share is of what the
    goods earned before the ban, also under a ceiling. Its interval is that of the speed at
    `level`; the revenue's joins it to the bounds of the value, which hold without a probability.
    Raises ValueError for a share outside 0 to 1.
    """
    if not 0 <= eventual_return <= 1:
        raise ValueError(f"expected a share from 0 to 1 to return, found {eventual_return}")
    rows = []
    for scenario in scenarios:
        whole = set(scenario.groups) == set(values["group"])
        value = together if whole else amount_of(values, scenario.groups)
        for months in horizons:
            back = _under_ceiling(value, speed.returned(months, level), eventual_return, scenario)
            years = months / MONTHS_A_YEAR
            total = _under_ceiling(
                value, speed.recovered(months, level), eventual_return, scenario
            ).times(years, years, years)
            rows.append(
                {
                    "scenario": scenario.name,
                    "gains": scenario.gains,
                    "months": months,
                    "returned": 100 * back.usd_mn / value.usd_mn,
                    "returned_lower": 100 * back.lower / value.lower,
                    "returned_upper": 100 * back.upper / value.upper,
                    "revenue": total.usd_mn,
                    "revenue_lower": total.lower,
                    "revenue_upper": total.upper,
                }
            )
    return pd.DataFrame(rows)


def tightened_cap(
    barrels_now: float, barrels_then: float, usd_per_barrel: tuple[float, float, float]
) -> Amount:
    """What a lower cap takes away a year, USD million, were the old one used in full.

    `usd_per_barrel` as (lower, middle, upper). China's and Russia's sellers lose the sale, North
    Korea the oil. Raises ValueError for a cap that is not tightened.
    """
    if not 0 <= barrels_then <= barrels_now:
        raise ValueError(f"expected a lower cap than {barrels_now} barrels, found {barrels_then}")
    lower, middle, upper = ((barrels_now - barrels_then) * price / 1e6 for price in usd_per_barrel)
    return Amount(middle, lower, upper)


def _under_ceiling(
    value: Amount, share: tuple[float, float, float], eventual: float, scenario: Scenario
) -> Amount:
    """What is back a year: value × share, and under a ceiling the ceiling × share if that is less.

    Under a ceiling the trade returns at the same speed towards the ceiling.
    """
    point, lower, upper = share
    ceiling = float("inf") if scenario.ceiling_usd_mn is None else scenario.ceiling_usd_mn
    return Amount(
        min(eventual * value.usd_mn, ceiling) * point,
        min(eventual * value.lower, ceiling) * lower,
        min(eventual * value.upper, ceiling) * upper,
    )
