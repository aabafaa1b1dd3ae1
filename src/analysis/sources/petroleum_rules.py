"""`petroleum_caps.csv` as rules: what a row is, its amounts, its days, and whether it recurs.

No pattern decides what a row is (an announcement and a gloss on it read alike), so every rule id
stands once in `ROLES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources.calendar import parse_leading_date
from analysis.sources.tables import Place, parse_column, raise_if_any, read_table, table_file

TABLE = "petroleum_caps"

#: What each row is. `cap`: a ceiling of a resolution; `ban`, `scope`, `reporting`, `conversion`,
#: `condition`, `freeze`: other rules; `china`: China's implementing announcement in its own text;
#: `restated`: a cap told again by someone else; `baseline`: imports before the caps; `cut`: a
#: claimed reduction; `context`: neither rule nor baseline.
ROLES: Mapping[str, tuple[str, ...]] = {
    "cap": ("2375-14a", "2375-14b", "2397-05a", "2397-04a", "2397-04b"),
    "ban": ("2375-13", "2270-31"),
    "freeze": ("2375-15",),
    "scope": ("MOFCOM-52-scope", "EU-annexXId"),
    "reporting": ("2375-14c", "2397-04c", "2397-05e", "unit-problem"),
    "conversion": ("2397-05c", "2397-05d"),
    "condition": ("2375-14e", "2375-14f", "2397-27", "2397-05f", "stop-clause", "EU-293"),
    "china": ("MOFCOM-52-a", "MOFCOM-52-b", "MOFCOM-52-c", "MOFCOM-4-crude", "MOFCOM-4-refined"),
    "restated": (
        *("2375-14d", "2397-05b", "VOA-2397", "EU-quota", "cap2m-260kt", "cap-6065"),
        *(f"MOFCOM-2375{letter}" for letter in "abcde"),
        *(f"MOFCOM-2397{letter}" for letter in "abcdef"),
    ),
    "baseline": (
        *("claim-baseline", "baseline-600kt", "baseline-MOFA610", "baseline-EIA280"),
        *("baseline-KOTRA450", "baseline-range", "baseline-AJU280", "baseline-2m"),
        *("baseline-crude540kt", "baseline-crudeKOTRA", "baseline-KEEI9m", "claim-naut850"),
    ),
    "cut": (
        *("claim-75", "claim-89", "claim-89b", "claim-90", "claim-55"),
        *("claim-naut60", "claim-naut26", "claim-mofa55", "claim-mofa30"),
    ),
    "context": ("naut-fcc", "baseline-KEEI45"),
}
_ROLE_OF = {rule_id: role for role, ids in ROLES.items() for rule_id in ids}

#: Why rows of a role enter no calculation; the others do.
NOT_USED = {
    "restated": "restates a cap that another row gives in its own text",
    "condition": "a condition or trigger without a quantity",
    "context": "neither a rule nor a baseline of refined imports",
    "freeze": "a freeze without a quantity, replaced by the crude cap",
}

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_BARRELS = rf"({_NUMBER})(?:-({_NUMBER}))?( million)? barrels"
_TONNES = rf"({_NUMBER})(?:-({_NUMBER}))? ?(?:tonnes|tons|t)\b"


def petroleum_rules(paths: Paths) -> pd.DataFrame:
    """Every row of the table with its `role` and what can be read from it as numbers and days.

    `lower_bbl`, `upper_bbl`, `lower_t`, `upper_t` (missing where none is printed; only the upper
    end of an "up to"), `percent` of a claimed cut, `first_day`, `last_day` (Timestamp, NaT where
    open), `recurrence` (`once`, `annual`, `superseded`, or missing), `set_aside` (NA where the row
    is used), and the printed columns `rule_id`, `instrument`, `product`, `value`, `unit`,
    `condition`, `kind`, `note`, `source_publisher`, `source_date`; `line` is that of the file.

    Raises InputError, or InputErrors with all of them: a rule id without a role, a role without
    its row, a cap without a positive amount, and as `read_table` does.
    """
    return type_rules(read_table(paths, TABLE))


def type_rules(table: pd.DataFrame) -> pd.DataFrame:
    """`petroleum_rules` of a table that `read_table` gave."""
    raise_if_any([*_role_errors(table)])
    days = {}
    for column in ("period_start", "period_end"):
        parsed, errors = parse_column(table, column, parse_leading_date, file=table_file(TABLE))
        raise_if_any(errors)
        days[column] = pd.to_datetime([(found or (None, None))[0] for found in parsed])
    role = table["rule_id"].map(_ROLE_OF).astype("string")
    printed = table["value"].fillna("") + " " + table["unit"].fillna("")
    amounts = pd.DataFrame([_amounts(text) for text in printed], index=table.index)
    rules = table.assign(
        line=table.index,
        role=role,
        **amounts,
        percent=[_percent(v, u) for v, u in zip(table["value"], table["unit"], strict=True)],
        first_day=days["period_start"],
        last_day=days["period_end"],
        recurrence=table["recurrence"].map(_recurrence, na_action="ignore").astype("string"),
        set_aside=role.map(NOT_USED).astype("string"),
    )
    raise_if_any(_amount_errors(rules))
    names = (
        "rule_id line role instrument product value unit lower_bbl upper_bbl lower_t upper_t "
        "percent first_day last_day recurrence condition kind note source_publisher source_date "
        "set_aside"
    ).split()
    return rules[names].reset_index(drop=True)


def _role_errors(table: pd.DataFrame) -> list[InputError]:
    file = table_file(TABLE)
    unknown = table[~table["rule_id"].isin(_ROLE_OF)]
    gone = [rule_id for rule_id in _ROLE_OF if rule_id not in set(table["rule_id"])]
    action = "read the row and give its id a role in ROLES of sources/petroleum_rules.py"
    return [
        *(
            Place(file, int(line), "rule_id").error("a rule id with a role", found=i, action=action)
            for line, i in unknown["rule_id"].items()
        ),
        *(
            Place(file, None, "rule_id").error(
                "a row for every rule in ROLES", found=f"none for {i}", action="take its role out"
            )
            for i in gone
        ),
    ]


def _amount_errors(rules: pd.DataFrame) -> list[InputError]:
    caps = rules[rules["role"] == "cap"]
    amounts = caps[["lower_bbl", "lower_t"]]
    wrong = caps[amounts.isna().all(axis=1) | amounts.le(0).any(axis=1)]
    return [
        Place(table_file(TABLE), int(row.Index) + 2, "value").error(
            "a positive amount in barrels or tonnes beside a cap",
            found=f"{row.value} {row.unit}",
            action="write the cap as the resolution states it",
        )
        for row in wrong.itertuples()
    ]


def _amounts(text: str) -> dict[str, float]:
    """Barrels and tonnes that a value and its unit print, once each.

    >>> _amounts("4000000 barrels or 525000 tonnes ")["upper_t"]
    525000.0
    >>> _amounts("600000 t/year (equated with 4.5 million barrels)")["lower_bbl"]
    4500000.0
    """
    ends = {}
    for unit, pattern in (("bbl", _BARRELS), ("t", _TONNES)):
        found = re.search(pattern, text)
        low = high = np.nan
        if found:
            times = 1e6 if unit == "bbl" and found[3] else 1.0
            low = times * float(found[1].replace(",", ""))
            high = times * float(found[2].replace(",", "")) if found[2] else low
            low = np.nan if text.startswith("up to") else low
        ends |= {f"lower_{unit}": low, f"upper_{unit}": high}
    return ends


def _percent(value: object, unit: object) -> float:
    return float(value) if isinstance(unit, str) and unit.startswith("percent") else np.nan


def _recurrence(text: str) -> str | None:
    if "superseded" in text:
        return "superseded"
    if text == "once":
        return "once"
    return "annual" if re.search(r"thereafter|per twelve-month|annual", text) else None
