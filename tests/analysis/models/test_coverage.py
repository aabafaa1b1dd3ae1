"""The scored series are what they claim to be, and the committed table decides by its rule."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.benchmarks import Flat2016
from analysis.models.counterfactual import HORIZONS
from analysis.models.coverage import (
    ACCEPTED,
    FALLS,
    LEAST_SERIES,
    PROCESSES,
    WINDOW,
    coverage_table,
    headline_engines,
    power_table,
    score,
    simulate_series,
)
from analysis.models.log_figures import drawn_figures, log_interval
from analysis.models.trade_observations import effective_months


@pytest.mark.parametrize("seed", range(len(PROCESSES)))
def test_every_draw_of_a_series_keeps_to_every_figure(seed):
    seen = simulate_series(seed).observations
    lower, upper = log_interval(seen.figures)
    drawn = drawn_figures(seen.figures, seen.draws)
    assert (drawn > lower - 1e-9).all() and (drawn < upper + 1e-9).all()
    assert (seen.draws > 0).all(axis=None)
    assert effective_months(seen.within(WINDOW).figures) >= 45


def test_what_was_recorded_is_the_truth_less_the_known_falls():
    series = simulate_series(6)
    recorded = series.observations.draws[WINDOW.evaluation].mean().to_numpy()
    fall = 1 - recorded / series.without
    assert fall[:12] == pytest.approx(np.full(12, FALLS[0]), abs=0.02)
    assert fall[12:] == pytest.approx(np.full(25, FALLS[1]), abs=0.02)


def test_a_seed_gives_the_same_series():
    first, again = simulate_series(11), simulate_series(11)
    assert first.without.tobytes() == again.without.tobytes()
    assert first.observations.draws.equals(again.observations.draws)


def scores(covered: dict[tuple[str, int], float], number: int = 600) -> pd.DataFrame:
    rows = []
    for (engine, horizon), share in covered.items():
        for seed in range(number):
            rows.append(
                {
                    "seed": seed,
                    "process": list(PROCESSES)[seed % 4],
                    "engine": engine,
                    "horizon": horizon,
                    "covered": seed < share * number,
                    "below": False,
                    "error_percent": 0.0,
                    "width_percent": 30.0,
                    "shows_from": seed / number,
                    "error": "",
                }
            )
    return pd.DataFrame(rows)


def test_an_engine_needs_its_coverage_at_every_horizon_and_from_enough_series():
    good = {("good", horizon): 0.9 for horizon in HORIZONS}
    short = {("short", horizon): 0.8 if horizon == 36 else 0.9 for horizon in HORIZONS}
    wide = {("wide", horizon): 0.99 for horizon in HORIZONS}
    table = coverage_table(scores({**good, **short, **wide}))
    assert headline_engines(table) == ["good"]
    assert headline_engines(coverage_table(scores(good, number=400))) == []
    partial = coverage_table(scores({("partial", 1): 0.9}))
    assert headline_engines(partial) == []


def test_the_monte_carlo_error_is_that_of_a_share():
    line = coverage_table(scores({("good", 12): 0.9})).iloc[0]
    assert line["series"] == 600 and line["coverage"] == pytest.approx(0.9)
    assert line["mc_error"] == pytest.approx(np.sqrt(0.9 * 0.1 / 600), abs=1e-4)


def test_fits_that_failed_are_counted_and_tables_survive_the_disk(tmp_path):
    made = scores({("good", 12): 0.9})
    lost = pd.DataFrame([{**made.iloc[0], "covered": None, "error": "did not converge"}])
    pd.concat([made, lost]).to_csv(tmp_path / "scores.csv", index=False)
    line = coverage_table(pd.read_csv(tmp_path / "scores.csv")).iloc[0]
    assert line["failed"] == 1 and line["series"] == 600 and line["coverage"] == 0.9


def test_power_is_the_fall_that_four_fifths_of_the_series_show():
    line = power_table(scores({("good", 12): 0.9})).iloc[0]
    assert line["detectable_fall_percent"] == pytest.approx(80, abs=0.2)


def test_a_score_says_what_it_measured():
    series = simulate_series(2)
    rows = {row["horizon"]: row for row in score(series, Flat2016(paths=500))}
    assert set(rows) == set(HORIZONS)
    simulated = Flat2016(paths=500).fit(series.observations, WINDOW).simulated
    lower = np.quantile(simulated[:, :12].sum(axis=1), 0.05)
    assert rows[12]["shows_from"] == pytest.approx(1 - lower / series.without[:12].sum())


def test_accepted_coverage_is_around_the_nominal_level():
    assert ACCEPTED == (0.87, 0.93) and LEAST_SERIES == 500
