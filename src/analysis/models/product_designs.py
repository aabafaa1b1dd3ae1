"""The same effects under other readings: whose list, how many digits, which months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.models.event_study import banned_groups
from analysis.models.imputation import Design, impute
from analysis.models.panel import PanelError, product_panel
from analysis.models.product_groups import Choice


@dataclass(frozen=True)
class Variation:
    """One way to make the panel and the design; the first of `variations` is that of the page."""

    choice: Choice = field(default_factory=Choice)
    level: int = 4
    design: Design = field(default_factory=Design)
    partly_banned: str = "banned"
    first: str = "2014-01"
    last: str = "2019-12"


def variations(base: Variation) -> dict[str, Variation]:
    """Readings that differ from `base` in one thing each, by what differs."""
    listed, design = base.choice.listed, base.design
    return {
        "as on this page": base,
        **{
            f"list: {name}": replace(base, choice=replace(base.choice, listed=name))
            for name in ("china", "china_strict", "eu")
            if name != listed
        },
        "coal banned from resolution 2371": replace(
            base, choice=replace(base.choice, suspension=False)
        ),
        **{f"HS{level}": replace(base, level=level) for level in (2, 4, 6) if level != base.level},
        "no month of anticipation": replace(base, design=replace(design, anticipation=0)),
        "six months of anticipation": replace(base, design=replace(design, anticipation=6)),
        "last months before the ban used": replace(base, design=replace(design, leads=0)),
        "a season for each product": replace(base, design=replace(design, seasonal=True)),
        "partly banned codes left out": replace(base, partly_banned="left_out"),
        "partly banned codes as free": replace(base, partly_banned="free"),
        "to December 2018": replace(base, last=min("2018-12", base.last)),
    }


def varied_effects(
    frame: pd.DataFrame,
    measures: pd.DataFrame,
    chosen: Mapping[str, Variation],
    *,
    flow: str,
    partner: int,
) -> pd.DataFrame:
    """Effects in per cent, one row a variation and one column a group, without intervals.

    Missing where a group has no product in a variation, and everywhere in a variation that cannot
    be estimated; `problem` says why (empty otherwise).
    """
    rows = {}
    for name, variation in chosen.items():
        try:
            rows[name] = {**_effects(frame, measures, variation, flow, partner), "problem": ""}
        except PanelError as error:
            rows[name] = {"problem": str(error)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table[[*(name for name in table if name != "problem"), "problem"]]


def _effects(
    frame: pd.DataFrame,
    measures: pd.DataFrame,
    variation: Variation,
    flow: str,
    partner: int,
) -> dict[str, float]:
    panel = product_panel(
        frame,
        measures,
        flow=flow,
        partner=partner,
        level=variation.level,
        choice=variation.choice,
        first=variation.first,
        last=variation.last,
        partly_banned=variation.partly_banned,
    )
    imputed = impute(panel, variation.design)
    effects = {}
    for group in banned_groups(panel):
        recorded, expected = imputed.sums(panel.group == group)
        effects[group] = 100 * (recorded / expected - 1) if expected > 0 else np.nan
    return effects
