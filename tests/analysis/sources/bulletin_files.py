"""The monthly bulletin's table (2), imports and exports by country, from a known truth.

`bulletin_table` draws the figures of one month and `write_bulletin` prints them as xls, xlsx, csv
or html, in Chinese or English, in 10,000 yuan or thousand dollars: a title and a line with the
unit, two header rows with merged cells, continents and groups among the countries, indented names,
`-` for none, and notes below. Nothing here is a figure of the customs office.
"""

from __future__ import annotations

import csv
import html
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import xlwt
from gacc_export_files import ENCODING

FORMATS = ("xls", "xlsx", "csv", "html")

#: Partner code (none for sums and groups), Chinese and English name, depth of the indent, and the
#: mean of a month's exports and imports in thousand dollars.
COUNTRIES = (
    (None, "总值", "TOTAL", 0, 2.2e8, 1.8e8),
    (None, "亚洲", "Asia", 0, 1.0e8, 9.0e7),
    ("109", "朝鲜", "Korea,DPR", 1, 2.0e5, 2.0e4),
    ("110", "中国香港", "Hong Kong,China", 1, 2.5e7, 8.0e5),
    ("116", "日本", "Japan", 1, 1.3e7, 1.4e7),
    ("124", "蒙古", "Mongolia", 1, 1.5e5, 5.0e5),
    ("133", "韩国", "Korea,Rep.", 1, 9.0e6, 1.6e7),
    ("141", "越南", "Vietnam", 1, 7.0e6, 5.0e6),
    (None, "亚洲其他国家(地区)", "Other countries (regions) in Asia", 1, 0.0, 0.0),
    (None, "欧洲", "Europe", 0, 4.0e7, 3.0e7),
    ("344", "俄罗斯", "Russia", 1, 4.0e6, 5.0e6),
    (None, "大洋洲", "Oceania", 0, 5.0e6, 1.0e7),
    ("601", "澳大利亚", "Australia", 1, 4.0e6, 9.0e6),
    (None, "东南亚国家联盟", "ASEAN", 0, 3.0e7, 2.5e7),
    (None, "欧洲联盟", "European Union", 0, 3.0e7, 2.0e7),
)

#: Columns of the truth; money as printed, in the unit asked for. Missing where the cell is `-`.
FLOWS = ("total", "export", "import")
TRUTH_COLUMNS = [
    "partner",
    "name",
    *(f"{flow}_{span}" for flow in FLOWS for span in ("month", "year_to_date")),
    *(f"{flow}_growth_percent" for flow in FLOWS),
]

#: The unit's word in the title of the table, by currency and language.
UNITS = {
    ("cny", "chinese"): "单位：万元人民币",
    ("usd", "chinese"): "单位：千美元",
    ("cny", "english"): "Unit: RMB 10,000",
    ("usd", "english"): "Unit: US$1,000",
}
FLOW_NAMES = {
    "chinese": {"total": "进出口", "export": "出口", "import": "进口"},
    "english": {"total": "Total", "export": "Export", "import": "Import"},
}


@dataclass(frozen=True)
class Bulletin:
    """One month's table. `merged`: January and February came in one table, without a month column.

    `month` is the last month covered. `generic_header` heads the columns `当月`, `累计` (Month,
    Year to date) rather than `3月`, `1至3月` (March, January-March).
    """

    month: pd.Period
    currency: str
    table: pd.DataFrame
    merged: bool = False
    generic_header: bool = False


def bulletin_table(
    seed: int, month: str, currency: str = "cny", *, merged: bool = False, quiet: bool = False
) -> Bulletin:
    """The figures of one month: a row a country, names in both languages, columns TRUTH_COLUMNS.

    Total is export plus import in whole units. `quiet`: the DPRK row has no import at all in the
    month (its growth, a rate on the year to date, is still printed).
    """
    rng = np.random.default_rng([seed, pd.Period(month, "M").ordinal])
    period = pd.Period(month, "M")
    to_units = 1.0 if currency == "usd" else 0.65  # USD 1,000 at 6.5 is 0.65 of CNY 10,000
    rows = []
    for partner, chinese, english, depth, exports, imports in COUNTRIES:
        row = {"partner": partner, "chinese": chinese, "english": english, "depth": depth}
        for flow, mean in (("export", exports), ("import", imports)):
            monthly = np.rint(rng.lognormal(0, 0.3, period.month) * mean * to_units)
            if quiet and partner == "109" and flow == "import":
                monthly[-1] = 0
            row[f"{flow}_month"] = np.nan if merged else monthly[-1]
            row[f"{flow}_year_to_date"] = monthly.sum()
        for span in ("month", "year_to_date"):
            row[f"total_{span}"] = row[f"export_{span}"] + row[f"import_{span}"]
        for flow in FLOWS:
            row[f"{flow}_growth_percent"] = round(float(rng.normal(0, 20)), 1)
            if row[f"{flow}_year_to_date"] == 0:
                row[f"{flow}_growth_percent"] = np.nan
        rows.append(row)
    table = pd.DataFrame(rows)
    money = [name for name in TRUTH_COLUMNS if name.endswith(("_month", "_to_date"))]
    # The table prints a dash, never a nought.
    table[money] = table[money].where(table[money] != 0)
    return Bulletin(period, currency, table, merged)


def truth(bulletin: Bulletin, language: str) -> pd.DataFrame:
    """What a reader should find: TRUTH_COLUMNS with the names of `language`, every row printed."""
    return bulletin.table.rename(columns={language: "name"})[TRUTH_COLUMNS]


def write_bulletin(bulletin: Bulletin, path: Path, language: str = "chinese") -> Path:
    """Print the table at `path` in the format of its suffix; returns `path`."""
    grid = _grid(bulletin, language)
    writer = {".xls": _xls, ".xlsx": _xlsx, ".csv": _csv, ".html": _html}[path.suffix]
    path.write_bytes(writer(grid))
    return path


def file_name(bulletin: Bulletin, language: str, suffix: str) -> str:
    """A name that says no more than that it is the table of its month."""
    words = "进出口商品国别(地区)总值表" if language == "chinese" else "country_table"
    return f"{bulletin.month.strftime('%Y%m')}_{words}.{suffix}"


@dataclass(frozen=True)
class _Grid:
    """Rows of cells; the first `body` rows are title, unit and header. `merged` are inclusive."""

    rows: list[list[str | float | None]]
    body: int
    merged: list[tuple[int, int, int, int]]


def _grid(bulletin: Bulletin, language: str) -> _Grid:
    chinese = language == "chinese"
    spans = ["year_to_date"] if bulletin.merged else ["month", "year_to_date"]
    flows = FLOW_NAMES[language]
    width = 1 + len(FLOWS) * len(spans) + len(FLOWS)
    first = "进口原产国(地)\n出口最终目的国(地)" if chinese else "Country (Region)"
    growth = "累计比去年同期±%" if chinese else "Year to date, change on a year before (%)"
    top: list[str | float | None] = [first]
    second: list[str | float | None] = [None]
    merged = [(0, 0, 0, width - 1), (2, 0, 3, 0)]
    for flow in FLOWS:
        merged.append((2, len(top), 2, len(top) + len(spans) - 1))
        top += [flows[flow], *[None] * (len(spans) - 1)]
        second += [_span_name(bulletin, span, chinese) for span in spans]
    merged.append((2, len(top), 2, width - 1))
    top += [growth, None, None]
    second += [flows[flow] for flow in FLOWS]
    rows = [
        [_title(bulletin, chinese), *[None] * (width - 1)],
        [*[None] * (width - 1), UNITS[bulletin.currency, language]],
        top,
        second,
    ]
    body = len(rows)
    columns = [f"{flow}_{span}" for flow in FLOWS for span in spans]
    columns += [f"{flow}_growth_percent" for flow in FLOWS]
    for row in bulletin.table.to_dict("records"):
        indent = ("　" if chinese else "  ") * row["depth"]
        figures = ["-" if pd.isna(row[name]) else row[name] for name in columns]
        rows.append([f"{indent}{row[language]}", *figures])
    notes = (
        ["注：1.东南亚国家联盟包括越南等十国。", "2.本表数据为初步数据。"]
        if chinese
        else ["Note: 1. ASEAN includes Vietnam and nine others.", "2. Figures are preliminary."]
    )
    rows += [[note, *[None] * (width - 1)] for note in notes]
    return _Grid(rows, body, [pair for pair in merged if pair[:2] != pair[2:]])


def _title(bulletin: Bulletin, chinese: bool) -> str:
    year, month = bulletin.month.year, bulletin.month.month
    if chinese:
        months = f"1至{month}月" if bulletin.merged else f"{month}月"
        money = "人民币" if bulletin.currency == "cny" else "美元"
        return f"（2）{year}年{months}进出口商品国别(地区)总值表（{money}）"
    months = f"1-{month}.{year}" if bulletin.merged else f"{month}.{year}"
    money = "RMB" if bulletin.currency == "cny" else "USD"
    return (
        f"(2) Imports and Exports by Country (Region) of Origin/Destination, {months} (in {money})"
    )


def _span_name(bulletin: Bulletin, span: str, chinese: bool) -> str:
    if bulletin.generic_header:
        names = {"month": ("当月", "Month"), "year_to_date": ("累计", "Year to date")}
        return names[span][0 if chinese else 1]
    number = bulletin.month.month
    if span == "month":
        return f"{number}月" if chinese else f"{number}"
    return f"1至{number}月" if chinese else f"1-{number}"


def _printed(cell: str | float | None) -> str:
    """A cell as text: money with thousands separators, growth with one decimal."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 1000 or float(cell).is_integer() else f"{cell:.1f}"


def _csv(grid: _Grid) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [_printed(cell) for cell in row] for row in grid.rows
    )
    return text.getvalue().encode(ENCODING)


def _html(grid: _Grid) -> bytes:
    spans = {(r, c): (r2 - r + 1, c2 - c + 1) for r, c, r2, c2 in grid.merged}
    hidden = {
        (r, c)
        for top, left, bottom, right in grid.merged
        for r in range(top, bottom + 1)
        for c in range(left, right + 1)
    } - set(spans)
    lines = []
    for r, row in enumerate(grid.rows):
        cells = []
        for c, cell in enumerate(row):
            if (r, c) not in hidden:
                down, across = spans.get((r, c), (1, 1))
                text = html.escape(_printed(cell)).replace("\n", "<br>") or "&nbsp;"
                cells.append(f'<td rowspan="{down}" colspan="{across}">{text}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>海关统计</title></head><body>'
        "<table><tr><td>首页</td><td>统计月报</td></tr></table>\n"
        f"<table>{chr(10).join(lines)}</table></body></html>"
    )
    return page.encode()


def _xlsx(grid: _Grid) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in grid.rows:
        sheet.append(row)
    for top, left, bottom, right in grid.merged:
        sheet.merge_cells(
            start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
        )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xls(grid: _Grid) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("(2)")
    covered = set()
    for top, left, bottom, right in grid.merged:
        sheet.write_merge(top, bottom, left, right, grid.rows[top][left])
        covered |= {(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)}
    for r, row in enumerate(grid.rows):
        for c, cell in enumerate(row):
            if cell is not None and (r, c) not in covered:
                sheet.write(r, c, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
