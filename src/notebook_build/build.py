"""Makes what is stale, two notebooks at a time in the order of the graph, and tells of it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.failure import cannot_write
from notebook_build.graph import Graph
from notebook_build.index import write_index
from notebook_build.kernel import remove_abandoned_folders
from notebook_build.notebook import Notebook
from notebook_build.outputs import outputs_kept, put_back_after_kill, take_outputs
from notebook_build.progress import Outcome, Progress, summary_line
from notebook_build.staleness import staleness
from notebook_build.state import (
    executed_path,
    read_record,
    read_timings,
    record_path,
    recorded_names,
    write_record,
    write_timing,
)
from notebook_build.targets import Target

WORKERS = 2


@dataclass
class Build:
    """One run of the builder over some pages of a project.

    `targets` holds what can be made by name, and `graph` for each the names that it waits for.
    """

    project: Project
    notebooks: dict[str, Notebook]
    targets: dict[str, Target]
    graph: Graph
    progress: Progress
    keep_going: bool = False
    processes: set[Any] = field(default_factory=set)
    interrupted: threading.Event = field(default_factory=threading.Event)

    def run(self) -> list[Outcome]:
        """Bring the targets up to date, then the index; returns what became of each.

        Once one fails nothing new starts, unless `keep_going`; what waits for it never runs.
        """
        started = time.monotonic()
        clear_leftovers(self.project)
        with self.progress.moving():
            outcomes = self.run_in_order()
        write_index(self.project, self.notebooks)
        seconds = time.monotonic() - started
        self.progress.say(summary_line(outcomes, len(self.targets), seconds))
        return outcomes

    def run_in_order(self) -> list[Outcome]:
        sorter = TopologicalSorter(self.graph)
        sorter.prepare()
        urgency = chain_seconds(self.graph, read_timings(self.project))
        outcomes: list[Outcome] = []
        ready: list[str] = []
        running: dict[Future[Outcome], str] = {}
        with ThreadPoolExecutor(WORKERS) as pool, self.killed_on_error():
            while True:
                ready = [*ready, *sorter.get_ready()]
                ready.sort(key=lambda name: (-urgency[name], name))
                while ready and len(running) < WORKERS and self.may_go_on(outcomes):
                    name = ready.pop(0)
                    running[pool.submit(self.bring_up_to_date, name)] = name
                if not running:
                    return outcomes
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    outcomes.append(future.result())
                    self.progress.end(outcomes[-1])
                    if outcomes[-1].status != "failed":
                        sorter.done(name)

    def may_go_on(self, outcomes: list[Outcome]) -> bool:
        return self.keep_going or all(outcome.status != "failed" for outcome in outcomes)

    def bring_up_to_date(self, name: str) -> Outcome:
        """Execute and render one page as far as it is stale; its ancestors are done."""
        started = time.monotonic()
        target = self.targets[name]
        try:
            record = read_record(self.project, name)
            stale = staleness(self.project, target, record)
            if not stale.reasons:
                return Outcome(name, "fresh")
            self.progress.start(name)
            self.make(target, record, execute=bool(stale.execute))
        except BuildError as error:
            return Outcome(name, "failed", time.monotonic() - started, message=str(error))
        except OSError as error:
            seconds = time.monotonic() - started
            return Outcome(name, "failed", seconds, message=cannot_write(error))
        status = "ran" if stale.execute else "rendered"
        return Outcome(name, status, time.monotonic() - started, tuple(stale.reasons))

    def make(self, target: Target, record: dict[str, Any] | None, execute: bool) -> None:
        """Make the page and keep its record, which is written once all else stands."""
        if execute:
            with outputs_kept(self.project, target):
                new = self.in_own_process(target, None)
                if target.is_run:
                    new["outputs"] = take_outputs(self.project, target)
        else:
            new = self.in_own_process(target, record)
        remove_old_files(self.project, record, new)
        write_record(self.project, target.name, new)

    def in_own_process(self, target: Target, record: dict[str, Any] | None) -> dict[str, Any]:
        """Have a worker make the page; raises BuildError with what the worker said."""
        # Imported here: a build with nothing to do starts no process.
        from notebook_build.worker import PROCESSES, Job, work

        started = time.monotonic()
        job = Job(self.project, target, dict(os.environ), record)
        log = self.project.state / f"{target.name}.log"
        receiver, sender = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=work, args=(job, sender, log))
        process.start()
        sender.close()
        self.processes.add(process)
        if self.interrupted.is_set():
            process.kill()
        processor = None
        try:
            kind, answer = receiver.recv()
            while kind not in ("made", "failed"):
                if kind == "cell":
                    self.progress.cell(target.name, *answer)
                else:
                    processor = answer
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
        if processor is not None:
            write_timing(self.project, target.name, time.monotonic() - started, processor)
        return answer

    @contextmanager
    def killed_on_error(self) -> Iterator[None]:
        """When the builder is interrupted its workers end too, and their kernels with them."""
        try:
            yield
        except BaseException:
            self.interrupted.set()
            for process in list(self.processes):
                process.kill()
            raise


def chain_seconds(graph: Graph, timings: dict[str, dict[str, float]]) -> dict[str, float]:
    """For each page the seconds of the longest chain that starts with it, from the last runs.

    A page that never ran counts as one second. What starts the longest chain runs first.
    """
    waiting = {name: [other for other in graph if name in graph[other]] for name in graph}

    @cache
    def seconds(name: str) -> float:
        own = timings.get(name, {}).get("wall", 1.0)
        return own + max(map(seconds, waiting[name]), default=0.0)

    return {name: seconds(name) for name in graph}


def clear_leftovers(project: Project) -> None:
    """Undo and remove what a killed build left, and the pages of notebooks that are no more."""
    put_back_after_kill(project)
    remove_abandoned_folders()
    data = project.reports / "data"
    for folder in (project.reports, data, data / "rows", project.state):
        for unfinished in folder.glob(".*.new"):
            unfinished.unlink()
    for log in project.state.glob("*.log"):
        log.unlink()
    for name in recorded_names(project):
        record = read_record(project, name)
        if record is None:
            continue
        is_gone = not (project.notebook_folder / f"{record['notebook']}.ipynb").exists()
        # Who deletes the page of a run wants it no more.
        is_unwanted = record["given"] and not (project.reports / f"{name}.html").exists()
        if is_gone or is_unwanted:
            remove_old_files(project, record, {"page": {}})
            executed_path(project, name).unlink(missing_ok=True)
            record_path(project, name).unlink()
    known = set(recorded_names(project))
    for folder in (project.reports / "runs").glob("*"):
        if folder.name not in known:
            shutil.rmtree(folder)


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
