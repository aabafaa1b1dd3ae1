"""What an engine is given, what it gives back, and the effects that follow from it.

Every engine has one method, `fit(observations, window) -> Counterfactual`: it learns from the
months up to the end of the training window and simulates whole paths of the months after. An
effect is recorded trade less the counterfactual: a loss is negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from analysis.models.trade_observations import (
    FitError,
    TradeObservations,
    Window,
    span_matrix,
)

#: Horizons of cumulative effects that are reported, in months after the end of training.
HORIZONS = (1, 12, 36)
#: Level of the intervals on the pages.
LEVEL = 0.90


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Simulated paths without the measures, beside joint draws of what was recorded.

    `simulated` and `observed` are arrays (paths, months of `window.evaluation`), USD million; row
    i of both belongs to the same draw of the data. `fitted` is the engine's mean path over
    the training months (index Period[M]). `seed` reproduces the paths; `diagnostics` are numbers
    of the fit, by name.
    """

    flow: str
    vintage: str
    engine: str
    window: Window
    simulated: np.ndarray
    observed: np.ndarray
    fitted: pd.Series
    seed: int
    diagnostics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = len(self.window.evaluation)
        for name in ("simulated", "observed"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape[1] != expected:
                raise ValueError(f"{name}: expected (paths, {expected}), found {shape}")
        if self.simulated.shape != self.observed.shape:
            raise ValueError(
                f"expected one draw of the data a path, found {self.observed.shape[0]} draws and "
                f"{self.simulated.shape[0]} paths"
            )
        if not np.isfinite(self.simulated).all():
            raise FitError(f"{self.engine}, {self.flow}: simulated paths are not finite")


class Engine(Protocol):
    """How every engine is called. `name` stands in tables."""

    name: str

    def fit(self, observations: TradeObservations, window: Window) -> Counterfactual:
        """Learn from the training months and simulate the months after.

        Raises WindowError and FitError as `TradeObservations.within` does, and FitError when the
        fit does not converge.
        """
        ...


def draw_rows(draws: pd.DataFrame, paths: int) -> np.ndarray:
    """The draw of the data that each path belongs to: all in turn, as often as they fit."""
    return np.arange(paths) % len(draws)


def interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float, float]:
    """(median, lower, upper) of simulated values: the equal-tailed interval at `level`."""
    tail = (1 - level) / 2
    lower, middle, upper = np.quantile(values, [tail, 0.5, 1 - tail])
    return float(middle), float(lower), float(upper)


def effect_spans(window: Window, horizons: Sequence[int] = HORIZONS) -> pd.DataFrame:
    """The spans whose effects are reported: `span, kind, first, last`.

    `kind` is `month`, `year` (calendar years wholly inside), `horizon` (from the first month
    after training) or `all`.
    """
    months = window.evaluation
    rows = [(str(month), "month", month, month) for month in months]
    for year in sorted(set(months.year)):
        inside = months[months.year == year]
        if len(inside) == 12:
            rows.append((str(year), "year", inside[0], inside[-1]))
    for horizon in horizons:
        if horizon <= len(months):
            rows.append((f"{horizon} months", "horizon", months[0], months[horizon - 1]))
    rows.append((f"{months[0]} to {months[-1]}", "all", months[0], months[-1]))
    return pd.DataFrame(rows, columns=["span", "kind", "first", "last"])


def effects(
    counterfactual: Counterfactual, *, level: float = LEVEL, horizons: Sequence[int] = HORIZONS
) -> pd.DataFrame:
    """Effects with intervals from whole paths, one row a span of `effect_spans`.

    Columns after the span's: `recorded`, `counterfactual`, `effect` (recorded less
    counterfactual, USD million, a loss negative) and `effect_percent` (of the counterfactual sum
    of the same path), each with `_lower` and `_upper` at `level`, equal-tailed.
    """
    spans = effect_spans(counterfactual.window, horizons)
    months = counterfactual.window.evaluation
    inside = span_matrix(spans, months).T
    recorded = counterfactual.observed @ inside
    without = counterfactual.simulated @ inside
    effect = recorded - without
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = np.where(without > 0, 100 * effect / without, np.nan)
    columns = {
        "recorded": recorded,
        "counterfactual": without,
        "effect": effect,
        "effect_percent": percent,
    }
    for name, values in columns.items():
        triples = [interval(column, level) for column in values.T]
        for place, ending in enumerate(("", "_lower", "_upper")):
            spans[name + ending] = [triple[place] for triple in triples]
    return spans
