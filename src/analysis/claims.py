"""Ties a number that a reader sees to the value that the data gives.

A sentence is a template without numbers: years may stand in it, every other number comes in
through a named field and is formatted there (`"fell by {fall:.0f} %"`). A printed figure is
compared with the recomputed one in a cell that fails when they part.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from typing import Any

import pandas as pd

from analysis.models.checks import Check, Interval

#: The kind of output that a page lists as a finding.
FINDING = "application/vnd.notebook-build.finding.v1+json"

YEAR = re.compile(r"\b(?:19|20)\d\d\b")


class _Quoted(string.Formatter):
    """str.format that refuses missing numbers and writes a true minus sign."""

    def format_field(self, value: Any, spec: str) -> str:
        if isinstance(value, Real) and math.isnan(value):
            raise ValueError("a quoted number is missing (NaN): say what is unknown instead")
        text = super().format_field(value, spec)
        return text.replace("-", "−") if isinstance(value, Real) else text


def quote(template: str, **values: Any) -> str:
    """The sentence with its numbers.

    `values` are the fields of `template`, as in `str.format`. Raises ValueError for a template
    in which a number other than a year is typed, and for a value that is missing.

    >>> quote("In 2018 imports changed by {change:.1f} %.", change=-87.68)
    'In 2018 imports changed by −87.7 %.'
    """
    typed = "".join(literal for literal, *_ in string.Formatter().parse(template))
    number = re.search(r"\d[\d.,]*", YEAR.sub("", typed))
    if number:
        raise ValueError(
            f"the sentence {template!r} has the number {number.group()!r} typed into it: "
            "name a field for it and pass the value"
        )
    return _Quoted().format(template, **values)


@dataclass(frozen=True)
class Prose:
    """A paragraph of Markdown whose numbers come from the data."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text


def prose(template: str, **values: Any) -> Prose:
    """A Markdown paragraph made as `quote` makes a sentence."""
    return Prose(quote(template, **values))


@dataclass(frozen=True)
class Finding:
    """One sentence for a page's summary and, where there is one, its number with an interval.

    `lower` and `upper` enclose `value` (both ends inside), at `level` (0.95, say); a `level` of
    None marks limits that hold without a probability. All in `unit`; None where there is none.
    `csv` is the text of the published rows that it rests on; empty where none are named. `also`
    gives the same quantity by other definitions, vintages or windows: label to (value, lower,
    upper), in `unit` at `level`.
    """

    id: str
    sentence: str
    value: float | None = None
    unit: str = ""
    lower: float | None = None
    upper: float | None = None
    level: float | None = None
    csv: str = ""
    also: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.lower is None) != (self.upper is None):
            raise ValueError(f"finding {self.id}: an interval needs both ends")
        told = {self.id: (self.value, self.lower, self.upper)} if self.lower is not None else {}
        for name, (value, lower, upper) in (told | self.also).items():
            if not lower <= (lower if value is None else value) <= upper:
                raise ValueError(
                    f"finding {name}: {value} lies outside its interval [{lower}, {upper}]"
                )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {FINDING: self.__dict__.copy(), "text/plain": self.sentence}


def finding(
    id: str,
    template: str,
    *,
    value: float | None = None,
    unit: str = "",
    lower: float | None = None,
    upper: float | None = None,
    level: float | None = None,
    rows: pd.DataFrame | None = None,
    also: Mapping[str, tuple[float, float, float]] | None = None,
    **values: Any,
) -> Finding:
    """A `Finding` whose sentence is made as `quote` makes it.

    `value`, `lower`, `upper` and `level` can be fields of `template` beside `values`. `rows` are
    the rows of a table of observations that the number rests on; the page shows them beside it.
    """
    numbers = {"value": value, "lower": lower, "upper": upper, "level": level}
    known = {name: number for name, number in numbers.items() if number is not None}
    plain = {name: float(number) for name, number in known.items()}
    csv = "" if rows is None else source_rows(rows)
    others = {label: tuple(map(float, ends)) for label, ends in (also or {}).items()}
    sentence = quote(template, **known, **values)
    return Finding(id, sentence, unit=unit, csv=csv, also=others, **plain)


#: What of an observation tells a reader where it stands, what was printed, and by whom.
SOURCE_COLUMNS = (
    *("table", "line", "first", "last", "flow", "supplier", "product"),
    *("printed", "quantity_printed", "barrels_printed", "yoy_printed", "currency"),
    *("quantity_unit", "source_publisher", "source_date", "source"),
)


def source_rows(rows: pd.DataFrame) -> str:
    """Rows of observations as CSV: place, print and source of each, sorted by table and line.

    Rows of other tables keep their order and all columns; columns without any entry are left
    out. Raises ValueError when there is no row.
    """
    if rows.empty:
        raise ValueError("a finding's rows are empty: pass those that its number rests on")
    if {"table", "line", "source_publisher"} <= set(rows):
        known = [name for name in SOURCE_COLUMNS if name in rows]
        rows = rows[known].sort_values(["table", "line"])
    filled = rows.dropna(axis="columns", how="all")
    return filled.to_csv(index=False, lineterminator="\n", float_format="%.8g")


def compare(
    name: str, computed: float | Interval, printed: str, *, within: float | None = None
) -> Check:
    """Whether the recomputed interval meets the figure as it was printed.

    `computed` is a number or an interval with both ends inside. `printed` is the figure in the
    digits of its source (`"-54.7"`, `"91,909"`): it stands for all numbers that round to it, or,
    if `within` is given, for all that lie at most so far from it (same unit).

    >>> compare("January-October 2018", (-54.9, -54.6), "-54.7").verdict
    'pass'
    >>> compare("January-October 2018", -55.3, "-54.7").verdict
    'fail'
    """
    figure = Decimal(printed.replace(",", "").replace("−", "-"))
    slack = float(Decimal(1).scaleb(figure.as_tuple().exponent) / 2) if within is None else within
    lower, upper = computed if isinstance(computed, tuple) else (computed, computed)
    # Rounding is done on decimals, so a figure exactly on the edge still rounds to the printed one.
    margin = slack + 1e-9 * max(1.0, abs(float(figure)))
    meets = lower <= float(figure) + margin and upper >= float(figure) - margin
    span = f"{lower:,.6g}" if lower == upper else f"{lower:,.6g} to {upper:,.6g}"
    sentence = f"{name}: printed {printed} (±{slack:g}), recomputed {span}"
    return Check(name, "pass" if meets else "fail", (lower, upper), sentence)


def check(
    name: str, computed: float | Interval, printed: str, *, within: float | None = None
) -> Check:
    """`compare`, and raise AssertionError with both numbers unless they meet."""
    result = compare(name, computed, printed, within=within)
    if result.verdict != "pass":
        raise AssertionError(
            f"{result.sentence}. If the data has changed, mend the sentence that quotes it."
        )
    return result
