"""How often the engines' intervals hold a known loss, and how large a fall has to be to show."""

from __future__ import annotations

from pathlib import Path

import joblib
import pandas as pd
from parts.running import BATCH, WORKERS, shown

from analysis.models.coverage import coverage_table, engines, power_table, score, simulate_series
from analysis.paths import Paths
from analysis.validation import validation_key

#: Seeds of the series on which the intervals are scored. Nothing was chosen by looking at them: the
#: engines' constants were settled on series with seeds from 100,000 on.
COVERAGE_SEEDS = range(520)


def cover(paths: Paths, file: Path) -> None:
    """Coverage and power of every engine's intervals; columns as the tables of `models.coverage`.

    The scores of single series are kept in the cache, so that an interrupted run goes on.
    """
    if file.exists():
        return
    paths.cache.mkdir(parents=True, exist_ok=True)
    kept = paths.cache / f"coverage-{validation_key(paths, 'coverage')[:16]}.csv"
    done = set(pd.read_csv(kept)["seed"]) if kept.exists() else set()
    due = [seed for seed in COVERAGE_SEEDS if seed not in done]
    batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    with (
        joblib.parallel_config(backend="loky", inner_max_num_threads=1),
        joblib.Parallel(n_jobs=WORKERS) as run,
    ):
        for batch in shown(batches, "batches of series begun", len(batches)):
            rows = [row for part in run(map(joblib.delayed(one_series), batch)) for row in part]
            pd.DataFrame(rows).to_csv(kept, mode="a", header=not kept.exists(), index=False)
    scores = pd.read_csv(kept, keep_default_na=True).sort_values(["seed"], kind="stable")
    power_table(scores).to_csv(file.with_name("power.csv"), index=False)
    coverage_table(scores).to_csv(file, index=False)


def one_series(seed: int) -> list[dict[str, object]]:
    """Every engine's score on the series of one seed."""
    series = simulate_series(seed)
    return [row for engine in engines() for row in score(series, engine)]
