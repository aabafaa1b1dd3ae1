"""Counts of tanker calls: which contain which, and the capacity that a printed volume implies.

Those who count tankers print a volume for an assumed laden share. Volume over share is calls
times capacity, whatever the share: that product is known as well as the print, and only the share
is open. Counts of one year nest, and ships seen from space, transfers at sea and the customs
office's own figures repeat what a count or the Committee's page already holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class CountSource:
    """Which rows are one count: same days, calls and volumes of one document.

    `assumed_share` stands for a scenario whose share the source text does not state, `scenario`
    names the row it is assumed for, `contained_in` the larger count of the same year.
    """

    id: str
    first: str
    last: str
    contained_in: str = ""
    scenario: str = ""
    assumed_share: float | None = None
    why: str = ""


#: Every count of calls in the table.
COUNT_SOURCES = (
    CountSource("2018-05", "2018-01-01", "2018-05-30", contained_in="2018"),
    CountSource("2018", "2018-01-01", "2018-12-31"),
    CountSource("2019-04", "2019-01-01", "2019-04-30"),
    CountSource(
        "2020-05",
        "2020-01-01",
        "2020-05-31",
        contained_in="2020-09",
        scenario="maximum",
        assumed_share=0.90,
        why="the maximum of a range; earlier and later complaints print 90 % as theirs",
    ),
    CountSource("2020-09", "2020-01-01", "2020-09-30"),
    CountSource(
        "2022-04",
        "2022-01-01",
        "2022-04-30",
        contained_in="2022-08",
        scenario="laden share not in source text read",
        assumed_share=0.90,
        why="barrels a call agree with those of 2023, which are printed for 90 %",
    ),
    CountSource(
        "2022-08",
        "2022-01-01",
        "2022-08-31",
        scenario="high-laden",
        assumed_share=0.90,
        why="called high-laden, and said to pass the cap at 60 % too",
    ),
    CountSource("2023-05", "2023-01-01", "2023-05-01", contained_in="2023-09"),
    CountSource("2023-09", "2023-01-01", "2023-09-15"),
    CountSource("2024-11", "2024-03-07", "2024-11-05"),
)
#: A volume without its share can only bound the capacity from below (fully laden): NHK's total of
#: the Panel's count of January-September 2020.
UNSHARED_VOLUME = {"2020-09": "UN Panel of Experts via NHK"}
#: "More than a million barrels" is read as at most a tenth more: a source that saw 1.2 million
#: would have said so.
OPEN_VOLUME_SPAN = 1.1


@dataclass(frozen=True)
class TankerCount:
    """One count: `calls` from `first` to `last` (days, both inside), and what they could carry.

    `capacity_bbl` are the ends of all calls' full capacity together, from volume over share; None
    where no volume with a share was printed. `row_ids` are the rows behind it.
    """

    id: str
    first: pd.Timestamp
    last: pd.Timestamp
    calls: int
    capacity_bbl: tuple[float, float] | None
    contained_in: str
    row_ids: tuple[str, ...]
    assumed: str = ""

    @property
    def days(self) -> int:
        """Days counted, both ends inside."""
        return (self.last - self.first).days + 1

    @property
    def capacity_per_call(self) -> tuple[float, float] | None:
        """Barrels that a call could carry, fully laden."""
        if self.capacity_bbl is None:
            return None
        return self.capacity_bbl[0] / self.calls, self.capacity_bbl[1] / self.calls


def tanker_counts(estimates: pd.DataFrame) -> dict[str, TankerCount]:
    """The counts of `COUNT_SOURCES` by id.

    `estimates` has one row a printed figure: `row_id`, `first_day`, `last_day` (Timestamp),
    `estimator`, `measure`, `value`, `lower`, `upper`, `laden_share`, `scenario`. Raises
    ValueError for a count without its row, a negative number, volumes of one count that no
    capacity fits, and a count that has more calls, or ends later, than the one said to hold it.
    """
    if (estimates[["value", "lower"]] < 0).any(axis=None):
        raise ValueError("a negative number of calls or barrels: look at its row")
    counts = {source.id: _count(estimates, source) for source in COUNT_SOURCES}
    for count in counts.values():
        whole = counts.get(count.contained_in)
        if whole and (count.calls > whole.calls or count.last > whole.last):
            raise ValueError(f"count {count.id} does not fit into {whole.id}, said to hold it")
    return counts


def _count(estimates: pd.DataFrame, source: CountSource) -> TankerCount:
    first, last = pd.Timestamp(source.first), pd.Timestamp(source.last)
    own = estimates[(estimates["first_day"] == first) & (estimates["last_day"] == last)]
    calls = own[(own["measure"] == "calls") & own["value"].notna()]
    if len(calls) != 1:
        raise ValueError(f"count {source.id}: {len(calls)} rows give its calls, one should")
    volumes = own[own["measure"] == "bbl"].assign(share=own["laden_share"])
    if source.assumed_share is not None:
        assumed = volumes["scenario"] == source.scenario
        volumes["share"] = volumes["share"].mask(assumed, source.assumed_share)
    volumes = volumes[volumes["share"].notna()]
    return TankerCount(
        id=source.id,
        first=first,
        last=last,
        calls=int(calls["value"].iloc[0]),
        capacity_bbl=_capacity(volumes, source.id),
        contained_in=source.contained_in,
        row_ids=(*calls["row_id"], *volumes["row_id"]),
        assumed=source.why,
    )


def _capacity(volumes: pd.DataFrame, name: str) -> tuple[float, float] | None:
    """Where the capacities that the volumes imply meet."""
    if volumes.empty:
        return None
    lower = (volumes["lower"] / volumes["share"]).max()
    upper = (volumes["upper"] / volumes["share"]).min()
    if np.isinf(upper):
        upper = lower * OPEN_VOLUME_SPAN
    if lower > upper:
        raise ValueError(
            f"count {name}: no capacity fits its printed volumes and shares "
            f"({lower:,.0f} > {upper:,.0f} barrels)"
        )
    return float(lower), float(upper)


def implied_share(
    volume: tuple[float, float], reference: tuple[float, float], reference_share: float
) -> tuple[float, float]:
    """The laden shares at which `volume` and `reference` have one capacity, lower and upper.

    Both volumes are the ends that their printed digits allow.

    >>> low, high = implied_share((759_792.5, 759_793.5), (1_367_627.5, 1_367_628.5), 0.9)
    >>> low <= 0.5 <= high
    True
    """
    return (
        reference_share * volume[0] / reference[1],
        reference_share * volume[1] / reference[0],
    )


@dataclass(frozen=True)
class Window:
    """Days of a year that one count covers and no smaller one does.

    `capacity_bbl`: ends of the full capacity of its calls.
    """

    first: pd.Timestamp
    last: pd.Timestamp
    calls: int
    capacity_bbl: tuple[float, float]
    counts: tuple[str, ...]

    @property
    def days(self) -> int:
        """Days covered, both ends inside."""
        return (self.last - self.first).days + 1


def windows_by_year(
    counts: Mapping[str, TankerCount], estimates: pd.DataFrame
) -> dict[int, tuple[Window, ...]]:
    """Each year's counts as windows one after another, so that no call is in two of them.

    A count that holds an earlier one leaves its own calls less that one's, and its capacity less
    that one's. Where a window has no capacity of its own, a call in it carries between the
    smallest and the largest full capacity of a call in the counts that have one.
    """
    per_call = [end for c in counts.values() if c.capacity_per_call for end in c.capacity_per_call]
    spread = (min(per_call), max(per_call))
    years: dict[int, tuple[Window, ...]] = {}
    for whole in (count for count in counts.values() if not count.contained_in):
        parts = [count for count in counts.values() if count.contained_in == whole.id]
        windows, before = [], None
        for count in sorted([*parts, whole], key=lambda count: count.last):
            windows.append(_window(count, before, spread, estimates))
            before = count
        years[whole.first.year] = tuple(windows)
    return years


def _window(
    count: TankerCount,
    before: TankerCount | None,
    spread: tuple[float, float],
    estimates: pd.DataFrame,
) -> Window:
    first = count.first if before is None else before.last + pd.Timedelta(days=1)
    calls = count.calls - (before.calls if before else 0)
    ids = (count.id,) if before is None else (count.id, before.id)
    if count.capacity_bbl is not None:
        taken = before.capacity_bbl if before else (0.0, 0.0)
        ends = count.capacity_bbl[0] - taken[1], count.capacity_bbl[1] - taken[0]
    elif before is not None and before.capacity_per_call is not None:
        ends = _carried_on(count, before, calls, estimates)
    else:
        ends = (calls * spread[0], calls * spread[1])
    return Window(first, count.last, calls, ends, ids)


def _carried_on(
    count: TankerCount, before: TankerCount, calls: int, estimates: pd.DataFrame
) -> tuple[float, float]:
    """Calls as large as before, up to what an unshared volume leaves if its ships were full."""
    low = before.capacity_per_call[0] * calls
    own = estimates[
        (estimates["estimator"] == UNSHARED_VOLUME.get(count.id))
        & (estimates["last_day"] == count.last)
        & (estimates["measure"] == "bbl")
    ]
    high = own["value"].max() - before.capacity_bbl[0] if len(own) else low
    return low, max(low, float(high))


def nested_paces(years: Mapping[int, tuple[Window, ...]]) -> pd.DataFrame:
    """How the calls a day of later windows compare with those of the first of their year.

    Columns `year`, `first_per_day`, `later_per_day`, `log_ratio`: what is known of how far a
    count of some months may be carried to others.
    """
    rows = []
    for year, windows in years.items():
        for later in windows[1:]:
            pace = windows[0].calls / windows[0].days
            rows.append(
                {
                    "year": year,
                    "first_per_day": pace,
                    "later_per_day": later.calls / later.days,
                    "log_ratio": float(np.log(later.calls / later.days / pace)),
                }
            )
    return pd.DataFrame(rows)


#: Why a figure that is no count enters nothing, by what it measures.
_NO_COUNT = {
    "transfers": "transfers at sea: a tanker may take several before it calls at a port",
    "vessels": "ships, however often they came; the counts of calls hold theirs",
    "times": "a multiple of the cap, no count",
    "percent": "a change, no count",
    "t": "tonnes of single ships or a figure that contradicts its own barrels",
    "bbl_per_day": "legal deliveries before any cap",
}
#: The same for single rows, by estimator and scenario or route.
_BY_ESTIMATOR = {
    "1718 Committee web page": "the Committee's own figure: it stands among the reported ones",
    "Asan Institute": "a total for the year without a count behind it",
    "analyst via on.cc/BBC": "consumption, not deliveries",
    "RUSI (via FT)": "inside count 2024-11",
    "White House": "inside count 2024-11; one month of the same route",
    "Yomiuri": "inside count 2024-11",
    "VOA satellite": "ships seen from space; calls hold them where somebody counted",
    "US and 25 States letter": "the year's count retold without its laden share",
    "United States": "transfers at sea, overlapping the calls",
}


def overlap_table(
    estimates: pd.DataFrame, counts: Mapping[str, TankerCount], first_capped: pd.Timestamp
) -> pd.DataFrame:
    """What becomes of every row: in which count it stands, or why it is not added.

    Columns `row_id`, `estimator`, `first_day`, `last_day`, `metric`, `value`, `fate`.
    """
    used = {row: count for count in counts.values() for row in count.row_ids}
    fates = []
    for row in estimates.itertuples():
        count = used.get(row.row_id)
        if count is not None:
            inside = f", inside {count.contained_in}" if count.contained_in else ""
            fates.append(f"count {count.id}{inside}")
        elif pd.notna(row.set_aside):
            fates.append(row.set_aside)
        elif pd.notna(row.last_day) and row.last_day < first_capped:
            fates.append("legal deliveries before any cap")
        elif row.estimator in UNSHARED_VOLUME.values():
            fates.append("an upper end of count 2020-09's capacity, if its ships were full")
        elif row.estimator in _BY_ESTIMATOR and row.measure != "transfers":
            fates.append(_BY_ESTIMATOR[row.estimator])
        elif row.measure in _NO_COUNT:
            fates.append(_NO_COUNT[row.measure])
        else:
            fates.append("another print of a count's own figures")
    names = ["row_id", "estimator", "first_day", "last_day", "metric", "value"]
    return estimates[names].assign(fate=fates)
