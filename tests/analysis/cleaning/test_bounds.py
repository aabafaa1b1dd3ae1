"""Bounds, the smooth path and joint draws on sets whose answers are known."""

import numpy as np
import pytest

from analysis.cleaning.bounds import conditional_bounds, robust_bounds
from analysis.cleaning.conflicts import least_rejection
from analysis.cleaning.draws import joint_draws
from analysis.cleaning.point import smooth_path
from analysis.cleaning.system import INFINITY, Row, Statement, make_system

MONTHS = ("jan", "feb", "mar")


def figure(name: str, terms: dict[str, float], lower: float, upper: float, weight: float = 3.0):
    return Statement(name, "level", (Row(tuple(terms.items()), lower, upper),), weight, (name,))


def quarter(*extra: Statement):
    """Three months that add to 30, each at least 0, and further figures."""
    signs = [figure(f"{m} >= 0", {m: 1}, 0, INFINITY, INFINITY) for m in MONTHS]
    total = figure("sum", dict.fromkeys(MONTHS, 1), 30, 30)
    return make_system(MONTHS, [total, *extra, *signs])


FORMS = {month: [(month, 1.0)] for month in MONTHS}


def test_a_sum_bounds_its_parts():
    bounds = conditional_bounds(quarter(figure("jan", {"jan": 1}, 8, 9)), frozenset(), FORMS)
    assert (bounds["jan"].lower, bounds["jan"].upper) == pytest.approx((8, 9), abs=1e-4)
    assert (bounds["feb"].lower, bounds["feb"].upper) == pytest.approx((0, 22), abs=1e-4)
    assert bounds["feb"].held_by_upper >= {0, 1}


def test_an_unknown_without_a_figure_has_no_upper_bound():
    system = make_system(["jan"], [figure("floor", {"jan": 1}, 3, INFINITY)])
    bounds = conditional_bounds(system, frozenset(), {"jan": [("jan", 1.0)]})
    assert bounds["jan"].lower == pytest.approx(3, abs=1e-4)
    assert bounds["jan"].upper == INFINITY


def test_robust_bounds_hold_both_stories_of_a_tie():
    """January is printed as 8 and as 12; nothing tells which is wrong."""
    system = quarter(figure("8", {"jan": 1}, 8, 8.1), figure("12", {"jan": 1}, 12, 12.1))
    rejection = least_rejection(system, tolerance=0.5)
    narrow = conditional_bounds(system, rejection.chosen, FORMS)
    wide = robust_bounds(system, rejection.alternatives, FORMS, narrow)
    assert narrow["jan"].upper - narrow["jan"].lower == pytest.approx(0.1, abs=1e-4)
    assert (wide["jan"].lower, wide["jan"].upper) == pytest.approx((8, 12.1), abs=1e-4)


def test_robust_bounds_equal_asking_every_alternative_anew():
    system = quarter(
        figure("8", {"jan": 1}, 8, 8.1),
        figure("12", {"jan": 1}, 12, 12.1),
        figure("feb+mar", {"feb": 1, "mar": 1}, 17.5, 18.5),
    )
    rejection = least_rejection(system, tolerance=4.0)
    narrow = conditional_bounds(system, rejection.chosen, FORMS)
    wide = robust_bounds(system, rejection.alternatives, FORMS, narrow)
    for month in MONTHS:
        each = [conditional_bounds(system, out, FORMS)[month] for out in rejection.alternatives]
        assert wide[month].lower == pytest.approx(min(b.lower for b in each), abs=1e-6)
        assert wide[month].upper == pytest.approx(max(b.upper for b in each), abs=1e-6)


def chain(*months: str, scale: float = 10.0):
    return [(month, [(month, 1.0)], scale) for month in months]


def test_the_smooth_path_spreads_an_unknown_sum_evenly():
    path = smooth_path(quarter(), frozenset(), [chain(*MONTHS)], {})
    assert path == pytest.approx(dict.fromkeys(MONTHS, 10.0), abs=1e-3)


def test_the_smooth_path_runs_straight_between_known_ends():
    """Denton's criterion with both ends fixed is a straight line."""
    unknowns = [f"m{i}" for i in range(5)]
    ends = [figure("first", {"m0": 1}, 2, 2), figure("last", {"m4": 1}, 10, 10)]
    # The ridge is on unknowns over their scale: at the scale of the levels it hardly pulls.
    scale = dict.fromkeys(unknowns, 10.0)
    path = smooth_path(make_system(unknowns, ends), frozenset(), [chain(*unknowns)], scale)
    assert list(path.values()) == pytest.approx([2, 4, 6, 8, 10], abs=1e-3)


def test_the_smooth_path_does_not_cross_a_treatment():
    """January is 20 before a ban; February and March share what is left."""
    system = quarter(figure("jan", {"jan": 1}, 20, 20))
    broken = smooth_path(system, frozenset(), [chain("jan"), chain("feb", "mar")], {})
    assert broken == pytest.approx({"jan": 20, "feb": 5, "mar": 5}, abs=1e-3)
    crossed = smooth_path(system, frozenset(), [chain(*MONTHS)], {})
    assert crossed["feb"] > broken["feb"] + 1


def test_draws_keep_a_known_sum_and_spread_over_all_that_it_allows():
    """Three parts of 30, one of them all of it at an extreme point: variance 200, of which a
    mixture of five keeps a third. The uniform law, Dirichlet(1, 1, 1), would have 50."""
    values = joint_draws(quarter(), frozenset(), FORMS, draws=3_000, seed=7)
    assert values.sum(axis=1) == pytest.approx(np.full(3_000, 30.0), abs=1e-3)
    assert values.min() > -1e-4
    # 3,000 extreme points give a share of 30 to within 0.26, mixing adds 0.15: three times 0.30.
    assert values.mean(axis=0) == pytest.approx([10, 10, 10], abs=0.9)
    assert values.var(axis=0) == pytest.approx([200 / 3] * 3, rel=0.1)


def test_a_free_month_has_the_mean_and_the_variance_of_a_uniform_law():
    free = make_system(["jan"], [figure("jan", {"jan": 1}, 4, 16)])
    values = joint_draws(free, frozenset(), {"jan": [("jan", 1.0)]}, draws=3_000, seed=7)[:, 0]
    assert values.mean() == pytest.approx(10, abs=0.3)
    assert values.var() == pytest.approx(12**2 / 12, rel=0.1)


def test_neighbouring_draws_know_nothing_of_each_other():
    """Correlations of 500 independent pairs lie within 0.15 with a probability of 0.999."""
    values = joint_draws(quarter(), frozenset(), FORMS, draws=501, seed=3)
    for lag in (1, 2, 5):
        for column in values.T:
            assert abs(np.corrcoef(column[lag:], column[:-lag])[0, 1]) < 0.15


def test_draws_repeat_with_their_seed_and_differ_with_another():
    first, again, other = (
        joint_draws(quarter(), frozenset(), FORMS, draws=5, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_an_unbounded_form_cannot_be_drawn():
    system = make_system(["jan"], [figure("floor", {"jan": 1}, 3, INFINITY)])
    with pytest.raises(ValueError, match="jan is unbounded"):
        joint_draws(system, frozenset(), {"jan": [("jan", 1.0)]}, draws=1, seed=1)
