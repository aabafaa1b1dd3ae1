"""The parameters cell is parsed, never run, and nothing unfit passes."""

import pytest

from notebook_build import BuildError
from notebook_build.parameters import parse_overrides, read_parameters

CELL = """
from typing import Literal
flow: Literal["import", "export"] = "import"
window: str = "2016-12"
draws: int = 200
level: float = 0.95
cap: int | None = None
codes: list[str] = ["27", "72"]
verbose = False
"""


def test_reads_names_and_defaults_in_order():
    found = read_parameters(CELL, "nb")
    assert list(found) == ["flow", "window", "draws", "level", "cap", "codes", "verbose"]
    assert found["codes"].default == ["27", "72"]
    assert found["cap"].default is None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("flow", "export", "export"),
        ("window", "2016-12", "2016-12"),
        ("window", "a=b", "a=b"),
        ("window", "5", "5"),
        ("draws", "7", 7),
        ("level", "1", 1),
        ("cap", "None", None),
        ("cap", "3", 3),
        ("codes", "['84']", ["84"]),
        ("verbose", "True", True),
    ],
)
def test_an_override_becomes_a_value_of_the_annotated_type(name, text, value):
    found = parse_overrides({name: text}, read_parameters(CELL, "nb"), "nb")[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("flow", "imports"),
        ("draws", "many"),
        ("draws", "2.5"),
        ("draws", "True"),
        ("level", "high"),
        ("codes", "('84',)"),
        ("codes", "[84]"),
        ("verbose", "yes"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name, text):
    with pytest.raises(BuildError, match=f"parameter '{name}'"):
        parse_overrides({name: text}, read_parameters(CELL, "nb"), "nb")


def test_an_unknown_name_is_refused_with_the_nearest_known_one():
    with pytest.raises(BuildError, match=r"unknown parameter 'windw'.*Did you mean 'window'"):
        parse_overrides({"windw": "x"}, read_parameters(CELL, "nb"), "nb")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("n = 1 + 1", "computed"),
        ("n = len('abc')", "computed"),
        ("import_all()", "only assign"),
        ("a, b = 1, 2", "only assign"),
        ("n: int = 'three'", "not int"),
        ("n =", "not valid Python"),
    ],
)
def test_a_cell_that_does_more_than_assign_literals_is_refused(cell, said):
    with pytest.raises(BuildError, match=said):
        read_parameters(cell, "nb")
