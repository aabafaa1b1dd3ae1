"""The rejection of least weight, against brute force over all rejections."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.cleaning.conflicts import explain, least_rejection, lightest_cover
from analysis.cleaning.system import INFINITY, Row, Statement, make_system


def figure(name: str, terms: dict[str, float], lower: float, upper: float, weight: float = 1.0):
    return Statement(name, "level", (Row(tuple(terms.items()), lower, upper),), weight, (name,))


def parts_and_total(total: float) -> list[Statement]:
    """a = 2, b = 3, and a printed total."""
    return [
        figure("a", {"a": 1}, 1.9, 2.1, 1.5),
        figure("b", {"b": 1}, 2.9, 3.1, 1.5),
        figure("total", {"a": 1, "b": 1}, total - 0.1, total + 0.1, 1.0),
    ]


def test_figures_that_agree_are_all_kept():
    system = make_system(["a", "b"], parts_and_total(5.0))
    assert least_rejection(system).chosen == frozenset()


def test_the_lightest_of_three_that_contradict_falls():
    system = make_system(["a", "b"], parts_and_total(7.0))
    rejection = least_rejection(system, tolerance=1.0)
    assert rejection.chosen == {2}
    assert rejection.conflicts == (frozenset({0, 1, 2}),)
    assert explain(system, rejection) == {2: frozenset({0, 1, 2})}
    # The two others weigh 0.5 more, within the tolerance of 1.
    assert set(rejection.alternatives) == {frozenset({0}), frozenset({1}), frozenset({2})}


def test_a_tolerance_of_nearly_nothing_leaves_one_choice():
    system = make_system(["a", "b"], parts_and_total(7.0))
    assert least_rejection(system, tolerance=0.1).alternatives == (frozenset({2}),)


def test_one_wrong_figure_is_found_among_many_that_it_contradicts():
    names = [f"m{i}" for i in range(6)]
    figures = [figure(name, {name: 1}, 9.9, 10.1) for name in names[1:]]
    figures.append(figure("m0", {"m0": 1}, 99.9, 100.1))
    figures.append(figure("half", dict.fromkeys(names[:3], 1), 29.5, 30.5))
    figures.append(figure("year", dict.fromkeys(names, 1), 59.5, 60.5))
    # Without signs another month could be negative and make up for the wrong one.
    figures += [figure(f"{name} >= 0", {name: 1}, 0, INFINITY, INFINITY) for name in names]
    system = make_system(names, figures)
    rejected = least_rejection(system).chosen
    assert [system.statements[i].id for i in rejected] == ["m0"]


def test_definitions_that_contradict_each_other_are_an_error():
    impossible = [figure("x", {"x": 1}, 1, 2, INFINITY), figure("y", {"x": 1}, 3, 4, INFINITY)]
    with pytest.raises(ValueError, match="definitions contradict each other"):
        least_rejection(make_system(["x"], impossible))


def feasible(system, kept) -> bool:
    """Asked of scipy, independently of the module under test."""
    rows, right = [], []
    for index in kept:
        for row in system.statements[index].rows:
            line = np.zeros(len(system))
            for name, coefficient in row.terms:
                line[system.position[name]] += coefficient
            rows += [line, -line]
            right += [row.upper, -row.lower]
    if not rows:
        return True
    answer = linprog(
        np.zeros(len(system)), A_ub=np.array(rows), b_ub=np.array(right), bounds=(None, None)
    )
    return answer.status == 0


def brute_force_weight(system) -> float:
    indices = range(len(system.statements))
    weights = [statement.weight for statement in system.statements]
    return min(
        sum(weights[i] for i in out)
        for size in range(len(weights) + 1)
        for out in combinations(indices, size)
        if feasible(system, [i for i in indices if i not in out])
    )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
def test_no_lighter_rejection_exists(data):
    """Random sums over four unknowns, some wrong; weights from 1 to 3."""
    names = ["a", "b", "c", "d"]
    truth = dict(zip(names, (5.0, 7.0, 11.0, 13.0), strict=True))
    figures = []
    for number in range(7):
        chosen = data.draw(st.sets(st.sampled_from(names), min_size=1, max_size=3))
        error = data.draw(st.sampled_from([0.0, 0.0, 4.0, -6.0]))
        weight = data.draw(st.sampled_from([1.0, 1.7, 2.9]))
        value = sum(truth[name] for name in chosen) + error
        figures.append(
            figure(str(number), dict.fromkeys(sorted(chosen), 1), value - 0.1, value + 0.1, weight)
        )
    system = make_system(names, figures)
    rejection = least_rejection(system)
    assert feasible(system, [i for i in range(7) if i not in rejection.chosen])
    assert rejection.weight == pytest.approx(brute_force_weight(system))


def test_the_lightest_cover_prefers_one_heavy_shared_member_when_it_is_cheaper():
    conflicts = [frozenset({0, 1}), frozenset({0, 2}), frozenset({0, 3})]
    assert lightest_cover(conflicts, np.array([2.5, 1, 1, 1])) == {0}
    assert lightest_cover(conflicts, np.array([3.5, 1, 1, 1])) == {1, 2, 3}
