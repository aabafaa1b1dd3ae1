"""The likelihood is the right one: statsmodels' own model and the dense density agree with it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis.models.holiday import lunar_new_year
from analysis.models.log_figures import drawn_figures, log_figures
from analysis.models.monthly_state_space import MonthlyStateSpace, persistence
from analysis.models.structural import season_contrasts

MONTHS = pd.period_range("2012-01", "2016-11", freq="M")
PARAMS = np.array([np.log(0.08), np.log(0.05), 1.5, np.log(0.01)])
SLOPE_SD = 0.1


def months_of_trade(seed: int = 3) -> pd.Series:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 0.05, len(MONTHS))) + rng.normal(0, 0.08, len(MONTHS))
    return pd.Series(250 * np.exp(walk), index=MONTHS)


def regressors() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    season = pd.DataFrame(season_contrasts(MONTHS), index=MONTHS)
    season["mean"], season["holiday"] = 1.0, lunar_new_year(MONTHS)
    mean = np.r_[np.zeros(11), 5.5, 0.0]
    return season, mean, np.r_[np.full(11, 0.3), 1.0, 0.5]


def figures(spans: list[tuple[str, str, str]], width: float = 0.02) -> pd.DataFrame:
    """`kind, first, last` as intervals around the truth of `months_of_trade`."""
    trade = months_of_trade()
    rows = []
    for kind, first, last in spans:
        value = trade[first:last].sum()
        if kind == "rate":
            before = (str(pd.Period(end, "M") - 12) for end in (first, last))
            value = value / trade[slice(*before)].sum() - 1
            rows.append((kind, first, last, value - width / 2, value + width / 2))
        else:
            rows.append((kind, first, last, value * (1 - width / 2), value * (1 + width / 2)))
    table = pd.DataFrame(rows, columns=["kind", "first", "last", "lower", "upper"])
    ends = {name: pd.PeriodIndex(table[name], freq="M") for name in ("first", "last")}
    return table.assign(**ends)


def complete() -> pd.DataFrame:
    return figures([("sum", str(month), str(month)) for month in MONTHS])


def overlapping() -> pd.DataFrame:
    """Months here and there, overlapping years and quarters, and growth of a year's sum."""
    single = [("sum", str(month), str(month)) for month in MONTHS[::2]]
    return figures(
        [
            *single,
            ("sum", "2012-01", "2012-12"),
            ("sum", "2012-03", "2012-07"),
            ("sum", "2013-06", "2014-04"),
            ("sum", "2014-02", "2014-09"),
            ("rate", "2013-01", "2013-12"),
            ("rate", "2015-02", "2015-03"),
            ("rate", "2016-01", "2016-06"),
        ]
    )


def model_of(table: pd.DataFrame) -> MonthlyStateSpace:
    x, mean, sd = regressors()
    path = np.log(months_of_trade(4).to_numpy())  # any path: the form is linear along it
    return MonthlyStateSpace(log_figures(table, MONTHS, path), x, mean, sd, SLOPE_SD)


def dense_law(model: MonthlyStateSpace, params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the log months, written out month by month."""
    x, mean, sd = regressors()
    number = np.arange(len(MONTHS))
    month, level, slope = np.exp(params[[0, 1, 3]])
    phi = persistence(params[2])
    returning = level**2 / (1 - phi**2) * phi ** np.abs(np.subtract.outer(number, number))
    trend = np.outer(number, number) * (SLOPE_SD / 12) ** 2
    for shock in range(len(MONTHS)):
        felt = np.clip(number - shock - 1, 0, None)
        trend = trend + np.outer(felt, felt) * (slope / 12) ** 2
    fixed = x.to_numpy() @ np.diag(sd**2) @ x.to_numpy().T
    return x.to_numpy() @ mean, returning + trend + month**2 * np.eye(len(MONTHS)) + fixed


def test_complete_months_agree_with_unobserved_components():
    model = model_of(complete())
    x, mean, sd = regressors()
    month, level, slope = np.exp(2 * PARAMS[[0, 1, 3]])
    phi = persistence(PARAMS[2])
    other = UnobservedComponents(
        model.figures.logs,
        level=True,
        trend=True,
        stochastic_trend=True,
        irregular=True,
        autoregressive=1,
        exog=x.to_numpy(),
        mle_regression=False,
    )
    assert other.param_names == ["sigma2.irregular", "sigma2.trend", "sigma2.ar", "ar.L1"]
    variances = np.r_[0.0, (SLOPE_SD / 12) ** 2, level / (1 - phi**2), sd**2]
    other.ssm.initialize_known(np.r_[np.zeros(3), mean], np.diag(variances))
    other.loglikelihood_burn = 0
    error = model.figures.variances
    assert np.ptp(error) < 1e-15
    value = other.loglike(np.array([month + error[0], slope / 144, level, phi]), transformed=True)
    assert model.loglike(PARAMS) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("params", [PARAMS, [-3.0, -2.0, 4.0, -6.0], [-1.5, -4.0, -0.5, -4.0]])
def test_sums_and_rates_agree_with_the_dense_density(params):
    params = np.asarray(params, dtype=float)
    model = model_of(overlapping())
    assert model.lags == 24
    mean, covariance = dense_law(model, params)
    forms = model.figures.forms
    law = multivariate_normal(
        forms @ mean, forms @ covariance @ forms.T + np.diag(model.figures.variances)
    )
    assert model.loglike(params) == pytest.approx(law.logpdf(model.figures.logs), abs=1e-6)


def test_smoothed_months_agree_with_the_dense_conditional_mean():
    model = model_of(overlapping())
    mean, covariance = dense_law(model, PARAMS)
    forms, error = model.figures.forms, np.diag(model.figures.variances)
    gain = covariance @ forms.T @ np.linalg.inv(forms @ covariance @ forms.T + error)
    expected = mean + gain @ (model.figures.logs - forms @ mean)
    model.update(PARAMS)
    state = model.ssm.smooth().smoothed_state
    rest = np.sum(model.regressors * state[model.coefficients].T, axis=1)
    assert state[3] + rest == pytest.approx(expected, abs=1e-6)


def test_a_linearised_sum_is_exact_on_its_path_and_second_order_beside_it():
    table, truth = overlapping(), np.log(months_of_trade().to_numpy())
    exact = drawn_figures(table, pd.DataFrame([np.exp(truth)], columns=MONTHS))[0]
    bump = np.random.default_rng(7).normal(0, 1, len(MONTHS))
    misses = []
    for size in (0.0, 0.01, 0.02):
        near = log_figures(table, MONTHS, truth + size * bump)
        misses.append(np.abs(near.forms @ truth + near.constants - exact).max())
    assert misses[0] < 1e-12
    assert misses[2] / misses[1] == pytest.approx(4, rel=0.1) and misses[2] < 1e-3


def test_figures_of_single_months_are_not_approximated():
    table = complete()
    near = log_figures(table, MONTHS, np.zeros(len(MONTHS)))
    assert (near.forms == np.eye(len(MONTHS))).all() and near.constants == pytest.approx(0)
