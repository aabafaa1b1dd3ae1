"""The sanctions calendar as a strip: what China cleared no longer, and from when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.figure import GREY, INK, RED


@dataclass(frozen=True)
class CalendarRow:
    """One line of the strip: goods, and the measures of `sanctions_treatments` on them in order."""

    goods: str
    treatments: tuple[str, ...]


#: The bans that bound: the exempting ones of 2016 let trade grow and are left out.
TRADE_CALENDAR = (
    CalendarRow("Coal", ("C2321_coal_feb17", "T2371_coal")),
    CalendarRow("Seafood", ("T2371_seafood",)),
    CalendarRow("Iron, lead and their ores", ("T2371_iron",)),
    CalendarRow("Textiles and garments", ("T2375_textiles",)),
    CalendarRow("Food, machinery, wood, stone", ("T2397_food",)),
    CalendarRow("To North Korea: machinery, vehicles, metals", ("T2397_mach_imp",)),
)

PARTLY, FULLY = "in force, old contracts cleared", "nothing cleared"


def calendar_spans(treatments: pd.DataFrame, rows: Iterable[CalendarRow]) -> pd.DataFrame:
    """When the measures of each row were in force: `goods`, `treatment_id`, `state`, `first`,
    `last` (Period[M]; `last` missing where the state lasts).

    `treatments` has `treatment_id`, `china_effective_month` and `first_clean_month_derived_month`
    (Period[M]). From the effective month to the first clean one a measure is `PARTLY` in force, so
    that a month in which goods were still cleared counts as partly treated; then `FULLY`. A later
    measure of the same row ends the one before it. Raises KeyError for a measure that is not in
    the table.
    """
    by_id = treatments.set_index("treatment_id")
    spans = []
    for row in rows:
        missing = [name for name in row.treatments if name not in by_id.index]
        if missing:
            raise KeyError(f"{row.goods}: no measure {', '.join(missing)} in the calendar")
        begins = [
            (month, state, name)
            for name in row.treatments
            for month, state in (
                (by_id.loc[name, "china_effective_month"], PARTLY),
                (by_id.loc[name, "first_clean_month_derived_month"], FULLY),
            )
            if pd.notna(month)
        ]
        for number, (first, state, name) in enumerate(begins):
            following = begins[number + 1][0] if number + 1 < len(begins) else None
            if following is not None and following <= first:
                continue
            spans.append(
                {
                    "goods": row.goods,
                    "treatment_id": name,
                    "state": state,
                    "first": first,
                    "last": pd.NaT if following is None else following - 1,
                }
            )
    table = pd.DataFrame(spans)
    months = {name: pd.PeriodIndex(table[name], freq="M") for name in ("first", "last")}
    return table.assign(**months)


def draw_calendar(axes: Axes, spans: pd.DataFrame, last: pd.Period) -> None:
    """Draw the spans of `calendar_spans` as bars to the end of `last`, goods written before them.

    The horizontal axis is in month ordinals (Period[M].ordinal), a month reaching from half before
    to half after it.
    """
    goods = list(dict.fromkeys(spans["goods"]))
    for place, name in enumerate(goods):
        mine = spans[spans["goods"] == name]
        for span in mine.itertuples():
            end = last if pd.isna(span.last) else min(span.last, last)
            left = span.first.ordinal - 0.5
            axes.barh(
                place,
                end.ordinal + 0.5 - left,
                left=left,
                height=0.68,
                color=RED if span.state == FULLY else "none",
                edgecolor=RED,
                linewidth=0.8,
                hatch=None if span.state == FULLY else "/////",
            )
        axes.text(
            mine["first"].min().ordinal - 1.2,
            place,
            name,
            ha="right",
            va="center",
            size=9,
            color=INK,
        )
    axes.set_ylim(len(goods) - 0.4, -0.6)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["bottom"].set_color(GREY)


def clean_months(spans: pd.DataFrame) -> list[pd.Period]:
    """The months from which something is fully banned: sorted, each once."""
    return sorted(set(spans.loc[spans["state"] == FULLY, "first"]))
