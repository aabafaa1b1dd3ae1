"""The synthetic exports have the documented form and print the panel they are given, exactly.

What is printed is read back here with no more than `csv`, so that a fault of these files cannot
hide behind the same fault in a reader.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import replace
from pathlib import Path

import gacc_export_files as files
import numpy as np
import pandas as pd
import pytest
import yaml
from gacc_export_files import (
    BANS_OF_2017,
    ENCODING,
    HEADERS,
    IN_EVERY_FILE,
    KEY,
    MIXED,
    PRODUCTS,
    ROW_LIMIT,
    SAVED_BY_EXCEL,
    YUAN,
    Effect,
    Style,
    many_products,
    split_by_regime_and_location,
    truth_panel,
    write_export,
)

SEED = 20180122
FIELDS = {header: name for name, pair in HEADERS.items() for header in pair} | {
    "Supplimentary Quantity": "second_quantity",
    "Supplimentary Unit": "second_unit",
}
PARTNER_CODES = {name: code for code, names in files.PARTNERS.items() for name in names}


def read_back(path: Path, flow: str, month: str | None) -> pd.DataFrame:
    """One file as text: the columns of IN_EVERY_FILE, or yuan in place of dollars."""
    text = path.read_bytes().decode(ENCODING).replace("\t", "").replace("Korea,DPR", "Korea DPR")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    frame = pd.DataFrame(rows[1:], columns=[FIELDS.get(h, h) for h in rows[0]], dtype="string")
    assert rows[0][-1] == "" and (frame[""] == "").all()
    if "partner" not in frame:
        names = frame["partner_name"].replace("Korea DPR", "Korea,DPR")
        frame["partner"] = names.map(PARTNER_CODES)
    frame["flow"] = flow
    dates = frame["date"] if "date" in frame else pd.Series(month, index=frame.index)
    frame["month"] = pd.PeriodIndex(pd.to_datetime(dates, format="%Y%m"), freq="M")
    frame["unit"] = frame["unit"].replace({en: zh for zh, en in files.UNITS.items()})
    frame["quantity"] = pd.to_numeric(frame["quantity"].replace("-", None)).astype("Int64")
    for value in {"value_usd", "value_cny"} & set(frame):
        frame[value] = frame[value].str.replace(",", "").astype("int64")
    return frame


def described(path: Path) -> tuple[str, str | None]:
    """Flow and month of a file, from its name or the sidecar."""
    if path.name.startswith("downloadData"):
        entry = yaml.safe_load((path.parent / "sidecar.yml").read_text(encoding="utf-8"))[path.name]
        return entry["flow"], str(entry["month"]) if "month" in entry else None
    word, months = path.stem.split("_")[:2]
    return {"进口": "import", "出口": "export"}.get(word, word), months[:6]


def read_folder(paths: list[Path]) -> pd.DataFrame:
    frame = pd.concat([read_back(path, *described(path)) for path in paths])
    values = [name for name in ("value_usd", "value_cny") if name in frame]
    sums = dict.fromkeys(values, "sum") | {"unit": "first"}
    grouped = frame.groupby(KEY)
    out = grouped.agg(sums).assign(quantity=grouped["quantity"].sum(min_count=1))
    return out.reset_index().sort_values(KEY, ignore_index=True)


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return truth_panel(SEED, partners=("109", "133"), effects=BANS_OF_2017)


def test_a_folder_of_every_style_holds_the_panel_once(panel, tmp_path):
    paths = write_export(panel, tmp_path)
    assert len(paths) > 2 * len(MIXED)
    names = {path.name for path in paths}
    assert {"downloadData.csv", "downloadData (1).csv"} < names
    assert any(name.startswith("进口_") for name in names)
    pd.testing.assert_frame_equal(
        read_folder(paths)[IN_EVERY_FILE], panel[IN_EVERY_FILE], check_dtype=False
    )


@pytest.mark.parametrize("style", [*MIXED, YUAN, replace(Style(), thousands=False)])
def test_each_style_alone_prints_the_panel(style, tmp_path):
    panel = truth_panel(SEED, last_month="2016-07", partners=("109", "133"))
    value = f"value_{style.currency}"
    columns = [*KEY, value, "quantity", "unit"]
    found = read_folder(write_export(panel, tmp_path, style))[columns]
    pd.testing.assert_frame_equal(found, panel[columns], check_dtype=False)


def test_lines_have_the_documented_form(panel, tmp_path):
    unquoted_lines = 0
    for path in write_export(panel, tmp_path):
        data = path.read_bytes()
        text = data.decode(ENCODING)
        lines = re.split(r"\r?\n", text)
        assert lines.pop() == ""
        assert all(line.endswith('",') for line in lines)
        unquoted = [line for line in lines if ",Korea,DPR," in line]
        unquoted_lines += len(unquoted)
        quoted = (line.replace(",Korea,DPR,", ',"Korea,DPR",') for line in lines)
        assert all(re.fullmatch(r'("[^"]*",)+', line) for line in quoted)
    assert unquoted_lines > 10


def test_values_have_thousands_separators_and_quantities_none(panel, tmp_path):
    text = write_export(panel, tmp_path, Style(months_per_file=40))[0].read_bytes().decode(ENCODING)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert max(len(row["US dollar"].replace(",", "")) for row in rows) >= 7
    for row in rows:
        assert re.fullmatch(r"\d{1,3}(,\d{3})*", row["US dollar"])
        assert re.fullmatch(r"\d+|-", row["Quantity"])
        if row["Supplementary Unit"] == "?":
            assert row["Supplementary Quantity"] == "0"


def test_older_spelling_and_chinese_headers(panel, tmp_path):
    older = files.export_sheet(panel, Style(older_spelling=True)).header
    assert {"Supplimentary Quantity", "Supplimentary Unit"} < set(older)
    chinese = files.export_sheet(panel, Style(language="chinese", date_column=True)).header
    assert chinese[:2] == ["数据年月", "商品编码"] and chinese[-1] == "美元"


def test_a_spreadsheet_loses_the_zeros(panel, tmp_path):
    text = write_export(panel, tmp_path, SAVED_BY_EXCEL)[0].read_bytes().decode(ENCODING)
    assert '"3061400"' in text and '"03061400"' not in text


def test_a_query_over_the_limit_is_cut_into_files_below_it(tmp_path):
    products = many_products(120, ["27", "61", "62", "84", "03"])
    panel = truth_panel(SEED, products=products, flows=("import",), last_month="2024-12")
    assert len(panel) > 9_000
    doubled = pd.concat([panel, panel.assign(partner="133")]).sort_values(KEY)
    paths = write_export(doubled, tmp_path, Style(months_per_file=120))
    assert [path.name for path in paths] == [
        "import_201601-202412.csv",
        "import_201601-202412_2.csv",
        "import_201601-202412_3.csv",
    ]
    rows = [path.read_bytes().count(b"\n") - 1 for path in paths]
    assert sum(rows) == len(doubled) and max(rows) < ROW_LIMIT


def test_parts_by_regime_and_location_add_up(panel):
    split = split_by_regime_and_location(panel)
    assert len(split) > 2.5 * len(panel)
    assert not split.duplicated([*KEY, "regime", "location"]).any()
    for amount in ("value_usd", "value_cny", "quantity", "second_quantity"):
        whole = panel.set_index(KEY)[amount].astype("Int64")
        sums = split.groupby(KEY)[amount].sum(min_count=1).astype("Int64")
        pd.testing.assert_series_equal(sums, whole, check_names=False)


def test_planted_effects_are_the_ratio_to_the_same_seed_without_them():
    options = {"partners": ("109", "133"), "zero_share": 0.0}
    factual = truth_panel(SEED, effects=BANS_OF_2017, **options).set_index(KEY)["value_usd"]
    without = truth_panel(SEED, **options).set_index(KEY)["value_usd"]
    log_ratio = np.log((factual / without).dropna())
    large = without.reindex(log_ratio.index) > 1e5
    index = log_ratio.index.to_frame(index=False)
    expected = np.zeros(len(index))
    for ban in BANS_OF_2017:
        hit = (
            (index["flow"] == "import")
            & (index["partner"] == "109")
            & index["hs8"].str.startswith(ban.hs_prefix)
            & (index["month"] >= pd.Period(ban.first_month, "M"))
        )
        expected += hit.to_numpy() * ban.log_effect
    assert (expected < 0).sum() > 150
    np.testing.assert_allclose(log_ratio[large], expected[large.to_numpy()], atol=0.02)


def test_effects_end_add_up_and_may_be_total():
    effects = [
        Effect("2701", "2016-03", -1.0, last_month="2016-04"),
        Effect("27011100", "2016-04", 0.5, last_month="2016-04"),
        Effect("26", "2016-06", -math.inf),
    ]
    options = {"flows": ("import",), "last_month": "2016-12", "zero_share": 0.0}
    factual = truth_panel(SEED, effects=effects, **options)
    ratio = (
        factual.set_index(KEY)["value_usd"]
        / truth_panel(SEED, **options).set_index(KEY)["value_usd"]
    )
    coal = np.log(ratio.xs("27011100", level="hs8").to_numpy())
    np.testing.assert_allclose(coal, [0, 0, -1, -0.5, *[0] * 8], atol=1e-4)
    ores = factual[factual["hs8"].str.startswith("26")]
    assert ores["month"].max() == pd.Period("2016-05", "M")


def test_shocks_have_mean_one_so_that_poisson_is_consistent():
    shocks = files._mean_one_shocks(np.random.default_rng(SEED), (4000, 60), 0.6, 0.7)
    assert shocks.mean() == pytest.approx(1, abs=0.01)
    logs = np.log(shocks)
    assert logs.std() == pytest.approx(0.6, abs=0.02)
    assert np.corrcoef(logs[:, 1:].ravel(), logs[:, :-1].ravel())[0, 1] == pytest.approx(
        0.7, abs=0.02
    )


def test_the_panel_is_unique_seeded_and_complete_on_demand():
    panel = truth_panel(SEED)
    assert not panel.duplicated(KEY).any() and (panel["value_usd"] > 0).all()
    pd.testing.assert_frame_equal(panel, truth_panel(SEED))
    assert not panel.equals(truth_panel(SEED + 1))
    full = truth_panel(SEED, keep_zeros=True)
    assert len(full) == 2 * 36 * len(PRODUCTS)
    assert full.loc[full["value_usd"] == 0, "quantity"].isna().all()
    assert 0.05 < (full["value_usd"] == 0).mean() < 0.15


def test_invented_lines_are_distinct_and_under_their_prefixes():
    lines = many_products(50, ["03", "2701", "847130"])
    codes = [line.hs8 for line in lines]
    assert len(set(codes)) == 50 and codes == sorted(codes)
    assert all(re.fullmatch(r"(03|2701|847130)\d+", c) and len(c) == 8 for c in codes)
