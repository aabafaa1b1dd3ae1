"""What changed between two versions of a table: columns, rows and values, by how much and where."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
}


def table_changes(path: str, before: Path, after: Path) -> list[str]:
    """What changed in one table, a line a column; of another kind of file only that it did."""
    read = READERS.get(before.suffix)
    if read is None:
        return [f"{path} changed"]
    try:
        old, new = read(before), read(after)
    except (ValueError, OSError) as error:
        return [f"{path} changed; it cannot be read: {error}"]
    lines = [*named("columns gone", old.columns.difference(new.columns))]
    lines += named("columns new", new.columns.difference(old.columns))
    shared = [column for column in new.columns if column in old.columns]
    aligned = align(old[shared], new[shared])
    if isinstance(aligned, str):
        lines.append(aligned)
    else:
        lines += rows_changed(len(old), len(new), len(aligned[0]))
        lines += [line for column in shared for line in column_changes(column, *aligned)]
    lines = lines or ["only its form changed: every value is the same"]
    return [f"{path} ({len(new)} rows)", *(f"    {line}" for line in lines)]


def named(kind: str, names: Iterable[str]) -> list[str]:
    names = list(names)
    return [f"{kind}: {', '.join(names)}"] if names else []


def align(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | str:
    """The rows that both hold, in one order and under one name each, or why there are none.

    Rows are told by the fewest first columns that name each row once in both tables; where no
    columns do, by their place, if both are equally long.
    """
    for count in range(1, len(new.columns) + 1):
        key = list(new.columns[:count])
        # A measured number is no name.
        if pd.api.types.is_float_dtype(new[key[-1]]):
            break
        if not (old.duplicated(key).any() or new.duplicated(key).any()):
            old, new = (
                table.set_index(table[key].astype(str).agg(" ".join, axis=1))
                for table in (old, new)
            )
            both = new.index[new.index.isin(old.index)]
            return old.loc[both], new.loc[both]
    if len(old) == len(new):
        names = [f"row {number}" for number in range(1, len(new) + 1)]
        return old.set_axis(names), new.set_axis(names)
    return (
        f"rows: {len(old)} -> {len(new)}; none is told from the others, so values are not compared"
    )


def rows_changed(old: int, new: int, both: int) -> list[str]:
    lines = [f"{old - both} rows gone"] if old > both else []
    return lines + ([f"{new - both} rows new"] if new > both else [])


def column_changes(column: str, old: pd.DataFrame, new: pd.DataFrame) -> Iterator[str]:
    """How many values changed and, of numbers, the largest change and where it is."""
    before, after = old[column], new[column]
    changed = ~(before.eq(after) | (before.isna() & after.isna()))
    changed = changed.fillna(True).astype(bool)
    if not changed.any():
        return
    told = f"{column}: {changed.sum()} of {len(after)} values changed"
    if pd.api.types.is_numeric_dtype(before) and pd.api.types.is_numeric_dtype(after):
        size = (after.astype(float) - before.astype(float)).abs()
        where = size[changed].fillna(math.inf).idxmax()
        kind = "most"
    else:
        where, kind = after.index[changed.to_numpy()][0], "first"
    yield f"{told}, {kind} at {where}: {told_change(plain(before[where]), plain(after[where]))}"


def plain(value: Any) -> Any:
    """A number of numpy's as Python's own."""
    return value.item() if hasattr(value, "item") else value


def told_change(old: Any, new: Any) -> str:
    """
    >>> told_change(2.0, 2.5)
    '2 -> 2.5 (+0.5)'
    """
    if not (is_number(old) and is_number(new)):
        return f"{old} -> {new}"
    return f"{old:g} -> {new:g} ({new - old:+.4g})"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
