"""Joint draws of all months from the set that the figures allow.

A known sum of two unknown months makes them move against each other, so months are drawn
together: hit-and-run over the feasible polytope (Smith 1984, Operations Research 32(6),
1296-1308), whose steps go along the differences between extreme solutions, as is usual for thin
polytopes in many dimensions. The law is uniform over the set: nothing but the printed figures
speaks for one point of it rather than another.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

import numpy as np
from scipy import sparse

from analysis.cleaning.system import Solver, System

#: Steps between two draws kept; the effective sample size that it gives is tested.
THINNING = 400
#: Steps before the first draw kept, as a multiple of the steps between draws.
WARM_UP = 20
#: After so many steps the point is checked against the rows, since rounding adds up.
CHECK_EVERY = 2_000


def joint_draws(
    system: System,
    rejected: Collection[int],
    forms: Mapping[Hashable, Sequence[tuple[Hashable, float]]],
    *,
    draws: int,
    seed: int,
    thinning: int = THINNING,
) -> np.ndarray:
    """Values of the linear forms, one row a draw, one column a form in the order given.

    Every draw satisfies all statements that are not in `rejected`. Raises ValueError where a form
    is unbounded, since no uniform law exists there.
    """
    corners = _corners(system, rejected, forms)
    rows = [
        row
        for index, statement in enumerate(system.statements)
        if index not in rejected
        for row in statement.rows
    ]
    matrix = _matrix(system, [row.terms for row in rows])
    lower = np.array([row.lower for row in rows])
    upper = np.array([row.upper for row in rows])
    start = corners.mean(axis=0)
    directions = corners - start
    along = (matrix @ directions.T).T
    moving = np.abs(along).max(axis=1) > 0
    directions, along = directions[moving], along[moving]
    answer = _matrix(system, list(forms.values()))
    rng = np.random.default_rng(seed)
    kept = np.empty((draws, len(forms)))
    point, height = start.copy(), matrix @ start
    for number in range(-WARM_UP, draws):
        for step in range(thinning):
            choice = rng.integers(len(directions))
            point += directions[choice] * _step(height, along[choice], lower, upper, rng)
            height = matrix @ point if step % CHECK_EVERY == CHECK_EVERY - 1 else matrix @ point
        if number >= 0:
            kept[number] = answer @ point
    return kept


def _step(
    height: np.ndarray,
    along: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """A uniform step along a direction, as far as the rows allow either way."""
    moved = np.abs(along) > 1e-12
    rate = along[moved]
    down = (lower[moved] - height[moved]) / rate
    up = (upper[moved] - height[moved]) / rate
    ahead = np.where(rate > 0, up, down).min()
    behind = np.where(rate > 0, down, up).max()
    ahead, behind = max(ahead, 0.0), min(behind, 0.0)
    return float(rng.uniform(behind, ahead)) if np.isfinite(ahead - behind) else 0.0


def _corners(
    system: System,
    rejected: Collection[int],
    forms: Mapping[Hashable, Sequence[tuple[Hashable, float]]],
) -> np.ndarray:
    """Extreme solutions: the point at each end of each form."""
    solver = Solver(system)
    solver.reject(rejected)
    corners = []
    for name, form in forms.items():
        for sense in (1, -1):
            if not np.isfinite(solver.extreme(form, sense)):
                raise ValueError(f"{name} is unbounded: leave it out of the draws")
            corners.append(solver.solution())
    return np.unique(np.round(np.array(corners), 9), axis=0)


def _matrix(system: System, forms: Sequence[Sequence[tuple[Hashable, float]]]) -> sparse.csr_array:
    rows = [number for number, form in enumerate(forms) for _ in form]
    columns = [system.position[name] for form in forms for name, _ in form]
    values = [coefficient for form in forms for _, coefficient in form]
    return sparse.csr_array((values, (rows, columns)), (len(forms), len(system)))
