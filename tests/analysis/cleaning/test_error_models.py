"""What a misprint may have meant, and which of two suspects is the likelier misprint."""

import numpy as np
import pytest

from analysis.cleaning.conflicts import ROBUST_TOLERANCE, least_rejection
from analysis.cleaning.error_models import SLIP_SHARE, Misprint, typing_slips
from analysis.cleaning.system import INFINITY, Row, Solver, Statement, make_system


def typed(name: str, terms: dict[str, float], value: float, unit: float = 0.1) -> Statement:
    """A figure of one publisher, printed to `unit`."""
    form = tuple(terms.items())
    error = Misprint(
        above=form,
        below=(),
        unit=unit,
        range=max(value / unit, 10.0),
        meant=tuple(
            (chance, meant - unit, meant + unit) for meant, chance in typing_slips(value, unit)
        ),
    )
    return Statement(
        name, "level", (Row(form, value - unit, value + unit),), 3.0, (name,), error=error
    )


def release(export: float, imports: float, total: float):
    """Exports, imports and total of one release, in units of 0.1, with no other figure."""
    return make_system(
        ["e", "i"],
        [
            typed("export", {"e": 1.0}, export),
            typed("import", {"i": 1.0}, imports),
            typed("total", {"e": 1.0, "i": 1.0}, total),
            Statement("signs", "definition", (Row((("e", 1.0),), 0, INFINITY),), INFINITY),
        ],
    )


@pytest.mark.parametrize(
    ("value", "unit", "meant"),
    [
        (219.9, 0.1, [229.9, 21.99, 2199.0, 129.9, 299.1]),  # a digit, a power of ten, swapped
        (0.123, 0.001, [0.132, 0.213, 1.23, 0.0123]),
        (-40.0, 1.0, [-41.0, -400.0]),
    ],
)
def test_the_slips_that_print_a_figure(value, unit, meant):
    slips = typing_slips(value, unit)
    figures = [figure for figure, _ in slips]
    for one in meant:
        assert np.isclose(figures, one).any() == (abs(one) != 299.1)
    assert sum(chance for _, chance in slips) == pytest.approx(1.0)
    assert not np.isclose(figures, value).any()


def test_two_equal_digits_cannot_be_swapped():
    assert sum(chance for _, chance in typing_slips(44.0, 1.0)) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("figures", "fallen", "others"),
    [
        ((200.7, 19.2, 219.9), None, set()),  # adds up
        ((200.7, 192.0, 219.9), "import", set()),  # ten times too high
        ((270.7, 19.2, 226.9), "export", set()),  # digits swapped; 289.9 is no slip of 226.9
        ((200.7, 59.2, 219.9), "import", {"total"}),  # one digit: 19.2, or a total of 259.9
        ((243.6, 57.1, 219.9), "import", set()),  # no slip mends it: the figure of fewest digits
    ],
)
def test_a_typing_slip_is_told_from_the_sound_figures_of_its_release(figures, fallen, others):
    system = release(*figures)
    rejection = least_rejection(system)
    names = {system.statements[index].id for index in rejection.chosen}
    assert names == ({fallen} if fallen else set())
    named = rejection.suspects(ROBUST_TOLERANCE)
    assert {system.statements[o].id for odds in named.values() for o in odds} == others
    for odds in rejection.odds.values():
        assert max(odds.values()) == 1.0


def test_suspects_that_one_digit_would_mend_share_the_blame():
    """124.7, 313.0 or 435.9 would add up: a digit each."""
    rejection = least_rejection(release(123.7, 312.0, 436.9))
    (index,) = rejection.chosen
    (others,) = rejection.suspects(ROBUST_TOLERANCE).values()
    assert len(others) == 2 and index not in others
    assert all(0.2 < share < 0.5 for share in others.values())
    assert sum(others.values()) < 1


def test_a_second_publisher_outweighs_a_likelier_slip():
    """Imports look like a slip, but two publishers print them: the weight has the last word."""
    figures = list(release(200.7, 192.0, 219.9).statements)
    figures[1] = Statement(**{**vars(figures[1]), "weight": 9.0})
    rejection = least_rejection(make_system(["e", "i"], figures))
    assert 1 not in rejection.chosen


def test_what_contradicts_something_new_is_no_exchange():
    """With the total out all is well; with imports out the second print of the total still is."""
    figures = [*release(200.7, 192.0, 219.9).statements]
    figures.append(typed("total again", {"e": 1.0, "i": 1.0}, 392.7))
    system = make_system(["e", "i"], figures)
    rejection = least_rejection(system)
    assert {system.statements[index].id for index in rejection.chosen} == {"total"}
    assert rejection.suspects(ROBUST_TOLERANCE) == {}


def test_the_likelihood_is_that_of_the_slips_that_the_rest_allows():
    """One wrong digit of three, of 27, in an interval of two values."""
    figure = typed("x", {"x": 1.0}, 21.3).error
    allowed = (26.25, 26.45)
    expected = SLIP_SHARE * (1 / 3 / 27) / 2 + (1 - SLIP_SHARE) / 213
    assert figure.log_likelihood(allowed) == pytest.approx(np.log(expected))
    # 26.3 is one digit away; nowhere near, only another kind of misprint is left.
    assert figure.log_likelihood((500.0, INFINITY)) == pytest.approx(np.log((1 - SLIP_SHARE) / 213))


@pytest.mark.parametrize(("high", "expected"), [(3.0, (2 / 3, 4.0)), (INFINITY, (-INFINITY, 4.0))])
def test_the_extremes_of_a_ratio(high, expected):
    """a in [2, 4], b in [1, high]: a / b attains 2 / high and 4; without a high end, no least."""
    rows = [
        Statement("a", "level", (Row((("a", 1.0),), 2, 4),), 1.0),
        Statement("b", "level", (Row((("b", 1.0),), 1, high),), 1.0),
    ]
    solver = Solver(make_system(["a", "b"], rows))
    lower, upper = solver.ratio_interval([("a", 1.0)], [("b", 1.0)])
    assert upper == pytest.approx(expected[1], abs=1e-3)
    assert lower == pytest.approx(expected[0], abs=1e-3)
