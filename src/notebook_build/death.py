"""Why a kernel is no more: its signal or status, and what is known of memory."""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

VMSTAT = Path("/proc/vmstat")


def explain_death(status: int | None, peak_bytes: int, out_of_memory: bool) -> str:
    """What to tell of a kernel that ended with `status` (negative: minus the signal).

    >>> explain_death(3, 0, False)
    'The kernel ended with status 3: the cell ended its own process.'
    """
    if status is None:
        return "The kernel answers no more, though its process lives."
    if status >= 0:
        return f"The kernel ended with status {status}: the cell ended its own process."
    name = signal_name(-status)
    held = f"It held up to {peak_bytes / 1e9:.1f} GB."
    if -status != signal.SIGKILL:
        return f"The kernel died of {name}: a crash in compiled code, or a signal sent. {held}"
    if out_of_memory:
        return f"The kernel was killed ({name}): the system ran out of memory. {held}"
    return (
        f"The kernel was killed ({name}) from outside. "
        f"The system recorded no lack of memory, a limit may. {held}"
    )


def signal_name(number: int) -> str:
    """The name, such as SIGSEGV, or the number where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def peak_of_ended_children() -> int:
    """The most memory, in bytes, that one ended child of this process held at a time."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def processor_seconds_of_ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def times_out_of_memory() -> int:
    """How often the system has killed a process for want of memory; 0 where it does not count."""
    try:
        lines = VMSTAT.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
