"""The data side of an engine: one flow in one vintage, and the window it is asked about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

FLOWS = ("export", "import", "total")
#: First month on the customs office's own level; before it stand KITA's sums of tariff lines.
CUSTOMS_START = pd.Period("2016-01", "M")
#: An engine learns a year's seasons from no less than two years of effective months.
LEAST_MONTHS = 24


class WindowError(ValueError):
    """A window that the data or its own order does not allow; says what was found and expected."""


class FitError(RuntimeError):
    """An engine that did not converge or has too little to learn from; no path comes of it."""


@dataclass(frozen=True)
class Window:
    """Training months `first` to `train_end`, evaluated to `evaluation_end`; all ends inside.

    Raises WindowError when the ends are not in order.
    """

    first: pd.Period
    train_end: pd.Period
    evaluation_end: pd.Period

    def __post_init__(self) -> None:
        if not self.first < self.train_end < self.evaluation_end:
            raise WindowError(
                "expected first month < end of training < end of evaluation, found "
                f"{self.first}, {self.train_end}, {self.evaluation_end}: choose months in order"
            )

    @classmethod
    def of(cls, first: str, train_end: str, evaluation_end: str) -> Window:
        """From months as `YYYY-MM`. Raises WindowError for any other form."""
        for month in (first, train_end, evaluation_end):
            # pandas would read "November" as one of the year in which the page is built.
            if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
                raise WindowError(f"expected a month as YYYY-MM, found {month!r}")
        return cls(*(pd.Period(month, "M") for month in (first, train_end, evaluation_end)))

    @property
    def training(self) -> pd.PeriodIndex:
        return pd.period_range(self.first, self.train_end, freq="M")

    @property
    def evaluation(self) -> pd.PeriodIndex:
        return pd.period_range(self.train_end + 1, self.evaluation_end, freq="M")


@dataclass(frozen=True, eq=False)
class TradeObservations:
    """All that is known of one flow in one vintage, USD million.

    - `figures`: one row a published figure as the reconciliation leaves it, columns `kind` (`sum`
      over the months, or `rate`: year-on-year growth of that sum, a fraction), `first`, `last`
      (Period[M], both inside), `lower`, `upper`;
    - `draws`: joint draws of the months, one row a draw, a PeriodIndex as columns. Two draws
      differ by all that the figures leave open; the months of one draw keep to every sum;
    - `history_ratio`: range of (customs level) / (history) for the months before `CUSTOMS_START`;
    - `controls`: one row a month, one column a regressor that the measures did not move.
    """

    flow: str
    vintage: str
    figures: pd.DataFrame
    draws: pd.DataFrame
    history_ratio: tuple[float, float] = (1.0, 1.0)
    controls: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        if self.flow not in FLOWS:
            raise WindowError(f"expected a flow of {', '.join(FLOWS)}, found {self.flow!r}")

    def within(self, window: Window) -> TradeObservations:
        """Only what the window uses: figures of training months, draws of both spans.

        Raises WindowError when the window reaches outside the data, and FitError when the
        figures of the training months amount to fewer than `LEAST_MONTHS` months.
        """
        months = pd.period_range(window.first, window.evaluation_end, freq="M")
        missing = months.difference(self.draws.columns)
        if len(missing):
            raise WindowError(
                f"{self.flow}, {self.vintage}: expected a window inside {self.draws.columns[0]} to "
                f"{self.draws.columns[-1]}, found {missing[0]} to {missing[-1]} outside the data "
                "or without an upper bound"
            )
        base = self.figures["first"].where(
            self.figures["kind"] == "sum", self.figures["first"] - 12
        )
        known = self.figures[(base >= window.first) & (self.figures["last"] <= window.train_end)]
        effective = effective_months(known)
        if effective < LEAST_MONTHS:
            raise FitError(
                f"{self.flow}, {window.first} to {window.train_end}: expected at least "
                f"{LEAST_MONTHS} effective months to learn from, found {effective}: start earlier"
            )
        return TradeObservations(
            self.flow,
            self.vintage,
            known.reset_index(drop=True),
            self.draws[months],
            self.history_ratio,
            self.controls.reindex(months) if len(self.controls) else self.controls,
        )


def span_matrix(figures: pd.DataFrame, months: pd.PeriodIndex) -> np.ndarray:
    """Which months each figure adds up: figures × months, 1 inside the span, else 0."""
    ordinals = np.asarray(months.asi8)
    first = np.asarray([month.ordinal for month in figures["first"]])[:, None]
    last = np.asarray([month.ordinal for month in figures["last"]])[:, None]
    return ((ordinals >= first) & (ordinals <= last)).astype(float)


def single_months(figures: pd.DataFrame) -> pd.DataFrame:
    """The figures that are of one month alone: the months that are known."""
    return figures[(figures["kind"] == "sum") & (figures["first"] == figures["last"])]


def pinned_months(figures: pd.DataFrame) -> pd.Series:
    """Middle of the interval of every month that is known, by month (Period[M]), USD million."""
    single = single_months(figures).sort_values("first")
    middle = (single["lower"] + single["upper"]) / 2
    return pd.Series(middle.to_numpy(), index=pd.PeriodIndex(single["first"], freq="M"))


def effective_months(figures: pd.DataFrame) -> int:
    """How many independent monthly facts the figures hold: the rank of their sums."""
    figures = figures[figures["kind"] == "sum"]
    if figures.empty:
        return 0
    months = pd.period_range(figures["first"].min(), figures["last"].max(), freq="M")
    return int(np.linalg.matrix_rank(span_matrix(figures, months)))


def history_law(observations: TradeObservations) -> tuple[float, float]:
    """Mean and standard deviation of log (customs level / history): uniform on its range."""
    lower, upper = np.log(observations.history_ratio)
    return float((lower + upper) / 2), float(upper - lower) / float(np.sqrt(12))


def trade_observations(
    spans: pd.DataFrame,
    draws: pd.DataFrame,
    flow: str,
    vintage: str,
    *,
    history_ratio: tuple[float, float] = (1.0, 1.0),
    controls: pd.DataFrame | None = None,
) -> TradeObservations:
    """One flow in one vintage of the frames `schemas.TRADE_SPANS` and `schemas.TRADE_DRAWS`.

    A draw of the total is the sum of the two flows of that draw. Months that some flow has no
    upper bound for are missing from the draws.
    """
    own = draws[draws["vintage"] == vintage]
    parts = ["export", "import"] if flow == "total" else [flow]
    wide = [
        own[own["flow"] == part].pivot_table(index="draw", columns="month", values="usd_mn")
        for part in parts
    ]
    monthly = sum(wide[1:], start=wide[0]).dropna(axis="columns")
    figures = spans[(spans["flow"] == flow) & (spans["vintage"] == vintage)]
    return TradeObservations(
        flow,
        vintage,
        figures.drop(columns=["flow", "vintage"]).reset_index(drop=True),
        monthly.set_axis(pd.PeriodIndex(monthly.columns, freq="M"), axis="columns"),
        history_ratio,
        pd.DataFrame() if controls is None else controls,
    )
