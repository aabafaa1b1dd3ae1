"""What a ban is worth, and what lifting it brings back, from made-up goods with known answers."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.models.ban_value import (
    REMAINDER,
    YEAR,
    Amount,
    amount_of,
    at_last_prices,
    from_share,
    pre_ban_values,
    printed_year,
    value_of_all,
)
from analysis.models.banned_record import banned_in_record
from analysis.models.reopening import fit_return
from analysis.models.scenarios import lifting_scenarios, outcomes, tightened_cap


def goods(*rows) -> pd.DataFrame:
    """Rows of (product, value, lower, upper[, overrides])."""
    entries = []
    for number, (product, value, lower, upper, *more) in enumerate(rows):
        entries.append(
            {
                "product": product,
                "hs": "2701",
                "flow": "import",
                "basis": "customs",
                "first": YEAR[0],
                "last": YEAR[1],
                "value": value,
                "lower": lower,
                "upper": upper,
                "currency": "USD",
                "quantity": math.nan,
                "quantity_lower": math.nan,
                "quantity_upper": math.nan,
                "quantity_unit": None,
                "set_aside": None,
                "source_publisher": "x",
                "row_id": str(number),
                **(more[0] if more else {}),
            }
        )
    return pd.DataFrame(entries).astype({"quantity_unit": "string", "set_aside": "string"})


@pytest.fixture
def shares() -> pd.DataFrame:
    rows = [("clothing", 20.0), ("ores", 10.0), ("shellfish", 5.0), ("coal", 50.0)]
    return pd.DataFrame(
        [
            {
                "product": name,
                "flow": "import",
                "first": YEAR[0],
                "last": YEAR[1],
                "percent": percent,
                "lower": percent - 0.5,
                "upper": percent + 0.5,
            }
            for name, percent in rows
        ]
    )


def test_conflicting_figures_are_covered():
    printed = goods(("coal", 480.0, 475.0, 490.0), ("coal", 500.0, 495.0, 510.0))
    assert printed_year(printed, "coal", "value") == Amount(490.0, 475.0, 510.0)


def test_other_bases_other_years_and_rows_set_aside_do_not_count():
    printed = goods(
        ("coal", 500.0, 495.0, 510.0),
        ("coal", 900.0, 890.0, 910.0, {"basis": "kita"}),
        ("coal", 1.0, 1.0, 1.0, {"last": pd.Period("2016-06", "M")}),
        ("coal", 2_000.0, 1_900.0, 2_100.0, {"set_aside": "almost USD 2 bn"}),
    )
    assert printed_year(printed, "coal", "value").upper == 510.0
    with pytest.raises(ValueError, match="iron"):
        printed_year(printed, "iron ore", "value")


def test_a_share_becomes_an_amount_with_both_doubts(shares):
    amount = from_share(shares, "clothing", Amount(1_000.0, 990.0, 1_010.0))
    assert amount.usd_mn == 200.0
    assert amount.lower == pytest.approx(0.195 * 990) and amount.upper == pytest.approx(207.05)
    with pytest.raises(ValueError, match="one share"):
        from_share(shares, "wigs", Amount(1.0, 1.0, 1.0))


def test_the_remainder_lies_between_its_two_assumptions(shares):
    total, traded = Amount(1_000.0, 1_000.0, 1_000.0), Amount(60.0, 60.0, 60.0)
    values = pre_ban_values(goods(("coal", 500.0, 500.0, 500.0)), shares, total, traded)
    rest = values.set_index("group").loc[REMAINDER]
    # 1000 - 500 - 350 = 150 in the middle; the shares leave 15 either way.
    assert rest["usd_mn"] == pytest.approx(90.0)
    assert rest["lower"] == pytest.approx(150 - 15 - 60)
    assert rest["upper"] == pytest.approx(150 + 15)
    assert amount_of(values, ("coal", "seafood")).usd_mn == pytest.approx(550.0)


def test_all_groups_together_earn_no_more_than_all_imports(shares):
    total, traded = Amount(1_000.0, 990.0, 1_010.0), Amount(60.0, 55.0, 65.0)
    values = pre_ban_values(goods(("coal", 500.0, 480.0, 520.0)), shares, total, traded)
    together = value_of_all(values, total, traded)
    # The ends added up exclude each other: the remainder's upper takes the rest at their lower.
    assert amount_of(values, tuple(values["group"])).upper > total.upper
    assert together == Amount(pytest.approx(940.0), 990.0 - 65.0, 1_010.0)


def test_later_prices_cover_every_quotation():
    prices = pd.DataFrame({"lower": [80.0, 98.0], "middle": [84.0, 100.0], "upper": [85.0, 104.0]})
    amount = at_last_prices(Amount(1e6, 1e6, 2e6), prices)
    assert (amount.lower, amount.upper) == (80.0, 208.0)
    assert amount.usd_mn == pytest.approx(92.0)


@pytest.fixture(scope="module")
def speed():
    months = pd.period_range("2022-01", periods=24, freq="M")
    curve = pd.Series(1 - np.exp(-(np.arange(24) + 0.5) / 12.0), index=months)
    return fit_return(curve + 0.02 * (-1.0) ** np.arange(24), months[0], draws=200, seed=1)


FLAT, TRADED = Amount(1_000.0, 1_000.0, 1_000.0), Amount(60.0, 60.0, 60.0)


@pytest.fixture
def values(shares):
    return pre_ban_values(goods(("coal", 500.0, 500.0, 500.0)), shares, FLAT, TRADED)


@pytest.fixture
def together(values):
    return value_of_all(values, FLAT, TRADED)


def test_a_lifting_brings_back_value_times_speed(values, together, speed):
    table = outcomes(lifting_scenarios(400.0), values, speed, together=together)
    coal = table[table["scenario"] == "lift coal"].set_index("months")
    assert coal.loc[12, "returned"] == pytest.approx(100 * speed.returned(12)[0])
    assert coal.loc[12, "revenue"] == pytest.approx(500.0 * speed.recovered(12)[0])
    assert coal.loc[24, "revenue"] == pytest.approx(1_000.0 * speed.recovered(24)[0])
    assert (coal["returned_lower"] <= coal["returned"]).all()
    assert (coal["returned"] <= coal["returned_upper"]).all()


def test_half_the_return_is_half_the_revenue(values, together, speed):
    full, half = (
        outcomes(lifting_scenarios(1e9), values, speed, together=together, eventual_return=share)
        for share in (1.0, 0.5)
    )
    np.testing.assert_allclose(half["revenue"], full["revenue"] / 2)
    np.testing.assert_allclose(half["returned"], full["returned"] / 2)
    with pytest.raises(ValueError, match="0 to 1"):
        outcomes(lifting_scenarios(1e9), values, speed, together=together, eventual_return=1.2)


def test_a_ceiling_binds_only_where_it_is_lower(values, together, speed):
    table = outcomes(lifting_scenarios(400.0), values, speed, together=together).set_index(
        ["scenario", "months"]
    )
    free, capped = (table.loc[(name, 24)] for name in ("lift coal", "lift coal, old cap restored"))
    assert capped["revenue"] == pytest.approx(0.8 * free["revenue"])
    high = outcomes(lifting_scenarios(600.0), values, speed, together=together).set_index(
        ["scenario", "months"]
    )
    assert high.loc[("lift coal, old cap restored", 24), "revenue"] == free["revenue"]


def test_lifting_all_is_at_least_any_part(values, together, speed):
    table = outcomes(lifting_scenarios(400.0), values, speed, together=together).set_index(
        ["scenario", "months"]
    )
    for months in (6, 12, 24):
        own = table.xs(months, level="months")["revenue"]
        assert own.idxmax() == "lift all"
        # In so many months no more can come in than all that was ever sold.
        assert table.loc[("lift all", months), "revenue_upper"] <= FLAT.upper * months / 12


def test_a_tighter_cap_is_worth_its_barrels():
    cut = tightened_cap(500_000, 375_000, (50.0, 60.0, 80.0))
    assert cut == Amount(7.5, 6.25, 10.0)
    with pytest.raises(ValueError, match="lower cap"):
        tightened_cap(375_000, 500_000, (50.0, 60.0, 80.0))


@pytest.fixture
def bans() -> pd.DataFrame:
    columns = ["hs_prefix", "direction", "measure", "partial_ex", "ambiguity", "resolution"]
    rows = [
        ("50", "DPRK_export", "total_ban", "0", None, "2375"),
        ("7202", "DPRK_export", "total_ban", "0", "EU treated; China evidently NOT", "2371"),
        ("7207", "DPRK_export", "total_ban", "0", "China's reading of 'iron' not seen", "2371"),
        ("72", "DPRK_import", "total_ban", "0", None, "2397"),
        ("2710", "DPRK_import", "cap", "0", None, "2375"),
    ]
    table = pd.DataFrame(rows, columns=columns).astype("string")
    return table.assign(first_clean_month_derived=pd.Series(["2018-01"] * 4, dtype="string"))


def recorded(hs: str, flow: str, first: str) -> dict:
    month = pd.Period(first, "M")
    return {"hs": hs, "flow": flow, "first": month, "last": month}


def test_banned_goods_are_found_by_code_direction_and_date(bans):
    found = banned_in_record(
        goods(
            ("silk", 1.0, 1.0, 1.0, recorded("5002", "import", "2019-01")),
            ("silk early", 1.0, 1.0, 1.0, recorded("5002", "import", "2017-12")),
            ("silk to Korea", 1.0, 1.0, 1.0, recorded("5002", "export", "2019-01")),
            ("ferrosilicon", 1.0, 1.0, 1.0, recorded("720221", "import", "2019-02")),
            ("steel", 1.0, 1.0, 1.0, recorded("7208", "export", "2019-03")),
            ("billets", 1.0, 1.0, 1.0, recorded("7207", "import", "2019-04")),
            ("diesel", 1.0, 1.0, 1.0, recorded("271019", "export", "2019-03")),
            ("a chapter", 1.0, 1.0, 1.0, recorded("72", "import", "2019-03")),
        ),
        bans,
    )
    assert dict(zip(found["product"], found["reading"], strict=True)) == {
        "silk": "banned",
        "ferrosilicon": "banned on the EU's list only",
        "steel": "banned",
        "billets": "banned in part",
    }
