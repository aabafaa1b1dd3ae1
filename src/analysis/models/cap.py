"""The cap on refined petroleum, and what suppliers reported against it.

Resolution 2375 allowed 500,000 barrels in October-December 2017 and 2,000,000 a year from 2018;
resolution 2397 replaced the latter by 500,000 a year before it took effect. All member states
count together; only China and Russia have reported deliveries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

SUPPLIERS = ("China", "Russia")
BOTH = "China+Russia"

#: China's reports turn tonnes into barrels so, whatever the product: every pair that it printed
#: gives 8.33, and its announcements equate 500,000 barrels with 60,000 t. Russia's pairs of 2020
#: and 2023 give 7.97 to 7.99; only its tonnes of 2020 have no barrels beside them.
BARRELS_PER_TONNE = {"China": 8.33, "Russia": 7.985}

#: Barrels printed beside tonnes are the Committee's only between these rates (barrels a tonne): its
#: pairs lie from 7.97 (Russia, August 2020) to 8.33. Newspapers convert at 7.0, 7.1, 7.5 or 7.9.
COMMITTEE_RATES = (7.96, 8.34)

#: How the figures for all products together are labelled.
ALL_PRODUCTS = "all refined petroleum products (aggregate)"

#: The first month that a cap covered.
FIRST_CAPPED_MONTH = pd.Period("2017-10", "M")


@dataclass(frozen=True)
class Cap:
    """A ceiling in barrels for all deliveries from `first` to `last` (Period[M], both inside)."""

    barrels: float
    first: pd.Period
    last: pd.Period
    rule_id: str


def cap_on(caps: pd.DataFrame, day: str | pd.Timestamp) -> Cap | None:
    """The cap on refined petroleum under which a delivery of `day` falls; None before any.

    `caps` has one row a printed rule: `rule_id`, `instrument`, `product`, `value`, `unit`,
    `period_start`, `period_end` (dates as YYYY-MM-DD), `recurrence`. Of the resolutions' rules in
    barrels those count that cover the day: a rule that is said to recur in later twelve-month
    periods covers them too, and one that is said to be superseded covers none. Raises ValueError
    when rules of different size cover the day.
    """
    date = pd.Timestamp(day)
    rules = caps[
        caps["instrument"].str.startswith("UNSCR").fillna(False)
        & (caps["product"] == "refined petroleum products")
        & caps["unit"].eq("barrels").fillna(False)
        & ~caps["recurrence"].fillna("").str.contains("superseded")
    ]
    found = [cap for rule in rules.itertuples() if (cap := _cap_of_rule(rule, date)) is not None]
    if len({(cap.barrels, cap.first, cap.last) for cap in found}) > 1:
        raise ValueError(f"rules of different size cover {date.date()}: {found}")
    return found[0] if found else None


def _cap_of_rule(rule: tuple, date: pd.Timestamp) -> Cap | None:
    start = pd.Timestamp(rule.period_start)
    recurs = "periods thereafter" in str(rule.recurrence)
    end = pd.Timestamp(rule.period_end) if pd.notna(rule.period_end) else None
    if date < start or not (recurs or (end is not None and date <= end)):
        return None
    if not recurs:
        return Cap(float(rule.value), start.to_period("M"), end.to_period("M"), rule.rule_id)
    years = (date.to_period("M").ordinal - start.to_period("M").ordinal) // 12
    first = start.to_period("M") + 12 * years
    return Cap(float(rule.value), first, first + 11, rule.rule_id)


def reported_against_cap(
    deliveries: pd.DataFrame,
    caps: pd.DataFrame,
    *,
    last: str | pd.Period | None = None,
    barrels_per_tonne: Mapping[str, float] = BARRELS_PER_TONNE,
) -> pd.DataFrame:
    """What was reported in each cap period, one row a period and supplier.

    `deliveries` has one row a printed figure: `first`, `last` (Period[M], both inside),
    `granularity`, `supplier`, `product`, `quantity` with its interval (`quantity_lower`,
    `quantity_upper`) in `quantity_unit` (`t` or `bbl`), `barrels` printed beside tonnes,
    `row_id`, `set_aside` (missing where the row is usable). Rows that end behind `last` are not
    read; nor are averages, and figures for single products.

    Of the figures that begin with the period, the one that reaches furthest counts; barrels go
    before tonnes, since the cap is in barrels, and narrower intervals before wider. Months
    printed behind its end are added. Where a supplier lacks a figure from the beginning of the
    period and a sum in barrels for China and Russia together reaches further than the other's,
    that sum stands for both.

    Gives `period_first`, `period_last`, `supplier` (China, Russia or China+Russia), `barrels`,
    `converted` (from tonnes by `barrels_per_tonne`), `reported_to` (the last month with a
    figure), `months_missing` (months of the period for which this supplier has no figure),
    `cap_barrels`, `share_of_cap` (of this supplier alone), `rows` (ids of the figures used). What
    is missing is not counted as zero: with months missing the barrels are a lower limit of what a
    full report would show.
    """
    read = _usable(deliveries)
    if last is not None:
        read = read[read["last"] <= pd.Period(last, "M")]
    results = []
    for cap in _periods(caps, read["last"].max()):
        inside = read[(read["first"] >= cap.first) & (read["last"] <= cap.last)]
        statements = [_reported(inside, name, cap, barrels_per_tonne) for name in SUPPLIERS]
        single = [entry for entry in statements if entry is not None]
        in_barrels = inside[inside["in_barrels"]]
        together = _reported(in_barrels, BOTH, cap, barrels_per_tonne)
        reach = max((entry["reported_to"] for entry in single), default=cap.first - 1)
        if len(single) < len(SUPPLIERS) and together and together["reported_to"] > reach:
            single = [together]
        results += single
    return pd.DataFrame(results)


def _usable(deliveries: pd.DataFrame) -> pd.DataFrame:
    """The figures for all products, in barrels where the Committee's barrels are printed.

    Columns `first`, `last`, `supplier`, `row_id`, `amount` in barrels if `in_barrels`, else in
    tonnes, and `width` of its rounding interval.
    """
    figures = deliveries[
        (deliveries["product"] == ALL_PRODUCTS)
        & deliveries["granularity"].isin(["month", "cumulative", "year"])
        & deliveries["quantity_unit"].isin(["t", "bbl"])
        & deliveries["quantity"].notna()
        & deliveries["set_aside"].isna()
    ]
    barrels = figures["quantity"].where(figures["quantity_unit"] == "bbl")
    beside = figures["barrels"].where(
        (figures["barrels"] / figures["quantity"]).between(*COMMITTEE_RATES)
    )
    barrels = barrels.fillna(beside)
    return figures[["first", "last", "supplier", "row_id"]].assign(
        in_barrels=barrels.notna(),
        amount=barrels.fillna(figures["quantity"]),
        width=figures["quantity_upper"] - figures["quantity_lower"],
    )


def _periods(caps: pd.DataFrame, last: pd.Period) -> list[Cap]:
    periods, month = [], FIRST_CAPPED_MONTH
    while month <= last and (cap := cap_on(caps, month.start_time)) is not None:
        periods.append(cap)
        month = cap.last + 1
    return periods


def _reported(
    inside: pd.DataFrame, supplier: str, cap: Cap, barrels_per_tonne: Mapping[str, float]
) -> dict | None:
    """The row of one supplier; None without a figure from the beginning of the period."""
    figures = inside[inside["supplier"] == supplier]
    ranked = figures.sort_values(
        ["last", "in_barrels", "width", "row_id"], ascending=[False, False, True, True]
    )
    from_start = ranked[ranked["first"] == cap.first]
    if from_start.empty:
        return None
    furthest = from_start.iloc[0]
    months = ranked[(ranked["first"] == ranked["last"]) & (ranked["first"] > furthest["last"])]
    used = [furthest, *(row for _, row in months.drop_duplicates("first").iterrows())]
    barrels = sum(_barrels(row, barrels_per_tonne) for row in used)
    covered = sum((row["last"] - row["first"]).n + 1 for row in used)
    return {
        "period_first": cap.first,
        "period_last": cap.last,
        "supplier": supplier,
        "barrels": barrels,
        "converted": not all(row["in_barrels"] for row in used),
        "reported_to": max(row["last"] for row in used),
        "months_missing": (cap.last - cap.first).n + 1 - covered,
        "cap_barrels": cap.barrels,
        "share_of_cap": barrels / cap.barrels,
        "rows": tuple(row["row_id"] for row in used),
    }


def _barrels(row: pd.Series, barrels_per_tonne: Mapping[str, float]) -> float:
    if row["in_barrels"]:
        return float(row["amount"])
    if row["supplier"] not in barrels_per_tonne:
        raise ValueError(
            f"{row['row_id']}: no factor turns tonnes of {row['supplier']!r} into barrels"
        )
    return float(row["amount"]) * barrels_per_tonne[row["supplier"]]


def period_totals(reported: pd.DataFrame) -> pd.DataFrame:
    """The suppliers of `reported_against_cap` added up, one row a cap period.

    Gives `period_first`, `period_last`, `suppliers` (joined by "+"), `barrels`, `cap_barrels`,
    `share_of_cap`, `complete` (every month of both suppliers has a figure).
    """
    groups = reported.groupby(["period_first", "period_last"], sort=True)
    totals = groups.agg(
        suppliers=("supplier", "+".join),
        barrels=("barrels", "sum"),
        cap_barrels=("cap_barrels", "first"),
        months_missing=("months_missing", "sum"),
    ).reset_index()
    totals["share_of_cap"] = totals["barrels"] / totals["cap_barrels"]
    both_report = totals["suppliers"] == "+".join(SUPPLIERS)
    totals["complete"] = both_report & (totals["months_missing"] == 0)
    return totals.drop(columns="months_missing")


def cumulative_reported(
    deliveries: pd.DataFrame,
    caps: pd.DataFrame,
    year: int,
    *,
    barrels_per_tonne: Mapping[str, float] = BARRELS_PER_TONNE,
) -> pd.DataFrame:
    """What had been reported for January to each month of `year`, one row a month.

    Arguments as in `reported_against_cap`, by whose rule each month's sum is taken from the
    figures that end by then. Gives `month` (Period[M]), `barrels`, `cap_barrels`. Months before
    the first figure and behind the last are absent; where none was printed for a month the sum
    stays as it was.
    """
    in_year = deliveries[deliveries["first"].dt.year.eq(year) & deliveries["last"].dt.year.eq(year)]
    rows = []
    for month in pd.period_range(in_year["last"].min(), in_year["last"].max(), freq="M"):
        known = in_year[in_year["last"] <= month]
        reported = reported_against_cap(known, caps, barrels_per_tonne=barrels_per_tonne)
        if len(reported):
            barrels, cap = reported["barrels"].sum(), reported["cap_barrels"].iloc[0]
            rows.append({"month": month, "barrels": barrels, "cap_barrels": cap})
    return pd.DataFrame(rows)
