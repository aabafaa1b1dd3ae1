"""What page 03 computes from the embedded tables: bounds, readings of cells, and words of codes."""

import pandas as pd
import pytest

from analysis.models.product_values import together
from analysis.paths import project_paths
from analysis.product_data import (
    GOODS,
    KEY_EXPORTS,
    RESOLUTIONS,
    GoodsData,
    base_year_amounts,
    base_year_bounds,
    coal_cap,
    evidence_after,
    exports_of_base_year,
    lists_table,
    ores,
    printed_share_base,
    resolution_shares,
    shortened,
    stranded_tonnes,
    unbanned_by_year,
    year_amount,
    year_bounds,
    year_total,
)
from analysis.publish import TOTALS, exchange_rates, observations, read_evidence
from analysis.sources.calendar import read_events, read_treatments
from analysis.sources.sanctions_map import read_printed_shares, read_product_measures

PATHS = project_paths()
#: Bounds of years in the published series, USD million, to whole millions: what these tests need
#: of it without running the search for contradictions.
YEARS = [
    ("2016", "import", "corrected", 2567.0, 2575.0),
    ("2018", "import", "corrected", 213.0, 213.5),
    ("2019", "import", "corrected", 214.5, 216.0),
    ("2016", "export", "corrected", 3079.0, 3085.0),
    ("2016", "export", "first_release", 3183.0, 3201.0),
]


@pytest.fixture(scope="module")
def data():
    """The embedded tables as page 01 hands them on."""
    evidence = read_evidence(PATHS)
    windows = pd.DataFrame(
        YEARS, columns=["year", "flow", "vintage", "lower_usd_mn", "upper_usd_mn"]
    )
    ends = {
        name: pd.PeriodIndex(windows["year"] + month, freq="M")
        for name, month in (("first", "-01"), ("last", "-12"))
    }
    return GoodsData(
        observations(evidence)["gacc_commodities"],
        read_printed_shares(PATHS),
        windows.assign(**ends),
        exchange_rates(evidence.used[TOTALS]).table.set_index("month"),
    )


def test_coal_of_2016_is_what_three_agencies_printed(data):
    """1,180 (Nikkei) and 1,190 (38 North) for the customs office; 1,186.837 for KORES."""
    lower, upper = year_amount(data, "Coal", 2016)
    assert (lower, upper) == (1185.0, 1190.0)
    assert lower < 1186.837 < upper


def test_shares_are_of_a_total_that_a_sum_of_tariff_lines_would_give(data):
    base = printed_share_base(data)
    total = year_total(data, 2016)
    # KITA's sum over the customs total of 2016, as measured by the cleaning step.
    assert 0.955 * total[0] < base[0] < base[1] < 0.999 * total[1]
    assert ores(data)[1] < total[1] - year_amount(data, "Coal", 2016)[0]


def test_bounds_of_2016_fit_under_their_total(data):
    bounds = base_year_bounds(data)
    total = year_total(data, 2016)
    assert list(bounds["good"]) == list(GOODS) == list(RESOLUTIONS)
    assert (bounds["lower_usd_mn"] <= bounds["upper_usd_mn"]).all()
    assert bounds["lower_usd_mn"].sum() < total[1]
    key, everything = (together(bounds, names, total) for names in (KEY_EXPORTS, GOODS))
    assert key[0] <= everything[0] and key[1] <= everything[1] <= 100
    # Printed for the same year: 47 + 22 + 7 per cent without any ore, 85 with all ores.
    assert 70 < key[0] < 76 and key[1] > 85


def test_after_the_bans_there_is_little_room(data):
    for year in (2018, 2019):
        bounds = year_bounds(data, year).set_index("good")
        assert bounds["upper_usd_mn"].max() <= year_total(data, year)[1]
    assert bounds.loc["Coal", "lower_usd_mn"] == 0
    assert base_year_amounts(data)["Food"][0] > 40


def test_unbanned_goods_are_printed_or_lower_limits(data):
    table = unbanned_by_year(data, range(2019, 2025)).set_index(["good", "year"])
    assert table.loc[("Wigs and false eyelashes", 2023), "whole"]
    assert table.loc[("Wigs and false eyelashes", 2023), "lower_usd_mn"] == pytest.approx(
        166.74, abs=0.01
    )
    # Only wrist watches were printed, under the chapter of all clocks.
    assert not table.loc[("Watches and movements", 2024), "whole"]
    # Four months were printed.
    assert table.loc[("Ferrosilicon", 2021), "lower_usd_mn"] == pytest.approx(25.4, abs=0.05)
    assert table["upper_usd_mn"].isna().eq(~table["whole"]).all()


def test_every_month_printed_after_a_ban_is_zero(data):
    table = evidence_after(data, read_product_measures(PATHS), "2019-12").set_index("good")
    assert (table["months"] == table["zero"]).all()
    assert str(table.loc["Coal", "clean"]) == "2017-10"


def test_cells_in_words_are_read_or_refused():
    events, treatments = read_events(PATHS), read_treatments(PATHS)
    assert stranded_tonnes(events) == 2e6
    assert coal_cap(treatments) == 400.87
    with pytest.raises(KeyError, match="found 0"):
        stranded_tonnes(events[events["category"] == "missile"])
    silent = treatments.assign(cap_value="as before")
    with pytest.raises(KeyError, match="as before"):
        coal_cap(silent)


def test_machinery_of_2016_lies_between_the_totals(data):
    lower, upper = exports_of_base_year(data, "machinery & equipment")
    total = year_total(data, 2016, "export")
    assert 0.25 < lower / total[1] < upper / total[0] < 0.30


def test_codes_are_shortened_to_headings_and_runs():
    assert shortened("50 51 52 61") == "50–52, 61"
    assert shortened("720410 720430* 7207* 7208*") == "7204*, 7207*–7208*"
    assert shortened("") == ""
    table = lists_table(read_product_measures(PATHS))
    assert table.loc["Textiles and garments", "codes on both lists"] == "50–63"
    assert isinstance(table, pd.DataFrame) and "Jan\u00a02018" in set(table["first clean month"])


def test_every_resolution_has_its_share_and_no_figure_proves_nothing(data):
    bounds = base_year_bounds(data)
    table = resolution_shares(data, bounds)
    assert list(table.index) == ["2270", "2321", "2371", "2375", "2397", "none"]
    assert set(RESOLUTIONS.values()) == {"2371", "2375", "2397"}
    # Coal alone is 46 per cent, seafood 6: resolution 2371 covers half without any ore.
    assert table.loc["2371", "at least, %"] == 52 and table.loc["2375", "at least, %"] == 21
    proved = bounds["lower_percent"].sum()
    assert table["at least, %"].sum() == pytest.approx(proved, abs=1.5)
    assert (table.loc[["2270", "2321", "none"], "at least, %"] == 0).all()
    assert table.loc["none", "at most, %"] == pytest.approx(100 - proved, abs=1)
