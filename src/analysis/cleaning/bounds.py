"""How far the published figures leave each unknown free.

Two sets of bounds. *Conditional*: the smallest and largest value that the figures allow once the
chosen rejections are taken out. *Robust*: the union of these over every rejection within a stated
tolerance of the lightest, so that a choice between near-equal suspects does not look like
knowledge.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from analysis.cleaning.system import Solver, System

Form = Sequence[tuple[Hashable, float]]


@dataclass(frozen=True)
class Bounds:
    """Smallest and largest value of a linear form, in the units of its unknowns; both attained.

    `held_by_lower` and `held_by_upper` are the statements (positions in the system) that hold
    each end in place: without one of them the end could move.
    """

    lower: float
    upper: float
    held_by_lower: frozenset[int] = frozenset()
    held_by_upper: frozenset[int] = frozenset()


def conditional_bounds(
    system: System, rejected: frozenset[int], forms: Mapping[Hashable, Form]
) -> dict[Hashable, Bounds]:
    """Bounds of each named linear form with the `rejected` statements left out."""
    solver = Solver(system)
    solver.reject(rejected)
    return {name: _bounds(solver, form) for name, form in forms.items()}


def robust_bounds(
    system: System,
    alternatives: Sequence[frozenset[int]],
    forms: Mapping[Hashable, Form],
    chosen: Mapping[Hashable, Bounds],
) -> dict[Hashable, Bounds]:
    """Union of the bounds over `alternatives`, of which the first gave the bounds `chosen`.

    An end can widen only where a statement that held it is rejected by the alternative (a
    statement with zero dual does not hold the end, and further statements only tighten), so
    only those ends are asked again.
    """
    solver = Solver(system)
    widest = dict(chosen)
    for rejected in alternatives[1:]:
        freed = rejected - alternatives[0]
        solver.reject(rejected)
        for name, form in forms.items():
            lower, upper = widest[name].lower, widest[name].upper
            if chosen[name].held_by_lower & freed:
                lower = min(lower, solver.extreme(form, 1))
            if chosen[name].held_by_upper & freed:
                upper = max(upper, solver.extreme(form, -1))
            widest[name] = Bounds(lower, upper)
    return widest


def _bounds(solver: Solver, form: Form) -> Bounds:
    lower = solver.extreme(form, 1)
    held_by_lower = solver.binding()
    upper = solver.extreme(form, -1)
    return Bounds(lower, upper, held_by_lower, solver.binding())
