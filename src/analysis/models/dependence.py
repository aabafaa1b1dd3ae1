"""How much of North Korea's external trade is trade with China, by definition and by source.

Three shares go by one name: China in all trade; China in North Korea's exports; and exports to
China in all trade. Printed figures are rounded, so each share is an interval that holds for every
pair of figures inside their digits; where sources conflict, the interval covers them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: Each definition: the amount in the numerator, and in the denominator.
DEFINITIONS = {
    "China in total trade": ("china_total", "total"),
    "China in exports": ("exports_to_china", "exports"),
    "exports to China in total trade": ("exports_to_china", "total"),
}
#: What KOTRA adds for crude oil that China's customs do not record stands in both of these.
CRUDE = "crude"


@dataclass(frozen=True)
class Share:
    """A share in per cent: the quotient of the middles, and the interval of all quotients."""

    percent: float
    lower: float
    upper: float


def share(numerator: tuple[float, float, float], denominator: tuple[float, float, float]) -> Share:
    """Share of two amounts, each as (printed, lower, upper); at most 100 per cent.

    Raises ValueError for a denominator that can be zero.
    """
    if denominator[1] <= 0:
        raise ValueError(f"no share of {denominator}: the whole can be zero")
    lower, upper = (100 * numerator[a] / denominator[b] for a, b in ((1, 2), (2, 1)))
    middle = 100 * numerator[0] / denominator[0]
    return Share(min(middle, 100.0), min(lower, 100.0), min(upper, 100.0))


def shares(amounts: pd.DataFrame, *, series: str = "KOTRA") -> pd.DataFrame:
    """The three shares of each year for which one publisher prints both amounts.

    `amounts` has one row a year, series and amount (`amount`, `usd_mn`, `lower_usd_mn`,
    `upper_usd_mn`, `line`). Gives `year`, `definition`, `percent`, `lower`, `upper`, in the order
    of definition and year. Of several figures of a year the one printed last in the file counts.
    """
    table = _by_year(amounts[amounts["series"] == series])
    rows = []
    for definition, (part, whole) in DEFINITIONS.items():
        for year in sorted(set(table.get(part, {})) & set(table.get(whole, {}))):
            found = share(table[part][year], table[whole][year])
            rows.append({"year": year, "definition": definition, **found.__dict__})
    return pd.DataFrame(rows)


def across_sources(amounts: pd.DataFrame, definition: str, year: int) -> Share:
    """One share over every pair of figures that any source prints for its two amounts.

    `amounts` as for `shares`, all series. The bounds hold whichever source is right about each
    amount; the middle is theirs. Raises ValueError where no source prints one of the amounts.
    """
    ends = []
    for amount in DEFINITIONS[definition]:
        own = amounts[(amounts["amount"] == amount) & (amounts["year"] == year)]
        if own.empty:
            raise ValueError(f"no source prints {amount} for {year}")
        lower, upper = float(own["lower_usd_mn"].min()), float(own["upper_usd_mn"].max())
        ends.append(((lower + upper) / 2, lower, upper))
    found = share(*ends)
    return Share((found.lower + found.upper) / 2, found.lower, found.upper)


def without_crude(amounts: pd.DataFrame, *, series: str = "KOTRA") -> pd.DataFrame:
    """China's share in total trade with KOTRA's crude estimate taken off both, and with it.

    One row a year in which the estimate is printed: `year`, `percent`, `lower`, `upper`,
    `with_crude` (all per cent), `crude_usd_mn`.
    """
    table = _by_year(amounts[amounts["series"] == series])
    rows = []
    for year, crude in sorted(table.get(CRUDE, {}).items()):
        part, whole = table["china_total"][year], table["total"][year]
        # The same estimate stands in both, so the share is lowest where it is largest.
        ends = [share(tuple(a - c for a in part), tuple(a - c for a in whole)) for c in crude]
        rows.append(
            {
                "year": year,
                "percent": ends[0].percent,
                "lower": min(end.lower for end in ends),
                "upper": max(end.upper for end in ends),
                "with_crude": share(part, whole).percent,
                "crude_usd_mn": crude[0],
            }
        )
    return pd.DataFrame(rows)


def range_of_sources(printed: pd.DataFrame, year: int) -> Share:
    """China's share in total trade in `year` over all sources that print it, whatever they count.

    `printed` has `year`, `series`, `percent`, `lower`, `upper`. The middle is that of the bounds.
    Raises ValueError where no source prints the year.
    """
    own = printed[printed["year"] == year]
    if own.empty:
        raise ValueError(f"no source prints China's share for {year}")
    lower, upper = float(own["lower"].min()), float(own["upper"].max())
    return Share((lower + upper) / 2, lower, upper)


def _by_year(amounts: pd.DataFrame) -> dict[str, dict[int, tuple[float, float, float]]]:
    """Amount to year to (printed, lower, upper); the last line of the file counts."""
    table: dict[str, dict[int, tuple[float, float, float]]] = {}
    for row in amounts.sort_values("line").itertuples():
        interval = (row.usd_mn, row.lower_usd_mn, row.upper_usd_mn)
        table.setdefault(row.amount, {})[int(row.year)] = interval
    return table
