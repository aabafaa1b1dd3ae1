"""The rows of the raw tables that a finding rests on, as they were printed.

A finding that a model gives rests on many rows: all that entered it are named, whatever their
weight. Edge of the notebooks: it reads the raw tables, and which rows notebook 01 used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from analysis.paths import Paths
from analysis.sources.tables import FLOWS, read_table

#: Flows whose figures say something of each; the sum of both directions bounds either.
WITH_TOTAL = {"import": ("import", "total"), "export": ("export", "total"), "total": FLOWS}


@dataclass(frozen=True)
class Told:
    """How a row of a raw table is told: its period, what it speaks of, and what it prints.

    `printed` are texts with columns in braces; one whose first column is empty is left out.
    """

    period: tuple[str, ...]
    subject: tuple[str, ...]
    printed: tuple[str, ...]


DAYS = ("period_start", "period_end")
TOLD = {
    "brent_monthly": Told(("month",), (), ("{usd_per_barrel} USD a barrel",)),
    "claims": Told(("published",), ("id", "document"), ("{claim}",)),
    "dprk_total_trade_annual": Told(
        ("year",),
        ("series",),
        (
            "exports USD {dprk_exports_usd_bn} billion",
            "imports {dprk_imports_usd_bn}",
            "total {total_usd_bn}",
            "with China {china_total_usd_bn}",
            "exports to China {dprk_exports_to_china_usd_bn}",
            "imports from China {dprk_imports_from_china_usd_bn}",
            "China's share {china_share_pct} %",
        ),
    ),
    "events": Told(("date", "date_end"), ("category",), ("{event}",)),
    "gacc_commodities": Told(
        ("period",),
        ("flow", "commodity"),
        (
            "{quantity} {quantity_unit}",
            "{value} {scale} {value_unit}",
            "{yoy_pct} % on a year before",
        ),
    ),
    "gacc_petroleum": Told(DAYS, ("reporter", "product"), ("{quantity} {unit}", "{value_usd} USD")),
    "gacc_totals": Told(
        ("period",), ("flow",), ("{value} {scale} {unit}", "{yoy_pct} % on a year before")
    ),
    "literature": Told(("year",), ("authors", "work"), ("{headline_result}",)),
    "petroleum_caps": Told(DAYS, ("instrument", "product"), ("{value} {unit}", "{condition}")),
    "petroleum_conversion_factors": Told(
        (), ("product", "system"), ("{factor} {to_unit} a {from_unit}",)
    ),
    "petroleum_illicit_estimates": Told(
        DAYS, ("estimator", "metric", "scenario"), ("{value} {unit}",)
    ),
    "petroleum_prices": Told(
        ("date",), ("item", "collector", "location"), ("{price} {currency} a {per}",)
    ),
    "petroleum_reported_deliveries": Told(
        DAYS, ("supplier", "product"), ("{quantity} {unit}", "{barrels_as_reported} barrels")
    ),
    "sanctions_treatments": Told(
        ("china_effective",), ("resolution", "measure"), ("{goods}", "vote {vote}")
    ),
}
#: How a printed scale reads; what is printed in units has none.
SCALES = {
    1: "",
    1_000: "thousand",
    10_000: "ten thousand",
    1_000_000: "million",
    100_000_000: "hundred million",
    1_000_000_000: "billion",
}
SOURCES = ("source_publisher", "source_date", "source", "source_url")


def printed_rows(paths: Paths, **lines: Iterable[int]) -> pd.DataFrame:
    """Rows of raw tables as printed: the lines asked for of each table, in the order of the file.

    Columns `table`, `line` (of the file; the header is line 1), `period`, `subject`, `printed`,
    `publisher`, `published`, `source`; what a table does not tell is missing. Raises KeyError for
    a line that a table lacks, and for a table that `TOLD` does not describe.

        printed_rows(paths, gacc_totals=[12, 14], events=[3])
    """
    asked = {table: sorted(set(wanted)) for table, wanted in lines.items()}
    parts = [_told(paths, table, wanted) for table, wanted in asked.items() if wanted]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def totals_lines(
    paths: Paths, *windows: tuple[object, object], flow: str = "total", whole: bool = False
) -> list[int]:
    """Lines of `gacc_totals` that notebook 01 used, for months of these windows (ends inside).

    Of an import or an export the sum of both is named too, since it bounds either; of `total` all
    flows. A figure for several months counts where one of them lies in a window; with `whole`
    only where all of them do. Raises FileNotFoundError before notebook 01 has run.
    """
    used = pd.read_parquet(paths.processed / "observations_gacc_totals.parquet")
    used = used[used["set_aside"].isna() & used["flow"].isin(WITH_TOTAL[flow])]
    first, last = (pd.PeriodIndex(used[end], freq="M") for end in ("first", "last"))
    inside = pd.Series(False, index=used.index)
    for window in windows:
        begin, end = (pd.Period(month, "M") for month in window)
        # A figure that reaches in from outside begins before the window's end.
        held = (first >= begin) & (last <= end) if whole else (first <= end) & (last >= begin)
        inside |= held
    return used.loc[inside, "line"].tolist()


def _told(paths: Paths, name: str, lines: list[int]) -> pd.DataFrame:
    told = TOLD[name]
    raw = read_table(paths, name).loc[lines]
    source = raw.reindex(columns=SOURCES).astype("string")
    return pd.DataFrame(
        {
            "table": name,
            "line": raw.index,
            "period": [" to ".join(_filled(row, told.period)) for _, row in raw.iterrows()],
            "subject": [", ".join(_filled(row, told.subject)) for _, row in raw.iterrows()],
            "printed": [_printed(row, told.printed) for _, row in raw.iterrows()],
            "publisher": source["source_publisher"].to_numpy(),
            "published": source["source_date"].to_numpy(),
            "source": source["source"].fillna(source["source_url"]).to_numpy(),
        }
    )


def _filled(row: pd.Series, columns: Iterable[str]) -> list[str]:
    """What these columns hold, each once: a period of one day has one end."""
    return list(dict.fromkeys(row[name] for name in columns if pd.notna(row[name])))


def _printed(row: pd.Series, texts: Iterable[str]) -> str:
    """The texts whose first column is filled; a scale of 1 is not told.

    >>> row = pd.Series({"value": "268.0", "scale": "1e6", "unit": "USD", "yoy_pct": None})
    >>> _printed(row, ("{value} {scale} {unit}", "{yoy_pct} %"))
    '268.0 million USD'
    """
    cells = {name: "" if pd.isna(cell) else str(cell) for name, cell in row.items()}
    if cells.get("scale"):
        cells["scale"] = SCALES[int(float(cells["scale"]))]
    told = [
        " ".join(text.format(**cells).split())
        for text in texts
        if cells[text.partition("{")[2].partition("}")[0]]
    ]
    return "; ".join(told)
