"""Pictures of what counted tanker calls add to what was reported."""

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
    Figure,
    blank,
    legend_above,
    style,
)
from analysis.models.unreported import YearDraws

INPUT_COLOURS = {
    "laden share": RED,
    "detection rate": BLUE,
    "product mix": ORANGE,
    "size of a call": PURPLE,
    "uncounted months": GREY,
    "the calls themselves": "#d0d0d4",
}
#: The scenario behind the interval of counted calls.
LIGHT_BAND = "#f5b9be"


def likely_by_year(
    totals: pd.DataFrame,
    reported: pd.DataFrame,
    *,
    title: str,
    source: str,
    id: str = "likely_by_year",
) -> Figure:
    """Allowed, reported, and likely delivered, one column a year.

    `totals` as from `unreported.totals_by_year`; `reported` one row a year: `year`, `lower_bbl`,
    `upper_bbl`, `cap_bbl`, `open_months`. Years of `reported` without a row in `totals` have no
    count: there the reported barrels are all that is known.
    """
    counted = totals.set_index("year")
    with style(id):
        picture = blank(4.1)
        axes = picture.add_subplot()
        for place, row in enumerate(reported.itertuples()):
            middle = (row.lower_bbl + row.upper_bbl) / 2e6
            axes.bar(place - 0.2, middle, width=0.3, color=BLUE)
            axes.hlines(row.cap_bbl / 1e6, place - 0.42, place + 0.42, color=INK, linewidth=2)
            if row.year not in counted.index:
                axes.text(
                    place, row.cap_bbl / 1e6 + 0.15, "no\ncount", ha="center", size=9, color=QUIET
                )
                continue
            found = counted.loc[row.year]
            at = place + 0.17
            if found["days_counted"] < 365:
                axes.vlines(
                    at,
                    found["scenario_lower"] / 1e6,
                    found["scenario_upper"] / 1e6,
                    color=LIGHT_BAND,
                    linewidth=9,
                )
            axes.vlines(
                at,
                found["counted_lower"] / 1e6,
                found["counted_upper"] / 1e6,
                color=RED,
                linewidth=4.5,
            )
            axes.plot(at, found["counted_middle"] / 1e6, "o", color=INK, markersize=4)
        axes.plot([], [], color=INK, linewidth=2, label="cap")
        axes.bar([-9], [0], color=BLUE, label="reported")
        axes.plot(
            [],
            [],
            color=RED,
            linewidth=4.5,
            solid_capstyle="butt",
            label="with counted calls, 90 %",
        )
        axes.plot(
            [],
            [],
            color=LIGHT_BAND,
            linewidth=9,
            solid_capstyle="butt",
            label="scenario for uncounted days",
        )
        axes.set_xlim(-0.6, len(reported) - 0.4)
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(len(reported)), [str(year) for year in reported["year"]])
        axes.tick_params(bottom=False)
        legend_above(axes, 4)
    data = reported.merge(totals, on="year", how="left", validate="one_to_one", suffixes=("", "_"))
    sentences = []
    for row in data.itertuples():
        text = f"{row.year}: reported {(row.lower_bbl + row.upper_bbl) / 2e3:,.0f} thousand barrels"
        if np.isfinite(row.counted_middle):
            text += (
                f", with counted calls {row.counted_lower / 1e3:,.0f} to "
                f"{row.counted_upper / 1e3:,.0f}"
            )
        else:
            text += ", no count of calls"
        sentences.append(text + ".")
    return Figure(
        id=id,
        title=title,
        subtitle="Refined petroleum by year, million barrels",
        source=source,
        note=(
            "Red: reports and counted tanker calls together, 90 % of draws, the dot their middle; "
            "a lower bound where some days were not counted. The pale bar carries the counted "
            "pace to the days that nobody counted and is a scenario. 2024 counts one route."
        ),
        alt="Columns by year against a cap of half a million barrels. " + " ".join(sentences),
        data=data.drop(columns=[name for name in data if name.endswith("_")]),
        picture=picture,
    )


def likely_clock(
    found: Mapping[int, YearDraws],
    cap_bbl: float,
    *,
    title: str,
    source: str,
    id: str = "likely_clock",
) -> Figure:
    """Reported and counted barrels through each counted year, one panel a year, with the cap.

    Bands hold 90 % of the draws, on counted days alone: behind the last of them nothing is drawn.
    """
    rows = -(-len(found) // 3)
    tables = []
    with style(id):
        picture = blank(0.6 + 1.85 * rows)
        panels = picture.subplots(rows, 3, sharex=True).flatten()
        for axes, (year, draws) in zip(panels, found.items(), strict=False):
            last = int(np.flatnonzero(draws.in_window)[-1])
            total = (draws.reported + draws.counted)[:, : last + 1]
            low, middle, high = np.quantile(total, (0.05, 0.5, 0.95), axis=0) / 1e6
            day = draws.ends[: last + 1].day_of_year.to_numpy() / 30.44 + 1
            day = np.concatenate([[1.0], day])
            ends = [np.concatenate([[0.0], part]) for part in (low, middle, high)]
            axes.fill_between(day, ends[0], ends[2], color=RED, alpha=0.3, linewidth=0)
            axes.plot(day, ends[1], color=RED)
            axes.axhline(cap_bbl / 1e6, color=INK, linewidth=1.8)
            axes.set_title(str(year))
            axes.set_xlim(1, 13)
            axes.set_xticks([1, 4, 7, 10, 13], ["Jan", "Apr", "Jul", "Oct", ""])
            axes.set_ylim(0, max(1.0, 1.05 * high[-1]))
            tables.append(
                pd.DataFrame(
                    {
                        "year": year,
                        "until": draws.ends[: last + 1].strftime("%Y-%m-%d"),
                        "q05_bbl": 1e6 * low,
                        "q50_bbl": 1e6 * middle,
                        "q95_bbl": 1e6 * high,
                    }
                )
            )
        for axes in panels[len(found) :]:
            axes.set_axis_off()
    data = pd.concat(tables, ignore_index=True)
    last_rows = data.groupby("year").tail(1)
    return Figure(
        id=id,
        title=title,
        subtitle="Reported and counted deliveries since January, million barrels",
        source=source,
        note=(
            "Line: the cap. Inside a window of counting, calls fall on any day alike. Behind the "
            "last counted day nothing is drawn; scales differ between panels."
        ),
        alt="One panel a counted year, each crossing the cap. "
        + " ".join(
            f"{row.year}: {row.q05_bbl / 1e6:.1f} to {row.q95_bbl / 1e6:.1f} million barrels by "
            f"{row.until}."
            for row in last_rows.itertuples()
        ),
        data=data,
        picture=picture,
    )


def sensitivity(
    shares: pd.DataFrame, *, title: str, source: str, id: str = "sensitivity"
) -> Figure:
    """Which input matters most: shares of each year's variance, one bar a year.

    `shares` has `year`, `input`, `share`, as `sensitivity.variance_shares` gives them by year.
    """
    years = list(dict.fromkeys(shares["year"]))
    with style(id):
        picture = blank(0.9 + 0.42 * len(years))
        axes = picture.add_subplot()
        table = shares.pivot_table(index="year", columns="input", values="share").loc[years]
        left = np.zeros(len(years))
        for name, colour in INPUT_COLOURS.items():
            widths = 100 * table[name].to_numpy()
            axes.barh(range(len(years)), widths, left=left, color=colour, height=0.62, label=name)
            for place, width in enumerate(widths):
                if width >= 8:
                    axes.text(
                        left[place] + width / 2,
                        place,
                        f"{width:.0f}",
                        ha="center",
                        va="center",
                        size=9.5,
                        color=INK if name == "the calls themselves" else "#ffffff",
                    )
            left += widths
        axes.set_yticks(range(len(years)), [str(year) for year in years], color=INK)
        axes.set_ylim(len(years) - 0.5, -0.5)
        axes.set_xlim(0, 100)
        axes.grid(False)
        axes.set_xlabel("Per cent of the variance of the year's total")
        legend_above(axes, 3)
    leading = shares.sort_values("share", ascending=False).drop_duplicates("year")
    return Figure(
        id=id,
        title=title,
        subtitle="First-order shares of the variance of the year's total, uncounted days filled in",
        source=source,
        note=(
            "What no input explains alone (the chance of the calls, inputs acting together) stands "
            "under 'the calls themselves'."
        ),
        alt="A bar a year, cut by input. "
        + " ".join(
            f"{row.year}: {row.input} leads with {100 * row.share:.0f} per cent."
            for row in leading.sort_values("year").itertuples()
        ),
        data=shares,
        picture=picture,
    )
