"""Product panels of known truth, in the form in which a reader's own download arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.product_groups import Choice, classify

#: Headings that North Korea sold to China in these years, banned and free, four digits each: the
#: number of products in each group is near the real one.
BANNED_HEADINGS = (
    *("2701", "2702", "2601", "2607", "7801", "7201", "7203"),
    *("0303", "0304", "0305", "0306", "0307", "1604", "1605"),
    *(f"{chapter}{heading:02d}" for chapter in (61, 62) for heading in range(1, 17)),
    *("0802", "0807", "1202", "1211", "0712", "0713"),
    *("2516", "2519", "2530", "4401", "4407", "4412", "8504", "8544", "8501"),
)
FREE_HEADINGS = (
    *("7202", "2611", "2613", "2716", "6704", "6703", "9102", "9108", "9114", "0501", "0505"),
    *(f"28{heading:02d}" for heading in range(1, 15)),
    *(f"29{heading:02d}" for heading in range(1, 10)),
    *(f"{chapter}{heading:02d}" for chapter in (39, 48, 70, 95) for heading in range(1, 12)),
)


@dataclass(frozen=True)
class Truth:
    """How a panel is made. `effects`: log change of trade by group from its first clean month
    (minus infinity: none). Between the measure and that month it is half of that, or `rush` if
    that is given (a log change upwards: contracts brought forward). `noise` and `persistence`:
    standard deviation and month-to-month correlation of a product's own log noise; `idle`: share
    of months in which a product is not traded at all; `drift`: log change a month of the banned
    products' trade against the others, which no comparison can see after the ban; `trends`: the
    standard deviation of such a drift by product."""

    effects: Mapping[str, float]
    noise: float = 0.5
    persistence: float = 0.4
    idle: float = 0.15
    rush: float | None = None
    drift: float = 0.0
    trends: float = 0.0


def simulated_panel(
    measures: pd.DataFrame,
    truth: Truth,
    *,
    seed: int,
    partner: int = 109,
    flow: str = "import",
    first: str = "2014-01",
    last: str = "2019-12",
    headings: tuple[str, ...] = BANNED_HEADINGS + FREE_HEADINGS,
    choice: Choice | None = None,
    subdivided: int = 1,
) -> pd.DataFrame:
    """A `schemas.PRODUCT_PANEL` frame with effects planted by the bans of `choice`.

    Sizes of products are log-normal; all share month effects with a season. A month's trade has
    its mean at product times month times effect whatever the noise, so the planted ratios are
    those of expected sums. With `subdivided` > 1 each heading is split into so many six-digit
    codes at random.
    """
    rng = np.random.default_rng(seed)
    months = pd.period_range(first, last, freq="M")
    bans = classify(headings, measures, flow, choice)
    size = rng.lognormal(np.log(0.6), 1.2, len(headings))
    season = 0.15 * np.sin(2 * np.pi * (months.month.to_numpy() - 3) / 12)
    common = np.exp(season + np.cumsum(rng.normal(0, 0.03, len(months))))
    effect, banned = _log_effects(bans, months, truth)
    centred = (np.arange(len(months)) - len(months) / 2)[None, :]
    slope = truth.drift * banned + rng.normal(0, 1, len(headings)) * truth.trends
    with np.errstate(over="ignore"):
        mean = np.outer(size, common) * np.exp(effect + slope[:, None] * centred)
    values = 1e6 * mean * _noise(rng, mean.shape, truth)
    frame = pd.DataFrame(values, index=list(headings), columns=months)
    long = frame.rename_axis("hs").melt(ignore_index=False, var_name="month", value_name="value")
    return _as_panel(long.reset_index(), rng, flow, partner, subdivided)


def _log_effects(
    bans: pd.DataFrame, months: pd.PeriodIndex, truth: Truth
) -> tuple[np.ndarray, np.ndarray]:
    """Log effects (headings, months), and whether each heading has one planted."""
    effect = np.zeros((len(bans), len(months)))
    planted = np.array([name in truth.effects for name in bans["group"]])
    time = months.asi8
    for place in np.flatnonzero(planted):
        ban = bans.iloc[place]
        full = truth.effects[ban["group"]]
        partly = full / 2 if truth.rush is None else truth.rush
        effect[place, time >= ban["begins"].ordinal] = partly
        effect[place, time >= ban["clean"].ordinal] = full
    return effect, planted


def _noise(rng: np.random.Generator, shape: tuple[int, int], truth: Truth) -> np.ndarray:
    """Multiplicative noise of mean one: log-normal and persistent, with idle months."""
    shocks = rng.normal(size=shape)
    log = np.empty(shape)
    log[:, 0] = shocks[:, 0]
    for month in range(1, shape[1]):
        kept = truth.persistence * log[:, month - 1]
        log[:, month] = kept + np.sqrt(1 - truth.persistence**2) * shocks[:, month]
    traded = rng.random(shape) >= truth.idle
    return np.exp(truth.noise * log - truth.noise**2 / 2) * traded / (1 - truth.idle)


def _as_panel(
    long: pd.DataFrame, rng: np.random.Generator, flow: str, partner: int, subdivided: int
) -> pd.DataFrame:
    if subdivided > 1:
        shares = rng.dirichlet(np.ones(subdivided), len(long))
        long = pd.concat(
            [
                long.assign(
                    hs=long["hs"] + f"{10 * (part + 1)}", value=long["value"] * shares[:, part]
                )
                for part in range(subdivided)
            ]
        )
    recorded = long[long["value"] > 0]
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex(recorded["month"], freq="M"),
            "flow": flow,
            "partner": partner,
            "hs": recorded["hs"].astype("string").array,
            "value_usd": recorded["value"].round(0).to_numpy(float),
            "quantity": np.nan,
            "unit": pd.array([pd.NA] * len(recorded), dtype="string"),
            "source": pd.array(["simulated"] * len(recorded), dtype="string"),
        }
    ).sort_values(["month", "hs"], ignore_index=True)
