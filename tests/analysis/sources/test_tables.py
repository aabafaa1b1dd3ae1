"""The strict reader refuses what is not as described, and says where and what to do."""

from __future__ import annotations

import doctest
import json
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.paths import Paths, project_paths
from analysis.schemas import InputError
from analysis.sources import tables
from analysis.sources.tables import (
    ERRORS_LISTED,
    InputErrors,
    Place,
    parse_column,
    parse_flow,
    parse_number,
    parse_period,
    parse_scale,
    parse_unit,
    printed_interval,
    raise_if_any,
    read_datapackage,
    read_table,
    table_fields,
)

FILE = "data/raw/trade.csv"
COLUMNS = ["period", "flow", "value"]
SOUND = "period,flow,value\n2017,export,3340\n2017-01,import,\n"
HERE = Place(FILE, 7, "value")


def write_table(root: Path, content: str | bytes) -> Paths:
    """A project root whose only raw table, `trade`, holds `content`."""
    paths = project_paths(root)
    paths.raw.mkdir(parents=True, exist_ok=True)
    schema = {"fields": [{"name": name, "type": "string"} for name in COLUMNS]}
    resource = {"name": "trade", "path": "trade.csv", "schema": schema}
    paths.datapackage.write_text(json.dumps({"resources": [resource]}), encoding="utf-8")
    data = content if isinstance(content, bytes) else content.encode()
    (paths.raw / "trade.csv").write_bytes(data)
    return paths


def refusal(root: Path, content: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        read_table(write_table(root, content), "trade")
    assert FILE in str(caught.value)
    return caught.value


def test_doctests() -> None:
    assert doctest.testmod(tables).failed == 0


def test_cells_are_read_as_printed(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path, 'period,flow,value\n2017,export,"0,50"\n'), "trade")
    assert table.loc[2].tolist() == ["2017", "export", "0,50"]
    assert set(table.dtypes.astype(str)) == {"string"}


def test_missing_stays_missing_and_zero_stays_zero(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path, SOUND + "2018,import,0\nNA,import,nan\n"), "trade")
    assert table["value"].isna().tolist() == [False, True, False, False]
    assert table.loc[4, "value"] == "0"
    assert table.loc[5, "period"] == "NA"


def test_index_is_the_line_of_the_file(tmp_path: Path) -> None:
    content = 'period,flow,value\n2017,"ex\nport",1\n2018,import,2\n'
    table = read_table(write_table(tmp_path, content), "trade")
    assert table.index.tolist() == [2, 4]
    assert table.index.name == "line"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SOUND.encode(),
        SOUND.replace("\n", "\r\n").encode(),
        b"value,flow,period\n3340,export,2017\n,import,2017-01\n",
    ],
    ids=["byte order mark", "windows line ends", "other order of columns"],
)
def test_harmless_differences_change_nothing(tmp_path: Path, content: bytes) -> None:
    expected = read_table(write_table(tmp_path, SOUND), "trade")
    pd.testing.assert_frame_equal(read_table(write_table(tmp_path, content), "trade"), expected)


def test_missing_column(tmp_path: Path) -> None:
    error = refusal(tmp_path, "period,value\n2017,3340\n")
    assert (error.row, error.column) == (1, "flow")
    assert "add the column" in str(error)


def test_unexpected_column_suggests_the_one_meant(tmp_path: Path) -> None:
    error = refusal(tmp_path, "period,flow,valeu\n2017,export,3340\n")
    assert isinstance(error, InputErrors)
    unexpected = error.errors[1]
    assert (unexpected.row, unexpected.column) == (1, "valeu")
    assert "did you mean 'value'?" in str(error)


def test_unexpected_column_without_a_neighbour(tmp_path: Path) -> None:
    error = refusal(tmp_path, "period,flow,value,remark\n2017,export,3340,x\n")
    assert (error.row, error.column) == (1, "remark")
    assert "describe it in data/raw/datapackage.json" in str(error)


def test_doubled_column(tmp_path: Path) -> None:
    error = refusal(tmp_path, "period,flow,value,value\n2017,export,1,2\n")
    assert (error.row, error.column, error.found) == (1, "value", "2 times")
    assert "remove or rename" in str(error)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_wrong_encoding_names_the_byte(tmp_path: Path, mark: bytes) -> None:
    content = mark + b"period,flow,value\n2017,export,1\n2018,\xb3\xf6\xbf\xda,2\n"
    error = refusal(tmp_path, content)
    assert (error.row, error.column) == (3, "flow")
    assert "byte 0xb3, number 6 of the line" in str(error)
    assert "save the file as UTF-8" in str(error)


def test_utf_16_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, SOUND.encode("utf-16"))
    assert error.row == 1
    assert "probably in UTF-16" in str(error)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_empty_file(tmp_path: Path, content: str) -> None:
    error = refusal(tmp_path, content)
    assert (error.row, error.found) == (1, "an empty file")
    assert f"git checkout -- {FILE}" in str(error)


def test_header_without_rows(tmp_path: Path) -> None:
    error = refusal(tmp_path, "period,flow,value\n")
    assert "expected rows below the header" in str(error)
    assert f"git checkout -- {FILE}" in str(error)


@pytest.mark.parametrize(
    ("row", "column", "found", "advice"),
    [
        ("2018,export", "value", "2 cells", "keep a comma for each empty cell"),
        ("2018,export,1,234", "value", "4 cells", "quote cells that hold a comma"),
        ("", "period", "an empty line", "delete the empty line"),
    ],
)
def test_ragged_row(tmp_path: Path, row: str, column: str, found: str, advice: str) -> None:
    error = refusal(tmp_path, SOUND + row + "\n")
    assert (error.row, error.column, error.found) == (4, column, found)
    assert advice in str(error)


def test_duplicate_row_names_both_lines(tmp_path: Path) -> None:
    error = refusal(tmp_path, SOUND + "2017,export,3340\n")
    assert error.row == 4
    assert "repeats line 2" in str(error)
    assert "delete line 4 or line 2" in str(error)


def test_nul_byte(tmp_path: Path) -> None:
    error = refusal(tmp_path, SOUND + "2018,ex\0port,1\n")
    assert (error.row, error.column) == (4, "flow")
    assert "save the file as plain UTF-8 text" in str(error)


def test_unclosed_quote_names_the_line_on_which_it_opens(tmp_path: Path) -> None:
    error = refusal(tmp_path, SOUND + '2018,"export,1\n2019,export,2\n')
    assert error.row == 4
    assert "close the quote" in str(error)


def test_missing_file(tmp_path: Path) -> None:
    paths = write_table(tmp_path, SOUND)
    (paths.raw / "trade.csv").unlink()
    with pytest.raises(InputError, match=rf"{FILE}.*git checkout -- {FILE}"):
        read_table(paths, "trade")


def test_unlisted_table_suggests_the_one_meant(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"did you mean 'trade'"):
        table_fields(write_table(tmp_path, SOUND), "trad")


def test_broken_descriptor_names_the_line(tmp_path: Path) -> None:
    paths = write_table(tmp_path, SOUND)
    paths.datapackage.write_text('{\n "resources": [}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"datapackage.json, line 2"):
        read_datapackage(paths)
    paths.datapackage.unlink()
    with pytest.raises(InputError, match=r"git checkout -- data/raw/datapackage.json"):
        read_datapackage(paths)


def test_one_report_holds_all_errors(tmp_path: Path) -> None:
    error = refusal(tmp_path, SOUND + "2018,export\n2017,export,3340\n2018,\0,1\n")
    assert isinstance(error, InputErrors)
    assert sorted(e.row for e in error.errors if e.row) == [4, 5, 6]
    assert str(error).startswith("3 problems:")
    assert all(f"line {line}" in str(error) for line in (4, 5, 6))


def test_long_reports_are_cut_and_say_so(tmp_path: Path) -> None:
    ragged = "".join(f"{year}\n" for year in range(1990, 1990 + ERRORS_LISTED + 5))
    error = refusal(tmp_path, SOUND + ragged)
    assert isinstance(error, InputErrors)
    assert len(error.errors) == ERRORS_LISTED + 5
    assert str(error).count("\n  - data/raw") == ERRORS_LISTED
    assert str(error).endswith("and 5 more")


def test_no_error_raises_nothing() -> None:
    raise_if_any([])


def test_every_table_of_the_project_is_readable() -> None:
    paths = project_paths()
    for resource in read_datapackage(paths)["resources"]:
        if resource["path"].endswith(".csv"):
            table = read_table(paths, resource["name"])
            lines = (paths.raw / resource["path"]).read_text(encoding="utf-8").count("\n")
            assert len(table) == lines - 1


def test_columns_are_parsed_and_all_errors_kept(tmp_path: Path) -> None:
    rows = '2018,export,1.5\n2018-02,export,"1,234"\n2018-03,export,n/a\n'
    table = read_table(write_table(tmp_path, SOUND + rows), "trade")
    values, errors = parse_column(table, "value", parse_number, file=FILE)
    assert values.loc[2] == Decimal(3340)
    assert values.loc[3] is None
    assert values.loc[4] == Decimal("1.5")
    assert [(e.row, e.column) for e in errors] == [(5, "value"), (6, "value")]


@pytest.mark.parametrize(
    ("text", "first", "last", "kind"),
    [
        ("2017", "2017-01", "2017-12", "year"),
        ("2017-12", "2017-12", "2017-12", "month"),
        ("2016-01/2017-03", "2016-01", "2017-03", "span"),
    ],
)
def test_period_forms(text: str, first: str, last: str, kind: str) -> None:
    expected = (pd.Period(first, "M"), pd.Period(last, "M"), kind)
    assert parse_period(text) == expected


@pytest.mark.parametrize(
    "text", ["2017-13", "2017-1", "201701", "2017Q1", "2018-01..06", "", " 2017", "0017", "2017/12"]
)
def test_other_period_forms_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"{FILE}, line 7.*YYYY-MM/YYYY-MM.*in one of these") as e:
        parse_period(text, HERE)
    assert (e.value.row, e.value.column, e.value.found) == (7, "value", text)


@pytest.mark.parametrize("text", ["2017-03/2017-01", "2017-03/2017-03"])
def test_spans_run_forward(text: str) -> None:
    with pytest.raises(InputError, match=f"{FILE}, line 7.*first month.*swap the two months"):
        parse_period(text, HERE)


def test_unknown_flow_and_unit_suggest_the_one_meant() -> None:
    with pytest.raises(InputError, match=f"{FILE}, line 7, column 'value'.*did you mean 'export'"):
        parse_flow("Exports", HERE)
    with pytest.raises(InputError, match=r"'EURO'.*write a unit from the list"):
        parse_unit("EURO", ["USD", "CNY"], HERE)
    with pytest.raises(InputError, match=r"one of USD, CNY.*did you mean 'USD'"):
        parse_unit("usd", ["USD", "CNY"], HERE)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1,234", "thousands separators"),
        ("1 234 567.8", "thousands separators"),
        ("12,5", "decimal point"),
        ("n/a", "leave the cell empty"),
        ("NaN", "leave the cell empty"),
        ("-", "leave the cell empty"),
        ("inf", "write the number alone"),
        ("33%", "percent sign"),
        ("1e6", "without an exponent"),
        (" 5", "spaces"),
        (">1000", "bounds"),
        ("1_000", "write the number alone"),
        ("٣", "write the number alone"),
        ("", "write the number alone"),
    ],
)
def test_not_a_number(text: str, advice: str) -> None:
    with pytest.raises(InputError, match=f"{FILE}, line 7, column 'value'.*{advice}") as caught:
        parse_number(text, HERE)
    assert caught.value.found == text


def test_numbers_keep_their_digits() -> None:
    assert str(parse_number("19.10")) == "19.10"
    assert parse_number("-0.5") == Decimal("-0.5")


@pytest.mark.parametrize("text", ["2", "1e", "0", "10.0", "-1", "1e-3"])
def test_scales_are_powers_of_ten(text: str) -> None:
    with pytest.raises(InputError, match=f"{FILE}, line 7.*power of ten"):
        parse_scale(text, HERE)
    assert parse_scale("1e6") == parse_scale("1000000") == 10**6


@pytest.mark.parametrize(
    ("text", "unit", "digits"),
    [
        ("19.19", "0.01", 4),
        ("19.10", "0.01", 4),
        ("0.319", "0.001", 3),
        ("224", "1", 3),
        ("1450", "10", 3),
        ("800", "100", 1),
        ("3000", "1000", 1),
        ("3000.0", "0.1", 5),
        ("0", "1", 0),
        ("0.0", "0.1", 0),
        ("10", "10", 1),
    ],
)
def test_unit_in_the_last_place(text: str, unit: str, digits: int) -> None:
    interval = printed_interval(text)
    assert interval.unit_in_last_place == Decimal(unit)
    assert interval.significant_digits == digits
    half = Decimal(unit) / 2
    assert interval.value - interval.lower >= half
    assert interval.upper - interval.value == Decimal(unit)


def test_interval_of_no_number_names_the_cell() -> None:
    with pytest.raises(InputError, match=f"{FILE}, line 7, column 'value'"):
        printed_interval("about 5", at=HERE)


@given(
    truth=st.decimals(-(10**9), 10**9, places=6, allow_nan=False),
    place=st.integers(-6, 5),
    rounding=st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN]),
    scale=st.sampled_from([1, 1000, 10**6]),
)
def test_rounded_and_truncated_truths_lie_inside(
    truth: Decimal, place: int, rounding: str, scale: int
) -> None:
    """`place` is the power of ten of the last digit that the publisher kept."""
    kept = (truth.scaleb(-place)).quantize(Decimal(1), rounding=rounding)
    assume(kept or place <= 0)  # a bare "0" does not show that it was rounded to tens
    text = f"{kept.scaleb(place):f}"
    interval = printed_interval(text, scale)
    assert interval.lower <= truth * scale <= interval.upper
