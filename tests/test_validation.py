"""The committed validation speaks of this code and these tables, and says what it must."""

import re
import subprocess
import sys

import pandas as pd
import pytest

from analysis.cleaning.conflicts import ROBUST_TOLERANCE
from analysis.cleaning.simulation import score_history
from analysis.cleaning.trade_statements import trade_system
from analysis.cleaning.withheld import releases, withhold
from analysis.models.coverage import ACCEPTED, LEAST_SERIES, engines, headline_engines
from analysis.paths import project_paths
from analysis.publish import TOTALS, cached_rejection, exchange_rates, read_evidence
from analysis.validation import PARTS, validation_key

PATHS = project_paths()


@pytest.fixture(scope="module")
def totals() -> pd.DataFrame:
    return read_evidence(PATHS).used[TOTALS]


@pytest.fixture(scope="module")
def rates(totals) -> pd.DataFrame:
    return exchange_rates(totals).table.set_index("month")


COMMITTED = sorted(file.stem for file in PATHS.validation.glob("*.key"))


@pytest.mark.parametrize("part", COMMITTED)
def test_the_committed_validation_is_of_this_code(part):
    assert part in PARTS
    key = (PATHS.validation / f"{part}.key").read_text().strip()
    assert key == validation_key(PATHS, part), "run `make validate` and commit bench/validation/"


def test_every_part_has_a_key_and_a_way_to_run_it():
    """The script names its parts to whoever misspells one, and changes nothing."""
    command = [sys.executable, PATHS.root / "bench/validate.py", "withhold"]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 1
    known = re.search(r"expected parts of (.*); found withhold", told.stderr)
    assert set(known[1].split(", ")) == set(PARTS)


def test_withheld_figures_are_bracketed_and_the_summary_adds_up():
    withheld = pd.read_csv(PATHS.validation / "withheld.csv")
    scored = withheld[withheld["scored"]]
    summary = pd.read_csv(PATHS.validation / "summary.csv").set_index("measure")
    assert summary.loc["withheld figures bracketed", "count"] == scored["overlaps"].sum()
    assert summary.loc["withheld figures bracketed", "of"] == len(scored) >= 500
    assert scored["overlaps"].mean() >= 0.95


def test_the_committed_coverage_decides_by_its_rule():
    table = pd.read_csv(PATHS.validation / "coverage.csv")
    assert (table["kept"] == table["coverage"].between(*ACCEPTED)).all()
    assert (table["coverage"] + table["truth_below"] + table["truth_above"]).sub(
        1
    ).abs().max() < 1e-3
    pooled = table[table["process"] == "all"].set_index(["engine", "horizon"])
    assert (pooled["series"] + pooled["failed"] >= LEAST_SERIES).all()
    assert set(table["engine"]) == {engine.name for engine in engines()}
    for engine in headline_engines(table):
        assert pooled.loc[engine, "coverage"].between(*ACCEPTED).all()
    power = pd.read_csv(PATHS.validation / "power.csv")
    keys = ["engine", "process", "horizon", "series"]
    assert power[keys].equals(table[keys])


def test_the_tests_of_easing_keep_their_word_in_simulated_histories():
    """Binomial error of 1,000 histories: 0.7 points at 5 per cent, 0.9 at 90."""
    scored = pd.read_csv(PATHS.validation / "easing.csv")
    scored["share"] = scored["count"] / scored["of"]
    assert (scored["of"] == 1_000).all()
    quiet = scored[scored["truth"] == 0]
    # The noise is learnt from two years: its correlation is not known well enough for exactly 5.
    calibrated = quiet[quiet["measure"].str.endswith("calibrated")]
    assert calibrated["share"].between(0.02, 0.09).all()
    assert quiet[quiet["kind"] == "monitor"]["share"].between(0.03, 0.12).all()
    published = quiet[(quiet["before"] == 4) & quiet["measure"].str.endswith("subsampled")]
    assert published["share"].max() > 0.3, "the reason for calibrating is gone: say so on the page"
    changed = scored[(scored["kind"] == "monitor") & (scored["truth"] > 0)]
    assert (changed["share"] > 0.8).all()
    intervals = scored[scored["measure"].str.startswith("interval")]
    assert intervals["share"].between(0.85, 0.95).all()


def level_of(totals) -> dict[tuple[str, int], float]:
    """USD 100 million a month: the periods and digits are the real ones, the level need not be."""
    months = range(pd.Period("2011-01", "M").ordinal, totals["last"].max().ordinal + 1)
    return {(flow, month): 100.0 for flow in ("export", "import") for month in months}


def test_without_misprints_nothing_is_blamed_and_the_truth_is_inside(totals, rates):
    score = score_history(
        totals, rates, level_of(totals), seed=3, planted_rate=0.0, surprises=False
    )
    assert score.planted == score.blamed == 0
    assert score.months_inside == score.months >= 300


def test_planted_misprints_are_found_and_few_sound_figures_fall(totals, rates):
    score = score_history(totals, rates, level_of(totals), seed=5, surprises=False)
    assert score.planted >= 15
    assert score.found >= 0.6 * score.planted
    assert score.blamed <= 0.02 * score.sound


def test_a_withheld_month_is_bracketed_by_the_figures_around_it(totals, rates):
    """August 2018 exports, 200.7, follow from the month's total less its imports."""
    system = trade_system(totals, rates)
    frame = rates.reset_index(names="month")
    rejection = cached_rejection(PATHS, totals, frame)
    release = next(
        group
        for group in releases(system)
        if system.statements[group[0]].id.startswith("level 2018-08 export")
    )
    for scored in withhold(system, rejection, release, tolerance=ROBUST_TOLERANCE):
        assert scored.scored and scored.overlaps
        assert scored.rebuilt_upper - scored.rebuilt_lower < 1.0
