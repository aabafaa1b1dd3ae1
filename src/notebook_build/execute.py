"""Executes one notebook through papermill, and lets nothing half-way pass for a success."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_core.paths import jupyter_runtime_dir
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

from notebook_build.config import Project
from notebook_build.failure import CellFailure, describe, plain
from notebook_build.kernel import KERNEL
from notebook_build.scrub import scrub

ENGINE = "notebook-build"
INJECTED = "injected-parameters"
START_SECONDS = 120
PROBE = """(lambda modules: __import__("json").dumps({
    "files": sorted({getattr(module, "__file__", None) or "" for module in modules.values()}),
    "names": sorted({name.partition(".")[0] for name in modules}),
}))(dict(__import__("sys").modules))"""


@dataclass
class Run:
    """One run: where it is, and what its kernel had loaded when it ended."""

    notebook: Any = None
    index: int = 0
    loaded: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Executed:
    """A notebook whose every cell ran; `modules` are files under the root, told by the kernel."""

    notebook: Any
    modules: list[str]
    libraries: dict[str, str]


class Client(PapermillNotebookClient):
    """Stops at the first error of any kind, and asks the kernel at the end what it loaded."""

    run: Run

    def papermill_execute_cells(self) -> None:
        # papermill's own loop takes SystemExit for success and lets tagged errors pass.
        self.run.notebook = self.nb
        for index, cell in enumerate(self.nb.cells):
            self.run.index = index
            self.execute_cell(cell, index)
        self.run.loaded = self.ask_what_is_loaded()

    def ask_what_is_loaded(self) -> dict[str, list[str]]:
        """The kernel's answer to an expression, which leaves no trace in the notebook."""
        message = self.kc.execute("", silent=True, user_expressions={"loaded": PROBE})
        reply = self.wait_for_reply(message)
        text = reply["content"]["user_expressions"]["loaded"]["data"]["text/plain"]
        return json.loads(ast.literal_eval(text))


class Engine(NBClientEngine):
    """papermill's engine with our client."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, run: Run, start_timeout: int = START_SECONDS, **_: Any
    ) -> None:
        client = Client(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            timeout=None,
            force_raise_errors=True,
            record_timing=False,
            coalesce_streams=True,
            # Sockets in the run's private folder: two runs at once would race for the same ports,
            # and for the same sockets where jupyter_client puts them, in the working directory.
            config=Config(KernelManager={"transport": "ipc", "ip": f"{jupyter_runtime_dir()}/k"}),
        )
        client.run = run
        client.execute()


papermill_engines.register(ENGINE, Engine)


def execute(project: Project, path: Path, parameters: dict[str, Any]) -> Executed:
    """Run a notebook in the root with these parameters set after its own.

    Raises CellFailure for an error, an exit, a killed kernel or a cell that did not run.
    """
    run = Run()
    notebook = nbformat.read(path, as_version=4)
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            parameters=parameters,
            engine_name=ENGINE,
            kernel_name=KERNEL,
            language="python",
            progress_bar=False,
            start_timeout=START_SECONDS,
            cwd=project.root,
            run=run,
        )
    except CellExecutionError as error:
        raise failure(run, project, *error_of(error)) from None
    except DeadKernelError:
        raise failure(
            run, project, "The kernel died: killed from outside (memory?), or the cell ended it."
        ) from None
    scrub(executed, project.root)
    refuse_unrun(executed.cells)
    return Executed(executed, loaded_modules(project, run), loaded_libraries(project, run))


def error_of(error: CellExecutionError) -> tuple[str, str]:
    return f"{error.ename}: {plain(error.evalue)}", error.traceback


def failure(run: Run, project: Project, error: str, traceback: str = "") -> CellFailure:
    if run.notebook is None:
        return CellFailure(error)
    before = run.notebook.cells[: run.index]
    shift = sum(INJECTED in cell.metadata.get("tags", ()) for cell in before)
    cells = [c for c in run.notebook.cells if INJECTED not in c.metadata.get("tags", ())]
    traceback = plain(traceback).replace(f"{project.root}/", "")
    return CellFailure(describe(cells, run.index - shift, error, traceback))


def refuse_unrun(cells: list[Any]) -> None:
    """Success means that every code cell ran, once and in order, and none holds an error."""
    last = 0
    for index, cell in enumerate(cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if any(output.output_type == "error" for output in cell.outputs):
            raise CellFailure(describe(cells, index, "The cell holds an error."))
        if (cell.execution_count or 0) <= last:
            raise CellFailure(describe(cells, index, "The cell did not run in its order."))
        last = cell.execution_count


def loaded_modules(project: Project, run: Run) -> list[str]:
    """The files under the project's source that the kernel had loaded, relative to the root."""
    files = (Path(file) for file in run.loaded["files"] if file)
    return sorted(
        file.relative_to(project.root).as_posix()
        for file in files
        if file.is_relative_to(project.source)
    )


def loaded_libraries(project: Project, run: Run) -> dict[str, str]:
    """Versions of the declared dependencies that the kernel had loaded by their own name."""
    names = {name.lower() for name in run.loaded["names"]}
    found = {}
    for library in project.libraries:
        if library.lower().replace("-", "_") in names:
            try:
                found[library] = version(library)
            except PackageNotFoundError:
                continue
    return found
