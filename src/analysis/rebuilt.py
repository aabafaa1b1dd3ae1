"""The models' inputs made anew from the raw tables, so that one source can be left out of them."""

from __future__ import annotations

import pandas as pd

from analysis.cleaning.conflicts import least_rejection
from analysis.cleaning.spans import trade_spans
from analysis.cleaning.trade import clean_trade, trade_draws
from analysis.cleaning.trade_statements import trade_system
from analysis.paths import Paths
from analysis.publish import TOTALS, exchange_rates, read_evidence
from analysis.sources.calendar import read_treatments, treatment_months
from analysis.trade_data import ModelInputs, controls

#: Joint draws: fewer than a page's, enough for the ends of an interval.
DRAWS = 50
SEED = 20190101
#: A publisher is a source of its own when it gives so many of the figures of 2012-2019.
LEAST_FIGURES = 10


def rebuilt_inputs(paths: Paths, without: str = "") -> ModelInputs:
    """What `trade_data.model_inputs` reads, from the raw tables less the publisher `without`."""
    evidence = read_evidence(paths)
    totals = evidence.used[TOTALS]
    rates = exchange_rates(totals).table
    kept = totals[totals["publisher"] != without]
    rejection = least_rejection(trade_system(kept, rates.set_index("month")))
    breaks = treatment_months(read_treatments(paths))
    clean = clean_trade(kept, rates, breaks, rejection=rejection)
    spans, draws = trade_spans(clean, kept), trade_draws(clean, draws=DRAWS, seed=SEED)
    goods = evidence.used["gacc_commodities"].assign(set_aside=pd.NA)
    yuan = rates.set_index(pd.PeriodIndex(rates["month"], freq="M"))[["lower", "upper"]]
    return ModelInputs(spans, draws, controls(paths, goods), yuan)


def leading_publishers(paths: Paths) -> list[str]:
    """Publishers of at least `LEAST_FIGURES` of the usable figures of 2012-2019, most first."""
    totals = read_evidence(paths).used[TOTALS]
    inside = totals[
        (totals["last"] >= pd.Period("2012-01", "M"))
        & (totals["first"] <= pd.Period("2019-12", "M"))
    ]
    counts = inside["publisher"].value_counts()
    return sorted(counts[counts >= LEAST_FIGURES].index, key=lambda name: (-counts[name], name))
