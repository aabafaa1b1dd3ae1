"""Specifications differ by their choices alone, and a failed one says why."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.counterfactual import Counterfactual
from analysis.models.specifications import (
    ENGINES,
    EVALUATED,
    TRAIN_ENDS,
    Specification,
    adapted,
    effect_draws,
    engine_of,
    estimate,
    left_out_specifications,
    one_choice_changed,
    placebo_ends,
    placebo_specifications,
    specifications,
)
from analysis.models.trade_observations import TradeObservations, Window

MONTHS = pd.period_range("2012-01", "2019-12", freq="M")


@pytest.fixture(scope="module")
def observations() -> TradeObservations:
    """Known months at 200, a fifth of it from March 2017 on."""
    rng = np.random.default_rng(1)
    value = 200 * np.exp(rng.normal(0, 0.05, len(MONTHS)))
    value = np.where(pd.Period("2017-03", "M") <= MONTHS, 0.2 * value, value)
    figures = pd.DataFrame(
        {"kind": "sum", "first": MONTHS, "last": MONTHS, "lower": value - 0.5, "upper": value + 0.5}
    )
    draws = pd.DataFrame(np.tile(value, (5, 1)), columns=MONTHS)
    return TradeObservations("import", "corrected", figures, draws)


def test_there_are_a_thousand_specifications_and_each_has_an_engine():
    every = specifications()
    assert len(every) == len(set(every)) >= 1000
    for one in every:
        engine_of(one)
    assert {one.engine for one in every} == set(ENGINES)
    assert {one.train_end for one in every} == set(TRAIN_ENDS)
    # All evaluate the same months, none of which anyone trains on.
    assert {(one.evaluated_first, one.evaluated_last) for one in every} == {EVALUATED}
    assert max(TRAIN_ENDS) < EVALUATED[0]


@pytest.mark.parametrize("engine", ["segmented", "flat", "structural"])
def test_a_known_fall_is_found(observations, engine):
    row = estimate(Specification("import", engine=engine), observations)
    assert row["error"] is None
    assert row["effect_percent_lower"] <= -80 <= row["effect_percent_upper"]
    assert row["effect_lower"] < row["effect"] < row["effect_upper"] < 0


def test_the_estimate_is_that_of_the_engine_over_the_evaluated_months(observations):
    one = Specification("import", engine="flat", train_end="2016-02")
    effect, percent = effect_draws(one, observations)
    fit: Counterfactual = engine_of(one).fit(
        observations, Window.of("2012-01", "2016-02", "2019-12")
    )
    start = list(fit.window.evaluation).index(pd.Period(EVALUATED[0], "M"))
    recorded = fit.observed[:, start:].sum(axis=1)
    without = fit.simulated[:, start:].sum(axis=1)
    assert effect == pytest.approx(recorded - without)
    assert percent == pytest.approx(100 * (recorded - without) / without)


def test_a_window_outside_the_data_is_an_error_and_no_number(observations):
    row = estimate(Specification("import", engine="flat", first="2011-01"), observations)
    assert "outside the data" in row["error"] and np.isnan(row["effect_percent"])
    row = estimate(Specification("import", engine="flat", first="2015-12"), observations)
    assert "24 effective months" in row["error"]


def test_an_unknown_engine_and_prices_without_use_are_refused():
    with pytest.raises(ValueError, match="'oracle'"):
        engine_of(Specification("import", engine="oracle"))
    with pytest.raises(ValueError, match="takes no prices"):
        engine_of(Specification("import", engine="flat", prices="brent"))


def test_one_choice_at_a_time():
    base = Specification("import")
    for name, others in one_choice_changed(base).items():
        for other in others:
            changed = {
                field for field, value in vars(other).items() if value != getattr(base, field)
            }
            assert changed == {name}


def test_placebos_end_before_the_treatment():
    ends = placebo_ends("2014-12", "2016-11", 6)
    assert (ends[0], ends[-1]) == ("2014-12", "2016-05")
    for one in placebo_specifications(Specification("import"), ends, 6):
        assert one.evaluated_last <= "2016-11"
        first, last = pd.Period(one.evaluated_first, "M"), pd.Period(one.evaluated_last, "M")
        assert first == pd.Period(one.train_end, "M") + 1 and (last - first).n == 5


def test_left_out_months_are_those_with_a_figure_in_training(observations):
    base = Specification("import", first="2016-06")
    chosen = left_out_specifications(base, observations)
    assert [one.without for one in chosen] == [f"2016-{month:02d}" for month in range(6, 12)]
    assert len(adapted(observations, chosen[0]).figures) == len(observations.figures) - 1
