"""How fast recorded trade came back after the border reopened, as the speed of a return.

What was lost by the closure is the gap between the level before it and the level of the last
months before the reopening. The share of that gap that is back in month k is taken to be
1 - exp(-k / tau): a constant part of what is still missing returns each month. How much returns in
the end is not estimated but given: all. Where trade grows beyond its old level, months above it
tell that the return is over, and nothing of its speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.stability import ar_noise

#: Time constants that are tried, in months: with the first, all is back within the month; with the
#: last, under a third is back after four years.
TAUS = np.geomspace(0.1, 120.0, 400)
#: Months before the reopening whose mean counts as the level of the closure.
MONTHS_BEFORE = 4
#: Months of the return that are fitted, the first included.
MONTHS_FITTED = 24
DRAWS = 2_000
#: Level of intervals.
LEVEL = 0.90


@dataclass(frozen=True, eq=False)
class Return:
    """A fitted return with time constant `tau`, in months.

    `draws` holds resampled values of `tau`; `months` (since the reopening) and `shares` what was
    fitted.
    """

    tau: float
    draws: np.ndarray
    months: np.ndarray
    shares: np.ndarray

    def returned(self, months: float, level: float = LEVEL) -> tuple[float, float, float]:
        """Share of the lost trade that is back in month `months`: (point, lower, upper)."""
        return self._spread(1 - np.exp(-months / self._all_taus), level)

    def recovered(self, months: float, level: float = LEVEL) -> tuple[float, float, float]:
        """Share of what would have been lost over `months` months that is recovered by then.

        The mean of what is back from the reopening to month `months`: (point, lower, upper).
        """
        tau = self._all_taus
        return self._spread(1 - tau / months * (1 - np.exp(-months / tau)), level)

    @property
    def _all_taus(self) -> np.ndarray:
        return np.concatenate([[self.tau], self.draws])

    def _spread(self, values: np.ndarray, level: float) -> tuple[float, float, float]:
        lower, upper = np.quantile(values[1:], [(1 - level) / 2, (1 + level) / 2])
        return float(values[0]), float(min(lower, values[0])), float(max(upper, values[0]))


@dataclass(frozen=True, eq=False)
class Envelope:
    """Several readings of one return: the point of the first, the widest interval of all."""

    readings: tuple[Return, ...]

    def returned(self, months: float, level: float = LEVEL) -> tuple[float, float, float]:
        """As `Return.returned`."""
        return _widest([reading.returned(months, level) for reading in self.readings])

    def recovered(self, months: float, level: float = LEVEL) -> tuple[float, float, float]:
        """As `Return.recovered`."""
        return _widest([reading.recovered(months, level) for reading in self.readings])


def returned_shares(
    logs: pd.Series,
    level: float,
    reopened: pd.Period,
    *,
    before: int = MONTHS_BEFORE,
    fitted: int = MONTHS_FITTED,
) -> pd.Series:
    """Share of the lost trade that is back, by month (Period[M]) from `reopened` on.

    `logs` are log USD million a month, freed of seasons; `level` is that before the closure, USD
    million a month. At most `fitted` months; unknown ones are missing; above the level a share is
    more than one, under that of the closure negative. Raises ValueError when trade was not below
    the level before it reopened.
    """
    closed = float(np.exp(logs.loc[reopened - before : reopened - 1]).mean())
    if not closed < level:
        raise ValueError(f"{reopened}: expected trade below {level:.1f} before, found {closed:.1f}")
    months = np.exp(logs.loc[reopened : reopened + fitted - 1])
    return ((months - closed) / (level - closed)).rename("share")


def fit_return(
    shares: pd.Series,
    reopened: pd.Period,
    *,
    taus: Sequence[float] = TAUS,
    draws: int = DRAWS,
    seed: int,
) -> Return:
    """Fit tau by least squares over `taus`, and again to series simulated from the fit.

    `shares` by month, as from `returned_shares`. The month of the reopening counts as half a month
    of return. The errors of simulated series are first-order autoregressive, as those of the fit
    are. Raises ValueError with fewer than a year of known months.
    """
    known = shares.loc[reopened:].dropna()
    if len(known) < 12:
        raise ValueError(f"expected twelve months from {reopened} on, found {len(known)}")
    months = np.array([month.ordinal - reopened.ordinal + 0.5 for month in known.index])
    values = known.to_numpy(dtype=float)
    curves = 1 - np.exp(-np.divide.outer(months, np.asarray(taus)).T)
    chosen = _best(values[None, :], curves)[0]
    noise = ar_noise(values - curves[chosen], months, np.ones((len(months), 1)))
    simulated = curves[chosen] + noise.draw(months, draws, np.random.default_rng(seed))
    tried = np.asarray(taus)
    return Return(float(tried[chosen]), tried[_best(simulated, curves)], months, values)


def _best(values: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Of `curves` (curves × months) the nearest to each of `values` (series × months)."""
    return np.argmin(np.sum(curves**2, axis=1) - 2 * values @ curves.T, axis=1)


def _widest(triples: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    point = triples[0][0]
    return point, min(lower for _, lower, _ in triples), max(upper for *_, upper in triples)
