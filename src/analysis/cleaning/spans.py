"""What the models learn from: months that are known, and sums and rates where months are not.

The history holds many sums and few months. A model that is fed months interpolated inside a sum
learns a smoothness that nobody measured, so it gets each fact once, in the form in which it was
published, with the interval that the reconciliation leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.cleaning.bounds import conditional_bounds
from analysis.cleaning.trade import ALL_FLOWS, FIRST_MONTH, VINTAGES, CleanTrade
from analysis.cleaning.trade_statements import (
    HISTORY_END,
    ROUTINE_REVISION,
    SAME_AS,
    known_terms,
    quantity,
)

#: A month counts as known when its bounds lie within this share of the value.
PINNED_WIDTH = 0.10
#: A sum is used when its bounds lie within this share of the value.
USABLE_WIDTH = 0.25
#: Longest span, in months: what the models can hold in their state.
LONGEST = 24
COLUMNS = ["flow", "vintage", "kind", "first", "last", "lower", "upper"]


def trade_spans(clean: CleanTrade, observations: pd.DataFrame) -> pd.DataFrame:
    """Each independent fact about each flow and vintage: `COLUMNS`, one row a fact.

    `kind` is `sum` (USD million over `first` to `last`, both inside; a single month is a sum of
    one) or `rate` (growth of that sum over the same months a year before, a fraction). Facts come
    shortest first, each only if those before it do not already imply it, so that nothing counts
    twice. Rates are those of the Korean history: later ones divide two vintages.
    """
    rejected = set(" ".join(clean.contradictions["rows"]).split())
    sound = observations[~observations["row_id"].isin(rejected)]
    records = []
    for flow in ALL_FLOWS:
        for vintage in VINTAGES:
            months = _known_months(clean.monthly, flow, vintage)
            sums = _bounded_sums(clean, sound, months, flow, vintage)
            facts = [*_as_facts(months), *sums, *_history_rates(sound, flow)]
            records += [(flow, vintage, *fact) for fact in independent(facts)]
    return pd.DataFrame(records, columns=COLUMNS)


def _known_months(monthly: pd.DataFrame, flow: str, vintage: str) -> pd.DataFrame:
    own = monthly[(monthly["flow"] == flow) & (monthly["vintage"] == vintage)]
    return own[_narrow(own["lower_usd_mn"], own["upper_usd_mn"], PINNED_WIDTH)]


def _narrow(lower, upper, share: float):
    return (upper - lower <= share * (upper + lower) / 2) & np.isfinite(upper)


def _as_facts(months: pd.DataFrame) -> list[tuple]:
    return [
        ("sum", row.month, row.month, row.lower_usd_mn, row.upper_usd_mn)
        for row in months.itertuples()
    ]


def _bounded_sums(
    clean: CleanTrade, sound: pd.DataFrame, months: pd.DataFrame, flow: str, vintage: str
) -> list[tuple]:
    """The printed spans that hold a month which is not known, with their bounds."""
    known = set(months["month"])
    printed = sound[
        sound["value"].notna()
        & (sound["first"] >= FIRST_MONTH)
        & (sound["first"] < sound["last"])
        & sound["flow"].isin([flow, "total"] if flow != "total" else ["total"])
    ]
    spans = {
        (first, last)
        for first, last in zip(printed["first"], printed["last"], strict=True)
        if last.ordinal - first.ordinal < LONGEST
        and not known.issuperset(pd.period_range(first, last, freq="M"))
    }
    forms = {
        span: known_terms(clean.system, quantity(flow, *span, vintage)) for span in sorted(spans)
    }
    bounds = conditional_bounds(clean.system, clean.rejection.chosen, forms)
    return [
        ("sum", *span, max(end.lower, 0.0), end.upper)
        for span, end in bounds.items()
        if _narrow(end.lower, end.upper, USABLE_WIDTH)
    ]


def _history_rates(sound: pd.DataFrame, flow: str) -> Iterator[tuple]:
    """Printed growth of the Korean sums, widened by the revisions that are routine."""
    rates = sound[
        (sound["flow"] == flow)
        & sound["yoy_lower"].notna()
        & (sound["last"] <= HISTORY_END)
        & (sound["first"] >= FIRST_MONTH + 12)
        & (sound["rate_base"].map(lambda base: SAME_AS.get(base, base)) == "kita")
    ]
    for (first, last), group in rates.groupby(["first", "last"], sort=True):
        lower, upper = group["yoy_lower"].max(), group["yoy_upper"].min()
        if lower <= upper:
            routine = 2 * ROUTINE_REVISION * (1 + upper)
            yield "rate", first, last, lower - routine, upper + routine


def independent(facts: list[tuple]) -> list[tuple]:
    """The facts that those before them do not imply: months, then sums by length, then rates.

    A fact is a linear form of the months; one that adds no rank to those kept is implied by them.
    """
    if not facts:
        return []
    ranked = sorted(
        facts, key=lambda fact: (fact[0] != "sum", fact[2].ordinal - fact[1].ordinal, fact[1:3])
    )
    start = min(fact[1] for fact in facts).ordinal - 12
    width = max(fact[2] for fact in facts).ordinal - start + 1
    basis = np.zeros((0, width))
    kept = []
    for fact in ranked:
        form = _form(fact, start, width)
        rest = form - basis.T @ (basis @ form)
        rest -= basis.T @ (basis @ rest)  # once more: rounding of the first projection
        size = np.linalg.norm(rest)
        if size > 1e-6 * np.linalg.norm(form):
            basis = np.vstack([basis, rest / size])
            kept.append(fact)
    return sorted(kept, key=lambda fact: (fact[1:3], fact[0]))


def _form(fact: tuple, start: int, width: int) -> np.ndarray:
    kind, first, last, lower, upper = fact
    form = np.zeros(width)
    form[first.ordinal - start : last.ordinal - start + 1] = 1.0
    if kind == "rate":
        growth = 1 + (lower + upper) / 2
        form[first.ordinal - start - 12 : last.ordinal - start - 11] -= growth
    return form
