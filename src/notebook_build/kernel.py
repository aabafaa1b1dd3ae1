"""The surroundings of a kernel: the builder's own Python, and nothing of the user's settings."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from notebook_build.config import Project

KERNEL = "notebook-build"
#: Settings of the user's that would leak into a run. PYTHONOPTIMIZE, for one, drops assertions.
DROPPED = ("PYTHON", "IPYTHON", "JUPYTER", "JPY_", "MATPLOTLIBRC", "MPL", "PYDEVD", "BASH_ENV")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: What private folders are called, and the file in each that its process keeps locked.
PREFIX, LOCKED = "nb-", "lock"
#: PR_SET_PDEATHSIG of <sys/prctl.h>.
SIGNAL_AT_PARENTS_DEATH = 1
COMMAND = [
    sys.executable,
    "-m",
    "ipykernel_launcher",
    "-f",
    "{connection_file}",
    # A shell command that fails (`!false`) fails its cell.
    "--InteractiveShell.system_raise_on_error=True",
    "--HistoryManager.enabled=False",
]


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for one run's sockets and settings, gone afterwards.

    It lies in /tmp where that can be written: the path of a socket breaks over about 100
    characters, which the temporary folder of macOS and a project's own folder can exceed.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=short_folder()))
    try:
        unlocked = folder / "unlocked"
        with unlocked.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Renamed once it is locked, or a build that starts now would find it free.
            unlocked.rename(folder / LOCKED)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def short_folder() -> str:
    return "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()


def remove_abandoned_folders() -> None:
    """Remove the private folders of runs that were killed: their lock is free."""
    for folder in Path(short_folder()).glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / LOCKED).open("r+") as file:
            if folder.stat().st_uid == os.getuid():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def ends_with_parent() -> Callable[[], None] | None:
    """What a kernel does before it starts, so that the system kills it when its worker ends.

    ipykernel looks for its parent once a second, but one whose parent is gone before it first
    looks may run on for ever. Linux alone offers better; None elsewhere.
    """
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: afterwards a lock of another thread's may be held for good.
    control = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        control(SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_for_signal


def kernel_environment(given: dict[str, str], project: Project, folder: Path) -> dict[str, str]:
    """The `given` environment variables made fit for a run, with a kernel installed in `folder`.

    The same in every place and on every day: hash seed, time zone and locale are fixed.
    """
    install_kernel(folder)
    kept = {name: value for name, value in given.items() if not name.startswith(DROPPED)}
    return kept | {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "r"),
        # Kept between runs, because matplotlib fills it with a list of fonts, for seconds.
        "MPLCONFIGDIR": str(project.state / "matplotlib"),
        "PYTHONPATH": str(project.source),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # One thread each: sums come out the same on any number of cores, and two notebooks at
        # once do not fight for them.
        **dict.fromkeys(THREADS, "1"),
    }


def install_kernel(folder: Path) -> None:
    spec = folder / "jupyter" / "kernels" / KERNEL
    spec.mkdir(parents=True)
    (folder / "r").mkdir()
    content = {"argv": COMMAND, "display_name": "Notebook build", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
