import itertools
import math

import numpy as np
import pandas as pd
import pytest

from analysis.models.phases import (
    HISTORY,
    change_between,
    change_table,
    learn_season,
    log_trade,
    phases,
    reopened_in,
    trend,
    without_february,
)
from analysis.models.stability import Noise
from analysis.sources.calendar import BORDER_MONTHS


def months(first: str, count: int) -> pd.PeriodIndex:
    return pd.period_range(first, periods=count, freq="M")


def trade(values: list[float], width: float = 0.01) -> pd.DataFrame:
    value = np.array(values, dtype=float)
    return pd.DataFrame(
        {
            "month": months("2018-01", len(value)),
            "flow": "import",
            "vintage": "first_release",
            "usd_mn": value,
            "lower_usd_mn": value * (1 - width / 2),
            "upper_usd_mn": value * (1 + width / 2),
        }
    )


def test_the_phases_follow_the_border_without_gap_or_overlap():
    found = phases(BORDER_MONTHS)
    assert [phase.name for phase in found] == ["under the bans", "closed", "reopening", "open"]
    for earlier, later in itertools.pairwise(found):
        assert later.first == earlier.last + 1
    assert str(found[0].last) == "2019-12" and str(found[3].first) == "2023-09"
    assert found[3].last is None and found[3].holds(months("2030-01", 1)).all()


def test_border_months_out_of_order_are_refused():
    with pytest.raises(ValueError, match="in order"):
        phases(BORDER_MONTHS[::-1])


def test_a_month_that_is_zero_unknown_or_wide_has_no_log():
    frame = trade([10.0, 0.0, 20.0, 30.0])
    frame.loc[2, "usd_mn"] = np.nan
    frame.loc[3, "upper_usd_mn"] = 40.0
    logs = log_trade(frame, "import")
    assert list(logs.isna()) == [False, True, True, True]
    assert logs.iloc[0] == pytest.approx(math.log(10))


def test_february_and_the_noise_are_recovered():
    rng = np.random.default_rng(2)
    found, spans = [], pd.period_range(*HISTORY, freq="M")
    for draw in Noise(0.1, 0.3).draw(np.arange(len(spans)), 300, rng):
        line = 5 + 0.01 * np.arange(len(spans)) - 0.5 * (spans.month == 2)
        found.append(learn_season(pd.Series(line + draw, index=spans)))
    assert np.mean([season.february for season in found]) == pytest.approx(-0.5, abs=0.02)
    assert np.median([season.noise.rho for season in found]) == pytest.approx(0.3, abs=0.12)
    assert np.median([season.noise.sd for season in found]) == pytest.approx(0.1, rel=0.15)


def test_too_short_a_history_is_refused():
    short = pd.Series(1.0, index=months("2015-01", 12))
    with pytest.raises(ValueError, match="known months"):
        learn_season(short)


def test_february_is_taken_off_and_nothing_else():
    flat = pd.Series(1.0, index=months("2015-01", 24)) + 0.0
    rng = np.random.default_rng(1)
    season = learn_season(flat + 0.01 * rng.standard_normal(24))
    adjusted = without_february(flat, season)
    assert (adjusted[adjusted.index.month != 2] == 1.0).all()
    assert adjusted.loc["2015-02"] == pytest.approx(1.0 - season.february)


def test_a_change_has_the_interval_of_two_means():
    logs = pd.Series([0.0] * 4 + [0.2] * 6, index=months("2018-02", 10))
    change = change_between(logs, ("2018-02", "2018-05"), ("2018-06", "2018-11"), Noise(0.1, 0.0))
    error = 0.1 * math.sqrt(1 / 4 + 1 / 6)
    assert change.percent == pytest.approx(100 * math.expm1(0.2))
    assert change.upper == pytest.approx(100 * math.expm1(0.2 + 1.6449 * error), rel=1e-3)
    assert (change.months_before, change.months_after) == (4, 6)
    assert change.p_value == pytest.approx(2 * 0.000975, abs=2e-4)


def test_correlated_months_widen_the_interval():
    logs = pd.Series(0.0, index=months("2018-02", 10))
    spans = (("2018-02", "2018-05"), ("2018-06", "2018-11"))
    narrow, wide = (change_between(logs, *spans, Noise(0.1, rho)) for rho in (0.0, 0.5))
    assert wide.upper - wide.lower > 1.2 * (narrow.upper - narrow.lower)


def test_intervals_cover_and_tests_keep_their_level():
    """With the noise known, nine of ten intervals hold the truth and 5 of 100 tests reject."""
    noise, index = Noise(0.15, 0.4), months("2018-02", 11)
    draws = noise.draw(np.arange(11), 2_000, np.random.default_rng(6))
    spans = (("2018-02", "2018-05"), ("2018-06", "2018-12"))
    found = [change_between(pd.Series(draw, index=index), *spans, noise) for draw in draws]
    assert np.mean([c.lower <= 0 <= c.upper for c in found]) == pytest.approx(0.90, abs=0.02)
    assert np.mean([c.p_value < 0.05 for c in found]) == pytest.approx(0.05, abs=0.015)


def test_a_stretch_without_a_known_month_is_refused():
    logs = pd.Series([np.nan, 1.0], index=months("2018-01", 2))
    with pytest.raises(ValueError, match="no known month"):
        change_between(logs, ("2018-01", "2018-01"), ("2018-02", "2018-02"), Noise(0.1, 0.0))


def test_the_trend_of_a_straight_line_is_its_slope():
    logs = pd.Series(0.03 * np.arange(12), index=months("2018-02", 12))
    point, lower, upper = trend(logs, "2018-02", "2019-01", Noise(0.1, 0.3))
    assert point == pytest.approx(100 * math.expm1(0.03))
    assert lower < point < upper


def test_trade_is_back_when_it_stays_so_for_a_quarter():
    logs = np.log(pd.Series([1.0, 9, 1, 6, 6, 7, 1], index=months("2022-01", 7)))
    assert str(reopened_in(logs, 10.0, pd.Period("2022-01", "M"))) == "2022-02"
    # One high month is no reopening.
    assert str(reopened_in(logs, 10.0, pd.Period("2022-01", "M"), share=0.6)) == "2022-04"
    assert reopened_in(logs, 100.0, pd.Period("2022-01", "M")) is None


def test_the_table_of_changes_has_a_row_each():
    logs = pd.Series(0.0, index=months("2018-02", 4))
    change = change_between(logs, ("2018-02", "2018-03"), ("2018-04", "2018-05"), Noise(0.1, 0.0))
    table = change_table({"none": change})
    assert list(table.index) == ["none"] and table.loc["none", "per cent"] == 0.0
