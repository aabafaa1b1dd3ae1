"""Watching a series month by month, with boundaries that allow for looking every month.

A model is fitted to months that count as stable, and its forecast errors after them are added up.
CUSUM: all errors since, after Horváth, Hušková, Kokoszka and Steinebach (2004, "Monitoring changes
in linear models", Journal of Statistical Planning and Inference 126): their sum over sd √n
(1 + k/n) (k / (n + k))^gamma for n months learnt from and k since. MOSUM: the errors of the last
`window` n months over sd √n √(2 log⁺(1 + k/n)), after Chu, Hornik and Kuan (1995, Biometrika 82)
and the boundary of Leisch, Hornik and Kuan (2000, Econometric Theory 16). Chu, Stinchcombe and
White (1996, Econometrica 64) give a third boundary, `csw_constant`, in closed form.

Critical values are simulated: for the limit, to meet the published tables; and for the sample at
hand, with its months, gaps and autocorrelation, which is what the monitor uses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as t_distribution

from analysis.models.stability import DRAWS, LARGEST_RHO, LEVEL, Noise, ar_noise

#: Weight of the CUSUM boundary: 0 looks evenly, towards one half early changes are seen sooner.
GAMMA = 0.25
#: Length of the moving sum as a share of the months learnt from.
WINDOW = 0.5
DETECTORS = ("CUSUM", "MOSUM")


@dataclass(frozen=True, eq=False)
class Monitoring:
    """What a monitor saw: one row a monitored month.

    `path` has `month` (Period[M]), `recorded` and `expected` (as given, logs say), `error`, and for
    each detector its value and `<detector>_boundary`, both in the units of the detector; a value
    beyond the boundary is an alarm. Positive: more was recorded than expected.
    """

    path: pd.DataFrame
    level: float
    training: int
    noise: Noise
    critical: dict[str, float]

    def alarm(self, detector: str) -> pd.Period | None:
        """The first month in which `detector` stands beyond its boundary; None for none."""
        beyond = self.path[self.path[detector].abs() > self.path[f"{detector}_boundary"]]
        return None if beyond.empty else beyond["month"].iloc[0]


def monitor(
    y: pd.Series,
    regressors: pd.DataFrame,
    training: Sequence[pd.Period],
    *,
    detectors: Sequence[str] = DETECTORS,
    gamma: float = GAMMA,
    window: float = WINDOW,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int,
) -> Monitoring:
    """Learn from the months of `training` in `y`, then watch all its later months.

    `y` and `regressors` are indexed by month (Period[M]); months missing from `y` are passed over,
    also inside the training. The probability of any alarm of a detector, in all months watched
    and without a change, is `level`. Raises ValueError when no month is left to learn from or to
    watch.
    """
    known = y.dropna()
    learnt = known.index.isin(list(training))
    watched = known.index > max(training)
    if learnt.sum() <= regressors.shape[1] + 1 or not watched.any():
        raise ValueError(
            f"expected more than {regressors.shape[1] + 1} months to learn from and one to watch, "
            f"found {learnt.sum()} and {watched.sum()}: choose other months"
        )
    used = known[learnt | watched]
    months = np.array([month.ordinal for month in used.index])
    n = int(learnt.sum())
    x = regressors.loc[used.index].to_numpy(dtype=float)
    errors, sd, rho = training_errors(used.to_numpy(dtype=float)[None, :], x, months, n)
    noise = ar_noise(errors[0, :n], months[:n], x[:n])
    processes = fluctuation(errors, n, long_run(sd, rho), gamma=gamma, window=window)
    critical = critical_values(
        x, months, n, noise, gamma=gamma, window=window, level=level, draws=draws, seed=seed
    )
    values = used.to_numpy(dtype=float)[n:]
    path = {
        "month": used.index[n:],
        "recorded": values,
        "expected": values - errors[0, n:],
        "error": errors[0, n:],
    }
    for name in detectors:
        path[name] = processes[name][0]
        path[f"{name}_boundary"] = critical[name]
    return Monitoring(pd.DataFrame(path), level, n, noise, {d: critical[d] for d in detectors})


def fluctuation(
    errors: np.ndarray,
    n: int,
    sd: np.ndarray,
    *,
    gamma: float = GAMMA,
    window: float = WINDOW,
) -> dict[str, np.ndarray]:
    """CUSUM and MOSUM of `errors` (series × months, the first `n` learnt from), divided by their
    boundaries' shapes: what remains is compared with one number. `sd` is one long-run standard
    deviation a series. Series × months watched.
    """
    k = np.arange(1, errors.shape[1] - n + 1)
    scale = (sd * math.sqrt(n))[:, None]
    sums = np.cumsum(errors[:, n:], axis=1) / scale
    length = max(1, math.floor(window * n))
    total = np.concatenate([np.zeros((len(errors), 1)), np.cumsum(errors, axis=1)], axis=1)
    ends = n + k
    moving = (total[:, ends] - total[:, ends - length]) / scale
    return {
        "CUSUM": sums / cusum_boundary(k / n, gamma),
        "MOSUM": moving / mosum_boundary(1 + k / n),
    }


def monitoring_detector(
    detector: str, n: int, *, gamma: float = GAMMA, window: float = WINDOW
) -> Callable[[np.ndarray], np.ndarray]:
    """Series × months to the largest value of `detector` after the first `n`, around a level."""

    def detect(y: np.ndarray) -> np.ndarray:
        months = np.arange(y.shape[1])
        errors, sd, rho = training_errors(y, np.ones((y.shape[1], 1)), months, n)
        process = fluctuation(errors, n, long_run(sd, rho), gamma=gamma, window=window)
        return np.abs(process[detector]).max(axis=1)

    return detect


def alarm_list(watched: Mapping[str, Monitoring]) -> pd.DataFrame:
    """One row a series and detector: `series`, `detector`, `alarm` (Period[M], NaT for none),
    `direction` (`above` or `below` what was expected), `now` and `boundary` (the detector in the
    newest month, and its boundary), `newest` (Period[M]), `months_watched`.
    """
    rows = []
    for series, seen in watched.items():
        for detector in seen.critical:
            alarm, last = seen.alarm(detector), seen.path.iloc[-1]
            at = seen.path.set_index("month")[detector].get(alarm, np.nan)
            rows.append(
                {
                    "series": series,
                    "detector": detector,
                    "alarm": pd.NaT if alarm is None else alarm,
                    "direction": "" if alarm is None else ("above" if at > 0 else "below"),
                    "now": last[detector],
                    "boundary": last[f"{detector}_boundary"],
                    "newest": last["month"],
                    "months_watched": len(seen.path),
                }
            )
    return pd.DataFrame(rows).astype({"alarm": "period[M]", "newest": "period[M]"})


def predicted_range(seen: Monitoring, level: float = 0.90) -> pd.DataFrame:
    """For each month watched, where it would lie one month at a time if nothing had changed.

    `month`, `lower`, `upper`, in the units of `recorded`: a t-interval with the spread of the
    months learnt from. It allows for one look, not for looking every month.
    """
    reach = t_distribution.ppf((1 + level) / 2, seen.training - 1)
    reach *= seen.noise.sd * math.sqrt(1 + 1 / seen.training)
    expected = seen.path["expected"]
    return pd.DataFrame(
        {"month": seen.path["month"], "lower": expected - reach, "upper": expected + reach}
    )


def cusum_boundary(k: np.ndarray, gamma: float) -> np.ndarray:
    """Shape of the CUSUM boundary at `k`, the months watched over the months learnt from."""
    return (1 + k) * (k / (1 + k)) ** gamma


def mosum_boundary(t: np.ndarray) -> np.ndarray:
    """Shape of the MOSUM boundary at `t`, all months over the months learnt from."""
    return np.sqrt(2 * np.where(t <= math.e, 1.0, np.log(np.maximum(t, 1.0))))


def csw_constant(level: float = LEVEL) -> float:
    """a² in the boundary √(t (t - 1) (a² + log(t / (t - 1)))) for CUSUMs watched without end.

    The probability that a Brownian motion ever crosses it is 2 (1 - Φ(a) + a φ(a)) (Robbins and
    Siegmund 1970; Chu, Stinchcombe and White 1996, who print 7.78 and 6.25 for 5 and 10 per cent).
    """
    return brentq(lambda a: 2 * (norm.sf(a) + a * norm.pdf(a)) - level, 0.5, 10.0) ** 2


def critical_values(
    x: np.ndarray,
    months: np.ndarray,
    n: int,
    noise: Noise,
    *,
    gamma: float = GAMMA,
    window: float = WINDOW,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int,
) -> dict[str, float]:
    """What the largest value of each detector stays under with probability 1 - `level`.

    Simulated for these months and regressors: in each draw the model, the spread and the
    autocorrelation are estimated anew from the first `n` months, as with the data.
    """
    simulated = noise.draw(months, draws, np.random.default_rng(seed))
    errors, sd, rho = training_errors(simulated, x, months, n)
    processes = fluctuation(errors, n, long_run(sd, rho), gamma=gamma, window=window)
    return {
        name: float(np.quantile(np.abs(process).max(axis=1), 1 - level))
        for name, process in processes.items()
    }


def limit_critical_value(
    detector: str,
    *,
    gamma: float = GAMMA,
    window: float = WINDOW,
    horizon: float = math.inf,
    level: float = LEVEL,
    steps: int = 1_000,
    draws: int = 20_000,
    seed: int,
) -> float:
    """The critical value as the months learnt from grow without end, by simulation.

    CUSUM: the quantile of sup |W(u)| / u^gamma for u up to (horizon - 1) / horizon. MOSUM: that of
    the increments of the extended Brownian bridge over `window`, up to `horizon` times the months
    learnt from. `steps` to the unit of time; finer steps raise the value by order 1 / √steps.
    """
    rng = np.random.default_rng(seed)
    largest = [
        _limit_sup(detector, gamma, window, horizon, steps, min(1_000, draws - done), rng)
        for done in range(0, draws, 1_000)
    ]
    return float(np.quantile(np.concatenate(largest), 1 - level))


def _limit_sup(
    detector: str,
    gamma: float,
    window: float,
    horizon: float,
    steps: int,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    if detector == "CUSUM":
        end = 1.0 if math.isinf(horizon) else (horizon - 1) / horizon
        u = np.arange(1, math.floor(end * steps) + 1) / steps
        paths = np.cumsum(rng.standard_normal((draws, len(u))), axis=1) / math.sqrt(steps)
        return (np.abs(paths) / u**gamma).max(axis=1)
    t = np.arange(1, math.floor(horizon * steps) + 1) / steps
    paths = np.cumsum(rng.standard_normal((draws, len(t))), axis=1) / math.sqrt(steps)
    bridge = paths - np.outer(paths[:, steps - 1], t)
    length = math.floor(window * steps)
    moving = bridge[:, steps:] - bridge[:, steps - length : -length]
    return (np.abs(moving) / mosum_boundary(t[steps:])).max(axis=1)


def training_errors(
    y: np.ndarray, x: np.ndarray, months: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors of the model of the first `n` months in all, their sd and autocorrelation.

    The autocorrelation is that of neighbouring months, held between 0 and `LARGEST_RHO`: a
    negative one would narrow the boundaries.
    """
    errors = y - y @ _padded(np.linalg.pinv(x[:n]), len(months)).T @ x.T
    learnt = errors[:, :n]
    sd = np.sqrt(np.sum(learnt**2, axis=1) / (n - x.shape[1]))
    neighbours = np.flatnonzero(np.diff(months[:n]) == 1)
    lagged = np.sum(learnt[:, neighbours] * learnt[:, neighbours + 1], axis=1)
    rho = lagged / np.sum(learnt[:, neighbours] ** 2, axis=1)
    return errors, sd, np.clip(rho, 0.0, LARGEST_RHO)


def _padded(inverse: np.ndarray, months: int) -> np.ndarray:
    """The pseudo-inverse of the training months, with zeros for the months watched."""
    return np.pad(inverse, ((0, 0), (0, months - inverse.shape[1])))


def long_run(sd: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """The standard deviation of sums of a first-order autoregression, a month."""
    return sd * np.sqrt((1 + rho) / (1 - rho))
