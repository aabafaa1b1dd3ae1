"""Monthly totals from the reader's own downloads, and whether the published figures allow them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.schemas import OWN_TOTALS, checked
from analysis.sources.customs_codes import DPRK

#: Whom the embedded figures are about.
EMBEDDED_PARTNER = DPRK
DOLLARS_IN_A_MILLION = 1e6
#: A figure printed to ten thousand dollars and one summed from single dollars can differ by half.
PRINTED_ROUNDING_USD_MN = 0.005

AGREES = "agrees with the first release"
CORRECTED = "agrees with the corrected base"
DIFFERS = "differs"
NO_FIGURE = "no published figure"


def totals_of_panel(panel: pd.DataFrame) -> pd.DataFrame:
    """The sum of each month, flow, partner and source: `schemas.OWN_TOTALS`, USD million, sorted.

    `panel` as `schemas.PRODUCT_PANEL`. A source may hold sums at several lengths of code, which
    tell of the same goods: the length with the largest sum counts, since the others lack some.
    """
    keys = ["month", "flow", "partner", "source"]
    by_length = panel.groupby([*keys, panel["hs"].str.len().rename("digits")], observed=True)
    sums = by_length["value_usd"].sum().groupby(keys, observed=True).max()
    return _totals(sums.reset_index(name="usd_mn"), 1 / DOLLARS_IN_A_MILLION)


def totals_of_bulletin(rows: pd.DataFrame, rates: pd.Series) -> pd.DataFrame:
    """The single months of the country table, as `schemas.OWN_TOTALS`.

    `rows` as `schemas.BULLETIN_ROWS`; `rates` yuan per dollar by month. A month in yuan without a
    rate is left out, and one that two tables print counts once, in dollars if they do.
    """
    own = rows[
        rows["partner"].notna() & (rows["first"] == rows["last"]) & rows["flow"].ne("total")
    ].sort_values(["currency", "file"], ascending=[False, True])
    own = own.drop_duplicates(["last", "flow", "partner"])
    rate = own["last"].map(rates).where(own["currency"] == "CNY", 1.0).astype("float64")
    frame = pd.DataFrame(
        {
            "month": own["last"],
            "flow": own["flow"].astype(object),
            "partner": own["partner"].astype("int64"),
            "source": "gacc_bulletin",
            "usd_mn": own["value_mn"] / rate,
        }
    )
    return _totals(frame.dropna(subset="usd_mn"), 1.0)


def _totals(frame: pd.DataFrame, scale: float) -> pd.DataFrame:
    typed = frame.assign(
        usd_mn=frame["usd_mn"] * scale,
        flow=frame["flow"].astype(object),
        source=frame["source"].astype("string"),
    )[list(OWN_TOTALS.columns)]
    ordered = typed.sort_values(["source", "partner", "flow", "month"], ignore_index=True)
    return checked(ordered, OWN_TOTALS)


def reconcile(totals: pd.DataFrame, monthly: pd.DataFrame) -> pd.DataFrame:
    """Each own total of North Korea against what the published figures allow, one row each.

    `totals` as `schemas.OWN_TOTALS`, `monthly` as `schemas.TRADE_MONTHLY`. Columns: those of the
    total; the robust bounds of the first release and of the corrected base; `verdict`; and
    `gap_pct`, the distance to the nearer of the two in per cent of it (0 inside). The download
    holds the customs office's present figures, so it may agree with either.
    """
    own = totals[totals["partner"] == EMBEDDED_PARTNER]
    table = own.copy()
    for vintage in ("first_release", "corrected"):
        bounds = monthly[monthly["vintage"] == vintage].set_index(["month", "flow"])
        ends = bounds[["lower_robust_usd_mn", "upper_robust_usd_mn"]]
        names = {f"{end}_robust_usd_mn": f"{end}_{vintage}_usd_mn" for end in ("lower", "upper")}
        table = table.merge(
            ends.rename(columns=names), how="left", left_on=["month", "flow"], right_index=True,
            validate="m:1",
        )  # fmt: skip
    gaps = {v: _gap_pct(table, v) for v in ("first_release", "corrected")}
    verdict = np.select(
        [gaps["first_release"].isna(), gaps["first_release"] == 0, gaps["corrected"] == 0],
        [NO_FIGURE, AGREES, CORRECTED],
        DIFFERS,
    )
    gap = pd.DataFrame(gaps).min(axis=1)
    return table.assign(verdict=pd.array(verdict, dtype="string"), gap_pct=gap).reset_index(
        drop=True
    )


def _gap_pct(table: pd.DataFrame, vintage: str) -> pd.Series:
    """How far outside the bounds, in per cent of the nearer bound; 0 inside, missing without."""
    lower, upper = (table[f"{end}_{vintage}_usd_mn"] for end in ("lower", "upper"))
    slack = PRINTED_ROUNDING_USD_MN
    below, above = lower - slack - table["usd_mn"], table["usd_mn"] - upper - slack
    nearest = lower.where(below > 0, upper).clip(lower=slack)
    outside = np.maximum(np.maximum(below, above), 0.0)
    return (100 * outside / nearest).where(lower.notna() & upper.notna())
