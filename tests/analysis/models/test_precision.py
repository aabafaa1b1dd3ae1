"""Widths are shares of the middle, and infinite is not narrow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.models.precision import closed_months, open_months, relative_width, window


@pytest.fixture
def trade() -> pd.DataFrame:
    """Four months: narrow, robustly wide, wide, and without an upper bound."""
    return pd.DataFrame(
        {
            "month": pd.period_range("2016-01", periods=4, freq="M"),
            "flow": ["export", "export", "import", "import"],
            "vintage": "first_release",
            "lower_usd_mn": [99.0, 99.0, 50.0, 10.0],
            "upper_usd_mn": [101.0, 101.0, 150.0, np.inf],
            "lower_robust_usd_mn": [98.0, 90.0, 50.0, 10.0],
            "upper_robust_usd_mn": [102.0, 110.0, 150.0, np.inf],
        }
    )


def test_width_is_a_share_of_the_middle(trade):
    assert relative_width(trade).tolist() == [0.02, 0.02, 1.0, np.inf]
    assert relative_width(trade, "robust").tolist() == [0.04, 0.2, 1.0, np.inf]


def test_a_printed_zero_is_known_exactly(trade):
    zero = trade.assign(lower_usd_mn=0.0, upper_usd_mn=0.0)
    assert relative_width(zero).tolist() == [0.0] * 4


def test_closed_months_are_counted_by_kind_of_bound(trade):
    assert (closed_months(trade).closed, closed_months(trade, "robust").closed) == (2, 1)
    assert closed_months(trade).share == 0.5


def test_open_months_are_those_with_wide_robust_bounds(trade):
    found = open_months(trade)
    assert [str(month) for month in found["month"]] == ["2016-02", "2016-03", "2016-04"]
    assert found["width_pct"].tolist() == [2.0, 100.0, np.inf]


def test_a_window_has_both_its_ends(trade):
    inside = window(trade, "2016-02", "2016-03")
    assert [str(month) for month in inside["month"]] == ["2016-02", "2016-03"]
    assert window(trade, "2016-01", "2016-04", vintage="corrected").empty
