"""How fast the query export is read, and in how much memory, beside pandas and beside the limit.

    .venv/bin/python bench/export_reader.py --rows 1000000
    .venv/bin/python bench/export_reader.py --rows 20000000 --without pandas

Writes an export of N rows in the real format (GB18030, Chinese, all columns), every figure of it
GENERATED and no figure of the customs office, into a temporary folder that is removed in the end.
Then each reader makes the same typed table of it as Parquet by month, in a process of its own:

- `reader`: analysis.sources.gacc_export, with all its checks of cells, files and doubled rows;
- `pandas`: read_csv of GB18030 as text, then what the format asks for (stray tabs stripped, zeros
  of codes put back, dashes to missing, numbers and dates parsed); all rows in memory. It is the
  least that gets the numbers of any file of this format right, as someone would write it who read
  the description of the format, and the fair comparison: it still checks nothing;
- `bare`: read_csv of GB18030 with thousands=",", a dash for missing, and the codes as text, all
  else guessed. Right on this generated file alone: one stray tab before a number, which the format
  has, makes its column text. It shows how much of the time is the parser's own;
- `limit`: DuckDB on the same rows already in UTF-8, nothing checked, in the same memory. `bare`
  takes two to three times as long as this limit, so no reader beside the limit can be three times
  faster than `bare` by much; three times faster than `pandas` is the aim.
"""

from __future__ import annotations

import argparse
import codecs
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

#: In the file's name, so that no one takes it for data; its direction and months as by the rule.
NAME = "GENERATED_import_201501-202412"
READERS = ("reader", "pandas", "bare", "limit")
HEADER = (
    '"数据年月","商品编码","商品名称","贸易伙伴编码","贸易伙伴名称","贸易方式编码","贸易方式名称",'
    '"注册地编码","注册地名称","第一数量","第一计量单位","第二数量","第二计量单位","美元",\n'
)
#: Months, codes, partners, regimes and provinces of the invented trade.
MONTHS, CODES = 120, 8000
PARTNERS = ("109:朝鲜", "110:中国香港", "116:日本", "133:韩国", "141:越南", "344:俄罗斯",
            "502:美国", "601:澳大利亚")  # fmt: skip
REGIMES = ("10:一般贸易", "14:来料加工贸易", "15:进料加工贸易", "19:边境小额贸易")
PROVINCES = ("11:北京市", "21:辽宁省", "22:吉林省", "31:上海市", "37:山东省", "44:广东省")
#: DuckDB's share of the gigabyte that the reader is held to.
LIMIT_MEMORY = "700MB"
THREADS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--without", nargs="*", default=[], choices=READERS)
    parser.add_argument("--folder", type=Path, help="for the temporary files; needs 1 kB a row")
    parser.add_argument("--run", choices=("generate", *READERS), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run == "generate":
        generate(chosen.rows, chosen.folder)
        return
    if chosen.run:
        run(chosen.run, chosen.folder)
        return
    with tempfile.TemporaryDirectory(prefix="generated-export-", dir=chosen.folder) as work:
        folder = Path(work)
        # In a process of its own: a child's peak memory counts what its parent held at the start.
        again = [sys.executable, __file__, "--folder", str(folder), "--rows", str(chosen.rows)]
        subprocess.run([*again, "--run", "generate"], check=True)
        size = (folder / "gb18030" / f"{NAME}.csv").stat().st_size
        print(f"{chosen.rows:,} generated rows, {size / 1e6:,.0f} MB in GB18030")
        print(f"{'':8} {'seconds':>8} {'CPU s':>8} {'rows/s':>12} {'peak MB':>8}")
        taken = {}
        for name in READERS:
            if name not in chosen.without:
                taken[name] = measure(name, folder, chosen.rows)
        for name in READERS[1:]:
            if {name, "reader"} <= taken.keys():
                print(f"{name} takes {taken[name] / taken['reader']:.2f} times the reader's time")


def generate(rows: int, folder: Path) -> None:
    """The same rows in UTF-8 and in GB18030; no two have the same goods, month and detail."""
    for encoding in ("utf-8", "gb18030"):
        (folder / encoding).mkdir()
    plain = folder / "utf-8" / f"{NAME}.csv"
    part = folder / "rows.csv"
    a_month = -(-rows // MONTHS)
    combinations = CODES * len(PARTNERS) * len(REGIMES) * len(PROVINCES)
    if a_month > combinations:
        sys.exit(f"at most {combinations * MONTHS:,} rows can be told apart")
    duckdb.connect().execute(
        f"COPY ({_rows(rows, a_month)}) TO '{part}' (FORMAT csv, HEADER false, "
        "FORCE_QUOTE (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14))"
    )
    with part.open("rb") as body, plain.open("wb") as whole:
        whole.write(HEADER.encode())
        shutil.copyfileobj(body, whole, 1 << 22)
    part.unlink()
    with (
        codecs.open(str(plain), encoding="utf-8") as read,
        (folder / "gb18030" / f"{NAME}.csv").open("wb") as write,
    ):
        while text := read.read(1 << 22):
            write.write(text.encode("gb18030"))


def _rows(rows: int, a_month: int) -> str:
    """SQL of the rows: mixed radix within a month, values from a hash of the row's number."""

    def listed(choices: tuple[str, ...], part: int) -> str:
        return str([choice.split(":")[part] for choice in choices])

    p, r, w = len(PARTNERS), len(REGIMES), len(PROVINCES)
    return f"""
        WITH n AS (SELECT range AS i, range // {a_month} AS m, range % {a_month} AS k,
                   hash(range) AS h FROM range({rows}))
        SELECT strftime(DATE '2015-01-01' + to_months(m::INT), '%Y%m') AS c1,
            lpad(((k // {p * r * w}) % {CODES} * 11239 + 1012100)::VARCHAR, 8, '0') AS c2,
            '第' || ((k // {p * r * w}) % {CODES}) || '号货物' AS c3,
            ({listed(PARTNERS, 0)})[k % {p} + 1] AS c4, ({listed(PARTNERS, 1)})[k % {p} + 1] AS c5,
            ({listed(REGIMES, 0)})[k // {p} % {r} + 1] AS c6,
            ({listed(REGIMES, 1)})[k // {p} % {r} + 1] AS c7,
            ({listed(PROVINCES, 0)})[k // {p * r} % {w} + 1] AS c8,
            ({listed(PROVINCES, 1)})[k // {p * r} % {w} + 1] AS c9,
            (h % 1000000)::VARCHAR AS c10, '千克' AS c11, '0' AS c12, '?' AS c13,
            format('{{:,}}', (1 + h // 1000 % 10000000)::BIGINT) AS c14, NULL AS c15
        FROM n ORDER BY i
    """


def measure(name: str, folder: Path, rows: int) -> float:
    """Run one reader in a process of its own; prints and returns its seconds."""
    done = subprocess.run(
        [sys.executable, __file__, "--run", name, "--folder", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, busy, peak, written = (float(word) for word in done.stdout.split())
    if written != rows:
        sys.exit(f"{name} wrote {written:,.0f} rows of {rows:,}")
    print(f"{name:8} {seconds:8.1f} {busy:8.1f} {rows / seconds:12,.0f} {peak:8,.0f}", flush=True)
    shutil.rmtree(folder / name)
    return seconds


def run(name: str, folder: Path) -> None:
    """In the measured process: prints seconds, seconds of CPU, peak memory in MB and rows."""
    readers = (by_reader, by_pandas, by_bare_pandas, by_duckdb)
    read = dict(zip(READERS, readers, strict=True))[name]
    preload = {"reader": "analysis.sources.gacc_export", "limit": "duckdb"}
    __import__(preload.get(name, "pandas"))
    started, busy = time.monotonic(), time.process_time()
    read(folder)
    seconds, busy = time.monotonic() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = f"SELECT count(*) FROM read_parquet('{folder / name}/*/*/*.parquet')"
    print(seconds, busy, peak, duckdb.connect().execute(count).fetchone()[0])


def by_reader(folder: Path) -> None:
    from analysis.sources.gacc_export import stream_export

    stream_export(folder / "gb18030", folder / "reader")


#: The columns in their order, as the stored table names them.
COLUMNS = ("month hs commodity partner partner_name regime regime_name location location_name "
           "quantity unit second_quantity second_unit value").split()  # fmt: skip
UNUSED = ["commodity", "partner_name", "regime_name", "location_name"]


def by_pandas(folder: Path) -> None:
    import pandas as pd

    table = pd.read_csv(folder / "gb18030" / f"{NAME}.csv", encoding="gb18030", dtype=str)
    table = table.iloc[:, : len(COLUMNS)].set_axis(COLUMNS, axis=1).drop(columns=UNUSED)
    for name in table:
        table[name] = table[name].str.strip()
    table["hs"] = table["hs"].str.zfill(8)
    table["month"] = pd.to_datetime(table["month"], format="%Y%m")
    table["partner"] = pd.to_numeric(table["partner"])
    for name in ("quantity", "second_quantity", "value"):
        number = table[name].str.replace(",", "").replace("-", None)
        table[name] = pd.to_numeric(number)
    _write_with_pandas(table, folder / "pandas")


def _write_with_pandas(table, folder: Path) -> None:
    table.assign(flow="import").to_parquet(
        folder, partition_cols=["flow", "month"], compression="zstd", index=False
    )


def by_bare_pandas(folder: Path) -> None:
    import pandas as pd

    table = pd.read_csv(
        folder / "gb18030" / f"{NAME}.csv",
        encoding="gb18030",
        dtype={"商品编码": str, "数据年月": str, "贸易方式编码": str, "注册地编码": str},
        thousands=",",
        na_values=["-"],
        usecols=lambda name: not name.startswith("Unnamed"),
    )
    table.columns = COLUMNS
    table["month"] = pd.to_datetime(table["month"], format="%Y%m")
    _write_with_pandas(table.drop(columns=UNUSED), folder / "bare")


def by_duckdb(folder: Path) -> None:
    connection = duckdb.connect(
        config={
            "memory_limit": LIMIT_MEMORY,
            "threads": str(THREADS),
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": "false",
        }
    )
    names = [f"c{number}" for number in range(1, 16)]
    connection.execute(
        f"""
        COPY (
            SELECT 'import' AS flow, strptime(c1, '%Y%m')::DATE AS month, c4::SMALLINT AS partner,
                c2 AS hs, c6 AS regime, c8 AS location, replace(c14, ',', '')::BIGINT AS value,
                c10::DOUBLE AS quantity, c11 AS unit, c12::DOUBLE AS second_quantity,
                nullif(c13, '?') AS second_unit
            FROM read_csv('{folder}/utf-8/{NAME}.csv', all_varchar = true, skip = 1,
                header = false, delim = ',', quote = '"', names = {names})
        ) TO '{folder}/limit' (FORMAT parquet, PARTITION_BY (flow, month), COMPRESSION zstd)
        """
    )


if __name__ == "__main__":
    main()
