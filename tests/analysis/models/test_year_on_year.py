import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.models.year_on_year import growth_interval, growth_table, year_on_year

positive = st.floats(1.0, 1e6)
WINDOWS = pd.DataFrame(
    [
        ("2017-01", "2017-10", "total", "first_release", 4300.0, 4302.0),
        ("2017-01", "2017-10", "total", "corrected", 4295.0, 4305.0),
        ("2018-01", "2018-10", "total", "first_release", 1955.0, 1957.0),
        ("2018-01", "2018-10", "total", "year_to_date", 1949.0, 1951.0),
    ],
    columns=["first", "last", "flow", "vintage", "lower_usd_mn", "upper_usd_mn"],
).assign(
    first=lambda frame: pd.PeriodIndex(frame["first"], freq="M"),
    last=lambda frame: pd.PeriodIndex(frame["last"], freq="M"),
)


@given(now=st.tuples(positive, positive), base=st.tuples(positive, positive), at=st.floats(0, 1))
def test_every_pair_of_sums_inside_the_bounds_grows_inside_the_interval(now, base, at):
    now, base = tuple(sorted(now)), tuple(sorted(base))
    lower, upper = growth_interval(now, base)
    numerator = now[0] + at * (now[1] - now[0])
    denominator = base[1] - at * (base[1] - base[0])
    growth = 100 * (numerator / denominator - 1)
    slack = 1e-9 * (abs(growth) + 100)
    assert lower - slack <= growth <= upper + slack


def test_an_open_end_stays_open():
    assert growth_interval((50.0, math.inf), (100.0, 200.0)) == (-75.0, math.inf)
    assert growth_interval((50.0, 80.0), (100.0, math.inf)) == (-100.0, pytest.approx(-20.0))


@pytest.mark.parametrize(
    ("now", "base"), [((1.0, 2.0), (0.0, 5.0)), ((2.0, 1.0), (1.0, 1.0)), ((-1.0, 1.0), (1.0, 1.0))]
)
def test_bounds_that_make_no_growth_rate_are_refused(now, base):
    with pytest.raises(ValueError):
        growth_interval(now, base)


def test_each_vintage_gives_its_own_answer():
    same = year_on_year(WINDOWS, "total", "2018-01", "2018-10")
    mixed = year_on_year(
        WINDOWS, "total", "2018-01", "2018-10", vintage="year_to_date", base_vintage="corrected"
    )
    assert same.percent == pytest.approx(100 * (1956 / 4301 - 1))
    assert same.interval == pytest.approx((100 * (1955 / 4302 - 1), 100 * (1957 / 4300 - 1)))
    assert mixed.lower_percent < mixed.percent < mixed.upper_percent
    table = growth_table([same, mixed])
    assert list(table["base_vintage"]) == ["first_release", "corrected"]


def test_a_window_that_was_not_computed_is_named():
    with pytest.raises(KeyError, match="export, 2018-01 to 2018-10"):
        year_on_year(WINDOWS, "export", "2018-01", "2018-10")
