import pandas as pd
import pytest

from analysis.models.goods import monthly_tonnes


def observations(*rows):
    """Rows of (first, last, tonnes, half the rounding interval[, basis])."""
    return pd.DataFrame(
        [
            {
                "first": pd.Period(first, "M"),
                "last": pd.Period(last, "M"),
                "flow": "import",
                "product": "coal",
                "quantity": tonnes,
                "quantity_lower": tonnes - half,
                "quantity_upper": tonnes + half,
                "quantity_unit": "t",
                "basis": basis[0] if basis else "customs",
                "row_id": f"row {number}",
                "source_publisher": "Reuters",
                "set_aside": None,
            }
            for number, (first, last, tonnes, half, *basis) in enumerate(rows)
        ]
    )


def test_a_sum_gives_the_one_month_it_leaves_open():
    coal = monthly_tonnes(
        observations(
            ("2017-01", "2017-01", 1.45e6, 5e3),
            ("2017-03", "2017-03", 0.0, 0.0),
            ("2017-01", "2017-03", 2.678e6, 500.0),
            ("2017-01", "2017-06", 2.68e6, 5e3),
        ),
        "coal",
    ).set_index("month")
    assert list(coal.index.astype(str)) == ["2017-01", "2017-02", "2017-03"]
    february = coal.loc["2017-02"]
    assert february["basis"] == "derived"
    assert february[["lower_t", "tonnes", "upper_t"]].tolist() == pytest.approx(
        [1_222_500, 1_228_000, 1_233_500]
    )


def test_a_difference_is_never_below_zero():
    coal = monthly_tonnes(
        observations(("2017-01", "2017-01", 100.0, 5.0), ("2017-01", "2017-02", 98.0, 5.0)), "coal"
    ).set_index("month")
    assert coal.loc["2017-02", ["lower_t", "tonnes", "upper_t"]].tolist() == [0.0, 0.0, 8.0]


def test_the_narrowest_figure_counts_and_other_bases_do_not():
    coal = monthly_tonnes(
        observations(
            ("2017-08", "2017-08", 1.6e6, 5e4),
            ("2017-08", "2017-08", 1.64e6, 5e3),
            ("2017-08", "2017-08", 1.7e6, 1.0, "other"),
        ),
        "coal",
    )
    assert coal["tonnes"].tolist() == [1.64e6]
