"""What the stability tests, the monitor and the return curve do when the truth is known.

Each case simulates many histories and counts: how often a test rejects where nothing changed, how
often it finds a change, how often an interval covers the truth. The noise is always estimated as
it is with the data; the truth is only used for counting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.monitoring import (
    critical_values,
    fluctuation,
    long_run,
    training_errors,
)
from analysis.models.phases import HISTORY, change_between, learn_season
from analysis.models.reopening import fit_return
from analysis.models.stability import Noise, ar_noise, end_of_sample_tests

#: Histories a case, and draws of each calibration inside one.
HISTORIES, CALIBRATION_DRAWS = 1_000, 500
#: The months of the data: learnt from, and watched since the border opened, behind a gap.
TRAINING, GAP, WATCHED = 21, 44, 35
NOMINAL = 0.05


@dataclass(frozen=True)
class Case:
    """`kind`: `end_of_sample`, `difference`, `monitor` or `return`; `truth` is the change in log
    points, or the time constant of a return in months."""

    kind: str
    rho: float
    truth: float
    before: int = TRAINING
    after: int = 4

    @property
    def seed(self) -> int:
        """One seed a case, made of what it says."""
        parts = (len(self.kind), 100 * self.rho, 100 * self.truth, self.before, self.after)
        return int(sum(1_000**place * round(part) for place, part in enumerate(parts)) % 2**32)


CASES = (
    *(Case("end_of_sample", rho, 0.0, n, 4) for rho in (0.0, 0.35, 0.6) for n in (4, 12, 24)),
    *(Case("end_of_sample", 0.35, 0.4, n, 4) for n in (4, 12, 24)),
    *(Case("difference", rho, 0.0, 4, 7) for rho in (0.0, 0.35, 0.6)),
    *(Case("monitor", rho, 0.0, TRAINING, WATCHED) for rho in (0.0, 0.35, 0.6)),
    Case("monitor", 0.35, 0.4, TRAINING, WATCHED),
    *(Case("return", rho, tau, 0, 24) for rho in (0.0, 0.35) for tau in (2.0, 6.0, 14.0)),
)


def score(case: Case, histories: int = HISTORIES) -> list[dict[str, object]]:
    """One row a measure: the case, `measure`, `count` and `of`."""
    count = {
        "end_of_sample": _end_of_sample,
        "difference": _difference,
        "monitor": _monitor,
        "return": _return,
    }[case.kind]
    rng = np.random.default_rng(case.seed)
    found = pd.DataFrame([count(case, rng) for _ in range(histories)])
    return [
        {**case.__dict__, "measure": measure, "count": int(found[measure].sum()), "of": histories}
        for measure in found
    ]


def _history(case: Case, rng: np.random.Generator) -> pd.Series:
    """Log trade of the months before the bans, to learn season and noise from."""
    months = pd.period_range(*HISTORY, freq="M")
    noise = Noise(0.15, case.rho).draw(months.asi8.astype(float), 1, rng)[0]
    return pd.Series(noise - 0.4 * (months.month == 2), index=months)


def _end_of_sample(case: Case, rng: np.random.Generator) -> dict[str, bool]:
    learnt = learn_season(_history(case, rng)).noise
    months = np.arange(case.before + case.after)
    y = Noise(0.15, case.rho).draw(months, 1, rng)[0] + case.truth * (months >= case.before)
    tests = end_of_sample_tests(
        y,
        np.ones((len(y), 1)),
        case.after,
        learnt,
        draws=CALIBRATION_DRAWS,
        seed=int(rng.integers(2**32)),
    )
    return {
        f"{test.statistic}, {name}": p < NOMINAL
        for test in tests
        for name, p in (("subsampled", test.p_subsampled), ("calibrated", test.p_calibrated))
    }


def _difference(case: Case, rng: np.random.Generator) -> dict[str, bool]:
    learnt = learn_season(_history(case, rng)).noise
    months = pd.period_range("2018-02", periods=case.before + case.after, freq="M")
    noise = Noise(0.15, case.rho).draw(np.arange(len(months)), 1, rng)[0]
    logs = pd.Series(noise + case.truth * (np.arange(len(months)) >= case.before), index=months)
    split = [str(month) for month in (months[0], months[case.before - 1], months[case.before])]
    change = change_between(logs, tuple(split[:2]), (split[2], str(months[-1])), learnt)
    size = 100 * math.expm1(case.truth)
    return {
        "rejected": change.p_value < NOMINAL,
        "interval holds the truth": change.lower <= size <= change.upper,
    }


def _monitor(case: Case, rng: np.random.Generator) -> dict[str, bool]:
    learnt, watched = np.arange(case.before), case.before + GAP + np.arange(case.after)
    months = np.concatenate([learnt, watched])
    y = Noise(0.15, case.rho).draw(months, 1, rng) + case.truth * (months >= case.before)
    x = np.ones((len(months), 1))
    errors, sd, rho = training_errors(y, x, months, case.before)
    critical = critical_values(
        x,
        months,
        case.before,
        ar_noise(errors[0, : case.before], learnt, x[: case.before]),
        draws=CALIBRATION_DRAWS,
        seed=int(rng.integers(2**32)),
    )
    processes = fluctuation(errors, case.before, long_run(sd, rho))
    return {
        f"{name}, alarm": bool(np.abs(process).max() > critical[name])
        for name, process in processes.items()
    }


def _return(case: Case, rng: np.random.Generator) -> dict[str, bool]:
    months = pd.period_range("2022-01", periods=case.after, freq="M")
    curve = 1 - np.exp(-(np.arange(case.after) + 0.5) / case.truth)
    noise = Noise(0.15, case.rho).draw(np.arange(case.after), 1, rng)[0]
    shares = pd.Series(curve + noise, index=months)
    fitted = fit_return(shares, months[0], draws=CALIBRATION_DRAWS, seed=int(rng.integers(2**32)))
    holds = {}
    for horizon in (6, 12, 24):
        _, lower, upper = fitted.returned(horizon)
        truth = 1 - math.exp(-horizon / case.truth)
        holds[f"interval at {horizon} months holds the truth"] = lower <= truth <= upper
    return holds
