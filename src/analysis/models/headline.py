"""What a headline rests on: where its engine's intervals held, and paths enough to print ends."""

from __future__ import annotations

from dataclasses import fields, replace

import pandas as pd

from analysis.models.counterfactual import Engine
from analysis.models.coverage import ACCEPTED

#: A departure counts as more than chance beyond so many Monte Carlo errors of the accepted range.
CHANCE = 2.0


def with_paths(engine: Engine, times: int) -> Engine:
    """`engine` with `times` as many simulated paths and, where it draws them, parameters.

    The law that the paths follow stays the same, so what its simulations say of it stays true;
    the ends of an interval move less with the seed.
    """
    known = {field.name for field in fields(engine)} & {"paths", "parameter_draws"}
    return replace(engine, **{name: times * getattr(engine, name) for name in known})


def coverage_by_process(coverage: pd.DataFrame, engines: list[str]) -> pd.DataFrame:
    """Coverage of `engines`, per cent, one row an engine and process, one column a horizon.

    `coverage` as `coverage_table` gives it; the pooled row of an engine comes first. An entry is
    text, the share with its Monte Carlo error behind it.
    """
    own = coverage[coverage["engine"].isin(engines)]
    own = own.assign(
        told=[  # no-break spaces keep a share and its error on one line
            f"{100 * row.coverage:.1f}\u00a0±\u00a0{100 * row.mc_error:.1f}"
            for row in own.itertuples()
        ],
        process=own["process"].replace("all", "all together"),
    )
    return own.pivot_table(
        index=["engine", "process"], columns="horizon", values="told", aggfunc="first", sort=False
    )


def departures(coverage: pd.DataFrame, engine: str) -> pd.DataFrame:
    """Where one process alone leaves `ACCEPTED`: rows of `coverage_table` of `engine`.

    Added are `side` (`too little`, `too much`) and `beyond_chance`: whether it is farther outside
    than `CHANCE` Monte Carlo errors.
    """
    own = coverage[(coverage["engine"] == engine) & (coverage["process"] != "all")]
    low, high = ACCEPTED
    outside = own[~own["coverage"].between(low, high)]
    little = outside["coverage"] < low
    beyond = (low - outside["coverage"]).where(little, outside["coverage"] - high)
    return outside.assign(
        side=little.map({True: "too little", False: "too much"}),
        beyond_chance=beyond > CHANCE * outside["mc_error"],
    )
