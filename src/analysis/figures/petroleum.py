"""Pictures of the petroleum cap: what was allowed, reported, and likely delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

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
from analysis.models.cap_clock import Projection
from analysis.models.unreported import YearDraws

SUPPLIER_COLOURS = {"China": RED, "Russia": BLUE}
#: Thousand barrels that a label over a bar takes; with less under the cap it stands over the cap.
ROOM_FOR_LABEL = 45
READING_MARKS = {
    "committee": ("the Committee's barrels", RED, "o"),
    "flat": ("8.33 for every tonne", ORANGE, "s"),
    "product": ("by product", BLUE, "D"),
    "press": ("newspapers", GREY, "^"),
}
INPUT_COLOURS = {
    "laden share": RED,
    "detection rate": BLUE,
    "product mix": ORANGE,
    "size of a call": PURPLE,
    "uncounted months": GREY,
    "the calls themselves": "#d0d0d4",
}
COLLECTOR_MARKS = {
    "ASIAPRESS": (RED, "o"),
    "Daily NK": (BLUE, "s"),
    "Daily NK via Reuters": (ORANGE, "^"),
    "a diplomat in Pyongyang": (PURPLE, "D"),
    "others": (GREY, "v"),
}
FUEL_NAMES = {"gasoline": "Petrol", "diesel": "Diesel"}
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
        axes.plot([], [], color=RED, linewidth=4.5, label="with counted calls, 90 %")
        axes.plot([], [], color=LIGHT_BAND, linewidth=9, label="scenario for uncounted days")
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


def fuel_prices(
    series: pd.DataFrame,
    events: Mapping[str, str],
    *,
    title: str,
    source: str,
    id: str = "fuel_prices",
) -> Figure:
    """Petrol and diesel in dollars a kilogram, marks by collector, never joined across them.

    `series` as from `fuel_prices.price_series`; `events` (name to day) are drawn as lines. Left
    the months around the resolutions, right the years after.
    """
    spans = (("2016-12-01", "2018-09-01"), ("2018-12-01", "2025-02-01"))
    named = series.assign(
        shown=series["collector"].where(series["collector"].isin(COLLECTOR_MARKS), "others")
    )
    with style(id):
        picture = blank(4.9)
        panels = picture.subplots(2, 2, sharex="col", sharey="row", width_ratios=(1.25, 1))
        for row, item in enumerate(FUEL_NAMES):
            for column, (first, last) in enumerate(spans):
                axes = panels[row, column]
                _price_panel(axes, named[named["item"] == item], first, last)
                for number, (name, day) in enumerate(events.items()):
                    if pd.Timestamp(first) < pd.Timestamp(day) < pd.Timestamp(last):
                        axes.axvline(pd.Timestamp(day), color=QUIET, linewidth=0.9)
                        if row == 0:
                            axes.text(
                                pd.Timestamp(day),
                                0.34 - 0.28 * number,
                                f" {name}",
                                size=8.5,
                                color=QUIET,
                                va="bottom",
                            )
            panels[row, 0].set_title(FUEL_NAMES[item])
        marks, labels = panels[0, 0].get_legend_handles_labels()
        picture.legend(marks, labels, loc="outside upper left", ncols=3, handletextpad=0.3)
    prints = series.groupby("collector").size()
    return Figure(
        id=id,
        title=title,
        subtitle="Market prices in North Korea, US dollars a kilogram",
        source=source,
        note=(
            "Won at the collector's own market rate of a nearby day where it printed one. Lines "
            "join prints of one collector at most 60 days apart; nothing is known between marks."
        ),
        alt="Marks by collector in two rows, petrol and diesel. Prints by collector: "
        + ", ".join(f"{name} {count}" for name, count in prints.items())
        + ".",
        data=series,
        picture=picture,
    )


def _price_panel(axes: Axes, own: pd.DataFrame, first: str, last: str) -> None:
    begin, end = pd.Timestamp(first), pd.Timestamp(last)
    for name, (colour, mark) in COLLECTOR_MARKS.items():
        inside = own[(own["shown"] == name) & own["day"].between(begin, end)].sort_values("day")
        for _, part in inside.groupby((inside["day"].diff().dt.days > 60).cumsum()):
            axes.plot(part["day"], part["usd_per_kg"], color=colour, linewidth=1)
        axes.vlines(
            inside["day"], inside["lower_usd"], inside["upper_usd"], color=colour, alpha=0.5
        )
        axes.plot(
            inside["day"],
            inside["usd_per_kg"],
            mark,
            color=colour,
            markersize=4,
            linestyle="none",
            label=name,
        )
    axes.set_xlim(begin, end)
    axes.set_ylim(0, 3.4)
    if (end - begin).days < 800:
        axes.xaxis.set_major_locator(mdates.MonthLocator(bymonth=(1, 7)))
        axes.xaxis.set_major_formatter(mdates.DateFormatter("%b %Y"))
    else:
        axes.xaxis.set_major_locator(mdates.YearLocator(2))
        axes.xaxis.set_major_formatter(mdates.DateFormatter("%Y"))


def recorded_fuel(
    months: pd.DataFrame,
    events: Mapping[str, str],
    *,
    title: str,
    source: str,
    id: str = "recorded_fuel",
) -> Figure:
    """China's recorded exports of petrol and diesel in the months that were printed.

    `months` has `product`, `month` (Period[M]), `tonnes`. Months without a print show nothing.
    """
    days = {name: pd.Timestamp(day) for name, day in events.items()}
    dated = {name: day.to_period("M") for name, day in days.items()}
    first = months["month"].min()
    last = max([months["month"].max(), *dated.values()])
    axis = pd.period_range(first, last, freq="M")
    place = {month: number for number, month in enumerate(axis)}
    colours = {"gasoline": RED, "diesel": VIOLET}
    with style(id):
        picture = blank(3.3)
        axes = picture.add_subplot()
        for step, (product, colour) in enumerate(colours.items()):
            own = months[months["product"] == product]
            at = np.array([place[month] for month in own["month"]]) + 0.4 * (step - 0.5)
            axes.bar(at, own["tonnes"] / 1e3, width=0.38, color=colour, label=FUEL_NAMES[product])
            zero = own["tonnes"].to_numpy() == 0
            axes.plot(
                at[zero], np.zeros(zero.sum()), "x", color=colour, markersize=5, clip_on=False
            )
        top = 1.15 * months["tonnes"].max() / 1e3
        for number, (name, month) in enumerate(dated.items()):
            at = place[month] - 0.5 + (days[name].day - 1) / days[name].days_in_month
            axes.axvline(at, color=QUIET, linewidth=0.9)
            axes.text(at, top * (1 - 0.09 * number), f" {name}", size=8.5, color=QUIET, va="top")
        ticks = [number for month, number in place.items() if month.month in (1, 7)]
        axes.set_xticks(ticks, [axis[number].strftime("%b %Y") for number in ticks])
        axes.set_ylim(0, top)
        axes.set_xlim(-0.8, len(axis) + 1.6)
        legend_above(axes, 2)
    return Figure(
        id=id,
        title=title,
        subtitle="China's recorded exports to North Korea by month, thousand tonnes",
        source=source,
        note="A cross is a printed zero; where nothing stands, no month was printed.",
        alt="Bars for single months. "
        + " ".join(
            f"{FUEL_NAMES[row.product]}, {row.month}: {row.tonnes:,.0f} tonnes."
            for row in months.sort_values(["month", "product"]).itertuples()
        ),
        data=months,
        picture=picture,
    )
