"""Months that nobody printed, seen through sums and rates: a state space on statsmodels.

The logarithm of a month is  x = u + t + e + X b:  a level u that returns to nought (or, close to
phi = 1, wanders), a trend t whose slope wanders, a disturbance e of the month alone, and regressors
X (constant, season, holiday, prices) with coefficients b. Figures are linear forms of the last
months' x (`log_figures`), so the state carries as many lags of u + t + e as the longest figure
reaches back: 24 for the growth of a year's sum. All initial laws are proper, so the likelihood is
the density of a multivariate normal law and needs no diffuse start.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from statsmodels.tsa.statespace.mlemodel import MLEModel

from analysis.models.log_figures import LEAST_ERROR, LogFigures

#: Places in the state.
LEVEL, TREND, SLOPE, MONTH = 0, 1, 2, 3
MONTHS_A_YEAR = 12


class MonthlyStateSpace(MLEModel):
    """Log months behind `figures`, given for the months of `regressors` (one row a month).

    `prior_mean` and `prior_sd` are the law of the coefficients, one a regressor; `slope_sd` the
    standard deviation of the slope a year at the first month, 0 for no trend. Parameters, as
    `param_names`: logarithms of the standard deviations of e and of the shocks to u, logit of phi
    and, with a trend, the logarithm of the standard deviation of the slope's shocks (a year, each
    month). State: u, t, slope a month, the month u + t + e with its lags, coefficients.
    """

    def __init__(
        self,
        figures: LogFigures,
        regressors: pd.DataFrame,
        prior_mean: np.ndarray,
        prior_sd: np.ndarray,
        slope_sd: float = 0.0,
    ) -> None:
        self.figures, self.lags = figures, figures.reach
        self.regressors = regressors.to_numpy()
        self.prior_mean, self.prior_variance = prior_mean, np.asarray(prior_sd) ** 2
        self.slope_sd = slope_sd
        months = len(regressors)
        #: Figures that end in each month, by number.
        self.ending = [np.flatnonzero(figures.ends == month).tolist() for month in range(months)]
        width = max(map(len, self.ending))
        endog = np.full((months, width), np.nan)
        states = MONTH + self.lags + len(prior_mean)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of months without a figure: that is what they are
            super().__init__(endog, k_states=states, k_posdef=3)
        self._set_figures(endog)
        self.coefficients = slice(MONTH + self.lags, states)
        self._set_constant_parts()

    @property
    def start_params(self) -> np.ndarray:
        start = [np.log(0.1), np.log(0.05), 2.0, np.log(0.005)]
        return np.array(start if self.slope_sd else start[:3])

    @property
    def param_names(self) -> list[str]:
        names = ["log sd of the month", "log sd of the level's shocks", "logit of phi"]
        return [*names, "log sd of the slope's shocks"] if self.slope_sd else names

    def update(self, params, **kwargs):
        """Variances, persistence and the initial law at `params`."""
        month, level = np.exp(2 * np.asarray(params[:2]))
        phi = persistence(params[2])
        slope = np.exp(2 * params[3]) / MONTHS_A_YEAR**2 if self.slope_sd else 0.0
        self.ssm["transition", LEVEL, LEVEL] = phi
        self.ssm["transition", MONTH, LEVEL] = phi
        self.ssm["state_cov"] = np.diag([level, slope, month])
        start = np.zeros((self.k_states, self.k_states))
        start[np.ix_([LEVEL, MONTH], [LEVEL, MONTH])] = level / (1 - phi**2)
        start[MONTH, MONTH] += month
        start[SLOPE, SLOPE] = (self.slope_sd / MONTHS_A_YEAR) ** 2
        start[self.coefficients, self.coefficients] = np.diag(self.prior_variance)
        mean = np.zeros(self.k_states)
        mean[self.coefficients] = self.prior_mean
        self.ssm.initialize_known(mean, start)

    def take_figures_as_exact(self) -> None:
        """Leave the figures no error but rounding of the floating point, to be given as drawn."""
        error = self.ssm["obs_cov"]
        self.ssm["obs_cov"] = np.where(error > 0, LEAST_ERROR**2, 0.0)

    def _set_figures(self, endog: np.ndarray) -> None:
        for month, numbers in enumerate(self.ending):
            endog[month, : len(numbers)] = self.figures.logs[numbers]
        self.ssm.bind(np.ascontiguousarray(endog))

    def _set_constant_parts(self) -> None:
        months, width = len(self.regressors), self.k_endog
        design = np.zeros((width, self.k_states, months))
        error = np.zeros((width, width, months))
        error[range(width), range(width), :] = 1.0  # where no figure is, any number will do
        for month, numbers in enumerate(self.ending):
            forms = self.figures.forms[numbers]
            count, reach = len(numbers), min(month + 1, self.lags)
            latest = forms[:, month + 1 - reach : month + 1][:, ::-1]
            design[:count, MONTH : MONTH + reach, month] = latest
            design[:count, self.coefficients, month] = forms @ self.regressors
            error[range(count), range(count), month] = self.figures.variances[numbers]
        self.ssm["design"], self.ssm["obs_cov"] = design, error
        transition = np.zeros((self.k_states, self.k_states))
        transition[[TREND, TREND, SLOPE], [TREND, SLOPE, SLOPE]] = 1.0
        transition[[MONTH, MONTH], [TREND, SLOPE]] = 1.0
        for lag in range(MONTH + 1, MONTH + self.lags):
            transition[lag, lag - 1] = 1.0
        for place in range(self.coefficients.start, self.k_states):
            transition[place, place] = 1.0
        selection = np.zeros((self.k_states, 3))
        selection[LEVEL, 0] = selection[MONTH, 0] = 1.0
        selection[SLOPE, 1] = selection[MONTH, 2] = 1.0
        self.ssm["transition"], self.ssm["selection"] = transition, selection


def persistence(logit: float) -> float:
    """phi between 0 and 1 from its logit."""
    return float(1 / (1 + np.exp(-logit)))
