"""Figures that the press printed at the time lie within the series' bounds.

They repeat raw rows, so they confirm nothing; they notice when a change of code moves the series.
"""

from __future__ import annotations

import re
from decimal import Decimal

import pandas as pd
import pytest

from analysis.cleaning.bounds import conditional_bounds
from analysis.cleaning.conflicts import least_rejection
from analysis.cleaning.trade_statements import known_terms, quantity, trade_system
from analysis.models.year_on_year import growth_interval
from analysis.paths import project_paths
from analysis.publish import TOTALS, exchange_rates, read_evidence
from analysis.sources.tables import (
    LAST_DIGIT_SLIP,
    SLIP_MIN_SIGNIFICANT_DIGITS,
    printed_interval,
    read_table,
)

FLOWS = {
    "China-DPRK total": "total",
    "China exports to DPRK": "export",
    "China imports from DPRK": "import",
}
SCALES = {"m": 1, "bn": 1000}
#: Solver rounding, USD million and percentage points.
HAIR = 1e-4


def months(period: str) -> tuple[pd.Period, pd.Period]:
    if quarter := re.fullmatch(r"(\d{4})Q1", period):
        return pd.Period(f"{quarter[1]}-01", "M"), pd.Period(f"{quarter[1]}-03", "M")
    if span := re.fullmatch(r"(\d{4})-(\d\d)\.\.(\d\d)", period):
        return (pd.Period(f"{span[1]}-{span[part]}", "M") for part in (2, 3))
    if len(period) == 4:
        return pd.Period(f"{period}-01", "M"), pd.Period(f"{period}-12", "M")
    return pd.Period(period, "M"), pd.Period(period, "M")


def printed(text: str, scale: int) -> tuple[float, float]:
    """As the observations are read: the digits' interval, and a slip where digits are many."""
    found = printed_interval(text, Decimal(scale))
    slip = LAST_DIGIT_SLIP * found.unit_in_last_place
    if found.significant_digits < SLIP_MIN_SIGNIFICANT_DIGITS:
        slip = Decimal(0)
    return (
        float(min(found.lower, found.value - slip)),
        float(max(found.upper, found.value + slip)),
    )


@pytest.fixture(scope="module")
def allowed():
    """Bounds of (flow, first, last, vintage, currency) over all figures that are kept."""
    paths = project_paths()
    totals = read_evidence(paths).used[TOTALS]
    rates = exchange_rates(totals).table
    system = trade_system(totals, rates.set_index("month"))
    rejected = least_rejection(system).chosen

    def bounds(*what) -> tuple[float, float]:
        form = known_terms(system, quantity(*what))
        found = conditional_bounds(system, rejected, {what: form})[what]
        return found.lower, found.upper

    return bounds


def anchors() -> list[tuple]:
    table = read_table(project_paths(), "gacc_press_anchors")
    table = table[table["flow"].isin(FLOWS)].fillna("")
    return [
        (row.period, FLOWS[row.flow], row.value, row.unit, row.yoy_pct)
        for row in table.itertuples()
    ]


def vintage(first: pd.Period, last: pd.Period) -> str:
    return "first_release" if first == last else "year_to_date"


@pytest.mark.parametrize(("period", "flow", "value", "unit"), [a[:4] for a in anchors() if a[2]])
def test_printed_levels_lie_within_the_bounds(allowed, period, flow, value, unit):
    first, last = months(period)
    currency, size = unit.split()
    lower, upper = allowed(flow, first, last, vintage(first, last), currency)
    low, high = printed(value, SCALES[size])
    meets = low <= upper + HAIR and high >= lower - HAIR
    assert meets, f"{value}: {lower} to {upper}"


@pytest.mark.parametrize(
    ("period", "flow", "rate", "unit"),
    sorted({(a[0], a[1], a[4], a[3]) for a in anchors() if a[4]}),
)
def test_printed_rates_divide_by_the_corrected_base(allowed, period, flow, rate, unit):
    first, last = months(period)
    currency = unit.split()[0]
    now = allowed(flow, first, last, vintage(first, last), currency)
    base = allowed(flow, first - 12, last - 12, "corrected", currency)
    lower, upper = growth_interval(tuple(max(end, 0.0) for end in now), base)
    unit_in_last_place = float(printed_interval(rate).unit_in_last_place)
    assert lower - HAIR <= float(rate) + unit_in_last_place
    assert upper + HAIR >= float(rate) - unit_in_last_place
