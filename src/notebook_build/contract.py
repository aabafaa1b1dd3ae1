"""Figures and findings as a notebook hands them over, checked before they enter a page."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from notebook_build import FIGURE, FINDING, BuildError

FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
ANCHOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
NEEDED = ("id", "title", "source", "alt", "svg", "csv")
NUMBER = re.compile(r"[-+−]?[\d., ]*\d(?:[eE][-+]?\d+)?\s*%?")
#: A cell that starts so is a formula to a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Figure:
    id: str
    title: str
    subtitle: str
    source: str
    note: str
    alt: str
    svg: str
    csv: str


@dataclass(frozen=True)
class Finding:
    """A sentence, its number with an interval at `level`, and the rows that it rests on as CSV."""

    id: str
    sentence: str
    value: float | None
    unit: str
    lower: float | None
    upper: float | None
    level: float | None
    csv: str = ""
    also: dict[str, list[float]] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The value with its unit; empty where there is no value."""
        if self.value is None:
            return ""
        return with_unit(readable(self.value, self.decimals), self.unit)

    @property
    def interval(self) -> str:
        """The interval in words; empty where there is none, or none in the digits shown.

        Without a level it is of limits.
        """
        if self.lower is None or self.upper is None:
            return ""
        ends = [readable(end, self.decimals) for end in (self.lower, self.upper)]
        if ends[0] == ends[1]:
            return ""
        prefix = f"{100 * self.level:g} % interval" if self.level else "limits"
        return with_unit(f"{prefix} {ends[0]} to {ends[1]}", self.unit)

    @property
    def decimals(self) -> int:
        """As many as show the interval's width, three units of the last digit at least.

        Two at most, or four digits of the value where these are more. Without an interval, four
        digits. Zeros that all its numbers end in are left out: a count is no 16.00.
        """
        numbers = [self.value, self.lower, self.upper]
        told = [number for number in numbers if number is not None and math.isfinite(number)]
        most = self.most_decimals
        return next(
            fewer
            for fewer in range(most + 1)
            if all(round(number, fewer) == round(number, most) for number in told)
        )

    @property
    def most_decimals(self) -> int:
        size = abs(self.value or self.upper or self.lower or 0)
        digits = 3 - math.floor(math.log10(size)) if size and math.isfinite(size) else 0
        width = math.inf if None in (self.lower, self.upper) else self.upper - self.lower
        if width <= 0 or not math.isfinite(width):
            return min(max(0, digits), 6)
        return min(max(0, math.ceil(math.log10(3 / width))), max(2, digits), 6)

    @property
    def rows(self) -> list[list[str]]:
        """The rows that it rests on, the heading first; empty where the notebook gave none."""
        return list(csv.reader(io.StringIO(self.csv)))


def figures_of(cell: Any, where: str) -> list[Figure]:
    """The figures among a cell's outputs.

    Raises BuildError for one that lacks what a reader needs, and for a picture without contract.
    """
    return [read_figure(data[FIGURE], where) for data in bundles(cell, where) if FIGURE in data]


def findings_of(cell: Any, where: str) -> list[Finding]:
    return [read_finding(data[FINDING], where) for data in bundles(cell, where) if FINDING in data]


def bundles(cell: Any, where: str) -> list[dict[str, Any]]:
    """The MIME bundles among a cell's outputs."""
    found = [output["data"] for output in cell.get("outputs", ()) if "data" in output]
    for data in found:
        refuse_bare_picture(data, where)
    return found


def refuse_bare_picture(data: dict[str, Any], where: str) -> None:
    pictures = [kind for kind in data if kind.startswith("image/")]
    if pictures and FIGURE not in data and FINDING not in data:
        raise BuildError(
            f"{where} shows a picture ({pictures[0]}) without title, source, alt text and data. "
            f"Display it as {FIGURE}."
        )


def read_figure(payload: dict[str, Any], where: str) -> Figure:
    missing = [name for name in NEEDED if not str(payload.get(name) or "").strip()]
    if missing:
        raise BuildError(f"{where}: its figure lacks {', '.join(missing)}.")
    if not FILE_NAME.fullmatch(payload["id"]):
        raise BuildError(
            f"{where}: figure id {payload['id']!r} is not of small letters, digits, - and _."
        )
    rows = list(csv.reader(io.StringIO(payload["csv"])))
    if len(rows) < 2:
        raise BuildError(f"{where}: the data of figure {payload['id']} holds no row.")
    texts = {name: str(payload.get(name) or "") for name in Figure.__dataclass_fields__}
    return Figure(**texts | {"csv": without_formulas(rows)})


def read_finding(payload: dict[str, Any], where: str) -> Finding:
    missing = [name for name in ("id", "sentence") if not payload.get(name)]
    if missing:
        raise BuildError(f"{where}: its finding lacks {', '.join(missing)}.")
    if not ANCHOR.fullmatch(str(payload["id"])):
        raise BuildError(
            f"{where}: finding id {payload['id']!r} holds more than letters, digits, _.-"
        )
    numbers = {name: payload.get(name) for name in ("value", "lower", "upper", "level")}
    for name, number in numbers.items():
        if number is not None and not isinstance(number, int | float):
            raise BuildError(
                f"{where}: {name} of finding {payload['id']} is {number!r}, no number."
            )
    rows = list(csv.reader(io.StringIO(str(payload.get("csv") or ""))))
    if len(rows) == 1:
        raise BuildError(f"{where}: the source rows of finding {payload['id']} are none.")
    return Finding(
        csv=without_formulas(rows),
        id=str(payload["id"]),
        sentence=str(payload["sentence"]),
        unit=str(payload.get("unit") or ""),
        also={str(label): list(ends) for label, ends in (payload.get("also") or {}).items()},
        **numbers,
    )


def without_formulas(rows: list[list[str]]) -> str:
    """The table as CSV; text that a spreadsheet would run as a formula gets an apostrophe.

    >>> without_formulas([["a"], ["=1+1"], ["-3.5"]])
    "a\\n'=1+1\\n-3.5\\n"
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(inert_row, rows))
    return text.getvalue()


def inert_row(row: list[str]) -> list[str]:
    return [f"'{entry}" if is_formula(entry) else entry for entry in row]


def is_formula(entry: str) -> bool:
    return entry.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(entry)


def readable(number: float, decimals: int) -> str:
    """The number with thousands parted and a true minus sign.

    >>> readable(-88.234, 1)
    '−88.2'
    >>> readable(19345.2, 0)
    '19,345'
    """
    if not math.isfinite(number):
        return "unbounded"
    # Adding zero turns a rounded -0.0 into 0.0.
    return f"{round(number, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}".strip()


def typographic(text: str) -> Markup:
    """Escaped text whose numbers keep their unit on the same line."""
    return Markup(re.sub(r"(\d) (%|percent|million|billion)", r"\1&nbsp;\2", str(escape(text))))
