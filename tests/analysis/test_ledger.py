"""A verdict follows from what the findings say, never from what somebody typed."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd
import pytest

from analysis.claim_entries import ENTRIES
from analysis.ledger import (
    CAVEAT,
    HOLDS,
    NOT_TESTABLE,
    WRONG,
    Above,
    Below,
    Entry,
    LedgerError,
    Meets,
    Part,
    Result,
    account,
    fair_wording,
    ledger,
    read_figures,
    read_results,
    reasons,
    verdict,
)
from analysis.paths import project_paths
from analysis.sources.tables import read_datapackage


def result(id: str, value: float | None, lower: float | None = None, upper: float | None = None):
    return Result(id, "Fell.", value, "%", lower, upper, 0.9, "02_fall", f"finding-{id}")


def entry(*parts: Part, **more) -> Entry:
    if "sensitivity" not in more:
        more.setdefault("steady", "a rule; nothing enters it")
    return Entry("A1", "main", parts, more.pop("fair", "It fell."), **more)


RESULTS = {
    "main": result("main", -54.7, -54.9, -54.5),
    "other": result("other", -54.3, -54.4, -54.2),
    "wide": result("wide", -5.0, -12.0, 2.0),
}


@pytest.mark.parametrize(
    ("test", "name", "answer"),
    [
        (Meets("-54.7"), "main", "holds"),
        (Meets("-54.7"), "other", "fails"),
        (Meets("-54.7", within=0.5), "other", "holds"),
        (Below(-50), "main", "holds"),
        (Below(-60), "main", "fails"),
        (Below(0), "wide", "open"),
        (Above(-60), "main", "holds"),
        (Above(0), "main", "fails"),
        (Above(0), "wide", "open"),
        (Above(-54.9), "main", "holds"),  # the bound itself belongs to the claim
    ],
)
def test_one_test_of_one_finding(test, name, answer):
    assert test.answer(RESULTS[name]) == answer
    assert test.rule


HOLDING = Part("fell by 54.7 %", Meets("-54.7"), {"as printed": "main"})
MIXED = Part("fell by 54.7 %", Meets("-54.7"), {"as printed": "main", "first months": "other"})
FAILING = Part("rose", Above(0), {"as printed": "main"})
OPEN = Part("fell", Below(0), {"estimate": "wide"})
UNKNOWN = Part("was meant to", needs="minutes of the meeting")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((HOLDING,), HOLDS),
        ((HOLDING, HOLDING), HOLDS),
        ((MIXED,), CAVEAT),
        ((OPEN,), CAVEAT),
        ((HOLDING, UNKNOWN), CAVEAT),
        ((HOLDING, FAILING), WRONG),
        ((UNKNOWN, FAILING), WRONG),
        ((UNKNOWN,), NOT_TESTABLE),
        ((UNKNOWN, UNKNOWN), NOT_TESTABLE),
    ],
)
def test_parts_make_a_verdict(parts, expected):
    assert verdict(entry(*parts), RESULTS) == expected


@pytest.mark.parametrize(("months", "expected"), [(4.0, NOT_TESTABLE), (12.0, HOLDS)])
def test_a_comparison_that_too_few_months_carry_decides_nothing(months, expected):
    carried = Part("fell", Below(0), {"x": "main"}, needs="more months", carried_by="months")
    results = RESULTS | {"months": result("months", months)}
    assert verdict(entry(carried), results) == expected
    (reason,) = reasons(entry(carried), results)
    assert ("more months" in reason) == (expected == NOT_TESTABLE)


def test_a_number_that_moves_turns_the_verdict():
    moved = RESULTS | {"main": result("main", -53.0, -53.2, -52.8)}
    assert verdict(entry(HOLDING), RESULTS) == HOLDS
    assert verdict(entry(HOLDING), moved) == WRONG


def test_reasons_name_rule_and_answers():
    (mixed,) = reasons(entry(MIXED), RESULTS)
    assert "meets -54.7" in mixed
    assert "holds (as printed)" in mixed
    assert "fails (first months)" in mixed
    (unknown,) = reasons(entry(UNKNOWN), RESULTS)
    assert "minutes of the meeting" in unknown


def test_the_fair_wording_takes_its_numbers_from_the_findings():
    fair = "It fell by {fall:.1f} % ({fall_lower:.1f} to {fall_upper:.1f})."
    assert (
        fair_wording(entry(HOLDING, fair=fair, numbers={"fall": "main"}), RESULTS)
        == "It fell by −54.7 % (−54.9 to −54.5)."
    )
    with pytest.raises(ValueError, match="typed into it"):
        fair_wording(entry(HOLDING, fair="It fell by 54.7 %."), RESULTS)


def claims(*ids: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": ids, "document": "op-ed", "published": "2019-01", "claim": "It fell by 54.7 %."}
    )


def test_the_ledger_has_one_object_a_claim():
    (found,) = ledger(
        [entry(HOLDING, sensitivity={"first": "other"})],
        claims("A1"),
        RESULTS,
        {"main": ["line 4"]},
    )
    assert found["verdict"] == HOLDS
    assert (found["value"], found["lower"], found["upper"]) == (-54.7, -54.9, -54.5)
    assert (found["notebook"], found["anchor"]) == ("02_fall", "finding-main")
    assert found["sensitivity"]["first"]["value"] == -54.3
    assert found["rests_on"] == ["line 4"]
    json.dumps(found)


@pytest.mark.parametrize("more", [{}, {"sensitivity": {"first": "other"}, "steady": "a rule"}])
def test_an_entry_has_other_readings_or_says_why_it_has_none(more):
    with pytest.raises(LedgerError, match=r"A1.*other readings.*or the reason"):
        Entry("A1", "main", (HOLDING,), "It fell.", **more)


def test_every_claim_has_other_readings_or_says_why_it_has_none():
    assert len(ENTRIES) == 20
    assert all(bool(one.sensitivity) != bool(one.steady) for one in ENTRIES)
    # Rules are steady; whatever was measured can be read in another way.
    assert {one.id for one in ENTRIES if one.steady} == {"A1", "A12"}
    assert all(one.main not in one.sensitivity.values() for one in ENTRIES)


def test_an_account_shows_each_other_reading_with_interval_and_unit():
    moved = entry(HOLDING, sensitivity={"first months": "other", "wide": "wide"})
    (found,) = ledger([moved], claims("A1"), RESULTS, {})
    told = account(found)
    assert "- first months: −54.3 (−54.4 to −54.2) %" in told
    assert "- wide: −5 (−12 to 2) %" in told
    assert found["steady"] == ""


def test_an_account_says_why_nothing_can_vary():
    (found,) = ledger([entry(HOLDING, steady="a rule of law")], claims("A1"), RESULTS, {})
    assert (found["sensitivity"], found["steady"]) == ({}, "a rule of law")
    assert "By no other reading: a rule of law." in account(found)


def test_the_reason_why_nothing_varies_has_no_typed_number():
    with pytest.raises(ValueError, match="typed into it"):
        ledger([entry(HOLDING, steady="9 votes")], claims("A1"), RESULTS, {})


@pytest.mark.parametrize("ids", [("A1", "A2"), ("B1",), ()])
def test_entries_are_exactly_the_claims(ids):
    with pytest.raises(LedgerError, match="one entry a claim"):
        ledger([entry(HOLDING)], claims(*ids), RESULTS, {})


def test_a_finding_that_no_page_has_is_named_with_near_ones():
    lost = Part("fell", Below(0), {"estimate": "main-first"})
    with pytest.raises(LedgerError, match=r"main-first.*main.*build all pages"):
        verdict(entry(lost), RESULTS)


def test_a_finding_without_a_number_is_refused():
    with pytest.raises(LedgerError, match="no number"):
        verdict(entry(HOLDING), RESULTS | {"main": result("main", None)})


@pytest.mark.parametrize(
    "made",
    [
        lambda: Part("nothing"),
        lambda: Part("both", Below(0), {"x": "main"}, needs="more"),
        lambda: Part("no test", None, {"x": "main"}),
    ],
)
def test_a_part_is_tested_or_says_what_it_needs(made):
    with pytest.raises(LedgerError, match="either findings"):
        made()


def test_results_are_read_from_all_pages_and_an_id_stands_once(tmp_path):
    one = result("f", 1.0).__dict__ | {"also": {"first months": [2.0, 1.5, 2.5]}}
    (tmp_path / "a.json").write_text(json.dumps([one]))
    found = read_results(tmp_path)
    assert found["f"] == result("f", 1.0)
    assert found["f: first months"].interval == (1.5, 2.5)
    assert found["f: first months"].anchor == "finding-f"
    (tmp_path / "b.json").write_text(json.dumps([one]))
    with pytest.raises(LedgerError, match="rename one"):
        read_results(tmp_path)
    # The same notebook with other parameters says the same by the same names: it is no second page.
    (tmp_path / "b.json").rename(tmp_path / "a--thin-40.json")
    assert read_results(tmp_path) == found


def test_figures_are_named_by_place_with_the_corrections_among_them():
    rows = "table,line,printed\ngacc_totals,12,268.0\ngacc_totals,14,9\n,,8\n"
    named = dataclasses.replace(result("named", 1.0), csv=rows)
    applied = pd.DataFrame({"table": ["gacc_totals"], "line": [14], "id": ["ten-times-low"]})
    found = read_figures({"named": named, "bare": result("bare", 1.0)}, applied)
    assert found == {
        "named": [
            "data/raw/gacc_totals.csv line 12",
            "data/raw/gacc_totals.csv line 14",
            "correction ten-times-low",
        ]
    }


def test_a_claim_without_named_figures_rests_on_the_tables_of_its_entry():
    (found,) = ledger([entry(HOLDING, tables=("events",))], claims("A1"), RESULTS, {})
    assert found["rests_on"] == ["data/raw/events.csv"]


def test_every_claim_names_tables_that_are_there():
    tables = {resource["name"] for resource in read_datapackage(project_paths())["resources"]}
    assert all(one.tables and set(one.tables) <= tables for one in ENTRIES)
