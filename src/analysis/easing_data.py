"""From data/processed and data/raw to what the easing page asks about: the edge of its models."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis import load_trade
from analysis.models.ban_value import Amount
from analysis.models.year_on_year import window_bounds
from analysis.paths import Paths
from analysis.sources.calendar import read_events
from analysis.sources.tables import read_table
from analysis.sources.total_trade import read_printed_shares, read_total_trade
from analysis.sources.trade_shares import read_trade_shares
from analysis.sources.votes import read_votes


@dataclass(frozen=True, eq=False)
class EasingData:
    """`trade` and `windows` as their schemas say, `goods` as `COMMODITY_OBSERVATIONS`; the others
    as their readers give them, without rows that are set aside."""

    trade: pd.DataFrame
    windows: pd.DataFrame
    goods: pd.DataFrame
    goods_shares: pd.DataFrame
    hs_map: pd.DataFrame
    total_trade: pd.DataFrame
    china_shares: pd.DataFrame
    events: pd.DataFrame
    votes: pd.DataFrame


def easing_data(paths: Paths) -> EasingData:
    """Read all of it. Raises FileNotFoundError when notebook 01 has not been built."""
    amounts, shares = read_total_trade(paths), read_printed_shares(paths)
    return EasingData(
        load_trade(paths.root),
        _with_months(pd.read_csv(paths.processed / "trade_windows.csv")),
        _with_months(pd.read_parquet(paths.processed / "observations_gacc_commodities.parquet")),
        read_trade_shares(paths),
        read_table(paths, "sanctions_hs_map"),
        amounts[amounts["set_aside"].isna()],
        shares[shares["set_aside"].isna()],
        read_events(paths),
        read_votes(paths),
    )


def yearly(data: EasingData, flow: str, year: int, vintage: str = "corrected") -> Amount:
    """Recorded trade of a calendar year, USD million: the middle of its bounds, and the bounds."""
    lower, upper = window_bounds(data.windows, flow, f"{year}-01", f"{year}-12", vintage)
    return Amount((lower + upper) / 2, lower, upper)


def _with_months(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{end: pd.PeriodIndex(frame[end], freq="M") for end in ("first", "last")})
