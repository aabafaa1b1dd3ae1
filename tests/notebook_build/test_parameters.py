"""The parameters cell is parsed, never run, and nothing unfit passes."""

import re

import pytest

from notebook_build import BuildError
from notebook_build.parameters import parse_overrides, read_parameters, split_assignments

CELL = """
from typing import Annotated, Literal, Optional
flow: Literal["import", "export"] = "import"
window: str = "2016-12"
draws: int = 200
level: float = 0.95
cap: int | None = None
codes: list[str] = ["27", "72"]
verbose = False
pair: tuple[int, str] = (1, "a")
shares: tuple[float, ...] = (0.5,)
weights: dict[str, float] = {"a": 1}
first: Annotated[str, "'2000-01' <= first <= last"] = "2014-01"
last: Annotated[Optional[str], "last <= '2026-12'"] = "2019-12"
lags: Annotated[int, "0 < lags <= 24"] = 12
"""
NAMES = "flow window draws level cap codes verbose pair shares weights first last lags".split()


def test_reads_names_and_defaults_in_order():
    found = read_parameters(CELL, "nb")
    assert list(found) == NAMES
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
        ("pair", "(2, 'b=c')", (2, "b=c")),
        ("shares", "(0.25, 0.75)", (0.25, 0.75)),
        ("weights", "{'b': 0.5}", {"b": 0.5}),
        ("first", "2019-12", "2019-12"),
        ("last", "None", None),
        ("lags", "24", 24),
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
        ("flow", "['import']"),
        ("pair", "(2,)"),
        ("pair", "[2, 'b']"),
        ("shares", "('half',)"),
        ("weights", "{'b': 'x'}"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name, text):
    with pytest.raises(BuildError, match=f"parameter '{name}'"):
        parse_overrides({name: text}, read_parameters(CELL, "nb"), "nb")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lags": "0"}, "lags = 0 is outside its range: 0 < lags <= 24"),
        ({"lags": "25"}, "lags = 25 is outside its range"),
        ({"first": "1999-12"}, "first = '1999-12', last = '2019-12' is outside its range"),
        # A range may name another parameter: this one is broken by the other's new value.
        ({"last": "2010-01"}, "first = '2014-01', last = '2010-01' is outside its range"),
    ],
)
def test_a_value_outside_its_range_is_refused(given, said):
    with pytest.raises(BuildError, match=re.escape(said)):
        parse_overrides(given, read_parameters(CELL, "nb"), "nb")


def test_a_choice_is_told_by_type_too():
    parameters = read_parameters("level: Literal[1, 2] = 1", "nb")
    with pytest.raises(BuildError, match="not Literal"):
        parse_overrides({"level": "True"}, parameters, "nb")


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", {}),
        ("train_end=2016-12 flow=import", {"train_end": "2016-12", "flow": "import"}),
        ("label=a=b", {"label": "a=b"}),
        ("label=two words  flow=x", {"label": "two words", "flow": "x"}),
        ("label='x y=z' flow=x", {"label": "'x y=z'", "flow": "x"}),
        ("codes=['a b=c', 'd'] n=1", {"codes": "['a b=c', 'd']", "n": "1"}),
        ("label=the shop's n=1", {"label": "the shop's", "n": "1"}),
    ],
)
def test_a_line_of_assignments_is_split_where_a_name_starts(text, pairs):
    assert split_assignments(text) == pairs


@pytest.mark.parametrize(
    ("text", "said"),
    [("import", "form NAME=VALUE"), ("=3", "form NAME=VALUE"), ("a=1 a=2", "twice")],
)
def test_a_line_that_assigns_nothing_or_twice_is_refused(text, said):
    with pytest.raises(BuildError, match=said):
        split_assignments(text)


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
        ("n: Month = '2014-01'", "annotated 'Month', which cannot be checked"),
        ("n: typing.Optional[int] = 1", "cannot be checked"),
        ("n = 1\nn = 2", "twice"),
        ("n: Annotated[int, '1 <= n <= 9'] = 10", "n = 10 is outside its range"),
        ("n: Annotated[int, 'few'] = 3", "not a comparison"),
        ("n: Annotated[int, 'n < limit'] = 3", "not a comparison"),
        ("n: Annotated[int, 'n < __import__(1)'] = 3", "not a comparison"),
        ("n: Annotated[int, \"n < 'x'\"] = 3", "compares unlike things"),
    ],
)
def test_a_cell_that_does_more_than_assign_literals_is_refused(cell, said):
    with pytest.raises(BuildError, match=said):
        read_parameters(cell, "nb")
