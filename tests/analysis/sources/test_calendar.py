"""Dates of the sanctions calendar, and the months that a smoother must not cross."""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis.paths import project_paths
from analysis.schemas import InputError
from analysis.sources import calendar
from analysis.sources.calendar import (
    BORDER_MONTHS,
    parse_leading_date,
    read_events,
    read_treatments,
    treatment_months,
)
from analysis.sources.tables import InputErrors, Place


@pytest.fixture(scope="module")
def treatments() -> pd.DataFrame:
    return read_treatments(project_paths()).set_index("treatment_id")


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return read_events(project_paths())


def test_doctests() -> None:
    assert doctest.testmod(calendar).failed == 0


def test_first_clean_months(treatments: pd.DataFrame) -> None:
    """As the resolutions and China's announcements 40 and 52 of 2017 and 4 of 2018 give them."""
    clean = treatments["first_clean_month_derived_month"]
    expected = {
        "T2371_seafood": "2017-09",
        "T2371_coal": "2017-10",
        "T2371_iron": "2017-10",
        "T2371_lead": "2017-10",
        "T2375_textiles": "2018-01",
        "T2397_food": "2018-02",
        "C2321_coal_feb17": "2017-03",
    }
    assert {key: str(clean[key]) for key in expected} == expected
    assert pd.isna(clean["T2270_coal_iron"])


def test_missing_stays_missing_and_a_month_gets_no_day(treatments: pd.DataFrame) -> None:
    assert pd.isna(treatments.loc["T2321_coalcap", "china_effective_month"])
    assert pd.isna(treatments.loc["D_singapore", "china_effective_day"])
    assert pd.isna(treatments.loc["D_philippines", "adoption_date_day"])
    assert treatments.loc["D_philippines", "adoption_date_month"] == pd.Period("2017-09", "M")


def test_day_and_month_agree(treatments: pd.DataFrame, events: pd.DataFrame) -> None:
    for table, column in [(treatments, "china_effective"), (events, "date"), (events, "date_end")]:
        dated = table[table[f"{column}_day"].notna()]
        assert len(dated)
        months = dated[f"{column}_day"].dt.to_period("M")
        assert (months == dated[f"{column}_month"]).all()


def test_events_are_typed(events: pd.DataFrame) -> None:
    assert len(events) == 74
    assert events["date_month"].notna().all()
    assert events["date_day"].isna().sum() == 1  # the halt of fuel sales, June 2017
    kim_xi = events[events["event"].str.startswith("Kim-Xi summit 1")].iloc[0]
    assert kim_xi["date_day"] == pd.Timestamp("2018-03-25")
    assert kim_xi["date_end_day"] == pd.Timestamp("2018-03-28")


def test_treatment_months(treatments: pd.DataFrame) -> None:
    months = treatment_months(treatments)
    assert [str(m) for m in months] == [
        "2016-04", "2016-05", "2016-12", "2017-01", "2017-02", "2017-03", "2017-08", "2017-09",
        "2017-10", "2018-01", "2018-02", "2020-01", "2022-01", "2022-04", "2022-09", "2023-08",
    ]  # fmt: skip


def test_other_measures_give_no_treatment_month(treatments: pd.DataFrame) -> None:
    without_china = treatments[treatments["china_instrument"].isna()]
    assert set(treatment_months(without_china)) == set(BORDER_MONTHS)


def test_border_months_are_border_events(events: pd.DataFrame) -> None:
    border = events[events["category"] == "border"]["date_month"]
    assert set(border) == set(BORDER_MONTHS)


@pytest.mark.parametrize(
    "text", ["2017-8-15", "2017-13-01", "2017-02-30", "15.08.2017", "20170815"]
)
def test_other_dates_are_refused(text: str) -> None:
    place = Place("data/raw/events.csv", 5, "date")
    with pytest.raises(InputError, match=r"line 5, column 'date'.*YYYY-MM-DD.*write the date"):
        parse_leading_date(text, place)


def test_every_unreadable_date_is_reported(tmp_path: Path) -> None:
    paths = project_paths(tmp_path)
    shutil.copytree(project_paths().raw, paths.raw)
    file = paths.raw / "events.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("2006-10-09,", "9 Oct 2006,").replace("2018-03-28", "2018-3-28"),
        encoding="utf-8",
    )
    with pytest.raises(InputErrors) as caught:
        read_events(paths)
    found = {(error.column, error.found) for error in caught.value.errors}
    assert found == {("date", "9 Oct 2006"), ("date_end", "2018-3-28")}
    assert "data/raw/events.csv, line 3, column 'date'" in str(caught.value)
