"""Each picture of a subject, drawn from a small made-up frame and read as its page reads it."""

import io

import numpy as np
import pandas as pd
import pytest

from analysis.figures import fuel, petroleum, tanker_calls
from analysis.figures.calendar import FULLY, PARTLY, TRADE_CALENDAR, CalendarRow, calendar_spans
from analysis.figures.contradictions import rejected_figures
from analysis.figures.figure import FIGURE, blank
from analysis.figures.trade import (
    mark_years,
    trade_with_calendar,
    vintages_by_year,
    what_is_known,
)
from analysis.models.cap_clock import Projection
from analysis.paths import project_paths
from analysis.sources.calendar import read_treatments
from notebook_build.contract import read_figure

ENDS = ("lower", "middle", "upper")
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
    figure = rejected_figures(contradictions, **WORDS)
    _, data = as_read(figure)
    assert list(data["id"]) == ["b", "a"]
    assert figure.subtitle == "The 2 rejected amounts; 1 rejected growth rates are in the table"
    fewer = rejected_figures(contradictions, largest=1, **WORDS)
    assert fewer.subtitle.startswith("Of 2 rejected amounts the 1 furthest off;")


def petroleum_path(year, months, barrels, open_months=0):
    return pd.DataFrame(
        {
            "month": pd.period_range(f"{year}-01", periods=months, freq="M"),
            "lower_bbl": barrels * np.arange(1, months + 1),
            "upper_bbl": 1.05 * barrels * np.arange(1, months + 1),
            "open_months": open_months,
        }
    )


def test_petroleum_bars_say_where_they_are_lower_limits():
    months = {"period_first": pd.Period("2020-01", "M"), "period_last": pd.Period("2020-12", "M")}
    common = {**months, "cap_barrels": 500_000.0}
    reported = pd.DataFrame(
        [
            {**common, "supplier": s, "lower_bbl": low, "upper_bbl": low, "open_months": gaps}
            for s, low, gaps in (("China", 42e3, 3), ("Russia", 102e3, 0))
        ]
    )
    read, data = as_read(petroleum.reported_by_year(reported, **WORDS))
    assert "2020: at least 144 thousand barrels, 29 per cent of the cap." in read.alt
    assert list(data["supplier"]) == ["China", "Russia"]


def test_petroleum_clock_says_where_reports_end():
    paths = {2024: petroleum_path(2024, 12, 20e3), 2025: petroleum_path(2025, 3, 10e3, 2)}
    read, data = as_read(petroleum.cap_clock(paths, 500e3, (0.75, 0.9), **WORDS))
    assert "2025 ends in March at least at 30 thousand barrels." in read.alt
    assert data.groupby("year").size().to_dict() == {2024: 12, 2025: 3}


def test_petroleum_year_without_a_count_says_so():
    reported = pd.DataFrame(
        {
            "year": [2020, 2021],
            "lower_bbl": [144e3, 92e3],
            "upper_bbl": [145e3, 92e3],
            "cap_bbl": 500e3,
            "open_months": [3, 0],
        }
    )
    numbers = [f"{name}_{end}" for name in ("counted", "scenario") for end in ENDS]
    totals = pd.DataFrame([{"year": 2020, "days_counted": 274, **dict.fromkeys(numbers, 3e6)}])
    read, data = as_read(tanker_calls.likely_by_year(totals, reported, **WORDS))
    assert "2021: reported 92 thousand barrels, no count of calls." in read.alt
    assert data["counted_middle"].isna().tolist() == [False, True]


def test_petroleum_readings_draw_every_period():
    rows = [
        {
            "period_first": pd.Period("2021-01", "M"),
            "reading": reading,
            "lower_bbl": 80e3,
            "middle_bbl": 90e3,
            "upper_bbl": 92e3,
            "lower_share": 0.16,
            "middle_share": 0.18,
            "upper_share": 0.184,
            "open_months": 0,
        }
        for reading in petroleum.READING_MARKS
    ]
    read, data = as_read(petroleum.conversion_readings(pd.DataFrame(rows), **WORDS))
    assert "2021: 18 per cent in the Committee's barrels, 18 by product." in read.alt
    assert len(data) == 4


def test_petroleum_projection_and_prices_have_their_numbers():
    months = pd.period_range("2025-06", "2025-12", freq="M")
    draws = np.cumsum(np.full((20, 7), 10e3), axis=1) + 50e3
    projection = Projection(months, draws, 50e3)
    read, data = as_read(
        petroleum.projected_year(
            petroleum_path(2025, 5, 10e3), {"all filed": projection}, 500e3, (0.75,), **WORDS
        )
    )
    assert "all filed: 120 to 120 thousand barrels." in read.alt and len(data) == 7
    days = pd.to_datetime(["2017-09-01", "2017-10-06", "2019-03-01"])
    series = pd.DataFrame(
        {"collector": "ASIAPRESS", "item": "diesel", "day": days, "usd_per_kg": [1.0, 1.2, 0.9]}
    ).assign(lower_usd=0.8, upper_usd=1.3, places=1)
    read, data = as_read(fuel.fuel_prices(series, {"cap": "2017-09-11"}, **WORDS))
    assert "ASIAPRESS 3" in read.alt and len(data) == 3


def test_petroleum_sensitivity_names_the_leading_input():
    names = list(tanker_calls.INPUT_COLOURS)
    shares = pd.DataFrame(
        {"year": 2018, "input": names, "share": [0.7, 0.1, 0.05, 0.05, 0.05, 0.05]}
    )
    read, _ = as_read(tanker_calls.sensitivity(shares, **WORDS))
    assert "2018: laden share leads with 70 per cent." in read.alt


def test_the_label_of_a_begun_year_gives_way_in_a_long_window():
    def labels(first, last):
        axes = blank(2).add_subplot()
        mark_years(axes, pd.period_range(first, last, freq="M"))
        return [label.get_text() for label in axes.get_xticklabels(minor=True)]

    assert labels("2012-01", "2026-07")[-2:] == ["2025", ""]
    assert labels("2024-01", "2026-07") == ["2024", "2025", "2026"]
    assert labels("2026-01", "2026-03") == ["2026"]
