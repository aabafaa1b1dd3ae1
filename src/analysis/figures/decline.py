"""Pictures of the decline: the series with its counterfactual, placebos, break dates, the curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.calendar import TRADE_CALENDAR, calendar_spans, clean_months, draw_calendar
from analysis.figures.figure import (
    FLOW_COLOURS,
    FLOW_NAMES,
    GREY,
    INK,
    ORANGE,
    PAPER,
    PUBLISHED_PARTNER,
    QUIET,
    Figure,
    blank,
    flow_names,
    legend_above,
    style,
)
from analysis.figures.trade import mark_years
from analysis.models.counterfactual import LEVEL, Counterfactual

SHORT_NAMES = {"import": "imports", "export": "exports", "total": "both"}
#: Simulated paths are written out with this many digits; more would be noise of the simulation.
DIGITS = 2


def gap_by_month(
    counterfactual: Counterfactual, recorded: pd.Series, level: float = LEVEL
) -> pd.DataFrame:
    """What the picture draws, one row a month of training and evaluation, USD million.

    Columns: `month`, `flow`, `recorded`, `counterfactual` (the fitted mean in training, the median
    of the paths after), its `lower` and `upper` at `level`, and the cumulative effect from the
    first month after training with `cumulative_lower` and `cumulative_upper`, from whole paths.
    `recorded` are points by month (Period[M]) that add up to what is known of sums. The medians of
    joint draws do not: where only a sum is known, each month's lies under its mean.
    """
    window = counterfactual.window
    tails = [(1 - level) / 2, 0.5, 1 - (1 - level) / 2]
    lower, middle, upper = np.quantile(counterfactual.simulated, tails, axis=0)
    running = np.cumsum(counterfactual.observed - counterfactual.simulated, axis=1)
    low, centre, high = np.quantile(running, tails, axis=0)
    after = pd.DataFrame(
        {
            "month": window.evaluation,
            "recorded": recorded.reindex(window.evaluation).to_numpy(),
            "counterfactual": middle,
            "lower": lower,
            "upper": upper,
            "cumulative": centre,
            "cumulative_lower": low,
            "cumulative_upper": high,
        }
    )
    before = pd.DataFrame(
        {
            "month": window.training,
            "recorded": recorded.reindex(window.training).to_numpy(),
            "counterfactual": counterfactual.fitted.reindex(window.training).to_numpy(),
        }
    )
    table = pd.concat([before, after], ignore_index=True)
    table.insert(1, "flow", counterfactual.flow)
    numbers = table.columns[2:]
    return table.assign(**{name: table[name].round(DIGITS) for name in numbers})


def counterfactual_gap(
    gaps: pd.DataFrame,
    treatments: pd.DataFrame,
    *,
    title: str,
    source: str,
    train_end: pd.Period,
    engine: str,
    partner: str = PUBLISHED_PARTNER,
    level: float = LEVEL,
    points: str = "the point of page 01",
    id: str = "counterfactual_gap",
) -> Figure:
    """The recorded series, what it would have been, and the gap added up, a pair of panels a flow.

    `gaps` holds the rows of `gap_by_month` of one or more flows over the same months; `treatments`
    is the sanctions calendar, whose first clean months are dashed lines. `points` says what the
    recorded line is where only sums are known.
    """
    flows = list(dict.fromkeys(gaps["flow"]))
    months = pd.PeriodIndex(sorted(set(gaps["month"])), freq="M")
    spans = calendar_spans(treatments, TRADE_CALENDAR)
    clean = [month for month in clean_months(spans) if train_end < month <= months[-1]]
    names = flow_names(partner)
    with style(id):
        picture = blank(0.6 + 3.1 * len(flows))
        grid = picture.add_gridspec(2 * len(flows), 1, height_ratios=[1.5, 1.0] * len(flows))
        first = None
        for place, flow in enumerate(flows):
            own = gaps[gaps["flow"] == flow]
            series = picture.add_subplot(grid[2 * place], sharex=first)
            first = first or series
            _draw_series(series, own, FLOW_COLOURS[flow], level)
            series.set_title(f"{names[flow]}, USD million a month", pad=20)
            gap = picture.add_subplot(grid[2 * place + 1], sharex=first)
            _draw_cumulative(gap, own)
            gap.set_title("Recorded less counterfactual, added up, USD billion")
            for axes in (series, gap):
                axes.axvline(train_end.ordinal + 0.5, color=INK, linewidth=0.9)
                for month in clean:
                    axes.axvline(
                        month.ordinal - 0.5, color=GREY, linewidth=0.8, linestyle=(0, (3, 2))
                    )
                axes.tick_params(which="both", labelbottom=False)
        mark_years(gap, months)
        gap.tick_params(which="both", labelbottom=True)
    return Figure(
        id=id,
        title=title,
        subtitle=(
            f"Recorded trade of China with {partner}, its counterfactual ({engine}) with "
            f"{100 * level:.0f} % intervals, and the difference added up"
        ),
        source=source,
        note=(
            f"Solid upright line: end of training ({train_end:%B %Y}). Dashed: the first month in "
            "which nothing was cleared, old contracts included. Where only sums are known on the "
            f"corrected base, the line is {points}. The gap and its interval come from whole paths."
        ),
        alt=" ".join(_gap_words(gaps[gaps["flow"] == flow], names[flow]) for flow in flows),
        data=gaps,
        picture=picture,
    )


def _draw_series(axes: Axes, own: pd.DataFrame, colour: str, level: float) -> None:
    at = [month.ordinal for month in own["month"]]
    after = own["lower"].notna().to_numpy()
    inside = np.array(at)[after]
    axes.fill_between(
        inside,
        own["lower"][after],
        own["upper"][after],
        color=GREY,
        alpha=0.28,
        linewidth=0,
        label=f"{100 * level:.0f} % interval",
    )
    axes.plot(
        at,
        own["counterfactual"],
        color=QUIET,
        linestyle=(0, (4, 1.5)),
        linewidth=1.4,
        label="without the measures",
    )
    axes.plot(at, own["recorded"], color=colour, label="recorded")
    axes.set_ylim(0, None)
    legend_above(axes, 3)


def _draw_cumulative(axes: Axes, own: pd.DataFrame) -> None:
    after = own[own["cumulative"].notna()]
    at = [month.ordinal for month in after["month"]]
    lower, middle, upper = (after[f"cumulative{end}"] / 1000 for end in ("_lower", "", "_upper"))
    axes.fill_between(at, lower, upper, color=ORANGE, alpha=0.25, linewidth=0)
    axes.plot(at, middle, color=ORANGE)
    axes.axhline(0, color=INK, linewidth=0.8)


def _gap_words(own: pd.DataFrame, name: str) -> str:
    last = own[own["cumulative"].notna()].iloc[-1]
    return (
        f"{name}: by {last['month']:%B %Y} the recorded series lies USD "
        f"{-last['cumulative']:,.0f} million under its counterfactual, added up, with an interval "
        f"from {-last['cumulative_upper']:,.0f} to {-last['cumulative_lower']:,.0f}."
    )


def effects_in_words(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Effects of years, horizons and all months as text, one row a flow (or other name) and span.

    `tables` holds what `models.counterfactual.effects` gives, with the span as index. Columns: the
    effect in per cent and in USD million, the recorded and the counterfactual sum, each but the
    recorded with its interval. The answer comes first, for narrow screens.
    """
    rows = {
        (FLOW_NAMES.get(name, name), _span_name(span)): {
            "effect, %": _with_interval(row, "effect_percent", "+.0f"),
            "effect, USD million": _with_interval(row, "effect", "+,.0f"),
            "recorded": f"{row['recorded']:,.0f}",
            "without the measures": _with_interval(row, "counterfactual", ",.0f"),
        }
        for name, table in tables.items()
        for span, row in table[table["kind"] != "month"].iterrows()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _span_name(span: str) -> str:
    """A year as a word, since a column of numbers would read as amounts; one month in the singular.

    >>> _span_name("2018"), _span_name("1 months"), _span_name("12 months")
    ('all of 2018', 'first month', 'first 12 months')
    """
    if span.isdigit():
        return f"all of {span}"
    if span == "1 months":
        return "first month"
    return f"first {span}" if span.endswith(" months") else span


def _with_interval(row: pd.Series, name: str, form: str) -> str:
    middle, lower, upper = (format(row[name + end], form) for end in ("", "_lower", "_upper"))
    return f"{middle} ({lower} to {upper})".replace("-", "−")


def placebo_dates(
    placebos: pd.DataFrame,
    *,
    title: str,
    source: str,
    flow: str,
    true_end: pd.Period,
    id: str = "placebos",
) -> Figure:
    """Effects that the engine claims at dates when nothing happened, beside the true date.

    `placebos` has `horizon` (months), `train_end` (Period[M]), `effect_percent`, `_lower` and
    `_upper`; the row of `true_end` is the true one of each horizon.
    """
    horizons = sorted(set(placebos["horizon"]))
    with style(id):
        picture = blank(3.1)
        panels = picture.subplots(1, len(horizons), sharey=True, squeeze=False)[0]
        for axes, horizon in zip(panels, horizons, strict=True):
            own = placebos[placebos["horizon"] == horizon].sort_values("train_end")
            for rows, colour, label in (
                (own[own["train_end"] != true_end], GREY, "placebo dates"),
                (own[own["train_end"] == true_end], FLOW_COLOURS[flow], "true date"),
            ):
                at = [month.ordinal for month in rows["train_end"]]
                axes.vlines(
                    at,
                    rows["effect_percent_lower"],
                    rows["effect_percent_upper"],
                    color=colour,
                    linewidth=1.6,
                    alpha=0.7,
                )
                axes.plot(
                    at,
                    rows["effect_percent"],
                    "o",
                    color=colour,
                    markersize=4.5,
                    markeredgecolor=PAPER,
                    markeredgewidth=0.5,
                    label=label,
                )
            axes.axhline(0, color=INK, linewidth=0.8)
            axes.set_title(f"Over {horizon} months, %", pad=20)
            legend_above(axes, 2)
            _year_ticks(axes, own["train_end"])
    return Figure(
        id=id,
        title=title,
        subtitle=(
            f"{FLOW_NAMES[flow]}: effect at each assumed end of training, in per cent of the "
            f"counterfactual, with {100 * LEVEL:.0f} % intervals"
        ),
        source=source,
        note=(
            "Neighbouring dates share nearly all their months, so these are few independent "
            "trials: the picture describes, it does not test."
        ),
        alt=" ".join(_placebo_words(placebos, horizon, true_end) for horizon in horizons),
        data=placebos,
        picture=picture,
    )


def _year_ticks(axes: Axes, months: pd.Series) -> None:
    years = range(min(months).year, max(months).year + 2)
    at = [pd.Period(f"{year}-01", "M").ordinal - 0.5 for year in years]
    axes.set_xticks(at, [str(year) for year in years])
    axes.set_xlim(min(months).ordinal - 1.5, max(months).ordinal + 1.5)


def _placebo_words(placebos: pd.DataFrame, horizon: int, true_end: pd.Period) -> str:
    own = placebos[placebos["horizon"] == horizon]
    fake = own[own["train_end"] != true_end]["effect_percent"]
    true = own[own["train_end"] == true_end]["effect_percent"].item()
    return (
        f"Over {horizon} months: {len(fake)} placebo dates between {fake.min():.0f} and "
        f"{fake.max():.0f} per cent; the true date {true:.0f} per cent."
    )


def breaks_and_calendar(
    dates: pd.DataFrame,
    treatments: pd.DataFrame,
    *,
    title: str,
    source: str,
    first: str,
    last: str,
    least: int,
    level: float = LEVEL,
    id: str = "breaks_and_calendar",
) -> Figure:
    """Estimated break dates with their intervals, under the calendar of what China cleared.

    `dates` has one row a break: `flow`, `date`, `lower`, `upper` (Period[M]; the first month of the
    new level) and `change_percent`; `least` is the minimum segment in observations.
    """
    months = pd.period_range(first, last, freq="M")
    spans = calendar_spans(treatments, TRADE_CALENDAR)
    flows = list(dict.fromkeys(dates["flow"]))
    with style(id):
        picture = blank(2.0 + 0.45 * len(flows))
        grid = picture.add_gridspec(2, 1, height_ratios=[1.5, 0.35 + 0.32 * len(flows)])
        strip = picture.add_subplot(grid[0])
        draw_calendar(strip, spans[spans["first"] <= months[-1]], months[-1])
        strip.set_title("No longer cleared by China's customs (hatched: old contracts still were)")
        strip.tick_params(which="both", bottom=False, labelbottom=False)
        axes = picture.add_subplot(grid[1], sharex=strip)
        for row in dates.itertuples():
            place, colour = flows.index(row.flow), FLOW_COLOURS[row.flow]
            axes.hlines(
                place,
                max(row.lower, months[0]).ordinal - 0.5,
                min(row.upper, months[-1]).ordinal + 0.5,
                color=colour,
                linewidth=5,
                alpha=0.35,
            )
            axes.plot(
                row.date.ordinal, place, "D", color=colour, markersize=7, markeredgecolor=PAPER
            )
            axes.annotate(
                f"{row.change_percent:+.0f} %".replace("-", "−"),
                (row.date.ordinal, place),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                va="bottom",
                size=9,
                color=INK,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8},
            )
        for place, flow in enumerate(flows):
            axes.text(
                months[0].ordinal, place, SHORT_NAMES[flow], color=FLOW_COLOURS[flow], va="center"
            )
        axes.set_yticks([])
        axes.set_ylim(len(flows) - 0.4, -0.9)
        axes.grid(False)
        axes.set_title("Break dates: first month of a new level, with interval and change")
        for month in clean_months(spans):
            axes.axvline(month.ordinal - 0.5, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        mark_years(axes, months)
    return Figure(
        id=id,
        title=title,
        subtitle=(
            "Level shifts of log recorded trade, from months with a figure of their own, with "
            f"{100 * level:.0f} % intervals, against the calendar of clearance"
        ),
        source=source,
        note=(
            f"Minimum segment {least} known months: measures closer together than that are not "
            "told apart. Dashed: the first month in which nothing was cleared, old contracts "
            "included."
        ),
        alt="Break dates: "
        + "; ".join(
            f"{FLOW_NAMES[row.flow]}, {row.date:%B %Y} (from {row.lower:%B %Y} to "
            f"{row.upper:%B %Y}), {row.change_percent:+.0f} per cent"
            for row in dates.itertuples()
        )
        + ".",
        data=dates,
        picture=picture,
    )


def _draw_curve(axes: Axes, ordered: pd.DataFrame, flow: str) -> None:
    at = np.linspace(0, 100, len(ordered))
    lower, upper = (ordered[f"effect_percent{end}"].clip(upper=100) for end in ("_lower", "_upper"))
    axes.fill_between(at, lower, upper, color=FLOW_COLOURS[flow], alpha=0.18, linewidth=0)
    axes.plot(at, ordered["effect_percent"], color=FLOW_COLOURS[flow], label=SHORT_NAMES[flow])


def _draw_choices(
    axes: Axes, rows: list[tuple[str, str, tuple[float, float, float]]], colour: str
) -> None:
    for place, (_, _, (low, middle, high)) in enumerate(rows):
        axes.hlines(place, low, high, color=colour, linewidth=4, alpha=0.3)
        axes.plot(middle, place, "o", color=colour, markersize=5, markeredgecolor=PAPER)
    labels = [f"{caption}: {value}".replace("_", " ") for caption, value, _ in rows]
    axes.set_yticks(range(len(rows)), labels, size=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")


def specification_curve(
    table: pd.DataFrame,
    *,
    title: str,
    source: str,
    choices: Mapping[str, str],
    flow: str = "import",
    evaluated: str,
    id: str = "specification_curve",
) -> Figure:
    """All specifications in order of their estimate, and what each choice does to it.

    `table` has one row a specification with a fit: `flow`, `effect_percent`, `_lower`, `_upper`
    and a column for each key of `choices` (column to caption). The lower panel shows the `flow`
    alone: median (mark) and the middle nine tenths (bar) of the estimates under each choice.
    """
    own = table[table["flow"] == flow]
    rows = [
        (caption, str(value), group["effect_percent"].quantile([0.05, 0.5, 0.95]).to_numpy())
        for column, caption in choices.items()
        for value, group in own.groupby(column, sort=True)
    ]
    with style(id):
        height = 0.55 + 0.235 * len(rows)
        picture = blank(3.0 + height)
        upper, lower = picture.subfigures(2, 1, height_ratios=[3.0, height])
        curve = upper.add_subplot()
        for name in dict.fromkeys(table["flow"]):
            ordered = table[table["flow"] == name].sort_values("effect_percent")
            _draw_curve(curve, ordered, name)
        curve.axhline(0, color=INK, linewidth=0.8)
        curve.set_ylim(-100, 100)
        curve.set_xlabel("share of the specifications, %, in order of the estimate")
        curve.set_title("Effect, % of the counterfactual", pad=20)
        legend_above(curve, 3)
        _draw_choices(lower.add_subplot(), rows, FLOW_COLOURS[flow])
        lower.axes[0].set_title(
            f"{SHORT_NAMES[flow].capitalize()} by choice: median, middle nine tenths, %"
        )
    counts = table["flow"].value_counts()
    return Figure(
        id=id,
        title=title,
        subtitle=f"Effect over {evaluated} of {len(table):,} specifications, with their intervals",
        source=source,
        note="Upper ends of intervals beyond +100 % are cut off in the picture, not in its data.",
        alt=" ".join(
            f"{FLOW_NAMES[name]}: {counts[name]:,} specifications, median "
            f"{table.loc[table['flow'] == name, 'effect_percent'].median():.0f} per cent, from "
            f"{table.loc[table['flow'] == name, 'effect_percent'].min():.0f} to "
            f"{table.loc[table['flow'] == name, 'effect_percent'].max():.0f}."
            for name in counts.index
        ),
        data=table,
        picture=picture,
    )
