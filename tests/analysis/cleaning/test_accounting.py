"""Rows read are rows used and rows set aside, each with its reason."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.cleaning.accounting import (
    USABLE_RATE_BASES,
    RowAccount,
    row_account,
    usable_rows,
    usable_totals,
)
from analysis.cleaning.corrections import apply_corrections, read_corrections
from analysis.cleaning.trade_statements import (
    FIRST_UNKNOWN,
    level_statements,
    rate_statements,
)
from analysis.paths import project_paths
from analysis.sources.labels import labelled_table
from analysis.sources.observations import (
    commodity_observations,
    delivery_observations,
    petroleum_observations,
    totals_observations,
)
from analysis.sources.tables import read_table

REAL = project_paths()
TOTALS = "gacc_totals"
DELIVERIES = "petroleum_reported_deliveries"
READERS = {
    TOTALS: totals_observations,
    "gacc_commodities": commodity_observations,
    "gacc_petroleum": petroleum_observations,
    DELIVERIES: delivery_observations,
}


@pytest.fixture(scope="module")
def read() -> dict[str, pd.DataFrame]:
    corrections = read_corrections(REAL)
    return {
        name: apply_corrections(reader(REAL), corrections)[0] for name, reader in READERS.items()
    }


@pytest.fixture(scope="module")
def split(read) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    return {
        name: (usable_totals if name == TOTALS else usable_rows)(frame)
        for name, frame in read.items()
    }


@pytest.fixture(scope="module")
def account(read, split) -> RowAccount:
    used = {name: rows["row_id"] for name, (rows, _) in split.items()}
    return row_account(read, used, pd.concat([reasons for _, reasons in split.values()]))


def test_rows_read_are_the_rows_of_the_files(account):
    summary = account.summary.set_index("table")
    for name in READERS:
        assert summary.loc[name, "rows_read"] == len(read_table(REAL, name))
    assert (summary["rows_read"] == summary["rows_used"] + summary["rows_set_aside"]).all()
    assert summary["rows_used"].min() > 0


def test_each_row_set_aside_has_a_line_and_a_reason(account):
    detail = account.detail
    assert detail["row_id"].is_unique
    assert detail["reason"].str.len().min() > 5
    assert detail.groupby("table").size().to_dict() == dict(
        account.summary[["table", "rows_set_aside"]].itertuples(index=False)
    )


def test_the_reasons_are_of_the_kinds_known(account):
    kinds = (
        "copy of ",
        "correction ",
        "not commensurable: ",
        "before 2011-01",
        "not a number: ",
        "no period: ",
        "a share of trade, no amount: ",
        "a growth rate, no quantity: ",
    )
    known = account.detail["reason"].str.startswith(kinds)
    assert account.detail[~known].empty


def test_the_totals_used_are_those_that_enter_a_statement(split):
    """The statements are made elsewhere: each row used is in one, and no other row is."""
    rows, _ = split[TOTALS]
    levels = rows[rows["lower"].notna()]
    rates = rows[rows["yoy_lower"].notna() & rows["rate_base"].isin(USABLE_RATE_BASES)]
    rates = rates[rates["first"] >= FIRST_UNKNOWN + 12]
    statements = [*level_statements(levels), *rate_statements(rates)]
    members = {row_id for statement in statements for row_id in statement.members}
    assert members == set(rows["row_id"])


def test_a_rate_of_unknown_base_leaves_the_value_in_use(split):
    rows, _ = split[TOTALS]
    unknown = rows[rows["yoy_lower"].notna() & (rows["rate_base"] == "unknown")]
    assert len(unknown) > 0
    assert unknown["value"].notna().all()


def test_copies_are_of_the_same_period_and_agree(read, split):
    for name, frame in read.items():
        roots = frame.set_index("row_id")
        for copy in frame[frame["copy_of"].notna()].itertuples():
            root = roots.loc[copy.copy_of]
            assert (copy.first, copy.last) == (root["first"], root["last"]), copy.row_id
            if name == TOTALS:
                assert (copy.flow, copy.currency) == (root["flow"], root["currency"]), copy.row_id
        reasons = split[name][1]
        assert not reasons.str.startswith("contradicts its original").any()


def test_no_copy_and_no_other_basis_is_used(split):
    for name, (rows, _) in split.items():
        assert rows["copy_of"].isna().all()
        assert name == DELIVERIES or not (rows["basis"] == "other").any()


def test_what_the_committee_was_told_is_its_own_basis(split):
    rows, _ = split[DELIVERIES]
    assert (rows["basis"] == "other").mean() > 0.9


def frame(**columns: list) -> pd.DataFrame:
    """Observations of the totals with sound defaults."""
    size = len(next(iter(columns.values())))
    month = pd.Period("2018-08", "M")
    defaults = {
        "row_id": [f"{TOTALS}:{n}" for n in range(size)],
        "table": [TOTALS] * size,
        "line": list(range(2, size + 2)),
        "first": [month] * size,
        "last": [month] * size,
        "value": [10.0] * size,
        "lower": [9.95] * size,
        "upper": [10.1] * size,
        "currency": ["USD"] * size,
        "printed": ["10.0"] * size,
        "yoy_lower": [-0.2] * size,
        "yoy_upper": [-0.1] * size,
        "basis": ["customs"] * size,
        "rate_base": ["corrected"] * size,
        "copy_of": [None] * size,
        "comment": [""] * size,
        "set_aside": [None] * size,
    }
    made = pd.DataFrame({**defaults, **columns})
    texts = ["copy_of", "set_aside", "comment", "basis", "rate_base", "row_id", "printed"]
    return made.astype(dict.fromkeys(texts, "string"))


NAN = float("nan")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"rate_base": ["unknown"]}, None),
        ({"yoy_lower": [NAN], "rate_base": [""]}, None),
        ({"value": [NAN]}, None),
        ({"value": [NAN], "rate_base": ["unknown"]}, "no value, and what its growth rate divides"),
        ({"value": [NAN], "yoy_lower": [NAN]}, "no value and no growth rate"),
        (
            {"value": [NAN], "first": [FIRST_UNKNOWN], "last": [FIRST_UNKNOWN]},
            "no value, and its growth rate is on months before 2011-01",
        ),
        ({"value": [NAN], "first": [FIRST_UNKNOWN + 12], "last": [FIRST_UNKNOWN + 12]}, None),
        ({"first": [FIRST_UNKNOWN - 3], "last": [FIRST_UNKNOWN - 1]}, "before 2011-01"),
        ({"first": [FIRST_UNKNOWN - 3], "last": [FIRST_UNKNOWN]}, None),
        ({"basis": ["other"], "comment": ["with crude"]}, "not commensurable: with crude"),
        ({"basis": ["other"]}, "not commensurable: no customs figure"),
        ({"set_aside": ["correction x: y"], "basis": ["other"]}, "correction x: y"),
    ],
)
def test_why_a_row_of_the_totals_is_set_aside(change, reason):
    rows, reasons = usable_totals(frame(**(change or {"line": [2]})))
    assert len(rows) + len(reasons) == 1
    if reason is None:
        assert reasons.empty
    else:
        assert reasons.iloc[0].startswith(reason)


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (9.9, 10.0, "copy of gacc_totals:0"),
        (10.1, 10.2, "copy of gacc_totals:0"),
        (10.2, 10.3, "contradicts its original gacc_totals:0 (line 2): 10.25 against 10.0"),
        (9.0, 9.9, "contradicts its original gacc_totals:0"),
        (NAN, NAN, "copy of gacc_totals:0"),
    ],
)
def test_a_copy_and_a_copy_that_contradicts_its_original(lower, upper, verdict):
    pair = frame(
        lower=[9.95, lower],
        upper=[10.1, upper],
        copy_of=[None, "gacc_totals:0"],
        printed=["10.0", "10.25"],
    )
    rows, reasons = usable_totals(pair)
    assert rows["row_id"].tolist() == ["gacc_totals:0"]
    assert reasons["gacc_totals:1"].startswith(verdict)


def test_figures_in_two_units_cannot_contradict():
    pair = frame(
        lower=[9.95, 60.0],
        upper=[10.1, 70.0],
        currency=["USD", "CNY"],
        copy_of=[None, "gacc_totals:0"],
    )
    assert usable_totals(pair)[1].iloc[0] == "copy of gacc_totals:0"


def accounted(used: list[str], reasons: dict[str, str]) -> RowAccount:
    return row_account({TOTALS: frame(line=[2, 3, 4])}, {TOTALS: used}, reasons)


def test_an_account_that_balances():
    summary, detail = accounted(["gacc_totals:0", "gacc_totals:2"], {"gacc_totals:1": "a reason"})
    assert summary.iloc[0].tolist() == [TOTALS, 3, 2, 1]
    assert detail.iloc[0].tolist() == [TOTALS, "gacc_totals:1", 3, "2018-08", "a reason"]


@pytest.mark.parametrize(
    ("used", "reasons", "message"),
    [
        ([0, 1], {}, "1 row is neither used nor set aside, first gacc_totals:2"),
        ([0], {}, "2 rows are neither used nor set aside"),
        ([0, 1, 2], {2: "why"}, "1 row is both used and set aside, first gacc_totals:2"),
        ([0, 1, 2, 2], {}, "used twice"),
        ([0, 1, 2, 9], {}, "used, but not read"),
        ([0, 1, 2], {9: "why"}, "gacc_totals:9: set aside, but not read"),
        ([0, 1], {2: " "}, "set aside without a reason"),
    ],
)
def test_an_account_that_does_not_balance(used, reasons, message):
    with pytest.raises(ValueError, match=message):
        accounted(
            [f"{TOTALS}:{n}" for n in used], {f"{TOTALS}:{n}": why for n, why in reasons.items()}
        )


def test_a_table_that_was_not_read():
    with pytest.raises(ValueError, match="other: used, but no such table was read"):
        row_account({}, {"other": ["other:1"]}, {})


def test_a_row_without_a_period_is_accounted_for(account):
    bare = account.detail[account.detail["period"] == ""]
    assert bare["reason"].str.startswith("no period: ").all()
    table = labelled_table(REAL, "gacc_petroleum")
    assert (bare["table"] == "gacc_petroleum").sum() == table["period_end"].isna().sum()
