"""Own downloads become a panel and totals, and are set against the published figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from bulletin_files import bulletin_table, write_bulletin
from comtrade_server import ComtradeServer, records_of, redirected
from gacc_export_files import YUAN, Style, truth_panel, write_export, yuan_per_dollar
from malformed_exports import CASES

from analysis import own_data
from analysis.cleaning.product_totals import AGREES, CORRECTED, DIFFERS, NO_FIGURE, reconcile
from analysis.fetch import fetch
from analysis.own_data import own_section, read_own_data, write_own
from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources import gacc_export

SEED = 2397
MONTHS = pd.period_range("2017-01", "2017-06", freq="M")
TRUTH = truth_panel(
    SEED, first_month="2017-01", last_month="2017-06", partners=("109", "133"), flows=("import",)
)
RATES = pd.DataFrame({"month": MONTHS, "cny_per_usd": [yuan_per_dollar(m) for m in MONTHS]})


@pytest.fixture
def paths(tmp_path) -> Paths:
    root = Paths(tmp_path)
    for folder in (root.gacc_export, root.comtrade, root.processed):
        folder.mkdir(parents=True)
        if folder != root.processed:
            (folder / "README.md").write_text("kept in git")
    return root


def true_totals(partner: str = "109") -> pd.Series:
    own = TRUTH[TRUTH["partner"] == partner]
    return own.groupby("month")["value_usd"].sum() / 1e6


def totals_of(own, source: str, partner: int = 109) -> pd.Series:
    chosen = own.totals[(own.totals["source"] == source) & (own.totals["partner"] == partner)]
    return chosen.set_index("month")["usd_mn"].sort_index()


def monthly(lower, upper, corrected=None) -> pd.DataFrame:
    """Published bounds of imports, as far as `reconcile` reads them."""
    rows = []
    for vintage, scale in (("first_release", 1.0), ("corrected", corrected or 1.0)):
        for month, value in true_totals().items():
            rows.append((month, "import", vintage, scale * lower * value, scale * upper * value))
    columns = ["month", "flow", "vintage", "lower_robust_usd_mn", "upper_robust_usd_mn"]
    return pd.DataFrame(rows, columns=columns)


def test_without_downloads_nothing_changes(paths):
    assert read_own_data(paths, RATES) is None
    (paths.processed / "product_panel.parquet").write_bytes(b"of an earlier build")
    assert write_own(paths, None, monthly(1, 1)) == []
    assert list(paths.processed.iterdir()) == []
    (told,) = own_section(None, monthly(1, 1))
    assert "embedded figures alone" in told.text


def test_all_three_sources_give_their_totals_side_by_side(paths):
    write_export(TRUTH, paths.gacc_export, Style(months_per_file=6))
    (paths.gacc_export / "bulletin").mkdir()
    bulletin = bulletin_table(SEED, "2017-03", "usd")
    write_bulletin(bulletin, paths.gacc_export / "bulletin" / "march.xls")
    with ComtradeServer(records_of(TRUTH)) as server, redirected(server):
        fetch(paths.comtrade, 109, MONTHS, server.key, sleep=[].append, quiet=True)
    own = read_own_data(paths, RATES)
    for source in ("gacc_export", "comtrade"):
        found = totals_of(own, source)
        assert found.to_numpy() == pytest.approx(true_totals().to_numpy(), abs=1e-6)
    printed = bulletin.table.set_index("partner").loc["109", "import_month"]
    march = own.totals.set_index(["source", "partner", "flow", "month"])["usd_mn"]
    key = ("gacc_bulletin", 109, "import", pd.Period("2017-03", "M"))
    assert march[key] == pytest.approx(printed / 1000)
    assert set(own.panel["source"]) == {"gacc_export", "comtrade"}
    account = own.files
    assert (account["rows_read"] == account["rows_used"] + account["rows_set_aside"]).all()
    assert account.groupby("source")["rows_set_aside"].sum().to_dict() == (
        own.set_aside["source"]
        .value_counts()
        .reindex(sorted(own_data.CALLED), fill_value=0)
        .to_dict()
    )


def test_what_is_written_is_the_panel_and_the_totals(paths):
    write_export(TRUTH, paths.gacc_export, Style(months_per_file=6))
    own = read_own_data(paths, RATES)
    written = write_own(paths, own, monthly(1, 1))
    assert {name.partition(".")[0] for name in written} == set(own_data.FORMATS)
    panel = pd.read_parquet(paths.processed / "product_panel.parquet")
    assert len(panel) == len(TRUTH) and panel["value_usd"].sum() == TRUTH["value_usd"].sum()
    files = pd.read_csv(paths.processed / "own_files.csv")
    assert files["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    before = {name: (paths.processed / name).read_bytes() for name in written}
    write_own(paths, read_own_data(paths, RATES), monthly(1, 1))
    assert {name: (paths.processed / name).read_bytes() for name in written} == before


def test_yuan_months_without_a_rate_are_set_aside_and_counted(paths):
    write_export(TRUTH, paths.gacc_export, YUAN)
    own = read_own_data(paths, RATES.head(5))
    assert totals_of(own, "gacc_export").index.max() == MONTHS[4]
    june = (TRUTH["month"] == MONTHS[5]).sum()
    assert own.files["rows_set_aside"].sum() == june == len(own.set_aside)
    assert (own.files["rows_read"] == own.files["rows_used"] + own.files["rows_set_aside"]).all()


def test_an_unchanged_export_is_not_read_again(paths, monkeypatch):
    write_export(TRUTH, paths.gacc_export, Style(naming="sidecar"))
    first = read_own_data(paths, RATES)
    calls = []
    stream = gacc_export.stream_export
    monkeypatch.setattr(
        gacc_export, "stream_export", lambda *given: calls.append(given) or stream(*given)
    )
    pd.testing.assert_frame_equal(read_own_data(paths, RATES).panel, first.panel)
    assert calls == []
    sidecar = paths.gacc_export / "sidecar.yml"
    sidecar.write_text(sidecar.read_text().replace("flow: import", "flow: export", 1))
    read_own_data(paths, RATES)
    assert len(calls) == 1


def test_a_file_that_cannot_be_used_leaves_what_was_built(paths):
    write_export(TRUTH, paths.gacc_export, Style(months_per_file=6))
    read_own_data(paths, RATES)
    stored = own_data.stored_folder(paths)
    before = {path: path.read_bytes() for path in stored.rglob("*.parquet")}
    case = next(case for case in CASES if case.name == "cut_inside_a_cell")
    case.write(paths.gacc_export / "new")
    with pytest.raises(InputError, match=f"new/{case.file}"):
        read_own_data(paths, RATES)
    assert before and {path: path.read_bytes() for path in before} == before
    shutil.rmtree(paths.gacc_export)
    assert read_own_data(paths, RATES) is None
    assert not stored.exists()


@pytest.mark.parametrize(
    ("lower", "upper", "corrected", "verdict"),
    [
        (0.9, 1.1, None, AGREES),
        (1.0, 1.0, None, AGREES),
        (1.2, 1.25, 0.8, CORRECTED),
        (1.2, 1.3, None, DIFFERS),
    ],
)
def test_totals_are_judged_by_the_published_bounds(paths, lower, upper, corrected, verdict):
    write_export(TRUTH, paths.gacc_export, Style(months_per_file=6))
    own = read_own_data(paths, RATES)
    table = reconcile(own.totals, monthly(lower, upper, corrected))
    assert table["verdict"].eq(verdict).all() and len(table) == len(MONTHS)
    assert set(table["partner"]) == {109}
    gap = 100 * (1 - 1 / lower) if verdict == DIFFERS else 0.0
    assert table["gap_pct"].to_numpy() == pytest.approx(gap, abs=0.01)
    unpublished = reconcile(own.totals, monthly(1, 1).head(0))
    assert unpublished["verdict"].eq(NO_FIGURE).all()


def test_the_page_says_what_was_used_and_where_it_differs(paths):
    write_export(TRUTH, paths.gacc_export, Style(months_per_file=6))
    own = read_own_data(paths, RATES)
    shown = list(own_section(own, monthly(1.2, 1.3)))
    said = " ".join(getattr(part, "text", getattr(part, "sentence", "")) for part in shown)
    assert "query export" in said and "0 of 6 month-flows" in said


def test_files_without_north_korea_have_nothing_to_compare(paths):
    south = TRUTH[TRUTH["partner"] == "133"]
    write_export(south, paths.gacc_export, Style(months_per_file=6))
    shown = list(own_section(read_own_data(paths, RATES), monthly(1, 1)))
    assert "hold no total of North Korea" in shown[-1].text


def test_the_sidecar_format_is_the_one_of_the_readme(paths):
    text = Path(__file__).parents[2] / "data" / "raw" / "gacc_export" / "README.md"
    yaml_part = text.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (paths.gacc_export / "sidecar.yml").write_text(yaml_part)
    january = TRUTH[TRUTH["month"] == MONTHS[0]].assign(month=pd.Period("2018-01", "M"))
    for name, style in (("downloadData.csv", Style()), ("downloadData (1).csv", Style(
            date_column=True))):  # fmt: skip
        flow = "import" if name == "downloadData.csv" else "export"
        (written,) = write_export(january.assign(flow=flow), paths.root / "one", style)
        written.replace(paths.gacc_export / name)
    own = read_own_data(paths, RATES)
    assert set(own.panel["flow"]) == {"import", "export"}
    assert set(own.panel["month"].astype(str)) == {"2018-01"}
    assert json.loads(own.files["rows_read"].to_json(orient="values")) == [len(january)] * 2
