"""Pictures of fuel: its price in North Korean markets, and what customs recorded of it."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.figure import (
    BLUE,
    GREY,
    ORANGE,
    PAPER,
    PURPLE,
    QUIET,
    RED,
    VIOLET,
    Figure,
    blank,
    legend_above,
    style,
)

#: Behind a label, so that no line of a date runs through it.
OVER_LINES = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
COLLECTOR_MARKS = {
    "ASIAPRESS": (RED, "o"),
    "Daily NK": (BLUE, "s"),
    "Daily NK via Reuters": (ORANGE, "^"),
    "a diplomat in Pyongyang": (PURPLE, "D"),
    "others": (GREY, "v"),
}
FUEL_NAMES = {"gasoline": "Petrol", "diesel": "Diesel"}


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
                            # The first stands left of its line, so that none runs over the next.
                            side = 1 if number else -1
                            axes.text(
                                pd.Timestamp(day) + side * pd.Timedelta(days=4),
                                0.34 - 0.28 * number,
                                name,
                                size=8.5,
                                color=QUIET,
                                va="bottom",
                                ha="left" if number else "right",
                                bbox=OVER_LINES,
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
            axes.text(
                at + 0.15,
                top * (1 - 0.09 * number),
                name,
                size=8.5,
                color=QUIET,
                va="top",
                bbox=OVER_LINES,
            )
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
