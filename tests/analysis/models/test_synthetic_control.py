"""A weighted mean of other countries finds a planted fall, and placebos say how unusual it is."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from analysis.models.design_scores import planted
from analysis.models.panel import PanelError
from analysis.models.simulated_panel import Truth, simulated_panel
from analysis.models.synthetic_control import (
    donor_weights,
    partner_series,
    synthetic_control,
)
from analysis.paths import project_paths
from analysis.sources.sanctions_map import read_product_measures

MEASURES = read_product_measures(project_paths())
BEGINS, CLEAN = pd.Period("2017-08", "M"), pd.Period("2017-09", "M")


@pytest.fixture(scope="module")
def series():
    """Twelve donors, and partner 109 made of two of them and some noise; a fall to 0.3."""
    rng = np.random.default_rng(3)
    months = pd.period_range("2015-01", "2019-12", freq="M")
    shapes = 10 * np.exp(np.cumsum(rng.normal(0, 0.1, (12, 60)), axis=1))
    table = pd.DataFrame(shapes.T, index=months, columns=range(110, 122))
    own = 0.6 * table[110] / table[110].mean() + 0.4 * table[115] / table[115].mean()
    after = np.where(months >= CLEAN, 0.3, 1.0)
    table[109] = 40 * own * after * np.exp(rng.normal(0, 0.01, 60))
    return table


def test_the_planted_fall_and_its_donors_are_found(series):
    result = synthetic_control(series, "Seafood", BEGINS, CLEAN)
    assert result.ratio == pytest.approx(0.3, abs=0.05)
    assert set(result.weights.index[:2]) == {110, 115}
    assert result.weights.sum() == pytest.approx(1, abs=1e-4) and (result.weights >= 0).all()
    assert result.rank_p == pytest.approx(1 / 13)
    assert result.fit_error < 0.05


def test_no_fall_is_nothing_unusual(series):
    before = series.index < CLEAN
    calm = series.assign(**{"109": None}).drop(columns="109")
    calm[109] = np.where(before, series[109], series[109] / 0.3)
    assert synthetic_control(calm, "Seafood", BEGINS, CLEAN).rank_p > 0.1


def test_weights_are_those_of_a_general_solver(series):
    paths = series / series.mean()
    before = np.asarray(series.index < BEGINS)
    ours = donor_weights(paths, 109, [109], before)
    donors, target = paths[ours.index].to_numpy()[before], paths[109].to_numpy()[before]
    found = minimize(
        lambda w: ((target - donors @ w) ** 2).sum(),
        np.full(12, 1 / 12),
        bounds=[(0, 1)] * 12,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert np.abs(ours.to_numpy() - found.x).max() < 1e-3


def test_goods_are_those_of_the_ban_whoever_sells_them():
    frames = [
        simulated_panel(
            MEASURES, Truth({}), seed=partner, partner=partner, headings=("0303", "6704")
        )
        for partner in (109, 110)
    ]
    series = partner_series(pd.concat(frames), MEASURES, "Seafood")
    own = frames[1][(frames[1]["hs"] == "0303") & (frames[1]["month"] == "2016-05")]
    assert series.loc["2016-05", 110] == pytest.approx(own["value_usd"].sum() / 1e6)
    assert len(series) == 60


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.drop(columns=109), "no trade of partner 109"),
        (lambda s: s[[109, 110, 111]], "2 donors"),
        (lambda s: s.set_axis(s.index + 6), "border closed"),
    ],
)
def test_series_that_cannot_answer_are_refused(series, change, said):
    with pytest.raises(PanelError, match=said):
        synthetic_control(change(series), "Seafood", BEGINS, CLEAN)


def test_planted_ratios_become_log_effects():
    assert planted({"a": 0.0, "b": 1.0}) == {"a": -np.inf, "b": 0.0}
