"""Windows and data of an engine: what is refused, and that draws keep their sums."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.trade_observations import (
    FitError,
    TradeObservations,
    Window,
    WindowError,
    effective_months,
    span_matrix,
    trade_observations,
)

MONTHS = pd.period_range("2014-01", "2018-12", freq="M")


def monthly_figures(months=MONTHS) -> pd.DataFrame:
    return pd.DataFrame(
        {"kind": "sum", "first": months, "last": months, "lower": 99.0, "upper": 101.0}
    )


def observations(figures=None, **changes) -> TradeObservations:
    draws = pd.DataFrame(np.full((3, len(MONTHS)), 100.0), columns=MONTHS)
    figures = monthly_figures() if figures is None else figures
    return TradeObservations(
        **{"flow": "import", "vintage": "corrected", "figures": figures, "draws": draws, **changes}
    )


def test_a_window_counts_both_ends():
    window = Window.of("2014-01", "2016-11", "2018-12")
    assert len(window.training) == 35 and len(window.evaluation) == 25
    assert window.evaluation[0] == pd.Period("2016-12", "M")


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (("2016-11", "2014-01", "2018-12"), "first month < end of training"),
        (("2014-01", "2018-12", "2016-11"), "first month < end of training"),
        (("2014-01", "2014-01", "2016-11"), "first month < end of training"),
        (("2014-01", "November", "2016-11"), "YYYY-MM"),
    ],
)
def test_ends_out_of_order_or_of_another_form_are_refused(ends, message):
    with pytest.raises(WindowError, match=message):
        Window.of(*ends)


def test_a_window_outside_the_data_names_the_months():
    with pytest.raises(WindowError, match="2019-01 to 2019-12 outside the data"):
        observations().within(Window.of("2014-01", "2016-11", "2019-12"))


def test_fewer_than_two_years_of_facts_are_refused():
    with pytest.raises(FitError, match=r"at least 24 effective months .* found 23"):
        observations().within(Window.of("2015-01", "2016-11", "2018-12"))


def test_sums_that_repeat_known_months_are_no_further_facts():
    quarters = pd.DataFrame(
        {
            "kind": "sum",
            "first": MONTHS[:24:3],
            "last": MONTHS[2:24:3],
            "lower": 299.0,
            "upper": 301.0,
        }
    )
    assert effective_months(quarters) == 8
    both = pd.concat([monthly_figures(MONTHS[:24]), quarters])
    assert effective_months(both) == 24


def test_figures_that_reach_out_of_the_training_window_are_left_out():
    spanning = pd.DataFrame(
        {
            "kind": ["sum", "rate"],
            "first": [MONTHS[34], MONTHS[2]],
            "last": [MONTHS[35], MONTHS[2]],
            "lower": 0.0,
            "upper": 1.0,
        }
    )
    figures = pd.concat([monthly_figures(), spanning])
    inside = observations(figures).within(Window.of("2014-01", "2016-11", "2018-12"))
    assert len(inside.figures) == 35  # the rate's base is 2013, the sum ends in December 2016
    assert list(inside.draws.columns) == list(MONTHS)


def test_an_unknown_flow_is_refused():
    with pytest.raises(WindowError, match="'imports'"):
        observations(flow="imports")


def test_the_matrix_adds_up_the_months_of_a_span():
    figures = pd.DataFrame({"first": [MONTHS[0], MONTHS[1]], "last": [MONTHS[2], MONTHS[1]]})
    assert span_matrix(figures, MONTHS[:4]).tolist() == [[1, 1, 1, 0], [0, 1, 0, 0]]


def test_a_draw_of_the_total_adds_the_flows_of_the_same_draw():
    rows = [
        (draw, month, flow, "corrected", value + draw)
        for draw in (0, 1)
        for month in MONTHS[:2]
        for flow, value in (("export", 100.0), ("import", 50.0))
    ]
    rows += [(draw, MONTHS[2], "export", "corrected", 100.0) for draw in (0, 1)]
    draws = pd.DataFrame(rows, columns=["draw", "month", "flow", "vintage", "usd_mn"])
    spans = monthly_figures(MONTHS[:2]).assign(flow="total", vintage="corrected")
    total = trade_observations(spans, draws, "total", "corrected")
    # The third month has no import: no total is drawn for it.
    assert total.draws.to_numpy().tolist() == [[150.0, 150.0], [152.0, 152.0]]
    assert list(total.draws.columns) == list(MONTHS[:2])
