"""The four petroleum tables that are no observations: rules, factors, estimates, prices."""

import numpy as np
import pandas as pd
import pytest

from analysis.paths import project_paths
from analysis.schemas import InputError
from analysis.sources.conversion_factors import conversion_factors, type_factors
from analysis.sources.fuel_prices import fuel_prices, type_prices
from analysis.sources.petroleum_estimates import illicit_estimates, type_estimates
from analysis.sources.petroleum_rules import petroleum_rules, type_rules
from analysis.sources.tables import read_table

READERS = {
    "petroleum_caps": petroleum_rules,
    "petroleum_conversion_factors": conversion_factors,
    "petroleum_illicit_estimates": illicit_estimates,
    "petroleum_prices": fuel_prices,
}


@pytest.fixture(scope="module")
def tables():
    return {name: read_table(project_paths(), name) for name in READERS}


@pytest.mark.parametrize("name", READERS)
def test_every_row_is_typed_and_used_or_set_aside_with_a_reason(tables, name):
    typed = READERS[name](project_paths())
    assert len(typed) == len(tables[name])
    assert typed["set_aside"].dropna().str.len().gt(5).all()
    assert typed["set_aside"].isna().any()


def with_cell(table, place, column, text):
    changed = table.copy()
    changed.loc[table.index[place], column] = text
    return changed


def test_rules_have_roles_amounts_and_days(tables):
    rules = type_rules(tables["petroleum_caps"]).set_index("rule_id")
    assert rules.loc["2397-05a", "recurrence"] == "annual"
    assert rules.loc["2375-14b", "recurrence"] == "superseded"
    assert rules.loc["MOFCOM-4-refined", "upper_t"] == 60_000
    assert rules.loc["baseline-range", "upper_t"] == 1_000_000
    assert np.isnan(rules.loc["baseline-KOTRA450", "lower_t"])
    assert rules.loc["claim-89", "percent"] == 89


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [("rule_id", "2400-01", "rule id with a role"), ("value", "0", "positive amount")],
)
def test_a_rule_of_an_unknown_id_or_without_an_amount_is_refused(tables, column, text, said):
    place = tables["petroleum_caps"]["rule_id"].tolist().index("2375-14a")
    with pytest.raises(InputError, match=said):
        type_rules(with_cell(tables["petroleum_caps"], place, column, text))


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [("factor", "-1", "above zero"), ("to_unit", "bucket", "a unit"), ("kind", "guess", "a unit")],
)
def test_a_factor_that_is_not_positive_or_has_an_unknown_unit_is_refused(
    tables, column, text, said
):
    with pytest.raises(InputError, match=said):
        type_factors(with_cell(tables["petroleum_conversion_factors"], 3, column, text))


def test_factors_of_every_unit_become_barrels_a_tonne(tables):
    factors = type_factors(tables["petroleum_conversion_factors"])
    diesel = factors[factors["product"] == "gas oil/diesel"]["barrels_per_tonne"]
    assert len(diesel) == 4 and diesel.to_numpy() == pytest.approx(7.46, rel=0.01)
    bitumen = factors[(factors["product"] == "bitumen") & (factors["to_unit"] == "litre")]
    assert bitumen["barrels_per_tonne"].item() == pytest.approx(6.195, abs=0.001)


def test_estimates_have_the_ends_that_their_print_allows(tables):
    estimates = type_estimates(tables["petroleum_illicit_estimates"])
    million = estimates[estimates["estimator"] == "Open Source Centre"].iloc[1]
    assert (million["lower"], million["upper"]) == (1e6, np.inf)
    vague = estimates[estimates["set_aside"].notna()]
    assert vague["lower"].isna().all() and len(vague) == 7
    shares = set(estimates["laden_share"].dropna().round(3))
    assert shares == {0.333, 0.6, 0.9, 1.0}


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("value", "-5", "no negative quantity"),
        ("value", "a lot", "plain decimals"),
        ("unit", "buckets", "a unit"),
        ("period_end", "2017-01-01", "a day after period_start"),
    ],
)
def test_an_impossible_estimate_is_refused(tables, column, text, said):
    with pytest.raises(InputError, match=said):
        type_estimates(with_cell(tables["petroleum_illicit_estimates"], 0, column, text))


def test_prices_have_days_ends_and_collectors(tables):
    prices = type_prices(tables["petroleum_prices"])
    sack = prices[prices["printed"] == "27-30"].iloc[0]
    assert (sack["lower"], sack["upper"], sack["per"]) == (1.8, 2.0, "kg")
    limit = prices[prices["printed"] == ">27000"].iloc[0]
    assert limit["upper"] == np.inf
    assert str(limit["first_day"].date()) == "2018-01-25" and not limit["exact"]
    litres = prices["per"].eq("litre")
    assert prices.loc[litres, "set_aside"].str.startswith("per litre").all()
    span = prices[prices["printed"].eq("26000")].iloc[0]
    assert (span["last_day"] - span["first_day"]).days == 2
    reuters = prices[prices["collector"] == "Daily NK via Reuters"]
    assert (reuters["currency"] == "USD").all() and len(reuters) == 9


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("price", "-17000", "above zero"),
        ("price", "dear", "above zero"),
        ("item", "hay", "a unit"),
        ("collector", "a friend", "a unit"),
        ("currency", "ABC", "a unit"),
    ],
)
def test_an_impossible_price_is_refused(tables, column, text, said):
    with pytest.raises(InputError, match=said):
        type_prices(with_cell(tables["petroleum_prices"], 0, column, text))


def test_collectors_stay_apart(tables):
    prices = type_prices(tables["petroleum_prices"])
    assert {"ASIAPRESS", "Daily NK", "Daily NK via Reuters"} <= set(prices["collector"])
    assert isinstance(prices["first_day"].dtype, np.dtype) and pd.notna(prices["first_day"]).all()
