"""A check says what was found, and its verdict follows from the numbers."""

import numpy as np
import pandas as pd
import pytest

from analysis import claims
from analysis.models.checks import (
    Check,
    check_table,
    leakage,
    left_out,
    one_choice,
    placebo_rank,
    rolling_coverage,
)

BASE = pd.Series(
    {"effect_percent": -60.0, "effect_percent_lower": -70.0, "effect_percent_upper": -50.0}
)


def rows(*triples: tuple[float, float, float]) -> pd.DataFrame:
    names = ["effect_percent", "effect_percent_lower", "effect_percent_upper"]
    return pd.DataFrame(triples, columns=names).assign(
        choice=[f"c{number}" for number in range(len(triples))]
    )


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([(-55, -70, -40), (-65, -80, -50)], "pass"),
        ([(-45, -70, -20)], "informs"),
        ([(-20, -30, -10)], "fail"),
        ([(5, -60, 60)], "fail"),
        ([(np.nan, np.nan, np.nan)], "fail"),
        ([(-55, -70, -40), (np.nan, np.nan, np.nan)], "informs"),
    ],
)
def test_the_verdict_on_one_choice(others, verdict):
    found = one_choice("x", BASE, rows(*others), "choice")
    assert found.verdict == verdict
    assert "c0" in found.sentence
    assert found.sentence.startswith("−60 [−70 to −50] % becomes ") or np.isnan(found.number[0])


def test_a_base_without_a_sign_is_not_contradicted_by_one():
    base = pd.Series(
        {"effect_percent": -5.0, "effect_percent_lower": -30.0, "effect_percent_upper": 20.0}
    )
    assert one_choice("x", base, rows((4, -20, 30)), "choice").verdict == "pass"
    # An estimate inside, but clear of zero where the base is not, is news.
    assert one_choice("x", base, rows((-20, -35, -5)), "choice").verdict == "informs"


def test_left_out_names_what_moves_the_estimate_most():
    found = left_out("months", BASE, rows((-59, -70, -50), (-66, -80, -50)), "choice")
    assert "c1 moves it most" in found.sentence and found.number == (-66.0, -59.0)


def test_the_true_date_is_ranked_by_the_size_of_the_fall():
    ends = pd.period_range("2015-01", periods=4, freq="M")
    table = pd.DataFrame({"train_end": ends, "effect_percent": [-20.0, 3.0, 10.0, -15.0]})
    found = placebo_rank("p", table, ends[3])
    assert found.verdict == "informs" and found.number == 2.0
    assert "rank 2 of 4" in found.sentence and "p-value" not in found.sentence


def test_rolling_folds_count_what_they_are_worth():
    inside = rows(*[(0, -10, 10)] * 12)
    outside = rows(*[(20, 10, 30)] * 12)
    # Two independent folds can contradict an interval; they are too few to bear it out.
    assert rolling_coverage("c", inside, 6).verdict == "informs"
    assert rolling_coverage("c", inside, 1).verdict == "pass"
    found = rolling_coverage("c", outside, 6)
    assert found.verdict == "fail" and "about 2 independent" in found.sentence
    half = rolling_coverage("c", pd.concat([inside, outside]), 12)
    assert half.number == 50.0


def test_leakage_makes_the_loss_smaller_by_what_leaked():
    effect, without = np.full(100, -60.0), np.full(100, 100.0)
    found = leakage("l", effect, without, 20.0, "a source")
    assert found.number == pytest.approx((-40.0, -40.0))


def test_one_class_of_check_serves_pages_and_models():
    assert claims.Check is Check
    table = check_table([Check("a", "pass", (-1.0, 2.0), "s"), Check("b", "informs", 3.0, "t")])
    assert table["number"].tolist() == ["−1 to +2", "3"]
    with pytest.raises(ValueError, match="verdict"):
        Check("a", "maybe", 1.0, "s")
