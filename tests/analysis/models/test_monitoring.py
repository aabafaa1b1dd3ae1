"""Boundaries against published tables and closed forms; the monitor against direct sums."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.models.monitoring import (
    DETECTORS,
    alarm_list,
    critical_values,
    csw_constant,
    cusum_boundary,
    fluctuation,
    limit_critical_value,
    long_run,
    monitor,
    mosum_boundary,
    predicted_range,
    training_errors,
)
from analysis.models.stability import Noise

MONTHS = pd.period_range("2018-01", "2021-12", freq="M")
TRAINING = MONTHS[:24]
LEVEL = pd.DataFrame({"level": 1.0}, index=MONTHS)

#: Horváth, Hušková, Kokoszka and Steinebach (2004), Table 1: 5 per cent, by gamma.
PRINTED_CUSUM = {0.0: 2.2365, 0.25: 2.3860}
#: R package strucchange, monitorMECritvalTable (Zeileis, Leisch, Kleiber and Hornik 2005), "max",
#: 5 per cent: by window and by all months over the months learnt from.
PRINTED_MOSUM = {(0.25, 2): 1.2276, (0.5, 2): 1.6873, (0.5, 4): 1.8863, (1.0, 2): 2.2241}


def a_series(rise: float, seed: int, rho: float = 0.0) -> pd.Series:
    noise = Noise(0.1, rho).draw(np.arange(len(MONTHS)), 1, np.random.default_rng(seed))[0]
    return pd.Series(noise + rise * (TRAINING[-1] < MONTHS), index=MONTHS)


@pytest.mark.parametrize(("gamma", "printed"), PRINTED_CUSUM.items())
def test_cusum_values_meet_the_published_table(gamma, printed):
    found = limit_critical_value("CUSUM", gamma=gamma, draws=10_000, steps=1_000, seed=1)
    # Monte Carlo error of a 5 per cent quantile from so many draws: about 0.02.
    assert found == pytest.approx(printed, abs=0.05)


def test_the_even_cusum_is_the_reflection_of_a_brownian_motion():
    """P(sup |W| > x) to first order 4 (1 - Φ(x)): 2.2414 at 5 per cent."""
    found = limit_critical_value("CUSUM", gamma=0.0, draws=20_000, steps=500, seed=4)
    assert found == pytest.approx(2.2414, abs=0.06)


@pytest.mark.parametrize(("case", "printed"), PRINTED_MOSUM.items())
def test_mosum_values_meet_the_published_table(case, printed):
    window, horizon = case
    found = limit_critical_value(
        "MOSUM", window=window, horizon=horizon, draws=8_000, steps=400, seed=2
    )
    assert found == pytest.approx(printed, rel=0.025)


def test_the_boundary_without_end_has_the_printed_constants():
    """Chu, Stinchcombe and White (1996) print a² = 7.78 and 6.25 for 5 and 10 per cent."""
    assert csw_constant(0.05) == pytest.approx(7.78, abs=0.05)
    assert csw_constant(0.10) == pytest.approx(6.25, abs=0.005)


def test_the_finite_boundary_comes_near_the_limit_in_a_long_sample():
    n, horizon = 150, 4
    found = critical_values(
        np.ones((n * horizon, 1)),
        np.arange(n * horizon),
        n,
        Noise(1.0, 0.0),
        draws=1_500,
        seed=6,
    )
    limit = limit_critical_value(
        "CUSUM", gamma=0.25, horizon=horizon, draws=4_000, steps=400, seed=7
    )
    assert found["CUSUM"] == pytest.approx(limit, rel=0.06)
    limit = limit_critical_value(
        "MOSUM", window=0.5, horizon=horizon, draws=4_000, steps=400, seed=7
    )
    assert found["MOSUM"] == pytest.approx(limit, rel=0.06)


def test_detectors_are_the_sums_that_the_papers_write_down():
    rng = np.random.default_rng(12)
    errors, n, sd, gamma, window = rng.standard_normal((1, 40)), 20, np.array([1.7]), 0.25, 0.5
    processes = fluctuation(errors, n, sd, gamma=gamma, window=window)
    for k in (1, 7, 20):
        scale = 1.7 * math.sqrt(n)
        total = errors[0, n : n + k].sum() / scale / ((1 + k / n) * (k / (n + k)) ** gamma)
        assert processes["CUSUM"][0, k - 1] == pytest.approx(total)
        moving = errors[0, n + k - 10 : n + k].sum() / scale
        t = (n + k) / n
        moving /= math.sqrt(2 * (1.0 if t <= math.e else math.log(t)))
        assert processes["MOSUM"][0, k - 1] == pytest.approx(moving)


def test_boundaries_have_their_shapes():
    assert cusum_boundary(np.array([1.0]), 0.0)[0] == 2.0
    np.testing.assert_allclose(mosum_boundary(np.array([2.0, math.e**4])), [2**0.5, 8**0.5])


def test_a_planted_rise_raises_both_alarms_and_names_its_side():
    seen = monitor(a_series(0.5, seed=1), LEVEL, TRAINING, draws=500, seed=3)
    table = alarm_list({"planted": seen})
    assert list(table["detector"]) == list(DETECTORS)
    assert (table["direction"] == "above").all()
    assert (table["alarm"] > TRAINING[-1]).all() and (table["alarm"] <= TRAINING[-1] + 9).all()
    fall = alarm_list({"planted": monitor(a_series(-0.5, 1), LEVEL, TRAINING, draws=500, seed=3)})
    assert (fall["direction"] == "below").all()


def test_no_alarm_is_missing_and_not_a_date():
    table = alarm_list({"quiet": monitor(a_series(0.0, 2), LEVEL, TRAINING, draws=500, seed=3)})
    assert table["alarm"].isna().all() and (table["direction"] == "").all()
    assert (table["newest"] == MONTHS[-1]).all()


def test_false_alarms_are_as_rare_as_said():
    """All months watched together: about 5 of 100 series without a change alarm."""
    noise, n, months = Noise(0.1, 0.4), 24, np.arange(len(MONTHS))
    x = np.ones((len(MONTHS), 1))
    critical = critical_values(x, months, n, noise, draws=4_000, seed=9)
    histories = noise.draw(months, 4_000, np.random.default_rng(10))
    errors, sd, rho = training_errors(histories, x, months, n)
    for name, process in fluctuation(errors, n, long_run(sd, rho)).items():
        assert 0.035 < np.mean(np.abs(process).max(axis=1) > critical[name]) < 0.065, name


def test_new_months_move_no_detector_of_earlier_ones():
    """What a month looked like stands; only the boundary knows how long was watched."""
    whole = a_series(0.3, seed=5)
    seen = [monitor(part, LEVEL, TRAINING, draws=200, seed=1) for part in (whole.iloc[:40], whole)]
    newest = [alarm_list({"s": one})["newest"].iloc[0] for one in seen]
    assert newest == [MONTHS[39], MONTHS[-1]]
    early, late = (one.path for one in seen)
    for name in (*DETECTORS, "error", "expected"):
        np.testing.assert_allclose(late[name].iloc[: len(early)], early[name])


def test_missing_months_are_passed_over():
    series = a_series(0.5, seed=1)
    series.iloc[[5, 30]] = np.nan
    seen = monitor(series, LEVEL, TRAINING, draws=200, seed=3)
    assert seen.training == 23
    assert MONTHS[30] not in set(seen.path["month"])
    assert len(seen.path) == len(MONTHS) - 24 - 1


def test_the_range_of_one_month_is_that_of_a_prediction():
    seen = monitor(a_series(0.0, 8), LEVEL, TRAINING, draws=200, seed=3)
    band = predicted_range(seen, level=0.90)
    # t with 23 degrees of freedom at 95 per cent: 1.714.
    reach = 1.7139 * seen.noise.sd * math.sqrt(1 + 1 / 24)
    np.testing.assert_allclose(band["upper"] - seen.path["expected"], reach, rtol=1e-4)


def test_nothing_to_watch_is_refused():
    with pytest.raises(ValueError, match="to watch"):
        monitor(a_series(0.0, 1).iloc[:24], LEVEL, TRAINING, draws=50, seed=1)
    with pytest.raises(ValueError, match="to learn from"):
        monitor(a_series(0.0, 1), LEVEL, TRAINING[:2], draws=50, seed=1)
