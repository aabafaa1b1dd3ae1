"""Every specification, on two cores of this machine or on a Dask cluster: `make sweep`.

Reading, running and storing; what is run stands in `models.specifications`. Results are kept
under the hash of all they depend on, so that a page that shows them does not run them again.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import joblib
import pandas as pd

from analysis.models.specifications import (
    SHOWN_FLOWS,
    Specification,
    estimate,
    specifications,
)
from analysis.models.trade_observations import TradeObservations
from analysis.paths import Paths, project_paths
from analysis.trade_data import ModelInputs, model_inputs, observations_of
from analysis.validation import imported_modules, source_file

#: Processes on this machine: one a core of the smallest machine that the package is sized for.
WORKERS = 2
#: Specifications handed to a process at once; small enough for progress, large enough to pay.
BATCH = 10
#: How long a scheduler has to answer.
CONNECT = "10s"


def cached_sweep(
    paths: Paths,
    chosen: Sequence[Specification] | None = None,
    *,
    scheduler: str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """One row a specification, as `models.specifications.estimate` gives it, in their order.

    Run once for the same data, code and specifications; `scheduler` is the address of a Dask
    scheduler (`tcp://host:port`), else the work is done by `WORKERS` processes here.
    """
    chosen = specifications(SHOWN_FLOWS) if chosen is None else list(chosen)
    file = paths.cache / f"specifications-{sweep_key(paths, chosen)[:16]}.parquet"
    if file.exists():
        return pd.read_parquet(file)
    table = sweep(model_inputs(paths), chosen, scheduler=scheduler, progress=progress)
    _store(table, file)
    return table


def sweep_key(paths: Paths, chosen: Sequence[Specification]) -> str:
    """sha256 of the data, the code and the list that decide the results."""
    content = hashlib.sha256(repr(list(chosen)).encode())
    modules = sorted(imported_modules(("analysis.models.specifications", "analysis.trade_data")))
    files = [*(source_file(name) for name in modules), *inputs_files(paths)]
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()


def inputs_files(paths: Paths) -> list[Path]:
    """What `model_inputs` reads."""
    built = (
        "trade_spans.csv",
        "trade_draws.parquet",
        "observations_gacc_commodities.parquet",
        "exchange_rates.csv",
    )
    return [*(paths.processed / name for name in built), paths.raw / "brent_monthly.csv"]


def sweep(
    inputs: ModelInputs,
    chosen: Sequence[Specification],
    *,
    scheduler: str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run `chosen`; the order of the rows is theirs, whoever finishes first."""
    kinds = sorted({_kind(one) for one in chosen})
    data = {kind: observations_of(inputs, *kind) for kind in kinds}
    batches = [list(chosen[start : start + BATCH]) for start in range(0, len(chosen), BATCH)]
    with _backend(scheduler):
        results = joblib.Parallel(n_jobs=-1 if scheduler else WORKERS, return_as="generator")(
            joblib.delayed(_run)(batch, data) for batch in batches
        )
        rows = [row for part in _shown(results, len(batches), progress) for row in part]
    return pd.DataFrame(rows)


def _kind(one: Specification) -> tuple[str, str, str]:
    """Which observations a specification is about."""
    return one.flow, one.vintage, one.currency


def _run(
    batch: Sequence[Specification], data: Mapping[tuple[str, str, str], TradeObservations]
) -> list[dict[str, object]]:
    return [estimate(one, data[_kind(one)]) for one in batch]


@contextlib.contextmanager
def _backend(scheduler: str | None) -> Iterator[None]:
    """joblib's own processes, or its Dask backend on the cluster of `scheduler`."""
    if scheduler is None:
        # One thread a process: two processes with two threads each get in each other's way.
        with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
            yield
        return
    from distributed import Client

    with Client(scheduler, timeout=CONNECT), joblib.parallel_config(backend="dask"):
        yield


def _shown(results, total: int, progress: bool) -> Iterator[list[dict[str, object]]]:
    start = time.monotonic()
    for number, result in enumerate(results, 1):
        if progress:
            left = (time.monotonic() - start) / number * (total - number)
            print(
                f"\rspecifications: {number} of {total} batches, {left:.0f} s left ",
                end="" if number < total else "\n",
                file=sys.stderr,
                flush=True,
            )
        yield result


def _store(table: pd.DataFrame, file: Path) -> None:
    """Complete on the disk before it bears its name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    os.close(handle)
    try:
        table.to_parquet(name, index=False)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="make sweep", description=__doc__.splitlines()[0])
    parser.add_argument("--scheduler", default=None, help="tcp://host:port of a Dask scheduler")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    table = cached_sweep(project_paths(), scheduler=options.scheduler)
    failed = table["error"].notna().sum()
    took = time.monotonic() - start
    print(f"{len(table)} specifications in {took:.0f} s, {failed} without a fit")


if __name__ == "__main__":
    main()
