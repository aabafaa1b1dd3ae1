"""Published figures as one linear system: unknowns, statements about them, and a warm solver.

A *statement* is one published figure (or one assumption) about a few unknowns: one or two rows
`lower <= coefficients . unknowns <= upper` that hold or fall together. A statement of infinite
weight is a definition and cannot be rejected. Nothing in this module knows what the unknowns
mean, so the same system serves dollars, tonnes and barrels.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import highspy
import numpy as np

INFINITY = float("inf")
#: Largest violation of a row that the solver calls feasible, in units of the row.
FEASIBILITY_TOLERANCE = 1e-7
#: Rows that miss each other by less than this in all do not contradict each other.
CONFLICT_TOLERANCE = 1e-5
#: Steps of Dinkelbach's iteration; it squares the error at each, and three or four are usual.
DINKELBACH_STEPS = 20
#: A dual smaller than this is zero.
DUAL_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Row:
    """`lower <= sum(coefficient * unknown) <= upper`; both ends belong to the interval."""

    terms: tuple[tuple[Hashable, float], ...]
    lower: float
    upper: float


class ErrorModel(Protocol):
    """What it would look like if a statement were wrong.

    The statement is about a linear form `above`, or about its ratio to the form `below` where
    that is not empty.
    """

    above: tuple[tuple[Hashable, float], ...]
    below: tuple[tuple[Hashable, float], ...]

    def log_likelihood(self, allowed: tuple[float, float]) -> float:
        """Log-probability of what is seen, given that the statement is wrong and the other
        statements allow this interval.
        """


@dataclass(frozen=True)
class Statement:
    """Rows that hold or fall together, with what it costs to reject them.

    `weight` is the log-odds that the statement is sound; infinite for a definition. `members` are
    the identifiers of the raw rows behind it. `kind` tells the reader what is rejected:
    `level`, `rate`, `revision` (no revision of a month) or `definition`. With an `error` model the
    statement can be weighed against another that would explain the same contradiction; a revision
    has none, since nothing tells how large it should be.
    """

    id: str
    kind: str
    rows: tuple[Row, ...]
    weight: float
    members: tuple[str, ...] = ()
    description: str = ""
    error: ErrorModel | None = field(default=None, repr=False)


@dataclass(frozen=True)
class System:
    """Unknowns, free of themselves, and the statements about them."""

    unknowns: tuple[Hashable, ...]
    statements: tuple[Statement, ...]
    position: Mapping[Hashable, int] = field(repr=False)

    def __len__(self) -> int:
        return len(self.unknowns)

    def only(self, statements: Sequence[int]) -> System:
        """The system of the statements at these positions and of the unknowns that they name."""
        kept = [self.statements[index] for index in statements]
        names = {name for statement in kept for row in statement.rows for name, _ in row.terms}
        return make_system([name for name in self.unknowns if name in names], kept)


def make_system(unknowns: Iterable[Hashable], statements: Sequence[Statement]) -> System:
    """A system of `unknowns` and `statements`.

    Raises KeyError for a statement about an unknown that is not there, ValueError for two
    statements with one id.
    """
    names = tuple(unknowns)
    position = {name: index for index, name in enumerate(names)}
    for statement in statements:
        for row in statement.rows:
            for name, _ in row.terms:
                if name not in position:
                    raise KeyError(f"{statement.id} names the unknown {name!r}, which is not there")
    ids = [statement.id for statement in statements]
    if len(set(ids)) != len(ids):
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        raise ValueError(f"statements share an id: {repeated[:5]}")
    return System(names, tuple(statements), position)


class _Held:
    """A system's rows in HiGHS, some statements left out; each question starts from the last."""

    def __init__(self, system: System, *, elastic: bool) -> None:
        self.system = system
        self._rows: list[Row] = []
        self._rows_of: list[list[int]] = []
        self._owner: list[int] = []
        for index, statement in enumerate(system.statements):
            numbers = range(len(self._rows), len(self._rows) + len(statement.rows))
            self._rows_of.append(list(numbers))
            self._owner.extend([index] * len(statement.rows))
            self._rows.extend(statement.rows)
        self._highs = highspy.Highs()
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        self._highs.passModel(_linear_program(system, self._rows, elastic=elastic))
        self._rejected: frozenset[int] = frozenset()

    def reject(self, statements: Collection[int]) -> None:
        """From now on leave out exactly `statements` (positions in `system.statements`)."""
        wanted = frozenset(statements)
        for index in self._rejected - wanted:
            for number in self._rows_of[index]:
                row = self._rows[number]
                self._highs.changeRowBounds(number, row.lower, row.upper)
        for index in wanted - self._rejected:
            for number in self._rows_of[index]:
                self._highs.changeRowBounds(number, -INFINITY, INFINITY)
        self._rejected = wanted

    def binding(self) -> frozenset[int]:
        """The statements that hold the last answer in place (those with a nonzero dual)."""
        duals = np.asarray(self._highs.getSolution().row_dual)
        return frozenset(self._owner[n] for n in np.flatnonzero(np.abs(duals) > DUAL_TOLERANCE))

    def _run(self) -> highspy.HighsModelStatus:
        """Run from the last basis; where that goes bad numerically, ask again in other ways."""
        self._highs.run()
        status = self._highs.getModelStatus()
        for second_try in _SECOND_TRIES:
            if status in _ANSWERS:
                return status
            self._highs.clearSolver()
            for option, value in second_try.items():
                self._highs.setOptionValue(option, value)
            self._highs.run()
            status = self._highs.getModelStatus()
            for option in second_try:
                self._highs.setOptionValue(option, _OPTIONS[option])
        if status not in _ANSWERS:
            raise RuntimeError(f"HiGHS stopped with {status.name}")
        return status


class Conflicts(_Held):
    """Finds statements that contradict each other.

    Every row may be violated at a price, so the program always has an answer, whose duals are a
    Farkas certificate where the rows contradict each other. Asking for plain feasibility leaves
    HiGHS undecided when rows miss each other by little.
    """

    def __init__(self, system: System) -> None:
        super().__init__(system, elastic=True)

    def among(self, rejected: Collection[int]) -> frozenset[int]:
        """Statements that cannot all hold once `rejected` are out; empty if the rest can."""
        self.reject(rejected)
        self._run()
        if self._highs.getObjectiveValue() <= CONFLICT_TOLERANCE:
            return frozenset()
        return self.binding()


class Solver(_Held):
    """Asks for the extremes of linear forms over one feasible set.

    scipy's `linprog` runs the same HiGHS but starts cold at every call; a build asks several
    thousand questions of one feasible set, which is why `highspy` is called directly.
    """

    def __init__(self, system: System) -> None:
        super().__init__(system, elastic=False)
        self._cost_columns = np.empty(0, dtype=np.int32)

    def _set_cost(self, terms: Sequence[tuple[Hashable, float]]) -> None:
        if self._cost_columns.size:
            zeros = np.zeros(self._cost_columns.size)
            self._highs.changeColsCost(self._cost_columns.size, self._cost_columns, zeros)
        merged = _merged(self.system, terms)
        self._cost_columns = np.array(list(merged), dtype=np.int32)
        if merged:
            values = np.array(list(merged.values()))
            self._highs.changeColsCost(len(merged), self._cost_columns, values)

    def extreme(self, terms: Sequence[tuple[Hashable, float]], sense: int) -> float:
        """The smallest (`sense` 1) or largest (`sense` -1) value of a linear form; may be infinite.

        Raises ValueError when the statements left in contradict each other.
        """
        self._set_cost([(name, sense * coefficient) for name, coefficient in terms])
        status = self._run()
        if status == highspy.HighsModelStatus.kOptimal:
            return sense * self._highs.getObjectiveValue()
        if status == highspy.HighsModelStatus.kInfeasible:
            raise ValueError("the statements contradict each other: reject some first")
        return -sense * INFINITY

    def solution(self) -> np.ndarray:
        """The unknowns at the last extreme, in the order of `system.unknowns`."""
        return np.array(self._highs.getSolution().col_value)

    def interval(self, terms: Sequence[tuple[Hashable, float]]) -> tuple[float, float]:
        """The smallest and largest value of a linear form, both attained unless infinite."""
        return self.extreme(terms, 1), self.extreme(terms, -1)

    def ratio_interval(
        self, above: Sequence[tuple[Hashable, float]], below: Sequence[tuple[Hashable, float]]
    ) -> tuple[float, float]:
        """The smallest and largest ratio of two forms, of which `below` is never negative.

        Dinkelbach's iteration (1967, Management Science 13(7), 492-498): the ratio at the extreme
        of `above - ratio * below` is nearer to the end, until that extreme is zero. An end is
        infinite where it is not attained.
        """
        return self._extreme_ratio(above, below, 1), self._extreme_ratio(above, below, -1)

    def _extreme_ratio(self, above, below, sense: int) -> float:
        if not np.isfinite(self.extreme(below, 1)):
            return -sense * INFINITY
        ratio = self._ratio_here(above, below, sense)
        for _ in range(DINKELBACH_STEPS):
            if not np.isfinite(ratio):
                break
            gap = self.extreme([*above, *((name, -ratio * c) for name, c in below)], sense)
            if not np.isfinite(gap):
                return gap
            if sense * gap >= -CONFLICT_TOLERANCE:
                break
            ratio = self._ratio_here(above, below, sense)
        return ratio

    def _ratio_here(self, above, below, sense: int) -> float:
        """The ratio at the last extreme; infinite where `below` is zero there."""
        values = self.solution()
        top, bottom = (
            sum(c * values[self.system.position[name]] for name, c in form)
            for form in (above, below)
        )
        return top / bottom if bottom > CONFLICT_TOLERANCE else -sense * INFINITY


def _linear_program(system: System, rows: Sequence[Row], *, elastic: bool) -> highspy.HighsLp:
    """The rows as a HiGHS model; `elastic` adds to each row two priced violations."""
    unknowns, violations = len(system), 2 * len(rows) if elastic else 0
    starts, columns, values = [0], [], []
    for number, row in enumerate(rows):
        merged = _merged(system, row.terms)
        columns.extend(merged)
        values.extend(merged.values())
        if elastic:
            columns += [unknowns + 2 * number, unknowns + 2 * number + 1]
            values += [1.0, -1.0]
        starts.append(len(columns))
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = unknowns + violations, len(rows)
    model.col_cost_ = np.concatenate([np.zeros(unknowns), np.ones(violations)])
    model.col_lower_ = np.concatenate([np.full(unknowns, -INFINITY), np.zeros(violations)])
    model.col_upper_ = np.full(unknowns + violations, INFINITY)
    # Rows that miss each other by less than the tolerance must not leave the set empty.
    slack = 0.0 if elastic else CONFLICT_TOLERANCE
    model.row_lower_ = np.array([row.lower for row in rows]) - slack
    model.row_upper_ = np.array([row.upper for row in rows]) + slack
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    model.a_matrix_.index_ = np.array(columns, dtype=np.int32)
    model.a_matrix_.value_ = np.array(values, dtype=float)
    return model


def _merged(system: System, terms: Sequence[tuple[Hashable, float]]) -> dict[int, float]:
    merged: dict[int, float] = {}
    for name, coefficient in terms:
        place = system.position[name]
        merged[place] = merged.get(place, 0.0) + coefficient
    return merged


#: Presolve would throw the last basis away, and it is the best start. The primal simplex
#: (strategy 4) suits a changed objective over an unchanged feasible set.
_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "primal_feasibility_tolerance": FEASIBILITY_TOLERANCE,
    "presolve": "off",
    "simplex_strategy": 4,
    "simplex_scale_strategy": 4,
}
_SECOND_TRIES = (
    {"simplex_strategy": 1},
    {"simplex_scale_strategy": 0},
    {"simplex_scale_strategy": 2, "simplex_strategy": 1},
    {"presolve": "on", "simplex_strategy": 1},
)
_ANSWERS = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnbounded,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
)
