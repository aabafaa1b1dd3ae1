"""The shape of every frame that crosses a wall, and the error that says what is wrong with one."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

#: Whose definition the figure follows. `customs`: the customs office through an agency;
#: `official_table`: its own country table; `kita`: sums of tariff lines by the Korea International
#: Trade Association; `itc`: ITC Trade Map; `kotra`: Seoul's trade agency; `other`: none of these.
BASES = ("customs", "official_table", "kita", "itc", "kotra", "other")

#: `month_first`: the first print of a month; `year_to_date`: a running sum, first print; `recap`:
#: printed again later, when the office may have changed it.
RELEASES = ("month_first", "year_to_date", "recap")

#: What a growth rate was divided by: the corrected base of a year before, the months as first
#: released, KITA's or KOTRA's own series, or `unknown`. Empty where no rate is printed.
RATE_BASES = ("", "corrected", "first_release", "kita", "kotra", "unknown")


class InputError(ValueError):
    """A file that cannot be used as it is.

    The message names the file, the row (the line of the file, the header being 1), the column,
    what was found, what was expected and what to do.
    """

    def __init__(
        self,
        expected: str,
        *,
        file: str,
        action: str,
        row: int | None = None,
        column: str | None = None,
        found: object = None,
    ) -> None:
        self.expected, self.file, self.action = expected, file, action
        self.row, self.column, self.found = row, column, found
        where = file
        if row is not None:
            where += f", line {row}"
        if column is not None:
            where += f", column {column!r}"
        found_text = "" if found is None else f" Found: {found!r}."
        super().__init__(f"{where}: expected {expected}.{found_text} What to do: {action}")


def checked(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """`frame` if it has the shape of `schema`.

    Raises InputError with all that is wrong, a line for each column and rule broken. That is a
    fault of the code that made the frame, or a raw row of a kind not met before.
    """
    try:
        return schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        broken = [
            f"{column}: {rule} ({len(group)} cases, first {group['failure_case'].iloc[0]!r} in "
            f"row {group['index'].iloc[0]})"
            for (column, rule), group in cases.groupby(["column", "check"], dropna=False)
        ]
        raise InputError(
            f"the columns and rules of the {schema.name} frame",
            file=f"{schema.name} frame",
            found="; ".join(broken),
            action="look at the raw row; if it is sound, widen the rule in schemas.py",
        ) from None


def _interval(lower: str, upper: str) -> pa.Check:
    """Both ends or none, the lower one first."""
    return pa.Check(
        lambda frame: (frame[lower].isna() & frame[upper].isna()) | (frame[lower] <= frame[upper]),
        name=f"{lower}_is_at_most_{upper}",
        error=f"{lower} <= {upper}, or both missing",
    )


def _within(value: str, lower: str, upper: str) -> pa.Check:
    return pa.Check(
        lambda frame: (
            frame[value].isna() | ((frame[lower] <= frame[value]) & (frame[value] <= frame[upper]))
        ),
        name=f"{value}_inside_its_interval",
        error=f"{lower} <= {value} <= {upper}",
    )


_MONTH = "period[M]"
_FLOAT = "float64"
_TEXT = "string"


def _text(*choices: str, nullable: bool = False) -> pa.Column:
    checks = [pa.Check.isin(choices)] if choices else []
    return pa.Column(_TEXT, checks, nullable=nullable)


def _number() -> pa.Column:
    return pa.Column(_FLOAT, nullable=True)


_IDENTITY = {
    "row_id": pa.Column(_TEXT, pa.Check.str_matches(r"^\w+:[0-9a-f]{10}$"), unique=True),
    "table": _text(),
    "line": pa.Column("int64", pa.Check.ge(2)),
    "first": pa.Column(_MONTH, nullable=True),
    "last": pa.Column(_MONTH, nullable=True),
}
_PROVENANCE = {
    "kind": _text(),
    "basis": _text(*BASES),
    "release": _text(*RELEASES),
    "rate_base": _text(*RATE_BASES),
    "copy_of": _text(nullable=True),
    "publisher": _text(),
    "source_publisher": _text(),
    "source_title": _text(nullable=True),
    "source_date": _text(nullable=True),
    "source": _text(nullable=True),
    "note": _text(nullable=True),
    "comment": _text(),
    "set_aside": _text(nullable=True),
}
_MONEY = {
    "value": _number(),
    "lower": _number(),
    "upper": _number(),
    "currency": _text("USD", "CNY", nullable=True),
    "printed": _text(nullable=True),
}
_RATE = {
    "yoy_lower": _number(),
    "yoy_upper": _number(),
    "yoy_printed": _text(nullable=True),
}
_QUANTITY = {
    "quantity": _number(),
    "quantity_lower": _number(),
    "quantity_upper": _number(),
    "quantity_unit": _text(nullable=True),
    "quantity_printed": _text(nullable=True),
}
_PERIOD_RULE = _interval("first", "last")
_MONEY_RULES = [_interval("lower", "upper"), _within("value", "lower", "upper")]
_RATE_RULE = _interval("yoy_lower", "yoy_upper")
_QUANTITY_RULES = [
    _interval("quantity_lower", "quantity_upper"),
    _within("quantity", "quantity_lower", "quantity_upper"),
]

#: Money in million of `currency`; growth rates as fractions.
TOTALS_OBSERVATIONS = pa.DataFrameSchema(
    {
        **_IDENTITY,
        "flow": _text("export", "import", "total", "balance"),
        **_MONEY,
        **_RATE,
        **_PROVENANCE,
    },
    checks=[_PERIOD_RULE, *_MONEY_RULES, _RATE_RULE],
    strict=True,
    name="totals observations",
)
#: As the totals, and quantities in `quantity_unit`.
COMMODITY_OBSERVATIONS = pa.DataFrameSchema(
    {
        **_IDENTITY,
        "flow": _text("export", "import"),
        "product": _text(),
        "hs": _text(nullable=True),
        **_MONEY,
        **_QUANTITY,
        **_RATE,
        **_PROVENANCE,
    },
    checks=[_PERIOD_RULE, *_MONEY_RULES, *_QUANTITY_RULES, _RATE_RULE],
    strict=True,
    name="commodity observations",
)
#: What `reporter` records as sent to the DPRK; money in USD million.
PETROLEUM_OBSERVATIONS = pa.DataFrameSchema(
    {
        **_IDENTITY,
        "granularity": _text(),
        "reporter": _text(),
        "product": _text(),
        "hs": _text(),
        **_MONEY,
        **_QUANTITY,
        **_PROVENANCE,
    },
    checks=[_PERIOD_RULE, *_MONEY_RULES, *_QUANTITY_RULES],
    strict=True,
    name="petroleum observations",
)
#: What `supplier` reported to the 1718 Committee; `barrels` as printed beside the quantity.
DELIVERY_OBSERVATIONS = pa.DataFrameSchema(
    {
        **_IDENTITY,
        "granularity": _text(),
        "supplier": _text(),
        "product": _text(),
        **_QUANTITY,
        "barrels": _number(),
        "barrels_lower": _number(),
        "barrels_upper": _number(),
        "barrels_printed": _text(nullable=True),
        "as_of": _text(nullable=True),
        **_PROVENANCE,
    },
    checks=[
        _PERIOD_RULE,
        *_QUANTITY_RULES,
        _interval("barrels_lower", "barrels_upper"),
        _within("barrels", "barrels_lower", "barrels_upper"),
    ],
    strict=True,
    name="delivery observations",
)

#: Money in USD million. A month is Period[M] in memory and the date of its first day on disk.
_FLOWS = ("export", "import", "total")
#: `first_release`: a month as first printed; `corrected`: as the later base of growth rates.
_VINTAGES = ("first_release", "corrected")


def _bound() -> pa.Column:
    """Zero or more; an upper bound may be infinite."""
    return pa.Column(_FLOAT, pa.Check.ge(0))


#: The published series. The point is missing where the upper bound is infinite; the robust bounds
#: enclose the conditional ones; `basis`: `reported` (printed, and narrow), `derived` (not printed,
#: but as narrow), `bounded` (wider).
TRADE_MONTHLY = pa.DataFrameSchema(
    {
        "month": pa.Column(_MONTH),
        "flow": pa.Column(checks=pa.Check.isin(_FLOWS)),
        "vintage": pa.Column(checks=pa.Check.isin(_VINTAGES)),
        "usd_mn": _number(),
        "lower_usd_mn": _bound(),
        "upper_usd_mn": _bound(),
        "lower_robust_usd_mn": _bound(),
        "upper_robust_usd_mn": _bound(),
        "basis": pa.Column(checks=pa.Check.isin(["reported", "derived", "bounded"])),
        "n_observations": pa.Column("int64", pa.Check.ge(0)),
    },
    checks=[
        _within("usd_mn", "lower_usd_mn", "upper_usd_mn"),
        _interval("lower_robust_usd_mn", "lower_usd_mn"),
        _interval("upper_usd_mn", "upper_robust_usd_mn"),
    ],
    unique=["month", "flow", "vintage"],
    strict=True,
    ordered=True,
    name="monthly trade",
)
#: Sums over windows, first and last month inside; `year_to_date` as the last release of the year
#: states the sum.
TRADE_WINDOWS = pa.DataFrameSchema(
    {
        "first": pa.Column(_MONTH),
        "last": pa.Column(_MONTH),
        "flow": pa.Column(checks=pa.Check.isin(_FLOWS)),
        "vintage": pa.Column(checks=pa.Check.isin([*_VINTAGES, "year_to_date"])),
        "lower_usd_mn": _bound(),
        "upper_usd_mn": _bound(),
    },
    checks=[_interval("lower_usd_mn", "upper_usd_mn")],
    unique=["first", "last", "flow", "vintage"],
    strict=True,
    name="trade windows",
)
#: Joint draws: the months of one `draw` belong together.
TRADE_DRAWS = pa.DataFrameSchema(
    {
        "draw": pa.Column("int64", pa.Check.ge(0)),
        "month": pa.Column(_MONTH),
        "flow": pa.Column(checks=pa.Check.isin(_FLOWS[:2])),
        "vintage": pa.Column(checks=pa.Check.isin(_VINTAGES)),
        "usd_mn": pa.Column(_FLOAT),
    },
    unique=["draw", "month", "flow", "vintage"],
    strict=True,
    name="trade draws",
)
#: The bulletin's country table, one row a printed figure: money in million of `currency`, `yoy` a
#: fraction beside the sum for the year to date, `partner` missing for groups of countries.
BULLETIN_ROWS = pa.DataFrameSchema(
    {
        "file": _text(),
        "line": pa.Column("int64", pa.Check.ge(1)),
        "first": pa.Column(_MONTH),
        "last": pa.Column(_MONTH),
        "flow": _text(*_FLOWS),
        "partner": pa.Column("Int64", nullable=True),
        "name": _text(),
        "value_mn": pa.Column(_FLOAT, pa.Check.ge(0)),
        "currency": _text("USD", "CNY"),
        "yoy": _number(),
        "set_aside": _text(nullable=True),
    },
    checks=[_PERIOD_RULE],
    strict=True,
    ordered=True,
    name="bulletin rows",
)

#: Totals of the reader's own downloads, by source: months without a row have none.
OWN_TOTALS = pa.DataFrameSchema(
    {
        "month": pa.Column(_MONTH),
        "flow": pa.Column(checks=pa.Check.isin(_FLOWS[:2])),
        "partner": pa.Column("int64", pa.Check.ge(0)),
        "source": _text(),
        "usd_mn": pa.Column(_FLOAT, pa.Check.ge(0)),
    },
    unique=["month", "flow", "partner", "source"],
    strict=True,
    ordered=True,
    name="own totals",
)
#: What the models learn from: known months, and sums and rates where months are not known. Money
#: in USD million, a rate as a fraction; both ends of the interval and of the span inside.
TRADE_SPANS = pa.DataFrameSchema(
    {
        "flow": pa.Column(checks=pa.Check.isin(_FLOWS)),
        "vintage": pa.Column(checks=pa.Check.isin(_VINTAGES)),
        "kind": pa.Column(checks=pa.Check.isin(["sum", "rate"])),
        "first": pa.Column(_MONTH),
        "last": pa.Column(_MONTH),
        "lower": pa.Column(_FLOAT),
        "upper": pa.Column(_FLOAT),
    },
    checks=[_interval("first", "last"), _interval("lower", "upper")],
    unique=["flow", "vintage", "kind", "first", "last"],
    strict=True,
    ordered=True,
    name="trade spans",
)

#: What each supplier reported to the 1718 Committee, by month: the Committee's barrels and tonnes.
#: A month that no figure speaks of is `open`: its upper bound is infinite, and it is no zero.
REPORTED_DELIVERIES = pa.DataFrameSchema(
    {
        "supplier": pa.Column(checks=pa.Check.isin(["China", "Russia"])),
        "month": pa.Column(_MONTH),
        "lower_bbl": _bound(),
        "upper_bbl": _bound(),
        "lower_t": _bound(),
        "upper_t": _bound(),
        "basis": pa.Column(checks=pa.Check.isin(["reported", "derived", "bounded", "open"])),
        "n_observations": pa.Column("int64", pa.Check.ge(0)),
    },
    checks=[_interval("lower_bbl", "upper_bbl"), _interval("lower_t", "upper_t")],
    unique=["supplier", "month"],
    strict=True,
    name="reported deliveries",
)
#: One partner's trade with China by product, from a reader's own download: one row a month, flow,
#: partner, commodity code and source. `partner` is the customs office's number (109 is North
#: Korea); `hs` the code of the declaration at 2, 4, 6 or 8 digits, zeros in front kept;
#: `value_usd` in single dollars. A product without a row in a month has none recorded: the
#: readers print no zeros.
PRODUCT_PANEL = pa.DataFrameSchema(
    {
        "month": pa.Column(_MONTH),
        "flow": pa.Column(checks=pa.Check.isin(_FLOWS[:2])),
        "partner": pa.Column("int64", pa.Check.ge(0)),
        "hs": pa.Column(_TEXT, pa.Check.str_matches(r"^(?:\d{2}){1,4}$")),
        "value_usd": pa.Column(_FLOAT, pa.Check.ge(0)),
        "quantity": _number(),
        "unit": _text(nullable=True),
        "source": _text(),
    },
    unique=["month", "flow", "partner", "hs", "source"],
    strict=True,
    ordered=True,
    name="product panel",
)

#: Which commodity codes a measure covers; see `sources.sanctions_map`.
PRODUCT_MEASURES = pa.DataFrameSchema(
    {
        "hs": pa.Column(_TEXT, pa.Check.str_matches(r"^(?:\d{2}){1,4}$")),
        "flow": pa.Column(checks=pa.Check.isin(_FLOWS[:2])),
        "partial": pa.Column("bool"),
        "treatment_id": _text(),
        "resolution": _text(),
        "measure": _text(),
        "begins": pa.Column(_MONTH, nullable=True),
        "clean": pa.Column(_MONTH, nullable=True),
        "china": pa.Column(checks=pa.Check.isin(["treated", "assumed", "untreated"])),
        "eu": pa.Column("bool"),
        "note": _text(nullable=True),
    },
    unique=["hs", "flow", "treatment_id"],
    strict=True,
    ordered=True,
    name="product measures",
)
