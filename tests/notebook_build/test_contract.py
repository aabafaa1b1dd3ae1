"""A figure without what a reader needs is refused, and the cell is named."""

import pytest

from notebook_build import FIGURE, FINDING, BuildError
from notebook_build.contract import figures_of, findings_of, readable, without_formulas


def cell(*bundles):
    return {"outputs": [{"output_type": "display_data", "data": bundle} for bundle in bundles]}


def test_a_sound_figure_passes_with_its_data(figure):
    (found,) = figures_of(cell({FIGURE: figure(), "text/plain": "x"}), "nb: cell 4")
    assert (found.id, found.title, found.note) == ("fall", "Prices fell", "")
    assert found.csv == "day,price\n1,3\n2,1\n"


@pytest.mark.parametrize("part", ["id", "title", "source", "alt", "svg", "csv"])
@pytest.mark.parametrize("empty", ["", "  ", None])
def test_a_figure_that_lacks_a_part_is_refused(figure, part, empty):
    with pytest.raises(BuildError, match=f"nb: cell 4: its figure lacks {part}"):
        figures_of(cell({FIGURE: figure(**{part: empty})}), "nb: cell 4")


def test_a_figure_without_rows_of_data_is_refused(figure):
    with pytest.raises(BuildError, match="holds no row"):
        figures_of(cell({FIGURE: figure(csv="day,price\n")}), "nb: cell 4")


@pytest.mark.parametrize("bad", ["../up", "a b", "A", "a/b", "-x"])
def test_an_id_that_is_no_file_name_is_refused(figure, bad):
    with pytest.raises(BuildError, match="figure id"):
        figures_of(cell({FIGURE: figure(id=bad)}), "nb: cell 4")


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "image/jpeg"])
def test_a_picture_outside_the_contract_is_refused(kind):
    with pytest.raises(BuildError, match="nb: cell 4 shows a picture"):
        figures_of(cell({kind: "...", "text/plain": "<Figure>"}), "nb: cell 4")


def test_a_finding_tells_its_number_and_interval():
    payload = {"id": "x", "sentence": "It fell.", "value": -88.234, "unit": "%"}
    (found,) = findings_of(
        cell({FINDING: payload | {"lower": -90.1, "upper": -85, "level": 0.95}}), "nb"
    )
    # Digits below the width of the interval would claim what it denies.
    assert found.number == "−88 %"
    assert found.interval == "95 % interval −90 to −85 %"


def test_a_finding_without_number_has_only_its_sentence():
    (found,) = findings_of(cell({FINDING: {"id": "x", "sentence": "It fell."}}), "nb")
    assert (found.number, found.interval) == ("", "")


@pytest.mark.parametrize(
    "payload", [{"id": "x"}, {"sentence": "y"}, {"id": "x", "sentence": "y", "value": "many"}]
)
def test_a_finding_without_sentence_or_with_a_word_for_a_number_is_refused(payload):
    with pytest.raises(BuildError, match="nb: cell 2"):
        findings_of(cell({FINDING: payload}), "nb: cell 2")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.00012345678, "0.000123"), (12.345678, "12.35"), (19345.2, "19,345"), (16, "16")],
)
def test_a_number_alone_keeps_about_four_digits(value, text):
    assert told(value=value).number == text


@pytest.mark.parametrize(
    ("value", "lower", "upper", "number", "interval"),
    [
        (-91.709, -91.718, -91.699, "−91.71", "limits −91.72 to −91.70"),
        (-54.7, -54.89, -54.51, "−54.7", "limits −54.9 to −54.5"),
        (-33.4, -34.0, -32.8, "−33.4", "limits −34.0 to −32.8"),
        (2571.3, 2571.2, 2571.4, "2,571.3", "limits 2,571.2 to 2,571.4"),
        (120.0, 15.0, 260.0, "120", "limits 15 to 260"),
        (3.0, 2.0, float("inf"), "3", "limits 2 to unbounded"),
        # Limits that read the same say nothing beside the number.
        (16.0, 16.0, 16.0, "16", ""),
        (2.5933, 2.59327, 2.59333, "2.593", ""),
        (0.0, -0.0001, 2.0, "0", "limits 0 to 2"),
    ],
)
def test_an_interval_sets_the_decimals_of_all_its_numbers(value, lower, upper, number, interval):
    found = told(value=value, lower=lower, upper=upper)
    assert (found.number, found.interval) == (number, interval)


def told(**numbers):
    (found,) = findings_of(cell({FINDING: {"id": "a", "sentence": "So.", **numbers}}), "nb: cell 2")
    return found


def test_the_rows_of_a_finding_come_with_it_and_none_is_refused():
    found = told(csv="publisher,printed\nKBS,=1\n")
    assert found.rows == [["publisher", "printed"], ["KBS", "'=1"]]
    with pytest.raises(BuildError, match="the source rows of finding a are none"):
        told(csv="publisher,printed\n")


@pytest.mark.parametrize(
    ("number", "text"), [(-88.234, "−88.2"), (19345.2, "19,345.2"), (-0.01, "0.0")]
)
def test_numbers_are_readable(number, text):
    assert readable(number, 1) == text


@pytest.mark.parametrize("formula", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1"])
def test_a_formula_in_a_text_column_becomes_text(formula):
    assert without_formulas([["a"], [formula]]).splitlines()[1].lstrip('"').startswith("'")


@pytest.mark.parametrize("number", ["-3.5", "+2", "-1,234.5", "−4 %", "1e-5", "-1e5", ""])
def test_numbers_stay_as_they_are(number):
    table = without_formulas([["a", "b"], [number, "x"]])
    assert "'" not in table
