"""Fetches China's monthly trade with one partner from UN Comtrade: `make fetch`.

The only part of the project that needs the network. Every answer is stored under
`data/raw/comtrade/` as soon as it is there, so that a run that is stopped or refused goes on where
it was. A key (free at comtradeplus.un.org) is read from the environment and written nowhere.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from analysis.paths import project_paths
from analysis.sources.comtrade import (
    FLOW_CODES,
    KEYED_MONTHS,
    LEVELS,
    MANIFEST,
    Query,
    Refused,
    answer_bytes,
    ask,
    file_name,
    is_cut,
    is_whole,
    manifest_entry,
    parts,
    read_manifest,
)
from analysis.sources.customs_codes import DPRK, comtrade_code

#: The key's place in the environment.
KEY_VARIABLE = "COMTRADE_KEY"
#: The months that the designs use.
FIRST_MONTH, LAST_MONTH = "2014-01", "2019-12"
#: Seconds before each further try after a refusal: about a minute in all.
WAITS = (2, 4, 8, 16, 32)
#: Seconds between two calls: Comtrade asks for about one a second.
PAUSE = 1.0

Sleep = Callable[[float], None]


class FetchStopped(Exception):
    """Comtrade refused for good, or for now; what was fetched is stored."""


def main(arguments: list[str] | None = None) -> None:
    """Fetch what is missing, with a progress bar."""
    parser = argparse.ArgumentParser(prog="python -m analysis.fetch", description=__doc__)
    parser.add_argument("--partner", type=int, default=DPRK, help="the customs office's number")
    parser.add_argument("--first", default=FIRST_MONTH, help="first month, YYYY-MM")
    parser.add_argument("--last", default=LAST_MONTH, help="last month, inside")
    chosen = parser.parse_args(arguments)
    folder = project_paths().comtrade
    try:
        comtrade_code(chosen.partner)
        months = pd.period_range(chosen.first, chosen.last, freq="M")
    except ValueError as error:
        parser.error(str(error))
    try:
        empty = fetch(folder, chosen.partner, months, os.environ.get(KEY_VARIABLE) or None)
    except FetchStopped as stopped:
        parser.exit(1, f"{stopped}\n")
    except KeyboardInterrupt:
        parser.exit(130, "\nstopped; the next `make fetch` goes on from here\n")
    for query in empty:
        print(f"no rows: {file_name(query)}; asked again the next time")
    print(f"{len(read_manifest(folder))} answers in {folder.name}/; `make all` uses them")


def fetch(
    folder: Path,
    partner: int,
    months: pd.PeriodIndex,
    key: str | None,
    *,
    sleep: Sleep = time.sleep,
    quiet: bool = False,
) -> list[Query]:
    """Store every answer that the folder lacks; returns the queries whose answer has no rows.

    Raises FetchStopped when Comtrade goes on refusing; answers until then are stored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    queries = missing(folder, partner, months, key)
    empty = []
    for done, query in enumerate(tqdm(queries, desc="comtrade", unit="answer", disable=quiet)):
        try:
            rows = whole_answer(folder, query, key, sleep)
        except Refused as refused:
            raise FetchStopped(
                f"stopped at {file_name(query)}, {done} of {len(queries)} answers in: {refused}\n"
                "What is fetched is kept; the next `make fetch` goes on from here."
            ) from None
        store(folder, query, rows)
        if not rows:
            empty.append(query)
    return empty


def missing(folder: Path, partner: int, months: pd.PeriodIndex, key: str | None) -> list[Query]:
    """What is still to be asked, chapters before headings before subheadings.

    A month counts as there when a file that is as it was stored holds rows of it. With a key the
    months of a year are one query.
    """
    there = {
        (entry["query"]["partner"], entry["query"]["flow"], entry["query"]["level"], month)
        for name, entry in read_manifest(folder).items()
        if is_whole(folder, name, entry)
        for month in entry["months_with_rows"]
    }
    size = KEYED_MONTHS if key else 1
    return [
        Query(partner, flow, level, batch)
        for level in LEVELS
        for flow in FLOW_CODES
        for batch in _by_year([f"{month:%Y%m}" for month in months
                               if (partner, flow, level, f"{month:%Y%m}") not in there], size)
    ]  # fmt: skip


def _by_year(months: list[str], size: int) -> Iterator[tuple[str, ...]]:
    """Months of one year together, at most `size` of them."""
    for year in sorted({month[:4] for month in months}):
        own = [month for month in months if month[:4] == year]
        for start in range(0, len(own), size):
            yield tuple(own[start : start + size])


def whole_answer(folder: Path, query: Query, key: str | None, sleep: Sleep) -> list[dict]:
    """All rows of a query: in parts by code where one answer would be cut. Raises Refused."""
    rows = patiently(query, key, sleep)
    if not is_cut(rows, query, key):
        return rows
    if len(query.months) > 1:
        single = [Query(query.partner, query.flow, query.level, (m,)) for m in query.months]
        return [row for part in single for row in whole_answer(folder, part, key, sleep)]
    above = stored_codes(folder, query)
    return [row for part in parts(query, above) for row in patiently(part, key, sleep)]


def stored_codes(folder: Path, query: Query) -> list[str]:
    """The codes one level up that the month has trade in, as stored before. Raises Refused."""
    wanted = {"partner": query.partner, "flow": query.flow, "level": query.level - 2}
    for name, entry in read_manifest(folder).items():
        asked = entry["query"]
        same = all(asked[part] == value for part, value in wanted.items())
        if same and query.months[0] in asked["months"] and is_whole(folder, name, entry):
            rows = json.loads((folder / name).read_text(encoding="utf-8"))["rows"]
            return [row["cmdCode"] for row in rows if row["period"] == query.months[0]]
    raise Refused(f"no answer at level {query.level - 2} to split {file_name(query)} by", True)


def patiently(query: Query, key: str | None, sleep: Sleep) -> list[dict]:
    """One answer, after waiting longer each time it is refused. Raises Refused in the end."""
    for wait in (*WAITS, None):
        sleep(PAUSE)
        try:
            return ask(query, key)
        except Refused as refused:
            if refused.final or wait is None:
                raise
            sleep(wait)
    raise AssertionError("the last try either answers or raises")


def store(folder: Path, query: Query, rows: list[dict]) -> None:
    """The answer first, then the manifest that names it, each in one step."""
    name, content = file_name(query), answer_bytes(query, rows)
    _replace(folder / name, content)
    manifest = read_manifest(folder) | {name: manifest_entry(query, content, rows)}
    text = json.dumps({"files": dict(sorted(manifest.items()))}, indent=1) + "\n"
    _replace(folder / MANIFEST, text.encode())


def _replace(file: Path, content: bytes) -> None:
    """Write beside `file`, then rename: a stopped run leaves the old file or the new one."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(content)
    beside.replace(file)


if __name__ == "__main__":
    main()
