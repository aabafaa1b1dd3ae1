"""Monthly quantities of one good, as far as printed months and running sums give them."""

from __future__ import annotations

import pandas as pd


def monthly_tonnes(
    observations: pd.DataFrame, product: str, *, flow: str = "import", basis: str = "customs"
) -> pd.DataFrame:
    """Tonnes of `product` by month: what was printed, and what sums leave for a single month.

    `observations` has one row a printed figure: `first`, `last` (Period[M], both inside), `flow`,
    `product`, `quantity`, `quantity_lower`, `quantity_upper`, `quantity_unit`, `basis`,
    `row_id`, `source_publisher`, and `set_aside` (missing where the row is usable). Only tonnes on
    `basis` are read. Of several figures for a month the one with the narrowest interval counts.
    Where a sum over several months leaves exactly one of them open, that month is the difference,
    never below zero.

    Gives `month` (Period[M]), `tonnes`, `lower_t`, `upper_t`, `basis` (`printed` or `derived`),
    `source_publisher`, in the order of months. A month that nothing gives has no row; a zero is
    a printed zero or a difference of nothing.
    """
    usable = observations[
        (observations["product"] == product)
        & (observations["flow"] == flow)
        & (observations["basis"] == basis)
        & observations["quantity_unit"].eq("t").fillna(False)
        & observations["quantity"].notna()
        & observations["set_aside"].isna()
    ]
    width = usable["quantity_upper"] - usable["quantity_lower"]
    ranked = usable.assign(width=width).sort_values(["width", "row_id"])
    months = ranked[ranked["first"] == ranked["last"]].drop_duplicates("first")
    known = {row["first"]: _month(row, "printed") for _, row in months.iterrows()}
    sums = ranked[ranked["first"] < ranked["last"]].sort_values(["last", "width", "row_id"])
    for _, row in sums.iterrows():
        inside = pd.period_range(row["first"], row["last"], freq="M")
        open_months = [month for month in inside if month not in known]
        if len(open_months) == 1:
            others = [known[month] for month in inside if month in known]
            known[open_months[0]] = _difference(row, others)
    table = pd.DataFrame([{"month": month, **entry} for month, entry in sorted(known.items())])
    return table.astype({"month": "period[M]"})


def _month(row: pd.Series, basis: str) -> dict[str, object]:
    return {
        "tonnes": row["quantity"],
        "lower_t": row["quantity_lower"],
        "upper_t": row["quantity_upper"],
        "basis": basis,
        "source_publisher": row["source_publisher"],
    }


def _difference(row: pd.Series, others: list[dict[str, object]]) -> dict[str, object]:
    ends = {
        "tonnes": row["quantity"] - sum(entry["tonnes"] for entry in others),
        "lower_t": row["quantity_lower"] - sum(entry["upper_t"] for entry in others),
        "upper_t": row["quantity_upper"] - sum(entry["lower_t"] for entry in others),
    }
    clipped = {name: max(0.0, value) for name, value in ends.items()}
    return {**_month(row, "derived"), **clipped}
