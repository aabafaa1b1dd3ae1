"""The function that drew a figure is read from the code of the notebook."""

import pytest

from notebook_build.calls import Calls

SETUP = "import shop\nimport shop.prices as prices\nfrom shop.drawing import fall, quote as q"


@pytest.mark.parametrize(
    ("cell", "functions"),
    [
        ("fall(data, title=q('x'))", ["shop.drawing.fall"]),
        ("display(fall(data), 1)", ["shop.drawing.fall", ""]),
        ("display(q('x'), prices.rise(data))", ["shop.drawing.quote", "shop.prices.rise"]),
        ("figure = fall(data)\nfigure", ["shop.drawing.fall"]),
        ("shop.drawing.rise(data)", ["shop.drawing.rise"]),
        ("prices.rise(data).show()", ["shop.prices.rise"]),
        ("data.plot()", [""]),
        ("x = fall(data)", []),
        ("", []),
        ("%time fall(data)", []),
    ],
)
def test_the_functions_that_a_cell_shows_the_results_of(cell, functions):
    calls = Calls()
    calls.read(SETUP)
    assert calls.read(cell) == functions


def test_a_figure_made_earlier_is_found():
    calls = Calls()
    for cell in (SETUP, "made = fall(data)", "other = 1"):
        calls.read(cell)
    assert calls.read("made") == ["shop.drawing.fall"]


def test_a_name_that_stands_for_itself_ends():
    calls = Calls()
    assert calls.read("a = a\na") == [""]
