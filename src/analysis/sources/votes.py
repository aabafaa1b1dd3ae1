"""Votes of the Security Council on North Korea, as `events.csv` and the calendar print them."""

from __future__ import annotations

import re

import pandas as pd

from analysis.paths import Paths
from analysis.sources.calendar import read_events, read_treatments

#: In favour, against and, where printed, abstaining.
COUNT = re.compile(r"\b(\d{1,2})-(\d{1,2})(?:-(\d{1,2}))?\b(?!-)")
#: Names that the table uses for permanent members, to the name in full.
PERMANENT_NAMES = {
    "China": "China",
    "France": "France",
    "Russia": "Russia",
    "UK": "United Kingdom",
    "US": "United States",
}
VETO = re.compile(r"\bveto(?:es)?\b")


def read_votes(paths: Paths) -> pd.DataFrame:
    """One row a vote that is printed with its count, in the order of days.

    `day`, `subject` (a resolution or a draft), `in_favour`, `against`, `abstaining`,
    `permanent_against` (how many permanent members are said to have vetoed), `adopted` (whether
    it was, by the table: resolutions were, vetoed drafts were not), `source_publisher`; `table`
    and `line` say where the row stands.
    """
    votes = pd.concat([_resolutions(paths), _vetoes(paths)], ignore_index=True)
    return votes.sort_values(["day", "subject"]).reset_index(drop=True)


def _resolutions(paths: Paths) -> pd.DataFrame:
    """Adopted resolutions: one vote each, from the calendar of measures."""
    table = read_treatments(paths).dropna(subset=["vote"]).drop_duplicates("resolution")
    counts = [_count(text) for text in table["vote"]]
    days, subjects = table["adoption_date_day"], table["resolution"]
    frame = _frame(days, subjects, counts, 0, True, table["source_publisher"])
    return frame.assign(table="sanctions_treatments", line=table.index)


def _vetoes(paths: Paths) -> pd.DataFrame:
    """Drafts that fell to a veto: the counts stand in the event or in its note."""
    events = read_events(paths)
    texts = events["event"] + " " + events["conflict_or_note"].fillna("")
    vetoed = events["category"].eq("unsc_politics") & events["event"].str.contains(VETO)
    table = events[vetoed & texts.map(COUNT.search).notna()]
    counts = [_count(texts[line]) for line in table.index]
    blockers = [
        len({full for name, full in PERMANENT_NAMES.items() if _named_before_veto(name, event)})
        for event in table["event"]
    ]
    days, subjects = table["date_day"], table["event"]
    frame = _frame(days, subjects, counts, blockers, False, table["source_publisher"])
    return frame.assign(table="events", line=table.index)


def _named_before_veto(name: str, event: str) -> bool:
    """Whether a member stands before the verb, as in "China and Russia veto US draft"."""
    subject = VETO.split(event)[0]
    return re.search(rf"\b{name}\b", subject) is not None


def _count(text: str) -> tuple[int, int, int]:
    found = COUNT.search(text)
    return tuple(int(part or 0) for part in found.groups())


def _frame(
    days: pd.Series,
    subjects: pd.Series,
    counts: list[tuple[int, int, int]],
    blockers: list[int] | int,
    adopted: bool,
    publishers: pd.Series,
) -> pd.DataFrame:
    """The columns of `read_votes` but for the place."""
    return pd.DataFrame(
        {
            "day": days.to_numpy(),
            "subject": subjects.to_numpy(),
            "in_favour": [count[0] for count in counts],
            "against": [count[1] for count in counts],
            "abstaining": [count[2] for count in counts],
            "permanent_against": blockers,
            "adopted": adopted,
            "source_publisher": publishers.to_numpy(),
        }
    )
