"""Runs every notebook with all that it does not declare hidden: `python bench/undeclared.py`.

Each gets a root of its own with the code, the settings, itself and its declared inputs, taken from
the project as it is built (`make all` first). It has to run there, and its page to come out as it
is. Names on the command line choose some.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from notebook_build.config import Project, read_project
from notebook_build.fingerprint import input_files
from notebook_build.notebook import Notebook, read_notebooks

PROJECT = Path(__file__).parents[1]
#: What a page is made from beside its inputs.
SETTINGS = ("pyproject.toml", "requirements.lock", "CITATION.cff")


def main() -> None:
    project = read_project(PROJECT)
    notebooks = read_notebooks(project.notebook_folder)
    failed = [
        name for name in sys.argv[1:] or notebooks if not runs_alone(project, notebooks[name])
    ]
    sys.exit(f"need more than they declare: {', '.join(failed)}" if failed else 0)


def runs_alone(project: Project, notebook: Notebook) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(project.source, root / "src", ignore=ignored)
        notebook_file = notebook.path.relative_to(project.root).as_posix()
        for file in (*SETTINGS, notebook_file, *input_files(project, notebook)):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.root / file, root / file)
        command = [sys.executable, "-m", "notebook_build", "--root", folder, "page", notebook.name]
        alone = subprocess.run(command, capture_output=True, text=True, check=False)
        if alone.returncode:
            print(f"{notebook.name}: does not run alone\n{alone.stdout}{alone.stderr}", flush=True)
            return False
        page = project.page(notebook.name).relative_to(project.root)
        is_same = (root / page).read_bytes() == (project.root / page).read_bytes()
        print(f"{notebook.name}: runs; page {'the same' if is_same else 'DIFFERS'}", flush=True)
        return is_same


if __name__ == "__main__":
    main()
