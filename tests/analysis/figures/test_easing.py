"""Each picture of easing, drawn from small made-up results and read as its page reads it."""

import io
import math

import numpy as np
import pandas as pd
import pytest

from analysis.figures.easing import (
    around_the_summits,
    ban_values,
    dependence_by_year,
    power_by_months,
    return_curves,
    scenario_revenue,
    trade_since,
)
from analysis.figures.figure import FIGURE
from analysis.models.ban_value import Amount
from analysis.models.monitoring import monitor
from analysis.models.phases import phases
from analysis.models.reopening import fit_return
from analysis.sources.calendar import BORDER_MONTHS
from notebook_build.contract import read_figure

WORDS = {"title": "A finding", "source": "Customs"}


def as_read(figure):
    read = read_figure(figure._repr_mimebundle_()[FIGURE], "here")
    return read, pd.read_csv(io.StringIO(read.csv))


def test_power_keeps_every_detector_and_says_which_sees_nothing():
    power = pd.DataFrame(
        {
            "detector": ["A", "A", "B", "B"],
            "before": [4, 12, 4, 12],
            "percent": [50.0, 30.0, math.inf, 60.0],
        }
    )
    read, data = as_read(power_by_months(power, 4, **WORDS))
    assert set(data["detector"]) == {"A", "B"} and len(data) == 4
    assert "A, 4 months before: 50 per cent." in read.alt
    assert "B, 4 months" not in read.alt and "B, 12 months before: 60" in read.alt


def test_more_detectors_than_colours_are_refused():
    many = pd.DataFrame({"detector": list("ABCDEFG"), "before": 4, "percent": 50.0})
    with pytest.raises(ValueError, match="6 detectors at most, found 7"):
        power_by_months(many, 4, **WORDS)


def test_levels_of_both_stretches_are_spoken():
    months = pd.period_range("2018-02", "2018-12", freq="M")
    trade = pd.concat(
        [
            pd.DataFrame(
                {
                    "month": months,
                    "flow": flow,
                    "usd_mn": level,
                    "lower_usd_mn": level * 0.9,
                    "upper_usd_mn": level * 1.1,
                }
            )
            for flow, level in (("import", 15.0), ("export", 200.0))
        ],
        ignore_index=True,
    )
    levels = {
        flow: (("2018-02", "2018-05", low), ("2018-06", "2018-12", high))
        for flow, low, high in (("import", 12.0, 18.0), ("export", 170.0, 206.0))
    }
    summits = pd.DataFrame({"month": [pd.Period("2018-06", "M")], "label": ["Singapore"]})
    figure = around_the_summits(trade, levels, summits, first="2018-02", last="2018-12", **WORDS)
    read, data = as_read(figure)
    assert "12 million a month from 2018-02 to 2018-05, 18 from 2018-06 to 2018-12" in read.alt
    assert "Singapore" in read.svg and len(data) == 22


def test_trade_since_marks_alarms_and_keeps_unknown_months_open():
    months = pd.period_range("2018-02", "2026-07", freq="M")
    stretches = phases(BORDER_MONTHS)
    rng = np.random.default_rng(1)
    logs = pd.Series(
        np.log(20.0) + 0.05 * rng.standard_normal(len(months)) + 0.9 * (months >= "2023-09"),
        index=months,
    )
    logs.iloc[3] = np.nan
    watched = logs[stretches[0].holds(months) | stretches[3].holds(months)]
    level = pd.DataFrame({"level": 1.0}, index=months)
    training = pd.period_range(stretches[0].first, stretches[0].last, freq="M")
    seen = monitor(watched, level, training, draws=200, seed=2)
    figure = trade_since({"import": np.exp(logs)}, {"import": seen}, stretches, **WORDS)
    read, data = as_read(figure)
    assert "first alarm" in read.alt and "2023" in read.alt
    assert data["usd_mn"].isna().sum() == 1
    assert data["expected_usd_mn"].iloc[0] == pytest.approx(20.0, rel=0.05)
    assert "CUSUM" in read.svg and "closed" in read.svg


def test_returns_speak_their_intervals():
    months = pd.period_range("2022-01", periods=24, freq="M")
    shares = pd.Series(1 - np.exp(-(np.arange(24) + 0.5) / 6), index=months)
    fitted = fit_return(shares + 0.02 * (-1.0) ** np.arange(24), months[0], draws=100, seed=1)
    read, data = as_read(return_curves({"from January 2022": fitted}, **WORDS))
    assert "from January 2022, month 12: 8" in read.alt
    assert len(data) == 24


def test_values_of_bans_stand_with_their_bounds():
    values = pd.DataFrame(
        [("coal", 1185.0, 1175.0, 1200.0), ("seafood", 180.0, 167.0, 206.0)],
        columns=["group", "usd_mn", "lower", "upper"],
    )
    read, data = as_read(ban_values(values, Amount(1900.0, 1800.0, 2300.0), **WORDS))
    assert list(data["group"]) == ["coal", "coal, at the last prices known", "seafood"]
    assert "seafood: 180 million, between 167 and 206." in read.alt


def test_scenarios_are_called_scenarios():
    rows = [
        {
            "scenario": name,
            "months": months,
            "revenue": 10.0 * months,
            "revenue_lower": 5.0 * months,
            "revenue_upper": 20.0 * months,
        }
        for name in ("lift coal", "lift all")
        for months in (6, 12, 24)
    ]
    read, data = as_read(scenario_revenue(pd.DataFrame(rows), **WORDS))
    assert read.subtitle.startswith("Scenarios")
    assert "lift coal, 12 months: 120 million, 60 to 240." in read.alt
    assert len(data) == 6


def test_the_three_shares_are_drawn_apart():
    definitions = ["China in total trade", "China in exports", "exports to China in total trade"]
    table = pd.DataFrame(
        [
            {
                "year": year,
                "definition": name,
                "percent": value,
                "lower": value - 1,
                "upper": value + 1,
            }
            for name, value in zip(definitions, (95.0, 93.0, 30.0), strict=True)
            for year in (2016, 2017)
        ]
    )
    crude = pd.DataFrame({"year": [2017], "percent": [94.0]})
    read, data = as_read(dependence_by_year(table, crude, **WORDS))
    assert "exports to China in total trade, 2017: 30 per cent." in read.alt
    assert len(data) == 6
