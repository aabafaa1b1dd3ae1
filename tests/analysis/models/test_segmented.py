"""Interrupted time series: the estimators agree with others, and known changes are recovered."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.linalg import toeplitz
from scipy.optimize import brentq

from analysis.models.coverage import WINDOW, simulate_series
from analysis.models.segmented import (
    Segmented,
    gls,
    newey_west,
    prais_winsten,
    reml,
    restricted_likelihood,
    segmented_effects,
    whitening,
)
from analysis.models.trade_observations import FitError, TradeObservations, Window

# Blaisdell Company, quarterly sales and its industry's, USD million (Kutner, Nachtsheim, Neter and
# Li, Applied Linear Statistical Models, 5th ed., table 12.2).
SALES = np.array(
    "20.96 21.40 21.96 21.52 22.39 22.76 23.48 23.66 24.10 24.01 24.54 24.30 25.00 25.64 26.36 "
    "26.98 27.52 27.78 28.24 28.78".split(),
    dtype=float,
)
INDUSTRY = np.array(
    "127.3 130.0 132.7 129.4 135.0 137.1 141.2 142.8 145.5 145.3 148.3 146.4 150.2 153.1 157.3 "
    "160.7 164.2 165.6 168.7 171.7".split(),
    dtype=float,
)
X = np.column_stack([np.ones(20), INDUSTRY])
TIMES = np.arange(20)


def ar1(rho: float, number: int, rng: np.random.Generator) -> np.ndarray:
    errors = np.empty(number)
    errors[0] = rng.normal(0, 1 / np.sqrt(1 - rho**2))
    for place in range(1, number):
        errors[place] = rho * errors[place - 1] + rng.normal()
    return errors


def test_the_first_steps_are_those_of_the_textbook():
    """Printed there: b0 -1.4548 (0.2142), b1 0.17628 (0.00144), r 0.631164 from the residuals."""
    fit = gls(SALES, X, TIMES, 0.0)
    assert fit.coefficients == pytest.approx([-1.4548, 0.17628], abs=5e-5)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.2142, 0.00144], abs=6e-5)
    residuals = SALES - X @ fit.coefficients
    r = residuals[1:] @ residuals[:-1] / (residuals[:-1] @ residuals[:-1])
    assert r == pytest.approx(0.631164, abs=1e-6)


def test_prais_winsten_is_the_fixed_point_of_an_independent_gls():
    """rho solves: regression of residuals of statsmodels' GLS on the ones before gives rho."""

    def other(rho: float) -> object:
        return sm.GLS(SALES, X, sigma=toeplitz(rho**TIMES)).fit()

    def miss(rho: float) -> float:
        residuals = SALES - X @ other(rho).params
        return residuals[1:] @ residuals[:-1] / (residuals[:-1] @ residuals[:-1]) - rho

    rho = brentq(miss, 0.3, 0.9, xtol=1e-13)
    fit, same = prais_winsten(SALES, X, TIMES), other(rho)
    assert fit.rho == pytest.approx(rho, abs=1e-6)
    assert fit.coefficients == pytest.approx(same.params, abs=1e-6)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(same.bse, abs=1e-6)


def test_months_with_gaps_agree_with_gls_on_their_own_correlations():
    rng = np.random.default_rng(2)
    times = np.sort(rng.choice(60, 35, replace=False))
    x = np.column_stack([np.ones(35), times, rng.normal(size=35)])
    y = x @ [1.0, 0.1, 2.0] + ar1(0.7, 60, rng)[times]
    for rho in (0.7, -0.4):
        same = sm.GLS(y, x, sigma=rho ** np.abs(np.subtract.outer(times, times).astype(float)))
        assert gls(y, x, times, rho).coefficients == pytest.approx(same.fit().params, abs=1e-9)
        white = whitening(times, rho)
        law = rho ** np.abs(np.subtract.outer(times, times)) / (1 - rho**2)
        assert white @ law @ white.T == pytest.approx(np.eye(35), abs=1e-9)


def test_the_restricted_likelihood_is_that_of_error_contrasts():
    """Up to a constant, the density of contrasts free of the coefficients (Harville 1974)."""
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(15), np.arange(15)])
    y = ar1(0.5, 15, rng)
    contrasts = np.linalg.svd(x)[0][:, 2:].T
    differences = []
    for rho in (-0.3, 0.2, 0.8):
        law = contrasts @ (toeplitz(rho ** np.arange(15)) / (1 - rho**2)) @ contrasts.T
        variance = (contrasts @ y) @ np.linalg.solve(law, contrasts @ y) / 13
        dense = -0.5 * np.linalg.slogdet(law)[1] - 6.5 * np.log(variance)
        differences.append(restricted_likelihood(y, x, np.arange(15), rho) - dense)
    assert differences == pytest.approx([differences[0]] * 3, abs=1e-9)


def test_reml_is_less_biased_than_prais_winsten():
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(40), np.arange(40)])
    found = {"reml": [], "prais-winsten": []}
    for _ in range(60):
        y = ar1(0.6, 40, rng)
        found["reml"].append(reml(y, x, np.arange(40))[0].rho)
        found["prais-winsten"].append(prais_winsten(y, x, np.arange(40)).rho)
    bias = {name: abs(np.mean(values) - 0.6) for name, values in found.items()}
    assert bias["reml"] < bias["prais-winsten"] and bias["reml"] < 0.08


def test_newey_west_agrees_with_statsmodels_on_complete_months():
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(50), rng.normal(size=50)])
    y = x @ [1.0, 2.0] + ar1(0.5, 50, rng)
    other = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": False})
    own = newey_west(y - x @ other.params, x, np.arange(50), 4)
    assert own == pytest.approx(other.cov_params(), abs=1e-10)


def test_a_root_that_leaves_the_unit_interval_is_refused():
    y = 1.5 ** np.arange(20.0)
    with pytest.raises(FitError, match="rho to settle"):
        prais_winsten(y, np.ones((20, 1)), np.arange(20))


def test_known_changes_of_level_and_slope_are_recovered_by_every_method():
    """20 per cent off at once and 30 per cent more a year: inside every interval of level 0.999."""
    months = pd.period_range("2012-01", "2019-12", freq="M")
    rng = np.random.default_rng(6)
    after = np.asarray(WINDOW.train_end < months)
    years = (months.asi8 - WINDOW.train_end.ordinal - 1) / 12
    logs = np.log(300) + 0.04 * ar1(0.4, len(months), rng)
    logs += after * (np.log(0.8) + np.log(0.7) * years)
    values = np.exp(logs)
    figures = pd.DataFrame(
        {"kind": "sum", "first": months, "last": months, "lower": values, "upper": values}
    )
    seen = TradeObservations("import", "corrected", figures, pd.DataFrame([values], columns=months))
    table = segmented_effects(seen, WINDOW, level=0.999)
    assert len(table) == 8 and (table["months"] == 96).all()
    truth = table["change"].map({"level": -20.0, "slope": -30.0})
    assert ((table["lower"] < truth) & (truth < table["upper"])).all()
    rho = table.set_index(["method", "change"])["rho"]
    assert rho["reml", "level"] == pytest.approx(0.4, abs=0.2)


def test_paths_continue_the_trend_of_the_known_months_and_keep_their_draws():
    seen = simulate_series(4).observations
    first, again = (Segmented(paths=300).fit(seen, WINDOW) for _ in range(2))
    assert first.simulated.tobytes() == again.simulated.tobytes()
    rows = np.arange(300) % len(seen.draws)
    assert (first.observed == seen.draws[WINDOW.evaluation].to_numpy()[rows]).all()


def test_too_few_known_months_and_unknown_errors_are_refused():
    seen = simulate_series(4).observations
    with pytest.raises(FitError, match="known months for 9 coefficients"):
        sums = seen.figures[
            (seen.figures["first"] < seen.figures["last"]) | (seen.figures["first"].dt.month < 4)
        ]
        half = TradeObservations("total", "corrected", sums, seen.draws)
        Segmented().fit(half, Window.of("2012-01", "2017-11", "2019-12"))
    with pytest.raises(ValueError, match="reml, prais-winsten"):
        Segmented(errors="ols")
