"""What docs/ says of choices in series, effects and goods is what the code and the runs give."""

from __future__ import annotations

import json
import math
import re

import pandas as pd
import pytest

from analysis.cleaning import trade_statements as statements
from analysis.cleaning.conflicts import ROBUST_TOLERANCE
from analysis.models import coverage
from analysis.models.specifications import FIRSTS, TRAIN_END, TRAIN_ENDS
from analysis.paths import project_paths
from analysis.sources import exchange_rates, observations, tables

PATHS = project_paths()
SCORED = pd.read_csv(PATHS.validation / "choices.csv").set_index(["choice", "label"])


def page(name: str) -> str:
    """The text of a page of docs/, its lines joined."""
    return " ".join((PATHS.root / "docs" / name).read_text(encoding="utf-8").split())


def test_the_rounding_rule_is_the_readers():
    text = page("rounding_rule.md")
    assert [float(tables.ROUNDING_UNITS), float(tables.TRUNCATION_UNITS)] == [0.5, 1.0]
    assert "| half a unit of the last place" in text and "| a whole unit: digits" in text
    assert (tables.LAST_DIGIT_SLIP, observations.RATE_TOLERANCE) == (1, 1)
    assert tables.SLIP_MIN_SIGNIFICANT_DIGITS == 4 and "figures of four digits or more" in text


def test_the_exchange_rate_is_the_tables():
    text = page("exchange_rate.md")
    assert f"cross rate, {100 * exchange_rates.TESTED_TOLERANCE:g} % either way" in text
    band = f"{100 * exchange_rates.TRADING_BAND:g} % either way"
    assert f"before 2016 | cross rate, {band}" in text and f"pairs imply), {band}" in text
    first, last = exchange_rates.TESTED_FIRST, exchange_rates.TESTED_LAST
    assert f"other months, {first.year}-{last.year}" in text


@pytest.mark.parametrize("choice", ["rounding rule", "exchange rate"])
def test_no_reading_moves_a_headline(choice):
    base, varied = SCORED.loc["none"].iloc[0], SCORED.loc[choice]
    for fall in ("imports_2017", "imports_2018", "exports_2018", "trade_2018"):
        assert (varied[fall] - base[fall]).abs().max() <= 0.1
    for flow, most in (("import", 1.0), ("export", 2.0)):
        assert (varied[f"effect_{flow}"] - base[f"effect_{flow}"]).abs().max() <= most
    assert "no fall moves by more than a tenth of a point" in page(f"{choice.replace(' ', '_')}.md")
    assert (varied["effect_import_upper"] < -50).all()
    assert (varied["effect_export_upper"] > 0).all()


def test_the_rounding_rule_moves_rejections_and_closeness():
    text = page("rounding_rule.md")
    varied = SCORED.loc[["none", "rounding rule"]]
    for name, of in (("rejected", ""), ("closed_robust", f" of {varied['months'].iloc[0]:.0f}")):
        assert f"({varied[name].min():.0f} to {varied[name].max():.0f}{of})" in text


def test_the_training_window_moves_what_its_page_says():
    text, varied = page("training_window.md"), SCORED.loc["training window"]
    base = varied.loc["as on the pages"]
    moves = (varied["effect_import"] - base["effect_import"]).abs()
    named = {"2016-10": "October 2016", "2016-12": "December 2016", "2017-01": "January 2017"}
    assert set(TRAIN_ENDS) == {TRAIN_END, "2016-02", *named}
    assert moves[[f"to {name}" for name in named.values()]].max() < 2
    early = varied.loc["to February 2016"]
    assert 8 < early["effect_import"] - base["effect_import"] < 11 and "nine points" in text
    assert base["effect_import_lower"] <= early["effect_import"] <= base["effect_import_upper"]
    assert (varied["effect_export_upper"] > 0).all()
    assert moves[[f"from January {first[:4]}" for first in FIRSTS[1:]]].max() < 2.5


def test_the_vintage_moves_imports_by_a_point():
    varied = SCORED.loc["vintage"]["effect_import"]
    assert 0.5 < abs(varied["first release"] - varied["as on the pages"]) < 1.5
    assert abs(varied["corrected, in yuan"] - varied["as on the pages"]) < 1


def test_the_reconciliation_page_holds_its_constants():
    text = page("reconciliation.md")
    assert f"corrections beyond {100 * statements.ROUTINE_REVISION:g} % of a month" in text
    assert f"a rate of {100 * statements.REVISION_RATE:g} % of months" in text
    assert f"{100 * statements.MISPRINT_RATE:g} % of printed figures are taken to be wrong" in text
    assert math.exp(statements.SECOND_READER) == pytest.approx(5) and "odds by five" in text
    assert f"more than odds of {math.exp(statements.HEAVIEST):.0f}" in text
    assert f"({math.exp(ROBUST_TOLERANCE):.1f} times) less likely" in text
    assert len(statements.REVISED_SPANS) == 5
    rows = re.findall(r"\| (exports|imports) \| ([^|]+?) \| (\d\.\d+) to (\d\.\d+) \|", text)
    told = {(flow[:-1], float(low), float(high)) for flow, _, low, high in rows}
    of_korea = [one for one in statements.BASIS_RATIOS if one.basis == "kita"]
    assert told == {(one.flow, one.lower, one.upper) for one in of_korea}


def test_the_counterfactual_page_holds_the_rule_of_coverage():
    text = page("counterfactual.md")
    low, high = (round(100 * end) for end in coverage.ACCEPTED)
    assert f"in {low} to {high} % of them" in text
    assert f"at least {coverage.LEAST_SERIES} series" in text
    assert f"shows in {100 * coverage.POWER:.0f} % of the series" in text


def test_the_product_page_holds_the_coverage_of_bans_and_of_designs():
    text = page("product_list.md")
    ledger = json.loads((PATHS.root / "docs/results/claims.json").read_text(encoding="utf-8"))
    (share,) = (one["lower"] for one in ledger if one["id"] == "A3")
    assert f"cover at least {share:.0f} %" in text
    summary = pd.read_csv(PATHS.validation / "summary.csv").set_index("measure")
    scenarios = {
        "parallel": "banned and free goods move alike",
        "no effect": "bans without effect",
        "rush": "contracts brought forward",
        "restless": "noisier goods, each with a drift of its own",
        "drift": "banned goods losing 1.5 % a month anyway",
    }
    methods = (
        "placebo groups",
        "products left out in turn",
        "drift bounded",
        "dummy, clustered",
    )
    for scenario, words in scenarios.items():
        found = [summary.loc[f"{scenario}: {method}, truth inside"] for method in methods]
        cells = " | ".join(f"{one['count']:.0f} of {one['of']:.0f}" for one in found)
        assert f"| {words} | {cells} |" in text
