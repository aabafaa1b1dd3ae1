"""One smooth path inside the bounds: the point estimate of each month.

Denton's criterion: month-to-month changes, relative to the level, as small as the figures allow
(Denton 1971, JASA 66(333), 99-102). It never smooths across a treatment: the change into a month
in which a measure begins or first shows is free. The program is strictly convex, so the path is
unique.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import pairwise

import clarabel
import numpy as np
from scipy import sparse

from analysis.cleaning.system import System

#: Weight of the ridge that makes the criterion strictly convex, against relative changes of 1.
RIDGE = 1e-6


def smooth_path(
    system: System,
    rejected: Collection[int],
    chains: Sequence[Sequence[tuple[Hashable, Sequence[tuple[Hashable, float]], float]]],
    ridge: Mapping[Hashable, float],
) -> dict[Hashable, float]:
    """The smoothest values of the forms in `chains` that the figures allow.

    A chain is a run of (name, linear form, scale) between two treatments; the criterion is the
    sum of squared changes of form / scale within each chain, plus a ridge on each unknown over
    its scale in `ridge`. Returns every form's value by name, in the units of the unknowns.

    Raises RuntimeError when the solver finds no solution.
    """
    changes = []
    for chain in chains:
        for (_, before, scale), (_, after, _) in pairwise(chain):
            changes.append(
                [(n, c / scale) for n, c in after] + [(n, -c / scale) for n, c in before]
            )
    difference = _matrix(system, changes)
    scales = np.array([ridge.get(name, 1.0) for name in system.unknowns])
    quadratic = 2 * (difference.T @ difference + RIDGE * sparse.diags(1 / scales**2))
    rows = [
        row
        for index, statement in enumerate(system.statements)
        if index not in rejected
        for row in statement.rows
    ]
    values = _solve(quadratic, system, rows)
    return {
        name: float(sum(c * values[system.position[n]] for n, c in form))
        for chain in chains
        for name, form, _ in chain
    }


def _matrix(system: System, forms: Sequence[Sequence[tuple[Hashable, float]]]) -> sparse.csc_array:
    rows = [number for number, form in enumerate(forms) for _ in form]
    columns = [system.position[name] for form in forms for name, _ in form]
    values = [coefficient for form in forms for _, coefficient in form]
    return sparse.csc_array((values, (rows, columns)), (len(forms), len(system)))


def _solve(quadratic: sparse.csc_array, system: System, rows: Sequence) -> np.ndarray:
    """Minimise x'Qx/2 under the rows. Clarabel is an interior-point solver for such programs."""
    matrix = _matrix(system, [row.terms for row in rows])
    lower = np.array([row.lower for row in rows])
    upper = np.array([row.upper for row in rows])
    equal = lower == upper
    above = np.isfinite(upper) & ~equal
    below = np.isfinite(lower) & ~equal
    matrix = matrix.tocsr()
    stacked = sparse.vstack([matrix[equal], matrix[above], -matrix[below]]).tocsc()
    right = np.concatenate([upper[equal], upper[above], -lower[below]])
    cones = [
        clarabel.ZeroConeT(int(equal.sum())),
        clarabel.NonnegativeConeT(int(above.sum() + below.sum())),
    ]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    solver = clarabel.DefaultSolver(
        sparse.triu(quadratic).tocsc(), np.zeros(len(system)), stacked, right, cones, settings
    )
    answer = solver.solve()
    if str(answer.status) not in ("Solved", "AlmostSolved"):
        raise RuntimeError(f"the smooth path was not found: {answer.status}")
    return np.array(answer.x)
