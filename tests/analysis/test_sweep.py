"""The sweep gives the same rows in one process, in two, and on a Dask cluster."""

import numpy as np
import pandas as pd
import pytest

from analysis import sweep as sweeping
from analysis.models.specifications import Specification, estimate
from analysis.paths import Paths
from analysis.trade_data import ModelInputs, observations_of

MONTHS = pd.period_range("2012-01", "2019-12", freq="M")
CHOSEN = [
    Specification("import", engine="flat"),
    Specification("import", engine="flat", currency="CNY"),
    Specification("import", engine="segmented"),
    Specification("import", engine="segmented", train_end="2016-02"),
    Specification("import", engine="flat", first="2011-01"),
]


@pytest.fixture(scope="module")
def inputs() -> ModelInputs:
    rng = np.random.default_rng(3)
    value = np.round(200 * np.exp(rng.normal(0, 0.05, len(MONTHS))), 3)
    figures = {"kind": "sum", "first": MONTHS, "last": MONTHS, "lower": value, "upper": value + 1}
    spans = pd.DataFrame(figures).assign(flow="import", vintage="corrected")
    draws = pd.concat(
        pd.DataFrame({"draw": draw, "month": MONTHS, "usd_mn": value + draw / 4})
        for draw in range(3)
    ).assign(flow="import", vintage="corrected")
    yuan = pd.DataFrame({"lower": 6.5, "upper": 6.6}, index=MONTHS)
    return ModelInputs(spans, draws, pd.DataFrame(), yuan)


@pytest.fixture(scope="module")
def expected(inputs) -> pd.DataFrame:
    return pd.DataFrame(
        estimate(one, observations_of(inputs, "import", "corrected", one.currency))
        for one in CHOSEN
    )


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 2)


def test_two_processes_give_what_one_gives_and_say_how_far_they_are(inputs, expected, capsys):
    found = sweeping.sweep(inputs, CHOSEN)
    pd.testing.assert_frame_equal(found, expected)
    assert "3 of 3 batches" in capsys.readouterr().err
    assert found["error"].notna().tolist() == [False] * 4 + [True]


def root(tmp_path) -> Paths:
    """A data root whose files are there; what they hold only has to be hashed."""
    paths = Paths(tmp_path)
    for folder in (paths.processed, paths.raw):
        folder.mkdir(parents=True)
    for file in sweeping.inputs_files(paths):
        file.write_bytes(b"1")
    return paths


def test_a_dask_cluster_gives_the_same_as_make_sweep_calls_it(
    tmp_path, inputs, expected, monkeypatch, capsys
):
    distributed = pytest.importorskip("distributed")
    paths = root(tmp_path)
    monkeypatch.setattr(sweeping, "project_paths", lambda: paths)
    monkeypatch.setattr(sweeping, "specifications", lambda _: CHOSEN)
    monkeypatch.setattr(sweeping, "model_inputs", lambda _: inputs)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        sweeping.main(["--scheduler", cluster.scheduler_address])
    said = capsys.readouterr()
    assert "5 specifications in" in said.out and "1 without a fit" in said.out
    assert "3 of 3 batches" in said.err
    pd.testing.assert_frame_equal(sweeping.cached_sweep(paths, CHOSEN), expected)


def test_a_scheduler_that_is_not_there_is_an_error(inputs, monkeypatch):
    monkeypatch.setattr(sweeping, "CONNECT", "1s")
    with pytest.raises(OSError, match=r"127\.0\.0\.1:9"):
        sweeping.sweep(inputs, CHOSEN[:1], scheduler="tcp://127.0.0.1:9", progress=False)


def test_a_sweep_is_kept_until_data_or_choices_change(tmp_path, inputs, monkeypatch):
    paths = root(tmp_path)
    runs = []
    monkeypatch.setattr(sweeping, "model_inputs", lambda _: runs.append(1) or inputs)
    first = sweeping.cached_sweep(paths, CHOSEN[:1], progress=False)
    again = sweeping.cached_sweep(paths, CHOSEN[:1], progress=False)
    pd.testing.assert_frame_equal(first, again)
    assert len(runs) == 1
    sweeping.cached_sweep(paths, CHOSEN[1:2], progress=False)
    assert len(runs) == 2
    sweeping.inputs_files(paths)[0].write_bytes(b"2")
    sweeping.cached_sweep(paths, CHOSEN[:1], progress=False)
    assert len(runs) == 3
