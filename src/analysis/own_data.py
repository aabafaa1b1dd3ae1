"""The reader's own downloads, where there are any: from data/raw to what notebook 01 writes.

The customs office's query export and country tables lie in `data/raw/gacc_export/`, answers of
UN Comtrade in `data/raw/comtrade/`. Without files nothing changes: all pages rest on the embedded
figures. With files the product panel and the totals by month are built from them, and the pages
ask their questions of these as well (`own_pages.py`); the series of the embedded figures, on which
snapshots and claims rest, stays as it is, and the two are compared.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.claims import Prose, finding, prose
from analysis.cleaning.product_totals import (
    DIFFERS,
    NO_FIGURE,
    reconcile,
    totals_of_bulletin,
    totals_of_panel,
)
from analysis.own_series import BULLETIN, CALLED
from analysis.paths import Paths
from analysis.publish import csv_bytes, parquet_bytes
from analysis.schemas import PRODUCT_PANEL, checked
from analysis.sources import comtrade, gacc_export
from analysis.sources.export_naming import BULLETIN_FOLDER, export_files, is_ignored
from analysis.sources.gacc_bulletin import read_bulletin

#: The tables that this module adds to data/processed, and how each is written.
FORMATS = {
    "product_panel": ("parquet",),
    "own_totals": ("csv",),
    "own_files": ("csv",),
    "own_set_aside": ("csv",),
    "own_reconciliation": ("csv",),
}
_ACCOUNT = ["source", "file", "flow", "first", "last", "bytes", "sha256", "rows_read",
            "rows_used", "rows_set_aside", "rows_repaired"]  # fmt: skip
#: Months that differ from the published figures, shown on the page.
SHOWN = 24


@dataclass(frozen=True, eq=False)
class OwnData:
    """`panel` as `schemas.PRODUCT_PANEL`, `totals` as `schemas.OWN_TOTALS`, all partners.

    `files`: one row a file with source, hash and row account; `set_aside`: source, file, line,
    reason of every row that is not used.
    """

    panel: pd.DataFrame
    totals: pd.DataFrame
    files: pd.DataFrame
    set_aside: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Source:
    """What one kind of download gives; `panel` is None where it has no goods."""

    panel: pd.DataFrame | None
    totals: pd.DataFrame
    files: pd.DataFrame
    set_aside: pd.DataFrame


def read_own_data(paths: Paths, rates: pd.DataFrame) -> OwnData | None:
    """All downloads, or None where there are none.

    `rates` as `publish.Rates.table`. An export is kept as Parquet in `data/processed/gacc_export/`
    and read again only when its files changed. Raises InputError (InputErrors for several) for a
    file that cannot be used; what was built before stays.
    """
    by_month = rates.set_index("month")["cny_per_usd"]
    found = {
        gacc_export.SOURCE: _export(paths, by_month),
        BULLETIN: _bulletin(paths, by_month),
        comtrade.SOURCE: _comtrade(paths),
    }
    there = {name: source for name, source in found.items() if source is not None}
    if not there:
        return None
    panels = [source.panel for source in there.values() if source.panel is not None]
    panel = pd.concat([_no_panel(), *panels], ignore_index=True)
    totals = pd.concat([source.totals for source in there.values()], ignore_index=True)
    files, aside = (
        pd.concat(
            [getattr(source, part).assign(source=name) for name, source in there.items()],
            ignore_index=True,
        )
        for part in ("files", "set_aside")
    )
    return OwnData(
        checked(panel, PRODUCT_PANEL),
        totals,
        files[_ACCOUNT],
        aside[["source", "file", "line", "reason"]],
    )


def own_tables(own: OwnData | None, monthly: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What data/processed holds of own data, by the name of the file; nothing without any."""
    if own is None:
        return {}
    return {
        "product_panel": own.panel,
        "own_totals": own.totals,
        "own_files": own.files,
        "own_set_aside": own.set_aside,
        "own_reconciliation": reconcile(own.totals, monthly),
    }


def write_own(paths: Paths, own: OwnData | None, monthly: pd.DataFrame) -> list[str]:
    """Write the own tables into data/processed; returns the names of the files.

    All are complete on the disk before the first replaces its last version. Without own data the
    files of an earlier build are removed.
    """
    tables = own_tables(own, monthly)
    encode = {"csv": csv_bytes, "parquet": parquet_bytes}
    files = {
        f"{name}.{ending}": encode[ending](table)
        for name, table in tables.items()
        for ending in FORMATS[name]
    }
    with tempfile.TemporaryDirectory(prefix=".new-", dir=paths.processed) as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        for name in files:
            Path(folder, name).replace(paths.processed / name)
    for name, endings in FORMATS.items():
        for ending in () if name in tables else endings:
            (paths.processed / f"{name}.{ending}").unlink(missing_ok=True)
    return sorted(files)


def own_section(own: OwnData | None, monthly: pd.DataFrame) -> Iterator[object]:
    """What page 01 says of own data: which there is, what was used, and where it differs.

    `monthly` as `schemas.TRADE_MONTHLY`.
    """
    if own is None:
        yield Prose(
            "**This build rests on the embedded figures alone.** Downloads of your own (the "
            "customs office's query export, its country tables, or UN Comtrade through `make "
            "fetch`) go into `data/raw/gacc_export/` and `data/raw/comtrade/`; `make all` then "
            "builds a product panel and totals from them, sets these against the series above, and "
            "asks the questions of the other pages of them too. "
            "See `docs/your_own_export.md`."
        )
        return
    yield _what_was_read(own)
    yield (
        own.files.assign(source=own.files["source"].map(CALLED))
        .groupby("source")
        .agg(
            files=("file", "count"),
            first=("first", "min"),
            last=("last", "max"),
            rows_read=("rows_read", "sum"),
            rows_used=("rows_used", "sum"),
            rows_set_aside=("rows_set_aside", "sum"),
            rows_repaired=("rows_repaired", "sum"),
        )
        .rename(columns=lambda name: name.replace("_", " "))
        .rename_axis(None)
    )
    if len(own.set_aside):
        yield _reasons(own.set_aside)
    table = reconcile(own.totals, monthly)
    if table.empty:
        yield Prose(
            "Your files hold no total of North Korea, so there is nothing to compare with the "
            "series above. Run the pages with another `partner` for what they do hold."
        )
        return
    yield _agreement(table)
    yield from _differing(table)


def _what_was_read(own: OwnData) -> Prose:
    sources = [CALLED[name] for name in own.files["source"].unique()]
    return prose(
        "**This build also holds your own data:** {sources}; {files:,} files, {rows:,} rows, "
        "{partners:,} partners. The product panel and the totals below are built from them, and "
        "the pages on the decline, the goods and the easing use them; the series above, the "
        "snapshots and the verdicts stay on the embedded figures.",
        sources=", ".join(sources),
        files=len(own.files),
        rows=int(own.files["rows_read"].sum()),
        partners=own.totals["partner"].nunique(),
    )


def _reasons(aside: pd.DataFrame) -> pd.DataFrame:
    """Why rows were set aside, counted; the place of another row left out of the reason."""
    kind = aside["reason"].str.replace(r"(?:line \d+ of )?\S+\.(?:csv|json)$", "another row",
                                       regex=True)  # fmt: skip
    counts = aside.groupby([aside["source"].map(CALLED), kind]).size()
    return counts.rename("rows").reset_index().set_index("reason").rename_axis(None)


def _agreement(table: pd.DataFrame) -> object:
    compared = table[table["verdict"] != NO_FIGURE]
    agreeing = compared[compared["verdict"] != DIFFERS]
    return finding(
        "own-totals-agree",
        "{agreeing:,} of {compared:,} month-flows of your own totals lie inside what the "
        "published figures allow.",
        value=100 * len(agreeing) / max(len(compared), 1),
        unit="% of the month-flows",
        agreeing=len(agreeing),
        compared=len(compared),
        rows=compared if len(compared) else None,
    )


def _differing(table: pd.DataFrame) -> Iterator[object]:
    apart = table[table["verdict"] == DIFFERS]
    by_source = pd.crosstab(table["source"].map(CALLED), table["verdict"])
    yield by_source.rename_axis(index=None, columns=None)
    if apart.empty:
        return
    yield prose(
        "The months furthest from the published figures, at most {shown} of {apart}; all stand in "
        "`data/processed/own_reconciliation.csv`. Before January {customs} the published series is "
        "the Korean association's sum, so a few per cent are its definition. Elsewhere a gap is a "
        "later correction by the customs office, a download that lacks goods, or an error.",
        shown=SHOWN,
        apart=len(apart),
        customs=2016,
    )
    shown = apart.nlargest(SHOWN, "gap_pct").sort_values(["source", "flow", "month"])
    label = shown["flow"].astype(str) + " " + shown["month"].astype(str)
    columns = {name: name.replace("_usd_mn", "").replace("_", " ") for name in shown}
    yield (
        shown.drop(columns=["partner", "verdict", "month", "flow", "source"])
        .set_axis(label, axis=0)
        .round(2)
        .rename(columns=columns)
    )


# One kind of download each


def stored_folder(paths: Paths) -> Path:
    """Where an export is kept as Parquet, for queries in DuckDB."""
    return paths.processed / "gacc_export"


def _export(paths: Paths, rates: pd.Series) -> _Source | None:
    folder, stored = paths.gacc_export, stored_folder(paths)
    if not _downloads(folder):
        shutil.rmtree(stored, ignore_errors=True)
        return None
    export = _unchanged(folder, stored) or gacc_export.stream_export(folder, stored)
    panel, without_rate = gacc_export.export_panel(export, rates)
    aside = pd.concat([export.set_aside, without_rate], ignore_index=True)
    more = export.files["file"].map(without_rate["file"].value_counts()).fillna(0).astype("int64")
    files = export.files.assign(
        rows_set_aside=export.files["rows_set_aside"] + more,
        rows_used=export.files["rows_used"] - more,
    )
    return _Source(panel, totals_of_panel(panel), _with_periods(files), aside)


def _unchanged(folder: Path, stored: Path) -> gacc_export.Export | None:
    """The stored export if it is of these very files under these very names."""
    try:
        export = gacc_export.stored_export(stored)
    except FileNotFoundError:
        return None
    now = {file.name: gacc_export.described_hash(file) for file in export_files(folder)}
    return export if now == dict(export.files[["file", "described"]].to_numpy()) else None


def _bulletin(paths: Paths, rates: pd.Series) -> _Source | None:
    folder = paths.gacc_export / BULLETIN_FOLDER
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    files = [file for file in files if not file.name.startswith(".")]
    if not files:
        return None
    names = [file.relative_to(paths.gacc_export).as_posix() for file in files]
    tables = [read_bulletin(file, name) for file, name in zip(files, names, strict=True)]
    rows = pd.concat(tables, ignore_index=True)
    aside = rows[rows["set_aside"].notna()].rename(columns={"set_aside": "reason"})
    account = [
        {
            "file": name,
            "flow": "both",
            "first": table["first"].min(),
            "last": table["last"].max(),
            "bytes": file.stat().st_size,
            "sha256": gacc_export.sha256_of(file),
            "rows_read": len(table),
            "rows_used": int(table["set_aside"].isna().sum()),
            "rows_set_aside": int(table["set_aside"].notna().sum()),
            "rows_repaired": 0,
        }
        for file, name, table in zip(files, names, tables, strict=True)
    ]
    return _Source(
        None,
        totals_of_bulletin(rows, rates),
        _with_periods(pd.DataFrame(account)),
        aside[["file", "line", "reason"]],
    )


def _comtrade(paths: Paths) -> _Source | None:
    if not any(paths.comtrade.glob("*.json")):
        return None
    panel, aside, files = comtrade.read_comtrade(paths.comtrade)
    return _Source(panel, totals_of_panel(panel), _with_periods(files), aside)


def _downloads(folder: Path) -> bool:
    files = (path for path in folder.rglob("*") if path.is_file())
    return any(not is_ignored(path, folder) for path in files)


def _with_periods(files: pd.DataFrame) -> pd.DataFrame:
    months = {end: pd.PeriodIndex(files[end], freq="M") for end in ("first", "last")}
    return files.assign(**months)


def _no_panel() -> pd.DataFrame:
    """A panel without rows, so that the columns have their types whatever is added."""
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex([], freq="M"),
            "flow": pd.Series([], dtype=object),
            "partner": pd.Series([], dtype="int64"),
            "hs": pd.array([], dtype="string"),
            "value_usd": pd.Series([], dtype="float64"),
            "quantity": pd.Series([], dtype="float64"),
            "unit": pd.array([], dtype="string"),
            "source": pd.array([], dtype="string"),
        }
    )
