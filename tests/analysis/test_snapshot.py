"""The snapshot is made from a build, in printed digits, and tells where a build departs from it."""

from __future__ import annotations

import doctest
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import analysis.snapshot as module
from analysis.paths import project_paths
from analysis.snapshot import (
    changed,
    exhibits_table,
    in_printed_digits,
    printed_series,
    ro_crate,
    with_block,
)


def test_doctests():
    assert doctest.testmod(module).failed == 0


def test_numbers_are_those_that_are_printed():
    assert in_printed_digits([{"value": 1234.567, "lower": None, "n": 3}]) == [
        {"value": 1235.0, "lower": None, "n": 3}
    ]
    series = pd.DataFrame(
        {"month": ["2018-08-01"], "usd_mn": [19.18999], "upper_usd_mn": [float("inf")]}
    )
    assert printed_series(series).splitlines()[1] == "2018-08-01,19.19,inf"


EXHIBITS = {
    "02_fall": [
        {
            "kind": "finding",
            "text": "It fell by 54.7 % | so.",
            "cell": "4",
            "function": "analysis.claims.finding",
            "place": "02_fall.html#finding-f",
        }
    ]
}


def test_an_exhibit_says_what_where_and_by_which_function():
    line = exhibits_table(EXHIBITS).splitlines()[-1]
    assert line == (
        "| 02_fall | 4 | finding: It fell by 54.7 % \\| so. | `analysis.claims.finding` "
        "| `reports/02_fall.html#finding-f` |"
    )


MARKS = "<!-- x: made by `make snapshot` -->\nold\n<!-- end of x -->"


def test_a_block_is_replaced_and_nothing_else():
    text = with_block(f"before\n{MARKS}\nafter", "x", "new")
    assert text.startswith("before\n") and text.endswith("\nafter")
    assert "new" in text and "old" not in text
    assert with_block(text, "x", "new") == text


@pytest.mark.parametrize("readme", ["", "<!-- end of x -->", MARKS + MARKS])
def test_marks_that_are_missing_or_doubled_are_refused(readme):
    with pytest.raises(ValueError, match="once each"):
        with_block(readme, "x", "new")


def test_a_changed_digit_is_told_with_the_way_to_accept_it(tmp_path):
    paths = project_paths(tmp_path)
    (tmp_path / "a.json").write_text('{"value": -54.7}\n')
    assert changed(paths, {"a.json": '{"value": -54.7}\n'}) == []
    (message,) = changed(paths, {"a.json": '{"value": -54.8}\n'})
    assert "-54.7" in message and "-54.8" in message and "make snapshot" in message


@pytest.fixture
def sources(tmp_path: Path):
    """A root that holds what the crate is made from."""
    paths, here = project_paths(tmp_path), project_paths()
    paths.raw.mkdir(parents=True)
    shutil.copy2(here.datapackage, paths.datapackage)
    shutil.copy2(here.root / "CITATION.cff", tmp_path)
    shutil.copytree(here.root / "notebooks", tmp_path / "notebooks")
    return paths


def test_the_crate_names_every_part_once_and_no_other(sources):
    crate = ro_crate(sources)
    graph = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(graph) == len(crate["@graph"])
    parts = [part["@id"] for part in graph["./"]["hasPart"]]
    tables = json.loads(sources.datapackage.read_text())["resources"]
    assert {f"data/raw/{table['path']}" for table in tables} < set(parts)
    assert all(part in graph and (project_paths().root / part).exists() for part in parts)
    described = {entity for entity in graph if entity.startswith(("data/", "notebooks/", "src/"))}
    assert described == set(parts)
    referred = re.findall(r'"@id": "([^"]+)"', json.dumps(crate))
    assert set(referred) - set(graph) == {"https://w3id.org/ro/crate/1.1"}
    assert graph["./"]["license"] != graph[parts[0]]["license"]
