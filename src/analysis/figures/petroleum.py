"""Pictures of what was reported against the petroleum cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    Figure,
    blank,
    legend_above,
    style,
)
from analysis.models.cap_clock import Projection

SUPPLIER_COLOURS = {"China": RED, "Russia": BLUE}
#: Thousand barrels that a label over a bar takes; with less under the cap it stands over the cap.
ROOM_FOR_LABEL = 45
READING_MARKS = {
    "committee": ("the Committee's barrels", RED, "o"),
    "flat": ("8.33 for every tonne", ORANGE, "s"),
    "product": ("by product", BLUE, "D"),
    "press": ("newspapers", GREY, "^"),
}


def reported_by_year(
    reported: pd.DataFrame, *, title: str, source: str, id: str = "reported_by_year"
) -> Figure:
    """Reported deliveries of each cap period as stacked bars under the cap.

    `reported` has one row a period and supplier: `period_first`, `period_last` (Period[M]),
    `supplier`, `lower_bbl`, `upper_bbl`, `open_months`, `cap_barrels`. A supplier's bar is hatched
    where months of it are open: there it is a lower limit.
    """
    periods = reported.groupby(["period_first", "period_last"], sort=True)
    labels, sentences = [], []
    with style(id):
        picture = blank(3.7)
        axes = picture.add_subplot()
        for place, ((first, last), group) in enumerate(periods):
            height, gaps = 0.0, int(group["open_months"].sum())
            cap = group["cap_barrels"].iloc[0] / 1e3
            for row in group.itertuples():
                middle = (row.lower_bbl + row.upper_bbl) / 2e3
                colour = SUPPLIER_COLOURS[row.supplier]
                axes.bar(
                    place,
                    middle,
                    bottom=height,
                    width=0.66,
                    facecolor="none" if row.open_months else colour,
                    edgecolor=colour,
                    hatch="////" if row.open_months else None,
                )
                height += middle
            axes.hlines(cap, place - 0.45, place + 0.45, color=INK, linewidth=2)
            share = f"{100 * height / cap:.0f} %"
            axes.text(
                place,
                (height if cap - height > ROOM_FOR_LABEL else cap) + 7,
                f"at least\n{share}" if gaps else share,
                ha="center",
                va="bottom",
                size=9.5,
                linespacing=1.1,
            )
            labels.append(period_label(first, last))
            sentences.append(
                f"{labels[-1]}: {'at least ' if gaps else ''}{height:,.0f} thousand barrels, "
                f"{100 * height / cap:.0f} per cent of the cap."
            )
        for supplier, colour in SUPPLIER_COLOURS.items():
            axes.bar([-9], [0], color=colour, label=supplier)
        axes.text(-0.42, cap + 10, "cap", size=9.5, color=INK, weight="bold")
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.set_ylim(0, 1.12 * cap)
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
            "Hatched: some months of the supplier have no report that we know, so that the bar is "
            "a lower limit. Deliveries that nobody reported are in no bar."
        ),
        alt="Stacked bars under a line for the cap. " + " ".join(sentences),
        data=reported.drop(columns=[name for name in reported if name == "rows"]),
        picture=picture,
    )


def period_label(first: pd.Period, last: pd.Period) -> str:
    """`2018` for a calendar year, `Oct–Dec 2017` for a part of one."""
    if (first.month, last.month) == (1, 12):
        return str(first.year)
    return f"{first.strftime('%b')}–{last.strftime('%b')} {first.year}"


def cap_clock(
    paths: Mapping[int, pd.DataFrame],
    cap_bbl: float,
    thresholds: Sequence[float],
    *,
    title: str,
    source: str,
    id: str = "cap_clock",
) -> Figure:
    """How each year's reported barrels added up, one panel a year, under the cap and thresholds.

    `paths` gives for each year `month`, `lower_bbl`, `upper_bbl` (running sums) and
    `open_months`. From the first open month on the band is dashed: it is a lower limit.
    """
    rows = -(-len(paths) // 4)
    with style(id):
        picture = blank(0.6 + 1.75 * rows)
        panels = picture.subplots(rows, 4, sharex=True, sharey=True).flatten()
        for axes, (year, path) in zip(panels, paths.items(), strict=False):
            month = path["month"].dt.month.to_numpy()
            lower, upper = path["lower_bbl"] / 1e3, path["upper_bbl"] / 1e3
            axes.fill_between(month, lower, upper, color=BLUE, alpha=0.35, linewidth=0)
            gaps = path["open_months"].to_numpy() > 0
            whole = np.where(gaps, np.nan, upper)
            axes.plot(month, whole, color=BLUE)
            axes.plot(month, np.where(gaps, lower, np.nan), color=BLUE, linestyle=":")
            axes.axhline(cap_bbl / 1e3, color=INK, linewidth=1.8)
            for share in thresholds:
                axes.axhline(share * cap_bbl / 1e3, color=QUIET, linewidth=0.7, linestyle="--")
            axes.set_title(str(year))
            axes.set_xlim(0.5, 12.5)
            axes.set_xticks([1, 4, 7, 10], ["Jan", "Apr", "Jul", "Oct"])
            axes.set_ylim(0, 1.08 * cap_bbl / 1e3)
        for axes in panels[len(paths) :]:
            axes.set_axis_off()
    data = pd.concat([path.assign(year=year) for year, path in paths.items()], ignore_index=True)
    ends = [
        f"{year} ends in {path['month'].iloc[-1].strftime('%B')} "
        f"{'at least ' if path['open_months'].iloc[-1] else ''}at "
        f"{path['lower_bbl'].iloc[-1] / 1e3:,.0f} thousand barrels."
        for year, path in paths.items()
    ]
    marks = ", ".join(f"{100 * share:.0f}" for share in thresholds)
    return Figure(
        id=id,
        title=title,
        subtitle="Refined petroleum reported since January of each year, thousand barrels",
        source=source,
        note=(
            f"Line: the cap. Dashed: {marks} % of it. The band is what the printed figures leave "
            "open; dotted from the first month that lacks a report, where it is a lower limit."
        ),
        alt=f"One panel a year, all under the cap of {cap_bbl / 1e3:,.0f} thousand barrels. "
        + " ".join(ends),
        data=data[["year", "month", "lower_bbl", "upper_bbl", "open_months"]],
        picture=picture,
    )


def projected_year(
    path: pd.DataFrame,
    projections: Mapping[str, Projection],
    cap_bbl: float,
    thresholds: Sequence[float],
    *,
    title: str,
    source: str,
    id: str = "projected_year",
) -> Figure:
    """A part-year carried to December, a band a projection (label to projection).

    `path` as in `cap_clock`. Bands hold 80 % of the draws.
    """
    levels = (0.1, 0.5, 0.9)
    colours = (BLUE, ORANGE, PURPLE)
    with style(id):
        picture = blank(3.5)
        axes = picture.add_subplot()
        known = path[path["month"] < next(iter(projections.values())).months[0]]
        axes.plot(known["month"].dt.month, known["lower_bbl"] / 1e3, color=INK, label="reported")
        last = int(known["month"].dt.month.iloc[-1])
        rows = []
        for (label, found), colour in zip(projections.items(), colours, strict=False):
            table = found.quantiles(levels)
            months = np.array([last, *table["month"].dt.month])
            start = found.to_date_bbl / 1e3
            low, middle, high = (np.array([start, *(table[q] / 1e3)]) for q in levels)
            axes.fill_between(months, low, high, color=colour, alpha=0.25, linewidth=0)
            axes.plot(months, middle, color=colour, label=label)
            named = table.rename(columns=dict(zip(levels, ("q10", "q50", "q90"), strict=True)))
            rows.append(named.assign(projection=label))
        axes.axhline(cap_bbl / 1e3, color=INK, linewidth=1.8)
        axes.text(1, cap_bbl / 1e3 + 8, "cap", size=9.5, weight="bold")
        for share in thresholds:
            axes.axhline(share * cap_bbl / 1e3, color=QUIET, linewidth=0.7, linestyle="--")
        axes.set_xlim(0.7, 12.3)
        axes.set_ylim(0, 1.12 * cap_bbl / 1e3)
        axes.set_xticks(range(1, 13), "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
        legend_above(axes, 3)
    data = pd.concat(rows, ignore_index=True)
    ends = data.groupby("projection", sort=False).tail(1)
    return Figure(
        id=id,
        title=title,
        subtitle=f"Refined petroleum reported since January {known['month'].dt.year.iloc[0]}, "
        "thousand barrels",
        source=source,
        note="Bands hold 80 % of the draws, which vary as months of earlier years did.",
        alt="Lines to December under the cap. "
        + " ".join(
            f"{row.projection}: {row.q10 / 1e3:,.0f} to {row.q90 / 1e3:,.0f} thousand barrels."
            for row in ends.itertuples()
        ),
        data=data,
        picture=picture,
    )


def conversion_readings(
    shares: pd.DataFrame, *, title: str, source: str, id: str = "conversion_readings"
) -> Figure:
    """Share of the cap under four readings of the tonnes, one row of marks a cap period.

    `shares` as from `conversion.shares_by_reading`.
    """
    periods = sorted(shares["period_first"].unique())
    with style(id):
        picture = blank(0.9 + 0.48 * len(periods))
        axes = picture.add_subplot()
        for step, (reading, (label, colour, mark)) in enumerate(READING_MARKS.items()):
            own = shares[shares["reading"] == reading].set_index("period_first").loc[periods]
            places = np.arange(len(periods)) + 0.18 * (step - 1.5)
            axes.hlines(
                places,
                100 * own["lower_share"],
                100 * own["upper_share"],
                color=colour,
                linewidth=2.6,
                alpha=0.55,
            )
            axes.plot(
                100 * own["middle_share"],
                places,
                mark,
                color=colour,
                markersize=5,
                linestyle="none",
                label=label,
            )
        axes.axvline(100, color=INK, linewidth=1.8)
        labels = []
        for period in periods:
            gaps = shares.loc[shares["period_first"] == period, "open_months"].iloc[0]
            name = period_label(period, period + 2) if period.month == 10 else str(period.year)
            labels.append(name + (" *" if gaps else ""))
        axes.set_yticks(range(len(periods)), labels, color=INK)
        axes.set_ylim(len(periods) - 0.5, -0.5)
        axes.set_xlim(0, 108)
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        axes.set_xlabel("Per cent of the cap")
        legend_above(axes, 2)
    full = shares[shares["reading"] == "committee"].set_index("period_first")["middle_share"]
    low = shares[shares["reading"] == "product"].set_index("period_first")["middle_share"]
    return Figure(
        id=id,
        title=title,
        subtitle="Reported deliveries as a share of the cap, by how tonnes are turned into barrels",
        source=source,
        note="* Some months lack a report: every reading is then a lower limit.",
        alt="Four marks a period. "
        + " ".join(
            f"{label}: {100 * full[period]:.0f} per cent in the Committee's barrels, "
            f"{100 * low[period]:.0f} by product."
            for label, period in zip(labels, periods, strict=True)
        ),
        data=shares,
        picture=picture,
    )
