"""Pictures of banned goods: what was banned, coal month by month, and what is not banned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from analysis.figures.figure import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAPER,
    PURPLE,
    QUIET,
    RED,
    Figure,
    blank,
    legend_above,
    style,
)
from analysis.figures.trade import mark_months
from analysis.models.synthetic_control import Synthetic

RESOLUTION_COLOURS = {"2371": RED, "2375": BLUE, "2397": ORANGE}
#: Tonnes under which a bar cannot be seen in a picture whose largest is 2.5 million.
LABELLED_TONNES = 5_000
#: Per cent of the axis under which an interval would be drawn thinner than a mark.
NARROWEST = 0.6


def coverage_of_bans(
    bounds: pd.DataFrame, *, title: str, source: str, id: str = "coverage_of_bans"
) -> Figure:
    """Share of a year's imports that each good made up, as a bar from its lower to upper bound.

    `bounds` as from `analysis.product_data.base_year_bounds`: a solid part that is certain and
    an open part that the printed figures leave room for.
    """
    with style(id):
        picture = blank(0.62 * len(bounds) + 0.9)
        axes = picture.add_subplot()
        for place, row in enumerate(bounds.itertuples()):
            colour = RESOLUTION_COLOURS[row.resolution]
            _bounded_bar(axes, place, row.lower_percent, row.upper_percent, 0.55, colour)
            room = row.upper_percent - row.lower_percent
            axes.text(
                row.upper_percent + 0.8,
                place,
                f"{row.lower_percent:.0f} %"
                if room < NARROWEST
                else f"{row.lower_percent:.0f} to {row.upper_percent:.0f} %",
                va="center",
                size=9.5,
            )
        for resolution, colour in RESOLUTION_COLOURS.items():
            axes.barh([-9], [0], color=colour, label=f"resolution {resolution}")
        _names_on_the_left(axes, list(bounds["good"]))
        axes.set_xlim(0, 1.2 * bounds["upper_percent"].max())
        axes.set_xlabel("per cent of China's recorded imports from North Korea in 2016")
        legend_above(axes, 3)
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Goods banned in 2017, per cent of China's recorded imports from North Korea in 2016"
        ),
        source=source,
        note=(
            "Solid: what the printed figures prove. Hatched: what the total leaves room for once "
            "the least of the other goods is taken off; the hatched parts cannot all be filled "
            "at once."
        ),
        alt="Bars by good: "
        + "; ".join(
            f"{row.good}, resolution {row.resolution}, {row.lower_percent:.0f} to "
            f"{row.upper_percent:.0f} per cent"
            for row in bounds.itertuples()
        )
        + ".",
        data=bounds,
        picture=picture,
    )


def _bounded_bar(
    axes: Axes, place: float, lower: float, upper: float, height: float, colour: str
) -> None:
    """A solid bar to the lower bound and a hatched one on to the upper."""
    axes.barh(place, lower, height=height, color=colour)
    axes.barh(
        place,
        upper - lower,
        left=lower,
        height=height,
        facecolor="none",
        edgecolor=colour,
        hatch="////",
    )


def _names_on_the_left(axes: Axes, names: list[str]) -> None:
    """One line a name, the first on top, and a grid to read values from."""
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(axis="x")
    axes.grid(False, axis="y")


def _panels(picture: Picture, number: int, **options: bool) -> list[Axes]:
    """`number` axes in two columns; what is left over in the last row is not shown."""
    grid = list(picture.subplots(-(-number // 2), 2, **options).flat)
    for axes in grid[number:]:
        axes.set_visible(False)
    return grid[:number]


def coal_in_phases(
    coal: pd.DataFrame,
    phases: Mapping[str, tuple[str, str]],
    *,
    first: str,
    last: str,
    title: str,
    source: str,
    id: str = "coal_in_phases",
) -> Figure:
    """China's recorded imports of North Korean coal, tonnes a month, with the rules in force.

    `coal` has `month` (Period[M]), `tonnes` (a printed zero is 0), `basis`; a month without a row
    is marked as unknown. `phases` gives for each rule its first and last month (both inside).
    """
    months = pd.period_range(first, last, freq="M")
    shown = coal[coal["month"].isin(months)].sort_values("month")
    unknown = months.difference(pd.PeriodIndex(shown["month"], freq="M"))
    top = 1.5 * shown["tonnes"].max() / 1e6
    with style(id):
        picture = blank(3.5)
        axes = picture.add_subplot()
        axes.bar(_ordinals(shown["month"]), shown["tonnes"] / 1e6, width=0.8, color=RED)
        nothing = shown[shown["tonnes"] < LABELLED_TONNES]
        axes.plot(
            _ordinals(nothing["month"]),
            np.full(len(nothing), 0.05),
            "o",
            markersize=5,
            markerfacecolor=PAPER,
            markeredgecolor=RED,
        )
        axes.plot(
            _ordinals(unknown),
            np.full(len(unknown), 0.06),
            linestyle="",
            marker="$?$",
            markersize=6,
            color=QUIET,
        )
        _draw_phases(axes, phases, months, top)
        for row in shown[shown["tonnes"] >= LABELLED_TONNES].itertuples():
            axes.text(
                row.month.ordinal,
                row.tonnes / 1e6 + 0.03,
                f"{row.tonnes / 1e6:.2f}",
                ha="center",
                va="bottom",
                size=7.5,
            )
        axes.set_ylim(0, top)
        axes.set_yticks([0, 0.5, 1, 1.5, 2])
        axes.set_title("Million tonnes a month (ring: nothing; question mark: no figure)")
        mark_months(axes, months)
    return Figure(
        id=id,
        title=title,
        subtitle="China's recorded imports of coal from North Korea, and the rules in force",
        source=source,
        note=_derived_words(shown),
        alt="Bars by month, million tonnes: "
        + ", ".join(
            f"{row.month.strftime('%B %Y')} {row.tonnes / 1e6:.2f}" for row in shown.itertuples()
        )
        + f"; {len(unknown)} months have no figure. Rules: "
        + "; ".join(f"{name} {begin} to {end}" for name, (begin, end) in phases.items())
        + ".",
        data=shown[["month", "tonnes", "lower_t", "upper_t", "basis"]],
        picture=picture,
    )


def _ordinals(months) -> list[int]:
    return [month.ordinal for month in months]


def _draw_phases(
    axes: Axes, phases: Mapping[str, tuple[str, str]], months: pd.PeriodIndex, top: float
) -> None:
    """A bar for each rule over the picture, with its name over it."""
    for (name, (first, last)), colour in zip(phases.items(), (GREY, ORANGE, INK), strict=False):
        begin = max(pd.Period(first, "M"), months[0]).ordinal - 0.45
        end = min(pd.Period(last, "M"), months[-1]).ordinal + 0.45
        axes.plot([begin, end], [0.86 * top] * 2, color=colour, linewidth=5, solid_capstyle="butt")
        axes.text(begin, 0.885 * top, name, size=9, color=INK, va="bottom", linespacing=1.1)


def _derived_words(shown: pd.DataFrame) -> str:
    derived = [month.strftime("%B %Y") for month in shown.loc[shown["basis"] == "derived", "month"]]
    return f"{' and '.join(derived)}: difference of printed sums." if derived else ""


def before_and_after(
    table: pd.DataFrame, *, title: str, source: str, id: str = "before_and_after"
) -> Figure:
    """What each good can have been before the bans and after them, as bars between its bounds.

    `table`: `good`, `year`, `lower_usd_mn`, `upper_usd_mn`; the years are drawn in their order.
    """
    goods, years = list(dict.fromkeys(table["good"])), sorted(table["year"].unique())
    colours = dict(zip(years, (GREY, RED, PURPLE), strict=False))
    high = 0.8 / len(years)
    with style(id):
        picture = blank(0.72 * len(goods) + 0.8)
        axes = picture.add_subplot()
        for row in table.itertuples():
            place = goods.index(row.good) - 0.4 + high * (years.index(row.year) + 0.5)
            colour = colours[row.year]
            _bounded_bar(axes, place, row.lower_usd_mn, row.upper_usd_mn, 0.82 * high, colour)
        for year, colour in colours.items():
            axes.barh([-9], [0], color=colour, label=str(year))
        _names_on_the_left(axes, goods)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("USD million a year")
        legend_above(axes, len(years))
    return Figure(
        id=id,
        title=title,
        subtitle="China's recorded imports from North Korea by good, bounds, USD million a year",
        source=source,
        note=(
            "Solid: at least so much. Hatched: what the year's total leaves room for; after the "
            "bans that is an upper limit for each good by itself and for all together."
        ),
        alt="Bars by good and year, USD million: "
        + "; ".join(
            f"{row.good} {row.year} {row.lower_usd_mn:,.0f} to {row.upper_usd_mn:,.0f}"
            for row in table.itertuples()
        )
        + ".",
        data=table,
        picture=picture,
    )


def unbanned_goods(
    table: pd.DataFrame,
    years: range,
    *,
    title: str,
    source: str,
    id: str = "unbanned_goods",
) -> Figure:
    """Recorded imports of goods without a ban by year, one panel a good, in USD million.

    `table` as from `analysis.product_data.unbanned_by_year`. Solid bars are years with a figure,
    hatched ones lower limits from some months; a question mark means that nothing was printed.
    """
    goods = list(dict.fromkeys(table["good"]))
    with style(id):
        picture = blank(1.65 * -(-len(goods) // 2))
        for axes, good in zip(_panels(picture, len(goods), sharex=True), goods, strict=True):
            mine = table[table["good"] == good].set_index("year")
            top = mine["lower_usd_mn"].max()
            for year in years:
                if year not in mine.index:
                    axes.text(year, 0.03 * top, "?", ha="center", size=9, color=QUIET)
                    continue
                amount, whole = mine.loc[year, "lower_usd_mn"], mine.loc[year, "whole"]
                axes.bar(
                    year,
                    amount,
                    width=0.7,
                    facecolor=RED if whole else "none",
                    edgecolor=RED,
                    hatch=None if whole else "////",
                )
                axes.text(
                    year,
                    amount + 0.03 * top,
                    f"{amount:,.0f}" if amount >= 10 else f"{amount:,.1f}",
                    ha="center",
                    size=8.5,
                )
            axes.set_title(good)
            axes.set_ylim(0, 1.25 * top)
            axes.set_yticks([])
            axes.grid(False)
            axes.set_xticks(list(years), [f"’{year % 100}" for year in years])
            axes.tick_params(axis="x", labelbottom=True)
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "China's recorded imports from North Korea of goods that China's list does not ban, "
            "USD million a year, each panel on its own scale"
        ),
        source=source,
        note=(
            "Hatched: figures for some months only, so the year was at least that. Question mark: "
            "no figure in our tables, which is not zero."
        ),
        alt="Bars by year: "
        + "; ".join(
            f"{row.good} {row.year} {'' if row.whole else 'at least '}{row.lower_usd_mn:,.1f}"
            for row in table.itertuples()
        )
        + ".",
        data=table,
        picture=picture,
    )


def effects_by_group(
    table: pd.DataFrame, *, title: str, source: str, note: str, id: str = "effects_by_group"
) -> Figure:
    """The effect of each ban in per cent with its interval, one line a group.

    `table` as from `analysis.models.event_study.effects_table`.
    """
    with style(id):
        picture = blank(0.34 * len(table) + 0.9)
        axes = picture.add_subplot()
        limit = max(50.0, min(200.0, table["upper"].max()))
        for place, row in enumerate(table.itertuples()):
            axes.plot(
                [row.lower, min(row.upper, limit)], [place] * 2, color=RED, linewidth=2.5, alpha=0.7
            )
            axes.plot(min(row.percent, limit), place, "o", color=RED, markersize=6)
        axes.axvline(0, color=INK, linewidth=1)
        _names_on_the_left(axes, [f"{row.group} ({row.products})" for row in table.itertuples()])
        axes.set_xlim(-105, limit + 5)
        axes.set_xlabel("% of what would have been recorded (in brackets: products)")
    return Figure(
        id=id,
        title=title,
        subtitle="Effect of each ban on recorded trade in its goods, per cent, with its interval",
        source=source,
        note=note,
        alt="Intervals by group: "
        + "; ".join(
            f"{row.group} {row.percent:.0f} per cent ({row.lower:.0f} to {row.upper:.0f})"
            for row in table.itertuples()
        )
        + ".",
        data=table,
        picture=picture,
    )


def effect_paths(
    paths: Mapping[str, pd.DataFrame],
    *,
    title: str,
    source: str,
    note: str,
    id: str = "effect_paths",
) -> Figure:
    """Recorded over imputed trade by months since the ban, one panel a group.

    `paths` gives frames as from `analysis.models.event_study.path`. Left of the line: months
    before the ban that were held out of the fit.
    """
    with style(id):
        picture = blank(1.9 * -(-len(paths) // 2))
        all_axes = _panels(picture, len(paths), sharex=True)
        for axes, (group, path) in zip(all_axes, paths.items(), strict=True):
            middle = (path["first"] + path["last"]) / 2
            axes.vlines(middle, path["lower"], np.minimum(path["upper"], 3), color=RED, alpha=0.6)
            axes.plot(middle, np.minimum(path["ratio"], 3), "o", color=RED, markersize=4)
            axes.axhline(1, color=INK, linewidth=0.8)
            axes.axvline(-0.5, color=GREY, linewidth=1, linestyle=(0, (3, 2)))
            axes.set_ylim(0, min(3.0, max(1.6, path["upper"].max())))
            axes.set_title(group)
            axes.tick_params(axis="x", labelbottom=True)
    data = pd.concat([path.assign(group=group) for group, path in paths.items()])
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Recorded trade over what was imputed without the ban, by months since the first "
            "clean one"
        ),
        source=source,
        note=note,
        alt="Ratios by block of months: "
        + "; ".join(
            f"{group}: " + ", ".join(f"{row.first} {row.ratio:.2f}" for row in path.itertuples())
            for group, path in paths.items()
        )
        + ".",
        data=data,
        picture=picture,
    )


def synthetic_paths(
    results: Mapping[str, Synthetic],
    *,
    title: str,
    source: str,
    note: str,
    id: str = "synthetic_control",
) -> Figure:
    """Recorded trade of the partner and its synthetic counterpart, one panel a group."""
    with style(id):
        picture = blank(2.0 * -(-len(results) // 2))
        all_axes = _panels(picture, len(results))
        for axes, (group, result) in zip(all_axes, results.items(), strict=True):
            place = _ordinals(result.months)
            axes.plot(place, result.synthetic, color=BLUE, label="synthetic")
            axes.plot(place, result.recorded, color=RED, label="recorded")
            axes.axvline(result.begins.ordinal - 0.5, color=GREY, linestyle=(0, (3, 2)))
            # Room over the lines, where the first panel has its legend.
            axes.set_ylim(0, 1.3 * max(result.recorded.max(), result.synthetic.max()))
            januaries = [month for month in result.months if month.month == 1]
            axes.set_xticks(_ordinals(januaries), [str(month.year) for month in januaries])
            axes.set_title(group)
        all_axes[0].legend(loc="upper left", fontsize=8.5, ncols=2, borderaxespad=0)
    data = pd.concat(
        pd.DataFrame(
            {
                "group": group,
                "month": result.months,
                "recorded_usd_mn": result.recorded,
                "synthetic_usd_mn": result.synthetic,
            }
        )
        for group, result in results.items()
    )
    return Figure(
        id=id,
        title=title,
        subtitle="Recorded imports and a weighted mean of other countries', USD million a month",
        source=source,
        note=note,
        alt="; ".join(
            f"{group}: recorded trade after the ban is {100 * result.ratio:.0f} per cent of the "
            f"synthetic, rank p-value {result.rank_p:.2f}"
            for group, result in results.items()
        )
        + ".",
        data=data,
        picture=picture,
    )
