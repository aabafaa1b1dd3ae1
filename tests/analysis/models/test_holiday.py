"""The holiday's days fall where the calendar says, and each year's add to one."""

import datetime

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


#: A new moon (6 January 2000, 18:14 UT) and the mean length of a lunation in days: Meeus,
#: Astronomical Algorithms, chapter 49. The true moon keeps within 0.6 days of the mean one.
NEW_MOON, LUNATION = datetime.datetime(2000, 1, 6, 18, 14), 29.530588


def test_every_new_year_is_the_day_of_a_new_moon_in_its_season():
    """Noon in Beijing is 4:00 UT; the year begins between 21 January and 20 February."""
    for year, day in NEW_YEAR.items():
        assert datetime.date(year, 1, 21) <= day <= datetime.date(year, 2, 20)
        noon = datetime.datetime.combine(day, datetime.time(4))
        lunations = (noon - NEW_MOON) / datetime.timedelta(days=LUNATION)
        assert abs(lunations - round(lunations)) * LUNATION < 0.5 + 0.6


def test_the_regressor_holds_only_what_moves():
    regressor = lunar_new_year(YEARS)
    assert regressor.groupby(YEARS.month).mean().abs().max() < 1e-12
    assert regressor[YEARS.month > 3].abs().max() == 0


def test_a_year_without_a_date_is_refused():
    with pytest.raises(ValueError, match="2031: add the dates"):
        holiday_share(pd.period_range("2031-01", "2031-03", freq="M"))
