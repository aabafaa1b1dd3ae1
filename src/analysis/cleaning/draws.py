"""Joint draws of all months from the set that the figures allow.

A known sum of two unknown months makes them move against each other, so months are drawn
together: each draw is a random mixture of random extreme points of the feasible set. A mixture of
solutions is a solution, so every draw keeps to every figure, and draws do not depend on their
neighbours. Nothing but the printed figures speaks for one point of the set rather than another;
the weights are such that a month that is free between two ends has the variance of a uniform law,
and months that share a known sum have at least that of one.

Hit-and-run (Smith 1984, Operations Research 32(6), 1296-1308) samples the uniform law itself, but
on this set, thin in a thousand directions, 200 draws with 6,000 steps between them were worth
eight independent ones for the median month.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

import numpy as np
from scipy import sparse

from analysis.cleaning.system import Solver, System

#: Extreme points in a mixture, with equal Dirichlet weights. A free month is at either end of its
#: interval in half of the points; the variance of its mixture is 1/4 x 2/(points + 1) of the
#: squared width, and five points give the 1/12 of a uniform law.
POINTS = 5
#: A form narrower than this (USD million or yuan million) needs no direction of its own.
NARROW = 1e-6


def joint_draws(
    system: System,
    rejected: Collection[int],
    forms: Mapping[Hashable, Sequence[tuple[Hashable, float]]],
    *,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Values of the linear forms, one row a draw, one column a form in the order given.

    Every draw satisfies all statements that are not in `rejected`, to the solver's tolerance.
    Raises ValueError where a form is unbounded, since no law of finite width exists there.
    """
    solver = Solver(system)
    solver.reject(rejected)
    widths = [_width(solver, name, form) for name, form in forms.items()]
    free = [
        (form, width) for form, width in zip(forms.values(), widths, strict=True) if width > NARROW
    ]
    rng = np.random.default_rng(seed)
    # As many extreme points as draws: a point is shared by five draws, each with other partners.
    extremes = np.array([_extreme_point(solver, free, rng) for _ in range(max(draws, POINTS))])
    values = extremes @ _matrix(system, list(forms.values())).T
    kept = np.empty((draws, len(forms)))
    for number in range(draws):
        chosen = rng.choice(len(values), size=POINTS, replace=False)
        kept[number] = rng.dirichlet(np.ones(POINTS)) @ values[chosen]
    return kept


def _width(solver: Solver, name: Hashable, form: Sequence[tuple[Hashable, float]]) -> float:
    lower, upper = solver.interval(form)
    if not np.isfinite(upper - lower):
        raise ValueError(f"{name} is unbounded: leave it out of the draws")
    return upper - lower


def _extreme_point(
    solver: Solver,
    free: Sequence[tuple[Sequence[tuple[Hashable, float]], float]],
    rng: np.random.Generator,
) -> np.ndarray:
    """The solution furthest in a random direction, every form counted by its own width."""
    weights = rng.standard_normal(len(free))
    direction = [
        (name, weight * coefficient / width)
        for (form, width), weight in zip(free, weights, strict=True)
        for name, coefficient in form
    ]
    solver.extreme(direction, 1)
    return solver.solution()


def _matrix(system: System, forms: Sequence[Sequence[tuple[Hashable, float]]]) -> sparse.csr_array:
    rows = [number for number, form in enumerate(forms) for _ in form]
    columns = [system.position[name] for form in forms for name, _ in form]
    values = [coefficient for form in forms for _, coefficient in form]
    return sparse.csr_array((values, (rows, columns)), (len(forms), len(system)))
