"""Which figures to reject when published figures contradict each other.

The Fellegi-Holt rule of official statistics: keep as many figures as possible, that is, reject a
set of least total weight whose removal leaves the rest able to hold together (Fellegi and Holt
1976, JASA 71(353), 17-35). Spreading the error over all figures instead (an elastic fit) moves
sound figures too.

The integer program is solved by implicit hitting sets: find a minimal set of statements that
contradict each other (a *conflict*), require that at least one of each known conflict falls,
solve that small covering program per component of the graph of conflicts, and repeat until the
rest is feasible. The result is exact: a rejection of less weight would leave a conflict whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.cleaning.system import INFINITY, Conflicts, System

#: Sets of equal weight differ by less than this (log-odds).
WEIGHT_TOLERANCE = 1e-6
#: More alternatives of one component than this are not listed; the caller is told.
MOST_ALTERNATIVES = 64


@dataclass(frozen=True)
class Rejection:
    """The chosen rejection and its rivals.

    `chosen` holds positions in `system.statements`; `conflicts` the minimal sets of statements
    that contradict each other; `components` the conflicts' statements by connected component;
    `alternatives` whole rejections (the chosen one first) whose weight is at most the chosen
    weight plus the tolerance, differing from it in one component; `truncated` is true where a
    component had more alternatives than are listed.
    """

    chosen: frozenset[int]
    weight: float
    conflicts: tuple[frozenset[int], ...]
    components: tuple[frozenset[int], ...]
    alternatives: tuple[frozenset[int], ...]
    truncated: bool


def least_rejection(system: System, *, tolerance: float = 0.0) -> Rejection:
    """The rejection of least weight, and those within `tolerance` (log-odds) of it.

    Raises ValueError when definitions alone contradict each other, which no rejection can mend.
    """
    weights = np.array([statement.weight for statement in system.statements])
    finder = Conflicts(system)
    conflicts: list[frozenset[int]] = []
    chosen = _settle(finder, weights, conflicts)
    alternatives, truncated = _rivals(finder, weights, conflicts, chosen, tolerance)
    # Rivals may have brought conflicts that join components, or even a lighter rejection.
    chosen = _settle(finder, weights, conflicts)
    kept = [chosen] + [rival for rival in alternatives if rival != chosen]
    return Rejection(
        chosen=chosen,
        weight=float(weights[sorted(chosen)].sum()),
        conflicts=tuple(conflicts),
        components=tuple(components(conflicts)),
        alternatives=tuple(kept),
        truncated=truncated,
    )


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


def lightest_cover(
    conflicts: Sequence[frozenset[int]], weights: np.ndarray, *, forbidden: Iterable[frozenset[int]] = ()
) -> frozenset[int]:
    """The lightest set that meets every conflict and contains no set of `forbidden`."""
    cover: frozenset[int] = frozenset()
    banned = tuple(forbidden)
    for members in components(conflicts):
        part = [conflict for conflict in conflicts if conflict <= members]
        chosen = _cover_component(part, sorted(members), weights, banned)
        if chosen is None:
            raise ValueError("no rejection meets every conflict")
        cover |= chosen
    return cover


def _cover_component(
    conflicts: Sequence[frozenset[int]],
    members: Sequence[int],
    weights: np.ndarray,
    banned: Sequence[frozenset[int]],
) -> frozenset[int] | None:
    place = {index: column for column, index in enumerate(members)}
    rows, lower, upper = [], [], []
    for conflict in conflicts:
        row = np.zeros(len(members))
        row[[place[index] for index in conflict]] = 1.0
        rows.append(row), lower.append(1.0), upper.append(INFINITY)
    for taken in banned:
        if not taken or not taken <= set(members):
            continue
        row = np.zeros(len(members))
        row[[place[index] for index in taken]] = 1.0
        rows.append(row), lower.append(-INFINITY), upper.append(len(taken) - 1.0)
    # A hair per position makes ties fall the same way on every machine.
    cost = weights[list(members)] + 1e-9 * np.arange(len(members))
    answer = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), lower, upper),
        integrality=np.ones(len(members)),
        bounds=Bounds(0, 1),
    )
    if not answer.success:
        return None
    return frozenset(index for index, value in zip(members, answer.x, strict=True) if value > 0.5)


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
) -> tuple[list[frozenset[int]], bool]:
    """Whole rejections within `tolerance` of `chosen` that differ from it in one component."""
    rivals: list[frozenset[int]] = []
    truncated = False
    pending = components(conflicts)
    while pending:
        members = pending.pop(0)
        rest = chosen - members
        best = float(weights[sorted(chosen & members)].sum())
        banned = [chosen & members]
        for _ in range(MOST_ALTERNATIVES):
            part = [conflict for conflict in conflicts if conflict <= members]
            rival = _cover_component(part, sorted(members), weights, banned)
            if rival is None or weights[sorted(rival)].sum() > best + tolerance + WEIGHT_TOLERANCE:
                break
            fresh = _conflicts_left(finder, rest | rival, weights)
            if fresh:
                conflicts.extend(fresh)
                # A new conflict may reach outside this component: take the joined one.
                joined = next(part for part in components(conflicts) if members <= part)
                if joined != members:
                    pending = [part for part in pending if not part <= joined]
                    members = joined
                    rest = chosen - members
                    best = float(weights[sorted(chosen & members)].sum())
                    banned.append(chosen & members)
                continue
            rivals.append(rest | rival)
            banned.append(rival)
        else:
            truncated = True
    return rivals, truncated


def explain(system: System, rejection: Rejection) -> Mapping[int, frozenset[int]]:
    """For each rejected statement the smallest known conflict in which it alone falls."""
    reasons: dict[int, frozenset[int]] = {}
    for conflict in sorted(rejection.conflicts, key=len):
        fallen = conflict & rejection.chosen
        for index in fallen:
            if index not in reasons or (len(fallen) == 1 and len(reasons[index] & rejection.chosen) > 1):
                reasons[index] = conflict
    return reasons
