"""The surroundings of a kernel: the builder's own Python, and nothing of the user's settings."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notebook_build.config import Project

KERNEL = "notebook-build"
#: Settings of the user's that would leak into a run.
DROPPED = ("PYTHONSTARTUP", "PYTHONPATH", "PYTHONHOME", "MATPLOTLIBRC", "JUPYTER_CONFIG_PATH")
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
    short = "/tmp" if os.access("/tmp", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="nb-", dir=short))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def kernel_environment(given: dict[str, str], project: Project, folder: Path) -> dict[str, str]:
    """The `given` environment variables made fit for a run, with a kernel installed in `folder`.

    The same in every place and on every day: hash seed, time zone and locale are fixed.
    """
    install_kernel(folder)
    kept = {name: value for name, value in given.items() if name not in DROPPED}
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
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def install_kernel(folder: Path) -> None:
    spec = folder / "jupyter" / "kernels" / KERNEL
    spec.mkdir(parents=True)
    (folder / "r").mkdir()
    content = {"argv": COMMAND, "display_name": "Notebook build", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
