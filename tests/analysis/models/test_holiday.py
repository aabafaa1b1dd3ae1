"""The holiday's days fall where the calendar says, and each year's add to one."""

import itertools

import pandas as pd
import pytest

from analysis.models.holiday import NEW_YEAR, holiday_share, lunar_new_year

YEARS = pd.period_range(f"{min(NEW_YEAR)}-01", f"{max(NEW_YEAR)}-12", freq="M")


def test_the_shares_of_a_year_add_to_one():
    yearly = holiday_share(YEARS).groupby(YEARS.year).sum()
    assert yearly.tolist() == [1.0] * len(NEW_YEAR)


def test_the_holiday_of_2017_began_in_january_and_that_of_2018_did_not():
    """28 January 2017 and 16 February 2018: eve to the 15th day is 27 January to 11 February."""
    share = holiday_share(YEARS)
    assert share["2017-01"] == 5 / 16 and share["2017-02"] == 11 / 16
    assert share["2018-01"] == 0.0 and share["2018-02"] == 14 / 16 and share["2018-03"] == 2 / 16


def test_new_moons_are_29_or_30_days_apart():
    """Two New Years are 12 or 13 lunar months apart: 354, 355, 383, 384 or 385 days."""
    dates = [NEW_YEAR[year] for year in sorted(NEW_YEAR)]
    gaps = {(later - earlier).days for earlier, later in itertools.pairwise(dates)}
    assert gaps <= {354, 355, 383, 384, 385}


def test_the_regressor_holds_only_what_moves():
    regressor = lunar_new_year(YEARS)
    assert regressor.groupby(YEARS.month).mean().abs().max() < 1e-12
    assert regressor[YEARS.month > 3].abs().max() == 0


def test_a_year_without_a_date_is_refused():
    with pytest.raises(ValueError, match="2031: add the dates"):
        holiday_share(pd.period_range("2031-01", "2031-03", freq="M"))
