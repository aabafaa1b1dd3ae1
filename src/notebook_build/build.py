"""Decides what is stale, runs it two at a time in the order of the graph, and tells of it."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.fingerprint import (
    differences,
    execution_parts,
    expand,
    hash_file,
    rendering_parts,
)
from notebook_build.graph import Graph
from notebook_build.index import write_index
from notebook_build.notebook import Notebook
from notebook_build.state import (
    executed_path,
    read_record,
    record_path,
    recorded_names,
    write_record,
)

WORKERS = 2
NEVER_BUILT = "never built"


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook: "ran", "rendered", "fresh" or "failed"."""

    name: str
    status: str
    seconds: float = 0.0
    reasons: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Staleness:
    """Why a notebook would be executed, and why its page would be rendered; both may be empty."""

    execute: list[str]
    render: list[str]


@dataclass
class Build:
    """One run of the builder over some notebooks of a project.

    `overrides` holds checked parameter values by notebook; `tell` gets each line of progress.
    """

    project: Project
    notebooks: dict[str, Notebook]
    graph: Graph
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    keep_going: bool = False
    tell: Callable[[str], None] = print
    processes: set[Any] = field(default_factory=set)
    interrupted: threading.Event = field(default_factory=threading.Event)

    def run(self, names: set[str]) -> list[Outcome]:
        """Bring these notebooks up to date, then the index; returns what became of each.

        Once one fails nothing new starts, unless `keep_going`; what waits for it never runs.
        """
        started = time.monotonic()
        clear_leftovers(self.project)
        outcomes = self.run_in_order(names)
        write_index(self.project, self.notebooks)
        self.tell(summary_line(outcomes, len(names), time.monotonic() - started))
        return outcomes

    def run_in_order(self, names: set[str]) -> list[Outcome]:
        sorter = TopologicalSorter({name: self.graph[name] & names for name in sorted(names)})
        sorter.prepare()
        outcomes: list[Outcome] = []
        ready: list[str] = []
        running: dict[Future[Outcome], str] = {}
        with ThreadPoolExecutor(WORKERS) as pool, self.killed_on_error():
            while True:
                ready = sorted([*ready, *sorter.get_ready()])
                while ready and len(running) < WORKERS and self.may_go_on(outcomes):
                    name = ready.pop(0)
                    running[pool.submit(self.bring_up_to_date, name)] = name
                if not running:
                    return outcomes
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    outcomes.append(future.result())
                    self.tell(progress_line(outcomes[-1]))
                    if outcomes[-1].status != "failed":
                        sorter.done(name)

    def may_go_on(self, outcomes: list[Outcome]) -> bool:
        return self.keep_going or all(outcome.status != "failed" for outcome in outcomes)

    def bring_up_to_date(self, name: str) -> Outcome:
        """Execute and render one notebook as far as it is stale; its ancestors are done."""
        started = time.monotonic()
        notebook = self.notebooks[name]
        try:
            record = read_record(self.project, name)
            stale = staleness(self.project, notebook, self.overrides.get(name, {}), record)
            if stale.execute:
                with last_good_outputs(self.project, notebook):
                    new = self.in_own_process(notebook, None)
            elif stale.render:
                new = self.in_own_process(notebook, record)
            else:
                return Outcome(name, "fresh")
            remove_old_files(self.project, record, new)
            write_record(self.project, name, new)
        except BuildError as error:
            return Outcome(name, "failed", time.monotonic() - started, message=str(error))
        status = "ran" if stale.execute else "rendered"
        reasons = tuple(stale.execute or stale.render)
        return Outcome(name, status, time.monotonic() - started, reasons)

    def in_own_process(self, notebook: Notebook, record: dict[str, Any] | None) -> dict[str, Any]:
        """Have a worker make the page; raises BuildError with what the worker said."""
        # Imported here: a build with nothing to do starts no process.
        from notebook_build.worker import PROCESSES, Job, work

        overrides = self.overrides.get(notebook.name, {})
        job = Job(self.project, notebook.path, overrides, dict(os.environ), record)
        log = self.project.state / f"{notebook.name}.log"
        receiver, sender = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=work, args=(job, sender, log))
        process.start()
        sender.close()
        self.processes.add(process)
        if self.interrupted.is_set():
            process.kill()
        try:
            kind, answer = receiver.recv()
        except EOFError:
            raise BuildError(died(process, log)) from None
        finally:
            process.join()
            self.processes.discard(process)
            receiver.close()
        log.unlink(missing_ok=True)
        if kind == "failed":
            raise BuildError(answer)
        return answer

    @contextmanager
    def killed_on_error(self) -> Iterator[None]:
        """When the builder is interrupted its workers end too; their kernels follow in a second."""
        try:
            yield
        except BaseException:
            self.interrupted.set()
            for process in list(self.processes):
                process.kill()
            raise


def staleness(
    project: Project,
    notebook: Notebook,
    overrides: dict[str, Any],
    record: dict[str, Any] | None,
) -> Staleness:
    """Compare the record with what lies on the disk now, by content.

    Raises BuildError for a notebook that cannot run: a missing input, no parameters cell.
    """
    parameters = {name: known.default for name, known in notebook.parameters.items()} | overrides
    modules = record["execution"]["modules"] if record else ()
    now = execution_parts(project, notebook, parameters, modules)
    if record is None:
        return Staleness([NEVER_BUILT], [])
    execute = differences(record["execution"], as_recorded(now))
    execute += changed_files(project.root, record["outputs"], "output")
    execute += [
        f"output {path} is not of the last run"
        for path in expand(project.root, notebook.outputs)
        if path not in record["outputs"]
    ]
    if hash_file(executed_path(project, notebook.name)) != record["executed"]:
        execute.append("the executed notebook is gone")
    render = differences(record["rendering"], rendering_parts(project, notebook))
    render += changed_files(project.reports, record["page"], "page file")
    return Staleness(execute, render)


def as_recorded(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts as they would be read back from a record: JSON has no tuples."""
    import json

    return json.loads(json.dumps(parts))


def changed_files(folder: Path, recorded: dict[str, str], kind: str) -> list[str]:
    reasons = []
    for path, before in recorded.items():
        now = hash_file(folder / path)
        if now != before:
            reasons.append(f"{kind} {path} {'is gone' if now is None else 'was changed'}")
    return reasons


@contextmanager
def last_good_outputs(project: Project, notebook: Notebook) -> Iterator[None]:
    """Put the declared outputs back as they were when the run does not succeed."""
    before = expand(project.root, notebook.outputs)
    with tempfile.TemporaryDirectory(prefix="kept-", dir=project.state) as folder:
        copies = {path: Path(folder, str(number)) for number, path in enumerate(before)}
        for path, copy in copies.items():
            shutil.copy2(project.root / path, copy)
        try:
            yield
        except BaseException:
            for path in expand(project.root, notebook.outputs):
                if path not in copies:
                    (project.root / path).unlink()
            for path, copy in copies.items():
                copy.replace(project.root / path)
            raise


def clear_leftovers(project: Project) -> None:
    """Remove what a killed build left, and the pages of notebooks that are no more."""
    for folder in project.state.glob("kept-*"):
        shutil.rmtree(folder)
    for name in recorded_names(project):
        if not (project.notebook_folder / f"{name}.ipynb").exists():
            remove_old_files(project, read_record(project, name), {"page": {}})
            executed_path(project, name).unlink(missing_ok=True)
            record_path(project, name).unlink()


def remove_old_files(project: Project, old: dict[str, Any] | None, new: dict[str, Any]) -> None:
    """Remove the files of a page's last version that its new one no longer has."""
    for path in (old or {"page": {}})["page"]:
        if path not in new["page"]:
            (project.reports / path).unlink(missing_ok=True)


def died(process: Any, log: Path) -> str:
    """What is known of a worker that ended without an answer."""
    process.join()
    tail = log.read_text(errors="replace").splitlines()[-6:] if log.exists() else []
    how = f"signal {-process.exitcode}" if process.exitcode < 0 else f"status {process.exitcode}"
    return "\n".join([f"its worker ended with {how} and no answer", *tail])


def progress_line(outcome: Outcome) -> str:
    seconds = f"{outcome.seconds:6.1f} s" if outcome.status != "fresh" else " " * 8
    line = f"{outcome.name:<24} {outcome.status:<8} {seconds}"
    if outcome.reasons:
        more = len(outcome.reasons) - 1
        line += f"  {outcome.reasons[0]}" + (f" and {more} more" if more else "")
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
