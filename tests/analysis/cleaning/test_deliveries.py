import numpy as np
import pandas as pd
import pytest

from analysis.cleaning import deliveries
from analysis.cleaning.accounting import usable_rows
from analysis.cleaning.corrections import apply_corrections, read_corrections
from analysis.cleaning.deliveries import (
    ALL_PRODUCTS,
    BOTH,
    CHINA_RATE,
    SUPPLIERS,
    clean_deliveries,
    cumulative_bounds,
    stated_deliveries,
    supplier_bounds,
    supplier_rate,
)
from analysis.paths import project_paths
from analysis.schemas import InputError
from analysis.sources.observations import delivery_observations

MONTHS = pd.period_range("2018-01", "2019-12", freq="M")


@pytest.fixture(scope="module")
def usable():
    paths = project_paths()
    corrected, _ = apply_corrections(delivery_observations(paths), read_corrections(paths))
    return usable_rows(corrected)[0]


@pytest.fixture(scope="module")
def clean(usable):
    return clean_deliveries(usable)


@pytest.fixture
def no_readings(monkeypatch):
    """Made-up rows have no reading of their own."""
    monkeypatch.setattr(deliveries, "READINGS", {})
    monkeypatch.setattr(deliveries, "NOT_STATED", {})


def printed(number, first, last, supplier, quantity, unit="t", barrels=np.nan, **more):
    digits = 0.5
    return {
        "row_id": f"petroleum_reported_deliveries:{number:010x}",
        "publisher": f"agency {number}",
        "first": pd.Period(first, "M"),
        "last": pd.Period(last, "M"),
        "granularity": "month" if first == last else "cumulative",
        "supplier": supplier,
        "product": ALL_PRODUCTS,
        "quantity": float(quantity),
        "quantity_lower": quantity - digits,
        "quantity_upper": quantity + digits,
        "quantity_unit": unit,
        "barrels": barrels,
        "barrels_lower": barrels - digits,
        "barrels_upper": barrels + digits,
        **more,
    }


def history(seed):
    """Two years of true tonnes and barrels, and rounded prints of months and sums of them."""
    rng = np.random.default_rng(seed)
    tonnes = {s: pd.Series(rng.uniform(500, 6_000, len(MONTHS)), index=MONTHS) for s in SUPPLIERS}
    rates = {"China": CHINA_RATE, "Russia": 8.27}
    rows, number = [], 1
    for supplier in SUPPLIERS:
        own = tonnes[supplier]
        for month in MONTHS:
            if rng.random() < 0.65:
                rows.append(printed(number, month, month, supplier, round(own[month])))
                number += 1
        for year in (2018, 2019):
            whole = own[own.index.year == year]
            for last in (4, 8, 12):
                first, end = whole.index[0], whole.index[last - 1]
                total = whole.iloc[:last].sum()
                rows.append(printed(number, first, end, supplier, round(total)))
                number += 1
            barrels = round(whole.sum() * rates[supplier])
            ends = whole.index[0], whole.index[-1]
            rows.append(printed(number, *ends, supplier, barrels, "bbl", barrels))
            number += 1
    return tonnes, rates, pd.DataFrame(rows)


@pytest.mark.parametrize("seed", range(4))
def test_the_truth_lies_inside_every_bound(no_readings, seed):
    tonnes, rates, rows = history(seed)
    clean = clean_deliveries(rows)
    assert clean.conflicts.empty
    own = clean.monthly[clean.monthly["month"] >= MONTHS[0]]
    truth = np.array([tonnes[s][m] for s, m in zip(own["supplier"], own["month"], strict=True)])
    rate = own["supplier"].map(rates).to_numpy()
    assert (own["lower_t"] <= truth + 1e-4).all() and (truth <= own["upper_t"] + 1e-4).all()
    assert (own["lower_bbl"] <= truth * rate + 1e-3).all()
    assert (truth * rate <= own["upper_bbl"] + 1e-3).all()
    path = cumulative_bounds(clean, MONTHS[0], MONTHS[11]).set_index("month")
    whole = sum((tonnes[s] * rates[s])[: MONTHS[11]].sum() for s in SUPPLIERS)
    assert path.loc[MONTHS[11], "lower_bbl"] <= whole <= path.loc[MONTHS[11], "upper_bbl"]


def test_a_planted_misprint_is_the_figure_that_falls(no_readings):
    _, _, rows = history(1)
    sums = rows[(rows["granularity"] == "cumulative") & (rows["quantity_unit"] == "t")]
    victim = sums.index[1]
    for column in ("quantity", "quantity_lower", "quantity_upper"):
        rows.loc[victim, column] *= 10
    clean = clean_deliveries(rows)
    assert clean.conflicts["rows"].tolist() == [rows.loc[victim, "row_id"]]
    assert clean.conflicts["allowed_upper"].item() < clean.conflicts["printed_lower"].item()


def test_a_month_that_nobody_printed_is_open_and_no_zero(no_readings):
    clean = clean_deliveries(
        pd.DataFrame(
            [
                printed(1, "2018-01", "2018-01", "China", 1_000),
                printed(2, "2018-03", "2018-03", "China", 2_000),
            ]
        )
    )
    china = clean.monthly[clean.monthly["supplier"] == "China"].set_index("month")
    assert china.loc["2018-02", "basis"] == "open" and np.isinf(china.loc["2018-02", "upper_bbl"])
    found = supplier_bounds(clean, pd.Period("2018-01", "M"), pd.Period("2018-03", "M"))
    own = found.set_index("supplier").loc["China"]
    assert own["open_months"] == 1 and own["lower_t"] == pytest.approx(2_999, abs=1e-3)
    assert found.set_index("supplier").loc["Russia", "open_months"] == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": -5.0}, "negative quantity"),
        ({"product": "peanut oil"}, "unknown product"),
        ({"supplier": "Republic of Korea"}, "outside the two suppliers"),
        ({"quantity_unit": "buckets"}, "no tonnes and no barrels"),
        ({"first": pd.Period("2016-01", "M"), "last": pd.Period("2016-03", "M")}, "under no cap"),
        ({"first": pd.Period("2017-06", "M")}, "begins before October 2017"),
        ({"barrels": 30_000.0}, "impossible density"),
        ({"barrels": 1_000.0}, "impossible density"),
        ({"granularity": "monthly_average"}, "an average"),
        ({"first": pd.NaT}, "no period"),
    ],
)
def test_a_row_that_cannot_be_a_delivery_is_set_aside_with_its_reason(no_readings, changes, reason):
    sound = printed(1, "2018-01", "2018-01", "China", 1_000)
    rows = pd.DataFrame([sound, {**sound, "row_id": "x:0000000002", **changes}])
    used, why = stated_deliveries(rows)
    assert list(used["row_id"]) == [sound["row_id"]]
    assert reason in why["x:0000000002"]


def test_a_newspapers_barrels_are_not_the_committees(no_readings):
    rows = pd.DataFrame(
        [
            printed(1, "2018-01", "2018-01", "China", 1_000, barrels=8_330.0),
            printed(2, "2018-02", "2018-02", "China", 1_000, barrels=7_000.0),
            printed(3, "2020-01", "2020-01", "Russia", 1_000, barrels=7_985.0),
        ]
    )
    used, _ = stated_deliveries(rows)
    assert used["bbl_lower"].notna().tolist() == [True, False, True]
    assert used["t_lower"].notna().all()


def test_every_row_is_used_or_set_aside(usable, clean):
    assert len(clean.used) + len(clean.set_aside) == len(usable)
    assert not set(clean.used["row_id"]) & set(clean.set_aside.index)


@pytest.mark.parametrize(
    ("first", "last", "supplier", "barrels"),
    [
        ("2021-01", "2021-12", "China", 91_909),
        ("2023-01", "2023-05", "China", 93_786),
        ("2019-01", "2019-12", "Russia", 277_365),
        ("2025-01", "2025-05", "China", 99_220),
    ],
)
def test_printed_sums_come_back(clean, first, last, supplier, barrels):
    found = supplier_bounds(clean, pd.Period(first, "M"), pd.Period(last, "M"))
    own = found.set_index("supplier").loc[supplier]
    assert own["lower_bbl"] <= barrels <= own["upper_bbl"]
    assert own["upper_bbl"] - own["lower_bbl"] < 25


def test_what_was_never_filed_stays_open(clean):
    by_supplier = clean.monthly.set_index(["supplier", "month"])["basis"]
    for supplier, month in (("Russia", "2024-02"), ("China", "2017-11"), ("China", "2020-10")):
        assert by_supplier[supplier, pd.Period(month, "M")] == "open"
    assert by_supplier["Russia", pd.Period("2020-10", "M")] == "reported"


def test_rows_behind_the_last_month_are_not_read(usable):
    early = clean_deliveries(usable, last="2018-08")
    assert early.monthly["month"].max() == pd.Period("2018-08", "M")
    assert (early.used["last"] <= pd.Period("2018-08", "M")).all()


def test_a_reading_whose_row_is_gone_fails(usable):
    gone = usable[~usable["row_id"].str.endswith("aa26af431d")]
    with pytest.raises(InputError, match="aa26af431d"):
        clean_deliveries(gone)


def test_the_rates_are_those_of_the_printed_pairs(usable):
    """Pairs whose digits show a rate lie inside the supplier's own; others are newspapers'."""
    pairs = usable[
        usable["quantity_unit"].eq("t").fillna(False)
        & usable["quantity"].gt(300)
        & usable["barrels"].gt(0)
        & usable["supplier"].isin(SUPPLIERS)
    ]
    rate = pairs["barrels"] / pairs["quantity"]
    committee = rate.between(*deliveries.COMMITTEE_RATES)
    assert committee.sum() >= 15
    assert np.abs(rate[committee & (pairs["supplier"] == "China")] - CHINA_RATE).max() < 0.01
    with pytest.raises(ValueError, match="no rate turns tonnes of 'Iran'"):
        supplier_rate("Iran", 2019)


def test_a_sum_of_both_covers_what_its_reading_says(clean):
    both = clean.used[clean.used["supplier"] == BOTH].set_index("row_id")
    row = both.loc["petroleum_reported_deliveries:0e755b183b"]
    assert (str(row["china_last"]), str(row["russia_last"])) == ("2018-08", "2018-07")
