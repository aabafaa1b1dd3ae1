"""Which code and tables the committed validation speaks of.

The long simulations are run by hand (`make validate`) and their results committed. They stand
under a key of all that decides them; a test fails when the key is old.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from analysis.paths import Paths

#: Raw tables that the validation rests on.
TABLES = ("gacc_totals.csv", "row_labels.csv", "corrections.yml")
#: Modules that it validates: the cleaning room and how printed figures get their intervals.
ROOM = Path(__file__).parent / "cleaning"
MODULES = ("sources/tables.py", "sources/observations.py", "sources/exchange_rates.py")


#: The parts of the validation; each is the module of that name, and is blind to the others.
PARTS = ("simulation", "withheld")


def validation_key(paths: Paths, part: str) -> str:
    """sha256 of all that decides a part: the cleaning room, the totals' readers and tables."""
    others = {f"{other}.py" for other in PARTS if other != part}
    files = [file for file in sorted(ROOM.glob("*.py")) if file.name not in others]
    files += [ROOM.parent / module for module in MODULES]
    files += [paths.raw / table for table in TABLES]
    content = hashlib.sha256()
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()
