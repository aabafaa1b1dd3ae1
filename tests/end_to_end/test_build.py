"""The whole, from the raw tables to the pages, in a root of its own."""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frictionless import Package
from gacc_export_files import BANS_OF_2017, PRODUCTS, many_products, truth_panel, write_export
from mutation import altered, run_cells

from analysis import load_trade
from analysis.paths import ROOT_VARIABLE, project_paths
from analysis.publish import CSV_DECIMALS, FORMATS
from analysis.snapshot import ACCEPT, changed, snapshot
from notebook_build.__main__ import main
from notebook_build.config import read_project
from notebook_build.graph import dependencies, with_ancestors
from notebook_build.notebook import read_notebooks

PROJECT = Path(__file__).parents[2]
PAGES = tuple(sorted(path.stem for path in (PROJECT / "notebooks").glob("*.ipynb")))
#: Cheaper: few specifications. No claim rests on them, so the ledger is that of a full build.
CHEAPER = {"02_trade_decline": {'thin <= 100\\"] = 1': 'thin <= 100\\"] = 40'}}
TABLE = "gacc_totals.csv"


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notebook_build", "--root", str(root), *arguments],
        env={**os.environ, ROOT_VARIABLE: str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def hashes(root: Path) -> dict[str, str]:
    """Every table and page that readers use."""
    files = [*root.glob("data/processed/*.*"), *root.glob("reports/*.html")]
    files += root.glob("reports/data/*.csv")
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file() and file.name != ".gitkeep"
    }


def edit_by_hand(root: Path) -> None:
    table = root / "data" / "raw" / TABLE
    content = table.read_bytes()
    assert b"268" in content
    table.write_bytes(content.replace(b"268", b"269", 1))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built root: raw tables, notebooks, code, validation and settings of the project."""
    root = tmp_path_factory.mktemp("project")
    no_bytecode = shutil.ignore_patterns("__pycache__", "*.egg-info", ".ipynb_checkpoints")
    for folder in ("src", "bench/validation"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=no_bytecode)
    # A developer's own downloads stay out: all that is tested rests on the embedded tables.
    own_downloads = shutil.ignore_patterns("gacc_export", "comtrade")
    shutil.copytree(PROJECT / "data/raw", root / "data/raw", ignore=own_downloads)
    shutil.copytree(PROJECT / "docs", root / "docs")
    for file in ("pyproject.toml", "requirements.lock", "README.md", "CITATION.cff"):
        shutil.copy2(PROJECT / file, root / file)
    shutil.copy2(PROJECT / "ro-crate-metadata.json", root)
    (root / "notebooks").mkdir()
    for page in PAGES:
        text = (PROJECT / "notebooks" / f"{page}.ipynb").read_text(encoding="utf-8")
        for full, cheaper in CHEAPER.get(page, {}).items():
            assert text.count(full) == 1
            text = text.replace(full, cheaper)
        (root / "notebooks" / f"{page}.ipynb").write_text(text, encoding="utf-8")
    built = run(root, "all")
    assert built.returncode == 0, built.stdout + built.stderr
    return root


def test_all_pages_and_tables_stand(root):
    built = hashes(root)
    assert {f"reports/{page}.html" for page in (*PAGES, "index")} <= set(built)
    expected = {f"data/processed/{name}.{e}" for name, ends in FORMATS.items() for e in ends}
    assert expected <= set(built)


def test_the_series_loads_in_two_lines(root):
    trade = load_trade(str(root))
    first, last = trade["month"].min(), trade["month"].max()
    assert first == pd.Period("2012-01", "M")
    months = (last - first).n + 1
    assert len(trade) == months * 3 * 2
    assert trade["usd_mn"].isna().equals(trade["upper_usd_mn"].eq(float("inf")))


def test_the_committed_results_are_those_of_the_build(root):
    files = snapshot(project_paths(root))
    # What the thinned specifications print stands in these; `make check-snapshot` holds them.
    shown = {path: files.pop(path) for path in ("README.md", "docs/results/exhibits.json")}
    assert changed(project_paths(root), files) == []
    built, committed = (
        {
            (page, one["text"])
            for page, exhibits in json.loads(text).items()
            for one in exhibits
            if one["kind"] == "finding"
        }
        for text in (
            shown["docs/results/exhibits.json"],
            (PROJECT / "docs/results/exhibits.json").read_text(encoding="utf-8"),
        )
    )
    assert built == committed, ACCEPT


#: Pages on which figures that others printed are compared.
COMPARING = ("02_trade_decline", "03_banned_goods", "04_petroleum_cap", "05_easing")


@pytest.mark.parametrize("page", COMPARING)
def test_every_printed_figure_that_is_altered_stops_the_build(root, page, monkeypatch):
    """Each is altered in turn, in its cell, after the cells before it have run."""
    monkeypatch.chdir(root)
    monkeypatch.setenv(ROOT_VARIABLE, str(root))
    monkeypatch.setenv("MPLBACKEND", "agg")
    tried = 0
    for source, tags, names in run_cells(root / "notebooks" / f"{page}.ipynb"):
        if "check" not in tags:
            continue
        for what, text in altered(source):
            tried += 1
            with pytest.raises((AssertionError, ValueError, KeyError)):
                exec(compile(text, what, "exec"), dict(names))
    assert tried


def test_csv_and_parquet_say_the_same(root):
    processed = root / "data" / "processed"
    table = pd.read_csv(processed / "trade_monthly.csv")
    parquet = pd.read_parquet(processed / "trade_monthly.parquet")
    parquet["month"] = parquet["month"].astype(str)
    pd.testing.assert_frame_equal(table, parquet, check_dtype=False, rtol=0, atol=10**-CSV_DECIMALS)


def test_the_data_package_describes_every_table_as_it_was_built(root):
    package = Package(str(root / "data/processed/datapackage.json"))
    written = {f"{name}.{ending}" for name, endings in FORMATS.items() for ending in endings}
    assert {resource.path for resource in package.resources} == written
    report = package.validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])[:5]


def test_rows_read_are_rows_used_and_rows_set_aside(root):
    processed = root / "data" / "processed"
    account = pd.read_csv(processed / "row_account.csv")
    assert (account["rows_read"] == account["rows_used"] + account["rows_set_aside"]).all()
    aside = pd.read_csv(processed / "set_aside.csv")
    assert aside["reason"].str.len().gt(0).all()
    assert len(aside) == account["rows_set_aside"].sum()


#: Notebook 02 alone would run its specifications anew; `python bench/undeclared.py` runs all.
QUICK = ("03_banned_goods", "05_easing", "06_claims")


@pytest.mark.parametrize("page", QUICK)
def test_a_notebook_runs_where_only_what_it_declares_can_be_seen(root, page, capsys):
    bench = runpy.run_path(str(PROJECT / "bench" / "undeclared.py"))
    project = read_project(root)
    assert bench["runs_alone"](project, read_notebooks(project.notebook_folder)[page])
    assert "page the same" in capsys.readouterr().out


def test_pages_name_no_place_and_no_machine(root):
    for page in PAGES:
        text = (root / "reports" / f"{page}.html").read_text(encoding="utf-8")
        assert str(root) not in text
        assert str(Path.home()) + "/" not in text
        assert "HiGHS" not in text


def loaded_modules(root: Path, page: str) -> set[str]:
    record = json.loads((root / "reports/.state" / f"{page}.json").read_text(encoding="utf-8"))
    return set(record["execution"]["modules"])


def test_each_module_makes_exactly_the_pages_stale_that_need_it(root, capsys):
    """Those whose kernel loaded it, and those that wait for one of these."""

    def would_run(root: Path) -> set[str]:
        assert main(["explain", "--root", str(root)]) == 0
        told = capsys.readouterr().out.splitlines()
        return {line.split(":")[0] for line in told if line.endswith(": would run")}

    assert would_run(root) == set()
    loaded = {page: loaded_modules(root, page) for page in PAGES}
    graph = dependencies(read_notebooks(root / "notebooks"))
    for module in sorted((root / "src/analysis").rglob("*.py")):
        path = module.relative_to(root).as_posix()
        content = module.read_bytes()
        module.write_bytes(content + b"\n# changed\n")
        direct = {page for page in PAGES if path in loaded[page]}
        waiting = {page for page in PAGES if with_ancestors(page, graph) & direct}
        try:
            assert would_run(root) == waiting, path
        finally:
            module.write_bytes(content)
    assert would_run(root) == set()


def test_a_second_run_from_nothing_but_the_cache_gives_the_same_bytes(root):
    before = hashes(root)
    assert list((root / "data/processed/.cache").glob("rejection-*.json"))
    shutil.rmtree(root / "reports" / ".state")
    again = run(root, "page", PAGES[0])
    assert again.returncode == 0, again.stdout + again.stderr
    after = hashes(root)
    changed = [name for name in before if after.get(name) != before[name]]
    # The index tells of built pages alone, and only one is rebuilt here.
    assert [name for name in changed if name != "reports/index.html"] == []


def test_a_table_edited_by_hand_stops_the_build_and_costs_nothing(root):
    before = hashes(root)
    table = root / "data" / "raw" / TABLE
    content = table.read_bytes()
    edit_by_hand(root)
    try:
        stopped = run(root, "page", PAGES[1])
    finally:
        table.write_bytes(content)
    told = stopped.stdout + stopped.stderr
    assert stopped.returncode == 1
    assert f"data/raw/{TABLE}" in told
    assert hashes(root) == before


def test_the_build_says_how_to_accept_an_edited_table(root):
    table = root / "data" / "raw" / TABLE
    content = table.read_bytes()
    edit_by_hand(root)
    try:
        stopped = run(root, "page", PAGES[0])
    finally:
        table.write_bytes(content)
    assert "make accept-raw" in stopped.stdout + stopped.stderr


# The reader's own downloads


def product_panel_of_own() -> pd.DataFrame:
    """An invented panel with the bans of 2017 planted, for two partners."""
    lines = many_products(60, ["27", "61", "84", "90", "39", "73"])
    return truth_panel(
        2397,
        first_month="2014-01",
        last_month="2019-12",
        partners=("109", "133"),
        products=(*PRODUCTS, *lines),
        effects=BANS_OF_2017,
    )


@pytest.fixture(scope="module")
def own(root):
    """The root with exports of the real format in it, built; after the tests without them."""
    before = hashes(root) | {"claims": (root / "reports/claims.json").read_text(encoding="utf-8")}
    folder = root / "data" / "raw" / "gacc_export"
    truth = product_panel_of_own()
    files = write_export(truth, folder)
    # Few draws: what the designs find is tested elsewhere.
    page = root / "notebooks" / "03_banned_goods.ipynb"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        assert text.count("= 399") == 1
        page.write_text(text.replace("= 399", "= 19"), encoding="utf-8")
    built = run(root, "all")
    assert built.returncode == 0, built.stdout + built.stderr
    yield before, truth, files
    for file in (*files, folder / "sidecar.yml"):
        file.unlink(missing_ok=True)


def test_exports_in_the_folder_become_the_product_panel(root, own):
    _, truth, files = own
    panel = pd.read_parquet(root / "data" / "processed" / "product_panel.parquet")
    assert len(panel) == len(truth) and panel["value_usd"].sum() == truth["value_usd"].sum()
    account = pd.read_csv(root / "data" / "processed" / "own_files.csv")
    assert len(account) == len(files)
    assert (account["rows_read"] == account["rows_used"] + account["rows_set_aside"]).all()
    verdicts = pd.read_csv(root / "data" / "processed" / "own_reconciliation.csv")
    assert len(verdicts) == 2 * 72 and verdicts["verdict"].notna().all()


def test_the_pages_say_that_they_hold_own_data(root, own):
    text = (root / "reports" / f"{PAGES[0]}.html").read_text(encoding="utf-8")
    assert "This build also holds your own data" in text
    page = root / "reports" / "03_banned_goods.html"
    if page.exists():
        told = page.read_text(encoding="utf-8")
        assert "This part rests on a panel of your own" in told
        assert "These estimates need a panel" not in told
    for name in ("02_trade_decline", "05_easing"):
        told = (root / "reports" / f"{name}.html").read_text(encoding="utf-8")
        assert "On your own totals." in told
        assert "query export of partner 109, North Korea" in told


def recovered(root: Path, page: str) -> dict[str, dict]:
    text = (root / "reports/findings" / f"{page}.json").read_text(encoding="utf-8")
    return {one["id"]: one for one in json.loads(text) if one["id"].startswith("panel-")}


#: Groups of goods in which `BANS_OF_2017` plants one log effect in every line.
PLANTED = {"seafood": -3.0, "iron-and-iron-ore": -2.5, "lead-and-lead-ore": -2.0, "food": -1.5,
           "machinery": -2.0, "stone-and-earth": -1.2, "wood": -1.0}  # fmt: skip


def test_the_designs_on_the_page_recover_what_was_planted_in_the_files(root, own):
    found = recovered(root, "03_banned_goods")
    held = []
    for group, effect in PLANTED.items():
        one = found[f"panel-{group}"]
        truth = 100 * (np.exp(effect) - 1)
        assert one["value"] == pytest.approx(truth, abs=8), group
        held.append(one["lower"] <= truth <= one["upper"])
    # Nineteen placebo groups behind each interval, one or two products in most groups.
    assert np.mean(held) >= 0.7, held
    # Copper and gold are on the lists, and nothing was planted in them.
    for group in ("copper-nickel-silver-zinc", "gold-titanium-vanadium-rare-earths"):
        assert found[f"panel-{group}"]["lower"] < 0 < found[f"panel-{group}"]["upper"]


#: Pages that run on the downloads of another country; the others rest on North Korea's figures.
ON_ANOTHER = ("01_clean_gacc_trade", "02_trade_decline", "03_banned_goods", "05_easing")


@pytest.mark.parametrize("page", ON_ANOTHER)
def test_the_same_export_of_another_country_runs_the_page_as_a_placebo(root, own, page):
    """South Korea's goods of the same files: told as its own, and nothing of North Korea's."""
    _, truth, _ = own
    built = run(root, "run", page, "partner=133")
    assert built.returncode == 0, built.stdout + built.stderr
    name = f"{page}--partner-133"
    told = (root / "reports" / f"{name}.html").read_text(encoding="utf-8")
    assert "A placebo on your own data" in told and "South Korea" in told
    assert "query export" in told and "partner 133" in told
    findings = json.loads((root / f"reports/findings/{name}.json").read_text(encoding="utf-8"))
    said = [one["sentence"] for one in findings]
    assert (len(said) > 0) == (page != PAGES[0])
    assert all("South Korea" in one and "North Korea" not in one for one in said)
    if "03" in page:
        held = [one["lower"] <= 0 <= one["upper"] for one in recovered(root, name).values()]
        assert len(held) >= 8 and np.mean(held) >= 0.8
    # No sentence of the page about North Korea, and no number in it, is left.
    default = (root / f"reports/findings/{page}.json").read_text(encoding="utf-8")
    published = [
        one["sentence"]
        for one in json.loads(default)
        if not one["id"].startswith(("own-", "panel-"))
    ]
    assert published and not any(sentence in told for sentence in published)
    for csv in (root / "reports/data").glob(f"{name}-own_*.csv"):
        own_months = pd.read_csv(csv)
        column = "recorded" if "recorded" in own_months else "import"
        # A table of one column a flow holds imports as such; others name the flow in each row.
        if "flow" in own_months:
            own_months = own_months[own_months["flow"] == "import"]
        imports = own_months.set_index("month")
        sums = truth[(truth["partner"] == "133") & (truth["flow"] == "import")]
        expected = sums.groupby(sums["month"].astype(str))["value_usd"].sum() / 1e6
        assert imports[column].to_numpy() == pytest.approx(expected.to_numpy(), abs=0.006)


def test_the_series_of_the_embedded_figures_is_the_same_with_own_data(root, own):
    before, _, _ = own
    after = hashes(root)
    series = [name for name in before if name.startswith("data/processed/")]
    assert series and [name for name in series if after[name] != before[name]] == []
    # Nor does any verdict on a claim move.
    assert (root / "reports/claims.json").read_text(encoding="utf-8") == before["claims"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("import_201801.csv", b'"Commodity code","Trading partner code","US dollar",\n"27'),
        ("export_201801.csv", b"<html><body>502</body></html>"),
        ("import_201802.csv", "商品编码,美元\n".encode("utf-16")),
    ],
    ids=["truncated", "foreign", "mis-encoded"],
)
def test_a_spoiled_download_stops_the_build_and_costs_nothing(root, own, name, content):
    before = hashes(root)
    spoiled = root / "data" / "raw" / "gacc_export" / "new" / name
    spoiled.parent.mkdir(exist_ok=True)
    spoiled.write_bytes(content)
    try:
        stopped = run(root, "all")
    finally:
        spoiled.unlink()
    assert stopped.returncode == 1
    assert f"new/{name}" in stopped.stdout + stopped.stderr
    # The index calls runs on these files old while the spoiled one lies among them, as they then
    # are; no page or table moves, and without it a build finds all as it was.
    index = "reports/index.html"
    assert hashes(root) | {index: before[index]} == before
    assert run(root, "all").returncode == 0
    assert hashes(root) == before
