"""The Lunar New Year, which moves between January and February and takes trade with it."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

#: First day of the lunar year. Sources: for 2010-2015 china.org.cn, "Chinese Lunar New Year dates
#: 2004-2015" (english.china.org.cn/english/features/China2004/106382.htm); for 2016-2020 the days
#: of the public holiday, each a day of new moon in its season, as the tests compute.
NEW_YEAR = {
    2010: datetime.date(2010, 2, 14),
    2011: datetime.date(2011, 2, 3),
    2012: datetime.date(2012, 1, 23),
    2013: datetime.date(2013, 2, 10),
    2014: datetime.date(2014, 1, 31),
    2015: datetime.date(2015, 2, 19),
    2016: datetime.date(2016, 2, 8),
    2017: datetime.date(2017, 1, 28),
    2018: datetime.date(2018, 2, 16),
    2019: datetime.date(2019, 2, 5),
    2020: datetime.date(2020, 1, 25),
}
#: Days counted: New Year's Eve to the Lantern Festival on the fifteenth day, ends inside.
DAYS = 16


def holiday_share(months: pd.PeriodIndex) -> pd.Series:
    """Share of the `DAYS` of the holiday that fall in each month, 0 to 1; a year's shares add to 1.

    Raises ValueError for a year that `NEW_YEAR` does not hold.

    >>> holiday_share(pd.period_range("2015-01", "2015-03", freq="M")).tolist()
    [0.0, 0.6875, 0.3125]
    """
    missing = sorted(set(months.year) - set(NEW_YEAR))
    if missing:
        raise ValueError(
            f"Lunar New Year: expected years {min(NEW_YEAR)} to {max(NEW_YEAR)}, found "
            f"{', '.join(map(str, missing))}: add the dates to NEW_YEAR"
        )
    counted: dict[pd.Period, int] = {}
    for year in sorted(set(months.year)):
        eve = NEW_YEAR[year] - datetime.timedelta(days=1)
        for day in pd.date_range(eve, periods=DAYS).to_period("M"):
            counted[day] = counted.get(day, 0) + 1
    return pd.Series([counted.get(month, 0) / DAYS for month in months], index=months)


def lunar_new_year(months: pd.PeriodIndex) -> pd.Series:
    """`holiday_share` less its mean in the same calendar month over all years of `NEW_YEAR`.

    What stays the same from year to year belongs to the season; the regressor holds what moves.
    """
    years = pd.period_range(f"{min(NEW_YEAR)}-01", f"{max(NEW_YEAR)}-12", freq="M")
    every = holiday_share(years)
    usual = every.groupby(every.index.month).mean()
    share = holiday_share(months)
    return share - np.asarray(usual.loc[months.month])
