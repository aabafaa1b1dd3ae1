"""More paths change the noise and not the law, and a process alone is judged with its error."""

import numpy as np
import pandas as pd

from analysis.models.benchmarks import Flat2016
from analysis.models.counterfactual import interval
from analysis.models.coverage import WINDOW, simulate_series
from analysis.models.headline import coverage_by_process, departures, with_paths
from analysis.models.structural import Structural

TABLE = pd.DataFrame(
    [
        ("a", "all", 1, 0.90, 0.01),
        ("a", "walk", 1, 0.86, 0.03),
        ("a", "trend", 1, 0.97, 0.015),
        ("a", "all", 12, 0.90, 0.01),
        ("a", "walk", 12, 0.79, 0.03),
        ("a", "trend", 12, 0.93, 0.02),
        ("b", "all", 1, 0.50, 0.02),
    ],
    columns=["engine", "process", "horizon", "coverage", "mc_error"],
)


def test_more_paths_are_more_of_the_same():
    many = with_paths(Structural(controls=("brent",)), 4)
    assert (many.paths, many.parameter_draws) == (4000, 200)
    assert many == Structural(controls=("brent",), paths=4000, parameter_draws=200)
    assert with_paths(Flat2016(), 3) == Flat2016(paths=3000)


def test_the_ends_of_an_interval_move_less_with_the_seed():
    known = simulate_series(1).observations

    def spread(times: int) -> float:
        ends = [
            interval(with_paths(Flat2016(seed=seed), times).fit(known, WINDOW).simulated.sum(1))[1]
            for seed in range(12)
        ]
        return float(np.std(ends))

    assert spread(16) < 0.5 * spread(1)


def test_a_process_alone_leaves_the_range_by_chance_or_beyond_it():
    found = departures(TABLE, "a").set_index(["process", "horizon"])
    assert found.index.tolist() == [("walk", 1), ("trend", 1), ("walk", 12)]
    assert found["side"].tolist() == ["too little", "too much", "too little"]
    assert found["beyond_chance"].tolist() == [False, True, True]
    assert departures(TABLE, "b").empty


def test_the_table_by_process_keeps_its_order_and_its_errors():
    table = coverage_by_process(TABLE, ["a"])
    assert table.index.tolist() == [("a", "all together"), ("a", "walk"), ("a", "trend")]
    assert table.loc[("a", "walk")].tolist() == ["86.0\u00a0±\u00a03.0", "79.0\u00a0±\u00a03.0"]
