"""Rows behind findings: as printed, with their place, and no other rows than those asked for."""

import csv

import pandas as pd
import pytest

from analysis.claims import source_rows
from analysis.finding_rows import TOLD, printed_rows, totals_lines
from analysis.paths import project_paths
from analysis.sources.observations import totals_observations
from analysis.sources.petroleum_estimates import illicit_estimates
from analysis.sources.petroleum_rules import petroleum_rules
from analysis.sources.tables import read_table
from analysis.sources.votes import read_votes


@pytest.fixture(scope="module")
def paths():
    return project_paths()


@pytest.fixture
def processed(paths, tmp_path):
    """A root whose notebook 01 has used every second row on totals."""
    totals = totals_observations(paths)
    totals["set_aside"] = pd.Series("left", index=totals.index).where(totals.index % 2 == 0)
    root = project_paths(tmp_path)
    root.processed.mkdir(parents=True)
    dates = {end: totals[end].dt.to_timestamp() for end in ("first", "last")}
    totals.assign(**dates).to_parquet(root.processed / "observations_gacc_totals.parquet")
    return root, totals[totals["set_aside"].isna()].set_index("line")


@pytest.mark.parametrize("table", sorted(TOLD))
def test_every_row_of_a_table_can_be_told(paths, table):
    raw = read_table(paths, table)
    told = printed_rows(paths, **{table: raw.index})
    assert told["line"].tolist() == list(raw.index)
    assert (told["printed"].str.len() > 0).mean() > 0.95
    # What is told is found in the file, on the line that is named.
    lines = (paths.raw / f"{table}.csv").read_text(encoding="utf-8-sig").splitlines()
    row = told.iloc[-1]
    assert str(row["publisher"]) in next(csv.reader([lines[row["line"] - 1]])) or table == "claims"


def test_rows_are_as_printed_and_in_the_order_of_the_file(paths):
    rows = printed_rows(paths, gacc_totals=[14, 12, 14], brent_monthly=[2])
    assert list(zip(rows["table"], rows["line"], strict=True)) == [
        ("gacc_totals", 12),
        ("gacc_totals", 14),
        ("brent_monthly", 2),
    ]
    raw = read_table(paths, "gacc_totals").loc[12]
    assert rows["printed"][0].startswith(f"{raw['value']} ")
    assert rows["period"][0] == raw["period"]
    assert source_rows(rows).splitlines()[0].startswith("table,line,period,subject,printed")


def test_a_line_that_is_not_there_is_refused(paths):
    with pytest.raises(KeyError):
        printed_rows(paths, gacc_totals=[1])


@pytest.mark.parametrize("flow", ["import", "export", "total"])
def test_the_totals_of_a_window_are_those_used_that_touch_it(processed, flow):
    paths, used = processed
    found = used.loc[totals_lines(paths, ("2017-03", "2017-05"), flow=flow)]
    assert (
        set(found["flow"])
        == {
            "import": {"import", "total"},
            "export": {"export", "total"},
            "total": {"import", "export", "total"},
        }[flow]
    )
    assert (found["first"] <= pd.Period("2017-05", "M")).all()
    assert (found["last"] >= pd.Period("2017-03", "M")).all()
    left = used.drop(found.index)
    left = left[left["flow"].isin(set(found["flow"]))]
    assert not ((left["first"] <= "2017-05") & (left["last"] >= "2017-03")).any()


def test_whole_leaves_out_what_reaches_beyond_the_window(processed):
    paths, used = processed
    found = used.loc[totals_lines(paths, ("2017-01", "2017-06"), whole=True)]
    assert len(found)
    assert (found["first"] >= pd.Period("2017-01", "M")).all()
    assert (found["last"] <= pd.Period("2017-06", "M")).all()


def test_typed_rows_know_their_line(paths):
    for typed, table, column in (
        (petroleum_rules(paths), "petroleum_caps", "rule_id"),
        (illicit_estimates(paths), "petroleum_illicit_estimates", "metric"),
    ):
        raw = read_table(paths, table)
        assert typed[column].tolist() == raw.loc[typed["line"], column].tolist()
    for vote in read_votes(paths).itertuples():
        row = read_table(paths, vote.table).loc[vote.line]
        assert vote.subject in (row.get("resolution"), row.get("event"))
