"""Size and power of the stability tests and of the monitor, and the coverage of a return."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import joblib
import pandas as pd
from parts.running import WORKERS, shown

from analysis.models import stability_simulation
from analysis.paths import Paths


def easing(_paths: Paths, file: Path) -> None:
    """Score the cases of stability, monitoring and return that `file` does not hold yet.

    They are simulated, so nothing is read. One row a case and measure.
    """
    names = [field.name for field in dataclasses.fields(stability_simulation.Case)]
    done = set(pd.read_csv(file)[names].itertuples(index=False, name=None)) if file.exists() else ()
    due = [case for case in stability_simulation.CASES if dataclasses.astuple(case) not in done]
    with joblib.Parallel(n_jobs=WORKERS, return_as="generator") as run:
        for rows in shown(
            run(joblib.delayed(stability_simulation.score)(case) for case in due), "cases", len(due)
        ):
            pd.DataFrame(rows).to_csv(file, mode="a", header=not file.exists(), index=False)
