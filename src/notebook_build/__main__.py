"""The command line: `python -m notebook_build [all | page | run | explain | compare]`."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path

from notebook_build import BuildError
from notebook_build.build import Build
from notebook_build.config import Project, read_project
from notebook_build.failure import cannot_write
from notebook_build.graph import Graph, dependencies, in_order, with_ancestors
from notebook_build.notebook import Notebook, read_notebooks
from notebook_build.parameters import split_assignments
from notebook_build.progress import Progress
from notebook_build.staleness import staleness
from notebook_build.state import only_build, read_record
from notebook_build.targets import Target, defaults, recorded_runs, run_target


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 1 when a page could not be made."""
    options = parse(arguments)
    try:
        return obey(options)
    except BuildError as error:
        print(f"notebook_build: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read what is printed has read enough (`... | head`); nothing more can be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"notebook_build: {cannot_write(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "notebook_build: interrupted; every page keeps its last good version", file=sys.stderr
        )
        return 130


def obey(options: argparse.Namespace) -> int:
    project = read_project(options.root)
    if options.command == "compare":
        from notebook_build.compare import compare

        print(compare(project, options.base))
        return 0
    notebooks = read_notebooks(project.notebook_folder)
    graph = dependencies(notebooks)
    if options.command == "explain":
        explain(project, notebooks, graph)
        return 0
    return build(project, notebooks, graph, options)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="notebook_build", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the project (default: here)")
    commands = parser.add_subparsers(dest="command")
    every = commands.add_parser("all", help="every page that is stale, then the index")
    page = commands.add_parser("page", help="one page and what it needs")
    run = commands.add_parser("run", help="a page with other parameters, beside the default one")
    for command in (page, run):
        command.add_argument("name", help="the notebook's name without .ipynb")
    run.add_argument(
        "parameters",
        nargs="*",
        metavar="NAME=VALUE",
        help='parameters to set; a text may hold several: "first=2014 flow=import"',
    )
    compare = commands.add_parser("compare", help="which results changed, and by how much")
    compare.add_argument("base", help="a commit, or a folder that holds a built project")
    commands.add_parser("explain", help="why each page would run")
    for command in (every, page, run):
        command.add_argument(
            "--keep-going", action="store_true", help="after a failure, make what does not need it"
        )
    # Repeated here so that it may stand after the command as well.
    for command in commands.choices.values():
        command.add_argument("--root", type=Path, default=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    return options if options.command else parser.parse_args([*(arguments or sys.argv[1:]), "all"])


def build(
    project: Project, notebooks: dict[str, Notebook], graph: Graph, options: argparse.Namespace
) -> int:
    targets, graph = chosen(notebooks, graph, options)
    with only_build(project):
        progress = Progress(sys.stdout, live=is_terminal())
        outcomes = Build(
            project, notebooks, targets, graph, progress, keep_going=options.keep_going
        ).run()
    return int(any(outcome.status == "failed" for outcome in outcomes))


def chosen(
    notebooks: dict[str, Notebook], graph: Graph, options: argparse.Namespace
) -> tuple[dict[str, Target], Graph]:
    """What the command asks for and what that needs, and who waits for whom among these."""
    targets = defaults(notebooks.values())
    # `make reports/index.html` asks for all.
    if options.command == "all" or options.name == "index":
        return targets, graph
    notebook = find(options.name, notebooks)
    names = with_ancestors(notebook.name, graph)
    if options.command == "run":
        given = split_assignments(" ".join(options.parameters))
        run = run_target(notebook, given, notebooks)
        targets |= {run.name: run}
        graph = graph | {run.name: graph[notebook.name]}
        names = names - {notebook.name} | {run.name}
    return {name: targets[name] for name in names}, {name: graph[name] & names for name in names}


def is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def find(name: str, notebooks: dict[str, Notebook]) -> Notebook:
    if name in notebooks:
        return notebooks[name]
    if not name:
        raise BuildError(f"name a notebook (`make run NOTEBOOK=...`): {', '.join(notebooks)}.")
    nearest = difflib.get_close_matches(name, notebooks, n=1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    raise BuildError(f"no notebook '{name}'.{hint} There are: {', '.join(notebooks)}.")


def explain(project: Project, notebooks: dict[str, Notebook], graph: Graph) -> None:
    """Print why each page would run, in the order of the build; runs and writes nothing."""
    targets = defaults(notebooks.values())
    would_run: set[str] = set()
    for name in in_order(notebooks, graph):
        reasons = reasons_to_run(project, targets[name], sorted(graph[name] & would_run))
        if reasons:
            would_run.add(name)
        tell(name, "would run" if reasons else "fresh", reasons)
    for name, run in recorded_runs(project, notebooks).items():
        earlier = sorted(graph[run.notebook.name] & would_run)
        reasons = reasons_to_run(project, run, earlier)
        tell(name, "out of date; only `run` makes it anew" if reasons else "fresh", reasons)


def tell(name: str, verdict: str, reasons: list[str]) -> None:
    print(f"{name}: {verdict}", *(f"    {reason}" for reason in reasons), sep="\n")


def reasons_to_run(project: Project, target: Target, earlier: list[str]) -> list[str]:
    """`earlier` are the notebooks that it waits for and that would run first."""
    waits = [f"waits for {name}, which would run" for name in earlier]
    try:
        stale = staleness(project, target, read_record(project, target.name))
    except BuildError as error:
        return waits or [f"cannot run: {error}"]
    return stale.reasons + waits


if __name__ == "__main__":
    sys.exit(main())
