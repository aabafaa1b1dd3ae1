"""The pictures of the decline, drawn from made-up results and read as their page reads them."""

import io

import numpy as np
import pandas as pd
import pytest

from analysis.figures.decline import (
    breaks_and_calendar,
    counterfactual_gap,
    effects_in_words,
    gap_by_month,
    placebo_dates,
    specification_curve,
)
from analysis.figures.figure import FIGURE
from analysis.models.counterfactual import Counterfactual, effects
from analysis.models.trade_observations import Window
from analysis.paths import project_paths
from analysis.sources.calendar import read_treatments
from notebook_build.contract import read_figure

WORDS = {"title": "A finding", "source": "Customs"}
WINDOW = Window.of("2015-01", "2016-11", "2018-12")


def as_read(figure):
    read = read_figure(figure._repr_mimebundle_()[FIGURE], "here")
    return read, pd.read_csv(io.StringIO(read.csv))


@pytest.fixture(scope="module")
def treatments():
    return read_treatments(project_paths())


@pytest.fixture(scope="module")
def fit() -> Counterfactual:
    """A hundred a month without the measures, give or take, and forty recorded."""
    rng = np.random.default_rng(1)
    shape = (200, len(WINDOW.evaluation))
    return Counterfactual(
        "import",
        "corrected",
        "test",
        WINDOW,
        100 + rng.normal(0, 5, (200, 1)) + np.zeros(shape),
        np.full(shape, 40.0),
        pd.Series(100.0, index=WINDOW.training),
        seed=1,
    )


@pytest.fixture(scope="module")
def recorded() -> pd.Series:
    """Ninety a month before the measures; after them forty on average, and never forty."""
    months = pd.period_range(WINDOW.first, WINDOW.evaluation_end, freq="M")
    after = np.where(months.month % 2, 30.0, 50.0)
    return pd.Series(np.where(months <= WINDOW.train_end, 90.0, after), index=months)


def test_the_gap_is_added_up_along_whole_paths(fit, recorded):
    gap = gap_by_month(fit, recorded)
    assert (gap.loc[gap["cumulative"].isna(), "recorded"] == 90).all()
    # The line is the points given, so that a year adds up to its sum.
    assert gap.loc[gap["month"].dt.year == 2018, "recorded"].sum() == 12 * 40
    last = gap.iloc[-1]
    total = (fit.observed - fit.simulated).sum(axis=1)
    lower, middle, upper = np.quantile(total, [0.05, 0.5, 0.95])
    found = last[["cumulative_lower", "cumulative", "cumulative_upper"]].astype(float).tolist()
    assert found == pytest.approx([lower, middle, upper], abs=0.01)


def test_series_counterfactual_and_gap_stand_in_one_picture(fit, recorded, treatments):
    figure = counterfactual_gap(
        gap_by_month(fit, recorded),
        treatments,
        train_end=WINDOW.train_end,
        engine="test",
        **WORDS,
    )
    read, data = as_read(figure)
    assert len(data) == 48 and {"recorded", "counterfactual", "cumulative"} <= set(data)
    assert "December 2018 the recorded series lies USD 1,5" in read.alt


def test_effects_in_words_carry_their_intervals(fit):
    table = effects_in_words({"import": effects(fit).set_index("span")})
    row = table.loc[("China's imports from North Korea", "all of 2018")]
    assert row["recorded"] == "480"
    assert row["effect, %"].startswith("−60 (−")
    assert not table.index.get_level_values(1).str.fullmatch(r"\d{4}-\d\d").any()


def test_placebos_and_the_true_date_are_told_apart():
    ends = pd.period_range("2015-01", "2016-11", freq="M")
    table = pd.concat(
        pd.DataFrame(
            {
                "horizon": horizon,
                "train_end": ends,
                "effect_percent": np.where(ends == ends[-1], -40.0, 5.0),
                "effect_percent_lower": -50.0,
                "effect_percent_upper": 20.0,
            }
        )
        for horizon in (6, 12)
    )
    read, data = as_read(placebo_dates(table, flow="import", true_end=ends[-1], **WORDS))
    assert "Over 12 months: 22 placebo dates between 5 and 5 per cent; the true date −40" in (
        read.alt.replace("-", "−")
    )
    assert len(data) == 46


def test_breaks_stand_under_the_calendar(treatments):
    dates = pd.DataFrame(
        {
            "flow": ["import"],
            "date": pd.PeriodIndex(["2017-03"], freq="M"),
            "lower": pd.PeriodIndex(["2013-02"], freq="M"),
            "upper": pd.PeriodIndex(["2017-04"], freq="M"),
            "change_percent": [-50.0],
        }
    )
    figure = breaks_and_calendar(
        dates, treatments, first="2014-01", last="2019-12", least=6, **WORDS
    )
    read, _ = as_read(figure)
    assert "March 2017 (from February 2013 to April 2017), -50 per cent" in read.alt
    assert "Minimum segment 6" in read.note


def test_the_curve_counts_its_specifications():
    rng = np.random.default_rng(2)
    middle = rng.uniform(-80, -60, 90)
    table = pd.DataFrame(
        {
            "flow": np.repeat(["import", "export", "total"], 30),
            "engine": np.tile(["a", "b"], 45),
            "effect_percent": middle,
            "effect_percent_lower": middle - 10,
            "effect_percent_upper": middle + 200,
        }
    )
    figure = specification_curve(
        table, choices={"engine": "Engine"}, evaluated="2017 to 2019", **WORDS
    )
    read, data = as_read(figure)
    assert read.alt.count("30 specifications") == 3
    assert data["effect_percent_upper"].max() > 100
    assert "Engine: a" in read.svg
