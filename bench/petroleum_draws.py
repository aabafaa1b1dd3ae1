"""How long the draws of unreported deliveries take, by their number; run by hand.

The tables are those of the project, the priors those of notebook 04. The page promises 100,000
draws of all counted years in under five seconds of one core.
"""

from __future__ import annotations

import time

import pandas as pd

from analysis.models.tanker_counts import tanker_counts, windows_by_year
from analysis.models.unreported import Priors, simulate
from analysis.paths import project_paths
from analysis.petroleum_data import petroleum_data, reconciled, yearly_paths

DRAWS = (10_000, 30_000, 100_000, 300_000)
LAST = pd.Period("2025-05", "M")
ALLOWED_SECONDS = {100_000: 5.0}


def main() -> None:
    data = petroleum_data(project_paths())
    clean = reconciled(data, last=str(LAST))
    windows = windows_by_year(tanker_counts(data.estimates), data.estimates)
    reported = yearly_paths(clean, range(2018, 2026), LAST)
    for draws in DRAWS:
        start = time.process_time()
        simulate(windows, reported, Priors(), draws=draws, seed=1)
        seconds = time.process_time() - start
        print(f"{draws:>8,} draws of {len(windows)} years: {seconds:.2f} s")
        if seconds > ALLOWED_SECONDS.get(draws, seconds):
            raise SystemExit(f"over the {ALLOWED_SECONDS[draws]:g} seconds allowed")


if __name__ == "__main__":
    main()
