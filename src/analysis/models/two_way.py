"""The plain regressions beside the imputation: one dummy, and whether anything was recorded.

They are shown for comparison. With a single date the dummy measures what the imputation does; with
several it would mix early and late bans, so only one group at a time is set against products
that were never banned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from analysis.models.event_study import DRAWS, LEVEL, placebo_groups
from analysis.models.imputation import AFTER, Design, relative_months, without_ban
from analysis.models.panel import Panel, additive_effects, fit_untreated, ppml, within

#: Signs of the score bootstrap: Webb's (2023) six points keep the p-value of few clusters from
#: taking few values only.
WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))
SIGNS = np.concatenate([-WEBB, WEBB])
WILD_DRAWS = 999


@dataclass(frozen=True)
class Dummy:
    """A Poisson difference in differences. `coefficient` on the log scale, `standard_error`
    clustered by product, and the p-values of no effect by the normal law and by wild bootstrap."""

    coefficient: float
    standard_error: float
    p_normal: float
    p_wild: float


def difference_in_differences(
    panel: Panel,
    group: str,
    design: Design | None = None,
    *,
    draws: int = WILD_DRAWS,
    seed: int = 0,
) -> Dummy:
    """One group against products never banned: product and month effects and a dummy, by Poisson.

    `p_wild` is Kline and Santos's (2012) score bootstrap, each product's score under no effect
    with a random sign, the statistic divided by its own clustered error. Raises PanelError where
    nothing was recorded after the ban: the coefficient then has no finite maximum and the effect
    is -100 %.
    """
    design = design or Design()
    chosen = panel.rows((panel.group == group) | ~panel.banned)
    after = _after(chosen, design)
    included = without_ban(chosen, design, leads=0) | after
    fitted = ppml(chosen.recorded, after[None].astype(float), included)
    scores = _scores_without_effect(chosen.recorded, after.astype(float), included)
    signs = np.random.default_rng(seed).choice(SIGNS, (draws, len(scores)))
    drawn = np.abs(signs @ scores) / np.sqrt(signs**2 @ scores**2)
    own = abs(scores.sum()) / np.sqrt((scores**2).sum())
    coefficient, error = float(fitted.coefficients[0]), float(fitted.standard_errors[0])
    return Dummy(
        coefficient,
        error,
        float(2 * norm.sf(abs(coefficient) / error)),
        float((1 + (drawn >= own).sum()) / (1 + draws)),
    )


def _scores_without_effect(
    values: np.ndarray, after: np.ndarray, included: np.ndarray
) -> np.ndarray:
    mean = np.where(included, fit_untreated(values, included).mean, 0.0)
    return (within(after, mean) * np.where(included, values - mean, 0.0)).sum(axis=1)


def _after(panel: Panel, design: Design) -> np.ndarray:
    return relative_months(panel, design) >= AFTER[0]


@dataclass(frozen=True)
class Extensive:
    """Share of product-months after the ban with any recorded trade, the share expected, and the
    interval of their difference, points, at `level`."""

    group: str
    share: float
    expected: float
    lower_points: float
    upper_points: float
    level: float

    @property
    def points(self) -> float:
        return 100 * (self.share - self.expected)


def extensive_margin(
    panel: Panel,
    group: str,
    design: Design | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> Extensive:
    """Whether anything was recorded, apart from how much.

    The share of product-months with recorded trade is imputed as trade is, with additive effects
    by least squares (clipped to 0 and 1); the interval comes from placebo groups.
    """
    design = design or Design()
    own = panel.group == group
    share, expected = _shares(panel, own, design)
    errors = [
        100 * np.subtract(*_shares(placebo, members, design))
        for placebo, members in placebo_groups(panel, group, draws=draws, seed=seed)
    ]
    tail = (1 - level) / 2
    lower = np.quantile(errors, tail, method="lower")
    upper = np.quantile(errors, 1 - tail, method="higher")
    points = 100 * (share - expected)
    return Extensive(group, share, expected, float(points - upper), float(points - lower), level)


def _shares(panel: Panel, members: np.ndarray, design: Design) -> tuple[float, float]:
    """Share of the cells after the ban with recorded trade, and its expectation."""
    recorded = (panel.recorded > 0).astype(float)
    included = without_ban(panel, design, leads=0).astype(float)
    product, month = additive_effects(recorded, included)
    expected = np.clip(product[:, None] + month, 0, 1)
    after = _after(panel, design) & members[:, None]
    return float(recorded[after].mean()), float(expected[after].mean())
