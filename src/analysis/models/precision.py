"""How narrowly the months are known: relative widths of bounds, and the months left open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Under this share of its middle a month counts as closed.
CLOSED_WIDTH = 0.05

_SUFFIX = {"conditional": "", "robust": "_robust"}


@dataclass(frozen=True)
class Closed:
    """How many of `months` month-flows have bounds under `CLOSED_WIDTH`, and their share."""

    bounds: str
    closed: int
    months: int

    @property
    def share(self) -> float:
        return self.closed / self.months


def relative_width(trade: pd.DataFrame, bounds: str = "conditional") -> pd.Series:
    """(upper - lower) / middle of each row's `conditional` or `robust` bounds, as a share.

    Infinite without an upper bound; zero where both are zero.
    """
    suffix = _SUFFIX[bounds]
    lower, upper = trade[f"lower{suffix}_usd_mn"], trade[f"upper{suffix}_usd_mn"]
    width = (upper - lower) / ((upper + lower) / 2)
    return width.where(upper > 0, 0.0).where(np.isfinite(upper), np.inf)


def window(
    trade: pd.DataFrame,
    first: str,
    last: str,
    *,
    vintage: str = "first_release",
    flows: Iterable[str] = ("export", "import"),
) -> pd.DataFrame:
    """The rows of `trade` from month `first` to `last` (both inside) of one vintage."""
    return trade[
        trade["month"].between(pd.Period(first, "M"), pd.Period(last, "M"))
        & (trade["vintage"] == vintage)
        & trade["flow"].isin(list(flows))
    ]


def closed_months(trade: pd.DataFrame, bounds: str = "conditional") -> Closed:
    """How many rows of `trade` are narrower than `CLOSED_WIDTH`."""
    narrow = relative_width(trade, bounds) < CLOSED_WIDTH
    return Closed(bounds, int(narrow.sum()), len(trade))


def open_months(trade: pd.DataFrame) -> pd.DataFrame:
    """The rows of `trade` whose robust bounds are `CLOSED_WIDTH` or wider, with both widths.

    Gives `month`, `flow`, the four bounds, `width_pct` and `robust_width_pct` (per cent of the
    middle), in the order of flow and month.
    """
    widths = {
        "width_pct": 100 * relative_width(trade),
        "robust_width_pct": 100 * relative_width(trade, "robust"),
    }
    columns = [
        "month",
        "flow",
        "lower_usd_mn",
        "upper_usd_mn",
        "width_pct",
        "lower_robust_usd_mn",
        "upper_robust_usd_mn",
        "robust_width_pct",
    ]
    wide = trade.assign(**widths)
    wide = wide[wide["robust_width_pct"] >= 100 * CLOSED_WIDTH]
    return wide[columns].sort_values(["flow", "month"]).reset_index(drop=True)
