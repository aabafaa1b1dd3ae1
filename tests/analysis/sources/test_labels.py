"""Every raw row has its reviewed label, found by the content of the row."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil

import pandas as pd
import pytest

from analysis.paths import Paths, project_paths
from analysis.schemas import InputError
from analysis.sources.labels import (
    COLUMNS,
    FILE,
    SUBJECT,
    label_line,
    labelled_table,
    read_labels,
    row_ids,
)
from analysis.sources.tables import InputErrors, read_table

REAL = project_paths()
TOTALS = "gacc_totals"


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A root with the real tables and labels, free to be edited."""
    copy = project_paths(tmp_path)
    shutil.copytree(REAL.raw, copy.raw)
    return copy


def edit(paths: Paths, name: str, change) -> None:
    """Rewrite a file of data/raw as `change` makes it from its lines."""
    file = paths.raw / name
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")


def relabel(paths: Paths, line: int, column: str, text: str) -> None:
    """Put `text` into a cell of the label file."""

    def change(lines: list[str]) -> list[str]:
        row = next(csv.reader([lines[line - 1]]))
        row[COLUMNS.index(column)] = text
        stream = io.StringIO()
        csv.writer(stream, lineterminator="").writerow(row)
        return [*lines[: line - 1], stream.getvalue(), *lines[line:]]

    edit(paths, "row_labels.csv", change)


def test_every_row_of_the_four_tables_is_labelled_once():
    labels = read_labels(REAL)
    assert labels.index.is_unique
    assert labels["table"].value_counts().to_dict() == {
        name: len(read_table(REAL, name)) for name in SUBJECT
    }


def test_the_label_file_keeps_the_order_of_the_tables():
    labels = read_labels(REAL)
    expected = pd.concat([row_ids(read_table(REAL, name), name) for name in SUBJECT])
    assert labels.index.tolist() == expected.tolist()


def test_the_columns_for_reviewers_repeat_the_table():
    labels = read_labels(REAL)
    for name, subject in SUBJECT.items():
        table = labelled_table(REAL, name)
        own = labels.loc[table["row_id"]]
        assert own["flow_or_product"].tolist() == table[subject].tolist()
        assert own["publisher"].tolist() == table["source_publisher"].tolist()


def test_every_printed_rate_of_the_totals_has_a_base_and_no_other_row_has_one():
    table = labelled_table(REAL, TOTALS)
    assert (table["yoy_pct"].notna() == (table["rate_base"] != "")).all()


def test_comments_name_rows_by_content_not_by_line():
    labels = read_labels(REAL)
    comments = labels["comment"]
    assert not comments.str.contains(r"\blines? \d").any()
    known = {row_id.partition(":")[2] for row_id in labels.index}
    named = {
        word
        for text in comments
        for group in re.findall(r"\brows? ((?:[0-9a-f]{10}(?:, | and | to )?)+)", text)
        for word in re.findall(r"[0-9a-f]{10}", group)
    }
    assert len(named) > 50
    assert named <= known


def test_the_id_is_a_hash_of_the_printed_cells():
    table = pd.DataFrame({"a": ["x", None], "b": ["1", "2"]}, dtype="string")
    digest = hashlib.sha256(b"x\x1f1").hexdigest()[:10]
    ids = row_ids(table, "t")
    assert ids.tolist()[0] == f"t:{digest}"
    assert row_ids(table.iloc[::-1], "t").tolist() == ids.tolist()[::-1]
    assert row_ids(table.assign(b=["1", "3"]), "t")[1] != ids[1]


def test_moving_rows_changes_no_label(paths):
    before = labelled_table(paths, TOTALS).set_index("row_id")[["basis", "release"]]
    edit(paths, f"{TOTALS}.csv", lambda lines: [lines[0], *reversed(lines[1:])])
    after = labelled_table(paths, TOTALS).set_index("row_id")[["basis", "release"]]
    pd.testing.assert_frame_equal(after.loc[before.index], before)
    assert after.index.tolist() == before.index.tolist()[::-1]


def test_an_edited_row_asks_for_its_label_with_the_line_to_add(paths):
    edit(
        paths,
        f"{TOTALS}.csv",
        lambda lines: [lines[0], lines[1].replace("525849482", "525849483"), *lines[2:]],
    )
    with pytest.raises(InputErrors) as caught:
        read_labels(paths)
    missing, gone = caught.value.errors
    assert str(missing).startswith(
        f"data/raw/{TOTALS}.csv, line 2: expected a label for the row of 2010-01/2010-04 in {FILE}"
    )
    line = str(missing).partition("question marks: ")[2]
    assert re.fullmatch(
        rf"{TOTALS},{TOTALS}:[0-9a-f]{{10}},2010-01/2010-04,export,525849483 USD x 1,"
        r"Yonhap via Jeonbuk Ilbo,\?,\?,,,",
        line,
    )
    assert (gone.file, gone.row, gone.column) == (FILE, 2, "row_id")
    assert "525849482 USD x 1" in str(gone)
    assert "if the row was edited" in gone.action


def test_the_line_of_the_message_is_accepted_once_filled_in(paths):
    edit(paths, f"{TOTALS}.csv", lambda lines: [*lines, lines[1].replace("525849482", "7")])
    with pytest.raises(InputError) as caught:
        read_labels(paths)
    line = str(caught.value).partition("question marks: ")[2].replace("?,?", "kita,recap")
    edit(paths, "row_labels.csv", lambda lines: [*lines, line])
    assert len(read_labels(paths)) == len(read_labels(REAL)) + 1


def test_a_taken_out_row_leaves_a_label_that_is_refused(paths):
    edit(paths, f"{TOTALS}.csv", lambda lines: [lines[0], *lines[2:]])
    with pytest.raises(InputError, match=r"row_labels.csv, line 2, column 'row_id'") as caught:
        read_labels(paths)
    assert caught.value.action.startswith("delete the line if the row was taken out")


@pytest.mark.parametrize(
    ("column", "text", "advice"),
    [
        ("basis", "custom", "write 'customs'"),
        ("release", "recaps", "write 'recap'"),
        ("rate_base", "first", "choose one of these"),
        ("table", "gacc_total", "write 'gacc_totals'"),
    ],
)
def test_a_value_that_is_not_allowed(paths, column, text, advice):
    relabel(paths, 5, column, text)
    with pytest.raises(InputError) as caught:
        read_labels(paths)
    error = caught.value
    assert (error.file, error.row, error.column, error.found) == (FILE, 5, column, text)
    assert error.action == advice


def test_a_copy_of_a_row_that_is_gone_and_a_copy_of_a_copy(paths):
    labels = read_labels(REAL)
    lines = {row_id: line for line, row_id in enumerate(labels.index, start=2)}
    copy = labels[labels["copy_of"].notna()].index[0]
    relabel(paths, 5, "copy_of", copy)
    relabel(paths, 6, "copy_of", f"{TOTALS}:0000000000")
    with pytest.raises(InputErrors) as caught:
        read_labels(paths)
    assert [(e.row, e.column, e.expected) for e in caught.value.errors] == [
        (5, "copy_of", "an original, not a copy"),
        (6, "copy_of", "the row_id of a labelled row"),
    ]
    assert lines[copy] not in (5, 6)


def test_a_row_labelled_twice(paths):
    edit(paths, "row_labels.csv", lambda lines: [*lines, lines[1]])
    with pytest.raises(InputError, match="each raw row once") as caught:
        read_labels(paths)
    assert caught.value.row == len(read_labels(REAL)) + 2


def test_a_column_missing(paths):
    edit(paths, "row_labels.csv", lambda lines: [lines[0].replace("basis", "bases"), *lines[1:]])
    with pytest.raises(InputError, match=r"row_labels.csv, line 1: expected the columns table"):
        read_labels(paths)


def test_a_ragged_line(paths):
    edit(paths, "row_labels.csv", lambda lines: [*lines[:3], lines[3] + ",", *lines[4:]])
    with pytest.raises(InputError, match="line 4: expected 11 cells") as caught:
        read_labels(paths)
    assert "quote cells that hold a comma" in caught.value.action


def test_a_wrong_encoding(paths):
    paths.labels.write_bytes(paths.labels.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(InputError, match=r"row_labels.csv: expected text in UTF-8"):
        read_labels(paths)


def test_no_label_file(paths):
    paths.labels.unlink()
    with pytest.raises(InputError, match=f"git checkout -- {FILE}"):
        read_labels(paths)


def test_the_line_to_add_shows_dates_and_both_figures():
    row = {
        "period_start": "2019-01-01",
        "period_end": "2019-01-31",
        "supplier": "China, with a comma",
        "quantity": "12",
        "unit": "t",
        "source_publisher": "VOA",
    }
    assert label_line(row, "petroleum_reported_deliveries:0123456789") == (
        "petroleum_reported_deliveries,petroleum_reported_deliveries:0123456789,"
        '2019-01-01/2019-01-31,"China, with a comma",12 t,VOA,?,?,,,'
    )
