"""Known misprints: what is done about each, why, and whether it still applies.

The raw tables keep what was printed. `data/raw/corrections.yml` lists the figures known to be
wrong, and each entry finds its row by the printed text. An entry that finds no row, or whose
figure is no longer wrong, stops the build, so that the list never outlives its reasons.

Keys of an entry: `id`; `table`; `match` (column of the raw table: printed text, all must agree);
`rows` (how many rows match, 1 if left out); `action`; `column`; `to`; `expected` (`lower`,
`upper`, both inside, in the unit in which the cell is printed, and `of`, the column they bound if
that is not `column`); `reason`; `evidence`.

- `set_aside`: `column` is not used, or with `column: row` the row as a whole;
- `override`: `column` reads `to` instead, a text as a publisher would have printed it;
- `scale`: the number in `column` is multiplied by `to`, a power of ten;
- `swap_flows`: an export is an import and the reverse; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd
import yaml

from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources.labels import SUBJECT, labelled_table
from analysis.sources.tables import Place, raise_if_any, table_file

FILE = "data/raw/corrections.yml"
ACTIONS = ("set_aside", "override", "scale", "swap_flows")
SWAPPED = {"export": "import", "import": "export"}
#: Stands for the whole row in `column`.
ROW = "row"
#: Printed columns that hold numbers: a correction of one says what number is expected.
NUMBERS = ("value", "quantity", "yoy_pct", "value_usd", "barrels_as_reported")

_REQUIRED = ("id", "table", "match", "action", "reason", "evidence")
_KEYS = (*_REQUIRED, "rows", "column", "to", "expected")
_MATCH_ADVICE = (
    "if the table was mended, delete the correction; if the row was only edited, copy what is "
    "printed now into `match`"
)
_GONE_ADVICE = "delete the correction, or mend `expected` if the figure is still wrong"


@dataclass(frozen=True, eq=False)
class Correction:
    """One entry of `corrections.yml` and the raw rows that it found.

    `column` is a printed column or `ROW`; `to` is None for `set_aside` and `swap_flows`; `rows`
    are the rows as `labelled_table` gives them.
    """

    id: str
    table: str
    action: str
    column: str
    to: str | None
    reason: str
    evidence: str
    rows: pd.DataFrame


def read_corrections(paths: Paths) -> list[Correction]:
    """The entries of `data/raw/corrections.yml`, each with the raw rows that it found.

    Raises InputError, or InputErrors with all of them, naming the entry: a key missing, unknown
    or of the wrong form; a match that finds no row or more rows than stated; a figure that lies
    inside `expected` before the correction, or outside after it.
    """
    entries = _read_entries(paths)
    raise_if_any([error for place, entry in entries for error in _form_errors(entry, place)])
    raise_if_any(_doubled_ids(entries))
    tables = {
        name: labelled_table(paths, name) for name in {entry["table"] for _, entry in entries}
    }
    found = [
        (place, entry, _matching(tables[entry["table"]], entry["match"]))
        for place, entry in entries
    ]
    raise_if_any([error for item in found for error in _match_errors(*item)])
    raise_if_any([error for item in found for error in _expectation_errors(*item)])
    return [_correction(entry, rows) for _, entry, rows in found]


def corrected_text(correction: Correction, printed: Any) -> str | None:
    """What a cell reads instead of `printed`; None for an empty cell."""
    if correction.action == "set_aside":
        return None
    if correction.action == "swap_flows":
        return SWAPPED[printed]
    if correction.action == "scale":
        return _scaled(printed, str(correction.to))
    return correction.to or None


def _scaled(printed: str, factor: str) -> str:
    """A printed number times a power of ten, no digit more certain than it was printed.

    In a whole number trailing zeros count as rounding, so they must not become decimals.
    """
    number = Decimal(printed)
    certain = number if "." in printed else number.normalize()
    return format(certain.scaleb(Decimal(factor).adjusted()), "f")


def _correction(entry: Mapping[str, Any], rows: pd.DataFrame) -> Correction:
    return Correction(
        id=entry["id"],
        table=entry["table"],
        action=entry["action"],
        column=_column(entry),
        to=entry.get("to"),
        reason=entry["reason"],
        evidence=entry["evidence"],
        rows=rows,
    )


def _column(entry: Mapping[str, Any]) -> str:
    return "flow" if entry["action"] == "swap_flows" else entry["column"]


def _read_entries(paths: Paths) -> list[tuple[Place, dict[str, Any]]]:
    """The entries, each with its place in the file."""
    restore = f"restore it (`git checkout -- {FILE}`)"
    try:
        text = paths.corrections.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        entries = yaml.safe_load(text)
    except FileNotFoundError:
        raise InputError("the file to exist", file=FILE, action=restore) from None
    except UnicodeDecodeError as error:
        action = "save the file as UTF-8"
        raise InputError("text in UTF-8", file=FILE, found=str(error), action=action) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        action = "mend the line; quote texts that hold a colon"
        raise Place(FILE, line).error("valid YAML", found=error.problem, action=action) from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        action = "begin each entry with `- id: ...`"
        found = type(entries).__name__
        raise Place(FILE, 1).error("a list of corrections", found=found, action=action)
    lines = [node.start_mark.line + 1 for node in root.value]
    return [
        (Place(f"{FILE}, correction {entry.get('id', 'without id')!r}", line), entry)
        for line, entry in zip(lines, entries, strict=True)
    ]


def _form_errors(entry: Mapping[str, Any], place: Place) -> list[InputError]:
    """What is wrong with an entry as it is written, the tables not yet looked at."""
    missing = [key for key in _REQUIRED if not entry.get(key)]
    unknown = [key for key in entry if key not in _KEYS]
    if missing or unknown:
        return [
            *(place.error(f"a key `{k}`", found="none", action="add it") for k in missing),
            *(
                place.error(f"the keys {', '.join(_KEYS)}", found=k, action="rename or remove it")
                for k in unknown
            ),
        ]
    rules = [
        (entry["table"] in SUBJECT, f"`table` as one of {', '.join(SUBJECT)}", entry["table"]),
        (entry["action"] in ACTIONS, f"`action` as one of {', '.join(ACTIONS)}", entry["action"]),
        (_is_text_map(entry["match"]), "`match` as columns with quoted texts", entry["match"]),
        (_count(entry) > 0, "`rows` as a whole number from 1", entry.get("rows")),
        (_column_fits(entry), "a `column` that the action changes", entry.get("column")),
        (_to_fits(entry), _expected_to(entry), entry.get("to")),
        (_expected_fits(entry), "`expected` with `lower` and `upper`", entry.get("expected")),
    ]
    action = "mend the entry; the head of the file tells the form"
    return [
        place.error(expected, found=found, action=action)
        for holds, expected, found in rules
        if not holds
    ]


def _is_text_map(match: Any) -> bool:
    return isinstance(match, dict) and all(isinstance(text, str) for text in match.values())


def _count(entry: Mapping[str, Any]) -> int:
    rows = entry.get("rows", 1)
    return rows if isinstance(rows, int) else 0


def _column_fits(entry: Mapping[str, Any]) -> bool:
    column = entry.get("column")
    if entry["action"] == "swap_flows":
        return (
            column is None
            and _is_text_map(entry["match"])
            and entry["match"].get("flow") in SWAPPED
        )
    if entry["action"] == "scale":
        return column in NUMBERS
    return isinstance(column, str) and (column != ROW or entry["action"] == "set_aside")


def _to_fits(entry: Mapping[str, Any]) -> bool:
    to = entry.get("to")
    if entry["action"] in ("set_aside", "swap_flows"):
        return to is None
    return isinstance(to, str) and (entry["action"] != "scale" or _is_power_of_ten(to))


def _expected_to(entry: Mapping[str, Any]) -> str:
    forms = {"override": "`to` as a quoted text", "scale": '`to` as a power of ten, such as "0.1"'}
    return forms.get(entry["action"], f"no `to` beside `{entry['action']}`")


def _is_power_of_ten(text: str) -> bool:
    number = _number(text)
    return number is not None and number > 0 and number.normalize().as_tuple().digits == (1,)


def _number(text: Any) -> Decimal | None:
    try:
        number = Decimal(text)
    except (InvalidOperation, TypeError):
        return None
    return number if number.is_finite() else None


def _expected_fits(entry: Mapping[str, Any]) -> bool:
    expected = entry.get("expected")
    if expected is None:
        needs = entry.get("column") in NUMBERS and entry.get("to") != ""
        return not needs and entry["action"] != "swap_flows"
    if not isinstance(expected, dict) or set(expected) - {"lower", "upper", "of"}:
        return False
    ends = [expected.get("lower"), expected.get("upper")]
    if not all(isinstance(end, int | float) for end in ends) or ends[0] > ends[1]:
        return False
    return _bounded_column(entry) in NUMBERS


def _bounded_column(entry: Mapping[str, Any]) -> Any:
    """The printed column that `expected` speaks of."""
    named = entry["expected"].get("of")
    return named or ("value" if entry["action"] == "swap_flows" else entry.get("column"))


def _doubled_ids(entries: Sequence[tuple[Place, Mapping[str, Any]]]) -> list[InputError]:
    seen: set[str] = set()
    errors = []
    for place, entry in entries:
        if entry["id"] in seen:
            action = "give each entry its own id"
            errors.append(place.error("an id once", found=entry["id"], action=action))
        seen.add(entry["id"])
    return errors


def _matching(table: pd.DataFrame, match: Mapping[str, str]) -> pd.DataFrame:
    """The rows whose cells read as `match` says; an empty text matches an empty cell."""
    hit = pd.Series(True, index=table.index)
    for column, text in match.items():
        hit &= table[column].fillna("") == text if column in table else False
    return table[hit]


def _match_errors(place: Place, entry: Mapping[str, Any], rows: pd.DataFrame) -> list[InputError]:
    wanted = _count(entry)
    columns = [*entry["match"], *([] if _column(entry) == ROW else [_column(entry)])]
    unknown = [column for column in columns if column not in rows]
    if unknown:
        action = "use the names in the header of the table"
        file = table_file(entry["table"])
        return [place.error(f"columns of {file}", found=", ".join(unknown), action=action)]
    if len(rows) == wanted:
        return []
    asked = ", ".join(f"{column} {text!r}" for column, text in entry["match"].items())
    lines = ", ".join(str(line) for line in rows.index)
    return [
        place.error(
            f"{wanted} row(s) of {table_file(entry['table'])} with {asked}",
            found=f"{len(rows)} rows, lines {lines}" if len(rows) else "no such row",
            action=_MATCH_ADVICE
            if len(rows) < wanted
            else "add a column to `match`, or say how many in `rows`",
        )
    ]


def _expectation_errors(
    place: Place, entry: Mapping[str, Any], rows: pd.DataFrame
) -> list[InputError]:
    """A figure no longer wrong, or one that the correction does not put right."""
    correction = _correction(entry, rows)
    errors = []
    for _, row in rows.iterrows():
        errors += _unchanged_errors(place, correction, row)
        if entry.get("expected") is not None:
            errors += _bound_errors(place, entry, correction, row)
    return errors


def _unchanged_errors(place: Place, correction: Correction, row: pd.Series) -> list[InputError]:
    if correction.column == ROW:
        return []
    printed = row[correction.column]
    if pd.isna(printed) and correction.action != "override":
        action = "name the column that holds the misprint"
        found = "an empty cell"
        return [place.error(f"a figure in {correction.column!r}", found=found, action=action)]
    cell = "" if pd.isna(printed) else printed
    if correction.action == "override" and correction.to == cell:
        return [place.error("a misprint to correct", found=printed, action=_GONE_ADVICE)]
    return []


def _bound_errors(
    place: Place, entry: Mapping[str, Any], correction: Correction, row: pd.Series
) -> list[InputError]:
    lower, upper = (Decimal(str(entry["expected"][end])) for end in ("lower", "upper"))
    column = _bounded_column(entry)
    printed = _number(row[column] if pd.notna(row[column]) else None)
    bounds = f"{column!r} from {lower} to {upper}"
    inside = printed is not None and lower <= printed <= upper
    if correction.action != "swap_flows" and inside:
        return [
            place.error(
                f"a figure that is wrong, outside {bounds}, but its anomaly is gone",
                found=str(printed),
                action=_GONE_ADVICE,
            )
        ]
    if correction.action == "set_aside":
        return []
    changed = correction.column == column
    after = _number(corrected_text(correction, row[column])) if changed else printed
    if after is None or not lower <= after <= upper:
        return [
            place.error(
                f"a corrected figure inside {bounds}",
                found=str(after),
                action="mend `to`, or `expected` if the evidence has changed",
            )
        ]
    return []
