"""Each picture of goods, drawn from a small made-up frame and read as its page reads it."""

import io

import numpy as np
import pandas as pd
import pytest

from analysis.figures.figure import FIGURE
from analysis.figures.goods import (
    before_and_after,
    coal_in_phases,
    coverage_of_bans,
    effect_paths,
    effects_by_group,
    synthetic_paths,
    unbanned_goods,
)
from analysis.models.synthetic_control import Synthetic
from notebook_build.contract import read_figure

WORDS = {"title": "A finding", "source": "Customs"}


def as_read(figure):
    read = read_figure(figure._repr_mimebundle_()[FIGURE], "here")
    return read, pd.read_csv(io.StringIO(read.csv))


def test_coverage_says_both_bounds():
    bounds = pd.DataFrame(
        {
            "good": ["Coal", "Seafood"],
            "lower_usd_mn": [46.0, 6.0],
            "upper_usd_mn": [46.2, 31.0],
            "lower_percent": [46.0, 6.0],
            "upper_percent": [46.2, 31.0],
            "resolution": ["2371", "2371"],
        }
    )
    read, data = as_read(coverage_of_bans(bounds, **WORDS))
    assert "Seafood, resolution 2371, 6 to 31 per cent" in read.alt
    assert "6 to 31 %" in read.svg and len(data) == 2


@pytest.fixture
def coal():
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex(["2017-02", "2017-03", "2017-08"], freq="M"),
            "tonnes": [1.228e6, 0.0, 1.64e6],
            "lower_t": [1.217e6, 0.0, 1.635e6],
            "upper_t": [1.234e6, 1.0, 1.65e6],
            "basis": ["derived", "printed", "printed"],
        }
    )


def test_an_unknown_month_of_coal_is_no_zero(coal):
    phases = {"suspended": ("2017-03", "2017-08"), "banned": ("2017-09", "2019-12")}
    read, data = as_read(coal_in_phases(coal, phases, first="2017-01", last="2017-09", **WORDS))
    assert "6 months have no figure" in read.alt
    assert "February 2017: difference of printed sums." in read.note
    assert "March 2017 0.00" in read.alt and "suspended" in read.svg
    assert data["tonnes"].tolist() == [1.228e6, 0.0, 1.64e6]


def test_before_and_after_draw_every_year():
    table = pd.DataFrame(
        {
            "good": ["Coal", "Coal", "Food", "Food"],
            "year": [2016, 2019, 2016, 2019],
            "lower_usd_mn": [1185.0, 0.0, 50.0, 0.0],
            "upper_usd_mn": [1190.0, 123.0, 600.0, 123.0],
        }
    )
    read, data = as_read(before_and_after(table, **WORDS))
    assert "Coal 2016 1,185 to 1,190" in read.alt and len(data) == 4


def test_lower_limits_of_unbanned_goods_are_called_so():
    table = pd.DataFrame(
        {
            "good": ["Wigs", "Wigs", "Watches"],
            "year": [2019, 2022, 2019],
            "lower_usd_mn": [31.0, 11.0, 49.2],
            "upper_usd_mn": [31.2, np.nan, 49.3],
            "whole": [True, False, True],
        }
    )
    read, _ = as_read(unbanned_goods(table, range(2019, 2023), **WORDS))
    assert "Wigs 2022 at least 11.0" in read.alt and "Wigs 2019 31.0" in read.alt
    # Two panels of four years with three figures: five question marks.
    assert read.svg.count(">?<") == 5


def test_panel_pictures_carry_their_numbers():
    effects = pd.DataFrame(
        {
            "group": ["Coal", "Seafood"],
            "products": [2, 7],
            "percent": [-100.0, -70.0],
            "lower": [-100.0, -80.0],
            "upper": [-100.0, 400.0],
        }
    )
    read, _ = as_read(effects_by_group(effects, note="A note.", **WORDS))
    assert "Seafood -70 per cent (-80 to 400)" in read.alt
    path = pd.DataFrame(
        {
            "first": [-3, 0],
            "last": [-1, 2],
            "ratio": [1.0, 0.3],
            "lower": [0.8, 0.2],
            "upper": [1.3, 9.0],
        }
    )
    read, data = as_read(effect_paths({"Seafood": path}, note="A note.", **WORDS))
    assert "Seafood: -3 1.00, 0 0.30" in read.alt and data["group"].eq("Seafood").all()
    months = pd.period_range("2016-01", "2017-12", freq="M")
    result = Synthetic(
        "Seafood",
        months,
        np.where(months >= pd.Period("2017-09", "M"), 3.0, 10.0),
        np.full(24, 10.0),
        pd.Period("2017-08", "M"),
        pd.Period("2017-09", "M"),
        pd.Series({110: 1.0}),
        0.02,
        0.05,
    )
    read, data = as_read(synthetic_paths({"Seafood": result}, note="A note.", **WORDS))
    assert "30 per cent of the synthetic, rank p-value 0.05" in read.alt and len(data) == 24
