"""What a ban did to recorded trade in its goods, against goods not banned or not banned yet.

Estimand: for a group of products and a span of months after its ban, recorded trade over what
would have been recorded had its products kept their share of the trade in goods without a ban
(a ratio of sums, so dollars weigh); -100 % is no recorded trade at all. The effect is relative:
where trade moved into goods that are not banned, the comparison shows part of that as a loss.

Months before a ban that serve as a test are held out of the fit as those after it are, so that
both sides of a path are made alike (Roth 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.models.imputation import AFTER, Design, Imputed, Span, impute
from analysis.models.panel import Panel, PanelError

LEVEL = 0.90
#: Draws of a bootstrap, or placebo groups: the ends of a 90 % interval are then the 20th smallest
#: and largest, with an error of about one point of coverage.
DRAWS = 399
#: A block without any trade before a ban has no logarithm; it counts as this share of what was
#: imputed.
SMALLEST_RATIO = 1e-3


@dataclass(frozen=True)
class Effect:
    """Recorded and imputed trade of a group in `span`, USD million, and the error of the latter.

    The log of true over imputed trade without the ban lies between `error_lower` and
    `error_upper` at `level`; from these follow all intervals. `method` says where they come
    from; `p_value`: the share of placebo groups whose ratio is as far from one on the log scale,
    the group itself counted among them; missing where none were drawn.
    """

    group: str
    span: Span
    products: int
    recorded: float
    imputed: float
    error_lower: float
    error_upper: float
    method: str
    level: float = LEVEL
    p_value: float = float("nan")

    @property
    def ratio(self) -> float:
        return self.recorded / self.imputed

    @property
    def interval(self) -> tuple[float, float]:
        """Of the ratio. A ratio of zero is zero whatever the counterfactual."""
        return self.ratio / np.exp(self.error_upper), self.ratio / np.exp(self.error_lower)

    @property
    def loss(self) -> float:
        """Recorded less imputed trade: a loss is negative."""
        return self.recorded - self.imputed

    @property
    def loss_interval(self) -> tuple[float, float]:
        ends = np.exp([self.error_upper, self.error_lower])
        return tuple(float(self.recorded - self.imputed * end) for end in ends)


def banned_groups(panel: Panel) -> list[str]:
    """Groups with a clean month inside the window, in the order of the first."""
    inside = panel.clean <= panel.time[-1]
    first = pd.Series(panel.clean[inside]).groupby(panel.group[inside]).min()
    return list(first.sort_values(kind="stable").index)


def placebo_groups(panel: Panel, group: str, *, draws: int, seed: int) -> Iterator[tuple]:
    """Panels in which products that were never banned stand in for those of `group`.

    As many as the group has are drawn without repeat and given its ban months; the group itself
    is taken out. Gives (panel, mask of the drawn). Raises PanelError where fewer products than
    twice the group's were never banned.
    """
    own = panel.group == group
    others = panel.rows(~own)
    free = np.flatnonzero(~others.banned)
    if len(free) < 2 * own.sum():
        raise PanelError(
            f"{group}: {len(free)} products were never banned; placebo groups of {own.sum()} "
            f"need {2 * own.sum()}"
        )
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        chosen = rng.choice(free, int(own.sum()), replace=False)
        begins, clean = others.begins.copy(), others.clean.copy()
        begins[chosen], clean[chosen] = panel.begins[own], panel.clean[own]
        members = np.zeros(len(begins), bool)
        members[chosen] = True
        yield replace(others, begins=begins, clean=clean), members


def placebo_errors(
    panel: Panel,
    group: str,
    design: Design,
    spans: Sequence[Span] = (AFTER,),
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> np.ndarray:
    """Log ratios (draws, spans) that the design finds for groups that were never banned.

    They are the estimator's errors if the noise of the banned goods is that of the others
    (Conley and Taber 2011): the right measure for a group of two or five products, on which no
    cluster-robust error can rest. Minus infinity where a placebo group has no recorded trade.
    """
    errors = []
    for placebo, members in placebo_groups(panel, group, draws=draws, seed=seed):
        imputed = impute(placebo, design)
        errors.append([_log_ratio(*imputed.sums(members, span)) for span in spans])
    return np.array(errors)


def _log_ratio(recorded: float, expected: float) -> float:
    if expected <= 0:
        return 0.0
    return float(np.log(recorded / expected)) if recorded > 0 else -np.inf


def effects_by_placebo(
    panel: Panel,
    group: str,
    design: Design | None = None,
    spans: Sequence[Span] = (AFTER,),
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Effect]:
    """The effect on `group` in each span, with intervals and p-values from placebo groups.

    The p-value is that of randomisation inference: exact under no effect on anything when any
    products could have been the banned ones. The quantiles are the placebo errors themselves,
    none interpolated, so that the interval is never narrower than its draws allow.
    """
    design = design or Design()
    imputed = impute(panel, design)
    own = panel.group == group
    errors = placebo_errors(panel, group, design, spans, draws=draws, seed=seed)
    tail = (1 - level) / 2
    effects = []
    for span, drawn in zip(spans, errors.T, strict=True):
        recorded, expected = imputed.sums(own, span)
        lower = np.quantile(drawn, tail, method="lower")
        upper = np.quantile(drawn, 1 - tail, method="higher")
        extreme = int((np.abs(drawn) >= abs(_log_ratio(recorded, expected))).sum())
        effects.append(
            Effect(
                group,
                span,
                int(own.sum()),
                recorded,
                expected,
                float(lower),
                float(upper),
                "placebo groups",
                level,
                (1 + extreme) / (1 + draws),
            )
        )
    return effects


def effect_by_jackknife(
    panel: Panel,
    group: str,
    design: Design | None = None,
    span: Span = AFTER,
    *,
    level: float = LEVEL,
) -> Effect:
    """The effect on `group` with an interval from leaving out each product in turn.

    For groups so large that too few products without a ban are left for placebo groups. Products
    are the clusters; the variance of the log ratio is the delete-one jackknife's, summed over the
    group and the products never banned. The t law has as many degrees of freedom as the group
    has effective products, less one: the inverse of the summed squares of their shares in
    imputed trade (Carter, Schnepel and Steigerwald 2017), since dollars are few where one product
    is most of a group. Without any recorded trade the group's own part is zero.
    """
    design = design or Design()
    own = panel.group == group
    imputed = impute(panel, design)
    recorded, expected = imputed.sums(own, span)
    variance = _jackknife(panel, group, design, span, ~panel.banned)
    if recorded > 0:
        variance += _jackknife(panel, group, design, span, own)
    after = (imputed.relative >= span[0]) & (imputed.relative <= span[1])
    shares = (imputed.counterfactual * after).sum(axis=1)[own] / expected
    freedom = max(1.0, 1 / float((shares**2).sum()) - 1)
    half = float(student.ppf((1 + level) / 2, freedom) * np.sqrt(variance))
    return Effect(
        group,
        span,
        int(own.sum()),
        recorded,
        expected,
        -half,
        half,
        "products left out in turn",
        level,
    )


def _jackknife(panel: Panel, group: str, design: Design, span: Span, members: np.ndarray) -> float:
    """The part of the log ratio's variance that `members` bring in."""
    logs = []
    for place in np.flatnonzero(members):
        rest = panel.rows(np.arange(len(members)) != place)
        recorded, expected = impute(rest, design).sums(rest.group == group, span)
        logs.append(np.log(recorded if recorded > 0 else 1.0) - np.log(expected))
    return (len(logs) - 1) * float(np.var(logs))


def resampled(panel: Panel, design: Design, *, draws: int, seed: int) -> Iterator[Imputed]:
    """The imputation on `draws` panels of products drawn with repeats, group by group."""
    rng = np.random.default_rng(seed)
    strata = [np.flatnonzero(panel.group == name) for name in dict.fromkeys(panel.group)]
    for _ in range(draws):
        chosen = np.concatenate([rng.choice(places, len(places)) for places in strata])
        yield impute(panel.rows(chosen), design)


def effects_table(
    panel: Panel,
    design: Design | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> pd.DataFrame:
    """One row a banned group: its effect over all clean months of the window.

    `group`, `products`, `months`, `recorded` and `imputed` (USD million a month), `percent`,
    `lower`, `upper` (per cent), `loss`, `loss_lower`, `loss_upper` (USD million a month, a loss
    negative), `p_value`, `method`. A group too large for placebo groups gets the jackknife's.
    """
    rows = []
    for group in banned_groups(panel):
        try:
            effect = effects_by_placebo(panel, group, design, draws=draws, seed=seed, level=level)[
                0
            ]
        except PanelError:
            effect = effect_by_jackknife(panel, group, design, level=level)
        months = int(panel.time[-1] - panel.clean[panel.group == group].min()) + 1
        percent = [100 * (ratio - 1) for ratio in (effect.ratio, *effect.interval)]
        loss = [amount / months for amount in (effect.loss, *effect.loss_interval)]
        rows.append(
            {
                "group": group,
                "products": effect.products,
                "months": months,
                "recorded": effect.recorded / months,
                "imputed": effect.imputed / months,
                **dict(zip(("percent", "lower", "upper"), percent, strict=True)),
                **dict(zip(("loss", "loss_lower", "loss_upper"), loss, strict=True)),
                "p_value": effect.p_value,
                "method": effect.method,
            }
        )
    return pd.DataFrame(rows)


def blocks(imputed: Imputed, members: np.ndarray, length: int) -> list[Span]:
    """Whole blocks of `length` relative months, held-out ones before and all after the ban."""
    before = range(-(imputed.design.leads // length) * length, 0, length)
    after = range(0, imputed.last(members) - length + 2, length)
    return [(first, first + length - 1) for first in (*before, *after)]


def path(
    panel: Panel,
    group: str,
    design: Design | None = None,
    *,
    length: int = 3,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> pd.DataFrame:
    """The effect by blocks of `length` months before and after the ban, one row a block.

    `first` and `last` (relative months, both inside), `recorded`, `imputed`, `ratio`, `lower`,
    `upper` (each block by itself, at `level`). Blocks before the ban are the test of the
    comparison: their ratios should be near one.
    """
    design = design or Design()
    spans = blocks(impute(panel, design), panel.group == group, length)
    effects = effects_by_placebo(panel, group, design, spans, draws=draws, seed=seed, level=level)
    return pd.DataFrame(
        [(*e.span, e.recorded, e.imputed, e.ratio, *e.interval) for e in effects],
        columns=["first", "last", "recorded", "imputed", "ratio", "lower", "upper"],
    )


@dataclass(frozen=True)
class HonestBounds:
    """What is left of an effect if the comparison drifts after the ban as it did before.

    `ratio` is that of the block `span`, over that of the last block before the ban. `lower` and
    `upper` enclose it at `level` for every drift that changes from block to block by at most `m`
    times the largest change seen before the ban. `breakdown` is the `m` from which the estimate
    itself could be no effect at all: infinite where nothing is recorded.
    """

    m: float
    span: Span
    ratio: float
    lower: float
    upper: float
    breakdown: float
    level: float


def honest_bounds(
    panel: Panel,
    group: str,
    design: Design | None = None,
    *,
    m: float = 1.0,
    length: int = 3,
    after: int = 0,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> HonestBounds:
    """Bounds under relative magnitudes (Rambachan and Roth 2023), by a bootstrap of their ends.

    Drift is that of the log ratio of recorded to imputed trade by blocks of `length` months. Its
    changes between the held-out blocks before the ban are measured, and its level in the last
    one is taken off, as a usual event study does. Until the block `after` (0 is the first clean
    one) it can have changed once for each block since, the months between the measure and the
    first clean one counted in proportion, each time by at most `m` times the largest. The
    interval takes the `(1 - level) / 2` quantile of the lower end over resampled products, and
    the counterpart of the upper end. That is the percentile bootstrap of the ends and not the
    paper's hybrid test; the largest of noisy changes is too large on average, so it errs to the
    wide side. Raises PanelError with fewer than two held-out blocks.
    """
    design = design or Design()
    if design.leads < 2 * length:
        raise PanelError(f"{design.leads} held-out months hold no two blocks of {length}")
    ratio, drift = _ratio_and_drift(impute(panel, design), group, length, after)
    drawn = np.array(
        [
            _ratio_and_drift(one, group, length, after)
            for one in resampled(panel, design, draws=draws, seed=seed)
        ]
    )
    tail = (1 - level) / 2
    lower = np.quantile(drawn[:, 0] * np.exp(-m * drawn[:, 1]), tail)
    upper = np.quantile(drawn[:, 0] * np.exp(m * drawn[:, 1]), 1 - tail)
    return HonestBounds(
        m,
        (after * length, (after + 1) * length - 1),
        ratio,
        float(lower),
        float(upper),
        abs(float(np.log(ratio))) / drift if ratio > 0 else float("inf"),
        level,
    )


def _ratio_and_drift(imputed: Imputed, group: str, length: int, after: int) -> tuple[float, float]:
    """The ratio of the block `after` over that of the last block before the ban, and by how much
    the fastest drift before it would have moved its logarithm in between."""
    panel, own = imputed.panel, imputed.panel.group == group
    held_out = [span for span in blocks(imputed, own, length) if span[0] < 0]
    ratios = [np.divide(*imputed.sums(own, span)) for span in held_out]
    before = np.maximum(ratios, SMALLEST_RATIO)
    gap = int((panel.clean[own] - panel.begins[own]).max()) + imputed.design.anticipation
    steps = 1 + after + gap / length
    recorded, expected = imputed.sums(own, (after * length, (after + 1) * length - 1))
    largest = float(np.abs(np.diff(np.log(before))).max())
    return recorded / expected / before[-1], largest * steps


def leave_one_out(panel: Panel, group: str, design: Design | None = None) -> pd.DataFrame:
    """The effect on `group` without each of its products and without each control, in turn.

    `left_out`, `banned` (whether it is one of the group's), `ratio`, sorted by ratio. A group of
    one product cannot be without it and has no such row.
    """
    own = panel.group == group
    rows = []
    for place in np.flatnonzero(own | ~panel.banned):
        rest = panel.rows(np.arange(len(own)) != place)
        members = rest.group == group
        if members.any():
            ratio = np.divide(*impute(rest, design).sums(members))
            rows.append((panel.products[place], bool(own[place]), float(ratio)))
    table = pd.DataFrame(rows, columns=["left_out", "banned", "ratio"])
    return table.sort_values(["ratio", "left_out"]).reset_index(drop=True)
