"""The picture of the ledger: every claim under its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.figures.figure import BLUE, GREY, INK, ORANGE, QUIET, RED, Figure, blank, style

#: From what holds to what does not; grey is what cannot be told.
VERDICT_COLOURS = {
    "holds": BLUE,
    "holds with a caveat": ORANGE,
    "wrong as worded": RED,
    "not testable with this data": GREY,
}
#: Inches a row of claims takes.
ROW = 0.24


def verdicts(
    objects: Sequence[Mapping[str, Any]], *, title: str, source: str, id: str = "verdicts"
) -> Figure:
    """One dot a claim in the column of its verdict, in the order of the ledger.

    `objects` as `ledger.ledger` gives them.
    """
    table = pd.DataFrame(
        [{name: one[name] for name in ("id", "text", "said", "verdict")} for one in objects]
    )
    columns = list(VERDICT_COLOURS)
    with style(id):
        picture = blank(0.7 + ROW * len(table))
        axes = picture.add_subplot()
        for row, claim in enumerate(table.itertuples()):
            place = columns.index(claim.verdict)
            axes.plot(
                [-0.5, len(columns) - 0.5], [row, row], color="#eceeef", linewidth=0.8, zorder=0
            )
            axes.plot(place, row, "o", markersize=9, color=VERDICT_COLOURS[claim.verdict])
        axes.set_ylim(len(table) - 0.5, -0.5)
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_yticks(range(len(table)), table["id"], color=INK)
        axes.set_xticks(range(len(columns)), [name.replace(" with", "\nwith") for name in columns])
        axes.tick_params(axis="x", length=0, labeltop=True, labelbottom=False, colors=QUIET)
        axes.grid(False)
        axes.spines["bottom"].set_visible(False)
    counts = table["verdict"].value_counts()
    told = ", ".join(f"{counts.get(name, 0)} {name}" for name in columns)
    return Figure(
        id=id,
        title=title,
        subtitle="Claims of an op-ed of January 2019 (A) and a memo of June 2018 (B), by verdict",
        source=source,
        alt=f"A row a claim, a column a verdict. Of {len(table)} claims: {told}.",
        data=table,
        picture=picture,
    )
