"""The rows of one file of the query export, typed; every cell that cannot be used is quoted.

A cell is looked at once however often it is printed: the checks run over the distinct texts of a
block, and only numbers are parsed one by one, in Arrow. Nothing is repaired in silence: a code
that lost its zero and a partner spelled in an unknown way carry a flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.schemas import InputError
from analysis.sources.customs_codes import name_key, partner_names, partners, unit_names
from analysis.sources.export_cells import (
    VALUES,
    Block,
    Layout,
    check_quotes,
    header_field,
    read_blocks,
)
from analysis.sources.export_naming import NAMING_RULE, ROW_LIMIT, ExportFile, parse_month
from analysis.sources.tables import Place, raise_if_any

_WORD = pa.dictionary(pa.int32(), pa.string())
#: One row a printed row. `month` is the first day; `value` whole units of `currency`, missing
#: where a dash is printed; `file` and `line` say where (the header is line 1); `flag` what was
#: repaired or looks odd.
ROWS = pa.schema(
    [
        ("flow", _WORD),
        ("month", pa.date32()),
        ("partner", pa.int16()),
        ("hs", _WORD),
        ("regime", _WORD),
        ("location", _WORD),
        ("value", pa.int64()),
        ("currency", _WORD),
        ("quantity", pa.float64()),
        ("unit", _WORD),
        ("second_quantity", pa.float64()),
        ("second_unit", _WORD),
        ("file", _WORD),
        ("line", pa.int32()),
        ("flag", _WORD),
    ]
)
LOST_ZERO = "HS code lost a leading zero; repaired"
OTHER_NAME = "partner's name is spelled in a way not known; its code was taken"

#: Lengths of an HS code: chapter, heading, subheading, China's tariff line.
CODE_LENGTHS = (2, 4, 6, 8)
#: Printed for none, beside an empty cell.
_DASH = "-"
_NO_UNIT = ("?", _DASH, "")
#: Rows that one bad text is reported for: a whole column of it would bury the rest.
_ROWS_SHOWN = 3
_WHOLE = r"^(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})$"
_DECIMAL = r"^(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.[0-9]+)?$"
_NUMBER = "a number of digits, with no separators but commas for thousands, and not negative"


class _BadCell(Exception):
    """A text that a column cannot hold: what was expected, and what to do."""

    def __init__(self, expected: str, action: str) -> None:
        super().__init__(expected)
        self.expected, self.action = expected, action


@dataclass
class _FileState:
    """What blocks of one file share: digits of its codes, and rows read so far."""

    level: int | None = None
    rows: int = 0


@dataclass
class _Checks:
    """Collects the errors of one block."""

    file: ExportFile
    block: Block
    errors: list[InputError] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        return self.block.layout

    def report(self, rows: np.ndarray, column: str, expected: str, found: Any, action: str) -> None:
        header = self.layout.spelled.get(column, column)
        for row in rows[:_ROWS_SHOWN]:
            place = Place(self.file.name, int(self.block.lines[row]), header)
            self.errors.append(place.error(expected, found=found, action=action))


def read_rows(file: ExportFile, block_bytes: int | None = None) -> Iterator[pa.Table]:
    """The rows of a file as tables of `ROWS`, one a block.

    Raises InputError (InputErrors for several) for the first block in which something is wrong,
    for a month that is nowhere said, and behind the last block for a file of exactly `ROW_LIMIT`
    rows that nobody vouched for.
    """
    state = _FileState()
    blocks = read_blocks(file) if block_bytes is None else read_blocks(file, block_bytes)
    for block in blocks:
        if not state.rows:
            _check_layout(block.layout, file)
        state.rows += len(block.lines)
        yield _typed(block, file, state)
    if state.rows == ROW_LIMIT and not file.accept_10000:
        raise Place(file.name).error(
            f"a number of rows other than {ROW_LIMIT:,}, at which the query page cuts a download",
            found=f"exactly {ROW_LIMIT:,} rows",
            action="ask for fewer months or chapters in several files; if these are truly all, "
            "write `accept_10000: true` for this file in sidecar.yml",
        )


def _check_layout(layout: Layout, file: ExportFile) -> None:
    value = layout.value
    if file.currency and file.currency != VALUES[value]:
        raise Place(file.name, 1, layout.spelled[value]).error(
            "the currency that sidecar.yml names",
            found=f"{VALUES[value]} in the header, {file.currency} in sidecar.yml",
            action="mend the sidecar, or put in the file that it means",
        )
    if "date" not in layout.fields and (file.first is None or file.first != file.last):
        span = f"{file.first} to {file.last}" if file.first is not None else "none"
        raise Place(file.name).error(
            "one month for a file without date column", found=span, action=NAMING_RULE
        )


def _typed(block: Block, file: ExportFile, state: _FileState) -> pa.Table:
    """The rows of a block; InputErrors with all its cells that cannot be used."""
    checks = _Checks(file, block)
    count = len(block.lines)
    _check_texts(checks)
    months = _months(checks, file, count)
    hs, lost = _codes(checks, state)
    partner, odd = _partners(checks)
    quantity, unit = _measured(checks, "quantity", "unit", count)
    second, second_unit = _measured(checks, "second_quantity", "second_unit", count)
    value = _numbers(checks, checks.layout.value, _WHOLE)
    if checks.errors:
        check_quotes(block, file)
    raise_if_any(checks.errors)
    columns = {
        "flow": _constant(file.flow, count),
        "month": months,
        "partner": partner,
        "hs": hs,
        "regime": _plain(checks, "regime", count),
        "location": _plain(checks, "location", count),
        "value": value,
        "currency": _constant(VALUES[checks.layout.value], count),
        "quantity": quantity,
        "unit": unit,
        "second_quantity": second,
        "second_unit": second_unit,
        "file": _constant(file.name, count),
        "line": pa.array(block.lines, pa.int32()),
        "flag": _flags(lost, odd),
    }
    return pa.table([columns[name] for name in ROWS.names], schema=ROWS)


def _constant(text: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _nothing(kind: pa.DataType, count: int) -> pa.Array:
    return pa.nulls(count, kind)


def _flags(lost: np.ndarray, odd: np.ndarray) -> pa.Array:
    both = f"{LOST_ZERO}; {OTHER_NAME}"
    which = lost.astype(np.int32) + 2 * odd.astype(np.int32)
    indices = pa.array(which - 1, mask=which == 0, type=pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array([LOST_ZERO, OTHER_NAME, both]))


def _texts(checks: _Checks, column: str) -> tuple[list[str], np.ndarray]:
    """The distinct texts of a column, stripped, and the place of each row's among them.

    A text that is not of the file's encoding is reported and stands as an empty one.
    """
    cells = checks.block.cells[column]
    indices = cells.indices.to_numpy(zero_copy_only=False)
    texts = []
    for number, raw in enumerate(cells.dictionary.to_pylist()):
        try:
            texts.append(raw.decode(checks.layout.encoding).strip())
        except UnicodeDecodeError:
            rows = np.flatnonzero(indices == number)
            encoding = checks.layout.encoding.upper()
            action = "download it again; if you saved it yourself, save it in GB18030 or UTF-8"
            checks.report(rows, column, f"text in the encoding {encoding}", raw, action)
            texts.append("")
    return texts, indices


def _mapped(
    checks: _Checks, column: str, parse: Callable[[str], Any]
) -> tuple[list[Any], list[str], np.ndarray]:
    """`parse` of each distinct text (None where it fails, reported), the texts, the places."""
    known = len(checks.errors)
    texts, indices = _texts(checks, column)
    if len(checks.errors) > known:
        return [None] * len(texts), texts, indices
    values = []
    for number, text in enumerate(texts):
        try:
            values.append(parse(text))
        except _BadCell as bad:
            values.append(None)
            rows = np.flatnonzero(indices == number)
            checks.report(rows, column, bad.expected, text or "an empty cell", bad.action)
    return values, texts, indices


def _check_texts(checks: _Checks) -> None:
    """Texts that are not used must be of the encoding all the same; the last cell must be empty."""
    for column in ("commodity", "regime_name", "location_name"):
        if column in checks.block.cells:
            _texts(checks, column)
    for column in (name for name in checks.block.cells if name.startswith("empty ")):
        _mapped(checks, column, _empty_cell)


def _empty_cell(text: str) -> None:
    if text:
        raise _BadCell(
            "an empty cell behind the trailing comma", "remove the note, or give it no column"
        )


def _second_header(text: str) -> None:
    if header_field(text):
        raise _BadCell("data below the one header", "remove the header that stands here again")


def _months(checks: _Checks, file: ExportFile, count: int) -> pa.Array:
    if "date" not in checks.layout.fields:
        return pa.repeat(pa.scalar(file.first.start_time.date(), pa.date32()), count)

    def month(text: str) -> Any:
        _second_header(text)
        try:
            found = parse_month(text, Place(file.name))
        except InputError as error:
            raise _BadCell(error.expected, error.action) from None
        if file.first is not None and not file.first <= found <= file.last:
            span = f"a month inside the span of the file's name, {file.first} to {file.last}"
            raise _BadCell(span, "mend the file name, or the cell")
        return found.start_time.date()

    days, _, indices = _mapped(checks, "date", month)
    return pa.array(days, pa.date32()).take(pa.array(indices))


def _codes(checks: _Checks, state: _FileState) -> tuple[pa.Array, np.ndarray]:
    """The codes with the zeros they lost, and which rows were repaired.

    A file holds codes of one length, that of most of its rows; one digit less is a lost zero, and
    another length would count goods twice.
    """
    texts, indices = _texts(checks, "hs")
    if state.level is None:
        state.level = _level(texts, np.bincount(indices, minlength=len(texts)))
    lost = np.array([len(text) == state.level - 1 for text in texts], dtype=bool)

    def code(text: str) -> str:
        _second_header(text)
        if not re.fullmatch(r"[0-9]+", text) or len(text) not in (state.level, state.level - 1):
            expected = f"an HS code of {state.level} digits, the level of most rows of this file"
            raise _BadCell(expected, "write the code in digits alone; put other levels, and sums "
                           "or totals, into another file or remove them")  # fmt: skip
        return text.zfill(state.level)

    codes, _, indices = _mapped(checks, "hs", code)
    return _dictionary(codes, indices), lost[indices] if len(texts) else np.zeros(0, bool)


def _level(texts: list[str], counts: np.ndarray) -> int:
    """The length of most rows' codes, a lost zero counted back in."""
    rows = dict.fromkeys(CODE_LENGTHS, 0)
    for text, count in zip(texts, counts, strict=True):
        length = len(text) + len(text) % 2
        if length in rows and text.isdigit():
            rows[length] += int(count)
    return max(CODE_LENGTHS, key=lambda length: (rows[length], length))


def _partners(checks: _Checks) -> tuple[pa.Array, np.ndarray]:
    """The partners' numbers, and which rows have a name of unknown spelling."""
    fields = checks.layout.fields
    if "partner" not in fields:
        codes, _, indices = _mapped(checks, "partner_name", _partner_by_name)
        return pa.array(codes, pa.int16()).take(pa.array(indices)), np.zeros(len(indices), bool)
    codes, _, indices = _mapped(checks, "partner", _partner_by_code)
    numbers = pa.array(codes, pa.int16()).take(pa.array(indices))
    if "partner_name" not in fields or checks.errors:
        return numbers, np.zeros(len(indices), bool)
    names, texts, places = _mapped(checks, "partner_name", _partner_if_known)
    pairs = indices.astype(np.int64) * max(len(texts), 1) + places
    odd = np.array([name is None for name in names], dtype=bool)
    for pair in np.unique(pairs):
        code, place = codes[pair // len(texts)], pair % len(texts)
        if names[place] not in (None, code):
            found = f"{code} and {texts[place]}"
            expected = "a partner's code beside its own name"
            action = f"{code} is {partners()[code].name}: find out which of the two is meant"
            checks.report(np.flatnonzero(pairs == pair), "partner", expected, found, action)
    return numbers, odd[places] if len(texts) else np.zeros(0, bool)


def _partner_by_code(text: str) -> int:
    if text.isdecimal() and int(text) in partners():
        return int(text)
    raise _BadCell(
        "a partner's code of three digits (109 is North Korea, 133 South Korea)",
        "mend the code; if the customs office has a new partner, add it to "
        "src/analysis/sources/customs_codes.py",
    )


def _partner_by_name(text: str) -> int:
    code = partner_names().get(name_key(text))
    if code is None:
        raise _BadCell(
            "the name of a partner, in English or Chinese",
            "if it is garbled, the file was saved in another encoding: download it again; "
            "else add the code column to the query, or the spelling to "
            "src/analysis/sources/customs_codes.py",
        )
    return code


def _partner_if_known(text: str) -> int | None:
    """The number of a partner's name; None for an unknown spelling in Latin letters.

    An unknown name in other letters is a name in the wrong encoding.
    """
    code = partner_names().get(name_key(text))
    if code is None and not (text and all(ord(sign) < 0x250 for sign in text)):
        return _partner_by_name(text)
    return code


def _measured(checks: _Checks, quantity: str, unit: str, count: int) -> tuple[pa.Array, pa.Array]:
    """Quantities and their units, both missing where none is printed."""
    if unit not in checks.layout.fields:
        # A number without its unit says nothing.
        return _nothing(pa.float64(), count), _nothing(_WORD, count)
    parse = _unit if unit == "unit" else _second_unit
    known = len(checks.errors)
    names, _, indices = _mapped(checks, unit, parse)
    units = _dictionary(names, indices)
    if quantity not in checks.layout.fields:
        return _nothing(pa.float64(), count), units
    numbers = _numbers(checks, quantity, _DECIMAL)
    none = units.is_null()
    if len(checks.errors) == known:
        amount = pc.fill_null(pc.and_(none, pc.greater(numbers, 0.0)), False)
        for row in np.flatnonzero(amount.to_numpy(zero_copy_only=False)):
            found = checks.block.cells[quantity][row].as_py().decode("latin-1").strip()
            expected = "no quantity, or 0, where there is no unit"
            checks.report(np.array([row]), quantity, expected, found, "mend the unit")
    return pc.if_else(none, pa.scalar(None, pa.float64()), numbers), units


def _unit(text: str) -> str | None:
    if text in ("?", _DASH):
        return None
    name = unit_names().get(name_key(text))
    if name is None:
        raise _BadCell(
            "a unit of the customs office's table",
            "mend the unit, or add its spelling to src/analysis/sources/customs_codes.py",
        )
    return name


def _second_unit(text: str) -> str | None:
    return None if text in _NO_UNIT else _unit(text)


def _plain(checks: _Checks, column: str, count: int) -> pa.Array:
    if column not in checks.layout.fields:
        return _nothing(_WORD, count)
    texts, indices = _texts(checks, column)
    return _dictionary(texts, indices)


def _dictionary(values: list[str | None], indices: np.ndarray) -> pa.Array:
    """The value of each row; distinct texts that mean the same become one."""
    distinct = {value: None for value in values if value is not None}
    place = {value: number for number, value in enumerate(distinct)}
    new = np.array([place.get(value, -1) for value in values], dtype=np.int32)
    rows = new[indices] if len(values) else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(rows, mask=rows < 0), pa.array(list(distinct), pa.string())
    )


def _numbers(checks: _Checks, column: str, pattern: str) -> pa.Array:
    """The numbers of a column, int64 for whole ones, else float64; missing where a dash stands."""
    cells = checks.block.cells[column]
    kind = pa.int64() if pattern == _WHOLE else pa.float64()
    if _only_digits(cells):
        return cells.view(pa.string()).cast(kind)
    none = pc.is_in(cells, value_set=pa.array([_DASH.encode(), b""], pa.binary()))
    sound = pc.or_(none, pc.match_substring_regex(cells, pattern))
    if not pc.all(sound).as_py():
        cells, none = _strayed(checks, column, cells, none, sound, pattern)
    cells = pc.if_else(none, pa.scalar(None, pa.binary()), cells)
    text = pc.replace_substring(cells, b",", b"").view(pa.string())
    return text.cast(kind)


def _only_digits(cells: pa.Array) -> bool:
    """Whether every cell is a run of at most 18 digits, as quantities mostly are.

    Told in a tenth of the time that the patterns take, which say the same of such cells.
    """
    longest = pc.max(pc.binary_length(cells)).as_py()
    if longest is None or longest > 18:
        return False
    return bool(pc.all(pc.ascii_is_decimal(cells.view(pa.string()))).as_py())


def _strayed(
    checks: _Checks, column: str, cells: pa.Array, none: pa.Array, sound: pa.Array, pattern: str
) -> tuple[pa.Array, pa.Array]:
    """The cells without stray blanks and tabs; what is no number then is reported."""
    where = np.flatnonzero(~sound.to_numpy(zero_copy_only=False))
    raw, missing = cells.to_pylist(), none.to_numpy(zero_copy_only=False).copy()
    for row in where:
        try:
            text = raw[row].decode(checks.layout.encoding).strip()
        except UnicodeDecodeError:
            text = repr(raw[row])
        missing[row] = text in (_DASH, "")
        raw[row] = text.encode() if text.isascii() else b""
        if not missing[row] and not re.match(pattern, text):
            missing[row] = True
            action = (
                "a spreadsheet may have changed the number: download the file again and do not "
                "open it there; the export prints digits, and `-` for none"
            )
            checks.report(np.array([row]), column, _NUMBER, text, action)
    return pa.array(raw, pa.binary()), pa.array(missing)
