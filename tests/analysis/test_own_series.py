"""The reader's totals as a series: alone where they carry the window, else over the published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gacc_export_files import Effect, many_products, truth_panel

from analysis.claims import Finding, Prose
from analysis.figures.figure import Figure
from analysis.models.counterfactual import effects
from analysis.models.structural import Structural
from analysis.models.trade_observations import TradeObservations, Window, WindowError, single_months
from analysis.own_pages import decline_section, easing_section, totals_section
from analysis.own_series import (
    asked_of,
    carried_window,
    over_published,
    own_observations,
    own_series,
    partner_name,
    read_own_totals,
)
from analysis.paths import Paths, project_paths
from analysis.schemas import OWN_TOTALS, checked
from analysis.sources.calendar import BORDER_MONTHS, read_treatments

WINDOW = Window.of("2012-01", "2016-11", "2019-12")
LINES = many_products(40, ["39", "73", "84", "90"], seed=3)
#: In every line of North Korea imports halve from February 2017 on; the others are left alone.
HALVED = tuple(Effect(prefix, "2017-02", np.log(0.5)) for prefix in ("39", "73", "84", "90"))
TRUTH = truth_panel(
    2321,
    first_month="2014-01",
    last_month="2019-12",
    partners=("109", "133"),
    products=LINES,
    effects=HALVED,
)


def totals_of(panel: pd.DataFrame, source: str = "gacc_export") -> pd.DataFrame:
    sums = panel.groupby(["month", "flow", "partner"])["value_usd"].sum().reset_index()
    typed = sums.assign(
        flow=sums["flow"].astype(object),
        partner=sums["partner"].astype("int64"),
        source=pd.array([source] * len(sums), dtype="string"),
        usd_mn=sums["value_usd"] / 1e6,
    )
    ordered = typed.sort_values(["source", "partner", "flow", "month"], ignore_index=True)
    return checked(ordered[list(OWN_TOTALS.columns)], OWN_TOTALS)


TOTALS = totals_of(TRUTH)


def published(flow: str) -> TradeObservations:
    """Invented published figures of 2012 to 2019: months, a block of two, a rate, two draws."""
    months = pd.period_range("2012-01", "2019-12", freq="M")
    rows = [("sum", m, m, 9.0, 11.0) for m in months if str(m) not in ("2016-05", "2016-06")]
    rows += [
        ("sum", pd.Period("2016-05", "M"), pd.Period("2016-06", "M"), 19.0, 21.0),
        ("rate", pd.Period("2014-03", "M"), pd.Period("2014-03", "M"), -0.1, 0.1),
    ]
    figures = pd.DataFrame(rows, columns=["kind", "first", "last", "lower", "upper"])
    draws = pd.DataFrame(np.full((2, len(months)), 10.0), columns=months)
    return TradeObservations(flow, "corrected", figures, draws, history_ratio=(1.0, 1.05))


PUBLISHED = {flow: published(flow) for flow in ("import", "export", "total")}


def truth_by_month(partner: str, flow: str) -> pd.Series:
    own = TRUTH[(TRUTH["partner"] == partner) & (TRUTH["flow"] == flow)]
    return own.groupby("month")["value_usd"].sum() / 1e6


def test_the_series_is_the_sum_of_the_files_by_month():
    series = own_series(TOTALS, 133)
    for flow in ("import", "export"):
        pd.testing.assert_series_equal(
            series.usd_mn[flow], truth_by_month("133", flow), check_names=False
        )
    both = series.usd_mn["import"] + series.usd_mn["export"]
    pd.testing.assert_series_equal(series.usd_mn["total"], both, check_names=False)
    assert series.is_placebo and series.name == "South Korea"
    assert not own_series(TOTALS, 109).is_placebo


def test_of_two_sources_one_is_taken_and_none_is_spliced():
    few = totals_of(TRUTH[TRUTH["month"] < "2015-01"].assign(value_usd=1), "comtrade")
    assert own_series(pd.concat([few, TOTALS]), 133).source == "gacc_export"
    # Of two with as many months, the customs office's own.
    twice = pd.concat([totals_of(TRUTH, "comtrade"), TOTALS])
    assert own_series(twice, 133).source == "gacc_export"
    alone = own_series(few, 133)
    assert alone.source == "comtrade" and str(alone.usd_mn.index[-1]) == "2014-12"


def test_no_totals_are_no_series_and_an_unknown_partner_is_an_error():
    assert own_series(None, 133) is None and own_series(TOTALS, 601) is None
    with pytest.raises(ValueError, match="partner 998: expected a number"):
        own_series(TOTALS, 998)
    assert partner_name(109) == "North Korea"


def test_months_of_ones_own_are_known_to_the_dollar():
    series = own_series(TOTALS, 133)
    observed = own_observations(series, "import")
    assert (observed.figures["upper"] - observed.figures["lower"]).max() <= 1.01e-6
    assert observed.history_ratio == (1.0, 1.0)
    assert observed.draws.iloc[0].to_numpy() == pytest.approx(series.usd_mn["import"].to_numpy())


@pytest.mark.parametrize(
    ("first", "last", "gap", "starts"),
    [
        ("2014-01", "2019-12", None, "2014-01"),
        ("2014-12", "2019-12", None, "2014-12"),
        ("2015-01", "2019-12", None, None),
        ("2014-01", "2019-11", None, None),
        ("2014-01", "2019-12", "2018-03", None),
    ],
)
def test_the_window_is_carried_by_whole_months_alone(first, last, gap, starts):
    kept = TOTALS[TOTALS["month"].between(pd.Period(first, "M"), pd.Period(last, "M"))]
    kept = kept[(kept["month"] != gap) | (kept["flow"] != "import")] if gap else kept
    carried = carried_window(own_series(kept, 133), WINDOW)
    assert (carried and str(carried.first)) == starts
    if starts is None:
        with pytest.raises(WindowError, match="download the other months"):
            asked_of(own_series(kept, 133), WINDOW, PUBLISHED)


def test_own_months_of_north_korea_take_the_place_of_the_published_from_2016():
    kept = TOTALS[TOTALS["month"].between(pd.Period("2015-06", "M"), pd.Period("2016-05", "M"))]
    observed, window = asked_of(own_series(kept, 109), WINDOW, PUBLISHED)
    assert window == WINDOW
    months = single_months(observed["import"].figures).set_index("first")
    truth = truth_by_month("109", "import")
    assert months.loc["2016-04", "lower"] == pytest.approx(truth["2016-04"], abs=1e-6)
    # Before 2016 the published history is another definition, tied to the customs level by a ratio.
    assert months.loc["2015-06", "lower"] == 9.0
    assert observed["import"].history_ratio == (1.0, 1.05)
    # The sum of May and June speaks of a month that is now known otherwise, so it is left out.
    assert not (observed["import"].figures["last"] == "2016-06").any()
    assert observed["import"].draws["2016-06"].eq(10.0).all()
    assert observed["import"].draws["2016-05"].to_numpy() == pytest.approx(truth["2016-05"])
    assert (observed["import"].figures["kind"] == "rate").sum() == 1
    assert PUBLISHED["import"].draws["2016-05"].eq(10.0).all()


def test_a_rate_over_an_own_month_is_left_out():
    one = published("import")
    rate = ("rate", pd.Period("2017-02", "M"), pd.Period("2017-02", "M"), 0.0, 0.1)
    one.figures.loc[len(one.figures)] = rate
    february = TOTALS[TOTALS["month"] == "2016-02"]
    assert (over_published(own_series(february, 109), one).figures["kind"] == "rate").sum() == 1


def test_the_planted_fall_is_found_and_the_placebo_shows_none():
    found = {}
    for partner in (109, 133):
        observed, window = asked_of(own_series(TOTALS, partner), WINDOW, PUBLISHED)
        fit = Structural().fit(observed["import"], window)
        found[partner] = effects(fit).set_index("span").iloc[-1]
    assert found[109]["effect_percent_lower"] < -50 < found[109]["effect_percent_upper"] < 0
    assert found[133]["effect_percent_lower"] < 0 < found[133]["effect_percent_upper"]


@pytest.fixture
def paths(tmp_path) -> Paths:
    paths = Paths(tmp_path)
    paths.processed.mkdir(parents=True)
    TOTALS.to_csv(paths.processed / "own_totals.csv", index=False)
    return paths


def words(shown: list[object]) -> str:
    return " ".join(getattr(part, "text", getattr(part, "sentence", "")) for part in shown)


def test_the_totals_are_read_as_they_were_written(paths):
    pd.testing.assert_frame_equal(read_own_totals(paths), TOTALS, check_dtype=False)
    assert read_own_totals(Paths(paths.root / "elsewhere")) is None


def test_the_decline_is_asked_of_the_placebo_and_nothing_is_said_of_north_korea(paths):
    treatments = read_treatments(project_paths())
    shown = list(decline_section(paths, 133, WINDOW, PUBLISHED, treatments))
    findings = [one for one in shown if isinstance(one, Finding)]
    assert [one.id for one in findings] == ["own-effect-import", "own-effect-export"]
    assert all("South Korea" in one.sentence for one in findings)
    assert "North Korea" not in " ".join(one.sentence for one in findings)
    assert "partner 133, South Korea" in words(shown)
    assert "January 2014, where your files begin" in words(shown)
    (figure,) = (one for one in shown if isinstance(one, Figure))
    assert "North Korea" not in figure.alt + figure.subtitle + figure.title
    imports = figure.data[figure.data["flow"] == "import"].set_index("month")["recorded"]
    truth = truth_by_month("133", "import")
    assert imports.to_numpy() == pytest.approx(truth.to_numpy(), abs=0.006)
    (told,) = decline_section(paths, 601, WINDOW, PUBLISHED, treatments)
    assert "No totals of partner 601, Australia, are here" in told.text
    assert list(decline_section(Paths(paths.root / "x"), 109, WINDOW, PUBLISHED, treatments)) == []


def test_north_koreas_own_totals_stand_beside_the_published_ones(paths):
    treatments = read_treatments(project_paths())
    shown = list(decline_section(paths, 109, WINDOW, PUBLISHED, treatments))
    assert "every verdict on a claim, rests on the published figures alone" in words(shown)
    found = {one.id: one for one in shown if isinstance(one, Finding)}
    assert found["own-effect-import"].upper < 0 < found["own-effect-export"].upper
    dates = shown[-1]
    assert list(dates.index) == ["China's imports from North Korea"]
    assert dates["date"].tolist() == ["2017-02"] and float(dates["change"].iloc[0]) < -40


def test_totals_that_do_not_carry_the_design_are_told(paths):
    late = TOTALS[TOTALS["month"] >= "2016-01"]
    late.to_csv(paths.processed / "own_totals.csv", index=False)
    treatments = read_treatments(project_paths())
    shown = list(decline_section(paths, 133, WINDOW, PUBLISHED, treatments))
    assert "do not carry the design" in words(shown) and "2016-01 to 2019-12" in words(shown)
    assert all(isinstance(one, Prose) for one in shown)


def test_the_change_of_2018_is_asked_of_the_placebo(paths):
    spans = (("2018-02", "2018-05"), ("2018-06", "2018-12"))
    shown = list(easing_section(paths, 133, *spans, BORDER_MONTHS, draws=400, seed=1))
    findings = [one for one in shown if isinstance(one, Finding)]
    assert [one.id for one in findings] == ["own-change-import", "own-change-export"]
    truth = np.log(truth_by_month("133", "import"))
    moved = truth["2018-06":"2018-12"].mean() - truth["2018-03":"2018-05"].mean()
    assert findings[0].value == pytest.approx(100 * np.expm1(moved), abs=12)
    assert words(shown).count("nothing to watch since") == 2
    assert "North Korea" not in " ".join(one.sentence for one in findings)


def test_months_since_the_border_opened_are_watched(paths):
    later = truth_panel(
        5, first_month="2014-01", last_month="2025-12", partners=("133",), products=LINES,
        effects=(Effect("39", "2024-06", np.log(6.0), partners=("133",)),),
    )  # fmt: skip
    totals_of(later).to_csv(paths.processed / "own_totals.csv", index=False)
    spans = (("2018-02", "2018-05"), ("2018-06", "2018-12"))
    shown = list(easing_section(paths, 133, *spans, BORDER_MONTHS, draws=400, seed=1))
    told = {one.id: one.sentence for one in shown if isinstance(one, Finding)}
    assert "first alarm in" in told["own-watch-import"] and "202" in told["own-watch-import"]
    assert "no alarm" in told["own-watch-export"]


def test_page_one_shows_the_totals_of_the_other_partner_alone():
    shown = list(totals_section(TOTALS, 133))
    assert "nothing on the published figures" in words(shown)
    (figure,) = (one for one in shown if isinstance(one, Figure))
    assert "South Korea" in figure.title and "North Korea" not in figure.alt
    table = shown[-1]
    of_2015 = truth_by_month("133", "import")["2015-01":"2015-12"].sum()
    assert table.loc["2015", "China's imports from South Korea"] == pytest.approx(of_2015, abs=0.06)
    assert list(totals_section(TOTALS, 109)) == [] and list(totals_section(None, 109)) == []
