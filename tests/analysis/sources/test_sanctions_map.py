"""The table of codes is read as typed rows, and every remark has a reading."""

import shutil

import pandas as pd
import pytest

from analysis.paths import Paths, project_paths
from analysis.schemas import InputError
from analysis.sources.sanctions_map import (
    clean_months_agree,
    read_printed_shares,
    read_product_measures,
)

PATHS = project_paths()


@pytest.fixture(scope="module")
def measures():
    return read_product_measures(PATHS)


def test_every_row_is_read_once(measures):
    raw = pd.read_csv(PATHS.raw / "sanctions_hs_map.csv", dtype="string")
    assert len(measures) == len(raw)
    assert set(measures["hs"]) == set(raw["hs_prefix"])


@pytest.mark.parametrize(
    ("treatment", "clean"),
    [
        ("C2321_coal_feb17", "2017-03"),
        ("T2371_coal", "2017-10"),
        ("T2371_seafood", "2017-09"),
        ("T2371_iron", "2017-10"),
        ("T2371_lead", "2017-10"),
        ("T2375_textiles", "2018-01"),
        ("T2397_food", "2018-02"),
        ("T2397_mach_imp", "2018-02"),
    ],
)
def test_first_clean_months(measures, treatment, clean):
    found = measures.loc[measures["treatment_id"] == treatment, "clean"].unique()
    assert list(found.astype(str)) == [clean]


def test_the_map_and_the_calendar_tell_the_same_months():
    assert clean_months_agree(PATHS).empty


def test_ferro_alloys_are_banned_on_one_list_alone(measures):
    row = measures[(measures["hs"] == "7202") & (measures["flow"] == "import")]
    assert row["eu"].all() and (row["china"] == "untreated").all()


def test_shares_are_read_with_their_intervals():
    shares = read_printed_shares(PATHS)
    coal = shares[(shares["product"] == "coal") & (shares["year"] == 2016)].iloc[0]
    assert (coal["flow"], coal["lower"], coal["percent"], coal["upper"]) == (
        "import",
        46.5,
        47.0,
        48.0,
    )
    assert len(shares) == 19


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",EU lists peat; not in visible China list,", ",unheard of,", "CHINA_READING"),
        ("\n2701,4,0,DPRK_export,T2371", "\n27O1,4,0,DPRK_export,T2371", "commodity code"),
        ("2701,4,0,DPRK_export,T2371", "2701,4,0,sideways,T2371", "DPRK_export"),
        ("2017-08-15,2017-09-04,2017-10,", "2017-08-15,2017-09-04,autumn,", "YYYY-MM"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(tmp_path, old, new, said):
    paths = Paths(tmp_path)
    paths.raw.mkdir(parents=True)
    for name in ("sanctions_hs_map.csv", "sanctions_treatments.csv", "datapackage.json"):
        shutil.copy(PATHS.raw / name, paths.raw / name)
    file = paths.raw / "sanctions_hs_map.csv"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_product_measures(paths)
