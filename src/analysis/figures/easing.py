"""Pictures of easing: what could be seen, what was recorded, and what lifting a ban would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.figure import (
    BLUE,
    FLOW_COLOURS,
    FLOW_NAMES,
    GREY,
    INK,
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
from analysis.figures.trade import mark_months, mark_years
from analysis.models.ban_value import Amount
from analysis.models.monitoring import Monitoring, predicted_range
from analysis.models.phases import Phase
from analysis.models.reopening import Return

#: One colour a detector, in the order of their names.
DETECTOR_COLOURS = (BLUE, ORANGE, RED, PURPLE, VIOLET, INK)
DEFINITION_COLOURS = {
    "China in total trade": PURPLE,
    "China in exports": BLUE,
    "exports to China in total trade": RED,
}
HORIZON_COLOURS = {6: BLUE, 12: PURPLE, 24: RED}
#: Labels of events that follow each other stand in so many rows.
LABEL_ROWS = 3
#: Distance of the horizons of one scenario, in units of that of two scenarios.
BAR = 0.24


def power_by_months(
    power: pd.DataFrame, here: int, *, title: str, source: str, id: str = "power_by_months"
) -> Figure:
    """The least rise that each detector finds in four of five cases, by the months before it.

    `power` has `detector`, `before` (months) and `percent` (missing or infinite where no rise is
    found); `here` is the number of months that the case at hand has. Raises ValueError for more
    detectors than there are colours.
    """
    detectors = sorted(set(power["detector"]))
    if len(detectors) > len(DETECTOR_COLOURS):
        raise ValueError(
            f"expected {len(DETECTOR_COLOURS)} detectors at most, found {len(detectors)}"
        )
    with style(id):
        picture = blank(3.5)
        axes = picture.add_subplot()
        colours = dict(zip(detectors, DETECTOR_COLOURS, strict=False))
        for detector, colour in colours.items():
            own = power[(power["detector"] == detector) & np.isfinite(power["percent"])]
            axes.plot(own["before"], own["percent"], color=colour, marker="o", label=detector)
        axes.axvline(here, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
        top = min(200.0, 1.08 * power.loc[np.isfinite(power["percent"]), "percent"].max())
        axes.set_ylim(0, top)
        axes.text(here + 0.2, 0.02 * top, f"{here} months: before Singapore", va="bottom", size=9.5)
        axes.set_xticks(sorted(set(power["before"])))
        axes.set_xlabel("months of the level before")
        axes.yaxis.set_major_formatter("{x:.0f} %")
        legend_above(axes, len(colours))
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Smallest lasting rise that a test at 5 per cent finds in 80 of 100 simulated "
            "histories, by the months before it"
        ),
        source=source,
        note=(
            "CUSUM: forecast errors since the change, added up; MOSUM: the latest of them. P, R "
            "and S look at the last months: their squared residuals, the squares of their running "
            "sums, and their length along the level. A detector without a point finds no rise "
            "under a multiple of fifty so often. The noise is that of the months before the bans."
        ),
        alt="One falling line a detector. "
        + " ".join(
            f"{row.detector}, {row.before} months before: {row.percent:.0f} per cent."
            for row in power[np.isfinite(power["percent"])].itertuples()
        ),
        data=power,
        picture=picture,
    )


def around_the_summits(
    trade: pd.DataFrame,
    levels: Mapping[str, tuple[tuple[str, str, float], tuple[str, str, float]]],
    summits: pd.DataFrame,
    *,
    first: str,
    last: str,
    title: str,
    source: str,
    id: str = "around_the_summits",
) -> Figure:
    """Recorded trade by month around the summits of 2018, with the mean of two stretches each.

    `trade` as `schemas.TRADE_MONTHLY`, one vintage; `levels` gives for each flow two stretches as
    (first month, last month, level in USD million); `summits` has `month` (Period[M]) and `label`.
    """
    months = pd.period_range(first, last, freq="M")
    shown = trade[trade["month"].isin(months)]
    with style(id):
        picture = blank(4.9)
        grid = picture.add_gridspec(2, 1)
        for place, flow in enumerate(("import", "export")):
            axes = picture.add_subplot(grid[place])
            own = shown[shown["flow"] == flow].sort_values("month")
            at = np.array([month.ordinal for month in own["month"]])
            axes.bar(at, own["usd_mn"], width=0.72, color=FLOW_COLOURS[flow], alpha=0.55)
            axes.vlines(at, own["lower_usd_mn"], own["upper_usd_mn"], color=INK, linewidth=1)
            for start, end, level in levels[flow]:
                left, right = (pd.Period(month, "M").ordinal for month in (start, end))
                axes.hlines(level, left - 0.45, right + 0.45, color=INK, linewidth=2.2)
                axes.text(left - 0.4, level, f"{level:,.0f}", va="bottom", size=9.5, weight="bold")
            axes.set_title(f"{FLOW_NAMES[flow]}, USD million a month")
            axes.set_ylim(0, 1.3 * own["upper_usd_mn"].max())
            mark_months(axes, months)
            _mark_events(axes, summits if place == 0 else summits.assign(label=""))
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Recorded trade by month, USD million, first releases; lines are means of a stretch "
            "freed of February's dip"
        ),
        source=source,
        note="Thin lines at the bars are bounds. Dashed: meetings of heads of state.",
        alt="Two panels of bars. "
        + " ".join(
            f"{FLOW_NAMES[flow]}: {stretches[0][2]:,.0f} million a month from {stretches[0][0]} to "
            f"{stretches[0][1]}, {stretches[1][2]:,.0f} from {stretches[1][0]} to "
            f"{stretches[1][1]}."
            for flow, stretches in levels.items()
        ),
        data=shown[["month", "flow", "usd_mn", "lower_usd_mn", "upper_usd_mn"]],
        picture=picture,
    )


def _mark_events(axes: Axes, events: pd.DataFrame) -> None:
    """Dashed lines at months, each with its label in one of `LABEL_ROWS` rows under the top."""
    top = axes.get_ylim()[1]
    for number, event in enumerate(events.itertuples()):
        axes.axvline(event.month.ordinal, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.text(
            event.month.ordinal + 0.12,
            top * (0.99 - 0.085 * (number % LABEL_ROWS)),
            event.label,
            va="top",
            size=8.5,
            color=QUIET,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0},
        )


def trade_since(
    recorded: Mapping[str, pd.Series],
    watched: Mapping[str, Monitoring],
    stretches: Sequence[Phase],
    *,
    title: str,
    source: str,
    id: str = "trade_since",
) -> Figure:
    """Recorded trade since the bans against what the first phase predicts, phases shaded.

    `recorded` gives each flow's months in USD million, freed of February (Period[M] index);
    `watched` the monitor of the same flow in logs. Triangles mark the first alarm of each
    detector.
    """
    months = pd.period_range(stretches[0].first, max(s.index[-1] for s in recorded.values()))
    frames = []
    with style(id):
        picture = blank(5.3)
        grid = picture.add_gridspec(2, 1)
        for place, (flow, series) in enumerate(recorded.items()):
            axes = picture.add_subplot(grid[place])
            own = series.reindex(months)
            seen, band = watched[flow], np.exp(predicted_range(watched[flow]).set_index("month"))
            expected = float(np.exp(seen.path["expected"].iloc[0]))
            at = np.array([month.ordinal for month in months], dtype=float)
            top = 1.32 * max(float(own.max()), float(band["upper"].max()))
            _shade(axes, stretches, months[-1], top, labelled=place == 0)
            axes.axhline(expected, color=INK, linewidth=1)
            axes.fill_between(
                [months[0].ordinal - 0.5, months[-1].ordinal + 0.5],
                float(band["lower"].iloc[0]),
                float(band["upper"].iloc[0]),
                color=INK,
                alpha=0.10,
                linewidth=0,
            )
            axes.plot(at, own.to_numpy(), color=FLOW_COLOURS[flow], marker=".", markersize=3.5)
            for detector in seen.critical:
                alarm = seen.alarm(detector)
                if alarm is not None:
                    axes.plot(alarm.ordinal, own[alarm], "v", color=ORANGE, markersize=8)
                    axes.annotate(
                        f"{detector} {alarm.strftime('%b %Y')}",
                        (alarm.ordinal, own[alarm]),
                        xytext=(-8, 9),
                        textcoords="offset points",
                        ha="right",
                        size=9,
                    )
            axes.set_ylim(0, top)
            axes.set_title(f"{FLOW_NAMES[flow]}, USD million a month")
            mark_years(axes, months)
            frames.append(
                pd.DataFrame(
                    {
                        "month": months,
                        "flow": flow,
                        "usd_mn": own.to_numpy(),
                        "expected_usd_mn": expected,
                        "lower_usd_mn": float(band["lower"].iloc[0]),
                        "upper_usd_mn": float(band["upper"].iloc[0]),
                    }
                )
            )
    data = pd.concat(frames, ignore_index=True)
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Recorded trade freed of February's dip, USD million a month; band: where nine of ten "
            "months would lie at the level of 2018-2019"
        ),
        source=source,
        note=(
            "The band allows for one look at one month; the alarms allow for looking every month "
            "since the border opened. Months known only within wide bounds have no point."
        ),
        alt="Two panels, one a flow. "
        + " ".join(
            f"{FLOW_NAMES[flow]}: expected {frame['expected_usd_mn'].iloc[0]:,.0f} million a "
            f"month, newest {frame['usd_mn'].dropna().iloc[-1]:,.0f}; "
            + (
                "first alarm " + min(found).strftime("%B %Y")
                if (found := _alarms(watched[flow]))
                else "no alarm"
            )
            + "."
            for flow, frame in data.groupby("flow", sort=False)
        ),
        data=data,
        picture=picture,
    )


def _alarms(seen: Monitoring) -> list[pd.Period]:
    return [alarm for name in seen.critical if (alarm := seen.alarm(name)) is not None]


def _shade(
    axes: Axes, stretches: Sequence[Phase], newest: pd.Period, top: float, *, labelled: bool
) -> None:
    """Shade every second phase and write the names under the top of the axes."""
    for number, phase in enumerate(stretches):
        left = phase.first.ordinal - 0.5
        right = (newest if phase.last is None else phase.last).ordinal + 0.5
        if number % 2:
            axes.axvspan(left, right, color=GREY, alpha=0.16, linewidth=0)
        if labelled:
            axes.text(
                (left + right) / 2,
                0.98 * top,
                phase.name,
                ha="center",
                va="top",
                size=9,
                color=QUIET,
            )


def return_curves(
    readings: Mapping[str, Return],
    *,
    title: str,
    source: str,
    horizons: Sequence[int] = (6, 12, 24),
    id: str = "return_curves",
) -> Figure:
    """Share of the trade lost by the closure that was back, month by month, with fitted curves.

    One panel a reading; the band is the interval of the curve.
    """
    grid_months = np.linspace(0.5, 24, 48)
    frames, spoken = [], []
    with style(id):
        picture = blank(3.4)
        grid = picture.add_gridspec(1, len(readings))
        for place, (name, fitted) in enumerate(readings.items()):
            axes = picture.add_subplot(grid[place])
            curve = np.array([fitted.returned(month) for month in grid_months])
            axes.fill_between(grid_months, *(100 * curve[:, 1:].T), color=BLUE, alpha=0.2, lw=0)
            axes.plot(grid_months, 100 * curve[:, 0], color=BLUE)
            axes.plot(fitted.months, 100 * fitted.shares, "o", color=INK, markersize=3.5)
            axes.set_title(name)
            axes.set_ylim(-30, 130)
            axes.set_xticks((0, *horizons))
            axes.set_xlabel("months since then")
            axes.yaxis.set_major_formatter("{x:.0f} %")
            if place:
                axes.tick_params(labelleft=False)
            for month in horizons:
                point, lower, upper = (100 * value for value in fitted.returned(month))
                spoken.append(
                    f"{name}, month {month}: {point:.0f} per cent ({lower:.0f} to {upper:.0f})."
                )
            frames.append(
                pd.DataFrame(
                    {
                        "reading": name,
                        "months_since": fitted.months,
                        "share_percent": 100 * fitted.shares,
                        "fitted_percent": 100 * (1 - np.exp(-fitted.months / fitted.tau)),
                    }
                )
            )
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Share of China's exports lost by the closure of the border that was back, per cent, "
            "with fitted return and its 90 % interval"
        ),
        source=source,
        note=(
            "Nothing is back at the mean of the four months before each start, all of it at the "
            "level of 2018-2019. In the first panel freight was stopped again from May to August; "
            "the curve only rises, and does not follow months that fall back."
        ),
        alt=f"Points and a rising curve a panel. {' '.join(spoken)}",
        data=pd.concat(frames, ignore_index=True),
        picture=picture,
    )


def ban_values(
    values: pd.DataFrame,
    coal_at_last_prices: Amount,
    *,
    title: str,
    source: str,
    id: str = "ban_values",
) -> Figure:
    """What each banned group earned in 2016, as bars with bounds; coal also at the last prices.

    `values` as from `ban_value.pre_ban_values`.
    """
    rows = [
        (row["group"], Amount(*row[["usd_mn", "lower", "upper"]]), RED)
        for _, row in values.iterrows()
    ]
    rows.insert(1, ("coal, at the last prices known", coal_at_last_prices, GREY))
    with style(id):
        picture = blank(0.9 + 0.45 * len(rows))
        axes = picture.add_subplot()
        for place, (_, amount, colour) in enumerate(rows):
            axes.barh(place, amount.usd_mn, height=0.62, color=colour, alpha=0.75)
            axes.hlines(place, amount.lower, amount.upper, color=INK, linewidth=2)
            axes.text(
                amount.upper + 25,
                place,
                f"{amount.usd_mn:,.0f}  ({amount.lower:,.0f} to {amount.upper:,.0f})",
                va="center",
                size=9.5,
            )
        axes.set_yticks(range(len(rows)), [name for name, *_ in rows], color=INK)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 1.42 * max(amount.upper for _, amount, _ in rows))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
    return Figure(
        id=id,
        title=title,
        subtitle="China's recorded imports from North Korea in 2016 by banned group, USD million",
        source=source,
        note=(
            "Dark lines are bounds without a probability. All ores are counted as banned, though "
            "some are not. The goods of resolution 2397 are what remains, between two assumptions: "
            "their upper end goes with the lower ends of the others. No price of the other groups "
            "since 2017 is in our tables."
        ),
        alt="Bars. "
        + " ".join(
            f"{name}: {amount.usd_mn:,.0f} million, between {amount.lower:,.0f} and "
            f"{amount.upper:,.0f}."
            for name, amount, _ in rows
        ),
        data=pd.DataFrame([{"group": name, **amount.__dict__} for name, amount, _ in rows]),
        picture=picture,
    )


def scenario_revenue(
    outcomes: pd.DataFrame, *, title: str, source: str, id: str = "scenario_revenue"
) -> Figure:
    """Revenue of the first months after a lifting, by scenario and horizon, with intervals.

    `outcomes` as from `scenarios.outcomes`.
    """
    names = list(outcomes["scenario"].drop_duplicates())
    horizons = list(outcomes["months"].drop_duplicates())
    with style(id):
        picture = blank(1.1 + 0.78 * len(names))
        axes = picture.add_subplot()
        widest = outcomes["revenue_upper"].max()
        for number, months in enumerate(horizons):
            own = outcomes[outcomes["months"] == months].set_index("scenario").loc[names]
            place = np.arange(len(names)) + (number - (len(horizons) - 1) / 2) * BAR
            colour = HORIZON_COLOURS.get(months, GREY)
            axes.hlines(
                place,
                own["revenue_lower"],
                own["revenue_upper"],
                color=colour,
                linewidth=3,
                alpha=0.5,
            )
            axes.plot(own["revenue"], place, "o", color=colour, label=f"{months} months")
            for at, row in zip(place, own.itertuples(), strict=True):
                axes.text(
                    row.revenue_upper + 0.012 * widest,
                    at,
                    f"{row.revenue:,.0f}  ({row.revenue_lower:,.0f} to {row.revenue_upper:,.0f})",
                    va="center",
                    size=8.5,
                )
        axes.set_yticks(range(len(names)), names, color=INK)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(0, 1.4 * widest)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        legend_above(axes, len(horizons))
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Scenarios: North Korea's revenue from the goods in the first months after a lifting, "
            "USD million"
        ),
        source=source,
        note=(
            "Scenarios, not forecasts: pre-ban value, the speed at which recorded trade came back "
            "after the border reopened, and an assumed eventual return. Intervals are the range "
            "over two readings of that speed, each 90 %, joined to the bounds of the value."
        ),
        alt="Points with intervals. "
        + " ".join(
            f"{row.scenario}, {row.months} months: {row.revenue:,.0f} million, "
            f"{row.revenue_lower:,.0f} to {row.revenue_upper:,.0f}."
            for row in outcomes.itertuples()
        ),
        data=outcomes,
        picture=picture,
    )


def dependence_by_year(
    shares: pd.DataFrame,
    without_crude: pd.DataFrame,
    *,
    title: str,
    source: str,
    id: str = "dependence_by_year",
) -> Figure:
    """Three shares that go by the name of dependence on China, by year.

    `shares` and `without_crude` as from `models.dependence`.
    """
    with style(id):
        picture = blank(3.7)
        axes = picture.add_subplot()
        for definition, colour in DEFINITION_COLOURS.items():
            own = shares[shares["definition"] == definition]
            axes.vlines(
                own["year"], own["lower"], own["upper"], color=colour, linewidth=3, alpha=0.4
            )
            axes.plot(
                own["year"], own["percent"], "o-", color=colour, markersize=4, label=definition
            )
        axes.plot(
            without_crude["year"],
            without_crude["percent"],
            "D",
            color=INK,
            markersize=4.5,
            markerfacecolor="none",
            label="in total, no crude",
        )
        axes.axhline(90, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.set_ylim(0, 104)
        axes.yaxis.set_major_formatter("{x:.0f} %")
        years = shares["year"]
        axes.set_xlim(years.min() - 0.5, years.max() + 0.5)
        axes.xaxis.get_major_locator().set_params(integer=True)
        legend_above(axes, 2)
    return Figure(
        id=id,
        title=title,
        subtitle="Shares of trade with China in North Korea's external trade, per cent",
        source=source,
        note=(
            "Bars are what rounding leaves open. Dashed: 90 per cent. Diamonds take off the crude "
            "oil that KOTRA adds by estimate. Trade between the two Koreas is left out."
        ),
        alt="Lines by year. "
        + " ".join(
            f"{definition}, {row.year}: {row.percent:.0f} per cent."
            for definition, own in shares.groupby("definition", sort=False)
            for row in own.tail(1).itertuples()
        ),
        data=shares,
        picture=picture,
    )
