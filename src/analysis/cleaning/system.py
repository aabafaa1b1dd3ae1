"""Published figures as one linear system: unknowns, statements about them, and a warm solver.

A *statement* is one published figure (or one assumption) about a few unknowns: one or two rows
`lower <= coefficients . unknowns <= upper` that hold or fall together. A statement of infinite
weight is a definition and cannot be rejected. Nothing in this module knows what the unknowns
mean, so the same system serves dollars, tonnes and barrels.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np

INFINITY = float("inf")
#: Largest violation of a row that the solver calls feasible, in units of the row.
FEASIBILITY_TOLERANCE = 1e-7


@dataclass(frozen=True)
class Row:
    """`lower <= sum(coefficient * unknown) <= upper`; both ends belong to the interval."""

    terms: tuple[tuple[Hashable, float], ...]
    lower: float
    upper: float


@dataclass(frozen=True)
class Statement:
    """Rows that hold or fall together, with what it costs to reject them.

    `weight` is the log-odds that the statement is sound; infinite for a definition. `members` are
    the identifiers of the raw rows behind it. `kind` tells the reader what is rejected:
    `level`, `rate`, `revision` (no revision of a month) or `definition`.
    """

    id: str
    kind: str
    rows: tuple[Row, ...]
    weight: float
    members: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class System:
    """Unknowns with their bounds, and the statements about them."""

    unknowns: tuple[Hashable, ...]
    lower: np.ndarray
    upper: np.ndarray
    statements: tuple[Statement, ...]
    position: Mapping[Hashable, int] = field(repr=False)

    def __len__(self) -> int:
        return len(self.unknowns)


def make_system(
    unknowns: Mapping[Hashable, tuple[float, float]], statements: Sequence[Statement]
) -> System:
    """A system of `unknowns` (name -> bounds) and `statements`; raises KeyError on a stray name."""
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
    bounds = np.array([unknowns[name] for name in names], dtype=float).reshape(-1, 2)
    return System(names, bounds[:, 0], bounds[:, 1], tuple(statements), position)


class Solver:
    """One system held in HiGHS, so that each further question starts from the last answer.

    scipy's `linprog` runs the same HiGHS but starts cold at every call; a build asks several
    thousand questions of one feasible set, which is why `highspy` is called directly.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self._rows: list[Row] = []
        self._rows_of: list[list[int]] = []
        self._owner: list[int] = []
        for index, statement in enumerate(system.statements):
            numbers = range(len(self._rows), len(self._rows) + len(statement.rows))
            self._rows_of.append(list(numbers))
            self._owner.extend([index] * len(statement.rows))
            self._rows.extend(statement.rows)
        self._highs = self._pass_model()
        self._rejected: frozenset[int] = frozenset()
        self._cost_columns = np.empty(0, dtype=np.int32)

    def _pass_model(self) -> highspy.Highs:
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("primal_feasibility_tolerance", FEASIBILITY_TOLERANCE)
        # The last basis is the best start; presolve would throw it away.
        highs.setOptionValue("presolve", "off")
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.system), len(self._rows)
        model.col_cost_ = np.zeros(len(self.system))
        model.col_lower_, model.col_upper_ = self.system.lower, self.system.upper
        model.row_lower_ = np.array([row.lower for row in self._rows])
        model.row_upper_ = np.array([row.upper for row in self._rows])
        starts, columns, values = [0], [], []
        for row in self._rows:
            merged: dict[int, float] = {}
            for name, coefficient in row.terms:
                place = self.system.position[name]
                merged[place] = merged.get(place, 0.0) + coefficient
            columns.extend(merged)
            values.extend(merged.values())
            starts.append(len(columns))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(starts, dtype=np.int32)
        model.a_matrix_.index_ = np.array(columns, dtype=np.int32)
        model.a_matrix_.value_ = np.array(values, dtype=float)
        highs.passModel(model)
        return highs

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

    def _run(self) -> highspy.HighsModelStatus:
        self._highs.run()
        status = self._highs.getModelStatus()
        if status not in _ANSWERS:
            # A basis that went bad numerically: the same question, asked cold and presolved.
            self._highs.clearSolver()
            self._highs.setOptionValue("presolve", "on")
            self._highs.run()
            self._highs.setOptionValue("presolve", "off")
            status = self._highs.getModelStatus()
        if status not in _ANSWERS:
            raise RuntimeError(f"HiGHS stopped with {status.name}")
        return status

    def _set_cost(self, terms: Sequence[tuple[Hashable, float]]) -> None:
        if self._cost_columns.size:
            zeros = np.zeros(self._cost_columns.size)
            self._highs.changeColsCost(self._cost_columns.size, self._cost_columns, zeros)
        merged: dict[int, float] = {}
        for name, coefficient in terms:
            place = self.system.position[name]
            merged[place] = merged.get(place, 0.0) + coefficient
        self._cost_columns = np.array(list(merged), dtype=np.int32)
        if merged:
            values = np.array(list(merged.values()))
            self._highs.changeColsCost(len(merged), self._cost_columns, values)

    def feasible(self) -> bool:
        """Whether the statements that are left in can all hold."""
        self._set_cost(())
        return self._run() == highspy.HighsModelStatus.kOptimal

    def conflicting(self) -> set[int]:
        """Statements that cannot all hold (from a Farkas ray); empty if all can."""
        if self.feasible():
            return set()
        _, has_ray, ray = self._highs.getDualRay()
        if not has_ray:
            self._highs.clearSolver()
            self._run()
            _, has_ray, ray = self._highs.getDualRay()
        if not has_ray:
            return set(range(len(self.system.statements))) - self._rejected
        return {self._owner[number] for number in np.flatnonzero(np.abs(ray) > 1e-9)}

    def extreme(self, terms: Sequence[tuple[Hashable, float]], sense: int) -> float:
        """The smallest (`sense` 1) or largest (`sense` -1) value of a linear form; may be infinite.

        Raises ValueError when the statements left in contradict each other.
        """
        self._set_cost([(name, sense * coefficient) for name, coefficient in terms])
        status = self._run()
        if status == highspy.HighsModelStatus.kOptimal:
            return sense * self._highs.getObjectiveValue()
        if status == highspy.HighsModelStatus.kUnbounded:
            return -sense * INFINITY
        raise ValueError("the statements contradict each other: reject some first")

    def interval(self, terms: Sequence[tuple[Hashable, float]]) -> tuple[float, float]:
        """The smallest and largest value of a linear form, both attained unless infinite."""
        return self.extreme(terms, 1), self.extreme(terms, -1)


_ANSWERS = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnbounded,
)
