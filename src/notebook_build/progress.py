"""What a build says of itself: one line a notebook, live on a terminal, and a summary."""

from __future__ import annotations

import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

NAME_WIDTH = 24
#: A cell is named as the slowest where it took at least this many seconds.
SLOW = 1.0
TICK_SECONDS = 0.2


@dataclass(frozen=True)
class Outcome:
    """What became of one page: "ran", "rendered", "fresh" or "failed"."""

    name: str
    status: str
    seconds: float = 0.0
    reasons: tuple[str, ...] = ()
    message: str = ""


@dataclass
class Running:
    """Where a notebook is: cell `index` of `count`, under `heading`, since `cell_started`."""

    started: float
    cell_started: float
    index: int = -1
    count: int = 0
    heading: str = ""
    slowest: tuple[float, str] = (0.0, "")

    def turn_to(self, index: int, count: int, heading: str, now: float) -> None:
        if self.index >= 0:
            self.slowest = max(self.slowest, (now - self.cell_started, self.place))
        self.index, self.count, self.heading, self.cell_started = index, count, heading, now

    @property
    def place(self) -> str:
        under = f", under {self.heading}" if self.heading else ""
        return f"cell {self.index + 1} of {self.count}{under}"


@dataclass
class Progress:
    """Writes the lines; `live` is for a terminal, where the lines of running notebooks move."""

    out: TextIO
    live: bool
    running: dict[str, Running] = field(default_factory=dict)
    drawn: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self, name: str) -> None:
        now = time.monotonic()
        with self.lock:
            self.running[name] = Running(now, now)

    def cell(self, name: str, index: int, count: int, heading: str) -> None:
        """A notebook turns to the cell `index` of `count` (one past the end: it ended)."""
        with self.lock:
            self.running[name].turn_to(index, count, heading, time.monotonic())

    def end(self, outcome: Outcome) -> None:
        with self.lock:
            running = self.running.pop(outcome.name, None)
            slowest = running.slowest if running else (0.0, "")
            self.say(outcome_line(outcome, slowest))

    def say(self, text: str) -> None:
        """Print lines that stay, above those that move."""
        with self.lock:
            self.erase()
            self.out.write(text + "\n")
            self.draw()
            self.out.flush()

    @contextmanager
    def moving(self) -> Iterator[None]:
        """While this holds, the lines of running notebooks move on a terminal."""
        if not self.live:
            yield
            return
        ended = threading.Event()
        ticker = threading.Thread(target=self.tick, args=(ended,), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            ended.set()
            ticker.join()
            with self.lock:
                self.erase()
                self.out.flush()
                self.live = False

    def tick(self, ended: threading.Event) -> None:
        while not ended.wait(TICK_SECONDS):
            with self.lock:
                self.erase()
                self.draw()
                self.out.flush()

    def erase(self) -> None:
        if self.drawn:
            # Up to the first line that moves, and clear to the end of the screen.
            self.out.write(f"\x1b[{self.drawn}F\x1b[0J")
            self.drawn = 0

    def draw(self) -> None:
        if not self.live:
            return
        columns = shutil.get_terminal_size().columns
        now = time.monotonic()
        for name, running in self.running.items():
            self.out.write(fitted(running_line(name, running, now), columns - 1) + "\n")
        self.drawn = len(self.running)


def running_line(name: str, running: Running, now: float) -> str:
    place = running.place if 0 <= running.index < running.count else "starts or writes"
    return f"{name:<{NAME_WIDTH}} {'running':<8} {now - running.started:6.1f} s  {place}"


def outcome_line(outcome: Outcome, slowest: tuple[float, str] = (0.0, "")) -> str:
    seconds = f"{outcome.seconds:6.1f} s" if outcome.status != "fresh" else " " * 8
    line = f"{outcome.name:<{NAME_WIDTH}} {outcome.status:<8} {seconds}"
    if outcome.reasons:
        more = len(outcome.reasons) - 1
        line += f"  {outcome.reasons[0]}" + (f" and {more} more" if more else "")
    if slowest[0] >= SLOW:
        line += f"; slowest was {slowest[1]} ({slowest[0]:.1f} s)"
    indented = "".join(f"\n    {text}" for text in outcome.message.splitlines())
    return (line + indented).rstrip()


def summary_line(outcomes: list[Outcome], asked: int, seconds: float) -> str:
    counts = dict.fromkeys(("ran", "rendered", "fresh", "failed"), 0)
    for outcome in outcomes:
        counts[outcome.status] += 1
    counts["not run"] = asked - len(outcomes)
    told = [f"{count} {kind}" for kind, count in counts.items() if count]
    line = f"{', '.join(told)} in {seconds:.1f} s"
    if counts["failed"]:
        line += "; the last good version of every page stays"
    return line


def fitted(line: str, columns: int) -> str:
    """The line cut to so many columns of a terminal, without signs that would move its cursor.

    >>> fitted("朝鲜 text", 6)
    '朝鲜 t'
    """
    kept, width = [], 0
    for sign in line:
        if not sign.isprintable():
            continue
        width += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if width > columns:
            break
        kept.append(sign)
    return "".join(kept)
