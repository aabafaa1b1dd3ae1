"""Pictures of the monthly series: the path with its bounds, what is known, and the vintages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.calendar import (
    TRADE_CALENDAR,
    calendar_spans,
    clean_months,
    draw_calendar,
)
from analysis.figures.figure import (
    BLUE,
    FLOW_COLOURS,
    FLOW_NAMES,
    GREY,
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
from analysis.models.precision import relative_width
from analysis.models.year_on_year import calendar_years

BOUND_COLUMNS = [
    "lower_usd_mn",
    "upper_usd_mn",
    "lower_robust_usd_mn",
    "upper_robust_usd_mn",
]

#: Classes of relative width, (upper - lower) / middle, in the order of growing doubt. The first
#: limit is the aim for 2016-2019; above one half a month says little more than its order.
WIDTH_CLASSES = (
    (0.05, "under 5 %"),
    (0.20, "5 to 20 %"),
    (0.50, "20 to 50 %"),
    (np.inf, "wider"),
)
UNBOUNDED = "no upper bound"
WIDTH_COLOURS = {
    "under 5 %": "#3567c9",
    "5 to 20 %": BLUE,
    "20 to 50 %": GREY,
    "wider": ORANGE,
    UNBOUNDED: RED,
}

BANDS = (
    "The dark band holds every value that agrees with the printed figures that we keep, the light "
    "band also those under nearly as good choices of figures to reject."
)

VINTAGE_NAMES = {
    "first_release": "months as first released",
    "year_to_date": "year to date in December",
    "corrected": "corrected base",
}
VINTAGE_MARKS = {
    "first_release": ("o", BLUE),
    "year_to_date": ("D", ORANGE),
    "corrected": ("s", PURPLE),
}


def trade_with_calendar(
    trade: pd.DataFrame,
    treatments: pd.DataFrame,
    *,
    title: str,
    source: str,
    first: str,
    last: str,
    vintage: str = "first_release",
    flows: Iterable[str] = ("import", "export"),
    id: str = "trade_and_calendar",
) -> Figure:
    """Monthly trade under the calendar of what China no longer cleared.

    `trade` is the monthly series (`month` as Period[M], `flow`, `vintage`, `usd_mn` and the two
    pairs of bounds, USD million); `first` and `last` are months as YYYY-MM, both inside. A line
    goes through the points, a band through the bounds; without a point there is the band alone.
    """
    flows = tuple(flows)
    months = pd.period_range(first, last, freq="M")
    shown = trade[(trade["vintage"] == vintage) & trade["month"].isin(months)]
    spans = calendar_spans(treatments, TRADE_CALENDAR)
    visible = spans[spans["first"] <= months[-1]]
    with style(id):
        picture = blank(1.9 + 2.0 * len(flows))
        grid = picture.add_gridspec(1 + len(flows), 1, height_ratios=[0.85] + [1.0] * len(flows))
        strip = picture.add_subplot(grid[0])
        draw_calendar(strip, visible, months[-1])
        strip.set_title("No longer cleared by China's customs (hatched: old contracts still were)")
        strip.tick_params(which="both", bottom=False, labelbottom=False)
        panels = [strip]
        for place, flow in enumerate(flows, start=1):
            axes = picture.add_subplot(grid[place], sharex=strip)
            draw_series(axes, shown[shown["flow"] == flow], FLOW_COLOURS[flow])
            axes.set_title(f"{FLOW_NAMES[flow]}, USD million a month")
            panels.append(axes)
            if place < len(flows):
                axes.tick_params(which="both", labelbottom=False)
        for axes in panels[1:]:
            for month in clean_months(visible):
                axes.axvline(month.ordinal - 0.5, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        mark_years(panels[-1], months)
    unknown = int(shown[shown["flow"].isin(flows)]["usd_mn"].isna().sum())
    return Figure(
        id=id,
        title=title,
        subtitle=(
            f"China's recorded trade with North Korea by month, {VINTAGE_NAMES[vintage]}, "
            "USD million; bands are bounds"
        ),
        source=source,
        note=f"{BANDS} Dashed lines: the first month in which nothing was cleared, old contracts "
        "included.",
        alt=_trade_alt(shown, flows, months, unknown),
        data=_trade_data(shown, flows),
        picture=picture,
    )


def monthly_series(
    trade: pd.DataFrame,
    *,
    title: str,
    source: str,
    first: str,
    last: str,
    vintage: str = "first_release",
    flows: Iterable[str] = ("import", "export"),
    id: str = "monthly_series",
) -> Figure:
    """The monthly series with both bands of bounds, one panel a flow.

    `trade` as for `trade_with_calendar`; `first` and `last` are months as YYYY-MM, both inside.
    """
    flows = tuple(flows)
    months = pd.period_range(first, last, freq="M")
    shown = trade[(trade["vintage"] == vintage) & trade["month"].isin(months)]
    with style(id):
        picture = blank(0.5 + 2.0 * len(flows))
        panels = picture.subplots(len(flows), sharex=True, squeeze=False)[:, 0]
        for axes, flow in zip(panels, flows, strict=True):
            draw_series(axes, shown[shown["flow"] == flow], FLOW_COLOURS[flow])
            axes.set_title(f"{FLOW_NAMES[flow]}, USD million a month")
            axes.tick_params(which="both", labelbottom=False)
        mark_years(panels[-1], months)
        panels[-1].tick_params(which="both", labelbottom=True)
    unknown = int(shown[shown["flow"].isin(flows)]["usd_mn"].isna().sum())
    return Figure(
        id=id,
        title=title,
        subtitle=(
            f"China's recorded trade with North Korea by month, {VINTAGE_NAMES[vintage]}, "
            "USD million; bands are bounds"
        ),
        source=source,
        note=BANDS,
        alt=(
            f"Lines by month, {_month(months[0])} to {_month(months[-1])}, in bands of bounds. "
            + _series_words(shown, flows, unknown)
        ),
        data=_trade_data(shown, flows),
        picture=picture,
    )


def own_months(
    usd_mn: pd.DataFrame,
    names: Mapping[str, str],
    *,
    title: str,
    source: str,
    id: str = "own_months",
) -> Figure:
    """Totals of the reader's own downloads, one panel a flow; a missing month breaks the line.

    `usd_mn` has months (Period[M]) as index and the flows of `names` among its columns.
    """
    months = pd.period_range(usd_mn.index.min(), usd_mn.index.max(), freq="M")
    shown = usd_mn.reindex(months)[["import", "export"]]
    with style(id):
        picture = blank(0.5 + 2.0 * shown.shape[1])
        panels = picture.subplots(shown.shape[1], sharex=True, squeeze=False)[:, 0]
        for axes, flow in zip(panels, shown, strict=True):
            axes.plot(
                [month.ordinal for month in months],
                shown[flow],
                color=FLOW_COLOURS[flow],
                marker=".",
                markersize=3.5,
            )
            axes.set_title(f"{names[flow]}, USD million a month")
            axes.set_ylim(0, None)
            axes.tick_params(which="both", labelbottom=False)
        mark_years(panels[-1], months)
        panels[-1].tick_params(which="both", labelbottom=True)
    words = [
        f"{names[flow]}: {shown[flow].min():,.1f} to {shown[flow].max():,.1f} over "
        f"{shown[flow].count()} months."
        for flow in shown
        if shown[flow].notna().any()
    ]
    data = shown.rename_axis("month").reset_index()
    return Figure(
        id=id,
        title=title,
        subtitle="Totals of your own downloads by month, USD million",
        source=source,
        note="",
        alt=" ".join(words),
        data=data,
        picture=picture,
    )


def draw_series(axes: Axes, series: pd.DataFrame, colour: str) -> None:
    """Draw one flow: points joined by a line that breaks where one is missing, bounds as steps.

    An infinite bound reaches the top of the axes. The horizontal axis is in month ordinals.
    """
    ordered = series.sort_values("month")
    place = ordered["month"].map(lambda month: month.ordinal).to_numpy(dtype=float)
    finite = ordered[["usd_mn", "upper_usd_mn"]].replace(np.inf, np.nan)
    known = finite["usd_mn"].dropna()
    top = 1.12 * float(known.max() if len(known) else finite["upper_usd_mn"].max())
    for lower, upper, strength in (
        ("lower_robust_usd_mn", "upper_robust_usd_mn", 0.14),
        ("lower_usd_mn", "upper_usd_mn", 0.3),
    ):
        edges = np.append(place - 0.5, place[-1:] + 0.5)
        low, high = (ordered[name].clip(upper=top).to_numpy(dtype=float) for name in (lower, upper))
        axes.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=strength, linewidth=0)
    axes.plot(place, ordered["usd_mn"], color=colour, marker=".", markersize=3.5)
    axes.set_ylim(0, top)


#: Of the width of the axes, what the label of a year takes with the space beside it.
YEAR_LABEL_SHARE = 0.065


def mark_years(axes: Axes, months: pd.PeriodIndex) -> None:
    """Write each year under its middle and put a tick at each January; limits at the window."""
    years = sorted(set(months.year))
    starts = [pd.Period(f"{year}-01", "M").ordinal - 0.5 for year in years]
    middles = [np.mean([month.ordinal for month in months if month.year == year]) for year in years]
    axes.set_xticks(starts)
    axes.set_xticklabels([])
    axes.set_xticks(middles, minor=True)
    # The label of a year that has begun, or was cut, would touch its neighbour's in a long window.
    crowd = YEAR_LABEL_SHARE * len(months)
    labels = [
        "" if sum(months.year == year) < 12 and nearest(middles, middle) < crowd else str(year)
        for year, middle in zip(years, middles, strict=True)
    ]
    axes.set_xticklabels(labels, minor=True)
    axes.tick_params(axis="x", which="minor", length=0)
    # Last, since ticks outside the window widen it.
    axes.set_xlim(months[0].ordinal - 0.5, months[-1].ordinal + 0.5)


def nearest(places: list[float], place: float) -> float:
    """How far the nearest other place is; infinity where there is none."""
    return min((abs(other - place) for other in places if other != place), default=np.inf)


def mark_months(axes: Axes, months: pd.PeriodIndex) -> None:
    """Write each month's initial, and the year under the first of each; limits at the window."""
    labels = [
        month.strftime("%b")[0] + (f"\n{month.year}" if number == 0 or month.month == 1 else "")
        for number, month in enumerate(months)
    ]
    axes.set_xticks([month.ordinal for month in months], labels)
    axes.set_xlim(months[0].ordinal - 0.5, months[-1].ordinal + 0.5)


def _trade_data(shown: pd.DataFrame, flows: tuple[str, ...]) -> pd.DataFrame:
    columns = ["month", "flow", "vintage", "usd_mn", *BOUND_COLUMNS, "basis"]
    return shown.loc[shown["flow"].isin(flows), columns].sort_values(["flow", "month"])


def _trade_alt(
    shown: pd.DataFrame, flows: tuple[str, ...], months: pd.PeriodIndex, unknown: int
) -> str:
    return (
        f"Lines by month, {_month(months[0])} to {_month(months[-1])}, under bars that show from "
        "when China cleared coal, seafood, iron and lead, textiles and the goods of resolution "
        f"2397 no longer. {_series_words(shown, flows, unknown)}"
    )


def _series_words(shown: pd.DataFrame, flows: tuple[str, ...], unknown: int) -> str:
    """Highest and lowest month of each flow, and how many months have bounds alone."""
    sentences = []
    for flow in flows:
        series = shown[shown["flow"] == flow].dropna(subset="usd_mn").set_index("month")["usd_mn"]
        if series.empty:
            continue
        sentences.append(
            f"{FLOW_NAMES[flow]} are highest in {_month(series.idxmax())} "
            f"at USD {series.max():,.0f} million and lowest in {_month(series.idxmin())} "
            f"at {series.min():,.0f} million."
        )
    if unknown:
        sentences.append(f"For {unknown} month-flows only bounds are known.")
    return " ".join(sentences)


def _month(month: pd.Period) -> str:
    return month.strftime("%B %Y")


def width_class(width: pd.Series) -> pd.Series:
    """The class of `WIDTH_CLASSES` of each relative width, or `UNBOUNDED`."""
    classes = pd.Series(UNBOUNDED, index=width.index, dtype="object")
    for limit, name in reversed(WIDTH_CLASSES):
        classes = classes.mask(np.isfinite(width) & (width < limit), name)
    return classes


def what_is_known(
    trade: pd.DataFrame,
    *,
    title: str,
    source: str,
    vintage: str = "first_release",
    bounds: str = "conditional",
    id: str = "what_is_known",
) -> Figure:
    """How well each month of both flows is pinned down: one cell a month, one row a year."""
    shown = trade[(trade["vintage"] == vintage) & trade["flow"].isin(["export", "import"])].copy()
    shown["relative_width"] = relative_width(shown, bounds)
    shown["width_class"] = width_class(shown["relative_width"])
    years = sorted(set(shown["month"].dt.year))
    with style(id):
        picture = blank(1.0 + 0.25 * len(years))
        grid = picture.add_gridspec(2, 2, height_ratios=[len(years), 1.2])
        panels = [picture.add_subplot(grid[0, 0])]
        panels.append(picture.add_subplot(grid[0, 1], sharey=panels[0]))
        panels[1].tick_params(labelleft=False)
        key = picture.add_subplot(grid[1, :])
        key.axis("off")
        for axes, flow in zip(panels, ("export", "import"), strict=True):
            for row in shown[shown["flow"] == flow].itertuples():
                axes.barh(
                    row.month.year,
                    0.92,
                    left=row.month.month - 0.46,
                    height=0.84,
                    color=WIDTH_COLOURS[row.width_class],
                )
            axes.set_title(FLOW_NAMES[flow])
            axes.set_xlim(0.4, 12.6)
            axes.set_xticks(range(1, 13), list("JFMAMJJASOND"))
            axes.set_ylim(years[-1] + 0.6, years[0] - 0.6)
            axes.set_yticks(years)
            axes.grid(False)
            axes.spines["bottom"].set_visible(False)
            axes.tick_params(bottom=False)
        for name, colour in WIDTH_COLOURS.items():
            key.barh([np.nan], [0], color=colour, label=name)
        key.legend(loc="center", ncols=len(WIDTH_COLOURS), handlelength=1, columnspacing=1.6)
    counts = shown["width_class"].value_counts()
    return Figure(
        id=id,
        title=title,
        subtitle=f"Width of the {bounds} bounds of each month, as a share of their middle",
        source=source,
        alt=(
            "A cell for each month and flow, coloured by how wide its bounds are: "
            + ", ".join(f"{counts.get(name, 0)} {name}" for name in WIDTH_COLOURS)
            + "."
        ),
        data=shown[
            [
                "month",
                "flow",
                "vintage",
                "lower_usd_mn",
                "upper_usd_mn",
                "lower_robust_usd_mn",
                "upper_robust_usd_mn",
                "relative_width",
                "width_class",
            ]
        ],
        picture=picture,
    )


def vintages_by_year(
    windows: pd.DataFrame,
    *,
    title: str,
    source: str,
    years: Iterable[int],
    flow: str = "total",
    id: str = "vintages",
) -> Figure:
    """The three answers to one year's trade: first releases, year to date, corrected base.

    `windows` has the bounds of sums (`first`, `last`, `flow`, `vintage`, `lower_usd_mn`,
    `upper_usd_mn`); years without a window of January to December are left out.
    """
    whole = calendar_years(windows[windows["flow"] == flow], years)
    ordered = sorted(set(whole["year"]))
    with style(id):
        picture = blank(1.0 + 0.62 * len(ordered))
        axes = picture.add_subplot()
        for number, (vintage, (mark, colour)) in enumerate(VINTAGE_MARKS.items()):
            rows = whole[whole["vintage"] == vintage]
            place = [ordered.index(year) + 0.24 * (number - 1) for year in rows["year"]]
            axes.hlines(
                place, rows["lower_usd_mn"], rows["upper_usd_mn"], color=colour, linewidth=2
            )
            axes.plot(
                rows["middle_usd_mn"],
                place,
                mark,
                color=colour,
                markersize=6,
                markeredgecolor=PAPER,
                label=VINTAGE_NAMES[vintage],
            )
            for value, height in zip(rows["middle_usd_mn"], place, strict=True):
                axes.annotate(
                    f"{value:,.0f}",
                    (value, height),
                    xytext=(7, 0),
                    size=8.5,
                    textcoords="offset points",
                    va="center",
                    color=QUIET,
                )
        axes.set_yticks(range(len(ordered)), [str(year) for year in ordered])
        axes.set_ylim(len(ordered) - 0.5, -0.5)
        axes.set_xlim(0, 1.12 * whole["upper_usd_mn"].max())
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        axes.set_xlabel("USD million a year")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        legend_above(axes, 3)
    return Figure(
        id=id,
        title=title,
        subtitle=f"{FLOW_NAMES[flow]} by calendar year in three vintages, USD million",
        source=source,
        note="Lines through the marks are bounds; most are shorter than the mark.",
        alt="Three marks a year. " + " ".join(_vintage_words(whole, year) for year in ordered),
        data=whole[["year", "flow", "vintage", "lower_usd_mn", "upper_usd_mn"]],
        picture=picture,
    )


def _vintage_words(whole: pd.DataFrame, year: int) -> str:
    rows = whole[whole["year"] == year].set_index("vintage")["middle_usd_mn"]
    parts = [
        f"{VINTAGE_NAMES[name]} {rows[name]:,.0f}" for name in VINTAGE_MARKS if name in rows.index
    ]
    return f"{year}: {', '.join(parts)}."
