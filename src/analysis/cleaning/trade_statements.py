"""What each published trade figure says about the unknown months.

Unknowns, for each month and flow (export, import), are running sums within the calendar year, so
that a month is a difference of two of them and a sum of many months has two terms, not twenty:

- `X` first releases up to the month, USD million; before 2016 the history is KITA's (sums of HS
  lines), from January 2016 the customs office's. The month is x = X - X of the month before;
- `S` what the customs office later added to those months as a base of growth rates (s a month;
  the corrected base is x + s), routine except where it revised;
- `D` what had been added to the year-to-date figure by the release of that month;
- `cX`, `cS`, `cD` the same three in yuan (CNY million), tied to the dollar ones by the customs
  exchange rate of the month.

A printed month is x. A printed year to date is X + D. A figure printed again after the base may
have changed is x + s. A growth rate divides one of these by x + s of a year before. Exports +
imports = total; exports - imports = balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cleaning.error_models import Misprint, typing_slips
from analysis.cleaning.system import INFINITY, Row, Statement, System, make_system

FLOWS = ("export", "import")
#: An unknown is (name, flow, ordinal of the month); a linear form lists them with coefficients.
Unknown = tuple[str, str, int]
Terms = list[tuple[Unknown, float]]
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
#: Revisions up to this share of the months concerned are routine and cost nothing: the official
#: tables of 2024 to 2026 revise the year to date nearly every month, by less than this in 27 of
#: 32 cases.
ROUTINE_REVISION = 0.0015
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
    BasisRatio("kita", "export", "2016-01", "2017-12", 0.985, 1.010),
    BasisRatio("kita", "import", "2016-01", "2016-12", 0.965, 0.995),
    BasisRatio("kita", "import", "2017-01", "2017-12", 0.940, 0.980),
    BasisRatio("kita", "export", "2018-01", "2026-12", 0.975, 1.020),
    BasisRatio("kita", "import", "2018-01", "2018-12", 0.840, 1.005),
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
) -> Terms:
    """The linear form of a sum over the months `first` to `last`, both inside.

    `vintage` is `first_release` (X), `year_to_date` (X + D; the span starts in January) or
    `corrected` (X + S).
    """
    extra = {"first_release": "", "year_to_date": "D", "corrected": "S"}[vintage]
    prefix = "c" if currency == "CNY" else ""
    terms = []
    for part, sign in SIGNS[flow].items():
        for name in filter(None, ("X", extra)):
            terms += [(key, sign * c) for key, c in _sum_of(prefix + name, part, first, last)]
    return terms


def _sum_of(name: str, flow: str, first: pd.Period, last: pd.Period) -> Terms:
    """A span as differences of running sums, one pair a calendar year."""
    terms: Terms = []
    for year in range(first.year, last.year + 1):
        start = max(first.ordinal, pd.Period(year=year, month=1, freq="M").ordinal)
        end = min(last.ordinal, pd.Period(year=year, month=12, freq="M").ordinal)
        terms.append(((name, flow, end), 1.0))
        if not _is_january(start):
            terms.append(((name, flow, start - 1), -1.0))
    return terms


def _month_of(name: str, flow: str, month: int) -> Terms:
    period = pd.Period(ordinal=month, freq="M")
    return _sum_of(name, flow, period, period)


def _is_january(month: int) -> bool:
    return month % 12 == 0  # ordinals count from January 1970


def _scaled(terms: Terms, factor: float) -> Terms:
    return [(name, factor * coefficient) for name, coefficient in terms]


def printed_vintage(basis: str, release: str, last: pd.Period) -> str:
    """Which vintage a printed figure states.

    The Korean sums never took over the customs office's cuts of 2016: from then on they are held
    against first releases, whenever they were printed.
    """
    if SAME_AS.get(basis, basis) == "kita" and last > HISTORY_END:
        return "first_release"
    return _VINTAGE[release]


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
    groups: dict[tuple, list[Printed]] = {}
    for key, printed in _levels_with_reprints_joined(observations):
        groups.setdefault(key, []).append(printed)
    statements = []
    for key in sorted(groups):
        first, last, flow, currency, basis, release = key
        ratio = basis_ratio(basis, flow, first, last)
        for number, cluster in enumerate(clusters(groups[key])):
            ends = max(p.lower for p in cluster), min(p.upper for p in cluster)
            lower, upper = divide_interval(ends, ratio)
            terms = quantity(flow, first, last, printed_vintage(basis, release, last), currency)
            statements.append(
                Statement(
                    id=f"level {_name(key, number)}",
                    kind="level",
                    rows=(Row(tuple(terms), lower, upper),),
                    weight=soundness(len({p.publisher for p in cluster})),
                    members=tuple(p.row_id for p in cluster),
                    description=_describe(first, last, flow, basis, release),
                    error=_misprint(
                        cluster[0],
                        terms,
                        [],
                        lambda ends, ratio=ratio: divide_interval(ends, ratio),
                    ),
                )
            )
    return statements


def _levels_with_reprints_joined(
    observations: pd.DataFrame,
) -> Iterator[tuple[tuple, Printed]]:
    """Each level under its key; a later reprint that agrees with the first release goes with it.

    Newspapers that compare with a year before often quote their own archive: such a figure says
    nothing about the corrected base. It confirms the first release and never narrows it, for the
    base may have been revised by less than the digits show.
    """
    rows = list(observations.itertuples(index=False))
    originals: dict[tuple, list] = {}
    for row in rows:
        if row.release != "recap":
            key = (row.first, row.last, row.flow, row.currency, row.basis)
            originals.setdefault(key, []).append(row)
    for row in rows:
        key = (row.first, row.last, row.flow, row.currency, row.basis)
        release, digits = row.release, row
        if release == "recap":
            agrees = [
                o for o in originals.get(key, ()) if o.lower <= row.upper and o.upper >= row.lower
            ]
            if agrees:
                release, digits = agrees[0].release, agrees[0]
        printed = digits.value, digits.lower, digits.upper
        yield (*key, release), Printed(row.row_id, row.publisher, *printed)


def rate_statements(observations: pd.DataFrame) -> list[Statement]:
    """One statement (two rows) for each distinct printed year-on-year rate."""
    groups: dict[tuple, list[Printed]] = {}
    for row in observations.itertuples(index=False):
        key = (row.first, row.last, row.flow, row.currency, row.rate_base, row.release)
        middle = (row.yoy_lower + row.yoy_upper) / 2
        printed = Printed(row.row_id, row.publisher, middle, row.yoy_lower, row.yoy_upper)
        groups.setdefault(key, []).append(printed)
    statements = []
    for key in sorted(groups):
        first, last, flow, currency, rate_base, release = key
        vintage, basis = _BASE[rate_base]
        if rate_base == "first_release" and release == "year_to_date":
            # A newspaper divides by the year to date that it printed a year before.
            vintage = "year_to_date"
        now = printed_vintage(basis, release, last)
        low_now, high_now = basis_ratio(basis, flow, first, last)
        low_base, high_base = basis_ratio(basis, flow, first - 12, last - 12)
        above = quantity(flow, first, last, now, currency)
        below = quantity(flow, first - 12, last - 12, vintage, currency)

        def factor(growth, slowest=low_base / high_now, fastest=high_base / low_now):
            """The range of numerator / base that a range of growth states."""
            return (1 + growth[0]) * slowest, (1 + growth[1]) * fastest

        for number, cluster in enumerate(clusters(groups[key])):
            slow, fast = factor((max(p.lower for p in cluster), min(p.upper for p in cluster)))
            statements.append(
                Statement(
                    id=f"rate {_name(key, number)}",
                    kind="rate",
                    rows=(
                        Row(tuple(above + _scaled(below, -slow)), 0.0, INFINITY),
                        Row(tuple(above + _scaled(below, -fast)), -INFINITY, 0.0),
                    ),
                    weight=soundness(len({p.publisher for p in cluster})),
                    members=tuple(p.row_id for p in cluster),
                    description="growth of " + _describe(first, last, flow, rate_base, release),
                    error=_misprint(cluster[0], above, below, factor),
                )
            )
    return statements


def _misprint(
    figure: Printed,
    above: Terms,
    below: Terms,
    stated: Callable[[tuple[float, float]], tuple[float, float]],
) -> Misprint:
    """The error model of a figure; `stated` turns a printed interval into that of the form."""
    unit, below_value = figure.upper - figure.value, figure.value - figure.lower
    lower, upper = stated((figure.value, figure.value + unit))
    return Misprint(
        above=tuple(above),
        below=tuple(below),
        unit=upper - lower,
        range=max(abs(figure.value) / unit, 10.0),
        meant=tuple(
            (chance, *stated((value - below_value, value + unit)))
            for value, chance in typing_slips(figure.value, unit)
        ),
    )


def divide_interval(
    interval: tuple[float, float], ratio: tuple[float, float]
) -> tuple[float, float]:
    """All v / r for v in `interval` and r in `ratio` (r > 0)."""
    lower, upper = interval
    low, high = ratio
    return (
        lower / high if lower >= 0 else lower / low,
        upper / low if upper >= 0 else upper / high,
    )


@dataclass(frozen=True)
class Printed:
    """One printed figure: its row, its agency, its value and the interval that its digits imply.

    The upper end of a figure that is not negative lies one unit in the last place above it.
    """

    row_id: str
    publisher: str
    value: float
    lower: float
    upper: float


def clusters(printed: Sequence[Printed]) -> list[list[Printed]]:
    """Split figures into sets whose intervals all overlap, the narrowest leading each set."""
    sets: list[list[Printed]] = []
    for figure in sorted(printed, key=lambda p: (p.upper - p.lower, p.row_id)):
        for members in sets:
            lower = max(figure.lower, *(p.lower for p in members))
            upper = min(figure.upper, *(p.upper for p in members))
            if lower <= upper:
                members.append(figure)
                break
        else:
            sets.append([figure])
    return sets


def revision_statements(
    figures: Sequence[Statement], yuan: Mapping[str, set[int]]
) -> list[Statement]:
    """`no revision beyond the routine` assumptions, each of which may fall at a price.

    Months between two bases that figures name cannot be told apart, so their assumption falls
    together. In the documented spans `s` is free and there is nothing to assume. An in-year
    revision is dated by the first printed year to date that shows it, and the routine of the
    months since the printed one before is allowed for together.
    """
    weight = float(np.log((1 - REVISION_RATE) / REVISION_RATE))
    statements = []
    for flow in FLOWS:
        for months in _between_ends(figures, "S", flow):
            bound = [month for month in months if month not in _documented_months()]
            rows = [
                row
                for month in bound
                for prefix in ("", "c")
                if not prefix or month in yuan[flow]
                for row in _routine(
                    _month_of(prefix + "S", flow, month), _month_of(prefix + "X", flow, month)
                )
            ]
            if rows:
                name = f"base revision of {flow}s, {_span(bound)}"
                statements.append(_assumption(name, rows, weight))
        for months in _between_ends(figures, "D", flow):
            end = months[-1]
            rows = [
                row
                for prefix in ("", "c")
                if not prefix or end in yuan[flow]
                for row in _routine(
                    _step(prefix + "D", flow, months), _step(prefix + "X", flow, months)
                )
            ]
            name = f"in-year revision of {flow}s by {_span([end])}"
            statements.append(_assumption(name, rows, weight))
    return statements


def _assumption(what: str, rows: Sequence[Row], weight: float) -> Statement:
    return Statement(f"no {what}", "revision", tuple(rows), weight, description=f"no {what}")


def _documented_months() -> set[int]:
    return {
        month
        for first, last in REVISED_SPANS
        for month in months_between(pd.Period(first, "M"), pd.Period(last, "M"))
    }


def _between_ends(figures: Sequence[Statement], extra: str, flow: str) -> list[list[int]]:
    """Runs of months of one year, each ending where some figure's running sum `extra` ends."""
    ends = sorted(
        {
            month
            for figure in figures
            for row in figure.rows
            for (name, part, month), _ in row.terms
            if name.lstrip("c") == extra and part == flow
        }
    )
    runs = []
    for end in ends:
        january = end - end % 12
        earlier = [other for other in ends if january <= other < end]
        runs.append(list(range(earlier[-1] + 1 if earlier else january, end + 1)))
    return runs


def _step(name: str, flow: str, months: Sequence[int]) -> Terms:
    """The change of a running sum over a run of months."""
    terms: Terms = [((name, flow, months[-1]), 1.0)]
    if not _is_january(months[0]):
        terms.append(((name, flow, months[0] - 1), -1.0))
    return terms


def _routine(revision: Terms, month: Terms) -> list[Row]:
    """|revision| <= ROUTINE_REVISION of the month."""
    return [
        Row(tuple(revision + _scaled(month, -ROUTINE_REVISION)), -INFINITY, 0.0),
        Row(tuple(revision + _scaled(month, ROUTINE_REVISION)), 0.0, INFINITY),
    ]


def _span(months: Sequence[int]) -> str:
    first, last = (pd.Period(ordinal=month, freq="M") for month in (months[0], months[-1]))
    return str(first) if first == last else f"{first}/{last}"


def exchange_statements(
    rates: pd.DataFrame, figures: Sequence[Statement], yuan: Mapping[str, set[int]]
) -> list[Statement]:
    """Yuan and dollar values of a month differ by that month's customs exchange rate.

    `rates` is indexed by month with `lower` and `upper` in CNY per USD. The tie holds for the
    month as first released, on the corrected base, and with its in-year revision.
    """
    statements = []
    for flow in FLOWS:
        bases = {month for run in _between_ends(figures, "S", flow) for month in run}
        steps = {run[-1]: run for run in _between_ends(figures, "D", flow)}
        for month in sorted(yuan[flow]):
            period = pd.Period(ordinal=month, freq="M")
            pairs = {"x": tuple(_month_of(name, flow, month) for name in ("X", "cX"))}
            dollars, value = pairs["x"]
            if month in bases:
                pairs["x + s"] = (
                    dollars + _month_of("S", flow, month),
                    value + _month_of("cS", flow, month),
                )
            if month in steps:
                pairs["x + d"] = (
                    dollars + _step("D", flow, steps[month]),
                    value + _step("cD", flow, steps[month]),
                )
            for what, (usd, cny) in pairs.items():
                rows = (
                    Row(tuple(cny + _scaled(usd, -rates.loc[period, "lower"])), 0.0, INFINITY),
                    Row(tuple(cny + _scaled(usd, -rates.loc[period, "upper"])), -INFINITY, 0.0),
                )
                name = f"exchange rate {flow} {period} {what}"
                statements.append(Statement(name, "definition", rows, INFINITY))
    return statements


def sign_statements(figures: Sequence[Statement], months: range) -> list[Statement]:
    """No month is negative, as first released or on the corrected base."""
    statements = []
    for flow in FLOWS:
        bases = {month for run in _between_ends(figures, "S", flow) for month in run}
        for month in months:
            first = _month_of("X", flow, month)
            rows = [Row(tuple(first), 0.0, INFINITY)]
            if month in bases:
                rows.append(Row(tuple(first + _month_of("S", flow, month)), 0.0, INFINITY))
            name = f"sign {flow} {pd.Period(ordinal=month, freq='M')}"
            statements.append(Statement(name, "definition", tuple(rows), INFINITY))
    return statements


def trade_system(observations: pd.DataFrame, rates: pd.DataFrame) -> System:
    """The system of all usable observations (copies and incommensurable rows already out).

    A base revision that enters no figure cannot be seen; it is no unknown, and the month's
    corrected value is then its first release.
    """
    levels = observations[observations["lower"].notna()]
    growth = observations[observations["yoy_lower"].notna() & observations["rate_base"].isin(_BASE)]
    growth = growth[growth["first"] >= FIRST_UNKNOWN + 12]
    figures = [*level_statements(levels), *rate_statements(growth)]
    months = months_between(FIRST_UNKNOWN, observations["last"].max())
    yuan = yuan_months(observations)
    statements = [
        *figures,
        *revision_statements(figures, yuan),
        *exchange_statements(rates, figures, yuan),
        *sign_statements(figures, months),
    ]
    names = {name for statement in statements for row in statement.rows for name, _ in row.terms}
    return make_system(sorted(names), statements)


def known_terms(system: System, terms: Terms) -> Terms:
    """`terms` without the base revisions that no figure can see, which are zero."""
    return [(name, c) for name, c in terms if name in system.position or name[0] != "S"]


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


def _name(key: tuple[pd.Period, pd.Period, str, str, str, str], number: int) -> str:
    first, last, *rest = key
    span = str(first) if first == last else f"{first}/{last}"
    tail = f" ({number + 1})" if number else ""
    return " ".join([span, *rest]) + tail


def _describe(first: pd.Period, last: pd.Period, flow: str, basis: str, release: str) -> str:
    span = str(first) if first == last else f"{first} to {last}"
    return f"{flow} of {span}, {basis.replace('_', ' ')}, {release.replace('_', ' ')}"
