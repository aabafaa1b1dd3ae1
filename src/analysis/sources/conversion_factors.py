"""`petroleum_conversion_factors.csv` as barrels a tonne, whatever units were printed."""

from __future__ import annotations

from functools import partial

import pandas as pd

from analysis.paths import Paths
from analysis.sources.tables import (
    Place,
    parse_column,
    parse_number,
    parse_unit,
    raise_if_any,
    read_table,
    table_file,
)

TABLE = "petroleum_conversion_factors"
#: Litres in a barrel of 42 United States gallons.
LITRES_PER_BARREL = 158.987294928
UNITS = (
    *("barrel", "tonne", "kilolitre", "litre"),
    *("USD/kg", "USD/litre as printed"),
)
#: Which factors are of one kind: a published table of products, a pair that a supplier's report
#: implies, a newspaper's own conversion.
SOURCES = {
    "official_committee": "product table",
    "published": "product table",
    "derived_check": "implied by a report",
    "press_conversion": "newspaper",
}


def conversion_factors(paths: Paths) -> pd.DataFrame:
    """Every row with `barrels_per_tonne`, `source_kind` (see `SOURCES`) and `set_aside`.

    Other columns as printed: `product`, `factor`, `from_unit`, `to_unit`, `system`, `kind`,
    `note`, `source_publisher`, `source_date`; `line` is that of the file.
    Inverse factors of two or three digits are set aside, since the direct one of the same table
    has more.

    Raises InputError, or InputErrors with all of them: an unknown unit or kind, a factor that is
    not positive, and as `read_table` does.
    """
    return type_factors(read_table(paths, TABLE))


def type_factors(table: pd.DataFrame) -> pd.DataFrame:
    """`conversion_factors` of a table that `read_table` gave."""
    file = table_file(TABLE)
    factor, errors = parse_column(table, "factor", _positive, file=file)
    for column, allowed in (("from_unit", UNITS), ("to_unit", UNITS), ("kind", tuple(SOURCES))):
        parse = partial(_one_of, allowed)
        errors += parse_column(table, column, parse, file=file)[1]
    raise_if_any(errors)
    typed = table.assign(factor=factor.astype(float))
    per_tonne = [_barrels_per_tonne(row) for row in typed.itertuples()]
    reason = [_set_aside(row) for row in typed.itertuples()]
    names = (
        "line product factor from_unit to_unit barrels_per_tonne system kind source_kind note "
        "source_publisher source_date set_aside"
    ).split()
    return typed.assign(
        line=table.index,
        barrels_per_tonne=pd.Series(per_tonne, index=table.index, dtype=float),
        source_kind=table["kind"].map(SOURCES).astype("string"),
        set_aside=pd.Series(reason, index=table.index, dtype="string"),
    )[names].reset_index(drop=True)


def _one_of(allowed: tuple[str, ...], text: str, at: Place) -> str:
    return parse_unit(text, allowed, at)


def _positive(text: str, at: Place) -> float:
    value = float(parse_number(text, at))
    if value <= 0:
        raise at.error("a factor above zero", found=text, action="write it as printed")
    return value


def _barrels_per_tonne(row: tuple) -> float | None:
    """None where the row converts no mass into volume."""
    factor = row.factor
    return {
        ("tonne", "barrel"): factor,
        ("barrel", "tonne"): 1 / factor,
        ("tonne", "kilolitre"): 1000 * factor / LITRES_PER_BARREL,
        ("kilolitre", "tonne"): 1000 / factor / LITRES_PER_BARREL,
        ("tonne", "litre"): factor / LITRES_PER_BARREL,
    }.get((row.from_unit, row.to_unit))


def _set_aside(row: tuple) -> str | None:
    if row.from_unit.startswith("USD"):
        return "a price per litre that divides by the density where it should multiply"
    if (row.from_unit, row.to_unit) != ("tonne", "barrel") and row.system.startswith(("BP", "UN")):
        return "the same table prints barrels a tonne for this product"
    if row.source_publisher == "Scribd upload":
        return "a weak source; the published tables give the product"
    return None
