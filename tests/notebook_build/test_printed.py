"""A flood is cut in the middle, the same however it came in."""

import random

import pytest

from notebook_build.failure import CellFailure
from notebook_build.printed import DISPLAYED, END, OUTPUTS, START, Printed


def printed_in_pieces(text: str, seed: int) -> str:
    chance = random.Random(seed)
    printed, kept = Printed(), ""
    while text:
        size = chance.randint(1, 2 * START)
        kept += printed.kept("stdout", text[:size])
        text = text[size:]
    return kept + printed.endings().get("stdout", "")


def test_what_fits_is_kept_whole():
    for size in (0, 1, START, START + END):
        text = "".join(chr(97 + place % 26) for place in range(size))
        assert printed_in_pieces(text, seed=size) == text


def test_the_start_and_the_end_of_a_flood_stay_and_the_pieces_do_not_matter():
    text = "\n".join(f"line {number}" for number in range(100_000))
    results = {printed_in_pieces(text, seed) for seed in range(20)}
    (result,) = results
    left_out = len(text) - START - END
    assert result == (f"{text[:START]}\n[... {left_out:,} characters left out ...]\n{text[-END:]}")


def test_streams_are_counted_apart():
    printed = Printed()
    printed.kept("stdout", "a" * (START + END + 1))
    assert printed.kept("stderr", "b") == "b"
    assert list(printed.endings()) == ["stdout"]


def test_more_outputs_or_larger_ones_than_a_page_holds_fail():
    printed = Printed()
    for _ in range(OUTPUTS):
        printed.count({"text/plain": "x"})
    with pytest.raises(CellFailure, match="more than 1,000 outputs"):
        printed.count({"text/plain": "x"})
    with pytest.raises(CellFailure, match="characters of tables and pictures"):
        Printed().count({"text/html": "x" * (DISPLAYED + 1)})
