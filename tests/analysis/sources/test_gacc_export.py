"""The reader of the query export against files that were written without knowing it."""

from __future__ import annotations

import duckdb
import fsspec
import gacc_export_files as printed
import pandas as pd
import pyarrow as pa
import pytest
from gacc_export_files import (
    IN_EVERY_FILE,
    KEY,
    MIXED,
    ROW_LIMIT,
    YUAN,
    Style,
    truth_panel,
    write_export,
    yuan_per_dollar,
)
from malformed_exports import CASES, ExportCase, same_as_truth, unmet

from analysis.schemas import InputError
from analysis.sources import gacc_export
from analysis.sources.export_naming import export_files
from analysis.sources.export_rows import read_rows
from analysis.sources.gacc_export import (
    Export,
    connect,
    export_panel,
    read_export,
    stored_rows,
    stream_export,
)

SEED = 109
#: The panel names a unit in English, the truth of the written files in Chinese.
CHINESE_UNITS = {english.lower(): chinese for chinese, english in printed.UNITS.items()}


def as_printed(export: Export) -> pd.DataFrame:
    """The panel of an export in the columns of the written truth; rows in yuan have no dollars."""
    panel, _ = export_panel(export)
    return pd.DataFrame(
        {
            "flow": panel["flow"],
            "month": panel["month"],
            "hs8": panel["hs"],
            "partner": panel["partner"].astype(str),
            "value_usd": panel["value_usd"].astype("int64"),
            "quantity": panel["quantity"].astype("Int64"),
            "unit": panel["unit"].map(CHINESE_UNITS),
        }
    )[IN_EVERY_FILE].sort_values(KEY, ignore_index=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_spoiled_file_is_refused_with_its_facts_or_read_without_loss(case: ExportCase, tmp_path):
    case.write(tmp_path)
    try:
        export = read_export(tmp_path)
    except InputError as error:
        assert case.outcome in ("refused", "safe"), str(error)
        assert unmet(case, str(error)) == [], str(error)
        return
    assert case.outcome != "refused", "it was read"
    assert same_as_truth(case, as_printed(export))
    if case.outcome == "flagged":
        flags = export.flags
        words = flags["flag"].str.lower()
        assert words.map(lambda text: any(word in text for word in case.flags)).all()
        assert len(flags) and set(case.lines) <= set(flags.loc[flags["file"] == case.file, "line"])


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return truth_panel(SEED, partners=("109", "133"), last_month="2017-12")


def expected(panel: pd.DataFrame) -> pd.DataFrame:
    return panel[IN_EVERY_FILE].sort_values(KEY, ignore_index=True)


def assert_is_the_truth(export: Export, panel: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        as_printed(export), expected(panel), check_dtype=False, check_exact=True
    )


def test_a_folder_of_every_style_is_the_panel(panel, tmp_path):
    paths = write_export(panel, tmp_path)
    export = read_export(tmp_path)
    assert_is_the_truth(export, panel)
    account = export.files
    assert len(account) == len(paths)
    assert (account["rows_read"] == account["rows_used"] + account["rows_set_aside"]).all()
    assert account["rows_read"].sum() == export.rows.num_rows
    assert account["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_one_file_may_be_read_alone_and_folders_may_lie_in_folders(panel, tmp_path):
    imports = panel[panel["flow"] == "import"]
    (path,) = write_export(imports, tmp_path / "a" / "b", Style(months_per_file=40))
    assert_is_the_truth(read_export(path), imports)
    assert_is_the_truth(read_export(tmp_path), imports)
    assert read_export(tmp_path).files["file"].tolist() == [f"a/b/{path.name}"]


def test_yuan_become_dollars_at_the_rate_of_their_month(panel, tmp_path):
    write_export(panel, tmp_path, YUAN)
    export = read_export(tmp_path)
    months = pd.period_range("2016-01", "2017-11", freq="M")
    rates = pd.Series([yuan_per_dollar(m) for m in months], index=months)
    found, without_rate = export_panel(export, rates)
    truth = panel[panel["month"] <= months[-1]].sort_values(["month", "flow", "partner", "hs8"])
    difference = found["value_usd"].to_numpy() - truth["value_usd"].to_numpy()
    # Yuan are printed whole, so half a yuan is lost.
    assert abs(difference).max() <= 0.5 / rates.min() + 1e-6
    assert len(without_rate) == (panel["month"] == pd.Period("2017-12", "M")).sum()
    assert set(without_rate["reason"]) == {gacc_export.NO_RATE}


def test_dollars_are_taken_where_a_month_is_there_in_both_currencies(panel, tmp_path):
    write_export(panel, tmp_path, Style(months_per_file=24))
    write_export(panel, tmp_path, YUAN)
    export = read_export(tmp_path)
    assert_is_the_truth(export, panel)
    assert len(export.set_aside) == len(panel)
    assert export.set_aside["reason"].str.contains("given in dollars by line").all()


def test_a_file_of_ten_thousand_rows_is_read_when_it_is_vouched_for(tmp_path):
    (case,) = (case for case in CASES if case.name == "exactly_10000_rows")
    case.write(tmp_path)
    with pytest.raises(InputError, match="accept_10000: true"):
        read_export(tmp_path)
    (tmp_path / "sidecar.yml").write_text(f"{case.file}:\n  accept_10000: true\n")
    assert read_export(tmp_path).rows.num_rows == ROW_LIMIT


def test_all_files_with_something_wrong_are_named_at_once(tmp_path):
    for number, case in enumerate(case for case in CASES if case.name.startswith("value_with_l")):
        case.write(tmp_path / str(number))
    for name in ("code_empty", "unit_unknown"):
        next(case for case in CASES if case.name == name).write(tmp_path / name)
    with pytest.raises(InputError) as raised:
        read_export(tmp_path)
    assert {error.file.partition("/")[0] for error in raised.value.errors} == {
        "0",
        "code_empty",
        "unit_unknown",
    }


def test_files_that_are_no_csv_are_not_passed_over(panel, tmp_path):
    write_export(panel, tmp_path, Style(months_per_file=24))
    (tmp_path / "downloadData.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match=r"downloadData\.xlsx.*\.csv"):
        read_export(tmp_path)


# As a stream


@pytest.mark.parametrize("block_bytes", [400, 5_000])
def test_where_blocks_end_makes_no_difference(panel, block_bytes, tmp_path):
    write_export(panel[panel["month"] < pd.Period("2016-07", "M")], tmp_path)
    blocks = 0
    for file in export_files(tmp_path):
        (whole,) = read_rows(file)
        parts = list(read_rows(file, block_bytes))
        assert pa.concat_tables(parts).to_pylist() == whole.to_pylist()
        blocks += len(parts) - 1
    assert blocks > 2


def test_the_stream_is_the_same_export_in_parquet_by_month(panel, tmp_path, monkeypatch):
    monkeypatch.setattr(gacc_export, "ROWS_HELD", 500)
    monkeypatch.setattr(gacc_export, "ROWS_COMPARED", 1_000)
    source = tmp_path / "source"
    shuffled = panel.sample(frac=1, random_state=SEED)
    write_export(shuffled, source, [*MIXED, Style(months_per_file=24)])
    stored = stream_export(source, tmp_path / "stored")
    assert_is_the_truth(stored, panel)
    names = {path.parent.relative_to(tmp_path / "stored").as_posix()
             for path in (tmp_path / "stored").rglob("*.parquet")}  # fmt: skip
    months = {f"flow={f}/month={m}" for f, m in zip(panel["flow"], panel["month"], strict=True)}
    assert names == months | {"."}
    pd.testing.assert_frame_equal(stored.files, read_export(source).files, check_dtype=False)


def test_rows_given_twice_are_found_in_the_stream_too(panel, tmp_path, monkeypatch):
    monkeypatch.setattr(gacc_export, "ROWS_HELD", 500)
    write_export(panel, tmp_path / "source", Style(months_per_file=24))
    write_export(panel.head(40), tmp_path / "source" / "again", Style())
    stored = stream_export(tmp_path / "source", tmp_path / "stored")
    assert_is_the_truth(stored, panel)
    assert len(stored.set_aside) == 40
    assert stored.set_aside["reason"].str.startswith("repeats line").all()


@pytest.mark.parametrize("name", ["cut_inside_a_cell", "latin_1", "another_csv"])
def test_a_spoiled_file_costs_nothing_that_was_stored(name, panel, tmp_path):
    write_export(panel, tmp_path / "source", Style(months_per_file=24))
    stream_export(tmp_path / "source", tmp_path / "stored")
    before = {path: path.read_bytes() for path in (tmp_path / "stored").rglob("*.parquet")}
    next(case for case in CASES if case.name == name).write(tmp_path / "source" / "new")
    with pytest.raises(InputError):
        stream_export(tmp_path / "source", tmp_path / "stored")
    assert {path: path.read_bytes() for path in before} == before
    assert {path.name for path in tmp_path.iterdir()} == {"source", "stored"}


def test_a_stored_export_is_queried_where_it_lies(panel, tmp_path):
    write_export(panel, tmp_path / "source", Style(months_per_file=24))
    write_export(panel.head(5), tmp_path / "source" / "again", Style())
    stream_export(tmp_path / "source", tmp_path / "stored")
    store = fsspec.filesystem("memory")
    store.put(f"{tmp_path}/stored", "/gacc_export", recursive=True)
    connection = duckdb.connect()
    connection.register_filesystem(store)
    wanted = panel.groupby("month")["value_usd"].sum()
    for location in (f"{tmp_path}/stored", "memory://gacc_export"):
        rows = stored_rows(connection, location).aggregate("month, sum(value) AS value").df()
        found = rows.set_index(pd.PeriodIndex(rows["month"], freq="M"))["value"].sort_index()
        assert found.to_dict() == wanted.to_dict()


def test_an_address_that_cannot_be_read_says_what_it_needs(tmp_path):
    with pytest.raises(InputError) as raised:
        stored_rows(connect(), "s3://bucket/gacc_export")
    assert "s3://bucket/gacc_export" in str(raised.value)
    assert "INSTALL httpfs" in str(raised.value) and "s3fs" in str(raised.value)
    with pytest.raises(InputError, match="store it first with `stream_export`"):
        stored_rows(connect(), str(tmp_path / "nowhere"))
