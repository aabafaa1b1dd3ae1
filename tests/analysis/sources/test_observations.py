"""Raw rows become typed observations, and bad input is named by file, line and column."""

from __future__ import annotations

import csv
import doctest
import io
import shutil
from decimal import Decimal

import pandas as pd
import pytest

from analysis.paths import Paths, project_paths
from analysis.schemas import (
    COMMODITY_OBSERVATIONS,
    DELIVERY_OBSERVATIONS,
    PETROLEUM_OBSERVATIONS,
    TOTALS_OBSERVATIONS,
    InputError,
    checked,
)
from analysis.sources import observations as module
from analysis.sources.labels import SUBJECT, label_line, row_ids
from analysis.sources.observations import (
    NOT_A_QUANTITY,
    QUANTITY_UNITS,
    TYPED,
    agency,
    commodity_observations,
    delivery_observations,
    petroleum_observations,
    totals_observations,
)
from analysis.sources.tables import InputErrors, read_table

REAL = project_paths()
TOTALS = "gacc_totals"
READERS = {
    "gacc_totals": totals_observations,
    "gacc_commodities": commodity_observations,
    "gacc_petroleum": petroleum_observations,
    "petroleum_reported_deliveries": delivery_observations,
}


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A root with the real tables and labels, free to be edited."""
    copy = project_paths(tmp_path)
    shutil.copytree(REAL.raw, copy.raw)
    return copy


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return {name: read(REAL) for name, read in READERS.items()}


def add_row(paths: Paths, name: str, **cells: str) -> int:
    """Append a labelled row to a table; return its line.

    The row repeats the last one, so that only what `cells` says is new.
    """
    file = paths.raw / f"{name}.csv"
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    rows.append({**rows[-1], **cells})
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(stream.getvalue(), encoding="utf-8")
    table = read_table(paths, name)
    line = table.index[-1]
    label = label_line(table.loc[line], row_ids(table, name)[line])
    with paths.labels.open("a", encoding="utf-8") as labels:
        labels.write(label.replace("?,?", "customs,recap") + "\n")
    return int(line)


def error_of(paths: Paths, name: str = TOTALS) -> InputError:
    with pytest.raises(InputError) as caught:
        READERS[name](paths)
    return caught.value


def row_of(frame: pd.DataFrame, **cells: object) -> pd.Series:
    found = frame[(frame[list(cells)] == pd.Series(cells)).all(axis=1)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_examples_in_the_docstrings():
    assert doctest.testmod(module) == (0, 1)


@pytest.mark.parametrize("name", READERS)
def test_one_observation_for_each_raw_row(frames, name):
    table, frame = read_table(REAL, name), frames[name]
    assert frame["line"].tolist() == table.index.tolist()
    assert frame["row_id"].tolist() == row_ids(table, name).tolist()
    assert (frame["table"] == name).all()
    assert frame["source_publisher"].tolist() == table["source_publisher"].tolist()


@pytest.mark.parametrize("name", READERS)
def test_no_printed_number_is_lost(frames, name):
    """A row without a figure has a reason, and only such a row."""
    frame = frames[name]
    figures = ["value", "quantity", "barrels", "yoy_lower"]
    empty = frame[[f for f in figures if f in frame]].isna().all(axis=1)
    assert empty[frame["set_aside"].isna()].sum() == 0
    assert frame.loc[~empty, "set_aside"].dropna().str.startswith("no period").all()


def test_the_totals_in_their_unit_with_bounds(frames):
    august = row_of(
        frames[TOTALS],
        first=pd.Period("2018-08", "M"),
        last=pd.Period("2018-08", "M"),
        flow="import",
        printed="19.19",
    )
    assert (august["value"], august["lower"], august["upper"]) == (19.19, 19.18, 19.20)
    assert august["currency"] == "USD"


def test_money_is_in_million_of_either_currency(frames):
    raw = read_table(REAL, TOTALS).loc[lambda t: t["unit"].eq("CNY") & t["value"].notna()]
    frame = frames[TOTALS].set_index("line")
    line = raw.index[-1]
    printed = Decimal(raw.loc[line, "value"]) * Decimal(raw.loc[line, "scale"]) / 10**6
    assert raw.loc[line, "scale"] == "1e4"
    assert frame.loc[line, "value"] == pytest.approx(float(printed), rel=1e-12)
    assert frame.loc[line, "currency"] == "CNY"


@pytest.mark.parametrize(
    ("printed", "lower", "upper"),
    [
        ("800", 750, 900),  # too few digits for a slip: rounded or cut
        ("19.1", 19.05, 19.2),
        ("1234", 1233, 1235),  # four digits: a unit to each side
        ("1450", 1445, 1460),
        ("-12.34", -12.35, -12.33),
        ("0", -1, 1),
    ],
)
def test_the_interval_of_a_printed_figure(paths, printed, lower, upper):
    add_row(paths, TOTALS, value=printed, scale="1e6", yoy_pct="")
    last = totals_observations(paths).iloc[-1]
    assert (last["lower"], last["upper"]) == (lower, upper)
    assert last["printed"] == printed


@pytest.mark.parametrize(
    ("printed", "lower", "upper"),
    [("-20", -0.3, -0.1), ("-23", -0.24, -0.22), ("7.0", 0.069, 0.071), ("100", 0.0, 2.0)],
)
def test_the_interval_of_a_printed_rate(paths, printed, lower, upper):
    add_row(paths, TOTALS, yoy_pct=printed, value="123456")
    last = totals_observations(paths).iloc[-1]
    assert (last["yoy_lower"], last["yoy_upper"]) == pytest.approx((lower, upper))


def test_a_period_is_its_first_and_last_month(paths):
    add_row(paths, TOTALS, period="2016-01/2016-03", value="9")
    last = totals_observations(paths).iloc[-1]
    assert (str(last["first"]), str(last["last"])) == ("2016-01", "2016-03")


def test_no_value_is_missing_and_not_zero(frames):
    bare = frames[TOTALS][frames[TOTALS]["printed"].isna()]
    assert len(bare) == 60
    assert bare[["value", "lower", "upper"]].isna().all(axis=None)
    assert bare["yoy_lower"].notna().all()
    zeros = frames["gacc_petroleum"]["quantity_printed"] == "0"
    assert (
        frames["gacc_petroleum"].loc[
            zeros & frames["gacc_petroleum"]["quantity"].notna(), "quantity"
        ]
        == 0
    ).all()


@pytest.mark.parametrize(
    ("publisher", "family"),
    [
        ("Reuters", "Reuters"),
        ("Reuters via SCMP", "Reuters"),
        ("SBS (Reuters)", "Reuters"),
        ("Yonhap (citing Reuters)", "Reuters"),
        ("ucmanga.com (Reuters)", "Reuters"),
        ("timesofnews.com (SCMP/Reuters copy)", "Reuters"),
        ("UPI (SCMP; IBK)", "SCMP"),
        ("UPI (Yonhap)", "Yonhap"),
        ("UPI", "UPI"),
        ("Yonhap via Hankyung", "Yonhap"),
        ("Hankyung via wowtv (KDI)", "Hankyung"),
        ("Korea Herald (Yonhap, VOA)", "VOA"),
        ("Yonhap Japanese via wowkorea (VOA, KITA)", "VOA"),
        ("Korea Herald (Ministry of Unification)", "Korea Herald"),
        ("Seoul Economic Daily (KITA)", "Seoul Economic Daily"),
        ("Daily NK Japan", "Daily NK"),
        ("DailyNK (KITA)", "Daily NK"),
        ("KBS World Korean", "KBS"),
        ("NK Econ Watch", "NK Econ Watch"),
        ("NK Pro (KITA)", "NK News"),
        ("News1 via Donga", "News1"),
        ("Donga Ilbo", "Donga"),
        ("Sankei via Yahoo Japan", "Sankei"),
        ("Asiapress / Yahoo Japan", "Asiapress"),
        ("fnnews/News1 (citing RFA, VOA)", "VOA"),
        ("Record China via livedoor (RFI, KOTRA)", "RFI"),
        ("GACC", "GACC"),
    ],
)
def test_the_agency_behind_a_publisher(publisher, family):
    assert agency(publisher) == family


def test_quantities_in_their_canonical_unit(frames):
    goods = frames["gacc_commodities"].set_index("line")
    raw = read_table(REAL, "gacc_commodities")
    printed = raw.index[raw["quantity_unit"] == "10,000 t (만t)"][0]
    assert goods.loc[printed, "quantity"] == float(raw.loc[printed, "quantity"]) * 10_000
    assert goods.loc[printed, "quantity_unit"] == "t"
    grams = raw.index[raw["quantity_unit"] == "kg"][0]
    assert goods.loc[grams, "quantity"] == float(Decimal(raw.loc[grams, "quantity"]) / 1000)
    oil = frames["gacc_petroleum"].set_index("line")
    thousand = oil[oil["quantity_unit"] == "bbl"].index[0]
    assert oil.loc[thousand, "quantity"] == float(oil.loc[thousand, "quantity_printed"]) * 1000


def test_a_mean_is_not_called_a_sum(frames):
    units = {
        name: set(frame["quantity_unit"].dropna())
        for name, frame in frames.items()
        if "quantity_unit" in frame
    }
    assert "t_per_month" in units["gacc_commodities"]
    assert "bbl_per_month" in units["petroleum_reported_deliveries"]
    assert "t_per_year" in units["gacc_petroleum"]


def test_the_table_of_units_holds_no_unit_that_is_not_printed():
    printed = {
        *read_table(REAL, "gacc_commodities")["quantity_unit"].dropna(),
        *read_table(REAL, "gacc_petroleum")["unit"].dropna(),
        *read_table(REAL, "petroleum_reported_deliveries")["unit"].dropna(),
    }
    assert {*QUANTITY_UNITS, *NOT_A_QUANTITY} == printed


def test_what_is_no_number_is_set_aside_with_its_text(frames):
    reasons = {
        (name, row.line): row.set_aside
        for name in ("gacc_petroleum", "petroleum_reported_deliveries")
        for row in frames[name].dropna(subset="set_aside").itertuples()
    }
    deliveries = "petroleum_reported_deliveries"
    assert reasons["gacc_petroleum", 50] == "not a number: >88000"
    assert reasons["gacc_petroleum", 79] == "not a number: >1000"
    assert reasons["gacc_petroleum", 40] == "no period: coverage_note"
    assert reasons["gacc_petroleum", 23] == "a growth rate, no quantity: -68 percent y/y"
    assert ("gacc_petroleum", 46) not in reasons  # "imputed" tonnes beside a value in dollars
    assert reasons[deliveries, 203] == "not a number: >100000"
    assert reasons[deliveries, 216] == "not a number: 3000-4000"
    assert reasons[deliveries, 229] == reasons[deliveries, 230] == "not a number: none"
    for line in (142, 191, 245):
        assert reasons[deliveries, line] == "not a number: non-fuel only"
    assert reasons[deliveries, 251].startswith("not a number: lubricants + bitumen")


def test_a_share_of_trade_is_no_amount(frames):
    goods = frames["gacc_commodities"]
    shares = goods[goods["set_aside"].fillna("").str.startswith("a share of trade")]
    assert len(shares) == 18
    assert goods.loc[goods["currency"].isna(), "value"].isna().all()
    assert goods.loc[goods["value"].notna(), "currency"].notna().all()


def test_barrels_stand_beside_tonnes_as_printed(frames):
    frame = frames["petroleum_reported_deliveries"]
    april = row_of(frame, line=234)
    assert (april["quantity"], april["quantity_unit"], april["barrels"]) == (11, "t", 91)
    assert (april["barrels_lower"], april["barrels_upper"]) == (90.5, 92)


@pytest.mark.parametrize(
    ("name", "cells", "column", "advice"),
    [
        (TOTALS, {"period": "2026-13"}, "period", "write the period in one of these forms"),
        (TOTALS, {"period": "2026-05/2026-01"}, "period", "swap the two months"),
        (TOTALS, {"flow": "exports"}, "flow", "'export'"),
        (TOTALS, {"unit": "EUR"}, "unit", "from the list"),
        (TOTALS, {"scale": "1000000.5"}, "scale", "write the factor as a power of ten"),
        (TOTALS, {"scale": ""}, "scale", "write the factor of the value"),
        (TOTALS, {"value": "1,234"}, "value", "separator"),
        (TOTALS, {"value": "about 5"}, "value", "write the number alone"),
        (TOTALS, {"yoy_pct": "12%"}, "yoy_pct", "leave out the percent sign"),
        ("gacc_commodities", {"flow": "total2"}, "flow", "total"),
        (
            "gacc_commodities",
            {"quantity": "5", "quantity_unit": "tonne"},
            "quantity_unit",
            "tonnes",
        ),
        ("gacc_commodities", {"quantity": "5", "quantity_unit": ""}, "quantity_unit", "write the"),
        (
            "gacc_commodities",
            {"value": "5", "value_unit": "euro", "scale": "1"},
            "value_unit",
            "from the list",
        ),
        ("gacc_petroleum", {"quantity": "many", "unit": "t"}, "quantity", "write the number alone"),
        ("gacc_petroleum", {"period_start": "2024-09-02"}, "period_start", "write the day"),
        ("gacc_petroleum", {"period_end": "2024-09-29"}, "period_end", "write the day"),
        ("gacc_petroleum", {"period_end": "2023-12-31"}, "period_end", "swap the dates"),
        (
            "petroleum_reported_deliveries",
            {"barrels_as_reported": "1e5"},
            "barrels_as_reported",
            "exponent",
        ),
        ("petroleum_reported_deliveries", {"unit": "bbl"}, "unit", "from the list"),
    ],
)
def test_a_bad_cell_is_named(paths, name, cells, column, advice):
    base = {"note": "a new row"}
    if name == "gacc_petroleum":
        base |= {"period_start": "2024-09-01", "period_end": "2024-09-30"}
    line = add_row(paths, name, **{**base, **cells})
    error = error_of(paths, name)
    assert (error.file, error.row, error.column) == (f"data/raw/{name}.csv", line, column)
    assert advice in error.action
    for part in (error.file, f"line {line}", repr(column), error.action):
        assert part in str(error)


def test_all_bad_cells_are_reported_together(paths):
    line = add_row(paths, TOTALS, period="2026", flow="in", value="x", unit="EUR", yoy_pct="y")
    error = error_of(paths)
    assert isinstance(error, InputErrors)
    assert {(e.row, e.column) for e in error.errors} == {
        (line, column) for column in ("flow", "value", "unit", "yoy_pct")
    }


def test_a_missing_column(paths):
    file = paths.raw / "gacc_totals.csv"
    file.write_text(
        file.read_text(encoding="utf-8").replace("yoy_pct", "growth", 1), encoding="utf-8"
    )
    error = error_of(paths)
    assert (error.row, error.column) == (1, "yoy_pct")
    assert "restore its name" in error.action


def test_a_duplicate_row(paths):
    file = paths.raw / "gacc_totals.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + text.splitlines()[4] + "\n", encoding="utf-8")
    error = error_of(paths)
    assert error.row == len(text.splitlines()) + 1
    assert "repeats line 5" in error.expected
    assert error.action.startswith("delete line")


def test_a_wrong_encoding(paths):
    file = paths.raw / "gacc_totals.csv"
    file.write_bytes(file.read_text(encoding="utf-8").encode("gb18030", "replace"))
    error = error_of(paths)
    assert (error.file, error.row, error.column) == ("data/raw/gacc_totals.csv", 2, "source_title")
    assert "save the file as UTF-8" in error.action


def test_an_empty_table(paths):
    file = paths.raw / "gacc_totals.csv"
    file.write_text(file.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert "git checkout -- data/raw/gacc_totals.csv" in error_of(paths).action
    file.write_text("", encoding="utf-8")
    assert error_of(paths).found == "an empty file"


def test_a_row_without_a_label(paths):
    labels = paths.labels.read_text(encoding="utf-8").splitlines()
    paths.labels.write_text("\n".join([labels[0], *labels[2:]]) + "\n", encoding="utf-8")
    error = error_of(paths)
    assert (error.file, error.row) == ("data/raw/gacc_totals.csv", 2)
    assert "add this line to data/raw/row_labels.csv" in error.action


def test_every_labelled_table_is_typed():
    assert set(TYPED) == set(SUBJECT) == set(READERS)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("gacc_totals", TOTALS_OBSERVATIONS),
        ("gacc_commodities", COMMODITY_OBSERVATIONS),
        ("gacc_petroleum", PETROLEUM_OBSERVATIONS),
        ("petroleum_reported_deliveries", DELIVERY_OBSERVATIONS),
    ],
)
def test_a_frame_of_the_wrong_shape_is_refused_with_all_that_is_wrong(frames, name, schema):
    frame = frames[name]
    wrong = frame.assign(basis="hearsay", release="never").drop(columns="note")
    with pytest.raises(InputError) as caught:
        checked(wrong, schema)
    for part in ("basis", "release", "note", "widen the rule"):
        assert part in str(caught.value)


def test_an_interval_upside_down_is_refused(frames):
    frame = frames[TOTALS]
    with pytest.raises(InputError, match="lower <= upper"):
        checked(frame.assign(lower=frame["upper"] + 1), TOTALS_OBSERVATIONS)
