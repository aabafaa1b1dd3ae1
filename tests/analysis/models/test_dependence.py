import pandas as pd
import pytest

from analysis.models.dependence import (
    across_sources,
    range_of_sources,
    share,
    shares,
    without_crude,
)
from analysis.paths import project_paths
from analysis.sources.total_trade import read_printed_shares, read_total_trade


@pytest.fixture(scope="module")
def amounts():
    table = read_total_trade(project_paths())
    return table[table["set_aside"].isna()]


@pytest.fixture(scope="module")
def printed():
    return read_printed_shares(project_paths())


def test_a_share_covers_every_pair_inside_the_digits():
    found = share((1.0, 0.95, 1.1), (2.0, 1.95, 2.1))
    assert (found.percent, found.lower) == (50.0, pytest.approx(100 * 0.95 / 2.1))
    assert found.upper == pytest.approx(100 * 1.1 / 1.95)


def test_no_share_is_more_than_all():
    assert share((2.0, 1.9, 2.1), (2.0, 1.9, 2.1)).upper == 100.0


def test_a_whole_that_can_be_zero_is_refused():
    with pytest.raises(ValueError, match="zero"):
        share((1.0, 1.0, 1.0), (0.5, 0.0, 1.0))


def test_the_printed_shares_of_kotra_are_inside_the_computed_ones(amounts, printed):
    """The parts and the share are rounded apart, so they meet to half a tenth."""
    computed = shares(amounts)
    total = computed[computed["definition"] == "China in total trade"].set_index("year")
    own = printed[printed["series"] == "KOTRA"].set_index("year")
    years = sorted(set(total.index) & set(own.index))
    assert len(years) >= 14
    for year in years:
        for row in own.loc[[year]].itertuples():
            assert total.loc[year, "lower"] <= row.upper + 0.05, year
            assert total.loc[year, "upper"] >= row.lower - 0.05, year


def test_the_claim_of_ninety_per_cent_is_true_of_two_shares_and_not_of_the_third(amounts):
    of_2017 = shares(amounts).query("year == 2017").set_index("definition")
    assert of_2017.loc["China in total trade", "lower"] > 90
    assert of_2017.loc["China in exports", "lower"] > 90
    assert of_2017.loc["exports to China in total trade", "upper"] < 31


@pytest.mark.parametrize(("year", "published"), [(2015, 90.9), (2018, 95.2), (2019, 94.9)])
def test_shares_without_crude_are_those_that_are_published(amounts, year, published):
    """Printed in the notes of the same releases: 90.9, 95.2 and 94.9 per cent."""
    row = without_crude(amounts).set_index("year").loc[year]
    assert row["lower"] - 0.05 <= published <= row["upper"] + 0.05
    assert row["percent"] == pytest.approx(published, abs=0.1)
    assert row["percent"] < row["with_crude"]


def test_conflicting_sources_are_covered_and_not_averaged(printed):
    found = range_of_sources(printed, 2018)
    assert found.lower <= 91.8 and found.upper >= 95.8
    with pytest.raises(ValueError, match="1999"):
        range_of_sources(printed, 1999)


def test_conflicting_amounts_widen_a_share(amounts):
    """Exports to China in 2017: 1.65 bn by KOTRA and a recap, 1.72 bn by the customs office."""
    found = across_sources(amounts, "exports to China in total trade", 2017)
    assert found.lower == pytest.approx(100 * 1.645 / 5.56)
    assert found.upper == pytest.approx(100 * 1.73 / 5.545)
    with pytest.raises(ValueError, match="exports_to_china for 2011"):
        across_sources(amounts, "China in exports", 2011)


def test_of_two_figures_for_a_year_the_last_in_the_file_counts():
    rows = [
        ("total", 2000, 10.0, 1),
        ("china_total", 2000, 5.0, 1),
        ("total", 2000, 20.0, 2),
    ]
    table = pd.DataFrame(
        [
            {
                "amount": amount,
                "year": year,
                "series": "KOTRA",
                "usd_mn": value,
                "lower_usd_mn": value,
                "upper_usd_mn": value,
                "line": line,
            }
            for amount, year, value, line in rows
        ]
    )
    assert shares(table)["percent"].tolist() == [25.0]
