"""Did the last few months of a series break with the months before, and what could have been seen?

End-of-sample tests hold where the months after a possible change are too few for a usual test: the
statistic of the last months is compared with the same statistic of every earlier run of as many
months. S is that of Andrews (2003, "End-of-sample instability tests", Econometrica 71), P and R
those of Andrews and Kim (2006, "Tests for cointegration breakdown over a short time period",
Journal of Business & Economic Statistics 24), in the form that estimates the statistic from the
whole sample and judges each earlier run by an estimate that leaves out half of it. P is the sum
of squared residuals of the last months, R that of their sums from each month to the end, S the
length of their projection on the regressors, in units of their covariance.

With few months before, that comparison has few terms and its p-value only few steps. So a second
p-value, and every statement about power, is calibrated by simulation under noise of a known kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: A change resting on fewer months before it is called not testable, whatever its p-value: a year
#: is the least that shows every season once.
LEAST_MONTHS_BEFORE = 12
#: Level of the tests, and the share of changes that a test must find to be said to see them.
LEVEL, POWER = 0.05, 0.80
#: Draws of a calibration; the standard error of a size of 5 per cent is then 0.3 points.
DRAWS = 5_000
#: Changes are looked for up to this factor (log points): e^4 is a multiple of 55.
LARGEST_CHANGE = 4.0

#: An estimated autocorrelation stays below this, so that sums keep a finite spread.
LARGEST_RHO = 0.9

STATISTICS = ("S", "P", "R")


@dataclass(frozen=True)
class Noise:
    """Month-to-month noise of log trade: stationary and first-order autoregressive.

    `sd` is its standard deviation in log points, `rho` its correlation from month to month.
    `freedom` says by how many degrees of freedom `sd` is known; infinite where it is given. Raises
    ValueError for a process that is not stationary.
    """

    sd: float
    rho: float
    freedom: float = math.inf

    def __post_init__(self) -> None:
        if not (self.sd > 0 and -1 < self.rho < 1):
            raise ValueError(f"expected sd > 0 and -1 < rho < 1, found {self.sd} and {self.rho}")

    def covariance(self, months: np.ndarray) -> np.ndarray:
        """Covariance matrix of the noise in `months` (whole numbers, gaps allowed)."""
        apart = np.abs(np.subtract.outer(months, months))
        return self.sd**2 * np.asarray(self.rho, dtype=float) ** apart

    def draw(self, months: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Simulated noise, `draws` × months; where `sd` is estimated each draw has its own."""
        root = np.linalg.cholesky(self.covariance(months))
        noise = rng.standard_normal((draws, len(months))) @ root.T
        if math.isfinite(self.freedom):
            noise *= np.sqrt(self.freedom / rng.chisquare(self.freedom, (draws, 1)))
        return noise


def ar_noise(errors: np.ndarray, months: np.ndarray, design: np.ndarray) -> Noise:
    """The noise behind the least-squares `errors` of a regression on `design` (months × columns).

    Least squares makes errors look less correlated and smaller than they are. The correlation is
    corrected by the bias of first order, (1 + 3 rho) / n around a mean and (2 + 4 rho) / n around
    a line or more (Marriott and Pope 1954), and held between 0 and `LARGEST_RHO`; the spread by
    the share of it that a regression leaves under that correlation. Correlated months say less
    of the spread: their degrees of freedom shrink by (1 - rho²) / (1 + rho²).
    """
    errors, months = np.asarray(errors, dtype=float), np.asarray(months, dtype=float)
    neighbours = np.flatnonzero(np.diff(months) == 1)
    pairs = errors[neighbours] * errors[neighbours + 1]
    rho = np.sum(pairs) / np.sum(errors[neighbours] ** 2)
    columns = min(design.shape[1], 2)
    corrected = (len(errors) * rho + columns) / (len(errors) - columns - 2)
    rho = float(np.clip(corrected, 0.0, LARGEST_RHO))
    left = np.eye(len(errors)) - design @ np.linalg.pinv(design)
    share = np.trace(left @ Noise(1.0, rho).covariance(months))
    freedom = (len(errors) - design.shape[1]) * (1 - rho**2) / (1 + rho**2)
    return Noise(float(np.sqrt(np.sum(errors**2) / share)), rho, max(freedom, 1.0))


@dataclass(frozen=True)
class EndOfSampleTest:
    """One statistic of the last months, and how rare it is.

    `p_subsampled` is the share of the `comparisons` earlier runs whose statistic is as large; it
    moves in steps of 1 / comparisons, and under no change it is zero with probability
    `chance_of_zero`. `p_calibrated` is the share of simulated histories without a change whose
    statistic is as large. `months_before` carry the test; `months_tested` may have changed.
    """

    statistic: str
    value: float
    p_subsampled: float
    p_calibrated: float
    comparisons: int
    months_before: int
    months_tested: int

    @property
    def chance_of_zero(self) -> float:
        return 1 / (self.comparisons + 1)


def end_of_sample_statistics(y: np.ndarray, x: np.ndarray, tested: int) -> dict[str, np.ndarray]:
    """S, P and R of the last `tested` months of each series in `y` (series × months).

    `x` is months × regressors. The regression is that of the whole sample, the covariance of S
    the mean outer product of its residuals over all runs of `tested` months. Raises ValueError
    when fewer months stand before than are tested: then that covariance has no inverse.
    """
    before = x.shape[0] - tested
    if not 1 <= tested <= before:
        raise ValueError(
            f"expected 1 to {before} tested months with {before} before them, found {tested}"
        )
    residuals = y - y @ np.linalg.pinv(x).T @ x.T
    inverse = _inverse_covariance(residuals, tested)
    return _statistics(residuals[:, before:], x[before:], inverse)


def subsample_statistics(y: np.ndarray, x: np.ndarray, tested: int) -> dict[str, np.ndarray]:
    """The same of every run of `tested` months before the last ones: series × runs.

    The regression of a run leaves out the first half of its months (rounded up) and the months
    tested, so that a run is judged as the last months are: by months that do not all lie in it.
    """
    before = x.shape[0] - tested
    inverse = _inverse_covariance(y - y @ np.linalg.pinv(x).T @ x.T, tested)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in STATISTICS}
    for start in range(before - tested + 1):
        keep = np.ones(before, dtype=bool)
        keep[start : start + math.ceil(tested / 2)] = False
        coefficients = y[:, :before][:, keep] @ np.linalg.pinv(x[:before][keep]).T
        run = slice(start, start + tested)
        residuals = y[:, run] - coefficients @ x[run].T
        for name, values in _statistics(residuals, x[run], inverse).items():
            columns[name].append(values)
    return {name: np.column_stack(values) for name, values in columns.items()}


def end_of_sample_tests(
    y: np.ndarray,
    x: np.ndarray,
    tested: int,
    noise: Noise,
    *,
    months: np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int,
) -> list[EndOfSampleTest]:
    """S, P and R of the last `tested` of the months of one series `y`, with both p-values.

    `months` are their ordinals where some are missing in between. S does not depend on the size
    of the noise; P and R are compared with simulated ones at its size.
    """
    series = np.asarray(y, dtype=float)[None, :]
    found = end_of_sample_statistics(series, x, tested)
    earlier = subsample_statistics(series, x, tested)
    places = np.arange(len(y)) if months is None else months
    simulated = noise.draw(places, draws, np.random.default_rng(seed))
    null = end_of_sample_statistics(simulated, x, tested)
    return [
        EndOfSampleTest(
            name,
            float(found[name][0]),
            float(np.mean(earlier[name][0] >= found[name][0])),
            float((1 + np.sum(null[name] >= found[name][0])) / (1 + draws)),
            earlier[name].shape[1],
            len(y) - tested,
            tested,
        )
        for name in STATISTICS
    ]


def end_of_sample_detector(statistic: str, tested: int) -> Callable[[np.ndarray], np.ndarray]:
    """Series × months to the statistic of their last `tested` months, around a constant level."""

    def detect(y: np.ndarray) -> np.ndarray:
        return end_of_sample_statistics(y, np.ones((y.shape[1], 1)), tested)[statistic]

    return detect


def least_detectable(
    detect: Callable[[np.ndarray], np.ndarray],
    noise: Noise,
    before: int,
    after: int,
    *,
    level: float = LEVEL,
    power: float = POWER,
    draws: int = DRAWS,
    seed: int,
) -> float:
    """The smallest lasting rise, in log points, that a detector finds with probability `power`.

    Histories have `before` months at one level and `after` months at the higher one; the detector
    rejects beyond its own 1 - `level` quantile under no change. Infinite where even
    `LARGEST_CHANGE` is not found so often.
    """
    rng = np.random.default_rng(seed)
    months = np.arange(before + after)
    critical = np.quantile(detect(noise.draw(months, draws, rng)), 1 - level)
    histories = noise.draw(months, draws, rng)
    rise = (months >= before).astype(float)

    def found(size: float) -> float:
        return float(np.mean(detect(histories + size * rise) > critical))

    low, high = 0.0, LARGEST_CHANGE
    if found(high) < power:
        return math.inf
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return high


def verdict(months_before: int, p_value: float, *, level: float = LEVEL) -> str:
    """`changed`, `no change seen`, or `not testable` with under `LEAST_MONTHS_BEFORE` months.

    >>> verdict(4, 0.0001), verdict(24, 0.01), verdict(24, 0.3)
    ('not testable', 'changed', 'no change seen')
    """
    if months_before < LEAST_MONTHS_BEFORE:
        return "not testable"
    return "changed" if p_value < level else "no change seen"


def percent(log_points: float) -> float:
    """A change in log points as per cent: `percent(log(2))` is 100.

    >>> round(percent(math.log(1.5)), 6)
    50.0
    """
    return 100 * math.expm1(log_points)


def _inverse_covariance(residuals: np.ndarray, tested: int) -> np.ndarray:
    """Series × tested × tested: of the mean outer product over all runs of `tested` months."""
    runs = np.lib.stride_tricks.sliding_window_view(residuals, tested, axis=1)
    return np.linalg.inv(np.einsum("bri,brj->bij", runs, runs) / runs.shape[1])


def _statistics(residuals: np.ndarray, x: np.ndarray, inverse: np.ndarray) -> dict[str, np.ndarray]:
    """S, P and R of residuals (series × months tested) on regressors `x` (months × regressors)."""
    tested, regressors = x.shape
    if tested >= regressors:
        weighted = np.einsum("md,bmk->bdk", x, inverse)
        score = np.einsum("bdk,bk->bd", weighted, residuals)
        middle = np.linalg.pinv(np.einsum("bdk,ke->bde", weighted, x))
        s = np.einsum("bd,bde,be->b", score, middle, score)
    else:
        s = np.einsum("bi,bij,bj->b", residuals, inverse, residuals)
    sums_to_the_end = np.cumsum(residuals[:, ::-1], axis=1)
    return {
        "S": s,
        "P": np.sum(residuals**2, axis=1),
        "R": np.sum(sums_to_the_end**2, axis=1),
    }
