"""Who waits for whom follows from declared files alone."""

from pathlib import Path

import pytest

from notebook_build import BuildError
from notebook_build.graph import dependencies, in_order, meets, with_ancestors
from notebook_build.notebook import Notebook


def notebooks(**declared):
    return {
        name: Notebook(name, Path(name), name, "", tuple(reads), tuple(writes), ())
        for name, (reads, writes) in declared.items()
    }


def test_a_reader_waits_for_the_writer_and_its_ancestors():
    graph = dependencies(
        notebooks(
            late=(["mid/*.csv"], []),
            early=(["raw.csv"], ["start.csv"]),
            middle=(["start.csv"], ["mid/one.csv"]),
            apart=(["raw.csv"], []),
        )
    )
    assert graph == {"late": {"middle"}, "middle": {"early"}, "early": set(), "apart": set()}
    assert with_ancestors("late", graph) == {"late", "middle", "early"}
    order = in_order(graph, graph)
    assert order.index("early") < order.index("middle") < order.index("late")


def test_a_cycle_is_an_error_that_names_it():
    with pytest.raises(BuildError, match=r"one -> two|two -> one"):
        dependencies(notebooks(one=(["b"], ["a"]), two=(["a"], ["b"])))


def test_a_notebook_that_reads_what_it_writes_is_an_error():
    with pytest.raises(BuildError, match="one"):
        dependencies(notebooks(one=(["a.csv"], ["a.csv"])))


def test_two_writers_of_one_file_are_an_error():
    with pytest.raises(BuildError, match="one and two"):
        dependencies(notebooks(one=([], ["a.csv"]), two=([], ["a.csv"])))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("data/a.csv", "data/a.csv", True),
        ("data/a.csv", "data/*.csv", True),
        ("data/*.csv", "data/a.csv", True),
        ("data/deep/a.csv", "data/*.csv", False),
        ("data/deep/a.csv", "data/**", True),
        ("data/deep/a.csv", "**/a.csv", True),
        ("data/a.parquet", "data/*.csv", False),
    ],
)
def test_patterns_meet_folder_by_folder(one, other, expected):
    assert meets(one, other) is expected
