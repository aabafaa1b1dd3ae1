"""What any engine has to be better than: a flat level, last year again, and a seasonal ARIMA.

The two naive forecasts carry what their own residuals say: the level moves as a random walk with
the yearly changes that training shows, and each month departs from the rule as past months did.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.tsa.statespace.sarimax import SARIMAX

from analysis.models.counterfactual import Counterfactual, draw_rows
from analysis.models.holiday import lunar_new_year
from analysis.models.trade_observations import (
    CUSTOMS_START,
    FitError,
    TradeObservations,
    Window,
    history_law,
    pinned_months,
)

YEAR = 12
#: Orders of the airline model (Box and Jenkins 1976), the seasonal ARIMA of first resort.
ORDER, SEASONAL_ORDER = (0, 1, 1), (0, 1, 1, YEAR)

#: Candidates for each vector of parameters that is kept.
CANDIDATES = 10


@dataclass(frozen=True)
class Flat2016:
    """Every month is the mean of the last twelve of training: with the usual window, of 2016."""

    seed: int = 20161202
    paths: int = 1000
    name: str = "flat level"

    def fit(self, observations: TradeObservations, window: Window) -> Counterfactual:
        """As `Engine.fit`; training holds at least 24 months, else FitError."""
        known, level = _levels(observations, window)
        months = pinned_months(known.figures)
        residuals = (np.log(months) - level.mean().reindex(months.index)).dropna()
        rows = draw_rows(known.draws, self.paths)
        base = np.exp(level.iloc[rows, -1].to_numpy())[:, None]
        return _naive(self, known, window, np.tile(base, len(window.evaluation)), level, residuals)


@dataclass(frozen=True)
class SeasonalNaive:
    """Every month is the same month of the last twelve of training."""

    seed: int = 20161203
    paths: int = 1000
    name: str = "last year again"

    def fit(self, observations: TradeObservations, window: Window) -> Counterfactual:
        """As `Engine.fit`; training holds at least 24 months, else FitError."""
        known, level = _levels(observations, window)
        months = np.log(pinned_months(known.figures))
        change = months - months.set_axis(months.index + YEAR).reindex(months.index)
        yearly = level.mean()
        residuals = (change - (yearly - yearly.shift(YEAR)).reindex(months.index)).dropna()
        rows = draw_rows(known.draws, self.paths)
        last = known.draws[window.training[-YEAR:]].to_numpy()[rows]
        base = last[:, np.arange(len(window.evaluation)) % YEAR]
        return _naive(self, known, window, base, level, residuals)


def _levels(
    observations: TradeObservations, window: Window
) -> tuple[TradeObservations, pd.DataFrame]:
    """The data, and the logarithm of the mean of the twelve months to each month, in each draw."""
    known = observations.within(window)
    if len(window.training) < 2 * YEAR:
        raise FitError(
            f"{known.flow}: expected at least {2 * YEAR} months of training, found "
            f"{len(window.training)}: start earlier"
        )
    trailing = known.draws[window.training].T.rolling(YEAR).mean().iloc[YEAR - 1 :].T
    return known, np.log(trailing)


def _naive(
    engine: Flat2016 | SeasonalNaive,
    known: TradeObservations,
    window: Window,
    base: np.ndarray,
    level: pd.DataFrame,
    residuals: pd.Series,
) -> Counterfactual:
    """Paths around `base`: a random walk of the level, and residuals of past months."""
    if residuals.empty:
        raise FitError(
            f"{known.flow}, {window.first} to {window.train_end}: expected months that can be "
            f"compared with the rule of {engine.name!r}, found none: start earlier"
        )
    rng = np.random.default_rng(engine.seed)
    rows = draw_rows(known.draws, engine.paths)
    changes = (level - level.shift(YEAR, axis="columns")).dropna(axis="columns").to_numpy()
    yearly = np.sqrt((changes**2).mean(axis=1)) if changes.size else np.abs(residuals).mean()
    monthly = np.broadcast_to(yearly / np.sqrt(YEAR), len(known.draws))[rows, None]
    walk = (monthly * rng.standard_normal(base.shape)).cumsum(axis=1)
    departures = rng.choice(residuals.to_numpy(), size=base.shape)
    fitted = np.exp(level.mean()).reindex(window.training)
    return Counterfactual(
        known.flow,
        known.vintage,
        engine.name,
        window,
        base * np.exp(walk + departures),
        known.draws[window.evaluation].to_numpy()[rows],
        fitted,
        engine.seed,
        {
            "yearly change, sd of the logarithm": float(np.mean(yearly)),
            "departure of a month, sd of the logarithm": float(residuals.std(ddof=0)),
            "months compared": float(len(residuals)),
        },
    )


@dataclass(frozen=True)
class Sarimax:
    """The airline model on the logarithms of the known months; unknown months are missing.

    Parameters are drawn by their likelihood, `parameter_draws` vectors in all. Each meets another
    joint draw of the months and serves an equal share of `paths`.
    """

    seed: int = 20161204
    paths: int = 1000
    parameter_draws: int = 20
    lunar_new_year: bool = True
    name: str = "seasonal ARIMA"

    def fit(self, observations: TradeObservations, window: Window) -> Counterfactual:
        """As `Engine.fit`. The known months alone count: sums of unknown ones are not used."""
        known = observations.within(window)
        training, evaluation = window.training, window.evaluation
        single = pinned_months(known.figures).index
        history = np.where(training < CUSTOMS_START, history_law(known)[0], 0.0)
        drawn = np.log(known.draws[single]).reindex(columns=training).to_numpy() + history
        model = SARIMAX(
            drawn.mean(axis=0),
            exog=_holiday(training) if self.lunar_new_year else None,
            order=ORDER,
            seasonal_order=SEASONAL_ORDER,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they warn of is asked for below
            result = model.fit(disp=0, maxiter=200)
        if not result.mle_retvals["converged"]:
            raise FitError(
                f"{known.flow}, {window.first} to {window.train_end}: the seasonal ARIMA did not "
                "converge: change the window"
            )
        rng = np.random.default_rng(self.seed)
        parameters = _likely(rng, result, len(single), self.parameter_draws)
        share = -(-self.paths // self.parameter_draws)
        rows = np.repeat(draw_rows(known.draws, self.parameter_draws), share)[: self.paths]
        simulated = [
            model.clone(drawn[row], exog=model.exog)
            .smooth(params)
            .simulate(
                len(evaluation),
                anchor="end",
                repetitions=share,
                exog=_holiday(evaluation) if self.lunar_new_year else None,
                rng=rng,
            )
            for params, row in zip(parameters, rows[::share], strict=True)
        ]
        paths = np.concatenate([np.reshape(part, (len(evaluation), -1)).T for part in simulated])
        return Counterfactual(
            known.flow,
            known.vintage,
            self.name,
            window,
            np.exp(paths[: self.paths]),
            known.draws[evaluation].to_numpy()[rows],
            pd.Series(np.exp(result.fittedvalues), index=training).iloc[YEAR + 1 :],
            self.seed,
            {"log likelihood": float(result.llf), "months": float(len(single))},
        )


def _holiday(months: pd.PeriodIndex) -> np.ndarray:
    return lunar_new_year(months).to_numpy()[:, None]


def _likely(rng: np.random.Generator, result, months: int, number: int) -> np.ndarray:
    """Parameter vectors by likelihood, the moving averages flat on the invertible space before it.

    Their maximum is often on the edge of that space, where an asymptotic normal law is none. The
    variance, which comes last, is proposed by the law of a chi-square with `months` degrees of
    freedom; the holiday's coefficient stays at its maximum.
    """
    params = np.asarray(result.params)
    drawn = np.tile(params, (CANDIDATES * number, 1))
    drawn[:, -3:-1] = rng.uniform(-1, 1, (len(drawn), 2))
    drawn[:, -1] *= months / rng.chisquare(months, len(drawn))
    logs = np.array([result.model.loglike(one) for one in drawn])
    # What the proposal of the variance favours is taken out again: flat in its logarithm.
    ratio = params[-1] / drawn[:, -1]
    logs -= 0.5 * months * (np.log(ratio) - ratio)
    weights = np.exp(logs - logs.max())
    return drawn[rng.choice(len(drawn), size=number, p=weights / weights.sum())]
