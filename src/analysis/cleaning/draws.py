"""Joint draws of all months from the set that the figures allow.

A known sum of two unknown months makes them move against each other, so months are drawn
together: hit-and-run over the feasible polytope (Smith 1984, Operations Research 32(6),
1296-1308), whose steps go along the differences between extreme solutions, as is usual for thin
polytopes in many dimensions. The law is uniform over the set: nothing but the printed figures
speaks for one point of it rather than another.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from analysis.cleaning.system import Solver, System

#: Steps between two draws kept; the effective sample size that it gives is tested.
THINNING = 6_000
#: Steps before the first draw kept, as a multiple of the steps between draws.
WARM_UP = 10
#: Rows may be missed by this much (USD 10 in a system in USD million): figures that pin a sum
#: exactly leave a set without inside, in which rounding alone would forbid every step.
MARGIN = 1e-5
#: A row whose value changes by less than this along a whole direction does not limit the step.
MOVED = 1e-9


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

    Every draw satisfies all statements that are not in `rejected`, to within `MARGIN`. Raises
    ValueError where a form is unbounded, since no uniform law exists there.
    """
    corners = _corners(system, rejected, forms)
    rows = [
        row
        for index, statement in enumerate(system.statements)
        if index not in rejected
        for row in statement.rows
    ]
    matrix = _matrix(system, [row.terms for row in rows])
    lower = np.array([row.lower for row in rows]) - MARGIN
    upper = np.array([row.upper for row in rows]) + MARGIN
    start = corners.mean(axis=0)
    # Local moves mix the single months; long ones, towards the corners, the loose sums.
    moves = np.vstack([_directions(start, matrix, lower, upper), corners - start])
    paths = [_path(move, matrix, lower, upper) for move in moves if np.abs(move).max() > MOVED]
    paths = [path for path in paths if path.rows.size]
    answer = _matrix(system, list(forms.values()))
    rng = np.random.default_rng(seed)
    kept = np.empty((draws, len(forms)))
    point = start.copy()
    for number in range(-WARM_UP, draws):
        # Rounding adds up over steps, so the rows are computed afresh at every draw.
        height = matrix @ point
        for choice in rng.integers(len(paths), size=thinning):
            path = paths[choice]
            length = _step(path, height[path.rows], rng)
            point[path.columns] += length * path.direction
            height[path.rows] += length * path.along
        if number >= 0:
            kept[number] = answer @ point
    return kept


def _directions(
    start: np.ndarray, matrix: sparse.csr_array, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """One direction an unknown: it moves, and the others give way as the rows demand.

    These are the columns of the inverse Hessian of the logarithmic barrier at `start`. Where rows
    are plain intervals of single months they are the coordinates, along which hit-and-run mixes
    fast; where a sum is pinned, its months move against each other.
    """
    height = matrix @ start
    near = 1 / np.maximum(upper - height, MARGIN) ** 2 + 1 / np.maximum(height - lower, MARGIN) ** 2
    hessian = (matrix.T @ sparse.diags_array(near) @ matrix).toarray()
    scale = 1 / np.sqrt(np.diag(hessian))
    balanced = hessian * scale[:, None] * scale[None, :]
    inverse = np.linalg.inv(balanced + np.eye(len(balanced)) * 1e-13)
    return (inverse * scale[:, None] * scale[None, :]).T


@dataclass(frozen=True)
class _Path:
    """A direction, the unknowns and rows that it moves, and the ends those rows set."""

    columns: np.ndarray
    direction: np.ndarray
    rows: np.ndarray
    along: np.ndarray
    ahead: np.ndarray
    behind: np.ndarray


def _path(
    direction: np.ndarray, matrix: sparse.csr_array, lower: np.ndarray, upper: np.ndarray
) -> _Path:
    direction = direction / np.abs(direction).max()
    direction = np.where(np.abs(direction) > MOVED, direction, 0.0)
    along = matrix @ direction
    rows = np.flatnonzero(np.abs(along) > MOVED)
    columns = np.flatnonzero(direction)
    rate = along[rows]
    return _Path(
        columns,
        direction[columns],
        rows,
        rate,
        np.where(rate > 0, upper[rows], lower[rows]),
        np.where(rate > 0, lower[rows], upper[rows]),
    )


def _step(path: _Path, height: np.ndarray, rng: np.random.Generator) -> float:
    """A uniform step along a path, as far as the rows allow either way."""
    ahead = float(((path.ahead - height) / path.along).min())
    behind = float(((path.behind - height) / path.along).max())
    # Rounding may leave the point a hair outside a row: such a step is not taken.
    possible = behind < 0.0 < ahead and np.isfinite(ahead - behind)
    return rng.uniform(behind, ahead) if possible else 0.0


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
