import pandas as pd
import pytest

from analysis.models.cap import Cap
from analysis.models.conversion import Mix, factor_of, reading_rates, share_of, shares_by_reading
from analysis.paths import project_paths
from analysis.sources.conversion_factors import conversion_factors

MIXES = {
    "China": Mix(light=7.0, heavy=6.0, heavy_share=(0.2, 0.5, 1.0)),
    "Russia": Mix(light=8.35, heavy=7.46, heavy_share=(0.0, 0.5, 1.0)),
}


@pytest.fixture(scope="module")
def factors():
    return conversion_factors(project_paths())


def reported(**changes):
    rows = [("China", 8_330.0, 1_000.0, 0), ("Russia", 7_985.0, 1_000.0, 2)]
    frame = pd.DataFrame(
        [
            {
                "period_first": pd.Period("2020-01", "M"),
                "supplier": supplier,
                "lower_bbl": barrels,
                "upper_bbl": barrels,
                "lower_t": tonnes,
                "upper_t": tonnes,
                "open_months": gaps,
                "cap_barrels": 500_000.0,
            }
            for supplier, barrels, tonnes, gaps in rows
        ]
    )
    return frame.assign(**changes)


def test_four_readings_of_the_same_tonnes():
    shares = shares_by_reading(reported(), reading_rates(MIXES, (7.0, 7.9))).set_index("reading")
    assert shares.loc["committee", "middle_bbl"] == pytest.approx(16_315)
    assert shares.loc["flat", "middle_bbl"] == pytest.approx(2 * 8_330)
    assert shares.loc["product", "lower_bbl"] == pytest.approx(6_000 + 7_460)
    assert shares.loc["product", "middle_bbl"] == pytest.approx(6_500 + 7_905)
    assert shares.loc["product", "upper_bbl"] == pytest.approx(6_800 + 8_350)
    assert shares.loc["press", "upper_share"] == pytest.approx(2 * 7_900 / 500_000)
    assert (shares["open_months"] == 2).all()


def test_an_unknown_supplier_or_product_has_no_rate(factors):
    with pytest.raises(ValueError, match="no rate turns tonnes of 'Iran'"):
        shares_by_reading(reported(supplier=["China", "Iran"]), reading_rates(MIXES, (7.0, 7.9)))
    with pytest.raises(ValueError, match="0 factors for the product 'peanut oil'"):
        factor_of(factors, "peanut oil", "BP Statistical Review 2021")


def test_a_mix_outside_one_and_a_negative_delivery_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        MIXES["China"].rate(1.2)
    cap = Cap(("x",), "refined", 500_000.0, 0.0, pd.Timestamp(0), pd.Timestamp(0))
    with pytest.raises(ValueError, match="negative"):
        share_of(-5.0, cap)
    assert share_of(250_000.0, cap) == 0.5


def test_published_factors_and_their_inverses_are_one_number(factors):
    """Inverse and volume factors of a table agree with its barrels a tonne to their digits."""
    assert factor_of(factors, "gas oil/diesel", "BP Statistical Review 2021") == 7.46
    bp = factors[factors["system"] == "BP Statistical Review 2021"]
    for product, own in bp.groupby("product"):
        direct = own.loc[own["set_aside"].isna(), "barrels_per_tonne"].item()
        assert own["barrels_per_tonne"].to_numpy() == pytest.approx(direct, rel=0.012), product
    # BP's bitumen is not listed; the United Kingdom's litres give what the UN prints, within 3 %.
    uk = factor_of(factors, "bitumen", "UK DTI standard conversion factors")
    assert uk == pytest.approx(6.05, rel=0.03)
