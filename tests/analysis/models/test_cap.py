from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from analysis.models.cap import (
    CRUDE,
    cap_on,
    cap_periods,
    cut_against_baselines,
    require_cap,
)
from analysis.paths import project_paths
from analysis.sources.petroleum_rules import petroleum_rules


@pytest.fixture(scope="module")
def rules():
    return petroleum_rules(project_paths())


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2017-10-01", "2017-10-01", "2017-12-31"),
        ("2017-12-31", "2017-10-01", "2017-12-31"),
        ("2018-01-01", "2018-01-01", "2018-12-31"),
        ("2024-02-29", "2024-01-01", "2024-12-31"),
    ],
)
def test_the_cap_of_a_date(rules, day, first, last):
    cap = cap_on(rules, day)
    assert (cap.barrels, str(cap.first.date()), str(cap.last.date())) == (500_000, first, last)


def test_the_superseded_rule_is_shown_only_when_asked_for(rules):
    assert cap_on(rules, "2018-06-01", superseded=True).barrels == 2_000_000
    assert cap_on(rules, "2018-06-01").rule_ids == ("2397-05a",)
    assert cap_on(rules, "2019-06-01", superseded=True) is None


def test_the_crude_cap_runs_from_december_to_december_in_both_units(rules):
    cap = cap_on(rules, "2019-12-21", CRUDE)
    assert (cap.barrels, cap.tonnes) == (4_000_000, 525_000)
    assert (str(cap.first.date()), str(cap.last.date())) == ("2018-12-22", "2019-12-21")
    assert str(cap_on(rules, "2019-12-22", CRUDE).first.date()) == "2019-12-22"


def test_a_delivery_outside_every_rule_is_refused(rules):
    assert cap_on(rules, "2017-09-30") is None
    with pytest.raises(ValueError, match="no rule caps refined petroleum products on 2017-09-30"):
        require_cap(rules, "2017-09-30")


def test_rules_that_disagree_are_refused(rules):
    revived = rules.assign(recurrence=rules["recurrence"].replace("superseded", "annual"))
    with pytest.raises(ValueError, match="different size"):
        cap_on(revived, "2018-06-01")


def test_periods_follow_one_another_without_a_gap(rules):
    periods = cap_periods(rules, "2020-03")
    assert [len(cap.months) for cap in periods] == [3, 12, 12, 12]
    for before, after in pairwise(periods):
        assert after.first == before.last + pd.Timedelta(days=1)


def test_restated_caps_and_chinas_announcements_agree_with_the_resolutions(rules):
    """What other rows say of a cap of refined products is 500,000 or 2,000,000 barrels."""
    refined = rules[
        rules["role"].isin(["restated", "china"]) & rules["product"].str.startswith("refined")
    ]
    assert set(refined["upper_bbl"].dropna()) == {500_000, 2_000_000}
    crude = rules[
        rules["role"].isin(["restated", "china"]) & rules["product"].str.startswith("cru")
    ]
    assert set(crude["upper_bbl"].dropna()) == {4_000_000}
    assert set(crude["upper_t"].dropna()) == {525_000}
    china = rules.set_index("rule_id").loc[["MOFCOM-52-a", "MOFCOM-4-refined"]]
    assert (china["upper_t"] == 60_000).all()


def test_the_cut_depends_on_the_baseline(rules):
    cuts = cut_against_baselines(
        rules, cap_on(rules, "2018-01-01"), barrels_per_tonne=(7.46, 8.33)
    ).set_index("rule_id")
    assert cuts.loc["claim-baseline", "lower_percent"] == pytest.approx(100 * (1 - 0.5 / 4.5))
    assert cuts.loc["baseline-2m", "lower_percent"] == 75
    # 280,000 t at either rate; "up to 450,000 t" bounds the cut from above alone.
    eia = cuts.loc["baseline-EIA280"]
    assert eia["lower_percent"] == pytest.approx(100 * (1 - 0.5e6 / (280_000 * 7.46)))
    assert eia["upper_percent"] == pytest.approx(100 * (1 - 0.5e6 / (280_000 * 8.33)))
    assert np.isnan(cuts.loc["baseline-KOTRA450", "lower_percent"])
