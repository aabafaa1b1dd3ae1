"""Against a second implementation written from the papers, closed forms, and simulated truth."""

import math

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.models.detectable import least_rises
from analysis.models.phases import least_difference
from analysis.models.stability import (
    LEAST_MONTHS_BEFORE,
    Noise,
    ar_noise,
    end_of_sample_detector,
    end_of_sample_statistics,
    end_of_sample_tests,
    least_detectable,
    percent,
    subsample_statistics,
    verdict,
)


def andrews_by_hand(y, x, m):
    """S, P, R and their p-values, one run at a time, as Andrews (2003) and Andrews and Kim (2006)
    describe them; regressions by statsmodels."""
    n, d = len(y) - m, x.shape[1]
    residuals = sm.OLS(y, x).fit().resid
    runs = [residuals[t : t + m] for t in range(n + 1)]
    sigma = sum(np.outer(run, run) for run in runs) / (n + 1)
    weights = np.array([[min(i, j) for j in range(1, m + 1)] for i in range(1, m + 1)])

    def three(u, rows):
        if m >= d:
            a = rows.T @ np.linalg.solve(sigma, u)
            v = rows.T @ np.linalg.solve(sigma, rows)
            s = a @ np.linalg.solve(v, a)
        else:
            s = u @ np.linalg.solve(sigma, u)
        # R weighs the product of residuals i and j by min(i, j), counted from the first month.
        return np.array([s, u @ u, u @ weights @ u])

    found = three(residuals[n:], x[n:])
    larger = np.zeros(3)
    for j in range(n - m + 1):
        left_out = range(j, j + math.ceil(m / 2))
        keep = [t for t in range(n) if t not in left_out]
        beta = sm.OLS(y[keep], x[keep]).fit().params
        larger += three(y[j : j + m] - x[j : j + m] @ beta, x[j : j + m]) >= found
    return found, larger / (n - m + 1)


@pytest.mark.parametrize(("m", "columns"), [(1, 1), (1, 3), (4, 1), (4, 3), (5, 2)])
def test_statistics_and_p_values_agree_with_a_second_implementation(m, columns):
    rng = np.random.default_rng(2003)
    x = np.column_stack([np.ones(30), rng.standard_normal((30, columns - 1))])
    y = x @ rng.standard_normal(columns) + rng.standard_normal(30)
    y[-m:] += 1.0
    found, p_values = andrews_by_hand(y, x, m)
    tests = end_of_sample_tests(y, x, m, Noise(1.0, 0.0), draws=50, seed=1)
    np.testing.assert_allclose([test.value for test in tests], found, rtol=1e-9)
    np.testing.assert_allclose([test.p_subsampled for test in tests], p_values, atol=1e-12)
    assert tests[0].comparisons == 30 - 2 * m + 1


def test_one_month_against_a_mean_has_a_closed_form():
    """Constant and one month: P and R are its squared residual, S that over the mean square."""
    y = np.array([[1.0, 2.0, 0.0, 3.0, 9.0]])
    statistics = end_of_sample_statistics(y, np.ones((5, 1)), 1)
    residuals = y[0] - 3.0
    assert statistics["P"][0] == pytest.approx(36.0)
    assert statistics["R"][0] == pytest.approx(36.0)
    assert statistics["S"][0] == pytest.approx(36.0 / np.mean(residuals**2))
    earlier = subsample_statistics(y, np.ones((5, 1)), 1)["P"][0]
    # The mean of the other months before the last stands for each.
    others = np.array([(6 - month) / 3 for month in y[0, :4]])
    np.testing.assert_allclose(earlier, (y[0, :4] - others) ** 2)


def test_the_subsampled_test_has_its_size_in_a_long_sample():
    """Asymptotically valid: 5 per cent of long histories without a change are rejected."""
    rng = np.random.default_rng(17)
    y, x = rng.standard_normal((1_500, 120)), np.ones((120, 1))
    found, earlier = end_of_sample_statistics(y, x, 2), subsample_statistics(y, x, 2)
    for name in ("S", "P", "R"):
        p = np.mean(earlier[name] >= found[name][:, None], axis=1)
        assert 0.03 < np.mean(p < 0.05) < 0.08, name


def test_the_calibrated_test_has_its_size_where_four_months_stand_before():
    """There the published one rejects in half of all cases; the calibrated one keeps 5 per cent."""
    noise, months, x = Noise(0.15, 0.4), np.arange(8), np.ones((8, 1))
    rng = np.random.default_rng(3)
    histories, null = noise.draw(months, 2_000, rng), noise.draw(months, 4_000, rng)
    found = end_of_sample_statistics(histories, x, 4)
    earlier = subsample_statistics(histories, x, 4)
    reference = end_of_sample_statistics(null, x, 4)
    for name in ("S", "P", "R"):
        critical = np.quantile(reference[name], 0.95)
        assert 0.035 < np.mean(found[name] > critical) < 0.065, name
    published = np.mean(earlier["P"] >= found["P"][:, None], axis=1) < 0.05
    assert np.mean(published) > 0.3


def test_calibrated_p_values_are_small_for_a_change_and_large_without():
    noise = Noise(0.15, 0.3)
    rng = np.random.default_rng(5)
    quiet = noise.draw(np.arange(28), 1, rng)[0]
    for rise, low, high in ((0.0, 0.05, 1.0), (1.0, 0.0, 0.01)):
        y = quiet + rise * (np.arange(28) >= 24)
        for test in end_of_sample_tests(y, np.ones((28, 1)), 4, noise, draws=1_000, seed=2):
            assert low <= test.p_calibrated <= high, test


def test_the_detectable_rise_of_two_means_follows_from_their_error():
    """For a difference of means under known noise the size is (1.96 + 0.84) errors."""
    noise = Noise(0.2, 0.0)

    def detect(y):
        return np.abs(y[:, 6:].mean(axis=1) - y[:, :6].mean(axis=1))

    error = 0.2 * math.sqrt(1 / 6 + 1 / 9)
    found = least_detectable(detect, noise, 6, 9, draws=20_000, seed=11)
    assert found == pytest.approx(2.8016 * error, rel=0.03)
    assert least_difference(6, 9, noise) == pytest.approx(percent(2.8016 * error), rel=1e-3)


def test_more_months_before_show_smaller_rises():
    rises = least_rises(Noise(0.15, 0.3), (4, 12, 24), 7, draws=800, seed=3)
    wide = rises.pivot_table(index="detector", columns="before", values="percent")
    assert (wide[24] < wide[4]).all()
    assert np.isinf(rises[(rises["detector"] == "S") & (rises["before"] == 4)]["percent"].item())


def test_a_detector_that_cannot_be_run_is_missing_and_not_zero():
    rises = least_rises(Noise(0.15, 0.3), (2,), 7, draws=200, seed=3).set_index("detector")
    assert np.isnan(rises.loc["CUSUM", "percent"])


def test_nothing_is_found_by_a_detector_that_sees_no_level():
    blind = least_detectable(lambda y: np.abs(y[:, 0]), Noise(0.1, 0.0), 5, 5, draws=400, seed=1)
    assert math.isinf(blind)


@pytest.mark.parametrize(("rho", "sd"), [(0.0, 0.2), (0.4, 0.15), (0.7, 0.15)])
def test_the_noise_behind_residuals_is_recovered_on_average(rho, sd):
    """Least squares makes errors look smaller and less correlated; the correction undoes most."""
    months = np.arange(24.0)
    design = np.column_stack([np.ones(24), months])
    hat = design @ np.linalg.pinv(design)
    draws = Noise(sd, rho).draw(months, 600, np.random.default_rng(8))
    learnt = [ar_noise(y - hat @ y, months, design) for y in draws]
    assert np.median([noise.rho for noise in learnt]) == pytest.approx(rho, abs=0.12)
    assert np.sqrt(np.mean([noise.sd**2 for noise in learnt])) == pytest.approx(sd, rel=0.25)
    assert all(noise.freedom < 22.01 for noise in learnt)


def test_an_estimated_spread_makes_heavier_tails_than_a_known_one():
    rng = np.random.default_rng(1)
    known, estimated = (Noise(1.0, 0.0, f).draw(np.arange(3), 40_000, rng) for f in (math.inf, 5.0))
    # A t variable with five degrees of freedom: its 97.5 per cent point is 2.57.
    assert np.quantile(known[:, 0], 0.975) == pytest.approx(1.96, abs=0.05)
    assert np.quantile(estimated[:, 0], 0.975) == pytest.approx(2.571, abs=0.08)


def test_covariance_falls_by_the_correlation_over_gaps_too():
    covariance = Noise(2.0, 0.5).covariance(np.array([0, 1, 4]))
    np.testing.assert_allclose(covariance[0], [4.0, 2.0, 0.25])


def test_fewer_than_twelve_months_are_not_testable_whatever_the_p_value():
    assert verdict(LEAST_MONTHS_BEFORE - 1, 1e-9) == "not testable"
    assert verdict(LEAST_MONTHS_BEFORE, 1e-9) == "changed"


@pytest.mark.parametrize("tested", [0, 5])
def test_more_months_tested_than_stand_before_are_refused(tested):
    with pytest.raises(ValueError, match="tested months"):
        end_of_sample_statistics(np.zeros((1, 8)), np.ones((8, 1)), tested)


@pytest.mark.parametrize(("sd", "rho"), [(0.0, 0.0), (0.1, 1.0), (-0.1, 0.0)])
def test_noise_that_is_not_stationary_is_refused(sd, rho):
    with pytest.raises(ValueError, match="rho"):
        Noise(sd, rho)


def test_the_detector_reads_the_last_months_alone():
    detect = end_of_sample_detector("P", 2)
    y = np.zeros((1, 10))
    y[0, :8] = np.tile([1.0, -1.0], 4)
    assert detect(y)[0] == pytest.approx(0.0)
