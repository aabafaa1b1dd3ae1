"""Effects come from whole paths: their intervals are those of the sums, not sums of intervals."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.counterfactual import Counterfactual, effects, interval
from analysis.models.trade_observations import FitError, Window

WINDOW = Window.of("2014-01", "2016-11", "2019-12")
LENGTH = len(WINDOW.evaluation)


def counterfactual(simulated: np.ndarray, observed: np.ndarray) -> Counterfactual:
    fitted = pd.Series(100.0, index=WINDOW.training)
    return Counterfactual(
        "import", "corrected", "test", WINDOW, simulated, observed, fitted, seed=1
    )


def test_spans_are_months_whole_years_horizons_and_all():
    table = effects(counterfactual(np.full((4, LENGTH), 200.0), np.full((4, LENGTH), 50.0)))
    assert (table["kind"] == "month").sum() == 37
    assert list(table.loc[table["kind"] == "year", "span"]) == ["2017", "2018", "2019"]
    assert list(table.loc[table["kind"] == "horizon", "span"]) == [
        "1 months",
        "12 months",
        "36 months",
    ]
    whole = table[table["kind"] == "all"].iloc[0]
    assert whole["effect"] == -150 * 37 and whole["effect_percent"] == -75.0


def test_independent_months_add_like_a_root_and_shared_ones_like_a_sum():
    rng = np.random.default_rng(5)
    observed = np.zeros((20_000, LENGTH))
    widths = {}
    for name, noise in {
        "independent": rng.normal(0, 10, (20_000, LENGTH)),
        "shared": np.repeat(rng.normal(0, 10, (20_000, 1)), LENGTH, axis=1),
    }.items():
        year = effects(counterfactual(100 + noise, observed)).set_index("span").loc["2018"]
        widths[name] = year["effect_upper"] - year["effect_lower"]
    one_month = 2 * 1.6449 * 10
    assert widths["independent"] == pytest.approx(one_month * np.sqrt(12), rel=0.05)
    assert widths["shared"] == pytest.approx(one_month * 12, rel=0.05)


def test_an_open_month_whose_year_is_known_widens_the_month_and_not_the_year():
    split = np.random.default_rng(6).uniform(0, 100, 5_000)
    observed = np.full((5_000, LENGTH), 10.0)
    march, april = (WINDOW.evaluation.get_loc(f"2018-{month:02d}") for month in (3, 4))
    observed[:, march], observed[:, april] = split, 100 - split
    table = effects(counterfactual(np.full((5_000, LENGTH), 50.0), observed)).set_index("span")
    assert table.loc["2018-03", "effect_upper"] - table.loc["2018-03", "effect_lower"] > 80
    year = table.loc["2018"]
    assert year["effect_upper"] == pytest.approx(year["effect_lower"])


def test_the_interval_is_equal_tailed():
    middle, lower, upper = interval(np.arange(1001.0), level=0.9)
    assert (middle, lower, upper) == pytest.approx((500.0, 50.0, 950.0))


def test_paths_of_another_length_and_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match=r"expected \(paths, 37\)"):
        counterfactual(np.zeros((2, 5)), np.zeros((2, 5)))
    with pytest.raises(ValueError, match="3 draws and 2 paths"):
        counterfactual(np.zeros((2, LENGTH)), np.zeros((3, LENGTH)))


def test_a_path_that_is_not_finite_is_no_result():
    with pytest.raises(FitError, match="not finite"):
        counterfactual(np.full((2, LENGTH), np.nan), np.zeros((2, LENGTH)))
