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


def validation_key(paths: Paths) -> str:
    """sha256 over the cleaning room, the readers of the totals and the tables they read."""
    files = sorted(ROOM.glob("*.py"))
    files += [ROOM.parent / module for module in MODULES]
    files += [paths.raw / table for table in TABLES]
    content = hashlib.sha256()
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()
