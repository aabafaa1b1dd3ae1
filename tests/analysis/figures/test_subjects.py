"""Each picture of a subject, drawn from a small made-up frame and read as its page reads it."""

import io

import numpy as np
import pandas as pd
import pytest

from analysis.figures.calendar import FULLY, PARTLY, TRADE_CALENDAR, CalendarRow, calendar_spans
from analysis.figures.contradictions import rejected_figures
from analysis.figures.figure import FIGURE, blank
from analysis.figures.petroleum import cumulative_within_year, reported_by_year
from analysis.figures.trade import (
    coal_by_month,
    mark_years,
    trade_with_calendar,
    vintages_by_year,
    what_is_known,
)
from analysis.paths import project_paths
from analysis.sources.calendar import read_treatments
from notebook_build.contract import read_figure

WORDS = {"title": "A finding", "source": "Customs"}


def as_read(figure):
    read = read_figure(figure._repr_mimebundle_()[FIGURE], "here")
    return read, pd.read_csv(io.StringIO(read.csv))


@pytest.fixture(scope="module")
def treatments():
    return read_treatments(project_paths())


@pytest.fixture
def series():
    """Two years of both flows; March 2017 without a point, April 2017 without an upper bound."""
    rng = np.random.default_rng(20170904)
    months = pd.period_range("2017-01", "2018-12", freq="M")
    frames = []
    for vintage in ("first_release", "corrected"):
        for flow in ("export", "import", "total"):
            value = rng.uniform(50, 300, len(months))
            frames.append(
                pd.DataFrame(
                    {
                        "month": months,
                        "flow": flow,
                        "vintage": vintage,
                        "usd_mn": value,
                        "lower_usd_mn": value * 0.99,
                        "upper_usd_mn": value * 1.01,
                        "lower_robust_usd_mn": value * 0.97,
                        "upper_robust_usd_mn": value * 1.03,
                        "basis": "reported",
                        "n_observations": 2,
                    }
                )
            )
    trade = pd.concat(frames, ignore_index=True)
    march, april = (trade["month"] == f"2017-{number}" for number in ("03", "04"))
    trade.loc[march | april, "usd_mn"] = np.nan
    trade.loc[march, ["lower_usd_mn", "lower_robust_usd_mn"]] = 0.0
    trade.loc[april, ["upper_usd_mn", "upper_robust_usd_mn"]] = np.inf
    return trade


def test_spans_follow_the_dates_of_clearance(treatments):
    spans = calendar_spans(treatments, TRADE_CALENDAR)
    coal = spans[spans["goods"] == "Coal"]
    assert [(str(row.first), str(row.last), row.state) for row in coal.itertuples()] == [
        ("2017-02", "2017-02", PARTLY),
        ("2017-03", "2017-07", FULLY),
        ("2017-08", "2017-09", PARTLY),
        ("2017-10", "NaT", FULLY),
    ]
    fully = spans[spans["state"] == FULLY].groupby("goods")["first"].max().astype(str)
    assert fully["Seafood"] == "2017-09"
    assert fully["Textiles and garments"] == "2018-01"
    assert fully["Food, machinery, wood, stone"] == "2018-02"


def test_a_measure_that_is_not_in_the_calendar_is_named(treatments):
    with pytest.raises(KeyError, match="T9999"):
        calendar_spans(treatments, [CalendarRow("Gold", ("T9999",))])


def test_trade_is_drawn_with_its_bounds_and_gaps(series, treatments):
    figure = trade_with_calendar(series, treatments, first="2017-01", last="2018-06", **WORDS)
    read, data = as_read(figure)
    assert len(data) == 2 * 18
    assert set(data["flow"]) == {"export", "import"}
    assert data.loc[data["month"] == "2017-03", "usd_mn"].isna().all()
    assert "For 4 month-flows only bounds are known." in read.alt
    known = series[
        (series["vintage"] == "first_release")
        & (series["flow"] == "import")
        & (series["month"] <= "2018-06")
    ]
    assert f"{known['usd_mn'].max():,.0f}" in read.alt
    assert "Coal" in read.svg


def test_what_is_known_counts_every_month(series):
    _, data = as_read(what_is_known(series, **WORDS))
    counts = data["width_class"].value_counts()
    assert counts["no upper bound"] == 2
    assert counts["wider"] == 2
    assert counts["under 5 %"] == 2 * 24 - 4


def test_vintages_stand_side_by_side():
    windows = pd.DataFrame(
        [
            ("2016-01", "2016-12", "total", "first_release", 5902.0, 5904.0),
            ("2016-01", "2016-12", "total", "corrected", 5650.0, 5658.0),
            ("2016-01", "2016-10", "total", "corrected", 4000.0, 4001.0),
        ],
        columns=["first", "last", "flow", "vintage", "lower_usd_mn", "upper_usd_mn"],
    )
    for name in ("first", "last"):
        windows[name] = pd.PeriodIndex(windows[name], freq="M")
    read, data = as_read(vintages_by_year(windows, years=[2016, 2017], **WORDS))
    assert list(data["vintage"]) == ["corrected", "first_release"]
    assert "months as first released 5,903, corrected base 5,654" in read.alt


def test_an_unknown_month_of_coal_is_no_zero():
    coal = pd.DataFrame(
        {
            "month": pd.PeriodIndex(["2017-08", "2017-09", "2017-10"], freq="M"),
            "tonnes": [1.64e6, 511_619.0, 0.0],
            "basis": "printed",
        }
    )
    read, data = as_read(coal_by_month(coal, first="2017-08", last="2018-01", **WORDS))
    assert list(data["tonnes"]) == [1_640_000, 511_619, 0]
    assert "Zero is printed for October 2017" in read.alt
    assert "3 months have no figure" in read.alt


def test_rejected_figures_are_ranked_by_how_far_they_lie_off():
    contradictions = pd.DataFrame(
        [
            ("a", "level", "a near miss", 103.0, 103.0, 100.0, 101.0, 2.0, "USD million"),
            ("b", "level", "ten times low", 10.0, 10.0, 100.0, 101.0, 90.0, "USD million"),
            ("c", "rate", "a rate", -3.0, -3.0, -9.0, -8.0, 5.0, "per cent"),
        ],
        columns=[
            "id",
            "kind",
            "description",
            "printed_lower",
            "printed_upper",
            "allowed_lower",
            "allowed_upper",
            "amount",
            "unit",
        ],
    )
    _, data = as_read(rejected_figures(contradictions, **WORDS))
    assert list(data["id"]) == ["b", "a"]


def test_petroleum_bars_say_where_they_are_lower_limits():
    months = {"period_first": pd.Period("2020-01", "M"), "period_last": pd.Period("2020-12", "M")}
    common = {**months, "cap_barrels": 500_000.0, "converted": True, "rows": ("x",)}
    reported = pd.DataFrame(
        [
            {**common, "supplier": "China", "barrels": 42e3, "months_missing": 3},
            {**common, "supplier": "Russia", "barrels": 102e3, "months_missing": 0},
        ]
    )
    read, data = as_read(reported_by_year(reported, **WORDS))
    assert "2020: at least 144 thousand barrels, 29 per cent of the cap." in read.alt
    assert list(data["supplier"]) == ["China", "Russia"]


def test_petroleum_paths_end_where_the_reports_end():
    path = pd.DataFrame(
        {
            "month": pd.period_range("2025-01", periods=3, freq="M"),
            "barrels": [14e3, 20e3, 35e3],
            "cap_barrels": 500e3,
        }
    )
    read, data = as_read(cumulative_within_year({2025: path}, **WORDS))
    assert "2025 ends in March at 35 thousand barrels." in read.alt
    assert list(data["year"]) == [2025] * 3


def test_the_label_of_a_begun_year_gives_way_in_a_long_window():
    def labels(first, last):
        axes = blank(2).add_subplot()
        mark_years(axes, pd.period_range(first, last, freq="M"))
        return [label.get_text() for label in axes.get_xticklabels(minor=True)]

    assert labels("2012-01", "2026-07")[-2:] == ["2025", ""]
    assert labels("2024-01", "2026-07") == ["2024", "2025", "2026"]
    assert labels("2026-01", "2026-03") == ["2026"]
