"""Published sums and growth rates as linear forms of the logarithms of the months.

The logarithm of a single month is itself a month's logarithm: nothing is approximated. That of a
sum of months is, near a path of the months, the average of their logarithms weighted by their
shares of the sum, and the logarithm of a growth rate is the difference of two of those. Both are
taken along a path that is renewed until it stands still (`structural`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.trade_observations import span_matrix

#: Least standard deviation of a logarithm: 0.01 %, finer than any figure that moves an estimate.
LEAST_ERROR = 1e-4
#: Months between a month and the one that its growth rate divides by.
YEAR = 12


@dataclass(frozen=True, eq=False)
class LogFigures:
    """`forms @ (log months) = logs + errors`, one row a figure.

    `forms` (figures × months); `logs`; `variances` of the errors, those of a uniform law on the
    figure's interval; `ends`, the place of each figure's last month; `constants`, what was taken
    off the logarithm of the figure to make `logs`.
    """

    forms: np.ndarray
    logs: np.ndarray
    variances: np.ndarray
    ends: np.ndarray
    constants: np.ndarray

    @property
    def reach(self) -> int:
        """Months from the earliest that any figure needs to its last, both inside."""
        return max(
            int(end - np.flatnonzero(form)[0]) + 1
            for form, end in zip(self.forms, self.ends, strict=True)
        )


def log_figures(figures: pd.DataFrame, months: pd.PeriodIndex, path: np.ndarray) -> LogFigures:
    """The figures of `TradeObservations` along `path`, the logarithms of `months`.

    Every span, and for a rate also the span a year before, lies within `months`.
    """
    own, before = _spans(figures, months)
    log_own, share_own = _log_sum(own, path)
    log_before, share_before = _log_sum(before, path)
    forms = share_own - share_before
    constants = log_own - log_before - forms @ path
    lower, upper = log_interval(figures)
    return LogFigures(
        forms,
        (lower + upper) / 2 - constants,
        np.maximum((upper - lower) ** 2 / 12, LEAST_ERROR**2),
        np.array([months.get_loc(last) for last in figures["last"]]),
        constants,
    )


def log_interval(figures: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the logarithm of each sum, or of one plus each rate."""
    one = np.where(figures["kind"] == "rate", 1.0, 0.0)
    return np.log(one + figures["lower"].to_numpy()), np.log(one + figures["upper"].to_numpy())


def drawn_figures(figures: pd.DataFrame, draws: pd.DataFrame) -> np.ndarray:
    """Logarithm of every figure as each joint draw of the months has it: draws × figures."""
    own, before = _spans(figures, draws.columns)
    months = draws.to_numpy().T
    base = np.where(before.any(axis=1)[:, None], before @ months, 1.0)
    return np.log((own @ months) / base).T


def _spans(figures: pd.DataFrame, months: pd.PeriodIndex) -> tuple[np.ndarray, np.ndarray]:
    """Which months each figure adds, and which it divides by (none for a sum)."""
    rate = (figures["kind"] == "rate").to_numpy()
    before = span_matrix(
        pd.DataFrame({"first": figures["first"] - YEAR, "last": figures["last"] - YEAR}), months
    )
    return span_matrix(figures, months), before * rate[:, None]


def _log_sum(spans: np.ndarray, path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of each sum along the path, and each month's share of it; zeros without months."""
    values = spans * np.exp(path)
    total = values.sum(axis=1, keepdims=True)
    filled = np.where(total > 0, total, 1.0)
    return np.log(filled)[:, 0], values / filled
