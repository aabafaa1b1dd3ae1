"""Executes one notebook through papermill, and lets nothing half-way pass for a success."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_core.paths import jupyter_runtime_dir
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.death import explain_death, peak_of_ended_children, times_out_of_memory
from notebook_build.failure import CellFailure, describe, heading_above, plain
from notebook_build.kernel import KERNEL, ends_with_parent
from notebook_build.notebook import Notebook, tags
from notebook_build.printed import Printed
from notebook_build.scrub import scrub

ENGINE = "notebook-build"
INJECTED = "injected-parameters"
#: From a cell with this tag and a parameter's name on, the text holds for its default alone.
DEFAULT_ONLY = "default-only:"
START_SECONDS = 120
#: How long the last outputs of a cell may take to arrive once the cell has ended.
OUTPUT_SECONDS = 60
PROBE = """(lambda modules: __import__("json").dumps({
    "files": sorted({getattr(module, "__file__", None) or "" for module in modules.values()}),
    "names": sorted({name.partition(".")[0] for name in modules}),
}))(dict(__import__("sys").modules))"""

#: Told of each cell before it starts: its index, the number of cells, the heading above it.
Tell = Callable[[int, int, str], None]


@dataclass
class Run:
    """One run: its budgets in seconds, where it is, and how its kernel ended or what it loaded."""

    cell_seconds: float
    notebook_seconds: float
    tell: Tell
    notebook: Any = None
    index: int = 0
    started: float = 0.0
    cell_started: float = 0.0
    out_of_memory_before: int = field(default_factory=times_out_of_memory)
    kernel_status: int | None = None
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
        self.run.started = time.monotonic()
        try:
            for index, cell in enumerate(self.nb.cells):
                self.run.index = index
                self.run.tell(index, len(self.nb.cells), heading_above(self.nb.cells, index))
                self.run.cell_started = time.monotonic()
                self.execute_bounded(cell, index)
            self.run.loaded = self.ask_what_is_loaded()
        except DeadKernelError:
            # The manager forgets the process when it cleans up.
            process = self.km.provisioner.process
            self.run.kernel_status = process.returncode if process else None
            raise
        self.run.tell(len(self.nb.cells), len(self.nb.cells), "")

    def execute_bounded(self, cell: Any, index: int) -> None:
        self.printed = Printed()
        # What `exit` does is to ask whoever drives the kernel to end it, and to go on.
        self.on_cell_executed = refuse_exit
        try:
            self.execute_cell(cell, index)
        finally:
            for name, text in self.printed.endings().items():
                cell.outputs.append(nbformat.v4.new_output("stream", name=name, text=text))

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Take what the kernel sends, within bounds."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            content["text"] = self.printed.kept(content["name"], content["text"])
            if not content["text"]:
                return None
        elif msg["msg_type"] in ("display_data", "execute_result", "update_display_data"):
            self.printed.count(content["data"])
        return super().process_message(msg, cell, cell_index)

    def seconds_left(self, _cell: Any) -> float:
        """What the budgets leave for the next cell."""
        spent = time.monotonic() - self.run.started
        # 0 would mean no limit at all.
        return max(min(self.run.cell_seconds, self.run.notebook_seconds - spent), 0.01)

    def ask_what_is_loaded(self) -> dict[str, list[str]]:
        """The kernel's answer to an expression, which leaves no trace in the notebook."""
        message = self.kc.execute("", silent=True, user_expressions={"loaded": PROBE})
        reply = self.wait_for_reply(message)
        text = reply["content"]["user_expressions"]["loaded"]["data"]["text/plain"]
        return json.loads(ast.literal_eval(text))


def refuse_exit(execute_reply: dict[str, Any], **_: Any) -> None:
    """Raise CellFailure where the cell asked for the end of the run."""
    if any(entry["source"] == "ask_exit" for entry in execute_reply["content"].get("payload", ())):
        raise CellFailure("The cell asked for the end of the run (exit). Let the run go on.")


class Engine(NBClientEngine):
    """papermill's engine with our client."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, run: Run, inherited: tuple[int, ...], **_: Any
    ) -> None:
        client = Client(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=START_SECONDS,
            iopub_timeout=OUTPUT_SECONDS,
            force_raise_errors=True,
            record_timing=False,
            # We join them ourselves: nbclient's way takes the square of a line's length.
            coalesce_streams=False,
            # Nothing of the kernel's is worth a wait once its cells have ended.
            shutdown_kernel="immediate",
            # Sockets in the run's private folder: two runs at once would race for the same ports,
            # and for the same sockets where jupyter_client puts them, in the working directory.
            config=Config(KernelManager={"transport": "ipc", "ip": f"{jupyter_runtime_dir()}/k"}),
        )
        client.run = run
        client.timeout_func = client.seconds_left
        client.execute(pass_fds=inherited, preexec_fn=ends_with_parent())


papermill_engines.register(ENGINE, Engine)


def execute(
    project: Project,
    notebook: Notebook,
    parameters: dict[str, Any],
    tell: Tell,
    inherited: tuple[int, ...] = (),
) -> Executed:
    """Run a notebook in the root with these parameters set after its own.

    The kernel inherits the file descriptors `inherited`. Raises CellFailure for an error, an
    exit, a killed kernel, a spent budget or a cell that did not run.
    """
    run = Run(
        notebook.cell_seconds or project.cell_seconds,
        notebook.notebook_seconds or project.notebook_seconds,
        tell,
    )
    try:
        executed = papermill.execute_notebook(
            with_parameters(asked_for(notebook, parameters), parameters),
            None,
            engine_name=ENGINE,
            kernel_name=KERNEL,
            language="python",
            progress_bar=False,
            cwd=project.root,
            run=run,
            inherited=inherited,
        )
    except CellExecutionError as error:
        raise failure(run, project, *error_of(error)) from None
    except CellTimeoutError:
        raise failure(run, project, spent_budget(run)) from None
    except DeadKernelError:
        raise failure(run, project, death(run)) from None
    except CellFailure as error:
        raise failure(run, project, str(error)) from None
    except RuntimeError as error:
        raise BuildError(f"the kernel did not start: {error}") from None
    scrub(executed, project.root)
    refuse_unrun(executed.cells)
    return Executed(executed, loaded_modules(project, run), loaded_libraries(project, run))


def asked_for(notebook: Notebook, given: dict[str, Any]) -> Any:
    """The notebook up to the first cell that speaks of the default of a parameter that is `given`.

    Raises BuildError for a tag that names no parameter.
    """
    content = nbformat.read(notebook.path, as_version=4)
    for place, cell in enumerate(content.cells):
        named = {
            tag.removeprefix(DEFAULT_ONLY) for tag in tags(cell) if tag.startswith(DEFAULT_ONLY)
        }
        if unknown := named - set(notebook.parameters):
            raise BuildError(
                f"{notebook.path.name}: cell {place + 1} is tagged '{DEFAULT_ONLY}{min(unknown)}', "
                f"which is no parameter. Known: {', '.join(notebook.parameters) or 'none'}."
            )
        if named & set(given):
            content.cells = content.cells[:place]
            break
    return content


def with_parameters(notebook: Any, parameters: dict[str, Any]) -> Any:
    """The notebook with a cell after its `parameters` cell that sets these values.

    papermill's own translation turns a tuple into text.
    """
    if parameters:
        lines = [f"{name} = {value!r}" for name, value in parameters.items()]
        cell = nbformat.v4.new_code_cell("\n".join(["# Parameters of this run", *lines]))
        cell.metadata["tags"] = [INJECTED]
        after = next(i for i, c in enumerate(notebook.cells) if "parameters" in tags(c))
        notebook.cells.insert(after + 1, cell)
    return notebook


def spent_budget(run: Run) -> str:
    """Which budget was spent, and where to raise it."""
    now = time.monotonic()
    if now - run.started >= run.notebook_seconds:
        kind, seconds = "notebook", run.notebook_seconds
    elif now - run.cell_started >= run.cell_seconds:
        kind, seconds = "cell", run.cell_seconds
    else:
        return f"The outputs of the cell did not arrive within {OUTPUT_SECONDS} s of its end."
    return (
        f"Stopped: the {kind} took longer than its budget of {seconds:g} s. Raise {kind}_seconds "
        "in the notebook's metadata or in pyproject.toml, or make it quicker."
    )


def death(run: Run) -> str:
    return explain_death(
        run.kernel_status,
        peak_of_ended_children(),
        times_out_of_memory() > run.out_of_memory_before,
    )


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
