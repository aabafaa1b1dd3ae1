"""One choice changed, and nothing else with it."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.trade_observations import TradeObservations, WindowError
from analysis.models.variants import in_yuan, pooled_january_february, without_month

MONTHS = pd.period_range("2014-01", "2016-12", freq="M")


def observations(figures: pd.DataFrame | None = None) -> TradeObservations:
    singles = pd.DataFrame(
        {"kind": "sum", "first": MONTHS, "last": MONTHS, "lower": 99.0, "upper": 101.0}
    )
    draws = pd.DataFrame(np.arange(2 * len(MONTHS), dtype=float).reshape(2, -1), columns=MONTHS)
    return TradeObservations("import", "corrected", singles if figures is None else figures, draws)


def test_a_month_left_out_takes_its_own_figure_alone():
    quarter = pd.DataFrame(
        {"kind": "sum", "first": [MONTHS[0]], "last": [MONTHS[2]], "lower": 1.0, "upper": 2.0}
    )
    whole = observations(pd.concat([observations().figures, quarter], ignore_index=True))
    rest = without_month(whole, MONTHS[1]).figures
    assert len(rest) == len(whole.figures) - 1
    assert (rest["last"] == MONTHS[2]).sum() == 2
    with pytest.raises(WindowError, match="2014-02 alone"):
        without_month(without_month(whole, MONTHS[1]), MONTHS[1])


def test_pooling_keeps_the_sum_of_both_months_in_figures_and_draws():
    before = observations()
    after = pooled_january_february(before)
    pairs = after.figures[after.figures["first"] != after.figures["last"]]
    assert [(str(row.first), str(row.last)) for row in pairs.itertuples()] == [
        (f"{year}-01", f"{year}-02") for year in (2014, 2015, 2016)
    ]
    assert (pairs["lower"] == 198).all() and (pairs["upper"] == 202).all()
    assert len(after.figures) == len(before.figures) - 3
    pair = MONTHS[:2]
    assert (after.draws[pair].sum(axis=1) == before.draws[pair].sum(axis=1)).all()
    assert (after.draws[pair[0]] == after.draws[pair[1]]).all()
    assert (after.draws[MONTHS[2]] == before.draws[MONTHS[2]]).all()


def test_half_of_a_pair_is_not_used():
    alone = without_month(observations(), MONTHS[1])
    pooled = pooled_january_february(alone).figures
    assert MONTHS[0] not in set(pooled["first"])


def test_yuan_are_dollars_times_the_rate_and_intervals_hold_the_range_of_rates():
    rates = pd.DataFrame({"lower": 6.0, "upper": 7.0}, index=MONTHS)
    rates.loc[MONTHS[1] :, ["lower", "upper"]] = [6.2, 6.2]
    half = pd.DataFrame(
        {
            "kind": ["sum", "rate"],
            "first": [MONTHS[0], MONTHS[12]],
            "last": [MONTHS[1], MONTHS[12]],
            "lower": [100.0, 0.1],
            "upper": [100.0, 0.1],
        }
    )
    yuan = in_yuan(observations(half), rates)
    assert yuan.figures.loc[0, ["lower", "upper"]].tolist() == pytest.approx([600.0, 700.0])
    rate = yuan.figures.loc[1, ["lower", "upper"]].tolist()
    assert rate == pytest.approx([1.1 * 6.2 / 7.0 - 1, 1.1 * 6.2 / 6.0 - 1])
    assert yuan.draws[MONTHS[5]].tolist() == pytest.approx([5 * 6.2, 41 * 6.2])
    with pytest.raises(WindowError, match="2016-12"):
        in_yuan(observations(), rates.iloc[:-1])
