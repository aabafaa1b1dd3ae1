"""Brent as published, and what is refused."""

import shutil

import pandas as pd
import pytest

from analysis.paths import project_paths
from analysis.schemas import InputError
from analysis.sources.oil_price import read_brent


@pytest.fixture
def root(tmp_path):
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    for name in ("datapackage.json", "brent_monthly.csv"):
        shutil.copy(project_paths().raw / name, raw / name)
    return tmp_path


def edited(root, before: str, after: str):
    file = root / "data" / "raw" / "brent_monthly.csv"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    return project_paths(root)


def test_the_price_of_a_month_is_the_printed_one():
    brent = read_brent(project_paths())
    assert brent[pd.Period("2010-01", "M")] == 76.17
    assert brent.index.is_monotonic_increasing and brent.index.is_unique
    assert brent.index[-1] >= pd.Period("2019-12", "M")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("2010-02,73.75", "2010-02,n/a", "line 3, column 'usd_per_barrel'"),
        ("2010-02,73.75", "2010-02,-73.75", "above zero"),
        ("2010-02,73.75", "2010,73.75", "line 3, column 'month'.*single month"),
        ("2010-02,73.75", "2009-02,73.75", "no row for 2009-03"),
    ],
)
def test_a_price_that_cannot_be_one_is_named(root, before, after, message):
    with pytest.raises(InputError, match=message):
        read_brent(edited(root, before, after))
