"""What each published trade figure says about the unknown months.

Unknowns, for each month and flow (export, import):

- `x` the month as first released, USD million; before 2016 the history is KITA's (sums of HS
  lines), from January 2016 the customs office's;
- `s` what the customs office later added to that month as a base of growth rates (corrected
  base = x + s), zero except where it revised;
- `d` what had been added to the year-to-date figure by the release of that month;
- `cx`, `cs`, `cd` the same three in yuan (CNY million), tied to the dollar ones by the customs
  exchange rate of the month.

A printed month is x. A printed year to date is the sum of x and of d up to then. A figure printed
again after the base may have changed is x + s. A growth rate divides one of these by x + s of a
year before. Exports + imports = total; exports - imports = balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cleaning.system import INFINITY, Row, Statement, System, make_system

FLOWS = ("export", "import")
SIGNS = {
    "export": {"export": 1.0},
    "import": {"import": 1.0},
    "total": {"export": 1.0, "import": 1.0},
    "balance": {"export": 1.0, "import": -1.0},
}
#: Last month whose history is KITA's: few customs months were printed before 2016.
HISTORY_END = pd.Period("2015-12", "M")
#: Earliest month with an unknown: 2011 is there only as the base of 2012's growth rates.
FIRST_UNKNOWN = pd.Period("2011-01", "M")

#: Share of printed figures that are wrong at the source, before any is seen. The corrections
#: list about 20 misprints in 971 rows, and reconciliation finds about as many again.
MISPRINT_RATE = 0.04
#: Share of month-flows outside the documented revisions whose base was revised.
REVISION_RATE = 0.06
#: Revisions up to this share of the month are routine and cost nothing: the official tables of
#: 2025 and 2026 revise the year to date nearly every month, by less than this in 26 of 30 cases.
ROUTINE_REVISION = 0.0025
#: Each further agency that prints the same figure adds this to the log-odds that it is sound: a
#: second reader of one release makes the same slip about one time in five.
SECOND_READER = float(np.log(5.0))
#: Agreement of many readers says nothing about an error in the release itself (about 1 in 500).
HEAVIEST = float(np.log(500.0))

#: Months whose first releases the customs office is known to have revised; both flows, free `s`.
#: 2016: the base of 2017's rates is about 250 lower, nearly all in January-March. 2017: base
#: 3,245 / 1,731 against 3,340 / 1,720. 2018: 2,218 / 213 against 2,238 / 221. 2022: 835 implied
#: by 2023's rates against 894. 2024: about CNY 340 million left the first half.
REVISED_SPANS = (
    ("2016-01", "2016-03"),
    ("2017-01", "2017-12"),
    ("2018-01", "2018-12"),
    ("2022-06", "2022-12"),
    ("2024-01", "2024-06"),
)


@dataclass(frozen=True)
class BasisRatio:
    """Another publisher's definition, as a range of its ratio to the history of those months."""

    basis: str
    flow: str
    first: str
    last: str
    lower: float
    upper: float


#: Measured on pairs printed for the same period by both (the test recomputes them): KITA's sums of
#: HS lines against the customs totals. The customs against KITA before 2016: 2012's 3,532.6
#: against 3,445.8 exports and 2,501.3 against 2,484.7 imports.
BASIS_RATIOS = (
    BasisRatio("customs", "export", "2010-01", "2015-12", 0.985, 1.035),
    BasisRatio("customs", "import", "2010-01", "2015-12", 0.985, 1.035),
    BasisRatio("kita", "export", "2016-01", "2016-12", 0.970, 1.010),
    BasisRatio("kita", "import", "2016-01", "2016-12", 0.955, 1.010),
    BasisRatio("kita", "export", "2017-01", "2018-12", 0.975, 1.020),
    BasisRatio("kita", "import", "2017-01", "2017-12", 0.930, 1.005),
    BasisRatio("kita", "import", "2018-01", "2018-12", 0.840, 1.005),
    BasisRatio("kita", "export", "2019-01", "2026-12", 0.975, 1.020),
    BasisRatio("kita", "import", "2019-01", "2026-12", 0.950, 1.020),
)
#: Bases that restate another: the table is the customs' own, KOTRA without crude is KITA's sum,
#: ITC repeats the customs.
SAME_AS = {"official_table": "customs", "itc": "customs", "kotra": "kita"}


def basis_ratio(basis: str, flow: str, first: pd.Period, last: pd.Period) -> tuple[float, float]:
    """Range of (figure on `basis`) / (history), over the months `first` to `last`, both inside.

    (1, 1) where the basis is the history's own. A total takes the widest range of its parts.
    """
    name = SAME_AS.get(basis, basis)
    low, high = [], []
    for part in SIGNS[flow]:
        for entry in BASIS_RATIOS:
            inside = pd.Period(entry.first, "M") <= last and pd.Period(entry.last, "M") >= first
            if entry.basis == name and entry.flow == part and inside:
                low.append(entry.lower)
                high.append(entry.upper)
    return (min(low), max(high)) if low else (1.0, 1.0)


def soundness(independent_prints: int) -> float:
    """Log-odds that a figure is sound when so many agencies print it independently."""
    odds = np.log((1 - MISPRINT_RATE) / MISPRINT_RATE) + SECOND_READER * (independent_prints - 1)
    return float(min(odds, HEAVIEST))


def months_between(first: pd.Period, last: pd.Period) -> range:
    """Ordinals of the months from `first` to `last`, both inside."""
    return range(first.ordinal, last.ordinal + 1)


def quantity(
    flow: str, first: pd.Period, last: pd.Period, vintage: str, currency: str = "USD"
) -> list[tuple[tuple[str, str, int], float]]:
    """The linear form of a sum over months.

    `vintage` is `first_release` (x), `year_to_date` (x + d) or `corrected` (x + s).
    """
    extra = {"first_release": None, "year_to_date": "d", "corrected": "s"}[vintage]
    prefix = "c" if currency == "CNY" else ""
    terms = []
    for part, sign in SIGNS[flow].items():
        for month in months_between(first, last):
            terms.append(((prefix + "x", part, month), sign))
            if extra:
                terms.append(((prefix + extra, part, month), sign))
    return terms


_VINTAGE = {"month_first": "first_release", "year_to_date": "year_to_date", "recap": "corrected"}
#: A rate's denominator: its vintage and whose definition it follows.
_BASE = {
    "corrected": ("corrected", "customs"),
    "first_release": ("first_release", "customs"),
    "kita": ("first_release", "kita"),
    "kotra": ("first_release", "kotra"),
}


def level_statements(observations: pd.DataFrame) -> list[Statement]:
    """One statement for each distinct printed level; rows that agree count as one figure.

    `observations` are rows with a value, copies already taken out. Rows of one release that do
    not overlap stay apart, so that the rejection decides between them.
    """
    statements = []
    keys = ["first", "last", "flow", "currency", "basis", "release"]
    for key, group in observations.groupby(keys, sort=True):
        first, last, flow, currency, basis, release = key
        for number, cluster in enumerate(clusters(group, "lower", "upper")):
            low, high = basis_ratio(basis, flow, first, last)
            ends = cluster["lower"].max(), cluster["upper"].min()
            lower, upper = divide_interval(ends, (low, high))
            name = _name(first, last, flow, currency, basis, release, number)
            terms = quantity(flow, first, last, _VINTAGE[release], currency)
            statements.append(
                Statement(
                    id=f"level {name}",
                    kind="level",
                    rows=(Row(tuple(terms), lower, upper),),
                    weight=soundness(cluster["publisher"].nunique()),
                    members=tuple(cluster["row_id"]),
                    description=_describe(first, last, flow, basis, release),
                )
            )
    return statements


def rate_statements(observations: pd.DataFrame) -> list[Statement]:
    """One statement (two rows) for each distinct printed year-on-year rate."""
    statements = []
    keys = ["first", "last", "flow", "currency", "rate_base", "release"]
    for key, group in observations.groupby(keys, sort=True):
        first, last, flow, currency, rate_base, release = key
        vintage, basis = _BASE[rate_base]
        now = _VINTAGE[release] if basis == "customs" else "first_release"
        low_now, high_now = basis_ratio(basis, flow, first, last)
        low_base, high_base = basis_ratio(basis, flow, first - 12, last - 12)
        for number, cluster in enumerate(clusters(group, "yoy_lower", "yoy_upper")):
            slow = (1 + cluster["yoy_lower"].max()) * low_base / high_now
            fast = (1 + cluster["yoy_upper"].min()) * high_base / low_now
            above = quantity(flow, first, last, now, currency)
            below = quantity(flow, first - 12, last - 12, vintage, currency)
            name = _name(first, last, flow, currency, rate_base, release, number)
            statements.append(
                Statement(
                    id=f"rate {name}",
                    kind="rate",
                    rows=(
                        Row(tuple(above + [(n, -slow * c) for n, c in below]), 0.0, INFINITY),
                        Row(tuple(above + [(n, -fast * c) for n, c in below]), -INFINITY, 0.0),
                    ),
                    weight=soundness(cluster["publisher"].nunique()),
                    members=tuple(cluster["row_id"]),
                    description="growth of " + _describe(first, last, flow, rate_base, release),
                )
            )
    return statements


def divide_interval(
    interval: tuple[float, float], ratio: tuple[float, float]
) -> tuple[float, float]:
    """All v / r for v in `interval` and r in `ratio` (r > 0)."""
    lower, upper = interval
    low, high = ratio
    return (lower / high if lower >= 0 else lower / low, upper / low if upper >= 0 else upper / high)


def clusters(group: pd.DataFrame, lower: str, upper: str) -> Iterable[pd.DataFrame]:
    """Split rows into sets whose intervals all overlap, the narrowest row leading each set."""
    width = (group[upper] - group[lower]).rename("width")
    ordered = group.assign(width=width).sort_values(["width", "row_id"]).drop(columns="width")
    open_sets: list[list[int]] = []
    limits: list[tuple[float, float]] = []
    for position, (low, high) in enumerate(zip(ordered[lower], ordered[upper], strict=True)):
        for number, (left, right) in enumerate(limits):
            if max(low, left) <= min(high, right):
                open_sets[number].append(position)
                limits[number] = max(low, left), min(high, right)
                break
        else:
            open_sets.append([position])
            limits.append((low, high))
    return [ordered.iloc[positions] for positions in open_sets]


def revision_statements(
    statements: Sequence[Statement], months: range, currency_months: Mapping[str, set[int]]
) -> list[Statement]:
    """`no revision beyond the routine` assumptions, each of which may fall at a price.

    Months whose base enters the same figures cannot be told apart, so their assumption falls
    together; a base that enters no figure, and an in-year revision at a month without a printed
    year to date, cannot be seen and stay within the routine. In the documented spans `s` is free.
    """
    free = {
        month
        for first, last in REVISED_SPANS
        for month in months_between(pd.Period(first, "M"), pd.Period(last, "M"))
    }
    weight = float(np.log((1 - REVISION_RATE) / REVISION_RATE))
    result = []
    for extra, what in (("s", "base"), ("d", "in-year")):
        for flow in FLOWS:
            for group in _indistinguishable(statements, extra, flow, months):
                bound = [month for month in group.months if extra == "d" or month not in free]
                if not bound:
                    continue
                rows = [
                    row
                    for month in bound
                    for prefix in ("", "c")
                    if not prefix or month in currency_months[flow]
                    for row in _routine(prefix, extra, flow, month)
                ]
                result.append(
                    Statement(
                        id=f"no {what} revision {flow} {_span(bound)}",
                        kind="revision" if group.seen else "definition",
                        rows=tuple(rows),
                        weight=weight if group.seen else INFINITY,
                        description=f"no {what} revision of {flow}s, {_span(bound)}",
                    )
                )
    return result


@dataclass(frozen=True)
class _Group:
    months: tuple[int, ...]
    seen: bool


def _indistinguishable(
    statements: Sequence[Statement], extra: str, flow: str, months: range
) -> list[_Group]:
    """Months of one year whose revision enters exactly the same statements.

    A year-to-date revision `d` of a month enters every later figure of the year, so the last
    month before the next printed figure stands for all of them; the others cannot be seen.
    """
    touching: dict[int, set[int]] = {month: set() for month in months}
    for number, statement in enumerate(statements):
        for row in statement.rows:
            for (name, part, month), _ in row.terms:
                if name.lstrip("c") == extra and part == flow:
                    touching[month].add(number)
    groups: dict[tuple[int, frozenset[int]], list[int]] = {}
    for month in months:
        groups.setdefault((month // 12, frozenset(touching[month])), []).append(month)
    if extra == "s":
        return [_Group(tuple(group), bool(key[1])) for key, group in groups.items()]
    result = []
    for (_, numbers), group in groups.items():
        result.append(_Group((group[-1],), bool(numbers)))
        result.extend(_Group((month,), False) for month in group[:-1])
    return result


def _routine(prefix: str, extra: str, flow: str, month: int) -> list[Row]:
    """|revision| <= ROUTINE_REVISION of the month."""
    revision = ((prefix + extra, flow, month), 1.0)
    return [
        Row((revision, ((prefix + "x", flow, month), -ROUTINE_REVISION)), -INFINITY, 0.0),
        Row((revision, ((prefix + "x", flow, month), ROUTINE_REVISION)), 0.0, INFINITY),
    ]


def _span(months: Sequence[int]) -> str:
    first, last = (pd.Period(ordinal=month, freq="M") for month in (months[0], months[-1]))
    return str(first) if first == last else f"{first}/{last}"


def exchange_statements(
    rates: pd.DataFrame, currency_months: Mapping[str, set[int]]
) -> list[Statement]:
    """Yuan and dollar unknowns of a month differ by that month's customs exchange rate.

    `rates` is indexed by month with `lower` and `upper` in CNY per USD.
    """
    statements = []
    for flow in FLOWS:
        for month in sorted(currency_months[flow]):
            rate = rates.loc[pd.Period(ordinal=month, freq="M")]
            for extra in (None, "s", "d"):
                parts = ["x"] + ([extra] if extra else [])
                dollars = [((part, flow, month), 1.0) for part in parts]
                yuan = [(("c" + part, flow, month), 1.0) for part in parts]
                below = tuple(yuan + [(name, -rate["lower"] * c) for name, c in dollars])
                above = tuple(yuan + [(name, -rate["upper"] * c) for name, c in dollars])
                statements.append(
                    Statement(
                        id=f"exchange rate {flow} {pd.Period(ordinal=month, freq='M')} {extra}",
                        kind="definition",
                        rows=(Row(below, 0.0, INFINITY), Row(above, -INFINITY, 0.0)),
                        weight=INFINITY,
                    )
                )
    return statements


def sign_statements(months: range) -> list[Statement]:
    """Trade is not negative on any base."""
    statements = []
    for flow in FLOWS:
        for month in months:
            row = Row(((("x", flow, month), 1.0), (("s", flow, month), 1.0)), 0.0, INFINITY)
            statements.append(Statement(f"sign {flow} {month}", "definition", (row,), INFINITY))
    return statements


def trade_system(observations: pd.DataFrame, rates: pd.DataFrame) -> System:
    """The system of all usable observations (copies and incommensurable rows already out)."""
    months = _all_months(observations)
    currency_months = yuan_months(observations)
    unknowns: dict[tuple[str, str, int], tuple[float, float]] = {}
    for flow in FLOWS:
        for month in months:
            unknowns["x", flow, month] = (0.0, INFINITY)
            unknowns["s", flow, month] = (-INFINITY, INFINITY)
            unknowns["d", flow, month] = (-INFINITY, INFINITY)
        for month in sorted(currency_months[flow]):
            unknowns["cx", flow, month] = (0.0, INFINITY)
            unknowns["cs", flow, month] = (-INFINITY, INFINITY)
            unknowns["cd", flow, month] = (-INFINITY, INFINITY)
    levels = observations[observations["lower"].notna()]
    growth = observations[observations["yoy_lower"].notna() & observations["rate_base"].isin(_BASE)]
    growth = growth[growth["first"] >= FIRST_UNKNOWN + 12]
    figures = [*level_statements(levels), *rate_statements(growth)]
    statements = [
        *figures,
        *revision_statements(figures, months, currency_months),
        *exchange_statements(rates, currency_months),
        *sign_statements(months),
    ]
    return make_system(unknowns, statements)


def yuan_months(observations: pd.DataFrame) -> dict[str, set[int]]:
    """Months of each flow that a figure in yuan touches, its growth base included."""
    touched: dict[str, set[int]] = {flow: set() for flow in FLOWS}
    for row in observations[observations["currency"] == "CNY"].itertuples():
        months = set(months_between(row.first, row.last))
        if pd.notna(row.yoy_lower):
            months |= {month - 12 for month in months}
        for flow in SIGNS[row.flow]:
            touched[flow] |= {month for month in months if month >= FIRST_UNKNOWN.ordinal}
    return touched


def _all_months(observations: pd.DataFrame) -> range:
    return months_between(FIRST_UNKNOWN, observations["last"].max())


def _name(
    first: pd.Period, last: pd.Period, flow: str, currency: str, basis: str, release: str, number: int
) -> str:
    span = str(first) if first == last else f"{first}/{last}"
    tail = f" ({number + 1})" if number else ""
    return f"{span} {flow} {currency} {basis} {release}{tail}"


def _describe(first: pd.Period, last: pd.Period, flow: str, basis: str, release: str) -> str:
    span = str(first) if first == last else f"{first} to {last}"
    return f"{flow} of {span}, {basis.replace('_', ' ')}, {release.replace('_', ' ')}"
