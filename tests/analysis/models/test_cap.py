import pandas as pd
import pytest

from analysis.models.cap import (
    ALL_PRODUCTS,
    cap_on,
    cumulative_reported,
    period_totals,
    reported_against_cap,
)
from analysis.paths import project_paths
from analysis.sources.tables import read_table


@pytest.fixture(scope="module")
def caps():
    return read_table(project_paths(), "petroleum_caps")


def deliveries(*rows):
    """Rows of (first, last, supplier, quantity, unit[, barrels beside]); rounded as written."""
    entries = []
    for number, (first, last, supplier, quantity, unit, *beside) in enumerate(rows):
        place = 10 ** (len(str(quantity)) - len(str(quantity).rstrip("0"))) if quantity else 1
        entries.append(
            {
                "first": pd.Period(first, "M"),
                "last": pd.Period(last, "M"),
                "granularity": "month" if first == last else "cumulative",
                "supplier": supplier,
                "product": ALL_PRODUCTS,
                "quantity": float(quantity),
                "quantity_lower": quantity - place / 2,
                "quantity_upper": quantity + place / 2,
                "quantity_unit": unit,
                "barrels": beside[0] if beside else float("nan"),
                "row_id": f"row {number}",
                "set_aside": None,
            }
        )
    return pd.DataFrame(entries)


@pytest.mark.parametrize(
    ("day", "barrels", "first", "last"),
    [
        ("2017-10-01", 500_000, "2017-10", "2017-12"),
        ("2017-12-31", 500_000, "2017-10", "2017-12"),
        ("2018-01-01", 500_000, "2018-01", "2018-12"),
        ("2024-02-29", 500_000, "2024-01", "2024-12"),
    ],
)
def test_the_cap_of_a_date(caps, day, barrels, first, last):
    cap = cap_on(caps, day)
    assert (cap.barrels, str(cap.first), str(cap.last)) == (barrels, first, last)


def test_no_cap_before_october_2017(caps):
    assert cap_on(caps, "2017-09-30") is None


def test_rules_that_disagree_are_refused(caps):
    superseded = caps["recurrence"].fillna("").str.contains("superseded")
    revived = caps.assign(recurrence=caps["recurrence"].mask(superseded, "annual"))
    with pytest.raises(ValueError, match="different size"):
        cap_on(revived, "2018-06-01")


def test_barrels_before_tonnes_and_later_months_added(caps):
    printed = deliveries(
        ("2019-01", "2019-12", "Russia", 30180, "t"),
        ("2019-01", "2019-12", "Russia", 277365, "bbl"),
        ("2019-01", "2019-12", "Russia", 277360, "bbl"),
        ("2019-01", "2019-09", "China", 100, "t"),
        ("2019-10", "2019-10", "China", 833, "bbl"),
        ("2019-10", "2019-10", "China", 100, "t"),
    )
    reported = reported_against_cap(printed, caps).set_index("supplier")
    assert reported.loc["Russia", "barrels"] == 277_365
    assert reported.loc["Russia", "months_missing"] == 0
    assert reported.loc["China", "barrels"] == pytest.approx(833 + 833)
    assert reported.loc["China", "months_missing"] == 2
    assert reported.loc["China", "rows"] == ("row 3", "row 4")
    total = period_totals(reported.reset_index()).iloc[0]
    assert total["share_of_cap"] == pytest.approx(279_031 / 500_000)
    assert not total["complete"]


def test_a_sum_for_both_stands_in_only_where_it_reaches_further(caps):
    printed = deliveries(
        ("2024-01", "2024-01", "Russia", 15279, "bbl"),
        ("2024-09", "2024-09", "China", 65386, "bbl"),
        ("2024-01", "2024-11", "China+Russia", 300202.651, "bbl"),
        ("2025-01", "2025-05", "China", 99220, "bbl"),
        ("2025-01", "2025-02", "China+Russia", 19904, "bbl"),
    )
    reported = reported_against_cap(printed, caps)
    assert list(reported["supplier"]) == ["China+Russia", "China"]
    assert list(reported["barrels"]) == [300_202.651, 99_220]


def test_a_year_adds_up_to_its_end(caps):
    printed = deliveries(
        ("2023-01", "2023-01", "China", 8688.856, "bbl"),
        ("2023-02", "2023-02", "China", 26710.312, "bbl"),
        ("2023-01", "2023-02", "China", 35399.17, "bbl"),
        ("2023-01", "2023-01", "Russia", 44655, "bbl"),
        ("2023-04", "2023-04", "China", 33931, "bbl"),
    )
    path = cumulative_reported(printed, caps, 2023).set_index("month")["barrels"]
    assert path["2023-01"] == pytest.approx(8688.856 + 44655)
    assert path["2023-03"] == path["2023-02"] == pytest.approx(35399.17 + 44655)
    assert path["2023-04"] == pytest.approx(35399.17 + 33931 + 44655)


def test_barrels_at_a_newspapers_rate_are_not_the_committees(caps):
    printed = deliveries(
        ("2020-01", "2020-09", "China", 1000, "t", 7000.0),
        ("2020-01", "2020-09", "Russia", 1000, "t", 7985.0),
    )
    reported = reported_against_cap(printed, caps).set_index("supplier")["barrels"]
    assert reported["China"] == pytest.approx(8330)
    assert reported["Russia"] == 7985


def test_rows_set_aside_and_averages_do_not_count(caps):
    printed = deliveries(
        ("2021-01", "2021-12", "China", 91909, "bbl"),
        ("2021-01", "2021-12", "China", 83152.25, "bbl"),
        ("2021-01", "2021-12", "China", 3500.125, "bbl"),
    )
    printed.loc[1, "set_aside"] = "mixes units"
    printed.loc[2, "granularity"] = "monthly_average"
    assert reported_against_cap(printed, caps)["barrels"].tolist() == [91_909]


def test_tonnes_of_an_unknown_factor_are_refused(caps):
    printed = deliveries(("2019-01", "2019-12", "Russia", 30180, "t"))
    with pytest.raises(ValueError, match="no factor"):
        reported_against_cap(printed, caps, barrels_per_tonne={"China": 8.33})
