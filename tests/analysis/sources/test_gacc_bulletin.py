"""The bulletin's country table, read from files written without knowing the reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from bulletin_files import (
    FLOWS,
    FORMATS,
    Bulletin,
    bulletin_table,
    file_name,
    truth,
    write_bulletin,
)

from analysis.schemas import InputError
from analysis.sources.gacc_bulletin import GROUP, read_bulletin

SEED = 156
#: Printed units in a million: 100 times CNY 10,000, a thousand times USD 1,000.
IN_A_MILLION = {"cny": 100.0, "usd": 1000.0}


def wide(found: pd.DataFrame, bulletin: Bulletin) -> pd.DataFrame:
    """The figures as the truth has them: a row a name, a column a flow and span, as printed."""
    span = np.where(found["first"] == found["last"], "month", "year_to_date")
    if bulletin.merged:
        span = np.full(len(found), "year_to_date")
    column = found["flow"].astype(str) + "_" + pd.Series(span, index=found.index)
    money = found.assign(column=column).pivot_table(
        index="name", columns="column", values="value_mn"
    )
    return money * IN_A_MILLION[bulletin.currency]


@pytest.mark.parametrize("language", ["chinese", "english"])
@pytest.mark.parametrize("currency", ["cny", "usd"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_figure_is_found_in_every_form(suffix, currency, language, tmp_path):
    bulletin = bulletin_table(SEED, "2018-03", currency, quiet=True)
    if language == "english":
        bulletin = replace(bulletin, generic_header=True)
    path = write_bulletin(bulletin, tmp_path / file_name(bulletin, language, suffix), language)
    found = read_bulletin(path)
    expected = truth(bulletin, language).set_index("name")
    money = [f"{flow}_{span}" for flow in FLOWS for span in ("month", "year_to_date")]
    got = wide(found, bulletin).reindex(expected.index)[money]
    np.testing.assert_allclose(got, expected[money].to_numpy(float), rtol=1e-9)
    growth = (
        found.dropna(subset="yoy").pivot_table(index="name", columns="flow", values="yoy") * 100
    )
    for flow in FLOWS:
        printed = expected[f"{flow}_growth_percent"].dropna()
        np.testing.assert_allclose(growth[flow].dropna().reindex(printed.index), printed)
    assert set(found["currency"]) == {currency.upper()}
    partners = found.drop_duplicates("name").set_index("name")["partner"]
    known = expected["partner"].dropna().astype("int64")
    assert partners[known.index].astype("int64").tolist() == known.tolist()
    groups = found[found["partner"].isna()]
    assert set(groups["name"]) < set(expected.index[expected["partner"].isna()])
    assert groups["set_aside"].eq(GROUP).all()


def test_a_dash_is_no_row_and_no_zero(tmp_path):
    bulletin = bulletin_table(SEED, "2018-03", "usd", quiet=True)
    found = read_bulletin(write_bulletin(bulletin, tmp_path / "t.csv"))
    imports = found[(found["partner"] == 109) & (found["flow"] == "import")]
    assert (imports["first"] < imports["last"]).all() and len(imports) == 1


def test_january_and_february_in_one_table(tmp_path):
    bulletin = bulletin_table(SEED, "2020-02", merged=True)
    found = read_bulletin(write_bulletin(bulletin, tmp_path / "t.xlsx"))
    assert set(found["first"]) == {pd.Period("2020-01", "M")}
    assert set(found["last"]) == {pd.Period("2020-02", "M")}


def spoiled(tmp_path: Path, row: int, column: int, text: object) -> Path:
    path = write_bulletin(bulletin_table(SEED, "2018-03"), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(path)
    for merged in list(book.active.merged_cells.ranges):
        book.active.unmerge_cells(str(merged))
    book.active.cell(row, column).value = text
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("row", "column", "text", "said"),
    [
        (7, 4, "12a4", ["t.xlsx, line 7", "export, month", "'12a4'"]),
        (7, 4, "1,23,4", ["line 7", "'1,23,4'"]),
        (4, 2, "4月", ["line 4", "2018-03", "'4月'"]),
        (3, 4, "转口", ["转口", "exports, imports"]),
        (12, 1, "朝鲜族自治州", ["t.xlsx, line 12", "'朝鲜族自治州'", "or of a group of them"]),
        (12, 1, "Korea", ["line 12", "'Korea'", "customs_codes.py"]),
        (12, 1, "", ["line 12", "an empty cell before figures"]),
        (2, 10, "单位：万日元", ["10,000 yuan", "thousand dollars"]),
        (1, 1, "进出口商品国别(地区)总值表（人民币）", ["year and month"]),
    ],
)
def test_what_cannot_be_read_is_named(row, column, text, said, tmp_path):
    with pytest.raises(InputError) as raised:
        read_bulletin(spoiled(tmp_path, row, column, text))
    for words in said:
        assert words in str(raised.value)


@pytest.mark.parametrize(
    "name",
    ["总值", "亚洲", "拉丁美洲", "东盟", "欧盟（27国）", "欧洲联盟(27国)", "金砖国家",
     "#区域全面经济伙伴关系协定（RCEP）成员国", "共建“一带一路”国家", "Total",
     "of which: EU", "European Union (27)", "Latin America", "RCEP members", "APEC",
     "BRI countries"],
)  # fmt: skip
def test_sums_and_groups_are_set_aside_with_their_reason(name, tmp_path):
    found = read_bulletin(spoiled(tmp_path, 12, 1, name))
    (reason,) = found.loc[found["line"] == 12, "set_aside"].unique()
    assert reason == GROUP and found.loc[found["line"] == 12, "partner"].isna().all()


def test_a_table_in_the_wrong_encoding_is_refused(tmp_path):
    path = write_bulletin(bulletin_table(SEED, "2018-03"), tmp_path / "t.csv")
    whole = path.read_bytes()
    text = whole.decode("utf-8-sig" if whole[:3] == b"\xef\xbb\xbf" else "gb18030")
    path.write_bytes(text.encode("utf-8"))
    with pytest.raises(InputError):
        read_bulletin(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><p>502</p></html>", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0broken", b"a,b\n1,2\n",
     b"\x00\x01" * 50],
)  # fmt: skip
def test_another_file_is_refused_by_name(content, tmp_path):
    path = tmp_path / "foreign.xls"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"foreign\.xls"):
        read_bulletin(path)
