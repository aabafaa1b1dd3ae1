"""Interrupted time series: trend, season and holiday on the known months, errors AR(1).

Only months that are known count: a month interpolated inside a sum manufactures autocorrelation.
Errors that are m months apart correlate as rho to the power of m, so gaps are no neighbours.
Newey-West intervals alone cover too little in series as short and correlated as this (Turner,
Forbes, Karahalios, Taljaard and McKenzie 2021, BMC Medical Research Methodology 21, 181);
`segmented_effects` shows them beside Prais-Winsten, restricted likelihood and a block bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.models.counterfactual import LEVEL, Counterfactual, draw_rows
from analysis.models.holiday import lunar_new_year
from analysis.models.log_figures import drawn_figures
from analysis.models.trade_observations import (
    CUSTOMS_START,
    FitError,
    TradeObservations,
    Window,
    history_law,
    single_months,
)

#: Pairs of sine and cosine for the season: as sharp as a third of a year takes six coefficients
#: where eleven would leave fewer than three known months for each.
HARMONICS = 3
#: Values of rho on which its restricted likelihood is computed.
RHO_GRID = np.linspace(-0.9, 0.99, 190)
#: Iterations of Prais-Winsten stop when rho moves by less, and fail after so many.
RHO_STILL, ITERATIONS = 1e-10, 500
#: Months in a block of the bootstrap, and resamples.
BLOCK, RESAMPLES = 6, 999
ERRORS = ("reml", "prais-winsten")


@dataclass(frozen=True)
class Gls:
    """Generalised least squares with AR(1) errors at `rho`.

    `covariance` is that of the coefficients; `variance` that of the innovations, with `freedom`
    degrees of freedom; `gain` gives the coefficients of other values at the same months.
    """

    rho: float
    coefficients: np.ndarray
    covariance: np.ndarray
    variance: float
    freedom: int
    gain: np.ndarray


def whitening(times: np.ndarray, rho: float) -> np.ndarray:
    """Matrix that turns AR(1) errors at the months `times` (increasing) into innovations.

    The first row is scaled and not dropped (Prais and Winsten 1954, Cowles Commission Discussion
    Paper 383); after a gap of m months the correlation is rho^m.
    """
    matrix = np.zeros((len(times), len(times)))
    matrix[0, 0] = np.sqrt(1 - rho**2)
    power = np.sign(rho) ** np.diff(times) * np.abs(rho) ** np.diff(times)
    scale = np.sqrt((1 - rho**2) / (1 - power**2))
    later = np.arange(1, len(times))
    matrix[later, later], matrix[later, later - 1] = scale, -scale * power
    return matrix


def gls(values: np.ndarray, regressors: np.ndarray, times: np.ndarray, rho: float) -> Gls:
    """Coefficients of `values` on `regressors` (one row a month) under AR(1) errors at `rho`."""
    white = whitening(times, rho)
    x = white @ regressors
    inverse = np.linalg.inv(x.T @ x)
    gain = inverse @ x.T @ white
    coefficients = gain @ values
    residuals = white @ (values - regressors @ coefficients)
    freedom = len(values) - regressors.shape[1]
    variance = float(residuals @ residuals) / freedom
    return Gls(float(rho), coefficients, variance * inverse, variance, freedom, gain)


def prais_winsten(values: np.ndarray, regressors: np.ndarray, times: np.ndarray) -> Gls:
    """Iterated: rho from residuals of neighbouring months, coefficients from rho, until still.

    Raises FitError when rho does not settle inside (-1, 1).
    """
    fit = gls(values, regressors, times, 0.0)
    neighbours = np.flatnonzero(np.diff(times) == 1)
    for _ in range(ITERATIONS):
        residuals = values - regressors @ fit.coefficients
        before = residuals[neighbours]
        rho = float(before @ residuals[neighbours + 1] / (before @ before))
        if not abs(rho) < 1:
            break
        settled = abs(rho - fit.rho) < RHO_STILL
        fit = gls(values, regressors, times, rho)
        if settled:
            return fit
    raise FitError(f"Prais-Winsten: expected rho to settle inside (-1, 1), found {rho:.3f}")


def restricted_likelihood(
    values: np.ndarray, regressors: np.ndarray, times: np.ndarray, rho: float
) -> float:
    """Restricted log likelihood at `rho`, coefficients and variance maximised out, no constant."""
    white = whitening(times, rho)
    x, fit = white @ regressors, gls(values, regressors, times, rho)
    _, size = np.linalg.slogdet(x.T @ x)
    return float(
        np.log(np.diag(white)).sum() - 0.5 * size - 0.5 * fit.freedom * np.log(fit.variance)
    )


def reml(values: np.ndarray, regressors: np.ndarray, times: np.ndarray) -> tuple[Gls, np.ndarray]:
    """The fit at the rho of `RHO_GRID` likeliest by restriction, and the weights of the grid."""
    logs = np.array([restricted_likelihood(values, regressors, times, rho) for rho in RHO_GRID])
    weights = np.exp(logs - logs.max())
    return gls(values, regressors, times, RHO_GRID[logs.argmax()]), weights / weights.sum()


@dataclass(frozen=True)
class Segmented:
    """Trend, season and holiday continued from the known months of training.

    `errors` is `reml` (rho drawn from its restricted likelihood) or `prais-winsten` (rho drawn
    from its asymptotic normal law).
    """

    seed: int = 20161205
    paths: int = 1000
    errors: str = "reml"
    lunar_new_year: bool = True

    def __post_init__(self) -> None:
        if self.errors not in ERRORS:
            raise ValueError(f"errors: expected one of {', '.join(ERRORS)}, found {self.errors!r}")

    @property
    def name(self) -> str:
        holiday = "" if self.lunar_new_year else ", no holiday"
        return f"segmented, {self.errors}{holiday}"

    def fit(self, observations: TradeObservations, window: Window) -> Counterfactual:
        """As `Engine.fit`; raises FitError when fewer months are known than are needed."""
        known = observations.within(window)
        rng = np.random.default_rng(self.seed)
        months, drawn = _known_months(known, window.training)
        x = _regressors(months, window, self.lunar_new_year)
        _check_enough(known, len(months), x.shape[1])
        drawn = drawn + _history_shift(known, months, len(drawn), rng)
        middle, times = drawn.mean(axis=0), np.asarray(months.asi8)
        fit, rhos = _errors_law(self.errors, middle, x, times, self.paths, rng)
        rows = draw_rows(known.draws, self.paths)
        future = _regressors(window.evaluation, window, self.lunar_new_year)
        simulated = np.empty((self.paths, len(window.evaluation)))
        for rho in np.unique(rhos):
            places = np.flatnonzero(rhos == rho)
            simulated[places] = _continued(
                gls(middle, x, times, rho),
                drawn[rows[places]],
                x,
                future,
                window.train_end.ordinal - times[-1],
                rng,
            )
        fitted = _regressors(window.training, window, self.lunar_new_year) @ fit.coefficients
        return Counterfactual(
            known.flow,
            known.vintage,
            self.name,
            window,
            np.exp(simulated),
            known.draws[window.evaluation].to_numpy()[rows],
            pd.Series(np.exp(fitted), index=window.training),
            self.seed,
            {
                "rho": fit.rho,
                "drift": float(fit.coefficients[1]),
                "sd of the innovations": float(np.sqrt(fit.variance)),
                "months": float(len(months)),
            },
        )


def segmented_effects(
    observations: TradeObservations, window: Window, *, level: float = LEVEL, seed: int = 20161206
) -> pd.DataFrame:
    """Change of level and of slope after training, by four ways to an interval, side by side.

    One regression on the known months of the whole window. Rows: `method` (`newey-west`,
    `prais-winsten`, `reml`, `block bootstrap`) by `change` (`level`: per cent at the first month
    after training; `slope`: per cent a year, against the slope before). Columns `estimate`,
    `lower`, `upper` at `level`, `rho` (missing where none is fitted) and `months`.
    """
    observations.within(window)  # the same window and the same 24 months as any engine
    whole = pd.period_range(window.first, window.evaluation_end, freq="M")
    months, drawn = _known_months(observations, whole)
    shift, _ = history_law(observations)
    values = drawn.mean(axis=0) + np.where(months < CUSTOMS_START, shift, 0.0)
    after = np.asarray(months > window.train_end, dtype=float)
    years = (months.asi8 - window.train_end.ordinal - 1) / 12
    x = np.column_stack([_regressors(months, window, True), after, after * years])
    _check_enough(observations, len(months), x.shape[1])
    if after.sum() < 3:
        raise FitError(
            f"{observations.flow}: expected at least 3 known months after {window.train_end}, "
            f"found {int(after.sum())}: evaluate to a later month"
        )
    times = np.asarray(months.asi8)
    rows = []
    for method, (estimates, lower, upper, rho) in {
        "newey-west": _by_newey_west(values, x, times, level),
        "prais-winsten": _by_gls(prais_winsten(values, x, times), level),
        "reml": _by_gls(reml(values, x, times)[0], level),
        "block bootstrap": _by_blocks(values, x, times, level, np.random.default_rng(seed)),
    }.items():
        for place, change in ((-2, "level"), (-1, "slope")):
            ends = [100 * np.expm1(value[place]) for value in (estimates, lower, upper)]
            rows.append((method, change, *ends, rho, len(months)))
    columns = ["method", "change", "estimate", "lower", "upper", "rho", "months"]
    return pd.DataFrame(rows, columns=columns)


def newey_west(
    residuals: np.ndarray, regressors: np.ndarray, times: np.ndarray, lags: int
) -> np.ndarray:
    """Covariance of least squares coefficients, robust to correlation over `lags` months.

    Bartlett weights (Newey and West 1987, Econometrica 55(3), 703-708); months that are not known
    count as zeros, so that lags are months. No small-sample correction.
    """
    scores = np.zeros((times[-1] - times[0] + 1, regressors.shape[1]))
    scores[times - times[0]] = regressors * residuals[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        part = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (part + part.T)
    bread = np.linalg.inv(regressors.T @ regressors)
    return bread @ middle @ bread


def newey_west_lags(months: int) -> int:
    """Lags by the rule of thumb 4 (n/100)^(2/9) of Newey and West (1994)."""
    return int(4 * (months / 100) ** (2 / 9))


def _by_newey_west(values, x, times, level):
    fit = gls(values, x, times, 0.0)
    residuals = values - x @ fit.coefficients
    covariance = newey_west(residuals, x, times, newey_west_lags(len(values)))
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(np.diag(covariance))
    return fit.coefficients, fit.coefficients - half, fit.coefficients + half, np.nan


def _by_gls(fit: Gls, level: float):
    half = stats.t.ppf((1 + level) / 2, fit.freedom) * np.sqrt(np.diag(fit.covariance))
    return fit.coefficients, fit.coefficients - half, fit.coefficients + half, fit.rho


def _by_blocks(values, x, times, level, rng):
    """Moving blocks of residuals, in the order of the known months, set on the fitted values."""
    fit = gls(values, x, times, 0.0)
    mean = x @ fit.coefficients
    residuals = values - mean
    residuals = residuals - residuals.mean()
    blocks = -(-len(values) // BLOCK)
    starts = rng.integers(0, len(values) - BLOCK + 1, size=(RESAMPLES, blocks))
    places = (starts[:, :, None] + np.arange(BLOCK)).reshape(RESAMPLES, -1)[:, : len(values)]
    resampled = (mean + residuals[places]) @ fit.gain.T
    tail = (1 - level) / 2
    lower, upper = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return fit.coefficients, lower, upper, np.nan


def _known_months(
    known: TradeObservations, months: pd.PeriodIndex
) -> tuple[pd.PeriodIndex, np.ndarray]:
    """The single months among the figures, and their logarithms in each draw: draws × months."""
    figures = single_months(known.figures)
    figures = figures[figures["first"].isin(months)].sort_values("first")
    logs = drawn_figures(figures, known.draws)
    return pd.PeriodIndex(figures["first"], freq="M"), logs


def _regressors(months: pd.PeriodIndex, window: Window, holiday: bool) -> np.ndarray:
    """Constant, years since the end of training, sines and cosines of the year, the holiday."""
    years = (months.asi8 - window.train_end.ordinal) / 12
    angles = 2 * np.pi * np.outer(months.month, np.arange(1, HARMONICS + 1)) / 12
    parts = [np.ones(len(months)), years, *np.sin(angles).T, *np.cos(angles).T]
    return np.column_stack([*parts, lunar_new_year(months)] if holiday else parts)


def _check_enough(known: TradeObservations, months: int, coefficients: int) -> None:
    least = 2 * coefficients
    if months < least:
        raise FitError(
            f"{known.flow}, {known.vintage}: expected at least {least} known months for "
            f"{coefficients} coefficients, found {months}: start earlier"
        )


def _history_shift(
    known: TradeObservations, months: pd.PeriodIndex, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """log (customs level / history) for the months before the customs' own figures, drawn."""
    lower, upper = np.log(known.history_ratio)
    return rng.uniform(lower, upper, draws)[:, None] * (months < CUSTOMS_START)


def _errors_law(errors, values, x, times, paths, rng) -> tuple[Gls, np.ndarray]:
    """The fit, and one rho a path."""
    if errors == "reml":
        fit, weights = reml(values, x, times)
        return fit, rng.choice(RHO_GRID, size=paths, p=weights)
    fit = prais_winsten(values, x, times)
    spread = np.sqrt((1 - fit.rho**2) / len(values))
    drawn = fit.rho + spread * rng.standard_normal(paths)
    return fit, np.clip(np.round(drawn, 2), -0.99, 0.99)


def _continued(
    fit: Gls, drawn: np.ndarray, x: np.ndarray, future: np.ndarray, gap: int, rng
) -> np.ndarray:
    """Log months after training, one path for each row of `drawn`; `gap` months after the last."""
    number = len(drawn)
    variance = fit.variance * fit.freedom / rng.chisquare(fit.freedom, number)
    root = np.linalg.cholesky(fit.covariance / fit.variance)
    center = drawn @ fit.gain.T
    noise = rng.standard_normal((number, x.shape[1])) @ root.T
    coefficients = center + np.sqrt(variance)[:, None] * noise
    error = drawn[:, -1] - coefficients @ x[-1]
    months = coefficients @ future.T
    for month in range(-gap, len(future)):
        error = fit.rho * error + np.sqrt(variance) * rng.standard_normal(number)
        if month >= 0:
            months[:, month] += error
    return months
