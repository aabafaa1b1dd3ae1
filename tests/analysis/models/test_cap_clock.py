import numpy as np
import pandas as pd
import pytest

from analysis.models.cap import Cap
from analysis.models.cap_clock import (
    Rhythm,
    crossings,
    gaps,
    hindcasts,
    in_reading,
    project,
    rhythm,
)

CAP = Cap(
    ("x",), "refined", 500_000.0, np.nan, pd.Timestamp("2018-01-01"), pd.Timestamp("2018-12-31")
)


def path(lower, upper=None, *, open_months=0, year=2018):
    upper = lower if upper is None else upper
    return pd.DataFrame(
        {
            "month": pd.period_range(f"{year}-01", periods=len(lower), freq="M"),
            "lower_bbl": np.cumsum(lower).astype(float),
            "upper_bbl": np.cumsum(upper).astype(float),
            "open_months": open_months,
        }
    )


def test_a_crossing_has_the_months_of_both_ends():
    found = crossings(path([40e3] * 12, [50e3] * 12), CAP).set_index("threshold")
    # 375,000: the upper end (50,000 a month) reaches it in August, the lower one in October.
    assert [str(found.loc[0.75, end]) for end in ("earliest", "latest")] == ["2018-08", "2018-10"]
    assert found.loc[0.75, "verdict"] == "passed"
    assert str(found.loc[1.0, "earliest"]) == "2018-10" and pd.isna(found.loc[1.0, "latest"])
    assert found.loc[1.0, "verdict"] == "possible"


def test_open_months_leave_a_crossing_unknown():
    assert set(crossings(path([1e3] * 12), CAP)["verdict"]) == {"not passed"}
    assert set(crossings(path([1e3] * 12, open_months=2), CAP)["verdict"]) == {
        "not in what is known"
    }


def test_a_reading_adds_the_suppliers_at_their_own_rates():
    tonnes = pd.DataFrame(
        {
            "month": pd.period_range("2018-01", periods=2, freq="M"),
            "lower_t": [100.0, 200.0],
            "upper_t": [110.0, 210.0],
            "open_months": [0, 1],
        }
    )
    rates = {"China": (6.0, 6.5, 7.0), "Russia": (8.0, 8.0, 8.0)}
    both = in_reading({"China": tonnes, "Russia": tonnes}, rates)
    assert both["lower_bbl"].tolist() == [1_400, 2_800]
    assert both["upper_bbl"].tolist() == [1_650, 3_150]
    assert both["open_months"].tolist() == [0, 2]


def test_gaps_are_named_by_supplier_and_run():
    months = pd.period_range("2020-01", "2020-12", freq="M")
    basis = ["reported"] * 2 + ["open"] + ["derived"] * 6 + ["open"] * 3
    monthly = pd.DataFrame({"supplier": "China", "month": months, "basis": basis})
    assert gaps(monthly, months[0], months[-1]) == "China Mar, Oct–Dec"
    assert gaps(monthly, months[3], months[5]) == ""


def test_a_steady_year_projects_to_twelve_times_its_month():
    steady = Rhythm({2018: np.ones(12), 2019: np.ones(8)}, 0, 24)
    found = project(50e3, pd.Period("2025-05", "M"), steady, hazard=0.0, draws=50, seed=1)
    assert found.cumulative_bbl[:, -1] == pytest.approx(np.full(50, 120e3))
    assert list(found.months) == list(pd.period_range("2025-06", "2025-12", freq="M"))
    # Every month unreported: what was reported stays.
    silent = project(50e3, pd.Period("2025-05", "M"), steady, hazard=1.0, draws=50, seed=1)
    assert (silent.cumulative_bbl == 50e3).all()
    assert found.chance_of(100e3) == 1.0 and silent.chance_of(100e3) == 0.0


def test_an_unreported_month_costs_its_share_on_average():
    steady = Rhythm({2018: np.ones(12)}, 0, 24)
    found = project(50e3, pd.Period("2025-05", "M"), steady, hazard=0.3, draws=20_000, seed=2)
    # 7 months of 10,000 barrels, each kept with chance 0.7.
    assert found.cumulative_bbl[:, -1].mean() == pytest.approx(50e3 + 49e3, rel=0.005)


def test_bands_hold_the_year_as_often_as_they_say():
    """Years drawn from one law: the 80 % band of a year unseen holds it about 80 % of the time."""
    rng = np.random.default_rng(20171222)
    years = {year: rng.gamma(4.0, 10e3, 12) for year in range(1900, 1960)}
    pace = Rhythm({year: months / months.mean() for year, months in years.items()}, 0, 1)
    paths = {year: path(months, year=year) for year, months in years.items()}
    tested = hindcasts(paths, pace, months=(4, 8), level=0.8, draws=400, seed=3)
    # 120 cases; standard error of the share 0.037 were they independent, and they come in pairs.
    assert 0.68 < tested["inside"].mean() < 0.95


def test_the_rhythm_counts_open_months_and_leaves_wide_ones_out():
    months = pd.period_range("2018-01", "2018-12", freq="M")
    rows = []
    for supplier in ("China", "Russia"):
        for month in months:
            wide = supplier == "China" and month.month > 8
            lower, upper = (0.0, np.inf) if wide else (10e3, 10.1e3)
            rows.append((supplier, month, lower, upper))
    monthly = pd.DataFrame(rows, columns=["supplier", "month", "lower_bbl", "upper_bbl"])
    pace = rhythm(monthly, pd.Period("2018-12", "M"))
    assert (pace.unfiled, pace.asked) == (4, 24) and pace.hazard == pytest.approx(1 / 6)
    assert pace.relative[2018] == pytest.approx(np.ones(8))


@pytest.mark.parametrize(
    ("month", "hazard", "said"),
    [("2025-12", 0.1, "nothing is left"), ("2025-05", 1.2, r"\[0, 1\]")],
)
def test_impossible_projections_are_refused(month, hazard, said):
    with pytest.raises(ValueError, match=said):
        project(
            1.0,
            pd.Period(month, "M"),
            Rhythm({1: np.ones(12)}, 0, 1),
            hazard=hazard,
            draws=2,
            seed=1,
        )
