"""From the raw tables to data/processed, in steps that notebook 01 calls one by one.

The steps in between take frames and give frames. Reading and writing happen here and nowhere in
`cleaning`: tables are read at the beginning, the cache of the slow search lies in between, and
everything is written at the end, in one go.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import highspy
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.cleaning import conflicts, error_models, system
from analysis.cleaning.accounting import RowAccount, row_account, usable_rows, usable_totals
from analysis.cleaning.conflicts import ROBUST_TOLERANCE, Rejection, least_rejection
from analysis.cleaning.corrections import apply_corrections, read_corrections
from analysis.cleaning.system import System
from analysis.cleaning.trade import CleanTrade, currency_pairs, window_bounds
from analysis.cleaning.trade_statements import FIRST_UNKNOWN, trade_system
from analysis.codebook import data_package
from analysis.paths import Paths
from analysis.schemas import TRADE_DRAWS, TRADE_MONTHLY, TRADE_SPANS, TRADE_WINDOWS, checked
from analysis.sources.exchange_rates import implied_rates, rate_check, rate_table
from analysis.sources.observations import (
    commodity_observations,
    delivery_observations,
    petroleum_observations,
    totals_observations,
)

TOTALS = "gacc_totals"
#: The tables that become observations, and what reads each.
OBSERVED = {
    TOTALS: totals_observations,
    "gacc_commodities": commodity_observations,
    "gacc_petroleum": petroleum_observations,
    "petroleum_reported_deliveries": delivery_observations,
}
#: Years whose sums from January to every month are published: the treatments and what lies around.
RUNNING_SUM_YEARS = range(2015, 2021)
#: USD 100: the bounds are exact to about USD 10 (the solver's tolerance), so more would be noise.
CSV_DECIMALS = 4
_MONTHS = ("month", "first", "last")


@dataclass(frozen=True)
class Evidence:
    """The observations of all tables, by table name, and what became of each row.

    `read` are the rows after corrections; `used` those that enter a calculation; `set_aside` the
    reason of each other row by `row_id`; `corrections` the log of `apply_corrections`.
    """

    read: Mapping[str, pd.DataFrame]
    used: Mapping[str, pd.DataFrame]
    set_aside: pd.Series
    corrections: pd.DataFrame

    @property
    def account(self) -> RowAccount:
        """Rows read = rows used + rows set aside; raises ValueError where that does not hold."""
        used = {name: frame["row_id"] for name, frame in self.used.items()}
        return row_account(self.read, used, self.set_aside)


@dataclass(frozen=True)
class Rates:
    """Yuan per dollar: `table` by month, and `check` against figures printed in both currencies."""

    table: pd.DataFrame
    check: pd.DataFrame


def read_evidence(paths: Paths) -> Evidence:
    """Every row of the observed tables, typed, corrected, and used or set aside.

    Raises InputError as the readers do: a cell that cannot be read, a row without a label, a
    correction that no longer applies.
    """
    corrections = read_corrections(paths)
    corrected, logs, used, reasons = {}, [], {}, []
    for name, read in OBSERVED.items():
        corrected[name], log = apply_corrections(read(paths), corrections)
        usable = usable_totals if name == TOTALS else usable_rows
        used[name], why = usable(corrected[name])
        logs.append(log)
        reasons.append(why)
    return Evidence(
        corrected,
        used,
        pd.concat(reasons),
        pd.concat([log for log in logs if len(log)], ignore_index=True),
    )


#: What a reason for setting a row aside begins with, and how it is counted.
_KINDS = {
    "copy of": "copy of another row of the same release",
    "contradicts its original": "copy that contradicts its original",
    "correction": "known misprint (corrections.yml)",
    "not commensurable": "on another definition than the customs office's",
    "before": "before the first month that is estimated",
    "no value": "no figure that can be written as an equation",
    "not a number": "no number printed",
    "no period": "no period printed",
    "a growth rate": "a growth rate of a quantity, no quantity",
    "a share": "a share of trade, no amount",
}


def reasons_by_kind(account: RowAccount) -> pd.DataFrame:
    """How many rows each kind of reason set aside: one row a kind, one column a table."""
    words = account.detail["reason"]
    kind = words.copy()
    for beginning, name in _KINDS.items():
        kind = kind.mask(words.str.startswith(beginning), name)
    counts = pd.crosstab(kind.rename("reason"), account.detail["table"])
    return counts.assign(all_tables=counts.sum(axis=1)).sort_values(
        ["all_tables"], ascending=False, kind="stable"
    )


def exchange_rates(totals: pd.DataFrame) -> Rates:
    """The customs rate of every month that usable totals speak of, and its check."""
    pairs = currency_pairs(totals)
    months = pd.period_range(FIRST_UNKNOWN, totals["last"].max(), freq="M")
    table = rate_table(list(months), implied_rates(pairs))
    return Rates(table, rate_check(pairs, table))


def cached_rejection(
    paths: Paths, totals: pd.DataFrame, rates: pd.DataFrame, *, robust: bool = True
) -> Rejection:
    """The least rejection of the totals' system, from the cache where the same was asked before.

    With `robust` also the near-lightest rejections, whose search takes minutes. The answer is
    kept under the content of the system and of the modules that search it, so a cached answer is
    the one that would be computed; deleting the cache costs time and changes nothing.
    """
    start_solver()
    tolerance = ROBUST_TOLERANCE if robust else None
    question = trade_system(totals, rates.set_index("month"))
    file = paths.cache / f"rejection-{rejection_key(question, tolerance)}.json"
    kept = _read_rejection(file)
    if kept is not None:
        return kept
    found = least_rejection(question, tolerance=tolerance)
    paths.cache.mkdir(parents=True, exist_ok=True)
    _replace(file, json.dumps(_as_json(found)).encode())
    return found


def rejection_key(question: System, tolerance: float | None) -> str:
    """sha256 of all that decides a rejection: unknowns, statements, tolerance, and the code."""
    content = hashlib.sha256()
    content.update(repr((question.unknowns, tolerance)).encode())
    for statement in question.statements:
        content.update(repr(dataclasses.astuple(statement)).encode())
    for module in (system, conflicts, error_models):
        content.update(Path(module.__file__).read_bytes())
    return content.hexdigest()


def published_windows(clean: CleanTrade) -> pd.DataFrame:
    """Bounds of the sums that readers ask for, as `window_bounds` gives them.

    Every calendar year of the series that is complete, and in `RUNNING_SUM_YEARS` January to
    every month. A window without an upper bound is kept: infinite is what is known of it.
    """
    last = clean.monthly["month"].max()
    years = range(clean.monthly["month"].min().year, last.year + (last.month == 12))
    windows = {(f"{year}-01", f"{year}-12") for year in years}
    windows |= {
        (f"{year}-01", f"{year}-{month:02d}")
        for year in RUNNING_SUM_YEARS
        for month in range(1, 13)
    }
    bounds = window_bounds(clean, sorted(windows))
    positive = bounds[["lower_usd_mn", "upper_usd_mn"]].clip(lower=0.0)
    months = {end: pd.PeriodIndex(bounds[end], freq="M") for end in ("first", "last")}
    return bounds.assign(**months, **positive)


def processed_tables(
    evidence: Evidence,
    rates: Rates,
    clean: CleanTrade,
    windows: pd.DataFrame,
    spans: pd.DataFrame,
    draws: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """What data/processed holds, by the name of the file without ending; sorted, and checked.

    Raises InputError when a frame has not the shape that its schema promises.
    """
    account = evidence.account
    tables = {
        "trade_monthly": checked(
            clean.monthly.sort_values(["month", "flow", "vintage"]), TRADE_MONTHLY
        ),
        "trade_draws": checked(
            draws.sort_values(["draw", "month", "flow", "vintage"]), TRADE_DRAWS
        ),
        "trade_windows": checked(
            windows.sort_values(["first", "last", "flow", "vintage"]), TRADE_WINDOWS
        ),
        "trade_spans": checked(spans, TRADE_SPANS),
        "contradictions": clean.contradictions.sort_values("id"),
        "row_account": account.summary,
        "set_aside": account.detail.sort_values(["table", "line"]),
        "corrections_applied": evidence.corrections.sort_values(["table", "line", "id"]),
        "exchange_rates": rates.table.sort_values("month"),
        "exchange_rate_check": rates.check.sort_values(["first", "last"]),
        **{f"observations_{name}": frame for name, frame in observations(evidence).items()},
    }
    return {name: frame.reset_index(drop=True) for name, frame in tables.items()}


def observations(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """All rows read, by table, with the reason in `set_aside` of each that is not used."""
    reasons = evidence.set_aside
    return {
        name: frame.assign(set_aside=frame["row_id"].map(reasons).astype("string"))
        for name, frame in evidence.read.items()
    }


#: How each table is written. Observations and draws are long: Parquet alone.
FORMATS = {
    "trade_monthly": ("csv", "parquet"),
    "trade_draws": ("parquet",),
    "trade_windows": ("csv",),
    "trade_spans": ("csv",),
    "contradictions": ("csv",),
    "row_account": ("csv",),
    "set_aside": ("csv",),
    "corrections_applied": ("csv",),
    "exchange_rates": ("csv",),
    "exchange_rate_check": ("csv",),
    **{f"observations_{name}": ("parquet",) for name in OBSERVED},
}


def write_processed(paths: Paths, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write every table into data/processed, with their data package; return the tables' files.

    All files are complete on the disk before the first replaces its last good version, so a
    failure leaves the last good build as it was. The same tables give the same bytes.
    """
    encode = {"csv": csv_bytes, "parquet": parquet_bytes}
    files = {
        f"{name}.{ending}": encode[ending](tables[name])
        for name, endings in FORMATS.items()
        for ending in endings
    }
    package = data_package(files, {name: tables[name] for name in FORMATS})
    files["datapackage.json"] = (json.dumps(package, indent=2, ensure_ascii=False) + "\n").encode()
    paths.processed.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=paths.processed) as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        for name in files:
            Path(folder, name).replace(paths.processed / name)
    return sorted(set(files) - {"datapackage.json"})


def csv_bytes(table: pd.DataFrame) -> bytes:
    """CSV in UTF-8: months as the date of their first day, floats to `CSV_DECIMALS`, inf as inf."""
    rounded = on_disk(table)
    floats = rounded.select_dtypes("float")
    # Adding zero turns a rounded -0.0 into 0.0.
    rounded[floats.columns] = floats.round(CSV_DECIMALS) + 0.0
    return rounded.to_csv(index=False, lineterminator="\n").encode()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """Parquet without anything that tells of the writing machine; months as DATE."""
    arrow = pa.Table.from_pandas(on_disk(table), preserve_index=False)
    for place, name in enumerate(arrow.column_names):
        if name in _MONTHS:
            arrow = arrow.set_column(place, name, arrow[name].cast(pa.date32()))
    sink = pa.BufferOutputStream()
    pq.write_table(arrow.replace_schema_metadata(None), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def on_disk(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with each month (Period[M]) as the date of its first day.

    >>> on_disk(pd.DataFrame({"month": pd.PeriodIndex(["2016-03"], freq="M")})).iloc[0, 0]
    datetime.date(2016, 3, 1)
    """
    months = [name for name in table if isinstance(table[name].dtype, pd.PeriodDtype)]
    dates = {name: table[name].dt.to_timestamp().dt.date for name in months}
    return table.assign(**dates)


def start_solver() -> None:
    """Start HiGHS once with the standard output closed.

    Its first start in a process prints a licence notice past Python's own streams; on the page it
    would stand in whichever cell asks first, which depends on the cache.
    """
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _read_rejection(file: Path) -> Rejection | None:
    """The rejection that `file` holds; None where there is none, or only a damaged one."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Rejection(
            chosen=frozenset(kept["chosen"]),
            weight=kept["weight"],
            conflicts=_sets(kept["conflicts"]),
            components=_sets(kept["components"]),
            alternatives=_sets(kept["alternatives"]),
            odds={
                int(index): {int(other): share for other, share in odds.items()}
                for index, odds in kept["odds"].items()
            },
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _as_json(rejection: Rejection) -> dict[str, object]:
    lists = {
        name: [sorted(members) for members in getattr(rejection, name)]
        for name in ("conflicts", "components", "alternatives")
    }
    odds = {index: dict(others) for index, others in rejection.odds.items()}
    return {"chosen": sorted(rejection.chosen), "weight": rejection.weight, "odds": odds, **lists}


def _sets(lists: Iterable[Iterable[int]]) -> tuple[frozenset[int], ...]:
    return tuple(frozenset(members) for members in lists)


def _replace(file: Path, content: bytes) -> None:
    """Write beside `file`, then rename: a reader sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
