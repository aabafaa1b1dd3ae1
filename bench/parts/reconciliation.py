"""What the reconciliation is worth: figures taken out in turn, and histories of known truth."""

from __future__ import annotations

from pathlib import Path

import joblib
import pandas as pd
from parts.running import BATCH, WORKERS, frame, shown

from analysis.cleaning.conflicts import ROBUST_TOLERANCE
from analysis.cleaning.simulation import Score, score_history
from analysis.cleaning.trade_statements import FIRST_UNKNOWN, FLOWS, months_between, trade_system
from analysis.cleaning.withheld import Withheld, releases, withhold
from analysis.paths import Paths
from analysis.publish import TOTALS, cached_rejection, exchange_rates, read_evidence

#: Seeds of histories with misprints and surprises, and of those without.
MISPRINTED_SEEDS = range(200)
CLEAN_SEEDS = range(1000, 1020)


def withheld_figures(paths: Paths, file: Path) -> None:
    """Every published level taken out in turn; columns as `Withheld`."""
    if file.exists():
        return
    totals, rates = totals_and_rates(paths)
    rejection = cached_rejection(paths, totals, rates)
    system = trade_system(totals, rates.set_index("month"))
    groups = releases(system)
    with joblib.Parallel(n_jobs=WORKERS, return_as="generator") as run:
        scored = run(
            joblib.delayed(withhold)(system, rejection, release, tolerance=ROBUST_TOLERANCE)
            for release in groups
        )
        results = [one for part in shown(scored, "withheld", len(groups)) for one in part]
    frame(Withheld, results).round(6).to_csv(file, index=False)


def simulate(paths: Paths, file: Path) -> None:
    """Score the histories that `file` does not hold yet, adding each as it comes.

    Columns as `Score`, and whether the history has misprints. An interrupted run goes on where
    it stopped.
    """
    totals, rates = totals_and_rates(paths)
    rates = rates.set_index("month")
    level = typical_level(totals, rates)
    done = set(pd.read_csv(file)["seed"]) if file.exists() else set()
    due = [seed for seed in (*MISPRINTED_SEEDS, *CLEAN_SEEDS) if seed not in done]
    batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    with joblib.Parallel(n_jobs=WORKERS) as run:
        for batch in shown(batches, "batches of histories begun", len(batches)):
            scores = run(
                joblib.delayed(one_history)(totals, rates, level, seed, seed in MISPRINTED_SEEDS)
                for seed in batch
            )
            table = frame(Score, scores)
            table.insert(1, "misprinted", [seed in MISPRINTED_SEEDS for seed in batch])
            table.to_csv(file, mode="a", header=not file.exists(), index=False)


def totals_and_rates(paths: Paths) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable totals and the exchange rates, as the pages use them."""
    totals = read_evidence(paths).used[TOTALS]
    return totals, exchange_rates(totals).table


def one_history(totals, rates, level, seed: int, misprinted: bool) -> Score:
    """One scored history; without misprints also without surprise revisions."""
    options = {} if misprinted else {"planted_rate": 0.0, "surprises": False}
    return score_history(totals, rates, level, seed, **options)


def typical_level(totals: pd.DataFrame, rates: pd.DataFrame) -> dict[tuple[str, int], float]:
    """USD million by flow and month: the yearly mean of what is printed for single months."""
    single = totals[
        (totals["first"] == totals["last"]) & totals["flow"].isin(FLOWS) & totals["value"].notna()
    ]
    middle = rates.loc[single["first"], ["lower", "upper"]].mean(axis=1).to_numpy()
    usd = single["value"].where(single["currency"] == "USD", single["value"] / middle)
    yearly = usd.groupby([single["flow"], single["first"].dt.year]).mean()
    months = months_between(FIRST_UNKNOWN, totals["last"].max())
    return {
        (flow, month): max(float(_nearest(yearly[flow], 1970 + month // 12)), 0.1)
        for flow in FLOWS
        for month in months
    }


def _nearest(by_year: pd.Series, year: int) -> float:
    return by_year.iloc[abs(by_year.index - year).argmin()]
