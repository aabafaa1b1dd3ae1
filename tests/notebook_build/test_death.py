"""A kernel's death is told with its cause."""

import pytest

from notebook_build.death import explain_death


@pytest.mark.parametrize(
    ("status", "out_of_memory", "said"),
    [
        (-9, False, "was killed (SIGKILL) from outside"),
        (-9, True, "ran out of memory. It held up to 2.5 GB"),
        (-11, False, "died of SIGSEGV: a crash in compiled code, or a signal sent. It held up to"),
        (-63, False, "signal 63"),
        (3, False, "ended with status 3: the cell ended its own process"),
        (None, False, "answers no more"),
    ],
)
def test_signal_status_and_memory_are_told(status, out_of_memory, said):
    assert said in explain_death(status, 2_500_000_000, out_of_memory)
