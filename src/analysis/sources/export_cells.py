"""The cells of one file of the query export, a block of lines at a time, still undecoded.

The file is never held whole. Commas, quotes and line ends are never part of a GB18030 character
(its trailing bytes are digits, letters and bytes above 0x7f), so the cells can be told apart
before they are decoded; then each distinct cell is decoded once, not each cell. Arrow does the
splitting. Where it finds anything but whole lines of the right number of cells, Python's `csv`
goes through the block line by line and says what is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from analysis.schemas import InputError
from analysis.sources.export_naming import ExportFile
from analysis.sources.tables import Place, raise_if_any

#: GB18030 holds GBK and GB2312, so it reads all that the query interface ever gave.
ENCODING = "gb18030"
#: Bytes read at a time: large enough for Arrow to use both cores, small beside a gigabyte.
BLOCK_BYTES = 16 << 20
#: What Arrow splits between its threads.
ARROW_BLOCK_BYTES = 4 << 20

#: Field of the export: its headers, the English one as printed now first.
HEADERS = {
    "date": ("Date of data", "数据年月"),
    "hs": ("Commodity code", "商品编码"),
    "commodity": ("Commodity", "商品名称"),
    "partner": ("Trading partner code", "贸易伙伴编码"),
    "partner_name": ("Trading partner", "贸易伙伴名称"),
    "regime": ("Customs Regime code", "贸易方式编码"),
    "regime_name": ("Customs Regime", "贸易方式名称"),
    "location": ("Locations of importers and exporters code", "注册地编码"),
    "location_name": ("Locations of importers and exporters", "注册地名称"),
    "quantity": ("Quantity", "第一数量"),
    "unit": ("Unit", "第一计量单位"),
    "second_quantity": ("Supplementary Quantity", "第二数量", "Supplimentary Quantity"),
    "second_unit": ("Supplementary Unit", "第二计量单位", "Supplimentary Unit"),
    "value_usd": ("US dollar", "美元"),
    "value_cny": ("Renminbi Yuan", "人民币"),
}
VALUES = {"value_usd": "USD", "value_cny": "CNY"}
#: Columns of numbers: nearly every cell is its own, so a dictionary would not help.
NUMBERS = ("quantity", "second_quantity", *VALUES)

#: What a file begins with that is no text of cells, and what to do instead.
_SIGNATURES = {
    b"PK\x03\x04": ("a zip archive or an xlsx workbook", "unpack it, or save the sheet as CSV"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook (xls)", "save the sheet as CSV"),
    b"\x1f\x8b": ("a file compressed with gzip", "unpack it"),
    b"%PDF": ("a PDF document", "download the query as CSV"),
    b"\xff\xfe": ("text in UTF-16", "save it in GB18030 or UTF-8, or download it again"),
    b"\xfe\xff": ("text in UTF-16", "save it in GB18030 or UTF-8, or download it again"),
}
_UTF8_MARK = b"\xef\xbb\xbf"
_GB18030_MARK = b"\x84\x31\x95\x33"
_AGAIN = "download the file again, and put in the export itself"
#: The English list of partners prints its one comma without quotes.
_LOOSE_PARTNER = (b",Korea,DPR,", b',"Korea,DPR",')


@dataclass(frozen=True)
class Layout:
    """What the header says: the place of each field, its header as spelled, cells in a line."""

    fields: dict[str, int]
    spelled: dict[str, str]
    width: int
    #: Places that must be empty: the cell behind the trailing comma.
    empty: tuple[int, ...]
    encoding: str

    @property
    def value(self) -> str:
        """`value_usd` or `value_cny`."""
        return next(name for name in VALUES if name in self.fields)


@dataclass(frozen=True)
class Block:
    """Cells of some lines: `cells` by field (binary, text dictionary-encoded); `lines` of each.

    `raw` are the bytes, where Arrow split them: it takes a stray quote for part of the cell.
    """

    layout: Layout
    lines: np.ndarray
    cells: dict[str, pa.Array]
    raw: bytes | None = None


def read_blocks(file: ExportFile, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The blocks of a file in their order.

    Raises InputError (InputErrors for several) with all that is wrong with the header, or with
    the form of the first block that has something wrong: another kind of file, another encoding,
    NUL bytes, broken quoting, lines of too many or too few cells, a cut last line.
    """
    with file.path.open("rb") as opened:
        head = opened.readline(1 << 20)
        head, encoding = _header_bytes(head, opened, file)
        layout = read_header(head, encoding, Place(file.name, 1))
        line = 2
        for data, whole in _whole_lines(opened, block_bytes):
            rows = data.count(b"\n") + (not whole)
            yield _block(data, rows, whole, line, layout, file)
            line += rows


def _header_bytes(head: bytes, opened: io.BufferedReader, file: ExportFile) -> tuple[bytes, str]:
    """The first line without its mark and the encoding; InputError for no text of cells."""
    place = Place(file.name)
    start = head.lstrip(b" \t\r\n")
    for signature, (kind, action) in _SIGNATURES.items():
        if head.startswith(signature):
            raise place.error("the CSV of the query export", found=kind, action=action)
    if start[:1] == b"<":
        action = "download the query again in a browser: the site answered with a page instead"
        raise place.error("the CSV of the query export", found="an HTML page", action=action)
    if not start:
        rest = opened.read(1 << 16).strip()
        found = "an empty first line" if rest else "an empty file"
        raise place.error("a header in the first line", found=found, action=_AGAIN)
    if b"\x00" in head:
        action = "save it in GB18030 or UTF-8 (UTF-16 text has NUL bytes), or download it again"
        raise Place(file.name, 1).error("text without NUL bytes", found="NUL", action=action)
    if b"," not in head and (other := next((s for s in (b"\t", b";") if s in head), None)):
        found = {b"\t": "tabs between the cells", b";": "semicolons between the cells"}[other]
        action = "save it with commas, or better download it again: spreadsheets change such files"
        raise Place(file.name, 1).error("cells with commas between", found=found, action=action)
    if b"\r" in head.rstrip(b"\r\n"):
        action = "save it with line ends of Windows or Unix"
        raise Place(file.name, 1).error("lines that end in LF", found="CR alone", action=action)
    for mark, encoding in ((_UTF8_MARK, "utf-8"), (_GB18030_MARK, ENCODING)):
        if head.startswith(mark):
            return head.removeprefix(mark), encoding
    return head, _encoding(head)


def _encoding(head: bytes) -> str:
    """UTF-8 if the header is one of ours in UTF-8, as some editors save it; else GB18030."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return ENCODING
    known = any(names[1] in text for names in HEADERS.values())
    return "utf-8" if known else ENCODING


def read_header(head: bytes, encoding: str, place: Place) -> Layout:
    """The layout; InputErrors naming each header that is unknown, doubled or missing."""
    try:
        text = head.decode(encoding)
    except UnicodeDecodeError as error:
        action = "download it again; if you saved it yourself, save it in GB18030 or UTF-8"
        expected = f"a header in {ENCODING.upper()}, the encoding of the export"
        raise place.error(
            expected, found=str(head[error.start : error.end]), action=action
        ) from None
    cells = _split(text.rstrip("\r\n"), place)
    empty = (len(cells) - 1,) if len(cells) > 1 and not cells[-1].strip() else ()
    errors: list[InputError] = []
    fields: dict[str, int] = {}
    spelled: dict[str, str] = {}
    for number, cell in enumerate(cells[: len(cells) - len(empty)]):
        field, at = header_field(cell), Place(place.file, 1, cell.strip() or None)
        if field is None:
            errors.append(_unknown_header(at, cell, number))
        elif field in fields:
            found = f"{spelled[field]} and {cell.strip()}"
            action = "keep one of the two columns"
            errors.append(at.error("each header once, not twice", found=found, action=action))
        else:
            fields[field], spelled[field] = number, cell.strip()
    raise_if_any(errors or _missing_headers(fields, spelled, place))
    return Layout(fields, spelled, len(cells), empty, encoding)


def _header_key(text: str) -> str:
    return " ".join(text.split()).casefold()


_FIELD_OF = {_header_key(name): field for field, names in HEADERS.items() for name in names}


def header_field(text: str) -> str | None:
    """The field that a header names; None for any other text."""
    return _FIELD_OF.get(_header_key(text))


def _unknown_header(at: Place, cell: str, number: int) -> InputError:
    if not cell.strip():
        action = "give it the header of the query page, or remove the column"
        return at.error("a header above every column", found=f"column {number + 1} is empty",
                        action=action)  # fmt: skip
    action = (
        "the export begins with its header, commas between the columns; remove what stands above "
        "it, or the column, or download the query as CSV"
    )
    return at.error("a header of the query export", found=cell, action=action)


def _missing_headers(
    fields: dict[str, int], spelled: dict[str, str], place: Place
) -> list[InputError]:
    errors = []
    if "hs" not in fields:
        errors.append(("the column 'Commodity code' (商品编码)", "tick it in the query"))
    if "partner" not in fields and "partner_name" not in fields:
        expected = "a column of the trading partner (贸易伙伴编码 or 贸易伙伴名称)"
        errors.append((expected, "tick it in the query"))
    values = [name for name in VALUES if name in fields]
    if not values:
        action = "choose a currency on the query page (US dollar) and download the file again"
        errors.append(("a column 'US dollar' (美元) or 'Renminbi Yuan' (人民币)", action))
    found = ", ".join(spelled.values())
    problems = [place.error(expected, found=found, action=action) for expected, action in errors]
    if len(values) > 1:
        at = Place(place.file, 1, spelled["value_cny"])
        found = " and ".join(spelled[name] for name in values)
        problems.append(
            at.error("values in one of the two currencies", found=found, action="remove one column")
        )
    return problems


def _whole_lines(opened: io.BufferedReader, size: int) -> Iterator[tuple[bytes, bool]]:
    """Bytes cut behind a line end; the second is False for a last line without one."""
    rest = b""
    while chunk := opened.read(size):
        chunk = rest + chunk
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield chunk[:cut], True
        rest = chunk[cut:]
    if rest:
        yield rest, False


def _block(
    data: bytes, rows: int, whole: bool, line: int, layout: Layout, file: ExportFile
) -> Block:
    if b"\x00" in data:
        at = Place(file.name, line + data[: data.index(b"\x00")].count(b"\n"))
        found = "\\x00 (a NUL byte)"
        raise at.error("characters, no NUL byte", found=found, action=_AGAIN)
    if b",Korea,DPR," in data:
        # Twice: two such cells in a row share the comma between them.
        data = data.replace(*_LOOSE_PARTNER).replace(*_LOOSE_PARTNER)
    table = _split_by_arrow(data, layout)
    if table is None or table.num_rows != rows:
        return _split_by_hand(data, whole, line, layout, file)
    table = table.unify_dictionaries()
    columns = {name: _one_array(table[str(n)]) for name, n in layout.fields.items()}
    columns |= {f"empty {n}": _one_array(table[str(n)]) for n in layout.empty}
    return Block(layout, np.arange(line, line + rows), columns, data)


def check_quotes(block: Block, file: ExportFile) -> None:
    """InputErrors if the block's cells are not what strict reading of its quotes gives.

    For a block with cells that cannot be used: a quote may be why.
    """
    if block.raw is not None and len(block.lines):
        _split_by_hand(block.raw, True, int(block.lines[0]), block.layout, file)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _split_by_arrow(data: bytes, layout: Layout) -> pa.Table | None:
    """All cells of the block, or None where Arrow does not find `width` cells in every line."""
    text = pa.dictionary(pa.int32(), pa.binary())
    plain = {str(layout.fields[name]) for name in NUMBERS if name in layout.fields}
    names = [str(n) for n in range(layout.width)]
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                column_names=names, block_size=min(ARROW_BLOCK_BYTES, max(len(data), 1))
            ),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types={n: pa.binary() if n in plain else text for n in names},
                check_utf8=False,
                null_values=[],
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None


def _split_by_hand(data: bytes, whole: bool, line: int, layout: Layout, file: ExportFile) -> Block:
    """The block by Python's `csv`, blank lines left out; InputErrors for lines of another form."""
    errors: list[InputError] = []
    rows, lines = [], []
    texts = data.removesuffix(b"\n").split(b"\n")
    for number, raw in enumerate(texts, start=line):
        place = Place(file.name, number)
        cut = not whole and number == line + len(texts) - 1
        try:
            # Latin-1 keeps every byte, as Arrow does; `csv` needs text.
            cells = _split(raw.removesuffix(b"\r").decode("latin-1"), place, layout, cut)
        except InputError as error:
            errors.append(error)
            continue
        if any(cell.strip() for cell in cells):
            rows.append([cell.encode("latin-1") for cell in cells])
            lines.append(number)
    raise_if_any(errors)
    columns = list(zip(*rows, strict=True)) or [()] * layout.width
    cells = {name: _as_arrow(columns[n], name) for name, n in layout.fields.items()}
    cells |= {f"empty {n}": _as_arrow(columns[n], "") for n in layout.empty}
    return Block(layout, np.array(lines, dtype=np.int64), cells)


def _as_arrow(column: tuple[bytes, ...], name: str) -> pa.Array:
    array = pa.array(column, type=pa.binary())
    return array if name in NUMBERS else array.dictionary_encode()


def _split(text: str, place: Place, layout: Layout | None = None, cut: bool = False) -> list[str]:
    """The cells of one line; InputError for broken quoting or another number of cells.

    A blank line has no cells. `cut` marks a last line without line end, where a fault tells that
    the download was cut.
    """
    how = "; the file is cut off here, download it again (truncated download)" if cut else ""
    try:
        cells = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        action = "close the quote, and keep a cell on one line" + how
        expected = "cells in double quotes with commas between"
        raise place.error(expected, found=f"{error}: {_shown(text)}", action=action) from None
    if layout is None or len(cells) == layout.width or not any(cell.strip() for cell in cells):
        return cells if layout is None or len(cells) == layout.width else []
    action = "quote a cell that holds a comma and keep empty cells" + how
    if len(cells) == 1 and not how:
        action = "remove this line if it is a note, as the export has none"
    if len(cells) == layout.width + 1 and layout.empty:
        action = "remove what stands behind the trailing comma; " + action
    expected = f"{layout.width} cells, as in the header (the last one empty)"
    raise place.error(expected, found=f"{len(cells)} cells: {_shown(text)}", action=action)


def _shown(text: str) -> str:
    """The end of a line, decoded as far as it can be, for a message."""
    try:
        return text.encode("latin-1").decode(ENCODING, "replace")[-60:]
    except UnicodeEncodeError:
        return text[-60:]
