"""A variant of the reading changes what it says and nothing else; the pages hold what follows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.choices import (
    ESTIMATES,
    VARIANTS,
    Conversion,
    Rounding,
    converted,
    month_mean,
    with_rounding,
)
from analysis.paths import project_paths
from analysis.snapshot import CHOICES, choice_table
from analysis.sources.exchange_rates import customs_rate, ecb_cross_rate
from analysis.sources.observations import totals_observations

PATHS = project_paths()
SCORED = pd.read_csv(PATHS.validation / "choices.csv")
ENDS = ["lower", "upper", "yoy_lower", "yoy_upper"]


@pytest.fixture(scope="module")
def totals() -> pd.DataFrame:
    return totals_observations(PATHS)


def test_the_rule_of_the_pages_gives_the_intervals_of_the_pages(totals):
    """The reader of the raw table makes these intervals from the printed digits, in decimals."""
    again = with_rounding(totals, Rounding())
    pd.testing.assert_frame_equal(again[ENDS], totals[ENDS], rtol=1e-12, atol=1e-9)
    assert again.drop(columns=ENDS).equals(totals.drop(columns=ENDS))


def figure(value: float, lower: float, upper: float) -> pd.DataFrame:
    rates = {"yoy_lower": [-0.338], "yoy_upper": [-0.336]}
    return pd.DataFrame({"value": [value], "lower": [lower], "upper": [upper], **rates})


@pytest.mark.parametrize(
    ("read", "rule", "expected"),
    [
        # 19.1 of three digits: 19.05 to 19.2; 19.19 of four: 19.18 to 19.20.
        ((19.1, 19.05, 19.2), Rounding(0.5, 0.5, 0.0), (19.05, 19.15)),
        ((19.19, 19.18, 19.20), Rounding(0.5, 0.5, 0.0), (19.185, 19.195)),
        ((19.19, 19.18, 19.20), Rounding(slip=0.0), (19.185, 19.20)),
        ((19.19, 19.18, 19.20), Rounding(slip=2.0), (19.17, 19.21)),
        ((19.1, 19.05, 19.2), Rounding(slip=2.0), (19.05, 19.2)),
        # A deficit reaches away from zero, which is down; a zero either way.
        ((-33.0, -34.0, -32.5), Rounding(0.5, 0.5, 0.0), (-33.5, -32.5)),
        ((0.0, -1.0, 1.0), Rounding(0.5, 2.0, 0.0), (-2.0, 2.0)),
    ],
)
def test_a_rule_reaches_as_far_as_it_says(read, rule, expected):
    found = with_rounding(figure(*read), rule)
    assert found[["lower", "upper"]].iloc[0].to_numpy() == pytest.approx(expected)


def test_a_growth_rate_reaches_its_own_distance():
    found = with_rounding(figure(19.1, 19.05, 19.2), Rounding(rate=0.5))
    assert found[["yoy_lower", "yoy_upper"]].iloc[0].to_numpy() == pytest.approx((-0.3375, -0.3365))


def test_wider_rules_hold_narrower_ones(totals):
    narrow = with_rounding(totals, Rounding(0.5, 0.5, 0.0, 0.5))
    wide = with_rounding(totals, Rounding(2.0, 2.0, 2.0, 2.0))
    for lower, upper in (("lower", "upper"), ("yoy_lower", "yoy_upper")):
        known = totals[lower].notna()
        assert (wide[lower] < narrow[lower])[known].all()
        assert (narrow[upper] < wide[upper])[known].all()


def test_rates_to_2021_are_the_banks_within_the_tolerance_and_later_ones_stay():
    months = [pd.Period(month, "M") for month in ("2017-01", "2021-12", "2022-01")]
    table = pd.DataFrame(
        {"month": months, "cny_per_usd": 6.0, "lower": 5.9, "upper": 6.1, "source": "a table"}
    )
    exact = converted(table, Conversion("customs", 0.0))
    assert exact["lower"].iloc[:2].tolist() == [customs_rate(month) for month in months[:2]]
    assert exact["upper"].iloc[:2].equals(exact["lower"].iloc[:2])
    band = converted(table, Conversion("customs", 0.02))
    assert np.allclose((band["upper"] / band["lower"]).iloc[:2], 1.02 / 0.98)
    for found in (exact, band):
        assert found.iloc[2].equals(table.iloc[2]) and found.columns.equals(table.columns)


def test_the_mean_of_a_month_lies_among_its_days():
    days = [ecb_cross_rate(day.date()) for day in pd.date_range("2018-06-01", "2018-06-30")]
    assert min(days) < month_mean(pd.Period("2018-06", "M")) < max(days)


def test_every_variant_has_its_row():
    told = list(SCORED[["choice", "label"]].itertuples(index=False, name=None))
    assert sorted(told) == sorted((one.choice, one.label) for one in (*VARIANTS, *ESTIMATES))


@pytest.mark.parametrize("page", CHOICES)
def test_the_page_of_a_choice_holds_the_committed_table(page):
    text = (PATHS.root / page).read_text(encoding="utf-8")
    assert choice_table(SCORED, CHOICES[page]) in text, "run `make snapshot`"
