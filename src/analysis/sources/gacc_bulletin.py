"""The monthly bulletin's table (2): imports and exports by country or region, as it is published.

xls, xlsx, csv or html (told by the content, not by the name), Chinese or English, 10,000 yuan or
thousand dollars. A title names the month, a line the unit; two header rows name flow and span;
continents and groups stand among the countries, notes below.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pandas as pd
import xlrd
from bs4 import BeautifulSoup

from analysis.schemas import BULLETIN_ROWS, InputError, checked
from analysis.sources.customs_codes import name_key, partner_names
from analysis.sources.tables import Place, raise_if_any

FLOWS = {"进出口": "total", "出口": "export", "进口": "import"} | {
    name_key(word): flow
    for word, flow in (
        ("Total", "total"), ("Export", "export"), ("Exports", "export"),
        ("Import", "import"), ("Imports", "import"), ("Imports and Exports", "total"),
    )
}  # fmt: skip
#: How a unit is spelled: currency, and million of it in one printed unit.
UNITS = (
    (re.compile(r"万元|RMB\s*10,?000|10,?000\s*(?:RMB|yuan)", re.I), "CNY", 0.01),
    (re.compile(r"千美元|US\$?D?\s*1,?000|1,?000\s*US", re.I), "USD", 0.001),
)
_TITLES = (
    re.compile(r"(?P<year>\d{4})年(?:1[至-])?(?P<month>\d{1,2})月"),
    re.compile(r"\b(?:1-)?(?P<month>\d{1,2})\.(?P<year>\d{4})\b"),
    re.compile(r"\b(?P<year>\d{4})\.(?:1-)?(?P<month>\d{1,2})\b"),
)
_OF_MONTH = re.compile(r"(?P<last>\d{1,2})月?|当月|当期|month", re.I)
_TO_DATE = re.compile(r"1月?[至-](?P<last>\d{1,2})月?|(?:本年)?累计|yeartodate|cumulative", re.I)
_GROWTH = re.compile(r"同期|同比|change|growth|±", re.I)
#: Rows above the figures that are looked through for title, unit and header.
_HEAD = 12

GROUP = "a sum or a group of countries, which are in the table one by one"
#: Sums and groups that the table prints among its countries, by `name_key`; whole names, since a
#: part of one ("Asia") may stand in the name of a partner.
_GROUPS = re.compile(
    r"总值|总计|合计|total(?:value)?|grandtotal|"
    r"(?:亚|非|欧|大洋|北美|拉丁美)洲|(?:latin|north)america|asia|africa|europe|oceania|"
    r"(?:东盟|东南亚国家联盟)(?:\(\d+国\))?|asean|associationofsoutheastasiannations|"
    r"(?:欧盟|欧洲联盟)(?:\(\d+国\))?|(?:eu|europeanunion)(?:\(\d+\))?|"
    r"亚太经合组织|亚太经济合作组织|apec|asia-?pacificeconomiccooperation|"
    r"(?:rcep|区域全面经济伙伴关系协定(?:\(rcep\))?)(?:成员国|其他成员国|members?)?|"
    r"金砖(?:国家|五国|四国)|brics(?:countries)?|"
    r"(?:共建)?[“\"']?一带一路[”\"']?(?:沿线|共建)?国家|"
    r"(?:thebeltandroad|beltandroad|b&r|bri)(?:partner)?countries|"
    r"上海合作组织|上合组织|shanghaicooperationorgani[sz]ation|中亚五国|中东欧国家|"
    r"海湾合作委员会|gulfcooperationcouncil|gcc|"
    r"(?:中东|非洲其他|拉丁美洲和加勒比)(?:国家|地区)?|latinamericaandthecaribbean"
)
#: What a group's name may begin with: a mark, or "of which".
_OF_WHICH = re.compile(r"^(?:#|\*|其中[:：]?|附[:：]?|ofwhich:?)+")
_TABLE = "the bulletin's table (2), imports and exports by country (region)"


@dataclass(frozen=True)
class _Column:
    """What one column of figures holds: `span` is `month`, `year_to_date` or `growth`."""

    flow: str
    span: str


def read_bulletin(path: Path, name: str | None = None) -> pd.DataFrame:
    """The figures of one table, one row a figure, with the shape of `schemas.BULLETIN_ROWS`.

    Money in million of `currency`; `yoy` a fraction, beside the sum for the year to date that it
    speaks of. A dash is no row: the table prints none, and none is missing, not 0. Sums and
    groups of countries have no `partner` and a reason in `set_aside`. `name` is what messages call
    the file.

    Raises InputError (InputErrors for several) naming row and column: no such table in the file,
    no month, no unit, a header that contradicts the title, a cell that is no number, a name that
    is neither a partner's nor a group's.
    """
    name = name or path.name
    grid = _grid(path, name)
    month = _month(grid, name)
    currency, million = _unit(grid, name)
    header = _header(grid, name)
    columns = _columns(grid, header, month, name)
    rows, errors = [], []
    for number, row in enumerate(grid[header + 2 :], start=header + 3):
        if not any(_text(row, place) for place in columns):
            continue
        label = _text(row, 0)
        if not (is_group(label) or name_key(label) in partner_names()):
            errors.append(_unknown_name(label, Place(name, number)))
        values = {}
        for place, column in columns.items():
            try:
                values[column] = _figure(row, place, Place(name, number, _described(column)))
            except InputError as error:
                errors.append(error)
        rows += _long(values, month, name, number, label, million)
    raise_if_any(errors)
    return _frame(rows, currency)


def is_group(label: str) -> bool:
    """Whether a row's name is that of a sum or of a group of countries.

    >>> is_group("# ASEAN"), is_group("Asia"), is_group("Other countries (regions) in Asia")
    (True, True, False)
    """
    return _GROUPS.fullmatch(_OF_WHICH.sub("", name_key(label))) is not None


def _unknown_name(label: str, at: Place) -> InputError:
    return at.error(
        "the name of a country or region, or of a group of them, in English or Chinese",
        found=label or "an empty cell before figures",
        action="mend the name, or download the table again if it is garbled (CSV is read as "
        "GB18030, or as UTF-8 with its mark); add a partner's new spelling to "
        "src/analysis/sources/customs_codes.py, a new group to gacc_bulletin.py beside it",
    )


def _frame(rows: list[dict], currency: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["file", "line", "first", "last", "flow", "name", "value_mn",
                                        "yoy"])  # fmt: skip
    partner = frame["name"].map(name_key).map(partner_names()).astype("Int64")
    text = dict.fromkeys(("file", "flow", "name"), "string")
    months = {end: pd.PeriodIndex(frame[end], freq="M") for end in ("first", "last")}
    reason = pd.Series(GROUP, index=frame.index, dtype="string").mask(partner.notna())
    typed = frame.astype(text | {"line": "int64", "value_mn": "float64", "yoy": "float64"})
    typed = typed.assign(partner=partner, currency=currency, set_aside=reason, **months)
    typed["currency"] = typed["currency"].astype("string")
    return checked(typed[list(BULLETIN_ROWS.columns)], BULLETIN_ROWS)


def _long(
    values: dict[_Column, float | None],
    month: pd.Period,
    file: str,
    line: int,
    label: str,
    million: float,
) -> list[dict]:
    """One row a printed figure of money; the growth rate goes with the sum to date."""
    rows = []
    january = pd.Period(year=month.year, month=1, freq="M")
    for column, value in values.items():
        if column.span == "growth" or value is None:
            continue
        to_date = column.span == "year_to_date"
        growth = values.get(_Column(column.flow, "growth")) if to_date else None
        rows.append(
            {
                "file": file,
                "line": line,
                "first": january if to_date else month,
                "last": month,
                "flow": column.flow,
                "name": label,
                "value_mn": value * million,
                "yoy": None if growth is None else growth / 100,
            }
        )
    return rows


# What the head of the table says


def _month(grid: list[list[object]], name: str) -> pd.Period:
    head = " ".join(str(cell) for row in grid[:_HEAD] for cell in row if isinstance(cell, str))
    for title in _TITLES:
        found = title.search(head)
        if found and 1 <= int(found["month"]) <= 12:
            return pd.Period(year=int(found["year"]), month=int(found["month"]), freq="M")
    action = "put in the table as published, with its title"
    raise Place(name).error("a title with year and month", found=head[:80], action=action)


def _unit(grid: list[list[object]], name: str) -> tuple[str, float]:
    head = " ".join(str(cell) for row in grid[:_HEAD] for cell in row if isinstance(cell, str))
    found = [(currency, size) for pattern, currency, size in UNITS if pattern.search(head)]
    if len(found) == 1:
        return found[0]
    action = "put in the table as published: the line with the unit is above the header"
    expected = "one unit above the table, 10,000 yuan (万元) or thousand dollars (千美元)"
    raise Place(name).error(expected, found=head[:80], action=action)


def _header(grid: list[list[object]], name: str) -> int:
    """The place of the upper header row: the first that names two flows."""
    for number, row in enumerate(grid[:_HEAD]):
        flows = {FLOWS.get(name_key(_text(row, place))) for place in range(1, len(row))}
        if len(flows - {None}) > 1 and number + 1 < len(grid):
            return number
    action = "put in table (2) by country; other tables of the bulletin are not read"
    found = "no row with exports and imports side by side"
    raise Place(name).error(f"the header of {_TABLE}", found=found, action=action)


def _columns(
    grid: list[list[object]], header: int, month: pd.Period, name: str
) -> dict[int, _Column]:
    """What each column holds; a merged header cell speaks for the empty ones to its right."""
    upper, columns = "", {}
    for place in range(1, max(len(row) for row in grid[header : header + 2])):
        upper = _text(grid[header], place) or upper
        lower = _text(grid[header + 1], place)
        if not (lower or upper):
            continue
        column = _column(upper, lower, month, Place(name, header + 2, lower or upper))
        if column in columns.values():
            action = "put in the table as published"
            at = Place(name, header + 2, lower)
            raise at.error("each column once", found=_described(column), action=action)
        columns[place] = column
    return columns


def _column(upper: str, lower: str, month: pd.Period, at: Place) -> _Column:
    action = "put in the table as published"
    if _GROWTH.search(upper):
        if (flow := FLOWS.get(name_key(lower))) is not None:
            return _Column(flow, "growth")
        raise at.error("a flow below the header of growth rates", found=lower, action=action)
    flow = FLOWS.get(name_key(upper))
    if flow is None:
        raise at.error("exports, imports or their total", found=upper, action=action)
    for span, pattern in (("month", _OF_MONTH), ("year_to_date", _TO_DATE)):
        found = pattern.fullmatch(name_key(lower))
        if found:
            if found["last"] and int(found["last"]) != month.month:
                expected = f"columns of the month in the title, {month}"
                raise at.error(expected, found=lower, action=action)
            return _Column(flow, span)
    raise at.error("a column of the month or of the year to date", found=lower, action=action)


def _described(column: _Column) -> str:
    return f"{column.flow}, {column.span.replace('_', ' ')}"


# Cells


def _text(row: Sequence[object], place: int) -> str:
    cell = row[place] if place < len(row) else None
    return "" if cell is None else str(cell).strip(" \t\r\n\xa0　")


def _figure(row: Sequence[object], place: int, at: Place) -> float | None:
    """A number; None for a dash or an empty cell."""
    text = _text(row, place)
    if text in ("-", "－", "—", ""):
        return None
    if not re.fullmatch(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+]?\d+)?", text):
        action = "write the number as published, or - for none"
        raise at.error("a number, or - for none", found=text, action=action)
    return float(text.replace(",", ""))


# Formats


def _grid(path: Path, name: str) -> list[list[object]]:
    """The cells of the sheet or of the page's table of figures, row by row."""
    data = path.read_bytes()
    read = _reader(data, name)
    try:
        grid = read(data)
    except InputError:
        raise
    except Exception as error:  # each format's library has errors of its own
        found = f"{type(error).__name__}: {error}"
        action = "download the table again"
        raise Place(name).error(f"{_TABLE}, whole", found=found, action=action) from error
    if not grid:
        raise Place(name).error(_TABLE, found="no cells", action="download the table again")
    return grid


def _reader(data: bytes, name: str) -> Callable[[bytes], list[list[object]]]:
    if data.startswith(b"PK"):
        return _xlsx
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return _xls
    if b"\x00" in data[:4096] or not data.strip():
        action = "download it again as xls, xlsx, csv or html"
        raise Place(name).error(_TABLE, found="no text and no workbook", action=action)
    return _html if data.lstrip()[:1] == b"<" else _csv


def _xlsx(data: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def _xls(data: bytes) -> list[list[object]]:
    sheet = xlrd.open_workbook(file_contents=data).sheet_by_index(0)
    return [list(sheet.row_values(number)) for number in range(sheet.nrows)]


def _csv(data: bytes) -> list[list[object]]:
    marked = data.startswith(b"\xef\xbb\xbf")
    text = data.decode("utf-8-sig" if marked else "gb18030")
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]


def _html(data: bytes) -> list[list[object]]:
    """The largest table of the page, cells that span several repeated over all of them."""
    tables = BeautifulSoup(data, "lxml").find_all("table")
    inner = [table for table in tables if table.find("table") is None]
    if not inner:
        return []
    table = max(inner, key=lambda table: len(table.find_all("tr")))
    grid: dict[tuple[int, int], str] = {}
    for line, row in enumerate(table.find_all("tr")):
        place = 0
        for cell in row.find_all(["td", "th"]):
            while (line, place) in grid:
                place += 1
            down, across = (int(cell.get(side, 1)) for side in ("rowspan", "colspan"))
            text = cell.get_text(" ")
            grid |= {(line + d, place + a): text for d in range(down) for a in range(across)}
            place += across
    height, width = (1 + max(key[side] for key in grid) for side in (0, 1))
    return [[grid.get((line, place)) for place in range(width)] for line in range(height)]
