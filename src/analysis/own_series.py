"""The totals of the reader's own downloads as a monthly series that the engines can be given.

The published figures stay the main line of every page, and the claims rest on them alone. Beside
them stands the same question asked of the reader's own totals: of North Korea, or of any other
partner of China's as a placebo. Nothing is mixed where the downloads carry the window by
themselves. Where they do not, and the partner is North Korea, their months take the place of the
published ones from January 2016 on; the history before is another definition (sums of tariff
lines), which the engines tie to the customs level by a ratio of the published figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.cleaning.product_totals import EMBEDDED_PARTNER
from analysis.figures.figure import PUBLISHED_PARTNER
from analysis.models.trade_observations import (
    CUSTOMS_START,
    FLOWS,
    LEAST_MONTHS,
    TradeObservations,
    Window,
    WindowError,
)
from analysis.paths import Paths
from analysis.schemas import OWN_TOTALS, checked
from analysis.sources import comtrade, gacc_export
from analysis.sources.customs_codes import partners

FILE = "own_totals.csv"
BULLETIN = "gacc_bulletin"
#: How each source is called on a page. Of two with as many months the earlier is taken: the
#: customs office's own words come before what was handed on to the United Nations.
CALLED = {
    gacc_export.SOURCE: "the customs office's query export",
    BULLETIN: "the customs office's country tables",
    comtrade.SOURCE: "UN Comtrade",
}
#: Names that readers know better than those of the customs office's list.
READABLE = {EMBEDDED_PARTNER: PUBLISHED_PARTNER, 133: "South Korea"}
#: Half the last digit of a sum of whole dollars, USD million.
HALF_DOLLAR = 0.5e-6


@dataclass(frozen=True, eq=False)
class OwnSeries:
    """Totals of one partner from one source: `usd_mn`, months (Period[M]) by flow.

    Columns `export`, `import` and `total`, USD million; a month that the downloads do not hold is
    missing, and the total is where one of its parts is.
    """

    partner: int
    source: str
    usd_mn: pd.DataFrame

    @property
    def name(self) -> str:
        return partner_name(self.partner)

    @property
    def called(self) -> str:
        return CALLED[self.source]

    @property
    def is_placebo(self) -> bool:
        return self.partner != EMBEDDED_PARTNER


def partner_name(partner: int) -> str:
    """What a page calls a partner. Raises ValueError for a number that is not in the table."""
    known = partners().get(partner)
    if known is None:
        raise ValueError(
            f"partner {partner}: expected a number of the customs office's table (109 is North "
            "Korea, 133 South Korea); see src/analysis/sources/customs_codes.py"
        )
    return READABLE.get(partner, known.name)


def read_own_totals(paths: Paths) -> pd.DataFrame | None:
    """The totals that page 01 built of the downloads, as `schemas.OWN_TOTALS`; None without any."""
    file = paths.processed / FILE
    if not file.exists():
        return None
    frame = pd.read_csv(file)
    typed = frame.assign(
        month=pd.PeriodIndex(frame["month"], freq="M"),
        flow=frame["flow"].astype(object),
        source=frame["source"].astype("string"),
        usd_mn=frame["usd_mn"].astype("float64"),
    )
    return checked(typed[list(OWN_TOTALS.columns)], OWN_TOTALS)


def own_series(totals: pd.DataFrame | None, partner: int) -> OwnSeries | None:
    """One source's totals of the partner: the one with the most months and flows.

    Sources are never added up nor spliced, since they tell of the same goods. None where there are
    no totals of the partner.
    """
    partner_name(partner)
    if totals is None or not (totals["partner"] == partner).any():
        return None
    own = totals[totals["partner"] == partner]
    counts = own["source"].value_counts()
    source = max(CALLED, key=lambda name: counts.get(name, 0))
    wide = own[own["source"] == source].pivot_table(index="month", columns="flow", values="usd_mn")
    wide = wide.reindex(columns=["export", "import"]).sort_index()
    wide["total"] = wide["export"] + wide["import"]
    return OwnSeries(partner, source, wide)


def own_observations(series: OwnSeries, flow: str) -> TradeObservations:
    """The flow's months as an engine takes them: each known to the dollar, and nothing beside them.

    They are the customs office's present figures, hence its `corrected` vintage, and on its own
    level throughout: no history of another definition comes before them.
    """
    known = series.usd_mn[flow].dropna()
    draws = pd.DataFrame([known.to_numpy()], columns=pd.PeriodIndex(known.index, freq="M"))
    return TradeObservations(flow, "corrected", _exact(known), draws)


def over_published(series: OwnSeries, published: TradeObservations) -> TradeObservations:
    """The published observations with the own months of the flow in their place, from 2016 on.

    A published figure that speaks of one of these months is left out whole: it may state what the
    office has since corrected. The draws of other months stay, each with its own doubt.
    """
    known = series.usd_mn[published.flow].dropna().loc[CUSTOMS_START:]
    figures = published.figures
    touched = [
        bool(known.loc[row.first : row.last].size)
        or (row.kind == "rate" and bool(known.loc[row.first - 12 : row.last - 12].size))
        for row in figures.itertuples()
    ]
    kept = figures[~pd.Series(touched, index=figures.index, dtype=bool)]
    draws = published.draws.copy()
    for month, value in known.items():
        draws[month] = value
    return TradeObservations(
        published.flow,
        published.vintage,
        pd.concat([kept, _exact(known)], ignore_index=True).sort_values(
            ["first", "last"], ignore_index=True
        ),
        draws[sorted(draws.columns)],
        published.history_ratio,
        published.controls,
    )


def carried_window(series: OwnSeries, window: Window) -> Window | None:
    """The window as far as the downloads carry it by themselves: both flows, no month missing.

    It begins where they do, if that is later; None where they end before the evaluation does, have
    a gap, or leave fewer than `LEAST_MONTHS` months to learn from.
    """
    months = series.usd_mn["total"].dropna().loc[window.first : window.evaluation_end]
    if months.empty:
        return None
    first = months.index[0]
    whole = pd.period_range(first, window.evaluation_end, freq="M")
    if len(months) < len(whole) or (window.train_end - first).n + 1 < LEAST_MONTHS:
        return None
    return Window(first, window.train_end, window.evaluation_end)


def asked_of(
    series: OwnSeries, window: Window, published: dict[str, TradeObservations]
) -> tuple[dict[str, TradeObservations], Window]:
    """The observations of all flows and the window that they carry.

    `published` are those of North Korea, used where the downloads of it do not carry the window
    alone. Raises WindowError, saying what is missing, for another partner's.
    """
    alone = carried_window(series, window)
    if alone is not None:
        return {flow: own_observations(series, flow) for flow in FLOWS}, alone
    if not series.is_placebo:
        return {flow: over_published(series, one) for flow, one in published.items()}, window
    known = series.usd_mn["total"].dropna().index
    held = f"{len(known)} months, {known[0]} to {known[-1]}" if len(known) else "none"
    raise WindowError(
        f"expected totals of both directions for every month to {window.evaluation_end}, at least "
        f"{LEAST_MONTHS} of them up to {window.train_end}; found {held}: download the other months"
    )


def _exact(known: pd.Series) -> pd.DataFrame:
    """Months known to the dollar as figures of the form `TradeObservations` holds."""
    return pd.DataFrame(
        {
            "kind": "sum",
            "first": known.index,
            "last": known.index,
            "lower": (known.to_numpy() - HALF_DOLLAR).clip(min=0),
            "upper": known.to_numpy() + HALF_DOLLAR,
        }
    )
