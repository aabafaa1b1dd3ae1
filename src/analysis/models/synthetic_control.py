"""The same goods from other countries, weighted so that they followed North Korea's until the ban.

Units are partners of China; the outcome is China's recorded trade with each in one group of
goods. The weights are at least zero and add up to one (Abadie, Diamond and Hainmueller 2010), and
whether a gap is unusual is asked of every other partner in turn (placebo in space). North Korea's
trade with third countries is no donor: their own bans fell on it in the same months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from analysis.models.imputation import Design
from analysis.models.panel import DOLLARS, LAST_MONTH, PanelError
from analysis.models.product_groups import Choice, classify

#: Weight of the row that makes the donors' weights add up to one, against outcomes of about one.
ADDING_UP = 1e4
#: Fewer placebos could not give a p-value under 0.1 in any case.
FEWEST_DONORS = 9


@dataclass(frozen=True, eq=False)
class Synthetic:
    """Recorded and synthetic trade of the treated partner, USD million a month, over `months`.

    `weights` by donor, largest first; `ratio`: recorded over synthetic from the first clean month;
    `fit_error`: root mean squared error before the measure, as a share of the mean there;
    `rank_p`: the share of partners, the treated one among them, whose error grew at least as many
    times after the ban.
    """

    group: str
    months: pd.PeriodIndex
    recorded: np.ndarray
    synthetic: np.ndarray
    begins: pd.Period
    clean: pd.Period
    weights: pd.Series
    fit_error: float
    rank_p: float

    @property
    def ratio(self) -> float:
        after = self.months >= self.clean
        return float(self.recorded[after].sum() / self.synthetic[after].sum())


def partner_series(
    frame: pd.DataFrame,
    measures: pd.DataFrame,
    group: str,
    *,
    flow: str = "import",
    level: int = 4,
    choice: Choice | None = None,
    first: str = "2015-01",
    last: str = "2019-12",
) -> pd.DataFrame:
    """USD million of the goods of `group` by month (rows) and partner (columns).

    `frame` as `schemas.PRODUCT_PANEL`; products are those that the lists of `choice` put into
    `group`, whichever partner they come from. A month without a row has no recorded trade.
    """
    months = pd.period_range(first, last, freq="M")
    rows = frame[(frame["flow"] == flow) & frame["month"].isin(months)]
    rows = rows.assign(hs=rows["hs"].str[:level])
    bans = classify(rows["hs"].unique(), measures, flow, choice)
    members = bans.loc[bans["group"] == group, "hs"]
    inside = rows[rows["hs"].isin(members)]
    table = inside.pivot_table(index="month", columns="partner", values="value_usd", aggfunc="sum")
    return table.reindex(months).fillna(0.0) / DOLLARS


def synthetic_control(
    series: pd.DataFrame,
    group: str,
    begins: pd.Period,
    clean: pd.Period,
    *,
    treated: int = 109,
    design: Design | None = None,
) -> Synthetic:
    """The treated partner against a weighted mean of the others, with placebos in space.

    `series` as from `partner_series`. Each partner's trade is divided by its mean before the ban,
    so that its course counts and not its size; donors that sold nothing in half of those months
    or more are left out. Weights are learnt until `design.anticipation` months before `begins`.
    Raises PanelError without the treated partner, or with fewer than `FEWEST_DONORS` donors.
    """
    design = design or Design()
    if series.index[-1] > LAST_MONTH:
        raise PanelError(f"months to {series.index[-1]}: the border closed after {LAST_MONTH}")
    if treated not in series:
        raise PanelError(f"{group}: no trade of partner {treated} in the panel")
    before = np.asarray(series.index < begins - design.anticipation)
    after = np.asarray(series.index >= clean)
    steady = series.loc[before].gt(0).mean() > 0.5
    kept = series.loc[:, steady | (series.columns == treated)]
    if kept.shape[1] - 1 < FEWEST_DONORS:
        raise PanelError(
            f"{group}: {kept.shape[1] - 1} donors with steady trade before {begins}; a placebo in "
            f"space needs {FEWEST_DONORS}"
        )
    scale = kept.loc[before].mean()
    paths = kept / scale
    growth = {
        partner: _error_growth(paths, partner, [treated, partner], before, after)
        for partner in paths.columns
    }
    weights = donor_weights(paths, treated, [treated], before)
    synthetic = paths[weights.index] @ weights
    error = np.sqrt(((paths[treated] - synthetic)[before] ** 2).mean())
    return Synthetic(
        group,
        pd.PeriodIndex(series.index, freq="M"),
        kept[treated].to_numpy(),
        (synthetic * scale[treated]).to_numpy(),
        begins,
        clean,
        weights[weights > 1e-6].sort_values(ascending=False),
        float(error),
        float(np.mean([value >= growth[treated] for value in growth.values()])),
    )


def donor_weights(
    paths: pd.DataFrame, unit: int, excluded: list[int], before: np.ndarray
) -> pd.Series:
    """Weights of the donors (all columns but `excluded`) that follow `unit` best `before`."""
    donors = paths.drop(columns=excluded)
    design = np.vstack([donors.to_numpy()[before], np.full(donors.shape[1], ADDING_UP)])
    solution, _ = nnls(design, np.append(paths[unit].to_numpy()[before], ADDING_UP))
    return pd.Series(solution / solution.sum(), index=donors.columns)


def _error_growth(
    paths: pd.DataFrame, unit: int, excluded: list[int], before: np.ndarray, after: np.ndarray
) -> float:
    """Root mean squared error after the ban over that before it; the treated partner is in no
    other's pool."""
    weights = donor_weights(paths, unit, list(dict.fromkeys(excluded)), before)
    gap = (paths[unit] - paths[weights.index] @ weights).to_numpy()
    return float(np.sqrt((gap[after] ** 2).mean() / (gap[before] ** 2).mean()))
