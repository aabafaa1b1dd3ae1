"""Which figures to reject when published figures contradict each other.

The Fellegi-Holt rule of official statistics: keep as many figures as possible, that is, reject a
set of least total weight whose removal leaves the rest able to hold together (Fellegi and Holt
1976, JASA 71(353), 17-35). Spreading the error over all figures instead (an elastic fit) moves
sound figures too.

The integer program is solved by implicit hitting sets: find a minimal set of statements that
contradict each other (a *conflict*), require that at least one of each known conflict falls,
solve that small covering program per component of the graph of conflicts, and repeat until the
rest is feasible. The result is exact: a rejection of less weight would leave a conflict whole.

Weights know the kinds of figures alone, and often tie. What a figure would have to be, had it
been misprinted, then tells the suspects apart; those that it does not tell apart are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from analysis.cleaning.system import INFINITY, Conflicts, Solver, System

#: Sets whose weights differ by less than this weigh the same (log-odds).
WEIGHT_TOLERANCE = 1e-6
#: A rejection is near-lightest, and a statement a suspect, when it is at most e times less likely
#: than the chosen one (log-odds).
ROBUST_TOLERANCE = 1.0
#: Passes over the rejected statements; an exchange can open another, and two passes are usual.
EXCHANGES = 5


@dataclass(frozen=True)
class Rejection:
    """The chosen rejection and its rivals.

    `chosen` holds positions in `system.statements`; `conflicts` the minimal sets of statements
    that contradict each other; `components` the conflicts' statements by connected component;
    `alternatives` whole rejections, the chosen one first: for every chosen statement those that
    keep it and weigh at most the tolerance more than the chosen one, each with other suspects in
    its place. `odds` as `likelier_errors` gives them.
    """

    chosen: frozenset[int]
    weight: float
    conflicts: tuple[frozenset[int], ...]
    components: tuple[frozenset[int], ...]
    alternatives: tuple[frozenset[int], ...]
    odds: Mapping[int, Mapping[int, float]] = field(default_factory=dict)

    def suspects(self, tolerance: float) -> dict[int, dict[int, float]]:
        """For each chosen statement that has any: the others that may be wrong in its place.

        Named are those at most exp(`tolerance`) times less likely, each with its share of the
        odds, the chosen one's and those of all that could take its place summing to 1.
        """
        named = {}
        for index, odds in self.odds.items():
            others = {
                other: share / sum(odds.values())
                for other, share in odds.items()
                if other != index and share >= np.exp(-tolerance)
            }
            if others:
                named[index] = others
        return named


def least_rejection(
    system: System,
    *,
    tolerance: float | None = None,
    known: Sequence[frozenset[int]] = (),
) -> Rejection:
    """The rejection of least weight, and with `tolerance` (log-odds) its near-equal rivals.

    Between two suspects for one contradiction `likelier_errors` decides.

    `known` are conflicts of this system found before; they save time and change nothing.

    Raises ValueError when definitions alone contradict each other, which no rejection can mend.
    """
    weights = np.array([statement.weight for statement in system.statements])
    finder = Conflicts(system)
    conflicts = list(known)
    lightest = _settle(finder, weights, conflicts)
    chosen, odds = likelier_errors(system, finder, conflicts, lightest)
    rivals: dict[frozenset[int], None] = {}
    if tolerance is not None:
        for index, others in odds.items():
            for other, share in others.items():
                if other != index and share >= np.exp(-tolerance):
                    rivals[chosen - {index} | {other}] = None
        rivals |= dict.fromkeys(_rivals(finder, weights, conflicts, chosen, tolerance))
    return Rejection(
        chosen=chosen,
        weight=float(weights[sorted(chosen)].sum()),
        conflicts=tuple(conflicts),
        components=tuple(components(conflicts)),
        alternatives=(chosen, *rivals),
        odds=odds,
    )


def likelier_errors(
    system: System,
    finder: Conflicts,
    conflicts: Sequence[frozenset[int]],
    chosen: frozenset[int],
) -> tuple[frozenset[int], dict[int, dict[int, float]]]:
    """`chosen` with a rejected statement exchanged for one that is likelier to be wrong.

    The weights say how often a statement of its kind is wrong, not whether this one looks it: a
    misprint is often one slip of typing away from what the other figures allow. Exchanged are
    single statements with an error model that meet the same `conflicts` and leave a feasible
    rest, where weight less log-likelihood of the error is smaller.

    Also returns, for each statement of the result that has an error model, the odds of itself
    (1.0) and of every statement that could take its place.
    """
    solver = Solver(system)
    costs: dict[int, dict[int, float]] = {}
    due = chosen
    for _ in range(EXCHANGES):
        before = chosen
        for index in sorted(due):
            if index in chosen and system.statements[index].error is not None:
                costs.pop(index, None)
                found = _exchange_costs(system, finder, solver, conflicts, chosen, index)
                best = min(found, key=lambda other: (found[other], other != index, other))
                chosen = chosen - {index} | {best}
                costs[best] = found
        changed = before ^ chosen
        due = chosen & frozenset().union(*(c for c in conflicts if c & changed))
        if not changed:
            break
    odds = {
        index: {other: float(np.exp(found[index] - cost)) for other, cost in found.items()}
        for index, found in costs.items()
        if index in chosen
    }
    return chosen, odds


def _exchange_costs(
    system: System,
    finder: Conflicts,
    solver: Solver,
    conflicts: Sequence[frozenset[int]],
    chosen: frozenset[int],
    index: int,
) -> dict[int, float]:
    """The cost of rejecting `index`, and of each other statement that could take its place.

    An exchange that lays bare a contradiction not known yet is none.
    """
    costs = {index: _cost(system, solver, chosen, index)}
    own = [conflict for conflict in conflicts if conflict & chosen == {index}]
    for other in sorted(frozenset.intersection(*own) - {index}) if own else ():
        rival = chosen - {index} | {other}
        if system.statements[other].error is not None and not finder.among(rival):
            costs[other] = _cost(system, solver, rival, other)
    return costs


def _cost(system: System, solver: Solver, rejected: frozenset[int], index: int) -> float:
    """Minus the log-odds that the statement at `index` is wrong in the way that it would have to.

    All of `rejected` is out, the statement itself included.
    """
    statement = system.statements[index]
    solver.reject(rejected)
    if statement.error.below:
        allowed = solver.ratio_interval(statement.error.above, statement.error.below)
    else:
        allowed = solver.interval(statement.error.above)
    # The digits past these are the solver's; equal costs must be equal on every machine.
    return round(statement.weight - statement.error.log_likelihood(allowed), 6)


def _settle(
    finder: Conflicts, weights: np.ndarray, conflicts: list[frozenset[int]]
) -> frozenset[int]:
    """Add conflicts until the lightest cover of them leaves a feasible rest; return that cover.

    Conflicts are first gathered with covers from a greedy rule, which costs nothing; the exact
    covering program is asked only once those leave a feasible rest.
    """
    while True:
        while fresh := _conflicts_left(finder, greedy_cover(conflicts, weights), weights):
            conflicts.extend(fresh)
        cover = lightest_cover(conflicts, weights)
        fresh = _conflicts_left(finder, cover, weights)
        if not fresh:
            return cover
        conflicts.extend(fresh)


def greedy_cover(conflicts: Sequence[frozenset[int]], weights: np.ndarray) -> frozenset[int]:
    """A cover that takes, again and again, the member of most conflicts per weight."""
    left, cover = list(conflicts), set()
    while left:
        counts: dict[int, int] = {}
        for conflict in left:
            for index in conflict:
                counts[index] = counts.get(index, 0) + 1
        best = max(counts, key=lambda index: (counts[index] / weights[index], -index))
        cover.add(best)
        left = [conflict for conflict in left if best not in conflict]
    for index in sorted(cover, key=lambda index: -weights[index]):
        if all(conflict & (cover - {index}) for conflict in conflicts):
            cover.remove(index)
    return frozenset(cover)


def _conflicts_left(
    finder: Conflicts, rejected: frozenset[int], weights: np.ndarray
) -> list[frozenset[int]]:
    """Disjoint conflicts among the statements that `rejected` leaves in."""
    found: list[frozenset[int]] = []
    out = set(rejected)
    while suspects := finder.among(out):
        conflict = _shrink(finder, suspects, weights)
        if not conflict:
            raise ValueError("definitions contradict each other; no rejection of figures can help")
        found.append(conflict)
        out |= conflict
    return found


def _shrink(finder: Conflicts, suspects: frozenset[int], weights: np.ndarray) -> frozenset[int]:
    """An irreducible conflict among `suspects` (deletion filter); definitions always stay in.

    The suspects contradict each other by themselves, so the filter runs on them alone: a few
    dozen rows instead of thousands.
    """
    members = sorted(suspects)
    part = finder.system.only(members)
    small = Conflicts(part)
    soft = {place for place, index in enumerate(members) if np.isfinite(weights[index])}
    candidates = sorted(soft, key=lambda place: (-weights[members[place]], place))
    needed: list[int] = []
    while candidates:
        place = candidates.pop()
        narrower = small.among(soft - set(needed) - set(candidates))
        if narrower:
            candidates = [other for other in candidates if other in narrower]
        else:
            needed.append(place)
    return frozenset(members[place] for place in needed)


def lightest_cover(conflicts: Sequence[frozenset[int]], weights: np.ndarray) -> frozenset[int]:
    """The lightest set that meets every conflict, component by component.

    Raises ValueError for an empty conflict, which nothing can meet.
    """
    if any(not conflict for conflict in conflicts):
        raise ValueError("an empty conflict cannot be met")
    cover: frozenset[int] = frozenset()
    reduced = _without_dominated(conflicts, weights)
    for members in components(reduced):
        part = [conflict for conflict in reduced if conflict <= members]
        cover |= _cover_component(part, sorted(members), weights)
    return cover


def _without_dominated(
    conflicts: Sequence[frozenset[int]], weights: np.ndarray
) -> list[frozenset[int]]:
    """The same covering problem, smaller: drop what a lightest cover never needs.

    A member whose conflicts all hold another member of no more weight; a conflict that contains
    another conflict.
    """
    current = _minimal_sets(conflicts)
    while True:
        where: dict[int, set[int]] = {}
        for number, conflict in enumerate(current):
            for index in conflict:
                where.setdefault(index, set()).add(number)
        dominated = set()
        for index, numbers in where.items():
            shared = frozenset.intersection(*(current[number] for number in numbers))
            for other in shared - {index}:
                heavier = weights[index] - weights[other]
                if heavier > WEIGHT_TOLERANCE or (
                    heavier >= -WEIGHT_TOLERANCE
                    and (len(where[other]), -other) > (len(numbers), -index)
                ):
                    dominated.add(index)
                    break
        narrowed = _minimal_sets([conflict - dominated for conflict in current])
        if narrowed == current:
            return current
        current = narrowed


def _minimal_sets(sets: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    minimal: list[frozenset[int]] = []
    for candidate in sorted(set(sets), key=lambda members: (len(members), sorted(members))):
        if not any(kept <= candidate for kept in minimal):
            minimal.append(candidate)
    return minimal


def _cover_component(
    conflicts: Sequence[frozenset[int]], members: Sequence[int], weights: np.ndarray
) -> frozenset[int]:
    taken = _covering_program(conflicts, members, weights)
    return frozenset(index for index, value in zip(members, taken, strict=True) if value > 0.5)


def _covering_program(
    conflicts: Sequence[frozenset[int]], members: Sequence[int], weights: np.ndarray
) -> np.ndarray:
    """1 for each member that falls in the lightest cover of the conflicts, else 0."""
    place = {index: column for column, index in enumerate(members)}
    rows = [number for number, conflict in enumerate(conflicts) for _ in conflict]
    columns = [place[index] for conflict in conflicts for index in conflict]
    incidence = csr_array((np.ones(len(rows)), (rows, columns)), (len(conflicts), len(members)))
    # A hair per position makes ties fall the same way on every machine.
    cost = weights[list(members)] + 1e-7 * np.arange(len(members)) / len(members)
    answer = milp(
        cost,
        constraints=LinearConstraint(incidence, 1.0, INFINITY),
        integrality=np.ones(len(members)),
        bounds=Bounds(0, 1),
    )
    if not answer.success:
        raise RuntimeError(f"the covering program failed: {answer.message}")
    return answer.x


def components(conflicts: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """The connected components of the graph in which a conflict joins its statements."""
    parts: list[set[int]] = []
    for conflict in conflicts:
        touching = [part for part in parts if part & conflict]
        parts = [part for part in parts if not part & conflict]
        parts.append(set(conflict).union(*touching))
    return sorted((frozenset(part) for part in parts), key=min)


def _rivals(
    finder: Conflicts,
    weights: np.ndarray,
    conflicts: list[frozenset[int]],
    chosen: frozenset[int],
    tolerance: float,
) -> list[frozenset[int]]:
    """For each chosen statement the near-lightest rejections that keep it, one swap after another.

    The lightest rejection that keeps the statement names other suspects in its place; these are
    kept too, and the next is asked for, until none is light enough. New conflicts met on the way
    join `conflicts`.
    """
    limit = weights[sorted(chosen)].sum() + tolerance + WEIGHT_TOLERANCE
    rivals: dict[frozenset[int], None] = {}
    for suspect in sorted(chosen):
        kept = frozenset({suspect})
        while True:
            left = [conflict - kept for conflict in conflicts]
            if not all(left):
                break
            rival = lightest_cover(left, weights)
            if weights[sorted(rival)].sum() > limit:
                break
            fresh = _conflicts_left(finder, rival, weights)
            if fresh:
                conflicts.extend(fresh)
                continue
            rivals[rival] = None
            kept |= rival - chosen
    return list(rivals)


def explain(system: System, rejection: Rejection) -> Mapping[int, frozenset[int]]:
    """For each rejected statement the smallest known conflict in which it alone falls."""
    reasons: dict[int, frozenset[int]] = {}
    for conflict in sorted(rejection.conflicts, key=len):
        fallen = conflict & rejection.chosen
        for index in fallen:
            if index not in reasons or (
                len(fallen) == 1 and len(reasons[index] & rejection.chosen) > 1
            ):
                reasons[index] = conflict
    return reasons
