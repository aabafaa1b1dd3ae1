"""One line a notebook, live on a terminal and plain elsewhere."""

import io
import os
import pty
import re
import subprocess
import sys

import pytest

from notebook_build.progress import Outcome, Progress, fitted, outcome_line, summary_line

SLOW_CELL = "import time; time.sleep(1.2)"
HEADING = "We wait under a heading longer than any terminal is wide"


def on_terminal(command: list[str]) -> str:
    """What the command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    surroundings = os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=surroundings)
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed.
            break
        if not piece:
            break
        written += piece
    process.wait()
    os.close(ours)
    return written.decode()


def shown_at_the_end(written: str) -> list[str]:
    """The lines that a terminal would show: as far as we write it, up, clear and new lines."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d+F|\x1b\[0J|\r\n)", written):
        if up := re.fullmatch(r"\x1b\[(\d+)F", part):
            del lines[len(lines) - int(up[1]) :]
            lines[-1] = ""
        elif part == "\r\n":
            lines.append("")
        elif part != "\x1b[0J":
            lines[-1] += part
    return [line.rstrip() for line in lines if line]


def test_a_terminal_shows_cell_heading_and_seconds_while_it_runs(workshop, code, prose):
    workshop.notebook("a", prose(f"# Title\n\n## {HEADING}"), code(SLOW_CELL))
    command = [sys.executable, "-m", "notebook_build", "--root", str(workshop.root)]
    written = on_terminal(command)
    live = re.findall(r"a +running +([\d.]+) s  cell 3 of 3, under We wait", written)
    assert len(live) >= 3
    assert live == sorted(live, key=float)
    assert max(map(len, re.findall(r"a +running[^\r]*", written))) == 79
    # What moved is gone at the end; what a pipe would have got stays.
    line, summary = shown_at_the_end(written)
    assert re.match(r"a +ran +[\d.]+ s  never built; slowest was cell 3 of 3, under We", line)
    assert re.fullmatch(r"1 ran in [\d.]+ s", summary)


def test_a_pipe_gets_one_line_a_notebook_and_no_controls():
    out = io.StringIO()
    progress = Progress(out, live=False)
    with progress.moving():
        progress.start("a")
        progress.cell("a", 0, 2, "Start")
        progress.end(Outcome("a", "ran", 3.25, ("never built",)))
        progress.end(Outcome("b", "fresh"))
    assert out.getvalue() == (
        "a                        ran         3.2 s  never built\nb                        fresh\n"
    )


def test_a_failure_is_indented_under_its_line():
    told = outcome_line(Outcome("a", "failed", 1.0, message="one\ntwo"))
    assert told == "a                        failed      1.0 s\n    one\n    two"


def test_the_summary_counts_what_ran_what_was_fresh_and_what_never_started():
    outcomes = [Outcome("a", "ran"), Outcome("b", "fresh"), Outcome("c", "failed")]
    assert summary_line(outcomes, 4, 12.34) == (
        "1 ran, 1 fresh, 1 failed, 1 not run in 12.3 s; the last good version of every page stays"
    )


@pytest.mark.parametrize(
    ("line", "columns", "expected"),
    [("abcdef", 4, "abcd"), ("a\x1b[2Jb\tc", 9, "a[2Jbc"), ("朝鲜", 3, "朝"), ("ab", 9, "ab")],
)
def test_a_line_fits_its_columns_and_holds_no_control(line, columns, expected):
    assert fitted(line, columns) == expected
