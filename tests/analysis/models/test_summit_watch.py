"""With the noise given, few months to learn from neither raise false alarms nor hide a leap."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.monitoring import DETECTORS
from analysis.models.stability import Noise
from analysis.models.summit_watch import watch_after

NOISE = Noise(sd=0.15, rho=0.5)
MONTHS = pd.period_range("2018-02", "2018-12", freq="M")
LEARNT, LAST = ("2018-02", "2018-05"), "2018-12"


def histories(count: int, seed: int) -> np.ndarray:
    ordinals = np.array([month.ordinal for month in MONTHS])
    return NOISE.draw(ordinals, count, np.random.default_rng(seed))


def watched(values: np.ndarray):
    return watch_after(pd.Series(values, index=MONTHS), LEARNT, LAST, NOISE, draws=1_000, seed=1)


def test_without_a_change_one_history_in_twenty_gives_an_alarm():
    seen = [watched(values) for values in histories(400, 2)]
    for name in DETECTORS:
        share = np.mean([one.alarm(name) is not None for one in seen])
        # Binomial error of 400 histories is 1.1 points, of the 1,000 draws of the boundary 0.7.
        assert 0.02 <= share <= 0.09


def test_a_leap_is_seen_after_it_and_not_before():
    leap = np.where(pd.Period("2018-09", "M") <= MONTHS, 3.0, 0.0)
    alarms = [watched(values + leap).alarm("CUSUM") for values in histories(60, 3)]
    found = [alarm for alarm in alarms if alarm is not None]
    assert len(found) >= 55
    assert np.mean([alarm >= pd.Period("2018-09", "M") for alarm in found]) > 0.9


def test_missing_months_are_passed_over():
    values = pd.Series(histories(1, 4)[0], index=MONTHS)
    values["2018-08"] = np.nan
    seen = watch_after(values, LEARNT, LAST, NOISE, draws=100, seed=1)
    assert pd.Period("2018-08", "M") not in set(seen.path["month"])
    assert seen.training == 4 and len(seen.path) == 6


def test_two_months_are_too_few():
    values = pd.Series(histories(1, 5)[0], index=MONTHS)
    with pytest.raises(ValueError, match="found 2 and 9"):
        watch_after(values, ("2018-02", "2018-03"), LAST, NOISE, draws=100, seed=1)
