"""Pictures of reported petroleum deliveries against the cap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.figures.figure import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    RED,
    VIOLET,
    Figure,
    blank,
    legend_above,
    style,
)
from analysis.models.cap import period_totals

SUPPLIER_COLOURS = {"China": RED, "Russia": BLUE, "China+Russia": PURPLE}
SUPPLIER_NAMES = {"China+Russia": "China and Russia, printed together"}
#: Thousand barrels that a label over a bar takes; with less under the cap it stands over the cap.
ROOM_FOR_LABEL = 45
YEAR_COLOURS = (GREY, BLUE, RED, ORANGE, PURPLE, VIOLET)


def reported_by_year(
    reported: pd.DataFrame, *, title: str, source: str, id: str = "reported_by_year"
) -> Figure:
    """Reported deliveries of each cap period as stacked bars under the cap.

    `reported` as from `analysis.models.cap.reported_against_cap`. Periods without a figure for
    every month of both suppliers are hatched: there the bar is a lower limit.
    """
    totals = period_totals(reported)
    labels = [_period_label(row.period_first, row.period_last) for row in totals.itertuples()]
    place = {first: number for number, first in enumerate(totals["period_first"])}
    complete = dict(zip(totals["period_first"], totals["complete"], strict=True))
    with style(id):
        picture = blank(3.7)
        axes = picture.add_subplot()
        height = dict.fromkeys(place, 0.0)
        for supplier, colour in SUPPLIER_COLOURS.items():
            for row in reported[reported["supplier"] == supplier].itertuples():
                barrels = row.barrels / 1e3
                whole = complete[row.period_first]
                axes.bar(
                    place[row.period_first],
                    barrels,
                    bottom=height[row.period_first],
                    width=0.66,
                    facecolor=colour if whole else "none",
                    edgecolor=colour,
                    hatch=None if whole else "////",
                )
                height[row.period_first] += barrels
            if (reported["supplier"] == supplier).any():
                axes.bar([-9], [0], color=colour, label=SUPPLIER_NAMES.get(supplier, supplier))
        for row in totals.itertuples():
            middle = place[row.period_first]
            axes.hlines(row.cap_barrels / 1e3, middle - 0.45, middle + 0.45, color=INK, linewidth=2)
            share = f"{100 * row.share_of_cap:.0f} %"
            clear = row.cap_barrels / 1e3 - height[row.period_first] > ROOM_FOR_LABEL
            axes.text(
                middle,
                (height[row.period_first] if clear else row.cap_barrels / 1e3) + 7,
                share if row.complete else f"at least\n{share}",
                ha="center",
                va="bottom",
                size=9.5,
                linespacing=1.1,
            )
        axes.text(
            -0.42,
            totals["cap_barrels"].iloc[0] / 1e3 + 10,
            "cap",
            size=9.5,
            color=INK,
            weight="bold",
        )
        axes.set_xlim(-0.6, len(place) - 0.4)
        axes.set_ylim(0, 1.12 * totals["cap_barrels"].max() / 1e3)
        axes.set_xticks(range(len(labels)), [label.replace(" ", "\n") for label in labels])
        axes.tick_params(bottom=False)
        legend_above(axes, 3)
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Refined petroleum reported to the 1718 Committee by cap period, thousand barrels, "
            "and its share of the cap"
        ),
        source=source,
        note=(
            "Hatched: months of a supplier have no report, so that the bar is a lower limit. "
            "Tonnes without barrels beside them are converted at the supplier's own rate. "
            "Deliveries that nobody reported are in no bar."
        ),
        alt=(
            "Stacked bars under a line for the cap. "
            + " ".join(
                f"{label}: {'' if row.complete else 'at least '}{row.barrels / 1e3:,.0f} thousand "
                f"barrels, {100 * row.share_of_cap:.0f} per cent of the cap."
                for label, row in zip(labels, totals.itertuples(), strict=True)
            )
        ),
        data=reported.drop(columns="rows"),
        picture=picture,
    )


def _period_label(first: pd.Period, last: pd.Period) -> str:
    if (first.month, last.month) == (1, 12):
        return str(first.year)
    return f"{first.strftime('%b')}–{last.strftime('%b')} {first.year}"


def cumulative_within_year(
    paths: Mapping[int, pd.DataFrame],
    *,
    title: str,
    source: str,
    id: str = "cumulative_within_year",
) -> Figure:
    """How each year's reported deliveries added up, a step line a year, under the cap.

    `paths` gives for each year a frame as from `analysis.models.cap.cumulative_reported`.
    """
    with style(id):
        picture = blank(3.6)
        axes = picture.add_subplot()
        for (year, path), colour in zip(paths.items(), YEAR_COLOURS, strict=False):
            months = path["month"].dt.month.to_numpy()
            thousand = (path["barrels"] / 1e3).to_numpy()
            axes.plot(months, thousand, color=colour, drawstyle="steps-post")
            new = np.diff(thousand, prepend=-1.0) != 0
            axes.plot(months[new], thousand[new], "o", color=colour, markersize=3.5)
            axes.annotate(
                str(year),
                (months[-1], thousand[-1]),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                size=9.5,
                color=INK,
            )
        cap = max(path["cap_barrels"].max() for path in paths.values()) / 1e3
        axes.axhline(cap, color=INK, linewidth=2)
        axes.text(
            1,
            cap + 8,
            f"cap: {cap:,.0f} thousand barrels a year",
            size=9.5,
            color=INK,
            weight="bold",
        )
        axes.set_ylim(0, 1.1 * cap)
        axes.set_xlim(0.7, 12.8)
        axes.set_xticks(range(1, 13), "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
        axes.tick_params(axis="x", color=QUIET)
        axes.set_title("Thousand barrels since January")
    data = pd.concat([path.assign(year=year) for year, path in paths.items()], ignore_index=True)
    ends = [
        f"{year} ends in {path['month'].iloc[-1].strftime('%B')} at "
        f"{path['barrels'].iloc[-1] / 1e3:,.0f} thousand barrels."
        for year, path in paths.items()
    ]
    return Figure(
        id=id,
        title=title,
        subtitle="Refined petroleum reported to the 1718 Committee since January, thousand barrels",
        source=source,
        note="Where no figure was printed for a month the line stays as it was.",
        alt=f"One line a year, all below the cap of {cap:,.0f} thousand barrels. {' '.join(ends)}",
        data=data[["year", "month", "barrels", "cap_barrels"]],
        picture=picture,
    )
