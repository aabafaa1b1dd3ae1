"""The spoiled files are spoiled as their names say, and the judge of messages can fail."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd
import pytest
from gacc_export_files import ENCODING, IN_EVERY_FILE, ROW_LIMIT
from malformed_exports import CASES, PANEL, SOUND, ExportCase, same_as_truth, truth, unmet

BY_NAME = {case.name: case for case in CASES}
OUTCOMES = {"refused", "flagged", "read", "safe"}


def content(name: str) -> bytes:
    return BY_NAME[name].files[BY_NAME[name].file]


def test_there_are_well_over_sixty_cases_of_their_own():
    assert len(BY_NAME) == len(CASES)
    counts = Counter(case.outcome for case in CASES)
    assert set(counts) == OUTCOMES and counts["refused"] > 60
    contents = Counter(tuple(sorted(case.files.items())) for case in CASES)
    assert [key for key, count in contents.items() if count > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_says_what_must_become_of_it(case: ExportCase):
    assert case.file in case.files
    if case.outcome != "refused":
        assert list(case.panel) == IN_EVERY_FILE
    if case.outcome in ("refused", "safe"):
        assert case.action
    assert bool(case.flags) == (case.outcome == "flagged")
    data = case.files[case.file]
    if case.file.endswith(".csv") and case.name not in ("utf16_with_mark", "utf16_without_mark"):
        if case.line is not None:
            lines = re.split(rb"\r\n|\n|\r", data)
            assert case.line <= len(lines)
        if case.found is not None and not any(case.found in name for name in case.files):
            assert any(case.found.encode(ENCODING) in other for other in case.files.values())


def test_a_case_is_written_as_a_folder(tmp_path):
    case = BY_NAME["month_of_name_and_sidecar_differ"]
    path = case.write(tmp_path / "export")
    assert path.read_bytes() == case.files[path.name]
    assert {found.name for found in path.parent.iterdir()} == {"import_201701.csv", "sidecar.yml"}


def test_a_message_is_judged_by_its_facts():
    case = BY_NAME["value_with_letters"]
    said = "import_201701-201702.csv, line 4, column 'US dollar': expected a number. Found: '12a4'."
    assert unmet(case, said) == []
    assert unmet(case, said.replace("line 4", "line 14")) == ["line 4"]
    assert unmet(case, said.replace("12a4", "")) == ["the cell '12a4'"]
    assert len(unmet(case, "something went wrong")) == 5


def test_a_panel_is_judged_to_the_dollar():
    case = BY_NAME["crlf_line_ends"]
    assert same_as_truth(case, truth(PANEL).sample(frac=1, random_state=1))
    spoiled = truth(PANEL)
    spoiled.loc[3, "value_usd"] += 1
    assert not same_as_truth(case, spoiled)
    assert not same_as_truth(case, truth(PANEL).iloc[1:])
    unknown = truth(PANEL).astype({"value_usd": "Float64"})
    unknown.loc[2, "value_usd"] = pd.NA
    assert same_as_truth(BY_NAME["value_dash"], unknown)
    assert not same_as_truth(BY_NAME["value_dash"], unknown.fillna({"value_usd": 0}))


def test_files_are_spoiled_as_named():
    assert content("exactly_10000_rows").count(b"\n") - 1 == ROW_LIMIT
    assert content("one_row_below_the_limit").count(b"\n") - 1 == ROW_LIMIT - 1
    for name in ("latin_1", "cut_inside_a_character"):
        with pytest.raises(UnicodeDecodeError):
            content(name).decode(ENCODING)
    # The danger of this one: it decodes, to other words.
    assert "朝鮮" not in content("shift_jis").decode(ENCODING)
    assert content("gb18030_with_mark").decode(ENCODING).startswith("\ufeff")
    assert content("nul_in_a_cell").count(b"\x00") == 1
    assert content("row_too_short").splitlines()[3].count(b",") < SOUND.splitlines()[3].count(b",")
    assert b'"3061400"' in content("codes_that_lost_their_zeros")
    assert content("quote_never_closed").count(b'"') == SOUND.count(b'"') - 1
    assert content("xlsx_named_csv")[:2] == b"PK" and content("xls_named_csv")[:2] == b"\xd0\xcf"
