import math

import pandas as pd
import pytest

import notebook_build
from analysis.claims import FINDING, check, compare, finding, prose, quote, source_rows


def test_kind_of_output_is_the_builders():
    assert FINDING == notebook_build.FINDING


def test_a_number_typed_into_a_sentence_is_refused():
    with pytest.raises(ValueError, match=r"'54\.7'"):
        quote("In 2018 trade fell by 54.7 %.")


def test_years_may_be_typed_and_a_minus_is_a_minus():
    assert quote("In 2018: {x:.1f} %", x=-31.66) == "In 2018: −31.7 %"
    assert quote("{who} in 2018-2019", who="a-b") == "a-b in 2018-2019"


@pytest.mark.parametrize("missing", [math.nan, float("nan")])
def test_a_missing_number_is_not_quoted(missing):
    with pytest.raises(ValueError, match="missing"):
        quote("about {x:.0f}", x=missing)


def test_prose_is_markdown():
    assert prose("**{x:,.0f}** barrels", x=91909.0)._repr_markdown_() == "**91,909** barrels"


def test_finding_hands_over_sentence_number_and_interval():
    result = finding(
        "fall",
        "Fell by {value:.0f} % ({n} months).",
        value=33,
        unit="%",
        lower=32.5,
        upper=34,
        n=12,
    )
    payload = result._repr_mimebundle_()[FINDING]
    assert payload == {
        "id": "fall",
        "sentence": "Fell by 33 % (12 months).",
        "value": 33.0,
        "unit": "%",
        "lower": 32.5,
        "upper": 34.0,
        "level": None,
        "csv": "",
        "also": {},
    }


@pytest.mark.parametrize("limits", [{"lower": 1.0}, {"lower": 2.0, "upper": 3.0}])
def test_finding_needs_its_number_inside_both_ends(limits):
    with pytest.raises(ValueError, match="finding x"):
        finding("x", "{value}", value=1.5, **limits)


@pytest.mark.parametrize(
    ("computed", "printed", "verdict"),
    [
        (-54.65, "-54.7", "pass"),
        (-54.64, "-54.7", "fail"),
        ((-55.3, -54.76), "−54.7", "fail"),
        ((-55.3, -54.74), "−54.7", "pass"),
        (91_909.4, "91,909", "pass"),
        (91_909.6, "91,909", "fail"),
    ],
)
def test_a_printed_figure_stands_for_all_that_round_to_it(computed, printed, verdict):
    assert compare("x", computed, printed).verdict == verdict


def test_check_names_both_numbers():
    with pytest.raises(AssertionError, match=r"A5: printed -33 .* recomputed -36\.4 to -36"):
        check("A5", (-36.4, -36.0), "-33")
    assert check("2020", 144_488.0, "149,000", within=5_000).verdict == "pass"


def test_source_rows_name_place_print_and_source_of_observations():
    rows = pd.DataFrame(
        {
            "row_id": ["t:b", "t:a"],
            "table": ["t", "t"],
            "line": [9, 2],
            "printed": ["1.0", "2.50"],
            "product": [None, None],
            "source_publisher": ["KBS", "VOA"],
            "source": ["https://example.org/b", "https://example.org/a"],
            "lower": [0.95, 2.495],
        }
    )
    told = finding("f", "It fell by {value:.0f} %.", value=3, rows=rows).csv
    assert told == (
        "table,line,printed,source_publisher,source\n"
        "t,2,2.50,VOA,https://example.org/a\nt,9,1.0,KBS,https://example.org/b\n"
    )


def test_rows_of_other_tables_stay_whole_and_none_is_refused():
    months = pd.DataFrame({"month": pd.period_range("2018-01", periods=2, freq="M"), "x": [1.5, 2]})
    assert source_rows(months) == "month,x\n2018-01,1.5\n2018-02,2\n"
    with pytest.raises(ValueError, match="rows are empty"):
        finding("f", "So.", rows=months.head(0))
    assert finding("f", "So.").csv == ""
