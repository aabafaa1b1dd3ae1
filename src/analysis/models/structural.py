"""A structural time series in which every published figure counts as it was published.

Works in logarithms, with sums linearised along a path that is renewed until it stands still
(iterated log-linearisation): season, holiday and prices move this trade in proportion, a month
cannot be negative, and growth rates are differences of logarithms. In levels the sums would be
exact, but the season's size would have to follow the level, and rates would not be linear.

Simulated paths carry three uncertainties. Of the data: each path starts from the figures as one
joint draw of the months has them. Of the parameters: they are drawn from their posterior law, by
importance sampling around the mode on the transformed scale. Of the path: level, coefficients and
disturbances are drawn for each. The laws stated before the data (`MONTH_SD` and below) are wide,
and keep the variances off the edge at zero, where 50 months often put their maximum likelihood
(Chung, Rabe-Hesketh, Dorie, Gelman and Liu 2013, Psychometrika 78(4), 685-709).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import helmert
from scipy.optimize import minimize
from statsmodels.tools.numdiff import approx_hess3
from statsmodels.tsa.statespace.kalman_filter import (
    FILTER_UNIVARIATE,
    MEMORY_CONSERVE,
    MEMORY_NO_PREDICTED_COV,
    MEMORY_STORE_ALL,
)

from analysis.models.counterfactual import Counterfactual, draw_rows
from analysis.models.holiday import lunar_new_year
from analysis.models.log_figures import drawn_figures, log_figures
from analysis.models.monthly_state_space import (
    LEVEL,
    MONTH,
    MONTHS_A_YEAR,
    SLOPE,
    TREND,
    MonthlyStateSpace,
    persistence,
)
from analysis.models.trade_observations import (
    CUSTOMS_START,
    FitError,
    TradeObservations,
    Window,
    history_law,
)

#: Law of the standard deviation of a month's own disturbance, and of the level's shocks, in
#: logarithms: log-normal, median and standard deviation of the logarithm. Monthly trade of a
#: whole country moves by some per cent, and hardly ever by less than one or more than fifty.
MONTH_SD = (0.07, 1.0)
LEVEL_SD = (0.07, 1.0)
#: Law of the logit of the level's persistence: half of it lies above 0.95 (half of a shock gone
#: after 14 months), so that a level that wanders is not ruled out.
PERSISTENCE = (3.0, 1.4)
#: Standard deviation of the slope's shocks, of the growth a year and each month; as above.
SLOPE_SD = (0.005, 1.0)
#: Standard deviation of the slope a year at the first month of training.
FIRST_SLOPE = 0.1
#: Standard deviation of the coefficients before the data, in logarithms: the mean level, a
#: calendar month against the year's mean, the whole holiday, the elasticity to a price.
LEVEL_PRIOR, SEASON_PRIOR, HOLIDAY_PRIOR, PRICE_PRIOR = 1.0, 0.3, 0.5, 1.0
#: The linearisation stands still when no value moves by more than this (logarithm).
STILL = 1e-3
#: Rounds of linearisation before the fit counts as not converged.
ROUNDS = 20
#: Proposals of parameters for each that is kept; the degrees of freedom of their Student's t.
PROPOSALS, PROPOSAL_DF = 4, 5
#: Proposals worth a smaller share of their number than this have missed the posterior.
LEAST_EFFECTIVE = 0.03
#: A proposal worth less than this share is made anew, so many times in all.
GOOD_EFFECTIVE, ADAPTATIONS = 0.15, 3
#: Log posterior where the likelihood has none.
WORST = -1e10


@dataclass(frozen=True)
class Structural:
    """Level, trend, season, holiday and prices in logarithms; see the module.

    `controls` names columns of `TradeObservations.controls` (positive prices, which enter as
    logarithms); `trend=False` lets the level return to a constant. `paths` are simulated, under
    `parameter_draws` vectors of parameters, the same number of paths each. Equal seeds give equal
    paths.
    """

    seed: int = 20161201
    paths: int = 1000
    parameter_draws: int = 50
    controls: tuple[str, ...] = ()
    lunar_new_year: bool = True
    trend: bool = True

    @property
    def name(self) -> str:
        parts = ["structural", *self.controls]
        parts += [] if self.trend else ["no trend"]
        parts += [] if self.lunar_new_year else ["no holiday"]
        return ", ".join(parts)

    def fit(self, observations: TradeObservations, window: Window) -> Counterfactual:
        """As `Engine.fit`. Raises FitError also when a control is missing in the window."""
        known = observations.within(window)
        regressors, mean, sd = self._regressors(known, window)
        training = window.training
        slope = FIRST_SLOPE if self.trend else 0.0
        model, mode, rounds = _fitted(known, regressors.loc[training], mean, sd, slope)
        fitted = pd.Series(np.exp(_smoothed(model, mode)[1]), index=training)
        rng = np.random.default_rng(self.seed)
        parameters, effective = _parameter_draws(model, mode, self.parameter_draws, rng)
        diagnostics = {
            **dict(zip(model.param_names, mode.tolist(), strict=True)),
            "log likelihood": float(model.loglike(mode)),
            "figures": float(len(known.figures)),
            "rounds of linearisation": float(rounds),
            "effective share of proposals": effective,
            **_coefficients(model, mode, regressors.columns),
        }
        rows = draw_rows(known.draws, self.paths)
        drawn = drawn_figures(known.figures, known.draws[training])[rows] - model.figures.constants
        future = regressors.loc[window.evaluation].to_numpy()
        return Counterfactual(
            known.flow,
            known.vintage,
            self.name,
            window,
            np.exp(_paths(model, parameters, drawn, future, rng)),
            known.draws[window.evaluation].to_numpy()[rows],
            fitted,
            self.seed,
            diagnostics,
        )

    def _regressors(
        self, known: TradeObservations, window: Window
    ) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """Regressors of all months of the window, means and standard deviations of their laws."""
        months = pd.period_range(window.first, window.evaluation_end, freq="M")
        level = float(np.log(known.draws[window.training].to_numpy().mean()))
        parts = {"mean": (np.ones(len(months)), level, LEVEL_PRIOR)}
        if window.first < CUSTOMS_START:
            parts["history"] = (
                -np.asarray(months < CUSTOMS_START, dtype=float),
                *history_law(known),
            )
        if self.lunar_new_year:
            parts["holiday"] = (lunar_new_year(months).to_numpy(), 0.0, HOLIDAY_PRIOR)
        for name in self.controls:
            price = log_price(known.controls, name, months, window)
            parts[name] = (price, 0.0, PRICE_PRIOR)
        for number, season in enumerate(season_contrasts(months).T, 1):
            parts[f"season {number}"] = (season, 0.0, SEASON_PRIOR)
        table = pd.DataFrame({name: part[0] for name, part in parts.items()}, index=months)
        mean, sd = (np.array([part[place] for part in parts.values()]) for place in (1, 2))
        return table, mean, sd


def season_contrasts(months: pd.PeriodIndex) -> np.ndarray:
    """months × 11: orthonormal contrasts of the calendar months, which add to zero over a year."""
    return helmert(12)[:, months.month - 1].T


def log_price(
    controls: pd.DataFrame, name: str, months: pd.PeriodIndex, window: Window
) -> np.ndarray:
    """Logarithm of a price less its mean in training. Raises FitError where it is missing."""
    if name not in controls:
        raise FitError(f"control {name!r}: expected one of {list(controls)}, found none of it")
    price = controls[name].reindex(months)
    unusable = price.index[~(price > 0)]
    if len(unusable):
        raise FitError(
            f"control {name!r}: expected a positive price in every month of the window, found none "
            f"in {unusable[0]}: shorten the window or leave the control out"
        )
    logs = np.log(price)
    return (logs - logs.loc[window.training].mean()).to_numpy()


def log_prior(params: np.ndarray) -> float:
    """Log density of the parameters' law before the data, up to a constant."""
    centres = [np.log(MONTH_SD[0]), np.log(LEVEL_SD[0]), PERSISTENCE[0], np.log(SLOPE_SD[0])]
    spreads = [MONTH_SD[1], LEVEL_SD[1], PERSISTENCE[1], SLOPE_SD[1]]
    centres, spreads = centres[: len(params)], spreads[: len(params)]
    return float(-0.5 * np.sum(((params - centres) / spreads) ** 2))


def _log_posterior(model: MonthlyStateSpace, params: np.ndarray) -> float:
    model.update(params)
    value = model.ssm.loglike() + log_prior(params)
    return float(value) if np.isfinite(value) else WORST


def _fitted(
    known: TradeObservations,
    regressors: pd.DataFrame,
    mean: np.ndarray,
    sd: np.ndarray,
    slope: float,
) -> tuple[MonthlyStateSpace, np.ndarray, int]:
    """The model linearised along its own smoothed path, its mode, and the rounds that it took."""
    months = regressors.index
    path = np.log(known.draws[months].to_numpy().mean(axis=0))
    mode, before = None, np.inf
    for number in range(1, ROUNDS + 1):
        figures = log_figures(known.figures, months, path)
        model = MonthlyStateSpace(figures, regressors, mean, sd, slope)
        _for_likelihood(model)
        values = model.figures.logs
        if mode is not None and np.abs(values - before).max() < STILL:
            return model, mode, number
        mode = _mode(model, model.start_params if mode is None else mode, known, months)
        path, before = _smoothed(model, mode)[0], values
    raise FitError(
        f"{known.flow}, {months[0]} to {months[-1]}: expected the linearisation to stand still "
        f"within {ROUNDS} rounds, found it moving: the sums are too long for the months around them"
    )


def _mode(
    model: MonthlyStateSpace, start: np.ndarray, known: TradeObservations, months: pd.PeriodIndex
) -> np.ndarray:
    def loss(params: np.ndarray) -> float:
        return -_log_posterior(model, params)

    found = minimize(loss, start, method="L-BFGS-B")
    if not found.success:
        # A gradient by differences can mislead the line search close to the mode.
        found = minimize(loss, found.x, method="Nelder-Mead")
    if not found.success or found.fun >= -WORST:
        raise FitError(
            f"{known.flow}, {months[0]} to {months[-1]}: the structural fit did not converge "
            f"({found.message}): change the window or the controls"
        )
    return found.x


def _parameter_draws(
    model: MonthlyStateSpace, mode: np.ndarray, kept: int, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """`kept` parameter vectors from the posterior, and the share of proposals they are worth.

    The first proposal is the normal law's at the mode, with heavier tails; where it is worth
    little, the next takes mean and covariance of the weighted draws.
    """
    values, vectors = np.linalg.eigh(-approx_hess3(mode, lambda at: _log_posterior(model, at)))
    # A ridge of the likelihood is no wider than the law before the data.
    center, root = mode, vectors / np.sqrt(np.maximum(values, 1 / 4))
    for _ in range(ADAPTATIONS):
        draws, weights = _weighted_draws(model, center, root, PROPOSALS * kept, rng)
        effective = float(1 / np.sum(weights**2)) / len(weights)
        if effective >= GOOD_EFFECTIVE:
            break
        center = weights @ draws
        spread = (draws - center).T * weights @ (draws - center)
        root = np.linalg.cholesky(spread + 1e-4 * np.eye(len(mode)))
    if effective < LEAST_EFFECTIVE:
        raise FitError(
            f"expected parameter draws worth {LEAST_EFFECTIVE:.0%} of their number, found "
            f"{effective:.1%}: the likelihood is not like any law around its mode"
        )
    # Systematic resampling: every proposal comes as often as its weight says, to within one.
    places = (rng.random() + np.arange(kept)) / kept
    chosen = np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1)
    return draws[rng.permutation(chosen)], effective


def _weighted_draws(
    model: MonthlyStateSpace,
    center: np.ndarray,
    root: np.ndarray,
    number: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of Student's t around `center`, and their importance weights, which add to 1."""
    normal = rng.standard_normal((number, len(center)))
    stretch = np.sqrt(PROPOSAL_DF / rng.chisquare(PROPOSAL_DF, number))
    draws = center + stretch[:, None] * normal @ root.T
    size = (normal**2).sum(axis=1) * stretch**2
    proposal = -0.5 * (PROPOSAL_DF + len(center)) * np.log1p(size / PROPOSAL_DF)
    weights = np.array([_log_posterior(model, params) for params in draws]) - proposal
    weights = np.exp(weights - weights.max())
    return draws, weights / weights.sum()


def _paths(
    model: MonthlyStateSpace,
    parameters: np.ndarray,
    drawn: np.ndarray,
    future: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Log months after training, paths × months: one path for each row of `drawn`.

    Each vector of `parameters` serves a run of neighbouring rows, which are different draws.
    """
    model.take_figures_as_exact()
    simulated = np.empty((len(drawn), len(future)))
    for params, rows in zip(
        parameters, np.array_split(np.arange(len(drawn)), len(parameters)), strict=True
    ):
        mean, spread = _last_state(model, params, drawn[rows])
        state = mean + rng.standard_normal(mean.shape) @ spread.T
        simulated[rows] = _forward(state, params, future, rng)
    return simulated


def _last_state(
    model: MonthlyStateSpace, params: np.ndarray, drawn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Level and coefficients for the month after training: means a row, root of the covariance.

    The gains do not depend on the values of the figures, so one pass of the filter serves all
    draws of the data.
    """
    model.ssm.set_conserve_memory(MEMORY_CONSERVE & ~MEMORY_NO_PREDICTED_COV)
    model.update(params)
    result = model.ssm.filter()
    transition, state = result.transition[..., 0], np.tile(result.initial_state, (len(drawn), 1))
    for month, numbers in enumerate(model.ending):
        if numbers:
            # Figures of a month take its first places, in their order.
            design = result.design[: len(numbers), :, month]
            cross = result.predicted_state_cov[..., month] @ design.T
            error = result.obs_cov[: len(numbers), : len(numbers), month]
            gain = np.linalg.solve(design @ cross + error, cross.T)
            state = state + (drawn[:, numbers] - state @ design.T) @ gain
        state = state @ transition.T
    kept = [LEVEL, TREND, SLOPE, *range(model.coefficients.start, model.k_states)]
    covariance = result.predicted_state_cov[..., model.nobs][np.ix_(kept, kept)]
    values, vectors = np.linalg.eigh(covariance)
    return state[:, kept], vectors * np.sqrt(np.maximum(values, 0.0))


def _forward(
    state: np.ndarray, params: np.ndarray, future: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Log months from the state for the first of them on, with shocks to level and slope."""
    month_sd, level_sd = np.exp(params[:2])
    slope_sd = np.exp(params[3]) / MONTHS_A_YEAR if len(params) > 3 else 0.0
    phi = persistence(params[2])
    level, trend, slope, coefficients = state[:, 0], state[:, 1], state[:, 2], state[:, 3:]
    months = coefficients @ future.T + month_sd * rng.standard_normal((len(state), len(future)))
    for month in range(len(future)):
        months[:, month] += level + trend
        level = phi * level + level_sd * rng.standard_normal(len(state))
        trend = trend + slope
        slope = slope + slope_sd * rng.standard_normal(len(state))
    return months


def _smoothed(model: MonthlyStateSpace, params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log months of training given all figures: the months, and without their disturbances."""
    model.ssm.set_conserve_memory(MEMORY_STORE_ALL)
    model.update(params)
    state = model.ssm.smooth().smoothed_state
    _for_likelihood(model)
    rest = np.sum(model.regressors * state[model.coefficients].T, axis=1)
    return state[MONTH] + rest, state[LEVEL] + state[TREND] + rest


def _coefficients(model: MonthlyStateSpace, params: np.ndarray, names) -> dict[str, float]:
    """Coefficients at the mode that a reader asks for, with their standard deviations."""
    model.ssm.set_conserve_memory(MEMORY_STORE_ALL)
    model.update(params)
    result = model.ssm.filter()
    mean, variance = result.predicted_state[:, -1], np.diag(result.predicted_state_cov[..., -1])
    numbers = {"slope a year": MONTHS_A_YEAR * float(mean[SLOPE])}
    numbers["slope a year, sd"] = MONTHS_A_YEAR * float(np.sqrt(variance[SLOPE]))
    for place, name in enumerate(names, model.coefficients.start):
        if not name.startswith("season"):
            numbers[name], numbers[f"{name}, sd"] = (
                float(mean[place]),
                float(variance[place] ** 0.5),
            )
    return numbers


def _for_likelihood(model: MonthlyStateSpace) -> None:
    """Keep nothing but the likelihood, and take the figures of a month one by one: it is faster."""
    model.ssm.filter_method = FILTER_UNIVARIATE
    model.ssm.set_conserve_memory(MEMORY_CONSERVE)
