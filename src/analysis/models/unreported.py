"""Unreported deliveries by simulation: what the counted calls brought, and what that leaves open.

One draw fixes the inputs (laden share, detection rate, product mix, pace of uncounted months) and
the calls. A window's full capacity is volume over share, fixed by print; it is never drawn
independently of the calls. A detection rate below one adds calls of the same mean size. Days that
nobody counted enter the labelled scenario alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.models.cap import Cap
from analysis.models.tanker_counts import Window

#: Barrels a tonne (BP Statistical Review 2021). Tankers are rated in tonnes, and those who count
#: them turn tonnes into barrels at one rate for a mix that they do not know.
PETROL_RATE, DIESEL_RATE = 8.35, 7.46
INPUTS = ("laden share", "detection rate", "product mix", "size of a call", "uncounted months")


@dataclass(frozen=True)
class Priors:
    """What the inputs may be: ends of uniform laws, and the spread of a lognormal one.

    `laden_share` holds where shares are scenarios, `loaded_share` on the route whose ships were
    seen loading. `petrol_share` is that of petrol in tonnes of petrol and diesel. `pace_log_sd`
    is the standard deviation of the logarithm of calls a day in uncounted over counted days.
    """

    laden_share: tuple[float, float] = (1 / 3, 0.9)
    loaded_share: tuple[float, float] = (0.8, 1.0)
    detection: tuple[float, float] = (0.7, 1.0)
    petrol_share: tuple[float, float] = (0.0, 1.0)
    pace_log_sd: float = 0.4

    def __post_init__(self) -> None:
        for name in ("laden_share", "loaded_share", "detection", "petrol_share"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 1:
                raise ValueError(
                    f"{name}: two ends within [0, 1], the lower first, not {low, high}"
                )
        if self.detection[0] == 0:
            raise ValueError("detection: a rate of zero leaves the calls without limit")
        if self.pace_log_sd < 0:
            raise ValueError(f"pace_log_sd: zero or more, not {self.pace_log_sd}")


def priors_table(priors: Priors) -> pd.DataFrame:
    """The priors with their reasons: `input`, `law`, `from`, `to`, `reason`."""
    rows = [
        (
            "laden share",
            "uniform",
            *priors.laden_share,
            "the scenarios that were published, from one third to 90 %; nobody weighted them",
        ),
        (
            "laden share, 2024",
            "uniform",
            *priors.loaded_share,
            "ships were seen loading to about 90 % of capacity",
        ),
        (
            "detection rate",
            "uniform",
            *priors.detection,
            "counts say 'at least' and no source gives a rate; one is the counts as printed",
        ),
        (
            "product mix",
            "uniform",
            *priors.petrol_share,
            "share of petrol beside diesel in tonnes; no count says what was aboard",
        ),
        (
            "uncounted months",
            "lognormal",
            float(np.exp(-1.96 * priors.pace_log_sd)),
            float(np.exp(1.96 * priors.pace_log_sd)),
            "calls a day against counted days, 95 % range; spread as between the windows of a year",
        ),
    ]
    return pd.DataFrame(rows, columns=["input", "law", "from", "to", "reason"])


@dataclass(frozen=True, eq=False)
class YearDraws:
    """One year's draws; arrays have one row a draw, barrels throughout.

    `ends` are the last days of the segments into which months and windows cut the year;
    `counted` the running sum of unreported barrels of counted days, `reported` that of reported
    ones, both one column a segment. `scenario` is the whole year's unreported barrels with
    uncounted days filled in. `inputs` holds the drawn inputs by name.
    """

    year: int
    windows: tuple[Window, ...]
    ends: pd.DatetimeIndex
    in_window: np.ndarray
    counted: np.ndarray
    reported: np.ndarray
    scenario: np.ndarray
    inputs: Mapping[str, np.ndarray] = field(repr=False)

    @property
    def counted_total(self) -> np.ndarray:
        """Reported and counted unreported barrels: a lower bound of the year's deliveries."""
        return self.reported[:, -1] + self.counted[:, -1]

    @property
    def scenario_total(self) -> np.ndarray:
        """The same with uncounted days filled in."""
        return self.reported[:, -1] + self.scenario

    @property
    def days_counted(self) -> int:
        """Days of the year that some count covers."""
        return sum(window.days for window in self.windows)


def simulate(
    years: Mapping[int, tuple[Window, ...]],
    reported: Mapping[int, pd.DataFrame],
    priors: Priors,
    *,
    draws: int,
    seed: int,
    loaded_years: Sequence[int] = (2024,),
) -> dict[int, YearDraws]:
    """Draw every year that has a count.

    `years` as from `tanker_counts.windows_by_year`; `reported` gives for each of them the running
    sums of reports (`month`, `lower_bbl`, `upper_bbl`), whose true course is drawn between its
    ends. Laden share, detection rate and mix are one draw for all years, since they are
    conventions of the same counters; `loaded_years` have a laden share of their own. Open months
    of the reports add nothing: the totals are lower bounds in this respect too.

    The same seed gives the same draws, and a year's draws do not depend on which other years are
    asked for.
    """
    shared = np.random.default_rng([seed, 0])
    share = shared.uniform(*priors.laden_share, draws)
    detection = shared.uniform(*priors.detection, draws)
    petrol = shared.uniform(*priors.petrol_share, draws)
    middle = (PETROL_RATE + DIESEL_RATE) / 2
    mix = (petrol * PETROL_RATE + (1 - petrol) * DIESEL_RATE) / middle
    found = {}
    for year, windows in years.items():
        rng = np.random.default_rng([seed, year])
        loaded = rng.uniform(*priors.loaded_share, draws)
        laden = loaded if year in loaded_years else share
        found[year] = _year(
            year, windows, reported[year], laden, detection, mix, priors.pace_log_sd, rng
        )
    return found


def _year(
    year: int,
    windows: tuple[Window, ...],
    reported: pd.DataFrame,
    laden: np.ndarray,
    detection: np.ndarray,
    mix: np.ndarray,
    pace_log_sd: float,
    rng: np.random.Generator,
) -> YearDraws:
    draws = len(laden)
    ends = _segment_ends(year, windows)
    starts = [pd.Timestamp(year, 1, 1), *(end + pd.Timedelta(days=1) for end in ends[:-1])]
    days = np.array([(end - start).days + 1 for start, end in zip(starts, ends, strict=True)])
    owner = np.array([_owner(windows, end) for end in ends])
    amounts = np.zeros((draws, len(ends)))
    size, calls_in_all, capacity_in_all = rng.random(draws), np.zeros(draws), np.zeros(draws)
    for number, window in enumerate(windows):
        low, high = window.capacity_bbl
        capacity = low + size * (high - low)
        # Of N calls those seen are n with chance d each: N - n is negative binomial.
        calls = window.calls + rng.negative_binomial(window.calls, detection)
        per_call = capacity / window.calls * laden * mix
        inside = np.flatnonzero(owner == number)
        amounts[:, inside] = _spread(calls, days[inside], rng) * per_call[:, None]
        calls_in_all += calls
        capacity_in_all += capacity / window.calls * calls
    pace = np.exp(pace_log_sd * rng.standard_normal(draws))
    outside = int(days[owner < 0].sum())
    counted_days = int(days[owner >= 0].sum())
    extra = rng.poisson(calls_in_all / counted_days * outside * pace)
    mean_call = capacity_in_all / calls_in_all * laden * mix
    counted = amounts.cumsum(axis=1)
    return YearDraws(
        year=year,
        windows=windows,
        ends=ends,
        in_window=owner >= 0,
        counted=counted,
        reported=_reported(reported, starts, ends, days, rng.random(draws)),
        scenario=counted[:, -1] + extra * mean_call,
        inputs=dict(zip(INPUTS, (laden, detection, mix, size, pace), strict=True)),
    )


def _segment_ends(year: int, windows: Sequence[Window]) -> pd.DatetimeIndex:
    months = pd.date_range(f"{year}-01-01", f"{year}-12-31", freq="ME")
    cuts = [day for w in windows for day in (w.first - pd.Timedelta(days=1), w.last)]
    inside = [day for day in cuts if day.year == year]
    return pd.DatetimeIndex(sorted({*months, *inside}))


def _owner(windows: Sequence[Window], end: pd.Timestamp) -> int:
    """The window that holds a segment by its last day; -1 for none."""
    for number, window in enumerate(windows):
        if window.first <= end <= window.last:
            return number
    return -1


def _spread(calls: np.ndarray, days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Calls of a window over its segments: each falls on any day alike."""
    left, days_left = calls.copy(), days.sum()
    columns = []
    for length in days:
        taken = rng.binomial(left, length / days_left)
        columns.append(taken)
        left, days_left = left - taken, days_left - length
        days_left = max(days_left, 1)
    return np.column_stack(columns).astype(float)


def _reported(
    path: pd.DataFrame,
    starts: Sequence[pd.Timestamp],
    ends: pd.DatetimeIndex,
    days: np.ndarray,
    place: np.ndarray,
) -> np.ndarray:
    """Running reported barrels at each segment's end, `place` between the lower and upper path.

    Inside a month the barrels come evenly by day. Behind the last month of the path nothing more
    is known.
    """
    by_month = path.set_index("month")
    ordinals = {month: number for number, month in enumerate(by_month.index)}
    paths = []
    for column in ("lower_bbl", "upper_bbl"):
        running = np.concatenate([[0.0], by_month[column].to_numpy()])
        values = []
        for end in ends:
            month = end.to_period("M")
            number = ordinals.get(month, len(ordinals) - 1)
            before, after = running[number], running[number + 1]
            part = end.day / end.days_in_month if month in ordinals else 1.0
            values.append(before + part * (after - before))
        paths.append(np.array(values))
    lower, upper = paths
    return lower + place[:, None] * (upper - lower)


def totals_by_year(
    found: Mapping[int, YearDraws], caps: Mapping[int, Cap], *, level: float = 0.9
) -> pd.DataFrame:
    """Quantiles of each year's totals, barrels: one row a year.

    `counted_*`: reported and counted unreported, a lower bound of the year; `scenario_*`: with
    uncounted days filled in; each `lower`, `middle`, `upper` at `level`. `floor_bbl`: reports at
    their lower end and counted calls as printed, one third laden. `days_counted`;
    `chance_above_cap` of the counted total.
    """
    tails = ((1 - level) / 2, 0.5, (1 + level) / 2)
    rows = []
    for year, draws in found.items():
        row = {"year": year, "days_counted": draws.days_counted}
        for name, total in (
            ("unreported", draws.counted[:, -1]),
            ("counted", draws.counted_total),
            ("scenario", draws.scenario_total),
        ):
            ends = np.quantile(total, tails)
            row |= {
                f"{name}_{end}": value
                for end, value in zip(("lower", "middle", "upper"), ends, strict=True)
            }
        row["floor_bbl"] = float(draws.reported[:, -1].min()) + sum(
            window.capacity_bbl[0] / 3 for window in draws.windows
        )
        row["chance_above_cap"] = float(np.mean(draws.counted_total >= caps[year].barrels))
        row["cap_bbl"] = caps[year].barrels
        rows.append(row)
    return pd.DataFrame(rows)


def break_even_shares(
    years: Mapping[int, tuple[Window, ...]],
    reported: Mapping[int, pd.DataFrame],
    caps: Mapping[int, Cap],
) -> pd.DataFrame:
    """The laden share above which counted calls take a year past its cap, nothing else assumed.

    Every counted call as printed and none missed. `with_reports` adds what was reported (at its
    lower end); `calls_alone` does not, for whoever thinks that counted tankers brought reported
    cargoes too. Each has two ends where the capacity has: `_lower` at the largest capacity,
    `_upper` at the smallest. One row a year; a share above one cannot be reached.
    """
    rows = []
    for year, windows in years.items():
        low, high = (sum(window.capacity_bbl[end] for window in windows) for end in (0, 1))
        cap = caps[year].barrels
        left = max(cap - reported[year]["lower_bbl"].iloc[-1], 0.0)
        rows.append(
            {
                "year": year,
                "with_reports_lower": left / high,
                "with_reports_upper": left / low,
                "calls_alone_lower": cap / high,
                "calls_alone_upper": cap / low,
            }
        )
    return pd.DataFrame(rows)


def breaches(
    found: Mapping[int, YearDraws], caps: Mapping[int, Cap], *, level: float = 0.9
) -> pd.DataFrame:
    """Chance that reported and counted barrels had passed the cap, by the end of each window.

    One row a window: `year`, `until` (its last day), `calls`, `chance`; and the day of the breach
    in the draws that breach on counted days: `earliest`, `middle`, `latest` at `level` (NaT where
    fewer than one draw in a hundred does). Inside a window calls fall on any day alike, which is
    all that the count says of their dates.
    """
    tails = ((1 - level) / 2, 0.5, (1 + level) / 2)
    rows = []
    for year, draws in found.items():
        total = draws.reported + draws.counted
        cap = caps[year].barrels
        day, inside = _breach_day(draws, total, cap)
        for window in draws.windows:
            until = int(draws.ends.get_loc(window.last))
            here = inside & (day <= window.last.day_of_year)
            row = {
                "year": year,
                "until": window.last,
                "calls": window.calls,
                "chance": float(np.mean(total[:, until] >= cap)),
            }
            if here.mean() >= 0.01:
                found_days = np.quantile(day[here], tails)
                start = pd.Timestamp(year, 1, 1)
                ends = [start + pd.Timedelta(days=round(float(d)) - 1) for d in found_days]
            else:
                ends = [pd.NaT] * 3
            rows.append({**row, **dict(zip(("earliest", "middle", "latest"), ends, strict=True))})
    return pd.DataFrame(rows)


def _breach_day(draws: YearDraws, total: np.ndarray, cap: float) -> tuple[np.ndarray, np.ndarray]:
    """Day of the year on which each draw passes the cap (infinite if never); whether counted."""
    above = total >= cap
    ever = above.any(axis=1)
    segment = np.where(ever, above.argmax(axis=1), 0)
    rows = np.arange(len(total))
    after = total[rows, segment]
    before = np.where(segment > 0, total[rows, np.maximum(segment - 1, 0)], 0.0)
    last = draws.ends.day_of_year.to_numpy().astype(float)
    first = np.concatenate([[0.0], last[:-1]])
    part = (cap - before) / np.maximum(after - before, 1e-9)
    day = first[segment] + part * (last[segment] - first[segment])
    return np.where(ever, np.ceil(day), np.inf), ever & draws.in_window[segment]


def quantile_error(values: np.ndarray, level: float, *, batches: int = 50) -> float:
    """Monte Carlo standard error of a quantile, from the spread between batches of the draws."""
    parts = np.array_split(values, batches)
    return float(np.std([np.quantile(part, level) for part in parts], ddof=1) / np.sqrt(batches))


def seed_table(
    runs: Mapping[int, Mapping[int, YearDraws]], *, levels: Sequence[float] = (0.05, 0.5, 0.95)
) -> pd.DataFrame:
    """How far results move with the seed: one row a year and quantile of the counted total.

    `runs` gives draws by seed. Columns `year`, `level`, `smallest`, `largest` over the seeds,
    `error` (Monte Carlo standard error of one run), `spread_in_errors`.
    """
    first = next(iter(runs.values()))
    rows = []
    for year in first:
        for level in levels:
            values = [float(np.quantile(run[year].counted_total, level)) for run in runs.values()]
            error = quantile_error(first[year].counted_total, level)
            rows.append(
                {
                    "year": year,
                    "level": level,
                    "smallest": min(values),
                    "largest": max(values),
                    "error": error,
                    "spread_in_errors": (max(values) - min(values)) / error,
                }
            )
    return pd.DataFrame(rows)
