"""The exchange rate that we use beside the rates that printed figures imply."""

from __future__ import annotations

import pandas as pd

from analysis.figures.figure import BLUE, INK, QUIET, RED, Figure, blank, legend_above, style

#: Pairs whose interval is wider than this (per cent) say nothing about the rate; they stay in the
#: data.
WIDEST_DRAWN_PERCENT = 1.5


def exchange_rate_check(
    check: pd.DataFrame, *, title: str, source: str, id: str = "exchange_rate_check"
) -> Figure:
    """What figures printed in both currencies imply, as a departure from the ECB cross rate.

    `check` has one row a pair: `first`, `last` (Period[M]), `ecb`, `implied_lower`,
    `implied_upper`, `table_lower`, `table_upper` (yuan per dollar), `inside`. Per cent of the ECB
    cross rate are drawn.
    """
    percent = {
        f"{name}_pct": 100 * (check[name] / check["ecb"] - 1)
        for name in ("implied_lower", "implied_upper", "table_lower", "table_upper")
    }
    data = check.assign(**percent)
    width = data["implied_upper_pct"] - data["implied_lower_pct"]
    shown = data[width <= WIDEST_DRAWN_PERCENT].reset_index(drop=True)
    with style(id):
        picture = blank(1.0 + 0.24 * len(shown))
        axes = picture.add_subplot()
        axes.axvline(0, color=QUIET, linewidth=0.8)
        for place, row in enumerate(shown.itertuples()):
            axes.plot(
                [row.table_lower_pct, row.table_upper_pct],
                [place, place],
                color=BLUE,
                alpha=0.35,
                linewidth=8,
                solid_capstyle="butt",
            )
            colour = INK if row.inside else RED
            ends = [row.implied_lower_pct, row.implied_upper_pct]
            axes.plot(ends, [place, place], color=colour, linewidth=1.8)
            axes.plot(sum(ends) / 2, place, "o", color=colour, markersize=4)
        axes.set_yticks(range(len(shown)), [_span(row) for row in shown.itertuples()], size=9)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        axes.set_xlabel("Per cent over or under the ECB cross rate of the fixing day")
        axes.plot([], [], "o-", color=INK, markersize=4, label="implied by a pair of figures")
        axes.plot([], [], color=BLUE, alpha=0.35, linewidth=8, label="bounds that we use")
        if not shown["inside"].all():
            axes.plot([], [], "o-", color=RED, markersize=4, label="outside them")
        legend_above(axes, 3)
    left_out = len(data) - len(shown)
    return Figure(
        id=id,
        title=title,
        subtitle="Yuan per dollar implied by figures printed in both currencies, by period",
        source=source,
        note=(
            f"{left_out} pairs whose digits allow more than {WIDEST_DRAWN_PERCENT:g} % either way "
            "are in the data only."
            if left_out
            else ""
        ),
        alt="One mark a pair, as a departure from the ECB cross rate: "
        + "; ".join(
            f"{_span(row)} {row.departure_pct:+.2f} per cent"
            + ("" if row.inside else ", outside the bounds")
            for row in shown.itertuples()
        )
        + ".",
        data=data[
            [
                "first",
                "last",
                "ecb",
                "implied_lower",
                "implied_upper",
                "departure_pct",
                "table_lower",
                "table_upper",
                "inside",
            ]
        ],
        picture=picture,
    )


def _span(row: tuple) -> str:
    if row.first == row.last:
        return row.first.strftime("%b %Y")
    if (row.first.month, row.last.month) == (1, 12):
        return str(row.first.year)
    return f"{row.first.strftime('%b')}–{row.last.strftime('%b %Y')}"
