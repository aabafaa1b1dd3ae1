from itertools import pairwise

import pandas as pd
import pytest

from analysis.models.tanker_counts import (
    implied_share,
    nested_paces,
    overlap_table,
    tanker_counts,
    windows_by_year,
)
from analysis.paths import project_paths
from analysis.sources.petroleum_estimates import illicit_estimates

FIRST_CAPPED = pd.Timestamp("2017-10-01")


@pytest.fixture(scope="module")
def estimates():
    return illicit_estimates(project_paths())


@pytest.fixture(scope="module")
def counts(estimates):
    return tanker_counts(estimates)


def rounded(value):
    return value - 0.5, value + 0.5


def test_two_printed_scenarios_are_exact_and_one_only_comes_near():
    low, high = implied_share(rounded(759_793), rounded(1_367_628), 0.9)
    assert low <= 0.5 <= high and high - low < 2e-6
    low, high = implied_share(rounded(1_015_588), rounded(1_523_381), 0.9)
    assert low <= 0.6 <= high
    # 590,000 of 1,630,000, both rounded to 10,000: up to 33.05 %, short of a third.
    _, high = implied_share((585_000, 595_000), (1_625_000, 1_635_000), 0.9)
    assert 0.32 < high < 1 / 3


def test_a_volume_over_its_share_fixes_the_capacity(counts):
    """Both scenarios of 2023 leave one capacity: that of either at its own share."""
    low, high = counts["2023-09"].capacity_bbl
    assert high - low < 2
    for share, printed in ((0.9, 1_523_381), (0.6, 1_015_588)):
        assert printed - 0.5 <= share * low and share * high <= printed + 1
    # Rounded alone, without digits cut off, there is such a capacity too.
    assert max(1_523_380.5 / 0.9, 1_015_587.5 / 0.6) < min(1_523_381.5 / 0.9, 1_015_588.5 / 0.6)
    assert counts["2019-04"].capacity_bbl is None


def test_nested_counts_fit_and_leave_windows_that_do_not_overlap(estimates, counts):
    years = windows_by_year(counts, estimates)
    assert [window.calls for window in years[2022]] == [27, 18]
    assert [window.calls for window in years[2023]] == [46, 41]
    assert set(years) == {2018, 2019, 2020, 2022, 2023, 2024}
    for windows in years.values():
        for before, after in pairwise(windows):
            assert after.first == before.last + pd.Timedelta(days=1)
        assert all(0 < w.capacity_bbl[0] <= w.capacity_bbl[1] for w in windows)
    # The year's calls and capacity are those of its largest count, no more.
    assert sum(w.calls for w in years[2018]) == counts["2018"].calls == 263
    whole = counts["2018"].capacity_bbl
    assert sum(w.capacity_bbl[0] for w in years[2018]) == pytest.approx(whole[0], abs=5)


def test_paces_of_nested_windows(estimates, counts):
    paces = nested_paces(windows_by_year(counts, estimates)).set_index("year")
    assert paces.loc[2018, "first_per_day"] == pytest.approx(89 / 150)
    assert paces.loc[2018, "later_per_day"] == pytest.approx(174 / 215)


def test_every_row_has_one_fate_and_nothing_is_added_twice(estimates, counts):
    table = overlap_table(estimates, counts, FIRST_CAPPED)
    assert table["row_id"].is_unique and table["fate"].str.len().gt(0).all()
    counted = table["fate"].str.startswith("count")
    assert set(table.loc[counted, "row_id"]) == {r for c in counts.values() for r in c.row_ids}
    calls = estimates[estimates["measure"].eq("calls") & estimates["value"].notna()]
    assert len(calls) == len(counts)
    transfers = table.loc[estimates["measure"] == "transfers", "fate"]
    assert transfers.str.startswith("transfers at sea").all()
    legal = table.loc[estimates["last_day"] < FIRST_CAPPED, "fate"]
    assert (legal == "legal deliveries before any cap").all()


def test_a_negative_volume_and_a_volume_that_no_capacity_fits_are_refused(estimates):
    printed = estimates["value"].eq(1_523_381)
    wrong = estimates.assign(
        lower=estimates["lower"].mask(printed, 1_900_000.0),
        upper=estimates["upper"].mask(printed, 1_900_001.0),
    )
    with pytest.raises(ValueError, match="no capacity fits"):
        tanker_counts(wrong)
    with pytest.raises(ValueError, match="negative"):
        tanker_counts(estimates.assign(value=estimates["value"].mask(printed, -1.0)))
    with pytest.raises(ValueError, match="0 rows give its calls"):
        tanker_counts(estimates[estimates["value"] != 87])
