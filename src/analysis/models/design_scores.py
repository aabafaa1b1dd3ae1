"""Whether the product designs find what was planted, and how often their intervals hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.event_study import (
    effect_by_jackknife,
    effects_by_placebo,
    honest_bounds,
)
from analysis.models.imputation import AFTER, Design
from analysis.models.panel import Panel, PanelError, product_panel
from analysis.models.simulated_panel import Truth, simulated_panel
from analysis.models.synthetic_control import partner_series, synthetic_control
from analysis.models.two_way import difference_in_differences

#: Ratios of trade under the ban to trade without, by group; the first is a total ban.
RATIOS = {
    "Coal": 0.0,
    "Lead and lead ore": 0.1,
    "Seafood": 0.3,
    "Textiles and garments": 0.2,
    "Iron and iron ore": 0.5,
    "Food": 0.7,
}


def planted(ratios: Mapping[str, float]) -> dict[str, float]:
    """Ratios as the log effects of `Truth`."""
    return {name: float(np.log(ratio)) if ratio else -np.inf for name, ratio in ratios.items()}


#: What is simulated. `parallel`: no drift; `no effect`: bans without any effect; `rush`:
#: contracts brought forward before the first clean month; `drift`: banned goods lose one and a
#: half per cent a month against the others, which the plain interval does not know of;
#: `restless`: noisier products, idle a third of the time, each with a drift of its own.
SCENARIOS = {
    "parallel": Truth(planted(RATIOS)),
    "no effect": Truth(dict.fromkeys(RATIOS, 0.0)),
    "rush": Truth(planted(RATIOS), rush=0.7),
    "drift": Truth(planted(RATIOS), drift=-0.015),
    "restless": Truth(planted(RATIOS), noise=0.8, persistence=0.6, idle=0.35, trends=0.005),
}
#: Group whose few products are bounded for drift, and the largest, for the jackknife.
BOUNDED, LARGE = "Seafood", "Textiles and garments"
#: Design and block of the bounds on drift: three blocks before the ban give two changes.
HONEST, HONEST_LENGTH = Design(leads=12), 4
DRAWS = 199
#: Half the width of a normal interval at 90 %, in standard errors.
NORMAL_90 = 1.6448536269514722
#: Partners that are donors in a simulated synthetic control, by number.
DONORS = tuple(range(110, 130))


@dataclass(frozen=True)
class Score:
    """One interval: the planted ratio, what was found, and whether the interval holds the truth.

    `p_value` is missing where the method has none.
    """

    scenario: str
    seed: int
    group: str
    method: str
    truth: float
    found: float
    lower: float
    upper: float
    p_value: float

    @property
    def held(self) -> bool:
        return self.lower - 1e-12 <= self.truth <= self.upper + 1e-12


def score(measures: pd.DataFrame, scenario: str, seed: int) -> list[Score]:
    """Every interval of one simulated panel; the scenario `donors` plants no effect in panels of
    even seed and a fall to a fifth in the others."""
    if scenario == "donors":
        return [score_donors(measures, seed, ratio=0.2 if seed % 2 else 1.0)]
    return score_panel(measures, scenario, seed)


def score_panel(
    measures: pd.DataFrame, scenario: str, seed: int, *, draws: int = DRAWS
) -> list[Score]:
    """Every design on one simulated panel of `SCENARIOS[scenario]`, the intervals at 90 %."""
    truth = SCENARIOS[scenario]
    frame = simulated_panel(measures, truth, seed=seed)
    panel = product_panel(frame, measures, flow="import", partner=109)
    design = Design()
    scores = []
    for group, log_ratio in truth.effects.items():
        ratio = float(np.exp(log_ratio))
        (effect,) = effects_by_placebo(panel, group, design, [AFTER], draws=draws, seed=seed)
        scores.append(
            (group, "placebo groups", ratio, effect.ratio, *effect.interval, effect.p_value)
        )
    ratio = float(np.exp(truth.effects[LARGE]))
    effect = effect_by_jackknife(panel, LARGE, design)
    scores.append(
        (LARGE, "products left out in turn", ratio, effect.ratio, *effect.interval, np.nan)
    )
    ratio = float(np.exp(truth.effects[BOUNDED]))
    bounds = honest_bounds(panel, BOUNDED, HONEST, length=HONEST_LENGTH, draws=draws, seed=seed)
    scores.append(
        (BOUNDED, "drift bounded", ratio, bounds.ratio, bounds.lower, bounds.upper, np.nan)
    )
    scores += _dummy(panel, design, truth, draws, seed)
    return [Score(scenario, seed, *score) for score in scores]


def _dummy(panel: Panel, design: Design, truth: Truth, draws: int, seed: int) -> list[tuple]:
    """The regression with a dummy on the bounded group, with normal interval and wild p-value."""
    ratio = float(np.exp(truth.effects[BOUNDED]))
    try:
        dummy = difference_in_differences(panel, BOUNDED, design, draws=draws, seed=seed)
    except PanelError:
        return []
    ends = dummy.coefficient + np.array([-1, 1]) * NORMAL_90 * dummy.standard_error
    found = float(np.exp(dummy.coefficient))
    return [
        (BOUNDED, "dummy, clustered", ratio, found, *np.exp(ends), dummy.p_normal),
        (BOUNDED, "dummy, wild scores", ratio, found, np.nan, np.nan, dummy.p_wild),
    ]


def score_donors(measures: pd.DataFrame, seed: int, *, ratio: float) -> Score:
    """The synthetic control of one group, with `ratio` planted for North Korea alone.

    The interval is none; `p_value` is the rank of its error among the donors'.
    """
    headings = ("0303", "0304", "0305", "0306", "0307", "1604", "1605")
    effects = {BOUNDED: float(np.log(ratio))}
    frames = [
        simulated_panel(
            measures,
            Truth(effects if partner == 109 else {}, noise=0.3),
            seed=seed * 1000 + partner,
            partner=partner,
            headings=headings,
        )
        for partner in (109, *DONORS)
    ]
    series = partner_series(pd.concat(frames), measures, BOUNDED)
    begins, clean = pd.Period("2017-08", "M"), pd.Period("2017-09", "M")
    result = synthetic_control(series, BOUNDED, begins, clean)
    return Score(
        "donors",
        seed,
        BOUNDED,
        "synthetic control",
        ratio,
        result.ratio,
        np.nan,
        np.nan,
        result.rank_p,
    )
