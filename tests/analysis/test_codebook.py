"""Every processed table is described, and what is said of it is counted."""

from __future__ import annotations

import doctest
import json

import numpy as np
import pandas as pd
import pytest
from frictionless import Package

import analysis.codebook as codebook
from analysis.codebook import CodebookError, codebook_page, data_package, summary, words
from analysis.publish import FORMATS, csv_bytes, parquet_bytes


def test_doctests():
    assert doctest.testmod(codebook).failed == 0


def test_every_written_table_is_described():
    assert set(FORMATS) <= set(codebook.TABLES)


@pytest.mark.parametrize(("table", "column"), [("trade_monthly", "colour"), ("prices", "month")])
def test_what_nobody_described_is_refused(table, column):
    with pytest.raises(CodebookError, match=column if table == "trade_monthly" else table):
        words(table, column)


WINDOWS = pd.DataFrame(
    {
        "first": pd.PeriodIndex(["2016-01", "2017-01"], freq="M"),
        "last": pd.PeriodIndex(["2016-12", "2017-12"], freq="M"),
        "flow": ["export", "import"],
        "vintage": ["first_release", "first_release"],
        "lower_usd_mn": [3000.5, np.nan],
        "upper_usd_mn": [3100.5, np.inf],
    }
)


def test_a_page_counts_what_is_there():
    page = codebook_page("trade_windows", WINDOWS)
    line = next(line for line in page.splitlines() if line.startswith("| `lower_usd_mn`"))
    assert "| USD million | 1 | 1 | 3,000 | 3,000 | 3,000 |" in line
    assert "| unbounded |" in page
    assert "2 rows" in page


def test_words_are_named_where_few():
    assert summary(WINDOWS["flow"]) == ["2", "0", "", "", "", "`export`, `import`"]
    many = pd.Series([f"row {number}" for number in range(40)])
    assert summary(many)[-1] == "40 different"


def test_the_package_of_what_is_written_is_valid(tmp_path):
    table = WINDOWS.dropna().reset_index(drop=True)
    files = {
        "trade_windows.csv": csv_bytes(table),
        "trade_windows.parquet": parquet_bytes(WINDOWS),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    package = data_package(files, {"trade_windows": table})
    (tmp_path / "datapackage.json").write_text(json.dumps(package))
    report = Package(str(tmp_path / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])[:5]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content + b"x\n")
        assert not Package(str(tmp_path / "datapackage.json")).validate().valid
        (tmp_path / name).write_bytes(content)


def test_parquet_is_described_as_csv_is():
    package = data_package(
        {"trade_windows.parquet": parquet_bytes(WINDOWS)}, {"trade_windows": WINDOWS}
    )
    fields = package["resources"][0]["schema"]["fields"]
    assert [field["type"] for field in fields] == [*["date"] * 2, *["string"] * 2, *["number"] * 2]
    assert fields[4]["unit"] == "USD million"
