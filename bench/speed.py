"""How fast the builder is, in one run, side by side; run by hand: `python bench/speed.py`.

- Six notebooks that only import: the naive loop (papermill's command, then nbconvert's, one
  notebook after another) against the builder. Aim: 2.5 times as fast.
- The project's own notebooks, in a root of their own: wall time against the longest chain of
  dependent notebooks and the processor seconds of the kernels, two at once. Aim: at most
  1.15 x max(chain, processor seconds / 2) + 5 s.
- Nothing to do. Aim: under one second.

Wall seconds say little on a machine that is busy with other things, so its load is printed too.
`python bench/speed.py imports`, or `own`, runs one part.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from notebook_build.build import chain_seconds
from notebook_build.config import read_project
from notebook_build.graph import dependencies
from notebook_build.notebook import read_notebooks
from notebook_build.state import read_timings

PROJECT = Path(__file__).parents[1]
#: What notebooks of this field import first.
IMPORTS = """import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scipy.stats
import seaborn as sns
import statsmodels.api as sm"""
NOTEBOOKS = 6
OWN = ("data/raw", "bench/validation", "notebooks", "src")


def main() -> None:
    parts = sys.argv[1:] or ["imports", "own"]
    print(f"load of the last minute before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        if "imports" in parts:
            compare_with_naive_loop(Path(folder, "imports"))
        if "own" in parts:
            measure_own_notebooks(Path(folder, "own"))
    print(f"load of the last minute after: {os.getloadavg()[0]:.1f}")


def compare_with_naive_loop(root: Path) -> None:
    for number in range(NOTEBOOKS):
        write_notebook(root / "notebooks" / f"n{number}.ipynb")
    # Caches of bytecode and fonts fill before either is timed.
    naive(root, sorted(root.glob("notebooks/*.ipynb"))[:1])
    slow = naive(root, sorted(root.glob("notebooks/*.ipynb")))
    fast = build(root)
    print(f"naive loop, {NOTEBOOKS} notebooks that only import: {slow:.1f} s")
    print(f"builder, the same: {fast:.1f} s, {slow / fast:.2f} times as fast (aim 2.5)")
    print(f"nothing to do: {build(root):.2f} s (aim 1)")


def write_notebook(path: Path) -> None:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "source": source,
            "metadata": {"tags": tags},
            "outputs": [],
            "execution_count": None,
        }
        for number, (source, tags) in enumerate([("", ["parameters"]), (IMPORTS, [])])
    ]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "notebook_build": {"title": path.stem},
    }
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def naive(root: Path, notebooks: list[Path]) -> float:
    """Seconds of papermill's command and then nbconvert's, for one notebook after another."""
    (root / "naive").mkdir(exist_ok=True)
    started = time.monotonic()
    for notebook in notebooks:
        executed = root / "naive" / notebook.name
        run(["-m", "papermill", "--no-progress-bar", str(notebook), str(executed)])
        run(["-m", "nbconvert", "--to", "html", str(executed)])
    return time.monotonic() - started


def build(root: Path) -> float:
    started = time.monotonic()
    print(run(["-m", "notebook_build", "--root", str(root)]), end="")
    return time.monotonic() - started


def run(arguments: list[str]) -> str:
    """What Python with these arguments prints; the bench ends where it fails."""
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{arguments} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def measure_own_notebooks(root: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".ipynb_checkpoints")
    for folder in OWN:
        shutil.copytree(PROJECT / folder, root / folder, ignore=ignored)
    for file in ("pyproject.toml", "requirements.lock"):
        shutil.copy2(PROJECT / file, root / file)
    wall = build(root)
    project = read_project(root)
    timings = read_timings(project)
    chain = max(
        chain_seconds(dependencies(read_notebooks(project.notebook_folder)), timings).values()
    )
    half = sum(timing["processor"] for timing in timings.values()) / 2
    aim = 1.15 * max(chain, half) + 5
    print(f"own notebooks: wall {wall:.1f} s; longest chain {chain:.1f} s, half of the kernels'")
    print(f"processor seconds {half:.1f} s; aim {aim:.1f} s: {'met' if wall <= aim else 'missed'}")
    print(f"nothing to do: {build(root):.2f} s (aim 1)")


if __name__ == "__main__":
    main()
