"""Which notebook waits for which: told by the files that they declare to read and write."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter

from notebook_build import BuildError
from notebook_build.notebook import Notebook

Graph = dict[str, set[str]]


def dependencies(notebooks: dict[str, Notebook]) -> Graph:
    """For each notebook the names of those that it waits for.

    Raises BuildError for a cycle, and for an output that two notebooks declare.
    """
    refuse_shared_outputs(notebooks.values())
    graph = {
        name: {other.name for other in notebooks.values() if feeds(other, notebook)}
        for name, notebook in notebooks.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise BuildError(
            f"notebooks wait for each other: {' -> '.join(error.args[1])}. "
            "Change the declared inputs or outputs of one."
        ) from None
    return graph


def refuse_shared_outputs(notebooks: Iterable[Notebook]) -> None:
    writer: dict[str, str] = {}
    for notebook in notebooks:
        for output in notebook.outputs:
            if output in writer:
                raise BuildError(
                    f"{writer[output]} and {notebook.name} both declare the output {output}."
                )
            writer[output] = notebook.name


def feeds(writer: Notebook, reader: Notebook) -> bool:
    written = (*writer.outputs, writer.findings_file)
    return any(meets(out, wanted) for out in written for wanted in reader.inputs)


def meets(one: str, other: str) -> bool:
    """Whether two patterns can name the same file: one of them, taken literally, matches.

    >>> meets("data/processed/monthly.csv", "data/processed/*.csv")
    True
    >>> meets("data/monthly.csv", "data/*/monthly.csv")
    False
    """
    return matches(one.split("/"), other.split("/")) or matches(other.split("/"), one.split("/"))


def matches(path: list[str], pattern: list[str]) -> bool:
    """Part by part: `*` stays inside one folder, `**` spans any number of folders."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(matches(path[start:], pattern[1:]) for start in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and matches(path[1:], pattern[1:])


def with_ancestors(name: str, graph: Graph) -> set[str]:
    """The notebook and all that it waits for, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(graph[current])
    return found


def in_order(names: Iterable[str], graph: Graph) -> list[str]:
    """The names, each after those that it waits for; alphabetical where nothing decides."""
    chosen = set(names)
    sorter = TopologicalSorter({name: graph[name] & chosen for name in sorted(chosen)})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return order
