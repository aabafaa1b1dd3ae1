"""Products by the measure that bans them and the month from which none is cleared.

A code is matched with the longest prefix that bans the whole of it. A prefix that names a part
only (`ex`) marks the code as partly banned, and so does a prefix longer than the code. Which
codes count depends on whose list is read, so everything here takes one of three.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

#: `china`: what China's customs treats, codes below its visible list included unless they were
#: traded openly; `china_strict`: its visible list alone; `eu`: the European Union's annexes.
LISTS = ("china", "china_strict", "eu")
_READINGS = {"china": ("treated", "assumed"), "china_strict": ("treated",)}

#: Measures that stop a good. Caps and conditional bans do not.
BANS = ("total_ban", "suspension")

#: First month of each revision of the Harmonized System in China's customs figures.
REVISIONS = {
    2012: pd.Period("2012-01", "M"),
    2017: pd.Period("2017-01", "M"),
    2022: pd.Period("2022-01", "M"),
}
#: Prefixes of the lists, which are written in the 2012 and 2017 codes, that another of the three
#: revisions writes otherwise. All other prefixes (chapters, headings and subheadings) mean the
#: same goods in all three: changes inside chapter 03 (flours of fish became 0309 in 2022), 44, 84,
#: 85 (scrap became 8549) and 88 (drones became 8806) stay inside the banned chapter.
#: 382499 was 382490 until 2016; 442010 became 442011 and 442019 in 2022.
OTHER_REVISIONS = {"382499": ("382490",), "442010": ("442011", "442019")}

#: What `ex` leaves out, where it is a code of its own: China's list bans iron ore 2601 except
#: roasted pyrites (announcement 40 of 2017, annex); so every other subheading is banned whole.
LEFT_OUT = {"2601": ("260120",)}

#: The groups of the pages: the measures of each, in the order of their dates.
GROUPS = {
    "Coal": ("C2321_coal_feb17", "T2371_coal"),
    "Iron and iron ore": ("T2371_iron",),
    "Lead and lead ore": ("T2371_lead",),
    "Seafood": ("T2371_seafood",),
    "Textiles and garments": ("T2375_textiles",),
    "Food": ("T2397_food",),
    "Machinery": ("T2397_mach_exp",),
    "Stone and earth": ("T2397_stone",),
    "Wood": ("T2397_wood",),
    "Vessels": ("T2397_vessels_exp",),
    "Copper, nickel, silver, zinc": ("T2321_metals",),
    "Statues": ("T2321_statues",),
    "Gold, titanium, vanadium, rare earths": ("T2270_minerals",),
    "Machinery, vehicles, metals": ("T2397_mach_imp",),
    "Helicopters and vessels": ("T2321_heli_vessels",),
    "Aviation fuel": ("T2270_avfuel",),
    "Natural gas liquids": ("T2375_ngl",),
}
NOT_BANNED = "Not banned"


@dataclass(frozen=True)
class Choice:
    """How products are sorted: `listed` one of `LISTS`; `suspension` whether coal counts as
    banned from its suspension of February 2017 (True) or from resolution 2371 (False)."""

    listed: str = "china"
    suspension: bool = True

    def __post_init__(self) -> None:
        if self.listed not in LISTS:
            raise ValueError(f"list {self.listed!r}: expected one of {', '.join(LISTS)}")


class _Row(NamedTuple):
    hs: str
    partial: bool
    treatment_id: str
    resolution: str
    begins: pd.Period
    clean: pd.Period


def listed_measures(measures: pd.DataFrame, flow: str, choice: Choice) -> pd.DataFrame:
    """The bans of one flow on the chosen list, with the codes of all three revisions.

    `measures` as `schemas.PRODUCT_MEASURES`. A ban without a first clean month is left out. On
    the European list coal has its ban alone: the suspension was China's own.
    """
    rows = measures[
        (measures["flow"] == flow) & measures["measure"].isin(BANS) & measures["clean"].notna()
    ]
    if choice.listed == "eu":
        rows = rows[rows["eu"]]
    else:
        rows = rows[rows["china"].isin(_READINGS[choice.listed])]
    if not choice.suspension:
        rows = rows[rows["measure"] != "suspension"]
    aliases = [
        rows[rows["hs"] == prefix].assign(hs=other)
        for prefix, others in OTHER_REVISIONS.items()
        for other in others
    ]
    return pd.concat([rows, *aliases], ignore_index=True)


def classify(
    codes: Iterable[str], measures: pd.DataFrame, flow: str, choice: Choice | None = None
) -> pd.DataFrame:
    """The ban on each of `codes` (HS, 2 to 8 digits): one row a code, in their order, each once.

    `hs`; `group` (of `GROUPS`, else `NOT_BANNED`); `treatment_id` and `resolution` (missing where
    not banned); `begins` and `clean` (Period[M]): the month in which the ban takes effect and
    the first in which nothing is cleared, missing where not banned; `coverage`: `whole`, `part`
    (an `ex` entry, or some of the codes below this one) or `none`.

    The longest prefix that bans the whole code counts; of two measures on it, the earlier. Only
    where there is none do the entries that ban a part count: entries without `ex` before those
    with it, the shortest prefix (the most goods) before longer ones, then the earliest.
    """
    listed = listed_measures(measures, flow, choice or Choice())[list(_Row._fields)]
    rows = [_Row(*row) for row in listed.itertuples(index=False)]
    found = [_ban_of(code, rows) for code in dict.fromkeys(codes)]
    columns = ["hs", "group", "treatment_id", "resolution", "begins", "clean", "coverage"]
    table = pd.DataFrame(found, columns=columns)
    months = {name: pd.PeriodIndex(table[name], freq="M") for name in ("begins", "clean")}
    return table.assign(hs=table["hs"].astype("string"), **months)


def lists_compared(measures: pd.DataFrame, flow: str) -> pd.DataFrame:
    """The bans of one flow, one row a measure, in the order of their first clean months.

    `group`, `resolution`, `begins`, `clean` (Period[M]), and the codes: `both` lists (an `ex`
    entry is marked with *), `assumed` (on the European list, and nowhere seen on China's nor
    contradicted) and `eu_only`; text, empty where there is none.
    """
    bans = measures[
        (measures["flow"] == flow) & measures["measure"].isin(BANS) & measures["clean"].notna()
    ]
    rows = []
    for treatment, own in bans.sort_values(["clean", "treatment_id"]).groupby(
        "treatment_id", sort=False
    ):
        codes = own["hs"] + own["partial"].map({True: "*", False: ""})
        first = own.iloc[0]
        rows.append(
            {
                "group": group_of(treatment),
                "resolution": first["resolution"],
                "begins": first["begins"],
                "clean": first["clean"],
                **{
                    column: " ".join(codes[own["china"] == reading])
                    for column, reading in (
                        ("both", "treated"),
                        ("assumed", "assumed"),
                        ("eu_only", "untreated"),
                    )
                },
            }
        )
    return pd.DataFrame(rows)


def group_of(treatment_id: str) -> str:
    """The group of `GROUPS` that a measure belongs to; KeyError for one that is in none."""
    for group, measures in GROUPS.items():
        if treatment_id in measures:
            return group
    raise KeyError(f"measure {treatment_id} belongs to no group: add it to GROUPS")


def _ban_of(code: str, rows: list[_Row]) -> tuple[object, ...]:
    above = [row for row in rows if code.startswith(row.hs) and not _left_out(code, row.hs)]
    whole = [row for row in above if not row.partial or _outside_ex(code, row.hs)]
    if whole:
        longest = max(len(row.hs) for row in whole)
        return _entry(code, [row for row in whole if len(row.hs) == longest], "whole")
    part = [*above, *(row for row in rows if row.hs.startswith(code) and row.hs != code)]
    if part:
        largest = min((row.partial, len(row.hs)) for row in part)
        main = [row for row in part if (row.partial, len(row.hs)) == largest]
        return _entry(code, main, "part")
    return code, NOT_BANNED, None, None, pd.NaT, pd.NaT, "none"


def _left_out(code: str, prefix: str) -> bool:
    return code.startswith(LEFT_OUT.get(prefix, ()))


def _outside_ex(code: str, prefix: str) -> bool:
    """Whether `code` lies below an `ex` prefix and wholly outside of what `ex` leaves out."""
    return prefix in LEFT_OUT and not any(out.startswith(code) for out in LEFT_OUT[prefix])


def _entry(code: str, rows: list[_Row], coverage: str) -> tuple[object, ...]:
    first = min(rows, key=_by_month)
    group = group_of(first.treatment_id)
    begins = first.clean if pd.isna(first.begins) else first.begins
    return code, group, first.treatment_id, first.resolution, begins, first.clean, coverage


def _by_month(row: _Row) -> tuple[int, str]:
    return row.clean.ordinal, row.treatment_id
