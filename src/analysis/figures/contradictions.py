"""Pictures of the printed figures that cannot stand beside the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.figures.figure import BLUE, INK, QUIET, RED, Figure, blank, legend_above, style

LABEL_CHARACTERS = 48
WIDE_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
NARROW_TICKS = (50, 60, 70, 80, 90, 100, 110, 120, 140, 160, 180)
#: Per cent shown at least on both sides of agreement, so that near misses do not look far off.
NARROWEST_SPAN = (88, 113)


def rejected_figures(
    contradictions: pd.DataFrame,
    *,
    title: str,
    source: str,
    note: str = "",
    largest: int = 15,
    id: str = "rejected_figures",
) -> Figure:
    """Rejected figures beside what the others allow, the largest first.

    `contradictions` has one row a rejected figure: `kind` (`level` or `rate`; other kinds are not
    drawn), `description`, `amount` (how far the printed figure lies outside), `unit`,
    `printed_lower`, `printed_upper`, `allowed_lower`, `allowed_upper`. Levels are ranked by their
    amount as a share of what is allowed and drawn in per cent of its middle; rates stand in the
    data only, since they have no common scale with levels.
    """
    levels = contradictions[contradictions["kind"] == "level"].copy()
    rates = int((contradictions["kind"] == "rate").sum())
    middle = (levels["allowed_lower"] + levels["allowed_upper"]) / 2
    for name in ("printed_lower", "printed_upper", "allowed_lower", "allowed_upper"):
        levels[f"{name}_percent"] = 100 * levels[name] / middle
    levels["off_percent"] = 100 * levels["amount"].abs() / middle.abs()
    levels = levels[np.isfinite(levels["off_percent"])]
    shown = levels.sort_values(["off_percent", "id"], ascending=[False, True]).head(largest)
    with style(id):
        picture = blank(0.9 + 0.27 * len(shown))
        axes = picture.add_subplot()
        for place, row in enumerate(shown.itertuples()):
            axes.plot(
                [row.allowed_lower_percent, row.allowed_upper_percent],
                [place, place],
                color=BLUE,
                linewidth=7,
                solid_capstyle="butt",
            )
            axes.plot(
                (row.printed_lower_percent + row.printed_upper_percent) / 2,
                place,
                "D",
                color=RED,
                markersize=5,
            )
        axes.axvline(100, color=QUIET, linewidth=0.8)
        labels = [_shortened(text) for text in shown["description"]]
        axes.set_yticks(range(len(shown)), labels, size=9, color=INK)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xscale("log")
        left, right = axes.get_xlim()
        axes.set_xlim(min(left, NARROWEST_SPAN[0]), max(right, NARROWEST_SPAN[1]))
        low, high = axes.get_xlim()
        ticks = WIDE_TICKS if high > 2 * low else NARROW_TICKS
        axes.set_xticks([tick for tick in ticks if low < tick < high])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.minorticks_off()
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        axes.set_xlabel("Per cent of what the others allow (log scale)")
        axes.plot([], [], "D", color=RED, label="as printed")
        axes.plot([], [], color=BLUE, linewidth=7, label="allowed by the other figures")
        legend_above(axes, 2)
    return Figure(
        id=id,
        title=title,
        subtitle=_subtitle(len(shown), len(levels), rates),
        source=source,
        note=note,
        alt=(
            "A mark for each printed figure beside the range that the others allow: "
            + "; ".join(
                f"{row.description}, {row.off_percent:.1f} per cent off"
                for row in shown.itertuples()
            )
            + "."
        ),
        data=shown[
            [
                "id",
                "description",
                "unit",
                "printed_lower",
                "printed_upper",
                "allowed_lower",
                "allowed_upper",
                "amount",
                "off_percent",
            ]
        ],
        picture=picture,
    )


def _subtitle(shown: int, amounts: int, rates: int) -> str:
    elsewhere = f"; {rates} rejected growth rates are in the table" if rates else ""
    if shown < amounts:
        return f"Of {amounts} rejected amounts the {shown} furthest off{elsewhere}"
    return f"The {shown} rejected amounts{elsewhere}"


def _shortened(text: str) -> str:
    return text if len(text) <= LABEL_CHARACTERS else text[: LABEL_CHARACTERS - 1].rstrip() + "…"
