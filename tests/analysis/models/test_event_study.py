"""Planted effects are found, intervals hold them, and drift is seen for what it is."""

import numpy as np
import pytest

from analysis.models.design_scores import SCENARIOS, planted, score_donors, score_panel
from analysis.models.event_study import (
    banned_groups,
    effect_by_jackknife,
    effects_by_placebo,
    effects_table,
    honest_bounds,
    leave_one_out,
    path,
    placebo_groups,
)
from analysis.models.imputation import BETWEEN, Design, impute, relative_months, without_ban
from analysis.models.panel import PanelError, product_panel
from analysis.models.simulated_panel import Truth, simulated_panel
from analysis.models.two_way import difference_in_differences, extensive_margin
from analysis.paths import project_paths
from analysis.sources.sanctions_map import read_product_measures

MEASURES = read_product_measures(project_paths())
RATIOS = {"Coal": 0.0, "Seafood": 0.3, "Textiles and garments": 0.2, "Iron and iron ore": 0.5}


def panel_with(truth, seed=1, **options):
    frame = simulated_panel(MEASURES, truth, seed=seed)
    return product_panel(frame, MEASURES, flow="import", partner=109, **options)


@pytest.fixture(scope="module")
def panel():
    return panel_with(Truth(planted(RATIOS)))


@pytest.fixture(scope="module")
def exact():
    """No noise and no idle months, so that every product follows its effects exactly."""
    return panel_with(Truth(planted(RATIOS), noise=0.0, idle=0.0))


def ratio(imputed, group):
    recorded, expected = imputed.sums(imputed.panel.group == group)
    return recorded / expected


@pytest.mark.parametrize("design", [Design(), Design(seasonal=True), Design(anticipation=0)])
def test_without_noise_the_planted_ratios_are_found_exactly(exact, design):
    imputed = impute(exact, design)
    for group, truth in RATIOS.items():
        assert ratio(imputed, group) == pytest.approx(truth, abs=1e-5)
    assert ratio(imputed, "Food") == pytest.approx(1, abs=1e-5)


def test_effects_that_differ_by_group_do_not_contaminate_each_other(exact):
    """The month of one ban is no control for another: without coal nothing changes."""
    without = impute(exact.rows(exact.group != "Coal"))
    assert ratio(without, "Seafood") == pytest.approx(0.3, abs=1e-5)


def test_months_are_split_into_before_between_and_after(exact):
    design = Design(anticipation=1, leads=6)
    relative = relative_months(exact, design)
    textiles = np.flatnonzero(exact.group == "Textiles and garments")[0]
    month = {
        str(month): value for month, value in zip(exact.months, relative[textiles], strict=True)
    }
    assert month["2018-01"] == 0 and month["2018-12"] == 11
    # In force since September, and a month of anticipation before it.
    assert month["2017-07"] == -1
    assert all(month[name] == BETWEEN for name in ("2017-08", "2017-09", "2017-12"))
    fitted = dict(zip(exact.months.astype(str), without_ban(exact, design)[textiles], strict=True))
    assert fitted["2017-01"] and not fitted["2017-02"]


def test_trade_brought_forward_does_not_touch_the_effect():
    calm, rush = (panel_with(Truth(planted(RATIOS), rush=height), seed=3) for height in (0.0, 1.5))
    for group in RATIOS:
        assert ratio(impute(rush), group) == pytest.approx(ratio(impute(calm), group), rel=1e-3)


def test_a_total_ban_is_minus_one_hundred_per_cent_whatever_the_comparison(panel):
    (effect,) = effects_by_placebo(panel, "Coal", draws=39)
    assert effect.ratio == 0 and effect.interval == (0.0, 0.0)
    low, high = effect.loss_interval
    assert low < effect.loss < high < 0
    assert effect.p_value == pytest.approx(1 / 40)


def test_the_table_has_every_banned_group_and_most_truths_inside(panel):
    table = effects_table(panel, draws=99).set_index("group")
    assert list(table.index) == banned_groups(panel)
    # Of four intervals at 90 % one may fail; two or more would have a chance of 5 %.
    truth = 100 * (table.index.map(RATIOS).to_numpy(float) - 1)
    held = (table["lower"] - 1e-9 <= truth) & (truth <= table["upper"] + 1e-9)
    assert held[list(RATIOS)].sum() >= 3
    assert table.loc["Food", "p_value"] > 0.1
    assert (table["loss_lower"] <= table["loss_upper"]).all()


def test_leaving_out_products_gives_the_same_answer(panel):
    group = "Textiles and garments"
    drawn = effect_by_jackknife(panel, group)
    (placebo,) = effects_by_placebo(panel, group, draws=99)
    assert drawn.ratio == placebo.ratio
    assert drawn.interval[0] < drawn.ratio < drawn.interval[1]
    # One measures the group's own dispersion, the other that of products without a ban.
    widths = [np.ptp(np.log(effect.interval)) for effect in (drawn, placebo)]
    assert 0.4 < widths[0] / widths[1] < 2.5
    assert effect_by_jackknife(panel, "Coal").interval == (0.0, 0.0)
    assert effect_by_jackknife(panel, "Coal").loss_interval[1] < 0


def test_placebo_groups_are_products_without_a_ban(panel):
    size = (panel.group == "Seafood").sum()
    for placebo, members in placebo_groups(panel, "Seafood", draws=5, seed=0):
        assert members.sum() == size and "Seafood" not in placebo.group
        assert (placebo.group[members] == "Not banned").all()
    with pytest.raises(PanelError, match="never banned"):
        next(placebo_groups(panel.rows(panel.banned), "Seafood", draws=1, seed=0))


def test_the_path_is_flat_before_and_down_after(panel):
    table = path(panel, "Textiles and garments", draws=39)
    before, after = table[table["first"] < 0], table[table["first"] >= 0]
    assert list(before["first"]) == [-6, -3]
    assert before["ratio"].between(0.7, 1.4).all() and after["ratio"].between(0.1, 0.35).all()
    assert (table["lower"] <= table["ratio"]).all() and (table["ratio"] <= table["upper"]).all()


def test_bounds_on_drift_hold_where_the_plain_interval_fails():
    """Banned goods lose three per cent a month against the others, before the ban and after."""
    truth = Truth(planted(RATIOS), drift=-0.03, noise=0.2, idle=0.0)
    panel = panel_with(truth, seed=2)
    group, design = "Textiles and garments", Design(leads=12)
    bounds = honest_bounds(panel, group, design, length=4, draws=39)
    (plain,) = effects_by_placebo(panel, group, design, [bounds.span], draws=39)
    assert plain.interval[1] < 0.2
    assert bounds.lower < 0.2 < bounds.upper
    narrow = honest_bounds(panel, group, design, m=0.0, length=4, draws=39)
    assert narrow.upper < bounds.upper and narrow.breakdown == bounds.breakdown


def test_drift_that_could_undo_the_effect_has_its_size(exact):
    """Without noise nothing drifted: no multiple of nothing undoes the effect."""
    bounds = honest_bounds(exact, "Seafood", draws=5)
    assert bounds.breakdown > 1e3 and bounds.upper == pytest.approx(0.3, abs=1e-2)
    assert honest_bounds(exact, "Coal", draws=5).breakdown == np.inf


def test_each_product_is_left_out_once(panel):
    table = leave_one_out(panel, "Seafood")
    own = (panel.group == "Seafood").sum()
    assert table["banned"].sum() == own
    assert len(table) == own + (~panel.banned).sum()
    assert table["ratio"].between(0.2, 0.5).all()


def test_whether_anything_was_recorded_is_told_apart(panel):
    coal, food = (extensive_margin(panel, group, draws=39) for group in ("Coal", "Food"))
    assert coal.share == 0 and coal.upper_points < -50
    assert food.lower_points < 0 < food.upper_points
    # Seafood fell to a third, in as many months as before.
    assert extensive_margin(panel, "Seafood", draws=39).points > -15


def test_the_dummy_finds_one_date_and_refuses_a_total_ban(panel, exact):
    dummy = difference_in_differences(exact, "Seafood")
    assert np.exp(dummy.coefficient) == pytest.approx(0.3, abs=1e-5)
    assert difference_in_differences(panel, "Seafood").p_wild < 0.05
    assert difference_in_differences(panel, "Food").p_wild > 0.1
    with pytest.raises(PanelError, match="nothing is recorded"):
        difference_in_differences(panel, "Coal")


def test_intervals_hold_the_planted_ratios_as_often_as_they_say():
    """Twelve panels with six intervals at 90 % each: fewer than eight in ten held would have a
    chance of one in 200 if they were independent. The long run is committed."""
    scores = [
        score
        for seed in range(12)
        for score in score_panel(MEASURES, "parallel", 500 + seed, draws=59)
    ]
    placebo = [score.held for score in scores if score.method == "placebo groups"]
    assert len(placebo) == 72 and np.mean(placebo) >= 0.8
    assert np.mean([s.held for s in scores if s.method == "drift bounded"]) >= 0.75
    errors = [np.log(s.found / s.truth) for s in scores if s.method == "placebo groups" and s.truth]
    assert abs(np.mean(errors)) < 0.1


def test_every_scenario_can_be_scored():
    for scenario in SCENARIOS:
        scores = score_panel(MEASURES, scenario, 1, draws=9)
        assert {score.scenario for score in scores} == {scenario}
        assert all(np.isfinite(score.found) for score in scores)


def test_the_synthetic_control_is_scored():
    assert score_donors(MEASURES, 1, ratio=0.2).found == pytest.approx(0.2, abs=0.1)
