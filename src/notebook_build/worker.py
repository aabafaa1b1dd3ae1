"""Makes one page in a process of its own: executes where needed, renders, writes, reports back."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.death import processor_seconds_of_ended_children
from notebook_build.failure import CellFailure, cannot_write
from notebook_build.fingerprint import (
    execution_parts,
    expand,
    hash_file,
    hash_files,
    rendering_parts,
)
from notebook_build.kernel import kernel_environment, private_folder
from notebook_build.notebook import Notebook
from notebook_build.state import at_work, executed_path, write_together
from notebook_build.targets import Target, literals

#: Processes are forked from one that has papermill and nbconvert loaded: three seconds, once.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["notebook_build.execute", "notebook_build.render"])


@dataclass(frozen=True)
class Job:
    """What one worker does; `record` is that of the last good page where nothing is executed.

    `environment` is the builder's: a worker is forked from a process that may have an older one.
    """

    project: Project
    target: Target
    environment: dict[str, str]
    record: dict[str, Any] | None = None


def work(job: Job, answers: Connection, log: Path) -> None:
    """The process: answers ("cell", where it is), ..., then ("made", record) or ("failed", why)."""
    os.setsid()
    threading.Thread(target=die_with_parent, daemon=True).start()
    try:
        to_log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(to_log, 1)
        os.dup2(to_log, 2)
        with at_work(job.project) as descriptor:
            answers.send(("made", make(job, answers, descriptor)))
    except (CellFailure, BuildError) as failure:
        answers.send(("failed", str(failure)))
    except OSError as error:
        answers.send(("failed", cannot_write(error)))


def die_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.killpg(0, signal.SIGKILL)


def make(job: Job, answers: Connection, descriptor: int) -> dict[str, Any]:
    """Make the page and give its record, which the caller keeps once all files stand."""
    stage = rerun(job, answers, descriptor) if job.record is None else kept(job)
    identity = {"notebook": job.target.notebook.name, "given": literals(job.target.given)}
    return identity | stage | make_page(job.project, job.target.page, stage)


def rerun(job: Job, answers: Connection, descriptor: int) -> dict[str, Any]:
    """Execute, and give what of the record tells of the execution.

    Inputs and code are hashed before the run: what changes during it makes the page stale.
    """
    from notebook_build.execute import execute

    project, target = job.project, job.target
    parts = execution_parts(project, target.notebook, target.parameters, ())
    sources = hash_files(project.root, expand(project.root, ["src/**/*.py"]))
    with private_folder() as folder:
        surroundings = kernel_environment(job.environment, project, folder)
        os.environ.clear()
        os.environ.update(surroundings)
        executed = execute(
            project,
            target.notebook,
            target.given,
            tell=lambda *place: answers.send(("cell", place)),
            inherited=(descriptor,),
        )
    answers.send(("processor", processor_seconds_of_ended_children()))
    parts["modules"] = {path: sources[path] for path in executed.modules if path in sources}
    return {
        "execution": parts,
        "libraries": executed.libraries,
        "outputs": output_hashes(project, target.notebook),
        "executed": executed.notebook,
    }


def kept(job: Job) -> dict[str, Any]:
    """The last execution, read back."""
    import nbformat

    assert job.record is not None
    executed = nbformat.read(executed_path(job.project, job.target.name), as_version=4)
    wanted = ("execution", "libraries", "outputs")
    return {part: job.record[part] for part in wanted} | {"executed": executed}


def output_hashes(project: Project, notebook: Notebook) -> dict[str, str | None]:
    """Hashes of the declared outputs.

    Raises BuildError for one that the notebook declares and did not write.
    """
    for pattern in notebook.outputs:
        if not expand(project.root, [pattern]):
            raise BuildError(f"{notebook.name} ran but wrote no {pattern}, which it declares.")
    return hash_files(project.root, expand(project.root, notebook.outputs))


def make_page(project: Project, notebook: Notebook, stage: dict[str, Any]) -> dict[str, Any]:
    """Render, write everything, and give what of the record tells of the page."""
    from notebook_build.provenance import page_provenance
    from notebook_build.render import data_files, read_page, render

    executed, name = stage["executed"], notebook.name
    made_from = page_provenance(project, stage)
    page = read_page(executed, name, notebook.title, notebook.question, project.title, made_from)
    html = render(page, executed)
    files = data_files(page) | {f"{name}.html": html.encode()}
    write_together(
        {project.reports / path: content for path, content in files.items()}
        | {executed_path(project, name): as_text(executed)}
    )
    return {
        "executed": hash_file(executed_path(project, name)),
        "rendering": rendering_parts(project, notebook),
        "page": hash_files(project.reports, files),
        "summary": summary(page),
    }


def summary(page: Any) -> dict[str, Any]:
    """What the index shows of the page; its picture is the first figure."""
    from notebook_build.safe_svg import safe_svg

    main = page.figures[0] if page.figures else None
    picture = safe_svg(main.svg, f"{page.name}-{main.id}", main.alt) if main else ""
    return {
        "findings": [
            {
                "id": finding.id,
                "sentence": finding.sentence,
                "number": finding.number,
                "interval": finding.interval,
            }
            for finding in page.findings
        ],
        "figures": [
            {"title": figure.title, "csv": page.csv_path(figure)} for figure in page.figures
        ],
        "picture": picture,
        "exhibits": page.exhibits,
    }


def as_text(executed: Any) -> str:
    """The executed notebook as the text of a file, the same for the same content."""
    return json.dumps(executed, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
