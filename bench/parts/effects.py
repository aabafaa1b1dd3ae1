"""The effects on the real figures, with something changed: the date, the sources, the reading."""

from __future__ import annotations

from pathlib import Path

import joblib
import pandas as pd
from parts.running import WORKERS, shown

from analysis import choices
from analysis.models.specifications import (
    FIRST_PLACEBO_END,
    SHOWN_FLOWS,
    TRAIN_END,
    Specification,
    estimate,
    permutation_specifications,
    placebo_ends,
    placebo_specifications,
)
from analysis.paths import Paths
from analysis.rebuilt import leading_publishers, rebuilt_inputs
from analysis.sweep import sweep
from analysis.trade_data import observations_of

#: Months over which the joint permutation of the treatment's date takes effects.
PERMUTED_MONTHS = 12


def permute_dates(paths: Paths, file: Path) -> None:
    """The declared specifications at the true date and every placebo date.

    Columns: `horizon`, `specification` (its number), the choices, `train_end`, the effect in per
    cent with its interval, and `error`.
    """
    if file.exists():
        return
    ends = [*placebo_ends(FIRST_PLACEBO_END, TRAIN_END, PERMUTED_MONTHS), TRAIN_END]
    due = [
        (number, one)
        for number, base in enumerate(permutation_specifications())
        for one in placebo_specifications(base, ends, PERMUTED_MONTHS)
    ]
    table = sweep(rebuilt_inputs(paths), [one for _, one in due])
    table.insert(0, "horizon", PERMUTED_MONTHS)
    table.insert(1, "specification", [number for number, _ in due])
    kept = ["horizon", "specification", "engine", "vintage", "holiday", "prices", "currency"]
    kept += ["train_end", "effect_percent", "effect_percent_lower", "effect_percent_upper"]
    table[[*kept, "error"]].round(3).to_csv(file, index=False)


def leave_out_sources(paths: Paths, file: Path) -> None:
    """Structural effects with all figures and without each leading publisher, one row a flow.

    An interrupted run goes on where it stopped.
    """
    done = set(pd.read_csv(file, keep_default_na=False)["without"]) if file.exists() else set()
    due = [name for name in ["", *leading_publishers(paths)] if name not in done]
    for name in shown(due, "publishers left out", len(due)):
        inputs = rebuilt_inputs(paths, name)
        rows = pd.DataFrame(
            estimate(Specification(flow), observations_of(inputs, flow, "corrected"))
            for flow in SHOWN_FLOWS
        )
        rows = rows.assign(without=name).drop(columns=["effect", "effect_lower", "effect_upper"])
        rows.round(3).to_csv(file, mode="a", header=not file.exists(), index=False)


def change_choices(paths: Paths, file: Path) -> None:
    """The results under each variant of `choices` that `file` does not hold yet.

    Columns as `choices.score` gives them; an interrupted run goes on where it stopped.
    """
    done = set()
    if file.exists():
        done = set(pd.read_csv(file)[["choice", "label"]].itertuples(index=False, name=None))
    due = [one for one in choices.VARIANTS if (one.choice, one.label) not in done]
    with (
        joblib.parallel_config(backend="loky", inner_max_num_threads=1),
        joblib.Parallel(n_jobs=WORKERS, return_as="generator") as run,
    ):
        scored = run(joblib.delayed(choices.score)(paths, variant) for variant in due)
        for row in shown(scored, "choices", len(due)):
            table = pd.DataFrame([row]).round(3)
            table.to_csv(file, mode="a", header=not file.exists(), index=False)
    if not done & {(one.choice, one.label) for one in choices.ESTIMATES}:
        columns = pd.read_csv(file, nrows=0).columns
        table = pd.DataFrame(choices.score_estimates(paths)).reindex(columns=columns)
        table.round(3).to_csv(file, mode="a", header=False, index=False)
