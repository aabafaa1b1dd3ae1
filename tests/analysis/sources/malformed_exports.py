"""Files that a reader of the query export must refuse, repair with a flag, or read unharmed.

Each case is a folder of one or more files and what must become of it:

- `refused`: an error whose message holds the file's name, the line (the header is line 1), the
  column as the file spells it, the cell found, and one of the words of what to do;
- `flagged`: read as `panel`, and a flag on the rows in `lines` that holds one of `flags`;
- `read`: read as `panel`, nothing lost and nothing to say;
- `safe`: either of these, where the format notes do not decide: refused with the message, or read
  exactly as `panel` (with or without a flag), but never read as anything else.

Wording is free: `unmet` asks for the facts, not the sentence.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pandas as pd
import xlwt
from gacc_export_files import (
    ENCODING,
    IN_EVERY_FILE,
    KEY,
    ROW_LIMIT,
    Sheet,
    Style,
    export_sheet,
    sidecar_bytes,
    truth_panel,
)

SEED = 2017
#: Line 4 of every sheet made here is the row that is spoiled.
SPOILED = 4
FILE = "import_201701-201702.csv"
SINGLE = "import_201701.csv"


@dataclass(frozen=True)
class ExportCase:
    """A folder of files and what must become of it; see the module's text."""

    name: str
    files: dict[str, bytes]
    outcome: str
    #: The file the message must name.
    file: str = FILE
    line: int | None = None
    column: str | None = None
    found: str | None = None
    #: The message must hold one of these, upper or lower case alike.
    action: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    #: Lines of `file` that carry the flag; empty where either of two files may carry it.
    lines: tuple[int, ...] = ()
    panel: pd.DataFrame | None = None

    def write(self, folder: Path) -> Path:
        """Write the case's files into `folder`, made if need be; returns the file at issue."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder / self.file


def unmet(case: ExportCase, message: str) -> list[str]:
    """What `message` should say about a refused file and does not; empty if it says all."""
    low = message.lower()
    wanted = {
        f"the file {case.file!r}": case.file.lower() in low,
        f"line {case.line}": case.line is None or bool(re.search(rf"\b{case.line}\b", message)),
        f"the column {case.column!r}": case.column is None or case.column.lower() in low,
        f"the cell {case.found!r}": case.found is None or case.found.lower() in low,
        f"one of {case.action}": not case.action or any(a.lower() in low for a in case.action),
    }
    return [fact for fact, said in wanted.items() if not said]


def same_as_truth(case: ExportCase, found: pd.DataFrame) -> bool:
    """Whether `found`, with the columns IN_EVERY_FILE, is exactly the case's panel.

    A row whose value is missing counts as set aside, and order and types of columns are free.
    """
    pair = [
        frame.dropna(subset="value_usd").sort_values(KEY, ignore_index=True)[IN_EVERY_FILE]
        for frame in (found, case.panel)
    ]
    try:
        pd.testing.assert_frame_equal(*pair, check_dtype=False, check_exact=True)
    except AssertionError:
        return False
    return True


# The sound files that are spoiled


def sound_panel(partner: str = "109") -> pd.DataFrame:
    """Imports of January and February 2017, some six rows a month, every quantity present."""
    wanted = ["03061400", "03074300", "10063020", "27011100", "62034290", "84713000"]
    panel = truth_panel(
        SEED,
        first_month="2017-01",
        last_month="2017-02",
        flows=("import",),
        partners=(partner,),
        zero_share=0.0,
        missing_quantities=0.0,
    )
    return panel[panel["hs8"].isin(wanted)].reset_index(drop=True)


PANEL = sound_panel()
JANUARY = PANEL[PANEL["month"] == pd.Period("2017-01", "M")].reset_index(drop=True)
FEBRUARY = PANEL[PANEL["month"] == pd.Period("2017-02", "M")].reset_index(drop=True)

DATED = Style(months_per_file=2)
CHINESE = Style(language="chinese", months_per_file=2)
ENGLISH_SHEET = export_sheet(PANEL, DATED)
CHINESE_SHEET = export_sheet(PANEL, CHINESE)
JANUARY_SHEET = export_sheet(JANUARY, Style())
SOUND = ENGLISH_SHEET.to_bytes()


def truth(panel: pd.DataFrame) -> pd.DataFrame:
    return panel[IN_EVERY_FILE].reset_index(drop=True)


def without_line(line: int) -> pd.DataFrame:
    """The sound panel without the row printed on `line`."""
    return truth(PANEL.drop(index=line - 2))


def with_column(sheet: Sheet, position: int, header: str, cells: list[str]) -> Sheet:
    rows = [[*r[:position], c, *r[position:]] for r, c in zip(sheet.rows, cells, strict=True)]
    return Sheet([*sheet.header[:position], header, *sheet.header[position:]], rows)


def without_columns(sheet: Sheet, *headers: str) -> Sheet:
    kept = [number for number, name in enumerate(sheet.header) if name not in headers]
    return Sheet([sheet.header[n] for n in kept], [[row[n] for n in kept] for row in sheet.rows])


def renamed(sheet: Sheet, header: str, to: str) -> Sheet:
    return Sheet([to if name == header else name for name in sheet.header], sheet.rows)


def with_lines(change: Callable[[list[str]], list[str]], sheet: Sheet = ENGLISH_SHEET) -> bytes:
    """The lines of a sheet after `change`, encoded."""
    return "".join(f"{line}\n" for line in change(sheet.lines())).encode(ENCODING)


def with_line(line: int, change: Callable[[str], str]) -> bytes:
    lines = ENGLISH_SHEET.lines()
    lines[line - 1] = change(lines[line - 1])
    return "".join(f"{text}\n" for text in lines).encode(ENCODING)


def inserted(before: int, *texts: str) -> bytes:
    return with_lines(lambda lines: [*lines[: before - 1], *texts, *lines[before - 1 :]])


def panel_of(count: int) -> pd.DataFrame:
    """A panel of `count` rows that differ in HS code alone."""
    panel = PANEL.iloc[[3] * count].reset_index(drop=True)
    return panel.assign(hs8=pd.array([f"61{n:06d}" for n in range(count)], dtype="string"))


def rows_of(count: int) -> bytes:
    return export_sheet(panel_of(count), DATED).to_bytes()


# How cases are made


def refused(name: str, content: bytes | dict[str, bytes], *action: str, **where) -> ExportCase:
    files = content if isinstance(content, dict) else {where.get("file", FILE): content}
    return ExportCase(name, files, "refused", action=action, **where)


def cell_case(
    name: str,
    header: str,
    text: str,
    *action: str,
    outcome: str = "refused",
    panel: pd.DataFrame | None = None,
) -> ExportCase:
    """The English file with one cell of line 4 changed."""
    content = ENGLISH_SHEET.with_cell(SPOILED, header, text).to_bytes()
    return ExportCase(
        name,
        {FILE: content},
        outcome,
        line=SPOILED,
        column=header,
        found=text or None,
        action=action,
        panel=panel,
    )


def readable(
    name: str,
    content: bytes | dict[str, bytes],
    outcome: str = "read",
    *action: str,
    panel: pd.DataFrame | None = None,
    **where,
) -> ExportCase:
    files = content if isinstance(content, dict) else {where.get("file", FILE): content}
    return ExportCase(
        name, files, outcome, action=action, panel=truth(PANEL) if panel is None else panel, **where
    )


def _with_value(line: int, value: int) -> pd.DataFrame:
    panel = truth(PANEL)
    panel.loc[line - 2, "value_usd"] = value
    return panel


def _missing_quantity(line: int) -> pd.DataFrame:
    panel = truth(PANEL)
    panel.loc[line - 2, "quantity"] = pd.NA
    return panel


VALUE = "US dollar"
CODE = "Commodity code"
MONTH = "Date of data"
PARTNER = "Trading partner code"
PARTNER_NAME = "Trading partner"
TRUNCATED = ("truncat", "cut", "incomplete", "download")
AGAIN = ("download", "again", "save")
NOT_CSV = ("csv", "export", "download")
SPOILED_ROW = ENGLISH_SHEET.rows[SPOILED - 2]
SPOILED_VALUE = SPOILED_ROW[ENGLISH_SHEET.column(VALUE)]


def _truncation() -> list[ExportCase]:
    limit = f"{ROW_LIMIT:,}"
    last = len(ENGLISH_SHEET.rows) + 1
    chinese = CHINESE_SHEET.to_bytes()
    return [
        refused("exactly_10000_rows", rows_of(ROW_LIMIT), limit, str(ROW_LIMIT)),
        readable("one_row_below_the_limit", rows_of(ROW_LIMIT - 1),
                 panel=truth(panel_of(ROW_LIMIT - 1))),
        # More rows than a download can hold were joined by the user: nothing tells of a cut.
        readable("one_row_over_the_limit", rows_of(ROW_LIMIT + 1),
                 panel=truth(panel_of(ROW_LIMIT + 1))),
        refused("cut_inside_a_cell", SOUND[:-6], *TRUNCATED, "quote", line=last),
        refused("cut_between_cells", SOUND[: SOUND.rindex(b'"Set"')], *TRUNCATED, "cells",
                line=last),
        refused("cut_inside_a_character", chinese[: chinese.rindex("朝鲜".encode(ENCODING)) + 1],
                *TRUNCATED, "encod", ENCODING),
        readable("no_line_end_after_the_last_row", SOUND.rstrip(b"\n")),
    ]  # fmt: skip


def _encodings() -> list[ExportCase]:
    encoding = ("gb18030", "gbk", "encod")
    chinese = CHINESE_SHEET.to_bytes(encoding="utf-8")
    japanese = renamed_cells(ENGLISH_SHEET, PARTNER_NAME, "朝鮮").to_bytes(encoding="shift_jis")
    latin = ENGLISH_SHEET.with_cell(SPOILED, "Commodity", "Café").to_bytes(encoding="latin-1")
    headers = ["數據年月", "商品編碼", "商品名稱", "貿易夥伴編碼", "貿易夥伴名稱", "第一數量",
               "第一計量單位", "第二數量", "第二計量單位", "美元"]  # fmt: skip
    words = Sheet(
        headers, [["201701", "27011100", "煤", "109", "朝鮮", "1", "千克", "0", "?", "5"]]
    )
    return [
        readable("utf8_chinese", chinese, "safe", *encoding),
        readable("utf8_with_mark_chinese", b"\xef\xbb\xbf" + chinese, "safe", *encoding),
        readable("utf8_with_mark_english", b"\xef\xbb\xbf" + SOUND, "safe", *encoding),
        readable("gb18030_with_mark", b"\x84\x31\x95\x33" + CHINESE_SHEET.to_bytes(), "safe",
                 *encoding),
        refused("utf16_with_mark", SOUND.decode(ENCODING).encode("utf-16"), *encoding, "utf-16"),
        refused("utf16_without_mark", SOUND.decode(ENCODING).encode("utf-16-le"), *encoding, "nul"),
        refused("shift_jis", japanese, *encoding, "partner", "name"),
        refused("latin_1", latin, *encoding, line=SPOILED),
        refused("big5_headers", words.to_bytes(encoding="big5"), *encoding, "header", line=1),
        refused("nul_in_a_cell", with_line(SPOILED, lambda s: s.replace("109", "10\x009")),
                "nul", "\\x00", "byte", "character", line=SPOILED),
        refused("nuls_at_the_end", SOUND + b"\x00" * 512, "nul", "\\x00", "byte", *AGAIN),
        refused("replacement_characters", ENGLISH_SHEET.with_cell(
            SPOILED, PARTNER_NAME, "����").to_bytes(), *encoding, "partner", "name", line=SPOILED),
    ]  # fmt: skip


def renamed_cells(sheet: Sheet, header: str, text: str) -> Sheet:
    """The sheet with `text` in every cell of one column."""
    place = sheet.column(header)
    return Sheet(sheet.header, [[*r[:place], text, *r[place + 1 :]] for r in sheet.rows])


def _headers() -> list[ExportCase]:
    sheet, width = ENGLISH_SHEET, len(ENGLISH_SHEET.header)
    values = [row[sheet.column(VALUE)] for row in sheet.rows]
    codes = [row[sheet.column(CODE)] for row in sheet.rows]
    seconds = [row[sheet.column("Supplementary Quantity")] for row in sheet.rows]
    both = with_column(sheet, width, "Renminbi Yuan", values)
    spellings = with_column(sheet, width, "Supplimentary Quantity", seconds)
    return [
        refused("no_header", with_lines(lambda lines: lines[1:]), "header", line=1),
        refused("unknown_header", with_column(sheet, 3, "Port of entry", ["x"] * len(values))
                .to_bytes(), "header", "column", line=1, found="Port of entry"),
        refused("unknown_chinese_header", renamed(CHINESE_SHEET, "商品名称", "货物").to_bytes(),
                "header", "column", line=1, found="货物"),
        refused("header_twice", with_column(sheet, width, VALUE, values).to_bytes(),
                "twice", "duplicate", "more than once", "two columns", line=1, column=VALUE),
        refused("header_in_both_languages", with_column(sheet, 2, "商品编码", codes).to_bytes(),
                "twice", "duplicate", "more than once", "two columns", "both", line=1,
                column="商品编码"),
        refused("header_in_both_spellings", spellings.to_bytes(), "twice", "duplicate",
                "more than once", "two columns", "both", line=1, column="Supplimentary Quantity"),
        refused("both_currencies", both.to_bytes(), "currenc", "one of", line=1,
                column="Renminbi Yuan"),
        refused("no_value_column", without_columns(sheet, VALUE).to_bytes(), "US dollar", "美元"),
        refused("no_commodity_code", without_columns(sheet, CODE).to_bytes(), CODE, "商品编码"),
        refused("no_partner", without_columns(sheet, PARTNER, PARTNER_NAME).to_bytes(), "partner",
                "贸易伙伴"),
        refused("header_empty_in_the_middle", renamed(sheet, "Commodity", "").to_bytes(),
                "header", "column", "empty", line=1),
        readable("headers_in_two_languages", renamed(renamed(sheet, CODE, "商品编码"), VALUE,
                 "美元").to_bytes(), "safe", "header", "language"),
        readable("headers_with_blanks_and_tabs", renamed(renamed(sheet, CODE, " Commodity code\t"),
                 VALUE, "US dollar ").to_bytes(), "safe", "header"),
        readable("headers_in_lower_case", renamed(renamed(sheet, CODE, CODE.lower()), VALUE,
                 "us dollar").to_bytes(), "safe", "header"),
        readable("header_again_in_the_middle", inserted(SPOILED, sheet.lines()[0]), "safe",
                 "header", line=SPOILED),
        refused("title_above_the_header", inserted(1, '"Customs statistics",'), "header", line=1),
        readable("separator_line_of_a_spreadsheet", inserted(1, "sep=,"), "safe", "header", line=1),
    ]  # fmt: skip


def _directions_and_months() -> list[ExportCase]:
    naming = ("sidecar.yml", "file name", "name")
    one, january = JANUARY_SHEET.to_bytes(), truth(JANUARY)
    download = "downloadData.csv"

    def beside(text: str | bytes, name: str = download, content: bytes = one) -> dict[str, bytes]:
        note = text if isinstance(text, bytes) else text.encode()
        return {name: content, "sidecar.yml": note}

    def described(**entry: object) -> bytes:
        return sidecar_bytes({download: entry})

    def dated(text: str, name: str, *action: str) -> ExportCase:
        # Under a name without a span, so that nothing but the cell itself is wrong.
        content = ENGLISH_SHEET.with_cell(SPOILED, MONTH, text).to_bytes()
        files = {download: content, "sidecar.yml": described(flow="import")}
        return refused(name, files, *action, file=download, line=SPOILED, column=MONTH,
                       found=text or None)  # fmt: skip

    return [
        refused("no_direction", SOUND, *naming, file=download),
        refused("no_direction_though_a_month", one, *naming, file="201701.csv"),
        refused("both_directions_in_the_name", SOUND, *naming,
                file="import_export_201701-201702.csv"),
        refused("direction_of_name_and_sidecar_differ", beside(sidecar_bytes({FILE: {"flow":
                "export"}}), FILE, SOUND), "sidecar", found="export"),
        refused("direction_unknown_in_sidecar", beside(described(flow="inward", month=201701)),
                "import", "export", file="sidecar.yml", found="inward"),
        refused("sidecar_without_direction", beside(described(month=201701)), "flow",
                file=download),
        refused("sidecar_names_a_file_that_is_not_there",
                {SINGLE: one} | {"sidecar.yml": sidecar_bytes({"other.csv": {"flow": "import"}})},
                "other.csv", file="sidecar.yml"),
        refused("sidecar_is_no_yaml", beside("downloadData.csv: {flow: import"), "yaml", "yml",
                file="sidecar.yml"),
        refused("sidecar_is_a_list", beside("- flow: import\n"), "mapping", "flow", "file name",
                file="sidecar.yml"),
        refused("sidecar_with_an_unknown_word", beside(described(flow="import", month=201701,
                mnth=201702)), "flow", "month", file="sidecar.yml", found="mnth"),
        readable("sidecar_with_direction_and_month", beside(described(flow="import", month=201701)),
                 panel=january, file=download),
        readable("sidecar_with_a_quoted_month", beside(described(flow="import", month="201701")),
                 panel=january, file=download),
        readable("sidecar_with_the_currency", beside(described(flow="import", month=201701,
                 currency="USD")), panel=january, file=download),
        refused("currency_of_header_and_sidecar_differ", beside(described(flow="import",
                month=201701, currency="CNY")), "currenc", "US dollar", file=download, found="CNY"),
        refused("no_month", one, *naming, "month", file="import.csv"),
        refused("span_of_months_but_no_date_column", one, "month", "date", file=FILE),
        refused("month_13_in_the_name", one, "month", file="import_201713.csv", found="201713"),
        refused("month_0_in_the_sidecar", beside(described(flow="import", month=0)), "month",
                file="sidecar.yml", found="0"),
        refused("month_13_in_the_sidecar", beside(described(flow="import", month=201713)), "month",
                file="sidecar.yml", found="201713"),
        refused("month_of_name_and_sidecar_differ", beside(sidecar_bytes({SINGLE: {"flow":
                "import", "month": 201702}}), SINGLE), "sidecar", file=SINGLE, found="201702"),
        refused("future_month_in_the_name", one, "month", "future", "later",
                file="import_209912.csv", found="209912"),
        refused("month_before_1990_in_the_name", one, "month", "1990", "early", "before",
                file="import_198912.csv", found="198912"),
        refused("span_in_the_name_runs_backwards", SOUND, "month", "span", "order", "before",
                file="import_201702-201701.csv"),
        dated("201713", "month_13", "YYYYMM", "month"),
        dated("201700", "month_00", "YYYYMM", "month"),
        dated("2017-01", "month_with_a_hyphen", "YYYYMM", "month"),
        dated("0", "month_0", "YYYYMM", "month"),
        dated("20171", "month_of_five_digits", "YYYYMM", "month"),
        dated("Jan-17", "month_as_a_spreadsheet_writes_it", "YYYYMM", "month"),
        dated("", "month_empty", "YYYYMM", "month"),
        dated("209912", "month_in_the_future", "month", "future", "later"),
        dated("198912", "month_before_1990", "month", "1990", "early", "before"),
        refused("month_outside_the_span_in_the_name", SOUND, "month", "name", file=SINGLE,
                found="201702", line=2 + len(JANUARY)),
    ]  # fmt: skip


def _partners_and_units() -> list[ExportCase]:
    unit, second_unit, second = "Unit", "Supplementary Unit", "Supplementary Quantity"
    names_only = without_columns(ENGLISH_SHEET, PARTNER).with_cell(
        SPOILED, PARTNER_NAME, "Atlantis"
    )
    chinese = CHINESE_SHEET.with_cell(SPOILED, "贸易伙伴名称", "韩国")
    third = next(n for n, row in enumerate(ENGLISH_SHEET.rows, start=2)
                 if row[ENGLISH_SHEET.column(second_unit)] == "?")  # fmt: skip
    unquoted = Sheet(ENGLISH_SHEET.header, ENGLISH_SHEET.rows, frozenset(["Korea,DPR"]))
    return [
        # 999 is on the office's own list (goods in neutral packing), so 998 is the unknown one.
        cell_case("partner_code_unknown", PARTNER, "998", "partner", "code"),
        cell_case("partner_code_empty", PARTNER, "", "partner", "code"),
        cell_case("partner_code_of_letters", PARTNER, "KP", "partner", "code"),
        cell_case("code_of_the_south_with_name_of_the_north", PARTNER, "133", "name", "partner"),
        refused("name_of_the_south_with_code_of_the_north", chinese.to_bytes(), "109", "partner",
                line=SPOILED, found="韩国"),
        refused("partner_name_unknown_without_code", names_only.to_bytes(), "partner", "name",
                line=SPOILED, column=PARTNER_NAME, found="Atlantis"),
        readable("partner_unquoted_with_its_comma", unquoted.to_bytes()),
        readable("partner_unquoted_on_one_line", with_line(SPOILED, lambda s: s.replace(
                 '"Korea,DPR"', "Korea,DPR"))),
        cell_case("unit_unknown", unit, "Bushel", "unit"),
        cell_case("unit_empty", unit, "", "unit"),
        refused("unit_unknown_in_chinese", CHINESE_SHEET.with_cell(SPOILED, "第一计量单位", "石")
                .to_bytes(), "unit", line=SPOILED, column="第一计量单位", found="石"),
        refused("second_unit_unknown", ENGLISH_SHEET.with_cell(third, second_unit, "Bushel")
                .to_bytes(), "unit", line=third, column=second_unit, found="Bushel"),
        refused("quantity_in_no_second_unit", ENGLISH_SHEET.with_cell(third, second, "512")
                .to_bytes(), "unit", line=third, found="512"),
    ]  # fmt: skip


def _values() -> list[ExportCase]:
    number = ("number", "digits", "value", "separator")
    gone = without_line(SPOILED)
    wide = SPOILED_VALUE.translate(str.maketrans("0123456789,", "０１２３４５６７８９，"))
    quantity = SPOILED_ROW[ENGLISH_SHEET.column("Quantity")]
    return [
        cell_case("value_negative", VALUE, "-1,234", "negative", *number),
        cell_case("value_with_letters", VALUE, "12a4", *number),
        cell_case("value_with_decimal_comma", VALUE, "1234,56", *number),
        cell_case("value_with_points_for_thousands", VALUE, "1.234.567", *number),
        cell_case("value_with_misplaced_separators", VALUE, "1,23,456", *number),
        cell_case("value_with_currency_sign", VALUE, "$1,234", *number),
        cell_case("value_of_hashes", VALUE, "########", *number),
        cell_case("value_with_exponent", VALUE, "1.2E+07", *number),
        cell_case("value_nan", VALUE, "NaN", *number),
        cell_case("value_infinite", VALUE, "inf", *number),
        cell_case("value_in_brackets", VALUE, "(1,234)", *number),
        cell_case("value_with_full_width_digits", VALUE, wide, *number, outcome="safe",
                  panel=truth(PANEL)),
        cell_case("value_question_mark", VALUE, "?", *number),
        cell_case("value_dash", VALUE, "-", *number, outcome="safe", panel=gone),
        cell_case("value_empty", VALUE, "", *number, outcome="safe", panel=gone),
        cell_case("value_without_separators", VALUE, SPOILED_VALUE.replace(",", ""), *number,
                  outcome="read", panel=truth(PANEL)),
        cell_case("value_among_blanks_and_tabs", VALUE, f"\t {SPOILED_VALUE} \t", outcome="read",
                  panel=truth(PANEL)),
        cell_case("value_of_one_dollar", VALUE, "1", outcome="read", panel=_with_value(SPOILED, 1)),
        cell_case("value_over_32_bits", VALUE, "9,876,543,210", outcome="read",
                  panel=_with_value(SPOILED, 9_876_543_210)),
        cell_case("quantity_negative", "Quantity", "-5", "negative", "quantity", "number"),
        cell_case("quantity_with_letters", "Quantity", "5 t", "quantity", "number"),
        cell_case("quantity_dash", "Quantity", "-", outcome="read",
                  panel=_missing_quantity(SPOILED)),
        cell_case("quantity_with_separators", "Quantity", f"{int(quantity):,}", "quantity",
                  "number", outcome="safe", panel=truth(PANEL)),
    ]  # fmt: skip


def _commodity_codes() -> list[ExportCase]:
    code = ("HS", "code", "digits")
    zeros = tuple(n for n, row in enumerate(ENGLISH_SHEET.rows, 2) if row[1].startswith("0"))
    lost = export_sheet(PANEL, Style(months_per_file=2, lost_zeros=True)).to_bytes()
    place = ENGLISH_SHEET.column(CODE)
    dotted = [[*r[:place], f"{r[place][:4]}.{r[place][4:6]}.{r[place][6:]}", *r[place + 1 :]]
              for r in ENGLISH_SHEET.rows]  # fmt: skip
    marked = [[*r[:place], f"'{r[place]}", *r[place + 1 :]] for r in ENGLISH_SHEET.rows]
    chapter = list(SPOILED_ROW)
    chapter[place] = SPOILED_ROW[place][:2]
    levels = Sheet(ENGLISH_SHEET.header, [*ENGLISH_SHEET.rows, chapter])
    return [
        ExportCase("codes_that_lost_their_zeros", {FILE: lost}, "flagged", column=CODE,
                   flags=("zero",), lines=zeros, panel=truth(PANEL)),
        cell_case("code_with_letters", CODE, "2701A100", *code),
        cell_case("code_of_three_digits", CODE, "270", *code),
        cell_case("code_of_nine_digits", CODE, "270111000", *code),
        cell_case("code_with_exponent", CODE, "2.7E+07", *code),
        cell_case("code_empty", CODE, "", *code),
        cell_case("code_dash", CODE, "-", *code),
        cell_case("code_with_decimals", CODE, "27011100.5", *code),
        readable("codes_with_points", Sheet(ENGLISH_SHEET.header, dotted).to_bytes(), "safe", *code,
                 line=2),
        readable("codes_with_apostrophes", Sheet(ENGLISH_SHEET.header, marked).to_bytes(), "safe",
                 *code, line=2),
        readable("codes_with_tabs", export_sheet(PANEL, Style(months_per_file=2, tabs=True))
                 .to_bytes()),
        readable("chapter_among_its_lines", levels.to_bytes(), "safe", *code, "level",
                 line=len(levels.rows) + 1),
    ]  # fmt: skip


def _shapes() -> list[ExportCase]:
    cells = ("cells", "columns", "fields")
    last = len(ENGLISH_SHEET.rows) + 1
    row = ENGLISH_SHEET.lines()[SPOILED - 1]
    name = SPOILED_ROW[ENGLISH_SHEET.column("Commodity")]
    loose = with_line(SPOILED, lambda s: s.replace(f'"{name}"', "Coal, hard, other"))
    text = SOUND.decode(ENCODING)
    quoted = ENGLISH_SHEET.with_cell(SPOILED, "Commodity", 'Pipes of 3/4" and under').to_bytes()
    folded = ENGLISH_SHEET.with_cell(SPOILED, "Commodity", "Coal\nhard").to_bytes()
    total = ['"合计"', *['""'] * (len(ENGLISH_SHEET.header) - 2), '"123,456,789"']
    return [
        refused("row_too_short", with_line(SPOILED, lambda s: s[: s.rindex('"?"')]), *cells,
                line=SPOILED),
        refused("row_too_long", with_line(SPOILED, lambda s: s + '"more","and more",'), *cells,
                line=SPOILED),
        refused("last_column_not_empty", with_line(SPOILED, lambda s: s + '"note"'), *cells,
                "empty", line=SPOILED, found="note"),
        readable("no_trailing_commas", with_lines(lambda ls: [s.rstrip(",") for s in ls]), "safe",
                 *cells),
        readable("commodity_unquoted_with_commas", loose, "safe", *cells, "quote", line=SPOILED),
        refused("quote_never_closed", with_line(SPOILED, lambda s: s.replace('"109"', '"109', 1)),
                "quote", *cells, line=SPOILED),
        refused("quote_never_opened", with_line(last, lambda s: s[1:].replace('",', ",", 1)
                .replace('"109"', '109"', 1)), "quote", "partner", *cells, line=last),
        readable("quotes_doubled_in_a_cell", quoted),
        readable("line_break_in_a_cell", folded, "safe", "line", "quote", *cells, line=SPOILED),
        readable("empty_lines", inserted(SPOILED, "", ""), "safe", "empty", *cells, line=SPOILED),
        readable("lines_of_commas", inserted(SPOILED, "," * 10), "safe", "empty", *cells,
                 line=SPOILED),
        readable("crlf_line_ends", ENGLISH_SHEET.to_bytes("\r\n")),
        readable("cr_line_ends", ENGLISH_SHEET.to_bytes("\r"), "safe", "line"),
        readable("mixed_line_ends", SOUND.replace(b"\n", b"\r\n", 3), "safe", "line"),
        refused("separated_by_semicolons", text.replace('",', '";').encode(ENCODING), "comma",
                "separat", "header", line=1),
        refused("separated_by_tabs", text.replace('",', '"\t').encode(ENCODING), "comma", "separat",
                "header", line=1),
        readable("total_at_the_end", inserted(last + 1, ",".join(total) + ","), "safe", "合计",
                 "total", "sum", line=last + 1),
        readable("source_note_at_the_end", inserted(last + 1, "数据来源：海关总署"), "safe", *cells,
                 "note", line=last + 1),
        readable("row_twice", inserted(SPOILED, row), "safe", "twice", "duplicate", "repeat",
                 "more than once", line=SPOILED + 1),
        refused("row_twice_with_two_values", with_lines(lambda ls: [*ls, ENGLISH_SHEET.with_cell(
                SPOILED, VALUE, "777").lines()[SPOILED - 1]]), "twice", "duplicate", "conflict",
                "contradict", "differ", "more than once", line=last + 1),
    ]  # fmt: skip


def _foreign_files() -> list[ExportCase]:
    page = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><p>{0}</p></body></html>\n"
    workbook, book = openpyxl.Workbook(), xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for line, cells in enumerate(ENGLISH_SHEET.all_rows()):
        workbook.active.append(cells)
        for place, cell in enumerate(cells):
            sheet.write(line, place, cell)
    xlsx, xls, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    workbook.save(xlsx)
    book.save(xls)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(FILE, SOUND)
    return [
        refused("empty", b"", "empty", *AGAIN),
        refused("blank_lines_only", b"\n\r\n  \n", "empty", "header", *AGAIN),
        readable("header_only", with_lines(lambda lines: lines[:1]), "safe", "row", "empty",
                 panel=truth(PANEL.head(0))),
        refused("error_page", page.format("502 Bad Gateway").encode(), "html", "page", *NOT_CSV),
        refused("login_page", page.format("验证码 登录").encode(ENCODING), "html", "page",
                *NOT_CSV),
        refused("captcha_script", b"<script>window.location='/waf'</script>", "html", "page",
                *NOT_CSV),
        refused("json_error", b'{"code":403,"message":"Forbidden"}', "header", *NOT_CSV),
        refused("xlsx_named_csv", xlsx.getvalue(), "xlsx", "excel", "workbook", "zip"),
        refused("xls_named_csv", xls.getvalue(), "xls", "excel", "workbook"),
        refused("zip_named_csv", packed.getvalue(), "zip", "archive", "unpack"),
        refused("gzip_named_csv", gzip.compress(SOUND, mtime=0), "gzip", "compress", "unpack"),
        refused("pdf_named_csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "pdf", *NOT_CSV),
        refused("random_bytes", bytes(range(256)) * 8, "encod", "header", "byte", "nul", *NOT_CSV),
        refused("another_csv", b"date,open,close\n2017-01-03,55.1,55.5\n", "header", *NOT_CSV,
                line=1, found="open"),
    ]  # fmt: skip


def _folders() -> list[ExportCase]:
    february = "import_201702.csv"
    whole, one = SOUND, JANUARY_SHEET.to_bytes()
    changed = JANUARY_SHEET.with_cell(SPOILED, VALUE, "777").to_bytes()
    yuan = export_sheet(JANUARY, Style(currency="cny")).to_bytes()
    provinces = export_sheet(JANUARY, Style(breakdown=True)).to_bytes()
    two = {SINGLE: one, february: export_sheet(FEBRUARY, Style()).to_bytes()}
    return [
        readable("two_files_of_a_month_each", two, file=february),
        ExportCase("the_same_rows_in_two_files", {FILE: whole, SINGLE: one}, "flagged", file=SINGLE,
                   flags=("duplicat", "repeat", "twice", "overlap", "copy"), panel=truth(PANEL)),
        refused("two_files_that_contradict", {FILE: whole, SINGLE: changed}, "conflict",
                "contradict", "differ", "both", file=SINGLE, found="777"),
        readable("a_month_in_two_currencies", {FILE: whole, "进口_201701.csv": yuan}, "safe",
                 "currenc", file="进口_201701.csv"),
        readable("a_month_also_by_province", {FILE: whole, "进口_201701.csv": provinces}, "safe",
                 "location", "regime", "breakdown", "twice", "double", "overlap", "both",
                 file="进口_201701.csv"),
        refused("a_good_file_and_a_page", two | {"import_201703.csv": b"<html>502</html>"}, "html",
                "page", *NOT_CSV, file="import_201703.csv"),
        readable("files_of_the_system_beside", two | {".DS_Store": b"\x00\x01Bud1",
                 "README.md": b"notes\n"}, file=february),
    ]  # fmt: skip


CASES: tuple[ExportCase, ...] = (
    *_truncation(),
    *_encodings(),
    *_headers(),
    *_directions_and_months(),
    *_partners_and_units(),
    *_values(),
    *_commodity_codes(),
    *_shapes(),
    *_foreign_files(),
    *_folders(),
)
