"""Histories of known truth, printed as the real tables print, with misprints planted.

A history has the periods, flows, currencies, digits, vintages and agencies of the real rows. Its
truth departs from the assumptions of `trade_statements` only as the real world is known to:
revisions in the documented spans, routine ones elsewhere, other publishers' ratios within the
measured ranges, exchange rates within their bounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cleaning.bounds import conditional_bounds
from analysis.cleaning.conflicts import ROBUST_TOLERANCE, least_rejection
from analysis.cleaning.system import Row, Solver, System
from analysis.cleaning.trade_statements import (
    _BASE,
    BASIS_RATIOS,
    FIRST_UNKNOWN,
    FLOWS,
    REVISED_SPANS,
    REVISION_RATE,
    ROUTINE_REVISION,
    SAME_AS,
    SIGNS,
    known_terms,
    months_between,
    printed_vintage,
    quantity,
    trade_system,
)

#: Share of printed figures that get a misprint: the reviewed corrections of the totals table touch
#: 27 of its 971 rows.
PLANTED_RATE = 27 / 971
#: A truth may differ from the real series by this much (standard deviation of the logarithm).
DEPARTURE = 0.2
#: Documented and undocumented revisions of a month: a share of it, at most this.
LARGEST_REVISION = 0.10
#: Truth and bounds are compared to within this (USD million; the solver's rounding).
INSIDE = 1e-4
#: A row holds in the truth to within this (rounding of sums in floating point).
HOLDS = 1e-6


@dataclass(frozen=True)
class Truth:
    """Monthly values: `x`, `s`, `d` by (flow, ordinal) in USD million; `rate` in CNY per USD.

    `ratio` holds one value for each entry of `BASIS_RATIOS`, in order; `surprised` the months with
    an undocumented revision beyond the routine.
    """

    x: dict[tuple[str, int], float]
    s: dict[tuple[str, int], float]
    d: dict[tuple[str, int], float]
    rate: dict[int, float]
    ratio: tuple[float, ...]
    surprised: frozenset[tuple[str, int]]


@dataclass(frozen=True)
class Score:
    """One history: misprints planted and found, sound figures and blamed, months inside bounds.

    Found is a misprint that is rejected or named as a suspect in the place of a rejected one;
    blamed is a sound figure of which the same is said. `rejected` and `sound_rejected` count those
    that fall. A misprint is `checkable` where all that is true in its history together excludes
    it: any other contradicts nothing, and no method can find it.
    """

    seed: int
    planted: int
    found: int
    rejected: int
    checkable: int
    checkable_found: int
    sound: int
    blamed: int
    sound_rejected: int
    months_untouched: int
    months_untouched_inside: int
    months: int
    months_inside: int


def draw_truth(
    level: dict[tuple[str, int], float],
    rates: pd.DataFrame,
    rng: np.random.Generator,
    *,
    surprises: bool,
) -> Truth:
    """A truth around `level` (USD million by flow and month).

    With `surprises` a share `REVISION_RATE` of months is revised beyond the routine outside the
    documented spans too; without, nothing happens that the method does not allow for.
    """
    documented = {
        month
        for first, last in REVISED_SPANS
        for month in months_between(pd.Period(first, "M"), pd.Period(last, "M"))
    }
    x, s, d = {}, {}, {}
    surprised = set()
    for key, value in sorted(level.items()):
        x[key] = value * float(np.exp(rng.normal(0.0, DEPARTURE)))
        large = rng.random(2) < REVISION_RATE if surprises else np.zeros(2, dtype=bool)
        share = rng.uniform(-1, 1, size=2)
        size = np.where(large, LARGEST_REVISION, 0.9 * ROUTINE_REVISION)
        if large.any():
            surprised.add(key)
        if key[1] in documented:
            size[0] = LARGEST_REVISION
        s[key], d[key] = (share * size * x[key]).tolist()
    rate = {
        month.ordinal: float(rng.uniform(row["lower"], row["upper"]))
        for month, row in rates.iterrows()
    }
    ratio = tuple(float(rng.uniform(entry.lower, entry.upper)) for entry in BASIS_RATIOS)
    return Truth(x, s, d, rate, ratio, frozenset(surprised))


def print_history(
    observations: pd.DataFrame, truth: Truth, rng: np.random.Generator, *, planted_rate: float
) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """The real rows with figures of `truth`, and the planted misprints as (row_id, column)."""
    frame = observations.copy()
    planted: set[tuple[str, str]] = set()
    for row in observations.itertuples():
        if not np.isnan(row.value):
            unit = row.upper - row.value if row.value >= 0 else row.value - row.lower
            below = row.value - row.lower
            exact = _level(truth, row)
            cut = np.trunc if rng.random() < 0.1 else np.round
            value = float(cut(exact / unit) * unit)
            if rng.random() < planted_rate:
                wrong = _misprint(value, unit, rng)
                if not wrong - below <= exact <= wrong + unit:
                    value = wrong
                    planted.add((row.row_id, "level"))
            frame.loc[row.Index, ["value", "lower", "upper"]] = value, value - below, value + unit
        if not np.isnan(row.yoy_lower) and row.rate_base in _BASE:
            unit = (row.yoy_upper - row.yoy_lower) / 2
            growth = _growth(truth, row)
            if growth is None:
                continue
            printed = float(np.round(growth / unit) * unit)
            if rng.random() < planted_rate:
                wrong = _misprint(printed, unit, rng)
                if not wrong - unit <= growth <= wrong + unit and wrong > -1:
                    printed = wrong
                    planted.add((row.row_id, "rate"))
            frame.loc[row.Index, ["yoy_lower", "yoy_upper"]] = printed - unit, printed + unit
    return frame, planted


def score_history(
    observations: pd.DataFrame,
    rates: pd.DataFrame,
    level: dict[tuple[str, int], float],
    seed: int,
    *,
    planted_rate: float = PLANTED_RATE,
    surprises: bool = True,
) -> Score:
    """Draw, print, reconcile and score one history; `rates` indexed by month."""
    rng = np.random.default_rng(seed)
    truth = draw_truth(level, rates, rng, surprises=surprises)
    printed, planted = print_history(observations, truth, rng, planted_rate=planted_rate)
    system = trade_system(printed, rates)
    rejection = least_rejection(system)
    chosen = rejection.chosen
    named = chosen.union(*rejection.suspects(ROBUST_TOLERANCE).values())
    rejected, suspected = (_figures(system, statements) for statements in (chosen, named))
    figures = _figures(system, range(len(system.statements)))
    planted &= figures
    checkable = _checkable(system, truth, planted)
    inside = _inside(system, chosen, truth)
    touched = _touched(printed, planted) | truth.surprised
    untouched = [ok for key, ok in inside.items() if key not in touched]
    return Score(
        seed=seed,
        planted=len(planted),
        found=len(planted & suspected),
        rejected=len(planted & rejected),
        checkable=len(checkable),
        checkable_found=len(checkable & suspected),
        sound=len(figures - planted),
        blamed=len(suspected - planted),
        sound_rejected=len(rejected - planted),
        months_untouched=len(untouched),
        months_untouched_inside=sum(untouched),
        months=len(inside),
        months_inside=sum(inside.values()),
    )


def _figures(system: System, statements: Iterable[int]) -> set[tuple[str, str]]:
    """The printed figures behind statements, as (row_id, kind)."""
    return {
        (member, system.statements[index].kind)
        for index in statements
        for member in system.statements[index].members
    }


def _checkable(system: System, truth: Truth, planted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Planted misprints that everything true in the history together excludes.

    What the truth violates is out: the misprints, and the assumptions that a surprise breaks.
    """
    solver = Solver(system)
    solver.reject(violated(system, truth))
    return {
        (member, statement.kind)
        for statement in system.statements
        for member in statement.members
        if (member, statement.kind) in planted
        and any(_excluded(solver, row) for row in statement.rows)
    }


def violated(system: System, truth: Truth) -> set[int]:
    """Positions of the statements that do not hold in the truth."""
    values = {name: _running_sum(truth, *name) for name in system.unknowns}
    wrong = set()
    for index, statement in enumerate(system.statements):
        for row in statement.rows:
            height = sum(coefficient * values[name] for name, coefficient in row.terms)
            if not row.lower - HOLDS <= height <= row.upper + HOLDS:
                wrong.add(index)
    return wrong


def _running_sum(truth: Truth, name: str, flow: str, month: int) -> float:
    """The true value of an unknown: a sum from January of its year."""
    monthly = {"X": truth.x, "S": truth.s, "D": truth.d}[name[-1]]
    return sum(
        monthly[flow, m] * (truth.rate[m] if name[0] == "c" else 1.0)
        for m in range(month - month % 12, month + 1)
    )


def _excluded(solver: Solver, row: Row) -> bool:
    """Whether the solver's figures leave no room for the row."""
    lower, upper = solver.interval(row.terms)
    return lower > row.upper + INSIDE or upper < row.lower - INSIDE


def _inside(system: System, chosen: frozenset[int], truth: Truth) -> dict[tuple[str, int], bool]:
    """Whether the true first release of each month from 2012 lies in its conditional bounds."""
    forms = {
        (flow, month): known_terms(
            system, quantity(flow, *[pd.Period(ordinal=month, freq="M")] * 2, "first_release")
        )
        for flow, month in truth.x
        if month >= FIRST_UNKNOWN.ordinal + 12
    }
    bounds = conditional_bounds(system, chosen, forms)
    return {
        key: bounds[key].lower - INSIDE <= truth.x[key] <= bounds[key].upper + INSIDE
        for key in forms
    }


def _touched(printed: pd.DataFrame, planted: set[tuple[str, str]]) -> set[tuple[str, int]]:
    """Months that a figure with a planted misprint speaks of, its growth base included."""
    touched: set[tuple[str, int]] = set()
    rows = printed.set_index("row_id")
    for row_id, kind in planted:
        row = rows.loc[row_id]
        months = set(months_between(row["first"], row["last"]))
        if kind == "rate":
            months |= {month - 12 for month in months}
        touched |= {(flow, month) for flow in FLOWS for month in months}
    return touched


def _level(truth: Truth, row) -> float:
    vintage = printed_vintage(row.basis, row.release, row.last)
    return _sum(truth, row.flow, row.first, row.last, vintage, row.currency, row.basis)


def _growth(truth: Truth, row) -> float | None:
    vintage, basis = _BASE[row.rate_base]
    if row.first < FIRST_UNKNOWN + 12:
        return None
    if row.rate_base == "first_release" and row.release == "year_to_date":
        vintage = "year_to_date"
    now = printed_vintage(basis, row.release, row.last)
    above = _sum(truth, row.flow, row.first, row.last, now, row.currency, basis)
    below = _sum(truth, row.flow, row.first - 12, row.last - 12, vintage, row.currency, basis)
    return above / below - 1 if below > 0 else None


def _sum(
    truth: Truth,
    flow: str,
    first: pd.Period,
    last: pd.Period,
    vintage: str,
    currency: str,
    basis: str,
) -> float:
    """A true sum over months, in million of `currency`, on the basis of its publisher."""
    total = 0.0
    for part, sign in SIGNS[flow].items():
        factor = _ratio(truth, basis, part, first, last)
        for month in months_between(first, last):
            value = truth.x[part, month]
            if vintage == "corrected":
                value += truth.s[part, month]
            if vintage == "year_to_date":
                value += truth.d[part, month]
            total += sign * factor * value * (truth.rate[month] if currency == "CNY" else 1.0)
    return total


def _ratio(truth: Truth, basis: str, flow: str, first: pd.Period, last: pd.Period) -> float:
    name = SAME_AS.get(basis, basis)
    for entry, ratio in zip(BASIS_RATIOS, truth.ratio, strict=True):
        inside = pd.Period(entry.first, "M") <= last and pd.Period(entry.last, "M") >= first
        if entry.basis == name and entry.flow == flow and inside:
            return ratio
    return 1.0


def _misprint(value: float, unit: float, rng: np.random.Generator) -> float:
    """A slip of the kinds seen in the tables: a digit, two digits swapped, a power of ten."""
    digits = list(str(int(abs(round(value / unit)))))
    kind = rng.choice(["digit", "swap", "tenfold"], p=[0.5, 0.3, 0.2])
    if kind == "tenfold":
        return value * float(rng.choice([0.1, 10.0]))
    if kind == "swap" and len(set(digits)) > 1:
        place = int(rng.choice([i for i in range(len(digits) - 1) if digits[i] != digits[i + 1]]))
        digits[place], digits[place + 1] = digits[place + 1], digits[place]
    else:
        place = int(rng.integers(len(digits)))
        digits[place] = str((int(digits[place]) + int(rng.integers(1, 10))) % 10)
    return float(np.copysign(int("".join(digits)) * unit, value if value else 1.0))
