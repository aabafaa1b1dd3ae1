"""The whole, from the raw tables to the pages, in a root of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from analysis import load_trade
from analysis.paths import ROOT_VARIABLE
from analysis.publish import CSV_DECIMALS, FORMATS
from notebook_build.config import read_project
from notebook_build.fingerprint import input_files
from notebook_build.graph import dependencies, with_ancestors
from notebook_build.notebook import read_notebooks

PROJECT = Path(__file__).parents[2]
PAGES = ("01_clean_gacc_trade", "02_trade_decline", "04_petroleum_cap")
#: Cheaper settings of notebook 01: no search for near-equal rejections, and few draws.
CHEAPER = {"robust: bool = True": "robust: bool = False", "draws: int = 200": "draws: int = 3"}
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
    for folder in ("data/raw", "src", "bench/validation"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=no_bytecode)
    for file in ("pyproject.toml", "requirements.lock"):
        shutil.copy2(PROJECT / file, root / file)
    (root / "notebooks").mkdir()
    for page in PAGES:
        text = (PROJECT / "notebooks" / f"{page}.ipynb").read_text(encoding="utf-8")
        if page == PAGES[0]:
            for full, cheaper in CHEAPER.items():
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


def test_csv_and_parquet_say_the_same(root):
    processed = root / "data" / "processed"
    table = pd.read_csv(processed / "trade_monthly.csv")
    parquet = pd.read_parquet(processed / "trade_monthly.parquet")
    parquet["month"] = parquet["month"].astype(str)
    pd.testing.assert_frame_equal(table, parquet, check_dtype=False, rtol=0, atol=10**-CSV_DECIMALS)


def test_rows_read_are_rows_used_and_rows_set_aside(root):
    processed = root / "data" / "processed"
    account = pd.read_csv(processed / "row_account.csv")
    assert (account["rows_read"] == account["rows_used"] + account["rows_set_aside"]).all()
    aside = pd.read_csv(processed / "set_aside.csv")
    assert aside["reason"].str.len().gt(0).all()
    assert len(aside) == account["rows_set_aside"].sum()


def test_pages_name_no_place_and_no_machine(root):
    for page in PAGES:
        text = (root / "reports" / f"{page}.html").read_text(encoding="utf-8")
        assert str(root) not in text
        assert str(Path.home()) + "/" not in text
        assert "HiGHS" not in text


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


def loaded_modules(root: Path, page: str) -> set[str]:
    record = json.loads((root / "reports/.state" / f"{page}.json").read_text(encoding="utf-8"))
    return set(record["execution"]["modules"])


def would_run(root: Path) -> set[str]:
    told = run(root, "explain").stdout.splitlines()
    return {line.split(":")[0] for line in told if line.endswith(": would run")}


def test_each_module_makes_exactly_the_pages_stale_that_need_it(root):
    """Those whose kernel loaded it, and those that wait for one of these."""
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


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith("01")])
def test_a_notebook_runs_with_all_that_it_does_not_declare_hidden(root, page, tmp_path):
    """Notebook 01 declares the raw tables as a whole; it is built so in the root of this file."""
    notebook = read_notebooks(root / "notebooks")[page]
    project = read_project(root)
    files = [*input_files(project, notebook), f"notebooks/{page}.ipynb"]
    files += ["pyproject.toml", "requirements.lock"]
    shutil.copytree(root / "src", tmp_path / "src")
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / file, tmp_path / file)
    alone = run(tmp_path, "page", page)
    assert alone.returncode == 0, alone.stdout + alone.stderr
    page_file = f"reports/{page}.html"
    assert (tmp_path / page_file).read_bytes() == (root / page_file).read_bytes()
