"""Recorded trade since the bans, in phases, freed of February, with its level and trend.

A phase is a stretch of months under one regime: under the bans until the border closed, closed,
reopening, open again. February is short of days and holds most of the Lunar New Year, so that
exports dip in it every year; its effect is learnt before the bans and taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as t_distribution

from analysis.models.stability import Noise, ar_noise, percent

#: A month whose bounds are wider than this share of its point is not used as if it were known.
WIDEST = 0.15
#: Months before the first ban that bound (December 2016 is the month of the first coal suspension),
#: on which the noise is learnt: earlier ones are largely printed as sums of several months.
HISTORY = (pd.Period("2015-01", "M"), pd.Period("2016-11", "M"))
#: A season and its noise are learnt from no fewer months.
LEAST_KNOWN = 15
#: First month in which none of the goods of resolutions 2371 to 2397 was still cleared.
FIRST_CLEAN = pd.Period("2018-02", "M")
#: Level of intervals.
LEVEL = 0.90
#: Trade counts as reopened when its mean over `REOPENED_MONTHS` months comes back to this share of
#: what it was before the border closed.
REOPENED_SHARE, REOPENED_MONTHS = 0.5, 3


@dataclass(frozen=True)
class Phase:
    """Months `first` to `last` (Period[M], both inside); `last` None where the phase goes on."""

    name: str
    first: pd.Period
    last: pd.Period | None

    def holds(self, months: pd.PeriodIndex) -> np.ndarray:
        """Which of `months` lie in the phase."""
        inside = months >= self.first
        return inside if self.last is None else inside & (months <= self.last)


@dataclass(frozen=True)
class Season:
    """What is learnt from the history: the effect of February in log points, and the noise."""

    february: float
    noise: Noise
    months: int


@dataclass(frozen=True)
class Change:
    """Mean of log trade in one stretch less that in another, in per cent, with its interval."""

    percent: float
    lower: float
    upper: float
    level: float
    months_before: int
    months_after: int
    p_value: float


def phases(border_months: Sequence[pd.Period]) -> tuple[Phase, ...]:
    """The four phases from the months in which the border closed, reopened to freight, stopped it,
    reopened it once more, and opened to people (in this order).

    The stop of freight in between belongs to the reopening. Raises ValueError for months that do
    not follow each other.
    """
    closed, freight, *_, people = border_months
    if list(border_months) != sorted(set(border_months)) or len(border_months) < 3:
        raise ValueError(f"expected three or more months in order, found {list(border_months)}")
    return (
        Phase("under the bans", FIRST_CLEAN, closed - 1),
        Phase("closed", closed, freight - 1),
        Phase("reopening", freight, people),
        Phase("open", people + 1, None),
    )


def log_trade(
    trade: pd.DataFrame, flow: str, *, vintage: str = "first_release", widest: float = WIDEST
) -> pd.Series:
    """Log of USD million by month; missing where the month is zero, unknown, or known too widely.

    `trade` as `schemas.TRADE_MONTHLY`.
    """
    own = trade[(trade["flow"] == flow) & (trade["vintage"] == vintage)].set_index("month")
    width = (own["upper_usd_mn"] - own["lower_usd_mn"]) / own["usd_mn"]
    known = own["usd_mn"].where((width <= widest) & (own["usd_mn"] > 0)).sort_index()
    return np.log(known).rename(flow)


def learn_season(
    logs: pd.Series, first: pd.Period = HISTORY[0], last: pd.Period = HISTORY[1]
) -> Season:
    """The effect of February and the noise around a straight line, from `first` to `last`.

    Raises ValueError with fewer than `LEAST_KNOWN` known months.
    """
    known = logs.loc[first:last].dropna()
    if len(known) < LEAST_KNOWN:
        raise ValueError(
            f"expected {LEAST_KNOWN} known months from {first} to {last}, found {len(known)}"
        )
    months = np.array([month.ordinal for month in known.index])
    design = np.column_stack(
        [np.ones(len(known)), months - months.mean(), known.index.month == 2]
    ).astype(float)
    coefficients, *_ = np.linalg.lstsq(design, known.to_numpy(), rcond=None)
    errors = known.to_numpy() - design @ coefficients
    return Season(float(coefficients[2]), ar_noise(errors, months, design), len(known))


def without_february(logs: pd.Series, season: Season) -> pd.Series:
    """`logs` less the effect of February."""
    return logs - season.february * (logs.index.month == 2)


def change_between(
    logs: pd.Series,
    before: tuple[str, str],
    after: tuple[str, str],
    noise: Noise,
    *,
    level: float = LEVEL,
) -> Change:
    """How far the level moved between two stretches of months (ends inside), under known noise.

    The interval and the two-sided p-value are those of a difference of means whose months are
    correlated as `noise` says, by a t distribution with its degrees of freedom. Raises
    ValueError where a stretch has no known month.
    """
    stretches = [
        logs.loc[pd.Period(a, "M") : pd.Period(b, "M")].dropna() for a, b in (before, after)
    ]
    if any(stretch.empty for stretch in stretches):
        raise ValueError(f"no known month in {before} or {after}")
    joined = pd.concat(stretches)
    weights = np.concatenate(
        [sign * np.full(len(s), 1 / len(s)) for sign, s in zip((-1, 1), stretches, strict=True)]
    )
    months = np.array([month.ordinal for month in joined.index])
    size = float(weights @ joined.to_numpy())
    error = float(np.sqrt(weights @ noise.covariance(months) @ weights))
    reach = t_distribution.ppf((1 + level) / 2, noise.freedom) * error
    return Change(
        percent(size),
        percent(size - reach),
        percent(size + reach),
        level,
        len(stretches[0]),
        len(stretches[1]),
        float(2 * t_distribution.sf(abs(size) / error, noise.freedom)),
    )


def least_difference(
    before: int, after: int, noise: Noise, *, level: float = 0.05, power: float = 0.80
) -> float:
    """The smallest rise, in per cent, that the test of `change_between` finds so often.

    `before` and `after` are months next to each other; the test is two-sided at `level`.
    """
    weights = np.concatenate([np.full(before, -1 / before), np.full(after, 1 / after)])
    error = np.sqrt(weights @ noise.covariance(np.arange(before + after)) @ weights)
    critical = t_distribution.isf(level / 2, noise.freedom)
    return percent(float((critical + t_distribution.ppf(power, noise.freedom)) * error))


def trend(
    logs: pd.Series, first: str, last: str, noise: Noise, *, level: float = LEVEL
) -> tuple[float, float, float]:
    """Growth in per cent a month from `first` to `last` (both inside), with its interval.

    Generalised least squares under `noise`.
    """
    known = logs.loc[pd.Period(first, "M") : pd.Period(last, "M")].dropna()
    months = np.array([month.ordinal for month in known.index], dtype=float)
    design = np.column_stack([np.ones(len(known)), months - months[0]])
    weight = np.linalg.inv(noise.covariance(months))
    covariance = np.linalg.inv(design.T @ weight @ design)
    slope = float((covariance @ design.T @ weight @ known.to_numpy())[1])
    critical = t_distribution.ppf((1 + level) / 2, noise.freedom)
    reach = critical * float(np.sqrt(covariance[1, 1]))
    return percent(slope), percent(slope - reach), percent(slope + reach)


def reopened_in(
    logs: pd.Series,
    level: float,
    after: pd.Period,
    *,
    share: float = REOPENED_SHARE,
    months: int = REOPENED_MONTHS,
) -> pd.Period | None:
    """The first month from `after` whose mean with the `months` - 1 that follow is `share` of
    `level` (USD million a month); None where trade has not come back so far.
    """
    forward = np.exp(logs[::-1]).rolling(months).mean()[::-1].loc[after:]
    back = forward[forward >= share * level]
    return None if back.empty else back.index[0]


def change_table(changes: Mapping[str, Change]) -> pd.DataFrame:
    """Changes between stretches, one row each: per cent with its interval, months, p-value."""
    rows = [
        {
            "change": name,
            "per cent": change.percent,
            "lower": change.lower,
            "upper": change.upper,
            "months before": change.months_before,
            "months after": change.months_after,
            "p-value": change.p_value,
        }
        for name, change in changes.items()
    ]
    return pd.DataFrame(rows).set_index("change")
