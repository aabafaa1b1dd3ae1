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

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
#: Stands in the name of a page that was built with other parameters than its notebook's.
OTHER_PARAMETERS = "--"


class LedgerError(ValueError):
    """An entry that the findings or the claims cannot serve; says which and what to do."""


@dataclass(frozen=True)
class Result:
    """A finding as a page hands it over, with where it stands. Units and signs are the page's.

    `csv` is the text of the published rows behind it, `rows` the file of them, under reports/;
    both are empty where it names none.
    """

    id: str
    sentence: str
    value: float | None
    unit: str
    lower: float | None
    upper: float | None
    level: float | None
    notebook: str
    anchor: str
    rows: str = ""
    csv: str = ""

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
class Entry:
    """How one claim is judged.

    `main` is the finding whose number stands in the ledger. `fair` is what a fair wording would
    be: a template whose fields are `{name}`, `{name_lower}` or `{name_upper}`, or with `_fall`
    after the name the same of a fall as a positive number, of the findings in `numbers`
    (name -> finding). `sensitivity` names findings that show the same by another vintage,
    definition or window (label -> finding); where none can vary, `steady` says why, and exactly
    one of the two is given. `tables` are the raw tables behind the claim, for findings that name
    no rows. Raises LedgerError for an entry with neither or with both.
    """

    id: str
    main: str
    parts: tuple[Part, ...]
    fair: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    sensitivity: Mapping[str, str] = field(default_factory=dict)
    steady: str = ""
    tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.sensitivity) == bool(self.steady):
            raise LedgerError(
                f"claim {self.id}: expected other readings of its number (sensitivity), or the "
                "reason why there are none (steady), and not both"
            )


def read_results(folder: Path) -> dict[str, Result]:
    """All findings of the pages in `folder` (reports/findings), by id.

    What a finding says by another definition stands under "id: label". Pages of a notebook with
    other parameters, which `make run` builds beside its own, are passed over. Raises LedgerError
    for an id that two pages use.
    """
    results: dict[str, Result] = {}
    for file in sorted(folder.glob("*.json")):
        if OTHER_PARAMETERS in file.stem:
            continue
        for entry in json.loads(file.read_text(encoding="utf-8")):
            also = entry.pop("also", {})
            result = Result(**entry)
            if result.id in results:
                raise LedgerError(
                    f"finding {result.id!r} stands on {results[result.id].notebook} and on "
                    f"{result.notebook}: rename one"
                )
            results[result.id] = result
            for label, (value, lower, upper) in also.items():
                name = f"{result.id}: {label}"
                results[name] = replace(result, id=name, value=value, lower=lower, upper=upper)
    return results


def read_figures(results: Results, corrections: pd.DataFrame) -> dict[str, list[str]]:
    """By finding, the printed figures behind it by file and lines, and the corrections among them.

    Only findings that name their rows have an entry. `corrections` are those applied: `table,
    line, id`.
    """
    applied = corrections.groupby(["table", "line"])["id"].unique()
    figures = {}
    for result in results.values():
        if not result.csv:
            continue
        rows = pd.read_csv(io.StringIO(result.csv))
        if not {"table", "line"} <= set(rows):
            continue
        # A row of a built table may have no printed figure of its own.
        printed = rows.dropna(subset=["table", "line"])
        places = list(zip(printed["table"], printed["line"].astype(int), strict=True))
        used = [name for place in places if place in applied.index for name in applied[place]]
        figures[result.id] = runs_of_lines(places)
        figures[result.id] += [f"correction {name}" for name in dict.fromkeys(used)]
    return figures


def runs_of_lines(places: Sequence[tuple[str, int]]) -> list[str]:
    """Rows of raw tables by file and line, neighbouring lines as one run, in order.

    >>> runs_of_lines([("events", 7), ("events", 4), ("events", 5), ("events", 6), ("claims", 2)])
    ['data/raw/claims.csv line 2', 'data/raw/events.csv lines 4 to 7']
    """
    runs: list[tuple[str, int, int]] = []
    for table, line in sorted(set(places)):
        if runs and runs[-1][0] == table and runs[-1][2] == line - 1:
            runs[-1] = (table, runs[-1][1], line)
        else:
            runs.append((table, line, line))
    return [
        f"data/raw/{table}.csv line {first}"
        if first == last
        else f"data/raw/{table}.csv lines {first} to {last}"
        for table, first, last in runs
    ]


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
        # A fall, told as one: the size, and its ends from the smaller to the larger.
        values |= {
            f"{name}_fall": None if number is None else -number,
            f"{name}_fall_lower": None if upper is None else -upper,
            f"{name}_fall_upper": None if lower is None else -lower,
        }
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
    entries: Sequence[Entry],
    claims: pd.DataFrame,
    results: Results,
    figures: Mapping[str, Sequence[str]],
) -> list[dict[str, Any]]:
    """One object a claim, in the order of `claims` (`id, document, published, claim`).

    `figures` as `read_figures` gives them; a claim whose finding names none rests on the tables of
    its entry. Keys `id, text, said, verdict, value, unit, lower, upper, level, rests_on, reasons,
    fair, sensitivity, steady, notebook, anchor`. `sensitivity` has, by label, the number by another
    vintage, definition or window (`value, lower, upper, unit`); where it is empty, `steady` says
    why nothing can vary, and else is empty. A fall is a negative number of per cent. Raises
    LedgerError when the entries are not exactly the claims.
    """
    known = {entry.id: entry for entry in entries}
    if len(known) != len(entries) or set(known) != set(claims["id"]):
        odd = sorted(set(known) ^ set(claims["id"]))
        raise LedgerError(f"expected one entry a claim of data/raw/claims.csv; odd ones: {odd}")
    return [_object(known[row.id], row, results, figures) for row in claims.itertuples()]


def _object(
    entry: Entry, claim: Any, results: Results, figures: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
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
        "rests_on": list(figures.get(main.id) or (f"data/raw/{name}.csv" for name in entry.tables)),
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
        "steady": quote(entry.steady),
        "notebook": main.notebook,
        "anchor": main.anchor,
    }


def overview(objects: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a claim: its words, verdict, number with interval, and a link to the evidence.

    Of a number four digits stand, of its ends as many decimals. Links are HTML.
    """
    return pd.DataFrame(
        {
            "claim": [one["text"] for one in objects],
            "verdict": [one["verdict"] for one in objects],
            "number": [_number(one) for one in objects],
            "evidence": [
                f'<a href="{one["notebook"]}.html#{one["anchor"]}">{one["notebook"][:2]}</a>'
                for one in objects
            ],
        },
        index=pd.Index([one["id"] for one in objects], name="id"),
    )


def _number(one: Mapping[str, Any]) -> str:
    value, lower, upper = one["value"], one["lower"], one["upper"]
    if value is None and lower is None:
        return ""
    largest = max(abs(end) for end in (value, lower, upper) if end is not None)
    is_whole = all(end == round(end) for end in (value, lower, upper) if end is not None)
    decimals = 0 if largest >= 100 or is_whole else 1
    told = [f"{end:,.{decimals}f}" for end in (value, lower, upper) if end is not None]
    if value is not None and lower is not None and told[1] != told[2]:
        interval = f" ({told[1]} to {told[2]})"
    else:
        interval = ""
    return f"{told[0]}{interval} {one['unit']}".replace("-", "−")


def account(one: Mapping[str, Any], shown: int = 6) -> str:
    """The account of one claim in Markdown: verdict, rules, fair wording, other readings, evidence.

    The heading is short, for the contents of the page. Of the figures that it rests on the first
    `shown` runs of lines of a table are named, and how many others there are.
    """
    reasons_told = "\n".join(f"- {reason}" for reason in one["reasons"])
    rests = [f"`{file}` ({places})" for file, places in _by_file(one["rests_on"], shown).items()]
    lines = [
        f"### {one['id']}: {one['verdict']}",
        f"> {one['text']} ({one['said']})",
        f"[The number and its rows]({one['notebook']}.html#{one['anchor']}): {_number(one)}.",
        reasons_told,
        f"A fair wording: {one['fair']}",
    ]
    if one["sensitivity"]:
        told = "\n".join(
            f"- {label}: {_number(numbers)}" for label, numbers in one["sensitivity"].items()
        )
        lines += ["By another vintage, definition or window:", told]
    else:
        lines.append(f"By no other reading: {one['steady']}.")
    if rests:
        lines.append(f"Rests on {'; '.join(rests)}.".replace(" ()", ""))
    return "\n\n".join(lines)


def _by_file(rests: Sequence[str], shown: int) -> dict[str, str]:
    """File to its lines, of which the first `shown` runs are told; a correction is its own entry.

    >>> _by_file(["a.csv line 4", "a.csv lines 6 to 7", "a.csv line 9", "b.csv"], 2)
    {'a.csv': 'lines 4, 6 to 7 and 1 other run of lines', 'b.csv': ''}
    """
    runs: dict[str, list[str]] = {}
    for place in rests:
        file, _, lines = place.partition(" line")
        runs.setdefault(file, []).extend([lines.removeprefix("s").strip()] if lines else [])
    told = {}
    for file, places in runs.items():
        more = len(places) - shown
        first = ", ".join(places[:shown])
        word = "line" if len(places) == 1 and "to" not in first else "lines"
        others = f" and {more} other run{'s' * (more > 1)} of lines" if more > 0 else ""
        told[file] = f"{word} {first}{others}" if places else ""
    return told
