"""What a reader is told of a cell that failed: where, what, and what it printed last."""

from __future__ import annotations

import errno
import re
import textwrap
from typing import Any

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
IN_CELL = re.compile(r"^(?:Cell In\[\d+\], line (\d+)|  Cell In\[\d+\], line (\d+))", re.MULTILINE)
IN_FILE = re.compile(r"^File (?P<file>\S+?\.py):(?P<line>\d+)", re.MULTILINE)
LINES = 10
WIDTH = 160


class CellFailure(Exception):
    """A run ended in a cell; the message is ready to be shown."""


def describe(cells: list[Any], index: int, error: str, traceback: str = "") -> str:
    """At most ten lines: the cell and its heading, the error, where it arose, the last output.

    `cells` and `index` count without a cell of injected parameters.
    """
    under = heading_above(cells, index)
    lines = [f"cell {index + 1} of {len(cells)}" + (f', under "{under}"' if under else "")]
    # A long error is wrapped, not cut: what to do often stands at its end.
    lines += [part for line in shortened(error, 3) for part in textwrap.wrap(line, WIDTH)][:5]
    lines += places(plain(traceback), cells[index]["source"])
    printed = shortened(last_printed(cells[index]), LINES - 1 - len(lines), from_end=True)
    if printed:
        lines += ["last output:", *printed]
    return "\n".join(line[:WIDTH] for line in lines[:LINES])


def heading_above(cells: list[Any], index: int) -> str:
    for cell in reversed(cells[: index + 1]):
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ +(.+)$", cell["source"], re.MULTILINE)
            if headings:
                return headings[-1]
    return ""


def places(traceback: str, source: str) -> list[str]:
    """The line of the cell, and the deepest line of a module, that the traceback names."""
    found = []
    in_cell = IN_CELL.search(traceback)
    if in_cell:
        number = int(in_cell.group(1) or in_cell.group(2))
        code = source.splitlines()[number - 1 : number]
        found.append(f"line {number}: {''.join(code).strip()}")
    in_files = IN_FILE.findall(traceback)
    if in_files:
        found.append("raised in {}:{}".format(*in_files[-1]))
    return found


def last_printed(cell: Any) -> str:
    texts = [output["text"] for output in cell.get("outputs", ()) if "text" in output]
    return plain(texts[-1]) if texts else ""


def shortened(text: str, count: int, from_end: bool = False) -> list[str]:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return lines[-count:] if from_end else lines[:count]


def plain(text: str) -> str:
    """The text without the colours of a terminal."""
    return ANSI.sub("", text)


def cannot_write(error: OSError) -> str:
    """An error of the system's, such as a full disk, with what to do."""
    where = f" ({error.filename})" if error.filename else ""
    advice = {
        errno.ENOSPC: "Free some space",
        errno.EDQUOT: "Free some space of your quota",
        errno.EFBIG: "Raise the limit on the size of files",
        errno.EROFS: "Make it writable",
        errno.EACCES: "Make it writable",
        errno.EPERM: "Make it writable",
    }.get(error.errno, "Mend that")
    return f"{error.strerror or error}{where}. {advice} and build again."
