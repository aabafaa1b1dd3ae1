"""What scattered printed figures say about the trade in a good: bounds, never a guess.

A good's trade in a window is at least what was printed for parts of it that do not overlap, in
months and in goods, and at most what the total leaves once the least of every other good is
taken off. Korean sums of tariff lines leave lines out, so they bound from below only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

Interval = tuple[float, float]

#: Bases whose figures count: the customs office's own, and sums of its tariff lines. What divides
#: the latter to give a lower bound of the former: the most by which they exceeded the customs
#: total in any year (2018 to 2026 exports, 2019 to 2026 imports; see `BASIS_RATIOS` in
#: cleaning/trade_statements.py).
LOWER_BOUND_DIVISORS = {"customs": 1.0, "kita": 1.02, "itc": 1.0}
INFINITE = float("inf")


@dataclass(frozen=True)
class Printed:
    """A usable figure of money: codes, months (both inside), USD million, basis, and its row.

    `part`: its words name less than its codes do (wrist watches under the chapter of clocks).
    """

    codes: tuple[str, ...]
    first: pd.Period
    last: pd.Period
    lower: float
    upper: float
    basis: str
    row_id: str
    part: bool = False

    def overlaps(self, other: Printed) -> bool:
        """Whether both may count the same trade: common months and nested codes."""
        apart = self.last < other.first or other.last < self.first
        return not apart and any(nested(a, b) for a in self.codes for b in other.codes)


def nested(one: str, other: str) -> bool:
    """Whether one of two codes lies inside the other."""
    return one.startswith(other) or other.startswith(one)


def codes_of(printed: str) -> tuple[str, ...]:
    """The codes of a printed cell: `50-63` are fourteen chapters, `0501/6703` two headings.

    >>> codes_of("72-74")
    ('72', '73', '74')
    >>> codes_of("0501/6703")
    ('0501', '6703')
    """
    span = re.fullmatch(r"(\d\d)-(\d\d)", printed)
    if span:
        return tuple(f"{chapter:02d}" for chapter in range(int(span[1]), int(span[2]) + 1))
    return tuple(printed.split("/"))


def printed_figures(
    observations: pd.DataFrame,
    flow: str,
    prefixes: Iterable[str],
    rates: Mapping[tuple[pd.Period, pd.Period], Interval] | None = None,
    parts: Collection[str] = (),
) -> list[Printed]:
    """Usable figures of money for goods all of whose codes lie under `prefixes`.

    `observations` as `schemas.COMMODITY_OBSERVATIONS`; figures set aside, without a code, or on
    another definition are left out, and so are those in yuan whose period has no entry in
    `rates` (yuan per dollar, lower and upper). `parts` are the products whose words name less
    than their code. A printed zero's interval begins at zero.
    """
    wanted = tuple(prefixes)
    rows = observations[
        (observations["flow"] == flow)
        & observations["set_aside"].isna()
        & observations["basis"].isin(LOWER_BOUND_DIVISORS)
        & observations["value"].notna()
        & observations["hs"].notna()
        & observations["first"].notna()
    ]
    figures = []
    for row in rows.itertuples():
        codes = codes_of(row.hs)
        ends = _dollars(row, rates or {})
        if ends is not None and all(code.startswith(wanted) for code in codes):
            part = row.product in parts
            figures.append(Printed(codes, row.first, row.last, *ends, row.basis, row.row_id, part))
    return figures


def _dollars(row, rates: Mapping[tuple[pd.Period, pd.Period], Interval]) -> Interval | None:
    if row.currency == "USD":
        return max(0.0, row.lower), max(0.0, row.upper)
    rate = rates.get((row.first, row.last))
    return None if rate is None else (row.lower / rate[1], row.upper / rate[0])


def window_amount(
    figures: Sequence[Printed], wholes: Iterable[str], first: pd.Period, last: pd.Period
) -> Interval:
    """Bounds, USD million, of the trade in a good from `first` to `last` (both inside).

    `wholes` are the codes that name the whole good. Where customs figures for it over exactly
    this window are printed, the bounds are their common part, or their hull if they have none;
    the lower one is never under the sum of parts. Otherwise the upper bound is infinite. A figure
    for a part counts as one for the whole if a figure for the whole on any basis meets it.
    """
    inside = [one for one in figures if first <= one.first and one.last <= last]
    parts = heaviest(inside)
    whole = [
        one
        for one in inside
        if (one.first, one.last) == (first, last) and set(one.codes) <= set(wholes)
    ]
    exact = [one for one in whole if one.basis == "customs" and _is_whole(one, whole)]
    if not exact:
        return parts, INFINITE
    lower, upper = max(one.lower for one in exact), min(one.upper for one in exact)
    if lower > upper:
        lower, upper = min(one.lower for one in exact), max(one.upper for one in exact)
    return max(lower, min(parts, upper)), upper


def _is_whole(figure: Printed, others: Sequence[Printed]) -> bool:
    confirmed = (
        one.lower <= figure.upper and figure.lower <= one.upper for one in others if not one.part
    )
    return not figure.part or any(confirmed)


def heaviest(figures: Sequence[Printed]) -> float:
    """The largest sum of lower bounds over figures of which no two overlap, USD million."""
    weights = {one.row_id: one.lower / LOWER_BOUND_DIVISORS[one.basis] for one in figures}
    ranked = sorted(figures, key=lambda one: (-weights[one.row_id], one.row_id))
    return _heaviest(tuple(ranked), weights)


def _heaviest(figures: tuple[Printed, ...], weights: Mapping[str, float]) -> float:
    """Exact by branching on the heaviest figure: it is in the best set, or it is not."""
    if not figures:
        return 0.0
    head, rest = figures[0], figures[1:]
    free = tuple(one for one in rest if not one.overlaps(head))
    with_head = weights[head.row_id] + _heaviest(free, weights)
    if len(free) == len(rest):
        return with_head
    return max(with_head, _heaviest(rest, weights))


def share_base(amount: Interval, share: Interval) -> Interval:
    """What a printed share was taken of, from a good whose amount is printed too.

    `share` in per cent.

    >>> share_base((50.0, 50.0), (50.0, 62.5))
    (80.0, 100.0)
    """
    return 100 * amount[0] / share[1], 100 * amount[1] / share[0]


def share_amount(share: Interval, base: Interval) -> Interval:
    """The amount, in the unit of `base`, that a share in per cent stands for."""
    return share[0] * base[0] / 100, share[1] * base[1] / 100


def before_growth(amount: Interval, growth: Interval) -> Interval:
    """The amount of the year before, from an amount and its growth (a fraction)."""
    return amount[0] / (1 + growth[1]), amount[1] / (1 + growth[0])


def close_bounds(amounts: Mapping[str, Interval], total: Interval) -> pd.DataFrame:
    """Bounds of goods that do not overlap, closed by their total: one row a good, in order.

    `amounts`: what is printed of each, USD million, the upper end infinite where nothing is. A
    good is at most the total's upper bound less the least of all others; what is in none of them
    is at least zero. Gives `good`, `lower_usd_mn`, `upper_usd_mn`, and the shares of the total in
    per cent, `lower_percent` and `upper_percent`. Raises ValueError where the goods together
    exceed the total.
    """
    least = sum(lower for lower, _ in amounts.values())
    if least > total[1]:
        raise ValueError(
            f"the goods come to at least {least:.1f}, more than their total of {total[1]:.1f}"
        )
    rows = []
    for good, (lower, upper) in amounts.items():
        closed = min(upper, total[1] - (least - lower))
        rows.append(
            (good, lower, closed, 100 * lower / total[1], min(100.0, 100 * closed / total[0]))
        )
    columns = ["good", "lower_usd_mn", "upper_usd_mn", "lower_percent", "upper_percent"]
    return pd.DataFrame(rows, columns=columns)


def together(bounds: pd.DataFrame, goods: Iterable[str], total: Interval) -> Interval:
    """Bounds, in per cent of the total, of several goods of `close_bounds` taken together."""
    members = list(goods)
    inside = bounds[bounds["good"].isin(members)]
    if len(inside) != len(members):
        raise KeyError(f"not all of {', '.join(members)} are among {', '.join(bounds['good'])}")
    others = bounds.loc[~bounds["good"].isin(members), "lower_usd_mn"].sum()
    lower = inside["lower_usd_mn"].sum()
    upper = min(inside["upper_usd_mn"].sum(), total[1] - others)
    return 100 * lower / total[1], min(100.0, 100 * upper / total[0])


def printed_after(
    observations: pd.DataFrame, flow: str, prefixes: Iterable[str], clean: pd.Period, last: str
) -> pd.DataFrame:
    """Single months from `clean` to `last` for which anything was printed of a good.

    `month` and `nothing` (whether every figure of that month, money or quantity, is zero).
    """
    wanted = tuple(prefixes)
    rows = observations[
        (observations["flow"] == flow)
        & observations["set_aside"].isna()
        & (observations["first"] == observations["last"])
        & observations["first"].between(clean, pd.Period(last, "M"))
        & observations["hs"].fillna("-").str.startswith(wanted)
        & (observations["value"].notna() | observations["quantity"].notna())
    ]
    zero = rows["value"].fillna(0).eq(0) & rows["quantity"].fillna(0).eq(0)
    table = zero.groupby(rows["first"]).all().rename("nothing").rename_axis("month")
    return table.reset_index()
