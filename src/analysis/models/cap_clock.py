"""How a year fills up: reported barrels against the cap, crossings, and a part-year projected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.cap import THRESHOLDS, Cap

#: A month whose interval is wider than this share of its middle says little about the rhythm of
#: deliveries and stays out of the pool that projections draw from.
NARROW_MONTH = 0.10


def crossings(
    path: pd.DataFrame, cap: Cap, *, thresholds: Sequence[float] = (*THRESHOLDS, 1.0)
) -> pd.DataFrame:
    """When the barrels of `path` passed each threshold of the cap.

    `path` has `month`, `lower_bbl`, `upper_bbl` (running sums since the period began) and
    `open_months`. `earliest` is the first month in which the upper end reaches the threshold,
    `latest` the first in which the lower end does; both NaT where it does not. `verdict`:
    `passed`, `possible` (the upper end alone), `not passed`, or `not in what is known` where open
    months leave the truth above without limit.
    """
    rows = []
    gaps = bool(path["open_months"].iloc[-1])
    for share in thresholds:
        level = share * cap.barrels
        ends = {
            name: path.loc[path[column] >= level, "month"].min()
            for name, column in (("earliest", "upper_bbl"), ("latest", "lower_bbl"))
        }
        if pd.notna(ends["latest"]):
            verdict = "passed"
        elif pd.notna(ends["earliest"]):
            verdict = "possible"
        else:
            verdict = "not in what is known" if gaps else "not passed"
        rows.append({"threshold": share, "barrels": level, **ends, "verdict": verdict})
    return pd.DataFrame(rows).astype({"earliest": "period[M]", "latest": "period[M]"})


def in_reading(
    paths: Mapping[str, pd.DataFrame], rates: Mapping[str, tuple[float, float, float]]
) -> pd.DataFrame:
    """Running barrels of all suppliers when each one's tonnes are converted at its own rates.

    `paths` gives for each supplier `month`, `lower_t`, `upper_t`, `open_months`; `rates` its
    barrels a tonne (lower, middle, upper). Columns `month`, `lower_bbl`, `upper_bbl`,
    `open_months`.
    """
    first = next(iter(paths.values()))
    total = pd.DataFrame(
        {"month": first["month"], "lower_bbl": 0.0, "upper_bbl": 0.0, "open_months": 0}
    )
    for supplier, path in paths.items():
        low, _, high = rates[supplier]
        total["lower_bbl"] += low * path["lower_t"]
        total["upper_bbl"] += high * path["upper_t"]
        total["open_months"] += path["open_months"]
    return total


def gaps(monthly: pd.DataFrame, first: pd.Period, last: pd.Period) -> str:
    """The supplier-months without a report from `first` to `last`: `China Nov–Dec; Russia Oct`.

    `monthly` as `schemas.REPORTED_DELIVERIES`. Empty where none lacks.
    """
    inside = monthly[
        monthly["month"].between(first, last) & (monthly["basis"] == "open")
    ].sort_values("month")
    texts = []
    for supplier, own in inside.groupby("supplier", sort=True):
        months = own["month"].array
        breaks = [0, *(i for i in range(1, len(months)) if months[i] != months[i - 1] + 1)]
        runs = [
            (months[start], months[end - 1])
            for start, end in zip(breaks, [*breaks[1:], len(months)], strict=True)
        ]
        spans = [
            f"{a.strftime('%b')}" if a == b else f"{a.strftime('%b')}–{b.strftime('%b')}"
            for a, b in runs
        ]
        texts.append(f"{supplier} {', '.join(spans)}")
    return "; ".join(texts)


@dataclass(frozen=True)
class Rhythm:
    """How reported deliveries vary within a year.

    `relative` are months' barrels over their year's mean month, by year; `unfiled` of `asked`
    supplier-months have no report that any figure shows.
    """

    relative: Mapping[int, np.ndarray]
    unfiled: int
    asked: int

    @property
    def hazard(self) -> float:
        """Share of supplier-months for which no report is known."""
        return self.unfiled / self.asked

    def without(self, year: int) -> Rhythm:
        """The same without one year, to test a projection of that year."""
        left = {name: values for name, values in self.relative.items() if name != year}
        return Rhythm(left, self.unfiled, self.asked)


def rhythm(monthly: pd.DataFrame, last: pd.Period) -> Rhythm:
    """The rhythm of the months up to `last`.

    `monthly` as `schemas.REPORTED_DELIVERIES`. A year counts with the months in which both
    suppliers' figures are narrow, if there are at least six of them.
    """
    known = monthly[monthly["month"] <= last]
    middle = (known["lower_bbl"] + known["upper_bbl"]) / 2
    width = known["upper_bbl"] - known["lower_bbl"]
    narrow = np.isfinite(width) & (width <= np.maximum(NARROW_MONTH * middle, 50.0))
    both = (
        known.assign(middle=middle, narrow=narrow)
        .groupby("month")
        .agg(barrels=("middle", "sum"), narrow=("narrow", "all"))
    )
    sound = both[both["narrow"]]
    relative = {}
    for year, group in sound.groupby(sound.index.year):
        values = group["barrels"].to_numpy()
        if len(values) >= 6 and values.mean() > 0:
            relative[int(year)] = values / values.mean()
    return Rhythm(relative, int((~np.isfinite(known["upper_bbl"])).sum()), len(known))


@dataclass(frozen=True, eq=False)
class Projection:
    """A part-year carried to December: one row a draw, one column a month still to come.

    `months` are those months (Period[M]); `cumulative_bbl` the running sums; `to_date_bbl` what
    was reported before.
    """

    months: pd.PeriodIndex
    cumulative_bbl: np.ndarray
    to_date_bbl: float

    def quantiles(self, levels: Sequence[float]) -> pd.DataFrame:
        """Quantiles of the running sum, one row a month, one column a level."""
        values = np.quantile(self.cumulative_bbl, levels, axis=0).T
        return pd.DataFrame(values, columns=list(levels)).assign(month=self.months)

    def chance_of(self, barrels: float) -> float:
        """Share of draws that reach `barrels` by the end of the year."""
        return float(np.mean(self.cumulative_bbl[:, -1] >= barrels))


def project(
    to_date_bbl: float,
    last: pd.Period,
    pace: Rhythm,
    *,
    hazard: float,
    draws: int,
    seed: int,
) -> Projection:
    """Carry what was reported up to month `last` of a year on to December.

    The mean month of the year is drawn around the mean so far: both it and the months to come
    vary as months did in the years of `pace` (a year is drawn, its months with replacement).
    Each month to come goes unreported with probability `hazard` and then adds nothing to what is
    reported. Raises ValueError for December and for a hazard outside [0, 1].
    """
    if last.month == 12:
        raise ValueError(f"{last} ends the year: nothing is left to project")
    if not 0 <= hazard <= 1:
        raise ValueError(f"the chance that a month goes unreported lies in [0, 1], not {hazard}")
    rng = np.random.default_rng(seed)
    seen, left = last.month, 12 - last.month
    years = list(pace.relative.values())
    which = rng.integers(len(years), size=draws)
    relative = np.empty((draws, 12))
    for number, values in enumerate(years):
        rows = np.flatnonzero(which == number)
        relative[rows] = rng.choice(values, size=(len(rows), 12))
    # The months so far came to `to_date`; the same draw says how they stood to the year's mean.
    so_far = relative[:, :seen].mean(axis=1)
    level = to_date_bbl / seen / np.maximum(so_far, so_far[so_far > 0].min())
    filed = rng.random((draws, left)) >= hazard
    months = level[:, None] * relative[:, seen:] * filed
    return Projection(
        pd.period_range(last + 1, freq="M", periods=left),
        to_date_bbl + months.cumsum(axis=1),
        to_date_bbl,
    )


def hindcasts(
    paths: Mapping[int, pd.DataFrame],
    pace: Rhythm,
    *,
    months: Sequence[int],
    level: float,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Project each complete year from each of `months` without having seen that year.

    `paths` gives the running sums of complete years (`month`, `lower_bbl`, `upper_bbl`). Every
    month of those years was reported in the end, so nothing is left out. Columns `year`, `from`,
    `lower_bbl`, `upper_bbl` (at `level`), `truth_bbl`, `inside`.
    """
    tails = ((1 - level) / 2, (1 + level) / 2)
    rows = []
    for year, path in paths.items():
        middle = ((path["lower_bbl"] + path["upper_bbl"]) / 2).to_numpy()
        for month in months:
            last = pd.Period(year=year, month=month, freq="M")
            found = project(
                middle[month - 1], last, pace.without(year), hazard=0.0, draws=draws, seed=seed
            )
            low, high = np.quantile(found.cumulative_bbl[:, -1], tails)
            truth = middle[-1]
            rows.append(
                {
                    "year": year,
                    "from": month,
                    "lower_bbl": low,
                    "upper_bbl": high,
                    "truth_bbl": truth,
                    "inside": bool(low <= truth <= high),
                }
            )
    return pd.DataFrame(rows)
