"""Bounds what a cell may hand over: a flood of text is cut in the middle, one of pictures fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from notebook_build.failure import CellFailure

#: Characters kept of what a cell prints on one stream: a hundred screens, then the last few.
START = 100_000
END = 4_000
#: Outputs of one cell. The kernel's socket drops messages beyond a thousand that wait.
OUTPUTS = 1_000
#: Characters of all tables and pictures of one cell; a page of that size still opens.
DISPLAYED = 30_000_000


@dataclass
class Stream:
    """The start and the end of what was printed, and how many characters lie between."""

    room: int = START
    end: str = ""
    left_out: int = 0


@dataclass
class Printed:
    """What one cell has handed over so far.

    The cut depends on the text alone, not on the pieces that it came in: those are chance.
    """

    streams: dict[str, Stream] = field(default_factory=dict)
    outputs: int = 0
    displayed: int = 0

    def kept(self, name: str, text: str) -> str:
        """The part of `text` that still belongs to the start of the stream `name`."""
        stream = self.streams.setdefault(name, Stream())
        start, rest = text[: stream.room], text[stream.room :]
        stream.room -= len(start)
        end = stream.end + rest
        stream.end = end[-END:]
        stream.left_out += len(end) - len(stream.end)
        return start

    def endings(self) -> dict[str, str]:
        """By stream, what follows its start: a line that tells of the cut, and the end."""
        return {
            name: ending(stream)
            for name, stream in sorted(self.streams.items(), reverse=True)
            if stream.end
        }

    def count(self, data: dict[str, Any]) -> None:
        """Add one output; raises CellFailure where the cell shows more than a page can hold."""
        self.outputs += 1
        self.displayed += sum(len(str(content)) for content in data.values())
        if self.outputs > OUTPUTS:
            raise CellFailure(f"The cell shows more than {OUTPUTS:,} outputs. Show fewer.")
        if self.displayed > DISPLAYED:
            raise CellFailure(
                f"The cell shows more than {DISPLAYED:,} characters of tables and pictures. "
                "Show fewer rows or marks, or write them to a file."
            )


def ending(stream: Stream) -> str:
    if not stream.left_out:
        return stream.end
    return f"\n[... {stream.left_out:,} characters left out ...]\n{stream.end}"
