"""Bounds from scattered figures hold the truth, whatever was printed of it."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.models.product_values import (
    INFINITE,
    Printed,
    before_growth,
    close_bounds,
    codes_of,
    heaviest,
    printed_after,
    printed_figures,
    share_amount,
    share_base,
    together,
    window_amount,
)

NUMBERS = itertools.count(1)


def printed(codes, first, last, lower, upper=None, basis="customs", part=False):
    months = pd.Period(first, "M"), pd.Period(last, "M")
    upper = lower if upper is None else upper
    return Printed(codes_of(codes), *months, lower, upper, basis, str(next(NUMBERS)), part)


YEAR = pd.Period("2016-01", "M"), pd.Period("2016-12", "M")


def test_parts_that_overlap_count_once():
    figures = [
        printed("03", "2016-01", "2016-08", 100.0),
        printed("0307", "2016-01", "2016-08", 70.0),
        printed("0306", "2016-03", "2016-03", 20.0),
        printed("03", "2016-10", "2016-10", 25.0),
    ]
    assert heaviest(figures) == 125.0
    # Two headings of the same months do not overlap, and outweigh their chapter's smaller figure.
    assert heaviest([*figures, printed("0306", "2016-01", "2016-08", 40.0)]) == 135.0
    assert (
        heaviest(
            [printed("50-63", "2016-01", "2016-01", 9.0), printed("62", "2016-01", "2016-01", 5.0)]
        )
        == 9.0
    )


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_heaviest_set_is_the_best_of_all_sets(seed):
    rng = np.random.default_rng(seed)
    figures = []
    for _ in range(8):
        first = rng.integers(1, 12)
        last = rng.integers(first, 13)
        code = rng.choice(["03", "0306", "0307", "62"])
        figures.append(
            printed(code, f"2016-{first:02d}", f"2016-{last:02d}", float(rng.integers(1, 50)))
        )
    best = 0.0
    for chosen in range(2 ** len(figures)):
        subset = [one for place, one in enumerate(figures) if chosen >> place & 1]
        if not any(a.overlaps(b) for k, a in enumerate(subset) for b in subset[:k]):
            best = max(best, sum(one.lower for one in subset))
    assert heaviest(figures) == best


def test_a_year_printed_whole_has_both_bounds():
    figures = [
        printed("2701", "2016-01", "2016-12", 1175.0, 1190.0),
        printed("2701", "2016-01", "2016-12", 1185.0, 1200.0),
        printed("2701", "2016-03", "2016-03", 105.5),
    ]
    assert window_amount(figures, ("2701",), *YEAR) == (1185.0, 1190.0)
    # A chapter is no whole of what is printed for a heading of it.
    assert window_amount(figures, ("27",), *YEAR)[1] == INFINITE
    apart = [*figures[:1], printed("2701", "2016-01", "2016-12", 1300.0, 1310.0)]
    assert window_amount(apart, ("2701",), *YEAR) == (1300.0, 1310.0) or window_amount(
        apart, ("2701",), *YEAR
    ) == (1175.0, 1310.0)


def test_a_part_is_the_whole_only_where_another_figure_says_so():
    watches = printed("91", "2019-01", "2019-12", 49.17, 49.19, part=True)
    year = pd.Period("2019-01", "M"), pd.Period("2019-12", "M")
    assert window_amount([watches], ("91",), *year) == (49.17, INFINITE)
    chapter = printed("91", "2019-01", "2019-12", 48.5, 50.0, basis="kita")
    assert window_amount([watches, chapter], ("91",), *year) == (49.17, 49.19)
    larger = printed("91", "2019-01", "2019-12", 60.0, 61.0, basis="kita")
    assert window_amount([watches, larger], ("91",), *year)[1] == INFINITE


def test_korean_sums_bound_from_below_alone():
    figures = [printed("03", "2016-01", "2016-12", 102.0, 103.0, basis="kita")]
    lower, upper = window_amount(figures, ("03",), *YEAR)
    assert lower == pytest.approx(100.0) and upper == INFINITE


@given(
    st.lists(st.floats(0, 100), min_size=3, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.floats(0, 50),
)
@settings(deadline=None)
def test_the_truth_is_inside_the_closed_bounds(truth, known, rest):
    total = sum(truth) + rest + 1.0
    amounts = {
        str(place): ((0.99 * value, 1.01 * value) if known[place] else (0.0, INFINITE))
        for place, value in enumerate(truth)
    }
    bounds = close_bounds(amounts, (0.99 * total, 1.01 * total)).set_index("good")
    for place, value in enumerate(truth):
        row = bounds.loc[str(place)]
        assert row["lower_usd_mn"] - 1e-9 <= value <= row["upper_usd_mn"] + 1e-9
        assert row["lower_percent"] - 1e-9 <= 100 * value / total <= row["upper_percent"] + 1e-9
    names = ["0", "1"]
    lower, upper = together(bounds.reset_index(), names, (0.99 * total, 1.01 * total))
    assert lower - 1e-9 <= 100 * (truth[0] + truth[1]) / total <= upper + 1e-9


def test_goods_that_exceed_their_total_are_refused():
    with pytest.raises(ValueError, match="more than their total"):
        close_bounds({"a": (60.0, 70.0), "b": (50.0, 60.0)}, (100.0, 105.0))
    with pytest.raises(KeyError, match="not all of"):
        together(close_bounds({"a": (1.0, 2.0)}, (9.0, 9.0)), ["a", "b"], (9.0, 9.0))


def test_shares_amounts_and_growth_invert_each_other():
    base = share_base((1185.0, 1190.0), (46.5, 48.0))
    lower, upper = share_amount((46.5, 48.0), base)
    assert lower <= 1185.0 and upper >= 1190.0
    assert before_growth((155.2, 155.2), (0.552, 0.552)) == pytest.approx((100.0, 100.0))


def observations(*rows):
    columns = [
        "product",
        "hs",
        "first",
        "last",
        "basis",
        "value",
        "lower",
        "upper",
        "currency",
        "quantity",
        "set_aside",
    ]
    frame = pd.DataFrame(rows, columns=columns).assign(flow="import")
    frame["row_id"] = [f"t:{place}" for place in range(len(frame))]
    months = {name: pd.PeriodIndex(frame[name], freq="M") for name in ("first", "last")}
    return frame.assign(**months)


TABLE = observations(
    ("wigs", "6704", "2023-01", "2023-12", "customs", 167.0, 166.5, 168.0, "USD", None, None),
    ("wigs", "6704", "2023-01", "2023-12", "customs", 99.0, 98.0, 99.0, "USD", None, "a copy"),
    ("wigs", "6704", "2023-01", "2023-10", "customs", 700.0, 700.0, 700.0, "CNY", None, None),
    ("hair", "0501/6703", "2023-01", "2023-01", "customs", 5.0, 5.0, 5.0, "USD", None, None),
    ("coal", "2701", "2017-10", "2017-10", "customs", None, None, None, None, 0.0, None),
    ("coal", "2701", "2017-11", "2017-11", "customs", None, None, None, None, 5.0, None),
)


def test_usable_figures_of_the_codes_are_read():
    figures = printed_figures(TABLE, "import", ("6704",))
    assert [(one.lower, one.upper) for one in figures] == [(166.5, 168.0)]
    window = (pd.Period("2023-01", "M"), pd.Period("2023-10", "M"))
    yuan = printed_figures(TABLE, "import", ("6704",), {window: (7.0, 7.5)})
    assert [(one.lower, one.upper) for one in yuan][1] == pytest.approx((700 / 7.5, 100.0))
    # Both headings of a row have to lie inside.
    assert printed_figures(TABLE, "import", ("6703",)) == []


def test_months_after_a_ban_say_whether_anything_was_printed():
    table = printed_after(TABLE, "import", ("2701",), pd.Period("2017-10", "M"), "2017-12")
    assert table["nothing"].tolist() == [True, False]
