"""Each fact once: what the others imply is left out, and nothing that they do not imply is."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cleaning.spans import independent

MONTH = pd.Period("2014-01", "M")


def fact(kind: str, first: int, last: int, lower: float = 0.0, upper: float = 0.1) -> tuple:
    return (kind, MONTH + first, MONTH + last, lower, upper)


def test_a_sum_of_known_months_is_not_a_second_fact():
    kept = independent([fact("sum", 0, 2), *(fact("sum", m, m) for m in range(3))])
    assert kept == [fact("sum", m, m) for m in range(3)]


def test_the_shorter_of_two_sums_comes_first_and_both_stand():
    kept = independent([fact("sum", 0, 5), fact("sum", 0, 2)])
    assert {(one[1], one[2]) for one in kept} == {(MONTH, MONTH + 2), (MONTH, MONTH + 5)}


def test_a_rate_over_two_known_spans_is_implied_and_over_an_unknown_one_is_not():
    known = [fact("sum", 0, 0), fact("sum", 12, 12)]
    assert independent([*known, fact("rate", 12, 12)]) == sorted(known, key=lambda one: one[1])
    assert fact("rate", 12, 12) in independent([known[1], fact("rate", 12, 12)])


spans = st.tuples(st.integers(0, 11), st.integers(0, 11)).map(sorted)


@given(st.lists(spans, min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_facts_kept_have_the_rank_of_all(pairs):
    def matrix(facts):
        rows = np.zeros((len(facts), 12))
        for row, (_, first, last, *_) in zip(rows, facts, strict=True):
            row[first.ordinal - MONTH.ordinal : last.ordinal - MONTH.ordinal + 1] = 1
        return rows

    facts = [fact("sum", first, last) for first, last in pairs]
    kept = independent(facts)
    assert np.linalg.matrix_rank(matrix(facts)) == np.linalg.matrix_rank(matrix(kept)) == len(kept)
