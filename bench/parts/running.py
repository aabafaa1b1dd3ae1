"""How the parts run: two processes, results as they come, in batches that an interruption keeps."""

from __future__ import annotations

import dataclasses
import time

import pandas as pd

#: Processes: one a core of the machine this was sized for.
WORKERS = 2
#: Histories, series or panels between two writes.
BATCH = 10


def shown(results, what: str, total: int):
    """The results as they come, with a line every twentieth."""
    start = time.monotonic()
    for number, result in enumerate(results, 1):
        if number % 20 == 0 or number == total or total < 50:
            print(f"{what}: {number} of {total}, {time.monotonic() - start:.0f} s", flush=True)
        yield result


def frame(kind: type, items) -> pd.DataFrame:
    columns = [field.name for field in dataclasses.fields(kind)]
    return pd.DataFrame([dataclasses.asdict(item) for item in items], columns=columns)
