"""Reported petroleum deliveries reconciled: printed figures in, months with bounds out.

The same engine as for trade, in other units. Unknowns are the tonnes and the Committee's barrels
of each supplier and month, as that supplier's reports stood in the end. A month that no figure
speaks of has no upper bound: it is open, not zero.

What a printed sum covers is a judgement, since the Committee's page adds whatever has come in:
"January to August" may be China to August and Russia to July. `READINGS` holds each such
judgement beside the row that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cleaning.bounds import Bounds, conditional_bounds, robust_bounds
from analysis.cleaning.conflicts import ROBUST_TOLERANCE, Rejection, explain, least_rejection
from analysis.cleaning.system import INFINITY, Row, Statement, System, make_system
from analysis.cleaning.trade_statements import Printed, clusters, months_between, soundness
from analysis.schemas import REPORTED_DELIVERIES, InputError, checked

TABLE = "petroleum_reported_deliveries"
SUPPLIERS = ("China", "Russia")
BOTH = "China+Russia"
UNITS = ("t", "bbl")
#: How the figures for all products together are labelled.
ALL_PRODUCTS = "all refined petroleum products (aggregate)"
#: The products that rows of the table name; another one is an unknown product.
PRODUCTS = (
    ALL_PRODUCTS,
    "lubricants and bitumen",
    "non-fuel products",
    "petroleum bitumen (asphalt)",
)
#: The first month that a cap covered (resolution 2375); what was delivered before falls under none.
FIRST_CAPPED_MONTH = pd.Period("2017-10", "M")

#: Barrels a tonne of petroleum products lie between petroleum coke (5.30) and LPG (11.65) in every
#: published table; tonnes and barrels outside cannot be one delivery.
POSSIBLE_RATES = (5.2, 11.7)
#: Barrels printed beside tonnes are the Committee's only between these rates: its pairs lie from
#: 7.97 (Russia, August 2020) to 8.33, Russia's sums of 2018-2019 give 8.25 and 8.29. Newspapers
#: convert at 6.96, 7.1, 7.5 or 7.9.
COMMITTEE_RATES = (7.96, 8.34)
#: China's barrels are its tonnes times this, whatever the product: its pairs give it to the digit
#: (551.04 t, 4,590.163 barrels), and 500,000 barrels = 60,000 t nearly so.
CHINA_RATE = 8.33
#: Russia's own rate changed; by first and last year, both inside. 241,114 / 29,237-29,240 t is
#: 8.246 (2018), 277,365 / 33,477 t is 8.285 (2019); its pairs of 2020 and 2023 give 7.969 to
#: 7.991. No pair dates the change nearer, and none exists for 2021 and 2022 (Russia printed zeros
#: until December 2022).
RUSSIA_RATES = (
    (2017, 2019, 8.24, 8.30),
    (2020, 2020, 7.96, 8.00),
    (2021, 2022, 7.96, 8.30),
    (2023, 2099, 7.96, 8.00),
)
#: China first reported barrels for March 2021. Since then the page is in barrels, and tonnes beside
#: them are a newspaper's second figure: they weigh this share of a figure's log-odds.
BARRELS_SINCE = pd.Period("2021-03", "M")
SECOND_FIGURE = 0.5
#: A month that no figure prints but that the others fix to within this share is `derived`.
DERIVED_WIDTH = 0.05
#: Barrels: an interval narrower than this is narrow whatever its share (printed zeros).
NARROW_BBL = 20.0


@dataclass(frozen=True)
class Reading:
    """What a row says, where that is not what its labels say.

    `china`, `russia`: the last month of that supplier inside the sum ("" for none of it; None
    where the row's own last month holds). `at_least`: the page lacked reports that were known to
    be due, so the later truth is no lower. `press_rate`: the barrels are a newspaper's, made of
    tonnes at this rate, and are read back.
    """

    why: str
    china: str | None = None
    russia: str | None = None
    at_least: bool = False
    press_rate: float | None = None


#: By the hash in `row_id`. A row that is edited or gone makes its reading fail.
READINGS: Mapping[str, Reading] = {
    "4aa92e8788": Reading("April 2018 before Russia's 4,293 t came in", russia=""),
    "1a507ec1bb": Reading("April without Russia's 4,293 t", russia="2018-03"),
    "ab929ecae6": Reading("before Russia's April of 4,293 t", russia="2018-03"),
    "b4234ba70e": Reading("'some'; an early state of the page", at_least=True),
    "83528e319b": Reading("'to date'; below the parts printed two weeks later", at_least=True),
    "0e755b183b": Reading("China to August, Russia to July", russia="2018-07"),
    "aa26af431d": Reading("China to August, Russia to September", china="2018-08"),
    "6d26943e7c": Reading("China to October, Russia to September", russia="2018-09"),
    "c03e601af1": Reading("Russia's December not yet reported", russia="2018-11"),
    "530d61600a": Reading("Russia's November and December not yet reported", russia="2018-10"),
    "30310ad679": Reading("China to May, Russia to July", china="2019-05"),
    "404b5f4519": Reading("state of February 2020, without Russia's May", at_least=True),
    "aa4d9036a7": Reading("adds the Russian figure without May", at_least=True),
    "71b54262b7": Reading("converted by the newspaper", press_rate=7.9),
    "160a782363": Reading("converted by the newspaper", press_rate=7.9),
    "ee79224552": Reading("converted by the newspaper", press_rate=7.0),
    "c36b198437": Reading("converted by the newspaper", press_rate=7.0),
    "f989fab98b": Reading("converted, Russia incomplete", press_rate=7.0, at_least=True),
    "703d47c0c7": Reading("rose after a late report", at_least=True),
    "7008774cb5": Reading("rose after a late report", at_least=True),
    "91dd0d6952": Reading("China's October to December unreported", china="2020-09"),
    "cc6341ee52": Reading("China to May, Russia to April", russia="2023-04"),
    "a0389e17c7": Reading("China to August, Russia's year", china="2023-08"),
    "d78011dec4": Reading("China to November, Russia's year", china="2023-11"),
    "b814a3a9ba": Reading(
        "state of June 2024; which of China's months had come in is unknown",
        russia="2024-01",
        at_least=True,
    ),
    "53b812db91": Reading("China to August, Russia January", russia="2024-01"),
    "b697185085": Reading("China to November, Russia January", russia="2024-01"),
    "c9819d22e5": Reading("China alone; Russia silent", russia=""),
}

#: Rows that are no statement about reported deliveries, and why.
NOT_STATED: Mapping[str, str] = {
    "3c68efadd3": "a newspaper's barrels: China's rate on Russia's tonnes too",
    "3e1d0adc65": "an inferred zero: China filed no report for the month",
    "609991843f": "an inferred zero: China filed no report for the month",
}

Unknown = tuple[str, str, int]
Terms = list[tuple[Unknown, float]]


@dataclass(frozen=True)
class CleanDeliveries:
    """What reconciliation gives.

    `monthly` as `schemas.REPORTED_DELIVERIES`; `conflicts` one line a rejected figure; `used`
    the rows that entered, `set_aside` the reason of each other row by `row_id`; `system` and
    `rejection` for further questions of the same feasible set.
    """

    monthly: pd.DataFrame
    conflicts: pd.DataFrame
    used: pd.DataFrame
    set_aside: pd.Series
    system: System
    rejection: Rejection


def clean_deliveries(
    observations: pd.DataFrame, *, last: str | pd.Period | None = None
) -> CleanDeliveries:
    """Reconcile usable observations (`accounting.usable_rows`) into months.

    Rows that end behind `last` are set aside. Raises InputError for a reading whose row is gone.
    """
    used, reasons = stated_deliveries(observations, last=last)
    _raise_for_lost_readings(observations)
    end = used["last"].max()
    system = delivery_system(used, end)
    rejection = least_rejection(system, tolerance=ROBUST_TOLERANCE)
    forms = {
        (supplier, month, unit): [((unit, supplier, month), 1.0)]
        for supplier in SUPPLIERS
        for month in months_between(FIRST_CAPPED_MONTH, end)
        for unit in UNITS
    }
    bounds = conditional_bounds(system, rejection.chosen, forms)
    return CleanDeliveries(
        monthly=checked(_monthly(bounds, _prints(used)), REPORTED_DELIVERIES),
        conflicts=_conflicts(system, rejection),
        used=used,
        set_aside=reasons,
        system=system,
        rejection=rejection,
    )


def stated_deliveries(
    observations: pd.DataFrame, *, last: str | pd.Period | None = None
) -> tuple[pd.DataFrame, pd.Series]:
    """The rows that can be written as statements, and why the others cannot.

    Adds `t_lower`, `t_upper`, `bbl_lower`, `bbl_upper` (the Committee's barrels alone; missing
    where there are none), `china_last`, `russia_last` (Period[M], NaT where the sum holds nothing
    of that supplier), `at_least` and `reading`. Returns the rows (index reset) and a series of
    reasons indexed by `row_id`.
    """
    frame = observations.assign(code=observations["row_id"].str.partition(":")[2])
    reason = _reasons(frame, None if last is None else pd.Period(last, "M"))
    kept = frame[reason.isna()].reset_index(drop=True)
    parts = [_stated(row) for row in kept.itertuples(index=False)]
    stated = pd.concat([kept, pd.DataFrame(parts, index=kept.index)], axis=1)
    for end in ("china_last", "russia_last"):
        stated[end] = pd.PeriodIndex(stated[end], freq="M")
    why = pd.Series(
        reason.dropna().to_numpy(),
        index=pd.Index(frame.loc[reason.notna(), "row_id"], name="row_id"),
        name="reason",
        dtype="string",
    )
    return stated.drop(columns="code"), why


def _reasons(frame: pd.DataFrame, last: pd.Period | None) -> pd.Series:
    """Why each row is no statement, the first reason that holds; NA where none does."""
    rate = frame["barrels"] / frame["quantity"].where(frame["quantity"] > 0)
    beside = frame["quantity_unit"].eq("t").fillna(False) & frame["barrels"].gt(0)
    amounts = frame[["quantity", "barrels"]]
    found = {
        "negative quantity": amounts.lt(0).any(axis=1),
        "no period": frame["first"].isna() | frame["last"].isna(),
        "a part of what was delivered: it stands in the composition, not in the sums": frame[
            "product"
        ].isin(PRODUCTS[1:]),
        "unknown product": ~frame["product"].isin(PRODUCTS),
        "not notified as a supply: outside the two suppliers that report": ~frame["supplier"].isin(
            (*SUPPLIERS, BOTH)
        ),
        "before October 2017, under no cap": frame["last"] < FIRST_CAPPED_MONTH,
        "begins before October 2017, when no cap held, and ends after": frame["first"]
        < FIRST_CAPPED_MONTH,
        "an average, no sum": frame["granularity"].eq("monthly_average"),
        "no tonnes and no barrels": ~frame["quantity_unit"].isin(UNITS).fillna(False),
        "tonnes and barrels of an impossible density": beside & ~rate.between(*POSSIBLE_RATES),
    }
    if last is not None:
        found[f"ends behind {last}, the last month that is read"] = frame["last"] > last
    reason = frame["code"].map(NOT_STATED).astype("string")
    for text, holds in found.items():
        reason = reason.mask(reason.isna() & holds, text)
    return reason


def _stated(row: tuple) -> dict[str, object]:
    """The intervals and the coverage that one row states."""
    reading = READINGS.get(row.code, Reading(""))
    t, bbl = _intervals(row, reading)
    last = {}
    for supplier, own in (("China", reading.china), ("Russia", reading.russia)):
        inside = row.supplier in (supplier, BOTH) and own != ""
        last[supplier] = (pd.Period(own, "M") if own else row.last) if inside else pd.NaT
    return {
        "t_lower": t[0],
        "t_upper": t[1],
        "bbl_lower": bbl[0],
        "bbl_upper": bbl[1],
        "china_last": last["China"],
        "russia_last": last["Russia"],
        "at_least": reading.at_least,
        "reading": reading.why,
    }


def _intervals(row: tuple, reading: Reading) -> tuple[tuple[float, float], tuple[float, float]]:
    """What the row says in tonnes and in the Committee's barrels; NaN where it says nothing."""
    nothing = (np.nan, np.nan)
    printed = (row.quantity_lower, row.quantity_upper)
    if reading.press_rate is not None:
        # The newspaper's rate has one decimal itself.
        rate = reading.press_rate
        return (printed[0] / (rate + 0.05), printed[1] / (rate - 0.05)), nothing
    if row.quantity_unit == "bbl":
        return nothing, printed
    rate = row.barrels / row.quantity if row.quantity else np.nan
    zero = row.barrels == 0 and row.quantity == 0
    if zero or COMMITTEE_RATES[0] <= rate <= COMMITTEE_RATES[1]:
        return printed, (row.barrels_lower, row.barrels_upper)
    # 91 barrels of 11 t: the digits are too few to show a rate, and China prints at one only.
    low, high = row.barrels / printed[1] if printed[1] else np.nan, np.inf
    if printed[0] > 0:
        high = row.barrels / printed[0]
    if row.quantity < 100 and low <= CHINA_RATE <= high:
        return printed, (row.barrels_lower, row.barrels_upper)
    return printed, nothing


def _raise_for_lost_readings(observations: pd.DataFrame) -> None:
    codes = set(observations["row_id"].str.partition(":")[2])
    lost = sorted((set(READINGS) | set(NOT_STATED)) - codes)
    if lost:
        raise InputError(
            "the row of every reading among the usable observations",
            file="READINGS in src/analysis/cleaning/deliveries.py",
            found=", ".join(lost),
            action="read the edited row again and give its reading the new hash, or delete it",
        )


def delivery_system(stated: pd.DataFrame, last: pd.Period) -> System:
    """All figures of `stated_deliveries`, the suppliers' rates, and that nothing is negative."""
    months = months_between(FIRST_CAPPED_MONTH, last)
    unknowns = [(unit, supplier, m) for unit in UNITS for supplier in SUPPLIERS for m in months]
    signs = [
        Statement(
            f"sign {unit} {supplier} {month}",
            "definition",
            (Row((((unit, supplier, month), 1.0),), 0.0, INFINITY),),
            INFINITY,
        )
        for unit, supplier, month in unknowns
    ]
    return make_system(unknowns, [*figure_statements(stated), *rate_statements(months), *signs])


def figure_statements(stated: pd.DataFrame) -> list[Statement]:
    """One statement for each distinct printed figure; rows that agree count as one figure."""
    groups: dict[tuple, list[Printed]] = {}
    for row in stated.itertuples(index=False):
        for unit in UNITS:
            lower, upper = getattr(row, f"{unit}_lower"), getattr(row, f"{unit}_upper")
            if np.isnan(lower):
                continue
            key = (
                row.first.ordinal,
                *(_ordinal(end) for end in (row.china_last, row.russia_last)),
                unit,
                bool(row.at_least),
                unit == "t" and row.last >= BARRELS_SINCE and not np.isnan(row.bbl_lower),
            )
            printed = Printed(row.row_id, row.publisher, (lower + upper) / 2, lower, upper)
            groups.setdefault(key, []).append(printed)
    return [
        _statement(key, number, cluster)
        for key in sorted(groups)
        for number, cluster in enumerate(clusters(groups[key]))
    ]


def _statement(key: tuple, number: int, cluster: Sequence[Printed]) -> Statement:
    first, china, russia, unit, at_least, second = key
    lower, upper = max(p.lower for p in cluster), min(p.upper for p in cluster)
    terms = tuple(_sum_terms(unit, first, {"China": china, "Russia": russia}))
    name = _described(first, {"China": china, "Russia": russia}, unit)
    tail = f" ({number + 1})" if number else ""
    return Statement(
        id=f"{name}{', at least' if at_least else ''}{', beside' if second else ''}{tail}",
        kind="level",
        rows=(Row(terms, lower, INFINITY if at_least else upper),),
        weight=soundness(len({p.publisher for p in cluster})) * (SECOND_FIGURE if second else 1.0),
        members=tuple(p.row_id for p in cluster),
        description=name,
    )


def _sum_terms(unit: str, first: int, last: Mapping[str, int]) -> Iterator[tuple[Unknown, float]]:
    for supplier in SUPPLIERS:
        for month in range(first, last[supplier] + 1):
            yield (unit, supplier, month), 1.0


def _ordinal(month: pd.Period) -> int:
    """-1 for no month: an empty range of months."""
    return -1 if pd.isna(month) else month.ordinal


def _described(first: int, last: Mapping[str, int], unit: str) -> str:
    spans = [f"{s} {_span(first, end)}" for s, end in last.items() if end >= first]
    return f"{' and '.join(spans)}, {'tonnes' if unit == 't' else 'barrels'}"


def _span(first: int, last: int) -> str:
    begin, end = (pd.Period(ordinal=m, freq="M") for m in (first, last))
    return str(begin) if begin == end else f"{begin}/{end}"


def rate_statements(months: range) -> list[Statement]:
    """Barrels of a month are its tonnes times the supplier's own rate."""
    statements = []
    for supplier in SUPPLIERS:
        for month in months:
            low, high = supplier_rate(supplier, pd.Period(ordinal=month, freq="M").year)
            t, bbl = ("t", supplier, month), ("bbl", supplier, month)
            rows = (
                Row(((bbl, 1.0), (t, -low)), 0.0, INFINITY),
                Row(((bbl, 1.0), (t, -high)), -INFINITY, 0.0),
            )
            statements.append(Statement(f"rate {supplier} {month}", "definition", rows, INFINITY))
    return statements


def supplier_rate(supplier: str, year: int) -> tuple[float, float]:
    """Barrels a tonne, lower and upper, at which a supplier's reports of `year` are converted.

    Raises ValueError for a supplier without a rate.
    """
    if supplier == "China":
        return CHINA_RATE, CHINA_RATE
    if supplier == "Russia":
        for first, last, low, high in RUSSIA_RATES:
            if first <= year <= last:
                return low, high
    raise ValueError(f"no rate turns tonnes of {supplier!r} in {year} into barrels: add its pairs")


def cumulative_bounds(
    clean: CleanDeliveries,
    first: pd.Period,
    last: pd.Period,
    *,
    suppliers: Sequence[str] = SUPPLIERS,
) -> pd.DataFrame:
    """What `suppliers` together reported from `first` to each month up to `last`, exact bounds.

    Only months that some figure bounds are added; `open_months` counts the supplier-months left
    out, so that with any of them `lower_bbl` holds and `upper_bbl` is that of the covered months
    alone. Columns `month`, `lower_bbl`, `upper_bbl`, `lower_t`, `upper_t`, `open_months`.
    """
    months = pd.period_range(first, last, freq="M")
    closed = _closed(clean.monthly)
    forms = {
        (month, unit): [
            ((unit, supplier, m.ordinal), 1.0)
            for m in months[months <= month]
            for supplier in suppliers
            if (supplier, m) in closed
        ]
        for month in months
        for unit in UNITS
    }
    bounds = _both_bounds(clean, {key: form for key, form in forms.items() if form})
    none = Bounds(0.0, 0.0)
    records = [
        {
            "month": month,
            **{
                f"{end}_{unit}": max(getattr(bounds.get((month, unit), none), end), 0.0)
                for unit in ("bbl", "t")
                for end in ("lower", "upper")
            },
            "open_months": sum(
                (supplier, m) not in closed
                for m in months[months <= month]
                for supplier in suppliers
            ),
        }
        for month in months
    ]
    return pd.DataFrame(records)


def supplier_bounds(clean: CleanDeliveries, first: pd.Period, last: pd.Period) -> pd.DataFrame:
    """What each supplier reported from `first` to `last`: exact bounds of its covered months.

    Columns `supplier`, `lower_bbl`, `upper_bbl`, `lower_t`, `upper_t`, `months`, `open_months`.
    """
    months = pd.period_range(first, last, freq="M")
    closed = _closed(clean.monthly)
    covered = {s: [m for m in months if (s, m) in closed] for s in SUPPLIERS}
    forms = {
        (supplier, unit): [((unit, supplier, m.ordinal), 1.0) for m in covered[supplier]]
        for supplier in SUPPLIERS
        for unit in UNITS
        if covered[supplier]
    }
    bounds = _both_bounds(clean, forms)
    none = Bounds(0.0, 0.0)
    return pd.DataFrame(
        [
            {
                "supplier": supplier,
                **{
                    f"{end}_{unit}": max(getattr(bounds.get((supplier, unit), none), end), 0.0)
                    for unit in ("bbl", "t")
                    for end in ("lower", "upper")
                },
                "months": len(months),
                "open_months": len(months) - len(covered[supplier]),
            }
            for supplier in SUPPLIERS
        ]
    )


def _both_bounds(clean: CleanDeliveries, forms: Mapping) -> Mapping:
    """Bounds over every near-lightest rejection, so that a close choice is no knowledge."""
    chosen = conditional_bounds(clean.system, clean.rejection.chosen, forms)
    wide = robust_bounds(clean.system, clean.rejection.alternatives, forms, chosen)
    # An alternative may leave a month without any figure; then the chosen bounds stand.
    return {key: value if np.isfinite(value.upper) else chosen[key] for key, value in wide.items()}


def _closed(monthly: pd.DataFrame) -> set[tuple[str, pd.Period]]:
    finite = monthly[np.isfinite(monthly["upper_bbl"])]
    return set(zip(finite["supplier"], finite["month"], strict=True))


def _monthly(bounds: Mapping, prints: Mapping[tuple[str, int], int]) -> pd.DataFrame:
    records = []
    for supplier in SUPPLIERS:
        months = sorted({month for name, month, _ in bounds if name == supplier})
        for month in months:
            t, bbl = bounds[supplier, month, "t"], bounds[supplier, month, "bbl"]
            count = prints.get((supplier, month), 0)
            records.append(
                {
                    "supplier": supplier,
                    "month": pd.Period(ordinal=month, freq="M"),
                    "lower_bbl": max(bbl.lower, 0.0),
                    "upper_bbl": max(bbl.upper, 0.0),
                    "lower_t": max(t.lower, 0.0),
                    "upper_t": max(t.upper, 0.0),
                    "basis": _basis(count, bbl),
                    "n_observations": count,
                }
            )
    return pd.DataFrame(records)


def _prints(stated: pd.DataFrame) -> dict[tuple[str, int], int]:
    single = stated[(stated["first"] == stated["last"]) & stated["supplier"].isin(SUPPLIERS)]
    return {
        (supplier, month.ordinal): int(count)
        for (supplier, month), count in single.groupby(["supplier", "first"]).size().items()
    }


def _basis(prints: int, end: Bounds) -> str:
    """`reported`, `derived`, `bounded`, or `open` where nothing bounds the month from above."""
    if not np.isfinite(end.upper):
        return "open"
    width = end.upper - end.lower
    if width <= max(DERIVED_WIDTH * (end.upper + end.lower) / 2, NARROW_BBL):
        return "reported" if prints else "derived"
    return "bounded"


def _conflicts(system: System, rejection: Rejection) -> pd.DataFrame:
    """One line a rejected figure: what was printed, what the rest allows, what it contradicts."""
    reasons = explain(system, rejection)
    forms = {index: system.statements[index].rows[0].terms for index in rejection.chosen}
    allowed = conditional_bounds(system, rejection.chosen, forms)
    records = []
    for index in sorted(rejection.chosen):
        statement = system.statements[index]
        others = sorted(reasons.get(index, frozenset()) - {index})
        records.append(
            {
                "figure": statement.description,
                "printed_lower": statement.rows[0].lower,
                "printed_upper": statement.rows[0].upper,
                "allowed_lower": max(allowed[index].lower, 0.0),
                "allowed_upper": allowed[index].upper,
                "contradicts": "; ".join(
                    system.statements[other].description
                    for other in others
                    if system.statements[other].description
                ),
                "rows": " ".join(statement.members),
            }
        )
    names = "figure printed_lower printed_upper allowed_lower allowed_upper contradicts rows"
    return pd.DataFrame(records, columns=names.split())
