"""The bulletin tables hold the drawn figures in each format, with all that surrounds them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
import xlrd
from bs4 import BeautifulSoup
from bulletin_files import (
    COUNTRIES,
    FORMATS,
    TRUTH_COLUMNS,
    bulletin_table,
    file_name,
    truth,
    write_bulletin,
)
from gacc_export_files import ENCODING

SEED = 109


def cells(path) -> list[list[object]]:
    """The cells of a written table, merged cells as the format leaves them."""
    if path.suffix == ".csv":
        return list(csv.reader(io.StringIO(path.read_bytes().decode(ENCODING), newline="")))
    if path.suffix == ".xlsx":
        return [list(row) for row in openpyxl.load_workbook(path).active.values]
    if path.suffix == ".xls":
        sheet = xlrd.open_workbook(path).sheet_by_index(0)
        return [sheet.row_values(number) for number in range(sheet.nrows)]
    table = BeautifulSoup(path.read_bytes(), "lxml").find_all("table")[1]
    return [[cell.get_text() for cell in row.find_all("td")] for row in table.find_all("tr")]


def number(cell: object) -> float:
    return np.nan if cell == "-" else float(str(cell).replace(",", ""))


@pytest.mark.parametrize("language", ["chinese", "english"])
@pytest.mark.parametrize("currency", ["cny", "usd"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_holds_the_truth(suffix, currency, language, tmp_path):
    bulletin = bulletin_table(SEED, "2018-03", currency, quiet=True)
    path = write_bulletin(bulletin, tmp_path / file_name(bulletin, language, suffix), language)
    rows = cells(path)
    expected = truth(bulletin, language)
    body = rows[4 : 4 + len(COUNTRIES)]
    assert [str(row[0]).strip("　 ") for row in body] == expected["name"].tolist()
    found = np.array([[number(cell) for cell in row[1:]] for row in body])
    np.testing.assert_array_equal(found, expected[TRUTH_COLUMNS[2:]].to_numpy(float))
    dprk = body[expected.index[expected["partner"] == "109"][0]]
    assert dprk[5] == "-" and dprk[6] != "-"
    top = " ".join(str(cell) for row in rows[:4] for cell in row)
    assert ("人民币" in top or "RMB" in top) == (currency == "cny")
    assert ("2018年3月" if language == "chinese" else "3.2018") in top
    assert len(rows) > 4 + len(COUNTRIES)


def test_totals_are_sums_and_dashes_stand_for_none():
    table = truth(bulletin_table(SEED, "2018-12"), "english")
    for span in ("month", "year_to_date"):
        both = table[f"export_{span}"] + table[f"import_{span}"]
        present = both.notna()
        assert present.sum() >= len(COUNTRIES) - 1
        np.testing.assert_array_equal(both[present], table.loc[present, f"total_{span}"])
    money = table[[name for name in TRUTH_COLUMNS if name.endswith(("month", "date"))]]
    assert money.isna().to_numpy().any() and not (money == 0).to_numpy().any()


def test_a_merged_table_has_no_month_columns(tmp_path):
    bulletin = bulletin_table(SEED, "2020-02", merged=True)
    rows = cells(write_bulletin(bulletin, tmp_path / "table.xlsx"))
    assert rows[3] == [None, "1至2月", "1至2月", "1至2月", "进出口", "出口", "进口"]
    assert "1至2月" in rows[0][0]
    assert truth(bulletin, "chinese")["export_month"].isna().all()


def test_columns_may_be_headed_in_general_words(tmp_path):
    bulletin = replace(bulletin_table(SEED, "2019-05"), generic_header=True)
    assert cells(write_bulletin(bulletin, tmp_path / "t.csv"))[3][1:3] == ["当月", "累计"]
    assert cells(write_bulletin(bulletin, tmp_path / "t.xls", "english"))[3][1] == "Month"


def test_another_currency_is_the_same_trade():
    yuan, dollars = (bulletin_table(SEED, "2018-03", c).table for c in ("cny", "usd"))
    ratio = yuan["export_month"] / dollars["export_month"]
    np.testing.assert_allclose(ratio.dropna(), 0.65, rtol=1e-4)
