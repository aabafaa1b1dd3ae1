"""What docs/ says of the petroleum page's contestable choices is what the tables give."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.models.cap import cap_on
from analysis.models.conversion import Mix, factor_of, reading_rates, shares_by_reading
from analysis.models.tanker_counts import tanker_counts, windows_by_year
from analysis.models.unreported import break_even_shares
from analysis.paths import project_paths
from analysis.petroleum_data import (
    petroleum_data,
    reading_end,
    reconciled,
    reported_by_period,
    yearly_paths,
)

DOCS = Path(__file__).parents[2] / "docs"
LAST = pd.Period("2025-05", "M")
BP, UN = "BP Statistical Review 2021", "UN Statistics Division 2004"


@pytest.fixture(scope="module")
def data():
    return petroleum_data(project_paths())


@pytest.fixture(scope="module")
def clean(data):
    return reconciled(data, last=str(LAST))


def said(name):
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_laden_share_page_holds_the_barrels_and_shares_of_the_counts(data, clean):
    years = windows_by_year(tanker_counts(data.estimates), data.estimates)
    running = yearly_paths(clean, range(2018, 2025), LAST)
    text = said("laden_share.md")
    for year in (2018, 2023):
        capacity = sum(window.capacity_bbl[0] for window in years[year])
        reports = running[year]["lower_bbl"].iloc[-1]
        for share in (1 / 3, 0.5, 0.6, 0.9):
            assert f"{(reports + share * capacity) / 1e3:,.0f}" in text, (year, share)
    caps = {year: cap_on(data.rules, f"{year}-01-01") for year in years}
    table = (100 * break_even_shares(years, running, caps).set_index("year")).round()
    reports = table[["with_reports_lower", "with_reports_upper"]]
    assert reports.loc[[2018, 2019]].min(axis=None) == 1
    assert reports.loc[[2018, 2019]].max(axis=None) == 3
    assert reports.loc[[2020, 2023]].min(axis=None) == 8
    assert reports.loc[[2020, 2023]].max(axis=None) == 9
    assert reports.loc[2024].tolist() == [16, 18]
    assert reports.loc[2022].tolist() == [39, 46]
    alone = table[["calls_alone_lower", "calls_alone_upper"]]
    assert set(alone.loc[2018]) == {13} and set(alone.loc[2023]) == {30}
    assert alone.loc[2020].tolist() == [11, 13]


def test_the_conversion_page_holds_the_rates_and_shares(data, clean):
    mixes = {
        "China": Mix(
            light=factor_of(data.factors, "lubricants", UN),
            heavy=factor_of(data.factors, "bitumen/asphalt", UN),
            heavy_share=(0.3, 0.7, 0.95),
        ),
        "Russia": Mix(
            light=factor_of(data.factors, "gasoline", BP),
            heavy=factor_of(data.factors, "gas oil/diesel", BP),
            heavy_share=(0.0, 0.5, 1.0),
        ),
    }
    text = said("conversion_factor.md")
    for supplier, mix in mixes.items():
        low, middle, high = mix.rates
        assert f"{supplier} {low:.2f} to {high:.2f}, middle {middle:.2f}" in text
    shares = shares_by_reading(
        reported_by_period(clean, data.rules, LAST), reading_rates(mixes, (6.964, 7.9))
    )
    at = (100 * shares.set_index(["period_first", "reading"])).round()
    ends = ["lower_share", "upper_share"]
    first = pd.Period("2019-01", "M")
    assert at.loc[(first, "committee"), ends].tolist() == [93, 93]
    assert at.loc[(first, "flat"), ends].tolist() == [94, 94]
    assert at.loc[(first, "product"), ends].tolist() == [78, 86]
    assert at.loc[(first, "press"), ends].tolist() == [78, 89]
    assert at.loc[(pd.Period("2021-01", "M"), "product"), ends].tolist() == [13, 15]
    assert (shares["upper_share"] < 1).all()


@pytest.mark.parametrize("month", ["2024-01", "2024-11", "2025-05"])
def test_reports_can_be_read_to_an_earlier_month(data, month):
    assert reading_end(data, month) == pd.Period(month, "M")


@pytest.mark.parametrize("month", ["2023-12", "2024-12", "2025-06", "May 25th", ""])
def test_a_month_that_the_page_cannot_end_with_is_refused(data, month):
    with pytest.raises(ValueError) as caught:
        reading_end(data, month)
    told = str(caught.value)
    for part in ("from 2024-01 to 2025-05", repr(month), "Give another month"):
        assert part in told
