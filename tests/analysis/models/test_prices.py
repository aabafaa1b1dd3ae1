"""Unit values divide figures of one period and basis, and nothing else."""

import pandas as pd
import pytest

from analysis.models.prices import monthly_price, unit_values

NONE = float("nan")


def rows(*records) -> pd.DataFrame:
    """(first, last, basis, USD million, tonnes); intervals are 1 % to each side."""
    table = []
    for number, (first, last, basis, value, tonnes) in enumerate(records):
        table.append(
            {
                "row_id": f"r{number}",
                "product": "coal",
                "flow": "import",
                "first": pd.Period(first, "M"),
                "last": pd.Period(last, "M"),
                "basis": basis,
                "value": value,
                "lower": 0.99 * value,
                "upper": 1.01 * value,
                "currency": "USD",
                "quantity": tonnes,
                "quantity_lower": 0.99 * tonnes,
                "quantity_upper": 1.01 * tonnes,
                "quantity_unit": "t",
                "set_aside": None,
            }
        )
    return pd.DataFrame(table)


def test_value_and_quantity_may_stand_in_two_rows_of_one_basis():
    table = unit_values(
        rows(
            ("2016-10", "2016-10", "customs", NONE, 2e6),
            ("2016-10", "2016-10", "customs", 100.0, NONE),
            ("2016-11", "2016-11", "kita", 100.0, NONE),
            ("2016-11", "2016-11", "customs", NONE, 2e6),
        ),
        "coal",
    )
    assert len(table) == 1  # November's value and quantity are of two publishers
    assert table.loc[0, "middle"] == pytest.approx(50.0)
    assert table.loc[0, "lower"] == pytest.approx(50 * 0.99 / 1.01)
    assert table.loc[0, "upper"] == pytest.approx(50 * 1.01 / 0.99)


def test_a_printed_zero_has_no_price():
    assert unit_values(rows(("2017-03", "2017-03", "customs", 0.0, 0.0)), "coal").empty


def test_between_two_periods_the_price_goes_straight_and_outside_it_holds():
    values = unit_values(
        rows(
            ("2016-01", "2016-01", "customs", 50.0, 1e6),
            ("2016-02", "2016-08", "customs", 90.0, 1e6),
        ),
        "coal",
    )
    price = monthly_price(values, pd.period_range("2015-12", "2016-06", freq="M"))
    assert price.tolist() == pytest.approx([50, 50, 60, 70, 80, 90, 90])
