"""What every processed table and column is: the code book, as data package and as pages.

The words stand here, once; counts, extremes and pictures come from the tables as they were built.
A column without words is an error, so that no table can grow one in silence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

#: Bars of the small pictures: the share of values in each of as many equal steps from least to
#: greatest, eight heights.
BARS = "▁▂▃▄▅▆▇█"
STEPS = 12


class CodebookError(ValueError):
    """A table or a column that nobody has described; says which, and where to describe it."""


@dataclass(frozen=True)
class TableWords:
    """What one row of a table is, and where the table comes from."""

    title: str
    row: str
    source: str


@dataclass(frozen=True)
class ColumnWords:
    """What a column holds; `unit` is empty for words, names and months."""

    definition: str
    unit: str = ""


_TRADE = "gacc_totals.csv, reconciled"
_OBSERVED = "the raw table of the same name, typed and corrected"

TABLES: Mapping[str, TableWords] = {
    "trade_monthly": TableWords(
        "China's recorded trade with North Korea by month",
        "one month, flow and vintage",
        _TRADE,
    ),
    "trade_draws": TableWords(
        "Joint draws of all months from what the figures allow",
        "one month, flow and vintage of one draw; the months of a draw belong together",
        _TRADE,
    ),
    "trade_windows": TableWords(
        "Bounds of sums over years and of running sums", "one window, flow and vintage", _TRADE
    ),
    "trade_spans": TableWords(
        "What the models learn from: known months, and sums and rates where months are not",
        "one independent fact about one flow and vintage",
        _TRADE,
    ),
    "contradictions": TableWords(
        "Printed figures that contradict the rest", "one rejected figure or assumption", _TRADE
    ),
    "row_account": TableWords(
        "Rows read, used and set aside", "one raw table", "all observed tables"
    ),
    "set_aside": TableWords(
        "Rows that enter no calculation, and why", "one raw row", "all observed tables"
    ),
    "corrections_applied": TableWords(
        "Known misprints, as corrected", "one cell of one raw row", "corrections.yml"
    ),
    "exchange_rates": TableWords(
        "The customs office's exchange rate by month",
        "one month",
        "European Central Bank reference rates; figures printed in both currencies",
    ),
    "exchange_rate_check": TableWords(
        "The exchange rate against figures printed in both currencies",
        "one period printed in dollars and in yuan",
        "gacc_totals.csv; European Central Bank reference rates",
    ),
    "observations_gacc_totals": TableWords(
        "Printed totals as observations", "one raw row", _OBSERVED
    ),
    "observations_gacc_commodities": TableWords(
        "Printed figures on goods as observations", "one raw row", _OBSERVED
    ),
    "observations_gacc_petroleum": TableWords(
        "Printed customs figures on petroleum as observations", "one raw row", _OBSERVED
    ),
    "observations_petroleum_reported_deliveries": TableWords(
        "Deliveries reported to the Security Council's committee as observations",
        "one raw row",
        _OBSERVED,
    ),
}

_FIRST = ColumnWords("First month of the period, inside it; the date of its first day.")
_LAST = ColumnWords("Last month of the period, inside it; the date of its first day.")
COLUMNS: Mapping[str, ColumnWords] = {
    "month": ColumnWords("The month, as the date of its first day."),
    "first": _FIRST,
    "last": _LAST,
    "flow": ColumnWords(
        "`export` is China to North Korea, `import` North Korea to China, `total` their sum, "
        "`balance` exports less imports."
    ),
    "vintage": ColumnWords(
        "`first_release`: months as first printed; `corrected`: as the later base of growth rates; "
        "`year_to_date`: as the last release of the year states the sum."
    ),
    "usd_mn": ColumnWords(
        "The point: the smoothest path inside the bounds; missing where no upper bound is known.",
        "USD million",
    ),
    "lower_usd_mn": ColumnWords(
        "Smallest value that the printed figures that are kept allow; attained.", "USD million"
    ),
    "upper_usd_mn": ColumnWords(
        "Largest value that they allow; attained, or infinite.", "USD million"
    ),
    "lower_robust_usd_mn": ColumnWords(
        "The same as the lower bound, over all nearly lightest rejections.", "USD million"
    ),
    "upper_robust_usd_mn": ColumnWords(
        "The same as the upper bound, over all nearly lightest rejections.", "USD million"
    ),
    "basis": ColumnWords(
        "Whose definition a printed figure follows; in the monthly series `reported` (printed, and "
        "narrow), `derived` (not printed, as narrow) or `bounded` (wider)."
    ),
    "n_observations": ColumnWords(
        "How many usable rows print exactly this month, flow and vintage.", "rows"
    ),
    "draw": ColumnWords("Number of the draw, from 0."),
    "kind": ColumnWords(
        "What sort of row it is: in the observations how the figure came to us; in the spans "
        "`sum` or `rate`; among contradictions `level`, `rate` or `revision`."
    ),
    "lower": ColumnWords("Lower end of the interval that the printed digits leave, inside it."),
    "upper": ColumnWords("Upper end of the same interval, inside it."),
    "id": ColumnWords("Name of the correction, or of the rejected statement."),
    "description": ColumnWords("The rejected statement in words."),
    "printed_lower": ColumnWords("Lower end of what was printed, in `unit`."),
    "printed_upper": ColumnWords("Upper end of what was printed, in `unit`."),
    "allowed_lower": ColumnWords("Lower end of what the other figures allow, in `unit`."),
    "allowed_upper": ColumnWords("Upper end of what the other figures allow, in `unit`."),
    "amount": ColumnWords(
        "Distance between the printed interval and the allowed one, in `unit`; missing for a "
        "revision that the figures demand."
    ),
    "unit": ColumnWords("Unit of the numbers of the row."),
    "contradicts": ColumnWords("The other statements of the smallest contradiction."),
    "also_suspect": ColumnWords(
        "Statements nearly as likely to be the wrong one, each with its share of the odds."
    ),
    "rows": ColumnWords("Raw rows behind the statement, by `row_id`, with spaces between."),
    "table": ColumnWords("Name of the raw table, a file of data/raw without ending."),
    "rows_read": ColumnWords("Rows of the table.", "rows"),
    "rows_used": ColumnWords("Rows that enter a calculation.", "rows"),
    "rows_set_aside": ColumnWords("The other rows, each with its reason.", "rows"),
    "row_id": ColumnWords("The raw row: its table and a hash of its content."),
    "line": ColumnWords("Line of the row in its file; the header is line 1.", "line"),
    "period": ColumnWords("Months of the row, YYYY-MM or YYYY-MM/YYYY-MM."),
    "reason": ColumnWords("Why, in words."),
    "action": ColumnWords("`set_aside`, `override`, `scale` or `swap_flows`."),
    "column": ColumnWords("The column that the correction changes; `row` is the whole row."),
    "before": ColumnWords("What is printed."),
    "after": ColumnWords("What is read in its place; missing where nothing is."),
    "evidence": ColumnWords("The sums that show the misprint."),
    "cny_per_usd": ColumnWords("The rate at which the month is converted.", "CNY per USD"),
    "source": ColumnWords("Where the figure was read: an address or a name."),
    "ecb": ColumnWords("The central bank's cross rate of the day that counts.", "CNY per USD"),
    "implied_lower": ColumnWords("Lower end of yuan over dollars as printed.", "CNY per USD"),
    "implied_upper": ColumnWords("Upper end of yuan over dollars as printed.", "CNY per USD"),
    "departure_pct": ColumnWords("The implied rate against the cross rate.", "%"),
    "table_lower": ColumnWords("Lower end of the rate that is used.", "CNY per USD"),
    "table_upper": ColumnWords("Upper end of the rate that is used.", "CNY per USD"),
    "inside": ColumnWords("Whether the implied rate meets the rate that is used."),
    "value": ColumnWords("Money as printed; missing where none is.", "million of `currency`"),
    "currency": ColumnWords("`USD` or `CNY`."),
    "printed": ColumnWords("The money in the digits of the print."),
    "product": ColumnWords("The good, as labelled."),
    "hs": ColumnWords("Its code in the Harmonized System, as text."),
    "quantity": ColumnWords("Quantity as printed; missing where none is.", "`quantity_unit`"),
    "quantity_lower": ColumnWords("Lower end that its digits leave.", "`quantity_unit`"),
    "quantity_upper": ColumnWords("Upper end that its digits leave.", "`quantity_unit`"),
    "quantity_unit": ColumnWords("Unit of the quantity."),
    "quantity_printed": ColumnWords("The quantity in the digits of the print."),
    "yoy_lower": ColumnWords("Lower end of the printed growth on a year before.", "fraction"),
    "yoy_upper": ColumnWords("Upper end of the printed growth on a year before.", "fraction"),
    "yoy_printed": ColumnWords("The growth in the digits of the print."),
    "release": ColumnWords(
        "`month_first` (a month first printed), `year_to_date` or `recap` (printed again later)."
    ),
    "rate_base": ColumnWords("What the printed growth was divided by."),
    "copy_of": ColumnWords("The row of the same release that this one repeats."),
    "publisher": ColumnWords("The agency behind the print."),
    "source_publisher": ColumnWords("Who printed it."),
    "source_title": ColumnWords("Title of the page, release or table."),
    "source_date": ColumnWords("Its date, as far as known."),
    "note": ColumnWords("Remark of the raw table."),
    "comment": ColumnWords("Remark of the review of the row."),
    "set_aside": ColumnWords("Why the row enters no calculation; missing where it does."),
    "granularity": ColumnWords("`month`, `cumulative`, `year` or other forms of period."),
    "reporter": ColumnWords("Who recorded the trade."),
    "supplier": ColumnWords("Who reported the delivery."),
    "barrels": ColumnWords("Barrels printed beside the quantity.", "barrels"),
    "barrels_lower": ColumnWords("Lower end that their digits leave.", "barrels"),
    "barrels_upper": ColumnWords("Upper end that their digits leave.", "barrels"),
    "barrels_printed": ColumnWords("The barrels in the digits of the print."),
    "as_of": ColumnWords("State of the report, as far as printed."),
}
#: Columns whose unit depends on the table that they stand in.
UNITS: Mapping[tuple[str, str], str] = {
    ("trade_spans", "lower"): "USD million; a rate is a fraction",
    ("trade_spans", "upper"): "USD million; a rate is a fraction",
    ("exchange_rates", "lower"): "CNY per USD",
    ("exchange_rates", "upper"): "CNY per USD",
    ("observations_gacc_totals", "lower"): "million of `currency`",
    ("observations_gacc_totals", "upper"): "million of `currency`",
    ("observations_gacc_commodities", "lower"): "million of `currency`",
    ("observations_gacc_commodities", "upper"): "million of `currency`",
    ("observations_gacc_petroleum", "lower"): "million of `currency`",
    ("observations_gacc_petroleum", "upper"): "million of `currency`",
    ("trade_draws", "usd_mn"): "USD million",
}
DEFINITIONS: Mapping[tuple[str, str], str] = {
    ("trade_draws", "usd_mn"): "Value of the month in this draw.",
    ("exchange_rates", "source"): "Which rule gave the rate.",
}


def table_words(table: str) -> TableWords:
    """What `table` is. Raises CodebookError where nobody has said."""
    if table not in TABLES:
        raise CodebookError(f"table {table!r} is not described: add it to analysis/codebook.py")
    return TABLES[table]


def words(table: str, column: str) -> ColumnWords:
    """What `column` of `table` holds. Raises CodebookError where nobody has said."""
    table_words(table)
    if column not in COLUMNS:
        raise CodebookError(
            f"column {column!r} of table {table!r} is not described: add it to analysis/codebook.py"
        )
    plain = COLUMNS[column]
    return ColumnWords(
        DEFINITIONS.get((table, column), plain.definition), UNITS.get((table, column), plain.unit)
    )


def data_package(files: Mapping[str, bytes], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """A Frictionless data package of the processed tables.

    `files` are the contents by file name, `tables` the frames by the name without ending. Each
    file is a resource with schema, size and sha256. Raises CodebookError for a column without
    words.
    """
    return {
        "name": "pressure-gauge-processed",
        "title": "China's recorded trade with North Korea, cleaned and reconciled",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": [
            _resource(name, content, tables[name.rpartition(".")[0]])
            for name, content in sorted(files.items())
        ],
    }


def _resource(name: str, content: bytes, table: pd.DataFrame) -> dict[str, Any]:
    stem, _, ending = name.rpartition(".")
    return {
        "name": name.replace(".", "-"),
        # Frictionless reads no Parquet here, so such a file is held to its size and hash alone.
        "type": "table" if ending == "csv" else "file",
        "path": name,
        "title": table_words(stem).title,
        "description": f"One row is {table_words(stem).row}. From {table_words(stem).source}.",
        "format": ending,
        "mediatype": {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}[ending],
        **({"encoding": "utf-8"} if ending == "csv" else {}),
        "schema": {"fields": [_field(stem, column, table[column]) for column in table]},
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }


def _field(table: str, column: str, values: pd.Series) -> dict[str, Any]:
    said = words(table, column)
    unit = {"unit": said.unit} if said.unit else {}
    return {"name": column, "type": _type(values), "description": said.definition, **unit}


def _type(values: pd.Series) -> str:
    """The Frictionless type of a column as it lies on the disk."""
    if isinstance(values.dtype, pd.PeriodDtype):
        return "date"
    if types.is_bool_dtype(values):
        return "boolean"
    if types.is_integer_dtype(values):
        return "integer"
    return "number" if types.is_float_dtype(values) else "string"


def codebook_page(table: str, frame: pd.DataFrame) -> str:
    """The page of one table in Markdown: a line a column with words, counts and a picture."""
    said = table_words(table)
    lines = [
        f"# {table}",
        "",
        f"{said.title}. One row is {said.row}; {len(frame):,} rows. From {said.source}.",
        "",
        "| column | definition | unit | count | missing | min | median | max | values |",
        "|---|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for column in frame:
        about = words(table, column)
        cells = [f"`{column}`", about.definition.replace("|", "\\|"), about.unit]
        lines.append("| " + " | ".join([*cells, *summary(frame[column])]) + " |")
    return "\n".join(lines) + "\n"


def summary(values: pd.Series) -> list[str]:
    """Count, missing, min, median, max and the small picture of one column, as text.

    Months are told by their ends. Of words the distinct ones are counted, or named where there
    are few. Infinite numbers count as values and stand in no picture.
    """
    known = values.dropna()
    counts = [f"{len(known):,}", f"{len(values) - len(known):,}"]
    if isinstance(values.dtype, pd.PeriodDtype):
        ends = [str(known.min()), str(known.max())] if len(known) else ["", ""]
        return [*counts, ends[0], "", ends[1], ""]
    if types.is_numeric_dtype(values) and not types.is_bool_dtype(values):
        numbers = known.astype(float)
        if numbers.empty:
            return [*counts, "", "", "", ""]
        told = [_number(numbers.min()), _number(numbers.median()), _number(numbers.max())]
        return [*counts, *told, picture(numbers)]
    distinct = sorted({str(value) for value in known})
    few = ", ".join(f"`{value}`" for value in distinct)
    named = few if len(few) <= 80 and len(distinct) <= 8 else f"{len(distinct):,} different"
    return [*counts, "", "", "", named.replace("|", "\\|")]


def picture(numbers: pd.Series) -> str:
    """A histogram in block letters; empty where all finite values are one.

    >>> picture(pd.Series([0.0] * 8 + [11.0]))
    '█▁▁▁▁▁▁▁▁▁▁▂'
    """
    finite = numbers[np.isfinite(numbers)]
    if finite.empty or finite.min() == finite.max():
        return ""
    shares, _ = np.histogram(finite, bins=STEPS)
    heights = np.ceil(shares / shares.max() * (len(BARS) - 1)).astype(int)
    return "".join(BARS[height] for height in heights)


def _number(value: float) -> str:
    """To four digits.

    >>> _number(2345.678), _number(0.01236), _number(float("inf"))
    ('2,346', '0.01236', 'unbounded')
    """
    if not np.isfinite(value):
        return "unbounded"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")
