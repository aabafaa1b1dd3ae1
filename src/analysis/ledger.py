"""From findings to verdicts: each claim's parts are put to rules, and the rules give the verdict.

A part of a claim is a test of one finding, or of the same quantity by several definitions
(vintages, baselines, estimators). Each test answers `holds`, `fails`, or `open` where the
finding's interval reaches across the line. Then:

- a part holds where it holds by every definition, fails where it fails by every one, and has a
  caveat in all other cases;
- a claim is *wrong as worded* when a part fails, *not testable with this data* when no part can
  be tested, *holds with a caveat* when a part has one or cannot be tested, and else *holds*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.claims import compare, quote

HOLDS = "holds"
CAVEAT = "holds with a caveat"
WRONG = "wrong as worded"
NOT_TESTABLE = "not testable with this data"
VERDICTS = (HOLDS, CAVEAT, WRONG, NOT_TESTABLE)
#: A comparison in time that fewer months carry decides nothing: one season is not seen twice.
LEAST_MONTHS = 12
#: What one test of one finding can answer.
PASSES, FAILS, OPEN = "holds", "fails", "open"


class LedgerError(ValueError):
    """An entry that the findings or the claims cannot serve; says which and what to do."""


@dataclass(frozen=True)
class Result:
    """A finding as a page hands it over, with where it stands. Units and signs are the page's."""

    id: str
    sentence: str
    value: float | None
    unit: str
    lower: float | None
    upper: float | None
    level: float | None
    notebook: str
    anchor: str

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end, or the value twice. Raises LedgerError where there is no number."""
        ends = (self.lower, self.upper) if self.lower is not None else (self.value, self.value)
        if None in ends:
            raise LedgerError(
                f"finding {self.id} of {self.notebook} has no number: give it one, or let the "
                "ledger's entry rest on another"
            )
        return ends


Results = Mapping[str, Result]


@dataclass(frozen=True)
class Meets:
    """The finding's interval meets the figure that the claim names, read as its digits say.

    `within` replaces the rounding of the digits where the claim is in words ("one third").
    """

    figure: str
    within: float | None = None

    def answer(self, result: Result) -> str:
        met = compare(result.id, result.interval, self.figure, within=self.within)
        return PASSES if met.verdict == "pass" else FAILS

    @property
    def rule(self) -> str:
        slack = "as rounded" if self.within is None else f"to within {self.within:g}"
        return f"the interval meets {self.figure} ({slack})"


@dataclass(frozen=True)
class Above:
    """The whole interval lies at or above `bound`; below it fails, across it is open."""

    bound: float

    def answer(self, result: Result) -> str:
        lower, upper = result.interval
        return PASSES if lower >= self.bound else FAILS if upper < self.bound else OPEN

    @property
    def rule(self) -> str:
        return f"the whole interval lies at or above {self.bound:g}"


@dataclass(frozen=True)
class Below:
    """The whole interval lies at or below `bound`; above it fails, across it is open."""

    bound: float

    def answer(self, result: Result) -> str:
        lower, upper = result.interval
        return PASSES if upper <= self.bound else FAILS if lower > self.bound else OPEN

    @property
    def rule(self) -> str:
        return f"the whole interval lies at or below {self.bound:g}"


@dataclass(frozen=True)
class Part:
    """One thing that a claim says. `by` names the findings that measure it, by definition.

    A part without findings cannot be tested with the tables that we have, nor one whose comparison
    fewer than `LEAST_MONTHS` months carry (the value of the finding `carried_by`); `needs` says
    what data would test it.
    """

    says: str
    test: Meets | Above | Below | None = None
    by: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    carried_by: str = ""

    def __post_init__(self) -> None:
        tested, untested = bool(self.by and self.test), not (self.by or self.test)
        if not (tested or untested) or bool(self.needs) != (untested or bool(self.carried_by)):
            raise LedgerError(
                f"part {self.says!r}: expected either findings with a test, or what data it needs"
            )

    def is_testable(self, results: Results) -> bool:
        if not self.by:
            return False
        months = find(results, self.carried_by).value if self.carried_by else LEAST_MONTHS
        return months is not None and months >= LEAST_MONTHS

    def status(self, results: Results) -> str:
        """`holds`, `fails`, `caveat` or `untestable`."""
        if not self.is_testable(results):
            return "untestable"
        answers = set(self.answers(results).values())
        if answers == {PASSES}:
            return "holds"
        return "fails" if answers == {FAILS} else "caveat"

    def answers(self, results: Results) -> dict[str, str]:
        """What the test answers by each definition."""
        return {label: self.test.answer(find(results, name)) for label, name in self.by.items()}


@dataclass(frozen=True)
class Source:
    """Printed rows that a claim rests on: a table, and the periods (as printed) and flow of it."""

    table: str
    periods: tuple[str, ...] = ()
    flow: str = ""


@dataclass(frozen=True)
class Entry:
    """How one claim is judged.

    `main` is the finding whose number stands in the ledger. `fair` is what a fair wording would
    be: a template whose fields are `{name}`, `{name_lower}` or `{name_upper}` of the findings in
    `numbers` (name -> finding). `sensitivity` names findings that show the same by another
    vintage, definition or window.
    """

    id: str
    main: str
    parts: tuple[Part, ...]
    fair: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    sensitivity: Mapping[str, str] = field(default_factory=dict)
    rests_on: tuple[Source, ...] = ()


def read_results(folder: Path) -> dict[str, Result]:
    """All findings of the pages in `folder` (reports/findings), by id.

    Raises LedgerError for an id that two pages use.
    """
    results: dict[str, Result] = {}
    for file in sorted(folder.glob("*.json")):
        for entry in json.loads(file.read_text(encoding="utf-8")):
            result = Result(**entry)
            if result.id in results:
                raise LedgerError(
                    f"finding {result.id!r} stands on {results[result.id].notebook} and on "
                    f"{result.notebook}: rename one"
                )
            results[result.id] = result
    return results


def find(results: Results, name: str) -> Result:
    """The finding `name`. Raises LedgerError, naming near ones, where no page has it."""
    if name not in results:
        near = sorted(known for known in results if known.startswith(name.rpartition("-")[0]))
        raise LedgerError(
            f"no page has a finding {name!r} (there are {', '.join(near) or 'none like it'}): "
            "build all pages, or mend the ledger's entry"
        )
    return results[name]


def verdict(entry: Entry, results: Results) -> str:
    """One of `VERDICTS`, by the rules at the head of this module."""
    statuses = [part.status(results) for part in entry.parts]
    if "fails" in statuses:
        return WRONG
    if set(statuses) == {"untestable"}:
        return NOT_TESTABLE
    return HOLDS if set(statuses) == {"holds"} else CAVEAT


def fair_wording(entry: Entry, results: Results) -> str:
    """The fair wording with its numbers, signs as the pages give them."""
    values: dict[str, float] = {}
    for name, finding in entry.numbers.items():
        result = find(results, finding)
        number, (lower, upper) = result.value, result.interval
        values |= {name: number, f"{name}_lower": lower, f"{name}_upper": upper}
    return quote(entry.fair, **values)


def reasons(entry: Entry, results: Results) -> list[str]:
    """A line for each part: what it says, by which rule it was judged, and the answers."""
    lines = []
    for part in entry.parts:
        if not part.is_testable(results):
            lines.append(f"{part.says}: cannot be tested; it would take {part.needs}")
            continue
        answers = part.answers(results)
        same = set(answers.values())
        told = (
            f"{same.pop()} by every reading"
            if len(same) == 1 and len(answers) > 1
            else "; ".join(f"{answer} ({label})" for label, answer in answers.items())
        )
        lines.append(f"{part.says}: {part.test.rule}: {told}")
    return lines


def ledger(
    entries: Sequence[Entry], claims: pd.DataFrame, results: Results
) -> list[dict[str, Any]]:
    """One object a claim, in the order of `claims` (`id, document, published, claim`).

    Keys `id, text, said, verdict, value, unit, lower, upper, level, rests_on, reasons, fair,
    sensitivity, notebook, anchor`. A fall is a negative number of per cent. Raises LedgerError
    when the entries are not exactly the claims.
    """
    known = {entry.id: entry for entry in entries}
    if len(known) != len(entries) or set(known) != set(claims["id"]):
        odd = sorted(set(known) ^ set(claims["id"]))
        raise LedgerError(f"expected one entry a claim of data/raw/claims.csv; odd ones: {odd}")
    return [_object(known[row.id], row, results) for row in claims.itertuples()]


def _object(entry: Entry, claim: Any, results: Results) -> dict[str, Any]:
    main = find(results, entry.main)
    return {
        "id": entry.id,
        "text": claim.claim,
        "said": f"{claim.document}, {claim.published}",
        "verdict": verdict(entry, results),
        "value": main.value,
        "unit": main.unit,
        "lower": main.lower,
        "upper": main.upper,
        "level": main.level,
        "rests_on": [source.table for source in entry.rests_on],
        "reasons": reasons(entry, results),
        "fair": fair_wording(entry, results),
        "sensitivity": {
            label: {
                "value": result.value,
                "lower": result.lower,
                "upper": result.upper,
                "unit": result.unit,
            }
            for label, result in (
                (label, find(results, name)) for label, name in entry.sensitivity.items()
            )
        },
        "notebook": main.notebook,
        "anchor": main.anchor,
    }
