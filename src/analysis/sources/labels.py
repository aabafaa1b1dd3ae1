"""What a reader of each raw row decided about it: basis, release, rate base, and whose copy it is.

No pattern over notes can decide these ("conflicts with KITA" is no KITA figure), so each row of
the labelled tables has a line of its own in `data/raw/row_labels.csv`, found by the content of
the row: moving or inserting rows changes nothing, and a row that is edited has to be read again.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.paths import Paths
from analysis.schemas import BASES, RATE_BASES, RELEASES, InputError
from analysis.sources.tables import Place, raise_if_any, read_table, table_file

FILE = "data/raw/row_labels.csv"

#: The labelled tables, and the column that says what a row is about.
SUBJECT = {
    "gacc_totals": "flow",
    "gacc_commodities": "commodity",
    "gacc_petroleum": "product",
    "petroleum_reported_deliveries": "supplier",
}

COLUMNS = (
    "table",
    "row_id",
    "period",
    "flow_or_product",
    "printed",
    "publisher",
    "basis",
    "release",
    "rate_base",
    "copy_of",
    "comment",
)
#: What `labelled_table` adds to the printed columns.
LABELS = ("basis", "release", "rate_base", "copy_of", "comment")

_CHOICES = {"table": tuple(SUBJECT), "basis": BASES, "release": RELEASES, "rate_base": RATE_BASES}
_SEPARATOR = "\x1f"
_DIGITS_OF_HASH = 10


def row_ids(table: pd.DataFrame, name: str) -> pd.Series:
    """The identity of each raw row: the table's name and the first digits of a hash of its cells.

    `table` as `read_table` gives it. The same cells give the same id wherever the row stands.
    """
    cells = table.astype(object).where(table.notna(), "").to_numpy()
    ids = [f"{name}:{_hash(row)}" for row in cells]
    return pd.Series(ids, index=table.index, dtype="string", name="row_id")


def read_labels(paths: Paths) -> pd.DataFrame:
    """The labels of all rows of the tables in `SUBJECT`, indexed by `row_id`.

    Columns `COLUMNS` without `row_id`, dtype `string`; an empty cell is "", but NA in `copy_of`.

    Raises InputError, or InputErrors with all of them: a column missing, a value that is not
    allowed, a row labelled twice, a raw row without a label, a label whose row is gone, a copy
    of a row that is gone or is a copy itself.
    """
    labels = _read_file(paths)
    raise_if_any([*_choice_errors(labels), *_doubled_errors(labels)])
    tables = {name: read_table(paths, name) for name in SUBJECT}
    ids = {name: row_ids(table, name) for name, table in tables.items()}
    known = set(pd.concat(ids.values()))
    raise_if_any(
        [
            *(e for name in SUBJECT for e in _unlabelled(tables[name], ids[name], name, labels)),
            *_gone_errors(labels, known),
            *_copy_errors(labels),
        ]
    )
    indexed = labels.set_index("row_id")
    return indexed.assign(copy_of=indexed["copy_of"].replace("", pd.NA))


def labelled_table(paths: Paths, name: str) -> pd.DataFrame:
    """The raw table `name` as printed (see `read_table`) with `row_id` and the columns `LABELS`.

    Raises InputError as `read_table` and `read_labels` do.
    """
    table = read_table(paths, name)
    labelled = table.assign(row_id=row_ids(table, name))
    labels = read_labels(paths)[list(LABELS)]
    return labelled.join(labels, on="row_id", how="left", validate="one_to_one")


def label_line(row: Mapping[str, Any], row_id: str) -> str:
    """The line for `row_labels.csv` that belongs to a raw row, its judgements as question marks."""
    name = row_id.partition(":")[0]
    stream = io.StringIO()
    facts = [name, row_id, *described(row, name), "?", "?", "", "", ""]
    csv.writer(stream, lineterminator="").writerow(facts)
    return stream.getvalue()


def described(row: Mapping[str, Any], name: str) -> tuple[str, str, str, str]:
    """Period, subject, printed figures and publisher of a raw row, for the eyes of a reviewer."""
    filled = {key: "" if pd.isna(value) else str(value) for key, value in row.items()}
    figures = [
        " ".join(filter(None, (filled.get("quantity", ""), _quantity_unit(filled)))),
        " ".join(filter(None, (filled.get("value", ""), _value_unit(filled)))),
        f"{filled['value_usd']} USD" if filled.get("value_usd") else "",
        f"{filled['yoy_pct']} % y/y" if filled.get("yoy_pct") else "",
    ]
    return (
        row_period(filled),
        filled[SUBJECT[name]],
        "; ".join(filter(None, figures)),
        filled["source_publisher"],
    )


def row_period(row: Mapping[str, Any]) -> str:
    """The period of a raw row in one cell, as printed; of two dates, `start/end`."""
    if "period" in row:
        return str(row["period"])
    dates = (row["period_start"], row["period_end"])
    return "/".join(str(date) for date in dates if date and not pd.isna(date))


def _quantity_unit(row: Mapping[str, str]) -> str:
    return row.get("quantity_unit", row.get("unit", "")) if "quantity" in row else ""


def _value_unit(row: Mapping[str, str]) -> str:
    if not row.get("value"):
        return ""
    return f"{row.get('value_unit', row.get('unit', ''))} x {row['scale']}"


def _hash(cells: Any) -> str:
    return hashlib.sha256(_SEPARATOR.join(cells).encode()).hexdigest()[:_DIGITS_OF_HASH]


def _read_file(paths: Paths) -> pd.DataFrame:
    """The label file as text, indexed by the line of the file."""
    restore = f"restore it (`git checkout -- {FILE}`)"
    try:
        text = paths.labels.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError("the file to exist", file=FILE, action=restore) from None
    except UnicodeDecodeError as error:
        raise InputError(
            "text in UTF-8", file=FILE, found=str(error), action="save the file as UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if tuple(header) != COLUMNS:
        raise Place(FILE, 1).error(
            f"the columns {', '.join(COLUMNS)}", found=", ".join(header), action=restore
        )
    rows = [(reader.line_num, row) for row in reader]
    raise_if_any(
        [
            Place(FILE, line).error(
                f"{len(COLUMNS)} cells, one for each column",
                found=f"{len(row)} cells",
                action="quote cells that hold a comma and keep a comma for each empty cell",
            )
            for line, row in rows
            if len(row) != len(COLUMNS)
        ]
    )
    index = pd.Index([line for line, _ in rows], name="line")
    cells = [row for _, row in rows]
    return pd.DataFrame(cells, columns=list(COLUMNS), index=index, dtype="string")


def _choice_errors(labels: pd.DataFrame) -> list[InputError]:
    errors = []
    for column, allowed in _CHOICES.items():
        for line, text in labels.loc[~labels[column].isin(allowed), column].items():
            near = difflib.get_close_matches(text, allowed, n=1)
            errors.append(
                Place(FILE, int(line), column).error(
                    f"one of {', '.join(choice or 'an empty cell' for choice in allowed)}",
                    found=text,
                    action=f"write {near[0]!r}" if near else "choose one of these",
                )
            )
    return errors


def _doubled_errors(labels: pd.DataFrame) -> list[InputError]:
    return [
        Place(FILE, int(line), "row_id").error(
            "each raw row once", found=row_id, action="delete one of the two lines"
        )
        for line, row_id in labels.loc[labels["row_id"].duplicated(), "row_id"].items()
    ]


def _unlabelled(
    table: pd.DataFrame, ids: pd.Series, name: str, labels: pd.DataFrame
) -> list[InputError]:
    missing = ids[~ids.isin(labels["row_id"])]
    return [
        Place(table_file(name), int(line)).error(
            f"a label for the row of {row_period(table.loc[line])} in {FILE}",
            found="none for a row with these cells",
            action=f"read the source and add this line to {FILE}, basis and release in place of "
            f"the question marks: {label_line(table.loc[line], row_id)}",
        )
        for line, row_id in missing.items()
    ]


def _gone_errors(labels: pd.DataFrame, known: set[str]) -> list[InputError]:
    gone = labels[~labels["row_id"].isin(known)]
    return [
        Place(FILE, int(row.Index), "row_id").error(
            f"a row of {table_file(row.table)}",
            found=f"{row.row_id} ({row.period}, {row.flow_or_product}, {row.printed})",
            action="delete the line if the row was taken out; if the row was edited, read it "
            "again and give the line its new row_id",
        )
        for row in gone.itertuples()
    ]


def _copy_errors(labels: pd.DataFrame) -> list[InputError]:
    copies = labels[labels["copy_of"] != ""]
    copied = set(copies["row_id"])
    rows = set(labels["row_id"])
    errors = []
    for line, root in copies["copy_of"].items():
        place = Place(FILE, int(line), "copy_of")
        if root not in rows:
            action = "write the row_id of the row that is copied, or leave the cell empty"
            errors.append(place.error("the row_id of a labelled row", found=root, action=action))
        elif root in copied:
            action = "name the row that the other one is a copy of"
            errors.append(place.error("an original, not a copy", found=root, action=action))
    return errors
