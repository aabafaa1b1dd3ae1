"""The command line: `python -m notebook_build [all | page NAME | explain]`."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from notebook_build import BuildError
from notebook_build.build import Build, staleness
from notebook_build.config import Project, read_project
from notebook_build.graph import Graph, dependencies, in_order, with_ancestors
from notebook_build.notebook import Notebook, read_notebooks
from notebook_build.parameters import parse_overrides
from notebook_build.state import only_build, read_record


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 1 when a page could not be made."""
    options = parse(arguments)
    try:
        project = read_project(options.root)
        notebooks = read_notebooks(project.notebook_folder)
        graph = dependencies(notebooks)
        if options.command == "explain":
            explain(project, notebooks, graph)
            return 0
        return build(project, notebooks, graph, options)
    except BuildError as error:
        print(f"notebook_build: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "notebook_build: interrupted; every page keeps its last good version", file=sys.stderr
        )
        return 130


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="notebook_build", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the project (default: here)")
    commands = parser.add_subparsers(dest="command")
    every = commands.add_parser("all", help="every page that is stale, then the index")
    page = commands.add_parser("page", help="one page and what it needs")
    page.add_argument("name", help="the notebook's name without .ipynb")
    page.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter for this run; the next run without it makes the page stale again",
    )
    commands.add_parser("explain", help="why each page would run")
    for command in (every, page):
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
    names = set(notebooks)
    overrides = {}
    # `make reports/index.html` asks for all.
    if options.command == "page" and options.name != "index":
        notebook = find(options.name, notebooks)
        names = with_ancestors(notebook.name, graph)
        given = dict(pair(text) for text in options.parameter)
        overrides[notebook.name] = parse_overrides(given, notebook.parameters, notebook.path.name)
    with only_build(project):
        outcomes = Build(project, notebooks, graph, overrides, options.keep_going, tell=tell).run(
            names
        )
    return int(any(outcome.status == "failed" for outcome in outcomes))


def tell(line: str) -> None:
    """Print at once, also into a pipe."""
    print(line, flush=True)


def find(name: str, notebooks: dict[str, Notebook]) -> Notebook:
    if name in notebooks:
        return notebooks[name]
    nearest = difflib.get_close_matches(name, notebooks, n=1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    raise BuildError(f"no notebook '{name}'.{hint} There are: {', '.join(notebooks)}.")


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BuildError(f"parameter {text!r} is not of the form NAME=VALUE.")
    return name.strip(), value


def explain(project: Project, notebooks: dict[str, Notebook], graph: Graph) -> None:
    """Print why each page would run, in the order of the build; runs and writes nothing."""
    would_run: set[str] = set()
    for name in in_order(notebooks, graph):
        reasons = reasons_to_run(project, notebooks[name], sorted(graph[name] & would_run))
        if reasons:
            would_run.add(name)
        print(f"{name}: {'would run' if reasons else 'fresh'}")
        for reason in reasons:
            print(f"    {reason}")


def reasons_to_run(project: Project, notebook: Notebook, earlier: list[str]) -> list[str]:
    """`earlier` are the notebooks that it waits for and that would run first."""
    waits = [f"waits for {name}, which would run" for name in earlier]
    try:
        stale = staleness(project, notebook, {}, read_record(project, notebook.name))
    except BuildError as error:
        return waits or [f"cannot run: {error}"]
    return stale.execute + stale.render + waits


if __name__ == "__main__":
    sys.exit(main())
