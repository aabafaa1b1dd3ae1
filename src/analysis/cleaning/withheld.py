"""Withheld releases: does the method bracket a figure that it was not shown?

All prints of one figure (one period and flow, whoever printed it and in whichever currency) are
taken out, contradictions are settled anew, and the robust bounds of the withheld sum are compared
with the interval that was printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.cleaning.bounds import conditional_bounds, robust_bounds
from analysis.cleaning.conflicts import Rejection, least_rejection
from analysis.cleaning.system import System, make_system
from analysis.cleaning.trade_statements import known_terms

#: A rebuilt interval wider than this share of the value says too little to be scored.
WIDEST_SCORED = 0.20


@dataclass(frozen=True)
class Withheld:
    """One withheld figure: what was printed and what the others give, in its own million.

    `scored` where the rebuilt robust width is under `WIDEST_SCORED` of the value; `overlaps`
    whether the two intervals meet.
    """

    figure: str
    rows: str
    printed_lower: float
    printed_upper: float
    rebuilt_lower: float
    rebuilt_upper: float
    width_share: float
    scored: bool
    overlaps: bool


def releases(system: System) -> list[list[int]]:
    """Positions of the level statements that print the same period and flow."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, statement in enumerate(system.statements):
        if statement.kind == "level":
            _, span, flow, *_ = statement.id.split(" ")
            groups.setdefault((span, flow), []).append(index)
    return list(groups.values())


def withhold(
    system: System, rejection: Rejection, release: Sequence[int], *, tolerance: float
) -> list[Withheld]:
    """Rebuild the bounds without `release` (positions of its statements) and score each print.

    Prints that the full system rejects are known misprints and are not scored. The near-lightest
    rejections are those of the full system that still serve, beside the newly found lightest.
    """
    out = set(release)
    kept = [index for index in range(len(system.statements)) if index not in out]
    part = make_system(system.unknowns, [system.statements[index] for index in kept])
    place = {index: number for number, index in enumerate(kept)}
    chosen, alternatives = _settled(part, rejection, place, tolerance)
    forms = {
        index: known_terms(part, list(system.statements[index].rows[0].terms))
        for index in release
        if index not in rejection.chosen
    }
    conditional = conditional_bounds(part, chosen, forms)
    robust = robust_bounds(part, alternatives, forms, conditional)
    return [_score(system.statements[index], robust[index]) for index in forms]


def _settled(
    part: System, rejection: Rejection, place: dict[int, int], tolerance: float
) -> tuple[frozenset[int], list[frozenset[int]]]:
    """The lightest rejection of the part, first, and the full system's rivals that still serve."""
    shown = frozenset(place)
    suspects = frozenset().union(*rejection.conflicts) if rejection.conflicts else frozenset()
    carried = [
        frozenset(place[index] for index in rival & shown) for rival in rejection.alternatives
    ]
    if suspects <= shown:
        # No conflict names a withheld statement: the same conflicts, the same answers.
        return carried[0], carried
    known = [
        frozenset(place[index] for index in conflict)
        for conflict in rejection.conflicts
        if conflict <= shown
    ]
    chosen = least_rejection(part, known=known).chosen
    weights = np.array([statement.weight for statement in part.statements])
    limit = weights[sorted(chosen)].sum() + tolerance
    rivals = [rival for rival in carried if weights[sorted(rival)].sum() <= limit]
    return chosen, [chosen, *rivals]


def _score(statement, rebuilt) -> Withheld:
    row = statement.rows[0]
    middle = abs(row.lower + row.upper) / 2
    width = (rebuilt.upper - rebuilt.lower) / middle if middle else np.inf
    return Withheld(
        figure=statement.description,
        rows=" ".join(statement.members),
        printed_lower=row.lower,
        printed_upper=row.upper,
        rebuilt_lower=rebuilt.lower,
        rebuilt_upper=rebuilt.upper,
        width_share=float(width),
        scored=bool(width < WIDEST_SCORED),
        overlaps=bool(rebuilt.lower <= row.upper and rebuilt.upper >= row.lower),
    )
