import math

import numpy as np
import pandas as pd
import pytest

from analysis.models.reopening import Envelope, fit_return, returned_shares
from analysis.models.stability import Noise

MONTHS = pd.period_range("2022-01", periods=24, freq="M")


def curve(tau: float) -> pd.Series:
    return pd.Series(1 - np.exp(-(np.arange(24) + 0.5) / tau), index=MONTHS)


@pytest.mark.parametrize("tau", [1.0, 6.0, 20.0])
def test_a_return_without_noise_is_recovered(tau):
    fitted = fit_return(curve(tau), MONTHS[0], draws=50, seed=1)
    assert fitted.tau == pytest.approx(tau, rel=0.02)
    assert fitted.returned(12)[0] == pytest.approx(1 - math.exp(-12 / tau), abs=0.01)


def test_what_is_recovered_is_the_mean_of_what_had_returned():
    fitted = fit_return(curve(6.0), MONTHS[0], draws=50, seed=1)
    path = 1 - np.exp(-np.linspace(0, 12, 10_001) / fitted.tau)
    assert fitted.recovered(12)[0] == pytest.approx(path.mean(), abs=1e-3)
    assert fitted.recovered(12)[0] < fitted.returned(12)[0]


def test_intervals_cover_a_planted_speed():
    rng, held = np.random.default_rng(4), 0
    for draw in Noise(0.15, 0.3).draw(np.arange(24), 120, rng):
        fitted = fit_return(curve(8.0) + draw, MONTHS[0], draws=300, seed=7)
        _, lower, upper = fitted.returned(12)
        held += lower <= 1 - math.exp(-12 / 8.0) <= upper
    assert 0.82 <= held / 120 <= 1.0


def test_shares_run_from_the_closure_to_the_level_before_it():
    index = pd.period_range("2021-09", periods=20, freq="M")
    logs = pd.Series(np.log([20.0] * 4 + [60.0, 110.0] + [100.0] * 14), index=index)
    shares = returned_shares(logs, 100.0, pd.Period("2022-01", "M"))
    np.testing.assert_allclose(shares.iloc[:3], [0.5, 1.125, 1.0])
    assert len(shares) == 16 and shares.index[0] == pd.Period("2022-01", "M")


def test_trade_that_had_not_fallen_cannot_return():
    logs = pd.Series(np.log(100.0), index=MONTHS)
    with pytest.raises(ValueError, match="below"):
        returned_shares(logs, 90.0, MONTHS[6])


def test_too_few_months_are_refused():
    with pytest.raises(ValueError, match="twelve months"):
        fit_return(curve(3.0).iloc[:11], MONTHS[0], seed=1)


def test_an_envelope_has_the_first_point_and_the_widest_ends():
    slow, fast = (
        fit_return(curve(tau) + 0.05 * (-1.0) ** np.arange(24), MONTHS[0], draws=200, seed=2)
        for tau in (12.0, 2.0)
    )
    point, lower, upper = Envelope((slow, fast)).returned(6)
    assert point == slow.returned(6)[0]
    assert lower == slow.returned(6)[1] and upper == fast.returned(6)[2]
