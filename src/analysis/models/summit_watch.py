"""A monitor that has few months to learn a level from, and its boundaries from longer experience.

Four months tell a level badly and the noise around it hardly at all: a stretch that happens to be
even sets off any alarm that trusts it. So the detectors of `monitoring` are formed from those
months as ever, and what they are compared with is simulated under the noise of earlier years.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.models.monitoring import (
    DETECTORS,
    Monitoring,
    critical_values,
    fluctuation,
    long_run,
    training_errors,
)
from analysis.models.stability import LEVEL, Noise


def watch_after(
    logs: pd.Series, learnt: tuple[str, str], last: str, noise: Noise, *, draws: int, seed: int
) -> Monitoring:
    """Watch log trade from the month after `learnt` to `last` (YYYY-MM, ends inside).

    `logs` is indexed by month (Period[M]); missing months are passed over. A level is learnt from
    the months of `learnt`. If the noise is `noise`, the probability that a detector gives any
    alarm, in all months watched and without a change, is `LEVEL`. Raises ValueError with fewer
    than three months to learn from, or none to watch.
    """
    used = logs.loc[learnt[0] : last].dropna()
    n = int((used.index <= pd.Period(learnt[1], "M")).sum())
    if n < 3 or n == len(used):
        raise ValueError(
            f"expected three months or more to learn from and one to watch, found {n} and "
            f"{len(used) - n}: choose other months"
        )
    months = np.array([month.ordinal for month in used.index])
    values, x = used.to_numpy(dtype=float), np.ones((len(used), 1))
    errors, sd, rho = training_errors(values[None, :], x, months, n)
    processes = fluctuation(errors, n, long_run(sd, rho))
    critical = critical_values(x, months, n, noise, draws=draws, seed=seed)
    path = {
        "month": used.index[n:],
        "recorded": values[n:],
        "expected": values[n:] - errors[0, n:],
        "error": errors[0, n:],
    }
    for name in DETECTORS:
        path[name] = processes[name][0]
        path[f"{name}_boundary"] = critical[name]
    return Monitoring(pd.DataFrame(path), LEVEL, n, noise, critical)
