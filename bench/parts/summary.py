"""What withheld figures, histories and panels say together."""

from __future__ import annotations

import pandas as pd


def summarise(parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """measure, count, of, share: one line each, for the parts that are there."""
    lines = simulation_lines(parts["simulation"]) if "simulation" in parts else []
    if "withheld" in parts:
        lines += withheld_lines(parts["withheld"])
    if "designs" in parts:
        lines += design_lines(parts["designs"])
    return pd.DataFrame(lines, columns=["measure", "count", "of", "share"])


def simulation_lines(simulation: pd.DataFrame) -> list[tuple]:
    misprinted = simulation["misprinted"]
    errors = simulation[misprinted].sum(numeric_only=True)
    clean = simulation[~misprinted].sum(numeric_only=True)
    counts = [
        ("misprints found", errors["found"], errors["planted"]),
        ("misprints rejected", errors["rejected"], errors["planted"]),
        ("checkable misprints found", errors["checkable_found"], errors["checkable"]),
        ("sound figures blamed", errors["blamed"], errors["sound"]),
        ("sound figures rejected", errors["sound_rejected"], errors["sound"]),
        (
            "months no misprint touches, truth inside",
            errors["months_untouched_inside"],
            errors["months_untouched"],
        ),
        ("all months, truth inside", errors["months_inside"], errors["months"]),
        ("months of clean histories, truth inside", clean["months_inside"], clean["months"]),
    ]
    return [(measure, count, of, round(count / of, 4)) for measure, count, of in counts if of]


def design_lines(designs: pd.DataFrame) -> list[tuple]:
    """Planted ratios inside the 90 % intervals, and p-values of at most 0.1, by scenario.

    Total bans are left out: nothing recorded is nothing under any comparison, so they would be
    counted as held and found without any merit of the interval.
    """
    lines = []
    partial = designs[designs["truth"] > 0]
    for (scenario, method), own in partial.groupby(["scenario", "method"], sort=False):
        bounded = own[own["lower"].notna()]
        if len(bounded):
            inside = (bounded["lower"] - 1e-6 <= bounded["truth"]) & (
                bounded["truth"] <= bounded["upper"] + 1e-6
            )
            lines.append((f"{scenario}: {method}, truth inside", inside.sum(), len(bounded)))
        for no_effect, tested in own[own["p_value"].notna()].groupby(own["truth"] == 1):
            name = "no effect refused" if no_effect else "effect found"
            refused = (tested["p_value"] <= 0.1).sum()
            lines.append((f"{scenario}: {method}, {name} at 10 %", refused, len(tested)))
    return [(measure, count, of, round(count / of, 4)) for measure, count, of in lines]


def withheld_lines(withheld: pd.DataFrame) -> list[tuple]:
    scored = withheld[withheld["scored"]]
    inside, width = scored["overlaps"].sum(), scored["width_share"].median()
    return [
        (
            "withheld figures scored",
            len(scored),
            len(withheld),
            round(len(scored) / len(withheld), 4),
        ),
        ("withheld figures bracketed", inside, len(scored), round(inside / len(scored), 4)),
        ("median width, as a share of the value", len(scored), len(scored), round(width, 4)),
    ]
