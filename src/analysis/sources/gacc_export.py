"""The customs office's query export: one file or a folder of thousands, in memory or as a stream.

`read_export` holds all rows in memory; `stream_export` writes them into Parquet, a folder a
direction and month, and never holds more than some blocks. What both find out about the rows
together, they find out in DuckDB: rows that repeat or contradict each other, months given twice
in two currencies or at two levels of detail. Every row read is used or set aside with a reason.

Queries on a stored export run in DuckDB on the Parquet files, wherever they lie:

>>> import duckdb                                                    # doctest: +SKIP
>>> rows = stored_rows(duckdb.connect(), "s3://bucket/gacc_export")  # doctest: +SKIP
>>> rows.filter("partner = 109").aggregate("month, sum(value)")      # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.schemas import PRODUCT_PANEL, InputError, checked
from analysis.sources.export_naming import ExportFile, export_files
from analysis.sources.export_rows import ROWS, read_rows
from analysis.sources.tables import Place, raise_if_any

SOURCE = "gacc_export"
#: Errors are gathered over files up to this many: a folder of another kind would have one a file.
ERRORS_GATHERED = 100
#: Rows held before they are written, so that each month gets row groups of a useful size. At
#: about 60 bytes a row this is some 60 MB, and its sorted copy as much again.
ROWS_HELD = 1_000_000
#: Rows compared with each other at a time; DuckDB's hashes of them fit its memory.
ROWS_COMPARED = 3_000_000
#: DuckDB spills to the disk beyond this; Arrow's blocks and buffers need the rest of a gigabyte.
DUCKDB_MEMORY = "400MB"
#: The parts of a stored export.
ROWS_GLOB, SET_ASIDE, FILES = "flow=*/month=*/*.parquet", "set_aside.parquet", "files.parquet"

NO_VALUE = "no value printed"
REPEATED = "repeats line {line} of {file}"
IN_DOLLARS = "in yuan, and given in dollars by line {line} of {file}"
NO_RATE = "in yuan, and no exchange rate is at hand for the month"

_KEY = "flow, month, partner, hs, regime, location, currency"
_PAST_SHOWN = 5
#: Of what DuckDB says of an address that it cannot read, so many characters are quoted.
_TOLD = 160
#: What an address on an object store needs; neither comes with this package.
REMOTE = (
    "either let DuckDB fetch its reader once (`INSTALL httpfs`, with a network), or install the "
    "fsspec package of the store (`s3fs` for s3://) and give it to DuckDB: "
    'connection.register_filesystem(fsspec.filesystem("s3")); see docs/your_own_export.md'
)


#: An Arrow table, or Parquet files: a glob, or a list of them.
Rows = pa.Table | str | list[str]


@dataclass(frozen=True, eq=False)
class Export:
    """What a folder of exports holds.

    `rows`: all rows read, columns of `export_rows.ROWS`, an Arrow table or the glob of a stored
    one. `set_aside`: file, line, reason. `files`: one row a file with its hash and row account.
    """

    rows: Rows
    set_aside: pd.DataFrame
    files: pd.DataFrame

    @property
    def used(self) -> duckdb.DuckDBPyRelation:
        """The rows that enter a calculation, as a relation of a connection of its own."""
        return used_rows(connect(), self.rows, self.set_aside)

    @property
    def flags(self) -> pd.DataFrame:
        """Rows used after a repair, and rows set aside: file, line, flag; in order."""
        repaired = _relation(connect(), self.rows).filter("flag IS NOT NULL")
        flagged = repaired.project("file, line, flag").df()
        aside = self.set_aside.rename(columns={"reason": "flag"})
        both = pd.concat([flagged.astype({"flag": "string"}), aside], ignore_index=True)
        return both.sort_values(["file", "line"], ignore_index=True)


def read_export(source: Path) -> Export:
    """All rows of the exports in a folder (or of one file), in memory.

    Raises InputError, or InputErrors with those of all files, naming file, line, column and the
    cell: what `export_naming`, `export_cells` and `export_rows` say, and rows that contradict
    each other.
    """
    files = export_files(source)
    tables = [table.unify_dictionaries() for table in _checked_rows(files)]
    rows = pa.concat_tables([ROWS.empty_table(), *tables]).unify_dictionaries()
    connection = connect()
    aside = set_aside_rows(connection, rows)
    return Export(rows, aside, _account(files, connection, rows, aside))


def stream_export(source: Path, into: Path) -> Export:
    """Store all rows of the exports in a folder (or of one file) as Parquet in the folder `into`.

    `into` holds `flow=.../month=YYYY-MM/*.parquet`, `set_aside.parquet` and `files.parquet`; what
    was there is replaced at the very end, so that a file that cannot be used costs nothing.
    Memory stays flat however long the files are. Raises as `read_export`.
    """
    files = export_files(source)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=into.parent) as work:
        folder = Path(work, "export")
        folder.mkdir()
        _write_rows(_ahead(_checked_rows(files)), folder)
        glob = f"{folder}/{ROWS_GLOB}"
        connection = connect(Path(work))
        aside = _set_aside_by_month(folder, connection)
        account = _account(files, connection, glob, aside)
        connection.close()
        for name, frame in ((SET_ASIDE, aside), (FILES, account)):
            pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / name)
        shutil.rmtree(into, ignore_errors=True)
        folder.replace(into)
    return stored_export(into)


def stored_export(folder: Path) -> Export:
    """A stored export. Raises FileNotFoundError where there is none."""
    aside, files = (pq.read_table(folder / name).to_pandas() for name in (SET_ASIDE, FILES))
    return Export(f"{folder}/{ROWS_GLOB}", _typed_aside(aside), files)


def stored_rows(connection: duckdb.DuckDBPyConnection, location: str) -> duckdb.DuckDBPyRelation:
    """The used rows of a stored export, for queries: columns of `export_rows.ROWS`.

    `location` is a folder, or an address that DuckDB or fsspec can read (`s3://...`,
    `https://...`): DuckDB's own httpfs is used where it is installed, else what the caller
    registered with `connection.register_filesystem(fsspec.filesystem(...))`. Raises InputError
    where there is no stored export, or nothing at hand that reads such an address.
    """
    try:
        aside = connection.read_parquet(f"{location}/{SET_ASIDE}").df()
    except duckdb.Error as error:
        told = " ".join(str(error).split())
        raise Place(location).error(
            "an export as `stream_export` stores it, at an address that can be read",
            found=told[:_TOLD],
            action=REMOTE if "://" in location else "store it first with `stream_export`",
        ) from error
    return used_rows(connection, f"{location}/{ROWS_GLOB}", aside)


def export_panel(
    export: Export, rates: pd.Series | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The product panel of an export, and the yuan rows that no rate turns into dollars.

    The panel has the shape of `schemas.PRODUCT_PANEL`, all partners and levels, sorted; rows by
    customs regime or location are added up. A quantity is missing where a part of it is, or where
    its parts have different units. `rates` are yuan per dollar by month (Period[M]). The second
    frame is `file`, `line`, `reason`.
    """
    connection = connect()
    rows = used_rows(connection, export.rows, export.set_aside)
    known = _rates(rates)
    connection.register("rates", known)
    panel = rows.query("used", _PANEL).df()
    yuan = rows.query(
        "used",
        "SELECT file, line FROM used ANTI JOIN rates USING (month) "
        "WHERE currency = 'CNY' ORDER BY file, line",
    ).df()
    panel["month"] = pd.PeriodIndex(panel["month"], freq="M")
    typed = panel.astype({"flow": "string", "hs": "string", "unit": "string", "source": "string"})
    typed["flow"] = typed["flow"].astype(object)
    return checked(typed, PRODUCT_PANEL), _typed_aside(yuan.assign(reason=NO_RATE))


_PANEL = f"""
    SELECT month, flow, CAST(partner AS BIGINT) AS partner, CAST(hs AS VARCHAR) AS hs,
        coalesce(CAST(sum(value) FILTER (currency = 'USD') AS DOUBLE), 0)
        + coalesce(CAST(sum(value) FILTER (currency = 'CNY') AS DOUBLE) / any_value(cny_per_usd), 0)
            AS value_usd,
        CASE WHEN count(quantity) = count(*) AND count(DISTINCT unit) = 1
            THEN sum(quantity) END AS quantity,
        CASE WHEN count(DISTINCT unit) = 1 THEN any_value(CAST(unit AS VARCHAR)) END AS unit,
        '{SOURCE}' AS source
    FROM used LEFT JOIN rates USING (month)
    WHERE currency = 'USD' OR cny_per_usd IS NOT NULL
    GROUP BY month, flow, partner, hs
    ORDER BY month, flow, partner, hs
"""


def connect(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that keeps its memory small and asks the network for nothing."""
    settings = {"memory_limit": DUCKDB_MEMORY, "autoinstall_known_extensions": "false"}
    if spill is not None:
        settings["temp_directory"] = str(spill)
    return duckdb.connect(config=settings)


def used_rows(
    connection: duckdb.DuckDBPyConnection, rows: Rows, aside: pd.DataFrame
) -> duckdb.DuckDBPyRelation:
    """The rows that are not set aside."""
    relation = _relation(connection, rows)
    if aside.empty:
        return relation
    connection.register("aside", aside)
    return relation.query("read", "SELECT read.* FROM read ANTI JOIN aside USING (file, line)")


def _relation(connection: duckdb.DuckDBPyConnection, rows: Rows) -> duckdb.DuckDBPyRelation:
    if not isinstance(rows, pa.Table):
        return connection.read_parquet(rows, hive_partitioning=False)
    return connection.from_arrow(rows)


def _checked_rows(files: Iterable[ExportFile]) -> Iterator[pa.Table]:
    """The rows of all files; once something is wrong only errors are still gathered."""
    errors: list[InputError] = []
    for file in files:
        try:
            for table in read_rows(file):
                if not errors:
                    yield table
        except InputError as error:
            errors += getattr(error, "errors", [error])
        if len(errors) >= ERRORS_GATHERED:
            break
    raise_if_any(errors)


def _ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same tables, the next one being read while one is written."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, tables, None)
        while (table := coming.result()) is not None:
            coming = reader.submit(next, tables, None)
            yield table


# Rows into Parquet


def _write_rows(tables: Iterable[pa.Table], folder: Path) -> None:
    """Each direction's months into a folder of their own, one more file each time rows are full."""
    held: list[pa.Table] = []
    number = 0
    for table in tables:
        held.append(table)
        if sum(len(part) for part in held) >= ROWS_HELD:
            _write_months(held, folder, number)
            held, number = [], number + 1
    _write_months(held or [ROWS.empty_table()], folder, number)


def _write_months(held: list[pa.Table], folder: Path, number: int) -> None:
    table = pa.concat_tables(held).unify_dictionaries()
    if not len(table):
        # DuckDB needs one file to read; an export without rows still has columns.
        held, table = [], ROWS.empty_table()
        _write_part(table, folder / "flow=none" / "month=none", number)
        return
    flows = table["flow"].cast(pa.string())
    keys = pc.add(
        pc.cast(pc.cast(table["month"], pa.int32()), pa.int64()),
        pc.multiply(pc.cast(pc.equal(flows, "import"), pa.int64()), 1 << 32),
    ).to_numpy()
    starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
    if len(np.unique(keys)) < len(starts):
        order = np.argsort(keys, kind="stable")
        table, keys = table.take(pa.array(order)), keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
    for start, end in zip(starts, [*starts[1:], len(table)], strict=True):
        part = table.slice(start, end - start)
        flow, month = part["flow"][0].as_py(), part["month"][0].as_py()
        _write_part(part, folder / f"flow={flow}" / f"month={month:%Y-%m}", number)


def _write_part(part: pa.Table, folder: Path, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        part,
        folder / f"{number:05d}.parquet",
        compression="zstd",
        compression_level=1,
        # A dictionary of numbers that hardly repeat costs time and room.
        use_dictionary=[field.name for field in ROWS if pa.types.is_dictionary(field.type)],
    )


# Rows that repeat or contradict each other


def set_aside_rows(connection: duckdb.DuckDBPyConnection, rows: Rows) -> pd.DataFrame:
    """The rows that are not used: file, line, reason, in order.

    Rows without a value; rows in yuan of goods that another file gives in dollars for the month;
    the second of two rows that say the same. Raises InputErrors where two rows of the same goods,
    month and detail differ, and where goods stand both as a sum and by regime or location.
    """
    connection.execute("SET threads = 2")
    relation = _relation(connection, rows)
    relation.create_view("all_rows", replace=True)
    no_value = connection.execute("SELECT file, line FROM all_rows WHERE value IS NULL").df()
    aside = [no_value.assign(reason=NO_VALUE)]
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW valued AS SELECT * FROM all_rows WHERE value IS NOT NULL"
    )
    if _count(connection, "DISTINCT currency") > 1:
        yuan = connection.execute(_IN_BOTH_CURRENCIES).df()
        aside.append(_with_original(yuan, IN_DOLLARS))
        connection.register("in_yuan", yuan[["file", "line"]])
        connection.execute(
            "CREATE OR REPLACE TEMP VIEW valued AS SELECT all_rows.* FROM all_rows "
            "ANTI JOIN in_yuan USING (file, line) WHERE value IS NOT NULL"
        )
    if _count(connection, "DISTINCT (regime IS NULL, location IS NULL)") > 1:
        raise_if_any(_detail_errors(connection.execute(_TWO_DETAILS).df()))
    if connection.execute(_MAYBE_TWICE).fetchone():
        twice = connection.execute(_TWICE).df()
        raise_if_any(_contradictions(twice[~twice["same"]]))
        aside.append(_with_original(twice, REPEATED))
    return _typed_aside(pd.concat(aside, ignore_index=True))


def _count(connection: duckdb.DuckDBPyConnection, what: str) -> int:
    return connection.execute(f"SELECT count({what}) FROM valued").fetchone()[0]


#: Hashes first: they are small, and exports rarely repeat a row. `_TWICE` compares in full.
_MAYBE_TWICE = (
    f"SELECT 1 FROM (SELECT hash({_KEY}) AS h FROM valued) GROUP BY h HAVING count(*) > 1 LIMIT 1"
)
_TWICE = f"""
    WITH doubled AS (
        SELECT h FROM (SELECT hash({_KEY}) AS h FROM valued) GROUP BY h HAVING count(*) > 1
    ), candidates AS (
        SELECT *, row_number() OVER same_goods AS place,
            first_value(file) OVER same_goods AS first_file,
            first_value(line) OVER same_goods AS first_line,
            first_value(value) OVER same_goods AS first_value,
            first_value(quantity) OVER same_goods AS first_quantity,
            first_value(unit) OVER same_goods AS first_unit
        FROM valued SEMI JOIN doubled ON hash({_KEY}) = h
        WINDOW same_goods AS (PARTITION BY {_KEY} ORDER BY file, line)
    )
    SELECT file, line, value, first_file, first_line, first_value,
        value = first_value AND quantity IS NOT DISTINCT FROM first_quantity
            AND unit IS NOT DISTINCT FROM first_unit AS same
    FROM candidates WHERE place > 1 ORDER BY file, line
"""
_IN_BOTH_CURRENCIES = """
    WITH dollars AS (
        SELECT flow, month, partner, hs, min(file) AS first_file, arg_min(line, file) AS first_line
        FROM valued WHERE currency = 'USD' GROUP BY ALL
    )
    SELECT file, line, first_file, first_line
    FROM valued JOIN dollars USING (flow, month, partner, hs) WHERE currency = 'CNY'
    ORDER BY file, line
"""
_TWO_DETAILS = f"""
    WITH mixed AS (
        SELECT flow, month, partner, hs FROM valued GROUP BY ALL
        HAVING count(DISTINCT (regime IS NULL, location IS NULL)) > 1
    )
    SELECT arg_max(file, detail) AS file, arg_max(line, detail) AS line, hs, month,
        arg_min(file, detail) AS first_file, arg_min(line, detail) AS first_line
    FROM (
        SELECT *, (regime IS NOT NULL)::INT + (location IS NOT NULL)::INT AS detail FROM valued
    ) SEMI JOIN mixed USING (flow, month, partner, hs)
    GROUP BY flow, month, partner, hs ORDER BY file, line LIMIT {_PAST_SHOWN}
"""


def _with_original(rows: pd.DataFrame, reason: str) -> pd.DataFrame:
    reasons = [reason.format(file=row.first_file, line=row.first_line) for row in rows.itertuples()]
    return rows[["file", "line"]].assign(reason=pd.array(reasons, dtype="string"))


def _contradictions(rows: pd.DataFrame) -> list[InputError]:
    return [
        Place(row.file, int(row.line)).error(
            "the same figures for goods of a month that are given more than once",
            found=f"value {row.value}, where line {row.first_line} of {row.first_file} has "
            f"{row.first_value}",
            action="the two contradict each other: remove the older download or the wrong line",
        )
        for row in rows.itertuples()
    ]


def _detail_errors(rows: pd.DataFrame) -> list[InputError]:
    return [
        Place(row.file, int(row.line)).error(
            "goods of a month at one level of detail, since sums beside their parts count twice",
            found=f"{row.hs} of {row.month:%Y-%m} by customs regime or location, and in line "
            f"{row.first_line} of {row.first_file} without that breakdown",
            action="remove the files of one of the two",
        )
        for row in rows.itertuples()
    ]


def _set_aside_by_month(folder: Path, connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """As `set_aside_rows`, some months at a time: none of the rules crosses months."""
    parts, errors = [], []
    for months in _batches(folder):
        try:
            parts.append(set_aside_rows(connection, months))
        except InputError as error:
            errors += getattr(error, "errors", [error])
    raise_if_any(errors)
    return _typed_aside(pd.concat(parts, ignore_index=True))


def _batches(folder: Path) -> Iterator[list[str]]:
    """The files of the months, in groups of at most `ROWS_COMPARED` rows or of one month."""
    group: list[str] = []
    rows = 0
    for month in sorted(folder.glob("flow=*/month=*")):
        files = [str(file) for file in sorted(month.glob("*.parquet"))]
        more = sum(pq.read_metadata(file).num_rows for file in files)
        if group and rows + more > ROWS_COMPARED:
            yield group
            group, rows = [], 0
        group, rows = group + files, rows + more
    yield group


def _typed_aside(frame: pd.DataFrame) -> pd.DataFrame:
    typed = {"file": "string", "line": "int64", "reason": "string"}
    kept = frame[list(typed)].astype(typed)
    return kept.sort_values(["file", "line"], ignore_index=True)


# The account


def _account(
    files: list[ExportFile],
    connection: duckdb.DuckDBPyConnection,
    rows: Rows,
    aside: pd.DataFrame,
) -> pd.DataFrame:
    """One row a file: its hash and size, what it covers, and its rows read, used, set aside."""
    counted = _relation(connection, rows).query(
        "read",
        "SELECT file, count(*) AS rows_read, min(month) AS first, max(month) AS last, "
        "count(flag) AS rows_repaired FROM read GROUP BY file",
    )
    by_file = counted.df().astype({"file": "string"}).set_index("file")
    hashes = [sha256_of(file.path) for file in files]
    table = pd.DataFrame(
        {
            "file": pd.array([file.name for file in files], dtype="string"),
            "flow": [file.flow for file in files],
            "bytes": [file.path.stat().st_size for file in files],
            "sha256": hashes,
            "described": [described_hash(*pair) for pair in zip(files, hashes, strict=True)],
        }
    ).join(by_file, on="file", validate="1:1")
    counts = table[["rows_read", "rows_repaired"]].fillna(0).astype("int64")
    outside = aside["file"].value_counts()
    table = table.assign(**counts, rows_set_aside=table["file"].map(outside).fillna(0).astype(int))
    table["rows_used"] = table["rows_read"] - table["rows_set_aside"]
    months = {end: pd.PeriodIndex(table[end], freq="M") for end in ("first", "last")}
    return table.assign(**months)


def described_hash(file: ExportFile, content_hash: str | None = None) -> str:
    """A hash of the file's content and of all that its name and the sidecar say of it.

    `content_hash` is what `sha256_of` gives, where it is known already.
    """
    said = (file.name, file.flow, str(file.first), str(file.last), file.currency)
    content = hashlib.sha256(repr((*said, file.accept_10000)).encode())
    content.update((content_hash or sha256_of(file.path)).encode())
    return content.hexdigest()


def sha256_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _rates(rates: pd.Series | None) -> pd.DataFrame:
    """Yuan per dollar by the first day of the month."""
    if rates is None:
        rates = pd.Series([], index=pd.PeriodIndex([], freq="M"), dtype=float)
    days = pd.PeriodIndex(rates.index, freq="M").to_timestamp().date
    return pd.DataFrame(
        {"month": pd.array(days, dtype=pd.ArrowDtype(pa.date32())), "cny_per_usd": rates.to_numpy()}
    )
