"""A correction finds its row, does what it says, and fails once it no longer applies."""

from __future__ import annotations

import re
import shutil
from collections import Counter

import pandas as pd
import pytest
import yaml

from analysis.cleaning.corrections import LOG_COLUMNS, apply_corrections, read_corrections
from analysis.paths import Paths, project_paths
from analysis.schemas import InputError
from analysis.sources.corrections import FILE, NUMBERS, ROW
from analysis.sources.labels import SUBJECT
from analysis.sources.observations import (
    commodity_observations,
    delivery_observations,
    petroleum_observations,
    totals_observations,
)
from analysis.sources.tables import InputErrors

REAL = project_paths()
TOTALS = "gacc_totals"
READERS = {
    TOTALS: totals_observations,
    "gacc_commodities": commodity_observations,
    "gacc_petroleum": petroleum_observations,
    "petroleum_reported_deliveries": delivery_observations,
}

#: A row that is printed once: imports of August 2018, USD 19.19 million.
AUGUST = {"period": "2018-08", "flow": "import", "value": "19.19"}


def entry(**changes: object) -> dict:
    """A sound override of the August figure, with `changes`; a change to None drops the key."""
    base = {
        "id": "test",
        "table": TOTALS,
        "match": AUGUST,
        "action": "override",
        "column": "value",
        "to": "91.91",
        "expected": {"lower": 91.9, "upper": 92},
        "reason": "Digits swapped.",
        "evidence": "90 + 1.91 = 91.91",
    }
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A root with the real tables and labels and no corrections."""
    copy = project_paths(tmp_path)
    shutil.copytree(REAL.raw, copy.raw)
    copy.corrections.write_text("[]\n", encoding="utf-8")
    return copy


def write(paths: Paths, *entries: dict) -> None:
    text = yaml.safe_dump(list(entries), allow_unicode=True, sort_keys=False)
    paths.corrections.write_text("# known misprints\n" + text, encoding="utf-8")


def corrected(paths: Paths, *entries: dict) -> tuple[pd.Series, pd.DataFrame]:
    """The observation that the entries change, and the log."""
    write(paths, *entries)
    frame, log = apply_corrections(totals_observations(paths), read_corrections(paths))
    (row_id,) = log["row_id"].unique()
    return frame.set_index("row_id").loc[row_id], log


def error_of(paths: Paths, *entries: dict) -> InputError:
    write(paths, *entries)
    with pytest.raises(InputError) as caught:
        read_corrections(paths)
    return caught.value


@pytest.fixture(scope="module")
def real() -> dict[str, tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """For each table its observations as printed, corrected, and the log."""
    corrections = read_corrections(REAL)
    frames = {name: read(REAL) for name, read in READERS.items()}
    return {name: (frame, *apply_corrections(frame, corrections)) for name, frame in frames.items()}


def test_every_entry_of_the_list_is_applied_once(real):
    listed = Counter(e["id"] for e in yaml.safe_load(REAL.corrections.read_text("utf-8")))
    logged = Counter(name for _, _, log in real.values() for name in log["id"])
    assert logged == listed
    assert set(listed.values()) == {1}


def test_only_listed_rows_change(real):
    for before, after, log in real.values():
        kept = ~before["row_id"].isin(log["row_id"])
        pd.testing.assert_frame_equal(before[kept], after[kept])
        assert after["row_id"].tolist() == before["row_id"].tolist()
        assert after.dtypes.equals(before.dtypes)


def test_no_number_is_corrected_without_an_expectation():
    entries = yaml.safe_load(REAL.corrections.read_text("utf-8"))
    bare = [e for e in entries if "expected" not in e]
    assert all(e["column"] not in NUMBERS or e["to"] == "" for e in bare)
    assert len(bare) < len(entries) / 5


@pytest.mark.parametrize(
    ("table", "line", "column", "value"),
    [
        (TOTALS, 342, "value", 260.0),
        (TOTALS, 348, "value", 54.34),
        (TOTALS, 679, "value", 69.90),
        (TOTALS, 755, "value", 240.36),
        (TOTALS, 552, "yoy_lower", -0.74),
        ("gacc_commodities", 27, "value", 13.229),
        ("gacc_commodities", 202, "quantity", 3500.0),
        ("gacc_commodities", 261, "value", 1650.6),
        ("gacc_commodities", 539, "value", 19.9),
        ("gacc_petroleum", 69, "quantity", 2800.0),
        ("petroleum_reported_deliveries", 228, "quantity", 34_000.0),
        ("petroleum_reported_deliveries", 189, "barrels", 300_202.651),
        ("petroleum_reported_deliveries", 259, "barrels", 12_009.0),
    ],
)
def test_known_misprints_are_put_right(real, table, line, column, value):
    after = real[table][1].set_index("line")
    assert after.loc[line, column] == pytest.approx(value)


@pytest.mark.parametrize("line", [60, 80, 186, 230, 331, 506, 615, 790])
def test_known_misprints_are_set_aside_with_their_reason(real, line):
    _, after, log = real[TOTALS]
    own = log.set_index("line").loc[line]
    reason = after.set_index("line").loc[line, "set_aside"]
    assert reason == f"correction {own['id']}: {own['reason']}"


def test_an_override_brings_its_own_interval(paths):
    row, log = corrected(paths, entry())
    assert (row["value"], row["lower"], row["upper"]) == (91.91, 91.90, 91.92)
    assert row["printed"] == "91.91"
    assert pd.isna(row["set_aside"])
    assert log.columns.tolist() == list(LOG_COLUMNS)
    assert log.loc[0, ["before", "after"]].tolist() == ["19.19", "91.91"]


def test_an_override_may_empty_a_cell(paths):
    match = {"period": "2018", "flow": "total", "yoy_pct": "-51.4", "source_publisher": "Newsis"}
    row, log = corrected(paths, entry(match=match, column="yoy_pct", to="", expected=None))
    assert pd.isna(row["yoy_lower"])
    assert pd.isna(row["yoy_printed"])
    assert row["value"] == 2431
    assert pd.isna(log.loc[0, "after"])


@pytest.mark.parametrize(
    ("factor", "value", "lower", "upper"),
    [
        ("0.1", 1.919, 1.918, 1.920),
        ("10", 191.9, 191.8, 192.0),
        ("100", 1919, 1918, 1920),
        ("1000", 19190, 19180, 19200),
    ],
)
def test_scaling_keeps_the_printed_digits(paths, factor, value, lower, upper):
    expected = {"lower": value - 0.001, "upper": value + 0.001}
    row, _ = corrected(paths, entry(action="scale", to=factor, expected=expected))
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((value, lower, upper))


def test_scaling_a_round_number_makes_no_zero_certain(real):
    after = real["petroleum_reported_deliveries"][1].set_index("line").loc[228]
    assert after["quantity_printed"] == "34000"
    assert (after["quantity_lower"], after["quantity_upper"]) == (33_500, 35_000)


def test_swapping_flows_changes_the_flow_alone(paths):
    expected = {"lower": 19, "upper": 20}
    row, log = corrected(paths, entry(action="swap_flows", column=None, to=None, expected=expected))
    assert (row["flow"], row["value"]) == ("export", 19.19)
    assert log.loc[0, ["column", "before", "after"]].tolist() == ["flow", "import", "export"]


def test_setting_a_rate_aside_leaves_the_value_in_use(paths):
    rated = totals_observations(paths).set_index("line").loc[369]
    match = {"period": "2018", "source_publisher": "Newsis", "flow": "total", "yoy_pct": "-51.4"}
    row, _ = corrected(
        paths,
        entry(
            action="set_aside",
            match=match,
            column="yoy_pct",
            to=None,
            expected={"lower": -51.2, "upper": -51.1},
        ),
    )
    assert pd.isna(row["yoy_lower"])
    assert row["value"] == rated["value"]
    assert pd.isna(row["set_aside"])


def test_setting_a_value_aside_leaves_the_rate_in_use(paths):
    match = {"period": "2015", "flow": "total", "value": "5434"}
    row, _ = corrected(
        paths,
        entry(action="set_aside", match=match, to=None, expected={"lower": 5429, "upper": 5431}),
    )
    assert pd.isna(row["value"])
    assert (row["yoy_lower"], row["yoy_upper"]) == pytest.approx((-0.148, -0.146))
    assert pd.isna(row["set_aside"])


def test_a_row_set_aside_as_a_whole_keeps_what_was_printed(paths):
    row, _ = corrected(
        paths,
        entry(
            action="set_aside",
            column=ROW,
            to=None,
            expected={"lower": 91, "upper": 92, "of": "value"},
        ),
    )
    assert row["set_aside"] == "correction test: Digits swapped."
    assert row["printed"] == "19.19"


def test_two_corrections_of_one_row_both_hold(paths):
    row, log = corrected(
        paths,
        entry(),
        entry(id="second", column="source_publisher", to="Kyodo", expected=None),
    )
    assert (row["value"], row["publisher"]) == (91.91, "Kyodo")
    assert log["id"].tolist() == ["test", "second"]


def test_corrections_of_another_table_are_left_alone(paths):
    write(paths, entry())
    corrections = read_corrections(paths)
    before = petroleum_observations(paths)
    after, log = apply_corrections(before, corrections)
    pd.testing.assert_frame_equal(before, after)
    assert log.empty
    assert log.columns.tolist() == list(LOG_COLUMNS)


def test_nothing_given_is_changed(paths):
    write(paths, entry())
    before = totals_observations(paths)
    copy = before.copy(deep=True)
    apply_corrections(before, read_corrections(paths))
    pd.testing.assert_frame_equal(before, copy)


def test_a_correction_that_matches_nothing(paths):
    error = error_of(paths, entry(), entry(id="gone", match={**AUGUST, "value": "19.20"}))
    assert (error.file, error.found) == (f"{FILE}, correction 'gone'", "no such row")
    assert error.row == paths.corrections.read_text("utf-8").splitlines().index("- id: gone") + 1
    assert "1 row(s) of data/raw/gacc_totals.csv with period '2018-08'" in error.expected
    assert "if the table was mended, delete the correction" in error.action
    assert str(error).startswith(f"{FILE}, correction 'gone', line {error.row}: expected")


def test_a_correction_that_matches_more_than_one_row(paths):
    match = {"period": "2018", "flow": "total"}
    error = error_of(paths, entry(match=match))
    assert re.fullmatch(r"\d+ rows, lines \d+, .*", error.found)
    assert "add a column to `match`, or say how many in `rows`" in error.action


def test_a_correction_of_as_many_rows_as_it_says(paths):
    match = {"value": "69.99", "flow": "total", "period": "2021-09"}
    both = entry(match=match, rows=2, to="69.90", expected={"lower": 69.89, "upper": 69.91})
    write(paths, both)
    frame, log = apply_corrections(totals_observations(paths), read_corrections(paths))
    assert frame.loc[frame["row_id"].isin(log["row_id"]), "value"].tolist() == [69.9, 69.9]
    assert error_of(paths, {**both, "rows": 3}).found.startswith("2 rows")


@pytest.mark.parametrize("action", ["set_aside", "override", "scale"])
def test_a_correction_whose_anomaly_is_gone(paths, action):
    to = {"set_aside": None, "override": "19.20", "scale": "10"}[action]
    error = error_of(paths, entry(action=action, to=to, expected={"lower": 19, "upper": 20}))
    assert (error.file, error.found) == (f"{FILE}, correction 'test'", "19.19")
    assert "its anomaly is gone" in error.expected
    assert error.action.startswith("delete the correction")


def test_a_whole_row_whose_anomaly_is_gone(paths):
    error = error_of(
        paths,
        entry(
            action="set_aside",
            column=ROW,
            to=None,
            expected={"lower": 19, "upper": 20, "of": "value"},
        ),
    )
    assert "its anomaly is gone" in error.expected


def test_a_text_that_reads_already_as_it_should(paths):
    error = error_of(paths, entry(column="flow", to="import", expected=None))
    assert error.expected == "a misprint to correct"


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "91.80"},
        {"action": "scale", "to": "10"},
        {"action": "swap_flows", "column": None, "to": None},
    ],
)
def test_a_correction_that_does_not_put_the_figure_right(paths, wrong):
    error = error_of(paths, entry(**wrong))
    assert "a corrected figure inside 'value' from 91.9 to 92" in error.expected
    assert error.action.startswith("mend `to`")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reason": None}, "a key `reason`"),
        ({"evidence": None}, "a key `evidence`"),
        ({"why": "so"}, "the keys id, table"),
        ({"table": "gacc_total"}, f"`table` as one of {', '.join(SUBJECT)}"),
        ({"action": "delete"}, "`action` as one of"),
        ({"match": {"value": 19.19}}, "`match` as columns with quoted texts"),
        ({"rows": "two"}, "`rows` as a whole number from 1"),
        ({"column": None}, "a `column` that the action changes"),
        ({"column": ROW}, "a `column` that the action changes"),
        (
            {"action": "swap_flows", "column": None, "to": None, "match": {"flow": "total"}},
            "a `column` that the action changes",
        ),
        ({"to": None}, "`to` as a quoted text"),
        ({"to": 91.91}, "`to` as a quoted text"),
        ({"action": "scale", "to": "2"}, "`to` as a power of ten"),
        ({"action": "scale", "to": "ten"}, "`to` as a power of ten"),
        ({"action": "set_aside"}, "no `to` beside `set_aside`"),
        ({"expected": None}, "`expected` with `lower` and `upper`"),
        ({"expected": "about 92"}, "`expected` with `lower` and `upper`"),
        ({"expected": {"lower": 93, "upper": 92}}, "`expected` with `lower` and `upper`"),
        ({"expected": {"lower": 91}}, "`expected` with `lower` and `upper`"),
    ],
)
def test_an_entry_of_the_wrong_form(paths, change, expected):
    error = error_of(paths, entry(**change))
    assert error.expected.startswith(expected)
    assert (error.file, error.row) == (f"{FILE}, correction 'test'", 2)


def test_a_column_that_the_table_does_not_have(paths):
    error = error_of(paths, entry(match={**AUGUST, "publisher": "Reuters"}))
    assert error.expected == "columns of data/raw/gacc_totals.csv"
    assert error.found == "publisher"


def test_an_id_twice(paths):
    assert error_of(paths, entry(), entry()).expected == "an id once"


def test_all_that_is_wrong_is_reported_together(paths):
    error = error_of(paths, entry(to=5), entry(id="b", reason=None))
    assert isinstance(error, InputErrors)
    assert [e.file for e in error.errors] == [
        f"{FILE}, correction {name!r}" for name in ("test", "b")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- id: a\n  reason: one: two\n", "line 2.*valid YAML"),
        ("id: a\n", "a list of corrections"),
        ("- a\n", "a list of corrections"),
    ],
)
def test_a_file_that_is_no_list_of_corrections(paths, text, message):
    paths.corrections.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_corrections(paths)


def test_a_file_in_another_encoding_or_missing(paths):
    paths.corrections.write_bytes("# 北".encode("gb18030"))
    with pytest.raises(InputError, match="text in UTF-8"):
        read_corrections(paths)
    paths.corrections.unlink()
    with pytest.raises(InputError, match=f"git checkout -- {FILE}"):
        read_corrections(paths)


def test_an_empty_list_corrects_nothing(paths):
    assert read_corrections(paths) == []


def test_rows_must_not_be_taken_out_before(paths):
    write(paths, entry())
    frame = totals_observations(paths)
    without = frame[frame["printed"] != "19.19"]
    with pytest.raises(InputError, match="before any row is taken out"):
        apply_corrections(without, read_corrections(paths))


def test_two_tables_at_once_are_refused(real):
    both = pd.concat([real[TOTALS][0], real["gacc_petroleum"][0]])
    with pytest.raises(InputError, match="observations of one table"):
        apply_corrections(both, [])
