"""What a printed figure says of the unknown months."""

import pandas as pd
import pytest

from analysis.cleaning.conflicts import least_rejection
from analysis.cleaning.system import Solver
from analysis.cleaning.trade_statements import (
    BASIS_RATIOS,
    Printed,
    basis_ratio,
    clusters,
    divide_interval,
    known_terms,
    printed_vintage,
    quantity,
    soundness,
    trade_system,
)
from analysis.paths import project_paths
from analysis.publish import TOTALS, read_evidence

RATES = pd.DataFrame(
    {"lower": 6.48, "upper": 6.52}, index=pd.period_range("2011-01", "2026-12", freq="M")
)


def M(text: str) -> pd.Period:
    return pd.Period(text, "M")


def row(number: int, first: str, last: str, flow: str, value: float | None = None, **more) -> dict:
    """One observation: `value` to the last of two decimals, or `yoy` in per cent."""
    growth = more.pop("yoy", None)
    return {
        "row_id": f"row{number}",
        "publisher": more.pop("publisher", f"agency{number}"),
        "first": M(first),
        "last": M(last),
        "flow": flow,
        "currency": "USD",
        "basis": "customs",
        "release": "month_first" if first == last else "year_to_date",
        "rate_base": "corrected" if growth is not None else "",
        "value": value if value is not None else float("nan"),
        "lower": value - 0.005 if value is not None else float("nan"),
        "upper": value + 0.01 if value is not None else float("nan"),
        "yoy_lower": (growth - 0.1) / 100 if growth is not None else float("nan"),
        "yoy_upper": (growth + 0.1) / 100 if growth is not None else float("nan"),
        **more,
    }


def bounds(rows: list[dict], flow: str, month: str, vintage: str = "first_release"):
    system = trade_system(pd.DataFrame(rows), RATES)
    solver = Solver(system)
    solver.reject(least_rejection(system).chosen)
    return solver.interval(known_terms(system, quantity(flow, M(month), M(month), vintage)))


def test_a_printed_month_is_itself():
    assert bounds([row(1, "2018-08", "2018-08", "import", 19.19)], "import", "2018-08") == (
        pytest.approx((19.185, 19.20), abs=1e-4)
    )


def test_a_total_less_the_exports_gives_the_imports():
    rows = [
        row(1, "2018-08", "2018-08", "total", 219.89),
        row(2, "2018-08", "2018-08", "export", 200.70),
    ]
    lower, upper = bounds(rows, "import", "2018-08")
    assert (lower, upper) == pytest.approx((219.885 - 200.71, 219.90 - 200.695), abs=1e-4)


def test_a_balance_is_exports_less_imports():
    rows = [
        row(1, "2019-10", "2019-10", "balance", 254.46),
        row(2, "2019-10", "2019-10", "export", 270.92),
    ]
    lower, upper = bounds(rows, "import", "2019-10")
    assert lower == pytest.approx(270.915 - 254.47, abs=1e-4)
    assert upper == pytest.approx(270.93 - 254.455, abs=1e-4)


def test_a_year_to_date_less_the_one_before_gives_the_month_up_to_routine_revisions():
    rows = [
        row(1, "2019-01", "2019-01", "export", 100.0, release="year_to_date"),
        row(2, "2019-01", "2019-02", "export", 150.0),
    ]
    lower, upper = bounds(rows, "export", "2019-02")
    assert lower < 50 < upper
    assert upper - lower < 0.6  # rounding 0.03, routine revisions 0.15 % of 100 and of 50


def test_a_growth_rate_reaches_back_to_its_base():
    rows = [row(1, "2019-10", "2019-10", "export", 119.0, yoy=19.0)]
    lower, upper = bounds(rows, "export", "2018-10", "corrected")
    assert lower == pytest.approx(118.995 / 1.191, abs=1e-2)
    assert upper == pytest.approx(119.01 / 1.189, abs=1e-2)


def test_in_a_documented_span_a_rate_speaks_of_the_corrected_base_alone():
    """March 2016 was printed as 239 and fell by 36.5 % to 114.56 on its base of 180."""
    rows = [
        row(1, "2016-03", "2016-03", "import", 239.0),
        row(2, "2017-03", "2017-03", "import", 114.56, yoy=-36.5),
    ]
    first = bounds(rows, "import", "2016-03")
    corrected = bounds(rows, "import", "2016-03", "corrected")
    assert first == pytest.approx((238.995, 239.01), abs=1e-4)
    assert corrected[0] > 179 and corrected[1] < 182


def test_yuan_enter_through_the_rate_of_the_month():
    rows = [row(1, "2018-03", "2018-03", "export", 907.54, currency="CNY")]
    lower, upper = bounds(rows, "export", "2018-03")
    assert lower == pytest.approx(907.535 / 6.52, abs=1e-3)
    assert upper == pytest.approx(907.55 / 6.48, abs=1e-3)


def test_prints_that_agree_are_one_figure_and_others_stay_apart():
    prints = [
        Printed("a", "x", 10.1, 10.0, 10.2),
        Printed("b", "y", 10.2, 10.1, 10.3),
        Printed("c", "z", 12.05, 12.0, 12.1),
    ]
    assert [sorted(p.row_id for p in group) for group in clusters(prints)] == [["c"], ["a", "b"]]


def test_the_likelier_culprit_falls_where_weights_are_equal():
    rows = [
        row(1, "2019-05", "2019-05", "export", 270.71),
        row(2, "2019-05", "2019-05", "import", 19.21),
        row(3, "2019-05", "2019-05", "total", 226.92),
    ]
    assert bounds(rows, "export", "2019-05") == pytest.approx((207.71, 207.71), abs=0.03)


def test_a_second_agency_makes_a_figure_harder_to_reject():
    assert soundness(1) < soundness(2) < soundness(3)
    assert soundness(9) == soundness(30)  # agreement says nothing of an error in the release


@pytest.mark.parametrize(
    ("interval", "ratio", "expected"),
    [((90, 99), (0.9, 1.1), (90 / 1.1, 110)), ((-10, 10), (0.5, 2), (-20, 20))],
)
def test_divide_interval(interval, ratio, expected):
    assert divide_interval(interval, ratio) == pytest.approx(expected)


def test_the_korean_sum_is_the_history_until_2015_and_related_to_it_afterwards():
    assert basis_ratio("kita", "import", M("2015-01"), M("2015-12")) == (1.0, 1.0)
    lower, upper = basis_ratio("kita", "import", M("2017-01"), M("2017-12"))
    assert lower < 1650.6 / 1720 < upper < 1.0
    assert printed_vintage("kita", "recap", M("2016-05")) == "first_release"
    assert printed_vintage("customs", "recap", M("2016-05")) == "corrected"


def test_measured_ratios_hold_on_pairs_printed_for_the_same_period():
    """Every KITA level beside a customs level of the same period and flow, from 2016."""
    totals = read_evidence(project_paths()).used[TOTALS]
    usd = totals[(totals["currency"] == "USD") & (totals["release"] != "recap")]
    keys = ["first", "last", "flow"]
    pairs = usd[usd["basis"] == "kita"].merge(
        usd[usd["basis"] == "customs"],
        on=keys,
        how="inner",
        suffixes=("", "_customs"),
        validate="many_to_many",
    )
    pairs = pairs[(pairs["first"] >= M("2016-01")) & pairs["flow"].isin(["export", "import"])]
    pairs = pairs[pairs["lower"].notna() & pairs["lower_customs"].notna()]
    assert len(pairs) >= 10
    outside = []
    for pair in pairs.itertuples():
        low, high = basis_ratio("kita", pair.flow, pair.first, pair.last)
        possible = (pair.lower / pair.upper_customs, pair.upper / pair.lower_customs)
        if possible[0] > high or possible[1] < low:
            outside.append((str(pair.first), str(pair.last), pair.flow, possible, (low, high)))
    assert outside == []
    assert {entry.basis for entry in BASIS_RATIOS} == {"customs", "kita"}
