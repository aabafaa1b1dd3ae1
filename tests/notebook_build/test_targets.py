"""The page of a run is named by its parameters, and never another's."""

from pathlib import Path

import pytest

from notebook_build import BuildError
from notebook_build.notebook import Notebook
from notebook_build.targets import as_name, run_target

CELL = 'flow: str = "all"\nfirst = "2014-01"\nshare = 0.5\ncodes = ["27"]\nlimit: int | None = 3'


@pytest.fixture
def notebook():
    cell = {"cell_type": "code", "source": CELL, "metadata": {"tags": ["parameters"]}}
    return Notebook("fall", Path("fall.ipynb"), "Fall", "Why?", (), (), (cell,))


def test_name_and_title_tell_the_parameters_in_any_order(notebook):
    one = run_target(notebook, {"first": "2016-12", "flow": "import"}, ())
    other = run_target(notebook, {"flow": "import", "first": "2016-12"}, ())
    assert one == other
    assert one.name == "fall--first-2016-12--flow-import"
    assert one.page.title == "Fall (first = 2016-12, flow = import)"
    assert one.parameters == {
        "flow": "import", "first": "2016-12", "share": 0.5, "codes": ["27"], "limit": 3
    }  # fmt: skip


def test_what_equals_its_default_makes_no_other_page(notebook):
    assert run_target(notebook, {"flow": "x", "share": "0.5"}, ()).given == {"flow": "x"}
    with pytest.raises(BuildError, match=r"no parameter differs.*that page is fall\.html"):
        run_target(notebook, {"share": "0.5"}, ())
    with pytest.raises(BuildError, match="no parameter differs"):
        run_target(notebook, {}, ())


@pytest.mark.parametrize(
    "given",
    [
        {"flow": "a/b"},
        {"flow": "a b"},
        {"flow": "../../etc"},
        {"flow": "朝鲜"},
        {"flow": "x" * 300},
        {"flow": ""},
        {"codes": ["a", "b"]},
        {"codes": ("a", "b")},
        {"flow": "a--b"},
        {"limit": None},
    ],
)
def test_a_name_is_a_safe_file_name_and_no_other_values_share_it(given):
    name = as_name(given)
    assert len(name) < 200
    assert all(sign.isascii() and (sign.isalnum() or sign in "._-") for sign in name)
    texts = {key: str(value) for key, value in given.items()}
    assert texts == given or as_name(texts) != name


def test_a_page_of_a_notebook_is_never_taken(notebook):
    with pytest.raises(BuildError, match="belongs to a notebook"):
        run_target(notebook, {"flow": "x"}, ["fall--flow-x"])
