"""The cleaned monthly series: observations in, months with bounds, points and reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cleaning.bounds import Bounds, conditional_bounds, robust_bounds
from analysis.cleaning.conflicts import ROBUST_TOLERANCE, Rejection, explain, least_rejection
from analysis.cleaning.draws import joint_draws
from analysis.cleaning.point import smooth_path
from analysis.cleaning.system import Statement, System
from analysis.cleaning.trade_statements import (
    FLOWS,
    Terms,
    known_terms,
    quantity,
    trade_system,
)

#: First month of the published series.
FIRST_MONTH = pd.Period("2012-01", "M")
VINTAGES = ("first_release", "corrected")
ALL_FLOWS = ("export", "import", "total")
#: A month that no figure prints but that the others fix to within this share is `derived`.
DERIVED_WIDTH = 0.05
#: Releases that print a month of each vintage.
_PRINTS = {"first_release": ("month_first",), "corrected": ("recap",)}

Key = tuple[pd.Period, str, str]


@dataclass(frozen=True)
class CleanTrade:
    """Everything that reconciliation gives.

    `monthly` as `schemas.TRADE_MONTHLY`; `contradictions` one line a rejected statement; `system`
    and `rejection` for further questions of the same feasible set.
    """

    monthly: pd.DataFrame
    contradictions: pd.DataFrame
    system: System
    rejection: Rejection


def clean_trade(
    observations: pd.DataFrame,
    rates: pd.DataFrame,
    treatment_months: Sequence[pd.Period],
    *,
    rejection: Rejection | None = None,
) -> CleanTrade:
    """Reconcile usable observations into months.

    `observations` as `accounting.usable_totals` gives them; `rates` as
    `exchange_rates.rate_table`; the smooth path breaks at `treatment_months`. A `rejection` found
    earlier for the same system may be passed in, since the near-lightest rejections take minutes.
    """
    system = trade_system(observations, rates.set_index("month"))
    if rejection is None:
        rejection = least_rejection(system, tolerance=ROBUST_TOLERANCE)
    forms = monthly_forms(system, FIRST_MONTH, observations["last"].max())
    bounds = conditional_bounds(system, rejection.chosen, forms)
    robust = robust_bounds(system, rejection.alternatives, forms, bounds)
    points = _points(system, rejection, forms, bounds, treatment_months)
    return CleanTrade(
        monthly=_monthly(observations, forms, bounds, robust, points),
        contradictions=contradictions(system, rejection),
        system=system,
        rejection=rejection,
    )


def monthly_forms(system: System, first: pd.Period, last: pd.Period) -> dict[Key, Terms]:
    """The linear form of each month, flow and vintage."""
    return {
        (month, flow, vintage): known_terms(system, quantity(flow, month, month, vintage))
        for month in pd.period_range(first, last, freq="M")
        for flow in ALL_FLOWS
        for vintage in VINTAGES
    }


def window_bounds(clean: CleanTrade, windows: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Exact bounds of sums over windows (first and last month, both inside; USD million).

    Returns `first, last, flow, vintage, lower_usd_mn, upper_usd_mn`; vintage `year_to_date` is
    the sum as the last release of the year states it, for windows that start in January.
    """
    forms = {
        (first, last, flow, vintage): known_terms(
            clean.system, quantity(flow, pd.Period(first, "M"), pd.Period(last, "M"), vintage)
        )
        for first, last in windows
        for flow in ALL_FLOWS
        for vintage in (*VINTAGES, "year_to_date")
        if vintage != "year_to_date" or first.endswith("-01")
    }
    # A running revision that no printed figure ends at is no unknown: nothing states such a sum.
    stated = {
        key: form
        for key, form in forms.items()
        if all(name in clean.system.position for name, _ in form)
    }
    bounds = conditional_bounds(clean.system, clean.rejection.chosen, stated)
    return pd.DataFrame(
        [(*key, value.lower, value.upper) for key, value in bounds.items()],
        columns=["first", "last", "flow", "vintage", "lower_usd_mn", "upper_usd_mn"],
    )


def trade_draws(clean: CleanTrade, *, draws: int, seed: int) -> pd.DataFrame:
    """Joint draws of exports and imports: `draw, month, flow, vintage, usd_mn`.

    Months whose upper bound is infinite are left out. Totals are the sum of the two flows of a
    draw; sums over months keep to every printed sum.
    """
    finite = clean.monthly[np.isfinite(clean.monthly["upper_usd_mn"])]
    keys = [
        (row.month, row.flow, row.vintage)
        for row in finite[finite["flow"].isin(FLOWS)].itertuples()
    ]
    forms = {
        key: known_terms(clean.system, quantity(key[1], key[0], key[0], key[2])) for key in keys
    }
    values = joint_draws(clean.system, clean.rejection.chosen, forms, draws=draws, seed=seed)
    frame = pd.DataFrame(
        values, columns=pd.MultiIndex.from_tuples(keys, names=["month", "flow", "vintage"])
    )
    frame.index.name = "draw"
    long = frame.melt(ignore_index=False, value_name="usd_mn").reset_index()
    return long[["draw", "month", "flow", "vintage", "usd_mn"]]


def currency_pairs(observations: pd.DataFrame) -> pd.DataFrame:
    """Customs figures printed in yuan and in dollars for the same period, flow and release.

    Columns as `exchange_rates.implied_rates` takes them; intervals are where the prints of one
    currency meet.
    """
    own = observations[
        observations["basis"].isin(["customs", "official_table"])
        & (observations["release"] != "recap")
        & observations["lower"].notna()
        & (observations["lower"] > 0)
    ]
    keys = ["first", "last", "flow"]
    sides = [
        own[own["currency"] == currency]
        .groupby(keys)
        .agg(**{f"{prefix}_lower": ("lower", "max"), f"{prefix}_upper": ("upper", "min")})
        for currency, prefix in {"CNY": "cny", "USD": "usd"}.items()
    ]
    pairs = sides[0].join(sides[1], how="inner").reset_index()
    sound = (pairs["cny_lower"] < pairs["cny_upper"]) & (pairs["usd_lower"] < pairs["usd_upper"])
    return pairs[sound].reset_index(drop=True)


def contradictions(system: System, rejection: Rejection) -> pd.DataFrame:
    """One line a rejected statement: what was printed, what the rest allows, what it contradicts.

    `amount` is the distance between the two intervals: USD or CNY million for a level, percentage
    points for a rate, missing for a revision that the figures demand. `also_suspect` names the
    statements nearly as likely to be the wrong one (`Rejection.suspects`), each with its share of
    the odds.
    """
    reasons = explain(system, rejection)
    forms = {}
    for index in rejection.chosen:
        for place, terms in enumerate(_parts(system.statements[index])):
            forms[index, place] = terms
    allowed = conditional_bounds(system, rejection.chosen, forms)
    suspects = rejection.suspects(ROBUST_TOLERANCE)
    records = [
        _contradiction(
            system, index, reasons.get(index, frozenset()), suspects.get(index, {}), allowed
        )
        for index in sorted(rejection.chosen)
    ]
    columns = (
        "id kind description printed_lower printed_upper allowed_lower allowed_upper amount unit "
        "contradicts also_suspect rows"
    ).split()
    return pd.DataFrame(records, columns=columns)


def _parts(statement: Statement) -> list[Sequence]:
    """The linear forms whose bounds tell what the rest allows: numerator and base of a rate."""
    row = statement.rows[0]
    if statement.kind != "rate":
        return [row.terms]
    last = max(month for (_, _, month), _ in row.terms)
    year = last - last % 12
    now = [(name, c) for name, c in row.terms if name[2] >= year]
    base = [(name, c) for name, c in row.terms if name[2] < year]
    return [now, base]


def _contradiction(
    system: System,
    index: int,
    conflict: frozenset[int],
    suspects: Mapping[int, float],
    allowed: Mapping,
) -> tuple:
    statement = system.statements[index]
    others = "; ".join(system.statements[other].description for other in sorted(conflict - {index}))
    printed = allows = (np.nan, np.nan)
    amount, unit = np.nan, ""
    if statement.kind == "level":
        printed = statement.rows[0].lower, statement.rows[0].upper
        allows = allowed[index, 0].lower, allowed[index, 0].upper
        unit = "CNY million" if " CNY " in statement.id else "USD million"
    elif statement.kind == "rate":
        printed = tuple(100 * (_growth_factor(row) - 1) for row in statement.rows)
        allows = _growth(statement, allowed[index, 0], allowed[index, 1])
        unit = "percentage points"
    if unit:
        amount = max(allows[0] - printed[1], printed[0] - allows[1], 0.0)
    return (
        statement.id,
        statement.kind,
        statement.description,
        *printed,
        *allows,
        amount,
        unit,
        others,
        "; ".join(
            f"{system.statements[other].description} ({share:.0%})"
            for other, share in sorted(suspects.items(), key=lambda item: -item[1])
        ),
        " ".join(statement.members),
    )


def _growth_factor(row) -> float:
    """1 + g of a rate's row: the coefficient of the base over that of the numerator."""
    last = max(month for (_, _, month), _ in row.terms)
    year = last - last % 12
    now = next(abs(c) for name, c in row.terms if name[2] >= year)
    base = next(abs(c) for name, c in row.terms if name[2] < year)
    return base / now


def _growth(statement: Statement, now: Bounds, base: Bounds) -> tuple[float, float]:
    """Growth in per cent that the bounds of numerator and base allow."""
    factor = _growth_factor(statement.rows[0])
    lower, upper = -base.upper / factor, -base.lower / factor
    if lower <= 0:
        return np.nan, np.nan
    return 100 * (now.lower / upper - 1), 100 * (now.upper / lower - 1)


def _points(
    system: System,
    rejection: Rejection,
    forms: Mapping[Key, Terms],
    bounds: Mapping[Key, Bounds],
    treatment_months: Sequence[pd.Period],
) -> dict[Key, float]:
    """The smooth path of exports and imports, clipped to the bounds against solver rounding.

    A month without an upper bound has no point. Changes are measured against the middle of the
    months' bounds, at least USD 1 million, so that a zero month does not rule the path.
    """
    breaks = set(treatment_months)
    chains, scales = [], {}
    for flow in FLOWS:
        for vintage in VINTAGES:
            chain: list = []
            for key in (key for key in forms if key[1:] == (flow, vintage)):
                end = bounds[key]
                if not np.isfinite(end.upper) or key[0] in breaks:
                    chains.append(chain)
                    chain = []
                if np.isfinite(end.upper):
                    middle = max((end.lower + end.upper) / 2, 1.0)
                    chain.append((key, forms[key], middle))
                    for name, _ in forms[key]:
                        scales.setdefault(name, middle)
            chains.append(chain)
    points = smooth_path(system, rejection.chosen, [chain for chain in chains if chain], scales)
    clipped = {
        key: float(np.clip(value, bounds[key].lower, bounds[key].upper))
        for key, value in points.items()
    }
    for month, _, vintage in [key for key in forms if key[1] == "total"]:
        parts = [clipped.get((month, flow, vintage)) for flow in FLOWS]
        if None not in parts:
            end = bounds[month, "total", vintage]
            clipped[month, "total", vintage] = float(np.clip(sum(parts), end.lower, end.upper))
    return clipped


def _monthly(
    observations: pd.DataFrame,
    forms: Mapping[Key, Terms],
    bounds: Mapping[Key, Bounds],
    robust: Mapping[Key, Bounds],
    points: Mapping[Key, float],
) -> pd.DataFrame:
    printed = _prints(observations)
    records = []
    for key in forms:
        month, flow, vintage = key
        end, wide = bounds[key], robust[key]
        count = printed.get(key, 0)
        records.append(
            {
                "month": month,
                "flow": flow,
                "vintage": vintage,
                "usd_mn": points.get(key, np.nan),
                # A hair of solver rounding must not put the lower end of a zero below zero.
                "lower_usd_mn": max(end.lower, 0.0),
                "upper_usd_mn": max(end.upper, 0.0),
                "lower_robust_usd_mn": max(min(wide.lower, end.lower), 0.0),
                "upper_robust_usd_mn": max(wide.upper, end.upper, 0.0),
                "basis": _basis(count, end),
                "n_observations": count,
            }
        )
    return pd.DataFrame(records)


def _prints(observations: pd.DataFrame) -> dict[Key, int]:
    """How many usable rows print exactly this month and flow, of this vintage."""
    months = observations[
        (observations["first"] == observations["last"]) & observations["value"].notna()
    ]
    counts: dict[Key, int] = {}
    for vintage, releases in _PRINTS.items():
        own = months[months["release"].isin(releases)]
        for (month, flow), number in own.groupby(["first", "flow"]).size().items():
            counts[month, flow, vintage] = int(number)
    return counts


def _basis(prints: int, end: Bounds) -> str:
    """`reported`, `derived` or `bounded`."""
    narrow = end.upper - end.lower <= DERIVED_WIDTH * (end.upper + end.lower) / 2
    if narrow:
        return "reported" if prints else "derived"
    return "bounded"
