"""Reads a raw table exactly as printed, and turns printed cells into values.

Nothing is repaired here: a table or a cell that does not hold what `datapackage.json` promises
is refused, and all that is wrong with a table is reported at once.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple, NoReturn

import pandas as pd

from analysis.paths import Paths
from analysis.schemas import InputError

#: How many errors one report lists; a table in the wrong format has one in every row.
ERRORS_LISTED = 20

#: Flows as seen from China: `export` = China to North Korea, `import` = North Korea to China.
FLOWS = ("export", "import", "total", "balance")

#: A last digit may be one off where a figure was copied or summed from rounded parts
#: (`28.88` for `28.87`). Only figures printed with many digits show this; in a figure of three
#: digits a slip is indistinguishable from rounding. Unit: units in the last printed place.
LAST_DIGIT_SLIP = Decimal(1)
SLIP_MIN_SIGNIFICANT_DIGITS = 4

#: One half for rounding, one whole because some publishers cut digits off instead of rounding.
ROUNDING_UNITS = Decimal("0.5")
TRUNCATION_UNITS = Decimal(1)

RAGGED_ROW_ADVICE = "quote cells that hold a comma and keep a comma for each empty cell"
RESTORE = "undo the change (`git checkout -- {file}`)"

PeriodKind = Literal["month", "span", "year"]


class InputErrors(InputError):
    """Everything that is wrong with a table, in one report.

    `errors` holds all of them; the message lists the first `ERRORS_LISTED`. The attributes of
    InputError (`file`, `row`, ...) are those of the first error.
    """

    def __init__(self, errors: Sequence[InputError]) -> None:
        first = errors[0]
        self.errors = tuple(errors)
        self.expected, self.file, self.action = first.expected, first.file, first.action
        self.row, self.column, self.found = first.row, first.column, first.found
        lines = [f"{len(errors)} problems:", *(f"  - {e}" for e in errors[:ERRORS_LISTED])]
        if len(errors) > ERRORS_LISTED:
            lines.append(f"  - and {len(errors) - ERRORS_LISTED} more")
        ValueError.__init__(self, "\n".join(lines))


class PrintedPeriod(NamedTuple):
    """A printed period: its first and last month (both inside) and the form it was printed in."""

    first: pd.Period
    last: pd.Period
    kind: PeriodKind


class PrintedInterval(NamedTuple):
    """What a printed number says about the true one; all Decimals in the printed unit x scale.

    The truth lies in [lower, upper] if the publisher rounded or truncated, both ends inside.
    """

    value: Decimal
    unit_in_last_place: Decimal
    significant_digits: int
    lower: Decimal
    upper: Decimal


@dataclass(frozen=True)
class Place:
    """Where a cell stands, for error messages; the header is line 1."""

    file: str
    line: int | None = None
    column: str | None = None

    def error(self, expected: str, *, found: object, action: str) -> InputError:
        """The InputError for what was found in this place."""
        return InputError(
            expected,
            file=self.file,
            row=self.line,
            column=self.column,
            found=found,
            action=action,
        )


#: Stands in for a place when a value does not come from a file.
UNPLACED = Place("a value")


def raise_if_any(errors: Sequence[InputError]) -> None:
    """Raise the one error as it is, several as `InputErrors`, none not at all."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise InputErrors(errors)


def table_file(name: str) -> str:
    """The name by which messages call a raw table, relative to the project's root."""
    return f"data/raw/{name}.csv"


def read_datapackage(paths: Paths) -> dict[str, Any]:
    """The descriptor `data/raw/datapackage.json`.

    Raises InputError when it is missing or is no JSON.
    """
    file = "data/raw/datapackage.json"
    try:
        return json.loads(paths.datapackage.read_text(encoding="utf-8"))
    except FileNotFoundError:
        action = "restore the file (`git checkout -- data/raw/datapackage.json`)"
        raise InputError("the file to exist", file=file, action=action) from None
    except json.JSONDecodeError as error:
        raise InputError(
            "a JSON document",
            file=file,
            row=error.lineno,
            found=error.msg,
            action="mend the line or undo the change",
        ) from None


def table_fields(paths: Paths, name: str) -> list[str]:
    """The column names that `datapackage.json` promises for table `name`, in its order.

    Raises InputError for a table that the descriptor does not list.
    """
    resources = {r["name"]: r for r in read_datapackage(paths)["resources"]}
    if name not in resources:
        place = Place("data/raw/datapackage.json")
        raise place.error(
            "a table of the data package",
            found=name,
            action=_closest(name, list(resources), "add a resource that describes it"),
        )
    return [field["name"] for field in resources[name]["schema"]["fields"]]


def read_table(paths: Paths, name: str) -> pd.DataFrame:
    """The raw table `name`, every cell as printed.

    Columns as in `datapackage.json`, dtype `string`, an empty cell is NA (a zero stays "0").
    The index, named `line`, is the line of the file on which the row begins; the header is line
    1. A UTF-8 byte order mark is accepted, since spreadsheets write one; columns may stand in
    any order.

    Raises InputError, or InputErrors with all of them: file missing, encoding not UTF-8, NUL
    byte, no header or no rows, broken quoting, missing, unexpected or doubled column, ragged row,
    duplicate row.
    """
    fields = table_fields(paths, name)
    file = table_file(name)
    header, rows = _header_and_rows(_decode(_read_bytes(paths, name), file), file)
    raise_if_any(
        [
            *_header_errors(header, fields, file),
            *_ragged_row_errors(header, rows, file),
            *_nul_errors(header, rows, file),
            *_duplicate_row_errors(rows, file),
        ]
    )
    if not rows:
        raise InputError("rows below the header", file=file, found="none", action=_restore(file))
    index = pd.Index([line for line, _ in rows], name="line")
    cells = [[cell or None for cell in row] for _, row in rows]
    return pd.DataFrame(cells, columns=header, index=index, dtype="string")[fields]


def parse_column(
    table: pd.DataFrame, column: str, parse: Callable[[str, Place], Any], *, file: str
) -> tuple[pd.Series, list[InputError]]:
    """Apply `parse` to each cell of `column`; a missing cell stays missing (None).

    Returns an object series on the table's index and the errors found, so that the caller can
    report those of all columns together with `raise_if_any`. Expects the index of `read_table`.
    """
    values: list[Any] = []
    errors: list[InputError] = []
    for line, text in table[column].items():
        value = None
        if not pd.isna(text):
            try:
                value = parse(text, Place(file, int(line), column))
            except InputError as error:
                errors.append(error)
        values.append(value)
    return pd.Series(values, index=table.index, dtype=object, name=column), errors


_YEAR = r"(?:19|20)\d\d"
_MONTH = rf"{_YEAR}-(?:0[1-9]|1[0-2])"


def parse_period(text: str, at: Place = UNPLACED) -> PrintedPeriod:
    """A period printed as YYYY, YYYY-MM, or YYYY-MM/YYYY-MM (cumulative, both months inside).

    Raises InputError for any other form, and for a span that does not run forward.

    >>> parse_period("2017")
    PrintedPeriod(first=Period('2017-01', 'M'), last=Period('2017-12', 'M'), kind='year')
    >>> parse_period("2016-01/2016-03").last
    Period('2016-03', 'M')
    """
    if re.fullmatch(_YEAR, text):
        return PrintedPeriod(pd.Period(f"{text}-01", "M"), pd.Period(f"{text}-12", "M"), "year")
    if re.fullmatch(_MONTH, text):
        month = pd.Period(text, "M")
        return PrintedPeriod(month, month, "month")
    if re.fullmatch(rf"{_MONTH}/{_MONTH}", text):
        first, last = (pd.Period(part, "M") for part in text.split("/"))
        if first < last:
            return PrintedPeriod(first, last, "span")
        raise at.error(
            "a span whose first month is before its last",
            found=text,
            action="swap the two months, or write a single month as YYYY-MM",
        )
    raise at.error(
        "a period as YYYY, YYYY-MM or YYYY-MM/YYYY-MM",
        found=text,
        action="write the period in one of these forms, months as 01 to 12",
    )


def parse_flow(text: str, at: Place = UNPLACED) -> str:
    """One of `FLOWS`, seen from China.

    Raises InputError for anything else, with the nearest flow as a suggestion.

    >>> parse_flow("export")
    'export'
    """
    return _parse_choice(text, FLOWS, "a flow", at)


def parse_unit(text: str, allowed: Iterable[str], at: Place = UNPLACED) -> str:
    """One of the units `allowed`, exactly as spelled there.

    Raises InputError for anything else, with the nearest unit as a suggestion.

    >>> parse_unit("USD", ["USD", "CNY"])
    'USD'
    """
    return _parse_choice(text, tuple(allowed), "a unit", at)


def parse_number(text: str, at: Place = UNPLACED) -> Decimal:
    """A plain decimal number, kept to the digit.

    Raises InputError for thousands separators, exponents, percent signs, words such as `n/a`.

    >>> parse_number("-12.50")
    Decimal('-12.50')
    """
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        return Decimal(text)
    raise at.error(
        "a number in plain decimals, such as 1234.5", found=text, action=_number_advice(text)
    )


def parse_scale(text: str, at: Place = UNPLACED) -> Decimal:
    """A power of ten by which a printed number is to be multiplied: `1`, `10000`, `1e6`.

    Raises InputError for anything else.

    >>> parse_scale("1e4")
    Decimal('10000')
    """
    if re.fullmatch(r"1e[0-9]{1,2}", text):
        return Decimal(10) ** int(text[2:])
    if re.fullmatch(r"10*", text):
        return Decimal(text)
    raise at.error(
        "a power of ten, such as 1, 10000 or 1e6",
        found=text,
        action="write the factor as a power of ten and the digits in the value's own column",
    )


def printed_interval(text: str, scale: Decimal | int = 1, at: Place = UNPLACED) -> PrintedInterval:
    """The interval of truths that could have been printed as `text`, times `scale`.

    The unit in the last place is that of the last printed decimal; in a whole number the
    trailing zeros count as rounding, so that its unit is that of the last digit other than zero.
    The truth may be half a unit nearer to zero (the figure was rounded up) and up to a whole
    unit farther from zero (digits were cut off). A printed zero may hide a truth of either sign;
    its own unit is one, since it does not show whether it was rounded to tens.
    The slip of a last digit (`LAST_DIGIT_SLIP`) is not included.

    Raises InputError for text that is no plain number.

    >>> printed_interval("19.19")[3:]
    (Decimal('19.185'), Decimal('19.20'))
    >>> printed_interval("1450")[1:]
    (Decimal('10'), 3, Decimal('1445.0'), Decimal('1460'))
    >>> printed_interval("800").lower, printed_interval("3000").upper
    (Decimal('750.0'), Decimal('4000'))
    >>> printed_interval("-33")[3:]
    (Decimal('-34'), Decimal('-32.5'))
    >>> printed_interval("1.1", 1000)[1:]
    (Decimal('100.0'), 2, Decimal('1050.00'), Decimal('1200.0'))
    """
    value = parse_number(text, at)
    digits = text.lstrip("+-")
    unit = _unit_in_last_place(digits)
    nearer, farther = ROUNDING_UNITS * unit, TRUNCATION_UNITS * unit
    if value > 0:
        lower, upper = value - nearer, value + farther
    elif value < 0:
        lower, upper = value - farther, value + nearer
    else:
        lower, upper = -farther, farther
    return PrintedInterval(
        value * scale,
        unit * scale,
        len(str(int(abs(value) / unit))) if value else 0,
        lower * scale,
        upper * scale,
    )


def _unit_in_last_place(digits: str) -> Decimal:
    _, _, decimals = digits.partition(".")
    if decimals:
        return Decimal(1).scaleb(-len(decimals))
    trailing_zeros = len(digits) - len(digits.rstrip("0")) if digits.strip("0") else 0
    return Decimal(10) ** trailing_zeros


def _parse_choice(text: str, allowed: Sequence[str], what: str, at: Place) -> str:
    if text in allowed:
        return text
    raise at.error(
        f"{what}, one of {', '.join(allowed)}",
        found=text,
        action=_closest(text, allowed, f"write {what} from the list"),
    )


def _closest(text: str, allowed: Sequence[str], otherwise: str) -> str:
    by_lower = {choice.lower(): choice for choice in allowed}
    near = difflib.get_close_matches(text.strip().lower(), list(by_lower), n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]!r}?" if near else otherwise


def _number_advice(text: str) -> str:
    stripped = text.strip()
    if stripped != text:
        return "remove the spaces around the number"
    if re.fullmatch(r"[+-]?[0-9]{1,3}([,' \u00a0\u202f][0-9]{3})+(\.[0-9]+)?", text):
        return "remove the thousands separators"
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text):
        return "write the decimal point as '.'"
    if stripped.lower() in {"n/a", "na", "nan", "null", "none", "-", "--", "...", "?"}:
        return "leave the cell empty where no figure was printed"
    if text.endswith("%"):
        return "leave out the percent sign; the column's unit says it"
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return "write the digits out, without an exponent"
    return "write the number alone and put words, bounds and units in the note"


def _restore(file: str) -> str:
    return RESTORE.format(file=file)


def _read_bytes(paths: Paths, name: str) -> bytes:
    try:
        return (paths.raw / f"{name}.csv").read_bytes()
    except FileNotFoundError:
        file = table_file(name)
        raise InputError(
            "the file to exist",
            file=file,
            action=f"restore it (`git checkout -- {file}`)",
        ) from None


def _decode(data: bytes, file: str) -> str:
    """`data` as text, or an error that says which byte of which cell is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # For a file that begins with a byte order mark, `start` counts from behind the mark.
        body = data.removeprefix(b"\xef\xbb\xbf")
        _raise_wrong_encoding(body, error.start, file)


def _raise_wrong_encoding(body: bytes, position: int, file: str) -> NoReturn:
    before = body[:position]
    in_line = position - (before.rfind(b"\n") + 1) + 1
    place = Place(file, before.count(b"\n") + 1, _column_at(before))
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        likely = "UTF-16"
    else:
        likely = "GB18030 (a Chinese export) or Windows-1252 (a spreadsheet)"
    raise place.error(
        "text in UTF-8",
        found=f"byte 0x{body[position]:02x}, number {in_line} of the line",
        action=f"save the file as UTF-8; it is probably in {likely}",
    )


def _column_at(before: bytes) -> str | None:
    """The name of the column that begins or goes on behind `before`; None inside the header."""
    if b"\n" not in before:
        return None
    rows = list(csv.reader(io.StringIO(before.decode("utf-8", "replace"), newline="")))
    number = 0 if before.endswith(b"\n") else len(rows[-1]) - 1
    return rows[0][number] if number < len(rows[0]) else None


def _header_and_rows(text: str, file: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header and the rows below it, each with the line of the file on which it begins."""
    if not text.strip():
        raise InputError(
            "a header and rows", file=file, row=1, found="an empty file", action=_restore(file)
        )
    numbered = _numbered_rows(text, file)
    _, header = next(numbered)
    return header, list(numbered)


def _numbered_rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            "comma-separated cells, quotes closed and doubled inside a cell",
            file=file,
            row=line,
            found=str(error),
            action="close the quote that opens on this line, or " + _restore(file),
        ) from None


def _header_errors(header: list[str], fields: list[str], file: str) -> list[InputError]:
    missing = [
        Place(file, 1, name).error(
            "this column",
            found=f"columns {', '.join(header)}",
            action="add the column, or restore its name in the header",
        )
        for name in fields
        if name not in header
    ]
    unexpected = [
        Place(file, 1, name).error(
            f"the columns {', '.join(fields)}",
            found=name,
            action=_closest(
                name,
                [field for field in fields if field not in header],
                "remove the column, or describe it in data/raw/datapackage.json",
            ),
        )
        for name in header
        if name not in fields
    ]
    doubled = [
        Place(file, 1, name).error(
            "each column once",
            found=f"{header.count(name)} times",
            action="remove or rename one of them",
        )
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    return missing + unexpected + doubled


def _ragged_row_errors(
    header: list[str], rows: list[tuple[int, list[str]]], file: str
) -> list[InputError]:
    errors = []
    for line, row in rows:
        if len(row) == len(header):
            continue
        # The first column without a cell, or the last one before the surplus.
        column = header[min(len(row), len(header) - 1)]
        errors.append(
            Place(file, line, column).error(
                f"{len(header)} cells, one for each column",
                found=f"{len(row)} cells" if row else "an empty line",
                action=RAGGED_ROW_ADVICE if row else "delete the empty line",
            )
        )
    return errors


def _nul_errors(
    header: list[str], rows: list[tuple[int, list[str]]], file: str
) -> list[InputError]:
    return [
        Place(file, line, column).error(
            "text without NUL bytes",
            found=cell,
            action="save the file as plain UTF-8 text (UTF-16 or a damaged copy looks like this)",
        )
        for line, row in [(1, header), *rows]
        for column, cell in zip(header, row, strict=False)
        if "\0" in cell
    ]


def _duplicate_row_errors(rows: list[tuple[int, list[str]]], file: str) -> list[InputError]:
    first_line: dict[tuple[str, ...], int] = {}
    errors = []
    for line, row in rows:
        earlier = first_line.setdefault(tuple(row), line)
        if row and earlier != line:
            errors.append(
                Place(file, line).error(
                    f"each row once (this one repeats line {earlier})",
                    found=",".join(row)[:80],
                    action=f"delete line {line} or line {earlier}, or tell the two apart",
                )
            )
    return errors
