"""How often the product designs' intervals hold what was planted in simulated panels."""

from __future__ import annotations

from pathlib import Path

import joblib
import pandas as pd
from parts.running import BATCH, WORKERS, frame, shown

from analysis.models import design_scores
from analysis.paths import Paths
from analysis.sources.sanctions_map import read_product_measures

#: Panels of each scenario, and of each ratio planted for the synthetic control.
DESIGN_SEEDS = {
    "parallel": 120,
    "no effect": 60,
    "rush": 20,
    "drift": 20,
    "restless": 60,
    "donors": 40,
}


def score_designs(paths: Paths, file: Path) -> None:
    """Score the product panels that `file` does not hold yet; columns as `design_scores.Score`."""
    measures = read_product_measures(paths)
    done = set()
    if file.exists():
        done = set(pd.read_csv(file)[["scenario", "seed"]].itertuples(index=False, name=None))
    due = [
        (scenario, seed)
        for scenario, number in DESIGN_SEEDS.items()
        for seed in range(number)
        if (scenario, seed) not in done
    ]
    batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    with joblib.Parallel(n_jobs=WORKERS) as run:
        for batch in shown(batches, "batches of panels begun", len(batches)):
            scores = run(joblib.delayed(design_scores.score)(measures, *one) for one in batch)
            table = frame(design_scores.Score, [score for some in scores for score in some])
            table.round(6).to_csv(file, mode="a", header=not file.exists(), index=False)
