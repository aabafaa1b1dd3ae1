"""Do the intervals hold what they promise? Series of known truth, printed as the real ones are.

A series is the monthly trade of 2012-2019 that a known process makes; what would have been stands
beside what was recorded once a known share is taken away. Its history is printed in the sums,
months and rates of the real tables, from 2016 in rounded months, and every engine has to find the
loss. Three processes are from outside every engine's own family, the fourth is the structural
engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.benchmarks import Flat2016, SeasonalNaive
from analysis.models.counterfactual import HORIZONS, Counterfactual, Engine, interval
from analysis.models.holiday import lunar_new_year
from analysis.models.monthly_state_space import persistence
from analysis.models.segmented import Segmented
from analysis.models.structural import (
    FIRST_SLOPE,
    LEVEL_SD,
    MONTH_SD,
    PERSISTENCE,
    SLOPE_SD,
    Structural,
)
from analysis.models.trade_observations import (
    CUSTOMS_START,
    FitError,
    TradeObservations,
    Window,
    span_matrix,
)

WINDOW = Window.of("2012-01", "2016-11", "2019-12")
MONTHS = pd.period_range(WINDOW.first, WINDOW.evaluation_end, freq="M")
#: What is known of total trade before 2016: first and last month, and the width of the interval
#: as a percentage of the figure (`trade_spans`, corrected, to one significant digit).
HISTORY_SUMS = """
2012-01 2012-01 2.5, 2012-01 2012-06 5, 2012-01 2012-07 0.2, 2012-01 2012-10 0.1,
2012-01 2012-12 0.004, 2012-02 2012-02 4, 2012-03 2012-03 4, 2012-04 2012-04 0.7,
2012-05 2012-05 0.9, 2013-01 2013-01 0.3, 2013-01 2013-06 4, 2013-01 2013-07 0.5,
2013-01 2013-09 5, 2013-01 2013-12 0.0003, 2013-02 2013-02 2, 2013-03 2013-03 0.5,
2013-04 2013-04 1.2, 2013-05 2013-05 0.6, 2013-08 2013-08 0.5, 2014-01 2014-01 0.5,
2014-01 2014-12 0.04, 2014-02 2014-02 2, 2014-03 2014-03 0.3, 2014-06 2014-06 5,
2014-07 2014-07 5, 2014-08 2014-08 0.3, 2014-12 2014-12 4, 2015-01 2015-01 5,
2015-01 2015-11 0.3, 2015-02 2015-02 6, 2015-03 2015-03 7, 2015-04 2015-04 5,
2015-05 2015-05 5, 2015-06 2015-06 4, 2015-07 2015-07 4, 2015-07 2015-09 3,
2015-08 2015-08 4, 2015-11 2015-11 4, 2015-12 2015-12 1.5
"""
#: Printed growth rates, with the width of their interval as a fraction.
HISTORY_RATES = "2014-01 2014-05 0.0078"
#: From 2016 the first three months are a sum, and every other month is printed to three digits.
FIRST_SUM = ("2016-01", "2016-03", 1.1)
DIGITS = 3
#: Range of the history against the customs' level: that which was measured.
HISTORY_RATIO = (0.985, 1.035)
#: Joint draws of a series: enough for its intervals, and quick.
DRAWS = 50
#: Roughness of a month that no figure pins (logarithm), and the least share of the truth it keeps.
ROUGH, LEAST_SHARE = 0.2, 0.05
#: What is taken away: a share of trade in the first year after training, and later.
FALLS = (0.3, 0.8)
#: Half of the series feel a price with this elasticity; its logarithm wanders by so much a month.
ELASTICITY, PRICE_SD = 0.3, 0.08
#: Standard deviation of a calendar month's departure, and the dip of a whole holiday (logarithms).
SEASON_SD, HOLIDAY_DIP = 0.15, -0.3
#: The coverage of an interval of level 0.9 that counts as kept.
ACCEPTED = (0.87, 0.93)
#: Fewest series from which coverage is claimed.
LEAST_SERIES = 500
#: A fall counts as found by the design when so many of the series show it.
POWER = 0.80


@dataclass(frozen=True, eq=False)
class Series:
    """One simulated series: what an engine is given, and what it does not see.

    `without` is the truth without the measures over the evaluation, USD million a month.
    """

    seed: int
    process: str
    observations: TradeObservations
    without: np.ndarray


def trend_and_autoregression(rng: np.random.Generator) -> np.ndarray:
    """Straight trend, errors AR(1) about it: no level wanders."""
    phi, sd = rng.uniform(0.3, 0.8), rng.uniform(0.06, 0.12)
    slope = rng.normal(0, 0.06)
    return slope * np.arange(len(MONTHS)) / 12 + _autoregression(phi, sd, rng)


def wandering_volatility(rng: np.random.Generator) -> np.ndarray:
    """Random walk without drift or break, whose volatility wanders itself."""
    volatility = np.log(0.045) + _autoregression(0.95, 0.15, rng)
    walk = np.cumsum(np.exp(volatility) * rng.standard_normal(len(MONTHS)))
    return walk + rng.normal(0, 0.05, len(MONTHS))


def airline(rng: np.random.Generator) -> np.ndarray:
    """Seasonal ARIMA (0,1,1)(0,1,1) of Box and Jenkins: the season itself changes."""
    first, seasonal, sd = rng.uniform(0.4, 0.7), rng.uniform(0.6, 0.9), rng.uniform(0.06, 0.1)
    shocks = rng.normal(0, sd, len(MONTHS) + 13)
    moved = shocks.copy()
    moved[1:] -= first * shocks[:-1]
    moved[12:] -= seasonal * shocks[:-12]
    moved[13:] += first * seasonal * shocks[:-13]
    series = np.zeros(len(moved))
    for month in range(13, len(moved)):
        before = series[month - 1] + series[month - 12] - series[month - 13]
        series[month] = before + moved[month]
    return series[13:]


def own_family(rng: np.random.Generator) -> np.ndarray:
    """What the structural engine supposes before it sees data."""
    month, level, shocks = (
        np.exp(rng.normal(np.log(middle), spread))
        for middle, spread in (MONTH_SD, LEVEL_SD, SLOPE_SD)
    )
    phi = persistence(rng.normal(*PERSISTENCE))
    slopes = rng.normal(0, FIRST_SLOPE) + np.cumsum(rng.normal(0, shocks, len(MONTHS)))
    trend = np.cumsum(slopes / 12)
    return trend + _autoregression(phi, level, rng) + rng.normal(0, month, len(MONTHS))


PROCESSES = {
    "trend and AR(1)": trend_and_autoregression,
    "random walk, wandering volatility": wandering_volatility,
    "seasonal ARIMA": airline,
    "structural": own_family,
}


def engines() -> tuple[Engine, ...]:
    """Every engine that is scored, with the settings of the pages.

    The seasonal ARIMA, slow and without the sums, is one of many specifications and no candidate.
    """
    return (
        Structural(),
        Structural(controls=("brent",)),
        Segmented(),
        Segmented(errors="prais-winsten"),
        Flat2016(),
        SeasonalNaive(),
    )


def simulate_series(seed: int) -> Series:
    """The series of a seed: process, price and printing follow from it alone."""
    rng = np.random.default_rng(seed)
    process = list(PROCESSES)[seed % len(PROCESSES)]
    season = rng.normal(0, SEASON_SD, 12)
    price = np.cumsum(rng.normal(0, PRICE_SD, len(MONTHS)))
    logs = np.log(rng.uniform(200, 500)) + PROCESSES[process](rng)
    logs += (season - season.mean())[MONTHS.month - 1]
    logs += rng.uniform(0, 2) * HOLIDAY_DIP * lunar_new_year(MONTHS).to_numpy()
    logs += ELASTICITY * (seed // len(PROCESSES) % 2) * (price - price[0])
    without = np.exp(logs)
    after = WINDOW.train_end < MONTHS
    later = WINDOW.train_end + 12 < MONTHS
    recorded = without * (1 - FALLS[0] * after - (FALLS[1] - FALLS[0]) * later)
    ratio = rng.uniform(*HISTORY_RATIO)
    printed = np.where(MONTHS < CUSTOMS_START, recorded / ratio, recorded)
    figures = printed_figures(pd.Series(printed, index=MONTHS), rng)
    observations = TradeObservations(
        "total",
        "corrected",
        figures,
        consistent_draws(figures, printed, rng),
        HISTORY_RATIO,
        pd.DataFrame({"brent": 60 * np.exp(price)}, index=MONTHS),
    )
    return Series(seed, process, observations, without[after])


def printed_figures(months: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """What would be printed of `months` (USD million by month): figures as `TradeObservations`.

    The truth lies anywhere in the interval of its figure.
    """
    history = [tuple(part.split()) for part in HISTORY_SUMS.split(",")]
    spans = [(first, last, float(width)) for first, last, width in [*history, FIRST_SUM]]
    rows = []
    for first, last, width in spans:
        value = months[first:last].sum()
        rows.append(("sum", first, last, *_around(value, value * width / 100, rng)))
    first, last, width = HISTORY_RATES.split()
    own, before = months[first:last].sum(), months[_year_before(first) : _year_before(last)].sum()
    rows.append(("rate", first, last, *_around(own / before - 1, float(width), rng)))
    for month in MONTHS[pd.Period(FIRST_SUM[1], "M") < MONTHS]:
        unit = 10.0 ** (np.floor(np.log10(months[month])) + 1 - DIGITS)
        middle = np.round(months[month] / unit) * unit
        rows.append(("sum", str(month), str(month), middle - unit / 2, middle + unit / 2))
    table = pd.DataFrame(rows, columns=["kind", "first", "last", "lower", "upper"])
    return table.assign(
        **{name: pd.PeriodIndex(table[name], freq="M") for name in table.columns[1:3]}
    )


def consistent_draws(
    figures: pd.DataFrame, truth: np.ndarray, rng: np.random.Generator, draws: int = DRAWS
) -> pd.DataFrame:
    """Months that keep to a value inside every figure's interval: draws × months.

    A rough path through the known months is moved, each month in proportion to its square, to
    where the figures hold; what they leave open stays as rough as it was. The months that are
    possible are a convex set, so a draw with a month below nought is drawn back towards `truth`.
    """
    sums, rates = figures["kind"] == "sum", figures["kind"] == "rate"
    before = span_matrix(
        pd.DataFrame({"first": figures["first"] - 12, "last": figures["last"] - 12}), MONTHS
    )
    own, before = span_matrix(figures, MONTHS), before * rates.to_numpy()[:, None]
    known = np.interp(np.arange(len(MONTHS)), *_known(figures))
    values = np.empty((draws, len(MONTHS)))
    for number in range(draws):
        drawn = rng.uniform(figures["lower"], figures["upper"])
        forms = own - before * (1 + drawn)[:, None]
        path = known * np.exp(ROUGH * rng.standard_normal(len(MONTHS)))
        size = np.linalg.norm(forms * path, axis=1)  # figures of unlike size, made alike
        rooted = forms * path / size[:, None]
        missing = (np.where(sums, drawn, 0.0) - forms @ path) / size
        moved = path + path * (rooted.T @ np.linalg.solve(rooted @ rooted.T, missing))
        step = 1.0
        while (truth + step * (moved - truth) < LEAST_SHARE * truth).any():
            step /= 2
        values[number] = truth + step * (moved - truth)
    return pd.DataFrame(values, columns=MONTHS)


def score(series: Series, engine: Engine) -> list[dict[str, object]]:
    """One row a horizon: the true cumulative loss, its interval, and the least fall that shows.

    `shows_from` is the share of trade that would have had to be lost over the horizon for the
    interval to exclude zero. A fit that fails is a row with `error`.
    """
    same = {"seed": series.seed, "process": series.process, "engine": engine.name}
    try:
        result = engine.fit(series.observations, WINDOW)
    except FitError as error:
        return [{**same, "horizon": horizon, "error": str(error)} for horizon in HORIZONS]
    return [{**same, **_scored(series, result, horizon), "error": ""} for horizon in HORIZONS]


def _scored(series: Series, result: Counterfactual, horizon: int) -> dict[str, object]:
    without = series.without[:horizon].sum()
    months = np.arange(len(series.without))
    falls = np.where(months < 12, FALLS[0], FALLS[1])
    truth = -(series.without * falls)[:horizon].sum()
    simulated = result.simulated[:, :horizon].sum(axis=1)
    middle, lower, upper = interval(result.observed[:, :horizon].sum(axis=1) - simulated)
    return {
        "horizon": horizon,
        "covered": bool(lower <= truth <= upper),
        "below": bool(truth < lower),
        "error_percent": 100 * (middle - truth) / without,
        "width_percent": 100 * (upper - lower) / without,
        "shows_from": 1 - interval(simulated)[1] / without,
    }


def coverage_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Coverage of the nominal interval by engine, process (`all` pools them) and horizon.

    Columns `series` (those that were fitted), `failed`, `coverage`, `mc_error` (its standard
    error), `truth_below` and `truth_above` the interval (shares), `median_error_percent` and
    `median_width_percent` (of trade without the measures), `kept` (coverage within `ACCEPTED`).
    """
    return _by_process(scores, _coverage_line)


def power_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The smallest fall, per cent of trade, that shows in `POWER` of the series: by engine,
    process (`all` pools them) and horizon."""
    return _by_process(
        scores,
        lambda fitted, _: {
            "series": len(fitted),
            "detectable_fall_percent": round(100 * float(fitted["shows_from"].quantile(POWER)), 1),
        },
    )


def headline_engines(coverage: pd.DataFrame) -> list[str]:
    """Engines that a headline may rest on: pooled coverage within `ACCEPTED` at every horizon.

    Of `coverage_table`, from at least `LEAST_SERIES` series; in the table's order.
    """
    pooled = coverage[coverage["process"] == "all"]
    fit = pooled["kept"] & (pooled["series"] >= LEAST_SERIES)
    complete = pooled.groupby("engine", sort=False)["horizon"].agg(set).map(set(HORIZONS).issubset)
    kept = fit.groupby(pooled["engine"], sort=False).all() & complete
    return kept.index[kept].tolist()


def _by_process(scores: pd.DataFrame, line) -> pd.DataFrame:
    rows = []
    for engine, own in scores.groupby("engine", sort=False):
        groups = [("all", own), *own.groupby("process", sort=False)]
        for process, part in groups:
            for horizon, at in part.groupby("horizon"):
                fitted = at[at["error"].isna() | (at["error"] == "")]
                rows.append(
                    {"engine": engine, "process": process, "horizon": horizon, **line(fitted, at)}
                )
    return pd.DataFrame(rows)


def _coverage_line(fitted: pd.DataFrame, every: pd.DataFrame) -> Mapping[str, object]:
    share = fitted["covered"].astype(bool).mean()
    below = fitted["below"].astype(bool).mean()
    return {
        "series": len(fitted),
        "failed": len(every) - len(fitted),
        "coverage": round(share, 4),
        "mc_error": round(float(np.sqrt(share * (1 - share) / max(len(fitted), 1))), 4),
        "truth_below": round(below, 4),
        "truth_above": round(1 - share - below, 4),
        "median_error_percent": round(fitted["error_percent"].median(), 2),
        "median_width_percent": round(fitted["width_percent"].median(), 1),
        "kept": ACCEPTED[0] <= share <= ACCEPTED[1],
    }


def _autoregression(phi: float, sd: float, rng: np.random.Generator) -> np.ndarray:
    """AR(1) from its stationary law, one value a month."""
    values = np.empty(len(MONTHS))
    values[0] = rng.normal(0, sd / np.sqrt(1 - phi**2))
    for month in range(1, len(MONTHS)):
        values[month] = phi * values[month - 1] + rng.normal(0, sd)
    return values


def _around(value: float, width: float, rng: np.random.Generator) -> tuple[float, float]:
    lower = value - width * rng.uniform()
    return lower, lower + width


def _year_before(month: str) -> str:
    return str(pd.Period(month, "M") - 12)


def _known(figures: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Places and values of the months that are known."""
    single = figures[(figures["kind"] == "sum") & (figures["first"] == figures["last"])]
    places = MONTHS.get_indexer(pd.PeriodIndex(single["first"]))
    order = np.argsort(places)
    return places[order], ((single["lower"] + single["upper"]) / 2).to_numpy()[order]
