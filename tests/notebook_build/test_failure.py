"""A failure is told in ten readable lines."""

from notebook_build.failure import describe

TRACEBACK = """\x1b[31mTypeError\x1b[0m   Traceback (most recent call last)
Cell In[3], line 2
      1 x = 1
----> 2 fit(x)

File src/shop/prices.py:41, in fit(x)
File src/shop/inner.py:7, in deeper(x)
TypeError: no"""


def cells(printed=""):
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return [
        {"cell_type": "markdown", "source": "# Title\n\n## Did it fall?\n\ntext"},
        {"cell_type": "code", "source": "x = 1\nfit(x)", "outputs": outputs},
        {"cell_type": "markdown", "source": "## Later"},
    ]


def test_it_says_where_what_and_what_was_printed_last():
    told = describe(cells("one\n\ntwo\n"), 1, "TypeError: no", TRACEBACK)
    assert told.splitlines() == [
        'cell 2 of 3, under "Did it fall?"',
        "TypeError: no",
        "line 2: fit(x)",
        "raised in src/shop/inner.py:7",
        "last output:",
        "one",
        "two",
    ]


def test_it_is_never_longer_than_ten_lines_and_keeps_the_end_of_the_output():
    printed = "\n".join(f"line {number} " + "x" * 500 for number in range(100))
    told = describe(cells(printed), 1, "E: a\nb\nc\nd\ne", TRACEBACK).splitlines()
    assert len(told) == 10
    assert told[-1].startswith("line 99")
    assert max(map(len, told)) <= 160
